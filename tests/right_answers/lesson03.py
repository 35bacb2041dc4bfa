"""Right answers to the exercises of lesson 03, written differently from the reference."""

import copy
import math

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


def cut_by_take(conv, batchnorm, following, keep):
    rows = [i for i, stays in enumerate(keep.tolist()) if stays]
    vectors = (torch.stack([vector[i] for i in rows]) for vector in batchnorm.values())
    reads = torch.stack([following[:, i] for i in rows], dim=1)
    return torch.stack([conv[i] for i in rows]), dict(zip(batchnorm, vectors, strict=True)), reads


def columns_by_blocks(weight, keep):
    blocks = weight.chunk(len(keep), dim=1)
    return torch.cat([block for block, stays in zip(blocks, keep, strict=True) if stays], dim=1)


def columns_by_outer_product(weight, keep):
    columns = torch.outer(keep.int(), torch.ones(weight.shape[1] // len(keep))).flatten().bool()
    return torch.from_numpy(weight.numpy()[:, columns.numpy()])


def columns_by_reshape(weight, keep):
    return weight.reshape(len(weight), len(keep), -1)[:, keep].flatten(1)


def difference_by_loop(small, masked, x):
    small.train(False)
    masked.train(False)
    pairs = zip(small(x).flatten().tolist(), masked(x).flatten().tolist(), strict=True)
    return max(abs(a - b) for a, b in pairs)


def difference_of_copies(small, masked, x):
    a, b = (copy.deepcopy(net).eval() for net in (small, masked))
    with torch.inference_mode():
        return torch.linalg.vector_norm(a(x) - b(x), ord=torch.inf)


def difference_that_puts_the_mode_back(small, masked, x):
    modes = small.training, masked.training
    ends = (small.eval()(x) - masked.eval()(x)).aminmax()
    small.train(modes[0])
    masked.train(modes[1])
    return max(-ends.min, ends.max)


def conv_flops_as_float(channels_in, channels_out, kernel, height, width):
    return 2.0 * math.prod((kernel, kernel, channels_in, channels_out, height, width))


def net_flops_by_recursion(widths, channels=1, side=28):
    if not widths:
        return 20 * channels * side**2
    conv = 18 * channels * widths[0] * side**2
    return conv + net_flops_by_recursion(widths[1:], widths[0], side // 2)


def conv_flops_by_torch(channels_in, channels_out, kernel, height, width):
    conv = torch.nn.Conv2d(channels_in, channels_out, kernel)
    with FlopCounterMode(display=False) as counter:
        conv(torch.zeros(1, channels_in, height + kernel - 1, width + kernel - 1))
    return counter.get_total_flops()


def net_flops_by_torch(widths):
    with FlopCounterMode(display=False) as counter:
        ConvNet(widths)(torch.zeros(1, 1, 28, 28))
    return counter.get_total_flops()


def faults_of_a_masked_twin(dense, small, kept, x):
    outs, faults = [x], []
    for layer, stays in zip(dense.eval(), kept, strict=True):
        out = layer(outs[-1]).detach()
        outs.append(out * stays.view(1, -1, *[1] * (out.dim() - 2)))
    stay = [torch.ones(x.shape[1]).bool(), *kept]
    for number, layer in enumerate(small.eval()):
        yours = layer(outs[number][:, stay[number]])
        if not torch.allclose(yours, outs[number + 1][:, stay[number + 1]], rtol=0, atol=1e-4):
            faults += [number]
    return faults


def faults_of_the_states(dense, small, kept, x):
    """The layers hold only what is cut, so that it may be compared as well."""
    before, faults = torch.ones(x.size(1)).bool(), []
    for number, stays in enumerate(kept):
        mine = small[number].state_dict()
        for name, right in dense[number].state_dict().items():
            cut = right[stays] if right.dim() == 1 else right
            cut = right[stays][:, before] if right.dim() > 1 else cut
            if number not in faults and ((cut - mine[name]).abs() > 1e-5).any():
                faults.append(number)
        before = stays
    return tuple(faults)


RIGHT_ANSWERS = {
    "3.1": (filter_mask_by_sorting, filter_mask_in_numpy, filter_mask_by_ranks),
    "3.2": (cut_by_position, cut_by_take),
    "3.3": (columns_by_reshape, columns_by_blocks, columns_by_outer_product),
    "3.4": (difference_by_loop, difference_of_copies, difference_that_puts_the_mode_back),
    "3.5": (conv_flops_by_torch, conv_flops_as_float),
    "3.6": (net_flops_by_torch, net_flops_by_recursion),
    "3.7": (faults_of_a_masked_twin, faults_of_the_states),
}
