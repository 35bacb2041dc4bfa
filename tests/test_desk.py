"""The learner's desk: what is written there is never lost, and an update says that it is there."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from jupyter_core.paths import jupyter_config_dir

from course_utils.lesson import desk

NAMES = ["00_start_here.ipynb", "01_mask_math.ipynb"]
OLD, NEW = "a" * 64, "b" * 64
POSIX = pytest.mark.skipif(os.name != "posix", reason="links and modes are those of POSIX")
ODD_NAMES = ["plain", "with a space", "Müller 微调", "it's", "a=b", ".hidden", "deep/er/still"]


def write_lesson(path: Path, source: str = OLD, text: str = "a lesson") -> None:
    cell = {"cell_type": "markdown", "id": "00-000", "metadata": {}, "source": text}
    output = {"name": "stdout", "output_type": "stream", "text": "92 %"}
    code = {"cell_type": "code", "id": "00-001", "metadata": {}, "source": "accuracy"}
    code |= {"execution_count": 3, "outputs": [output]}
    metadata = {"course": {"source": source}}
    content = {"cells": [cell, code], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def course(tmp_path, monkeypatch) -> Path:
    """A course of two lessons; its library is taken to be the one in use."""
    root = tmp_path / "course"
    (root / "notebooks").mkdir(parents=True)
    for name in NAMES:
        write_lesson(root / "notebooks" / name)
    monkeypatch.setattr(desk, "ROOT", root)
    return root


@pytest.fixture
def mine(course, monkeypatch) -> Path:
    """The desk of that course, set up, and the folder that the notebooks on it run in."""
    folder = desk.set_up(course)
    monkeypatch.chdir(folder)
    return folder


def as_nobody_has_run_it(lesson: Path) -> dict:
    """A notebook of the course without outputs and counts."""
    notebook = json.loads(lesson.read_text(encoding="utf-8"))
    notebook["cells"][1] |= {"execution_count": None, "outputs": []}
    return notebook


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def update(course: Path, name: str = NAMES[0]) -> None:
    write_lesson(course / "notebooks" / name, NEW, "a better lesson")


class TestSetUp:
    def test_the_first_start_copies_every_lesson(self, course):
        folder = desk.set_up(course)
        assert folder == course / "my_notebooks"
        assert [path.name for path in sorted(folder.glob("*.ipynb"))] == NAMES
        for name in NAMES:
            copy = json.loads((folder / name).read_text(encoding="utf-8"))
            assert copy == as_nobody_has_run_it(course / "notebooks" / name)

    def test_the_second_start_changes_nothing(self, course, mine):
        before = contents(course)
        desk.set_up(course)
        assert contents(course) == before

    def test_what_was_written_survives_an_update(self, course, mine):
        write_lesson(mine / NAMES[0], text="my answer")
        before = contents(mine)
        update(course)
        desk.set_up(course)
        assert contents(mine) == before

    def test_a_lesson_that_an_update_adds_appears(self, course, mine):
        before = contents(mine)
        write_lesson(course / "notebooks" / "02_new.ipynb")
        assert [lesson.name for lesson in desk.missing(course)] == ["02_new.ipynb"]
        desk.set_up(course)
        assert contents(mine).items() > before.items()
        assert (mine / "02_new.ipynb").exists()

    def test_a_lesson_that_an_update_removes_stays(self, course, mine):
        (course / "notebooks" / NAMES[1]).unlink()
        desk.set_up(course)
        assert (mine / NAMES[1]).exists()

    def test_a_deleted_copy_is_made_afresh(self, course, mine):
        write_lesson(mine / NAMES[0], text="my answer")
        (mine / NAMES[0]).unlink()
        desk.set_up(course)
        assert "a lesson" in (mine / NAMES[0]).read_text(encoding="utf-8")

    def test_the_layout_that_the_learner_has_arranged_stays(self, course, mine):
        layout = mine / ".lab" / desk.FIRST_LAYOUT
        layout.write_text("my own", encoding="utf-8")
        desk.set_up(course)
        assert layout.read_text(encoding="utf-8") == "my own"

    @pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
    def test_an_interrupted_copy_leaves_no_half_file(self, course, monkeypatch, error):
        def fail(*_):
            raise error

        kind, words = (KeyboardInterrupt, None)
        if isinstance(error, OSError):
            kind, words = (RuntimeError, "No space left on device")
        with monkeypatch.context() as broken:
            broken.setattr("os.replace", fail)
            with pytest.raises(kind, match=words):
                desk.set_up(course)
        assert contents(course / "my_notebooks") == {}
        desk.set_up(course)
        assert len(list((course / "my_notebooks").glob("*.ipynb"))) == len(NAMES)


class TestWhereItCannotWork:
    """A sentence, and exit status 1: no traceback."""

    def test_without_lessons(self, tmp_path, capsys):
        assert desk.main(["--no-lab"], tmp_path) == 1
        assert "There are no lessons in" in capsys.readouterr().err
        assert list(tmp_path.iterdir()) == []

    def test_where_the_desk_is_a_file(self, course, capsys):
        (course / "my_notebooks").write_text("mine", encoding="utf-8")
        assert desk.main(["--no-lab"], course) == 1
        assert "cannot be written to" in capsys.readouterr().err
        assert (course / "my_notebooks").read_text(encoding="utf-8") == "mine"

    @pytest.mark.parametrize("way", ["set_up", "fetch"])
    def test_where_the_lessons_may_not_be_read(self, course, monkeypatch, way):
        def refuse(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "read_bytes", refuse)
        with pytest.raises(RuntimeError, match=r"00_start_here.ipynb cannot be read \(Permission"):
            desk.set_up(course) if way == "set_up" else desk.fetch("00")

    @pytest.mark.parametrize("way", ["set_up", "fetch"])
    def test_where_the_folder_is_read_only(self, course, monkeypatch, way):
        def refuse(*_, **__):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "mkdir", refuse)
        with pytest.raises(RuntimeError, match=r"Permission denied.*Make that folder writable"):
            desk.set_up(course) if way == "set_up" else desk.fetch("00")

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
    def test_where_the_folder_is_really_read_only(self, course):
        course.chmod(0o500)
        with pytest.raises(RuntimeError, match="cannot be written to"):
            desk.set_up(course)


class TestInto:
    """A desk anywhere, so that one course serves a whole room."""

    def start(self, course, folder, capsys) -> str:
        """What the command says for a desk that can be set up."""
        assert desk.main(["--no-lab", "--into", str(folder)], course) == 0
        return capsys.readouterr().out

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_copies_and_layout_lie_there_and_nothing_in_the_course(
        self, name, course, tmp_path, capsys
    ):
        before = contents(course)
        folder = tmp_path / "home" / name
        said = self.start(course, folder, capsys)
        assert sorted(path.name for path in folder.glob("*.ipynb")) == NAMES
        assert (folder / ".lab" / desk.FIRST_LAYOUT).exists()
        assert contents(course) == before
        assert f"Copied to {folder}: 00_start_here, 01_mask_math." in said
        assert f"Your lessons are in {folder}." in said
        assert "my_notebooks" not in said

    def test_the_variable_names_it_too_and_the_command_wins(
        self, course, tmp_path, monkeypatch, capsys
    ):
        monkeypatch.setenv(desk.VARIABLE, str(tmp_path / "by variable"))
        assert desk.main(["--no-lab"], course) == 0
        assert (tmp_path / "by variable" / NAMES[0]).exists()
        self.start(course, tmp_path / "by command", capsys)
        assert (tmp_path / "by command" / NAMES[0]).exists()
        assert not (course / desk.DESK).exists()
        monkeypatch.setenv(desk.VARIABLE, "")
        assert desk.main(["--no-lab"], course) == 0
        assert (course / desk.DESK / NAMES[0]).exists()

    def test_relative_to_here_and_to_your_home(self, course, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
        (tmp_path / "other").mkdir()
        for given, real in [("a", "a"), ("other/../b", "b"), ("~/c", "home/c"), ("./~d", "~d")]:
            assert f"Your lessons are in {tmp_path / real}." in self.start(course, given, capsys)
            assert (tmp_path / real / NAMES[0]).exists()

    def test_the_usual_place_keeps_its_usual_name(self, course, capsys):
        assert "Copied to my_notebooks: " in self.start(course, course / "my_notebooks", capsys)

    def test_is_opened_in_jupyterlab(self, course, tmp_path, monkeypatch):
        calls = []
        monkeypatch.setattr("jupyterlab.labapp.main", calls.append)
        monkeypatch.setattr(os, "environ", dict(os.environ))
        monkeypatch.delenv("JUPYTERLAB_WORKSPACES_DIR", raising=False)
        assert desk.main([f"--into={tmp_path / 'mine'}", "--no-browser"], course) == 0
        ((root_dir, _, rest),) = calls
        assert (root_dir, rest) == (f"--ServerApp.root_dir={tmp_path / 'mine'}", "--no-browser")
        assert os.environ["JUPYTERLAB_WORKSPACES_DIR"] == str(tmp_path / "mine" / ".lab")

    def test_the_second_start_changes_nothing(self, course, tmp_path, capsys):
        self.start(course, tmp_path / "mine", capsys)
        write_lesson(tmp_path / "mine" / NAMES[0], text="my answer")
        before = contents(tmp_path)
        assert "Copied" not in self.start(course, tmp_path / "mine", capsys)
        assert contents(tmp_path) == before

    @pytest.mark.parametrize("where", [".", "exercises of mine"])
    def test_a_lesson_on_it_finds_the_course_and_the_desk(
        self, where, course, tmp_path, monkeypatch, capsys
    ):
        """Also from a folder on the desk, and where the library is installed elsewhere."""
        mine = tmp_path / "mine"
        self.start(course, mine, capsys)
        (mine / where).mkdir(exist_ok=True)
        monkeypatch.chdir(mine / where)
        monkeypatch.setattr(desk, "ROOT", tmp_path / "nowhere")
        desk.check("00", edition="a" * 8)
        assert capsys.readouterr().out == ""
        update(course)
        assert desk.current_edition("00") == "b" * 8
        desk.check("00", edition="a" * 8)
        assert f'beside it, in {mine}, run: desk.fetch("00")' in capsys.readouterr().out
        fetched = desk.fetch("00")
        assert fetched == mine / "00_start_here.new-bbbbbbbb.ipynb"
        capsys.readouterr()
        desk.check("00", edition="a" * 8)
        assert f"The new one lies beside it: {fetched}\n" in capsys.readouterr().out
        assert desk.main(["--no-lab", "--into", str(mine)], course) == 0
        assert "newer edition" not in capsys.readouterr().out
        assert not (course / desk.DESK).exists()

    def test_a_lesson_elsewhere_finds_it_by_the_variable(self, course, tmp_path, monkeypatch):
        monkeypatch.setenv(desk.VARIABLE, str(tmp_path / "mine"))
        monkeypatch.chdir(tmp_path)
        desk.main(["--no-lab"], course)
        assert desk.fetch("00").parent == tmp_path / "mine"

    def test_a_desk_that_is_moved_to_another_course_belongs_to_that(
        self, course, mine, tmp_path, monkeypatch, capsys
    ):
        """As the README says: the course comes again into another folder, and the desk moves."""
        monkeypatch.chdir(tmp_path)
        again = tmp_path / "again"
        shutil.copytree(course / "notebooks", again / "notebooks")
        update(again)
        shutil.move(mine, again / desk.DESK)
        monkeypatch.chdir(again / desk.DESK)
        assert desk.current_edition("00") == "b" * 8
        assert desk.fetch("00").parent == again / desk.DESK

    def test_of_a_course_that_is_gone_the_librarys_own_takes_its_place(
        self, course, tmp_path, monkeypatch, capsys
    ):
        self.start(course, tmp_path / "mine", capsys)
        course.rename(tmp_path / "moved")
        monkeypatch.setattr(desk, "ROOT", tmp_path / "moved")
        monkeypatch.chdir(tmp_path / "mine")
        assert desk.current_edition("00") == "a" * 8
        self.start(tmp_path / "moved", tmp_path / "mine", capsys)
        monkeypatch.setattr(desk, "ROOT", tmp_path / "nowhere")
        assert desk.current_edition("00") == "a" * 8

    def test_a_folder_that_was_deleted_stops_no_lesson(self, course, tmp_path, monkeypatch):
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        desk.check("00", edition="a" * 8)

    def test_the_course_itself_says_nothing_whatever_the_variable_names(
        self, course, tmp_path, monkeypatch, capsys
    ):
        monkeypatch.setenv(desk.VARIABLE, str(tmp_path / "mine"))
        desk.main(["--no-lab"], course)
        monkeypatch.chdir(course / "notebooks")
        update(course)
        capsys.readouterr()
        desk.check("00", edition="a" * 8)
        assert capsys.readouterr().out == ""


class TestNoPlaceForADesk:
    """A sentence with the way out, exit status 1, and nothing changed."""

    def refused(self, course, folder, capsys) -> str:
        before = contents(course.parent)
        assert desk.main(["--no-lab", "--into", str(folder)], course) == 1
        assert contents(course.parent) == before
        said = capsys.readouterr()
        assert said.out == ""
        assert "--into FOLDER" in said.err
        assert len(said.err.splitlines()) == 1
        return said.err

    @pytest.mark.parametrize("inside", ["", "notebooks", "notebooks/mine", "solutions/a/b", ".git"])
    def test_in_the_course_itself(self, inside, course, capsys):
        for name in ("solutions", ".git"):
            (course / name).mkdir()
        assert "belongs to" in self.refused(course, course / inside, capsys)

    @POSIX
    def test_behind_a_link_into_the_course(self, course, tmp_path, capsys):
        (tmp_path / "link").symlink_to(course / "notebooks")
        for folder in ("link", "link/mine"):
            assert "belongs to" in self.refused(course, tmp_path / folder, capsys)
        (course / desk.DESK).symlink_to(course / "notebooks")
        assert desk.main(["--no-lab"], course) == 1

    def test_another_folder_in_the_course_is_fine(self, course):
        for name in ("desks/anna", "notebooks of mine"):
            assert desk.main(["--no-lab", "--into", str(course / name)], course) == 0

    def test_a_file(self, course, tmp_path, capsys):
        (tmp_path / "file").write_text("mine", encoding="utf-8")
        assert "it is a file" in self.refused(course, tmp_path / "file", capsys)
        assert "cannot be written to" in self.refused(course, tmp_path / "file" / "in it", capsys)

    @POSIX
    @pytest.mark.parametrize("below", [".", "desk", "deep/er"])
    def test_a_link_to_nothing(self, below, course, tmp_path, capsys):
        (tmp_path / "link").symlink_to(tmp_path / "gone")
        said = self.refused(course, tmp_path / "link" / below, capsys)
        assert f"is a link that points to {tmp_path / 'gone'}, which is gone." in said
        assert not (tmp_path / "gone").exists()

    @POSIX
    def test_the_usual_desk_is_a_link_to_nothing(self, course, capsys):
        (course / desk.DESK).symlink_to("gone")
        assert desk.main(["--no-lab"], course) == 1
        assert "is a link that points to gone, which is gone." in capsys.readouterr().err

    @POSIX
    def test_a_link_to_itself(self, course, tmp_path, capsys):
        (tmp_path / "link").symlink_to("link")
        assert "is a link that points to link" in self.refused(course, tmp_path / "link", capsys)

    @POSIX
    def test_a_link_to_a_folder_is_followed(self, course, tmp_path, capsys):
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        assert desk.main(["--no-lab", "--into", str(tmp_path / "link")], course) == 0
        assert (tmp_path / "real" / NAMES[0]).exists()
        assert f"Your lessons are in {tmp_path / 'real'}." in capsys.readouterr().out

    @pytest.mark.parametrize("name", ["", "~nobody-of-this-name", "~nobody-of-this-name/desk"])
    def test_no_folder_at_all(self, name, course, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        assert "names no folder" in self.refused(course, name, capsys)

    def test_a_desk_that_is_complete_and_read_only(self, course, mine, monkeypatch, capsys):
        monkeypatch.setattr(os, "access", lambda *_: False)
        assert desk.main(["--no-lab"], course) == 1
        said = capsys.readouterr().err
        assert "Permission denied" in said
        assert "--into FOLDER" in said


class TestRoom:
    """One course that belongs to another user and is read-only, and learners at once."""

    def start(self, root: Path, user: int, folder: Path, code: str) -> subprocess.Popen:
        """A learner's command and the first cell of a lesson, in a process of that user."""
        into = f"desk.main(['--no-lab', '--into', {str(folder)!r}])"
        code = (
            f"import os; from course_utils.lesson import desk; status = {into}; "
            f"os.chdir({str(folder)!r}); {code}; raise SystemExit(status)"
        )
        identity = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups"]
        environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONIOENCODING": "utf-8"}
        environment.pop("HOME", None)
        return subprocess.Popen(
            [*identity, sys.executable, "-c", code],
            env=environment, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def test_several_learners_at_once(self):
        if os.name != "posix" or os.geteuid() or not shutil.which("setpriv"):
            pytest.skip("only root can start processes as other users, with setpriv")
        with tempfile.TemporaryDirectory() as top:
            root = Path(top, "the course 微调")
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(desk.ROOT / "course_utils", root / "course_utils", ignore=leave)
            (root / "notebooks").mkdir()
            for name in NAMES:
                write_lesson(root / "notebooks" / name)
            os.chmod(top, 0o755)
            for path in (root, *root.rglob("*")):
                path.chmod(0o555 if path.is_dir() else 0o444)
            before = contents(root)
            learners = {20001: Path(top, "Anna"), 20002: Path(top, "Müller 微调")}
            for user, home in learners.items():
                home.mkdir(mode=0o700)
                os.chown(home, user, user)
            code = "desk.check('00', edition='c' * 8); print(desk.fetch('00'))"
            started = {
                home: self.start(root, user, home / "desk", code) for user, home in learners.items()
            }
            for home, process in started.items():
                said = process.communicate()[0].decode()
                if "No module named" in said or "Permission denied" in said:
                    pytest.skip(f"another user cannot read this installation: {said}")
                assert process.returncode == 0, said
                fetched = home / "desk" / "00_start_here.new-aaaaaaaa.ipynb"
                assert said.splitlines()[-1] == str(fetched)
                assert f'beside it, in {home / "desk"}, run: desk.fetch("00")' in said
                assert {path.name for path in (home / "desk").glob("*.ipynb")} == {
                    *NAMES,
                    fetched.name,
                }
                assert (home / "desk" / NAMES[0]).stat().st_mode & 0o200
            assert contents(root) == before


@POSIX
class TestBinder:
    @pytest.mark.parametrize(
        ("variable", "where"), [(None, "course/my_notebooks"), ("~/a desk", "home/a desk")]
    )
    def test_starts_where_the_desk_is(self, variable, where, course, tmp_path):
        script = Path(__file__).resolve().parents[1] / ".binder" / "start"
        leave = shutil.ignore_patterns("__pycache__")
        library = Path(desk.__file__).parents[1]
        shutil.copytree(library, course / "course_utils", ignore=leave)
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(course),
            "HOME": str(tmp_path / "home"),
            **({desk.VARIABLE: variable} if variable else {}),
        }
        environment.pop("JUPYTERLAB_WORKSPACES_DIR", None)
        command = ["bash", str(script), "sh", "-c", 'pwd; echo "$JUPYTERLAB_WORKSPACES_DIR"']
        done = subprocess.run(
            command,
            cwd=course,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            encoding="utf-8",
        )
        *_, here, workspaces = done.stdout.splitlines()
        assert here == str(tmp_path / where)
        assert workspaces == f"{here}/.lab"


