"""Exercise 2.5: A step that keeps the zeros."""

from collections.abc import Callable

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


def _step_of(formula: Callable) -> Callable:
    """A step by ``formula(w, m, g, v, lr, p, d)``: its arguments in order, by one letter each."""

    def wrong(weight, mask, gradient, velocity, lr, momentum, weight_decay):
        return formula(weight, mask, gradient, velocity, lr, momentum, weight_decay)

    return wrong


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
        Case(
            "one kept weight that goes downhill",
            lambda: (
                torch.tensor([1.0]),
                torch.tensor([True]),
                torch.tensor([2.0]),
                torch.tensor([0.0]),
                0.1,
                0.0,
                0.0,
            ),
        ),
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
        weight   ← weight − lr · velocity          each of these terms may be non-zero where M is 0
        pruned weight 0, velocity 1, lr 0.1:   0 − 0.1 · 1 = −0.1      what must become of it?
        """,
        """
        def sgd_step(weight, mask, gradient, velocity, lr, momentum, weight_decay):
            velocity = ...                 # three terms
            new_weight = ...               # as if there were no mask
            return ...                     # what keeps every pruned weight at 0?
        """,
    ),
    misconceptions=(
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: w - lr * (p * v + g + d * w)),
            "This is the plain SGD step: gradient and momentum move the pruned weights away from "
            "zero. Apply the mask to the *new* weight.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: w - lr * (p * v + g * m + d * w)),
            "You mask the gradient, but the velocity still remembers the gradients from before the "
            "pruning and pushes the pruned weights on. Apply the mask to the *new* weight.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: w * m - lr * (p * v + g + d * w * m)),
            "You mask the weight and then take the step, so the step brings the zeros back. The "
            "mask must come last.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: w * m - lr * (p * v + g + d * w)),
            "You mask the old weight and then subtract a step without a mask, which brings the "
            "zeros back. The mask must come last, on the difference.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: w - lr * (p * v + g + d * w) * m),
            "You mask the step. That leaves a pruned weight where it is, also one that has strayed "
            "from 0. Mask the *new* weight, the step included.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * (p * v + g + d * w)) * ~m),
            "Your mask works the other way round: the kept weights became 0. True means *kept*.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * (p * v + g)) * m),
            "The weight decay is missing: SGD adds weight_decay · weight to the gradient.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * (p * v + g) - d * w) * m),
            "Your weight decay goes past the learning rate. PyTorch's SGD adds weight_decay · "
            "weight to the gradient, so lr scales it, too.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * (p * v + g - d * w)) * m),
            "Your weight decay pushes the weights away from 0. It is added to the gradient, so "
            "that the step pulls towards 0.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * (g + d * w)) * m),
            "The velocity is missing: the step follows momentum · velocity + gradient + …",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * (v + g + d * w)) * m),
            "You add the whole old velocity. It fades: velocity × momentum, then the gradient is "
            "added.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * (p * v + d * w)) * m),
            "The gradient is missing from the velocity: momentum · velocity + gradient + …",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * (p * v + (1 - p) * (g + d * w))) * m),
            "You take a running mean: the gradient times 1 − momentum. PyTorch's SGD adds the "
            "whole gradient (its dampening is 0).",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w + p * v - lr * (g + d * w)) * m),
            "Your velocity already holds the learning rate, as in other libraries. In PyTorch lr "
            "multiplies the whole new velocity: weight − lr · velocity.",
        ),
        Misconception(
            _step_of(
                lambda w, m, g, v, lr, p, d: (w - lr * (g + d * w + p * (p * v + g + d * w))) * m
            ),
            "This is Nesterov's step, which looks one step ahead. Here the plain one is asked for: "
            "weight − lr · velocity.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - (p * v + g + d * w)) * m),
            "The learning rate is missing: the step is lr · velocity.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w + lr * (p * v + g + d * w)) * m),
            "Your step goes uphill. Gradient *descent* subtracts lr · velocity.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: lr * (p * v + g + d * w) * m),
            "You return the step alone. The new weight is the old one minus it.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (p * v + g + d * w) * m),
            "You return the velocity. Asked for is the new weight: weight − lr · velocity, masked.",
        ),
        Misconception(
            _step_of(
                lambda w, m, g, v, lr, p, d: ((w - lr * (p * v + g + d * w)) * m, p * v + g + d * w)
            ),
            "The new weight is right, but you return a pair. Return the weight alone; the velocity "
            "is not asked for.",
        ),
        Misconception(
            _step_of(
                lambda w, m, g, v, lr, p, d: (
                    (w - lr * (p * v + g + d * w)) * m,
                    (p * v + g + d * w) * m,
                )
            ),
            "The new weight is right, but you return it with a masked velocity. Return the weight "
            "alone: the velocity is not asked for.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * g) * m),
            "This is SGD without velocity and weight decay. The step follows momentum · velocity "
            "+ gradient + weight_decay · weight.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * p * v + g + d * w) * m),
            "Your lr multiplies the first term only. Put the whole new velocity into parentheses: "
            "weight − lr · (…).",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * ((1 - p) * v + g + d * w)) * m),
            "You multiply the old velocity by 1 − momentum. It is momentum itself: 0.9 keeps nine "
            "tenths of it.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * (p * (v + g) + d * w)) * m),
            "You multiply the gradient by momentum, too. Only the old velocity fades: momentum · "
            "velocity + gradient + …",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: w - lr * (p * v * m + g * m + d * w)),
            "You mask gradient and velocity, but not the weight. One that has strayed from 0 then "
            "stays away. Mask the *new* weight.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: w - lr * (p * v + g + d * w) * ~m),
            "You step where the mask is False, and leave the kept weights as they are. True means "
            "*kept*; and the mask belongs on the *new* weight.",
        ),
        Misconception(
            _step_of(lambda w, m, g, v, lr, p, d: (w - lr * (p * v + g + d * w))[m]),
            "You picked the kept weights out, and their places are lost. Multiply by the mask: "
            "the new weight has the old one's shape.",
        ),
    ),
    crashes={
        "with a bool tensor": "The opposite of a boolean mask is ~mask, not 1 - mask. Here the "
        "mask itself is needed: True means kept.",
    },
)
