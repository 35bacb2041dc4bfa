"""What a learner leaves behind, in a real browser: answers, predictions, and a kernel in the middle
of its work.

Each test begins with an empty record and a fresh window.
"""

import json
import shutil
import time

import browser_lab
import pytest

pytest.importorskip("playwright.sync_api")
pytestmark = browser_lab.MARKS
LESSON = "00_start_here.ipynb"
TRAINING = (
    "from course_utils import data, models, training\nfrom course_utils.lesson import progress\n"
    "progress.record_check('0.1', 'right')",
    "epochs = 100_000",
    # The record is written after each step, so that the kernel is stopped while it writes.
    "steps = iter(range(1, 10**9))\n"
    "note = lambda model: progress.record_hint('1.1', next(steps))\n"
    "history = training.train(models.LeNet300(), data.load_mnist(), epochs, after_step=note)",
    "print(history.epochs, 'trained;', progress.load()['exercises']['0.1']['outcome'])",
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with browser_lab.lab_on_desk(tmp_path_factory.mktemp("home")) as lab:
        yield lab


@pytest.fixture
def record(lab):
    """The file of the learner's record, which does not exist yet."""
    shutil.rmtree(lab.record, ignore_errors=True)
    return lab.record / "progress.json"


@pytest.fixture
def open_notebook(lab, browser, record, request):
    """A function that opens a notebook of the desk; its kernel is ended after the test.

    Each window has a workspace of its own: in a common one JupyterLab opens the notebooks of
    earlier windows again, behind this one.
    """
    pages = []

    def opened(notebook):
        workspace = f"{request.node.name}-{len(pages)}"
        pages.append(browser_lab.open_notebook(browser, lab.url(notebook, workspace)))
        return pages[-1]

    yield opened
    for page in pages:
        if not page.is_closed():
            browser_lab.close(page)


def run(page, code):
    """Run the cell with ``code``, and return what it says."""
    return "\n".join(browser_lab.run_cell(page, browser_lab.cell_with(page, code)))


def answer(page, body):
    """Type ``body`` as the body of ``count_zeros``, run its cell, and return what the cell says."""
    function = "def count_zeros(x):"
    code = (
        f"from course_utils.exercises import lesson00 as ex\n\n{function}\n    {body}\n\n"
        "count_zeros = ex.count_zeros.check(count_zeros)"
    )
    browser_lab.type_into(page, browser_lab.cell_with(page, function), code)
    return run(page, function)


def live_row(page):
    """The row of lesson 00 in the table that keeps itself up to date."""
    table = page.locator("table").filter(has_text="kept up to date")
    return table.locator("tr").filter(has_text="00 Start here")


def test_progress_is_seen_at_once_and_kept(open_notebook):
    page = open_notebook(LESSON)
    assert "0.1 Count the zeros\t○ not attempted" in run(page, "dashboard.table(all_exercises())")
    run(page, "dashboard.live_table(all_exercises())")
    live_row(page).filter(has_text="not started").wait_for()
    assert "✗" in answer(page, "return x.numel()")
    live_row(page).filter(has_text="begun").wait_for()
    assert "✓ Exercise 0.1" in answer(page, "return int((x == 0).sum())")
    live_row(page).filter(has_text="1 of 1").filter(has_text="✓ done").wait_for()

    browser_lab.close(page)  # window and kernel; another day
    page = open_notebook(LESSON)
    table = run(page, "dashboard.table(all_exercises())")
    assert "0.1 Count the zeros\t✓ right\t2" in table
    run(page, "dashboard.live_table(all_exercises())")
    live_row(page).filter(has_text="1 of 1").filter(has_text="✓ done").wait_for()


def test_a_prediction_is_typed_committed_and_compared(open_notebook):
    page = open_notebook(LESSON)
    run(page, "digits = data.load_mnist()")
    run(page, 'guess = predict("0.1"')
    commit = page.get_by_role("button", name="Commit")
    commit.press("Enter")
    page.get_by_text("Choose an answer first.").wait_for()
    field = page.get_by_label("Prediction 0.1 (%)")
    field.fill("51.5")
    field.press("Tab")
    commit.press("Enter")
    page.get_by_text("Noted: 51.5 %. Now run the measurement.").wait_for()
    assert commit.is_disabled()

    assert "you said 51.5 %" in run(page, "guess.compare(100 * accuracy)")
    bars = page.get_by_label("Prediction 0.1").locator("tr")
    said, measured = (
        bars.filter(has_text=name).locator("div").bounding_box()
        for name in ("you said", "measured")
    )
    assert 0 < said["width"] < measured["width"]  # 51.5 % and more than 90 %
    assert said["height"] == measured["height"] > 0


def test_a_prediction_is_skipped(open_notebook, record):
    page = open_notebook(LESSON)
    run(page, "digits = data.load_mnist()")
    run(page, 'guess = predict("0.1"')
    page.get_by_role("button", name="Skip").click()
    page.get_by_text("Skipped. Read on.").wait_for()
    assert page.get_by_role("button", name="Commit").is_disabled()
    assert "you made no prediction" in run(page, "guess.compare(100 * accuracy)")
    assert page.locator("table[aria-label='Prediction 0.1']").count() == 0
    assert not record.exists()


def test_a_kernel_restarted_in_the_middle_of_a_training(lab, open_notebook, record):
    browser_lab.write_notebook(lab.folder / "training.ipynb", TRAINING)
    page = open_notebook("training.ipynb")
    browser_lab.choose(page, "Run", "Run All Cells")
    page.locator(".widget-hprogress").wait_for()
    wait_for_hints(record)
    browser_lab.restart_kernel(page)

    assert json.loads(record.read_text(encoding="utf-8"))["exercises"]["0.1"]["outcome"] == "right"
    assert [path.name for path in record.parent.glob("progress.*.json")] == []  # none set aside
    browser_lab.type_into(page, browser_lab.cell_with(page, "epochs = 100_000"), "epochs = 1")
    browser_lab.run_all(page)
    assert browser_lab.problems(page) == []
    assert "1 trained; right" in browser_lab.outputs_of(page)[-1]


def wait_for_hints(record):
    """Wait until the training writes; whenever the record is read, it is whole."""
    give_up = time.monotonic() + browser_lab.SECONDS
    while time.monotonic() < give_up:
        if record.exists() and "1.1" in json.loads(record.read_text(encoding="utf-8"))["exercises"]:
            return
        time.sleep(0.05)
    pytest.fail("The training has not written into the record.")
