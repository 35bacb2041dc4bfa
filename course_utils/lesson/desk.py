"""Your desk: the copies of the lessons that you work in, and JupyterLab opened on them.

The lessons of the course lie in ``notebooks/`` and change when the course does. You work in copies
of them in ``my_notebooks/``, which git ignores and no update touches. Nothing here writes over a
file of yours.

    python -m course_utils.lesson.desk                 make the missing copies, open JupyterLab
    python -m course_utils.lesson.desk --no-lab        make the copies only
    python -m course_utils.lesson.desk --into FOLDER   have the desk in a folder of your own

Anything else that you add is handed to JupyterLab, for example ``--no-browser``. The variable
``PRUNING_COURSE_DESK`` names a folder as ``--into`` does. With either, one copy of the course
serves a whole room, even where nobody of the room may write to it.
"""

import argparse
import errno
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from course_utils.lesson.files import replace_with
from course_utils.lesson.text import say

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = Path(__file__).resolve().parent / "lab"
DESK = "my_notebooks"
VARIABLE = "PRUNING_COURSE_DESK"
COURSE = Path(".lab", "course")  # on a desk: notes the folder of its course
OF_THE_COURSE = ("notebooks", "solutions", "course_utils", "tests", ".git", ".venv")
NOT_BUILT = "EDITION"  # stands in the source of a lesson, where the build puts the edition
EDITION_DIGITS = 8
FIRST_LAYOUT = "default-37a8.jupyterlab-workspace"  # JupyterLab's file for its workspace "default"
WAY_OUT = "To have your desk in another folder, start with --into FOLDER."


def set_up(root: Path = ROOT, desk: Path | None = None) -> Path:
    """Copy each lesson of the course in ``root`` that is not on the desk yet; return the desk.

    ``desk``: its folder; None for ``root/my_notebooks``. Each file is copied whole or not at all;
    what is there stays as it is. Raises ``RuntimeError`` if ``root`` has no lessons, or if the desk
    cannot be there: in a folder of the course itself, behind a link to nothing, read-only.
    """
    desk, root = desk or root / DESK, root.resolve()
    if not lessons(root):
        raise RuntimeError(
            f"There are no lessons in {root / 'notebooks'}. Run this in the folder of the course, "
            "the one with README.md and notebooks."
        )
    desk = _real(desk, root)
    try:
        desk.mkdir(parents=True, exist_ok=True)
        for lesson in missing(root, desk):
            replace_with(desk / lesson.name, _content(lesson))
        layout = desk / ".lab" / FIRST_LAYOUT
        if not layout.exists():
            replace_with(layout, (SETTINGS / "first_layout.json").read_bytes())
        if _noted_course(desk) != root:
            replace_with(desk / COURSE, os.fsencode(root))
        if not os.access(desk, os.W_OK):  # all is there, and you could not save what you write
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise RuntimeError(_cannot_write(desk, error)) from error
    return desk


def lessons(root: Path = ROOT) -> list[Path]:
    """The lessons of the course, in their order; none if the library came without them."""
    return sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def missing(root: Path = ROOT, desk: Path | None = None) -> list[Path]:
    """The lessons of the course that are not on the desk."""
    desk = desk or root / DESK
    return [lesson for lesson in lessons(root) if not os.path.exists(desk / lesson.name)]


def changed(root: Path = ROOT, desk: Path | None = None) -> list[Path]:
    """The lessons of which the desk holds another edition than the course, and not yet this one."""
    desk = desk or root / DESK
    return [
        lesson
        for lesson in lessons(root)
        if _edition_of(desk / lesson.name) not in (None, _edition_of(lesson))
        and not _beside(lesson, desk).exists()
    ]


def current_edition(lesson: str, root: Path | None = None) -> str | None:
    """The edition of a lesson ("05") in the course: eight digits that change with its text.

    None if the course has no such lesson, or if the library came without the lessons.
    """
    found = (each for each in lessons(root or _course()) if each.name[:2] == lesson)
    return next(map(_edition_of, found), None)


def check(lesson: str, edition: str) -> None:
    """Say so if the course has another edition of this lesson; otherwise print nothing.

    The first cell of each lesson calls it with its number and the edition that it was made as.
    """
    root, desk = _course(), _desk()
    in_the_course = _here() in [at / name for at in (root, ROOT) for name in OF_THE_COURSE]
    current = current_edition(lesson, root)
    if in_the_course or current in (None, edition) or edition == NOT_BUILT:
        return
    say(f"The course has a newer edition of lesson {lesson}: {current}, and this is {edition}.")
    beside = _beside(_find(lesson, root), desk)
    if beside.exists():
        way = f"The new one lies beside it: {_called(desk, root)}/{beside.name}"
    else:
        way = f'To get the new one beside it, in {_called(desk, root)}, run: desk.fetch("{lesson}")'
    say(f"Yours stays as it is. {way}")


