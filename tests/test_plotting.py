"""The figures: nbval never compares pictures, so their axes, data and sizes are checked here."""

import io
import threading
from itertools import combinations

import matplotlib
import numpy as np
import pytest
import torch
from figures import FIGURES, LOOKED_AT, draw
from matplotlib import style
from matplotlib.colors import to_rgb
from matplotlib.testing.compare import compare_images
from matplotlib.text import Text
from PIL import Image

from course_utils import plotting

ALT = "A picture that was drawn for a test, with a whole sentence about it."


KINDS = [name for name in FIGURES if "," not in name]  # behind a comma: the same kind again
# Letters, lines, bands, bars, hatches, pictures, dots, crosses and a scale of colours: what
# settings of your own could change.
TELLING = ("weight_histogram", "accuracy_curves", "survivors", "grouped_bars", "filter_scores",
           "weight_mask_product", "difference_dots")  # fmt: skip


def labels(ax):
    return ax.get_xlabel(), ax.get_ylabel()


def lines(ax):
    return {line.get_label(): line for line in ax.get_lines()}


@pytest.mark.parametrize("name", FIGURES)
def test_each_figure_is_the_one_that_was_looked_at(name, tmp_path):
    """Another processor may round a pixel's shade; a letter, a line or a colour is much more."""
    draw(name, tmp_path / "now.png")
    assert compare_images(LOOKED_AT / f"{name}.png", tmp_path / "now.png", tol=0.05) is None


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
    right.figure.canvas.draw()
    assert [tick.get_text() for tick in right.get_yticklabels()][-1] == "100"  # the label says %


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
    assert ax.images[0].get_clim() == (0, 1)  # or a mask that keeps all would look like one of none


@pytest.mark.parametrize("side", [3, 64, 65])
def test_cells_are_parted_by_thin_lines_where_there_are_few_enough_to_see(side):
    fig = plotting.mask_heatmap(torch.ones(2, side, dtype=torch.bool), "A mask")
    (ax,) = fig.axes
    assert list(ax.get_xticks()) == list(ax.get_yticks()) == []
    assert not any(spine.get_visible() for spine in ax.spines.values())
    between = [*range(-1, side)] if side <= 64 else []
    assert [x - 0.5 for x in ax.get_xticks(minor=True)] == between
    assert [y - 0.5 for y in ax.get_yticks(minor=True)] == ([-1, 0, 1] if side <= 64 else [])
    fig.draw_without_rendering()
    for axis in (ax.xaxis, ax.yaxis):
        for tick in axis.get_minor_ticks():
            assert tick.gridline.get_visible()
            assert (tick.gridline.get_color(), tick.gridline.get_linewidth()) == ("white", 1.5)
            assert tick.tick1line.get_markersize() == 0
        assert not any(tick.gridline.get_visible() for tick in axis.get_major_ticks())


def test_curves_are_lower_than_wide_and_masks_lower_still():
    curve = plotting.accuracy_curves({"a": [[0.9, 0.8]]}, [0.5, 0.9], "A title")
    mask = plotting.mask_heatmap(torch.ones(2, 2, dtype=torch.bool), "A mask")
    heights = curve.get_size_inches()[1], mask.get_size_inches()[1]
    assert heights == (pytest.approx(3.6), pytest.approx(3.2))


