"""Each step that the reading of a net's data flow follows, or why it does not. Lesson 03.

In each net layer ``a`` makes six channels and ``b`` reads them. Where ``a`` is free, the net
without two of its filters must equal the net in which they are silenced: a reading that takes
another dimension, sign or default for the right one cuts other columns, or says no.
"""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from test_surgery import SIX, Net, assert_same
from torch import nn

from course_utils import layers, pruning, surgery
from course_utils._dataflow import read

PICTURES, SERIES, ROWS, TOKENS, GRIDS = (1, 6, 5), (1, 7), (4,), (5, 4), (2, 5, 4)
FIRST = {
    PICTURES: lambda: nn.Conv2d(1, 6, 3, padding=1), SERIES: lambda: nn.Conv1d(1, 6, 2),
    **dict.fromkeys((ROWS, TOKENS, GRIDS), lambda: nn.Linear(4, 6)),
}  # fmt: skip


def net(run: Callable, shape: tuple[int, ...], reads: int, **others: nn.Module) -> Net:
    """``run(net, x)`` over ``a`` for inputs of ``shape`` and ``b``, linear in ``reads`` numbers."""
    parts = {"a": FIRST[shape](), "b": nn.Linear(reads, 3)}
    return Net(run, **{**parts, **others}).eval()


def between(step: Callable, shape: tuple[int, ...], reads: int) -> Net:
    """``a``, ``step``, ``b``."""
    others = {"step": step} if isinstance(step, nn.Module) else {}
    return net(lambda m, x: m.b((m.step if others else step)(m.a(x))), shape, reads, **others)


# Followed -----------------------------------------------------------------------------------------

