"""The digits that a change to a net costs: which were right and are wrong, and a strip of them."""

import numpy as np
import torch
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from torch import Tensor, nn

from course_utils.data import Split
from course_utils.training import AT_ONCE

SHOWN = 10  # digits in the strip
CELL = 32  # pixels of the strip for each digit: 28 and a margin


@torch.no_grad()
def answers(model: nn.Module, split: Split) -> Tensor:
    """The digit that ``model`` (in eval mode) reads in each image: (n, 1, 28, 28) → (n,)."""
    device = next(model.parameters()).device
    model.eval()
    return torch.cat([model(x.to(device)).argmax(1).cpu() for x in split[0].split(AT_ONCE)])


def compare(before: Tensor, after: Tensor, truth: Tensor) -> dict[str, object]:
    """``accuracy`` and ``before``, how many ``flipped`` from right to wrong, and the first ten of
    them as ``examples``: (row, was, now)."""
    flipped = ((before == truth) & (after != truth)).nonzero().squeeze(1)
    return {
        "accuracy": (after == truth).float().mean().item(),
        "before": (before == truth).float().mean().item(),
        "flipped": len(flipped),
        "examples": [(row, int(before[row]), int(after[row])) for row in flipped.tolist()[:SHOWN]],
    }


def in_words(facts: dict) -> list[str]:
    """What :func:`compare` found, in a line or two."""
    words = [f"Validation digits that were right and are wrong now: ≈ {facts['flipped']}."]
    if facts["examples"]:
        flips = ", ".join(f"was {was} → now {now}" for _, was, now in facts["examples"])
        words.append(f"The first of them: {flips}.")
    return words


class Strip:
    """The first digits that flipped, beside each other on ``ax``, made to be redrawn often."""

    def __init__(self, ax: Axes) -> None:
        self._strip = ax.imshow(np.zeros((CELL, SHOWN * CELL)), cmap="gray_r", vmin=0, vmax=1)
        self._labels = [
            ax.text(CELL * (place + 0.5), CELL + 1, "was 0\nnow 0", ha="center", va="top")
            for place in range(SHOWN)
        ]
        ax.set_axis_off()
        self._title = ax.set_title("Right before, wrong now")

    def update(self, facts: dict, images: Tensor) -> None:
        """Show what :func:`compare` found. ``images``: (n, 1, 28, 28), where the examples are."""
        flipped, shown = facts["flipped"], facts["examples"]
        strip = np.zeros((CELL, SHOWN * CELL))
        for place, label in enumerate(self._labels):
            label.set_text("")
            if place < len(shown):
                row, was, now = shown[place]
                left = place * CELL + 2
                strip[2:30, left : left + 28] = images[row, 0].cpu()
                label.set_text(f"was {was}\nnow {now}")
        self._strip.set_data(strip)
        self._title.set_text(
            f"Right before, wrong now: {flipped}"
            + (f", here the first {SHOWN}" * (flipped > SHOWN))
        )

    @property
    def artists(self) -> list[Artist]:
        """What :meth:`update` moves."""
        return [self._strip, *self._labels, self._title]
