"""Wrong answers to the exercises of lesson 02, each with words that its verdict must hold."""

import bisect
import math

import numpy as np
import torch

from course_utils import masks
from course_utils.masks import magnitude_mask

# 2.1 ----------------------------------------------------------------------------------------------


def by_topk(weight, sparsity):
    mask = torch.ones(weight.numel(), dtype=torch.bool)
    gone = weight.abs().flatten().topk(round(sparsity * weight.numel()), largest=False)
    mask[gone.indices] = False
    return mask.view(weight.shape)


def rank_by_one_sort(weight, sparsity):
    rank = weight.abs().flatten().argsort(stable=True)
    return (rank >= round(sparsity * len(rank))).view_as(weight)


def no_shape(weight, sparsity):
    sizes = weight.abs().flatten()
    keep = torch.full(sizes.shape, True)
    keep[torch.sort(sizes, stable=True).indices[: round(sparsity * len(sizes))]] = False
    return keep


def last_entry_for_nothing(weight, sparsity):
    ordered = weight.abs().flatten().sort().values
    return weight.abs() > ordered[round(sparsity * len(ordered)) - 1]


def first_that_stays(weight, sparsity):
    ordered, _ = weight.abs().flatten().sort()
    return weight.abs() >= ordered[round(sparsity * ordered.numel())]


def quantile_included(weight, sparsity):
    return weight.abs() >= torch.quantile(weight.abs(), sparsity)


def quantile_of_numpy(weight, sparsity):
    return weight.abs() > float(np.quantile(weight.abs().numpy(), sparsity))


def _mask_of(weight, count, key=abs):
    flat = weight.flatten().tolist()
    gone = set(sorted(range(len(flat)), key=lambda i: key(flat[i]))[:count])
    return torch.tensor([i not in gone for i in range(len(flat))]).reshape(weight.shape)


def rounds_up(weight, sparsity):
    return _mask_of(weight, math.ceil(sparsity * weight.numel()))


def halves_up(weight, sparsity):
    return _mask_of(weight, int(sparsity * weight.numel() + 0.5))


def rounds_what_stays(weight, sparsity):
    n = weight.numel()
    return _mask_of(weight, n - round((1 - sparsity) * n))


def whole_part(weight, sparsity):
    return _mask_of(weight, math.floor(sparsity * weight.numel()))


def with_its_sign(weight, sparsity):
    return _mask_of(weight, round(sparsity * weight.numel()), key=lambda value: value)


def largest_go(weight, sparsity):
    return _mask_of(weight, round(sparsity * weight.numel()), key=lambda value: -abs(value))


def of_the_living(weight, sparsity):
    alive = int((weight != 0).sum())
    return _mask_of(weight, weight.numel() - alive + round(sparsity * alive))


def fraction_of_the_largest(weight, sparsity):
    return weight.abs() > sparsity * weight.abs().max()


def along_the_rows(weight, sparsity):
    mask = torch.ones_like(weight, dtype=torch.bool)
    count = round(sparsity * weight.shape[-1])
    order = weight.abs().argsort(dim=-1, stable=True)
    return mask.scatter(-1, order[..., :count], False)


def index_of_rows(weight, sparsity):
    order = weight.abs().argsort(stable=True)
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[order[: round(sparsity * weight.numel())]] = False
    return mask


def by_view(weight, sparsity):
    flat = weight.abs().view(-1)
    mask = torch.ones_like(flat, dtype=torch.bool)
    mask[flat.argsort(stable=True)[: round(sparsity * flat.numel())]] = False
    return mask.view(weight.shape)


def float_slice(weight, sparsity):
    flat = weight.abs().flatten()
    mask = torch.ones(len(flat), dtype=torch.bool)
    mask[flat.argsort(stable=True)[: sparsity * len(flat)]] = False
    return mask.reshape(weight.shape)


def ones_and_zeros(weight, sparsity):
    return _mask_of(weight, round(sparsity * weight.numel())).to(weight.dtype)


def from_the_end(weight, sparsity):
    order = sorted(range(weight.numel()), key=lambda i: -abs(weight.flatten()[i].item()))
    mask = torch.ones(weight.numel(), dtype=torch.bool)
    mask[order[-round(sparsity * len(order)) :]] = False
    return mask.reshape(weight.shape)


