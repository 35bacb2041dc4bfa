"""Lesson 01, Mask math: masks, sparsity, compound amounts, gradients and bytes."""

import math

import torch
from torch import Tensor

from course_utils.exercises.exercise import Case, Exercise, Misconception


def _random(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _coin(*shape: int, seed: int = 2) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < 0.5


# 1.1 ----------------------------------------------------------------------------------------------


def apply_mask(weight: Tensor, mask: Tensor) -> Tensor:
    return weight * mask


def _inverted(weight: Tensor, mask: Tensor) -> Tensor:
    return weight * ~mask


def _selected(weight: Tensor, mask: Tensor) -> Tensor:
    return weight[mask]


def _in_place(weight: Tensor, mask: Tensor) -> Tensor:
    weight *= mask
    return weight


def _only_mask(weight: Tensor, mask: Tensor) -> Tensor:
    return mask * 1.0


def _matrix_product(weight: Tensor, mask: Tensor) -> Tensor:
    return weight @ mask.float()


apply_mask = Exercise(
    id="1.1",
    title="Apply a mask",
    difficulty=1,
    importance=3,
    minutes=2,
    reference=apply_mask,
    cases=(
        Case("one weight, pruned", lambda: (torch.tensor([2.0]), torch.tensor([False]))),
        Case("one weight, kept", lambda: (torch.tensor([-2.0]), torch.tensor([True]))),
        Case(
            "a square matrix",
            lambda: (torch.tensor([[1.0, -2.0], [3.0, 4.0]]), torch.eye(2, dtype=torch.bool)),
        ),
        Case("a 3×4 matrix", lambda: (_random(3, 4), _coin(3, 4))),
        Case("everything kept", lambda: (_random(2, 3), torch.ones(2, 3, dtype=torch.bool))),
        Case("everything pruned", lambda: (_random(2, 3), torch.zeros(2, 3, dtype=torch.bool))),
        Case("filters of a conv layer", lambda: (_random(2, 1, 3, 3), _coin(2, 1, 3, 3))),
        Case("64-bit numbers", lambda: (_random(2, 3).double(), _coin(2, 3))),
    ),
    hints=(
        "The circle in W ⊙ M says: element by element. In a product True counts as 1, False as 0.",
        """
        W         M            W ⊙ M
        1.0 -2.0  True  False  1.0  0.0
        3.0  4.0  False True   0.0  4.0
        """,
        """
        def apply_mask(weight, mask):
            return weight ... mask     # one operator
        """,
    ),
    misconceptions=(
        Misconception(
            _inverted,
            "Your mask works the other way round: what is kept became zero. In this course, as in "
            "torch.nn.utils.prune, True (1) means *kept*.",
        ),
        Misconception(
            _selected,
            "You picked the kept weights out into a list, and their places in the layer are lost. "
            "W′ has W's shape: a pruned weight is a zero that stays where it was.",
        ),
        Misconception(
            _in_place,
            "The numbers are right, but you overwrote the weight you were given (*= works in "
            "place). The original is still needed: PyTorch keeps it as weight_orig and trains it.",
        ),
        Misconception(
            _only_mask,
            "You return the mask as numbers. The kept places need their weights: multiply by them.",
        ),
        Misconception(
            _matrix_product,
            "@ is the matrix product, which mixes rows and columns. The circle ⊙ multiplies "
            "element by element: that is *.",
        ),
    ),
)


# 1.2 ----------------------------------------------------------------------------------------------


def model_sparsity(weights: list[Tensor]) -> float:
    zeros = sum(int((weight == 0).sum()) for weight in weights)
    total = sum(weight.numel() for weight in weights)
    return zeros / total


def _mean_of_layers(weights: list[Tensor]) -> float:
    return sum((w == 0).float().mean().item() for w in weights) / len(weights)


def _density(weights: list[Tensor]) -> float:
    return sum(int((w != 0).sum()) for w in weights) / sum(w.numel() for w in weights)


def _percent(weights: list[Tensor]) -> float:
    return 100 * sum(int((w == 0).sum()) for w in weights) / sum(w.numel() for w in weights)


def _first_layer(weights: list[Tensor]) -> float:
    return (weights[0] == 0).float().mean().item()


def _zeros_only(weights: list[Tensor]) -> int:
    return sum(int((w == 0).sum()) for w in weights)


def _two_layers() -> tuple[list[Tensor]]:
    return (
        [torch.tensor([[0.0, 1.0, 2.0, 0.0], [0.0, 3.0, 0.0, 4.0]]), torch.tensor([[5.0, 6.0]])],
    )


model_sparsity = Exercise(
    id="1.2",
    title="The sparsity of a model",
    difficulty=1,
    importance=3,
    minutes=3,
    reference=model_sparsity,
    cases=(
        Case("one layer, a quarter zero", lambda: ([torch.tensor([0.0, 1.0, 2.0, 3.0])],)),
        Case("a small number is not zero", lambda: ([torch.tensor([0.0, 0.001, -0.4, 3.0, 1.0])],)),
        Case("two layers of different size", _two_layers),
        Case("no zeros", lambda: ([torch.ones(2, 3), torch.ones(4)],)),
        Case("nothing but zeros", lambda: ([torch.zeros(2, 3), torch.zeros(4)],)),
        Case(
            "a big sparse and a small dense layer",
            lambda: ([_random(8, 8) * _coin(8, 8), _random(2, 2), torch.zeros(1)],),
        ),
    ),
    hints=(
        "Sparsity is a fraction: all zeros of the model over all weights of the model. A big layer "
        "counts for more than a small one.",
        """
        layer 1: 4 zeros of 8        layer 2: 0 zeros of 2
        together: 4 zeros of 10, so 0.4         (the mean of 0.5 and 0.0 is 0.25: not the same)
        """,
        """
        def model_sparsity(weights):
            zeros = sum(... for weight in weights)
            total = sum(... for weight in weights)
            return zeros / total
        """,
    ),
    misconceptions=(
        Misconception(
            _mean_of_layers,
            "You average the layers' sparsities, so a layer of 10 weights counts as much as one of "
            "235,200. Add up the zeros and the weights first, divide once at the end.",
        ),
        Misconception(
            _density,
            "This is the *density*, the fraction that is left. Sparsity is the fraction of zeros: "
            "1 − density.",
        ),
        Misconception(
            _percent,
            "You give percent. Sparsity is a fraction from 0 to 1 everywhere in this course; only "
            "what is printed is in percent.",
        ),
        Misconception(_first_layer, "You look at the first layer only. Go through all of them."),
        Misconception(
            _zeros_only, "You count the zeros, but did not divide by the number of all weights."
        ),
    ),
)


# 1.3 ----------------------------------------------------------------------------------------------


def compound(amounts: list[float]) -> float:
    density = 1.0
    for amount in amounts:
        density = density * (1 - amount)
    return 1 - density


def _added(amounts: list[float]) -> float:
    return sum(amounts)


def _added_and_capped(amounts: list[float]) -> float:
    return min(1.0, sum(amounts))


def _left(amounts: list[float]) -> float:
    return math.prod(1 - amount for amount in amounts)


def _product(amounts: list[float]) -> float:
    return math.prod(amounts)


def _largest(amounts: list[float]) -> float:
    return max(amounts, default=0.0)


compound = Exercise(
    id="1.3",
    title="Repeated pruning",
    difficulty=2,
    importance=3,
    minutes=3,
    reference=compound,
    cases=(
        Case("no round at all", lambda: ([],)),
        Case("one round", lambda: ([0.3],)),
        Case("two rounds of a half", lambda: ([0.5, 0.5],)),
        Case("three rounds of 20 %", lambda: ([0.2, 0.2, 0.2],)),
        Case("a round of nothing", lambda: ([0.4, 0.0],)),
        Case("a round that takes the rest", lambda: ([0.1, 1.0],)),
        Case("different amounts", lambda: ([0.3, 0.2, 0.1, 0.05],)),
        Case("amounts that add up to more than 1", lambda: ([0.6, 0.7],)),
    ),
    hints=(
        "The second round can only take from what the first one left. So follow what is left.",
        """
        left:   100 %  → 80 %  → 64 %  → 51.2 %          each arrow: times 0.8
        pruned:   0 %    20 %    36 %    48.8 %
        """,
        """
        def compound(amounts):
            density = 1.0                      # the part that is left
            for amount in amounts:
                density = ...
            return ...
        """,
    ),
    misconceptions=(
        Misconception(
            _added,
            "You add the amounts up. But `amount` is a fraction of what is *still there*: the "
            "second 20 % is 20 % of 80 %, which is 16 %. This is the trap of claim S15.",
        ),
        Misconception(
            _added_and_capped,
            "You add the amounts up and stop at 1. Each amount is a fraction of what is *still "
            "there*, so rounds short of 100 % never reach 1: multiply what is left.",
        ),
        Misconception(
            _left,
            "This is the part that is *left* after all rounds (the density). The sparsity is "
            "1 minus that.",
        ),
        Misconception(
            _product,
            "You multiply the amounts themselves; that shrinks with every round. Multiply what is "
            "*left* in each round: 1 − amount.",
        ),
        Misconception(
            _largest,
            "You take the largest amount. That would be right if amounts were totals; here each "
            "round prunes a further part of what is left.",
        ),
    ),
)


# 1.4 ----------------------------------------------------------------------------------------------


def amount_per_round(total: float, rounds: int) -> float:
    return 1 - (1 - total) ** (1 / rounds)


def _divided(total: float, rounds: int) -> float:
    return total / rounds


def _root_of_total(total: float, rounds: int) -> float:
    return total ** (1 / rounds)


def _kept_per_round(total: float, rounds: int) -> float:
    return (1 - total) ** (1 / rounds)


def _forwards(total: float, rounds: int) -> float:
    return 1 - (1 - total) ** rounds


amount_per_round = Exercise(
    id="1.4",
    title="Which amount a round?",
    difficulty=2,
    importance=2,
    minutes=4,
    reference=amount_per_round,
    cases=(
        Case("one round", lambda: (0.6, 1)),
        Case("75 % in two rounds", lambda: (0.75, 2)),
        Case("60 % in three rounds", lambda: (0.6, 3)),
        Case("nothing in four rounds", lambda: (0.0, 4)),
        Case("everything in two rounds", lambda: (1.0, 2)),
        Case("99 % in ten rounds", lambda: (0.99, 10)),
    ),
    hints=(
        "It is the last exercise backwards. What is left after k equal rounds is (1 − a) to the "
        "power of k. Set that equal to 1 − total and solve for a.",
        """
        (1 − a)·(1 − a)·…·(1 − a) = 1 − total        k factors
              1 − a               = the k-th root of (1 − total)
        """,
        """
        def amount_per_round(total, rounds):
            kept_each_round = (...) ** (1 / rounds)
            return ...
        """,
    ),
    misconceptions=(
        Misconception(
            _divided,
            "You share the total out evenly. But later rounds find less to prune, so equal amounts "
            "of total / rounds stop short: three rounds of 20 % reach 48.8 %, not 60 %.",
        ),
        Misconception(
            _root_of_total,
            "You take the root of what is *pruned*. What multiplies from round to round is what is "
            "*left*: take the root of 1 − total.",
        ),
        Misconception(
            _kept_per_round,
            "This is the part that each round *keeps*. The amount it prunes is 1 minus that.",
        ),
        Misconception(
            _forwards,
            "You compound `total` over the rounds: that is exercise 1.3 again, forwards. Here the "
            "total is known and the amount is asked for, so a root stands where the power stood.",
        ),
    ),
)


# 1.5 ----------------------------------------------------------------------------------------------


def masked_gradient(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    grad_effective = grad_y.T @ x  # (out, batch) @ (batch, in) -> (out, in)
    return mask * grad_effective


def _without_mask(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return grad_y.T @ x


def _inverse_gradient(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return ~mask * (grad_y.T @ x)


def _transposed(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return mask.T * (x.T @ grad_y)


def _batch_mean(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return mask * (grad_y.T @ x) / len(x)


masked_gradient = Exercise(
    id="1.5",
    title="The gradient through a mask",
    difficulty=3,
    importance=2,
    minutes=5,
    reference=masked_gradient,
    cases=(
        Case(
            "one sample, one output, two inputs",
            lambda: (
                torch.tensor([[1.0, 2.0]]),
                torch.tensor([[True, False]]),
                torch.tensor([[3.0]]),
            ),
        ),
        Case(
            "two samples, two outputs", lambda: (_random(2, 2), _coin(2, 2), _random(2, 2, seed=3))
        ),
        Case("four samples", lambda: (_random(4, 3), _coin(2, 3), _random(4, 2, seed=4))),
        Case(
            "nothing kept",
            lambda: (_random(3, 2), torch.zeros(4, 2, dtype=torch.bool), _random(3, 4, seed=5)),
        ),
        Case(
            "everything kept",
            lambda: (_random(3, 2), torch.ones(4, 2, dtype=torch.bool), _random(3, 4, seed=6)),
        ),
    ),
    hints=(
        "Two steps of the chain rule. First the gradient of a plain linear layer, as if there were "
        "no mask: ∂L/∂W′ = (∂L/∂y)ᵀ x. Then through W′ = W ⊙ M, where M is a constant.",
        """
        y = x W′ᵀ           ∂L/∂W′ = grad_yᵀ @ x       (out, batch) @ (batch, in) → (out, in)
        W′ = W ⊙ M          ∂L/∂W  = M ⊙ ∂L/∂W′       zero wherever M is zero
        """,
        """
        def masked_gradient(x, mask, grad_y):
            grad_effective = grad_y.T @ ...
            return ...
        """,
    ),
    misconceptions=(
        Misconception(
            _without_mask,
            "This is ∂L/∂W′, the gradient of the *effective* weight. W reaches the loss only "
            "through W ⊙ M, so the chain rule multiplies by M once more: a pruned weight gets "
            "gradient 0.",
        ),
        Misconception(
            _inverse_gradient,
            "Your gradient flows into the pruned weights and stops at the kept ones. True means "
            "kept: multiply by the mask, not by its opposite.",
        ),
        Misconception(
            _transposed,
            "Your gradient is transposed, (in, out). A gradient has its weight's shape, and "
            "nn.Linear keeps its weight as (out, in).",
        ),
        Misconception(
            _batch_mean,
            "You divide by the batch size. The mean over the batch is part of the loss and already "
            "stands in grad_y; the chain rule adds up over the samples.",
        ),
    ),
    crashes={
        "mat1 and mat2 shapes cannot be multiplied": "Write the shapes beside the factors: "
        "grad_y is (batch, out), x is (batch, in), and (out, in) is wanted.",
        "must match the size of tensor": "The gradient of W′ must have the mask's shape, "
        "(out, in), before the two are multiplied.",
    },
)


# 1.6 ----------------------------------------------------------------------------------------------


def storage_bytes(weight: Tensor) -> dict[str, int]:
    rows = weight.shape[0]
    numbers = weight.numel()
    nonzero = int((weight != 0).sum())
    return {
        "dense": 4 * numbers,
        "coo": nonzero * (4 + 2 * 8),
        "csr": nonzero * (4 + 8) + (rows + 1) * 8,
        "bitmask": nonzero * 4 + math.ceil(numbers / 8),
    }


def _altered(weight: Tensor, **formats: int) -> dict[str, int]:
    """The right answer with some formats counted wrongly."""
    return {**_right_bytes(weight), **formats}


_right_bytes = storage_bytes


def _one_index(weight: Tensor) -> dict[str, int]:
    return _altered(weight, coo=int((weight != 0).sum()) * (4 + 8))


def _no_row_pointers(weight: Tensor) -> dict[str, int]:
    return _altered(weight, csr=int((weight != 0).sum()) * (4 + 8))


def _one_pointer_short(weight: Tensor) -> dict[str, int]:
    return _altered(weight, csr=int((weight != 0).sum()) * 12 + weight.shape[0] * 8)


def _byte_a_position(weight: Tensor) -> dict[str, int]:
    return _altered(weight, bitmask=int((weight != 0).sum()) * 4 + weight.numel())


def _floor_bits(weight: Tensor) -> dict[str, int]:
    return _altered(weight, bitmask=int((weight != 0).sum()) * 4 + weight.numel() // 8)


def _stores_zeros(weight: Tensor) -> dict[str, int]:
    return {**_right_bytes((weight == 0).float()), "dense": 4 * weight.numel()}


storage_bytes = Exercise(
    id="1.6",
    title="Bytes of four formats",
    difficulty=2,
    importance=2,
    minutes=5,
    reference=storage_bytes,
    cases=(
        Case("one row of eight, one weight left", lambda: (torch.tensor([[0.0] * 7 + [1.0]]),)),
        Case(
            "3×4, half zero",
            lambda: (
                torch.tensor([[1.0, 0.0, 0.0, 2.0], [0.0, 3.0, 0.0, 0.0], [4.0, 5.0, 0.0, -6.0]]),
            ),
        ),
        Case("all zero", lambda: (torch.zeros(2, 8),)),
        Case("no zero", lambda: (torch.ones(5, 3),)),
        Case("tall, 90 % zero", lambda: (_random(40, 6) * (_random(40, 6, seed=9) > 1.28),)),
    ),
    hints=(
        "A float32 has 4 bytes, an index in PyTorch 8. Ask for each format: what must be written "
        "down for every weight that is left, and what on top, however few are left?",
        """
        dense    every number                                   4 a number
        COO      value, row, column of each one left            4 + 8 + 8
        CSR      value, column of each one left                 4 + 8,  and where each row starts:
                                                                rows + 1 indices of 8
        bitmask  value of each one left                         4,      and one bit a position
        """,
        """
        def storage_bytes(weight):
            rows = weight.shape[0]
            numbers = weight.numel()
            nonzero = ...
            return {
                "dense": 4 * numbers,
                "coo": nonzero * ...,
                "csr": nonzero * ... + (rows + 1) * ...,
                "bitmask": nonzero * 4 + math.ceil(...),
            }
        """,
    ),
    misconceptions=(
        Misconception(
            _one_index,
            "Your COO stores one index a weight. A matrix needs two, row and column: "
            "4 + 8 + 8 = 20 bytes for each weight that is left.",
        ),
        Misconception(
            _no_row_pointers,
            "Your CSR does not store where each row begins. Without these rows + 1 indices nobody "
            "can tell which row a value belongs to.",
        ),
        Misconception(
            _one_pointer_short,
            "Your CSR stores one row pointer for each row. There is one more, which says where the "
            "last row ends: rows + 1.",
        ),
        Misconception(
            _byte_a_position,
            "Your bitmask takes a byte a position. That is what torch.bool really does in memory; "
            "packed into bits it is an eighth of that, which the file can have.",
        ),
        Misconception(
            _floor_bits,
            "Your bitmask loses the last bits: 12 positions need 2 bytes, not 1. Round up.",
        ),
        Misconception(
            _stores_zeros,
            "You count the zeros where the weights that are *left* count: a sparse format leaves "
            "the zeros out.",
        ),
    ),
)


# 1.7 ----------------------------------------------------------------------------------------------


def break_even(rows: int, columns: int) -> dict[str, float]:
    numbers = rows * columns
    density = {
        "coo": 4 / (4 + 2 * 8),
        "csr": (4 * numbers - 8 * (rows + 1)) / ((4 + 8) * numbers),
        "bitmask": (4 - 1 / 8) / 4,
    }
    return {name: 1 - value for name, value in density.items()}


_right_break_even = break_even


def _break_even_density(rows: int, columns: int) -> dict[str, float]:
    return {name: 1 - value for name, value in _right_break_even(rows, columns).items()}


def _break_even_no_pointers(rows: int, columns: int) -> dict[str, float]:
    return {**_right_break_even(rows, columns), "csr": 1 - 4 / 12}


def _break_even_one_index(rows: int, columns: int) -> dict[str, float]:
    return {**_right_break_even(rows, columns), "coo": 1 - 4 / 12}


def _break_even_bytes(rows: int, columns: int) -> dict[str, float]:
    return {**_right_break_even(rows, columns), "bitmask": 1 / 4}


def _break_even_half(rows: int, columns: int) -> dict[str, float]:
    return {"coo": 0.5, "csr": 0.5, "bitmask": 0.5}


break_even = Exercise(
    id="1.7",
    title="When a sparse format starts to pay",
    difficulty=3,
    importance=3,
    minutes=5,
    reference=break_even,
    cases=(
        Case("one row of eight", lambda: (1, 8)),
        Case("LeNet's last layer", lambda: (10, 100)),
        Case("LeNet's first layer", lambda: (300, 784)),
        Case("tall and narrow", lambda: (1000, 5)),
    ),
    hints=(
        "Set the bytes of the format equal to the bytes of dense, and solve for the number of "
        "weights left. Divide by all weights: that is the density at which both are equal. The "
        "sparsity is 1 − density.",
        """
        COO:      20·left                  = 4·numbers     →  left / numbers = 4/20
        CSR:      12·left + 8·(rows + 1)   = 4·numbers     →  left / numbers = …
        bitmask:   4·left + numbers/8      = 4·numbers     →  left / numbers = …
        """,
        """
        def break_even(rows, columns):
            numbers = rows * columns
            density = {
                "coo": 4 / 20,
                "csr": (4 * numbers - ...) / (... * numbers),
                "bitmask": ...,
            }
            return {name: 1 - value for name, value in density.items()}
        """,
    ),
    misconceptions=(
        Misconception(
            _break_even_density,
            "These are the densities at which the formats cost as much as dense. The sparsity is "
            "1 − density.",
        ),
        Misconception(
            _break_even_no_pointers,
            "Your CSR leaves out the row pointers. They cost 8 bytes a row however sparse the "
            "matrix is, so narrow matrices pay later.",
        ),
        Misconception(
            _break_even_one_index,
            "Your COO counts one index a weight. A matrix needs two: 20 bytes a weight, not 12.",
        ),
        Misconception(
            _break_even_bytes,
            "Your bitmask takes a byte a position. One bit is enough: 1/8 byte.",
        ),
        Misconception(
            _break_even_half,
            "You expect every format to pay from half zeros on. Each weight left costs more than "
            "4 bytes in COO and CSR, so they pay later; the bitmask costs one bit, so it pays "
            "almost at once. Solve the equation for each.",
        ),
    ),
)
