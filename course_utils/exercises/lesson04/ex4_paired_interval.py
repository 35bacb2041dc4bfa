"""Exercise 4.4: A paired comparison."""

import math

import torch

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception


def paired_interval(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.std() / math.sqrt(len(a))  # .std() divides by n − 1
    mean = differences.mean()
    return float(mean - half), float(mean + half)


def _population_spread(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.std(correction=0) / math.sqrt(len(a))
    return float(differences.mean() - half), float(differences.mean() + half)


def _unpaired(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    one, other = torch.tensor(a), torch.tensor(b)
    half = t * ((one.var() + other.var()) / len(a)).sqrt()
    mean = one.mean() - other.mean()
    return float(mean - half), float(mean + half)


def _spread_of_the_seeds(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.std()
    return float(differences.mean() - half), float(differences.mean() + half)


def _without_t(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    return paired_interval.reference(a, b, 1.0)


def _other_sign(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    return paired_interval.reference(b, a, t)


def _divided_by_n(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.std() / len(a)
    return float(differences.mean() - half), float(differences.mean() + half)


paired_interval = Exercise(
    id="4.4",
    title="A paired comparison",
    difficulty=2,
    importance=3,
    minutes=8,
    reference=paired_interval,
    cases=(
        Case("two seeds", lambda: ([3.0, 5.0], [2.0, 2.0], 12.706)),
        Case(
            "three seeds, a large spread in common",
            lambda: ([11.0, 52.0, 93.0], [10.0, 50.0, 90.0], 4.303),
        ),
        Case("no difference at all", lambda: ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 4.303)),
        Case("b is better", lambda: ([90.0, 91.0, 89.5, 90.5], [92.0, 91.5, 92.0, 91.0], 3.182)),
        Case("every seed differs alike", lambda: ([2.0, 3.0, 4.0], [1.0, 2.0, 3.0], 4.303)),
    ),
    hints=(
        "Subtract first, seed by seed. From then on there is one list of differences: its mean, "
        "and how sure you can be of that mean.",
        """
        seed         0     1     2
        a           11    52    93        each spreads by 41
        b           10    50    90
        a − b        1     2     3        mean 2, spread 1, so 2 ± t · 1/√3
        """,
        """
        def paired_interval(a, b, t):
            differences = torch.tensor(a) - torch.tensor(b)
            half = t * ... / math.sqrt(len(a))
            mean = differences.mean()
            return float(mean - half), float(...)
        """,
    ),
    misconceptions=(
        Misconception(
            _population_spread,
            "You divide by n in the standard deviation. The mean was taken from the same numbers, "
            "so divide by n − 1, as .std() does.",
        ),
        Misconception(
            _unpaired,
            "You add the spreads of both lists, as if they came from different seeds. A lucky "
            "start helps both methods: subtract seed by seed, then it cancels out.",
        ),
        Misconception(
            _spread_of_the_seeds,
            "That interval says where one more seed may lie. How sure the *mean* is grows with the "
            "number of seeds: divide by √n.",
        ),
        Misconception(
            _without_t,
            "The factor t is missing: one standard error to each side covers far less than 95 % of "
            "the cases, above all with few seeds.",
        ),
        Misconception(_other_sign, "The other way round: the difference asked for is a − b."),
        Misconception(
            _divided_by_n,
            "You divide by n. The uncertainty of a mean falls with √n: four times the seeds for "
            "half the interval.",
        ),
    ),
)
