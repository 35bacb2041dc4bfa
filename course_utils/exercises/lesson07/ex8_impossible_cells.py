"""Exercise 7.8: The impossible cells."""

from collections.abc import Callable, Mapping

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception

Row = Mapping[str, float]
Layers = Mapping[str, Row]
Cells = list[tuple[str, str]]


def impossible_cells(layers: Layers, total: Row) -> Cells:
    """layers: name → kept, bits, huffman; total: bits, huffman. Returns pairs (row, column)."""
    found = [(name, "huffman") for name, row in layers.items() if row["huffman"] > row["bits"]]
    kept = sum(row["kept"] for row in layers.values())
    for column in ("bits", "huffman"):
        mean = sum(row["kept"] * row[column] for row in layers.values()) / kept
        if abs(mean - total[column]) > 0.1:  # each cell is off by 0.05 at most, and so is the total
            found.append(("total", column))
    return found


COLUMNS = "bits", "huffman"


def _in_layers(layers: Layers, wrong: Callable[[Row], bool] | None = None) -> Cells:
    wrong = wrong or (lambda row: row["huffman"] > row["bits"])
    return [(name, "huffman") for name, row in layers.items() if wrong(row)]


def _in_total(
    layers: Layers,
    total: Row,
    off: float = 0.1,
    weight: Callable[[Row], float] = lambda row: row["kept"],
    columns: tuple[str, ...] = COLUMNS,
) -> Cells:
    """Cells of the last row that differ by more than ``off`` from the mean."""
    weights = {name: weight(row) for name, row in layers.items()}
    kept = sum(weights.values())
    means = {
        column: sum(weights[name] * row[column] for name, row in layers.items()) / kept
        for column in columns
    }
    return [("total", column) for column in columns if abs(means[column] - total[column]) > off]


def _mean_of_layers(layers: Layers, total: Row) -> Cells:
    return _in_layers(layers) + _in_total(layers, total, weight=lambda row: 1)


def _weighted_by_bits(layers: Layers, total: Row) -> Cells:
    return _in_layers(layers) + _in_total(layers, total, weight=lambda row: row["bits"])


def _between_the_layers(layers: Layers, total: Row) -> Cells:
    found = _in_layers(layers)
    for column in COLUMNS:
        cells = [row[column] for row in layers.values()]
        if not min(cells) - 0.1 <= total[column] <= max(cells) + 0.1:
            found.append(("total", column))
    return found


def _no_rounding(layers: Layers, total: Row) -> Cells:
    return _in_layers(layers) + _in_total(layers, total, off=1e-9)


def _total_rounded_only(layers: Layers, total: Row) -> Cells:
    return _in_layers(layers) + _in_total(layers, total, off=0.05)


def _whole_bit_off(layers: Layers, total: Row) -> Cells:
    return _in_layers(layers) + _in_total(layers, total, off=1.0)


def _layers_not_checked(layers: Layers, total: Row) -> Cells:
    return _in_total(layers, total)


def _total_not_checked(layers: Layers, total: Row) -> Cells:
    return _in_layers(layers)


def _equal_is_wrong(layers: Layers, total: Row) -> Cells:
    wrong = _in_layers(layers, lambda row: row["huffman"] >= row["bits"])
    return wrong + _in_total(layers, total)


def _saves_a_bit_at_most(layers: Layers, total: Row) -> Cells:
    wrong = _in_layers(layers, lambda row: not row["bits"] - 1 < row["huffman"] <= row["bits"])
    return wrong + _in_total(layers, total)


def _saving_is_wrong(layers: Layers, total: Row) -> Cells:
    wrong = _in_layers(layers, lambda row: row["huffman"] < row["bits"])
    return wrong + _in_total(layers, total)


def _average_must_be_whole(layers: Layers, total: Row) -> Cells:
    wrong = _in_layers(
        layers, lambda row: row["huffman"] > row["bits"] or row["huffman"] != int(row["huffman"])
    )
    return wrong + _in_total(layers, total)


def _rounded_up_first(layers: Layers, total: Row) -> Cells:
    wrong = _in_layers(layers, lambda row: row["huffman"] > row["bits"] + 1)
    return wrong + _in_total(layers, total)


def _rounding_in_a_layer(layers: Layers, total: Row) -> Cells:
    wrong = _in_layers(layers, lambda row: row["huffman"] - row["bits"] > 0.15)
    return wrong + _in_total(layers, total)


def _blames_the_fixed_code(layers: Layers, total: Row) -> Cells:
    return [(name, "bits") for name, _ in _in_layers(layers)] + _in_total(layers, total)


def _huffman_total_only(layers: Layers, total: Row) -> Cells:
    return _in_layers(layers) + _in_total(layers, total, columns=("huffman",))


def _fixed_total_only(layers: Layers, total: Row) -> Cells:
    return _in_layers(layers) + _in_total(layers, total, columns=("bits",))


