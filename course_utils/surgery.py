"""Structured pruning for real: take filters out of a net, and everything that hangs on them.

Lesson 03. A filter of a conv layer, or a row of a linear one, makes one channel. Without it the
channel is gone, and with it that channel's BatchNorm and what the next layer learned about it.
Which layer is the next is read from the net itself, traced with ``torch.fx``.
"""

import operator
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.nn.utils import prune

from course_utils.layers import PRUNABLE, make_permanent, plain_copy, refresh

Keep = Mapping[str, Tensor]
BATCHNORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
# What passes each channel on by itself and leaves a silent one silent: f(0) = 0. (Not Sigmoid.)
CHANNELWISE = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Tanh, nn.Hardswish, nn.Identity,
    nn.Dropout, nn.Dropout2d, nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d,
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d,
)  # fmt: skip
CHANNELWISE_FUNCTIONS = (
    F.relu, torch.relu, F.leaky_relu, F.elu, F.gelu, F.silu, torch.tanh, F.tanh, F.dropout,
    F.max_pool2d, F.avg_pool2d, F.adaptive_avg_pool2d, F.adaptive_max_pool2d,
)  # fmt: skip
CHANNELWISE_METHODS = ("relu", "tanh", "contiguous")


@dataclass
class Link:
    """What hangs on the channels of one layer.

    ``batchnorms``: the names of those that normalise them. ``next``: the layer that reads them,
    None for the output layer. ``problem``: why the channels cannot be removed, or None.
    """

    batchnorms: list[str] = field(default_factory=list)
    next: str | None = None
    problem: str | None = None


