"""Run a function that may be wrong: note its result, its crash, its prints and its side effects."""

import contextlib
import ctypes
import io
import linecache
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_utils.exercises.checker.comparing import same


class TimeLimit(BaseException):
    """Raised inside code that runs too long. Not an ``Exception``, so ``except Exception`` in a
    learner's loop does not swallow it."""


@dataclass(frozen=True)
class Observation:
    """What a function did on one case.

    ``error``: what it raised, or None. ``place``: the line of the function's own file or cell that
    was running then, as (number, text). ``changed``: the positions of the arguments that it
    changed in place; ``switched``: those of them where it only switched on gradients.
    ``printed``: what it printed.
    """

    result: object = None
    error: BaseException | None = None
    place: tuple[int, str] | None = None
    changed: tuple[int, ...] = ()
    switched: tuple[int, ...] = ()
    printed: str = ""

    @property
    def timed_out(self) -> bool:
        return isinstance(self.error, TimeLimit)

    def equals(self, other: "Observation", tolerance: float) -> bool:
        """Whether both did the same: the same result, or the same kind of crash, and effects."""
        return (
            type(self.error) is type(other.error)
            and self.changed == other.changed
            and self.switched == other.switched
            and same(self.result, other.result, tolerance)
        )


def observe(function: Callable, make: Callable[[], tuple], seconds: float) -> Observation:
    """Call ``function(*make())`` and say what happened. Never raises, but for your stop button.

    ``make`` gives fresh, equal arguments at each call; a second set shows what was changed. The
    random state is the same for everybody and is put back afterwards.
    """
    arguments = make()
    printed = io.StringIO()
    result, error, place = None, None, None
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        try:
            with contextlib.redirect_stdout(printed), time_limit(seconds):
                result = function(*arguments)
        except KeyboardInterrupt:
            raise
        except BaseException as caught:  # SystemExit and the time limit are answers too
            error, place = caught, _own_line(caught, function)
    changed, switched = [], []
    for index, (after, before) in enumerate(zip(arguments, make(), strict=True)):
        rewritten = not same(after, before, tolerance=0)
        if rewritten or _gradients_switched_on(after, before):
            changed.append(index)
            switched += [] if rewritten else [index]
    return Observation(result, error, place, tuple(changed), tuple(switched), printed.getvalue())


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeLimit` in this thread when the block takes longer.

    Works where signals do not (Windows, threads): Python is asked to raise at the next bytecode. A
    single long call into C is not cut short; a loop that never ends is.
    """
    thread = ctypes.c_ulong(threading.get_ident())
    finished = threading.Event()
    lock = threading.Lock()

    def stop() -> None:
        wait = seconds
        while not finished.wait(wait):
            wait = 0.05  # code that swallowed the first one with a bare except gets more of them
            with lock:
                if not finished.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeLimit))

    watcher = threading.Thread(target=stop, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        with lock:
            finished.set()
        watcher.join()
        # Take back an exception that was asked for but not raised yet.
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, None)


def _gradients_switched_on(after: object, before: object) -> bool:
    """Whether a tensor requires gradients now and did not before."""
    pairs = zip(_tensors(after), _tensors(before), strict=False)
    return any(now.requires_grad and not then.requires_grad for now, then in pairs)


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, nn.Module):
        yield from value.parameters()
    elif isinstance(value, Mapping | list | tuple):
        for entry in value.values() if isinstance(value, Mapping) else value:
            yield from _tensors(entry)


def _own_line(error: BaseException, function: Callable) -> tuple[int, str] | None:
    """The deepest line of the function's own file or cell in the traceback."""
    code = getattr(function, "__code__", None)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if code is not None and frame.filename == code.co_filename]
    if not own:
        return None
    number = own[-1].lineno or 0
    return number, linecache.getline(own[-1].filename, number).strip()
