"""Integers instead of real numbers: scales, zero points, integer sums, and BatchNorm folded away.

Lesson 07. An integer q stands for scale · (q − zero_point), which is a :class:`Grid` of numbers
(Jacob et al. 2018, arXiv 1712.05877). 0 is always one of them, so pruned weights and the padding
of a convolution stay exactly 0. Sums of products of integers are exact; the scales are multiplied
in afterwards, once a sum.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, fx, nn

from course_utils._checks import check_dim, check_whole
from course_utils._tracing import closed_to_reading, described, first_line, looked_at, unfit
from course_utils.layers import (
    PRUNABLE,
    check_can_train,
    make_permanent,
    masked_parameters,
    plain_copy,
)

INT32 = torch.iinfo(torch.int32)
INT16 = np.iinfo(np.int16)
# The BatchNorm that works on the filters of a layer.
NORM_OF = {
    nn.Linear: nn.BatchNorm1d,
    nn.Conv1d: nn.BatchNorm1d,
    nn.Conv2d: nn.BatchNorm2d,
    nn.Conv3d: nn.BatchNorm3d,
}
BATCHNORM = nn.modules.batchnorm._BatchNorm  # what all kinds of BatchNorm derive from
Sizes = int | Sequence[int]


# Grids --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)  # tensors are compared one by one
class Grid:
    """Which number each integer q from ``low`` to ``high`` stands for: scale · (q − zero_point).

    ``scale``: float32, () for a whole tensor, or (channels,), one for each along ``axis``.
    ``zero_point``: int32 in the same shape, from ``low`` to ``high``: the integer that is 0.
    """

    scale: Tensor
    zero_point: Tensor
    low: int
    high: int
    axis: int | None = None

    @property
    def error_bound(self) -> Tensor:
        """How far off a number from the grid's range is at most, in the shape of ``scale``.

        Half a step: scale / 2, and what float32 rounds away.
        """
        return self.scale / 2

    @property
    def dtype(self) -> torch.dtype:
        """int8 where there are negative integers, else uint8."""
        return torch.int8 if self.low < 0 else torch.uint8


def symmetric(weight: Tensor, axis: int | None = None, *, bits: int = 8) -> Grid:
    """The grid for weights: from −max |w| to max |w|, zero point 0, scale = max |w| / 127.

    ``axis``: a scale for each slice along it, 0 for each output channel; without, one for all.
    ``bits``: 2 to 8; 7 gives integers from −63 to 63. The lowest integer is left out, so that the
    range is the same on both sides. Raises ``TypeError`` or ``ValueError`` for a weight that is
    empty, holds integers, NaN or infinity, and for an ``axis`` that does not exist.
    """
    high = 2 ** (_check_bits(bits) - 1) - 1
    _check_real(weight, "weight")
    largest = _over(torch.amax, weight.abs(), axis)
    scale = _scale(largest.double() / high)
    return Grid(scale, torch.zeros_like(scale, dtype=torch.int32), -high, high, axis)


def asymmetric(x: Tensor, axis: int | None = None, *, bits: int = 8) -> Grid:
    """The grid for activations: from the smallest to the largest number of ``x``, and 0.

    ``axis`` and what is refused: as :func:`symmetric`; the integers: as :func:`range_grid`.
    """
    _check_real(x, "x")
    return range_grid(_over(torch.amin, x, axis), _over(torch.amax, x, axis), axis, bits=bits)


def range_grid(
    smallest: Tensor | float, largest: Tensor | float, axis: int | None = None, *, bits: int = 8
) -> Grid:
    """The grid of unsigned integers, 0 to 255, for numbers from ``smallest`` to ``largest``.

    Both () or, with ``axis``, (channels,). The range is first widened to hold 0; then the zero
    point, which is 0's place in it, is an integer of the grid and nothing has to be clipped.
    ``bits``: 2 to 8. Raises ``ValueError`` for a range that is upside down or not finite.
    """
    high = 2 ** _check_bits(bits) - 1
    smallest, largest = (torch.as_tensor(end).double() for end in (smallest, largest))
    if smallest.shape != largest.shape or smallest.dim() != (axis is not None):
        raise ValueError(
            f"The ends of the range have shapes {tuple(smallest.shape)} and "
            f"{tuple(largest.shape)}. Give two numbers, or with axis= two vectors, an end for each "
            "channel."
        )
    if not (smallest <= largest).all() or not (largest - smallest).isfinite().all():
        raise ValueError(
            f"A range from {smallest.tolist()} to {largest.tolist()} is none. Give finite numbers, "
            "the smaller one first."
        )
    smallest, largest = smallest.clamp_max(0), largest.clamp_min(0)
    scale = _scale((largest - smallest) / high)
    zero_point = (-smallest / scale.double()).round().to(torch.int32)
    return Grid(scale, zero_point, 0, high, axis)


def quantise(x: Tensor, grid: Grid) -> Tensor:
    """``x`` as integers of ``grid``: round(x / scale) + zero_point, a tie to the even neighbour.

    Returns int8 or uint8 in the shape of ``x``, exactly what ``QuantizeLinear`` of ONNX gives. What
    lies outside of the grid's range becomes its end, and may be off by more than the error bound.
    """
    _check_real(x, "x")
    scale, zero_point = (_along(each, x, grid.axis) for each in (grid.scale, grid.zero_point))
    # clipped before the zero point is added: a huge number is no integer any more
    steps = (x.detach().float() / scale).round().clamp(-256, 256) + zero_point
    return steps.clamp(grid.low, grid.high).to(grid.dtype)


def dequantise(q: Tensor, grid: Grid) -> Tensor:
    """The numbers that the integers ``q`` stand for: scale · (q − zero_point), in float32."""
    _check_integers(q, grid, "q")
    return _centred(q, grid) * _along(grid.scale, q, grid.axis)


def _scale(step: Tensor) -> Tensor:
    """In float32, and such that one can divide by it, whatever the numbers were."""
    step = torch.where(step > 0, step, 1.0)  # nothing but zeros: any scale will do
    return step.float().clamp_min(torch.finfo(torch.float32).tiny)


def _over(reduce: object, x: Tensor, axis: int | None) -> Tensor:
    """The smallest or largest of all numbers, or (channels,), of each slice along ``axis``."""
    x = x.detach()
    if axis is None:
        return reduce(x)
    slices = x.movedim(check_dim(x, axis), 0)
    return slices if x.dim() == 1 else reduce(slices.flatten(1), dim=1)


def _along(values: Tensor, x: Tensor, axis: int | None) -> Tensor:
    """() or (channels,) in a shape that lies along ``axis`` of ``x``."""
    if axis is None:
        return values.to(x.device)
    axis = check_dim(x, axis)
    if len(values) != x.shape[axis]:
        raise ValueError(
            f"The grid has a scale for each of {len(values)} channels along axis {axis}; the "
            f"tensor has shape {tuple(x.shape)}. Use a grid that was made for it."
        )
    shape = [1] * x.dim()
    shape[axis] = -1
    return values.to(x.device).view(shape)


def _centred(q: Tensor, grid: Grid) -> Tensor:
    """q − zero_point, in int32."""
    return q.to(torch.int32) - _along(grid.zero_point, q, grid.axis)


# Integer sums -------------------------------------------------------------------------------------


def integer_linear(
    x: Tensor, weight: Tensor, x_grid: Grid, weight_grid: Grid, bias: Tensor | None = None
) -> Tensor:
    """A linear layer in whole numbers: Σ (x − zₓ)(w − z_w), the sums of an int8 kernel.

    ``x``: (n, in) and ``weight``: (out, in), integers of their grids. Returns (n, out) in int32;
    :func:`rescale` gives the numbers that the sums stand for. ``bias``: (out,) real numbers, which
    are rounded to whole steps of the sums, scaleₓ · scale_w. Raises ``ValueError`` for a grid with
    several scales inside one sum (only ``weight_grid`` may have an axis, 0), and where a sum could
    leave int32.
    """
    _check_sums(x, weight, x_grid, weight_grid, dims=2)
    _check_inputs(x.shape[1], weight.shape[1], "")
    _check_room(weight.shape[1], x_grid, weight_grid)
    sums = _centred(x, x_grid) @ _centred(weight, weight_grid).T
    return _with_bias(sums, bias, x_grid, weight_grid)


def integer_conv(
    x: Tensor,
    weight: Tensor,
    x_grid: Grid,
    weight_grid: Grid,
    bias: Tensor | None = None,
    *,
    stride: Sizes = 1,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """A convolution in whole numbers, as :func:`integer_linear`; padded with what stands for 0.

    ``x``: (n, channels, positions …) and ``weight``: (filters, channels / groups, kernel …) for
    one, two or three dimensions of positions. Returns (n, filters, positions …) in int32.
    """
    _check_integers(weight, weight_grid, "weight")
    _check_sums(x, weight, x_grid, weight_grid, dims=max(3, min(weight.dim(), 5)))
    kernel = weight.shape[2:]
    sizes = [
        _each("stride", stride, 1, len(kernel)),
        _each("padding", padding, 0, len(kernel)),
        _each("dilation", dilation, 1, len(kernel)),
    ]
    groups = check_whole("groups", groups, least=1)
    if x.shape[1] % groups or weight.shape[0] % groups:
        raise ValueError(
            f"groups={groups} must divide the {x.shape[1]} channels and {weight.shape[0]} filters."
        )
    _check_inputs(x.shape[1] // groups, weight.shape[1], " for each group")
    n, count, inputs = len(x), len(weight), math.prod(weight.shape[1:])
    _check_room(inputs, x_grid, weight_grid)
    patches = _patches(_centred(x, x_grid), kernel, *sizes)  # (n, channels, *out, *kernel)
    out = patches.shape[2 : 2 + len(kernel)]
    rows = patches.movedim(1, 1 + len(kernel)).reshape(n, math.prod(out), groups, inputs)
    filters = _centred(weight, weight_grid).reshape(groups, count // groups, inputs)
    # (groups, n · out, inputs) @ (groups, inputs, filters / groups)
    sums = rows.permute(2, 0, 1, 3).flatten(1, 2) @ filters.transpose(1, 2)
    sums = sums.unflatten(1, (n, math.prod(out))).permute(1, 0, 3, 2)
    return _with_bias(sums.reshape(n, count, *out), bias, x_grid, weight_grid)


def rescale(sums: Tensor, x_grid: Grid, weight_grid: Grid) -> Tensor:
    """The numbers that integer sums (n, out, …) stand for: scaleₓ · scale_w · sum, in float32.

    ``quantise`` them with the next layer's grid, and the net goes on in int8.
    """
    return sums * _along(_step(x_grid, weight_grid), sums, _sums_axis(weight_grid))


def saturating_linear(x: Tensor, weight: Tensor, x_grid: Grid, weight_grid: Grid) -> Tensor:
    """:func:`integer_linear` as x86 processors without VNNI compute it, where sums may saturate.

    Their instruction VPMADDUBSW multiplies uint8 with int8 and adds two neighbouring products in
    16 bits: what passes 32,767 stays there, though 2 · 255 · 127 = 64,770. So ``x`` must be uint8
    and ``weight`` int8. With weights of 7 bits (``symmetric(…, bits=7)``; ``reduce_range`` in ONNX
    Runtime, which goes to ±64) no pair gets there: 2 · 255 · 64 = 32,640.
    """
    _check_sums(x, weight, x_grid, weight_grid, dims=2)
    _check_inputs(x.shape[1], weight.shape[1], "")
    if (x.dtype, weight.dtype) != (torch.uint8, torch.int8):
        raise TypeError(
            f"x must be torch.uint8 and weight torch.int8; got {x.dtype} and {weight.dtype}. "
            "Make their grids with asymmetric and symmetric."
        )
    odd = x.shape[1] % 2  # the last one has a neighbour of 0
    numbers = np.pad(x.numpy().astype(np.int32), ((0, 0), (0, odd)))
    rows = np.pad(weight.numpy().astype(np.int32), ((0, 0), (0, odd)))
    sums = np.empty((len(numbers), len(rows)), np.int32)
    for out, row in enumerate(rows):
        products = numbers * row
        pairs = products[:, 0::2] + products[:, 1::2]
        sums[:, out] = pairs.clip(INT16.min, INT16.max).sum(1)
    # The kernel takes the zero points out afterwards, with sums that do not saturate.
    shift = torch.from_numpy(sums - numbers @ rows.T)
    return integer_linear(x, weight, x_grid, weight_grid) + shift


def _step(x_grid: Grid, weight_grid: Grid) -> Tensor:
    """What one step of a sum stands for."""
    return x_grid.scale.cpu() * weight_grid.scale.cpu()


def _sums_axis(weight_grid: Grid) -> int | None:
    return None if weight_grid.axis is None else 1


def _with_bias(sums: Tensor, bias: Tensor | None, x_grid: Grid, weight_grid: Grid) -> Tensor:
    if bias is None:
        return sums
    _check_real(bias, "bias")
    if bias.shape != sums.shape[1:2]:
        raise ValueError(f"bias has shape {tuple(bias.shape)}; the layer has {sums.shape[1]} rows.")
    steps = (bias.detach().cpu().double() / _step(x_grid, weight_grid).double()).round()
    largest = sums.abs().max() if sums.numel() else 0
    if steps.abs().max() + largest > INT32.max:
        raise ValueError(
            f"A bias of {bias.abs().max():.3g} is too large for sums in int32, whose steps are as "
            f"small as {_step(x_grid, weight_grid).min():.3g}. Add it after rescale."
        )
    return sums + _along(steps.to(torch.int32), sums, 1)


def _patches(
    x: Tensor, kernel: torch.Size, stride: list[int], padding: list[int], dilation: list[int]
) -> Tensor:
    """(n, channels, *positions) → (n, channels, *out, *kernel): what each window sees."""
    around = [size for size in reversed(padding) for _ in range(2)]
    x = nn.functional.pad(x, around)
    for dim, (size, step, gap) in enumerate(zip(kernel, stride, dilation, strict=True), start=2):
        window = gap * (size - 1) + 1
        if window > x.shape[dim]:
            raise ValueError(
                f"The kernel spans {window} positions; x has {x.shape[dim]} there, padding "
                "included."
            )
        x = x.unfold(dim, window, step)[..., ::gap]
    return x


def _each(name: str, given: Sizes, least: int, count: int) -> list[int]:
    """One number for each dimension of positions."""
    several = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else None
    if several is None:
        several = [given] * count
    if len(several) != count:
        raise ValueError(f"{name}={given!r} has {len(several)} numbers; the kernel has {count}.")
    return [check_whole(name, size, least=least) for size in several]


# Folding BatchNorm --------------------------------------------------------------------------------


def why_not_fold(model: nn.Module, example: Tensor | tuple | None = None) -> dict[str, str | None]:
    """For each BatchNorm of ``model`` why the layer before cannot take it in; None where it can.

    ``example``: an input of the net, or a tuple of them. Needed for ``BatchNorm1d``, whose channels
    are the features of a linear layer only if nothing lies between them and the examples.
    """
    return {name: why for name, (_, why) in _foldings(model, example).items()}


def fold_batchnorm(
    model: nn.Module,
    example: Tensor | tuple | None = None,
    only: Iterable[str] | None = None,
) -> nn.Module:
    """A new model with each BatchNorm folded into the conv or linear layer right before it.

    In eval mode BatchNorm is a line, γ(x − μ)/√(σ² + ε) + β, so weight · γ/√(σ² + ε) and
    (bias − μ) · γ/√(σ² + ε) + β computes both layers at once; pruned weights stay 0. An
    ``Identity`` takes BatchNorm's place; masks become plain zeros. ``model`` stays as it is.
    ``example``: as :func:`why_not_fold`. ``only``: the names of those to fold; the rest stays.

    The answers are the same up to rounding: compare them (``deploy.parity``). Raises ``ValueError``
    with the reason where they would not be: in train mode, where a layer or a BatchNorm is used
    twice or shares its numbers, where something else reads what the layer puts out, where a
    BatchNorm follows anything but a plain linear or conv layer, and for a net whose ``forward``
    cannot be read.
    """
    check_can_train()
    foldings = _foldings(model, example)
    names = [*foldings] if only is None else [*only]
    for name in names:
        if name not in foldings:
            raise ValueError(f"{name!r} is no BatchNorm of this model; allowed: {[*foldings]}.")
        if foldings[name][1] is not None:
            free = [each for each, (_, why) in foldings.items() if why is None]
            way_out = f" The others can, with only={free}." if free else ""
            raise ValueError(f"{name!r} cannot be folded: {foldings[name][1]}.{way_out}")
    folded = _without_masks(model)
    for name in dict.fromkeys(names):
        norm = folded.get_submodule(name)
        _take_in(name, folded.get_submodule(foldings[name][0]), norm)
        _replace(folded, norm)
    if names and _steps(folded, example) != _steps(model, example):
        raise ValueError(
            f"{', '.join(map(repr, names))} cannot be folded: forward uses more of a BatchNorm "
            "than its answer, or reaches it outside of the model's modules."
        )
    return folded


def _foldings(
    model: nn.Module, example: Tensor | tuple | None
) -> dict[str, tuple[str | None, str | None]]:
    """BatchNorm's name → the name of the layer that takes it in, or None and why there is none."""
    norms = {name: each for name, each in model.named_modules() if isinstance(each, BATCHNORM)}
    if not norms:
        return {}
    own = {name: _own_problem(model, norm) for name, norm in norms.items()}
    reason = closed_to_reading(model)
    if reason is None:
        try:
            copy, looks, reason = looked_at(model, example)
            shapes = {} if example is None else looks[0].shapes(example)
        except Exception as error:  # a net may do anything
            reason = f"the data flow cannot be read: {first_line(error)}"
    if reason is not None:
        return {name: (None, own[name] or reason) for name in norms}
    graph, modules = looks[0].graph, dict(copy.named_modules())
    faults = unfit(graph, modules, (*PRUNABLE, BATCHNORM))
    calls = {node.target: node for node in graph.nodes if node.op == "call_module"}
    found = {}
    for name in norms:
        why = own[name] or faults[name]
        if why is None and name not in calls:
            why = "forward never calls it"
        layer = None
        if why is None:
            layer, why = _layer_before(calls[name], modules, faults, shapes)
        found[name] = (layer if why is None else None, why)
    return found


