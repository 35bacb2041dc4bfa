"""Right answers to the exercises of lesson 06, written differently from the reference."""

import functools
import itertools

import numpy as np
import torch


def schedules_step_by_step(end, rounds):
    factor = (1 - end) ** (1 / rounds)
    densities = itertools.accumulate([factor] * rounds, lambda left, f: left * f)
    still = [(rounds - t) / rounds for t in range(1, rounds + 1)]
    return {
        "cubic": [end - end * s * s * s for s in still],
        "geometric": [1 - density for density in densities],
        "linear": list(itertools.accumulate([end / rounds] * rounds)),
    }


def schedules_by_tensors(end, rounds):
    part = torch.arange(1, rounds + 1) / rounds
    return {
        "linear": (end * part).tolist(),
        "geometric": (1 - (1 - end) ** part).tolist(),
        "cubic": (end * part * (3 - 3 * part + part**2)).tolist(),
    }


def schedules_by_numpy(end, rounds):
    left = np.arange(rounds)[::-1] / rounds
    geometric = 1 - np.power(1 - end, 1 - left)
    return {"linear": end * (1 - left), "geometric": geometric, "cubic": end * (1 - left**3)}


def amounts_by_numpy(schedule):
    before = np.concatenate([[0.0], schedule[:-1]])
    gone = np.asarray(schedule) - before
    return np.divide(gone, 1 - before, out=np.zeros_like(gone), where=before < 1)


def amounts_from_densities(schedule):
    left = [1.0] + [1 - total for total in schedule]
    return [1 - after / before if before else 0 for before, after in itertools.pairwise(left)]


def amounts_by_index(schedule):
    result = [schedule[0]]
    for t in range(1, len(schedule)):
        if schedule[t - 1] == 1:
            result.append(0.0)
        else:
            result.append((schedule[t] - schedule[t - 1]) / (1 - schedule[t - 1]))
    return tuple(result)


def amounts_as_tensors(schedule):
    totals = torch.tensor([0.0, *schedule], dtype=torch.float64)
    left = 1 - totals[:-1]
    return list(torch.where(left > 0, totals.diff() / left, 0.0))  # 0-dim tensors


def mask_by_candidates(weight, mask, sparsity):
    missing = round(sparsity * mask.numel()) - int((~mask).sum())
    new = mask.flatten().clone()
    kept = new.nonzero().flatten()
    order = weight.flatten()[kept].abs().argsort(stable=True)
    new[kept[order[: max(missing, 0)]]] = False
    return new.reshape(mask.shape)


def mask_by_loop(weight, mask, sparsity):
    flat, kept = weight.flatten().tolist(), mask.flatten().tolist()
    order = sorted(range(len(flat)), key=lambda i: (kept[i], abs(flat[i])))
    count = max(round(sparsity * len(flat)), kept.count(False))
    gone = set(order[:count])
    return torch.tensor([i not in gone for i in range(len(flat))]).reshape(mask.shape)


def mask_by_numpy(weight, mask, sparsity):
    kept = mask.numpy().ravel()
    size = np.where(kept, weight.abs().numpy().ravel(), 0)
    order = np.lexsort((size, kept))  # the pruned ones first
    new = np.ones(kept.size, dtype=bool)
    new[order[: max(round(sparsity * kept.size), int((~kept).sum()))]] = False
    return torch.from_numpy(new).reshape(mask.shape)


def mask_with_minus_one(weight, mask, sparsity):
    count = round(sparsity * mask.numel())
    if count <= (~mask).sum():
        return mask
    order = torch.where(mask, weight.abs(), -1.0).flatten().sort(stable=True).indices
    return torch.ones(mask.numel()).index_fill(0, order[:count], 0).bool().view(mask.shape)


def rounds_masked_before(weight, schedule, train):
    """Zeros again at the start of each round and at the end, not after training."""
    mask = torch.full(weight.shape, True)
    for sparsity in schedule:
        mask = mask_by_candidates(weight, mask, sparsity)
        weight = train(weight.masked_fill(~mask, 0), mask.clone())
    return [torch.where(mask, weight, 0.0), mask]


def rounds_by_recursion(weight, schedule, train):
    if not schedule:
        return weight.clone(), torch.ones(weight.shape, dtype=torch.bool)
    earlier, mask = rounds_by_recursion(weight, schedule[:-1], train)
    mask = mask_by_loop(earlier, mask, schedule[-1])
    return train(earlier * mask, mask) * mask, mask


def rounds_by_reduce(weight, schedule, train):
    def one(state, total):
        mask = mask_by_numpy(*state, total)
        return train(torch.where(mask, state[0], 0.0), mask).masked_fill(~mask, 0), mask

    return functools.reduce(one, schedule, (weight, torch.ones(weight.shape) > 0))


def ticket_by_names(initial, masks):
    ticket = {}
    for name, value in initial.items():
        layer, _, kind = name.rpartition(".")
        if kind == "weight" and layer in masks:
            value = value.masked_fill(~masks[layer], 0)
        ticket[name] = value
    return ticket


def ticket_of_copies(initial, masks):
    ticket = {name: value.clone() for name, value in initial.items()}
    for layer in masks:
        ticket[layer + ".weight"] *= masks[layer]
    return ticket


def ticket_by_suffix(initial, masks):
    return {
        name: torch.where(masks[name[:-7]], value, torch.zeros_like(value))
        if name[-7:] == ".weight" and name[:-7] in masks
        else value
        for name, value in reversed(initial.items())
    }


def race_by_hand(net, end, rounds, epochs, prune, train):
    rising = net
    for done in range(1, rounds + 1):
        rising = train(prune(rising, 1 - (1 - end) ** (done / rounds)), epochs)
    longer = functools.partial(train, epochs=rounds * epochs)
    return {"dense": longer(net), "one-shot": longer(prune(net, end)), "iterative": rising}


def race_step_by_step(net, end, rounds, epochs, prune, train):
    one, many, none, left = prune(net, end), net, net, 1.0
    for _ in range(rounds):
        left *= (1 - end) ** (1 / rounds)
        many = prune(many, 1 - left)
        for _ in range(epochs):
            one, many, none = train(one, 1), train(many, 1), train(none, 1)
    return {"one-shot": one, "iterative": many, "dense": none}


RIGHT_ANSWERS = {
    "6.1": (schedules_step_by_step, schedules_by_tensors, schedules_by_numpy),
    "6.2": (amounts_from_densities, amounts_by_index, amounts_as_tensors, amounts_by_numpy),
    "6.3": (mask_by_candidates, mask_by_loop, mask_by_numpy, mask_with_minus_one),
    "6.4": (rounds_masked_before, rounds_by_recursion, rounds_by_reduce),
    "6.5": (ticket_by_names, ticket_of_copies, ticket_by_suffix),
    "6.6": (race_by_hand, race_step_by_step),
}
