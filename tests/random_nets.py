"""Random nets: whatever people build, and what they should not.

:func:`random_net` puts a net together step by step. Each step is tried on real numbers first, so
that every net runs; nothing is said about whether surgery takes or refuses it. ``elements`` names
what is in the net, so that a test can tell whether every kind comes up.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from course_utils import layers, surgery

CONVS = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}
STARTS = {
    "flat": (6,), "tokens": (5, 6), "series": (3, 8), "picture": (3, 6, 6), "volume": (2, 4, 4, 4),
}  # fmt: skip
Step = Callable[["RandomNet", Tensor], Tensor]
# What torch says of a step, or a net, that does not fit its input.
MISFITS = (RuntimeError, ValueError, IndexError, TypeError, AttributeError, AssertionError)


class RandomNet(nn.Module):
    """Runs its steps one by one, then its heads side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.heads: list[Step] = []

    def forward(self, x: Tensor) -> object:
        for step in self.steps:
            x = step(self, x)
        answers = [head(self, x) for head in self.heads]
        return answers[0] if len(answers) == 1 else tuple(answers)


@dataclass
class Made:
    """A net in eval mode, inputs of two and (mostly) of five examples, and what is in the net."""

    net: nn.Module
    batches: tuple[Tensor, ...]
    elements: set[str] = field(default_factory=set)


class Builder:
    """A net in the making, and an input as far as it has come."""

    def __init__(self, chance: Random) -> None:
        self.chance, self.net, self.elements = chance, RandomNet(), set()
        start = chance.choice([*STARTS])
        self.elements.add(start)
        self.batches = tuple(torch.randn(n, *STARTS[start]) for n in (2, 5))
        self.x = self.batches[0]
        self.count = 0

    def add(self, layer: nn.Module) -> str:
        """Give the net a layer; return its name."""
        self.count += 1
        name = f"{type(layer).__name__.lower()}{self.count}"
        self.net.add_module(name, layer)
        return name

    def call(self, layer: nn.Module) -> Step:
        name = self.add(layer)
        return lambda net, x: net.get_submodule(name)(x)

    def conv(self, channels: int | None = None, **options: object) -> nn.Module:
        """A convolution, or a linear layer, that reads what there is."""
        chance, x = self.chance, self.x
        out = channels or chance.choice([2, 4, 4, 6])
        bias = chance.random() < 0.7
        if x.dim() not in CONVS or (x.dim() == 3 and chance.random() < 0.5):
            return nn.Linear(x.shape[-1], out, bias=bias)
        mode = chance.choice(["zeros", "zeros", "zeros", "reflect", "replicate", "circular"])
        mode = "zeros" if mode == "reflect" and x.dim() == 5 else mode
        return CONVS[x.dim()](
            x.shape[1], out, 3, padding=1, padding_mode=mode, bias=bias, **options
        )

    def try_step(self, element: str, step: Step) -> None:
        """Keep a step that runs and leaves something of reasonable size."""
        try:
            with torch.no_grad():
                y = step(self.net.eval(), self.x)
        except MISFITS:
            return  # it does not fit here
        if isinstance(y, Tensor) and y.dim() > 1 and 0 < y.numel() < 20_000:
            self.net.steps.append(step)
            self.elements.add(element)
            self.x = y

    def add_one_of(self, kinds: list[Callable[["Builder"], None]]) -> None:
        """Add a step of a kind drawn at random, and nothing where it does not fit."""
        parts, steps = [*self.net._modules], len(self.net.steps)
        self.chance.choice(kinds)(self)
        if len(self.net.steps) == steps:
            self.net._modules = {name: self.net._modules[name] for name in parts}


# Steps: each takes a builder and adds something to its net ----------------------------------------


def layer(b: Builder) -> None:
    made = b.conv()
    b.try_step(type(made).__name__, b.call(made))


