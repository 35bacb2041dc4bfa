"""The figures: nbval never compares pictures, so their axes, data and sizes are checked here."""

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from course_utils import plotting

ALT = "A picture that was drawn for a test, with a whole sentence about it."


def labels(ax):
    return ax.get_xlabel(), ax.get_ylabel()


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


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
    "expected_beside_yours": lambda: plotting.expected_beside_yours(
        torch.tensor([True, False]), torch.tensor([False, False])
    ),
}


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_width_is_fixed_and_settings_of_the_reader_stay(draw):
    before = dict(matplotlib.rcParams)
    fig = draw()
    assert fig.get_size_inches()[0] == plotting.WIDTH
    assert dict(matplotlib.rcParams) == before


def test_training_curve():
    left, right = FIGURES["training_curve"]().axes
    assert labels(left) == ("epoch", "training loss (nats)")
    assert labels(right) == ("epoch", "validation accuracy (%)")
    assert list(right.get_lines()[0].get_ydata()) == [0.5, 0.75]
    assert list(right.get_lines()[0].get_xdata()) == [1, 2]
    assert right.get_ylim() == (0, 1)


def test_accuracy_curves_draw_mean_spread_and_dense():
    (ax,) = FIGURES["accuracy_curves"]().axes
    assert labels(ax) == ("sparsity (% of the weights)", "test accuracy (%)")
    drawn = lines(ax)
    assert np.allclose(drawn["global"].get_ydata(), [0.85, 0.4])
    assert set(drawn["dense"].get_ydata()) == {0.95}
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == pytest.approx(0.3)
    assert band[:, 1].max() == pytest.approx(0.9)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["50", "99"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["global", "dense"]


def test_line_curves():
    (ax,) = FIGURES["line_curves"]().axes
    assert labels(ax) == ("x (%)", "y")
    assert ax.get_yscale() == "log"
    assert list(lines(ax)["CSR"].get_ydata()) == [2, 1]


def test_histogram_says_how_much_lies_below_the_threshold():
    weight = torch.tensor([-1.0, -0.2, 0.1, 0.3, 2.0])
    (ax,) = plotting.weight_histogram({"fc1": weight}, "t", threshold=0.25).axes
    assert ax.get_title(loc="left") == "fc1: 40 % below"
    assert labels(ax) == ("weight", "density")


def test_product_writes_each_number_and_zeroes_the_pruned():
    weight = torch.tensor([[0.9, -0.4]])
    axes = plotting.weight_mask_product(weight, torch.tensor([[True, False]]), "t").axes
    written = [[text.get_text() for text in ax.texts] for ax in axes]
    assert written[0] == ["0.9", "−0.4"]
    assert written[2] == ["0.9", "0"]
    assert np.allclose(axes[2].images[0].get_array(), [[0.9, 0]])


def test_survivors_are_per_cent_of_each_pixel():
    mask = torch.zeros(4, 784, dtype=torch.bool)
    mask[:1, 0] = True
    mask[:3, 27] = True
    ax = plotting.survivors({"90 %": mask}, "t").axes[0]
    image = ax.images[0].get_array()
    assert (image[0, 0], image[0, 27], image[5, 5]) == (25, 75, 0)
    assert labels(ax) == ("pixel column", "pixel row")


def test_wrong_cells_are_crossed_out():
    expected = torch.tensor([[True, False], [True, True]])
    got = torch.tensor([[True, True], [True, False]])
    left, right = plotting.expected_beside_yours(expected, got).axes
    assert right.get_title(loc="left") == "yours: 2 cells differ"
    assert not left.collections
    crossed = {tuple(point) for point in right.collections[0].get_offsets()}
    assert crossed == {(1, 0), (1, 1)}


@pytest.mark.parametrize("shape", [(5,), (3, 4), (2, 3, 4, 5)])
def test_masks_of_any_depth_are_drawn(shape):
    (ax,) = plotting.mask_heatmap(torch.ones(shape).bool(), "t").axes
    assert ax.images[0].get_array().size == torch.Size(shape).numel()


def test_kept_and_pruned_differ_in_greyscale():
    """Luminance by Rec. 709; a reader who prints in grey tells the two apart."""
    grey = [np.dot(to_rgb(c), (0.2126, 0.7152, 0.0722)) for c in (plotting.KEPT, plotting.PRUNED)]
    assert abs(grey[0] - grey[1]) > 0.4


def test_lines_that_share_a_figure_differ_without_colour():
    for group in (
        ("global", "per layer", "random", "dense"),
        ("fc1", "fc2", "fc3"),
        ("batch 1", "batch 64", "dense"),
        ("CSR", "COO", "bitmask", "dense"),
        ("measured", "if amounts added up"),
    ):
        looks = {(plotting.LOOKS[n]["linestyle"], plotting.LOOKS[n]["marker"]) for n in group}
        assert len(looks) == len(group)


def test_show_stores_the_picture_with_its_words(monkeypatch):
    shown = []
    monkeypatch.setattr(plotting, "display", lambda *a, **options: shown.append((*a, options)))
    plotting.show(FIGURES["mask_heatmap"](), alt=ALT.replace("whole", "<whole>"))
    (picture, options), (words, _) = shown
    assert picture["image/png"].startswith(b"\x89PNG")
    assert options["metadata"]["image/png"]["alt"] == ALT.replace("whole", "<whole>")
    assert "&lt;whole&gt; sentence" in words["text/html"]


@pytest.mark.parametrize("alt", ["", "A mask.", ALT.removesuffix(".")])
def test_show_refuses_a_picture_without_words(alt):
    with pytest.raises(ValueError, match="is not a sentence"):
        plotting.show(FIGURES["mask_heatmap"](), alt=alt)
