"""The live table of lesson 00: what it says, that it follows the record, and nothing piles up."""

import re
import threading
import time
from pathlib import Path

import ipywidgets
import pandas as pd
import pytest

from course_utils.exercises import all_exercises, exercises_of
from course_utils.lesson import dashboard, progress
from course_utils.lesson.syllabus import LESSONS
from course_utils.lesson.widgets import WIDGET_VIEW


@pytest.fixture(autouse=True)
def shown(monkeypatch) -> list[dict]:
    """No table yet, and a note of everything that is displayed."""
    bundles = []
    monkeypatch.setattr(dashboard, "_table", None)
    monkeypatch.setattr(dashboard, "_watcher", None)
    monkeypatch.setattr("IPython.get_ipython", lambda: True)
    monkeypatch.setattr("IPython.display.display", lambda data, raw: bundles.append(data))
    return bundles


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """The record is a real file; afterwards the thread that looks at it has ended."""
    monkeypatch.setattr(dashboard, "SECONDS", 0.02)
    with monkeypatch.context() as place:
        place.setenv("PRUNING_COURSE_HOME", str(tmp_path))
        yield tmp_path
    for thread in watchers():
        thread.join(5)
    assert watchers() == []


def watchers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == dashboard.THREAD]


def text() -> str:
    return dashboard.as_html(dashboard.standings(all_exercises(), progress.load()))


def wait_for(words: str) -> None:
    """Until the live table says ``words``; fails after a minute."""
    for _ in range(6000):
        if words in dashboard._table.value:
            return
        time.sleep(0.01)
    pytest.fail(f"The table never said {words!r}: {dashboard._table.value}")


class TestWhatItSays:
    def test_a_row_for_each_lesson(self):
        rows = re.findall(r'<th scope="row"[^>]*>(.*?)</th>', text())
        assert rows == [f"{lesson.number} {lesson.title}" for lesson in LESSONS]

    def test_can_be_read_aloud(self):
        assert text().count("<caption>") == text().count("<table>") == 1
        assert text().count('<th scope="col"') == 4

    def test_states_in_words_and_signs(self):
        assert text().count("○ not started") == len(LESSONS)
        progress.record_check(exercises_of("01")[0].id, "wrong")
        progress.record_check(exercises_of("00")[0].id, "right")
        assert text().count("✓ done") == text().count("◐ begun") == 1
        assert text().count("○ not started") == len(LESSONS) - 2

    def test_what_is_next_and_the_minutes_left(self):
        first, second = exercises_of("00")[0], exercises_of("01")[0]
        assert f"exercise {first.id}, {first.title}, in <code>00_start_here.ipynb</code>" in text()
        progress.record_check(first.id, "right")
        assert f"exercise {second.id}, {second.title}, in <code>01_mask_math.ipynb</code>" in text()
        assert f"{dashboard.minutes_left(all_exercises())} minutes are left" in text()

    def test_when_everything_is_right(self):
        for exercise in all_exercises():
            progress.record_check(exercise.id, "right")
        assert "✓ Every exercise is right." in text()
        assert "Next:" not in text()


class TestLive:
    def test_shows_a_live_view_and_no_text_in_its_place(self, shown):
        dashboard.live_table(all_exercises())
        (bundle,) = shown
        assert set(bundle) == {WIDGET_VIEW}
        assert bundle[WIDGET_VIEW]["model_id"] == dashboard._table.model_id

    def test_with_a_record_in_memory_there_is_no_thread(self):
        dashboard.live_table(all_exercises())
        assert watchers() == []

    def test_follows_the_record(self, home):
        dashboard.live_table(all_exercises())
        progress.record_check("0.1", "right")
        wait_for("✓ done")
        progress.reset()
        wait_for("○ not started</td>")

    def test_shown_often_there_is_one_table_and_one_thread(self, home, shown):
        for _ in range(5):
            dashboard.live_table(all_exercises())
        assert len(watchers()) == 1
        assert watchers()[0].daemon
        assert len({bundle[WIDGET_VIEW]["model_id"] for bundle in shown}) == 1

    def test_shown_again_it_is_fresh_at_once(self):
        dashboard.live_table(all_exercises())
        progress.record_check("0.1", "right")
        dashboard.live_table(all_exercises())
        assert "✓ done" in dashboard._table.value

    def test_is_drawn_only_when_something_has_changed(self):
        table, drawn = ipywidgets.HTML(), []
        table.observe(drawn.append, "value")
        for _ in range(3):
            dashboard.refresh(table, all_exercises())
        assert len(drawn) == 1
        progress.record_check("0.1", "right")
        dashboard.refresh(table, all_exercises())
        assert len(drawn) == 2

    def test_a_record_that_cannot_be_read_leaves_the_table_as_it_is(self, home, capsys):
        progress.record_check("0.1", "right")
        dashboard.live_table(all_exercises())
        progress.location().write_text("{", encoding="utf-8")
        time.sleep(0.2)
        assert "✓ done" in dashboard._table.value
        assert progress.location().read_text(encoding="utf-8") == "{"
        assert len(watchers()) == 1
        assert capsys.readouterr() == ("", "")

    def test_a_table_that_was_closed_is_replaced(self, shown):
        dashboard.live_table(all_exercises())
        dashboard._table.close()
        dashboard.live_table(all_exercises())
        assert len({bundle[WIDGET_VIEW]["model_id"] for bundle in shown}) == 2


