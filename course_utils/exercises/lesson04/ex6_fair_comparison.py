"""Exercise 4.6: Design the fair comparison."""

import copy
import statistics
from collections.abc import Callable

import torch
from torch import nn

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception

Nets = dict[int, nn.Module]  # seed → net
PARTS = ("validation", "test")


def fair_comparison(
    nets: Nets,
    methods: tuple[Callable, Callable],
    rates: list[float],
    epochs: int,
    train: Callable,
    accuracy: Callable,
) -> list[float]:
    chosen = []
    for cut in methods:
        runs = {rate: {seed: copy.deepcopy(net) for seed, net in nets.items()} for rate in rates}
        read = {}
        for rate, copies in runs.items():
            for seed, net in copies.items():
                spent = cut(net)
                train(net, epochs - spent, rate, seed)
            read[rate] = sum(accuracy(net, "validation") for net in copies.values())
        chosen.append(runs[max(rates, key=read.get)])
    first, second = chosen
    return [accuracy(first[seed], "test") - accuracy(second[seed], "test") for seed in nets]


def _best(copies: dict[float, Nets], accuracy: Callable) -> float:
    """The rate whose nets read most of the validation part on average."""
    read = {
        rate: sum(accuracy(net, "validation") for net in of_rate.values())
        for rate, of_rate in copies.items()
    }
    return max(read, key=read.get)


def _best_of_each(runs: list[dict[float, Nets]], accuracy: Callable) -> list[float]:
    return [_best(copies, accuracy) for copies in runs]


def _runs(
    lab: tuple,
    *,
    copied: Callable = copy.deepcopy,
    left: Callable = lambda epochs, spent: epochs - spent,
    seed_of: Callable = lambda seed, place, method: seed,
) -> list[dict[float, Nets]]:
    """For each method: rate → seed → net, cut and trained, with one thing altered."""
    nets, methods, rates, epochs, train, _ = lab
    runs = []
    for method, cut in enumerate(methods):
        runs.append({rate: {} for rate in rates})
        for rate in rates:
            for place, (seed, net) in enumerate(nets.items()):
                net = runs[-1][rate][seed] = copied(net)
                spent = cut(net)
                train(net, left(epochs, spent), rate, seed_of(seed, place, method))
    return runs


def _differences(
    lab: tuple, *, choose: Callable = _best_of_each, part: str = "test", **altered: Callable
) -> list[float]:
    """As the reference, with one thing altered."""
    nets, accuracy = lab[0], lab[-1]
    runs = _runs(lab, **altered)
    first, second = (
        copies[rate] for copies, rate in zip(runs, choose(runs, accuracy), strict=True)
    )
    return [accuracy(first[seed], part) - accuracy(second[seed], part) for seed in nets]


def _no_copy(*lab: object) -> list[float]:
    return _differences(lab, copied=lambda net: net)


def _methods_in_turn(*lab: object) -> list[float]:
    nets, methods, rates, epochs, train, accuracy = lab
    runs = [{rate: {} for rate in rates} for _ in methods]
    for rate in rates:
        for seed, dense in nets.items():
            net = copy.deepcopy(dense)
            for cut, copies in zip(methods, runs, strict=True):
                spent = cut(net)
                train(net, epochs - spent, rate, seed)
                copies[rate][seed] = copy.deepcopy(net)
    first, second = (copies[_best(copies, accuracy)] for copies in runs)
    return [accuracy(first[seed], "test") - accuracy(second[seed], "test") for seed in nets]


def _rates_in_turn(*lab: object) -> list[float]:
    nets, methods, rates, epochs, train, accuracy = lab
    chosen = []
    for cut in methods:
        copies, runs = copy.deepcopy(nets), {}
        for rate in rates:
            for seed, net in copies.items():
                spent = cut(net)
                train(net, epochs - spent, rate, seed)
            runs[rate] = copy.deepcopy(copies)
        chosen.append(runs[_best(runs, accuracy)])
    first, second = chosen
    return [accuracy(first[seed], "test") - accuracy(second[seed], "test") for seed in nets]


def _spent_for_nothing(*lab: object) -> list[float]:
    return _differences(lab, left=lambda epochs, spent: epochs)


def _spent_on_top(*lab: object) -> list[float]:
    return _differences(lab, left=lambda epochs, spent: epochs + spent)


def _never_trained(*lab: object) -> list[float]:
    return _differences(lab, left=lambda epochs, spent: 0)


def _one_seed_for_all(*lab: object) -> list[float]:
    return _differences(lab, seed_of=lambda seed, place, method: 0)


def _seeds_counted(*lab: object) -> list[float]:
    return _differences(lab, seed_of=lambda seed, place, method: place)


