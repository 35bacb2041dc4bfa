"""How long the core of a lesson takes whoever reads every word and solves every exercise."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from course_utils.authoring.prose import plain
from course_utils.exercises import exercises_of

WORDS_A_MINUTE = 200
MINUTES_A_PREDICTION = 1
HEADING = re.compile(r"^(#{1,3}) (.+)$", re.MULTILINE)
OPTIONAL = "Further"  # in the title of a section that the stated minutes leave out


@dataclass(frozen=True)
class Minutes:
    """What a lesson's core takes: to read, to think about its predictions, to do its exercises."""

    reading: float
    predicting: float
    exercises: float

    @property
    def total(self) -> float:
        return self.reading + self.predicting + self.exercises


def minutes(notebook: NotebookNode, lesson: str) -> Minutes:
    """Of a learner's notebook; ``lesson``: its number, "02". Running its cells comes on top."""
    words = predictions = 0
    for kind, text in core(notebook):
        if kind == "markdown":
            words += len(re.findall(r"\w[\w'’-]*", plain(text)))
        else:
            predictions += len(re.findall(r"= predict\(", text))
    exercises = sum(exercise.minutes for exercise in exercises_of(lesson))
    return Minutes(words / WORDS_A_MINUTE, predictions * MINUTES_A_PREDICTION, exercises)


def core(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """(cell type, text) of all that is not optional, section by section."""
    level = None  # of the optional section we are in, as its number of #
    for cell in notebook.cells:
        for text in _sections(cell.source) if cell.cell_type == "markdown" else [cell.source]:
            heading = HEADING.match(text) if cell.cell_type == "markdown" else None
            if heading and (level is None or len(heading[1]) <= level):
                level = len(heading[1]) if OPTIONAL in heading[2] else None
            if level is None:
                yield cell.cell_type, text


def _sections(source: str) -> list[str]:
    """A markdown cell, cut before each of its headings."""
    starts = [0, *(match.start() for match in HEADING.finditer(source) if match.start() > 0)]
    return [source[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]
