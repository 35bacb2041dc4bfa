"""Exercise 2.4: Sparsities under a budget."""

from collections.abc import Callable

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.lesson02.ex3_sensitivity_scan import Scan


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
