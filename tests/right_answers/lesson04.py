"""Right answers to the exercises of lesson 04, written differently from the reference."""

import copy
import statistics

import numpy as np
import torch


def bernoulli_by_not(draws, probability):
    return ~(draws < probability)


def bernoulli_by_loop(draws, probability):
    kept = torch.empty(draws.shape, dtype=torch.bool)
    for place in np.ndindex(*draws.shape):
        kept[place] = draws[place].item() >= probability
    return kept


def bernoulli_by_where(draws, probability):
    return torch.where(draws < probability, False, True)


def exact_by_two_sorts(draws, sparsity):
    ranks = draws.flatten().argsort(stable=True).argsort()
    return (ranks >= round(sparsity * ranks.numel())).reshape(draws.shape)


def exact_in_numpy(draws, sparsity):
    order = np.argsort(draws.numpy(), axis=None, kind="stable")
    mask = np.ones(order.size, dtype=bool)
    mask[order[: round(sparsity * order.size)]] = False
    return torch.from_numpy(mask.reshape(draws.shape))


def exact_by_loop(draws, sparsity):
    flat = draws.flatten().tolist()
    order = sorted(range(len(flat)), key=flat.__getitem__)
    gone = set(order[: round(sparsity * len(flat))])
    return torch.tensor([i not in gone for i in range(len(flat))]).reshape(draws.shape)


def spread_by_power(n, probability):
    return (n * probability * (1 - probability)) ** 0.5 / n


def spread_as_tensor(n, probability):
    p = torch.tensor(probability, dtype=torch.float64)
    return torch.sqrt(p * (1 - p) / n)


def spread_of_torch(n, probability):
    p = torch.tensor(probability, dtype=torch.float64)
    return torch.distributions.Binomial(n, p).stddev / n


def comparison_in_two_passes(nets, methods, rates, epochs, train, accuracy):
    def run(cut, rate, seed):
        net = copy.deepcopy(nets[seed])
        train(net, epochs - cut(net), rate, seed)
        return net

    def read(part, cut, rate):
        return np.array([accuracy(run(cut, rate, seed), part) for seed in nets])

    rate_of = [max(rates, key=lambda r, cut=c: read("validation", cut, r).mean()) for c in methods]
    first, second = (read("test", cut, rate) for cut, rate in zip(methods, rate_of, strict=True))
    return first - second


def comparison_seed_by_seed(nets, methods, rates, epochs, train, accuracy):
    copies = {}
    for seed in nets:
        for rate in rates:
            for number, cut in enumerate(methods):
                net = copies[number, rate, seed] = copy.deepcopy(nets[seed])
                train(net=net, epochs=epochs - cut(net), rate=rate, seed=seed)

    def score(number, rate):
        return statistics.mean(accuracy(copies[number, rate, seed], "validation") for seed in nets)

    a, b = (max((score(number, rate), rate) for rate in rates)[1] for number in (0, 1))
    return tuple(
        accuracy(copies[0, a, seed], "test") - accuracy(copies[1, b, seed], "test") for seed in nets
    )


def filters_by_loop(draws, weight, sparsity):
    answers = exact_by_loop(draws, sparsity)
    return torch.stack([torch.full_like(row, bool(kept)).bool() for row, kept in
                        zip(weight, answers, strict=True)])  # fmt: skip


def interval_by_statistics(a, b, t):
    differences = [x - y for x, y in zip(a, b, strict=True)]
    mean = statistics.mean(differences)
    half = t * statistics.stdev(differences) / len(differences) ** 0.5
    return [mean - half, mean + half]


def interval_as_tensor(a, b, t):
    differences = torch.tensor(a, dtype=torch.float64) - torch.tensor(b)
    error = differences.var().div(len(a)).sqrt()
    return differences.mean() + t * error * torch.tensor([-1, 1])


def interval_as_array(a, b, t):
    differences = np.asarray(a) - np.asarray(b)
    return differences.mean() + np.array([-t, t]) * differences.std(ddof=1) / np.sqrt(len(a))


RIGHT_ANSWERS = {
    "4.1": (bernoulli_by_not, bernoulli_by_loop, bernoulli_by_where),
    "4.2": (exact_by_loop, exact_by_two_sorts, exact_in_numpy),
    "4.3": (spread_by_power, spread_as_tensor, spread_of_torch),
    "4.4": (interval_by_statistics, interval_as_tensor, interval_as_array),
    "4.5": (filters_by_loop,),
    "4.6": (comparison_in_two_passes, comparison_seed_by_seed),
}
