"""What the library refuses: it says what was given and what is allowed, and changes nothing."""

import math

import pytest
import torch
from torch import nn

from course_utils import (
    data,
    masks,
    measure,
    models,
    patterns,
    pruning,
    schedules,
    scores,
    training,
)

WEIGHT = torch.tensor([[1.0, -2.0], [3.0, -4.0]])
KEEP = torch.ones(2, 2, dtype=torch.bool)
INTEGERS = torch.tensor([[1, 2], [3, 4]])
EMPTY = torch.empty(0, 3)
WITH_NAN = torch.tensor([[1.0, math.nan]])

WITH_SPARSITY = {
    "mask_from_scores": lambda s: masks.mask_from_scores(WEIGHT, s),
    "magnitude_mask": lambda s: masks.magnitude_mask(WEIGHT, s),
    "random_mask": lambda s: masks.random_mask(WEIGHT, s),
    "random_mask, each on its own": lambda s: masks.random_mask(WEIGHT, s, exact=False),
    "norm_mask": lambda s: masks.norm_mask(WEIGHT, s),
    "global_masks": lambda s: masks.global_masks({"w": WEIGHT}, s),
    "compound": lambda s: masks.compound([0.2, s]),
    "amount_per_round": lambda s: masks.amount_per_round(s, 3),
    "prune_model": lambda s: pruning.prune_model(nn.Linear(2, 2), s),
    "schedules.one_shot": lambda s: schedules.one_shot(s, 3),
    "schedules.linear": lambda s: schedules.linear(s, 3),
    "schedules.geometric": lambda s: schedules.geometric(1.0, 3, start=s),
    "schedules.cubic": lambda s: schedules.cubic(s, 3),
    "iterate": lambda s: schedules.iterate(nn.Linear(2, 2), None, [0.0, s], 1),
    "sensitivity_scan": lambda s: pruning.sensitivity_scan(nn.Linear(2, 2), (WEIGHT, KEEP), [s]),
}
WITH_WEIGHT = {
    "mask_from_scores": lambda w: masks.mask_from_scores(w, 0.5),
    "magnitude_mask": lambda w: masks.magnitude_mask(w, 0.5),
    "random_mask": lambda w: masks.random_mask(w, 0.5),
    "norm_mask": lambda w: masks.norm_mask(w, 0.5),
    "global_masks": lambda w: masks.global_masks({"fine": WEIGHT, "bad": w}, 0.5),
    "n_of_m": patterns.n_of_m,
    "magnitude": scores.magnitude,
    "random": scores.random,
    "group_norm": scores.group_norm,
    "relative_norm": scores.relative_norm,
    "taylor": lambda w: scores.taylor(w, WEIGHT),
    "taylor, gradient": lambda w: scores.taylor(WEIGHT, w),
    "activation_aware": lambda w: scores.activation_aware(w, WEIGHT),
    "activation_aware, inputs": lambda w: scores.activation_aware(WEIGHT, w),
}
WITH_KEEP = {
    "mask_from_scores": lambda keep: masks.mask_from_scores(WEIGHT, 0.5, keep),
    "magnitude_mask": lambda keep: masks.magnitude_mask(WEIGHT, 0.5, keep),
    "random_mask": lambda keep: masks.random_mask(WEIGHT, 0.5, keep=keep),
    "random_mask, each on its own": lambda keep: masks.random_mask(
        WEIGHT, 0.5, exact=False, keep=keep
    ),
    "norm_mask": lambda keep: masks.norm_mask(WEIGHT, 0.5, keep=keep),
    "global_masks": lambda keep: masks.global_masks({"w": WEIGHT}, 0.5, {"w": keep}),
}


def each(calls: dict) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("call", calls.values(), ids=calls.keys())


def assert_says(refused: pytest.ExceptionInfo, *words: str) -> None:
    """All ``words`` stand in the message, which is a sentence."""
    message = str(refused.value)
    assert not [word for word in words if word not in message], message
    assert message.endswith(".")


