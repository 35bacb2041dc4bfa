"""What a function may leave changed for everybody else: noticed, put back, and named."""

import builtins
import gc
import inspect
import math
import os
import random
import sys
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


def _print_options() -> dict:
    return dict(vars(torch._tensor_str.PRINT_OPTS))


def _print_as(options: dict) -> None:
    current = vars(torch._tensor_str.PRINT_OPTS)
    current.clear()
    current.update(options)


def _environment() -> dict[str, str]:
    """Without those that PyTorch sets itself when it imports its compiler."""
    own = ("TORCH", "PYTORCH", "TRITON")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


def _set_environment(variables: dict[str, str]) -> None:
    for name in _environment().keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)


def _set_path(folders: list[str]) -> None:
    sys.path[:] = folders


def _global_hooks() -> dict[str, dict]:
    """What ``register_module_forward_hook`` and its like have registered for every module."""
    return {
        name: dict(hooks)
        for name, hooks in vars(nn.modules.module).items()
        if name.startswith("_global_") and isinstance(hooks, dict)
    }


def _set_global_hooks(registered: dict[str, dict]) -> None:
    for name, hooks in registered.items():
        current = getattr(nn.modules.module, name)
        current.clear()
        current.update(hooks)


# What holds for everything that runs later: how to read it, and how to set it again.
OF_ALL = {
    "recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "number of threads": (torch.get_num_threads, torch.set_num_threads),
    "choice of algorithms": (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "working folder": (_folder, _go_to),
    "precision of products": (
        torch.get_float32_matmul_precision,
        torch.set_float32_matmul_precision,
    ),
    "search for NaN in backward passes": (
        torch.is_anomaly_enabled,
        torch.autograd.set_detect_anomaly,
    ),
    "collection of garbage": (gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
    "way of printing tensors": (_print_options, _print_as),
    "set of environment variables": (_environment, _set_environment),
    "search path for modules": (lambda: [*sys.path], _set_path),
    "set of hooks for all modules": (_global_hooks, _set_global_hooks),
}
# What holds for everything that runs later in the same thread.
OF_THREAD = {
    "grad mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "inference mode": (torch.is_inference_mode_enabled, lambda before: None),
    "default device": (torch.get_default_device, torch.set_default_device),
}
HARMLESS = {"recursion limit"}  # put back without a word


def note(settings: dict) -> dict:
    """How the settings are now."""
    return {name: read() for name, (read, _) in settings.items()}


def set_back(settings: dict, before: dict) -> list[str]:
    """Make them what they were. Returns what had changed, in words."""
    changed = []
    for name, (read, write) in settings.items():
        if read() != before[name]:
            write(before[name])
            changed += [] if name in HARMLESS else [f"another {name}"]
    return changed


class Surroundings:
    """A note of how things are now. ``put_back()`` makes them so again."""

    def __init__(self) -> None:
        self.builtins = dict(_BUILTINS)
        self.settings = note(OF_ALL)
        self.namespaces = [(space, dict(vars(space))) for space in _namespaces()]

    def put_back(self) -> list[str]:
        """Undo all changes since. Returns what later cells would have felt, in words."""
        changed = []
        # First, and without calling any: the rest needs them. While an answer runs, input is ours.
        for name, value in self.builtins.items():
            if _BUILTINS.get(name) is not value and name != "input":
                _BUILTINS[name] = value
                changed.append(f"another {name}")
        changed += set_back(OF_ALL, self.settings)
        for space, before in self.namespaces:
            changed += [f"another {space.__name__}.{name}" for name in _put_back(space, before)]
        return changed


def _namespaces() -> list[ModuleType | type]:
    """Where an answer may replace what the course calls: torch, NumPy, and the course itself.

    Not the rooms of ``lesson``, which keep the learner's record in names of their own.
    """
    modules = [math, random, np, torch, torch.linalg, nn, nn.functional]
    modules += [
        module
        for name, module in sys.modules.copy().items()  # a thread may import meanwhile
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
    return callable(value) or isinstance(value, property | float | torch.Generator)


def _hides(space: ModuleType | type, name: str) -> bool:
    """Whether a new name stands before one that was found so far: of a parent, or a built-in."""
    if not _is_called(vars(space)[name]):
        return False
    if isinstance(space, type):
        return any(name in vars(parent) for parent in space.__mro__[1:])
    return name in _BUILTINS
