"""Run the lessons again with other seeds, and say which claims still hold: ``make seeds``.

A lesson takes all its chance from ``SEED`` or ``SEEDS``. Here every number of them is raised by 20,
by 40 and by 60, and the solved lesson is executed each time; the stored notebooks stay as they are.
"""

import argparse
import ast
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
import pandas as pd
from nbformat import NotebookNode

from course_utils.authoring.build import ROOT, LessonFailed, execute, solved_notebook, sources
from course_utils.lesson.text import say

SHIFTS = (20, 40, 60)  # more than any lesson has seeds, so that no seed is used twice
NAMES = ("SEED", "SEEDS")
SIGNS = {True: "✓", False: "✗", None: "?"}


def with_other_seeds(notebook: NotebookNode, shift: int) -> NotebookNode:
    """A copy in which every number in the assignment of SEED or SEEDS is larger by ``shift``.

    Raises ``ValueError`` for a lesson without such an assignment.
    """
    copy, found = nbformat.from_dict(notebook), False
    for cell in copy.cells:
        if cell.cell_type != "code":
            continue
        lines = cell.source.splitlines()
        for node in ast.parse(cell.source).body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in NAMES:
                lines[node.lineno - 1] = f"{ast.unparse(_Raised(shift).visit(node))}"
                found = True
        cell.source = "\n".join(lines)
    if not found:
        raise ValueError("The lesson assigns neither SEED nor SEEDS: where does its chance start?")
    return copy


class _Raised(ast.NodeTransformer):
    def __init__(self, shift: int) -> None:
        self.shift = shift

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(node.value + self.shift)


def verdicts(notebook: NotebookNode) -> dict[str, str]:
    """Claim → its sign, from the outputs of an executed lesson, in their order.

    "✓" or "✗"; of a claim about time "≈ ✓", "≈ ✗" or "≈ ?".
    """
    claims = [
        output.metadata.claim
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "claim" in output.get("metadata", {})
    ]
    return {each.id: ("≈ " if each.timed else "") + SIGNS[each.confirmed] for each in claims}


def table(source: Path, shifts: Sequence[int] = SHIFTS) -> pd.DataFrame:
    """A row for each claim of a lesson, a column for each set of seeds."""
    lesson = solved_notebook(source)
    columns = {
        f"+{shift}": verdicts(execute(with_other_seeds(lesson, shift), source.parent))
        for shift in shifts
    }
    return pd.DataFrame(columns).rename_axis(index="claim", columns="seeds")


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """The command line. Returns the exit status: 1 if a claim did not hold or a lesson failed."""
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.authoring.other_seeds", description=__doc__
    )
    parser.add_argument("lesson", nargs="*", help="numbers such as 02; without any, all lessons")
    options = parser.parse_args(arguments)
    failed = False
    for source in sources(root):
        if options.lesson and source.name[:2] not in options.lesson:
            continue
        try:
            results = table(source)
        except LessonFailed as error:
            print(f"{source.stem}: FAILED, {error}", file=sys.stderr, flush=True)
            failed = True
            continue
        # How fast a net is does not hang on its seed, but on what else the machine does.
        failed |= not bool(results.isin(["✓", "≈ ✓", "≈ ✗", "≈ ?"]).all(axis=None))
        say(f"\n{source.stem}\n{results.to_string()}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
