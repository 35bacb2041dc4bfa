"""The layers of a model that are pruned: their weights, their masks, and what reaches them.

Lesson 01. Everything that looks into a net stands on this module, and this module on torch alone.
Masks are those of ``torch.nn.utils.prune``: a masked layer holds ``weight_orig`` (the parameter
that trains) and ``weight_mask``, and computes ``weight = weight_orig * weight_mask`` before each
forward pass.
"""

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import prune

PRUNABLE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def prunable(model: nn.Module) -> dict[str, nn.Module]:
    """The layers whose weight the course prunes, by name: linear and convolution layers.

    Biases and BatchNorm stay: they are few, and a zero in them saves nothing. Raises
    ``ValueError`` if the model has no such layer.
    """
    layers = {name: m for name, m in model.named_modules() if isinstance(m, PRUNABLE)}
    if not layers:
        raise ValueError(
            f"{type(model).__name__} has no linear or convolution layer, so nothing to prune."
        )
    return layers


def weights(model: nn.Module) -> dict[str, Tensor]:
    """The weight of each prunable layer as the forward pass uses it, masks applied, detached."""
    return {
        name: (masked_value(layer, "weight") if has_mask(layer) else layer.weight).detach()
        for name, layer in prunable(model).items()
    }


def masks_of(model: nn.Module) -> dict[str, Tensor]:
    """The mask of each prunable layer, boolean; all True where none is on. Copies."""
    return {
        name: layer.weight_mask.bool()
        if has_mask(layer)
        else torch.ones_like(layer.weight, dtype=torch.bool)
        for name, layer in prunable(model).items()
    }


def make_permanent(model: nn.Module) -> nn.Module:
    """Write the zeros into the weights and take the masks off, in place; return the model.

    ``state_dict`` is then a plain one. Nothing holds the zeros at zero any more: train again and
    they come back. Masks on biases and on BatchNorm (lesson 03) come off, too.
    """
    prunable(model)  # refuses a model that has nothing to prune
    for module, name in masked_parameters(model):
        prune.remove(module, name)
    return model


def plain_copy(model: nn.Module) -> nn.Module:
    """A copy with its masks on. ``copy.deepcopy`` alone fails after a forward pass with gradients.

    The layer's ``weight`` is then the result of a multiplication that autograd records, and such a
    tensor refuses to be copied; here it is computed once more without recording.
    """
    return copy.deepcopy(refresh(model))


def refresh(model: nn.Module) -> nn.Module:
    """Compute each masked parameter anew from its original and its mask, in place.

    A forward pass does that by itself. Needed after numbers were written into a masked model, for
    whoever reads ``layer.weight`` before the next forward pass.
    """
    for module, name in masked_parameters(model):
        setattr(module, name, masked_value(module, name))
    return model


def has_mask(layer: nn.Module) -> bool:
    """Whether a mask is on the weight of this layer."""
    return hasattr(layer, "weight_mask")


def masked_parameters(model: nn.Module) -> list[tuple[nn.Module, str]]:
    """Each parameter that ``torch.nn.utils.prune`` has masked, as (module, name)."""
    return [
        (module, name.removesuffix("_mask"))
        for module in model.modules()
        for name, _ in module.named_buffers(recurse=False)
        if name.endswith("_mask") and hasattr(module, name.removesuffix("_mask") + "_orig")
    ]


@torch.no_grad()
def masked_value(module: nn.Module, name: str) -> Tensor:
    """The original times the mask: what the next forward pass will use."""
    return getattr(module, f"{name}_orig") * getattr(module, f"{name}_mask")


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Eval mode inside the block; afterwards each module is in the mode that it was in.

    Each, not only the model: a BatchNorm that its owner has frozen stays frozen.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@dataclass(frozen=True)
class Call:
    """One call of a layer: what it was given by position and by name."""

    args: tuple
    kwargs: dict[str, object]

    @property
    def input(self) -> object:
        """The first thing that the layer was given, however it was named."""
        return self.args[0] if self.args else next(iter(self.kwargs.values()))


@torch.no_grad()
def calls_of(model: nn.Module, x: Tensor, layers: Mapping[str, nn.Module]) -> dict[str, list[Call]]:
    """What each of ``layers`` is given in one forward pass on ``x`` in eval mode, call by call.

    By name, in the order of the first calls. A layer that is not called is not among them.
    """
    seen: dict[str, list[Call]] = {}
    hooks = [
        layer.register_forward_pre_hook(
            lambda _, args, kwargs, name=name: seen.setdefault(name, []).append(Call(args, kwargs)),
            with_kwargs=True,
        )
        for name, layer in layers.items()
    ]
    try:
        with eval_mode(model):
            model(x)
    finally:
        for hook in hooks:
            hook.remove()
    return seen
