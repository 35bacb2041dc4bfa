"""Run an experiment for many seeds, store its table, and read it again: ``make sweep``."""

import argparse
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import torch

from course_utils._checks import check_choice
from course_utils.data import Digits, load_mnist
from course_utils.experiments import every_schedule, last_step, tickets
from course_utils.experiments.nets import SEEDS, Row

RESULTS = Path(__file__).parent / "results"
EXPERIMENTS: dict[str, Callable[[int, Digits], list[Row]]] = {
    "every_schedule": every_schedule.rows_of,
    "last_step": last_step.rows_of,
    "tickets": tickets.rows_of,
}


def load(name: str, seeds: Iterable[int] = SEEDS) -> pd.DataFrame:
    """The stored results of these seeds: a row for each run.

    ``name``: "every_schedule", "last_step" or "tickets"; accuracies in [0, 1]. Raises
    ``ValueError`` for another name or a seed that has not been run.
    """
    check_choice("name", name, EXPERIMENTS)
    with (RESULTS / f"{name}.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file)
    missing = sorted(set(seeds) - set(table["seed"]))
    if missing:
        raise ValueError(f"Seeds {missing} have not been run; there are {sorted(set(table.seed))}.")
    return table[table["seed"].isin([*seeds])].reset_index(drop=True)


def run(name: str, seeds: Sequence[int] = SEEDS, workers: int | None = None) -> pd.DataFrame:
    """Run an experiment for ``seeds``, several at once, one processor core each."""
    rows: list[Row] = []
    with ProcessPoolExecutor(
        workers or os.cpu_count(), get_context("spawn"), torch.set_num_threads, (1,)
    ) as pool:
        for done, found in enumerate(
            pool.map(_one_seed, [EXPERIMENTS[name]] * len(seeds), seeds), start=1
        ):
            rows += found
            print(f"{name}: {done} of {len(seeds)} seeds", flush=True)
    return pd.DataFrame(rows)


def _one_seed(rows_of: Callable[[int, Digits], list[Row]], seed: int) -> list[Row]:
    return rows_of(seed, load_mnist())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: run the named experiments, or all, and store their tables."""
    parser = argparse.ArgumentParser(prog="python -m course_utils.experiments", description=__doc__)
    parser.add_argument("experiment", nargs="*", choices=[[], *EXPERIMENTS], default=[])
    parser.add_argument("--workers", type=int, help="how many seeds to run at once")
    options = parser.parse_args(arguments)
    os.environ["TQDM_DISABLE"] = "1"  # bars of several processes would overwrite each other
    for name in options.experiment or EXPERIMENTS:
        run(name, workers=options.workers).to_csv(RESULTS / f"{name}.csv", index=False)
    return 0
