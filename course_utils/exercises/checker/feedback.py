"""The words of the four outcomes, and the picture for a mask.

The grammar of a wrong answer is always the same: what was checked, the case, what was given, what
was expected, what you got, what to try.
"""

import ast
import math
import textwrap
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from course_utils.exercises.checker.comparing import difference
from course_utils.exercises.checker.copies import plain
from course_utils.exercises.checker.printing import code, describe, first_line
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


def with_what_is_returned(exercise, verdict: Verdict) -> Verdict:
    """The same words, and what the check hands back where that is not the learner's own."""
    if verdict.outcome not in ("wrong", "crashed"):
        return verdict
    line = f"  The lesson goes on with the reference: {exercise.name} holds it now."
    return replace(verdict, text=f"{verdict.text}\n{line}")


def right(exercise) -> Verdict:
    n = len(exercise.cases)
    compare = f"Compare  : ex.{exercise.name}.solution() shows the reference."
    return _verdict(exercise, "right", f"right, in all {n} cases.", compare)


def not_attempted(exercise) -> Verdict:
    words = "not attempted yet. The lesson goes on with the reference."
    return _verdict(exercise, "not attempted", words)


def unfinished(exercise, got) -> Verdict:
    """``got``: the observation of an answer that raises what an open exercise raises."""
    words = "not finished: your function still raises NotImplementedError."
    advice = "Take the line with `raise` out, and return your result."
    return _verdict(exercise, "crashed", words, *_place(got), advice)


def is_the_reference(exercise) -> Verdict:
    words = "nothing of yours to check: this name holds the reference since the last check."
    again = f"Run the cell that defines your {exercise.name} again, with the check in it."
    return _verdict(exercise, "not attempted", words, again)


def not_a_function(exercise, answer: object) -> Verdict:
    """``answer`` is a plain copy of what was handed to the check."""
    words = f"the check wants the function {exercise.name} itself, without parentheses."
    yours = f"Yours    : {describe(answer)}"
    return _verdict(exercise, "wrong", words, yours)


def check_failed(exercise, error: Exception) -> Verdict:
    words = "the check itself failed; that is a fault of the course, not of your answer."
    said = f"{type(error).__name__}: {first_line(error)}"
    return _verdict(exercise, "crashed", words, said)


def reference_failed(exercise, expected) -> Verdict:
    """``expected``: the observation of a reference that does not do what it does elsewhere."""
    return _verdict(
        exercise,
        "crashed",
        "the reference itself does not run here, so your answer cannot be judged.",
        f"{expected.error.__name__}: {first_line(expected.said)}",
        "Something in this kernel is not what it was: a function of torch or of Python that was "
        "replaced, say. Restart the kernel and run the lesson from the top.",
    )


def timed_out(exercise, failure) -> Verdict:
    goes_on = (
        "It waits for something that cannot be stopped and goes on behind your notebook until that "
        "returns. Restart the kernel if the rest of the lesson is slow."
    )
    return _verdict(
        exercise,
        "crashed",
        "stopped, it took too long. Is there a loop that never ends?",
        *_place(failure.got),
        *([goes_on] if failure.got.goes_on else []),
        *_case(exercise, failure),
        *_printed(failure),
        *_advice(exercise),
    )


def crashed(exercise, failure) -> Verdict:
    known = [says for part, says in exercise.crashes.items() if part in failure.got.said]
    return _verdict(
        exercise,
        "crashed",
        "your code crashed.",
        _error(failure.got),
        *_place(failure.got),
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
    if failure.got.left:
        return [
            "Checked  : that your function leaves alone what others use",
            f"It leaves behind {', '.join(failure.got.left[:5])}. The check has put back what it "
            "could. Work on names of your own, and set nothing that holds for the whole kernel.",
        ]
    if failure.expected.error is not None:
        refusal = failure.expected.error.__name__
        return [
            "Checked  : that what cannot be done is refused",
            f"You return something all the same. Raise a {refusal} that says what is wrong.",
        ]
    if not failure.got.equals(failure.again, exercise.tolerance):
        return [
            "Checked  : that equal arguments get equal answers",
            "Called again with equal arguments, your function gives another answer. Does it draw "
            "random numbers, or keep something from the call before?",
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
    source = f"ex.{exercise.name}.case({exercise.cases.index(failure.case) + 1})"
    given = [
        f"Given    : {name} = {_to_paste(plain(value), f'{source}[{index}]')}"
        for index, (name, value) in enumerate(zip(names, failure.case.make(), strict=False))
    ]
    return [f"Case     : {failure.case.label}", *given]


def _to_paste(value: object, source: str) -> str:
    """A value as code; where it is too large for that, or a function, ``source`` gives it."""
    written = code(value)
    try:
        ast.parse(written, mode="eval")
    except SyntaxError:
        return f"{source}   # {written}"
    return written


def _results(exercise, failure) -> list[str]:
    expected, yours = _outcome(failure.expected), _outcome(failure.got)
    lines = [f"Expected : {expected}", f"Yours    : {yours}"]
    if not failure.got.equals(failure.again, exercise.tolerance):
        lines.append(f"Then     : {_outcome(failure.again)}")
    if expected == yours:  # as printed: the digits that differ are not shown
        found = difference(failure.expected.result, failure.got.result, exercise.tolerance)
        if found is not None and 0 < found.gap < math.inf:
            lines.append(f"Differ   : they print alike; largest difference {found.gap:.2g}")
    return lines


def _outcome(observation) -> str:
    return describe(observation.result) if observation.error is None else _error(observation)


def _error(observation) -> str:
    return f"{observation.error.__name__}: {first_line(observation.said)}".removesuffix(": ")


def _place(observation) -> list[str]:
    if observation.place is None:
        return []
    number, text = observation.place
    return [f"In line {number} of your cell: {text}"]


def _printed(failure) -> list[str]:
    lines = failure.got.printed.strip().split("\n")[:5]
    return [f"Printed  : {first_line(line)}" for line in lines if line]


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
