"""Where the channels of each layer go: the data flow of a net, read from its ``forward``.

Lesson 03. A filter may only be taken out if every place is known where its channel arrives, and if
a silent channel (all zeros) stays silent until it is read. ``torch.fx`` calls ``forward`` once with
stand-ins instead of numbers and records what happens to them. :func:`read` then walks along that
record and says for each tensor where the channels lie in it (:class:`Place`). What it does not
know, it does not guess: the layer gets a reason why its filters must stay.

The first dimension of the net's input counts the examples. Everything else about its shape is only
known with an example input.
"""

import inspect
import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize, prune

from course_utils.layers import PRUNABLE, make_permanent, masked_parameters, plain_copy, prunable

# How many dimensions of positions follow the channels.
POSITIONS = {nn.Linear: 0, nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3}
BATCHNORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
INSTANCENORMS = {nn.InstanceNorm1d: 1, nn.InstanceNorm2d: 2, nn.InstanceNorm3d: 3}
NORMS = (*BATCHNORMS, *INSTANCENORMS)  # they hold numbers for each channel
# One number in, one number out. Whether f(0) = 0 is not looked up: the function is tried on a zero.
ACTIVATIONS = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.RReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU,
    nn.Mish, nn.Hardswish, nn.Hardtanh, nn.Tanh, nn.Softsign, nn.Softshrink, nn.Hardshrink,
    nn.Tanhshrink, nn.Threshold, nn.Sigmoid, nn.Hardsigmoid, nn.LogSigmoid, nn.Softplus,
)  # fmt: skip
FUNCTIONS = {
    "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "hardswish",
    "hardtanh", "tanh", "softsign", "softshrink", "hardshrink", "tanhshrink", "threshold",
    "_threshold", "sigmoid", "hardsigmoid", "logsigmoid", "softplus", "exp", "cos", "sin", "sqrt",
    "square", "abs", "neg", "pos", "sign", "erf", "expm1", "log1p", "clamp", "clamp_min",
    "clamp_max", "clip",
}  # fmt: skip
# The same for two: a channel and a number, or the channels of two layers.
OPERATORS = {
    "add": "added to", "iadd": "added to", "sub": "subtracted from", "isub": "subtracted from",
    "mul": "multiplied with", "imul": "multiplied with", "truediv": "divided by",
    "itruediv": "divided by", "div": "divided by", "pow": "raised to", "ipow": "raised to",
    "maximum": "compared with", "minimum": "compared with",
}  # fmt: skip
JOINS = {"cat", "concat", "concatenate", "stack"}
DROPOUTS = (
    nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout,
)  # fmt: skip
DROPOUT_FUNCTIONS = {
    "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
    "rrelu",
}  # fmt: skip
UNCHANGED = {
    "contiguous", "detach", "clone", "float", "double", "to", "cpu", "cuda",
}  # fmt: skip
PRECISE = (torch.float32, torch.float64)  # with fewer digits, nearly equal numbers come apart
POOLS = {
    getattr(nn, f"{kind}{n}d"): n
    for kind in ("MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool")
    for n in (1, 2, 3)
}
POOL_FUNCTIONS = {
    f"{kind}_pool{n}d": n
    for kind in ("max", "avg", "adaptive_max", "adaptive_avg")
    for n in (1, 2, 3)
}
ZERO_PADS = (
    nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d, nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d,
)  # fmt: skip
OTHER_PADS = (
    nn.ReflectionPad1d, nn.ReflectionPad2d, nn.ReflectionPad3d, nn.ReplicationPad1d,
    nn.ReplicationPad2d, nn.ReplicationPad3d, nn.CircularPad1d, nn.CircularPad2d, nn.CircularPad3d,
)  # fmt: skip
UPSAMPLES = (nn.Upsample, nn.UpsamplingNearest2d, nn.UpsamplingBilinear2d)
REDUCTIONS = {"mean", "sum", "amax", "amin"}
# They compute across channels, and leave the shape as it is.
ACROSS = (
    nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.LocalResponseNorm, nn.Softmax, nn.LogSoftmax,
    nn.Softmax2d,
)  # fmt: skip
FACTS = {"dtype", "device", "ndim", "is_cuda", "requires_grad", "dim", "ndimension"}

NEEDS_EXAMPLE = "pass example=, a batch such as the net gets"


# What is found ------------------------------------------------------------------------------------


@dataclass
class Link:
    """What hangs on the channels of one layer.

    ``followers``: the norms (and PReLUs) that hold numbers for them, and ``readers``: the layers
    that read them, each by name with (inner, outer) of the :class:`Place` there. ``tied``: why they
    can go only together with those of other layers; ``problem``: why they cannot go at all; None
    where that is not so.
    """

    followers: dict[str, tuple[int, int]] = field(default_factory=dict)
    readers: dict[str, tuple[int, int]] = field(default_factory=dict)
    tied: str | None = None
    problem: str | None = None

    def refuse(self, reason: str) -> None:
        self.problem = self.problem or reason  # the first is nearest to the layer


