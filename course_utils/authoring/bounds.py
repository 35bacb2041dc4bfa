"""Whether the bounds of the claims fit what is measured: tight, with room for chance, and no more.

``make seeds`` measures each size that a claim bounds (:func:`course_utils.lesson.claims.within`)
again with other seeds, where the lesson's digits are split anew, too: a set of seeds is then as far
from the lesson's as another reader's digits would be. ``solutions/measured.csv`` holds the values.

From n values with mean m and standard deviation s follows where one more would fall in 99 of 100
cases: m ± t · s · √(1 + 1/n), Student's t with n − 1 degrees of freedom (the prediction interval).
Four values know their own spread badly, so it counts as at least ``LEAST`` of what is measured. A
bound must leave at least this room, and at most ``WIDEST`` times as much: a value at three times
the distance of chance is no chance, and a claim that would hold there sleeps.

A size from a whole stored table is the same for each set of seeds. Its claim notes the mean with
its 95 % interval over the nets of the table, and the room is half of that interval.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
from nbformat import NotebookNode
from scipy.stats import t as student

CONFIDENCE = 0.99
LEAST = 0.02  # of the mean, as its standard deviation
WIDEST = 3
TABLE = "measured.csv"  # in solutions/
COLUMNS = ["lesson", "claim", "size", "seeds", "value"]


@dataclass(frozen=True)
class Size:
    """One size that a stored lesson measured: the claim, which of its sizes, and its bounds.

    ``interval``: over the nets of a stored table; None for what the lesson's seeds decide.
    """

    claim: str
    number: int
    value: float
    low: float
    high: float
    interval: tuple[float, float] | None = None


def claims_in(notebook: NotebookNode) -> list[NotebookNode]:
    """What the claims of an executed lesson have stored with their outputs, in their order."""
    return [
        output.metadata.claim
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "claim" in output.get("metadata", {})
    ]


def sizes(notebook: NotebookNode) -> list[Size]:
    """The sizes that the claims of an executed lesson are about."""
    return [
        Size(each.id, number, size.value, size.low, size.high, size.get("interval"))
        for each in claims_in(notebook)
        for number, size in enumerate(each.get("sizes", []))
    ]


def room(values: Iterable[float]) -> tuple[float, float]:
    """The mean of a size over sets of seeds, and how far another set may fall from it.

    Raises ``ValueError`` for fewer than three values, which say nothing about their spread.
    """
    values = pd.Series([*values])
    if len(values) < 3:
        raise ValueError(f"A spread takes three values or more; got {len(values)}.")
    spread = max(values.std(), LEAST * abs(values.mean()))
    factor = student.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * math.sqrt(1 + 1 / len(values))
    return float(values.mean()), float(factor * spread)


def misfits(size: Size, values: Iterable[float] = ()) -> list[str]:
    """A sentence for each bound of ``size`` that is tighter or wider than what was measured allows.

    ``values``: the size on each set of seeds; not asked for where it has an interval of its own.
    """
    if size.interval is None:
        (mean, half), where = room(values), "the sets of seeds"
    else:
        mean, (low, high), where = size.value, size.interval, "the nets of its table"
        half = max((high - low) / 2, LEAST * abs(mean))
    found = []
    for name, distance in (("low", mean - size.low), ("high", size.high - mean)):
        if not half <= distance <= WIDEST * half:
            sign = -1 if name == "low" else 1
            word = "tight" if distance < half else "wide"
            found.append(
                f"Claim {size.claim}, size {size.number + 1}: {name}={getattr(size, name):g} is "
                f"too {word}. Measured {mean:.4g} ± {half:.2g} over {where}: choose from "
                f"{mean + sign * half:.4g} to {mean + sign * WIDEST * half:.4g}."
            )
    return found
