"""The stored notebooks: what their source makes, run in order, clean, and without solutions."""

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.authoring import build, other_seeds, rules
from course_utils.authoring.shut import is_shut, only_shows, shut
from course_utils.lesson import desk
from course_utils.lesson.syllabus import LESSONS
from course_utils.lesson.widgets import WIDGET_VIEW

SOURCES = build.sources()
NOTEBOOKS = [path for source in SOURCES for path in build.outputs(source)]


def read(path):
    return nbformat.read(path, as_version=4)


def name_of(path):
    return f"{path.parent.name}/{path.stem}"


each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
each_source = pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.stem)


def test_every_lesson_has_its_three_files_and_there_are_no_others():
    names = [lesson.file for lesson in LESSONS]
    assert [source.stem for source in SOURCES] == names
    for folder in ("solutions", "notebooks"):
        assert sorted(p.stem for p in (build.ROOT / folder).glob("*.ipynb")) == names


@each_notebook
@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_keeps_the_rules(path, rule):
    assert rule(read(path)) == []


@each_notebook
def test_is_small_and_valid(path):
    assert path.stat().st_size < rules.MAX_BYTES
    nbformat.validate(json.loads(path.read_text(encoding="utf-8")))


@each_source
def test_notebooks_are_what_the_source_makes(source):
    solved = build.solved_notebook(source)
    solved_path, learner_path = build.outputs(source)
    assert rules.disagreements(read(solved_path), solved) == []
    assert rules.disagreements(read(learner_path), build.learner_notebook(solved)) == []
    assert build.is_current(source)


@each_source
def test_no_solution_leaks(source):
    learner = read(build.outputs(source)[1])
    assert rules.leaks(learner, source.read_text(encoding="utf-8")) == []


@each_source
def test_every_claim_of_the_stored_notebooks_is_confirmed(source):
    """Those about time, too: if not, make the notebooks again when the machine is quiet."""
    written = source.read_text(encoding="utf-8")
    for path in build.outputs(source):
        signs = other_seeds.verdicts(read(path))
        assert {claim for claim, sign in signs.items() if not sign.endswith("✓")} == set()
        assert set(re.findall(r'claim\(\s*"(\w+\.?\w*)"', written)) == set(signs)


@each_source
def test_the_closing_table_is_made_from_the_claims(source):
    """Each id once, since the table keeps one claim for each; and no row of it is typed."""
    written = source.read_text(encoding="utf-8")
    ids = re.findall(r'claim\(\s*"(\w+\.?\w*)"', written)
    assert len(ids) == len(set(ids))
    closing = written.partition("# ## What you measured\n")[2]
    assert "\nwhat_you_measured()\n" in closing
    assert "# |" not in closing
    for path in build.outputs(source):
        (shown,) = [
            output.metadata.claims
            for cell in read(path).cells
            if cell.source.endswith("what_you_measured()")
            for output in cell.outputs
        ]
        assert sorted(shown) == sorted(ids)


@each_source
def test_title_and_minutes_are_those_of_the_syllabus(source):
    lesson = next(lesson for lesson in LESSONS if lesson.file == source.stem)
    first = build.solved_notebook(source).cells[0].source
    assert first.startswith(f"# {lesson.number} · {lesson.title}\n")
    assert f"**Time**: {lesson.minutes} minutes" in first


@each_source
def test_has_the_parts_of_a_lesson(source):
    text = source.read_text(encoding="utf-8")
    for part in (
        "You will be able to", "People really ask", "## What you measured", "**Remember**",
        "**Read on**", "**Next**", "predict(", "claim(",
    ):  # fmt: skip
        assert part in text, part


@each_source
def test_the_first_code_cell_asks_whether_the_course_is_newer(source):
    number = source.name[:2]
    written = f'desk.check("{number}", edition="{desk.NOT_BUILT}")'
    assert source.read_text(encoding="utf-8").count(written) == 1
    made = f'desk.check("{number}", edition="{desk.current_edition(number, build.ROOT)}")'
    for path in build.outputs(source):
        first = next(cell for cell in read(path).cells if cell.cell_type == "code")
        assert made in first.source.splitlines()


# Each rule can fail -------------------------------------------------------------------------------


PYTHON = {"name": "python3", "display_name": "Python 3"}


def code(source="x = 1", outputs=(), count=1, **metadata):
    return new_code_cell(source, outputs=list(outputs), execution_count=count, metadata=metadata)


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def picture(alt):
    about = {"image/png": {"alt": alt}} if alt else {}
    return new_output("display_data", data={"image/png": "aGk="}, metadata=about)