def _total_as_a_sum(layers: Layers, total: Row) -> Cells:
    found = _in_layers(layers)
    for column in COLUMNS:
        if abs(sum(row[column] for row in layers.values()) - total[column]) > 0.1:
            found.append(("total", column))
    return found


def _too_high_only(layers: Layers, total: Row) -> Cells:
    kept = sum(row["kept"] for row in layers.values())
    found = _in_layers(layers)
    for column in COLUMNS:
        mean = sum(row["kept"] * row[column] for row in layers.values()) / kept
        if total[column] - mean > 0.1:
            found.append(("total", column))
    return found


def _total_first(layers: Layers, total: Row) -> Cells:
    return _in_total(layers, total) + _in_layers(layers)


def _column_first(layers: Layers, total: Row) -> Cells:
    return [(column, row) for row, column in _right_cells(layers, total)]


def _rows_only(layers: Layers, total: Row) -> list[str]:
    return [row for row, _ in _right_cells(layers, total)]


def _possible_ones(layers: Layers, total: Row) -> Cells:
    cells = [(name, "huffman") for name in layers] + [("total", column) for column in COLUMNS]
    wrong = _right_cells(layers, total)
    return [cell for cell in cells if cell not in wrong]


def _row(kept: int, bits: int, huffman: float) -> Row:
    return {"kept": kept, "bits": bits, "huffman": huffman}


def _total(bits: float, huffman: float) -> Row:
    return {"bits": bits, "huffman": huffman}


_right_cells = impossible_cells

