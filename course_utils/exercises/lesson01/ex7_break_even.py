"""Exercise 1.7: When a sparse format starts to pay."""

import math
from collections.abc import Callable

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception


def break_even(rows: int, columns: int) -> dict[str, float]:
    numbers = rows * columns
    density = {
        "coo": 4 / (4 + 2 * 8),
        "csr": (4 * numbers - 8 * (rows + 1)) / ((4 + 8) * numbers),
        "bitmask": (4 - 1 / 8) / 4,
    }
    return {name: 1 - value for name, value in density.items()}


_right_break_even = break_even


def _break_even_density(rows: int, columns: int) -> dict[str, float]:
    return {name: 1 - value for name, value in _right_break_even(rows, columns).items()}


def _break_even_no_pointers(rows: int, columns: int) -> dict[str, float]:
    return {**_right_break_even(rows, columns), "csr": 1 - 4 / 12}


def _break_even_one_index(rows: int, columns: int) -> dict[str, float]:
    return {**_right_break_even(rows, columns), "coo": 1 - 4 / 12}


def _break_even_column_pointers(rows: int, columns: int) -> dict[str, float]:
    return {**_right_break_even(rows, columns), "csr": _right_break_even(columns, rows)["csr"]}


def _break_even_pointer_short(rows: int, columns: int) -> dict[str, float]:
    numbers = rows * columns
    return {
        **_right_break_even(rows, columns),
        "csr": 1 - (4 * numbers - 8 * rows) / (12 * numbers),
    }


def _break_even_rows_twice(rows: int, columns: int) -> dict[str, float]:
    numbers = rows * columns
    csr = 1 - (4 * numbers - 8 * (rows + 1)) / (20 * numbers)
    return {**_right_break_even(rows, columns), "csr": csr}


def _break_even_four_bytes(rows: int, columns: int) -> dict[str, float]:
    numbers = rows * columns
    csr = 1 - (4 * numbers - 4 * (rows + 1)) / (8 * numbers)
    return {**_right_break_even(rows, columns), "coo": 1 - 4 / 12, "csr": csr}


def _break_even_pointers_added(rows: int, columns: int) -> dict[str, float]:
    numbers = rows * columns
    csr = 1 - (4 * numbers + 8 * (rows + 1)) / (12 * numbers)
    return {**_right_break_even(rows, columns), "csr": csr}


def _break_even_one_density(name: str) -> Callable:
    def wrong(rows: int, columns: int) -> dict[str, float]:
        right = _right_break_even(rows, columns)
        return {**right, name: 1 - right[name]}

    return wrong


def _break_even_two_digits(rows: int, columns: int) -> dict[str, float]:
    return {n: round(value, 2) for n, value in _right_break_even(rows, columns).items()}


def _break_even_bits_alone(rows: int, columns: int) -> dict[str, float]:
    return {**_right_break_even(rows, columns), "bitmask": 1 / 8}


def _break_even_percent(rows: int, columns: int) -> dict[str, float]:
    return {name: 100 * value for name, value in _right_break_even(rows, columns).items()}


def _break_even_rounded_bits(rows: int, columns: int) -> dict[str, float]:
    numbers = rows * columns
    return {**_right_break_even(rows, columns), "bitmask": math.ceil(numbers / 8) / (4 * numbers)}


