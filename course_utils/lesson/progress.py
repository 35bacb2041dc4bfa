"""The learner's record: what was tried, solved, predicted and measured. Private, in one file.

It is a small JSON file in your user data folder, or in the folder that ``PRUNING_COURSE_HOME``
names; ``PRUNING_COURSE_HOME=:memory:`` keeps it only as long as the kernel runs (tests do that),
and so does a machine on which you have no home folder. Nothing leaves your machine.

A lesson never stops because of the record: a file that is damaged is set aside under another name,
one that cannot be read or written is reported once and left as it is, and what a newer edition of
the course wrote into it is kept.
"""

import json
import math
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_data_path

from course_utils.lesson.files import replace_with
from course_utils.lesson.text import say

HOME = "PRUNING_COURSE_HOME"
MEMORY = ":memory:"
VERSION = 1
PARTS = ("exercises", "predictions", "claims")
OUTCOMES = ("not attempted", "right", "wrong", "crashed")
SIGNS = {"not attempted": "○", "right": "✓", "wrong": "✗", "crashed": "!"}
# What reading raises when a file is not JSON, or has another shape.
NOT_A_RECORD = (ValueError, TypeError, AttributeError, RecursionError)
# What keeps a record from being written: the disk, another kernel (Timeout is an OSError), or a
# part of a newer edition's that is nested too deeply.
NOT_WRITABLE = (OSError, RecursionError)
WAY_OUT = f"To keep it elsewhere, let {HOME} name a folder of yours before you start JupyterLab."

_in_memory: dict = {}
_already_said: set[str] = set()


def location() -> Path | None:
    """The file of the record, or None when it is kept in memory."""
    home = os.environ.get(HOME)
    if home == MEMORY:
        return None
    try:
        folder = os.path.expanduser(home) if home else user_data_path("pruning-measured", False)
    except RuntimeError:  # nobody's home: a container whose user is only a number
        return None
    path = Path(folder, "progress.json")
    return None if path.parts[0].startswith("~") else path


def load() -> dict:
    """The record: ``{"exercises": …, "predictions": …, "claims": …}``, each by id."""
    path = _place()
    if path is None:
        return _complete(_in_memory)
    try:
        return _read(path)
    except OSError as error:
        _report("read", path, error)
        return _complete({})


def peek() -> dict | None:
    """The record, or None while it cannot be read. Says nothing and leaves the file as it is.

    For those who look again and again, such as the table that keeps itself up to date.
    """
    path = location()
    try:
        return _complete(_in_memory) if path is None else _parse(path)
    except FileNotFoundError:
        return _complete({})
    except (OSError, *NOT_A_RECORD):
        return None


def export(path: str | Path) -> Path | None:
    """Write a copy of the record to ``path``, to keep or to hand in; return where it lies.

    ``path``: a file, or a folder, in which the copy gets a name with the time. None, with the
    reason printed, where the record cannot be read or the copy cannot be written.
    """
    target = Path(os.path.expanduser(path))
    if os.path.isdir(target) or str(path).endswith(("/", os.sep)):
        target /= _dated("exported")
    source = where = location()
    try:
        record = _complete(_in_memory) if source is None else _read(source)
        where = target
        _write(target, record, private=False)
    except NOT_WRITABLE as error:
        say(f"Your progress could not be exported ({_reason(error)}: {where}).")
        return None
    return target


def reset() -> Path | None:
    """Start afresh. The old record is set aside beside the new one; return where it lies.

    None if there was none, or, with the reason printed, if it could not be set aside.
    """
    path = location()
    if path is None:
        _in_memory.clear()
        return None
    try:
        if not path.exists():
            return None
        with _alone(path):
            return _set_aside(path, "before-reset")
    except OSError as error:
        say(f"Your progress could not be reset ({_reason(error)}: {path}). It is as it was.")
        return None


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
        if outcome == "right":
            entry["solved"] = _now()
        # An outcome that only a newer edition knows may be better than "wrong".
        if outcome == "right" or entry.get("outcome", OUTCOMES[0]) in OUTCOMES:
            entry["outcome"] = outcome

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
    entry = {"question": question, "answer": _storable(answer), "measured": _storable(measured)}
    _note("predictions", id, entry)


def record_claim(id: str, finding: str, confirmed: bool | None, verdict: str | None) -> None:
    """Note the measured verdict of a claim. ``confirmed`` is None where it was not decided here."""
    _note("claims", finding, {"id": id, "confirmed": confirmed, "verdict": verdict})


def _note(part: str, id: str, entry: dict) -> None:
    entry = {**entry, "at": _now()}
    _update(lambda record: record[part].setdefault(id, {}).update(entry))


