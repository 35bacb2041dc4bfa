"""The form below a prediction, and the two bars that show it beside the measurement.

:func:`course_utils.lesson.predictions.predict` shows the first, its ``compare`` the second.
"""

import html
from typing import TYPE_CHECKING

import ipywidgets

from course_utils.lesson.text import in_words
from course_utils.lesson.widgets import display_live

if TYPE_CHECKING:  # predictions shows these forms
    from course_utils.lesson.predictions import Prediction
from course_utils.plotting import KEPT, RANDOM

WIDE = {"description_width": "initial"}  # labels are not cut off
BAR = 15  # em, the length of the longer bar


def show(prediction: "Prediction") -> None:
    """Display the form, live only."""
    display_live(form(prediction))


def show_side_by_side(prediction: "Prediction", digits: int) -> None:
    """Display the two bars, live only. The numbers in words are printed above them."""
    display_live(side_by_side(prediction, digits))


def form(prediction: "Prediction") -> ipywidgets.VBox:
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
            try:
                prediction.commit(answer.value)
            except (TypeError, ValueError) as error:  # such as NaN, typed into the field
                said.value = f"<span role='status'>{html.escape(str(error))}</span>"
                return
            close(f"Noted: {in_words(answer.value, prediction.unit)}. Now run the measurement.")

    commit.on_click(on_commit)
    skip.on_click(lambda _: close("Skipped. Read on."))
    return ipywidgets.VBox([answer, ipywidgets.HBox([commit, skip]), said])


def _control(prediction: "Prediction") -> ipywidgets.Widget:
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


def side_by_side(prediction: "Prediction", digits: int) -> ipywidgets.HTML:
    """Two bars on one scale: what you said, and what was measured."""
    numbers = {"you said": prediction.answer, "measured": prediction.measured}
    largest = max(abs(float(value)) for value in numbers.values()) or 1.0
    rows = "".join(
        f"<tr><th scope='row' style='text-align:left'>{name}</th>"
        f"<td><div style='background:{colour};height:1em;"
        f"width:{BAR * abs(float(value)) / largest:.2f}em'></div></td>"
        f"<td>{in_words(round(float(value), digits), prediction.unit)}</td></tr>"
        for (name, value), colour in zip(numbers.items(), (RANDOM, KEPT), strict=True)
    )
    return ipywidgets.HTML(f"<table aria-label='Prediction {prediction.id}'>{rows}</table>")
