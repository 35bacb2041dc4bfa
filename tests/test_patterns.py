"""n of every m: by hand, by counting, and against masks that know no groups."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from course_utils import masks
from course_utils.patterns import n_of_m

SHAPES = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple)


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ([1.0, -2.0, 3.0, -4.0], [0, 0, 1, 1]),
        ([5.0, 5.0, 5.0, 5.0], [0, 0, 1, 1]),  # the first of equal ones go
        ([4.0, 3.0, 2.0, 1.0, 1.0, 2.0, 3.0, 4.0], [1, 1, 0, 0, 0, 0, 1, 1]),
        ([9.0, 8.0, 7.0, 6.0, 0.1], [1, 1, 0, 0, 1]),  # the last group: at most two stay
        ([9.0, 8.0, 7.0, 6.0, 0.1, 0.2], [1, 1, 0, 0, 1, 1]),
        ([9.0, 8.0, 7.0, 6.0, 0.1, 0.3, 0.2], [1, 1, 0, 0, 0, 1, 1]),
        ([0.0, 0.0, math.inf, -math.inf], [0, 0, 1, 1]),
    ],
)
def test_two_of_four_by_hand(row, kept):
    expected = torch.tensor(kept).bool()
    assert torch.equal(n_of_m(torch.tensor(row)), expected)
    two_rows = torch.tensor([row, row[:4] + [0.0] * (len(row) - 4)])
    assert torch.equal(n_of_m(two_rows)[0], expected)


def test_a_group_ends_with_its_row():
    weight = torch.tensor([[1.0, 2.0, 3.0], [6.0, 5.0, 4.0]])
    assert n_of_m(weight, 1, 2).tolist() == [[False, True, True], [True, False, True]]


@given(shape=SHAPES, m=st.integers(1, 6), data=st.data(), seed=st.integers(0, 9))
def test_each_group_keeps_n_or_all_that_it_has(shape, m, data, seed):
    n = data.draw(st.integers(0, m))
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    before = weight.clone()
    mask = n_of_m(weight, n, m)
    assert mask.shape == weight.shape
    assert mask.dtype == torch.bool
    assert mask.is_contiguous()
    assert torch.equal(weight, before)
    rows = [torch.atleast_2d(each).flatten(1) for each in (mask, weight.abs())]
    for kept, sizes in zip(*rows, strict=True):
        for group, size in zip(kept.split(m), sizes.split(m), strict=True):
            assert int(group.sum()) == min(n, len(group))
            if group.any() and not group.all():
                assert size[group].min() >= size[~group].max()


@given(seed=st.integers(0, 9), m=st.integers(2, 8))
def test_one_group_is_a_magnitude_mask(seed, m):
    weight = torch.randn(m, generator=torch.Generator().manual_seed(seed))
    for n in range(m + 1):
        assert torch.equal(n_of_m(weight, n, m), masks.magnitude_mask(weight, 1 - n / m))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_every_width_of_floating_point(dtype):
    weight = torch.tensor([4.0, -3.0, 2.0, 1.0], dtype=dtype, requires_grad=True)
    mask = n_of_m(weight)
    assert mask.tolist() == [True, True, False, False]
    assert not mask.requires_grad


def test_a_filter_is_one_row():
    weight = torch.randn(3, 2, 3, 3)
    assert torch.equal(n_of_m(weight), n_of_m(weight.flatten(1)).view(3, 2, 3, 3))
    transposed = torch.randn(8, 3).T
    assert torch.equal(n_of_m(transposed), n_of_m(transposed.contiguous()))