def _other_seeds_for_the_second(*lab: object) -> list[float]:
    return _differences(lab, seed_of=lambda seed, place, method: seed + method)


def _seeds_from_0(*lab: object) -> list[float]:
    nets, *rest = lab
    return _differences(({seed: nets[seed] for seed in range(len(nets))}, *rest))


def _first_rate(*lab: object) -> list[float]:
    return _differences(lab, choose=lambda runs, accuracy: [next(iter(runs[0]))] * 2)


def _last_rate(*lab: object) -> list[float]:
    return _differences(lab, choose=lambda runs, accuracy: [[*runs[0]][-1]] * 2)


def _rate_of_the_first(*lab: object) -> list[float]:
    return _differences(lab, choose=lambda runs, accuracy: [_best(runs[0], accuracy)] * 2)


def _rate_of_the_second(*lab: object) -> list[float]:
    return _differences(lab, choose=lambda runs, accuracy: [_best(runs[1], accuracy)] * 2)


def _one_rate_for_both(*lab: object) -> list[float]:
    def best_for_both(runs: list[dict[float, Nets]], accuracy: Callable) -> list[float]:
        def read(rate: float) -> float:
            return sum(
                accuracy(net, "validation") for copies in runs for net in copies[rate].values()
            )

        return [max(runs[0], key=read)] * 2

    return _differences(lab, choose=best_for_both)


def _rates_by(lab: tuple, score: Callable) -> list[float]:
    """The rate of each method whose nets have the largest ``score`` of what they read."""

    def choose(runs: list[dict[float, Nets]], accuracy: Callable) -> list[float]:
        def of_rate(copies: Nets) -> float:
            return score([accuracy(net, "validation") for net in copies.values()])

        return [
            max(copies, key=lambda rate, copies=copies: of_rate(copies[rate])) for copies in runs
        ]

    return _differences(lab, choose=choose)


def _luckiest_net(*lab: object) -> list[float]:
    return _rates_by(lab, max)


def _unluckiest_net(*lab: object) -> list[float]:
    return _rates_by(lab, min)


def _middle_net(*lab: object) -> list[float]:
    return _rates_by(lab, statistics.median)


def _first_net(*lab: object) -> list[float]:
    return _rates_by(lab, lambda read: read[0])


def _worst_rate(*lab: object) -> list[float]:
    return _rates_by(lab, lambda read: -sum(read))


def _rate_for_each_seed(*lab: object) -> list[float]:
    nets, accuracy = lab[0], lab[-1]
    runs = _runs(lab)

    def read(copies: dict[float, Nets], seed: int) -> float:
        best = max(copies, key=lambda rate: accuracy(copies[rate][seed], "validation"))
        return accuracy(copies[best][seed], "test")

    return [read(runs[0], seed) - read(runs[1], seed) for seed in nets]


def _of_the_validation_part(*lab: object) -> list[float]:
    return _differences(lab, part="validation")


def _second_minus_first(*lab: object) -> list[float]:
    return [-difference for difference in _right(*lab)]


def _mean_only(*lab: object) -> float:
    return statistics.fmean(_right(*lab))


def _pairs_broken(*lab: object) -> list[float]:
    nets, accuracy = lab[0], lab[-1]
    runs = _runs(lab)
    read = [
        sorted(accuracy(net, "test") for net in copies[_best(copies, accuracy)].values())
        for copies in runs
    ]
    return [read[0][place] - read[1][place] for place in range(len(nets))]


def _each_alone(*lab: object) -> list[list[float]]:
    runs, accuracy = _runs(lab), lab[-1]
    return [
        [accuracy(net, "test") for net in copies[_best(copies, accuracy)].values()]
        for copies in runs
    ]


class ToyNet(nn.Module):
    """Of a net only what a comparison sees: the per cent that it reads of the two parts."""

    def __init__(self, percent: float) -> None:
        super().__init__()
        self.register_buffer("reads", torch.tensor([percent, percent], dtype=torch.float64))
        self.register_buffer("cut_by", torch.tensor(0))


Gains = dict[float, tuple[float, float]]  # rate → points an epoch, of validation and of test


