"""For each exercise an answer or two that are right but written differently from the reference."""

import functools
import itertools
import math
import operator
from collections import OrderedDict

import numpy as np
import torch

from course_utils.measure import to_csr


def count_by_loop(x):
    return len([value for value in x.flatten().tolist() if value == 0])


def count_as_tensor(x):
    return x.numel() - x.count_nonzero()


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


def mask_by_threshold(weight, sparsity):
    flat = weight.abs().flatten()
    count = round(sparsity * flat.numel())
    if count == 0:
        return torch.ones(weight.shape, dtype=torch.bool)
    threshold = flat.sort().values[count - 1]
    keep = flat > threshold
    tied = (flat == threshold).nonzero().flatten().tolist()
    spare = int((~keep).sum()) - count
    keep[tied[len(tied) - spare :]] = True
    return keep.view(weight.shape)


def mask_by_loop(weight, sparsity):
    flat = weight.flatten().tolist()
    order = sorted(range(len(flat)), key=lambda i: abs(flat[i]))
    gone = set(order[: round(sparsity * len(flat))])
    return torch.tensor([i not in gone for i in range(len(flat))]).reshape(weight.shape)


def global_by_position(weights, sparsity):
    sizes = [w.numel() for w in weights.values()]
    mask = mask_by_loop(torch.cat([w.flatten() for w in weights.values()]), sparsity)
    starts = itertools.accumulate([0, *sizes])
    return {
        name: mask[start : start + w.numel()].view_as(w)
        for (name, w), start in zip(weights.items(), starts, strict=False)
    }


def scan_by_comprehension(weights, accuracy_of, sparsities):
    return {
        name: {
            s: accuracy_of({**weights, name: weight * mask_by_loop(weight, s)}) for s in sparsities
        }
        for name, weight in weights.items()
    }


def choice_by_all_combinations(scan, sizes, budget):
    """The best worst accuracy over all combinations; among equal ones the sparsest."""
    names = list(scan)
    options = [[(0.0, math.inf), *scan[name].items()] for name in names]
    best = None
    for combination in itertools.product(*options):
        zeros = sum(s * sizes[n] for n, (s, _) in zip(names, combination, strict=True))
        if zeros < budget * sum(sizes.values()):
            continue
        floor = min(accuracy for _, accuracy in combination)
        known = [a for curve in scan.values() for a in curve.values()]
        key = (min(floor, max(known)), *(s for s, _ in combination))
        best = max(best, key) if best is not None else key
    if best is None:
        raise ValueError("the budget is out of reach")
    return {
        name: max((s for s, a in scan[name].items() if a >= best[0]), default=0.0) for name in names
    }


def step_by_optimizer(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    parameter = torch.nn.Parameter(weight.clone())
    sgd = torch.optim.SGD([parameter], lr=lr, momentum=momentum, weight_decay=weight_decay)
    if momentum:
        sgd.state[parameter]["momentum_buffer"] = velocity.clone()
    parameter.grad = gradient.clone()
    sgd.step()
    return parameter.detach().masked_fill(~mask, 0)


def state_by_names(state):
    plain = {n: t for n, t in state.items() if not n.endswith(("_orig", "_mask"))}
    for name in {n[:-5] for n in state if n.endswith("_orig")}:
        plain[name] = state[name + "_mask"].mul(state[name + "_orig"])
    return plain


RIGHT_ANSWERS = {
    "0.1": (count_by_loop, count_as_tensor),
    "1.1": (masked_by_where, masked_by_fill),
    "1.2": (sparsity_by_cat,),
    "1.3": (compound_by_reduce, compound_by_adding_up),
    "1.4": (amount_by_logarithm, amount_by_numpy),
    "1.5": (gradient_by_autograd, gradient_by_einsum),
    "1.6": (bytes_by_tensors,),
    "1.7": (break_even_by_pieces,),
    "2.1": (mask_by_threshold, mask_by_loop),
    "2.2": (global_by_position,),
    "2.3": (scan_by_comprehension,),
    "2.4": (choice_by_all_combinations,),
    "2.5": (step_by_optimizer,),
    "2.6": (state_by_names,),
}
