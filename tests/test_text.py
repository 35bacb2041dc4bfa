"""How the course prints: lines of readable length, on any code page."""

import ast
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import pytest

import course_utils
from course_utils.exercises import lesson01 as ex
from course_utils.lesson import claim, environment, predict, progress
from course_utils.lesson.text import WIDTH, say, wrapped

PACKAGE = Path(course_utils.__file__).parent
SHIPPED = PACKAGE / "shipped"  # programs that leave the course, and set their output to UTF-8
SOURCES = sorted(each for each in PACKAGE.rglob("*.py") if each.parent != SHIPPED)
TALK = ("lesson", "exercises", "authoring")  # the rooms that print what may hold any letter
CODE_PAGES = ("cp1252", "gbk", "ascii", "latin-1", "cp437", "utf-8")


@pytest.mark.parametrize("sign", "%×")
@pytest.mark.parametrize("before", range(WIDTH - 6, WIDTH + 1))
def test_a_number_keeps_its_sign(before, sign):
    lines = wrapped("x" * before + f" 99 {sign} more", hanging="  ").splitlines()
    assert any(f"99 {sign}" in line for line in lines)
    assert max(map(len, lines)) <= WIDTH
    assert " ".join(" ".join(lines).split()) == "x" * before + f" 99 {sign} more"


def test_what_has_lines_of_its_own_keeps_them():
    code = "def f(x):\n    return x" + " + x" * WIDTH
    assert wrapped(code) == code


@contextmanager
def output_in(encoding: str, errors: str = "strict") -> Iterator[Callable[[], str]]:
    """An output with a code page of its own; yields a function that says what was printed."""
    stream = io.TextIOWrapper(
        io.BytesIO(), encoding=encoding, errors=errors, newline="\n", write_through=True
    )
    with redirect_stdout(stream):
        yield lambda: stream.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("encoding", CODE_PAGES)
class TestCodePages:
    @pytest.mark.parametrize("text", ["✓ right", "≈ 3 × 28", "Müller 微调", "half \ud83d", ""])
    def test_what_it_has_is_printed_and_the_rest_is_marked(self, text, encoding):
        with output_in(encoding) as printed:
            say(text)
        expected = "".join(
            letter if letter == letter.encode(encoding, "replace").decode(encoding) else "?"
            for letter in text
        )
        assert printed() == expected + "\n"

    def test_what_the_learner_reads_stops_nothing(self, encoding, monkeypatch, tmp_path):
        with output_in(encoding) as printed:
            self.read_it_all(monkeypatch, tmp_path)
        for word in ("not confirmed", "Prediction 2.1: measured", "exercise", "ready", "be saved"):
            assert word in printed()

    def read_it_all(self, monkeypatch, tmp_path):
        claim("2.a", "90 % ≈ ⅒ of W ⊙ M", False)
        predict("2.1", "微调 ≥ 3?").compare("≥")
        predict("2.1", "微调?", 3, unit="×").compare(4)
        predict("2.1", "微调?", unit="×")
        exercise = getattr(ex, ex.__all__[0])
        exercise.check(None)
        exercise.check(exercise.reference)
        exercise.check(lambda *_: None)
        exercise.hint()
        environment.report()
        monkeypatch.setenv("PRUNING_COURSE_HOME", os.devnull + "/微调")
        progress.record_check("2.1", "right")
        assert progress.export(tmp_path / "微调.json") is None


def test_what_the_learner_set_for_letters_that_are_missing_counts():
    with output_in("ascii", "backslashreplace") as printed:
        say("≈")
    assert printed() == "\\u2248\n"


def test_without_any_output_nothing_is_said():
    """As in a program on Windows that has no console."""
    with redirect_stdout(None):
        say("≈")


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "ascii"])
def test_the_desk_on_any_code_page(encoding, tmp_path):
    """First start, newer edition, refusal and help, from a folder with a name of many letters."""
    root = tmp_path / "Müller 微调"
    leave = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, root / "course_utils", ignore=leave)
    (root / "notebooks").mkdir()
    shutil.copy(PACKAGE.parent / "notebooks" / "00_start_here.ipynb", root / "notebooks")
    settings = {**os.environ, "PYTHONPATH": str(root), "PYTHONIOENCODING": encoding}

    def run(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "course_utils.lesson.desk", "--no-lab", *arguments]
        done = subprocess.run(command, cwd=root, env=settings, capture_output=True)
        assert b"Traceback" not in done.stderr
        return done.returncode, (done.stdout + done.stderr).decode(encoding)

    status, said = run()
    assert (status, "Copied to my_notebooks: 00_start_here" in said) == (0, True)
    lesson = root / "my_notebooks" / "00_start_here.ipynb"
    text = lesson.read_text(encoding="utf-8")
    (was,) = {line for line in text.splitlines() if '"source": "' in line and len(line) > 64}
    older = text.replace(was, was.replace('source": "', 'source": "old'))
    lesson.write_text(older, encoding="utf-8")
    status, said = run()
    assert (status, "a newer edition of 00_start_here" in said) == (0, True)
    assert run("--into", str(root / "微调"))[0] == 0
    assert run("--into", str(root / "notebooks" / "微调"))[0] == 1
    assert run("--help")[0] == 0


def prints(source: Path) -> list[ast.Call]:
    """The calls of ``print`` in a module."""
    return [
        node
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]


def test_the_library_prints_only_what_every_code_page_has():
    for source in SOURCES:
        if source.relative_to(PACKAGE).parts[0] in TALK:
            continue
        for call in prints(source):
            texts = (n.value for n in ast.walk(call) if isinstance(n, ast.Constant))
            assert "".join(text for text in texts if isinstance(text, str)).isascii(), source


def test_all_others_print_with_say_alone():
    found = {
        str(source.relative_to(PACKAGE)): len(calls)
        for source in SOURCES
        if source.relative_to(PACKAGE).parts[0] in TALK
        # An error goes to stderr, which has a way out of its own for letters that are missing.
        and (calls := [each for each in prints(source) if "stderr" not in ast.unparse(each)])
    }
    assert found == {"lesson/text.py": 2}
