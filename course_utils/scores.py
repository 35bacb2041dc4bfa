"""Importance scores: one number per weight (or per group of weights), the smallest goes first.

Lessons 01 and 02. Gradients and activations as scores follow with lesson 05.
"""

import math

import torch
from torch import Tensor

from course_utils._checks import check_dim, check_weight


def magnitude(weight: Tensor) -> Tensor:
    """|w|, in the shape of ``weight``. Han et al. 2015, Learning both weights and connections."""
    check_weight(weight)
    return weight.detach().abs()


def random(weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A score drawn from U(−1, 0] for each weight: the control group. Shape of ``weight``.

    With the same global seed, pruning the smallest of these prunes what
    ``torch.nn.utils.prune.random_unstructured`` prunes: it drops the largest draws from U[0, 1).
    """
    check_weight(weight)
    # 16-bit draws have so few values that most would tie.
    dtype = weight.dtype if weight.dtype in (torch.float32, torch.float64) else torch.float32
    return -torch.rand(weight.shape, dtype=dtype, device=weight.device, generator=generator)


def group_norm(weight: Tensor, n: float = 2, dim: int = 0) -> Tensor:
    """The Lₙ norm of each slice along ``dim``: (…, size, …) → (size,).

    For a linear layer dim 0 holds the rows (outputs), dim 1 the columns (inputs); for a conv layer
    dim 0 holds the filters. ``n``: 1, 2, any positive number, or ``math.inf`` for the largest |w|.
    Raises ``ValueError`` for another n or a dim that does not exist. Li et al. 2017, Pruning
    filters for efficient ConvNets.
    """
    check_weight(weight)
    check_dim(weight, dim)
    if isinstance(n, bool) or not isinstance(n, int | float) or not n > 0:
        raise ValueError(f"n={n!r} is not a norm. Use 1, 2, another positive number or math.inf.")
    others = tuple(d for d in range(weight.dim()) if d != dim % weight.dim())
    if not others:  # a slice of a 1-D tensor is one number, and its norm is its magnitude
        return weight.detach().abs()
    order = math.inf if math.isinf(n) else n
    return torch.linalg.vector_norm(weight.detach(), ord=order, dim=others)
