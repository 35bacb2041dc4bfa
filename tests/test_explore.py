"""The explorers: what they show is what the library computes, and nothing leaks or changes."""

import io
import threading

import IPython
import matplotlib
import pytest
import torch
from matplotlib import style
from matplotlib.figure import Figure

from course_utils import (
    coding,
    explore,
    masks,
    measure,
    models,
    plotting,
    pruning,
    schedules,
    scores,
    sharing,
    surgery,
    training,
)
from course_utils.lesson import widgets

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def weight():
    return torch.randn(12, 10)


@pytest.fixture
def convnet():
    return models.ConvNet((4, 6)).eval()


@pytest.fixture
def make(weight, trained_model, convnet, few_digits):
    """Name → a function that makes the explorer, a control of it, and another value of it."""
    return {
        "mask": (lambda: explore.mask_explorer(weight), "sparsity", 30),
        "threshold": (lambda: explore.threshold_explorer(trained_model, few_digits),
                      "threshold", 0.05),
        "surgery": (lambda: explore.surgery_explorer(convnet, few_digits), "filter 1", False),
        "schedule": (lambda: explore.schedule_designer(trained_model, few_digits), "rounds", 3),
        "survivors": (lambda: explore.survivor_explorer(trained_model), "sparsity", 70),
        "compression": (lambda: explore.compression_explorer(trained_model, few_digits), "bits", 5),
    }  # fmt: skip


@pytest.fixture(scope="module")
def unmoved(trained_state, few_digits):
    """Name → an explorer that several tests look at and none moves: one takes a second to draw."""
    training.seed_everything(0)
    lenet = models.LeNet300().eval()
    lenet.load_state_dict(trained_state)
    return {
        "mask": explore.mask_explorer(torch.randn(12, 10)),
        "threshold": explore.threshold_explorer(lenet, few_digits),
        "surgery": explore.surgery_explorer(models.ConvNet((4, 6)).eval(), few_digits),
        "schedule": explore.schedule_designer(lenet, few_digits),
        "survivors": explore.survivor_explorer(lenet),
        "compression": explore.compression_explorer(lenet, few_digits),
    }


each_explorer = pytest.mark.parametrize(
    "name", ["mask", "threshold", "surgery", "schedule", "survivors", "compression"]
)


# What all share -----------------------------------------------------------------------------------


@each_explorer
def test_moving_a_control_replaces_the_picture_and_prints_nothing(make, name, capsys):
    function, control, value = make[name]
    explorer = function()
    pictures = []
    explorer.picture.observe(lambda change: pictures.append(change.new), names="value")
    before, words = explorer.picture.value, explorer.numbers.value
    explorer.controls[control].value = value
    assert bytes(before).startswith(PNG)
    assert len(pictures) == 1
    assert bytes(pictures[0]).startswith(PNG)
    assert pictures[0] != before
    assert explorer.numbers.value != words
    assert capsys.readouterr() == ("", "")


@each_explorer
def test_drawn_again_it_is_the_same_picture(unmoved, name):
    explorer = unmoved[name]
    before = explorer.picture.value
    explorer.redraw()
    again = explorer.picture.value
    explorer.figure().savefig(io.BytesIO(), dpi=160)
    explorer.redraw()
    assert before == again == explorer.picture.value


@each_explorer
def test_moved_there_and_back_it_is_the_picture_of_a_fresh_one(make, name):
    """Only what moves is drawn anew: nothing of an earlier state may stay behind."""
    function, control, value = make[name]
    explorer = function()
    fresh, words = explorer.picture.value, explorer.alt
    moved = explorer.controls[control]
    start = moved.value
    moved.value = value
    moved.value = start
    assert explorer.picture.value == fresh
    assert explorer.alt == words


@each_explorer
def test_settings_of_your_own_change_no_picture(make, name, monkeypatch):
    """White text, a dark ground, lines that wobble: neither at first nor after a control moves."""
    build, control, value = make[name]

    def pictures():
        torch.manual_seed(0)
        explorer = build()
        first = explorer.picture.value
        explorer.controls[control].value = value
        return first, explorer.picture.value

    wanted = pictures()
    assert wanted[0] != wanted[1]
    of_your_own = {
        **style.library["dark_background"],
        **{"path.sketch": (1, 100, 2), "font.size": 6, "lines.linewidth": 5, "figure.dpi": 50},
        **{"text.color": "red", "axes.unicode_minus": False, "image.interpolation": "hanning"},
    }
    for setting, mine in of_your_own.items():
        monkeypatch.setitem(matplotlib.rcParams, setting, mine)
    assert pictures() == wanted


