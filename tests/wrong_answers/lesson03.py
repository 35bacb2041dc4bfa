"""Wrong answers to the exercises of lesson 03, each with words that its verdict must hold."""

import copy
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


def the_four_usual_names(conv, batchnorm, following, keep):
    new = {}
    for name in ("weight", "bias", "running_mean", "running_var"):
        new[name] = batchnorm[name][keep]
    return conv[keep], new, following[:, keep]


def only_running_statistics(conv, batchnorm, following, keep):
    new = dict(batchnorm)
    new.update({name: v[keep] for name, v in batchnorm.items() if name.startswith("running_")})
    return conv[keep], new, following[:, keep]


def inputs_of_the_first_conv(conv, batchnorm, following, keep):
    new = {name: v[keep] for name, v in batchnorm.items()}
    return conv[:, keep], new, following[:, keep]


def filters_of_the_next_conv(conv, batchnorm, following, keep):
    new = {name: v[keep] for name, v in batchnorm.items()}
    return conv[keep], new, following[keep]


def kernel_of_the_next_conv(conv, batchnorm, following, keep):
    new = {name: v[keep] for name, v in batchnorm.items()}
    return conv[keep], new, following[..., keep, :]


def so_many_from_the_front(conv, batchnorm, following, keep):
    n = keep.sum()
    return conv[:n], {name: v[:n] for name, v in batchnorm.items()}, following[:, :n]


def next_conv_before_batchnorm(conv, batchnorm, following, keep):
    return conv[keep], following[:, keep], {k: v[keep] for k, v in batchnorm.items()}


def where_squeezed(conv, batchnorm, following, keep):
    rows = torch.argwhere(keep).squeeze()
    return conv[rows], {k: v[rows] for k, v in batchnorm.items()}, following[:, rows]


def entries_overwritten(conv, batchnorm, following, keep):
    for name, vector in batchnorm.items():
        batchnorm[name] = vector[keep]
    return conv[keep], batchnorm, following[:, keep]


def index_of_zeros_and_ones(conv, batchnorm, following, keep):
    i = keep.int().long()
    return conv[i], {k: v[i] for k, v in batchnorm.items()}, following[:, i]


def index_of_floats(conv, batchnorm, following, keep):
    i = keep.float()
    return conv[i], {k: v[i] for k, v in batchnorm.items()}, following[:, i]


def dictionary_indexed(conv, batchnorm, following, keep):
    return conv[keep], batchnorm[keep], following[:, keep]


def conv_itself_kept(conv, batchnorm, following, keep):
    return conv, {k: v[keep] for k, v in batchnorm.items()}, following[:, keep]


def nine_columns_each(weight, keep):
    columns = [c * 9 + i for c in range(len(keep)) if keep[c] for i in range(9)]
    return weight[:, columns]


def keep_as_it_is(weight, keep):
    return weight[:, keep]


