"""Exercise 4.2: Exactly so many."""

import math

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


def _smallest_go(draws: Tensor, count: int, shape: torch.Size) -> Tensor:
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    mask[draws.flatten().argsort(stable=True)[:count]] = False
    return mask.reshape(shape)


def _largest_go(draws: Tensor, sparsity: float) -> Tensor:
    return masks.mask_from_scores(-draws, sparsity)


def _last_of_the_order(draws: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    stay = draws.numel() - round(sparsity * draws.numel())
    mask[draws.flatten().argsort(stable=True)[stay:]] = False
    return mask.reshape(draws.shape)


def _order_as_rank(draws: Tensor, sparsity: float) -> Tensor:
    order = draws.flatten().argsort(stable=True)
    return (order >= round(sparsity * draws.numel())).reshape(draws.shape)


def _unstable(draws: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    mask[draws.flatten().argsort()[: round(sparsity * draws.numel())]] = False
    return mask.reshape(draws.shape)


def _by_topk(draws: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    count = round(sparsity * draws.numel())
    mask[draws.flatten().topk(count, largest=False).indices] = False
    return mask.reshape(draws.shape)


def _last_of_equal_ones(draws: Tensor, sparsity: float) -> Tensor:
    flat = draws.flatten().flip(0)
    return masks.mask_from_scores(flat, sparsity).flip(0).reshape(draws.shape)


def _found_by_value(draws: Tensor, sparsity: float) -> Tensor:
    flat = draws.flatten().tolist()
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    for draw in sorted(flat)[: round(sparsity * len(flat))]:
        mask[flat.index(draw)] = False
    return mask.reshape(draws.shape)


def _whole_rows_counted(draws: Tensor, sparsity: float) -> Tensor:
    rows = round(sparsity * len(draws))
    return _smallest_go(draws, rows * draws[0].numel(), draws.shape)


def _ties_all_stay(draws: Tensor, sparsity: float) -> Tensor:
    ordered = [*draws.flatten().sort().values.tolist(), math.inf]
    return draws >= ordered[round(sparsity * draws.numel())]


def _ties_all_go(draws: Tensor, sparsity: float) -> Tensor:
    ordered = [-math.inf, *draws.flatten().sort().values.tolist()]
    return draws > ordered[round(sparsity * draws.numel())]


def _from_the_quantile(draws: Tensor, sparsity: float) -> Tensor:
    return draws >= draws.quantile(sparsity)


def _above_the_quantile(draws: Tensor, sparsity: float) -> Tensor:
    return draws > draws.quantile(sparsity)


def _count_of_rows(draws: Tensor, sparsity: float) -> Tensor:
    return _smallest_go(draws, round(sparsity * len(draws)), draws.shape)


def _count_rounded_up(draws: Tensor, sparsity: float) -> Tensor:
    return _smallest_go(draws, math.ceil(sparsity * draws.numel()), draws.shape)


def _half_is_rounded_up(draws: Tensor, sparsity: float) -> Tensor:
    return _smallest_go(draws, int(sparsity * draws.numel() + 0.5), draws.shape)


def _count_of_those_kept(draws: Tensor, sparsity: float) -> Tensor:
    stay = round((1 - sparsity) * draws.numel())
    return _smallest_go(draws, draws.numel() - stay, draws.shape)


def _at_least_one(draws: Tensor, sparsity: float) -> Tensor:
    return _smallest_go(draws, max(1, round(sparsity * draws.numel())), draws.shape)


def _minus_zero(draws: Tensor, sparsity: float) -> Tensor:
    mask = torch.zeros(draws.numel(), dtype=torch.bool)
    stay = draws.numel() - round(sparsity * draws.numel())
    mask[draws.flatten().argsort(stable=True)[-stay:]] = True
    return mask.reshape(draws.shape)


def _per_cent(draws: Tensor, sparsity: float) -> Tensor:
    return masks.mask_from_scores(draws, sparsity / 100)


def _not_flattened(draws: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones_like(draws, dtype=torch.bool)
    mask[draws.argsort(stable=True)[: round(sparsity * draws.numel())]] = False
    return mask


def _a_permutation(draws: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    mask[torch.randperm(draws.numel())[: round(sparsity * draws.numel())]] = False
    return mask.reshape(draws.shape)


def _fresh_draws(draws: Tensor, sparsity: float) -> Tensor:
    return masks.mask_from_scores(torch.rand(draws.shape), sparsity)


def _exact_numbers(draws: Tensor, sparsity: float) -> Tensor:
    return masks.mask_from_scores(draws, sparsity).float()


exact_mask = Exercise(
    id="4.2",
    title="Exactly so many",
    difficulty=1,
    importance=3,
    minutes=4,
    reference=exact_mask,
    cases=(
        Case("one weight, half of it: round(0.5) is 0", lambda: (torch.tensor([0.1]), 0.5)),
        Case("four weights, two go", lambda: (torch.tensor([0.9, 0.6, 0.8, 0.7]), 0.5)),
        Case("low draws in one row", lambda: (torch.tensor([[0.1, 0.2], [0.8, 0.9]]), 0.5)),
        Case(
            "draws that differ in the fourth digit", lambda: (torch.tensor([0.5004, 0.5002]), 0.5)
        ),
        Case("equal draws: the first go first", lambda: (torch.full((5,), 0.5), 0.4)),
        Case("sparsity 0", lambda: (torch.tensor([0.0, 0.5]), 0.0)),
        Case("sparsity 1", lambda: (torch.tensor([0.0, 0.5]), 1.0)),
        Case("7 weights, 0.4: 2.8 is 3", lambda: (uniform(7), 0.4)),
        Case("9 weights, 0.25: 2.25 is 2", lambda: (uniform(9, seed=2), 0.25)),
        Case("10 weights, 0.25: 2.5 is 2, the even number", lambda: (uniform(10, seed=4), 0.25)),
        Case("32 equal draws: the first go first", lambda: (torch.full((8, 4), 0.5), 0.25)),
        Case("a 3×4 layer, 0.2: 2.4 is 2", lambda: (uniform(3, 4, seed=3), 0.2)),
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
            count = round(...)                      # how many go, of the whole tensor
            order = ...                             # their places, smallest draw first
            mask = torch.ones(draws.numel(), dtype=torch.bool)
            mask[...] = False
            return mask.reshape(...)
        """,
    ),
    misconceptions=(
        Misconception(
            _by_threshold,
            "You compare with a threshold, as in exercise 4.1, so the count varies with the "
            "draws. Rank them: exactly round(sparsity · n) go.",
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
        Misconception(
            _largest_go,
            "You prune those with the *largest* draws. The count is right; turn the order round: "
            "the smallest draws go.",
        ),
        Misconception(
            _last_of_the_order,
            "You prune from the end of the order, where the *largest* draws stand. The count is "
            "right; the smallest draws go: order[:count].",
        ),
        Misconception(
            _order_as_rank,
            "argsort does not give each weight its rank: it lists the places of the weights in "
            "the order of their draws. The first `count` of that list go.",
        ),
        Misconception(
            _unstable,
            "Among equal draws your sort picks any: argsort keeps the order of equals only with "
            "stable=True.",
        ),
        Misconception(
            _by_topk,
            "Among equal draws topk picks any. Of equal ones the first are to go: take "
            "argsort(stable=True).",
        ),
        Misconception(
            _last_of_equal_ones,
            "Of equal draws yours prunes the last ones: a descending or reversed order begins "
            "with the first, which stay. The first of equal ones go first.",
        ),
        Misconception(
            _found_by_value,
            "You look a draw up by its value (index), which finds the first of equal ones again "
            "and again. Sort the places, not the draws: argsort.",
        ),
        Misconception(
            _whole_rows_counted,
            "You round a number of rows and count all of their weights. Round once, for the whole "
            "tensor: round(sparsity · draws.numel()).",
        ),
        Misconception(
            _ties_all_stay,
            "You compare with a threshold, so that all weights of equal draws stay together, and "
            "too few go. Rank them: exactly round(sparsity · n) go.",
        ),
        Misconception(
            _ties_all_go,
            "You compare with a threshold, so that all weights of equal draws go together, and "
            "too many are lost. Rank them: exactly round(sparsity · n) go.",
        ),
        Misconception(
            _from_the_quantile,
            "A quantile lies between two draws, and >= keeps what is equal to it: the count is "
            "not always round(sparsity · n). Rank the draws.",
        ),
        Misconception(
            _above_the_quantile,
            "A quantile lies between two draws, and > drops what is equal to it: the count is not "
            "always round(sparsity · n). Rank the draws.",
        ),
        Misconception(
            _count_of_rows,
            "len() of a tensor counts its rows. n is the number of all its weights: draws.numel().",
        ),
        Misconception(
            _count_rounded_up,
            "You round the count up (ceil): 2.25 weights are 2. Use round.",
        ),
        Misconception(
            _half_is_rounded_up,
            "You round halves up, so 2.5 weights become 3. Python's round takes a half to the "
            "even number: 2.",
        ),
        Misconception(
            _count_of_those_kept,
            "You round how many weights *stay*. Round how many go, round(sparsity · n): at a half "
            "the two differ.",
        ),
        Misconception(
            _at_least_one,
            "You always prune at least one weight. round(0.5) is 0, and then none goes.",
        ),
        Misconception(
            _minus_zero,
            "At sparsity 1 yours keeps everything: order[-0:] is order[0:], the whole list. Take "
            "what goes, order[:count].",
        ),
        Misconception(
            _per_cent,
            "You divide the sparsity by 100. It is a fraction already: 0.4 for 40 %.",
        ),
        Misconception(
            _not_flattened,
            "argsort without flatten() sorts each row for itself, and an index into a matrix "
            "takes whole rows of it. Lay the draws flat first, and reshape the mask.",
        ),
        Misconception(
            _a_permutation,
            "You draw a permutation of your own (torch.randperm). The lots are drawn already: "
            "rank `draws`, and the same draws give the same mask.",
        ),
        Misconception(
            _fresh_draws,
            "You draw new numbers with torch.rand. The lots are drawn already: rank `draws`, and "
            "the same draws give the same mask.",
        ),
        Misconception(
            _exact_numbers,
            "The right cells, but as the numbers 0.0 and 1.0. A mask is boolean here.",
        ),
        Misconception(_exact_flat, "The right weights, but the mask is flat. Reshape it."),
    ),
    crashes={
        "out of bounds": "At sparsity 1 no draw is left to compare with. Rank the draws and take "
        "the first `count` of the order; that works for 0 and for all.",
        "selected number k out of range": "At sparsity 0 there is no k-th smallest draw. Rank the "
        "draws and take the first `count` of the order; that works for 0 and for all.",
        "argsort() received an invalid combination": "Give the arguments of argsort by name: "
        "argsort(dim=…, stable=True).",
    },
)
