"""Every figure the library draws, and a picture of each that somebody has looked at.

nbval compares no pictures, so ``test_plotting.py`` compares what is drawn with ``tests/figures``.
After a change on purpose: ``.venv/bin/python tests/figures.py``, then look at what git says is new.
"""

from pathlib import Path

import numpy as np
import torch

from course_utils import plotting
from course_utils.intervals import paired_difference

LOOKED_AT = Path(__file__).with_name("figures")
FIGURES = {
    "digits": lambda: plotting.digits(torch.rand(3, 1, 28, 28), ["a", "b", "c"], "t"),
    "training_curve": lambda: plotting.training_curve([2.0, 1.0], [0.5, 0.75], "t"),
    "mask_heatmap": lambda: plotting.mask_heatmap(torch.eye(4).bool(), "t"),
    "weight_mask_product": lambda: plotting.weight_mask_product(
        torch.randn(3, 4), torch.eye(3, 4).bool(), "t"
    ),
    "weight_histogram": lambda: plotting.weight_histogram({"fc1": torch.randn(50)}, "t", 0.5),
    "accuracy_curves": lambda: plotting.accuracy_curves(
        {"global": np.array([[0.9, 0.5], [0.8, 0.3]])}, [0.5, 0.99], "t", dense=0.95
    ),
    "line_curves": lambda: plotting.line_curves(
        {"CSR": [2.0, 1.0]}, [50, 99], "t", xlabel="x (%)", ylabel="y", dense=1.0, log=True
    ),
    "survivors": lambda: plotting.survivors({"90 %": torch.ones(300, 784).bool()}, "t"),
    "mask_panels": lambda: plotting.mask_panels({"a": torch.eye(3).bool()}, "t"),
    "grouped_bars": lambda: plotting.grouped_bars(
        {"raw": np.array([1.0, 2.0]), "fine-tuned": np.array([[3.0, 4.0], [5.0, 8.0]])},
        ["25 %", "50 %"],
        "t",
        ylabel="accuracy (%)",
    ),
    "binomial_panels": lambda: plotting.binomial_panels(
        {"small": np.array([0.3, 0.31]), "large": np.array([0.3, 0.301])}, [100, 10_000], 0.3, "t"
    ),
    "shrinking_interval": lambda: plotting.shrinking_interval(
        [paired_difference([1.0, 2.0], [0.0, 0.0]), paired_difference([1, 2, 3], [0, 0, 0])],
        "t",
        ylabel="difference (points)",
    ),
    "difference_dots": lambda: plotting.difference_dots(
        {"a": paired_difference([1.0, 2.0], [0.0, 0.0]), "b": paired_difference([5, 5.1], [0, 0])},
        "t",
        xlabel="difference (points)",
    ),
    "agreement_matrix": lambda: plotting.agreement_matrix(
        np.array([[1.0, 0.25], [0.25, 1.0]]), ["L1", "L2"], "t"
    ),
    "filter_scores": lambda: plotting.filter_scores(
        {"L1": {"block 1": torch.tensor([1.0, 2.0]), "block 2": torch.tensor([4.0, 6.0])}}, 0.5, "t"
    ),
    "codebook_histogram": lambda: plotting.codebook_histogram(
        {"fc1": (torch.tensor([-2.0, -1.0, 1.0, 1.5]), torch.tensor([-1.5, 1.25]))}, "t"
    ),
    "compression_curve": lambda: plotting.compression_curve(
        np.array([[20.0, 80.0], [24.0, 90.0]]),
        np.array([[0.5, -2.0], [0.0, -1.0]]),
        {"a": (40, 0.1)},
        "t",
    ),
    "size_steps": lambda: plotting.size_steps({"dense": 1e6, "pruned": 2e4}, "t"),
    "schedule_panels": lambda: plotting.schedule_panels({"linear": [0.5, 1.0]}, "t"),
    "traces": lambda: plotting.traces(
        {"linear": ([1, 1, 2], [0.5, 0.75, 0.25])}, "t", xlabel="epochs", ylabel="accuracy (%)"
    ),
    "expected_beside_yours": lambda: plotting.expected_beside_yours(
        torch.tensor([True, False]), torch.tensor([False, False])
    ),
    # The same functions with what is left out above.
    "digits, two rows": lambda: plotting.digits(torch.rand(3, 1, 28, 28), "abc", "t", columns=2),
    "mask_heatmap, wrong": lambda: plotting.mask_heatmap(
        torch.eye(3).bool(), "t", wrong=torch.eye(3).bool().flip(0)
    ),
    "mask_heatmap, large": lambda: plotting.mask_heatmap(torch.rand(66, 65) > 0.5, "t"),
    "weight_histogram, no threshold": lambda: plotting.weight_histogram(
        {"fc1": torch.randn(50), "fc2": torch.randn(90)}, "t"
    ),
    "accuracy_curves, crowded": lambda: plotting.accuracy_curves(
        {"any": np.array([0.9, 0.8])}, [0.5, 0.9], "t", xlabel="x", ylabel="y", lowest=0.75
    ),
    "line_curves, plain": lambda: plotting.line_curves(
        {"any": [2.0, 1.0]}, [50, 99], "t", xlabel="x (%)", ylabel="y"
    ),
    "survivors, one scale": lambda: plotting.survivors(
        {"90 %": torch.rand(30, 784) > 0.9, "none": torch.zeros(30, 784).bool()}, "t", top=40
    ),
    "grouped_bars, one seed": lambda: plotting.grouped_bars(
        {"a": np.array([1.0]), "b": np.array([2.0]), "c": np.array([3.0])}, ["all"], "t", ylabel="y"
    ),
    "agreement_matrix, opposed": lambda: plotting.agreement_matrix(
        np.array([[1.0, -0.004], [-0.5, 0.56]]), ["L1", "L2"], "t"
    ),
    "filter_scores, two panels": lambda: plotting.filter_scores(
        {"L1": {"a": torch.arange(9.0)}, "L2": {"b": torch.arange(5.0) ** 2}}, 0.4, "t"
    ),
    "schedule_panels, two": lambda: plotting.schedule_panels(
        {"linear": [0.5, 0.75], "cubic": [0.7, 0.9]}, "t"
    ),
}


def draw(name: str, path: Path) -> None:
    """Store the figure as a small PNG, the same at every call."""
    torch.manual_seed(0)
    with plotting.course_style():
        FIGURES[name]().savefig(path, dpi=80, metadata={"Software": None})


if __name__ == "__main__":
    for each in FIGURES:
        draw(each, LOOKED_AT / f"{each}.png")
