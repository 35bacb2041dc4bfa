"""The exercises of the course and the checker that explains what is wrong.

``from course_utils.exercises import lesson02 as ex``, then
``ex.magnitude_mask.check(magnitude_mask)``, ``.hint()`` and ``.solution()``.

- ``lessonNN``: the exercises of a lesson, one file each
- ``checker``: what runs an answer, compares it and finds the words
"""

from importlib import import_module

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.lesson.syllabus import LESSONS

__all__ = ["Case", "Exercise", "Misconception", "all_exercises", "exercises_of"]


def exercises_of(lesson: str) -> list[Exercise]:
    """The exercises of one lesson ("02"), in their order."""
    module = import_module(f"course_utils.exercises.lesson{lesson}")
    found = [value for value in vars(module).values() if isinstance(value, Exercise)]
    return sorted(found, key=lambda exercise: exercise.id)


def all_exercises() -> list[Exercise]:
    """The exercises of the whole course, in their order."""
    return [exercise for lesson in LESSONS for exercise in exercises_of(lesson.number)]
