"""Exercise 6.1: Three schedules."""

from collections.abc import Callable, Sequence

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.lesson06.ex2_amounts import amounts

Schedules = dict[str, list[float]]


def three_schedules(end: float, rounds: int) -> Schedules:
    parts = [t / rounds for t in range(1, rounds + 1)]  # how far the plan is after each round
    return {
        "linear": [end * part for part in parts],
        "geometric": [1 - (1 - end) ** part for part in parts],
        "cubic": [end * (1 - (1 - part) ** 3) for part in parts],
    }


_right_schedules = three_schedules
amounts_of = amounts.reference


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


def _whole_number_division(end: float, rounds: int) -> Schedules:
    return _at([t // rounds for t in range(1, rounds + 1)], end)


def _one_round_too_many(end: float, rounds: int) -> Schedules:
    return _at([t / (rounds + 1) for t in range(1, rounds + 1)], end)


def _from_0_to_the_end(end: float, rounds: int) -> Schedules:
    return _at([t / max(rounds - 1, 1) for t in range(rounds)], end)


def _of_all(change: Callable[[list[float]], list[float]], end: float, rounds: int) -> Schedules:
    return {name: change(totals) for name, totals in _right_schedules(end, rounds).items()}


def _amounts_of_the_rest(end: float, rounds: int) -> Schedules:
    return _of_all(amounts_of, end, rounds)


def _densities(end: float, rounds: int) -> Schedules:
    return _of_all(lambda totals: [1 - total for total in totals], end, rounds)


def _per_cent(end: float, rounds: int) -> Schedules:
    return _of_all(lambda totals: [100 * total for total in totals], end, rounds)


def _per_cent_of_the_plan(end: float, rounds: int) -> Schedules:
    return _at([100 * t / rounds for t in range(1, rounds + 1)], end)


def _rounded(end: float, rounds: int) -> Schedules:
    return _of_all(lambda totals: [round(total, 2) for total in totals], end, rounds)


def _backwards(end: float, rounds: int) -> Schedules:
    return _of_all(lambda totals: totals[::-1], end, rounds)


def _one_list_for_all(end: float, rounds: int) -> Schedules:
    only = []
    lists = {"linear": only, "geometric": only, "cubic": only}
    for part in [t / rounds for t in range(1, rounds + 1)]:
        for name, (total,) in _at([part], end).items():
            lists[name].append(total)
    return lists


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


def _linear_step(end: float, rounds: int) -> Schedules:
    return {**_right_schedules(end, rounds), "linear": [end / rounds] * rounds}


def _geometric_amount(end: float, rounds: int) -> Schedules:
    amount = 1 - (1 - end) ** (1 / rounds)
    return {**_right_schedules(end, rounds), "geometric": [amount] * rounds}


def _power_before_the_division(end: float, rounds: int) -> Schedules:
    wrong = [1 - (1 - end) ** t / rounds for t in range(1, rounds + 1)]
    return {**_right_schedules(end, rounds), "geometric": wrong}


def _last_total_only(end: float, rounds: int) -> Schedules:
    return _of_all(lambda totals: totals[-1:], end, rounds)


def _one_minus_a_power(end: float, rounds: int) -> Schedules:
    return _instead("geometric", lambda end, part: 1 - end**part, end, rounds)


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


def _cubic_times_three(end: float, rounds: int) -> Schedules:
    return _instead("cubic", lambda end, part: end * (1 - (1 - part) * 3), end, rounds)


def _cubic_squared(end: float, rounds: int) -> Schedules:
    return _instead("cubic", lambda end, part: end * (1 - (1 - part) ** 2), end, rounds)


def _cubic_without_parentheses(end: float, rounds: int) -> Schedules:
    return _instead("cubic", lambda end, part: end - (1 - part) ** 3, end, rounds)


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
            _last_total_only,
            "Your lists hold one total, the last: each round overwrites the one before. Append to "
            "the list, or build it from all rounds.",
        ),
        Misconception(
            _one_minus_a_power,
            "Your geometric schedule subtracts a power of `end` from 1. What shrinks "
            "by the same factor each round is the density: 1 − (1 − end) ** (t/rounds).",
        ),
        Misconception(
            _whole_number_division,
            "t // rounds is a whole number: 0 until the last round, then 1, so that everything "
            "goes at once. Divide with one stroke: t / rounds.",
        ),
        Misconception(
            _one_round_too_many,
            "You divide by rounds + 1, so the end is never reached. After the last round t is "
            "`rounds`, and the part must be 1: t / rounds.",
        ),
        Misconception(
            _from_0_to_the_end,
            "Your first round prunes nothing: you spread the points from 0 to 1, both included. 0 "
            "is the dense net *before* round 1. The parts are t / rounds for t = 1 to `rounds`.",
        ),
        Misconception(
            _amounts_of_the_rest,
            "You list what each round takes of what is *left*. A schedule holds the total sparsity "
            "after each round; amounts are the next exercise.",
        ),
        Misconception(
            _densities,
            "You list densities, what is *left* after each round. A schedule holds sparsities: "
            "1 minus that.",
        ),
        Misconception(
            _per_cent, "You give per cent. Asked for are fractions, 0.8 and not 80, like `end`."
        ),
        Misconception(
            _per_cent_of_the_plan,
            "Your part of the plan is in per cent: it ends at 100. It is a fraction, t / rounds, "
            "and ends at 1.",
        ),
        Misconception(
            _rounded,
            "You round the totals. Leave them as they come out; whoever prints them rounds.",
        ),
        Misconception(
            _backwards,
            "Your lists fall: the last round stands first. Put the totals in the order of the "
            "rounds, from small to large.",
        ),
        Misconception(
            _one_list_for_all,
            "All three names hold one and the same list, so each gets the totals of all. "
            "dict.fromkeys(…, []) makes a single list: write one [] for each name.",
        ),
        Misconception(
            _linear_step,
            "Your linear schedule holds the step, end / rounds, in every round. Asked for is the "
            "total after it: t steps.",
        ),
        Misconception(
            _geometric_amount,
            "Your geometric schedule holds the amount, the same fraction in every round. Asked for "
            "is the total after it: 1 − (1 − end) ** (t/rounds).",
        ),
        Misconception(
            _power_before_the_division,
            "In your geometric schedule the power comes before the division: ** t / rounds takes "
            "the power t and divides. Write ** (t / rounds).",
        ),
        Misconception(
            _cubic_times_three,
            "Your cubic schedule multiplies by 3 where it should take the third power: **, not *.",
        ),
        Misconception(
            _cubic_squared,
            "Your cubic schedule takes a square. It is the third power of what is still to do.",
        ),
        Misconception(
            _cubic_without_parentheses,
            "Your cubic schedule multiplies the 1 by `end` and not the whole: parentheses are "
            "missing. It is end * (1 − (1 − t/rounds)³).",
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
    crashes={
        "division by zero": "There may be one round only, and rounds − 1 is 0 then. Divide by "
        "`rounds`, for t = 1 to `rounds`.",
    },
)
