"""Masks on nets of every make: one weight, one mask, that trains and reloads; or a refusal."""

import copy
import io
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune
from torch.utils.checkpoint import checkpoint

from course_utils import layers, masks, measure, pruning, schedules, scores, surgery, training
from course_utils.models import ConvNet, LeNet300

X = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))
scopes = pytest.mark.parametrize("scope", pruning.SCOPES)
methods = pytest.mark.parametrize("method", pruning.METHODS)


class Twins(nn.Module):
    """Three layers, two of which have one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(784, 20)
        self.one, self.other = nn.Linear(20, 20), nn.Linear(20, 20)
        self.other.weight = self.one.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.other(F.relu(self.one(F.relu(self.first(x.flatten(1))))))


class TestOneWeightInTwoLayers:
    @scopes
    @methods
    def test_gets_one_mask_and_counts_once(self, scope, method):
        model = pruning.prune_model(Twins(), 0.5, method, scope)
        pruning.prune_model(model, 0.8, method, scope)
        assert [*pruning.masks_of(model)] == ["first", "one"]
        assert model.one.weight_mask.equal(model.other.weight_mask)
        assert masks.sparsity(model) == 0.8
        table = pruning.report(model)
        assert table.loc["all", "weights"] == 784 * 20 + 20 * 20
        assert measure.count_parameters(model) == 784 * 20 + 20 * 20 + 3 * 20
        left = measure.count_parameters(model, nonzero=True) - 3 * 20
        assert left == table.loc["all", "weights"] - table.loc["all", "zeros"]

    @methods
    def test_make_permanent_changes_no_answer_and_keeps_it_one(self, method):
        model = pruning.prune_model(Twins(), 0.5, method, "layer")
        before, size = model(X), measure.size_bytes(model, "bitmask")
        pruning.make_permanent(model)
        assert torch.equal(model(X), before)
        assert model.one.weight is model.other.weight
        assert masks.sparsity(model) == 0.5
        assert measure.size_bytes(model, "bitmask") == size

    def test_trains_in_both_places(self, few_digits):
        model = pruning.prune_model(Twins(), 0.5)
        training.train(model, few_digits, 1)
        layers.refresh(model)
        assert model.one.weight.equal(model.other.weight)
        assert masks.sparsity(model) == pytest.approx(0.5)

    def test_inputs_and_gradients_are_those_of_both(self, few_digits):
        model, (x, y) = Twins().eval(), few_digits.val
        hidden = F.relu(model.first(x.flatten(1)))
        expected = torch.cat([hidden, F.relu(model.one(hidden))])
        assert torch.allclose(scores.layer_inputs(model, x)["one"], expected)
        found = scores.loss_gradients(model, (x, y))["one"]
        F.cross_entropy(model(x), y).backward()
        assert torch.allclose(found, model.one.weight.grad, atol=1e-6)

    def test_rewinds(self, few_digits):
        model = Twins()
        start = copy.deepcopy(model.state_dict())
        pruning.prune_model(model, 0.5)
        training.train(model, few_digits, 1)
        schedules.rewind(model, start)
        assert model.other.weight_orig.equal(start["one.weight"])

    def test_with_an_embedding_is_refused_by_name(self, state_of, same_state):
        class Language(nn.Module):
            def __init__(self):
                super().__init__()
                self.words, self.head = nn.Embedding(7, 4), nn.Linear(4, 7)
                self.head.weight = self.words.weight

        model = Language()
        before = state_of(model)
        with pytest.raises(ValueError, match=r"'head' shares its weight with \['words'\]"):
            pruning.prune_model(model, 0.5)
        assert same_state(before, state_of(model))
        prune.random_unstructured(model.head, "weight", 0.5)
        with pytest.raises(ValueError, match="'head' shares its weight"):
            pruning.make_permanent(model)

    def test_under_different_masks_is_refused_by_name(self):
        model = Twins()
        prune.random_unstructured(model.one, "weight", 0.5)
        prune.random_unstructured(model.other, "weight", 0.5)
        for call in (pruning.make_permanent, lambda net: pruning.prune_model(net, 0.9)):
            with pytest.raises(ValueError, match=r"\['one', 'other'\] share one weight"):
                call(model)

    def test_one_layer_under_two_names_is_one_layer(self, few_digits):
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
        model.again = model[1]
        model.forward = lambda x: model[1](x.flatten(1))
        start = copy.deepcopy(model.state_dict())
        pruning.prune_model(model, 0.5)
        assert [*pruning.masks_of(model)] == ["1"]
        training.train(model, few_digits, 1)
        schedules.rewind(model, start)
        assert model.again.weight_orig.equal(start["1.weight"])


class Attention(nn.Module):
    """Reads a digit as 28 rows; PyTorch reads out_proj's weight and never calls the layer."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.TransformerEncoderLayer(28, 2, 16, dropout=0.0, batch_first=True)
        self.head = nn.Linear(28, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.block(x.squeeze(1)).mean(1))