@dataclass
class Reading:
    """A net's links, by layer, in the order of the data flow.

    ``unfit``: what is wrong with a module that would be cut, by name, or None. ``record``: the
    steps of ``forward`` with all their constants, to compare with those of a smaller net.
    """

    links: dict[str, Link]
    unfit: dict[str, str | None] = field(default_factory=dict)
    record: list = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where the channels of ``layers``, ``count`` each, lie in a tensor.

    ``axis`` counts from the end: -1 behind a linear layer, -3 behind a Conv2d. Along it each
    channel owns ``inner`` numbers side by side, and the row of channels comes ``outer`` times:
    flattened pictures have ``inner`` = height · width, flattened tokens ``outer`` = tokens. None:
    not known yet.
    """

    layers: frozenset[str]
    count: int
    axis: int
    inner: int | None = 1
    outer: int | None = 1

    def along(self, size: int) -> "Place | None":
        """The same where ``axis`` is ``size`` long, which settles one unknown; None if it can't."""
        known = self.count * (self.inner or 1) * (self.outer or 1)
        if size % known or (self.inner is None and self.outer is None):
            return None
        settled = replace(
            self, inner=self.inner or size // known, outer=self.outer or size // known
        )
        return settled if settled.count * settled.inner * settled.outer == size else None


@dataclass(frozen=True)
class Flow:
    """What is known of a tensor. ``batch``: the node whose first dimension is also its own."""

    rank: int | None = None
    batch: fx.Node | None = None
    place: Place | None = None


@dataclass(frozen=True)
class Shape:
    """The shape of a tensor."""

    flow: Flow


@dataclass(frozen=True)
class Size:
    """A number taken from a shape; ``of`` is "batch", "channels" or "positions"."""

    of: str
    flow: Flow


class Stop(Exception):
    """The channels cannot be followed any further. ``tied``: by this walk, that is."""

    def __init__(self, reason: str, tied: bool = False, left: Flow | None = None) -> None:
        super().__init__(reason)
        self.reason, self.tied, self.left = reason, tied, left or Flow()


# Reading ------------------------------------------------------------------------------------------


def read(model: nn.Module, example: Tensor | tuple | None = None) -> Reading:
    """For each linear and conv layer of ``model``, what hangs on its channels. Changes nothing.

    ``example``: an input, or a tuple of them; with it all shapes are known. Raises ``ValueError``
    for a model without such a layer, and for one that cannot run on ``example``.
    """
    names = [*prunable(model)]
    reason = _closed_to_reading(model)
    if reason is None:
        try:
            copy, looks, reason = _looked_at(model, example)
        except Exception as error:  # a net may do anything: branch on data, hold what has no copy
            reason = (
                f"the data flow of {type(model).__name__} cannot be read: {first_line(error)}. Use "
                "a net without branches that depend on the data"
            )
    if reason is not None:
        return Reading({name: Link(problem=reason) for name in names})
    return _walked(copy, looks, names, example)


def _looked_at(
    model: nn.Module, example: Tensor | tuple | None
) -> tuple[nn.Module, list["_Look"], str | None]:
    """A copy without masks, a look in each mode, and what is wrong with the looks or None."""
    copy = make_permanent(plain_copy(model))
    looks = [_Look(copy, False, example), _Look(copy, True, example)]
    first, second = (look.record() for look in looks)
    if first == second:
        looks = looks[:1]
    elif first != _Look(copy, False, example).record():
        return copy, looks, f"{type(model).__name__} does something else at its second pass"
    if masked_parameters(model) and first != _Look(plain_copy(model), False, example).record():
        return copy, looks, (
            "forward reads numbers that have a mask on without calling their layer; "
            "make_permanent the net first"
        )  # fmt: skip
    return copy, looks, None


def _walked(
    copy: nn.Module, looks: list["_Look"], names: list[str], example: Tensor | tuple | None
) -> Reading:
    called = [node.target for node in looks[0].graph.nodes if node.op == "call_module"]
    links = {name: Link() for name in sorted(names, key=lambda name: _rank_of(name, called))}
    modules = dict(copy.named_modules())
    unfit, record = {}, []
    for look in looks:
        shapes = {} if example is None else look.shapes(example)
        walk = _Walk(look, modules, links, shapes)
        walk.run()
        unfit |= {name: why for name, why in walk.unfit.items() if not unfit.get(name)}
        record.append(look.record(walk.reshaped))
    for name, link in links.items():
        kind = type(modules[name])
        if kind not in PRUNABLE:
            parent = "its weight is parametrised" if parametrize.is_parametrized(
                modules[name]
            ) else "what its own forward does with the weight is not known"  # fmt: skip
            link.refuse(f"it is a {kind.__name__}, and {parent}; use a plain layer")
        elif name not in called:
            link.refuse("forward never calls it: it is not used, or read inside another module")
        elif link.tied is None and not link.readers:
            link.refuse("no layer reads its output")
    return Reading(links, unfit, record)


