"""Exercise 3.4: Do two nets compute the same?."""

import copy

import torch
from torch import Tensor, nn

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal


def largest_difference(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    small.eval()
    masked.eval()
    with torch.no_grad():
        return float((small(x) - masked(x)).abs().max())


@torch.no_grad()
def _in_train_mode(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    small.train()
    masked.train()
    return float((small(x) - masked(x)).abs().max())


@torch.no_grad()
def _signed_difference(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x) - masked.eval()(x)).max())


@torch.no_grad()
def _mean_difference(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x) - masked.eval()(x)).abs().mean())


@torch.no_grad()
def _same_answers(small: nn.Module, masked: nn.Module, x: Tensor) -> bool:
    return bool((small.eval()(x).argmax(1) == masked.eval()(x).argmax(1)).all())


@torch.no_grad()
def _within_tolerance(small: nn.Module, masked: nn.Module, x: Tensor) -> bool:
    return torch.allclose(small.eval()(x), masked.eval()(x), atol=1e-5)


@torch.no_grad()
def _of_the_largest(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x).max() - masked.eval()(x).max()).abs())


def _net(seed: int, shift: float = 0.0) -> nn.Module:
    """Conv, BatchNorm and linear layer of fixed numbers, in train mode as after training."""
    net = nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    with torch.no_grad():
        for offset, parameter in enumerate(net.parameters()):
            parameter.copy_(normal(*parameter.shape, seed=seed + offset))
        net[3].bias.add_(torch.tensor([0.0, -shift, 0.25 * shift]))
    return net


def _two_nets(shift: float, examples: int = 2) -> tuple:
    net = _net(1)
    return copy.deepcopy(net), _net(1, shift), normal(examples, 1, 3, 3, seed=9)


largest_difference = Exercise(
    id="3.4",
    title="Do two nets compute the same?",
    difficulty=1,
    importance=3,
    minutes=5,
    reference=largest_difference,
    cases=(
        Case("two equal nets, in train mode", lambda: _two_nets(0.0)),
        Case("one output is 2 lower, another 0.5 higher", lambda: _two_nets(2.0)),
        Case("one output is 2 higher, another 0.5 lower", lambda: _two_nets(-2.0)),
        Case("other weights", lambda: (_net(1), _net(20), normal(5, 1, 3, 3, seed=9))),
        Case("one picture", lambda: _two_nets(0.001, examples=1)),
    ),
    hints=(
        "Run both nets on x, subtract, and take the worst case. Which of the layers behaves "
        "differently in train mode, and even changes then?",
        """
        small(x)    1.0   2.0   0.5
        masked(x)   1.0   1.5   0.8
        difference  0.0   0.5  −0.3      largest size: 0.5
        """,
        """
        def largest_difference(small, masked, x):
            small.eval()
            masked.eval()
            with torch.no_grad():
                return float((... - ...).abs().max())
        """,
    ),
    misconceptions=(
        Misconception(
            _in_train_mode,
            "You compare in train mode. There BatchNorm uses the statistics of the batch and moves "
            "its own, so that comparing two nets changes them. Call .eval() on both first.",
        ),
        Misconception(
            _signed_difference,
            "You take the largest difference with its sign, so an output that is far too low goes "
            "unnoticed. Take .abs() first.",
        ),
        Misconception(
            _mean_difference,
            "You take the mean. One output that is wrong among thousands that are right vanishes "
            "in it; a proof needs the worst case.",
        ),
        Misconception(
            _same_answers,
            "You compare the predicted digits only. Nets that compute different scores can agree "
            "on every digit of a small batch. Compare the outputs themselves.",
        ),
        Misconception(
            _within_tolerance,
            "You return whether they are close. The number is asked for: how far apart are they at "
            "most?",
        ),
        Misconception(
            _of_the_largest,
            "You subtract the two largest outputs. They may come from different pictures: "
            "subtract first, output by output.",
        ),
    ),
)
