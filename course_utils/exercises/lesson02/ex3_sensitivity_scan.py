"""Exercise 2.3: A sensitivity scan."""

from collections.abc import Callable, Mapping

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


def _scan_with(
    trial: Callable[[Weights, str, float], Weights],
    measured: Callable[[float], float] = lambda accuracy: accuracy,
) -> Callable:
    """A scan of the nets that ``trial`` makes of all weights, a layer's name and a sparsity."""

    def wrong(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
        return {
            name: {s: measured(accuracy_of(trial(weights, name, s))) for s in sparsities}
            for name in weights
        }

    return wrong


def _pruned(weights: Weights, name: str, sparsity: float) -> Weights:
    return {**weights, name: weights[name] * masks.magnitude_mask(weights[name], sparsity)}


def _by_one_threshold(weights: Weights, name: str, sparsity: float) -> Weights:
    sizes = {each: weight.abs() for each, weight in weights.items()}
    return {**weights, name: weights[name] * masks.global_masks(sizes, sparsity)[name]}


def _inverted(weights: Weights, name: str, sparsity: float) -> Weights:
    return {**weights, name: weights[name] * ~masks.magnitude_mask(weights[name], sparsity)}


def _as_much_kept(weights: Weights, name: str, sparsity: float) -> Weights:
    return {**weights, name: weights[name] * masks.magnitude_mask(weights[name], 1 - sparsity)}


def _first_layer(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
    name = next(iter(weights))
    return {name: {s: accuracy_of(_pruned(weights, name, s)) for s in sparsities}}


def _pairs_as_keys(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> dict:
    return {(n, s): accuracy_of(_pruned(weights, n, s)) for n in weights for s in sparsities}


def _above_a_value(weights: Weights, name: str, sparsity: float) -> Weights:
    return {**weights, name: weights[name] * (weights[name].abs() > sparsity)}


def _change(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
    lost = _drop(weights, accuracy_of, sparsities)
    return {name: {s: -drop for s, drop in curve.items()} for name, curve in lost.items()}


def _nesting_swapped(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> dict:
    return {s: {n: accuracy_of(_pruned(weights, n, s)) for n in weights} for s in sparsities}


def _one_curve_for_all(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
    for name in weights:
        curve = {s: accuracy_of(_pruned(weights, name, s)) for s in sparsities}
    return dict.fromkeys(weights, curve)


def _last_sparsity(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
    last = sparsities[-1]
    return {name: {last: accuracy_of(_pruned(weights, name, last))} for name in weights}


def _pruned_again(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
    scan: Scan = {}
    for name, weight in weights.items():
        scan[name] = {}
        for sparsity in sparsities:
            weight = weight * masks.magnitude_mask(weight, sparsity)
            scan[name][sparsity] = accuracy_of({**weights, name: weight})
    return scan


def _mask_as_weight(weights: Weights, accuracy_of: Callable, sparsities: list[float]) -> Scan:
    return {
        name: {
            s: accuracy_of({**weights, name: masks.magnitude_mask(w, s)}) for s in sparsities
        }
        for name, w in weights.items()
    }  # fmt: skip


def _net_of(**parts: float) -> Callable[[Weights], float]:
    """Stands for a net: the accuracy falls with each weight that is missing, by layers.

    ``parts``: how much of the accuracy hangs on each layer.
    """

    def accuracy_of(weights: Weights) -> float:
        if not isinstance(weights, Mapping):
            raise TypeError("accuracy_of measures a whole dictionary of weights")
        if missing := [name for name in parts if name not in weights]:
            raise ValueError(f"accuracy_of measures a whole net: {missing[0]} is missing")
        left = {name: weights[name].float().abs().sum().item() for name in parts}
        return round(1 - sum(part * (1 - left[name] / 10) for name, part in parts.items()), 6)

    return accuracy_of


def _toy_weights() -> Weights:
    return {
        "fc1": torch.tensor([[1.5, -2.0], [3.0, 3.5]]),
        "fc2": torch.tensor([1.2, 2.0, 2.5, 4.3]),
    }


def _unlike_layers() -> Weights:
    return {
        "small": torch.tensor([[0.3, -0.1], [0.4, 0.2]]),
        "big": torch.tensor([3.0, -1.0, 4.0, 2.0]),
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
            lambda: ({"fc1": torch.tensor([1.5, -2.0])}, _net_of(fc1=0.1), [0.5]),
        ),
        Case(
            "two layers, one sparsity",
            lambda: (_toy_weights(), _net_of(fc1=0.1, fc2=0.2), [0.5]),
        ),
        Case(
            "two layers, three sparsities",
            lambda: (_toy_weights(), _net_of(fc1=0.1, fc2=0.2), [0, 0.25, 1]),
        ),
        Case(
            "the largest sparsity first",
            lambda: (_toy_weights(), _net_of(fc1=0.1, fc2=0.2), [0.75, 0.25]),
        ),
        Case(
            "a layer of small and one of big weights",
            lambda: (_unlike_layers(), _net_of(small=3.0, big=0.2), [0.5]),
        ),
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
                    trial = ...              # all layers dense, but this one
                    scan[name][sparsity] = ...
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
        Misconception(
            _scan_with(_by_one_threshold),
            "You take one threshold over all layers, as in exercise 2.2, so a layer loses another "
            "part than asked. A scan prunes each layer by itself: magnitude_mask of its weight.",
        ),
        Misconception(
            _scan_with(_inverted),
            "Your mask works the other way round: you keep what should go. True means kept.",
        ),
        Misconception(
            _scan_with(_as_much_kept),
            "You keep the fraction that should go: 1 − sparsity stands where magnitude_mask wants "
            "the sparsity.",
        ),
        Misconception(
            _first_layer,
            "You scan the first layer only: a return inside the loop ends it in the first round.",
        ),
        Misconception(
            _pairs_as_keys,
            "Your keys are pairs of name and sparsity. Asked for is a dictionary of dictionaries: "
            "{name: {sparsity: accuracy}}.",
        ),
        Misconception(
            _scan_with(_pruned, lambda accuracy: round(accuracy, 2)),
            "You round the accuracy. Hand it on as accuracy_of measured it: a scan lives from "
            "small differences.",
        ),
        Misconception(
            _scan_with(_above_a_value),
            "You use the sparsity as a threshold for |w|. It is the fraction that goes: take "
            "magnitude_mask(weight, sparsity).",
        ),
        Misconception(
            _scan_with(lambda weights, name, sparsity: weights),
            "Each accuracy is that of the dense net: the pruned weight never reaches accuracy_of. "
            "In {**weights, name: pruned} it must stand last, since what comes last counts.",
        ),
        Misconception(
            _scan_with(_pruned, lambda accuracy: 100 * accuracy),
            "You give percent. Hand on the accuracy as accuracy_of measured it.",
        ),
        Misconception(
            _change,
            "You return the change against the dense net. The accuracy itself is asked for.",
        ),
        Misconception(
            _nesting_swapped,
            "Your dictionaries are nested the other way round: the names belong outside, the "
            "sparsities inside. {name: {sparsity: accuracy}}",
        ),
        Misconception(
            _one_curve_for_all,
            "All layers share one dictionary, and the last layer's numbers overwrite the others: "
            "dict.fromkeys(…, {}) or a dictionary made before the loop. Make a new one for each "
            "name.",
        ),
        Misconception(
            _last_sparsity,
            "Only the last sparsity of each layer is left: you make a new dictionary in every "
            "round. Make it once for each name, then fill it.",
        ),
        Misconception(
            _pruned_again,
            "You prune the already pruned weight again, so what a larger sparsity took never comes "
            "back. Give the pruned weight another name and start from the dense one.",
        ),
    ),
    crashes={
        "measures a whole dictionary": "accuracy_of wants the whole dictionary {name: weight}, "
        "with one layer pruned and the others dense.",
        "measures a whole net": "accuracy_of wants all layers, the dense ones too: copy the "
        "dictionary and replace one entry.",
        "'fc1'": "There is no entry for this layer yet: write scan[name] = {} before you fill it.",
    },
)
