"""Exercise 7.5: A symmetric scale and its error bound.

Exercise 7.5 · A symmetric scale and its error bound · difficulty ★★☆ · importance ★★★ · 6 minutes

Write `symmetric_grid(weight, bits)` for a weight (out, …): a scale for each output channel (each
slice along dim 0), such that its largest |w| becomes the integer 2^(bits−1) − 1, and 0 stays 0.
Return `(q, scale, bound)`: the integers round(w / scale) as int8 in the shape of `weight`, the
scales (out,), and how far q · scale is off w at most, (out,). A channel of zeros gets scale 1.
"""

import torch
from torch import Tensor


def symmetric_grid(weight: Tensor, bits: int) -> tuple[Tensor, Tensor, Tensor]:
    """weight: (out, …), bits: 2 to 8. Returns (q, scale, bound), scale and bound (out,)."""
    largest = weight.abs().flatten(1).amax(1)  # (out, …) -> (out,)
    scale = largest / (2 ** (bits - 1) - 1)
    scale[largest == 0] = 1.0
    along = scale.view(-1, *[1] * (weight.dim() - 1))  # (out,) -> (out, 1, …)
    q = (weight / along).round().to(torch.int8)
    return q, scale, scale / 2
