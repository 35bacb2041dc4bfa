"""Fewer different numbers: weights that share a few values, and what then trains. Lesson 07.

A shared weight is a table of ``codes`` and a codebook of ``centroids``. Code 0 is a pruned weight:
it is exactly zero and costs no centroid. Code k, from 1 on, is ``centroids[k - 1]``. Han, Mao and
Dally 2016, Deep compression, section 3.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from course_utils._checks import check_choice, check_weight, check_whole
from course_utils.layers import (
    check_can_train,
    check_maskable,
    masked_parameters,
    masked_value,
    prunable,
    refresh,
)

STARTS = ("linear", "density", "random")


def kmeans(
    values: Tensor,
    clusters: int,
    start: str = "linear",
    generator: torch.Generator | None = None,
) -> Tensor:
    """The centroids that Lloyd's k-means finds for the ``values`` that are not zero, rising: (k,).

    From the start on, each value goes to its nearest centroid and each centroid to the mean of its
    values, until nothing moves. ``start``: "linear", evenly from the smallest to the largest value;
    "density", evenly among the sorted values; "random", that many different values, drawn (Han et
    al. 2016, figure 8). Centroids that no value is nearest to are left out, so k may be below
    ``clusters``, and is wherever there are fewer different values. Lloyd finds a minimum of the
    squared error next to the start, not always the least. Raises ``TypeError`` or ``ValueError``
    for values that are no real numbers or all zero. Lloyd 1982.

    >>> kmeans(torch.tensor([0.0, -1.0, -3.0, 0.0, 5.0, 6.0]), clusters=2).tolist()
    [-2.0, 5.5]
    """
    check_choice("start", start, STARTS)
    clusters = check_whole("clusters", clusters, least=1)
    points = _sorted_points(values)
    different = np.unique(points)
    if len(different) <= clusters:
        centroids = different
    else:
        centroids = _lloyd(points, _start(points, different, clusters, start, generator))
    return torch.from_numpy(centroids).to(values.device, values.dtype).unique()


def _lloyd(points: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Sorted points make each cluster a stretch of them, between the middles of two centroids."""
    before = None
    while True:
        ends = np.searchsorted(points, (centroids[1:] + centroids[:-1]) / 2, side="right")
        edges = np.unique([0, *ends, len(points)])  # a stretch without points is none
        if np.array_equal(edges, before):
            return centroids
        before = edges
        centroids = np.add.reduceat(points, edges[:-1]) / np.diff(edges)


def _start(
    points: np.ndarray,
    different: np.ndarray,
    clusters: int,
    start: str,
    generator: torch.Generator | None,
) -> np.ndarray:
    if start == "linear":
        return np.linspace(points[0], points[-1], clusters)
    if start == "density":
        return points[np.linspace(0, len(points) - 1, clusters).round().astype(int)]
    device = "cpu" if generator is None else generator.device
    drawn = torch.randperm(len(different), generator=generator, device=device)[:clusters]
    return np.sort(different[drawn.cpu().numpy()])


def assign(weight: Tensor, centroids: Tensor) -> Tensor:
    """The code of each weight: 0 where it is zero, else 1 + the place of its nearest centroid.

    ``centroids``: (k,), rising. Between two equally near ones the lower is taken. int64, in the
    shape of ``weight``.

    >>> assign(torch.tensor([[0.0, -1.0], [5.0, 9.0]]), torch.tensor([-2.0, 5.5])).tolist()
    [[0, 1], [2, 2]]
    """
    check_weight(weight)
    _check_row(centroids)
    if not (centroids.diff() > 0).all():
        raise ValueError(
            f"centroids must rise, each above the last; got {centroids.tolist()[:8]}. Take "
            "centroids.unique()."
        )
    wide = centroids.detach().cpu().double()  # the middle of two neighbours is exact in 64 bits
    value = weight.detach().cpu().double()
    codes = 1 + torch.bucketize(value, (wide[1:] + wide[:-1]) / 2)
    return codes.masked_fill(value == 0, 0).to(weight.device)


def look_up(codes: Tensor, centroids: Tensor) -> Tensor:
    """The weight that ``codes`` and ``centroids`` stand for, in the shape of ``codes``.

    The inverse of :func:`assign` for a weight that is shared already. Raises ``ValueError`` for a
    code that has no centroid.
    """
    _check_row(centroids)
    _check_codes(codes, len(centroids))
    table = F.pad(centroids, (1, 0))  # (k,) -> (1 + k,): a zero before the first
    return table[codes.to(table.device)]


