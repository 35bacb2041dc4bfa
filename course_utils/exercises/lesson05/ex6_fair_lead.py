"""Exercise 5.6: Find the fault in the table."""

import math
from collections.abc import Callable
from itertools import combinations

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception

Run = dict[str, object]
Runs = list[Run]
CHOSEN = ("seed", "removed", "epochs", "recalibrated", "part")


def fair_lead(runs: Runs, a: str, b: str) -> float:
    chosen = ("seed", "removed", "epochs", "recalibrated", "part")
    leads = [
        one["accuracy"] - other["accuracy"]
        for one in runs
        for other in runs
        if one["criterion"] == a and other["criterion"] == b
        if all(one[column] == other[column] for column in chosen)
    ]
    if not leads:
        raise ValueError(f"No run of {a} has a fair partner among those of {b}.")
    return sum(leads) / len(leads)


_right_lead = fair_lead


def _leads(runs: Runs, a: str, b: str, columns: tuple[str, ...]) -> list[float]:
    """As the reference, over pairs that agree in these columns."""
    return [
        one["accuracy"] - other["accuracy"]
        for one in _of(runs, a)
        for other in _of(runs, b)
        if all(one.get(column) == other.get(column) for column in columns)
    ]


def _of(runs: Runs, criterion: str) -> Runs:
    return [run for run in runs if run["criterion"] == criterion]


def _accuracies(runs: Runs, criterion: str) -> list[float]:
    return [run["accuracy"] for run in _of(runs, criterion)]


def _mean(values: list[float]) -> float:
    if not values:
        raise ValueError("nothing to compare")
    return sum(values) / len(values)


def _without(*forgotten: str) -> Callable[[Runs, str, str], float]:
    """The wrong answer that does not ask whether a pair agrees in these columns."""
    asked = tuple(each for each in CHOSEN if each not in forgotten)
    return lambda runs, a, b: _mean(_leads(runs, a, b, asked))


def _mean_against_mean(runs: Runs, a: str, b: str) -> float:
    return _mean(_accuracies(runs, a)) - _mean(_accuracies(runs, b))


def _best_against_best(runs: Runs, a: str, b: str) -> float:
    if not _of(runs, a) or not _of(runs, b):
        raise ValueError("nothing to compare")
    return max(_accuracies(runs, a)) - max(_accuracies(runs, b))


def _row_by_row(runs: Runs, a: str, b: str) -> float:
    pairs = zip(_accuracies(runs, a), _accuracies(runs, b), strict=False)
    return _mean([one - other for one, other in pairs])


def _usual_rows_only(runs: Runs, a: str, b: str) -> float:
    usual = [run for run in runs if run["part"] == "test" and run["epochs"] == 1]
    return _right_lead(usual, a, b)


def _test_part_only(runs: Runs, a: str, b: str) -> float:
    return _right_lead([run for run in runs if run["part"] == "test"], a, b)


def _one_run_a_net(runs: Runs, a: str, b: str) -> float:
    last = {(run["criterion"], run["seed"]): run for run in runs}
    return _right_lead([*last.values()], a, b)


def _refuses_mixed_tables(runs: Runs, a: str, b: str) -> float:
    rows = [*_of(runs, a), *_of(runs, b)]
    if any(row[column] != rows[0][column] for row in rows for column in CHOSEN[1:]):
        raise ValueError("not comparable")
    return _right_lead(runs, a, b)


def _in_parts_of_b(runs: Runs, a: str, b: str) -> float:
    shares = [
        {**run, "accuracy": math.log(run["accuracy"])} for run in [*_of(runs, a), *_of(runs, b)]
    ]
    return _mean([math.expm1(lead) for lead in _leads(shares, a, b, CHOSEN)])


def _refused_as_key(runs: Runs, a: str, b: str) -> float:
    if not _leads(runs, a, b, CHOSEN):
        raise KeyError(a)
    return _right_lead(runs, a, b)


