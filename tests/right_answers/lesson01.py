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


def masked_by_numpy(weight, mask):
    return torch.from_numpy(np.where(mask.numpy(), weight.numpy(), np.zeros_like(weight.numpy())))


def masked_on_a_copy(weight, mask):
    pruned = weight.clone()
    pruned[mask.logical_not()] = 0
    return pruned


def sparsity_by_counting(weights):
    left = sum(np.count_nonzero(w) for w in weights)
    return 1 - np.float32(left) / np.float32(sum(map(torch.numel, weights)))


def sparsity_by_weighted_mean(weights):
    sizes = torch.tensor([w.numel() for w in weights], dtype=torch.float64)
    each = torch.stack([w.eq(0).double().mean() for w in weights])
    return (sizes * each).sum() / sizes.sum()


def compound_by_tensor(amounts):
    return 1 - (1 - torch.tensor(amounts, dtype=torch.float64)).prod()


def compound_by_recursion(amounts):
    if not amounts:
        return 0
    return 1 - (1 - amounts[0]) * (1 - compound_by_recursion(amounts[1:]))


amount_by_lambda = functools.partial(
    lambda one, total, rounds: torch.tensor(one - (one - total) ** (one / rounds)), 1.0
)


def amount_by_halving(total, rounds):
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if 1 - (1 - middle) ** rounds < total:
            low = middle
        else:
            high = middle
    return high if total else 0.0


def gradient_by_loop(x, mask, grad_y):
    total = torch.zeros(mask.shape)
    for sample, gradient in zip(x, grad_y, strict=True):
        total += torch.outer(gradient, sample)
    return torch.where(mask, total, 0.0)


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


def bytes_by_loops(weight):
    left = bits = 0
    for row in weight.tolist():
        for value in row:
            left += value != 0
            bits += 1
    row_pointers = [0] * (len(weight) + 1)
    return {
        "dense": 4.0 * bits,
        "bitmask": left * 4 + math.ceil(bits / 8),
        "csr": left * 4 + left * 8 + 8 * len(row_pointers),
        "coo": left * 4 + 2 * left * 8,
    }


def break_even_as_tensors(rows, columns):
    n = torch.tensor(float(rows * columns))
    return {
        "csr": 2 / 3 + 2 * (rows + 1) / (3 * n),
        "coo": torch.tensor(0.8),
        "bitmask": np.float64(0.125) / 4,
    }


def break_even_by_pieces(rows, columns):
    n = rows * columns
    return {"bitmask": 1 / 32, "coo": 0.8, "csr": 1 - (4 * n - 8 * rows - 8) / n / 12}


RIGHT_ANSWERS = {
    "1.1": (masked_by_where, masked_by_fill, masked_by_numpy, masked_on_a_copy),
    "1.2": (sparsity_by_cat, sparsity_by_counting, sparsity_by_weighted_mean),
    "1.3": (compound_by_reduce, compound_by_adding_up, compound_by_tensor, compound_by_recursion),
    "1.4": (amount_by_logarithm, amount_by_numpy, amount_by_lambda, amount_by_halving),
    "1.5": (gradient_by_autograd, gradient_by_einsum, gradient_by_loop),
    "1.6": (bytes_by_tensors, bytes_by_loops),
    "1.7": (break_even_by_pieces, break_even_as_tensors),
}
