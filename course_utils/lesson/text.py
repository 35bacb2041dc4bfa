"""Lines of readable length, for what the course prints below a cell."""

import re
import textwrap

WIDTH = 86  # letters that fit, indented, in a window of 1150 px beside the open list of files
NO_BREAK = "\N{NO-BREAK SPACE}"


def wrapped(text: str, hanging: str = "") -> str:
    """Prose in lines of at most ``WIDTH`` letters, the second and later ones behind ``hanging``.

    A number keeps its % or ×. What has lines of its own (code, a mask) keeps them.
    """
    if "\n" in text:
        return textwrap.dedent(text).strip("\n").rstrip()
    text = re.sub(" ([%×])", rf"{NO_BREAK}\1", text)
    lines = textwrap.fill(text, WIDTH, subsequent_indent=hanging)
    return lines.replace(NO_BREAK, " ")


def in_words(answer: float | str, unit: str) -> str:
    """ "80 %", "3 rows" or "global"."""
    value = answer if isinstance(answer, str) else f"{answer:g}"
    return f"{value} {unit}".strip()
