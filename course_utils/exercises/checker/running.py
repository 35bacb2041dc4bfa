"""Run a function that may be wrong: note its result, its crash, its prints and its side effects."""

import ast
import builtins
import contextlib
import io
import linecache
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import CoroutineType, FrameType

from torch import Tensor

from course_utils.exercises.checker.comparing import same
from course_utils.exercises.checker.copies import Other, plain
from course_utils.exercises.checker.dice import random_numbers
from course_utils.exercises.checker.limit import (
    Limited,
    TimeLimit,
    end_those_at_work,
    frames_of,
    started_by,
)
from course_utils.exercises.checker.surroundings import OF_THREAD, Surroundings, note, set_back

LETTERS = 10_000  # of what an answer prints
ADDRESS = re.compile(r" at 0x[0-9A-Fa-f]+")  # differs at every run

_one_at_a_time = threading.Lock()  # what is printed and drawn belongs to one function only


@dataclass(frozen=True)
class Observation:
    """What a function did on one case.

    ``result``: a copy of what it returned, in plain parts. ``error``: the kind of exception it
    raised, or None; ``said``: the text of it. ``place``: the line of the function's own file or
    cell that was running then, as (number, text). ``changed``: the positions of the arguments that
    it changed in place; ``switched``: those of them where it only switched on gradients. ``left``:
    what it left changed for everybody, by name. ``printed``: what it printed. ``goes_on``: whether
    it could not be stopped.
    """

    result: object = None
    error: type[BaseException] | None = None
    said: str = ""
    place: tuple[int, str] | None = None
    changed: tuple[int, ...] = ()
    switched: tuple[int, ...] = ()
    left: tuple[str, ...] = ()
    printed: str = ""
    goes_on: bool = False

    @property
    def timed_out(self) -> bool:
        return self.error is TimeLimit

    def equals(self, other: "Observation", tolerance: float) -> bool:
        """Whether both did the same: the same result, or the same kind of crash, and effects."""
        return (
            self.error is other.error
            and self.changed == other.changed
            and self.switched == other.switched
            and self.left == other.left
            and same(self.result, other.result, tolerance)
        )


def observe(
    function: Callable,
    make: Callable[[], tuple],
    seconds: float,
    before: Surroundings | None = None,
    seed: int = 0,
) -> Observation:
    """Call ``function(*make())`` and say what happened. Never raises, but for your stop button.

    ``make`` gives fresh, equal arguments at each call; a second set shows what was changed.
    ``before``: how things are and are to be again afterwards, if the function is not the course's
    own. ``seed``: of all random numbers, so that everybody gets the same; the random state is put
    back in any case.
    """
    if isinstance(threading.current_thread(), Limited):  # an answer that calls a check itself
        return _call(function, make, before)
    seen: list[Observation] = []
    with _one_at_a_time, warnings.catch_warnings(), random_numbers(seed) as left_behind:
        thread = Limited(lambda: seen.append(_call(function, make, before)))
        with _terminal_of(thread) as printed, started_by(thread) as children:
            thread.start()
            if not thread.ends_within(seconds):
                seen[:] = [_stop(thread, function, before)]
                left_behind += [thread] if seen[0].goes_on else []
    strays = end_those_at_work(children, function)
    left = seen[0].left + (("a thread that still runs",) if strays else ())
    return replace(seen[0], left=left, printed=without_addresses(printed.getvalue()))


def without_addresses(text: str) -> str:
    """A text that is the same at every run: objects without their place in memory."""
    return ADDRESS.sub("", text)


def _call(
    function: Callable, make: Callable[[], tuple], before: Surroundings | None
) -> Observation:
    """Runs in the limited thread: what an answer's own objects do when looked at, they do here."""
    result, error, said, place, left = None, None, "", None, []
    arguments = ()
    try:
        arguments = make()
        of_thread = note(OF_THREAD)
        try:
            result = function(*arguments)
        finally:
            if before is not None:
                left = [*before.put_back(), *set_back(OF_THREAD, of_thread)]
        returned, result = result, plain(result)
        if type(returned) is CoroutineType:  # isinstance would ask the value, which may raise
            returned.close()  # or Python warns, whenever it likes, that nobody awaited it
    except TimeLimit:
        raise
    except BaseException as caught:  # SystemExit is an answer, too
        result, error, said, place = None, type(caught), _words(caught), _own_line(caught, function)
    changed, switched = _changes(arguments, make())
    return Observation(result, error, said, place, changed, switched, tuple(left))