def centroid_gradient(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    """∂L/∂c for each centroid: the **sum** of ∂L/∂w over the weights that share it, (clusters,).

    ``gradient``: ∂L/∂w, in the shape of ``codes``. A sum, no mean: if a centroid moves, all of its
    weights do. So it is far steeper than one weight, and wants a smaller learning rate.
    """
    clusters = check_whole("clusters", clusters, least=1)
    _check_codes(codes, clusters)
    if gradient.shape != codes.shape:
        raise ValueError(
            f"gradient has shape {tuple(gradient.shape)}, the codes have {tuple(codes.shape)}. "
            "Each weight needs its own derivative."
        )
    sums = gradient.new_zeros(1 + clusters)
    return sums.index_add(0, codes.flatten(), gradient.detach().flatten())[1:]


def share_model(
    model: nn.Module,
    clusters: int | Mapping[str, int],
    *,
    biases: int | None = None,
    start: str = "linear",
    generator: torch.Generator | None = None,
) -> dict[str, Tensor]:
    """Let the weights of each prunable layer share ``clusters`` values, in place; return the codes.

    ``clusters``: of every layer, or by layer name; layers not named stay as they are. ``biases``:
    how many values the biases of these layers share, each layer for itself; without, they stay.
    Masks stay on, with zeros behind them; what is zero stays zero.

    The codes are int64, named as the parameters are in the plain net ("fc1.weight"), and what
    :func:`learn_centroids` needs; a parameter that is zero throughout has none. Raises
    ``ValueError`` for a layer that does not exist or whose weight cannot carry a mask, and for
    numbers that have no mean, before anything is changed.
    """
    check_can_train()
    found = {}
    for full, (layer, name, count) in _asked(model, clusters, biases).items():
        value = _value(layer, name)
        check_weight(value, f"the {name} of {full.rpartition('.')[0]!r}")
        if value.count_nonzero():
            centroids = kmeans(value, count, start, generator)
            found[full] = layer, name, assign(value, centroids), centroids
    with torch.no_grad():
        for layer, name, codes, centroids in found.values():
            getattr(layer, _behind(layer, name)).copy_(look_up(codes, centroids))
    refresh(model)
    return {full: codes for full, (_, _, codes, _) in found.items()}


def _asked(
    model: nn.Module, clusters: int | Mapping[str, int], biases: int | None
) -> dict[str, tuple[nn.Module, str, int]]:
    """Full name of each parameter that is to be shared → its layer, its name there, clusters."""
    layers = prunable(model)
    if not isinstance(clusters, Mapping):
        clusters = dict.fromkeys(layers, clusters)
    for name in clusters:
        if name not in layers:
            raise ValueError(f"{name!r} is not a layer that can be shared; allowed: {[*layers]}.")
    check_maskable(model, clusters)
    asked = {}
    for name, count in clusters.items():
        layer = layers[name]
        asked[_full(name, "weight")] = layer, "weight", count
        if biases is not None and layer.bias is not None:
            asked[_full(name, "bias")] = layer, "bias", biases
    return asked


class Codebook(nn.Module):
    """A parametrization: the centroids are the parameter, the codes stay, the weight is computed.

    So PyTorch itself adds up the gradient of a centroid over its weights, and whatever optimizer
    you like moves centroids.
    """

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.register_buffer("codes", codes, persistent=False)

    def forward(self, centroids: Tensor) -> Tensor:
        return F.pad(centroids, (1, 0))[self.codes]

    def right_inverse(self, weight: Tensor) -> Tensor:
        return _centroids(weight, self.codes)


@contextmanager
def learn_centroids(model: nn.Module, codes: Mapping[str, Tensor]) -> Iterator[nn.Module]:
    """Inside the block, the centroids of ``model`` are its parameters, and the codes stay.

    ``codes``: what :func:`share_model` returned. Train inside the block, with an optimizer that is
    made there; parameters that are not named train as ever. Afterwards the weights are plain
    parameters again, masks on, with as many different values as before. Raises ``ValueError`` for
    codes that do not fit the model, before anything is changed. ::

        codes = share_model(net, 16)
        with learn_centroids(net, codes):
            train(net, data, epochs=2, lr=0.001)
    """
    check_can_train()
    owners = {full: _owner(model, full, each) for full, each in codes.items()}
    try:
        for full, (layer, name) in owners.items():
            getattr(layer, name).grad = None  # it has the shape of the weight
            book = Codebook(codes[full].to(getattr(layer, name).device))
            parametrize.register_parametrization(layer, name, book)
        yield model
    finally:
        for layer, name in owners.values():
            if parametrize.is_parametrized(layer, name):
                layer.parametrizations[name].original.grad = None
                parametrize.remove_parametrizations(layer, name)
        refresh(model)


def _owner(model: nn.Module, full: str, codes: Tensor) -> tuple[nn.Module, str]:
    """The layer of a parameter and what the parameter is called there, or ``ValueError``."""
    layers, (owner, _, name) = prunable(model), full.rpartition(".")
    if owner not in layers or name not in ("weight", "bias"):
        raise ValueError(f"{full!r} is no weight or bias of a layer here; layers: {[*layers]}.")
    layer = layers[owner]
    check_maskable(model, [owner])
    parameter = layer._parameters.get(_behind(layer, name))
    if parameter is None:
        raise ValueError(f"{full!r} is no parameter, so it has no centroids that could learn.")
    everywhere = [each for m in model.modules() for each in m._parameters.values()]
    if sum(each is parameter for each in everywhere) > 1:
        raise ValueError(
            f"{full!r} belongs to several layers, and a codebook in one would take it from the "
            "others. Leave it out, or give each layer a parameter of its own."
        )
    value = _value(layer, name)
    _check_codes(codes, value.numel())
    if codes.shape != value.shape:
        raise ValueError(
            f"The codes of {full!r} have shape {tuple(codes.shape)}, the parameter has "
            f"{tuple(value.shape)}. Give what share_model returned for this model."
        )
    if not torch.equal(F.pad(_centroids(value, codes), (1, 0))[codes.to(value.device)], value):
        raise ValueError(
            f"{full!r} holds different numbers where its codes are the same: it was trained or "
            "pruned since. Call share_model again."
        )
    return layer, _behind(layer, name)


def _centroids(weight: Tensor, codes: Tensor) -> Tensor:
    """The number that stands behind each code, (largest code,); 0 for a code that never occurs."""
    table = weight.new_zeros(1 + int(codes.max()))
    table[codes.to(weight.device)] = weight
    return table[1:]


def _behind(layer: nn.Module, name: str) -> str:
    """What the parameter is called: with a mask on it ``weight_orig``."""
    masked = any(module is layer and name == each for module, each in masked_parameters(layer))
    return f"{name}_orig" if masked else name


def _value(layer: nn.Module, name: str) -> Tensor:
    """A weight or bias as the forward pass uses it, its mask applied, detached."""
    masked = _behind(layer, name) != name
    return masked_value(layer, name) if masked else getattr(layer, name).detach()


def _full(layer: str, name: str) -> str:
    return f"{layer}.{name}" if layer else name


def _sorted_points(values: Tensor) -> np.ndarray:
    check_weight(values, "values")
    points = values.detach().cpu().double()
    points = np.sort(points[points != 0].numpy())
    if not len(points):
        raise ValueError("values is zero throughout: there is nothing to share.")
    if not np.isfinite(points[[0, -1]]).all():
        raise ValueError("values holds infinity, which has no mean. Find where it came from first.")
    return points


def _check_row(centroids: Tensor) -> None:
    check_weight(centroids, "centroids")
    if centroids.dim() != 1:
        raise ValueError(f"centroids must be one row, (k,); got shape {tuple(centroids.shape)}.")


def _check_codes(codes: Tensor, clusters: int) -> None:
    """Whole numbers from 0 to ``clusters``, int64 as an index of PyTorch is, or an error."""
    if not isinstance(codes, Tensor) or codes.dtype != torch.int64:
        got = codes.dtype if isinstance(codes, Tensor) else type(codes).__name__
        raise TypeError(f"codes must be an int64 tensor, 0 for a pruned weight; got {got}.")
    if codes.numel() and not 0 <= int(codes.min()) <= int(codes.max()) <= clusters:
        raise ValueError(
            f"codes reach from {int(codes.min())} to {int(codes.max())}; allowed: 0 for a pruned "
            f"weight and 1 to {clusters}."
        )
