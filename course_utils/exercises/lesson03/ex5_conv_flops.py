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


def _with_bias(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return (
        _right_flops(channels_in, channels_out, kernel, height, width)
        + channels_out * height * width
    )


def _one_addition_less(
    channels_in: int, channels_out: int, kernel: int, height: int, width: int
) -> int:
    return (2 * kernel**2 * channels_in - 1) * channels_out * height * width


def _without_padding(
    channels_in: int, channels_out: int, kernel: int, height: int, width: int
) -> int:
    return _right_flops(channels_in, channels_out, kernel, height - kernel + 1, width - kernel + 1)


def _one_filter(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return 2 * kernel**2 * channels_in * height * width


def _height_only(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return 2 * kernel**2 * channels_in * channels_out * height**2


def _width_only(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return 2 * kernel**2 * channels_in * channels_out * width**2


def _one_row(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return 2 * kernel**2 * channels_in * channels_out * height


def _sides_added(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return 2 * kernel**2 * channels_in * channels_out * (height + width)


def _always_3(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return 2 * 9 * channels_in * channels_out * height * width


def _counted_twice(
    channels_in: int, channels_out: int, kernel: int, height: int, width: int
) -> int:
    return 2 * _right_flops(channels_in, channels_out, kernel, height, width)


def _only_outputs(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return channels_out * height * width


def _kernel_cubed(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return 2 * kernel**3 * channels_in * channels_out * height * width


def _kernel_doubled(
    channels_in: int, channels_out: int, kernel: int, height: int, width: int
) -> int:
    return 2 * (2 * kernel) * channels_in * channels_out * height * width


def _not_a_power(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return 2 * kernel ^ 2 * channels_in * channels_out * height * width


def _with_a_border(
    channels_in: int, channels_out: int, kernel: int, height: int, width: int
) -> int:
    return _right_flops(channels_in, channels_out, kernel, height + kernel - 1, width + kernel - 1)


def _number_of_weights(
    channels_in: int, channels_out: int, kernel: int, height: int, width: int
) -> int:
    return kernel**2 * channels_in * channels_out


def _additions_once(
    channels_in: int, channels_out: int, kernel: int, height: int, width: int
) -> int:
    return (kernel**2 + 1) * channels_in * channels_out * height * width


def _in_billions(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return _right_flops(channels_in, channels_out, kernel, height, width) / 1e9


def _in_millions(channels_in: int, channels_out: int, kernel: int, height: int, width: int) -> int:
    return _right_flops(channels_in, channels_out, kernel, height, width) / 1e6


_right_flops = conv_flops

conv_flops = Exercise(
    id="3.5",
    title="Count the operations of a conv layer",
    difficulty=1,
    importance=3,
    minutes=5,
    tolerance=1e-9,
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
            products = ...          # for one output number
            outputs = ...           # how many of these there are
            return ... * products * outputs
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
        Misconception(
            _with_bias,
            "You count a bias, one addition more for each output number. This conv has none.",
        ),
        Misconception(
            _one_addition_less,
            "n products need n − 1 additions, true. The usual count gives each product its "
            "addition, since the sum starts from 0: 2 · n.",
        ),
        Misconception(
            _without_padding,
            "You shrink the picture by the kernel. height and width are those of the *output* "
            "already: each of its positions counts.",
        ),
        Misconception(
            _one_filter,
            "You count one filter. Each of the channels_out filters works at every position.",
        ),
        Misconception(
            _height_only,
            "You take the picture for a square of height². It has height · width positions.",
        ),
        Misconception(
            _width_only,
            "You take the picture for a square of width². It has height · width positions.",
        ),
        Misconception(
            _one_row,
            "You count one column of the picture. It has height · width positions.",
        ),
        Misconception(
            _sides_added,
            "You add height and width. The filter is applied at height · width positions.",
        ),
        Misconception(
            _always_3,
            "Your kernel is 3×3 in every case. It is handed in: kernel · kernel weights for each "
            "input channel.",
        ),
        Misconception(
            _counted_twice,
            "You double twice. A product takes two operations, its multiplication and its "
            "addition, and not four.",
        ),
        Misconception(
            _kernel_cubed,
            "You take kernel³. A filter has kernel · kernel weights for each input channel.",
        ),
        Misconception(
            _kernel_doubled,
            "You double the kernel where it is to be squared: 3 × 3 weights are 9, not 6.",
        ),
        Misconception(
            _not_a_power,
            "In Python ^ is not a power (it compares bits). Write kernel**2.",
        ),
        Misconception(
            _with_a_border,
            "You add the padding to the picture. height and width are those of the output, and "
            "that is where the filter is applied.",
        ),
        Misconception(
            _number_of_weights,
            "That is how many weights the conv has. Each of them works at every one of the height "
            "· width positions, and takes two operations there.",
        ),
        Misconception(
            _additions_once,
            "You count one addition for each input channel. Every product is added up: as many "
            "additions as multiplications.",
        ),
        Misconception(
            _in_billions, "You count in billions (GFLOPs). Return the number of operations itself."
        ),
        Misconception(
            _in_millions, "You count in millions. Return the number of operations itself."
        ),
        Misconception(
            _only_outputs,
            "You count the output numbers. Each of them is a sum of kernel² · channels_in "
            "products.",
        ),
    ),
)
