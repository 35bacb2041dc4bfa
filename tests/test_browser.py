"""Lesson 00 in a real JupyterLab in a real Chromium, opened as `make lab` opens it.

It is run, answered wrongly, then rightly, and the window around it is looked at.
"""

import browser_lab
import pytest

from course_utils.lesson import progress

pytest.importorskip("playwright.sync_api")
pytestmark = browser_lab.MARKS
LESSON = "00_start_here.ipynb"
NOTE_BARS = """() => {
  globalThis.barSeen = false;
  new MutationObserver(() => {
    if (document.querySelector(".jp-OutputArea .widget-hprogress")) globalThis.barSeen = true;
  }).observe(document.body, { childList: true, subtree: true });
}"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The learner's home, with the record, the settings and the course in it."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def page(home):
    """Lesson 00, open in a window, each of its cells run from the menu."""
    with browser_lab.lab_on_desk(home) as lab, browser_lab.chromium() as browser:
        page = browser_lab.open_notebook(browser, lab.url(LESSON))
        page.evaluate(NOTE_BARS)
        browser_lab.choose(page, "Run", "Run All Cells")
        browser_lab.wait_until_all_run(page)
        assert page.evaluate("barSeen")  # a live one while it trained, gone since
        yield page


def answer(page, body):
    """Type ``body`` as the body of ``count_zeros``, run its cell, and return what the cell says."""
    cell = browser_lab.cell_with(page, "def count_zeros(x):")
    check = "count_zeros = ex.count_zeros.check(count_zeros)"
    browser_lab.type_into(page, cell, f"def count_zeros(x):\n    {body}\n{check}")
    return browser_lab.run_cell(page, cell)


def test_every_cell_runs_without_an_error(page):
    assert browser_lab.problems(page) == []
    assert page.locator(".jp-OutputArea-output img").count() == 2


def test_opens_without_distraction(page):
    """The table of contents on the left, the lesson beside it, and nothing over them."""
    contents = page.get_by_role("region", name="Table of Contents section")
    lesson = page.locator(".jp-NotebookPanel")
    assert "Your progress" in contents.inner_text()
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
    wrong, *_ = answer(page, "return x.numel()")
    assert "✗" in wrong
    assert "You count all numbers" in wrong
    hint = page.get_by_role("button", name="Hint")
    for number in (1, 2):
        hint.press("Enter")
        page.get_by_text(f"Hint {number} of 3 for exercise 0.1").wait_for()
    page.get_by_role("button", name="Solution").click()
    page.locator(".jp-OutputArea .highlight").filter(has_text="def count_zeros").wait_for()
    crash, *_ = answer(page, "return x.no_such_thing()")
    assert "!" in crash
    assert "no_such_thing" in crash
    (right,) = answer(page, "return int((x == 0).sum())")
    assert "✓ Exercise 0.1" in right
    assert hint.count() == 0
