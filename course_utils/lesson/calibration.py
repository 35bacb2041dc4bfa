"""How well you know your own field: your predictions so far beside what was measured."""

import math
from numbers import Real

from course_utils.lesson import progress
from course_utils.lesson.text import say, wrapped

NEAR = 0.1  # of the measured value


def what_you_predicted() -> None:
    """Print how many of your predictions, in all lessons so far, were right, near, high or low."""
    made = progress.load()["predictions"].values()
    compared = [each for each in made if each.get("measured") is not None]
    numbers = [(e["answer"], e["measured"]) for e in compared if _are_numbers(e)]
    words = [e.get("answer") == e["measured"] for e in compared if not _are_numbers(e)]
    if not compared:
        say("You have made no prediction so far.")
        return
    say(f"Your predictions so far: {len(compared)}.")
    if words:
        say(f"Choices: {sum(words)} of {len(words)} right.")
    if numbers:
        say(wrapped(_about_numbers(numbers)))


def _are_numbers(entry: dict) -> bool:
    return all(
        isinstance(entry.get(part), Real) and not isinstance(entry.get(part), bool)
        and math.isfinite(entry[part])
        for part in ("answer", "measured")
    )  # fmt: skip


def _about_numbers(pairs: list[tuple[float, float]]) -> str:
    near = sum(abs(said - measured) <= NEAR * abs(measured) for said, measured in pairs)
    high = sum(said > measured for said, measured in pairs)
    low = sum(said < measured for said, measured in pairs)
    lean = ""
    if len(pairs) >= 3 and max(high, low) > 0.7 * len(pairs):
        lean = f" You lean to the {'high' if high > low else 'low'} side."
    return (
        f"Numbers: {near} of {len(pairs)} within a tenth of what was measured; {high} above it, "
        f"{low} below.{lean}"
    )
