"""Exercise 1.3: Repeated pruning."""

import math

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception


def compound(amounts: list[float]) -> float:
    density = 1.0
    for amount in amounts:
        density = density * (1 - amount)
    return 1 - density


def _added(amounts: list[float]) -> float:
    return sum(amounts)


def _added_and_capped(amounts: list[float]) -> float:
    return min(1.0, sum(amounts))


def _left(amounts: list[float]) -> float:
    return math.prod(1 - amount for amount in amounts)


def _product(amounts: list[float]) -> float:
    return math.prod(amounts)


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
        Case("no round at all", lambda: ([],)),
        Case("one round", lambda: ([0.3],)),
        Case("two rounds of a half", lambda: ([0.5, 0.5],)),
        Case("three rounds of 20 %", lambda: ([0.2, 0.2, 0.2],)),
        Case("a round of nothing", lambda: ([0.4, 0.0],)),
        Case("a round that takes the rest", lambda: ([0.1, 1.0],)),
        Case("different amounts", lambda: ([0.3, 0.2, 0.1, 0.05],)),
        Case("amounts that add up to more than 1", lambda: ([0.6, 0.7],)),
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
            _largest,
            "You take the largest amount. That would be right if amounts were totals; here each "
            "round prunes a further part of what is left.",
        ),
    ),
)
