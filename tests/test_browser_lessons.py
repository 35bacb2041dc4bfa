"""Every notebook of both folders in a real JupyterLab in a real Chromium, run from top to bottom.

One JupyterLab and one Chromium for all; the kernel of a lesson is ended before the next one opens.
What the cells print is not compared here: nbval does that, claims included.
"""

import ast
import shutil

import browser_lab
import nbformat
import pytest

from course_utils.authoring import build

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = browser_lab.MARKS
FOLDERS = ("notebooks", "solutions")
LESSONS = [
    f"{folder}/{path.name}"
    for folder in FOLDERS
    for path in sorted((build.ROOT / folder).glob("*.ipynb"))
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a folder with copies of both kinds of notebooks."""
    folder = tmp_path_factory.mktemp("lessons")
    for lesson in LESSONS:
        (folder / lesson).parent.mkdir(exist_ok=True)
        shutil.copy(build.ROOT / lesson, folder / lesson)
    with browser_lab.lab_on(folder, tmp_path_factory.mktemp("home")) as lab:
        yield lab


@pytest.fixture
def page(lab, browser, lesson):
    """The lesson, open in a window, each of its cells run from the menu."""
    workspace = lesson.removesuffix(".ipynb").replace("/", "-")
    page = browser_lab.open_notebook(browser, lab.url(lesson, workspace))
    browser_lab.run_all(page)
    yield page
    browser_lab.close(page)


def predictions_in(lesson):
    """How often the code of a notebook asks for a prediction."""
    notebook = nbformat.read(build.ROOT / lesson, as_version=4)
    code = [ast.parse(cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    nodes = (node for tree in code for node in ast.walk(tree) if isinstance(node, ast.Call))
    return sum(isinstance(node.func, ast.Name) and node.func.id == "predict" for node in nodes)


@pytest.mark.parametrize("lesson", LESSONS)
def test_runs_in_the_browser(page, lesson):
    assert browser_lab.problems(page) == []
    forms = page.get_by_role("button", name="Commit")
    sync_api.expect(forms).to_have_count(predictions_in(lesson))
    pictures = page.locator(".jp-RenderedImage img")
    words = page.locator(".jp-OutputArea-output details")
    assert pictures.count() == words.count() > 0
