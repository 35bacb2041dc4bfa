"""The layers of a model that are pruned: their weights, their masks, and what reaches them.

Lesson 01. Everything that looks into a net stands on this module, and this module on torch alone.
Masks are those of ``torch.nn.utils.prune``: a masked layer holds ``weight_orig`` (the parameter
that trains) and ``weight_mask``, and computes ``weight = weight_orig * weight_mask`` before each
forward pass.
"""

import copy
import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import prune
from torch.nn.utils.spectral_norm import SpectralNorm
from torch.nn.utils.weight_norm import WeightNorm

from course_utils._checks import check_not_meta

PRUNABLE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def prunable(model: nn.Module) -> dict[str, nn.Module]:
    """The layers whose weight the course prunes, by name: linear and convolution layers.

    A weight that several of them share is listed once, under the first. Biases and BatchNorm stay:
    they are few, and a zero in them saves nothing. Transposed convolutions, recurrent layers,
    embeddings and quantised layers are neither pruned nor counted in a sparsity. Raises
    ``ValueError`` if the model has no layer to prune.
    """
    layers: dict[str, nn.Module] = {}
    weights_seen: set[int] = set()
    for name, module in model.named_modules():
        if isinstance(module, PRUNABLE) and id(parameter_of(module)) not in weights_seen:
            layers[name] = module
            if parameter_of(module) is not None:
                weights_seen.add(id(parameter_of(module)))
    if not layers:
        raise ValueError(
            f"{type(model).__name__} has no linear or convolution layer, so nothing to prune. "
            "Transposed convolutions are not pruned here; a net to quantise is pruned before."
        )
    return layers


def weights(model: nn.Module) -> dict[str, Tensor]:
    """The weight of each prunable layer as the forward pass uses it, masks applied, detached."""
    layers = prunable(model)
    for name, layer in layers.items():
        _check_not_lazy(name, layer)
    with eval_mode(model):  # spectral norm moves its estimate when a weight is read in train mode
        return {name: _weight_in_use(layer).detach() for name, layer in layers.items()}


@torch.no_grad()
def _weight_in_use(layer: nn.Module) -> Tensor:
    """That of the next forward pass; ``layer.weight`` may be older where a hook computes it."""
    if has_mask(layer):
        return masked_value(layer, "weight")
    for hook in layer._forward_pre_hooks.values():
        if isinstance(hook, WeightNorm) and hook.name == "weight":
            return hook.compute_weight(layer)
        if isinstance(hook, SpectralNorm) and hook.name == "weight":
            return hook.compute_weight(layer, do_power_iteration=False)
    return layer.weight


def masks_of(model: nn.Module) -> dict[str, Tensor]:
    """The mask of each prunable layer, boolean; all True where none is on. Copies."""
    layers = prunable(model)
    for name, layer in layers.items():
        _check_not_lazy(name, layer)
    return {name: _mask(layer) for name, layer in layers.items()}


def make_permanent(model: nn.Module) -> nn.Module:
    """Write the zeros into the weights and take the masks off, in place; return the model.

    ``state_dict`` is then a plain one. Nothing holds the zeros at zero any more: train again and
    they come back. Masks on biases and on BatchNorm (lesson 03) come off, too. Raises
    ``ValueError`` for a masked weight that is shared so that the answers would change.
    """
    check_can_train()
    layers = prunable(model)  # refuses a model that has nothing to prune
    check_maskable(model, [name for name, layer in layers.items() if has_mask(layer)])
    for module, name in masked_parameters(model):
        prune.remove(module, name)
    for module in model.modules():
        for hooks in (module._forward_pre_hooks, module._forward_hooks):
            for key in [key for key, hook in hooks.items() if keeps_masks(hook)]:
                del hooks[key]
    return model


def plain_copy(model: nn.Module) -> nn.Module:
    """A copy with its masks on. ``copy.deepcopy`` alone fails after a forward pass with gradients.

    The layer's ``weight`` is then the result of a multiplication that autograd records, and such a
    tensor refuses to be copied; here it is computed once more without recording. Raises
    ``ValueError`` for a model that keeps another such tensor in an attribute.
    """
    refresh(model)
    kept = [
        f"{owner}.{name}" if owner else name
        for owner, module in model.named_modules()
        for name, value in vars(module).items()
        if isinstance(value, Tensor) and not value.is_leaf
    ]
    if kept:
        raise ValueError(
            f"{type(model).__name__} keeps the result of a forward pass with gradients in "
            f"{', '.join(kept)}, and such a tensor cannot be copied. Run the model once under "
            "torch.no_grad(), or set the attribute to None."
        )
    return copy.deepcopy(model)