def _rank_of(name: str, called: list[str]) -> int:
    return called.index(name) if name in called else len(called)


def _closed_to_reading(model: nn.Module) -> str | None:
    """What a net may hold beside its ``forward`` that changes what it computes."""
    for name, module in model.named_modules():
        where = f"{name!r}" if name else type(module).__name__
        hooks = (*module._forward_hooks.values(), *module._forward_pre_hooks.values())
        if any(not isinstance(hook, prune.BasePruningMethod) for hook in hooks):
            return f"a forward hook hangs on {where} and may change what flows; remove it first"
        patched = type(module).__call__ is not nn.Module.__call__
        if "forward" in vars(module) or (patched and not isinstance(module, fx.GraphModule)):
            return f"the forward of {where} has been replaced; put it into a class of its own"
        if any(is_lazy(parameter) for parameter in module.parameters(recurse=False)):
            return f"{where} has no weights yet; run one batch through the net first"
    holders = [id(p) for m in model.modules() for p in m.parameters(recurse=False)]
    for module, held in masked_parameters(model):
        if holders.count(id(getattr(module, f"{held}_orig"))) > 1:
            return f"a {held} with a mask on is shared by two layers; make_permanent the net first"
    return None


class _Tracer(fx.Tracer):
    proxy_buffer_attributes = True  # a buffer that forward reads shows up in the record, too


class _Look:
    """One pass of stand-ins through a net in train or in eval mode."""

    def __init__(self, copy: nn.Module, training: bool, example: Tensor | tuple | None) -> None:
        self.copy, self.training = copy, training
        self.graph = _Tracer().trace(copy.train(training), _optional(copy, example))
        # fx leaves tensors that it met as attributes of the net; the next look must not see them.
        self.constants = {
            name: vars(copy).pop(name) for name in [*vars(copy)] if name.startswith("_tensor_const")
        }

    def shapes(self, example: Tensor | tuple) -> dict[fx.Node, torch.Size]:
        """The shape of each tensor when the net is given ``example``."""
        recorder = _ShapeRecorder(self.copy.eval(), graph=self.graph)
        vars(self.copy).update(self.constants)
        try:
            with torch.no_grad():
                recorder.run(*(x.clone() if isinstance(x, Tensor) else x for x in inputs(example)))
        except Exception as error:
            name = type(self.copy).__name__
            raise ValueError(
                f"{name} cannot run on the example that you passed: {first_line(error)}"
            ) from error
        finally:
            for name in self.constants:
                del vars(self.copy)[name]
        return recorder.shapes

    def record(self, reshaped: Collection[str] = ()) -> list[tuple]:
        """Each step with its constants; without the sizes that ``reshaped`` steps write down."""
        steps = []
        for node in self.graph.nodes:
            arguments = fx.node.map_arg((node.args, node.kwargs), lambda given: given.name)
            if node.name in reshaped:
                arguments = ()
            constant = self.constants.get(str(node.target))
            value = None if constant is None else constant.tolist()
            steps.append((node.op, node.target, repr(arguments), repr(value)))
        return steps


def _optional(model: nn.Module, example: Tensor | tuple | None) -> dict[str, object]:
    """What ``forward`` gets without being given it: a stand-in for None would not be None."""
    given = 0 if example is None else len(inputs(example))
    parameters = [*inspect.signature(model.forward).parameters.values()]
    return {p.name: p.default for p in parameters[given:] if p.default is not p.empty}


class _ShapeRecorder(fx.Interpreter):
    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.shapes = {}

    def run_node(self, node: fx.Node) -> object:
        result = super().run_node(node)
        if isinstance(result, Tensor):
            self.shapes[node] = result.shape
        return result


def inputs(example: Tensor | tuple) -> tuple:
    """What the net is called with."""
    return example if isinstance(example, tuple) else (example,)


# Walking along the record -------------------------------------------------------------------------


