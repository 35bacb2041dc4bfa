"""The page that is shipped, in a real browser: its answers are PyTorch's, and it reads drawings."""

import base64
import io
import itertools
import re

import browser_lab
import pytest
import torch
from PIL import Image
from torch import nn

from course_utils import deploy, models, pruning, sharing, ship, training

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = browser_lab.MARKS
# Digits go in as bytes, as they are in the data set: a text of their decimals takes half a minute.
ALL_SCORES = """text => {
    const ink = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
    const scores = [];
    for (let start = 0; start < ink.length; start += 784) {
        const digit = Float32Array.from(ink.subarray(start, start + 784), byte => byte / 255);
        scores.push([digits.logits(digit), digits.logits(digits.centred(digit, 28, 28))]);
    }
    return scores;
}"""
# A 7, a 1 and a 0 as polygons, in parts of the drawing's side.
STROKES = {
    7: [[(0.28, 0.22), (0.7, 0.22), (0.42, 0.82)]],
    1: [[(0.52, 0.18), (0.48, 0.82)]],
    0: [[(0.5, 0.2), (0.33, 0.32), (0.28, 0.55), (0.36, 0.75), (0.5, 0.82), (0.64, 0.75),
         (0.71, 0.55), (0.66, 0.32), (0.5, 0.2)]],
}  # fmt: skip


@pytest.fixture(scope="module")
def net(digits):
    """A LeNet-300-100, pruned, with eight numbers a layer."""
    training.seed_everything(0)
    model = models.LeNet300()
    training.train(model, digits, epochs=8, silent=True)
    pruning.prune_model(model, 0.9)
    training.train(model, digits, epochs=2, silent=True)
    sharing.share_model(model, 8, biases=8)
    return model.eval()


@pytest.fixture(scope="module")
def file(net, tmp_path_factory):
    path = tmp_path_factory.mktemp("shipped") / "digits.html"
    path.write_text(ship.page(net), encoding="utf-8")
    return path


@pytest.fixture
def open_page(browser, file):
    """A function that opens the page; after the test it has asked for nothing and complained of
    nothing."""
    contexts, asked, said = [], [], []

    def opened(**options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert asked == [file.as_uri()] * len(contexts)
    assert said == []


def draw(page, strokes):
    """Draw with the mouse. ``strokes``: polygons, in parts of the drawing's side."""
    box = page.locator("#drawing").bounding_box()
    for stroke in strokes:
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point, steps=6)
        page.mouse.up()


def expect_digit(page, digit):
    """The sentence and the row in bold say the digit, and the rows make a hundred per cent."""
    sync_api.expect(page.get_by_role("status")).to_have_text(f"This is a {digit}, the net says.")
    sync_api.expect(page.locator("tr.first th")).to_have_text(str(digit))
    parts = [
        float(text.removesuffix(" %")) for text in page.locator("td:last-child").all_inner_texts()
    ]
    assert len(parts) == 10
    assert sum(parts) == pytest.approx(100, abs=0.6)
    assert parts[digit] == max(parts)


def expect_nothing(page):
    sync_api.expect(page.get_by_role("status")).to_have_text("Draw a digit from 0 to 9.")
    assert not any(page.locator("td:last-child").all_inner_texts())
    assert page.locator("tr.first").count() == 0


def test_its_answers_are_those_of_pytorch(open_page, net, digits):
    x = digits.test[0]
    ink = (255 * x).round().byte().numpy().tobytes()
    found = torch.tensor(open_page().evaluate(ALL_SCORES, base64.b64encode(ink).decode()))
    expected = deploy.answers(net, x)
    assert (found[:, 0] - expected).abs().max() < 1e-4
    assert torch.equal(found[:, 0].argmax(1), expected.argmax(1))
    # Laid in its field once more, a digit of the data set hardly moves.
    assert (found[:, 1].argmax(1) != expected.argmax(1)).sum() <= 5


def chain(*sizes):
    layers = [nn.Linear(i, o) for i, o in itertools.pairwise(sizes)]
    between = [each for layer in layers for each in (nn.ReLU(), layer)]
    return nn.Sequential(nn.Flatten(), *between[1:])


def masked(sparsity):
    return pruning.prune_model(chain(784, 30, 10), sparsity, "random")


def shared(clusters):
    net = masked(0.8)
    sharing.share_model(net, clusters, biases=clusters)
    return net


def constant():
    net = chain(784, 7, 10)
    with torch.no_grad():
        net[1].weight.fill_(0.25)
        net[1].bias.zero_()
    return net


