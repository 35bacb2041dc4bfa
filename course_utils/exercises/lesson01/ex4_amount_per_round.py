"""Exercise 1.4: Which amount a round?"""

import math

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception


def amount_per_round(total: float, rounds: int) -> float:
    return 1 - (1 - total) ** (1 / rounds)


_right_amount = amount_per_round


def _divided(total: float, rounds: int) -> float:
    return total / rounds


def _root_of_total(total: float, rounds: int) -> float:
    return total ** (1 / rounds)


def _kept_per_round(total: float, rounds: int) -> float:
    return (1 - total) ** (1 / rounds)


def _forwards(total: float, rounds: int) -> float:
    return 1 - (1 - total) ** rounds


def _one_minus_root_of_total(total: float, rounds: int) -> float:
    return 1 - total ** (1 / rounds)


def _whole_exponent(total: float, rounds: int) -> float:
    return 1 - (1 - total) ** (1 // rounds)


def _power_before_division(total: float, rounds: int) -> float:
    return 1 - (1 - total) / rounds


def _left_divided(total: float, rounds: int) -> float:
    return (1 - total) / rounds


def _square_root(total: float, rounds: int) -> float:
    return 1 - (1 - total) ** 0.5


def _power_of_total(total: float, rounds: int) -> float:
    return total**rounds


def _rate(total: float, rounds: int) -> float:
    return -math.log(1 - total) / rounds


def _percent(total: float, rounds: int) -> float:
    return 100 * _right_amount(total, rounds)


def _one_for_each_round(total: float, rounds: int) -> list[float]:
    return [_right_amount(total, rounds)] * rounds


def _two_digits(total: float, rounds: int) -> float:
    return round(_right_amount(total, rounds), 2)


amount_per_round = Exercise(
    id="1.4",
    title="Which amount a round?",
    difficulty=2,
    importance=2,
    minutes=4,
    reference=amount_per_round,
    cases=(
        Case("one round", lambda: (0.6, 1)),
        Case("75 % in two rounds", lambda: (0.75, 2)),
        Case("60 % in three rounds", lambda: (0.6, 3)),
        Case("nothing in four rounds", lambda: (0.0, 4)),
        Case("everything in two rounds", lambda: (1.0, 2)),
        Case("99 % in ten rounds", lambda: (0.99, 10)),
    ),
    hints=(
        "It is the last exercise backwards. What is left after k equal rounds is (1 − a) to the "
        "power of k. Set that equal to 1 − total and solve for a.",
        """
        (1 − a)·(1 − a)·…·(1 − a) = 1 − total        k factors
              1 − a               = the k-th root of (1 − total)
        """,
        """
        def amount_per_round(total, rounds):
            kept_each_round = ...     # the root of what is left in the end
            return ...                # what is not kept is pruned
        """,
    ),
    misconceptions=(
        Misconception(
            _divided,
            "You share the total out evenly. But later rounds find less to prune, so equal amounts "
            "of total / rounds stop short: three rounds of 20 % reach 48.8 %, not 60 %.",
        ),
        Misconception(
            _root_of_total,
            "You take the root of what is *pruned*. What multiplies from round to round is what is "
            "*left*: take the root of 1 − total.",
        ),
        Misconception(
            _kept_per_round,
            "This is the part that each round *keeps*. The amount it prunes is 1 minus that.",
        ),
        Misconception(
            _forwards,
            "You compound `total` over the rounds: that is exercise 1.3 again, forwards. Here the "
            "total is known and the amount is asked for, so a root stands where the power stood.",
        ),
        Misconception(
            _one_minus_root_of_total,
            "You take 1 minus the root of what is *pruned*. What multiplies from round to round is "
            "what is *left*: take the root of 1 − total.",
        ),
        Misconception(
            _whole_exponent,
            "1 // rounds is 0 from two rounds on: // gives whole numbers. The exponent of the root "
            "is 1 / rounds.",
        ),
        Misconception(
            _power_before_division,
            "** binds tighter than /, so (1 − total) ** 1 / rounds is (1 − total) / rounds. Put "
            "the exponent in parentheses: ** (1 / rounds).",
        ),
        Misconception(
            _left_divided,
            "You share what is left evenly among the rounds. From round to round it is multiplied: "
            "take a root of it, not a part.",
        ),
        Misconception(
            _square_root,
            "You always take the square root. That is right for two rounds; for k rounds it is the "
            "k-th root.",
        ),
        Misconception(
            _power_of_total,
            "You take a power of the total. Over the rounds it is what is *left* that is "
            "multiplied, and from the total back to one round leads a root.",
        ),
        Misconception(
            _rate,
            "This is a rate, as for something that shrinks at every moment. A round takes its "
            "amount in one step: 1 minus the k-th root of what is left.",
        ),
        Misconception(
            _percent,
            "You give percent. An amount is a fraction from 0 to 1; only what is printed is in "
            "percent.",
        ),
        Misconception(
            _one_for_each_round,
            "You return a list with the same amount for each round. Return it once, as one number.",
        ),
        Misconception(
            _two_digits,
            "You round the amount, and over ten rounds such errors add up. Return it as it is.",
        ),
    ),
    crashes={
        "unsupported operand type(s) for ^": "In Python a power is written **. The sign ^ is an "
        "operation on bits.",
        "division by zero": "There are `rounds` rounds, so `rounds` equal factors: the exponent is "
        "1 / rounds, also for one round.",
        "math domain error": "The total may be 1: everything goes, and there is no log(0). The "
        "power ** (1 / rounds) needs no logarithm.",
        "expected a positive input": "The total may be 1: everything goes, and there is no log(0). "
        "The power ** (1 / rounds) needs no logarithm.",
    },
)