def _stop(thread: Limited, function: Callable, before: Surroundings | None) -> Observation:
    before = before or Surroundings()
    before.put_back()  # what follows needs it
    place = _slow_line(thread, function)
    stopped = thread.stop()
    # Once more for what it did meanwhile, in a new thread, where torch's number of threads is read
    # as the next call would find it.
    last = threading.Thread(target=before.put_back)
    last.start()
    last.join()
    return Observation(error=TimeLimit, place=place, goes_on=not stopped)


class _Printed(io.StringIO):
    """Takes what one thread prints and hands on what others do."""

    def __init__(self, thread: threading.Thread, screen: io.TextIOBase) -> None:
        super().__init__()
        self._thread, self._screen = thread, screen

    def write(self, text: str) -> int:
        if threading.current_thread() is not self._thread:
            return self._screen.write(text)
        return super().write(text[: max(0, LETTERS - self.tell())])


@contextlib.contextmanager
def _terminal_of(thread: threading.Thread) -> Iterator[_Printed]:
    """Catch what a thread prints, and do not let it wait until somebody types."""

    def refuse(prompt: str = "") -> str:
        if threading.current_thread() is not thread:
            return keyboard(prompt)
        raise EOFError("a check cannot wait until somebody types")

    screen, keyboard = sys.stdout, builtins.input
    sys.stdout, builtins.input = printed, _ = _Printed(thread, screen), refuse
    try:
        yield printed
    finally:
        sys.stdout, builtins.input = screen, keyboard


def _changes(arguments: tuple, fresh: tuple) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The positions of arguments that were changed, and of those that now want gradients."""
    changed, switched = [], []
    for index, pair in enumerate(zip(arguments, fresh, strict=False)):
        after, before = map(plain, pair)
        rewritten = not same(before, after, tolerance=0)
        if rewritten or _gradients_switched_on(after, before):
            changed.append(index)
            switched += [] if rewritten else [index]
    return tuple(changed), tuple(switched)


def _gradients_switched_on(after: object, before: object) -> bool:
    """Whether a tensor requires gradients now and did not before."""
    pairs = zip(_tensors(after), _tensors(before), strict=False)
    return any(now.requires_grad and not then.requires_grad for now, then in pairs)


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Other):
        yield from _tensors(value.inside)
    elif isinstance(value, dict | list | tuple):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _tensors(entry)


def _words(error: BaseException) -> str:
    try:
        return without_addresses(str(error))
    except Exception:  # its __str__ raises
        return ""


def _own_line(error: BaseException, function: Callable) -> tuple[int, str] | None:
    """The deepest line of the function's own file or cell in the traceback."""
    frames = traceback.walk_tb(error.__traceback__)
    own = [number for frame, number in frames if _is_own(frame, function)]
    return _line(function, own[-1]) if own else None


def _slow_line(thread: Limited, function: Callable) -> tuple[int, str] | None:
    """Where a function is when its time is up: its loop, if any, which is the same at every run."""
    frames = [frame for frame in frames_of(thread) if _is_own(frame, function)]
    for own in reversed(frames):  # from the function inwards
        loops = [
            loop.lineno
            for loop in _loops(function)
            if own.f_code.co_firstlineno < loop.lineno <= own.f_lineno <= loop.end_lineno
        ]
        if loops:
            return _line(function, min(loops))
    return _line(function, frames[0].f_lineno) if frames else None


def _loops(function: Callable) -> list[ast.For | ast.While]:
    """The loops in the function's file or cell."""
    source = "".join(linecache.getlines(function.__code__.co_filename))
    try:
        return [
            node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.For | ast.While)
        ]
    except SyntaxError:  # a cell with a magic in it
        return []


def _is_own(frame: FrameType, function: Callable) -> bool:
    code = getattr(function, "__code__", None)
    return code is not None and frame.f_code.co_filename == code.co_filename


def _line(function: Callable, number: int) -> tuple[int, str]:
    return number, linecache.getline(function.__code__.co_filename, number).strip()
