"""Predict first: commit to an answer before you see the measurement, and compare afterwards.

Below the question stands a small form, as long as a kernel runs. Or put your answer into the cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

from course_utils.lesson import progress
from course_utils.lesson.text import wrapped

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
        _check(answer, self.unit, self.options)
        self.answer = answer
        progress.record_prediction(self.id, self.question, answer, None)

    def compare(self, measured: Answer, digits: int = 1) -> None:
        """Print your answer beside the measured one, and record both."""
        self.measured = measured
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
    from an earlier day is taken up again. Raises ``ValueError`` for an answer that is not among the
    options and ``TypeError`` for one that is not a number where a number is asked for.
    """
    if answer is not None:
        _check(answer, unit, options)
    print(f"Prediction {id}: {question}")
    prediction = Prediction(id, question, None, unit, options)
    if answer is not None:
        prediction.commit(answer)
        print(f"Noted: {answer} {unit}".strip() + ".")
        return prediction
    earlier = progress.load()["predictions"].get(id, {}).get("answer")
    if earlier is not None:
        prediction.answer = earlier
        print(f"Noted on an earlier run: {earlier} {unit}".strip() + ".")
        return prediction
    kind = "a number" + (f" (in {unit})" if unit else "")
    if options is not None:
        kind = "one of " + ", ".join(map(repr, options))
    print(
        wrapped(
            f"○ not made yet. Answer in the form below, put {kind} in place of None and run "
            "this cell again, or read on."
        )
    )
    from course_utils.lesson import forms  # widgets are slow to import

    forms.show(prediction)
    return prediction


def _check(answer: Answer, unit: str, options: Sequence[str] | None) -> None:
    if options is not None:
        if answer not in options:
            raise ValueError(f"{answer!r} is not one of the options: {', '.join(options)}.")
    elif not isinstance(answer, Real) or isinstance(answer, bool):
        raise TypeError(f"Give a number{f' in {unit}' if unit else ''}; got {answer!r}.")
