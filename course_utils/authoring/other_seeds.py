"""Run the lessons again with other seeds, and say which claims still hold: ``make seeds``.

A lesson takes all its chance from ``SEED`` or ``SEEDS``. Here every number of them is raised by 20,
by 40 and by 60, the 5,000 digits are split anew, and the solved lesson is executed each time; the
stored notebooks stay as they are. The sizes that its claims bound go into
``solutions/measured.csv`` (:mod:`course_utils.authoring.bounds`).

All lessons take long. Each run is kept in ``build/other_seeds/``, so whoever kills this goes on
where it stopped; what has changed since, the lesson or the library, is run again.
"""

import argparse
import ast
import hashlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import nbformat
import pandas as pd
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course_utils.authoring import bounds
from course_utils.authoring.build import (
    ROOT,
    LessonFailed,
    execute,
    outputs,
    solved_notebook,
    sources,
)
from course_utils.experiments.fingerprint import PACKAGES
from course_utils.lesson.files import replace_with
from course_utils.lesson.text import say

SHIFTS = (20, 40, 60)  # more than any lesson has seeds, so that no seed is used twice
LIBRARY = ROOT / "course_utils"
OTHER_DIGITS = "from course_utils import data\n\ndata.SPLIT_SEED += {shift}"
NAMES = ("SEED", "SEEDS")
SIGNS = {True: "✓", False: "✗", None: "?"}


def with_other_seeds(notebook: NotebookNode, shift: int) -> NotebookNode:
    """A copy in which every number in the assignment of SEED or SEEDS is larger by ``shift``.

    Its digits are split anew, unless it reads a table of :mod:`course_utils.experiments`, which was
    measured with the digits as they are. Raises ``ValueError`` for a lesson without such an
    assignment.
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
    if not any("experiments" in cell.source for cell in copy.cells):
        copy.cells.insert(0, new_code_cell(OTHER_DIGITS.format(shift=shift)))
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
    return {
        each.id: ("≈ " if each.timed else "") + SIGNS[each.confirmed]
        for each in bounds.claims_in(notebook)
    }


def executed(source: Path, kept: Path, shifts: Sequence[int] = SHIFTS) -> dict[int, NotebookNode]:
    """The solved lesson with each set of seeds, and with 0 as it is stored (if it is).

    ``kept``: the folder for runs; one that lies there and that nothing has changed since is read.
    """
    lesson, stored = solved_notebook(source), outputs(source)[0]
    found = {0: nbformat.read(stored, as_version=4)} if stored.exists() else {}
    for shift in shifts:
        path = kept / f"{source.stem}+{shift}-{_made_from(source)}.ipynb"
        if not path.exists():
            run = execute(with_other_seeds(lesson, shift), source.parent)
            for older in kept.glob(f"{source.stem}+{shift}-*"):
                older.unlink()
            replace_with(path, nbformat.writes(run).encode())
        found[shift] = nbformat.read(path, as_version=4)
    return found


def _made_from(source: Path) -> str:
    """A hash of the lesson, of the library with its tables, and of the packages that count."""
    files = [source, *sorted(p for p in LIBRARY.rglob("*") if p.suffix in (".py", ".csv"))]
    parts = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    parts += [version(name) for name in PACKAGES]
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]


def store_sizes(runs: dict[int, NotebookNode], lesson: str, path: Path) -> None:
    """Put the sizes that a lesson's claims bound into the table, in the place of its older ones.

    Not those that come from a whole stored table: they do not hang on the seeds.
    """
    rows = [
        [lesson, size.claim, size.number, shift, float(f"{size.value:.4g}")]
        for shift, notebook in runs.items()
        for size in bounds.sizes(notebook)
        if size.interval is None
    ]
    older = pd.read_csv(path, dtype={"lesson": str}) if path.exists() else pd.DataFrame()
    if len(older):
        rows += older[older["lesson"] != lesson].to_numpy().tolist()
    table = pd.DataFrame(sorted(rows), columns=bounds.COLUMNS)
    replace_with(path, table.to_csv(index=False, lineterminator="\n").encode())


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
            runs = executed(source, root / "build" / "other_seeds")
        except LessonFailed as error:
            print(f"{source.stem}: FAILED, {error}", file=sys.stderr, flush=True)
            failed = True
            continue
        store_sizes(runs, source.name[:2], source.parent / bounds.TABLE)
        signs = {f"+{shift}": verdicts(notebook) for shift, notebook in runs.items()}
        results = pd.DataFrame(signs).rename_axis(index="claim", columns="seeds")
        # How fast a net is does not hang on its seed, but on what else the machine does.
        failed |= not bool(results.isin(["✓", "≈ ✓", "≈ ✗", "≈ ?"]).all(axis=None))
        say(f"\n{source.stem}\n{results.to_string()}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