def rows_of_the_weight(weight, keep):
    return weight[keep.repeat_interleave(weight.size(0) // keep.numel())]


def divided_by_those_kept(weight, keep):
    return weight[:, keep.repeat_interleave(weight.size(1) // keep.sum())]


def divided_with_a_slash(weight, keep):
    return weight[:, keep.repeat_interleave(weight.size(1) / len(keep))]


def channels_in_the_last_place(weight, keep):
    return weight.view(len(weight), -1, len(keep))[..., keep].reshape(len(weight), -1)


def channel_numbers_as_columns(weight, keep):
    each = weight.shape[1] // len(keep)
    return torch.hstack([weight[:, c : c + each] for c in range(len(keep)) if keep[c]])


def slices_that_end_early(weight, keep):
    each = weight.shape[1] // len(keep)
    blocks = [weight[:, c * each : c * each + each - 1] for c in range(len(keep)) if keep[c]]
    return torch.cat(blocks, 1)


def not_flattened_again(weight, keep):
    return weight.reshape(len(weight), len(keep), -1)[:, keep, :]


def back_to_front(weight, keep):
    each = weight.shape[1] // len(keep)
    return weight[:, -each * int(keep.sum()) :]


def zeros_in_a_clone(weight, keep):
    narrow = weight.clone()
    narrow[:, ~keep.repeat_interleave(weight.shape[1] // len(keep))] = 0
    return narrow


def training_goes_on(small, masked, x):
    small.eval(), masked.eval()
    with torch.no_grad():
        worst = torch.dist(small(x), masked(x), p=math.inf).item()
    for net in (small, masked):
        net.train()
    return worst


def one_net_in_eval_mode(small, masked, x):
    small.eval()
    with torch.inference_mode():
        return (small(x) - masked(x)).abs().amax().item()


def other_net_in_eval_mode(small, masked, x):
    expected = masked.eval()(x)
    return (small(x) - expected).abs().amax().item()


def in_whatever_mode(small, masked, x):
    return max((small(x) - masked(x)).abs().flatten().tolist())


def flag_of_the_outer_module(small, masked, x):
    small.training = masked.training = False
    return max((small(x) - masked(x)).abs().flatten().tolist())


def abs_of_the_maximum(small, masked, x):
    return abs((small.eval()(x) - masked.eval()(x)).max().item())


def differences_of_the_weights(small, masked, x):
    mine, other = small.state_dict(), masked.state_dict()
    return max((mine[key] - other[key]).abs().max().item() for key in mine if "weight" in key)


def distance_of_the_outputs(small, masked, x):
    return torch.dist(small.eval()(x), masked.eval()(x)).item()


def in_per_cent_of_the_largest(small, masked, x):
    a, b = small.eval()(x), masked.eval()(x)
    return ((a - b).abs().max() / b.abs().max()).item()


def worst_picture_on_average(small, masked, x):
    return (small.eval()(x) - masked.eval()(x)).abs().max(dim=1).values.mean().item()


def one_picture_is_enough(small, masked, x):
    return (small.eval()(x) - masked.eval()(x))[0].abs().max().item()


def digits_that_changed(small, masked, x):
    return (small.eval()(x).argmax(-1) != masked.eval()(x).argmax(-1)).sum().item()


def bias_for_each_output(channels_in, channels_out, kernel, height, width):
    return channels_out * height * width * (2 * channels_in * kernel**2 + 1)


def n_products_and_n_minus_1_sums(channels_in, channels_out, kernel, height, width):
    n = channels_in * kernel * kernel
    return (n + n - 1) * channels_out * height * width


def square_pictures(channels_in, channels_out, kernel, height, width):
    return 2 * kernel * kernel * channels_in * channels_out * height**2


def output_computed_again(channels_in, channels_out, kernel, height, width):
    out = (height - kernel + 1) * (width - kernel + 1)
    return 2 * kernel * kernel * channels_in * channels_out * out


def a_single_filter(channels_in, channels_out, kernel, height, width):
    return 2 * math.prod([kernel, kernel, channels_in, height, width])


def twice_the_weights(channels_in, channels_out, kernel, height, width):
    return 2 * channels_in * channels_out * kernel * kernel


def weights_only(channels_in, channels_out, kernel, height, width):
    return math.prod([channels_out, channels_in, kernel, kernel])


def caret_for_a_power(channels_in, channels_out, kernel, height, width):
    return 2 * kernel ^ 2 * channels_in * channels_out * height * width


def gigaflops(channels_in, channels_out, kernel, height, width):
    return 2e-9 * kernel**2 * channels_in * channels_out * height * width


def _conv(channels_in, channels_out, side):
    return 18 * channels_in * channels_out * side * side


def linear_counts_weights(widths):
    total, before, side = 0, 1, 28
    for width in widths:
        total += _conv(before, width, side)
        before, side = width, side // 2
    return total + before * side * side * 10


def linear_of_nine_positions(widths):
    total, before, side = 0, 1, 28
    for width in widths:
        total += _conv(before, width, side)
        before, side = width, side // 2
    return total + 180 * before


def ceil_of_the_side(widths):
    total, before, side = 0, 1, 28
    for width in widths:
        total += _conv(before, width, side)
        before, side = width, -(-side // 2)
    return total + 20 * before * side**2


def side_with_a_half(widths):
    total, before, side = 0, 1, 28
    for width in widths:
        total += _conv(before, width, side)
        before, side = width, side / 2
    return round(total + 20 * before * side**2)


def returns_in_the_loop(widths):
    total, before, side = 0, 1, 28
    for width in widths:
        total += _conv(before, width, side)
        before, side = width, side // 2
        return total + 20 * before * side**2


def linear_in_the_loop(widths):
    total, before, side = 0, 1, 28
    for width in widths:
        total += _conv(before, width, side)
        before, side = width, side // 2
        total += 20 * before * side**2
    return total


def sum_overwritten(widths):
    before, side = 1, 28
    for width in widths:
        total = _conv(before, width, side)
        before, side = width, side // 2
    return total + 20 * before * side**2


def first_conv_forgotten(widths):
    total, side = 0, 28
    for i in range(1, len(widths)):
        total += _conv(widths[i - 1], widths[i], side)
        side //= 2
    return total + 20 * widths[-1] * side**2


def moved_on_too_early(widths):
    total, before, side = 0, 1, 28
    for width in widths:
        before, side = width, side // 2
        total += _conv(before, width, side)
    return total + 20 * before * side**2


def three_blocks_written_out(widths):
    a, b, c = widths
    return _conv(1, a, 28) + _conv(a, b, 14) + _conv(b, c, 7) + 180 * c


def ten_more_filters(widths):
    total, before, side = 0, 1, 28
    for width in [*widths, 10]:
        total += _conv(before, width, side)
        before, side = width, side // 2
    return total


def _spot(number, ok):
    return [] if ok else [number]


def both_nets_run_through(dense, small, kept, x):
    dense.eval(), small.eval()
    a, b, bad = x, x, []
    for number in range(len(dense)):
        a, b = dense[number](a), small[number](b)
        a = a.clone()
        a[:, ~kept[number]] = 0
        bad += _spot(number, torch.allclose(a[:, kept[number]], b, atol=1e-4))
    return bad


def dense_net_as_it_is(dense, small, kept, x):
    dense.eval(), small.eval()
    a, b, bad = x, x, []
    for number, stays in enumerate(kept):
        a = dense[number](a)
        bad += _spot(number, torch.allclose(a[:, stays], small[number](b), atol=1e-4))
        b = a[:, stays]
    return bad


def filters_set_to_zero(dense, small, kept, x):
    masked = copy.deepcopy(dense).eval()
    small.eval()
    with torch.no_grad():
        for layer, stays in zip(masked, kept, strict=True):
            if isinstance(layer, torch.nn.Conv2d):
                layer.weight[~stays] = 0
                layer.bias[~stays] = 0
    return dense_net_as_it_is(masked, small, kept, x)


def conv_outputs_set_to_zero(dense, small, kept, x):
    dense.eval(), small.eval()
    a, b, bad = x, x, []
    for number, stays in enumerate(kept):
        a = dense[number](a).detach()
        bad += _spot(number, torch.allclose(a[:, stays], small[number](b), atol=1e-4))
        if isinstance(dense[number], torch.nn.Conv2d):
            a[:, ~stays] = 0
        b = a[:, stays]
    return bad


def _masked_pass(dense, small, kept, x, fits):
    a, b, bad = x, x, []
    for number, stays in enumerate(kept):
        out = dense[number](a).detach()
        bad += _spot(number, fits(out[:, stays], small[number](b).detach()))
        b = out[:, stays]
        a = out.masked_fill(~stays.view(1, -1, *[1] * (out.dim() - 2)), 0.0)
    return bad


def modes_as_they_come(dense, small, kept, x):
    return _masked_pass(dense, small, kept, x, lambda a, b: (a - b).abs().max() < 1e-4)


def equal_bits(dense, small, kept, x):
    return _masked_pass(dense.eval(), small.eval(), kept, x, torch.equal)


def mean_of_all_differences(dense, small, kept, x):
    return _masked_pass(
        dense.eval(), small.eval(), kept, x, lambda a, b: abs((a - b).mean()) < 1e-4
    )


def differences_upwards(dense, small, kept, x):
    return _masked_pass(dense.eval(), small.eval(), kept, x, lambda a, b: (b - a).max() < 1e-4)


def same_shapes(dense, small, kept, x):
    return _masked_pass(dense.eval(), small.eval(), kept, x, lambda a, b: a.shape == b.shape)


def stops_at_the_first(dense, small, kept, x):
    found = _masked_pass(
        dense.eval(), small.eval(), kept, x, lambda a, b: torch.allclose(a, b, atol=1e-4)
    )
    return found[0:1]


def all_channels_compared(dense, small, kept, x):
    dense.eval(), small.eval()
    a, b, bad = x, x, []
    for number in range(len(dense)):
        a, b = dense[number](a), small[number](b)
        bad += _spot(number, (a - b).abs().max() < 1e-4)
    return bad


def one_input_for_both(dense, small, kept, x):
    dense.eval(), small.eval()
    a, bad = x, []
    for number in range(len(dense)):
        out = dense[number](a)
        bad += _spot(number, (out[:, kept[number]] - small[number](a)).abs().max() < 1e-4)
        a = out
    return bad


def weights_and_biases(dense, small, kept, x):
    before, bad = torch.ones(x.shape[1]).bool(), []
    for number, stays in enumerate(kept):
        if hasattr(dense[number], "weight"):
            weight, bias = dense[number].weight[stays], dense[number].bias[stays]
            weight = weight[:, before] if weight.dim() > 1 else weight
            same = torch.allclose(weight, small[number].weight, atol=1e-4)
            bad += _spot(number, same and torch.allclose(bias, small[number].bias, atol=1e-4))
        before = stays
    return bad


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
    "3.2": [
        (the_four_usual_names, "The names in `batchnorm` are up to the net"),
        (only_running_statistics, "not its scale and shift"),
        (inputs_of_the_first_conv, "You pick from the *inputs* of the first conv"),
        (filters_of_the_next_conv, "You take *filters* out of the next conv"),
        (kernel_of_the_next_conv, "height and width of its kernel"),
        (so_many_from_the_front, "always the first ones"),
        (next_conv_before_batchnorm, "in another order: first the conv"),
        (where_squeezed, "where a single filter stays"),
        (entries_overwritten, "It changes batchnorm in place"),
        (index_of_zeros_and_ones, "You index with 0 and 1"),
        (index_of_floats, "An index is boolean or made of whole numbers"),
        (dictionary_indexed, "`batchnorm` is a dictionary"),
        (conv_itself_kept, "the filters themselves are still there"),
    ],
    "3.3": [
        (nine_columns_each, "is not always the same"),
        (keep_as_it_is, "Repeat every answer before you index"),
        (rows_of_the_weight, "You pick *rows*, dim 0"),
        (divided_by_those_kept, "the channels that *stay*"),
        (divided_with_a_slash, "divide with //"),
        (channels_in_the_last_place, "as if the channels took turns"),
        (channel_numbers_as_columns, "It begins at c · positions"),
        (slices_that_end_early, "One column is missing from each channel"),
        (not_flattened_again, "with a dimension of their own for the channels"),
        (back_to_front, "always the last ones"),
        (zeros_in_a_clone, "You set the columns to zero"),
    ],
    "3.4": [
        (training_goes_on, "in train mode afterwards"),
        (one_net_in_eval_mode, "Only `small` is in eval mode"),
        (other_net_in_eval_mode, "Only `masked` is in eval mode"),
        (in_whatever_mode, "Call .eval() on both first"),
        (flag_of_the_outer_module, "Call .eval() on both first"),
        (abs_of_the_maximum, "You take the size after the maximum"),
        (differences_of_the_weights, "You compare the weights"),
        (distance_of_the_outputs, "You take the norm of all differences"),
        (in_per_cent_of_the_largest, "You divide by the size of the outputs"),
        (worst_picture_on_average, "and then their mean"),
        (one_picture_is_enough, "the first picture only"),
        (digits_that_changed, "You count how often the predicted digits differ"),
    ],
    "3.5": [
        (bias_for_each_output, "You count a bias"),
        (n_products_and_n_minus_1_sums, "n products need n − 1 additions"),
        (square_pictures, "a square of height²"),
        (output_computed_again, "are those of the *output* already"),
        (a_single_filter, "You count one filter"),
        (twice_the_weights, "You count one position"),
        (weights_only, "how many weights the conv has"),
        (caret_for_a_power, "^ is not a power"),
        (gigaflops, "You count in billions"),
    ],
    "3.6": [
        (linear_counts_weights, "The factor 2 of the linear layer is missing"),
        (linear_of_nine_positions, "nine positions for each channel in every net"),
        (ceil_of_the_side, "You round the side up"),
        (side_with_a_half, "You round at the end only"),
        (returns_in_the_loop, "Your return stands inside the loop"),
        (linear_in_the_loop, "You count the linear layer in every block"),
        (sum_overwritten, "Each conv overwrites the sum"),
        (first_conv_forgotten, "The first block has one, too"),
        (moved_on_too_early, "You move on to the next block before"),
        (three_blocks_written_out, "go through `widths` in a loop"),
        (ten_more_filters, "Your last layer is a conv of ten filters"),
    ],
    "3.7": [
        (both_nets_run_through, "You hand each small layer what the small layer before"),
        (dense_net_as_it_is, "Your dense net passes on the channels that are gone"),
        (filters_set_to_zero, "You silence the convs only"),
        (conv_outputs_set_to_zero, "You silence the convs only"),
        (modes_as_they_come, ".eval() first"),
        (equal_bits, "equality to the last bit"),
        (mean_of_all_differences, "You take the mean of the differences"),
        (differences_upwards, "only outputs that are too high"),
        (same_shapes, "You compare shapes"),
        (stops_at_the_first, "You stop at the first fault"),
        (all_channels_compared, "Compare those that stay"),
        (one_input_for_both, "the small one those that stay"),
        (weights_and_biases, "You compare parameters"),
    ],
}
