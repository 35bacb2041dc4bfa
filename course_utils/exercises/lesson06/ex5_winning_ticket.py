"""Exercise 6.5: The lottery ticket."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import kept, normal

State = dict[str, Tensor]


def winning_ticket(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = dict(initial)
    for layer, mask in masks.items():
        ticket[f"{layer}.weight"] = initial[f"{layer}.weight"] * mask
    return ticket


_right_ticket = winning_ticket


def _masked_weights(
    initial: State, masks: Mapping[str, Tensor], alter: Callable[[Tensor, Tensor], Tensor]
) -> State:
    altered = {
        f"{layer}.weight": alter(initial[f"{layer}.weight"], masks[layer]) for layer in masks
    }
    return {**initial, **altered}


def _biases_too(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = {}
    for name, value in initial.items():
        layer = name.rpartition(".")[0]
        ticket[name] = value * masks[layer] if layer in masks else value
    return ticket


def _biases_where_it_fits(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = {}
    for name, value in initial.items():
        mask = masks.get(name.rpartition(".")[0])
        fits = mask is not None and mask.shape == value.shape
        ticket[name] = value * mask if fits else value
    return ticket


def _ticket_inverted(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: weight * ~mask)


def _weights_only(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = _right_ticket(initial, masks)
    return {name: value for name, value in ticket.items() if name.endswith(".weight")}


def _masked_layers_only(initial: State, masks: Mapping[str, Tensor]) -> State:
    return {f"{layer}.weight": initial[f"{layer}.weight"] * mask for layer, mask in masks.items()}


def _named_after_masks(initial: State, masks: Mapping[str, Tensor]) -> State:
    return {layer: initial[f"{layer}.weight"] * mask for layer, mask in masks.items()}


def _added_beside(initial: State, masks: Mapping[str, Tensor]) -> State:
    return {**initial, **_named_after_masks(initial, masks)}


def _changed_in_place(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: weight.mul_(mask))


def _signs(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: weight.sign() * mask)


def _rescaled(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: weight * mask / mask.float().mean())


def _ones_for_kept(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: mask.to(weight.dtype))


def _mask_forgotten(initial: State, masks: Mapping[str, Tensor]) -> State:
    return dict(initial)


def _by_the_start_of_the_name(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = dict(initial)
    for layer, mask in masks.items():
        for name in initial:
            if name.startswith(layer) and name.endswith("weight"):
                ticket[name] = ticket[name] * mask
    return ticket


def _up_to_the_first_dot(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = {}
    for name, value in initial.items():
        layer, _, rest = name.partition(".")
        masked = layer in masks and rest == "weight"
        ticket[name] = value * masks[layer] if masked else value
    return ticket


def _by_part_of_the_name(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = dict(initial)
    for layer, mask in masks.items():
        for name in initial:
            if layer in name and name.endswith("weight"):
                ticket[name] = ticket[name] * mask
    return ticket


def _all_that_begins_with_weight(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = {}
    for name, value in initial.items():
        layer = name.split(".weight")[0]
        ticket[name] = value * masks[layer] if layer in masks else value
    return ticket


def _sizes(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: weight.abs() * mask)


def _letters_stripped(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = {}
    for name, value in initial.items():
        layer = name.rstrip(".weight")  # which takes off letters
        masked = layer in masks and name.endswith(".weight")
        ticket[name] = value * masks[layer] if masked else value
    return ticket


def _masks_in_their_order(initial: State, masks: Mapping[str, Tensor]) -> State:
    weights = [name for name in initial if name.endswith(".weight")]
    pruned = {n: initial[n] * m for n, m in zip(weights, masks.values(), strict=False)}
    return {**initial, **pruned}


def _biases_to_0(initial: State, masks: Mapping[str, Tensor]) -> State:
    biases = {f"{layer}.bias" for layer in masks} & set(initial)
    return {
        **_right_ticket(initial, masks),
        **{name: torch.zeros_like(initial[name]) for name in biases},
    }


def _biases_of_empty_rows(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = _right_ticket(initial, masks)
    for layer, mask in masks.items():
        if f"{layer}.bias" in initial and mask.dim() > 1:
            ticket[f"{layer}.bias"] = initial[f"{layer}.bias"] * mask.flatten(1).any(1)
    return ticket


def _kept_numbers_only(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: weight[mask])


def _nan_for_pruned(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(
        initial, masks, lambda weight, mask: torch.where(mask, weight, torch.nan)
    )


def _masked_in_float32(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _masked_weights(initial, masks, lambda weight, mask: weight * mask.float())


def _all_in_float32(initial: State, masks: Mapping[str, Tensor]) -> State:
    return {name: value.float() for name, value in _right_ticket(initial, masks).items()}


def _names_of_torch_prune(initial: State, masks: Mapping[str, Tensor]) -> State:
    ticket = dict(initial)
    for layer, mask in masks.items():
        ticket[f"{layer}.weight_orig"] = ticket.pop(f"{layer}.weight")
        ticket[f"{layer}.weight_mask"] = mask
    return ticket


def _first_mask_only(initial: State, masks: Mapping[str, Tensor]) -> State | None:
    first = dict([*masks.items()][:1])
    return _right_ticket(initial, first) if first else None


def _last_mask_only(initial: State, masks: Mapping[str, Tensor]) -> State:
    return _right_ticket(initial, dict([*masks.items()][-1:]))


def _nothing_without_a_mask(initial: State, masks: Mapping[str, Tensor]) -> State:
    return {
        name: value * masks.get(name.removesuffix(".weight"), 0)
        if name.endswith(".weight")
        else value
        for name, value in initial.items()
    }


def _one_layer() -> State:
    return {
        "fc1.weight": torch.tensor([[0.5, -2.0, 3.0], [-1.5, 0.25, -4.0]]),
        "fc1.bias": torch.tensor([0.1, -0.2]),
    }


def _two_layers() -> State:
    return {
        **_one_layer(),
        "fc2.weight": torch.tensor([[2.0, -0.5]]),
        "fc2.bias": torch.tensor([0.3]),
    }


def _with_batchnorm() -> State:
    return {
        "conv.weight": normal(3, 1, 2, 2),
        "bn.weight": torch.tensor([1.0, 0.5, -2.0]),
        "bn.bias": torch.tensor([0.2, 0.3, 0.4]),
        "bn.running_mean": torch.tensor([5.0, 6.0, 7.0]),
        "bn.num_batches_tracked": torch.tensor(12),
    }


def _alike_names() -> State:
    return {
        "fc1.weight": torch.tensor([[1.0, 2.0]]),
        "fc10.weight": torch.tensor([[3.0, 4.0]]),
        "fc1.bias": torch.tensor([5.0]),
    }


def _nested_names() -> State:
    return {
        "blocks.0.weight": torch.tensor([[1.0, -2.0]]),
        "blocks.0.bias": torch.tensor([3.0]),
        "blocks.1.weight": torch.tensor([[4.0, 5.0]]),
    }


def _twins() -> State:
    """Two layers of one shape."""
    return {"fc1.weight": torch.tensor([[1.0, -2.0]]), "fc2.weight": torch.tensor([[3.0, 4.0]])}


def _names_that_end_alike() -> State:
    return {
        "gate.weight": torch.tensor([[1.0, -2.0]]),
        "head.weight": torch.tensor([[3.0, 4.0]]),
        "head.gate.weight": torch.tensor([[5.0, 6.0]]),
        "gate.bias": torch.tensor([7.0]),
        "gate.weight_scale": torch.tensor([[8.0, 9.0]]),
    }


winning_ticket = Exercise(
    id="6.5",
    title="The lottery ticket",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=winning_ticket,
    cases=(
        Case(
            "one layer",
            lambda: (
                _one_layer(),
                {"fc1": torch.tensor([[False, True, True], [True, False, True]])},
            ),
        ),
        Case(
            "two layers, one without a mask",
            lambda: (_two_layers(), {"fc2": torch.tensor([[True, False]])}),
        ),
        Case(
            "two layers, two masks",
            lambda: (
                _two_layers(),
                {
                    "fc1": torch.tensor([[False, True, False], [True, True, True]]),
                    "fc2": torch.tensor([[False, True]]),
                },
            ),
        ),
        Case(
            "the masks stand in another order than the layers",
            lambda: (
                _twins(),
                {"fc2": torch.tensor([[False, True]]), "fc1": torch.tensor([[True, False]])},
            ),
        ),
        Case(
            "a row that goes whole: its bias stays",
            lambda: (
                _one_layer(),
                {"fc1": torch.tensor([[True, False, True], [False, False, False]])},
            ),
        ),
        Case("no mask at all", lambda: (_one_layer(), {})),
        Case(
            "a BatchNorm layer, whose weight and bias have one shape",
            lambda: (
                _with_batchnorm(),
                {"conv": normal(3, 1, 2, 2, seed=2) > 0, "bn": kept(1, 0, 1)},
            ),
        ),
        Case(
            "the name of one layer begins with the other's",
            lambda: (_alike_names(), {"fc1": torch.tensor([[True, False]])}),
        ),
        Case(
            "a layer whose name ends in letters of “weight”, and another's name holds it",
            lambda: (_names_that_end_alike(), {"gate": torch.tensor([[False, True]])}),
        ),
        Case(
            "float16 weights",
            lambda: (
                {"fc.weight": normal(2, 3).half(), "fc.bias": normal(2).half()},
                {"fc": torch.tensor([[True, False, True], [False, True, True]])},
            ),
        ),
        Case(
            "names with more than one dot",
            lambda: (_nested_names(), {"blocks.0": torch.tensor([[False, True]])}),
        ),
    ),
    hints=(
        "Begin with a copy of the whole initial state: whatever has no mask is then done. Replace "
        "one entry for each mask. The mask of fc1 belongs to the entry fc1.weight.",
        """
        initial                     masks            ticket
        fc1.weight   0.5 −2  3      fc1   □ ■ ■      fc1.weight   0  −2  3
        fc1.bias     0.1                             fc1.bias     0.1         as it was
        fc2.weight   2 −0.5                          fc2.weight   2  −0.5     as it was
        """,
        """
        def winning_ticket(initial, masks):
            ticket = dict(initial)
            for layer, mask in masks.items():
                ticket[...] = initial[...] * ...
            return ticket
        """,
    ),
    misconceptions=(
        Misconception(
            _mask_forgotten,
            "You return the whole initial net: nothing is pruned. The ticket is the initial weight "
            "of each masked layer times its mask.",
        ),
        Misconception(
            _ticket_inverted,
            "You keep what was pruned and prune what was kept. True (1) means *kept*: multiply by "
            "the mask itself.",
        ),
        Misconception(
            _biases_too,
            "You multiply everything that belongs to a masked layer by its mask, the bias too. The "
            "mask is the weight's: change the entry that ends in .weight and no other.",
        ),
        Misconception(
            _biases_where_it_fits,
            "You use the mask wherever its shape fits. A BatchNorm layer's bias and running mean "
            "have the shape of its weight. Go by the name: only the entry that ends in .weight.",
        ),
        Misconception(
            _weights_only,
            "Your state holds the weights only. The biases and the rest of the state go back to "
            "their start too, so take them over as they are.",
        ),
        Misconception(
            _masked_layers_only,
            "Your state holds the masked weights only. A net cannot be filled from that: take over "
            "every other entry as it is.",
        ),
        Misconception(
            _named_after_masks,
            "Your entries bear the names of the masks (fc1), and the others are missing. A state "
            "has fc1.weight and fc1.bias: keep its names, all of them.",
        ),
        Misconception(
            _added_beside,
            "You add the pruned weight under the mask's name (fc1), beside the whole fc1.weight. "
            "Put it in the place of fc1.weight.",
        ),
        Misconception(
            _changed_in_place,
            "The right ticket, but the initial state has changed with it. Write into a copy, "
            "dict(initial), and multiply into new tensors: *= and mul_ work in place, and the copy "
            "holds the same tensors.",
        ),
        Misconception(
            _signs,
            "You keep only the sign of each initial weight. Papers have tried that too, but the "
            "ticket asked for has the initial numbers: weight * mask.",
        ),
        Misconception(
            _rescaled,
            "You scale the kept weights up by 1/density, as dropout does. The ticket starts from "
            "the initial numbers as they were.",
        ),
        Misconception(
            _ones_for_kept,
            "You put the mask in the place of the weight, so every kept weight is 1. Multiply the "
            "initial weight by it.",
        ),
        Misconception(
            _by_part_of_the_name,
            "You look for names that hold the layer's name, and those of other layers may: fc10 "
            "holds fc1. Ask for the one full name: layer + '.weight'.",
        ),
        Misconception(
            _all_that_begins_with_weight,
            "You mask everything of a layer whose name goes on with weight, and weight_scale is "
            "another entry than weight. Ask for the one full name: layer + '.weight'.",
        ),
        Misconception(
            _sizes,
            "You take the sizes of the initial weights. Their signs belong to the ticket: weight * "
            "mask.",
        ),
        Misconception(
            _letters_stripped,
            "rstrip takes off *letters*, any of w, e, i, g, h, t and the dot, so gate.weight "
            "becomes “ga”. Write name.removesuffix('.weight').",
        ),
        Misconception(
            _masks_in_their_order,
            "You give the first mask to the first weight, and so on. Masks may stand in another "
            "order, and not every layer has one: go by the name, layer + '.weight'.",
        ),
        Misconception(
            _biases_to_0,
            "You set the biases of masked layers to 0. They go back to what they were before "
            "training: take them over as they are.",
        ),
        Misconception(
            _biases_of_empty_rows,
            "You set the bias of a row without weights to 0. Only the weight has a mask; every "
            "bias is as it was before training.",
        ),
        Misconception(
            _kept_numbers_only,
            "weight[mask] is the list of the kept numbers, without their places. The pruned ones "
            "are 0 in the weight's shape: weight * mask.",
        ),
        Misconception(
            _nan_for_pruned,
            "You put NaN where the mask prunes. A pruned weight is 0: weight * mask.",
        ),
        Misconception(
            _masked_in_float32,
            "You make the mask float32 first, and a float16 weight times that is float32. "
            "Multiply by the boolean mask itself, and the dtype stays.",
        ),
        Misconception(
            _all_in_float32,
            "You make everything float32. Each entry keeps its dtype; num_batches_tracked is a "
            "whole number.",
        ),
        Misconception(
            _names_of_torch_prune,
            "You use the names of torch.nn.utils.prune, weight_orig and weight_mask. The ticket is "
            "a plain state with the names of `initial`.",
        ),
        Misconception(
            _first_mask_only,
            "Only the first mask is used: return stands inside the loop. Move it out by one step.",
        ),
        Misconception(
            _last_mask_only,
            "Only the last mask is used: each round begins with a new copy of the initial state. "
            "Make the copy once, before the loop.",
        ),
        Misconception(
            _nothing_without_a_mask,
            "You set the weights of layers without a mask to 0. They are not pruned: take them "
            "over as they are.",
        ),
        Misconception(
            _by_the_start_of_the_name,
            "You look for names that begin with the layer's name, and fc10.weight begins with fc1 "
            "too. Ask for the one full name: layer + '.weight'.",
        ),
        Misconception(
            _up_to_the_first_dot,
            "You take the layer's name up to the first dot, so blocks.0.weight looks for a mask of "
            "blocks and stays whole. Go from the mask to the entry instead: layer + '.weight'.",
        ),
    ),
    crashes={
        "'fc1'": "That dictionary has no entry fc1. The state has fc1.weight, and `masks` need not "
        "have one for every layer: go from each mask to its entry, layer + '.weight'.",
        "too many values to unpack": "A name may hold several dots: blocks.0.weight. Go from the "
        "mask to the entry, layer + '.weight', or cut with .rpartition('.').",
        "must match the size of tensor": "A mask fits the weight of its own layer and nothing "
        "else: leave the bias alone, and go by the name, not by the order.",
        "name 't": "With no mask at all the loop never runs. Make the copy of the state before it.",
        "changed size during iteration": "Loop over the masks, or over a copy of the dictionary "
        "that you change.",
    },
)
