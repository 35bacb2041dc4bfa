"""Print how long the explorers take from a key to the new picture in the browser: `make bench`.

From the key that moves a slider to the new picture, decoded and drawn, in a real JupyterLab in a
real Chromium; the median of 20 keys, with the fastest and the slowest beside it.
"""

import sys
import tempfile
from pathlib import Path
from statistics import median

import browser_lab
from playwright.sync_api import Page

KEYS = 20
SETUP = """
from course_utils import data, explore, models, training

digits = data.load_mnist()
training.seed_everything(0)
lenet = models.LeNet300()
training.train(lenet, digits, epochs=3)
"""
SLIDERS = {
    "mask_explorer(lenet.fc1.weight)": "sparsity",
    "threshold_explorer(lenet, digits)": "threshold",
    "schedule_designer(lenet, digits)": "end",
    "survivor_explorer(lenet)": "sparsity",
    "compression_explorer(lenet, digits)": "sparsity",
}
# The clock starts in the page, with the key itself, and stops when the new picture is drawn.
CLOCK = """() => {
    const picture = document.querySelector(".widget-image");
    window.milliseconds = [];
    let pressed = null;
    document.addEventListener("keydown", () => { pressed = performance.now(); }, true);
    const seen = async () => {
        if (pressed === null) return;
        const start = pressed;
        pressed = null;
        await picture.decode();
        requestAnimationFrame(() => window.milliseconds.push(performance.now() - start));
    };
    new MutationObserver(seen).observe(picture, { attributeFilter: ["src"] });
}"""


def main() -> int:
    """Measure and print one line an explorer."""
    if browser_lab.CHROMIUM is None:
        print("no Chromium is installed here", file=sys.stderr)
        return 1
    print(f"From a key to the new picture in the browser, {KEYS} keys")
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "explorers"
        folder.mkdir()
        with browser_lab.lab_on(folder, Path(home)) as lab, browser_lab.chromium() as browser:
            for code, label in SLIDERS.items():
                name = code.partition("(")[0]
                cells = [SETUP, f"explore.show(explore.{code})"]
                browser_lab.write_notebook(folder / f"{name}.ipynb", cells)
                page = browser_lab.open_notebook(browser, lab.url(f"{name}.ipynb", name))
                report(code, milliseconds(page, label))
                browser_lab.close(page)
    return 0


def milliseconds(page: Page, label: str) -> list[float]:
    """Run the notebook and press the keys, each once the picture of the one before is drawn."""
    browser_lab.run_all(page)
    page.locator(".widget-image").wait_for()
    slider = page.locator(".widget-hslider").filter(has_text=label).get_by_role("slider")
    slider.focus()
    page.evaluate(CLOCK)
    for number in range(KEYS):
        slider.press("ArrowLeft")
        page.wait_for_function(f"window.milliseconds.length > {number}")
    return sorted(page.evaluate("window.milliseconds"))


def report(label: str, times: list[float]) -> None:
    spread = f"({times[0]:.0f} to {times[-1]:.0f})"
    print(f"  {label:42} {median(times):6.0f} ms  {spread}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