class Reads(nn.Module):
    """An autoencoder with one matrix, before and after which a layer is called."""

    def __init__(self) -> None:
        super().__init__()
        self.enc, self.head = nn.Linear(784, 12), nn.Linear(784, 10)

    def forward(self, x: Tensor) -> Tensor:
        code = F.relu(F.linear(x.flatten(1), self.enc.weight, self.enc.bias))
        again = self.enc(F.linear(code, self.enc.weight.t()))
        return self.head(F.linear(again, self.enc.weight.t()))


class OnlyReads(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.enc, self.head = nn.Linear(784, 12), nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(F.linear(x.flatten(1), self.enc.weight, self.enc.bias)))


@pytest.mark.parametrize(
    ("build", "name"),
    [(Attention, "block.self_attn.out_proj"), (Reads, "enc"), (OnlyReads, "enc")],
)
class TestWeightsThatAreOnlyRead:
    def test_train_with_a_loop_of_your_own_as_a_product_would(self, build, name):
        model = build().eval()
        by_hand = copy.deepcopy(model)
        pruning.prune_model(model, 0.5)
        keep = pruning.masks_of(model)
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        own = torch.optim.SGD(by_hand.parameters(), 0.1)
        y = torch.arange(len(X))
        for _ in range(3):
            for net, steps in ((model, optimizer), (by_hand, own)):
                if net is by_hand:
                    hold(by_hand, keep)
                steps.zero_grad()
                F.cross_entropy(net(X), y).backward()
                steps.step()
        hold(by_hand, keep)
        for layer, weight in pruning.weights(model).items():
            assert torch.allclose(weight, by_hand.get_submodule(layer).weight, atol=1e-5), layer
        assert masks.sparsity(model) == pytest.approx(0.5)

    def test_train_and_stay_sparse(self, build, name, few_digits):
        model = pruning.prune_model(build(), 0.5)
        before = model.get_submodule(name).weight_orig.clone()
        training.train(model, few_digits, 2)
        assert not model.get_submodule(name).weight_orig.equal(before)
        assert masks.sparsity(model) == pytest.approx(0.5, abs=1e-3)

    def test_are_those_of_a_loaded_state(self, build, name):
        model, other = (pruning.prune_model(build().eval(), 0.5) for _ in range(2))
        model.load_state_dict(other.state_dict())
        for gradients in (torch.enable_grad(), torch.no_grad()):
            with gradients:
                assert torch.allclose(model(X), other(X), atol=1e-6)

    def test_become_permanent_and_leave_no_hook(self, build, name):
        model = pruning.prune_model(build().eval(), 0.5)
        before = model(X)
        pruning.make_permanent(model)
        assert torch.allclose(model(X), before, atol=1e-6)
        assert not any(m._forward_pre_hooks or m._forward_hooks for m in model.modules())

    def test_behave_for_users_of_torch(self, build, name):
        model = pruning.prune_model(build().eval(), 0.5)
        assert prune.is_pruned(model)
        file = io.BytesIO()
        torch.save(model, file)
        loaded = torch.load(io.BytesIO(file.getvalue()), weights_only=False)
        assert torch.allclose(loaded(X), model(X), atol=1e-6)
        before = model(X)
        for layer in pruning.prunable(model).values():
            prune.remove(layer, "weight")
        assert torch.allclose(model(X), before, atol=1e-6)
        assert not prune.is_pruned(model)


@torch.no_grad()
def hold(model: nn.Module, keep: dict[str, Tensor]) -> None:
    """Zero by hand what ``keep`` prunes."""
    for name, mask in keep.items():
        model.get_submodule(name).weight *= mask


def test_a_mask_that_torch_put_on_trains_too_where_it_is_only_read(few_digits):
    model = OnlyReads()
    prune.l1_unstructured(model.enc, "weight", 0.5)
    before = model.enc.weight_orig.clone()
    training.train(model, few_digits, 2)
    assert not model.enc.weight_orig.equal(before)


class Encoder(nn.Module):
    """Its attention only reads the weight of ``out_proj``; its layers can be checkpointed."""

    def __init__(self, checkpointed: bool = False) -> None:
        super().__init__()
        self.checkpointed = checkpointed
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.layers = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.attention(x, x, x)[0].mean(1)
        if self.checkpointed:
            return checkpoint(self.layers, x, use_reentrant=False)
        return self.layers(x)


