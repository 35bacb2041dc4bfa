"""The rooms of the library explain themselves: the table of modules, and imports at the top."""

import ast
import importlib
import re
from pathlib import Path

import pytest

import course_utils

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "course_utils"
ROW = re.compile(r"^``(\w+)`` +(\S.*?) {2,}(\d\d)$", re.MULTILINE)
TABLE = {name: (purpose, lesson) for name, purpose, lesson in ROW.findall(course_utils.__doc__)}
LIBRARY = sorted(path.stem for path in PACKAGE.glob("[a-z]*.py"))


def lessons_by_module() -> dict[str, str]:
    """Library module → the first lesson that uses something defined in it, by whatever name."""
    first: dict[str, str] = {}
    for source in sorted((ROOT / "solutions").glob("[0-9][0-9]_*.py"), reverse=True):
        for module, attribute in used_by(source):
            library = importlib.import_module(f"course_utils.{module}")
            if not hasattr(library, attribute):  # a variable of the lesson has this name, too
                continue
            home = getattr(getattr(library, attribute), "__module__", library.__name__)
            for name in {module, home.removeprefix("course_utils.")}:
                first[name] = source.name[:2]
    return first


def used_by(source: Path) -> set[tuple[str, str]]:
    """What a lesson takes from the library, as (module, name): every ``masks.sparsity``."""
    return {
        (node.value.id, node.attr)
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in LIBRARY
    }


def test_the_table_names_every_module_of_the_library():
    assert sorted(TABLE) == LIBRARY


def test_the_table_names_the_lesson_that_first_uses_a_module():
    assert {name: lesson for name, (_, lesson) in TABLE.items()} == {
        name: lesson for name, lesson in lessons_by_module().items() if name in LIBRARY
    }


def test_every_room_is_named_and_says_what_it_is_for():
    for room in sorted(path.parent for path in PACKAGE.glob("*/__init__.py")):
        assert f"``{room.name}``" in course_utils.__doc__
        module = importlib.import_module(f"course_utils.{room.name}")
        assert module.__doc__, room


def test_every_exercise_has_a_file_of_its_own():
    for folder in sorted((PACKAGE / "exercises").glob("lesson*")):
        lesson = importlib.import_module(f"course_utils.exercises.{folder.name}")
        files = {path.stem for path in folder.glob("ex*.py")}
        exercises = (getattr(lesson, name) for name in lesson.__all__)
        assert files == {f"ex{each.id.split('.')[1]}_{each.name}" for each in exercises}


SOURCES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_an_import_inside_a_function_says_why(path):
    """It saves start-up time or must come late; it never gets round a circle."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "  # " in lines[node.end_lineno - 1], f"{path}:{node.lineno}"