@each_explorer
def test_every_control_says_what_it_is(unmoved, name):
    for control in unmoved[name].controls.values():
        assert control.description.strip()
        assert control.tooltip is None or control.tooltip.strip()


@each_explorer
def test_the_sentence_stands_in_the_numbers_and_is_long_enough_to_show(make, name):
    function, control, value = make[name]
    explorer = function()
    explorer.controls[control].value = value
    assert len(explorer.alt) >= 40
    assert explorer.alt.endswith(".")
    assert plotting.html.escape(explorer.alt) in explorer.numbers.value
    assert isinstance(explorer.figure(), Figure)


@each_explorer
def test_the_model_and_the_weight_stay(
    make, name, trained_model, convnet, weight, state_of, same_state
):
    before = [state_of(trained_model), state_of(convnet), {"": weight.clone()}]
    function, control, value = make[name]
    function().controls[control].value = value
    after = [state_of(trained_model), state_of(convnet), {"": weight}]
    assert all(map(same_state, before, after))


@each_explorer
def test_the_figure_to_save_holds_all_that_the_picture_shows(unmoved, name):
    figure = unmoved[name].figure()
    assert not any(artist.get_animated() for artist in figure.findobj())
    assert figure.get_suptitle() not in ("", "title")


def test_show_puts_the_static_picture_above_the_live_one(weight, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    monkeypatch.setattr(IPython, "get_ipython", lambda: True)
    explorer = explore.mask_explorer(weight)
    assert explore.show(explorer) is None
    assert [*shown[0]] == ["image/png", "text/plain"]
    assert shown[0]["text/plain"] == explorer.alt
    view = {"model_id": explorer.model_id, "version_major": 2, "version_minor": 0}
    assert shown[-1] == {widgets.WIDGET_VIEW: view}


def test_outside_a_notebook_a_live_widget_is_nothing(weight, capsys):
    widgets.display_live(explore.mask_explorer(weight))
    assert capsys.readouterr() == ("", "")


# The mask explorer --------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(12, 10), (6, 3, 3, 3), (7,)])
@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("magnitude", masks.magnitude_mask),
        ("L1", lambda weight, s: masks.norm_mask(weight, s, n=1)),
        ("L2", lambda weight, s: masks.norm_mask(weight, s, n=2)),
    ],
    ids=["magnitude", "L1", "L2"],
)
def test_mask_facts_are_those_of_the_library(method, expected, shape):
    weight = torch.randn(shape)
    explorer = explore.mask_explorer(weight)
    explorer.controls["method"].value = method
    importance = scores.group_norm(weight, int(method[1])) if method[0] == "L" else weight.abs()
    for sparsity in (0, 37.5, 80, 100):
        explorer.controls["sparsity"].value = sparsity
        mask, facts = expected(weight, sparsity / 100), explorer.facts
        assert facts["pruned"] == int((~mask).sum())
        assert facts["total"] == weight.numel()
        for format in ("dense", "csr", "bitmask"):
            assert facts[format] == measure.size_bytes(weight * mask, format)
        gone = ~mask.reshape(len(mask), -1).any(1) if method[0] == "L" else ~mask
        assert facts["threshold"] == (importance[gone].max().item() if gone.any() else None)


def test_a_random_mask_is_exact_and_belongs_to_its_seed(weight):
    explorer = explore.mask_explorer(weight)
    explorer.controls["method"].value = "random"
    first = explorer.picture.value
    explorer.controls["seed"].value = 1
    second = explorer.picture.value
    explorer.controls["seed"].value = 0
    assert first != second
    assert explorer.picture.value == first
    assert explorer.facts["pruned"] == 96
    assert explorer.facts["threshold"] is None


