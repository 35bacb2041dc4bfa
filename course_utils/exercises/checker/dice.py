"""The same random numbers for every function that is run, and the notebook's own afterwards."""

import contextlib
import random
import threading
from collections.abc import Iterator

import numpy as np
import torch

_GENERATOR = torch.default_generator
MOMENT = 0.2  # seconds; drawing one number takes a few microseconds


@contextlib.contextmanager
def random_numbers(seed: int) -> Iterator[list[threading.Thread]]:
    """Draw from ``seed`` in the block; the random state is what it was before afterwards.

    Put into the list that this yields a thread that was left behind. While it still draws numbers
    inside C, nobody else can ask for the state or set it: then it is not put back.
    """
    _wait_for_those_left_behind()
    states = _GENERATOR.get_state(), np.random.get_state(), random.getstate()
    _GENERATOR.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    left_behind: list[threading.Thread] = []
    try:
        yield left_behind
    finally:
        random.setstate(states[2])
        if not left_behind or _can_draw():
            _GENERATOR.set_state(states[0])
            np.random.set_state(states[1])


_waiting: list[threading.Thread] = []  # draw a number as soon as they can


def _can_draw() -> bool:
    """Whether random numbers can be had. Asked in a thread, because to ask may mean to wait."""
    asked = threading.Thread(target=_draw, daemon=True)
    asked.start()
    asked.join(MOMENT)
    _waiting[:] = [asked] if asked.is_alive() else []
    return not _waiting


def _draw() -> None:
    torch.empty(1).uniform_()
    np.random.random_sample()


def _wait_for_those_left_behind() -> None:
    while _waiting and _waiting[0].is_alive():  # in short turns, so that the stop button is heard
        _waiting[0].join(MOMENT)
