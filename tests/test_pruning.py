"""Masks on a model, through ``torch.nn.utils.prune``. Lessons 01 and 02."""

import copy
import io
import math

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from course_utils.masks import norm_mask, sparsity
from course_utils.models import ConvNet, LeNet300, TinyResNet
from course_utils.pruning import (
    apply_masks,
    make_permanent,
    masks_of,
    plain_copy,
    prunable,
    prune_model,
    report,
    sensitivity_scan,
    weights,
)
from course_utils.training import evaluate, train

X = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))
methods = pytest.mark.parametrize("method", ["magnitude", "random"])
scopes = pytest.mark.parametrize("scope", ["global", "layer"])


def zeros(model: nn.Module) -> dict[str, int]:
    return {name: int((weight == 0).sum()) for name, weight in weights(model).items()}


def assert_only_shrinks(before: dict, after: dict) -> None:
    for name in before:
        assert not (after[name] & ~before[name]).any()


class TestPrunable:
    def test_linear_and_convolution_layers_by_name(self):
        assert list(prunable(LeNet300())) == ["fc1", "fc2", "fc3"]
        assert list(prunable(ConvNet())) == ["blocks.0.0", "blocks.1.0", "blocks.2.0", "classifier"]
        assert len(prunable(TinyResNet())) == 1 + 2 + 2 + 1

    def test_a_layer_alone_is_a_model_too(self):
        layer = prune_model(nn.Linear(4, 2), 0.5)
        assert zeros(layer) == {"": 4}

    def test_finds_the_same_layers_after_pruning(self, toy_model):
        before = prunable(toy_model)
        assert prunable(prune_model(toy_model, 0.5)) == before


class TestByHand:
    """The toy's weights are 1 −2 3 / −4 5 −6 and 7 −8."""

    def test_global_takes_the_smallest_of_all(self, toy_model):
        prune_model(toy_model, 0.5)
        assert weights(toy_model)["first"].tolist() == [[0, 0, 0], [0, 5, -6]]
        assert weights(toy_model)["second"].tolist() == [[7, -8]]

    def test_layer_takes_the_smallest_of_each(self, toy_model):
        prune_model(toy_model, 0.5, scope="layer")
        assert weights(toy_model)["first"].tolist() == [[0, 0, 0], [-4, 5, -6]]
        assert weights(toy_model)["second"].tolist() == [[0, -8]]

    def test_the_forward_pass_uses_what_is_left(self, toy_model):
        x = torch.tensor([[1.0, 10, 100]])
        expected = nn.functional.linear(x, torch.tensor([[0.0, 0, 0], [0, 5, -6]]))
        expected = toy_model.second(expected + toy_model.first.bias)
        assert torch.equal(prune_model(toy_model, 0.5)(x), expected)

    def test_biases_stay(self, toy_model):
        before = toy_model.first.bias.clone()
        prune_model(toy_model, 1.0)
        assert torch.equal(toy_model.first.bias, before)