class TestEdition:
    def test_is_the_beginning_of_what_the_build_stored(self, course):
        assert desk.current_edition("01") == "a" * 8
        update(course, NAMES[1])
        assert desk.current_edition("01") == "b" * 8

    @pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"metadata": {"course": 3}}'])
    def test_of_a_damaged_notebook_there_is_none(self, course, mine, content):
        (mine / NAMES[0]).write_text(content, encoding="utf-8")
        assert desk.changed(course) == []
        (course / "notebooks" / NAMES[0]).write_text(content, encoding="utf-8")
        assert desk.current_edition("00") is None

    def test_of_an_unknown_lesson_there_is_none(self, course):
        assert desk.current_edition("77") is None


class TestCheck:
    def said(self, capsys, edition: str = "a" * 8) -> str:
        capsys.readouterr()
        desk.check("00", edition=edition)
        return capsys.readouterr().out

    def test_the_present_edition_says_nothing(self, mine, capsys):
        assert self.said(capsys) == ""

    def test_an_older_one_says_what_to_do(self, course, mine, capsys):
        update(course)
        assert self.said(capsys) == (
            "The course has a newer edition of lesson 00: bbbbbbbb, and this is aaaaaaaa.\n"
            "Yours stays as it is. To get the new one beside it, in my_notebooks, run: "
            'desk.fetch("00")\n'
        )

    def test_an_older_one_of_which_the_new_one_was_fetched_says_where(self, course, mine, capsys):
        update(course)
        desk.fetch("00")
        assert self.said(capsys).endswith(
            "The new one lies beside it: my_notebooks/00_start_here.new-bbbbbbbb.ipynb\n"
        )

    def test_the_source_itself_says_nothing(self, course, mine, capsys):
        update(course)
        assert self.said(capsys, desk.NOT_BUILT) == ""

    @pytest.mark.parametrize("folder", ["notebooks", "solutions"])
    def test_the_course_itself_says_nothing(self, course, capsys, monkeypatch, folder):
        """Also while a lesson is made: the stored notebook is then still the old one."""
        (course / folder).mkdir(exist_ok=True)
        monkeypatch.chdir(course / folder)
        update(course)
        assert self.said(capsys) == ""

    def test_a_library_without_the_course_says_nothing(self, tmp_path, capsys, monkeypatch):
        monkeypatch.setattr(desk, "ROOT", tmp_path)
        monkeypatch.chdir(tmp_path)
        assert self.said(capsys) == ""

    def test_the_course_around_the_desk_counts(self, course, mine, capsys, monkeypatch, tmp_path):
        """The library may be installed elsewhere, as on Binder, or belong to another folder."""
        monkeypatch.setattr(desk, "ROOT", tmp_path)
        update(course)
        assert "newer edition of lesson 00" in self.said(capsys)


