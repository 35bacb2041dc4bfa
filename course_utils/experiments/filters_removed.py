"""What removing filters costs: raw, recalibrated and fine-tuned. Lesson 03."""

from torch.nn.utils import prune

from course_utils import surgery
from course_utils.data import load_mnist
from course_utils.experiments.convs import STAGES, accuracy_at, conv_net, largest_filters
from course_utils.experiments.nets import Row
from course_utils.training import evaluate

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
    keep = largest_filters(model, removed)
    if stage == "weights masked":
        for name, layer in surgery.filter_layers(model).items():
            mask = keep[name].reshape(-1, 1, 1, 1).expand_as(layer.weight)
            prune.custom_from_mask(layer, "weight", mask)
        return {"accuracy": evaluate(model, data.test)}
    model = surgery.remove_filters(model, keep)
    return {"accuracy": accuracy_at(model, data, stage, seed)}