impossible_cells = Exercise(
    id="7.8",
    title="The impossible cells",
    difficulty=2,
    importance=2,
    minutes=6,
    reference=impossible_cells,
    # No mean lies next to the limit of 0.1, and the first rule never hits the last row.
    cases=(
        Case("all is well", lambda: ({"fc1": _row(300, 5, 4.2)}, _total(5, 4.2))),
        Case(
            "Huffman's code as long as the fixed one",
            lambda: ({"fc1": _row(100, 4, 4.0), "fc2": _row(100, 4, 3.0)}, _total(4, 3.5)),
        ),
        Case(
            "Huffman's code longer than the fixed one",
            lambda: ({"fc1": _row(300, 4, 3.1), "fc2": _row(100, 4, 4.3)}, _total(4, 3.4)),
        ),
        Case(
            "Huffman's code longer by the last digit",
            lambda: ({"fc1": _row(400, 4, 4.1), "fc2": _row(600, 4, 3.0)}, _total(4, 3.4)),
        ),
        Case(
            "Huffman's code much shorter than the fixed one",
            lambda: ({"fc1": _row(500, 6, 2.5), "fc2": _row(500, 6, 4.5)}, _total(6, 3.5)),
        ),
        Case(
            "a total above all layers",
            lambda: ({"fc1": _row(900, 6, 4.4), "fc2": _row(100, 6, 4.3)}, _total(6, 5.2)),
        ),
        Case(
            "a total below all layers",
            lambda: ({"conv": _row(100, 8, 6.8), "fc": _row(900, 5, 4.4)}, _total(4.7, 4.6)),
        ),
        Case(
            "a small layer hardly counts",
            lambda: ({"conv": _row(100, 8, 7.0), "fc": _row(900, 4, 3.0)}, _total(4.4, 3.4)),
        ),
        Case(
            "as if a small layer counted as much",
            lambda: ({"conv": _row(100, 8, 7.0), "fc": _row(900, 4, 3.0)}, _total(6, 5)),
        ),
        Case(
            "what rounding up can do",
            lambda: ({"fc1": _row(380, 5, 4.4), "fc2": _row(620, 5, 3.4)}, _total(5, 3.7)),
        ),
        Case(
            "what rounding down can do",
            lambda: ({"fc1": _row(420, 5, 4.4), "fc2": _row(580, 5, 3.4)}, _total(5, 3.9)),
        ),
        Case(
            "what rounding cannot do",
            lambda: ({"fc1": _row(330, 5, 4.4), "fc2": _row(670, 5, 3.4)}, _total(5, 3.9)),
        ),
        Case(
            "three layers, two faults",
            lambda: (
                {"conv": _row(200, 8, 7.1), "fc1": _row(1500, 5, 4.6), "fc2": _row(300, 5, 6.4)},
                _total(5.3, 4.3),
            ),
        ),
    ),
    hints=(
        "Within a layer: Huffman's code is the shortest of all that give each symbol whole bits, "
        "and the code of fixed length is one of these. In the last row: an average over all kept "
        "weights is the mean of the layers' averages, each weighted by how many it keeps. "
        "Each *average* on the page may be off by 0.05; the length of a layer's fixed code is "
        "whole and exact.",
        """
                kept   bits   huffman
        fc1     300    4      3.1
        fc2     100    4      4.3        4.3 > 4: a code of 4 bits would be shorter
        total          4      3.4        (300 · 3.1 + 100 · 4.3) / 400 = 3.4
        """,
        """
        def impossible_cells(layers, total):
            found = []
            for name, row in layers.items():
                if row["huffman"] > ...:
                    found.append((name, "huffman"))
            kept = sum(row["kept"] for row in layers.values())
            for column in ("bits", "huffman"):
                mean = sum(... for row in layers.values()) / kept
                if abs(mean - total[column]) > ...:
                    found.append(("total", column))
            return found
        """,
    ),
    misconceptions=(
        Misconception(
            _mean_of_layers,
            "You let each layer count alike in the last row. It is an average over all kept "
            "*weights*: weigh each layer with how many it keeps.",
        ),
        Misconception(
            _weighted_by_bits,
            "You weigh the layers with their bits. The last row is an average over the kept "
            "weights: weigh each layer with how many it keeps.",
        ),
        Misconception(
            _between_the_layers,
            "You ask whether a total lies between the layers. It must, but more is known: how many "
            "weights each layer keeps says where. Compute the weighted mean, and leave 0.1 for "
            "rounding.",
        ),
        Misconception(
            _no_rounding,
            "You ask for equality, and rounding alone makes a difference then. Every cell may be "
            "off by 0.05, and so may the total: up to 0.1 apart is no contradiction.",
        ),
        Misconception(
            _total_rounded_only,
            "You leave 0.05 for the rounding of the total. The layers' cells are rounded too, "
            "which moves their mean by up to 0.05 more: 0.1 in all.",
        ),
        Misconception(
            _whole_bit_off,
            "You let a total be off by a whole bit. Rounding to one digit moves it by 0.1 at most: "
            "0.05 for its own digits, 0.05 for those of the layers.",
        ),
        Misconception(
            _layers_not_checked,
            "You check the last row only. Within a layer something is known, too: Huffman's code "
            "is never longer on average than a code of fixed length.",
        ),
        Misconception(
            _total_not_checked,
            "You check the layers only. The last row follows from them: each of its cells is the "
            "mean over all kept weights.",
        ),
        Misconception(
            _equal_is_wrong,
            "You call it impossible where Huffman's code is as long as the fixed one. Symbols "
            "that occur equally often give just that: only *longer* is impossible.",
        ),
        Misconception(
            _saves_a_bit_at_most,
            "You call it impossible where Huffman's code saves a bit or more. It may save much: "
            "where one symbol is far more frequent than all others, it comes close to 1 bit.",
        ),
        Misconception(
            _saving_is_wrong,
            "The other way round: that Huffman's code is shorter than the fixed one is what it is "
            "made for. Longer is impossible.",
        ),
        Misconception(
            _average_must_be_whole,
            "You call it impossible where Huffman's bits are not whole. Each code has whole bits; "
            "their average need not.",
        ),
        Misconception(
            _rounded_up_first,
            "You allow Huffman's code a bit more than the fixed one. It may be a bit above the "
            "*entropy*; the fixed code it never exceeds, or it would be that code itself.",
        ),
        Misconception(
            _rounding_in_a_layer,
            "In a layer you leave room for rounding. The length of the fixed code is whole, and a "
            "Huffman average that does not exceed it is not rounded to more: one digit above is "
            "one too many.",
        ),
        Misconception(
            _blames_the_fixed_code,
            "In a layer you blame the code of fixed length. Its bits are whole and follow from the "
            "number of symbols; it is Huffman's average that cannot be longer.",
        ),
        Misconception(
            _huffman_total_only,
            "Of the last row you check only one cell. The bits of the fixed code are averaged as "
            "well: check both columns.",
        ),
        Misconception(
            _fixed_total_only,
            "Of the last row you check only the fixed code. Huffman's average is one over all kept "
            "weights as well: check both columns.",
        ),
        Misconception(
            _total_as_a_sum,
            "You add the layers up. The last row holds averages: Σ kept · bits / Σ kept.",
        ),
        Misconception(
            _too_high_only,
            "You find totals that are too high. One that is too low is as impossible: take the "
            "size of the difference, abs.",
        ),
        Misconception(
            _total_first,
            "The right cells in another order: from the top of the table, so the last row last.",
        ),
        Misconception(
            _column_first,
            "The right cells, turned round: each pair is (row, column).",
        ),
        Misconception(
            _rows_only,
            "You name the rows. Say which cell it is: (row, column).",
        ),
        Misconception(
            _possible_ones,
            "You list the cells that are possible. Those that cannot be true are asked for.",
        ),
    ),
    crashes={
        "'kept'": "`total` holds the averages only. How many weights are kept in all is the sum "
        "over the layers.",
        "'dict' and": "The values of `layers` are dictionaries: take row['kept'], row['bits'], "
        "row['huffman'] of each.",
        "not callable": "`layers` is a dictionary: layers.items() gives name and row.",
    },
)
