"""What random pruning costs after 1, 5 and 20 epochs of fine-tuning, at 90 %. Lesson 04."""

import torch
from torch import nn

from course_utils import pruning
from course_utils.data import load_mnist
from course_utils.experiments.nets import DENSE_EPOCHS, Row, dense_net, four_sets, untrained_net
from course_utils.training import evaluate, train

SEEDS = four_sets(2)
WAYS = ("dense", "magnitude", "magnitude per layer", "random per layer", "untrained")
CONFIGURATIONS = tuple({"way": way, "epochs": epochs} for way in WAYS for epochs in (1, 5, 20))
BUDGETS = tuple(each["epochs"] for each in CONFIGURATIONS if each["way"] == "dense")


def measure(seed: int, way: str, epochs: int) -> Row:
    """The test accuracy of a LeNet-300-100 with 10 % of its weights.

    It is trained for four epochs, pruned, and trained for ``epochs`` more. "magnitude" takes one
    threshold for the whole net; "dense" prunes nothing. "untrained": the same random masks before
    any training, and then all of these epochs.
    """
    data = load_mnist()
    order = 1000 + 100 * seed  # of the batches
    if way == "untrained":
        model = _at_random(untrained_net(seed), seed)
        train(model, data, DENSE_EPOCHS + epochs, seed=order)
        return {"accuracy": evaluate(model, data.test)}
    model = dense_net(seed, data)
    if way == "random per layer":
        _at_random(model, seed)
    elif way != "dense":
        pruning.prune_model(model, 0.9, scope="global" if way == "magnitude" else "layer")
    train(model, data, epochs, seed=order)
    return {"accuracy": evaluate(model, data.test)}


def _at_random(model: nn.Module, seed: int) -> nn.Module:
    lots = torch.Generator().manual_seed(10_000 + seed)  # not the seed of the initial weights
    return pruning.prune_model(model, 0.9, "random", "layer", generator=lots)
