"""Exercise 2.1: A magnitude mask."""

import math
import operator
from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal


def magnitude_mask(weight: Tensor, sparsity: float) -> Tensor:
    magnitudes = weight.abs().flatten()
    count = round(sparsity * magnitudes.numel())
    # Stable: among equal ones the first goes first.
    smallest_first = magnitudes.argsort(stable=True)
    mask = torch.ones_like(magnitudes, dtype=torch.bool)
    mask[smallest_first[:count]] = False
    return mask.reshape(weight.shape)


# Where a plain argsort mixes equal numbers: not on every machine, and only from 17 of them on.
_SORTS_DIFFER = torch.zeros(32).argsort().tolist() != list(range(32))


def _altered(
    *,
    stable: bool = True,
    sizes: Callable[[Tensor], Tensor] = torch.abs,
    count: Callable[[Tensor, float], int] = lambda weight, s: round(s * weight.numel()),
    end: Callable[[Tensor, Tensor], Tensor] = lambda weight, mask: mask,
) -> Callable:
    """As the reference, with one part altered. ``end`` makes of the right mask what is returned."""

    def wrong(weight: Tensor, sparsity: float) -> Tensor:
        ranked = sizes(weight).flatten().argsort(stable=stable)
        mask = torch.ones(weight.numel(), dtype=torch.bool)
        mask[ranked[: count(weight, sparsity)]] = False
        return end(weight, mask.reshape(weight.shape))

    return wrong


def _rank_of(stable: bool) -> Callable:
    def wrong(weight: Tensor, sparsity: float) -> Tensor:
        order = weight.abs().flatten().argsort(stable=stable)
        return (order >= round(sparsity * order.numel())).reshape(weight.shape)

    return wrong


def _of_what_is_left(weight: Tensor, sparsity: float) -> int:
    left = int((weight != 0).sum())
    return weight.numel() - left + round(sparsity * left)


