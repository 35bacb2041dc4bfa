"""A residual net pruned inside its blocks, or through all its channels. Lesson 03."""

import copy

from torch import nn

from course_utils import models, surgery
from course_utils.data import Digits, load_mnist
from course_utils.experiments.convs import STAGES, accuracy_at, largest_filters
from course_utils.experiments.nets import Row, four_sets, remembered
from course_utils.training import seed_everything, train

SEEDS = four_sets(2)
INSIDE = {"half inside the blocks": 0.5, "three quarters inside the blocks": 0.75}
KINDS = ("dense", *INSIDE, "half of all channels")
CONFIGURATIONS = tuple({"kind": kind, "stage": stage} for kind in KINDS for stage in STAGES)


def measure(seed: int, kind: str, stage: str) -> Row:
    """The test accuracy of a TinyResNet, trained for two epochs and pruned by L2 norm.

    "raw": as it comes out. "recalibrated": with new BatchNorm statistics. "fine-tuned": after one
    more epoch, then recalibrated. The dense net goes through the same stages.
    """
    data = load_mnist()
    model = pruned(resnet(seed, data), kind)
    return {"accuracy": accuracy_at(model, data, stage, seed)}


@remembered
def resnet(seed: int, data: Digits) -> nn.Module:
    """A trained TinyResNet of 16 channels."""
    seed_everything(seed)
    model = models.TinyResNet(width=16)
    train(model, data, epochs=2, seed=seed)
    return model


def pruned(model: nn.Module, kind: str) -> nn.Module:
    """A copy without what ``kind`` takes: one of KINDS."""
    if kind in INSIDE:
        return surgery.remove_filters(model, largest_filters(model, INSIDE[kind]))
    slim = copy.deepcopy(model)
    if kind == "half of all channels":
        import torch_pruning as tp  # takes 0.5 s to import, and lessons read other tables

        tp.pruner.MagnitudePruner(
            slim,
            load_mnist().test[0][:1],
            importance=tp.importance.MagnitudeImportance(p=2),
            pruning_ratio=0.5,
            ignored_layers=[slim.classifier],
        ).step()
    return slim
