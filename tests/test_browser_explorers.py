"""Every explorer in a real browser: moved by keys and clicks, its numbers held to the library.

Each stands in a notebook of its own with the same nets as here, and is shown as a lesson shows it.
"""

import math
import re

import browser_lab
import pytest

from course_utils import coding, masks, measure, pruning, schedules, sharing, surgery, training

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = browser_lab.MARKS
SETUP = """
import torch
from course_utils import data, explore, models, training

digits = data.load_mnist()
training.seed_everything(0)
weight = torch.randn(12, 10)
lenet, convnet = models.LeNet300().eval(), models.ConvNet((4, 6)).eval()
"""
EXPLORERS = {
    "mask": "explore.show(explore.mask_explorer(weight))",
    "threshold": "explore.show(explore.threshold_explorer(lenet, digits))",
    "surgery": "explore.show(explore.surgery_explorer(convnet, digits))",
    "schedule": "explore.show(explore.schedule_designer(lenet, digits))",
    "survivors": "explore.show(explore.survivor_explorer(lenet))",
    "compression": "explore.show(explore.compression_explorer(lenet, digits))",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("explorers")
    for name, code in EXPLORERS.items():
        browser_lab.write_notebook(folder / f"{name}.ipynb", [SETUP, code])
    with browser_lab.lab_on(folder, tmp_path_factory.mktemp("home")) as lab:
        yield lab


@pytest.fixture
def open_explorer(lab, browser):
    """A function that shows an explorer; after the test nothing is printed and no cell failed."""
    pages = []

    def opened(name):
        page = browser_lab.open_notebook(browser, lab.url(f"{name}.ipynb", name))
        pages.append(page)
        browser_lab.run_all(page)
        page.locator(".widget-image").wait_for()
        return page

    yield opened
    for page in pages:
        assert browser_lab.problems(page) == []
        assert page.locator("[data-mime-type='application/vnd.jupyter.stdout']").count() == 0
        browser_lab.close(page)


@pytest.fixture(scope="module")
def here():
    """The nets and the data of the notebooks, by name, made by the same code."""
    names = {}
    exec(SETUP, names)
    return names


def press(page, label, key, times):
    """Move the slider with this label from the keyboard; return what it then says, as a number."""
    slider = page.locator(".widget-hslider").filter(has_text=label)
    readout = slider.locator(".widget-readout")
    for _ in range(times):
        before = readout.inner_text()
        slider.get_by_role("slider").press(key)
        readout.filter(has_not_text=re.compile(rf"^{re.escape(before)}$")).wait_for()
    return float(readout.inner_text())


def another_picture(page, action):
    """Do ``action()`` and wait until the picture is another one; return what that gave."""
    picture = page.locator(".widget-image")
    before = picture.get_attribute("src")
    result = action()
    sync_api.expect(picture).not_to_have_attribute("src", before)
    return result


def expect_numbers(page, *texts):
    """Wait until the numbers below the picture say each of ``texts``."""
    numbers = page.locator("[role=status]")
    for text in texts:
        sync_api.expect(numbers).to_contain_text(text)


def test_mask_explorer(open_explorer, here):
    page, weight = open_explorer("mask"), here["weight"]
    sparsity = another_picture(page, lambda: press(page, "sparsity", "ArrowRight", 2)) / 100
    assert sparsity == 0.81
    mask = masks.magnitude_mask(weight, sparsity)
    threshold = weight[~mask].abs().max().item()
    expect_numbers(page, f"{int((~mask).sum())} of 120 weights", f"≈ {threshold:.4f}")

    method = page.get_by_label("method")
    another_picture(page, lambda: method.select_option("rows by L1"))
    product = weight * masks.norm_mask(weight, sparsity, n=1)
    stored = (measure.size_bytes(product, name) for name in ("csr", "bitmask"))
    expect_numbers(page, "rows by L1", *(f"{size:,}" for size in stored))


def test_threshold_explorer(open_explorer, here):
    page, lenet = open_explorer("threshold"), here["lenet"]
    threshold = another_picture(page, lambda: press(page, "threshold", "ArrowLeft", 3))
    trial = pruning.plain_copy(lenet)
    keep = {name: w.abs() >= threshold for name, w in pruning.weights(lenet).items()}
    pruning.apply_masks(trial, keep)
    accuracy = training.evaluate(trial, here["digits"].val)
    sparsity = masks.sparsity(trial)
    expect_numbers(page, f"≈ {threshold:g}", f"≈ {100 * sparsity:.1f} % of the weights")
    expect_numbers(page, f"is ≈ {100 * accuracy:.1f} %")


def test_surgery_explorer(open_explorer, here):
    page, convnet = open_explorer("surgery"), here["convnet"]
    buttons = page.locator(".widget-toggle-button")
    another_picture(page, buttons.nth(1).click)
    sync_api.expect(buttons.nth(1)).to_have_text("1 ✗")
    another_picture(page, lambda: buttons.nth(2).press("Enter"))
    first = next(iter(surgery.filter_layers(convnet)))
    keep = here["torch"].tensor([True, False, False, True])
    small = surgery.remove_filters(convnet, {first: keep})
    flops = measure.flops(small, here["digits"].val[0][:1])
    expect_numbers(page, f"Parameters: {measure.count_parameters(small):,} of", f"{flops:,} of")


def test_schedule_designer(open_explorer):
    page = open_explorer("schedule")
    rounds = another_picture(page, lambda: press(page, "rounds", "ArrowLeft", 5))
    assert rounds == 3
    totals = schedules.geometric(0.95, 3)
    expect_numbers(page, ", ".join(f"{100 * total:.1f}" for total in totals))
    another_picture(page, lambda: page.get_by_label("shape").select_option("linear"))
    totals = schedules.linear(0.95, 3)
    expect_numbers(page, ", ".join(f"{100 * total:.1f}" for total in totals))

    page.get_by_role("button", name="Run", exact=True).press("Enter")
    done = page.locator("[role=status]").filter(has_text="linear to 95 %: after round 3")
    done.filter(has_text="the sparsity is 95.0 %").wait_for()
    sync_api.expect(page.get_by_role("button", name="Stop", exact=True)).to_be_disabled()


def test_survivor_explorer(open_explorer, here):
    page, lenet = open_explorer("survivors"), here["lenet"]
    sparsity = another_picture(page, lambda: press(page, "sparsity", "ArrowLeft", 3)) / 100
    assert math.isclose(sparsity, 0.935)
    scores = {name: weight.abs() for name, weight in pruning.weights(lenet).items()}
    chosen = masks.global_masks(scores, sparsity)
    density = [f"{name} ≈ {100 * mask.float().mean():.1f} %" for name, mask in chosen.items()]
    expect_numbers(page, ", ".join(density))


def test_compression_explorer(open_explorer, here):
    page, lenet = open_explorer("compression"), here["lenet"]
    sparsity = another_picture(page, lambda: press(page, "sparsity", "ArrowRight", 2)) / 100
    assert math.isclose(sparsity, 0.96)
    bits = int(another_picture(page, lambda: press(page, "bits", "ArrowLeft", 1)))
    small = pruning.make_permanent(pruning.prune_model(pruning.plain_copy(lenet), sparsity))
    sharing.share_model(small, 2**bits, biases=2**bits)
    parts = coding.parts(small)
    codes = parts["fc2.weight"].codes + parts["fc2.bias"].codes
    total = round(sum(map(sum, parts.values())))
    expect_numbers(page, f"≈ {total:,} bytes together", f"codes ≈ {codes:,.0f}", "4 shared numbers")
    accuracy = training.evaluate(small, here["digits"].val)
    expect_numbers(page, f"accuracy is ≈ {100 * accuracy:.1f} %")
    another_picture(page, lambda: page.get_by_label("histogram of").select_option("fc2"))
    another_picture(page, lambda: page.get_by_label("codebook").select_option("none"))
    expect_numbers(page, "all of its own numbers", "codes ≈ 0")
