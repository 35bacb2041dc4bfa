"""Right answers to the exercises of lesson 04, written differently from the reference."""

import statistics

import torch


def bernoulli_by_not(draws, probability):
    return ~(draws < probability)


def exact_by_loop(draws, sparsity):
    flat = draws.flatten().tolist()
    order = sorted(range(len(flat)), key=flat.__getitem__)
    gone = set(order[: round(sparsity * len(flat))])
    return torch.tensor([i not in gone for i in range(len(flat))]).reshape(draws.shape)


def spread_by_power(n, probability):
    return (n * probability * (1 - probability)) ** 0.5 / n


def filters_by_loop(draws, weight, sparsity):
    answers = exact_by_loop(draws, sparsity)
    return torch.stack([torch.full_like(row, bool(kept)).bool() for row, kept in
                        zip(weight, answers, strict=True)])  # fmt: skip


def interval_by_statistics(a, b, t):
    differences = [x - y for x, y in zip(a, b, strict=True)]
    mean = statistics.mean(differences)
    half = t * statistics.stdev(differences) / len(differences) ** 0.5
    return [mean - half, mean + half]


RIGHT_ANSWERS = {
    "4.1": (bernoulli_by_not,),
    "4.2": (exact_by_loop,),
    "4.3": (spread_by_power,),
    "4.4": (interval_by_statistics,),
    "4.5": (filters_by_loop,),
}
