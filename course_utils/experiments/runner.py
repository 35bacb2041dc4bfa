"""Run an experiment row by row, here or on a cluster, and store its table: ``make sweep``.

A task is one configuration with one seed, and gives one row. This process, the driver, appends each
row to ``results/NAME.jsonl`` as it arrives. Kill it when you like and start it again: it runs only
the rows that are missing. Once all are there it writes ``results/NAME.csv``, sorted and rounded, so
that nothing is different after a second run. The table holds numbers only; which versions and which
processor made a row stands beside it in the ``.jsonl``, which is not committed.

Several tasks run at once, so what takes time here says nothing: a time is measured in a lesson.
"""

import argparse
import json
import os
import platform
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import filelock
import pandas as pd
import torch
from joblib import Parallel, delayed, parallel_config
from tqdm import tqdm

from course_utils import __version__
from course_utils._checks import check_choice, check_whole
from course_utils.experiments import tables
from course_utils.experiments.fingerprint import PACKAGES, check_unchanged, fingerprint
from course_utils.experiments.nets import Row
from course_utils.lesson.files import replace_with
from course_utils.training import seed_everything

WAIT = 600  # seconds for the first worker of a cluster: a batch system has a queue
DIGITS = 6  # of what is measured, in a table
_one_at_a_time = threading.Lock()


def run(name: str, workers: int | None = None, cluster: str | None = None) -> pd.DataFrame:
    """Run the missing rows of an experiment, store its table, and return it.

    ``workers``: processes on this machine, by default one for each core. ``cluster``: the address
    of a Dask scheduler, whose workers run the tasks instead. Raises ``ValueError`` for an unknown
    name or no workers, ``RuntimeError`` where another process runs this experiment or a worker has
    other code than the driver, and whatever a task raises, with a note that says which; the rows
    that arrived before are stored.
    """
    check_choice("name", name, tables.EXPERIMENTS)
    if workers is not None:
        check_whole("workers", workers, least=1)
    experiment = tables.EXPERIMENTS[name]
    tasks = {
        key_of(experiment.__name__, seed, configuration): (seed, configuration)
        for seed in tables.seeds_of(name)
        for configuration in experiment.CONFIGURATIONS
    }
    store = tables.RESULTS / f"{name}.jsonl"
    with _alone(store):
        stored = stored_rows(store)
        missing = [task for key, task in tasks.items() if key not in stored]
        lines = _lines(experiment.__name__, missing, workers, cluster)
        done = len(tasks) - len(missing)
        _append(store, tqdm(lines, name, len(tasks), unit="row", initial=done))
        rows = stored_rows(store)
    table = pd.DataFrame([_rounded(rows[key], *task) for key, task in tasks.items()])
    text = table.to_csv(index=False, lineterminator="\n")
    replace_with(tables.RESULTS / f"{name}.csv", text.encode())
    return table


def key_of(experiment: str, seed: int, configuration: Row) -> str:
    """What a row is stored under: a hash of its experiment's code, its seed and configuration."""
    parts = [experiment, fingerprint(experiment), seed, configuration]
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def stored_rows(store: Path) -> dict[str, Row]:
    """Key → row, of all lines that a kill or a full disk has not cut short."""
    rows = {}
    for line in store.read_bytes().splitlines() if store.exists() else ():
        with suppress(ValueError):  # a line of JSON that is cut short is none
            entry = json.loads(line)
            rows[entry["key"]] = entry["row"]
    return rows


def _append(store: Path, lines: Iterable[str]) -> None:
    """Each line is on the disk before the next one is waited for."""
    with store.open("ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read() != b"\n":  # the last line was cut short: the next one starts anew
                file.write(b"\n")
        for line in lines:
            file.write(line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def _alone(store: Path) -> Iterator[None]:
    """Two drivers would run each row twice. The lock goes when its process is killed."""
    store.parent.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(f"{store}.lock", timeout=0):
            yield
    except filelock.Timeout:
        raise RuntimeError(
            f"Another process is running {store.stem}. Wait for it, or stop it first."
        ) from None


def _lines(
    experiment: str, tasks: Sequence[tuple[int, Row]], workers: int | None, cluster: str | None
) -> Iterator[str]:
    """A line for each task, in the order in which they are done."""
    if not tasks:  # then no worker needs to be started
        return
    with _engine(workers, cluster):
        # One task a batch, or rows would wait for each other on their way to the disk; and a
        # cluster that grows while it works has to know of all tasks.
        parallel = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch="all")
        yield from parallel(
            delayed(_line)(experiment, seed, configuration, key_of(experiment, seed, configuration))
            for seed, configuration in tasks
        )


@contextmanager
def _engine(workers: int | None, cluster: str | None) -> Iterator[None]:
    if cluster is None:
        with parallel_config("loky", n_jobs=workers or -1, inner_max_num_threads=1):
            yield
        return
    try:
        from distributed import Client  # only with the extra `cluster`
    except ModuleNotFoundError as error:
        raise RuntimeError(
            "A cluster needs Dask: pip install -c constraints.txt -e '.[cluster]'"
        ) from error
    with (
        Client(cluster, set_as_default=False) as client,
        parallel_config("dask", client=client, wait_for_workers_timeout=WAIT),
    ):
        yield


def _line(experiment: str, seed: int, configuration: Row, key: str) -> str:
    """Run one task, in a worker: its row as a line of the store.

    A worker of Dask with several threads runs one task at a time, since PyTorch's generators belong
    to the process.
    """
    with _one_at_a_time:
        try:
            check_unchanged(experiment)
            if key_of(experiment, seed, configuration) != key:
                raise RuntimeError(
                    f"The worker on {platform.node()} has other code than the driver. Install the "
                    "same course with the same constraints.txt and Python on both, start them anew."
                )
            torch.set_num_threads(1)  # other tasks need the other cores
            seed_everything(seed)
            measured = import_module(experiment).measure(seed, **configuration)
            row = dict(seed=seed, **configuration, **measured)  # a column given twice is an error
            return json.dumps({"key": key, "row": row, "made with": _made_with()})
        except Exception as error:
            error.add_note(f"This was {experiment}, seed {seed}, {configuration}.")
            raise


def _made_with() -> dict[str, str]:
    """Versions, and the processor with the instructions that PyTorch uses on it."""
    return {
        "course": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "cpu": f"{_processor()}, {torch.backends.cpu.get_cpu_capability()}",
    }


def _processor() -> str:
    with suppress(OSError):  # Linux tells the name in a file only
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        if name := re.search(r"^model name\s*: (.+)$", text, re.MULTILINE):
            return name[1]
    return platform.processor() or platform.machine()


def _rounded(row: Row, seed: int, configuration: Row) -> Row:
    """A row with what was measured to six digits; the last ones hang on the processor."""
    given = {"seed", *configuration}
    return {
        name: float(f"{value:.{DIGITS}g}")
        if isinstance(value, float) and name not in given
        else value
        for name, value in row.items()
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: run the named experiments, or all, and store their tables."""
    parser = argparse.ArgumentParser(prog="python -m course_utils.experiments", description=__doc__)
    parser.add_argument("experiment", nargs="*", choices=[[], *tables.EXPERIMENTS], default=[])
    parser.add_argument("--workers", type=int, help="how many tasks to run at once")
    parser.add_argument("--cluster", help="a Dask scheduler to run on, such as tcp://10.0.0.1:8786")
    options = parser.parse_args(arguments)
    os.environ["TQDM_DISABLE"] = "1"  # bars of several processes would overwrite each other
    for name in options.experiment or tables.EXPERIMENTS:
        run(name, options.workers, options.cluster)
    return 0
