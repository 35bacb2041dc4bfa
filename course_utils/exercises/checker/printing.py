"""Plain values in words, in drawings, and as code that makes them again."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.exercises.checker.copies import Other, type_words

DRAWN = 60  # entries of a tensor, a list or a dictionary that are shown one by one
LETTERS = 300  # of a text


def describe(value: object) -> str:
    """A value in a line or a small block: the same words at every run."""
    return _drawing(value) if isinstance(value, Tensor) else _written(value, _drawn_inside)


def code(value: object) -> str:
    """A value as Python, to be pasted into a cell; in words what is too large for that."""
    if isinstance(value, Tensor):
        return _tensor_code(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value}".replace("inf", "math.inf").replace("nan", "math.nan")
    return _written(value, _code_inside)


def literal(value: object) -> str:
    """A text in quotes, a number with six digits or, if it is whole, with all; else words."""
    if isinstance(value, Other):
        return value.words
    if isinstance(value, str):
        return repr(value) if len(value) <= LETTERS else f"{value[:LETTERS]!r} …"
    return _digits(value, 6)


def apart(a: float, b: float) -> tuple[str, str]:
    """Two different numbers with as many digits as it takes to tell them apart."""
    for digits in (6, 9, 12, 17):
        words = _digits(a, digits), _digits(b, digits)
        if words[0] != words[1]:
            break
    return words


def first_line(text: object) -> str:
    """The first line of a message, if need be cut off."""
    line = str(text).strip().split("\n")[0]
    return line if len(line) <= LETTERS else f"{line[:LETTERS]} …"


def _digits(value: float, digits: int) -> str:
    if not isinstance(value, float) or not math.isfinite(value):
        return str(value)
    if value.is_integer() and abs(value) < 1e15:
        return f"{value + 0.0:.1f}"  # + 0.0 turns −0 into 0
    words = f"{value:.{digits}g}"
    return f"{words}.0" if words.lstrip("-").isdigit() else words  # a float stays one


def _written(value: object, entry: Callable[[object], str]) -> str:
    """``entry`` writes what stands inside a list, a tuple or a dictionary."""
    if isinstance(value, dict):
        parts = [f"{literal(k)}: {entry(v)}" for k, v in [*value.items()][:DRAWN]]
        return f"{{{_joined(parts, len(value))}}}"
    if isinstance(value, list):
        return f"[{_joined([entry(each) for each in value[:DRAWN]], len(value))}]"
    if isinstance(value, tuple):
        inside = _joined([entry(each) for each in value[:DRAWN]], len(value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    known = isinstance(value, Other | int | float | str) or value is None
    return literal(value) if known else type_words(value)


def _joined(parts: list[str], count: int) -> str:
    more = [f"… {count - len(parts)} more"] if count > len(parts) else []
    return ", ".join(parts + more)


def _drawn_inside(value: object) -> str:
    """A value inside another: a matrix stands in one line here."""
    if not _is_matrix(value):
        return describe(value)
    if value.dtype == torch.bool:
        return " / ".join(_squares(value))
    rows = [", ".join(_short(x) for x in row) for row in value.tolist()]
    return f"[{', '.join(f'[{row}]' for row in rows)}]"


def _code_inside(value: object) -> str:
    if not _is_matrix(value):
        return code(value)
    numbers, end = _code_parts(value)
    rows = [f"[{', '.join(_number_code(x) for x in row)}]" for row in numbers.tolist()]
    return f"torch.tensor([{', '.join(rows)}]{end}"


def _drawing(tensor: Tensor) -> str:
    if not _is_drawn(tensor):
        return _tensor_words(tensor)
    if tensor.dtype == torch.bool and tensor.dim() > 0:
        drawn = _squares(tensor)
        return drawn[0] + "   (■ True, □ False)" if len(drawn) == 1 else _block(drawn)
    if tensor.dim() == 2:
        return _block([" ".join(row) for row in _aligned(tensor, _short)])
    if tensor.dim() == 1:
        return f"[{', '.join(_short(x) for x in tensor.tolist())}]"
    return _short(tensor.item())


def _tensor_code(tensor: Tensor) -> str:
    if not _is_drawn(tensor):
        return _tensor_words(tensor)
    numbers, end = _code_parts(tensor)
    if tensor.dim() == 0:
        return f"torch.tensor({_number_code(numbers.item())}{end}"
    if tensor.dim() == 1:
        return f"torch.tensor([{', '.join(map(_number_code, numbers.tolist()))}]{end}"
    rows = [f"    [{', '.join(row)}]" for row in _aligned(numbers, _number_code)]
    return "torch.tensor([\n" + ",\n".join(rows) + "]" + end


def _code_parts(tensor: Tensor) -> tuple[Tensor, str]:
    """What to write down of a tensor, and what to put behind it for the dtype."""
    if tensor.dtype == torch.bool:  # ones and zeros stand below each other
        return tensor.long(), ").bool()"
    usual = tensor.dtype in (torch.float32, torch.int64)
    return tensor, ")" if usual else f", dtype={tensor.dtype})"


def _aligned(tensor: Tensor, number: Callable[[float], str]) -> list[list[str]]:
    rows = [[number(x) for x in row] for row in tensor.tolist()]
    width = max(len(x) for row in rows for x in row)
    return [[x.rjust(width) for x in row] for row in rows]


def _is_matrix(value: object) -> bool:
    return isinstance(value, Tensor) and value.dim() == 2 and _is_drawn(value)


def _is_drawn(tensor: Tensor) -> bool:
    """Whether its numbers are shown; else its shape is."""
    if tensor.numel() > DRAWN or tensor.dim() > 2:
        return False
    return tensor.dim() < 2 or tensor.numel() > 0


def _squares(mask: Tensor) -> list[str]:
    rows = torch.atleast_2d(mask).tolist()
    return [" ".join("■" if kept else "□" for kept in row) for row in rows]


def _tensor_words(tensor: Tensor) -> str:
    shape = "×".join(map(str, tensor.shape))
    words = f"tensor {shape}, {str(tensor.dtype).removeprefix('torch.')}"
    if tensor.dtype != torch.bool:
        return words
    return f"{words}, {int((~tensor).sum())} of {tensor.numel()} pruned"


def _block(rows: list[str]) -> str:
    return "\n" + "\n".join(f"    {row}" for row in rows)


def _short(x: complex) -> str:
    """A number in a drawing: four digits, and a whole one with all of them."""
    if isinstance(x, float) and x.is_integer() and abs(x) < 1e15:
        return str(int(x))
    return f"{x:.4g}" if isinstance(x, float | complex) else str(x)


def _number_code(x: float) -> str:
    """The same number where it has to stay of its kind: 3.0 for 3."""
    if not isinstance(x, float):
        return str(x)
    return code(x) if x.is_integer() or not math.isfinite(x) else _digits(x, 4)
