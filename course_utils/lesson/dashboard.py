"""Views of your record: a table of the exercises, and one of the lessons that keeps up to date.

They show the exercises that you hand them (``exercises.all_exercises()``). For the second a thread
of the kernel looks at the file of your record once a second and draws the table again when the
record has changed. With a record in memory there is no file to look at, and no thread.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Protocol

import ipywidgets
import pandas as pd

from course_utils.lesson import progress
from course_utils.lesson.progress import OUTCOMES, SIGNS
from course_utils.lesson.syllabus import LESSONS, Lesson
from course_utils.lesson.widgets import display_live

SECONDS = 1.0  # between two looks at the record
THREAD = "progress table"
LEFT = "text-align: left"

_table: ipywidgets.HTML | None = None
_watcher: threading.Thread | None = None


class Task(Protocol):
    """What is shown of an exercise (:class:`course_utils.exercises.Exercise`)."""

    @property
    def id(self) -> str: ...
    @property
    def lesson(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def minutes(self) -> int: ...


@dataclass(frozen=True)
class Standing:
    """How far you are in one lesson."""

    lesson: Lesson
    exercises: list[Task]
    right: list[Task]
    begun: bool  # whether one of them was tried, or a hint of it seen
    next: Task | None  # the first that is not right

    @property
    def minutes_left(self) -> int:
        """The lesson's minutes without those of the exercises that are right; 0 once all are."""
        if self.next is None:
            return 0
        return self.lesson.minutes - sum(exercise.minutes for exercise in self.right)


def standings(tasks: Sequence[Task], record: dict) -> list[Standing]:
    """How far you are in each lesson, by a record as :func:`progress.load` returns it."""
    done = record["exercises"]
    found = []
    for lesson in LESSONS:
        exercises = [each for each in tasks if each.lesson == lesson.number]
        right = [each for each in exercises if done.get(each.id, {}).get("outcome") == "right"]
        begun = any(each.id in done for each in exercises)
        first_open = next((each for each in exercises if each not in right), None)
        found.append(Standing(lesson, exercises, right, begun, first_open))
    return found


def minutes_left(tasks: Sequence[Task]) -> int:
    """The minutes that the lessons with an open exercise still need."""
    return sum(standing.minutes_left for standing in standings(tasks, progress.load()))


def table(tasks: Sequence[Task]) -> pd.DataFrame:
    """A row for each exercise: what you have done and how you got there."""
    done = progress.load()["exercises"]
    rows = []
    for task in tasks:
        entry = done.get(task.id, {})
        outcome = entry.get("outcome", OUTCOMES[0])
        rows.append(
            {
                "exercise": f"{task.id} {task.title}",
                "state": f"{SIGNS.get(outcome, '?')} {outcome}",
                "attempts": entry.get("attempts", 0),
                "hints": entry.get("hints", 0),
                "minutes": task.minutes,
            }
        )
    return pd.DataFrame(rows).set_index("exercise")


def live_table(tasks: Sequence[Task]) -> None:
    """Show what is done, what is next and the minutes left, kept up to date while you work."""
    global _table
    if _table is None or _table.comm is None:  # none yet, or it was closed
        _table = ipywidgets.HTML()
    refresh(_table, tasks)
    display_live(_table)
    _watch(tasks)


def refresh(view: ipywidgets.HTML, tasks: Sequence[Task]) -> None:
    """Draw the table again if what it shows has changed; a record that cannot be read does not."""
    record = progress.peek()
    if record is None:
        return
    text = as_html(standings(tasks, record))
    if view.value != text:
        view.value = text


def as_html(standings: list[Standing]) -> str:
    """The table, a row for each lesson, and below it what is next and the minutes left."""
    heads = ("lesson", "exercises right", "state", "minutes left")
    columns = "".join(f'<th scope="col" style="{LEFT}">{head}</th>' for head in heads)
    rows = "".join(_row(standing) for standing in standings)
    return (
        '<div class="jp-RenderedHTMLCommon"><table>'
        "<caption>Your progress, kept up to date</caption>"
        f"<thead><tr>{columns}</tr></thead><tbody>{rows}</tbody></table>"
        f"<p>{_what_is_next(standings)}</p></div>"
    )


def state(standing: Standing) -> str:
    """The state of a lesson, in a sign and in words."""
    if standing.next is None:
        return "✓ done"
    return "◐ begun" if standing.begun else "○ not started"


def _row(standing: Standing) -> str:
    lesson = standing.lesson
    done = f"{len(standing.right)} of {len(standing.exercises)}"
    values = (done, state(standing), standing.minutes_left)
    cells = "".join(f'<td style="{LEFT}">{value}</td>' for value in values)
    head = f'<th scope="row" style="{LEFT}">{lesson.number} {escape(lesson.title)}</th>'
    return f"<tr>{head}{cells}</tr>"


def _what_is_next(standings: list[Standing]) -> str:
    for standing in standings:
        if standing.next is not None:
            exercise = standing.next
            minutes = sum(each.minutes_left for each in standings)
            return (
                f"Next: exercise {exercise.id}, {escape(exercise.title)}, in "
                f"<code>{standing.lesson.file}.ipynb</code>. {minutes} minutes are left."
            )
    return "✓ Every exercise is right."


def _watch(tasks: Sequence[Task]) -> None:
    """Start the one thread of this kernel, unless it runs or there is no file to look at."""
    global _watcher
    running = _watcher is not None and _watcher.is_alive()
    if running or progress.location() is None:
        return
    _watcher = threading.Thread(target=_keep_up_to_date, args=(tasks,), name=THREAD, daemon=True)
    _watcher.start()


def _keep_up_to_date(tasks: Sequence[Task]) -> None:
    """Draw the table again whenever the file has changed, as long as there is one."""
    seen = None
    pause = threading.Event()
    while (path := progress.location()) is not None and _table is not None:
        now = _stamp(path)
        if now != seen:
            refresh(_table, tasks)
            seen = now
        pause.wait(SECONDS)


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What changes when the file is written; None if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
