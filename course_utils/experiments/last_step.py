"""How deep the last cut may be, and how many epochs it needs after it. Lesson 06."""

from torch import nn

from course_utils import schedules
from course_utils.data import load_mnist
from course_utils.experiments.nets import ROUNDS, Row, dense_net, prune_in_rounds, remembered
from course_utils.training import evaluate, train

CONFIGURATIONS = (
    *({"before": before, "epochs": 1} for before in (0.98, 0.97, 0.95, 0.9)),
    *({"before": 0.9, "epochs": epochs} for epochs in (2, 4, 9)),
)
LAST_CUTS = tuple(each["before"] for each in CONFIGURATIONS if each["epochs"] == 1)
EPOCHS_AFTER = tuple(each["epochs"] for each in CONFIGURATIONS if each["before"] == 0.9)


def measure(seed: int, before: float, epochs: int) -> Row:
    """The test accuracy at 99 %, ``epochs`` after the last cut.

    Nine rounds of one epoch go up in equal steps to the total ``before``, a tenth cuts to 99 %.
    """
    data = load_mnist()
    model = _after_last_cut(seed, before)
    for epoch in range(2, epochs + 1):
        train(model, data, epochs=1, seed=1000 + 100 * seed + ROUNDS + epoch)
    return {"accuracy": evaluate(model, data.test)}


@remembered
def _after_last_cut(seed: int, before: float) -> nn.Module:
    """The net one epoch after it."""
    data = load_mnist()
    schedule = [*schedules.linear(before, ROUNDS - 1), 0.99]
    model, _ = prune_in_rounds(dense_net(seed, data), data, schedule, 1, seed)
    return model
