"""Exercise 7.9: Weigh a folder."""

from collections.abc import Callable, Mapping

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception

Folder = Mapping[str, Mapping]


def weigh_folder(folder: Folder) -> int:
    """folder: path → bytes, notes, needs. Returns the bytes of all files and of their paths."""
    for path, file in folder.items():
        for needed in file["needs"]:
            if needed not in folder:
                raise ValueError(f"{path} needs {needed}, which is not in the folder.")
    return sum(file["bytes"] + len(path.encode()) for path, file in folder.items())


def _sum(
    folder: Folder,
    counts: Callable[[str], bool] = lambda path: True,
    size: Callable[[Mapping], int] = lambda file: file["bytes"],
    name: Callable[[str], int] = lambda path: len(path.encode()),
    *,
    refuses: bool = True,
) -> int:
    """As the reference: over the paths that count, with another ``size`` or ``name``."""
    outside = {path for file in folder.values() for path in file["needs"]} - set(folder)
    if refuses and outside:
        raise ValueError(f"{sorted(outside)} lies outside of the folder.")
    return sum(size(file) + name(path) for path, file in folder.items() if counts(path))


def _nets_only(folder: Folder) -> int:
    return _sum(folder, lambda path: path.endswith(".onnx"))


def _nets_only_unchecked(folder: Folder) -> int:
    return _sum(folder, lambda path: path.endswith(".onnx"), refuses=False)


def _nets_and_their_data(folder: Folder) -> int:
    needed = {path for file in folder.values() for path in file["needs"]}
    return _sum(folder, lambda path: path.endswith(".onnx") or path in needed)


def _needed_added_again(folder: Folder) -> int:
    twice = sum(folder[path]["bytes"] for file in folder.values() for path in file["needs"])
    return _sum(folder) + twice


def _largest_file(folder: Folder) -> int:
    return max((_sum({path: folder[path]}, refuses=False) for path in folder), default=_sum(folder))


def _not_refused(folder: Folder) -> int:
    return _sum(folder, refuses=False)


def _outside_by_its_path(folder: Folder) -> int:
    for file in folder.values():
        if any(path.startswith(("..", "/")) for path in file["needs"]):
            raise ValueError("outside")
    return _sum(folder, refuses=False)


def _first_need_only(folder: Folder) -> int:
    for file in folder.values():
        if any(path not in folder for path in file["needs"][:1]):
            raise ValueError("missing")
    return _sum(folder, refuses=False)


def _needs_of_nets_only(folder: Folder) -> int:
    for path, file in folder.items():
        if path.endswith(".onnx") and not set(file["needs"]) <= set(folder):
            raise ValueError("missing")
    return _sum(folder, refuses=False)


def _needs_refused(folder: Folder) -> int:
    if any(file["needs"] for file in folder.values()):
        raise ValueError("a second file")
    return _sum(folder)


def _strays_refused(folder: Folder) -> int:
    needed = {path for file in folder.values() for path in file["needs"]}
    if any(not path.endswith(".onnx") and path not in needed for path in folder):
        raise ValueError("nobody needs it")
    return _sum(folder)


def _refused_as_not_found(folder: Folder) -> int:
    try:
        return _sum(folder)
    except ValueError as error:
        raise FileNotFoundError from error


def _refused_as_key(folder: Folder) -> int:
    try:
        return _sum(folder)
    except ValueError as error:
        raise KeyError from error


def _notes_refused(folder: Folder) -> int:
    if any(file["notes"] for file in folder.values()):
        raise ValueError("notes")
    return _sum(folder)


def _notes_left_out(folder: Folder) -> int:
    return _sum(folder, size=lambda file: file["bytes"] - file["notes"])


def _notes_twice(folder: Folder) -> int:
    return _sum(folder, size=lambda file: file["bytes"] + file["notes"])


def _hidden_left_out(folder: Folder) -> int:
    return _sum(folder, lambda path: not path.startswith("."))


def _all_hidden_left_out(folder: Folder) -> int:
    return _sum(folder, lambda path: not any(part[0] == "." for part in path.split("/")))


def _top_only(folder: Folder) -> int:
    return _sum(folder, lambda path: "/" not in path)


def _empty_left_out(folder: Folder) -> int:
    return _sum(folder, lambda path: folder[path]["bytes"] > 0)


def _names_left_out(folder: Folder) -> int:
    return _sum(folder, name=lambda path: 0)


def _names_and_check_left_out(folder: Folder) -> int:
    return _sum(folder, name=lambda path: 0, refuses=False)


