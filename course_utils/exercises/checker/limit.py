"""Call a function for a limited time, and be rid of it whatever it does.

Python can raise an exception in a running thread, but what has been sent cannot be called back:
sent to the thread of the notebook, it may come late, in the middle of Jupyter's own work, and end
the kernel. So what may be wrong runs in a thread of its own. What is sent there is raised there, or
goes when the thread goes. Nobody has to wait for that thread: one that sleeps, waits for a lock or
computes inside C is left behind.
"""

import contextlib
import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from time import monotonic, sleep
from traceback import walk_stack
from types import FrameType

PAUSE = 0.1  # seconds from one TimeLimit to the next, for code that swallows them
PATIENCE = 4  # as many may be swallowed
SETTLING = 0.5  # seconds in which code that can be stopped at all has received the first one
# Seconds that importing adds to a limit. The first call of an optimizer imports thousands of lines
# of PyTorch, and a module that was stopped half-way would stay so for all later cells.
IMPORTING = 60


class TimeLimit(BaseException):
    """Raised inside code that runs too long.

    Not an ``Exception``, so that ``except Exception`` in a learner's loop does not swallow it. Code
    that swallows it all the same is parked: Python makes the exception inside the thread that it
    stops, and making one too many never ends.
    """

    def __init__(self) -> None:
        super().__init__()
        thread = threading.current_thread()
        if isinstance(thread, Limited):
            thread.swallow()


class Limited(threading.Thread):
    """A thread for one call of ``work``, that can be stopped or left behind."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__(target=self._call, args=(work,), daemon=True)  # Python may end before it
        self.received = 0
        self._running = threading.Lock()  # free once the call is over
        self._running.acquire()
        self._closed = threading.Lock()  # held while a TimeLimit is sent, and for good at the end

    def _call(self, work: Callable[[], None]) -> None:
        try:
            try:
                work()
            finally:
                self._closed.acquire()  # from here on nothing can be sent, so nothing comes late
        except TimeLimit:
            pass
        finally:
            self._running.release()

    def swallow(self) -> None:
        """Count one more TimeLimit, in this thread; after too many stand still for ever."""
        self.received += 1
        if self.received > PATIENCE:
            self._closed.acquire()
            self._closed.acquire()  # nobody will ever release it: the thread costs nothing more

    def ends_within(self, seconds: float) -> bool:
        """Wait until the call is over, but not longer. Your stop button stops it, too.

        While it imports a module the time stands still, for up to ``IMPORTING`` seconds.
        """
        before = monotonic()
        end = before + seconds
        latest = end + IMPORTING
        try:
            # In short turns, because Windows hears the stop button only in between. Locks and no
            # built-in functions, because the call may have replaced those.
            while not self._running.acquire(timeout=PAUSE):
                now = monotonic()
                if is_importing(self):
                    end = min(end + now - before, latest)
                if now > end:
                    return False
                before = now
        except KeyboardInterrupt:
            self.stop()
            raise
        return True

    def stop(self) -> bool:
        """Stop the call. False if it waits inside C: it then goes on until that returns."""
        sender = threading.Thread(target=self._send_until_closed, daemon=True)
        sender.start()
        sender.join(SETTLING)
        if self.received:  # it runs Python, so it is about to end or to be parked
            sender.join(SETTLING)
        return self.received > 0 or not sender.is_alive()

    def _send_until_closed(self) -> None:
        latest = monotonic() + IMPORTING
        while self._closed.acquire(blocking=False):
            if monotonic() > latest or not is_importing(self):
                _raise_in(self, TimeLimit)
            self._closed.release()
            sleep(PAUSE)


def frames_of(thread: threading.Thread) -> list[FrameType]:
    """Where a thread is now, from the innermost call outwards; none once it has ended."""
    innermost = sys._current_frames().get(thread.ident)
    return [frame for frame, _ in walk_stack(innermost)] if innermost else []


def is_importing(thread: threading.Thread) -> bool:
    """Whether a thread is inside an ``import`` now."""
    return any(
        frame.f_code.co_filename.startswith("<frozen importlib") for frame in frames_of(thread)
    )


@contextlib.contextmanager
def started_by(parent: threading.Thread) -> Iterator[list[threading.Thread]]:
    """The threads that ``parent`` starts in the block, and those that they start."""
    started: list[threading.Thread] = []
    start = threading.Thread.start

    def note_and_start(thread: threading.Thread) -> None:
        if threading.current_thread() in (parent, *started):
            started.append(thread)
        start(thread)

    threading.Thread.start = note_and_start
    try:
        yield started
    finally:
        threading.Thread.start = start


def end_those_at_work(threads: list[threading.Thread], function: Callable) -> bool:
    """Whether some still run code of the function's file or notebook. They are told to end.

    Others only wait, such as the threads of a pool that nobody has closed.
    """
    home = getattr(function, "__globals__", None)
    end = monotonic() + PAUSE  # one may be about to end
    for thread in threads:
        thread.join(max(0, end - monotonic()))
    at_work = [
        thread for thread in threads if any(frame.f_globals is home for frame in frames_of(thread))
    ]
    for thread in at_work:
        threading.Thread(target=_end, args=(thread,), daemon=True).start()
    return bool(at_work)


def _end(thread: threading.Thread) -> None:
    for _ in range(PATIENCE):  # SystemExit, because it ends a thread without a word
        if not thread.is_alive():
            return
        _raise_in(thread, SystemExit)
        sleep(PAUSE)


def _raise_in(thread: threading.Thread, error: type[BaseException]) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(error)
    )