def test_a_random_mask_owes_nothing_to_the_seed_of_the_weight():
    """Drawn from the same seed, the mask would keep nearly all negative weights and no others."""
    training.seed_everything(0)
    weight = models.LeNet300().fc1.weight.detach()
    explorer = explore.mask_explorer(weight)
    explorer.controls["method"].value = "random"
    explorer.controls["sparsity"].value = 50
    bars = explorer.figure().axes[3].patches
    all_of_them, kept = (bar.get_data().values for bar in bars[:2])
    left = kept[:30].sum() / all_of_them[:30].sum()  # the bins of the negative weights
    assert left == pytest.approx(0.5, abs=0.02)


def test_two_of_four_fixes_the_sparsity_and_counts_exactly():
    weight = torch.randn(8, 4, 3, 3)
    explorer = explore.mask_explorer(weight)
    explorer.controls["sparsity"].value = 90
    explorer.controls["method"].value = "2:4"
    assert explorer.facts["pruned"] == weight.numel() // 2
    assert explorer.controls["sparsity"].disabled
    assert explorer.controls["sparsity"].value == 50
    explorer.controls["method"].value = "magnitude"
    assert not explorer.controls["sparsity"].disabled


@pytest.mark.parametrize("bad", [torch.ones(2, 2).long(), torch.ones(0), torch.tensor([torch.nan])])
def test_a_weight_that_cannot_be_pruned_is_refused(bad):
    with pytest.raises((TypeError, ValueError)):
        explore.mask_explorer(bad)


def test_a_weight_of_zeros_is_drawn():
    explorer = explore.mask_explorer(torch.zeros(3, 4))
    assert explorer.facts["pruned"] == 10
    assert explorer.facts["bitmask"] == 2


# The threshold explorer ---------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.0, 0.04, 0.08])
def test_threshold_facts_are_those_of_the_pruned_model(trained_model, few_digits, threshold):
    explorer = explore.threshold_explorer(trained_model, few_digits)
    explorer.controls["threshold"].value = threshold
    expected = pruning.plain_copy(trained_model)
    kept = {n: w.abs() >= threshold for n, w in pruning.weights(trained_model).items()}
    pruning.apply_masks(expected, kept)
    facts, (x, y) = explorer.facts, few_digits.val
    assert facts["accuracy"] == pytest.approx(training.evaluate(expected, few_digits.val))
    assert facts["before"] == pytest.approx(training.evaluate(trained_model, few_digits.val))
    assert facts["sparsity"] == pytest.approx(masks.sparsity(expected))
    was, now = trained_model(x).argmax(1), expected(x).argmax(1)
    assert facts["flipped"] == int(((was == y) & (now != y)).sum())
    for row, before, after in facts["examples"]:
        assert before == y[row] == was[row]
        assert after == now[row] != y[row]
    assert len(facts["examples"]) == min(10, facts["flipped"])


def test_the_largest_threshold_takes_everything(trained_model, few_digits):
    explorer = explore.threshold_explorer(trained_model, few_digits)
    explorer.controls["threshold"].value = explorer.controls["threshold"].max
    assert explorer.facts["sparsity"] == 1
    _, was, now = explorer.facts["examples"][0]
    assert f"was {was} → now {now}" in explorer.numbers.value


def test_what_a_mask_has_pruned_stays_pruned(trained_model, few_digits, state_of, same_state):
    pruning.prune_model(trained_model, 0.9)
    before = state_of(trained_model)
    explorer = explore.threshold_explorer(trained_model, few_digits)
    explorer.controls["threshold"].value = 0.001
    assert explorer.facts["sparsity"] == pytest.approx(0.9, abs=1e-4)
    survivors = explore.survivor_explorer(trained_model)
    survivors.controls["sparsity"].value = 50
    assert survivors.facts["density"]["fc1"] == pytest.approx(
        pruning.masks_of(trained_model)["fc1"].float().mean().item()
    )
    assert same_state(before, state_of(trained_model))


# The surgery explorer -----------------------------------------------------------------------------


