"""Exercise 2.7: Find the fault in a table."""

import operator
from collections.abc import Callable

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception

Row = dict[str, object]
Faults = dict[str, list[str]]


def unfair_rows(rows: list[Row], sizes: dict[str, int]) -> Faults:
    def zeros(row):
        return row["sparsity"] * sum(sizes[name] for name in row["layers"])

    first = rows[0]
    found = {}
    for row in rows[1:]:
        faults = {
            "zeros": abs(zeros(row) - zeros(first)) > 1,
            "training": row["before"] + row["after"] != first["before"] + first["after"],
            "seeds": set(row["seeds"]) != set(first["seeds"]),
            "test": "test" in (row["chosen_on"], first["chosen_on"]),
        }
        reasons = [name for name, there in faults.items() if there]
        if reasons:
            found[row["method"]] = reasons
    return found


Test = Callable[[Row, Row, dict[str, int]], bool]  # a row, the first one, the sizes


def _zeros_of(row: Row, sizes: dict[str, int]) -> float:
    return row["sparsity"] * sum(sizes[name] for name in row["layers"])


def _other_zeros(row: Row, first: Row, sizes: dict[str, int]) -> bool:
    return abs(_zeros_of(row, sizes) - _zeros_of(first, sizes)) > 1


def _exactly_other_zeros(row: Row, first: Row, sizes: dict[str, int]) -> bool:
    return _zeros_of(row, sizes) != _zeros_of(first, sizes)


def _more_zeros(row: Row, first: Row, sizes: dict[str, int]) -> bool:
    return _zeros_of(row, sizes) - _zeros_of(first, sizes) > 1


def _other_training(row: Row, first: Row, sizes: dict[str, int]) -> bool:
    return row["before"] + row["after"] != first["before"] + first["after"]


def _other_seeds(row: Row, first: Row, sizes: dict[str, int]) -> bool:
    return set(row["seeds"]) != set(first["seeds"])


def _on_test(row: Row, first: Row, sizes: dict[str, int]) -> bool:
    return "test" in (row["chosen_on"], first["chosen_on"])


def _other(column: str) -> Test:
    return lambda row, first, sizes: row[column] != first[column]


def _never(row: Row, first: Row, sizes: dict[str, int]) -> bool:
    return False


def _altered(
    *,
    zeros: Test = _other_zeros,
    training: Test = _other_training,
    seeds: Test = _other_seeds,
    test: Test = _on_test,
    start: int = 1,
    against: Callable[[list[Row], int], Row] = lambda rows, place: rows[0],
    told: Callable[[list[str]], object] = lambda reasons: reasons,
    listed: Callable[[list[str]], bool] = bool,
) -> Callable:
    """As the reference, with one part altered."""
    tests = {"zeros": zeros, "training": training, "seeds": seeds, "test": test}

    def wrong(rows: list[Row], sizes: dict[str, int]) -> Faults:
        found = {}
        for place, row in list(enumerate(rows))[start:]:
            other = against(rows, place)
            reasons = [name for name, differs in tests.items() if differs(row, other, sizes)]
            if listed(reasons):
                found[row["method"]] = told(reasons)
        return found

    return wrong


def _row(method: str, **altered: object) -> Row:
    usual = {
        "sparsity": 0.5,
        "layers": ["fc1", "fc2"],
        "before": 10,
        "after": 2,
        "seeds": [0, 1],
        "chosen_on": None,
    }
    return {"method": method, **usual, **altered}


_SIZES = {"fc1": 128, "fc2": 128}


def _beside(**altered: object) -> Callable[[], tuple]:
    """A table of two rows: the usual one and one that is altered."""
    return lambda: ([_row("global"), _row("per layer", **altered)], dict(_SIZES))


def _whole_study() -> tuple[list[Row], dict[str, int]]:
    every = ["fc1", "fc2", "fc3"]
    usual = {"sparsity": 0.9, "layers": every, "seeds": [0, 1, 2], "chosen_on": "val"}
    rows = [
        _row("scan", **usual),
        _row("global", **usual | {"before": 4, "after": 8, "chosen_on": None}),
        _row("fc1 alone", **usual | {"layers": ["fc1"]}),
        _row("slowly", **usual | {"after": 20, "seeds": [2, 0, 1]}),
        _row("best of many", **usual | {"sparsity": 0.85, "seeds": [7], "chosen_on": "test"}),
        _row("fc3 stays", **usual | {"sparsity": 0.903394, "layers": ["fc2", "fc1"]}),
    ]
    return rows, {"fc3": 1_000, "fc1": 235_200, "fc2": 30_000}


