"""What pruning is said to save, measured: numbers, operations, bytes and time. Lesson 01."""

import math
import warnings
from collections import Counter
from dataclasses import astuple

import numpy as np
import pytest
import torch
from scipy.stats import binom
from torch import nn
from torch.nn.utils import prune

from course_utils import measure
from course_utils.masks import magnitude_mask, random_mask
from course_utils.measure import (
    FORMATS,
    Latency,
    LatencyRatio,
    count_parameters,
    flops,
    latency,
    latency_ratio,
    layer_calls,
    layer_latency,
    size_bytes,
    to_csr,
)
from course_utils.models import ConvNet, LeNet300
from course_utils.pruning import apply_masks, make_permanent, prune_model, weights
from course_utils.training import evaluate, train


class TestCountParameters:
    def test_by_hand(self, toy_model):
        assert count_parameters(toy_model) == 6 + 2 + 2 + 1
        assert count_parameters(LeNet300()) == 266_610

    def test_a_mask_takes_no_parameter_away_but_leaves_fewer_that_count(self, toy_model):
        prune_model(toy_model, 0.5)
        assert count_parameters(toy_model) == 11
        assert count_parameters(toy_model, nonzero=True) == 4 + 3
        make_permanent(toy_model)
        assert count_parameters(toy_model) == 11
        assert count_parameters(toy_model, nonzero=True) == 4 + 3

    def test_zero_biases_do_not_count(self, toy_model):
        nn.init.zeros_(toy_model.first.bias)
        assert count_parameters(toy_model, nonzero=True) == 8 + 1

    def test_a_mask_on_a_bias_counts_too(self, toy_model):
        prune.l1_unstructured(toy_model.first, "bias", amount=1)
        assert count_parameters(toy_model, nonzero=True) == 8 + 1 + 1

    def test_of_a_trained_weight_behind_the_mask(self, toy_model):
        """What counts is what the next pass computes with, not what an earlier one left behind."""
        prune_model(toy_model, 0.5)
        with torch.no_grad():
            toy_model.second.weight_orig[0, 0] = 0
        assert count_parameters(toy_model, nonzero=True) == 3 + 3


class TestFlops:
    @pytest.mark.parametrize("batch", [1, 7])
    def test_of_a_linear_layer(self, batch):
        assert flops(nn.Linear(784, 300), torch.rand(batch, 784)) == 2 * 784 * 300 * batch

    def test_of_a_convolution(self):
        layer = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        assert flops(layer, torch.rand(1, 3, 10, 10)) == 2 * 10 * 10 * 8 * 3 * 9

    @pytest.mark.parametrize("fraction", [0.5, 0.99, 1])
    def test_a_mask_saves_none(self, fraction):
        x, model = torch.rand(2, 1, 28, 28), LeNet300()
        dense = flops(model, x)
        assert dense == 2 * 2 * 266_200
        prune_model(model, fraction)
        assert flops(model, x) == dense
        assert flops(make_permanent(model), x) == dense

    @pytest.mark.parametrize("mode", [True, False])
    def test_leaves_the_model_as_it_was(self, state_of, same_state, mode):
        model = ConvNet((2,)).train(mode)
        before = state_of(model)
        flops(model, torch.rand(2, 1, 28, 28))
        assert same_state(before, state_of(model))
        assert model.training is mode

    def test_of_attention_are_counted_by_hand(self):
        """4 projections, scores and mixing in each head, 2 linear layers."""
        batch, tokens, width, hidden = 2, 3, 8, 16
        model = nn.TransformerEncoderLayer(width, 2, hidden, batch_first=True)
        linear = batch * tokens * (4 * width * width + 2 * width * hidden)
        attention = 2 * batch * tokens * tokens * width
        fast = torch.backends.mha.get_fastpath_enabled()
        assert flops(model, torch.rand(batch, tokens, width)) == 2 * (linear + attention)
        assert torch.backends.mha.get_fastpath_enabled() is fast

    def test_what_is_interpolated_or_normalised_counts_nothing(self):
        model = nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.BatchNorm2d(3))
        assert flops(model, torch.rand(2, 3, 4, 4)) == 0

    @pytest.mark.parametrize("uncounted", ["lstm", "bilinear", "vector", "own", "quantised"])
    def test_that_cannot_be_counted_are_said(self, uncounted):
        """And not counted as nothing beside the linear layer in front."""
        model, x, operation = not_counted(uncounted)
        with pytest.raises(ValueError, match=f"uses .*{operation}.* would come out too small"):
            flops(model, x)


