"""Right answers to the exercises of lesson 01, written differently from the reference."""

import functools
import math
import operator
from collections import OrderedDict

import numpy as np
import torch

from course_utils.measure import to_csr


def masked_by_where(weight, mask):
    return torch.where(mask, weight, torch.zeros_like(weight))


def masked_by_fill(weight, mask):
    return weight.masked_fill(~mask, 0)


def sparsity_by_cat(weights):
    return (torch.cat([w.flatten() for w in weights]) == 0).double().mean()


def compound_by_reduce(amounts):
    return 1 - functools.reduce(operator.mul, (1 - a for a in amounts), 1)


def compound_by_adding_up(amounts):
    pruned = 0.0
    for amount in amounts:
        pruned += amount * (1 - pruned)
    return pruned


def amount_by_logarithm(total, rounds):
    return 1.0 if total == 1 else -math.expm1(math.log1p(-total) / rounds)


def amount_by_numpy(total, rounds):
    return np.float64(1) - np.power(1 - total, 1 / rounds)


def gradient_by_autograd(x, mask, grad_y):
    weight = torch.zeros(mask.shape, requires_grad=True)
    (x @ (weight * mask).T).backward(grad_y)
    return weight.grad


def gradient_by_einsum(x, mask, grad_y):
    return torch.einsum("bi,bo->oi", x, grad_y).masked_fill(mask.logical_not(), 0.0)


def bytes_by_tensors(weight):
    coo, csr = weight.to_sparse_coo(), to_csr(weight)
    return OrderedDict(
        bitmask=4 * weight.count_nonzero().item() + (weight.numel() + 7) // 8,
        csr=csr.values().nbytes + csr.col_indices().nbytes + csr.crow_indices().nbytes,
        coo=coo.coalesce().values().nbytes + coo.coalesce().indices().nbytes,
        dense=weight.nbytes,
    )


def break_even_by_pieces(rows, columns):
    n = rows * columns
    return {"bitmask": 1 / 32, "coo": 0.8, "csr": 1 - (4 * n - 8 * rows - 8) / n / 12}


RIGHT_ANSWERS = {
    "1.1": (masked_by_where, masked_by_fill),
    "1.2": (sparsity_by_cat,),
    "1.3": (compound_by_reduce, compound_by_adding_up),
    "1.4": (amount_by_logarithm, amount_by_numpy),
    "1.5": (gradient_by_autograd, gradient_by_einsum),
    "1.6": (bytes_by_tensors,),
    "1.7": (break_even_by_pieces,),
}