def depthwise(b: Builder) -> None:
    if b.x.dim() in CONVS:
        many = b.x.shape[1]
        b.try_step("depthwise", b.call(CONVS[b.x.dim()](many, many, 3, padding=1, groups=many)))


def grouped(b: Builder) -> None:
    if b.x.dim() in CONVS and b.x.shape[1] % 2 == 0:
        b.try_step("grouped", b.call(CONVS[b.x.dim()](b.x.shape[1], 4, 1, groups=2)))


def norm(b: Builder) -> None:
    channels, last = b.x.shape[1], b.x.shape[-1]
    positions = min(max(b.x.dim() - 2, 1), 3)
    made = b.chance.choice([
        lambda: getattr(nn, f"BatchNorm{positions}d")(channels),
        lambda: getattr(nn, f"BatchNorm{positions}d")(channels),
        lambda: getattr(nn, f"BatchNorm{positions}d")(channels, affine=False),
        lambda: getattr(nn, f"InstanceNorm{positions}d")(channels, affine=True),
        lambda: getattr(nn, f"InstanceNorm{positions}d")(channels),
        lambda: nn.GroupNorm(2 if channels % 2 == 0 else 1, channels),
        lambda: nn.GroupNorm(channels, channels),
        lambda: nn.LayerNorm(last),
        lambda: nn.RMSNorm(last),
        lambda: nn.LocalResponseNorm(2),
    ])()  # fmt: skip
    for name, tensor in [*made.named_parameters(), *made.named_buffers()]:
        if tensor.is_floating_point():
            nn.init.uniform_(tensor, 0.5 if "var" in name or name == "weight" else -1, 2)
    b.try_step(type(made).__name__, b.call(made))


def activation(b: Builder) -> None:
    module = b.chance.choice([
        nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish,
        nn.Hardswish, nn.Hardtanh, nn.Tanh, nn.Softsign, nn.Softshrink, nn.Tanhshrink, nn.PReLU,
        nn.Identity, nn.Sigmoid, nn.Softplus, lambda: nn.Softmax(1), lambda: nn.Hardtanh(0.2, 1.0),
        lambda: nn.PReLU(b.x.shape[1]), lambda: nn.Threshold(0.1, 0.5),
    ])()  # fmt: skip
    b.try_step("activation module", b.call(module))


def activation_function(b: Builder) -> None:
    function = b.chance.choice([
        F.relu, F.relu, F.relu6, F.leaky_relu, F.elu, F.selu, F.celu, F.gelu, F.silu, F.mish,
        F.hardswish, F.hardtanh, F.softsign, F.softshrink, F.tanhshrink, F.hardsigmoid, torch.relu,
        torch.tanh, torch.sigmoid, torch.relu_, F.relu_, torch.abs, torch.exp,
        lambda x: x.relu(), lambda x: x.relu_(), lambda x: x.clamp(min=0), lambda x: x.tanh(),
        lambda x: x.clamp(min=0.1), lambda x: x.sigmoid(), lambda x: F.softmax(x, dim=1),
        lambda x: F.normalize(x, dim=1),
    ])  # fmt: skip
    b.try_step("activation function", lambda net, x: function(x))


def number(b: Builder) -> None:
    def plus(x: Tensor) -> Tensor:
        x = x * 1
        x += 0.5
        return x

    function = b.chance.choice([
        lambda x: x * 2, lambda x: 0.5 * x, lambda x: x / 3, lambda x: -x, lambda x: x + 1, plus,
        lambda x: 1 - x, lambda x: x * x, lambda x: x + F.relu(x), lambda x: x * x.shape[1],
        lambda x: x / x.size(-1), lambda x: x.contiguous(), lambda x: x.detach(), lambda x: x.data,
        lambda x: x.float().to(x.dtype), lambda x: x - x.mean(1, keepdim=True),
    ])  # fmt: skip
    b.try_step("arithmetic", lambda net, x: function(x))


