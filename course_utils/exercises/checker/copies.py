"""A copy of whatever an answer returns, made of plain parts that keep still.

What an answer returns may change later, may refuse to be compared or printed, or may never end
when it is looked at. So it is looked at once, while the time limit runs, and from then on there are
only numbers, text, None, tensors on memory of their own, lists, tuples, dictionaries, and words for
all else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor, nn

LARGEST = 10_000_000  # numbers in a tensor, far more than any case asks for
LONGEST = 10_000  # entries in all lists, tuples and dictionaries of one value
DIGITS = 1000  # bits of a whole number


@dataclass(frozen=True)
class Other:
    """A value that is not looked into, or only in part.

    ``kind``: what must agree for two of them to be the same. ``words``: what is said of it.
    ``inside``: a plain copy of what else must agree: the state of a net.
    """

    kind: str
    words: str = field(compare=False)
    inside: object = field(default=None, compare=False)


def plain(value: object) -> object:
    """A plain copy of any value. Never raises an ``Exception``."""
    try:
        # Even in an answer that has switched gradients off, a copy is an ordinary tensor.
        with torch.inference_mode(False), torch.enable_grad():
            return _copy(value, count())
    except (_TooLong, RecursionError):
        return Other("too long", f"{_words_of_type(value)} (too long or too deep to compare)")
    except Exception:  # its own methods raise
        return Other("unreadable", f"{_words_of_type(value)} (it cannot be read)")


class _TooLong(Exception):
    """There are more entries than anybody compares."""


def _copy(value: object, entries: count) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Tensor):
        return _copy_of_tensor(value)
    if isinstance(value, np.ndarray):
        numeric = value.dtype.kind in "biufc" and value.size <= LARGEST
        return np.array(value) if numeric else Other("array", type_words(value))
    if isinstance(value, Real | np.generic):
        return _copy_of_number(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {
            _copy_of_key(k, entries): _copy(v, entries) for k, v in _few(value.items(), entries)
        }
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return _copy_of_sequence(value, entries)
    if isinstance(value, nn.Module):
        return Other("net", type_words(value), _copy(value.state_dict(), entries))
    if callable(value):
        return Other("function", f"a function {getattr(value, '__name__', '')}".strip())
    if hasattr(value, "item"):  # one number of some other library
        return _copy_of_number(value.item())
    return Other(type(value).__qualname__, type_words(value))


def _copy_of_tensor(tensor: Tensor) -> object:
    with torch._C.DisableTorchFunctionSubclass():  # a subclass may have its own ideas of a copy
        unusual = _unusual(tensor)
        if unusual is not None:
            return Other("tensor", unusual)
        try:
            copy = Tensor.as_subclass(tensor.detach().clone(), Tensor)
            copy.flatten()[:1].tolist()
            return copy.requires_grad_(tensor.requires_grad)
        except (RuntimeError, NotImplementedError):  # a dtype that cannot be read
            dtype = str(tensor.dtype).removeprefix("torch.")
            return Other("tensor", f"a tensor of the unreadable dtype {dtype}")


def _unusual(tensor: Tensor) -> str | None:
    """What keeps a tensor from being compared number by number, in words; else None."""
    if tensor.is_nested:
        return "a nested tensor"
    shape = "×".join(map(str, tensor.shape))
    if tensor.layout != torch.strided:
        layout = str(tensor.layout).removeprefix("torch.")
        kind = "a sparse tensor" if "sparse" in layout else "a tensor"
        return f"{kind} of shape {shape} (layout {layout}, not dense)"
    if tensor.is_quantized:
        return f"a quantised tensor of shape {shape}"
    if tensor.is_meta:
        return f"a tensor of shape {shape} (device meta, without numbers)"
    if tensor.numel() > LARGEST:
        return f"a tensor of shape {shape} (too large to compare)"
    return None


def _copy_of_number(value: object) -> object:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, Integral):
        whole = int(value)
        if whole.bit_length() > DIGITS:
            return Other("number", "a whole number of more than 300 digits")
        return whole
    if isinstance(value, Real | np.floating):
        return float(value)
    return Other(type(value).__qualname__, type_words(value))


def _copy_of_key(key: object, entries: count) -> object:
    copy = _copy(key, entries)
    try:
        hash(copy)
    except TypeError:
        return Other("key", _words_of_type(key))
    return Other("key", "a tensor") if isinstance(copy, Tensor) else copy


def _copy_of_sequence(value: Sequence, entries: count) -> list | tuple:
    copies = [_copy(entry, entries) for entry in _few(value, entries)]
    if not isinstance(value, tuple):
        return copies
    # `max` and `sort` return a tuple with a name, which tells two results in one from two results.
    named = getattr(torch.return_types, type(value).__name__, None) is type(value)
    return type(value)(copies) if named else tuple(copies)


def _few(entries, counted: count):
    """The entries one by one, until there are too many in all."""
    for entry in entries:
        if next(counted) >= LONGEST:
            raise _TooLong
        yield entry


def type_words(value: object) -> str:
    """The type of a value with its article: "a list", "an OrderedDict"."""
    if isinstance(value, np.ndarray):
        return "a NumPy array"
    if isinstance(value, complex):
        return "a complex number"
    name = type(value).__name__
    return f"an {name}" if name[0] in "AEIOaeio" else f"a {name}"


def _words_of_type(value: object) -> str:
    """The same for a value that may raise when it is asked anything."""
    try:
        return type_words(value)
    except Exception:
        return "something"
