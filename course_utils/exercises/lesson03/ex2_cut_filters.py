"""Exercise 3.2: Remove filters and what hangs on them."""

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal

Vectors = dict[str, Tensor]
NAMES = ("weight", "bias", "running_mean", "running_var")


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
        name: vector if "running" in name else vector[keep] for name, vector in batchnorm.items()
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


def _scale_and_shift_forgotten(
    conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor
) -> tuple:
    smaller = {
        name: vector[keep] if "running" in name else vector for name, vector in batchnorm.items()
    }
    return conv[keep], smaller, following[:, keep]


def _only_the_scale(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    smaller = {
        name: vector if name in ("bias", "running_mean", "running_var") else vector[keep]
        for name, vector in batchnorm.items()
    }
    return conv[keep], smaller, following[:, keep]


def _statistics_left_out(
    conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor
) -> tuple:
    smaller = {n: vector[keep] for n, vector in batchnorm.items() if not n.startswith("running")}
    return conv[keep], smaller, following[:, keep]


def _only_the_conv(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    return conv[keep], batchnorm, following


def _conv_left_alone(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    return conv, _right(conv, batchnorm, following, keep)[1], following[:, keep]


def _first_filters(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    first = torch.arange(len(keep)) < keep.sum()
    return _right(conv, batchnorm, following, first)


def _last_filters(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    last = torch.arange(len(keep)) >= len(keep) - keep.sum()
    return _right(conv, batchnorm, following, last)


def _back_to_front(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    return _right(conv, batchnorm, following, keep.nonzero().flatten().flip(0))


def _last_vector_only(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    smaller = {name: vector[keep] for name, vector in [*batchnorm.items()][-1:]}
    return conv[keep], smaller, following[:, keep]


def _as_whole_numbers(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    return _right(conv, batchnorm, following, keep.long())


def _column_of_numbers(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    return _right(conv, batchnorm, following, keep.nonzero())


def _squeezed(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    return _right(conv, batchnorm, following, keep.nonzero().squeeze())


def _in_order_of_norm(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    order = conv.flatten(1).norm(dim=1).argsort(descending=True)
    return _right(conv, batchnorm, following, order[: int(keep.sum())])


def _conv_only_zeroed(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    _, smaller, reads = _right(conv, batchnorm, following, keep)
    return conv * keep.view(-1, 1, 1, 1), smaller, reads


def _laid_flat(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    kept, smaller, reads = _right(conv, batchnorm, following, keep)
    return kept.flatten(), smaller, reads.flatten()


def _next_one_second(conv: Tensor, batchnorm: Vectors, following: Tensor, keep: Tensor) -> tuple:
    kept, smaller, reads = _right(conv, batchnorm, following, keep)
    return kept, reads, smaller


def _two_convs(
    filters: int, channels: int, keep: list[int], kernel: int = 3, names: tuple[str, ...] = NAMES
) -> tuple:
    """The arguments of one case: a conv of ``filters`` filters, its BatchNorm, a conv behind it."""
    batchnorm = {name: normal(filters, seed=seed) for seed, name in enumerate(names)}
    return (
        normal(filters, channels, kernel, kernel, seed=5),
        batchnorm,
        normal(filters + 1, filters, kernel, kernel, seed=6),
        torch.tensor(keep).bool(),
    )


_right = cut_filters

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
        Case(
            "other names, in another order",
            lambda: _two_convs(4, 2, [1, 1, 0, 1], names=("var.0", "mean.0", "beta.0", "gamma.0")),
        ),
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
            return conv[...], smaller, ...
        """,
    ),
    misconceptions=(
        Misconception(
            _next_filters,
            "You take *filters* out of the next conv (dim 0). The channel is an input there: it "
            "is dim 1 of the next weight that gets smaller.",
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
        Misconception(
            _scale_and_shift_forgotten,
            "You cut the running mean and variance of BatchNorm, not its scale and shift. It has "
            "four numbers for each channel, and all four must go.",
        ),
        Misconception(
            _only_the_scale,
            "You cut one of BatchNorm's vectors. It has four numbers for each channel (scale, "
            "shift, running mean and variance), and all four must go.",
        ),
        Misconception(
            _statistics_left_out,
            "The running mean and variance are missing from your dictionary. Cut them like the "
            "other two: the small net needs them.",
        ),
        Misconception(
            _only_the_conv,
            "You make the conv smaller, and nothing of what hangs on it. BatchNorm has four "
            "numbers for each channel, and the next conv a slice that reads it.",
        ),
        Misconception(
            _conv_left_alone,
            "What hangs on the filters is gone, but the filters themselves are still there. Take "
            "them out of the first conv, along dim 0.",
        ),
        Misconception(
            _first_filters,
            "The right number of filters, but always the first ones. `keep` says which of them "
            "stay: index with it.",
        ),
        Misconception(
            _last_filters,
            "The right number of filters, but always the last ones. `keep` says which of them "
            "stay: index with it.",
        ),
        Misconception(
            _back_to_front,
            "The right filters, in another order. Those that stay keep their places in line.",
        ),
        Misconception(
            _last_vector_only,
            "Your dictionary holds the last vector only: each pass of the loop makes it anew. "
            "Make it once, before the loop.",
        ),
        Misconception(
            _as_whole_numbers,
            "You index with 0 and 1 as whole numbers, which picks filter #0 and filter #1 again "
            "and again. Index with the boolean `keep` itself.",
        ),
        Misconception(
            _column_of_numbers,
            "`nonzero()` gives a column, and indexing with it adds a dimension. Index with the "
            "boolean `keep` itself.",
        ),
        Misconception(
            _squeezed,
            "`squeeze()` makes one number of it where a single filter stays, and the dimension is "
            "gone with it. Index with the boolean `keep` itself.",
        ),
        Misconception(
            _in_order_of_norm,
            "You choose and sort the filters yourself, by their norm. `keep` has chosen already, "
            "and those that stay keep their order.",
        ),
        Misconception(
            _conv_only_zeroed,
            "You set the filters of the conv to zero, so that they are still there. Index the "
            "conv with `keep`, along dim 0.",
        ),
        Misconception(
            _laid_flat,
            "The right numbers, but laid flat (masked_select does that). A smaller conv is still "
            "(out, in, k, k): index with `keep`.",
        ),
        Misconception(
            _next_one_second,
            "All three are right, but in another order: first the conv, then BatchNorm, then the "
            "next conv.",
        ),
    ),
    crashes={
        "tensor [3, 2, 1, 1] at index 0": "You take *filters* out of the next conv, along its "
        "dim 0. The channels that go are its inputs: dim 1.",
        "tensor [3, 2, 1, 1] at index": "Dims 2 and 3 of a conv weight are the height and width of "
        "its kernel. The channels that go are the inputs of the next conv: dim 1.",
        "1, 1, 1] at index 1": "You pick from the *inputs* of the first conv (dim 1). These come "
        "from the layer before and stay; `keep` picks its filters, dim 0.",
        "The shape of the mask": "A boolean index must be as long as the dimension that it picks "
        "from: the filters of the conv, the vectors of BatchNorm, the inputs of the next conv.",
        "tensor([": "`batchnorm` is a dictionary. Index each of the four vectors in it.",
        "must be long, int, byte or bool": "An index is boolean or made of whole numbers. Index "
        "with `keep` as it is.",
        "'weight'": "The names in `batchnorm` are up to the net. Go through .items(), and hand on "
        "each name with its vector.",
    },
)