def pool(b: Builder) -> None:
    n = b.chance.choice([1, b.x.dim() - 2, b.x.dim() - 2])
    if n not in (1, 2, 3):
        return
    kind = b.chance.choice(["MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool"])
    size = b.chance.choice([1, 2])
    if b.chance.random() < 0.5:
        b.try_step("pool module", b.call(getattr(nn, f"{kind}{n}d")(size)))
        return
    word = kind.replace("Pool", "_pool").replace("Adaptive", "adaptive_").lower()
    function = getattr(F, f"{word}{n}d")
    b.try_step("pool function", lambda net, x: function(x, size))


def mean(b: Builder) -> None:
    dims = b.chance.choice([(2, 3), (-2, -1), (2,), -1, 1, -2, (2, 3, 4), (0,), 2])
    keepdim = b.chance.random() < 0.3
    function = b.chance.choice([torch.mean, torch.amax, torch.sum])
    b.try_step("mean", lambda net, x: function(x, dims, keepdim=keepdim))


def flatten(b: Builder) -> None:
    width = b.x[0].numel()
    channels, size = b.x.shape[1], b.x.shape[-1]
    function = b.chance.choice([
        nn.Flatten(), nn.Flatten(1, 2), nn.Flatten(2), lambda x: x.flatten(1),
        lambda x: x.flatten(2),
        lambda x: torch.flatten(x, 1), lambda x: x.flatten(start_dim=1), lambda x: x.flatten(-2),
        lambda x: x.view(x.size(0), -1), lambda x: x.view(x.shape[0], -1),
        lambda x: x.reshape(len(x) if not isinstance(x, torch.fx.Proxy) else x.size(0), -1),
        lambda x: torch.reshape(x, (x.size(0), -1)), lambda x: x.view(-1, width),
        lambda x: x.view(x.size(0), width), lambda x: x.view(x.size(0), x.size(1), -1),
        lambda x: x.view(x.size(0), channels, -1), lambda x: x.view(x.size(0) * channels, -1),
        lambda x: x.view(x.size(0), -1, size), lambda x: x.flatten(0, 1),
        lambda x: x.transpose(1, 2), lambda x: x.transpose(1, -1).contiguous(),
        lambda x: x.unsqueeze(-1), lambda x: x.squeeze(-1), lambda x: x[..., 0],
        lambda x: x.view(x.size(1), -1), lambda x: x.flip(1),
        lambda x: x.reshape(x.size(0), -1, x.size(1)), lambda x: x.view(x.size(0), 2, -1),
    ])  # fmt: skip
    if isinstance(function, nn.Module):
        b.try_step("Flatten module", b.call(function))
    else:
        b.try_step("reshape", lambda net, x: function(x))


def dropout(b: Builder) -> None:
    whole = {3: nn.Dropout1d, 4: nn.Dropout2d, 5: nn.Dropout3d}.get(b.x.dim(), nn.Dropout)
    module = b.chance.choice([nn.Dropout, whole, nn.AlphaDropout])()
    b.try_step("dropout", b.chance.choice([
        b.call(module), lambda net, x: F.dropout(x, 0.5, net.training),
        lambda net, x: F.dropout(x, training=net.training),
    ]))  # fmt: skip


def pad(b: Builder) -> None:
    n = b.chance.choice([1, min(max(b.x.dim() - 2, 1), 3)])
    made = b.chance.choice([
        lambda: getattr(nn, f"ZeroPad{n}d")(1), lambda: getattr(nn, f"ConstantPad{n}d")(1, 0.5),
        lambda: getattr(nn, f"ReplicationPad{n}d")(1), lambda: getattr(nn, f"CircularPad{n}d")(1),
    ])()  # fmt: skip
    value = b.chance.choice([0.0, 0.5])
    b.try_step("pad", b.chance.choice([
        b.call(made), lambda net, x: F.pad(x, (1, 1)), lambda net, x: F.pad(x, (1, 1), value=value),
        lambda net, x: F.pad(x, (0, 0, 1, 1)),
    ]))  # fmt: skip