class TestSparsity:
    @each(WITH_SPARSITY)
    @pytest.mark.parametrize("given", [-0.1, 1.01, 80, math.nan, math.inf, -math.inf])
    def test_outside_0_to_1(self, call, given):
        with pytest.raises(ValueError) as refused:
            call(given)
        assert_says(refused, f"sparsity={given}", "0 to 1")

    @each(WITH_SPARSITY)
    @pytest.mark.parametrize(
        "given", [True, "0.5", None, torch.tensor([0.5]), torch.tensor(True), [0.5]]
    )
    def test_not_a_number(self, call, given):
        with pytest.raises(TypeError) as refused:
            call(given)
        assert_says(refused, type(given).__name__, repr(given), "from 0 to 1")


class TestWeight:
    @each(WITH_WEIGHT)
    def test_of_whole_numbers(self, call):
        with pytest.raises(TypeError) as refused:
            call(INTEGERS)
        assert_says(refused, "torch.int64", "floating-point")

    @each(WITH_WEIGHT)
    def test_empty(self, call):
        with pytest.raises(ValueError) as refused:
            call(EMPTY)
        assert_says(refused, "empty", "(0, 3)", "nothing to prune")

    @each(WITH_WEIGHT)
    def test_with_nan(self, call):
        with pytest.raises(ValueError) as refused:
            call(WITH_NAN)
        assert_says(refused, "NaN")

    @each(WITH_WEIGHT)
    def test_not_a_tensor(self, call):
        with pytest.raises(TypeError) as refused:
            call([[1.0, 2.0]])
        assert_says(refused, "torch.Tensor", "list")

    def test_global_says_which(self):
        with pytest.raises(ValueError) as refused:
            masks.global_masks({"fine": WEIGHT, "bad": WITH_NAN}, 0.5)
        assert_says(refused, "'bad'")

    def test_global_without_any(self):
        with pytest.raises(ValueError) as refused:
            masks.global_masks({}, 0.5)
        assert_says(refused, "empty", "{name: scores, …}")


class TestKeep:
    @each(WITH_KEEP)
    def test_of_another_shape(self, call):
        with pytest.raises(ValueError) as refused:
            call(KEEP[:1])
        assert_says(refused, "(1, 2)", "(2, 2)")

    @each(WITH_KEEP)
    def test_not_boolean(self, call):
        with pytest.raises(TypeError) as refused:
            call(KEEP.float())
        assert_says(refused, "torch.float32", "boolean")
        with pytest.raises(TypeError) as refused:
            call([[True, True], [True, True]])
        assert_says(refused, "list", "boolean")

    def test_of_other_names(self):
        with pytest.raises(ValueError) as refused:
            masks.global_masks({"w": WEIGHT}, 0.5, {"v": KEEP})
        assert_says(refused, "'v'", "'w'")


class TestSlices:
    @pytest.mark.parametrize("dim", [2, -3])
    def test_a_dim_that_does_not_exist(self, dim):
        for call in (
            lambda d: masks.norm_mask(WEIGHT, 0.5, dim=d),
            lambda d: scores.group_norm(WEIGHT, dim=d),
        ):
            with pytest.raises(ValueError) as refused:
                call(dim)
            assert_says(refused, f"dim={dim}", "(2, 2)", "-2 to 1")

    @pytest.mark.parametrize("dim", [0.0, True, "0", None])
    def test_a_dim_that_is_not_a_whole_number(self, dim):
        with pytest.raises(TypeError) as refused:
            masks.norm_mask(WEIGHT, 0.5, dim=dim)
        assert_says(refused, repr(dim), "whole number")

    @pytest.mark.parametrize("n", [0, -1, math.nan, "fro", None, True])
    def test_an_n_that_is_not_a_norm(self, n):
        for call in (
            lambda n: masks.norm_mask(WEIGHT, 0.5, n=n),
            lambda n: scores.group_norm(WEIGHT, n),
        ):
            with pytest.raises(ValueError) as refused:
                call(n)
            assert_says(refused, f"n={n!r}", "positive", "math.inf")

    @pytest.mark.parametrize("rounds", [0, -1, 1.5, True, "3"])
    def test_rounds_that_cannot_be_counted(self, rounds):
        with pytest.raises(ValueError) as refused:
            masks.amount_per_round(0.5, rounds)
        assert_says(refused, f"rounds={rounds!r}", "1 or more")


