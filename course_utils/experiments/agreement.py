"""How far criteria agree about the filters of the third block. Lesson 05."""

from itertools import combinations

from course_utils.experiments.filter_criteria import scores_of_net
from course_utils.experiments.nets import Row, four_sets

SEEDS = four_sets(2)
CONFIGURATIONS = tuple(
    {"first": first, "second": second}
    for first, second in combinations(("L1", "L2", "L∞", "Taylor", "random"), 2)
)


def measure(seed: int, first: str, second: str) -> Row:
    """The rank agreement (Spearman's ρ, −1 to 1) of two criteria on a trained ConvNet."""
    from scipy.stats import spearmanr  # takes 1 s to import, and lessons read other tables

    values = scores_of_net(seed)
    pair = (values[criterion]["blocks.2.0"] for criterion in (first, second))
    return {"agreement": float(spearmanr(*pair).statistic)}
