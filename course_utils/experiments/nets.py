"""The nets that all experiments start from, and how they are pruned in rounds."""

import copy
from collections.abc import Callable, Sequence
from functools import lru_cache, wraps

from torch import nn

from course_utils import models, schedules
from course_utils.data import Digits
from course_utils.training import seed_everything, train

ROUNDS = 10  # of one epoch each
DENSE_EPOCHS = 4  # before anything is pruned

Row = dict[str, float | int | str]


def four_sets(each: int) -> tuple[int, ...]:
    """So many seeds for the lesson, and three other sets for whoever doubts it (`make seeds`)."""
    return tuple(shift + seed for shift in (0, 20, 40, 60) for seed in range(each))


SEEDS = four_sets(5)


def remembered(make: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
    """``make(seed, …)``, which trains a net that several rows start from, once in each process.

    No row can tell whether its net was trained for it or for a row before: each gets a copy of its
    own, with the global generators at the start of ``seed``.
    """
    kept = lru_cache(maxsize=8)(make)  # a sweep goes seed by seed and does not come back

    @wraps(make)
    def copied(seed: int, *args: object) -> nn.Module:
        model = copy.deepcopy(kept(seed, *args))
        seed_everything(seed)
        return model

    return copied


def untrained_net(seed: int) -> nn.Module:
    """A LeNet-300-100 with the initial weights of ``seed``."""
    seed_everything(seed)
    return models.LeNet300()


@remembered
def dense_net(seed: int, data: Digits, epochs: int = DENSE_EPOCHS) -> nn.Module:
    """A trained LeNet-300-100."""
    model = untrained_net(seed)
    train(model, data, epochs=epochs, seed=seed)
    return model


def prune_in_rounds(
    dense: nn.Module, data: Digits, schedule: Sequence[float], epochs: int, seed: int
) -> tuple[nn.Module, schedules.Rounds]:
    """A pruned copy of ``dense`` and its history; batches in an order of this seed's own."""
    model = copy.deepcopy(dense)
    history = schedules.iterate(model, data, schedule, epochs, seed=1000 + 100 * seed)
    return model, history