class _Walk:
    """Follow all channels through one look, step by step, and write down what hangs on them."""

    def __init__(
        self,
        look: _Look,
        modules: Mapping[str, nn.Module],
        links: dict[str, Link],
        shapes: Mapping[fx.Node, torch.Size],
    ) -> None:
        self.look, self.modules, self.links, self.shapes = look, modules, links, shapes
        self.values: dict[fx.Node, object] = {}
        self.reshaped: set[str] = set()
        self.unfit = _unfit(look.graph, modules)

    def run(self) -> None:
        for node in self.look.graph.nodes:
            try:
                value = self._step(node)
            except Stop as stop:
                self._blame(node.all_input_nodes, stop)
                value = stop.left
            except (AttributeError, IndexError, KeyError, TypeError):  # arguments of an odd kind
                self._blame(node.all_input_nodes, Stop(_not_listed(_what(node))))
                value = Flow()
            if node in self.shapes:
                value = replace(value if isinstance(value, Flow) else Flow(),
                                rank=len(self.shapes[node]))  # fmt: skip
            self.values[node] = value

    def _blame(self, nodes: list[fx.Node], stop: Stop) -> None:
        for name in {layer for node in nodes for layer in self._carried(node)}:
            link = self.links[name]
            if stop.tied:
                link.tied = link.tied or stop.reason
            else:
                link.refuse(stop.reason)

    def _carried(self, node: fx.Node) -> frozenset[str]:
        """The layers whose channels, or the number of them, this step hands on."""
        value = self.values.get(node)
        if isinstance(value, Size) and value.of != "channels":
            return frozenset()
        flow = value.flow if isinstance(value, Shape | Size) else value
        place = flow.place if isinstance(flow, Flow) else None
        return place.layers if place else frozenset()

    def _flow(self, node: object) -> Flow:
        value = self.values.get(node) if isinstance(node, fx.Node) else None
        return value if isinstance(value, Flow) else Flow()

    def _step(self, node: fx.Node) -> object:
        if node.op == "placeholder":
            return Flow(batch=node)
        if node.op == "output":
            return self._answer(node)
        if node.op == "get_attr":
            return Flow()
        given = node.args[0] if node.args else node.kwargs.get("input")
        if node.op == "call_module":
            return self._module(node, self.modules[node.target], given)
        return self._function(node, _name(node), given)

    def _answer(self, node: fx.Node) -> None:
        for value in node.all_input_nodes:
            carried = self._carried(value)
            for name in carried:
                rows = self.modules[name].weight.shape[0]
                self.links[name].refuse(
                    f"it is an output layer: its {rows} filters or rows are the answers of the net"
                    if len(carried) == 1
                    else "its channels are answers of the net"
                )

    # Modules

    def _module(self, node: fx.Node, module: nn.Module, given: object) -> Flow:
        flow, kind, what = self._flow(given), type(module), _what(node, module)
        if node.all_input_nodes != [given]:
            raise Stop(f"{what} is called with something else beside its channels")
        if kind in PRUNABLE:
            return self._layer(node.target, module, given)
        if kind in NORMS or (kind is nn.PReLU and module.num_parameters > 1):
            return self._follower(node.target, module, flow)
        if kind in DROPOUTS or kind is nn.Identity:
            return flow
        if kind in ACTIVATIONS:
            return self._elementwise(flow, what, lambda: module(_zero(module)))
        if kind in POOLS:
            if getattr(module, "return_indices", False):
                raise Stop(f"{what} returns positions as well")
            return _pooled(flow, POOLS[kind], what)
        if kind in ZERO_PADS:
            return _padded(flow, module.padding, module.value, what)
        if kind in OTHER_PADS:
            return _padded(flow, module.padding, 0, what)
        if kind in UPSAMPLES:
            return _in_second_dimension(flow, what)
        if kind is nn.Flatten:
            return self._flatten(node, flow, module.start_dim, module.end_dim)
        if kind in ACROSS:
            reason = f"{what} computes across channels or positions, so none of them can be missing"
            raise Stop(reason, left=replace(flow, place=None))
        if kind is nn.Embedding:
            return Flow(batch=flow.batch)
        raise Stop(_not_listed(what))

    def _layer(self, name: str, layer: nn.Module, given: fx.Node) -> Flow:
        """The channels end here, and those of this layer begin."""
        flow, positions = self._flow(given), POSITIONS[type(layer)]
        own = Place(frozenset({name}), layer.weight.shape[0], -1 - positions)
        if self.unfit[name]:
            self.links[name].refuse(f"it {self.unfit[name]}")
        try:
            if getattr(layer, "groups", 1) > 1:
                own = self._grouped(name, layer, flow, own)
            elif flow.place is not None:
                self._touch("readers", name, layer.weight.shape[1], flow.place, own.axis)
        except Stop as stop:
            self._blame([given], stop)
        rank = flow.rank
        if rank is None and positions and flow.batch is not None:
            rank = positions + 2  # (batch, channels, positions …)
        return Flow(rank, flow.batch, own)

    def _grouped(self, name: str, layer: nn.Module, flow: Flow, own: Place) -> Place:
        filters, place = layer.weight.shape[0], flow.place
        if not layer.groups == filters == layer.in_channels:
            self.links[name].refuse(
                "it is a grouped convolution, whose filters belong to certain inputs"
            )
            raise Stop(f"the grouped convolution {name!r} reads its channels")
        link = self.links[name]
        if place is None or place.axis != own.axis or place.along(filters) is None:
            link.refuse(
                "it is a depthwise (grouped) convolution, and its channels are not those of a "
                "layer before it"
            )
            raise Stop(f"the depthwise (grouped) convolution {name!r} works on something else")
        link.tied = link.tied or (
            "it is a depthwise (grouped) convolution: each filter belongs to a channel of the "
            "layer before"
        )
        for layer_name in place.layers:
            self.links[layer_name].tied = self.links[layer_name].tied or (
                f"the depthwise (grouped) convolution {name!r} has a filter for each channel"
            )
        return replace(own, layers=own.layers | place.layers)

    def _follower(self, name: str, module: nn.Module, flow: Flow) -> Flow:
        """A norm, or a PReLU with a slope for each channel."""
        if flow.place is None:
            return flow
        kind = type(module)
        if kind in INSTANCENORMS:
            axis, silent = -1 - INSTANCENORMS[kind], module.running_mean is None
        else:
            axis, silent = 1, kind is nn.PReLU
        if kind in NORMS and module.weight is None and not silent:
            word = "BatchNorm" if kind in BATCHNORMS else "InstanceNorm"
            raise Stop(f"the {word} {name!r} has no scale and shift to silence a channel with")
        if axis == 1:
            _in_second_dimension(flow, f"{kind.__name__} {name!r}")
            axis = flow.place.axis
        size = module.num_parameters if kind is nn.PReLU else module.num_features
        return replace(flow, place=self._touch("followers", name, size, flow.place, axis))

    def _touch(self, side: str, name: str, size: int, place: Place, axis: int) -> Place:
        """Note that ``name`` holds ``size`` numbers along ``axis`` for what lies in ``place``."""
        if self.unfit[name]:
            raise Stop(f"{name!r}, which works on its channels, {self.unfit[name]}")
        if place.axis != axis:
            raise Stop(
                f"{type(self.modules[name]).__name__} {name!r} works along dimension {axis}, and "
                f"the channels lie in dimension {place.axis}"
            )
        settled = place.along(size)
        if settled is None:
            raise Stop(
                f"{name!r} holds {size} numbers for {place.count} channels, and which belong to "
                "which is not known"
            )
        for layer in settled.layers:
            numbers = (settled.inner, settled.outer)
            if getattr(self.links[layer], side).setdefault(name, numbers) != numbers:
                raise Stop(f"{name!r} reads its channels in train mode in another way")
        return settled

    def _what(self, node: fx.Node) -> str:
        return _what(node, self.modules[node.target] if node.op == "call_module" else None)

    # Functions and methods

    def _function(self, node: fx.Node, name: str | None, given: object) -> object:
        flow, what, bare = self._flow(given), _what(node), (name or "").removesuffix("_")
        numbers = [n for n in node.all_input_nodes if isinstance(self.values.get(n), Shape | Size)]
        if any(map(self._carried, numbers)) and name not in ("getitem", "view", "reshape"):
            raise Stop("forward computes with the number of its channels", left=self._beside(node))
        if numbers == node.all_input_nodes != [] and name != "getitem":
            return Size("positions", Flow())
        if name == "getattr" or name in ("size", *FACTS):
            return self._asked(node, name, given)
        if name == "getitem" and isinstance(self.values.get(given), Shape):
            return self._size(self.values[given].flow, node.args[1])
        if name in JOINS:
            raise Stop("its channels are put side by side with those of others", tied=True,
                       left=self._beside(node))  # fmt: skip
        if bare in OPERATORS:
            return self._combined(node, bare)
        if name in ("view", "reshape") and flow.place is None:
            self._shaped_by_others(node)
        self._nothing_beside(node, given, what, allow_tensors=name in UNCHANGED)
        if name in UNCHANGED:
            if any(isinstance(a, torch.dtype) and a not in PRECISE for a in _given(node)):
                raise Stop(f"{what} rounds its channels")
            return flow
        if bare in FUNCTIONS:
            return self._elementwise(flow, what, lambda: self._at_zero(node))
        if name in DROPOUT_FUNCTIONS and node.target is getattr(F, name):
            if node.kwargs.get("training") and not self.look.training:
                raise Stop(f"{what} draws at random even in eval mode; pass training=self.training")
            return flow
        if name in POOL_FUNCTIONS:
            return _pooled(flow, POOL_FUNCTIONS[name], what)
        if name == "pad":
            pad, mode, value = _arguments(node, ("pad", ()), ("mode", "constant"), ("value", 0))
            return _padded(flow, pad, (value or 0) if mode == "constant" else 0, what)
        if name == "interpolate":
            return _in_second_dimension(flow, what)
        if name == "flatten":
            start, end = _arguments(node, ("start_dim", 0), ("end_dim", -1))
            return self._flatten(node, flow, start, end)
        if name in ("view", "reshape"):
            return self._view(node, given)
        if name in REDUCTIONS:
            return self._reduced(node, flow, what)
        if name in ("unsqueeze", "squeeze", "permute", "transpose") and flow.place is None:
            dims = _given(node)
            stays = dims and (dims[0] == 0 if name == "permute" else 0 not in dims)
            return Flow(batch=flow.batch if stays else None)
        raise Stop(_not_listed(what))

    def _asked(self, node: fx.Node, name: str, given: object) -> object:
        """x.size(0), x.shape, x.dtype, x.data …"""
        flow = self._flow(given)
        asked = node.args[1] if name == "getattr" else name
        if asked == "data":
            return flow
        if asked in FACTS:
            return Size("positions", Flow())
        if asked not in ("size", "shape"):
            raise Stop(_not_listed(f".{asked}"))
        (dim,) = _arguments(node, ("dim", None)) if asked == "size" else (None,)
        return Shape(flow) if dim is None else self._size(flow, dim)

    def _size(self, flow: Flow, dim: object) -> Size:
        if not isinstance(dim, int):
            raise Stop("forward computes with the shape of its channels")
        if flow.rank is not None and dim >= 0:
            dim -= flow.rank
        if (dim == 0 or (flow.rank is not None and dim == -flow.rank)) and flow.batch is not None:
            at = flow.place.axis if flow.place else 0
            if flow.rank is None or at != -flow.rank:
                return Size("batch", flow)
        if flow.place is None:
            return Size("positions", flow)
        if dim >= 0:
            raise Stop(f"forward asks for the size of a dimension, and whether it is that of the "
                       f"channels is not known: {NEEDS_EXAMPLE}")  # fmt: skip
        return Size("channels" if dim == flow.place.axis else "positions", flow)

    def _nothing_beside(self, node: fx.Node, given: object, what: str, allow_tensors: bool) -> None:
        for other in node.all_input_nodes:
            size = self.values.get(other)
            reshapes = _name(node) in ("view", "reshape")
            harmless = isinstance(size, Size) and (size.of != "channels" or reshapes)
            harmless = harmless or (allow_tensors and not self._carried(other))
            if other is not given and not harmless:
                raise Stop(f"{what} takes something else beside its channels")

    def _shaped_by_others(self, node: fx.Node) -> None:
        """A gate of squeeze-and-excitation: view(batch, x.size(1), 1, 1) of something else."""
        for given in node.all_input_nodes:
            if isinstance(self.values.get(given), Shape | Size) and self._carried(given):
                raise Stop("forward shapes another tensor by the number of its channels", tied=True)

    def _elementwise(self, flow: Flow, what: str, at_zero: Callable[[], Tensor]) -> Flow:
        if flow.place is None:
            return flow
        try:
            with torch.no_grad():
                value = at_zero().double().flatten()[0].item()
        except Exception:
            raise Stop(_not_listed(what)) from None
        if value != 0:  # NaN, too
            raise Stop(
                f"{what} turns a silent channel into a constant, {value:.3g}; use one with "
                "f(0) = 0, such as ReLU",
                left=replace(flow, place=None),
            )
        return flow

    def _at_zero(self, node: fx.Node) -> Tensor:
        """What this step makes of silent channels. A size is some number, 3."""
        zeros = {
            given: torch.tensor(3.0) if isinstance(self.values[given], Size) else torch.zeros(1)
            for given in node.all_input_nodes
        }
        args, kwargs = fx.node.map_arg((node.args, dict(node.kwargs)), zeros.__getitem__)
        if node.op == "call_method":
            return getattr(args[0], node.target)(*args[1:], **kwargs)
        return node.target(*args, **kwargs)

    def _beside(self, node: fx.Node) -> Flow:
        tensors = [n for n in node.all_input_nodes if not isinstance(self.values.get(n), Size)]
        flows = [self._flow(given) for given in tensors]
        ranks = [flow.rank for flow in flows]
        batch = next((flow.batch for flow in flows if flow.batch is not None), None)
        known = bool(flows) and None not in ranks and _name(node) != "stack"
        return Flow(max(ranks) if known else None, batch)

    def _combined(self, node: fx.Node, name: str) -> Flow:
        """Channels and a number; or the channels of several layers, one by one."""
        what, word = _what(node), OPERATORS[name]
        tensors = [n for n in node.all_input_nodes if not isinstance(self.values.get(n), Size)]
        carrying = [n for n in tensors if self._carried(n)]
        left = self._beside(node)
        if not carrying:
            return left
        places = [self._flow(given).place for given in carrying]
        layers = frozenset().union(*(place.layers for place in places))
        alone = len(layers) == 1
        others = [given for given in tensors if given not in carrying]
        same = len({replace(place, layers=layers) for place in places}) == 1
        if any(given.op in ("placeholder", "get_attr") for given in others):
            raise Stop(
                f"its channels are {word} numbers that are not the channels of a layer, and "
                "those stay as they are", left=left,
            )  # fmt: skip
        unknown = places[0].inner is None or places[0].outer is None
        if others or not same or (unknown and len(places) > 1):
            reason = f"its channels are {word} a tensor that is not the channels of one layer"
            raise Stop(reason, tied=True, left=left)
        flow = self._elementwise(
            replace(left, place=replace(places[0], layers=layers)), what,
            lambda: self._at_zero(node),
        )  # fmt: skip
        for given, place in zip(carrying, places, strict=True):
            rest = ", ".join(map(repr, sorted(layers - place.layers)))
            if not alone and rest:
                reason = f"its channels are {word} those of {rest}, so all must lose the same ones"
                self._blame([given], Stop(reason, tied=True))
        return flow

    def _flatten(self, node: fx.Node, flow: Flow, start: int, end: int) -> Flow:
        """Dimensions ``start`` to ``end`` become one."""
        place, rank, what = flow.place, flow.rank, self._what(node)
        if rank is None and (start, end) == (1, -1):
            if place is None:
                return Flow(2 if flow.batch is not None else None, flow.batch)
            if place.axis == -1 and flow.batch is not None:  # (batch, …, channels)
                return Flow(2, flow.batch, replace(place, outer=None))
        if rank is None:
            raise Stop(f"which dimensions {what} merges is not known: {NEEDS_EXAMPLE}")
        first, last = (dim - rank if dim >= 0 else dim for dim in (start, end))
        merged = Flow(rank - (last - first), flow.batch)
        if first == -rank and first != last:
            raise Stop(f"{what} merges the examples of a batch")
        if place is None:
            return merged
        if not first <= place.axis <= last:
            shift = last - first if place.axis < first else 0
            return replace(merged, place=replace(place, axis=place.axis + shift))
        shape = self.shapes.get(node.all_input_nodes[0])
        inner = _times(place.inner, shape, place.axis + 1, last)
        outer = _times(place.outer, shape, first, place.axis - 1)
        return replace(merged, place=replace(place, axis=last, inner=inner, outer=outer))

    def _view(self, node: fx.Node, given: fx.Node) -> Flow:
        """view(batch, -1) merges all but the examples, view(batch, channels, …) the positions."""
        flow, what = self._flow(given), _what(node)
        sizes = node.args[1:] or (node.kwargs.get("shape", node.kwargs.get("size")),)
        if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
            sizes = tuple(sizes[0])
        first = self.values.get(sizes[0], sizes[0]) if sizes else None
        batch = isinstance(first, Size) and first.of == "batch" and first.flow.batch is flow.batch
        if flow.place is None:
            lines = batch or first == -1
            return Flow(len(sizes), flow.batch if batch else node if lines else None)
        unproved = Stop(
            f"whether {what} keeps examples and channels apart is not known; write flatten(1), or "
            "pass example="
        )
        if len(sizes) < 2 or any(self._carried(size) for size in (sizes[0], *sizes[2:])):
            raise unproved
        before, after = self.shapes.get(given), self.shapes.get(node)
        if not batch and not (first == -1 and after is not None and before[0] == after[0]):
            raise unproved
        self.reshaped.add(node.name)
        if len(sizes) == 2:
            return self._merged(node, flow, sizes[1])
        _in_second_dimension(flow, what)
        second = self.values.get(sizes[1], sizes[1]) if isinstance(sizes[1], fx.Node) else sizes[1]
        count = flow.place.count
        stays = isinstance(second, Size) and second.flow.place is not None
        stays = stays and replace(second.flow.place, axis=flow.place.axis) == flow.place
        stays = stays and None not in (flow.place.inner, flow.place.outer)
        stays = stays or (second == count and flow.place.inner == flow.place.outer == 1)
        stays = stays or (second == -1 and after is not None and after[1] == before[1] == count)
        if not stays:
            raise unproved
        return Flow(len(sizes), flow.batch, replace(flow.place, axis=1 - len(sizes)))

    def _merged(self, node: fx.Node, flow: Flow, size: object) -> Flow:
        if flow.rank is not None and flow.place.axis == -flow.rank:
            raise Stop(f"{_what(node)} takes the channels for examples")
        flat = self._flatten(node, flow, 1, -1)
        if size == -1:
            return flat
        settled = flat.place.along(size) if isinstance(size, int) else None
        if settled is None:
            raise Stop(f"{_what(node)} makes rows of a size that its channels do not explain; "
                       "write flatten(1)")  # fmt: skip
        return replace(flat, place=settled)

    def _reduced(self, node: fx.Node, flow: Flow, what: str) -> Flow:
        """The mean (sum, …) over positions."""
        dims, keepdim = _arguments(node, ("dim", node.kwargs.get("axis")), ("keepdim", False))
        dims = (dims,) if isinstance(dims, int) else tuple(dims or ())
        if not dims or not all(isinstance(dim, int) for dim in dims):
            raise Stop(f"{what} computes across the channels")
        if flow.rank is None and any(dim >= 0 for dim in dims):
            raise Stop(f"over which dimension {what} goes is not known: {NEEDS_EXAMPLE}")
        dims = [dim - flow.rank if dim >= 0 else dim for dim in dims]
        if flow.place is not None and flow.place.axis in dims:
            raise Stop(f"{what} computes across the channels")
        if keepdim:
            return flow
        rank = None if flow.rank is None else flow.rank - len(dims)
        batch = None if flow.rank is not None and -flow.rank in dims else flow.batch
        if flow.place is None:
            return Flow(rank, batch)
        gone = sum(dim > flow.place.axis for dim in dims)
        return Flow(rank, batch, replace(flow.place, axis=flow.place.axis + gone))


