"""The long experiments of lesson 06, run once into small tables: ``make sweep``.

Each takes minutes, too long for a lesson. So they are run once by this module, the results lie in
``course_utils/results/``, and the lesson draws from there what it does not run itself. It runs one
column of the first table again, and a test holds the two together.
"""

import argparse
import copy
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn

from course_utils import models, pruning, schedules
from course_utils._checks import check_choice
from course_utils.data import Digits, load_mnist
from course_utils.training import evaluate, seed_everything, train

# Five seeds for the lesson, and three other sets of five for whoever doubts them (`make seeds`).
SEEDS = tuple(shift + seed for shift in (0, 20, 40, 60) for seed in range(5))
SPARSITIES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
ROUNDS = 10  # of one epoch each
LAST_CUTS = (0.98, 0.97, 0.95, 0.9)  # the total before the last cut to 99 %
EPOCHS_AFTER = (1, 2, 4, 9)  # the last cut
DENSE_EPOCHS = 4  # before anything is pruned
LOTTERY = (0.5, 0.8, 0.9, 0.95, 0.98)  # the rounds of the lottery
TICKETS = (0.8, 0.95, 0.98)  # those whose tickets are tested
TICKET_EPOCHS = 5  # of each training, from the initial weights on

Row = dict[str, float | int | str]


def dense_net(seed: int, data: Digits, epochs: int = DENSE_EPOCHS) -> nn.Module:
    """A trained LeNet-300-100."""
    seed_everything(seed)
    model = models.LeNet300()
    train(model, data, epochs=epochs, seed=seed)
    return model


def prune_in_rounds(
    dense: nn.Module, data: Digits, schedule: Sequence[float], epochs: int, seed: int
) -> tuple[nn.Module, schedules.Rounds]:
    """A pruned copy of ``dense`` and its history; batches in an order of this seed's own."""
    model = copy.deepcopy(dense)
    history = schedules.iterate(model, data, schedule, epochs, seed=1000 + 100 * seed)
    return model, history


def schedule_rows(seed: int, data: Digits) -> list[Row]:
    """Test accuracies of one seed: every schedule at every sparsity, ten rounds of one epoch each.

    "dense" trains on without pruning. "source" is 10 %, then 5 points more a round up to 50 %.
    """
    dense = dense_net(seed, data)
    plans = [("dense", 0.0, [0.0] * ROUNDS)]
    plans += [("source", 0.5, [*schedules.linear(0.5, 9, start=0.05), 0.5])]
    for name, shape in schedules.SCHEDULES.items():
        plans += [(name, sparsity, shape(sparsity, ROUNDS)) for sparsity in SPARSITIES]
    rows = []
    for name, sparsity, schedule in plans:
        model, _ = prune_in_rounds(dense, data, schedule, 1, seed)
        accuracy = evaluate(model, data.test)
        rows.append({"seed": seed, "schedule": name, "sparsity": sparsity, "accuracy": accuracy})
    return rows


def step_rows(seed: int, data: Digits) -> list[Row]:
    """Test accuracies of one seed at 99 %: the depth of the last cut, and the epochs after it.

    Nine rounds of one epoch go up in equal steps to the total ``before``, a tenth cuts to 99 %. One
    epoch follows. After the deepest cut training goes on, and more epochs are measured.
    """
    dense = dense_net(seed, data)
    rows = []
    for before in LAST_CUTS:
        schedule = [*schedules.linear(before, ROUNDS - 1), 0.99]
        model, _ = prune_in_rounds(dense, data, schedule, 1, seed)
        rows.append(_step_row(seed, before, 1, model, data))
    for epochs in range(2, EPOCHS_AFTER[-1] + 1):  # the last model is the one of the deepest cut
        train(model, data, epochs=1, seed=1000 + 100 * seed + ROUNDS + epochs)
        if epochs in EPOCHS_AFTER:
            rows.append(_step_row(seed, before, epochs, model, data))
    return rows


