"""The two buttons below a wrong verdict: the next hint, and the reference."""

from typing import TYPE_CHECKING

import ipywidgets

from course_utils.lesson.widgets import display_live

if TYPE_CHECKING:  # an exercise shows these buttons
    from course_utils.exercises.checker.exercise import Exercise


def show(exercise: "Exercise") -> None:
    """Display the buttons, live only. The methods ``hint`` and ``solution`` do the same."""
    display_live(buttons(exercise))


def buttons(exercise: "Exercise") -> ipywidgets.VBox:
    """Each click on Hint shows one more, one on Solution the reference, below the buttons."""
    hint = ipywidgets.Button(description="Hint", tooltip=f"The next hint for {exercise.id}")
    solution = ipywidgets.Button(
        description="Solution", tooltip=f"Show the reference for {exercise.id}"
    )
    shown = ipywidgets.Output()
    for button, method in ((hint, exercise.hint), (solution, exercise.solution)):
        button.on_click(lambda _, method=method: _show_in(shown, method))
    return ipywidgets.VBox([ipywidgets.HBox([hint, solution]), shown])


def _show_in(shown: ipywidgets.Output, method) -> None:
    with shown:
        method()
