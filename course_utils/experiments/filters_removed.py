"""What removing filters costs: raw, recalibrated and fine-tuned. Lesson 03."""

from torch.nn.utils import prune

from course_utils import masks, scores, surgery
from course_utils.data import load_mnist
from course_utils.experiments.convs import accuracy_of, conv_net
from course_utils.experiments.nets import Row
from course_utils.training import evaluate, train

STAGES = ("raw", "recalibrated", "fine-tuned")
REMOVED = (0.25, 0.5, 0.75)
CONFIGURATIONS = (
    {"removed": 0.0, "stage": "fine-tuned"},
    *({"removed": removed, "stage": stage} for removed in REMOVED for stage in STAGES),
    {"removed": 0.5, "stage": "weights masked"},
)


def measure(seed: int, removed: float, stage: str) -> Row:
    """The test accuracy of an 8-16-32 ConvNet without this part of each conv's filters.

    The net has trained for two epochs; the filters of smallest L2 norm go. "raw": nothing else.
    "recalibrated": with new BatchNorm statistics. "fine-tuned": one more epoch, then recalibrated.
    "weights masked": as raw, but the filters are only zeroed, and what BatchNorm adds stays.
    """
    data = load_mnist()
    model = conv_net(seed, data)
    layers = surgery.filter_layers(model)
    keep = {
        name: masks.mask_from_scores(scores.group_norm(layer.weight), removed)
        for name, layer in layers.items()
    }
    if stage == "weights masked":
        for name, layer in layers.items():
            mask = keep[name].reshape(-1, 1, 1, 1).expand_as(layer.weight)
            prune.custom_from_mask(layer, "weight", mask)
        return {"accuracy": evaluate(model, data.test)}
    model = surgery.remove_filters(model, keep)
    if stage == "fine-tuned":
        train(model, data, epochs=1, seed=100 + seed)
    if stage == "raw":
        return {"accuracy": evaluate(model, data.test)}
    return {"accuracy": accuracy_of(model, data)}