def test_bars_show_the_mean_and_the_spread_of_the_seeds():
    (ax,) = FIGURES["grouped_bars"]().axes
    assert [bar.get_height() for bar in ax.patches] == [1, 2, 4, 6]
    assert ax.get_legend_handles_labels()[1] == ["raw", "fine-tuned"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["25 %", "50 %"]
    assert len({bar.get_hatch() for bar in ax.patches}) == 2
    (spread,) = [c for c in ax.collections if hasattr(c, "get_segments")]
    assert [[y for _, y in segment] for segment in spread.get_segments()] == [[3, 5], [4, 8]]


def test_binomial_panels_have_a_bin_for_each_count_of_a_small_layer():
    small, large = FIGURES["binomial_panels"]().axes
    assert len(small.patches) == 101
    assert len(large.patches) == 29
    curve = lines(large)["predicted"]
    assert curve.get_xdata()[curve.get_ydata().argmax()] == pytest.approx(30, abs=0.1)
    assert labels(large)[0] == "sparsity of the mask (%)"


def test_an_interval_is_drawn_over_the_number_of_seeds():
    (ax,) = FIGURES["shrinking_interval"]().axes
    assert ax.get_lines()[0].get_xdata().tolist() == [2, 3]
    assert ax.get_lines()[0].get_ydata().tolist() == [1.5, 2]
    assert labels(ax) == ("number of seeds", "difference (points)")


def test_a_difference_that_is_none_has_an_open_dot():
    (ax,) = FIGURES["difference_dots"]().axes
    dots = [line for line in ax.get_lines() if line.get_marker() == "o"]
    assert [dot.get_markerfacecolor() for dot in dots] == ["white", plotting.KEPT]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_the_matrix_says_its_numbers():
    (ax,) = FIGURES["agreement_matrix"]().axes
    assert [text.get_text() for text in ax.texts] == ["1.00", "0.25", "0.25", "1.00"]


def test_filters_below_the_threshold_are_crosses():
    (ax,) = FIGURES["filter_scores"]().axes
    heights = [points.get_offsets()[:, 1].tolist() for points in ax.collections]
    assert heights == [[], [1, 2], [4, 6], []]  # kept and pruned, block by block
    (threshold,) = ax.get_lines()
    assert threshold.get_ydata()[0] == 3
    assert [label.get_text() for label in ax.get_xticklabels()] == ["block\n1", "block\n2"]
    assert labels(ax) == ("", "norm of a filter")


def test_a_schedule_is_drawn_as_totals_and_as_cuts_of_what_is_left():
    totals, cuts = FIGURES["schedule_panels"]().axes
    assert lines(totals)["linear"].get_ydata().tolist() == [0, 50, 100]
    assert lines(cuts)["linear"].get_ydata().tolist() == [50, 100]
    assert labels(cuts) == ("round", "cut, of what is left (%)")


def test_each_centroid_is_a_line_over_the_weights():
    (ax,) = FIGURES["codebook_histogram"]().axes
    assert ax.get_title(loc="left") == "fc1: 2 values"
    assert [line.get_xdata()[0] for line in ax.lines] == [-1.5, 1.25]


def test_sizes_stand_beside_their_bars_with_their_ratio():
    (ax,) = FIGURES["size_steps"]().axes
    assert [bar.get_width() for bar in ax.patches] == [1000, 20]
    assert [text.get_text() for text in ax.texts] == ["1,000 kB, 1 ×", "20 kB, 50 ×"]


def test_compressed_nets_are_dots_around_their_mean_and_records_are_named():
    (ax,) = FIGURES["compression_curve"]().axes
    mean = lines(ax)["measured, mean"]
    assert (mean.get_xdata().tolist(), mean.get_ydata().tolist()) == ([22, 85], [0.25, -1.5])
    assert [text.get_text() for text in ax.texts] == ["a"]
    assert labels(ax) == ("times smaller (logarithmic)", "accuracy − dense twin (points)")


def test_the_line_across_is_called_as_told():
    (ax,) = plotting.accuracy_curves({"a": [[0.9]]}, [1], "t", dense=0.8, across="whole").axes
    assert lines(ax)["whole"].get_ydata()[0] == 0.8


def test_the_accuracy_axis_starts_at_zero_unless_told_otherwise():
    runs = {"global": np.array([[0.9, 0.85]])}
    (whole,) = plotting.accuracy_curves(runs, [0.5, 0.9], "t").axes
    (part,) = plotting.accuracy_curves(runs, [0.5, 0.9], "t", lowest=0.8).axes
    assert (whole.get_ylim(), part.get_ylim()) == ((0, 1), (0.8, 1))


def test_steps_that_are_no_sparsities_have_ticks_of_their_own():
    (ax,) = plotting.accuracy_curves({"a": [[0.9, 0.8]]}, [1, 20], "t", ticks=["1", "20"]).axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "20"]