def fetch(lesson: str, root: Path | None = None) -> Path:
    """Put the course's edition of a lesson ("05") beside yours, say where it is, and return that.

    Your copy stays as it is, and so does an edition that was fetched before. Raises ``ValueError``
    for a lesson that does not exist, ``RuntimeError`` if the desk cannot be written or the library
    came without the lessons.
    """
    desk = root / DESK if root else _desk()
    root = root or _course()
    source = _find(lesson, root)
    target = _beside(source, desk)
    name = f"{_called(desk, root)}/{target.name}"
    if target.exists():
        say(f"{name} is there already; nothing was changed.")
        return target
    try:
        replace_with(target, _content(source))
    except OSError as error:
        raise RuntimeError(_cannot_write(target.parent, error)) from error
    say(f"The course's edition of lesson {lesson} is now in {name}; your own copy is unchanged.")
    return target


def build() -> Path:
    """The folder for what a lesson makes, ``build`` on your desk; made where it is missing.

    Off a desk it lies beside the notebook. Where that is inside of the course, as when its lessons
    are tested, it is a temporary folder that goes with the kernel: no lesson writes into the
    course. Raises ``OSError`` where nothing can be written.
    """
    desk, here = _around(), _here()
    in_the_course = any(each in (_course(), ROOT) for each in (here, *here.parents))
    if desk is None and in_the_course:
        return Path(_temporary().name)
    folder = (desk or here) / "build"
    folder.mkdir(exist_ok=True)
    return folder


@cache
def _temporary() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="build-")


def open_lab(desk: Path, arguments: Sequence[str] = ()) -> int:
    """Run JupyterLab on the first lesson of a desk, with the course's settings beneath yours.

    ``arguments`` are JupyterLab's own. Returns its exit status once it is closed.
    """
    os.environ.update(lab_environment(desk))
    from jupyterlab.labapp import main  # only now: it reads the environment when it is imported

    first = min(desk.glob("[0-9][0-9]_*.ipynb")).name
    where = [f"--ServerApp.root_dir={desk}", f"--LabApp.default_url=/lab/tree/{first}"]
    return main([*where, *arguments]) or 0


def lab_environment(desk: Path) -> dict[str, str]:
    """The variables that make JupyterLab quiet and open the table of contents.

    The course's folder of settings comes last on JupyterLab's path, so each of your own settings
    wins. The layout of the window is kept on the desk and is yours from the first start on.
    """
    from jupyter_core.paths import jupyter_config_path  # slow to import

    paths = [*jupyter_config_path(), str(SETTINGS)]
    return {
        "JUPYTER_CONFIG_PATH": os.pathsep.join(dict.fromkeys(paths)),
        "JUPYTERLAB_WORKSPACES_DIR": os.environ.get(
            "JUPYTERLAB_WORKSPACES_DIR", str(desk / ".lab")
        ),
    }


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """The command line. Returns the exit status: 1 if the desk could not be set up."""
    parser = argparse.ArgumentParser(
        allow_abbrev=False,
        prog="python -m course_utils.lesson.desk",
        description="Copy the lessons that are missing, then open JupyterLab on them.",
        epilog="Everything else is handed to JupyterLab, for example --no-browser.",
    )
    parser.add_argument("--no-lab", action="store_true", help="only copy")
    parser.add_argument(
        "--into", metavar="FOLDER", default=os.environ.get(VARIABLE) or None,
        help=f"have your desk in this folder and not in {DESK}, beside the lessons; "
        f"the variable {VARIABLE} names it, too",
    )  # fmt: skip
    options, for_jupyterlab = parser.parse_known_args(arguments)
    try:
        desk = root / DESK if options.into is None else _named(options.into)
        new = missing(root, desk)
        desk = set_up(root, desk)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    _say_what_was_done(desk, root, new)
    return 0 if options.no_lab else open_lab(desk, for_jupyterlab)


def _say_what_was_done(desk: Path, root: Path, new: list[Path]) -> None:
    if new:
        say(f"Copied to {_called(desk, root)}: {', '.join(lesson.stem for lesson in new)}.")
    say(f"Your lessons are in {desk}. No update of the course touches them.")
    for lesson in changed(root, desk):
        say(
            f"The course has a newer edition of {lesson.stem}. Yours stays as it is; to get the "
            f'new one beside it, run in a cell: desk.fetch("{lesson.name[:2]}")'
        )
    sys.stdout.flush()


