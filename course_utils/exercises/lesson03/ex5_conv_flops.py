"""Exercise 3.5: Count the operations of a conv layer."""

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception


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
