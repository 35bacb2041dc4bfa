"""The mask explorer: five ways to choose a mask, and what the result costs to store."""

import ipywidgets as widgets
import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.colors import Normalize
from torch import Tensor

from course_utils import masks, measure, plotting, scores
from course_utils._checks import check_weight
from course_utils.explore.drawing import Film, headline
from course_utils.explore.explorer import LABELLED, Explorer, Seen, per_cent_slider
from course_utils.explore.histogram import Bins, SplitBars
from course_utils.patterns import n_of_m

STORED_AS = ("dense", "csr", "bitmask")
# A mask drawn from the seed that its weight was drawn from follows the weight's sign, not chance.
FIRST_SEED = 1000


def mask_explorer(weight: Tensor) -> Explorer:
    """Choose a mask for ``weight`` and see W, M, W ⊙ M, the histogram and the bytes.

    ``weight``: a floating-point tensor of any shape; a conv weight is drawn as one row a filter.
    Controls: ``method`` ("magnitude", "random", "L1", "L2", "2:4"), ``sparsity`` (0 to 100 %),
    ``seed`` (of "random"). 2:4 fixes the sparsity itself. Facts: ``pruned``, ``total``,
    ``sparsity``, ``threshold`` (None where no threshold decides) and the bytes ``dense``, ``csr``
    and ``bitmask``. Raises as ``masks.magnitude_mask`` for an empty weight, integers and NaN.
    """
    check_weight(weight)
    weight = weight.detach().cpu().clone(memory_format=torch.contiguous_format)
    controls = _controls("filters" if weight.dim() > 2 else "rows")
    picture = _Picture(weight)

    def look() -> Seen:
        method = controls["method"].value
        controls["seed"].disabled = method != "random"
        controls["sparsity"].disabled = method == "2:4"
        if method == "2:4":
            controls["sparsity"].value = 50
        mask = _choose(weight, method, controls["sparsity"].value / 100, controls["seed"].value)
        threshold = _threshold(weight, mask, method)
        picture.update(mask, method, threshold)
        seen = _describe(weight, mask, controls["method"].label, threshold)
        picture.title.set_text(
            f"{controls['method'].label}: {seen.facts['pruned']:,} of {seen.facts['total']:,} "
            f"weights pruned ({seen.facts['sparsity']:.1%})".replace("%", " %")
        )
        return seen

    return Explorer(controls, picture.film, look)


def _controls(slices: str) -> dict[str, widgets.Widget]:
    methods = [
        ("magnitude", "magnitude"), ("random", "random"), (f"{slices} by L1", "L1"),
        (f"{slices} by L2", "L2"), ("2:4", "2:4"),
    ]  # fmt: skip
    return {
        "method": widgets.Dropdown(
            options=methods, description="method", style=LABELLED, layout={"width": "220px"},
            tooltip="What decides which weights go",
        ),
        "sparsity": per_cent_slider("sparsity (%)", 80, "Which part of the weights goes"),
        "seed": widgets.BoundedIntText(
            0, min=0, max=9999, description="seed", style=LABELLED, layout={"width": "130px"},
            tooltip="Another seed draws another random mask",
        ),
    }  # fmt: skip


def _choose(weight: Tensor, method: str, sparsity: float, seed: int) -> Tensor:
    if method == "magnitude":
        return masks.magnitude_mask(weight, sparsity)
    if method == "random":
        draws = torch.Generator().manual_seed(FIRST_SEED + seed)
        return masks.random_mask(weight, sparsity, generator=draws)
    if method == "2:4":
        return n_of_m(weight, 2, 4)
    return masks.norm_mask(weight, sparsity, n=int(method[1]))


def _threshold(weight: Tensor, mask: Tensor, method: str) -> float | None:
    """The largest |w|, or row's norm, that goes; None where none does or no threshold decides."""
    if mask.all() or method in ("random", "2:4"):
        return None
    if method == "magnitude":
        return weight[~mask].abs().max().item()
    return scores.group_norm(weight, int(method[1]))[~_kept_rows(mask)].max().item()


def _kept_rows(mask: Tensor) -> Tensor:
    return mask.reshape(len(mask), -1).any(1)


