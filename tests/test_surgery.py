"""Filters taken out for real: smaller tensors, the same function. Lesson 03."""

import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_utils import masks, measure, models, pruning, scores, surgery, training


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
        sequence(nn.Sigmoid(), nn.Conv2d(4, 2, 3)), {"0": torch.arange(4) > 1}, "Sigmoid '1' turns a silent"
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
