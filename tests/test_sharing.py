"""Weights that share a few values: k-means, codes, and centroids that learn. Lesson 07."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_utils import sharing
from course_utils.layers import masks_of, plain_copy, weights
from course_utils.models import ConvNet, LeNet300, TinyResNet
from course_utils.pruning import prune_model
from course_utils.sharing import (
    STARTS,
    assign,
    centroid_gradient,
    kmeans,
    learn_centroids,
    look_up,
    share_model,
)
from course_utils.training import train

properties = settings(max_examples=60, deadline=None)
seeds = st.integers(0, 10_000)
starts = st.sampled_from(STARTS)
FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


def draws(n: int, seed: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Numbers, a third of them 0, with ties."""
    chance = torch.Generator().manual_seed(seed)
    values = torch.randn(n, generator=chance).mul(20).round().div(8)
    return (values * (torch.rand(n, generator=chance) > 1 / 3)).to(dtype)


def drawn(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def different(weight: torch.Tensor) -> int:
    return len(weight[weight != 0].unique())


class TestByHand:
    def test_two_groups_and_zeros_that_take_no_part(self):
        values = torch.tensor([0.0, -1.0, -3.0, 0.0, 5.0, 6.0])
        centroids = kmeans(values, 2)
        assert centroids.tolist() == [-2.0, 5.5]
        codes = assign(values, centroids)
        assert codes.tolist() == [0, 1, 1, 0, 2, 2]
        assert look_up(codes, centroids).tolist() == [0.0, -2.0, -2.0, 0.0, 5.5, 5.5]

    def test_one_cluster_is_the_mean_of_what_is_not_zero(self):
        assert kmeans(torch.tensor([0.0, 1.0, 2.0, 6.0]), 1).tolist() == [3.0]

    def test_linear_starts_at_the_ends_density_where_the_values_are(self):
        # 0.1 … 0.9 and one far away: evenly placed centroids leave all but two without a value
        values = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 100.0])
        assert len(kmeans(values, 4, "linear")) == 2
        assert len(kmeans(values, 4, "density")) == 4

    def test_random_draws_from_the_generator(self):
        values = torch.randn(500, generator=drawn(0))
        first, again = (kmeans(values, 8, "random", drawn(3)) for _ in range(2))
        assert torch.equal(first, again)
        assert not torch.equal(first, kmeans(values, 8, "random", drawn(4)))

    def test_a_value_half_way_goes_to_the_lower(self):
        assert assign(torch.tensor([3.0]), torch.tensor([2.0, 4.0])).tolist() == [1]

    def test_a_weight_with_few_values_keeps_them_exactly(self):
        values = torch.tensor([0.1, 0.2, 0.0, 0.1, 0.3])
        centroids = kmeans(values, 3)
        assert centroids.tolist() == values[[0, 1, 4]].tolist()
        assert torch.equal(look_up(assign(values, centroids), centroids), values)

    def test_the_gradient_of_a_centroid_is_a_sum(self):
        gradient = torch.tensor([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
        codes = torch.tensor([[1, 0, 1], [2, 2, 0]])
        assert centroid_gradient(gradient, codes, 3).tolist() == [5.0, 24.0, 0.0]


class TestKmeans:
    @properties
    @given(st.integers(1, 60), st.integers(1, 12), seeds, starts)
    def test_is_a_fixed_point_of_lloyd(self, n, clusters, seed, start):
        values = draws(n, seed, torch.float64)
        if not values.any():
            return
        centroids = kmeans(values, clusters, start, drawn(seed))
        assert 1 <= len(centroids) <= clusters
        kept = values[values != 0]
        nearest = (kept[:, None] - centroids).abs().argmin(1)  # of equally near ones the lower
        means = torch.stack([kept[nearest == k].mean() for k in range(len(centroids))])
        torch.testing.assert_close(means, centroids, rtol=1e-12, atol=1e-12)

    @properties
    @given(st.integers(1, 60), st.integers(1, 12), seeds, starts, st.sampled_from(FLOATS))
    def test_rises_and_leaves_no_centroid_unused(self, n, clusters, seed, start, dtype):
        values = draws(n, seed, dtype)
        if not values.any():
            return
        centroids = kmeans(values, clusters, start, drawn(seed))
        assert centroids.dtype == dtype
        assert (centroids.diff() > 0).all()
        codes = assign(values, centroids)
        assert torch.equal(codes == 0, values == 0)
        assert set(codes[codes > 0].tolist()) == set(range(1, 1 + len(centroids)))

    @properties
    @given(st.integers(2, 80), st.integers(2, 9), seeds)
    def test_lowers_the_error_of_its_start(self, n, clusters, seed):
        values = draws(n, seed, torch.float64)
        kept = values[values != 0]
        if different(values) <= clusters:
            return
        begin = torch.linspace(kept.min(), kept.max(), clusters, dtype=torch.float64)
        found = kmeans(values, clusters)
        error = [(kept[:, None] - each).square().min(1).values.sum() for each in (begin, found)]
        assert error[1] <= error[0] + 1e-9

    def test_is_what_a_plain_loop_finds(self):
        values = torch.randn(2_000, generator=drawn(1), dtype=torch.float64)
        centroids = torch.linspace(values.min(), values.max(), 8, dtype=torch.float64)
        for _ in range(500):
            nearest = (values[:, None] - centroids).abs().argmin(1)
            centroids = torch.stack([values[nearest == k].mean() for k in range(8)])
        torch.testing.assert_close(kmeans(values, 8), centroids, rtol=1e-12, atol=1e-12)

    def test_leaves_its_input_and_takes_any_shape(self):
        weight = torch.randn(4, 3, 2, 2, generator=drawn(0)).requires_grad_()
        before = weight.detach().clone()
        centroids = kmeans(weight, 3)
        assert torch.equal(weight, before)
        assert torch.equal(centroids, kmeans(before.flatten(), 3))
        assert assign(weight, centroids).shape == weight.shape


class TestRefused:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ((torch.zeros(3), 2), "nothing to share"),
            ((torch.ones(3), 0), "clusters=0"),
            ((torch.ones(3), 2.5), "clusters=2.5"),
            ((torch.tensor([1.0, torch.inf]), 2), "infinity"),
            ((torch.tensor([1.0, torch.nan]), 2), "NaN"),
            ((torch.ones(3), 2, "kmeans++"), "linear, density, random"),
            ((torch.empty(0), 2), "empty"),
        ],
    )
    def test_kmeans(self, arguments, words):
        with pytest.raises(ValueError, match=r".") as refused:
            kmeans(*arguments)
        assert words in str(refused.value)

    def test_whole_numbers_are_no_weights(self):
        with pytest.raises(TypeError, match=r"floating-point"):
            kmeans(torch.ones(3, dtype=torch.int64), 2)

    def test_centroids_that_do_not_rise(self):
        with pytest.raises(ValueError, match=r"must rise"):
            assign(torch.ones(2), torch.tensor([2.0, 1.0]))
        with pytest.raises(ValueError, match=r"one row"):
            assign(torch.ones(2), torch.ones(1, 1))

    @pytest.mark.parametrize("codes", [[-1, 0], [0, 3]])
    def test_codes_without_a_centroid(self, codes):
        with pytest.raises(ValueError, match=r"1 to 2"):
            look_up(torch.tensor(codes), torch.tensor([1.0, 2.0]))
        with pytest.raises(ValueError, match=r"1 to 2"):
            centroid_gradient(torch.ones(2), torch.tensor(codes), 2)

    def test_codes_that_are_no_whole_numbers(self):
        with pytest.raises(TypeError, match=r"int64"):
            look_up(torch.ones(2), torch.ones(1))

    def test_a_gradient_of_another_shape(self):
        with pytest.raises(ValueError, match=r"shape \(3,\)"):
            centroid_gradient(torch.ones(3), torch.ones(2, dtype=torch.int64), 2)

    @pytest.mark.parametrize(
        ("clusters", "words"),
        [({"third": 4}, "'third'"), ({"first": 4, "second": 0}, "clusters=0")],
    )
    def test_a_model_stays_as_it_was(self, toy_model, state_of, same_state, clusters, words):
        before = state_of(toy_model)
        with pytest.raises(ValueError, match=words):
            share_model(toy_model, clusters)
        assert same_state(before, state_of(toy_model))

    def test_an_infinite_weight(self, toy_model, state_of, same_state):
        nn.init.constant_(toy_model.second.weight, torch.inf)
        before = state_of(toy_model)
        with pytest.raises(ValueError, match=r"infinity"):
            share_model(toy_model, 2)
        assert same_state(before, state_of(toy_model))


