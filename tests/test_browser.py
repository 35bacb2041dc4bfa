"""Lesson 00 in a real JupyterLab in a real Chromium, opened as `make lab` opens it.

It is run, answered wrongly, then rightly, and the window around it is looked at.

Skipped where there is no Chromium, except in CI: there a skipped test would hide a broken page.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import pytest

from course_utils import progress
from course_utils.authoring import build

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None and "CI" not in os.environ, reason="no Chromium is installed here"
    ),
]
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
LESSON = "00_start_here.ipynb"
NUMBERED = re.compile(r"\[\d+\]")  # the prompt of a cell that has run
SECONDS = 90  # how long the page may take over one thing before the test gives up


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The learner's home, with the record, the settings and the course in it."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def lab(home):
    """The address of a JupyterLab on the desk of that course."""
    for part in ("course_utils", "notebooks"):
        leave = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(build.ROOT / part, home / "course" / part, ignore=leave)
    environment = {
        **os.environ,
        "HOME": str(home),
        "PYTHONPATH": str(home / "course"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "PRUNING_COURSE_HOME": str(home / "record"),
    }
    environment.pop("TQDM_DISABLE", None)  # a learner sees the progress bars
    environment.pop("JUPYTERLAB_WORKSPACES_DIR", None)
    command = [sys.executable, "-m", "course_utils.desk", "--no-browser", "--allow-root"]
    command += ["--ServerApp.port=0", "--expose-app-in-browser"]  # for wait_until_ready
    write_settings(home / "settings")
    log = home / "lab.log"
    with log.open("w") as file:
        server = subprocess.Popen(
            command, cwd=home / "course", env=environment, stdout=file, stderr=file
        )
    try:
        yield address_of(server, log)
    finally:
        server.terminate()
        server.wait(timeout=30)


def write_settings(folder):
    """The learner's own: draw all cells, also those out of sight."""
    path = folder / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"windowingMode": "none"}))


def address_of(server, log):
    """The address with its token that the server writes into its log, once it answers."""
    for _ in range(300):
        found = re.search(rf"http://127\.0\.0\.1:\d+/lab/tree/{LESSON}\?token=\w+", log.read_text())
        if found:
            urllib.request.urlopen(found[0], timeout=60).close()
            return found[0].replace(f"/tree/{LESSON}", "")
        if server.poll() is not None:
            break
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def page(lab, browser):
    """Lesson 00, open in a window, each of its cells run from the menu."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(SECONDS * 1000)
    start, token = lab.split("?")
    page.goto(f"{start}/tree/{LESSON}?{token}")
    wait_until_ready(page)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.locator(".jp-OutputArea .widget-hprogress").first.wait_for()  # a live bar while it trains
    last = page.locator(".jp-CodeCell").last.locator(".jp-InputPrompt")
    last.filter(has_text=NUMBERED).wait_for()
    return page


def wait_until_ready(page):
    """Wait until the kernel answers: a cell that is run while it still connects is dropped.

    The page says “idle” before that as well, so JupyterLab itself is asked.
    """
    page.locator(".jp-NotebookPanel .jp-CodeCell").first.wait_for()
    page.wait_for_function("""() => {
        const kernel = jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel;
        return kernel?.connectionStatus === "connected" && kernel.status === "idle";
    }""")


def answer(page, body):
    """Type ``body`` as the body of ``count_zeros``, run its cell, and return what the cell says."""
    cell = page.locator(".jp-CodeCell").filter(has_text="def count_zeros(x):").first
    prompt = cell.locator(".jp-InputPrompt")
    before = prompt.inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    check = "count_zeros = ex.count_zeros.check(count_zeros)"
    page.keyboard.insert_text(f"def count_zeros(x):\n    {body}\n{check}")
    page.keyboard.press("Control+Enter")
    prompt.filter(has_text=NUMBERED, has_not_text=before).wait_for()
    return cell.locator(".jp-OutputArea-output").all_inner_texts()


def test_every_cell_runs_without_an_error(page):
    cells = page.locator(".jp-CodeCell")
    wanted = [f"[{number}]:" for number in range(1, cells.count() + 1)]
    assert cells.locator(".jp-InputPrompt").all_inner_texts() == wanted
    for kind in ("error", "stderr"):
        found = page.locator(f"[data-mime-type='application/vnd.jupyter.{kind}']")
        assert found.all_inner_texts() == []
    assert "HBox(" not in page.locator(".jp-Notebook").inner_text()  # a widget left as text
    assert page.locator(".jp-OutputArea-output img").count() == 2


def test_opens_without_distraction(page):
    """The table of contents on the left, the lesson beside it, and nothing over them."""
    contents = page.get_by_role("region", name="Table of Contents section")
    lesson = page.locator(".jp-NotebookPanel")
    assert "0.7 Your progress" in contents.inner_text()
    left, middle = contents.bounding_box(), lesson.bounding_box()
    assert left["x"] + left["width"] <= middle["x"]
    assert middle["width"] > 0.6 * page.viewport_size["width"]
    assert page.locator(".jp-Dialog, .Toastify__toast").count() == 0


def test_the_progress_table_follows_the_record(page, home, monkeypatch):
    """Another process writes, the table of this one says so, and no cell is run for it."""
    table = page.locator(".jp-OutputArea table").filter(has_text="kept up to date")
    row = table.locator("tr").filter(has_text="06 Iterative pruning")
    row.filter(has_text="not started").wait_for()
    monkeypatch.setenv("PRUNING_COURSE_HOME", str(home / "record"))
    progress.record_check("6.1", "wrong")
    row.filter(has_text="begun").wait_for()


def test_each_picture_says_in_words_what_it_shows(page):
    """JupyterLab drops the alternative text of a PNG, so the words stand below it as well."""
    words = page.locator(".jp-OutputArea-output details")
    assert words.count() == page.locator(".jp-OutputArea-output img").count()
    words.first.locator("summary").press("Enter")
    assert "Ten handwritten digits" in words.first.inner_text()


def test_an_exercise_wrong_then_right(page):
    (wrong,) = answer(page, "return x.numel()")
    assert "✗" in wrong
    assert "You count all numbers" in wrong
    (crash,) = answer(page, "return x.no_such_thing()")
    assert "!" in crash
    assert "no_such_thing" in crash
    (right,) = answer(page, "return int((x == 0).sum())")
    assert "✓ Exercise 0.1" in right
