"""What a published notebook must hold, and what it must not, each rule a function.

A rule takes a notebook and returns what breaks it, one sentence each, with the cell and what to do.
Most close a trap of nbval: what it silently does not compare, these rules refuse.
"""

import ast
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from nbformat import NotebookNode

from course_utils.authoring import numbers
from course_utils.authoring.blind import predictions_are_blind
from course_utils.authoring.build import BEGIN, END
from course_utils.authoring.shut import is_shown_later, is_shut
from course_utils.lesson.widgets import WIDGET_VIEW

MAX_BYTES = 500_000
MAX_LINES = 25
MAX_IMPORT_LINES = 3
MAGICS: tuple[str, ...] = ()  # allowed ones; none is needed so far
FORBIDDEN_CALLS = ("clear_output", "update_display", "interact(", "interactive(", "Output(")
FILLERS = ("simply", "obviously", "just")
PATHS = re.compile(r"(?<![\w.])/(?:home|tmp|root|usr|Users|opt|var|private|work)/|[A-Z]:\\")
WIDGET_AS_TEXT = re.compile(r"\b\w+\(children=")
NOT_ROUNDED = re.compile(r"\d\.\d{7,}")
ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}|ipykernel_\d+")

Rule = Callable[[NotebookNode], list[str]]


def executed_in_order(notebook: NotebookNode) -> list[str]:
    """nbval does not compare a cell without an execution count."""
    counts = [cell.execution_count for cell in _code(notebook)]
    if counts == list(range(1, len(counts) + 1)):
        return []
    return [f"Execution counts are {counts}, not 1..{len(counts)}: make the notebooks again."]


def no_errors(notebook: NotebookNode) -> list[str]:
    found = []
    for cell, output in _outputs(notebook):
        if output.output_type == "error":
            found.append(f"{cell.id} stores the error {output.ename}: mend the lesson.")
    return found


def no_warnings(notebook: NotebookNode) -> list[str]:
    """Also a misspelt magic, which ends its cell with a UsageError that nbval takes for granted."""
    found = []
    for cell, output in _outputs(notebook):
        stderr = output.output_type == "stream" and output.name == "stderr"
        if stderr or re.search(r"\w*Warning\b|UsageError", _text(output)):
            found.append(f"{cell.id} stores a warning: handle it where it comes from.")
    return found


def no_paths_or_addresses(notebook: NotebookNode) -> list[str]:
    found = []
    for cell, output in _outputs(notebook):
        for pattern, kind in ((PATHS, "path of one machine"), (ADDRESS, "memory address")):
            match = pattern.search(_text(output))
            if match:
                found.append(f"{cell.id} prints the {kind} {match[0]!r}: print something else.")
    return found


def numbers_are_rounded(notebook: NotebookNode) -> list[str]:
    """All digits of a float are those of one processor: an object that shows itself prints them."""
    found = []
    for cell, output in _outputs(notebook):
        match = NOT_ROUNDED.search(_text(output))
        if match:
            found.append(f"{cell.id} prints {match[0]}: round it, with ≈ where it is measured.")
    return found


def no_magics(notebook: NotebookNode) -> list[str]:
    found = []
    for cell, line in _code_lines(notebook):
        if re.match(r"\s*(%|!)", line) and not line.strip().startswith(MAGICS or ("\0",)):
            found.append(f"{cell.id} has the magic {line.strip()!r}: use plain Python.")
    return found


def no_semicolons(notebook: NotebookNode) -> list[str]:
    """nbval runs the cell without honouring the semicolon, so the outputs differ."""
    return [
        f"{cell.id} ends a line with a semicolon: assign the value to _ instead."
        for cell, line in _code_lines(notebook)
        if line.rstrip().endswith(";")
    ]


def no_untestable_calls(notebook: NotebookNode) -> list[str]:
    return [
        f"{cell.id} uses {call}: nbval cannot compare its output."
        for cell, line in _code_lines(notebook)
        for call in FORBIDDEN_CALLS
        if call in line
    ]


def pictures_have_alt_text(notebook: NotebookNode) -> list[str]:
    found = []
    for cell, output in _outputs(notebook):
        if "<Figure size" in _text(output):
            found.append(f"{cell.id} shows a figure by itself: use plotting.show(fig, alt=…).")
        if "image/png" in output.get("data", {}):
            alt = output.metadata.get("image/png", {}).get("alt", "")
            if len(alt) < 40 or not alt.endswith("."):
                found.append(f"{cell.id} has a picture whose alt text {alt!r} is no sentence.")
    return found


def no_widget_state(notebook: NotebookNode) -> list[str]:
    return ["The notebook stores widget state: strip it."] if "widgets" in notebook.metadata else []


def no_dead_widgets(notebook: NotebookNode) -> list[str]:
    """A page without a kernel shows a stored view as an error, and its text as code."""
    found = []
    for cell, output in _outputs(notebook):
        if WIDGET_VIEW in output.get("data", {}) or WIDGET_AS_TEXT.search(_text(output)):
            found.append(f"{cell.id} stores a widget: show it with widgets.display_live.")
    return found


def runs_anywhere(notebook: NotebookNode) -> list[str]:
    name = notebook.metadata.get("kernelspec", {}).get("name")
    return [] if name == "python3" else [f"The kernel is {name!r}: it must be python3."]


def nothing_is_ignored(notebook: NotebookNode) -> list[str]:
    """An nbval marker needs a comment in its cell that says why."""
    found = []
    for cell in _code(notebook):
        marked = [t for t in cell.metadata.get("tags", []) if t.startswith(("nbval", "raises"))]
        reason = any(line.strip().startswith("# Not compared: ") for line in _lines(cell))
        if "NBVAL_" in cell.source or (marked and not reason):
            found.append(f"{cell.id} is left out of the comparison: tag it and say why.")
    return found


