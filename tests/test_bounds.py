"""Bounds of claims: what another set of seeds and digits would measure, and not much more."""

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_utils.authoring import bounds, build
from course_utils.authoring.bounds import Size, misfits, room
from course_utils.authoring.other_seeds import SHIFTS

MEASURED = build.ROOT / "solutions" / bounds.TABLE
VALUES = [9.0, 10.0, 11.0, 10.0]  # mean 10, s = √(2/3)


def test_the_room_is_that_of_one_value_more():
    """Student's t with 3 degrees of freedom at 99 %: 5.841."""
    mean, half = room(VALUES)
    assert mean == 10
    assert half == pytest.approx(5.841 * (2 / 3) ** 0.5 * 1.25**0.5, rel=1e-3)


def test_values_that_happen_to_agree_have_some_room_all_the_same():
    assert room([10.0, 10.0, 10.0, 10.0])[1] == pytest.approx(5.841 * 0.2 * 1.25**0.5, rel=1e-3)


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0]])
def test_two_values_know_no_spread(values):
    with pytest.raises(ValueError, match="three values or more"):
        room(values)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (4, 16, []),
        (-5, 25, []),
        (9, 16, ["low=9 is too tight"]),
        (4, 11, ["high=11 is too tight"]),
        (-7, 16, ["low=-7 is too wide"]),
        (4, 27, ["high=27 is too wide"]),
        (9, 27, ["low=9 is too tight", "high=27 is too wide"]),
    ],
)
def test_a_bound_is_neither_tight_nor_wide(low, high, words):
    found = misfits(Size("2.a", 0, 10.0, low, high), VALUES)
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True))


# A mean of 10 with an interval from 8 to 12: room for 2, and three times as much at most.
@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (8, 12, []),
        (4, 16, []),
        (8.5, 12, ["low=8.5 is too tight"]),
        (8, 11, ["high=11 is too tight"]),
        (3.5, 12, ["low=3.5 is too wide"]),
        (8, 17, ["high=17 is too wide"]),
    ],
)
def test_a_size_from_a_whole_table_is_held_to_its_interval(low, high, words):
    found = misfits(Size("2.a", 0, 10.0, low, high, (8.0, 12.0)))
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True))


def test_nets_that_happen_to_agree_have_some_room_all_the_same():
    assert misfits(Size("2.a", 0, 10.0, 9.7, 10.3, (10.0, 10.0))) == []
    assert len(misfits(Size("2.a", 0, 10.0, 9, 11, (10.0, 10.0)))) == 2


def test_the_interval_is_read_from_the_notebook():
    claimed = {
        "id": "2.a",
        "sizes": [
            {"value": 3.0, "low": 1.0, "high": 5.0, "interval": [2.0, 4.0]},
            {"value": 3.0, "low": 1.0, "high": 5.0, "interval": None},
        ],
    }
    output = new_output("display_data", {}, metadata={"claim": claimed})
    whole, own = bounds.sizes(new_notebook(cells=[new_code_cell("", outputs=[output])]))
    assert (*whole.interval,) == (2, 4)
    assert own.interval is None


def stored_sizes() -> list[tuple[str, Size]]:
    """Each size of the stored lessons, with the number of its lesson."""
    return [
        (source.name[:2], size)
        for source in build.sources()
        for size in bounds.sizes(nbformat.read(build.outputs(source)[0], as_version=4))
    ]


@pytest.mark.parametrize(
    ("lesson", "size"), stored_sizes(), ids=lambda each: getattr(each, "claim", str(each))
)
def test_the_bounds_of_the_lessons_fit_what_was_measured(lesson, size):
    if size.interval is not None:
        assert misfits(size) == []
        return
    table = pd.read_csv(MEASURED, dtype={"lesson": str})
    rows = table[(table["claim"] == size.claim) & (table["size"] == size.number)]
    assert sorted(rows["seeds"]) == [0, *SHIFTS], "run `make seeds` again"
    assert rows.set_index("seeds")["value"][0] == pytest.approx(size.value, rel=1e-3)
    assert misfits(size, rows["value"]) == []


def test_the_table_holds_nothing_else():
    table = pd.read_csv(MEASURED, dtype={"lesson": str})
    known = {
        (lesson, size.claim, size.number)
        for lesson, size in stored_sizes()
        if size.interval is None
    }
    assert {(row.lesson, row.claim, row[3]) for row in table.itertuples()} == known


# The first net of 2.o knows one class only; S1 and 7.r count the bytes of as many weights as ever.
FIXED = {("2.o", 0), ("S1", 1), ("7.r", 0)}


def test_a_size_that_no_seed_moves_has_an_interval():
    table = pd.read_csv(MEASURED, dtype={"lesson": str})
    values = table.groupby(["claim", "size"])["value"].nunique()
    assert {*values[values == 1].index} == FIXED, "pass `within` the mean with its interval"