def _letters(folder: Folder) -> int:
    return _sum(folder, name=len)


def _last_part_of_the_path(folder: Folder) -> int:
    return _sum(folder, name=lambda path: len(path.split("/")[-1].encode()))


def _stem_of_the_path(folder: Folder) -> int:
    return _sum(folder, name=lambda path: len(path.rpartition(".")[0].encode()))


def _equal_sizes_once(folder: Folder) -> int:
    sizes = {file["bytes"] for file in folder.values()}
    return _sum(folder, size=lambda file: 0) + sum(sizes)


def _in_kilobytes(folder: Folder) -> float:
    return _sum(folder) / 1000


def _for_each_file(folder: Folder) -> dict[str, int]:
    _sum(folder)
    return {path: file["bytes"] + len(path.encode()) for path, file in folder.items()}


def _file(bytes: int, *needs: str, notes: int = 0) -> Mapping:
    return {"bytes": bytes, "notes": notes, "needs": [*needs]}


weigh_folder = Exercise(
    id="7.9",
    title="Weigh a folder",
    difficulty=2,
    importance=3,
    minutes=5,
    reference=weigh_folder,
    cases=(
        Case("one file", lambda: ({"net.onnx": _file(1000)},)),
        Case("no file at all", lambda: ({},)),
        Case(
            "numbers in a second file",
            lambda: ({"net.onnx": _file(80, "net.onnx.data"), "net.onnx.data": _file(920)},),
        ),
        Case("numbers in notes", lambda: ({"net.onnx": _file(1000, notes=900)},)),
        Case(
            "numbers in a hidden file that nothing names",
            lambda: ({"net.onnx": _file(100), ".cache": _file(900)},),
        ),
        Case(
            "numbers in the name of an empty file",
            lambda: ({"net.onnx": _file(100), "0.31_-0.7_0.2": _file(0)},),
        ),
        Case(
            "numbers in Chinese letters",
            lambda: ({"net.onnx": _file(100), "权重零点三一": _file(0)},),
        ),
        Case(
            "folders inside, one of them hidden",
            lambda: (
                {
                    "net.onnx": _file(90, "weights/fc1.bin", "weights/fc2.bin"),
                    "weights/fc1.bin": _file(300),
                    "weights/fc2.bin": _file(300),
                    "weights/.git/fc3.bin": _file(5),
                    "README.md": _file(7, notes=7),
                },
            ),
        ),
        Case(
            "two nets that read one file",
            lambda: (
                {
                    "a.onnx": _file(50, "shared.data"),
                    "b.onnx": _file(60, "shared.data"),
                    "shared.data": _file(400),
                },
            ),
        ),
        Case(
            "numbers outside of the folder",
            lambda: ({"net.onnx": _file(80, "../net.onnx.data")},),
            refused=ValueError,
        ),
        Case(
            "numbers in a file that was not handed in",
            lambda: ({"net.onnx": _file(80, "fc1.data")},),
            refused=ValueError,
        ),
        Case(
            "one of two files was not handed in",
            lambda: ({"net.onnx": _file(80, "fc1.data", "fc2.data"), "fc1.data": _file(500)},),
            refused=ValueError,
        ),
        Case(
            "a program that needs what was not handed in",
            lambda: ({"net.onnx": _file(80), "run.py": _file(20, "weights.bin")},),
            refused=ValueError,
        ),
    ),
    hints=(
        "Try to cheat yourself. Where could 1,000 bytes of weights go so that your scales do not "
        "see them, though whoever loads the net can read them? Whatever can be read counts: all "
        "files whole, and their paths. What is not in the folder cannot be weighed, so such a "
        "folder is refused.",
        """
        net.onnx        80 bytes, 60 of them notes, needs net.onnx.data      80 + 8
        net.onnx.data  920 bytes                                            920 + 13
                                                                            1,021 in all
        the notes are among the 80; without net.onnx.data: ValueError
        """,
        """
        def weigh_folder(folder):
            for path, file in folder.items():
                for needed in file["needs"]:
                    if needed not in ...:
                        raise ValueError(...)
            return sum(... + len(path.encode()) for path, file in folder.items())
        """,
    ),
    misconceptions=(
        Misconception(
            _nets_only,
            "You weigh the .onnx files only. Their numbers may lie beside them, in a file of any "
            "name: an untouched net then looks 100 times smaller. Count every file.",
        ),
        Misconception(
            _nets_only_unchecked,
            "You weigh the .onnx files only and never ask what they need. Their numbers may lie in "
            "another file: count every file, and refuse a folder that lacks one.",
        ),
        Misconception(
            _nets_and_their_data,
            "You weigh the nets and what they say that they need. A program can read any file in "
            "the folder, also one that nothing names: count them all.",
        ),
        Misconception(
            _needed_added_again,
            "You count what a file needs once with it and once by itself. Each file in the folder "
            "counts once.",
        ),
        Misconception(
            _largest_file,
            "You weigh the largest file. Whoever cuts it in two would weigh half: add all files "
            "up.",
        ),
        Misconception(
            _not_refused,
            "You weigh a folder from which something is missing. The missing file may hold all of "
            "the weights: raise a ValueError where a needed path is not in the folder.",
        ),
        Misconception(
            _outside_by_its_path,
            "You refuse paths that look as if they led outside. A file may also be missing under "
            "an innocent name: ask whether the path is in the folder.",
        ),
        Misconception(
            _first_need_only,
            "You ask only for the first file that each one needs. Any of them may be missing: go "
            'through all of "needs".',
        ),
        Misconception(
            _needs_of_nets_only,
            "You ask only the .onnx files what they need. A program beside them can read weights, "
            "too: ask every file.",
        ),
        Misconception(
            _needs_refused,
            "You refuse every net that reads a second file. That is allowed, as long as the file "
            "is in the folder and counts.",
        ),
        Misconception(
            _strays_refused,
            "You refuse a folder with a file that no net names. Whoever packs more than is needed "
            "weighs more: count it.",
        ),
        Misconception(
            _refused_as_not_found,
            "You refuse what is to be refused, but with a FileNotFoundError. Raise a ValueError: "
            "it is the folder that is not complete.",
        ),
        Misconception(
            _refused_as_key,
            "folder[…] stops with a KeyError where a path is missing. Say what is wrong: ask "
            "whether the path is in the folder, and raise a ValueError.",
        ),
        Misconception(
            _notes_refused,
            "You refuse every file with notes. They are allowed; their bytes count like all "
            "others.",
        ),
        Misconception(
            _notes_left_out,
            "You take the notes off. Weights can stand in a doc string as well as anywhere, and "
            "whoever loads the file can read them: every byte counts. Who does not need the notes "
            "can strip the file first.",
        ),
        Misconception(
            _notes_twice,
            "You add the notes to the bytes of the file. They are among these already.",
        ),
        Misconception(
            _hidden_left_out,
            "You leave out files whose name begins with a dot, as ls does. A program reads "
            "them like all others: count them.",
        ),
        Misconception(
            _all_hidden_left_out,
            "You leave out hidden files and what lies in hidden folders. A program reads them like "
            "all others: count them.",
        ),
        Misconception(
            _top_only,
            "You leave out what lies in folders inside the folder. Count every path.",
        ),
        Misconception(
            _empty_left_out,
            "You leave out empty files. Their paths can hold numbers, as many as you like: count "
            "the bytes of every path.",
        ),
        Misconception(
            _names_left_out,
            "You forget the names. A thousand empty files whose names are the weights would weigh "
            "nothing: add the bytes of each path, len(path.encode()).",
        ),
        Misconception(
            _names_and_check_left_out,
            "You add up the sizes. Two ways to cheat are left: numbers in the paths, whose bytes "
            "must count, and numbers in a file that is not in the folder, which must be refused.",
        ),
        Misconception(
            _letters,
            "You count the letters of each path. In UTF-8 a letter has 1 to 4 bytes, and a Chinese "
            "one holds far more than 8 bits: count bytes, len(path.encode()).",
        ),
        Misconception(
            _last_part_of_the_path,
            "You count the last part of each path. The names of folders can hold numbers, too: "
            "count the whole path.",
        ),
        Misconception(
            _stem_of_the_path,
            "You leave off what stands behind the last dot of a path. It can hold numbers, too: "
            "count the whole path.",
        ),
        Misconception(
            _equal_sizes_once,
            "You count files of the same size once, as a set does. They are different files: add "
            "up all of them.",
        ),
        Misconception(
            _in_kilobytes,
            "You give kilobytes. Asked for are bytes, a whole number.",
        ),
        Misconception(
            _for_each_file,
            "You give the bytes of each file. Asked for is what the whole folder weighs: their "
            "sum.",
        ),
    ),
    crashes={
        "int and str": "`path` is a text: what it weighs is len(path.encode()).",
        "'list'": '"needs" is a list of paths: go through it, and ask for each whether it is in '
        "the folder.",
    },
)
