"""The words of the four outcomes, and the picture for a mask.

The grammar of a wrong answer is always the same: what was checked, the case, what was given, what
was expected, what you got, what to try.
"""

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_utils.exercises.checker.comparing import difference, type_words
from course_utils.lesson.progress import SIGNS
from course_utils.lesson.text import say, wrapped


@dataclass(frozen=True)
class Verdict:
    """``outcome``: one of the four. ``text``: what is printed. ``picture``: two masks, or None."""

    outcome: str
    text: str
    picture: tuple[Tensor, Tensor] | None = None


def show(verdict: Verdict) -> None:
    """Print the words, and draw the picture where there is one."""
    say(verdict.text)
    if verdict.picture is not None:
        from course_utils import plotting  # slow to import, and most verdicts have no picture

        expected, got = verdict.picture
        wrong = int((expected != got).sum())
        plotting.show(
            plotting.expected_beside_yours(expected, got),
            alt=f"Two masks side by side, the expected one and yours: {wrong} of {got.numel()} "
            "cells differ and are crossed out in yours.",
        )


def right(exercise) -> Verdict:
    n = len(exercise.cases)
    return _verdict(exercise, "right", f"right, in all {n} cases.")


def not_attempted(exercise) -> Verdict:
    words = "not attempted yet. The lesson goes on with the reference."
    return _verdict(exercise, "not attempted", words)


def is_the_reference(exercise) -> Verdict:
    words = "nothing of yours to check: this name holds the reference since the last check."
    again = f"Run the cell that defines your {exercise.name} again, with the check in it."
    return _verdict(exercise, "not attempted", words, again)


def not_a_function(exercise, answer: object) -> Verdict:
    words = f"the check wants the function {exercise.name} itself, without parentheses."
    return _verdict(exercise, "wrong", words, f"Yours    : {describe(answer)}")


def check_failed(exercise, error: Exception) -> Verdict:
    words = "the check itself failed; that is a fault of the course, not of your answer."
    return _verdict(exercise, "crashed", words, f"{type(error).__name__}: {error}")


def timed_out(exercise, failure) -> Verdict:
    return _verdict(
        exercise,
        "crashed",
        "stopped, it took too long. Is there a loop that never ends?",
        *_place(failure),
        *_case(exercise, failure),
        *_advice(exercise),
    )


def crashed(exercise, failure) -> Verdict:
    error = failure.got.error
    text = str(error).strip().split("\n")[0]
    known = [says for part, says in exercise.crashes.items() if part in str(error)]
    return _verdict(
        exercise,
        "crashed",
        "your code crashed.",
        f"{type(error).__name__}: {text}",
        *_place(failure),
        *known[:1],
        *_case(exercise, failure),
        *_printed(failure),
        *_advice(exercise),
    )


def misconceived(exercise, failure, misconception) -> Verdict:
    return _verdict(
        exercise,
        "wrong",
        "not right yet.",
        misconception.says,
        *_case(exercise, failure),
        *_results(exercise, failure),
        *_printed(failure),
        *_advice(exercise),
        picture=_picture(failure),
    )


def wrong(exercise, failure) -> Verdict:
    return _verdict(
        exercise,
        "wrong",
        "not right yet.",
        *_what(exercise, failure),
        *_case(exercise, failure),
        *_results(exercise, failure),
        *_printed(failure),
        *_advice(exercise),
        picture=_picture(failure),
    )


def _verdict(exercise, outcome: str, headline: str, *lines: str, picture=None) -> Verdict:
    head = f"{SIGNS[outcome]} Exercise {exercise.id} · {exercise.title}: {headline}"
    body = "\n".join(textwrap.indent(wrapped(line, hanging="  "), "  ") for line in lines)
    return Verdict(outcome, f"{head}\n{body}".rstrip(), picture)


def _what(exercise, failure) -> list[str]:
    if failure.got.changed:
        checked = "Checked  : that your function leaves its inputs alone"
        return [checked, *_side_effects(exercise, failure.got)]
    if failure.expected.error is not None:
        refusal = type(failure.expected.error).__name__
        return [
            "Checked  : that what cannot be done is refused",
            f"You return something all the same. Raise a {refusal} that says what is wrong.",
        ]
    found = difference(failure.expected.result, failure.got.result, exercise.tolerance)
    return [f"Checked  : {found.what}", found.wrong]


def _side_effects(exercise, got) -> list[str]:
    names = exercise.reference.__code__.co_varnames
    rewritten = " and ".join(names[index] for index in got.changed if index not in got.switched)
    switched = " and ".join(f"`{names[index]}`" for index in got.switched)
    lines = []
    if rewritten:
        lines.append(
            f"It changes {rewritten} in place. Work on a copy, or compute a new tensor: whoever "
            "called you still needs the old one."
        )
    if switched:
        lines.append(f"It switches on gradients on {switched} itself; work on a clone.")
    return lines