class TestPatterns:
    @pytest.mark.parametrize("bad", [-1, 2.0, True, "2", None])
    def test_n_and_m_that_cannot_be_counted(self, bad):
        with pytest.raises(ValueError) as refused:
            patterns.n_of_m(WEIGHT, n=bad)
        assert_says(refused, f"n={bad!r}", "whole number, 0 or more")
        with pytest.raises(ValueError) as refused:
            patterns.n_of_m(WEIGHT, 0, m=bad)
        assert_says(refused, f"m={bad!r}", "whole number, 1 or more")

    def test_groups_of_nothing_and_more_than_all(self):
        with pytest.raises(ValueError) as refused:
            patterns.n_of_m(WEIGHT, 0, 0)
        assert_says(refused, "m=0", "1 or more")
        with pytest.raises(ValueError) as refused:
            patterns.n_of_m(WEIGHT, 3, 2)
        assert_says(refused, "n=3", "m=2", "n=2, m=4")


class TestModel:
    """Refused before anything is changed, also when only the second of two masks is bad."""

    @pytest.mark.parametrize("already_pruned", [False, True])
    @pytest.mark.parametrize(
        ("name", "mask", "error", "words"),
        [
            ("third", torch.ones(1, 2).bool(), ValueError, ["'third'", "first", "second"]),
            ("second.bias", torch.ones(1).bool(), ValueError, ["'second.bias'", "second"]),
            ("second", torch.ones(2, 1).bool(), ValueError, ["second", "(2, 1)", "(1, 2)"]),
            ("second", torch.ones(1, 2), TypeError, ["second", "torch.float32", "boolean"]),
            ("second", [[True, False]], TypeError, ["second", "list", "boolean"]),
        ],
    )
    def test_a_bad_mask_after_a_good_one(
        self, toy_model, state_of, same_state, already_pruned, name, mask, error, words
    ):
        if already_pruned:
            pruning.prune_model(toy_model, 0.25)
        before = state_of(toy_model)
        for regrow in (False, True):
            with pytest.raises(error) as refused:
                pruning.apply_masks(
                    toy_model, {"first": torch.zeros(2, 3).bool(), name: mask}, regrow=regrow
                )
            assert_says(refused, *words)
            assert same_state(before, state_of(toy_model))

    @pytest.mark.parametrize("already_pruned", [False, True])
    @pytest.mark.parametrize(
        ("arguments", "error", "words"),
        [
            ({"sparsity": 1.5}, ValueError, ["1.5", "0 to 1"]),
            ({"sparsity": "a half"}, TypeError, ["'a half'", "0 to 1"]),
            ({"sparsity": 0.5, "method": "best"}, ValueError, ["'best'", "magnitude, random"]),
            ({"sparsity": 0.5, "scope": "some"}, ValueError, ["'some'", "global, layer"]),
        ],
    )
    def test_prune_model(
        self, toy_model, state_of, same_state, already_pruned, arguments, error, words
    ):
        if already_pruned:
            pruning.prune_model(toy_model, 0.25)
        before = state_of(toy_model)
        with pytest.raises(error) as refused:
            pruning.prune_model(toy_model, **arguments)
        assert_says(refused, *words)
        assert same_state(before, state_of(toy_model))

    @pytest.mark.parametrize("scope", pruning.SCOPES)
    @pytest.mark.parametrize("method", pruning.METHODS)
    def test_nan_in_the_second_layer_leaves_the_first_unpruned(self, toy_model, method, scope):
        with torch.no_grad():
            toy_model.second.weight[0, 0] = math.nan
        with pytest.raises(ValueError) as refused:
            pruning.prune_model(toy_model, 0.5, method, scope)
        assert_says(refused, "NaN")
        assert sorted(toy_model.state_dict()) == [
            *("first.bias", "first.weight", "second.bias", "second.weight"),
        ]

    @pytest.mark.parametrize("bad", [math.inf, -math.inf])
    def test_an_infinite_weight_may_stay_and_not_go(self, toy_model, state_of, same_state, bad):
        with torch.no_grad():
            toy_model.second.weight[0, 0] = bad
        before = state_of(toy_model)
        with pytest.raises(ValueError) as refused:
            pruning.apply_masks(toy_model, {"second": torch.tensor([[False, True]])})
        assert_says(refused, "'second'", "infinity times 0 is NaN")
        assert same_state(before, state_of(toy_model))
        pruning.apply_masks(toy_model, {"second": torch.tensor([[True, False]])})
        assert toy_model.second.weight.tolist() == [[bad, 0.0]]

    @pytest.mark.parametrize(
        "call",
        [
            lambda model: pruning.prune_model(model, 0.5),
            lambda model: pruning.prune_model(model, 0.5, "random", "layer"),
            lambda model: pruning.apply_masks(model, {"second": torch.ones(1, 2).bool()}),
            lambda model: schedules.iterate(model, None, [0.5], 1),
            lambda model: pruning.sensitivity_scan(model, None, [0.5]),
        ],
    )
    def test_a_weight_that_is_no_number_is_named(self, toy_model, state_of, call):
        with torch.no_grad():
            toy_model.second.weight[0, 0] = math.nan
        before = state_of(toy_model)
        with pytest.raises(ValueError) as refused:
            call(toy_model)
        assert_says(refused, "the weight of 'second' holds NaN")
        assert sorted(before) == sorted(state_of(toy_model))

    def test_nothing_to_scan_or_no_list_of_rounds(self, toy_model):
        with pytest.raises(ValueError, match="sparsities is empty"):
            pruning.sensitivity_scan(toy_model, None, [])
        with pytest.raises(TypeError, match=r"must be a list, .*; got 0\.5"):
            schedules.iterate(toy_model, None, 0.5, 1)

    @pytest.mark.parametrize(
        "call",
        [
            pruning.prunable,
            pruning.weights,
            pruning.masks_of,
            pruning.make_permanent,
            pruning.report,
            masks.sparsity,
            lambda model: pruning.prune_model(model, 0.5),
            lambda model: pruning.apply_masks(model, {}),
        ],
    )
    def test_nothing_to_prune(self, call):
        with pytest.raises(ValueError) as refused:
            call(nn.Sequential(nn.ReLU(), nn.BatchNorm1d(3)))
        assert_says(refused, "Sequential", "no linear or convolution layer")

    def test_a_scan_with_an_unknown_method_or_a_late_bad_sparsity(self, toy_model):
        split = (torch.ones(1, 3), torch.zeros(1).long())
        with pytest.raises(ValueError) as refused:
            pruning.sensitivity_scan(toy_model, split, [0.5], method="best")
        assert_says(refused, "'best'", "magnitude, random")
        with pytest.raises(ValueError) as refused:
            pruning.sensitivity_scan(toy_model, split, [0.5, 2])
        assert_says(refused, "sparsity=2")

    def test_a_format_that_does_not_exist(self, toy_model):
        for x in (toy_model, WEIGHT):
            with pytest.raises(ValueError) as refused:
                measure.size_bytes(x, "zip")
            assert_says(refused, "'zip'", "dense, coo, csr, bitmask, file")


