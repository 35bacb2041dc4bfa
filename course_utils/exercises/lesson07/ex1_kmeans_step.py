"""Exercise 7.1: One step of k-means."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_utils import sharing
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import coin, normal

Step = tuple[Tensor, Tensor]


def kmeans_step(weight: Tensor, centroids: Tensor) -> Step:
    """weight: any shape, centroids: (k,). Returns (codes, moved), codes 0 where weight is 0."""
    distance = (weight.unsqueeze(-1) - centroids).abs()  # (…, k)
    codes = 1 + distance.argmin(-1)
    codes[weight == 0] = 0
    moved = centroids.clone()
    for place in range(len(centroids)):
        members = weight[codes == place + 1]
        if len(members) > 0:
            moved[place] = members.mean()
    return codes, moved


def _moved(
    weight: Tensor,
    codes: Tensor,
    centroids: Tensor,
    middle: Callable[[Tensor], Tensor] = torch.mean,
    empty: float | None = None,
) -> Tensor:
    """The centroids after the step; ``empty``: what becomes of one without weights."""
    moved = centroids.clone()
    for place in range(len(centroids)):
        members = weight[codes == place + 1]
        if len(members) > 0:
            moved[place] = middle(members)
        elif empty is not None:
            moved[place] = empty
    return moved


def _empty_where_the_sum_is_0(weight: Tensor, centroids: Tensor) -> Step:
    codes, moved = _right_step(weight, centroids)
    return codes, torch.where(moved == 0, centroids, moved)


def _nearest(weight: Tensor, centroids: Tensor) -> Tensor:
    """As the reference, without a thought for zeros."""
    return 1 + (weight.unsqueeze(-1) - centroids).abs().argmin(-1)


def _coded_by(score: Callable[[Tensor, Tensor], Tensor], weight: Tensor, centroids: Tensor) -> Step:
    """The step with the codes that another ``score`` of (…, 1) and (k,) would give."""
    codes = 1 + score(weight.unsqueeze(-1), centroids).argmin(-1)
    codes = codes.masked_fill(weight == 0, 0)
    return codes, _moved(weight, codes, centroids)


def _with(
    middle: Callable[[Tensor], Tensor], empty: float | None, weight: Tensor, centroids: Tensor
) -> Step:
    """The right codes, the centroids by another rule."""
    codes = sharing.assign(weight, centroids)
    return codes, _moved(weight, codes, centroids, middle, empty)


def _zeros_assigned(weight: Tensor, centroids: Tensor) -> Step:
    codes = _nearest(weight, centroids)
    return codes, _moved(weight, codes, centroids)


def _zeros_assigned_and_nan(weight: Tensor, centroids: Tensor) -> Step:
    codes = _nearest(weight, centroids)
    return codes, _moved(weight, codes, centroids, empty=float("nan"))


def _zeros_in_the_mean(weight: Tensor, centroids: Tensor) -> Step:
    codes = _nearest(weight, centroids)
    return codes.masked_fill(weight == 0, 0), _moved(weight, codes, centroids)


def _counted_from_0(weight: Tensor, centroids: Tensor) -> Step:
    codes, moved = _right_step(weight, centroids)
    return (codes - 1).clamp_min(0), moved


def _pruned_as_minus_1(weight: Tensor, centroids: Tensor) -> Step:
    codes, moved = _right_step(weight, centroids)
    return codes - 1, moved


def _counted_from_0_and_nan(weight: Tensor, centroids: Tensor) -> Step:
    codes, moved = _empty_is_nan(weight, centroids)
    return (codes - 1).clamp_min(0), moved


def _signed_distance(weight: Tensor, centroids: Tensor) -> Step:
    return _coded_by(lambda w, c: w - c, weight, centroids)


def _signed_distance_turned(weight: Tensor, centroids: Tensor) -> Step:
    return _coded_by(lambda w, c: c - w, weight, centroids)


def _farthest(weight: Tensor, centroids: Tensor) -> Step:
    return _coded_by(lambda w, c: -(w - c).abs(), weight, centroids)


def _by_size(weight: Tensor, centroids: Tensor) -> Step:
    return _coded_by(lambda w, c: (w.abs() - c.abs()).abs(), weight, centroids)


def _centroids_as_edges(weight: Tensor, centroids: Tensor) -> Step:
    codes = torch.bucketize(weight, centroids).clamp(1).masked_fill(weight == 0, 0)
    return codes, _moved(weight, codes, centroids)


def _empty_is_nan(weight: Tensor, centroids: Tensor) -> Step:
    return _with(torch.mean, float("nan"), weight, centroids)


def _empty_is_zero(weight: Tensor, centroids: Tensor) -> Step:
    return _with(torch.mean, 0.0, weight, centroids)


def _empty_dropped(weight: Tensor, centroids: Tensor) -> Step:
    codes, moved = _right_step(weight, centroids)
    used = [place for place in range(len(centroids)) if (codes == place + 1).any()]
    return codes, moved[used]


def _summed(weight: Tensor, centroids: Tensor) -> Step:
    return _with(torch.sum, None, weight, centroids)


def _middle_of_the_range(weight: Tensor, centroids: Tensor) -> Step:
    return _with(lambda members: (members.min() + members.max()) / 2, None, weight, centroids)


def _median(weight: Tensor, centroids: Tensor) -> Step:
    return _with(torch.median, None, weight, centroids)


def _each_value_once(weight: Tensor, centroids: Tensor) -> Step:
    return _with(lambda members: members.unique().mean(), None, weight, centroids)


def _mean_of_sizes(weight: Tensor, centroids: Tensor) -> Step:
    return _with(lambda members: members.abs().mean(), None, weight, centroids)


def _divided_by_all(weight: Tensor, centroids: Tensor) -> Step:
    return _with(lambda members: members.sum() / weight.numel(), None, weight, centroids)


def _not_moved(weight: Tensor, centroids: Tensor) -> Step:
    return sharing.assign(weight, centroids), centroids.clone()


def _coded_again(weight: Tensor, centroids: Tensor) -> Step:
    _, moved = _right_step(weight, centroids)
    return _nearest(weight, moved).masked_fill(weight == 0, 0), moved


def _to_the_end(weight: Tensor, centroids: Tensor) -> Step:
    codes, moved = _right_step(weight, centroids)
    while not moved.equal(centroids):
        centroids = moved
        codes, moved = _right_step(weight, centroids)
    return codes, moved


def _shared_weight(weight: Tensor, centroids: Tensor) -> Step:
    codes, moved = _right_step(weight, centroids)
    return sharing.look_up(codes, moved), moved


def _in_place(weight: Tensor, centroids: Tensor) -> Step:
    codes, moved = _right_step(weight, centroids)
    return codes, centroids.copy_(moved)


_right_step = kmeans_step

kmeans_step = Exercise(
    id="7.1",
    title="One step of k-means",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=kmeans_step,
    cases=(
        Case("one weight, one centroid", lambda: (torch.tensor([2.0]), torch.tensor([1.0]))),
        Case(
            "two centroids, zeros between them",
            lambda: (torch.tensor([0.0, -1.0, -3.5, 0.0, 5.0, 6.0]), torch.tensor([-4.0, 4.5])),
        ),
        Case(
            "a centroid close to zero",
            lambda: (
                torch.tensor([0.0, 0.4, 0.4, 0.8, -1.5, 0.5]),
                torch.tensor([-1.0, 0.1, 1.1]),
            ),
        ),
        Case(
            "a centroid that no weight is nearest to",
            lambda: (torch.tensor([1.0, 2.0, 9.0, 2.5]), torch.tensor([-5.0, 1.5, 8.0])),
        ),
        Case(
            "a centroid whose weights have the mean 0",
            lambda: (torch.tensor([1.0, -1.0, 5.0]), torch.tensor([0.3, 6.0])),
        ),
        Case(
            "a tiny weight is not pruned",
            lambda: (torch.tensor([1e-9, 0.0, -2.0, 0.75]), torch.tensor([-1.5, 0.25, 1.0])),
        ),
        Case("nothing but zeros", lambda: (torch.zeros(2, 2), torch.tensor([-1.0, 1.0]))),
        Case(
            "a matrix",
            lambda: (
                torch.tensor([[0.0, -2.0, 1.7], [3.0, 0.0, -0.25], [-0.8, 2.6, 0.0]]),
                torch.tensor([-1.6, 0.3, 2.4]),
            ),
        ),
        Case(
            "a conv layer, half pruned",
            lambda: (normal(3, 2, 3, 3) * coin(3, 2, 3, 3), torch.linspace(-2, 2, 5)),
        ),
        Case(
            "a linear layer, half pruned",
            lambda: (normal(20, 30, seed=3) * coin(20, 30), torch.linspace(-3, 3, 8)),
        ),
    ),
    hints=(
        "Compare every weight with every centroid: with one more dim at the end of `weight`, "
        "subtraction gives a table (…, k). The place of the smallest |difference| in each row is "
        "the nearest centroid. Zeros get code 0 before any mean is taken, so no mean sees them.",
        """
        weight       0   −1   −3.5   0    5    6       centroids −4, 4.5
        |w − (−4)|   4    3    0.5   4    9   10
        |w − 4.5|    4.5  5.5  8     4.5  0.5  1.5
        code         0    1    1     0    2    2       0 wherever the weight is 0
        moved        (−1 − 3.5) / 2 = −2.25            (5 + 6) / 2 = 5.5
        """,
        """
        def kmeans_step(weight, centroids):
            distance = (weight.unsqueeze(-1) - centroids).abs()
            codes = 1 + ...
            codes[...] = 0
            moved = centroids.clone()
            for place in range(len(centroids)):
                members = weight[codes == ...]
                if len(members) > 0:
                    moved[place] = ...
            return codes, moved
        """,
    ),
    misconceptions=(
        Misconception(
            _zeros_assigned,
            "You give pruned weights the code of a centroid: they would come back as small "
            "numbers, and they pull its mean towards zero. Set their code to 0 before you take the "
            "means.",
        ),
        Misconception(
            _zeros_assigned_and_nan,
            "You give pruned weights the code of a centroid, so they pull its mean towards zero. "
            "Set their code to 0 before you take the means. And a centroid that no weight is "
            "nearest to has no mean: leave it where it is.",
        ),
        Misconception(
            _zeros_in_the_mean,
            "Your codes are right, but you take the means before the pruned weights have their "
            "code 0: their zeros pull a centroid towards zero. Set the code first.",
        ),
        Misconception(
            _empty_where_the_sum_is_0,
            "You take a sum of 0 for a centroid without weights. Weights can cancel each other: "
            "ask how many there are, not what they add up to.",
        ),
        Misconception(
            _counted_from_0,
            "Your codes count the centroids from 0, so that pruned weights and the first centroid "
            "share the code 0. The first centroid has code 1: add 1 to the place.",
        ),
        Misconception(
            _counted_from_0_and_nan,
            "Your codes count the centroids from 0, but 0 is the code of a pruned weight: add 1 to "
            "the place. And a centroid that no weight is nearest to has no mean: leave it where it "
            "is.",
        ),
        Misconception(
            _pruned_as_minus_1,
            "All your codes are one too low: −1 for a pruned weight and 0 for the first centroid. "
            "Code 0 is the pruned weight, and the first centroid has code 1.",
        ),
        Misconception(
            _signed_distance,
            "You look for the smallest difference w − c with its sign, which is always the one to "
            "the largest centroid. Near means a small |w − c|: take .abs().",
        ),
        Misconception(
            _signed_distance_turned,
            "You look for the smallest difference c − w with its sign, which is always the one to "
            "the smallest centroid. Near means a small |w − c|: take .abs().",
        ),
        Misconception(
            _farthest,
            "You take the centroid that is *farthest* from each weight: argmax, or a minus too "
            "many. The nearest has the smallest |w − c|.",
        ),
        Misconception(
            _by_size,
            "You compare sizes: −1.5 goes to the centroid 1.1 then. Signs count here. The distance "
            "is |w − c|, not the difference of |w| and |c|.",
        ),
        Misconception(
            _centroids_as_edges,
            "You take the centroids as the edges of bins, so that a weight goes to the centroid "
            "below it. It goes to the nearest one; the edge between two is halfway.",
        ),
        Misconception(
            _empty_is_nan,
            "Right, but for a centroid that no weight is nearest to: the mean of nothing is NaN. "
            "Leave such a centroid where it is.",
        ),
        Misconception(
            _empty_is_zero,
            "Right, but for a centroid that no weight is nearest to: you make it 0. Leave it where "
            "it is; in a later step some weight may be near.",
        ),
        Misconception(
            _empty_dropped,
            "You drop the centroid that no weight is nearest to. Then the codes of those behind it "
            "point one too far. Leave it where it is.",
        ),
        Misconception(
            _summed,
            "You add up the weights of each centroid. It moves to their *mean*, which is the one "
            "number with the smallest squared error.",
        ),
        Misconception(
            _middle_of_the_range,
            "You take the middle between the smallest and the largest weight of each centroid. It "
            "moves to the mean of all of them.",
        ),
        Misconception(
            _median,
            "You take the median of each centroid's weights. In k-means it is the mean, which has "
            "the smallest squared error.",
        ),
        Misconception(
            _each_value_once,
            "You count each value once, however many weights have it. Every weight counts in the "
            "mean.",
        ),
        Misconception(
            _mean_of_sizes,
            "You take the mean of the sizes |w|, so no centroid is negative. Take the mean of the "
            "weights with their signs.",
        ),
        Misconception(
            _divided_by_all,
            "You divide by the number of all weights. Each centroid's mean is over its own weights "
            "alone.",
        ),
        Misconception(
            _not_moved,
            "Your codes are right. The centroids are still the old ones: return the mean of the "
            "weights of each.",
        ),
        Misconception(
            _coded_again,
            "You assign once more after the centroids have moved. One step is one assignment and "
            "then one move: return the codes that the means were taken from.",
        ),
        Misconception(
            _to_the_end,
            "You repeat the step until nothing moves. One step is asked for; the repeating comes "
            "later in the lesson.",
        ),
        Misconception(
            _shared_weight,
            "You return the shared weights where the codes are asked for: whole numbers, 0 for a "
            "pruned weight, else 1 + the place of the centroid.",
        ),
        Misconception(
            _in_place,
            "The right numbers, but written into the old centroids. Whoever called you still needs "
            "these: work on centroids.clone().",
        ),
    ),
    crashes={
        "must match the size of tensor": "Every weight is compared with every centroid: give "
        "`weight` one more dim at its end, weight.unsqueeze(-1), and the result is (…, k).",
    },
)
