"""Exercise 7.6: A range that holds 0.

Exercise 7.6 · A range that holds 0 · difficulty ★★☆ · importance ★★★ · 5 minutes

An integer q from 0 to 255 stands for scale · (q − zero_point). Write
`uint8_grid(smallest, largest)` for activations from `smallest` to `largest`: return
`(scale, zero_point)`. 0 must be one of the numbers, exactly, since pruned weights, ReLU and padding
give it: widen the range to hold 0 first. The ends of the range become 0 and 255; `zero_point` is
whole. If the range is 0 alone, return (1.0, 0).
"""


def uint8_grid(smallest: float, largest: float) -> tuple[float, int]:
    """smallest <= largest. Returns (scale, zero_point): q stands for scale · (q − zero_point)."""
    smallest, largest = min(smallest, 0.0), max(largest, 0.0)
    if smallest == largest:
        return 1.0, 0
    scale = (largest - smallest) / 255
    return scale, round(-smallest / scale)
