"""Right answers to the exercises of lesson 07, written differently from the reference."""

import heapq
import itertools
import math
from collections import Counter
from fractions import Fraction

import numpy as np
import torch
from torch import nn

from course_utils import coding, quantise, sharing


def step_by_loop(weight, centroids):
    codes, members = [], [[] for _ in centroids]
    for w in weight.flatten().tolist():
        place = min(range(len(centroids)), key=lambda k: abs(w - float(centroids[k])))
        codes.append(0 if w == 0 else place + 1)
        if w:
            members[place].append(w)
    moved = [
        sum(each) / len(each) if each else float(c)
        for each, c in zip(members, centroids, strict=True)
    ]
    return torch.tensor(codes).reshape(weight.shape), torch.tensor(moved)


def step_by_numpy(weight, centroids):
    w, c = weight.numpy(), centroids.numpy()
    codes = np.where(w == 0, 0, 1 + np.abs(w[..., None] - c).argmin(-1))
    counts = np.bincount(codes.ravel(), minlength=len(c) + 1)[1:]
    sums = np.bincount(codes.ravel(), w.ravel(), minlength=len(c) + 1)[1:]
    moved = np.where(counts > 0, sums / np.maximum(counts, 1), c)
    return torch.from_numpy(codes), torch.from_numpy(moved).float()


def step_by_library(weight, centroids):
    codes = sharing.assign(weight, centroids)
    chosen = nn.functional.one_hot(codes.flatten(), len(centroids) + 1)[:, 1:].float()
    counts = chosen.sum(0)
    moved = (weight.flatten() @ chosen) / counts.clamp(min=1)
    return [codes, torch.where(counts > 0, moved, centroids)]


def step_by_edges(weight, centroids):
    edges = (centroids[1:] + centroids[:-1]) / 2
    codes = (torch.bucketize(weight, edges) + 1) * (weight != 0)
    moved = [
        weight[codes == k].mean() if (codes == k).any() else c for k, c in enumerate(centroids, 1)
    ]
    return codes, torch.stack(moved)


def gradient_by_loop(gradient, codes, clusters):
    sums = [0.0] * clusters
    for g, code in zip(gradient.flatten().tolist(), codes.flatten().tolist(), strict=True):
        if code:
            sums[code - 1] += g
    return torch.tensor(sums)


def gradient_by_index_add(gradient, codes, clusters):
    sums = torch.zeros(clusters + 1)
    sums.index_add_(0, codes.reshape(-1), gradient.reshape(-1))
    return sums[1:]


def gradient_by_numpy(gradient, codes, clusters):
    sums = np.zeros(clusters + 1, np.float32)
    np.add.at(sums, codes.numpy(), gradient.numpy())
    return torch.from_numpy(sums[1:])


def gradient_by_one_hot(gradient, codes, clusters):
    chosen = nn.functional.one_hot(codes.flatten(), clusters + 1).float()
    return (gradient.flatten() @ chosen)[1:]


def gradient_by_autograd(gradient, codes, clusters):
    centroids = torch.zeros(clusters, requires_grad=True)
    weight = torch.cat([torch.zeros(1), centroids])[codes]
    (found,) = torch.autograd.grad((weight * gradient).sum(), centroids)
    return found


def huffman_by_heap(counts):
    p = np.array(counts)[np.array(counts) > 0] / np.sum(counts)
    tick = itertools.count()
    heap = [(n, next(tick), {s: 0}) for s, n in enumerate(counts) if n]
    heapq.heapify(heap)
    while len(heap) > 1:
        n, _, some = heapq.heappop(heap)
        m, _, others = heapq.heappop(heap)
        deeper = {s: depth + 1 for s, depth in {**some, **others}.items()}
        heapq.heappush(heap, (n + m, next(tick), deeper))
    depths = heap[0][2]
    if len(depths) == 1:
        depths = dict.fromkeys(depths, 1)
    return float((p * np.log2(1 / p)).sum()), [depths.get(s, 0) for s in range(len(counts))]


def huffman_by_tree(counts):
    """Leaves are symbols, joints are pairs; depths are read off in the end."""
    nodes = [(n, s) for s, n in enumerate(counts) if n]
    total = sum(n for n, _ in nodes)
    entropy = math.log2(total) - sum(n * math.log2(n) for n, _ in nodes) / total
    while len(nodes) > 1:
        nodes.sort(key=lambda node: node[0])
        nodes = [*nodes[2:], (nodes[0][0] + nodes[1][0], (nodes[0][1], nodes[1][1]))]
    lengths = [0] * len(counts)

    def walk(node, depth):
        if isinstance(node, tuple):
            for side in node:
                walk(side, depth + 1)
        else:
            lengths[node] = depth or 1

    walk(nodes[0][1], 0)
    return entropy, tuple(lengths)


