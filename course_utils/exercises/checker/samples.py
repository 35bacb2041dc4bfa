"""Numbers for the cases of the exercises: the same on every machine and at each call."""

import torch
from torch import Tensor

Weights = dict[str, Tensor]  # layer name → weight


def normal(*shape: int, seed: int = 1) -> Tensor:
    """Numbers of this shape from a normal distribution."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def uniform(*shape: int, seed: int = 1) -> Tensor:
    """Numbers of this shape, evenly spread over [0, 1)."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def coin(*shape: int, seed: int = 2) -> Tensor:
    """A boolean tensor of this shape, True for about half."""
    return uniform(*shape, seed=seed) < 0.5


def kept(*answers: int) -> Tensor:
    """A mask from ones and zeros: ``kept(1, 0, 1)``."""
    return torch.tensor(answers, dtype=torch.bool)