def _update(change: Callable[[dict], None]) -> None:
    path = _place()
    if path is None:
        record = _complete(_in_memory)
        change(record)
        _in_memory.update(record)
        return
    try:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path):
            record = _read(path)
            change(record)
            _write(path, record, private=True)
    except NOT_WRITABLE as error:
        _report("saved", path, error)


def _place() -> Path | None:
    """The location of the record; a missing home folder is said once."""
    path = location()
    if path is None and os.environ.get(HOME) != MEMORY:
        _say_once(f"You have no home folder here: your progress ends with this kernel.\n{WAY_OUT}")
    return path


def _read(path: Path) -> dict:
    """The record in a file. ``OSError`` if it is there and cannot be read: then it is not empty."""
    try:
        return _parse(path)
    except FileNotFoundError:
        return _complete({})
    except NOT_A_RECORD:
        aside = _set_aside(path, "damaged")
        _say_once(f"Your progress file was damaged; it is kept as {aside.name}. A new one begins.")
        return _complete({})


def _parse(path: Path) -> dict:
    # From bytes, json finds out UTF-8, with a mark in front or without, UTF-16 and UTF-32 itself:
    # editors on Windows save in each of them.
    return _complete(
        json.loads(path.read_bytes(), parse_float=_finite, parse_constant=lambda name: None)
    )


def _finite(number: str) -> float | None:
    """A number in a file; None for one such as 1e999, which could not be written again."""
    value = float(number)
    return value if math.isfinite(value) else None


def _complete(record: dict) -> dict:
    """A copy with all parts, each a dictionary of dictionaries, and with all else that is in it.

    ``TypeError`` if a part is of another form; ``OSError`` if a newer edition gave it that form.
    """
    complete = {"version": VERSION, **record}
    parts = [complete.get(part, {}) for part in PARTS]
    fits = all(isinstance(part, dict) for part in parts) and all(
        isinstance(entry, dict) for part in parts for entry in part.values()
    )
    if not fits or not all(map(_is_exercise, parts[0].values())):
        if isinstance(complete["version"], int | float) and complete["version"] > VERSION:
            raise OSError(0, "A newer edition of the course wrote it in a form of its own")
        raise TypeError(f"{PARTS} do not hold one dictionary for each id, with whole counts")
    for name, part in zip(PARTS, parts, strict=True):
        complete[name] = {id: dict(entry) for id, entry in part.items()}
    return complete


def _is_exercise(entry: dict) -> bool:
    counts = entry.get("attempts", 0), entry.get("hints", 0)
    outcome = entry.get("outcome", OUTCOMES[0])
    return isinstance(outcome, str) and all(isinstance(count, int) for count in counts)


def _storable(value: object) -> str | float | bool | None:
    """A value as JSON knows it: a number of any library as Python's own, NaN as None, else text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return str(value)
    return number if math.isfinite(number) else None


def _write(path: Path, record: dict, private: bool) -> None:
    text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False, default=str)
    # Half of a pair of UTF-16 is no text, but in JSON its escape is.
    replace_with(path, text.encode("utf-8", "backslashreplace"), private=private)


def _set_aside(path: Path, why: str) -> Path:
    """Give the file another name. Behind a link that is the file it leads to; the link stays."""
    path = Path(os.path.realpath(path))
    return path.replace(path.with_name(_dated(why)))


def _dated(why: str) -> str:
    return f"progress.{why}-{datetime.now(UTC).strftime('%Y%m%d-%H%M%S-%f')}.json"


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the lock of the record. ``Timeout`` while another kernel holds it."""
    lock = _lock(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # that it makes do with a weaker lock
            lock.acquire()
    except Timeout:
        raise
    except (OSError, NotImplementedError):
        pass  # a file system without locks: better without than not at all, a file is always whole
    try:
        yield
    finally:
        with suppress(OSError):
            lock.release()


def _lock(path: Path) -> FileLock:
    return FileLock(path.with_suffix(".lock"), timeout=2)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _report(done: str, path: Path, error: Exception) -> None:
    """Say once for each reason that the record could not be read or saved."""
    reason = _reason(error)
    _say_once(
        f"Your progress could not be {done} ({reason}: {path}). The lesson goes on.\n{WAY_OUT}",
        reason,
    )


def _reason(error: Exception) -> str:
    if isinstance(error, Timeout):
        return "Another lesson is writing it"
    return getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"


def _say_once(text: str, about: str | None = None) -> None:
    if (about or text) not in _already_said:
        _already_said.add(about or text)
        say(text)