def _by_the_net_alone(runs: Runs, a: str, b: str) -> float:
    return _mean(_leads(runs, a, b, ("seed",)))


def _all_columns(runs: Runs, a: str, b: str) -> float:
    return _mean(_leads(runs, a, b, (*CHOSEN, "seconds")))


def _without_partner_as_0(runs: Runs, a: str, b: str) -> float:
    leads = []
    for run in _of(runs, a):
        found = _leads([run, *_of(runs, b)], a, b, CHOSEN)
        leads += found or [run["accuracy"]]
    return _mean(leads)


def _divided_by_all_rows(runs: Runs, a: str, b: str) -> float:
    leads = _leads(runs, a, b, CHOSEN)
    return sum(leads) / len(_of(runs, a)) if leads else _mean(leads)


def _added_up(runs: Runs, a: str, b: str) -> float:
    return _right_lead(runs, a, b) * len(_leads(runs, a, b, CHOSEN))


def _first_pair_only(runs: Runs, a: str, b: str) -> float:
    return _mean(_leads(runs, a, b, CHOSEN)[:1])


def _best_pair(runs: Runs, a: str, b: str) -> float:
    return max(_leads(runs, a, b, CHOSEN) or [_right_lead(runs, a, b)])


def _middle_pair(runs: Runs, a: str, b: str) -> float:
    leads = sorted(_leads(runs, a, b, CHOSEN))
    middle = len(leads) // 2
    return _mean(leads[middle : middle + 1] if len(leads) % 2 else leads[middle - 1 : middle + 1])


def _b_minus_a(runs: Runs, a: str, b: str) -> float:
    return -_right_lead(runs, a, b)


def _without_sign(runs: Runs, a: str, b: str) -> float:
    return _mean([abs(lead) for lead in _leads(runs, a, b, CHOSEN)])


def _as_fractions(runs: Runs, a: str, b: str) -> float:
    return _right_lead(runs, a, b) / 100


def _part_of_the_name(runs: Runs, a: str, b: str) -> float:
    renamed = [{**run, "criterion": a if a in run["criterion"] else b} for run in runs
               if a in run["criterion"] or b in run["criterion"]]  # fmt: skip
    return _mean(_leads(renamed, a, b, CHOSEN))


def _everybody_else(runs: Runs, a: str, b: str) -> float:
    renamed = [{**run, "criterion": a if run["criterion"] == a else b} for run in runs]
    return _mean(_leads(renamed, a, b, CHOSEN))


def _zero_for_no_pair(runs: Runs, a: str, b: str) -> float:
    leads = _leads(runs, a, b, CHOSEN)
    return _mean(leads) if leads else 0.0


def _none_for_no_pair(runs: Runs, a: str, b: str) -> float | None:
    leads = _leads(runs, a, b, CHOSEN)
    return _mean(leads) if leads else None


def _nan_for_no_pair(runs: Runs, a: str, b: str) -> float:
    leads = _leads(runs, a, b, CHOSEN)
    return _mean(leads) if leads else math.nan


def _run(criterion: str, seed: int, accuracy: float, **chosen: object) -> Run:
    """A row of the table. How long it took is another number in every row."""
    usual = {"removed": 0.5, "epochs": 1, "recalibrated": True, "part": "test"}
    seconds = round(7 + 0.1 * seed + 0.01 * accuracy, 2)
    row = {"criterion": criterion, "seed": seed, **usual, **chosen}
    return {**row, "seconds": seconds, "accuracy": accuracy}


def _net_recalibrated() -> tuple[Runs, str, str]:
    runs = [
        _run("L2", 0, 80),
        _run("Taylor", 0, 70, recalibrated=False),
        _run("L2", 1, 72, recalibrated=False),
        _run("Taylor", 1, 71, recalibrated=False),
    ]
    return runs, "L2", "Taylor"


