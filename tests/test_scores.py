"""Scores: one number per weight or per group, the smallest goes first. Lessons 02, 04 and 05."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils import models, pruning
from course_utils.scores import (
    activation_aware,
    group_norm,
    layer_inputs,
    loss_gradients,
    magnitude,
    random,
    relative_norm,
    taylor,
)


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

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    def test_is_drawn_on_the_device_of_the_generator_and_moved(self):
        weights = torch.ones(9), torch.ones(9, device="cuda")
        one, other = (random(weight, torch.Generator().manual_seed(0)) for weight in weights)
        assert other.device.type == "cuda"
        assert one.equal(other.cpu())

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

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_of_16_bits_is_computed_in_32(self, dtype):
        assert group_norm(torch.ones(2, 1000, dtype=dtype), 0.5).tolist() == [1e6, 1e6]
        weight = torch.full((2, 100), 3.0, dtype=dtype)
        assert group_norm(weight, 1).tolist() == [300, 300]

    def test_refuses_a_norm_too_large_to_hold(self):
        with pytest.raises(ValueError, match=r"n=0\.01 are too large for torch.float32"):
            group_norm(torch.ones(2, 1000), 0.01)
        assert group_norm(torch.tensor([[math.inf, 1], [1, 1]]), 1).tolist() == [math.inf, 2]

    @pytest.mark.parametrize("n", [np.int64(2), np.float32(2), torch.tensor(2), 2.0])
    def test_takes_the_numbers_of_numpy_and_torch(self, n):
        assert group_norm(self.weight, n, dim=np.int64(0)).tolist() == [5, 5]
        assert group_norm(self.weight, n, dim=torch.tensor(0)).tolist() == [5, 5]


class TestRelativeNorm:
    def test_an_average_filter_scores_one(self):
        weight = torch.tensor([[3.0, 4.0], [0.0, 15.0]])
        assert relative_norm(weight).tolist() == [0.5, 1.5]
        assert relative_norm(weight, n=1, dim=1).tolist() == pytest.approx([6 / 22, 38 / 22])

    @pytest.mark.parametrize("n", [1, 2, math.inf])
    def test_does_not_see_the_scale_of_a_layer(self, n):
        weight = torch.randn(5, 4, 3, 3)
        assert torch.allclose(relative_norm(weight, n), relative_norm(100 * weight, n))

    def test_of_zeros_is_zero(self):
        assert relative_norm(torch.zeros(3, 2)).tolist() == [0, 0, 0]


class TestTaylor:
    def test_is_the_size_of_the_product(self):
        scores = taylor(torch.tensor([1.0, -2.0, 3.0]), torch.tensor([-0.5, -0.5, 0.0]))
        assert scores.tolist() == [0.5, 1.0, 0.0]

    def test_predicts_what_the_loss_does_without_a_small_weight(self, trained_model, few_digits):
        gradient = loss_gradients(trained_model, few_digits.val)["fc3"]
        x, y = few_digits.val
        dense = F.cross_entropy(trained_model(x), y).item()
        for row, column in ((0, 0), (3, 40), (9, 99)):
            shrunk = pruning.plain_copy(trained_model)
            step = 0.01 * shrunk.fc3.weight[row, column].item()
            with torch.no_grad():
                shrunk.fc3.weight[row, column] -= step
            change = F.cross_entropy(shrunk(x).double(), y).item() - dense
            assert change == pytest.approx(-step * gradient[row, column].item(), abs=2e-6)

    def test_refuses_another_shape(self):
        with pytest.raises(ValueError, match=r"gradient has shape \(3,\), the weight has \(2, 3\)"):
            taylor(torch.ones(2, 3), torch.ones(3))


class TestActivationAware:
    def test_by_hand(self):
        inputs = torch.tensor([[3.0, 0.0], [4.0, 1.0]])  # norms 5 and 1
        scores = activation_aware(torch.tensor([[1.0, -2.0], [0.0, 10.0]]), inputs)
        assert scores.tolist() == [[5, 2], [0, 10]]

    def test_of_a_conv_weight_scales_each_input_channel(self):
        weight, inputs = torch.randn(4, 3, 2, 2), torch.randn(7, 3, 5, 5)
        scores = activation_aware(weight, inputs)
        for channel in range(3):
            norm = inputs[:, channel].norm()
            assert torch.allclose(scores[:, channel], weight[:, channel].abs() * norm)

    def test_a_blank_input_scores_nothing(self):
        scores = activation_aware(torch.ones(2, 2), torch.tensor([[0.0, 1.0]]))
        assert scores.tolist() == [[0, 1], [0, 1]]

    @pytest.mark.parametrize("shape", [(5, 4), (5,), (5, 3, 2, 2)])
    def test_refuses_inputs_that_do_not_fit(self, shape):
        with pytest.raises(ValueError, match="do not fit a weight of shape"):
            activation_aware(torch.ones(2, 3), torch.ones(shape))


class TestOfAWholeNet:
    def test_gradients_are_those_of_the_mean_loss(self, trained_model, few_digits):
        x, y = few_digits.train
        found = loss_gradients(trained_model, (x.repeat(3, 1, 1, 1), y.repeat(3)))
        F.cross_entropy(trained_model(x), y).backward()
        for name, layer in pruning.prunable(trained_model).items():
            assert torch.allclose(found[name], layer.weight.grad, atol=1e-6)

    def test_gradients_belong_to_the_weights_in_use(self, trained_model, few_digits):
        masked = pruning.prune_model(pruning.plain_copy(trained_model), 0.9)
        plain = pruning.make_permanent(pruning.plain_copy(masked))
        one, other = (loss_gradients(model, few_digits.val) for model in (masked, plain))
        assert all(one[name].equal(other[name]) for name in other)
        assert one["fc1"][~pruning.masks_of(masked)["fc1"]].abs().max() > 0

    def test_inputs_are_what_flows_in(self, trained_model, few_digits):
        x = few_digits.val[0][:5]
        inputs = layer_inputs(trained_model, x)
        assert inputs["fc1"].equal(x.flatten(1))
        assert {name: value.shape[1] for name, value in inputs.items()} == {
            "fc1": 784, "fc2": 300, "fc3": 100,
        }  # fmt: skip
        assert layer_inputs(models.ConvNet((2, 3)), x)["blocks.1.0"].shape == (5, 2, 14, 14)

    def test_gradients_of_a_weight_that_is_not_used_are_zero(self, few_digits):
        model = models.LeNet300()
        model.spare = nn.Linear(3, 4)
        found = loss_gradients(model, few_digits.val)
        assert found["spare"].equal(torch.zeros(4, 3))
        assert found["fc1"].any()

    def test_inputs_of_all_calls_by_position_or_by_name(self):
        class Again(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc, self.never = nn.Linear(4, 4), nn.Linear(4, 4)

            def forward(self, x):
                return self.fc(F.relu(self.fc(input=x)))

        model, x = Again(), torch.randn(3, 4)
        found = layer_inputs(model, x)
        assert found["fc"].equal(torch.cat([x, F.relu(model.fc(x))]))
        assert "never" not in found

    def test_refuses_inputs_that_cannot_be_laid_together(self):
        conv = nn.Conv2d(1, 1, 3)
        model = nn.Sequential(conv, conv)
        with pytest.raises(ValueError, match="'0' is called 2 times, with inputs of the shapes"):
            layer_inputs(model, torch.rand(2, 1, 9, 9))

    def test_refuses_an_empty_split(self, trained_model):
        with pytest.raises(ValueError, match="is empty"):
            loss_gradients(trained_model, (torch.zeros(0, 1, 28, 28), torch.zeros(0).long()))

    def test_the_model_stays_as_it_is(self, trained_model, few_digits, state_of, same_state):
        trained_model.train()
        before = state_of(trained_model)
        loss_gradients(trained_model, few_digits.val)
        layer_inputs(trained_model, few_digits.val[0])
        assert same_state(before, state_of(trained_model))
        assert trained_model.training
        assert all(parameter.grad is None for parameter in trained_model.parameters())
        assert not trained_model.fc1._forward_pre_hooks
