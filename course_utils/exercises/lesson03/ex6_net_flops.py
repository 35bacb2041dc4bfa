"""Exercise 3.6: Count the operations of a whole net."""

import math
from itertools import pairwise

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception


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


def _linear_multiply_adds(widths: tuple[int, ...]) -> int:
    return _right_net_flops(widths) - widths[-1] * _last_side(widths) ** 2 * 10


def _all_multiply_adds(widths: tuple[int, ...]) -> int:
    return _right_net_flops(widths) // 2


def _nine_positions(widths: tuple[int, ...]) -> int:
    return _no_classifier(widths) + 2 * widths[-1] * 9 * 10


def _rounded_up(widths: tuple[int, ...]) -> int:
    total, channels, side = 0, 1, 28
    for filters in widths:
        total += 2 * 9 * channels * filters * side**2
        channels, side = filters, math.ceil(side / 2)
    return total + 2 * channels * side**2 * 10


def _not_rounded(widths: tuple[int, ...]) -> int:
    total, channels, side = 0, 1, 28
    for filters in widths:
        total += 2 * 9 * channels * filters * side**2
        channels, side = filters, side / 2
    return total + 2 * channels * side**2 * 10


def _last_not_pooled(widths: tuple[int, ...]) -> int:
    before = 28 >> len(widths) - 1
    return _no_classifier(widths) + 2 * widths[-1] * before**2 * 10


def _positions_not_squared(widths: tuple[int, ...]) -> int:
    return _no_classifier(widths) + 2 * widths[-1] * _last_side(widths) * 10


def _one_output(widths: tuple[int, ...]) -> int:
    return _no_classifier(widths) + 2 * widths[-1] * _last_side(widths) ** 2


def _kernel_3(widths: tuple[int, ...]) -> int:
    convs = _no_classifier(widths)
    return _right_net_flops(widths) - convs + convs // 3


def _kernel_1(widths: tuple[int, ...]) -> int:
    convs = _no_classifier(widths)
    return _right_net_flops(widths) - convs + convs // 9


def _no_padding(widths: tuple[int, ...]) -> int:
    total, channels, side = 0, 1, 28
    for filters in widths:
        total += 2 * 9 * channels * filters * (side - 2) ** 2
        channels, side = filters, (side - 2) // 2
    return total + 2 * channels * side**2 * 10


def _first_conv_missing(widths: tuple[int, ...]) -> int:
    return _right_net_flops(widths) - 2 * 9 * widths[0] * 28**2


def _last_conv_missing(widths: tuple[int, ...]) -> int:
    side = 28 >> len(widths) - 1
    return _right_net_flops(widths) - 2 * 9 * (1, *widths)[-2] * widths[-1] * side**2


def _channels_kept_equal(widths: tuple[int, ...]) -> int:
    sides = [28 >> block for block in range(len(widths))]
    convs = sum(2 * 9 * n * n * side**2 for n, side in zip(widths, sides, strict=True))
    return _right_net_flops(widths) - _no_classifier(widths) + convs


def _three_channels(widths: tuple[int, ...]) -> int:
    return _right_net_flops(widths) + 2 * 2 * 9 * widths[0] * 28**2


def _with_biases(widths: tuple[int, ...]) -> int:
    return _right_net_flops(widths) + 10


def _last_side(widths: tuple[int, ...]) -> int:
    return 28 >> len(widths)


def _next_block_first(widths: tuple[int, ...]) -> int:
    total, channels, side = 0, 1, 28
    for filters in widths:
        channels, side = filters, side // 2
        total += 2 * 9 * channels * filters * side**2
    return total + 2 * channels * side**2 * 10


def _first_block_only(widths: tuple[int, ...]) -> int:
    return _right_net_flops(widths[:1])


def _linear_in_each_block(widths: tuple[int, ...]) -> int:
    return _right_net_flops(widths) + sum(
        2 * filters * _last_side(widths[: block + 1]) ** 2 * 10
        for block, filters in enumerate(widths[:-1])
    )


def _last_conv_only(widths: tuple[int, ...]) -> int:
    return _right_net_flops(widths) - _no_classifier((*widths[:-1], 0))


def _between_the_blocks(widths: tuple[int, ...]) -> int:
    total, side = 0, 28
    for channels, filters in pairwise(widths):
        total += 2 * 9 * channels * filters * side**2
        side = side // 2
    return total + 2 * widths[-1] * side**2 * 10


def _linear_reads_the_first(widths: tuple[int, ...]) -> int:
    return _no_classifier(widths) + 2 * widths[0] * _last_side(widths) ** 2 * 10


def _convs_at_full_size(widths: tuple[int, ...]) -> int:
    pairs = pairwise((1, *widths))
    convs = sum(2 * 9 * channels * filters * 28**2 for channels, filters in pairs)
    return convs + 2 * widths[-1] * _last_side(widths) ** 2 * 10


def _three_blocks_only(widths: tuple[int, ...]) -> int:
    layers = zip((28, 14, 7), pairwise((1, *widths)), strict=False)
    convs = sum(2 * 9 * channels * filters * side**2 for side, (channels, filters) in layers)
    return convs + 2 * widths[min(2, len(widths) - 1)] * 3**2 * 10


def _with_batchnorm(widths: tuple[int, ...]) -> int:
    sides = [28 >> block for block in range(len(widths))]
    norms = sum(2 * n * side**2 for n, side in zip(widths, sides, strict=True))
    return _right_net_flops(widths) + norms


def _first_reads_its_own(widths: tuple[int, ...]) -> int:
    return _right_net_flops(widths) + 2 * 9 * (widths[0] - 1) * widths[0] * 28**2


