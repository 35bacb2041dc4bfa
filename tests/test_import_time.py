"""What an import brings along: nothing heavy before it is used."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = sorted(path.stem for path in (ROOT / "course_utils").glob("[a-z]*.py"))
TABLES = {"pandas", "scipy", "sklearn", "mlxtend"}
PICTURES = {"matplotlib", "IPython"}


def imported_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after ``code``."""
    code = f"import sys; {code}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    return set(done.stdout.split())


def test_the_package_alone_costs_next_to_nothing():
    loaded = imported_by("import course_utils")
    assert "course_utils" in loaded
    assert not loaded & (TABLES | PICTURES | {"torch", "numpy"})


def test_the_library_needs_no_tables_and_no_pictures():
    """All of its modules but plotting together: what one of them loaded would be seen here."""
    modules = [name for name in LIBRARY if name != "plotting"]
    loaded = imported_by(f"from course_utils import {', '.join(modules)}")
    assert {"torch", "tqdm"} <= loaded
    # setuptools: what torch.utils.benchmark brings along
    assert not loaded & (TABLES | PICTURES | {"setuptools"})


def test_plotting_needs_no_tables():
    loaded = imported_by("from course_utils import plotting")
    assert "matplotlib" in loaded
    assert not loaded & TABLES


def test_what_makes_tables_needs_no_pictures():
    modules = ("claims", "predictions", "progress")
    loaded = imported_by(f"from course_utils.lesson import {', '.join(modules)}")
    assert not loaded & (PICTURES | {"sklearn", "mlxtend"})


def test_the_desk_starts_with_what_it_needs():
    """JupyterLab takes long enough: nothing else of weight comes before its copies are made."""
    loaded = imported_by("from course_utils.lesson import desk")
    heavy = {"torch", "numpy", "pandas", "scipy", "ipywidgets", "jupyterlab", "jupyter_core"}
    assert not loaded & (TABLES | PICTURES | heavy)
