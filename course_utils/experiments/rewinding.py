"""After one cut: go on, or turn the learning rate or the weights back. Lesson 06.

Renda, Frankle and Carbin 2020, Comparing rewinding and fine-tuning.
"""

from torch import nn

from course_utils import pruning, schedules
from course_utils.data import load_mnist
from course_utils.experiments.nets import (
    DENSE_EPOCHS,
    Row,
    dense_net,
    four_sets,
    remembered,
    untrained_net,
)
from course_utils.training import evaluate, train

SEEDS = four_sets(2)
RATES = (0.05,) * DENSE_EPOCHS + (0.005,) * 4  # of the epochs before the cut
AFTER = len(RATES) - 1  # epochs after it
WAYS = ("fine-tuning", "learning-rate rewinding", "late rewinding", "reset")
CUTS = (0.95, 0.98)
CONFIGURATIONS = (
    {"way": "dense", "sparsity": 0.0},
    *({"way": way, "sparsity": sparsity} for sparsity in CUTS for way in WAYS),
)


def measure(seed: int, way: str, sparsity: float) -> Row:
    """The test accuracy after one cut of a trained net and seven epochs more.

    "fine-tuning" keeps the weights and the last learning rate. The others run the learning rates of
    all epochs but the first once more: "learning-rate rewinding" from the trained weights, "late
    rewinding" from those after one epoch, "reset" from those before any. "dense": as
    "learning-rate rewinding", nothing pruned.
    """
    data = load_mnist()
    model = _trained(seed)
    if way != "dense":
        pruning.prune_model(model, sparsity)
    if way in ("late rewinding", "reset"):
        earlier = untrained_net(seed)
        train(earlier, data, epochs=int(way == "late rewinding"), seed=seed)
        schedules.rewind(model, earlier.state_dict())
    rates = RATES[-1:] * AFTER if way == "fine-tuning" else RATES[1:]
    train_at(model, rates, seed=1000 + 100 * seed)
    return {"accuracy": evaluate(model, data.test)}


def train_at(model: nn.Module, rates: tuple[float, ...], seed: int) -> None:
    """An epoch at each learning rate, in place; the batches in an order of the epoch's own."""
    for number, rate in enumerate(rates):
        train(model, load_mnist(), epochs=1, lr=rate, seed=seed + number, silent=True)


@remembered
def _trained(seed: int) -> nn.Module:
    """The dense net after all of its learning rates."""
    model = dense_net(seed, load_mnist())
    train_at(model, RATES[DENSE_EPOCHS:], seed=2000 + 100 * seed)
    return model
