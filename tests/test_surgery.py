"""Filters taken out for real: smaller tensors, the same function. Lesson 03."""

import copy
import random
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import torch_pruning as tp
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim.swa_utils import AveragedModel

from course_utils import layers, masks, measure, models, pruning, scores, surgery, training


def seen_data(model: nn.Module) -> nn.Module:
    """The model after passes in train mode, so that its BatchNorm is not the identity."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 2)
                module.bias.uniform_(-1, 1)
        model.train()
        for _ in range(3):
            model(torch.rand(16, 1, 28, 28))
    return model.eval()


def random_keep(model: nn.Module) -> dict:
    keep = {}
    for name, layer in surgery.filter_layers(model).items():
        keep[name] = torch.rand(layer.weight.shape[0]) < 0.6
        keep[name][torch.randint(layer.weight.shape[0], ())] = True
    return keep


def outputs(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return model(x)


def largest_difference(small: nn.Module, other: nn.Module) -> float:
    x = torch.rand(8, 1, 28, 28)
    return (outputs(small, x) - outputs(other, x)).abs().max().item()


class Mixed(nn.Module):
    """What a plain chain may hold: biases, functional calls, a view, BatchNorm behind the view."""

    def __init__(self, width: int = 5, hidden: int = 7) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 5, stride=2)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, 6, 3)
        self.fc1 = nn.Linear(6 * 5 * 5, hidden)
        self.bn2 = nn.BatchNorm1d(hidden)
        self.fc2 = nn.Linear(hidden, 10)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        x = F.leaky_relu(self.bn1(self.conv1(x)), 0.1)
        x = F.max_pool2d(torch.tanh(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return self.fc2(self.drop(self.bn2(self.fc1(x)).relu()))


class BatchNormBehindFlatten(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(
            nn.Conv2d(1, 3, 3, stride=9), nn.ReLU(), nn.Flatten(), nn.BatchNorm1d(27),
            nn.Linear(27, 10),
        )  # fmt: skip


class TestSameFunction:
    @settings(max_examples=30, deadline=None)
    @given(
        seed=st.integers(0, 10_000),
        widths=st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple),
    )
    def test_of_conv_nets_of_any_width(self, seed, widths):
        training.seed_everything(seed)
        model = seen_data(models.ConvNet(widths))
        keep = random_keep(model)
        small = surgery.remove_filters(model, keep)
        masked = surgery.mask_filters(copy.deepcopy(model), keep)
        assert largest_difference(small, masked) < 1e-5

    @settings(max_examples=10, deadline=None)
    @given(seed=st.integers(0, 10_000))
    def test_of_a_multilayer_perceptron(self, seed):
        training.seed_everything(seed)
        model = models.LeNet300()
        keep = random_keep(model)
        masked = surgery.mask_filters(copy.deepcopy(model), keep)
        assert largest_difference(surgery.remove_filters(model, keep), masked) < 1e-5

    @pytest.mark.parametrize("make", [Mixed, BatchNormBehindFlatten])
    @pytest.mark.parametrize("seed", range(5))
    def test_of_other_plain_chains(self, make, seed):
        training.seed_everything(seed)
        model = seen_data(make())
        keep = random_keep(model)
        masked = surgery.mask_filters(copy.deepcopy(model), keep)
        assert largest_difference(surgery.remove_filters(model, keep), masked) < 1e-5

    def test_as_silencing_by_hand(self):
        model = seen_data(models.ConvNet((4, 6)))
        keep = torch.tensor([True, False, True, False])
        by_hand = copy.deepcopy(model)
        conv, batchnorm = by_hand.blocks[0][0], by_hand.blocks[0][1]
        with torch.no_grad():
            for tensor in (conv.weight, batchnorm.weight, batchnorm.bias):
                tensor[~keep] = 0
        small = surgery.remove_filters(model, {"blocks.0.0": keep})
        assert largest_difference(small, by_hand) < 1e-5

    def test_not_if_the_bias_of_batchnorm_is_forgotten(self):
        model = seen_data(models.ConvNet((4, 6)))
        keep = torch.tensor([True, False, True, False])
        forgotten = copy.deepcopy(model)
        with torch.no_grad():
            forgotten.blocks[0][0].weight[~keep] = 0
        small = surgery.remove_filters(model, {"blocks.0.0": keep})
        assert largest_difference(small, forgotten) > 1e-2

    def test_of_a_masked_model_and_of_the_dense_one(self):
        model = seen_data(models.ConvNet((4, 6)))
        keep = random_keep(model)
        masked = surgery.mask_filters(copy.deepcopy(model), keep)
        one, other = (surgery.remove_filters(m, keep) for m in (masked, model))
        assert largest_difference(one, other) == 0

    def test_keeps_zeros_that_were_masked_before(self):
        model = pruning.prune_model(seen_data(models.ConvNet((4, 6))), 0.5)
        small = surgery.remove_filters(model, {"blocks.1.0": torch.arange(6) < 3})
        assert not hasattr(small.blocks[0][0], "weight_mask")
        assert masks.sparsity(small.blocks[0][0].weight) == masks.sparsity(
            model.blocks[0][0].weight
        )

    def test_inside_a_residual_block(self):
        model = seen_data(models.TinyResNet(8))
        keep = {name: torch.arange(8) % 2 == 0 for name in ("block1.conv1", "block2.conv1")}
        masked = surgery.mask_filters(copy.deepcopy(model), keep)
        assert largest_difference(surgery.remove_filters(model, keep), masked) < 1e-5

    def test_and_it_trains_on(self, few_digits):
        model = seen_data(models.ConvNet((4, 6)))
        small = surgery.remove_filters(model, random_keep(model))
        history = training.train(small, few_digits, epochs=2, batch_size=16)
        assert history.loss[1] < history.loss[0]


class TestReallySmaller:
    def test_shapes_by_hand(self):
        keep = {
            "blocks.0.0": torch.tensor([True, False, True, True]),
            "blocks.1.0": torch.tensor([False, True, False, False, True]),
        }
        small = surgery.remove_filters(models.ConvNet((4, 5)), keep)
        shapes = [tuple(parameter.shape) for parameter in small.parameters()]
        assert shapes == [(3, 1, 3, 3), (3,), (3,), (2, 3, 3, 3), (2,), (2,), (10, 98), (10,)]
        assert small.blocks[0][0].out_channels == small.blocks[1][0].in_channels == 3
        assert small.blocks[0][1].num_features == 3
        assert small.classifier.in_features == 98

    def test_a_flattened_channel_takes_its_columns_along(self):
        model = models.ConvNet((2,))
        small = surgery.remove_filters(model, {"blocks.0.0": torch.tensor([False, True])})
        assert small.classifier.weight.equal(model.classifier.weight[:, 196:])

    def test_half_of_the_filters_is_nearly_a_quarter_of_the_work(self):
        model, x = models.ConvNet((32, 64, 128)), torch.rand(1, 1, 28, 28)
        keep = {
            name: masks.mask_from_scores(scores.group_norm(layer.weight), 0.5)
            for name, layer in surgery.filter_layers(model).items()
        }
        small = surgery.remove_filters(model, keep)
        assert measure.flops(model, x) / measure.flops(small, x) == pytest.approx(3.88, abs=0.01)

    def test_is_a_new_model(self, state_of, same_state):
        model = seen_data(models.ConvNet((4, 6)))
        before = state_of(model)
        small = surgery.remove_filters(model, random_keep(model))
        with torch.no_grad():
            for parameter in small.parameters():
                parameter.zero_()
        assert same_state(before, state_of(model))
        assert not small.training

    def test_nothing_named_is_a_copy(self):
        model = seen_data(models.ConvNet((4,)))
        assert largest_difference(surgery.remove_filters(model, {}), model) == 0

    def test_frozen_parameters_stay_frozen(self):
        model = models.ConvNet((4, 6)).requires_grad_(False)
        small = surgery.remove_filters(model, random_keep(model))
        assert not any(parameter.requires_grad for parameter in small.parameters())


class TestMaskFilters:
    def test_goes_through_torch(self):
        model = surgery.mask_filters(models.ConvNet((4,)), {"blocks.0.0": torch.arange(4) > 0})
        conv, batchnorm = model.blocks[0][0], model.blocks[0][1]
        assert conv.weight_mask[0].sum() == 0
        assert conv.weight_mask[1:].all()
        assert batchnorm.bias_mask.tolist() == batchnorm.weight_mask.tolist() == [0, 1, 1, 1]

    def test_a_silent_channel_is_zero_everywhere(self):
        model = seen_data(models.ConvNet((4,)))
        surgery.mask_filters(model, {"blocks.0.0": torch.arange(4) > 0})
        channels = outputs(model.blocks, torch.rand(2, 1, 28, 28))
        assert channels[:, 0].abs().max() == 0
        assert channels[:, 1:].abs().max() > 0

    def test_stays_silent_while_it_trains(self, few_digits):
        model = seen_data(models.ConvNet((4,)))
        keep = {"blocks.0.0": torch.arange(4) > 0}
        training.train(surgery.mask_filters(model, keep), few_digits, epochs=1)
        assert outputs(model.blocks, torch.rand(2, 1, 28, 28))[:, 0].abs().max() == 0
        assert largest_difference(surgery.remove_filters(model, keep), model) < 1e-5

    def test_comes_off_again(self):
        model = surgery.mask_filters(models.LeNet300(), {"fc1": torch.arange(300) > 9})
        plain = pruning.make_permanent(model)
        assert {*plain.state_dict()} == {*models.LeNet300().state_dict()}
        assert plain.fc1.bias[:10].tolist() == [0] * 10


class TestFilterLayers:
    @pytest.mark.parametrize(
        ("model", "names"),
        [
            (models.LeNet300(), ["fc1", "fc2"]),
            (models.ConvNet((2, 3)), ["blocks.0.0", "blocks.1.0"]),
            (models.TinyResNet(4), ["block1.conv1", "block2.conv1"]),
            (nn.Linear(3, 2), []),
        ],
    )
    def test_are_all_whose_filters_can_go(self, model, names):
        assert [*surgery.filter_layers(model)] == names


def sequence(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 4, 3), *layers)


REFUSED = {
    "an unknown name": (models.LeNet300(), {"fc9": torch.ones(300).bool()}, "'fc9'"),
    "the output layer": (models.LeNet300(), {"fc3": torch.arange(10) > 2}, "output layer"),
    "an empty layer": (models.LeNet300(), {"fc2": torch.zeros(100).bool()}, "Keep at least one"),
    "another length": (models.LeNet300(), {"fc2": torch.ones(99).bool()}, "has 100 filters"),
    "a stem whose channels are added": (
        models.TinyResNet(4), {"stem.0": torch.arange(4) > 1}, "added to those"
    ),
    "a conv before an addition": (
        models.TinyResNet(4), {"block1.conv2": torch.arange(4) > 1}, "added to those"
    ),
    "a sigmoid, which is not silent at 0": (
        sequence(nn.Sigmoid(), nn.Conv2d(4, 2, 3)), {"0": torch.arange(4) > 1}, "'1' turns a silent"
    ),
    "a grouped conv": (
        nn.Sequential(nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 2, 3)),
        {"0": torch.arange(4) > 1}, "grouped",
    ),
    "a grouped conv behind it": (
        sequence(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 2, 3)),
        {"0": torch.arange(4) > 1}, "grouped",
    ),
    "a BatchNorm that cannot be silenced": (
        sequence(nn.BatchNorm2d(4, affine=False), nn.Conv2d(4, 2, 3)),
        {"0": torch.arange(4) > 1}, "no scale and shift",
    ),
    "a softmax over the channels": (
        sequence(nn.Softmax(dim=1), nn.Conv2d(4, 2, 3)), {"0": torch.arange(4) > 1}, "Softmax"
    ),
}  # fmt: skip


class TestRefuses:
    @pytest.mark.parametrize("act", [surgery.remove_filters, surgery.mask_filters])
    @pytest.mark.parametrize("case", REFUSED)
    def test_and_changes_nothing(self, act, case, state_of, same_state):
        model, keep, words = REFUSED[case]
        good = {name: torch.ones(layer.weight.shape[0]).bool() for name, layer in
                surgery.filter_layers(model).items() if name not in keep}  # fmt: skip
        before = state_of(model)
        with pytest.raises(ValueError, match=words):
            act(model, {**good, **keep})
        assert same_state(before, state_of(model))

    def test_numbers_instead_of_truths(self):
        with pytest.raises(TypeError, match="boolean tensor, True = kept; got"):
            surgery.remove_filters(models.LeNet300(), {"fc1": torch.ones(300)})

    def test_a_layer_used_twice(self):
        class Twice(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer, self.out = nn.Linear(4, 4), nn.Linear(4, 2)

            def forward(self, x):
                return self.out(self.layer(F.relu(self.layer(x))))

        with pytest.raises(ValueError, match="more than once"):
            surgery.remove_filters(Twice(), {"layer": torch.arange(4) > 1})

    def test_a_net_that_branches_on_its_data(self):
        class Branching(nn.Module):
            def __init__(self):
                super().__init__()
                self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 2)

            def forward(self, x):
                return self.two(self.one(x)) if x.sum() > 0 else self.two(x)

        with pytest.raises(ValueError, match="data flow of Branching cannot be read"):
            surgery.remove_filters(Branching(), {"one": torch.arange(4) > 1})


# Any net: the same function, or a reason ----------------------------------------------------------


class Net(nn.Module):
    """Runs ``forward(net, x)`` over the layers that it is given."""

    def __init__(self, run: Callable, **layers: nn.Module) -> None:
        super().__init__()
        self.run = run
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x, option=None):
        return self.run(self, x)


def conv(channels: int = 6, **options) -> nn.Conv2d:
    return nn.Conv2d(1, channels, 3, padding=1, **options)


def between(step: Callable, width: int = 6 * 36) -> Net:
    """conv (n, 1, 6, 6) → (n, 6, 6, 6), ``step``, flatten, linear."""
    return chain(conv(), step, lambda x: x.flatten(1), nn.Linear(width, 3), "conv")


def tokens(step: Callable, width: int) -> Net:
    """Linear (n, 5, 4) → (n, 5, 6), ``step``, linear."""
    return chain(nn.Linear(4, 6), step, lambda x: x, nn.Linear(width, 3), "a")


def chain(first: nn.Module, step: Callable, last: Callable, fc: nn.Module, name: str) -> Net:
    parts = {name: first, "fc": fc}
    if isinstance(step, nn.Module):
        parts["step"] = step
        return Net(lambda m, x: m.fc(last(m.step(getattr(m, name)(x)))), **parts)
    return Net(lambda m, x: m.fc(last(step(getattr(m, name)(x)))), **parts)


PICTURES, TOKENS = (1, 6, 6), (5, 4)
SIX = torch.tensor([True, False, True, True, False, True])


def assert_same(model, keep, shape, example=None):
    """What is removed is what was silenced, for two batch sizes, twice."""
    model.eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -1, 1)
            nn.init.uniform_(module.bias, -1, 1)
    small = surgery.remove_filters(model, keep, example)
    silenced = surgery.mask_filters(layers.plain_copy(model), keep, example)
    for name, kept in keep.items():
        assert small.get_submodule(name).weight.shape[0] == kept.sum()
    for count in (2, 5, 2, 5):
        x = torch.randn(count, *shape)
        assert (outputs(small, x) - outputs(silenced, x)).abs().max() < 1e-5
    return small


KEPT_APART = {
    "relu6": F.relu6, "hardswish": F.hardswish, "mish": F.mish, "selu": F.selu, "celu": F.celu,
    "hardtanh": F.hardtanh, "softsign": F.softsign, "softshrink": F.softshrink,
    "hardshrink": F.hardshrink, "tanhshrink": F.tanhshrink, "relu_": lambda x: x.relu_(),
    "torch.relu_": torch.relu_, "clamp": lambda x: x.clamp(min=0), "times 2": lambda x: x * 2,
    "2 times": lambda x: 2 * x, "half of it": lambda x: x / 2, "minus": lambda x: -x,
    "square": lambda x: x * x, "itself and its relu": lambda x: x + F.relu(x),
    "data": lambda x: x.data, "detach": lambda x: x.detach().contiguous(),
    "flatten(2)": lambda x: x.flatten(2), "SELU": nn.SELU(), "Mish": nn.Mish(), "CELU": nn.CELU(),
    "Hardtanh": nn.Hardtanh(), "PReLU": nn.PReLU(), "a slope each": nn.PReLU(6),
    "Softsign": nn.Softsign(), "Dropout3d": nn.Dropout3d(),
    "dropout1d": lambda x: F.dropout1d(x.flatten(2), training=False),
    "AlphaDropout": nn.AlphaDropout(), "InstanceNorm2d": nn.InstanceNorm2d(6),
    "InstanceNorm2d, affine": nn.InstanceNorm2d(6, affine=True), "BatchNorm2d": nn.BatchNorm2d(6),
    "view(n, c, -1)": lambda x: x.view(x.size(0), x.size(1), -1),
    "its own number of positions": lambda x: x / x.size(-1),
}  # fmt: skip
KEPT_APART_AND_RESIZED = {
    "ZeroPad2d": (nn.ZeroPad2d(1), 6 * 64), "F.pad": (lambda x: F.pad(x, (1, 1, 1, 1)), 6 * 64),
    "Upsample": (nn.Upsample(scale_factor=2), 6 * 144),
    "interpolate": (lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), 6 * 144),
    "mean": (lambda x: x.mean((2, 3)), 6), "keepdim": (lambda x: x.mean((2, 3), keepdim=True), 6),
    "two means": (lambda x: x.mean(2).mean(-1), 6), "amax": (lambda x: x.amax(dim=(-2, -1)), 6),
    "a mean by hand": (lambda x: x.sum((2, 3)) / (x.size(2) * x.size(3)), 6),
    "F.max_pool2d": (lambda x: F.max_pool2d(x, 2), 6 * 9),
    "F.adaptive_max_pool2d": (lambda x: F.adaptive_max_pool2d(x, 1), 6),
}  # fmt: skip


class TestWhatMayFollow:
    @pytest.mark.parametrize("name", KEPT_APART)
    def test_a_conv(self, name):
        assert_same(between(KEPT_APART[name]), {"conv": SIX}, PICTURES)

    @pytest.mark.parametrize("name", KEPT_APART_AND_RESIZED)
    def test_a_conv_and_change_its_positions(self, name):
        step, width = KEPT_APART_AND_RESIZED[name]
        assert_same(between(step, width), {"conv": SIX}, PICTURES)

    @pytest.mark.parametrize("name", [
        "x.view(x.size(0), -1)", "x.reshape(x.shape[0], -1)", "torch.flatten(x, 1)",
        "torch.reshape(x, (x.size(0), -1))", "x.flatten(start_dim=1)", "x.flatten(1, 3)",
        "x.view(x.size(0), m.fc.in_features)",
    ])  # fmt: skip
    def test_a_flatten_in_many_forms(self, name):
        form = eval(f"lambda m, x: {name}", {"torch": torch})
        model = Net(lambda m, x: m.fc(form(m, F.relu(m.conv(x)))), conv=conv(),
                    fc=nn.Linear(216, 3))  # fmt: skip
        assert_same(model, {"conv": SIX}, PICTURES)

    def test_tokens_flattened_keep_a_column_each_for_every_token(self):
        small = assert_same(tokens(lambda x: F.relu(x).flatten(1), 30), {"a": SIX}, TOKENS)
        assert small.fc.weight.shape == (3, 5 * 4)

    def test_tokens_each_on_its_own_or_their_mean(self):
        assert_same(tokens(F.gelu, 6), {"a": SIX}, TOKENS)
        assert_same(tokens(lambda x: x.mean(-2), 6), {"a": SIX}, TOKENS)

    def test_a_second_head(self):
        def heads(m, x):
            h = m.conv(x)
            return m.a(h.flatten(1)) + m.b(h.data.mean((2, 3)))

        model = Net(heads, conv=conv(), a=nn.Linear(216, 3), b=nn.Linear(6, 3))
        small = assert_same(model, {"conv": SIX}, PICTURES)
        assert (small.a.in_features, small.b.in_features) == (4 * 36, 4)

    def test_a_layer_by_two_names(self):
        model = Net(lambda m, x: m.all(x), conv=conv(), fc=nn.Linear(216, 3))
        model.all = nn.Sequential(model.conv, nn.ReLU(), nn.Flatten(), model.fc)
        assert_same(model, {"conv": SIX}, PICTURES)

    @pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
    def test_other_precisions_stay(self, dtype):
        small = surgery.remove_filters(between(F.relu).to(dtype), {"conv": SIX})
        assert {parameter.dtype for parameter in small.parameters()} == {dtype}

    def test_masks_that_are_on_become_zeros(self):
        model = between(F.relu)
        pruning.prune_model(model, 0.5)
        assert_same(model, {"conv": SIX}, PICTURES)

    @pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
    def test_other_paddings(self, mode):
        layer = nn.Conv2d(6, 2, 3, padding=1, padding_mode=mode)
        model = Net(lambda m, x: m.b(F.relu(m.conv(x))), conv=conv(padding_mode=mode), b=layer)
        assert_same(model, {"conv": SIX}, PICTURES)

    def test_channels_last_in_three_dimensions(self):
        model = nn.Sequential(nn.Conv3d(3, 6, 3), nn.ReLU(), nn.Conv3d(6, 4, 3))
        small = surgery.remove_filters(model.to(memory_format=torch.channels_last_3d), {"0": SIX})
        assert all(
            small[place].weight.is_contiguous(memory_format=torch.channels_last_3d)
            for place in (0, 2)
        )


def hooked(register: str, act: Callable, part: str = "") -> Net:
    model = between(F.relu)
    getattr(model.get_submodule(part), register)(act)
    return model


class Shifted(nn.Conv2d):
    def forward(self, x):
        return super().forward(x) + 1


class Counting(Net):
    passes = 0

    def forward(self, x):
        self.passes += 1
        return self.fc(torch.relu(self.conv(x)).flatten(1) + float(self.passes > 1))


def with_forward_of_its_own(model: nn.Module) -> nn.Module:
    inner = model.conv.forward
    model.conv.forward = lambda x: inner(x) + 1
    return model


def tied_weights() -> Net:
    model = Net(lambda m, x: m.fc(m.b(m.a(x).relu()).relu()), a=nn.Linear(6, 6), b=nn.Linear(6, 6),
                fc=nn.Linear(6, 2))  # fmt: skip
    model.b.weight = model.a.weight
    return model


def two_layers(run: Callable) -> Net:
    return Net(run, conv=conv(), fc=nn.Linear(216, 3))


NOT_FREE = {
    "a sigmoid": (between(torch.sigmoid), "conv", "turns a silent channel into a constant, 0.5"),
    "a number added": (between(lambda x: x + 1), "conv", "into a constant, 1"),
    "a Hardtanh above 0": (between(nn.Hardtanh(0.2, 1)), "conv", "into a constant, 0.2"),
    "a padding with ones": (between(nn.ConstantPad2d(1, 1.0), 384), "conv", "at its edges, 1"),
    "clamp from above 0": (between(lambda x: x.clamp(min=0.1)), "conv", "into a constant, 0.1"),
    "a division by silence": (between(lambda x: x / F.relu(x)), "conv", "into a constant, nan"),
    "a flip": (between(lambda x: x.flip(1)), "conv", r"flip\(\) is not on the list"),
    "a GLU": (between(nn.GLU(1), 108), "conv", "GLU 'step' is not on the list"),
    "GroupNorm": (between(nn.GroupNorm(2, 6)), "conv", "computes across channels"),
    "LayerNorm over tokens": (tokens(nn.LayerNorm(6), 6), "a", "computes across channels"),
    "dropout in eval mode": (between(lambda x: F.dropout(x)), "conv", "even in eval mode"),
    "BatchNorm1d that may see tokens": (tokens(nn.BatchNorm1d(6), 6), "a", "pass example="),
    "a mean over what may be tokens": (tokens(lambda x: x.mean(1), 6), "a", "pass example="),
    "a linear layer along time": (
        Net(lambda m, x: m.fc(m.conv(x)), conv=nn.Conv1d(1, 6, 3), fc=nn.Linear(6, 3)),
        "conv", "works along dimension -1",
    ),
    "pooled features": (tokens(nn.MaxPool1d(2), 3), "a", "pools along dimensions"),
    "examples made of channels": (
        Net(lambda m, x: m.fc(m.conv(x).view(x.size(0) * 6, -1)), conv=conv(), fc=nn.Linear(36, 3)),
        "conv", "keeps examples and channels apart",
    ),
    "a written size": (
        two_layers(lambda m, x: m.fc(m.conv(x).view(x.size(0), 216))),
        "conv", "number of its channels",
    ),
    "a number of channels": (
        two_layers(lambda m, x: m.fc(m.conv(x).flatten(1) * m.conv.out_channels)),
        "conv", "number of its channels",
    ),
    "the size of the channels": (
        between(lambda x: x / x.size(1)), "conv", "number of its channels",
    ),
    "the sum of its weights": (
        two_layers(lambda m, x: m.fc(m.conv(x).flatten(1)) * m.conv.weight.sum()),
        "conv", "reads without calling",
    ),
    "weights behind its back": (
        two_layers(lambda m, x: m.fc(m.conv(x).flatten(1)) *
                   sum(p.detach().square().sum() for p in m.parameters())),
        "conv", "number of its channels",
    ),
    "a reader used twice": (
        Net(lambda m, x: m.fc(m.b(m.b(m.conv(x))).flatten(1)), conv=conv(),
            b=nn.Conv2d(6, 6, 1), fc=nn.Linear(216, 3)),
        "conv", "'b', which works on its channels, is used more than once",
    ),
    "tied weights": (tied_weights(), "a", "shares its weight with 'b'"),
    "a parametrised reader": (
        nn.Sequential(nn.Linear(4, 6), nn.utils.parametrizations.weight_norm(nn.Linear(6, 2))),
        "0", "not on the list",
    ),
    "a parametrised layer": (
        nn.Sequential(nn.utils.parametrizations.orthogonal(nn.Linear(4, 6)), nn.Linear(6, 2)),
        "0", "its weight is parametrised",
    ),
    "a hook on the layer": (
        hooked("register_forward_hook", lambda m, i, o: o + 1, "conv"),
        "conv", "hook hangs on 'conv'",
    ),
    "a hook on the net": (
        hooked("register_forward_hook", lambda m, i, o: o * m.conv.weight.sum()),
        "conv", "hook hangs",
    ),
    "a pre-hook": (
        hooked("register_forward_pre_hook", lambda m, i: (i[0] + 1,), "fc"),
        "conv", "hook hangs on 'fc'",
    ),
    "a layer of its own class": (
        nn.Sequential(Shifted(1, 6, 3), nn.Conv2d(6, 2, 3)), "0", "it is a Shifted",
    ),
    "a forward put into a layer": (
        with_forward_of_its_own(between(F.relu)), "conv", "forward of 'conv' has been replaced",
    ),
    "another net at the second pass": (
        Counting(None, conv=conv(), fc=nn.Linear(216, 3)), "conv", "at its second pass",
    ),
    **{
        f"a way drawn by {who}": (
            Net(lambda m, x, draw=draw: m.fc(m.conv(x).flatten(1)) if draw() < 2 else m.conv(x),
                conv=conv(), fc=nn.Linear(216, 3)),
            "conv", "draws random numbers itself",
        )
        for who, draw in {
            "torch": lambda: torch.rand(()), "numpy": np.random.rand, "Python": random.random,
            "numpy, whose spare number is used first": np.random.randn,
        }.items()
    },
    "a layer inside attention": (
        nn.Sequential(nn.TransformerEncoderLayer(4, 1, 6, batch_first=True), nn.Linear(4, 2)),
        "0.linear1", "never calls it",
    ),
    "features that are an answer": (
        two_layers(lambda m, x: (m.fc(m.conv(x).flatten(1)), m.conv.weight.new_zeros(1))),
        "conv", "reads without calling",
    ),
    "an input that stays": (
        Net(lambda m, x: m.fc((x + m.conv(x)).flatten(1)), conv=conv(), fc=nn.Linear(216, 3)),
        "conv", "that are not the channels of a layer",
    ),
    "train mode, where another head reads": (
        Net(lambda m, x: m.fc(m.conv(x).flatten(1)) if not m.training else m.conv(x),
            conv=conv(), fc=nn.Linear(216, 3)),
        "conv", "output layer",
    ),
}  # fmt: skip


REASONS = tomllib.loads(Path(__file__).with_name("reasons.toml").read_text(encoding="utf-8"))


class TestWhyNot:
    @pytest.mark.parametrize("case", NOT_FREE)
    def test_says_why_and_nothing_is_changed(self, case, state_of, same_state):
        model, name, words = NOT_FREE[case]
        model.eval()
        before, attributes = state_of(model), sorted(vars(model))
        with pytest.raises(ValueError, match="cannot be removed:") as refusal:
            surgery.remove_filters(model, {name: SIX})
        assert refusal.match(words)
        with pytest.raises(ValueError, match=words):
            surgery.mask_filters(model, {name: SIX})
        with pytest.raises(ValueError, match="is free to go"):
            surgery.remove_filters(model, {})
        assert surgery.why_not(model)[name] == REASONS[case]
        assert REASONS[case] in str(refusal.value)
        assert name not in surgery.filter_layers(model)
        assert same_state(before, state_of(model))
        assert sorted(vars(model)) == attributes

    def test_is_none_for_free_layers_only(self):
        reasons = surgery.why_not(models.ConvNet((4, 6)))
        assert [*reasons.values()][:2] == [None, None]
        assert "output layer" in reasons["classifier"]

    def test_an_example_settles_what_depends_on_the_shape(self):
        rows = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 2)).eval()
        assert "pass example=" in surgery.why_not(rows)["0"]
        assert_same(rows, {"0": SIX}, (4,), torch.randn(2, 4))
        assert "takes dimension 1" in surgery.why_not(rows, torch.randn(2, 6, 4))["0"]

    def test_convs_without_a_batch_are_seen_with_an_example(self):
        model = nn.Sequential(nn.Conv2d(1, 6, 3), nn.Flatten(), nn.Linear(36, 2)).eval()
        assert surgery.why_not(model, torch.randn(3, 1, 4, 5))["0"] is None
        assert "works along" in surgery.why_not(model, torch.randn(1, 8, 8))["0"]

    def test_an_example_that_does_not_fit(self):
        with pytest.raises(ValueError, match="cannot run on the example"):
            surgery.remove_filters(models.ConvNet((4,)), {}, torch.randn(2, 3))

    def test_a_recording_hook_that_is_gone_again_is_no_reason(self):
        model = models.LeNet300()
        model.fc1.register_forward_hook(lambda *_: None).remove()
        assert surgery.why_not(model)["fc1"] is None


# Tied channels ------------------------------------------------------------------------------------


class InvertedResidual(nn.Module):
    """The block of MobileNetV2: 1×1 up, depthwise, 1×1 down, and the input added."""

    def __init__(self, width: int = 4, inner: int = 12) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, width, 3, padding=1)
        self.up = nn.Sequential(nn.Conv2d(width, inner, 1), nn.BatchNorm2d(inner), nn.ReLU6())
        self.depthwise = nn.Sequential(
            nn.Conv2d(inner, inner, 3, padding=1, groups=inner), nn.BatchNorm2d(inner), nn.ReLU6()
        )
        self.down = nn.Sequential(nn.Conv2d(inner, width, 1), nn.BatchNorm2d(width))
        self.fc = nn.Linear(width, 3)

    def forward(self, x):
        x = self.stem(x)
        return self.fc((x + self.down(self.depthwise(self.up(x)))).mean((2, 3)))


TWELVE = torch.arange(12) % 3 > 0
FOUR = torch.tensor([True, False, True, True])


class TestTiedChannels:
    @pytest.mark.parametrize(("name", "kept"), [
        ("up.0", TWELVE), ("depthwise.0", TWELVE), ("down.0", FOUR), ("stem", FOUR),
    ])  # fmt: skip
    def test_of_a_mobilenet_block(self, name, kept):
        model = InvertedResidual()
        with pytest.raises(ValueError, match=r"removed alone: .* Pass example="):
            surgery.remove_filters(model, {name: kept})
        small = assert_same(model, {name: kept}, PICTURES, torch.randn(1, *PICTURES))
        depthwise = small.depthwise[0]
        assert depthwise.groups == depthwise.in_channels == depthwise.out_channels
        assert depthwise.groups == small.up[0].out_channels == small.down[0].in_channels

    def test_of_a_resnet_with_what_is_free(self):
        model, x = models.TinyResNet(6), torch.rand(1, 1, 28, 28)
        keep = {"block1.conv2": SIX, "block1.conv1": ~SIX, "stem.0": SIX}
        small = assert_same(model, keep, (1, 28, 28), x)
        widths = [layer.weight.shape[:2] for layer in layers.prunable(small).values()]
        assert widths == [(4, 1), (2, 4), (4, 2), (6, 4), (4, 6), (10, 4)]

    def test_two_vectors_for_tied_layers(self, state_of, same_state):
        model = models.TinyResNet(6)
        before = state_of(model)
        for act in (surgery.remove_filters, surgery.mask_filters):
            with pytest.raises(ValueError, match="their channels are tied"):
                act(model, {"stem.0": SIX, "block2.conv2": ~SIX}, torch.rand(1, 1, 28, 28))
        assert same_state(before, state_of(model))

    def test_put_side_by_side(self):
        model = Net(lambda m, x: m.fc(torch.cat([m.a(x), m.b(x)], 1).relu().mean((2, 3))),
                    a=conv(), b=conv(4), fc=nn.Linear(10, 3))  # fmt: skip
        keep = {"a": SIX, "b": FOUR}
        assert_same(model, keep, PICTURES, torch.randn(2, *PICTURES))

    def test_a_written_size_behind_them(self):
        model = Net(lambda m, x: m.fc((m.a(x) + m.b(x)).view(-1, 216)), a=conv(), b=conv(),
                    fc=nn.Linear(216, 3)).eval()  # fmt: skip
        with pytest.raises(ValueError, match="without them the net cannot run"):
            surgery.remove_filters(model, {"a": SIX}, torch.randn(1, *PICTURES))

    def test_squeeze_and_excitation(self):
        def excited(m, x):
            h = m.a(x)
            gate = torch.sigmoid(m.up(F.relu(m.down(h.mean((2, 3))))))
            return m.fc((h * gate.view(h.size(0), h.size(1), 1, 1)).mean((2, 3)))

        model = Net(excited, a=conv(), down=nn.Linear(6, 2), up=nn.Linear(2, 6), fc=nn.Linear(6, 3))
        small = assert_same(model, {"a": SIX}, PICTURES, torch.randn(2, *PICTURES))
        assert small.up.out_features == small.down.in_features == 4

    def test_a_search_without_end_is_ended(self):
        """In circular padding torch_pruning sees slices that shift the channels for ever."""
        model = nn.Sequential(
            nn.Conv1d(3, 4, 3), nn.Conv1d(4, 4, 3, padding=1, groups=4, padding_mode="circular"),
            nn.ReLU(), nn.Conv1d(4, 2, 3),
        ).eval()  # fmt: skip
        with pytest.raises(ValueError, match="search does not end"):
            surgery.remove_filters(model, {"0": FOUR}, torch.randn(2, 3, 8))

    def test_a_sum_that_is_not_silent_is_refused(self, state_of, same_state):
        model = Net(lambda m, x: m.fc(torch.sigmoid(m.a(x) + m.b(x)).mean((2, 3))),
                    a=conv(), b=conv(), fc=nn.Linear(6, 3)).eval()  # fmt: skip
        before = state_of(model)
        with pytest.raises(ValueError, match="turns a silent channel into a constant"):
            surgery.remove_filters(model, {"a": SIX}, torch.randn(2, *PICTURES))
        assert same_state(before, state_of(model))

    def test_the_proof_notices_what_nobody_foresaw(self, monkeypatch):
        """Let torch_pruning name the wrong filters: the two nets differ, and you get none."""
        right = surgery._group
        monkeypatch.setattr(surgery, "_group", lambda *given: (
            (name, rows, [0] if not rows else lost) for name, rows, lost in right(*given)
        ))  # fmt: skip
        kept = torch.tensor([True, True, False, True, True, True])
        with pytest.raises(ValueError, match="without them the answers are another net's"):
            surgery.remove_filters(models.TinyResNet(6), {"stem.0": kept}, torch.rand(2, 1, 28, 28))

    def test_frozen_and_channels_last_stay(self):
        model = models.TinyResNet(6).to(memory_format=torch.channels_last).requires_grad_(False)
        small = surgery.remove_filters(model, {"stem.0": SIX}, torch.rand(2, 1, 28, 28))
        assert not any(parameter.requires_grad for parameter in small.parameters())
        assert small.block1.conv2.weight.is_contiguous(memory_format=torch.channels_last)


class TestAgainstTorchPruning:
    """On the course's own nets the independent package makes the same net."""

    @pytest.mark.parametrize(("model", "name"), [
        (models.ConvNet((6, 5)), "blocks.0.0"), (models.ConvNet((5, 6)), "blocks.1.0"),
        (models.TinyResNet(6), "block1.conv1"), (models.TinyResNet(6), "block2.conv2"),
    ])  # fmt: skip
    def test_same_numbers(self, model, name):
        x = torch.rand(3, 1, 28, 28)
        model = seen_data(model)
        small = surgery.remove_filters(model, {name: SIX}, x)
        theirs = copy.deepcopy(model)
        graph = tp.DependencyGraph().build_dependency(theirs, example_inputs=x)
        gone = (~SIX).nonzero().flatten().tolist()
        graph.get_pruning_group(
            theirs.get_submodule(name), tp.prune_conv_out_channels, idxs=gone
        ).prune()
        for ours, other in zip(
            small.state_dict().items(), theirs.state_dict().items(), strict=True
        ):
            assert ours[0] == other[0]
            assert ours[1].equal(other[1])


@pytest.mark.parametrize(
    ("wrap", "way_out"),
    [
        (lambda net: torch.compile(net, backend="eager"), "pass model._orig_mod"),
        (nn.DataParallel, "pass model.module"),
        (AveragedModel, "pass model.module"),
    ],
)
def test_a_wrapper_is_named_with_the_way_out(wrap, way_out):
    net = wrap(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)))
    assert way_out in " ".join(filter(None, surgery.why_not(net).values()))


@pytest.mark.parametrize(
    ("layer", "way_out"),
    [
        (lambda: nn.LazyLinear(4), "run one batch through the net first"),
        (lambda: nn.utils.weight_norm(nn.Linear(4, 4)), "remove_weight_norm"),
        (lambda: nn.utils.spectral_norm(nn.Linear(4, 4)), "remove_spectral_norm"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # of PyTorch: the old kinds are deprecated, lazy ones new
def test_a_layer_with_hooks_of_its_own_is_told_apart(layer, way_out):
    net = nn.Sequential(layer(), nn.ReLU(), nn.Linear(4, 2))
    assert way_out in " ".join(filter(None, surgery.why_not(net).values()))
