"""Exercise 2.2: One threshold for all layers."""

import torch
from torch import Tensor

from course_utils import masks
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import Weights, normal


def global_masks(weights: Weights, sparsity: float) -> Weights:
    everything = torch.cat([weight.flatten() for weight in weights.values()])
    mask = masks.magnitude_mask(everything, sparsity)
    pieces = mask.split([weight.numel() for weight in weights.values()])
    return {
        name: piece.reshape(weight.shape)
        for (name, weight), piece in zip(weights.items(), pieces, strict=True)
    }


_right_global = global_masks


def _each_layer(weights: Weights, sparsity: float) -> Weights:
    return {name: masks.magnitude_mask(weight, sparsity) for name, weight in weights.items()}


def _normalised(weights: Weights, sparsity: float) -> Weights:
    return _right_global({name: w / w.abs().max() for name, w in weights.items()}, sparsity)


def _one_flat_mask(weights: Weights, sparsity: float) -> Tensor:
    return masks.magnitude_mask(torch.cat([w.flatten() for w in weights.values()]), sparsity)


def _global_inverted(weights: Weights, sparsity: float) -> Weights:
    return {name: ~mask for name, mask in _right_global(weights, sparsity).items()}


def _flat_pieces(weights: Weights, sparsity: float) -> Weights:
    return {name: mask.flatten() for name, mask in _right_global(weights, sparsity).items()}


def _global_tied_go(weights: Weights, sparsity: float) -> Weights:
    everything = torch.cat([w.abs().flatten() for w in weights.values()])
    count = round(sparsity * everything.numel())
    threshold = everything.kthvalue(count).values if count else -1.0
    return {name: w.abs() > threshold for name, w in weights.items()}


def _toy_layers() -> Weights:
    return {
        "big": torch.tensor([[3.0, -4.0], [5.0, 6.0]]),
        "small": torch.tensor([[0.1, -0.2], [0.3, 0.4]]),
    }


global_masks = Exercise(
    id="2.2",
    title="One threshold for all layers",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=global_masks,
    cases=(
        Case("a layer of big and one of small weights", lambda: (_toy_layers(), 0.5)),
        Case("three of eight", lambda: (_toy_layers(), 0.4)),
        Case("sparsity 0", lambda: (_toy_layers(), 0.0)),
        Case("sparsity 1", lambda: (_toy_layers(), 1.0)),
        Case(
            "ties across layers: the earlier layer goes first",
            lambda: ({"first": torch.ones(3), "second": torch.ones(2, 2)}, 0.6),
        ),
        Case(
            "three layers of different shape",
            lambda: (
                {
                    "conv": normal(2, 1, 3, 3, seed=1),
                    "fc": 0.5 * normal(4, 6, seed=2),
                    "out": 2 * normal(2, 4, seed=3),
                },
                0.7,
            ),
        ),
    ),
    hints=(
        "Lay all weights end to end, prune that one long tensor with your magnitude_mask, and cut "
        "its mask back into the layers.",
        """
        big    ■ ■ ■ ■            flatten and cat:  3 4 5 6 .1 .2 .3 .4
        small  □ □ □ □            one mask at 50 %: ■ ■ ■ ■ □  □  □  □      split, reshape
        """,
        """
        def global_masks(weights, sparsity):
            everything = torch.cat([... for weight in weights.values()])
            mask = magnitude_mask(...)
            pieces = mask.split([weight.numel() for weight in weights.values()])
            return {name: ... for (name, weight), piece in zip(weights.items(), pieces)}
        """,
    ),
    misconceptions=(
        Misconception(
            _each_layer,
            "You prune each layer to the same sparsity: that is *per layer*. Global means one "
            "threshold, so that a layer of small weights loses more than one of large weights.",
        ),
        Misconception(
            _normalised,
            "You divide each layer by its largest weight first. That is a useful idea (lesson 05), "
            "but plain global pruning compares the weights as they are.",
        ),
        Misconception(
            _one_flat_mask,
            "You return one long mask. Cut it back into the layers: split by their numel, then "
            "reshape each piece.",
        ),
        Misconception(
            _global_inverted, "Your masks mark what goes. True (1) means *kept* in this course."
        ),
        Misconception(
            _flat_pieces,
            "The right weights, but your masks are flat. A mask has its weight's shape: reshape "
            "each piece.",
        ),
        Misconception(
            _global_tied_go,
            "Where weights tie at the threshold, all of them go, so the total is more than asked. "
            "Your magnitude_mask already counts positions: call it on the long tensor.",
        ),
    ),
)
