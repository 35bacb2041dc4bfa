"""Exercise 7.1: One step of k-means.

Exercise 7.1 · One step of k-means · difficulty ★★☆ · importance ★★★ · 6 minutes

Write `kmeans_step(weight, centroids)`: assignment and new centroids for the weights that are not
zero. `centroids` is (k,), rising. Return `(codes, moved)`: `codes`, int64 in the shape of `weight`,
is 0 for a pruned weight, else 1 + the place of the nearest centroid; `moved`, (k,), holds the mean
of the weights of each centroid. A centroid that no weight is nearest to stays where it is.
"""

import torch
from torch import Tensor


def kmeans_step(weight: Tensor, centroids: Tensor) -> tuple[Tensor, Tensor]:
    """weight: any shape, centroids: (k,). Returns (codes, moved), codes 0 where weight is 0."""
    distance = (weight.unsqueeze(-1) - centroids).abs()  # (…, k)
    codes = 1 + distance.argmin(-1)
    codes[weight == 0] = 0
    moved = centroids.clone()
    for place in range(len(centroids)):
        members = weight[codes == place + 1]
        if len(members) > 0:
            moved[place] = members.mean()
    return codes, moved
