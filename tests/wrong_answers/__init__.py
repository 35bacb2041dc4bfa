"""For each exercise some wrong answers as learners write them, and words that name their mistake.

Written without a look at the mistakes that the exercise declares: the checker meets them for the
first time. One module a lesson, as in ``course_utils.exercises``.
"""

from importlib import import_module

from course_utils.lesson.syllabus import LESSONS

WRONG_ANSWERS = {
    id: answers
    for lesson in LESSONS
    for id, answers in import_module(f"wrong_answers.lesson{lesson.number}").WRONG_ANSWERS.items()
}
