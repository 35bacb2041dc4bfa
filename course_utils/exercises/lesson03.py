"""Lesson 03, Structured pruning: block masks, and filters that really go.

The references call the library where an earlier exercise has been turned into it.
"""

import copy

import torch
from torch import Tensor, nn

from course_utils import masks
from course_utils.exercises.exercise import Case, Exercise, Misconception

Vectors = dict[str, Tensor]


def _random(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# 3.1 ----------------------------------------------------------------------------------------------


def filter_mask(weight: Tensor, sparsity: float) -> Tensor:
    norms = weight.flatten(1).norm(dim=1)  # (filters,)
    count = round(sparsity * len(norms))
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[norms.argsort(stable=True)[:count]] = False
    return mask


def _filters_of(scores: Tensor, weight: Tensor, count: int) -> Tensor:
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[scores.argsort(stable=True)[:count]] = False
    return mask


def _one_answer_a_filter(weight: Tensor, sparsity: float) -> Tensor:
    return masks.norm_mask(weight, sparsity).flatten(1).any(1)


def _filters_inverted(weight: Tensor, sparsity: float) -> Tensor:
    return ~masks.norm_mask(weight, sparsity)


def _largest_go(weight: Tensor, sparsity: float) -> Tensor:
    return _filters_of(-weight.flatten(1).norm(dim=1), weight, round(sparsity * len(weight)))


def _signed_sums(weight: Tensor, sparsity: float) -> Tensor:
    return _filters_of(weight.flatten(1).sum(1), weight, round(sparsity * len(weight)))


def _sums_of_sizes(weight: Tensor, sparsity: float) -> Tensor:
    return _filters_of(weight.flatten(1).abs().sum(1), weight, round(sparsity * len(weight)))


def _single_weights(weight: Tensor, sparsity: float) -> Tensor:
    return masks.magnitude_mask(weight, sparsity)


def _input_channels(weight: Tensor, sparsity: float) -> Tensor:
    return masks.norm_mask(weight, sparsity, dim=1)


def _filters_rounded_down(weight: Tensor, sparsity: float) -> Tensor:
    return _filters_of(weight.flatten(1).norm(dim=1), weight, int(sparsity * len(weight)))


def _half_is_rounded_up(weight: Tensor, sparsity: float) -> Tensor:
    return _filters_of(weight.flatten(1).norm(dim=1), weight, int(sparsity * len(weight) + 0.5))


def _filters_as_numbers(weight: Tensor, sparsity: float) -> Tensor:
    return masks.norm_mask(weight, sparsity).float()


filter_mask = Exercise(
    id="3.1",
    title="A filter mask",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=filter_mask,
    cases=(
        Case("one row, half of it: round(0.5) is 0", lambda: (torch.tensor([[3.0, -4.0]]), 0.5)),
        Case(
            "three rows, one goes",
            lambda: (torch.tensor([[0.1, -0.1], [-3.0, 1.0], [0.5, 0.5]]), 0.4),
        ),
        Case(
            "one large weight against many middling ones",
            lambda: (torch.tensor([[3.0, 0.0, 0.0, 0.0], [1.2, 1.2, 1.2, 1.2]]), 0.5),
        ),
        Case("sparsity 0", lambda: (_random(3, 2), 0.0)),
        Case("sparsity 1", lambda: (_random(3, 2), 1.0)),
        Case("all rows tie: the first go first", lambda: (torch.ones(5, 2), 0.4)),
        Case("10 filters, 0.25: 2.5 is rounded to 2", lambda: (_random(10, 3, 3, 3, seed=2), 0.25)),
        Case("5 filters, 0.35: 1.75 is rounded to 2", lambda: (_random(5, 2, 1, 1, seed=3), 0.35)),
        Case("a conv layer of 4 filters", lambda: (_random(4, 2, 2, 2, seed=4), 0.5)),
    ),
    hints=(
        "Lay each filter flat, so that it becomes a row; its L2 norm is one number. Then it is "
        "exercise 2.1 with filters instead of weights, and each answer holds for a whole row.",
        """
        filter   weights            norm    sparsity 0.5 → round(0.5 · 3) = 2 go
        #0       0.1  −0.1  0.0     0.14    goes    □ □ □
        #1      −3.0   1.0  0.0     3.16            ■ ■ ■
        #2       0.5   0.5  0.5     0.87    goes    □ □ □
        """,
        """
        def filter_mask(weight, sparsity):
            norms = weight.flatten(1).norm(dim=...)
            count = round(...)
            mask = torch.ones_like(weight, dtype=torch.bool)
            mask[norms.argsort(stable=True)[...]] = False
            return mask
        """,
    ),
    misconceptions=(
        Misconception(
            _one_answer_a_filter,
            "The right filters, but one answer for each. A mask has its weight's shape, a block "
            "mask too: give every weight of a filter the filter's answer.",
        ),
        Misconception(
            _filters_inverted, "Your mask marks the filters that go. True (1) means *kept* here."
        ),
        Misconception(
            _largest_go,
            "You prune the filters of the *largest* norm. The count is right; turn the order "
            "round.",
        ),
        Misconception(
            _signed_sums,
            "You add the weights up with their signs, so that a filter of large weights may come "
            "out near 0. A norm counts sizes: square the weights, add, take the root.",
        ),
        Misconception(
            _sums_of_sizes,
            "You rank by the sum of |w|, the L1 norm. The L2 norm is asked for here: one large "
            "weight counts for more than many small ones. Lesson 05 compares the two.",
        ),
        Misconception(
            _single_weights,
            "You prune single weights, wherever they are. A block mask keeps or prunes a filter "
            "as a whole: rank the filters by their norm.",
        ),
        Misconception(
            _input_channels,
            "You prune input channels (dim 1). The filters of a layer stand along dim 0: each "
            "makes one output channel.",
        ),
        Misconception(
            _filters_rounded_down,
            "You cut the count off (int or //). torch.nn.utils.prune rounds: 1.75 filters are 2.",
        ),
        Misconception(
            _half_is_rounded_up,
            "You round halves up, so 2.5 filters become 3. Python's round, which "
            "torch.nn.utils.prune uses, rounds a half to the even number: 2.",
        ),
        Misconception(
            _filters_as_numbers,
            "The right cells, but as the numbers 0.0 and 1.0. A mask is boolean here.",
        ),
    ),
)


# 3.2 ----------------------------------------------------------------------------------------------


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
    batchnorm = {name: _random(filters, seed=seed) for seed, name in enumerate(names)}
    return (
        _random(filters, channels, kernel, kernel, seed=5),
        batchnorm,
        _random(filters + 1, filters, kernel, kernel, seed=6),
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


# 3.3 ----------------------------------------------------------------------------------------------


def cut_columns(weight: Tensor, keep: Tensor) -> Tensor:
    positions = weight.shape[1] // len(keep)
    return weight[:, keep.repeat_interleave(positions)]


def _taken_in_turns(weight: Tensor, keep: Tensor) -> Tensor:
    return weight[:, keep.repeat(weight.shape[1] // len(keep))]


def _one_column_a_channel(weight: Tensor, keep: Tensor) -> Tensor:
    return weight[:, : len(keep)][:, keep]


def _columns_inverted(weight: Tensor, keep: Tensor) -> Tensor:
    return weight[:, ~keep.repeat_interleave(weight.shape[1] // len(keep))]


def _columns_zeroed(weight: Tensor, keep: Tensor) -> Tensor:
    return weight * keep.repeat_interleave(weight.shape[1] // len(keep))


def _first_columns(weight: Tensor, keep: Tensor) -> Tensor:
    return weight[:, : int(keep.sum()) * (weight.shape[1] // len(keep))]


cut_columns = Exercise(
    id="3.3",
    title="The columns of a flattened channel",
    difficulty=2,
    importance=2,
    minutes=6,
    reference=cut_columns,
    cases=(
        Case(
            "two channels of two positions",
            lambda: (torch.tensor([[1.0, 2.0, 3.0, 4.0]]), torch.tensor([False, True])),
        ),
        Case(
            "three channels of two positions",
            lambda: (torch.arange(12.0).reshape(2, 6), torch.tensor([True, False, True])),
        ),
        Case(
            "one position each, as behind a linear layer",
            lambda: (_random(2, 3), torch.tensor([False, True, True])),
        ),
        Case("all stay", lambda: (_random(2, 8), torch.ones(2).bool())),
        Case(
            "four channels of 3×3 positions",
            lambda: (_random(10, 36, seed=2), torch.tensor([False, True, False, True])),
        ),
    ),
    hints=(
        "`flatten` lays channel after channel: first all positions of channel #0, then all of "
        "channel #1. How many columns belong to one channel?",
        """
        channels  #0      #1      #2          keep  ■ □ ■
        columns   0 1     2 3     4 5         two positions each
        stay      ■ ■     □ □     ■ ■
        """,
        """
        def cut_columns(weight, keep):
            positions = weight.shape[1] // len(keep)
            return weight[:, keep.repeat_interleave(...)]
        """,
    ),
    misconceptions=(
        Misconception(
            _taken_in_turns,
            "You repeat the whole of `keep` (□ ■ □ ■), as if the channels took turns. flatten lays "
            "all positions of a channel side by side (□ □ ■ ■): repeat each answer.",
        ),
        Misconception(
            _one_column_a_channel,
            "You take one column for each channel. A channel of h×w positions owns h·w columns.",
        ),
        Misconception(
            _columns_inverted,
            "You remove what should stay. True in `keep` means that the channel stays.",
        ),
        Misconception(
            _columns_zeroed,
            "You set the columns to zero. The input is shorter now, so the weight must be "
            "narrower: index it.",
        ),
        Misconception(
            _first_columns,
            "The right number of columns, but always the first ones. Take those of the channels "
            "that stay.",
        ),
    ),
    crashes={
        "The shape of the mask": "`keep` has one answer a channel, the weight has one column for "
        "each position of each channel. Repeat every answer before you index.",
    },
)


# 3.4 ----------------------------------------------------------------------------------------------


def largest_difference(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    small.eval()
    masked.eval()
    with torch.no_grad():
        return float((small(x) - masked(x)).abs().max())


@torch.no_grad()
def _in_train_mode(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    small.train()
    masked.train()
    return float((small(x) - masked(x)).abs().max())


@torch.no_grad()
def _signed_difference(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x) - masked.eval()(x)).max())


@torch.no_grad()
def _mean_difference(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x) - masked.eval()(x)).abs().mean())


@torch.no_grad()
def _same_answers(small: nn.Module, masked: nn.Module, x: Tensor) -> bool:
    return bool((small.eval()(x).argmax(1) == masked.eval()(x).argmax(1)).all())


@torch.no_grad()
def _within_tolerance(small: nn.Module, masked: nn.Module, x: Tensor) -> bool:
    return torch.allclose(small.eval()(x), masked.eval()(x), atol=1e-5)


@torch.no_grad()
def _of_the_largest(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x).max() - masked.eval()(x).max()).abs())


def _net(seed: int, shift: float = 0.0) -> nn.Module:
    """Conv, BatchNorm and linear layer of fixed numbers, in train mode as after training."""
    net = nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    with torch.no_grad():
        for offset, parameter in enumerate(net.parameters()):
            parameter.copy_(_random(*parameter.shape, seed=seed + offset))
        net[3].bias.add_(torch.tensor([0.0, -shift, 0.25 * shift]))
    return net


def _two_nets(shift: float, examples: int = 2) -> tuple:
    net = _net(1)
    return copy.deepcopy(net), _net(1, shift), _random(examples, 1, 3, 3, seed=9)


largest_difference = Exercise(
    id="3.4",
    title="Do two nets compute the same?",
    difficulty=1,
    importance=3,
    minutes=5,
    reference=largest_difference,
    cases=(
        Case("two equal nets, in train mode", lambda: _two_nets(0.0)),
        Case("one output is 2 lower, another 0.5 higher", lambda: _two_nets(2.0)),
        Case("one output is 2 higher, another 0.5 lower", lambda: _two_nets(-2.0)),
        Case("other weights", lambda: (_net(1), _net(20), _random(5, 1, 3, 3, seed=9))),
        Case("one picture", lambda: _two_nets(0.001, examples=1)),
    ),
    hints=(
        "Run both nets on x, subtract, and take the worst case. Which of the layers behaves "
        "differently in train mode, and even changes then?",
        """
        small(x)    1.0   2.0   0.5
        masked(x)   1.0   1.5   0.8
        difference  0.0   0.5  −0.3      largest size: 0.5
        """,
        """
        def largest_difference(small, masked, x):
            small.eval()
            masked.eval()
            with torch.no_grad():
                return float((... - ...).abs().max())
        """,
    ),
    misconceptions=(
        Misconception(
            _in_train_mode,
            "You compare in train mode. There BatchNorm uses the statistics of the batch and moves "
            "its own, so that comparing two nets changes them. Call .eval() on both first.",
        ),
        Misconception(
            _signed_difference,
            "You take the largest difference with its sign, so an output that is far too low goes "
            "unnoticed. Take .abs() first.",
        ),
        Misconception(
            _mean_difference,
            "You take the mean. One output that is wrong among thousands that are right vanishes "
            "in it; a proof needs the worst case.",
        ),
        Misconception(
            _same_answers,
            "You compare the predicted digits only. Nets that compute different scores can agree "
            "on every digit of a small batch. Compare the outputs themselves.",
        ),
        Misconception(
            _within_tolerance,
            "You return whether they are close. The number is asked for: how far apart are they at "
            "most?",
        ),
        Misconception(
            _of_the_largest,
            "You subtract the two largest outputs. They may come from different pictures: "
            "subtract first, output by output.",
        ),
    ),
)


# 3.5 ----------------------------------------------------------------------------------------------


def conv_flops(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return 2 * kernel**2 * channels_in * channels_out * height * width


def _multiply_adds(
    channels_in: int, channels_out: int, kernel: int, height: int, width: int
) -> int:
    return kernel**2 * channels_in * channels_out * height * width


def _one_input(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return 2 * kernel**2 * channels_out * height * width


def _one_position(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return 2 * kernel**2 * channels_in * channels_out


def _kernel_not_squared(
    channels_in: int, channels_out: int, kernel: int, height: int, width: int
) -> int:
    return 2 * kernel * channels_in * channels_out * height * width


def _channels_added(
    channels_in: int, channels_out: int, kernel: int, height: int, width: int
) -> int:
    return 2 * kernel**2 * (channels_in + channels_out) * height * width


conv_flops = Exercise(
    id="3.5",
    title="Count the operations of a conv layer",
    difficulty=1,
    importance=3,
    minutes=5,
    reference=conv_flops,
    cases=(
        Case("one 1×1 filter on one pixel", lambda: (1, 1, 1, 1, 1)),
        Case("a 3×3 filter on one pixel", lambda: (1, 1, 3, 1, 1)),
        Case("two inputs, three filters", lambda: (2, 3, 1, 1, 1)),
        Case("a picture of 4×5 pixels", lambda: (1, 1, 1, 4, 5)),
        Case("the second block of the ConvNet", lambda: (32, 64, 3, 14, 14)),
    ),
    hints=(
        "One output number is a sum of products: how many? Each product takes a multiplication and "
        "an addition. Then count the output numbers.",
        """
        one output number    kernel · kernel · channels_in products, 2 operations each
        output numbers       channels_out · height · width
        """,
        """
        def conv_flops(channels_in, channels_out, kernel, height, width):
            products = kernel**2 * ...
            outputs = channels_out * ...
            return 2 * products * outputs
        """,
    ),
    misconceptions=(
        Misconception(
            _multiply_adds,
            "You count multiply-adds (MACs). Each is two floating-point operations, a "
            "multiplication and an addition, and FLOPs count both.",
        ),
        Misconception(
            _one_input,
            "Each filter looks at *all* input channels: the number of products grows with "
            "channels_in, too.",
        ),
        Misconception(
            _one_position,
            "You count one position. The filter is applied at every one of the height · width "
            "output positions; that is why conv layers have few weights and much work.",
        ),
        Misconception(
            _kernel_not_squared, "A kernel of size 3 has 3 × 3 = 9 weights for each input channel."
        ),
        Misconception(
            _channels_added,
            "You add the channels. Every output channel looks at every input channel: multiply.",
        ),
    ),
)


# 3.6 ----------------------------------------------------------------------------------------------


def net_flops(widths: tuple[int, ...]) -> int:
    total, channels, side = 0, 1, 28
    for filters in widths:
        total += 2 * 9 * channels * filters * side**2
        channels = filters
        side = side // 2
    return total + 2 * channels * side**2 * 10


def _pooled_first(widths: tuple[int, ...]) -> int:
    total, channels, side = 0, 1, 28
    for filters in widths:
        side = side // 2
        total += 2 * 9 * channels * filters * side**2
        channels = filters
    return total + 2 * channels * side**2 * 10


def _never_pooled(widths: tuple[int, ...]) -> int:
    total, channels = 0, 1
    for filters in widths:
        total += 2 * 9 * channels * filters * 28**2
        channels = filters
    return total + 2 * channels * 28**2 * 10


def _no_classifier(widths: tuple[int, ...]) -> int:
    side = 28 >> len(widths)
    return _right_net_flops(widths) - 2 * widths[-1] * side**2 * 10


def _always_one_input(widths: tuple[int, ...]) -> int:
    total, side = 0, 28
    for filters in widths:
        total += 2 * 9 * filters * side**2
        side = side // 2
    return total + 2 * widths[-1] * side**2 * 10


def _classifier_not_flattened(widths: tuple[int, ...]) -> int:
    return _no_classifier(widths) + 2 * widths[-1] * 10


_right_net_flops = net_flops

net_flops = Exercise(
    id="3.6",
    title="Count the operations of a whole net",
    difficulty=2,
    importance=2,
    minutes=7,
    reference=net_flops,
    cases=(
        Case("one block of one filter", lambda: ((1,),)),
        Case("one block of four filters", lambda: ((4,),)),
        Case("two blocks", lambda: ((2, 3),)),
        Case("three blocks: 7 pixels are pooled to 3", lambda: ((32, 64, 128),)),
        Case("four blocks", lambda: ((1, 2, 1, 5),)),
    ),
    hints=(
        "Walk through the net and keep two numbers up to date: how many channels come in, and how "
        "wide the picture is.",
        """
        block   channels in → out   side of the conv's output   pooled to
        1       1 → widths[0]       28                          14
        2       widths[0] → [1]     14                          7
        linear  the last channels · side · side inputs, 10 outputs
        """,
        """
        def net_flops(widths):
            total, channels, side = 0, 1, 28
            for filters in widths:
                total += conv_flops(channels, filters, 3, side, side)
                channels, side = ..., side // 2
            return total + 2 * ... * 10
        """,
    ),
    misconceptions=(
        Misconception(
            _pooled_first,
            "You halve the picture before the conv. The conv (padding 1) keeps its size and works "
            "on all of it; the pooling comes after.",
        ),
        Misconception(
            _never_pooled,
            "Your picture stays 28 pixels wide. Each block ends with pooling, which halves it: 28, "
            "14, 7, 3.",
        ),
        Misconception(
            _no_classifier,
            "The last linear layer is missing: 2 · inputs · 10, where the inputs are all positions "
            "of all channels.",
        ),
        Misconception(
            _always_one_input,
            "Only the first conv reads one channel. Each later one reads as many as the block "
            "before it has filters.",
        ),
        Misconception(
            _classifier_not_flattened,
            "The linear layer reads every position of every channel: channels · side · side "
            "inputs, not one for each channel.",
        ),
    ),
)
