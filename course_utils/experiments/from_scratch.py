"""A net pruned to half of its filters against one that was small from the start. Lesson 03."""

from course_utils import surgery
from course_utils.data import Digits, load_mnist
from course_utils.experiments.convs import (
    WIDTHS,
    accuracy_of,
    conv_net,
    largest_filters,
)
from course_utils.experiments.nets import Row, four_sets
from course_utils.measure import flops
from course_utils.training import train

SEEDS = four_sets(2)
NARROW = tuple(width // 2 for width in WIDTHS)
STARTS = ("dense", "pruned", "scratch", "scratch, equal FLOPs", "scratch, last third")
CONFIGURATIONS = tuple(
    {"start": start, "epochs": epochs}
    for epochs in (3, 9)
    for start in STARTS
    if (start, epochs) != ("scratch, equal FLOPs", 9)  # takes too long
)


def measure(seed: int, start: str, epochs: int) -> Row:
    """The test accuracy of a ConvNet, all BatchNorm statistics brought up to date.

    "dense": 8-16-32, so many ``epochs``. "pruned": the same, half of the filters removed after two
    thirds of them. "scratch": 4-8-16 from the start, as many epochs; "equal FLOPs": until its
    training has cost what that of "pruned" costs; "last third": as many epochs as "pruned" has left
    after the cut.
    """
    data = load_mnist()
    last = epochs // 3
    first = epochs - last
    if start == "scratch, equal FLOPs":
        first += round(first * (_cost(WIDTHS, data) / _cost(NARROW, data) - 1))
    if start == "scratch, last third":
        first = 0
    model = conv_net(seed, data, NARROW if start.startswith("scratch") else WIDTHS, first)
    if start == "pruned":
        model = surgery.remove_filters(model, largest_filters(model, 0.5))
    train(model, data, epochs=last, seed=100 + seed)
    return {"accuracy": accuracy_of(model, data)}


def _cost(widths: tuple[int, ...], data: Digits) -> int:
    """FLOPs for one digit."""
    return flops(conv_net(0, data, widths, 0), data.test[0][:1])