def upsample(b: Builder) -> None:
    b.try_step("upsample", b.chance.choice([
        b.call(nn.Upsample(scale_factor=2)), lambda net, x: F.interpolate(x, scale_factor=2),
        b.call(nn.Upsample(scale_factor=2, mode="bilinear")),
    ]))  # fmt: skip


def reused_module(b: Builder) -> None:
    """A layer that keeps the number of channels, called twice; or one ReLU called twice."""
    made = b.conv(b.x.shape[-1] if b.x.dim() not in CONVS else b.x.shape[1])
    step = b.call(b.chance.choice([made, made, nn.ReLU()]))
    b.try_step("reused", lambda net, x: step(net, F.relu(step(net, x))))


def called_again(b: Builder) -> None:
    """A layer from further up, called once more where its shape fits."""
    names = [name for name, part in b.net.named_children() if isinstance(part, nn.Module)]
    if names:
        name = b.chance.choice(names)
        b.try_step("called again", lambda net, x: net.get_submodule(name)(x))


def shared_weight(b: Builder) -> None:
    """Two layers with one weight."""
    one = b.conv(b.x.shape[-1] if b.x.dim() not in CONVS else b.x.shape[1])
    first = b.call(one)
    b.try_step("shared weight", first)
    two = b.conv(one.weight.shape[0])
    if type(two) is type(one) and two.weight.shape == one.weight.shape:
        two.weight = one.weight
        b.try_step("shared weight", b.call(two))


def residual(b: Builder) -> None:
    many = b.x.shape[-1] if b.x.dim() not in CONVS else b.x.shape[1]
    inner, outer = b.call(b.conv(many)), b.call(b.conv(many))
    if b.chance.random() < 0.3:
        b.try_step("residual from the input", lambda net, x: x + outer(net, F.relu(inner(net, x))))
        return
    b.try_step("residual", inner)
    again = b.chance.random() < 0.5
    b.try_step("residual", lambda net, x: F.relu(x + outer(net, x)) if again else x + outer(net, x))


def branches(b: Builder) -> None:
    """Two layers that read the same: put side by side, added, or multiplied."""
    many = b.chance.choice([2, 4])
    one, two = b.call(b.conv(many)), b.call(b.conv(many))
    join = b.chance.choice([
        lambda x, y: torch.cat([x, y], 1), lambda x, y: torch.cat((x, y), dim=-1),
        lambda x, y: x + y, lambda x, y: x * y, torch.maximum, lambda x, y: x * torch.sigmoid(y),
        lambda x, y: x / (1 + y * y), lambda x, y: torch.stack([x, y], 1),
    ])  # fmt: skip
    b.try_step("branches", lambda net, x: join(one(net, x), two(net, x)))


def squeeze_excite(b: Builder) -> None:
    many = b.x.shape[1]
    down, up = b.call(nn.Linear(many, 2)), b.call(nn.Linear(2, many))

    def gated(net: nn.Module, x: Tensor) -> Tensor:
        gate = torch.sigmoid(up(net, F.relu(down(net, x.mean((2, 3))))))
        return x * gate.view(x.size(0), x.size(1), 1, 1)

    b.try_step("squeeze-excite", gated)


def read_weight(b: Builder) -> None:
    """A layer's numbers read without calling it, or one's own class of layer."""
    made = b.conv()
    name = b.add(made)
    if isinstance(made, nn.Linear):
        b.try_step("weight read", lambda net, x: F.linear(x, net.get_submodule(name).weight))
    elif b.chance.random() < 0.5:
        b.try_step("weight read", lambda net, x: x * net.get_submodule(name).weight.mean())
    b.try_step("layer", lambda net, x: net.get_submodule(name)(x))


