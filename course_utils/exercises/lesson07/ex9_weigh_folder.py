"""Exercise 7.9: Weigh a folder.

Exercise 7.9 · Weigh a folder · difficulty ★★☆ · importance ★★★ · 5 minutes     (design the fair comparison)

Nets are to be compared by their bytes. Each comes as a folder, and somebody will try to look small.
Write `weigh_folder(folder)`: how many bytes it takes to have the net again. `folder`: path →
{"bytes": size of the file, "notes": how many of these are notes and doc strings, "needs": paths of
files that it reads when it is loaded}. Whoever moves bytes from one place to another, a second file,
a note, a hidden file, a file's name (its path, in UTF-8), must weigh as much as before. Where a file
needs one that is not in the folder, raise a `ValueError`. Return a whole number.
"""

from collections.abc import Mapping


def weigh_folder(folder: Mapping[str, Mapping]) -> int:
    """folder: path → bytes, notes, needs. Returns the bytes of all files and of their paths."""
    for path, file in folder.items():
        for needed in file["needs"]:
            if needed not in folder:
                raise ValueError(f"{path} needs {needed}, which is not in the folder.")
    return sum(file["bytes"] + len(path.encode()) for path, file in folder.items())
