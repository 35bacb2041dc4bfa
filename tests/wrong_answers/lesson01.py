"""Wrong answers to the exercises of lesson 01, each with words that its verdict must hold."""

import math
import statistics

import torch

# 1.1 ----------------------------------------------------------------------------------------------


def filled_at_the_mask(weight, mask):
    return weight.clone().masked_fill(mask, 0.0)


def second_name(weight, mask):
    pruned = weight
    pruned[~mask] = 0
    return pruned


def without_the_zeros(weight, mask):
    return torch.masked_select(weight, mask)


def logical_and(weight, mask):
    return weight & mask


def one_minus(weight, mask):
    return weight * (1 - mask)


def dot_product(weight, mask):
    return weight @ mask


def at_the_kept_places(weight, mask):
    return mask * weight[mask]


def sizes_only(weight, mask):
    return torch.where(mask, weight.abs(), 0.0)


def on_views(weight, mask):
    return (weight.view(-1) * mask.view(-1)).view(weight.shape)


def single_precision(weight, mask):
    return weight.float() * mask.float()


def truth_of_the_mask(weight, mask):
    return weight if mask.all() else torch.zeros_like(weight)


def unmasked(weight, mask):
    return weight.clone()


# 1.2 ----------------------------------------------------------------------------------------------


def nearly_zero(weights):
    flat = torch.cat([w.reshape(-1) for w in weights])
    return torch.isclose(flat, torch.tensor(0.0)).float().mean().item()


def rows_for_numbers(weights):
    zeros, total = 0, 0
    for weight in weights:
        zeros += (weight == 0).sum().item()
        total += weight.shape[0]
    return zeros / total


def mean_by_layer(weights):
    return statistics.mean([float((w == 0).sum()) / w.numel() for w in weights])


def returns_too_early(weights):
    zeros = total = 0
    for weight in weights:
        zeros += int((weight == 0).sum())
        total += weight.numel()
        return zeros / total


def overwrites(weights):
    for weight in weights:
        zeros = int((weight == 0).sum())
        total = weight.numel()
    return zeros / total


def left_over_all(weights):
    return sum(torch.count_nonzero(w).item() for w in weights) / sum(map(torch.numel, weights))


def whole_division(weights):
    return sum(int((w == 0).sum()) for w in weights) // sum(w.numel() for w in weights)


def zeros_to_nonzeros(weights):
    zeros = sum(int((w == 0).sum()) for w in weights)
    return zeros / sum(int((w != 0).sum()) for w in weights)


def through_the_number_of_layers(weights):
    return sum(int((w == 0).sum()) for w in weights) / len(weights)


def indices_subtracted(weights):
    total = sum(w.numel() for w in weights)
    return (total - sum(w.nonzero().numel() for w in weights)) / total


def laid_end_to_end(weights):
    return (torch.cat(weights) == 0).float().mean().item()


def two_digits(weights):
    zeros = sum(int((w == 0).sum()) for w in weights)
    return round(zeros / sum(w.numel() for w in weights), 2)


# 1.3 ----------------------------------------------------------------------------------------------


def taken_off(amounts):
    left = 1
    for amount in amounts:
        left -= amount
    return 1 - left


def first_amount_each_round(amounts):
    return 1 - (1 - amounts[0]) ** len(amounts)


def mean_amount_each_round(amounts):
    mean = sum(amounts) / len(amounts)
    return 1 - (1 - mean) ** len(amounts)


def only_the_last(amounts):
    density = 1.0
    for amount in amounts:
        density = 1 - amount
    return 1 - density


def return_in_the_loop(amounts):
    density = 1
    for amount in amounts:
        density *= 1 - amount
        return 1 - density


def amounts_left(amounts):
    density = 1.0
    for amount in amounts:
        density *= amount
    return 1 - density


def growing(amounts):
    result = 1.0
    for amount in amounts:
        result *= 1 + amount
    return result - 1


