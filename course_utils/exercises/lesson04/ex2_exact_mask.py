"""Exercise 4.2: Exactly so many."""

import torch
from torch import Tensor

from course_utils import masks
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import uniform


def exact_mask(draws: Tensor, sparsity: float) -> Tensor:
    count = round(sparsity * draws.numel())
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    mask[draws.flatten().argsort(stable=True)[:count]] = False
    return mask.reshape(draws.shape)


def _by_threshold(draws: Tensor, sparsity: float) -> Tensor:
    return draws >= sparsity


def _in_each_row(draws: Tensor, sparsity: float) -> Tensor:
    rows = torch.atleast_2d(draws)
    return torch.stack([masks.mask_from_scores(row, sparsity) for row in rows]).reshape(draws.shape)


def _count_cut_off(draws: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    mask[draws.flatten().argsort(stable=True)[: int(sparsity * draws.numel())]] = False
    return mask.reshape(draws.shape)


def _exact_inverted(draws: Tensor, sparsity: float) -> Tensor:
    return ~masks.mask_from_scores(draws, sparsity)


def _first_weights(draws: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    mask[: round(sparsity * draws.numel())] = False
    return mask.reshape(draws.shape)


def _exact_flat(draws: Tensor, sparsity: float) -> Tensor:
    return masks.mask_from_scores(draws, sparsity).flatten()


exact_mask = Exercise(
    id="4.2",
    title="Exactly so many",
    difficulty=1,
    importance=3,
    minutes=4,
    reference=exact_mask,
    cases=(
        Case("one weight, half of it: round(0.5) is 0", lambda: (torch.tensor([0.1]), 0.5)),
        Case("four weights, two go", lambda: (torch.tensor([0.9, 0.8, 0.7, 0.6]), 0.5)),
        Case("low draws in one row", lambda: (torch.tensor([[0.1, 0.2], [0.8, 0.9]]), 0.5)),
        Case("sparsity 0", lambda: (torch.tensor([0.0, 0.5]), 0.0)),
        Case("sparsity 1", lambda: (torch.tensor([0.0, 0.5]), 1.0)),
        Case("equal draws: the first go first", lambda: (torch.full((5,), 0.5), 0.4)),
        Case("7 weights, 0.4: 2.8 is 3", lambda: (uniform(7), 0.4)),
        Case("a 3×4 layer", lambda: (uniform(3, 4, seed=3), 0.3)),
    ),
    hints=(
        "Rank the weights by their draws, as exercise 2.1 ranks them by magnitude. Random draws "
        "make a random order, and the first round(sparsity · n) of it go.",
        """
        draws     0.9   0.8   0.7   0.6      sparsity 0.5 → round(0.5 · 4) = 2 go
        rank      4th   3rd   2nd   1st
        mask      ■     ■     □     □
        """,
        """
        def exact_mask(draws, sparsity):
            count = round(...)
            mask = torch.ones(draws.numel(), dtype=torch.bool)
            mask[draws.flatten().argsort(stable=True)[...]] = False
            return mask.reshape(...)
        """,
    ),
    misconceptions=(
        Misconception(
            _by_threshold,
            "You compare with a threshold, as in exercise 4.1, so the count varies with the draws. "
            "Rank them: exactly round(sparsity · n) go.",
        ),
        Misconception(
            _in_each_row,
            "You prune the same number in every row. The count is for the whole layer: flatten "
            "first.",
        ),
        Misconception(
            _count_cut_off, "You cut the count off (int or //): 2.8 weights are 3. Use round."
        ),
        Misconception(
            _exact_inverted, "Your mask marks what goes. True (1) means *kept* in this course."
        ),
        Misconception(
            _first_weights,
            "You prune the first weights of the tensor, whatever was drawn. The draws decide: "
            "those with the smallest go.",
        ),
        Misconception(_exact_flat, "The right weights, but the mask is flat. Reshape it."),
    ),
)