def notebook(*cells, **metadata):
    metadata = {"kernelspec": PYTHON, **metadata}
    return new_notebook(cells=list(cells), metadata=metadata)


OPTIONS = ', options=["global", "per layer"]'
ANSWERS = ("Here 92.5 % stay.", "About 93 % of them stay.", "It is ≈ 92 or 92.5 %.", "92.5% stay")


def asks(more=', unit="%"'):
    return code(f'guess = predict("7.1", "How much does gzip leave?", None{more})')


def compares(more="", said="≈ 92.5 %"):
    said = printed(f"Prediction 7.1: measured {said}; you made no prediction.")
    return code(f"guess.compare(left){more}", [said])


ALT = "A line that falls from the left to the right."

GOOD = notebook(
    new_markdown_cell("Look at the numbers."),
    code(outputs=[printed("accuracy ≈ 94.6 %"), picture(ALT)]),
    new_markdown_cell("Seen."),
    code("net(x)", [printed("done, 1/2 of it")], count=2),
)  # fmt: skip

BROKEN = {
    rules.executed_in_order: [
        notebook(code(count=None)),
        notebook(code(count=2)),
        notebook(code(count=2), code(count=1)),
    ],
    rules.no_errors: [
        notebook(code(outputs=[new_output("error", ename="E", evalue="v", traceback=["t"])]))
    ],
    rules.no_warnings: [
        notebook(code(outputs=[printed("oh", name="stderr")])),
        notebook(code(outputs=[printed("UserWarning: beta")])),
        notebook(code(outputs=[printed("UsageError: Line magic function `%nope` not found.")])),
    ],
    rules.no_paths_or_addresses: [
        notebook(code(outputs=[printed("saved in " + "/".join(["", "home", "me", "x.pt"]))])),
        notebook(code(outputs=[printed("C:" + "\\".join(["", "Users", "me"]))])),
        notebook(code(outputs=[printed("<object at 0x7f3a2b1c>")])),
    ],
    rules.numbers_are_rounded: [notebook(code(outputs=[printed("History(loss=[0.7257394260])")]))],
    rules.no_magics: [notebook(code("%matplotlib inline")), notebook(code("!ls"))],
    rules.no_semicolons: [notebook(code("ax.plot(x);"))],
    rules.no_untestable_calls: [
        notebook(code("clear_output()")),
        notebook(code("interact(f, x=3)")),
        notebook(code("w = widgets.Output()")),
    ],
    rules.pictures_have_alt_text: [
        notebook(code(outputs=[picture("")])),
        notebook(code(outputs=[picture("Image")])),
        notebook(code(outputs=[printed("<Figure size 640x480 with 1 Axes>")])),
    ],
    rules.no_widget_state: [notebook(code(), widgets={})],
    rules.no_dead_widgets: [
        notebook(code(outputs=[new_output("display_data", data={WIDGET_VIEW: {"model_id": "1"}})])),
        notebook(code(outputs=[printed("VBox(children=(IntSlider(value=3),))")])),
        notebook(
            code(outputs=[new_output("display_data", data={"text/plain": "HBox(children=())"})])
        ),
    ],
    rules.runs_anywhere: [notebook(code(), kernelspec={**PYTHON, "name": "my-env"})],
    rules.nothing_is_ignored: [
        notebook(code("# NBVAL_IGNORE_OUTPUT\nx")),
        notebook(code(tags=["nbval-ignore-output"])),
    ],
    rules.cells_are_short: [notebook(code("\n".join(["x = 1"] * 26)))],
    rules.imports_are_few: [notebook(code("import a\nimport b\nfrom c import (\n    d,\n)"))],
    rules.code_cells_are_introduced: [notebook(code(), code(count=2))],
    rules.predictions_are_blind: [
        notebook(asks(), new_markdown_cell(prose), compares()) for prose in ANSWERS
    ]
    + [
        notebook(asks(), code('claim("7.a", "gzip finds little", True)'), compares()),
        notebook(
            asks(),
            code('plotting.show(fig, alt="Bars; the longest, fc1, keeps 92.5 %.")'),
            compares(),
        ),
        notebook(
            asks(), code('fig = plotting.size_steps(sizes, "gzip leaves 92.5 %")'), compares()
        ),
        notebook(asks(), compares('\nclaim("7.a", "gzip leaves nine parts of ten", True)')),
        notebook(
            asks(OPTIONS),
            code('plotting.show(fig, alt="Lines: global ends on top.")'),
            compares(said="global"),
        ),
    ],
    rules.what_only_shows_is_shut: [
        notebook(code("x = 1\nplotting.show(fig)")),
        notebook(code('claim("7.a", "it holds", True)')),
    ],
    rules.no_filler: [notebook(new_markdown_cell("You just run it."))],
    rules.numbers_are_bound: [  # more of them in test_numbers.py
        notebook(new_markdown_cell("It keeps 94.6 %."), code(outputs=[printed("≈ 94.6 %")])),
        notebook(code('plotting.show(fig, alt="A line that falls to 94.6 % at its end.")')),
    ],
}


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_rule_passes_the_good_and_reports_the_broken(rule):
    assert rule(GOOD) == []
    assert BROKEN[rule]
    for broken in BROKEN[rule]:
        assert rule(broken), rule.__name__


