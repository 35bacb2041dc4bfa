"""Network slimming: how hard to pull the scale γ of BatchNorm towards 0. Lesson 05."""

from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor, nn

from course_utils import masks, surgery
from course_utils.data import load_mnist
from course_utils.experiments.convs import WIDTHS, accuracy_of, conv_net
from course_utils.experiments.nets import Row, four_sets

SEEDS = four_sets(2)
PULLS = (0.0, 0.006, 0.012, 0.024, 0.036)  # a step
CONFIGURATIONS = tuple(
    {"pull": pull, "removed": removed, "part": part}
    for pull in PULLS
    for removed, parts in {
        "nothing": ("val", "test"),
        "by γ": ("val", "test"),
        "by lot": ("test",),
    }.items()
    for part in parts
)


def measure(seed: int, pull: float, removed: str, part: str) -> Row:
    """The accuracy of a ConvNet trained for two epochs with ``pull``, on a part of the digits.

    ``removed``: nothing, or 30 % of all filters, those of smallest |γ| or random ones. BatchNorm's
    statistics are brought up to date. A net of which a block is gone counts as 10 %.
    """
    data = load_mnist()
    model = conv_net(seed, data, WIDTHS, 2, towards_zero(pull))
    if removed != "nothing":
        lots = torch.Generator().manual_seed(1000 + seed)
        values = {
            name: torch.rand(len(γ), generator=lots) if removed == "by lot" else γ
            for name, γ in gammas(model).items()
        }
        keep = masks.global_masks(values, 0.3)
        if not all(kept.any() for kept in keep.values()):
            return {"accuracy": 0.1}
        model = surgery.remove_filters(model, keep)
    return {"accuracy": accuracy_of(model, data, part)}


def gammas(model: nn.Module) -> dict[str, Tensor]:
    """Conv layer → |γ| of the BatchNorm behind it: (filters,)."""
    norms = (block[1] for block in model.blocks)
    return {
        name: norm.weight.detach().abs()
        for name, norm in zip(surgery.filter_layers(model), norms, strict=True)
    }


@cache  # one function for each pull, so that its net is remembered
def towards_zero(pull: float) -> Callable[[nn.Module], None]:
    """A step after each step of training: every γ moves towards 0 by ``pull``."""

    @torch.no_grad()
    def after_step(model: nn.Module) -> None:
        for block in model.blocks:
            γ = block[1].weight
            γ.copy_(γ.sign() * (γ.abs() - pull).clamp(min=0))

    return after_step
