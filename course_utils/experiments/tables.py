"""Which experiments there are, and their stored tables."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd

from course_utils._checks import check_choice
from course_utils.experiments import (
    agreement,
    budgets,
    deep_compression,
    every_schedule,
    filter_criteria,
    filters_removed,
    from_scratch,
    gentle_steps,
    gradual,
    int8_conv,
    last_step,
    lots_of_filters,
    one_cut,
    residual,
    rewinding,
    rounded,
    signs,
    slimming,
    starts,
    tickets,
    weight_criteria,
)
from course_utils.experiments.nets import SEEDS

RESULTS = Path(__file__).parent / "results"
# Each module has CONFIGURATIONS, a function measure(seed, **configuration) that returns what is
# measured, by column, and SEEDS of its own where it needs others than the usual ones.
EXPERIMENTS: dict[str, ModuleType] = {
    "agreement": agreement,
    "budgets": budgets,
    "deep_compression": deep_compression,
    "every_schedule": every_schedule,
    "filter_criteria": filter_criteria,
    "filters_removed": filters_removed,
    "from_scratch": from_scratch,
    "gentle_steps": gentle_steps,
    "gradual": gradual,
    "int8_conv": int8_conv,
    "last_step": last_step,
    "lots_of_filters": lots_of_filters,
    "one_cut": one_cut,
    "residual": residual,
    "rewinding": rewinding,
    "rounded": rounded,
    "signs": signs,
    "slimming": slimming,
    "starts": starts,
    "tickets": tickets,
    "weight_criteria": weight_criteria,
}


def seeds_of(name: str) -> Sequence[int]:
    """The seeds that an experiment is run with."""
    return getattr(EXPERIMENTS[name], "SEEDS", SEEDS)


def load(name: str, seeds: Iterable[int] | None = None) -> pd.DataFrame:
    """The stored results of these seeds, or of all: a row for each run.

    ``name``: a key of ``EXPERIMENTS``, such as "tickets"; accuracies in [0, 1]. Raises
    ``ValueError`` for another name or a seed that has not been run.
    """
    check_choice("name", name, EXPERIMENTS)
    with (RESULTS / f"{name}.csv").open(encoding="utf-8") as file:
        table = pd.read_csv(file)
    wanted = [*(seeds_of(name) if seeds is None else seeds)]
    missing = sorted(set(wanted) - set(table["seed"]))
    if missing:
        raise ValueError(f"Seeds {missing} have not been run; there are {sorted(set(table.seed))}.")
    return table[table["seed"].isin(wanted)].reset_index(drop=True)


def by_configuration(name: str, seeds: Iterable[int] | None = None) -> dict[tuple, np.ndarray]:
    """Configuration → its stored accuracies in per cent, one a seed; as :func:`load` otherwise.

    The key is the configuration's values in their order, such as ("cubic", 0.99).
    """
    table, keys = load(name, seeds), [*EXPERIMENTS[name].CONFIGURATIONS[0]]
    return {key: 100 * rows["accuracy"].to_numpy() for key, rows in table.groupby(keys)}