def test_traces_keep_their_own_x():
    (ax,) = FIGURES["traces"]().axes
    assert lines(ax)["linear"].get_xdata().tolist() == [1, 1, 2]
    assert labels(ax) == ("epochs", "accuracy (%)")


def test_panels_are_named():
    assert [ax.get_title(loc="left") for ax in FIGURES["mask_panels"]().axes] == ["a"]


def test_kept_and_pruned_differ_in_greyscale():
    """Luminance by Rec. 709; a reader who prints in grey tells the two apart."""
    grey = [np.dot(to_rgb(c), (0.2126, 0.7152, 0.0722)) for c in (plotting.KEPT, plotting.PRUNED)]
    assert abs(grey[0] - grey[1]) > 0.4


# Lines that share a figure somewhere in the course.
TOGETHER = (
    ("global", "per layer", "random", "dense"),
    ("fc1", "fc2", "fc3"),
    ("CSR", "COO", "bitmask", "dense"),
    ("measured", "if amounts added up"),
    ("raw", "recalibrated", "fine-tuned", "dense"),
    ("magnitude", "Taylor", "activation-aware", "random"),
    ("norm", "random", "dense"),
    ("linear", "geometric", "cubic", "one-shot", "dense"),
    ("ticket", "new weights", "shuffled mask", "dense"),
    ("no training", "centroids trained", "dense"),
    ("per tensor", "per channel", "dense"),
)
# Machado, Oliveira and Fernandes 2009, severity 1.0: linear RGB to what an eye with it sees.
DEFICIENCIES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}  # fmt: skip


def seen_as_lab(colour, deficiency):
    """CIELAB of a colour as it is seen: there, distances are those that the eye notices."""
    c = np.array(to_rgb(colour))
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(DEFICIENCIES[deficiency]) @ linear, 0, 1)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ seen / [0.95047, 1, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("group", TOGETHER, ids="/".join)
def test_colours_of_one_figure_stay_apart_for_colour_blind_readers(group, deficiency):
    """A distance of 2 can be told apart side by side; 15 is told apart across a figure."""
    for one, other in combinations({plotting.LOOKS[name]["color"] for name in group}, 2):
        apart = seen_as_lab(one, deficiency) - seen_as_lab(other, deficiency)
        assert np.linalg.norm(apart) > 15, (one, other)


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_kept_pruned_and_wrong_stay_apart_for_colour_blind_readers(deficiency):
    colours = (plotting.KEPT, plotting.PRUNED, plotting.WRONG)
    for one, other in combinations(colours, 2):
        apart = seen_as_lab(one, deficiency) - seen_as_lab(other, deficiency)
        assert np.linalg.norm(apart) > 40


def test_lines_that_share_a_figure_differ_without_colour():
    for group in TOGETHER:
        looks = {(plotting.LOOKS[n]["linestyle"], plotting.LOOKS[n]["marker"]) for n in group}
        assert len(looks) == len(group)


@pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)
def test_letters_are_readable_at_notebook_width(draw):
    """A figure is shown 700 px wide, 100 px an inch: 8 points are 11 px."""
    fig = draw()
    fig.draw_without_rendering()
    sizes = [text.get_fontsize() for text in fig.findobj(Text) if text.get_text().strip()]
    assert min(sizes, default=10) >= 8


def test_show_stores_the_picture_with_its_words(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "IPython.display.display", lambda *a, **options: shown.append((*a, options))
    )
    plotting.show(FIGURES["mask_heatmap"](), alt=ALT.replace("whole", "<whole>"))
    (picture, options), (words, _) = shown
    assert picture["image/png"].startswith(b"\x89PNG")
    assert options["metadata"]["image/png"]["alt"] == ALT.replace("whole", "<whole>")
    assert "&lt;whole&gt; sentence" in words["text/html"]


@pytest.mark.parametrize("name", KINDS)
def test_show_takes_every_figure_with_a_short_title(name):
    plotting.show(FIGURES[name](), alt=ALT)


def test_show_takes_a_title_that_fits():
    title = "Equal sparsity: scattered zeros, and four rows that are gone"
    plotting.show(plotting.mask_panels({"a": torch.eye(3).bool()}, title), alt=ALT)


