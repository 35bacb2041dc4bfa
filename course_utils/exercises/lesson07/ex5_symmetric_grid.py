"""Exercise 7.5: A symmetric scale and its error bound."""

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import coin, normal

Answer = tuple[Tensor, Tensor, Tensor]


def symmetric_grid(weight: Tensor, bits: int) -> Answer:
    """weight: (out, …), bits: 2 to 8. Returns (q, scale, bound), scale and bound (out,)."""
    largest = weight.abs().flatten(1).amax(1)  # (out, …) -> (out,)
    scale = largest / (2 ** (bits - 1) - 1)
    scale[largest == 0] = 1.0
    along = scale.view(-1, *[1] * (weight.dim() - 1))  # (out,) -> (out, 1, …)
    q = (weight / along).round().to(torch.int8)
    return q, scale, scale / 2


def _on(scale: Tensor, weight: Tensor, clamp: bool = False) -> Answer:
    """The right integers for another ``scale``, of shape (out,)."""
    steps = (weight / _along(scale, weight)).round()
    return (steps.clamp(-128, 127) if clamp else steps).to(torch.int8), scale, scale / 2


def _along(scale: Tensor, weight: Tensor) -> Tensor:
    return scale.view(-1, *[1] * (weight.dim() - 1))


def _guarded(largest: Tensor, high: float) -> Tensor:
    return torch.where(largest == 0, 1.0, largest / high)


def _high(bits: int) -> int:
    return 2 ** (bits - 1) - 1


def _largest(weight: Tensor) -> Tensor:
    return weight.abs().flatten(1).amax(1)


def _signed_largest(weight: Tensor, bits: int) -> Answer:
    return _on(_guarded(weight.flatten(1).amax(1), _high(bits)), weight)


def _signed_largest_clipped(weight: Tensor, bits: int) -> Answer:
    return _on(_guarded(weight.flatten(1).amax(1), _high(bits)), weight, clamp=True)


def _size_of_the_largest(weight: Tensor, bits: int) -> Answer:
    return _on(_guarded(weight.flatten(1).amax(1).abs(), _high(bits)), weight, clamp=True)


def _one_scale(weight: Tensor, bits: int) -> Answer:
    scale = _guarded(weight.abs().amax(), _high(bits))
    return (weight / scale).round().to(torch.int8), scale, scale / 2


def _one_scale_repeated(weight: Tensor, bits: int) -> Answer:
    scale = _guarded(weight.abs().amax(), _high(bits))
    return _on(scale.repeat(len(weight)), weight)


def _wrong_axis(weight: Tensor, bits: int) -> Answer:
    scale = _guarded(weight.abs().amax(0), _high(bits))
    return (weight / scale).round().to(torch.int8), scale, scale / 2


def _input_channels(weight: Tensor, bits: int) -> Answer:
    q, scale, bound = _on(
        _guarded(_largest(weight.transpose(0, 1)), _high(bits)), weight.transpose(0, 1)
    )
    return q.transpose(0, 1), scale, bound


def _wrong_axis_unguarded(weight: Tensor, bits: int) -> Answer:
    scale = weight.abs().amax(0) / _high(bits)
    return (weight / scale).round().to(torch.int8), scale, scale / 2


def _signed_largest_unguarded(weight: Tensor, bits: int) -> Answer:
    return _on(weight.flatten(1).amax(1) / _high(bits), weight)


def _one_level_more_unguarded(weight: Tensor, bits: int) -> Answer:
    return _on(_largest(weight) / 2 ** (bits - 1), weight)


def _cut_off_unguarded(weight: Tensor, bits: int) -> Answer:
    scale = _largest(weight) / _high(bits)
    return (weight / _along(scale, weight)).to(torch.int8), scale, scale / 2


def _whole_step_unguarded(weight: Tensor, bits: int) -> Answer:
    q, scale, bound = _zero_unguarded(weight, bits)
    return q, scale, 2 * bound


def _range_of_both_signs(weight: Tensor, bits: int) -> Answer:
    flat = weight.flatten(1)
    return _on(_guarded(flat.amax(1) - flat.amin(1), 2**bits - 1), weight, clamp=True)


def _all_levels(weight: Tensor, bits: int) -> Answer:
    return _on(_guarded(_largest(weight), 2**bits - 1), weight, clamp=True)


