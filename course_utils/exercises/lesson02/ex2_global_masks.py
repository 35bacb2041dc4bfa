"""Exercise 2.2: One threshold for all layers."""

import math
from collections.abc import Callable

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
_SORTS_DIFFER = torch.zeros(32).argsort().tolist() != list(range(32))  # not on every machine


def _each_layer(weights: Weights, sparsity: float) -> Weights:
    return {name: masks.magnitude_mask(weight, sparsity) for name, weight in weights.items()}


def _normalised_by(size: Callable[[Tensor], Tensor]) -> Callable:
    def wrong(weights: Weights, sparsity: float) -> Weights:
        return _right_global({name: w / size(w) for name, w in weights.items()}, sparsity)

    return wrong


def _in_another_order(weights: Weights, sparsity: float) -> Weights:
    return _right_global({name: weights[name] for name in sorted(weights)}, sparsity)


def _cut(scores: Weights, count: int, stable: bool = True) -> Weights:
    """Masks that prune the ``count`` smallest of all scores."""
    flat = torch.cat([score.flatten() for score in scores.values()])
    mask = torch.ones_like(flat, dtype=torch.bool)
    mask[flat.argsort(stable=stable)[:count]] = False
    pieces = mask.split([score.numel() for score in scores.values()])
    return {n: p.reshape(s.shape) for (n, s), p in zip(scores.items(), pieces, strict=True)}


def _count(weights: Weights, sparsity: float) -> int:
    return round(sparsity * sum(w.numel() for w in weights.values()))


def _sizes(weights: Weights) -> Weights:
    return {name: weight.abs() for name, weight in weights.items()}


def _signed(weights: Weights, sparsity: float) -> Weights:
    return _cut(weights, _count(weights, sparsity))


def _unstable(weights: Weights, sparsity: float) -> Weights:
    return _cut(_sizes(weights), _count(weights, sparsity), stable=False)


def _rounded_by_layer(weights: Weights, sparsity: float) -> Weights:
    return _cut(_sizes(weights), sum(round(sparsity * w.numel()) for w in weights.values()))


def _rounded_down(weights: Weights, sparsity: float) -> Weights:
    return _cut(_sizes(weights), int(sparsity * sum(w.numel() for w in weights.values())))


def _same_piece(weights: Weights, sparsity: float) -> Weights:
    mask = _one_flat_mask(weights, sparsity)
    return {name: mask[: w.numel()].reshape(w.shape) for name, w in weights.items()}


def _pruned_weights(weights: Weights, sparsity: float) -> Weights:
    return {n: weights[n] * mask for n, mask in _right_global(weights, sparsity).items()}


def _numbers(weights: Weights, sparsity: float) -> Weights:
    return {name: mask.float() for name, mask in _right_global(weights, sparsity).items()}


def _one_mask_in_rows(weights: Weights, sparsity: float) -> Tensor:
    return masks.magnitude_mask(torch.cat([*weights.values()]), sparsity)


def _global_tied_stay(weights: Weights, sparsity: float) -> Weights:
    flat = torch.cat([w.abs().flatten() for w in weights.values()]).sort().values
    count = _count(weights, sparsity)
    threshold = flat[count] if count < len(flat) else math.inf
    return {name: w.abs() >= threshold for name, w in weights.items()}


def _last_of_all_for_none(weights: Weights, sparsity: float) -> Weights:
    flat = torch.cat([w.abs().flatten() for w in weights.values()]).sort().values
    threshold = flat[_count(weights, sparsity) - 1]
    return {name: w.abs() > threshold for name, w in weights.items()}


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


def _start_is_the_last_size(weights: Weights, sparsity: float) -> Weights:
    mask, cut, start = _one_flat_mask(weights, sparsity), {}, 0
    for name, w in weights.items():
        cut[name] = mask[start : start + w.numel()].reshape(w.shape)
        start = w.numel()
    return cut


def _quantile(weights: Weights, sparsity: float) -> Weights:
    threshold = torch.cat([w.abs().flatten() for w in weights.values()]).quantile(sparsity)
    return {name: w.abs() > threshold for name, w in weights.items()}


