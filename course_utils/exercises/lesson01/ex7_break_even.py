"""Exercise 1.7: When a sparse format starts to pay."""

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
        Case("LeNet's last layer", lambda: (10, 100)),
        Case("LeNet's first layer", lambda: (300, 784)),
        Case("tall and narrow", lambda: (1000, 5)),
    ),
    hints=(
        "Set the bytes of the format equal to the bytes of dense, and solve for the number of "
        "weights left. Divide by all weights: that is the density at which both are equal. The "
        "sparsity is 1 − density.",
        """
        COO:      20·left                  = 4·numbers     →  left / numbers = 4/20
        CSR:      12·left + 8·(rows + 1)   = 4·numbers     →  left / numbers = …
        bitmask:   4·left + numbers/8      = 4·numbers     →  left / numbers = …
        """,
        """
        def break_even(rows, columns):
            numbers = rows * columns
            density = {
                "coo": 4 / 20,
                "csr": (4 * numbers - ...) / (... * numbers),
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
    ),
)
