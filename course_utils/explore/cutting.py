"""The surgery explorer: take filters out one by one and see what hangs on them."""

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from torch import Tensor, nn

from course_utils import measure, plotting, pruning, surgery, training
from course_utils.data import Digits
from course_utils.explore.drawing import Film, headline
from course_utils.explore.explorer import LABELLED, Explorer, Seen, wrapped

MOST = 64  # filters of a layer: one button each
CUT, KEPT, HANGING = 0, 1, 2  # what a cell of the schematic picture says
COLOURS = ListedColormap([plotting.PRUNED, plotting.KEPT, plotting.WRONG])
SCALES = ("parameters", "flops")


def surgery_explorer(model: nn.Module, data: Digits) -> Explorer:
    """Switch filters of ``model`` off; a copy without them is built and measured each time.

    ``model``: a plain chain such as ``ConvNet``, with at most 64 filters a layer; otherwise
    ``ValueError``. Controls: ``layer``, and ``filter 0``, ``filter 1``, … of that layer (True =
    kept). The last filter of a layer cannot go: its button comes back on. Facts: ``keep`` (layer →
    boolean (filters,)), ``parameters``, ``flops`` (of one image), ``accuracy`` on ``data.val``,
    ``full`` (the three numbers of the whole model) and ``refused`` (a sentence or None).
    """
    layers = _chain(model)
    keep = {name: torch.ones(layers[name], dtype=torch.bool) for name in [*layers][:-1]}
    full = _measure(model, data)
    controls, toggles, buttons = _controls(keep)
    picture = _Picture(model, layers)
    shown, small = controls["layer"].value, model

    def look() -> Seen:
        nonlocal shown, small
        name, refused = controls["layer"].value, None
        if name == shown:
            asked = torch.tensor([toggle.value for toggle in toggles[: layers[name]]])
            try:
                small = surgery.remove_filters(model, keep | {name: asked})
                keep[name] = asked
            except ValueError as error:
                refused = str(error)
        shown = name
        _show_buttons(toggles, buttons, name, keep[name])
        numbers = _measure(small, data)
        picture.update(small, name, keep, numbers, full)
        facts = {**numbers, "full": full, "refused": refused, "layer": name}
        facts["keep"] = {layer: kept.clone() for layer, kept in keep.items()}
        return _describe(facts, [*layers])

    return Explorer(controls, picture.film, look, [controls["layer"], buttons])


def _chain(model: nn.Module) -> dict[str, int]:
    """Name → filters of each layer in the order of the data flow, or ``ValueError``."""
    sizes = {name: len(layer.weight) for name, layer in pruning.prunable(model).items()}
    removable = [*surgery.filter_layers(model)]
    if not removable or removable != [*sizes][:-1]:
        raise ValueError(
            f"The layers of {type(model).__name__} are no plain chain: filters can be removed from "
            f"{removable} of {[*sizes]}. Use a ConvNet."
        )
    wide = {name: sizes[name] for name in removable if sizes[name] > MOST}
    if wide:
        raise ValueError(f"One button a filter allows {MOST} filters a layer; got {wide}.")
    return sizes


def _controls(keep: dict[str, Tensor]) -> tuple[dict, list[widgets.ToggleButton], widgets.Box]:
    layer = widgets.Dropdown(
        options=[*keep], description="layer", style=LABELLED, layout={"width": "260px"},
        tooltip="The layer whose filters the buttons switch",
    )  # fmt: skip
    # All layers share the buttons, and they one layout: each widget is a message to the page.
    layout = widgets.Layout(width="64px", margin="2px")
    most = max(map(len, keep.values()))
    toggles = [widgets.ToggleButton(True, description="on", layout=layout) for _ in range(most)]
    named = {f"filter {number}": toggle for number, toggle in enumerate(toggles)}
    return {"layer": layer, **named}, toggles, wrapped([])


def _show_buttons(
    toggles: list[widgets.ToggleButton], box: widgets.Box, layer: str, kept: Tensor
) -> None:
    """As many buttons as ``layer`` has filters, each with what it says of its filter."""
    for number, (toggle, on) in enumerate(zip(toggles, kept.tolist(), strict=False)):
        toggle.value = on
        toggle.description = f"{number} {'✓' if on else '✗'}"
        toggle.tooltip = f"Filter {number} of {layer}: {'kept' if on else 'removed'}"
    if len(box.children) != len(kept):
        box.children = toggles[: len(kept)]


def _measure(model: nn.Module, data: Digits) -> dict[str, float]:
    return {
        "parameters": measure.count_parameters(model),
        "flops": measure.flops(model, data.val[0][:1]),
        "accuracy": training.evaluate(model, data.val),
    }


def _describe(facts: dict, layers: list[str]) -> Seen:
    name, full = facts["layer"], facts["full"]
    kept = facts["keep"][name]
    following = layers[layers.index(name) + 1]
    alt = (
        f"The layers of the net as grids of filters: {name} keeps {int(kept.sum())} of its "
        f"{len(kept)} filters; input channels of {following} that hang on the others: "
        f"{int((~kept).sum())}; the validation accuracy is ≈ {100 * facts['accuracy']:.1f} %."
    )
    words = [
        f"Parameters: {facts['parameters']:,} of {full['parameters']:,}. FLOPs for one image: "
        f"{facts['flops']:,} of {full['flops']:,}. Validation accuracy before: "
        f"≈ {100 * full['accuracy']:.1f} %."
    ]
    return Seen(facts, alt, [facts["refused"], *words] if facts["refused"] else words)


class _Picture:
    """A grid for each layer, filters down and input channels across, and three bars below."""

    @plotting.course_style()
    def __init__(self, model: nn.Module, layers: dict[str, int]) -> None:
        self._layers = layers
        figure = Figure(figsize=(plotting.WIDTH, 5.2))
        panels = [[*layers], ["bars"] * len(layers)]
        axes = figure.subplot_mosaic(panels, height_ratios=(2.4, 1))
        self._grids = {name: axes[name] for name in layers}
        self._images, self._marks, self._titles = {}, {}, {}
        for name, ax in self._grids.items():
            self._draw_grid(name, ax, _channels(model, name, layers))
        patches = [Patch(color=COLOURS(code)) for code in (KEPT, CUT, HANGING)]
        words = ["kept", "filter removed", "▼ hangs on a removed filter"]
        figure.legend(patches, words, loc="outside lower left", ncols=3)
        self._draw_bars(axes["bars"])
        self._title = headline(figure)
        self.film = Film(figure, [])  # a click may change anything, and may take longer

    def _draw_grid(self, name: str, ax: plotting.Axes, channels: int) -> None:
        filters = self._layers[name]
        self._images[name] = ax.imshow(
            np.full((filters, channels), KEPT), cmap=COLOURS, vmin=0, vmax=2, aspect="auto",
            interpolation="nearest",
        )  # fmt: skip
        (self._marks[name],) = ax.plot([], [], "v", color=plotting.WRONG, ms=4, clip_on=False)
        self._marks[name].set_in_layout(False)  # it has no place yet
        lines = {"color": "white", "linewidth": 0.8}
        if filters <= 32:  # room enough to tell one from the next
            ax.hlines(np.arange(1, filters) - 0.5, -0.5, channels - 0.5, **lines)
        if channels <= 16:
            ax.vlines(np.arange(1, channels) - 0.5, -0.5, filters - 0.5, **lines)
        last = name == [*self._layers][-1]
        ax.set(xlabel="input channel", ylabel="class" if last else "filter")
        ax.set(xticks=sorted({0, channels - 1}), yticks=[0, filters - 1])
        ax.set(xlim=(-0.5, channels - 0.5), ylim=(filters - 0.5, -0.5))
        ax.grid(False)
        sizes = f"{name}\n{filters}×{channels} → {filters}×{channels}"
        self._titles[name] = ax.set_title(sizes, fontsize=8, pad=10)

    def _draw_bars(self, ax: plotting.Axes) -> None:
        self._bars = ax.barh(range(3), [100] * 3, color=plotting.KEPT)
        self._labels = [ax.text(0, row, "", va="center", fontsize=9) for row in range(3)]
        ax.set_yticks(range(3), ["parameters", "FLOPs", "accuracy"])
        ax.set(xlim=(0, 150), ylim=(2.5, -0.5), xticks=[0, 25, 50, 75, 100])
        ax.set_xlabel("of the whole net; accuracy on the validation part (%)")

    def update(
        self, small: nn.Module, chosen: str, keep: dict[str, Tensor], now: dict, full: dict
    ) -> None:
        """``small``: the net without what ``keep`` marks False. ``chosen``: the layer in hand."""
        before = None
        for name in self._grids:
            cells = self._cells(name, keep, before)
            self._images[name].set_data(cells)
            hanging = (cells == HANGING).any(0).nonzero()[0]
            self._marks[name].set_data(hanging, np.full(len(hanging), -1.02 - 0.005 * len(cells)))
            weight = small.get_submodule(name).weight
            left = int(keep[before].sum()) if before else weight.shape[1]
            filters, channels = cells.shape
            self._titles[name].set_text(
                f"{'▶ ' * (name == chosen)}{name}\n{filters}×{channels} → {len(weight)}×{left}"
            )
            before = name
        self._move_bars(now, full)
        off = int((~keep[chosen]).sum())
        self._title.set_text(
            f"{chosen} keeps {len(keep[chosen]) - off} of {len(keep[chosen])} filters; "
            f"input channels gone from the next layer: {off}"
        )

    def _cells(self, name: str, keep: dict[str, Tensor], before: str | None) -> np.ndarray:
        """(filters, channels) of the codes above."""
        cells = np.full(self._images[name].get_array().shape, KEPT)
        if before is not None:
            cells[:, ~keep[before].numpy()] = HANGING
        if name in keep:
            cells[~keep[name].numpy()] = CUT
        return cells

    def _move_bars(self, now: dict, full: dict) -> None:
        sizes = [100 * now[name] / full[name] for name in SCALES] + [100 * now["accuracy"]]
        texts = [f"{now[name]:,} of {full[name]:,}" for name in SCALES]
        texts.append(f"{100 * now['accuracy']:.1f} %, before {100 * full['accuracy']:.1f} %")
        for bar, label, size, text in zip(self._bars, self._labels, sizes, texts, strict=True):
            bar.set_width(size)
            label.set_x(size + 1.5)
            label.set_text(text)


def _channels(model: nn.Module, name: str, layers: dict[str, int]) -> int:
    """The channels that ``name`` reads: the filters before it, whatever a flatten made of them."""
    names = [*layers]
    place = names.index(name)
    return layers[names[place - 1]] if place else model.get_submodule(name).weight.shape[1]
