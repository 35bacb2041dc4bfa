"""A histogram whose bars are split into kept and pruned, made to be redrawn often."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from course_utils.plotting import KEPT, PRUNED, PRUNED_LINE


class Bins:
    """Values (n,), sorted into bins once; after that a redraw only counts.

    The range holds 99.9 % of the values; the outermost bars hold what lies beyond.
    """

    def __init__(self, values: np.ndarray, bins: int) -> None:
        low, high = np.quantile(values, (0.0005, 0.9995))
        if low < 0 < high:  # symmetric, so that ±threshold cuts alike on both sides
            low, high = -max(-low, high), max(-low, high)
        self.edges = np.histogram_bin_edges([], bins, (low, high))
        self._bin_of = np.clip(np.digitize(values, self.edges) - 1, 0, bins - 1)
        self.total = np.bincount(self._bin_of, minlength=bins)

    def kept(self, kept: np.ndarray) -> np.ndarray:
        """How many values of each bin are kept. ``kept``: boolean (n,)."""
        return np.bincount(self._bin_of[kept], minlength=len(self.total))


class SplitBars:
    """The bars of :class:`Bins` on ``ax``, the pruned part hatched and on top of the kept one."""

    def __init__(self, ax: Axes, bins: Bins) -> None:
        self._ax = ax
        self._pruned = ax.stairs(
            bins.total, bins.edges, fill=True, facecolor=PRUNED, edgecolor=PRUNED_LINE, hatch="//",
            label="pruned",
        )  # fmt: skip
        self._kept = ax.stairs(bins.total, bins.edges, fill=True, color=KEPT, label="kept")
        self._range = None
        self._lines = [ax.axvline(0, color="black", linestyle="--", lw=1.5) for _ in range(2)]

        ax.locator_params(axis="x", nbins=6)
        ax.legend(loc="upper right", ncols=2)

    def update(self, bins: Bins, kept: np.ndarray, thresholds: tuple[float, ...] = ()) -> None:
        """Draw ``bins`` split by ``kept`` (n,), with a dashed line at each of ≤ 2 thresholds."""
        self._pruned.set_data(bins.total, bins.edges)
        self._kept.set_data(bins.kept(kept), bins.edges)
        low, high = bins.edges[[0, -1]]
        for line in self._lines:
            line.set_visible(False)
        for line, place in zip(self._lines, thresholds, strict=False):
            line.set_xdata([np.clip(place, low, high)] * 2)
            line.set_visible(True)
        if self._range != (low, high):  # asked for again, the same limits redraw the axes, too
            self._range = (low, high)
            self._ax.set_xlim(low, high)
            self._ax.set_ylim(*self._heights(bins.total.max()))

    def _heights(self, highest: int) -> tuple[float, float]:
        """Room above the highest bar for the legend."""
        return (0.8, 8 * highest) if self._ax.get_yscale() == "log" else (0, 1.35 * highest)

    @property
    def artists(self) -> list[Artist]:
        """What :meth:`update` moves."""
        return [self._pruned, self._kept, *self._lines]
