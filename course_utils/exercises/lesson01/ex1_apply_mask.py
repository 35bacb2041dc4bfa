"""Exercise 1.1: Apply a mask."""

import math

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import coin, kept, normal


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


def _mask_ignored(weight: Tensor, mask: Tensor) -> Tensor:
    return weight.clone()


def _without_signs(weight: Tensor, mask: Tensor) -> Tensor:
    return weight.abs() * mask


def _product_with_the_kept(weight: Tensor, mask: Tensor) -> Tensor:
    return mask * weight[mask]


def _mask_transposed(weight: Tensor, mask: Tensor) -> Tensor:
    return weight * mask.permute(*reversed(range(mask.dim())))


def _nan_for_pruned(weight: Tensor, mask: Tensor) -> Tensor:
    return weight.masked_fill(~mask, math.nan)


def _added(weight: Tensor, mask: Tensor) -> Tensor:
    return weight + mask


def _all_or_nothing(weight: Tensor, mask: Tensor) -> Tensor:
    return weight * bool(mask.all())


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
            lambda: (torch.tensor([[1.0, -2.0], [3.0, 4.0]]), kept(1, 0, 1, 1).reshape(2, 2)),
        ),
        Case("a 3×4 matrix", lambda: (normal(3, 4), coin(3, 4))),
        Case("everything kept", lambda: (normal(2, 3), torch.ones(2, 3, dtype=torch.bool))),
        Case("everything pruned", lambda: (normal(2, 3), torch.zeros(2, 3, dtype=torch.bool))),
        Case(
            "filters of a conv layer",
            lambda: (normal(2, 1, 3, 3), coin(2, 1, 3, 3)),
        ),
        Case(
            "a transposed matrix: rows not side by side in memory",
            lambda: (normal(4, 3).T, coin(4, 3).T),
        ),
        Case("64-bit numbers", lambda: (normal(2, 3).double(), coin(2, 3))),
    ),
    hints=(
        "The circle in W ⊙ M says: element by element. In a product True counts as 1, False as 0.",
        """
        W         M            W ⊙ M
        1.0 -2.0  True  False  1.0  0.0
        3.0  4.0  True  True   3.0  4.0
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
            "The numbers are right, but you overwrote the weight you were given: *=, "
            "`…[~mask] = 0` and methods that end in _ work in place, and `p = weight` is only a "
            "second name for the same tensor. The original is still needed: PyTorch keeps it as "
            "weight_orig and trains it.",
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
        Misconception(
            _mask_ignored,
            "The mask does nothing here: you return the weight as it came. Multiply by the mask.",
        ),
        Misconception(
            _without_signs,
            "The kept weights lost their signs. A mask decides what stays; what stays does not "
            "change.",
        ),
        Misconception(
            _product_with_the_kept,
            "`weight[mask]` picks the kept weights out: that are fewer numbers than the mask has, "
            "and their places are lost. Multiply the whole weight by the mask.",
        ),
        Misconception(
            _mask_transposed,
            "You transpose the mask. It has the weight's shape already: each weight meets the "
            "entry in its own place.",
        ),
        Misconception(
            _nan_for_pruned,
            "A pruned weight is exactly 0, not nan: it takes part in every sum.",
        ),
        Misconception(
            _added,
            "You add the mask. The circle ⊙ multiplies: times 1 stays, times 0 is 0.",
        ),
        Misconception(
            _all_or_nothing,
            "You keep all weights or none. The mask has its own answer for each weight: multiply "
            "element by element.",
        ),
    ),
    crashes={
        "same dtype": "@ is the matrix product. The circle ⊙ multiplies element by element: *.",
        "cannot be multiplied": "@ is the matrix product. The circle ⊙ multiplies element by "
        "element: *.",
        "with a bool tensor": "The opposite of a boolean mask is ~mask, not 1 - mask. Here True "
        "already means kept, so the mask is needed as it is.",
        "bitwise_and": "& joins truths, and a weight is none. A product takes both: in it True "
        "counts as 1, False as 0.",
        "must match the size": "In a product element by element both have one shape. Multiply the "
        "whole weight by the whole mask, as they come.",
        "view size is not compatible": "`.view` wants the numbers side by side in memory. "
        "`.reshape` does not; and a product of two tensors of one shape needs neither.",
        "tuple index out of range": "The weight may have any number of dimensions, also one. A "
        "product takes any shape, without a loop.",
        "Boolean value of Tensor": "An `if` wants one True or False, and the mask has one for each "
        "weight. Multiply by it.",
        "Index put requires": "torch.zeros makes float32 numbers, and the weight may have others: "
        "torch.zeros_like(weight) takes them over.",
        "not enough values to unpack": "The weight may have any number of dimensions. A product "
        "takes any shape, without a loop.",
        "too many values to unpack": "The weight may have any number of dimensions. A product "
        "takes any shape, without a loop.",
    },
)
