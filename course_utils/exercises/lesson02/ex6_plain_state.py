"""Exercise 2.6: Save a pruned model so that it loads."""

from collections.abc import Mapping

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import Weights, normal


def plain_state(state: Mapping[str, Tensor]) -> Weights:
    plain = {}
    for name, tensor in state.items():
        if name.endswith("_mask"):
            continue
        if name.endswith("_orig"):
            name = name.removesuffix("_orig")
            tensor = tensor * state[f"{name}_mask"]
        plain[name] = tensor
    return plain


_right_state = plain_state


def _renamed_only(state: Mapping[str, Tensor]) -> Weights:
    return {n.removesuffix("_orig"): t for n, t in state.items() if not n.endswith("_mask")}


def _masks_left_in(state: Mapping[str, Tensor]) -> Weights:
    left = {name: tensor for name, tensor in state.items() if name.endswith("_mask")}
    return {**_right_state(state), **left}


def _pruned_layers_lost(state: Mapping[str, Tensor]) -> Weights:
    return {n: t for n, t in state.items() if not n.endswith(("_orig", "_mask"))}


def _only_pruned_layers(state: Mapping[str, Tensor]) -> Weights:
    return {
        n.removesuffix("_orig"): t * state[n.removesuffix("_orig") + "_mask"]
        for n, t in state.items()
        if n.endswith("_orig")
    }


def _names_kept(state: Mapping[str, Tensor]) -> Weights:
    return {
        n: t * state[n.removesuffix("_orig") + "_mask"] if n.endswith("_orig") else t
        for n, t in state.items()
        if not n.endswith("_mask")
    }


def _unchanged(state: Mapping[str, Tensor]) -> Weights:
    return dict(state)


def _pruned_state() -> Weights:
    return {
        "fc1.bias": torch.tensor([0.5, -0.5]),
        "fc1.weight_orig": torch.tensor([[1.0, 2.0], [-3.0, 4.0]]),
        "fc1.weight_mask": torch.tensor([[1.0, 0.0], [0.0, 1.0]]),
    }


plain_state = Exercise(
    id="2.6",
    title="Save a pruned model so that it loads",
    difficulty=2,
    importance=3,
    minutes=5,
    reference=plain_state,
    cases=(
        Case("one pruned layer", lambda: (_pruned_state(),)),
        Case("nothing pruned", lambda: ({"fc1.weight": torch.ones(2, 2)},)),
        Case(
            "a pruned and a dense layer",
            lambda: (
                {
                    **_pruned_state(),
                    "fc2.weight": normal(1, 2),
                    "fc2.bias": torch.tensor([0.1]),
                },
            ),
        ),
        Case(
            "weight and bias pruned",
            lambda: (
                {
                    "fc.weight_orig": normal(2, 2),
                    "fc.bias_orig": torch.tensor([1.0, 2.0]),
                    "fc.weight_mask": torch.tensor([[0.0, 1.0], [1.0, 1.0]]),
                    "fc.bias_mask": torch.tensor([0.0, 1.0]),
                },
            ),
        ),
    ),
    hints=(
        "A masked layer stores two tensors where a plain one stores one. Every pair must become "
        "their product under the plain name; everything else stays as it is.",
        """
        fc1.weight_orig  ┐
        fc1.weight_mask  ┴→  fc1.weight = orig · mask
        fc1.bias         →   fc1.bias
        """,
        """
        def plain_state(state):
            plain = {}
            for name, tensor in state.items():
                if name.endswith("_mask"):
                    continue
                if name.endswith("_orig"):
                    name = name.removesuffix("_orig")
                    tensor = ...
                plain[name] = tensor
            return plain
        """,
    ),
    misconceptions=(
        Misconception(
            _renamed_only,
            "You rename weight_orig to weight, but weight_orig still holds the pruned weights: the "
            "sparsity is back to 0. Multiply by the mask.",
        ),
        Misconception(
            _masks_left_in,
            "The masks are still in. A plain model has no weight_mask, so load_state_dict refuses.",
        ),
        Misconception(
            _pruned_layers_lost,
            "The pruned layers are gone. With strict=False such a state loads without a word and "
            "leaves those layers at their random start.",
        ),
        Misconception(
            _only_pruned_layers,
            "You keep the pruned tensors only. Biases and dense layers belong into the file too.",
        ),
        Misconception(
            _names_kept,
            "The numbers are right, but the names still end in _orig: a plain model looks for "
            "weight and does not find it.",
        ),
        Misconception(
            _unchanged,
            "The state is still the masked one. Pairs of _orig and _mask must become one tensor.",
        ),
    ),
)
