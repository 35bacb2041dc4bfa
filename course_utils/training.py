"""One training loop for the whole course: train, fine-tune, evaluate.

Lesson 00. The loop stays a screen long: what a lesson wants on top, it passes as ``after_step``.
"""

import copy
import math
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from tqdm.auto import tqdm

from course_utils._checks import check_class_scores, check_whole, is_real, plain
from course_utils.data import Digits, Split, check_split
from course_utils.layers import (
    answer,
    check_has_numbers,
    device_of,
    eval_mode,
    refresh_in_forward,
    train_mode,
)

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
    seed = check_whole("seed", seed, least=0)
    if seed >= 2**32:
        raise ValueError(f"seed={seed} is too large: NumPy takes seeds below 2**32.")
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
    order of the batches, so that two runs on one machine agree bit for bit. A single image left
    over joins the last batch. Bring your own ``optimizer`` (over this model's parameters) to use
    another; it has a learning rate of its own, and ``lr`` plays no part. ``after_step(model)`` is
    called after each step of the optimizer, for example to put pruned weights back to zero.
    ``silent``: no progress bar, for many short trainings in a row.

    A model that was pruned through ``torch.nn.utils.prune`` stays pruned: its mask is part of the
    forward pass. Fine-tuning 微调 is this same function, called on a pruned model.

    Parameters that require no gradient stay, and so do the statistics of a BatchNorm that is in
    eval mode while the model is in train mode. Afterwards all of the model is in eval mode, so
    freeze such a BatchNorm again before you train on.

    Stop it with the stop button whenever you like: the model and the history so far stay yours.
    Raises ``ValueError`` for epochs, lr, batch_size or seed out of range, an empty split, and an
    ``optimizer`` that holds none of the model's trainable parameters or misses some of them and
    holds others (both happen when layers are replaced, as ``remove_filters`` does, and the
    optimizer is old), and a net that does not answer with one score for each class;
    ``RuntimeError`` for a device that this machine lacks, and for a loss or a gradient that is no
    number, before the step that would spoil the weights.
    """
    epochs, batch_size, seed = check_plan(epochs, batch_size, seed)
    if optimizer is None:
        lr = check_lr(lr)
    for split in (data.train, data.val):
        check_split(split)
    check_has_numbers(model)
    if epochs:
        _check_trains(model, optimizer)
    device = _device_for(model, device)
    train_mode(refresh_in_forward(model.to(device)))
    x, y = (tensor.to(device) for tensor in data.train)
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9, fused=True)
    shuffle = torch.Generator().manual_seed(seed)
    history = History()
    bar = progress_bar(range(epochs), "training", "epoch", silent)
    try:
        for _ in bar:
            loss = 0.0
            for rows in _batches(torch.randperm(len(x), generator=shuffle), batch_size):
                batch_loss = _loss(model, x[rows], y[rows])
                optimizer.zero_grad()
                batch_loss.backward()
                _check_gradients(model, batch_loss)
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


def _batches(rows: Tensor, size: int) -> list[Tensor]:
    """Row numbers, ``size`` at a time. BatchNorm finds no variance in a single one left over."""
    batches = [*rows.split(size)]
    if len(batches) > 1 and len(batches[-1]) == 1 < size:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def _loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    with _words_for_a_single_image(x):
        loss = F.cross_entropy(check_class_scores(answer(model, x), model), y)
    if not torch.isfinite(loss):
        raise RuntimeError(
            f"The loss is {loss.item()}, so no step is taken: it would make every weight NaN. "
            "Train anew with a smaller lr, or look for NaN in the data."
        )
    return loss


def _check_gradients(model: nn.Module, loss: Tensor) -> None:
    """A root or a logarithm of 0 has a loss and no gradient."""
    dense = [p.grad for p in model.parameters() if p.grad is not None and not p.grad.is_sparse]
    if not torch.isfinite(torch.nn.utils.get_total_norm(dense)):
        raise RuntimeError(
            f"The loss is {loss.item():.3g} and its gradient holds NaN or infinity, so no step is "
            "taken: it would spoil the weights. Look for a root, a logarithm or a division by 0."
        )


@contextmanager
def _words_for_a_single_image(x: Tensor) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        if len(x) > 1 or "more than 1 value" not in str(error):
            raise
        raise ValueError(
            "BatchNorm finds no variance in a batch of one image. Give two images or more, and a "
            "batch_size of 2 or more."
        ) from error


def progress_bar(steps: range, name: str, unit: str, silent: bool = False) -> tqdm:
    """A bar below the cell that goes through ``steps`` and leaves; none in tests and builds."""
    # tqdm's notebook bar does not look at TQDM_DISABLE itself, which tests and builds set. And a
    # bar from a background thread would appear below whichever cell happens to run.
    in_background = threading.current_thread() is not threading.main_thread()
    silent = silent or in_background or bool(os.environ.get("TQDM_DISABLE"))
    return tqdm(steps, desc=name, unit=unit, leave=False, disable=silent)


@torch.no_grad()
def evaluate(model: nn.Module, split: Split) -> float:
    """The accuracy on ``split``, in [0, 1]. Leaves the mode of each module as it was.

    Computed where the model is; a quantised model, which has no parameters, where the images are.
    Raises ``ValueError`` for an empty split, labels that are no class numbers (n,), and a net that
    does not answer with one score for each class, (n, classes).
    """
    check_split(split)
    check_has_numbers(model)
    x, y = split
    with eval_mode(model):
        right = 0
        for images, labels in zip(x.split(AT_ONCE), y.split(AT_ONCE), strict=True):
            answers = check_class_scores(answer(model, images), model).argmax(1)
            right += (answers == labels.to(answers.device)).sum().item()
    return right / len(y)


@torch.no_grad()
def recalibrate(model: nn.Module, split: Split, batch_size: int = 64) -> None:
    """Estimate the mean and variance of each BatchNorm layer anew on ``split``, in place.

    Pruning changes what flows through a net, and BatchNorm in eval mode still divides by what it
    saw before. Nothing else is changed: all other layers are in eval mode meanwhile. The estimate
    is the mean over the batches. A BatchNorm in eval mode in a model in train mode is frozen and
    keeps its statistics. Raises ``ValueError`` for a model without BatchNorm, or where all are
    frozen or keep no statistics, and for batches of one image in which there is no variance.
    Lesson 03. Use training data.
    """
    batch_size = check_whole("batch_size", batch_size, least=1)
    check_split(split)
    check_has_numbers(model)
    frozen = {m for m in model.modules() if model.training and not m.training}
    layers = [
        m
        for m in model.modules()
        if isinstance(m, _BatchNorm) and m not in frozen and m.track_running_stats
    ]
    if not layers:
        raise ValueError(f"{type(model).__name__} has no BatchNorm layer to recalibrate.")
    before = [(layer, layer.momentum, copy.deepcopy(layer.state_dict())) for layer in layers]
    try:
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None  # a plain mean over all batches, not a moving one
        with eval_mode(model):
            for layer in layers:
                layer.train()
            for rows in _batches(torch.arange(len(split[0])), batch_size):
                with _words_for_a_single_image(rows):
                    answer(model, split[0][rows])
    except BaseException:
        for layer, _, state in before:
            layer.load_state_dict(state)
        raise
    finally:
        for layer, momentum, _ in before:
            layer.momentum = momentum


def check_plan(epochs: int, batch_size: int, seed: int) -> tuple[int, int, int]:
    """Whole numbers in range, or ``ValueError``."""
    return (
        check_whole("epochs", epochs, least=0),
        check_whole("batch_size", batch_size, least=1),
        check_whole("seed", seed),
    )


def check_lr(lr: float) -> float:
    """A positive number, or ``ValueError``."""
    lr = plain(lr)
    if not is_real(lr) or not 0 < lr < math.inf:
        raise ValueError(f"lr={lr!r} is not a positive learning rate.")
    return float(lr)


def _check_trains(model: nn.Module, optimizer: torch.optim.Optimizer | None) -> None:
    """That steps of the optimizer will move this model, or ``ValueError``."""
    own = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if not own:
        raise ValueError(
            f"{type(model).__name__} has no parameter to train: it has none (a quantised net), or "
            "all are frozen (requires_grad is False)."
        )
    if optimizer is None:
        return
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    missing = [name for name, p in own.items() if id(p) not in held]
    if len(missing) == len(own):
        raise ValueError(
            "The optimizer holds none of this model's trainable parameters, so nothing would be "
            "learned. Make a new optimizer over model.parameters(), as after remove_filters."
        )
    if missing and held - {id(p) for p in model.parameters()}:
        raise ValueError(
            f"The optimizer misses {', '.join(missing[:4])} of this model and holds parameters of "
            "another: a layer was replaced after it was made. Make a new optimizer; what shall not "
            "train gets requires_grad_(False)."
        )


def _device_for(model: nn.Module, device: str | None) -> torch.device:
    if device is None:
        return device_of(model)
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