class TestShareModel:
    @pytest.mark.parametrize("net", [LeNet300, ConvNet, TinyResNet])
    @pytest.mark.parametrize("sparsity", [0.0, 0.9])
    def test_few_values_and_the_masks_as_they_were(self, net, sparsity):
        model = prune_model(net(), sparsity, scope="layer") if sparsity else net()
        masks, before = masks_of(model), weights(model)
        codes = share_model(model, 6, start="density")
        assert all(masks[name].equal(mask) for name, mask in masks_of(model).items())
        for name, weight in weights(model).items():
            assert torch.equal(weight == 0, before[name] == 0)
            assert 1 <= different(weight) <= 6
            assert torch.equal(codes[f"{name}.weight"] == 0, weight == 0)
            error = (weight - before[name]).square().mean()
            assert error < 0.2 * before[name].square().mean()

    def test_layers_not_named_and_biases_stay(self, toy_model):
        second, bias = toy_model.second.weight.clone(), toy_model.first.bias.clone()
        codes = share_model(toy_model, {"first": 2})
        assert [*codes] == ["first.weight"]
        assert toy_model.first.weight.tolist() == [[2 / 3 * 4.5, -4, 3], [-4, 3, -4]]
        assert torch.equal(toy_model.second.weight, second)
        assert torch.equal(toy_model.first.bias, bias)

    def test_biases_share_values_of_their_own(self):
        model = LeNet300()
        codes = share_model(model, 16, biases=4)
        assert {f"fc{i}.{kind}" for i in (1, 2, 3) for kind in ("weight", "bias")} == codes.keys()
        assert all(different(getattr(model, f"fc{i}").bias) <= 4 for i in (1, 2, 3))

    def test_what_is_zero_throughout_stays_and_has_no_codes(self, toy_model):
        nn.init.zeros_(toy_model.first.bias)
        nn.init.zeros_(toy_model.second.weight)
        codes = share_model(toy_model, 2, biases=2)
        assert [*codes] == ["first.weight", "second.bias"]
        assert not toy_model.second.weight.any()
        with learn_centroids(toy_model, codes):
            assert not toy_model.first.bias.any()

    def test_shared_again_is_the_same(self):
        model = prune_model(LeNet300(), 0.8)
        first = share_model(model, 8)
        before = {name: weight.clone() for name, weight in weights(model).items()}
        second = share_model(model, 8)
        assert all(torch.equal(before[name], weight) for name, weight in weights(model).items())
        assert all(torch.equal(first[name], second[name]) for name in first)


