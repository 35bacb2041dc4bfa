"""Exercise 6.6: A fair race."""

from collections.abc import Callable

from course_utils import schedules
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception

Net = dict[str, float]
Prune = Callable[[Net, float], Net]
Train = Callable[[Net, int], Net]
Race = dict[str, Net]


def fair_race(net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train) -> Race:
    plans = {
        "one-shot": [end] * rounds,
        "iterative": schedules.geometric(end, rounds),
        "dense": [0.0] * rounds,  # the control: what so much training does by itself
    }
    nets = {}
    for name, plan in plans.items():  # one loop for all: nothing but the plan can differ
        nets[name] = net
        for total in plan:
            nets[name] = train(prune(nets[name], total), epochs)
    return nets


_right_race = fair_race


def _in_rounds(net: Net, totals: list[float], epochs: int, prune: Prune, train: Train) -> Net:
    for total in totals:
        net = train(prune(net, total), epochs)
    return net


def _one_shot_for_one_round(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {**race, "one-shot": train(prune(net, end), epochs)}


def _one_shot_not_trained(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {**race, "one-shot": prune(net, end)}


def _one_shot_cut_last(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {**race, "one-shot": prune(train(net, rounds * epochs), end)}


def _one_shot_to_the_first_total(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    first = schedules.geometric(end, rounds)[0]
    return {**race, "one-shot": train(prune(net, first), rounds * epochs)}


def _control_not_trained(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    return {**_right_race(net, end, rounds, epochs, prune, train), "dense": net}


def _control_for_one_round(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    return {**_right_race(net, end, rounds, epochs, prune, train), "dense": train(net, epochs)}


def _control_pruned(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {**race, "dense": prune(race["dense"], end)}


def _control_missing(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {name: race[name] for name in ("one-shot", "iterative")}


def _one_round_for_both(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {**race, "one-shot": train(prune(net, end), epochs), "dense": train(net, epochs)}


def _one_round_and_no_control(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {**race, "one-shot": train(prune(net, end), epochs), "dense": net}


def _rounds_for_epochs(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {**race, "one-shot": train(prune(net, end), rounds), "dense": train(net, rounds)}


def _epochs_shared_out(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    totals = schedules.geometric(end, rounds)
    return {
        "one-shot": train(prune(net, end), epochs),
        "iterative": _in_rounds(net, totals, epochs / rounds, prune, train),
        "dense": train(net, epochs),
    }


def _with(
    totals: Callable[[float, int], list[float]],
) -> Callable[[Net, float, int, int, Prune, Train], Race]:
    """The right race, but for the totals of the iterative net."""

    def race(net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train) -> Race:
        right = _right_race(net, end, rounds, epochs, prune, train)
        iterative = _in_rounds(net, totals(end, rounds), epochs, prune, train)
        return {**right, "iterative": iterative}

    return race


def _whole_cut_each_round(end: float, rounds: int) -> list[float]:
    return [end] * rounds


def _amount_each_round(end: float, rounds: int) -> list[float]:
    return [1 - (1 - end) ** (1 / rounds)] * rounds


def _share_each_round(end: float, rounds: int) -> list[float]:
    return [end / rounds] * rounds


def _counted_from_0(end: float, rounds: int) -> list[float]:
    return [1 - (1 - end) ** (t / rounds) for t in range(rounds)]


def _trains_before_each_cut(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    iterative = net
    for total in schedules.geometric(end, rounds):
        iterative = prune(train(iterative, epochs), total)
    return {**_right_race(net, end, rounds, epochs, prune, train), "iterative": iterative}


def _trains_after_all_cuts(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    iterative = net
    for total in schedules.geometric(end, rounds):
        iterative = prune(iterative, total)
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {**race, "iterative": train(iterative, rounds * epochs)}


def _trains_once_more(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {**race, "iterative": train(race["iterative"], epochs)}


def _each_round_from_the_start(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {**race, "iterative": train(prune(net, end), epochs)}


def _one_after_the_other(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    one_shot = train(prune(net, end), rounds * epochs)
    iterative = _in_rounds(one_shot, schedules.geometric(end, rounds), epochs, prune, train)
    return {
        "one-shot": one_shot,
        "iterative": iterative,
        "dense": train(iterative, rounds * epochs),
    }


def _name_used_again(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    net = iterative = _in_rounds(net, schedules.geometric(end, rounds), epochs, prune, train)
    return {
        "one-shot": train(prune(net, end), rounds * epochs),
        "iterative": iterative,
        "dense": train(net, rounds * epochs),
    }


def _one_shot_from_the_control(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {**race, "one-shot": train(prune(race["dense"], end), rounds * epochs)}


def _rounds_plus_epochs(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    trained = {"one-shot": prune(net, end), "dense": net}
    return {**race, **{name: train(each, rounds + epochs) for name, each in trained.items()}}


def _last_cut_not_repaired(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    *first, _ = schedules.geometric(end, rounds)
    iterative = prune(_in_rounds(net, first, epochs, prune, train), end)
    return {**_right_race(net, end, rounds, epochs, prune, train), "iterative": iterative}


def _training_dropped(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    iterative = net
    for total in schedules.geometric(end, rounds):
        iterative = prune(iterative, total)
    return {**_right_race(net, end, rounds, epochs, prune, train), "iterative": iterative}


def _never_changed(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    return {**_right_race(net, end, rounds, epochs, prune, train), "iterative": net}


def _names_swapped(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> Race:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {**race, "one-shot": race["iterative"], "iterative": race["one-shot"]}


def _accuracies(
    net: Net, end: float, rounds: int, epochs: int, prune: Prune, train: Train
) -> dict[str, float]:
    race = _right_race(net, end, rounds, epochs, prune, train)
    return {name: each["accuracy"] for name, each in race.items()}


def cut(net: Net, total: float) -> Net:
    """A toy: what is cut away of what is left, squared, is lost of the accuracy."""
    if not 0 <= total <= 1:
        raise ValueError(f"total is {total}, and must lie between 0 and 1.")
    total = max(total, net["sparsity"])
    left = 1 - net["sparsity"]
    part = (total - net["sparsity"]) / left if left > 0 else 0.0
    return {**net, "sparsity": total, "accuracy": net["accuracy"] * (1 - part**2)}


def cut_to_chance(net: Net, total: float) -> Net:
    """A toy in which a cut of half or more of what is left destroys the net."""
    after = cut(net, total)
    deep = 1 - after["sparsity"] <= 0.5 * (1 - net["sparsity"])
    return {**after, "accuracy": 10.0 if deep else after["accuracy"]}


def fit(net: Net, epochs: float) -> Net:
    """A toy: each epoch halves what is missing to 98 %."""
    missing = (98 - net["accuracy"]) / 2**epochs
    return {**net, "epochs": net["epochs"] + epochs, "accuracy": 98 - missing}


def fit_slowly(net: Net, epochs: float) -> Net:
    missing = (98 - net["accuracy"]) * 0.9**epochs
    return {**net, "epochs": net["epochs"] + epochs, "accuracy": 98 - missing}


def _dense(accuracy: float = 90.0, epochs: int = 4) -> Net:
    return {"sparsity": 0.0, "epochs": epochs, "accuracy": accuracy}


fair_race = Exercise(
    id="6.6",
    title="A fair race",
    difficulty=2,
    importance=3,
    minutes=7,
    reference=fair_race,
    cases=(
        Case("one round: both cuts are the same", lambda: (_dense(), 0.5, 1, 1, cut, fit)),
        Case("one round of three epochs", lambda: (_dense(), 0.5, 1, 3, cut, fit)),
        Case("two rounds of one epoch", lambda: (_dense(), 0.75, 2, 1, cut, fit)),
        Case("two rounds of three epochs", lambda: (_dense(), 0.75, 2, 3, cut, fit)),
        Case("four rounds of two epochs, to 99 %", lambda: (_dense(), 0.99, 4, 2, cut, fit)),
        Case("a net that trains slowly", lambda: (_dense(60.0), 0.9, 5, 3, cut, fit_slowly)),
        Case(
            "a net that a deep cut destroys",
            lambda: (_dense(95.0, 20), 0.9, 6, 1, cut_to_chance, fit_slowly),
        ),
        Case("nothing is to go", lambda: (_dense(), 0.0, 2, 3, cut, fit)),
        Case("everything is to go", lambda: (_dense(), 1.0, 2, 1, cut, fit)),
    ),
    hints=(
        "Ask of each net: from where does it start, how sparse is it at the end, how many epochs "
        "has it seen? Only one answer may differ: the way up. And whoever trains longer gets "
        "better, pruned or not, so even the net that is never cut has to train on.",
        """
        rounds = 3, epochs = 2     round 1       round 2       round 3      epochs in all
        one-shot      total        end           end           end
                      training     2             2             2             6
        iterative     total        ↗             ↗             end
                      training     2             2             2             6
        dense         total        0             0             0
                      training     2             2             2             6
        """,
        """
        def fair_race(net, end, rounds, epochs, prune, train):
            iterative = net
            for total in schedules.geometric(end, rounds):
                iterative = ...
            return {
                "one-shot": train(..., ...),
                "iterative": iterative,
                "dense": ...,
            }
        """,
    ),
    misconceptions=(
        Misconception(
            _one_shot_for_one_round,
            "The confound is training: one-shot gets `epochs` and the iterative net "
            "rounds · epochs. If that one wins, it may have won by training longer. Give one-shot "
            "as many.",
        ),
        Misconception(
            _one_shot_not_trained,
            "The confound is training: one-shot is cut and never repaired, while the iterative net "
            "gets rounds · epochs. Give one-shot as many.",
        ),
        Misconception(
            _one_shot_cut_last,
            "One-shot trains before its cut, so nothing repairs it. The iterative net is repaired "
            "after its last cut: let one-shot cut first and train after it.",
        ),
        Misconception(
            _one_shot_to_the_first_total,
            "The confound is sparsity: one-shot stops at the first total and keeps more weights "
            "than the iterative net has in the end. Cut it to `end`.",
        ),
        Misconception(
            _control_not_trained,
            "Your control does not train on. The pruned nets have had rounds · epochs more: if one "
            "of them ends above it, nobody knows whether pruning helped or the training. Train "
            "the dense net as long.",
        ),
        Misconception(
            _control_for_one_round,
            "Your control trains for one round only, the pruned nets for all of them. Train the "
            "dense net as long: rounds · epochs.",
        ),
        Misconception(
            _control_pruned,
            "Your control is pruned in the end. It shows what the training does by itself: leave "
            "it dense.",
        ),
        Misconception(
            _control_missing,
            "There is no control. Without a dense net that trains as long, nobody can say what the "
            "pruning cost: add “dense”.",
        ),
        Misconception(
            _one_round_for_both,
            "The confound is training: one-shot and the control get `epochs`, the iterative net "
            "rounds · epochs. Give all three as many.",
        ),
        Misconception(
            _one_round_and_no_control,
            "The confound is training: the iterative net gets rounds · epochs, one-shot `epochs`, "
            "and the control none at all. Give all three as many.",
        ),
        Misconception(
            _rounds_for_epochs,
            "The confound is training: one-shot and the control get one epoch a round, the "
            "iterative net `epochs` of them. It is rounds · epochs for all three.",
        ),
        Misconception(
            _epochs_shared_out,
            "You share `epochs` out over the rounds. It is what follows *each* cut: rounds · "
            "epochs in all, for each of the three.",
        ),
        Misconception(
            _with(_whole_cut_each_round),
            "Your iterative net is cut to `end` in the first round. That is one-shot twice, and a "
            "race against oneself. Go up in `rounds` steps: schedules.geometric(end, rounds).",
        ),
        Misconception(
            _with(_amount_each_round),
            "The confound is sparsity: you hand `prune` an *amount*, the same in every round, and "
            "it takes totals. The iterative net stays at its first total; the schedule has one "
            "for each round.",
        ),
        Misconception(
            _with(_share_each_round),
            "The confound is sparsity: you hand `prune` end / rounds in every round, and it takes "
            "totals. The iterative net never gets further; the schedule has a total for each "
            "round.",
        ),
        Misconception(
            _with(_counted_from_0),
            "The confound is sparsity: you count the rounds from 0, and the iterative net stops "
            "one step before `end`. It keeps more weights than one-shot: count from 1.",
        ),
        Misconception(
            _with(lambda end, rounds: schedules.linear(end, rounds)),
            "You go up in equal steps of the total. That is the linear schedule, whose last cut is "
            "its deepest. Asked for is the geometric one.",
        ),
        Misconception(
            _with(lambda end, rounds: schedules.cubic(end, rounds)),
            "You go up by the cubic schedule. Asked for is the geometric one, the same fraction of "
            "what is left in each round.",
        ),
        Misconception(
            _trains_before_each_cut,
            "Your iterative net trains before each cut, so nothing repairs its last one. Cut "
            "first, then train: then it ends as one-shot does, with a training.",
        ),
        Misconception(
            _trains_after_all_cuts,
            "Your iterative net makes all its cuts first and trains after the last. Training "
            "between the cuts is what the rounds are for: `epochs` after each.",
        ),
        Misconception(
            _trains_once_more,
            "The confound is training: your iterative net trains once more after its last round. "
            "It has had its epochs, rounds · epochs, as many as the others.",
        ),
        Misconception(
            _each_round_from_the_start,
            "Each of your rounds begins with `net` again, so only the last one counts. Go on from "
            "what the round before returned.",
        ),
        Misconception(
            _one_after_the_other,
            "The confound is the start: each of your nets begins where the one before has ended. "
            "All three start from `net`.",
        ),
        Misconception(
            _name_used_again,
            "The confound is the start: you overwrite `net` in the loop, so one-shot and the "
            "control begin with the iterative net. Use another name: all three start from `net`.",
        ),
        Misconception(
            _one_shot_from_the_control,
            "The confound is training: one-shot starts from the dense net that has trained on "
            "already, and trains as long again. Start it from `net`.",
        ),
        Misconception(
            _rounds_plus_epochs,
            "The confound is training: you add rounds and epochs. `epochs` follow each of the "
            "rounds: rounds · epochs in all.",
        ),
        Misconception(
            _last_cut_not_repaired,
            "Your iterative net does not train after its last cut. One-shot is repaired after its "
            "only one: every cut has its `epochs`, the last one too.",
        ),
        Misconception(
            _training_dropped,
            "Your iterative net is cut and never trained. train returns a new net and leaves its "
            "argument as it is: net = train(…).",
        ),
        Misconception(
            _never_changed,
            "Your iterative net comes back as it was. prune and train return new nets and leave "
            "their arguments as they are: keep what they return.",
        ),
        Misconception(
            _names_swapped,
            "You have the names the wrong way round: one-shot is the net with a single cut.",
        ),
        Misconception(
            _accuracies,
            "You return accuracies. Asked for are the three nets; whoever reads the race wants to "
            "see their sparsity, too.",
        ),
    ),
    crashes={
        "must lie between 0 and 1": "A total is a fraction of the whole net, from 0 to `end`: "
        "schedules.geometric(end, rounds) lists those of all rounds.",
        "missing 1 required positional": "prune takes a net and a total, train a net and a number "
        "of epochs: prune(net, total), train(net, epochs).",
        "'int' and 'list'": "schedules.geometric gives the totals of all rounds, a list. Go "
        "through it: for total in schedules.geometric(end, rounds).",
        "'schedules'": "The library's schedules are imported at the top of the lesson: "
        "from course_utils import schedules.",
    },
)