def stored(draw):
    """The bytes of the PNG that a notebook would store of what ``draw`` draws."""
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        shown = []
        patch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
        plotting.show(draw(), alt=ALT)
    return shown[0]["image/png"]


@pytest.fixture(scope="module")
def as_stored():
    """Figures as a notebook stores them, without any settings of your own."""
    return {name: stored(FIGURES[name]) for name in TELLING}


@pytest.mark.parametrize("name", TELLING)
def test_a_stored_picture_has_a_palette_and_no_difference_to_be_seen(name, as_stored):
    torch.manual_seed(0)
    drawn = io.BytesIO()
    with plotting.course_style():
        FIGURES[name]().savefig(drawn, format="png")
    before = np.asarray(Image.open(drawn).convert("RGB"), dtype=int)
    picture = Image.open(io.BytesIO(as_stored[name]))
    difference = np.abs(before - np.asarray(picture.convert("RGB"), dtype=int)).max(-1)
    assert picture.mode == "P"
    assert "transparency" not in picture.info  # a dark page must not shine through
    assert len(as_stored[name]) < 0.7 * len(drawn.getvalue())
    assert difference.max() <= 64
    assert (difference > 16).mean() < 0.003


PALE = "text.color axes.labelcolor xtick.color ytick.color xtick.labelcolor ytick.labelcolor"
OF_YOUR_OWN = {
    "white text": dict.fromkeys([*PALE.split(), "axes.titlecolor"], "white"),
    "dark": style.library["dark_background"],
    "another look": {
        **{"path.sketch": (1, 100, 2), "font.family": "fantasy", "font.size": 6},
        **{"lines.linewidth": 5, "image.cmap": "jet", "image.interpolation": "hanning"},
        **{"xtick.direction": "in", "axes.grid": False, "axes.formatter.use_locale": True},
    },
    "another file": {
        **{"savefig.dpi": 50, "figure.dpi": 200, "savefig.bbox": "tight", "savefig.format": "svg"},
        **{"savefig.transparent": True, "savefig.facecolor": "red", "backend": "svg"},
        **{"figure.constrained_layout.use": False, "figure.autolayout": True},
    },
}


@pytest.mark.parametrize("settings", OF_YOUR_OWN.values(), ids=OF_YOUR_OWN)
def test_settings_of_your_own_change_no_figure(settings, as_stored, monkeypatch):
    for name, value in settings.items():
        monkeypatch.setitem(matplotlib.rcParams, name, value)
    yours = dict(matplotlib.rcParams)
    changed = [name for name in TELLING if stored(FIGURES[name]) != as_stored[name]]
    assert changed == []
    assert dict(matplotlib.rcParams) == yours


def test_your_settings_are_back_whichever_thread_comes_and_goes_first(monkeypatch):
    monkeypatch.setitem(matplotlib.rcParams, "text.color", "red")
    inside, leave = threading.Event(), threading.Event()

    def first():
        with plotting.course_style():
            inside.set()
            leave.wait()

    def second():
        inside.wait()
        with plotting.course_style():
            assert matplotlib.rcParams["text.color"] == "black"

    threads = [threading.Thread(target=each) for each in (first, second)]
    for thread in threads:
        thread.start()
    inside.wait()
    threads[1].join(0.1)  # it cannot come in before the first one is out
    assert threads[1].is_alive()
    leave.set()
    for thread in threads:
        thread.join()
    assert matplotlib.rcParams["text.color"] == "red"


def test_show_refuses_a_title_that_would_be_cut_off():
    long = "A finding that goes on and on, " * 5
    for fig in (
        plotting.mask_heatmap(torch.eye(4).bool(), long),
        plotting.mask_panels({"a": torch.eye(3).bool()}, long),
    ):
        with pytest.raises(ValueError, match="wider than the figure"):
            plotting.show(fig, alt=ALT)


@pytest.mark.parametrize("alt", ["", "A mask.", ALT.removesuffix(".")])
def test_show_refuses_a_picture_without_words(alt):
    with pytest.raises(ValueError, match="is not a sentence"):
        plotting.show(FIGURES["mask_heatmap"](), alt=alt)
