"""Importance scores: one number per weight (or per group of weights), the smallest goes first.

Lessons 02, 04 and 05. A score is a function of tensors; what a score needs to know of a whole net,
its gradients and the inputs of its layers, the last two functions collect.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils._checks import check_class_scores, check_dim, check_weight, is_real, plain
from course_utils.data import Split, check_split
from course_utils.layers import (
    answer,
    calls_of,
    check_has_numbers,
    check_maskable,
    make_permanent,
    plain_copy,
    prunable,
    sharing,
)


def magnitude(weight: Tensor) -> Tensor:
    """|w|, in the shape of ``weight``. Han et al. 2015, Learning both weights and connections."""
    check_weight(weight)
    return weight.detach().abs()


def random(weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """A score drawn from U(−1, 0] for each weight: the control group. Shape of ``weight``.

    With the same global seed, pruning the smallest of these prunes what
    ``torch.nn.utils.prune.random_unstructured`` prunes: it drops the largest draws from U[0, 1).
    A ``generator`` draws on its own device, so the same seed gives the same lots on every one.
    """
    check_weight(weight)
    # 16-bit draws have so few values that most would tie.
    dtype = weight.dtype if weight.dtype in (torch.float32, torch.float64) else torch.float32
    device = weight.device if generator is None else generator.device
    lots = torch.rand(weight.shape, dtype=dtype, device=device, generator=generator)
    return -lots.to(weight.device)


def group_norm(weight: Tensor, n: float = 2, dim: int = 0) -> Tensor:
    """The Lₙ norm of each slice along ``dim``: (…, size, …) → (size,).

    For a linear layer dim 0 holds the rows (outputs), dim 1 the columns (inputs); for a conv layer
    dim 0 holds the filters. ``n``: 1, 2, any positive number, or ``math.inf`` for the largest |w|.
    Of 16-bit weights it is computed and returned in 32 bits, which hold what 16 cannot. Raises
    ``ValueError`` for another n, a norm too large to hold, or a dim that does not exist. Li et al.
    2017, Pruning filters for efficient ConvNets.
    """
    check_weight(weight)
    dim, n = check_dim(weight, dim), plain(n)
    if not is_real(n) or not n > 0:
        raise ValueError(f"n={n!r} is not a norm. Use 1, 2, another positive number or math.inf.")
    others = tuple(d for d in range(weight.dim()) if d != dim % weight.dim())
    if not others:  # a slice of a 1-D tensor is one number, and its norm is its magnitude
        return weight.detach().abs()
    dtype = torch.promote_types(weight.dtype, torch.float32)
    norms = torch.linalg.vector_norm(weight.detach(), ord=float(n), dim=others, dtype=dtype)
    if norms.isinf().any() and not weight.isinf().any():
        raise ValueError(f"The norms with n={n} are too large for {dtype}. Use a larger n.")
    return norms


def relative_norm(weight: Tensor, n: float = 2, dim: int = 0) -> Tensor:
    """:func:`group_norm` over the mean group norm of the same tensor: (…, size, …) → (size,).

    1 is an average filter of its layer. So filters of layers with another number of weights, or of
    another scale, can be compared with one threshold. A tensor of zeros scores 0 throughout.
    """
    norms = group_norm(weight, n, dim)
    mean = norms.mean()
    return norms / mean if mean > 0 else norms


def taylor(weight: Tensor, gradient: Tensor) -> Tensor:
    """|w · ∂L/∂w|: how much the loss changes, to first order, when the weight goes to 0.

    ``gradient``: of the mean loss, in the weight's shape (:func:`loss_gradients`). Raises
    ``ValueError`` for another shape. Molchanov et al. 2017, Pruning convolutional neural networks
    for resource efficient inference.
    """
    check_weight(weight)
    check_weight(gradient, "gradient")
    if gradient.shape != weight.shape:
        raise ValueError(
            f"gradient has shape {tuple(gradient.shape)}, the weight has {tuple(weight.shape)}. "
            "Each weight needs its own derivative."
        )
    return (weight.detach() * gradient.detach()).abs()


def activation_aware(weight: Tensor, inputs: Tensor) -> Tensor:
    """|w| · ‖x‖₂: a weight matters as far as what it multiplies is large. Shape of ``weight``.

    ``inputs``: what flows into the layer (:func:`layer_inputs`), (examples, in) for a linear weight
    (out, in) and (examples, in, height, width) for a conv weight (out, in, k, k); the norm is taken
    over the examples and positions of each input feature or channel. Raises ``ValueError`` where
    the two do not fit. Sun et al. 2024, A simple and effective pruning approach for large language
    models (Wanda).
    """
    check_weight(weight)
    check_weight(inputs, "inputs")
    if weight.dim() < 2 or inputs.dim() != weight.dim() or inputs.shape[1] != weight.shape[1]:
        raise ValueError(
            f"inputs of shape {tuple(inputs.shape)} do not fit a weight of shape "
            f"{tuple(weight.shape)}. Allowed: (examples, in) for (out, in), and "
            "(examples, in, height, width) for (out, in, k, k)."
        )
    norms = group_norm(inputs, 2, dim=1)  # (in,)
    return weight.detach().abs() * norms.view(1, -1, *[1] * (weight.dim() - 2))


def loss_gradients(model: nn.Module, split: Split) -> dict[str, Tensor]:
    """∂L/∂w of the mean loss (cross-entropy) on ``split``, for each prunable layer's weight.

    In eval mode, for the weights as the forward pass uses them, masks applied. A weight that the
    net does not use has gradients of 0. The model and its own gradients stay as they are. Raises
    ``ValueError`` for an empty split and for a weight that is computed from other numbers.
    """
    check_split(split)
    check_has_numbers(model)
    check_maskable(model, prunable(model))
    trial = make_permanent(plain_copy(model)).eval().requires_grad_(True)
    trial.zero_grad()
    x, y = split
    for images, labels in zip(x.split(1000), y.split(1000), strict=True):
        scores = check_class_scores(answer(trial, images), model)
        (F.cross_entropy(scores, labels.to(scores.device), reduction="sum") / len(y)).backward()
    return {
        name: torch.zeros_like(layer.weight) if layer.weight.grad is None else layer.weight.grad
        for name, layer in prunable(trial).items()
    }


def layer_inputs(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """What flows into each prunable layer while the net looks at the images ``x``, in eval mode.

    Of a layer that is called more than once, and of several that share a weight, the inputs of all
    calls, one below the other. A layer that is never called is left out. Raises ``ValueError`` for
    one whose inputs cannot be laid together.
    """
    users = {
        f"{name}/{number}": layer
        for name, layers in sharing(model).items()
        for number, layer in enumerate(layers)
    }
    inputs: dict[str, list[Tensor]] = {}
    for user, calls in calls_of(model, x, users).items():
        inputs.setdefault(user.rpartition("/")[0], []).extend(call.input for call in calls)
    return {name: _together(name, seen) for name, seen in inputs.items()}


def _together(name: str, seen: list[Tensor]) -> Tensor:
    if len(seen) == 1:
        return seen[0]
    if len({each.shape[1:] for each in seen}) > 1:
        raise ValueError(
            f"{name!r} is called {len(seen)} times, with inputs of the shapes "
            f"{[tuple(each.shape) for each in seen]}, which cannot be laid below each other."
        )
    return torch.cat(seen)
