"""Your desk: the copies of the lessons that you work in, and JupyterLab opened on them.

The lessons of the course lie in ``notebooks/`` and change when the course does. You work in copies
of them in ``my_notebooks/``, which git ignores and no update touches. Nothing here writes over a
file that exists.

    python -m course_utils.lesson.desk            make the missing copies, then open JupyterLab
    python -m course_utils.lesson.desk --no-lab   make the copies only

Anything else that you add is handed to JupyterLab, for example ``--no-browser``.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from course_utils.lesson.files import replace_with

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = Path(__file__).resolve().parent / "lab"
DESK = "my_notebooks"
NOT_BUILT = "EDITION"  # stands in the source of a lesson, where the build puts the edition
EDITION_DIGITS = 8
FIRST_LAYOUT = "default-37a8.jupyterlab-workspace"  # JupyterLab's file for its workspace "default"


def set_up(root: Path = ROOT) -> Path:
    """Copy each lesson that is not on the desk yet, and return the desk, ``root/my_notebooks``.

    Each file is copied whole or not at all; what is there stays as it is. Raises ``RuntimeError``
    if ``root`` has no lessons or the desk cannot be written.
    """
    desk = root / DESK
    if not lessons(root):
        raise RuntimeError(
            f"There are no lessons in {root / 'notebooks'}. Run this in the folder of the course, "
            "the one with README.md and notebooks."
        )
    try:
        desk.mkdir(exist_ok=True)
        for lesson in missing(root):
            replace_with(desk / lesson.name, lesson.read_bytes())
        layout = desk / ".lab" / FIRST_LAYOUT
        if not layout.exists():
            replace_with(layout, (SETTINGS / "first_layout.json").read_bytes())
    except OSError as error:
        raise RuntimeError(_cannot_write(desk, error)) from error
    return desk


def lessons(root: Path = ROOT) -> list[Path]:
    """The lessons of the course, in their order; none if the library came without them."""
    return sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def missing(root: Path = ROOT) -> list[Path]:
    """The lessons of the course that are not on the desk."""
    return [lesson for lesson in lessons(root) if not (root / DESK / lesson.name).exists()]


def changed(root: Path = ROOT) -> list[Path]:
    """The lessons of which the desk holds another edition than the course, and not yet this one."""
    return [
        lesson
        for lesson in lessons(root)
        if _edition_of(root / DESK / lesson.name) not in (None, _edition_of(lesson))
        and not _beside(lesson, root).exists()
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
    root = _course()
    in_the_course = Path.cwd() in (root / "notebooks", root / "solutions")
    current = current_edition(lesson, root)
    if in_the_course or current in (None, edition) or edition == NOT_BUILT:
        return
    print(f"The course has a newer edition of lesson {lesson}: {current}, and this is {edition}.")
    print("Yours stays as it is.", end=" ")
    beside = _beside(_find(lesson, root), root)
    if beside.exists():
        print(f"The new one lies beside it: {DESK}/{beside.name}")
    else:
        print(f'To get the new one beside it, in {DESK}, run: desk.fetch("{lesson}")')


def fetch(lesson: str, root: Path | None = None) -> Path:
    """Put the course's edition of a lesson ("05") beside yours, say where it is, and return that.

    Your copy stays as it is, and so does an edition that was fetched before. Raises ``ValueError``
    for a lesson that does not exist, ``RuntimeError`` if the desk cannot be written or the library
    came without the lessons.
    """
    root = root or _course()
    source = _find(lesson, root)
    target = _beside(source, root)
    name = f"{DESK}/{target.name}"
    if target.exists():
        print(f"{name} is there already; nothing was changed.")
        return target
    try:
        replace_with(target, source.read_bytes())
    except OSError as error:
        raise RuntimeError(_cannot_write(target.parent, error)) from error
    print(f"The course's edition of lesson {lesson} is now in {name}; your own copy is unchanged.")
    return target


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
    options, for_jupyterlab = parser.parse_known_args(arguments)
    try:
        new = missing(root)
        desk = set_up(root)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    _say_what_was_done(desk, new, changed(root))
    return 0 if options.no_lab else open_lab(desk, for_jupyterlab)


def _say_what_was_done(desk: Path, new: list[Path], other_editions: list[Path]) -> None:
    if new:
        print(f"Copied to {DESK}: {', '.join(lesson.stem for lesson in new)}.")
    print(f"Your lessons are in {desk}. No update of the course touches them.")
    for lesson in other_editions:
        print(
            f"The course has a newer edition of {lesson.stem}. Yours stays as it is; to get the "
            f'new one beside it, run in a cell: desk.fetch("{lesson.name[:2]}")'
        )
    sys.stdout.flush()


def _course() -> Path:
    """The folder of the course: the one around the desk that you work at, or the library's own."""
    here = Path.cwd()
    return here.parent if here.name == DESK else ROOT


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


def _beside(lesson: Path, root: Path) -> Path:
    """Where the course's edition of a lesson goes on the desk when another one is there."""
    return root / DESK / f"{lesson.stem}.new-{_edition_of(lesson)}.ipynb"


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
        f"{error.strerror}). Make that folder writable, or copy the whole course to a folder of "
        "your own and start there."
    )


if __name__ == "__main__":
    sys.exit(main())
