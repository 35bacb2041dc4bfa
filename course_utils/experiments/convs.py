"""The ConvNets that the experiments of lessons 03 and 05 start from, and how they are compared."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from course_utils import masks, models, scores, surgery
from course_utils.data import Digits
from course_utils.experiments.nets import remembered
from course_utils.training import evaluate, recalibrate, seed_everything, train

WIDTHS = (8, 16, 32)
STAGES = ("raw", "recalibrated", "fine-tuned")  # of what is measured after a cut
SAMPLE = 1000  # training digits that BatchNorm and the criteria look at


@remembered
def conv_net(
    seed: int,
    data: Digits,
    widths: Sequence[int] = WIDTHS,
    epochs: int = 2,
    after_step: Callable[[nn.Module], None] | None = None,
) -> nn.Module:
    """A trained ConvNet."""
    seed_everything(seed)
    model = models.ConvNet(widths)
    train(model, data, epochs=epochs, seed=seed, after_step=after_step)
    return model


def largest_filters(model: nn.Module, removed: float) -> dict[str, Tensor]:
    """Layer → boolean (filters,): without this part of each conv's filters, by L2 norm."""
    return {
        name: masks.mask_from_scores(scores.group_norm(layer.weight), removed)
        for name, layer in surgery.filter_layers(model).items()
    }


def accuracy_at(model: nn.Module, data: Digits, stage: str, seed: int) -> float:
    """The test accuracy of a net that was cut, trained in place where the stage asks for it.

    "raw": as it comes out. "recalibrated": with new BatchNorm statistics. "fine-tuned": after one
    more epoch, then recalibrated.
    """
    if stage == "fine-tuned":
        train(model, data, epochs=1, seed=100 + seed)
    return evaluate(model, data.test) if stage == "raw" else accuracy_of(model, data)


def accuracy_of(model: nn.Module, data: Digits, part: str = "test") -> float:
    """The accuracy on a part of the digits, with BatchNorm's statistics brought up to date."""
    recalibrate(model, sample_of(data))
    return evaluate(model, getattr(data, part))


def sample_of(data: Digits) -> tuple:
    """The first 1,000 training digits and their labels."""
    return tuple(tensor[:SAMPLE] for tensor in data.train)
