"""Integers instead of real numbers, and BatchNorm folded away. Lesson 07."""

import copy
from collections import Counter
from random import Random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from random_nets import random_net
from torch import nn
from torch.nn.utils import prune

from course_utils import layers, masks, models, pruning, quantise
from course_utils.quantise import (
    Grid,
    asymmetric,
    dequantise,
    fold_batchnorm,
    integer_conv,
    integer_linear,
    range_grid,
    rescale,
    saturating_linear,
    symmetric,
    why_not_fold,
)

properties = settings(deadline=None, derandomize=True, max_examples=60, database=None)
SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, max_side=5)
# Subnormal numbers among them; the largest leave room for a rounded scale.
NUMBERS = st.floats(-(2.0**120), 2.0**120, width=32)
TENSORS = arrays.arrays(np.float32, SHAPES, elements=NUMBERS).map(torch.from_numpy)


def within_bound(x: torch.Tensor, grid: Grid) -> bool:
    """Whether x comes back at most half a step off, beside what float32 rounds away."""
    back = dequantise(quantise.quantise(x, grid), grid).double()
    shape = [1] * x.dim()
    if grid.axis is not None:
        shape[grid.axis] = -1
    bound = grid.error_bound.double().view(shape) * (1 + 2**-14)
    return bool(((back - x.double()).abs() <= bound + x.double().abs() * 2**-22).all())


class TestSymmetric:
    def test_by_hand(self):
        grid = symmetric(torch.tensor([[0.5, -1.27], [0.0, 0.01]]))
        assert torch.allclose(grid.scale, torch.tensor(0.01))
        assert (grid.zero_point, grid.low, grid.high, grid.dtype) == (0, -127, 127, torch.int8)
        assert torch.allclose(grid.error_bound, torch.tensor(0.005))

    def test_the_largest_may_be_negative(self):
        """Misconception: the scale from max w instead of max |w|."""
        weight = torch.tensor([0.1, -2.54])
        grid = symmetric(weight)
        assert quantise.quantise(weight, grid).tolist() == [5, -127]

    def test_a_scale_for_each_output_channel(self):
        weight = torch.tensor([[1.27, 0.0], [0.0, -12.7], [0.0, 0.0]])
        grid = symmetric(weight, axis=0)
        assert torch.allclose(grid.scale, torch.tensor([0.01, 0.1, 1.0]))
        assert quantise.quantise(weight, grid).tolist() == [[127, 0], [0, -127], [0, 0]]

    def test_fewer_bits(self):
        weight = torch.tensor([-1.0, 0.26, 1.0])
        for bits, high in ((2, 1), (4, 7), (7, 63), (8, 127)):
            q = quantise.quantise(weight, symmetric(weight, bits=bits))
            assert q.tolist() == [-high, round(0.26 * high), high]

    @properties
    @given(TENSORS, st.integers(2, 8), st.data())
    def test_the_error_is_at_most_half_a_step(self, weight, bits, data):
        axis = data.draw(st.sampled_from([None, *range(-weight.dim(), weight.dim())]))
        grid = symmetric(weight, axis, bits=bits)
        q = quantise.quantise(weight, grid)
        assert q.dtype == torch.int8
        assert grid.low <= q.min() <= q.max() <= grid.high
        assert within_bound(weight, grid)

    @properties
    @given(TENSORS, st.integers(2, 8))
    def test_pruned_weights_stay_pruned(self, weight, bits):
        mask = masks.magnitude_mask(weight, 0.5)
        pruned = weight * mask
        for grid in (symmetric(pruned, bits=bits), symmetric(pruned, 0, bits=bits)):
            q = quantise.quantise(pruned, grid)
            assert (q[~mask] == 0).all()
            assert (dequantise(q, grid)[~mask] == 0).all()

    @properties
    @given(TENSORS)
    def test_the_other_sign_gives_the_other_integer(self, weight):
        grid = symmetric(weight)
        assert torch.equal(quantise.quantise(-weight, grid), -quantise.quantise(weight, grid))

    def test_of_other_precisions(self):
        for dtype in (torch.float16, torch.bfloat16, torch.float64):
            weight = torch.tensor([1.0, -0.5], dtype=dtype)
            grid = symmetric(weight)
            assert grid.scale.dtype == torch.float32
            assert quantise.quantise(weight, grid).tolist() == [127, -64]

    def test_a_weight_that_trains_is_read_only(self):
        weight = nn.Parameter(torch.tensor([1.0, 2.0]))
        grid = symmetric(weight)
        assert not grid.scale.requires_grad
        assert not dequantise(quantise.quantise(weight, grid), grid).requires_grad