class TestFetch:
    def test_puts_the_new_edition_beside_the_old(self, course, mine, capsys):
        write_lesson(mine / NAMES[0], text="my answer")
        update(course)
        before = contents(mine)
        fetched = desk.fetch("00")
        assert fetched == mine / "00_start_here.new-bbbbbbbb.ipynb"
        copy = json.loads(fetched.read_text(encoding="utf-8"))
        assert copy == as_nobody_has_run_it(course / "notebooks" / NAMES[0])
        assert contents(mine) == {**before, fetched.name: fetched.read_bytes()}
        assert f"my_notebooks/{fetched.name}; your own copy" in capsys.readouterr().out

    def test_twice_writes_over_nothing(self, course, mine, capsys):
        fetched = desk.fetch("00")
        fetched.write_text("written into", encoding="utf-8")
        assert desk.fetch("00") == fetched
        assert fetched.read_text(encoding="utf-8") == "written into"
        assert "is there already" in capsys.readouterr().out

    @pytest.mark.parametrize("lesson", ["77", 0, "start_here", None])
    def test_an_unknown_lesson(self, mine, lesson):
        with pytest.raises(ValueError, match="does not exist; there are 00, 01"):
            desk.fetch(lesson)

    def test_without_the_course(self, tmp_path, monkeypatch):
        monkeypatch.setattr(desk, "ROOT", tmp_path)
        monkeypatch.chdir(tmp_path)
        with pytest.raises(RuntimeError, match="The lessons are not here"):
            desk.fetch("00")


