"""Exercise 1.6: Bytes of four formats."""

import math

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal


def storage_bytes(weight: Tensor) -> dict[str, int]:
    rows = weight.shape[0]
    numbers = weight.numel()
    nonzero = int((weight != 0).sum())
    return {
        "dense": 4 * numbers,
        "coo": nonzero * (4 + 2 * 8),
        "csr": nonzero * (4 + 8) + (rows + 1) * 8,
        "bitmask": nonzero * 4 + math.ceil(numbers / 8),
    }


def _altered(weight: Tensor, **formats: int) -> dict[str, int]:
    """The right answer with some formats counted wrongly."""
    return {**_right_bytes(weight), **formats}


_right_bytes = storage_bytes


def _left(weight: Tensor) -> int:
    return int((weight != 0).sum())


def _one_index(weight: Tensor) -> dict[str, int]:
    return _altered(weight, coo=_left(weight) * (4 + 8))


def _no_row_pointers(weight: Tensor) -> dict[str, int]:
    return _altered(weight, csr=_left(weight) * (4 + 8))


def _one_pointer_short(weight: Tensor) -> dict[str, int]:
    return _altered(weight, csr=_left(weight) * 12 + weight.shape[0] * 8)


def _column_pointers(weight: Tensor) -> dict[str, int]:
    return _altered(weight, csr=_left(weight) * 12 + (weight.shape[1] + 1) * 8)


def _rows_twice(weight: Tensor) -> dict[str, int]:
    return _altered(weight, csr=_left(weight) * 20 + (weight.shape[0] + 1) * 8)


def _row_of_each_for_pointers(weight: Tensor) -> dict[str, int]:
    return _altered(weight, csr=_left(weight) * 20)


def _four_byte_pointers(weight: Tensor) -> dict[str, int]:
    return _altered(weight, csr=_left(weight) * 12 + (weight.shape[0] + 1) * 4)


def _three_indices(weight: Tensor) -> dict[str, int]:
    return _altered(weight, coo=_left(weight) * 24)


def _double(weight: Tensor) -> dict[str, int]:
    return _altered(weight, dense=weight.numel() * 8)


def _row_by_row(weight: Tensor) -> dict[str, int]:
    rows, columns = weight.shape
    return _altered(weight, bitmask=_left(weight) * 4 + rows * math.ceil(columns / 8))


def _bits_of_what_is_left(weight: Tensor) -> dict[str, int]:
    return _altered(weight, bitmask=_left(weight) * 4 + math.ceil(_left(weight) / 8))


def _four_byte_indices(weight: Tensor) -> dict[str, int]:
    csr = _left(weight) * 8 + (weight.shape[0] + 1) * 4
    return _altered(weight, coo=_left(weight) * 12, csr=csr)


def _byte_a_position(weight: Tensor) -> dict[str, int]:
    return _altered(weight, bitmask=_left(weight) * 4 + weight.numel())


