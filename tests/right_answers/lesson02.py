"""Right answers to the exercises of lesson 02, written differently from the reference."""

import itertools
import math

import torch


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
    "2.1": (mask_by_threshold, mask_by_loop),
    "2.2": (global_by_position,),
    "2.3": (scan_by_comprehension,),
    "2.4": (choice_by_all_combinations,),
    "2.5": (step_by_optimizer,),
    "2.6": (state_by_names,),
}
