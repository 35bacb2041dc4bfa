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