class TestLearnCentroids:
    def test_the_gradient_is_the_sum_over_the_weights_that_share(self, few_digits):
        model = prune_model(LeNet300(), 0.9)
        codes = share_model(model, 8)
        x, y = (each[:64] for each in few_digits.train)
        F.cross_entropy(model(x), y).backward()
        gradient = model.fc1.weight_orig.grad
        model.zero_grad()
        with learn_centroids(model, codes):
            F.cross_entropy(model(x), y).backward()
            centroids = model.fc1.parametrizations.weight_orig.original
            expected = centroid_gradient(gradient, codes["fc1.weight"], len(centroids))
            torch.testing.assert_close(centroids.grad, expected)

    @pytest.mark.parametrize("sparsity", [0.0, 0.9])
    @pytest.mark.parametrize("net", [LeNet300, ConvNet])
    def test_training_moves_centroids_and_no_code(self, few_digits, net, sparsity):
        model = prune_model(net(), sparsity, scope="layer") if sparsity else net()
        masks, names = masks_of(model), {*model.state_dict()}
        codes = share_model(model, 8, biases=4)
        before = {name: weight.clone() for name, weight in weights(model).items()}
        with learn_centroids(model, codes) as inside:
            assert inside is model
            train(model, few_digits, 1, lr=0.001, silent=True)
        assert {*model.state_dict()} == names
        assert all(masks[name].equal(mask) for name, mask in masks_of(model).items())
        for name, weight in weights(model).items():
            assert not torch.equal(weight, before[name])
            for code in codes[f"{name}.weight"].unique().tolist():
                assert len(weight[codes[f"{name}.weight"] == code].unique()) == 1
            assert not weight[codes[f"{name}.weight"] == 0].any()
        plain_copy(model)
        share_model(model, 8)  # and it can be shared and trained again
        train(model, few_digits, 1, lr=0.001, silent=True)

    def test_answers_stay_the_same_going_in_and_out(self):
        model, x = prune_model(LeNet300(), 0.5), torch.rand(5, 1, 28, 28)
        codes = share_model(model, 8)
        before = model(x)
        with learn_centroids(model, codes):
            assert torch.equal(model(x), before)
        assert torch.equal(model(x), before)

    def test_an_error_inside_leaves_a_plain_model(self, toy_model, state_of, same_state):
        codes = share_model(toy_model, 2)
        before = state_of(toy_model)
        with pytest.raises(ZeroDivisionError), learn_centroids(toy_model, codes):
            1 / 0  # noqa: B018
        assert same_state(before, state_of(toy_model))

    def test_gradients_of_another_shape_are_gone(self, toy_model):
        codes = share_model(toy_model, 2)
        toy_model(torch.rand(4, 3)).sum().backward()
        with learn_centroids(toy_model, codes):
            assert toy_model.first.parametrizations.weight.original.grad is None
            toy_model(torch.rand(4, 3)).sum().backward()
        assert toy_model.first.weight.grad is None

    def test_a_frozen_weight_stays_frozen(self, toy_model):
        toy_model.first.weight.requires_grad_(False)
        with learn_centroids(toy_model, share_model(toy_model, 2)):
            assert not toy_model.first.parametrizations.weight.original.requires_grad
        assert not toy_model.first.weight.requires_grad

    def test_codes_of_another_time_are_refused(self, toy_model, few_digits):
        codes = share_model(toy_model, {"first": 2})
        with torch.no_grad():
            toy_model.first.weight[0, 0] += 1
        with (
            pytest.raises(ValueError, match=r"share_model again"),
            learn_centroids(toy_model, codes),
        ):
            pass

    @pytest.mark.parametrize(
        ("codes", "words"),
        [
            ({"third.weight": torch.ones(2, 3, dtype=torch.int64)}, "'third.weight'"),
            ({"first.weight": torch.ones(3, 2, dtype=torch.int64)}, r"shape \(3, 2\)"),
            ({"first.scale": torch.ones(3, 2, dtype=torch.int64)}, "'first.scale'"),
        ],
    )
    def test_codes_that_do_not_fit_are_refused(self, toy_model, codes, words):
        with pytest.raises(ValueError, match=words), learn_centroids(toy_model, codes):
            pass
        assert type(toy_model.first) is nn.Linear

    def test_a_weight_of_two_layers_is_refused(self):
        model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
        model[1].weight = model[0].weight
        codes = share_model(model, 2)
        assert model[1].weight is model[0].weight
        with pytest.raises(ValueError, match=r"several layers"), learn_centroids(model, codes):
            pass

    def test_a_copy_of_a_model_inside_computes_the_same(self, toy_model):
        x = torch.rand(4, 3)
        with learn_centroids(toy_model, share_model(toy_model, 2)):
            assert torch.equal(copy.deepcopy(toy_model)(x), toy_model(x))


def test_numpy_draws_nothing(monkeypatch):
    """All chance comes from the generator, or PyTorch's own."""
    state = np.random.get_state()[1].copy()
    kmeans(torch.randn(50), 4, "random")
    assert np.array_equal(state, np.random.get_state()[1])
    assert sharing.STARTS == ("linear", "density", "random")
