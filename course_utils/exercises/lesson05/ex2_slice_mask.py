"""Exercise 5.2: Prune whole slices."""

import math

import torch
from torch import Tensor

from course_utils import masks, scores
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal


def slice_mask(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)  # (slices,)
    kept = masks.mask_from_scores(norms, sparsity)  # one answer for each slice
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask.movedim(dim, 0)[~kept] = False  # writes into the mask: movedim copies nothing
    return mask


def _slices_of(ranked: Tensor, weight: Tensor, count: int, dim: int) -> Tensor:
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask.movedim(dim, 0)[ranked.argsort(stable=True)[:count]] = False
    return mask


def _always_rows(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return masks.norm_mask(weight, sparsity, n, 0)


def _marked_in_rows(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[norms.argsort(stable=True)[: round(sparsity * len(norms))]] = False
    return mask


def _along_the_last_dim(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return masks.mask_from_scores(scores.group_norm(weight, n, dim), sparsity).expand_as(weight)


def _one_answer_a_slice(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return masks.mask_from_scores(scores.group_norm(weight, n, dim), sparsity)


def _slices_inverted(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return ~masks.norm_mask(weight, sparsity, n, dim)


def _largest_go(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    return _slices_of(-norms, weight, round(sparsity * len(norms)), dim)


def _single_weights(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return masks.magnitude_mask(weight, sparsity)


def _slices_cut_off(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    return _slices_of(norms, weight, int(sparsity * len(norms)), dim)


def _half_rounded_up(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    return _slices_of(norms, weight, int(sparsity * len(norms) + 0.5), dim)


def _tied_all_go(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    count = round(sparsity * len(norms))
    gone = norms <= norms.sort().values[count - 1] if count else torch.zeros_like(norms).bool()
    return _slices_of(norms, weight, int(gone.sum()), dim)


def _slices_by_topk(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    mask = torch.ones_like(weight, dtype=torch.bool)
    smallest = norms.topk(round(sparsity * len(norms)), largest=False).indices
    mask.movedim(dim, 0)[smallest] = False
    return mask


def _threshold_before_the_first(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    threshold = norms.sort().values[round(sparsity * len(norms)) - 1]
    return _slices_of(norms, weight, int((norms <= threshold).sum()), dim)


def _n_ignored(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return masks.norm_mask(weight, sparsity, 2, dim)


def _slices_as_numbers(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return masks.norm_mask(weight, sparsity, n, dim).to(weight.dtype)


def _one_two_and_all() -> Tensor:
    """Three rows; L1 finds the first smallest, L∞ the second, L2 the third."""
    return torch.tensor([[3.0, 0.0, 0.0, 0.0], [1.6, -1.6, 1.6, 1.6], [2.0, 2.0, 0.0, 0.0]])


slice_mask = Exercise(
    id="5.2",
    title="Prune whole slices",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=slice_mask,
    cases=(
        Case("one row, half of it: round(0.5) is 0", lambda: (torch.ones(1, 2), 0.5, 2, 0)),
        Case(
            "two rows, one goes",
            lambda: (torch.tensor([[0.5, -0.5], [-2.0, 1.0]]), 0.5, 2, 0),
        ),
        Case(
            "three columns, one goes",
            lambda: (torch.tensor([[3.0, 2.0, 0.0], [4.0, -2.0, 1.0]]), 0.4, 2, 1),
        ),
        Case("L1 finds the first row smallest", lambda: (_one_two_and_all(), 0.4, 1, 0)),
        Case("L2 finds the third row smallest", lambda: (_one_two_and_all(), 0.4, 2, 0)),
        Case("L∞ finds the second row smallest", lambda: (_one_two_and_all(), 0.4, math.inf, 0)),
        Case("sparsity 0", lambda: (normal(3, 2), 0.0, 2, 0)),
        Case("sparsity 1", lambda: (normal(3, 2), 1.0, 2, 1)),
        Case("all rows tie: the first go first", lambda: (torch.ones(5, 4), 0.4, 2, 0)),
        Case("dim −1, the last one", lambda: (normal(2, 4, seed=5), 0.5, 1, -1)),
        Case("10 filters, 0.25: 2.5 is 2", lambda: (normal(10, 3, 3, 3, seed=2), 0.25, 1, 0)),
        Case("5 filters, 0.35: 1.75 is 2", lambda: (normal(5, 2, 1, 1, seed=3), 0.35, 2, 0)),
        Case(
            "the input channels of a conv layer",
            lambda: (normal(3, 4, 2, 2, seed=4), 0.5, math.inf, 1),
        ),
    ),
    hints=(
        "Two steps, and you have both: a norm for each slice (exercise 5.1), and which of these "
        "norms stay (masks.mask_from_scores does what you wrote in exercise 2.1). New is that the "
        "slices may stand along any dim: give each slice's answer to all of its weights.",
        """
        weight, dim 1      norms, n = 2        sparsity 0.4 → round(0.4 · 3) = 1 goes
        3    2   0         5   2.83   1        ■ ■ □
        4   −2   1                   goes      ■ ■ □
        """,
        """
        def slice_mask(weight, sparsity, n, dim):
            norms = group_norms(weight, n, dim)
            kept = masks.mask_from_scores(..., sparsity)
            mask = torch.ones_like(weight, dtype=torch.bool)
            mask.movedim(..., 0)[...] = False
            return mask
        """,
    ),
    misconceptions=(
        Misconception(
            _always_rows,
            "You always prune along dim 0. Which slices are meant stands in `dim`: 1 means whole "
            "columns, or the input channels of a conv layer.",
        ),
        Misconception(
            _marked_in_rows,
            "You rank the slices along `dim`, but then mark *rows*: mask[…] picks along dim 0. "
            "Write mask.movedim(dim, 0)[…] = False.",
        ),
        Misconception(
            _along_the_last_dim,
            "The right slices, but their answers lie along the *last* dim: expand, * and & line "
            "shapes up from the right. Mark them with mask.movedim(dim, 0)[…] = False, or .view "
            "your answers first, with −1 at `dim` and 1 everywhere else.",
        ),
        Misconception(
            _one_answer_a_slice,
            "The right slices, but one answer for each. A mask has its weight's shape: give every "
            "weight of a slice the slice's answer.",
        ),
        Misconception(
            _slices_inverted, "Your mask marks the slices that go. True (1) means *kept* here."
        ),
        Misconception(
            _largest_go,
            "You prune the slices of *largest* norm. The count is right; turn the order round.",
        ),
        Misconception(
            _single_weights,
            "You prune single weights, wherever they are. Here a slice is kept or pruned as a "
            "whole: rank the slices by their norm.",
        ),
        Misconception(
            _slices_cut_off,
            "You cut the count off (int or //). torch.nn.utils.prune rounds: 1.75 slices are 2.",
        ),
        Misconception(
            _half_rounded_up,
            "You round halves up, so half a slice becomes one, and 2.5 become 3. Python's round, "
            "which torch.nn.utils.prune uses, rounds a half to the even number: 0 and 2.",
        ),
        Misconception(
            _tied_all_go,
            "You prune everything up to a threshold, so of slices with equal norms all go, and "
            "more than asked. Take the first round(sparsity · slices) of argsort(stable=True).",
        ),
        Misconception(
            _slices_by_topk,
            "Right, but for ties: of equal norms torch.topk takes whichever it finds, and here the "
            "first go first. Use argsort(stable=True)[:count], or masks.mask_from_scores.",
        ),
        Misconception(
            _threshold_before_the_first,
            "You prune everything up to a threshold. Where nothing is to go, that is entry 0 − 1 "
            "of the sorted norms, the *largest*, and all slices go; and of equal ones too many go. "
            "Rank the slices instead, and take the first round(sparsity · slices).",
        ),
        Misconception(
            _n_ignored,
            "You rank by the L2 norm whatever `n` is. L1 and L∞ may find another slice smallest: "
            "pass n on to the norm.",
        ),
        Misconception(
            _slices_as_numbers,
            "The right cells, but as the numbers 0.0 and 1.0. A mask is boolean here.",
        ),
    ),
    crashes={
        "The expanded size of the tensor": "expand lays your answers along the *last* dim. .view "
        "them first, with −1 at `dim` and 1 everywhere else.",
        "The shape of the mask": "A boolean index must be as long as the dimension that it picks "
        "from. mask[…] picks along dim 0, mask.movedim(dim, 0)[…] along `dim`.",
        "out of bounds for dimension": "An index is too large. Where all slices go, the sorted "
        "norms have no entry number `count` to serve as a threshold: rank the slices instead. And "
        "mask[…] picks along dim 0, mask.movedim(dim, 0)[…] along `dim`.",
    },
)
