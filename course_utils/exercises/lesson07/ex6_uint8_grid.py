"""Exercise 7.6: A range that holds 0."""

import math
from collections.abc import Callable

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception

Answer = tuple[float, int]


def uint8_grid(smallest: float, largest: float) -> Answer:
    """smallest <= largest. Returns (scale, zero_point): q stands for scale · (q − zero_point)."""
    smallest, largest = min(smallest, 0.0), max(largest, 0.0)
    if smallest == largest:
        return 1.0, 0
    scale = (largest - smallest) / 255
    return scale, round(-smallest / scale)


def _widened(smallest: float, largest: float) -> tuple[float, float]:
    return min(smallest, 0.0), max(largest, 0.0)


def _grid(
    smallest: float,
    largest: float,
    levels: int = 255,
    whole: Callable[[float], float] = round,
) -> Answer:
    """The answer for a range as it stands: not widened."""
    if smallest == largest:
        return 1.0, 0
    scale = (largest - smallest) / levels
    return scale, whole(-smallest / scale)


def _not_widened(smallest: float, largest: float) -> Answer:
    return _grid(smallest, largest)


def _zero_point_clipped(smallest: float, largest: float) -> Answer:
    scale, zero_point = _grid(smallest, largest)
    return scale, min(max(zero_point, 0), 255)


def _low_end_only(smallest: float, largest: float) -> Answer:
    return _grid(min(smallest, 0.0), largest)


def _high_end_only(smallest: float, largest: float) -> Answer:
    return _grid(smallest, max(largest, 0.0))


def _256_steps(smallest: float, largest: float) -> Answer:
    return _grid(*_widened(smallest, largest), levels=256)


def _127_steps(smallest: float, largest: float) -> Answer:
    return _grid(*_widened(smallest, largest), levels=127)


def _sign_forgotten(smallest: float, largest: float) -> Answer:
    scale, zero_point = _right_grid(smallest, largest)
    return scale, -zero_point


def _not_whole(smallest: float, largest: float) -> Answer:
    return _grid(*_widened(smallest, largest), whole=float)


def _rounded_down(smallest: float, largest: float) -> Answer:
    return _grid(*_widened(smallest, largest), whole=math.floor)


def _rounded_up(smallest: float, largest: float) -> Answer:
    return _grid(*_widened(smallest, largest), whole=math.ceil)


def _not_in_steps(smallest: float, largest: float) -> Answer:
    scale, _ = _right_grid(smallest, largest)
    return scale, round(-min(smallest, 0.0))


def _smallest_itself(smallest: float, largest: float) -> Answer:
    scale, _ = _right_grid(smallest, largest)
    return scale, min(smallest, 0.0)


def _never_shifted(smallest: float, largest: float) -> Answer:
    scale, _ = _right_grid(smallest, largest)
    return scale, 0


def _always_the_middle(smallest: float, largest: float) -> Answer:
    scale, _ = _right_grid(smallest, largest)
    return scale, 128


def _symmetric(smallest: float, largest: float) -> Answer:
    size = max(abs(smallest), abs(largest))
    return (size / 127, 128) if size else (1.0, 128)


def _symmetric_int8(smallest: float, largest: float) -> Answer:
    size = max(abs(smallest), abs(largest))
    return (size / 127, 0) if size else (1.0, 0)


def _largest_only(smallest: float, largest: float) -> Answer:
    scale = max(largest, 0.0) / 255 or 1.0
    return scale, round(-min(smallest, 0.0) / scale)


def _largest_size(smallest: float, largest: float) -> Answer:
    scale = max(abs(smallest), abs(largest)) / 255 or 1.0
    return scale, round(-min(smallest, 0.0) / scale)


def _from_the_high_end(smallest: float, largest: float) -> Answer:
    smallest, largest = _widened(smallest, largest)
    return _grid(-largest, -smallest)


def _int8(smallest: float, largest: float) -> Answer:
    scale, zero_point = _right_grid(smallest, largest)
    return scale, zero_point - 128


def _upside_down(smallest: float, largest: float) -> Answer:
    scale, zero_point = _right_grid(smallest, largest)
    return 1 / scale, zero_point


def _sum_of_the_ends(smallest: float, largest: float) -> Answer:
    smallest, largest = _widened(smallest, largest)
    scale = abs(largest + smallest) / 255 or 1.0
    return scale, round(-smallest / scale)


def _no_scale_for_0(smallest: float, largest: float) -> Answer:
    scale, zero_point = _right_grid(smallest, largest)
    return (0.0, 0) if smallest == largest == 0 else (scale, zero_point)


def _constants_are_1(smallest: float, largest: float) -> Answer:
    return (1.0, 0) if smallest == largest else _right_grid(smallest, largest)


def _turned_round(smallest: float, largest: float) -> tuple[int, float]:
    return _right_grid(smallest, largest)[::-1]


_right_grid = uint8_grid

