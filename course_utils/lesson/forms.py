"""The form below a prediction, and the two bars that show it beside the measurement.

:func:`course_utils.lesson.predictions.predict` shows the first, its ``compare`` the second.
"""

import html
from collections.abc import Callable
from typing import TYPE_CHECKING

import ipywidgets

from course_utils.lesson.text import fraction_for_per_cent, in_words
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
    """The question as a form: an answer to pick or type, and two buttons, Commit and Skip.

    Nothing is chosen before you choose it. Once the measurement is known, a late answer is not
    taken as a prediction any more.
    """
    answer = _control(prediction)
    commit = ipywidgets.Button(description="Commit", tooltip="Note this answer", icon="check")
    skip = ipywidgets.Button(description="Skip", tooltip="Go on without a prediction")
    said = ipywidgets.HTML()
    say = _sayer(said)
    say("This form needs the kernel that made it. After a restart, run the cell again.")
    asked_back = set()

    def close(words: str) -> None:
        say(words)
        for control in (answer, commit, skip):
            control.disabled = True

    def on_commit(_) -> None:
        if prediction.measured is not None:
            close("It is measured already, so this is no prediction any more. Nothing is noted.")
            return
        try:
            value = _chosen(answer.value, prediction)
            doubt = fraction_for_per_cent(value, prediction.unit)
            if doubt and value not in asked_back:
                asked_back.add(value)
                say(f"{doubt} Then change it; or press Commit again for {value} %.")
                return
            prediction.commit(value)
        except (TypeError, ValueError) as error:  # nothing yet, or NaN, or no number
            say(str(error))
            return
        close(f"Noted: {in_words(value, prediction.unit)}. Now run the measurement.")

    commit.on_click(on_commit)
    skip.on_click(lambda _: close("Skipped. Read on."))
    return ipywidgets.VBox([answer, ipywidgets.HBox([commit, skip]), said])


def _sayer(line: ipywidgets.HTML) -> Callable[[str], None]:
    """What writes words into ``line``, where a screen reader reads them out."""

    def say(words: str) -> None:
        line.value = f"<span role='status'>{html.escape(words)}</span>"

    return say


def _control(prediction: "Prediction") -> ipywidgets.Widget:
    """A list to pick from, or a field for a number: a slider would suggest one, and a range."""
    label = f"Prediction {prediction.id}"
    if prediction.options is not None:
        return ipywidgets.RadioButtons(
            options=[*prediction.options], value=None, description=label, style=WIDE
        )
    unit = f" ({prediction.unit})" if prediction.unit else ""
    return ipywidgets.Text(placeholder="a number", description=f"{label}{unit}", style=WIDE)


def _chosen(value: str | None, prediction: "Prediction") -> float | str:
    """What was picked, or the number that was typed, with or without its unit.

    Raises ``ValueError`` with words for the reader if there is none.
    """
    if not value:
        raise ValueError("Choose an answer first.")
    if prediction.options is not None:
        return value
    number = value.strip().removesuffix(prediction.unit).strip().replace(",", ".")
    try:
        return float(number)
    except ValueError:
        asked = in_words("a number", f"in {prediction.unit}" if prediction.unit else "")
        raise ValueError(f"Give {asked}, such as 42; you gave {value!r}.") from None


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