def refresh(model: nn.Module) -> nn.Module:
    """Compute each masked parameter anew from its original and its mask, in place.

    A forward pass does that by itself. Needed after numbers were written into a masked model, for
    whoever reads ``layer.weight`` before the next forward pass.
    """
    with torch.no_grad():
        _begins(model)
    return model


class Mask(prune.CustomFromMask):
    """A mask of ``torch.nn.utils.prune`` that takes half of its memory to put on another."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return self.mask.to(default_mask.dtype).mul_(default_mask)


def refresh_in_forward(model: nn.Module) -> nn.Module:
    """Let a pass through any part of ``model`` begin with the masked parameters in that part.

    A mask of PyTorch computes ``weight`` when its layer is called. But some weights are only read:
    that of ``out_proj`` in attention, or one in ``F.linear(x, self.enc.weight)``. Such a weight
    would stay what it was when its mask was put on, and never train. Every part that holds a masked
    layer sees to it, since a net is not always called as a whole: a wrapper (DataParallel,
    torch.compile) comes off, an encoder goes into another net. Multiplying a weight twice costs
    little; a rule that leaves one out would do so when a checkpoint runs a part again, too.
    """
    for part in model.modules():
        inside = any(module is not part for module, _ in masked_parameters(part))
        reads = not isinstance(part, nn.Sequential | nn.ModuleList | nn.ModuleDict)
        if inside and reads and _begins not in part._forward_pre_hooks.values():
            part.register_forward_pre_hook(_begins)
    return model


def _begins(part: nn.Module, _inputs: tuple = ()) -> None:
    for module, hook in _mask_hooks(part):
        setattr(module, hook._tensor_name, hook.apply_mask(module))


def has_mask(layer: nn.Module) -> bool:
    """Whether a mask is on the weight of this layer."""
    hooks = layer._forward_pre_hooks.values()
    return any(_is_mask(hook) and hook._tensor_name == "weight" for hook in hooks)


def masked_parameters(model: nn.Module) -> list[tuple[nn.Module, str]]:
    """Each parameter that ``torch.nn.utils.prune`` has masked, as (module, name)."""
    return [(module, hook._tensor_name) for module, hook in _mask_hooks(model)]


def _mask_hooks(model: nn.Module) -> list[tuple[nn.Module, prune.BasePruningMethod]]:
    return [
        (module, hook)
        for module in model.modules()
        for hook in module._forward_pre_hooks.values()
        if _is_mask(hook)
    ]


def keeps_masks(hook: object) -> bool:
    """Whether a forward hook only keeps masks current, so that it changes nothing that flows."""
    return _is_mask(hook) or hook is _begins


def _is_mask(hook: object) -> bool:
    # The hook tells, not a name: a buffer of the net's own may be called causal_mask.
    return isinstance(hook, prune.BasePruningMethod)


@torch.no_grad()
def masked_value(module: nn.Module, name: str) -> Tensor:
    """The original times the mask: what the next forward pass will use."""
    return getattr(module, f"{name}_orig") * getattr(module, f"{name}_mask")


def sharing(model: nn.Module) -> dict[str, list[nn.Module]]:
    """Name of each prunable layer → all linear and conv layers that have its weight, it first."""
    everywhere = [module for module in model.modules() if isinstance(module, PRUNABLE)]
    return {
        name: [layer]
        + [
            m
            for m in everywhere
            if m is not layer and parameter_of(m) is parameter_of(layer) is not None
        ]
        for name, layer in prunable(model).items()
    }


def check_maskable(model: nn.Module, names: Iterable[str]) -> None:
    """That the weights of these prunable layers can carry masks, or ``ValueError`` that says why.

    Not: a weight that is computed from other numbers (weight norm and other parametrizations), one
    that is shared with an embedding, a layer with a ``weight_mask`` of its own.
    """
    layers, same_weight = prunable(model), sharing(model)
    for name in names:
        _check_not_lazy(name, layers[name])
        for layer in same_weight[name]:
            _check_is_parameter(name, layer)
        _check_shared(model, name, same_weight[name])


def parameter_of(layer: nn.Module) -> nn.Parameter | None:
    """What trains behind the weight of a layer; None where the weight is no parameter."""
    return layer._parameters.get("weight_orig" if has_mask(layer) else "weight")


def _mask(layer: nn.Module) -> Tensor:
    if has_mask(layer):
        return layer.weight_mask.bool()
    return torch.ones_like(layer.weight, dtype=torch.bool)


def _check_not_lazy(name: str, layer: nn.Module) -> None:
    if is_lazy(layer._parameters.get("weight")):
        raise ValueError(
            f"{name!r} has no weight yet: {type(layer).__name__} makes it in its first forward "
            "pass. Call the model once on a batch first."
        )


def _check_is_parameter(name: str, layer: nn.Module) -> None:
    if parameter_of(layer) is None:
        raise ValueError(
            f"The weight of {name!r} is no parameter: it is a buffer, or weight norm or another "
            "parametrization computes it anew, and a mask on it would be lost. Take that off "
            "first: torch.nn.utils.parametrize.remove_parametrizations(layer, 'weight'), or for "
            "the old kind remove_weight_norm(layer) or remove_spectral_norm(layer)."
        )
    if not has_mask(layer) and (hasattr(layer, "weight_mask") or hasattr(layer, "weight_orig")):
        raise ValueError(
            f"{name!r} has a weight_mask or weight_orig of its own, which torch.nn.utils.prune "
            "would overwrite. Give it another name."
        )


def _check_shared(model: nn.Module, name: str, layers: list[nn.Module]) -> None:
    """One weight, one mask: else it would be pruned in one place and whole in another."""
    weight = parameter_of(layers[0])
    holders = {
        owner: module
        for owner, module in model.named_modules()
        for parameter in module._parameters.values()
        if parameter is weight
    }
    others = [owner for owner, module in holders.items() if module not in layers]
    if others:
        raise ValueError(
            f"{name!r} shares its weight with {others}, which cannot be pruned with it. Give it "
            "one of its own first: layer.weight = nn.Parameter(layer.weight.detach().clone())."
        )
    if any(not _mask(layer).equal(_mask(layers[0])) for layer in layers[1:]):
        raise ValueError(
            f"{[*holders]} share one weight and have different masks on it. Put one mask on all."
        )


def check_can_train() -> None:
    """``RuntimeError`` where what is made now could never train: under inference mode."""
    if torch.is_inference_mode_enabled():
        raise RuntimeError(
            "torch.inference_mode() is on: a weight that is made now could never train. Use "
            "torch.no_grad(), or do this outside of the block."
        )


@contextmanager
def modes_kept(model: nn.Module) -> Iterator[None]:
    """Afterwards each module is in the mode, train or eval, that it was in.

    Each, not only the model: a BatchNorm that its owner has frozen stays frozen.
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Eval mode inside the block; afterwards each module is in the mode that it was in."""
    with modes_kept(model):
        model.eval()
        yield


def train_mode(model: nn.Module) -> nn.Module:
    """Put the model into train mode. In one that is in it, what its owner has frozen stays frozen.

    Frozen is a module in eval mode in a model in train mode.
    """
    return model if model.training else model.train()


def device_of(model: nn.Module, otherwise: torch.device | str = "cpu") -> torch.device:
    """Where the parameters and buffers are; ``otherwise`` for a model without, a quantised one."""
    tensors = itertools.chain(model.parameters(), model.buffers())
    return next((tensor.device for tensor in tensors), torch.device(otherwise))


def check_has_numbers(model: nn.Module) -> None:
    """``ValueError`` for a model on the meta device, in whole or in part."""
    tensors = dict(itertools.chain(model.named_parameters(), model.named_buffers()))
    check_not_meta(tensors, f" of {type(model).__name__}")


def answer(model: nn.Module, x: Tensor) -> object:
    """``model(x)``, with ``x`` where the model is.

    Raises ``TypeError`` where the two hold floating-point numbers of different kinds and the net
    does not convert them itself.
    """
    try:
        return model(x.to(device_of(model, x.device)))
    except RuntimeError as error:
        kinds = {p.dtype for p in model.parameters() if p.is_floating_point()}
        if not x.is_floating_point() or x.dtype in kinds or not kinds:
            raise
        raise TypeError(
            f"{type(model).__name__} computes in {', '.join(sorted(map(str, kinds)))}, and what it "
            f"was given holds {x.dtype}. Convert one of them: model.to({x.dtype}), or the images."
        ) from error


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

    By name, in the order of the first calls. A layer that is not called is not among them: one that
    the net does not use, and one whose weight it only reads.
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
            answer(_not_compiled(model), x)
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def _not_compiled(model: nn.Module) -> nn.Module:
    """What ``torch.compile`` has compiled, since its own code calls no hooks."""
    return getattr(model, "_orig_mod", model)
