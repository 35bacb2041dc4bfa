"""Exercise 3.6: Count the operations of a whole net."""

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