def zeroed_then_compared(weight, sparsity):
    sizes = weight.abs().reshape(-1).clone()
    sizes[sizes.sort(stable=True).indices[: round(sparsity * sizes.numel())]] = 0
    return (sizes > 0).reshape(weight.shape)


# 2.2 ----------------------------------------------------------------------------------------------


def _cut(weights, scores, count):
    """Prune the ``count`` smallest of all scores, the first of equal ones first."""
    flat = torch.cat([scores[name].flatten() for name in scores])
    keep = torch.ones(len(flat), dtype=torch.bool)
    keep[flat.argsort(stable=True)[:count]] = False
    cut, start = {}, 0
    for name, score in scores.items():
        cut[name] = keep[start : start + score.numel()].reshape(score.shape)
        start += score.numel()
    return {name: cut[name] for name in weights}


def _total(weights):
    return sum(w.numel() for w in weights.values())


def alphabetical(weights, sparsity):
    ordered = {name: weights[name].abs() for name in sorted(weights)}
    return _cut(weights, ordered, round(sparsity * _total(weights)))


def from_the_last_layer(weights, sparsity):
    turned = {name: weights[name].abs() for name in reversed(list(weights))}
    return _cut(weights, turned, round(sparsity * _total(weights)))


def by_their_norm(weights, sparsity):
    scores = {name: w.abs() / torch.linalg.vector_norm(w) for name, w in weights.items()}
    return _cut(weights, scores, round(sparsity * _total(weights)))


def by_their_mean(weights, sparsity):
    scores = {name: w.abs() / w.abs().mean() for name, w in weights.items()}
    return _cut(weights, scores, round(sparsity * _total(weights)))


def counted_layer_by_layer(weights, sparsity):
    count = sum(round(sparsity * w.numel()) for w in weights.values())
    return _cut(weights, {name: w.abs() for name, w in weights.items()}, count)


def with_their_signs(weights, sparsity):
    return _cut(weights, dict(weights), round(sparsity * _total(weights)))


def start_never_moves(weights, sparsity):
    flat = torch.cat([w.flatten() for w in weights.values()])
    mask = magnitude_mask(flat, sparsity)
    return {name: mask[: w.numel()].reshape(w.shape) for name, w in weights.items()}


def same_pieces(weights, sparsity):
    mask = magnitude_mask(torch.cat([w.flatten() for w in weights.values()]), sparsity)
    pieces = mask.chunk(len(weights))
    return {n: p.reshape(w.shape) for (n, w), p in zip(weights.items(), pieces, strict=True)}


def rows_as_sizes(weights, sparsity):
    mask = magnitude_mask(torch.cat([w.flatten() for w in weights.values()]), sparsity)
    pieces = mask.split([len(w) for w in weights.values()])
    return {n: p.reshape(w.shape) for (n, w), p in zip(weights.items(), pieces, strict=True)}


def not_flat(weights, sparsity):
    return magnitude_mask(torch.cat(list(weights.values())), sparsity)


def viewed_flat(weights, sparsity):
    flat = torch.cat([w.view(-1) for w in weights.values()])
    mask = magnitude_mask(flat, sparsity)
    pieces = mask.split([w.numel() for w in weights.values()])
    return {n: p.view(w.shape) for (n, w), p in zip(weights.items(), pieces, strict=True)}


def weights_cut(weights, sparsity):
    cut = masks.global_masks({n: w.abs() for n, w in weights.items()}, sparsity)
    return {name: weights[name] * mask for name, mask in cut.items()}


def masks_of_numbers(weights, sparsity):
    cut = masks.global_masks({n: w.abs() for n, w in weights.items()}, sparsity)
    return {name: mask.float() for name, mask in cut.items()}


def at_least_the_threshold(weights, sparsity):
    flat = torch.cat([w.abs().flatten() for w in weights.values()]).sort().values
    count = round(sparsity * len(flat))
    bound = flat[count] if count < len(flat) else math.inf
    return {name: w.abs() >= bound for name, w in weights.items()}


def list_of_masks(weights, sparsity):
    return list(masks.global_masks({n: w.abs() for n, w in weights.items()}, sparsity).values())


def start_is_set(weights, sparsity):
    mask = magnitude_mask(torch.cat([w.flatten() for w in weights.values()]), sparsity)
    start, cut = 0, {}
    for name in weights:
        end = start + weights[name].numel()
        cut[name] = mask[start:end].view(weights[name].shape)
        start = weights[name].numel()
    return cut


