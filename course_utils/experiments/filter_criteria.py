"""Which filters to keep, by norms, gradients or lots, before and after repair. Lesson 05."""

import math
from functools import lru_cache

import torch
from torch import Tensor, nn

from course_utils import masks, scores, surgery
from course_utils.data import load_mnist
from course_utils.experiments.convs import STAGES, accuracy_at, conv_net, sample_of
from course_utils.experiments.nets import Row, four_sets

SEEDS = four_sets(2)
NORMS = {"L1": 1, "L2": 2, "L∞": math.inf}
CONFIGURATIONS = tuple(
    {"removed": removed, "criterion": criterion, "stage": stage}
    for removed in (0.5, 0.75)
    for criterion in ("L2", "L∞", "Taylor", "random")
    for stage in STAGES
)


def measure(seed: int, removed: float, criterion: str, stage: str) -> Row:
    """The test accuracy of an 8-16-32 ConvNet without this part of each conv's filters.

    "raw": right after the cut. "recalibrated": BatchNorm's statistics brought up to date.
    "fine-tuned": recalibrated after one epoch.
    """
    data = load_mnist()
    model = conv_net(seed, data)
    values = scores_of_net(seed)[criterion]
    keep = {name: masks.mask_from_scores(each, removed) for name, each in values.items()}
    model = surgery.remove_filters(model, keep)
    return {"accuracy": accuracy_at(model, data, stage, seed)}


@lru_cache(maxsize=1)  # a sweep goes seed by seed
def scores_of_net(seed: int) -> dict[str, dict[str, Tensor]]:
    """:func:`filter_scores` of the net that this seed trains."""
    return filter_scores(conv_net(seed, load_mnist()), seed)


def filter_scores(model: nn.Module, seed: int) -> dict[str, dict[str, Tensor]]:
    """Criterion → layer → a score for each of its filters.

    "Taylor" is the first-order change of the loss without the whole filter, |Σ w · ∂L/∂w|, on 1,000
    training digits.
    """
    layers, lots = surgery.filter_layers(model), torch.Generator().manual_seed(1000 + seed)
    gradients = scores.loss_gradients(model, sample_of(load_mnist()))
    found = {
        criterion: {name: scores.group_norm(layer.weight, n) for name, layer in layers.items()}
        for criterion, n in NORMS.items()
    }
    found["Taylor"] = {
        name: (layer.weight.detach() * gradients[name]).flatten(1).sum(1).abs()
        for name, layer in layers.items()
    }
    found["random"] = {
        name: torch.rand(len(layer.weight), generator=lots) for name, layer in layers.items()
    }
    return found
