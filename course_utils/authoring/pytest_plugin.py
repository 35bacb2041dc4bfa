"""Settings for every test, and every kernel that a test starts. Loaded by pyproject.toml."""

import math
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty

import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, NbCellError

# No progress bars: a bar that is drawn is an output that differs at every run.
# A record in memory: tests never touch the learner's own, and each kernel starts with an empty one.
# No startup file of your own; and what a test reads from another process is UTF-8 everywhere.
KERNEL_ENVIRONMENT = {
    "TQDM_DISABLE": "1",
    "PRUNING_COURSE_HOME": ":memory:",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "PYTHONSTARTUP": "",
    "PYTHONIOENCODING": "utf-8",
}
OUTPUT_SECONDS = 60  # nbval gives an output 5 s to arrive, too few on a busy machine

os.environ.update(KERNEL_ENVIRONMENT)


@contextmanager
def no_ipython_profile() -> Iterator[dict[str, str]]:
    """The variable that gives kernels an empty IPython folder: your profile changes no output."""
    # A kernel that is just ending may still write its history.
    with tempfile.TemporaryDirectory(prefix="ipython-", ignore_cleanup_errors=True) as folder:
        yield {"IPYTHONDIR": folder}


def pytest_configure(config: pytest.Config) -> None:
    """Each run of the tests has an IPython folder of its own, as long as it lasts."""
    folder = no_ipython_profile()
    os.environ.update(folder.__enter__())
    config.add_cleanup(lambda: folder.__exit__(None, None, None))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """nbval waits for a kernel until the cell's time is up; a dead one is named at once."""
    if isinstance(item, IPyNbCell):
        item.output_timeout = OUTPUT_SECONDS
        kernel = item.parent.kernel
        kernel.get_message = lambda stream, timeout=None: _message(item, kernel, stream, timeout)
    return (yield)


def _message(item: IPyNbCell, kernel: RunningKernel, stream: str, timeout: float | None) -> dict:
    """The next message, or ``NbCellError`` within a second or so when the kernel has died."""
    end = math.inf if timeout is None else time.monotonic() + timeout
    while True:
        left = max(0, end - time.monotonic())
        try:
            return RunningKernel.get_message(kernel, stream, timeout=min(1, left))
        except Empty:
            if not kernel.is_alive():
                why = "The kernel died while it ran this cell."
                raise NbCellError(item.cell_num, why, item.cell.source) from None
            if not left:
                raise