class Wrapper(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


@pytest.mark.parametrize(
    "wrap", [Wrapper, nn.Sequential, nn.DataParallel, lambda net: Wrapper(Wrapper(net))]
)
def test_a_part_that_is_called_alone_trains_all_of_its_weights(wrap):
    inner = Encoder()
    pruning.prune_model(wrap(inner), 0.5)
    inner(torch.randn(4, 5, 8)).sum().backward()
    for layer in pruning.prunable(inner).values():
        assert layer.weight_orig.grad is not None
        assert not layer.weight_orig.grad[~layer.weight_mask.bool()].any()


def test_a_part_that_a_checkpoint_runs_again_computes_the_same():
    torch.manual_seed(0)
    plain, checkpointed = Encoder(), Encoder(checkpointed=True)
    checkpointed.load_state_dict(plain.state_dict())
    for net in (plain, checkpointed):
        pruning.prune_model(net, 0.5)
        torch.manual_seed(1)
        net(torch.randn(4, 5, 8)).sum().backward()
    for one, other in zip(plain.parameters(), checkpointed.parameters(), strict=True):
        assert torch.allclose(one.grad, other.grad)


@pytest.mark.parametrize(
    "call",
    [
        lambda net: pruning.prune_model(net, 0.5),
        pruning.make_permanent,
        lambda net: surgery.remove_filters(net, {"1": torch.arange(4) < 2}),
        lambda net: surgery.mask_filters(net, {"1": torch.arange(4) < 2}),
    ],
)
def test_nothing_is_made_that_could_never_train(call, state_of, same_state):
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 4), nn.ReLU(), nn.Linear(4, 3))
    before = state_of(net)
    with torch.inference_mode(), pytest.raises(RuntimeError, match=r"inference_mode\(\) is on"):
        call(net)
    assert same_state(before, state_of(net))


def test_an_activation_that_a_net_keeps_is_named():
    net = Wrapper(Encoder())
    net.inner.seen = net(torch.randn(4, 5, 8))
    with pytest.raises(ValueError, match=r"in inner\.seen, and .*no_grad"):
        layers.plain_copy(net)
    with torch.no_grad():
        net.inner.seen = net(torch.randn(4, 5, 8))
    assert layers.plain_copy(net).inner.seen.equal(net.inner.seen)


def test_the_layers_of_a_compiled_net_are_seen():
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).eval()
    compiled, x = torch.compile(net, backend="eager"), torch.randn(2, 4)
    with torch.no_grad():
        compiled(x)
    assert [*scores.layer_inputs(compiled, x)] == [*pruning.prunable(compiled)]


def test_hooks_that_keep_masks_are_told_from_others():
    model = pruning.prune_model(OnlyReads(), 0.5)
    hooks = [
        hook
        for module in model.modules()
        for hook in (*module._forward_pre_hooks.values(), *module._forward_hooks.values())
    ]
    assert len(hooks) == 2 + 1
    assert all(map(layers.keeps_masks, hooks))
    assert not layers.keeps_masks(print)


def normed(make) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the old kinds are deprecated
        return nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), make(nn.Linear(16, 10)))


def as_buffer(layer: nn.Module) -> nn.Module:
    weight = layer.weight.detach()
    del layer.weight
    layer.register_buffer("weight", weight)
    return layer


