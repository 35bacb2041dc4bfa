"""Exercise 0.1: Count the zeros."""

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception


def count_zeros(x: Tensor) -> int:
    return int((x == 0).sum())


def _is_zero(x: Tensor) -> Tensor:
    return x == 0


def _count_numbers(x: Tensor) -> int:
    return x.numel()


def _count_nonzero(x: Tensor) -> int:
    return int((x != 0).sum())


def _fraction(x: Tensor) -> float:
    return (x == 0).float().mean().item()


def _count_near_zero(x: Tensor) -> int:
    return int((x.abs() < 0.01).sum())


def _count_first_row(x: Tensor) -> int:
    return int((torch.atleast_2d(x)[0] == 0).sum())


count_zeros = Exercise(
    id="0.1",
    title="Count the zeros",
    difficulty=1,
    importance=1,
    minutes=2,
    reference=count_zeros,
    cases=(
        Case("two numbers, one of them zero", lambda: (torch.tensor([0.0, 2.0]),)),
        Case("a row with two zeros", lambda: (torch.tensor([0.0, 1.5, 0.0, -2.0, 3.0]),)),
        Case("no zero at all", lambda: (torch.tensor([1.0, -1.0]),)),
        Case("a small number is not zero", lambda: (torch.tensor([0.001, 0.0, 1.0, 2.0]),)),
        Case("a matrix", lambda: (torch.tensor([[0.0, 1.0, 2.0], [0.0, 0.0, -3.0]]),)),
    ),
    hints=(
        "Compare first, count after. Comparing a tensor with a number compares every element.",
        """
        x       0.0    1.5    0.0
        x == 0  True   False  True      True counts as 1 in a sum: 2
        """,
        """
        def count_zeros(x):
            is_zero = x == ...        # a boolean tensor of x's shape
            return int(is_zero....)   # how many True?
        """,
    ),
    misconceptions=(
        Misconception(
            _count_nonzero,
            "You count the numbers that are *not* zero. Zeros are the ones that pruning makes: "
            "compare with ==, not with !=.",
        ),
        Misconception(
            _fraction,
            "This is the *fraction* of zeros, which is called sparsity. Here the count is asked "
            "for: a sum, not a mean.",
        ),
        Misconception(
            _is_zero,
            "You found where the zeros are, one True for each; count them with .sum().",
        ),
        Misconception(
            _count_numbers,
            "You count all numbers. .numel() does not look at their values; compare with 0 first.",
        ),
        Misconception(
            _count_near_zero,
            "You also count numbers that are only close to zero. A pruned weight is exactly 0.",
        ),
        Misconception(
            _count_first_row,
            "You look at the first row only. The comparison x == 0 takes a tensor of any shape.",
        ),
    ),
)
