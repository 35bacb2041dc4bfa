"""Say how two results differ, in this order: type, shape, dtype, count, values.

Both are plain copies (:mod:`copies`), so that nothing here runs an answer's own code.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.checker.copies import Other, type_words
from course_utils.exercises.checker.printing import apart, describe, literal


@dataclass(frozen=True)
class Difference:
    """The first difference found: ``what`` was checked, and what was found ``wrong`` with it.

    ``gap``: how far apart the numbers are at most, where it is their values that differ.
    """

    what: str
    wrong: str
    gap: float = 0.0


def same(a: object, b: object, tolerance: float) -> bool:
    """Whether two values are equal, number for number; functions are not looked into."""
    return difference(a, b, tolerance) is None


def difference(expected: object, got: object, tolerance: float) -> Difference | None:
    """The first way in which ``got`` is not ``expected``, or None.

    Numbers may come as int, float, NumPy number or tensor with one element. Lists and tuples are
    the same, and a tensor or an array may stand for a list of its entries. Everything else must
    have the expected type.
    """
    if isinstance(expected, bool):
        return _compare_truth(expected, got)
    if isinstance(expected, Real):
        return _compare_numbers(expected, got, tolerance)
    if isinstance(expected, Tensor):
        return _compare_tensors(expected, got, tolerance)
    if isinstance(expected, Mapping):
        return _compare_mappings(expected, got, tolerance)
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        return _compare_sequences(expected, got, tolerance)
    if isinstance(expected, np.ndarray) and isinstance(got, np.ndarray):
        return difference(expected.tolist(), got.tolist(), tolerance)
    if type(expected) is type(got) and expected == got:
        return (
            difference(expected.inside, got.inside, tolerance) if isinstance(got, Other) else None
        )
    return Difference("the type of the result", _type_words(expected, got))


def _compare_truth(expected: bool, got: object) -> Difference | None:
    value = as_number(got)
    if value is None:
        return Difference("the type of the result", _type_words(expected, got))
    return None if value == expected else Difference("the answer", f"It is {bool(value)}.")


def _compare_numbers(expected: Real, got: object, tolerance: float) -> Difference | None:
    value = as_number(got)
    if value is None:
        return Difference("the type of the result", _type_words(expected, got))
    both_nan = math.isnan(value) and math.isnan(expected)
    if both_nan or math.isclose(value, expected, rel_tol=tolerance, abs_tol=tolerance):
        return None
    yours, wanted = apart(value, expected)
    return Difference(
        "the value", f"It is {yours} where {wanted} is expected.", abs(value - expected)
    )


def as_number(value: object) -> int | float | None:
    """Any one number as Python's, else None."""
    if isinstance(value, Tensor | np.ndarray):
        try:
            value = value.item()
        except (ValueError, RuntimeError):  # more than one
            return None
    return value if isinstance(value, Real) else None


def _compare_tensors(expected: Tensor, got: object, tolerance: float) -> Difference | None:
    if not isinstance(got, Tensor):
        return Difference("the type of the result", _type_words(expected, got))
    if got.shape != expected.shape:
        words = f"It has shape {_shape(got)} where {_shape(expected)} is expected."
        return Difference("the shape", words)
    if got.dtype != expected.dtype:
        return Difference("the dtype", f"It is {_dtype(got)} where {_dtype(expected)} is expected.")
    if got.device != expected.device:
        return Difference("the device", f"It is on {got.device}, the input on {expected.device}.")
    if expected.dtype == torch.bool:
        return _compare_masks(expected, got)
    yours, wanted = _wide(got), _wide(expected)
    close = torch.isclose(yours, wanted, rtol=tolerance, atol=tolerance, equal_nan=True)
    if close.all():
        return None
    wrong = int((~close).sum())
    gap = (yours - wanted)[~close].abs().max().item()
    return Difference("the values", f"{wrong} of {close.numel()} numbers differ.", gap)


def _wide(tensor: Tensor) -> Tensor:
    """The same numbers in a dtype that has all of arithmetic; float8 has not."""
    return tensor.detach().to(torch.complex128 if tensor.is_complex() else torch.float64)


def _compare_masks(expected: Tensor, got: Tensor) -> Difference | None:
    pruned, wanted = int((~got).sum()), int((~expected).sum())
    if pruned != wanted:
        words = f"It prunes {pruned} of {got.numel()} where {wanted} are to go."
        return Difference("the number pruned", words)
    wrong = int((expected != got).sum())
    if wrong == 0:
        return None
    return Difference("which weights go", f"The count is right, but {wrong} cells differ.")


def _compare_mappings(expected: Mapping, got: object, tolerance: float) -> Difference | None:
    if not isinstance(got, Mapping):
        return Difference("the type of the result", _type_words(expected, got))
    if set(got) != set(expected):
        missing = [key for key in expected if key not in got]
        extra = [key for key in got if key not in expected]
        parts = [f"missing {describe(missing)}"] if missing else []
        parts += [f"not asked for {describe(extra)}"] if extra else []
        words = "; ".join(parts)
        return Difference("the keys of the dictionary", f"{words[0].upper()}{words[1:]}.")
    return _first(((literal(k), expected[k], got[k]) for k in expected), tolerance)


def _compare_sequences(expected: Sequence, got: object, tolerance: float) -> Difference | None:
    if isinstance(got, Tensor | np.ndarray) and got.ndim > 0:
        got = got.tolist()
    if not isinstance(got, Sequence) or isinstance(got, str):
        return Difference("the type of the result", _type_words(expected, got))
    if len(got) != len(expected):
        words = f"It has {len(got)} entries where {len(expected)} are expected."
        return Difference("the length", words)
    pairs = zip(expected, got, strict=True)
    return _first(((f"entry {i}", e, g) for i, (e, g) in enumerate(pairs)), tolerance)


def _first(entries, tolerance: float) -> Difference | None:
    for name, expected, got in entries:
        found = difference(expected, got, tolerance)
        if found is not None:
            return replace(found, what=f"{found.what} of {name}")
    return None


# What a function gives that has not even begun to compute.
ADVICE = {
    "a coroutine": "write def, not async def",
    "an async_generator": "write def, not async def, and return, not yield",
    "a generator": "a function gives its result with return, not yield; list(…) makes a list of it",
}


def _type_words(expected: object, got: object) -> str:
    if got is None:
        return "It is None: is there a path through your function without a return?"
    if type(got).__module__ == "torch.return_types":
        return _two_results_words(type(got).__name__)
    words = f"It is {_kind(got)} where {_kind(expected)} is expected"
    advice = ADVICE.get(_kind(got))
    return f"{words}: {advice}." if advice else f"{words}."


def _two_results_words(function: str) -> str:
    if function in ("max", "min"):
        return (
            f"`.{function}(dim)` returns values and indices; take `.a{function}(dim)` or "
            f"`.{function}(dim).values`."
        )
    return f"`.{function}(…)` returns values and indices; take its `.values` or its `.indices`."


def _kind(value: object) -> str:
    if isinstance(value, Other):
        return value.words
    if isinstance(value, Tensor):
        return f"a tensor of shape {_shape(value)}"
    names = {bool: "True or False", int: "a number", float: "a number", dict: "a dictionary"}
    return names.get(type(value)) or type_words(value)


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) if tensor.dim() else "() (one number)"


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
