"""What the library refuses, in one place, so that every function refuses it in the same words."""

import math
from collections.abc import Iterable, Mapping
from numbers import Integral, Real

import torch
from torch import Tensor, nn


def plain(value: object) -> object:
    """A single number of NumPy or PyTorch as Python's own; anything else as it is."""
    return value.item() if getattr(value, "ndim", None) == 0 else value


def check_whole(name: str, value: object, least: int | None = None) -> int:
    """A whole number, ``least`` or more, or ``ValueError``. NumPy's and PyTorch's are welcome."""
    value = plain(value)
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or (least is not None and value < least):
        allowed = "" if least is None else f", {least} or more"
        raise ValueError(f"{name}={value!r} is not a whole number{allowed}.")
    return int(value)


def is_real(value: object) -> bool:
    """Whether ``value`` is a real number; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool)


def check_sparsity(sparsity: float) -> float:
    """A number in [0, 1], or ``TypeError`` / ``ValueError``."""
    given, sparsity = sparsity, plain(sparsity)
    if not is_real(sparsity):
        raise TypeError(
            f"sparsity must be a number from 0 to 1, the fraction of zeros; got "
            f"{type(given).__name__} {given!r}."
        )
    if math.isnan(sparsity) or not 0 <= sparsity <= 1:
        raise ValueError(
            f"sparsity={sparsity} is outside 0 to 1. It is the fraction of zeros: 0.8 for 80 %."
        )
    return float(sparsity)


def check_weight(weight: Tensor, name: str = "weight") -> None:
    """A floating-point tensor with at least one element, or ``TypeError`` / ``ValueError``."""
    if not isinstance(weight, Tensor):
        raise TypeError(f"{name} must be a torch.Tensor; got {type(weight).__name__}.")
    if not weight.is_floating_point():
        raise TypeError(
            f"{name} must hold floating-point numbers; got {weight.dtype}. "
            "Prune before you quantise, or convert with .float()."
        )
    if weight.element_size() == 1:
        raise TypeError(
            f"{name} holds {weight.dtype}, which PyTorch can only store. Convert with .float()."
        )
    if weight.numel() == 0:
        raise ValueError(f"{name} is empty (shape {tuple(weight.shape)}): nothing to prune.")
    check_not_meta({name: weight})
    if weight.detach().max().isnan():  # a maximum passes NaN on, and needs no memory
        raise ValueError(
            f"{name} holds NaN, which is neither small nor large. Find where it came from first."
        )


def check_not_meta(tensors: Mapping[str, Tensor], owner: str = "") -> None:
    """``ValueError`` where one of them, by name, lies on the meta device.

    ``owner``: what the sentence says behind the names, such as " of ConvNet".
    """
    empty = [name for name, tensor in tensors.items() if tensor.is_meta]
    if empty:
        raise ValueError(
            f"{', '.join(empty[:4])}{owner}: on the meta device a tensor has a shape and no "
            "numbers. Build the model on the CPU, or call model.to_empty(device='cpu') and load a "
            "state."
        )


def check_dim(weight: Tensor, dim: int) -> int:
    """A dimension that ``weight`` has, or ``TypeError`` / ``ValueError``."""
    given, dim = dim, plain(dim)
    if isinstance(dim, bool) or not isinstance(dim, Integral):
        raise TypeError(f"dim must be a whole number; got {type(given).__name__} {given!r}.")
    if not -weight.dim() <= dim < weight.dim():
        raise ValueError(
            f"dim={dim} does not exist in a tensor of shape {tuple(weight.shape)}; "
            f"allowed: {-weight.dim()} to {weight.dim() - 1}."
        )
    return int(dim)


def check_mask(mask: Tensor, shape: torch.Size, name: str = "mask") -> None:
    """A boolean tensor of ``shape``, or ``TypeError`` / ``ValueError``."""
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        got = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise TypeError(f"{name} must be a boolean tensor, True = kept; got {got}.")
    if mask.shape != shape:
        raise ValueError(
            f"{name} has shape {tuple(mask.shape)}, the weight has {tuple(shape)}. "
            "A mask has its weight's shape."
        )


def check_class_scores(answers: object, model: nn.Module) -> Tensor:
    """A score for each class and image, (n, classes), as ``model`` gave them, or ``ValueError``."""
    name = type(model).__name__
    if not isinstance(answers, Tensor):
        raise ValueError(
            f"{name} answers with a {type(answers).__name__}; one tensor is needed, a score for "
            "each class: (n, classes). Wrap the net in one that returns it."
        )
    if answers.dim() != 2 or answers.shape[1] < 2:
        raise ValueError(
            f"{name} answers with shape {tuple(answers.shape)}; a score for each class is needed: "
            "(n, classes), for two classes or more."
        )
    return answers


def check_choice(name: str, value: str, allowed: Iterable[str]) -> None:
    """One of the ``allowed`` words, or ``ValueError``."""
    if value not in allowed:
        raise ValueError(f"{name}={value!r} does not exist; allowed: {', '.join(allowed)}.")
