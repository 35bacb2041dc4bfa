"""Where the zeros of one cut lie, what that costs, and what two epochs bring back. Lesson 02."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from course_utils import masks, pruning
from course_utils.data import load_mnist
from course_utils.experiments.nets import Row, dense_net
from course_utils.patterns import n_of_m
from course_utils.training import evaluate, train

DENSE = 10  # epochs before the cut
EPOCHS = (0, 2)  # after it
CUTS = (0.5, 0.8, 0.9, 0.95, 0.99)
RULES = ("global", "LAMP", "ERK", "per layer")
RULED = (0.9, 0.95, 0.99)  # the cuts at which all rules are compared
CONFIGURATIONS = tuple(
    {"way": way, "sparsity": sparsity, "epochs": epochs}
    for way, sparsities in {
        "dense": (0.0,),
        "global": CUTS,
        "per layer": (*CUTS, 0.75),
        "LAMP": RULED,
        "ERK": RULED,
        "2:4": (0.5,),
        "1:4": (0.75,),
    }.items()
    for sparsity in sparsities
    for epochs in EPOCHS
)


def measure(seed: int, way: str, sparsity: float, epochs: int) -> Row:
    """The test accuracy of a LeNet-300-100 so many ``epochs`` after the cut, ten before it."""
    data = load_mnist()
    model = dense_net(seed, data, DENSE)
    if way != "dense":
        cut(model, way, sparsity)
    train(model, data, epochs, seed=100 + seed)
    return {"accuracy": evaluate(model, data.test)}


def cut(model: nn.Module, way: str, sparsity: float) -> nn.Module:
    """Prune ``model`` to ``sparsity``, in place; return it. In each layer magnitude decides.

    "global", "per layer": as in :func:`pruning.prune_model`. "LAMP", "ERK": by :func:`lamp` and
    :func:`erk`. "n:m": n of every m in a row stay.
    """
    weights = pruning.weights(model)
    if way == "LAMP":
        found = masks.global_masks({name: lamp(w) for name, w in weights.items()}, sparsity)
    elif way == "ERK":
        shares = erk({name: w.shape for name, w in weights.items()}, sparsity)
        found = {name: masks.magnitude_mask(w, shares[name]) for name, w in weights.items()}
    elif ":" in way:
        found = {name: n_of_m(w, *map(int, way.split(":"))) for name, w in weights.items()}
    else:
        return pruning.prune_model(model, sparsity, scope="global" if way == "global" else "layer")
    return pruning.apply_masks(model, found)


def lamp(weight: Tensor) -> Tensor:
    """The LAMP score of each weight, in its shape: w² over the sum of w'² of all that are as large.

    That is the part of the layer's squared size that goes with this weight once the smaller ones
    are gone. The largest weight of a layer scores 1, so that one threshold for several layers
    leaves each at least one weight. Lee et al. 2021, Layer-adaptive sparsity for the
    magnitude-based pruning.
    """
    squares, order = weight.detach().double().flatten().square().sort(stable=True)
    still_there = squares.flip(0).cumsum(0).flip(0)  # itself and all behind it in the order
    scores = torch.empty_like(squares).scatter_(0, order, squares / still_there)
    return scores.view_as(weight)


def erk(shapes: Mapping[str, torch.Size], sparsity: float) -> dict[str, float]:
    """The sparsity of each layer under ERK: it keeps in proportion to the *sum* of its sides.

    A layer of the shape (out, in) keeps ε · (out + in) weights, a convolution ε · (out + in +
    height + width), and all of them where that is more than it has. ε is such that ``sparsity`` of
    all weights go. Mocanu et al. 2018, Scalable training of artificial neural networks with
    adaptive sparse connectivity; Evci et al. 2020, Rigging the lottery.
    """
    left = (1 - sparsity) * sum(shape.numel() for shape in shapes.values())
    sparsities = dict.fromkeys(shapes, 0.0)  # of the layers that stay whole
    ruled = dict(shapes)
    while ruled:
        epsilon = left / sum(sum(shape) for shape in ruled.values())
        whole = [name for name, shape in ruled.items() if epsilon * sum(shape) >= shape.numel()]
        if not whole:
            break
        left -= sum(ruled.pop(name).numel() for name in whole)
    return sparsities | {
        name: 1 - epsilon * sum(shape) / shape.numel() for name, shape in ruled.items()
    }
