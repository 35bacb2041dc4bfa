"""Exercise 4.4: A paired comparison."""

import math

import torch
from scipy.special import stdtrit

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


def _mean_and_half(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    low, high = paired_interval.reference(a, b, t)
    return (low + high) / 2, (high - low) / 2


def _half_alone(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    low, high = paired_interval.reference(a, b, t)
    return (high - low) / 2


def _high_first(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    return paired_interval.reference(a, b, t)[::-1]


def _always_1_96(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    return paired_interval.reference(a, b, 1.96)


def _always_2(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    return paired_interval.reference(a, b, 2.0)


def _own_t_of_95(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    return paired_interval.reference(a, b, float(stdtrit(len(a) - 1, 0.975)))


def _with_the_variance(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.var() / math.sqrt(len(a))
    return float(differences.mean() - half), float(differences.mean() + half)


def _root_of_n_minus_one(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.std() / math.sqrt(len(a) - 1)
    return float(differences.mean() - half), float(differences.mean() + half)


def _root_of_both(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.std() / math.sqrt(len(a) + len(b))
    return float(differences.mean() - half), float(differences.mean() + half)


def _half_the_width(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.std() / math.sqrt(len(a)) / 2
    return float(differences.mean() - half), float(differences.mean() + half)


def _sorted_lists(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    return paired_interval.reference(sorted(a), sorted(b), t)


def _sizes(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    return paired_interval.reference(
        [abs(x - y) for x, y in zip(a, b, strict=True)], [0.0] * len(a), t
    )


def _around_the_median(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.std() / math.sqrt(len(a))
    return float(differences.median() - half), float(differences.median() + half)


def _around_0(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.std() / math.sqrt(len(a))
    return float(0 * differences.mean() - half), float(0 * differences.mean() + half)


def _around_a(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.std() / math.sqrt(len(a))
    return float(torch.tensor(a).mean() - half), float(torch.tensor(a).mean() + half)


def _spread_of_a(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * torch.tensor(a).std() / math.sqrt(len(a))
    return float(differences.mean() - half), float(differences.mean() + half)


def _spreads_added(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * (torch.tensor(a).std() + torch.tensor(b).std()) / math.sqrt(len(a))
    return float(differences.mean() - half), float(differences.mean() + half)


def _spread_of_all(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * torch.tensor([*a, *b]).std() / math.sqrt(len(a))
    return float(differences.mean() - half), float(differences.mean() + half)


def _always_three_seeds(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.std() / math.sqrt(3)
    return float(differences.mean() - half), float(differences.mean() + half)


def _smallest_and_largest(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = [x - y for x, y in zip(a, b, strict=True)]
    return min(differences), max(differences)


def _never_below_0(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    low, high = paired_interval.reference(a, b, t)
    return max(low, 0.0), high


def _rounded(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    low, high = paired_interval.reference(a, b, t)
    return round(low, 2), round(high, 2)


def _every_pair(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor([x - y for x in a for y in b])
    half = t * differences.std() / math.sqrt(len(a))
    return float(differences.mean() - half), float(differences.mean() + half)


def _every_pair_counted(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor([x - y for x in a for y in b])
    half = t * differences.std() / math.sqrt(len(differences))
    return float(differences.mean() - half), float(differences.mean() + half)


def _in_per_cent_of_b(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = 100 * (torch.tensor(a) - torch.tensor(b)) / torch.tensor(b)
    half = t * differences.std() / math.sqrt(len(a))
    return float(differences.mean() - half), float(differences.mean() + half)


def _with_the_mean(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    low, high = paired_interval.reference(a, b, t)
    return low, (low + high) / 2, high


def _root_of_the_sum(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    squares = (differences - differences.mean()).square().sum()
    half = t * squares.sqrt() / (len(a) - 1) / math.sqrt(len(a))
    return float(differences.mean() - half), float(differences.mean() + half)


def _quantiles(a: list[float], b: list[float], t: float) -> tuple[float, float]:
    differences = torch.tensor(a) - torch.tensor(b)
    return float(differences.quantile(0.025)), float(differences.quantile(0.975))


paired_interval = Exercise(
    id="4.4",
    title="A paired comparison",
    difficulty=2,
    importance=3,
    minutes=8,
    reference=paired_interval,
    cases=(
        Case(
            "three seeds, a large spread in common",
            lambda: ([11.0, 52.0, 93.0], [10.0, 50.0, 90.0], 4.303),
        ),
        Case("two seeds", lambda: ([3.0, 5.0], [2.0, 2.0], 12.706)),
        Case("no difference at all", lambda: ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 4.303)),
        Case("b is better", lambda: ([90.0, 91.0, 89.5, 90.5], [92.0, 91.5, 92.0, 91.0], 3.182)),
        Case(
            "b is better for some seeds only, which come in no order",
            lambda: ([92.0, 88.5, 90.0, 95.0, 91.5], [90.0, 91.0, 89.5, 92.0, 93.0], 2.776),
        ),
        Case("t for 99 % instead of 95 %", lambda: ([4.0, 8.0, 7.0], [3.0, 5.0, 1.0], 9.925)),
        Case("every seed differs alike", lambda: ([2.0, 3.0, 4.0], [1.0, 2.0, 3.0], 4.303)),
    ),
    hints=(
        "Subtract first, seed by seed. From then on there is one list of differences: its mean, "
        "and how sure you can be of that mean.",
        """
        seed         0     1     2
        a           11    52    93        s = 41
        b           10    50    90        s = 40
        a − b        1     2     3        s = 1, mean 2
        """,
        """
        def paired_interval(a, b, t):
            differences = torch.tensor(a) - torch.tensor(b)
            half = ...              # how far the mean may be off
            mean = ...
            return float(...), float(...)
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
            "That interval says where one more seed may lie. How sure the *mean* is grows with "
            "the number of seeds: divide by √n.",
        ),
        Misconception(
            _without_t,
            "The factor t is missing: one standard error to each side covers far less than 95 % "
            "of the cases, above all with few seeds.",
        ),
        Misconception(_other_sign, "The other way round: the difference asked for is a − b."),
        Misconception(
            _divided_by_n,
            "You divide by n. The uncertainty of a mean falls with √n: four times the seeds for "
            "half the interval.",
        ),
        Misconception(
            _mean_and_half,
            "You return the mean and the half width. Both *ends* are asked for: mean − half and "
            "mean + half.",
        ),
        Misconception(
            _half_alone,
            "You return the half width alone. Both ends are asked for: mean − half and mean + "
            "half.",
        ),
        Misconception(
            _high_first,
            "The right ends, the other way round: (low, high).",
        ),
        Misconception(
            _always_1_96,
            "You take 1.96 for t. That is for very many seeds; with few, s is a rough guess and t "
            "is larger. It is handed in.",
        ),
        Misconception(
            _always_2,
            "You take 2 for t. That is for very many seeds; with few, s is a rough guess and t is "
            "larger. It is handed in.",
        ),
        Misconception(
            _own_t_of_95,
            "You look up t for 95 % yourself. It is handed in, since the confidence may be "
            "another one.",
        ),
        Misconception(
            _with_the_variance,
            "You take the variance. The standard deviation is its root: .std().",
        ),
        Misconception(
            _root_of_n_minus_one,
            "The root is of n − 1. That n − 1 belongs into the standard deviation, where .std() "
            "has it already; the mean of n differences is uncertain by s/√n.",
        ),
        Misconception(
            _root_of_both,
            "You count the results of both lists. There are as many differences as seeds: √n.",
        ),
        Misconception(
            _half_the_width,
            "You halve t·s/√n. That is the half width already: the interval reaches so far to "
            "*each* side.",
        ),
        Misconception(
            _sorted_lists,
            "You sort the lists, and the pairs are broken: the results of one seed no longer "
            "stand beside each other. Subtract them as they come.",
        ),
        Misconception(
            _sizes,
            "You take the sizes of the differences. Where b is better the difference is negative, "
            "and the interval must know it.",
        ),
        Misconception(
            _around_the_median,
            "You put the interval around the median. s/√n is the uncertainty of the *mean*.",
        ),
        Misconception(
            _around_0,
            "You put the interval around 0. Its middle is the mean difference; whether it holds 0 "
            "is what you want to know.",
        ),
        Misconception(
            _around_a,
            "You put the interval around the mean of a. Its middle is the mean of the differences.",
        ),
        Misconception(
            _spread_of_a,
            "You take the spread of a. Its luck is in b as well: the spread of the *differences* "
            "counts.",
        ),
        Misconception(
            _spreads_added,
            "You add the standard deviations of both lists. Subtract seed by seed, and take the "
            "standard deviation of the differences: what both have in common cancels out.",
        ),
        Misconception(
            _spread_of_all,
            "You take the standard deviation of all results together. That of the differences "
            "counts: subtract seed by seed first.",
        ),
        Misconception(
            _always_three_seeds,
            "You divide by √3 in every case. n is the number of seeds: len(a).",
        ),
        Misconception(
            _smallest_and_largest,
            "You return the smallest and the largest difference. The interval is about their "
            "*mean*: mean ± t·s/√n.",
        ),
        Misconception(
            _never_below_0,
            "You cut the interval off at 0. Its lower end may be negative; then 0 is inside, or b "
            "is better.",
        ),
        Misconception(
            _rounded,
            "You round the ends. Return all digits; round when you print.",
        ),
        Misconception(
            _every_pair,
            "You subtract every b from every a. A pair is of one seed: the first of a with the "
            "first of b, and so on.",
        ),
        Misconception(
            _every_pair_counted,
            "You subtract every b from every a, and count all of these as independent. A pair is "
            "of one seed, and there are n of them.",
        ),
        Misconception(
            _in_per_cent_of_b,
            "You give the difference relative to b. Asked for is the difference itself.",
        ),
        Misconception(
            _with_the_mean,
            "You return three numbers. The two ends are asked for: (low, high).",
        ),
        Misconception(
            _root_of_the_sum,
            "Your standard deviation divides by n − 1 outside of the root. Divide the sum of "
            "squares first, and take the root of that.",
        ),
        Misconception(
            _quantiles,
            "You return quantiles of the differences. They say where a seed lies; how sure the "
            "*mean* is takes mean ± t·s/√n.",
        ),
    ),
    crashes={
        "for -: 'list' and 'list'": "Lists cannot be subtracted. Make tensors of them, or subtract "
        "seed by seed in a loop.",
    },
)
