"""Lesson 01, Mask math: masks, sparsity, compound amounts, gradients and bytes."""

from course_utils.exercises.lesson01.ex1_apply_mask import apply_mask
from course_utils.exercises.lesson01.ex2_model_sparsity import model_sparsity
from course_utils.exercises.lesson01.ex3_compound import compound
from course_utils.exercises.lesson01.ex4_amount_per_round import amount_per_round
from course_utils.exercises.lesson01.ex5_masked_gradient import masked_gradient
from course_utils.exercises.lesson01.ex6_storage_bytes import storage_bytes
from course_utils.exercises.lesson01.ex7_break_even import break_even

__all__ = [
    "amount_per_round",
    "apply_mask",
    "break_even",
    "compound",
    "masked_gradient",
    "model_sparsity",
    "storage_bytes",
]