class TestAsymmetric:
    def test_by_hand(self):
        grid = asymmetric(torch.tensor([-1.0, 0.0, 1.55]))
        assert torch.allclose(grid.scale, torch.tensor(0.01))
        assert (grid.zero_point, grid.low, grid.high, grid.dtype) == (100, 0, 255, torch.uint8)

    def test_a_range_without_zero_is_widened(self):
        """Misconceptions: 1 … 6 gives 6.0 → 5.0 where the zero point is clipped instead."""
        for x in (torch.arange(1.0, 7.0), -torch.arange(1.0, 7.0)):
            grid = asymmetric(x)
            assert torch.allclose(dequantise(quantise.quantise(x, grid), grid), x, atol=0.012)
        assert asymmetric(torch.arange(1.0, 7.0)).zero_point == 0
        assert asymmetric(-torch.arange(1.0, 7.0)).zero_point == 255

    @pytest.mark.parametrize("value", [2.0, -2.0, 0.0])
    def test_a_constant_tensor_comes_back(self, value):
        x = torch.full((3,), value)
        grid = asymmetric(x)
        assert torch.allclose(dequantise(quantise.quantise(x, grid), grid), x)

    @properties
    @given(TENSORS, st.integers(2, 8), st.data())
    def test_zero_is_exact_and_the_error_at_most_half_a_step(self, x, bits, data):
        axis = data.draw(st.sampled_from([None, *range(x.dim())]))
        grid = asymmetric(x, axis, bits=bits)
        assert 0 <= grid.zero_point.min() <= grid.zero_point.max() <= grid.high
        zeros = torch.zeros_like(x)
        assert (dequantise(quantise.quantise(zeros, grid), grid) == 0).all()
        assert quantise.quantise(x, grid).max() <= grid.high
        assert within_bound(x, grid)

    @properties
    @given(NUMBERS, NUMBERS)
    def test_of_a_range(self, one, other):
        x = torch.tensor([one, other])
        expected = asymmetric(x)
        for grid in (range_grid(x.min(), x.max()), range_grid(min(one, other), max(one, other))):
            assert torch.equal(grid.scale, expected.scale)
            assert torch.equal(grid.zero_point, expected.zero_point)

    def test_what_lies_outside_becomes_the_end(self):
        grid = range_grid(0.0, 2.55)
        q = quantise.quantise(torch.tensor([-1.0, 3.0, 1e30, -1e30, 1.0]), grid)
        assert q.tolist() == [0, 255, 255, 0, 100]

    @pytest.mark.parametrize("ends", [(1.0, -1.0), (float("nan"), 1.0), (0.0, float("inf"))])
    def test_a_range_that_is_none(self, ends):
        with pytest.raises(ValueError, match=r"A range from .* is none"):
            range_grid(*ends)

    def test_ends_of_other_shapes(self):
        with pytest.raises(ValueError, match="ends of the range have shapes"):
            range_grid(torch.zeros(2), torch.ones(3), axis=0)
        with pytest.raises(ValueError, match="ends of the range have shapes"):
            range_grid(torch.zeros(2), torch.ones(2))


class TestRefused:
    @pytest.mark.parametrize("make", [symmetric, asymmetric])
    def test_numbers_that_no_integer_stands_for(self, make):
        for bad in (float("nan"), float("inf"), -float("inf")):
            with pytest.raises(ValueError, match="holds NaN, infinity"):
                make(torch.tensor([1.0, bad]))
        with pytest.raises(TypeError, match=r"real numbers; got torch\.int8"):
            make(torch.ones(2, dtype=torch.int8))
        with pytest.raises(TypeError, match="got list"):
            make([1.0])
        with pytest.raises(ValueError, match="has no numbers"):
            make(torch.empty(0, 3))
        with pytest.raises(ValueError, match="dim=2 does not exist"):
            make(torch.ones(2, 3), 2)
        for bits in (1, 9, 2.5, True):
            with pytest.raises(ValueError, match="bits="):
                make(torch.ones(2), bits=bits)

    def test_a_grid_of_another_tensor(self):
        grid = symmetric(torch.ones(3, 2), axis=0)
        with pytest.raises(ValueError, match="each of 3 channels"):
            quantise.quantise(torch.ones(4, 2), grid)
        with pytest.raises(ValueError, match="each of 3 channels"):
            dequantise(torch.ones(4, 2, dtype=torch.int8), grid)

    def test_integers_of_another_grid(self):
        grid = symmetric(torch.ones(3))
        with pytest.raises(TypeError, match=r"torch\.int8; got torch\.uint8"):
            dequantise(torch.ones(3, dtype=torch.uint8), grid)
        with pytest.raises(ValueError, match="from -128 to 0, its grid goes from -127"):
            dequantise(torch.tensor([-128, 0], dtype=torch.int8), grid)


