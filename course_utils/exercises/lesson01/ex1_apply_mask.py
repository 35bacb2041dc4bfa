"""Exercise 1.1: Apply a mask."""

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import coin, normal


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
        Case("a 3×4 matrix", lambda: (normal(3, 4), coin(3, 4))),
        Case("everything kept", lambda: (normal(2, 3), torch.ones(2, 3, dtype=torch.bool))),
        Case("everything pruned", lambda: (normal(2, 3), torch.zeros(2, 3, dtype=torch.bool))),
        Case(
            "filters of a conv layer",
            lambda: (normal(2, 1, 3, 3), coin(2, 1, 3, 3)),
        ),
        Case("64-bit numbers", lambda: (normal(2, 3).double(), coin(2, 3))),
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
