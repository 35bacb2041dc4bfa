"""Masks: which weights stay. Lessons 01 and 02.

The arithmetic is the same everywhere. A mask is boolean, True = kept, in its weight's shape.
Sparsity is the fraction of zeros, from 0 to 1, counted over the whole tensor. The number pruned is
exactly ``round(sparsity · n)``, as in ``torch.nn.utils.prune``; among equal scores the one that
stands first goes first.
"""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from course_utils._checks import check_dim, check_mask, check_sparsity, check_weight
from course_utils.layers import weights
from course_utils.scores import group_norm, magnitude, random


def mask_from_scores(scores: Tensor, sparsity: float, keep: Tensor | None = None) -> Tensor:
    """Prune the ``round(sparsity · n)`` smallest of ``scores``; return the mask, in their shape.

    ``keep``: an earlier mask. What it pruned stays pruned and counts towards ``sparsity``; if it
    already prunes more than asked, it is returned as it is. Takes time linear in n: the threshold
    is selected, nothing is sorted. Raises ``TypeError`` or ``ValueError`` for scores that are
    empty, hold NaN or integers, a sparsity outside [0, 1], and a ``keep`` of another shape.
    """
    check_weight(scores, "scores")
    count = round(check_sparsity(sparsity) * scores.numel())
    mask = torch.ones(scores.shape, dtype=torch.bool, device=scores.device)
    if keep is not None:
        check_mask(keep, scores.shape, "keep")
        mask = keep.to(scores.device).clone(memory_format=torch.contiguous_format)
    count -= int((~mask).sum())
    if count > 0:
        candidates = mask.flatten().nonzero().squeeze(1)  # positions that may still go
        smallest = _smallest(scores.detach().flatten()[candidates], count)
        mask.view(-1)[candidates[smallest]] = False
    return mask


def _smallest(values: Tensor, count: int) -> Tensor:
    """Mark exactly ``count`` ≥ 1 smallest of ``values`` (n,), the first of equal ones first."""
    threshold = values.kthvalue(count).values
    below = values < threshold
    tied = values == threshold
    missing = count - below.sum()
    return below | (tied & (tied.cumsum(0) <= missing))


def magnitude_mask(weight: Tensor, sparsity: float, keep: Tensor | None = None) -> Tensor:
    """Prune the weights of smallest |w|. Equal to ``prune.l1_unstructured`` where nothing ties."""
    return mask_from_scores(magnitude(weight), sparsity, keep)


def random_mask(
    weight: Tensor,
    sparsity: float,
    exact: bool = True,
    generator: torch.Generator | None = None,
    keep: Tensor | None = None,
) -> Tensor:
    """Prune at random: the control group of every other method.

    ``exact=True``: exactly ``round(sparsity · n)`` weights, each set equally likely, as in
    ``prune.random_unstructured``. ``exact=False``: each weight goes with probability ``sparsity``
    on its own, so the count varies from draw to draw. Without ``generator`` the global one draws.
    """
    draws = random(weight, generator)
    if exact:
        return mask_from_scores(draws, sparsity, keep)
    mask = -draws >= check_sparsity(sparsity)
    if keep is not None:
        check_mask(keep, weight.shape, "keep")
        mask &= keep.to(mask.device)
    return mask


def norm_mask(
    weight: Tensor, sparsity: float, n: float = 2, dim: int = 0, keep: Tensor | None = None
) -> Tensor:
    """Prune whole slices along ``dim`` (rows, filters) of smallest Lₙ norm.

    Prunes exactly ``round(sparsity · weight.shape[dim])`` slices; the mask has the weight's shape.
    A slice of which ``keep`` has already pruned everything counts as pruned; one that it pruned in
    part is ranked by the norm of what is left. Equal to ``prune.ln_structured`` where nothing ties.
    """
    check_weight(weight)
    check_dim(weight, dim)
    if keep is None:
        slices = mask_from_scores(group_norm(weight, n, dim), sparsity)
        return _spread(slices, weight, dim)
    check_mask(keep, weight.shape, "keep")
    keep = keep.to(weight.device)
    alive = keep.movedim(dim, 0).flatten(1).any(1) if weight.dim() > 1 else keep
    left = group_norm(weight.masked_fill(~keep, 0), n, dim)  # ∞ · 0 would be NaN
    return _spread(mask_from_scores(left, sparsity, alive), weight, dim) & keep


