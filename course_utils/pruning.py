"""Put masks on a model, look at them, and make them permanent. Lessons 01, 02 and 06.

Masks go on through ``torch.nn.utils.prune``: the layer then holds ``weight_orig`` (the parameter
that trains) and ``weight_mask``, and computes ``weight = weight_orig * weight_mask`` before each
forward pass. So ``prune.is_pruned``, ``prune.remove`` and ``state_dict`` work as their users know.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from course_utils import scores
from course_utils._checks import check_choice, check_mask, check_sparsity, check_weight
from course_utils.data import Split
from course_utils.layers import (
    Mask,
    check_can_train,
    check_has_numbers,
    check_maskable,
    has_mask,
    make_permanent,
    masked_parameters,
    masked_value,
    masks_of,
    plain_copy,
    prunable,
    refresh,
    refresh_in_forward,
    sharing,
    weights,
)
from course_utils.masks import global_masks, mask_from_scores
from course_utils.training import evaluate

if TYPE_CHECKING:
    import pandas as pd

# Whoever prunes a model needs what `layers` knows of it, so that has a name here, too.
__all__ = [
    "apply_masks",
    "make_permanent",
    "masks_of",
    "plain_copy",
    "prunable",
    "prune_model",
    "refresh",
    "report",
    "sensitivity_scan",
    "weights",
]

METHODS = ("magnitude", "random")
SCOPES = ("global", "layer")


def apply_masks(
    model: nn.Module, masks: Mapping[str, Tensor], *, regrow: bool = False
) -> nn.Module:
    """Put ``masks`` (layer name → boolean, True = kept) on the model, in place; return it.

    A weight that an earlier mask pruned stays pruned, unless ``regrow=True``: then the new masks
    replace the old ones and the weights behind them return. Layers not named stay as they are. A
    weight that several layers share gets one mask, under the name of the first. Raises
    ``ValueError`` for a name that is not prunable, a mask of another shape and a weight that cannot
    carry one (:func:`course_utils.layers.check_maskable`) and ``TypeError`` for a mask that is not
    boolean, before anything is changed.
    """
    check_can_train()
    layers = prunable(model)
    for name in masks:
        if name not in layers:
            raise ValueError(f"{name!r} is not a layer that can be pruned; allowed: {[*layers]}.")
    check_maskable(model, masks)
    for name, mask in masks.items():
        check_weight(layers[name].weight, f"the weight of {name!r}")
        check_mask(mask, layers[name].weight.shape, f"the mask of {name!r}")
        _check_product(name, layers[name].weight, mask)
    same_weight = sharing(model)
    for name, mask in masks.items():
        for layer in same_weight[name]:
            _set_mask(layer, mask, regrow)
    return refresh_in_forward(model)


def prune_model(
    model: nn.Module,
    sparsity: float,
    method: str = "magnitude",
    scope: str = "global",
    *,
    generator: torch.Generator | None = None,
) -> nn.Module:
    """Prune ``model`` in place to ``sparsity`` and return it; masks on, weights behind them kept.

    ``sparsity`` is the total afterwards, not an amount on top: 0.5 and then 0.8 ends at 0.8.
    ``method``: "magnitude" (smallest |w| go) or "random". ``scope``: "layer" prunes each layer to
    ``sparsity``; "global" compares all weights with one threshold and prunes
    ``round(sparsity · N)`` of all N. What is pruned already stays pruned and counts. Raises
    ``ValueError`` for a method, scope or sparsity that does not exist and for a weight that cannot
    carry a mask, before anything is changed.
    """
    sparsity = check_sparsity(sparsity)
    check_choice("method", method, METHODS)
    check_choice("scope", scope, SCOPES)
    check_prunable(model)
    keep = masks_of(model) if masked_parameters(model) else None
    found = {name: _score(weight, method, generator) for name, weight in weights(model).items()}
    if scope == "global":
        return apply_masks(model, global_masks(found, sparsity, keep))
    keep = keep or dict.fromkeys(found)
    return apply_masks(model, {n: mask_from_scores(s, sparsity, keep[n]) for n, s in found.items()})


def check_prunable(model: nn.Module) -> None:
    """That each prunable layer has a weight of numbers that can carry a mask, or an error.

    ``TypeError`` or ``ValueError`` that names the layer.
    """
    layers = prunable(model)
    check_maskable(model, layers)
    for name, layer in layers.items():
        check_weight(layer.weight, f"the weight of {name!r}")


def _check_product(name: str, weight: Tensor, mask: Tensor) -> None:
    largest = torch.stack(torch.aminmax(weight.detach()))  # in one pass, without any memory
    if largest.isinf().any() and (weight.isinf() & ~mask.to(weight.device)).any():
        raise ValueError(
            f"The mask of {name!r} prunes a weight that is infinite, and infinity times 0 is NaN. "
            "Find out where it came from first."
        )


def _score(weight: Tensor, method: str, generator: torch.Generator | None) -> Tensor:
    if method == "magnitude":
        return scores.magnitude(weight)
    return scores.random(weight, generator)


def report(model: nn.Module) -> "pd.DataFrame":
    """A row for each prunable layer and one for all: shape, weights, zeros, sparsity (0 to 1)."""
    import pandas as pd  # slow to import

    check_has_numbers(model)
    rows = [
        (name, "×".join(map(str, weight.shape)), weight.numel(), int((weight == 0).sum()))
        for name, weight in weights(model).items()
    ]
    rows.append(("all", "", sum(row[2] for row in rows), sum(row[3] for row in rows)))
    table = pd.DataFrame(rows, columns=["layer", "shape", "weights", "zeros"]).set_index("layer")
    table["sparsity"] = (table["zeros"] / table["weights"]).round(4)
    return table


def sensitivity_scan(
    model: nn.Module, split: Split, sparsities: Sequence[float], method: str = "magnitude"
) -> "pd.DataFrame":
    """Prune one layer alone, measure the accuracy on ``split``, undo; for each layer and sparsity.

    Returns a table: a row for each layer, a column for each sparsity, accuracy in [0, 1]. The
    model stays as it is. Choose on the validation part, never on the test part. Han et al. 2015.
    """
    import pandas as pd  # slow to import

    sparsities = [check_sparsity(value) for value in sparsities]
    check_choice("method", method, METHODS)
    if not sparsities:
        raise ValueError("sparsities is empty: there is nothing to scan. Give one or more.")
    check_prunable(model)
    accuracy, keep = {}, masks_of(model)
    for name, weight in weights(model).items():
        score = _score(weight, method, generator=None)
        for value in sparsities:
            trial = plain_copy(model)
            apply_masks(trial, {name: mask_from_scores(score, value, keep[name])})
            accuracy[name, value] = evaluate(trial, split)
    return pd.Series(accuracy).unstack(sort=False).rename_axis(index="layer", columns="sparsity")


@torch.no_grad()
def _set_mask(layer: nn.Module, mask: Tensor, regrow: bool) -> None:
    if not has_mask(layer):
        Mask.apply(layer, "weight", mask.to(layer.weight.device))
        return
    # In place, not by another call of apply: each one leaves one more mask behind in the layer's
    # hook, and the memory grows with every round of pruning.
    new = mask.to(layer.weight_mask)
    layer.weight_mask.copy_(new if regrow else new * layer.weight_mask)
    layer.weight = masked_value(layer, "weight")