NETS = {
    "all numbers, one layer": lambda: chain(784, 10),
    "all numbers, four layers": lambda: chain(784, 20, 20, 20, 10),
    "masked, no codebook": lambda: masked(0.7),
    "all of it pruned": lambda: masked(1.0),
    "one number a layer": lambda: shared(1),
    "two numbers a layer": lambda: shared(2),
    "200 numbers a layer": lambda: shared(200),
    "one number, none pruned": constant,
}


@pytest.mark.parametrize("kind", NETS)
def test_any_net_is_decoded_and_computed(browser, tmp_path, kind):
    net = NETS[kind]().eval()
    path = tmp_path / "page.html"
    path.write_text(ship.page(net), encoding="utf-8")
    x = torch.rand(5, 1, 28, 28)
    page = browser.new_page()
    page.goto(path.as_uri())
    found = torch.tensor(page.evaluate("all => all.map(digits.logits)", x.flatten(1).tolist()))
    page.close()
    assert torch.allclose(found, deploy.answers(net, x), atol=1e-5)


@pytest.mark.parametrize("digit", STROKES)
def test_it_reads_what_the_mouse_draws(open_page, digit):
    page = open_page()
    expect_nothing(page)
    draw(page, STROKES[digit])
    expect_digit(page, digit)
    page.get_by_role("button", name="Clear").click()
    expect_nothing(page)
    draw(page, STROKES[1])
    expect_digit(page, 1)


def test_it_reads_a_finger(open_page):
    """A touch reaches the page as one pointer, and scrolls nothing."""
    page = open_page(has_touch=True, viewport={"width": 360, "height": 640})
    box = page.locator("#drawing").bounding_box()
    finger = page.context.new_cdp_session(page)

    def touch(kind, *points):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [*points]})

    def at(part):
        return {"x": box["x"] + 0.5 * box["width"], "y": box["y"] + part * box["height"]}

    touch("touchStart", at(0.15))
    for step in range(1, 11):
        touch("touchMove", at(0.15 + 0.07 * step))
    touch("touchEnd")
    expect_digit(page, 1)
    assert page.evaluate("scrollY") == 0


def test_it_reads_what_the_keys_draw(open_page):
    page = open_page()
    page.keyboard.press("Tab")
    drawing = page.get_by_role("application", name="Drawing area")
    sync_api.expect(drawing).to_be_focused()
    sync_api.expect(page.locator("#pen")).to_be_visible()
    page.keyboard.press("ArrowDown")  # the pen is up: this draws nothing
    expect_nothing(page)
    page.keyboard.press("Space")
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    expect_digit(page, 1)
    page.keyboard.press("Space")
    page.keyboard.press("Delete")
    expect_nothing(page)
    page.keyboard.press("Tab")
    sync_api.expect(page.get_by_role("button", name="Clear")).to_be_focused()


def test_a_stroke_may_leave_the_drawing_and_come_back(open_page):
    """Nothing is drawn where it was outside, and the page still follows the mouse."""
    page = open_page()
    draw(page, [[(0.5, 0.15), (0.5, 1.3), (1.3, 1.3), (1.3, 0.2)]])
    expect_digit(page, 1)
    page.get_by_role("button", name="Clear").click()
    expect_nothing(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 900, 1600])
def test_it_fits_any_window_and_can_be_read(open_page, scheme, width):
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 700})
    draw(page, STROKES[7])
    expect_digit(page, 7)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    text, ground = page.evaluate(
        "() => { const style = getComputedStyle(document.body);"
        "return [style.color, style.backgroundColor] }"
    )
    assert contrast(text, ground) > 7
    # What is drawn is seen: the picture of the drawing has both, ink and ground.
    picture = Image.open(io.BytesIO(page.locator("#drawing").screenshot())).convert("L")
    dark, light = picture.getextrema()
    assert light - dark > 180


def contrast(one, other):
    """WCAG 2.2: how much lighter one colour is than another, from 1 to 21."""

    def luminance(colour):
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        parts = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return sum(weight * v for weight, v in zip((0.2126, 0.7152, 0.0722), parts, strict=True))

    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def test_a_page_that_is_damaged_says_nothing_wrong(browser, file, tmp_path):
    """One letter of the net is another: it computes nothing rather than something else."""
    page = file.read_text(encoding="utf-8")
    start = page.index('id="net">') + 2000
    other = "A" if page[start] != "A" else "B"
    (tmp_path / "damaged.html").write_text(
        page[:start] + other + page[start + 1 :], encoding="utf-8"
    )
    window, said = browser.new_page(), []
    window.on("pageerror", lambda error: said.append(str(error)))
    window.goto((tmp_path / "damaged.html").as_uri())
    sync_api.expect(window.get_by_role("status")).to_have_text("The net in this page is damaged.")
    assert window.evaluate("typeof digits") == "undefined"
    window.close()
