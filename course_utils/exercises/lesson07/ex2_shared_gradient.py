"""Exercise 7.2: The gradient of a shared weight.

Exercise 7.2 · The gradient of a shared weight · difficulty ★★☆ · importance ★★★ · 4 minutes

Weights with code k are all one number, centroid k; code 0 is a pruned weight. Write
`shared_gradient(gradient, codes, clusters)`: from ∂L/∂w of each weight to ∂L/∂c of each of the
`clusters` centroids, (clusters,). What moves when a centroid moves?
"""

import torch
from torch import Tensor


def shared_gradient(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    """gradient, codes: of one shape, codes 0 to clusters. Returns (clusters,)."""
    return torch.stack([gradient[codes == code].sum() for code in range(1, clusters + 1)])