class TestCount:
    @methods
    @pytest.mark.parametrize("fraction", [0, 0.1, 1 / 3, 0.5, 0.995, 1])
    def test_global_is_exact_over_all(self, method, fraction):
        model = prune_model(LeNet300(), fraction, method)
        assert sum(zeros(model).values()) == round(fraction * 266_200)

    @methods
    @pytest.mark.parametrize("fraction", [0, 0.1, 1 / 3, 0.5, 0.995, 1])
    def test_layer_is_exact_in_each(self, method, fraction):
        model = prune_model(LeNet300(), fraction, method, scope="layer")
        assert zeros(model) == {
            "fc1": round(fraction * 235_200),
            "fc2": round(fraction * 30_000),
            "fc3": round(fraction * 1_000),
        }

    @methods
    @scopes
    def test_ties_change_no_count(self, toy_model, method, scope):
        for weight in weights(toy_model).values():
            weight.fill_(1)
        prune_model(toy_model, 0.5, method, scope)
        assert sparsity(toy_model) == 0.5

    @pytest.mark.parametrize("build", [LeNet300, ConvNet, TinyResNet])
    @scopes
    def test_is_what_torch_prunes(self, build, scope):
        ours, theirs = build(), build()
        theirs.load_state_dict(ours.state_dict())
        prune_model(ours, 0.7, scope=scope)
        layers = [*prunable(theirs).values()]
        if scope == "global":
            prune.global_unstructured(
                [(layer, "weight") for layer in layers], prune.L1Unstructured, amount=0.7
            )
        else:
            for layer in layers:
                prune.l1_unstructured(layer, "weight", amount=0.7)
        for name, mask in masks_of(theirs).items():
            assert torch.equal(mask, masks_of(ours)[name])
        x = X if build is not LeNet300 else X.flatten(1)
        assert torch.equal(ours.eval()(x.reshape(4, 1, 28, 28)), theirs.eval()(X))

    @scopes
    def test_random_is_repeated_by_its_generator(self, scope):
        found = [
            masks_of(prune_model(LeNet300(), 0.5, "random", scope, generator=generator))
            for generator in (torch.Generator().manual_seed(seed) for seed in (1, 1, 2))
        ]
        assert torch.equal(found[0]["fc1"], found[1]["fc1"])
        assert not torch.equal(found[0]["fc1"], found[2]["fc1"])

    def test_one_threshold_leaves_no_pruned_weight_larger_than_a_kept_one(self):
        model = prune_model(LeNet300(), 0.8)
        masks = masks_of(model)
        originals = {n: layer.weight_orig.detach().abs() for n, layer in prunable(model).items()}
        largest_pruned = max(originals[name][~masks[name]].max() for name in masks)
        smallest_kept = min(originals[name][masks[name]].min() for name in masks)
        assert largest_pruned <= smallest_kept


class TestCumulative:
    """Sparsity is the total, not an amount on top, and what is pruned stays pruned."""

    @methods
    @scopes
    def test_first_half_then_four_fifths(self, method, scope):
        model = prune_model(LeNet300(), 0.5, method, scope)
        half = masks_of(model)
        prune_model(model, 0.8, method, scope)
        assert sum(zeros(model).values()) == round(0.8 * 266_200)
        assert_only_shrinks(half, masks_of(model))

    @methods
    @scopes
    def test_less_than_there_is_changes_nothing(
        self, toy_model, method, scope, state_of, same_state
    ):
        prune_model(toy_model, 0.5)
        before = state_of(toy_model)
        prune_model(toy_model, 0.25, method, scope="global")
        prune_model(toy_model, 0, method, scope)
        assert same_state(before, state_of(toy_model))

    @scopes
    def test_other_methods_and_training_between_the_rounds(self, trained_model, few_digits, scope):
        before = masks_of(trained_model)
        for fraction, method in ((0.3, "random"), (0.6, "magnitude"), (0.9, "random")):
            prune_model(trained_model, fraction, method, scope)
            train(trained_model, few_digits, epochs=1)
            after = masks_of(trained_model)
            assert_only_shrinks(before, after)
            assert sum(zeros(trained_model).values()) == round(fraction * 266_200)
            before = after

    def test_memory_stays_flat_however_many_rounds(self):
        """A further call of ``custom_from_mask`` would leave one more mask behind in the hook."""

        def saved_bytes(model: nn.Module) -> int:
            buffer = io.BytesIO()
            torch.save(model, buffer)
            return buffer.getbuffer().nbytes

        model = prune_model(ConvNet((2,)), 0.1)
        after_one = saved_bytes(model)
        for percent in range(11, 31):
            prune_model(model, percent / 100)
        assert saved_bytes(model) == after_one
        for layer in prunable(model).values():
            assert len(layer._forward_pre_hooks) == 1


