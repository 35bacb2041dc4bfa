"""Wrong answers to the exercises of lesson 04, each with words that its verdict must hold."""

import copy
import math
import statistics

import numpy as np
import torch


def mask_of_those_dropped(draws, probability):
    return torch.le(draws, probability)


def strictly_above(draws, probability):
    return torch.gt(draws, probability)


def new_lots(draws, probability):
    return torch.rand_like(draws) >= probability


def new_lots_in_numpy(draws, probability):
    return torch.tensor(np.random.rand(draws.numel()) >= probability).reshape(draws.shape)


def coins(draws, probability):
    return torch.bernoulli(torch.full_like(draws, 1 - probability)) == 1


def draws_for_chances(draws, probability):
    return torch.bernoulli(draws) > 0


def half_of_them(draws, probability):
    return draws >= 0.5


def share_of_the_draws(draws, probability):
    return draws >= torch.quantile(draws, probability)


def zeros_of_a_product(draws, probability):
    kept = torch.where(draws < probability, torch.zeros_like(draws), draws)
    return kept != 0


def not_of_a_tensor(draws, probability):
    return not draws < probability


def per_cent(draws, probability):
    return 100 * draws >= probability


def flat_list_of_answers(draws, probability):
    return torch.tensor([draw >= probability for draw in draws.flatten().tolist()])


def _pruned(draws, order, count):
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    mask[order[:count]] = False
    return mask.view(draws.shape)


def plain_sort(draws, sparsity):
    order = draws.flatten().sort().indices
    return _pruned(draws, order, round(draws.numel() * sparsity))


def largest_first(draws, sparsity):
    order = draws.flatten().sort(descending=True, stable=True).indices
    return _pruned(draws, order, round(draws.numel() * sparsity))


def end_of_the_order(draws, sparsity):
    order = draws.flatten().argsort(stable=True).tolist()
    gone = set(order[len(order) - round(len(order) * sparsity) :])
    return torch.tensor([i not in gone for i in range(len(order))]).view(draws.shape)


def place_in_the_order(draws, sparsity):
    rank = np.argsort(draws.flatten().numpy(), kind="stable")
    return torch.from_numpy(rank >= round(sparsity * rank.size)).reshape(draws.shape)


def permutation(draws, sparsity):
    order = torch.randperm(draws.numel())
    return _pruned(draws, order, round(draws.numel() * sparsity))


def shuffled_answers(draws, sparsity):
    answers = torch.arange(draws.numel()) >= round(draws.numel() * sparsity)
    return answers[torch.randperm(draws.numel())].reshape(draws.shape)


def kth_smallest(draws, sparsity):
    count = round(draws.numel() * sparsity)
    return draws > (draws.flatten().kthvalue(count).values if count else -1)


def kth_smallest_unguarded(draws, sparsity):
    return draws > draws.flatten().kthvalue(round(draws.numel() * sparsity)).values


def first_that_stays(draws, sparsity):
    return draws >= draws.flatten().sort().values[round(draws.numel() * sparsity)]


def smallest_of_topk(draws, sparsity):
    smallest = draws.flatten().topk(round(draws.numel() * sparsity), largest=False)
    return _pruned(draws, smallest.indices, draws.numel())


def rows_counted(draws, sparsity):
    order = draws.flatten().argsort(stable=True)
    return _pruned(draws, order, round(len(draws) * sparsity))


def at_least_one_goes(draws, sparsity):
    order = draws.flatten().argsort(stable=True)
    return _pruned(draws, order, max(round(draws.numel() * sparsity), 1))