def _own_problem(model: nn.Module, norm: nn.Module) -> str | None:
    if type(norm) not in NORM_OF.values():
        return f"it is a {type(norm).__name__}, which may compute something else"
    if norm.running_mean is None:
        return "it keeps no running statistics and computes with those of each batch"
    if norm.training or model.training:
        return "in train mode it computes with the statistics of the batch; call model.eval() first"
    return None


def _layer_before(
    node: fx.Node, modules: dict[str, nn.Module], faults: dict, shapes: dict
) -> tuple[str | None, str | None]:
    """The layer whose answer a BatchNorm reads, or why that is none that can take it in."""
    source, norm = node.all_input_nodes[0], modules[node.target]
    before = modules.get(source.target) if source.op == "call_module" else None
    kind = type(before)
    if kind not in PRUNABLE:
        return None, (
            f"it follows {described(source, before)}, and only a plain linear or conv layer right "
            "before it can take it in"
        )
    name = source.target
    if faults[name]:
        return None, f"the layer before it, {name!r}, {faults[name]}"
    if len(source.users) > 1:
        others = ", ".join(sorted(described(user) for user in source.users if user is not node))
        return None, f"what {name!r} puts out is read by {others} as well"
    if type(norm) is not NORM_OF[kind] or norm.num_features != len(before.weight):
        return None, f"its channels are not the filters or rows of {name!r}"
    if kind in (nn.Linear, nn.Conv1d):
        expected = 2 if kind is nn.Linear else 3
        if not shapes:
            return None, (
                f"whether its channels are those of {name!r} depends on the input: pass example=, "
                "a batch such as the net gets"
            )
        if len(shapes[source]) != expected:
            return None, (
                f"{name!r} puts out {len(shapes[source])} dimensions here, and the channels of a "
                "BatchNorm are the second"
            )
    return name, None


