"""Lesson 05, Norm pruning and other criteria: norms of slices, and scores that see more.

The references call the library where an earlier exercise has been turned into it."""

from course_utils.exercises.lesson05.ex1_group_norms import group_norms
from course_utils.exercises.lesson05.ex2_slice_mask import slice_mask
from course_utils.exercises.lesson05.ex3_comparable_norms import comparable_norms
from course_utils.exercises.lesson05.ex4_taylor_scores import taylor_scores
from course_utils.exercises.lesson05.ex5_activation_scores import activation_scores
from course_utils.exercises.lesson05.ex6_fair_lead import fair_lead

__all__ = [
    "activation_scores",
    "comparable_norms",
    "fair_lead",
    "group_norms",
    "slice_mask",
    "taylor_scores",
]
