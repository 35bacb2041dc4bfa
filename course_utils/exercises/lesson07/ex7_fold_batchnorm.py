"""Exercise 7.7: Fold BatchNorm away.

Exercise 7.7 · Fold BatchNorm away · difficulty ★★☆ · importance ★★★ · 6 minutes

In eval mode BatchNorm computes γ (x − μ) / √(σ² + ε) + β for each channel. Write
`fold_batchnorm(weight, bias, gamma, beta, mean, variance, eps)`: return `(weight, bias)` of the one
layer that answers as both together. `weight` is (out, in, …) of a linear or conv layer, `bias`
(out,) or None if the layer has none; gamma, beta, mean (μ) and variance (σ²) are (out,).
"""

import torch
from torch import Tensor


def fold_batchnorm(
    weight: Tensor,
    bias: Tensor | None,
    gamma: Tensor,
    beta: Tensor,
    mean: Tensor,
    variance: Tensor,
    eps: float,
) -> tuple[Tensor, Tensor]:
    """weight: (out, in, …), the others (out,), bias may be None. Returns (weight, bias)."""
    factor = gamma / (variance + eps).sqrt()
    if bias is None:
        bias = torch.zeros_like(mean)
    along = factor.view(-1, *[1] * (weight.dim() - 1))  # (out,) -> (out, 1, …)
    return weight * along, (bias - mean) * factor + beta
