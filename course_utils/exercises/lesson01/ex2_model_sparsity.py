"""Exercise 1.2: The sparsity of a model."""

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import coin, normal


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


def _last_layer(weights: list[Tensor]) -> float:
    return (weights[-1] == 0).float().mean().item()


def _zeros_only(weights: list[Tensor]) -> int:
    return sum(int((w == 0).sum()) for w in weights)


def _nearly_zero(weights: list[Tensor]) -> float:
    return sum(int((w.abs() < 1e-6).sum()) for w in weights) / sum(w.numel() for w in weights)


def _by_rows(weights: list[Tensor]) -> float:
    return _zeros_only(weights) / sum(len(weight) for weight in weights)


def _by_layers(weights: list[Tensor]) -> float:
    return _zeros_only(weights) / len(weights)


def _by_what_is_left(weights: list[Tensor]) -> float:
    return _zeros_only(weights) / sum(int((w != 0).sum()) for w in weights)


def _layers_added(weights: list[Tensor]) -> float:
    return sum((w == 0).float().mean().item() for w in weights)


def _sparsest_layer(weights: list[Tensor]) -> float:
    return max((w == 0).float().mean().item() for w in weights)


def _nonzero_only(weights: list[Tensor]) -> int:
    return sum(int((w != 0).sum()) for w in weights)


def _one_for_each_layer(weights: list[Tensor]) -> list[float]:
    return [(w == 0).float().mean().item() for w in weights]


def _whole_number(weights: list[Tensor]) -> int:
    return _zeros_only(weights) // sum(w.numel() for w in weights)


def _indices_counted(weights: list[Tensor]) -> float:
    return 1 - sum(w.nonzero().numel() for w in weights) / sum(w.numel() for w in weights)


def _two_digits(weights: list[Tensor]) -> float:
    return round(_zeros_only(weights) / sum(w.numel() for w in weights), 2)


def _no_negatives(weights: list[Tensor]) -> float:
    return sum(int((w <= 0).sum()) for w in weights) / sum(w.numel() for w in weights)


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
        Case("a tiny number is not zero", lambda: ([torch.tensor([0.0, 1e-30, -0.4, 3.0, 1.0])],)),
        Case("two layers of different size", _two_layers),
        Case(
            "one matrix of 3 rows", lambda: ([torch.tensor([[0.0, 1.0], [2.0, 0.0], [3.0, 4.0]])],)
        ),
        Case("no zeros", lambda: ([torch.ones(2, 3), torch.ones(4)],)),
        Case("nothing but zeros", lambda: ([torch.zeros(2, 3), torch.zeros(4)],)),
        Case(
            "a big sparse and a small dense layer",
            lambda: (
                [normal(8, 8) * coin(8, 8), normal(2, 2), torch.zeros(1), normal(2, 1, 3, 3)],
            ),
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
        Misconception(
            _first_layer,
            "You look at the first layer only. Go through all of them; a return inside a loop "
            "ends it in the first round.",
        ),
        Misconception(
            _last_layer,
            "You look at the last layer only: each layer overwrites the counts of the one before. "
            "Start from 0 and add with +=.",
        ),
        Misconception(
            _zeros_only, "You count the zeros, but did not divide by the number of all weights."
        ),
        Misconception(
            _nearly_zero,
            "You also count weights that are only close to zero. A pruned weight is exactly 0: "
            "compare with ==, without a tolerance.",
        ),
        Misconception(
            _no_negatives,
            "You count negative weights, too. Only what equals 0 is a zero: ==, not <=.",
        ),
        Misconception(
            _by_rows,
            "You divide by the number of *rows*, which len(weight) and weight.shape[0] give. All "
            "weights of a layer are weight.numel().",
        ),
        Misconception(
            _by_layers,
            "You divide by the number of layers. Divide by the number of all weights.",
        ),
        Misconception(
            _by_what_is_left,
            "You divide by the weights that are left. Sparsity is a part of *all* weights, the "
            "zeros among them.",
        ),
        Misconception(
            _layers_added,
            "You add the layers' sparsities up. Add up the zeros and the weights, and divide once "
            "at the end.",
        ),
        Misconception(
            _sparsest_layer,
            "You take the sparsest layer for the model. Add up zeros and weights over all layers.",
        ),
        Misconception(
            _nonzero_only,
            "You count the weights that are left. Count the zeros, and divide by all weights.",
        ),
        Misconception(
            _one_for_each_layer,
            "You give one sparsity for each layer. Asked for is one number for all of them "
            "together.",
        ),
        Misconception(
            _whole_number,
            "The division // cuts the fraction off and leaves 0. A plain / keeps it.",
        ),
        Misconception(
            _indices_counted,
            "nonzero() gives the indices of each element: two numbers for one element of a "
            "matrix. .count_nonzero() counts the elements.",
        ),
        Misconception(
            _two_digits,
            "You round the fraction. Return it as it is; digits are a matter of printing.",
        ),
    ),
    crashes={
        "Tensors must have same number of dimensions": "torch.cat joins tensors that differ in "
        "their first dimension only. Flatten each weight first.",
        "Sizes of tensors must match": "torch.cat joins tensors that differ in their first "
        "dimension only. Flatten each weight first.",
        "stack expects each tensor": "torch.stack wants tensors of one shape, and layers differ. "
        "Count in each layer and add up.",
        "tuple index out of range": "A layer may have any number of dimensions, also one: "
        "weight.numel() counts its weights, whatever its shape is.",
    },
)
