"""What of its initial weights a lottery ticket at 98 % needs, and how fast. Lesson 06."""

from torch import nn

from course_utils import pruning
from course_utils.data import load_mnist
from course_utils.experiments.nets import Row, four_sets, remembered, untrained_net
from course_utils.experiments.tickets import LOTTERY, TICKET_EPOCHS, all_rivals, winner
from course_utils.training import evaluate, train

SEEDS = four_sets(2)
STARTS = (
    "dense", "ticket", "its signs", "its sizes", "new weights", "shuffled per pixel",
    "shuffled mask",
)  # fmt: skip
TICKET_BUDGETS = (TICKET_EPOCHS, 20)  # epochs of the last training
CONFIGURATIONS = tuple(
    {"start": start, "epochs": epochs} for epochs in TICKET_BUDGETS for start in STARTS
)


def measure(seed: int, start: str, epochs: int) -> Row:
    """The test accuracy of a ticket with 2 % of the weights, or of one of its rivals.

    The lottery trains for five epochs a round. What has more epochs goes on after five of them with
    a fresh optimizer. "dense": nothing pruned.
    """
    data = load_mnist()
    model = _five_epochs(seed, start)
    train(model, data, epochs=epochs - TICKET_EPOCHS, seed=1000 + seed)
    return {"accuracy": evaluate(model, data.test)}


@remembered
def _five_epochs(seed: int, start: str) -> nn.Module:
    if start == "ticket":
        return winner(seed, len(LOTTERY))
    model = untrained_net(seed)
    if start != "dense":
        keep = pruning.masks_of(winner(seed, len(LOTTERY)))
        model = all_rivals(model.state_dict(), keep, seed)[start]
    train(model, load_mnist(), epochs=TICKET_EPOCHS, seed=seed)
    return model
