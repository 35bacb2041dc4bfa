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


def _one_index(weight: Tensor) -> dict[str, int]:
    return _altered(weight, coo=int((weight != 0).sum()) * (4 + 8))


def _no_row_pointers(weight: Tensor) -> dict[str, int]:
    return _altered(weight, csr=int((weight != 0).sum()) * (4 + 8))


def _one_pointer_short(weight: Tensor) -> dict[str, int]:
    return _altered(weight, csr=int((weight != 0).sum()) * 12 + weight.shape[0] * 8)


def _byte_a_position(weight: Tensor) -> dict[str, int]:
    return _altered(weight, bitmask=int((weight != 0).sum()) * 4 + weight.numel())


def _floor_bits(weight: Tensor) -> dict[str, int]:
    return _altered(weight, bitmask=int((weight != 0).sum()) * 4 + weight.numel() // 8)


def _stores_zeros(weight: Tensor) -> dict[str, int]:
    return {**_right_bytes((weight == 0).float()), "dense": 4 * weight.numel()}


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
                "csr": nonzero * ... + (rows + 1) * ...,
                "bitmask": nonzero * 4 + math.ceil(...),
            }
        """,
    ),
    misconceptions=(
        Misconception(
            _one_index,
            "Your COO stores one index a weight. A matrix needs two, row and column: "
            "4 + 8 + 8 = 20 bytes for each weight that is left.",
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
            _stores_zeros,
            "You count the zeros where the weights that are *left* count: a sparse format leaves "
            "the zeros out.",
        ),
    ),
)
