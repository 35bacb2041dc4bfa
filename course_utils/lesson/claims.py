"""Claims: a statement about pruning, the measurement that decides it, and its verdict.

A claim is printed as one line that starts with ✓ or ✗. CI compares that line, so it turns red on
the day the statement stops to hold. The sign of a claim about time stands behind ≈, and CI compares
its words only: what else keeps a machine busy says nothing about pruning.
"""

import re
from dataclasses import dataclass

from course_utils.lesson import progress
from course_utils.lesson.text import say, wrapped

# What the article says that this course started from (S1-S18 in its order).
SOURCE = {
    "S1": "pruning cuts compute and memory while accuracy holds",
    "S2": "W′ = W ⊙ mask: the mask has W's shape, 0 is pruned, 1 is kept",
    "S3": "l1_unstructured(Linear(10, 10), 'weight', amount=0.5) prunes half of the weights",
    "S4": "structured pruning removes whole filters or channels: a block mask",
    "S5": "structured pruning is easier to speed up on hardware",
    "S6": "ln_structured(Conv2d(3, 10, 3), 'weight', amount=0.25, n=2, dim=0) cuts 25 %",
    "S7": "random pruning: draw U(0, 1) for each weight, drop where it is below the ratio",
    "S8": "random_unstructured(Linear(10, 10), 'weight', amount=0.3) is random pruning of 30 %",
    "S9": "norm pruning: weights of small L1 or L2 norm go",
    "S10": "ln_structured(Linear(10, 10), 'weight', amount=0.2, n=1, dim=0) cuts 20 %",
    "S11": "iterative pruning: start at 10 % of the smallest, then 5 % more a round, up to 50 %",
    "S12": "weights are zeroed by a mask or physically deleted",
    "S13": "fine-tuning recovers the accuracy, sometimes improves it",
    "S14": "importance may also use gradients or activations",
    "S15": "three rounds of l1_unstructured(amount=0.2) prune 60 % in total",
    "S16": "fine-tuning needs enough epochs",
    "S17": "raising the ratio too fast makes accuracy collapse",
    "S18": "choose by model and hardware",
}
VERDICTS = ("holds", "holds when …", "does not hold here")
# One of them, and behind a comma or a colon what there is to add.
VERDICT = re.compile(r"(?:holds|holds when \S.*|does not hold here)(?:[,:] \S.*)?")
# Of a claim about time: True, False, and None where the machine was too busy to tell.
OUTCOMES = {
    True: "✓ {id} measured:",
    False: "✗ {id} not confirmed here:",
    None: "? {id} not decided here:",
}
AGAIN = "Run this cell again when the machine has nothing else to do."


@dataclass(frozen=True)
class Claim:
    """One measured statement. ``confirmed``: what the measurement said this time."""

    id: str
    finding: str
    confirmed: bool
    verdict: str | None

    def __str__(self) -> str:
        sign, word = ("✓", "measured") if self.confirmed else ("✗", "not confirmed on this machine")
        lines = [f"{sign} {self.id} {word}: {self.finding}"]
        if self.verdict and self.confirmed:
            lines.append(f"  The source says “{SOURCE[self.id]}”: {self.verdict}.")
        return "\n".join(wrapped(line, hanging="  ") for line in lines)


@dataclass(frozen=True)
class TimeClaim:
    """One statement about time. ``confirmed``: None where this machine did not decide it."""

    id: str
    finding: str
    confirmed: bool | None
    verdict: str | None

    def __str__(self) -> str:
        starts = {outcome: f"≈ {text.format(id=self.id)}" for outcome, text in OUTCOMES.items()}
        # As wide as the widest, so that the lines break alike whatever the outcome is.
        room = "x" * max(map(len, starts.values()))
        lines = wrapped(f"{room} {self.finding}", hanging="  ").removeprefix(room)
        lines = starts[self.confirmed] + lines
        if self.confirmed is not True:
            lines += f"\n  {AGAIN}"
        if self.verdict:
            source = f"  The source says “{SOURCE[self.id]}”; with a ✓ above: {self.verdict}."
            lines += "\n" + wrapped(source, hanging="  ")
        return lines


def claim(id: str, finding: str, condition: bool, verdict: str | None = None) -> None:
    """Print whether ``finding`` was measured, and record it.

    ``id``: "S15" for a claim of the source, which needs a ``verdict`` ("holds", "holds when …" or
    "does not hold here"); "2.a", "2.b" … for a finding of the course's own. ``condition``: the
    comparison, with bounds that leave room for another seed and another processor, and no more.
    Raises ``TypeError`` if ``condition`` is not a truth value, ``ValueError`` for the rest.
    """
    _check(id, verdict)
    _say(Claim(id, finding, _truth(condition), verdict))


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


def _say(result: Claim | TimeClaim) -> None:
    progress.record_claim(result.id, result.finding, result.confirmed, result.verdict)
    say(result)


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
    # NumPy and PyTorch comparisons give their own truth values; a count or a string is a mistake.
    try:
        value = condition.item() if hasattr(condition, "item") else condition
    except (RuntimeError, ValueError):  # several answers at once
        value = condition
    if not isinstance(value, bool):
        raise TypeError(
            f"condition must be True or False, the result of a comparison; got {value!r}."
        )
    return value
