"""Exercise 4.3: How far the sparsity strays."""

import math

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception


def sparsity_spread(n: int, probability: float) -> float:
    return math.sqrt(probability * (1 - probability) / n)


def _variance(n: int, probability: float) -> float:
    return probability * (1 - probability) / n


def _of_the_count(n: int, probability: float) -> float:
    return math.sqrt(n * probability * (1 - probability))


def _without_the_other(n: int, probability: float) -> float:
    return math.sqrt(probability / n)


def _root_of_n_only(n: int, probability: float) -> float:
    return probability * (1 - probability) / math.sqrt(n)


def _n_minus_one(n: int, probability: float) -> float:
    return math.sqrt(probability * (1 - probability) / max(n - 1, 1))


sparsity_spread = Exercise(
    id="4.3",
    title="How far the sparsity strays",
    difficulty=2,
    importance=2,
    minutes=5,
    reference=sparsity_spread,
    cases=(
        Case("one weight, a coin toss", lambda: (1, 0.5)),
        Case("100 weights, 50 %", lambda: (100, 0.5)),
        Case("100 weights, 30 %", lambda: (100, 0.3)),
        Case("probability 0: nothing can vary", lambda: (100, 0.0)),
        Case("probability 1", lambda: (100, 1.0)),
        Case("fc1 of LeNet-300-100", lambda: (235_200, 0.3)),
        Case("4 weights, 90 %", lambda: (4, 0.9)),
    ),
    tolerance=1e-7,
    hints=(
        "The number of dropped weights follows the binomial distribution: its variance is "
        "n·p·(1 − p). The sparsity is that number divided by n.",
        """
        count      mean n·p    variance n·p·(1 − p)
        sparsity   mean p      variance n·p·(1 − p) / n²      its root is the spread
        """,
        """
        def sparsity_spread(n, probability):
            variance = probability * (1 - probability) / ...
            return math.sqrt(...)
        """,
    ),
    misconceptions=(
        Misconception(
            _variance, "That is the variance. The standard deviation is its square root."
        ),
        Misconception(
            _of_the_count,
            "That is the spread of the *count*, √(n·p·(1 − p)). The sparsity is the count divided "
            "by n, and so is its spread.",
        ),
        Misconception(
            _without_the_other,
            "The factor (1 − p) is missing. At p = 1 every weight goes and nothing can vary.",
        ),
        Misconception(
            _root_of_n_only,
            "The root covers all of it: √(p·(1 − p)/n), not p·(1 − p)/√n.",
        ),
        Misconception(
            _n_minus_one,
            "You divide by n − 1. That estimates a spread from measured values; here the "
            "probability is known, and the formula is exact with n.",
        ),
    ),
)
