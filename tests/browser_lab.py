"""A real JupyterLab and a real Chromium, and what one does in them: open, run, type, read.

For the tests in ``test_browser*.py`` and for ``screenshots.py``. Everything waits for what it wants
to see on the page, never for a time. ``page`` is a page of Playwright with one notebook open in it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest

from course_utils.authoring import build
from course_utils.lesson import desk

if TYPE_CHECKING:  # Playwright is for developers: where it is missing, the tests are skipped
    from playwright.sync_api import Browser, Locator, Page

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
# Skipped where there is no Chromium, except in CI: there a skipped test would hide a broken page.
MARKS = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and "CI" not in os.environ, reason="no Chromium is installed here"
    ),
]
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/lab\S*\?token=(\w+)")
SECONDS = 300  # how long the page may take over one thing before the test gives up
LESSON_SECONDS = 900  # and over all cells of a lesson
NUMBERED = re.compile(r"\[\d+\]:")  # the prompt of a cell that has run
# A widget that is shown as text, or not at all.
DEAD_WIDGET = re.compile(
    r"\b[HV]?Box\(|\bHTML\(|\bIntProgress\(|Error displaying widget|Loading widget"
)
STATUS = """() => {
    const kernel = jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
    return `${kernel?.connectionStatus}, ${kernel?.status}`;
}"""
# From the model, not the prompts: a shut cell has none.
COUNTS = """jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === "code").map(cell => cell.model.executionCount)"""
STDERR = "[data-mime-type='application/vnd.jupyter.stderr']"  # also what an error says
ALL_RUN = f"""() => document.querySelector("{STDERR}") !== null
    || {COUNTS}.every(count => count !== null)"""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: where it is, the folder that it shows, and that of the record."""

    address: str
    token: str
    folder: Path
    record: Path

    def url(self, notebook: str, workspace: str | None = None) -> str:
        """Where ``notebook`` (a path in the folder) opens.

        JupyterLab opens again what a window showed last; another ``workspace`` begins empty.
        """
        where = f"workspaces/{workspace}/" if workspace else ""
        return f"{self.address}/lab/{where}tree/{notebook}?token={self.token}"


@contextmanager
def lab_on_desk(home: Path) -> Iterator[Lab]:
    """JupyterLab as `make lab` opens it, on the desk of a copy of the course in ``home/course``.

    The learner's record, settings and kernels lie in ``home``, too.
    """
    course = home / "course"
    for part in ("course_utils", "notebooks"):
        leave = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(build.ROOT / part, course / part, ignore=leave)
    command = ["-m", "course_utils.lesson.desk"]
    with _started(command, home, course, course / desk.DESK) as lab:
        yield lab


@contextmanager
def lab_on(folder: Path, home: Path) -> Iterator[Lab]:
    """JupyterLab on any ``folder``, with this course's library; all else lies in ``home``."""
    command = ["-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    with _started(command, home, build.ROOT, folder) as lab:
        yield lab


@contextmanager
def _started(command: Sequence[str], home: Path, course: Path, folder: Path) -> Iterator[Lab]:
    log = home / "lab.log"
    _write_settings(home / "settings")
    options = ["--no-browser", "--allow-root", "--ServerApp.port=0", "--expose-app-in-browser"]
    with log.open("wb") as file:
        server = subprocess.Popen(
            [sys.executable, *command, *options],
            cwd=course, env=_environment(home, course), stdout=file, stderr=file,
        )  # fmt: skip
    try:
        yield Lab(*_address_of(server, log), folder, home / "record")
    finally:
        server.terminate()
        server.wait(timeout=30)


def _environment(home: Path, course: Path) -> dict[str, str]:
    """Nothing of the person who runs the tests plays a part, and a learner's bars are seen."""
    without = ("TQDM_DISABLE", "JUPYTER_CONFIG_PATH", "JUPYTERLAB_WORKSPACES_DIR")
    environment = {name: value for name, value in os.environ.items() if name not in without}
    return environment | {
        "HOME": str(home),
        "PYTHONPATH": str(course),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_CONFIG_PATH": str(desk.SETTINGS),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "PRUNING_COURSE_HOME": str(home / "record"),
    }


def _write_settings(folder: Path) -> None:
    """The learner's own: draw all cells, also those out of sight."""
    path = folder / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"windowingMode": "none"}), encoding="utf-8")


