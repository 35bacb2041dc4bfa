"""Exercise 3.1: A filter mask."""

import torch
from torch import Tensor

from course_utils import masks
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal


def filter_mask(weight: Tensor, sparsity: float) -> Tensor:
    norms = weight.flatten(1).norm(dim=1)  # (filters,)
    count = round(sparsity * len(norms))
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[norms.argsort(stable=True)[:count]] = False
    return mask


def _filters_of(scores: Tensor, weight: Tensor, count: int) -> Tensor:
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[scores.argsort(stable=True)[:count]] = False
    return mask


def _one_answer_a_filter(weight: Tensor, sparsity: float) -> Tensor:
    return masks.norm_mask(weight, sparsity).flatten(1).any(1)


def _filters_inverted(weight: Tensor, sparsity: float) -> Tensor:
    return ~masks.norm_mask(weight, sparsity)


def _largest_go(weight: Tensor, sparsity: float) -> Tensor:
    return _filters_of(-weight.flatten(1).norm(dim=1), weight, round(sparsity * len(weight)))


def _signed_sums(weight: Tensor, sparsity: float) -> Tensor:
    return _filters_of(weight.flatten(1).sum(1), weight, round(sparsity * len(weight)))


def _sums_of_sizes(weight: Tensor, sparsity: float) -> Tensor:
    return _filters_of(weight.flatten(1).abs().sum(1), weight, round(sparsity * len(weight)))


def _single_weights(weight: Tensor, sparsity: float) -> Tensor:
    return masks.magnitude_mask(weight, sparsity)


def _input_channels(weight: Tensor, sparsity: float) -> Tensor:
    return masks.norm_mask(weight, sparsity, dim=1)


def _filters_rounded_down(weight: Tensor, sparsity: float) -> Tensor:
    return _filters_of(weight.flatten(1).norm(dim=1), weight, int(sparsity * len(weight)))


def _half_is_rounded_up(weight: Tensor, sparsity: float) -> Tensor:
    return _filters_of(weight.flatten(1).norm(dim=1), weight, int(sparsity * len(weight) + 0.5))


def _filters_as_numbers(weight: Tensor, sparsity: float) -> Tensor:
    return masks.norm_mask(weight, sparsity).float()


filter_mask = Exercise(
    id="3.1",
    title="A filter mask",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=filter_mask,
    cases=(
        Case("one row, half of it: round(0.5) is 0", lambda: (torch.tensor([[3.0, -4.0]]), 0.5)),
        Case(
            "three rows, one goes",
            lambda: (torch.tensor([[0.1, -0.1], [-3.0, 1.0], [0.5, 0.5]]), 0.4),
        ),
        Case(
            "one large weight against many middling ones",
            lambda: (torch.tensor([[3.0, 0.0, 0.0, 0.0], [1.2, 1.2, 1.2, 1.2]]), 0.5),
        ),
        Case("sparsity 0", lambda: (normal(3, 2), 0.0)),
        Case("sparsity 1", lambda: (normal(3, 2), 1.0)),
        Case("all rows tie: the first go first", lambda: (torch.ones(5, 2), 0.4)),
        Case(
            "10 filters, 0.25: 2.5 is rounded to 2",
            lambda: (normal(10, 3, 3, 3, seed=2), 0.25),
        ),
        Case(
            "5 filters, 0.35: 1.75 is rounded to 2",
            lambda: (normal(5, 2, 1, 1, seed=3), 0.35),
        ),
        Case("a conv layer of 4 filters", lambda: (normal(4, 2, 2, 2, seed=4), 0.5)),
    ),
    hints=(
        "Lay each filter flat, so that it becomes a row; its L2 norm is one number. Then it is "
        "exercise 2.1 with filters instead of weights, and each answer holds for a whole row.",
        """
        filter   weights            norm    sparsity 0.5 → round(0.5 · 3) = 2 go
        #0       0.1  −0.1  0.0     0.14    goes    □ □ □
        #1      −3.0   1.0  0.0     3.16            ■ ■ ■
        #2       0.5   0.5  0.5     0.87    goes    □ □ □
        """,
        """
        def filter_mask(weight, sparsity):
            norms = weight.flatten(1).norm(dim=...)
            count = round(...)
            mask = torch.ones_like(weight, dtype=torch.bool)
            mask[norms.argsort(stable=True)[...]] = False
            return mask
        """,
    ),
    misconceptions=(
        Misconception(
            _one_answer_a_filter,
            "The right filters, but one answer for each. A mask has its weight's shape, a block "
            "mask too: give every weight of a filter the filter's answer.",
        ),
        Misconception(
            _filters_inverted, "Your mask marks the filters that go. True (1) means *kept* here."
        ),
        Misconception(
            _largest_go,
            "You prune the filters of the *largest* norm. The count is right; turn the order "
            "round.",
        ),
        Misconception(
            _signed_sums,
            "You add the weights up with their signs, so that a filter of large weights may come "
            "out near 0. A norm counts sizes: square the weights, add, take the root.",
        ),
        Misconception(
            _sums_of_sizes,
            "You rank by the sum of |w|, the L1 norm. The L2 norm is asked for here: one large "
            "weight counts for more than many small ones. Lesson 05 compares the two.",
        ),
        Misconception(
            _single_weights,
            "You prune single weights, wherever they are. A block mask keeps or prunes a filter "
            "as a whole: rank the filters by their norm.",
        ),
        Misconception(
            _input_channels,
            "You prune input channels (dim 1). The filters of a layer stand along dim 0: each "
            "makes one output channel.",
        ),
        Misconception(
            _filters_rounded_down,
            "You cut the count off (int or //). torch.nn.utils.prune rounds: 1.75 filters are 2.",
        ),
        Misconception(
            _half_is_rounded_up,
            "You round halves up, so 2.5 filters become 3. Python's round, which "
            "torch.nn.utils.prune uses, rounds a half to the even number: 2.",
        ),
        Misconception(
            _filters_as_numbers,
            "The right cells, but as the numbers 0.0 and 1.0. A mask is boolean here.",
        ),
    ),
)
