"""Wrong answers to the exercises of lesson 04, each with words that its verdict must hold."""

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
}
