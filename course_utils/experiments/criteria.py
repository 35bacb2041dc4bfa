"""What a criterion for single weights is worth, and after how many epochs. Lesson 05."""

import torch
from torch import Tensor, nn

from course_utils import masks, pruning, scores
from course_utils.data import Digits, load_mnist
from course_utils.experiments.nets import Row, dense_net, remembered
from course_utils.training import evaluate, train

SEEDS = tuple(shift + seed for shift in (0, 20, 40, 60) for seed in range(2))
CRITERIA = ("magnitude", "activation-aware", "Taylor", "second order", "random")
CRITERIA_EPOCHS = (0, 1, 5, 20)
CONFIGURATIONS = tuple(
    {"criterion": criterion, "scope": scope, "epochs": epochs}
    for criterion, scope in (
        ("dense", "none"),
        *((criterion, "layer") for criterion in CRITERIA),
        ("activation-aware", "row"),
    )
    for epochs in CRITERIA_EPOCHS
)


def measure(seed: int, criterion: str, scope: str, epochs: int) -> Row:
    """The test accuracy of a LeNet-300-100 at 90 %, so many ``epochs`` after the one cut.

    ``scope``: who competes with whom, the weights of a "row" or of a "layer". "dense" loses none.
    """
    model = _fine_tuned(seed, criterion, scope, epochs)
    return {"accuracy": evaluate(model, load_mnist().test)}


@remembered
def _fine_tuned(seed: int, criterion: str, scope: str, epochs: int) -> nn.Module:
    data = load_mnist()
    if epochs == 0:
        dense = dense_net(seed, data)
        return dense if criterion == "dense" else _cut(dense, criterion, scope, seed, data)
    before = max(each for each in CRITERIA_EPOCHS if each < epochs)
    model = _fine_tuned(seed, criterion, scope, before)
    train(model, data, epochs=epochs - before, seed=100 + 1000 * before + seed)
    return model


def _cut(model: nn.Module, criterion: str, scope: str, seed: int, data: Digits) -> nn.Module:
    values = _scores(model, criterion, seed, data)
    return pruning.apply_masks(model, {n: mask_of(v, scope) for n, v in values.items()})


def mask_of(values: Tensor, scope: str) -> Tensor:
    """90 % of a layer's weights go, or, with the scope "row", 90 % of each row's."""
    if scope == "row":
        return torch.stack([masks.mask_from_scores(row, 0.9) for row in values])
    return masks.mask_from_scores(values, 0.9)


def _scores(model: nn.Module, criterion: str, seed: int, data: Digits) -> dict[str, Tensor]:
    weights, sample = pruning.weights(model), tuple(part[:1000] for part in data.train)
    if criterion == "second order":
        return second_order(model, sample[0])
    if criterion == "random":
        lots = torch.Generator().manual_seed(1000 + seed)
        return {name: scores.random(w, lots) for name, w in weights.items()}
    if criterion == "activation-aware":
        inputs = scores.layer_inputs(model, sample[0])
        return {n: scores.activation_aware(w, inputs[n]) for n, w in weights.items()}
    if criterion == "Taylor":
        gradients = scores.loss_gradients(model, sample)
        return {n: scores.taylor(w, gradients[n]) for n, w in weights.items()}
    return {name: scores.magnitude(w) for name, w in weights.items()}


def second_order(model: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """½ · h · w² for each weight of the linear layers; h is how the loss curves along that weight.

    ``images``: a batch. h is the diagonal of the Gauss-Newton matrix: the mean over the digits and,
    by the net's own probabilities, over the classes c of (∂ log p_c / ∂w)². LeCun, Denker and Solla
    1990, Optimal brain damage.
    """
    inputs, outputs = scores.layer_inputs(model, images), {}
    hooks = [
        layer.register_forward_hook(lambda _, __, out, name=name: outputs.update({name: out}))
        for name, layer in pruning.prunable(model).items()
    ]
    log_p = model(images).log_softmax(1)
    for hook in hooks:
        hook.remove()
    curvature = dict.fromkeys(outputs, 0)
    for likely in log_p.unbind(1):
        slopes = torch.autograd.grad(likely.sum(), [*outputs.values()], retain_graph=True)
        for name, slope in zip(outputs, slopes, strict=True):  # (digits, out)
            weighted = likely.detach().exp()[:, None] * slope**2
            curvature[name] = curvature[name] + weighted.T @ inputs[name] ** 2 / len(images)
    return {n: 0.5 * curvature[n] * w.detach() ** 2 for n, w in pruning.weights(model).items()}
