"""Right answers to the exercises of lesson 05, written differently from the reference."""

import math

import numpy as np
import pandas as pd
import torch


def norms_by_torch(weight, n, dim):
    slices = weight.transpose(0, dim).unsqueeze(-1).flatten(1)
    return slices.norm(p=n, dim=1)


def norms_by_loop(weight, n, dim):
    norms = []
    for part in weight.unbind(dim):
        sizes = [abs(x) for x in part.flatten().tolist()]
        norms.append(max(sizes) if math.isinf(n) else sum(x**n for x in sizes) ** (1 / n))
    return torch.tensor(norms, dtype=weight.dtype)


def norms_by_numpy(weight, n, dim):
    slices = np.moveaxis(weight.numpy(), dim, 0).reshape(weight.shape[dim], -1)
    return torch.from_numpy(np.linalg.norm(slices, ord=n, axis=1))


def norms_by_other_dims(weight, n, dim):
    others = [d for d in range(weight.dim()) if d != dim % weight.dim()]
    return torch.linalg.vector_norm(weight, float(n), dim=others) if others else weight.abs()


def slices_by_expanding(weight, sparsity, n, dim):
    norms = norms_by_torch(weight, n, dim)
    kept = torch.ones(len(norms), dtype=torch.bool)
    kept[norms.sort(stable=True).indices[: round(sparsity * len(norms))]] = False
    shape = [1] * weight.dim()
    shape[dim] = -1
    return kept.view(shape).expand_as(weight)


def slices_by_mean(weight, sparsity, n, dim):
    """Slices of one tensor are of one size, so that means and roots leave the order as it is."""
    sizes = weight.abs().movedim(dim, 0).flatten(1)
    ranked = sizes.amax(1) if n == math.inf else sizes.pow(n).mean(1)
    count = round(sparsity * weight.shape[dim])
    return torch.ones_like(weight).index_fill(dim, ranked.argsort(stable=True)[:count], 0).bool()


def slices_by_loop(weight, sparsity, n, dim):
    kept = torch.full(weight.shape, True)
    norms = norms_by_loop(weight, n, dim).tolist()
    order = sorted(range(len(norms)), key=norms.__getitem__)
    for place in order[: round(sparsity * len(norms))]:
        kept.select(dim, place).fill_(False)
    return kept


def comparable_without_nan(weights):
    norms = {name: weight.flatten(1).norm(dim=1) for name, weight in weights.items()}
    return {name: torch.nan_to_num(values / values.mean()) for name, values in norms.items()}


def comparable_by_sum(weights):
    result = {}
    for name, weight in weights.items():
        norms = weight.flatten(1).square().sum(1).sqrt()
        result[name] = len(norms) * norms / norms.sum().clamp(min=1e-12)
    return result


def comparable_weights_first(weights):
    """The scale taken out of the weights, and then their norms."""
    return {
        name: norms_by_torch(w, 2, 0) if not w.any() else norms_by_torch(w / mean, 2, 0)
        for name, w in weights.items()
        for mean in [norms_by_torch(w, 2, 0).mean()]
    }


def taylor_by_backward(weight, loss):
    w = weight.detach().clone()
    w.requires_grad = True
    loss(w).backward()
    return w.abs() * w.grad.abs()  # still requires gradients


def taylor_of_shared_memory(weight, loss):
    w = weight.detach().requires_grad_()  # another tensor over the same numbers
    (gradient,) = torch.autograd.grad(loss(w), w)
    return (w * gradient).abs()


def taylor_by_function(weight, loss):
    return weight.mul(torch.func.grad(loss)(weight)).abs()


def taylor_by_parameter(weight, loss):
    w = torch.nn.Parameter(weight.detach())
    loss(w).backward()
    return (weight * w.grad).abs()


def taylor_by_jacobian(weight, loss):
    return torch.sqrt((weight * torch.autograd.functional.jacobian(loss, weight)) ** 2)


def activation_by_numpy(weight, inputs):
    norms = np.linalg.norm(inputs.numpy(), axis=0)
    return torch.from_numpy(np.abs(weight.numpy()) * norms)


def activation_by_products(weight, inputs):
    products = inputs[:, None, :] * weight  # (examples, out, in)
    return products.square().sum(0).sqrt()


def activation_by_diagonal(weight, inputs):
    return weight.abs() @ torch.diag(inputs.T @ inputs).sqrt().diag()


def lead_by_conditions(runs, a, b):
    found = {}
    for run in runs:
        about = {k: v for k, v in run.items() if k not in ("criterion", "accuracy", "seconds")}
        found.setdefault(tuple(sorted(about.items())), {})[run["criterion"]] = run["accuracy"]
    leads = [each[a] - each[b] for each in found.values() if {a, b} <= set(each)]
    if len(leads) == 0:
        raise ValueError
    return np.mean(leads)


def lead_by_pandas(runs, a, b):
    table = pd.DataFrame(runs, columns=["criterion", "accuracy", *CHOSEN])
    one, other = (table[table["criterion"] == name] for name in (a, b))
    pairs = one.merge(other, on=CHOSEN)
    if pairs.empty:
        raise ValueError("nothing to compare")
    return (pairs["accuracy_x"] - pairs["accuracy_y"]).mean()


CHOSEN = ["seed", "removed", "epochs", "recalibrated", "part"]

RIGHT_ANSWERS = {
    "5.1": (norms_by_torch, norms_by_loop, norms_by_numpy, norms_by_other_dims),
    "5.2": (slices_by_expanding, slices_by_mean, slices_by_loop),
    "5.3": (comparable_without_nan, comparable_by_sum, comparable_weights_first),
    "5.4": (
        taylor_by_backward,
        taylor_of_shared_memory,
        taylor_by_function,
        taylor_by_parameter,
        taylor_by_jacobian,
    ),
    "5.5": (activation_by_products, activation_by_diagonal, activation_by_numpy),
    "5.6": (lead_by_conditions, lead_by_pandas),
}
