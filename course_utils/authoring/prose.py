"""Where the course writes prose that does not run, each piece as plain words.

Markdown cells, the titles, labels and alternative texts of figures, hints, and the README. "¶"
stands where a paragraph, a cell of a table or a name such as "lesson 03" ends what belongs
together.
"""

import ast
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from course_utils.authoring.build import ROOT
from course_utils.authoring.quantities import first_unit, is_bare_number
from course_utils.exercises import exercises_of

README = "README"
COMPUTED = "\N{OBJECT REPLACEMENT CHARACTER}"  # in the place of what an f-string computes
NAMES_OF_WORDS = {"alt", "title", "label", "suptitle", "xlabel", "ylabel"}
DRAWING = re.compile(
    r"(?:^|\.)(?:plotting\.\w+|set_(?:title|xlabel|ylabel)|suptitle|title|text|annotate|set)$"
)
LATEX = [
    (r"\\(?:mathrm|text|mathbf|textbf|operatorname)\s*\{([^}]*)\}", r"\1"),
    (r"\\(?:d|t)?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2"),
    (r"\{,\}", ","),
    (r"\\times", "×"),
    (r"\\approx|\\sim\b|\\simeq", "≈"),
    (r"\\(?:pm)\b", "±"),
    (r"\\%", "%"),
    (r"\\[,;: !]|\\q?quad\b|(?<=\d)~", " "),
    (r"\\[a-zA-Z]+", " "),
]
FULL_WIDTH = {ord("０") + n: str(n) for n in range(10)} | {
    ord("％"): "%", ord("．"): ".", ord("，"): ",", ord("\u00a0"): " ", ord("\u2009"): " ",
    ord("\u202f"): " ", ord("\u2007"): " ", ord("\u2011"): "-",
}  # fmt: skip
NAMES = re.compile(
    r"\bdims? \d|\b[Ll]essons? \d\d(?:(?:-|–| and | to |, )\d\d)*"
    r"|\b(?:[Ss]ections?|[Ee]xercises?|[Pp]redictions?|§) ?\d+\.\d+(?:(?: and |-|–|, )\d+\.\d+)*"
)


@dataclass(frozen=True)
class Place:
    """A piece of prose in plain words, and where it stands: "05-012", "hint 2 of 3.1", "README".

    ``kind``: "prose", "title" (labels too), "alt", "hint" or "README".
    """

    where: str
    kind: str
    words: str


def prose(notebook: NotebookNode) -> list[Place]:
    """The markdown of a notebook, and the titles, labels and alternative texts in its code."""
    places, named = [], _assigned_words(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            places.append(Place(cell.id, "prose", plain(cell.source)))
        elif cell.cell_type == "code":
            places += [Place(cell.id, kind, words) for kind, words in _drawn(cell.source, named)]
    return places


def hints(lesson: str) -> list[Place]:
    """The hints of a lesson's exercises ("02")."""
    return [
        Place(f"hint {number} of {exercise.id}", "hint", plain(hint.replace("\n", "\n\n")))
        for exercise in exercises_of(lesson)
        for number, hint in enumerate(exercise.hints, 1)
    ]


def readme(root: Path = ROOT) -> list[Place]:
    """The README, its alternative texts included."""
    return [Place(README, "README", plain((root / "README.md").read_text(encoding="utf-8")))]


def _drawn(source: str, named: dict[str, list[ast.expr]]) -> Iterator[tuple[str, str]]:
    """("title" or "alt", words) of every text that the calls in a code cell put into a figure."""
    for call in (node for node in ast.walk(_parsed(source)) if isinstance(node, ast.Call)):
        draws = DRAWING.search(ast.unparse(call.func))
        given = [(None, value) for value in call.args] if draws else []
        given += [(k.arg, k.value) for k in call.keywords if draws or k.arg in NAMES_OF_WORDS]
        for name, value in given:
            for words in _texts(value, named):
                yield ("alt" if name == "alt" else "title"), plain(words)


def _texts(value: ast.AST, named: dict[str, list[ast.expr]]) -> Iterator[str]:
    """The texts in an expression, and those of its names. What an inner call draws is its own."""
    if isinstance(value, ast.Constant):
        if isinstance(value.value, str):
            yield value.value
    elif isinstance(value, ast.JoinedStr):
        yield "".join(v.value if isinstance(v, ast.Constant) else COMPUTED for v in value.values)
    elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        left, right = ([*_texts(side, named)] for side in (value.left, value.right))
        yield "".join(left or [COMPUTED]) + "".join(right or [COMPUTED])
    elif isinstance(value, ast.Name):
        for text in named.get(value.id, ()):
            yield from _texts(text, {})
    elif not (isinstance(value, ast.Call) and DRAWING.search(ast.unparse(value.func))):
        for child in ast.iter_child_nodes(value):
            yield from _texts(child, named)


def _assigned_words(notebook: NotebookNode) -> dict[str, list[ast.expr]]:
    """Name → the texts that the notebook assigns to it."""
    named: dict[str, list[ast.expr]] = {}
    for cell in notebook.cells:
        for node in ast.walk(_parsed(cell.source if cell.cell_type == "code" else "")):
            if isinstance(node, ast.Assign) and isinstance(
                node.value, ast.Constant | ast.JoinedStr | ast.BinOp
            ):
                for target in node.targets:
                    named.setdefault(getattr(target, "id", ""), []).append(node.value)
    return named


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:  # a magic, which another rule refuses
        return ast.Module([], [])


def plain(markdown: str) -> str:
    """The words of a markdown text in one line: no marks, no addresses, LaTeX as it is read.

    A bare number in a table gets the unit that the head of its column names.
    """
    text = "\n".join(_with_units(markdown.splitlines()))
    text = re.sub(r" {3,}", " ¶ ", text)  # columns of a drawing
    text = re.sub(r"<img\b[^>]*\balt=\"([^\"]*)\"[^>]*>", r" \1 ", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)  # links and pictures: their words
    text = re.sub(r"https?://\S+|<!--.*?-->|</?[a-zA-Z][^>]*>", " ", text, flags=re.DOTALL)
    text = html.unescape(text)
    for pattern, sign in LATEX:
        text = re.sub(pattern, sign, text)
    text = text.translate(FULL_WIDTH)
    text = re.sub(r"[*`${}]|(?<!\w)_+|_+(?!\w)", "", text)
    # The numbers of sections and of what is listed are names.
    text = re.sub(r"(?m)^[ >]*#+ *(?:\d+(?:\.\d+)? +(?:· )?)?", "¶ ", text)
    text = re.sub(r"(?m)^[ >]*(?:[-+•]|\d+[.)]) ", "¶ ", text)
    text = NAMES.sub("¶", text)
    text = re.sub(r"\n\s*(?:>\s*)?\n", " ¶ ", text)
    text = re.sub(r"(?m)^[ >]+", "", text)
    return re.sub(r"[\s|]+", lambda gap: " ¶ " if "|" in gap[0] else " ", text)


def _with_units(lines: list[str]) -> Iterator[str]:
    heads: list[str] = []
    for line in lines:
        cells = line.strip().lstrip("> ").strip("|").split("|")
        if "|" not in line:
            heads = []
        elif not set(line) - set("|-: >"):
            continue  # the rule below the heads
        elif not heads:
            heads = [first_unit(cell.translate(FULL_WIDTH)) for cell in cells]
        elif len(cells) == len(heads):
            pairs = zip(cells, heads, strict=True)
            line = "|".join(f"{c} {h} " if h and is_bare_number(c) else c for c, h in pairs)
        yield line
