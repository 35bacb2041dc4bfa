"""Exercise 4.5: Random filters."""

import torch
from torch import Tensor

from course_utils import masks
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal, uniform


def random_filters(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    count = round(sparsity * len(draws))
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[draws.argsort(stable=True)[:count]] = False
    return mask


_right = random_filters


def _without_the_first(ranked: Tensor, weight: Tensor, count: int) -> Tensor:
    """The mask without the ``count`` filters that come first in ``ranked``."""
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[ranked.argsort(stable=True)[:count]] = False
    return mask


def _answers_only(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    return masks.mask_from_scores(draws, sparsity)


def _filters_by_threshold(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[draws < sparsity] = False
    return mask


def _filters_inverted(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    mask = torch.zeros_like(weight, dtype=torch.bool)
    mask[~masks.mask_from_scores(draws, sparsity)] = True
    return mask


def _by_norm(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    return masks.norm_mask(weight, sparsity)


def _filters_cut_off(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[draws.argsort(stable=True)[: int(sparsity * len(draws))]] = False
    return mask


def _largest_draws_go(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    return _without_the_first(-draws, weight, round(sparsity * len(draws)))


def _along_the_columns(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    kept = masks.mask_from_scores(draws, sparsity)
    return kept.view(1, -1, *[1] * (weight.dim() - 2)).expand_as(weight)


def _draws_of_its_own(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    return _without_the_first(torch.rand(len(draws)), weight, round(sparsity * len(draws)))


def _unstable(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[draws.argsort()[: round(sparsity * len(draws))]] = False
    return mask


def _single_weights(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    return masks.magnitude_mask(weight, sparsity)


def _as_numbers(draws: Tensor, weight: Tensor, sparsity: float) -> Tensor:
    return _right(draws, weight, sparsity).float()


random_filters = Exercise(
    id="4.5",
    title="Random filters",
    difficulty=1,
    importance=3,
    minutes=4,
    reference=random_filters,
    cases=(
        Case(
            "one row, half of it: round(0.5) is 0",
            lambda: (uniform(1), torch.ones(1, 2), 0.5),
        ),
        Case(
            "two rows, the larger one has the smaller draw",
            lambda: (torch.tensor([0.1, 0.4]), torch.tensor([[9.0, 9.0], [1.0, 1.0]]), 0.5),
        ),
        Case("sparsity 0", lambda: (uniform(3), torch.ones(3, 2), 0.0)),
        Case("sparsity 1", lambda: (uniform(3), torch.ones(3, 2), 1.0)),
        Case("equal draws: the first go first", lambda: (torch.ones(5), torch.ones(5, 2), 0.4)),
        Case(
            "as many inputs as filters",
            lambda: (torch.tensor([0.7, 0.2, 0.9]), normal(3, 3, seed=6), 0.4),
        ),
        Case(
            "a conv layer of 5 filters, 0.35: 1.75 is 2",
            lambda: (uniform(5, seed=4), torch.ones(5, 2, 3, 3), 0.35),
        ),
        Case(
            "100 filters, many equal draws",
            lambda: (1.0 + torch.arange(100) % 3, torch.ones(100, 2), 0.5),
        ),
    ),
    hints=(
        "As exercise 3.1, with a draw in the place of each filter's norm. What the weights are "
        "does not matter; only their shape does.",
        """
        filter   draw    sparsity 0.5 → round(0.5 · 2) = 1 goes
        #0       0.10    goes   □ □
        #1       0.40           ■ ■
        """,
        """
        def random_filters(draws, weight, sparsity):
            count = round(sparsity * len(draws))
            mask = torch.ones_like(weight, dtype=torch.bool)
            mask[draws.argsort(stable=True)[...]] = False
            return mask
        """,
    ),
    misconceptions=(
        Misconception(
            _answers_only,
            "One answer for each filter. A block mask has the weight's shape: give every weight "
            "of a filter the filter's answer.",
        ),
        Misconception(
            _filters_by_threshold,
            "You drop each filter on its own, so the count varies. Rank the draws: exactly "
            "round(sparsity · filters) go.",
        ),
        Misconception(
            _filters_inverted, "Your mask marks the filters that go. True (1) means *kept* here."
        ),
        Misconception(
            _by_norm,
            "You prune the filters of smallest norm. This is the control group: the draws decide, "
            "not the weights.",
        ),
        Misconception(
            _largest_draws_go,
            "You prune the filters with the *largest* draws. The smallest draws go: turn the order "
            "round.",
        ),
        Misconception(
            _along_the_columns,
            "You lay the answers along the columns (dim 1), the inputs. Filters stand along dim 0: "
            "view(-1, 1, …) gives each row its filter's answer.",
        ),
        Misconception(
            _draws_of_its_own,
            "You draw anew inside the function. The draws come as an argument, so that everybody "
            "gets the same mask.",
        ),
        Misconception(
            _unstable,
            "Among equal draws your sort picks any: argsort keeps the order of equals only with "
            "stable=True.",
        ),
        Misconception(
            _single_weights,
            "You prune the smallest single weights. Here whole filters go, and the draws decide.",
        ),
        Misconception(
            _as_numbers, "The right cells, but as the numbers 0.0 and 1.0. A mask is boolean here."
        ),
        Misconception(
            _filters_cut_off, "You cut the count off (int or //): 1.75 filters are 2. Use round."
        ),
    ),
)