def _all_levels_wrapped(weight: Tensor, bits: int) -> Answer:
    return _on(_guarded(_largest(weight), 2**bits - 1), weight)


def _one_level_more(weight: Tensor, bits: int) -> Answer:
    return _on(_guarded(_largest(weight), 2 ** (bits - 1)), weight, clamp=True)


def _one_level_more_wrapped(weight: Tensor, bits: int) -> Answer:
    return _on(_guarded(_largest(weight), 2 ** (bits - 1)), weight)


def _always_8_bits(weight: Tensor, bits: int) -> Answer:
    return _on(_guarded(_largest(weight), 127), weight)


def _zero_unguarded(weight: Tensor, bits: int) -> Answer:
    return _on(_largest(weight) / _high(bits), weight)


def _cut_off(weight: Tensor, bits: int) -> Answer:
    _, scale, bound = _right_grid(weight, bits)
    return (weight / _along(scale, weight)).to(torch.int8), scale, bound


def _floored(weight: Tensor, bits: int) -> Answer:
    _, scale, bound = _right_grid(weight, bits)
    return (weight / _along(scale, weight)).floor().to(torch.int8), scale, bound


def _half_added(weight: Tensor, bits: int) -> Answer:
    _, scale, bound = _right_grid(weight, bits)
    return (weight / _along(scale, weight) + 0.5).to(torch.int8), scale, bound


def _multiplied(weight: Tensor, bits: int) -> Answer:
    _, scale, bound = _right_grid(weight, bits)
    return (weight * _along(scale, weight)).round().to(torch.int8), scale, bound


def _inverse_scale(weight: Tensor, bits: int) -> Answer:
    q, scale, _ = _right_grid(weight, bits)
    return q, 1 / scale, 0.5 / scale


def _in_float(weight: Tensor, bits: int) -> Answer:
    q, scale, bound = _right_grid(weight, bits)
    return q.float(), scale, bound


def _in_float_again(weight: Tensor, bits: int) -> Answer:
    q, scale, bound = _right_grid(weight, bits)
    return q * _along(scale, weight), scale, bound


def _moved_up(weight: Tensor, bits: int) -> Answer:
    q, scale, bound = _right_grid(weight, bits)
    return (q.int() + _high(bits) + 1).to(torch.uint8), scale, bound


def _whole_step(weight: Tensor, bits: int) -> Answer:
    q, scale, bound = _right_grid(weight, bits)
    return q, scale, 2 * bound


def _half_in_steps(weight: Tensor, bits: int) -> Answer:
    q, scale, bound = _right_grid(weight, bits)
    return q, scale, torch.full_like(bound, 0.5)


def _one_bound(weight: Tensor, bits: int) -> Answer:
    q, scale, bound = _right_grid(weight, bits)
    return q, scale, bound.amax()


def _measured(weight: Tensor, bits: int) -> Answer:
    q, scale, _ = _right_grid(weight, bits)
    return q, scale, _largest(weight - q * _along(scale, weight))


def _errors(weight: Tensor, bits: int) -> Answer:
    q, scale, _ = _right_grid(weight, bits)
    return q, scale, (weight - q * _along(scale, weight)).abs()


_right_grid = symmetric_grid