class TestApplyMasks:
    def test_only_the_named_layers(self, toy_model):
        apply_masks(toy_model, {"second": torch.tensor([[True, False]])})
        assert weights(toy_model)["second"].tolist() == [[7, 0]]
        assert not prune.is_pruned(toy_model.first)
        assert masks_of(toy_model)["first"].all()

    def test_a_structured_mask_takes_whole_filters(self):
        model = ConvNet((4, 4)).eval()
        mask = norm_mask(model.blocks[1][0].weight, 0.5)
        apply_masks(model, {"blocks.1.0": mask})
        dead = ~mask.flatten(1).any(1)
        assert int(dead.sum()) == 2
        features = model.blocks(X)
        assert (features[:, dead].flatten(2).std(dim=2) < 1e-6).all()

    def test_a_second_mask_only_takes_away(self, toy_model):
        apply_masks(toy_model, {"second": torch.tensor([[True, False]])})
        apply_masks(toy_model, {"second": torch.tensor([[True, True]])})
        assert weights(toy_model)["second"].tolist() == [[7, 0]]
        apply_masks(toy_model, {"second": torch.tensor([[False, True]])})
        assert weights(toy_model)["second"].tolist() == [[0, 0]]

    def test_regrow_brings_the_weights_behind_the_mask_back(self, toy_model):
        apply_masks(toy_model, {"second": torch.tensor([[True, False]])})
        apply_masks(toy_model, {"second": torch.tensor([[False, True]])}, regrow=True)
        assert weights(toy_model)["second"].tolist() == [[0, -8]]
        assert toy_model.second.weight.tolist() == [[0, -8]]

    def test_pruning_after_regrowing_starts_from_the_new_mask(self, toy_model):
        prune_model(toy_model, 0.5)
        everything = {name: torch.ones_like(mask) for name, mask in masks_of(toy_model).items()}
        apply_masks(toy_model, everything, regrow=True)
        assert sparsity(toy_model) == 0
        assert sparsity(prune_model(toy_model, 0.25)) == 0.25

    def test_the_mask_is_copied_both_ways(self, toy_model):
        mask = torch.tensor([[True, False]])
        apply_masks(toy_model, {"second": mask})
        mask.fill_(True)
        masks_of(toy_model)["second"].fill_(True)
        masks_of(toy_model)["first"].fill_(False)
        weights(toy_model)
        assert masks_of(toy_model)["second"].tolist() == [[True, False]]
        assert masks_of(toy_model)["first"].all()

    def test_weights_and_masks_multiply_to_what_the_layer_computes_with(self, toy_model):
        originals = {name: layer.weight.clone() for name, layer in prunable(toy_model).items()}
        prune_model(toy_model, 0.5)
        for name, mask in masks_of(toy_model).items():
            assert mask.dtype == torch.bool
            assert torch.equal(weights(toy_model)[name], originals[name] * mask)
            assert torch.equal(prunable(toy_model)[name].weight, originals[name] * mask)


