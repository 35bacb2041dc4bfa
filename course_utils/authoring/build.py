"""Make the notebooks of a lesson from its one source, ``solutions/NN_name.py``.

Two are made, both executed: ``solutions/NN_name.ipynb`` as the source stands, and
``notebooks/NN_name.ipynb`` with the solutions cleared. A lesson is rebuilt when its source has
changed. One that fails to run leaves its old notebooks in place and says which cell failed.
"""

import argparse
import base64
import hashlib
import os
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearSolutions
from traitlets.config import Config

from course_utils.authoring.pytest_plugin import KERNEL_ENVIRONMENT, no_ipython_profile
from course_utils.authoring.shut import only_shows, shut
from course_utils.exercises.checker.exercise import STUB
from course_utils.lesson import desk
from course_utils.lesson.files import replace_with
from course_utils.lesson.text import say
from course_utils.lesson.widgets import WIDGET_VIEW

ROOT = Path(__file__).resolve().parents[2]
CELL_SECONDS = 600  # a cell takes seconds; on a busy machine some more
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
FOR_TOOLS = re.compile(r"  # fmt: skip$", re.MULTILINE)  # says nothing to a reader
# A text cannot hold its own hash, so the edition is filled in when the notebook is made.
EDITION_TO_COME = f'edition="{desk.NOT_BUILT}"'
README_PICTURE = "readme-picture"  # the tag of the cell whose figure the README shows


class LessonFailed(Exception):
    """A lesson that cannot be built, with the cell that is to blame."""


def sources(root: Path = ROOT) -> list[Path]:
    """The sources of all lessons, in their order."""
    return sorted((root / "solutions").glob("[0-9][0-9]_*.py"))


def outputs(source: Path) -> tuple[Path, Path]:
    """The solved and the learner's notebook of a source."""
    solved = source.with_suffix(".ipynb")
    return solved, source.parent.parent / "notebooks" / solved.name


def solved_notebook(source: Path) -> NotebookNode:
    """The source as a notebook, not executed. The same source gives the same notebook.

    The edition that its first cell names is the beginning of the source's hash.

    Raises :class:`LessonFailed` for a solution region that is not closed or stands in another.
    """
    text = source.read_text(encoding="utf-8")
    made_from = hashlib.sha256(text.encode()).hexdigest()
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.metadata = NotebookNode(
        kernelspec={"display_name": "Python 3", "language": "python", "name": "python3"},
        language_info={"name": "python"},
        course={"source": made_from},
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    edition = made_from[: desk.EDITION_DIGITS]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{source.name[:2]}-{number:03d}"
        cell.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k == "tags"})
        cell.source = FOR_TOOLS.sub("", cell.source)
        cell.source = cell.source.replace(EDITION_TO_COME, f'edition="{edition}"')
        _check_regions(cell)
        if cell.cell_type == "code" and only_shows(cell.source):
            shut(cell)
    return notebook


