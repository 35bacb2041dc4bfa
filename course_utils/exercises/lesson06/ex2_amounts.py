"""Exercise 6.2: What each call must prune."""

from course_utils import masks
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception


def amounts(schedule: list[float]) -> list[float]:
    result, before = [], 0.0
    for total in schedule:
        left = 1 - before
        result.append((total - before) / left if left > 0 else 0.0)
        before = total
    return result


_right_amounts = amounts


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


def _of_the_new_total(schedule: list[float]) -> list[float]:
    return [_ratio(total - before, total) for before, total in _pairs(schedule)]


def _of_what_stays_from_round_2(schedule: list[float]) -> list[float]:
    return [schedule[0], *_of_what_stays(schedule)[1:]]


def _multiplied(schedule: list[float]) -> list[float]:
    return [(total - before) * (1 - before) for before, total in _pairs(schedule)]


def _equal_totals_once(schedule: list[float]) -> list[float]:
    return _right_amounts(sorted(set(schedule)))


def _first_prunes_nothing(schedule: list[float]) -> list[float]:
    return [0.0, *_right_amounts(schedule)[1:]]


def _last_before_the_first(schedule: list[float]) -> list[float]:
    before = [schedule[-1], *schedule[:-1]]
    return [_ratio(b - a, 1 - a) for a, b in zip(before, schedule, strict=True)]


def _amount_as_total_before(schedule: list[float]) -> list[float]:
    result, before = [], 0.0
    for total in schedule:
        before = _ratio(total - before, 1 - before)
        result.append(before)
    return result


def _amounts_added_up(schedule: list[float]) -> list[float]:
    result = []
    for total in schedule:
        before = sum(result)
        result.append(_ratio(total - before, 1 - before))
    return result


def _everything_of_nothing(schedule: list[float]) -> list[float]:
    return [(b - a) / (1 - a) if a < 1 else 1.0 for a, b in _pairs(schedule)]


def _nan_of_nothing(schedule: list[float]) -> list[float]:
    return [(b - a) / (1 - a) if a < 1 else float("nan") for a, b in _pairs(schedule)]


def _stops_when_all_is_gone(schedule: list[float]) -> list[float]:
    return [(b - a) / (1 - a) for a, b in _pairs(schedule) if a < 1]


def _what_stays(schedule: list[float]) -> list[float]:
    return [_ratio(1 - total, 1 - before) for before, total in _pairs(schedule)]


def _found_by_value(schedule: list[float]) -> list[float]:
    before = [([0.0, *schedule])[schedule.index(total)] for total in schedule]
    return [_ratio(b - a, 1 - a) for a, b in zip(before, schedule, strict=True)]


def _division_first(schedule: list[float]) -> list[float]:
    return [b - _ratio(a, 1 - a) if a < 1 else 0.0 for a, b in _pairs(schedule)]


def _left_without_parentheses(schedule: list[float]) -> list[float]:
    return [(b - a) / 1 - a for a, b in _pairs(schedule)]


def _little_left_for_nothing(schedule: list[float]) -> list[float]:
    return [(b - a) / (1 - a) if 1 - a > 0.05 else 0.0 for a, b in _pairs(schedule)]


def _rounded(schedule: list[float]) -> list[float]:
    return [round(amount, 2) for amount in _right_amounts(schedule)]


def _per_cent(schedule: list[float]) -> list[float]:
    return [100 * amount for amount in _right_amounts(schedule)]


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
        Case("nine tenths of what is left each round", lambda: ([0.9, 0.99, 0.999, 0.9999],)),
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
                ...
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
            _of_the_new_total,
            "You divide by the new total, which is what has gone when the round is over. Divide by "
            "what is left before it: 1 minus the total of the round before.",
        ),
        Misconception(
            _of_what_stays_from_round_2,
            "From round 2 on you divide by what is left *after* the round. The call meets the "
            "weights as they are before it: divide by 1 minus the total of the round before.",
        ),
        Misconception(
            _multiplied,
            "You multiply by what is left. A fraction *of* what is left is the part of the whole "
            "divided by it.",
        ),
        Misconception(
            _equal_totals_once,
            "Rounds with equal totals are one round with you. There is one amount for each: 0.0 "
            "for a round that prunes nothing.",
        ),
        Misconception(
            _first_prunes_nothing,
            "Your first amount is 0, but the first round prunes too: before it the net is dense. "
            "Begin with an earlier total of 0.",
        ),
        Misconception(
            _last_before_the_first,
            "In round 1 you look at schedule[-1], which is the *last* total. Before round 1 the "
            "net is dense: its earlier total is 0.",
        ),
        Misconception(
            _amount_as_total_before,
            "You keep the *amount* as what has gone before the next round. What has gone is the "
            "total: before = total.",
        ),
        Misconception(
            _amounts_added_up,
            "You add up the amounts to get what has gone. They are fractions of what was left, "
            "of different wholes: what has gone is the total of the round before.",
        ),
        Misconception(
            _everything_of_nothing,
            "Where nothing is left you prune 1.0, all of it. Nothing goes in such a round: 0.0.",
        ),
        Misconception(
            _nan_of_nothing,
            "Where nothing is left you give NaN, and no pruning call takes that. Nothing goes in "
            "such a round: 0.0.",
        ),
        Misconception(
            _stops_when_all_is_gone,
            "Your list ends when everything has gone. There is one amount for each round: 0.0 for "
            "those that find nothing.",
        ),
        Misconception(
            _what_stays,
            "You give the fraction that *stays* of what was left. An amount is what goes: 1 minus "
            "that.",
        ),
        Misconception(
            _found_by_value,
            "You look for a total's place with .index, which finds the first of equal ones. Two "
            "rounds may have the same total: keep the one before, or count with enumerate.",
        ),
        Misconception(
            _division_first,
            "You divide before you subtract: total − before / left. Put the difference into "
            "parentheses: (total − before) / left.",
        ),
        Misconception(
            _left_without_parentheses,
            "/ 1 - before divides by 1 and then subtracts. Put what is left into parentheses: "
            "/ (1 - before).",
        ),
        Misconception(
            _little_left_for_nothing,
            "You take a small rest for nothing. Only where exactly nothing is left is the amount "
            "0.0; of 1 % a round may still take nine tenths.",
        ),
        Misconception(
            _rounded, "You round the amounts, and the totals no longer come out: leave them."
        ),
        Misconception(_per_cent, "You give per cent. `amount` is a fraction, 0.25 and not 25."),
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
