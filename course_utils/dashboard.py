"""The table in lesson 00 that shows how far you are and keeps itself up to date.

A thread of the kernel looks at the file of your record once a second and draws the table again
when the record has changed. With a record in memory there is no file to look at, and no thread.
"""

import threading
from html import escape
from pathlib import Path

import ipywidgets

from course_utils import progress
from course_utils.progress import Standing
from course_utils.widgets import display_live

SECONDS = 1.0  # between two looks at the record
THREAD = "progress table"
LEFT = "text-align: left"

_table: ipywidgets.HTML | None = None
_watcher: threading.Thread | None = None


def live_table() -> None:
    """Show what is done, what is next and the minutes left, kept up to date while you work."""
    global _table
    if _table is None or _table.comm is None:  # none yet, or it was closed
        _table = ipywidgets.HTML()
    refresh(_table)
    display_live(_table)
    _watch()


def refresh(table: ipywidgets.HTML) -> None:
    """Draw the table again if what it shows has changed; a record that cannot be read does not."""
    record = progress.peek()
    if record is None:
        return
    text = as_html(progress.standings(record))
    if table.value != text:
        table.value = text


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


def _watch() -> None:
    """Start the one thread of this kernel, unless it runs or there is no file to look at."""
    global _watcher
    running = _watcher is not None and _watcher.is_alive()
    if running or progress.location() is None:
        return
    _watcher = threading.Thread(target=_keep_up_to_date, name=THREAD, daemon=True)
    _watcher.start()


def _keep_up_to_date() -> None:
    """Draw the table again whenever the file has changed, as long as there is one."""
    seen = None
    pause = threading.Event()
    while (path := progress.location()) is not None and _table is not None:
        now = _stamp(path)
        if now != seen:
            refresh(_table)
            seen = now
        pause.wait(SECONDS)


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What changes when the file is written; None if it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