class Doubled(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return 2 * weight


def parametrized(layer: nn.Module) -> nn.Module:
    nn.utils.parametrize.register_parametrization(layer, "weight", Doubled())
    return layer


COMPUTED = {
    "weight norm": parametrizations.weight_norm,
    "spectral norm": parametrizations.spectral_norm,
    "orthogonal": parametrizations.orthogonal,
    "one's own": parametrized,
    "the old weight norm": nn.utils.weight_norm,
    "the old spectral norm": nn.utils.spectral_norm,
    "a buffer": as_buffer,
}


@pytest.mark.parametrize("make", COMPUTED.values(), ids=COMPUTED)
class TestWeightsComputedFromOthers:
    def test_are_refused_by_name_before_anything_changes(
        self, make, few_digits, state_of, same_state
    ):
        model = normed(make)
        before = state_of(model)
        some = {"1": torch.ones(16, 784).bool(), "3": torch.ones(10, 16).bool()}
        for call in (
            lambda: pruning.prune_model(model, 0.5),
            lambda: pruning.prune_model(model, 0.5, "random", "layer"),
            lambda: pruning.apply_masks(model, some),
            lambda: pruning.sensitivity_scan(model, few_digits.val, [0.5]),
            lambda: schedules.iterate(model, few_digits, [0.5], 1),
            lambda: scores.loss_gradients(model, few_digits.val),
        ):
            with pytest.raises(ValueError, match="The weight of '3' is no parameter") as refused:
                call()
            assert str(refused.value).endswith(
                ": it is a buffer, or weight norm or another parametrization computes it anew, and "
                "a mask on it would be lost. Take that off first: torch.nn.utils.parametrize."
                "remove_parametrizations(layer, 'weight'), or for the old kind "
                "remove_weight_norm(layer) or remove_spectral_norm(layer)."
            )
            assert same_state(before, state_of(model))

    def test_do_not_hinder_masks_elsewhere_nor_counting(self, make, state_of, same_state):
        model = normed(make).train()
        before = state_of(model)
        assert masks.sparsity(model) == 0
        assert pruning.report(model).loc["all", "weights"] == 784 * 16 + 160
        assert measure.size_bytes(model) > 0
        assert same_state(before, state_of(model))
        pruning.apply_masks(model, {"1": torch.zeros(16, 784).bool()})
        assert pruning.report(model).loc["1", "sparsity"] == 1


class TestOtherNets:
    def test_buffers_with_unlucky_names_are_the_nets_own(self, few_digits):
        class Unlucky(nn.Module):
            def __init__(self):
                super().__init__()
                self.register_buffer("causal_mask", torch.ones(784))
                self.register_buffer("x_orig", torch.full((1,), 2.0))
                self.register_buffer("x_mask", torch.full((1,), 3.0))
                self.x = "mine"
                self.fc = nn.Linear(784, 10)

            def forward(self, x):
                return self.fc(x.flatten(1) * self.causal_mask)

        model = Unlucky()
        start = copy.deepcopy(model.state_dict())
        pruning.prune_model(model, 0.5)
        training.train(model, few_digits, 1)
        schedules.rewind(model, start)
        assert model.fc.weight_orig.equal(start["fc.weight"])
        pruning.make_permanent(model)
        assert model.x == "mine"
        assert model.state_dict().keys() == start.keys()

    @pytest.mark.parametrize("name", ["weight_mask", "weight_orig"])
    def test_a_layer_with_a_mask_of_its_own_is_refused(self, name):
        model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
        model[1].register_buffer(name, torch.full((2, 4), 7.0))
        with pytest.raises(ValueError, match=f"'1' has a .*{name}"):
            pruning.prune_model(model, 0.5)
        assert not prune.is_pruned(model)
        assert getattr(model[1], name).eq(7).all()

    @pytest.mark.parametrize(
        "call", [pruning.weights, pruning.masks_of, lambda net: pruning.prune_model(net, 0.5)]
    )
    def test_a_lazy_layer_is_named(self, call):
        model = nn.Sequential(nn.Linear(4, 4), nn.LazyLinear(2))
        with pytest.raises(ValueError, match="'1' has no weight yet: LazyLinear"):
            call(model)
        model(torch.rand(2, 4))
        call(model)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
    def test_frozen_and_width_stay(self, dtype):
        model = LeNet300().to(dtype)
        model.fc1.requires_grad_(False)
        pruning.prune_model(model, 0.5)
        assert not model.fc1.weight_orig.requires_grad
        assert {value.dtype for value in model.state_dict().values()} == {dtype}
        pruning.make_permanent(model)
        assert not model.fc1.weight.requires_grad
        assert model.fc2.weight.requires_grad
        assert model.fc1.weight.dtype == dtype

    def test_transposed_convolutions_are_left_alone(self, state_of):
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ConvTranspose2d(2, 1, 3))
        pruning.prune_model(model, 1.0)
        assert state_of(model)["1.weight"].all()
        with pytest.raises(ValueError, match="Transposed convolutions are not pruned"):
            pruning.prune_model(model[1], 0.5)

    def test_modes_come_back_one_by_one(self):
        model = ConvNet((2, 2)).train()
        model.blocks[0].eval()
        before = [module.training for module in model.modules()]
        pruning.weights(model)
        scores.layer_inputs(model, X)
        measure.flops(model, X)
        measure.layer_latency(model, X, seconds=1e-4)
        assert [module.training for module in model.modules()] == before


@pytest.mark.parametrize("norm", [nn.utils.weight_norm, nn.utils.spectral_norm])
@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
def test_a_weight_that_a_hook_computes_is_that_of_the_next_pass(norm):
    model = nn.Sequential(nn.Flatten(), norm(nn.Linear(784, 10)))
    model.eval()(X)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(torch.rand_like(parameter))
    seen = layers.weights(model)["1"]
    model(X)
    assert torch.equal(seen, model[1].weight)


def test_a_layer_may_be_called_all():
    model = nn.Sequential()
    model.add_module("all", nn.Linear(4, 3))
    model.add_module("last", nn.Linear(3, 2))
    table = pruning.report(model)
    assert [*table.index] == ["all", "last", "all"]
    assert [*table["weights"]] == [12, 6, 18]