def _by_topk(weight: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones(weight.numel(), dtype=torch.bool)
    count = round(sparsity * weight.numel())
    mask[weight.abs().flatten().topk(count, largest=False).indices] = False
    return mask.reshape(weight.shape)


def _count_gone(weight: Tensor, sparsity: float) -> int:
    return round(sparsity * weight.numel())


def _count_rounded_kept(weight: Tensor, sparsity: float) -> int:
    return weight.numel() - round((1 - sparsity) * weight.numel())


def _keeps_first_of(order: Callable[[Tensor, int], Tensor], count: Callable) -> Callable:
    """A mask of the first ones of ``order(sizes, how many are kept)``, largest first."""

    def wrong(weight: Tensor, sparsity: float) -> Tensor:
        kept = weight.numel() - count(weight, sparsity)
        mask = torch.zeros(weight.numel(), dtype=torch.bool)
        mask[order(weight.abs().flatten(), kept)[:kept]] = True
        return mask.reshape(weight.shape)

    return wrong


def _largest_first(sizes: Tensor, kept: int) -> Tensor:
    return sizes.argsort(stable=True, descending=True)


def _largest_first_unstable(sizes: Tensor, kept: int) -> Tensor:
    return sizes.argsort(descending=True)


def _largest_by_topk(sizes: Tensor, kept: int) -> Tensor:
    return sizes.topk(kept).indices


def _last_ones_of(stable: bool) -> Callable:
    """Takes [-count:] of the largest first, which is everything where the count is 0."""

    def wrong(weight: Tensor, sparsity: float) -> Tensor:
        order = weight.abs().flatten().argsort(stable=stable, descending=True)
        mask = torch.ones(weight.numel(), dtype=torch.bool)
        mask[order[-round(sparsity * weight.numel()) :]] = False
        return mask.reshape(weight.shape)

    return wrong


def _zero_means_pruned(weight: Tensor, sparsity: float) -> Tensor:
    return _altered()(weight, sparsity) & (weight != 0)


def _above_the_mean(weight: Tensor, sparsity: float) -> Tensor:
    return weight.abs() > weight.abs().mean()


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


def _last_of_all_for_none(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten().sort().values
    return weight.abs() > flat[round(sparsity * flat.numel()) - 1]


def _first_that_stays(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten().sort().values
    return weight.abs() >= flat[round(sparsity * flat.numel())]


def _kthvalue_of_zero(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten()
    return weight.abs() > flat.kthvalue(round(sparsity * flat.numel())).values


def _quantile(keeps: Callable) -> Callable:
    return lambda weight, s: keeps(weight.abs(), weight.abs().flatten().quantile(s))


def _below_a_value(keeps: Callable) -> Callable:
    return lambda weight, s: keeps(weight.abs(), s)


def _part_of_the_largest(keeps: Callable) -> Callable:
    return lambda weight, s: keeps(weight.abs(), s * weight.abs().max())


def _last_tied_first(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten()
    order = flat.numel() - 1 - flat.flip(0).argsort(stable=True)
    mask = torch.ones(flat.numel(), dtype=torch.bool)
    mask[order[: round(sparsity * flat.numel())]] = False
    return mask.reshape(weight.shape)


def _in_each_row(weight: Tensor, sparsity: float) -> Tensor:
    order = weight.abs().argsort(dim=-1, stable=True)
    gone = order[..., : round(sparsity * weight.shape[-1])]
    return torch.ones_like(weight, dtype=torch.bool).scatter(-1, gone, False)


_SLIPS = (
    (
        {"end": lambda weight, mask: ~mask},
        "Your mask is the other way round: it marks what goes. In this course True (1) means "
        "*kept*, as in torch.nn.utils.prune.",
    ),
    (
        {"sizes": lambda weight: -weight.abs()},
        "Your mask keeps the *smallest* weights and prunes the largest. The count is right; "
        "turn the order round.",
    ),
    (
        {"sizes": lambda weight: weight},
        "You rank by the signed value, so −3.0 counts as the smallest of all. Magnitude means "
        "|w|: take .abs() first.",
    ),
    (
        {"count": lambda weight, s: int(s * weight.numel())},
        "You cut the count off (int or //). torch.nn.utils.prune rounds: 2.75 weights are 3.",
    ),
    (
        {"count": lambda weight, s: math.ceil(s * weight.numel())},
        "You round the count up. torch.nn.utils.prune rounds to the nearest: 43.2 weights are 43.",
    ),
    (
        {"count": lambda weight, s: int(s * weight.numel() + 0.5)},
        "You round halves up. Python's round, which torch.nn.utils.prune uses, takes the even "
        "neighbour: 0.5 is 0, 1.5 is 2.",
    ),
    (
        {"count": lambda weight, s: _count_rounded_kept(weight, s)},
        "You round the number that *stays*. Round the number that goes, sparsity · n: at a half "
        "the two differ.",
    ),
    (
        {"count": _of_what_is_left},
        "You prune the fraction of what is still there, on top of the zeros. Sparsity counts all "
        "weights, and those that are 0 already are among the smallest.",
    ),
    (
        {"end": lambda weight, mask: weight * mask},
        "You return the pruned *weight*. The mask is asked for: boolean, True = kept.",
    ),
    (
        {"end": lambda weight, mask: mask.float()},
        "The right cells, but as the numbers 0.0 and 1.0. A mask is boolean here: ask for "
        "dtype=torch.bool, or compare to get one.",
    ),
    (
        {"end": lambda weight, mask: mask.flatten()},
        "Your mask is flat. It must have the weight's shape: reshape it in the end.",
    ),
)
_UNSTABLE = "PyTorch promises no order among equal ones: write argsort(stable=True)."


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
        Case("three weights, half go: round(1.5) is 2", lambda: (torch.tensor([3.0, -1, 2]), 0.5)),
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
        Case(
            "a transposed matrix: rows not side by side in memory",
            lambda: (normal(4, 3, seed=4).T, 0.5),
        ),
        Case("24 weights tie: the first go", lambda: (torch.full((4, 6), 0.5), 0.25)),
        Case(
            "24 whole numbers, many of them equal",
            lambda: ((1.5 * normal(4, 6, seed=1)).int().float(), 0.6),
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
            count = ...
            smallest_first = ...       # positions, equal ones in their order
            mask = torch.ones_like(magnitudes, dtype=torch.bool)
            mask[...] = False          # which positions go?
            return mask.reshape(...)
        """,
    ),
    misconceptions=(
        *(Misconception(_altered(**slip), says) for slip, says in _SLIPS),
        Misconception(
            _rank_of(stable=True),
            "You take argsort for a rank. It gives positions, smallest first: its first `count` "
            "entries say *where* the smallest weights are. Use them as an index into the mask.",
        ),
        Misconception(
            _by_topk,
            "Right but for ties: topk promises no order among equal ones. An order does: "
            "argsort(stable=True), and its first `count` entries.",
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
            _last_of_all_for_none,
            "Where nothing is to go, your threshold is the entry [-1], which is the largest of "
            "all. And a threshold cannot tell equal weights apart: count positions instead.",
        ),
        Misconception(
            _first_that_stays,
            "At sparsity 1 no weight stays, and there is no entry number n. And a threshold cannot "
            "tell equal weights apart: count positions instead.",
        ),
        Misconception(
            _kthvalue_of_zero,
            "kthvalue(k) is the k-th smallest, and where nothing is to go there is no 0-th. And a "
            "threshold cannot tell equal weights apart: count positions instead.",
        ),
        Misconception(
            _quantile(operator.gt),
            "A quantile is interpolated between two weights, and `>` treats equal weights alike, "
            "so the count is off with ties and with few weights. Count positions instead.",
        ),
        Misconception(
            _quantile(operator.ge),
            "A quantile is interpolated between two weights, and `>=` treats equal weights alike, "
            "so the count is off with ties and with few weights. Count positions instead.",
        ),
        Misconception(
            _below_a_value(operator.ge),
            "You use the sparsity as the threshold: all |w| below 0.5 go. Sparsity is the fraction "
            "of weights that go, whatever their values are.",
        ),
        Misconception(
            _below_a_value(operator.gt),
            "You use the sparsity as the threshold: all |w| up to 0.5 go. Sparsity is the fraction "
            "of weights that go, whatever their values are.",
        ),
        Misconception(
            _part_of_the_largest(operator.gt),
            "You take that part of the largest weight as the threshold: how many lie below it is "
            "another matter. Sparsity is the fraction of weights that go.",
        ),
        Misconception(
            _part_of_the_largest(operator.ge),
            "You keep all from that part of the largest weight on: how many lie below it is "
            "another matter. Sparsity is the fraction of weights that go.",
        ),
        Misconception(
            _last_tied_first,
            "Right but for ties: you prune the *last* of equal weights. The course prunes the "
            "first, so that everybody gets the same mask.",
        ),
        Misconception(
            _keeps_first_of(_largest_by_topk, _count_gone),
            "Right but for ties: you keep the largest by topk, which promises no order among equal "
            "ones. Of equal ones the first go: argsort(stable=True), smallest first.",
        ),
        Misconception(
            _keeps_first_of(_largest_first, _count_rounded_kept),
            "You round the number that stays, and of equal weights you keep the first. Round what "
            "goes, sparsity · n, and let the first of equal ones go: smallest first.",
        ),
        Misconception(
            _keeps_first_of(_largest_by_topk, _count_rounded_kept),
            "You round the number that stays, and topk promises no order among equal ones. Round "
            "what goes, sparsity · n, and take argsort(stable=True), smallest first.",
        ),
        Misconception(
            _last_ones_of(stable=True),
            "Where nothing is to go, [-0:] is everything. And of equal ones the first go: sort "
            "smallest first, and take [:count].",
        ),
        Misconception(
            _zero_means_pruned,
            "You take every weight that is 0 for pruned. One that is not among the smallest "
            "round(sparsity · n) is kept, whatever its value: mark positions, not values.",
        ),
        Misconception(
            _above_the_mean,
            "You compare with the mean size and do not look at the sparsity. Exactly "
            "round(sparsity · n) weights go.",
        ),
        Misconception(
            _in_each_row,
            "You prune the same part of each row. The smallest of *all* weights go, wherever they "
            "are: flatten first.",
        ),
        *(
            (
                Misconception(_altered(stable=False), f"Right but for ties. {_UNSTABLE}"),
                Misconception(
                    _keeps_first_of(_largest_first_unstable, _count_gone),
                    "Right but for ties: you keep the largest, and PyTorch promises no order among "
                    "equal ones. Of these the first go: argsort(stable=True), smallest first.",
                ),
                Misconception(
                    _keeps_first_of(_largest_first_unstable, _count_rounded_kept),
                    "You round the number that stays. Round what goes, sparsity · n; and let the "
                    "first of equal ones go: argsort(stable=True), smallest first.",
                ),
                Misconception(
                    _last_ones_of(stable=False),
                    "Where nothing is to go, [-0:] is everything. And of equal ones the first go: "
                    "argsort(stable=True), smallest first, and take [:count].",
                ),
                Misconception(
                    _rank_of(stable=False),
                    "You take argsort for a rank. It gives positions, smallest first: use its "
                    f"first `count` entries as an index into the mask. {_UNSTABLE}",
                ),
                *(
                    Misconception(
                        _altered(**slip, stable=False), f"{says} And another thing: {_UNSTABLE}"
                    )
                    for slip, says in _SLIPS
                ),
            )
            if _SORTS_DIFFER
            else ()
        ),
    ),
    crashes={
        "selected number k out of range": "Where nothing is to go, there is no 0-th smallest "
        "weight. Handle that case, or use an order instead of a threshold.",
        "slice indices must be integers": "A slice needs whole numbers: round(…) gives one, a "
        "product of floats does not.",
        "only tensors, integers": "A slice needs whole numbers: round(…) gives one, a product of "
        "floats does not.",
        "must be int": "How many go is a whole number: round(…) gives one, a product of floats "
        "does not.",
        "is out of bounds for dimension 0": "An index is too large. In a matrix the first index "
        "counts rows, not weights. Flatten |w|, fill a flat mask, and reshape it in the end.",
        "view size is not compatible": ".view wants the numbers side by side in memory. "
        ".flatten() and .reshape do not.",
        "does not match the shape of the indexed tensor": "A mask of one shape cannot index a "
        "tensor of another. Fill a flat mask, and reshape it in the end.",
    },
)
