"""Predict first: commit to an answer before you see the measurement, and compare afterwards.

Below the question stands a small form, as long as a kernel runs. Or put your answer into the cell.
"""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import ipywidgets

from course_utils import progress
from course_utils._text import wrapped
from course_utils.widgets import display_live

Answer = float | str
WIDE = {"description_width": "initial"}  # labels are not cut off


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
            display_live(_side_by_side(self, digits))


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
    display_live(form(prediction))
    return prediction


def form(prediction: Prediction) -> ipywidgets.VBox:
    """The question as a form: an answer to pick or drag, and two buttons, Commit and Skip.

    Once the measurement is known, a late answer is not taken as a prediction any more.
    """
    answer = _control(prediction)
    commit = ipywidgets.Button(description="Commit", tooltip="Note this answer", icon="check")
    skip = ipywidgets.Button(description="Skip", tooltip="Go on without a prediction")
    said = ipywidgets.HTML()

    def close(words: str) -> None:
        said.value = f"<span role='status'>{html.escape(words)}</span>"
        for control in (answer, commit, skip):
            control.disabled = True

    def on_commit(_) -> None:
        if prediction.measured is not None:
            close("It is measured already, so this is no prediction any more. Nothing is noted.")
        elif answer.value is None:
            said.value = "<span role='status'>Choose an answer first.</span>"
        else:
            prediction.commit(answer.value)
            close(f"Noted: {_words(answer.value, prediction.unit)}. Now run the measurement.")

    commit.on_click(on_commit)
    skip.on_click(lambda _: close("Skipped. Read on."))
    return ipywidgets.VBox([answer, ipywidgets.HBox([commit, skip]), said])


def _control(prediction: Prediction) -> ipywidgets.Widget:
    """A list to pick from, a slider for per cent, or a field for any other number."""
    label = f"Prediction {prediction.id}"
    if prediction.options is not None:
        return ipywidgets.RadioButtons(
            options=[*prediction.options], value=None, description=label, style=WIDE
        )
    if prediction.unit == "%":
        return ipywidgets.FloatSlider(
            50, min=0, max=100, step=0.5, readout_format=".1f", description=f"{label} (%)",
            style=WIDE, layout={"width": "30em"},
        )  # fmt: skip
    unit = f" ({prediction.unit})" if prediction.unit else ""
    return ipywidgets.FloatText(description=f"{label}{unit}", style=WIDE)


def _side_by_side(prediction: Prediction, digits: int) -> ipywidgets.HTML:
    """Two bars on one scale: what you said, and what was measured."""
    from course_utils.plotting import KEPT, RANDOM  # matplotlib is slow to import

    numbers = {"you said": prediction.answer, "measured": prediction.measured}
    largest = max(abs(float(value)) for value in numbers.values()) or 1.0
    rows = "".join(
        f"<tr><th scope='row' style='text-align:left'>{name}</th>"
        f"<td><div style='background:{colour};height:1em;"
        f"width:{15 * abs(float(value)) / largest:.2f}em'></div></td>"
        f"<td>{_words(round(float(value), digits), prediction.unit)}</td></tr>"
        for (name, value), colour in zip(numbers.items(), (RANDOM, KEPT), strict=True)
    )
    return ipywidgets.HTML(f"<table aria-label='Prediction {prediction.id}'>{rows}</table>")


def _words(answer: Answer, unit: str) -> str:
    value = answer if isinstance(answer, str) else f"{answer:g}"
    return f"{value} {unit}".strip()


def _check(answer: Answer, unit: str, options: Sequence[str] | None) -> None:
    if options is not None:
        if answer not in options:
            raise ValueError(f"{answer!r} is not one of the options: {', '.join(options)}.")
    elif not isinstance(answer, Real) or isinstance(answer, bool):
        raise TypeError(f"Give a number{f' in {unit}' if unit else ''}; got {answer!r}.")