def _break_even_floor_bits(rows: int, columns: int) -> dict[str, float]:
    numbers = rows * columns
    return {**_right_break_even(rows, columns), "bitmask": numbers // 8 / (4 * numbers)}


def _break_even_zeros(rows: int, columns: int) -> dict[str, float]:
    return {n: rows * columns * value for n, value in _right_break_even(rows, columns).items()}


def _break_even_left(rows: int, columns: int) -> dict[str, float]:
    return {n: rows * columns * (1 - v) for n, v in _right_break_even(rows, columns).items()}


def _break_even_whole(rows: int, columns: int) -> dict[str, float]:
    numbers = rows * columns
    left = {
        "coo": 4 * numbers // 20,
        "csr": (4 * numbers - 8 * (rows + 1)) // 12,
        "bitmask": 31 * numbers // 32,
    }
    return {name: 1 - each / numbers for name, each in left.items()}


def _break_even_bytes(rows: int, columns: int) -> dict[str, float]:
    return {**_right_break_even(rows, columns), "bitmask": 1 / 4}


def _break_even_half(rows: int, columns: int) -> dict[str, float]:
    return {"coo": 0.5, "csr": 0.5, "bitmask": 0.5}


break_even = Exercise(
    id="1.7",
    title="When a sparse format starts to pay",
    difficulty=3,
    importance=3,
    minutes=5,
    reference=break_even,
    cases=(
        Case("one row of eight", lambda: (1, 8)),
        Case("3×3: nine bits", lambda: (3, 3)),
        Case("LeNet's last layer", lambda: (10, 100)),
        Case("LeNet's first layer", lambda: (300, 784)),
        Case("tall and narrow", lambda: (1000, 5)),
    ),
    hints=(
        "Set the bytes of the format equal to the bytes of dense, and solve for the number of "
        "weights left. Divide by all weights: that is the density at which both are equal. The "
        "sparsity is 1 − density.",
        """
        an invented format, in bytes: 6 for each one left, 8 for the whole matrix, 10 × 10
        6·left + 8 = 4·100   →   left = 392/6 = 65.3   →   density 0.653, sparsity 0.347
        COO, CSR and bitmask have equations of their own, from exercise 1.6
        """,
        """
        def break_even(rows, columns):
            numbers = rows * columns
            density = {
                "coo": ...,               # 4 * numbers = ... * left, solved for left / numbers
                "csr": (4 * numbers - ...) / ...,
                "bitmask": ...,
            }
            return {name: 1 - value for name, value in density.items()}
        """,
    ),
    misconceptions=(
        Misconception(
            _break_even_density,
            "These are the densities at which the formats cost as much as dense. The sparsity is "
            "1 − density.",
        ),
        Misconception(
            _break_even_no_pointers,
            "Your CSR leaves out the row pointers. They cost 8 bytes a row however sparse the "
            "matrix is, so narrow matrices pay later.",
        ),
        Misconception(
            _break_even_one_index,
            "Your COO counts one index a weight. A matrix needs two: 20 bytes a weight, not 12.",
        ),
        Misconception(
            _break_even_bytes,
            "Your bitmask takes a byte a position. One bit is enough: 1/8 byte.",
        ),
        Misconception(
            _break_even_half,
            "You expect every format to pay from half zeros on. Each weight left costs more than "
            "4 bytes in COO and CSR, so they pay later; the bitmask costs one bit, so it pays "
            "almost at once. Solve the equation for each.",
        ),
        Misconception(
            _break_even_column_pointers,
            "Your CSR counts columns for rows. Its row pointers say where each row begins: "
            "rows + 1 of them, also where the matrix is tall.",
        ),
        Misconception(
            _break_even_pointer_short,
            "Your CSR stores one row pointer for each row. There is one more, which says where the "
            "last row ends: rows + 1.",
        ),
        Misconception(
            _break_even_rows_twice,
            "Your CSR takes 20 bytes for each weight left. Its row stands in the pointers; a "
            "weight takes value and column, 4 + 8.",
        ),
        Misconception(
            _break_even_four_bytes,
            "Your indices have 4 bytes. PyTorch's take 8 bytes each, in COO and in CSR, pointers "
            "included.",
        ),
        Misconception(
            _break_even_pointers_added,
            "Your row pointers come with the wrong sign. They cost bytes, so fewer are left for "
            "weights: 12 · left = 4 · numbers − 8 · (rows + 1).",
        ),
        *(
            Misconception(
                _break_even_one_density(name),
                f"Your number for `{name}` is the density at which both are equal. The sparsity is "
                "1 − density.",
            )
            for name in ("coo", "csr", "bitmask")
        ),
        Misconception(
            _break_even_two_digits,
            "You round. Return the fractions as they are; digits are a matter of printing.",
        ),
        Misconception(
            _break_even_bits_alone,
            "You hold a bit, 1/8 byte, against one byte. A weight in dense has 4 bytes: the bit "
            "costs 1/32 of it.",
        ),
        Misconception(
            _break_even_percent,
            "You give percent. Sparsity is a fraction from 0 to 1 everywhere in this course; only "
            "what is printed is in percent.",
        ),
        Misconception(
            _break_even_rounded_bits,
            "Your bitmask has whole bytes. Here take n/8 bytes without rounding, so that one "
            "equation holds for every size.",
        ),
        Misconception(
            _break_even_floor_bits,
            "Your bitmask loses the bits that fill no byte. Here take n/8 bytes without rounding: "
            "/, not //.",
        ),
        Misconception(
            _break_even_zeros,
            "You give the number of zeros at which both are equal. The sparsity is that number "
            "divided by all weights.",
        ),
        Misconception(
            _break_even_left,
            "You give the number of weights left at which both are equal. Divide by all weights "
            "for the density; the sparsity is 1 − density.",
        ),
        Misconception(
            _break_even_whole,
            "You round to whole weights. Solve the equation and keep the fraction: /, not //.",
        ),
    ),
)
