"""Exercise 1.5: The gradient through a mask."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import coin, kept, normal


def masked_gradient(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    grad_effective = grad_y.T @ x  # (out, batch) @ (batch, in) -> (out, in)
    return mask * grad_effective


def _without_mask(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return grad_y.T @ x


def _inverse_gradient(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return ~mask * (grad_y.T @ x)


def _transposed(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return mask.T * (x.T @ grad_y)


def _product_transposed(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return mask * (x.T @ grad_y)


def _batch_mean(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return mask * (grad_y.T @ x) / len(x)


def _mean_of_all(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return mask * (grad_y.T @ x) / grad_y.numel()


def _sums_multiplied(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return mask * torch.outer(grad_y.sum(0), x.sum(0))


def _means_multiplied(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return mask * torch.outer(grad_y.mean(0), x.mean(0))


def _one_sample(position: int) -> Callable:
    def masked_gradient(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
        return mask * torch.outer(grad_y[position], x[position])

    return masked_gradient


def _each_sample(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return mask * torch.einsum("bo,bi->boi", grad_y, x)


def _picked_out(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return (grad_y.T @ x)[mask]


def _sum_as_loss(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return mask * x.sum(0)


def _of_the_input(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return grad_y @ mask.to(grad_y.dtype)


def _step(x: Tensor, mask: Tensor, grad_y: Tensor) -> Tensor:
    return -mask.float() * (grad_y.T @ x)


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
            "two samples",
            lambda: (
                torch.tensor([[1.0, 2.0], [10.0, 20.0]]),
                torch.tensor([[True, False]]),
                torch.tensor([[3.0], [4.0]]),
            ),
        ),
        Case(
            "four samples, three inputs, two outputs",
            lambda: (normal(4, 3), coin(2, 3), normal(4, 2, seed=4)),
        ),
        Case(
            "three samples, three inputs, three outputs",
            lambda: (
                normal(3, 3),
                kept(1, 0, 1, 1, 1, 0, 0, 1, 0).reshape(3, 3),
                normal(3, 3, seed=3),
            ),
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
        "Two steps of the chain rule. First the gradient of W′, as if there were no mask: which "
        "product of x and grad_y has the shape (out, in)? Then W reaches the loss only through "
        "W ⊙ M: what becomes of the gradient where that factor is 0?",
        """
        x = [1 2]    mask = [1 0]    grad_y = [3]        one sample, two inputs, one output
        ∂L/∂W′ = 3·[1 2] = [3 6]     the second weight is pruned:  ∂L/∂W = [3 0]
        another sample has such a gradient of its own: they are added up
        """,
        """
        def masked_gradient(x, mask, grad_y):
            # grad_y: (batch, out), x: (batch, in), wanted: (out, in)
            grad_effective = ...      # one matrix product adds up over the batch
            return ...                # what does W ⊙ M do to it?
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
            _product_transposed,
            "x.T @ grad_y is (in, out), transposed. It must have the mask's shape, (out, in), "
            "before the two are multiplied.",
        ),
        Misconception(
            _batch_mean,
            "You divide by the batch size. The mean over the batch is part of the loss and already "
            "stands in grad_y; the chain rule adds up over the samples.",
        ),
        Misconception(
            _mean_of_all,
            "You divide by the number of outputs. A mean is part of the loss and already stands in "
            "grad_y; the chain rule adds up.",
        ),
        Misconception(
            _sums_multiplied,
            "You add up over the batch first and multiply then. Each sample's gradient belongs to "
            "its own x: multiply first, then add up, as a matrix product does.",
        ),
        Misconception(
            _means_multiplied,
            "You take means over the batch first and multiply then. Each sample's gradient belongs "
            "to its own x: multiply first, then add up, as a matrix product does.",
        ),
        Misconception(
            _one_sample(-1),
            "You keep the gradient of the last sample only: each one overwrites the one before. "
            "All samples of the batch add up.",
        ),
        Misconception(
            _one_sample(0),
            "You take the first sample only. All samples of the batch add up, and a matrix product "
            "does that by itself.",
        ),
        Misconception(
            _each_sample,
            "You give one gradient for each sample. The weight is the same for all of them: add up "
            "over the samples.",
        ),
        Misconception(
            _picked_out,
            "You picked out the gradients of the kept weights, and their places are lost. Multiply "
            "by the mask: the gradient has the weight's shape, with 0 where a weight is pruned.",
        ),
        Misconception(
            _sum_as_loss,
            "Your gradient does not look at grad_y: it is right only for a loss that adds up the "
            "outputs. How the loss hangs on y stands in grad_y.",
        ),
        Misconception(
            _of_the_input,
            "This is the gradient of x, (batch, in). Asked for is that of the weight, (out, in): "
            "grad_y and x belong together.",
        ),
        Misconception(
            _step,
            "This is minus the gradient, as in the step of gradient descent. Asked for is the "
            "gradient itself.",
        ),
    ),
    crashes={
        "mat1 and mat2 shapes cannot be multiplied": "Write the shapes beside the factors: "
        "grad_y is (batch, out), x is (batch, in), and (out, in) is wanted.",
        "must match the size of tensor": "The gradient of W′ must have the mask's shape, "
        "(out, in), before the two are multiplied.",
        "with a bool tensor": "The opposite of a boolean mask is ~mask; but here the mask itself "
        "is needed, since True means kept.",
        "bitwise_and": "& joins truths, and a gradient is none. Multiply by the mask: in a product "
        "True counts as 1, False as 0.",
        "on a bool tensor": "A boolean mask has no minus. The gradient needs none either.",
    },
)
