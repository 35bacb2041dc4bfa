"""Exercise 2.4: Sparsities under a budget."""

import math
from collections.abc import Callable

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.lesson02.ex3_sensitivity_scan import Scan

Curve = dict[float, float]  # sparsity → accuracy
Choice = dict[str, float]  # layer name → sparsity


def choose_sparsities(scan: Scan, sizes: dict[str, int], budget: float) -> Choice:
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


def _largest(curve: Curve, floor: float) -> float:
    return max((s for s, accuracy in curve.items() if accuracy >= floor), default=0.0)


def _highest_first(scan: Scan) -> list[float]:
    return sorted({a for curve in scan.values() for a in curve.values()}, reverse=True)


def _zeros(choice: Choice, sizes: dict[str, int]) -> float:
    return sum(choice[name] * sizes[name] for name in choice)


def _search(
    *,
    floors: Callable[[Scan], list[float]] = _highest_first,
    pick: Callable[[Curve, float], float] = _largest,
    zeros: Callable[[Choice, dict[str, int]], float] = _zeros,
    reached: Callable[[float, float, int], bool] = lambda zeros, budget, n: zeros >= budget * n,
    error: type[Exception] | None = ValueError,
) -> Callable:
    """As the reference, with one part altered. Without an ``error`` the last choice is returned."""

    def wrong(scan: Scan, sizes: dict[str, int], budget: float) -> Choice:
        choice = {}
        for floor in floors(scan):
            choice = {name: pick(curve, floor) for name, curve in scan.items()}
            if reached(zeros(choice, sizes), budget, sum(sizes.values())):
                return choice
        if error is not None:
            raise error("no choice reaches the budget")
        return choice

    return wrong


def _up_to_a_dip(order: Callable) -> Callable[[Curve, float], float]:
    def pick(curve: Curve, floor: float) -> float:
        before = 0.0
        for sparsity in order(curve):
            if curve[sparsity] < floor:
                break
            before = sparsity
        return before

    return pick


def _that_reach(curve: Curve, floor: float) -> list[float]:
    return [sparsity for sparsity, accuracy in curve.items() if accuracy >= floor]


def _first_in_order(curve: Curve, floor: float) -> float:
    return (_that_reach(curve, floor) or [0.0])[0]


def _last_in_order(curve: Curve, floor: float) -> float:
    return (_that_reach(curve, floor) or [0.0])[-1]


def _smallest(curve: Curve, floor: float) -> float:
    return min(_that_reach(curve, floor), default=0.0)


def _strictly_above(curve: Curve, floor: float) -> float:
    return max((s for s, accuracy in curve.items() if accuracy > floor), default=0.0)


def _mean_of_layers(choice: Choice, sizes: dict[str, int]) -> float:
    return sum(choice.values()) / len(choice) * sum(sizes.values())


def _whole(rounding: Callable[[float], int]) -> Callable[[Choice, dict[str, int]], int]:
    return lambda choice, sizes: sum(rounding(choice[name] * sizes[name]) for name in choice)


def _by_position(choice: Choice, sizes: dict[str, int]) -> float:
    return sum(s * n for s, n in zip(choice.values(), sizes.values(), strict=True))


def _same_for_all(scan: Scan, sizes: dict[str, int], budget: float) -> Choice:
    return {
        name: min((s for s in curve if s >= budget), default=max(curve))
        for name, curve in scan.items()
    }


def _most_everywhere(scan: Scan, sizes: dict[str, int], budget: float) -> Choice:
    return {name: max(curve) for name, curve in scan.items()}


def _without_dense_layers(scan: Scan, sizes: dict[str, int], budget: float) -> Choice:
    chosen = _search()(scan, sizes, budget)
    return {name: sparsity for name, sparsity in chosen.items() if sparsity}


def _budget_as_accuracy(scan: Scan, sizes: dict[str, int], budget: float) -> Choice:
    return {name: _largest(curve, budget) for name, curve in scan.items()}


