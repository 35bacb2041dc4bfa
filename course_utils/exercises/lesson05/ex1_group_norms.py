"""Exercise 5.1: The norm of every slice."""

import math

import torch
from torch import Tensor

from course_utils import scores
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal


def group_norms(weight: Tensor, n: float, dim: int) -> Tensor:
    slices = weight.movedim(dim, 0).reshape(weight.shape[dim], -1)  # one row for each slice
    sizes = slices.abs()
    if n == math.inf:
        return sizes.amax(1)
    return (sizes**n).sum(1) ** (1 / n)


def _rows(weight: Tensor, dim: int) -> Tensor:
    return weight.movedim(dim, 0).reshape(weight.shape[dim], -1)


def _along_dim(weight: Tensor, n: float, dim: int) -> Tensor:
    return torch.linalg.vector_norm(weight, n, dim=dim)


def _root_forgotten(weight: Tensor, n: float, dim: int) -> Tensor:
    sizes = _rows(weight, dim).abs()
    return sizes.amax(1) if n == math.inf else (sizes**n).sum(1)


def _square_root_for_every_n(weight: Tensor, n: float, dim: int) -> Tensor:
    sizes = _rows(weight, dim).abs()
    return sizes.amax(1) if n == math.inf else (sizes**n).sum(1).sqrt()


def _sizes_added_up(weight: Tensor, n: float, dim: int) -> Tensor:
    sizes = _rows(weight, dim).abs()
    return sizes.amax(1) if n == math.inf else sizes.sum(1)


def _always_l1(weight: Tensor, n: float, dim: int) -> Tensor:
    return scores.group_norm(weight, 1, dim)


def _signs_left(weight: Tensor, n: float, dim: int) -> Tensor:
    rows = _rows(weight, dim)
    return rows.amax(1) if n == math.inf else (rows**n).sum(1) ** (1 / n)


def _signed_sum(weight: Tensor, n: float, dim: int) -> Tensor:
    return _rows(weight, dim).sum(1) if n == 1 else scores.group_norm(weight, n, dim)


def _largest_with_sign(weight: Tensor, n: float, dim: int) -> Tensor:
    return _rows(weight, dim).amax(1) if n == math.inf else scores.group_norm(weight, n, dim)


def _infinity_as_a_power(weight: Tensor, n: float, dim: int) -> Tensor:
    return (_rows(weight, dim).abs() ** n).sum(1) ** (1 / n)


def _mean_of_powers(weight: Tensor, n: float, dim: int) -> Tensor:
    sizes = _rows(weight, dim).abs()
    return sizes.amax(1) if n == math.inf else (sizes**n).mean(1) ** (1 / n)


def _always_l2(weight: Tensor, n: float, dim: int) -> Tensor:
    return scores.group_norm(weight, 2, dim)


def _always_dim_0(weight: Tensor, n: float, dim: int) -> Tensor:
    return scores.group_norm(weight, n, 0)


def _cut_by_reshape(weight: Tensor, n: float, dim: int) -> Tensor:
    return scores.group_norm(weight.reshape(weight.shape[dim], -1), n, 0)


def _one_norm_of_all(weight: Tensor, n: float, dim: int) -> Tensor:
    return torch.linalg.vector_norm(weight, n)


def _dims_unlike_dim(weight: Tensor, n: float, dim: int) -> Tensor:
    return torch.linalg.vector_norm(weight, n, dim=[d for d in range(weight.dim()) if d != dim])


def _rest_as_infinity(weight: Tensor, n: float, dim: int) -> Tensor:
    return scores.group_norm(weight, n if n in (1, 2) else math.inf, dim)


def _rest_as_l2(weight: Tensor, n: float, dim: int) -> Tensor:
    return scores.group_norm(weight, n if n in (1, math.inf) else 2, dim)


def _power_before_the_division(weight: Tensor, n: float, dim: int) -> Tensor:
    sizes = _rows(weight, dim).abs()
    return sizes.amax(1) if n == math.inf else (sizes**n).sum(1) / n


