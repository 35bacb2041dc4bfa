"""What an import brings along: nothing heavy before it is used."""

import subprocess
import sys

import pytest

LATER = {"matplotlib", "sklearn", "mlxtend", "IPython"}


def imported_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after ``code``."""
    code = f"import sys; {code}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    return set(done.stdout.split())


def test_the_package_alone_costs_next_to_nothing():
    loaded = imported_by("import course_utils")
    assert "course_utils" in loaded
    assert not loaded & (LATER | {"pandas", "torch", "numpy"})


@pytest.mark.parametrize("module", ["data", "models", "training", "scores", "masks"])
def test_no_module_needs_more_than_it_uses(module):
    loaded = imported_by(f"from course_utils import {module}")
    assert "torch" in loaded
    assert not loaded & (LATER | {"pandas"})


def test_all_of_them_together_neither():
    loaded = imported_by("from course_utils import data, models, training, scores, masks")
    assert not loaded & (LATER | {"pandas"})


@pytest.mark.parametrize(
    "module", ["pruning", "measure", "lesson.claims", "lesson.predictions", "lesson.progress"]
)
def test_what_makes_tables_needs_no_pictures(module):
    assert not imported_by(f"import course_utils.{module}") & LATER