class TestTable:
    def test_has_a_row_for_each_exercise_and_shows_what_was_done(self):
        exercise = all_exercises()[-1]
        progress.record_check(exercise.id, "wrong")
        progress.record_check(exercise.id, "right")
        progress.record_hint(exercise.id, 1)
        table = dashboard.table(all_exercises())
        assert isinstance(table, pd.DataFrame)
        assert len(table) == len(all_exercises())
        row = table.loc[f"{exercise.id} {exercise.title}"]
        assert (row["state"], row["attempts"], row["hints"]) == ("✓ right", 2, 1)
        others = table.drop(index=row.name)
        assert (others["state"] == "○ not attempted").all()
        assert (others[["attempts", "hints"]] == 0).all(axis=None)

    @pytest.mark.parametrize(("outcome", "state"), [("wrong", "✗ wrong"), ("crashed", "! crashed")])
    def test_says_the_outcome_in_words_too(self, outcome, state):
        progress.record_check(all_exercises()[0].id, outcome)
        assert dashboard.table(all_exercises())["state"].iloc[0] == state

    def test_an_outcome_that_only_a_newer_edition_knows(self, monkeypatch):
        first = all_exercises()[0].id
        monkeypatch.setattr(progress, "_in_memory", {"exercises": {first: {"outcome": "nearly"}}})
        assert dashboard.table(all_exercises())["state"].iloc[0] == "? nearly"
        assert dashboard.minutes_left(all_exercises()) == sum(each.minutes for each in LESSONS)

    def test_an_exercise_of_which_only_a_hint_was_seen_is_not_attempted(self):
        progress.record_hint(all_exercises()[0].id, 1)
        assert dashboard.table(all_exercises())["state"].iloc[0] == "○ not attempted"

    def test_minutes_left_fall_with_each_exercise_and_end_at_nothing(self):
        for lesson in LESSONS:
            *most, last = exercises_of(lesson.number)
            left = dashboard.minutes_left(all_exercises())
            for exercise in most:
                progress.record_check(exercise.id, "right")
                left -= exercise.minutes
                assert dashboard.minutes_left(all_exercises()) == left
            progress.record_check(last.id, "wrong")
            assert dashboard.minutes_left(all_exercises()) == left
            progress.record_check(last.id, "right")
        assert dashboard.minutes_left(all_exercises()) == 0

    def test_a_lesson_takes_longer_than_its_exercises(self):
        for lesson in LESSONS:
            assert lesson.minutes > sum(each.minutes for each in exercises_of(lesson.number))


class TestStandings:
    def standing(self, number):
        return next(
            s
            for s in dashboard.standings(all_exercises(), progress.load())
            if s.lesson.number == number
        )

    def test_there_is_one_for_each_lesson(self):
        assert [
            each.lesson for each in dashboard.standings(all_exercises(), {"exercises": {}})
        ] == list(LESSONS)

    def test_an_untouched_lesson(self):
        standing = self.standing("02")
        assert (standing.right, standing.begun) == ([], False)
        assert standing.next == exercises_of("02")[0]
        assert standing.minutes_left == standing.lesson.minutes

    def test_next_is_the_first_that_is_not_right(self):
        first, second, third, *_ = exercises_of("02")
        progress.record_check(first.id, "wrong")
        progress.record_check(third.id, "right")
        standing = self.standing("02")
        assert (standing.right, standing.begun, standing.next) == ([third], True, first)
        progress.record_check(first.id, "right")
        assert self.standing("02").next == second

    def test_a_hint_is_a_beginning(self):
        progress.record_hint(exercises_of("02")[0].id, 1)
        assert self.standing("02").begun
