"""How a lesson works: what it asks, claims and records, and the desk that you work at.

``from course_utils.lesson import claim, desk, predict, tables`` is all that most lessons need.

- ``claims``, ``showing``, ``source``: a measured statement, how it looks, and what the source says
- ``predictions``, ``forms``, ``calibration``: a question asked first, its form, how near you were
- ``progress``, ``dashboard``: your record, and the tables that show it
- ``desk``, ``environment``: your copies of the lessons, and whether this machine is ready for them
- ``syllabus``: the lessons in their order
- ``tables``, ``text``, ``widgets``, ``files``: how things are shown and stored
"""

from course_utils.lesson.calibration import what_you_predicted
from course_utils.lesson.claims import (
    claim,
    source_table,
    time_claim,
    what_you_measured,
    within,
)
from course_utils.lesson.predictions import predict

__all__ = [
    "claim",
    "predict",
    "source_table",
    "time_claim",
    "what_you_measured",
    "what_you_predicted",
    "within",
]