def _more_epochs() -> tuple[Runs, str, str]:
    runs = [
        _run("L2", 0, 90),
        _run("L2", 1, 91),
        _run("random", 0, 94, epochs=5),
        _run("random", 1, 90),
    ]
    return runs, "random", "L2"


def _other_part() -> tuple[Runs, str, str]:
    runs = [
        _run("L1", 0, 93, part="validation"),
        _run("L1", 1, 91),
        _run("L2", 0, 90),
        _run("L2", 1, 91.5),
    ]
    return runs, "L1", "L2"


def _fewer_filters() -> tuple[Runs, str, str]:
    runs = [
        _run("Taylor", 0, 95, removed=0.25),
        _run("Taylor", 1, 90),
        _run("L∞", 0, 91),
        _run("L∞", 1, 89),
    ]
    return runs, "Taylor", "L∞"


def _best_of_three() -> tuple[Runs, str, str]:
    runs = [
        _run("random", 0, 88),
        _run("random", 1, 93),
        _run("random", 2, 86),
        _run("L2", 2, 90),
    ]
    return runs, "random", "L2"


def _fewer_rows_at_the_front() -> tuple[Runs, str, str]:
    runs = [
        _run("L2", 3, 92),
        _run("Taylor", 1, 90),
        _run("L2", 1, 91),
        _run("Taylor", 2, 85),
        _run("Taylor", 4, 85),
        _run("Taylor", 3, 88),
        _run("L2", 4, 86),
    ]
    return runs, "L2", "Taylor"


def _names_alike() -> tuple[Runs, str, str]:
    runs = [
        _run("relative L2", 0, 80),
        _run("L2", 0, 90),
        _run("relative L1", 0, 95),
        _run("L1", 0, 89),
        _run("random", 0, 40),
    ]
    return runs, "L2", "L1"


def _each_net_twice() -> tuple[Runs, str, str]:
    runs = []
    for seed, raw, healed in ((0, 2.0, 4.0), (1, -1.0, 1.0)):
        runs += [
            _run("L2", seed, 70 + raw, recalibrated=False),
            _run("L2", seed, 80 + healed),
            _run("L∞", seed, 79),
            _run("L∞", seed, 79, recalibrated=False),
        ]
    return runs, "L2", "L∞"


def _other_fair_pairs() -> tuple[Runs, str, str]:
    runs = []
    for lead, chosen in ((1, {"part": "validation"}), (3, {"epochs": 5}), (8, {"removed": 0.25})):
        runs += [_run("L2", 0, 80 + lead, **chosen), _run("L1", 0, 80, **chosen)]
    return runs, "L2", "L1"


def _every_fault_once() -> tuple[Runs, str, str]:
    runs = [
        _run("L2", 0, 91),
        _run("L2", 1, 92, epochs=5),
        _run("L2", 2, 93, removed=0.25),
        _run("L2", 3, 90, part="validation"),
        _run("L2", 4, 89),
        _run("L2", 6, 92),
        _run("random", 6, 90),
        _run("random", 5, 80),
        _run("random", 4, 70, recalibrated=False),
        _run("random", 3, 88),
        _run("random", 2, 87),
        _run("random", 1, 89),
        _run("random", 0, 91.5),
    ]
    return runs, "L2", "random"


def _without_seconds() -> tuple[Runs, str, str]:
    runs = [_run("L2", 0, 91), _run("L1", 0, 90)]
    for run in runs:
        del run["seconds"]
    return runs, "L2", "L1"


def _no_fair_pair() -> tuple[Runs, str, str]:
    return [_run("L2", 0, 90), _run("random", 1, 80)], "L2", "random"


FORGOTTEN = tuple(
    Misconception(
        _without(*columns),
        f"Your pairs need not agree in “{'”, “'.join(columns)}”. These were chosen before the run, "
        "too, so what they do to the accuracy is in your lead: a fair pair agrees in all of them.",
    )
    for number in (2, 3)
    for columns in combinations(CHOSEN, number)
)


