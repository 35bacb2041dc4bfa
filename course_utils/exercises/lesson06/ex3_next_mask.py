"""Exercise 6.3: A mask that never brings a weight back."""

import math

import torch
from torch import Tensor

from course_utils import masks
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import kept, normal


def next_mask(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    scores = weight.abs().masked_fill(~mask, -torch.inf)  # what has gone is the first to go again
    already = masks.sparsity(mask)
    return masks.mask_from_scores(scores, max(sparsity, already))


_right_mask = next_mask


def more_than(mask: Tensor, weight: Tensor, count: int) -> Tensor:
    """Prune ``count`` further weights, the smallest of those that ``mask`` keeps."""
    gone = int((~mask).sum())
    return masks.magnitude_mask(weight, min(1.0, (gone + count) / mask.numel()), mask)


def _ranks_anew(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return masks.magnitude_mask(weight, sparsity)


def _old_and_fresh(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return mask & masks.magnitude_mask(weight, sparsity)


def _of_what_is_left(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return more_than(mask, weight, round(sparsity * int(mask.sum())))


def _on_top(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return more_than(mask, weight, round(sparsity * mask.numel()))


def _product_ranked(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return masks.magnitude_mask(weight * mask, sparsity)


def _product_ranked_and_old(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return mask & masks.magnitude_mask(weight * mask, sparsity)


def _product_ranked_to_the_larger_count(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return masks.magnitude_mask(weight * mask, max(sparsity, masks.sparsity(mask)))


def _missing(mask: Tensor, sparsity: float) -> int:
    """How many weights are still to go; below 0 where less is asked than is pruned already."""
    return round(sparsity * mask.numel()) - int((~mask).sum())


def _without(mask: Tensor, positions: Tensor) -> Tensor:
    new = mask.flatten().clone()
    new[positions] = False
    return new.reshape(mask.shape)


def _negative_slice_of_the_kept(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    kept = mask.flatten().nonzero().flatten()
    order = weight.flatten()[kept].abs().argsort(stable=True)
    return _without(mask, kept[order[: _missing(mask, sparsity)]])


def _negative_slice_of_all(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    order = weight.abs().masked_fill(~mask, torch.inf).flatten().argsort(stable=True)
    return _without(mask, order[: _missing(mask, sparsity)])


def _written_into_a_copy(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return mask.clone()


def _topk_of_all(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    ranked = weight.abs().masked_fill(~mask, -torch.inf).flatten()
    count = max(round(sparsity * mask.numel()), int((~mask).sum()))
    return _without(torch.ones_like(mask), ranked.topk(count, largest=False).indices)


def _topk_of_the_kept(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    kept = mask.flatten().nonzero().flatten()
    count = max(_missing(mask, sparsity), 0)
    return _without(mask, kept[weight.flatten()[kept].abs().topk(count, largest=False).indices])


def _brings_back_if_asked_for_less(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return masks.mask_from_scores(weight.abs().masked_fill(~mask, -torch.inf), sparsity)


def _next_rounded_down(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return masks.magnitude_mask(weight, int(sparsity * mask.numel()) / mask.numel(), mask)


def _next_inverted(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return ~masks.magnitude_mask(weight, sparsity, mask)


def _next_tied_go(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    count = round(sparsity * mask.numel()) - int((~mask).sum())
    if count <= 0:
        return mask.clone()
    return mask & (weight.abs() > weight.abs()[mask].kthvalue(count).values)


def _next_tied_stay(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    ranked = weight.abs().masked_fill(~mask, -torch.inf)
    count = max(round(sparsity * mask.numel()), int((~mask).sum()))
    threshold = torch.inf if count == mask.numel() else ranked.flatten().sort().values[count]
    return mask & (ranked >= threshold)


def _mask_in_place(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    mask &= masks.magnitude_mask(weight, sparsity, mask)
    return mask


def _next_signed(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return masks.mask_from_scores(weight, sparsity, mask)


def _count(mask: Tensor, sparsity: float) -> int:
    return max(round(sparsity * mask.numel()), int((~mask).sum()))


def _first_of(scores: Tensor, count: int) -> Tensor:
    """The mask without the ``count`` smallest scores, the first of equal ones first."""
    order = scores.flatten().argsort(stable=True)
    return _without(torch.ones_like(scores, dtype=torch.bool), order[:count])


def _next_unstable(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    order = weight.abs().masked_fill(~mask, -torch.inf).flatten().argsort()
    return _without(torch.ones_like(mask), order[: _count(mask, sparsity)])


def _last_of_equal_go(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    ranked = weight.abs().masked_fill(~mask, -torch.inf).flatten()
    order = ranked.argsort(descending=True, stable=True)
    return _without(torch.ones_like(mask), order[mask.numel() - _count(mask, sparsity) :])


def _zeros_ranked(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return masks.mask_from_scores(weight.masked_fill(~mask, 0).abs(), sparsity)


def _zeros_ranked_to_the_larger_count(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return _first_of(weight.masked_fill(~mask, 0).abs(), _count(mask, sparsity))


def _product_minus_the_pruned(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return _first_of((weight * mask).abs() - (~mask).float(), _count(mask, sparsity))


def _size_minus_a_lot(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return _first_of(weight.abs() - 1e6 * (~mask), _count(mask, sparsity))


def _pruned_ranked_last(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return _first_of(weight.abs().masked_fill(~mask, torch.inf), _count(mask, sparsity))


def _zeros_are_pruned(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return masks.magnitude_mask(weight, sparsity, weight * mask != 0)


def _half_rounded_up(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return more_than(mask, weight, max(int(sparsity * mask.numel() + 0.5) - _gone(mask), 0))


def _next_rounded_up(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return more_than(mask, weight, max(math.ceil(sparsity * mask.numel()) - _gone(mask), 0))


def _rounds_the_kept(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    stay = round((1 - sparsity) * mask.numel())
    return more_than(mask, weight, max(mask.numel() - stay - _gone(mask), 0))


def _rows_counted(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return more_than(mask, weight, max(round(sparsity * len(mask)) - _gone(mask), 0))


def _counted_over_the_kept(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return more_than(mask, weight, max(round(sparsity * int(mask.sum())) - _gone(mask), 0))


def _gone(mask: Tensor) -> int:
    return int((~mask).sum())


def _positions_for_ranks(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    order = weight.abs().masked_fill(~mask, -torch.inf).flatten().argsort(stable=True)
    return (order >= _count(mask, sparsity)).reshape(mask.shape)


def _positions_among_the_kept(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    order = weight[mask].abs().argsort(stable=True)
    return _without(mask, order[: max(_missing(mask, sparsity), 0)])


def _up_to_a_quantile(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return mask & (weight.abs() > weight[mask].abs().quantile(sparsity))


def _next_flat(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return _right_mask(weight, mask, sparsity).flatten()


def _next_as_numbers(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return _right_mask(weight, mask, sparsity).float()


def _next_weight(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return weight.masked_fill(~_right_mask(weight, mask, sparsity), 0)


next_mask = Exercise(
    id="6.3",
    title="A mask that never brings a weight back",
    difficulty=3,
    importance=3,
    minutes=8,
    reference=next_mask,
    cases=(
        Case(
            "nothing is pruned yet",
            lambda: (torch.tensor([0.1, -3.0, -0.2, 1.0]), kept(1, 1, 1, 1), 0.5),
        ),
        Case(
            "a pruned weight has the largest number behind its mask",
            lambda: (torch.tensor([9.0, 1.0, -2.0, 3.0]), kept(0, 1, 1, 1), 0.5),
        ),
        Case(
            "a kept weight is 0 and stands before a pruned one",
            lambda: (torch.tensor([0.0, 0.0, 1.0, 2.0]), kept(1, 0, 1, 1), 0.25),
        ),
        Case(
            "asked for less than is pruned already",
            lambda: (torch.tensor([5.0, 1.0, 2.0, 3.0]), kept(0, 1, 0, 1), 0.25),
        ),
        Case(
            "a huge number behind the mask",
            lambda: (torch.tensor([1.0, 1e9, -2.0, 3.0]), kept(1, 0, 1, 1), 0.5),
        ),
        Case(
            "∞ behind the mask",
            lambda: (torch.tensor([3.0, math.inf, 1.0, -2.0]), kept(1, 0, 1, 1), 0.5),
        ),
        Case("sparsity 0", lambda: (torch.tensor([1.0, 0.0, -2.0]), kept(1, 1, 1), 0.0)),
        Case("sparsity 1", lambda: (torch.tensor([1.0, 0.0, -2.0]), kept(1, 0, 1), 1.0)),
        Case(
            "kept weights tie: the first go first",
            lambda: (
                torch.tensor([1.0, 4.0, -1.0, 1.0, 1.0, 1.0]),
                kept(1, 1, 0, 1, 1, 1),
                0.5,
            ),
        ),
        Case(
            "100 kept weights with ties of 33 and 34",
            lambda: (1.0 + torch.arange(100) % 3, torch.ones(100, dtype=torch.bool), 0.5),
        ),
        Case("5 weights, half of them: 2.5 is 2", lambda: (normal(5), kept(1, 1, 1, 0, 1), 0.5)),
        Case("10 weights, 0.25: 2.5 is 2", lambda: (normal(10), normal(10, seed=7) < 1.5, 0.25)),
        Case(
            "5 weights, sparsity 0.55: 2.75 is 3",
            lambda: (normal(5), kept(1, 1, 1, 0, 1), 0.55),
        ),
        Case(
            "a 4×6 matrix, 30 % by chance, then 70 %",
            lambda: (normal(4, 6, seed=2), normal(4, 6, seed=3) > -0.5, 0.7),
        ),
        Case(
            "filters of a conv layer, half by chance, then 80 %",
            lambda: (
                normal(3, 2, 3, 3, seed=4),
                normal(3, 2, 3, 3, seed=5) > 0,
                0.8,
            ),
        ),
    ),
    hints=(
        "What has gone must be the first to go again. Give it a score that is below every |w|, "
        "whatever number stands behind its mask, and rank everything together: then it counts by "
        "itself. If the earlier mask already prunes more than asked, that count stands.",
        """
        weight    9    1   −2    3       sparsity 0.5 → round(0.5 · 4) = 2 are pruned in total
        mask      □    ■    ■    ■
        score    −∞    1    2    3       smallest first: #0, #1, #2, #3
        new mask  □    □    ■    ■       #0 stays pruned, #1 joins it
        """,
        """
        def next_mask(weight, mask, sparsity):
            scores = weight.abs().masked_fill(~mask, ...).flatten()
            already = int((~mask).sum())
            count = max(..., already)
            new = torch.ones_like(scores, dtype=torch.bool)
            new[scores.argsort(stable=True)[...]] = False
            return new.reshape(...)
        """,
    ),
    misconceptions=(
        Misconception(
            _next_inverted, "Your mask marks what goes. True (1) means *kept* in this course."
        ),
        Misconception(
            _ranks_anew,
            "You rank all the weights anew and forget the earlier mask. A pruned weight keeps a "
            "number behind its mask; where that is large, the weight comes back. Give what is "
            "pruned a score below every |w|.",
        ),
        Misconception(
            _old_and_fresh,
            "You join the earlier mask with a fresh one. The fresh one chooses among all weights, "
            "so where the two disagree the total is more than asked. What is pruned already "
            "counts: only the rest is chosen, among the kept weights.",
        ),
        Misconception(
            _of_what_is_left,
            "You take the sparsity as a fraction of what is *left*. It is the total afterwards, "
            "counted over the whole tensor: round(sparsity · n) pruned, the earlier ones "
            "included.",
        ),
        Misconception(
            _on_top,
            "You prune round(sparsity · n) further weights on top of the earlier ones. The "
            "sparsity is the total afterwards: what is pruned already counts.",
        ),
        Misconception(
            _product_ranked,
            "You rank weight * mask, where a pruned weight scores 0. A kept weight that is 0 ties "
            "with it, and where less is asked for only some of the zeros go: either way pruned "
            "weights come back. Give them a score below 0, and never let the count fall.",
        ),
        Misconception(
            _product_ranked_and_old,
            "Nearly: a pruned weight scores 0, and so does a kept weight that is 0. Where the kept "
            "one stands first it goes in the other's place, and one too many is pruned. Give the "
            "pruned ones a score below 0.",
        ),
        Misconception(
            _product_ranked_to_the_larger_count,
            "The count is right. But you rank weight * mask, where a pruned weight scores 0, and "
            "so does a kept weight that is 0. Where the kept one stands first it goes, and the "
            "pruned one comes back. Give the pruned ones a score below 0.",
        ),
        Misconception(
            _negative_slice_of_the_kept,
            "Right, until less is asked for than is pruned already. Then the number still to go is "
            "negative, and order[:-1] is everything but the last. Take max(…, 0) of it.",
        ),
        Misconception(
            _negative_slice_of_all,
            "Right, until less is asked for than is pruned already. Then the number still to go is "
            "negative, order[:-1] is everything but the last, and no kept weight is left. Take "
            "max(…, 0) of it.",
        ),
        Misconception(
            _written_into_a_copy,
            "Your mask is the earlier one: nothing new is pruned. new[mask] is a copy, so "
            "new[mask][…] = False is lost. Find the positions first, "
            "kept = new.flatten().nonzero().flatten(), and write into the flat mask itself.",
        ),
        Misconception(
            _topk_of_all,
            "Right, but for ties: of equal scores torch.topk takes whichever it finds, and here "
            "the first go first. Use argsort(stable=True)[:count].",
        ),
        Misconception(
            _topk_of_the_kept,
            "Right, but for ties: of equal kept weights torch.topk takes whichever it finds, and "
            "here the first go first. Use argsort(stable=True)[:count].",
        ),
        Misconception(
            _brings_back_if_asked_for_less,
            "Right, until less is asked for than is pruned already: then you bring weights back. "
            "The count never falls: take the larger of the two.",
        ),
        Misconception(
            _next_rounded_down,
            "You cut the count off (int or //). torch.nn.utils.prune rounds: 2.75 weights are 3.",
        ),
        Misconception(
            _next_tied_go,
            "Where kept weights tie at the threshold, all of them go, so the total is more than "
            "asked. Count positions, not values: the first of equal ones go first.",
        ),
        Misconception(
            _next_tied_stay,
            "Where kept weights tie at the threshold, all of them stay, so the total is less than "
            "asked. Count positions, not values: the first of equal ones go first.",
        ),
        Misconception(
            _next_unstable,
            "Right, but for many ties: argsort() puts more than 16 equal numbers in any order, and "
            "here the first go first. Say argsort(stable=True).",
        ),
        Misconception(
            _last_of_equal_go,
            "Of equal kept weights your last ones go. Here the first go first: sort upwards, "
            "argsort(stable=True), and prune the first so many.",
        ),
        Misconception(
            _zeros_ranked,
            "A pruned weight scores 0 with you. A kept weight that is 0 ties with it, and where "
            "less is asked for only some of the zeros go: either way pruned weights come back. "
            "Give them a score below 0, and never let the count fall.",
        ),
        Misconception(
            _zeros_ranked_to_the_larger_count,
            "The count is right. But a pruned weight scores 0, and so does a kept weight that is "
            "0. Where the kept one stands first it goes, and the pruned one comes back. Give the "
            "pruned ones a score below 0.",
        ),
        Misconception(
            _product_minus_the_pruned,
            "Right, until ∞ stands behind the mask: ∞ · 0 is NaN, and NaN is sorted last. "
            "Do not compute with what is pruned: masked_fill or torch.where put a number in its "
            "place.",
        ),
        Misconception(
            _size_minus_a_lot,
            "You take something off from what is pruned. Whatever it is, the number behind the "
            "mask may be larger, or ∞. Put a number in its place, with masked_fill or torch.where.",
        ),
        Misconception(
            _pruned_ranked_last,
            "What is pruned already gets the *largest* score with you, so it goes last and comes "
            "back. It must be the first to go again: a score below every |w|.",
        ),
        Misconception(
            _zeros_are_pruned,
            "You read from the zeros of weight * mask what is pruned. A kept weight may be 0 by "
            "itself: go by `mask`.",
        ),
        Misconception(
            _half_rounded_up,
            "You round halves up. Python's round, which torch.nn.utils.prune uses, rounds a half "
            "to the even number: 2.5 weights are 2.",
        ),
        Misconception(
            _next_rounded_up,
            "You round the count up. torch.nn.utils.prune rounds to the nearest number, and a half "
            "to the even one: 2.5 weights are 2.",
        ),
        Misconception(
            _rounds_the_kept,
            "You round the number of weights that *stay*. Round the number that are pruned, "
            "round(sparsity · n): of 5 weights at 0.5 that is 2, where yours are 3.",
        ),
        Misconception(
            _rows_counted,
            "len counts rows. n is the number of weights: mask.numel().",
        ),
        Misconception(
            _counted_over_the_kept,
            "You take the total from the kept weights only. It is counted over the whole tensor: "
            "round(sparsity · n) pruned, the earlier ones included.",
        ),
        Misconception(
            _positions_for_ranks,
            "You take argsort for the ranks. It tells *which* weight comes first, second, …, not "
            "which place each weight has: set the positions order[:count] to False.",
        ),
        Misconception(
            _positions_among_the_kept,
            "Your positions count among the kept weights, and you use them in the whole mask. "
            "Translate them: kept = mask.flatten().nonzero().flatten(), then kept[order].",
        ),
        Misconception(
            _up_to_a_quantile,
            "You prune the kept weights up to a quantile. That takes the sparsity as a fraction of "
            "what is left, and between two weights it rounds in its own way. Count positions, "
            "until round(sparsity · n) of all n are pruned.",
        ),
        Misconception(
            _next_flat,
            "The right answers, laid flat. A mask has its weight's shape: .reshape(mask.shape).",
        ),
        Misconception(
            _next_as_numbers,
            "The right cells, but as the numbers 0.0 and 1.0. A mask is boolean here.",
        ),
        Misconception(
            _next_weight,
            "You return the pruned weight. Asked for is the mask, True where a weight is kept.",
        ),
        Misconception(
            _mask_in_place,
            "The right mask, but you write it into the earlier one (&= and mask[…] = False work in "
            "place). Whoever called you still needs that one: make a new tensor.",
        ),
        Misconception(
            _next_signed,
            "You rank by the signed value, so −3.0 counts as the smallest of all. Magnitude means "
            "|w|: take .abs() first.",
        ),
    ),
    crashes={
        "with a bool tensor": "To turn a boolean mask round, write ~mask.",
        "on a bool tensor": "To turn a boolean mask round, write ~mask.",
        "slice indices must be integers": "A slice needs whole numbers: round(…) gives one, a "
        "product of floats does not.",
        "selected number k out of range": "There is no 0-th smallest weight. When nothing more is "
        "to go, return a copy of the earlier mask.",
        "out of bounds for dimension": "An index is too large. Where all weights go, the sorted "
        "scores have no entry number `count` to serve as a threshold: rank the weights instead.",
    },
)
