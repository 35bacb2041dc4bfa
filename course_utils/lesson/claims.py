"""Claims: a statement about pruning, the measurement that decides it, and its verdict.

A finding of the course is one line that starts with ✓ or ✗. A claim of the source has three parts:
what the source says, the verdict, and the evidence with its sign. A notebook shows both as HTML,
with the text beside it. CI compares them, so it turns red on the day the statement stops to hold.
Of a claim about time every sign stands behind ≈, and CI compares its words only: what else keeps a
machine busy says nothing about pruning.
"""

import re
from dataclasses import dataclass
from numbers import Real

from course_utils.intervals import PairedDifference
from course_utils.lesson import progress, showing
from course_utils.lesson.showing import Words
from course_utils.lesson.source import SOURCE
from course_utils.lesson.text import show

VERDICTS = ("holds", "holds when …", "does not hold here")
# One of them, and behind a comma or a colon what there is to add.
VERDICT = re.compile(r"(?:holds|holds when \S.*|does not hold here)(?:[,:] \S.*)?")
# Of a claim about time: True, False, and None where the machine was too busy to tell.
OUTCOMES = {
    True: "✓ {id} measured:",
    False: "✗ {id} not confirmed here:",
    None: "? {id} not decided here:",
}
# Its verdict has the same words in all three, and says itself that without a ✓ it is none.
JUDGED = {True: "≈ ✓", False: "≈ ✗ none; with a ✓:", None: "≈ ? none yet; with a ✓:"}
AGAIN = "Run this cell again when the machine has nothing else to do."

_made: "dict[str, Claim | TimeClaim]" = {}  # since the kernel started, by id


@dataclass(frozen=True)
class Claim:
    """One measured statement. ``confirmed``: what the measurement said this time.

    ``sizes``: those that it was about, with their bounds.
    """

    id: str
    finding: str
    confirmed: bool
    verdict: str | None
    sizes: "tuple[Measured, ...]" = ()

    def evidence(self, id: str = "") -> Words:
        """The sign, the id if one is given, what the sign means, and the finding."""
        sign, word = ("✓", "measured") if self.confirmed else ("✗", "not confirmed on this machine")
        return Words(_joined(sign, id, f"{word}:"), self.finding)

    @property
    def judgement(self) -> Words | None:
        """The verdict on the source: none without a ✓."""
        if self.verdict is None:
            return None
        return Words("", self.verdict if self.confirmed else "none")

    @property
    def advice(self) -> str:
        """What to do next."""
        return ""

    def __str__(self) -> str:
        return showing.as_text(*_parts(self), self.advice)


@dataclass(frozen=True)
class TimeClaim:
    """One statement about time. ``confirmed``: None where this machine did not decide it."""

    id: str
    finding: str
    confirmed: bool | None
    verdict: str | None

    def evidence(self, id: str = "") -> Words:
        """As of :class:`Claim`, with the sign behind ≈."""
        starts = {key: _joined("≈", text.format(id=id)) for key, text in OUTCOMES.items()}
        return Words(starts[self.confirmed], self.finding, max(starts.values(), key=len))

    @property
    def judgement(self) -> Words | None:
        """The verdict on the source, behind what says whether it is one."""
        if self.verdict is None:
            return None
        return Words(JUDGED[self.confirmed], self.verdict, max(JUDGED.values(), key=len))

    @property
    def advice(self) -> str:
        """What to do next."""
        return "" if self.confirmed else AGAIN

    def __str__(self) -> str:
        return showing.as_text(*_parts(self), self.advice)


@dataclass(frozen=True)
class Measured:
    """A size and the bounds between which it should lie; true where it does.

    ``interval``: its 95 % interval over the nets of a stored table; None for what this run trained.
    """

    value: float
    low: float
    high: float
    interval: tuple[float, float] | None = None

    def __bool__(self) -> bool:
        return self.low <= self.value <= self.high  # false for NaN


def within(value: float | PairedDifference, low: float, high: float) -> Measured:
    """A condition for :func:`claim` about a size: ``low <= value <= high``, and the size is noted.

    The bounds follow from other sets of seeds and digits: ``make seeds`` measures the size again,
    and a test refuses bounds that are tighter or much wider than what it found (see
    ``authoring/bounds.py``). A size from a whole stored table is the same on every set of seeds:
    pass the mean with its interval, as :func:`course_utils.intervals.paired_difference` gives it,
    and the bounds are held to the interval. Raises ``TypeError`` for what is no number,
    ``ValueError`` for bounds in the wrong order.
    """
    interval = None
    if isinstance(value, PairedDifference):
        value, interval = value.mean, (value.low, value.high)
    numbers = [_plain(number) for number in (value, low, high)]
    if not all(isinstance(each, Real) and not isinstance(each, bool) for each in numbers):
        raise TypeError(f"within takes three numbers; got {value!r}, {low!r} and {high!r}.")
    if not numbers[1] < numbers[2]:
        raise ValueError(f"low={low} is not below high={high}.")
    return Measured(*map(float, numbers), interval)