def layer_in_integers(
    x: torch.Tensor, weight: torch.Tensor, axis: int | None, bits: int = 8
) -> tuple[torch.Tensor, torch.Tensor, Grid, Grid]:
    x_grid, weight_grid = asymmetric(x), symmetric(weight, axis, bits=bits)
    return (
        quantise.quantise(x, x_grid), quantise.quantise(weight, weight_grid), x_grid, weight_grid,
    )  # fmt: skip


class TestIntegerLinear:
    @pytest.mark.parametrize("axis", [None, 0])
    def test_stands_for_the_same_numbers(self, axis):
        x, weight, bias = torch.randn(5, 30), torch.randn(7, 30), torch.randn(7)
        parts = layer_in_integers(x, weight, axis)
        sums = integer_linear(*parts, bias)
        assert sums.dtype == torch.int32
        q, rows, x_grid, weight_grid = parts
        expected = F.linear(
            dequantise(q, x_grid).double(), dequantise(rows, weight_grid).double(), bias.double()
        )
        step = (x_grid.scale * weight_grid.scale).double()
        off = (rescale(sums, x_grid, weight_grid).double() - expected).abs()
        assert (off <= step / 2 + 1e-5).all()  # the bias is rounded to a step

    def test_the_sums_are_whole_numbers_added_by_hand(self):
        parts = layer_in_integers(torch.randn(3, 9), torch.randn(4, 9), 0)
        q, rows, x_grid, _ = parts
        for n in range(3):
            for out in range(4):
                by_hand = sum(
                    (int(a) - int(x_grid.zero_point)) * int(b)
                    for a, b in zip(q[n], rows[out], strict=True)
                )
                assert integer_linear(*parts)[n, out] == by_hand

    def test_is_told_from_numbers_that_were_dequantised_first(self):
        """float32 has 24 bits: large sums of whole numbers are not exact in it, and here they are.

        So what a library calls int8 can be found out: is it these sums, or those.
        """
        x, weight = 5 * torch.rand(4, 5000), torch.rand(3, 5000)
        parts = layer_in_integers(x, weight, None)
        sums = integer_linear(*parts)
        assert sums.max() > 2**24
        exact = (parts[0].double() - parts[2].zero_point) @ parts[1].double().T
        assert torch.equal(sums.double(), exact)
        in_float = (parts[0].float() - parts[2].zero_point) @ parts[1].float().T
        assert not torch.equal(in_float.double(), exact)

    def test_refuses(self):
        x, weight = torch.rand(2, 6), torch.rand(3, 6)
        q, rows, x_grid, weight_grid = layer_in_integers(x, weight, 0)
        wrong = symmetric(weight, axis=1)
        columns = quantise.quantise(weight, wrong)
        with pytest.raises(ValueError, match="would differ inside one sum"):
            integer_linear(q, columns, x_grid, wrong)
        wrong = asymmetric(x, axis=0)
        examples = quantise.quantise(x, wrong)
        with pytest.raises(ValueError, match="would differ inside one sum"):
            integer_linear(examples, rows, wrong, weight_grid)
        with pytest.raises(TypeError, match=r"x must be integers of its grid, torch\.uint8"):
            integer_linear(x, rows, x_grid, weight_grid)
        with pytest.raises(ValueError, match="x has 5 inputs; weight reads 6"):
            integer_linear(q[:, :5], rows, x_grid, weight_grid)
        with pytest.raises(ValueError, match="both need 2 dimensions"):
            integer_linear(q[0], rows, x_grid, weight_grid)
        with pytest.raises(ValueError, match=r"bias has shape \(2,\); the layer has 3 rows"):
            integer_linear(q, rows, x_grid, weight_grid, torch.ones(2))
        with pytest.raises(ValueError, match="too large for sums in int32"):
            integer_linear(q, rows, x_grid, weight_grid, torch.full((3,), 1e8))

    def test_refuses_sums_that_could_leave_int32(self):
        n = 70_000
        grid = Grid(torch.tensor(1.0), torch.tensor(0, dtype=torch.int32), 0, 255)
        weights = symmetric(torch.ones(1))
        with pytest.raises(ValueError, match=r"may leave int32\. At most 66,311 fit"):
            integer_linear(
                torch.zeros(1, n, dtype=torch.uint8), torch.zeros(1, n, dtype=torch.int8), grid,
                weights,
            )  # fmt: skip