# 2.3 ----------------------------------------------------------------------------------------------


def _scan(trial, measured=lambda accuracy, dense: accuracy):
    """A scan that makes its net by ``trial(weights, name, sparsity)``."""

    def sensitivity_scan(weights, accuracy_of, sparsities):
        scan = {}
        for name in weights:
            for s in sparsities:
                accuracy = accuracy_of(trial(weights, name, s))
                scan.setdefault(name, {})[s] = measured(accuracy, accuracy_of(weights))
        return scan

    return sensitivity_scan


def _replaced(weights, name, new):
    return {other: new if other == name else w for other, w in weights.items()}


def one_threshold(weights, accuracy_of, sparsities):
    scan = {name: {} for name in weights}
    for s in sparsities:
        everywhere = masks.global_masks({n: w.abs() for n, w in weights.items()}, s)
        for name in weights:
            trial = weights | {name: weights[name] * everywhere[name]}
            scan[name][s] = accuracy_of(trial)
    return scan


def bare_tensor(weights, accuracy_of, sparsities):
    scan = {}
    for name, w in weights.items():
        scan[name] = {s: accuracy_of(magnitude_mask(w, s) * w) for s in sparsities}
    return scan


def this_layer_only(weights, accuracy_of, sparsities):
    scan = {}
    for name, w in weights.items():
        scan[name] = {s: accuracy_of({name: magnitude_mask(w, s) * w}) for s in sparsities}
    return scan


def sparsity_outside(weights, accuracy_of, sparsities):
    scan = {}
    for s in sparsities:
        scan[s] = {}
        for name, w in weights.items():
            scan[s][name] = accuracy_of({**weights, name: w * magnitude_mask(w, s)})
    return scan


def one_for_all(weights, accuracy_of, sparsities):
    curve, scan = {}, {}
    for name, w in weights.items():
        for s in sparsities:
            curve[s] = accuracy_of({**weights, name: w * magnitude_mask(w, s)})
        scan[name] = curve
    return scan


def no_inner_dictionary(weights, accuracy_of, sparsities):
    scan = {}
    for name, w in weights.items():
        for s in sparsities:
            scan[name][s] = accuracy_of({**weights, name: w * magnitude_mask(w, s)})
    return scan


def overwritten_curve(weights, accuracy_of, sparsities):
    scan = {}
    for name, w in weights.items():
        for s in sparsities:
            scan[name] = {s: accuracy_of({**weights, name: w * magnitude_mask(w, s)})}
    return scan


def deeper_and_deeper(weights, accuracy_of, sparsities):
    scan = {}
    for name, w in weights.items():
        scan[name] = {}
        for s in sparsities:
            w = w * magnitude_mask(w, s)
            scan[name][s] = accuracy_of({**weights, name: w})
    return scan


def never_put_back(weights, accuracy_of, sparsities):
    scan, trial = {name: {} for name in weights}, weights.copy()
    for name in weights:
        for s in sparsities:
            trial[name] = weights[name] * magnitude_mask(weights[name], s)
            scan[name][s] = accuracy_of(trial)
    return scan


def pairs_in_a_list(weights, accuracy_of, sparsities):
    return {
        name: [accuracy_of({**weights, name: w * magnitude_mask(w, s)}) for s in sparsities]
        for name, w in weights.items()
    }


# 2.4 ----------------------------------------------------------------------------------------------


def _chooser(
    pick=lambda curve, floor: max((s for s, a in curve.items() if a >= floor), default=0.0),
    zeros=lambda choice, sizes: sum(s * sizes[n] for n, s in choice.items()),
    enough=lambda zeros, budget, total: zeros >= budget * total,
    floors=lambda scan: sorted({a for c in scan.values() for a in c.values()}, reverse=True),
    otherwise=None,
):
    """A search that takes the given ones of its four parts."""

    def choose_sparsities(scan, sizes, budget):
        choice = {}
        for floor in floors(scan):
            choice = {name: pick(curve, floor) for name, curve in scan.items()}
            if enough(zeros(choice, sizes), budget, sum(sizes.values())):
                return choice
        if callable(otherwise):
            return otherwise(choice)
        raise otherwise or ValueError("no floor is low enough")

    return choose_sparsities


def _until_the_dip(curve, floor):
    best = 0.0
    for s, accuracy in sorted(curve.items()):
        if accuracy < floor:
            return best
        best = s
    return best


