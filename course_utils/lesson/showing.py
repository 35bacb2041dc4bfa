"""How claims look: the lines of one, and the table that closes a lesson, as text and as HTML.

The texts of a claim about time are of one length in its three outcomes, so that the lines break
alike and only the signs and the words beside them differ.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from course_utils.lesson.source import SOURCE
from course_utils.lesson.text import LEFT, wrapped

NOTHING_YET = "Nothing is measured yet: run the cells above."


@dataclass(frozen=True)
class Words:
    """What a claim says: ``start``, a sign or a word, and what is said behind it.

    ``widest``: the longest start that another outcome would have.
    """

    start: str
    said: str
    widest: str = ""

    def __str__(self) -> str:
        return f"{self.start} {self.said}".strip()

    def wrapped(self, before: str) -> str:
        """In lines behind ``before``, the second and later ones as far in as the first begins."""
        widest = max(self.start, self.widest, key=len)
        room = f"{before}{'x' * len(widest)} " if widest else before
        lines = wrapped(room + self.said, hanging=" " * max(len(before), 2)).removeprefix(room)
        return f"{before}{self.start} {lines}" if widest else before + lines


def as_text(id: str, evidence: Words, verdict: Words | None, advice: str) -> str:
    """A finding of the course in one line; a claim of the source with verdict and evidence."""
    lines = [evidence.wrapped("")]
    if verdict is not None:
        lines = [
            Words(f"{id} · The source says:", _quoted(id)).wrapped(""),
            verdict.wrapped("  Verdict:  "),
            evidence.wrapped("  Evidence: "),
        ]
    return "\n".join([*lines, *([f"  {advice}"] if advice else [])])


def as_html(id: str, evidence: Words, verdict: Words | None, advice: str) -> str:
    """The same: a paragraph, or a table of three rows."""
    measured = _with_advice(evidence, advice)
    if verdict is None:
        return f"<p>{measured}</p>"
    rows = {
        f"{id} · The source says": escape(_quoted(id)),
        "Verdict": f"<strong>{escape(str(verdict))}</strong>",
        "Evidence": measured,
    }
    return _table("", [_row(head, cell) for head, cell in rows.items()])


def table_as_text(parts: Sequence[tuple[str, Words, Words | None]]) -> str:
    """A paragraph for each claim: its id, its evidence, and of the source the sentence judged."""
    lines = []
    for id, evidence, verdict in parts:
        lines.append(evidence.wrapped(f"{id:5}"))
        if verdict is not None:
            lines.append(Words("", _quoted(id)).wrapped(f"{'':5}Source:  "))
            lines.append(verdict.wrapped(f"{'':5}Verdict: "))
    return "\n".join(lines) or NOTHING_YET


def table_as_html(parts: Sequence[tuple[str, Words, Words | None]]) -> str:
    """A row for each claim; a finding of the course has all columns to itself."""
    if not parts:
        return f"<p>{NOTHING_YET}</p>"
    heads = ["claim", "what was measured"]
    if any(verdict is not None for _, _, verdict in parts):
        heads += ["the source says", "verdict on it"]
    rows = [
        _row(id, escape(str(evidence)), span=len(heads) - 1)
        if verdict is None
        else _row(
            id,
            escape(str(evidence)),
            escape(_quoted(id)),
            f"<strong>{escape(str(verdict))}</strong>",
        )
        for id, evidence, verdict in parts
    ]
    cells = "".join(f'<th scope="col" style="{LEFT}">{head}</th>' for head in heads)
    return _table(f"<thead><tr>{cells}</tr></thead>\n", rows)


def source_as_text() -> str:
    """What the source says, a paragraph for each statement."""
    return "\n".join(wrapped(f"{id:3}  {says}", hanging=" " * 5) for id, says in SOURCE.items())


def source_as_html() -> str:
    """What the source says, a row for each statement."""
    return _table("", [_row(id, escape(says)) for id, says in SOURCE.items()])


def _quoted(id: str) -> str:
    return f"“{SOURCE[id]}”"


def _with_advice(evidence: Words, advice: str) -> str:
    return escape(str(evidence)) + (f"<br>{advice}" if advice else "")


def _row(head: str, *cells: str, span: int = 1) -> str:
    wide = f' colspan="{span}"' if span > 1 else ""
    columns = "".join(f'<td{wide} style="{LEFT}">{cell}</td>' for cell in cells)
    return f'<tr><th scope="row" style="{LEFT}">{head}</th>{columns}</tr>'


def _table(head: str, rows: Sequence[str]) -> str:
    return f"<table>\n{head}<tbody>\n" + "\n".join(rows) + "\n</tbody>\n</table>"
