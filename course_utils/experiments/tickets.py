"""Lottery tickets against nets that share only one thing with them. Lesson 06."""

import torch
from torch import Tensor, nn

from course_utils import models, pruning, schedules
from course_utils.data import load_mnist
from course_utils.experiments.nets import Row, remembered, untrained_net
from course_utils.training import evaluate, seed_everything, train

CONFIGURATIONS = (
    {"start": "dense", "sparsity": 0.0},
    *(
        {"start": start, "sparsity": sparsity}
        for sparsity in (0.8, 0.95, 0.98)
        for start in ("ticket", "new weights", "shuffled mask")
    ),
)
TICKETS = tuple(each["sparsity"] for each in CONFIGURATIONS if each["start"] == "ticket")
LOTTERY = (0.5, 0.8, 0.9, 0.95, 0.98)  # its rounds; not all of their tickets are tested
TICKET_EPOCHS = 5  # of each training, from the initial weights on


def measure(seed: int, start: str, sparsity: float) -> Row:
    """The test accuracy of a lottery ticket or of one of its rivals, equal epochs each.

    "ticket": the mask with the initial weights it was found from. "new weights": the same mask with
    other initial weights. "shuffled mask": the initial weights with a mask of as many weights in
    each layer, placed at random. "dense": nothing pruned.
    """
    data = load_mnist()
    rounds = LOTTERY.index(sparsity) + 1 if sparsity else 0
    model = winner(seed, rounds)
    if start not in ("dense", "ticket"):
        model = rivals(untrained_net(seed).state_dict(), pruning.masks_of(model), seed)[start]
        train(model, data, epochs=TICKET_EPOCHS, seed=seed)
    return {"accuracy": evaluate(model, data.test)}


@remembered
def winner(seed: int, rounds: int) -> nn.Module:
    """The net after so many rounds of the lottery, trained from its initial weights."""
    model = untrained_net(seed) if rounds == 0 else winner(seed, rounds - 1)
    if rounds:
        pruning.prune_model(model, LOTTERY[rounds - 1])
        schedules.rewind(model, untrained_net(seed).state_dict())
    train(model, load_mnist(), epochs=TICKET_EPOCHS, seed=seed)
    return model


def rivals(initial: dict[str, Tensor], keep: dict[str, Tensor], seed: int) -> dict[str, nn.Module]:
    """Untrained nets that share one thing each with the ticket: its mask, or its weights."""
    seed_everything(10_000 + seed)
    other_weights = pruning.apply_masks(models.LeNet300(), keep)
    shuffled = {
        name: mask.flatten()[torch.randperm(mask.numel())].view_as(mask)
        for name, mask in keep.items()
    }
    return {"new weights": other_weights, "shuffled mask": _with_masks(initial, shuffled)}


def all_rivals(
    initial: dict[str, Tensor], keep: dict[str, Tensor], seed: int
) -> dict[str, nn.Module]:
    """The rivals of the table, and three more, for the lesson to run itself.

    "its signs" has the ticket's mask, the signs of its weights and the sizes of the new ones; "its
    sizes" the sizes of the ticket's and the signs of the new ones. "shuffled per pixel" has its
    weights and a mask that is shuffled, but each input of a layer keeps its number of weights.
    """
    found = rivals(initial, keep, seed)
    signs, sizes = dict(initial), dict(initial)
    for layer in keep:
        name = f"{layer}.weight"
        new = getattr(found["new weights"], layer).weight_orig.detach()
        signs[name] = new.abs() * initial[name].sign()
        sizes[name] = initial[name].abs() * new.sign()
    by_input = {
        name: mask.gather(0, torch.rand(mask.shape).argsort(0)) for name, mask in keep.items()
    }
    return found | {
        "its signs": _with_masks(signs, keep),
        "its sizes": _with_masks(sizes, keep),
        "shuffled per pixel": _with_masks(initial, by_input),
    }


def _with_masks(state: dict[str, Tensor], keep: dict[str, Tensor]) -> nn.Module:
    model = models.LeNet300()
    model.load_state_dict(state)
    return pruning.apply_masks(model, keep)
