"""Exercise 5.4: What the loss would notice."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal

Loss = Callable[[Tensor], Tensor]


def taylor_scores(weight: Tensor, loss: Loss) -> Tensor:
    w = weight.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss(w), w)
    return (weight * gradient).abs()


def _gradient(weight: Tensor, loss: Loss) -> Tensor:
    w = weight.clone().requires_grad_(True)
    return torch.autograd.grad(loss(w), w)[0]


def _gradient_only(weight: Tensor, loss: Loss) -> Tensor:
    return _gradient(weight, loss).abs()


def _weight_only(weight: Tensor, loss: Loss) -> Tensor:
    return weight.abs()


def _signed_product(weight: Tensor, loss: Loss) -> Tensor:
    return weight * _gradient(weight, loss)


def _change_to_expect(weight: Tensor, loss: Loss) -> Tensor:
    return -weight * _gradient(weight, loss)


def _abs_of_the_weight_only(weight: Tensor, loss: Loss) -> Tensor:
    return weight.abs() * _gradient(weight, loss)


def _abs_of_the_gradient_only(weight: Tensor, loss: Loss) -> Tensor:
    return weight * _gradient(weight, loss).abs()


def _squared(weight: Tensor, loss: Loss) -> Tensor:
    return (weight * _gradient(weight, loss)) ** 2


def _gradient_squared(weight: Tensor, loss: Loss) -> Tensor:
    return weight.abs() * _gradient(weight, loss) ** 2


def _weight_squared(weight: Tensor, loss: Loss) -> Tensor:
    return weight**2 * _gradient(weight, loss).abs()


def _tried_out(weight: Tensor, loss: Loss) -> Tensor:
    changes = []
    for index in range(weight.numel()):
        without = weight.clone()
        without.view(-1)[index] = 0
        changes.append((loss(without) - loss(weight)).abs())
    return torch.stack(changes).reshape(weight.shape)


def _gradients_on_the_input(weight: Tensor, loss: Loss) -> Tensor:
    weight.requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss(weight), weight)
    return (weight * gradient).abs()


def sum_of_squares(w: Tensor) -> Tensor:
    return (w**2).sum()


def linear_loss(w: Tensor) -> Tensor:
    return (torch.tensor([2.0, -1.0, 0.5]) * w).sum()


def first_weight_only(w: Tensor) -> Tensor:
    return 3 * w[0]


def distance_to_one(w: Tensor) -> Tensor:
    return ((w - 1) ** 2).sum()


def three_examples(w: Tensor) -> Tensor:
    x = torch.tensor([[1.0, -2.0], [0.5, 3.0], [-1.0, 1.0]])  # three examples, two inputs
    return F.cross_entropy(x @ w.T, torch.tensor([0, 2, 1]))


GRAD_RETURNS_A_TUPLE = (
    "torch.autograd.grad returns a tuple, one gradient for each tensor that you ask about. Unpack "
    "it: (gradient,) = torch.autograd.grad(…)."
)


taylor_scores = Exercise(
    id="5.4",
    title="What the loss would notice",
    difficulty=2,
    importance=3,
    minutes=7,
    reference=taylor_scores,
    cases=(
        Case("one weight, L = w²", lambda: (torch.tensor([3.0]), sum_of_squares)),
        Case("two weights, L = Σ w²", lambda: (torch.tensor([1.0, -2.0]), sum_of_squares)),
        Case(
            "L = 2·w₀ − w₁ + 0.5·w₂",
            lambda: (torch.tensor([1.0, 3.0, -2.0]), linear_loss),
        ),
        Case(
            "L = 3·w₀: the second weight does not matter",
            lambda: (torch.tensor([-1.0, 5.0]), first_weight_only),
        ),
        Case(
            "L = Σ (w − 1)², and one weight is 0 already",
            lambda: (torch.tensor([0.0, 3.0]), distance_to_one),
        ),
        Case(
            "L = Σ (w − 1)² at its minimum: all derivatives are 0",
            lambda: (torch.tensor([1.0, 1.0]), distance_to_one),
        ),
        Case("a 3×2 layer under cross-entropy", lambda: (normal(3, 2), three_examples)),
    ),
    hints=(
        "To first order, moving a weight by Δ changes the loss by Δ · ∂L/∂w. Pruning moves it from "
        "w to 0. For the derivatives, hand a copy that requires gradients to `loss`, and ask "
        "torch.autograd.grad for them.",
        """
        L = 2·w₀ − w₁ + 0.5·w₂
        w             1      3     −2
        ∂L/∂w         2     −1      0.5
        |w · ∂L/∂w|   2      3      1      w₂ goes first
        """,
        """
        def taylor_scores(weight, loss):
            w = weight.clone().requires_grad_(True)
            (gradient,) = torch.autograd.grad(..., w)
            return (...).abs()
        """,
    ),
    misconceptions=(
        Misconception(
            _gradient_only,
            "You return the size of the gradient. It says what a *small step* changes; pruning "
            "moves the weight all the way to 0. Multiply by the weight.",
        ),
        Misconception(
            _weight_only,
            "You return |w|, and the loss has no say in it. Multiply each weight by the derivative "
            "of the loss with respect to it.",
        ),
        Misconception(
            _signed_product,
            "Your products keep their signs. The most negative would go first, and these are the "
            "very weights whose removal *raises* the loss most. Take .abs() of the product.",
        ),
        Misconception(
            _change_to_expect,
            "You return −w · ∂L/∂w, the change of the loss with its sign. That is the right "
            "thought; the score is the size of this change: take .abs().",
        ),
        Misconception(
            _abs_of_the_weight_only,
            "You take .abs() of the weight only, so the sign of the gradient stays. Take it of the "
            "product.",
        ),
        Misconception(
            _abs_of_the_gradient_only,
            "You take .abs() of the gradient only, so the sign of the weight stays. Take it of the "
            "product.",
        ),
        Misconception(
            _squared,
            "You square the product. The order is the same, but the number is no longer how much "
            "the loss changes. Take .abs() instead.",
        ),
        Misconception(
            _gradient_squared,
            "You square the gradient. To first order the loss changes by w · ∂L/∂w: each factor "
            "comes in once.",
        ),
        Misconception(
            _weight_squared,
            "You multiply by the weight twice. To first order the loss changes by w · ∂L/∂w: each "
            "factor comes in once.",
        ),
        Misconception(
            _tried_out,
            "You set one weight after another to 0 and measure the true change. That is what the "
            "Taylor score estimates, but it takes a forward pass for every weight. One gradient "
            "estimates the change for all of them: |w · ∂L/∂w|.",
        ),
        Misconception(
            _gradients_on_the_input,
            "The right scores, but your function switches on gradients on `weight` itself; work on "
            "a clone. Whoever called you could no longer change that tensor in place: write "
            "w = weight.clone().requires_grad_(True).",
        ),
    ),
    crashes={
        "element 0 of tensors does not require grad": "torch writes down what happens to a tensor "
        "only if you ask for it before the loss is computed, and outside torch.no_grad(). Hand "
        "w = weight.clone().requires_grad_(True) to `loss`.",
        "One of the differentiated Tensors": "The gradient is asked for another tensor than the "
        "loss was computed from. Hand the same w to `loss` and to torch.autograd.grad.",
        "leaf Variable": "A tensor that requires gradients cannot be changed in place. Work on "
        "w = weight.clone().requires_grad_(True), and compute new tensors from it.",
        "NoneType": "The gradient is None. A .grad is filled in by loss(w).backward(), and only of "
        "the very tensor w that you called .requires_grad_(True) on.",
        "only integer tensors": GRAD_RETURNS_A_TUPLE,
        "'tuple'": GRAD_RETURNS_A_TUPLE,
        "'function' object has no attribute": "`loss` is a function. Call it with your tensor: "
        "loss(w) is the number to differentiate.",
    },
)