def _last_one(curve, floor):
    chosen = 0.0
    for s, accuracy in curve.items():
        if accuracy >= floor:
            chosen = s
    return chosen


def _first_one(curve, floor):
    return next((s for s, accuracy in curve.items() if accuracy >= floor), 0.0)


def _smallest(curve, floor):
    return min((s for s, a in curve.items() if a >= floor), default=0.0)


def _above(curve, floor):
    return max((s for s, a in curve.items() if a > floor), default=0.0)


def _by_bisection(curve, floor):
    levels = sorted(curve)
    place = bisect.bisect_right([-curve[s] for s in levels], -floor)
    return levels[place - 1] if place else 0.0


def _max_of_nothing(curve, floor):
    return max(s for s, accuracy in curve.items() if accuracy >= floor)


def sizes_in_another_order(scan, sizes, budget):
    counts = list(sizes.values())
    for floor in sorted({a for c in scan.values() for a in c.values()})[::-1]:
        choice = [max((s for s, a in c.items() if a >= floor), default=0.0) for c in scan.values()]
        if sum(s * n for s, n in zip(choice, counts, strict=True)) >= budget * sum(counts):
            return dict(zip(scan, choice, strict=True))
    raise ValueError("the budget cannot be reached")


def budget_as_accuracy(scan, sizes, budget):
    return {
        name: max((s for s, a in curve.items() if a >= budget), default=0.0)
        for name, curve in scan.items()
    }


# 2.5 ----------------------------------------------------------------------------------------------


def _step(formula):
    def sgd_step(weight, mask, gradient, velocity, lr, momentum, weight_decay):
        return formula(weight, mask, gradient, velocity, lr, momentum, weight_decay)

    return sgd_step


