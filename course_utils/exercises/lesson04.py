"""Lesson 04, Random pruning: the control group, its spread, and how to compare two methods.

Random numbers are handed in as ``draws``, so that everybody's answer can be checked.
"""

import math

import torch
from torch import Tensor

from course_utils import masks
from course_utils.exercises.exercise import Case, Exercise, Misconception


def _draws(*shape: int, seed: int = 1) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


# 4.1 ----------------------------------------------------------------------------------------------


def bernoulli_mask(draws: Tensor, probability: float) -> Tensor:
    return draws >= probability


def _keeps_below(draws: Tensor, probability: float) -> Tensor:
    return draws < probability


def _drops_at_the_edge(draws: Tensor, probability: float) -> Tensor:
    return draws > probability


def _an_exact_count(draws: Tensor, probability: float) -> Tensor:
    return masks.mask_from_scores(draws, probability)


def _bernoulli_numbers(draws: Tensor, probability: float) -> Tensor:
    return (draws >= probability).float()


def _one_minus(draws: Tensor, probability: float) -> Tensor:
    return draws >= 1 - probability


bernoulli_mask = Exercise(
    id="4.1",
    title="Each weight on its own",
    difficulty=1,
    importance=2,
    minutes=4,
    reference=bernoulli_mask,
    cases=(
        Case("two weights", lambda: (torch.tensor([0.2, 0.7]), 0.3)),
        Case("three low draws in a row: all go", lambda: (torch.tensor([0.1, 0.2, 0.05]), 0.3)),
        Case("a draw of exactly the probability", lambda: (torch.tensor([0.25, 0.5, 0.75]), 0.5)),
        Case("probability 0", lambda: (torch.tensor([0.0, 0.5]), 0.0)),
        Case("probability 1", lambda: (torch.tensor([0.0, 0.5, 0.999]), 1.0)),
        Case("a 4×5 layer", lambda: (_draws(4, 5), 0.4)),
    ),
    hints=(
        "One comparison does it: which draws are low enough to drop their weight? The mask is "
        "True for the others.",
        """
        draw         0.20   0.70   0.05      probability 0.3
        below 0.3    yes    no     yes
        mask         □      ■      □
        """,
        """
        def bernoulli_mask(draws, probability):
            return draws >= ...
        """,
    ),
    misconceptions=(
        Misconception(
            _keeps_below,
            "Your mask is True where the draw is below the probability, and those weights are to "
            "be dropped. True (1) means *kept*.",
        ),
        Misconception(
            _drops_at_the_edge,
            "A draw of exactly the probability is not *below* it, so its weight stays: use >=. "
            "With > a probability of 0 could still drop a weight.",
        ),
        Misconception(
            _an_exact_count,
            "You prune an exact count. That is exercise 4.2; here each weight is dropped on its "
            "own, and the count comes out as it may.",
        ),
        Misconception(
            _bernoulli_numbers, "The right cells, but as numbers. A mask is boolean here."
        ),
        Misconception(
            _one_minus,
            "You compare with 1 − probability, the probability to stay. A weight is dropped where "
            "its draw is below `probability`.",
        ),
    ),
)


# 4.2 ----------------------------------------------------------------------------------------------


def exact_mask(draws: Tensor, sparsity: float) -> Tensor:
    count = round(sparsity * draws.numel())
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    mask[draws.flatten().argsort(stable=True)[:count]] = False
    return mask.reshape(draws.shape)


def _by_threshold(draws: Tensor, sparsity: float) -> Tensor:
    return draws >= sparsity


def _in_each_row(draws: Tensor, sparsity: float) -> Tensor:
    rows = torch.atleast_2d(draws)
    return torch.stack([masks.mask_from_scores(row, sparsity) for row in rows]).reshape(draws.shape)


