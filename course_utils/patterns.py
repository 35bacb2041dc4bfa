"""Masks with a pattern that hardware knows: n of every m weights stay. Lesson 02.

2:4 is the one that the sparse tensor cores of a GPU multiply with (Mishra et al. 2021, Accelerating
sparse deep neural networks).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils._checks import check_whole
from course_utils.scores import magnitude


def n_of_m(weight: Tensor, n: int = 2, m: int = 4) -> Tensor:
    """In every group of ``m`` along a row, keep the ``n`` of largest |w|; of equal ones the last.

    ``weight``: (rows, columns); a conv weight counts as one row a filter, a vector as one row. A
    last group of fewer than ``m`` is filled up with zeros, as libraries pad it, and those go first:
    so it, too, keeps ``n`` where it has as many. Returns the mask, boolean, True = kept, in the
    weight's shape. Raises ``ValueError`` unless 0 ≤ n ≤ m and m ≥ 1 are whole numbers, and as
    :func:`course_utils.scores.magnitude` for an empty weight, integers and NaN.
    """
    m = check_whole("m", m, least=1)
    n = check_whole("n", n, least=0)
    if n > m:
        raise ValueError(f"n={n} of m={m} cannot stay. Give an n up to m: n=2, m=4 for 2:4.")
    magnitudes = magnitude(weight)
    grid = torch.atleast_2d(magnitudes).flatten(1)  # (rows, columns)
    padded = F.pad(grid, (0, -grid.shape[1] % m), value=-1.0)  # below every |w|
    groups = padded.reshape(len(grid), -1, m)
    smallest_first = groups.argsort(dim=2, stable=True)
    kept = torch.ones_like(groups, dtype=torch.bool).scatter(2, smallest_first[..., : m - n], False)
    return kept.flatten(1)[:, : grid.shape[1]].reshape(weight.shape).contiguous()
