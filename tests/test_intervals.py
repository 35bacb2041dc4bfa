"""Two methods over several seeds: paired differences and their interval. Lesson 04."""

import math

import numpy as np
import pytest
from scipy import stats

from course_utils.intervals import paired_difference, seeds_needed


class TestPairedDifference:
    def test_by_hand(self):
        # Differences 1, 2, 3: mean 2, s = 1, t(2 degrees, 97.5 %) = 4.303.
        result = paired_difference([11, 22, 33], [10, 20, 30])
        half = 4.302653 / math.sqrt(3)
        assert result.mean == 2
        assert result.low == pytest.approx(2 - half, abs=1e-5)
        assert result.high == pytest.approx(2 + half, abs=1e-5)
        assert result.seeds == 3
        assert not result.excludes_zero

    def test_agrees_with_scipy(self):
        random = np.random.default_rng(0)
        a, b = random.normal(1, 1, 12), random.normal(0, 1, 12)
        expected = stats.ttest_rel(a, b).confidence_interval(0.9)
        result = paired_difference(a, b, confidence=0.9)
        assert (result.low, result.high) == pytest.approx((expected.low, expected.high))

    def test_what_both_share_cancels_out(self):
        luck = np.array([0.0, 30.0, -20.0, 10.0])
        better = luck + np.array([1.0, 1.1, 0.9, 1.0])
        assert paired_difference(better, luck).excludes_zero
        assert not paired_difference(better, luck[::-1]).excludes_zero

    def test_the_other_way_round_is_the_negative(self):
        one, other = (
            paired_difference([1, 2, 4], [0, 0, 0]),
            paired_difference([0, 0, 0], [1, 2, 4]),
        )
        assert (one.mean, one.low, one.high) == (-other.mean, -other.high, -other.low)

    def test_covers_the_truth_as_often_as_it_says(self):
        random = np.random.default_rng(1)
        runs = [paired_difference(random.normal(2, 3, 5), np.zeros(5)) for _ in range(2000)]
        covered = np.mean([run.low < 2 < run.high for run in runs])
        assert covered == pytest.approx(0.95, abs=0.02)

    def test_reads_as_a_line(self):
        assert str(paired_difference([1, 2, 3], [0, 0, 0])) == (
            "≈ +2.00 (interval ≈ -0.48 to ≈ +4.48)"
        )

    @pytest.mark.parametrize(
        ("a", "b", "words"),
        [
            ([1.0], [2.0], "two seeds or more"),
            ([1, 2, 3], [1, 2], "a has 3 results and b 2"),
            ([1, math.nan], [1, 2], "a holds NaN"),
            ([1, 2], [1, math.nan], "b holds NaN"),
            ([[1, 2]], [[1, 2]], "one result a seed"),
        ],
    )
    def test_refuses(self, a, b, words):
        with pytest.raises(ValueError, match=words):
            paired_difference(a, b)

    @pytest.mark.parametrize("confidence", [0, 1, 95])
    def test_refuses_a_confidence_out_of_range(self, confidence):
        with pytest.raises(ValueError, match=r"0\.95 is usual"):
            paired_difference([1, 2], [1, 3], confidence)


class TestSeedsNeeded:
    @pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
    @pytest.mark.parametrize("effect", [0.2, -0.2, 0.5, 3.0])
    def test_is_the_first_number_with_room_for_chance(self, effect, power):
        differences = [0.3, -0.4, 0.9, 0.1]
        n, s = seeds_needed(differences, effect, power=power), np.std(differences, ddof=1)
        need = [
            (stats.t.ppf(0.975, k - 1) + stats.t.ppf(power, k - 1)) * s / math.sqrt(k)
            for k in (n, max(n - 1, 2))
        ]
        assert need[0] < abs(effect)
        assert n == 2 or need[1] >= abs(effect)

    @pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
    @pytest.mark.parametrize("effect", [0.3, 1.0])
    def test_so_many_studies_find_the_effect(self, effect, power):
        """And with a seed less not so many: n is a whole number, and a few more find it."""
        random = np.random.default_rng(2)

        def found(n):
            studies = random.normal(effect, 1, (4000, n))
            half = stats.t.ppf(0.975, n - 1) * studies.std(1, ddof=1) / math.sqrt(n)
            return np.mean(studies.mean(1) > half)

        n = seeds_needed([-1, 0, 1], effect, power=power)  # s = 1
        assert found(n) > power - 0.03
        assert found(n - 1) < power + 0.03

    def test_eight_of_ten_studies_unless_asked_otherwise(self):
        differences = [0.3, -0.4, 0.9, 0.1]
        assert seeds_needed(differences, 0.2) == seeds_needed(differences, 0.2, power=0.8)
        assert seeds_needed(differences, 0.2) > seeds_needed(differences, 0.2, power=0.5)

    def test_a_smaller_effect_needs_more(self):
        differences = [0.3, -0.4, 0.9, 0.1]
        assert seeds_needed(differences, 0.05) > 50 * seeds_needed(differences, 0.5)

    def test_without_spread_two_are_enough(self):
        assert seeds_needed([1.0, 1.0, 1.0], 1.0) == 2

    @pytest.mark.parametrize("effect", [0, 1e-6])
    def test_refuses_an_effect_that_cannot_be_seen(self, effect):
        with pytest.raises(ValueError, match="100,000 seeds"):
            seeds_needed([1.0, -1.0], effect)

    @pytest.mark.parametrize("power", [0, 0.49, 1, 80, math.nan])
    def test_refuses_a_power_out_of_range(self, power):
        with pytest.raises(ValueError, match=r"0\.8 is usual"):
            seeds_needed([1.0, -1.0], 0.5, power=power)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(bad):
    with pytest.raises(ValueError, match="is not a finite number"):
        seeds_needed([1.0, 2.0], bad)
    for a, b in (([1.0, bad], [1.0, 2.0]), ([1.0, 2.0], [bad, 2.0])):
        with pytest.raises(ValueError, match="holds NaN or infinity: a run has failed"):
            paired_difference(a, b)
