"""A ConvNet of whole, half or a quarter of its filters in whole numbers. Lesson 07.

What is computed here is exact on every processor: sums of integers, as ``quantise`` makes them, and
not the kernels of ONNX Runtime, which saturate on some processors and not on others.
"""

import copy

import torch
from torch import Tensor, nn

from course_utils import layers, pruning, quantise, surgery
from course_utils.data import Digits, load_mnist
from course_utils.experiments.convs import conv_net, largest_filters, sample_of
from course_utils.experiments.nets import Row, remembered
from course_utils.quantise import Grid
from course_utils.training import recalibrate, train

SEEDS = (0, 1, 2, 3, 4)
LAST_EPOCHS, LAST_LR = 4, 0.02  # after filters went
WIDE = (16, 32, 64)
LAYERS = ("blocks.0.0", "blocks.1.0", "blocks.2.0", "classifier")
SPARSITY = 0.8
GRAINS = ("per tensor", "per channel")
ORDERS = ("prune, train, quantise", "train, prune, quantise", "train, quantise, prune")
CONFIGURATIONS = (
    *({"kept": kept, "way": "fp32", "bits": 32} for kept in (1.0, 0.5, 0.25)),
    *(
        {"kept": kept, "way": way, "bits": bits}
        for kept in (1.0, 0.5, 0.25)
        for bits in ((8, 6, 4, 3) if kept == 0.5 else (8, 4))
        for way in GRAINS
    ),
    *({"kept": 0.5, "way": "BatchNorm apart", "bits": bits} for bits in (8, 4)),
    *({"kept": 0.5, "way": f"all but {name}", "bits": 4} for name in LAYERS),
    *({"kept": 0.5, "way": f"only {name}", "bits": 4} for name in LAYERS),
    *(
        {"kept": 0.5, "way": way, "bits": bits}
        for way in ORDERS
        for bits in (32, 8, 4)
        if (way, bits) != (ORDERS[2], 32)
    ),
)


def measure(seed: int, kept: float, way: str, bits: int) -> Row:
    """The test accuracy of a 16-32-64 ConvNet that keeps this part of each conv's filters.

    It trains for two epochs, loses its filters of smallest L2 norm, and trains for four more.
    BatchNorm is folded; then weights become integers of ``bits`` bits (32: they stay as they are),
    and what goes into each layer integers of 8, with ranges from 1,000 training digits. ``way``:

    - "fp32": nothing is quantised
    - "per tensor", "per channel": with one scale for the weights of a layer, or one a filter
    - "BatchNorm apart": per tensor, BatchNorm not folded, computed in fp32 behind each conv
    - "all but LAYER", "only LAYER": per tensor; this layer stays in fp32, or all others do
    - "prune, train, quantise" and so on: per channel, with 80 % of all weights pruned by magnitude
      before the last four epochs, after them, or once the weights are integers

    Columns: "accuracy"; "flips", the part of the test digits that are answered otherwise than
    before the net was quantised; "error", by how much the scores differ from before, as a part of
    their own spread (root mean squares).
    """
    data = load_mnist()
    net = small_net(seed, data, kept, way == ORDERS[0])
    if way != "BatchNorm apart":
        net = quantise.fold_batchnorm(net)
    if way == ORDERS[1]:
        net = without_small_weights(net)
    in_whole_numbers = net if bits == 32 else quantised(net, data, way, bits)
    images, labels = data.test
    with torch.no_grad():
        before, after = net(images), in_whole_numbers(images)
    off = (after - before).square().mean().sqrt() / before.std()
    return {
        "accuracy": (after.argmax(1) == labels).double().mean().item(),
        "flips": (after.argmax(1) != before.argmax(1)).double().mean().item(),
        "error": off.item(),
    }


@remembered
def small_net(seed: int, data: Digits, kept: float, pruned: bool) -> nn.Module:
    """The net in fp32, its BatchNorm recalibrated and not yet folded."""
    net = conv_net(seed, data, WIDE)
    if kept < 1:
        net = surgery.remove_filters(net, largest_filters(net, 1 - kept))
    if pruned:
        pruning.prune_model(net, SPARSITY)
    train(net, data, LAST_EPOCHS, lr=LAST_LR, seed=100 + seed)
    recalibrate(net, sample_of(data))
    return layers.make_permanent(net)


def without_small_weights(net: nn.Module) -> nn.Module:
    """A copy without the 80 % of all weights that are smallest."""
    return layers.make_permanent(pruning.prune_model(copy.deepcopy(net), SPARSITY))


def quantised(net: nn.Module, data: Digits, way: str, bits: int) -> nn.Module:
    """A copy that computes in whole numbers, except in the layers that ``way`` leaves in fp32."""
    copied = copy.deepcopy(net)
    chosen = {
        name: layer
        for name, layer in layers.prunable(copied).items()
        if way != f"all but {name}" and (not way.startswith("only ") or way == f"only {name}")
    }
    calls = layers.calls_of(copied, sample_of(data)[0], chosen)
    axis = 0 if way == "per channel" or way in ORDERS else None
    if way == ORDERS[2]:
        for layer in chosen.values():
            grid = quantise.symmetric(layer.weight, axis, bits=bits)
            layer.weight.data = quantise.dequantise(quantise.quantise(layer.weight, grid), grid)
        pruning.prune_model(copied, SPARSITY)
        layers.make_permanent(copied)
    for name, layer in chosen.items():
        weight_grid = quantise.symmetric(layer.weight, axis, bits=bits)
        x_grid = quantise.asymmetric(calls[name][0].input)
        copied.set_submodule(name, IntegerLayer(layer, x_grid, weight_grid))
    return copied


class IntegerLayer(nn.Module):
    """A linear or conv layer that rounds what it is given, and sums up whole numbers."""

    def __init__(self, layer: nn.Module, x_grid: Grid, weight_grid: Grid) -> None:
        super().__init__()
        self.weight, self.bias = quantise.quantise(layer.weight, weight_grid), layer.bias
        self.x_grid, self.weight_grid = x_grid, weight_grid
        self.padding = layer.padding if isinstance(layer, nn.Conv2d) else None

    def forward(self, x: Tensor) -> Tensor:
        grids = self.x_grid, self.weight_grid
        x = quantise.quantise(x, self.x_grid)
        if self.padding is None:
            sums = quantise.integer_linear(x, self.weight, *grids, self.bias)
        else:
            sums = quantise.integer_conv(x, self.weight, *grids, self.bias, padding=self.padding)
        return quantise.rescale(sums, *grids)
