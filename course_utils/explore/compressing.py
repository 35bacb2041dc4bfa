"""The compression explorer: which bytes the file of a net has, and which digits they cost."""

from collections.abc import Mapping

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor, nn

from course_utils import coding, masks, measure, plotting, pruning, sharing
from course_utils.data import Digits
from course_utils.explore import flips
from course_utils.explore.drawing import Film, headline
from course_utils.explore.explorer import LABELLED, Explorer, Seen, per_cent_slider
from course_utils.explore.histogram import Bins, SplitBars

LOWEST = 80  # per cent: with more weights left, a step of k-means takes too long to watch
SCALES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)  # kB; few, so that axes seldom move
HEIGHT = 0.25  # of the lines at the shared numbers, of the height of the histogram
CODEBOOKS = [("k-means", "k-means"), ("even steps", "even"), ("none", "none")]
KINDS = {  # of bytes, as coding.Parts has them, with what stands in the legend and how it looks
    "positions": ("which are kept", plotting.KEPT, ""),
    "codes": ("codes", plotting.LOOKS["fc3"]["color"], "//"),
    "numbers": ("numbers", plotting.RANDOM, ".."),
}


def compression_explorer(model: nn.Module, data: Digits) -> Explorer:
    """Prune a copy of ``model``, let its weights share a few numbers, and see its file's bytes.

    Nothing is trained. Controls: ``sparsity`` (80 to 99.5 %, one threshold for all layers),
    ``bits`` (1 to 8: 2^bits numbers for the weights of a layer, and as many for its biases),
    ``codebook`` ("k-means", "even" steps from the smallest to the largest, or "none": all numbers
    stay) and ``layer`` (of the histogram). Facts: ``sparsity`` over the prunable weights;
    ``parts``, layer → :class:`coding.Parts` of all that it holds; ``bytes`` of all layers together,
    which is the file without its head of names and shapes; ``ratio``, 4 bytes a parameter over
    these; ``centroids``, layer → the numbers that its weights share; ``accuracy``, ``before``,
    ``flipped`` and ``examples`` as in :func:`threshold_explorer`.
    """
    trial = pruning.make_permanent(pruning.plain_copy(model))
    start = {name: value.clone() for name, value in trial.state_dict().items()}
    weights = {name: weight.clone() for name, weight in pruning.weights(trial).items()}
    magnitudes = {name: weight.abs() for name, weight in weights.items()}
    dense, before = 4 * measure.count_parameters(trial), flips.answers(trial, data.val)
    controls = _controls([*weights])
    picture = _Picture(weights, [*_by_layer(dict.fromkeys(start, coding.Parts(0, 0, 0)))])

    def look() -> Seen:
        codebook, bits = controls["codebook"].value, controls["bits"]
        bits.disabled = codebook == "none"
        keep = masks.global_masks(magnitudes, controls["sparsity"].value / 100)
        values = {f"{name}.weight": weights[name] * keep[name] for name in weights}
        values |= {f"{name}.bias": start.get(f"{name}.bias") for name in weights}
        values = {name: value for name, value in values.items() if value is not None}
        centroids = {name: _codebook(x, codebook, 2**bits.value) for name, x in values.items()}
        trial.load_state_dict(start | {n: _shared(x, centroids[n]) for n, x in values.items()})
        facts = flips.compare(before, flips.answers(trial, data.val), data.val[1].cpu())
        facts |= {"sparsity": masks.sparsity(trial), "parts": _by_layer(coding.parts(trial))}
        facts["bytes"] = round(sum(map(sum, facts["parts"].values())))
        facts["ratio"] = dense / max(facts["bytes"], 1)
        facts["centroids"] = {name: centroids[f"{name}.weight"] for name in weights}
        picture.update(controls["layer"].value, keep, facts, data.val[0])
        return _describe(facts, "" if codebook == "none" else f"{2**bits.value} ")

    return Explorer(controls, picture.film, look)


def _controls(layers: list[str]) -> dict[str, widgets.Widget]:
    return {
        "sparsity": per_cent_slider(
            "sparsity (%)", 95, "Which part of all weights goes", low=LOWEST, high=99.5
        ),
        "bits": widgets.IntSlider(
            3, min=1, max=8, description="bits", style=LABELLED, layout={"width": "240px"},
            tooltip="Bits of a code: 2 to this power numbers for the weights of a layer",
        ),
        "codebook": widgets.Dropdown(
            options=CODEBOOKS, description="codebook", style=LABELLED, layout={"width": "200px"},
            tooltip="How the numbers that the weights share are chosen",
        ),
        "layer": widgets.Dropdown(
            options=layers, description="histogram of", style=LABELLED, layout={"width": "200px"},
            tooltip="Whose weights the histogram shows",
        ),
    }  # fmt: skip


def _codebook(values: Tensor, kind: str, clusters: int) -> Tensor:
    """The numbers that ``values``, of any shape, are to share, rising; none where all stay."""
    kept = values[values != 0]
    if kind == "none" or not len(kept):
        return kept.new_empty(0)
    if kind == "k-means":
        return sharing.kmeans(kept, clusters)
    low, high = kept.aminmax()
    return torch.linspace(low, high, clusters, device=kept.device).unique()