class TestBuild:
    """Where a lesson puts what it makes."""

    @pytest.mark.parametrize("below", ["", "deeper/still"])
    def test_on_the_desk(self, mine, monkeypatch, below):
        (mine / below).mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(mine / below)
        assert desk.build() == desk.build() == mine / "build"
        assert (mine / "build").is_dir()

    @pytest.mark.parametrize("folder", ["", "notebooks", "solutions", "notebooks/below"])
    def test_never_in_the_course(self, course, monkeypatch, folder):
        (course / folder).mkdir(parents=True, exist_ok=True)
        monkeypatch.chdir(course / folder)
        before = contents(course)
        made = desk.build()
        (made / "net.onnx").write_bytes(b"a net")
        assert made == desk.build()
        assert not made.is_relative_to(course)
        assert contents(course) == before

    def test_elsewhere_beside_the_notebook(self, course, tmp_path, monkeypatch):
        (tmp_path / "mine").mkdir()
        monkeypatch.chdir(tmp_path / "mine")
        assert desk.build() == tmp_path / "mine" / "build"

    def test_the_temporary_one_goes_with_its_process(self):
        code = "from course_utils.lesson import desk; print(desk.build())"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=desk.ROOT,
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        assert done.stderr == ""
        assert not Path(done.stdout.strip()).exists()