class TestTraining:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"epochs": -1}, ["epochs=-1", "0 or more"]),
            ({"epochs": 1.5}, ["epochs=1.5", "whole number"]),
            ({"epochs": True}, ["epochs=True", "whole number"]),
            ({"epochs": "3"}, ["epochs='3'", "whole number"]),
            ({"lr": 0}, ["lr=0", "positive"]),
            ({"lr": -0.1}, ["lr=-0.1", "positive"]),
            ({"lr": math.nan}, ["lr=nan", "positive"]),
            ({"lr": math.inf}, ["lr=inf", "positive"]),
            ({"lr": "0.1"}, ["lr='0.1'", "positive"]),
            ({"lr": True}, ["lr=True", "positive"]),
            ({"lr": None}, ["lr=None", "positive"]),
            ({"batch_size": 0}, ["batch_size=0", "1 or more"]),
            ({"batch_size": 6.4}, ["batch_size=6.4", "whole number"]),
            ({"batch_size": False}, ["batch_size=False", "whole number"]),
        ],
    )
    def test_out_of_range(self, few_digits, state_of, same_state, arguments, words):
        model = models.LeNet300()
        before = state_of(model)
        with pytest.raises(ValueError) as refused:
            training.train(model, few_digits, **{"epochs": 1, **arguments})
        assert_says(refused, *words)
        assert same_state(before, state_of(model))

    def test_no_gpu(self, few_digits, state_of, same_state, monkeypatch):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        model = models.LeNet300()
        before = state_of(model)
        for device in ("cuda", "cuda:1"):
            with pytest.raises(RuntimeError) as refused:
                training.train(model, few_digits, epochs=1, device=device)
            assert_says(refused, repr(device), "device='cpu'")
        assert same_state(before, state_of(model))