fair_lead = Exercise(
    id="5.6",
    title="Find the fault in the table",
    difficulty=2,
    importance=3,
    minutes=7,
    reference=fair_lead,
    cases=(
        Case("one fair pair", lambda: ([_run("L2", 0, 92), _run("L1", 0, 90)], "L2", "L1")),
        Case(
            "two nets, once ahead and once behind, in another order",
            lambda: (
                [_run("L2", 0, 93), _run("L2", 1, 88), _run("L1", 1, 89), _run("L1", 0, 90)],
                "L2",
                "L1",
            ),
        ),
        Case("a table that does not say how long a run took", _without_seconds),
        Case("one net was recalibrated, the other not", _net_recalibrated),
        Case("five epochs against one", _more_epochs),
        Case("the validation part against the test part", _other_part),
        Case("a quarter of the filters against half of them", _fewer_filters),
        Case("three nets against one", _best_of_three),
        Case("nets without a partner between the others", _fewer_rows_at_the_front),
        Case("other criteria, with names alike", _names_alike),
        Case("each net twice, raw and recalibrated", _each_net_twice),
        Case("fair pairs of another part, of more epochs, of fewer filters", _other_fair_pairs),
        Case("every fault once, and two fair pairs", _every_fault_once),
        Case("no fair pair", _no_fair_pair, refused=ValueError),
        Case("no run of b", lambda: ([_run("L2", 0, 90)], "L2", "L1"), refused=ValueError),
        Case("no run at all", lambda: ([], "L2", "L1"), refused=ValueError),
    ),
    hints=(
        "Go through the columns, and ask of each: did somebody choose this before the run, or did "
        "the run give it? A pair is fair if everything chosen is equal but the criterion. What the "
        "run gave may differ, and will.",
        """
        criterion   seed   recalibrated   …   accuracy
        L2           0     yes                80
        Taylor       0     no                 70         no partner
        L2           1     no                 72
        Taylor       1     no                 71         the partner of row 3

        mean − mean:     76 − 70.5 = 5.5
        fair pairs only: 72 − 71   = 1
        """,
        """
        def fair_lead(runs, a, b):
            chosen = ("seed", ...)
            leads = []
            for one in runs:
                for other in runs:
                    if one["criterion"] == a and other["criterion"] == b:
                        ...
            if not leads:
                raise ...
            return ...
        """,
    ),
    misconceptions=(
        Misconception(
            _mean_against_mean,
            "You compare the mean of all of a's rows with the mean of all of b's. Whatever else "
            "differs between them, the nets, the epochs, a recalibration, is in that lead too. "
            "Compare run with run, and only where everything chosen is equal.",
        ),
        Misconception(
            _best_against_best,
            "You compare the best run of a with the best of b. Whoever has more tries has the "
            "better best. Compare run with run, on the same net, and take the mean.",
        ),
        Misconception(
            _row_by_row,
            "You compare the rows in the order in which they stand: the first of a with the first "
            "of b. That is another net, or another budget. Look for the partner.",
        ),
        Misconception(
            _by_the_net_alone,
            "You ask only whether it is the same net. The one run may have had more epochs, a "
            "recalibration, fewer filters removed, or another part of the data to be tested on.",
        ),
        Misconception(
            _without("seed"),
            "Your pairs may be two different *nets*. Some nets are better than others before "
            "anybody prunes them: pair equal seeds.",
        ),
        Misconception(
            _without("removed"),
            "Your pairs may have lost different parts of their *filters*. Who removes less keeps "
            "more, by any criterion: pair equal “removed”.",
        ),
        Misconception(
            _without("epochs"),
            "Your pairs may have trained for different numbers of *epochs* after the cut. Then the "
            "lead is the training's, not the criterion's: pair equal “epochs”.",
        ),
        Misconception(
            _without("recalibrated"),
            "In your pairs one net may be *recalibrated* and the other not. New BatchNorm "
            "statistics can repair much by themselves: pair runs that agree in it.",
        ),
        Misconception(
            _without("part"),
            "Your pairs may be measured on different *parts* of the data. Their digits are not "
            "equally hard, and somebody may have chosen by one of them: pair equal “part”.",
        ),
        *FORGOTTEN,
        Misconception(
            _usual_rows_only,
            "You keep only the rows of the test part with one epoch. Others make fair pairs among "
            "themselves: ask whether two runs agree, not what in.",
        ),
        Misconception(
            _test_part_only,
            "You keep only the rows of the test part. Two runs on the validation part make a fair "
            "pair, too: ask whether they agree, not what in.",
        ),
        Misconception(
            _one_run_a_net,
            "You keep one run for each net, the last one. A net may be there more than once, raw "
            "and recalibrated, and each of its runs may have a partner.",
        ),
        Misconception(
            _refuses_mixed_tables,
            "You refuse a table in which anything differs. It may still hold fair pairs: leave out "
            "the runs that have no partner, and refuse only if nothing is left.",
        ),
        Misconception(
            _in_parts_of_b,
            "You divide the lead by b's accuracy. Asked for are points: a's accuracy minus b's.",
        ),
        Misconception(
            _refused_as_key,
            "You refuse what is to be refused, but with a KeyError. Raise a ValueError that says "
            "that no pair is fair.",
        ),
        Misconception(
            _all_columns,
            "You want “seconds” to be equal, too. It is not chosen, it comes out, and it is "
            "another number in every run: no pair is left.",
        ),
        Misconception(
            _without_partner_as_0,
            "A run without a partner counts as one against 0 with you. Leave it out.",
        ),
        Misconception(
            _divided_by_all_rows,
            "You divide by the number of a's rows. Divide by the number of fair pairs: runs "
            "without a partner do not count.",
        ),
        Misconception(_added_up, "You add the leads up. Asked for is their mean."),
        Misconception(
            _first_pair_only,
            "You return after the first fair pair. Asked for is the mean over all of them.",
        ),
        Misconception(
            _best_pair,
            "You take the largest lead of all fair pairs: that is choosing the net that suits you. "
            "Asked for is the mean.",
        ),
        Misconception(_middle_pair, "You take the median of the leads. Asked for is their mean."),
        Misconception(
            _b_minus_a,
            "You subtract a from b. Asked for is by how much a is ahead of b: a's minus b's.",
        ),
        Misconception(
            _without_sign,
            "You drop the sign of each lead. Where a is behind, its lead is negative, and the mean "
            "must see that.",
        ),
        Misconception(
            _as_fractions,
            "You divide by 100. Accuracies are in per cent here, and their difference in points.",
        ),
        Misconception(
            _part_of_the_name,
            "You look for a name that *holds* a or b. “relative L2” is another criterion than "
            "“L2”: compare with ==.",
        ),
        Misconception(
            _everybody_else,
            "You compare a with everybody else. The table may hold other criteria: take the runs "
            "of b alone.",
        ),
        Misconception(
            _zero_for_no_pair,
            "Without a fair pair you return 0, which reads as “equally good”. Nobody knows: raise "
            "a ValueError.",
        ),
        Misconception(
            _none_for_no_pair,
            "Without a fair pair you return None. Say that there is nothing to compare: raise a "
            "ValueError.",
        ),
        Misconception(
            _nan_for_no_pair,
            "Without a fair pair you return NaN, the mean of nothing. Say that there is nothing to "
            "compare: raise a ValueError.",
        ),
    ),
    crashes={
        "division by zero": "Without a fair pair there is no mean. Raise a ValueError that says "
        "so, before you divide.",
        "at least one data point": "That is statistics.mean of nothing. Raise a ValueError of your "
        "own, which says that no pair is fair.",
        "'seconds'": "Not every table has that column, and it is no choice. Name the columns "
        "that were chosen.",
        "list indices must be": "`runs` is a list of rows, and each row a dictionary: "
        'for run in runs: run["accuracy"].',
    },
)
