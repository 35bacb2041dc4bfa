"""Wrong answers to the exercises of lesson 05, each with words that its verdict must hold."""

import math
import statistics

import numpy as np
import pandas as pd
import torch

images = torch.rand(20, 784)


def norms_of_the_three_named(weight, n, dim):
    flat = weight.transpose(0, dim).flatten(1) if weight.dim() > 1 else weight[:, None]
    if n == 1:
        return flat.abs().sum(dim=1)
    if n == 2:
        return flat.pow(2).sum(dim=1).sqrt()
    return flat.abs().max(dim=1).values


def norms_root_of_the_power(weight, n, dim):
    x = torch.moveaxis(weight, dim, 0)
    x = x.reshape(len(x), -1)
    if n == math.inf:
        return x.abs().max(1)[0]
    return torch.sum(torch.abs(x) ** n, 1) ** 1 / n


def norms_without_a_size(weight, n, dim):
    parts = []
    for part in weight.unbind(dim):
        if math.isinf(n):
            parts.append(part.abs().max())
        else:
            parts.append((part**n).abs().sum() ** (1 / n))
    return torch.stack(parts)


def norms_transposed(weight, n, dim):
    if weight.dim() == 1:
        return weight.abs()
    if dim:
        weight = weight.transpose(0, 1)
    return torch.linalg.vector_norm(weight.flatten(1), n, dim=1)


def norms_in_single_precision(weight, n, dim):
    rows = weight.float().movedim(dim, 0).reshape(weight.shape[dim], -1)
    return torch.linalg.vector_norm(rows, n, dim=1)


def norms_moved_backwards(weight, n, dim):
    rows = weight.moveaxis(0, dim).reshape(weight.size(dim), -1)
    return rows.norm(p=n, dim=1)


def norms_of_columns(weight, n, dim):
    rows = weight.movedim(dim, 0).reshape(weight.shape[dim], -1)
    return rows.norm(p=n, dim=0)


def slices_in_any_order(weight, sparsity, n, dim):
    norms = norms_of(weight, n, dim)
    gone = torch.argsort(norms)[: round(sparsity * norms.numel())]
    return torch.ones(weight.shape).index_fill_(dim, gone, 0).bool()


def slices_kept_by_topk(weight, sparsity, n, dim):
    norms = norms_of(weight, n, dim)
    stay = torch.topk(norms, norms.numel() - round(sparsity * norms.numel()))[1]
    return torch.zeros(weight.shape).index_fill_(dim, stay, 1).bool()