class TestIntegerConv:
    @settings(properties, max_examples=60)
    @given(st.data())
    def test_equals_the_convolution_of_the_integers(self, data):
        """float64 holds these sums exactly, so PyTorch's own convolution is the judge."""
        positions = data.draw(st.integers(1, 3))
        groups = data.draw(st.sampled_from([1, 1, 2, 3]))
        options = {
            name: data.draw(st.one_of(
                st.integers(least, 2), st.tuples(*[st.integers(least, 2)] * positions)
            ))
            for name, least in (("stride", 1), ("padding", 0), ("dilation", 1))
        }  # fmt: skip
        x = torch.randn(2, 2 * groups, *data.draw(st.tuples(*[st.integers(5, 7)] * positions)))
        kernel = data.draw(st.tuples(*[st.integers(1, 3)] * positions))
        weight = torch.randn(groups * data.draw(st.integers(1, 2)), 2, *kernel)
        bias = data.draw(st.sampled_from([None, torch.randn(len(weight))]))
        parts = layer_in_integers(x, weight, data.draw(st.sampled_from([None, 0])))
        q, filters, x_grid, weight_grid = parts
        sums = integer_conv(*parts, bias, groups=groups, **options)
        steps = None
        if bias is not None:
            steps = (bias.double() / (x_grid.scale * weight_grid.scale).double()).round()
        convolve = (F.conv1d, F.conv2d, F.conv3d)[positions - 1]
        expected = convolve(
            q.double() - x_grid.zero_point, filters.double(), steps, groups=groups, **options
        )
        assert sums.dtype == torch.int32
        assert torch.equal(sums.double(), expected)

    def test_of_no_input(self):
        q, *parts = layer_in_integers(torch.rand(1, 2, 4, 4), torch.rand(3, 2, 3, 3), None)
        for bias in (None, torch.rand(3)):
            assert integer_conv(q[:0], *parts, bias).shape == (0, 3, 2, 2)

    def test_padding_is_exactly_zero(self):
        """A zero point that were padded as the integer 0 would let the frame answer."""
        x = torch.full((1, 1, 3, 3), -1.0)
        parts = layer_in_integers(x, torch.ones(1, 1, 3, 3), None)
        sums = rescale(integer_conv(*parts, padding=1), parts[2], parts[3])
        assert torch.allclose(sums[0, 0, 0, 0], torch.tensor(-4.0), atol=0.05)

    def test_refuses(self):
        x, weight = torch.rand(1, 2, 4, 4), torch.rand(2, 2, 3, 3)
        parts = layer_in_integers(x, weight, None)
        for options, words in (
            ({"stride": 0}, "stride=0"), ({"padding": -1}, "padding=-1"),
            ({"padding": "same"}, "padding='same'"), ({"dilation": (1, 2, 3)}, "has 3 numbers"),
            ({"groups": 3}, "groups=3 must divide"), ({"groups": 2}, "1 inputs for each group"),
            ({"dilation": 2}, "spans 5 positions; x has 4"),
        ):  # fmt: skip
            with pytest.raises(ValueError, match=words):
                integer_conv(*parts, **options)
        with pytest.raises(ValueError, match="both need 4 dimensions"):
            integer_conv(parts[0][0], *parts[1:])
        for call in (integer_conv, integer_linear, saturating_linear):
            with pytest.raises(TypeError, match=r"weight must be integers .*; got list"):
                call(parts[0], [1], *parts[2:])
        with pytest.raises(ValueError, match="both need 3 dimensions"):
            integer_conv(parts[0], parts[1][0, 0], *parts[2:])


