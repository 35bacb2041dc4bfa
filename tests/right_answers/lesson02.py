"""Right answers to the exercises of lesson 02, written differently from the reference."""

import functools
import itertools
import math
from collections import OrderedDict

import numpy as np
import pandas as pd
import torch

from course_utils import masks


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


def mask_by_numpy(weight, sparsity):
    order = np.argsort(np.abs(weight.numpy()), axis=None, kind="stable")
    mask = np.ones(weight.numel(), dtype=bool)
    mask[order[: round(sparsity * mask.size)]] = False
    return torch.from_numpy(mask).view(*weight.shape)


def mask_by_rank(weight, sparsity):
    rank = weight.abs().reshape(-1).argsort(stable=True).argsort(stable=True)
    return rank.reshape(weight.shape) >= round(sparsity * weight.numel())


mask_by_library = functools.partial(lambda masks, w, s: masks.magnitude_mask(w, s), masks)


def global_by_sorting_pairs(weights, sparsity):
    sizes = [(abs(v), name, i) for name, w in weights.items()
             for i, v in enumerate(w.flatten().tolist())]  # fmt: skip
    gone = sorted(sizes, key=lambda entry: entry[0])[: round(sparsity * len(sizes))]
    cut = {name: torch.full((w.numel(),), True) for name, w in weights.items()}
    for _, name, i in gone:
        cut[name][i] = False
    return OrderedDict((name, cut[name].reshape(weights[name].shape)) for name in reversed(weights))


def scan_that_puts_back(weights, accuracy_of, sparsities):
    """Writes into the dictionary it was given, and puts all back."""
    scan = {name: {} for name in weights}
    for s, name in itertools.product(sorted(sparsities), list(weights)):
        dense = weights[name]
        weights[name] = torch.where(mask_by_loop(dense, s), dense, 0.0)
        scan[name][s] = torch.tensor(accuracy_of(weights), dtype=torch.float64)
        weights[name] = dense
    return scan


def scan_in_another_order(weights, accuracy_of, sparsities):
    scan = {}
    for name in sorted(weights, reverse=True):
        others = {n: w.clone() for n, w in weights.items() if n != name}
        measured = [
            accuracy_of({name: weights[name] * mask_by_loop(weights[name], s).float(), **others})
            for s in sparsities
        ]
        scan[name] = dict(zip(sparsities, measured, strict=True))
    return scan


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


def choice_by_a_generator(scan, sizes, budget):
    floors = sorted(set().union(*(curve.values() for curve in scan.values())), reverse=True)
    choices = (
        {n: max([0.0] + [s for s in c if c[s] >= floor]) for n, c in scan.items()}
        for floor in floors
    )
    total = sum(sizes.values())
    for choice in choices:
        if np.dot([choice[n] for n in scan], [sizes[n] for n in scan]) / total >= budget:
            return {name: np.float64(s) for name, s in choice.items()}
    raise ValueError


def step_by_where(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    velocity = velocity.mul(momentum).add(gradient).add(weight, alpha=weight_decay)
    return torch.where(mask, weight.sub(velocity, alpha=lr), torch.zeros(()))


def step_with_everything_masked(w, m, g, v, lr, p, d):
    return m * w - lr * (p * (m * v) + m * g + d * (m * w))


def step_by_optimizer(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    parameter = torch.nn.Parameter(weight.clone())
    sgd = torch.optim.SGD([parameter], lr=lr, momentum=momentum, weight_decay=weight_decay)
    if momentum:
        sgd.state[parameter]["momentum_buffer"] = velocity.clone()
    parameter.grad = gradient.clone()
    sgd.step()
    return parameter.detach().masked_fill(~mask, 0)


def state_by_names(state):
    pruned = {n[:-5] for n in state if n.endswith("_orig")}
    plain = {n: t for n, t in state.items() if n[:-5] not in pruned}
    for name in pruned:
        plain[name] = state[name + "_mask"].mul(state[name + "_orig"])
    return plain


def state_by_removing(state):
    plain = dict(state)
    for name in state:
        base, _, kind = name.rpartition("_")
        if kind == "orig":
            plain[base] = plain.pop(name) * plain.pop(f"{base}_mask")
    return plain


def unfair_by_table(rows, sizes):
    table = pd.DataFrame(rows)
    zeros = table["layers"].map(lambda names: sum(map(sizes.get, names))) * table["sparsity"]
    epochs = table["before"] + table["after"]
    seeds = table["seeds"].map(frozenset)
    test = table["chosen_on"].eq("test")
    faults = pd.DataFrame(
        {
            "zeros": (zeros - zeros[0]).abs() > 1,
            "training": epochs != epochs[0],
            "seeds": [each != seeds[0] for each in seeds],
            "test": test | test[0],
        }
    ).iloc[1:]
    faults.index = table["method"][1:]
    return {method: [*faults.columns[row]] for method, row in faults.iterrows() if row.any()}


def unfair_by_appending(rows, sizes):
    def facts(row):
        zeros = math.fsum(row["sparsity"] * sizes[layer] for layer in row["layers"])
        return zeros, row["after"] + row["before"], sorted(row["seeds"]), row["chosen_on"]

    found = OrderedDict()
    (zeros, epochs, seeds, part), *others = map(facts, rows)
    for row, (its_zeros, its_epochs, its_seeds, its_part) in zip(rows[1:], others, strict=True):
        reasons = ["zeros"] if not -1 <= its_zeros - zeros <= 1 else []
        reasons += ["training"] * (its_epochs != epochs) + ["seeds"] * (its_seeds != seeds)
        if its_part == "test" or part == "test":
            reasons.append("test")
        if len(reasons) > 0:
            found[row["method"]] = tuple(reasons)
    return found


RIGHT_ANSWERS = {
    "2.1": (mask_by_threshold, mask_by_loop, mask_by_numpy, mask_by_rank, mask_by_library),
    "2.2": (global_by_position, global_by_sorting_pairs),
    "2.3": (scan_by_comprehension, scan_that_puts_back, scan_in_another_order),
    "2.4": (choice_by_all_combinations, choice_by_a_generator),
    "2.5": (step_by_optimizer, step_by_where, step_with_everything_masked),
    "2.6": (state_by_names, state_by_removing),
    "2.7": (unfair_by_table, unfair_by_appending),
}
