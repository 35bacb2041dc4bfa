"""Predict first, really: what a reader sees between a question and its measurement.

What stands in an open cell there, prose and code, must not say the answer.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nbformat import NotebookNode

from course_utils.authoring import numbers
from course_utils.authoring.prose import Place, plain, prose
from course_utils.authoring.quantities import quantities
from course_utils.authoring.shut import CLAIMS, is_shut


@dataclass(frozen=True)
class Asked:
    """One prediction: the positions of the cells that ask and that compare, and its options."""

    id: str
    options: tuple[str, ...]
    asks: int
    compares: int


def predictions_are_blind(notebook: NotebookNode) -> list[str]:
    """A sentence for each place that says the answer before the reader has measured it."""
    found = []
    for asked in _predictions(notebook):
        between = notebook.cells[asked.asks : asked.compares + 1]
        measured = _measured(between[-1], asked.id)
        for place in _open_places(between):
            if _says(place, asked, measured):
                found.append(
                    f"{place.where} ({place.kind}) answers prediction {asked.id} before it is "
                    f"measured: {place.words[:80]!r}. Say it after the comparison."
                )
    return found


def _predictions(notebook: NotebookNode) -> Iterator[Asked]:
    """Those that are compared; the names of their variables say which comparison is whose."""
    open_ones: dict[str, Asked] = {}
    for position, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        for name, call in _calls_with_names(cell.source):
            called = ast.unparse(call.func)
            if called == "predict":
                options = next((k.value for k in call.keywords if k.arg == "options"), None)
                words = tuple(ast.literal_eval(options)) if _literal(options) else ()
                id = ast.literal_eval(call.args[0])
                open_ones[name] = Asked(id, words, position, position)
            elif called.endswith(".compare") and called.removesuffix(".compare") in open_ones:
                asked = open_ones.pop(called.removesuffix(".compare"))
                yield Asked(asked.id, asked.options, asked.asks, position)


def _literal(options: ast.expr | None) -> bool:
    """Whether the options stand in the call, as a list of texts."""
    return isinstance(options, ast.List | ast.Tuple) and all(
        isinstance(each, ast.Constant) for each in options.elts
    )


def _calls_with_names(source: str) -> Iterator[tuple[str, ast.Call]]:
    """The calls of a cell's own lines, with the name that each result gets, or ""."""
    for statement in ast.parse(source).body:
        value = getattr(statement, "value", None)
        if isinstance(value, ast.Call):
            targets = getattr(statement, "targets", [])
            yield (ast.unparse(targets[0]) if targets else ""), value


def _measured(cell: NotebookNode, id: str) -> str:
    """What the comparison printed: "≈ 92.5 %" or an option."""
    said = "\n".join(output.get("text", "") for output in cell.get("outputs", []))
    found = re.search(rf"Prediction {re.escape(id)}: measured (.*?);", said)
    return found[1] if found else ""


def _open_places(cells: list[NotebookNode]) -> Iterator[Place]:
    """What can be read without opening anything: prose, and the words of claims and figures."""
    seen = [cell for cell in cells if not is_shut(cell)]
    yield from prose(NotebookNode(cells=seen[:-1]))
    yield from (p for p in prose(NotebookNode(cells=seen[-1:])) if p.kind != "prose")
    for cell in seen:
        if cell.cell_type == "code":
            for _, call in _calls_with_names(cell.source):
                if ast.unparse(call.func) in CLAIMS:
                    yield Place(cell.id, "claim", plain(_words(call)))


def _words(call: ast.Call) -> str:
    """The texts in a call, one after the other."""
    constants = (n.value for n in ast.walk(call) if isinstance(n, ast.Constant))
    return " ".join(text for text in constants if isinstance(text, str))


def _says(place: Place, asked: Asked, measured: str) -> bool:
    """A claim says it in any case; a number does up to rounding, an option if it alone is named."""
    if place.kind == "claim":
        return True
    if measured in asked.options:
        named = {option for option in asked.options if re.search(_whole(option), place.words)}
        return named == {measured} and place.kind != "prose"
    shown = [replace(number, about=False) for number in numbers.in_line(measured)]
    return any(numbers.binds(number, said) for number in shown for said in quantities(place.words))


def _whole(option: str) -> str:
    return rf"(?<!\w){re.escape(option)}(?!\w)"
