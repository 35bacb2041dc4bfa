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


_right_scores = taylor_scores


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
        changes.append((loss(without) - loss(weight.clone())).abs())
    return torch.stack(changes).reshape(weight.shape)


def _tried_out_with_signs(weight: Tensor, loss: Loss) -> Tensor:
    changes = []
    for index in range(weight.numel()):
        without = weight.clone()
        without.view(-1)[index] = 0
        changes.append(loss(without) - loss(weight.clone()))
    return torch.stack(changes).reshape(weight.shape)


def _one_norm_of_the_gradient(weight: Tensor, loss: Loss) -> Tensor:
    return weight.abs() * _gradient(weight, loss).norm()


def _value_of_the_loss(weight: Tensor, loss: Loss) -> Tensor:
    return (weight * loss(weight.clone())).abs()


def _gains_forgotten(weight: Tensor, loss: Loss) -> Tensor:
    return (weight * _gradient(weight, loss)).clamp(min=0)


def _damage_only(weight: Tensor, loss: Loss) -> Tensor:
    return (-weight * _gradient(weight, loss)).clamp(min=0)


def _slope_at_0(weight: Tensor, loss: Loss) -> Tensor:
    return (weight * _gradient(torch.zeros_like(weight), loss)).abs()


def _added(weight: Tensor, loss: Loss) -> Tensor:
    return weight.abs() + _gradient(weight, loss).abs()


def _backward_twice(weight: Tensor, loss: Loss) -> Tensor:
    return 2 * (weight * _gradient(weight, loss)).abs()


def _half_of_it(weight: Tensor, loss: Loss) -> Tensor:
    return (weight * _gradient(weight, loss)).abs() / 2


def _shares(weight: Tensor, loss: Loss) -> Tensor:
    products = (weight * _gradient(weight, loss)).abs()
    return products / products.sum()


def _summed_up(weight: Tensor, loss: Loss) -> Tensor:
    return (weight * _gradient(weight, loss)).abs().sum()


def _summed_up_first(weight: Tensor, loss: Loss) -> Tensor:
    return (weight * _gradient(weight, loss)).sum().abs()


def _in_float32(weight: Tensor, loss: Loss) -> Tensor:
    return _right_scores(weight.float(), loss)


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


def _loss_of_a_clone() -> tuple[Tensor, Loss]:
    weight = torch.tensor([2.0, -1.0])

    def loss_of_a_clone(w: Tensor) -> Tensor:
        if w is weight:
            raise ValueError("This is the weight itself.")
        return (w**2).sum()

    return weight, loss_of_a_clone


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
        Case("one weight, L = 3·w", lambda: (torch.tensor([-2.0]), first_weight_only)),
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
        Case("float64 numbers", lambda: (normal(2, 3).double(), sum_of_squares)),
        Case("a loss that refuses the weight itself", _loss_of_a_clone),
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
            return ...
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
            _tried_out_with_signs,
            "You set one weight after another to 0 and measure the true change. That is what the "
            "Taylor score estimates, from one gradient for all of them: |w · ∂L/∂w|. Its sign does "
            "not count, only its size.",
        ),
        Misconception(
            _one_norm_of_the_gradient,
            "You multiply by one norm of the whole gradient. A common factor leaves the order of "
            "the weights as it was: multiply each by its own derivative.",
        ),
        Misconception(
            _value_of_the_loss,
            "You multiply by the loss itself, one number for all weights. Multiply each by the "
            "*derivative* of the loss with respect to it.",
        ),
        Misconception(
            _gains_forgotten,
            "You set negative products to 0. These are the weights whose removal *raises* the loss "
            "most. Take .abs() of the product.",
        ),
        Misconception(
            _damage_only,
            "You count a rise of the loss only, and a fall as 0. The score is the size of the "
            "change, whichever way: take .abs().",
        ),
        Misconception(
            _slope_at_0,
            "You take the slope where all weights are 0. The net stands at `weight`: hand a clone "
            "of that to `loss`.",
        ),
        Misconception(
            _added,
            "You add |w| and |∂L/∂w|. To first order the loss changes by their product.",
        ),
        Misconception(
            _backward_twice,
            "Your scores are twice as large as they should be. Do you call backward twice? .grad "
            "adds up what each call finds.",
        ),
        Misconception(
            _half_of_it,
            "You halve the product. The ½ belongs to the second order, ½ · w² · ∂²L/∂w². The "
            "first is w · ∂L/∂w as it is.",
        ),
        Misconception(
            _shares,
            "You divide the products by their sum. The order is the same, but the number is no "
            "longer how much the loss changes. Return |w · ∂L/∂w|.",
        ),
        Misconception(
            _summed_up,
            "You add the scores up, and one number is left. Every weight has a score of its own: "
            "leave out .sum().",
        ),
        Misconception(
            _summed_up_first,
            "You add the products up (as @ does), and one number is left. Every weight has a score "
            "of its own: multiply with *, and leave out .sum().",
        ),
        Misconception(
            _in_float32,
            "The scores are right, but float32 comes back where the weight is float64. Leave the "
            "dtype as it is.",
        ),
        Misconception(
            _gradients_on_the_input,
            "The right scores, but your function switches on gradients on `weight` itself; work on "
            "a clone. Whoever called you could no longer change that tensor in place: write "
            "w = weight.clone().requires_grad_(True).",
        ),
    ),
    crashes={
        "This is the weight itself": "You hand `loss` the weight that you were given. Gradients "
        "switched on in it, or a .grad that backward() leaves there, stay behind: work on a clone.",
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
