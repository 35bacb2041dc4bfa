"""Exercise 4.1: Each weight on its own."""

import torch
from torch import Tensor

from course_utils import masks
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import uniform


def bernoulli_mask(draws: Tensor, probability: float) -> Tensor:
    return draws >= probability


def _keeps_below(draws: Tensor, probability: float) -> Tensor:
    return draws < probability


def _drops_at_the_edge(draws: Tensor, probability: float) -> Tensor:
    return draws > probability


def _an_exact_count(draws: Tensor, probability: float) -> Tensor:
    return masks.mask_from_scores(draws, probability)


def _bernoulli_numbers(draws: Tensor, probability: float) -> Tensor:
    return (draws >= probability).float()


def _one_minus(draws: Tensor, probability: float) -> Tensor:
    return draws >= 1 - probability


bernoulli_mask = Exercise(
    id="4.1",
    title="Each weight on its own",
    difficulty=1,
    importance=2,
    minutes=4,
    reference=bernoulli_mask,
    cases=(
        Case("two weights", lambda: (torch.tensor([0.2, 0.7]), 0.3)),
        Case("three low draws in a row: all go", lambda: (torch.tensor([0.1, 0.2, 0.05]), 0.3)),
        Case("a draw of exactly the probability", lambda: (torch.tensor([0.25, 0.5, 0.75]), 0.5)),
        Case("probability 0", lambda: (torch.tensor([0.0, 0.5]), 0.0)),
        Case("probability 1", lambda: (torch.tensor([0.0, 0.5, 0.999]), 1.0)),
        Case("a 4×5 layer", lambda: (uniform(4, 5), 0.4)),
    ),
    hints=(
        "One comparison does it: which draws are low enough to drop their weight? The mask is "
        "True for the others.",
        """
        draw         0.20   0.70   0.05      probability 0.3
        below 0.3    yes    no     yes
        mask         □      ■      □
        """,
        """
        def bernoulli_mask(draws, probability):
            return draws >= ...
        """,
    ),
    misconceptions=(
        Misconception(
            _keeps_below,
            "Your mask is True where the draw is below the probability, and those weights are to "
            "be dropped. True (1) means *kept*.",
        ),
        Misconception(
            _drops_at_the_edge,
            "A draw of exactly the probability is not *below* it, so its weight stays: use >=. "
            "With > a probability of 0 could still drop a weight.",
        ),
        Misconception(
            _an_exact_count,
            "You prune an exact count. That is exercise 4.2; here each weight is dropped on its "
            "own, and the count comes out as it may.",
        ),
        Misconception(
            _bernoulli_numbers, "The right cells, but as numbers. A mask is boolean here."
        ),
        Misconception(
            _one_minus,
            "You compare with 1 − probability, the probability to stay. A weight is dropped where "
            "its draw is below `probability`.",
        ),
    ),
)
