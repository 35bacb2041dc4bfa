"""What a function may leave changed for everybody else: noticed, put back, and named."""

import builtins
import contextlib
import inspect
import math
import os
import random
import sys
import warnings
from collections.abc import Iterator
from operator import is_
from types import ModuleType

import numpy as np
import torch
from torch import Tensor, nn

_BUILTINS = vars(builtins)
_MISSING = object()
_COURSE = "course_utils", "torch.nn.utils.prune"
_TORCH = os.path.dirname(torch.__file__)


def _folder() -> str | None:
    try:
        return os.getcwd()
    except FileNotFoundError:  # somebody deleted it
        return None


def _go_to(folder: str | None) -> None:
    if folder is not None:
        os.chdir(folder)


# What holds for everything that runs later: how to read it, and how to set it again.
SETTINGS = {
    "sys.setrecursionlimit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "the default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "torch.set_grad_enabled": (torch.is_grad_enabled, torch.set_grad_enabled),
    "torch.inference_mode": (torch.is_inference_mode_enabled, lambda before: None),
    "torch.set_num_threads": (torch.get_num_threads, torch.set_num_threads),
    "torch.use_deterministic_algorithms": (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "the working folder": (_folder, _go_to),
}
HARMLESS = {"sys.setrecursionlimit"}  # put back without a word


class Surroundings:
    """A note of how things are now. ``put_back()`` makes them so again."""

    def __init__(self) -> None:
        self.builtins = dict(_BUILTINS)
        self.settings = {name: read() for name, (read, _) in SETTINGS.items()}
        self.namespaces = [(space, dict(vars(space))) for space in _namespaces()]

    def put_back(self) -> list[str]:
        """Undo all changes since. Returns the names of what later cells would have felt."""
        changed = []
        # First, and without calling any: the rest needs them. While an answer runs, input is ours.
        for name, value in self.builtins.items():
            if _BUILTINS.get(name) is not value and name != "input":
                _BUILTINS[name] = value
                changed.append(f"builtins.{name}")
        for space, before in self.namespaces:
            changed += [f"{space.__name__}.{name}" for name in _put_back(space, before)]
        for name, (read, write) in SETTINGS.items():
            if read() != self.settings[name]:
                write(self.settings[name])
                changed += [] if name in HARMLESS else [name]
        return changed


@contextlib.contextmanager
def random_numbers(seed: int) -> Iterator[None]:
    """The same random numbers for everybody; random state and warnings are as before afterwards."""
    of_python, of_numpy = random.getstate(), np.random.get_state()
    of_torch = torch.default_generator.get_state()
    with warnings.catch_warnings():
        torch.default_generator.manual_seed(seed)
        random.seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            torch.default_generator.set_state(of_torch)
            random.setstate(of_python)
            np.random.set_state(of_numpy)


def _namespaces() -> list[ModuleType | type]:
    """Where an answer may replace what the course calls: torch, NumPy, and the course itself.

    Not the rooms of ``lesson``, which keep the learner's record in names of their own.
    """
    modules = [math, random, np, torch, torch.linalg, nn, nn.functional]
    modules += [
        module
        for name, module in [*sys.modules.items()]
        if name.startswith(_COURSE) and not name.startswith("course_utils.lesson")
    ]
    kinds = [kind for kind in vars(nn).values() if isinstance(kind, type)]
    return [*modules, Tensor, *dict.fromkeys(kinds)]


def _put_back(space: ModuleType | type, before: dict) -> list[str]:
    now = vars(space)
    if len(now) == len(before) and all(map(is_, now.values(), before.values())):
        return []
    replaced = [
        name
        for name, value in before.items()
        if now.get(name, _MISSING) is not value
        and _is_called(value)
        and not _is_wrapper_of_torch(now.get(name))
    ]
    hiding = [name for name in now if name not in before and _hides(space, name)]
    for name in replaced:
        setattr(space, name, before[name])
    for name in hiding:
        delattr(space, name)
    return replaced + hiding


def _is_wrapper_of_torch(value: object) -> bool:
    """Whether torch has put it there itself: it does that when its compiler is first imported."""
    codes = [getattr(each, "__code__", None) for each in (value, inspect.unwrap(value))]
    if not all(code and code.co_filename.startswith(_TORCH) for code in codes):
        return False
    return "<locals>" in codes[0].co_qualname


def _is_called(value: object) -> bool:
    """Whether code or a constant, and no note that a module keeps for itself."""
    return callable(value) or isinstance(value, property | float)


def _hides(space: ModuleType | type, name: str) -> bool:
    """Whether a new name stands before one that was found so far: of a parent, or a built-in."""
    if not _is_called(vars(space)[name]):
        return False
    if isinstance(space, type):
        return any(name in vars(parent) for parent in space.__mro__[1:])
    return name in _BUILTINS