def _even_scan() -> Scan:
    return {"fc1": {0.5: 0.9, 0.9: 0.8}, "fc2": {0.5: 0.7, 0.9: 0.3}}


def _dipping_scan() -> Scan:
    return {"fc1": {0.5: 0.9, 0.8: 0.7, 0.9: 0.85}, "fc2": {0.5: 0.8, 0.8: 0.75, 0.9: 0.6}}


def _unsorted_scan() -> Scan:
    return {"fc1": {0.7: 0.88, 0.9: 0.85, 0.5: 0.9}, "fc2": {0.9: 0.6, 0.5: 0.8}}


def _quarters_scan() -> Scan:
    return {"fc1": {0.5: 0.9, 0.75: 0.8}, "fc2": {0.5: 0.7, 0.75: 0.3}}


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
        Case(
            "fc2 is the big one, and its size stands first",
            lambda: (_even_scan(), {"fc2": 900, "fc1": 100}, 0.5),
        ),
        Case("exactly at the budget", lambda: (_even_scan(), {"fc1": 100, "fc2": 100}, 0.45)),
        Case(
            "budget 0: the highest floor gives what it can",
            lambda: (_even_scan(), {"fc1": 100, "fc2": 100}, 0.0),
        ),
        Case("the lowest floor is needed", lambda: (_even_scan(), {"fc1": 100, "fc2": 100}, 0.8)),
        Case("a curve that dips", lambda: (_dipping_scan(), {"fc1": 100, "fc2": 100}, 0.4)),
        Case(
            "a scan that is not sorted",
            lambda: (_unsorted_scan(), {"fc1": 100, "fc2": 100}, 0.4),
        ),
        Case(
            "4.5 + 1 of 8 weights, 5.5 must go",
            lambda: (_quarters_scan(), {"fc1": 6, "fc2": 2}, 0.6875),
        ),
        Case(
            "4.5 + 1 of 8 weights, 5.75 must go",
            lambda: (_quarters_scan(), {"fc1": 6, "fc2": 2}, 0.71875),
        ),
        Case("LeNet, 45 %", lambda: (_lenet_scan(), _LENET_SIZES, 0.45)),
        Case("LeNet, 80 %", lambda: (_lenet_scan(), _LENET_SIZES, 0.8)),
        Case("LeNet, 90 %", lambda: (_lenet_scan(), _LENET_SIZES, 0.9)),
        Case(
            "more than the scan covers",
            lambda: (_even_scan(), {"fc1": 100, "fc2": 100}, 0.95),
            refused=ValueError,
        ),
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
            floors = sorted({...})          # all accuracies in the scan
            for floor in ...:               # the best one first
                choice = {name: ... for name, curve in scan.items()}
                zeros = sum(...)            # sparsity times size, over the layers
                if ...:
                    return choice
            raise ValueError(...)
        """,
    ),
    misconceptions=(
        Misconception(
            _search(zeros=_mean_of_layers),
            "You average the layers' sparsities. The budget counts *weights*: fc1 of LeNet holds "
            "88 % of them, so weigh each layer by its size.",
        ),
        Misconception(
            _same_for_all,
            "Every layer gets the same sparsity, so the scan was for nothing. Let the robust "
            "layers give more and the sensitive ones less.",
        ),
        Misconception(
            _search(floors=lambda scan: _highest_first(scan)[::-1]),
            "You start from the lowest accuracy, so every layer is pruned as far as it was "
            "scanned. Begin with the highest floor and stop as soon as the budget is reached.",
        ),
        Misconception(
            _search(floors=lambda scan: _highest_first(scan)[:1], error=None),
            "You take the best accuracy and stop there, reached budget or not. Lower the floor "
            "until enough weights go: the budget times all weights, a number and no fraction.",
        ),
        Misconception(
            _search(error=None),
            "Where no choice reaches the budget you return one all the same, and whoever called "
            "you believes it does. Raise a ValueError that says so.",
        ),
        Misconception(
            _search(pick=_up_to_a_dip(sorted)),
            "You stop at the first sparsity that falls short. A measured curve may dip and come "
            "back, and a larger one behind the dip may reach the floor: look at all of them.",
        ),
        Misconception(
            _search(pick=_up_to_a_dip(list)),
            "You stop at the first sparsity that falls short, in the order in which they stand. "
            "Neither need they be sorted, nor a curve fall all the way: look at all of them.",
        ),
        Misconception(
            _search(pick=_last_in_order),
            "You take the last sparsity that reaches the floor, in the order in which the scan "
            "stands. It need not be sorted: take the largest.",
        ),
        Misconception(
            _search(pick=_first_in_order),
            "You take the first sparsity that reaches the floor, in the order in which the scan "
            "stands. Take the largest.",
        ),
        Misconception(
            _search(pick=_smallest),
            "You take the *smallest* sparsity that reaches the floor, so less goes than could. "
            "Take the largest.",
        ),
        Misconception(
            _search(pick=_strictly_above),
            "You ask for more than the floor. An accuracy equal to it reaches it: >=, not >.",
        ),
        Misconception(
            _search(reached=lambda zeros, budget, n: zeros > budget * n),
            "You ask for more than the budget. It says at least: >=, not >.",
        ),
        Misconception(
            _search(reached=lambda zeros, budget, n: zeros >= (1 - budget) * n),
            "You take the budget for the part that *stays*. It is the part that goes.",
        ),
        Misconception(
            _search(zeros=_whole(int)),
            "You cut the zeros of each layer off to whole weights (int or //). Here sparsity · "
            "size counts as it is: do not round.",
        ),
        Misconception(
            _search(zeros=_whole(round)),
            "You round the zeros of each layer to whole weights. Here sparsity · size counts as it "
            "is, without rounding.",
        ),
        Misconception(
            _search(zeros=_whole(math.ceil)),
            "You round the zeros of each layer up. Here sparsity · size counts as it is: do not "
            "round.",
        ),
        Misconception(
            _search(zeros=_by_position),
            "You match sparsities and sizes by their place. The two dictionaries may stand in "
            "another order: match them by their names.",
        ),
        Misconception(
            _search(floors=lambda scan: sorted(next(iter(scan.values())).values(), reverse=True)),
            "You try the accuracies of one layer only as floors. The right one may stand in "
            "another curve: collect those of all layers.",
        ),
        Misconception(
            _search(floors=lambda scan: [step / 100 for step in range(100, -1, -1)]),
            "You try floors on a grid of your own, and jump over some of the scan's. Between two "
            "accuracies of the scan nothing changes, so try exactly these.",
        ),
        Misconception(
            _most_everywhere,
            "You prune each layer as far as it was scanned, whatever it costs. Look at the "
            "accuracies: begin with the highest floor, and stop as soon as the budget is reached.",
        ),
        Misconception(
            _without_dense_layers,
            "A layer that no sparsity of the scan suits is missing from your answer. It stays "
            "dense: give it 0.0.",
        ),
        Misconception(
            _budget_as_accuracy,
            "You use the budget as the accuracy to be reached. It says how many weights must go; "
            "the floor is what you look for.",
        ),
        *(
            Misconception(
                _search(error=error),
                "The choices are right. Where none reaches the budget asked for is a ValueError, "
                f"and you raise another: {error.__name__}.",
            )
            for error in (
                Exception,
                RuntimeError,
                AssertionError,
                StopIteration,
                IndexError,
                KeyError,
                TypeError,
                UnboundLocalError,
            )
        ),
    ),
    crashes={
        "is an empty sequence": "At a high floor a layer may have no sparsity that reaches it. It "
        "then stays dense: max(…, default=0.0).",
        "iterable argument is empty": "At a high floor a layer may have no sparsity that reaches "
        "it. It then stays dense: max(…, default=0.0).",
    },
)