class TestTorchKnowsIt:
    """A pruned model behaves as users of ``torch.nn.utils.prune`` expect."""

    def test_names(self, toy_model):
        assert not prune.is_pruned(toy_model)
        prune_model(toy_model, 0.5)
        assert prune.is_pruned(toy_model)
        expected = {"first.bias", "first.weight_orig", "first.weight_mask"}
        expected |= {name.replace("first", "second") for name in expected}
        assert set(toy_model.state_dict()) == expected
        assert {name for name, _ in toy_model.named_parameters()} == {
            *("first.bias", "first.weight_orig", "second.bias", "second.weight_orig"),
        }

    def test_prune_remove_makes_the_zeros_permanent(self, toy_model):
        prune_model(toy_model, 0.5)
        prune.remove(toy_model.first, "weight")
        assert not prune.is_pruned(toy_model.first)
        assert sparsity(toy_model) == 0.5
        assert isinstance(toy_model.first.weight, nn.Parameter)

    def test_a_mask_that_torch_put_on_is_seen_and_kept(self, toy_model):
        prune.l1_unstructured(toy_model.second, "weight", amount=1)  # one weight, not all
        assert masks_of(toy_model)["second"].tolist() == [[False, True]]
        assert report(toy_model).loc["second", "zeros"] == 1
        prune_model(toy_model, 0.5)
        assert weights(toy_model)["second"].tolist() == [[0, -8]]
        assert sparsity(toy_model) == 0.5

    def test_torch_prunes_on_from_our_mask(self, toy_model):
        prune_model(toy_model, 0.5, scope="layer")
        prune.l1_unstructured(toy_model.first, "weight", amount=1)
        assert weights(toy_model)["first"].tolist() == [[0, 0, 0], [0, 5, -6]]
        make_permanent(toy_model)
        assert toy_model.first.weight.tolist() == [[0, 0, 0], [0, 5, -6]]

    def test_state_is_loaded_into_a_model_with_identity_masks(self, tmp_path):
        model = prune_model(LeNet300(), 0.5).eval()
        torch.save(model.state_dict(), tmp_path / "pruned.pt")
        loaded = LeNet300().eval()
        for layer in prunable(loaded).values():
            prune.identity(layer, "weight")
        loaded.load_state_dict(torch.load(tmp_path / "pruned.pt"))
        assert sparsity(loaded) == 0.5
        assert report(loaded).equals(report(model))
        assert torch.equal(loaded(X), model(X))

    def test_gradients_of_pruned_weights_are_zero(self):
        model = prune_model(LeNet300(), 0.9)
        model(X).square().sum().backward()
        for name, layer in prunable(model).items():
            assert not layer.weight_orig.grad[~masks_of(model)[name]].any()
            assert layer.weight_orig.grad.any()


class TestMakePermanent:
    def test_leaves_a_plain_state_with_the_zeros_in_it(self, toy_model):
        plain = {name: value.shape for name, value in toy_model.state_dict().items()}
        prune_model(toy_model, 0.5)
        expected = weights(toy_model)
        make_permanent(toy_model)
        assert {name: value.shape for name, value in toy_model.state_dict().items()} == plain
        assert not prune.is_pruned(toy_model)
        assert torch.equal(toy_model.first.weight, expected["first"])

    def test_changes_no_answer(self):
        model = prune_model(ConvNet((4, 4)), 0.5).eval()
        before = model(X)
        assert torch.equal(make_permanent(model)(X), before)

    def test_layers_without_a_mask_stay_as_they_are(self, toy_model, state_of, same_state):
        before = state_of(toy_model)
        assert make_permanent(toy_model) is toy_model
        apply_masks(toy_model, {"second": torch.ones(1, 2).bool()})
        make_permanent(make_permanent(toy_model))
        assert same_state(before, state_of(toy_model))

    def test_can_be_pruned_again_and_counts_what_is_zero(self, toy_model):
        make_permanent(prune_model(toy_model, 0.5))
        assert sparsity(prune_model(toy_model, 0.75)) == 0.75


class TestPlainCopy:
    def test_deepcopy_alone_fails_after_a_pass_with_gradients(self):
        model = prune_model(LeNet300(), 0.5)
        model(X).sum().backward()
        with pytest.raises(RuntimeError, match="deepcopy"):
            copy.deepcopy(model)
        copied = plain_copy(model)
        assert torch.equal(copied.eval()(X), model.eval()(X))
        assert prune.is_pruned(copied)

    def test_is_independent_and_can_be_trained(self, few_digits, state_of, same_state):
        model = prune_model(LeNet300(), 0.5)
        before = state_of(model)
        copied = plain_copy(model)
        train(copied, few_digits, epochs=1)
        prune_model(copied, 0.9)
        assert same_state(before, state_of(model))
        assert sparsity(model) == 0.5
        assert sparsity(copied) == 0.9

    def test_the_original_still_learns(self, few_digits, state_of, same_state):
        model = prune_model(LeNet300(), 0.5)
        plain_copy(model)
        before = state_of(model)
        train(model, few_digits, epochs=1)
        assert not same_state(before, state_of(model))


