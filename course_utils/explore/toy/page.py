"""The page with the net inside, and the same net for PyTorch."""

import base64
import html
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from course_utils import models
from course_utils.data import Split

HERE = Path(__file__).parent
STORED = HERE / "toy.bin"
DIGITS = 200
LEVELS = 127  # a weight is a whole number from −127 to 127, times the scale of its layer
HEIGHT = 390  # of the frame, in CSS pixels
WORDS = (
    "A net with a slider: draw a digit or take one, prune the weights of smallest magnitude, and "
    "see what the net answers, which pixels still count, and how many of 200 test digits are right."
)


def packed(net: nn.Module, test: Split) -> bytes:
    """``net``, a LeNet-300-100, in one byte a weight, and the first test digits: one zlib stream.

    In this order: for each layer its scale and its biases (float32) and its weights (int8), then
    the digits, 784 bytes each, and their labels, one byte each. All little-endian.
    """
    parts = []
    for layer in (net.fc1, net.fc2, net.fc3):
        weight = layer.weight.detach()
        scale = (weight.abs().max() / LEVELS).to(torch.float32)
        whole = (weight / scale).round().to(torch.int8)
        parts += [scale.numpy(), layer.bias.detach().numpy(), whole.numpy()]
    images, labels = (part[:DIGITS] for part in test)
    parts += [(255 * images).round().to(torch.uint8).numpy(), labels.to(torch.uint8).numpy()]
    return zlib.compress(b"".join(np.ascontiguousarray(part).tobytes() for part in parts), 9)


def stored_net() -> tuple[models.LeNet300, Tensor, Tensor]:
    """The net as the page reads it, its digits (200, 784) from 0 to 1, and their labels."""
    stream = zlib.decompress(STORED.read_bytes())
    net, at = models.LeNet300(), 0

    def take(count: int, kind: str) -> Tensor:
        nonlocal at
        numbers = np.frombuffer(stream, kind, count, at)
        at += numbers.nbytes
        return torch.from_numpy(numbers.copy())

    with torch.no_grad():
        for layer in (net.fc1, net.fc2, net.fc3):
            scale = take(1, "<f4")
            layer.bias.copy_(take(layer.bias.numel(), "<f4"))
            whole = take(layer.weight.numel(), "i1").reshape(layer.weight.shape)
            layer.weight.copy_(whole * scale)
    images = take(784 * DIGITS, "u1").reshape(DIGITS, 784) / 255
    return net, images, take(DIGITS, "u1").long()


def page() -> str:
    """A page of HTML that needs nothing but itself."""
    parts = {name: (HERE / f"toy.{name}").read_text(encoding="utf-8") for name in ("css", "js")}
    frame = (HERE / "toy.html").read_text(encoding="utf-8")
    net = base64.b64encode(STORED.read_bytes()).decode()
    return (
        frame.replace("/*STYLE*/", parts["css"])
        .replace("/*SCRIPT*/", parts["js"])
        .replace("NET", net, 1)
    )


def frame() -> str:
    """The page in a frame of its own, so that its style and that of a notebook keep apart."""
    return (
        f'<iframe title="{html.escape(WORDS)}" srcdoc="{html.escape(page())}" '
        f'style="width: 100%; height: {HEIGHT}px; border: 0"></iframe>'
    )


def show() -> None:
    """Put the page below the cell; print one sentence outside IPython."""
    from course_utils.lesson import text  # not before there is a page to put it on

    text.show(WORDS, frame(), {})
