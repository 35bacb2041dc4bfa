"""Exercise 4.1: Each weight on its own."""

import random

import numpy as np
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


def _at_most(draws: Tensor, probability: float) -> Tensor:
    return draws <= probability


def _below_one_minus(draws: Tensor, probability: float) -> Tensor:
    return draws < 1 - probability


def _draws_of_torch(draws: Tensor, probability: float) -> Tensor:
    return torch.rand(draws.shape) >= probability


def _draws_of_numpy(draws: Tensor, probability: float) -> Tensor:
    return torch.from_numpy(np.random.rand(*draws.shape)) >= probability


def _draws_of_python(draws: Tensor, probability: float) -> Tensor:
    drawn = [random.random() for _ in range(draws.numel())]
    return torch.tensor(drawn).reshape(draws.shape) >= probability


def _coins_of_torch(draws: Tensor, probability: float) -> Tensor:
    return torch.bernoulli(torch.full(draws.shape, 1 - probability)).bool()


def _draws_as_probabilities(draws: Tensor, probability: float) -> Tensor:
    return torch.bernoulli(draws).bool()


def _always_one_half(draws: Tensor, probability: float) -> Tensor:
    return draws >= 0.5


def _draws_rounded(draws: Tensor, probability: float) -> Tensor:
    return draws.round().bool()


def _per_cent(draws: Tensor, probability: float) -> Tensor:
    return draws >= probability / 100


def _from_the_quantile(draws: Tensor, probability: float) -> Tensor:
    return draws >= draws.quantile(probability)


def _what_is_not_zero(draws: Tensor, probability: float) -> Tensor:
    return draws * (draws >= probability) != 0


def _laid_flat(draws: Tensor, probability: float) -> Tensor:
    return (draws >= probability).flatten()


def _kept_draws(draws: Tensor, probability: float) -> Tensor:
    return draws * (draws >= probability)


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
        Case("draws just beside it", lambda: (torch.tensor([0.3499, 0.3501]), 0.35)),
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
            kept = ...              # one comparison, for all draws at once
            return kept
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
        Misconception(
            _at_most,
            "Your mask is True where the draw is at most the probability, and those weights are "
            "to be dropped. True (1) means *kept*: use >=.",
        ),
        Misconception(
            _below_one_minus,
            "You keep the draws below 1 − probability. So many stay on average, but other ones: a "
            "weight is dropped where its draw is below `probability`.",
        ),
        Misconception(
            _draws_of_torch,
            "You draw new numbers with torch.rand. The lots are drawn already, in `draws`: "
            "compare those.",
        ),
        Misconception(
            _draws_of_numpy,
            "You draw new numbers with NumPy. The lots are drawn already, in `draws`: compare "
            "those.",
        ),
        Misconception(
            _draws_of_python,
            "You draw new numbers with `random`. The lots are drawn already, in `draws`: compare "
            "those.",
        ),
        Misconception(
            _coins_of_torch,
            "torch.bernoulli tosses coins of its own. The lots are drawn already, in `draws`: "
            "compare those with the probability.",
        ),
        Misconception(
            _draws_as_probabilities,
            "torch.bernoulli(draws) takes the draws for probabilities, and draws again. They are "
            "the lots themselves: compare them with `probability`.",
        ),
        Misconception(
            _always_one_half,
            "You compare with 0.5 whatever the probability is.",
        ),
        Misconception(
            _draws_rounded,
            "You round the draws, which compares them with 0.5 whatever the probability is.",
        ),
        Misconception(
            _per_cent,
            "You take the probability for per cent. It is a fraction already: 0.3 for 30 %.",
        ),
        Misconception(
            _from_the_quantile,
            "A quantile of the draws prunes a fixed share of them. Here each weight is dropped on "
            "its own: compare with the probability itself.",
        ),
        Misconception(
            _what_is_not_zero,
            "You ask which draws are not 0 in the end. A draw may be 0 itself, and at probability "
            "0 its weight stays: return the comparison.",
        ),
        Misconception(
            _laid_flat,
            "The right answers, but laid flat. The mask has the shape of `draws`.",
        ),
        Misconception(
            _kept_draws,
            "You return draws. The mask is asked for: True where a weight is kept.",
        ),
    ),
    crashes={
        "is ambiguous": "`not`, `and`, `or` and `if` want one answer; here there is one for each "
        "weight. Compare with >=, or turn a mask round with ~.",
    },
)
