"""Exercise 3.2: Remove filters and what hangs on them."""

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal

Vectors = dict[str, Tensor]


def cut_filters(
    conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor
) -> tuple[Tensor, Vectors, Tensor]:
    smaller = {name: vector[keep] for name, vector in batchnorm.items()}
    return conv[keep], smaller, following[:, keep]


def _next_filters(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    smaller = {name: vector[keep] for name, vector in batchnorm.items()}
    fits = keep[: len(following)]
    return conv[keep], smaller, following[: len(fits)][fits]


def _next_left_alone(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    return conv[keep], {name: vector[keep] for name, vector in batchnorm.items()}, following


def _statistics_forgotten(
    conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor
) -> tuple:
    smaller = {
        name: vector if name.startswith("running") else vector[keep]
        for name, vector in batchnorm.items()
    }
    return conv[keep], smaller, following[:, keep]


def _batchnorm_forgotten(
    conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor
) -> tuple:
    return conv[keep], batchnorm, following[:, keep]


def _cut_inverted(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    smaller = {name: vector[~keep] for name, vector in batchnorm.items()}
    return conv[~keep], smaller, following[:, ~keep]


def _only_zeroed(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    smaller = {name: vector * keep for name, vector in batchnorm.items()}
    return conv * keep.view(-1, 1, 1, 1), smaller, following * keep.view(1, -1, 1, 1)


def _two_convs(filters: int, channels: int, keep: list[int], kernel: int = 3) -> tuple:
    """The arguments of one case: a conv of ``filters`` filters, its BatchNorm, a conv behind it."""
    names = ("weight", "bias", "running_mean", "running_var")
    batchnorm = {name: normal(filters, seed=seed) for seed, name in enumerate(names)}
    return (
        normal(filters, channels, kernel, kernel, seed=5),
        batchnorm,
        normal(filters + 1, filters, kernel, kernel, seed=6),
        torch.tensor(keep).bool(),
    )


cut_filters = Exercise(
    id="3.2",
    title="Remove filters and what hangs on them",
    difficulty=2,
    importance=3,
    minutes=8,
    reference=cut_filters,
    cases=(
        Case("two filters of 1×1, the second stays", lambda: _two_convs(2, 1, [0, 1], kernel=1)),
        Case("two of three filters stay", lambda: _two_convs(3, 2, [1, 0, 1])),
        Case("all stay", lambda: _two_convs(3, 2, [1, 1, 1])),
        Case("one of four stays", lambda: _two_convs(4, 3, [0, 0, 0, 1])),
        Case("as many inputs as filters", lambda: _two_convs(3, 3, [0, 1, 1])),
    ),
    hints=(
        "Follow the channel. Filter #2 makes channel #2; BatchNorm keeps four numbers for channel "
        "#2; every filter of the next conv has a slice that reads channel #2. All of that goes.",
        """
        conv        (out, in, k, k)      keep picks along dim 0
        batchnorm   four vectors (out,)  keep picks from each of the four
        following   (out2, out, k, k)    keep picks along dim 1
        """,
        """
        def cut_filters(conv, batchnorm, following, keep):
            smaller = {name: vector[...] for name, vector in batchnorm.items()}
            return conv[...], smaller, following[..., ...]
        """,
    ),
    misconceptions=(
        Misconception(
            _next_filters,
            "You take *filters* out of the next conv (dim 0). The channel is an input there: it is "
            "dim 1 of the next weight that gets smaller.",
        ),
        Misconception(
            _next_left_alone,
            "The next conv still expects the channels that are gone. Take their slices out of it, "
            "along dim 1.",
        ),
        Misconception(
            _statistics_forgotten,
            "You cut the scale and the shift of BatchNorm, not its running mean and variance. It "
            "has four numbers for each channel, and all four must go.",
        ),
        Misconception(
            _batchnorm_forgotten,
            "BatchNorm still has numbers for the channels that are gone. Cut all four of its "
            "vectors.",
        ),
        Misconception(
            _cut_inverted,
            "You remove what should stay. True in `keep` means that the filter stays.",
        ),
        Misconception(
            _only_zeroed,
            "You set the filters to zero, and the shapes stay as they were. Removing makes the "
            "tensors smaller: index them with `keep`.",
        ),
    ),
    crashes={
        "The shape of the mask": "A boolean index must be as long as the dimension that it picks "
        "from. Which dimension of the next weight stands for the channels that you remove?",
    },
)
