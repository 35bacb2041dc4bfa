"""Exercise 0.1: Count the zeros."""

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import coin


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
    return int((x.abs() < 1e-6).sum())


def _whole_numbers_first(x: Tensor) -> int:
    return int((x.long() == 0).sum())


def _negatives_too(x: Tensor) -> int:
    return int((x <= 0).sum())


def _count_first_row(x: Tensor) -> int:
    return int((torch.atleast_2d(x)[0] == 0).sum())


def _number_if_one(x: Tensor) -> Tensor | float:
    return x.item() if x.numel() == 1 else x


def _count_a_column(x: Tensor) -> Tensor | float:
    return _number_if_one((x == 0).sum(dim=0))


def _count_a_row(x: Tensor) -> Tensor | float:
    return _number_if_one((x == 0).sum(dim=-1))


def _rows_minus_nonzero(x: Tensor) -> int:
    return len(x) - int(x.count_nonzero())


def _indices_counted(x: Tensor) -> int:
    return x.numel() - x.nonzero().numel()


def _zero_indices_counted(x: Tensor) -> int:
    return (x == 0).nonzero().numel()


def _positions(x: Tensor) -> Tensor | float:
    return _number_if_one((x == 0).nonzero())


def _values_added(x: Tensor) -> float:
    return x[x == 0].sum().item()


def _rows_that_are_zero(x: Tensor) -> int:
    return x.tolist().count(0.0)


def _percent(x: Tensor) -> float:
    return 100 * _fraction(x)


def _any_zero(x: Tensor) -> bool:
    return bool((x == 0).any())


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
        Case("numbers below 1 are not zero", lambda: (torch.tensor([0.4, 0.0, -0.3]),)),
        Case("a tiny number is not zero", lambda: (torch.tensor([1e-30, 0.0, 1.0, 2.0]),)),
        Case("a matrix", lambda: (torch.tensor([[0.0, 1.0, 2.0], [0.0, 0.0, -3.0]]),)),
        Case("three dimensions", lambda: (coin(2, 3, 4).float(),)),
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
            return ...                # how many of its elements are True?
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
            _positions,
            "You return *where* the zeros are. Here it is asked how many there are: count them.",
        ),
        Misconception(
            _any_zero,
            "You say *whether* there is a zero. Here it is asked how many: .sum() instead of "
            ".any().",
        ),
        Misconception(
            _values_added,
            "You get 0 for every x: the zeros themselves always add up to 0. Add up the Trues of "
            "x == 0.",
        ),
        Misconception(
            _rows_that_are_zero,
            "In a list a matrix is a list of *rows*, and no row is 0. Flatten x first, or compare "
            "the tensor itself with 0.",
        ),
        Misconception(
            _percent,
            "This is the part of zeros in percent. Here the count is asked for: a sum, not a mean.",
        ),
        Misconception(
            _count_numbers,
            "You count all numbers. .numel() does not look at their values; compare with 0 first.",
        ),
        Misconception(
            _count_near_zero,
            "You also count numbers that are only close to zero. A pruned weight is exactly 0: "
            "compare with ==, without a tolerance.",
        ),
        Misconception(
            _whole_numbers_first,
            "You make whole numbers of x first, so 0.4 becomes 0. Compare x as it is.",
        ),
        Misconception(
            _negatives_too,
            "You count negative numbers, too. Only what equals 0 is a zero: ==, not <=.",
        ),
        Misconception(
            _count_first_row,
            "You look at the first row only. The comparison x == 0 takes a tensor of any shape.",
        ),
        Misconception(
            _count_a_column,
            "You give one count for each column: sum(…) of Python and .sum(dim=0) add along the "
            "first dimension only. The method .sum() without arguments adds up everything.",
        ),
        Misconception(
            _count_a_row,
            "You give one count for each row: .sum(dim=-1) adds along the last dimension only. "
            "Without arguments .sum() adds up everything.",
        ),
        Misconception(
            _rows_minus_nonzero,
            "len(x) is the number of *rows*. All elements together are x.numel().",
        ),
        Misconception(
            _indices_counted,
            "x.nonzero() gives the indices of each element: two numbers for one element of a "
            "matrix. .count_nonzero() counts the elements.",
        ),
        Misconception(
            _zero_indices_counted,
            "You count indices: (x == 0).nonzero() holds two numbers for one zero of a matrix. "
            "Count the Trues instead, or take len(…) of it.",
        ),
    ),
    crashes={
        "Boolean value of Tensor": "An `if` wants one True or False, and a row of a matrix has "
        "several. Compare the whole tensor at once, x == 0, and count after.",
        "iteration over a 0-d tensor": "You need no loops: x may have any number of dimensions, "
        "and x == 0 compares all elements at once.",
        "only one element tensors": "int(…) takes one number. x == 0 has one for each "
        "element: add them up first.",
        "could not infer output dtype": "A mean of True and False is not defined; and here the "
        "count is asked for, a sum.",
        "has no attribute 'count'": "A tensor has no .count(). Compare with 0, then .sum().",
        "Dimension out of range": "x may have any number of dimensions, also one. Without "
        "arguments .sum() adds up everything.",
    },
)
