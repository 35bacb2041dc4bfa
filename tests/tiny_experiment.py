"""An experiment of no time, and a driver for it: the processes of test_experiments import them."""

import os
import sys
import time
from pathlib import Path

import torch
from joblib.externals.loky import get_reusable_executor

from course_utils.experiments import runner, tables

CONFIGURATIONS = tuple(
    {"shape": shape, "size": size}
    for shape in ("round", "square")
    for size in (0.123_456_789, 0.1, 1)
)
SEEDS = (3, 0, 1, 2)


def measure(seed: int, shape: str, size: float) -> dict[str, float | int]:
    """Nothing in particular, by chance; says in the file TINY_LOG which process was at it."""
    if log := os.environ.get("TINY_LOG"):
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(0.05)
    return {"drawn": size * torch.rand(1).item(), "threads": torch.get_num_threads()}


def drive(results: Path, log: Path, *arguments: str) -> None:
    """What ``make sweep`` runs, in a process group of its own, with this one experiment."""
    os.setsid()
    os.environ["TINY_LOG"] = str(log)
    tables.RESULTS = results
    tables.EXPERIMENTS = {"tiny": sys.modules[__name__]}
    status = runner.main(arguments)
    get_reusable_executor().shutdown()  # a forked process does not do so at its exit
    sys.exit(status)