def huffman_by_library(counts):
    p = torch.tensor(counts) / sum(counts)
    return -torch.special.xlogy(p, p).sum() / math.log(2), coding.huffman_lengths(counts)


def gaps_by_places(codes, bits):
    gaps, entries, before = [], [], -1
    for place in [i for i, code in enumerate(codes) if code != 0]:
        paddings, rest = divmod(place - before - 1, 2**bits)
        gaps += [2**bits - 1] * paddings + [rest]
        entries += [0] * paddings + [codes[place]]
        before = place
    codebook = 4 * len(Counter(code for code in codes if code))
    wide = bits + math.ceil(math.log2(max(1, len(Counter(entries)))))
    return gaps, entries, codebook + math.ceil(len(entries) * wide / 8)


def gaps_by_library(codes, bits):
    found = coding.gaps(torch.tensor(codes), bits)
    size = coding.deep_compression_bytes(torch.tensor(codes), bits).fixed
    return found.gaps.tolist(), found.entries.tolist(), size


def gaps_and_back_off(codes, bits):
    """Paddings as they come, and those at the end taken off again."""
    gaps, entries, zeros = [], [], 0
    for code in codes:
        if code or zeros == (1 << bits) - 1:
            gaps.append(zeros)
            entries.append(code)
            zeros = 0
        else:
            zeros += 1
    while entries and entries[-1] == 0:
        gaps.pop()
        entries.pop()
    kinds = len(set(entries))
    code_bits = 0
    while 2**code_bits < kinds:
        code_bits += 1
    total = len(gaps) * bits + len(entries) * code_bits + (kinds - (0 in entries)) * 32
    return tuple(gaps), tuple(entries), -(-total // 8)


def gaps_by_numpy(codes, bits):
    places = np.flatnonzero(codes)
    zeros = np.diff(places, prepend=-1) - 1
    gaps, entries = [], []
    for zero, place in zip(zeros, places, strict=True):
        for _ in range(zero >> bits):
            gaps.append(2**bits - 1)
            entries.append(0)
        gaps.append(zero & (2**bits - 1))
        entries.append(codes[place])
    kinds = np.unique(entries)
    each = bits + np.ceil(np.log2(max(len(kinds), 1)))
    return gaps, entries, np.ceil(len(entries) * each / 8) + 4 * np.count_nonzero(kinds)


def symmetric_by_loop(weight, bits):
    q, scales = torch.empty(weight.shape, dtype=torch.int8), []
    for channel, row in enumerate(weight):
        largest = max(abs(w) for w in row.flatten().tolist())
        scales.append(largest / (2 ** (bits - 1) - 1) if largest else 1.0)
        q[channel] = torch.round(row / scales[-1])
    scale = torch.tensor(scales)
    return q, scale, 0.5 * scale


def symmetric_by_library(weight, bits):
    grid = quantise.symmetric(weight, axis=0, bits=bits)
    return quantise.quantise(weight, grid), grid.scale, grid.error_bound


def symmetric_by_numpy(weight, bits):
    w = weight.numpy()
    largest = np.abs(w).max(axis=tuple(range(1, w.ndim)), keepdims=True)
    scale = np.where(largest > 0, largest / (2 ** (bits - 1) - 1), 1).astype(np.float32)
    q = np.rint(w / scale).clip(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1).astype(np.int8)
    flat = torch.from_numpy(scale.reshape(-1))
    return torch.from_numpy(q), flat, flat / 2


def symmetric_the_other_way(weight, bits):
    """How many steps there are in 1, and 127 steps of it multiplied."""
    largest = torch.linalg.vector_norm(weight, torch.inf, dim=tuple(range(1, weight.dim())))
    high = 2 ** (bits - 1) - 1
    steps = torch.nan_to_num(high / largest, posinf=1.0)
    q = torch.einsum("o...,o->o...", weight, steps).add(0.5).floor().char()
    return q, 1 / steps, 1 / (2 * steps)


def range_by_library(smallest, largest):
    grid = quantise.range_grid(smallest, largest)
    return grid.scale, grid.zero_point


def range_by_cases(smallest, largest):
    if smallest > 0:
        smallest = 0
    elif largest < 0:
        largest = 0
    if largest == 0 and smallest == 0:
        return (1, 0)
    step = Fraction(largest - smallest) / 255
    return float(step), 255 - round(Fraction(largest) / step)


def range_by_tensors(smallest, largest):
    ends = torch.tensor([smallest, largest, 0.0], dtype=torch.float64)
    scale = (ends.max() - ends.min()) / 255
    scale = torch.where(scale > 0, scale, 1.0)
    return scale, torch.round(-ends.min() / scale).int()


def fold_by_loop(weight, bias, gamma, beta, mean, variance, eps):
    folded, shift = weight.clone(), torch.empty_like(mean)
    for c in range(len(weight)):
        std = math.sqrt(float(variance[c]) + eps)
        folded[c] = weight[c] * gamma[c] / std
        before = 0.0 if bias is None else bias[c]
        shift[c] = beta[c] + gamma[c] * (before - mean[c]) / std
    return folded, shift


def fold_by_probing(weight, bias, gamma, beta, mean, variance, eps):
    """What the two layers answer to nothing is the bias; channel by channel, the rest is linear."""

    def norm(x):
        return nn.functional.batch_norm(x, mean, variance, gamma, beta, False, 0.0, eps)

    nothing = torch.zeros(1, len(mean)) if bias is None else bias[None]
    factor = norm(torch.ones(1, len(mean))) - norm(torch.zeros(1, len(mean)))
    return torch.einsum("o...,o->o...", weight, factor[0]), norm(nothing)[0]


def fold_by_rsqrt(weight, bias, gamma, beta, mean, variance, eps):
    factor = gamma * torch.rsqrt(variance + eps)
    new = (weight.flatten(1) * factor[:, None]).view_as(weight)
    return [new, beta - factor * mean if bias is None else beta + factor * (bias - mean)]


def fold_by_torch(weight, bias, gamma, beta, mean, variance, eps):
    fuse = nn.utils.fusion.fuse_conv_bn_weights
    return fuse(weight, bias, mean, variance, eps, gamma, beta)


def cells_by_sums(layers, total):
    found, sums = [], Counter()
    for name, row in layers.items():
        found += [(name, "huffman")] * (row["bits"] < row["huffman"])
        sums.update({key: row["kept"] * (1 if key == "kept" else row[key]) for key in row})
    for column in total:
        if not total[column] - 0.1 <= sums[column] / sums["kept"] <= total[column] + 0.1:
            found.append(("total", column))
    return found


def cells_by_numpy(layers, total):
    kept, bits, huffman = np.array([[*row.values()] for row in layers.values()]).T
    cells = [[name, "huffman"] for name, h, b in zip(layers, huffman, bits, strict=True) if h > b]
    for column, values in (("bits", bits), ("huffman", huffman)):
        if abs(np.average(values, weights=kept) - total[column]) > 0.1:
            cells.append(["total", column])
    return tuple(cells)


def weigh_by_sets(folder):
    needed = set().union(*(file["needs"] for file in folder.values()))
    if not needed <= folder.keys():
        raise ValueError("a file is missing")
    return sum(file["bytes"] for file in folder.values()) + len("".join(folder).encode("utf-8"))


def weigh_by_walking(folder):
    weight = 0
    for path in sorted(folder):
        weight += folder[path]["bytes"] + len(bytes(path, "utf8"))
        for other in folder[path]["needs"]:
            try:
                folder[other]
            except KeyError:
                raise ValueError(f"no {other}") from None
    return weight


RIGHT_ANSWERS = {
    "7.1": (step_by_loop, step_by_numpy, step_by_library, step_by_edges),
    "7.2": (
        gradient_by_loop,
        gradient_by_index_add,
        gradient_by_numpy,
        gradient_by_one_hot,
        gradient_by_autograd,
    ),
    "7.3": (huffman_by_heap, huffman_by_tree, huffman_by_library),
    "7.4": (gaps_by_places, gaps_by_library, gaps_and_back_off, gaps_by_numpy),
    "7.5": (symmetric_by_loop, symmetric_by_library, symmetric_by_numpy, symmetric_the_other_way),
    "7.6": (range_by_library, range_by_cases, range_by_tensors),
    "7.7": (fold_by_loop, fold_by_probing, fold_by_rsqrt, fold_by_torch),
    "7.8": (cells_by_sums, cells_by_numpy),
    "7.9": (weigh_by_sets, weigh_by_walking),
}