def as_pytorch_does(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    velocity.mul_(momentum).add_(gradient + weight_decay * weight)
    return (weight - lr * velocity) * mask


def rewritten(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    weight -= lr * (momentum * velocity + gradient + weight_decay * weight)
    weight *= mask
    return weight


def returns_both(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    velocity = momentum * velocity + gradient + weight_decay * weight
    return (weight - lr * velocity) * mask, velocity


def negated_bool(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return (weight - lr * (momentum * velocity + gradient + weight_decay * weight)) * (1 - mask)


# 2.6 ----------------------------------------------------------------------------------------------


def _plain(base=lambda name: name.removesuffix("_orig"), keep=None, value=None):
    """A state made by these rules: the plain name, which others stay, and the value."""

    def plain_state(state):
        pruned = {n.removesuffix("_orig") for n in state if n.endswith("_orig")}
        plain = {}
        for name, tensor in state.items():
            if name.endswith("_orig"):
                mask = state[name.removesuffix("_orig") + "_mask"]
                plain[base(name)] = value(tensor, mask) if value else tensor * mask
            elif keep(name) if keep else name not in {f"{p}_mask" for p in pruned}:
                plain[name] = tensor
        return plain

    return plain_state


def first_underscore(state):
    plain = {}
    for name in state:
        base = name.partition("_")[0]
        if name.endswith("_orig"):
            plain[base] = state[base + "_orig"] * state[base + "_mask"]
        elif not name.endswith("_mask"):
            plain[name] = state[name]
    return plain


def masks_in_their_order(state):
    found = [t for n, t in state.items() if n.endswith("_mask") and n[:-5] + "_orig" in state]
    plain = {}
    for name, tensor in state.items():
        if name.endswith("_orig"):
            plain[name[:-5]] = tensor * found.pop(0)
        elif not (name.endswith("_mask") and name[:-5] + "_orig" in state):
            plain[name] = tensor
    return plain


def mask_before(state):
    plain = {}
    for name, tensor in state.items():
        if name.endswith("_orig"):
            plain[name.removesuffix("_orig")] = tensor
        elif name.endswith("_mask"):
            plain[name.removesuffix("_mask")] *= tensor
        else:
            plain[name] = tensor
    return plain


def taken_out(state):
    for name in list(state):
        if name.endswith("_orig"):
            base = name.removesuffix("_orig")
            state[base] = state.pop(name) * state.pop(base + "_mask")
    return state


def orig_anywhere(state):
    plain = {}
    for name, tensor in state.items():
        if name.endswith("_mask") and name.replace("_mask", "_orig") in state:
            continue
        if name.endswith("_orig"):
            tensor = tensor * state[name.replace("_orig", "_mask")]
        plain[name.replace("_orig", "")] = tensor
    return plain


def everything_float(state):
    plain = _plain()(state)
    return {name: tensor.float() for name, tensor in plain.items()}


# 2.7 ----------------------------------------------------------------------------------------------


def _fair(
    zeros=lambda r, f, n: abs(_gone(r, n) - _gone(f, n)) > 1,
    training=lambda r, f: sum(r[k] - f[k] for k in ("before", "after")) != 0,
    seeds=lambda r, f: sorted(r["seeds"]) != sorted(f["seeds"]),
    test=lambda r, f: r["chosen_on"] == "test" or f["chosen_on"] == "test",
    table=lambda rows: [(row, rows[0]) for row in rows[1:]],
    end=lambda found: {method: reasons for method, reasons in found.items() if reasons},
):
    """An answer that takes the given ones of its parts."""

    def unfair_rows(rows, sizes):
        found = {}
        for row, first in table(rows):
            reasons = found[row["method"]] = []
            if zeros(row, first, sizes):
                reasons.append("zeros")
            if training(row, first):
                reasons.append("training")
            if seeds(row, first):
                reasons.append("seeds")
            if test(row, first):
                reasons.append("test")
        return end(found)

    return unfair_rows


def _gone(row, sizes):
    return sum(row["sparsity"] * sizes[layer] for layer in row["layers"])


def one_word_each(rows, sizes):
    found = {}
    first = rows[0]
    for row in rows:
        if row is first:
            continue
        if abs(_gone(row, sizes) - _gone(first, sizes)) > 1:
            found[row["method"]] = "zeros"
        elif row["before"] + row["after"] != first["before"] + first["after"]:
            found[row["method"]] = "training"
        elif {*row["seeds"]} != {*first["seeds"]}:
            found[row["method"]] = "seeds"
        elif "test" in [row["chosen_on"], first["chosen_on"]]:
            found[row["method"]] = "test"
    return found


def looks_into_none(rows, sizes):
    return {row["method"]: ["test"] for row in rows if "test" in row["chosen_on"]}


def names_only(rows, sizes):
    return list(_fair()(rows, sizes))


def by_total_sparsity(rows, sizes):
    total = sum(sizes.values())
    return _fair(
        zeros=lambda r, f, n: abs(_gone(r, n) / total - _gone(f, n) / total) > 0.01,
    )(rows, sizes)


WRONG_ANSWERS = {
    "2.1": [
        (by_topk, "no order among equal"),
        (rank_by_one_sort, "rank"),
        (no_shape, "reshape"),
        (last_entry_for_nothing, "[-1]"),
        (first_that_stays, "At sparsity 1"),
        (quantile_included, "quantile"),
        (quantile_of_numpy, "quantile"),
        (rounds_up, "round the count up"),
        (halves_up, "even"),
        (rounds_what_stays, "number that *stays*"),
        (whole_part, "cut the count off"),
        (with_its_sign, "signed value"),
        (largest_go, "keeps the *smallest*"),
        (of_the_living, "still there"),
        (fraction_of_the_largest, "the largest weight"),
        (along_the_rows, "each row"),
        (index_of_rows, "Flatten"),
        (by_view, ".reshape"),
        (float_slice, "whole number"),
        (ones_and_zeros, "A mask is boolean"),
        (from_the_end, "[-0:]"),
        (zeroed_then_compared, "mark positions"),
    ],
    "2.2": [
        (alphabetical, "order of the dictionary"),
        (from_the_last_layer, "order of the dictionary"),
        (by_their_norm, "its norm"),
        (by_their_mean, "its mean"),
        (counted_layer_by_layer, "in each layer"),
        (with_their_signs, "signed"),
        (start_never_moves, "the same piece"),
        (same_pieces, "numel"),
        (rows_as_sizes, "numel"),
        (not_flat, "latten"),
        (viewed_flat, ".reshape"),
        (weights_cut, "pruned *weights*"),
        (masks_of_numbers, "boolean"),
        (at_least_the_threshold, "all of them stay"),
        (list_of_masks, "a list where a dictionary"),
        (start_is_set, "start +="),
    ],
    "2.3": [
        (one_threshold, "threshold over all layers"),
        (bare_tensor, "whole dictionary"),
        (this_layer_only, "all layers"),
        (sparsity_outside, "the other way round"),
        (one_for_all, "one dictionary"),
        (no_inner_dictionary, "{}"),
        (overwritten_curve, "last sparsity"),
        (deeper_and_deeper, "already pruned"),
        (never_put_back, "stay pruned"),
        (pairs_in_a_list, "a list where a dictionary"),
        (_scan(lambda w, n, s: w | {n: w[n] * magnitude_mask(w[n], 1 - s)}), "should go"),
        (
            _scan(lambda w, n, s: _replaced(w, n, w[n] * ~magnitude_mask(w[n], s))),
            "other way round",
        ),
        (_scan(lambda w, n, s: {n: w[n] * magnitude_mask(w[n], s), **w}), "must stand last"),
        (_scan(lambda w, n, s: w), "never reaches"),
        (
            _scan(
                lambda w, n, s: _replaced(w, n, w[n] * magnitude_mask(w[n], s)),
                lambda accuracy, dense: 100 * accuracy,
            ),
            "You give percent",
        ),
        (
            _scan(
                lambda w, n, s: _replaced(w, n, w[n] * magnitude_mask(w[n], s)),
                lambda accuracy, dense: accuracy - dense,
            ),
            "change",
        ),
        (_scan(lambda w, n, s: _replaced(w, n, w[n] * (w[n].abs() >= s))), "threshold"),
        (_scan(lambda w, n, s: {m: v * magnitude_mask(v, s) for m, v in w.items()}), "at once"),
    ],
    "2.4": [
        (_chooser(pick=_until_the_dip), "dip"),
        (_chooser(pick=_by_bisection), "dip"),
        (_chooser(pick=_last_one), "order"),
        (_chooser(pick=_first_one), "order"),
        (_chooser(pick=_smallest), "*smallest*"),
        (_chooser(pick=_above), "more than the floor"),
        (_chooser(pick=_max_of_nothing), "0.0"),
        (_chooser(zeros=lambda c, sizes: sum(int(s * sizes[n]) for n, s in c.items())), "round"),
        (_chooser(zeros=lambda c, sizes: sum(round(s * sizes[n]) for n, s in c.items())), "round"),
        (
            _chooser(zeros=lambda c, sizes: sum(math.ceil(s * sizes[n]) for n, s in c.items())),
            "round",
        ),
        (_chooser(enough=lambda zeros, budget, total: zeros > budget * total), "at least"),
        (_chooser(enough=lambda z, budget, total: z >= (1 - budget) * total), "*stays*"),
        (_chooser(floors=lambda scan: sorted(next(iter(scan.values())).values())[::-1]), "one lay"),
        (_chooser(floors=lambda scan: [f / 100 for f in range(100, -1, -1)]), "grid"),
        (_chooser(otherwise=RuntimeError("no floor")), "ValueError"),
        (_chooser(otherwise=Exception("impossible")), "ValueError"),
        (_chooser(otherwise=AssertionError("impossible")), "ValueError"),
        (_chooser(otherwise=lambda choice: None), "ValueError"),
        (_chooser(otherwise=lambda choice: choice), "ValueError"),
        (sizes_in_another_order, "by their names"),
        (budget_as_accuracy, "budget"),
        (_chooser(otherwise=KeyError("no floor")), "KeyError"),
        (_chooser(enough=lambda zeros, budget, total: zeros >= budget), "no fraction"),
    ],
    "2.5": [
        (_step(lambda w, m, g, v, lr, p, d: (w - lr * (p * v + g + d * w)) * ~m), "way round"),
        (
            _step(lambda w, m, g, v, lr, p, d: torch.where(m, w - lr * (p * v + g + d * w), w)),
            "strayed",
        ),
        (_step(lambda w, m, g, v, lr, p, d: w - lr * m * (p * v + g + d * w)), "strayed"),
        (_step(lambda w, m, g, v, lr, p, d: w * m - lr * (p * v + g + d * w)), "come last"),
        (_step(lambda w, m, g, v, lr, p, d: (w - lr * (p * v + g) - d * w) * m), "to the gradient"),
        (_step(lambda w, m, g, v, lr, p, d: (w - lr * (p * v + g - d * w)) * m), "decay"),
        (_step(lambda w, m, g, v, lr, p, d: (w - lr * (v + g + d * w)) * m), "× momentum"),
        (
            _step(lambda w, m, g, v, lr, p, d: (w - lr * (p * v + (1 - p) * (g + d * w))) * m),
            "1 − momentum",
        ),
        (_step(lambda w, m, g, v, lr, p, d: (w + p * v - lr * (g + d * w)) * m), "velocity"),
        (_step(lambda w, m, g, v, lr, p, d: (w - lr * (p * v + d * w)) * m), "gradient"),
        (_step(lambda w, m, g, v, lr, p, d: (w - (p * v + g + d * w)) * m), "lr"),
        (
            _step(
                lambda w, m, g, v, lr, p, d: (w - lr * (g + d * w + p * (p * v + g + d * w))) * m
            ),
            "Nesterov",
        ),
        (as_pytorch_does, "changes velocity in place"),
        (rewritten, "changes weight in place"),
        (returns_both, "velocity is not asked for"),
        (negated_bool, "~mask"),
    ],
    "2.6": [
        (first_underscore, "its first underscore"),
        (_plain(keep=lambda name: not name.endswith("_mask")), "attn_mask"),
        (orig_anywhere, "only the ending"),
        (_plain(base=lambda name: name.rstrip("_orig")), "letters"),
        (_plain(base=lambda name: name[:-4]), "not asked for"),
        (masks_in_their_order, "order"),
        (mask_before, "state in place"),
        (taken_out, "state in place"),
        (everything_float, "int64"),
        (_plain(value=lambda tensor, mask: tensor * (1 - mask)), "other way round"),
        (_plain(value=lambda tensor, mask: mask), "the mask itself"),
        (_plain(value=lambda tensor, mask: tensor[mask.bool()]), "shape"),
        (_plain(keep=lambda name: False), "belong into the file"),
        (_plain(base=lambda name: name), "_orig"),
        (_plain(base=lambda name: name.split("_orig")[0].split("_")[0]), "Checked"),
    ],
    "2.7": [
        (_fair(zeros=lambda r, f, n: r["sparsity"] != f["sparsity"]), "as they are printed"),
        (
            _fair(
                zeros=lambda r, f, n: (
                    r["sparsity"] != f["sparsity"] or set(r["layers"]) != set(f["layers"])
                )
            ),
            "over the same layers",
        ),
        (_fair(zeros=lambda r, f, n: _gone(r, n) != _gone(f, n)), "exactly as many"),
        (_fair(zeros=lambda r, f, n: round(_gone(r, n)) != round(_gone(f, n))), "round the zeros"),
        (_fair(zeros=lambda r, f, n: _gone(r, n) > _gone(f, n) + 1), "fewer"),
        (_fair(zeros=lambda r, f, n: _gone(r, n) < _gone(f, n) - 1), "too few"),
        (_fair(training=lambda r, f: r["after"] != f["after"]), "after the cut only"),
        (_fair(training=lambda r, f: r["before"] != f["before"]), "before the cut only"),
        (
            _fair(training=lambda r, f: any(r[k] != f[k] for k in ("before", "after"))),
            "before *and* after",
        ),
        (
            _fair(training=lambda r, f: r["before"] + r["after"] > f["before"] + f["after"]),
            "trained less",
        ),
        (_fair(seeds=lambda r, f: r["seeds"] != f["seeds"]), "in their order"),
        (_fair(seeds=lambda r, f: len(r["seeds"]) < len(f["seeds"])), "fewer seeds"),
        (_fair(seeds=lambda r, f: len(r["seeds"]) != len(f["seeds"])), "how many"),
        (_fair(seeds=lambda r, f: set(r["seeds"]).isdisjoint(f["seeds"])), "some seeds"),
        (_fair(test=lambda r, f: r["chosen_on"] != f["chosen_on"]), "nothing to choose"),
        (_fair(test=lambda r, f: r["chosen_on"] in ("test", None)), "nothing was chosen"),
        (_fair(test=lambda r, f: r["chosen_on"] == "test"), "*first* was chosen"),
        (_fair(table=lambda rows: list(zip(rows[1:], rows, strict=False))), "one before"),
        (_fair(table=lambda rows: [(row, rows[0]) for row in rows]), "first row, too"),
        (_fair(end=lambda found: found), "an empty list"),
        (_fair(end=lambda found: {m: set(r) for m, r in found.items() if r}), "a set where"),
        (one_word_each, "one word"),
        (looks_into_none, "None where nothing was chosen"),
        (names_only, "a list where a dictionary"),
        (by_total_sparsity, "more than one"),
    ],
}
