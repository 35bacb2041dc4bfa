"""Making notebooks: on a small course of two lessons, one of which fails."""

import hashlib

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_utils.authoring import build
from course_utils.authoring.build import LessonFailed

GOOD = '''# %% [markdown]
# # A lesson

# %%
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


print("one")  # fmt: skip
print("two")

# %% [markdown] tags=["solution"]
# Only for those who have solved it.

# %% tags=["kept"]
double
6 * 7
'''
FAILING = "# %%\nx = 1\n\n# %%\nbroken = x / 0\n"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A folder with one built lesson."""
    root = tmp_path_factory.mktemp("course")
    (root / "solutions").mkdir()
    (root / "solutions" / "00_good.py").write_text(GOOD, encoding="utf-8")
    assert build.main([], root) == 0
    return root


def read(course, folder):
    return nbformat.read(course / folder / "00_good.ipynb", as_version=4)


def test_solved_and_learner_notebook(course):
    solved, learner = read(course, "solutions"), read(course, "notebooks")
    assert "return 2 * x" in solved.cells[1].source
    assert "return 2 * x" not in learner.cells[1].source
    assert 'raise NotImplementedError("your code here")' in learner.cells[1].source
    assert "# fmt" not in solved.cells[1].source
    assert '"""Twice x."""' in learner.cells[1].source
    assert [cell.id for cell in solved.cells] == ["00-000", "00-001", "00-002", "00-003"]
    assert [cell.id for cell in learner.cells] == ["00-000", "00-001", "00-003"]
    assert learner.cells[2].metadata == {"tags": ["kept"]}


def test_both_are_executed_and_streams_are_joined(course):
    for folder in ("solutions", "notebooks"):
        cells = [c for c in read(course, folder).cells if c.cell_type == "code"]
        assert [cell.execution_count for cell in cells] == [1, 2]
        assert [output.text for output in cells[0].outputs] == ["one\ntwo\n"]
        assert cells[1].outputs[0].data["text/plain"] == "42"
        assert set(cells[0].metadata) == set()


def test_unchanged_is_not_built_again_and_force_builds(course, capsys, monkeypatch):
    built = []
    monkeypatch.setattr(build, "build", built.append)
    assert build.main([], course) == 0
    assert "unchanged" in capsys.readouterr().out
    assert not built
    build.main(["--force"], course)
    build.main(["00", "--force"], course)
    assert [source.stem for source in built] == ["00_good", "00_good"]


def test_a_failing_lesson_keeps_the_old_notebooks_and_names_the_cell(course, capsys):
    source = course / "solutions" / "00_good.py"
    before = [path.read_bytes() for path in build.outputs(source)]
    source.write_text(FAILING, encoding="utf-8")
    try:
        assert build.main([], course) == 1
    finally:
        source.write_text(GOOD, encoding="utf-8")
    said = capsys.readouterr().err
    assert "solutions/00_good.ipynb, cell 00-001 (broken = x / 0): ZeroDivisionError" in said
    assert [path.read_bytes() for path in build.outputs(source)] == before


@pytest.mark.parametrize(
    "lines",
    ["### BEGIN SOLUTION\nx = 1", "x = 1\n### END SOLUTION",
     "### BEGIN SOLUTION\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION"],
)  # fmt: skip
def test_an_open_or_nested_region_is_refused(tmp_path, lines):
    source = tmp_path / "01_open.py"
    source.write_text(f"# %%\n{lines}\n", encoding="utf-8")
    with pytest.raises(LessonFailed, match="cell 01-000"):
        build.solved_notebook(source)


def test_an_unknown_lesson_is_refused(course):
    with pytest.raises(SystemExit):
        build.main(["77"], course)


def test_the_same_source_gives_the_same_notebook(course):
    source = course / "solutions" / "00_good.py"
    assert build.solved_notebook(source) == build.solved_notebook(source)


def test_the_edition_is_the_beginning_of_the_hash_of_the_source(tmp_path):
    source = tmp_path / "05_lesson.py"
    source.write_text('# %%\ndesk.check("05", edition="EDITION")\n', encoding="utf-8")
    solved = build.solved_notebook(source)
    made_from = solved.metadata.course["source"]
    edition = made_from[:8]
    assert solved.cells[0].source == f'desk.check("05", edition="{edition}")'
    assert build.learner_notebook(solved).cells[0].source == solved.cells[0].source
    assert made_from == hashlib.sha256(source.read_bytes()).hexdigest()


def test_a_live_widget_is_shown_and_not_stored(tmp_path):
    """One as the explorers show it, and one as usual, whose text stays for a rule to find."""
    lines = "import ipywidgets\nfrom course_utils.lesson.widgets import display_live\n"
    live = new_code_cell(lines + "display_live(ipywidgets.IntSlider())\nprint('seen')")
    usual = new_code_cell("ipywidgets.HBox()")
    done = build.execute(new_notebook(cells=[live, usual]), tmp_path)
    assert [output.get("text") for output in done.cells[0].outputs] == ["seen\n"]
    assert done.cells[1].outputs[0].data["text/plain"] == "HBox()"
    assert "widgets" not in done.metadata


def test_tagged_picture():
    output = new_output("display_data", data={"image/png": "aGk="})
    notebook = new_notebook(cells=[new_code_cell("x", outputs=[output], metadata={"tags": ["a"]})])
    assert build.tagged_picture(notebook, "a") == b"hi"
    assert build.tagged_picture(notebook, "b") is None
