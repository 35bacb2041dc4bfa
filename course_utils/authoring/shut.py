"""Which code cells come shut: those that only draw, or claim, what was computed above them.

A claim, a title and an alternative text say what came out. In an open cell the reader would see
them before the measurement; a shut one can be opened at any time.
"""

import ast

from nbformat import NotebookNode

CLAIMS = ("claim", "time_claim")
DRAWS = "plotting."


def shut(cell: NotebookNode) -> None:
    """Have JupyterLab show a cell's outputs alone."""
    cell.metadata["jupyter"] = {"source_hidden": True}


def is_shut(cell: NotebookNode) -> bool:
    return bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def only_shows(source: str) -> bool:
    """Whether code only draws, or claims, what the cells above it have computed."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:
        return False
    statements = [each for each in statements if not isinstance(each, ast.Import | ast.ImportFrom)]
    return bool(statements) and all(map(is_shown_later, statements))


def is_shown_later(statement: ast.stmt) -> bool:
    """A claim, or a call of ``plotting``, whether its figure is shown at once or has a name."""
    if not isinstance(statement, ast.Expr | ast.Assign) or not isinstance(
        statement.value, ast.Call
    ):
        return False
    called = ast.unparse(statement.value.func)
    return called in CLAIMS or called.startswith(DRAWS)