# Steps that look only at dimensions ---------------------------------------------------------------


def _pooled(flow: Flow, positions: int, what: str) -> Flow:
    if flow.place is not None and flow.place.axis != -1 - positions:
        raise Stop(f"{what} pools along dimensions in which its channels lie")
    return flow


def _padded(flow: Flow, padding: object, value: float, what: str) -> Flow:
    if flow.place is None:
        return flow
    if not isinstance(padding, tuple | list) or len(padding) // 2 >= -flow.place.axis:
        raise Stop(f"{what} pads the channels themselves")
    if value != 0:
        raise Stop(f"{what} turns a silent channel into a constant at its edges, {value:.3g}; "
                   "pad with zeros")  # fmt: skip
    return flow


def _in_second_dimension(flow: Flow, what: str) -> Flow:
    """``what`` takes the second dimension for the channels: is it?"""
    if flow.place is None:
        return flow
    if flow.rank is None:
        raise Stop(f"whether {what} takes the channels or the tokens for channels is not known; "
                   f"{NEEDS_EXAMPLE}")  # fmt: skip
    if flow.rank + flow.place.axis != 1:
        raise Stop(
            f"{what} takes dimension 1 for the channels, and they lie in dimension "
            f"{flow.rank + flow.place.axis}"
        )
    return flow