def test_what_stands_beside_a_prediction_may_be_said():
    """Before the question, after the comparison, in a shut cell, of something else."""
    answer, claims = new_markdown_cell("92.5 % stay."), code('claim("7.a", "92.5 % stay", True)')
    shut(claims)
    assert rules.predictions_are_blind(notebook(answer, asks(), compares())) == []
    assert rules.predictions_are_blind(notebook(asks(), compares(), answer)) == []
    assert rules.predictions_are_blind(notebook(asks(), claims, compares())) == []
    for prose in ("80 % of the zeros stay.", "92.5 kB stay.", "global or per layer?"):
        assert (
            rules.predictions_are_blind(notebook(asks(), new_markdown_cell(prose), compares()))
            == []
        )
        options = notebook(asks(OPTIONS), new_markdown_cell(prose), compares(said="global"))
        assert rules.predictions_are_blind(options) == []


def test_cells_that_only_draw_and_claim_come_shut():
    made = [
        ("from course_utils import plotting\n\nplotting.show(fig, alt='A line.')", True),
        ('claim("7.a", "it holds", x > 1)\ntime_claim("7.b", "and fast", ratio)', True),
        ("fig = plotting.line_curves(x)\nplotting.show(fig)", True),
        ("x = 1\nplotting.show(fig)", False),
        ("guess.compare(3)", False),
        ("from course_utils import plotting", False),
    ]
    for source, comes_shut in made:
        assert only_shows(source) is comes_shut, source


def test_a_cell_opened_by_hand_is_found():
    wanted = build.solved_notebook(SOURCES[1])
    made = nbformat.from_dict(wanted)
    next(cell for cell in made.cells if is_shut(cell)).metadata.pop("jupyter")
    assert rules.disagreements(made, wanted)


def test_imports_do_not_count_as_lines_of_a_cell():
    imports = "from a import (\n" + "    b,\n" * 30 + ")"
    assert rules.cells_are_short(notebook(code(imports))) == []
    assert rules.cells_are_short(notebook(code(imports + "\nx = 1" * 26)))


def test_a_leak_is_found_in_a_cell_and_in_an_output():
    source = (
        "def f(x):\n    ### BEGIN SOLUTION\n    return x * secret_factor\n    ### END SOLUTION\n"
    )
    clean = notebook(code("def f(x):\n    raise NotImplementedError"))
    assert rules.leaks(clean, source) == []
    assert rules.leaks(notebook(code("return x * secret_factor")), source)
    assert rules.leaks(notebook(code(outputs=[printed("return x * secret_factor")])), source)
    assert rules.leaks(notebook(code("### BEGIN SOLUTION")), source)


@pytest.mark.parametrize("change", ["source", "cell", "tag", "metadata"])
def test_drift_is_found(change):
    wanted = build.solved_notebook(SOURCES[0])
    made = nbformat.from_dict(wanted)
    assert rules.disagreements(made, wanted) == []
    if change == "source":
        made.cells[2].source += "\n# edited by hand"
    elif change == "cell":
        made.cells.pop()
    elif change == "tag":
        made.cells[2].metadata = NotebookNode(tags=["new"])
    else:
        made.metadata.course.source = "0" * 64
    assert rules.disagreements(made, wanted)


def test_no_lesson_source_is_missing_from_the_folder():
    assert {p.name for p in Path(build.ROOT / "solutions").glob("*.py")} == {
        f"{lesson.file}.py" for lesson in LESSONS
    }
