"""Put one small mistake after the other into the library: does a test find it? ``make mutants``.

mutmut makes the mistakes and runs the tests, in a copy of the course in ``build/mutants``. This
script counts, and holds the survivors against ``equivalent_mutants.toml``, which says of each why
no test could find it. All 6,700 take many hours. ``make mutants ARGS="--tenth 3"`` tries those
whose number ends in 3, ``ARGS="masks scores"`` the modules named, and ``--report`` only counts the
last run again.
"""

import argparse
import ast
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPY = ROOT / "build" / "mutants"
COPIED = ("course_utils", "tests", "pyproject.toml")
LISTED = Path(__file__).with_name("equivalent_mutants.toml")
ENOUGH = 0.95  # of all mutants are to be found
FOUND = ("killed", "timeout", "segfault")  # a mutant that never ends is found, too
MUTMUT = [sys.executable, "-m", "mutmut"]
Key = tuple[str, str, str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run mutmut and print a table. Returns 1 if too few are found or a survivor is not listed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", nargs="*", default=["*"], help="which modules; without: all")
    parser.add_argument("--tenth", default="", metavar="DIGIT", help="their last digit")
    parser.add_argument("--report", action="store_true", help="count the last run again")
    options = parser.parse_args(arguments)
    if not options.report:
        copy_course()
        which = [f"course_utils.{module}.*__mutmut_*{options.tenth}" for module in options.module]
        subprocess.run([*MUTMUT, "run", "--max-children", "2", *which], cwd=COPY, check=True)
    outcomes = outcomes_by_mutant()
    survivors = {key(name): outcome for name, outcome in outcomes.items() if outcome not in FOUND}
    entries = tomllib.loads(LISTED.read_text(encoding="utf-8")).get("equivalent", [])
    listed = {(entry["where"], entry["old"], entry["new"]) for entry in entries}
    print_table(outcomes)
    unknown = survivors.keys() - listed
    for where, old, new in sorted(unknown):
        print(f"\n{survivors[where, old, new]} and not listed, in {where}:\n- {old}\n+ {new}")
    modules = {name.split(".")[1] for name in outcomes} if not options.tenth else set()
    whole = {entry for entry in listed if entry[0].split(".")[0] in modules}
    gone = whole - survivors.keys()
    for where, old, new in sorted(gone):
        print(f"\nlisted, but found or gone, in {where}:\n- {old}\n+ {new}")
    share = sum(outcome in FOUND for outcome in outcomes.values()) / len(outcomes)
    print(f"\n{share:.1%} of {len(outcomes)} mutants found; at least {ENOUGH:.0%} are asked for.")
    return int(share < ENOUGH or bool(unknown | gone))


def copy_course() -> None:
    """A fresh copy in which every decorator is applied below its function, where mutmut sees both.

    mutmut leaves decorated functions alone, which would spare half of ``plotting`` and
    ``training.evaluate``. ``f = decorator(f)`` behind the function means the same.
    """
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copyfile
        copy(source, COPY / name)
    for module in (COPY / "course_utils").glob("*.py"):
        module.write_text(undecorated(module.read_text(encoding="utf-8")), encoding="utf-8")


def undecorated(source: str) -> str:
    """``source`` with ``@decorator`` above each function turned into a line below it."""
    lines = source.splitlines()
    functions = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)]
    for node in sorted(functions, key=lambda n: -n.lineno):
        indent = " " * node.col_offset
        for decorator in node.decorator_list:  # each goes above the one before: inner first
            call = f"{indent}{node.name} = ({ast.unparse(decorator)})({node.name})"
            lines.insert(node.end_lineno, call)
        if node.decorator_list:
            first = node.decorator_list[0].lineno
            del lines[first - 1 : node.lineno - 1]
    return "\n".join(lines) + "\n"


def outcomes_by_mutant() -> dict[str, str]:
    """Mutant → "killed", "survived", "timeout" … as mutmut names them."""
    lines = mutmut("results", "--all", "true").splitlines()
    found = dict(line.strip().split(": ") for line in lines if "__mutmut_" in line)
    return {name: outcome for name, outcome in found.items() if outcome != "not checked"}


def key(mutant: str) -> Key:
    """Where a mutant lies, and its lines before and after: what stays when others come and go."""
    diff = mutmut("show", mutant).splitlines()
    changes = [line for line in diff if line[:1] in "+-" and not line.startswith(("+++", "---"))]
    old, new = ("\n".join(c[1:].strip() for c in changes if c[0] == sign) for sign in "-+")
    where = mutant.removeprefix("course_utils.").partition("__mutmut_")[0]
    return where.replace(".xǁ", ".").replace(".x_", ".").replace("ǁ", "."), old, new


def print_table(outcomes: dict[str, str]) -> None:
    """A row for each module: how many mutants, and how many of them were found."""
    made = Counter(name.split(".")[1] for name in outcomes)
    found = Counter(name.split(".")[1] for name, outcome in outcomes.items() if outcome in FOUND)
    for module, count in sorted(made.items()):
        print(f"{module:12} {found[module]:5d} of {count:5d} found, {found[module] / count:7.1%}")


def mutmut(*arguments: str) -> str:
    """What a command of mutmut prints."""
    command = [*MUTMUT, *arguments]
    done = subprocess.run(command, cwd=COPY, check=True, capture_output=True, encoding="utf-8")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
