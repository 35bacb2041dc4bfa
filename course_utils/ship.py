"""Ship a net: a folder that works where neither PyTorch nor the course is. Lesson 07.

:func:`write` fills it: an ONNX file with a program that reads pictures, and a page that reads what
you draw, with a net in the course's format inside (:mod:`course_utils.coding`). Program and page
lie ready in ``course_utils/shipped``; the net is put into them.
"""

import base64
import hashlib
import itertools
import math
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from course_utils import deploy
from course_utils._tracing import first_line
from course_utils.coding import decode, encode

SHIPPED = Path(__file__).parent / "shipped"
SHAPE = (1, 28, 28)  # of a picture
CLASSES = 10


class Said(NamedTuple):
    """What a program said, and its exit status: 0 where all went well."""

    words: str
    status: int


def write(folder: Path | str, onnx: Path | str, net: nn.Module) -> Path:
    """Write ``digits.onnx``, ``classify.py`` and ``digits.html`` into ``folder``; return it.

    ``onnx``: the file of any net that reads digits, all of it in this file; the program asks it.
    What does not answer is taken out, see :func:`deploy.strip_onnx`. ``net``: what the page has
    inside, see :func:`page`. A folder that is missing is made; other files in it stay. Raises
    ``ValueError`` for a net that does not read digits, before anything is written.
    """
    content = Path(onnx).read_bytes()
    answer = deploy.answers(deploy.session(content), torch.zeros(1, *SHAPE))
    if answer.shape != (1, CLASSES):
        raise ValueError(
            f"{str(onnx)!r} answers a picture with shape {tuple(answer.shape)}; needed are ten "
            "scores, (1, 10)."
        )
    contents = {
        "digits.onnx": content,
        "classify.py": (SHIPPED / "classify.py").read_bytes(),
        "digits.html": page(net).encode(),
    }
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    deploy.strip_onnx(folder / "digits.onnx")
    return folder


def page(net: nn.Module) -> str:
    """A page of HTML with ``net`` inside that reads the digit you draw. It asks no other computer.

    ``net``: layers of 784 inputs to 10 scores with a ReLU between, such as LeNet-300-100; masks are
    multiplied in, and few different weights make a small page. Raises ``ValueError`` for a net that
    computes anything else. The page allows no script but its own, by its hash (W3C, Content
    Security Policy), so nothing that is added to it runs.
    """
    file = encode(net)
    _check_layers(net, decode(file))
    style, script = (
        (SHIPPED / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")
    )
    parts = {
        "STYLE": style,
        "SCRIPT": script,
        "NET": base64.b64encode(file).decode(),
        "SIZE": f"{len(file):,}",
        "POLICY": f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'",
    }
    frame = (SHIPPED / "page.html").read_text(encoding="utf-8")
    return re.sub(rf"\b({'|'.join(parts)})\b", lambda found: parts[found[0]], frame)


def save_picture(image: Tensor, path: Path | str) -> Path:
    """Write a digit, ink in [0, 1] of shape (1, 28, 28), as a picture in the format of the name."""
    if image.shape != SHAPE:
        raise ValueError(f"image has shape {tuple(image.shape)}; needed is one digit, {SHAPE}.")
    Image.fromarray((255 * image[0]).round().byte().cpu().numpy()).save(path)
    return Path(path)


def ask(folder: Path | str, picture: Path | str) -> Said:
    """Run ``classify.py`` in ``folder`` on a picture, in a process of its own."""
    command = [sys.executable, str(Path(folder) / "classify.py"), str(picture)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    return Said((done.stdout + done.stderr).strip(), done.returncode)


def _check_layers(net: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Whether the layers, each a weight and a bias, compute what the net does."""
    name, layers = type(net).__name__, dict.fromkeys(name.rpartition(".")[0] for name in state)
    pairs = [(state.get(f"{each}.weight"), state.get(f"{each}.bias")) for each in layers]
    sizes = [math.prod(SHAPE), *(len(bias) for _, bias in pairs if bias is not None and bias.dim())]
    wanted = [shape for i, o in itertools.pairwise(sizes) for shape in ((o, i), (o,))]
    tensors = [tensor for pair in pairs for tensor in pair if tensor is not None]
    floats = all(tensor.dtype == torch.float32 for tensor in tensors)
    shapes = [tuple(tensor.shape) for tensor in tensors]
    if shapes != wanted or len(state) != len(wanted) or sizes[-1] != CLASSES or not floats:
        shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
        raise ValueError(
            f"{name} has tensors of shapes {shapes}. The page takes weight and bias of one linear "
            "layer after the other, 784 inputs to 10 scores, all in float32."
        )
    x = torch.rand(16, *SHAPE, generator=torch.Generator().manual_seed(0))
    found = x.flatten(1)
    for weight, bias in pairs:
        found = F.linear(F.relu(found), weight, bias)  # pixels are not negative
    try:
        expected = deploy.answers(net, x)
    except Exception as error:  # a net may do anything
        raise ValueError(
            f"{name} takes no pictures of shape {SHAPE}: {first_line(error)}."
        ) from error
    allowed = deploy.SAME * max(1.0, float(expected.abs().max()))
    if expected.shape != found.shape or not (found - expected).abs().max() <= allowed:
        raise ValueError(
            f"{name} computes something else than linear layers with a ReLU between, in the order "
            "of its tensors, and the page can do no more."
        )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