class TestCommandLine:
    def test_says_in_words_what_it_did(self, course, capsys):
        assert desk.main(["--no-lab"], course) == 0
        first = capsys.readouterr().out
        assert "Copied to my_notebooks: 00_start_here, 01_mask_math." in first
        assert desk.main(["--no-lab"], course) == 0
        second = capsys.readouterr().out
        assert second == first[first.index("Your lessons are in") :]

    def test_names_newer_editions_until_they_are_fetched(self, course, capsys):
        desk.set_up(course)
        update(course)
        desk.main(["--no-lab"], course)
        assert "newer edition of 00_start_here" in capsys.readouterr().out
        desk.fetch("00", course)
        capsys.readouterr()
        desk.main(["--no-lab"], course)
        assert "newer edition" not in capsys.readouterr().out

    def test_hands_its_arguments_to_jupyterlab(self, course, monkeypatch):
        calls = []
        monkeypatch.setattr("jupyterlab.labapp.main", calls.append)
        monkeypatch.setattr(os, "environ", dict(os.environ))
        assert desk.main(["--no-browser", "--allow-root"], course) == 0
        assert calls == [
            [
                f"--ServerApp.root_dir={course / 'my_notebooks'}",
                "--LabApp.default_url=/lab/tree/00_start_here.ipynb",
                *("--no-browser", "--allow-root"),
            ]
        ]

    def test_runs_from_a_folder_with_a_space_and_without_git(self, tmp_path):
        root = tmp_path / "my course"
        (root / "notebooks").mkdir(parents=True)
        write_lesson(root / "notebooks" / NAMES[0])
        leave = shutil.ignore_patterns("__pycache__")
        shutil.copytree(desk.ROOT / "course_utils", root / "course_utils", ignore=leave)
        command = [sys.executable, "-m", "course_utils.lesson.desk", "--no-lab"]
        environment = {**os.environ, "PYTHONPATH": str(root)}
        subprocess.run(command, cwd=root, env=environment, check=True)
        assert (root / "my_notebooks" / NAMES[0]).exists()


