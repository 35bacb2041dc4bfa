"""Which weights survive a cut hangs on where they started and how they were trained. Lesson 02."""

import copy

import torch
from torch import Tensor, nn

from course_utils import masks, pruning
from course_utils.data import load_mnist
from course_utils.experiments.nets import Row, untrained_net
from course_utils.training import evaluate, train

EPOCHS = 10  # of training, before the cut
STARTS = ("as PyTorch", "fc1 3 × as large", "trained with Adam")
CONFIGURATIONS = tuple({"start": start} for start in STARTS)
INK = ((0, 1), (1, 10), (10, 30), (30, 100))  # per cent of the digits


def measure(seed: int, start: str) -> Row:
    """What :func:`summary` says of a trained LeNet-300-100, trained from this ``start``.

    "trained with Adam" starts as PyTorch does; the others are trained with SGD.
    """
    data = load_mnist()
    model = untrained_net(seed)
    if start == "fc1 3 × as large":
        model.fc1.weight.data *= 3
    adam = torch.optim.Adam(model.parameters(), lr=1e-3) if start == "trained with Adam" else None
    train(model, data, EPOCHS, seed=seed, optimizer=adam)
    return summary(model)


def summary(model: nn.Module) -> Row:
    """Test accuracies of a trained net and of its cuts, and what is left of its first layer.

    The cuts are 90 and 95 % by one threshold and 95 % per layer, without fine-tuning. "left …": the
    part of fc1's weights that is left at 90 % on the pixels of that group (:func:`ink_groups`).
    """
    data = load_mnist()
    nets = {"dense": model} | {
        f"{100 * sparsity:g} % {name}": pruning.prune_model(copy.deepcopy(model), sparsity, scope=s)
        for sparsity, name, s in (
            (0.9, "global", "global"), (0.95, "global", "global"), (0.95, "per layer", "layer")
        )
    }  # fmt: skip
    first = pruning.masks_of(nets["90 % global"])["fc1"]
    left = {
        f"left {name}": 1 - masks.sparsity(first[:, pixels])
        for name, pixels in ink_groups(data.train[0]).items()
    }
    return {name: evaluate(net, data.test) for name, net in nets.items()} | left


def ink_groups(images: Tensor) -> dict[str, Tensor]:
    """Which of the 784 pixels have ink in how many of ``images``: group → boolean (784,)."""
    inked = 100 * (images > 0).float().mean(0).flatten()  # per cent of the images
    return {"never": inked == 0} | {
        f"in {low} to {high} % of the digits": (inked > low) & (inked <= high) for low, high in INK
    }
