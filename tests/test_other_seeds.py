"""The script that runs every lesson again with other seeds."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.authoring import bounds, build, other_seeds

LESSON = """# %%
from course_utils.lesson.claims import claim

SEEDS = (0, 1, 2)  # three nets

# %%
claim("1.a", "the seeds are below fifty", max(SEEDS) < 50)
claim("1.b", "the first seed is 0 or 20", SEEDS[0] in (0, 20))
"""


@pytest.fixture
def course(tmp_path):
    """A folder with one lesson, one claim of which holds for some seeds only."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "01_small.py").write_text(LESSON, encoding="utf-8")
    return tmp_path


def test_every_seed_is_raised():
    cells = [new_code_cell("digits = 5\nSEEDS = (0, 1, 2)\nother = 1"), new_code_cell("SEED = 4")]
    raised = other_seeds.with_other_seeds(new_notebook(cells=cells), 3)
    assert raised.cells[1].source == "digits = 5\nSEEDS = (3, 4, 5)\nother = 1"
    assert raised.cells[2].source == "SEED = 7"
    assert cells[1].source == "SEED = 4"


def test_the_digits_are_split_anew_unless_a_table_was_measured_with_them():
    lesson = new_notebook(cells=[new_code_cell("SEED = 4")])
    assert "SPLIT_SEED += 3" in other_seeds.with_other_seeds(lesson, 3).cells[0].source
    lesson.cells.append(new_code_cell("experiments.load('tickets')"))
    assert other_seeds.with_other_seeds(lesson, 3).cells[0].source == "SEED = 7"


def test_the_sizes_of_the_claims_are_stored_lesson_by_lesson(course):
    path = course / "solutions" / "01_small.py"
    sizes = "\n# %%\nfrom course_utils.lesson.claims import within\nfrom course_utils import data\n"
    sizes += 'claim("1.e", "a size", [within(SEEDS[1] / 7, 0, 99), within(1, 0, 2)])\n'
    sizes += 'claim("1.f", "digits", within(int(data.load_mnist().test[1][0]), 0, 10))\n'
    path.write_text(LESSON + sizes, encoding="utf-8")
    stored = course / "solutions" / "measured.csv"
    stored.write_text(
        ",".join(bounds.COLUMNS) + "\n01,1.z,0,0,1.0\n02,2.a,0,0,5.0\n", encoding="utf-8"
    )
    other_seeds.main([], course)
    rows = stored.read_text(encoding="utf-8").splitlines()[1:]
    assert rows[:3] == ["01,1.e,0,20,3.0", "01,1.e,0,40,5.857", "01,1.e,0,60,8.714"]
    assert rows[3:6] == [f"01,1.e,1,{shift},1.0" for shift in other_seeds.SHIFTS]
    assert len({row.rpartition(",")[2] for row in rows[6:9]}) > 1  # other digits
    assert rows[9:] == ["02,2.a,0,0,5.0"]


def test_a_lesson_without_seeds_is_refused():
    with pytest.raises(ValueError, match="neither SEED nor SEEDS"):
        other_seeds.with_other_seeds(new_notebook(cells=[new_code_cell("x = 1")]), 3)


def test_each_claim_is_reported_for_each_set_of_seeds(course, capsys):
    assert other_seeds.main([], course) == 1
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["1.a", "✓", "✓", "✗"] in rows
    assert ["1.b", "✓", "✗", "✗"] in rows


TIMES = """
# %%
from course_utils.lesson import time_claim

time_claim("1.c", "it is faster", True, verdict=None)
time_claim("1.d", "it is slower", False)
time_claim("S5", "it is smaller", None, verdict="holds")
"""


def test_a_claim_about_time_is_reported_and_is_no_failure(course, capsys):
    path = course / "solutions" / "01_small.py"
    lesson = LESSON.replace("< 50", "< 500").replace("in (0, 20)", "in range(99)")
    path.write_text(lesson + TIMES, encoding="utf-8")
    assert other_seeds.main([], course) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["1.c", *["≈", "✓"] * 3] in rows
    assert ["1.d", *["≈", "✗"] * 3] in rows
    assert ["S5", *["≈", "?"] * 3] in rows


def test_a_lesson_that_fails_is_named(course, capsys):
    path = course / "solutions" / "01_small.py"
    path.write_text(LESSON + "\n# %%\n1 / 0\n", encoding="utf-8")
    assert other_seeds.main(["01"], course) == 1
    assert "01_small: FAILED" in capsys.readouterr().err


@pytest.mark.parametrize("source", build.sources(), ids=lambda source: source.stem)
def test_all_chance_of_a_lesson_starts_at_its_seeds(source):
    text = source.read_text(encoding="utf-8")
    assert re.search(r"^SEEDS? = ", text, re.MULTILINE)
    assert not re.findall(r"(?:seed_everything|manual_seed|default_rng)\(\d+\)|seed=\d+[,)]", text)


class TestKilled:
    """What is executed is counted, and takes no time."""

    @pytest.fixture
    def runs(self, monkeypatch):
        """The seeds of each run. A 0 in it kills the next one."""
        runs = []

        def execute(notebook, folder):
            if 0 in runs:
                raise KeyboardInterrupt
            seeds = re.search(r"SEEDS = \((\d+)", "\n".join(cell.source for cell in notebook.cells))
            runs.append(int(seeds[1]))
            return notebook

        monkeypatch.setattr(other_seeds, "execute", execute)
        return runs

    def test_it_goes_on_where_it_stopped(self, course, runs, monkeypatch):
        replace_with = other_seeds.replace_with

        def and_stop(path, content):
            replace_with(path, content)
            runs.append(0)

        monkeypatch.setattr(other_seeds, "replace_with", and_stop)
        with pytest.raises(KeyboardInterrupt):
            other_seeds.main([], course)
        assert runs == [20, 0]
        runs.remove(0)
        monkeypatch.setattr(other_seeds, "replace_with", replace_with)
        other_seeds.main([], course)
        assert runs == [20, 40, 60]

    def test_what_has_changed_is_run_again(self, course, runs, monkeypatch):
        for source in ("", "", "\nother = 1\n"):
            lesson = course / "solutions" / "01_small.py"
            lesson.write_text(lesson.read_text(encoding="utf-8") + source, encoding="utf-8")
            other_seeds.main([], course)
        assert runs == [20, 40, 60] * 2
        monkeypatch.setattr(other_seeds, "LIBRARY", course / "library")
        (course / "library").mkdir()
        for library in ("x = 1\n", "x = 1\n", "x = 2\n"):
            (course / "library" / "masks.py").write_text(library, encoding="utf-8")
            other_seeds.main([], course)
        assert runs == [20, 40, 60] * 4
        assert len([*(course / "build" / "other_seeds").iterdir()]) == len(other_seeds.SHIFTS)