def attribute(b: Builder) -> None:
    """Forward computes with the number of a layer's channels, or branches on it."""
    name = b.add(made := b.conv())
    names = [n for n in ("out_features", "out_channels") if hasattr(made, n)]
    b.try_step("layer", lambda net, x: net.get_submodule(name)(x))
    b.try_step("attribute", b.chance.choice([
        lambda net, x: x * getattr(net.get_submodule(name), names[0]),
        lambda net, x: x.relu() if getattr(net.get_submodule(name), names[0]) > 3 else x,
        lambda net, x: x.view(x.size(0), getattr(net.get_submodule(name), names[0]), -1),
        lambda net, x: x * next(net.get_submodule(name).parameters()).detach().sum().item(),
    ]))  # fmt: skip


class Doubling(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x) + 1


class Plain(nn.Linear):
    pass


class Shifted(nn.ReLU):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + 0.5


def own_class(b: Builder) -> None:
    size = b.x.shape[-1]
    b.try_step("own class", b.call(b.chance.choice([Doubling(size, 4), Plain(size, 4), Shifted()])))


def parametrised(b: Builder) -> None:
    wrap = b.chance.choice([
        parametrizations.weight_norm, parametrizations.spectral_norm, parametrizations.orthogonal,
        torch.nn.utils.spectral_norm,
    ])  # fmt: skip
    b.try_step("parametrised", b.call(wrap(b.conv())))


def nested(b: Builder) -> None:
    """Layers in a container."""
    first = b.conv(4)
    second = type(first)(4, 4, *([1] if not isinstance(first, nn.Linear) else []))
    inner = b.chance.choice([nn.ReLU, nn.Identity, nn.Sigmoid])()
    b.try_step("container", b.call(nn.Sequential(first, inner, second)))


def mixing(b: Builder) -> None:
    """Layers that hold others inside, or mix what they are given."""
    last = b.x.shape[-1]
    made = b.chance.choice([
        lambda: nn.TransformerEncoderLayer(last, 1, 4, batch_first=True),
        lambda: nn.PixelShuffle(2),
        lambda: nn.ChannelShuffle(2), lambda: nn.GLU(1), lambda: nn.Bilinear(last, last, 3),
    ])()  # fmt: skip
    name = b.add(made)
    twice = isinstance(made, nn.Bilinear)
    b.try_step("mixing", lambda net, x: net.get_submodule(name)(*([x, x] if twice else [x])))


def stateful(b: Builder) -> None:
    """A net that does something else at its second pass, or with another batch."""
    if b.chance.random() < 0.3:

        def counting(net: RandomNet, x: Tensor) -> Tensor:
            net.passes = getattr(net, "passes", 0) + 1
            return x if net.passes % 2 else x + 1

        b.try_step("stateful", counting)
    elif b.chance.random() < 0.3:
        b.try_step("stateful", lambda net, x: x if x.sum() > 0 else 2 * x)


STEPS = [
    layer, layer, layer, layer, layer, layer, depthwise, grouped, norm, norm, norm, activation,
    activation, activation, activation_function, activation_function, number, pool, pool, mean,
    flatten, flatten, dropout, pad, upsample, reused_module, called_again, shared_weight, residual,
    residual, depthwise, branches, squeeze_excite, squeeze_excite, read_weight, attribute,
    own_class, parametrised, nested, mixing, stateful,
]  # fmt: skip
# Most people's nets: plenty of these keep the sample from being refused as a whole.
PLAIN = [
    layer, layer, layer, norm, activation, activation_function, pool, dropout, nested, pad,
    upsample, mean, flatten,
]  # fmt: skip


# What is done to a net as a whole -----------------------------------------------------------------


