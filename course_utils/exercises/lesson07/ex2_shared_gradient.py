"""Exercise 7.2: The gradient of a shared weight."""

import torch
from torch import Tensor

from course_utils import sharing
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal


def shared_gradient(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    """gradient, codes: of one shape, codes 0 to clusters. Returns (clusters,)."""
    return torch.stack([gradient[codes == code].sum() for code in range(1, clusters + 1)])


def _counts(codes: Tensor, clusters: int) -> Tensor:
    """How many weights share each centroid."""
    return codes.flatten().bincount(minlength=clusters + 1)[1:]


def _with_the_pruned(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    """The sum for each code from 0 on, (1 + clusters,)."""
    sums = gradient.new_zeros(1 + clusters)
    return sums.index_add(0, codes.flatten(), gradient.flatten())


def _averaged(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    sums = sharing.centroid_gradient(gradient, codes, clusters)
    return sums / _counts(codes, clusters).clamp_min(1)


def _averaged_unguarded(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return torch.stack([gradient[codes == code].mean() for code in range(1, clusters + 1)])


def _averaged_over_all(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return sharing.centroid_gradient(gradient, codes, clusters) / gradient.numel()


def _averaged_over_kept(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    kept = codes.count_nonzero().clamp_min(1)
    return sharing.centroid_gradient(gradient, codes, clusters) / kept


def _one_too_many(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return _with_the_pruned(gradient, codes, clusters)


def _one_too_low(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return _with_the_pruned(gradient, codes, clusters)[:-1]


def _pruned_in_the_last(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    sums = gradient.new_zeros(clusters)
    places = (codes.flatten() - 1) % clusters
    return sums.index_add(0, places, gradient.flatten())


def _pruned_in_the_first(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return sharing.centroid_gradient(gradient, codes.clamp_min(1), clusters)


def _last_one_only(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    last = dict(zip(codes.flatten().tolist(), gradient.flatten().tolist(), strict=True))
    return torch.tensor([last.get(code, 0.0) for code in range(1, clusters + 1)])


def _first_one_only(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return _last_one_only(gradient.flatten().flip(0), codes.flatten().flip(0), clusters)


def _used_ones_only(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    sums = sharing.centroid_gradient(gradient, codes, clusters)
    return sums[_counts(codes, clusters) > 0]


def _up_to_the_largest_code(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return sharing.centroid_gradient(gradient, codes, clusters)[: int(codes.max())]


def _sizes_added(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return sharing.centroid_gradient(gradient.abs(), codes, clusters)


def _size_of_the_sum(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return sharing.centroid_gradient(gradient, codes, clusters).abs()


def _downhill(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return -sharing.centroid_gradient(gradient, codes, clusters)


def _back_to_the_weights(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return sharing.look_up(codes, sharing.centroid_gradient(gradient, codes, clusters))


def _counted(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return _counts(codes, clusters).to(gradient.dtype)


def _times_the_code(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    return sharing.centroid_gradient(gradient * codes, codes, clusters)


def _divided_by_the_root(gradient: Tensor, codes: Tensor, clusters: int) -> Tensor:
    sums = sharing.centroid_gradient(gradient, codes, clusters)
    return sums / _counts(codes, clusters).clamp_min(1).sqrt()


shared_gradient = Exercise(
    id="7.2",
    title="The gradient of a shared weight",
    difficulty=2,
    importance=3,
    minutes=4,
    reference=shared_gradient,
    cases=(
        Case(
            "two weights share the one centroid",
            lambda: (torch.tensor([1.0, 2.0]), torch.tensor([1, 1]), 1),
        ),
        Case(
            "a pruned weight has a derivative, too",
            lambda: (torch.tensor([0.5, -1.0, 2.0, 4.0]), torch.tensor([1, 0, 2, 1]), 2),
        ),
        Case(
            "two derivatives cancel out",
            lambda: (torch.tensor([1.5, 3.0, -1.5]), torch.tensor([2, 1, 2]), 2),
        ),
        Case(
            "centroids that no weight uses, the last among them",
            lambda: (torch.tensor([1.0, 2.0, -3.0, 0.25]), torch.tensor([1, 3, 1, 3]), 4),
        ),
        Case("all weights are pruned", lambda: (torch.ones(2, 2), torch.zeros(2, 2).long(), 2)),
        Case(
            "a matrix",
            lambda: (
                torch.tensor([[0.1, -0.2, 0.4], [1.0, 0.5, -2.0]]),
                torch.tensor([[1, 2, 0], [2, 1, 2]]),
                2,
            ),
        ),
        Case(
            "a conv layer",
            lambda: (normal(4, 3, 3, 3), (normal(4, 3, 3, 3, seed=5).abs() * 2).long(), 6),
        ),
    ),
    hints=(
        "If a centroid moves by a little, all weights that share it move by as much, and each "
        "changes the loss by its own ∂L/∂w. So the change of the loss is all of these together. A "
        "pruned weight stays 0 wherever the centroids go.",
        """
        gradient   0.5   −1    2    4
        code       1      0    2    1
        centroid 1       0.5 + 4 = 4.5
        centroid 2       2
        the −1 belongs to a pruned weight and to no centroid
        """,
        """
        def shared_gradient(gradient, codes, clusters):
            sums = []
            for code in range(1, ...):
                sums.append(gradient[codes == ...]. ...)
            return torch.stack(sums)
        """,
    ),
    misconceptions=(
        Misconception(
            _averaged,
            "You average the derivatives of each centroid. When it moves, *all* of its weights "
            "move, and their effects on the loss add up: take the sum.",
        ),
        Misconception(
            _averaged_unguarded,
            "You average the derivatives of each centroid, which is NaN where no weight shares it. "
            "When a centroid moves, all of its weights move: take the sum, 0 where there are none.",
        ),
        Misconception(
            _averaged_over_all,
            "You divide by the number of all weights. Nothing is divided: the effects of a "
            "centroid's weights on the loss add up.",
        ),
        Misconception(
            _averaged_over_kept,
            "You divide by the number of all kept weights. Nothing is divided: the effects of a "
            "centroid's weights on the loss add up.",
        ),
        Misconception(
            _divided_by_the_root,
            "You divide by the root of how many weights share a centroid. The derivative is the "
            "plain sum; that it is steep is for the learning rate to settle.",
        ),
        Misconception(
            _one_too_many,
            "You return one number too many: the first is that of code 0, the pruned weights, "
            "which have no centroid. Begin with code 1.",
        ),
        Misconception(
            _one_too_low,
            "Your numbers stand one place too far back: the first is that of code 0, the pruned "
            "weights, and the last centroid is cut off. Centroid 1 belongs to code 1.",
        ),
        Misconception(
            _pruned_in_the_last,
            "The derivatives of the pruned weights end up in the last centroid: code − 1 is −1 for "
            "them, and Python counts that from the end. Leave them out first.",
        ),
        Misconception(
            _pruned_in_the_first,
            "The derivatives of the pruned weights end up in the first centroid. A pruned weight "
            "stays 0 whatever happens to the centroids: leave it out.",
        ),
        Misconception(
            _last_one_only,
            "Of each centroid's derivatives only the last is left. `sums[codes] += gradient` "
            "writes each place once, however often it is named. Use index_add, or .sum() of "
            "gradient[codes == code].",
        ),
        Misconception(
            _first_one_only,
            "Of each centroid's derivatives you take only the first. All weights that share it "
            "move with it: add up all of them.",
        ),
        Misconception(
            _used_ones_only,
            "You leave out the centroids that no weight uses, so those behind them change places. "
            "They have the derivative 0: moving them changes nothing.",
        ),
        Misconception(
            _up_to_the_largest_code,
            "You count the centroids by the largest code that occurs. There are `clusters` of "
            "them; one that no weight uses has the derivative 0.",
        ),
        Misconception(
            _sizes_added,
            "You add up the sizes. One weight may want the centroid larger and another smaller: "
            "with their signs the two cancel out.",
        ),
        Misconception(
            _size_of_the_sum,
            "You take the size of the sum. Its sign says in which direction the loss grows.",
        ),
        Misconception(
            _downhill,
            "You have turned the sign. Asked for is the gradient, ∂L/∂c; the minus comes with the "
            "step of the optimizer.",
        ),
        Misconception(
            _back_to_the_weights,
            "You hand each weight the sum of its centroid. Asked for is one number for each "
            "centroid: what the optimizer moves are the centroids.",
        ),
        Misconception(
            _counted,
            "You count the weights of each centroid. Add up their derivatives: "
            "gradient[codes == code].",
        ),
        Misconception(
            _times_the_code,
            "You multiply the derivatives by the code. A code is only a name; ∂w/∂c is 1 for each "
            "weight that shares the centroid.",
        ),
    ),
    crashes={
        "out of bounds": "Codes go from 0 to `clusters`, so a table of sums that is indexed by "
        "the code needs 1 + clusters places. Leave out the first in the end.",
        "index_add_(): ": "index_add goes along one dim: flatten the codes and the gradient first.",
    },
)
