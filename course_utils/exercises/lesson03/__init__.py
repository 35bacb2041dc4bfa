"""Lesson 03, Structured pruning: block masks, and filters that really go.

The references call the library where an earlier exercise has been turned into it."""

from course_utils.exercises.lesson03.ex1_filter_mask import filter_mask
from course_utils.exercises.lesson03.ex2_cut_filters import cut_filters
from course_utils.exercises.lesson03.ex3_cut_columns import cut_columns
from course_utils.exercises.lesson03.ex4_largest_difference import largest_difference
from course_utils.exercises.lesson03.ex5_conv_flops import conv_flops
from course_utils.exercises.lesson03.ex6_net_flops import net_flops
from course_utils.exercises.lesson03.ex7_faulty_layers import faulty_layers

__all__ = [
    "conv_flops",
    "cut_columns",
    "cut_filters",
    "faulty_layers",
    "filter_mask",
    "largest_difference",
    "net_flops",
]