# The step between a and b, the shape of the input, and how many numbers b reads.
STEPS = {
    "flatten to the last": (lambda h: h.flatten(1, 3), PICTURES, 180),
    "flatten by name": (lambda h: torch.flatten(h, start_dim=1, end_dim=-1), PICTURES, 180),
    "flatten channels and rows": (lambda h: h.flatten(1, 2).mean(2), PICTURES, 36),
    "flatten by name, not all": (
        lambda h: torch.flatten(h, 1, end_dim=2).mean(2), PICTURES, 36,
    ),
    "flatten the positions, then all": (lambda h: h.flatten(2).flatten(1), PICTURES, 180),
    "flatten what is flat": (lambda h: h.flatten(1).flatten(1), PICTURES, 180),
    "flatten tokens that are flat": (lambda h: h.flatten(1).flatten(1), TOKENS, 30),
    "flatten the examples alone": (lambda h: h.flatten(0, 0).flatten(1), PICTURES, 180),
    "Flatten": (nn.Sequential(nn.Flatten(2), nn.Flatten()), PICTURES, 180),
    "mean of one dimension": (lambda h: h.mean(2).flatten(1), PICTURES, 30),
    "mean of one dimension that stays": (lambda h: h.mean(2, True).flatten(2).amax(2), PICTURES, 6),
    "mean that goes": (lambda h: h.mean((2, 3), False).view(h.size(0), -1), PICTURES, 6),
    "sum along axes": (lambda h: h.sum(axis=(-1, 2)), PICTURES, 6),
    "mean of tokens": (lambda h: h.mean(-2).flatten(1), TOKENS, 6),
    "mean of tokens that stays": (lambda h: h.mean(-2, keepdim=True).flatten(1), TOKENS, 6),
    "pooling": (lambda h: F.max_pool1d(h, 2).flatten(1), SERIES, 18),
    "pooling of all positions": (lambda h: F.avg_pool1d(h, h.size(2)).flatten(1), SERIES, 6),
    "padding": (lambda h: F.pad(h, (1, 1), "constant", 0).amax(2), SERIES, 6),
    "padding without a value": (lambda h: F.pad(h, pad=(1, 1), value=None).flatten(1), SERIES, 48),
    "padding with edges": (lambda h: F.pad(h, (1, 1), mode="replicate").amax(2), SERIES, 6),
    "ReplicationPad": (nn.Sequential(nn.ReplicationPad2d(1), nn.Flatten()), PICTURES, 336),
    "Identity and Dropout": (nn.Sequential(nn.Identity(), nn.Dropout()), TOKENS, 6),
    "BatchNorm of tokens in a row": (
        nn.Sequential(nn.Flatten(), nn.BatchNorm1d(30)), TOKENS, 30,
    ),
    "PReLU of tokens in a row": (nn.Sequential(nn.Flatten(), nn.PReLU(30)), TOKENS, 30),
    "reshape by name": (lambda h: torch.reshape(h, shape=(h.size(0), -1)), PICTURES, 180),
    "view by name": (lambda h: h.view(size=(h.size(0), -1)), PICTURES, 180),
    "view in two steps": (
        lambda h: (g := h.reshape(h.size(0), h.size(1), -1)).view(g.size(0), -1), PICTURES, 180,
    ),
    "view by the size of its mean": (
        lambda h: h.view(h.size(0), h.mean((2, 3)).size(1), -1).amax(2), PICTURES, 6,
    ),
    "view of tokens in a row": (
        lambda h: (g := h.flatten(1)).view(g.size(0), -1), TOKENS, 30,
    ),
    "view by a size from behind": (lambda h: h.view(h.size(-4), -1), PICTURES, 180),
    "view by a size by name": (lambda h: h.view(h.size(dim=0), -1), PICTURES, 180),
    "view of tokens": (lambda h: h.view(h.size()[0], -1), TOKENS, 30),
    "view in more dimensions": (
        lambda h: F.max_pool2d(h.view(h.shape[0], h.shape[1], 5, 6), 2).flatten(1), PICTURES, 36,
    ),
    "times a size": (lambda h: h * h.size(-2) / h.dim(), TOKENS, 6),
    "square": (lambda h: h**2, TOKENS, 6),
    "another precision and back": (
        lambda h: h.to(torch.float64).to(dtype=torch.float32), TOKENS, 6,
    ),
    "to the kind of another": (lambda h: h.to(torch.ones(1)), TOKENS, 6),
    "to its own kind": (lambda h: h.to(h.dtype).to(h.device), TOKENS, 6),
    "beside itself": (lambda h: torch.maximum(h, F.relu(h)) - 2 * h, TOKENS, 6),
    "relu by name": (lambda h: F.relu(input=h), TOKENS, 6),
}  # fmt: skip
# The whole forward.
NETS = {
    "channels given by name": (lambda m, x: m.b(input=m.a(input=x)), TOKENS, 6, {}),
    "view by the size of the input": (
        lambda m, x: m.b(m.a(x).view(x.size(0), -1)), PICTURES, 180, {},
    ),
    "view by an attribute of the layer": (
        lambda m, x: m.b(m.a(x).view(x.size(0), m.a.out_channels, -1).mean(2)), PICTURES, 6, {},
    ),
    "view by an attribute of its reader, and added to itself": (
        lambda m, x: m.b((h := m.a(x).view(x.size(0), m.b.in_features)) + h.relu()),
        PICTURES, 180, {},
    ),
    "input in rows": (
        lambda m, x: m.b((h := m.a(x.view(-1, 4))).view(h.size(0), -1)), ROWS, 6, {},
    ),
    "input in tokens": (
        lambda m, x: m.b(m.a(x.view(x.size(0), -1, 2)).view(x.size(0), -1)), ROWS, 12,
        {"a": nn.Linear(2, 6)},
    ),
    "input in rows, normed": (
        lambda m, x: m.b(m.step(m.a(x.view(-1, 4)))), ROWS, 6, {"step": nn.BatchNorm1d(6)},
    ),
    "input flattened": (
        lambda m, x: m.b(m.step(m.a(x.flatten(1)))), ROWS, 6, {"step": nn.BatchNorm1d(6)},
    ),
    "input doubled": (lambda m, x: m.b(m.a(2 * x).flatten(1)), TOKENS, 30, {}),
    "input beside itself": (lambda m, x: m.b(m.a(torch.cat([x, x], 1)).flatten(1)), TOKENS, 60, {}),
    "input pooled, normed, upsampled and padded with ones": (
        lambda m, x: m.b(m.a(F.pad(F.interpolate(m.step(F.max_pool1d(x, 2)), 7), (1, 1), value=1.0))
                         .flatten(1)),
        SERIES, 48, {"step": nn.BatchNorm1d(1)},
    ),
    "mean of the input": (lambda m, x: m.b(m.a(x.mean(-2)).flatten(1)), TOKENS, 6, {}),
    "input with one dimension more": (
        lambda m, x: m.b(m.a(x.unsqueeze(1).squeeze(1).unsqueeze(2)).flatten(1)), TOKENS, 30, {},
    ),
    "input turned": (
        lambda m, x: m.b(m.a(x.permute(0, 2, 1).transpose(1, 2)).flatten(1)), TOKENS, 30, {},
    ),
    "input turned, as a list": (
        lambda m, x: m.b(m.a(x.permute((0, 2, 1))).flatten(1)), TOKENS, 24, {"a": nn.Linear(5, 6)},
    ),
    "behind a sigmoid": (
        lambda m, x: m.b(m.a(torch.sigmoid(m.c(x))).flatten(1)), TOKENS, 30, {"c": nn.Linear(4, 4)},
    ),
    "behind a number of channels": (
        lambda m, x: m.b(m.a((h := m.c(x)) / h.size(-1)).flatten(1)), TOKENS, 30,
        {"c": nn.Linear(4, 4)},
    ),
    "behind the mean of a sigmoid": (
        lambda m, x: m.b(m.a(torch.sigmoid(m.c(x)).mean(2)).flatten(1, 2)), PICTURES, 6,
        {"c": nn.Conv2d(1, 1, 1), "a": nn.Linear(5, 6)},
    ),
    "behind a LayerNorm": (
        lambda m, x: m.b(m.a(m.step(m.c(x))).flatten(1)), TOKENS, 30,
        {"c": nn.Linear(4, 4), "step": nn.LayerNorm(4)},
    ),
    "behind a sum with the input": (
        lambda m, x: m.b(m.a(m.c(x) + x).flatten(1)), TOKENS, 30, {"c": nn.Linear(4, 4)},
    ),
    "behind tokens side by side": (
        lambda m, x: m.b(m.a(torch.cat([m.c(x), m.d(x)], -1)).flatten(1)), TOKENS, 30,
        {"c": nn.Linear(4, 2), "d": nn.Linear(4, 2)},
    ),
    "behind pictures side by side": (
        lambda m, x: m.b(m.a(torch.cat([m.c(x), m.d(x)], 2).flatten(2)).flatten(1)), PICTURES, 360,
        {"c": nn.Conv2d(1, 1, 1), "d": nn.Conv2d(1, 1, 1), "a": nn.Conv1d(1, 6, 1)},
    ),
    "behind series stacked": (
        lambda m, x: m.b(m.a(torch.stack([m.c(x), m.d(x)], 1)).flatten(1)), SERIES, 84,
        {"c": nn.Conv1d(1, 2, 1), "d": nn.Conv1d(1, 2, 1), "a": nn.Conv2d(2, 6, 1)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_followed(name):
    step, shape, reads = STEPS[name]
    small = assert_same(between(step, shape, reads), {"a": SIX}, shape)
    assert small.b.in_features == reads * 4 // 6


@pytest.mark.parametrize("name", NETS)
def test_a_net_is_followed(name):
    run, shape, reads, others = NETS[name]
    small = assert_same(net(run, shape, reads, **others), {"a": SIX}, shape)
    assert small.b.in_features == reads * 4 // 6


# Refused ------------------------------------------------------------------------------------------

TIED = "; they go together: pass example= to remove_filters"
NOT_LISTED = (
    " is not on the list of what passes each channel on by itself and leaves a silent one silent; "
    "use a layer of torch.nn that is (see course_utils.surgery)"
)
EXAMPLE = ": pass example=, a batch such as the net gets"
NOT_APART = (
    "whether view() keeps examples and channels apart is not known; write flatten(1), or pass "
    "example="
)
UNTIED = (
    "it is a depthwise (grouped) convolution, and its channels are not those of a layer before it"
)
SILENT = "{} turns a silent channel into a constant, {}; use one with f(0) = 0, such as ReLU"
GROUPED = "it is a grouped convolution, whose filters belong to certain inputs"
DEPTHWISE = (
    "it is a depthwise (grouped) convolution: each filter belongs to a channel of the layer before"
    + TIED
)
NUMBER = "forward computes with the number of its channels"
ANSWERS = "it is an output layer: its 6 filters or rows are the answers of the net"
ACROSS = "mean() computes across the channels"
UNREAD = (
    "the data flow of Net cannot be read: {}. Use a net without branches that depend on the data"
)


def fails(words: str) -> object:
    raise RuntimeError(words)


def relu(x: torch.Tensor) -> torch.Tensor:
    """Not PyTorch's, and it shows up under its name in the record."""
    if torch.overrides.has_torch_function((x,)):
        return torch.overrides.handle_torch_function(relu, (x,), x)
    return x + 1


def another_way(m: Net, x: torch.Tensor) -> torch.Tensor:
    """Four tokens of 6, or 6 channels of four pixels: in train mode the rows are others."""
    if not m.training:
        return m.b(m.a(x).flatten(1))
    h = m.a(x.flatten(1)).view(x.size(0), 6, 1, 1)
    return m.b(F.interpolate(h, scale_factor=2).flatten(1))


# As above, and the reason for a, or those for several layers. Some of these nets cannot run.
REFUSED_STEPS = {
    "a flatten of all": (torch.flatten, PICTURES, 1, "flatten() merges the examples of a batch"),
    "a flatten of the examples": (
        lambda h: h.flatten(0, 1), PICTURES, 5, "flatten() merges the examples of a batch",
    ),
    "a flatten to nowhere": (lambda h: h.flatten(None), PICTURES, 5, "flatten()" + NOT_LISTED),
    "a view of one dimension": (lambda h: h.view(-1), PICTURES, 5, NOT_APART),
    "a view by the channels": (lambda h: h.view(h.size(1), -1), PICTURES, 5, NOT_APART),
    "a view with the channels behind": (
        lambda h: h.view(h.size(0), -1, h.size(1)), PICTURES, 6, NOT_APART,
    ),
    "a view with the rows for channels": (
        lambda h: h.view(h.size(0), h.size(2), -1).mean(2), PICTURES, 6, NOT_APART,
    ),
    "a view by a product": (lambda h: h.view(h.size(0) * 1, -1), PICTURES, 180, NOT_APART),
    "rows of an odd size": (
        lambda h: h.view(h.size(0), 181), PICTURES, 181,
        "view() makes rows of a size that its channels do not explain; write flatten(1)",
    ),
    "rows of a size from elsewhere": (
        lambda h: h.view(h.size(0), h.size(2)), PICTURES, 6,
        "view() makes rows of a size that its channels do not explain; write flatten(1)",
    ),
    "a mean of the channels": (lambda h: h.mean(1), PICTURES, 5, ACROSS),
    "a mean of the channels from behind": (lambda h: h.mean((-1, -3)), PICTURES, 6, ACROSS),
    "a mean of everything": (lambda h: h.mean(), PICTURES, 6, ACROSS),
    "a mean by name": (lambda h: h.mean("C"), PICTURES, 6, ACROSS),
    "a mean of the examples": (
        lambda h: h.mean(0), TOKENS, 6, "over which dimension mean() goes is not known" + EXAMPLE,
    ),
    "pooling of channels": (
        nn.AvgPool2d(1), SERIES, 6,
        "AvgPool2d 'step' pools along dimensions in which its channels lie",
    ),
    "pooling with positions": (
        nn.MaxPool1d(2, return_indices=True), SERIES, 3,
        "MaxPool1d 'step' returns positions as well",
    ),
    "padding of channels": (
        lambda h: F.pad(h, (1, 1)), TOKENS, 8, "pad() pads the channels themselves",
    ),
    "padding of channels with edges": (
        nn.ReplicationPad1d(1), TOKENS, 8, "ReplicationPad1d 'step' pads the channels themselves",
    ),
    "padding of channels as well": (
        lambda h: F.pad(h, (1, 1, 1, 1)), SERIES, 8, "pad() pads the channels themselves",
    ),
    "padding by a number": (lambda h: F.pad(h, 1), SERIES, 6, "pad() pads the channels themselves"),
    "padding with numbers": (
        lambda h: F.pad(h, (1, 1), value=2.5), SERIES, 8,
        "pad() turns a silent channel into a constant at its edges, 2.5; pad with zeros",
    ),
    "upsampling": (
        nn.Upsample(scale_factor=2), TOKENS, 12,
        "whether Upsample 'step' takes the channels or the tokens for channels is not known; "
        + EXAMPLE[2:],
    ),
    "a PReLU": (
        nn.PReLU(6), TOKENS, 6,
        "whether PReLU 'step' takes the channels or the tokens for channels is not known; "
        + EXAMPLE[2:],
    ),
    "a BatchNorm": (
        nn.BatchNorm1d(6, affine=False), SERIES, 6,
        "the BatchNorm 'step' has no scale and shift to silence a channel with",
    ),
    "an InstanceNorm": (
        nn.InstanceNorm1d(6, track_running_stats=True), SERIES, 6,
        "the InstanceNorm 'step' has no scale and shift to silence a channel with",
    ),
    "an InstanceNorm of tokens": (
        nn.InstanceNorm1d(5), TOKENS, 6,
        "InstanceNorm1d 'step' works along dimension -2, and the channels lie in dimension -1",
    ),
    "too many numbers": (
        lambda h: h, TOKENS, 12,
        "'b' holds 12 numbers for 6 channels, and which belong to which is not known",
    ),
    "half precision": (lambda h: h.to(torch.float16), TOKENS, 6, "to() rounds its channels"),
    "half precision, by name": (
        lambda h: h.to(dtype=torch.bfloat16), TOKENS, 6, "to() rounds its channels",
    ),
    "dropout": (lambda h: torch.dropout(h, 0.5, False), TOKENS, 6, "dropout()" + NOT_LISTED),
    "the real part": (lambda h: h.real, TOKENS, 6, ".real" + NOT_LISTED),
    "a part of the shape": (
        lambda h: h / h.shape[1:][0], TOKENS, 6, "forward computes with the shape of its channels",
    ),
    "the size of the tokens": (
        lambda h: h / h.size(1), TOKENS, 6,
        "forward asks for the size of a dimension, and whether it is that of the channels is not "
        "known" + EXAMPLE,
    ),
    "the number of channels": (lambda h: h / h.size(-1), TOKENS, 6, NUMBER),
    "a size added": (
        lambda h: h + h.size(-2), TOKENS, 6, SILENT.format("add()", 3),  # some size
    ),
    "a clamp without limits": (lambda h: h.clamp(), TOKENS, 6, "clamp()" + NOT_LISTED),
    "a function of another's": (relu, TOKENS, 6, "relu()" + NOT_LISTED),
}  # fmt: skip
REFUSED_NETS = {
    "a branch": (
        lambda m, x: m.b(x) if x.sum() > 0 else m.a(x), ROWS, 4, {},
        UNREAD.format("symbolically traced variables cannot be used as inputs to control flow"),
    ),
    "an error": (lambda m, x: fails("No.\nNever."), ROWS, 4, {}, UNREAD.format("No")),
    "an error without words": (lambda m, x: fails(""), ROWS, 4, {}, UNREAD.format("RuntimeError")),
    "nobody who reads": (
        lambda m, x: (m.a(x), m.b(x))[1], ROWS, 4, {}, "no layer reads its output",
    ),
    "an answer": (lambda m, x: m.a(x).relu(), ROWS, 4, {}, ANSWERS),
    "its size as an answer": (
        lambda m, x: (m.b(h := m.a(x)), h.size(-1)), ROWS, 6, {}, ANSWERS,
    ),
    "a sum as an answer": (
        lambda m, x: m.a(x) + m.c(x), ROWS, 4, {"c": nn.Linear(4, 6)},
        "its channels are answers of the net",
    ),
    "something beside it": (
        lambda m, x: m.b(m.c(m.a(x), x)), ROWS, 2, {"c": nn.Bilinear(6, 4, 2)},
        "Bilinear 'c' is called with something else beside its channels",
    ),
    "an unbatched picture": (
        lambda m, x: m.b(m.a(x[0]).flatten(1)), PICTURES, 30, {},
        "which dimensions flatten() merges is not known" + EXAMPLE,
    ),
    **{f"examples lost by {name}()": (
        run, TOKENS, 30, {}, "which dimensions flatten() merges is not known" + EXAMPLE,
    ) for name, run in {
        "unsqueeze": lambda m, x: m.b(m.a(x.unsqueeze(0)).flatten(1)),
        "squeeze": lambda m, x: m.b(m.a(x.squeeze()).flatten(1)),
        "permute": lambda m, x: m.b(m.a(x.permute(1, 0, 2)).flatten(1)),
        "transpose": lambda m, x: m.b(m.a(x.transpose(1, 0)).flatten(1)),
    }.items()},
    "the size of who knows what": (
        lambda m, x: m.b((h := m.a(x[0])) / h.size(0)), TOKENS, 6, {},
        "forward asks for the size of a dimension, and whether it is that of the channels is not "
        "known" + EXAMPLE,
    ),
    "a grouped reader": (
        lambda m, x: m.b(m.c(m.a(x)).flatten(1)), SERIES, 36, {"c": nn.Conv1d(6, 6, 1, groups=2)},
        {"a": "the grouped convolution 'c' reads its channels", "c": GROUPED},
    ),
    "two filters for each channel": (
        lambda m, x: m.b(m.c(m.a(x)).flatten(1)), SERIES, 72, {"c": nn.Conv1d(6, 12, 1, groups=6)},
        {"a": "the grouped convolution 'c' reads its channels", "c": GROUPED},
    ),
    "depthwise": (
        lambda m, x: m.b(m.d(m.c(m.a(x))).flatten(1)), SERIES, 36,
        {"c": nn.Conv1d(6, 6, 1, groups=6), "d": nn.Conv1d(6, 6, 1, groups=6)},
        {"a": "the depthwise (grouped) convolution 'c' has a filter for each channel" + TIED,
         "c": DEPTHWISE, "d": DEPTHWISE},
    ),
    "depthwise first": (
        lambda m, x: m.b(m.a(x)), SERIES, 6, {"a": nn.Conv1d(6, 6, 1, groups=6)},
        UNTIED,
    ),
    **{f"depthwise over {what}": (
        lambda m, x: m.b(m.c(m.a(x))), shape, 6, {"c": nn.Conv1d(n, n, 1, groups=n)},
        {"a": "the depthwise (grouped) convolution 'c' works on something else",
         "c": UNTIED},
    ) for what, shape, n in (("tokens", TOKENS, 5), ("other channels", SERIES, 4))},
    "another way in train mode": (
        another_way, TOKENS, 24, {}, "'b' reads its channels in train mode in another way",
    ),
    "side by side, and added": (
        lambda m, x: m.b(torch.cat([h := m.a(x), h + m.c(x)], -1)), ROWS, 12,
        {"c": nn.Linear(4, 6)},
        {"a": "its channels are added to those of 'c', so all must lose the same ones" + TIED,
         "c": "its channels are added to those of 'a', so all must lose the same ones" + TIED},
    ),
    "side by side": (
        lambda m, x: m.b(torch.cat([m.a(x), x], -1)), ROWS, 10, {},
        "its channels are put side by side with those of others" + TIED,
    ),
    "three added": (
        lambda m, x: m.b(m.a(x) + m.c(x) + m.d(x)), ROWS, 6,
        {"c": nn.Linear(4, 6), "d": nn.Linear(4, 6)},
        {"a": "its channels are added to those of 'c', so all must lose the same ones" + TIED,
         "d": "its channels are added to those of 'a', 'c', so all must lose the same ones" + TIED},
    ),
    "divided by each other": (
        lambda m, x: m.b(m.a(x) / m.c(x)), ROWS, 6, {"c": nn.Linear(4, 6)},
        SILENT.format("truediv()", "nan"),
    ),
    **{f"multiplied with {what}": (
        run, TOKENS, 6, {"c": nn.Linear(4, 1)},
        "its channels are multiplied with a tensor that is not the channels of one layer" + TIED,
    ) for what, run in {
        "what was computed": lambda m, x: m.b(m.a(x) * x.relu()),
        "fewer": lambda m, x: m.b(m.a(x) * m.c(x)),
        "others in rows": lambda m, x: m.b(m.a(x).flatten(1) * m.c(x).flatten(1)),
    }.items()},
    **{f"{word} {what}": (
        run, ROWS, 6, {},
        f"its channels are {word} numbers that are not the channels of a layer, and those stay as "
        "they are",
    ) for word, what, run in (
        ("added to", "the input", lambda m, x: m.b(m.a(x) + x)),
        ("multiplied with", "constants", lambda m, x: m.b(m.a(x) * torch.ones(6))),
    )},
    "rows by the size of the input": (
        lambda m, x: m.b(m.a(x.view(-1, 4)).view(x.size(0), -1)), TOKENS, 30, {}, NOT_APART,
    ),
    "all in one example": (
        lambda m, x: m.b((h := m.a(x.view(1, -1, 4))).view(h.size(0), -1)), TOKENS, 30, {},
        NOT_APART,
    ),
    "shaping what is not its own": (
        lambda m, x: m.b((h := m.a(x)) * x.relu().view(x.size(0), h.size(-1))), ROWS, 6, {},
        "forward shapes another tensor by the number of its channels" + TIED,
    ),
    "shaped like another": (
        lambda m, x: m.b(m.a(x).view(x.size(0), m.c(x).size(1), -1).mean(2)), SERIES, 6,
        {"c": nn.Conv1d(1, 6, 2)}, {"a": NOT_APART, "c": NOT_APART},
    ),
    **{f"{name}() beside another": (
        run, SERIES, 6, {"c": nn.Conv1d(1, 6, 2)},
        f"{name}() takes something else beside its channels",
    ) for name, run in {
        "clamp": lambda m, x: m.b(m.a(x).clamp(min=x)),
        "interpolate": lambda m, x: m.b(F.interpolate(m.a(x), size=x.shape[2:])),
        "to": lambda m, x: m.b(m.a(x).to(m.c(x))),
    }.items()},
}  # fmt: skip


def reasons_of(model: nn.Module, reasons: str | dict, example: torch.Tensor | None = None) -> tuple:
    """What is said of the layers that ``reasons`` names, and what should be."""
    wanted = reasons if isinstance(reasons, dict) else {"a": reasons}
    said = surgery.why_not(model, example)
    return {name: said[name] for name in wanted}, wanted


@pytest.mark.parametrize("name", REFUSED_STEPS)
def test_a_step_is_refused_with_its_reason(name):
    step, shape, reads, reason = REFUSED_STEPS[name]
    said, wanted = reasons_of(between(step, shape, reads), reason)
    assert said == wanted


@pytest.mark.parametrize("name", REFUSED_NETS)
def test_a_net_is_refused_with_its_reason(name):
    run, shape, reads, others, reason = REFUSED_NETS[name]
    said, wanted = reasons_of(net(run, shape, reads, **others), reason)
    assert said == wanted


# With an example ----------------------------------------------------------------------------------

# The step, the shape, how many numbers b reads, and the reason without an example.
SETTLED = {
    "flatten of tokens": (
        lambda h: h.flatten(1, 2), TOKENS, 30,
        "which dimensions flatten() merges is not known" + EXAMPLE,
    ),
    "Flatten of tokens": (
        nn.Flatten(1, 2), TOKENS, 30,
        "which dimensions Flatten 'step' merges is not known" + EXAMPLE,
    ),
    "flatten beside itself": (
        lambda h: (f := h.flatten(1)) + f.relu(), PICTURES, 180,
        "its channels are added to a tensor that is not the channels of one layer" + TIED,
    ),
    "flatten of tokens beside itself": (
        lambda h: (f := h.flatten(1)) + f.relu(), TOKENS, 30,
        "its channels are added to a tensor that is not the channels of one layer" + TIED,
    ),
    "flatten before the channels": (
        lambda h: h.flatten(1, 2), GRIDS, 6,
        "which dimensions flatten() merges is not known" + EXAMPLE,
    ),
    "flatten with the dimension before": (
        lambda h: h.flatten(2), GRIDS, 30,
        "which dimensions flatten() merges is not known" + EXAMPLE,
    ),
    "flatten in two steps": (
        lambda h: h.flatten(2, 3).flatten(1), GRIDS, 60,
        "which dimensions flatten() merges is not known" + EXAMPLE,
    ),
    "mean of a dimension": (
        lambda h: h.mean(2).flatten(1), GRIDS, 12,
        "over which dimension mean() goes is not known" + EXAMPLE,
    ),
    "size of a dimension": (
        lambda h: h / h.size(1), TOKENS, 6,
        "forward asks for the size of a dimension, and whether it is that of the channels is not "
        "known" + EXAMPLE,
    ),
    "view with the channels": (
        lambda h: h.view(-1, h.size(1), 30).mean(2), PICTURES, 6, NOT_APART,
    ),
    "view with the positions": (
        lambda h: (g := F.max_pool2d(h, 2)).view(g.size(0), -1, 6).mean(2), PICTURES, 6, NOT_APART,
    ),
    "view of a row": (
        lambda h: (f := h.flatten(1)).view(f.size(0), f.size(1), 1).mean(2), PICTURES, 180,
        NOT_APART,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTLED)
def test_an_example_settles(name):
    step, shape, reads, without = SETTLED[name]
    model = between(step, shape, reads)
    assert surgery.why_not(model)["a"] == without
    small = assert_same(model, {"a": SIX}, shape, torch.randn(2, *shape))
    assert small.b.in_features == reads * 4 // 6


# The step, the example, how many numbers b reads, and the reason.
@pytest.mark.parametrize(("step", "shape", "example", "reads", "reason"), [
    (lambda h: F.interpolate(h, 12), TOKENS, (2, 5, 4), 12,
     "interpolate() takes dimension 1 for the channels, and they lie in dimension 2"),
    (lambda h: h.view(h.size(0), 5, 6), TOKENS, (2, 5, 4), 6,
     "view() takes dimension 1 for the channels, and they lie in dimension 2"),
    (lambda h: h.view(-1, 30), PICTURES, (1, 6, 5), 30, "view() takes the channels for examples"),
    (lambda h: h / h.size(0), PICTURES, (1, 6, 5), 5, NUMBER),
    (lambda h: h.view(h.size(0), -1, h.size(1)), SERIES, (2, 1, 7), 6, NOT_APART),
    (lambda h: h.view(h.size(0), -1, 12), PICTURES, (2, 1, 6, 5), 12, NOT_APART),
    (lambda h: h.flatten(1).view(h.size(0), 6, 30), PICTURES, (2, 1, 6, 5), 30, NOT_APART),
    (lambda h: h.flatten(0, 1), TOKENS, (2, 5, 4), 6, "flatten() merges the examples of a batch"),
    (lambda h: h.mean(3, keepdim=True) * h, GRIDS, (2, 2, 5, 4), 6, ACROSS),
    (lambda h: h.mean(0).view(h.size(0), -1), GRIDS, (2, 2, 5, 4), 30, NOT_APART),
])  # fmt: skip
def test_an_example_does_not_help(step, shape, example, reads, reason):
    said = surgery.why_not(between(step, shape, reads), torch.randn(example))
    assert said["a"] == reason


# The net as a whole -------------------------------------------------------------------------------


def test_layers_come_in_the_order_of_the_data_flow_and_unused_ones_last():
    model = Net(lambda m, x: m.c(m.b(m.a(x))), unused=nn.Linear(2, 2), c=nn.Linear(6, 2),
                b=nn.Linear(6, 6), a=nn.Linear(4, 6))  # fmt: skip
    assert [*surgery.why_not(model)] == ["a", "b", "c", "unused"]


def test_a_module_is_unfit_if_it_is_in_one_mode_alone():
    def run(m, x):
        h = m.b(m.a(x))
        return m.b(h) if m.training is m.twice_in else h

    for mode in (False, True):
        model = Net(run, a=nn.Linear(4, 6), b=nn.Linear(6, 6))
        model.twice_in = mode
        assert read(model).unfit == {"a": None, "b": "is used more than once by the net"}


def test_an_answer_that_counts_the_examples_holds_no_channels():
    model = net(lambda m, x: (m.b(h := m.a(x)), h.size(0), x.shape), ROWS, 6)
    assert surgery.why_not(model)["a"] is None


def test_numbers_that_choose_rows_are_examples_too():
    model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 6), nn.Flatten(), nn.Linear(30, 2))
    x = torch.randint(9, (3, 5))
    small = surgery.remove_filters(model, {"1": SIX}, x)
    silenced = surgery.mask_filters(layers.plain_copy(model), {"1": SIX})
    assert torch.allclose(small(x), silenced(x), atol=1e-6)


def test_two_slopes_go_with_two_channels():
    model = nn.Sequential(nn.Conv1d(1, 2, 2), nn.PReLU(2), nn.Flatten(), nn.Linear(12, 3))
    nn.init.uniform_(model[1].weight)
    assert_same(model, {"0": torch.tensor([False, True])}, SERIES)


def test_a_prelu_in_double_precision_is_silent():
    assert surgery.why_not(between(nn.PReLU(), TOKENS, 6).double())["a"] is None


def test_an_input_that_may_be_left_out_is_one_where_the_example_has_it():
    class WithOption(Net):
        def forward(self, x, option=None):
            h = F.dropout(self.a(x), training=self.training)  # another record in train mode
            return self.b(h if option is None else h + option)

    model = WithOption(None, a=nn.Linear(4, 6), b=nn.Linear(6, 3))
    rows = torch.randn(2, 4)
    assert surgery.why_not(model, (rows,))["a"] is surgery.why_not(model)["a"] is None
    assert (
        "are not the channels of a layer" in surgery.why_not(model, (rows, torch.randn(2, 6)))["a"]
    )


def test_the_example_stays_as_it_is():
    model, x = net(lambda m, x: m.b(m.a(x.relu_())), ROWS, 6), torch.full((2, 4), -1.0)
    surgery.why_not(model, x)
    assert x.eq(-1).all()


def test_an_example_of_another_shape_is_named_with_what_pytorch_says():
    model = net(lambda m, x: m.b(m.a(x)), ROWS, 6)
    with pytest.raises(ValueError) as refusal:
        surgery.why_not(model, torch.randn(2, 5))
    assert str(refusal.value) == (
        "Net cannot run on the example that you passed: mat1 and mat2 shapes cannot be multiplied "
        "(2x5 and 4x6)."
    )


def test_a_constant_is_seen_where_it_changes_from_pass_to_pass():
    def run(m, x):
        m.passes += 1
        return m.b(m.a(x)) + torch.full((3,), m.passes * 1.0)

    model = net(run, ROWS, 6)
    model.passes = 0
    assert surgery.why_not(model)["a"] == "Net does something else at its second pass"


def test_a_traced_net_is_read_as_the_net():
    model = net(lambda m, x: m.b(m.a(x)), ROWS, 6)
    assert surgery.why_not(torch.fx.symbolic_trace(model))["a"] is None


class Called(nn.Linear):
    def __call__(self, x):
        return super().__call__(x) + 1


def with_masks(model: Net) -> Net:
    return pruning.prune_model(model, 0.5)


def with_a_shared_mask() -> Net:
    model = with_masks(net(lambda m, x: m.b(m.c(m.a(x))), ROWS, 6, c=nn.Linear(6, 6)))
    model.d = nn.Linear(4, 6)
    model.d.weight_orig = model.a.weight_orig
    return model


WHOLE = {
    "a wrapper": (
        lambda: nn.DataParallel(net(lambda m, x: m.b(m.a(x)), ROWS, 6)),
        "DataParallel only wraps the net; pass model.module",
    ),
    "no weights": (
        lambda: nn.Sequential(nn.LazyLinear(2)),
        "'0' has no weights yet; run one batch through the net first",
    ),
    "weight norm": (
        lambda: nn.Sequential(nn.utils.weight_norm(nn.Linear(2, 2))),
        "the weight of '0' is computed anew; take that off with torch.nn.utils.remove_weight_norm "
        "first",
    ),
    "weight norm on the net itself": (
        lambda: nn.utils.weight_norm(nn.Linear(2, 2)),
        "the weight of Linear is computed anew; take that off with "
        "torch.nn.utils.remove_weight_norm first",
    ),
    "a call of its own": (
        lambda: nn.Sequential(nn.Linear(2, 2), Called(2, 2)),
        "the forward of '1' has been replaced; put it into a class of its own",
    ),
    "a shared mask": (
        with_a_shared_mask,
        "a weight with a mask on is shared by two layers; make_permanent the net first",
    ),
    "a masked weight that is read": (
        lambda: with_masks(net(lambda m, x: m.b(m.a(x)) * m.a.weight.sum(), ROWS, 6)),
        "forward reads numbers that have a mask on without calling their layer; make_permanent the "
        "net first",
    ),
    "a layer inside another that is called": (
        lambda: Net(lambda m, x: m.b(m.step(m.step.linear1(x))), b=nn.Linear(4, 2),
                    step=nn.TransformerEncoderLayer(4, 1, 4, batch_first=True)),
        {"step.linear1": "it is used inside 'step' as well"},
    ),
    "a weight read in a container": (
        lambda: net(lambda m, x: m.b(m.step(m.a(x))) * m.step[0].weight.sum(), ROWS, 6,
                    step=nn.Sequential(nn.Linear(6, 6))),
        {"step.0": "it has numbers that forward reads without calling it"},
    ),
    "a weight of the net itself": (
        lambda: with_its_weight(net(lambda m, x: m.b(m.a(x)), ROWS, 6)),
        {"a": "it shares its weight with the net itself"},
    ),
}  # fmt: skip


def with_its_weight(model: Net) -> Net:
    model.weight = model.a.weight
    return model


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.filterwarnings("ignore")  # of PyTorch: old kinds of weight norm, lazy layers
def test_a_net_as_a_whole_is_refused_with_its_reason(name):
    make, reason = WHOLE[name]
    said = surgery.why_not(make())
    if isinstance(reason, str):
        assert {*said.values()} == {reason}
    else:
        assert {name: said[name] for name in reason} == reason
