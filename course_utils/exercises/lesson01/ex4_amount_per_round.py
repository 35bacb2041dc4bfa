"""Exercise 1.4: Which amount a round?."""

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception


def amount_per_round(total: float, rounds: int) -> float:
    return 1 - (1 - total) ** (1 / rounds)


def _divided(total: float, rounds: int) -> float:
    return total / rounds


def _root_of_total(total: float, rounds: int) -> float:
    return total ** (1 / rounds)


def _kept_per_round(total: float, rounds: int) -> float:
    return (1 - total) ** (1 / rounds)


def _forwards(total: float, rounds: int) -> float:
    return 1 - (1 - total) ** rounds


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
            kept_each_round = (...) ** (1 / rounds)
            return ...
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
    ),
)
