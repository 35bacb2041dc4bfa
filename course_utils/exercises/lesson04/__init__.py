"""Lesson 04, Random pruning: the control group, its spread, and how to compare two methods.

Random numbers are handed in as ``draws``, so that everybody's answer can be checked."""

from course_utils.exercises.lesson04.ex1_bernoulli_mask import bernoulli_mask
from course_utils.exercises.lesson04.ex2_exact_mask import exact_mask
from course_utils.exercises.lesson04.ex3_sparsity_spread import sparsity_spread
from course_utils.exercises.lesson04.ex4_paired_interval import paired_interval
from course_utils.exercises.lesson04.ex5_random_filters import random_filters
from course_utils.exercises.lesson04.ex6_fair_comparison import fair_comparison

__all__ = [
    "bernoulli_mask",
    "exact_mask",
    "fair_comparison",
    "paired_interval",
    "random_filters",
    "sparsity_spread",
]
