"""How hard to pull at the scales of BatchNorm before filters are cut by them. Lesson 05."""

import torch
from torch import Tensor, nn

from course_utils import masks, models, surgery
from course_utils.data import load_mnist
from course_utils.experiments.convs import CONV_SEEDS, WIDTHS, accuracy_of
from course_utils.experiments.nets import Row, remembered
from course_utils.training import seed_everything, train

SEEDS = CONV_SEEDS
PULLS = (0.0, 0.006, 0.012, 0.024)  # a step, off each |γ|
CUT = 0.3  # of all filters
PARTS = {"validation": "val", "accuracy": "test"}
CONFIGURATIONS = tuple(
    {"pull": pull, "cut": cut} for pull in PULLS for cut in ("none", "γ", "random")
)


def measure(seed: int, pull: float, cut: str) -> Row:
    """Accuracy on the validation and the test part, BatchNorm's statistics brought up to date.

    ``cut``: by which score 30 % of all filters went, if any. A net of which a whole block went is
    dead, and its accuracy is that of one answer for all digits.
    """
    data = load_mnist()
    model = _penalised(seed, pull)
    keep = {}
    if cut != "none":
        values = gammas(model)
        if cut == "random":
            lots = torch.Generator().manual_seed(1000 + seed)
            values = {name: torch.rand(len(v), generator=lots) for name, v in values.items()}
        keep = masks.global_masks(values, CUT)
    if not all(kept.any() for kept in keep.values()):
        return {"validation": 0.1, "accuracy": 0.1}
    model = surgery.remove_filters(model, keep)
    return {part: accuracy_of(model, data, where) for part, where in PARTS.items()}


def gammas(model: nn.Module) -> dict[str, Tensor]:
    """The size of γ of each filter, by the name of its conv."""
    layers = zip(surgery.filter_layers(model), model.blocks, strict=True)
    return {name: block[1].weight.detach().abs() for name, block in layers}


def pull_gammas_down(model: nn.Module, pull: float) -> None:
    """Move each γ towards 0 by ``pull``, and not past it: a penalty on |γ|, after each step."""
    with torch.no_grad():
        for block in model.blocks:
            gamma = block[1].weight
            gamma.copy_(gamma.sign() * (gamma.abs() - pull).clamp(min=0))


@remembered
def _penalised(seed: int, pull: float) -> nn.Module:
    seed_everything(seed)
    model = models.ConvNet(WIDTHS)
    train(model, load_mnist(), 2, seed=seed, after_step=lambda net: pull_gammas_down(net, pull))
    return model
