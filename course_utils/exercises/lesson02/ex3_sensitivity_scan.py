"""Exercise 2.3: A sensitivity scan."""

from collections.abc import Callable

import torch

from course_utils import masks
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import Weights

Scan = dict[str, dict[float, float]]


def sensitivity_scan(
    weights: Weights, accuracy_of: Callable[[Weights], float], sparsities: list[float]
) -> Scan:
    scan = {}
    for name, weight in weights.items():
        scan[name] = {}
        for sparsity in sparsities:
            trial = dict(weights)  # all layers dense again
            trial[name] = weight * masks.magnitude_mask(weight, sparsity)
            scan[name][sparsity] = accuracy_of(trial)
    return scan


def _never_restored(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
    scan: Scan = {}
    trial = dict(weights)
    for name, weight in weights.items():
        scan[name] = {}
        for sparsity in sparsities:
            trial[name] = weight * masks.magnitude_mask(weight, sparsity)
            scan[name][sparsity] = accuracy_of(trial)
    return scan


def _all_at_once(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
    curve = {
        s: accuracy_of({n: w * masks.magnitude_mask(w, s) for n, w in weights.items()})
        for s in sparsities
    }
    return {name: dict(curve) for name in weights}


def _drop(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
    dense = accuracy_of(weights)
    return {
        name: {
            s: dense - accuracy_of({**weights, name: w * masks.magnitude_mask(w, s)})
            for s in sparsities
        }
        for name, w in weights.items()
    }


def _pruned_in_place(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
    scan: Scan = {}
    for name, weight in weights.items():
        scan[name] = {}
        for sparsity in sparsities:
            weight *= masks.magnitude_mask(weight, sparsity)
            scan[name][sparsity] = accuracy_of(weights)
    return scan


def _only_this_layer(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
    return {
        name: {
            s: accuracy_of({n: w * masks.magnitude_mask(w, s) if n == name else 0 * w
                            for n, w in weights.items()})
            for s in sparsities
        }
        for name in weights
    }  # fmt: skip


def _mask_as_weight(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
    return {
        name: {
            s: accuracy_of({**weights, name: masks.magnitude_mask(w, s)}) for s in sparsities
        }
        for name, w in weights.items()
    }  # fmt: skip


def _toy_accuracy(weights: Weights) -> float:
    """Stands for a model: falls with each weight that is missing, in one layer faster."""
    left = 1.0
    for position, weight in enumerate(weights.values(), start=1):
        left -= 0.1 * position * (1 - weight.float().abs().sum().item() / 10)
    return round(left, 6)


def _toy_weights() -> Weights:
    return {
        "fc1": torch.tensor([[1.0, -2.0], [3.0, 4.0]]),
        "fc2": torch.tensor([1.0, 2.0, 2.5, 4.5]),
    }


sensitivity_scan = Exercise(
    id="2.3",
    title="A sensitivity scan",
    difficulty=2,
    importance=2,
    minutes=6,
    reference=sensitivity_scan,
    cases=(
        Case(
            "one layer, one sparsity",
            lambda: ({"fc1": torch.tensor([1.0, -2.0])}, _toy_accuracy, [0.5]),
        ),
        Case("two layers, one sparsity", lambda: (_toy_weights(), _toy_accuracy, [0.5])),
        Case("two layers, three sparsities", lambda: (_toy_weights(), _toy_accuracy, [0, 0.25, 1])),
        Case("the largest sparsity first", lambda: (_toy_weights(), _toy_accuracy, [0.75, 0.25])),
    ),
    hints=(
        "One layer at a time: prune it, measure, and put it back before the next. A copy of the "
        "dictionary does the putting back for you.",
        """
        fc1 50 %   {fc1: pruned, fc2: dense}   → accuracy_of(…)
        fc2 50 %   {fc1: dense,  fc2: pruned}  → accuracy_of(…)      fc1 is whole again
        """,
        """
        def sensitivity_scan(weights, accuracy_of, sparsities):
            scan = {}
            for name, weight in weights.items():
                scan[name] = {}
                for sparsity in sparsities:
                    trial = dict(weights)
                    trial[name] = ...
                    scan[name][sparsity] = accuracy_of(...)
            return scan
        """,
    ),
    misconceptions=(
        Misconception(
            _never_restored,
            "The layers before stay pruned while you scan the next, so the later layers look worse "
            "than they are. Start each trial from the dense weights.",
        ),
        Misconception(
            _all_at_once,
            "You prune all layers at once, so every layer gets the same curve. Prune one and leave "
            "the others dense.",
        ),
        Misconception(
            _drop,
            "You return how much accuracy is *lost*. The accuracy itself is asked for.",
        ),
        Misconception(
            _pruned_in_place,
            "You prune the weights you were given (*= works in place), so nothing ever comes back: "
            "the model is ruined after the scan. Multiply into a new tensor.",
        ),
        Misconception(
            _only_this_layer,
            "You zero all the *other* layers. They stay dense while one is pruned.",
        ),
        Misconception(
            _mask_as_weight,
            "You put the mask in the place of the weight. The layer needs weight * mask.",
        ),
    ),
)