def _shared(values: Tensor, centroids: Tensor) -> Tensor:
    if not len(centroids):
        return values
    return sharing.look_up(sharing.assign(values, centroids), centroids)


def _by_layer(parts: Mapping[str, coding.Parts]) -> dict[str, coding.Parts]:
    """Weight and bias of a layer together, in the order of the layers."""
    layers: dict[str, list] = {}
    for name, each in parts.items():
        layers.setdefault(name.rpartition(".")[0] or name, []).append(each)
    return {name: coding.Parts(*map(sum, zip(*each, strict=True))) for name, each in layers.items()}


def _describe(facts: dict, numbers: str) -> Seen:
    shared = f"{numbers}shared numbers a layer" if numbers else "all of its own numbers"
    alt = (
        f"Bars with the bytes of each layer at {100 * facts['sparsity']:.1f} % sparsity and "
        f"{shared}: ≈ {facts['bytes']:,} bytes together, ≈ {facts['ratio']:.1f} times fewer than 4 "
        f"a parameter. The validation accuracy is ≈ {100 * facts['accuracy']:.1f} %, before it was "
        f"≈ {100 * facts['before']:.1f} %."
    )
    words = [
        f"{name}: which are kept ≈ {each.positions:,.0f} bytes, codes ≈ {each.codes:,.0f}, "
        f"numbers ≈ {each.numbers:,}."
        for name, each in facts["parts"].items()
    ]
    return Seen(facts, alt, [*words, *flips.in_words(facts)])


class _Picture:
    """The bytes layer by layer, the histogram of a layer with its codes, the digits that flip."""

    @plotting.course_style()
    def __init__(self, weights: Mapping[str, Tensor], rows: list[str]) -> None:
        self._bins = {name: Bins(w.flatten().cpu().numpy(), 121) for name, w in weights.items()}
        figure, (stored, bars, strip) = plotting.figure(
            3, 1, height=4.2 + 0.3 * len(rows), height_ratios=(0.6 + 0.3 * len(rows), 2.2, 1)
        )
        self._draw_parts(stored, rows)
        self._bars = SplitBars(bars, next(iter(self._bins.values())))
        self._codes = bars.vlines(
            [0.0], 0, HEIGHT, transform=bars.get_xaxis_transform(), color=plotting.DENSE,
            label="numbers that they share",
        )  # fmt: skip
        bars.legend(loc="upper right", ncols=3)
        bars.set(xlabel="weight (the end bars hold what lies beyond)", ylabel="weights in a bin")
        bars.set_yscale("log")
        self._name = bars.set_title("Weights of a layer")
        self._strip, self._title = flips.Strip(strip), headline(figure)
        moving = [
            *(bar for part in self._parts.values() for bar in part), *self._sums,
            *self._bars.artists, self._codes, *self._strip.artists, self._title,
        ]  # fmt: skip
        self.film = Film(figure, moving)

    def _draw_parts(self, ax: Axes, rows: list[str]) -> None:
        places = range(len(rows))
        self._stored = ax
        self._parts = {
            kind: ax.barh(places, [1.0] * len(rows), 0.7, color=colour, hatch=hatch, label=label)
            for kind, (label, colour, hatch) in KINDS.items()
        }
        self._sums = [ax.text(0, row, "0.00", va="center") for row in places]
        ax.set_yticks(places, rows)
        ax.set(xlabel="in the file (kB)", ylim=(len(rows) - 0.5, -0.5), xlim=(0, 1))
        ax.grid(axis="y", visible=False)
        ax.legend(loc="lower right", ncols=3)

    def update(self, layer: str, keep: Mapping[str, Tensor], facts: dict, images: Tensor) -> None:
        """``layer``: whose histogram. ``images``: (n, 1, 28, 28), where the examples are."""
        kilobytes = np.array([*facts["parts"].values()]) / 1000  # (layers, kinds)
        for column, bars in enumerate(self._parts.values()):
            for row, bar in enumerate(bars):
                bar.set_x(kilobytes[row, :column].sum())
                bar.set_width(kilobytes[row, column])
        sums = kilobytes.sum(1)
        top = next((top for top in SCALES if top >= 1.15 * sums.max()), 1.15 * sums.max())
        for label, total in zip(self._sums, sums, strict=True):
            label.set_x(total + 0.01 * top)
            label.set_text(f"{total:.2f}")
        if self._stored.get_xlim() != (0, top):  # asked for again, it redraws the axes, too
            self._stored.set_xlim(0, top)
        self._bars.update(self._bins[layer], keep[layer].cpu().numpy().ravel())
        places = facts["centroids"][layer].cpu().numpy().clip(*self._bins[layer].edges[[0, -1]])
        self._codes.set_segments([[(place, 0), (place, HEIGHT)] for place in places])
        self._name.set_text(f"Weights of {layer}")  # another one has all drawn again
        self._strip.update(facts, images)
        self._title.set_text(
            f"{facts['bytes'] / 1000:.1f} kB, {facts['ratio']:.0f} × smaller; "
            f"validation accuracy {100 * facts['accuracy']:.1f} %"
        )