def _case(exercise, failure) -> list[str]:
    names = exercise.reference.__code__.co_varnames
    given = [
        f"{name} = {describe(value)}"
        for name, value in zip(names, failure.case.make(), strict=False)
    ]
    return [f"Case     : {failure.case.label}", *(f"Given    : {line}" for line in given)]


def _results(exercise, failure) -> list[str]:
    expected, yours = _outcome(failure.expected), _outcome(failure.got)
    lines = [f"Expected : {expected}", f"Yours    : {yours}"]
    if expected == yours:  # as printed: the digits that differ are not shown
        found = difference(failure.expected.result, failure.got.result, exercise.tolerance)
        if found is not None and 0 < found.gap < math.inf:
            lines.append(f"Differ   : they print alike; largest difference {found.gap:.2g}")
    return lines


def _outcome(observation) -> str:
    if observation.error is None:
        return describe(observation.result)
    return f"{type(observation.error).__name__}: {observation.error}"


def _place(failure) -> list[str]:
    if failure.got.place is None:
        return []
    number, text = failure.got.place
    return [f"In line {number} of your cell: {text}"]


def _printed(failure) -> list[str]:
    lines = failure.got.printed.strip().split("\n")[:5]
    return [f"Printed  : {line}" for line in lines if line]


def _advice(exercise) -> list[str]:
    return [f"Try      : ex.{exercise.name}.hint()"]


def _picture(failure) -> tuple[Tensor, Tensor] | None:
    expected, got = failure.expected.result, failure.got.result
    both = isinstance(expected, Tensor) and isinstance(got, Tensor)
    if not both or expected.dtype != torch.bool or got.dtype != torch.bool:
        return None
    if got.shape != expected.shape or torch.equal(got, expected) or got.numel() > 1024:
        return None
    return expected, got


def describe(value: object) -> str:
    """A value in a line or a small block: the same words at every run."""
    if isinstance(value, Tensor):
        return _describe_tensor(value)
    if isinstance(value, bool) or value is None or value is Ellipsis:
        return str(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key!r}: {_describe_entry(entry)}" for key, entry in value.items())
        return f"{{{inside}}}"
    if isinstance(value, list | tuple):
        inside = ", ".join(_describe_entry(entry) for entry in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, nn.Module):
        return type_words(value)
    if callable(value):
        return f"a function {getattr(value, '__name__', '')}".strip()
    return str(value) if isinstance(value, int | str) else type_words(value)


def _describe_entry(value: object) -> str:
    """A value inside another: a matrix stands in one line here."""
    if not isinstance(value, Tensor) or value.dim() != 2 or not _is_drawn(value):
        return describe(value)
    if value.dtype == torch.bool:
        return " / ".join(_drawn(value))
    rows = [", ".join(_number(x) for x in row) for row in value.tolist()]
    return f"[{', '.join(f'[{row}]' for row in rows)}]"


def _describe_tensor(tensor: Tensor) -> str:
    if not _is_drawn(tensor):
        shape = "×".join(map(str, tensor.shape))
        return f"tensor {shape}, {str(tensor.dtype).removeprefix('torch.')}{_mask_words(tensor)}"
    if tensor.dtype == torch.bool and tensor.dim() > 0:
        drawn = _drawn(tensor)
        return drawn[0] + "   (■ True, □ False)" if len(drawn) == 1 else _block(drawn)
    if tensor.dim() == 2:
        rows = [[_number(x) for x in row] for row in tensor.tolist()]
        width = max(len(x) for row in rows for x in row)
        return _block([" ".join(x.rjust(width) for x in row) for row in rows])
    if tensor.dim() == 1:
        return f"[{', '.join(_number(x) for x in tensor.tolist())}]"
    return _number(tensor.item())


def _is_drawn(tensor: Tensor) -> bool:
    """Whether its numbers are shown; else its shape is."""
    if tensor.numel() > 60 or tensor.dim() > 2:
        return False
    return tensor.dim() < 2 or tensor.numel() > 0


def _drawn(mask: Tensor) -> list[str]:
    rows = torch.atleast_2d(mask).tolist()
    return [" ".join("■" if kept else "□" for kept in row) for row in rows]


def _mask_words(tensor: Tensor) -> str:
    if tensor.dtype != torch.bool:
        return ""
    return f", {int((~tensor).sum())} of {tensor.numel()} pruned"


def _block(rows: list[str]) -> str:
    return "\n" + "\n".join(f"    {row}" for row in rows)


def _number(x: float) -> str:
    if isinstance(x, bool | int) or not math.isfinite(x):
        return str(x)
    return f"{x + 0.0:.4g}"  # + 0.0 turns −0 into 0