def _without_masks(model: nn.Module) -> nn.Module:
    copy = plain_copy(model)
    return make_permanent(copy) if masked_parameters(copy) else copy


@torch.no_grad()
def _take_in(name: str, layer: nn.Module, norm: nn.Module) -> None:
    """weight · γ/σ and (bias − μ) · γ/σ + β, in place, computed in double precision."""
    mean, variance = norm.running_mean.double(), norm.running_var.double()
    factor = 1 / (variance + norm.eps).sqrt()
    if norm.weight is not None:
        factor = norm.weight.double() * factor
    shift = 0 if norm.bias is None else norm.bias.double()
    bias = 0 if layer.bias is None else layer.bias.double()
    weight = layer.weight.double() * factor.view(-1, *[1] * (layer.weight.dim() - 1))
    bias = ((bias - mean) * factor + shift).to(layer.weight.dtype)
    if not (weight.to(layer.weight.dtype).isfinite().all() and bias.isfinite().all()):
        raise ValueError(
            f"{name!r} cannot be folded: a variance of 0 or huge numbers in it would make weights "
            "infinite or NaN."
        )
    layer.weight.copy_(weight)
    if layer.bias is None:
        layer.bias = nn.Parameter(bias, requires_grad=layer.weight.requires_grad)
    else:
        layer.bias.copy_(bias)


