"""Say how two results differ, in this order: type, shape, dtype, count, values."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real

import numpy as np
import torch
from torch import Tensor, nn


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
    if callable(a) and callable(b) and not isinstance(a, nn.Module):
        return True
    if isinstance(a, nn.Module) and isinstance(b, nn.Module):
        return same(a.state_dict(), b.state_dict(), tolerance)
    return difference(a, b, tolerance) is None


def difference(expected: object, got: object, tolerance: float) -> Difference | None:
    """The first way in which ``got`` is not ``expected``, or None.

    Numbers may come as int, float, NumPy number or tensor with one element; lists and tuples are
    the same. Everything else must have the expected type.
    """
    if isinstance(expected, bool):
        return _compare_truth(expected, got)
    if isinstance(expected, Real):
        return _compare_numbers(float(expected), got, tolerance)
    if isinstance(expected, Tensor):
        return _compare_tensors(expected, got, tolerance)
    if isinstance(expected, Mapping):
        return _compare_mappings(expected, got, tolerance)
    if isinstance(expected, Sequence) and not isinstance(expected, str):
        return _compare_sequences(expected, got, tolerance)
    if type(expected) is type(got) and expected == got:
        return None
    return Difference("the type of the result", _type_words(expected, got))


def _compare_truth(expected: bool, got: object) -> Difference | None:
    value = as_number(got)
    if value is None:
        return Difference("the type of the result", _type_words(expected, got))
    return None if value == expected else Difference("the answer", f"It is {bool(value)}.")


def _compare_numbers(expected: float, got: object, tolerance: float) -> Difference | None:
    value = as_number(got)
    if value is None:
        return Difference("the type of the result", _type_words(expected, got))
    if math.isclose(value, expected, rel_tol=tolerance, abs_tol=tolerance):
        return None
    words = f"It is {value:.6g} where {expected:.6g} is expected."
    return Difference("the value", words, abs(value - expected))


def as_number(value: object) -> float | None:
    """A float from any one number, else None."""
    if hasattr(value, "item"):  # a tensor, a NumPy array or a NumPy number
        try:
            value = value.item()
        except (ValueError, RuntimeError):  # more than one
            return None
    return float(value) if isinstance(value, Real) else None


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
    close = torch.isclose(got, expected, rtol=tolerance, atol=tolerance, equal_nan=True)
    if close.all():
        return None
    wrong = int((~close).sum())
    gap = (got.double() - expected.double())[~close].abs().max().item()
    return Difference("the values", f"{wrong} of {close.numel()} numbers differ.", gap)


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
        parts = [f"missing {missing}"] if missing else []
        parts += [f"not asked for {extra}"] if extra else []
        return Difference("the keys of the dictionary", f"{'; '.join(parts).capitalize()}.")
    return _first(((repr(k), expected[k], got[k]) for k in expected), tolerance)


def _compare_sequences(expected: Sequence, got: object, tolerance: float) -> Difference | None:
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


def _type_words(expected: object, got: object) -> str:
    if got is None:
        return "It is None: is there a path through your function without a return?"
    if type(got).__module__ == "torch.return_types":
        return _two_results_words(type(got).__name__)
    return f"It is {_kind(got)} where {_kind(expected)} is expected."


def _two_results_words(function: str) -> str:
    if function in ("max", "min"):
        return (
            f"`.{function}(dim)` returns values and indices; take `.a{function}(dim)` or "
            f"`.{function}(dim).values`."
        )
    return f"`.{function}(…)` returns values and indices; take its `.values` or its `.indices`."


def _kind(value: object) -> str:
    if isinstance(value, Tensor):
        return f"a tensor of shape {_shape(value)}"
    names = {bool: "True or False", int: "a number", float: "a number", dict: "a dictionary"}
    return names.get(type(value)) or type_words(value)


def type_words(value: object) -> str:
    """The type of a value with its article: "a list", "an OrderedDict"."""
    if isinstance(value, np.ndarray):
        return "a NumPy array"
    name = type(value).__name__
    return f"an {name}" if name[0] in "AEIOaeio" else f"a {name}"


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) if tensor.dim() else "() (one number)"


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
