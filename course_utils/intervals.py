"""Compare two methods over several seeds, honestly. Lesson 04.

Give both methods the same seeds and look at the differences, seed by seed: what a lucky start does
to both cancels out of them.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MOST_SEEDS = 100_000


@dataclass(frozen=True)
class PairedDifference:
    """The mean difference over ``seeds`` seeds and its confidence interval, in the given unit."""

    mean: float
    low: float
    high: float
    seeds: int

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval leaves out 0, that is, whether the methods can be told apart."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        return f"≈ {self.mean:+.2f} (interval ≈ {self.low:+.2f} to ≈ {self.high:+.2f})"


def paired_difference(
    a: Sequence[float], b: Sequence[float], confidence: float = 0.95
) -> PairedDifference:
    """The mean of a − b over the seeds, with Student's t interval: mean ± t · s / √n.

    ``a`` and ``b``: one result for each seed, in the same order of seeds. s is the standard
    deviation of the differences (with n − 1). Raises ``ValueError`` for fewer than two seeds,
    different lengths, NaN, and a confidence outside 0 to 1. Student 1908, The probable error of a
    mean.
    """
    a, b = _results(a, "a"), _results(b, "b")
    if len(a) != len(b):
        raise ValueError(
            f"a has {len(a)} results and b {len(b)}. A pair needs the same seed in both."
        )
    differences = a - b
    half = _half_width(differences.std(ddof=1), len(differences), confidence)
    mean = float(differences.mean())
    return PairedDifference(mean, mean - half, mean + half, len(differences))


def seeds_needed(
    differences: Sequence[float], effect: float, confidence: float = 0.95, power: float = 0.8
) -> int:
    """The fewest seeds with which an interval leaves 0 out with probability ``power``.

    ``effect``: the true difference of the two methods. n is enough as soon as
    (t + t_power) · s / √n < |effect|: t as in :func:`paired_difference`, t_power the value that
    Student's t stays below with probability ``power``, so 0 for 0.5, where every other study finds
    nothing. Assumes that further seeds scatter as ``differences`` do, a rough guess from few seeds.
    Raises ``ValueError`` for an effect of 0, which no number of seeds tells from 0, for one so
    small that it would take more than 100,000, and for a power below 0.5 or not below 1.
    """
    if not math.isfinite(effect):
        raise ValueError(f"effect={effect} is not a finite number.")
    if not 0.5 <= power < 1:
        raise ValueError(f"power={power} is not from 0.5 to below 1; 0.8 is usual.")
    spread = _results(differences, "differences").std(ddof=1)
    numbers = range(2, MOST_SEEDS + 1)
    # What has to fit below the effect shrinks with every seed, so the first number is found by
    # halving.
    first = bisect_left(
        numbers, True, key=lambda n: _half_width(spread, n, confidence, power) < abs(effect)
    )
    if first == len(numbers):
        raise ValueError(
            f"effect={effect} is too small: to see it takes more than {MOST_SEEDS:,} seeds."
        )
    return numbers[first]


def _half_width(spread: float, n: int, confidence: float, power: float = 0.5) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence} is not between 0 and 1; 0.95 is usual.")
    from scipy.special import stdtrit  # slow to import, and all of scipy.stats slower still

    t = stdtrit(n - 1, (1 + confidence) / 2) + stdtrit(n - 1, power)
    return float(t * spread / math.sqrt(n))


def _results(values: Sequence[float], name: str) -> "np.ndarray":
    import numpy as np  # slow to import, and every claim knows this module

    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or len(array) < 2:
        raise ValueError(
            f"{name} must hold one result a seed, for two seeds or more; got {values}."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity: a run has failed. Find out why first.")
    return array
