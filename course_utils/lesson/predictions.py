"""Predict first: commit to an answer before you see the measurement, and compare afterwards.

Below the question stands a small form, as long as a kernel runs. Or put your answer into the cell.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from numbers import Real

from course_utils.lesson import progress
from course_utils.lesson.text import fraction_for_per_cent, in_words, say, wrapped

Answer = float | str


@dataclass
class Prediction:
    """Your answer to one question; ``answer`` is None as long as you have not given one.

    ``options``: the allowed answers, or None where a number in ``unit`` is asked for. ``measured``:
    None before :meth:`compare`.
    """

    id: str
    question: str
    answer: Answer | None
    unit: str = ""
    options: Sequence[str] | None = None
    measured: Answer | None = None

    def commit(self, answer: Answer) -> None:
        """Take ``answer`` and record it. Raises as :func:`predict` for one that is not allowed."""
        self.answer = _accepted(answer, self.unit, self.options)
        progress.record_prediction(self.id, self.question, self.answer, None)

    def compare(self, measured: Answer, digits: int = 1) -> None:
        """Print your answer beside the measured one, and record both."""
        self.measured = measured
        value = measured if isinstance(measured, str) else f"≈ {measured:.{digits}f} {self.unit}"
        value = value.strip()
        progress.record_prediction(self.id, self.question, self.answer, measured)
        if self.answer is None:
            say(f"Prediction {self.id}: measured {value}; you made no prediction.")
        elif isinstance(measured, str):
            word = "as you said" if self.answer == measured else f"you said {self.answer}"
            say(f"Prediction {self.id}: measured {value}; {word}.")
        else:
            off = abs(self.answer - measured)
            say(
                f"Prediction {self.id}: measured {value}; you said "
                f"{in_words(self.answer, self.unit)}, ≈ {off:.{digits}f} off."
            )
            from course_utils.lesson import forms  # widgets are slow to import

            forms.show_side_by_side(self, digits)


def predict(
    id: str,
    question: str,
    answer: Answer | None = None,
    *,
    unit: str = "",
    options: Sequence[str] | None = None,
) -> Prediction:
    """Store your ``answer`` to ``question``: a number in ``unit``, or one of ``options``.

    Leave it None to answer in the form below the cell, or to skip. An answer that your record holds
    from an earlier day is taken up again if it still fits the question. Raises ``ValueError`` for
    an answer that is not among the options, or not finite, and ``TypeError`` for one that is not a
    number where a number is asked for.
    """
    if answer is not None:
        answer = _accepted(answer, unit, options)
    say(f"Prediction {id}: {question}")
    prediction = Prediction(id, question, None, unit, options)
    if answer is not None:
        prediction.commit(answer)
        say(f"Noted: {answer} {unit}".strip() + ".")
        if doubt := fraction_for_per_cent(answer, unit):
            say(f"{doubt} Then put that in place of {answer}.")
        return prediction
    prediction.answer = _earlier(id, unit, options)
    if prediction.answer is not None:
        say(f"Noted on an earlier run: {prediction.answer} {unit}".strip() + ".")
        return prediction
    kind = "a number" + (f" (in {unit})" if unit else "")
    if options is not None:
        kind = "one of " + ", ".join(map(repr, options))
    say(
        wrapped(
            f"○ not made yet. Answer in the form below, put {kind} in place of None and run "
            "this cell again, or read on."
        )
    )
    from course_utils.lesson import forms  # widgets are slow to import

    forms.show(prediction)
    return prediction


def _earlier(id: str, unit: str, options: Sequence[str] | None) -> Answer | None:
    """The answer in the record; None if there is none, or if it fits the question no more.

    An edition of the course may ask for a number where an older one had options, or the reverse.
    """
    with suppress(TypeError, ValueError):
        stored = progress.load()["predictions"].get(id, {}).get("answer")
        return _accepted(stored, unit, options)
    return None


def _accepted(answer: object, unit: str, options: Sequence[str] | None) -> Answer:
    """``answer`` as a word, or as a number of Python's own. Raises as :func:`predict`."""
    with suppress(RuntimeError, ValueError):  # several numbers at once are no number
        answer = answer.item() if hasattr(answer, "item") else answer  # of NumPy or PyTorch
    if options is not None:
        if answer not in options:
            raise ValueError(f"{answer!r} is not one of the options: {', '.join(options)}.")
        return answer
    asked = f"a number in {unit}" if unit else "a number"
    if not isinstance(answer, Real) or isinstance(answer, bool):
        raise TypeError(f"Give {asked}; got {answer!r}.")
    try:
        finite = math.isfinite(answer)
    except OverflowError:  # a whole number that no float can hold
        finite = False
    if not finite:
        raise ValueError(f"Give {asked} that is finite; got {answer!r}.")
    return answer if isinstance(answer, int) else float(answer)