def _spread(slices: Tensor, weight: Tensor, dim: int) -> Tensor:
    """(size,) → the weight's shape: each slice's answer for all of its weights."""
    shape = [1] * weight.dim()
    shape[dim] = -1
    return slices.view(shape).expand(weight.shape).clone(memory_format=torch.contiguous_format)


def global_masks(
    scores_by_name: Mapping[str, Tensor],
    sparsity: float,
    keep: Mapping[str, Tensor] | None = None,
) -> dict[str, Tensor]:
    """One threshold over several tensors: prune ``round(sparsity · N)`` of all N scores together.

    Returns a mask for each name. Among equal scores the earlier tensor goes first. Equal to
    ``prune.global_unstructured`` with L1 where nothing ties. ``keep``: earlier masks by name.
    """
    if not scores_by_name:
        raise ValueError("scores_by_name is empty: nothing to prune. Give {name: scores, …}.")
    for name, scores in scores_by_name.items():
        check_weight(scores, f"scores_by_name[{name!r}]")
    flat = torch.cat([scores.detach().flatten() for scores in scores_by_name.values()])
    earlier = None if keep is None else _concatenate(keep, scores_by_name)
    mask = mask_from_scores(flat, sparsity, earlier)
    pieces = mask.split([scores.numel() for scores in scores_by_name.values()])
    return {
        name: piece.reshape(scores.shape)
        for (name, scores), piece in zip(scores_by_name.items(), pieces, strict=True)
    }


def _concatenate(keep: Mapping[str, Tensor], scores_by_name: Mapping[str, Tensor]) -> Tensor:
    if keep.keys() != scores_by_name.keys():
        raise ValueError(
            f"keep names {sorted(keep)}, the scores name {sorted(scores_by_name)}. "
            "Give one earlier mask for each."
        )
    for name, scores in scores_by_name.items():
        check_mask(keep[name], scores.shape, f"keep[{name!r}]")
    return torch.cat([keep[name].flatten() for name in scores_by_name])


def sparsity(x: Tensor | nn.Module | Iterable[Tensor]) -> float:
    """The fraction of zeros, in [0, 1].

    Of a tensor (in a mask, False is zero); of several together, weighted by their size; of a
    model, over the weights that :func:`course_utils.layers.prunable` lists, as the forward pass
    sees them: with masks applied. Raises ``ValueError`` where there is nothing to count.
    """
    if isinstance(x, nn.Module):
        tensors = [*weights(x).values()]
    else:
        tensors = [x] if isinstance(x, Tensor) else list(x)
    total = sum(tensor.numel() for tensor in tensors)
    if total == 0:
        raise ValueError("Nothing to count: no weights, or only empty ones.")
    return sum(int((tensor == 0).sum()) for tensor in tensors) / total


def compound(amounts: Iterable[float]) -> float:
    """The total sparsity after rounds that each prune a fraction of what is left: 1 − Π(1 − aᵢ).

    >>> round(compound([0.2, 0.2, 0.2]), 3)
    0.488
    """
    return 1 - math.prod(1 - check_sparsity(amount) for amount in amounts)


def amount_per_round(total: float, rounds: int) -> float:
    """The equal amount a round that reaches ``total`` in ``rounds`` rounds: 1 − (1 − s)^(1/k).

    >>> round(amount_per_round(0.488, 3), 3)
    0.2
    """
    if isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 1:
        raise ValueError(f"rounds={rounds!r} is not a whole number, 1 or more.")
    return 1 - (1 - check_sparsity(total)) ** (1 / rounds)