class TestSettings:
    def test_ours_come_last_so_that_the_learners_own_win(self, tmp_path, monkeypatch):
        monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(tmp_path / "theirs"))
        paths = desk.lab_environment(tmp_path)["JUPYTER_CONFIG_PATH"].split(os.pathsep)
        assert paths[0] == str(tmp_path / "theirs")
        assert paths[-1] == str(desk.SETTINGS)
        assert jupyter_config_dir() in paths

    @pytest.mark.parametrize(("theirs", "news"), [({}, "false"), ({"fetchNews": "true"}, "true")])
    def test_jupyterlab_reads_ours_beneath_the_learners(self, tmp_path, monkeypatch, theirs, news):
        from jupyter_server.services.config.manager import ConfigManager

        plugin = "@jupyterlab/apputils-extension:notification"
        own = tmp_path / "labconfig" / "default_setting_overrides.json"
        own.parent.mkdir()
        own.write_text(json.dumps({plugin: theirs}), encoding="utf-8")
        monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
        for name, value in desk.lab_environment(tmp_path).items():
            monkeypatch.setenv(name, value)
        read = ConfigManager(config_dir_name="labconfig").get("default_setting_overrides")
        assert read[plugin] == {"fetchNews": news, "checkForUpdates": False}

    def test_the_layout_is_kept_on_the_desk_unless_the_learner_says_otherwise(
        self, tmp_path, monkeypatch
    ):
        monkeypatch.delenv("JUPYTERLAB_WORKSPACES_DIR", raising=False)
        kept = desk.lab_environment(tmp_path)["JUPYTERLAB_WORKSPACES_DIR"]
        assert kept == str(tmp_path / ".lab")
        monkeypatch.setenv("JUPYTERLAB_WORKSPACES_DIR", "elsewhere")
        assert desk.lab_environment(tmp_path)["JUPYTERLAB_WORKSPACES_DIR"] == "elsewhere"

    def test_the_name_of_the_layout_is_the_one_that_jupyterlab_looks_for(self, course, mine):
        from jupyterlab_server.workspaces_handler import WorkspacesManager

        layout = WorkspacesManager(str(mine / ".lab")).load("default")
        left = layout["data"]["layout-restorer:data"]["left"]
        assert (left["collapsed"], left["current"]) == (False, "@jupyterlab/toc:plugin")

    def test_what_is_set_exists_in_jupyterlab(self):
        from jupyterlab.commands import get_app_dir

        overrides = desk.SETTINGS / "labconfig" / "default_setting_overrides.json"
        for plugin, values in json.loads(overrides.read_text(encoding="utf-8")).items():
            package, _, name = plugin.partition(":")
            schema = Path(get_app_dir()) / "schemas" / package / f"{name}.json"
            assert (
                values.keys() <= json.loads(schema.read_text(encoding="utf-8"))["properties"].keys()
            )

    def test_the_server_listens_on_loopback_only(self):
        settings = json.loads(
            (desk.SETTINGS / "jupyter_server_config.json").read_text(encoding="utf-8")
        )
        assert settings == {"ServerApp": {"ip": "127.0.0.1"}}