def on_meta() -> nn.Module:
    with torch.device("meta"):
        return models.ConvNet()


WITH_A_NET_AND_DIGITS = {
    "train": lambda net, digits: training.train(net, digits, epochs=1),
    "evaluate": lambda net, digits: training.evaluate(net, digits.test),
    "recalibrate": lambda net, digits: training.recalibrate(net, digits.train),
    "loss_gradients": lambda net, digits: scores.loss_gradients(net, digits.train),
}


@pytest.mark.parametrize("call", WITH_A_NET_AND_DIGITS)
class TestNetsThatCannotTakeTheDigits:
    @pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16])
    def test_numbers_of_another_kind(self, few_digits, state_of, same_state, call, kind):
        net = models.ConvNet().to(kind)
        before = state_of(net)
        with pytest.raises(TypeError) as refused:
            WITH_A_NET_AND_DIGITS[call](net, few_digits)
        assert_says(refused, f"ConvNet computes in {kind}", "float32", "Convert one of them")
        assert same_state(before, state_of(net))

    def test_a_net_that_converts_them_itself(self, few_digits, call):
        class Converts(models.ConvNet):
            def forward(self, x):
                return super().forward(x.double())

        WITH_A_NET_AND_DIGITS[call](Converts().double(), few_digits)

    def test_other_errors_of_the_net_stay_what_they_are(self, few_digits, call):
        net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        with pytest.raises(RuntimeError, match="expected input"):
            WITH_A_NET_AND_DIGITS[call](net, few_digits)

    def test_shapes_without_numbers(self, few_digits, call):
        with pytest.raises(ValueError) as refused:
            WITH_A_NET_AND_DIGITS[call](on_meta(), few_digits)
        assert_says(refused, "of ConvNet", "meta device", "to_empty")


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: masks.sparsity(on_meta()), "blocks.0.0, "),
        (lambda: masks.sparsity([torch.ones(2), torch.ones(2, device="meta")]), "x[1]: on"),
        (lambda: masks.magnitude_mask(torch.ones(2, device="meta"), 0.5), "weight: on"),
        (lambda: pruning.report(on_meta()), "of ConvNet: on"),
    ],
)
def test_what_has_no_numbers_is_refused_in_the_same_words(call, named):
    with pytest.raises(ValueError) as refused:
        call()
    assert_says(refused, named, "on the meta device a tensor has a shape and no numbers. Build the")


def test_zeros_are_not_counted_where_there_are_no_numbers():
    for count in (pruning.report, masks.sparsity):
        with pytest.raises(ValueError, match="meta device"):
            count(on_meta())
    assert measure.flops(on_meta(), torch.zeros(1, 1, 28, 28)) > 0  # its shapes are enough


class TestModels:
    @pytest.mark.parametrize("widths", [(), (1, 2, 3, 4, 5), (16, 0), (-1,)])
    def test_widths(self, widths):
        with pytest.raises(ValueError) as refused:
            models.ConvNet(widths)
        assert_says(refused, f"widths={widths}", "one to four positive")


class TestData:
    @pytest.mark.parametrize("subset", ["6k", "", "full", "FULL", None, 5000])
    def test_a_subset_that_does_not_exist(self, subset):
        with pytest.raises(ValueError) as refused:
            data.load_mnist(subset)
        assert_says(refused, repr(subset), "'5k'", "full=True")

    @pytest.mark.parametrize(
        ("name", "load"),
        [
            ("MNIST", lambda: data.load_mnist(full=True)),
            ("Fashion-MNIST", data.load_fashion_mnist),
        ],
    )
    def test_no_network(self, name, load, monkeypatch):
        def fail(*_, **__):
            raise OSError("Name or service not known")

        monkeypatch.setattr("sklearn.datasets.fetch_openml", fail)
        with pytest.raises(RuntimeError) as refused:
            load()
        assert_says(refused, name, "OSError", "network", 'load_mnist("5k")')
        assert isinstance(refused.value.__cause__, OSError)
