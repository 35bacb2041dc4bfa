"""Lesson 02, Unstructured pruning: masks by magnitude, one threshold, sensitivity, zeros that stay.

The references call the library where an earlier exercise has been turned into it.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from course_utils import masks
from course_utils.exercises.exercise import Case, Exercise, Misconception

Weights = dict[str, Tensor]
Scan = dict[str, dict[float, float]]


def _random(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# 2.1 ----------------------------------------------------------------------------------------------


def magnitude_mask(weight: Tensor, sparsity: float) -> Tensor:
    magnitudes = weight.abs().flatten()
    count = round(sparsity * magnitudes.numel())
    smallest_first = magnitudes.argsort(
        stable=True
    )  # stable: among equal ones the first goes first
    mask = torch.ones_like(magnitudes, dtype=torch.bool)
    mask[smallest_first[:count]] = False
    return mask.reshape(weight.shape)


def _ranked_mask(ranking: Tensor, count: int, shape: torch.Size) -> Tensor:
    mask = torch.ones(ranking.numel(), dtype=torch.bool)
    mask[ranking[:count]] = False
    return mask.reshape(shape)


def _keeps_smallest(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten()
    largest_first = flat.argsort(stable=True, descending=True)
    return _ranked_mask(largest_first, round(sparsity * flat.numel()), weight.shape)


def _signed(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.flatten()
    order = flat.argsort(stable=True)
    return _ranked_mask(order, round(sparsity * flat.numel()), weight.shape)


def _all_tied_go(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten()
    count = round(sparsity * flat.numel())
    if count == 0:
        return torch.ones_like(weight, dtype=torch.bool)
    return weight.abs() > flat.kthvalue(count).values


def _all_tied_stay(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten().sort().values
    count = round(sparsity * flat.numel())
    if count == flat.numel():
        return torch.zeros_like(weight, dtype=torch.bool)
    return weight.abs() >= flat[count]


def _quantile(weight: Tensor, sparsity: float) -> Tensor:
    return weight.abs() > weight.abs().flatten().quantile(sparsity)


def _rounded_down(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten()
    return _ranked_mask(flat.argsort(stable=True), int(sparsity * flat.numel()), weight.shape)


def _last_tied_first(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten()
    order = flat.numel() - 1 - flat.flip(0).argsort(stable=True)
    return _ranked_mask(order, round(sparsity * flat.numel()), weight.shape)


def _below_a_value(weight: Tensor, sparsity: float) -> Tensor:
    return weight.abs() >= sparsity


def _pruned_weight(weight: Tensor, sparsity: float) -> Tensor:
    return weight * masks.magnitude_mask(weight, sparsity)


def _zeros_and_ones(weight: Tensor, sparsity: float) -> Tensor:
    return masks.magnitude_mask(weight, sparsity).float()


def _true_is_pruned(weight: Tensor, sparsity: float) -> Tensor:
    return ~masks.magnitude_mask(weight, sparsity)


def _kthvalue_of_zero(weight: Tensor, sparsity: float) -> Tensor:
    flat = weight.abs().flatten()
    return weight.abs() > flat.kthvalue(round(sparsity * flat.numel())).values


magnitude_mask = Exercise(
    id="2.1",
    title="A magnitude mask",
    difficulty=2,
    importance=3,
    minutes=8,
    reference=magnitude_mask,
    cases=(
        Case("one weight, half of it: round(0.5) is 0", lambda: (torch.tensor([2.0]), 0.5)),
        Case("four weights, half go", lambda: (torch.tensor([0.1, -3.0, -0.2, 1.0]), 0.5)),
        Case("negative weights count by size", lambda: (torch.tensor([-3.0, 0.5, 1.0, 2.0]), 0.25)),
        Case("sparsity 0", lambda: (torch.tensor([1.0, 0.0, -2.0]), 0.0)),
        Case("sparsity 1", lambda: (torch.tensor([1.0, 0.0, -2.0]), 1.0)),
        Case("all weights tie", lambda: (torch.full((2, 3), 0.5), 0.5)),
        Case(
            "a tie at the threshold",
            lambda: (torch.tensor([1.0, 0.2, -1.0, 3.0, 1.0, 1.0]), 0.5),
        ),
        Case("5 weights, sparsity 0.55: 2.75 is 3", lambda: (_random(5), 0.55)),
        Case(
            "already pruned: zeros go first",
            lambda: (torch.tensor([[0.0, 0.3, -2.0, 0.0], [0.1, -0.4, 0.0, 1.0]]), 0.5),
        ),
        Case("a 4×6 matrix", lambda: (_random(4, 6, seed=2), 0.7)),
        Case("filters of a conv layer", lambda: (_random(3, 2, 3, 3, seed=3), 0.8)),
    ),
    hints=(
        "Work on a flat tensor of |w|. Find out *which* weights are the smallest, not below which "
        "value: a value cannot tell two equal weights apart, a position can.",
        """
        |w|             0.2   1.0   0.1   1.0      sparsity 0.75 → round(0.75 · 4) = 3 go
        smallest first  #2    #0    #1    #3       positions, equal ones in their order
        goes            #2    #0    #1             → mask  □ □ □ ■
        """,
        """
        def magnitude_mask(weight, sparsity):
            magnitudes = weight.abs().flatten()
            count = round(...)
            smallest_first = magnitudes.argsort(stable=True)
            mask = torch.ones_like(magnitudes, dtype=torch.bool)
            mask[...] = False
            return mask.reshape(...)
        """,
    ),
    misconceptions=(
        Misconception(
            _true_is_pruned,
            "Your mask is the other way round: it marks what goes. In this course True (1) means "
            "*kept*, as in torch.nn.utils.prune.",
        ),
        Misconception(
            _keeps_smallest,
            "Your mask keeps the *smallest* weights and prunes the largest. The count is right; "
            "turn the order round.",
        ),
        Misconception(
            _signed,
            "You rank by the signed value, so −3.0 counts as the smallest of all. Magnitude means "
            "|w|: take .abs() first.",
        ),
        Misconception(
            _all_tied_go,
            "Where weights tie at the threshold, all of them go, so you prune more than asked. "
            "Compare positions, not values: exactly round(sparsity · n) go, the first of equal "
            "ones first.",
        ),
        Misconception(
            _all_tied_stay,
            "Where weights tie at the threshold, all of them stay, so you prune less than asked. "
            "Compare positions, not values: exactly round(sparsity · n) go, the first of equal "
            "ones first.",
        ),
        Misconception(
            _quantile,
            "A quantile is interpolated between two weights, and `>` treats equal weights alike, "
            "so the count is off with ties and with few weights. Count positions instead.",
        ),
        Misconception(
            _rounded_down,
            "You cut the count off (int or //). torch.nn.utils.prune rounds: 2.75 weights are 3.",
        ),
        Misconception(
            _last_tied_first,
            "Right but for ties: you prune the *last* of equal weights. The course prunes the "
            "first, so that everybody gets the same mask.",
        ),
        Misconception(
            _below_a_value,
            "You use the sparsity as the threshold: all |w| below 0.5 go. Sparsity is the fraction "
            "of weights that go, whatever their values are.",
        ),
        Misconception(
            _pruned_weight,
            "You return the pruned *weight*. The mask is asked for: boolean, True = kept.",
        ),
        Misconception(
            _zeros_and_ones,
            "The right cells, but as the numbers 0.0 and 1.0. A mask is boolean here: ask for "
            "dtype=torch.bool, or compare to get one.",
        ),
        Misconception(
            _kthvalue_of_zero,
            "At sparsity 0 there is no 0-th smallest weight, so kthvalue refuses. And a threshold "
            "cannot tell equal weights apart: count positions instead.",
        ),
    ),
    crashes={
        "selected number k out of range": "At sparsity 0 nothing is to go, and there is no 0-th "
        "smallest weight. Handle that case, or use an order instead of a threshold.",
        "only tensors, integers": "A slice needs whole numbers: round(…) gives one, a product of "
        "floats does not.",
    },
)


# 2.2 ----------------------------------------------------------------------------------------------


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
                    "conv": _random(2, 1, 3, 3, seed=1),
                    "fc": 0.5 * _random(4, 6, seed=2),
                    "out": 2 * _random(2, 4, seed=3),
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


# 2.3 ----------------------------------------------------------------------------------------------


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


# 2.4 ----------------------------------------------------------------------------------------------


def choose_sparsities(scan: Scan, sizes: dict[str, int], budget: float) -> dict[str, float]:
    floors = sorted({accuracy for curve in scan.values() for accuracy in curve.values()})
    for floor in reversed(floors):  # the best accuracy first
        choice = {
            name: max((s for s, accuracy in curve.items() if accuracy >= floor), default=0.0)
            for name, curve in scan.items()
        }
        zeros = sum(choice[name] * sizes[name] for name in choice)
        if zeros >= budget * sum(sizes.values()):
            return choice
    raise ValueError(f"no choice of the scanned sparsities reaches {budget:.0%}")


def _choice_at(scan: Scan, floor: float, pick: Callable = max) -> dict[str, float]:
    return {
        name: pick((s for s, a in curve.items() if a >= floor), default=0.0)
        for name, curve in scan.items()
    }


def _search(scan: Scan, fits: Callable[[dict], bool], pick: Callable = max) -> dict[str, float]:
    floors = sorted({a for curve in scan.values() for a in curve.values()}, reverse=True)
    for floor in floors:
        choice = _choice_at(scan, floor, pick)
        if fits(choice):
            return choice
    raise ValueError("no choice reaches the budget")


def _unweighted(scan: Scan, sizes: dict[str, int], budget: float) -> dict[str, float]:
    return _search(scan, lambda choice: sum(choice.values()) / len(choice) >= budget)


def _same_for_all(scan: Scan, sizes: dict[str, int], budget: float) -> dict[str, float]:
    return {
        name: min((s for s in curve if s >= budget), default=max(curve))
        for name, curve in scan.items()
    }


def _lowest_floor(scan: Scan, sizes: dict[str, int], budget: float) -> dict[str, float]:
    choice = _choice_at(scan, min(a for curve in scan.values() for a in curve.values()))
    if sum(choice[n] * sizes[n] for n in choice) >= budget * sum(sizes.values()):
        return choice
    raise ValueError("no choice reaches the budget")


def _ignores_budget(scan: Scan, sizes: dict[str, int], budget: float) -> dict[str, float]:
    return _choice_at(scan, max(a for curve in scan.values() for a in curve.values()))


def _returns_last(scan: Scan, sizes: dict[str, int], budget: float) -> dict[str, float]:
    try:
        return _search(
            scan,
            lambda c: sum(c[n] * sizes[n] for n in c) >= budget * sum(sizes.values()),
        )
    except ValueError:
        return _choice_at(scan, 0.0)


def _even_scan() -> Scan:
    return {"fc1": {0.5: 0.9, 0.9: 0.8}, "fc2": {0.5: 0.7, 0.9: 0.3}}


def _lenet_scan() -> Scan:
    return {
        "fc1": {0.0: 0.94, 0.5: 0.938, 0.8: 0.93, 0.9: 0.9, 0.95: 0.81},
        "fc2": {0.0: 0.94, 0.5: 0.941, 0.8: 0.92, 0.9: 0.86, 0.95: 0.7},
        "fc3": {0.0: 0.94, 0.5: 0.93, 0.8: 0.85, 0.9: 0.7, 0.95: 0.5},
    }


_LENET_SIZES = {"fc1": 235_200, "fc2": 30_000, "fc3": 1_000}

choose_sparsities = Exercise(
    id="2.4",
    title="Sparsities under a budget",
    difficulty=3,
    importance=2,
    minutes=10,
    reference=choose_sparsities,
    cases=(
        Case("equal layers, half must go", lambda: (_even_scan(), {"fc1": 100, "fc2": 100}, 0.5)),
        Case("fc1 is big enough alone", lambda: (_even_scan(), {"fc1": 900, "fc2": 100}, 0.5)),
        Case("fc2 is the big one", lambda: (_even_scan(), {"fc1": 100, "fc2": 900}, 0.5)),
        Case("exactly at the budget", lambda: (_even_scan(), {"fc1": 100, "fc2": 100}, 0.45)),
        Case("nothing has to go", lambda: (_even_scan(), {"fc1": 100, "fc2": 100}, 0.0)),
        Case("LeNet, 80 %", lambda: (_lenet_scan(), _LENET_SIZES, 0.8)),
        Case("LeNet, 90 %", lambda: (_lenet_scan(), _LENET_SIZES, 0.9)),
        Case("more than the scan covers", lambda: (_even_scan(), {"fc1": 100, "fc2": 100}, 0.95)),
    ),
    hints=(
        "Ask for the same accuracy of every layer, and lower what you ask until the budget is "
        "reached. At a given floor each layer takes its largest sparsity that still reaches it. "
        "The budget counts weights, so a big layer weighs more.",
        """
        floor 0.90   fc1 → 0.5   fc2 → 0.0      zeros: 50 of 200     not enough
        floor 0.80   fc1 → 0.9   fc2 → 0.0      zeros: 90 of 200     not enough
        floor 0.70   fc1 → 0.9   fc2 → 0.5      zeros: 140 of 200    reaches 50 %: take it
        """,
        """
        def choose_sparsities(scan, sizes, budget):
            floors = sorted({...all accuracies in the scan...})
            for floor in reversed(floors):
                choice = {name: max((s for s, accuracy in curve.items() if ...), default=0.0)
                          for name, curve in scan.items()}
                zeros = sum(...)
                if zeros >= budget * ...:
                    return choice
            raise ValueError(...)
        """,
    ),
    misconceptions=(
        Misconception(
            _unweighted,
            "You average the layers' sparsities. The budget counts *weights*: fc1 of LeNet holds "
            "88 % of them, so weigh each layer by its size.",
        ),
        Misconception(
            _same_for_all,
            "Every layer gets the same sparsity, so the scan was for nothing. Let the robust "
            "layers give more and the sensitive ones less.",
        ),
        Misconception(
            _lowest_floor,
            "You start from the lowest accuracy, so every layer is pruned as far as it was "
            "scanned. Begin with the highest floor and stop as soon as the budget is reached.",
        ),
        Misconception(
            _ignores_budget,
            "You take the best accuracy and stop there, reached budget or not. Lower the floor "
            "until enough weights go.",
        ),
        Misconception(
            _returns_last,
            "Where no choice reaches the budget you return one all the same, and whoever called "
            "you believes it does. Raise a ValueError that says so.",
        ),
    ),
)


# 2.5 ----------------------------------------------------------------------------------------------


def sgd_step(
    weight: Tensor,
    mask: Tensor,
    gradient: Tensor,
    velocity: Tensor,
    lr: float,
    momentum: float,
    weight_decay: float,
) -> Tensor:
    velocity = momentum * velocity + gradient + weight_decay * weight
    return (weight - lr * velocity) * mask


def _no_mask(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return weight - lr * (momentum * velocity + gradient + weight_decay * weight)


def _gradient_only(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return weight - lr * (momentum * velocity + gradient * mask + weight_decay * weight)


def _masked_before(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    weight = weight * mask
    return weight - lr * (momentum * velocity + gradient + weight_decay * weight)


def _no_decay(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return (weight - lr * (momentum * velocity + gradient)) * mask


def _no_momentum(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return (weight - lr * (gradient + weight_decay * weight)) * mask


def _uphill(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return (weight + lr * (momentum * velocity + gradient + weight_decay * weight)) * mask


def _step_only(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return lr * (momentum * velocity + gradient + weight_decay * weight) * mask


def _sgd_case(lr: float, momentum: float, decay: float, stray: float = 0.0) -> tuple:
    mask = torch.tensor([[True, False, True], [False, True, True]])
    weight = _random(2, 3, seed=4) * mask + stray * ~mask
    return weight, mask, _random(2, 3, seed=5), _random(2, 3, seed=6), lr, momentum, decay


sgd_step = Exercise(
    id="2.5",
    title="A step that keeps the zeros",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=sgd_step,
    cases=(
        Case(
            "one pruned weight, plain SGD",
            lambda: (
                torch.tensor([0.0]),
                torch.tensor([False]),
                torch.tensor([1.0]),
                torch.tensor([0.0]),
                0.1,
                0.0,
                0.0,
            ),
        ),
        Case("no momentum, no weight decay", lambda: _sgd_case(0.1, 0.0, 0.0)),
        Case("momentum from before the pruning", lambda: _sgd_case(0.1, 0.9, 0.0)),
        Case("weight decay", lambda: _sgd_case(0.1, 0.0, 0.01)),
        Case("momentum and weight decay", lambda: _sgd_case(0.05, 0.9, 0.1)),
        Case("a pruned weight that has strayed from 0", lambda: _sgd_case(0.1, 0.9, 0.01, 0.5)),
    ),
    hints=(
        "Write the SGD step of PyTorch first, as if there were no mask. Then ask at which point "
        "the mask must be applied so that *nothing* can bring a pruned weight back.",
        """
        velocity ← momentum · velocity + gradient + weight_decay · weight
        weight   ← weight − lr · velocity          every term may be non-zero where M is 0
        weight   ← …                               so the mask comes last
        """,
        """
        def sgd_step(weight, mask, gradient, velocity, lr, momentum, weight_decay):
            velocity = momentum * velocity + ... + ...
            return (weight - ...) * ...
        """,
    ),
    misconceptions=(
        Misconception(
            _no_mask,
            "This is the plain SGD step: gradient and momentum move the pruned weights away from "
            "zero. Apply the mask to the *new* weight.",
        ),
        Misconception(
            _gradient_only,
            "You mask the gradient, but the velocity still remembers the gradients from before the "
            "pruning and pushes the pruned weights on. Apply the mask to the *new* weight.",
        ),
        Misconception(
            _masked_before,
            "You mask the weight and then take the step, so the step brings the zeros back. The "
            "mask must come last.",
        ),
        Misconception(
            _no_decay,
            "The weight decay is missing: SGD adds weight_decay · weight to the gradient.",
        ),
        Misconception(
            _no_momentum,
            "The velocity is missing: the step follows momentum · velocity + gradient + …",
        ),
        Misconception(
            _uphill, "Your step goes uphill. Gradient *descent* subtracts lr · velocity."
        ),
        Misconception(
            _step_only, "You return the step alone. The new weight is the old one minus it."
        ),
    ),
)


# 2.6 ----------------------------------------------------------------------------------------------


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
                {**_pruned_state(), "fc2.weight": _random(1, 2), "fc2.bias": torch.tensor([0.1])},
            ),
        ),
        Case(
            "weight and bias pruned",
            lambda: (
                {
                    "fc.weight_orig": _random(2, 2),
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
