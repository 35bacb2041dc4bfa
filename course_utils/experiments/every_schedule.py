"""Every schedule at every sparsity, at equal epochs. Lesson 06."""

from course_utils import schedules
from course_utils.data import load_mnist
from course_utils.experiments.nets import ROUNDS, Row, dense_net, prune_in_rounds
from course_utils.training import evaluate

CONFIGURATIONS = (
    {"schedule": "dense", "sparsity": 0.0},
    {"schedule": "source", "sparsity": 0.5},
    *(
        {"schedule": name, "sparsity": sparsity}
        for name in schedules.SCHEDULES
        for sparsity in (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
    ),
)
SPARSITIES = tuple(each["sparsity"] for each in CONFIGURATIONS if each["schedule"] == "cubic")


def measure(seed: int, schedule: str, sparsity: float) -> Row:
    """The test accuracy after ten rounds of one epoch each.

    "dense" trains on without pruning. "source" is 10 %, then 5 points more a round up to 50 %.
    """
    plans = {"dense": [0.0] * ROUNDS, "source": [*schedules.linear(0.5, 9, start=0.05), 0.5]}
    plan = plans.get(schedule) or schedules.SCHEDULES[schedule](sparsity, ROUNDS)
    data = load_mnist()
    model, _ = prune_in_rounds(dense_net(seed, data), data, plan, 1, seed)
    return {"accuracy": evaluate(model, data.test)}
