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
        "'fc1'": "The state has no entry fc1. The mask of fc1 belongs to fc1.weight.",
        "must match the size of tensor": "A mask fits the weight of its layer and nothing else: "
        "leave the bias alone.",
        "changed size during iteration": "Loop over the masks, or over a copy of the dictionary "
        "that you change.",
    },
)
