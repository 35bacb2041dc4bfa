"""Put masks on a model, look at them, and make them permanent. Lessons 01, 02 and 06.

Masks go on through ``torch.nn.utils.prune``: the layer then holds ``weight_orig`` (the parameter
that trains) and ``weight_mask``, and computes ``weight = weight_orig * weight_mask`` before each
forward pass. So ``prune.is_pruned``, ``prune.remove`` and ``state_dict`` work as their users know.
"""

import copy
from collections.abc import Mapping, Sequence

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from course_utils import masks as masking
from course_utils import scores as importance
from course_utils._checks import check_choice, check_mask, check_sparsity, check_weight
from course_utils.data import Split
from course_utils.training import evaluate

PRUNABLE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
METHODS = ("magnitude", "random")
SCOPES = ("global", "layer")


def prunable(model: nn.Module) -> dict[str, nn.Module]:
    """The layers whose weight the course prunes, by name: linear and convolution layers.

    Biases and BatchNorm stay: they are few, and a zero in them saves nothing. Raises
    ``ValueError`` if the model has no such layer.
    """
    layers = {name: m for name, m in model.named_modules() if isinstance(m, PRUNABLE)}
    if not layers:
        raise ValueError(
            f"{type(model).__name__} has no linear or convolution layer, so nothing to prune."
        )
    return layers


def weights(model: nn.Module) -> dict[str, Tensor]:
    """The weight of each prunable layer as the forward pass uses it, masks applied, detached."""
    return {
        name: (_masked_value(layer, "weight") if _has_mask(layer) else layer.weight).detach()
        for name, layer in prunable(model).items()
    }


def masks_of(model: nn.Module) -> dict[str, Tensor]:
    """The mask of each prunable layer, boolean; all True where none is on. Copies."""
    return {
        name: layer.weight_mask.bool()
        if _has_mask(layer)
        else torch.ones_like(layer.weight, dtype=torch.bool)
        for name, layer in prunable(model).items()
    }


def apply_masks(
    model: nn.Module, masks: Mapping[str, Tensor], *, regrow: bool = False
) -> nn.Module:
    """Put ``masks`` (layer name → boolean, True = kept) on the model, in place; return it.

    A weight that an earlier mask pruned stays pruned, unless ``regrow=True``: then the new masks
    replace the old ones and the weights behind them return. Layers not named stay as they are.
    Raises ``ValueError`` for a name that is not prunable or a mask of another shape and
    ``TypeError`` for a mask that is not boolean, before anything is changed.
    """
    layers = prunable(model)
    for name, mask in masks.items():
        if name not in layers:
            raise ValueError(f"{name!r} is not a layer that can be pruned; allowed: {[*layers]}.")
        check_weight(layers[name].weight, f"the weight of {name!r}")
        check_mask(mask, layers[name].weight.shape, f"the mask of {name!r}")
    for name, mask in masks.items():
        _set_mask(layers[name], mask, regrow)
    return model


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
    ``ValueError`` for a method, scope or sparsity that does not exist, before anything is changed.
    """
    check_sparsity(sparsity)
    check_choice("method", method, METHODS)
    check_choice("scope", scope, SCOPES)
    keep = masks_of(model)
    scores = {
        name: importance.magnitude(weight)
        if method == "magnitude"
        else importance.random(weight, generator)
        for name, weight in weights(model).items()
    }
    if scope == "global":
        return apply_masks(model, masking.global_masks(scores, sparsity, keep))
    return apply_masks(
        model, {n: masking.mask_from_scores(s, sparsity, keep[n]) for n, s in scores.items()}
    )


def make_permanent(model: nn.Module) -> nn.Module:
    """Write the zeros into the weights and take the masks off, in place; return the model.

    ``state_dict`` is then a plain one. Nothing holds the zeros at zero any more: train again and
    they come back. Masks on biases and on BatchNorm (lesson 03) come off, too.
    """
    prunable(model)  # refuses a model that has nothing to prune
    for module, name in _masked_parameters(model):
        prune.remove(module, name)
    return model


def report(model: nn.Module) -> pd.DataFrame:
    """A row for each prunable layer and one for all: shape, weights, zeros, sparsity (0 to 1)."""
    rows = {
        name: ("×".join(map(str, weight.shape)), weight.numel(), int((weight == 0).sum()))
        for name, weight in weights(model).items()
    }
    rows["all"] = ("", sum(r[1] for r in rows.values()), sum(r[2] for r in rows.values()))
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["shape", "weights", "zeros"])
    table["sparsity"] = (table["zeros"] / table["weights"]).round(4)
    table.index.name = "layer"
    return table


def sensitivity_scan(
    model: nn.Module, split: Split, sparsities: Sequence[float], method: str = "magnitude"
) -> pd.DataFrame:
    """Prune one layer alone, measure the accuracy on ``split``, undo; for each layer and sparsity.

    Returns a table: a row for each layer, a column for each sparsity, accuracy in [0, 1]. The
    model stays as it is. Choose on the validation part, never on the test part. Han et al. 2015.
    """
    for value in sparsities:
        check_sparsity(value)
    check_choice("method", method, METHODS)
    accuracy, keep = {}, masks_of(model)
    for name, weight in weights(model).items():
        score = importance.magnitude(weight) if method == "magnitude" else importance.random(weight)
        for value in sparsities:
            trial = plain_copy(model)
            apply_masks(trial, {name: masking.mask_from_scores(score, value, keep[name])})
            accuracy[name, value] = evaluate(trial, split)
    return pd.Series(accuracy).unstack(sort=False).rename_axis(index="layer", columns="sparsity")


def plain_copy(model: nn.Module) -> nn.Module:
    """A copy with its masks on. ``copy.deepcopy`` alone fails after a forward pass with gradients.

    The layer's ``weight`` is then the result of a multiplication that autograd records, and such a
    tensor refuses to be copied; here it is computed once more without recording.
    """
    return copy.deepcopy(refresh(model))


def refresh(model: nn.Module) -> nn.Module:
    """Compute each masked parameter anew from its original and its mask, in place.

    A forward pass does that by itself. Needed after numbers were written into a masked model, for
    whoever reads ``layer.weight`` before the next forward pass.
    """
    for module, name in _masked_parameters(model):
        setattr(module, name, _masked_value(module, name))
    return model


def _has_mask(layer: nn.Module) -> bool:
    return hasattr(layer, "weight_mask")


def _masked_parameters(model: nn.Module) -> list[tuple[nn.Module, str]]:
    """Each parameter that ``torch.nn.utils.prune`` has masked, as (module, name)."""
    return [
        (module, name.removesuffix("_mask"))
        for module in model.modules()
        for name, _ in module.named_buffers(recurse=False)
        if name.endswith("_mask") and hasattr(module, name.removesuffix("_mask") + "_orig")
    ]


@torch.no_grad()
def _masked_value(module: nn.Module, name: str) -> Tensor:
    return getattr(module, f"{name}_orig") * getattr(module, f"{name}_mask")


def _set_mask(layer: nn.Module, mask: Tensor, regrow: bool) -> None:
    if not _has_mask(layer):
        prune.custom_from_mask(layer, "weight", mask.to(layer.weight.device))
    else:
        # In place, not by another custom_from_mask: each further call leaves one more mask behind
        # in the layer's hook, and the memory grows with every round of pruning.
        new = mask.to(layer.weight_mask)
        layer.weight_mask.copy_(new if regrow else new * layer.weight_mask)
    layer.weight = _masked_value(layer, "weight")
