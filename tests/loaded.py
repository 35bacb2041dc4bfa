"""Validate every notebook beside four busy processes, five times: `make loaded`.

What else a machine does says nothing about pruning, so no run may be red. ARGS is passed on to
pytest, for example `make loaded ARGS="solutions/01_mask_math.ipynb -n 1"` for one notebook only.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROCESSES, RUNS = 4, 5
# Ends by itself when the process that started it has ended, in whatever way.
BUSY = """
import os

started_by = {}
while os.getppid() == started_by:
    sum(range(100_000))
"""


@contextmanager
def busy(processes: int) -> Iterator[list[subprocess.Popen]]:
    """That many processes which do nothing but keep a core busy, inside the ``with`` block."""
    command = [sys.executable, "-c", BUSY.format(os.getpid())]
    started = [subprocess.Popen(command) for _ in range(processes)]
    try:
        yield started
    finally:
        for process in started:
            process.kill()
            process.wait()


def main(arguments: Sequence[str]) -> int:
    """Returns the exit status of the first red run, or 0."""
    which = [*arguments] or ["notebooks", "solutions", "-n", "2"]
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", *which]
    for run in range(1, RUNS + 1):
        start = time.perf_counter()
        with busy(PROCESSES):
            status = subprocess.run(command, cwd=ROOT).returncode
        took = f"{time.perf_counter() - start:.0f} s beside {PROCESSES} busy processes"
        print(f"Run {run} of {RUNS}: {'RED' if status else 'green'}, {took}.", flush=True)
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
