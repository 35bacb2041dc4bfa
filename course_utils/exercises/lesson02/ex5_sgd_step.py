"""Exercise 2.5: A step that keeps the zeros."""

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal


def sgd_step(
    weight: Tensor,
    mask: Tensor,
    gradient: Tensor,
    velocity: Tensor,
    lr: float,
    momentum: float,
    weight_decay: float,
) -> Tensor:
    velocity = momentum * velocity + gradient + weight_decay * weight
    return (weight - lr * velocity) * mask


def _no_mask(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return weight - lr * (momentum * velocity + gradient + weight_decay * weight)


def _gradient_only(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return weight - lr * (momentum * velocity + gradient * mask + weight_decay * weight)


def _masked_before(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    weight = weight * mask
    return weight - lr * (momentum * velocity + gradient + weight_decay * weight)


def _no_decay(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return (weight - lr * (momentum * velocity + gradient)) * mask


def _no_momentum(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return (weight - lr * (gradient + weight_decay * weight)) * mask


def _uphill(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return (weight + lr * (momentum * velocity + gradient + weight_decay * weight)) * mask


def _step_only(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    return lr * (momentum * velocity + gradient + weight_decay * weight) * mask


def _sgd_case(lr: float, momentum: float, decay: float, stray: float = 0.0) -> tuple:
    mask = torch.tensor([[True, False, True], [False, True, True]])
    weight = normal(2, 3, seed=4) * mask + stray * ~mask
    return (
        weight,
        mask,
        normal(2, 3, seed=5),
        normal(2, 3, seed=6),
        lr,
        momentum,
        decay,
    )


sgd_step = Exercise(
    id="2.5",
    title="A step that keeps the zeros",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=sgd_step,
    cases=(
        Case(
            "one pruned weight, plain SGD",
            lambda: (
                torch.tensor([0.0]),
                torch.tensor([False]),
                torch.tensor([1.0]),
                torch.tensor([0.0]),
                0.1,
                0.0,
                0.0,
            ),
        ),
        Case("no momentum, no weight decay", lambda: _sgd_case(0.1, 0.0, 0.0)),
        Case("momentum from before the pruning", lambda: _sgd_case(0.1, 0.9, 0.0)),
        Case("weight decay", lambda: _sgd_case(0.1, 0.0, 0.01)),
        Case("momentum and weight decay", lambda: _sgd_case(0.05, 0.9, 0.1)),
        Case("a pruned weight that has strayed from 0", lambda: _sgd_case(0.1, 0.9, 0.01, 0.5)),
    ),
    hints=(
        "Write the SGD step of PyTorch first, as if there were no mask. Then ask at which point "
        "the mask must be applied so that *nothing* can bring a pruned weight back.",
        """
        velocity ← momentum · velocity + gradient + weight_decay · weight
        weight   ← weight − lr · velocity          every term may be non-zero where M is 0
        weight   ← …                               so the mask comes last
        """,
        """
        def sgd_step(weight, mask, gradient, velocity, lr, momentum, weight_decay):
            velocity = momentum * velocity + ... + ...
            return (weight - ...) * ...
        """,
    ),
    misconceptions=(
        Misconception(
            _no_mask,
            "This is the plain SGD step: gradient and momentum move the pruned weights away from "
            "zero. Apply the mask to the *new* weight.",
        ),
        Misconception(
            _gradient_only,
            "You mask the gradient, but the velocity still remembers the gradients from before the "
            "pruning and pushes the pruned weights on. Apply the mask to the *new* weight.",
        ),
        Misconception(
            _masked_before,
            "You mask the weight and then take the step, so the step brings the zeros back. The "
            "mask must come last.",
        ),
        Misconception(
            _no_decay,
            "The weight decay is missing: SGD adds weight_decay · weight to the gradient.",
        ),
        Misconception(
            _no_momentum,
            "The velocity is missing: the step follows momentum · velocity + gradient + …",
        ),
        Misconception(
            _uphill, "Your step goes uphill. Gradient *descent* subtracts lr · velocity."
        ),
        Misconception(
            _step_only, "You return the step alone. The new weight is the old one minus it."
        ),
    ),
)
