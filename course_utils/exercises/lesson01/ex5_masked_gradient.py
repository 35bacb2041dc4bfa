"""Exercise 1.5: The gradient through a mask."""

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import coin, normal


def masked_gradient(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    grad_effective = grad_y.T @ x  # (out, batch) @ (batch, in) -> (out, in)
    return mask * grad_effective


def _without_mask(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return grad_y.T @ x


def _inverse_gradient(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return ~mask * (grad_y.T @ x)


def _transposed(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return mask.T * (x.T @ grad_y)


def _batch_mean(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return mask * (grad_y.T @ x) / len(x)


masked_gradient = Exercise(
    id="1.5",
    title="The gradient through a mask",
    difficulty=3,
    importance=2,
    minutes=5,
    reference=masked_gradient,
    cases=(
        Case(
            "one sample, one output, two inputs",
            lambda: (
                torch.tensor([[1.0, 2.0]]),
                torch.tensor([[True, False]]),
                torch.tensor([[3.0]]),
            ),
        ),
        Case(
            "two samples, two outputs",
            lambda: (normal(2, 2), coin(2, 2), normal(2, 2, seed=3)),
        ),
        Case(
            "four samples",
            lambda: (normal(4, 3), coin(2, 3), normal(4, 2, seed=4)),
        ),
        Case(
            "nothing kept",
            lambda: (
                normal(3, 2),
                torch.zeros(4, 2, dtype=torch.bool),
                normal(3, 4, seed=5),
            ),
        ),
        Case(
            "everything kept",
            lambda: (
                normal(3, 2),
                torch.ones(4, 2, dtype=torch.bool),
                normal(3, 4, seed=6),
            ),
        ),
    ),
    hints=(
        "Two steps of the chain rule. First the gradient of a plain linear layer, as if there were "
        "no mask: ∂L/∂W′ = (∂L/∂y)ᵀ x. Then through W′ = W ⊙ M, where M is a constant.",
        """
        y = x W′ᵀ           ∂L/∂W′ = grad_yᵀ @ x       (out, batch) @ (batch, in) → (out, in)
        W′ = W ⊙ M          ∂L/∂W  = M ⊙ ∂L/∂W′       zero wherever M is zero
        """,
        """
        def masked_gradient(x, mask, grad_y):
            grad_effective = grad_y.T @ ...
            return ...
        """,
    ),
    misconceptions=(
        Misconception(
            _without_mask,
            "This is ∂L/∂W′, the gradient of the *effective* weight. W reaches the loss only "
            "through W ⊙ M, so the chain rule multiplies by M once more: a pruned weight gets "
            "gradient 0.",
        ),
        Misconception(
            _inverse_gradient,
            "Your gradient flows into the pruned weights and stops at the kept ones. True means "
            "kept: multiply by the mask, not by its opposite.",
        ),
        Misconception(
            _transposed,
            "Your gradient is transposed, (in, out). A gradient has its weight's shape, and "
            "nn.Linear keeps its weight as (out, in).",
        ),
        Misconception(
            _batch_mean,
            "You divide by the batch size. The mean over the batch is part of the loss and already "
            "stands in grad_y; the chain rule adds up over the samples.",
        ),
    ),
    crashes={
        "mat1 and mat2 shapes cannot be multiplied": "Write the shapes beside the factors: "
        "grad_y is (batch, out), x is (batch, in), and (out, in) is wanted.",
        "must match the size of tensor": "The gradient of W′ must have the mask's shape, "
        "(out, in), before the two are multiplied.",
    },
)
