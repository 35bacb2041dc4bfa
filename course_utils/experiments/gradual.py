"""Prune in rounds, or every few steps while the net trains, at equal epochs. Lesson 06.

Zhu and Gupta 2018, To prune, or not to prune.
"""

from itertools import count
from math import ceil

from torch import nn

from course_utils import pruning, schedules
from course_utils.data import Digits, load_mnist
from course_utils.experiments.nets import (
    DENSE_EPOCHS,
    ROUNDS,
    Row,
    dense_net,
    four_sets,
    prune_in_rounds,
    untrained_net,
)
from course_utils.training import evaluate, train

SEEDS = four_sets(2)
EVERY = 10  # steps of the optimizer between two cuts
BATCH = 64
RAMP = ROUNDS - 1  # epochs from the first cut to the last
WAYS = ("one cut", "ten rounds", "every 10 steps", "every 10 steps, early")
CONFIGURATIONS = tuple({"way": way, "sparsity": 0.99} for way in WAYS)


def measure(seed: int, way: str, sparsity: float) -> Row:
    """The test accuracy of a net that has trained for fourteen epochs in all.

    "one cut": after four epochs. "ten rounds": from there on, a cubic schedule with a cut before
    each epoch. "every 10 steps": the same schedule in as many epochs, with small cuts on the way.
    "every 10 steps, early": it begins after one epoch, so that the last cut has four epochs after
    it and not one.
    """
    data = load_mnist()
    if way == "every 10 steps, early":
        model = untrained_net(seed)
        train(model, data, epochs=1, seed=seed)
        prune_while_training(model, data, sparsity, DENSE_EPOCHS - 1 + ROUNDS, seed)
    else:
        model = dense_net(seed, data)
        if way == "every 10 steps":
            prune_while_training(model, data, sparsity, ROUNDS, seed)
        else:
            shape = schedules.one_shot if way == "one cut" else schedules.cubic
            model, _ = prune_in_rounds(model, data, shape(sparsity, ROUNDS), 1, seed)
    return {"accuracy": evaluate(model, data.test)}


def prune_while_training(
    model: nn.Module, data: Digits, sparsity: float, epochs: int, seed: int
) -> None:
    """Train in place; in the first nine of the ``epochs`` a cubic schedule cuts every ten steps."""
    steps_of_an_epoch = ceil(len(data.train[1]) / BATCH)
    plan = schedules.cubic(sparsity, RAMP * steps_of_an_epoch // EVERY)
    steps = count()

    def cut(net: nn.Module) -> None:
        number, rest = divmod(next(steps), EVERY)
        if rest == 0 and number < len(plan):
            pruning.prune_model(net, plan[number])

    train(model, data, epochs, batch_size=BATCH, seed=1000 + 100 * seed, after_step=cut)
