"""Exercise 3.1: A filter mask."""

import math

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


def _whole_filters(kept: Tensor, weight: Tensor) -> Tensor:
    return torch.ones_like(weight, dtype=torch.bool) & kept.view(-1, *[1] * (weight.dim() - 1))


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


def _rounded_up(weight: Tensor, sparsity: float) -> Tensor:
    count = math.ceil(sparsity * len(weight))
    return _filters_of(weight.flatten(1).norm(dim=1), weight, count)


def _norms_along_dim_1(weight: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones_like(weight, dtype=torch.bool)
    order = weight.norm(dim=1).argsort(stable=True)
    mask[order[: round(sparsity * len(weight))]] = False
    return mask


def _per_cent(weight: Tensor, sparsity: float) -> Tensor:
    return masks.norm_mask(weight, sparsity / 100)


def _at_least_one(weight: Tensor, sparsity: float) -> Tensor:
    count = max(1, round(sparsity * len(weight)))
    return _filters_of(weight.flatten(1).norm(dim=1), weight, count)


def _count_of_those_kept(weight: Tensor, sparsity: float) -> Tensor:
    count = len(weight) - round((1 - sparsity) * len(weight))
    return _filters_of(weight.flatten(1).norm(dim=1), weight, count)


def _count_of_weights(weight: Tensor, sparsity: float) -> Tensor:
    count = round(sparsity * weight.numel()) // weight[0].numel()
    return _filters_of(weight.flatten(1).norm(dim=1), weight, count)


def _largest_weights(weight: Tensor, sparsity: float) -> Tensor:
    scores = weight.flatten(1).abs().amax(1)
    return _filters_of(scores, weight, round(sparsity * len(weight)))


def _order_as_rank(weight: Tensor, sparsity: float) -> Tensor:
    order = weight.flatten(1).norm(dim=1).argsort(stable=True)
    return _whole_filters(order >= round(sparsity * len(weight)), weight)


def _unstable(weight: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones_like(weight, dtype=torch.bool)
    order = weight.flatten(1).norm(dim=1).argsort()
    mask[order[: round(sparsity * len(weight))]] = False
    return mask


def _by_topk(weight: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones_like(weight, dtype=torch.bool)
    norms = weight.flatten(1).norm(dim=1)
    mask[norms.topk(round(sparsity * len(weight)), largest=False).indices] = False
    return mask


def _last_of_equal_ones(weight: Tensor, sparsity: float) -> Tensor:
    mask = masks.norm_mask(weight.flip(0), sparsity)
    return mask.flip(0)


def _found_by_value(weight: Tensor, sparsity: float) -> Tensor:
    norms = weight.flatten(1).norm(dim=1).tolist()
    mask = torch.ones_like(weight, dtype=torch.bool)
    for norm in sorted(norms)[: round(sparsity * len(norms))]:
        mask[norms.index(norm)] = False
    return mask


def _first_filters(weight: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[: round(sparsity * len(weight))] = False
    return mask


def _rounded_norms(weight: Tensor, sparsity: float) -> Tensor:
    norms = weight.flatten(1).norm(dim=1).round(decimals=2)
    return _filters_of(norms, weight, round(sparsity * len(weight)))


def _share_of_the_largest(weight: Tensor, sparsity: float) -> Tensor:
    norms = weight.flatten(1).norm(dim=1)
    return _whole_filters(norms >= sparsity * norms.max(), weight)


def _ties_all_stay(weight: Tensor, sparsity: float) -> Tensor:
    norms, count = weight.flatten(1).norm(dim=1), round(sparsity * len(weight))
    threshold = [*norms.sort().values.tolist(), math.inf][count]
    return _whole_filters(norms >= threshold, weight)


def _ties_all_go(weight: Tensor, sparsity: float) -> Tensor:
    norms, count = weight.flatten(1).norm(dim=1), round(sparsity * len(weight))
    threshold = [-math.inf, *norms.sort().values.tolist()][count]
    return _whole_filters(norms > threshold, weight)


def _from_the_quantile(weight: Tensor, sparsity: float) -> Tensor:
    norms = weight.flatten(1).norm(dim=1)
    return _whole_filters(norms >= norms.quantile(sparsity), weight)


def _above_the_quantile(weight: Tensor, sparsity: float) -> Tensor:
    norms = weight.flatten(1).norm(dim=1)
    return _whole_filters(norms > norms.quantile(sparsity), weight)


def _minus_zero(weight: Tensor, sparsity: float) -> Tensor:
    kept = len(weight) - round(sparsity * len(weight))
    mask = torch.zeros_like(weight, dtype=torch.bool)
    mask[weight.flatten(1).norm(dim=1).argsort(stable=True)[-kept:]] = True
    return mask


def _what_is_not_zero(weight: Tensor, sparsity: float) -> Tensor:
    return (weight * masks.norm_mask(weight, sparsity)) != 0


def _pruned_weight(weight: Tensor, sparsity: float) -> Tensor:
    return weight * masks.norm_mask(weight, sparsity)


def _only_broadcasts(weight: Tensor, sparsity: float) -> Tensor:
    answers = masks.norm_mask(weight, sparsity).flatten(1).any(1)
    return answers.view(-1, *[1] * (weight.dim() - 1))


def _laid_flat(weight: Tensor, sparsity: float) -> Tensor:
    return masks.norm_mask(weight, sparsity).flatten(1)


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
            "three rows, the last one goes",
            lambda: (torch.tensor([[0.5, 0.5], [-3.0, 1.0], [0.1, -0.1]]), 0.4),
        ),
        Case(
            "one large weight against many middling ones",
            lambda: (torch.tensor([[3.0, 0.0, 0.0, 0.0], [1.2, 1.2, 1.2, 1.2]]), 0.5),
        ),
        Case(
            "many middling weights against a large one that is not large enough",
            lambda: (torch.tensor([[1.2, 1.2, 1.2, 1.2], [2.0, 0.0, 0.0, 0.0]]), 0.5),
        ),
        Case(
            "norms that differ in the fourth digit",
            lambda: (torch.tensor([[0.5004, 0.0], [0.5002, 0.0]]), 0.5),
        ),
        Case("all rows tie: the first go first", lambda: (torch.ones(5, 2), 0.4)),
        Case("sparsity 0", lambda: (normal(3, 2), 0.0)),
        Case("sparsity 1", lambda: (normal(3, 2), 1.0)),
        Case("a conv layer of 4 filters", lambda: (normal(4, 2, 2, 2, seed=4), 0.5)),
        Case(
            "10 filters, 0.25: 2.5 is rounded to 2",
            lambda: (normal(10, 3, 3, 3, seed=2), 0.25),
        ),
        Case(
            "5 filters of nine weights, 0.35: 1.75 is rounded to 2",
            lambda: (normal(5, 1, 3, 3, seed=3), 0.35),
        ),
        Case(
            "3 filters of nine weights, 0.33: 0.99 is rounded to 1",
            lambda: (normal(3, 1, 3, 3, seed=5), 0.33),
        ),
        Case("32 equal norms: the first go first", lambda: (torch.ones(32, 2), 0.25)),
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
            norms = ...                             # one number for each filter
            count = round(...)                      # how many filters go
            order = norms.argsort(stable=True)      # their numbers, smallest norm first
            mask = torch.ones_like(weight, dtype=torch.bool)
            mask[...] = False
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
            _rounded_up,
            "You round the count up (ceil), so 1.2 filters become 2. torch.nn.utils.prune rounds "
            "to the nearest whole number: use round.",
        ),
        Misconception(
            _norms_along_dim_1,
            "`weight.norm(dim=1)` adds up along dim 1 only. That is a whole row of a matrix, but "
            "only one part of a conv filter: lay each filter flat first, `weight.flatten(1)`.",
        ),
        Misconception(
            _per_cent,
            "You divide the sparsity by 100. It is a fraction already: 0.4 for 40 %.",
        ),
        Misconception(
            _at_least_one,
            "You always prune at least one filter. round(0.5) is 0 here, and then none goes: that "
            "is what torch.nn.utils.prune does, too.",
        ),
        Misconception(
            _count_of_those_kept,
            "You round how many filters *stay*. Round how many go, round(sparsity · filters): at "
            "a half the two differ.",
        ),
        Misconception(
            _count_of_weights,
            "You count weights, and then see how many filters these fill. The sparsity is that of "
            "the filters: round(sparsity · len(weight)) of them go.",
        ),
        Misconception(
            _largest_weights,
            "You rank by the largest |w| of each filter. The L2 norm looks at all of its weights: "
            "square them, add, take the root.",
        ),
        Misconception(
            _order_as_rank,
            "argsort does not give each filter's rank: it lists the numbers of the filters in the "
            "order of their norms. The first `count` of that list go.",
        ),
        Misconception(
            _unstable,
            "Among equal norms your sort picks any: argsort keeps the order of equals only with "
            "stable=True. A net that is pruned already has many filters of norm 0.",
        ),
        Misconception(
            _by_topk,
            "Among equal norms topk picks any. Of equal ones the first are to go: take "
            "argsort(stable=True).",
        ),
        Misconception(
            _last_of_equal_ones,
            "Of equal norms yours prunes the last ones: a descending or reversed order begins "
            "with the first, which stay. The first of equal ones go first.",
        ),
        Misconception(
            _found_by_value,
            "You look a norm up by its value (index), which finds the first of equal ones again "
            "and again. Sort the numbers of the filters, not their norms: argsort.",
        ),
        Misconception(
            _first_filters,
            "You prune the first filters whatever their norms are. Rank them.",
        ),
        Misconception(
            _rounded_norms,
            "You round the norms before you rank them, so that close ones look equal.",
        ),
        Misconception(
            _share_of_the_largest,
            "You prune what lies below a share of the largest norm. The sparsity is how many "
            "filters go: rank them.",
        ),
        Misconception(
            _ties_all_stay,
            "You compare with a threshold, so that all filters of equal norm stay together, and "
            "too few go. Rank them: exactly round(sparsity · filters) go.",
        ),
        Misconception(
            _ties_all_go,
            "You compare with a threshold, so that all filters of equal norm go together, and too "
            "many are lost. Rank them: exactly round(sparsity · filters) go.",
        ),
        Misconception(
            _from_the_quantile,
            "A quantile lies between two norms, and >= keeps what is equal to it: the count is "
            "not always round(sparsity · filters). Rank the filters.",
        ),
        Misconception(
            _above_the_quantile,
            "A quantile lies between two norms, and > drops what is equal to it: the count is not "
            "always round(sparsity · filters). Rank the filters.",
        ),
        Misconception(
            _minus_zero,
            "At sparsity 1 yours keeps everything: order[-0:] is order[0:], the whole list. Take "
            "what goes, order[:count].",
        ),
        Misconception(
            _what_is_not_zero,
            "You ask which weights are not 0 after pruning. A filter that stays may hold zeros; "
            "they are kept with it. Build the mask from the filters.",
        ),
        Misconception(
            _pruned_weight,
            "You return the pruned weight. The mask is asked for, True where a weight is kept.",
        ),
        Misconception(
            _only_broadcasts,
            "The right filters, but the mask has one number for each. It would do in a product; "
            "asked for is the weight's own shape: `expand_as(weight)`.",
        ),
        Misconception(
            _laid_flat,
            "The right mask, but its filters are laid flat. Give it the weight's shape: "
            "`reshape(weight.shape)`.",
        ),
        Misconception(
            _filters_as_numbers,
            "The right cells, but as the numbers 0.0 and 1.0. A mask is boolean here.",
        ),
    ),
    crashes={
        "out of bounds": "At sparsity 1 no norm is left to compare with, at 0 none goes. Rank the "
        "filters and take the first `count` of the order; that works for 0 and for all.",
        "selected number k out of range": "At sparsity 0 there is no k-th smallest norm. Rank the "
        "filters and take the first `count` of the order; that works for 0 and for all.",
        "dim must be a 2-tuple": "The filters of a weight may be rows or blocks: it has two, "
        "three or four dimensions. `weight.flatten(1)` makes a row of each filter.",
        "cannot be applied to a 0-dim": "That is one norm for the whole layer. `flatten(1)` keeps "
        "dim 0, so that each filter becomes a row with a norm of its own.",
        "Dimension out of range": "The filters of a weight may be rows or blocks: it has two, "
        "three or four dimensions. `weight.flatten(1)` makes a row of each filter.",
    },
)