def _count_cut_off(draws: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    mask[draws.flatten().argsort(stable=True)[: int(sparsity * draws.numel())]] = False
    return mask.reshape(draws.shape)


def _exact_inverted(draws: Tensor, sparsity: float) -> Tensor:
    return ~masks.mask_from_scores(draws, sparsity)


def _first_weights(draws: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    mask[: round(sparsity * draws.numel())] = False
    return mask.reshape(draws.shape)


def _exact_flat(draws: Tensor, sparsity: float) -> Tensor:
    return masks.mask_from_scores(draws, sparsity).flatten()


exact_mask = Exercise(
    id="4.2",
    title="Exactly so many",
    difficulty=1,
    importance=3,
    minutes=4,
    reference=exact_mask,
    cases=(
        Case("one weight, half of it: round(0.5) is 0", lambda: (torch.tensor([0.1]), 0.5)),
        Case("four weights, two go", lambda: (torch.tensor([0.9, 0.8, 0.7, 0.6]), 0.5)),
        Case("low draws in one row", lambda: (torch.tensor([[0.1, 0.2], [0.8, 0.9]]), 0.5)),
        Case("sparsity 0", lambda: (torch.tensor([0.0, 0.5]), 0.0)),
        Case("sparsity 1", lambda: (torch.tensor([0.0, 0.5]), 1.0)),
        Case("equal draws: the first go first", lambda: (torch.full((5,), 0.5), 0.4)),
        Case("7 weights, 0.4: 2.8 is 3", lambda: (_draws(7), 0.4)),
        Case("a 3×4 layer", lambda: (_draws(3, 4, seed=3), 0.3)),
    ),
    hints=(
        "Rank the weights by their draws, as exercise 2.1 ranks them by magnitude. Random draws "
        "make a random order, and the first round(sparsity · n) of it go.",
        """
        draws     0.9   0.8   0.7   0.6      sparsity 0.5 → round(0.5 · 4) = 2 go
        rank      4th   3rd   2nd   1st
        mask      ■     ■     □     □
        """,
        """
        def exact_mask(draws, sparsity):
            count = round(...)
            mask = torch.ones(draws.numel(), dtype=torch.bool)
            mask[draws.flatten().argsort(stable=True)[...]] = False
            return mask.reshape(...)
        """,
    ),
    misconceptions=(
        Misconception(
            _by_threshold,
            "You compare with a threshold, as in exercise 4.1, so the count varies with the draws. "
            "Rank them: exactly round(sparsity · n) go.",
        ),
        Misconception(
            _in_each_row,
            "You prune the same number in every row. The count is for the whole layer: flatten "
            "first.",
        ),
        Misconception(
            _count_cut_off, "You cut the count off (int or //): 2.8 weights are 3. Use round."
        ),
        Misconception(
            _exact_inverted, "Your mask marks what goes. True (1) means *kept* in this course."
        ),
        Misconception(
            _first_weights,
            "You prune the first weights of the tensor, whatever was drawn. The draws decide: "
            "those with the smallest go.",
        ),
        Misconception(_exact_flat, "The right weights, but the mask is flat. Reshape it."),
    ),
)


# 4.3 ----------------------------------------------------------------------------------------------


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


# 4.4 ----------------------------------------------------------------------------------------------


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


# 4.5 ----------------------------------------------------------------------------------------------


def random_filters(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    count = round(sparsity * len(draws))
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[draws.argsort(stable=True)[:count]] = False
    return mask


def _answers_only(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    return masks.mask_from_scores(draws, sparsity)


def _filters_by_threshold(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[draws < sparsity] = False
    return mask


def _filters_inverted(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    mask = torch.zeros_like(weight, dtype=torch.bool)
    mask[~masks.mask_from_scores(draws, sparsity)] = True
    return mask


def _by_norm(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    return masks.norm_mask(weight, sparsity)


def _filters_cut_off(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[draws.argsort(stable=True)[: int(sparsity * len(draws))]] = False
    return mask


random_filters = Exercise(
    id="4.5",
    title="Random filters",
    difficulty=1,
    importance=3,
    minutes=4,
    reference=random_filters,
    cases=(
        Case("one row, half of it: round(0.5) is 0", lambda: (_draws(1), torch.ones(1, 2), 0.5)),
        Case(
            "two rows, the larger one has the smaller draw",
            lambda: (torch.tensor([0.1, 0.4]), torch.tensor([[9.0, 9.0], [1.0, 1.0]]), 0.5),
        ),
        Case("sparsity 0", lambda: (_draws(3), torch.ones(3, 2), 0.0)),
        Case("sparsity 1", lambda: (_draws(3), torch.ones(3, 2), 1.0)),
        Case("equal draws: the first go first", lambda: (torch.ones(5), torch.ones(5, 2), 0.4)),
        Case(
            "a conv layer of 5 filters, 0.35: 1.75 is 2",
            lambda: (_draws(5, seed=4), torch.ones(5, 2, 3, 3), 0.35),
        ),
    ),
    hints=(
        "As exercise 3.1, with a draw in the place of each filter's norm. What the weights are "
        "does not matter; only their shape does.",
        """
        filter   draw    sparsity 0.5 → round(0.5 · 2) = 1 goes
        #0       0.10    goes   □ □
        #1       0.40           ■ ■
        """,
        """
        def random_filters(draws, weight, sparsity):
            count = round(sparsity * len(draws))
            mask = torch.ones_like(weight, dtype=torch.bool)
            mask[draws.argsort(stable=True)[...]] = False
            return mask
        """,
    ),
    misconceptions=(
        Misconception(
            _answers_only,
            "One answer for each filter. A block mask has the weight's shape: give every weight of "
            "a filter the filter's answer.",
        ),
        Misconception(
            _filters_by_threshold,
            "You drop each filter on its own, so the count varies. Rank the draws: exactly "
            "round(sparsity · filters) go.",
        ),
        Misconception(
            _filters_inverted, "Your mask marks the filters that go. True (1) means *kept* here."
        ),
        Misconception(
            _by_norm,
            "You prune the filters of smallest norm. This is the control group: the draws decide, "
            "not the weights.",
        ),
        Misconception(
            _filters_cut_off, "You cut the count off (int or //): 1.75 filters are 2. Use round."
        ),
    ),
)
