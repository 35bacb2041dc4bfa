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


_right_slices = slice_mask


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


def _slices_unstable(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask.movedim(dim, 0)[norms.argsort()[: round(sparsity * len(norms))]] = False
    return mask


def _topk_of_the_largest(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    mask = torch.zeros_like(weight, dtype=torch.bool)
    largest = norms.topk(len(norms) - round(sparsity * len(norms))).indices
    mask.movedim(dim, 0)[largest] = True
    return mask


def _slices_tied_stay(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    count = round(sparsity * len(norms))
    threshold = math.inf if count == len(norms) else norms.sort().values[count]
    return _slices_of(norms, weight, int((norms < threshold).sum()), dim)


def _last_of_equal_go(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    kept = norms.argsort(descending=True, stable=True)[: len(norms) - round(sparsity * len(norms))]
    mask = torch.zeros_like(weight, dtype=torch.bool)
    mask.movedim(dim, 0)[kept] = True
    return mask


def _positions_for_ranks(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    order = scores.group_norm(weight, n, dim).argsort(stable=True)
    return _slices_of(order, weight, round(sparsity * len(order)), dim)


def _share_of_dim_0(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    return _slices_of(norms, weight, round(sparsity * len(weight)), dim)


def _slices_rounded_up(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    return _slices_of(norms, weight, math.ceil(sparsity * len(norms)), dim)


def _at_least_one(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    return _slices_of(norms, weight, max(1, round(sparsity * len(norms))), dim)


def _rounds_the_kept(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    return _slices_of(norms, weight, len(norms) - round((1 - sparsity) * len(norms)), dim)


def _up_to_a_quantile(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    norms = scores.group_norm(weight, n, dim)
    return _slices_of(norms, weight, int((norms <= norms.quantile(sparsity)).sum()), dim)


def _keeps_so_many(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return masks.norm_mask(weight, 1 - sparsity, n, dim)


def _percent(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return masks.norm_mask(weight, sparsity / 100, n, dim)


def _slice_from_minus_0(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    order = scores.group_norm(weight, n, dim).argsort(stable=True)
    kept = order[-(len(order) - round(sparsity * len(order))) :]
    mask = torch.zeros_like(weight, dtype=torch.bool)
    mask.movedim(dim, 0)[kept] = True
    return mask


def _zeros_of_the_product(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return weight * _right_slices(weight, sparsity, n, dim) != 0


def _only_broadcasts(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    kept = masks.mask_from_scores(scores.group_norm(weight, n, dim), sparsity)
    shape = [1] * weight.dim()
    shape[dim] = -1
    return kept.view(shape)


def _dim_left_in_front(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return _right_slices(weight, sparsity, n, dim).movedim(dim, 0)


def _reshaped_back(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return _right_slices(weight, sparsity, n, dim).movedim(dim, 0).reshape(weight.shape)


def _written_into_rows(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    kept = masks.mask_from_scores(scores.group_norm(weight, n, dim), sparsity)
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask.movedim(dim, 0).reshape(len(kept), -1)[~kept] = False
    return mask


def _dim_1_for_every_other(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    order = scores.group_norm(weight, n, dim).argsort(stable=True)
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask.movedim(0 if dim == 0 else 1, 0)[order[: round(sparsity * len(order))]] = False
    return mask


def _always_l1(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return masks.norm_mask(weight, sparsity, 1, dim)


def _n_ignored(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return masks.norm_mask(weight, sparsity, 2, dim)


def _slices_as_numbers(weight: Tensor, sparsity: float, n: float, dim: int) -> Tensor:
    return masks.norm_mask(weight, sparsity, n, dim).to(weight.dtype)


def _one_two_and_all() -> Tensor:
    """Three rows; L1 finds the first smallest, L∞ the second, L2 the third."""
    return torch.tensor([[3.0, 0.0, 0.0, 0.0], [1.6, -1.6, 1.6, 1.6], [2.0, 2.0, 0.0, 0.0]])


def _three_sizes(rows: int) -> Tensor:
    """Rows of norms 1, 2, 3, 1, 2, 3, …: an unstable sort has enough equal ones to mix them up."""
    return 1.0 + torch.arange(rows)[:, None] % 3


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
        Case("100 rows with ties of 33 and 34", lambda: (_three_sizes(100), 0.5, 2, 0)),
        Case("dim −1, the last one", lambda: (normal(2, 4, seed=5), 0.5, 1, -1)),
        Case("10 filters, 0.25: 2.5 is 2", lambda: (normal(10, 3, 3, 3, seed=2), 0.25, 1, 0)),
        Case("5 filters, 0.35: 1.75 is 2", lambda: (normal(5, 1, 3, 3, seed=3), 0.35, 2, 0)),
        Case("dim −1, and it is the third", lambda: (normal(2, 3, 4, seed=6), 0.5, 2, -1)),
        Case(
            "the input channels of a conv layer",
            lambda: (normal(3, 4, 2, 2, seed=4), 0.5, math.inf, 1),
        ),
        Case("the rows of all kernels of a conv layer", lambda: (normal(2, 3, 5, 4), 0.6, 1, 2)),
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
            "You cut the count off (int or //), perhaps when you divide a number of weights by the "
            "size of a slice. torch.nn.utils.prune rounds the number of slices: 1.75 are 2.",
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
            _slices_unstable,
            "Right, but for many ties: argsort() puts more than 16 equal numbers in any order, and "
            "here the first go first. Say argsort(stable=True).",
        ),
        Misconception(
            _topk_of_the_largest,
            "Right, but for ties: of equal norms torch.topk keeps whichever it finds, and here the "
            "first go first. Use argsort(stable=True)[:count], or masks.mask_from_scores.",
        ),
        Misconception(
            _slices_tied_stay,
            "You prune everything below a threshold, so of slices with equal norms all stay, and "
            "fewer go than asked. Take the first round(sparsity · slices) of argsort(stable=True).",
        ),
        Misconception(
            _last_of_equal_go,
            "Of equal norms your last ones go. Here the first go first: sort upwards, "
            "argsort(stable=True), and prune the first round(sparsity · slices).",
        ),
        Misconception(
            _positions_for_ranks,
            "You take argsort for the ranks. It tells *which* slice comes first, second, …, not "
            "which place each slice has: mark the slices order[:count].",
        ),
        Misconception(
            _share_of_dim_0,
            "You take the count from dim 0, which is what len(weight) is. The slices stand along "
            "`dim`: round(sparsity · weight.shape[dim]).",
        ),
        Misconception(
            _slices_rounded_up,
            "You round the count up. torch.nn.utils.prune rounds to the nearest number, and a half "
            "to the even one: 0.5 slices are 0, 2.5 are 2.",
        ),
        Misconception(
            _at_least_one,
            "You always prune one slice at least. Where round(sparsity · slices) is 0, all stay.",
        ),
        Misconception(
            _rounds_the_kept,
            "You round the number of slices that *stay*. Where half a slice is left over, that "
            "makes one more go: round the number that go, round(sparsity · slices).",
        ),
        Misconception(
            _up_to_a_quantile,
            "You prune everything up to a quantile. That lies between two norms, and ties fall all "
            "on one side, so the count is not round(sparsity · slices). Rank the slices, and take "
            "the first so many.",
        ),
        Misconception(
            _keeps_so_many,
            "You keep the fraction `sparsity` of the slices. Sparsity is what *goes*.",
        ),
        Misconception(
            _percent, "You divide `sparsity` by 100. It is a fraction already, from 0 to 1."
        ),
        Misconception(
            _slice_from_minus_0,
            "Right, until everything goes. Then no slice is to be kept, and order[-0:] is all of "
            "them. Mark those that go: order[:count].",
        ),
        Misconception(
            _zeros_of_the_product,
            "You multiply and look for zeros, so a weight that is 0 by itself counts as pruned. "
            "The mask depends on the slice only: every weight of a kept slice is kept.",
        ),
        Misconception(
            _only_broadcasts,
            "The right slices, with one answer for each, shaped so that it broadcasts. A mask has "
            "its weight's shape: .expand_as(weight) is missing.",
        ),
        Misconception(
            _dim_left_in_front,
            "The right slices, but `dim` still stands in front. Return the mask itself, or move it "
            "back with .movedim(0, dim).",
        ),
        Misconception(
            _reshaped_back,
            "You reshape the mask while `dim` stands in front. That has the right shape and the "
            "numbers in the wrong places: move it back with .movedim(0, dim).",
        ),
        Misconception(
            _written_into_rows,
            "Where `dim` is not 0 nothing is pruned: .reshape after .movedim makes a copy, and you "
            "write into that. Leave it out: mask.movedim(dim, 0)[…] = False.",
        ),
        Misconception(
            _dim_1_for_every_other,
            "Where `dim` is not 0 you mark slices along dim 1. It may be any dim: write "
            "mask.movedim(dim, 0)[…] = False.",
        ),
        Misconception(
            _always_l1,
            "You rank by the L1 norm whatever `n` is. L2 and L∞ may find another slice smallest: "
            "pass n on to the norm.",
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
        "selected number k out of range": "There is no 0-th smallest norm. Where no slice is to go "
        "every one stays: rank the slices, and take the first round(sparsity · slices).",
        "The expanded size of the tensor": "expand lays your answers along the *last* dim. .view "
        "them first, with −1 at `dim` and 1 everywhere else.",
        "The shape of the mask": "A boolean index must be as long as the dimension that it picks "
        "from. mask[…] picks along dim 0, mask.movedim(dim, 0)[…] along `dim`.",
        "out of bounds for dimension": "An index is too large. Where all slices go, the sorted "
        "norms have no entry number `count` to serve as a threshold: rank the slices instead. And "
        "mask[…] picks along dim 0, mask.movedim(dim, 0)[…] along `dim`.",
    },
)
