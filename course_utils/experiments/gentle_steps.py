"""A deep last cut after a gentle way up, and where the epochs go, at equal totals. Lesson 06."""

from torch import nn

from course_utils import pruning, schedules
from course_utils.data import load_mnist
from course_utils.experiments.nets import (
    ROUNDS,
    Row,
    dense_net,
    four_sets,
    prune_in_rounds,
    remembered,
)
from course_utils.training import evaluate, train

SEEDS = four_sets(3)
CONFIGURATIONS = tuple(
    {"before": before, "wait": wait, "epochs": epochs}
    for before in (0.98, 0.9)
    for wait, epochs in ((0, 0), (0, 1), (8, 1), (0, 9))
)


def measure(seed: int, before: float, wait: int, epochs: int) -> Row:
    """The test accuracy at 99 %, ``epochs`` after the last cut.

    Nine rounds of one epoch go up to the total ``before``, each with the same part of what is left,
    so that only the last cut is deep. Then the net trains for ``wait`` epochs, and is cut to 99 %.
    """
    data = load_mnist()
    model = _before_last_cut(seed, before)
    order = 1000 + 100 * seed + ROUNDS  # of the batches; a tenth round has the one before it
    train(model, data, wait, seed=order)
    pruning.prune_model(model, 0.99)
    train(model, data, epochs, seed=order - 1)
    return {"accuracy": evaluate(model, data.test)}


@remembered
def _before_last_cut(seed: int, before: float) -> nn.Module:
    """The net after nine rounds."""
    data = load_mnist()
    schedule = schedules.geometric(before, ROUNDS - 1)
    model, _ = prune_in_rounds(dense_net(seed, data), data, schedule, 1, seed)
    return model
