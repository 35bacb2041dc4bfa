"""Lesson 06, Iterative pruning: schedules, the loop that never un-prunes, the lottery ticket.

The references call the library where an earlier exercise has been turned into it.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from course_utils import masks
from course_utils.exercises.exercise import Case, Exercise, Misconception

Schedules = dict[str, list[float]]
State = dict[str, Tensor]
Train = Callable[[Tensor, Tensor], Tensor]


def _random(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# 6.1 ----------------------------------------------------------------------------------------------


def three_schedules(end: float, rounds: int) -> Schedules:
    parts = [t / rounds for t in range(1, rounds + 1)]  # how far the plan is after each round
    return {
        "linear": [end * part for part in parts],
        "geometric": [1 - (1 - end) ** part for part in parts],
        "cubic": [end * (1 - (1 - part) ** 3) for part in parts],
    }


_right_schedules = three_schedules


def _at(parts: Sequence[float], end: float) -> Schedules:
    return {
        "linear": [end * part for part in parts],
        "geometric": [1 - (1 - end) ** part for part in parts],
        "cubic": [end * (1 - (1 - part) ** 3) for part in parts],
    }


def _counted_from_zero(end: float, rounds: int) -> Schedules:
    return _at([t / rounds for t in range(rounds)], end)


def _last_round_missing(end: float, rounds: int) -> Schedules:
    return _at([t / rounds for t in range(1, rounds)], end)


def _with_the_start(end: float, rounds: int) -> Schedules:
    return _at([t / rounds for t in range(rounds + 1)], end)


def _steps(end: float, rounds: int) -> Schedules:
    return {
        name: [after - before for before, after in zip([0.0, *totals], totals, strict=False)]
        for name, totals in _right_schedules(end, rounds).items()
    }


def _instead(
    name: str, shape: Callable[[float, float], float], end: float, rounds: int
) -> Schedules:
    """The right answer, but for one schedule."""
    wrong = [shape(end, t / rounds) for t in range(1, rounds + 1)]
    return {**_right_schedules(end, rounds), name: wrong}


def _sparsity_to_a_power(end: float, rounds: int) -> Schedules:
    return _instead("geometric", lambda end, part: end**part, end, rounds)


def _sparsity_from_small(end: float, rounds: int) -> Schedules:
    return _instead("geometric", lambda end, part: end ** (1 / part), end, rounds)


def _what_is_left(end: float, rounds: int) -> Schedules:
    return _instead("geometric", lambda end, part: (1 - end) ** part, end, rounds)


def _whole_factor_each_round(end: float, rounds: int) -> Schedules:
    return _instead("geometric", lambda end, part: 1 - (1 - end) ** (part * rounds), end, rounds)


def _equal_amounts_of_the_end(end: float, rounds: int) -> Schedules:
    wrong = [1 - (1 - end / rounds) ** t for t in range(1, rounds + 1)]
    return {**_right_schedules(end, rounds), "geometric": wrong}


def _cubic_still_to_go(end: float, rounds: int) -> Schedules:
    return _instead("cubic", lambda end, part: end * (1 - part) ** 3, end, rounds)


def _cubic_to_the_full(end: float, rounds: int) -> Schedules:
    return _instead("cubic", lambda end, part: 1 - (1 - part) ** 3, end, rounds)


def _cubic_small_steps_first(end: float, rounds: int) -> Schedules:
    return _instead("cubic", lambda end, part: end * part**3, end, rounds)


def _cubic_part_cubed(end: float, rounds: int) -> Schedules:
    return _instead("cubic", lambda end, part: end * (1 - part**3), end, rounds)


three_schedules = Exercise(
    id="6.1",
    title="Three schedules",
    difficulty=2,
    importance=3,
    minutes=8,
    reference=three_schedules,
    cases=(
        Case("one round: all three are the end", lambda: (0.5, 1)),
        Case("75 % in two rounds", lambda: (0.75, 2)),
        Case("80 % in four rounds", lambda: (0.8, 4)),
        Case("99 % in five rounds", lambda: (0.99, 5)),
        Case("nothing is to go", lambda: (0.0, 2)),
        Case("everything is to go", lambda: (1.0, 3)),
    ),
    hints=(
        "Work with the part t/rounds of the plan that is done after round t: it ends at 1. Linear "
        "multiplies the end by it. Geometric uses it as the power of the *density* 1 − end. Cubic "
        "takes what is still to do, 1 − t/rounds, to the power of 3, and subtracts that from 1.",
        """
        80 % in 4 rounds     t = 1   t = 2   t = 3   t = 4
        part t/4              0.25    0.50    0.75    1.00
        linear     total      0.20    0.40    0.60    0.80     + 0.20 each round
        geometric  density    0.67    0.45    0.30    0.20     · 0.67 each round
                   total      0.33    0.55    0.70    0.80     1 − density
        cubic      still      0.42    0.13    0.02    0.00     (1 − part)³
                   total      0.46    0.70    0.79    0.80     0.8 · (1 − still)
        """,
        """
        def three_schedules(end, rounds):
            parts = [t / rounds for t in range(1, ...)]
            return {
                "linear": [end * part for part in parts],
                "geometric": [1 - ... ** part for part in parts],
                "cubic": [end * (1 - ...) for part in parts],
            }
        """,
    ),
    misconceptions=(
        Misconception(
            _counted_from_zero,
            "You count the rounds from 0, so the first one prunes nothing and the end is never "
            "reached. After the last round t is `rounds`: use range(1, rounds + 1).",
        ),
        Misconception(
            _last_round_missing,
            "Your lists are one short: the last round is missing, and with it the end. range stops "
            "before its second number: use range(1, rounds + 1).",
        ),
        Misconception(
            _with_the_start,
            "Your lists begin with 0, the dense net. That is where you start, not what a round "
            "leaves behind: one entry for each round, the first at t = 1.",
        ),
        Misconception(
            _steps,
            "You list what each round *adds*. A schedule holds the total sparsity after each "
            "round, so its last entry is the end.",
        ),
        Misconception(
            _sparsity_to_a_power,
            "Your geometric schedule is end ** (t/rounds): it starts above the end and comes down. "
            "What shrinks by the same factor each round is the density, so 1 − end takes the "
            "power, and the sparsity is 1 minus that.",
        ),
        Misconception(
            _sparsity_from_small,
            "Your geometric schedule is end ** (rounds/t): it starts too low and takes its largest "
            "steps late. What shrinks by the same factor each round is the density, "
            "(1 − end) ** (t/rounds). The sparsity is 1 minus that.",
        ),
        Misconception(
            _what_is_left,
            "Your geometric numbers are densities: the fraction that is *left*. The sparsity is 1 "
            "minus that.",
        ),
        Misconception(
            _whole_factor_each_round,
            "In your geometric schedule you reach the end in round 1: the power is t, where it "
            "should be t/rounds. Only after the last round is the density 1 − end.",
        ),
        Misconception(
            _equal_amounts_of_the_end,
            "In your geometric schedule each round prunes end/rounds of what is left. That is less "
            "and less of the whole, so the last round stays below the end. The density has to fall "
            "to 1 − end: after round t it is (1 − end) ** (t/rounds).",
        ),
        Misconception(
            _cubic_still_to_go,
            "Your cubic schedule falls to 0: end · (1 − t/rounds)³ is what is *still to be "
            "pruned*. Subtract it from the end.",
        ),
        Misconception(
            _cubic_to_the_full,
            "Your cubic schedule ends at 100 %: the factor `end` is missing. Multiply "
            "1 − (1 − t/rounds)³ by it.",
        ),
        Misconception(
            _cubic_small_steps_first,
            "Your cubic schedule takes small steps first and the largest at the end. It should be "
            "the other way round: cube what is still to do, 1 − t/rounds, and take 1 minus that.",
        ),
        Misconception(
            _cubic_part_cubed,
            "Your cubic schedule cubes before it subtracts: 1 − (t/rounds)³ falls to 0. Subtract "
            "first, then cube, then take 1 minus the result: 1 − (1 − t/rounds)³.",
        ),
    ),
)


# 6.2 ----------------------------------------------------------------------------------------------


def amounts(schedule: list[float]) -> list[float]:
    result, before = [], 0.0
    for total in schedule:
        left = 1 - before
        result.append((total - before) / left if left > 0 else 0.0)
        before = total
    return result


def _ratio(step: float, divisor: float) -> float:
    return step / divisor if divisor > 0 else 0.0


def _pairs(schedule: list[float]) -> list[tuple[float, float]]:
    """The sparsity before and after each round."""
    return list(zip([0.0, *schedule], schedule, strict=False))


def _differences(schedule: list[float]) -> list[float]:
    return [total - before for before, total in _pairs(schedule)]


def _totals(schedule: list[float]) -> list[float]:
    return list(schedule)


def _of_what_stays(schedule: list[float]) -> list[float]:
    return [_ratio(total - before, 1 - total) for before, total in _pairs(schedule)]


def _of_what_stays_unguarded(schedule: list[float]) -> list[float]:
    return [(total - before) / (1 - total) for before, total in _pairs(schedule)]


def _of_what_is_gone(schedule: list[float]) -> list[float]:
    return [_ratio(total - before, before) for before, total in _pairs(schedule)]


def _total_of_what_is_left(schedule: list[float]) -> list[float]:
    return [_ratio(total, 1 - before) for before, total in _pairs(schedule)]


def _shared_equally(schedule: list[float]) -> list[float]:
    return [schedule[-1] / len(schedule)] * len(schedule)


def _equal_fractions(schedule: list[float]) -> list[float]:
    return [masks.amount_per_round(schedule[-1], len(schedule))] * len(schedule)


def _first_round_missing(schedule: list[float]) -> list[float]:
    return [_ratio(total - before, 1 - before) for before, total in _pairs(schedule)[1:]]


amounts = Exercise(
    id="6.2",
    title="What each call must prune",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=amounts,
    cases=(
        Case("one round", lambda: ([0.3],)),
        Case("the total rises by 0.2, 0.16 and 0.128", lambda: ([0.2, 0.36, 0.488],)),
        Case("the total rises by 0.2 each round", lambda: ([0.2, 0.4, 0.6],)),
        Case("a round that prunes nothing", lambda: ([0.3, 0.3, 0.6],)),
        Case("the first round prunes nothing", lambda: ([0.0, 0.5],)),
        Case("everything is gone after two rounds of four", lambda: ([0.5, 1.0, 1.0, 1.0],)),
        Case("a cubic schedule to 80 %", lambda: ([0.4625, 0.7, 0.7875, 0.8],)),
    ),
    hints=(
        "Two numbers make an amount: how much of the whole the round takes, which is its total "
        "minus the total before, and how much is left before the round. Divide one by the other.",
        """
        schedule [0.2, 0.4, 0.6]         of the whole    left before    amount
        round 1  ■ ■ ■ ■ ■ → □ ■ ■ ■ ■   0.2             1.0            0.2 / 1.0 = 0.20
        round 2  □ ■ ■ ■ ■ → □ □ ■ ■ ■   0.2             0.8            0.2 / 0.8 = 0.25
        round 3  □ □ ■ ■ ■ → □ □ □ ■ ■   0.2             0.6            0.2 / 0.6 = 0.33
        """,
        """
        def amounts(schedule):
            result, before = [], 0.0
            for total in schedule:
                left = ...
                result.append(... if left > 0 else 0.0)
                before = ...
            return result
        """,
    ),
    misconceptions=(
        Misconception(
            _differences,
            "You give what each round takes of the *whole*. prune.l1_unstructured takes a fraction "
            "of what is left, so divide by what is left before the round.",
        ),
        Misconception(
            _totals,
            "You give the totals themselves, or your `before` stays 0: set it to `total` at the "
            "end of each round. prune.l1_unstructured would take each total from what is left, so "
            "that too much goes: the schedule [0.2, 0.4, 0.6] would leave 19 % of the weights "
            "instead of 40 %. Work out each round's part of what is left.",
        ),
        Misconception(
            _of_what_stays,
            "You divide by what is left *after* the round. The call meets the weights as they are "
            "before it: divide by 1 minus the total of the round before.",
        ),
        Misconception(
            _of_what_stays_unguarded,
            "You divide by what is left *after* the round, and after everything has gone that is "
            "0. Divide by what is left before it, 1 minus the total of the round before, and give "
            "0.0 where that is 0.",
        ),
        Misconception(
            _of_what_is_gone,
            "You divide by the earlier sparsity, which is what has *gone*. Divide by what is left: "
            "1 minus the earlier sparsity.",
        ),
        Misconception(
            _total_of_what_is_left,
            "The divisor is right. Above it stands the whole total, though a part of it has gone "
            "in earlier rounds: subtract the total of the round before.",
        ),
        Misconception(
            _shared_equally,
            "You share the last total out in equal amounts. The schedule says how far each round "
            "goes, and an amount is a fraction of what is left: work it out round by round.",
        ),
        Misconception(
            _equal_fractions,
            "You give every round the same fraction of what is left. The last total comes out "
            "right, and for a geometric schedule all the others too, but not for this one: work "
            "each round out from its own total and the one before.",
        ),
        Misconception(
            _first_round_missing,
            "Your list is one short: the first round prunes too. Before it the net is dense, so "
            "its earlier total is 0.",
        ),
    ),
    crashes={
        "division by zero": "Which number do you divide by? It should be what is left before the "
        "round. That is 0 once everything has been pruned: then give 0.0.",
    },
)


# 6.3 ----------------------------------------------------------------------------------------------


def next_mask(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    scores = weight.abs().masked_fill(~mask, -torch.inf)  # what has gone is the first to go again
    already = masks.sparsity(mask)
    return masks.mask_from_scores(scores, max(sparsity, already))


def _more_than(mask: Tensor, weight: Tensor, count: int) -> Tensor:
    """Prune ``count`` further weights, the smallest of those that ``mask`` keeps."""
    gone = int((~mask).sum())
    return masks.magnitude_mask(weight, min(1.0, (gone + count) / mask.numel()), mask)


def _ranks_anew(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return masks.magnitude_mask(weight, sparsity)


def _old_and_fresh(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return mask & masks.magnitude_mask(weight, sparsity)


def _of_what_is_left(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return _more_than(mask, weight, round(sparsity * int(mask.sum())))


def _on_top(weight: Tensor, mask: Tensor, sparsity: float) -> Tensor:
    return _more_than(mask, weight, round(sparsity * mask.numel()))


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


def _mask(*kept: int) -> Tensor:
    return torch.tensor(kept, dtype=torch.bool)


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
            lambda: (torch.tensor([0.1, -3.0, -0.2, 1.0]), _mask(1, 1, 1, 1), 0.5),
        ),
        Case(
            "a pruned weight has the largest number behind its mask",
            lambda: (torch.tensor([9.0, 1.0, -2.0, 3.0]), _mask(0, 1, 1, 1), 0.5),
        ),
        Case(
            "a kept weight is 0 and stands before a pruned one",
            lambda: (torch.tensor([0.0, 0.0, 1.0, 2.0]), _mask(1, 0, 1, 1), 0.25),
        ),
        Case(
            "asked for less than is pruned already",
            lambda: (torch.tensor([5.0, 1.0, 2.0, 3.0]), _mask(0, 1, 0, 1), 0.25),
        ),
        Case("sparsity 0", lambda: (torch.tensor([1.0, 0.0, -2.0]), _mask(1, 1, 1), 0.0)),
        Case("sparsity 1", lambda: (torch.tensor([1.0, 0.0, -2.0]), _mask(1, 0, 1), 1.0)),
        Case(
            "kept weights tie: the first go first",
            lambda: (torch.tensor([1.0, 4.0, -1.0, 1.0, 1.0, 1.0]), _mask(1, 1, 0, 1, 1, 1), 0.5),
        ),
        Case(
            "5 weights, sparsity 0.55: 2.75 is 3",
            lambda: (_random(5), _mask(1, 1, 1, 0, 1), 0.55),
        ),
        Case(
            "a 4×6 matrix, 30 % by chance, then 70 %",
            lambda: (_random(4, 6, seed=2), _random(4, 6, seed=3) > -0.5, 0.7),
        ),
        Case(
            "filters of a conv layer, half by chance, then 80 %",
            lambda: (_random(3, 2, 3, 3, seed=4), _random(3, 2, 3, 3, seed=5) > 0, 0.8),
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


# 6.4 ----------------------------------------------------------------------------------------------


def prune_in_rounds(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = torch.ones_like(weight, dtype=torch.bool)
    for sparsity in schedule:
        mask = masks.mask_from_scores(weight.abs(), sparsity, mask)
        weight = train(weight * mask, mask) * mask  # training may bring zeros back
    return weight, mask


def _all_kept(weight: Tensor) -> Tensor:
    return torch.ones_like(weight, dtype=torch.bool)


def _trains_first(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        weight = train(weight * mask, mask) * mask
        mask = masks.magnitude_mask(weight, sparsity, mask)
    return weight * mask, mask


def _prunes_once(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = masks.magnitude_mask(weight, schedule[-1] if schedule else 0.0)
    for _ in schedule:
        weight = train(weight * mask, mask) * mask
    return weight * mask, mask


def _trains_once(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = masks.magnitude_mask(weight, schedule[-1] if schedule else 0.0)
    return (train(weight * mask, mask) * mask if schedule else weight), mask


def _trains_after_the_loop(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
    return train(weight * mask, mask) * mask, mask


def _trains_after_the_loop_unmasked(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _trains_after_the_loop(weight, schedule, train)[1]
    return train(weight * mask, mask), mask


def _ranks_the_first(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    trained, mask = weight, _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        trained = train(trained * mask, mask) * mask
    return trained, mask


def _starts_over(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    trained, mask = weight, _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(trained, sparsity, mask)
        trained = train(weight * mask, mask) * mask
    return trained, mask


def _fresh_each_round(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity)
        weight = train(weight * mask, mask)
    return weight * mask, mask


def _fresh_from_zeros(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _zeros_not_kept(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * mask, mask)
    return weight, mask


def _result_dropped(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = weight * mask
        train(weight, mask)
    return weight, mask


def _amounts_of_the_rest(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for amount in schedule:
        mask = _more_than(mask, weight, round(amount * int(mask.sum())))
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _trains_the_unpruned(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight, mask) * mask
    return weight, mask


def _hands_the_old_mask(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        new = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * new, mask) * new
        mask = new
    return weight, mask


def _prunes_in_place(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight *= mask
        weight = train(weight, mask) * mask
    return weight, mask


def changes_nothing(weight: Tensor, mask: Tensor) -> Tensor:
    return weight.clone()


def adds_one(weight: Tensor, mask: Tensor) -> Tensor:
    return weight + 1


def doubles(weight: Tensor, mask: Tensor) -> Tensor:
    return 2 * weight


def sets_pruned_to_nine(weight: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask.bool(), weight, 9.0)


def subtracts_from_ten(weight: Tensor, mask: Tensor) -> Tensor:
    return 10 - weight


def adds_the_density(weight: Tensor, mask: Tensor) -> Tensor:
    return weight + mask.float().mean()


def adds_the_mean(weight: Tensor, mask: Tensor) -> Tensor:
    return weight + weight.mean()


prune_in_rounds = Exercise(
    id="6.4",
    title="The loop",
    difficulty=3,
    importance=3,
    minutes=10,
    reference=prune_in_rounds,
    cases=(
        Case(
            "one round, training changes nothing",
            lambda: (torch.tensor([0.1, -3.0, -0.2, 1.0]), [0.5], changes_nothing),
        ),
        Case(
            "one round, training adds 1 to all weights, the pruned ones too",
            lambda: (torch.tensor([-1.0, 0.2, 3.0, 0.5]), [0.5], adds_one),
        ),
        Case("no round at all", lambda: (torch.tensor([1.0, -2.0]), [], adds_one)),
        Case(
            "two equal rounds: the second only trains",
            lambda: (torch.tensor([1.0, 2.0, 3.0, 4.0]), [0.5, 0.5], doubles),
        ),
        Case(
            "two rounds, training sets the pruned weights to 9",
            lambda: (torch.tensor([1.0, 2.0, 3.0, 4.0]), [0.25, 0.5], sets_pruned_to_nine),
        ),
        Case(
            "two rounds, training makes large weights small",
            lambda: (torch.tensor([1.0, 2.0, 6.0, 9.0]), [0.25, 0.5], subtracts_from_ten),
        ),
        Case(
            "two rounds, training adds the fraction of kept weights",
            lambda: (torch.tensor([1.0, 2.0, 3.0, 4.0]), [0.5, 0.75], adds_the_density),
        ),
        Case(
            "two rounds, training adds the mean of the weight it gets",
            lambda: (torch.tensor([1.0, 2.0, 3.0, 4.0]), [0.25, 0.75], adds_the_mean),
        ),
        Case(
            "training turns a kept weight to 0",
            lambda: (torch.tensor([10.0, 1.0, 5.0, 6.0]), [0.25, 0.25], subtracts_from_ten),
        ),
        Case(
            "everything goes in the second round",
            lambda: (torch.tensor([1.0, -2.0, 3.0]), [0.3, 1.0], adds_one),
        ),
        Case(
            "a 4×6 matrix in four rounds",
            lambda: (_random(4, 6, seed=2), [0.3, 0.55, 0.7, 0.8], adds_one),
        ),
    ),
    hints=(
        "A round has two steps: a new mask from the weights *as they are now*, then training with "
        "it. next_mask of exercise 6.3 does the first, from the mask of the round before. After "
        "training multiply by the mask again, because training may bring zeros back.",
        """
                        weight             mask        train adds 1
        start            1   2   3   4     ■ ■ ■ ■
        round 1, prune   0   2   3   4     □ ■ ■ ■     0.25 · 4 = 1 in total
                 train   1   3   4   5                 a zero came back …
                 mask    0   3   4   5                 … and is 0 again
        round 2, prune   0   0   4   5     □ □ ■ ■     0.50 · 4 = 2 in total
                 …
        """,
        """
        def prune_in_rounds(weight, schedule, train):
            mask = torch.ones_like(weight, dtype=torch.bool)
            for sparsity in schedule:
                mask = next_mask(...)
                weight = train(..., mask) * ...
            return weight, mask
        """,
    ),
    misconceptions=(
        Misconception(
            _trains_first,
            "You train before you prune in each round, so the last pruning is never repaired. "
            "Prune first, then let training mend it.",
        ),
        Misconception(
            _prunes_once,
            "You prune to the last value at once and then train in every round. That is one-shot "
            "pruning. Go to the round's own value, train, and only then to the next.",
        ),
        Misconception(
            _trains_once,
            "You train once, after the last pruning. Train in every round, so that the next mask "
            "is made from weights that have adapted to the one before.",
        ),
        Misconception(
            _trains_after_the_loop,
            "You train once, after the loop, and even where there is no round at all. Training "
            "belongs inside: train in every round, so that the next mask is made from weights that "
            "have adapted to the one before.",
        ),
        Misconception(
            _trains_after_the_loop_unmasked,
            "You train once, after the loop, and return what train gives back, pruned weights and "
            "all. Train inside the loop, in every round, and multiply by the mask after it.",
        ),
        Misconception(
            _ranks_the_first,
            "You rank the weights from before the training in every round, so training has no say "
            "in what goes. Make each mask from the weights as they are now.",
        ),
        Misconception(
            _starts_over,
            "You hand the weights from the start to train in every round, so each round forgets "
            "the training before it. Go on from what the last round returned.",
        ),
        Misconception(
            _fresh_each_round,
            "Each round takes a fresh mask, and weights that training brought back are kept. What "
            "is pruned stays pruned: hand the mask of the round before to next_mask.",
        ),
        Misconception(
            _fresh_from_zeros,
            "Each round takes a fresh mask from the weights alone. A pruned weight is 0 there, but "
            "a kept one may be 0 too, and then they change places. Hand the mask of the round "
            "before to next_mask.",
        ),
        Misconception(
            _zeros_not_kept,
            "You return the weight as train left it, and there pruned weights have come back. "
            "Multiply by the mask once more after training.",
        ),
        Misconception(
            _result_dropped,
            "You call train and drop what it returns, so nothing is ever trained. It does not "
            "change its argument: weight = train(…).",
        ),
        Misconception(
            _amounts_of_the_rest,
            "You take each value as a fraction of what is *left*. The schedule holds totals: 0.25, "
            "then 0.5 means that half of all weights have gone after round two.",
        ),
        Misconception(
            _trains_the_unpruned,
            "You hand train the weights from before the pruning, so it trains a net that still has "
            "them. Give it weight * mask.",
        ),
        Misconception(
            _hands_the_old_mask,
            "You hand train the mask of the round before. It needs the new one, which belongs to "
            "the weights that it gets.",
        ),
        Misconception(
            _prunes_in_place,
            "The right result, but you prune the weight you were given (*= works in place). "
            "Whoever called you loses the dense weights: multiply into a new tensor.",
        ),
    ),
    crashes={
        "argument: 'mask'": "train takes two things: train(weight, mask).",
        "arguments: 'weight' and 'mask'": "train takes two things: train(weight, mask).",
        "argument: 'sparsity'": "next_mask takes three things: next_mask(weight, mask, sparsity).",
        "list index out of range": "The schedule may be empty: then return the weight as it is, "
        "with a mask that keeps everything.",
        "not associated with a value": "With an empty schedule no round sets the mask. Start with "
        "one that keeps everything.",
    },
)


# 6.5 ----------------------------------------------------------------------------------------------


def winning_ticket(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = dict(initial)
    for layer, mask in masks.items():
        ticket[f"{layer}.weight"] = initial[f"{layer}.weight"] * mask
    return ticket


_right_ticket = winning_ticket


def _masked_weights(
    initial: State, masks: Mapping[str, Tensor], alter: Callable[[Tensor, Tensor], Tensor]
) -> State:
    altered = {
        f"{layer}.weight": alter(initial[f"{layer}.weight"], masks[layer]) for layer in masks
    }
    return {**initial, **altered}


def _biases_too(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = {}
    for name, value in initial.items():
        layer = name.rpartition(".")[0]
        ticket[name] = value * masks[layer] if layer in masks else value
    return ticket


def _biases_where_it_fits(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = {}
    for name, value in initial.items():
        mask = masks.get(name.rpartition(".")[0])
        fits = mask is not None and mask.shape == value.shape
        ticket[name] = value * mask if fits else value
    return ticket


def _ticket_inverted(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: weight * ~mask)


def _weights_only(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = _right_ticket(initial, masks)
    return {name: value for name, value in ticket.items() if name.endswith(".weight")}


def _masked_layers_only(initial: State, masks: Mapping[str, Tensor]) -> State:
    return {f"{layer}.weight": initial[f"{layer}.weight"] * mask for layer, mask in masks.items()}


def _named_after_masks(initial: State, masks: Mapping[str, Tensor]) -> State:
    return {layer: initial[f"{layer}.weight"] * mask for layer, mask in masks.items()}


def _added_beside(initial: State, masks: Mapping[str, Tensor]) -> State:
    return {**initial, **_named_after_masks(initial, masks)}


def _changed_in_place(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: weight.mul_(mask))


def _signs(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: weight.sign() * mask)


def _rescaled(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: weight * mask / mask.float().mean())


def _ones_for_kept(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: mask.to(weight.dtype))


def _mask_forgotten(initial: State, masks: Mapping[str, Tensor]) -> State:
    return dict(initial)


def _by_the_start_of_the_name(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = dict(initial)
    for layer, mask in masks.items():
        for name in initial:
            if name.startswith(layer) and name.endswith("weight"):
                ticket[name] = ticket[name] * mask
    return ticket


def _up_to_the_first_dot(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = {}
    for name, value in initial.items():
        layer, _, rest = name.partition(".")
        masked = layer in masks and rest == "weight"
        ticket[name] = value * masks[layer] if masked else value
    return ticket


def _one_layer() -> State:
    return {
        "fc1.weight": torch.tensor([[0.5, -2.0, 3.0], [-1.5, 0.25, -4.0]]),
        "fc1.bias": torch.tensor([0.1, -0.2]),
    }


def _two_layers() -> State:
    return {
        **_one_layer(),
        "fc2.weight": torch.tensor([[2.0, -0.5]]),
        "fc2.bias": torch.tensor([0.3]),
    }


def _with_batchnorm() -> State:
    return {
        "conv.weight": _random(3, 1, 2, 2),
        "bn.weight": torch.tensor([1.0, 0.5, -2.0]),
        "bn.bias": torch.tensor([0.2, 0.3, 0.4]),
        "bn.running_mean": torch.tensor([5.0, 6.0, 7.0]),
        "bn.num_batches_tracked": torch.tensor(12),
    }


def _alike_names() -> State:
    return {
        "fc1.weight": torch.tensor([[1.0, 2.0]]),
        "fc10.weight": torch.tensor([[3.0, 4.0]]),
        "fc1.bias": torch.tensor([5.0]),
    }


def _nested_names() -> State:
    return {
        "blocks.0.weight": torch.tensor([[1.0, -2.0]]),
        "blocks.0.bias": torch.tensor([3.0]),
        "blocks.1.weight": torch.tensor([[4.0, 5.0]]),
    }


winning_ticket = Exercise(
    id="6.5",
    title="The lottery ticket",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=winning_ticket,
    cases=(
        Case(
            "one layer",
            lambda: (
                _one_layer(),
                {"fc1": torch.tensor([[False, True, True], [True, False, True]])},
            ),
        ),
        Case(
            "two layers, one without a mask",
            lambda: (_two_layers(), {"fc2": torch.tensor([[True, False]])}),
        ),
        Case(
            "two layers, two masks",
            lambda: (
                _two_layers(),
                {
                    "fc1": torch.tensor([[False, True, False], [True, True, True]]),
                    "fc2": torch.tensor([[False, True]]),
                },
            ),
        ),
        Case("no mask at all", lambda: (_one_layer(), {})),
        Case(
            "a BatchNorm layer, whose weight and bias have one shape",
            lambda: (
                _with_batchnorm(),
                {"conv": _random(3, 1, 2, 2, seed=2) > 0, "bn": _mask(1, 0, 1)},
            ),
        ),
        Case(
            "the name of one layer begins with the other's",
            lambda: (_alike_names(), {"fc1": torch.tensor([[True, False]])}),
        ),
        Case(
            "names with more than one dot",
            lambda: (_nested_names(), {"blocks.0": torch.tensor([[False, True]])}),
        ),
    ),
    hints=(
        "Begin with a copy of the whole initial state: whatever has no mask is then done. Replace "
        "one entry for each mask. The mask of fc1 belongs to the entry fc1.weight.",
        """
        initial                     masks            ticket
        fc1.weight   0.5 −2  3      fc1   □ ■ ■      fc1.weight   0  −2  3
        fc1.bias     0.1                             fc1.bias     0.1         as it was
        fc2.weight   2 −0.5                          fc2.weight   2  −0.5     as it was
        """,
        """
        def winning_ticket(initial, masks):
            ticket = dict(initial)
            for layer, mask in masks.items():
                ticket[...] = initial[...] * ...
            return ticket
        """,
    ),
    misconceptions=(
        Misconception(
            _mask_forgotten,
            "You return the whole initial net: nothing is pruned. The ticket is the initial weight "
            "of each masked layer times its mask.",
        ),
        Misconception(
            _ticket_inverted,
            "You keep what was pruned and prune what was kept. True (1) means *kept*: multiply by "
            "the mask itself.",
        ),
        Misconception(
            _biases_too,
            "You multiply everything that belongs to a masked layer by its mask, the bias too. The "
            "mask is the weight's: change the entry that ends in .weight and no other.",
        ),
        Misconception(
            _biases_where_it_fits,
            "You use the mask wherever its shape fits. A BatchNorm layer's bias and running mean "
            "have the shape of its weight. Go by the name: only the entry that ends in .weight.",
        ),
        Misconception(
            _weights_only,
            "Your state holds the weights only. The biases and the rest of the state go back to "
            "their start too, so take them over as they are.",
        ),
        Misconception(
            _masked_layers_only,
            "Your state holds the masked weights only. A net cannot be filled from that: take over "
            "every other entry as it is.",
        ),
        Misconception(
            _named_after_masks,
            "Your entries bear the names of the masks (fc1), and the others are missing. A state "
            "has fc1.weight and fc1.bias: keep its names, all of them.",
        ),
        Misconception(
            _added_beside,
            "You add the pruned weight under the mask's name (fc1), beside the whole fc1.weight. "
            "Put it in the place of fc1.weight.",
        ),
        Misconception(
            _changed_in_place,
            "The right ticket, but the initial state has changed with it. Write into a copy, "
            "dict(initial), and multiply into new tensors: *= and mul_ work in place, and the copy "
            "holds the same tensors.",
        ),
        Misconception(
            _signs,
            "You keep only the sign of each initial weight. Papers have tried that too, but the "
            "ticket asked for has the initial numbers: weight * mask.",
        ),
        Misconception(
            _rescaled,
            "You scale the kept weights up by 1/density, as dropout does. The ticket starts from "
            "the initial numbers as they were.",
        ),
        Misconception(
            _ones_for_kept,
            "You put the mask in the place of the weight, so every kept weight is 1. Multiply the "
            "initial weight by it.",
        ),
        Misconception(
            _by_the_start_of_the_name,
            "You look for names that begin with the layer's name, and fc10.weight begins with fc1 "
            "too. Ask for the one full name: layer + '.weight'.",
        ),
        Misconception(
            _up_to_the_first_dot,
            "You take the layer's name up to the first dot, so blocks.0.weight looks for a mask of "
            "blocks and stays whole. Go from the mask to the entry instead: layer + '.weight'.",
        ),
    ),
    crashes={
        "'fc1'": "The state has no entry fc1. The mask of fc1 belongs to fc1.weight.",
        "must match the size of tensor": "A mask fits the weight of its layer and nothing else: "
        "leave the bias alone.",
        "changed size during iteration": "Loop over the masks, or over a copy of the dictionary "
        "that you change.",
    },
)
