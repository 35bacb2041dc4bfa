"""Exercise 1.3: Repeated pruning."""

import math

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception


def compound(amounts: list[float]) -> float:
    density = 1.0
    for amount in amounts:
        density = density * (1 - amount)
    return 1 - density


_right_compound = compound


def _added(amounts: list[float]) -> float:
    return sum(amounts)


def _added_and_capped(amounts: list[float]) -> float:
    return min(1.0, sum(amounts))


def _left(amounts: list[float]) -> float:
    return math.prod(1 - amount for amount in amounts)


def _product(amounts: list[float]) -> float:
    return math.prod(amounts)


def _one_minus_product(amounts: list[float]) -> float:
    return 1 - math.prod(amounts)


def _first_each_round(amounts: list[float]) -> float:
    return 1 - (1 - amounts[0]) ** len(amounts)


def _mean_each_round(amounts: list[float]) -> float:
    return 1 - (1 - sum(amounts) / len(amounts)) ** len(amounts)


def _mean(amounts: list[float]) -> float:
    return sum(amounts) / len(amounts) if amounts else 0.0


def _equal_amounts_once(amounts: list[float]) -> float:
    return _right_compound([*set(amounts)])


def _after_each_round(amounts: list[float]) -> list[float]:
    return [_right_compound(amounts[: rounds + 1]) for rounds in range(len(amounts))]


def _first_round(amounts: list[float]) -> float:
    for amount in amounts:
        return amount


def _last_round(amounts: list[float]) -> float:
    return amounts[-1] if amounts else 0.0


def _grows(amounts: list[float]) -> float:
    return math.prod(1 + amount for amount in amounts) - 1


def _percent(amounts: list[float]) -> float:
    return 100 * _right_compound(amounts)


def _overlap_of_two(amounts: list[float]) -> float:
    return sum(amounts) - math.prod(amounts)


def _part_of_what_is_gone(amounts: list[float]) -> float:
    return 0.0


def _two_digits(amounts: list[float]) -> float:
    return round(_right_compound(amounts), 2)


def _largest(amounts: list[float]) -> float:
    return max(amounts, default=0.0)


compound = Exercise(
    id="1.3",
    title="Repeated pruning",
    difficulty=2,
    importance=3,
    minutes=3,
    reference=compound,
    cases=(
        Case("one round", lambda: ([0.3],)),
        Case("two rounds of a half", lambda: ([0.5, 0.5],)),
        Case("three rounds of 20 %", lambda: ([0.2, 0.2, 0.2],)),
        Case("a round of nothing", lambda: ([0.4, 0.0],)),
        Case("a round that takes the rest", lambda: ([0.1, 1.0],)),
        Case("different amounts", lambda: ([0.3, 0.2, 0.1, 0.05],)),
        Case("amounts that add up to more than 1", lambda: ([0.6, 0.7],)),
        Case("no round at all", lambda: ([],)),
    ),
    hints=(
        "The second round can only take from what the first one left. So follow what is left.",
        """
        left:   100 %  → 80 %  → 64 %  → 51.2 %          each arrow: times 0.8
        pruned:   0 %    20 %    36 %    48.8 %
        """,
        """
        def compound(amounts):
            density = 1.0                      # the part that is left
            for amount in amounts:
                density = ...
            return ...
        """,
    ),
    misconceptions=(
        Misconception(
            _added,
            "You add the amounts up. But `amount` is a fraction of what is *still there*: the "
            "second 20 % is 20 % of 80 %, which is 16 %. This is the trap of claim S15.",
        ),
        Misconception(
            _added_and_capped,
            "You add the amounts up and stop at 1. Each amount is a fraction of what is *still "
            "there*, so rounds short of 100 % never reach 1: multiply what is left.",
        ),
        Misconception(
            _left,
            "This is the part that is *left* after all rounds (the density). The sparsity is "
            "1 minus that.",
        ),
        Misconception(
            _product,
            "You multiply the amounts themselves; that shrinks with every round. Multiply what is "
            "*left* in each round: 1 − amount.",
        ),
        Misconception(
            _one_minus_product,
            "You multiply the amounts themselves. What is left after a round is the part "
            "1 − amount: multiply these, and take 1 minus the product.",
        ),
        Misconception(
            _first_each_round,
            "You take the first amount in every round. Each round has its own: go through the "
            "list.",
        ),
        Misconception(
            _mean_each_round,
            "You take the mean amount in every round. That is right only where all are equal: "
            "multiply the parts 1 − amount that are left.",
        ),
        Misconception(
            _mean,
            "You take the mean amount. Rounds do not average, they come one after the other: "
            "multiply what each of them leaves.",
        ),
        Misconception(
            _equal_amounts_once,
            "You count equal amounts once, as a set does. Each round counts.",
        ),
        Misconception(
            _after_each_round,
            "You give a list with the sparsity after each round. Asked for is the last one, one "
            "number.",
        ),
        Misconception(
            _first_round,
            "You stop after the first round only: is the return inside the loop? It belongs behind "
            "it.",
        ),
        Misconception(
            _last_round,
            "You look at the last round only: each round overwrites the one before. Multiply what "
            "is left so far by 1 − amount.",
        ),
        Misconception(
            _grows,
            "You let what is there grow by each amount. Pruning takes away: the factor of a round "
            "is 1 − amount.",
        ),
        Misconception(
            _percent,
            "You give percent. Sparsity is a fraction from 0 to 1 everywhere in this course; only "
            "what is printed is in percent.",
        ),
        Misconception(
            _overlap_of_two,
            "Sum minus product is right for two rounds only. Follow what is left from round to "
            "round: that works for any number of them.",
        ),
        Misconception(
            _part_of_what_is_gone,
            "You get 0 whatever the amounts are. Taken of what is *gone* already, each amount adds "
            "nothing, so it stays at 0. A round takes its amount of what is still there: 1 minus "
            "the sparsity so far.",
        ),
        Misconception(
            _two_digits,
            "You round the sparsity. Return it as it is; digits are a matter of printing.",
        ),
        Misconception(
            _largest,
            "You take the largest amount. That would be right if amounts were totals; here each "
            "round prunes a further part of what is left.",
        ),
    ),
    crashes={
        "values to unpack": "There may be any number of rounds, none included: use a loop, not "
        "two names.",
        "division by zero": "There may be no round at all. Then nothing was pruned, and there is "
        "no mean to take.",
        "math domain error": "A round may take everything, and there is no log(0). Multiply what "
        "is left in a loop; that needs no logarithm.",
        "expected a positive input": "A round may take everything, and there is no log(0). "
        "Multiply what is left in a loop; that needs no logarithm.",
        "list index out of range": "There may be any number of rounds, none included. Use a loop, "
        "not positions: over an empty list it does nothing.",
    },
)