Condition = bool | Measured


def claim(
    id: str,
    finding: str,
    condition: Condition | list[Condition],
    verdict: str | None = None,
) -> None:
    """Print whether ``finding`` was measured, and record it.

    ``id``: "S15" for a claim of the source, which needs a ``verdict`` ("holds", "holds when …" or
    "does not hold here"); "2.a", "2.b" … for a finding of the course's own. ``condition``: a
    comparison where an order is meant, :func:`within` where a size is; sizes and comparisons in a
    list must all be true. Raises ``TypeError`` for what is no condition, ``ValueError`` for other
    mistakes.
    """
    _check(id, verdict)
    several = condition if isinstance(condition, list) else [condition]
    sizes = tuple(each for each in several if isinstance(each, Measured))
    conditions = several if sizes else [condition]
    answers = [bool(each) if isinstance(each, Measured) else _truth(each) for each in conditions]
    _say(Claim(id, finding, all(answers), verdict, sizes))


def time_claim(id: str, finding: str, *answers: bool | None, verdict: str | None = None) -> None:
    """Print whether ``finding``, which is about time, was measured, and record it.

    ``answers``: what :meth:`measure.LatencyRatio.above` and ``below`` say. All True: ✓. One False:
    ✗. Otherwise not decided here, and the record says None. The rest as in :func:`claim`.
    """
    _check(id, verdict)
    if not answers:
        raise TypeError("A claim about time needs an answer, such as ratio.above(1.5); got none.")
    given = [answer if answer is None else _truth(answer) for answer in answers]
    confirmed = False if False in given else None if None in given else True
    _say(TimeClaim(id, finding, confirmed, verdict))


def what_you_measured() -> None:
    """Show the claims made since the kernel started, those of the source first.

    This closes a lesson. A claim that was made twice stands there as it came out last.
    """
    made = [_made[id] for id in sorted(_made, key=_place)]
    parts = [(claim.id, claim.evidence(), claim.judgement) for claim in made]
    about = {"claims": [claim.id for claim in made]}
    show(showing.table_as_text(parts), showing.table_as_html(parts), about)


def source_table() -> None:
    """Show what the source says, S1 to S18."""
    show(showing.source_as_text(), showing.source_as_html(), {"claims": [*SOURCE]})


def _say(result: Claim | TimeClaim) -> None:
    progress.record_claim(result.id, result.finding, result.confirmed, result.verdict)
    _made[result.id] = result
    about = {
        "id": result.id,
        "finding": result.finding,
        "confirmed": result.confirmed,
        "timed": isinstance(result, TimeClaim),
        "sizes": [vars(size) for size in getattr(result, "sizes", ())],
    }
    html = showing.as_html(*_parts(result), result.advice)
    show(str(result), html, {"claim": about})


def _place(id: str) -> tuple[bool, int, str]:
    """The key that sorts S2 before S15, and both before 2.a."""
    number, _, letter = id.removeprefix("S").partition(".")
    return not id.startswith("S"), int(number), letter


def _parts(claim: Claim | TimeClaim) -> tuple[str, Words, Words | None]:
    """Id, evidence, verdict. "✓ S15" would read as "S15 is right": only a finding is named."""
    id = claim.id if claim.verdict is None else ""
    return claim.id, claim.evidence(id), claim.judgement


def _joined(*words: str) -> str:
    return " ".join(" ".join(words).split())


def _check(id: str, verdict: str | None) -> None:
    if not re.fullmatch(r"S\d+|\d\.[a-z]", id):
        raise ValueError(f"id={id!r} is neither a source claim (S15) nor a course finding (2.a).")
    if id.startswith("S") and (id not in SOURCE or verdict is None):
        raise ValueError(f"{id} must be one of {[*SOURCE]} and needs a verdict: {VERDICTS}.")
    if not id.startswith("S") and verdict is not None:
        raise ValueError(f"{id} is the course's own finding; a verdict is about a source claim.")
    if verdict is not None and not VERDICT.fullmatch(verdict):
        raise ValueError(
            f"verdict={verdict!r} must start with one of {VERDICTS}; more goes behind , or :"
        )


def _truth(condition: object) -> bool:
    value = _plain(condition)  # a count or a string is a mistake
    if not isinstance(value, bool):
        raise TypeError(
            f"condition must be True or False, the result of a comparison; got {value!r}."
        )
    return value


def _plain(value: object) -> object:
    """A single number or truth value of NumPy or PyTorch as Python's own; else as it is."""
    try:
        return value.item() if hasattr(value, "item") else value
    except (RuntimeError, ValueError):  # several at once
        return value
