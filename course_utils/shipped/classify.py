"""Say which digit a picture shows: python classify.py picture.png

Needs numpy, onnxruntime and pillow. One digit, dark on light or light on dark, of any size and
colour: ink is whatever differs from what most of the border shows.
"""

import sys
from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession
from PIL import Image, ImageOps


def ink_of(path):
    with Image.open(path, formats=("PNG", "JPEG")) as file:
        picture = ImageOps.exif_transpose(file)
    if picture.mode.startswith("I"):  # 16 bits a pixel
        picture = Image.fromarray((np.asarray(picture) // 256).astype("u1"))
    picture = picture.convert("RGBA")
    picture.thumbnail((1000, 1000))
    for ground in ("white", "black"):  # behind what is transparent
        sheet = Image.new("RGBA", picture.size, ground)
        grey = np.asarray(Image.alpha_composite(sheet, picture).convert("L"), "f4")
        ink = abs(grey - np.median([*grey[0], *grey[-1], *grey[:, 0], *grey[:, -1]]))
        if ink.max() > 30:
            return ink / ink.max()
    raise ValueError("all of it has one colour")


def centred(ink):  # as in MNIST: 20 pixels long, its centre of mass in the middle of 28 × 28
    rows, columns = (np.flatnonzero((ink > 0.1).any(axis)) for axis in (1, 0))
    box = Image.fromarray(ink).crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    size = [max(1, round(20 * side / max(box.size))) for side in box.size]
    box = np.asarray(box.resize(size, Image.Resampling.BOX))
    mass = [box.sum(1 - axis) / box.sum() @ np.arange(n) for axis, n in enumerate(box.shape)]
    sheet, (top, left) = np.zeros((28, 28), "f4"), 14 - np.rint(mass).astype(int)
    top, left = np.clip((top, left), 0, 28 - np.array(box.shape))
    sheet[top : top + box.shape[0], left : left + box.shape[1]] = box / box.max()
    return sheet


if len(sys.argv) != 2:
    sys.exit(__doc__)
try:
    digit = centred(ink_of(sys.argv[1]))
except Exception as error:
    sys.exit(f"{sys.argv[1]} is no picture of a digit: {error}.")
net = InferenceSession(Path(__file__).with_name("digits.onnx").read_bytes())
scores = net.run(None, {net.get_inputs()[0].name: digit[None, None]})[0][0]
chances = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
sys.stdout.reconfigure(encoding="utf-8")
print(f"{scores.argmax()} (≈ {100 * chances.max():.0f} %)")
