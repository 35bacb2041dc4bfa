"""Scores: one number per weight or per group, the smallest goes first. Lessons 01 and 02."""

import math
from itertools import pairwise

import pytest
import torch

from course_utils.scores import group_norm, magnitude, random


class TestMagnitude:
    def test_drops_the_sign(self):
        assert magnitude(torch.tensor([[-3.0, 0.0], [2.0, -0.5]])).tolist() == [[3, 0], [2, 0.5]]

    def test_is_a_new_tensor_without_gradient(self):
        weight = torch.tensor([1.0, -2.0], requires_grad=True)
        score = magnitude(weight)
        assert not score.requires_grad
        score.zero_()
        assert weight.tolist() == [1, -2]

    def test_of_an_infinite_weight_is_the_largest(self):
        assert magnitude(torch.tensor([-math.inf, 1e30])).argmax() == 0


class TestRandom:
    def test_lies_between_minus_one_and_zero(self):
        score = random(torch.ones(100, 100))
        assert score.min() > -1
        assert score.max() <= 0
        assert score.mean() == pytest.approx(-0.5, abs=0.02)

    def test_has_the_shape_of_the_weight_and_not_its_values(self):
        for shape in ((5,), (2, 3), (4, 3, 2, 2)):
            torch.manual_seed(0)
            one = random(torch.zeros(shape))
            torch.manual_seed(0)
            other = random(torch.randn(shape, generator=torch.Generator()))
            assert one.shape == shape
            assert torch.equal(one, other)

    def test_is_repeated_by_the_same_generator_only(self):
        weight = torch.ones(20)
        one, same, other = (random(weight, torch.Generator().manual_seed(s)) for s in (3, 3, 4))
        assert torch.equal(one, same)
        assert not torch.equal(one, other)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_is_drawn_finely_for_coarse_weights(self, dtype):
        assert random(torch.ones(1000, dtype=dtype)).unique().numel() > 990


class TestGroupNorm:
    weight = torch.tensor([[3.0, -4.0], [0.0, 5.0]])

    @pytest.mark.parametrize(
        ("n", "rows", "columns"),
        [
            (1, [7, 5], [3, 9]),
            (2, [5, 5], [3, math.sqrt(41)]),
            (math.inf, [4, 5], [3, 5]),
        ],
    )
    def test_by_hand(self, n, rows, columns):
        assert group_norm(self.weight, n).tolist() == pytest.approx(rows)
        assert group_norm(self.weight, n, dim=1).tolist() == pytest.approx(columns)

    def test_of_a_filter_is_that_of_all_of_its_weights(self):
        weight = torch.ones(2, 3, 2, 2)
        weight[1] = 2
        assert group_norm(weight, 1).tolist() == [12, 24]
        assert group_norm(weight, 1, dim=1).tolist() == [12, 12, 12]

    def test_counts_dimensions_from_the_end_too(self):
        weight = torch.randn(2, 3, 4)
        for dim in range(3):
            assert torch.equal(group_norm(weight, 2, dim), group_norm(weight, 2, dim - 3))

    @pytest.mark.parametrize("n", [0.5, 1, 2, 7, math.inf])
    def test_in_one_dimension_is_the_magnitude(self, n):
        assert group_norm(torch.tensor([-2.0, 0.0, 3.0]), n).tolist() == [2, 0, 3]

    def test_falls_as_n_grows_and_scales_with_the_weight(self):
        weight = torch.randn(6, 5)
        norms = [group_norm(weight, n) for n in (1, 2, 4, math.inf)]
        for larger, smaller in pairwise(norms):
            assert (larger >= smaller).all()
        for n, norm in zip((1, 2, 4, math.inf), norms, strict=True):
            assert torch.allclose(group_norm(-3 * weight, n), 3 * norm)