def _head(b: Builder) -> None:
    if b.x.dim() > 2 and b.chance.random() < 0.3:
        b.try_step("mean", lambda net, x: x.flatten(2).mean(2))
    elif b.x.dim() > 2 and b.chance.random() < 0.9:
        b.try_step("reshape", b.chance.choice([
            lambda net, x: x.flatten(1),
            lambda net, x: x.reshape(x.size(0), -1), b.call(nn.Flatten()),
        ]))  # fmt: skip
    b.net.heads = [b.call(nn.Linear(b.x.shape[-1], 3))]
    kind = b.chance.choice(["one head"] * 7 + ["two heads", "two heads, one on .data", "features"])
    b.elements.add(kind)
    if kind.startswith("two"):
        second = b.call(nn.Linear(b.x.shape[-1], 2))
        on_data = kind.endswith("data")
        b.net.heads.append(lambda net, x: second(net, x.data if on_data else x))
    elif kind == "features":
        b.net.heads.append(lambda net, x: x)


def _hook(b: Builder) -> None:
    parts = [part for _, part in b.net.named_modules()]
    part = b.chance.choice(parts)
    if b.chance.random() < 0.5:
        part.register_forward_hook(b.chance.choice([
            lambda module, given, out: out + 1 if isinstance(out, Tensor) else out,
            lambda module, given, out: None,
        ]))  # fmt: skip
    else:
        part.register_forward_pre_hook(lambda module, given: (given[0] + 0.5, *given[1:]))
    b.elements.add("hook")


def _masks(b: Builder) -> None:
    for part in b.net.modules():
        if type(part) in (nn.Linear, *CONVS.values()) and "weight" in part._parameters:
            prune.random_unstructured(part, "weight", amount=0.3)
            b.elements.add("masks on")


def _format(b: Builder) -> None:
    kind = b.chance.choice(["channels_last", "double", "bfloat16"])
    dtype = {"double": torch.float64, "bfloat16": torch.bfloat16}.get(kind, torch.float32)
    deep = any(isinstance(part, nn.Conv3d) for part in b.net.modules())
    if kind == "channels_last" and b.batches[0].dim() == 4 and not deep:
        b.net.to(memory_format=torch.channels_last)
    batches = tuple(x.to(dtype) for x in b.batches)
    try:
        with torch.no_grad():
            b.net.to(dtype)(batches[0])
    except (RuntimeError, NotImplementedError):  # some layers know no bfloat16
        b.net.float()
    else:
        b.batches = batches
        b.elements.add(kind)


def random_net(chance: Random) -> Made:
    """A net of two to seven steps and a head. Half of the nets hold only what is usual."""
    torch.manual_seed(chance.randrange(2**31))
    b = Builder(chance)
    plain = chance.random() < 0.5
    layer(b)
    for _ in range(chance.randint(1, 6)):
        b.add_one_of(PLAIN if plain else STEPS)
    _head(b)
    for change, likely in ((_masks, 0.1), (_format, 0.25), (_hook, 0.02 if plain else 0.08)):
        if chance.random() < likely:
            change(b)
    b.net.passes = 0
    batches = tuple(x for x in b.batches if _runs(b.net, x))  # some nets take only one size
    return Made(b.net.eval(), batches, b.elements) if batches else random_net(chance)


@torch.no_grad()
def _runs(net: nn.Module, x: Tensor) -> bool:
    try:
        layers.plain_copy(net).eval()(x)
    except MISFITS:
        return False
    return True


# The property -------------------------------------------------------------------------------------


