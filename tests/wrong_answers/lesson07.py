"""Lesson 07: its wrong answers stand in ``test_exercises_07.py``, beside the right ones."""

WRONG_ANSWERS = {}
