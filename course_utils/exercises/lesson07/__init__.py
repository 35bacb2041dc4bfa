"""Lesson 07, Quantise and deploy: fewer numbers, fewer bits, integers, and a fair weighing.

The library has each of them for whole nets: sharing, coding, quantise, deploy."""

from course_utils.exercises.lesson07.ex1_kmeans_step import kmeans_step
from course_utils.exercises.lesson07.ex2_shared_gradient import shared_gradient
from course_utils.exercises.lesson07.ex3_huffman import huffman
from course_utils.exercises.lesson07.ex4_to_gaps import to_gaps
from course_utils.exercises.lesson07.ex5_symmetric_grid import symmetric_grid
from course_utils.exercises.lesson07.ex6_uint8_grid import uint8_grid
from course_utils.exercises.lesson07.ex7_fold_batchnorm import fold_batchnorm
from course_utils.exercises.lesson07.ex8_impossible_cells import impossible_cells
from course_utils.exercises.lesson07.ex9_weigh_folder import weigh_folder

__all__ = [
    "fold_batchnorm",
    "huffman",
    "impossible_cells",
    "kmeans_step",
    "shared_gradient",
    "symmetric_grid",
    "to_gaps",
    "uint8_grid",
    "weigh_folder",
]