def learner_notebook(solved: NotebookNode) -> NotebookNode:
    """A copy with each solution region replaced by the stub and ``solution`` cells dropped."""
    notebook = nbformat.from_dict(solved)
    notebook.cells = [c for c in notebook.cells if "solution" not in c.metadata.get("tags", [])]
    settings = Config()
    settings.ClearSolutions.enforce_metadata = False
    settings.ClearSolutions.begin_solution_delimeter = BEGIN.removeprefix("### ")
    settings.ClearSolutions.end_solution_delimeter = END.removeprefix("### ")
    settings.ClearSolutions.code_stub = {"python": f'raise NotImplementedError("{STUB}")'}
    notebook, _ = ClearSolutions(config=settings).preprocess(notebook, {})
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    return notebook


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """A copy run from top to bottom in a fresh kernel, with its outputs.

    Raises :class:`LessonFailed` with the cell that failed.
    """
    executed = nbformat.from_dict(notebook)
    client = NotebookClient(
        executed,
        kernel_name="python3",
        timeout=CELL_SECONDS,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        with no_ipython_profile() as no_profile:
            client.execute(env={**os.environ, **KERNEL_ENVIRONMENT, **no_profile})
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise LessonFailed(_blame(executed, error)) from error
    executed.metadata.pop("widgets", None)  # state of dead widgets: noise in every diff
    executed.metadata.language_info = NotebookNode(name="python")
    for cell in executed.cells:
        if cell.cell_type == "code":
            cell.outputs = _joined_streams(_without_widgets(cell.outputs))
    return executed


def build(source: Path) -> None:
    """Make both notebooks of one lesson; write both or none."""
    solved = solved_notebook(source)
    solved_path, learner_path = outputs(source)
    made = {}
    for path, notebook in ((solved_path, solved), (learner_path, learner_notebook(solved))):
        try:
            made[path] = nbformat.writes(execute(notebook, source.parent)) + "\n"
        except LessonFailed as error:
            raise LessonFailed(f"{path.parent.name}/{path.name}, {error}") from error
    for path, text in made.items():
        replace_with(path, text.encode())
    picture = tagged_picture(nbformat.reads(made[solved_path], as_version=4), README_PICTURE)
    if picture is not None:
        folder = learner_path.parent / "pictures"
        replace_with(folder / "accuracy_against_sparsity.png", picture)


def tagged_picture(notebook: NotebookNode, tag: str) -> bytes | None:
    """The first PNG of the first cell with this tag, or None."""
    for cell in notebook.cells:
        if tag in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    return base64.b64decode(output.data["image/png"])
    return None


def is_current(source: Path) -> bool:
    """Whether both notebooks exist and were made from the source as it is now."""
    wanted = hashlib.sha256(source.read_bytes()).hexdigest()
    return all(
        path.exists()
        and nbformat.read(path, as_version=4).metadata.get("course", {}).get("source") == wanted
        for path in outputs(source)
    )


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """The command line. Returns the exit status: 1 if a lesson failed."""
    parser = argparse.ArgumentParser(prog="python -m course_utils.authoring", description=__doc__)
    parser.add_argument("lesson", nargs="*", help="numbers such as 02; without any, all lessons")
    parser.add_argument("--force", action="store_true", help="rebuild what has not changed, too")
    options = parser.parse_args(arguments)
    chosen = [s for s in sources(root) if not options.lesson or s.name[:2] in options.lesson]
    if not chosen:
        parser.error(f"no lesson {' '.join(options.lesson)} in {root / 'solutions'}")
    failed = False
    for source in chosen:
        if not options.force and is_current(source):
            say(f"{source.stem}: unchanged")
            continue
        start = time.perf_counter()
        try:
            build(source)
            say(f"{source.stem}: built in {time.perf_counter() - start:.0f} s", flush=True)
        except LessonFailed as error:
            failed = True
            print(
                f"{source.stem}: FAILED, old notebooks kept. {error}", file=sys.stderr, flush=True
            )
    return int(failed)


def _check_regions(cell: NotebookNode) -> None:
    is_open = False
    for line in cell.source.splitlines():
        mark = line.strip()
        if mark not in (BEGIN, END):
            continue
        if is_open == (mark == BEGIN):
            raise LessonFailed(f"cell {cell.id}: {mark!r} does not match the region around it.")
        is_open = not is_open
    if is_open:
        raise LessonFailed(f"cell {cell.id}: a region opened by {BEGIN!r} is never closed.")


def _blame(notebook: NotebookNode, error: Exception) -> str:
    """The cell that failed, its first line, and the error it raised."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                first = next(iter(cell.source.strip().splitlines()), "")
                return f"cell {cell.id} ({first}): {output.ename}: {output.evalue}"
    return f"{type(error).__name__}: {error}"  # no cell raised: a timeout or a dead kernel


def _without_widgets(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Without outputs that hold nothing but the view of a widget: its kernel has ended."""
    return [output for output in outputs if set(output.get("data", {})) != {WIDGET_VIEW}]


def _joined_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Pieces of one stream that follow each other, as one: how they were cut is chance."""
    joined: list[NotebookNode] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if output.output_type == "stream" and last is not None and last.get("name") == output.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined
