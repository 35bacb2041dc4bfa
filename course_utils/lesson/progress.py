"""The learner's record: what was tried, solved, predicted and measured. Private, in one file.

It is a small JSON file in your user data folder, or in the folder that ``PRUNING_COURSE_HOME``
names; ``PRUNING_COURSE_HOME=:memory:`` keeps it only as long as the kernel runs (tests do that).
Nothing leaves your machine. A lesson never stops because of the record: a file that cannot be read
is set aside under another name, and one that cannot be written is reported once.
"""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_data_path

from course_utils.lesson.files import replace_with

MEMORY = ":memory:"
OUTCOMES = ("not attempted", "right", "wrong", "crashed")
SIGNS = {"not attempted": "○", "right": "✓", "wrong": "✗", "crashed": "!"}
# What reading raises when a file is not JSON, or has another shape.
NOT_A_RECORD = (ValueError, TypeError, AttributeError, RecursionError)

_in_memory: dict = {}
_already_said: set[str] = set()


def location() -> Path | None:
    """The file of the record, or None when it is kept in memory."""
    home = os.environ.get("PRUNING_COURSE_HOME")
    if home == MEMORY:
        return None
    folder = Path(home).expanduser() if home else user_data_path("pruning-measured", False)
    return folder / "progress.json"


def load() -> dict:
    """The record: ``{"exercises": …, "predictions": …, "claims": …}``, each by id."""
    path = location()
    if path is None:
        return _complete(_in_memory)
    try:
        return _read(path)
    except OSError as error:
        _say_once(f"Your progress could not be read ({type(error).__name__}). The lesson goes on.")
        return _complete({})


def peek() -> dict | None:
    """The record, or None while it cannot be read. Says nothing and leaves the file as it is.

    For those who look again and again, such as the table that keeps itself up to date.
    """
    path = location()
    try:
        return load() if path is None else _complete(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return _complete({})
    except (OSError, *NOT_A_RECORD):
        return None


def export(path: str | Path) -> Path:
    """Write a copy of the record to ``path``, to keep or to hand in; return where it lies."""
    path = Path(path)
    _write(path, load())
    return path


def reset() -> Path | None:
    """Start afresh. The old record is set aside beside the new one; return where it lies."""
    path = location()
    if path is None:
        _in_memory.clear()
        return None
    with _lock(path):
        return _set_aside(path, "before-reset") if path.exists() else None


def record_check(id: str, outcome: str) -> None:
    """Note the outcome of a check. What was once right stays right; attempts are counted."""
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome={outcome!r} does not exist; allowed: {', '.join(OUTCOMES)}.")
    if outcome == OUTCOMES[0]:
        return

    def change(record: dict) -> None:
        entry = record["exercises"].setdefault(id, {})
        if entry.get("outcome") == "right":
            return
        entry["attempts"] = entry.get("attempts", 0) + 1
        entry["outcome"] = outcome
        if outcome == "right":
            entry["solved"] = _now()

    _update(change)


def record_hint(id: str, shown: int) -> None:
    """Note how many hints of an exercise have been seen."""

    def change(record: dict) -> None:
        entry = record["exercises"].setdefault(id, {})
        entry["hints"] = max(shown, entry.get("hints", 0))

    _update(change)


def record_solution(id: str) -> None:
    """Note that the solution of an exercise was looked at."""
    _update(lambda record: record["exercises"].setdefault(id, {}).update(solution_seen=True))


def record_prediction(id: str, question: str, answer: object, measured: object) -> None:
    """Note a prediction, and its measurement once there is one. Unanswered ones are not kept."""
    if answer is None:
        return
    entry = {"question": question, "answer": answer, "measured": measured, "at": _now()}
    _update(lambda record: record["predictions"].update({id: entry}))


def record_claim(id: str, finding: str, confirmed: bool | None, verdict: str | None) -> None:
    """Note the measured verdict of a claim. ``confirmed`` is None where it was not decided here."""
    entry = {"id": id, "confirmed": confirmed, "verdict": verdict, "at": _now()}
    _update(lambda record: record["claims"].update({finding: entry}))


def _update(change: Callable[[dict], None]) -> None:
    path = location()
    if path is None:
        record = _complete(_in_memory)
        change(record)
        _in_memory.update(record)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path):
            record = _read(path)
            change(record)
            _write(path, record)
    except (OSError, Timeout) as error:
        _say_once(f"Your progress could not be saved ({type(error).__name__}). The lesson goes on.")


def _read(path: Path) -> dict:
    """The record in a file. ``OSError`` if it is there and cannot be read: then it is not empty."""
    try:
        return _complete(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return _complete({})
    except NOT_A_RECORD:
        aside = _set_aside(path, "damaged")
        _say_once(f"Your progress file was damaged; it is kept as {aside.name}. A new one begins.")
        return _complete({})


def _complete(record: dict) -> dict:
    """A copy with all parts, each a dictionary of dictionaries; ``TypeError`` if it has others."""
    complete = {"version": 1}
    for part in ("exercises", "predictions", "claims"):
        entries = record.get(part, {})
        if not all(isinstance(entry, dict) for entry in entries.values()):
            raise TypeError(f"{part} does not hold one dictionary for each id")
        complete[part] = {id: dict(entry) for id, entry in entries.items()}
    for entry in complete["exercises"].values():
        counts = entry.get("attempts", 0), entry.get("hints", 0)
        known = entry.get("outcome", OUTCOMES[0]) in OUTCOMES
        if not known or not all(isinstance(count, int) for count in counts):
            raise TypeError("an exercise has an unknown outcome, or counts that are not numbers")
    return complete


def _write(path: Path, record: dict) -> None:
    # default: numbers of NumPy and PyTorch, which JSON does not know.
    text = json.dumps(record, ensure_ascii=False, indent=1, default=float)
    replace_with(path, text.encode(), private=True)


def _set_aside(path: Path, why: str) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    return path.replace(path.with_name(f"progress.{why}-{stamp}.json"))


def _lock(path: Path) -> FileLock:
    return FileLock(path.with_suffix(".lock"), timeout=2)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _say_once(text: str) -> None:
    if text not in _already_said:
        _already_said.add(text)
        print(text)
