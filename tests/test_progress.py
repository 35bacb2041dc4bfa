"""The learner's record: one small file that no accident destroys and that never stops a lesson."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from course_utils.lesson import progress

EMPTY = {"version": 1, "exercises": {}, "predictions": {}, "claims": {}}


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A folder of the test's own in which the record is a real file."""
    monkeypatch.setenv("PRUNING_COURSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def file(home) -> Path:
    return home / "progress.json"


def names(folder: Path) -> set[str]:
    """The files in ``folder`` besides the lock."""
    return {path.name for path in folder.iterdir()} - {"progress.lock"}


class TestPlace:
    def test_in_the_folder_that_is_named(self, file):
        progress.record_check("2.1", "wrong")
        assert progress.location() == file
        assert names(file.parent) == {"progress.json"}

    def test_the_sign_for_the_home_folder_is_understood(self, monkeypatch):
        monkeypatch.setenv("PRUNING_COURSE_HOME", "~/record")
        assert progress.location() == Path.home() / "record" / "progress.json"

    @pytest.mark.parametrize("value", [None, ""])
    def test_otherwise_in_the_data_folder_of_the_user(self, monkeypatch, value):
        if value is None:
            monkeypatch.delenv("PRUNING_COURSE_HOME")
        else:
            monkeypatch.setenv("PRUNING_COURSE_HOME", value)
        assert progress.location().is_absolute()
        assert progress.location().parts[-2:] == ("pruning-measured", "progress.json")

    def test_in_memory_no_file_is_written(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        progress.record_check("2.1", "right")
        progress.record_hint("2.1", 1)
        assert progress.location() is None
        assert progress.load()["exercises"]["2.1"]["outcome"] == "right"
        assert list(tmp_path.iterdir()) == []
        assert progress.reset() is None
        assert progress.load() == EMPTY

    def test_reading_writes_nothing(self, home):
        assert progress.load() == EMPTY
        assert not home.exists()

    def test_is_text_that_a_person_can_read(self, file):
        progress.record_prediction("2.1", "Wie groß ist ‖w‖₂?", 3, None)
        assert "Wie groß ist ‖w‖₂?" in file.read_text(encoding="utf-8")


@pytest.fixture(params=["in memory", "in a file"])
def anywhere(request) -> None:
    """The rules are the same in memory and in a file."""
    if request.param == "in a file":
        request.getfixturevalue("home")


@pytest.mark.usefixtures("anywhere")
class TestExercises:
    def entry(self) -> dict:
        return progress.load()["exercises"].get("2.1", {})

    def test_attempts_are_counted(self):
        for outcome in ("wrong", "crashed", "wrong"):
            progress.record_check("2.1", outcome)
        assert self.entry() == {"attempts": 3, "outcome": "wrong"}

    def test_right_stays_right(self):
        progress.record_check("2.1", "wrong")
        progress.record_check("2.1", "right")
        solved = self.entry()
        assert (solved["attempts"], solved["outcome"]) == (2, "right")
        assert solved["solved"]
        for outcome in ("wrong", "crashed", "right", "not attempted"):
            progress.record_check("2.1", outcome)
            assert self.entry() == solved

    def test_an_open_exercise_leaves_no_trace(self):
        progress.record_check("2.1", "not attempted")
        assert progress.load() == EMPTY

    def test_an_outcome_that_does_not_exist(self):
        with pytest.raises(ValueError, match="'maybe' does not exist; allowed: not attempted, r"):
            progress.record_check("2.1", "maybe")

    def test_the_most_hints_seen_count(self):
        for shown in (1, 2, 1):
            progress.record_hint("2.1", shown)
        assert self.entry() == {"hints": 2}

    def test_hints_and_the_solution_stand_beside_the_outcome(self):
        progress.record_hint("2.1", 1)
        progress.record_solution("2.1")
        progress.record_check("2.1", "wrong")
        progress.record_check("2.2", "wrong")
        assert self.entry() == {
            **{"hints": 1, "solution_seen": True, "attempts": 1, "outcome": "wrong"}
        }

    def test_changing_what_was_loaded_changes_no_record(self):
        progress.record_check("2.1", "right")
        loaded = progress.load()
        loaded["exercises"]["2.1"]["outcome"] = "wrong"
        loaded["exercises"].clear()
        assert self.entry()["outcome"] == "right"


class TestAllOrNothing:
    @pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
    def test_a_write_that_fails_leaves_the_old_file_whole(self, file, monkeypatch, error):
        progress.record_check("2.1", "right")
        before = file.read_bytes()

        def fail(*_):
            raise error

        with monkeypatch.context() as broken:
            broken.setattr("os.replace", fail)
            if isinstance(error, OSError):
                progress.record_check("2.2", "right")
            else:
                with pytest.raises(KeyboardInterrupt):
                    progress.record_check("2.2", "right")
        assert file.read_bytes() == before
        assert names(file.parent) == {"progress.json"}
        progress.record_check("2.2", "right")
        assert set(progress.load()["exercises"]) == {"2.1", "2.2"}

    def test_processes_that_write_at_once_lose_nothing(self, home):
        code = (
            "import sys; from course_utils.lesson import progress\n"
            "for i in range(20): progress.record_check(f'{sys.argv[1]}.{i}', 'wrong')\n"
            "for _ in range(20): progress.record_check('shared', 'wrong')"
        )
        command = [sys.executable, "-c", code]
        writers = [
            subprocess.Popen([*command, each], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            for each in "ab"
        ]
        assert [writer.communicate()[0] for writer in writers] == [b"", b""]
        assert [writer.returncode for writer in writers] == [0, 0]
        exercises = progress.load()["exercises"]
        assert len(exercises) == 41
        assert exercises["shared"]["attempts"] == 40
        assert names(home) == {"progress.json"}


class TestDamage:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"\xff\xfe\x00",
            b"null",
            b"[]",
            b"3",
            b'"text"',
            b'{"exercises": []}',
            b'{"exercises": {"2.1": "right"}}',
            b'{"exercises": {"2.1": {"outcome": "perhaps"}}}',
            b'{"exercises": {"2.1": {"outcome": ["right"]}}}',
            b'{"exercises": {"2.1": {"attempts": "three"}}}',
            b'{"exercises": {"2.1": {"hints": null}}}',
            b'{"predictions": null}',
            b'{"claims": {"it is so": 1}}',
            b"[" * 100_000,
        ],
        ids=lambda content: content[:50].decode(errors="replace"),
    )
    def test_is_set_aside_and_the_lesson_goes_on(self, file, capsys, content):
        file.parent.mkdir()
        file.write_bytes(content)
        progress.record_check("2.1", "wrong")
        progress.record_hint("2.1", 1)
        assert progress.load()["exercises"]["2.1"]["attempts"] == 1
        (aside,) = file.parent.glob("progress.damaged-*.json")
        assert aside.read_bytes() == content
        assert capsys.readouterr().out == (
            f"Your progress file was damaged; it is kept as {aside.name}. A new one begins.\n"
        )

    def test_loading_alone_sets_it_aside_too(self, file):
        file.parent.mkdir()
        file.write_text("{", encoding="utf-8")
        assert progress.load() == EMPTY
        assert len(names(file.parent)) == 1

    def test_twice_keeps_both(self, file):
        file.parent.mkdir()
        for content in ("{", "["):
            file.write_text(content, encoding="utf-8")
            progress.load()
        kept = {
            path.read_text(encoding="utf-8") for path in file.parent.glob("progress.damaged-*.json")
        }
        assert kept == {"{", "["}

    def test_that_cannot_be_set_aside_does_not_stop_the_lesson(self, file, capsys, monkeypatch):
        file.parent.mkdir()
        file.write_text("{", encoding="utf-8")
        monkeypatch.setattr(Path, "replace", refuse)
        assert progress.load() == EMPTY
        progress.record_check("2.1", "right")
        assert "The lesson goes on." in capsys.readouterr().out

    def test_a_file_from_a_newer_course_with_more_in_it_is_read(self, file):
        file.parent.mkdir()
        file.write_text(
            '{"exercises": {"9.9": {"outcome": "right", "mood": "good"}}, "more": 1}',
            encoding="utf-8",
        )
        assert progress.load()["exercises"]["9.9"]["outcome"] == "right"
        assert names(file.parent) == {"progress.json"}


def refuse(*_, **__):
    raise PermissionError(13, "Permission denied")


class TestNotWritable:
    """Said once, and the lesson goes on."""

    def test_the_file(self, home, capsys, monkeypatch):
        monkeypatch.setattr("os.replace", refuse)
        for _ in range(3):
            progress.record_check("2.1", "right")
        assert capsys.readouterr().out == (
            "Your progress could not be saved (PermissionError). The lesson goes on.\n"
        )
        assert progress.load() == EMPTY

    def test_the_folder(self, capsys, monkeypatch):
        monkeypatch.setenv("PRUNING_COURSE_HOME", os.devnull + "/folder")
        progress.record_check("2.1", "right")
        assert capsys.readouterr().out.count("could not be saved") == 1
        assert progress.load()["exercises"] == {}

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
    def test_a_folder_that_is_really_read_only(self, home, capsys):
        home.mkdir(mode=0o500)
        progress.record_check("2.1", "right")
        assert "could not be saved (PermissionError)" in capsys.readouterr().out
        assert progress.load() == EMPTY

    def test_the_lock_is_held_by_another(self, file, capsys, monkeypatch):
        monkeypatch.setattr(
            progress, "_lock", lambda path: FileLock(path.with_suffix(".lock"), timeout=0.05)
        )
        file.parent.mkdir()
        with FileLock(file.with_suffix(".lock"), is_singleton=False):
            progress.record_check("2.1", "right")
        assert "could not be saved (Timeout)" in capsys.readouterr().out
        progress.record_check("2.1", "right")
        assert progress.load()["exercises"]["2.1"]["outcome"] == "right"

    def test_the_file_cannot_be_read(self, file, capsys, monkeypatch):
        progress.record_check("2.1", "right")
        with monkeypatch.context() as broken:
            broken.setattr(Path, "read_text", refuse)
            assert progress.load() == EMPTY
            progress.record_check("2.2", "right")
        assert "The lesson goes on." in capsys.readouterr().out
        assert progress.load()["exercises"]["2.1"]["outcome"] == "right"


class TestOfTheLearner:
    def test_reset_keeps_the_old_record_aside(self, file):
        progress.record_check("2.1", "right")
        before = file.read_bytes()
        aside = progress.reset()
        assert aside.parent == file.parent
        assert aside.name.startswith("progress.before-reset-")
        assert aside.read_bytes() == before
        assert progress.load() == EMPTY

    def test_reset_of_nothing(self, home):
        assert progress.reset() is None
        home.mkdir(exist_ok=True)
        assert progress.reset() is None

    @pytest.mark.parametrize("kind", [str, Path])
    def test_export_writes_a_copy_anywhere(self, file, tmp_path, kind):
        progress.record_check("2.1", "right")
        target = tmp_path / "handed" / "in.json"
        assert progress.export(kind(target)) == target
        assert json.loads(target.read_text(encoding="utf-8")) == progress.load()
        assert names(target.parent) == {"in.json"}

    def test_export_from_memory(self, tmp_path):
        progress.record_check("2.1", "right")
        exported = json.loads(progress.export(tmp_path / "out.json").read_text(encoding="utf-8"))
        assert exported["exercises"]["2.1"]["outcome"] == "right"


class TestPeek:
    def test_reads_what_load_reads(self, file):
        assert progress.peek() == EMPTY
        progress.record_check("2.1", "right")
        assert progress.peek() == progress.load() != EMPTY

    def test_reads_memory(self):
        progress.record_check("2.1", "right")
        assert progress.peek() == progress.load() != EMPTY

    def test_damage_is_left_alone_in_silence(self, file, capsys):
        file.parent.mkdir()
        file.write_text("{", encoding="utf-8")
        assert progress.peek() is None
        assert file.read_text(encoding="utf-8") == "{"
        assert capsys.readouterr().out == ""

    def test_a_file_that_cannot_be_read(self, file, monkeypatch):
        progress.record_check("2.1", "right")
        monkeypatch.setattr(Path, "read_text", refuse)
        assert progress.peek() is None