def test_surgery_facts_are_those_of_the_smaller_model(convnet, few_digits):
    explorer = explore.surgery_explorer(convnet, few_digits)
    explorer.controls["filter 0"].value = False
    explorer.controls["layer"].value = "blocks.1.0"
    explorer.controls["filter 2"].value = False
    explorer.controls["filter 5"].value = False
    keep = {
        "blocks.0.0": torch.tensor([0, 1, 1, 1]).bool(),
        "blocks.1.0": torch.tensor([1, 1, 0, 1, 1, 0]).bool(),
    }
    small = surgery.remove_filters(convnet, keep)
    assert all(torch.equal(explorer.facts["keep"][name], keep[name]) for name in keep)
    assert explorer.facts["parameters"] == measure.count_parameters(small)
    assert explorer.facts["flops"] == measure.flops(small, few_digits.val[0][:1])
    assert explorer.facts["accuracy"] == training.evaluate(small, few_digits.val)
    assert explorer.facts["full"]["parameters"] == measure.count_parameters(convnet)


def test_the_buttons_are_those_of_the_layer_and_remember(convnet, few_digits):
    explorer = explore.surgery_explorer(convnet, few_digits)
    explorer.controls["filter 0"].value = False
    buttons = explorer.children[1]
    assert [button.description for button in buttons.children] == ["0 ✗", "1 ✓", "2 ✓", "3 ✓"]
    explorer.controls["layer"].value = "blocks.1.0"
    assert len(buttons.children) == 6
    assert all(button.value for button in buttons.children)
    explorer.controls["layer"].value = "blocks.0.0"
    assert [button.value for button in buttons.children] == [False, True, True, True]


def test_channels_that_hang_on_a_filter_light_up_in_the_next_layer(convnet, few_digits):
    explorer = explore.surgery_explorer(convnet, few_digits)
    explorer.controls["filter 2"].value = False
    first, second, output = (ax.images[0].get_array() for ax in explorer.figure().axes[:3])
    assert (first == 0).any(1).tolist() == [False, False, True, False]
    assert (second == 2).all(0).tolist() == [False, False, True, False]
    assert (output == 1).all()


def test_the_last_filter_of_a_layer_stays(convnet, few_digits):
    explorer = explore.surgery_explorer(convnet, few_digits)
    for number in range(4):
        explorer.controls[f"filter {number}"].value = False
    assert explorer.controls["filter 3"].value
    assert explorer.facts["keep"]["blocks.0.0"].tolist() == [False, False, False, True]
    assert "Keep at least one" in explorer.facts["refused"]
    assert "Keep at least one" in explorer.numbers.value
    explorer.controls["filter 0"].value = True
    assert explorer.facts["refused"] is None


@pytest.mark.parametrize(
    "model", [models.TinyResNet, models.LeNet300, lambda: models.ConvNet((65,))]
)
def test_a_net_that_does_not_fit_is_refused(model, few_digits):
    with pytest.raises(ValueError, match=r"plain chain|64 filters"):
        explore.surgery_explorer(model(), few_digits)


# The schedule designer ----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", schedules.SCHEDULES)
def test_the_plan_is_the_schedule(trained_model, few_digits, shape):
    explorer = explore.schedule_designer(trained_model, few_digits)
    for name, value in {"shape": shape, "start": 10, "end": 90, "rounds": 4, "epochs": 3}.items():
        explorer.controls[name].value = value
    plan = schedules.SCHEDULES[shape](0.9, 4, 0.1)
    left, right = explorer.figure().axes[:2]
    assert explorer.facts["plan"] == explorer.plan() == plan
    assert explorer.facts["epochs"] == 12
    assert left.get_lines()[0].get_ydata() == pytest.approx([10, *(100 * s for s in plan)])
    density, kept = 0.9, []
    for cut in explorer.facts["cuts"]:
        density *= 1 - cut
        kept.append(1 - density)
    assert kept == pytest.approx(plan)
    assert right.get_lines()[0].get_ydata() == pytest.approx(
        [100 * cut for cut in explorer.facts["cuts"]]
    )


def test_the_end_never_lies_before_the_start(trained_model, few_digits):
    explorer = explore.schedule_designer(trained_model, few_digits)
    explorer.controls["end"].value = 50
    explorer.controls["start"].value = 80
    assert explorer.controls["end"].value == 80
    assert explorer.facts["plan"][-1] == 0.8


@pytest.fixture
def designer(trained_model, few_digits):
    explorer = explore.schedule_designer(trained_model, few_digits)
    explorer.controls["rounds"].value = 3
    yield explorer
    explorer.stop()
    assert explorer.wait(60)