def _times(known: int | None, shape: torch.Size | None, first: int, last: int) -> int | None:
    """``known`` times the sizes of the dimensions ``first`` to ``last``, counted from the end."""
    if first > last:
        return known
    if known is None or shape is None:
        return None
    return known * prod(shape[dim] for dim in range(first, last + 1))


# Words and small questions ------------------------------------------------------------------------


def _unfit(graph: fx.Graph, modules: Mapping[str, nn.Module]) -> dict[str, str | None]:
    """For each module that might be cut: why it must not be, as the end of a sentence."""
    calls = [node.target for node in graph.nodes if node.op == "call_module"]
    # To ask for a dtype or a device reads no number.
    reads = {
        node.target.rpartition(".")[0]
        for node in graph.nodes
        if node.op == "get_attr" and not all(_asks_for_a_fact(user) for user in node.users)
    }
    owners: dict[int, list[str]] = {}
    for name, module in modules.items():
        for parameter in module.parameters(recurse=False):
            owners.setdefault(id(parameter), []).append(name)
    inside = {
        part: name
        for name in set(calls)
        for part in modules[name].modules()
        if part is not modules[name]
    }
    found = {}
    for name, module in modules.items():
        if not isinstance(module, (*PRUNABLE, *NORMS, nn.PReLU)):
            continue
        shared = {o for p in module.parameters(recurse=False) for o in owners[id(p)]} - {name}
        found[name] = None
        if parametrize.is_parametrized(module) or not {"weight"} <= module._parameters.keys():
            found[name] = "has a weight that is computed (weight norm or the like): make it plain"
        elif shared:
            others = ", ".join(repr(other) for other in sorted(shared) if other)
            found[name] = f"shares its weight with {others or 'the net itself'}"
        elif module in inside:
            found[name] = f"is used inside {inside[module]!r} as well"
        elif calls.count(name) > 1:
            found[name] = "is used more than once by the net"
        elif name in reads:
            found[name] = "has numbers that forward reads without calling it"
    return found