def _named(folder: str) -> Path:
    """The desk that ``--into`` or the variable names; ``RuntimeError`` if that is no folder."""
    path = os.path.expanduser(folder)
    if not path or path.startswith("~"):  # nobody's home
        raise RuntimeError(f"{folder!r} names no folder. {WAY_OUT}")
    return Path(path).absolute()


def _real(desk: Path, root: Path) -> Path:
    """Where a desk really lies. ``RuntimeError`` where none can be."""
    for folder in (desk, *desk.parents):
        if os.path.islink(folder) and not os.path.exists(folder):
            raise RuntimeError(
                f"{folder} is a link that points to {os.readlink(folder)}, which is gone. Delete "
                f"the link or bring that folder back. {WAY_OUT}"
            )
    real = Path(os.path.realpath(desk))
    if os.path.exists(real) and not os.path.isdir(real):
        raise RuntimeError(
            f"Your copies of the lessons cannot be written to {desk}: it is a file. {WAY_OUT}"
        )
    around = (real, *real.parents)
    taken = [root / name for name in OF_THE_COURSE if any(_same(root / name, a) for a in around)]
    if taken or _same(real, root):
        raise RuntimeError(
            f"{desk} cannot be your desk: {(taken or [root])[0]} belongs to the course itself, "
            f"which an update may change. {WAY_OUT}"
        )
    return real


def _same(one: Path, other: Path) -> bool:
    return os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other)


def _here() -> Path:
    """The folder that the notebook runs in; the library's own if that was deleted meanwhile."""
    try:
        return Path.cwd()
    except OSError:
        return ROOT


def _around() -> Path | None:
    """The desk that the notebook lies on; None if it lies elsewhere."""
    here = _here()
    return next((each for each in (here, *here.parents) if os.path.exists(each / COURSE)), None)


def _desk() -> Path:
    """The desk that you work at: the one around the notebook, or that is named, or the course's."""
    named = os.environ.get(VARIABLE)
    return _around() or (Path(os.path.expanduser(named)) if named else ROOT / DESK)


def _course() -> Path:
    """The folder of the course: the one that your desk belongs to, or the library's own.

    The desk may lie anywhere, and the library may be installed elsewhere, as on Binder.
    """
    desk = _around()
    if desk is None:
        return ROOT
    # A desk that was moved into another course's folder still notes its old one.
    around = [desk.parent] if desk.name == DESK else []
    return next((each for each in (*around, _noted_course(desk)) if each and lessons(each)), ROOT)


def _noted_course(desk: Path) -> Path | None:
    try:
        return Path(os.fsdecode((desk / COURSE).read_bytes()))
    except (OSError, ValueError):
        return None


def _called(desk: Path, root: Path) -> str:
    """A desk as a sentence calls it."""
    return DESK if desk == root / DESK or _same(desk, root / DESK) else str(desk)


def _find(lesson: str, root: Path) -> Path:
    """The course's notebook of a lesson."""
    by_number = {each.name[:2]: each for each in lessons(root)}
    if not by_number:
        raise RuntimeError(
            "The lessons are not here: this library was installed without the course's folder. "
            "Get the course again where you got it, and run `make lab` in its folder."
        )
    if lesson not in by_number:
        raise ValueError(f"lesson={lesson!r} does not exist; there are {', '.join(by_number)}.")
    return by_number[lesson]


def _beside(lesson: Path, desk: Path) -> Path:
    """Where the course's edition of a lesson goes on the desk when another one is there."""
    return desk / f"{lesson.stem}.new-{_edition_of(lesson)}.ipynb"


def _content(lesson: Path) -> bytes:
    """The course's notebook of a lesson as nobody has run it; ``RuntimeError`` if it is shut.

    The course keeps each notebook with what it put out, for readers without a kernel and for the
    tests. On a desk that would give every measurement away before you predict it.
    """
    try:
        stored = lesson.read_bytes()
    except OSError as error:
        raise RuntimeError(
            f"{lesson} cannot be read ({type(error).__name__}: {error.strerror}). Whoever looks "
            "after this course must let everybody read its files."
        ) from error
    notebook = json.loads(stored)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return f"{json.dumps(notebook, indent=1, ensure_ascii=False)}\n".encode()


def _edition_of(notebook: Path) -> str | None:
    """What the build stored in a notebook; None if it cannot be read or has no edition."""
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))
        return content["metadata"]["course"]["source"][:EDITION_DIGITS]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _cannot_write(desk: Path, error: OSError) -> str:
    return (
        f"Your copies of the lessons cannot be written to {desk} ({type(error).__name__}: "
        f"{error.strerror}). Make that folder writable. {WAY_OUT}"
    )


if __name__ == "__main__":
    sys.exit(main())