def _floor_bits(weight: Tensor) -> dict[str, int]:
    return _altered(weight, bitmask=_left(weight) * 4 + weight.numel() // 8)


def _nearest_bits(weight: Tensor) -> dict[str, int]:
    return _altered(weight, bitmask=round(_left(weight) * 4 + weight.numel() / 8))


def _always_a_byte_more(weight: Tensor) -> dict[str, int]:
    return _altered(weight, bitmask=_left(weight) * 4 + weight.numel() // 8 + 1)


def _parts_of_bytes(weight: Tensor) -> dict[str, float]:
    return _altered(weight, bitmask=_left(weight) * 4 + weight.numel() / 8)


def _bits_alone(weight: Tensor) -> dict[str, int]:
    return _altered(weight, bitmask=math.ceil(weight.numel() / 8))


def _bitmask_of_all(weight: Tensor) -> dict[str, int]:
    return _altered(weight, bitmask=weight.numel() * 4 + math.ceil(weight.numel() / 8))


def _dense_without_zeros(weight: Tensor) -> dict[str, int]:
    return _altered(weight, dense=_left(weight) * 4)


def _counted_as_if(weight: Tensor, left: int) -> dict[str, int]:
    """The right formulas for another number of weights that are left."""
    return {
        "dense": 4 * weight.numel(),
        "coo": left * 20,
        "csr": left * 12 + (weight.shape[0] + 1) * 8,
        "bitmask": left * 4 + math.ceil(weight.numel() / 8),
    }


def _stores_zeros(weight: Tensor) -> dict[str, int]:
    return _counted_as_if(weight, int((weight == 0).sum()))


def _stores_everything(weight: Tensor) -> dict[str, int]:
    return _counted_as_if(weight, weight.numel())


def _indices_counted(weight: Tensor) -> dict[str, int]:
    return _counted_as_if(weight, weight.nonzero().numel())


def _positive_only(weight: Tensor) -> dict[str, int]:
    return _counted_as_if(weight, int((weight > 0).sum()))


def _not_nearly_zero(weight: Tensor) -> dict[str, int]:
    return _counted_as_if(weight, int((weight.abs() > 1e-6).sum()))


def _in_bits(weight: Tensor) -> dict[str, int]:
    bits = {name: 8 * size for name, size in _right_bytes(weight).items()}
    return {**bits, "bitmask": 32 * _left(weight) + weight.numel()}


storage_bytes = Exercise(
    id="1.6",
    title="Bytes of four formats",
    difficulty=2,
    importance=2,
    minutes=5,
    reference=storage_bytes,
    cases=(
        Case("one row of eight, one weight left", lambda: (torch.tensor([[0.0] * 7 + [1.0]]),)),
        Case(
            "3×3: nine bits need two bytes",
            lambda: (torch.tensor([[1.0, 0.0, 0.0], [2.0, 0.0, -3.0], [0.0, 0.0, 4.0]]),),
        ),
        Case("3×3, nothing left but one", lambda: (torch.eye(3) * torch.tensor([0.0, 2.0, 0.0]),)),
        Case(
            "a tiny weight is not zero",
            lambda: (torch.tensor([[1e-30, 0.0], [0.5, 0.0], [0.0, 0.25]]),),
        ),
        Case(
            "3×4, half zero",
            lambda: (
                torch.tensor([[1.0, 0.0, 0.0, 2.0], [0.0, 3.0, 0.0, 0.0], [4.0, 5.0, 0.0, -6.0]]),
            ),
        ),
        Case("all zero", lambda: (torch.zeros(2, 8),)),
        Case("no zero", lambda: (torch.ones(5, 3),)),
        Case(
            "tall, 90 % zero",
            lambda: (normal(40, 6) * (normal(40, 6, seed=9) > 1.28),),
        ),
    ),
    hints=(
        "A float32 has 4 bytes, an index in PyTorch 8. Ask for each format: what must be written "
        "down for every weight that is left, and what on top, however few are left?",
        """
        dense    every number                                   4 a number
        COO      value, row, column of each one left            4 + 8 + 8
        CSR      value, column of each one left                 4 + 8,  and where each row starts:
                                                                rows + 1 indices of 8
        bitmask  value of each one left                         4,      and one bit a position
        """,
        """
        def storage_bytes(weight):
            rows = weight.shape[0]
            numbers = weight.numel()
            nonzero = ...
            return {
                "dense": 4 * numbers,
                "coo": nonzero * ...,
                "csr": nonzero * ... + ...,
                "bitmask": nonzero * ... + ...,     # in whole bytes: math.ceil
            }
        """,
    ),
    misconceptions=(
        Misconception(
            _one_index,
            "Your COO takes 12 bytes for each weight that is left. It stores the value and two "
            "indices, row and column, of 8 bytes each: 4 + 8 + 8 = 20.",
        ),
        Misconception(
            _no_row_pointers,
            "Your CSR does not store where each row begins. Without these rows + 1 indices nobody "
            "can tell which row a value belongs to.",
        ),
        Misconception(
            _one_pointer_short,
            "Your CSR stores one row pointer for each row. There is one more, which says where the "
            "last row ends: rows + 1.",
        ),
        Misconception(
            _byte_a_position,
            "Your bitmask takes a byte a position. That is what torch.bool really does in memory; "
            "packed into bits it is an eighth of that, which the file can have.",
        ),
        Misconception(
            _floor_bits,
            "Your bitmask loses the last bits: 12 positions need 2 bytes, not 1. Round up.",
        ),
        Misconception(
            _nearest_bits,
            "You round to the nearest byte, so 9 positions get 1 byte and their last bit has no "
            "place. Round up.",
        ),
        Misconception(
            _always_a_byte_more,
            "You add a byte for the bits that are left over also where none are: 8 positions fill "
            "1 byte exactly, and you have one byte too many. math.ceil(n / 8) does both.",
        ),
        Misconception(
            _parts_of_bytes,
            "Your bitmask ends in the middle of a byte. A file has whole bytes: round up.",
        ),
        Misconception(
            _bits_alone,
            "Your bitmask has only the bits, which say where weights are left. Their values need 4 "
            "bytes each on top.",
        ),
        Misconception(
            _bitmask_of_all,
            "Your bitmask stores every value. The bits say where the zeros are, so the format "
            "leaves the zeros out: 4 bytes for each weight that is left.",
        ),
        Misconception(
            _column_pointers,
            "Your CSR has a pointer for each column. R stands for row: it stores the column of "
            "each weight, and where each *row* begins, rows + 1 indices.",
        ),
        Misconception(
            _rows_twice,
            "Your CSR stores the row of each weight as well. It need not: the rows + 1 pointers "
            "say which weights lie in which row. That is what it saves over COO.",
        ),
        Misconception(
            _row_of_each_for_pointers,
            "Your CSR is COO: it stores the row of each weight. CSR stores instead where each row "
            "begins, rows + 1 indices for the whole matrix.",
        ),
        Misconception(
            _four_byte_pointers,
            "Your row pointers have 4 bytes. They are indices like the others: 8 bytes each.",
        ),
        Misconception(
            _three_indices,
            "Your COO takes 24 bytes for each weight that is left. Its value has 4, row and column "
            "8 each: 20.",
        ),
        Misconception(
            _double,
            "Your dense numbers have 8 bytes. A float32 has 4.",
        ),
        Misconception(
            _row_by_row,
            "Your bitmask starts a new byte for each row. The bits run on over all positions: "
            "round up once, in the end.",
        ),
        Misconception(
            _bits_of_what_is_left,
            "Your bitmask has a bit for each weight that is left. It needs one for each position, "
            "zeros too: that is how it says where they are.",
        ),
        Misconception(
            _four_byte_indices,
            "Your indices have 4 bytes each. PyTorch's have 8 bytes each (int64), in COO and in "
            "CSR, pointers included.",
        ),
        Misconception(
            _dense_without_zeros,
            "Dense stores every number, the zeros too. It does not look at them.",
        ),
        Misconception(
            _stores_everything,
            "You count all weights in the sparse formats. A sparse format leaves the zeros out: "
            "count what is not 0.",
        ),
        Misconception(
            _indices_counted,
            "weight.nonzero() holds two numbers for one weight that is left, its row and its "
            "column, so .numel() of it is twice the count. Take .count_nonzero().",
        ),
        Misconception(
            _positive_only,
            "You lose the negative weights: > 0 asks for positive ones. A weight is left if it is "
            "!= 0.",
        ),
        Misconception(
            _not_nearly_zero,
            "You leave out weights that are only close to zero. A pruned weight is exactly 0; "
            "every other one must be stored.",
        ),
        Misconception(
            _in_bits,
            "You count bits. A byte has 8 of them: a float32 takes 4 bytes, an index 8.",
        ),
        Misconception(
            _stores_zeros,
            "You count the zeros where the weights that are *left* count: a sparse format leaves "
            "the zeros out.",
        ),
    ),
)
