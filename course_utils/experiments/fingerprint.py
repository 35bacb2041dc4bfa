"""Which code the rows of an experiment depend on: change it, and only then they are run again."""

import ast
import hashlib
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from importlib.util import find_spec, resolve_name
from pathlib import Path

# What the numbers come from beside the course's own code: another version is another experiment.
PACKAGES = ("mlxtend", "numpy", "torch")
# A row's own configuration and seed are in its key, so that longer lists leave the old rows alone.
LISTS = {"CONFIGURATIONS", "SEEDS"}
_imported = time.time()


@lru_cache
def fingerprint(module: str) -> str:
    """A hash of the code that the experiment in ``module`` depends on.

    That is its own source and the source of each module of the course that it imports, by an import
    statement anywhere in it, and of those that these import, in turn; and the versions of
    ``PACKAGES``. What such a module is used for is not asked: a change in a function that the
    experiment never calls counts, too. Comments, docstrings and layout do not count, nor do the
    lists CONFIGURATIONS and SEEDS (so no other function may look into them). Blind to a module that
    is imported by a name put together at run time, and to data files.
    """
    parts = [f"{name} {version(name).partition('+')[0]}" for name in PACKAGES]  # no "+cpu"
    for name, path in sorted(sources(module).items()):
        parts.append(f"{name} {ast.dump(_what_counts(path))}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def check_unchanged(module: str) -> None:
    """``RuntimeError`` where this process may have imported an older edition of the code."""
    for path in sources(module).values():
        if path.stat().st_mtime > _imported:
            raise RuntimeError(
                f"{path.name} was changed after this process had imported it. Start the sweep "
                "again, and the workers of a cluster, too."
            )


@lru_cache
def sources(module: str) -> dict[str, Path]:
    """Module → its file, for ``module`` and all that it imports from its own package or the course.

    A package's ``__init__`` counts where something that it defines is imported from it.
    """
    packages = {"course_utils", module.partition(".")[0]}
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in found:
            spec = find_spec(name)
            found[name] = Path(spec.origin)
            waiting += _imports(spec, packages)
    return found


def _imports(spec: ModuleSpec, packages: set[str]) -> Iterator[str]:
    """The modules of ``packages`` that the module of ``spec`` imports itself."""
    for node in ast.walk(ast.parse(Path(spec.origin).read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), spec.parent)
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.partition(".")[0] in packages:
                yield name if _is_module(name) else name.rpartition(".")[0]


def _is_module(name: str) -> bool:
    with suppress(ModuleNotFoundError):  # what it should be in is no package
        return find_spec(name) is not None
    return False


def _what_counts(path: Path) -> ast.Module:
    """The syntax tree of a file without docstrings and without the ``LISTS``."""
    tree = ast.parse(path.read_bytes())
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = node.body[ast.get_docstring(node) is not None :]
    tree.body = [node for node in tree.body if not LISTS & _assigned(node)]
    return tree


def _assigned(node: ast.stmt) -> set[str]:
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return {target.id for target in targets if isinstance(target, ast.Name)}