symmetric_grid = Exercise(
    id="7.5",
    title="A symmetric scale and its error bound",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=symmetric_grid,
    # No weight lies halfway between two integers, where rounding could go either way.
    cases=(
        Case("one channel of two weights", lambda: (torch.tensor([[12.7, -5.03]]), 8)),
        Case("the largest size is a negative number's", lambda: (torch.tensor([[0.52, -2.54]]), 8)),
        Case("all weights negative", lambda: (torch.tensor([[-0.62, -2.54, -1.0]]), 8)),
        Case("4 bits", lambda: (torch.tensor([[0.7, -0.32, 0.26]]), 4)),
        Case("2 bits", lambda: (torch.tensor([[0.9, -2.0, 1.3, 0.0]]), 2)),
        Case(
            "a large and a small channel",
            lambda: (torch.tensor([[1.0, -0.27, 0.0], [101.0, 30.0, -64.0]]), 8),
        ),
        Case(
            "a channel of zeros",
            lambda: (torch.tensor([[0.0, 0.0], [-0.6, 0.21]]), 4),
        ),
        Case(
            "a channel of tiny weights",
            lambda: (torch.tensor([[1e-9, -4e-10], [-0.6, 0.21]]), 4),
        ),
        Case(
            "as many inputs as channels",
            lambda: (torch.tensor([[1.0, -3.1, 0.4], [-0.7, 0.2, 5.5], [8.0, 1.2, -0.9]]), 8),
        ),
        Case("a conv layer, half pruned", lambda: (normal(4, 3, 3, 3) * coin(4, 3, 3, 3), 8)),
    ),
    hints=(
        "The largest |w| of a channel is to be 2^(bits−1) − 1 steps of its scale: divide. For a "
        "weight of any shape, .flatten(1) lays each channel flat. Before you divide the weight by "
        "the scales, give these their dims back, (out, 1, …). Rounding goes to the nearest "
        "integer: how far is that at most, in steps, and how much is a step?",
        """
        bits = 4: integers from −7 to 7
        channel         0.7   −0.32   0.26      largest |w| 0.7,  scale 0.7 / 7 = 0.1
        w / scale       7     −3.2    2.6
        q               7     −3      3
        q · scale       0.7   −0.3    0.3       off by 0, 0.02, 0.04: never more than 0.05
        """,
        """
        def symmetric_grid(weight, bits):
            largest = weight.abs().flatten(1).amax(1)
            scale = largest / ...
            scale[largest == 0] = 1.0
            along = scale.view(-1, *[1] * (weight.dim() - 1))
            q = (...).round().to(torch.int8)
            return q, scale, ...
        """,
    ),
    misconceptions=(
        Misconception(
            _signed_largest,
            "You take the largest *number* for the scale. A negative weight may be larger in size: "
            "its integer then leaves the range and comes out with the wrong sign. Take max |w|.",
        ),
        Misconception(
            _signed_largest_unguarded,
            "You take the largest *number* for the scale, and a negative weight may be larger in "
            "size: take max |w|. And a channel of zeros needs the scale 1, or 0 / 0 is NaN.",
        ),
        Misconception(
            _signed_largest_clipped,
            "You take the largest *number* for the scale, so that large negative weights are cut "
            "off. The grid is symmetric: take max |w|.",
        ),
        Misconception(
            _size_of_the_largest,
            "You take the size after the maximum, |max w|. Take the maximum of the sizes, "
            "max |w|: −2.54 counts for more than 0.52.",
        ),
        Misconception(
            _one_scale,
            "You give one scale for the whole weight. Each output channel has a scale of its own, "
            "(out,), so that a small channel keeps its digits beside a large one.",
        ),
        Misconception(
            _one_scale_repeated,
            "You give each channel the scale of the whole weight. Take the largest |w| of each "
            "channel by itself, so that a small one keeps its digits beside a large one.",
        ),
        Misconception(
            _wrong_axis,
            "Your scales go along the wrong axis: you take the maximum *over* dim 0, the output "
            "channels. Inside one sum of the layer all weights need the same scale, so it is "
            "output channels that have one each: maximum over all other dims.",
        ),
        Misconception(
            _wrong_axis_unguarded,
            "Your scales go along the wrong axis: you take the maximum *over* dim 0, the output "
            "channels, which have a scale each. Take it over all other dims. And a channel of "
            "zeros needs the scale 1, or 0 / 0 is NaN.",
        ),
        Misconception(
            _input_channels,
            "Your scales go along the wrong axis: one for each *input* channel. The products of "
            "all inputs are added up, and that needs one scale in each sum: one for each output "
            "channel, dim 0.",
        ),
        Misconception(
            _range_of_both_signs,
            "You share out the range from the smallest to the largest weight. A symmetric grid "
            "reaches from −max |w| to max |w|: scale = max |w| / (2^(bits−1) − 1).",
        ),
        Misconception(
            _all_levels,
            "You divide by 2^bits − 1, but half of the integers are for negative weights. The "
            "largest |w| becomes 2^(bits−1) − 1.",
        ),
        Misconception(
            _all_levels_wrapped,
            "You divide by 2^bits − 1, but half of the integers are for negative weights, and int8 "
            "ends at 127: larger ones come out with the wrong sign. The largest |w| becomes "
            "2^(bits−1) − 1.",
        ),
        Misconception(
            _one_level_more,
            "You divide by 2^(bits−1), 128 for 8 bits. The integers end at 2^(bits−1) − 1, one "
            "less: that is what the largest |w| becomes.",
        ),
        Misconception(
            _one_level_more_wrapped,
            "You divide by 2^(bits−1), 128 for 8 bits. int8 ends at 127, and 128 comes out with "
            "the wrong sign. The largest |w| becomes 2^(bits−1) − 1.",
        ),
        Misconception(
            _one_level_more_unguarded,
            "You divide by 2^(bits−1), 128 for 8 bits. The integers end at 2^(bits−1) − 1, one "
            "less. And a channel of zeros needs the scale 1, or 0 / 0 is NaN.",
        ),
        Misconception(
            _always_8_bits,
            "You divide by 127 whatever `bits` is. The largest integer is 2^(bits−1) − 1: 7 for "
            "4 bits, 1 for 2.",
        ),
        Misconception(
            _zero_unguarded,
            "Right, but for a channel of zeros, as pruning makes them: its scale is 0, and 0 / 0 "
            "is NaN. Give it scale 1.",
        ),
        Misconception(
            _cut_off,
            "You cut the digits off, which is what .to(torch.int8) does. That may be off by a "
            "whole step. Round first: .round().to(torch.int8).",
        ),
        Misconception(
            _cut_off_unguarded,
            "You cut the digits off, which is what .to(torch.int8) does: round first. And a "
            "channel of zeros needs the scale 1, or 0 / 0 is NaN.",
        ),
        Misconception(
            _floored,
            "You round down. That may be off by a whole step, always to the same side. Round to "
            "the nearest integer: .round().",
        ),
        Misconception(
            _half_added,
            "You add 0.5 and cut the digits off. That rounds positive numbers, but −3.2 becomes "
            "−2. Use .round().",
        ),
        Misconception(
            _multiplied,
            "You multiply the weight by the scale. How many steps it is: divide. Multiplied is on "
            "the way back, q · scale.",
        ),
        Misconception(
            _inverse_scale,
            "Your scale is upside down: how many steps there are in 1. Asked for is what one step "
            "is worth, max |w| / (2^(bits−1) − 1), so that w ≈ q · scale.",
        ),
        Misconception(
            _in_float,
            "Your integers are float32, four bytes each: that saves nothing. Turn them into "
            "int8: .to(torch.int8).",
        ),
        Misconception(
            _in_float_again,
            "You return q · scale, which is float32 again: rounded, but four bytes each and "
            "computed in float32. The integers themselves are what int8 means; return q.",
        ),
        Misconception(
            _moved_up,
            "You have moved the integers up, so that none is negative. A symmetric grid has the "
            "zero point 0: int8 with its signs, and a pruned weight is the integer 0.",
        ),
        Misconception(
            _whole_step,
            "Your bound is a whole step. The nearest integer is never more than half a step away: "
            "scale / 2.",
        ),
        Misconception(
            _whole_step_unguarded,
            "Your bound is a whole step. The nearest integer is never more than half a step away: "
            "scale / 2. And a channel of zeros needs the scale 1, or 0 / 0 is NaN.",
        ),
        Misconception(
            _half_in_steps,
            "Your bound is half a step, counted in steps. In the unit of the weights a step is "
            "`scale`: the bound is scale / 2.",
        ),
        Misconception(
            _one_bound,
            "You give one bound for the whole weight. Each channel has steps of its own, and its "
            "own bound, (out,): scale / 2.",
        ),
        Misconception(
            _measured,
            "You give the largest error that there is. A bound says what it is *at most*, for any "
            "weight in the range: scale / 2.",
        ),
        Misconception(
            _errors,
            "You give the error of each weight. A bound says what it is *at most* in a channel, "
            "for any weight in the range: scale / 2.",
        ),
    ),
    crashes={
        "must match the size of tensor": "The scales are (out,), and broadcasting lays them along "
        "the *last* dim. Give them the shape (out, 1, …) first: scale.view(-1, 1) for a matrix, "
        "scale.view(-1, *[1] * (weight.dim() - 1)) for any weight.",
        "Dimension out of range": "`weight` may be a matrix or have four dims. .flatten(1) makes "
        "a matrix of both.",
    },
)