unfair_rows = Exercise(
    id="2.7",
    title="Find the fault in a table",
    difficulty=2,
    importance=3,
    minutes=5,
    reference=unfair_rows,
    cases=(
        Case("one row alone", lambda: ([_row("global")], dict(_SIZES))),
        Case("two rows, only the method differs", _beside()),
        Case("one trained longer", _beside(after=10)),
        Case("one trained less before the cut", _beside(before=8)),
        Case("the cut came earlier, the epochs are as many", _beside(before=4, after=8)),
        Case("the same sparsity, counted over one layer", _beside(layers=["fc1"])),
        Case("another sparsity, as many zeros", _beside(sparsity=1.0, layers=["fc2"])),
        Case(
            "another sparsity of the big layer, as many zeros",
            lambda: (
                [_row("global"), _row("fc1 alone", sparsity=0.75, layers=["fc1"])],
                {"fc1": 256, "fc2": 128},
            ),
        ),
        Case("fewer zeros", _beside(sparsity=0.4)),
        Case("one zero more: a matter of rounding", _beside(sparsity=0.50390625)),
        Case("more than one zero more", _beside(sparsity=0.505859375)),
        Case("the same seeds in another order", _beside(seeds=[1, 0])),
        Case("as many seeds, but others", _beside(seeds=[3, 4])),
        Case("one seed of the two", _beside(seeds=[0])),
        Case("one seed more", _beside(seeds=[0, 1, 2])),
        Case("chosen on the validation part", _beside(chosen_on="val")),
        Case("chosen on the test part", _beside(chosen_on="test")),
        Case(
            "the first row was chosen on the test part",
            lambda: ([_row("scan", chosen_on="test"), _row("global")], dict(_SIZES)),
        ),
        Case(
            "a fault that the row before has, too",
            lambda: (
                [_row("global"), _row("longer", after=10), _row("even so", after=10)],
                dict(_SIZES),
            ),
        ),
        Case(
            "four faults in one row",
            _beside(sparsity=0.7, after=3, seeds=[5], chosen_on="test"),
        ),
        Case("LeNet, six rows", _whole_study),
    ),
    hints=(
        "A difference between two rows may come from anything in which they differ. So ask of each "
        "column: what does it really say? Two rows may print the same sparsity and have other "
        "zeros, or print other numbers and be alike.",
        """
                sparsity, layers   zeros                     before + after
        first   0.5 of fc1 + fc2   0.5 · (100 + 100) = 100   10 + 2 = 12
        row     1.0 of fc2         1.0 · 100 = 100           4 + 8 = 12       fair
        row     0.5 of fc1         0.5 · 100 = 50            10 + 10 = 20     zeros, training
        """,
        """
        def unfair_rows(rows, sizes):
            def zeros(row):
                return ...                       # in weights, not as a fraction

            found = {}
            for row in rows[1:]:
                reasons = []
                if abs(zeros(row) - zeros(rows[0])) > ...:
                    reasons.append("zeros")
                if ...:
                    reasons.append("training")
                if ...:                          # seeds may stand in any order
                    reasons.append("seeds")
                if ...:                          # in this row or in the first
                    reasons.append("test")
                if reasons:
                    found[row["method"]] = reasons
            return found
        """,
    ),
    misconceptions=(
        Misconception(
            _altered(zeros=_other("sparsity")),
            "You compare the sparsities as they are printed. 0.5 of one layer is not 0.5 of the "
            "net: count the zeros, sparsity times the weights of the layers it is counted over.",
        ),
        Misconception(
            _altered(
                zeros=lambda row, first, sizes: (
                    (row["sparsity"], sorted(row["layers"]))
                    != (first["sparsity"], sorted(first["layers"]))
                )
            ),
            "You ask for the same sparsity over the same layers. Another sparsity over other "
            "layers may leave as many zeros: count them.",
        ),
        Misconception(
            _altered(
                zeros=lambda row, first, sizes: (
                    row["sparsity"] * len(row["layers"]) != first["sparsity"] * len(first["layers"])
                )
            ),
            "You count every layer alike. A layer counts by its weights: add up `sizes` over the "
            "layers, and multiply by the sparsity.",
        ),
        Misconception(
            _altered(zeros=_exactly_other_zeros),
            "You ask for exactly as many zeros. Sparsities are rounded, so one weight more or less "
            "says nothing: only more than one is a fault.",
        ),
        Misconception(
            _altered(zeros=_more_zeros),
            "You ask only for too many zeros. A row with fewer has it easier, and is no fairer: "
            "take the absolute difference.",
        ),
        Misconception(
            _altered(
                zeros=lambda row, first, sizes: _zeros_of(first, sizes) - _zeros_of(row, sizes) > 1
            ),
            "You ask only for too few zeros. A row with more has it harder, and is no fairer: take "
            "the absolute difference.",
        ),
        Misconception(
            _altered(
                zeros=lambda row, first, sizes: (
                    round(_zeros_of(row, sizes)) != round(_zeros_of(first, sizes))
                )
            ),
            "You round the zeros and ask for the same number. One weight more or less says "
            "nothing: only a difference of more than one is a fault.",
        ),
        Misconception(
            _altered(zeros=_never),
            "You never count the zeros. A net that keeps more weights is more accurate for that "
            "alone.",
        ),
        Misconception(
            _altered(training=_other("after")),
            "You compare the epochs after the cut only. What counts is all training, before and "
            "after: 10 + 2 is as much as 4 + 8.",
        ),
        Misconception(
            _altered(training=_other("before")),
            "You compare the epochs before the cut only. Fine-tuning is training, too: add both.",
        ),
        Misconception(
            _altered(
                training=lambda row, first, sizes: (
                    (row["before"], row["after"]) != (first["before"], first["after"])
                )
            ),
            "You ask for the same epochs before *and* after. When to cut belongs to the method; "
            "the confound is how long it trains in all: add both.",
        ),
        Misconception(
            _altered(
                training=lambda row, first, sizes: (
                    row["before"] + row["after"] > first["before"] + first["after"]
                )
            ),
            "You name only a row that trained longer. One that trained less cannot be compared "
            "either: what it lacks may be the training.",
        ),
        Misconception(
            _altered(training=_never),
            "You never look at the epochs. Whoever trains longer is credited with what the longer "
            "training does.",
        ),
        Misconception(
            _altered(seeds=_other("seeds")),
            "You compare the seeds in their order. The same seeds in another order are the same "
            "nets: compare them as sets.",
        ),
        Misconception(
            _altered(seeds=lambda row, first, sizes: len(row["seeds"]) != len(first["seeds"])),
            "You compare how many seeds there are. As many other seeds are other nets, perhaps "
            "luckier ones: compare the seeds themselves.",
        ),
        Misconception(
            _altered(seeds=lambda row, first, sizes: len(row["seeds"]) < len(first["seeds"])),
            "You ask only whether there are fewer seeds. More of them, or as many others, are "
            "other nets: compare the seeds themselves.",
        ),
        Misconception(
            _altered(seeds=lambda row, first, sizes: not {*row["seeds"]} & {*first["seeds"]}),
            "You let a row pass that shares some seeds with the first. All of them must be the "
            "same: compare the two sets.",
        ),
        Misconception(
            _altered(seeds=lambda row, first, sizes: not {*first["seeds"]} <= {*row["seeds"]}),
            "You let a row pass that has all seeds of the first and others besides. These may be "
            "the lucky ones: the two sets must be equal.",
        ),
        Misconception(
            _altered(seeds=lambda row, first, sizes: not {*row["seeds"]} <= {*first["seeds"]}),
            "You let a row pass that has only some of the first's seeds. These may be the lucky "
            "ones: the two sets must be equal.",
        ),
        Misconception(
            _altered(seeds=_never),
            "You never look at the seeds. One lucky start can be worth more than a method.",
        ),
        Misconception(
            _altered(test=_other("chosen_on")),
            "You ask that both were chosen on the same part. To choose on validation data, or to "
            "have nothing to choose, are both fair; only the test part is not.",
        ),
        Misconception(
            _altered(test=lambda row, first, sizes: row["chosen_on"] != "val"),
            "You take a row for unfair where nothing was chosen (None). That is fair: the fault is "
            "a choice on the test part.",
        ),
        Misconception(
            _altered(test=lambda row, first, sizes: row["chosen_on"] == "test"),
            "You look at the row only. Where the *first* was chosen on the test part, it is its "
            "own number that flatters, and no row can be compared with it.",
        ),
        Misconception(
            _altered(test=_never),
            "You never look at what the choice was made on. Chosen on the test part, a number is "
            "the best of several on these very digits, and flatters.",
        ),
        Misconception(
            _altered(against=lambda rows, place: rows[place - 1]),
            "You compare each row with the one before. All are held against the first: two rows "
            "with the same fault are alike, and both unfair.",
        ),
        Misconception(
            _altered(start=0),
            "You look at the first row, too. It is what the others are compared with: start with "
            "the second.",
        ),
        Misconception(
            _altered(told=lambda reasons: reasons[:1]),
            "You stop at the first fault of a row. List them all: to mend one would not make the "
            "row fair.",
        ),
        Misconception(
            _altered(told=lambda reasons: reasons[-1:]),
            "Only the last fault of each row is left: a later one overwrites those before. "
            "Collect them in a list.",
        ),
        Misconception(
            _altered(told=operator.itemgetter(0)),
            "You give one word for each row. A row may have several faults: give a list of them, "
            "also where it is one.",
        ),
        Misconception(
            _altered(told=sorted),
            "The right reasons in alphabetical order. Asked for is the order zeros, training, "
            "seeds, test.",
        ),
        Misconception(
            _altered(listed=lambda reasons: True),
            "You list the fair rows, too, with an empty list. Leave them out.",
        ),
        Misconception(
            _altered(listed=lambda reasons: not reasons),
            "You list the rows that *can* be compared. Asked for are the others, with their "
            "faults.",
        ),
    ),
    crashes={
        "'sizes'": "`sizes` is the second argument, not a column of the table.",
        "unhashable type": "A list cannot be the entry of a set or the key of a dictionary. "
        "set(row['seeds']) makes a set of its entries.",
        "'NoneType' is not iterable": "`chosen_on` is None where nothing was chosen: compare it "
        "with ==, do not look into it.",
    },
)
