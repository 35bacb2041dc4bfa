"""Where the channels of each layer go: the data flow of a net, read from its ``forward``.

Lesson 03. A filter may only be taken out if every place is known where its channel arrives, and if
a silent channel (all zeros) stays silent until it is read. ``_tracing`` records the steps of
``forward``; :func:`read` walks along them and says for each tensor where the channels lie in it
(:class:`Place`). What it does not know, it does not guess: the layer gets a reason why its filters
must stay.

The first dimension of the net's input counts the examples. Everything else about its shape is only
known with an example input.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.nn.utils import parametrize

from course_utils._tracing import (
    FACTS,
    Look,
    arguments,
    called,
    closed_to_reading,
    described,
    first_line,
    given_beside,
    looked_at,
    unfit,
)
from course_utils.layers import PRUNABLE, prunable

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

    flow: Flow = Flow()
    of: str = "positions"


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
    reason = closed_to_reading(model)
    if reason is None:
        try:
            copy, looks, reason = looked_at(model, example)
        except Exception as error:  # a net may do anything: branch on data, hold what has no copy
            reason = (
                f"the data flow of {type(model).__name__} cannot be read: {first_line(error)}. Use "
                "a net without branches that depend on the data"
            )
    if reason is not None:
        return Reading({name: Link(problem=reason) for name in names})
    return _walked(copy, looks, names, example)


def _walked(
    copy: nn.Module, looks: list["Look"], names: list[str], example: Tensor | tuple | None
) -> Reading:
    order = [node.target for node in looks[0].graph.nodes if node.op == "call_module"]
    links = {name: Link() for name in sorted(names, key=lambda name: _place_in(order, name))}
    modules = dict(copy.named_modules())
    faults, record = {}, []
    for look in looks:
        shapes = {} if example is None else look.shapes(example)
        walk = _Walk(look, modules, links, shapes)
        walk.run()
        faults |= {name: why for name, why in walk.unfit.items() if not faults.get(name)}
        record.append(look.record(walk.reshaped))
    for name, link in links.items():
        kind = type(modules[name])
        if kind not in PRUNABLE:
            unknown = "what its own forward does with the weight is not known"
            if parametrize.is_parametrized(modules[name]):
                unknown = "its weight is parametrised"
            link.refuse(f"it is a {kind.__name__}, and {unknown}; use a plain layer")
        elif name not in order:
            link.refuse("forward never calls it: it is not used, or read inside another module")
        elif link.tied is None and not link.readers:
            link.refuse("no layer reads its output")
    return Reading(links, faults, record)


def _place_in(order: list[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


# Walking along the record -------------------------------------------------------------------------


class _Walk:
    """Follow all channels through one look, step by step, and write down what hangs on them."""

    def __init__(
        self,
        look: Look,
        modules: Mapping[str, nn.Module],
        links: dict[str, Link],
        shapes: Mapping[fx.Node, torch.Size],
    ) -> None:
        self.look, self.modules, self.links, self.shapes = look, modules, links, shapes
        self.values: dict[fx.Node, object] = {}
        self.reshaped: set[str] = set()
        self.unfit = unfit(look.graph, modules, (*PRUNABLE, *NORMS, nn.PReLU))

    def run(self) -> None:
        for node in self.look.graph.nodes:
            try:
                value = self._step(node)
            except Stop as stop:
                self._blame(node.all_input_nodes, stop)
                value = stop.left
            except (IndexError, KeyError, TypeError):  # arguments of an odd kind
                self._blame(node.all_input_nodes, Stop(_not_listed(described(node))))
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
        value = self.values.get(node)
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
        return self._function(node, called(node), given)

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
        flow, kind, what = self._flow(given), type(module), described(node, module)
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
            if vars(module).get("return_indices"):
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
        return described(node, self.modules[node.target] if node.op == "call_module" else None)

    # Functions and methods

    def _function(self, node: fx.Node, name: str | None, given: object) -> object:
        flow, what, bare = self._flow(given), described(node), (name or "").removesuffix("_")
        numbers = [n for n in node.all_input_nodes if isinstance(self.values.get(n), Shape | Size)]
        if any(map(self._carried, numbers)) and name not in ("getitem", "view", "reshape"):
            raise Stop("forward computes with the number of its channels", left=self._beside(node))
        if numbers == node.all_input_nodes != [] and name != "getitem":
            return Size()
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
            if any(isinstance(a, torch.dtype) and a not in PRECISE for a in given_beside(node)):
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
            options = (
                node.kwargs
            )  # PyTorch hands mode and value on by name, the padding by position
            value = (options["value"] or 0) if options["mode"] == "constant" else 0
            return _padded(flow, node.args[1], value, what)
        if name == "interpolate":
            return _in_second_dimension(flow, what)
        if name == "flatten":
            start, end = arguments(node, ("start_dim", 0), ("end_dim", -1))
            return self._flatten(node, flow, start, end)
        if name in ("view", "reshape"):
            return self._view(node, given)
        if name in REDUCTIONS:
            return self._reduced(node, flow, what)
        if name in ("unsqueeze", "squeeze", "permute", "transpose") and flow.place is None:
            dims = given_beside(node)
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
            return Size()
        if asked not in ("size", "shape"):
            raise Stop(_not_listed(f".{asked}"))
        (dim,) = arguments(node, ("dim", None)) if asked == "size" else (None,)
        return Shape(flow) if dim is None else self._size(flow, dim)

    def _size(self, flow: Flow, dim: object) -> Size:
        if not isinstance(dim, int):
            raise Stop("forward computes with the shape of its channels")
        first = -(flow.rank or 0)  # counted from the end, where that is known
        dim += first if dim >= 0 else 0
        axis = flow.place.axis if flow.place else None
        if dim == first != axis and flow.batch is not None:
            return Size(flow, "batch")
        if axis is None:
            return Size()
        if dim >= 0:
            raise Stop(f"forward asks for the size of a dimension, and whether it is that of the "
                       f"channels is not known: {NEEDS_EXAMPLE}")  # fmt: skip
        return Size(flow, "channels") if dim == axis else Size()

    def _nothing_beside(self, node: fx.Node, given: object, what: str, allow_tensors: bool) -> None:
        for other in node.all_input_nodes:
            number = isinstance(self.values.get(other), Size)
            harmless = number or (allow_tensors and not self._carried(other))
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
        known = bool(flows) and None not in ranks and called(node) != "stack"
        return Flow(max(ranks) if known else None, batch)

    def _combined(self, node: fx.Node, name: str) -> Flow:
        """Channels and a number; or the channels of several layers, one by one."""
        what, word = described(node), OPERATORS[name]
        tensors = [n for n in node.all_input_nodes if not isinstance(self.values.get(n), Size)]
        carrying = [n for n in tensors if self._carried(n)]
        left = self._beside(node)
        if not carrying:
            return left
        places = [self._flow(given).place for given in carrying]
        layers = frozenset().union(*(place.layers for place in places))
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
        for given in carrying:
            rest = ", ".join(map(repr, sorted(layers - self._carried(given))))
            if rest:
                reason = f"its channels are {word} those of {rest}, so all must lose the same ones"
                self._blame([given], Stop(reason, tied=True))
        return flow

    def _flatten(self, node: fx.Node, flow: Flow, start: int, end: int) -> Flow:
        """Dimensions ``start`` to ``end`` become one."""
        place, rank, what = flow.place, flow.rank, self._what(node)
        if rank is None and (start, end) == (1, -1):
            if place is None:
                return Flow(2, flow.batch)
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
        flow, what = self._flow(given), described(node)
        sizes = node.args[1:] or (node.kwargs.get("shape", node.kwargs.get("size")),)
        if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
            sizes = tuple(sizes[0])
        first = self.values.get(sizes[0], sizes[0])
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
        second = self.values[sizes[1]] if isinstance(sizes[1], fx.Node) else sizes[1]
        count = flow.place.count
        stays = isinstance(second, Size) and second.of == "channels"
        stays = stays and replace(second.flow.place, axis=flow.place.axis) == flow.place
        stays = stays and None not in (flow.place.inner, flow.place.outer)
        stays = stays or (second == count and flow.place.inner == flow.place.outer == 1)
        stays = stays or (second == -1 and after is not None and after[1] == before[1] == count)
        if not stays:
            raise unproved
        return Flow(len(sizes), flow.batch, replace(flow.place, axis=1 - len(sizes)))

    def _merged(self, node: fx.Node, flow: Flow, size: object) -> Flow:
        if flow.rank is not None and flow.place.axis == -flow.rank:
            raise Stop(f"{described(node)} takes the channels for examples")
        flat = self._flatten(node, flow, 1, -1)
        if size == -1:
            return flat
        settled = flat.place.along(size) if isinstance(size, int) else None
        if settled is None:
            raise Stop(f"{described(node)} makes rows of a size that its channels do not explain; "
                       "write flatten(1)")  # fmt: skip
        return replace(flat, place=settled)

    def _reduced(self, node: fx.Node, flow: Flow, what: str) -> Flow:
        """The mean (sum, …) over positions."""
        dims, keepdim = arguments(node, ("dim", node.kwargs.get("axis")), ("keepdim", False))
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


def _not_listed(what: str) -> str:
    return (
        f"{what} is not on the list of what passes each channel on by itself and leaves a silent "
        "one silent; use a layer of torch.nn that is (see course_utils.surgery)"
    )


def _zero(module: nn.Module) -> Tensor:
    like = next(module.parameters(), torch.empty(0))
    return torch.zeros(1, dtype=like.dtype, device=like.device)
