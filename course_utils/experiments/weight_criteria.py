"""Which weights to keep, by seven ways to score them, at equal budget. Lesson 05."""

import torch
from torch import Tensor, nn

from course_utils import masks, pruning, scores
from course_utils.data import load_mnist
from course_utils.experiments.convs import sample_of
from course_utils.experiments.nets import Row, dense_net, four_sets, remembered
from course_utils.training import evaluate, train

SEEDS = four_sets(3)
FIRST_ORDER = ("magnitude", "activation-aware", "Taylor", "random")
SECOND_ORDER = ("Taylor per digit", "second order")
CONFIGURATIONS = (
    *({"criterion": "dense", "scope": "none", "epochs": epochs} for epochs in (1, 5)),
    *(
        {"criterion": criterion, "scope": scope, "epochs": epochs}
        for scope, criteria, budgets in (
            ("layer", FIRST_ORDER + SECOND_ORDER, (0, 1, 5)),
            ("row", ("magnitude", "activation-aware"), (0, 1, 5)),
            ("global", FIRST_ORDER, (0, 1)),
        )
        for criterion in criteria
        for epochs in budgets
    ),
)


def measure(seed: int, criterion: str, scope: str, epochs: int) -> Row:
    """The test accuracy of a LeNet-300-100 with 10 % of its weights, ``epochs`` after the cut.

    ``scope``: what keeps 10 % of its own, each layer, each row of a layer (the weights of one
    output), or only the net as a whole ("global"); "none" for the dense net, which trains on.
    """
    return {"accuracy": evaluate(_trained_on(seed, criterion, scope, epochs), load_mnist().test)}


@remembered
def _trained_on(seed: int, criterion: str, scope: str, epochs: int) -> nn.Module:
    """The pruned net after 0, 1 or 5 epochs."""
    data = load_mnist()
    if epochs == 0:
        model = dense_net(seed, data)
        return model if criterion == "dense" else _pruned(model, criterion, scope, seed)
    model = _trained_on(seed, criterion, scope, 0 if epochs == 1 else 1)
    if epochs == 1:
        train(model, data, epochs=1, seed=100 + seed)
    else:
        train(model, data, epochs=epochs - 1, seed=200 + seed)
    return model


def _pruned(model: nn.Module, criterion: str, scope: str, seed: int) -> nn.Module:
    values = weight_scores(model, criterion, seed)
    if scope == "global":
        return pruning.apply_masks(model, masks.global_masks(values, 0.9))
    keep = {}
    for name, of_layer in values.items():
        groups = of_layer if scope == "row" else of_layer[None]
        kept = torch.stack([masks.mask_from_scores(group, 0.9) for group in groups])
        keep[name] = kept.view_as(of_layer)
    return pruning.apply_masks(model, keep)


def weight_scores(model: nn.Module, criterion: str, seed: int) -> dict[str, Tensor]:
    """Layer → a score for each of its weights, from 1,000 training digits or from lots."""
    weights, split = pruning.weights(model), sample_of(load_mnist())
    if criterion == "magnitude":
        return {name: scores.magnitude(weight) for name, weight in weights.items()}
    if criterion == "random":
        lots = torch.Generator().manual_seed(1000 + seed)  # not the seed of the initial weights
        return {name: scores.random(weight, lots) for name, weight in weights.items()}
    if criterion == "activation-aware":
        inputs = scores.layer_inputs(model, split[0])
        return {name: scores.activation_aware(w, inputs[name]) for name, w in weights.items()}
    if criterion == "Taylor":
        gradients = scores.loss_gradients(model, split)
        return {name: scores.taylor(weight, gradients[name]) for name, weight in weights.items()}
    squares = squared_slopes(model, split[0], split[1] if criterion == "Taylor per digit" else None)
    return {name: squares[name] * weight.detach() ** 2 for name, weight in weights.items()}


def squared_slopes(
    model: nn.Module, images: Tensor, labels: Tensor | None = None
) -> dict[str, Tensor]:
    """Layer → mean over the images of (∂ log p / ∂w)², for each weight of a net of linear layers.

    p is the probability of the digit's own label. Without labels it is that of each class in turn,
    and the squares are weighted by it: the Gauss-Newton curvature of the loss.
    """
    inputs, outputs = scores.layer_inputs(model, images), {}
    hooks = [
        layer.register_forward_hook(lambda _, __, out, name=name: outputs.update({name: out}))
        for name, layer in pruning.prunable(model).items()
    ]
    log_p = model(images).log_softmax(1)
    for hook in hooks:
        hook.remove()
    likely = log_p.detach().exp()
    parts = likely if labels is None else nn.functional.one_hot(labels, likely.shape[1])
    squares = dict.fromkeys(outputs, 0)
    for log_p_of_class, part in zip(log_p.unbind(1), parts.unbind(1), strict=True):
        # One backward pass for all images: what one puts out does not depend on the others.
        slopes = torch.autograd.grad(log_p_of_class.sum(), [*outputs.values()], retain_graph=True)
        for name, slope in zip(outputs, slopes, strict=True):  # (images, out)
            weighted = part[:, None] * slope**2
            squares[name] = squares[name] + weighted.T @ inputs[name] ** 2 / len(images)
    return squares
