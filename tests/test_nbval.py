"""nbval itself: green is green, and red is red."""

import configparser
import re
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_utils.authoring import build
from course_utils.lesson import claims
from course_utils.lesson.claims import OUTCOMES, time_claim

SANITIZER = build.ROOT / "tests" / "nbval_sanitize.cfg"


def sanitized(text):
    config = configparser.ConfigParser(interpolation=None)
    config.read(SANITIZER, encoding="utf-8")
    for section in config.sections():
        text = re.sub(config[section]["regex"], config[section]["replace"], text)
    return text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("accuracy ≈ 94.6 %", "accuracy ≈ 3 %"),
        ("≈   4.6 %", "≈ 100.0 %"),
        ("  ≈ 1,234", "≈ 9"),
        ("≈ -0.60 points", "≈  0.18 points"),
        ("≈ 1.2e-05 s", "≈ 3 s"),
        ("<td>≈&nbsp;&nbsp;0.99 ×</td>", "<td>≈ 12.01 ×</td>"),
        ("≈ ✓ 3.g measured: faster", "≈ ✗ 3.g not confirmed here: faster"),
        ("  Evidence: ≈ ✓ measured: faster", "  Evidence: ≈ ? not decided here: faster"),
        ("<td>≈ ✓ holds when small</td>", "<td>≈ ✗ none; with a ✓: holds when small</td>"),
        (
            "Verdict:  ≈ ✓ does not hold here",
            "Verdict:  ≈ ? none yet; with a ✓: does not hold here",
        ),
        (
            "✓ 1.d measured: same\n≈ ✓ S5 measured: faster",
            "✓ 1.d measured: same\n≈ ? S5 not decided here: faster",
        ),
    ],
)
def test_only_the_number_behind_the_sign_may_differ(one, other):
    assert sanitized(one) == sanitized(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("94.6 %", "94.7 %"),
        ("≈ 94.6 %", "≈ 94.6 s"),
        ("≈ nan", "≈ 1.0"),
        ("≈ inf", "≈ 1.0"),
        ("≈ 1.0", "1.0"),
        ("≈ 1 2", "≈ 1 3"),
        ("✓ S15 ≈ 1", "✗ S15 ≈ 1"),
        ("≈ 1\n2", "≈ 1\n3"),
        ("≈ ✓ 3.g measured: faster", "≈ ✓ 3.g measured: slower"),
        ("≈ ✓ 3.g measured: faster", "≈ ✓ 3.h measured: faster"),
        ("≈ ✓ 3.g measured: faster", "✓ 3.g measured: faster"),
        ("≈ ✓ holds when small", "≈ ✗ none; with a ✓: holds when large"),
        ("≈ ✓ holds when small", "≈ ✓ does not hold when small"),
        ("≈ ✓ holds when small", "holds when small"),
        ("✓ 1.d measured: same", "✗ 1.d not confirmed on this machine: same"),
        ("✓ 1.d measured: ≈ 1", "✗ 1.d not confirmed here: ≈ 1"),
        (
            "≈ ✓ 3.g measured: it\n✓ 1.d measured: same",
            "≈ ✓ 3.g measured: it\n✗ 1.d measured: same",
        ),
    ],
)
def test_everything_else_must_agree(one, other):
    assert sanitized(one) != sanitized(other)


def test_the_outcome_of_a_claim_about_time_may_differ_and_nothing_else(capsys):
    """The rules for nbval and what is printed are two files; this holds them together."""
    seen = set()
    for answer in OUTCOMES:
        for finding in ("the net is faster", "the net is faster " * 9):
            time_claim("3.g", finding, answer)
            time_claim("S5", finding, answer, verdict="holds when the filters are removed")
        seen.add(sanitized(capsys.readouterr().out))
    (text,) = seen
    assert text.count("judged: the net is faster") == 4
    assert text.count("The source says") == 2
    assert text.count("if so: holds when the filters are removed") == 2
    assert not re.search("[✓✗?]|measured|decided|confirmed|none|Run this cell", text)


def test_the_html_and_the_closing_table_differ_in_nothing_else_either(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.get_ipython", lambda: "a notebook")
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    seen = {"text/html": set(), "text/plain": set()}
    for answer in OUTCOMES:
        monkeypatch.setattr(claims, "_made", {})
        time_claim("3.g", "the net is faster " * 9, answer)
        time_claim("S5", "the net is faster", answer, verdict="holds when filters go")
        claims.what_you_measured()
        for kind, texts in seen.items():
            texts.add("".join(sanitized(data[kind]) for data in shown))
        shown.clear()
    for texts in seen.values():
        (text,) = texts
        assert text.count("if so: holds when filters go") == 2
        assert not re.search("[✓✗?]|measured(?! *<| on)|decided|confirmed|none|Run this cell", text)


@pytest.fixture(scope="module")
def beginning():
    """A small lesson with its outputs: a digit, a number behind the sign, the mark of a check."""
    lines = ("LeNet: 266,610 parameters", "test accuracy ≈ 94.6 %", "✓ Exercise 0.1 is right")
    cells = [
        new_code_cell(
            f"print({line!r})",
            outputs=[new_output("stream", name="stdout", text=f"{line}\n")],
            execution_count=count,
        )
        for count, line in enumerate(lines, 1)
    ]
    kernel = {"name": "python3", "display_name": "Python 3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def change(notebook, old, new):
    """A copy with ``old`` replaced by ``new`` in the one stored output that holds it."""
    changed = nbformat.from_dict(notebook)
    holders = [
        output
        for cell in changed.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if re.search(old, output.get("text", ""))
    ]
    holders[0].text = re.sub(old, new, holders[0].text, count=1)
    return changed


CHANGES = {
    "as it is": (None, None, True),
    "a digit": (r"266,610", "266,611", False),
    "a number behind the sign": (r"test accuracy ≈ [\d.]+", "test accuracy ≈ 12.3", True),
    "the sign dropped": (r"test accuracy ≈ ", "test accuracy ", False),
    "the mark of a claim": (r"✓ Exercise", "✗ Exercise", False),
}


def test_red_is_red_and_green_is_green(beginning, tmp_path):
    for name, (old, new, _) in CHANGES.items():
        notebook = beginning if old is None else change(beginning, old, new)
        nbformat.write(notebook, tmp_path / f"{name.replace(' ', '-')}.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval", "-c", str(build.ROOT / "pyproject.toml")]
    command += [
        "--rootdir", str(tmp_path), "--nbval-sanitize-with", str(SANITIZER), "-q",
        "-p", "no:cacheprovider", str(tmp_path),
    ]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True, cwd=build.ROOT, encoding="utf-8")
    failed = set(re.findall(r"^FAILED (\S+?)\.ipynb::", run.stdout, flags=re.MULTILINE))
    failed = {name.rpartition("/")[2] for name in failed}
    wanted = {n.replace(" ", "-") for n, (_, _, green) in CHANGES.items() if not green}
    assert failed == wanted, run.stdout[-3000:] + run.stderr
    assert re.search(rf"\b{len(wanted)} failed, 12 passed\b", run.stdout), run.stdout[-3000:]