def _lab(
    luck: dict[int, float],
    gains: tuple[Gains, Gains],
    epochs: int = 2,
    spent: tuple[int, int] = (0, 0),
    liked: dict[tuple[int, float], float] | None = None,
) -> tuple:
    """The arguments of one case.

    ``luck``: seed → points that its dense net is ahead. ``spent``: the epochs that each method
    trains while it cuts. ``liked``: (seed, rate) → points of validation that chance adds there.
    """
    nets = {seed: ToyNet(90.0 + points) for seed, points in luck.items()}
    opened = []

    def method(number: int) -> Callable:
        def cut(net: ToyNet) -> int:
            net.reads -= 4.0 + number
            net.cut_by.fill_(number)
            return spent[number]

        return cut

    def train(net: ToyNet, epochs: int, rate: float, seed: int) -> None:
        number = int(net.cut_by)
        net.reads += epochs * torch.tensor(gains[number][rate], dtype=torch.float64)
        net.reads += (1 + number) * (seed % 5) / 8  # the order of the batches
        net.reads[0] += (liked or {}).get((seed, rate), 0.0)

    def accuracy(net: ToyNet, part: str) -> float:
        if part == "test":
            opened.append(net)
            if len(opened) > len(methods) * len(nets):
                raise RuntimeError("the test part has been opened for each method and seed already")
        if part not in PARTS:
            raise ValueError(f"there is no part {part!r}")
        return net.reads[PARTS.index(part)].item()

    methods = method(0), method(1)
    return nets, methods, [*gains[0]], epochs, train, accuracy


_right = fair_comparison