def _describe(weight: Tensor, mask: Tensor, method: str, threshold: float | None) -> Seen:
    product = weight * mask
    stored = {format: measure.size_bytes(product, format) for format in STORED_AS}
    pruned, total = int((~mask).sum()), mask.numel()
    facts = {"pruned": pruned, "total": total, "sparsity": pruned / total, "threshold": threshold}
    shape = " × ".join(map(str, weight.shape))
    limit = "no threshold" if threshold is None else f"a threshold of ≈ {threshold:.4f}"
    alt = (
        f"A weight of {shape}, its mask and their product (method: {method}): {pruned:,} of "
        f"{total:,} weights are pruned ({100 * pruned / total:.1f} %), with {limit}."
    )
    words = (
        f"Stored dense it takes {stored['dense']:,} bytes, as CSR {stored['csr']:,}, "
        f"with a bitmask {stored['bitmask']:,}."
    )
    return Seen(facts | stored, alt, [words])


class _Picture:
    """W and M above W ⊙ M and the histogram, drawn once and then only coloured anew."""

    def __init__(self, weight: Tensor) -> None:
        grid = torch.atleast_2d(weight).flatten(1).numpy()  # (rows, columns)
        values = weight.numpy().ravel()
        self._bins = {"weights": Bins(values, 61 if values.size > 1000 else 15)}
        for n in (1, 2):
            norms = scores.group_norm(weight, n).numpy()
            self._bins[f"L{n}"] = Bins(norms, min(30, len(norms)))
        limit = np.quantile(np.abs(grid), 0.99 if grid.size > 1000 else 1) or 1.0
        colour = Normalize(-limit, limit)
        # Colours are looked up once: a redraw then only picks among them.
        self._w = colormaps["PuOr"](colour(grid), bytes=True)
        self._zero = np.array(colormaps["PuOr"](0.5, bytes=True))
        self._mask_colours = plotting.MASK_COLOURS([0, 1], bytes=True)
        self._draw(grid, "filter" if weight.dim() > 2 else "row")

    @plotting.course_style()
    def _draw(self, grid: np.ndarray, slices: str) -> None:
        figure, (w, m, product, bars) = plotting.figure(2, 2, height=4.4)
        rows, columns = grid.shape
        square = "equal" if max(rows, columns) <= 8 * min(rows, columns) else "auto"
        images = []
        for ax, name in ((w, "W"), (m, "M: dark = kept"), (product, "W ⊙ M: pale = zero")):
            images.append(ax.imshow(self._w, interpolation="nearest", aspect=square))
            ax.set_title(name)
            ax.set(xlabel="column" if slices == "row" else "weight of the filter", ylabel=slices)
            ax.set(xticks=[0, columns - 1], yticks=[0, rows - 1])
            ax.grid(False)
        _, self._m, self._product = images
        self._slices, self._axis = slices, bars
        self._bars = SplitBars(bars, self._bins["weights"])
        bars.set(xlabel=f"L1 norm of a {slices}", ylabel="weights in a bin")
        self._bars_title = bars.set_title("Which weights go")
        self.title = headline(figure)
        self.film = Film(figure, [self._m, self._product, *self._bars.artists, self.title])

    def update(self, mask: Tensor, method: str, threshold: float | None) -> None:
        """Show ``mask``, and ``threshold`` in the histogram that ``method`` decides by."""
        grid = torch.atleast_2d(mask).flatten(1).numpy()
        self._m.set_data(self._mask_colours[grid.astype(np.uint8)])
        self._product.set_data(np.where(grid[..., None], self._w, self._zero))
        by_rows = method in ("L1", "L2")
        bins = self._bins[method if by_rows else "weights"]
        kept = _kept_rows(mask).numpy() if by_rows else mask.numpy().ravel()
        places = () if threshold is None else (threshold,) if by_rows else (-threshold, threshold)
        self._bars.update(bins, kept, places)
        unit = f"{self._slices}s" if by_rows else "weights"
        # Through the texts themselves: set_xlabel would have all axes drawn again.
        label = f"{method} norm of a {self._slices}" if by_rows else "weight"
        self._axis.xaxis.label.set_text(label)
        self._axis.yaxis.label.set_text(f"{unit} in a bin")
        self._bars_title.set_text(f"Which {unit} go")
