"""The toy of lesson 00 in a real Chromium: a page that prunes a net without a kernel."""

import browser_lab
import pytest
import torch

from course_utils import masks, pruning
from course_utils.explore import toy

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = browser_lab.MARKS
SPARSITIES = (0, 0.5, 0.8, 0.9, 0.95, 0.99)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("toy") / "toy.html"
    path.write_text(toy.page(), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(browser, address):
    """The page, open and ready; it must ask no other computer and report no error."""
    context = browser.new_context()
    page = context.new_page()
    asked, errors = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.wait_for_function("globalThis.toy !== undefined")
    yield page
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    assert errors == []
    context.close()


def answers(sparsity):
    """PyTorch's answers to the digits of the page, with that part of the weights pruned."""
    net, images, labels = toy.stored_net()
    sizes = {name: weight.abs() for name, weight in pruning.weights(net).items()}
    pruning.apply_masks(net, masks.global_masks(sizes, sparsity))
    with torch.no_grad():
        return net(images.reshape(-1, 1, 28, 28)).argmax(1).tolist(), labels


@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_its_answers_are_those_of_pytorch(page, sparsity):
    expected, _ = answers(sparsity)
    assert len(expected) == 200
    assert page.evaluate("sparsity => toy.answers(sparsity)", sparsity) == expected


def test_the_slider_moves_accuracy_answers_and_pixels(page):
    slider, score = page.get_by_role("slider"), page.locator("#score")
    seen = [page.locator("#pixels").screenshot()]
    for sparsity in (0, 90, 99.5):
        slider.fill(str(sparsity))
        expected, labels = answers(sparsity / 100)
        right = int((torch.tensor(expected) == labels).sum())
        sync_api.expect(score).to_have_text(f"{right} of 200 test digits are right.")
        sync_api.expect(page.locator("#cut")).to_have_text(f"{sparsity} %")
        seen.append(page.locator("#pixels").screenshot())
    assert len(set(seen[1:])) == 3
    slider.press("Home")
    slider.press("ArrowRight")
    sync_api.expect(page.locator("#cut")).to_have_text("0.5 %")


def test_a_digit_is_taken_cleared_and_drawn(page):
    answer = page.locator("#answer")
    sync_api.expect(answer).to_have_text(f"The net says {answers(0)[0][0]}.")
    page.get_by_role("button", name="Clear").press("Enter")
    sync_api.expect(answer).to_have_text("Draw a digit, or take one.")
    box = page.locator("#drawing").bounding_box()
    x = box["x"] + box["width"] / 2
    page.mouse.move(x, box["y"] + 0.15 * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.85 * box["height"], steps=10)
    page.mouse.up()
    sync_api.expect(answer).to_have_text("The net says 1.")


def test_it_stands_in_a_notebook_without_a_kernel(browser, address, tmp_path):
    """As a stored output: a frame whose page is in the frame itself."""
    stored = tmp_path / "notebook.html"
    stored.write_text(f"<main>{toy.frame()}</main>", encoding="utf-8")
    page = browser.new_page()
    page.goto(stored.as_uri())
    inside = page.frame_locator("iframe")
    sync_api.expect(inside.locator("#score")).to_contain_text("of 200 test digits are right.")
    page.close()
