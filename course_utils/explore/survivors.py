"""The survivor explorer: which input pixels a pruned first layer still sees."""

import numpy as np
from matplotlib import colormaps
from torch import Tensor, nn

from course_utils import masks, plotting, pruning
from course_utils.explore.drawing import Film, headline
from course_utils.explore.explorer import Explorer, Seen, per_cent_slider

PIXELS = 784
SCALES = (1, 2, 5, 10, 20, 50, 100)  # per cent; few of them, so that the colours seldom change


def survivor_explorer(model: nn.Module) -> Explorer:
    """Prune ``model`` by global magnitude and see which pixels still reach its first layer.

    ``model``: its first prunable layer reads the 784 pixels, as LeNet-300-100's does; otherwise
    ``ValueError``. Weights that a mask has already pruned count as pruned. Control: ``sparsity`` of
    the whole net (0 to 100 %). Facts: ``left`` (28, 28), the part of each pixel's weights that is
    left, in [0, 1]; ``cut_off``, the pixels without any; ``density`` of each layer by name.
    """
    weights, keep = pruning.weights(model), pruning.masks_of(model)
    first = next(iter(weights))
    if weights[first].dim() != 2 or weights[first].shape[1] != PIXELS:
        raise ValueError(
            f"The first layer {first!r} has a weight of shape {tuple(weights[first].shape)}; "
            "needed is one with a column for each of the 784 pixels, as LeNet300's fc1."
        )
    magnitudes = {name: weight.abs().cpu() for name, weight in weights.items()}
    keep = {name: mask.cpu() for name, mask in keep.items()}
    controls = {
        "sparsity": per_cent_slider(
            "sparsity of the net (%)", 95, "Which part of all weights goes, one threshold for all"
        )
    }
    picture = _Picture(first, [*weights])

    def look() -> Seen:
        sparsity = controls["sparsity"].value / 100
        chosen = masks.global_masks(magnitudes, sparsity, keep)
        left = chosen[first].float().mean(0).reshape(28, 28)
        density = {name: mask.float().mean().item() for name, mask in chosen.items()}
        cut_off = int((left == 0).sum())
        picture.update(left, density, sparsity, cut_off)
        facts = {"sparsity": sparsity, "left": left, "cut_off": cut_off, "density": density}
        return Seen(facts, *_describe(first, facts))

    return Explorer(controls, picture.film, look)


def _describe(first: str, facts: dict) -> tuple[str, list[str]]:
    alt = (
        f"A map of the 784 pixels at {100 * facts['sparsity']:.1f} % sparsity: ≈ "
        f"{facts['cut_off']} pixels are cut off from {first}, and the pixel with most weights "
        f"keeps ≈ {100 * facts['left'].max().item():.1f} % of them."
    )
    parts = [f"{name} ≈ {100 * part:.1f} %" for name, part in facts["density"].items()]
    return alt, [f"Left of each layer: {', '.join(parts)}."]


class _Picture:
    """The map of the pixels, and a bar for each layer."""

    @plotting.course_style()
    def __init__(self, first: str, layers: list[str]) -> None:
        figure, (pixels, bars) = plotting.figure(1, 2, height=3.5)
        colours = colormaps["cividis"].with_extremes(bad="white")
        self._map = pixels.imshow(np.zeros((28, 28)), cmap=colours, vmin=0, vmax=100)
        # A pixel that is cut off is no low number but none: white, with a cross.
        (self._crosses,) = pixels.plot([], [], "x", color=plotting.WRONG, markersize=4, lw=0)
        pixels.set(xlabel="pixel column", ylabel="pixel row", xticks=[0, 14, 27])
        pixels.set(yticks=[0, 14, 27], xlim=(-0.5, 27.5), ylim=(27.5, -0.5))
        pixels.grid(False)
        pixels.set_title("× = cut off")
        bar = figure.colorbar(self._map, ax=pixels, fraction=0.046, pad=0.04)
        bar.set_label(f"left of the pixel's {first} weights (%)")
        self._bars = bars.barh(range(len(layers)), [100] * len(layers), color=plotting.KEPT)
        self._labels = [bars.text(0, row, "100.0 %", va="center") for row in range(len(layers))]
        bars.set_yticks(range(len(layers)), layers)
        bars.set(xlim=(0, 125), ylim=(len(layers) - 0.5, -0.5), xticks=[0, 25, 50, 75, 100])
        bars.set_xlabel("left of the layer's weights (%)")
        bars.set_title("Layer by layer")
        self._title = headline(figure)
        moving = [self._map, self._crosses, *self._bars, *self._labels, self._title]
        self.film = Film(figure, moving)

    def update(self, left: Tensor, density: dict, sparsity: float, cut_off: int) -> None:
        """``left``: (28, 28), in [0, 1]."""
        self._map.set_data(np.ma.masked_equal(100 * left.numpy(), 0))
        top = min(top for top in SCALES if top >= 100 * left.max().item())
        if self._map.get_clim() != (0, top):
            self._map.set_clim(0, top)
        rows, columns = (left == 0).nonzero(as_tuple=True)
        self._crosses.set_data(columns.numpy(), rows.numpy())
        for bar, label, part in zip(self._bars, self._labels, density.values(), strict=True):
            bar.set_width(100 * part)
            label.set_x(100 * part + 2)
            label.set_text(f"{100 * part:.1f} %")
        self._title.set_text(
            f"At {100 * sparsity:.1f} % sparsity {cut_off} of 784 pixels are cut off"
        )