def _cut_off_at_the_end(widths: tuple[int, ...]) -> int:
    return int(_not_rounded(widths))


def _linear_as_conv(widths: tuple[int, ...]) -> int:
    return _no_classifier((*widths, 10))


_right_net_flops = net_flops


net_flops = Exercise(
    id="3.6",
    title="Count the operations of a whole net",
    difficulty=2,
    importance=2,
    minutes=7,
    tolerance=1e-9,
    reference=net_flops,
    cases=(
        Case("one block of one filter", lambda: ((1,),)),
        Case("one block of four filters", lambda: ((4,),)),
        Case("two blocks", lambda: ((2, 3),)),
        Case("three blocks: 7 pixels are pooled to 3", lambda: ((32, 64, 128),)),
        Case("four blocks", lambda: ((1, 2, 1, 3),)),
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
                total += conv_flops(...)
                channels, side = ..., ...       # what the next block finds
            return total + ...                  # the linear layer
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
            "Your picture stays 28 pixels wide. Each block ends with pooling, which halves it: "
            "28, 14, 7, 3.",
        ),
        Misconception(
            _no_classifier,
            "The last linear layer is missing: 2 · inputs · 10, where the inputs are all "
            "positions of all channels.",
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
        Misconception(
            _linear_multiply_adds,
            "The factor 2 of the linear layer is missing: each of its weights takes a "
            "multiplication and an addition, too.",
        ),
        Misconception(
            _all_multiply_adds,
            "You count multiply-adds. Each is two operations, a multiplication and an addition.",
        ),
        Misconception(
            _nine_positions,
            "Your linear layer has nine positions for each channel in every net. That is so "
            "behind three blocks; otherwise it is the side that is left, squared.",
        ),
        Misconception(
            _rounded_up,
            "You round the side up. Pooling leaves out what does not fill a window: 7 pixels "
            "become 3.",
        ),
        Misconception(
            _not_rounded,
            "Your side is not a whole number: 7 / 2 = 3.5. Pooling rounds down, so divide with //.",
        ),
        Misconception(
            _last_not_pooled,
            "The last block is pooled like the others. The linear layer reads what comes out of "
            "that pooling.",
        ),
        Misconception(
            _positions_not_squared,
            "Your linear layer reads one row of each channel. A channel has side · side positions.",
        ),
        Misconception(
            _one_output,
            "Your linear layer has one output. It has ten, one for each digit.",
        ),
        Misconception(
            _kernel_3,
            "You count three products for each input channel. A 3×3 kernel has nine weights.",
        ),
        Misconception(
            _kernel_1,
            "The kernel is missing: each conv has 3×3 weights for each pair of channels.",
        ),
        Misconception(
            _no_padding,
            "Your convs lose a pixel on each side. With padding 1 the output is as large as the "
            "input: 28, then pooled to 14.",
        ),
        Misconception(
            _first_conv_missing,
            "The first conv is missing. It reads one channel, the picture.",
        ),
        Misconception(
            _last_conv_missing,
            "The last conv is missing: there is one for each entry of widths.",
        ),
        Misconception(
            _channels_kept_equal,
            "Each of your convs reads as many channels as it makes. It reads what the block "
            "before has made, and the first reads one.",
        ),
        Misconception(
            _three_channels,
            "Your first conv reads three channels. A digit is grey: one channel.",
        ),
        Misconception(
            _next_block_first,
            "You move on to the next block before you have counted this one: its conv reads what "
            "came in, at the size that came in.",
        ),
        Misconception(
            _first_block_only,
            "Your return stands inside the loop, so that it ends after the first block.",
        ),
        Misconception(
            _linear_in_each_block,
            "You count the linear layer in every block. There is one, behind the last.",
        ),
        Misconception(
            _last_conv_only,
            "Each conv overwrites the sum of those before it: add it (+=).",
        ),
        Misconception(
            _between_the_blocks,
            "You count the convs between the blocks. The first block has one, too: it reads the "
            "one channel of the picture, and pools as well.",
        ),
        Misconception(
            _linear_reads_the_first,
            "Your linear layer reads the filters of the first block. It stands behind the last.",
        ),
        Misconception(
            _convs_at_full_size,
            "All of your convs work on 28×28 pixels. Each block ends with pooling, so the next "
            "one finds half the side: 28, 14, 7, 3.",
        ),
        Misconception(
            _three_blocks_only,
            "You have three sides written down, 28, 14 and 7. A net may have more blocks or "
            "fewer: halve the side in each.",
        ),
        Misconception(
            _with_batchnorm,
            "You count BatchNorm. That is little; only the convs and the linear layer are asked "
            "for, as PyTorch's counter has it.",
        ),
        Misconception(
            _first_reads_its_own,
            "Your first conv reads as many channels as it makes. It reads one, the grey picture.",
        ),
        Misconception(
            _cut_off_at_the_end,
            "You round at the end only. Pooling itself leaves out what does not fill a window: 7 "
            "pixels become 3, so halve with //.",
        ),
        Misconception(
            _linear_as_conv,
            "Your last layer is a conv of ten filters. It is linear: one weight for each of its "
            "channels · side · side inputs and each output.",
        ),
        Misconception(
            _with_biases,
            "You count the ten biases of the linear layer. Only products and their additions are "
            "asked for.",
        ),
    ),
    crashes={
        "values to unpack": "A net may have any number of blocks: go through `widths` in a loop.",
        "index out of range": "A net may have any number of blocks: go through `widths` in a loop.",
    },
)