def _replace(model: nn.Module, norm: nn.Module) -> None:
    """An Identity in all places of ``norm``, which may go by several names."""
    nothing = nn.Identity().train(norm.training)
    places = [
        (owner, name)
        for owner in model.modules()
        for name, child in owner._modules.items()
        if child is norm
    ]
    for owner, name in places:
        setattr(owner, name, nothing)


def _steps(model: nn.Module, example: Tensor | tuple | None) -> list | None:
    """The steps of ``forward``, or None where they cannot be read any more."""
    try:
        return looked_at(model, example)[1][0].record()
    except Exception:  # a net may do anything
        return None


# What is refused ----------------------------------------------------------------------------------


def _check_bits(bits: int) -> int:
    if check_whole("bits", bits, least=2) > 8:
        raise ValueError(f"bits={bits} is too many for these integers; allowed: 2 to 8.")
    return int(bits)


def _check_real(x: Tensor, name: str) -> None:
    if not isinstance(x, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor; got {type(x).__name__}.")
    if not x.is_floating_point():
        raise TypeError(f"{name} must hold real numbers; got {x.dtype}. Convert with .float().")
    if x.numel() == 0 or x.is_meta:
        raise ValueError(f"{name} has no numbers (shape {tuple(x.shape)}).")
    if not x.detach().float().isfinite().all():
        raise ValueError(
            f"{name} holds NaN, infinity or numbers too large for float32, and no integer stands "
            "for these. Find where they come from first."
        )


def _check_integers(q: Tensor, grid: Grid, name: str) -> None:
    if not isinstance(q, Tensor) or q.dtype != grid.dtype:
        got = q.dtype if isinstance(q, Tensor) else type(q).__name__
        raise TypeError(f"{name} must be integers of its grid, {grid.dtype}; got {got}.")
    if q.numel() and not grid.low <= q.min() <= q.max() <= grid.high:
        raise ValueError(
            f"{name} holds integers from {q.min()} to {q.max()}, its grid goes from {grid.low} to "
            f"{grid.high}. Use the grid that they were quantised with."
        )


def _check_sums(x: Tensor, weight: Tensor, x_grid: Grid, weight_grid: Grid, dims: int) -> None:
    _check_integers(x, x_grid, "x")
    _check_integers(weight, weight_grid, "weight")
    if x.device.type != "cpu" or weight.device.type != "cpu":
        raise ValueError(
            f"x is on {x.device} and weight on {weight.device}; products of integers are computed "
            "on the processor. Use .cpu()."
        )
    if x.dim() != dims or weight.dim() != dims:
        raise ValueError(
            f"x has shape {tuple(x.shape)} and weight {tuple(weight.shape)}; both need {dims} "
            "dimensions."
        )
    if x_grid.axis is not None or weight_grid.axis not in (None, 0, -dims):
        raise ValueError(
            f"x_grid has axis {x_grid.axis} and weight_grid {weight_grid.axis}. Only the weights "
            "may have a scale for each output channel (axis 0): any other would differ inside one "
            "sum and could not be taken out of it."
        )


def _check_inputs(given: int, wanted: int, where: str) -> None:
    if given != wanted:
        raise ValueError(f"x has {given} inputs{where}; weight reads {wanted}.")


def _check_room(terms: int, x_grid: Grid, weight_grid: Grid) -> None:
    """Whether each sum of so many products fits into int32, whatever the integers are."""
    largest = [
        max(int((grid.high - grid.zero_point).max()), int((grid.zero_point - grid.low).max()))
        for grid in (x_grid, weight_grid)
    ]
    if terms * math.prod(largest) > INT32.max:
        raise ValueError(
            f"A sum of {terms:,} products of up to {largest[0]} · {largest[1]} may leave int32. "
            f"At most {INT32.max // math.prod(largest):,} fit."
        )
