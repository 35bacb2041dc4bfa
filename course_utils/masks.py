"""Masks: which weights stay. Lessons 01 and 02.

The arithmetic is the same everywhere. A mask is boolean, True = kept, in its weight's shape.
Sparsity is the fraction of zeros, from 0 to 1, counted over the whole tensor. The number pruned is
exactly ``round(sparsity · n)``, as in ``torch.nn.utils.prune``; among equal scores the one that
stands first goes first.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import torch
from torch import Tensor, nn

from course_utils._checks import (
    check_dim,
    check_mask,
    check_not_meta,
    check_sparsity,
    check_weight,
    check_whole,
)
from course_utils.layers import weights
from course_utils.scores import group_norm, magnitude, random


def mask_from_scores(scores: Tensor, sparsity: float, keep: Tensor | None = None) -> Tensor:
    """Prune the ``round(sparsity · n)`` smallest of ``scores``; return the mask, in their shape.

    ``keep``: an earlier mask. What it pruned stays pruned and counts towards ``sparsity``; if it
    already prunes more than asked, it is returned as it is. Takes time linear in n, in whatever
    order the scores come: the threshold is selected, nothing is sorted. Raises ``TypeError`` or
    ``ValueError`` for scores that are empty, hold NaN or integers, a sparsity outside [0, 1], and a
    ``keep`` of another shape.
    """
    check_weight(scores, "scores")
    if keep is not None:
        check_mask(keep, scores.shape, "keep")
    return _prune_smallest([scores], sparsity, None if keep is None else [keep])[0]


def _prune_smallest(
    scores: Sequence[Tensor], sparsity: float, keep: Sequence[Tensor] | None
) -> list[Tensor]:
    """A mask for each of ``scores``. The smallest of all together go; of equal ones the first."""
    dtype = reduce(torch.promote_types, (each.dtype for each in scores))
    flat = [each.detach().reshape(-1).to(dtype) for each in scores]  # (…) -> (n,)
    pairs = zip(keep or [], flat, strict=keep is not None)
    earlier = [mask.to(each.device).reshape(-1) for mask, each in pairs]
    total = sum(map(len, flat))
    alive = sum(map(_count, earlier)) if earlier else total
    staying = min(alive, total - round(check_sparsity(sparsity) * total))
    if staying == 0:
        masks = [torch.zeros_like(each, dtype=torch.bool) for each in flat]
    elif staying == alive:
        masks = [mask.clone() for mask in earlier] or [
            torch.ones_like(each, dtype=torch.bool) for each in flat
        ]
    else:
        masks = _keep_largest(flat, staying, earlier)
    return [mask.view(each.shape) for mask, each in zip(masks, scores, strict=True)]


def _keep_largest(flat: list[Tensor], staying: int, earlier: list[Tensor]) -> list[Tensor]:
    """Keep exactly the ``staying`` largest: all above the smallest of them, and the last ties."""
    threshold = _selected(flat, staying, earlier)
    masks = [each >= threshold for each in flat]
    for mask, old in zip(masks, earlier, strict=False):
        mask &= old
    too_many = sum(map(_count, masks)) - staying
    for mask, each in zip(masks, flat, strict=True):
        if too_many:
            tied = each == threshold
            tied &= mask
            first = tied.nonzero().squeeze(1)[:too_many]
            mask[first] = False
            too_many -= len(first)
    return masks


def _selected(flat: list[Tensor], staying: int, earlier: list[Tensor]) -> float:
    """The ``staying``-th largest of all numbers that no earlier mask has pruned."""
    device = flat[0].device  # a model may be spread over several
    pool = torch.cat([each.to(device) for each in flat])
    if earlier:
        pool.masked_fill_(~torch.cat([mask.to(device) for mask in earlier]), -math.inf)
    place = len(pool) - staying
    if device.type != "cpu":
        return pool.kthvalue(place + 1).values.item()
    # NumPy's selection is linear in the worst case; PyTorch's on a CPU takes quadratic time on
    # falling numbers.
    array = (pool if pool.dtype == torch.float64 else pool.float()).numpy()
    array.partition(place)
    return float(array[place])


def _count(mask: Tensor) -> int:
    return int(torch.count_nonzero(mask))  # twenty times as fast as mask.sum()


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
    dim = check_dim(weight, dim)
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
    if keep is not None:
        if keep.keys() != scores_by_name.keys():
            raise ValueError(
                f"keep names {sorted(keep)}, the scores name {sorted(scores_by_name)}. "
                "Give one earlier mask for each."
            )
        for name, scores in scores_by_name.items():
            check_mask(keep[name], scores.shape, f"keep[{name!r}]")
    earlier = None if keep is None else [keep[name] for name in scores_by_name]
    masks = _prune_smallest([*scores_by_name.values()], sparsity, earlier)
    return dict(zip(scores_by_name, masks, strict=True))


def sparsity(x: Tensor | nn.Module | Iterable[Tensor]) -> float:
    """The fraction of zeros, in [0, 1].

    Of a tensor (in a mask, False is zero); of several together, weighted by their size; of a
    model, over the weights that :func:`course_utils.layers.prunable` lists, as the forward pass
    sees them: with masks applied. Raises ``ValueError`` where there is nothing to count.
    """
    if isinstance(x, nn.Module):
        named = weights(x)
    else:
        named = {"x": x} if isinstance(x, Tensor) else {f"x[{i}]": each for i, each in enumerate(x)}
    tensors = named.values()
    total = sum(tensor.numel() for tensor in tensors)
    if total == 0:
        raise ValueError("Nothing to count: no weights, or only empty ones.")
    check_not_meta(named)
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
    rounds = check_whole("rounds", rounds, least=1)
    return 1 - (1 - check_sparsity(total)) ** (1 / rounds)