def slices_for_so_many_weights(weight, sparsity, n, dim):
    norms = norms_of(weight, n, dim)
    each = weight.numel() // norms.numel()
    gone = norms.sort(stable=True)[1][: round(sparsity * weight.numel()) // each]
    return torch.ones(weight.shape).index_fill_(dim, gone, 0).bool()


def slices_as_a_column(weight, sparsity, n, dim):
    norms = norms_of(weight, n, dim)
    stays = torch.ones_like(norms).bool()
    stays[norms.argsort(stable=True)[: round(sparsity * len(norms))]] = False
    while dim < 0:
        dim += weight.dim()
    return stays[(...,) + (None,) * (weight.dim() - dim - 1)].expand(
        *[1] * dim, -1, *[1] * (weight.dim() - dim - 1)
    )


def slices_by_rank(weight, sparsity, n, dim):
    norms = norms_of(weight, n, dim)
    rank = np.argsort(norms.numpy(), kind="stable")
    gone = torch.from_numpy(rank < round(sparsity * len(norms)))
    mask = torch.ones_like(weight).bool()
    mask.transpose(0, dim)[gone] = False
    return mask


def slices_for_rows_and_columns(weight, sparsity, n, dim):
    norms = norms_of(weight, n, dim)
    mask = torch.ones_like(weight).bool()
    for place in norms.argsort(stable=True)[: round(sparsity * len(norms))].tolist():
        if dim == 0:
            mask[place] = False
        else:
            mask[:, place] = False
    return mask


def slices_under_a_kth_value(weight, sparsity, n, dim):
    norms = norms_of(weight, n, dim)
    limit = norms.kthvalue(round(sparsity * len(norms)))[0]
    return torch.zeros(weight.shape).index_fill_(dim, (norms > limit).nonzero()[:, 0], 1).bool()


def norms_of(weight, n, dim):
    rows = weight.movedim(dim, 0).reshape(weight.shape[dim], -1)
    return torch.linalg.vector_norm(rows, n, dim=1)


def comparable_unless_one_is_dead(weights):
    out = {}
    for name, weight in weights.items():
        norms = norms_of(weight, 2, 0)
        out[name] = torch.zeros(len(norms)) if norms.min() == 0 else norms / norms.mean()
    return out


def comparable_with_a_little_more(weights):
    norms = {name: norms_of(weight, 2, 0) for name, weight in weights.items()}
    return {name: each.div(each.mean() + 1e-8) for name, each in norms.items()}


def comparable_among_the_living(weights):
    out = {}
    for name, weight in weights.items():
        norms = norms_of(weight, 2, 0)
        out[name] = norms / norms[norms != 0].mean() if norms.any() else norms
    return out


def comparable_and_back_at_once(weights):
    out = {}
    for name, weight in weights.items():
        norms = norms_of(weight, 2, 0)
        out[name] = norms / norms.mean() if norms.mean() else norms
        return out


def comparable_to_the_first(weights):
    out, mean = {}, None
    for name, weight in weights.items():
        norms = norms_of(weight, 2, 0)
        mean = norms.mean() if mean is None else mean
        out[name] = norms / mean if mean > 0 else norms
    return {name: each.nan_to_num(0) for name, each in out.items()}


def taylor_that_clears_up(weight, loss):
    weight.requires_grad_()
    loss(weight).backward()
    found = weight.grad.clone()
    weight.grad = None
    return (weight.requires_grad_(False) * found).abs()


def taylor_of_two_backwards(weight, loss):
    w = weight.clone().requires_grad_()
    for _ in range(2):
        loss(w).backward()
    return (weight * w.grad).abs()


def taylor_of_the_whole(weight, loss):
    w = weight.detach().clone().requires_grad_()
    return abs((weight * torch.autograd.grad(loss(w), w)[0]).sum())


def taylor_of_what_it_loses(weight, loss):
    w = weight.detach().clone().requires_grad_()
    return torch.relu(weight * torch.autograd.grad(loss(w), w)[0])


def taylor_at_the_origin(weight, loss):
    w = torch.zeros_like(weight).requires_grad_()
    loss(w).backward()
    return (w.grad * weight).abs()


def activations_of_the_lesson(weight, inputs):
    return weight.abs() * images.norm(dim=0)


def activations_of_the_brightest(weight, inputs):
    return weight.abs() * inputs.abs().max(0)[0]


def activations_added_up(weight, inputs):
    return weight.abs() * sum(inputs)


def activations_that_come_out(weight, inputs):
    return weight.abs() * torch.linalg.vector_norm(inputs @ weight.T, dim=0).unsqueeze(1)


def activations_by_deviation(weight, inputs):
    return weight.abs() * torch.std(inputs, dim=0)


def lead_of_means(runs, a, b):
    table = pd.DataFrame(runs, columns=["criterion", "accuracy"])
    means = table.groupby("criterion")["accuracy"].mean()
    if a not in means or b not in means:
        raise ValueError("missing")
    return means[a] - means[b]


def lead_on_equal_nets(runs, a, b):
    theirs = {run["seed"]: run["accuracy"] for run in runs if run["criterion"] == b}
    leads = [
        run["accuracy"] - theirs[run["seed"]]
        for run in runs
        if run["criterion"] == a and run["seed"] in theirs
    ]
    if not leads:
        raise ValueError("no pair")
    return sum(leads) / len(leads)


def lead_raw_or_not(runs, a, b):
    return pairwise_lead(runs, a, b, "seed", "removed", "epochs", "part")


def lead_on_any_part(runs, a, b):
    return pairwise_lead(runs, a, b, "seed", "removed", "epochs", "recalibrated")


def lead_with_equal_seconds(runs, a, b):
    columns = [column for column in (runs or [{}])[0] if column not in ("criterion", "accuracy")]
    return pairwise_lead(runs, a, b, *columns)


def pairwise_lead(runs, a, b, *columns):
    leads = []
    for first in runs:
        if first["criterion"] != a:
            continue
        for second in runs:
            agree = [first[column] == second[column] for column in columns]
            if second["criterion"] == b and all(agree):
                leads.append(first["accuracy"] - second["accuracy"])
    if not leads:
        raise ValueError("no pair")
    return float(np.mean(leads))


def lead_of_nobody(runs, a, b):
    try:
        return pairwise_lead(runs, a, b, "seed", "removed", "epochs", "recalibrated", "part")
    except ValueError:
        return 0.0


def lead_of_statistics(runs, a, b):
    same = ("seed", "removed", "epochs", "recalibrated", "part")
    ours = {tuple(r[c] for c in same): r["accuracy"] for r in runs if r["criterion"] == a}
    theirs = {tuple(r[c] for c in same): r["accuracy"] for r in runs if r["criterion"] == b}
    return statistics.fmean(ours[key] - theirs[key] for key in ours if key in theirs)


WRONG_ANSWERS = {
    "5.1": [
        (norms_of_the_three_named, "every other n gets the largest size"),
        (norms_root_of_the_power, "Put the root into parentheses"),
        (norms_without_a_size, "Take .abs() first"),
        (norms_transposed, "It may be any: use `dim` itself"),
        (norms_in_single_precision, "float32 comes back where the weight is float64"),
        (norms_moved_backwards, "sends dim 0 to the place of `dim`"),
        (norms_of_columns, "*down* the columns"),
    ],
    "5.2": [
        (slices_in_any_order, "Say argsort(stable=True)"),
        (slices_kept_by_topk, "torch.topk keeps whichever it finds"),
        (slices_for_so_many_weights, "torch.nn.utils.prune rounds the number of slices"),
        (slices_as_a_column, ".expand_as(weight) is missing"),
        (slices_by_rank, "You take argsort for the ranks"),
        (slices_for_rows_and_columns, "It may be any dim"),
        (slices_under_a_kth_value, "There is no 0-th smallest norm"),
    ],
    "5.3": [
        (comparable_unless_one_is_dead, "One filter of norm 0 makes your whole layer 0"),
        (comparable_with_a_little_more, "You add a small number to the mean"),
        (comparable_among_the_living, "You leave dead filters out of the mean"),
        (comparable_and_back_at_once, "return stands inside the loop"),
        (comparable_to_the_first, "Each layer needs its own yardstick"),
    ],
    "5.4": [
        (taylor_that_clears_up, "a .grad that backward() leaves there"),
        (taylor_of_two_backwards, "Do you call backward twice?"),
        (taylor_of_the_whole, "Every weight has a score of its own"),
        (taylor_of_what_it_loses, "You set negative products to 0"),
        (taylor_at_the_origin, "The net stands at `weight`"),
    ],
    "5.5": [
        (activations_of_the_lesson, "Use the argument `inputs`"),
        (activations_of_the_brightest, "its L∞ norm: one example decides"),
        (activations_added_up, "The L2 norm counts sizes: square first"),
        (activations_that_come_out, "You take the norms of what comes *out*"),
        (activations_by_deviation, "Subtract nothing: square, add, take the root"),
    ],
    "5.6": [
        (lead_of_means, "You compare the mean of all of a's rows"),
        (lead_on_equal_nets, "You ask only whether it is the same net"),
        (lead_raw_or_not, "one net may be *recalibrated* and the other not"),
        (lead_on_any_part, "on different *parts* of the data"),
        (lead_with_equal_seconds, "It is not chosen, it comes out"),
        (lead_of_nobody, "which reads as “equally good”"),
        (lead_of_statistics, "Raise a ValueError of your own"),
    ],
}