class TestSaturation:
    def test_by_hand(self):
        """Two products of 255 · 127 are 64,770 together; 16 bits hold 32,767."""
        x_grid = Grid(torch.tensor(1.0), torch.tensor(0, dtype=torch.int32), 0, 255)
        weight_grid = symmetric(torch.tensor([127.0]))
        x = torch.full((1, 3), 255, dtype=torch.uint8)
        weight = torch.tensor([[127, 127, 127], [-127, -127, 1]], dtype=torch.int8)
        sums = saturating_linear(x, weight, x_grid, weight_grid)
        assert sums.tolist() == [[32_767 + 255 * 127, -32_768 + 255]]

    def test_the_zero_point_does_not_shield_from_it(self):
        """The kernel multiplies the integers as they are and takes the zero point out later."""
        x = torch.tensor([[1.0, 1.0, -1.0, -1.0]])
        parts = layer_in_integers(x, torch.tensor([[1.0, 1.0, 1.0, 1.0]]), None)
        assert parts[2].zero_point == 127
        exact, saturated = integer_linear(*parts), saturating_linear(*parts)
        assert parts[0].tolist() == [[254, 254, 0, 0]]
        assert saturated - exact == 32_767 - 2 * 254 * 127

    @properties
    @given(st.integers(0, 2**32), st.integers(1, 9))
    def test_seven_bits_never_saturate(self, seed, inputs):
        generator = torch.Generator().manual_seed(seed)
        x = torch.randint(0, 256, (4, inputs), generator=generator).float()
        weight = torch.randint(-1, 2, (3, inputs), generator=generator).float()
        parts = layer_in_integers(x, weight, None, bits=7)
        assert torch.equal(saturating_linear(*parts), integer_linear(*parts))

    def test_is_exact_where_nothing_saturates(self):
        parts = layer_in_integers(torch.randn(20, 31), 0.01 * torch.randn(5, 31), 0, bits=6)
        assert torch.equal(saturating_linear(*parts), integer_linear(*parts))

    def test_refuses_what_the_instruction_does_not_take(self):
        x = torch.rand(2, 4)
        grid = symmetric(x)
        q = quantise.quantise(x, grid)
        with pytest.raises(TypeError, match=r"x must be torch\.uint8"):
            saturating_linear(q, q, grid, grid)


# Folding ------------------------------------------------------------------------------------------


