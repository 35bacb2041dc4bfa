"""The learner's record: one small file that no accident destroys and that never stops a lesson."""

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from filelock import FileLock

from course_utils.lesson import claim, predict, progress

EMPTY = {"version": 1, "exercises": {}, "predictions": {}, "claims": {}}
POSIX = pytest.mark.skipif(os.name != "posix", reason="links, locks and modes are those of POSIX")
AS_NOBODY = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups", sys.executable]
UNREADABLE = 77
# All that touches the record.
EVERYTHING = (
    "import sys\n"
    "try: from course_utils.lesson import claim, predict, progress\n"
    f"except (ImportError, OSError): sys.exit({UNREADABLE})\n"
    "claim('2.a', 'x', True); predict('2.1', 'How many?', 3)\n"
    "progress.record_check('2.1', 'right'); progress.record_hint('2.1', 1)\n"
    "progress.load(), progress.peek(), progress.export(sys.argv[1]), progress.reset()"
)


def without_rights(home: str | None, target: Path) -> subprocess.CompletedProcess:
    """All of :data:`EVERYTHING`, by a user who is only a number and has no home folder."""
    if os.name != "posix" or os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("only root can start a process as another user, with setpriv")
    environment = {n: v for n, v in os.environ.items() if n not in ("HOME", progress.HOME)}
    environment |= {} if home is None else {progress.HOME: home}
    command = [*AS_NOBODY, "-c", EVERYTHING, str(target)]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode == UNREADABLE:
        pytest.skip("another user cannot read this installation")
    return done


def do_everything(target: Path) -> None:
    """The same in this process; a test then looks at what is left."""
    claim("2.a", "x", True)
    predict("2.1", "How many?", 3).compare(4.0)
    progress.record_check("2.1", "right")
    progress.record_hint("2.1", 1)
    progress.record_solution("2.1")
    progress.load()
    progress.peek()
    progress.export(target)
    progress.reset()


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
            f"Your progress could not be saved (Permission denied: {home / 'progress.json'}). "
            f"The lesson goes on.\n{progress.WAY_OUT}\n"
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
        assert "could not be saved (Permission denied" in capsys.readouterr().out
        assert progress.load() == EMPTY

    def test_the_lock_is_held_by_another(self, file, capsys, monkeypatch):
        monkeypatch.setattr(
            progress, "_lock", lambda path: FileLock(path.with_suffix(".lock"), timeout=0.05)
        )
        file.parent.mkdir()
        with FileLock(file.with_suffix(".lock"), is_singleton=False):
            progress.record_check("2.1", "right")
        assert "could not be saved (Another lesson is writing it" in capsys.readouterr().out
        progress.record_check("2.1", "right")
        assert progress.load()["exercises"]["2.1"]["outcome"] == "right"

    def test_the_file_cannot_be_read(self, file, capsys, monkeypatch):
        progress.record_check("2.1", "right")
        with monkeypatch.context() as broken:
            broken.setattr(Path, "read_bytes", refuse)
            assert progress.load() == EMPTY
            progress.record_check("2.2", "right")
        assert "The lesson goes on." in capsys.readouterr().out
        assert progress.load()["exercises"]["2.1"]["outcome"] == "right"


class TestWithoutAHome:
    """Kept in memory, and said once."""

    def no_home(self, *_):
        raise RuntimeError("could not determine the home directory")

    @pytest.mark.parametrize("folder", [no_home, lambda *_: Path("~/.local/share")])
    def test_the_record_is_kept_in_memory(self, folder, monkeypatch, capsys, tmp_path):
        """Versions of platformdirs differ: one raises, one hands the sign for the home back."""
        monkeypatch.delenv(progress.HOME)
        monkeypatch.setattr(progress, "user_data_path", folder)
        monkeypatch.chdir(tmp_path)
        progress.record_check("2.1", "right")
        progress.record_hint("2.1", 1)
        assert progress.location() is None
        assert progress.load()["exercises"]["2.1"]["outcome"] == "right"
        assert progress.export(tmp_path / "out.json").exists()
        assert os.listdir(tmp_path) == ["out.json"]
        said = capsys.readouterr().out
        assert said.count("You have no home folder here") == 1
        assert "PRUNING_COURSE_HOME" in said
        assert progress.reset() is None
        assert progress.load() == EMPTY

    def test_a_home_of_nobody_is_none(self, monkeypatch, tmp_path):
        monkeypatch.setenv(progress.HOME, "~nobody-of-this-name/record")
        monkeypatch.chdir(tmp_path)
        progress.record_check("2.1", "right")
        assert progress.location() is None
        assert os.listdir(tmp_path) == []

    def test_a_user_who_is_only_a_number(self, tmp_path):
        done = without_rights(None, tmp_path / "out.json")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.count("You have no home folder here") == 1