def _asks_for_a_fact(node: fx.Node) -> bool:
    return node.target is getattr and node.args[1] in FACTS


def _name(node: fx.Node) -> str | None:
    """The name of a method, or of a function of torch, its functional part, or Python's operators.

    None for anybody else's function, which may do anything under a known name.
    """
    if node.op == "call_method":
        return node.target
    name = getattr(node.target, "__name__", None)
    homes = (torch, F, operator)
    known = node.target is getattr or any(
        getattr(home, str(name), None) is node.target for home in homes
    )
    return name if known else None


def _what(node: fx.Node, module: nn.Module | None = None) -> str:
    if module is not None:
        return f"{type(module).__name__} {node.target!r}"
    return f"{getattr(node.target, '__name__', node.target)}()"


def _not_listed(what: str) -> str:
    return (
        f"{what} is not on the list of what passes each channel on by itself and leaves a silent "
        "one silent; use a layer of torch.nn that is (see course_utils.surgery)"
    )


def _arguments(node: fx.Node, *wanted: tuple[str, object]) -> tuple:
    """The arguments behind the tensor, by position or by name, or their defaults."""
    given = dict(zip((name for name, _ in wanted), node.args[1:], strict=False))
    return tuple(given.get(name, node.kwargs.get(name, default)) for name, default in wanted)


def _given(node: fx.Node) -> list:
    """All arguments behind the tensor, lists taken apart."""
    flat = []
    for argument in (*node.args[1:], *node.kwargs.values()):
        flat += argument if isinstance(argument, tuple | list) else [argument]
    return flat


def first_line(error: Exception) -> str:
    """What an error says, without the pages that torch.fx adds."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _zero(module: nn.Module) -> Tensor:
    like = next(module.parameters(), torch.empty(0))
    return torch.zeros(1, dtype=like.dtype, device=like.device)
