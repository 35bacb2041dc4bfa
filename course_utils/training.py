"""One training loop for the whole course: train, fine-tune, evaluate.

Lesson 00. The loop stays a screen long: what a lesson wants on top, it passes as ``after_step``.
"""

import math
import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Real

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from course_utils.data import Digits, Split
from course_utils.layers import eval_mode

AT_ONCE = 250  # images to evaluate together: more of them no longer fit a processor's cache


@dataclass
class History:
    """What happened in each finished epoch.

    ``loss``: mean training loss (cross-entropy, nats). ``accuracy``: on the validation part, in
    [0, 1]. ``interrupted``: True when you stopped the training; the model keeps what it learned.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    interrupted: bool = False

    @property
    def epochs(self) -> int:
        return len(self.loss)


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and PyTorch's global generators, the GPU's too."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def train(
    model: nn.Module,
    data: Digits,
    epochs: int,
    *,
    lr: float = 0.05,
    batch_size: int = 64,
    seed: int = 0,
    device: str | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    after_step: Callable[[nn.Module], None] | None = None,
    silent: bool = False,
) -> History:
    """Train ``model`` in place on ``data.train`` and return its :class:`History`.

    SGD with momentum 0.9 and learning rate ``lr`` on shuffled in-memory batches; ``seed`` fixes the
    order of the batches, so that two runs on one machine agree bit for bit. Bring your own
    ``optimizer`` (over this model's parameters) to use another. ``after_step(model)`` is called
    after each step of the optimizer, for example to put pruned weights back to zero. ``silent``:
    no progress bar, for many short trainings in a row.

    A model that was pruned through ``torch.nn.utils.prune`` stays pruned: its mask is part of the
    forward pass. Fine-tuning 微调 is this same function, called on a pruned model.

    Stop it with the stop button whenever you like: the model and the history so far stay yours.
    Raises ``ValueError`` for epochs, lr or batch_size out of range, ``RuntimeError`` for a device
    that this machine lacks.
    """
    _check_range(epochs, lr, batch_size)
    device = _device_for(model, device)
    model.to(device).train()
    x, y = (tensor.to(device) for tensor in data.train)
    # fused: one kernel updates all parameters, which halves the time of an epoch of a small net.
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, fused=True)
    shuffle = torch.Generator().manual_seed(seed)
    history = History()
    bar = progress_bar(range(epochs), "training", "epoch", silent)
    try:
        for _ in bar:
            loss = 0.0
            for rows in torch.randperm(len(x), generator=shuffle).split(batch_size):
                batch_loss = F.cross_entropy(model(x[rows]), y[rows])
                optimizer.zero_grad()
                batch_loss.backward()
                optimizer.step()
                if after_step is not None:
                    after_step(model)
                loss += batch_loss.item() * len(rows) / len(x)
            accuracy = evaluate(model, data.val)
            history.loss.append(loss)
            history.accuracy.append(accuracy)
            bar.set_postfix(loss=f"{loss:.3f}", accuracy=f"{accuracy:.1%}")
    except KeyboardInterrupt:
        history.interrupted = True
        print(
            f"Stopped after {history.epochs} of {epochs} epochs. The model keeps what it learned."
        )
    finally:
        bar.close()
        model.eval()
    return history


def progress_bar(steps: range, name: str, unit: str, silent: bool = False) -> tqdm:
    """A bar below the cell that goes through ``steps`` and leaves; none in tests and builds."""
    # tqdm's notebook bar does not look at TQDM_DISABLE itself, which tests and builds set. And a
    # bar from a background thread would appear below whichever cell happens to run.
    in_background = threading.current_thread() is not threading.main_thread()
    silent = silent or in_background or bool(os.environ.get("TQDM_DISABLE"))
    return tqdm(steps, desc=name, unit=unit, leave=False, disable=silent)


@torch.no_grad()
def evaluate(model: nn.Module, split: Split) -> float:
    """The accuracy on ``split``, in [0, 1]. Leaves the model's train/eval mode as it was."""
    x, y = split
    device = next(model.parameters()).device
    with eval_mode(model):
        right = sum(
            (model(images.to(device)).argmax(1) == labels.to(device)).sum().item()
            for images, labels in zip(x.split(AT_ONCE), y.split(AT_ONCE), strict=True)
        )
    return right / len(y)


@torch.no_grad()
def recalibrate(model: nn.Module, split: Split, batch_size: int = 64) -> None:
    """Estimate the mean and variance of each BatchNorm layer anew on ``split``, in place.

    Pruning changes what flows through a net, and BatchNorm in eval mode still divides by what it
    saw before. No weight is changed. The estimate is the mean over the batches. Raises
    ``ValueError`` for a model without BatchNorm. Lesson 03. Use training data.
    """
    layers = [m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    if not layers:
        raise ValueError(f"{type(model).__name__} has no BatchNorm layer to recalibrate.")
    device, was_training = next(model.parameters()).device, model.training
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # a plain mean over all batches, not a moving one
    model.train()
    try:
        for images in split[0].split(batch_size):
            model(images.to(device))
    finally:
        model.train(was_training)
        for layer, momentum in zip(layers, momenta, strict=True):
            layer.momentum = momentum


def _check_range(epochs: int, lr: float, batch_size: int) -> None:
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 0:
        raise ValueError(f"epochs={epochs!r} is not a whole number, 0 or more.")
    if isinstance(lr, bool) or not isinstance(lr, Real) or not 0 < lr < math.inf:
        raise ValueError(f"lr={lr!r} is not a positive learning rate.")
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise ValueError(f"batch_size={batch_size!r} is not a whole number, 1 or more.")


def _device_for(model: nn.Module, device: str | None) -> torch.device:
    if device is None:
        return next(model.parameters()).device
    wanted = torch.device(device)
    available = {
        "cpu": lambda: True,
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
    }.get(wanted.type, lambda: True)
    if not available():
        raise RuntimeError(
            f"device={device!r} was asked for, but PyTorch finds none on this machine. "
            "Use device='cpu'; every lesson is made for it."
        )
    return wanted
