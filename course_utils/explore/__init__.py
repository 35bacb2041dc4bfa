"""Explorers: move a control and see what pruning does. Lessons 01, 02, 03, 05, 06 and 07.

Each of the six functions returns an :class:`Explorer`, an ``ipywidgets.VBox`` with

- ``controls``: name → widget; setting a control's ``.value`` redraws, as moving it does,
- ``picture``: an ``ipywidgets.Image`` (PNG), replaced once a change, so it does not flicker,
- ``numbers``: an ``ipywidgets.HTML`` that says what is seen, for readers who hear the page,
- ``alt``: one sentence with what is seen now,
- ``facts``: the numbers shown, by name,
- ``figure()``: the matplotlib figure of the present state.

Nothing is printed, and models and weights that you pass in stay as they are. A number that can
differ between machines stands behind ≈. In a lesson, :func:`show` puts an explorer on the page.

Lesson 00 has another kind, :mod:`course_utils.explore.toy`: a page that needs no kernel.
"""

from course_utils.explore.compressing import compression_explorer
from course_utils.explore.cutting import surgery_explorer
from course_utils.explore.designer import ScheduleDesigner, schedule_designer
from course_utils.explore.explorer import Explorer, show
from course_utils.explore.masking import mask_explorer
from course_utils.explore.survivors import survivor_explorer
from course_utils.explore.threshold import threshold_explorer

__all__ = [
    "Explorer",
    "ScheduleDesigner",
    "compression_explorer",
    "mask_explorer",
    "schedule_designer",
    "show",
    "surgery_explorer",
    "survivor_explorer",
    "threshold_explorer",
]
