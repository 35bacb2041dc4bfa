"""Lottery tickets against nets that share only one thing with them. Lesson 06."""

import copy

import torch
from torch import Tensor, nn

from course_utils import models, pruning, schedules
from course_utils.data import Digits
from course_utils.experiments.nets import Row
from course_utils.training import evaluate, seed_everything, train

LOTTERY = (0.5, 0.8, 0.9, 0.95, 0.98)  # the rounds of the lottery
TICKETS = (0.8, 0.95, 0.98)  # those whose tickets are tested
TICKET_EPOCHS = 5  # of each training, from the initial weights on


def rows_of(seed: int, data: Digits) -> list[Row]:
    """Test accuracies of one seed's lottery tickets and their rivals, equal epochs each.

    "ticket": the mask with the initial weights it was found from. "new weights": the same mask with
    other initial weights. "shuffled mask": the initial weights with a mask of as many weights in
    each layer, placed at random. "dense": nothing pruned.
    """
    seed_everything(seed)
    model = models.LeNet300()
    initial = copy.deepcopy(model.state_dict())
    train(model, data, epochs=TICKET_EPOCHS, seed=seed)
    rows = [_row(seed, "dense", 0.0, model, data)]
    for sparsity in LOTTERY:
        pruning.prune_model(model, sparsity)
        schedules.rewind(model, initial)
        keep = pruning.masks_of(model)
        train(model, data, epochs=TICKET_EPOCHS, seed=seed)
        if sparsity in TICKETS:
            rows.append(_row(seed, "ticket", sparsity, model, data))
            for name, rival in rivals(initial, keep, seed).items():
                train(rival, data, epochs=TICKET_EPOCHS, seed=seed)
                rows.append(_row(seed, name, sparsity, rival, data))
    return rows


def rivals(initial: dict[str, Tensor], keep: dict[str, Tensor], seed: int) -> dict[str, nn.Module]:
    """Untrained nets that share one thing each with the ticket: its mask, or its weights."""
    seed_everything(10_000 + seed)
    other_weights = pruning.apply_masks(models.LeNet300(), keep)
    shuffled = {
        name: mask.flatten()[torch.randperm(mask.numel())].view_as(mask)
        for name, mask in keep.items()
    }
    other_mask = models.LeNet300()
    other_mask.load_state_dict(initial)
    return {
        "new weights": other_weights,
        "shuffled mask": pruning.apply_masks(other_mask, shuffled),
    }


def _row(seed: int, start: str, sparsity: float, model: nn.Module, data: Digits) -> Row:
    accuracy = evaluate(model, data.test)
    return {"seed": seed, "start": start, "sparsity": sparsity, "accuracy": accuracy}