def seen_data(model: nn.Module) -> nn.Module:
    """Numbers in each BatchNorm that are not those of an untrained one."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, quantise.BATCHNORM):
                for name in ("weight", "bias", "running_mean"):
                    if getattr(module, name) is not None:
                        getattr(module, name).uniform_(-1, 1)
                if module.running_var is not None:
                    module.running_var.uniform_(0.2, 2)
    return model.eval()


def norms_of(model: nn.Module) -> list[str]:
    return [n for n, each in model.named_modules() if isinstance(each, quantise.BATCHNORM)]


def apart(one: nn.Module, other: nn.Module, x: torch.Tensor) -> float:
    """The largest difference in double precision; of the largest answer, where that is above 1."""
    with torch.no_grad():
        answers = [copy.deepcopy(each).double()(x.double()) for each in (one, other)]
    return ((answers[0] - answers[1]).abs().max() / answers[0].abs().max().clamp_min(1)).item()


class TestFold:
    @pytest.mark.parametrize("width", [2, 8])
    def test_the_convnet_by_hand_and_as_a_whole(self, width):
        model = seen_data(models.ConvNet((width, 2 * width)))
        folded = fold_batchnorm(model)
        assert norms_of(folded) == []
        assert not any(module.training for module in folded.modules())
        conv, norm = model.blocks[0][0], model.blocks[0][1]
        factor = norm.weight / (norm.running_var + norm.eps).sqrt()
        taken = folded.blocks[0][0]
        assert torch.allclose(taken.weight, conv.weight * factor.view(-1, 1, 1, 1))
        assert torch.allclose(taken.bias, norm.bias - norm.running_mean * factor)
        x = torch.rand(16, 1, 28, 28)
        assert apart(model, folded, x) < 1e-6
        assert apart(model, folded, x[:1]) < 1e-6

    def test_leaves_the_model_as_it_is(self, state_of, same_state):
        model = seen_data(models.TinyResNet(4))
        before = state_of(model)
        folded = fold_batchnorm(model)
        assert same_state(before, state_of(model))
        assert norms_of(folded) == []
        assert apart(model, folded, torch.rand(4, 1, 28, 28)) < 1e-6
        own = {id(tensor) for tensor in model.parameters()}
        assert not own & {id(tensor) for tensor in folded.parameters()}

    def test_pruned_weights_stay_zero_and_masks_become_plain(self):
        model = seen_data(models.ConvNet((4, 8)))
        pruning.prune_model(model, 0.8)
        with torch.no_grad():
            model.blocks[1][0].weight_orig += 1  # what a training step behind the mask left
        folded = fold_batchnorm(model)
        assert masks.sparsity(folded) == masks.sparsity(model) == pytest.approx(0.8, abs=1e-3)
        assert not prune.is_pruned(folded)
        assert prune.is_pruned(model)
        assert apart(model, folded, torch.rand(4, 1, 28, 28)) < 1e-6

    def test_a_net_without_comes_back_as_a_copy(self):
        model = models.LeNet300().eval()
        folded = fold_batchnorm(model)
        assert folded is not model
        assert apart(model, folded, torch.rand(2, 1, 28, 28)) == 0

    def test_only_some(self):
        model = seen_data(models.ConvNet((2, 3, 4)))
        folded = fold_batchnorm(model, only=["blocks.1.1"])
        assert norms_of(folded) == ["blocks.0.1", "blocks.2.1"]
        assert apart(model, folded, torch.rand(4, 1, 28, 28)) < 1e-6
        with pytest.raises(ValueError, match="'blocks' is no BatchNorm of this model"):
            fold_batchnorm(model, only=["blocks"])

    def test_behind_a_linear_layer_the_example_tells(self):
        model = seen_data(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU()))
        with pytest.raises(ValueError, match="depends on the input: pass example="):
            fold_batchnorm(model)
        x = torch.randn(5, 3)
        assert apart(model, fold_batchnorm(model, x), x) < 1e-6
        tokens = torch.randn(5, 4, 3)  # 4 tokens: these are the channels of the BatchNorm here
        with pytest.raises(ValueError, match="puts out 3 dimensions here"):
            fold_batchnorm(model, tokens)

    def test_behind_a_conv1d_the_example_tells(self):
        model = seen_data(nn.Sequential(nn.Conv1d(3, 4, 1), nn.BatchNorm1d(4)))
        x = torch.randn(2, 3, 4)
        assert apart(model, fold_batchnorm(model, x), x) < 1e-6
        with pytest.raises(ValueError, match="puts out 2 dimensions here"):
            fold_batchnorm(model, x[0])

    def test_channels_that_are_not_the_filters(self):
        """One picture without a batch, whose rows are the channels here; and a net that fails."""
        rows = seen_data(nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm1d(3)))
        wrong = seen_data(nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(4)))
        for model, example in ((rows, torch.rand(2, 3, 3)), (rows, None), (wrong, None)):
            with pytest.raises(ValueError, match="channels are not the filters or rows of '0'"):
                fold_batchnorm(model, example)

    def test_without_scale_and_shift(self):
        model = seen_data(nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3, affine=False)))
        x = torch.randn(2, 2, 5, 5)
        assert apart(model, fold_batchnorm(model, x), x) < 1e-6

    def test_channels_last_stays(self):
        model = seen_data(models.ConvNet((4,))).to(memory_format=torch.channels_last)
        weight = fold_batchnorm(model).blocks[0][0].weight
        assert weight.is_contiguous(memory_format=torch.channels_last)

    def test_what_is_frozen_stays_frozen(self):
        model = seen_data(models.ConvNet((4,)))
        model.blocks[0][0].weight.requires_grad_(False)
        conv = fold_batchnorm(model).blocks[0][0]
        assert not conv.weight.requires_grad
        assert not conv.bias.requires_grad


def chain(**parts: nn.Module) -> nn.Module:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name, part in parts.items():
                setattr(self, name, part)
            seen_data(self)

    return Net()


def with_forward(net: nn.Module, forward) -> nn.Module:
    type(net).forward = forward
    return net


def conv(channels_in: int = 2, out: int = 2) -> nn.Module:
    return nn.Conv2d(channels_in, out, 1)


class OwnNorm(nn.BatchNorm2d):
    def forward(self, x):
        return super().forward(x) * 2


class OwnConv(nn.Conv2d):
    def forward(self, x):
        return super().forward(x).relu()


def shared_numbers() -> nn.Module:
    net = chain(a=conv(), n=nn.BatchNorm2d(2), b=conv())
    net.b.weight = net.a.weight
    return with_forward(net, lambda self, x: self.b(self.n(self.a(x))))


def hooked() -> nn.Module:
    net = nn.Sequential(conv(), nn.BatchNorm2d(2))
    net[0].register_forward_hook(lambda module, given, answer: answer + 1)
    return seen_data(net)


def in_a_list() -> nn.Module:
    net = chain(a=conv(), n=nn.BatchNorm2d(2))
    net.everything = [net.a, net.n]
    return with_forward(net, lambda self, x: self.everything[1](self.everything[0](x)))


WOULD_CHANGE = {
    "layer used twice": (
        with_forward(chain(a=conv(), n=nn.BatchNorm2d(2)), lambda s, x: s.n(s.a(s.a(x)))),
        "'a', is used more than once",
    ),
    "norm used twice": (
        with_forward(
            chain(a=conv(), b=conv(), n=nn.BatchNorm2d(2)), lambda s, x: s.n(s.b(s.n(s.a(x))))
        ),
        "is used more than once",
    ),
    "other readers": (
        with_forward(chain(a=conv(), n=nn.BatchNorm2d(2)), lambda s, x: (y := s.a(x)) + s.n(y)),
        "what 'a' puts out is read by add",
    ),
    "an answer as well": (
        with_forward(chain(a=conv(), n=nn.BatchNorm2d(2)), lambda s, x: ((y := s.a(x)), s.n(y))),
        "what 'a' puts out is read by",
    ),
    "shared weight": (shared_numbers(), "shares its weight with 'b'"),
    "weight read": (
        with_forward(
            chain(a=conv(), n=nn.BatchNorm2d(2)), lambda s, x: s.n(s.a(x)) * s.a.weight.sum()
        ),
        "forward reads without calling",
    ),
    "statistics read": (
        with_forward(
            chain(a=conv(), n=nn.BatchNorm2d(2)),
            lambda s, x: s.n(s.a(x)) * s.n.running_mean.sum(),
        ),
        "forward reads without calling",
    ),
    "setting read": (
        with_forward(
            chain(a=conv(), n=nn.BatchNorm2d(2)), lambda s, x: s.n(s.a(x)) * s.n.momentum
        ),
        "forward uses more of a BatchNorm",
    ),
    "after ReLU": (nn.Sequential(conv(), nn.ReLU(), nn.BatchNorm2d(2)), "it follows ReLU '1'"),
    "first": (nn.Sequential(nn.BatchNorm2d(2), conv()), "it follows"),
    "transposed": (
        nn.Sequential(conv(), nn.ConvTranspose2d(2, 2, 1), nn.BatchNorm2d(2)),
        "it follows ConvTranspose2d",
    ),
    "no statistics": (
        nn.Sequential(conv(), nn.BatchNorm2d(2, track_running_stats=False)),
        "no running statistics",
    ),
    "norm of one's own": (nn.Sequential(conv(), OwnNorm(2)), "it is a OwnNorm"),
    "conv of one's own": (nn.Sequential(OwnConv(2, 2, 1), nn.BatchNorm2d(2)), "follows relu"),
    "hook": (hooked(), "a forward hook hangs on '0'"),
    "branch": (
        with_forward(
            chain(a=conv(), n=nn.BatchNorm2d(2)),
            lambda s, x: s.n(s.a(x)) if x.sum() > 0 else s.a(x),
        ),
        "the data flow cannot be read",
    ),
    "unused": (
        with_forward(chain(a=conv(), n=nn.BatchNorm2d(2)), lambda s, x: s.a(x)),
        "forward never calls it",
    ),
    "in a list": (in_a_list(), "reaches it outside"),
    "no variance": (
        with_forward(
            chain(a=conv(), n=nn.BatchNorm2d(2, eps=0)), lambda s, x: s.n(s.a(x))
        ),
        "infinite or NaN",
    ),
}  # fmt: skip


class TestRefusesToFold:
    @pytest.mark.parametrize("case", WOULD_CHANGE)
    def test_what_would_change_the_answer(self, case, state_of, same_state):
        model, words = WOULD_CHANGE[case]
        model.eval()
        if case == "no variance":
            model.n.running_var.zero_()
        before = state_of(model)
        with pytest.raises(ValueError, match=f"cannot be folded: .*{words}"):
            fold_batchnorm(model)
        assert same_state(before, state_of(model))

    def test_a_norm_in_train_mode(self):
        model = seen_data(models.ConvNet((2, 3)))
        model.blocks[1][1].train()
        reasons = why_not_fold(model)
        assert reasons["blocks.0.1"] is None
        assert "in train mode" in reasons["blocks.1.1"]
        with pytest.raises(ValueError, match=r"model\.eval\(\) first.*only=\['blocks.0.1'\]"):
            fold_batchnorm(model)
        assert all("in train mode" in why for why in why_not_fold(model.train()).values())
        model.blocks[0][1].eval()  # frozen, but forward may do something else in train mode
        assert "in train mode" in why_not_fold(model)["blocks.0.1"]

    def test_a_norm_of_two_names_is_gone_under_both(self):
        net = chain(a=conv(), n=nn.BatchNorm2d(2))
        net.alias = net.n
        with_forward(net, lambda self, x: self.alias(self.a(x)))
        x = torch.randn(3, 2, 4, 4)
        assert apart(net, fold_batchnorm(net, x), x) < 1e-6

    def test_under_inference_mode(self):
        with torch.inference_mode(), pytest.raises(RuntimeError, match="inference_mode"):
            fold_batchnorm(models.ConvNet((2,)).eval())


def random_chain(chance: Random) -> tuple[nn.Module, torch.Tensor]:
    """Convolutions and linear layers of all kinds, with BatchNorm behind most, and an input."""
    dims = chance.choice([0, 1, 2, 3])
    channels, parts = chance.randint(1, 4), []
    x = torch.randn(4, channels, *[6] * dims)
    conv_kind = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)[dims]
    for _ in range(chance.randint(1, 4)):
        groups = chance.choice([1, channels]) if dims else 1
        out = groups * chance.randint(1, 3)
        bias = chance.random() < 0.5
        kernel = {"kernel_size": chance.choice([1, 2]), "groups": groups} if dims else {}
        parts.append(conv_kind(channels, out, bias=bias, **kernel))
        if chance.random() < 0.8:
            affine = chance.random() < 0.8
            parts.append(quantise.NORM_OF[conv_kind](out, affine=affine))
        parts += chance.choice([[], [nn.ReLU()], [nn.Dropout()], [nn.Tanh()]])
        channels = out
    if dims and chance.random() < 0.5:
        parts += [nn.Flatten(), nn.LazyLinear(3), nn.BatchNorm1d(3)]
    net = nn.Sequential(*parts)
    net(x)
    return seen_data(net), x


@settings(properties, max_examples=50)
@given(st.integers(0, 2**32))
def test_any_chain_is_folded_whole_and_computes_the_same(seed):
    net, x = random_chain(Random(seed))
    if chance_of_masks := seed % 3:
        pruning.prune_model(net, 0.3 * chance_of_masks)
    folded = fold_batchnorm(net, x)
    assert norms_of(folded) == []
    assert masks.sparsity(folded) >= masks.sparsity(net)
    for batch in (x, x[:1], torch.cat([x, x])):
        assert apart(layers.plain_copy(net), folded, batch) < 1e-5


def test_random_nets_compute_the_same_or_are_refused():
    """Whatever people build: what is called free is folded, and the answers stay."""
    seen = Counter()
    for seed in range(250):
        made = random_net(Random(seed))
        if not norms_of(made.net):
            continue
        net, example = seen_data(made.net), made.batches[0]
        reasons = why_not_fold(net, example)
        free = [name for name, why in reasons.items() if why is None]
        seen += Counter(free=len(free), refused=len(reasons) - len(free))
        folded = fold_batchnorm(net, example, free)
        for x in made.batches:
            for one, other in zip(answers(net, x), answers(folded, x), strict=True):
                assert (one - other).abs().max() <= 1e-5 * one.abs().max().clamp_min(1), seed
    assert min(seen["free"], seen["refused"]) >= 4


def answers(net: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    with torch.no_grad():
        try:
            given = net.double()(x.double())
        except RuntimeError:  # it does not take this batch, or no double precision
            return ()
    return given if isinstance(given, tuple) else (given,)