def test_a_run_is_what_iterate_does(
    designer, trained_model, few_digits, state_of, same_state, capsys, monkeypatch
):
    monkeypatch.delenv("TQDM_DISABLE")  # its bars would appear below some other cell
    before = state_of(trained_model)
    designer.controls["run"].click()
    assert designer.wait(120)
    assert capsys.readouterr() == ("", "")
    expected = pruning.plain_copy(trained_model)
    history = schedules.iterate(expected, few_digits, designer.plan(), 1)
    assert designer.history.rounds == history.rounds == designer.facts["rounds"]
    assert designer.progress.value == designer.progress.max
    assert designer.failure is None
    assert same_state(before, state_of(trained_model))


def test_the_trace_grows_with_each_round(designer):
    drawn = []
    designer.picture.observe(lambda _: drawn.append(len(designer.facts["rounds"])), names="value")
    designer.run()
    assert designer.wait(120)
    assert drawn == sorted(drawn)
    assert {1, 2, 3} <= set(drawn)
    trace = designer.figure().axes[2].get_lines()[2]
    assert list(trace.get_xdata()) == [1, 2, 3]
    assert list(trace.get_ydata()) == [row.accuracy for row in designer.history.rounds]


def test_stop_ends_the_run_and_keeps_the_finished_rounds(
    designer, trained_model, few_digits, capsys
):
    designer.controls["rounds"].value = 20
    designer.controls["epochs"].value = 10
    first_round = threading.Event()
    designer.picture.observe(lambda _: first_round.set(), names="value")
    designer.controls["run"].click()
    assert designer.controls["run"].disabled
    assert designer.controls["end"].disabled
    assert first_round.wait(60)
    designer.controls["stop"].click()
    assert designer.wait(60)
    done = len(designer.history.rounds)
    assert 0 < done < 20
    assert designer.history.interrupted
    assert "(stopped)" in designer.numbers.value
    expected = pruning.plain_copy(trained_model)
    history = schedules.iterate(expected, few_digits, designer.plan()[:done], 10)
    assert designer.history.rounds == history.rounds
    assert not designer.controls["run"].disabled
    assert designer.controls["stop"].disabled
    assert capsys.readouterr() == ("", "")


def test_stop_takes_effect_in_the_middle_of_a_round(designer):
    designer.controls["epochs"].value = 10
    moved = threading.Event()
    designer.progress.observe(lambda change: change.new > 0 and moved.set(), names="value")
    designer.run()
    assert moved.wait(60)
    designer.stop()
    assert designer.wait(60)
    assert 0 < designer.progress.value < designer.progress.max
    assert designer.history.interrupted


def test_one_run_at_a_time_and_another_after_it(designer):
    designer.run()
    history = designer.history
    designer.run()
    assert designer.history is history
    assert designer.wait(120)
    designer.run()
    assert designer.wait(120)
    assert designer.history is not history
    assert designer.history.rounds == history.rounds


def test_a_run_that_fails_says_so(trained_model, few_digits, monkeypatch):
    def broken(*arguments, **options):
        raise RuntimeError("out of <memory>")

    explorer = explore.schedule_designer(trained_model, few_digits)
    monkeypatch.setattr(schedules, "iterate", broken)
    explorer.run()
    assert explorer.wait(60)
    assert "RuntimeError: out of &lt;memory&gt;" in explorer.numbers.value
    assert not explorer.controls["run"].disabled


# The survivor explorer ----------------------------------------------------------------------------


@pytest.mark.parametrize("sparsity", [0, 60, 97.5, 100])
def test_survivors_are_those_of_the_global_mask(trained_model, sparsity):
    explorer = explore.survivor_explorer(trained_model)
    explorer.controls["sparsity"].value = sparsity
    pruned = pruning.prune_model(pruning.plain_copy(trained_model), sparsity / 100)
    mask = pruning.masks_of(pruned)["fc1"]
    assert torch.allclose(explorer.facts["left"], mask.float().mean(0).reshape(28, 28))
    assert explorer.facts["cut_off"] == int((~mask.any(0)).sum())
    for name, layer_mask in pruning.masks_of(pruned).items():
        assert explorer.facts["density"][name] == pytest.approx(layer_mask.float().mean().item())


def test_a_net_that_does_not_read_pixels_is_refused(convnet):
    with pytest.raises(ValueError, match="784 pixels"):
        explore.survivor_explorer(convnet)


