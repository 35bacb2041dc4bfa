"""Wrong answers to the exercises of lesson 03, each with words that its verdict must hold."""

import math

import numpy as np
import torch


def smallest_by_plain_argsort(weight, sparsity):
    sizes = weight.flatten(1).pow(2).sum(1)
    mask = torch.ones(weight.shape, dtype=torch.bool)
    for filter in sizes.argsort()[: round(sparsity * len(weight))]:
        mask[filter] = False
    return mask


def rank_from_one_argsort(weight, sparsity):
    rank = torch.linalg.vector_norm(weight.flatten(1), dim=1).argsort(stable=True)
    keep = rank + 1 > round(sparsity * weight.shape[0])
    return keep.reshape([-1] + [1] * (weight.dim() - 1)).expand(weight.shape)


def sparsity_of_all_weights(weight, sparsity):
    per_filter = math.prod(weight.shape[1:])
    gone = round(weight.numel() * sparsity) // per_filter
    order = sorted(range(len(weight)), key=lambda i: float(weight[i].norm()))
    mask = torch.ones(weight.shape).bool()
    mask[order[:gone]] = False
    return mask


def largest_number_counts(weight, sparsity):
    peaks = [float(row.abs().max()) for row in weight]
    order = sorted(range(len(peaks)), key=peaks.__getitem__)
    mask = torch.ones_like(weight).bool()
    mask[order[: round(sparsity * len(peaks))]] = False
    return mask


def norm_threshold(weight, sparsity):
    norms = weight.flatten(1).norm(dim=1)
    ordered = norms.sort().values
    count = round(sparsity * len(norms))
    keep = norms >= ordered[count]
    return keep.view(-1, *(1 for _ in weight.shape[1:])).expand_as(weight)


def norm_kthvalue(weight, sparsity):
    norms = weight.flatten(1).norm(dim=1)
    count = round(sparsity * len(norms))
    if count == 0:
        return torch.ones_like(weight, dtype=torch.bool)
    keep = norms > norms.kthvalue(count).values
    return keep.view(-1, *(1 for _ in weight.shape[1:])).expand_as(weight)


def norm_quantile(weight, sparsity):
    norms = weight.flatten(1).norm(dim=1)
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[norms < torch.quantile(norms, sparsity)] = False
    return mask


def never_none(weight, sparsity):
    order = weight.flatten(1).norm(dim=1).sort(stable=True).indices
    count = round(sparsity * len(order)) or 1
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[order[:count]] = False
    return mask


def smallest_by_topk(weight, sparsity):
    norms = weight.reshape(len(weight), -1).norm(2, 1)
    gone = torch.topk(norms, round(sparsity * len(norms)), largest=False)[1]
    mask = torch.full_like(weight, True, dtype=torch.bool)
    mask[gone] = False
    return mask


def keeps_the_last(weight, sparsity):
    count = round(sparsity * len(weight))
    order = weight.flatten(1).norm(dim=1).argsort(stable=True).tolist()
    kept = order[-(len(weight) - count) :]
    return torch.stack([torch.full(row.shape, i in kept) for i, row in enumerate(weight)])


def nonzero_of_a_copy(weight, sparsity):
    pruned = weight.clone()
    order = weight.flatten(1).norm(dim=1).argsort(stable=True)
    pruned[order[: round(sparsity * len(weight))]] = 0
    return pruned.bool()


def zeroed_copy(weight, sparsity):
    pruned = weight.clone()
    order = weight.flatten(1).norm(dim=1).argsort(stable=True)
    pruned[order[: round(sparsity * len(weight))]] = 0
    return pruned


def for_conv_weights_only(weight, sparsity):
    order = weight.norm(dim=(1, 2, 3)).argsort(stable=True)
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[order[: round(sparsity * len(weight))]] = False
    return mask


def ceil_of_the_count(weight, sparsity):
    order = np.argsort(weight.flatten(1).norm(dim=1).numpy(), kind="stable")
    mask = np.ones(weight.shape, dtype=bool)
    mask[order[: int(np.ceil(sparsity * len(order)))]] = False
    return torch.from_numpy(mask)


def kept_count_is_rounded(weight, sparsity):
    kept = round((1 - sparsity) * len(weight))
    order = weight.flatten(1).norm(dim=1).argsort(stable=True)
    mask = torch.zeros_like(weight, dtype=torch.bool)
    mask[order[len(weight) - kept :]] = True
    return mask


def answer_for_each_filter(weight, sparsity):
    keep = torch.ones(len(weight), dtype=torch.bool)
    norms = weight.flatten(1).norm(dim=1)
    keep[norms.sort(stable=True).indices[: round(sparsity * len(weight))]] = False
    return keep.view(-1, *[1] * (weight.dim() - 1))


def along_dim_1_only(weight, sparsity):
    order = weight.norm(dim=1).argsort(stable=True)
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[order[: round(sparsity * len(weight))]] = False
    return mask


def in_place(weight, sparsity):
    order = weight.flatten(1).norm(dim=1).argsort(stable=True)
    weight[order[: round(sparsity * len(weight))]] = 0
    return weight != 0


def signed_mean(weight, sparsity):
    order = weight.flatten(1).mean(1).argsort(stable=True)
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[order[: round(sparsity * len(weight))]] = False
    return mask


def one_norm_for_all(weight, sparsity):
    order = weight.flatten().norm(dim=0).argsort(stable=True)
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[order[: round(sparsity * len(weight))]] = False
    return mask


def percent(weight, sparsity):
    order = weight.flatten(1).norm(dim=1).argsort(stable=True)
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[order[: round(sparsity / 100 * len(weight))]] = False
    return mask


WRONG_ANSWERS = {
    "3.1": [
        (smallest_by_plain_argsort, "only with stable=True"),
        (rank_from_one_argsort, "argsort does not give each filter's rank"),
        (sparsity_of_all_weights, "The sparsity is that of the filters"),
        (largest_number_counts, "You rank by the largest |w|"),
        (norm_threshold, "all filters of equal norm stay together"),
        (norm_kthvalue, "all filters of equal norm go together"),
        (norm_quantile, "A quantile lies between two norms"),
        (never_none, "You always prune at least one filter"),
        (smallest_by_topk, "Among equal norms topk picks any"),
        (keeps_the_last, "order[-0:] is order[0:]"),
        (nonzero_of_a_copy, "A filter that stays may hold zeros"),
        (zeroed_copy, "You return the pruned weight"),
        (for_conv_weights_only, "makes a row of each filter"),
        (ceil_of_the_count, "You round the count up (ceil)"),
        (kept_count_is_rounded, "You round how many filters *stay*"),
        (answer_for_each_filter, "the mask has one number for each"),
        (along_dim_1_only, "adds up along dim 1 only"),
        (in_place, "It changes weight in place"),
        (signed_mean, "with their signs"),
        (one_norm_for_all, "one norm for the whole layer"),
        (percent, "It is a fraction already"),
    ],
}
