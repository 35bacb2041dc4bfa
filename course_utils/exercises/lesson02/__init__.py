"""Lesson 02, Unstructured pruning: masks by magnitude, thresholds, sensitivity, fair tables.

The references call the library where an earlier exercise has been turned into it."""

from course_utils.exercises.lesson02.ex1_magnitude_mask import magnitude_mask
from course_utils.exercises.lesson02.ex2_global_masks import global_masks
from course_utils.exercises.lesson02.ex3_sensitivity_scan import sensitivity_scan
from course_utils.exercises.lesson02.ex4_choose_sparsities import choose_sparsities
from course_utils.exercises.lesson02.ex5_sgd_step import sgd_step
from course_utils.exercises.lesson02.ex6_plain_state import plain_state
from course_utils.exercises.lesson02.ex7_unfair_rows import unfair_rows

__all__ = [
    "choose_sparsities",
    "global_masks",
    "magnitude_mask",
    "plain_state",
    "sensitivity_scan",
    "sgd_step",
    "unfair_rows",
]