def judge(made: Made, chance: Random) -> str:
    """Take filters out of a net: "equal: …" or "refused: …", or ``AssertionError``.

    The free layers lose filters together, and must not be refused; or any layers do, whether free
    or not. Half of the nets come with an example.
    """
    net = made.net
    example = made.batches[0] if chance.random() < 0.5 else None
    before = _snapshot(net)
    reasons = surgery.why_not(net, example)
    free = [name for name, why in reasons.items() if why is None]
    tied = [
        name for name, why in reasons.items() if why and "together" in why and example is not None
    ]
    assert _snapshot(net) == before, "why_not has changed the net"
    must = bool(free) and chance.random() < 0.6
    inner = [name for name, why in reasons.items() if "output layer" not in (why or "")]
    some = tied if tied and chance.random() < 0.7 else inner or [*reasons]
    names = free if must else chance.sample(some, chance.choice([1, 1, min(2, len(some))]))
    keep = {name: _some(net, name, chance) for name in names}
    refusal, small = _tried(surgery.remove_filters, net, keep, example)
    assert _snapshot(net) == before, "the net itself has changed"
    silenced = layers.plain_copy(net)
    same, _ = _tried(surgery.mask_filters, silenced, keep, example)
    if refusal:
        assert not must, f"filter_layers offers {names}, but: {refusal}"
        assert (same, _snapshot(silenced)) == (refusal, before), "refused, but masked"
        return f"refused: {refusal}"
    for name, kept in keep.items():
        weight = silenced.get_submodule(name).weight
        assert weight[~kept].count_nonzero() == 0
        assert weight[kept].equal(layers.weights(net)[name][kept])
    _same_answers(small, silenced, made.batches)
    return f"equal: {len(names)} of {len(reasons)} layers{', tied' * (not {*names} <= {*free})}"


def _tried(act: Callable, *arguments: object) -> tuple[str, nn.Module | None]:
    """What was said against it, or the result."""
    try:
        return "", act(*arguments)
    except (ValueError, TypeError) as error:
        return str(error), None


def _some(net: nn.Module, name: str, chance: Random) -> Tensor:
    kept = torch.tensor([chance.random() < 0.6 for _ in net.get_submodule(name).weight])
    kept[chance.randrange(len(kept))] = True
    return kept


def _snapshot(net: nn.Module) -> list:
    """Everything that a refusal must leave alone: numbers, modes, hooks, attributes."""
    numbers = [(name, value.tolist()) for name, value in net.state_dict().items()]
    parts = [
        (name, part.training, len(part._forward_hooks), len(part._forward_pre_hooks),
         sorted(vars(part)), [p.requires_grad for p in part.parameters(recurse=False)])
        for name, part in net.named_modules()
    ]  # fmt: skip
    return [repr(numbers), parts]


def _same_answers(small: nn.Module, silenced: nn.Module, batches: tuple[Tensor, ...]) -> None:
    """For two batch sizes, and at a second pass: within 1e-5, in double precision 1e-10.

    Of the largest answer, if that is above 1. Bfloat16 holds three digits, and sums in another
    order differ in the third: such nets run as they are, and are compared in float32, where all
    their weights are exact. A norm over a single number divides rounding by √eps, which can make
    more than 1e-5 of it in float32; then double precision, where a wrong cut is as wrong as
    before, decides.
    """
    if batches[0].dtype == torch.bfloat16:
        _furthest(small, silenced, batches)
        small, silenced = small.float(), layers.plain_copy(silenced).float()
        batches = tuple(x.float() for x in batches)
    if batches[0].dtype == torch.float32 and _furthest(small, silenced, batches) > 1e-5:
        small, silenced = small.double(), layers.plain_copy(silenced).double()
        batches = tuple(x.double() for x in batches)
    near = 1e-10 if batches[0].dtype == torch.float64 else 1e-5
    apart = _furthest(small, silenced, batches)
    assert apart <= near, f"{apart:.3g} apart"


@torch.no_grad()
def _furthest(small: nn.Module, silenced: nn.Module, batches: tuple[Tensor, ...]) -> float:
    """The largest difference of any two answers, which must have the same shapes."""
    furthest = 0.0
    for x in (*batches, *batches):
        for got, expected in zip(_tensors(small(x)), _tensors(silenced(x)), strict=True):
            assert got.shape == expected.shape
            if got.numel() and not expected.isnan().any():
                scale = max(1.0, expected.abs().max().item())
                apart = (got - expected).abs().max().item() / scale
                furthest = max(furthest, float("inf") if apart != apart else apart)
    return furthest


def _tensors(answers: object) -> tuple[Tensor, ...]:
    return answers if isinstance(answers, tuple) else (answers,)
