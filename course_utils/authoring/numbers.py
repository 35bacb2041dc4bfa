"""Where the course writes numbers, and what binds each of them: `make numbers` counts them.

Prose does not run, so a number in it can rot. Each number with a unit (see ``quantities``) in a
markdown cell, in a figure's title or labels, in an alternative text, in a hint or in the README is

- **computed**: the sentence is an f-string that carries it, or
- **measured**: a stored output of its lesson shows it, with that unit. What stands behind ≈ there
  may move: it binds only a number that says so too (≈, about, nearly …), and only as long as it
  rounds to it: to the last digit written, a number word to 5 %, or
- **given**: a definition, a budget, a setting. ``solutions/given.toml`` lists the phrases that say
  such a thing, lesson by lesson, each with the reason why no run can move it.

Everything else is **loose**, and a rule refuses it. What an output only repeats binds nothing: the
question of a prediction, the sentences of the source, a claim that was not confirmed, and the
alternative text of a picture.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import nbformat
import pandas as pd
from nbformat import NotebookNode

from course_utils.authoring.build import ROOT, outputs, sources
from course_utils.authoring.prose import COMPUTED, README, Place, hints, plain, prose, readme
from course_utils.authoring.quantities import NUMBER, UNITS, Quantity, quantities, units_in
from course_utils.exercises import exercises_of
from course_utils.lesson.syllabus import LESSONS
from course_utils.lesson.text import say

GIVEN = "given.toml"
COMPUTED_NUMBER = re.compile(rf"{COMPUTED} ?(?:{'|'.join(UNITS.values())})")
KINDS = ("computed", "measured", "given", "loose")
ASKED = re.compile(r"^Prediction \d+\.\w+: (?!measured\b).*$", re.MULTILINE)
WAYS_OUT = (
    "Let the sentence carry the output (an f-string that prints it), drop the number, or declare "
    f"its phrase in solutions/{GIVEN} with the reason why it is given."
)


@dataclass(frozen=True)
class Shown:
    """A number in a stored output, the units it may have, and whether it stands behind ≈."""

    value: float
    units: frozenset[str]
    about: bool


# What is shown ------------------------------------------------------------------------------------


def shown(notebook: NotebookNode) -> list[Shown]:
    """The numbers in the stored outputs of a notebook."""
    found: list[Shown] = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found += _in_table(output.data["text/plain"]) if _is_table(output) else []
            for line in _measured_words(output).splitlines():
                found += in_line(line)
    return found


def _is_table(output: NotebookNode) -> bool:
    return (
        "<table" in output.get("data", {}).get("text/html", "")
        and "claims" not in output.get("metadata", {})
        and "claim" not in output.get("metadata", {})
    )


def _measured_words(output: NotebookNode) -> str:
    """What an output says that was measured, without what it only repeats."""
    about = output.get("metadata", {})
    if "claim" in about:
        return about["claim"]["finding"] if about["claim"]["confirmed"] else ""
    data = output.get("data", {})
    if "claims" in about or "image/png" in data or _is_table(output):
        return ""
    return ASKED.sub("", output.get("text") or data.get("text/plain", ""))


def _in_table(text: str) -> list[Shown]:
    """Numbers of a table. One without a unit has those that the heads above it name."""
    head, *lines = text.splitlines() or [""]
    if lines and not re.search(NUMBER, lines[0]):  # the second line names the index
        head += " " + lines.pop(0)
    return in_line(head) + [
        number for line in lines for number in in_line(line, frozenset(units_in(head)))
    ]


def in_line(line: str, units: frozenset[str] = frozenset()) -> list[Shown]:
    """The numbers of one line; ``units``: those that a number without any may have."""
    line = line.translate({ord("\u00a0"): " "})
    with_unit = quantities(re.sub(" +", " ", line))
    found = [Shown(q.value, frozenset({q.unit}), q.about) for q in with_unit]
    units |= units_in(line)
    for match in re.finditer(r"(≈ *)?(?<![\w.])([-+−]?\d[\d,]*(?:\.\d+)?)(?![\w.]*\d)", line):
        value = float(match[2].rstrip(",").replace(",", "").replace("−", "-"))
        if units and not any(q.value == value for q in with_unit):
            found.append(Shown(value, units, match[1] is not None))
    return found


def minutes(lesson: str) -> list[Shown]:
    """The minutes of a lesson and of its exercises: other tests hold the prose to them."""
    if lesson not in (each.number for each in LESSONS):
        return []
    stated = [each.minutes for each in exercises_of(lesson)]
    stated += [each.minutes for each in LESSONS if each.number == lesson]
    return [Shown(float(value), frozenset({"minutes"}), False) for value in stated]


# What binds ---------------------------------------------------------------------------------------


@cache
def given(lesson: str, root: Path = ROOT) -> dict[str, str]:
    """Phrase → reason, for a lesson ("05") or the README; with what is given in every lesson.

    Raises ``ValueError`` for an entry without a reason or without a number.
    """
    path = root / "solutions" / GIVEN
    if not path.exists():
        return {}
    entries = tomllib.loads(path.read_text(encoding="utf-8"))
    for phrase, reason in (pair for part in entries.values() for pair in part.items()):
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(f"{GIVEN}: {phrase!r} needs a reason, one sentence; got {reason!r}.")
        if not quantities(plain(phrase)):
            raise ValueError(f"{GIVEN}: {phrase!r} holds no number with a unit: take it out.")
    return {plain(p): r for p, r in {**entries.get("all", {}), **entries.get(lesson, {})}.items()}


def judged(
    place: Place, outputs: Sequence[Shown], phrases: Iterable[str]
) -> list[tuple[Quantity, str]]:
    """Each number of a piece of prose, with what binds it: one of ``KINDS``."""
    spans = [match.span() for phrase in phrases for match in _standing(phrase, place.words)]
    found = []
    for quantity in quantities(place.words):
        inside = any(a <= quantity.start and quantity.end <= b for a, b in spans)
        measured = any(binds(number, quantity) for number in outputs)
        found.append((quantity, "given" if inside else "measured" if measured else "loose"))
    return found


def binds(number: Shown, quantity: Quantity) -> bool:
    """Whether an output shows this number, up to rounding, and it says that it may move if so."""
    return (
        quantity.unit in number.units
        and abs(number.value - quantity.value) <= quantity.within
        and (quantity.about or not number.about)
    )


def loose(places: Iterable[Place], outputs: Sequence[Shown], phrases: Iterable[str]) -> list[str]:
    """A sentence for each number that nothing binds: the place, the number, and the ways out."""
    found, phrases = [], list(phrases)
    for place in places:
        for quantity, kind in judged(place, outputs, phrases):
            if kind == "loose":
                around = place.words[max(0, quantity.start - 30) : quantity.end + 30].strip()
                why = "no output of the lesson shows it"
                if any(binds(Shown(n.value, n.units, False), quantity) for n in outputs):
                    why = "an output shows it behind ≈ only, so say ≈ or about"
                found.append(
                    f"{place.where} ({place.kind}) states {quantity.text!r} in “…{around}…”, and "
                    f"{why}. {WAYS_OUT}"
                )
    return found


def unused(places: Iterable[Place], phrases: Iterable[str]) -> list[str]:
    """A sentence for each declared phrase that stands nowhere any more."""
    everything = [place.words for place in places]
    return [
        f"solutions/{GIVEN} declares {phrase!r}, which stands nowhere: take it out."
        for phrase in phrases
        if not any(any(_standing(phrase, words)) for words in everything)
    ]


def _standing(phrase: str, words: str) -> Iterator[re.Match]:
    """Where a phrase stands, as whole words, at the start of a sentence, too."""
    return re.finditer(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])", words, re.IGNORECASE)


# The whole course ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Part:
    """A lesson or the README: what it writes, what its outputs show, what is given in it."""

    name: str
    places: list[Place]
    outputs: list[Shown]
    phrases: dict[str, str]

    def loose(self) -> list[str]:
        """A sentence for each number that nothing binds, and for each phrase that is not used."""
        return loose(self.places, self.outputs, self.phrases) + unused(self.places, self.phrases)


def course(root: Path = ROOT) -> list[Part]:
    """The lessons as they are stored, each with the hints of its exercises, and the README."""
    parts = []
    for source in sources(root):
        lesson = source.name[:2]
        notebook = nbformat.read(outputs(source)[0], as_version=4)
        binding = shown(notebook) + minutes(lesson)
        parts.append(Part(lesson, prose(notebook) + hints(lesson), binding, given(lesson, root)))
    everything = [number for part in parts for number in part.outputs]
    return [*parts, Part(README, readme(root), everything, given(README, root))]


def counts(parts: Iterable[Part]) -> pd.DataFrame:
    """How many numbers stand where, and what binds them: a row for each part and kind of place."""
    rows = [
        {"part": part.name, "where": place.kind, "bound": kind, "numbers": 1}
        for part in parts
        for place in part.places
        for kind in (
            *(kind for _, kind in judged(place, part.outputs, part.phrases)),
            *["computed"] * len(COMPUTED_NUMBER.findall(place.words)),
        )
    ]
    table = pd.DataFrame(rows, columns=["part", "where", "bound", "numbers"]).pivot_table(
        "numbers", ["part", "where"], "bound", "sum", fill_value=0
    )
    table = table.reindex(columns=[*KINDS], fill_value=0)
    table.loc[("all", ""), :] = table.sum()
    return table.assign(numbers=table.sum(axis=1)).astype(int)


def main(root: Path = ROOT) -> int:
    """Print the counts and each loose number. Returns the exit status: 1 if one is loose."""
    parts = course(root)
    say(counts(parts).to_string())
    found = [line for part in parts for line in part.loose()]
    for line in found:
        print(line, file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
