"""Structured pruning for real: take filters out of a net, and everything that hangs on them.

Lesson 03. A filter of a conv layer, or a row of a linear one, makes one channel. Without it the
channel is gone, and with it that channel's BatchNorm and what the next layers learned about it.
Where a channel goes is read from the net itself, traced with ``torch.fx``.

Between a layer and those that read it may stand: activations with f(0) = 0 (ReLU and its
relatives, GELU, SiLU, Tanh, PReLU …), multiplication by a number, BatchNorm, InstanceNorm, dropout,
pooling, nearest or linear upsampling, padding, means and sums over positions, ``flatten(1)``,
``view(x.size(0), -1)``, ``reshape`` alike; as modules, functions or methods. Everything else is
refused, and :func:`why_not` says why. Additions, concatenations and depthwise convolutions tie
channels of several layers: these go together, found with ``torch_pruning``, if you pass an example.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn.utils import prune
from torch.utils._pytree import tree_leaves

from course_utils._dataflow import NORMS, Link, Reading, read
from course_utils._tracing import first_line, inputs
from course_utils.layers import (
    PRUNABLE,
    check_can_train,
    device_of,
    make_permanent,
    plain_copy,
    refresh,
)

Keep = Mapping[str, Tensor]
Example = Tensor | tuple
# Where a module writes down how many channels it puts out, and how many it takes.
OUT = ("out_features", "out_channels", "num_features", "num_parameters")
IN = ("in_features", "in_channels")
CLOSE = 1e-6  # of the largest output, in double precision
TOGETHER = "Pass example=, a batch such as the net gets, and they go together."
FIXED = (
    "forward computes with the number of its channels, as in view(-1, 1536) or "
    "layer.out_channels; write flatten(1), or read the number from the tensor's shape"
)


@dataclass
class Plan:
    """What a ``keep`` comes to: module name → boolean vector, True = kept.

    ``rows``: along the first dimension of all that the module holds, for layers and norms.
    ``columns``: along the second dimension of the weight, for layers that read the channels.
    """

    rows: dict[str, Tensor] = field(default_factory=dict)
    columns: dict[str, Tensor] = field(default_factory=dict)


def filter_layers(model: nn.Module, example: Example | None = None) -> dict[str, nn.Module]:
    """The layers whose filters or rows can go on their own, by name, in the order of the data flow.

    All linear and conv layers of a plain chain but the last, whose rows are the answers. Of the
    others :func:`why_not` says why they are not among them, and takes ``example`` for the same.
    """
    reasons = why_not(model, example)
    return {name: model.get_submodule(name) for name, why in reasons.items() if why is None}


def why_not(model: nn.Module, example: Example | None = None) -> dict[str, str | None]:
    """For each linear and conv layer why its filters are not free to go; None where they are.

    ``example``: an input of the net, or a tuple of them. With it the shapes are known, and layers
    may be free of which else it could not be said. Raises ``ValueError`` for a model without such
    layers, and for one that cannot run on ``example``.
    """
    example = _beside(model, example)
    return _reasons(model, read(model, example), example)


def mask_filters(model: nn.Module, keep: Keep, example: Example | None = None) -> nn.Module:
    """Silence filters in place and return the model: what :func:`remove_filters` will take out.

    ``keep``: layer name → boolean (filters,), True = kept. Masks go through
    ``torch.nn.utils.prune`` onto the filter's weights, its bias, and the scale and shift of its
    BatchNorm, which would otherwise turn the zeros into a constant; with ``example`` also onto the
    layers whose channels are tied to it. Raises as :func:`remove_filters`.
    """
    check_can_train()
    plan, _ = _planned(model, keep, example)
    return _silence(model, plan)


def remove_filters(model: nn.Module, keep: Keep, example: Example | None = None) -> nn.Module:
    """A new, really smaller model without the filters that ``keep`` marks False.

    ``keep``: layer name → boolean (filters,) for a conv or (rows,) for a linear layer; a layer that
    is not named stays whole. Computes what the model with those filters silenced
    (:func:`mask_filters`) computes, in eval mode; masks that are on become plain zeros. ``model``
    stays as it is. The first dimension of its input counts the examples of a batch. What counts is
    ``forward``: a method of your own that reads the net's layers is not looked at.

    ``example``: an input of the net, or a tuple of them. With it the two nets are also run, on two
    batch sizes, and compared before you get one; and filters may go whose channels are tied to
    those of other layers (residual and depthwise blocks): they go from all layers of the group.

    Raises ``ValueError``, before anything is done, for a name that is not a layer of the model or
    is its output layer, a layer that would be empty, a vector of another length, filters that
    cannot be taken out (:func:`why_not`), tied layers with two different vectors, and a ``keep``
    without names if no layer is free; ``TypeError`` for a vector that is not boolean. Li et al.
    2017, Pruning filters for efficient ConvNets; Fang et al. 2023, DepGraph.
    """
    check_can_train()
    return _planned(model, keep, example)[1]


# From keep to a plan ------------------------------------------------------------------------------


def _planned(model: nn.Module, keep: Keep, example: Example | None) -> tuple[Plan, nn.Module]:
    """What is to be cut, and the small model, which is proved to compute the same."""
    example = _beside(model, example)
    reading = read(model, example)
    _check(model, keep, reading, example)
    plan, members = Plan(), [*keep]
    for name, kept in keep.items():
        if reading.links[name].tied is None:
            _add_chain(plan, name, kept, reading.links[name])
        elif not kept.all():
            members += _add_group(plan, name, kept, model, reading, example)
    for name, kept in keep.items():
        if name in plan.rows and not plan.rows[name].equal(kept):
            raise ValueError(
                f"keep[{name!r}] and the vector of another layer name different filters, but their "
                "channels are tied. Give both the same vector, or name one of them."
            )
    small = _cut(_plain(model), plan)
    if example is not None:
        layers = [name for name in reading.links if name in members]
        _prove(small, _silence(plain_copy(model), plan), example, layers, reading)
    chains = [name for name in keep if reading.links[name].tied is None]
    if not _same_steps(reading, read(small, example), chains):
        raise ValueError(f"The filters of {_listed(keep)} cannot be removed: {FIXED}.")
    return plan, small


def _check(model: nn.Module, keep: Keep, reading: Reading, example: Example | None) -> None:
    for name, kept in keep.items():
        if name not in reading.links:
            allowed = [*reading.links]
            raise ValueError(f"{name!r} is not a linear or conv layer here; allowed: {allowed}.")
        link = reading.links[name]
        if link.problem is not None:
            raise ValueError(f"The filters of {name!r} cannot be removed: {link.problem}.")
        _check_vector(name, kept, _filters(model, name))
        if link.tied is not None and example is None:
            raise ValueError(
                f"The filters of {name!r} cannot be removed alone: {link.tied}. {TOGETHER}"
            )
    if not keep:
        reasons = _reasons(model, reading, example)
        if None not in reasons.values():
            listed = "; ".join(f"{name!r}: {why}" for name, why in reasons.items())
            raise ValueError(f"No filter of {type(model).__name__} is free to go. {listed}.")


def _check_vector(name: str, kept: Tensor, filters: int) -> None:
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


def _filters(model: nn.Module, name: str) -> int:
    return len(model.get_submodule(name).weight)


def _reasons(model: nn.Module, reading: Reading, example: Example | None) -> dict[str, str | None]:
    """The reasons found in ``forward``, and those that show when a filter is really taken out."""
    found = {
        name: link.problem or (f"{link.tied}; they go together: pass example= to remove_filters"
                               if link.tied else None)
        for name, link in reading.links.items()
    }  # fmt: skip
    free = [name for name, why in found.items() if why is None and _filters(model, name) > 1]
    if free and not _survives(model, reading, free, example):
        found |= {name: FIXED for name in free if not _survives(model, reading, [name], example)}
    return found


def _survives(
    model: nn.Module, reading: Reading, names: list[str], example: Example | None
) -> bool:
    """Whether ``forward`` takes the same steps when each of ``names`` has one filter left."""
    plan = Plan()
    for name in names:
        _add_chain(plan, name, torch.arange(_filters(model, name)) < 1, reading.links[name])
    try:
        small = read(_cut(_plain(model), plan), example)
    except ValueError:  # it does not run on the example any more
        return False
    return _same_steps(reading, small, names)


def _same_steps(before: Reading, after: Reading, names: list[str]) -> bool:
    """The same ``forward``, and the same readers of the channels of ``names``."""
    pairs = ((before.links[name], after.links[name]) for name in names)
    return before.record == after.record and all(
        (one.readers, one.tied, one.problem) == (other.readers, other.tied, other.problem)
        for one, other in pairs
    )


def _add_chain(plan: Plan, name: str, kept: Tensor, link: Link) -> None:
    _merge(plan.rows, name, kept)
    for follower, place in link.followers.items():
        _merge(plan.rows, follower, _spread(kept, *place))
    for reader, place in link.readers.items():
        _merge(plan.columns, reader, _spread(kept, *place))


def _spread(kept: Tensor, inner: int, outer: int) -> Tensor:
    """(channels,) → (outer · channels · inner,): each channel owns several numbers."""
    return kept.repeat_interleave(inner).repeat(outer)


def _merge(vectors: dict[str, Tensor], name: str, kept: Tensor) -> None:
    vectors[name] = kept & vectors[name] if name in vectors else kept


# Tied channels ------------------------------------------------------------------------------------


def _add_group(
    plan: Plan, name: str, kept: Tensor, model: nn.Module, reading: Reading, example: Example
) -> list[str]:
    """Add what ``torch_pruning`` says must go together; return the layers that lose filters."""
    members = []
    for member, is_rows, lost in _group(model, name, kept, example):
        module = model.get_submodule(member)
        if type(module) not in (*PRUNABLE, *NORMS, nn.PReLU):
            raise ValueError(
                f"The filters of {name!r} cannot be removed: {type(module).__name__} {member!r} "
                "holds numbers for its channels, and is not a layer that can be cut."
            )
        if reading.unfit.get(member):
            raise ValueError(
                f"The filters of {name!r} cannot be removed: {member!r}, which works on its "
                f"channels, {reading.unfit[member]}."
            )
        size = _length(module, 0 if is_rows else 1)
        left = torch.ones(size, dtype=torch.bool)
        if max(lost) >= size:
            raise ValueError(
                f"The filters of {name!r} cannot be removed: torch_pruning does not see which of "
                f"the {size} numbers of {member!r} hang on them."
            )
        left[lost] = False
        if not left.any():
            raise ValueError(f"Without these filters of {name!r} nothing is left of {member!r}.")
        _merge(plan.rows if is_rows else plan.columns, member, left)
        members += [member] if is_rows else []
    return members


def _group(
    model: nn.Module, name: str, kept: Tensor, example: Example
) -> Iterator[tuple[str, bool, list[int]]]:
    """(module name, rows or columns, which of them go) for all that hangs on these filters."""
    import torch_pruning as tp  # takes 0.5 s to import, and only tied channels need it

    copy = _in_double(model).requires_grad_()  # it follows the gradients
    names = {module: name for name, module in copy.named_modules()}
    layer = copy.get_submodule(name)
    try:
        with torch.enable_grad():
            graph = tp.DependencyGraph().build_dependency(
                copy, tuple(_doubled(x) for x in inputs(example)), verbose=False
            )
        _give_an_end(graph)
        cut = graph.get_pruner_of_module(layer).prune_out_channels
        group = graph.get_pruning_group(layer, cut, (~kept).nonzero().flatten().tolist())
    except Exception as error:  # whatever it does not know
        raise ValueError(
            f"The filters of {name!r} cannot be removed: torch_pruning cannot say what is tied to "
            f"them ({first_line(error)})."
        ) from error
    for dependency, lost in group:
        module = dependency.target.module
        if isinstance(module, nn.Parameter):
            raise ValueError(
                f"The filters of {name!r} cannot be removed: a parameter of the net itself, of "
                f"shape {tuple(module.shape)}, holds numbers for its channels."
            )
        if module in names:
            is_rows = type(module) not in PRUNABLE or graph.is_out_channel_pruning_fn(
                dependency.handler
            )
            yield names[module], is_rows, lost


def _give_an_end(graph: object) -> None:
    """Let ``torch_pruning`` stop searching where its search runs in circles.

    It does so where a slice (in circular padding, say) shifts the channels at each turn. A search
    that ends takes each dependency up a few times.
    """
    found = [one for node in graph.module2node.values() for one in node.dependencies]
    steps, most = itertools.count(), 100 * len(found)

    def counted(ask: Callable[[object], bool]) -> Callable[[object], bool]:
        def asked(handler: object) -> bool:
            if next(steps) > most:
                raise RuntimeError("its search does not end")
            return ask(handler)

        return asked

    for dependency in found:
        dependency.is_triggered_by = counted(dependency.is_triggered_by)


def _length(module: nn.Module, dim: int) -> int:
    if isinstance(module, PRUNABLE):
        return module.weight.shape[dim]
    return next(getattr(module, name) for name in OUT if hasattr(module, name))


# Cutting ------------------------------------------------------------------------------------------


def _cut(model: nn.Module, plan: Plan) -> nn.Module:
    """Take rows and columns out, in place."""
    for name, kept in plan.rows.items():
        module = model.get_submodule(name)
        for held in ("weight", "bias", "running_mean", "running_var"):
            _shorten(module, held, kept, dim=0)
        _count(module, OUT, int(kept.sum()))
        if getattr(module, "groups", 1) > 1:  # depthwise: each filter has one channel to read
            module.in_channels = module.groups = int(kept.sum())
    for name, kept in plan.columns.items():
        module = model.get_submodule(name)
        _shorten(module, "weight", kept, dim=1)
        _count(module, IN, int(kept.sum()))
    return model


def _shorten(module: nn.Module, name: str, kept: Tensor, dim: int) -> None:
    tensor = getattr(module, name, None)
    if tensor is None:  # no bias, or a norm without scale and shift
        return
    rows = kept.to(tensor.device).nonzero().squeeze(1)
    smaller = tensor.detach().index_select(dim, rows)
    for layout in (torch.channels_last, torch.channels_last_3d):
        if smaller.dim() == (4 if layout == torch.channels_last else 5) and tensor.is_contiguous(
            memory_format=layout
        ):
            smaller = smaller.contiguous(memory_format=layout)
    if isinstance(tensor, nn.Parameter):
        smaller = nn.Parameter(smaller, requires_grad=tensor.requires_grad)
    setattr(module, name, smaller)


def _count(module: nn.Module, names: Iterable[str], size: int) -> None:
    for name in names:
        if hasattr(module, name):
            setattr(module, name, size)


def _silence(model: nn.Module, plan: Plan) -> nn.Module:
    """Mask the rows instead of taking them out, in place."""
    for module_name, kept in plan.rows.items():
        module = model.get_submodule(module_name)
        for name in ("weight", "bias") if not isinstance(module, nn.PReLU) else ():
            tensor = getattr(module, name, None)
            if tensor is not None:
                rows = kept.to(tensor.device).view(-1, *[1] * (tensor.dim() - 1))
                prune.custom_from_mask(module, name, rows.expand_as(tensor))
        refresh(module)
    return model


# The proof ----------------------------------------------------------------------------------------


def _prove(
    small: nn.Module,
    silenced: nn.Module,
    example: Example,
    layers: list[str],
    reading: Reading,
) -> None:
    """Run both nets and compare, or ``ValueError`` with what is wrong with the small one."""
    silenced, small = _in_double(silenced), _in_double(small)
    for number, batch in enumerate(_batches(example)):
        for _ in range(2):  # a net may do something else the second time
            expected = _answers(silenced, batch)
            if isinstance(expected, str) and number > 0:  # it does not take other batches
                break
            wrong = _wrong(_answers(small, batch), expected)
            if wrong:
                problems = {name: reading.links[name].problem for name in layers}
                because = "".join(f" {name!r}: {why}." for name, why in problems.items() if why)
                raise ValueError(
                    f"The filters of {_listed(layers)} cannot be removed: {wrong}.{because}"
                )


def _in_double(model: nn.Module) -> nn.Module:
    """A copy in which rounding hides nothing: only what is wrong makes a difference."""
    return _plain(model).double().eval()


def _beside(model: nn.Module, example: Example | None) -> Example | None:
    """The example where the net is, as everywhere in the library."""
    if example is None:
        return None
    device = device_of(model)
    moved = tuple(x.to(device) if isinstance(x, Tensor) else x for x in inputs(example))
    return moved if isinstance(example, tuple) else moved[0]


def _batches(example: Example) -> Iterator[tuple]:
    """The example, the same in noise (an example of zeros proves little), and both together."""
    generator = torch.Generator().manual_seed(0)
    plain = tuple(_doubled(x) for x in inputs(example))
    noisy = tuple(
        x + torch.randn(x.shape, generator=generator, dtype=x.dtype).to(x.device)
        if isinstance(x, Tensor) and x.is_floating_point()
        else x
        for x in plain
    )
    both = tuple(
        torch.cat([x, y]) if isinstance(x, Tensor) and x.dim() else x
        for x, y in zip(plain, noisy, strict=True)
    )
    yield from (plain, noisy, both)


def _doubled(x: object) -> object:
    """A copy of one input, in double precision if it holds real numbers."""
    if not isinstance(x, Tensor):
        return x
    return x.detach().double() if x.is_floating_point() else x.clone()


@torch.no_grad()
def _answers(model: nn.Module, batch: tuple) -> list[Tensor] | str:
    """The tensors that the net returns, or why it cannot run."""
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            given = (x.clone() if isinstance(x, Tensor) else x for x in batch)
            answers = tree_leaves(model(*given))
    except Exception as error:
        return first_line(error)
    return [answer for answer in answers if isinstance(answer, Tensor)]


def _wrong(got: list[Tensor] | str, expected: list[Tensor] | str) -> str | None:
    if isinstance(expected, str):
        return f"the net cannot run on the example in double precision ({expected})"
    if isinstance(got, str):
        return f"without them the net cannot run ({got})"
    if [answer.shape for answer in got] != [answer.shape for answer in expected]:
        return "without them the answers have another shape"
    for one, other in zip(got, expected, strict=True):
        apart, size = (one - other).abs(), other.abs()
        if one.numel() and not apart.max() <= CLOSE * size.max():
            return f"without them the answers are another net's, off by up to {apart.max():.3g}"
    return None


def _plain(model: nn.Module) -> nn.Module:
    return make_permanent(plain_copy(model))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
