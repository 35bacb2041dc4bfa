"""The exercises of the course and the checker that explains what is wrong.

One module a lesson: ``from course_utils.exercises import lesson02 as ex``, then
``ex.magnitude_mask.check(magnitude_mask)``, ``.hint()`` and ``.solution()``.

- ``exercise``: what an exercise is, and what you call
- ``running``: run somebody's function safely and note what it did
- ``comparing``: how two results differ, in words
- ``feedback``: the sentences and pictures of the four outcomes
"""

from importlib import import_module

from course_utils.exercises.exercise import Case, Exercise, Misconception
from course_utils.syllabus import LESSONS

__all__ = ["Case", "Exercise", "Misconception", "all_exercises", "exercises_of"]


def exercises_of(lesson: str) -> list[Exercise]:
    """The exercises of one lesson ("02"), in their order."""
    module = import_module(f"course_utils.exercises.lesson{lesson}")
    found = [value for value in vars(module).values() if isinstance(value, Exercise)]
    return sorted(found, key=lambda exercise: exercise.id)


def all_exercises() -> list[Exercise]:
    """The exercises of the whole course, in their order."""
    return [exercise for lesson in LESSONS for exercise in exercises_of(lesson.number)]
