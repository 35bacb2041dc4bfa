"""What the course prints: on any code page, in lines of readable length."""

import re
import sys
import textwrap

WIDTH = 86  # letters that fit, indented, in a window of 1150 px beside the open list of files
NO_BREAK = "\N{NO-BREAK SPACE}"
LEFT = "text-align: left; vertical-align: top; white-space: normal"  # a cell of prose in a table


def say(text: object, flush: bool = False) -> None:
    """Print ``text``; a sign that the page of codes in use does not have becomes "?".

    In a notebook every sign is there. A terminal, pipe or file on Windows may know a few hundred,
    and ``print`` would then stop the lesson with a ``UnicodeEncodeError``.
    """
    try:
        print(text, flush=flush)
    except UnicodeEncodeError:  # raised before anything of it was written
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        print(str(text).encode(encoding, "replace").decode(encoding), flush=flush)


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


def fraction_for_per_cent(value: float | str, unit: str) -> str | None:
    """A question back where 0.4 was given in %: possible, but 40 % is more often meant."""
    if unit == "%" and not isinstance(value, str) and 0 < value < 1:
        return f"Did you mean {100 * value:g} %?"
    return None


def show(text: str, html: str, about: dict) -> None:
    """Show ``html`` in a notebook, with ``text`` for all who see none; print ``text`` elsewhere.

    ``about``: what to store with the output for the tools of the course; no reader sees it.
    """
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        from IPython.display import display  # slow to import, and here only where it is there

        display({"text/plain": text, "text/html": html}, metadata=about, raw=True)
    else:
        say(text)