class TestReport:
    def test_by_hand(self, toy_model):
        table = report(prune_model(toy_model, 0.5))
        assert list(table.columns) == ["shape", "weights", "zeros", "sparsity"]
        assert table.loc["first"].tolist() == ["2×3", 6, 4, 0.6667]
        assert table.loc["second"].tolist() == ["1×2", 2, 0, 0]
        assert table.loc["all"].tolist() == ["", 8, 4, 0.5]
        assert list(table.index) == ["first", "second", "all"]

    @pytest.mark.parametrize("build", [LeNet300, ConvNet, TinyResNet])
    def test_totals_agree_with_the_rows(self, build):
        model = prune_model(build(), 0.7, scope="layer")
        table = report(model)
        for column in ("weights", "zeros"):
            assert table[column].iloc[:-1].sum() == table.loc["all", column]
        assert table.loc["all", "sparsity"] == round(sparsity(model), 4)

    @pytest.mark.parametrize("build", [LeNet300, ConvNet, TinyResNet])
    def test_reads_well_in_a_terminal_and_in_a_notebook(self, build):
        table = report(prune_model(build(), 0.7))
        lines = str(table).splitlines()
        assert max(map(len, lines)) <= 80
        assert len(lines) == len(table) + 2  # the heading and the name of the index
        assert "<table" in table._repr_html_()

    def test_does_not_touch_the_model(self, toy_model, state_of, same_state):
        before = state_of(toy_model)
        report(toy_model)
        assert same_state(before, state_of(toy_model))


class TestSensitivityScan:
    @methods
    @pytest.mark.parametrize("already", [0, 0.6])
    def test_leaves_the_model_as_it_is(
        self, trained_model, digits, state_of, same_state, method, already
    ):
        if already:
            prune_model(trained_model, already)
        before = state_of(trained_model)
        sensitivity_scan(trained_model, digits.val, [0, 0.5], method)
        assert same_state(before, state_of(trained_model))
        assert prune.is_pruned(trained_model) is bool(already)

    @methods
    def test_nothing_pruned_is_the_accuracy_of_the_model(self, trained_model, digits, method):
        table = sensitivity_scan(trained_model, digits.val, [0.0, 0.5, 1.0], method)
        assert list(table.index) == ["fc1", "fc2", "fc3"]
        assert list(table.columns) == [0, 0.5, 1]
        assert (table[0.0] == evaluate(trained_model, digits.val)).all()
        assert table.min(axis=None) >= 0
        assert table.max(axis=None) <= 1
        # Without its first or last weights a net gives every picture the same answer.
        assert (table[1.0] <= 0.101).all()

    def test_prunes_one_layer_alone(self, trained_model, digits):
        table = sensitivity_scan(trained_model, digits.val, [0.9])
        for name in table.index:
            trial = plain_copy(trained_model)
            prune.l1_unstructured(prunable(trial)[name], "weight", amount=0.9)
            assert table.loc[name, 0.9] == evaluate(trial, digits.val)

    @methods
    def test_counts_what_was_pruned_before(self, monkeypatch, method):
        seen = []
        monkeypatch.setattr(
            "course_utils.pruning.evaluate", lambda trial, _: seen.append(zeros(trial)) or 0.0
        )
        model = nn.Sequential(nn.Linear(10, 10), nn.Linear(10, 10))
        apply_masks(model, {"0": (torch.arange(100) < 60).reshape(10, 10)})
        sensitivity_scan(model, None, [0, 0.5], method)
        assert [found["0"] for found in seen] == [40, 50, 40, 40]
        assert [found["1"] for found in seen] == [0, 0, 0, 50]


def test_pruning_a_model_of_infinite_weights_keeps_them(toy_model):
    with torch.no_grad():
        toy_model.second.weight.fill_(math.inf)
    assert masks_of(prune_model(toy_model, 0.75))["second"].all()