def in_per_cent(amounts):
    return 100 - 100 * math.prod(1 - a for a in amounts)


def overlap_of_two(amounts):
    return sum(amounts) - math.prod(amounts)


def two_rounds_only(amounts):
    first, second = amounts
    return first + second - first * second


def by_logarithms(amounts):
    return 1 - math.exp(sum(math.log(1 - a) for a in amounts))


def sparsity_grows_itself(amounts):
    sparsity = 0.0
    for amount in amounts:
        sparsity += sparsity * amount
    return sparsity


def without_repeats(amounts):
    return 1 - math.prod(1 - amount for amount in {*amounts})


def mean_of_amounts(amounts):
    return statistics.fmean(amounts) if amounts else 0.0


# 1.4 ----------------------------------------------------------------------------------------------


def integer_root(total, rounds):
    kept = (1 - total) ** (1 // rounds)
    return 1 - kept


def no_parentheses(total, rounds):
    return 1 - (1 - total) ** 1 / rounds


def one_minus_root_of_total(total, rounds):
    return 1 - math.pow(total, 1 / rounds)


def always_square_root(total, rounds):
    return 1 - math.sqrt(1 - total)


def logarithm(total, rounds):
    return 1 - math.exp(math.log(1 - total) / rounds)


def caret(total, rounds):
    return 1 - (1 - total) ^ (1 / rounds)


def one_round_fewer(total, rounds):
    return 1 - (1 - total) ** (1 / (rounds - 1))


def percents(total, rounds):
    return 100 * (1 - (1 - total) ** (1 / rounds))


def list_of_amounts(total, rounds):
    return [1 - (1 - total) ** (1 / rounds)] * rounds


def left_shared_out(total, rounds):
    return (1 - total) / rounds


def total_to_the_power(total, rounds):
    return total**rounds


# 1.5 ----------------------------------------------------------------------------------------------


def mean_over_samples(x, mask, grad_y):
    return mask * torch.einsum("bo,bi->boi", grad_y, x).mean(0)


def overwritten_by_the_last(x, mask, grad_y):
    for sample, gradient in zip(x, grad_y, strict=True):
        result = torch.outer(gradient, sample) * mask
    return result


def first_sample(x, mask, grad_y):
    return mask * torch.outer(grad_y[0], x[0])


def wrong_order(x, mask, grad_y):
    return mask * (grad_y @ x)


def turned(x, mask, grad_y):
    return (x.T @ grad_y) * mask.T


def turned_but_not_the_mask(x, mask, grad_y):
    return (x.T @ grad_y) * mask


def kept_ones_picked(x, mask, grad_y):
    return (grad_y.T @ x)[mask]


def by_autograd_of_the_sum(x, mask, grad_y):
    weight = torch.ones(mask.shape, requires_grad=True)
    (x @ (weight * mask).T).sum().backward()
    return weight.grad


def of_the_input(x, mask, grad_y):
    return grad_y @ mask.float()


def a_step(x, mask, grad_y):
    return -(grad_y.T @ x) * mask


def each_sample(x, mask, grad_y):
    return grad_y[:, :, None] * x[:, None, :] * mask


def pruned_ones(x, mask, grad_y):
    return (grad_y.T @ x).masked_fill(mask, 0)


def effective(x, mask, grad_y):
    return torch.einsum("bi,bo->oi", x, grad_y)


def sums_first(x, mask, grad_y):
    return grad_y.sum(0).unsqueeze(1) * x.sum(0).unsqueeze(0) * mask


# 1.6 ----------------------------------------------------------------------------------------------


def _bytes(dense=None, coo=None, csr=None, bitmask=None, count=None):
    """An answer that takes the given ones of its four formulas, in n, z, rows and columns."""

    def storage_bytes(weight):
        n, (rows, columns) = weight.numel(), weight.shape
        z = count(weight) if count else int(weight.count_nonzero())
        return {
            "dense": dense(n, z) if dense else n * 4,
            "coo": coo(n, z) if coo else z * 20,
            "csr": csr(n, z, rows, columns) if csr else z * 12 + 8 * rows + 8,
            "bitmask": bitmask(n, z) if bitmask else z * 4 + -(-n // 8),
        }

    return storage_bytes


# 1.7 ----------------------------------------------------------------------------------------------


def _sparsities(coo=lambda n: 0.8, csr=None, bitmask=lambda n: 1 / 32, last=lambda s: s):
    """An answer that takes the given ones of its three formulas."""

    def break_even(rows, columns):
        n = rows * columns
        at = csr(n, rows, columns) if csr else 1 - (4 * n - 8 * (rows + 1)) / (12 * n)
        found = {"coo": coo(n), "csr": at, "bitmask": bitmask(n)}
        return {name: last(value) for name, value in found.items()}

    return break_even


def weights_left(rows, columns):
    n = rows * columns
    left = {"coo": n / 5, "csr": (4 * n - 8 * (rows + 1)) / 12, "bitmask": 31 * n / 32}
    return left


def zeros_needed(rows, columns):
    n = rows * columns
    left = {"coo": n / 5, "csr": (4 * n - 8 * (rows + 1)) / 12, "bitmask": 31 * n / 32}
    return {name: n - each for name, each in left.items()}


def whole_weights(rows, columns):
    n = rows * columns
    left = {"coo": 4 * n // 20, "csr": (4 * n - 8 * (rows + 1)) // 12, "bitmask": 31 * n // 32}
    return {name: 1 - each / n for name, each in left.items()}


WRONG_ANSWERS = {
    "1.1": [
        (filled_at_the_mask, "the other way round"),
        (second_name, "a second name for the same tensor"),
        (without_the_zeros, "their places in the layer are lost"),
        (logical_and, "joins truths"),
        (one_minus, "~mask"),
        (dot_product, "matrix product"),
        (at_the_kept_places, "fewer numbers than the mask"),
        (sizes_only, "lost their signs"),
        (on_views, ".reshape"),
        (single_precision, "float32 where float64 is expected"),
        (truth_of_the_mask, "for each weight"),
        (unmasked, "The mask does nothing"),
    ],
    "1.2": [
        (nearly_zero, "only close to zero"),
        (rows_for_numbers, "number of *rows*"),
        (mean_by_layer, "average the layers' sparsities"),
        (returns_too_early, "first layer only"),
        (overwrites, "last layer only"),
        (left_over_all, "*density*"),
        (whole_division, "// cuts"),
        (zeros_to_nonzeros, "by the weights that are left"),
        (through_the_number_of_layers, "number of layers"),
        (indices_subtracted, "two numbers for one element"),
        (laid_end_to_end, "Flatten"),
        (two_digits, "round"),
    ],
    "1.3": [
        (taken_off, "add the amounts up"),
        (first_amount_each_round, "the first amount in every round"),
        (mean_amount_each_round, "the mean amount"),
        (only_the_last, "last round only"),
        (return_in_the_loop, "first round only"),
        (amounts_left, "1 − amount"),
        (growing, "grow"),
        (in_per_cent, "percent"),
        (overlap_of_two, "for two rounds"),
        (two_rounds_only, "any number of rounds"),
        (by_logarithms, "log(0)"),
        (sparsity_grows_itself, "stays at 0"),
        (without_repeats, "Each round counts"),
        (mean_of_amounts, "the mean amount"),
    ],
    "1.4": [
        (integer_root, "//"),
        (no_parentheses, "binds tighter"),
        (one_minus_root_of_total, "root of what is *pruned*"),
        (always_square_root, "square root"),
        (logarithm, "log(0)"),
        (caret, "**"),
        (one_round_fewer, "`rounds` rounds"),
        (percents, "percent"),
        (list_of_amounts, "one number"),
        (left_shared_out, "share what is left"),
        (total_to_the_power, "power"),
    ],
    "1.5": [
        (mean_over_samples, "divide by the batch size"),
        (overwritten_by_the_last, "last sample only"),
        (first_sample, "first sample only"),
        (wrong_order, "grad_y is (batch, out)"),
        (turned, "transposed"),
        (turned_but_not_the_mask, "must have the mask's shape"),
        (kept_ones_picked, "picked out"),
        (by_autograd_of_the_sum, "does not look at grad_y"),
        (of_the_input, "gradient of x"),
        (a_step, "minus"),
        (each_sample, "add up over the samples"),
        (pruned_ones, "flows into the pruned weights"),
        (effective, "*effective* weight"),
        (sums_first, "multiply first"),
    ],
    "1.6": [
        (_bytes(bitmask=lambda n, z: round(4 * z + n / 8)), "Round up"),
        (_bytes(bitmask=lambda n, z: 4 * z + n // 8 + 1), "one byte too many"),
        (_bytes(bitmask=lambda n, z: 4 * z + n / 8), "whole bytes"),
        (_bytes(bitmask=lambda n, z: 4 * z + n), "a byte a position"),
        (_bytes(bitmask=lambda n, z: (n + 7) // 8), "only the bits"),
        (_bytes(bitmask=lambda n, z: 4 * n + -(-n // 8)), "leaves the zeros out"),
        (_bytes(csr=lambda n, z, r, c: 12 * z + 8 * (c + 1)), "where each *row* begins"),
        (_bytes(csr=lambda n, z, r, c: 12 * z + 8 * r), "rows + 1"),
        (_bytes(csr=lambda n, z, r, c: 12 * z), "where each row begins"),
        (_bytes(csr=lambda n, z, r, c: 20 * z + 8 * (r + 1)), "the row of each weight"),
        (
            _bytes(coo=lambda n, z: 12 * z, csr=lambda n, z, r, c: 8 * z + 4 * (r + 1)),
            "8 bytes each",
        ),
        (_bytes(coo=lambda n, z: 12 * z), "two indices"),
        (_bytes(count=lambda w: w.nonzero().numel()), "two numbers for one"),
        (_bytes(count=lambda w: int((w > 0).sum())), "negative"),
        (_bytes(count=lambda w: int((w.abs() > 1e-6).sum())), "close to zero"),
        (_bytes(count=lambda w: int((w == 0).sum())), "count the zeros"),
        (_bytes(count=lambda w: w.numel()), "leaves the zeros out"),
        (_bytes(dense=lambda n, z: 4 * z), "Dense stores every number"),
        (_bytes(csr=lambda n, z, r, c: 20 * z), "Your CSR is COO"),
        (_bytes(csr=lambda n, z, r, c: 12 * z + 4 * (r + 1)), "pointers have 4 bytes"),
        (_bytes(bitmask=lambda n, z: 4 * z + -(-z // 8)), "one for each position"),
    ],
    "1.7": [
        (_sparsities(last=lambda s: 100 * s), "percent"),
        (_sparsities(last=lambda s: 1 - s), "densities"),
        (_sparsities(csr=lambda n, r, c: 1 - (4 * n - 8 * (c + 1)) / 12 / n), "row pointers"),
        (_sparsities(csr=lambda n, r, c: 1 - (4 * n - 8 * r) / 12 / n), "rows + 1"),
        (_sparsities(csr=lambda n, r, c: 2 / 3), "leaves out the row pointers"),
        (_sparsities(bitmask=lambda n: math.ceil(n / 8) / (4 * n)), "without rounding"),
        (_sparsities(bitmask=lambda n: 0.25), "a byte a position"),
        (_sparsities(coo=lambda n: 2 / 3), "20 bytes a weight"),
        (_sparsities(coo=lambda n: 2 / 3, csr=lambda n, r, c: 0.5 + (r + 1) / 2 / n), "8 bytes"),
        (weights_left, "number of weights"),
        (zeros_needed, "number of zeros"),
        (whole_weights, "whole weights"),
    ],
}