def filter_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The layers whose filters or rows can go, by name, in the order of the data flow.

    All linear and conv layers of a plain chain but the last, whose rows are the answers. Layers
    whose channels are tied by an addition are left out.
    """
    return {
        name: model.get_submodule(name)
        for name, link in _links(model).items()
        if link.problem is None and link.next is not None
    }


def mask_filters(model: nn.Module, keep: Keep) -> nn.Module:
    """Silence filters in place and return the model: what :func:`remove_filters` will take out.

    ``keep``: layer name → boolean (filters,), True = kept. Masks go through
    ``torch.nn.utils.prune`` onto the filter's weights, its bias, and the scale and shift of its
    BatchNorm, which would otherwise turn the zeros into a constant. Raises as
    :func:`remove_filters`.
    """
    links = _checked(model, keep)
    for name, kept in keep.items():
        for module_name in (name, *links[name].batchnorms):
            _silence(model.get_submodule(module_name), kept)
    return model


def remove_filters(model: nn.Module, keep: Keep) -> nn.Module:
    """A new, really smaller model without the filters that ``keep`` marks False.

    ``keep``: layer name → boolean (filters,) for a conv or (rows,) for a linear layer; a layer that
    is not named stays whole. Computes what the model with those filters silenced
    (:func:`mask_filters`) computes, in eval mode; masks that are on become plain zeros. ``model``
    stays as it is.

    Raises ``ValueError``, before anything is done, for a name that is not a layer of the model or
    is its output layer, a layer that would be empty, a vector of another length, and a net that is
    not a plain chain there (an addition ties channels: use ``torch_pruning``); ``TypeError`` for a
    vector that is not boolean. Li et al. 2017, Pruning filters for efficient ConvNets.
    """
    links = _checked(model, keep)
    small = make_permanent(plain_copy(model))
    for name, kept in keep.items():
        layer, link = small.get_submodule(name), links[name]
        following = small.get_submodule(link.next)
        _keep_outputs(layer, kept)
        for batchnorm in link.batchnorms:
            _keep_channels(small.get_submodule(batchnorm), kept)
        _keep_inputs(following, kept)
    return small


# Cutting ------------------------------------------------------------------------------------------


def _keep_outputs(layer: nn.Module, kept: Tensor) -> None:
    """(out, in, …) → (kept, in, …), and the bias."""
    _cut(layer, "weight", kept, dim=0)
    _cut(layer, "bias", kept, dim=0)
    _count(layer, "out_features", "out_channels", size=int(kept.sum()))


def _keep_inputs(layer: nn.Module, kept: Tensor) -> None:
    """(out, in, …) → (out, kept, …). A flattened channel owns several columns, side by side."""
    _cut(layer, "weight", _spread(kept, layer.weight.shape[1]), dim=1)
    _count(layer, "in_features", "in_channels", size=layer.weight.shape[1])


def _keep_channels(batchnorm: nn.Module, kept: Tensor) -> None:
    kept = _spread(kept, batchnorm.num_features)
    for name in ("weight", "bias", "running_mean", "running_var"):
        _cut(batchnorm, name, kept, dim=0)
    batchnorm.num_features = int(kept.sum())


def _spread(kept: Tensor, size: int) -> Tensor:
    """(channels,) → (size,): behind a flatten each channel owns several numbers, side by side."""
    return kept.repeat_interleave(size // len(kept))


def _cut(module: nn.Module, name: str, kept: Tensor, dim: int) -> None:
    tensor = getattr(module, name)
    if tensor is None:  # no bias, or a BatchNorm without scale and shift
        return
    rows = kept.to(tensor.device).nonzero().squeeze(1)
    smaller = tensor.detach().index_select(dim, rows)
    if isinstance(tensor, nn.Parameter):
        smaller = nn.Parameter(smaller, requires_grad=tensor.requires_grad)
    setattr(module, name, smaller)


def _count(layer: nn.Module, linear: str, conv: str, size: int) -> None:
    setattr(layer, linear if isinstance(layer, nn.Linear) else conv, size)


def _silence(module: nn.Module, kept: Tensor) -> None:
    for name in ("weight", "bias"):
        tensor = getattr(module, name)
        if tensor is not None:
            rows = _spread(kept, tensor.shape[0]).to(tensor.device)
            mask = rows.view(-1, *[1] * (tensor.dim() - 1)).expand_as(tensor)
            prune.custom_from_mask(module, name, mask)
    refresh(module)


# Reading the net ----------------------------------------------------------------------------------


def _checked(model: nn.Module, keep: Keep) -> dict[str, Link]:
    links = _links(model)
    for name, kept in keep.items():
        if name not in links:
            raise ValueError(f"{name!r} is not a linear or conv layer here; allowed: {[*links]}.")
        link, filters = links[name], model.get_submodule(name).weight.shape[0]
        if link.problem is not None:
            raise ValueError(f"The filters of {name!r} cannot be removed alone: {link.problem}.")
        if link.next is None:
            raise ValueError(
                f"{name!r} is the output layer: its {filters} rows are the answers of the net. "
                f"Allowed: {[*filter_layers(model)]}."
            )
        if not isinstance(kept, Tensor) or kept.dtype != torch.bool:
            got = kept.dtype if isinstance(kept, Tensor) else type(kept).__name__
            raise TypeError(f"keep[{name!r}] must be a boolean tensor, True = kept; got {got}.")
        if kept.shape != (filters,):
            raise ValueError(
                f"keep[{name!r}] has shape {tuple(kept.shape)}; {name!r} has {filters} filters or "
                "rows, and each needs one answer."
            )
        if not kept.any():
            raise ValueError(
                f"keep[{name!r}] removes all {filters} filters, and nothing could flow through "
                "the net any more. Keep at least one."
            )
    return links


def _links(model: nn.Module) -> dict[str, Link]:
    """For each linear and conv layer, in the order of the data flow, what hangs on its channels."""
    modules = dict(model.named_modules())
    try:
        graph = fx.Tracer().trace(model)
    except Exception as error:  # a net may do anything that cannot be traced: branch on data, …
        raise ValueError(
            f"The data flow of {type(model).__name__} cannot be read: {error}. Use a net without "
            "branches that depend on the data, or torch_pruning."
        ) from error
    layers = [n for n in graph.nodes if isinstance(_module(n, modules), PRUNABLE)]
    links = {node.target: _follow(node, modules) for node in layers}
    for node in layers:
        if [other.target for other in layers].count(node.target) > 1:
            links[node.target].problem = "the net uses this layer more than once"
    return links


def _follow(layer: fx.Node, modules: dict[str, nn.Module]) -> Link:
    """Walk from a layer along its channels to the layer that reads them."""
    link, node = Link(), layer
    if getattr(modules[layer.target], "groups", 1) > 1:
        return Link(problem="it is a grouped convolution, whose filters belong to certain inputs")
    while link.next is None and link.problem is None:
        users = [user for user in node.users if not _asks_for_shape(user)]
        if len(users) != 1:
            link.problem = f"its output goes to {len(users)} places, so its channels are tied"
            break
        node = users[0]
        if node.op == "output":
            break
        module = _module(node, modules)
        if isinstance(module, PRUNABLE):
            link.next = node.target
            if getattr(module, "groups", 1) > 1:
                link.problem = f"the grouped convolution {node.target!r} reads its channels"
        elif isinstance(module, BATCHNORM) and module.affine:
            link.batchnorms.append(node.target)
        elif not _keeps_channels_apart(node, module):
            link.problem = _why_not(node, module)
    return link


def _module(node: fx.Node, modules: dict[str, nn.Module]) -> nn.Module | None:
    return modules[node.target] if node.op == "call_module" else None


def _asks_for_shape(node: fx.Node) -> bool:
    return (node.op == "call_method" and node.target in ("size", "dim")) or (
        node.op == "call_function" and node.target is getattr
    )


def _keeps_channels_apart(node: fx.Node, module: nn.Module | None) -> bool:
    if module is not None:
        return isinstance(module, CHANNELWISE) or (
            isinstance(module, nn.Flatten) and (module.start_dim, module.end_dim) == (1, -1)
        )
    if node.target in CHANNELWISE_FUNCTIONS or node.target in CHANNELWISE_METHODS:
        return True
    arguments = node.args[1:] if node.kwargs == {} else (*node.args[1:], *node.kwargs.values())
    if node.target in ("flatten", torch.flatten):
        return arguments == (1,)
    if node.target in ("view", "reshape", torch.reshape):  # x.view(x.size(0), -1)
        return len(arguments) == 2 and arguments[1] == -1
    if node.target in ("mean", torch.mean):  # over the positions of each channel
        return arguments in (((2, 3),), ([2, 3],), ((-2, -1),), ([-2, -1],))
    return False


def _why_not(node: fx.Node, module: nn.Module | None) -> str:
    if node.target in (operator.add, operator.iadd, torch.add):
        return "its channels are added to those of another layer, so both must lose the same ones"
    if isinstance(module, BATCHNORM):
        return f"the BatchNorm {node.target!r} has no scale and shift to silence a channel with"
    what = type(module).__name__ if module is not None else getattr(
        node.target, "__name__", node.target
    )  # fmt: skip
    return f"{what} follows it, and may mix its channels or turn a silent one into a constant"
