"""Lesson 05, Norm pruning and other criteria: norms of slices, and scores that see more.

The references call the library where an earlier exercise has been turned into it.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils import masks, scores
from course_utils.exercises.exercise import Case, Exercise, Misconception

Weights = dict[str, Tensor]
Loss = Callable[[Tensor], Tensor]


def _random(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# 5.1 ----------------------------------------------------------------------------------------------


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
        Case("a 1-D weight: each slice is one number", lambda: (torch.tensor([-2.0, 3.0]), 2, 0)),
        Case("dim −1, the last one", lambda: (_random(2, 4), 1, -1)),
        Case("the filters of a conv layer", lambda: (_random(3, 2, 2, 2), 2, 0)),
        Case("the input channels of a conv layer", lambda: (_random(3, 2, 2, 2), math.inf, 1)),
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
                return sizes.amax(...)
            return (...).sum(...) ** (...)
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
        "view size is not compatible": "After .movedim the numbers do not lie one after the other "
        "in memory. Use .reshape or .flatten where you use .view.",
    },
)


# 5.2 ----------------------------------------------------------------------------------------------


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
        Case("sparsity 0", lambda: (_random(3, 2), 0.0, 2, 0)),
        Case("sparsity 1", lambda: (_random(3, 2), 1.0, 2, 1)),
        Case("all rows tie: the first go first", lambda: (torch.ones(5, 4), 0.4, 2, 0)),
        Case("dim −1, the last one", lambda: (_random(2, 4, seed=5), 0.5, 1, -1)),
        Case("10 filters, 0.25: 2.5 is 2", lambda: (_random(10, 3, 3, 3, seed=2), 0.25, 1, 0)),
        Case("5 filters, 0.35: 1.75 is 2", lambda: (_random(5, 2, 1, 1, seed=3), 0.35, 2, 0)),
        Case(
            "the input channels of a conv layer",
            lambda: (_random(3, 4, 2, 2, seed=4), 0.5, math.inf, 1),
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


# 5.3 ----------------------------------------------------------------------------------------------


def comparable_norms(weights: Weights) -> Weights:
    comparable = {}
    for name, weight in weights.items():
        norms = scores.group_norm(weight, 2)  # (filters,)
        mean = norms.mean()
        comparable[name] = norms / mean if mean > 0 else norms
    return comparable


def _norms(weights: Weights) -> Weights:
    return {name: scores.group_norm(weight) for name, weight in weights.items()}


def _zero_where_undefined(by_name: Weights) -> Weights:
    return {name: values.nan_to_num(nan=0.0) for name, values in by_name.items()}


def _not_divided(weights: Weights) -> Weights:
    return _norms(weights)


def _zero_over_zero(weights: Weights) -> Weights:
    return {name: norms / norms.mean() for name, norms in _norms(weights).items()}


def _over_all_layers(weights: Weights) -> Weights:
    mean = torch.cat([*_norms(weights).values()]).mean()
    return _zero_where_undefined({name: norms / mean for name, norms in _norms(weights).items()})


def _by_slice_size(weights: Weights) -> Weights:
    return {name: norms / weights[name][0].numel() for name, norms in _norms(weights).items()}


def _root_mean_square(weights: Weights) -> Weights:
    return {name: w.flatten(1).square().mean(1).sqrt() for name, w in weights.items()}


def _by_the_largest(weights: Weights) -> Weights:
    return {name: norms / norms.max() for name, norms in _norms(weights).items()}


def _by_the_largest_or_zero(weights: Weights) -> Weights:
    return _zero_where_undefined(_by_the_largest(weights))


def _by_the_sum(weights: Weights) -> Weights:
    return {name: norms / norms.sum() for name, norms in _norms(weights).items()}


def _by_the_sum_or_zero(weights: Weights) -> Weights:
    return _zero_where_undefined(_by_the_sum(weights))


def _by_the_layers_norm(weights: Weights) -> Weights:
    shares = {name: norms / weights[name].norm() for name, norms in _norms(weights).items()}
    return _zero_where_undefined(shares)


def _standardised(weights: Weights) -> Weights:
    scored = {}
    for name, norms in _norms(weights).items():
        away = norms - norms.mean()
        scored[name] = away / (away.square().sum() / (len(norms) - 1)).sqrt()
    return scored


def _minus_the_mean(weights: Weights) -> Weights:
    return {name: norms - norms.mean() for name, norms in _norms(weights).items()}


def _sums_of_sizes(weights: Weights) -> Weights:
    sizes = {name: scores.group_norm(weight, 1) for name, weight in weights.items()}
    return _zero_where_undefined({name: norms / norms.mean() for name, norms in sizes.items()})


def _squares_compared(weights: Weights) -> Weights:
    squares = {name: w.flatten(1).square().sum(1) for name, w in weights.items()}
    return {name: sums / sums.mean() for name, sums in squares.items()}


def _squares_compared_or_zero(weights: Weights) -> Weights:
    return _zero_where_undefined(_squares_compared(weights))


def _over_dim_1_alone(weights: Weights) -> Weights:
    norms = {name: weight.norm(dim=1) for name, weight in weights.items()}
    return {name: each / each.mean() for name, each in norms.items()}


def _over_dim_1_alone_or_zero(weights: Weights) -> Weights:
    return _zero_where_undefined(_over_dim_1_alone(weights))


def _by_the_median(weights: Weights) -> Weights:
    return {name: norms / norms.median() for name, norms in _norms(weights).items()}


def _by_the_median_or_zero(weights: Weights) -> Weights:
    return _zero_where_undefined(_by_the_median(weights))


BY_THE_LARGEST = (
    "You divide by the largest norm of the layer. Then one unusually large filter makes all others "
    "of its layer look small. Divide by the mean: 1 is an *average* filter."
)
BY_THE_SUM = (
    "You divide by the sum of the norms, so that a filter's score is its share, and in a layer of "
    "many filters every share is small. Divide by the mean, and the number of filters drops out."
)
SQUARES_COMPARED = (
    "The root is missing: you compare sums of squares, so a filter of twice the norm counts four "
    "times. Take the root of each sum, then divide by the mean of the roots."
)
OVER_DIM_1_ALONE = (
    "You take the norm over dim 1 alone. A conv filter has more dims, (in, k, k), and the result "
    "has another shape. Call .flatten(1) first: then dim 1 holds the whole filter."
)
BY_THE_MEDIAN = (
    "You divide by the median. The *mean* is asked for: with two filters torch's median is the "
    "smaller norm, and the average filter no longer scores 1."
)
NAN_TOO = " And a layer of zeros comes out as 0/0, which is NaN; it is to score 0."

comparable_norms = Exercise(
    id="5.3",
    title="Filters of different layers on one scale",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=comparable_norms,
    cases=(
        Case("one filter: it is the average", lambda: ({"fc": torch.tensor([[3.0, -4.0]])},)),
        Case(
            "two filters of norms 1 and 3",
            lambda: ({"fc": torch.tensor([[1.0, 0.0], [0.0, -3.0]])},),
        ),
        Case(
            "two layers, the second 10 times as large",
            lambda: (
                {
                    "fc1": torch.tensor([[1.0, 0.0], [0.0, -3.0]]),
                    "fc2": torch.tensor([[10.0, 0.0], [0.0, -30.0]]),
                },
            ),
        ),
        Case(
            "a layer of zeros",
            lambda: ({"dead": torch.zeros(2, 2), "fc": torch.tensor([[1.0, 1.0], [-1.0, 2.0]])},),
        ),
        Case(
            "layers of two and of six filters",
            lambda: ({"conv1": _random(2, 3), "conv2": 0.1 * _random(6, 3, seed=2)},),
        ),
        Case(
            "filters of 9 and of 36 weights",
            lambda: ({"conv1": _random(3, 1, 3, 3), "conv2": _random(4, 4, 3, 3, seed=2)},),
        ),
    ),
    hints=(
        "How large a norm is depends on the layer: on its scale, and on how many weights a filter "
        "has. Measure each filter with its layer's own yardstick, the mean norm of that layer. "
        "And what is to come out where this yardstick is 0?",
        """
        layer    norms of its filters    mean    norms / mean
        fc1       1     3                 2      0.5   1.5
        fc2      10    30                20      0.5   1.5
        dead      0     0                 0      0     0
        """,
        """
        def comparable_norms(weights):
            comparable = {}
            for name, weight in weights.items():
                norms = group_norms(weight, ..., ...)
                mean = norms.mean()
                comparable[name] = ... if mean > 0 else ...
            return comparable
        """,
    ),
    misconceptions=(
        Misconception(
            _not_divided,
            "You return the norms as they are. A filter of many weights, or of a layer with a "
            "large scale, wins everywhere. Divide by the mean norm of its own layer.",
        ),
        Misconception(
            _zero_over_zero,
            "In a layer of zeros you divide 0 by 0, and get NaN. Nothing in it is worth keeping: "
            "it scores 0. Look at the mean before you divide.",
        ),
        Misconception(
            _over_all_layers,
            "You divide by the mean over *all* layers. One number for everything leaves the order "
            "as it was. Each layer needs its own mean.",
        ),
        Misconception(
            _by_slice_size,
            "You divide by the number of weights in a filter. That looks at the size of a filter "
            "only: a layer whose weights are 10 times as large still scores 10 times as much. "
            "Divide by the layer's mean norm; size and scale both drop out.",
        ),
        Misconception(
            _root_mean_square,
            "You take the root of the mean square of the weights. Filters of different sizes "
            "compare then, layers of different scales do not. Divide the norms by their mean in "
            "the layer.",
        ),
        Misconception(_by_the_largest_or_zero, BY_THE_LARGEST),
        Misconception(_by_the_largest, BY_THE_LARGEST + NAN_TOO),
        Misconception(_by_the_sum_or_zero, BY_THE_SUM),
        Misconception(_by_the_sum, BY_THE_SUM + NAN_TOO),
        Misconception(
            _by_the_layers_norm,
            "You divide by the norm of the whole layer, which grows with its number of filters. "
            "Divide by the mean of the filters' norms, so that the average filter scores 1.",
        ),
        Misconception(
            _standardised,
            "You subtract the mean and divide by the spread. Then a layer of nearly equal filters "
            "gets scores as far apart as any other, and one filter alone has no spread at all. "
            "Divide by the mean, nothing more.",
        ),
        Misconception(
            _minus_the_mean,
            "You subtract the mean. A layer of large scale still has the largest differences. "
            "Divide by the mean instead: 1 is an average filter, 0.5 one of half that norm.",
        ),
        Misconception(
            _sums_of_sizes,
            "You divide by the layer's mean, as you should, but take L1 norms. Here the L2 norm "
            "of each filter is asked for.",
        ),
        Misconception(_squares_compared_or_zero, SQUARES_COMPARED),
        Misconception(_squares_compared, SQUARES_COMPARED + NAN_TOO),
        Misconception(_over_dim_1_alone_or_zero, OVER_DIM_1_ALONE),
        Misconception(_over_dim_1_alone, OVER_DIM_1_ALONE + NAN_TOO),
        Misconception(_by_the_median_or_zero, BY_THE_MEDIAN),
        Misconception(_by_the_median, BY_THE_MEDIAN + NAN_TOO),
    ),
    crashes={
        "'dict' object has no attribute": "`weights` holds several tensors by name. Go through "
        "them with `for name, weight in weights.items()`.",
    },
)


# 5.4 ----------------------------------------------------------------------------------------------


def taylor_scores(weight: Tensor, loss: Loss) -> Tensor:
    w = weight.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss(w), w)
    return (weight * gradient).abs()


def _gradient(weight: Tensor, loss: Loss) -> Tensor:
    w = weight.clone().requires_grad_(True)
    return torch.autograd.grad(loss(w), w)[0]


def _gradient_only(weight: Tensor, loss: Loss) -> Tensor:
    return _gradient(weight, loss).abs()


def _weight_only(weight: Tensor, loss: Loss) -> Tensor:
    return weight.abs()


def _signed_product(weight: Tensor, loss: Loss) -> Tensor:
    return weight * _gradient(weight, loss)


def _change_to_expect(weight: Tensor, loss: Loss) -> Tensor:
    return -weight * _gradient(weight, loss)


def _abs_of_the_weight_only(weight: Tensor, loss: Loss) -> Tensor:
    return weight.abs() * _gradient(weight, loss)


def _abs_of_the_gradient_only(weight: Tensor, loss: Loss) -> Tensor:
    return weight * _gradient(weight, loss).abs()


def _squared(weight: Tensor, loss: Loss) -> Tensor:
    return (weight * _gradient(weight, loss)) ** 2


def _gradient_squared(weight: Tensor, loss: Loss) -> Tensor:
    return weight.abs() * _gradient(weight, loss) ** 2


def _weight_squared(weight: Tensor, loss: Loss) -> Tensor:
    return weight**2 * _gradient(weight, loss).abs()


def _tried_out(weight: Tensor, loss: Loss) -> Tensor:
    changes = []
    for index in range(weight.numel()):
        without = weight.clone()
        without.view(-1)[index] = 0
        changes.append((loss(without) - loss(weight)).abs())
    return torch.stack(changes).reshape(weight.shape)


def _gradients_on_the_input(weight: Tensor, loss: Loss) -> Tensor:
    weight.requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss(weight), weight)
    return (weight * gradient).abs()


def sum_of_squares(w: Tensor) -> Tensor:
    return (w**2).sum()


def linear_loss(w: Tensor) -> Tensor:
    return (torch.tensor([2.0, -1.0, 0.5]) * w).sum()


def first_weight_only(w: Tensor) -> Tensor:
    return 3 * w[0]


def distance_to_one(w: Tensor) -> Tensor:
    return ((w - 1) ** 2).sum()


def three_examples(w: Tensor) -> Tensor:
    x = torch.tensor([[1.0, -2.0], [0.5, 3.0], [-1.0, 1.0]])  # three examples, two inputs
    return F.cross_entropy(x @ w.T, torch.tensor([0, 2, 1]))


GRAD_RETURNS_A_TUPLE = (
    "torch.autograd.grad returns a tuple, one gradient for each tensor that you ask about. Unpack "
    "it: (gradient,) = torch.autograd.grad(…)."
)

taylor_scores = Exercise(
    id="5.4",
    title="What the loss would notice",
    difficulty=2,
    importance=3,
    minutes=7,
    reference=taylor_scores,
    cases=(
        Case("one weight, L = w²", lambda: (torch.tensor([3.0]), sum_of_squares)),
        Case("two weights, L = Σ w²", lambda: (torch.tensor([1.0, -2.0]), sum_of_squares)),
        Case(
            "L = 2·w₀ − w₁ + 0.5·w₂",
            lambda: (torch.tensor([1.0, 3.0, -2.0]), linear_loss),
        ),
        Case(
            "L = 3·w₀: the second weight does not matter",
            lambda: (torch.tensor([-1.0, 5.0]), first_weight_only),
        ),
        Case(
            "L = Σ (w − 1)², and one weight is 0 already",
            lambda: (torch.tensor([0.0, 3.0]), distance_to_one),
        ),
        Case(
            "L = Σ (w − 1)² at its minimum: all derivatives are 0",
            lambda: (torch.tensor([1.0, 1.0]), distance_to_one),
        ),
        Case("a 3×2 layer under cross-entropy", lambda: (_random(3, 2), three_examples)),
    ),
    hints=(
        "To first order, moving a weight by Δ changes the loss by Δ · ∂L/∂w. Pruning moves it from "
        "w to 0. For the derivatives, hand a copy that requires gradients to `loss`, and ask "
        "torch.autograd.grad for them.",
        """
        L = 2·w₀ − w₁ + 0.5·w₂
        w             1      3     −2
        ∂L/∂w         2     −1      0.5
        |w · ∂L/∂w|   2      3      1      w₂ goes first
        """,
        """
        def taylor_scores(weight, loss):
            w = weight.clone().requires_grad_(True)
            (gradient,) = torch.autograd.grad(..., w)
            return (...).abs()
        """,
    ),
    misconceptions=(
        Misconception(
            _gradient_only,
            "You return the size of the gradient. It says what a *small step* changes; pruning "
            "moves the weight all the way to 0. Multiply by the weight.",
        ),
        Misconception(
            _weight_only,
            "You return |w|, and the loss has no say in it. Multiply each weight by the derivative "
            "of the loss with respect to it.",
        ),
        Misconception(
            _signed_product,
            "Your products keep their signs. The most negative would go first, and these are the "
            "very weights whose removal *raises* the loss most. Take .abs() of the product.",
        ),
        Misconception(
            _change_to_expect,
            "You return −w · ∂L/∂w, the change of the loss with its sign. That is the right "
            "thought; the score is the size of this change: take .abs().",
        ),
        Misconception(
            _abs_of_the_weight_only,
            "You take .abs() of the weight only, so the sign of the gradient stays. Take it of the "
            "product.",
        ),
        Misconception(
            _abs_of_the_gradient_only,
            "You take .abs() of the gradient only, so the sign of the weight stays. Take it of the "
            "product.",
        ),
        Misconception(
            _squared,
            "You square the product. The order is the same, but the number is no longer how much "
            "the loss changes. Take .abs() instead.",
        ),
        Misconception(
            _gradient_squared,
            "You square the gradient. To first order the loss changes by w · ∂L/∂w: each factor "
            "comes in once.",
        ),
        Misconception(
            _weight_squared,
            "You multiply by the weight twice. To first order the loss changes by w · ∂L/∂w: each "
            "factor comes in once.",
        ),
        Misconception(
            _tried_out,
            "You set one weight after another to 0 and measure the true change. That is what the "
            "Taylor score estimates, but it takes a forward pass for every weight. One gradient "
            "estimates the change for all of them: |w · ∂L/∂w|.",
        ),
        Misconception(
            _gradients_on_the_input,
            "The right scores, but your function switches on gradients on `weight` itself; work on "
            "a clone. Whoever called you could no longer change that tensor in place: write "
            "w = weight.clone().requires_grad_(True).",
        ),
    ),
    crashes={
        "element 0 of tensors does not require grad": "torch writes down what happens to a tensor "
        "only if you ask for it before the loss is computed, and outside torch.no_grad(). Hand "
        "w = weight.clone().requires_grad_(True) to `loss`.",
        "One of the differentiated Tensors": "The gradient is asked for another tensor than the "
        "loss was computed from. Hand the same w to `loss` and to torch.autograd.grad.",
        "leaf Variable": "A tensor that requires gradients cannot be changed in place. Work on "
        "w = weight.clone().requires_grad_(True), and compute new tensors from it.",
        "NoneType": "The gradient is None. A .grad is filled in by loss(w).backward(), and only of "
        "the very tensor w that you called .requires_grad_(True) on.",
        "only integer tensors": GRAD_RETURNS_A_TUPLE,
        "'tuple'": GRAD_RETURNS_A_TUPLE,
        "'function' object has no attribute": "`loss` is a function. Call it with your tensor: "
        "loss(w) is the number to differentiate.",
    },
)


# 5.5 ----------------------------------------------------------------------------------------------


def activation_scores(weight: Tensor, inputs: Tensor) -> Tensor:
    norms = inputs.norm(dim=0)  # over the examples: (in,)
    return weight.abs() * norms


def _over_the_features(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.norm(dim=1)


def _examples_as_outputs(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.norm(dim=1)[:, None]


def _mean_input(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.mean(0)


def _size_of_the_mean_input(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.mean(0).abs()


def _sum_of_sizes(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.abs().sum(0)


def _mean_size(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.abs().mean(0)


def _root_missing(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.square().sum(0)


def _mean_square(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.square().mean(0).sqrt()


def _along_the_outputs(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.norm(dim=0)[:, None]


def _sign_left(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight * inputs.norm(dim=0)


def _common_factor(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.norm()


def _summed_up(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() @ inputs.norm(dim=0)


activation_scores = Exercise(
    id="5.5",
    title="What the layer really sees",
    difficulty=2,
    importance=2,
    minutes=6,
    reference=activation_scores,
    cases=(
        Case("one weight, one example", lambda: (torch.tensor([[-2.0]]), torch.tensor([[3.0]]))),
        Case(
            "one example of two features",
            lambda: (torch.tensor([[1.0, -2.0]]), torch.tensor([[5.0, -1.0]])),
        ),
        Case(
            "two examples of one feature",
            lambda: (torch.tensor([[1.0], [-0.5]]), torch.tensor([[3.0], [-4.0]])),
        ),
        Case(
            "a square weight, and as many examples as features",
            lambda: (
                torch.tensor([[1.0, -1.0], [2.0, 0.5]]),
                torch.tensor([[3.0, 0.0], [-4.0, 1.0]]),
            ),
        ),
        Case(
            "a dead feature: it is 0 in every example",
            lambda: (
                torch.tensor([[1.0, 9.0, -1.0]]),
                torch.tensor([[1.0, 0.0, -2.0], [2.0, 0.0, 2.0]]),
            ),
        ),
        Case("3 outputs, 2 features, 5 examples", lambda: (_random(3, 2), _random(5, 2, seed=2))),
        Case("3 outputs, 4 features, 3 examples", lambda: (_random(3, 4), _random(3, 4, seed=3))),
    ),
    hints=(
        "A weight multiplies one feature of the input. How large is that feature over the examples "
        "that you have? One norm for each feature, so in numbers, and each belongs to a column "
        "of the weight.",
        """
        inputs       x₀    x₁         weight      w₀     w₁
        example 0     3     0         output 0     1     −1
        example 1    −4     1         output 1     2      0.5
        ‖x‖₂          5     1         scores       5      1
                                                  10      0.5
        """,
        """
        def activation_scores(weight, inputs):
            norms = inputs.norm(dim=...)  # (in,)
            return ... * norms
        """,
    ),
    misconceptions=(
        Misconception(
            _over_the_features,
            "You take the norm of each *example* (over dim 1). One for each *feature* is wanted, "
            "over all examples: that is dim 0 of inputs, which is (examples, in).",
        ),
        Misconception(
            _examples_as_outputs,
            "You take one norm for each example and lay it along the outputs. Examples and outputs "
            "have nothing to do with each other: take the norm over dim 0, one for each feature.",
        ),
        Misconception(
            _mean_input,
            "You take the mean of each feature with its sign. A feature that is −5 as often as "
            "+5 then counts for nothing. The L2 norm counts sizes.",
        ),
        Misconception(
            _size_of_the_mean_input,
            "You take .abs() after the mean, when negative and positive inputs have cancelled out "
            "already. Use the L2 norm over the examples: square, add, take the root.",
        ),
        Misconception(
            _sum_of_sizes,
            "You add up |x|, the L1 norm. The L2 norm is asked for: square, add, take the root.",
        ),
        Misconception(
            _mean_size,
            "You take the mean of |x|. The L2 norm over the examples is asked for: square, add, "
            "take the root.",
        ),
        Misconception(
            _root_missing,
            "The root is missing: you multiply by the sum of the squares. A feature twice as large "
            "would count four times.",
        ),
        Misconception(
            _mean_square,
            "You divide by the number of examples (root *mean* square). The order of the weights "
            "is the same, but ‖x‖₂ is the root of the *sum* of squares.",
        ),
        Misconception(
            _along_the_outputs,
            "You lay the norms along the outputs (dim 0 of the weight). A feature is a *column* of "
            "the weight (out, in): norms of shape (in,) fall into place on their own.",
        ),
        Misconception(
            _sign_left,
            "The sign of the weight stays, so that large negative weights would go first. Take "
            "weight.abs().",
        ),
        Misconception(
            _common_factor,
            "You take one norm of all inputs. A common factor leaves the order of the weights as "
            "it was. Take a norm for each feature: dim=0.",
        ),
        Misconception(
            _summed_up,
            "With @ you add up the products of a row, and get one number for each output. Every "
            "weight has a score of its own: use *.",
        ),
    ),
    crashes={
        "must match the size of tensor": "inputs is (examples, in), weight is (out, in). Take the "
        "norm over the examples (dim 0): shape (in,), which lies along the last dim of the weight.",
        "mat1 and mat2 shapes": "No matrix product is needed here: each weight is multiplied by "
        "one number, the norm of its feature. Use *.",
    },
)