def cells_are_short(notebook: NotebookNode) -> list[str]:
    """Lines of imports do not count: they have a limit of their own."""
    found = []
    for cell in _code(notebook):
        lines = len(_lines(cell)) - _import_lines(cell)
        if lines > MAX_LINES and ".check(" not in cell.source:
            found.append(f"{cell.id} has {lines} lines of code: split it or move plumbing away.")
    return found


def imports_are_few(notebook: NotebookNode) -> list[str]:
    """A cell is about its subject: what a later cell needs is imported there."""
    return [
        f"{cell.id} has {lines} lines of imports, more than {MAX_IMPORT_LINES}: import what is "
        "needed later where it is needed."
        for cell in _code(notebook)
        if (lines := _import_lines(cell)) > MAX_IMPORT_LINES
    ]


def code_cells_are_introduced(notebook: NotebookNode) -> list[str]:
    return [
        f"{cell.id} follows a code cell: write a sentence between that says what to look for."
        for before, cell in pairwise(notebook.cells)
        if before.cell_type == cell.cell_type == "code" and not is_shut(cell)
    ]


def what_only_shows_is_shut(notebook: NotebookNode) -> list[str]:
    """A claim or a figure says what came out: above the reader's own reading it gives that away."""
    return [
        f"{cell.id} draws or claims in an open cell: put that into a cell of its own below."
        for cell in _code(notebook)
        if not is_shut(cell) and any(map(is_shown_later, ast.parse(cell.source).body[-1:]))
    ]


def no_filler(notebook: NotebookNode) -> list[str]:
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            prose = re.sub(r"`[^`]*`", "", cell.source).lower()
            found += [f"{cell.id} says {w!r}." for w in FILLERS if re.search(rf"\b{w}\b", prose)]
    return found


def numbers_are_bound(notebook: NotebookNode) -> list[str]:
    """A number with a unit in prose, a title or an alternative text: shown by an output, or given.

    :mod:`course_utils.authoring.numbers` says what counts, and tries hints and README as well.
    """
    lesson = notebook.cells[0].id[:2] if notebook.cells else ""
    bound = numbers.shown(notebook) + numbers.minutes(lesson)
    return numbers.loose(numbers.prose(notebook), bound, numbers.given(lesson))


RULES: tuple[Rule, ...] = (
    executed_in_order,
    no_errors,
    no_warnings,
    no_paths_or_addresses,
    numbers_are_rounded,
    no_magics,
    no_semicolons,
    no_untestable_calls,
    pictures_have_alt_text,
    no_widget_state,
    no_dead_widgets,
    runs_anywhere,
    nothing_is_ignored,
    cells_are_short,
    imports_are_few,
    code_cells_are_introduced,
    predictions_are_blind,
    what_only_shows_is_shut,
    no_filler,
    numbers_are_bound,
)


def leaks(learner: NotebookNode, source: str) -> list[str]:
    """Lines of the solutions in ``source`` that stand anywhere in the learner's notebook.

    Lines that the source also shows outside its solutions give nothing away.
    """
    inside, outside = _split_solutions(source)
    secret = {line for line in inside - outside if len(line) > 12 and not line.startswith("#")}
    everything = "\n".join(
        [cell.source for cell in learner.cells] + [_text(output) for _, output in _outputs(learner)]
    )
    shown = [line for line in sorted(secret) if line in everything]
    shown += [mark for mark in (BEGIN, END) if mark in everything]
    return [f"The learner's notebook shows the solution line {line!r}." for line in shown]


def disagreements(made: NotebookNode, wanted: NotebookNode) -> list[str]:
    """Where a stored notebook is not what its source makes: cells, tags or metadata."""
    found = []
    if made.metadata != wanted.metadata:
        found.append("The metadata differ: the source has changed.")
    if len(made.cells) != len(wanted.cells):
        found.append(f"It has {len(made.cells)} cells, the source makes {len(wanted.cells)}.")
    for ours, theirs in zip(made.cells, wanted.cells, strict=False):
        for part in ("id", "cell_type", "source", "metadata"):
            if ours[part] != theirs[part]:
                found.append(f"{theirs.id}: the {part} differs from the source.")
    return [f"{line} Run `make notebooks`." for line in found]


def _split_solutions(source: str) -> tuple[set[str], set[str]]:
    inside, outside, is_open = set(), set(), False
    for line in map(str.strip, source.splitlines()):
        if line in (BEGIN, END):
            is_open = line == BEGIN
        else:
            (inside if is_open else outside).add(line)
    return inside, outside


def _code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _outputs(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, NotebookNode]]:
    for cell in _code(notebook):
        for output in cell.outputs:
            yield cell, output


def _code_lines(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, str]]:
    for cell in _code(notebook):
        for line in cell.source.splitlines():
            yield cell, line


def _lines(cell: NotebookNode) -> list[str]:
    return [line for line in cell.source.splitlines() if line.strip()]


def _import_lines(cell: NotebookNode) -> int:
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError:  # a magic, which another rule refuses
        return 0
    imports = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    return sum(node.end_lineno - node.lineno + 1 for node in imports)


def _text(output: NotebookNode) -> str:
    """All that an output says in words."""
    if output.output_type == "stream":
        return output.text
    if output.output_type == "error":
        return "\n".join(output.traceback)
    return "\n".join(str(v) for kind, v in output.data.items() if kind.startswith("text/"))
