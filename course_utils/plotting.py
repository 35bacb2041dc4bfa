"""The figures of the course: one style, one meaning for each colour, a second channel beside it.

Each function that draws returns a matplotlib ``Figure``; :func:`show` puts it into
the notebook with its alternative text. The colours are Okabe and Ito's (2008), which stay apart
for colour-blind readers; markers and dashes say the same once more.
"""

import html
import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import as_file, files

import numpy as np
import torch
from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MultipleLocator, PercentFormatter
from PIL import Image
from torch import Tensor

from course_utils.intervals import PairedDifference
from course_utils.masks import global_masks

WIDTH = 7.0  # inches, the width of a notebook's text
SHOWN_WIDTH = 700  # pixels

KEPT, PRUNED, WRONG = "#0072B2", "#F0E4C8", "#D55E00"
DENSE, RANDOM, PRUNED_LINE = "#000000", "#7F7F7F", "#A08040"
# Colour, marker and dash by meaning; the same in all lessons.
LOOKS = {
    "measured": {"color": KEPT, "linestyle": "-", "marker": "o"},
    "if amounts added up": {"color": PRUNED_LINE, "linestyle": "--", "marker": "x"},
    "dense": {"color": DENSE, "linestyle": ":", "marker": ""},
    "global": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "per layer": {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    "random": {"color": RANDOM, "linestyle": "-.", "marker": "x"},
    "random per layer": {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    "untrained, random": {"color": "#009E73", "linestyle": ":", "marker": "^"},
    "fc1": {"color": "#009E73", "linestyle": "-", "marker": "^"},
    "fc2": {"color": "#CC79A7", "linestyle": "--", "marker": "D"},
    "fc3": {"color": "#E69F00", "linestyle": "-.", "marker": "v"},
    "raw": {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    "recalibrated": {"color": "#E69F00", "linestyle": "-.", "marker": "^"},
    "fine-tuned": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "all filters": {"color": "#7F7F7F", "linestyle": "-", "marker": "o"},
    "half of the filters": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "FLOPs": {"color": "#7F7F7F", "linestyle": "--", "marker": ""},
    "time, batch 64": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "time, batch 1": {"color": "#E69F00", "linestyle": "-.", "marker": "^"},
    "magnitude": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "Taylor": {"color": "#D55E00", "linestyle": "--", "marker": "D"},
    "activation-aware": {"color": "#E69F00", "linestyle": "-.", "marker": "^"},
    "norm": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "one-shot": {"color": "#CC79A7", "linestyle": ":", "marker": "D"},
    "linear": {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    "geometric": {"color": "#009E73", "linestyle": "-.", "marker": "^"},
    "cubic": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "ticket": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "new weights": {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    "shuffled mask": {"color": "#7F7F7F", "linestyle": "-.", "marker": "x"},
    "its signs": {"color": "#009E73", "linestyle": ":", "marker": "^"},
    "its sizes": {"color": "#CC79A7", "linestyle": "--", "marker": "D"},
    "no training": {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    "centroids trained": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "per tensor": {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    "per channel": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "CSR": {"color": "#009E73", "linestyle": "-", "marker": "o"},
    "COO": {"color": "#CC79A7", "linestyle": "--", "marker": "s"},
    "bitmask": {"color": "#E69F00", "linestyle": "-.", "marker": "^"},
}
HATCHES = ("", "//", "..", "xx", "\\\\", "--")  # of bars, a second channel beside the colour
MASK_COLOURS = ListedColormap([PRUNED, KEPT])
# The settings of matplotlib are those of all threads: two that came and went crosswise (an explorer
# draws in the background) would leave the course's style behind.
_one_at_a_time = threading.RLock()


@contextmanager
def course_style() -> Iterator[None]:
    """The course's style inside a ``with`` block; your own settings are back after it.

    matplotlib's defaults come first, so that white text in your matplotlibrc stays out of it.
    """
    course = files("course_utils") / "course.mplstyle"
    with _one_at_a_time, as_file(course) as path, style.context(["default", path]):
        yield


@course_style()
def figure(rows: int = 1, columns: int = 1, height: float = 3.6, **options) -> tuple[Figure, list]:
    """A new figure of notebook width and the flat list of its axes. ``height`` in inches."""
    fig = Figure(figsize=(WIDTH, height))
    axes = fig.subplots(rows, columns, squeeze=False, **options)
    return fig, list(axes.flat)


@course_style()
def show(fig: Figure, alt: str) -> None:
    """Display ``fig`` with ``alt``, one sentence that says what is to be seen in it.

    The sentence is stored with the picture, for readers who hear the page and for a terminal.
    JupyterLab (4.6) does not pass it on, so it also stands below the picture, folded.
    Raises ``ValueError`` for an ``alt`` that is too short to be one, and for a title that is longer
    than the figure is wide.
    """
    from IPython.display import display  # here: a quarter of a second that only a notebook needs

    if len(alt) < 40 or not alt.endswith("."):
        raise ValueError(f"alt={alt!r} is not a sentence with the finding (40 letters or more).")
    picture = _small_png(fig)
    _refuse_titles_that_are_cut_off(fig)
    display(
        {"image/png": picture, "text/plain": alt},
        metadata={"image/png": {"alt": alt, "width": SHOWN_WIDTH}},
        raw=True,
    )
    words = f"<details><summary>The picture in words</summary>{html.escape(alt)}</details>"
    display({"text/html": words, "text/plain": ""}, raw=True)


@course_style()
def digits(images: Tensor, labels: Sequence[str], title: str, columns: int = 10) -> Figure:
    """Pictures (n, 1, 28, 28) in a row or grid, each under its label."""
    rows = -(-len(images) // columns)
    fig, axes = figure(rows, columns, height=0.45 + 0.95 * rows)
    for ax in axes:
        ax.set_axis_off()
    for ax, image, label in zip(axes, images, labels, strict=False):
        ax.imshow(image.squeeze(0).numpy(), cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(label, fontsize=9, fontweight="normal", loc="center")
    _headline(fig, title)
    return fig


@course_style()
def training_curve(loss: Sequence[float], accuracy: Sequence[float], title: str) -> Figure:
    """Loss and validation accuracy by epoch, side by side."""
    fig, (left, right) = figure(1, 2, height=2.9)
    epochs = range(1, len(loss) + 1)
    left.plot(epochs, loss, color=KEPT, marker="o")
    right.plot(epochs, accuracy, color=KEPT, marker="o")
    left.set(xlabel="epoch", ylabel="training loss (nats)", ylim=(0, None))
    right.set(xlabel="epoch", ylabel="validation accuracy (%)", ylim=(0, 1))
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=""))
    _headline(fig, title)
    return fig


@course_style()
def mask_heatmap(
    mask: Tensor, title: str, *, wrong: Tensor | None = None, ax: Axes | None = None
) -> Figure:
    """A mask (rows, columns) as square cells, kept dark and pruned light.

    ``wrong``: boolean, of the same shape; these cells are crossed out.
    """
    fig, ax = _canvas(ax, height=3.2)
    grid = _as_grid(mask)
    ax.imshow(grid.float().numpy(), cmap=MASK_COLOURS, vmin=0, vmax=1, interpolation="nearest")
    _cell_lines(ax, grid.shape)
    if wrong is not None:
        rows, columns = _as_grid(wrong).nonzero(as_tuple=True)
        ax.scatter(columns.numpy(), rows.numpy(), marker="x", s=90, linewidths=4, color="white")
        ax.scatter(columns.numpy(), rows.numpy(), marker="x", s=70, linewidths=2, color=WRONG)
    ax.set_title(title)
    return fig


@course_style()
def weight_mask_product(weight: Tensor, mask: Tensor, title: str) -> Figure:
    """W, M and W ⊙ M side by side, the numbers written into the cells. For small matrices."""
    fig, axes = figure(1, 3, height=0.9 + 0.52 * weight.shape[0])
    weight = weight.detach()
    limit = weight.abs().max().item()
    panels = (("W", weight), ("M", mask), ("W′ = W ⊙ M", weight * mask))
    for ax, (name, values) in zip(axes, panels, strict=True):
        if name == "M":
            mask_heatmap(mask, name, ax=ax)
        else:
            ax.imshow(values.numpy(), cmap="PuOr", vmin=-limit, vmax=limit)
            _cell_lines(ax, values.shape)
            ax.set_title(name)
        for (row, column), kept in np.ndenumerate(mask.numpy()):
            value = values[row, column].item()
            dark = kept if name == "M" else abs(value) > 0.6 * limit
            label = f"{value:.1f}" if name == "W" or (kept and name != "M") else f"{abs(value):.0f}"
            ax.text(column, row, label.replace("-", "−"), ha="center", va="center", fontsize=9,
                    color="white" if dark else "black")  # fmt: skip
    _headline(fig, title)
    return fig


@course_style()
def weight_histogram(
    weights: Mapping[str, Tensor], title: str, threshold: float | None = None
) -> Figure:
    """Histograms of the weights of each layer, one beside the other, the threshold as lines."""
    fig, axes = figure(1, len(weights), height=2.8)
    for ax, (name, weight) in zip(axes, weights.items(), strict=True):
        values = weight.detach().flatten().numpy()
        ax.hist(values, bins=61, color=KEPT, density=True)
        if threshold is not None:
            ax.axvspan(
                -threshold, threshold, facecolor=PRUNED, edgecolor=PRUNED_LINE, alpha=0.6,
                hatch="//", lw=0,
            )  # fmt: skip
            below = float((np.abs(values) < threshold).mean())
            ax.set_title(f"{name}: {100 * below:.0f} % below")
        else:
            ax.set_title(name)
        ax.set(xlabel="weight", yticks=[])
    axes[0].set_ylabel("density")
    _headline(fig, title)
    return fig


@course_style()
def accuracy_curves(
    curves: Mapping[str, np.ndarray],
    sparsities: Sequence[float],
    title: str,
    *,
    dense: float | None = None,
    across: str = "dense",
    xlabel: str = "sparsity (% of the weights)",
    ylabel: str = "test accuracy (%)",
    lowest: float = 0.0,
    ticks: Sequence[str] | None = None,
) -> Figure:
    """Accuracy against sparsity: the mean over seeds as a line, smallest to largest as a band.

    ``curves``: name → accuracies in [0, 1], shape (seeds, sparsities). ``dense``: drawn across, and
    called ``across``.
    ``ticks``: what stands below the steps where they are no sparsities.
    The sparsities stand at equal steps, since the interesting ones crowd near 100 %. ``lowest``:
    where the accuracy axis starts, in [0, 1); above 0 where all lines crowd at the top.
    """
    fig, (ax,) = figure()
    steps = range(len(sparsities))
    for name, runs in curves.items():
        runs = np.atleast_2d(runs)
        look = LOOKS.get(name, {})
        ax.plot(steps, runs.mean(0), label=name, **look)
        ax.fill_between(steps, runs.min(0), runs.max(0), color=look.get("color"), alpha=0.18)
    if dense is not None:
        ax.axhline(dense, label=across, **LOOKS["dense"])
    ax.set_xticks(steps, ticks or [f"{100 * value:g}" for value in sparsities])
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=(lowest, 1))
    ax.yaxis.set_major_locator(MultipleLocator(0.05 if lowest else 0.2))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=""))
    ax.set_title(title)
    ax.legend(loc="lower left")
    return fig


@course_style()
def line_curves(
    curves: Mapping[str, Sequence[float]],
    x: Sequence[float],
    title: str,
    *,
    xlabel: str,
    ylabel: str,
    dense: float | None = None,
    log: bool = False,
) -> Figure:
    """Any quantity against any other, one line a name, in the looks of the course."""
    fig, (ax,) = figure()
    for name, values in curves.items():
        ax.plot(x, values, label=name, **LOOKS.get(name, {}))
    if dense is not None:
        ax.axhline(dense, label="dense", **LOOKS["dense"])
    if log:
        ax.set_yscale("log")
        ax.set_yticks([0.2, 0.5, 1, 2, 5, 10], ["0.2", "0.5", "1", "2", "5", "10"])
        ax.set_yticks([], minor=True)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_title(title)
    ax.legend()
    return fig


@course_style()
def codebook_histogram(
    shared: Mapping[str, tuple[Tensor, Tensor]], title: str, height: float = 2.8
) -> Figure:
    """Histograms of weights, one panel a layer, with a line at each centroid.

    ``shared``: layer → its weights that are left and the centroids (k,).
    """
    fig, axes = figure(1, len(shared), height=height)
    for ax, (name, (weights, centroids)) in zip(axes, shared.items(), strict=True):
        ax.hist(weights.detach().flatten().numpy(), bins=61, color=KEPT, density=True)
        for centroid in centroids.tolist():
            ax.axvline(centroid, color=WRONG, linestyle="--", lw=1)
        ax.set_title(f"{name}: {len(centroids)} values")
        ax.set(xlabel="weight", yticks=[])
    axes[0].set_ylabel("density")
    _headline(fig, title)
    return fig


@course_style()
def size_steps(sizes: Mapping[str, float], title: str) -> Figure:
    """The same net in several files: a bar for each, in kB on a logarithmic axis.

    ``sizes``: what it is → bytes. Beside each bar stands how many times smaller than the first.
    """
    fig, (ax,) = figure(height=0.9 + 0.36 * len(sizes))
    kilobytes, places = [size / 1e3 for size in sizes.values()], range(len(sizes))
    ax.barh(places, kilobytes, 0.7, color=KEPT)
    for place, size in zip(places, kilobytes, strict=True):
        ax.text(size * 1.06, place, f"{size:,.0f} kB, {kilobytes[0] / size:.0f} ×", va="center")
    ax.set_xscale("log")
    ax.set_yticks(places, [*sizes])
    ax.invert_yaxis()  # the first on top
    ax.grid(axis="y", visible=False)
    ax.set(xlabel="size (kB, logarithmic)", xlim=(min(kilobytes) / 3, max(kilobytes) * 6))
    _headline(fig, title)
    return fig


@course_style()
def compression_curve(
    ratios: np.ndarray,
    differences: np.ndarray,
    published: Mapping[str, tuple[float, float]],
    title: str,
) -> Figure:
    """What a smaller file costs: a dot for each net, a line through the means, others' records.

    ``ratios``: times smaller, (seeds, steps), on a logarithmic axis; ``differences``: accuracy
    against the dense net in points, in the same shape. ``published``: name → (ratio, difference).
    """
    fig, (ax,) = figure(height=3.9)
    ax.axhline(0, label="dense twin", **LOOKS["dense"])
    ax.plot(ratios, differences, ".", color=KEPT, alpha=0.45)
    ax.plot(ratios.mean(0), differences.mean(0), label="measured, mean", **LOOKS["measured"])
    for name, (ratio, difference) in published.items():
        ax.plot(ratio, difference, "D", color=WRONG, markeredgecolor="white")
        ax.annotate(
            name, (ratio, difference), (0, -14), textcoords="offset points", ha="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )  # fmt: skip
    ax.set_xscale("log")
    ax.set_xlim(0.8 * ratios.min(), 1.2 * ratios.max())
    low, high = ax.get_xlim()
    ticks = [tick for tick in (10, 20, 40, 80, 120, 160, 240, 320) if low < tick < high]
    ax.set_xticks(ticks, [f"{tick}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.set(xlabel="times smaller (logarithmic)", ylabel="accuracy − dense twin (points)")
    ax.set_title(title)
    ax.legend(loc="lower left")
    return fig


@course_style()
def survivors(maps: Mapping[str, Tensor], title: str, top: float | None = None) -> Figure:
    """The part of each input pixel's weights that is left, drawn over the 28×28 input.

    ``maps``: name → first-layer mask (units, 784). Each panel has its own scale, in per cent,
    unless ``top`` gives the end of one for all.
    """
    fig, axes = figure(1, len(maps), height=0.9 + 4.2 / len(maps))
    for ax, (name, mask) in zip(axes, maps.items(), strict=True):
        left = 100 * mask.float().mean(0).reshape(28, 28)
        end = top or max(1, float(left.max()))  # a panel without survivors has a scale, too
        image = ax.imshow(left.numpy(), cmap="cividis", vmin=0, vmax=end)
        ax.set_title(name)
        ax.set(xlabel="pixel column", xticks=[0, 14, 27], yticks=[0, 14, 27])
        ax.grid(False)
        fig.colorbar(image, fraction=0.046, pad=0.04)
    axes[0].set_ylabel("pixel row")
    _headline(fig, title)
    return fig


@course_style()
def mask_panels(masks: Mapping[str, Tensor], title: str, height: float = 2.6) -> Figure:
    """Masks side by side, each under its name, kept dark and pruned light."""
    fig, axes = figure(1, len(masks), height=height)
    for ax, (name, mask) in zip(axes, masks.items(), strict=True):
        mask_heatmap(mask, name, ax=ax)
    _headline(fig, title)
    return fig


@course_style()
def grouped_bars(
    series: Mapping[str, np.ndarray], groups: Sequence[str], title: str, *, ylabel: str
) -> Figure:
    """Bars in groups, one of each name; with several seeds a line from the smallest to the largest.

    ``series``: name → (groups,) numbers, or (seeds, groups), of which the mean is drawn.
    """
    fig, (ax,) = figure()
    width = 0.8 / len(series)
    for index, (name, values) in enumerate(series.items()):
        runs = np.atleast_2d(values)
        mean = runs.mean(0)
        places = np.arange(len(groups)) + (index - (len(series) - 1) / 2) * width
        colour, hatch = LOOKS.get(name, {}).get("color"), HATCHES[index % len(HATCHES)]
        ax.bar(places, mean, 0.92 * width, label=name, color=colour, hatch=hatch, edgecolor="white")
        if len(runs) > 1:
            spread = [mean - runs.min(0), runs.max(0) - mean]
            ax.errorbar(places, mean, spread, fmt="none", ecolor="black", elinewidth=1, capsize=2)
    ax.set_xticks(range(len(groups)), groups)
    ax.set(ylabel=ylabel)
    ax.set_title(title)
    ax.margins(y=0.16)  # room for the legend above the bars
    ax.legend(loc="upper right", ncols=len(series))
    return fig


@course_style()
def binomial_panels(
    draws: Mapping[str, np.ndarray], weights: Sequence[int], probability: float, title: str
) -> Figure:
    """Histograms of realised sparsities, one panel a layer, with the predicted normal curve.

    ``draws``: name → sparsities (n,) of many masks; ``weights``: how many weights each layer has.
    """
    fig, axes = figure(1, len(draws), height=2.9)
    for ax, (name, values), n in zip(axes, draws.items(), weights, strict=True):
        spread = 100 * np.sqrt(probability * (1 - probability) / n)
        middle = 100 * probability
        # A bin for each count that can occur, where there are few enough to tell them apart.
        edges = np.linspace(middle - 5 * spread, middle + 5 * spread, 30)
        if n <= 1000:
            edges = 100 * (np.arange(n + 2) - 0.5) / n
        ax.hist(100 * values, bins=edges, density=True, color=RANDOM, label="drawn")
        x = np.linspace(middle - 4.5 * spread, middle + 4.5 * spread, 200)
        bell = np.exp(-(((x - middle) / spread) ** 2) / 2) / (spread * np.sqrt(2 * np.pi))
        ax.plot(x, bell, color=WRONG, linestyle="--", label="predicted")
        ax.set(xlabel="sparsity of the mask (%)", yticks=[], xlim=(x[0], x[-1]))
        ax.set_title(name)
    axes[0].set_ylabel("density")
    axes[0].legend(loc="upper left")
    _headline(fig, title)
    return fig


@course_style()
def shrinking_interval(intervals: Sequence[PairedDifference], title: str, *, ylabel: str) -> Figure:
    """A mean difference with its confidence interval as more and more seeds come in."""
    fig, (ax,) = figure(height=3.0)
    seeds = [interval.seeds for interval in intervals]
    ax.fill_between(
        seeds, [i.low for i in intervals], [i.high for i in intervals], color=KEPT, alpha=0.18
    )
    ax.plot(seeds, [i.mean for i in intervals], color=KEPT, marker="o")
    ax.axhline(0, **LOOKS["dense"])
    ax.set(xlabel="number of seeds", ylabel=ylabel, xticks=seeds)
    ax.set_title(title)
    return fig


@course_style()
def difference_dots(
    differences: Mapping[str, PairedDifference], title: str, *, xlabel: str
) -> Figure:
    """Mean differences as dots with their confidence intervals, one row a name, 0 as a line."""
    fig, (ax,) = figure(height=1.1 + 0.32 * len(differences))
    for row, difference in enumerate(differences.values()):
        spread = [[difference.mean - difference.low], [difference.high - difference.mean]]
        filled = KEPT if difference.excludes_zero else "white"
        ax.errorbar(
            difference.mean, row, xerr=spread, fmt="o", color=KEPT, mfc=filled, capsize=3
        )  # fmt: skip
    ax.axvline(0, **LOOKS["dense"])
    ax.set_yticks(range(len(differences)), [*differences])
    ax.set(xlabel=xlabel, ylim=(len(differences) - 0.5, -0.5))
    ax.set_title(title)
    return fig


@course_style()
def filter_scores(
    scores: Mapping[str, Mapping[str, Tensor]], sparsity: float, title: str
) -> Figure:
    """The score of every filter, a panel for each criterion, with the threshold over all layers.

    ``scores``: criterion → {layer: (filters,)}. The ``round(sparsity · filters)`` smallest of a
    panel are crosses, the others dots.
    """
    fig, axes = figure(1, len(scores), height=3.0)
    for ax, (name, by_layer) in zip(axes, scores.items(), strict=True):
        keep = global_masks(by_layer, sparsity)
        pruned = torch.cat([values[~keep[layer]] for layer, values in by_layer.items()])
        kept = torch.cat([values[keep[layer]] for layer, values in by_layer.items()])
        for row, (layer, values) in enumerate(by_layer.items()):
            # Spread sideways by position, so that equal scores do not hide each other.
            x = row + 0.5 * (torch.linspace(0, 1, len(values)) - 0.5)
            ax.scatter(x[keep[layer]], values[keep[layer]], s=16, color=KEPT)
            gone = ~keep[layer]
            ax.scatter(x[gone], values[gone], s=22, marker="x", linewidths=1.4, color=WRONG)
        ax.axhline(float(pruned.max() + kept.min()) / 2, **LOOKS["dense"])
        ax.set_xticks(range(len(by_layer)), [layer.replace(" ", "\n") for layer in by_layer])
        ax.set(xlim=(-0.6, len(by_layer) - 0.4), ylim=(0, None))
        ax.grid(False, axis="x")
        ax.set_title(name)
    axes[0].set_ylabel("norm of a filter")
    _headline(fig, title)
    return fig


@course_style()
def agreement_matrix(matrix: np.ndarray, names: Sequence[str], title: str) -> Figure:
    """Rank correlations (names, names) from −1 to 1 as shaded cells with their numbers."""
    fig, (ax,) = figure(height=1.0 + 0.5 * len(names))
    ax.imshow(matrix, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(matrix):
        colour = "black" if value > 0.55 else "white"
        label = f"{round(value, 2) + 0.0:.2f}".replace("-", "−")  # + 0.0 turns −0 into 0
        ax.text(column, row, label, ha="center", va="center", color=colour)
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.set_title(title)
    return fig


@course_style()
def schedule_panels(plans: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Schedules as two pictures: the total after each round, and each round's part of what is left.

    ``plans``: name → cumulative sparsities in [0, 1], starting from a dense net.
    """
    fig, (left, right) = figure(1, 2, height=3.3)
    for name, plan in plans.items():
        totals = np.array([0.0, *plan])
        left.plot(range(len(totals)), 100 * totals, label=name, **LOOKS.get(name, {}))
        density = 1 - totals
        cut = 100 * (1 - density[1:] / density[:-1])
        right.plot(range(1, len(totals)), cut, label=name, **LOOKS.get(name, {}))
    left.set(xlabel="after round", ylabel="total sparsity (%)", ylim=(0, 100))
    right.set(xlabel="round", ylabel="cut, of what is left (%)", ylim=(-3, 100))
    right.legend(loc="upper center")
    _headline(fig, title)
    return fig


@course_style()
def traces(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    title: str,
    *,
    xlabel: str,
    ylabel: str,
) -> Figure:
    """Accuracy along the way, each name with its own x: name → (x, accuracies in [0, 1])."""
    fig, (ax,) = figure()
    for name, (x, y) in curves.items():
        ax.plot(x, y, label=name, **LOOKS.get(name, {}))
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, 1))
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=""))
    ax.set_title(title)
    ax.legend(loc="lower left")
    return fig


@course_style()
def expected_beside_yours(expected: Tensor, got: Tensor) -> Figure:
    """Two masks side by side, the cells that differ crossed out in the second."""
    fig, axes = figure(1, 2, height=2.6)
    wrong = _as_grid(expected) != _as_grid(got)
    mask_heatmap(expected, "expected", ax=axes[0])
    mask_heatmap(got, f"yours: {int(wrong.sum())} cells differ", ax=axes[1], wrong=wrong)
    return fig


def _canvas(ax: Axes | None, height: float = 3.6) -> tuple[Figure, Axes]:
    if ax is not None:
        return ax.figure, ax
    fig, (ax,) = figure(height=height)
    return fig, ax


def _small_png(fig: Figure) -> bytes:
    """The figure as a PNG of 256 colours: a third of the bytes, and no difference to be seen."""
    drawn, packed = io.BytesIO(), io.BytesIO()
    fig.savefig(drawn, format="png")
    picture = Image.open(drawn).convert("RGB").quantize(256)
    picture.save(packed, format="png", optimize=True)
    return packed.getvalue()


def _refuse_titles_that_are_cut_off(fig: Figure) -> None:
    # matplotlib gives out the words of a title only, so the titles are the texts with these words.
    places = ("left", "center", "right")
    words = {fig.get_suptitle(), *(ax.get_title(loc) for ax in fig.axes for loc in places)} - {""}
    renderer = RendererAgg(*fig.bbox.size, fig.dpi)  # the last one drew the PNG, finer
    for text in fig.findobj(Text):
        if text.get_text() in words and text.get_window_extent(renderer).x1 > fig.bbox.x1:
            raise ValueError(
                f"The title {text.get_text()!r} is wider than the figure and would be cut off. "
                "Shorten it."
            )


def _headline(fig: Figure, title: str) -> None:
    fig.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")


def _as_grid(mask: Tensor) -> Tensor:
    """Any mask as (rows, columns): one row for a 1-D mask, a row for each slice of a deeper one."""
    mask = torch.atleast_2d(mask.detach().cpu().bool())
    return mask.flatten(1)


def _cell_lines(ax: Axes, shape: Sequence[int]) -> None:
    """White lines between the cells, where there are few enough to see."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    if max(shape) > 64:
        return
    ax.set_xticks(np.arange(shape[1] + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(shape[0] + 1) - 0.5, minor=True)
    ax.grid(True, which="minor", color="white", linewidth=1.5)
    ax.tick_params(which="minor", length=0)
