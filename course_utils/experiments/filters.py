"""What a criterion for filters is worth, and after how many epochs. Lesson 05."""

import math

import torch
from torch import Tensor, nn

from course_utils import masks, scores, surgery
from course_utils.data import Digits, load_mnist
from course_utils.experiments.convs import CONV_SEEDS, accuracy_of, conv_net, sample_of
from course_utils.experiments.nets import Row, remembered
from course_utils.training import train

SEEDS = CONV_SEEDS
FILTER_CRITERIA = ("L2", "L∞", "Taylor", "random")
FILTER_EPOCHS = (0, 1)
CONFIGURATIONS = tuple(
    {"criterion": criterion, "epochs": epochs}
    for criterion in ("dense", *FILTER_CRITERIA)
    for epochs in FILTER_EPOCHS
)


def measure(seed: int, criterion: str, epochs: int) -> Row:
    """The test accuracy without half of each conv's filters, so many ``epochs`` after the cut.

    "dense" keeps all. BatchNorm's statistics are brought up to date before each net is measured,
    also where no epoch follows.
    """
    data = load_mnist()
    return {"accuracy": accuracy_of(_fine_tuned(seed, criterion, epochs), data)}


@remembered
def _fine_tuned(seed: int, criterion: str, epochs: int) -> nn.Module:
    data = load_mnist()
    if epochs == 0:
        return _cut(conv_net(seed, data), criterion, seed, data)
    model = _fine_tuned(seed, criterion, epochs - 1)
    train(model, data, epochs=1, seed=100 + 1000 * (epochs - 1) + seed)
    return model


def _cut(model: nn.Module, criterion: str, seed: int, data: Digits) -> nn.Module:
    if criterion == "dense":
        return model
    keep = {
        name: masks.mask_from_scores(values, 0.5)
        for name, values in _scores(model, criterion, seed, data).items()
    }
    return surgery.remove_filters(model, keep)


def _scores(model: nn.Module, criterion: str, seed: int, data: Digits) -> dict[str, Tensor]:
    layers = surgery.filter_layers(model)
    if criterion == "random":
        lots = torch.Generator().manual_seed(1000 + seed)
        return {name: torch.rand(len(v.weight), generator=lots) for name, v in layers.items()}
    if criterion == "Taylor":  # of a whole filter: the sum of w · ∂L/∂w over its weights
        gradients = scores.loss_gradients(model, sample_of(data))
        return {
            name: (v.weight.detach() * gradients[name]).flatten(1).sum(1).abs()
            for name, v in layers.items()
        }
    n = {"L2": 2, "L∞": math.inf}[criterion]
    return {name: scores.group_norm(v.weight, n) for name, v in layers.items()}
