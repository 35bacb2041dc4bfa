"""For each exercise an answer or two that are right but written differently from the reference.

One module a lesson, as in ``course_utils.exercises``.
"""

from importlib import import_module

from course_utils.lesson.syllabus import LESSONS

RIGHT_ANSWERS = {
    id: answers
    for lesson in LESSONS
    for id, answers in import_module(f"right_answers.lesson{lesson.number}").RIGHT_ANSWERS.items()
}