def _whole(weight: Tensor) -> Tensor:
    return (1.5 * weight).int().float()


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
            lambda: ({"late": torch.ones(3), "early": torch.ones(2, 2)}, 0.65),
        ),
        Case(
            "24 whole numbers, many of them equal",
            lambda: (
                {"late": _whole(normal(2, 6, seed=1)), "early": _whole(normal(3, 4, seed=2))},
                0.6,
            ),
        ),
        Case(
            "three layers of different shape, one transposed",
            lambda: (
                {
                    "conv": normal(2, 1, 3, 3, seed=1),
                    "fc": 0.5 * normal(6, 4, seed=2).T,
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
            mask = ...
            pieces = mask.split([... for weight in weights.values()])
            return {name: ... for (name, weight), piece in zip(weights.items(), pieces)}
        """,
    ),
    misconceptions=(
        Misconception(
            _each_layer,
            "You prune each layer to the same sparsity: that is *per layer*. Global means one "
            "threshold, so that a layer of small weights loses more than one of large weights.",
        ),
        *(
            Misconception(
                _normalised_by(size),
                f"You divide each layer by its {name} first. That is a useful idea (lesson 05), "
                "but plain global pruning compares the weights as they are.",
            )
            for name, size in (
                ("largest weight", lambda w: w.abs().max()),
                ("norm", torch.linalg.vector_norm),
                ("mean size", lambda w: w.abs().mean()),
                ("standard deviation", torch.std),
            )
        ),
        Misconception(
            _in_another_order,
            "Right but for ties: the layers stand in the order of the dictionary, and of equal "
            "weights those of the earlier layer go first. Do not sort the names or turn them "
            "round.",
        ),
        Misconception(
            _signed,
            "You rank by the signed values, so −4.0 goes first of all. Magnitude means |w|.",
        ),
        Misconception(
            _rounded_by_layer,
            "You round the count in each layer and add up. Round once: sparsity · N for all N "
            "weights together.",
        ),
        Misconception(
            _rounded_down,
            "You cut the count off (int or //). Your magnitude_mask rounds already: call it on the "
            "long tensor.",
        ),
        Misconception(
            _same_piece,
            "Every layer gets the same piece, the first entries of the long mask. Move the start "
            "on by each layer's numel, or let .split do it.",
        ),
        Misconception(
            _start_is_the_last_size,
            "From the third layer on your pieces start too early: the start is the sum of all "
            "sizes before, not the last one. Write start += weight.numel().",
        ),
        Misconception(
            _quantile,
            "A quantile is interpolated between two weights, and `>` treats equal weights alike, "
            "so the count is off. Your magnitude_mask counts positions: call it on the long "
            "tensor.",
        ),
        Misconception(
            _pruned_weights,
            "You return the pruned *weights*. The masks are asked for: boolean, True = kept.",
        ),
        Misconception(
            _numbers,
            "The right cells, but as the numbers 0.0 and 1.0. A mask is boolean in this course.",
        ),
        Misconception(
            _one_mask_in_rows,
            "You join the layers row under row, which works only where rows are equally long, and "
            "return one mask. Flatten each weight, and cut the long mask back into the layers.",
        ),
        Misconception(
            _global_tied_stay,
            "Where weights tie at the threshold, all of them stay, so the total is less than "
            "asked. Your magnitude_mask already counts positions: call it on the long tensor.",
        ),
        Misconception(
            _last_of_all_for_none,
            "Where nothing is to go, your threshold is the entry [-1], the largest of all. Your "
            "magnitude_mask counts positions instead: call it on the long tensor.",
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
        *(
            (
                Misconception(
                    _unstable,
                    "Right but for ties. PyTorch promises no order among equal ones: write "
                    "argsort(stable=True), or call your magnitude_mask.",
                ),
            )
            if _SORTS_DIFFER
            else ()
        ),
    ),
    crashes={
        "split_sizes to sum exactly": "The pieces must add up to the long mask: each layer has "
        "weight.numel() entries, not len(weight).",
        "is invalid for input of size": "A piece does not fit its layer: each has weight.numel() "
        "entries. .chunk cuts into equal pieces, .split into the sizes that you give.",
        "Tensors must have same number of dimensions": "torch.cat joins tensors that differ in "
        "their first dimension only. Flatten each weight first.",
        "Sizes of tensors must match": "torch.cat joins tensors that differ in their first "
        "dimension only. Flatten each weight first.",
        "view size is not compatible": ".view wants the numbers side by side in memory. "
        ".flatten() and .reshape do not.",
        "selected number k out of range": "Where nothing is to go, there is no 0-th smallest "
        "weight. Your magnitude_mask counts positions: call it on the long tensor.",
        "is out of bounds for dimension 0": "At sparsity 1 no weight stays, and there is no entry "
        "number N. Your magnitude_mask counts positions: call it on the long tensor.",
        "must be tuple of Tensors": "torch.cat wants a list of tensors: [*weights.values()], each "
        "of them flattened.",
        "expected Tensor as element": "torch.cat wants tensors. A dictionary gives its names; its "
        "weights are weights.values().",
    },
)
