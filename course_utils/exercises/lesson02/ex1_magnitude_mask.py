"""Exercise 2.1: A magnitude mask."""

import torch
from torch import Tensor

from course_utils import masks
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal


def magnitude_mask(weight: Tensor, sparsity: float) -> Tensor:
    magnitudes = weight.abs().flatten()
    count = round(sparsity * magnitudes.numel())
    smallest_first = magnitudes.argsort(
        stable=True
    )  # stable: among equal ones the first goes first
    mask = torch.ones_like(magnitudes, dtype=torch.bool)
    mask[smallest_first[:count]] = False
    return mask.reshape(weight.shape)


def _ranked_mask(ranking: Tensor, count: int, shape: torch.Size) -> Tensor:
    mask = torch.ones(ranking.numel(), dtype=torch.bool)
    mask[ranking[:count]] = False
    return mask.reshape(shape)


def _keeps_smallest(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten()
    largest_first = flat.argsort(stable=True, descending=True)
    return _ranked_mask(largest_first, round(sparsity * flat.numel()), weight.shape)


def _signed(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.flatten()
    order = flat.argsort(stable=True)
    return _ranked_mask(order, round(sparsity * flat.numel()), weight.shape)


def _all_tied_go(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten()
    count = round(sparsity * flat.numel())
    if count == 0:
        return torch.ones_like(weight, dtype=torch.bool)
    return weight.abs() > flat.kthvalue(count).values


def _all_tied_stay(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten().sort().values
    count = round(sparsity * flat.numel())
    if count == flat.numel():
        return torch.zeros_like(weight, dtype=torch.bool)
    return weight.abs() >= flat[count]


def _quantile(weight: Tensor, sparsity: float) -> Tensor:
    return weight.abs() > weight.abs().flatten().quantile(sparsity)


def _rounded_down(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten()
    return _ranked_mask(flat.argsort(stable=True), int(sparsity * flat.numel()), weight.shape)


def _last_tied_first(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten()
    order = flat.numel() - 1 - flat.flip(0).argsort(stable=True)
    return _ranked_mask(order, round(sparsity * flat.numel()), weight.shape)


def _below_a_value(weight: Tensor, sparsity: float) -> Tensor:
    return weight.abs() >= sparsity


def _pruned_weight(weight: Tensor, sparsity: float) -> Tensor:
    return weight * masks.magnitude_mask(weight, sparsity)


def _zeros_and_ones(weight: Tensor, sparsity: float) -> Tensor:
    return masks.magnitude_mask(weight, sparsity).float()


def _true_is_pruned(weight: Tensor, sparsity: float) -> Tensor:
    return ~masks.magnitude_mask(weight, sparsity)


def _kthvalue_of_zero(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten()
    return weight.abs() > flat.kthvalue(round(sparsity * flat.numel())).values


magnitude_mask = Exercise(
    id="2.1",
    title="A magnitude mask",
    difficulty=2,
    importance=3,
    minutes=8,
    reference=magnitude_mask,
    cases=(
        Case("one weight, half of it: round(0.5) is 0", lambda: (torch.tensor([2.0]), 0.5)),
        Case("four weights, half go", lambda: (torch.tensor([0.1, -3.0, -0.2, 1.0]), 0.5)),
        Case("negative weights count by size", lambda: (torch.tensor([-3.0, 0.5, 1.0, 2.0]), 0.25)),
        Case("sparsity 0", lambda: (torch.tensor([1.0, 0.0, -2.0]), 0.0)),
        Case("sparsity 1", lambda: (torch.tensor([1.0, 0.0, -2.0]), 1.0)),
        Case("all weights tie", lambda: (torch.full((2, 3), 0.5), 0.5)),
        Case(
            "a tie at the threshold",
            lambda: (torch.tensor([1.0, 0.2, -1.0, 3.0, 1.0, 1.0]), 0.5),
        ),
        Case("5 weights, sparsity 0.55: 2.75 is 3", lambda: (normal(5), 0.55)),
        Case(
            "already pruned: zeros go first",
            lambda: (torch.tensor([[0.0, 0.3, -2.0, 0.0], [0.1, -0.4, 0.0, 1.0]]), 0.5),
        ),
        Case("a 4×6 matrix", lambda: (normal(4, 6, seed=2), 0.7)),
        Case("filters of a conv layer", lambda: (normal(3, 2, 3, 3, seed=3), 0.8)),
    ),
    hints=(
        "Work on a flat tensor of |w|. Find out *which* weights are the smallest, not below which "
        "value: a value cannot tell two equal weights apart, a position can.",
        """
        |w|             0.2   1.0   0.1   1.0      sparsity 0.75 → round(0.75 · 4) = 3 go
        smallest first  #2    #0    #1    #3       positions, equal ones in their order
        goes            #2    #0    #1             → mask  □ □ □ ■
        """,
        """
        def magnitude_mask(weight, sparsity):
            magnitudes = weight.abs().flatten()
            count = round(...)
            smallest_first = magnitudes.argsort(stable=True)
            mask = torch.ones_like(magnitudes, dtype=torch.bool)
            mask[...] = False
            return mask.reshape(...)
        """,
    ),
    misconceptions=(
        Misconception(
            _true_is_pruned,
            "Your mask is the other way round: it marks what goes. In this course True (1) means "
            "*kept*, as in torch.nn.utils.prune.",
        ),
        Misconception(
            _keeps_smallest,
            "Your mask keeps the *smallest* weights and prunes the largest. The count is right; "
            "turn the order round.",
        ),
        Misconception(
            _signed,
            "You rank by the signed value, so −3.0 counts as the smallest of all. Magnitude means "
            "|w|: take .abs() first.",
        ),
        Misconception(
            _all_tied_go,
            "Where weights tie at the threshold, all of them go, so you prune more than asked. "
            "Compare positions, not values: exactly round(sparsity · n) go, the first of equal "
            "ones first.",
        ),
        Misconception(
            _all_tied_stay,
            "Where weights tie at the threshold, all of them stay, so you prune less than asked. "
            "Compare positions, not values: exactly round(sparsity · n) go, the first of equal "
            "ones first.",
        ),
        Misconception(
            _quantile,
            "A quantile is interpolated between two weights, and `>` treats equal weights alike, "
            "so the count is off with ties and with few weights. Count positions instead.",
        ),
        Misconception(
            _rounded_down,
            "You cut the count off (int or //). torch.nn.utils.prune rounds: 2.75 weights are 3.",
        ),
        Misconception(
            _last_tied_first,
            "Right but for ties: you prune the *last* of equal weights. The course prunes the "
            "first, so that everybody gets the same mask.",
        ),
        Misconception(
            _below_a_value,
            "You use the sparsity as the threshold: all |w| below 0.5 go. Sparsity is the fraction "
            "of weights that go, whatever their values are.",
        ),
        Misconception(
            _pruned_weight,
            "You return the pruned *weight*. The mask is asked for: boolean, True = kept.",
        ),
        Misconception(
            _zeros_and_ones,
            "The right cells, but as the numbers 0.0 and 1.0. A mask is boolean here: ask for "
            "dtype=torch.bool, or compare to get one.",
        ),
        Misconception(
            _kthvalue_of_zero,
            "At sparsity 0 there is no 0-th smallest weight, so kthvalue refuses. And a threshold "
            "cannot tell equal weights apart: count positions instead.",
        ),
    ),
    crashes={
        "selected number k out of range": "At sparsity 0 nothing is to go, and there is no 0-th "
        "smallest weight. Handle that case, or use an order instead of a threshold.",
        "only tensors, integers": "A slice needs whole numbers: round(…) gives one, a product of "
        "floats does not.",
    },
)
