"""A residual net pruned inside its blocks, or through all its channels. Lesson 03."""

import copy

from torch import nn

from course_utils import masks, models, scores, surgery
from course_utils.data import Digits, load_mnist
from course_utils.experiments.convs import accuracy_of
from course_utils.experiments.nets import Row, remembered
from course_utils.training import evaluate, seed_everything, train

# Two for the lesson, and two for each of the other sets of `make seeds`.
SEEDS = tuple(shift + seed for shift in (0, 20, 40, 60) for seed in range(2))
INSIDE = {"half inside the blocks": 0.5, "three quarters inside the blocks": 0.75}
KINDS = ("dense", *INSIDE, "half of all channels")
STAGES = ("raw", "recalibrated", "fine-tuned")
CONFIGURATIONS = tuple({"kind": kind, "stage": stage} for kind in KINDS for stage in STAGES)


def measure(seed: int, kind: str, stage: str) -> Row:
    """The test accuracy of a TinyResNet, trained for two epochs and pruned by L2 norm.

    "raw": as it comes out. "recalibrated": with new BatchNorm statistics. "fine-tuned": after one
    more epoch, then recalibrated. The dense net goes through the same stages.
    """
    data = load_mnist()
    model = pruned(resnet(seed, data), kind)
    if stage == "fine-tuned":
        train(model, data, epochs=1, seed=100 + seed)
    if stage == "raw":
        return {"accuracy": evaluate(model, data.test)}
    return {"accuracy": accuracy_of(model, data)}


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
        keep = {
            name: masks.mask_from_scores(scores.group_norm(layer.weight), INSIDE[kind])
            for name, layer in surgery.filter_layers(model).items()
        }
        return surgery.remove_filters(model, keep)
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
