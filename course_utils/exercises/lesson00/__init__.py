"""Lesson 00, Start here: one line to learn how a check speaks."""

from course_utils.exercises.lesson00.ex1_count_zeros import count_zeros

__all__ = ["count_zeros"]
