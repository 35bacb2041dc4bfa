"""The minutes that a lesson states, against what a reader who skips nothing needs."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.authoring import build, reading
from course_utils.exercises import exercises_of
from course_utils.lesson.syllabus import LESSONS


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_the_core_fits_the_stated_minutes(lesson):
    source = next(s for s in build.sources() if s.name.startswith(lesson.number))
    needed = reading.minutes(
        build.learner_notebook(build.solved_notebook(source)), lesson.number
    ).total
    # Running the cells and reading their outputs comes on top; twice the time would frighten off.
    assert needed <= lesson.minutes <= 1.4 * needed + 5


def test_words_predictions_and_exercises_are_counted():
    words = new_markdown_cell("# A title\n\n" + "word " * 398)
    asks = new_code_cell('guess = predict("2.1", "How many?", None)\nx = 1')
    found = reading.minutes(new_notebook(cells=[words, asks, asks]), "02")
    assert found.reading == pytest.approx(2.0)
    assert found.predicting == 2
    assert found.exercises == sum(exercise.minutes for exercise in exercises_of("02"))
    assert found.total == found.reading + 2 + found.exercises


def test_what_is_optional_does_not_count():
    lesson = new_notebook(
        cells=[
            new_markdown_cell("# Title\nfirst\n## 2.1 A section\nsecond"),
            new_markdown_cell("third\n### Further: a detail\nnot this"),
            new_code_cell("not_this()"),
            new_markdown_cell("nor this\n### A detail\nfourth\n## 2.2 Further: more\nnor this"),
            new_markdown_cell("### A detail of it\nnor this"),
            new_code_cell("nor_this()"),
            new_markdown_cell("## What you measured\nfifth"),
            new_code_cell("this()"),
        ]
    )
    kept = "\n".join(text for _, text in reading.core(lesson))
    for word in ("first", "second", "third", "fourth", "fifth", "this()", "Title"):
        assert word in kept
    assert "not this" not in kept
    assert "nor this" not in kept
    assert "not_this" not in kept
    assert "nor_this" not in kept
