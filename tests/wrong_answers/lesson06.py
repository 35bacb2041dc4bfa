"""Wrong answers to the exercises of lesson 06, each with words that its verdict must hold."""

import functools
import itertools

import numpy as np
import torch


def totals(end, done):
    return {
        "linear": [end * d for d in done],
        "geometric": [1 - (1 - end) ** d for d in done],
        "cubic": [end - end * (1 - d) ** 3 for d in done],
    }


def schedules_of_whole_steps(end, rounds):
    return totals(end, [number // rounds for number in range(1, rounds + 1)])


def schedules_between_both_ends(end, rounds):
    return totals(end, np.linspace(0, 1, rounds).tolist())


def schedules_never_there(end, rounds):
    return totals(end, [(number + 1) / (rounds + 1) for number in range(rounds)])


def schedules_one_short(end, rounds):
    return totals(end, [number / (rounds - 1) for number in range(rounds)])


def schedules_in_per_cent(end, rounds):
    shapes = totals(end, [(number + 1) / rounds for number in range(rounds)])
    return {name: [round(100 * x, 6) for x in shape] for name, shape in shapes.items()}


def schedules_with_a_wrong_power(end, rounds):
    shapes = totals(end, [t / rounds for t in range(1, rounds + 1)])
    shapes["geometric"] = [1 - (1 - end) ** t / rounds for t in range(1, rounds + 1)]
    return shapes


def schedules_of_one_fraction(end, rounds):
    shapes = totals(end, [t / rounds for t in range(1, rounds + 1)])
    shapes["geometric"] = [1 - (1 - end) ** (1 / rounds) for _ in range(rounds)]
    return shapes


def amounts_of_the_total(schedule):
    result, last = [], 0
    for now in schedule:
        result.append((now - last) / now if now > 0 else 0)
        last = now
    return result


def amounts_by_index(schedule):
    return [
        (schedule[i] - schedule[i - 1]) / (1 - schedule[i - 1]) if schedule[i - 1] != 1 else 0.0
        for i in range(len(schedule))
    ]


def amounts_by_place(schedule):
    result = []
    for total in schedule:
        place = schedule.index(total)
        before = schedule[place - 1] if place > 0 else 0
        result.append((total - before) / (1 - before) if before < 1 else 0)
    return result


def amounts_chained(schedule):
    result, gone = [], 0.0
    for total in schedule:
        gone = (total - gone) / (1 - gone) if gone != 1 else 0.0
        result.append(gone)
    return result


def amounts_of_everything(schedule):
    steps = itertools.pairwise([0, *schedule])
    return [1.0 if before == 1 else (after - before) / (1 - before) for before, after in steps]


def amounts_without_a_bracket(schedule):
    steps = itertools.pairwise([0, *schedule])
    return [(after - before) / 1 - before for before, after in steps]


def mask_of_any_order(weight, mask, sparsity):
    sizes = torch.where(mask, weight.abs(), torch.tensor(-1.0)).view(-1)
    count = max(int((mask == 0).sum()), round(sparsity * sizes.numel()))
    new = torch.ones(sizes.numel())
    new[torch.argsort(sizes)[:count]] = 0
    return new.bool().view(mask.shape)


def mask_of_products(weight, mask, sparsity):
    sizes = ((weight * mask).abs() + mask.float() - 1).view(-1)
    count = max(int((mask == 0).sum()), round(sparsity * sizes.numel()))
    new = torch.ones(sizes.numel())
    new[sizes.sort(stable=True)[1][:count]] = 0
    return new.bool().view(mask.shape)


def mask_of_a_half_more(weight, mask, sparsity):
    sizes = weight.abs().masked_fill(mask.logical_not(), -1).view(-1)
    count = max(int((mask == 0).sum()), int(np.floor(sparsity * sizes.numel() + 0.5)))
    new = torch.ones(sizes.numel())
    new[sizes.sort(stable=True)[1][:count]] = 0
    return new.bool().view(mask.shape)


def mask_of_rows(weight, mask, sparsity):
    sizes = weight.abs().masked_fill(mask.logical_not(), -1).flatten()
    count = max(mask.logical_not().count_nonzero(), round(sparsity * len(weight)))
    new = torch.ones(sizes.numel(), dtype=torch.bool)
    new[sizes.sort(stable=True)[1][:count]] = False
    return new.unflatten(0, mask.shape)


def mask_of_places_in_the_rest(weight, mask, sparsity):
    rest = weight[mask].abs().sort(stable=True)[1]
    more = max(0, round(sparsity * weight.numel()) - (mask.numel() - int(mask.sum())))
    new = mask.flatten().clone()
    for place in rest[:more].tolist():
        new[place] = False
    return new.reshape(mask.shape)


def rounds_with_numbers(weight, schedule, train):
    mask = torch.ones(weight.shape).bool()
    for total in schedule:
        mask = next_of(weight, mask, total)
        weight = train(weight * mask, mask * 1.0) * mask
    return weight, mask


def next_of(weight, mask, sparsity):
    sizes = weight.abs().masked_fill(~mask, -1).flatten()
    count = max(int((~mask).sum()), round(sparsity * sizes.numel()))
    new = torch.ones_like(sizes).index_fill(0, sizes.sort(stable=True)[1][:count], 0)
    return new.bool().reshape(mask.shape)


def rounds_unpruned(weight, schedule, train):
    mask = weight == weight
    for total in schedule:
        mask = next_of(weight, mask, total)
        weight = train(weight, mask)
    return weight.masked_fill(~mask, 0), mask


def rounds_after_a_warm_up(weight, schedule, train):
    mask = weight == weight
    w = train(weight, mask)
    for total in schedule:
        mask = next_of(w, mask, total)
        w = train(w * mask, mask) * mask
    return w, mask


def rounds_of_amounts(weight, schedule, train):
    mask, left = weight == weight, 1.0
    for amount in schedule:
        left *= 1 - amount
        mask = next_of(weight, mask, 1 - left)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def rounds_tried_twice(weight, schedule, train):
    mask = weight == weight
    for total in schedule:
        mask = next_of(weight, mask, total)
        if train(weight * mask, mask) is not None:
            weight = train(weight * mask, mask) * mask
    return weight, mask


def rounds_that_read_zeros(weight, schedule, train):
    mask = torch.ones_like(weight).bool()
    for total in schedule:
        mask = next_of(weight, weight.ne(0), total)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def ticket_of_letters(initial, masks):
    ticket = {}
    for name in initial:
        key = name.strip(".weight") if name.endswith("weight") else None
        ticket[name] = initial[name] * masks[key] if key in masks else initial[name]
    return ticket


def ticket_in_order(initial, masks):
    ticket, given = dict(initial), list(masks.values())
    for name in initial:
        if "weight" in name and given:
            ticket[name] = initial[name] * given.pop(0)
    return ticket


def ticket_of_two_parts(initial, masks):
    ticket = {}
    for name, value in initial.items():
        layer, kind = name.split(".")
        ticket[name] = value * masks[layer] if kind == "weight" and layer in masks else value
    return ticket


def ticket_of_rows(initial, masks):
    ticket = dict(initial)
    for layer, mask in masks.items():
        ticket[layer + ".weight"] = initial[layer + ".weight"] * mask
        if layer + ".bias" in initial and mask.ndim > 1:
            alive = mask.reshape(len(mask), -1).sum(1) > 0
            ticket[layer + ".bias"] = initial[layer + ".bias"] * alive
    return ticket


def ticket_of_floats(initial, masks):
    ticket = {name: value.clone() for name, value in initial.items()}
    for layer in masks:
        ticket[f"{layer}.weight"] = ticket[f"{layer}.weight"] * masks[layer].float()
    return ticket


def ticket_of_all_masks(initial, masks):
    return {
        name: value * masks[name[:-7]] if name.endswith(".weight") else value
        for name, value in initial.items()
    }


def climb(net, totals, epochs, prune, train):
    return functools.reduce(lambda n, total: train(prune(n, total), epochs), totals, net)


def geometric(end, rounds):
    return [1 - (1 - end) ** ((t + 1) / rounds) for t in range(rounds)]


def race_that_looks_fair(net, end, rounds, epochs, prune, train):
    return {
        "one-shot": train(prune(net, end), epochs),
        "iterative": climb(net, geometric(end, rounds), epochs, prune, train),
        "dense": net,
    }


def race_against_a_resting_net(net, end, rounds, epochs, prune, train):
    return {
        "one-shot": train(prune(net, end), epochs * rounds),
        "iterative": climb(net, geometric(end, rounds), epochs, prune, train),
        "dense": net,
    }


def race_of_amounts(net, end, rounds, epochs, prune, train):
    amount = 1 - (1 - end) ** (1 / rounds)
    return {
        "one-shot": train(prune(net, end), epochs * rounds),
        "iterative": climb(net, [amount for _ in range(rounds)], epochs, prune, train),
        "dense": train(net, epochs * rounds),
    }


def race_with_one_net(net, end, rounds, epochs, prune, train):
    for total in geometric(end, rounds):
        net = train(prune(net, total), epochs)
    result = {"iterative": net}
    result["one-shot"] = train(prune(net, end), epochs * rounds)
    result["dense"] = train(net, epochs * rounds)
    return result


def race_to_a_last_cut(net, end, rounds, epochs, prune, train):
    rising = net
    for total in geometric(end, rounds):
        rising = train(rising, epochs)
        rising = prune(rising, total)
    return {
        "one-shot": train(prune(net, end), epochs * rounds),
        "iterative": rising,
        "dense": train(net, epochs * rounds),
    }


def race_without_a_control(net, end, rounds, epochs, prune, train):
    rising = climb(net, geometric(end, rounds), epochs, prune, train)
    return {"one-shot": train(prune(net, end), epochs * rounds), "iterative": rising}


def race_of_a_list(net, end, rounds, epochs, prune, train):
    rising = train(prune(net, geometric(end, rounds)), epochs * rounds)
    return {"one-shot": train(prune(net, end), epochs * rounds), "iterative": rising}


WRONG_ANSWERS = {
    "6.1": [
        (schedules_of_whole_steps, "t // rounds is a whole number"),
        (schedules_between_both_ends, "Your first round prunes nothing"),
        (schedules_never_there, "You divide by rounds + 1"),
        (schedules_one_short, "There may be one round only"),
        (schedules_in_per_cent, "You give per cent"),
        (schedules_with_a_wrong_power, "the power comes before the division"),
        (schedules_of_one_fraction, "holds the amount, the same fraction in every round"),
    ],
    "6.2": [
        (amounts_of_the_total, "You divide by the new total"),
        (amounts_by_index, "which is the *last* total"),
        (amounts_by_place, "Two rounds may have the same total"),
        (amounts_chained, "You keep the *amount* as what has gone"),
        (amounts_of_everything, "Nothing goes in such a round: 0.0"),
        (amounts_without_a_bracket, "Put what is left into parentheses"),
    ],
    "6.3": [
        (mask_of_any_order, "Say argsort(stable=True)"),
        (mask_of_products, "∞ · 0 is NaN"),
        (mask_of_a_half_more, "You round halves up"),
        (mask_of_rows, "len counts rows"),
        (mask_of_places_in_the_rest, "Your positions count among the kept weights"),
    ],
    "6.4": [
        (rounds_with_numbers, "You hand train a mask of floats"),
        (rounds_unpruned, "You hand train the unpruned weight"),
        (rounds_after_a_warm_up, "You train once before the first round"),
        (rounds_of_amounts, "It holds totals already"),
        (rounds_tried_twice, "drop what the first call returns"),
        (rounds_that_read_zeros, "You read from the zeros of the weight"),
    ],
    "6.5": [
        (ticket_of_letters, "takes off *letters*"),
        (ticket_in_order, "Masks may stand in another order"),
        (ticket_of_two_parts, "A name may hold several dots"),
        (ticket_of_rows, "You set the bias of a row without weights to 0"),
        (ticket_of_floats, "Multiply by the boolean mask itself"),
        (ticket_of_all_masks, "need not have one for every layer"),
    ],
    "6.6": [
        (race_that_looks_fair, "The confound is training: the iterative net gets rounds · epochs"),
        (race_against_a_resting_net, "Your control does not train on"),
        (race_of_amounts, "The confound is sparsity: you hand `prune` an *amount*"),
        (race_with_one_net, "The confound is the start: you overwrite `net`"),
        (race_to_a_last_cut, "so nothing repairs its last one"),
        (race_without_a_control, "There is no control"),
        (race_of_a_list, "Go through it"),
    ],
}
