"""Predict first: commit to an answer before you see the measurement, and compare afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

from course_utils import progress

Answer = float | str


@dataclass(frozen=True)
class Prediction:
    """Your answer to one question; ``answer`` is None as long as you have not given one."""

    id: str
    question: str
    answer: Answer | None
    unit: str = ""

    def compare(self, measured: Answer, digits: int = 1) -> None:
        """Print your answer beside the measured one, and record both."""
        value = measured if isinstance(measured, str) else f"≈ {measured:.{digits}f} {self.unit}"
        value = value.strip()
        progress.record_prediction(self.id, self.question, self.answer, measured)
        if self.answer is None:
            print(f"Prediction {self.id}: measured {value}; you made no prediction.")
        elif isinstance(measured, str):
            word = "as you said" if self.answer == measured else f"you said {self.answer}"
            print(f"Prediction {self.id}: measured {value}; {word}.")
        else:
            off = abs(self.answer - measured)
            print(
                f"Prediction {self.id}: measured {value}; you said {self.answer:g} {self.unit}, "
                f"≈ {off:.{digits}f} off."
            )


def predict(
    id: str,
    question: str,
    answer: Answer | None = None,
    *,
    unit: str = "",
    options: Sequence[str] | None = None,
) -> Prediction:
    """Store your ``answer`` to ``question``: a number in ``unit``, or one of ``options``.

    Leave it None to skip. Raises ``ValueError`` for an answer that is not among the options and
    ``TypeError`` for one that is not a number where a number is asked for.
    """
    if options is not None and answer is not None and answer not in options:
        raise ValueError(f"{answer!r} is not one of the options: {', '.join(options)}.")
    is_number = isinstance(answer, Real) and not isinstance(answer, bool)
    if options is None and answer is not None and not is_number:
        raise TypeError(f"Give a number{f' in {unit}' if unit else ''}; got {answer!r}.")
    print(f"Prediction {id}: {question}")
    if answer is None:
        kind = "a number" + (f" (in {unit})" if unit else "")
        if options is not None:
            kind = "one of " + ", ".join(map(repr, options))
        print(f"○ not made yet. Put {kind} in place of None and run this cell again, or read on.")
    else:
        print(f"Noted: {answer} {unit}".strip() + ".")
        progress.record_prediction(id, question, answer, None)
    return Prediction(id, question, answer, unit)
