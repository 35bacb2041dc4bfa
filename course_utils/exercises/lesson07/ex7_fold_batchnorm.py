"""Exercise 7.7: Fold BatchNorm away."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import coin, normal, uniform

Folded = tuple[Tensor, Tensor]
Bias = Tensor | None


def fold_batchnorm(
    weight: Tensor,
    bias: Bias,
    gamma: Tensor,
    beta: Tensor,
    mean: Tensor,
    variance: Tensor,
    eps: float,
) -> Folded:
    """weight: (out, in, …), the others (out,), bias may be None. Returns (weight, bias)."""
    factor = gamma / (variance + eps).sqrt()
    if bias is None:
        bias = torch.zeros_like(mean)
    along = factor.view(-1, *[1] * (weight.dim() - 1))  # (out,) -> (out, 1, …)
    return weight * along, (bias - mean) * factor + beta


def _along(factor: Tensor, weight: Tensor) -> Tensor:
    return factor.view(-1, *[1] * (weight.dim() - 1))


def _folded(
    given: tuple,
    factor: Callable[[Tensor, Tensor, float], Tensor] | None = None,
    shift: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] | None = None,
) -> Folded:
    """The two by other rules: ``factor`` of (γ, σ², ε), ``shift`` of (bias, μ, factor, β)."""
    weight, bias, gamma, beta, mean, variance, eps = given
    bias = torch.zeros_like(mean) if bias is None else bias
    by = factor(gamma, variance, eps) if factor else gamma / (variance + eps).sqrt()
    moved = shift(bias, mean, by, beta) if shift else (bias - mean) * by + beta
    return weight * _along(by, weight), moved


def _eps_forgotten(*given: Tensor) -> Folded:
    return _folded(given, lambda gamma, variance, eps: gamma / variance.sqrt())


def _eps_after_the_root(*given: Tensor) -> Folded:
    return _folded(given, lambda gamma, variance, eps: gamma / (variance.sqrt() + eps))


def _root_forgotten(*given: Tensor) -> Folded:
    return _folded(given, lambda gamma, variance, eps: gamma / (variance + eps))


def _variance_squared(*given: Tensor) -> Folded:
    return _folded(given, lambda gamma, variance, eps: gamma / (variance**2 + eps).sqrt())


def _multiplied(*given: Tensor) -> Folded:
    return _folded(given, lambda gamma, variance, eps: gamma * (variance + eps).sqrt())


def _gamma_forgotten(*given: Tensor) -> Folded:
    return _folded(given, lambda gamma, variance, eps: 1 / (variance + eps).sqrt())


def _gamma_only(*given: Tensor) -> Folded:
    return _folded(given, lambda gamma, variance, eps: gamma)


def _upside_down(*given: Tensor) -> Folded:
    return _folded(given, lambda gamma, variance, eps: (variance + eps).sqrt() / gamma)


def _bias_not_scaled(*given: Tensor) -> Folded:
    return _folded(given, None, lambda bias, mean, by, beta: bias - mean * by + beta)


def _mean_not_scaled(*given: Tensor) -> Folded:
    return _folded(given, None, lambda bias, mean, by, beta: bias * by - mean + beta)


def _neither_scaled(*given: Tensor) -> Folded:
    return _folded(given, None, lambda bias, mean, by, beta: bias - mean + beta)


def _mean_added(*given: Tensor) -> Folded:
    return _folded(given, None, lambda bias, mean, by, beta: (bias + mean) * by + beta)


def _mean_forgotten(*given: Tensor) -> Folded:
    return _folded(given, None, lambda bias, mean, by, beta: bias * by + beta)


def _mean_less_bias(*given: Tensor) -> Folded:
    return _folded(given, None, lambda bias, mean, by, beta: (mean - bias) * by + beta)


def _beta_forgotten(*given: Tensor) -> Folded:
    return _folded(given, None, lambda bias, mean, by, beta: (bias - mean) * by)


def _beta_scaled(*given: Tensor) -> Folded:
    return _folded(given, None, lambda bias, mean, by, beta: (bias - mean + beta) * by)


def _beta_subtracted(*given: Tensor) -> Folded:
    return _folded(given, None, lambda bias, mean, by, beta: (bias - mean) * by - beta)


def _bias_forgotten(*given: Tensor) -> Folded:
    return _folded(given, None, lambda bias, mean, by, beta: beta - mean * by)


def _beta_only(*given: Tensor) -> Folded:
    return _folded(given, None, lambda bias, mean, by, beta: beta)


def _bias_as_it_was(*given: Tensor) -> Folded:
    return _folded(given, None, lambda bias, mean, by, beta: bias)


def _weight_as_it_was(*given: Tensor) -> Folded:
    return given[0].clone(), _folded(given)[1]


def _along_the_inputs(*given: Tensor) -> Folded:
    weight, _, gamma, _, _, variance, eps = given
    factor = gamma / (variance + eps).sqrt()
    return weight * factor.view(1, -1, *[1] * (weight.dim() - 2)), _folded(given)[1]


def _along_the_last_dim(*given: Tensor) -> Folded:
    weight, _, gamma, _, _, variance, eps = given
    return weight * (gamma / (variance + eps).sqrt()), _folded(given)[1]


def _norm_of_the_weight(*given: Tensor) -> Folded:
    weight, _, gamma, beta, mean, variance, eps = given
    normed = (weight - _along(mean, weight)) / _along((variance + eps).sqrt(), weight)
    return normed * _along(gamma, weight) + _along(beta, weight), _folded(given)[1]


def _still_without_bias(*given: Tensor) -> tuple[Tensor, Bias]:
    weight, bias = _folded(given)
    return weight, None if given[1] is None else bias


def _beta_where_no_bias(*given: Tensor) -> Folded:
    weight, bias = _folded(given)
    return weight, given[3].clone() if given[1] is None else bias


def _in_place(*given: Tensor) -> Folded:
    weight, bias = _folded(given)
    return given[0].copy_(weight), bias


def _bias_first(*given: Tensor) -> Folded:
    return _folded(given)[::-1]


def _one_channel(bias: Bias, gamma: float = 3.0) -> tuple:
    """Here γ / √(σ² + ε) is 3 / 0.6 = 5."""
    one = torch.tensor
    return one([[2.0]]), bias, one([gamma]), one([0.5]), one([4.0]), one([0.25]), 0.11


def _linear(out: int, inputs: int) -> tuple:
    """ε is large, so that it shows where it stands."""
    weight = normal(out, inputs).round(decimals=1)
    bias, mean = normal(out, seed=2).round(decimals=1), normal(out, seed=3).round(decimals=1)
    gamma = torch.tensor([2.0, -1.0, 0.5])[:out]
    beta = torch.tensor([0.3, 1.0, -2.0])[:out]
    return weight, bias, gamma, beta, mean, torch.tensor([4.0, 0.5, 9.0])[:out], 0.1


def _conv(out: int, channels: int, bias: Bias, eps: float) -> tuple:
    weight = normal(out, channels, 3, 3) * coin(out, channels, 3, 3)
    gamma, beta, mean = (normal(out, seed=seed) for seed in (4, 5, 6))
    return weight, bias, gamma, beta, mean, uniform(out, seed=7) + 0.1, eps


fold_batchnorm = Exercise(
    id="7.7",
    title="Fold BatchNorm away",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=fold_batchnorm,
    cases=(
        Case("one weight", lambda: _one_channel(torch.tensor([1.0]))),
        Case("one weight, no bias", lambda: _one_channel(None)),
        Case("two channels of three inputs", lambda: _linear(2, 3)),
        Case("a negative γ", lambda: _one_channel(torch.tensor([1.0]), gamma=-3.0)),
        Case("as many inputs as channels", lambda: _linear(3, 3)),
        Case("a pruned conv layer without bias", lambda: _conv(4, 2, None, 1e-5)),
        Case("3 channels, 3 inputs, kernel 3×3", lambda: _conv(3, 3, normal(3, seed=8), 0.1)),
    ),
    hints=(
        "The layer puts out y = w·x + b. Put that in the place of x in γ (x − μ) / √(σ² + ε) + β "
        "and sort: what stands before w·x is the new weight, all else the new bias. Each channel "
        "has its own γ, μ, σ² and β, and they belong to dim 0 of the weight.",
        """
        one channel    w 2   b 1       γ 3   β 0.5   μ 4   σ² 0.25   ε 0.11
        factor         3 / √0.36 = 5
        answer         (2·x + 1 − 4) · 5 + 0.5  =  10·x − 14.5
        new layer      weight 10               bias −14.5
        """,
        """
        def fold_batchnorm(weight, bias, gamma, beta, mean, variance, eps):
            factor = gamma / ...
            if bias is None:
                bias = torch.zeros_like(mean)
            along = factor.view(-1, *[1] * (weight.dim() - 1))
            return weight * along, (...) * factor + ...
        """,
    ),
    misconceptions=(
        Misconception(
            _eps_forgotten,
            "ε is missing: BatchNorm divides by √(σ² + ε). Where a channel hardly varies, that "
            "makes a difference.",
        ),
        Misconception(
            _eps_after_the_root,
            "You add ε to the root. It stands under it: √(σ² + ε).",
        ),
        Misconception(
            _root_forgotten,
            "You divide by the variance. BatchNorm divides by its root: (variance + eps).sqrt().",
        ),
        Misconception(
            _variance_squared,
            "You square what is a square already. running_var is σ², so the root is taken of "
            "variance + eps.",
        ),
        Misconception(
            _multiplied,
            "You multiply by the root. BatchNorm divides by it: γ / √(σ² + ε).",
        ),
        Misconception(
            _gamma_forgotten,
            "γ is missing. The factor of each channel is γ / √(σ² + ε).",
        ),
        Misconception(
            _gamma_only,
            "Your factor is γ alone. BatchNorm also divides by √(σ² + ε).",
        ),
        Misconception(
            _upside_down,
            "Your factor is upside down. It is γ / √(σ² + ε).",
        ),
        Misconception(
            _bias_not_scaled,
            "You leave the old bias as it is. It passes through BatchNorm like everything that the "
            "layer puts out: (bias − μ) · factor + β.",
        ),
        Misconception(
            _mean_not_scaled,
            "You subtract μ after the factor. BatchNorm subtracts it first: "
            "(bias − μ) · factor + β.",
        ),
        Misconception(
            _neither_scaled,
            "The factor is missing in the bias. The old bias and μ pass through BatchNorm, too: "
            "(bias − μ) · factor + β.",
        ),
        Misconception(
            _mean_added,
            "You add μ. BatchNorm subtracts it: (bias − μ) · factor + β.",
        ),
        Misconception(
            _mean_forgotten,
            "μ is missing in the bias. BatchNorm subtracts it first: (bias − μ) · factor + β.",
        ),
        Misconception(
            _mean_less_bias,
            "You have μ − bias where bias − μ belongs.",
        ),
        Misconception(
            _beta_forgotten,
            "β is missing: BatchNorm adds it in the end. (bias − μ) · factor + β.",
        ),
        Misconception(
            _beta_scaled,
            "You multiply β by the factor. BatchNorm adds it in the end, as it is: "
            "(bias − μ) · factor + β.",
        ),
        Misconception(
            _beta_subtracted,
            "You subtract β. BatchNorm adds it: (bias − μ) · factor + β.",
        ),
        Misconception(
            _bias_forgotten,
            "You forget the bias that the layer has. It passes through BatchNorm, too: "
            "(bias − μ) · factor + β.",
        ),
        Misconception(
            _beta_only,
            "Your bias is β alone. The old bias and μ pass through BatchNorm, too: "
            "(bias − μ) · factor + β.",
        ),
        Misconception(
            _bias_as_it_was,
            "Only the weight has changed. BatchNorm shifts, too: the bias becomes "
            "(bias − μ) · factor + β.",
        ),
        Misconception(
            _weight_as_it_was,
            "Only the bias has changed. BatchNorm scales, too: each channel of the weight is "
            "multiplied by γ / √(σ² + ε).",
        ),
        Misconception(
            _along_the_inputs,
            "Your factor goes along the inputs. BatchNorm stands *behind* the layer, so it belongs "
            "to the output channels, dim 0: give it the shape (out, 1, …).",
        ),
        Misconception(
            _along_the_last_dim,
            "Your factor goes along the last dim, where broadcasting lays a vector. It belongs to "
            "the output channels, dim 0: give it the shape (out, 1, …).",
        ),
        Misconception(
            _norm_of_the_weight,
            "You send the weight itself through BatchNorm. It is the layer's *answer* that passes "
            "through: what is subtracted and added goes into the bias, and the weight is only "
            "multiplied. Else pruned weights would come back.",
        ),
        Misconception(
            _still_without_bias,
            "You return no bias where the layer had none. BatchNorm shifts, so the new layer needs "
            "one: −μ · factor + β.",
        ),
        Misconception(
            _beta_where_no_bias,
            "Right, but for a layer without bias: there you return β alone. Its bias counts as 0, "
            "and μ is still subtracted: −μ · factor + β.",
        ),
        Misconception(
            _in_place,
            "The right numbers, but written into the old weight. The net that you fold is still "
            "needed, to compare with: compute a new tensor.",
        ),
        Misconception(
            _bias_first,
            "The right tensors the other way round: first the weight, then the bias.",
        ),
    ),
    crashes={
        "NoneType": "`bias` may be None: a layer before BatchNorm often has none. It counts as 0: "
        "begin with zeros like `mean`.",
        "is ambiguous": "Whether a tensor of several numbers is true, nobody knows. Ask "
        "`if bias is None`.",
        "must match the size of tensor": "A vector (out,) lies along the *last* dim. Give the "
        "factor the shape (out, 1, …): factor.view(-1, *[1] * (weight.dim() - 1)).",
    },
)