uint8_grid = Exercise(
    id="7.6",
    title="A range that holds 0",
    difficulty=2,
    importance=3,
    minutes=5,
    reference=uint8_grid,
    # No zero point lies halfway between two integers, where rounding could go either way.
    cases=(
        Case("after ReLU: from 0", lambda: (0.0, 5.1)),
        Case("both signs", lambda: (-1.0, 1.55)),
        Case("both signs, 0 just below a step", lambda: (-0.3, 4.6)),
        Case("both signs, 0 just above a step", lambda: (-0.3, 3.0)),
        Case("all above 0", lambda: (1.0, 6.0)),
        Case("all below 0", lambda: (-5.1, -2.0)),
        Case("up to 0", lambda: (-2.55, 0.0)),
        Case("far above 0, close together", lambda: (20.0, 20.4)),
        Case("one number above 0", lambda: (2.0, 2.0)),
        Case("nothing but 0", lambda: (0.0, 0.0)),
    ),
    hints=(
        "First make the range hold 0: its low end is at most 0 and its high end at least 0. Then "
        "255 steps reach from one end to the other. The zero point is how many steps 0 lies above "
        "the low end, rounded.",
        """
        range  −1 … 1.55        q = 0       100              255
                                −1.00 ------ 0 -------------- 1.55     scale 2.55 / 255 = 0.01
        range   1 … 6           q = 0                        255
        widened to 0 … 6        0 ---- 1 ------------------- 6         scale 6 / 255, zero point 0
        """,
        """
        def uint8_grid(smallest, largest):
            smallest, largest = min(smallest, ...), max(largest, ...)
            if smallest == largest:
                return 1.0, 0
            scale = ... / 255
            return scale, round(...)
        """,
    ),
    misconceptions=(
        Misconception(
            _not_widened,
            "You take the range as it is. Where it does not hold 0, the zero point leaves 0 … 255, "
            "and no integer stands for 0. Widen it first: min(smallest, 0), max(largest, 0).",
        ),
        Misconception(
            _zero_point_clipped,
            "You take the range as it is and then clip the zero point to 0 … 255. That shifts "
            "every number: 6 may come back as 5. Widen the range to hold 0 first; then nothing has "
            "to be clipped.",
        ),
        Misconception(
            _low_end_only,
            "You widen the low end only. A range below 0 must be widened too, upwards: "
            "max(largest, 0).",
        ),
        Misconception(
            _high_end_only,
            "You widen the high end only. A range above 0 must be widened too, downwards: "
            "min(smallest, 0).",
        ),
        Misconception(
            _256_steps,
            "You divide by 256. There are 256 integers, but only 255 steps from the first to the "
            "last.",
        ),
        Misconception(
            _127_steps,
            "You divide by 127, as for a symmetric grid of int8. From 0 to 255 there are 255 "
            "steps.",
        ),
        Misconception(
            _sign_forgotten,
            "Your zero point has the wrong sign. The low end is q = 0, so 0 lies −smallest / scale "
            "steps above it.",
        ),
        Misconception(
            _not_whole,
            "Your zero point is not whole, so no integer q stands for 0 exactly. Round it.",
        ),
        Misconception(
            _rounded_down,
            "You cut the zero point off. Round it to the nearest integer, so that the ends of the "
            "range move by half a step at most.",
        ),
        Misconception(
            _rounded_up,
            "You round the zero point up. Round it to the nearest integer, so that the ends of "
            "the range move by half a step at most.",
        ),
        Misconception(
            _not_in_steps,
            "Your zero point is not counted in steps. It is an integer of the grid: divide "
            "−smallest by the scale.",
        ),
        Misconception(
            _smallest_itself,
            "You return the low end itself. The zero point is the integer that stands for 0: "
            "−smallest / scale, rounded.",
        ),
        Misconception(
            _never_shifted,
            "Your zero point is always 0. That is right after ReLU, where nothing is negative; "
            "else q = 0 stands for the low end and 0 lies higher.",
        ),
        Misconception(
            _always_the_middle,
            "Your zero point is always 128. Only where the range reaches as far below 0 as above "
            "does 0 lie in the middle: −smallest / scale.",
        ),
        Misconception(
            _symmetric,
            "You make a symmetric range, −max … max, with 0 in the middle. After ReLU half of "
            "its integers would never be used. Take the range from smallest to largest.",
        ),
        Misconception(
            _symmetric_int8,
            "That is the symmetric grid of the weights, max |x| / 127 with the zero point 0. "
            "Activations get the range that they need: from smallest to largest, in 255 steps.",
        ),
        Misconception(
            _largest_only,
            "You take the scale from the largest number alone. The 255 steps reach from the low "
            "end to the high end: (largest − smallest) / 255, once the range holds 0.",
        ),
        Misconception(
            _largest_size,
            "You take the scale from the largest size alone. The 255 steps reach from the low end "
            "to the high end: (largest − smallest) / 255, once the range holds 0.",
        ),
        Misconception(
            _from_the_high_end,
            "You count from the high end: largest / scale. q = 0 is the *low* end, so the zero "
            "point is −smallest / scale.",
        ),
        Misconception(
            _int8,
            "Your zero point belongs to int8, −128 to 127. The integers here go from 0 to 255.",
        ),
        Misconception(
            _upside_down,
            "Your scale is upside down: how many steps there are in 1. Asked for is what one step "
            "is worth: the range divided by 255.",
        ),
        Misconception(
            _sum_of_the_ends,
            "You add the ends of the range. How far it reaches is their difference: "
            "largest − smallest.",
        ),
        Misconception(
            _no_scale_for_0,
            "Right, but for a range that is 0 alone: nobody can divide by the scale 0. Return "
            "(1.0, 0).",
        ),
        Misconception(
            _constants_are_1,
            "You treat every single number as if it were 0. With 2 alone the range is 0 … 2 once "
            "it is widened: ask whether the ends are equal after that.",
        ),
        Misconception(
            _turned_round,
            "The right numbers the other way round: the scale first, then the zero point.",
        ),
    ),
    crashes={
        "division by zero": "The range is 0 alone, also after it was widened: return (1.0, 0) "
        "before you divide. If the ends are equal but not 0, widen first.",
    },
)
