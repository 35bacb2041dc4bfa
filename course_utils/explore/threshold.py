"""The threshold explorer: drag a threshold over the weights and see which digits it costs."""

import math

import ipywidgets as widgets
import numpy as np
import torch
from torch import Tensor, nn

from course_utils import plotting, pruning
from course_utils.data import Digits
from course_utils.explore import flips
from course_utils.explore.drawing import Film, headline
from course_utils.explore.explorer import LABELLED, Explorer, Seen
from course_utils.explore.histogram import Bins, SplitBars


def threshold_explorer(model: nn.Module, data: Digits) -> Explorer:
    """Prune every weight with |w| < threshold in a copy of ``model``, one threshold for all layers.

    Control: ``threshold``, from 0 (nothing goes) to above the largest |w| (everything goes).
    Facts: ``threshold``, ``sparsity`` over the prunable weights, in [0, 1]; ``accuracy`` on
    ``data.val`` and ``before``, that of the model as it came; ``flipped``, the number of
    validation digits that were right and are wrong; ``examples``, the first ten of them as
    (row, was, now).
    """
    trial = pruning.make_permanent(pruning.plain_copy(model))
    weights = {name: weight.clone() for name, weight in pruning.weights(trial).items()}
    values = torch.cat([weight.flatten() for weight in weights.values()]).cpu()
    magnitudes = values.abs()
    before = flips.answers(trial, data.val)
    controls = {"threshold": _slider(magnitudes)}
    picture = _Picture(values.numpy())

    def look() -> Seen:
        threshold = controls["threshold"].value
        kept = {name: weight.abs() >= threshold for name, weight in weights.items()}
        # The weights behind the last masks return: a smaller threshold keeps more again.
        pruning.apply_masks(trial, kept, regrow=True)
        facts = flips.compare(before, flips.answers(trial, data.val), data.val[1].cpu())
        below = magnitudes < threshold
        facts |= {"threshold": threshold, "sparsity": int(below.sum()) / len(values)}
        picture.update(~below.numpy(), facts, data.val[0])
        return _describe(facts)

    return Explorer(controls, picture.film, look)


def _slider(magnitudes: Tensor) -> widgets.FloatSlider:
    """From 0 to a step above the largest |w|, in 100 to 1000 steps of 1, 0.1, 0.01, …

    It begins where about 90 % of the weights (n,) go.
    """
    largest, start = magnitudes.max().item(), np.quantile(magnitudes.numpy(), 0.9)
    digits = max(0, 2 - math.floor(math.log10(largest or 1)))
    step = 10.0**-digits
    above = round((math.floor(largest / step) + 1) * step, digits)
    return widgets.FloatSlider(
        round(start, digits), min=0, max=above, step=step,
        description="threshold on |w|", tooltip="Weights closer to zero than this go",
        readout_format=f".{digits}f", continuous_update=True, style=LABELLED,
        layout={"width": "560px", "max_width": "100%"},
    )  # fmt: skip


def _describe(facts: dict) -> Seen:
    alt = (
        f"A histogram of all weights with the threshold ≈ {facts['threshold']:g}: ≈ "
        f"{100 * facts['sparsity']:.1f} % of the weights lie below it, and without them the "
        f"validation accuracy is ≈ {100 * facts['accuracy']:.1f} %, before it was "
        f"≈ {100 * facts['before']:.1f} %."
    )
    return Seen(facts, alt, flips.in_words(facts))


class _Picture:
    """The histogram with the threshold, and below it the digits that flip."""

    def __init__(self, values: np.ndarray) -> None:
        self._bins = Bins(values, 121)
        self.film = self._draw()

    @plotting.course_style()
    def _draw(self) -> Film:
        figure, (bars, strip) = plotting.figure(2, 1, height=4.2, height_ratios=(2.4, 1))
        self._bars = SplitBars(bars, self._bins)
        bars.set(
            xlabel="weight, all layers (the end bars hold what lies beyond)",
            ylabel="weights in a bin",
            yscale="log",
        )
        self._strip = flips.Strip(strip)
        self._title = headline(figure)
        moving = [*self._bars.artists, *self._strip.artists, self._title]
        return Film(figure, moving)

    def update(self, kept: np.ndarray, facts: dict, images: Tensor) -> None:
        """``kept``: boolean (weights,). ``images``: (n, 1, 28, 28), where the examples are."""
        threshold = facts["threshold"]
        self._bars.update(self._bins, kept, (-threshold, threshold))
        self._strip.update(facts, images)
        self._title.set_text(
            f"|w| < {threshold:g} takes {100 * facts['sparsity']:.1f} % of the weights; "
            f"validation accuracy {100 * facts['accuracy']:.1f} %"
        )
