"""What all explorers share: controls that redraw one picture, and the words beside it."""

import html
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ipywidgets as widgets
from matplotlib.figure import Figure

from course_utils import plotting
from course_utils.explore.drawing import Film
from course_utils.lesson.widgets import display_live

WRAPPED = {"display": "flex", "flex_flow": "row wrap", "width": "100%"}
LABELLED = {"description_width": "initial"}  # a label as wide as its words, never cut off


@dataclass(frozen=True)
class Seen:
    """What one redraw shows: the ``facts`` by name, the sentence ``alt``, and ``words``, a line
    each, that say the rest of the numbers."""

    facts: dict[str, object]
    alt: str
    words: Sequence[str] = ()


class Explorer(widgets.VBox):
    """Controls above one picture and its numbers in words. See :mod:`course_utils.explore`.

    ``look()`` reads the controls, moves what is drawn on ``film``, and says what is
    :class:`Seen`. ``rows``: the widgets above the picture; by default all controls, wrapped.
    """

    def __init__(
        self,
        controls: Mapping[str, widgets.Widget],
        film: Film,
        look: Callable[[], Seen],
        rows: Sequence[widgets.Widget] | None = None,
    ) -> None:
        self.controls = dict(controls)
        self.picture = widgets.Image(format="png", layout={"max_width": "100%"})
        self.numbers = widgets.HTML(layout={"width": "auto"})
        self.facts: dict[str, object] = {}
        self.alt = ""
        self._film, self._look = film, look
        self._turn, self._drawing = threading.RLock(), False
        if rows is None:
            rows = [wrapped(self.controls.values())]
        super().__init__([*rows, self.picture, self.numbers], layout={"width": "100%"})
        for control in self.controls.values():
            if control.has_trait("value"):
                control.observe(self.redraw, names="value")
        self.redraw()

    def figure(self) -> Figure:
        """The figure of the present state. The next redraw changes it."""
        return self._film.whole()

    def redraw(self, change: object = None) -> None:
        """Look at the controls and replace picture, numbers, ``alt`` and ``facts``, once.

        One thread at a time: a run in the background redraws, too. A control that the redraw
        itself moves does not start another one.
        """
        with self._turn:
            if self._drawing:
                return
            self._drawing = True
            try:
                with (
                    plotting.course_style()
                ):  # also what is drawn for the first time, such as ticks
                    seen = self._look()
                    picture = self._film.png()
            finally:
                self._drawing = False
            self.facts, self.alt = seen.facts, seen.alt
            self.picture.value = picture
            # ipywidgets.Image (8.1) has no alternative text, and with a tooltip it is not drawn at
            # all (a JavaScript error), so the sentence stands here.
            self.numbers.value = _as_html([seen.alt, *seen.words])


def show(explorer: Explorer) -> None:
    """Show an explorer in a lesson: its present picture to stay, and below it the live one.

    The static picture is stored with its sentence and reads well without a kernel; the live one
    works while the kernel runs and is not stored.
    """
    plotting.show(explorer.figure(), alt=explorer.alt)
    display_live(explorer)


def wrapped(controls: Sequence[widgets.Widget]) -> widgets.Box:
    """Widgets beside each other, in as many lines as the page is narrow."""
    return widgets.Box([*controls], layout=WRAPPED)


def per_cent_slider(
    label: str, value: float, tooltip: str, *, low: float = 0, high: float = 100, live: bool = True
) -> widgets.FloatSlider:
    """A slider in steps of half a per cent. ``live``: redraw while it moves, not at its end."""
    return widgets.FloatSlider(
        value, min=low, max=high, step=0.5, description=label, tooltip=tooltip,
        readout_format=".1f", continuous_update=live, style=LABELLED,
        layout={"width": "380px", "max_width": "100%"},
    )  # fmt: skip


def _as_html(lines: Sequence[str]) -> str:
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return f'<div role="status" aria-live="polite">{paragraphs}</div>'