def _address_of(server: subprocess.Popen, log: Path) -> tuple[str, str]:
    """Address and token, which the server writes into its log, once it answers."""
    for _ in range(300):
        found = ADDRESS.search(log.read_text(encoding="utf-8"))
        if found:
            # The log may say so before the server listens, or end inside the token.
            with suppress(OSError):
                urllib.request.urlopen(found[0], timeout=60).close()
                return found[1], found[2]
        if server.poll() is not None:
            break
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    """A notebook of code cells that opens without asking for a kernel."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata.kernelspec = {
        "name": "python3", "display_name": "Python 3", "language": "python",
    }  # fmt: skip
    nbformat.write(notebook, path)


def open_notebook(browser: "Browser", url: str, width: int = 1200) -> "Page":
    """A new window with the notebook, its kernel ready and the stored outputs cleared."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_default_timeout(SECONDS * 1000)
    page.goto(url)
    wait_until_ready(page)
    clear_outputs(page)
    return page


def clear_outputs(page: "Page") -> None:
    """Take all outputs and the numbers of the cells away: what is seen after it is new."""
    page.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")


def wait_until_ready(page: "Page") -> None:
    """Wait until the kernel answers: a cell that is run while it still connects is dropped.

    The page says “idle” before that as well, so JupyterLab itself is asked.
    """
    page.locator(".jp-NotebookPanel .jp-CodeCell").first.wait_for()
    page.wait_for_function(f"({STATUS})() === 'connected, idle'")


def close(page: "Page") -> None:
    """End the kernel of the notebook and close its window."""
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.close()


def choose(page: "Page", menu: str, entry: str) -> None:
    """Click an entry of JupyterLab's menu, whatever shortcut stands behind it."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=re.compile(rf"^{re.escape(entry)}(\s|$)")).click()


def restart_kernel(page: "Page") -> None:
    """Restart the kernel from the menu, whatever it does, and wait until the new one answers.

    The old one may become idle once more before it ends, so the restart itself is waited for.
    """
    page.evaluate("""() => {
        const context = jupyterapp.shell.currentWidget.sessionContext;
        window.restarted = false;
        context.statusChanged.connect((_, status) => {
            window.restarted ||= status === "restarting";
        });
    }""")
    choose(page, "Kernel", "Restart Kernel…")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.wait_for_function("window.restarted")
    wait_until_ready(page)


def run_all(page: "Page") -> None:
    """Run every cell from the menu, and return once all have run or one has failed."""
    clear_outputs(page)
    choose(page, "Run", "Run All Cells")
    wait_until_all_run(page)


def wait_until_all_run(page: "Page") -> None:
    """Wait until all cells have run or one has failed; ``TimeoutError`` says where it stands."""
    from playwright.sync_api import TimeoutError as TooLong

    try:
        page.wait_for_function(ALL_RUN, polling=500, timeout=LESSON_SECONDS * 1000)
    except TooLong as error:
        counts, status = page.evaluate(COUNTS), page.evaluate(STATUS)
        raise TimeoutError(f"Not all cells have run: {counts}. The kernel: {status}") from error


def cell_with(page: "Page", code: str) -> "Locator":
    """The first code cell that contains ``code``."""
    editor = page.locator(".jp-InputArea-editor").filter(has_text=code)
    return page.locator(".jp-CodeCell").filter(has=editor).first


def run_cell(page: "Page", cell: "Locator") -> list[str]:
    """Run one cell from the keyboard, and return what its outputs say."""
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    prompt.filter(has_text=NUMBERED, has_not_text=before).wait_for()
    return outputs_of(cell)


def type_into(page: "Page", cell: "Locator", code: str) -> None:
    """Replace the code of a cell from the keyboard."""
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(code)


def outputs_of(part: "Page | Locator") -> list[str]:
    """What the outputs of a cell, or of all cells, say."""
    return part.locator(".jp-OutputArea-output").all_inner_texts()


def problems(page: "Page") -> list[str]:
    """What a notebook that was run from top to bottom must not show."""
    counts = page.evaluate(COUNTS)
    in_order = counts == list(range(1, len(counts) + 1))
    found = [] if in_order else [f"The cells are numbered {counts}."]
    errors = page.locator(STDERR)
    found += [f"An error: {text}" for text in errors.all_inner_texts()]
    hidden = page.get_by_text("Show more outputs").count()
    found += [f"{hidden} cells have so many outputs that the last are hidden."] * bool(hidden)
    dead = filter(DEAD_WIDGET.search, outputs_of(page))
    return found + [f"A widget is left as text: {text}" for text in dead]
