"""Exercise 6.3: A mask that never brings a weight back."""

import torch
from torch import Tensor

from course_utils import masks
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import kept, normal


def next_mask(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    scores = weight.abs().masked_fill(~mask, -torch.inf)  # what has gone is the first to go again
    already = masks.sparsity(mask)
    return masks.mask_from_scores(scores, max(sparsity, already))


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