def _step_row(seed: int, before: float, epochs: int, model: nn.Module, data: Digits) -> Row:
    accuracy = evaluate(model, data.test)
    return {"seed": seed, "before": before, "epochs": epochs, "accuracy": accuracy}


def ticket_rows(seed: int, data: Digits) -> list[Row]:
    """Test accuracies of one seed's lottery tickets and their rivals, equal epochs each.

    "ticket": the mask with the initial weights it was found from. "new weights": the same mask with
    other initial weights. "shuffled mask": the initial weights with a mask of as many weights in
    each layer, placed at random. "dense": nothing pruned.
    """
    seed_everything(seed)
    model = models.LeNet300()
    initial = copy.deepcopy(model.state_dict())
    train(model, data, epochs=TICKET_EPOCHS, seed=seed)
    rows = [_ticket_row(seed, "dense", 0.0, model, data)]
    for sparsity in LOTTERY:
        pruning.prune_model(model, sparsity)
        schedules.rewind(model, initial)
        keep = pruning.masks_of(model)
        train(model, data, epochs=TICKET_EPOCHS, seed=seed)
        if sparsity in TICKETS:
            rows.append(_ticket_row(seed, "ticket", sparsity, model, data))
            for name, rival in rivals(initial, keep, seed).items():
                train(rival, data, epochs=TICKET_EPOCHS, seed=seed)
                rows.append(_ticket_row(seed, name, sparsity, rival, data))
    return rows


def rivals(initial: dict[str, Tensor], keep: dict[str, Tensor], seed: int) -> dict[str, nn.Module]:
    """Untrained nets that share one thing each with the ticket: its mask, or its weights."""
    seed_everything(10_000 + seed)
    other_weights = pruning.apply_masks(models.LeNet300(), keep)
    shuffled = {
        name: mask.flatten()[torch.randperm(mask.numel())].view_as(mask)
        for name, mask in keep.items()
    }
    other_mask = models.LeNet300()
    other_mask.load_state_dict(initial)
    return {
        "new weights": other_weights,
        "shuffled mask": pruning.apply_masks(other_mask, shuffled),
    }


def _ticket_row(seed: int, start: str, sparsity: float, model: nn.Module, data: Digits) -> Row:
    accuracy = evaluate(model, data.test)
    return {"seed": seed, "start": start, "sparsity": sparsity, "accuracy": accuracy}


EXPERIMENTS: dict[str, Callable[[int, Digits], list[Row]]] = {
    "schedules": schedule_rows,
    "steps": step_rows,
    "tickets": ticket_rows,
}


def load(name: str, seeds: Iterable[int] = SEEDS) -> pd.DataFrame:
    """The stored results of these seeds: of :func:`schedule_rows` and its like.

    ``name``: "schedules", "steps" or "tickets"; accuracies in [0, 1]. Raises ``ValueError`` for
    another name or a seed that has not been run.
    """
    check_choice("name", name, EXPERIMENTS)
    with (files("course_utils") / "results" / f"{name}.csv").open(encoding="utf-8") as file:
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
        for done, found in enumerate(pool.map(_one_seed, [name] * len(seeds), seeds), start=1):
            rows += found
            print(f"{name}: {done} of {len(seeds)} seeds", flush=True)
    return pd.DataFrame(rows)


def _one_seed(name: str, seed: int) -> list[Row]:
    return EXPERIMENTS[name](seed, load_mnist())


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: run the named experiments, or all, and store their tables."""
    parser = argparse.ArgumentParser(prog="python -m course_utils.sweeps", description=__doc__)
    parser.add_argument("experiment", nargs="*", choices=[[], *EXPERIMENTS], default=[])
    parser.add_argument("--workers", type=int, help="how many seeds to run at once")
    options = parser.parse_args(arguments)
    folder = Path(str(files("course_utils") / "results"))
    os.environ["TQDM_DISABLE"] = "1"  # bars of several processes would overwrite each other
    for name in options.experiment or EXPERIMENTS:
        run(name, workers=options.workers).to_csv(folder / f"{name}.csv", index=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
