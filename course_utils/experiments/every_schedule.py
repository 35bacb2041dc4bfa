"""Every schedule at every sparsity, at equal epochs. Lesson 06."""

from course_utils import schedules
from course_utils.data import Digits
from course_utils.experiments.nets import ROUNDS, Row, dense_net, prune_in_rounds
from course_utils.training import evaluate

SPARSITIES = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)


def rows_of(seed: int, data: Digits) -> list[Row]:
    """Test accuracies of one seed: every schedule at every sparsity, ten rounds of one epoch each.

    "dense" trains on without pruning. "source" is 10 %, then 5 points more a round up to 50 %.
    """
    dense = dense_net(seed, data)
    plans = [("dense", 0.0, [0.0] * ROUNDS)]
    plans += [("source", 0.5, [*schedules.linear(0.5, 9, start=0.05), 0.5])]
    for name, shape in schedules.SCHEDULES.items():
        plans += [(name, sparsity, shape(sparsity, ROUNDS)) for sparsity in SPARSITIES]
    rows = []
    for name, sparsity, schedule in plans:
        model, _ = prune_in_rounds(dense, data, schedule, 1, seed)
        accuracy = evaluate(model, data.test)
        rows.append({"seed": seed, "schedule": name, "sparsity": sparsity, "accuracy": accuracy})
    return rows