# The compression explorer -------------------------------------------------------------------------


def compressed(model, sparsity, bits, codebook):
    """The net that the explorer should show, made by what the lesson uses."""
    net = pruning.plain_copy(model)
    pruning.prune_model(net, sparsity)
    pruning.make_permanent(net)
    if codebook == "k-means":
        sharing.share_model(net, 2**bits, biases=2**bits)
    elif codebook == "even":
        with torch.no_grad():
            for parameter in net.parameters():
                kept = parameter[parameter != 0]
                steps = torch.linspace(kept.min(), kept.max(), 2**bits)
                nearest = (parameter[..., None] - steps).abs().argmin(-1)
                parameter.copy_(torch.where(parameter == 0, 0, steps[nearest]))
    return net


@pytest.mark.parametrize("codebook", ["k-means", "even", "none"])
def test_compression_facts_are_those_of_the_compressed_model(trained_model, few_digits, codebook):
    explorer = explore.compression_explorer(trained_model, few_digits)
    explorer.controls["codebook"].value = codebook
    for sparsity, bits in ((95, 3), (80, 1), (99.5, 8)):
        explorer.controls["sparsity"].value, explorer.controls["bits"].value = sparsity, bits
        expected, facts = compressed(trained_model, sparsity / 100, bits, codebook), explorer.facts
        assert facts["sparsity"] == pytest.approx(masks.sparsity(expected))
        assert facts["accuracy"] == pytest.approx(training.evaluate(expected, few_digits.val))
        parts = coding.parts(expected)
        for name, layer in pruning.prunable(expected).items():
            both = zip(parts[f"{name}.weight"], parts[f"{name}.bias"], strict=True)
            assert facts["parts"][name] == pytest.approx([*map(sum, both)])
            different = layer.weight[layer.weight != 0].unique()
            shared = [] if codebook == "none" else different.tolist()
            assert set(shared) <= set(facts["centroids"][name].tolist())
            assert len(facts["centroids"][name]) <= 2**bits
        file = len(coding.encode(expected))
        assert file - 400 < facts["bytes"] < file  # the head of names and shapes
        assert facts["ratio"] == pytest.approx(1_066_440 / facts["bytes"])


def test_the_bars_are_as_long_as_the_bytes(trained_model, few_digits):
    explorer = explore.compression_explorer(trained_model, few_digits)
    stored, bars = explorer.figure().axes[:2]
    drawn = [[patch.get_width() for patch in kind] for kind in stored.containers]
    parts = [*explorer.facts["parts"].values()]
    for row, part in enumerate(parts):
        assert [kind[row] for kind in drawn] == pytest.approx([each / 1000 for each in part])
    ends = [patch.get_x() + patch.get_width() for patch in stored.containers[-1]]
    assert ends == pytest.approx([sum(part) / 1000 for part in parts])
    assert max(ends) < stored.get_xlim()[1]
    explorer.controls["layer"].value = "fc3"
    (lines,) = bars.collections
    places = [segment[0, 0] for segment in lines.get_segments()]
    low, high = bars.get_xlim()
    centroids = explorer.facts["centroids"]["fc3"].clip(low, high)
    assert places == pytest.approx(centroids.tolist(), rel=1e-5)
    assert bars.get_title(loc="left") == "Weights of fc3"


def test_a_codebook_that_is_none_takes_no_bits(trained_model, few_digits):
    explorer = explore.compression_explorer(trained_model, few_digits)
    assert not explorer.controls["bits"].disabled
    explorer.controls["codebook"].value = "none"
    assert explorer.controls["bits"].disabled
    assert all(part.codes == 0 for part in explorer.facts["parts"].values())


@pytest.mark.parametrize("model", [models.ConvNet((4, 6)), models.TinyResNet(4)])
def test_other_nets_are_weighed_whole(model, few_digits):
    """BatchNorm's numbers are in the file, too; weights that are all pruned cost nothing."""
    explorer = explore.compression_explorer(model, few_digits)
    assert set(pruning.prunable(model)) < set(explorer.facts["parts"])
    explorer.controls["sparsity"].value = 99.5
    expected = compressed(model, 0.995, 3, "k-means")
    total = sum(map(sum, coding.parts(expected).values()))
    assert explorer.facts["bytes"] == pytest.approx(total, abs=1)
