"""Numbers of filters as they come out, or rounded to multiples of eight. Lesson 03."""

import math

from course_utils import masks, scores, surgery
from course_utils.data import load_mnist
from course_utils.experiments.convs import accuracy_of, conv_net
from course_utils.experiments.nets import Row, four_sets
from course_utils.training import train

SEEDS = four_sets(2)
WIDE = (16, 32, 64)
REMOVED, STEP = 0.3, 8
WAYS = ("dense", "as counted", "rounded", "rounded up")
CONFIGURATIONS = tuple({"way": way} for way in WAYS)


def measure(seed: int, way: str) -> Row:
    """The test accuracy of a 16-32-64 ConvNet: two epochs, 30 % of each conv's filters, one epoch.

    The filters of smallest L2 norm go, so many that ``filters_left`` stay; recalibrated.
    """
    data = load_mnist()
    model = conv_net(seed, data, WIDE)
    keep = {}
    for name, layer in surgery.filter_layers(model).items():
        norms = scores.group_norm(layer.weight)
        keep[name] = masks.mask_from_scores(norms, 1 - filters_left(len(norms), way) / len(norms))
    model = surgery.remove_filters(model, keep)
    train(model, data, epochs=1, seed=100 + seed)
    return {"accuracy": accuracy_of(model, data)}


def filters_left(filters: int, way: str) -> int:
    """How many of so many filters stay; "rounded" is to the nearest multiple of ``STEP``."""
    left = filters - round(REMOVED * filters)
    steps = {"rounded": round(left / STEP), "rounded up": math.ceil(left / STEP)}
    return filters if way == "dense" else STEP * steps[way] if way in steps else left