fair_comparison = Exercise(
    id="4.6",
    title="Design the fair comparison",
    difficulty=3,
    importance=3,
    minutes=8,
    reference=fair_comparison,
    cases=(
        Case(
            "one seed and one rate",
            lambda: _lab({0: 0.0}, ({0.1: (1.0, 1.0)}, {0.1: (0.5, 0.5)})),
        ),
        Case(
            "three seeds, not 0, 1, 2",
            lambda: _lab({7: 1.5, 3: -2.0, 11: 0.5}, ({0.1: (1.0, 1.0)}, {0.1: (0.5, 0.5)})),
        ),
        Case(
            "the second method trains for two epochs while it cuts",
            lambda: _lab(
                {0: 0.5, 1: -1.0},
                ({0.1: (1.0, 1.0)}, {0.1: (1.5, 1.5)}),
                epochs=5,
                spent=(0, 2),
            ),
        ),
        Case(
            "each method has a rate that suits it",
            lambda: _lab(
                {0: 0.5, 1: -1.0},
                (
                    {0.1: (1.0, 1.0), 0.02: (2.0, 2.5), 0.5: (0.5, 0.5)},
                    {0.1: (0.5, 0.25), 0.02: (1.0, 1.5), 0.5: (1.75, 2.0)},
                ),
            ),
        ),
        Case(
            "the test part happens to like other rates",
            lambda: _lab(
                {2: 0.5, 1: -1.0},
                (
                    {0.1: (2.0, 1.0), 0.02: (1.5, 1.75)},
                    {0.1: (0.5, 2.25), 0.02: (1.25, 0.75)},
                ),
            ),
        ),
        Case(
            "one net is lucky with a rate that is worse on average",
            lambda: _lab(
                {4: 0.5, 1: -1.0, 2: 0.0, 6: 0.25},
                (
                    {0.1: (2.0, 2.0), 0.02: (1.5, 0.5), 0.5: (1.0, 1.0)},
                    {0.1: (0.5, 0.75), 0.02: (0.25, 0.25), 0.5: (1.0, 1.25)},
                ),
                liked={(4, 0.02): 3.5, (4, 0.5): -9.0, (1, 0.5): 4.0, (2, 0.5): 4.0, (6, 0.5): 3.0},
            ),
        ),
        Case(
            "all of it",
            lambda: _lab(
                {5: 2.0, 8: -1.5, 3: 0.75},
                (
                    {0.5: (0.5, 1.0), 0.1: (2.0, 1.5), 0.02: (1.0, 2.5)},
                    {0.5: (1.5, 1.25), 0.1: (1.0, 2.0), 0.02: (0.5, 0.25)},
                ),
                epochs=6,
                spent=(1, 3),
            ),
        ),
    ),
    hints=(
        "Ask of each line: do both methods get the same? The same dense net, untouched; as many "
        "epochs, those of the cut included; the same seeds; a choice among the same rates, made "
        "on the validation part. What is left is the difference between the methods.",
        """
        method     rate    seed 0   seed 1   validation, mean
        first      0.1     90.5     88.5     89.5
                   0.02    91.5     90.0     90.75     chosen: its two nets are tested
        second     0.1     89.0     88.5     88.75     chosen: its two nets are tested
                   0.02    87.0     88.0     87.5
        """,
        """
        def fair_comparison(nets, methods, rates, epochs, train, accuracy):
            chosen = []                     # for each method: seed → net
            for cut in methods:
                runs, read = {}, {}
                for rate in rates:
                    runs[rate] = {seed: ... for seed, net in nets.items()}
                    for seed, net in runs[rate].items():
                        spent = cut(net)
                        train(net, ..., rate, ...)
                    read[rate] = ...        # of which part?
                chosen.append(runs[max(rates, key=read.get)])
            first, second = chosen
            return [... for seed in nets]
        """,
    ),
    misconceptions=(
        Misconception(
            _no_copy,
            "All of your runs share one net a seed: a method cuts what another has already cut "
            "and trained. Give each run a copy of its own, copy.deepcopy(net).",
        ),
        Misconception(
            _methods_in_turn,
            "The second method starts where the first has ended: on a net that is cut and trained "
            "already. Both must start from the dense net, so give each its own copy.",
        ),
        Misconception(
            _rates_in_turn,
            "The second rate trains on what the first has left, so the last rate has had all of "
            "the epochs. Each rate needs a copy of the dense net of its own.",
        ),
        Misconception(
            _spent_for_nothing,
            "A method that trains while it cuts gets these epochs on top. Then nobody knows "
            "whether the method is better or the longer training: fine-tune for epochs − spent.",
        ),
        Misconception(
            _spent_on_top,
            "You add the epochs that the cut has spent. They count against the budget: fine-tune "
            "for epochs − spent.",
        ),
        Misconception(
            _never_trained,
            "You never fine-tune (0 epochs). That compares the methods without the training that "
            "both are allowed: epochs − spent.",
        ),
        Misconception(
            _one_seed_for_all,
            "You train every net with the same seed. Then the order of the batches is one single "
            "draw, and its luck looks like a property of the method: take the seed of the net.",
        ),
        Misconception(
            _seeds_counted,
            "You train with the place of the net in the list, 0, 1, 2 …. Take its seed, the key "
            "in `nets`.",
        ),
        Misconception(
            _other_seeds_for_the_second,
            "The two methods train with different seeds, so that the luck of the batches is in "
            "the difference. A pair has everything in common but the method: the same seed.",
        ),
        Misconception(
            _seeds_from_0,
            "The seeds need not be 0, 1, 2 …: go through `nets`.",
        ),
        Misconception(
            _first_rate,
            "You take the first rate for both and choose nothing. It may suit one method by "
            "chance: let each have the rate that is best for it on the validation part.",
        ),
        Misconception(
            _last_rate,
            "You take the last rate for both. It may suit one method by chance: let each have the "
            "rate that is best for it on the validation part.",
        ),
        Misconception(
            _rate_of_the_first,
            "You choose the rate for the first method and give it to the second as well, which "
            "has had no choice of its own. As much tuning for both: choose for each.",
        ),
        Misconception(
            _rate_of_the_second,
            "You choose the rate for the second method and give it to the first as well, which "
            "has had no choice of its own. As much tuning for both: choose for each.",
        ),
        Misconception(
            _one_rate_for_both,
            "You take the one rate that is best for both together. It lies nearer to what suits "
            "one of them: let each have the rate that is best for it.",
        ),
        Misconception(
            _luckiest_net,
            "You choose the rate by the luckiest net. One seed proves little: take the mean over "
            "the seeds.",
        ),
        Misconception(
            _unluckiest_net,
            "You choose the rate by its unluckiest net. One seed proves little: take the mean "
            "over the seeds.",
        ),
        Misconception(
            _middle_net,
            "You choose the rate by the median. Asked for is the mean over the seeds.",
        ),
        Misconception(
            _first_net,
            "You choose the rate by the first seed alone. Take the mean over all seeds.",
        ),
        Misconception(
            _worst_rate,
            "You choose the rate that reads *least* of the validation part: max for min.",
        ),
        Misconception(
            _rate_for_each_seed,
            "You choose a rate for each seed. That picks what chance has favoured there, and is "
            "no setting that anybody could use again: one rate for a method, best on average.",
        ),
        Misconception(
            _of_the_validation_part,
            "You report the validation part. The rate was chosen there, so its luck is in the "
            "number: report the test part.",
        ),
        Misconception(
            _second_minus_first,
            "The other way round: first method − second.",
        ),
        Misconception(
            _mean_only,
            "You return the mean alone. The differences themselves are asked for, one a seed: "
            "without them nobody can give an interval.",
        ),
        Misconception(
            _pairs_broken,
            "You sort what was read, and the pairs are broken. Subtract seed by seed: then the "
            "luck that both share cancels out.",
        ),
        Misconception(
            _each_alone,
            "You return what each method reads. Subtract seed by seed: the luck that both share "
            "cancels out in the difference.",
        ),
    ),
    crashes={
        "the test part has been opened": "You open the test part more often than once for each "
        "method and seed. What is chosen there looks better than it is: choose on the validation "
        "part, and test the chosen nets only, at the end.",
        "there is no part": 'The two parts are called "validation" and "test".',
    },
)