def count_rounded_up(draws, sparsity):
    order = draws.flatten().argsort(stable=True)
    return _pruned(draws, order, -int(-draws.numel() * sparsity // 1))


def half_rounded_up(draws, sparsity):
    order = draws.flatten().argsort(stable=True)
    return _pruned(draws, order, math.floor(draws.numel() * sparsity + 0.5))


def indices_of_rows(draws, sparsity):
    mask = torch.ones_like(draws).bool()
    mask[draws.argsort(stable=True)[: round(draws.numel() * sparsity)]] = False
    return mask


def last_ones_kept(draws, sparsity):
    keep = draws.numel() - round(draws.numel() * sparsity)
    mask = torch.zeros(draws.numel(), dtype=torch.bool)
    mask[draws.flatten().argsort(stable=True)[-keep:]] = True
    return mask.view_as(draws)


def root_then_n(n, probability):
    return (probability * (1 - probability)) ** 0.5 / n


def no_n_at_all(n, probability):
    return (probability - probability**2) ** 0.5


def in_points(n, probability):
    return 100 * (probability * (1 - probability) / n) ** 0.5


def thousand_masks(n, probability):
    counts = torch.distributions.Binomial(n, probability).sample((1000,))
    return (counts / n).std().item()


def masks_that_are_drawn(n, probability):
    masks = torch.rand(500, n) >= probability
    return (1 - masks.float().mean(dim=1)).std()


def masks_of_one_generator(n, probability):
    lots = np.random.default_rng(7).random((10, n))
    return (lots < probability).mean(1).std()


def only_those_that_stay(n, probability):
    return ((1 - probability) / n) ** 0.5


def half_of_an_interval(n, probability):
    return 1.96 * (probability * (1 - probability) / n) ** 0.5


def variance_of_the_number(n, probability):
    return n * probability - n * probability**2


def coefficient_of_variation(n, probability):
    return (n * probability * (1 - probability)) ** 0.5 / (n * probability)


def no_parentheses(n, probability):
    return math.sqrt(probability * 1 - probability / n)


def whole_division(n, probability):
    return math.sqrt(probability * (1 - probability) // n)


def mean_and_half(a, b, t):
    d = [x - y for x, y in zip(a, b, strict=True)]
    return statistics.fmean(d), t * statistics.stdev(d) / len(d) ** 0.5


def _interval(d, half):
    return [statistics.fmean(d) - half, statistics.fmean(d) + half]


def normal_instead_of_t(a, b, t):
    d = np.subtract(a, b)
    return _interval(d, 1.96 * d.std(ddof=1) / len(d) ** 0.5)


def numpy_std(a, b, t):
    d = np.subtract(a, b)
    return _interval(d, t * d.std() / len(d) ** 0.5)


def variance_for_deviation(a, b, t):
    d = np.subtract(a, b)
    return _interval(d, t * d.var(ddof=1) / len(d) ** 0.5)


def one_less_under_the_root(a, b, t):
    d = np.subtract(a, b)
    return _interval(d, t * d.std(ddof=1) / (len(d) - 1) ** 0.5)


def high_then_low(a, b, t):
    d = np.subtract(a, b)
    half = t * d.std(ddof=1) / len(d) ** 0.5
    return d.mean() + half, d.mean() - half


def lists_subtracted(a, b, t):
    d = a - b
    return min(d), max(d)


def both_sorted_first(a, b, t):
    d = np.sort(a) - np.sort(b)
    return _interval(d, t * d.std(ddof=1) / len(d) ** 0.5)


def sizes_of_the_differences(a, b, t):
    d = [abs(x - y) for x, y in zip(a, b, strict=True)]
    return _interval(d, t * statistics.stdev(d) / len(d) ** 0.5)


def spread_of_one_list(a, b, t):
    d = np.subtract(a, b)
    return _interval(d, t * np.std(a, ddof=1) / len(d) ** 0.5)


def spreads_of_both(a, b, t):
    d = np.subtract(a, b)
    return _interval(d, t * np.hypot(np.std(a, ddof=1), np.std(b, ddof=1)) / len(d) ** 0.5)


def extremes(a, b, t):
    d = np.subtract(a, b)
    return d.min(), d.max()


def quantiles_of_the_seeds(a, b, t):
    return tuple(np.percentile(np.subtract(a, b), (2.5, 97.5)))


def all_against_all(a, b, t):
    d = [x - y for x in a for y in b]
    return _interval(d, t * statistics.stdev(d) / len(a) ** 0.5)


def three_seeds_for_ever(a, b, t):
    d = np.subtract(a, b)
    return _interval(d, t * d.std(ddof=1) / 3**0.5)


def _mean(values):
    return sum(values) / len(values)


def dense_nets_used_up(nets, methods, rates, epochs, train, accuracy):
    read = {}
    for number, method in enumerate(methods):
        best = -math.inf
        for rate in rates:
            for seed in nets:
                train(nets[seed], epochs - method(nets[seed]), rate, seed)
            validation = _mean([accuracy(net, "validation") for net in nets.values()])
            if validation > best:
                best, read[number] = validation, copy.deepcopy(nets)
    return [accuracy(read[0][seed], "test") - accuracy(read[1][seed], "test") for seed in nets]


def _tuned(nets, method, rates, epochs, train, accuracy):
    """Every rate from a fresh copy; the pairs (mean of validation, nets)."""
    tried = []
    for rate in rates:
        copies = copy.deepcopy(nets)
        for seed, net in copies.items():
            train(net, epochs - method(net), rate, seed)
        tried.append((_mean([accuracy(net, "validation") for net in copies.values()]), copies))
    return tried


def shallow_copies(nets, methods, rates, epochs, train, accuracy):
    chosen = []
    for method in methods:
        tried = []
        for rate in rates:
            copies = {seed: copy.copy(net) for seed, net in nets.items()}
            for seed, net in copies.items():
                train(net, epochs - method(net), rate, seed)
            tried.append(([accuracy(net, "validation") for net in copies.values()], copies))
        chosen.append(max(tried, key=lambda pair: sum(pair[0]))[1])
    return [accuracy(chosen[0][s], "test") - accuracy(chosen[1][s], "test") for s in nets]


def as_many_epochs_after_the_cut(nets, methods, rates, epochs, train, accuracy):
    chosen = []
    for method in methods:
        tried = []
        for rate in rates:
            copies = {seed: copy.deepcopy(net) for seed, net in nets.items()}
            for seed, net in copies.items():
                method(net)
                train(net, epochs, rate, seed)
            tried.append((sum(accuracy(net, "validation") for net in copies.values()), copies))
        chosen.append(max(tried, key=lambda pair: pair[0])[1])
    return [accuracy(chosen[0][s], "test") - accuracy(chosen[1][s], "test") for s in nets]


def tuned_on_the_first_only(nets, methods, rates, epochs, train, accuracy):
    tools = epochs, train, accuracy
    tried = _tuned(nets, methods[0], rates, *tools)
    best = max(range(len(rates)), key=lambda i: tried[i][0])
    first, second = tried[best][1], _tuned(nets, methods[1], [rates[best]], *tools)[0][1]
    return [accuracy(first[seed], "test") - accuracy(second[seed], "test") for seed in nets]


def no_tuning(nets, methods, rates, epochs, train, accuracy):
    first, second = (
        _tuned(nets, method, rates[:1], epochs, train, accuracy)[0][1] for method in methods
    )
    return [accuracy(first[seed], "test") - accuracy(second[seed], "test") for seed in nets]


def tuned_on_the_test_part(nets, methods, rates, epochs, train, accuracy):
    results = []
    for method in methods:
        tried = _tuned(nets, method, rates, epochs, train, accuracy)
        read = [[accuracy(net, "test") for net in copies.values()] for _, copies in tried]
        results.append(max(read, key=_mean))
    return [a - b for a, b in zip(*results, strict=True)]


def tested_every_time(nets, methods, rates, epochs, train, accuracy):
    results = []
    for method in methods:
        rows = []
        for validation, copies in _tuned(nets, method, rates, epochs, train, accuracy):
            rows.append((validation, [accuracy(net, "test") for net in copies.values()]))
        results.append(max(rows)[1])
    return [a - b for a, b in zip(*results, strict=True)]


def reported_where_chosen(nets, methods, rates, epochs, train, accuracy):
    first, second = (
        max(_tuned(nets, method, rates, epochs, train, accuracy), key=lambda pair: pair[0])[1]
        for method in methods
    )
    part = "validation"
    return [accuracy(first[seed], part) - accuracy(second[seed], part) for seed in nets]


def best_rate_a_seed(nets, methods, rates, epochs, train, accuracy):
    results = []
    for method in methods:
        tried = [copies for _, copies in _tuned(nets, method, rates, epochs, train, accuracy)]
        picked = [
            max((copies[seed] for copies in tried), key=lambda net: accuracy(net, "validation"))
            for seed in nets
        ]
        results.append([accuracy(net, "test") for net in picked])
    return [a - b for a, b in zip(*results, strict=True)]


def seed_0_for_the_batches(nets, methods, rates, epochs, train, accuracy):
    def always_0(net, epochs, rate, seed):
        train(net, epochs, rate, 0)

    first, second = (
        max(_tuned(nets, method, rates, epochs, always_0, accuracy), key=lambda pair: pair[0])[1]
        for method in methods
    )
    return [accuracy(first[seed], "test") - accuracy(second[seed], "test") for seed in nets]


def the_mean_difference(nets, methods, rates, epochs, train, accuracy):
    first, second = (
        max(_tuned(nets, method, rates, epochs, train, accuracy), key=lambda pair: pair[0])[1]
        for method in methods
    )
    return _mean([accuracy(first[seed], "test") - accuracy(second[seed], "test") for seed in nets])


def other_parts_of_the_data(nets, methods, rates, epochs, train, accuracy):
    return [accuracy(net, "val") - accuracy(net, "val") for net in nets.values()]


def largest_filters_first(draws, weight, sparsity):
    mask = torch.ones(weight.shape, dtype=torch.bool)
    gone = sorted(range(len(draws)), key=lambda i: -draws[i].item())
    for i in gone[: round(sparsity * len(gone))]:
        mask[i] = False
    return mask


def answers_as_a_row(draws, weight, sparsity):
    rank = torch.empty(len(draws), dtype=torch.long)
    rank[draws.argsort(stable=True)] = torch.arange(len(draws))
    keep = rank >= round(sparsity * len(draws))
    shape = [1] * weight.dim()
    shape[1] = -1
    return keep.reshape(shape).expand(weight.shape)


def a_permutation(draws, weight, sparsity):
    mask = torch.ones_like(weight).bool()
    mask[torch.randperm(len(draws))[: round(sparsity * len(draws))]] = False
    return mask


def weights_multiplied(draws, weight, sparsity):
    return weight * filters_kept(draws, sparsity).view(-1, *[1] * (weight.dim() - 1))


def filters_kept(draws, sparsity):
    keep = torch.ones(len(draws), dtype=torch.bool)
    keep[draws.argsort(stable=True)[: round(sparsity * len(draws))]] = False
    return keep


def by_threshold_of_filters(draws, weight, sparsity):
    return (draws >= sparsity).view(-1, *[1] * (weight.dim() - 1)).expand_as(weight).clone()


WRONG_ANSWERS = {
    "4.1": [
        (mask_of_those_dropped, "at most the probability"),
        (strictly_above, "is not *below* it"),
        (new_lots, "You draw new numbers with torch.rand"),
        (new_lots_in_numpy, "You draw new numbers with NumPy"),
        (coins, "torch.bernoulli tosses coins of its own"),
        (draws_for_chances, "takes the draws for probabilities"),
        (half_of_them, "with 0.5 whatever"),
        (share_of_the_draws, "A quantile of the draws"),
        (zeros_of_a_product, "which draws are not 0"),
        (not_of_a_tensor, "turn a mask round with ~"),
        (per_cent, "It is a fraction already"),
        (flat_list_of_answers, "but laid flat"),
    ],
    "4.2": [
        (plain_sort, "only with stable=True"),
        (largest_first, "the *largest* draws"),
        (end_of_the_order, "from the end of the order"),
        (place_in_the_order, "argsort does not give each weight its rank"),
        (permutation, "torch.randperm"),
        (shuffled_answers, "Does it draw random numbers"),
        (kth_smallest, "all weights of equal draws go together"),
        (kth_smallest_unguarded, "no k-th smallest draw"),
        (first_that_stays, "all weights of equal draws stay together"),
        (smallest_of_topk, "Among equal draws topk picks any"),
        (rows_counted, "counts its rows"),
        (at_least_one_goes, "You always prune at least one"),
        (count_rounded_up, "You round the count up"),
        (half_rounded_up, "You round halves up"),
        (indices_of_rows, "sorts each row for itself"),
        (last_ones_kept, "order[-0:] is order[0:]"),
    ],
    "4.3": [
        (root_then_n, "n stands outside of your root"),
        (no_n_at_all, "n is missing"),
        (in_points, "You give points of a per cent"),
        (thousand_masks, "a formula gives exactly 1/2"),
        (masks_that_are_drawn, "A formula is asked for, not an experiment"),
        (masks_of_one_generator, "A formula is asked for, not an experiment"),
        (only_those_that_stay, "The factor p is missing"),
        (half_of_an_interval, "You multiply by 1.96"),
        (variance_of_the_number, "the variance of the *count*"),
        (coefficient_of_variation, "relative to the mean"),
        (no_parentheses, "Parentheses are missing"),
        (whole_division, "You divide with //"),
    ],
    "4.4": [
        (mean_and_half, "Both *ends* are asked for"),
        (normal_instead_of_t, "You take 1.96 for t"),
        (numpy_std, "divide by n − 1"),
        (variance_for_deviation, "You take the variance"),
        (one_less_under_the_root, "The root is of n − 1"),
        (high_then_low, "(low, high)"),
        (lists_subtracted, "Lists cannot be subtracted"),
        (both_sorted_first, "the pairs are broken"),
        (sizes_of_the_differences, "the sizes of the differences"),
        (spread_of_one_list, "You take the spread of a"),
        (spreads_of_both, "as if they came from different seeds"),
        (extremes, "the smallest and the largest difference"),
        (quantiles_of_the_seeds, "You return quantiles"),
        (all_against_all, "A pair is of one seed: the first of a"),
        (three_seeds_for_ever, "You divide by √3 in every case"),
    ],
    "4.5": [
        (largest_filters_first, "the *largest* draws"),
        (answers_as_a_row, "along the columns"),
        (a_permutation, "Does it draw random numbers"),
        (weights_multiplied, "float32 where bool"),
        (by_threshold_of_filters, "the count varies"),
    ],
    "4.6": [
        (dense_nets_used_up, "It changes nets in place"),
        (shallow_copies, "share one net a seed"),
        (as_many_epochs_after_the_cut, "the longer training"),
        (tuned_on_the_first_only, "which has had no choice of its own"),
        (no_tuning, "You take the first rate for both"),
        (tuned_on_the_test_part, "What is chosen there looks better than it is"),
        (tested_every_time, "test the chosen nets only"),
        (reported_where_chosen, "You report the validation part"),
        (best_rate_a_seed, "You choose a rate for each seed"),
        (seed_0_for_the_batches, "one single draw"),
        (the_mean_difference, "You return the mean alone"),
        (other_parts_of_the_data, "The two parts are called"),
    ],
}
