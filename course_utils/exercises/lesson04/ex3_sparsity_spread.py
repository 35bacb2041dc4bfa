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


def _root_without_n(n: int, probability: float) -> float:
    return math.sqrt(probability * (1 - probability)) / n


def _without_n(n: int, probability: float) -> float:
    return math.sqrt(probability * (1 - probability))


def _in_points(n: int, probability: float) -> float:
    return 100 * _right_spread(n, probability)


def _of_those_kept_only(n: int, probability: float) -> float:
    return math.sqrt((1 - probability) / n)


def _half_width(n: int, probability: float) -> float:
    return 1.96 * _right_spread(n, probability)


def _two_spreads(n: int, probability: float) -> float:
    return 2 * _right_spread(n, probability)


def _only_root_of_n(n: int, probability: float) -> float:
    return 1 / math.sqrt(n)


def _the_mean(n: int, probability: float) -> float:
    return probability


def _mean_of_the_count(n: int, probability: float) -> float:
    return n * probability


def _variance_of_the_count(n: int, probability: float) -> float:
    return n * probability * (1 - probability)


def _variance_of_one(n: int, probability: float) -> float:
    return probability * (1 - probability)


def _relative(n: int, probability: float) -> float:
    return _right_spread(n, probability) / probability


def _plus(n: int, probability: float) -> float:
    return math.sqrt(probability * (1 + probability) / n)


def _parentheses_missing(n: int, probability: float) -> float:
    return math.sqrt(probability * 1 - probability / n)


def _whole_numbers(n: int, probability: float) -> float:
    return math.sqrt(probability * (1 - probability) // n)


def _rounded(n: int, probability: float) -> float:
    return round(_right_spread(n, probability), 3)


def _factor_outside(n: int, probability: float) -> float:
    return math.sqrt(probability / n) * (1 - probability)


def _of_one_measured(n: int, probability: float) -> float:
    return math.sqrt(probability * (1 - probability) / max(n - 2, 1))


_right_spread = sparsity_spread

sparsity_spread = Exercise(
    id="4.3",
    title="How far the sparsity strays",
    difficulty=2,
    importance=2,
    minutes=5,
    reference=sparsity_spread,
    cases=(
        Case("10¹⁵ weights, all of them dropped: nothing can vary", lambda: (10**15, 1.0)),
        Case("one weight, a coin toss: a formula gives exactly 1/2", lambda: (1, 0.5)),
        Case("100 weights, 50 %", lambda: (100, 0.5)),
        Case("100 weights, 30 %", lambda: (100, 0.3)),
        Case("probability 0: nothing can vary", lambda: (100, 0.0)),
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
            of_the_count = ...          # the variance of the number of dropped weights
            of_the_sparsity = ...       # what dividing the number by n does to a variance
            return ...
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
        Misconception(
            _root_without_n,
            "n stands outside of your root. The variance of the sparsity is p·(1 − p)/n; take the "
            "root of all of it.",
        ),
        Misconception(
            _without_n,
            "n is missing. The more weights a layer has, the less its sparsity strays: √(p·(1 − "
            "p)/n).",
        ),
        Misconception(
            _in_points,
            "You give points of a per cent. The sparsity is a fraction here, and so is its spread.",
        ),
        Misconception(
            _of_those_kept_only,
            "The factor p is missing. At p = 0 no weight goes and nothing can vary.",
        ),
        Misconception(
            _half_width,
            "You multiply by 1.96. That is half of a 95 % interval; the standard deviation itself "
            "is asked for.",
        ),
        Misconception(
            _two_spreads,
            "You double it. The standard deviation itself is asked for, not the width of an "
            "interval.",
        ),
        Misconception(
            _only_root_of_n,
            "1/√n is not all: how much a single weight can vary, √(p·(1 − p)), belongs to it.",
        ),
        Misconception(
            _the_mean,
            "That is the mean of the sparsity. How far it strays from that is asked for.",
        ),
        Misconception(
            _mean_of_the_count,
            "That is the mean of the count. How far the sparsity strays is asked for.",
        ),
        Misconception(
            _variance_of_the_count,
            "That is the variance of the *count*. Divide it by n² for that of the sparsity, and "
            "take the root.",
        ),
        Misconception(
            _variance_of_one,
            "That is the variance of one weight alone. The sparsity is a mean over n: divide by "
            "n, and take the root.",
        ),
        Misconception(
            _relative,
            "You divide by p, which gives the spread relative to the mean. The standard deviation "
            "itself is asked for; at p = 0 it is 0.",
        ),
        Misconception(
            _plus,
            "One sign is turned: a weight stays with probability 1 − p, so p·(1 − p).",
        ),
        Misconception(
            _parentheses_missing,
            "Parentheses are missing: p * 1 − p / n is p − p/n. Write p * (1 − p) / n.",
        ),
        Misconception(
            _whole_numbers,
            "You divide with //, which cuts everything off behind the point. Write /.",
        ),
        Misconception(
            _rounded,
            "You round the result. In a large layer the spread is less than a thousandth: return "
            "all digits.",
        ),
        Misconception(
            _factor_outside,
            "(1 − p) stands outside of your root: √(p·(1 − p)/n).",
        ),
        Misconception(
            _of_one_measured,
            "You divide by n − 2. The probability is known, and the formula is exact with n.",
        ),
    ),
    crashes={
        **dict.fromkeys(
            ("can't allocate memory", "not enough memory", "Unable to allocate"),
            "You draw masks and measure them. A formula is asked for, not an experiment: it gives "
            "the spread of any layer, exactly and without a draw.",
        ),
        "division by zero": "n is at least 1, but the probability may be 0: then nothing can vary, "
        "and the formula gives 0 by itself.",
        "expected a nonnegative input": "The root of a negative number: are there parentheses "
        "around 1 − p?",
        "math domain error": "The root of a negative number: are there parentheses around 1 − p?",
    },
)