def _root_of_whole_numbers(weight: Tensor, n: float, dim: int) -> Tensor:
    sizes = _rows(weight, dim).abs()
    return sizes.amax(1) if n == math.inf else (sizes**n).sum(1) ** (1 // n)


def _size_of_the_power(weight: Tensor, n: float, dim: int) -> Tensor:
    rows = _rows(weight, dim)
    return rows.abs().amax(1) if n == math.inf else (rows**n).abs().sum(1) ** (1 / n)


def _size_of_the_sum(weight: Tensor, n: float, dim: int) -> Tensor:
    rows = _rows(weight, dim)
    return rows.abs().amax(1) if n == math.inf else (rows**n).sum(1).abs() ** (1 / n)


def _across_the_rows(weight: Tensor, n: float, dim: int) -> Tensor:
    sizes = _rows(weight, dim).abs()
    return sizes.amax(1) if n == math.inf else (sizes**n).sum(0) ** (1 / n)


def _across_the_rows_and_largest(weight: Tensor, n: float, dim: int) -> Tensor:
    return torch.linalg.vector_norm(_rows(weight, dim), n, dim=0)


def _large_n_for_infinity(weight: Tensor, n: float, dim: int) -> Tensor:
    return (_rows(weight, dim).abs() ** min(n, 100)).sum(1) ** (1 / min(n, 100))


def _swapped_with_dim_1(weight: Tensor, n: float, dim: int) -> Tensor:
    return scores.group_norm(weight, n, 0 if dim == 0 else 1)


def _moved_the_other_way(weight: Tensor, n: float, dim: int) -> Tensor:
    return scores.group_norm(weight.movedim(0, dim).reshape(weight.shape[dim], -1), n, 0)


def _moved_to_the_end(weight: Tensor, n: float, dim: int) -> Tensor:
    return scores.group_norm(weight.movedim(dim, -1).reshape(weight.shape[dim], -1), n, 0)


def _minus_1_is_1(weight: Tensor, n: float, dim: int) -> Tensor:
    return scores.group_norm(weight, n, 1 if dim == -1 else dim)


def _signs_of_single_numbers(weight: Tensor, n: float, dim: int) -> Tensor:
    return weight.clone() if weight.dim() == 1 else scores.group_norm(weight, n, dim)


def _in_float32(weight: Tensor, n: float, dim: int) -> Tensor:
    return scores.group_norm(weight.float(), n, dim)


def _dim_kept(weight: Tensor, n: float, dim: int) -> Tensor:
    return scores.group_norm(weight, n, dim)[:, None]


def _over_no_dims(weight: Tensor, n: float, dim: int) -> Tensor:
    others = [d for d in range(weight.dim()) if d != dim % weight.dim()]
    return torch.linalg.vector_norm(weight, n, dim=others)


group_norms = Exercise(
    id="5.1",
    title="The norm of every slice",
    difficulty=2,
    importance=3,
    minutes=7,
    reference=group_norms,
    cases=(
        Case("one weight", lambda: (torch.tensor([[-2.0]]), 1, 0)),
        Case("one row of two weights, L2", lambda: (torch.tensor([[3.0, -4.0]]), 2, 0)),
        Case(
            "L1 of rows with negative numbers",
            lambda: (torch.tensor([[1.0, -2.0, -3.0], [2.0, 1.0, 0.5]]), 1, 0),
        ),
        Case(
            "L∞ where the largest size is a negative number's",
            lambda: (torch.tensor([[-0.9, 0.5], [0.2, 0.3]]), math.inf, 0),
        ),
        Case(
            "three columns of two weights",
            lambda: (torch.tensor([[3.0, 1.0, 0.0], [4.0, -2.0, 5.0]]), 2, 1),
        ),
        Case("a row of zeros", lambda: (torch.tensor([[0.0, 0.0], [-1.0, 1.0]]), 2, 0)),
        Case("n = 3, the same with cubes", lambda: (torch.tensor([[3.0, -4.0, 5.0]]), 3, 0)),
        Case(
            "n = 0.5, the same with roots",
            lambda: (torch.tensor([[1.0, -4.0], [9.0, 0.0]]), 0.5, 0),
        ),
        Case("a 1-D weight: each slice is one number", lambda: (torch.tensor([-2.0, 3.0]), 2, 0)),
        Case("dim −1, the last one", lambda: (normal(2, 4), 1, -1)),
        Case("float64 numbers", lambda: (normal(3, 2).double(), 2, 0)),
        Case("dim −1, and it is the third", lambda: (normal(2, 3, 4), 2, -1)),
        Case("the filters of a conv layer", lambda: (normal(3, 2, 2, 2), 2, 0)),
        Case("the input channels of a conv layer", lambda: (normal(3, 2, 2, 2), math.inf, 1)),
        Case("the rows of all kernels of a conv layer", lambda: (normal(2, 3, 5, 4), 1, 2)),
    ),
    hints=(
        "Bring `dim` to the front and lay each slice flat: then every slice is a row, whatever the "
        "shape was. A norm takes sizes |w|, raises them to the n, adds them up along the row and "
        "takes the n-th root. For n = ∞ what is left of that is the largest |w|.",
        """
        weight, dim 1     its slices are     |w|      n = 1   n = 2   n = ∞
        3    1   0        column 0           3  4     7       5       4
        4   −2   5        column 1           1  2     3       2.24    2
                          column 2           0  5     5       5       5
        """,
        """
        def group_norms(weight, n, dim):
            slices = weight.movedim(dim, 0).reshape(weight.shape[dim], -1)
            sizes = ...
            if n == math.inf:
                return ...
            return (...).sum(1) ** (...)
        """,
    ),
    misconceptions=(
        Misconception(
            _along_dim,
            "You take the norm *along* dim, so that dim is the one that is gone. It is the one "
            "that stays: one number for each slice, taken over all other dims.",
        ),
        Misconception(
            _root_forgotten,
            "The root is missing. After the sum of |w|ⁿ take the n-th root, ** (1 / n): the row "
            "(3, −4) has the L2 norm 5, not 25.",
        ),
        Misconception(
            _square_root_for_every_n,
            "You take the square root whatever `n` is. It belongs to n = 2 alone: the n-th root is "
            "** (1 / n), which leaves the sum as it is for n = 1.",
        ),
        Misconception(
            _sizes_added_up,
            "You add up the sizes whatever `n` is: the power and the root are missing. Raise |w| "
            "to the n, add up, then take ** (1 / n).",
        ),
        Misconception(
            _always_l1,
            "You compute the L1 norm whatever `n` is. Use n as the power and 1/n for the root, and "
            "take the largest |w| for math.inf.",
        ),
        Misconception(
            _signs_left,
            "You leave the signs on. A norm counts sizes: with n = 1 positive and negative weights "
            "cancel out, and with n = ∞ a large negative weight is overlooked. Take .abs() first.",
        ),
        Misconception(
            _signed_sum,
            "Your L1 norm adds the weights up with their signs, so that (1, −2, −3) comes out at "
            "−4. Add the sizes |w|: 6.",
        ),
        Misconception(
            _largest_with_sign,
            "Your L∞ norm takes the largest number. It is the largest *size*: −0.9 counts for more "
            "than 0.5. Take .abs() before .amax().",
        ),
        Misconception(
            _rest_as_infinity,
            "You know three norms, and every other n gets the largest size. Write the formula with "
            "n itself, ** n and ** (1 / n): it holds for n = 3 and n = 0.5 as for 1 and 2.",
        ),
        Misconception(
            _rest_as_l2,
            "You know three norms, and every other n gets the L2 norm. Write the formula with n "
            "itself, ** n and ** (1 / n): it holds for n = 3 and n = 0.5 as for 1 and 2.",
        ),
        Misconception(
            _power_before_the_division,
            "** 1 / n divides by n: the power comes first, and to the power 1 nothing happens. Put "
            "the root into parentheses: ** (1 / n).",
        ),
        Misconception(
            _root_of_whole_numbers,
            "1 // n is a whole number, 0 for n = 2, and anything to the power 0 is 1. The root is "
            "** (1 / n), with one stroke.",
        ),
        Misconception(
            _size_of_the_power,
            "You raise to the n first and take the size after that. A negative number to the power "
            "0.5 is NaN. Take .abs() first.",
        ),
        Misconception(
            _size_of_the_sum,
            "You take the size of the *sum*, when positive and negative powers have cancelled out "
            "already. Take .abs() of each weight, before the power.",
        ),
        Misconception(
            _across_the_rows,
            "Your slices are rows, and you add up *down* the columns. Add along each row, over "
            "dim 1: .sum(1) leaves one number for each slice.",
        ),
        Misconception(
            _across_the_rows_and_largest,
            "Your slices are rows, and you take the norm *down* the columns, over dim 0. Go along "
            "each row, over dim 1: that leaves one number for each slice.",
        ),
        Misconception(
            _large_n_for_infinity,
            "You put a large n in the place of ∞. A small weight to such a power is 0 in a float, "
            "a large one is inf. Treat math.inf on its own: the largest |w|.",
        ),
        Misconception(
            _swapped_with_dim_1,
            "Where `dim` is not 0 you take dim 1, by a transposition perhaps. It may be any: use "
            "`dim` itself, .movedim(dim, 0).",
        ),
        Misconception(
            _moved_the_other_way,
            "movedim(0, dim) sends dim 0 to the place of `dim`. With two dims that is the same; "
            "with more it is not. Write .movedim(dim, 0): from where, to where.",
        ),
        Misconception(
            _moved_to_the_end,
            "You move `dim` to the end and then lay rows of the wrong numbers: .reshape cuts along "
            "the *first* dim. Write .movedim(dim, 0).",
        ),
        Misconception(
            _minus_1_is_1,
            "You take −1 for 1. It is the last dim, which is 1 only where there are two: torch "
            "understands a negative dim by itself.",
        ),
        Misconception(
            _signs_of_single_numbers,
            "A slice of one number has a norm, too, and that is its size: return |w|.",
        ),
        Misconception(
            _in_float32,
            "The norms are right, but float32 comes back where the weight is float64: .float() "
            "throws half of the digits away. Leave the dtype as it is.",
        ),
        Misconception(
            _dim_kept,
            "The right numbers in a column of their own: keepdim=True, or [:, None], leaves a dim "
            "of length 1. A vector is wanted, one number for each slice.",
        ),
        Misconception(
            _infinity_as_a_power,
            "Your formula is right for every n but ∞: sizes to the power ∞ are 0, 1 or ∞, and "
            "the power 1/∞ makes 1 of them all. Treat n = math.inf on its own: the largest |w|.",
        ),
        Misconception(
            _mean_of_powers,
            "You take the mean of the powers where a norm takes their sum: the row (3, −4) has the "
            "L2 norm 5, not 3.54.",
        ),
        Misconception(
            _always_l2,
            "You compute the L2 norm whatever `n` is. Use n as the power, 1/n for the root, and "
            "the largest |w| for math.inf.",
        ),
        Misconception(
            _always_dim_0,
            "You always take the slices along dim 0. Which ones are asked for stands in `dim`: 1 "
            "means the columns, or the input channels of a conv layer.",
        ),
        Misconception(
            _cut_by_reshape,
            "You reshape before `dim` stands in front, so that numbers of different slices come "
            "into one row. Call .movedim(dim, 0) first; then .reshape(weight.shape[dim], -1).",
        ),
        Misconception(
            _one_norm_of_all,
            "You take one norm of the whole weight. One for each slice along `dim` is wanted, "
            "weight.shape[dim] numbers.",
        ),
        Misconception(
            _dims_unlike_dim,
            "You go over the dims that are unlike `dim`. Two cases slip through: −1 is unlike all "
            "of 0, 1, … (compare with dim % weight.dim()), and for a 1-D weight the list is empty, "
            "which torch reads as *all* dims.",
        ),
        Misconception(
            _over_no_dims,
            "Right except for a 1-D weight. There no other dim is left to go over, and torch reads "
            "an empty list of dims as *all* of them. Each slice is one number there: return |w|.",
        ),
    ),
    crashes={
        "range of [-1, 0], but got 1": "A 1-D weight has no dim 1. There each slice is one number, "
        "and .reshape(weight.shape[dim], -1) makes a row of it, too.",
        "division by zero": "n may be 0.5, and int(0.5) is 0. Take n as it is.",
        "view size is not compatible": "After .movedim the numbers do not lie one after the other "
        "in memory. Use .reshape or .flatten where you use .view.",
    },
)