class TestWhereNoFileCanBe:
    """Nothing is raised, nothing that was there is changed, and it is said in words, once each."""

    def ways(self, tmp_path: Path, monkeypatch, case: str) -> Path:
        """A home in which something else stands where the record should."""
        home = tmp_path / "home"
        if case == "the record is a folder":
            (home / "progress.json" / "of mine").mkdir(parents=True)
        elif case == "the home is a file":
            home.write_text("mine", encoding="utf-8")
        elif case == "above the home is a file":
            home.write_text("mine", encoding="utf-8")
            home = home / "deeper" / "still"
        elif case == "the record is a link to itself":
            home.mkdir()
            (home / "progress.json").symlink_to(home / "progress.json")
        monkeypatch.setenv(progress.HOME, str(home))
        return home

    @pytest.mark.parametrize(
        "case",
        [
            "the record is a folder",
            "the home is a file",
            "above the home is a file",
            pytest.param("the record is a link to itself", marks=POSIX),
        ],
    )
    def test_the_lesson_goes_on(self, case, tmp_path, monkeypatch, capsys):
        self.ways(tmp_path, monkeypatch, case)
        for _ in range(2):
            progress.record_check("2.1", "right")
            progress.record_prediction("2.1", "How many?", 3, None)
            progress.record_claim("2.a", "x", True, None)
            assert progress.load() == EMPTY
            assert progress.peek() is None
        said = capsys.readouterr().out
        assert said.count("The lesson goes on.") == 1
        assert said.count("PRUNING_COURSE_HOME") == 1
        assert "Error" not in said
        home = tmp_path / "home"
        assert home.is_dir() or home.read_text(encoding="utf-8") == "mine"

    def test_reset_sets_the_folder_aside(self, tmp_path, monkeypatch):
        home = self.ways(tmp_path, monkeypatch, "the record is a folder")
        aside = progress.reset()
        assert (aside / "of mine").is_dir()
        progress.record_check("2.1", "right")
        assert (home / "progress.json").is_file()

    @pytest.mark.parametrize("case", ["the home is a file", "above the home is a file"])
    def test_reset_and_export_do_not_raise(self, case, tmp_path, monkeypatch, capsys):
        self.ways(tmp_path, monkeypatch, case)
        assert progress.reset() is None
        assert progress.export(tmp_path / "out.json") is None
        assert not (tmp_path / "out.json").exists()
        assert "could not be exported (Not a directory" in capsys.readouterr().out

    @pytest.mark.parametrize("mode", [0o755, 0o700], ids=["it may be read", "it may not be read"])
    def test_what_a_real_user_may_not_write_to(self, mode):
        with tempfile.TemporaryDirectory() as home:
            Path(home, "progress.json").write_text('{"exercises": {}}', encoding="utf-8")
            Path(home).chmod(mode)
            done = without_rights(home, Path(home, "out.json"))
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout.count("The lesson goes on.") == 1
            assert "(Permission denied: " in done.stdout
            assert names(Path(home)) == {"progress.json"}

    def test_a_full_disk(self, file, monkeypatch, capsys):
        def full(*_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        progress.record_check("2.1", "right")
        before = file.read_bytes()
        monkeypatch.setattr("os.replace", full)
        for _ in range(2):
            progress.record_check("2.2", "right")
            assert progress.export(file.parent / "out.json") is None
        assert file.read_bytes() == before
        assert names(file.parent) == {"progress.json"}
        said = capsys.readouterr().out
        assert said.count("could not be saved (No space left on device") == 1
        assert said.count("could not be exported (No space left on device") == 2


@POSIX
class TestLocks:
    @pytest.mark.parametrize("number", ["ENOLCK", "EOPNOTSUPP", "EBADF", "EIO", "ENOSYS", "EINVAL"])
    def test_where_there_are_none_the_record_is_saved(
        self, number, file, monkeypatch, capsys, recwarn
    ):
        def refuse_to_lock(*_):
            raise OSError(getattr(errno, number), os.strerror(getattr(errno, number)))

        monkeypatch.setattr("fcntl.flock", refuse_to_lock)
        do_everything(file.parent / "out.json")
        progress.record_check("2.2", "right")
        assert set(progress.load()["exercises"]) == {"2.2"}
        exported = json.loads((file.parent / "out.json").read_text(encoding="utf-8"))
        assert "2.1" in exported["exercises"]
        assert "could not" not in capsys.readouterr().out
        assert [each.message for each in recwarn] == []

    def test_a_folder_in_place_of_the_lock(self, file):
        file.with_suffix(".lock").mkdir(parents=True)
        progress.record_check("2.1", "right")
        assert progress.load()["exercises"]["2.1"]["outcome"] == "right"

    def test_held_by_another_kernel(self, file, capsys, monkeypatch):
        progress.record_check("2.1", "right")
        before = file.read_bytes()
        monkeypatch.setattr(
            progress, "_lock", lambda path: FileLock(path.with_suffix(".lock"), timeout=0.05)
        )
        with FileLock(file.with_suffix(".lock"), is_singleton=False):
            do_everything(file.parent / "out.json")
        assert file.read_bytes() == before == (file.parent / "out.json").read_bytes()
        said = capsys.readouterr().out
        assert said.count("could not be saved (Another lesson is writing it") == 1
        assert said.count("could not be reset (Another lesson is writing it") == 1


@POSIX
class TestLinks:
    @pytest.fixture
    def target(self, file, tmp_path) -> Path:
        """The file elsewhere to which progress.json leads."""
        file.parent.mkdir()
        (tmp_path / "elsewhere").mkdir()
        file.symlink_to(tmp_path / "elsewhere" / "record.json")
        return tmp_path / "elsewhere" / "record.json"

    def test_to_a_file_that_is_not_there_yet(self, file, target):
        assert progress.load() == EMPTY
        assert progress.reset() is None
        progress.record_check("2.1", "right")
        assert file.is_symlink()
        assert "2.1" in target.read_text(encoding="utf-8")

    @pytest.mark.parametrize("how", ["reset", "damaged"])
    def test_stays_when_the_file_is_set_aside(self, how, file, target):
        target.write_text("{" if how == "damaged" else "{}", encoding="utf-8")
        if how == "reset":
            assert progress.reset().parent == target.parent
        progress.record_check("2.1", "right")
        assert file.is_symlink()
        assert "2.1" in target.read_text(encoding="utf-8")
        assert len(list(target.parent.iterdir())) == 2
        assert names(file.parent) == {"progress.json"}


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


class TestOtherEditors:
    @pytest.mark.parametrize("encoding", ENCODINGS)
    def test_each_way_to_save_text_is_read(self, encoding, file, capsys):
        file.parent.mkdir()
        text = '{"exercises": {"1.1": {"outcome": "right"}}, "notes": "Müller 微调"}'
        file.write_bytes(text.encode(encoding))
        assert progress.peek() == progress.load()
        assert progress.load()["exercises"]["1.1"]["outcome"] == "right"
        progress.record_check("1.2", "wrong")
        written = json.loads(file.read_text(encoding="utf-8"))
        assert set(written["exercises"]) == {"1.1", "1.2"}
        assert written["notes"] == "Müller 微调"
        assert names(file.parent) == {"progress.json"}
        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
    def test_a_number_that_is_none_leaves_the_file_when_it_is_written(self, number, file):
        file.parent.mkdir()
        file.write_text(
            '{"predictions": {"2.1": {"answer": %s, "measured": [%s]}}}' % (2 * (number,)),
            encoding="utf-8",
        )
        progress.record_check("1.1", "right")
        written = json.loads(file.read_text(encoding="utf-8"), parse_constant=pytest.fail)
        assert written["predictions"]["2.1"] == {"answer": None, "measured": [None]}

    @pytest.mark.parametrize("text", ["\\ud83d", "\\udcff", "\\u0000", "\\ud83d\\ude00"])
    def test_half_a_letter_stays_what_it_is(self, text, file):
        """Half of an emoji is no text that can be saved, but its escape is."""
        file.parent.mkdir()
        stored = '{"predictions": {"2.1": {"question": "TEXT"}}}'.replace("TEXT", text)
        file.write_text(stored, encoding="utf-8")
        before = progress.load()
        for _ in range(2):
            progress.record_check("1.1", "right")
        assert progress.load()["predictions"] == before["predictions"]
        assert names(file.parent) == {"progress.json"}

    @pytest.mark.parametrize("depth", [100, 300, 700, 900, 2_000, 100_000])
    def test_a_part_that_is_nested_deeply_is_not_lost(self, depth, file):
        """Wherever Python stops, in reading or in writing: nothing is raised."""
        file.parent.mkdir()
        file.write_text('{"notes": ' + "[" * depth + "1" + "]" * depth + "}", encoding="utf-8")
        do_everything(file.parent / "out.json")
        kept = [path.read_text(encoding="utf-8") for path in file.parent.glob("progress*.json")]
        assert depth in [text.count("[") for text in kept]


NEWER = {
    "version": 99,
    "notes": {"a": {"text": "mine"}},
    "streak": [1, 2],
    "exercises": {
        "1.1": {"outcome": "right", "mood": "good"},
        "1.2": {"outcome": "nearly", "attempts": 2},
        "1.3": {"outcome": "wrong", "first_at": "today", "attempts": 1},
    },
    "predictions": {"2.1": {"answer": 3, "confidence": 0.8}},
    "claims": {"it is so": {"confirmed": True, "interval": [1, 2]}},
}


@pytest.mark.usefixtures("home")
class TestNewerEdition:
    """What an older edition does not know, it keeps."""

    @pytest.fixture
    def newer(self, file) -> Path:
        file.parent.mkdir()
        file.write_text(json.dumps(NEWER), encoding="utf-8")
        return file

    def test_all_of_it_survives_every_kind_of_write(self, newer, capsys):
        for id in ("1.1", "1.2", "1.3"):
            progress.record_check(id, "wrong")
            progress.record_hint(id, 1)
            progress.record_solution(id)
        progress.record_prediction("2.1", "How many?", 4, 5)
        progress.record_claim("2.a", "it is so", False, None)
        written = json.loads(newer.read_text(encoding="utf-8"))
        for name in ("version", "notes", "streak"):
            assert written[name] == NEWER[name]
        exercises = written["exercises"]
        assert exercises["1.1"].items() >= NEWER["exercises"]["1.1"].items()
        assert exercises["1.2"]["outcome"] == "nearly"
        assert (exercises["1.3"]["first_at"], exercises["1.3"]["attempts"]) == ("today", 2)
        assert written["predictions"]["2.1"]["confidence"] == 0.8
        assert written["predictions"]["2.1"]["answer"] == 4
        assert written["claims"]["it is so"]["interval"] == [1, 2]
        assert written["claims"]["it is so"]["confirmed"] is False
        assert names(newer.parent) == {"progress.json"}
        assert capsys.readouterr().out == ""

    def test_right_counts_more_than_an_outcome_that_is_not_known(self, newer):
        progress.record_check("1.2", "right")
        assert progress.load()["exercises"]["1.2"]["outcome"] == "right"

    def test_a_copy_holds_it_too(self, newer, tmp_path):
        copy = json.loads(progress.export(tmp_path / "out.json").read_text(encoding="utf-8"))
        assert copy == NEWER

    @pytest.mark.parametrize(
        "part",
        [
            {"exercises": ["1.1"]},
            {"exercises": {"1.1": "right"}},
            {"exercises": {"1.1": {"attempts": [1, 2]}}},
            {"exercises": {"1.1": {"outcome": {"is": "right"}}}},
            {"predictions": {"2.1": [3, 4]}},
            {"claims": None},
        ],
        ids=str,
    )
    def test_a_form_of_its_own_is_left_alone(self, part, newer, capsys):
        newer.write_text(json.dumps({"version": 2, **part}), encoding="utf-8")
        before = newer.read_bytes()
        for _ in range(2):
            progress.record_check("1.1", "right")
            assert progress.load() == EMPTY
            assert progress.peek() is None
        assert newer.read_bytes() == before
        assert names(newer.parent) == {"progress.json"}
        said = capsys.readouterr().out
        assert said.count("A newer edition of the course wrote it") == 1
        assert progress.reset().read_bytes() == before


class TestWhatIsGiven:
    @pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
    def test_a_measurement_that_is_no_number(self, value, file):
        progress.record_prediction("2.1", "How many?", 3, value)
        written = json.loads(file.read_text(encoding="utf-8"), parse_constant=pytest.fail)
        entry = written["predictions"]["2.1"]
        assert (entry["answer"], entry["measured"]) == (3, None)

    @pytest.mark.parametrize("value", [{1, 2}, 1j, object, [1, 2], b"x", 10**400])
    def test_anything_else_can_be_written(self, value, file):
        progress.record_prediction("2.1", "How many?", value, value)
        assert "2.1" in json.loads(file.read_text(encoding="utf-8"))["predictions"]


class TestOfTheLearner:
    def test_export_into_a_folder_writes_over_nothing(self, file, tmp_path):
        """Thirty learners may hand in to one folder."""
        progress.record_check("2.1", "right")
        folder = tmp_path / "handed in"
        folder.mkdir()
        first = progress.export(folder)
        time.sleep(0.001)
        second = progress.export(str(folder) + "/")
        assert {first, second} == set(folder.iterdir())
        assert len({first, second}) == 2
        assert first.read_bytes() == second.read_bytes() == file.read_bytes()

    def test_export_into_a_folder_that_is_still_to_be_made(self, file, tmp_path):
        target = progress.export(f"{tmp_path}/new/")
        assert target.parent == tmp_path / "new"
        assert target.is_file()

    def test_export_beside_the_record_leaves_the_record(self, file):
        progress.record_check("2.1", "right")
        before = file.read_bytes()
        assert progress.export(file.parent) != file
        assert file.read_bytes() == before

    def test_export_understands_the_sign_for_the_home_folder(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        assert progress.export("~/out.json") == tmp_path / "out.json"

    def test_a_copy_can_be_read_by_whom_it_is_handed_to(self, file, tmp_path):
        progress.record_check("2.1", "right")
        exported = progress.export(tmp_path / "out.json")
        mask = os.umask(0)
        os.umask(mask)
        if os.name == "posix":
            assert stat.S_IMODE(exported.stat().st_mode) == 0o666 & ~mask
            assert stat.S_IMODE(file.stat().st_mode) == 0o600

    def test_export_that_fails_says_why_each_time(self, file, tmp_path, capsys, monkeypatch):
        progress.record_check("2.1", "right")
        (tmp_path / "file").write_text("mine", encoding="utf-8")
        for _ in range(2):
            assert progress.export(tmp_path / "file" / "out.json") is None
        assert capsys.readouterr().out.count("Your progress could not be exported (") == 2
        monkeypatch.setattr(Path, "read_bytes", refuse)
        assert progress.export(tmp_path / "out.json") is None
        assert not (tmp_path / "out.json").exists()  # an empty one would pass for the record

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
        monkeypatch.setattr(Path, "read_bytes", refuse)
        assert progress.peek() is None
