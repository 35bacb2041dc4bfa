"""A picture of each lesson as JupyterLab shows it, and one page with all: `make screenshots`.

The lessons of ``notebooks/`` are run in Chromium and written to ``build/screenshots/``, which git
ignores: for a person who wants to see them all at once, before a release or after a change.

    python tests/screenshots.py                all lessons, in a window of 1280 pixels
    python tests/screenshots.py 03 --width 900
"""

import argparse
import html
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import browser_lab
from playwright.sync_api import Browser, Page

from course_utils.lesson import desk

TARGET = desk.ROOT / "build" / "screenshots"
TALLEST = 30_000  # pixels; Chromium draws no more at once
CUT_OFF = """() => [...document.querySelectorAll(".jp-OutputArea-output")]
    .filter(part => part.scrollWidth > part.clientWidth + 1)
    .map(part => `${part.scrollWidth} px in ${part.clientWidth}: `
        + part.innerText.trim().slice(0, 60))"""

# Once the panel is as high as the new window, but for the bars above and below it.
TO_THE_TOP = """() => {
    const scroller = document.querySelector(".jp-WindowedPanel-outer");
    scroller.scrollTop = 0;
    return scroller.clientHeight > window.innerHeight - 300 && scroller.scrollTop === 0;
}"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Returns the exit status: 1 if a lesson shows a problem."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lesson", nargs="*", help="numbers such as 02; without any, all lessons")
    parser.add_argument("--width", type=int, default=1280, help="of the window, in pixels")
    options = parser.parse_args(arguments)
    chosen = [path for path in desk.lessons() if path.name[:2] in (options.lesson or path.name)]
    if not chosen:
        parser.error(f"there is no lesson {' '.join(options.lesson)}")
    if browser_lab.CHROMIUM is None:
        parser.error("no Chromium is installed here")
    found = take_all(chosen, options.width)
    print(f"All on one page: {write_index().relative_to(desk.ROOT)}")
    return int(found)


def take_all(lessons: Sequence[Path], width: int) -> bool:
    """Take a picture of each lesson; return whether one shows a problem."""
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "lessons"
        folder.mkdir()
        for lesson in lessons:
            shutil.copy(lesson, folder)
        with browser_lab.lab_on(folder, Path(home)) as lab, browser_lab.chromium() as browser:
            wrong = [take(browser, lab, lesson, width) for lesson in lessons]
    return any(wrong)


def take(browser: Browser, lab: browser_lab.Lab, lesson: Path, width: int) -> bool:
    """Run a lesson, take its picture, and say what is wrong with it; return whether anything is."""
    start = time.perf_counter()
    page = browser_lab.open_notebook(browser, lab.url(lesson.name, lesson.stem), width)
    page.evaluate("() => jupyterapp.shell.collapseLeft()")
    browser_lab.run_all(page)
    wrong = browser_lab.problems(page)
    remarks = [f"Wider than its cell, {part}" for part in page.evaluate(CUT_OFF)]
    hidden = page.get_by_text("Show more outputs").count()
    if hidden:
        remarks.append(f"{hidden} cells have so many outputs that JupyterLab hides the last ones")
    picture = TARGET / f"{lesson.stem}-{width}.png"
    unroll(page)
    page.locator(".jp-NotebookPanel").screenshot(path=picture)
    browser_lab.close(page)
    print(f"{lesson.stem}: {picture.name}, {time.perf_counter() - start:.0f} s", flush=True)
    for line in [*wrong, *remarks]:
        print(f"  {line}", flush=True)
    return bool(wrong)


def unroll(page: Page) -> None:
    """Make the window so high that the whole notebook is seen, as far as Chromium can draw it."""
    scroller = page.locator(".jp-WindowedPanel-outer").first
    hidden = scroller.evaluate("part => part.scrollHeight - part.clientHeight")
    size = page.viewport_size
    page.set_viewport_size(size | {"height": min(size["height"] + hidden, TALLEST)})
    page.wait_for_function(TO_THE_TOP)


def write_index() -> Path:
    """A page with every picture that lies in the folder, each below its name."""
    pictures = sorted(TARGET.glob("*.png"))
    parts = (
        f'<h2 id="{name}">{name}</h2>\n<img src="{name}.png" alt="The whole lesson {name}">\n'
        for name in (html.escape(picture.stem) for picture in pictures)
    )
    links = " · ".join(f'<a href="#{p.stem}">{p.stem}</a>' for p in pictures)
    index = TARGET / "index.html"
    index.write_text(
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>The lessons</title>\n'
        "<style>img { border: 1px solid gray } body { font-family: sans-serif }</style>\n"
        f"<h1>The lessons as JupyterLab shows them</h1>\n<p>{links}</p>\n{''.join(parts)}</html>\n",
        encoding="utf-8",
    )
    return index


if __name__ == "__main__":
    sys.exit(main())
