"""Filters removed by norm or by lot, raw and after one epoch. Lesson 04."""

import torch
from torch import nn

from course_utils import masks, scores, surgery
from course_utils.data import load_mnist
from course_utils.experiments.convs import conv_net
from course_utils.experiments.nets import Row, four_sets
from course_utils.training import evaluate, recalibrate, train

SEEDS = four_sets(2)
CONFIGURATIONS = (
    {"way": "dense", "removed": 0.0, "epochs": 1},
    *(
        {"way": way, "removed": removed, "epochs": epochs}
        for removed in (0.5, 0.75)
        for way in ("norm", "random")
        for epochs in (0, 1)
    ),
)


def measure(seed: int, way: str, removed: float, epochs: int) -> Row:
    """The test accuracy of an 8-16-32 ConvNet without this part of each conv's filters.

    Those of smallest L2 norm go or random ones, or none ("dense"); then the net is trained for
    ``epochs``, and its BatchNorm statistics are estimated anew.
    """
    data = load_mnist()
    model = convnet(seed)
    if way != "dense":
        model = surgery.remove_filters(model, kept_filters(model, way, removed, seed))
    train(model, data, epochs, seed=100 + seed)
    recalibrate(model, data.train)
    return {"accuracy": evaluate(model, data.test)}


def convnet(seed: int) -> nn.Module:
    """A trained ConvNet of 8, 16 and 32 filters."""
    return conv_net(seed, load_mnist())


def kept_filters(model: nn.Module, way: str, removed: float, seed: int) -> dict[str, torch.Tensor]:
    """Layer → boolean (filters,): those that ``way`` keeps."""
    lots = torch.Generator().manual_seed(10_000 + seed)
    keep = {}
    for name, layer in surgery.filter_layers(model).items():
        by_lot = torch.rand(len(layer.weight), generator=lots)
        rank = by_lot if way == "random" else scores.group_norm(layer.weight, n=2, dim=0)
        keep[name] = masks.mask_from_scores(rank, removed)
    return keep
