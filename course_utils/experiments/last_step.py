"""How deep the last cut may be, and how many epochs it needs after it. Lesson 06."""

from torch import nn

from course_utils import schedules
from course_utils.data import Digits
from course_utils.experiments.nets import ROUNDS, Row, dense_net, prune_in_rounds
from course_utils.training import evaluate, train

LAST_CUTS = (0.98, 0.97, 0.95, 0.9)  # the total before the last cut to 99 %
EPOCHS_AFTER = (1, 2, 4, 9)  # the last cut


def rows_of(seed: int, data: Digits) -> list[Row]:
    """Test accuracies of one seed at 99 %: the depth of the last cut, and the epochs after it.

    Nine rounds of one epoch go up in equal steps to the total ``before``, a tenth cuts to 99 %. One
    epoch follows. After the deepest cut training goes on, and more epochs are measured.
    """
    dense = dense_net(seed, data)
    rows = []
    for before in LAST_CUTS:
        schedule = [*schedules.linear(before, ROUNDS - 1), 0.99]
        model, _ = prune_in_rounds(dense, data, schedule, 1, seed)
        rows.append(_row(seed, before, 1, model, data))
    for epochs in range(2, EPOCHS_AFTER[-1] + 1):  # the last model is the one of the deepest cut
        train(model, data, epochs=1, seed=1000 + 100 * seed + ROUNDS + epochs)
        if epochs in EPOCHS_AFTER:
            rows.append(_row(seed, before, epochs, model, data))
    return rows


def _row(seed: int, before: float, epochs: int, model: nn.Module, data: Digits) -> Row:
    accuracy = evaluate(model, data.test)
    return {"seed": seed, "before": before, "epochs": epochs, "accuracy": accuracy}
