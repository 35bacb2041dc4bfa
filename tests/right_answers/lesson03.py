"""Right answers to the exercises of lesson 03, written differently from the reference."""

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from course_utils.models import ConvNet


def filter_mask_by_sorting(weight, sparsity):
    rows = weight.reshape(len(weight), -1)
    order = sorted(range(len(rows)), key=lambda i: (rows[i] ** 2).sum().item())
    gone = set(order[: round(sparsity * len(rows))])
    answers = torch.tensor([i not in gone for i in range(len(rows))])
    return answers.view(-1, *[1] * (weight.dim() - 1)) & torch.ones_like(weight).bool()


def filter_mask_in_numpy(weight, sparsity):
    rows = weight.numpy().reshape(len(weight), -1).astype(np.float64)
    gone = np.argsort((rows**2).sum(1), kind="stable")[: round(len(rows) * sparsity)]
    mask = np.ones(weight.shape, dtype=bool)
    mask[gone] = False
    return torch.from_numpy(mask)


def filter_mask_by_ranks(weight, sparsity):
    norms = torch.linalg.vector_norm(weight, dim=tuple(range(1, weight.dim())))
    ranks = norms.argsort(stable=True).argsort(stable=True)
    kept = ranks >= round(sparsity * weight.size(0))
    return kept.reshape(-1, *[1] * (weight.dim() - 1)).expand_as(weight)


def cut_by_position(conv, batchnorm, following, keep):
    rows = keep.nonzero().flatten()
    batchnorm = {name: vector.index_select(0, rows) for name, vector in batchnorm.items()}
    return [conv.index_select(0, rows), batchnorm, following.index_select(1, rows)]


def columns_by_reshape(weight, keep):
    return weight.reshape(len(weight), len(keep), -1)[:, keep].flatten(1)


def difference_by_loop(small, masked, x):
    small.train(False)
    masked.train(False)
    pairs = zip(small(x).flatten().tolist(), masked(x).flatten().tolist(), strict=True)
    return max(abs(a - b) for a, b in pairs)


def conv_flops_by_torch(channels_in, channels_out, kernel, height, width):
    conv = torch.nn.Conv2d(channels_in, channels_out, kernel)
    with FlopCounterMode(display=False) as counter:
        conv(torch.zeros(1, channels_in, height + kernel - 1, width + kernel - 1))
    return counter.get_total_flops()


def net_flops_by_torch(widths):
    with FlopCounterMode(display=False) as counter:
        ConvNet(widths)(torch.zeros(1, 1, 28, 28))
    return counter.get_total_flops()


RIGHT_ANSWERS = {
    "3.1": (filter_mask_by_sorting, filter_mask_in_numpy, filter_mask_by_ranks),
    "3.2": (cut_by_position,),
    "3.3": (columns_by_reshape,),
    "3.4": (difference_by_loop,),
    "3.5": (conv_flops_by_torch,),
    "3.6": (net_flops_by_torch,),
}