@torch.library.custom_op("course_tests::double", mutates_args=())
def double(x: torch.Tensor) -> torch.Tensor:
    """An operation that PyTorch's counter has never heard of."""
    return 2 * x


class Calls(nn.Module):
    def __init__(self, call) -> None:
        super().__init__()
        self.call = call

    def forward(self, x):
        return self.call(x)


def not_counted(name: str) -> tuple[nn.Module, torch.Tensor, str]:
    """A net, its input, and the operation in it that no counter knows."""
    bilinear = nn.Bilinear(4, 4, 2)
    tail, operation = {
        "lstm": (nn.LSTM(4, 4), "rnn"),
        "bilinear": (Calls(lambda x: bilinear(x, x)), "aten._trilinear"),
        "vector": (Calls(lambda x: x @ torch.rand(4)), "aten.mv"),
        "own": (Calls(lambda x: torch.ops.course_tests.double(x)), "course_tests.double"),
        "quantised": (quantised(nn.Sequential(nn.Linear(4, 2))), "quantized.linear_dynamic"),
    }[name]
    return nn.Sequential(nn.Linear(4, 4), tail).eval(), torch.rand(3, 4), operation


def quantised(model: nn.Module) -> nn.Module:
    """Its linear layers in int8. It has no parameters left."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its place in PyTorch is to change
        return torch.ao.quantization.quantize_dynamic(model.eval(), {nn.Linear, nn.LSTM})


class TestOfAQuantisedNet:
    """A net without parameters, whose weights are int8 and biases float32."""

    def test_parameters_and_bytes(self):
        model = quantised(LeNet300())
        assert not [*model.parameters()]
        assert count_parameters(model) == 266_610
        assert 0.9 * 266_610 < count_parameters(model, nonzero=True) < 266_610
        assert size_bytes(model) == 266_200 + 4 * 410
        assert size_bytes(model, "csr") == size_bytes(model)
        assert size_bytes(model, "file") > size_bytes(model)

    def test_accuracy(self, digits, trained_model):
        accuracy = evaluate(quantised(trained_model), digits.val)
        assert accuracy == pytest.approx(evaluate(trained_model, digits.val), abs=0.05)

    def test_of_a_recurrent_layer(self):
        assert count_parameters(quantised(nn.Sequential(nn.LSTM(4, 5)))) == 4 * 5 * (4 + 5 + 2)

    def test_is_not_pruned_nor_trained(self, few_digits):
        with pytest.raises(ValueError, match="a net to quantise is pruned before"):
            prune_model(quantised(LeNet300()), 0.5)
        with pytest.raises(ValueError, match="has no parameter to train"):
            train(quantised(LeNet300()), few_digits, 1)


def test_bytes_of_a_net_without_prunable_layers():
    assert size_bytes(nn.Sequential(nn.BatchNorm1d(5)), "csr") == 40


class TestSizeOfATensor:
    """Ten numbers of four bytes, three of them not zero."""

    toy = torch.tensor([[1.0, 0, 0, 0, 0], [0, 2, 0, 3, 0]])

    @pytest.mark.parametrize(
        ("format", "by_hand"),
        [
            ("dense", 10 * 4),
            ("coo", 3 * 4 + 3 * 2 * 8),  # row and column of each
            ("csr", 3 * 4 + (3 + 2 + 1) * 8),  # column of each, start of each row, end
            ("bitmask", 3 * 4 + 2),  # ten bits take two bytes
        ],
    )
    def test_by_hand(self, format, by_hand):
        assert size_bytes(self.toy, format) == by_hand

    @pytest.mark.parametrize(
        ("format", "by_hand"),
        [("dense", 40), ("coo", 3 * 4 + 3 * 2 * 4), ("csr", 3 * 4 + 6 * 4), ("bitmask", 14)],
    )
    def test_with_indices_of_four_bytes(self, format, by_hand):
        assert size_bytes(self.toy, format, index_bytes=4) == by_hand

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
    def test_wider_and_narrower_numbers(self, dtype):
        width = dtype.itemsize
        x = self.toy.to(dtype)
        assert size_bytes(x) == 10 * width
        assert size_bytes(x, "bitmask") == 3 * width + 2

    def test_one_and_four_dimensions(self):
        line = torch.tensor([0.0, 5, 0, 6])
        assert size_bytes(line, "coo") == 2 * (4 + 8)
        assert size_bytes(line, "csr") == 2 * (4 + 8) + 2 * 8
        filters = torch.zeros(2, 3, 3, 3)
        filters[1, 0, 0, 0] = 1
        assert size_bytes(filters, "coo") == 4 + 4 * 8
        assert size_bytes(filters, "csr") == (4 + 8) + 3 * 8

    def test_is_what_torch_allocates(self):
        weight = torch.randn(30, 50)
        weight *= magnitude_mask(weight, 0.8)
        coo, csr = weight.to_sparse_coo(), to_csr(weight)
        parts = {
            "dense": [weight],
            "coo": [coo.values(), coo.indices()],
            "csr": [csr.values(), csr.col_indices(), csr.crow_indices()],
        }
        for format, tensors in parts.items():
            allocated = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
            assert size_bytes(weight, format) == allocated

    @pytest.mark.parametrize("format", FORMATS)
    def test_all_zero(self, format):
        expected = {"dense": 400, "coo": 0, "csr": 11 * 8, "bitmask": 13}
        assert size_bytes(torch.zeros(10, 10), format) == expected[format]


class TestBreakEven:
    """From which sparsity on a format is smaller than the dense one; 1,000 × 1,000 float32."""

    @pytest.mark.parametrize(
        ("format", "index_bytes", "threshold"),
        [
            ("bitmask", 8, 1 / 32),  # a bit for each number of 32
            ("csr", 8, 2 / 3),  # 4 bytes become 4 + 8
            ("csr", 4, 1 / 2),
            ("coo", 8, 4 / 5),  # 4 bytes become 4 + 2 · 8
            ("coo", 4, 2 / 3),
        ],
    )
    def test_smaller_just_above_and_larger_just_below(self, format, index_bytes, threshold):
        weight = torch.ones(1000, 1000)
        dense = size_bytes(weight)
        for margin, smaller in ((-0.004, False), (0.004, True)):
            pruned = weight * random_mask(weight, threshold + margin)
            assert (size_bytes(pruned, format, index_bytes=index_bytes) < dense) is smaller


class TestSizeOfAModel:
    def test_by_hand(self, toy_model):
        """Eight weights, four of them pruned, and three biases, which stay dense."""
        prune_model(toy_model, 0.5)
        assert size_bytes(toy_model) == 11 * 4
        assert size_bytes(toy_model, "bitmask") == (2 * 4 + 1) + (2 * 4 + 1) + 3 * 4
        assert size_bytes(toy_model, "coo") == 4 * (4 + 16) + 3 * 4
        assert size_bytes(toy_model, "csr") == (2 * 12 + 3 * 8) + (2 * 12 + 2 * 8) + 3 * 4

    @pytest.mark.parametrize("format", FORMATS)
    def test_is_the_same_with_masks_and_after_they_are_permanent(self, format):
        model = prune_model(ConvNet((4, 4)), 0.8)
        with_masks = size_bytes(model, format)
        assert size_bytes(make_permanent(model), format) == with_masks

    def test_only_the_weights_that_can_be_pruned_change_their_format(self):
        model = ConvNet((4, 4))
        rest = sum(p.numel() for p in model.parameters()) - sum(
            weight.numel() for weight in weights(model).values()
        )
        sparse = sum(size_bytes(weight, "coo") for weight in weights(model).values())
        assert size_bytes(model, "coo") == sparse + 4 * rest

    def test_a_layer_alone_is_a_model_too(self):
        layer = prune_model(nn.Linear(8, 4, bias=False), 0.5)
        assert size_bytes(layer, "bitmask") == 16 * 4 + 4
        assert size_bytes(make_permanent(layer), "bitmask") == 16 * 4 + 4

    def test_file_is_what_is_written(self, tmp_path):
        model = LeNet300()
        for _ in range(2):
            torch.save(model.state_dict(), path := tmp_path / "model.pt")
            # The name of the file stands in it, so a few bytes may differ.
            assert size_bytes(model, "file") == pytest.approx(path.stat().st_size, abs=500)
            prune_model(model, 0.9)

    def test_zeros_do_not_make_the_file_smaller_and_masks_double_it(self):
        model = LeNet300()
        dense = size_bytes(model, "file")
        prune_model(model, 0.99)
        assert size_bytes(model, "file") == pytest.approx(2 * dense, rel=0.02)
        assert size_bytes(make_permanent(model), "file") == pytest.approx(dense, abs=500)

    def test_file_of_a_tensor(self):
        assert 4000 < size_bytes(torch.ones(1000), "file") < 6000


class TestCsr:
    def test_is_the_same_matrix_and_the_same_product(self):
        weight = torch.randn(20, 30, requires_grad=True)
        masked = weight * magnitude_mask(weight, 0.9)
        csr = to_csr(masked)
        assert csr.layout == torch.sparse_csr
        assert csr.values().numel() == 60
        assert not csr.requires_grad
        assert torch.equal(csr.to_dense(), masked)
        x = torch.randn(30, 4)
        assert torch.allclose(csr @ x, masked.detach() @ x, atol=1e-5)

    def test_warns_of_nothing_at_no_time(self):
        always = torch.is_warn_always_enabled()
        torch.set_warn_always(True)  # otherwise PyTorch warns once a process only
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                to_csr(torch.eye(3))
        finally:
            torch.set_warn_always(always)


class TestTime:
    def test_latency_is_positive_and_says_its_spread(self):
        x = torch.rand(64, 64)
        found = latency(lambda: x @ x, seconds=0.02)
        assert 0 < found.median < 1
        assert found.spread >= 0
        assert found.runs >= 1

    def test_latency_is_in_seconds_and_printed_in_microseconds(self):
        assert str(Latency(2e-3, 5e-6, 10)) == "≈ 2000 µs (spread ≈ 5 µs)"

    def test_nothing_is_recorded_for_gradients(self):
        modes = []
        layer = nn.Linear(2, 2)

        def call():
            modes.append(layer(torch.ones(1, 2)).requires_grad)

        latency(call, seconds=0.001)
        latency_ratio(call, call, seconds=0)
        assert not any(modes)

    def test_a_masked_model_can_be_timed(self, toy_model):
        apply_masks(toy_model, {"first": torch.ones(2, 3).bool()})
        x = torch.rand(1, 3)
        assert latency(lambda: toy_model(x), seconds=0.01).median > 0

    def test_of_each_layer_alone(self):
        model = ConvNet((4, 8)).train()
        times = layer_latency(model, torch.rand(64, 1, 28, 28), seconds=0.01)
        leaves = [name for name, layer in model.named_modules() if not [*layer.children()]]
        assert [*times] == leaves
        assert min(each.median for each in times.values()) > 0
        assert times["blocks.0.0"].median > 3 * times["blocks.1.2"].median  # a conv, a small ReLU
        assert model.training
        assert not any(layer._forward_pre_hooks for layer in model.modules())

    def test_a_layer_that_is_called_twice_makes_both_calls(self):
        class Twice(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = nn.Linear(3, 3)

            def forward(self, x):
                return self.layer(input=self.layer(x) + 1)

        model, seen = Twice().eval(), []
        calls = layer_calls(model, torch.ones(2, 3))
        model.layer.register_forward_pre_hook(
            lambda _, args, kwargs: seen.append(kwargs.get("input", *args)), with_kwargs=True
        )
        calls["layer"]()
        assert len(seen) == 2
        assert torch.equal(seen[0], torch.ones(2, 3))
        assert torch.equal(seen[1], model.layer(torch.ones(2, 3)) + 1)

    def test_layers_of_a_model_in_train_mode_are_not_called(self):
        with pytest.raises(ValueError, match=r"train mode.*model\.eval\(\)"):
            layer_calls(ConvNet((4, 8)).train(), torch.rand(2, 1, 28, 28))


class Clock:
    """A machine in the hand: its clock, and which function was called when.

    ``took``: name → function that says how many seconds the n-th call of all takes.
    """

    def __init__(self, monkeypatch, **took):
        self.now, self.took, self.calls = 0.0, took, []
        monkeypatch.setattr(measure, "_clock", lambda: self.now)

    def call(self, name):
        def fn():
            self.calls.append(name)
            self.now += self.took[name](len(self.calls))

        return fn


def always(seconds):
    return lambda call: seconds


class TestRatioOfTimes:
    def test_of_a_steady_machine_is_exact_and_soon_done(self, monkeypatch):
        clock = Clock(monkeypatch, fn=always(0.03), base=always(0.01))
        ratio = latency_ratio(clock.call("fn"), clock.call("base"))
        assert astuple(ratio)[:5] == pytest.approx((3, 3, 3, 1, measure.TURNS))
        assert ratio.quartiles == pytest.approx((3, 3))

    def test_a_quarter_of_the_turns_lies_below_and_above_the_quartiles(self, monkeypatch):
        turns = iter([5, 1, 9, 3, 7, 2, 8, 4, 6])
        clock = Clock(
            monkeypatch,
            fn=lambda call: 0.01 if call <= 12 else 0.01 * next(turns),
            base=always(0.01),
        )
        ratio = latency_ratio(clock.call("fn"), clock.call("base"), seconds=0)
        assert ratio.median == pytest.approx(5)
        assert ratio.quartiles == pytest.approx((3, 7))

    def test_both_sides_are_timed_over_blocks_of_equal_length(self, monkeypatch):
        clock = Clock(monkeypatch, fn=always(0.001), base=always(0.02))
        latency_ratio(clock.call("fn"), clock.call("base"))
        turns = clock.calls[12:]  # the first call of each and five to know how long it takes
        assert turns[:22] == ["fn"] * 20 + ["base"] * 2
        assert turns[22:44] == ["base"] * 2 + ["fn"] * 20
        assert Counter(turns) == {"fn": 20 * measure.TURNS, "base": 2 * measure.TURNS}

    def test_of_a_noisy_machine_goes_on_until_the_time_is_up_and_says_how_sure_it_is(
        self, monkeypatch
    ):
        noise = np.random.default_rng(0)
        clock = Clock(
            monkeypatch,
            fn=lambda call: 0.01 * noise.uniform(1, 3),
            base=lambda call: 0.01 * noise.uniform(1, 3),
        )
        ratio = latency_ratio(clock.call("fn"), clock.call("base"), seconds=2)
        assert 2 < clock.now < 3
        assert ratio.turns > measure.TURNS
        assert ratio.low < ratio.median < ratio.high
        assert ratio.above(0.5) is True
        assert ratio.above(1.0) is None
        assert ratio.above(2.0) is False

    def test_a_machine_that_slows_down_all_the_time_falls_on_both(self, monkeypatch):
        now = [0]

        def slower(call):
            now[0] += 1
            return 0.01 * 1.01 ** now[0]

        clock = Clock(monkeypatch, fn=slower, base=slower)
        ratio = latency_ratio(clock.call("fn"), clock.call("base"))
        assert ratio.median == pytest.approx(1, abs=0.05)
        assert ratio.control == pytest.approx(1, abs=0.05)

    def test_a_clock_that_sees_no_time_pass_in_one_call(self, monkeypatch):
        calls = []

        def call():
            calls.append(1)

        monkeypatch.setattr(measure, "_clock", lambda: len(calls) // 50 * 5e-6)
        assert latency_ratio(call, call, seconds=0).median == pytest.approx(1, rel=0.01)

    @pytest.mark.parametrize("turns", [*range(9, 30), 100, 1001])
    def test_the_interval_is_where_the_median_lies_95_of_100_times(self, turns):
        low, high = measure._interval(range(turns))
        outside = 2 * binom.cdf(low, turns, 0.5)  # the coin falls on one side at most so often
        assert low + high == turns - 1
        assert outside <= 0.05
        assert 2 * binom.cdf(low + 2, turns, 0.5) > 0.05

    def test_a_control_that_is_off_decides_nothing(self):
        for control in (0.85, 1.15):
            ratio = LatencyRatio(3.0, 2.9, 3.1, control, 9, (2.5, 3.5))
            assert {ratio.above(1), ratio.above(9), ratio.below(1), ratio.below(9)} == {None}

    def test_a_control_at_the_limit_decides(self, monkeypatch):
        monkeypatch.setattr(measure, "CONTROL", 0.25)
        for control, above in ((1.25, True), (0.75, True), (1.2501, None), (0.7499, None)):
            assert LatencyRatio(3.0, 2.9, 3.1, control, 9, (2.5, 3.5)).above(1) is above

    def test_what_the_whole_interval_says_is_decided(self):
        ratio = LatencyRatio(3.0, 2.9, 3.1, 1.0, 9, (2.5, 3.5))
        assert [ratio.above(bound) for bound in (2.8, 3.0, 3.2)] == [True, None, False]
        assert [ratio.below(bound) for bound in (2.8, 3.0, 3.2)] == [False, None, True]

    @pytest.mark.parametrize("bound", [math.nan, torch.nan])
    def test_no_bound_decides_nothing(self, bound):
        ratio = LatencyRatio(3.0, 2.9, 3.1, 1.0, 9, (2.5, 3.5))
        assert ratio.above(bound) is None
        assert ratio.below(bound) is None

    def test_of_two_ratios_holds_every_quotient_and_the_worse_control(self):
        one = LatencyRatio(4.0, 3.0, 5.0, 1.02, 20, (2.0, 6.0))
        two = LatencyRatio(2.0, 1.0, 2.5, 0.7, 9, (0.5, 4.0))
        quiet = LatencyRatio(2.0, 1.0, 2.5, 1.01, 9, (0.5, 4.0))
        assert one / two == LatencyRatio(2.0, 1.2, 5.0, 0.7, 9, (0.5, 12.0))
        assert one / quiet == LatencyRatio(2.0, 1.2, 5.0, 1.02, 9, (0.5, 12.0))

    def test_prints_its_interval_and_the_control(self):
        expected = "≈ 1.50 × (≈ 1.40 to ≈ 1.60; control ≈ 0.99 ×)"
        assert str(LatencyRatio(1.5, 1.4, 1.6, 0.99, 15, (1.3, 1.7))) == expected


def work(units):
    """A function that multiplies matrices; ``units`` times as much work, so many times as long."""
    x = torch.rand(64, 64)

    def multiply():
        for _ in range(units):
            x @ x

    return multiply


class TestOnThisMachine:
    """Whatever else it does: what is said may be "not decided", and is never wrong."""

    def test_a_slowed_function_is_never_said_to_be_as_fast(self):
        ratio = latency_ratio(work(12), work(3))
        assert ratio.below(1.5) is not True
        assert ratio.above(1.5) is not False
        assert ratio.low <= ratio.median <= ratio.high

    def test_a_slowed_baseline_is_never_said_to_be_as_fast(self):
        ratio = latency_ratio(work(3), work(12))
        assert ratio.above(0.67) is not True
        assert ratio.below(0.67) is not False

    def test_a_function_and_itself_are_never_said_to_be_of_different_speed(self):
        ratio = latency_ratio(work(3), work(3))
        assert ratio.above(1.5) is not True
        assert ratio.below(0.67) is not True
