"""Exercise 6.4: The loop."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_utils import masks
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal
from course_utils.exercises.lesson06.ex3_next_mask import more_than

Train = Callable[[Tensor, Tensor], Tensor]


def prune_in_rounds(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = torch.ones_like(weight, dtype=torch.bool)
    for sparsity in schedule:
        mask = masks.mask_from_scores(weight.abs(), sparsity, mask)
        weight = train(weight * mask, mask) * mask  # training may bring zeros back
    return weight, mask


_right_rounds = prune_in_rounds


def _all_kept(weight: Tensor) -> Tensor:
    return torch.ones_like(weight, dtype=torch.bool)


def _trains_first(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        weight = train(weight * mask, mask) * mask
        mask = masks.magnitude_mask(weight, sparsity, mask)
    return weight * mask, mask


def _prunes_once(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = masks.magnitude_mask(weight, schedule[-1] if schedule else 0.0)
    for _ in schedule:
        weight = train(weight * mask, mask) * mask
    return weight * mask, mask


def _trains_once(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = masks.magnitude_mask(weight, schedule[-1] if schedule else 0.0)
    return (train(weight * mask, mask) * mask if schedule else weight), mask


def _trains_after_the_loop(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
    return train(weight * mask, mask) * mask, mask


def _trains_after_the_loop_unmasked(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _trains_after_the_loop(weight, schedule, train)[1]
    return train(weight * mask, mask), mask


def _ranks_the_first(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    trained, mask = weight, _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        trained = train(trained * mask, mask) * mask
    return trained, mask


def _starts_over(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    trained, mask = weight, _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(trained, sparsity, mask)
        trained = train(weight * mask, mask) * mask
    return trained, mask


def _fresh_each_round(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity)
        weight = train(weight * mask, mask)
    return weight * mask, mask


def _fresh_from_zeros(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _zeros_not_kept(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * mask, mask)
    return weight, mask


def _result_dropped(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = weight * mask
        train(weight, mask)
    return weight, mask


def _amounts_of_the_rest(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for amount in schedule:
        mask = more_than(mask, weight, round(amount * int(mask.sum())))
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _trains_the_unpruned(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight, mask) * mask
    return weight, mask


def _hands_the_old_mask(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        new = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * new, mask) * new
        mask = new
    return weight, mask


def _prunes_in_place(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight *= mask
        weight = train(weight, mask) * mask
    return weight, mask


def _mask_of_floats(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * mask, mask.float()) * mask
    return weight, mask


def _returns_floats(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * mask, mask) * mask
    return weight, mask.float()


def _unpruned_to_the_end(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight, mask)
    return weight * mask, mask


def _trains_before_the_loop(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    weight = train(weight, mask)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _trains_after_the_last(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * mask, mask) * mask
    return train(weight, mask) * mask, mask


def _trains_twice(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * mask, mask) * mask
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _calls_train_twice(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        train(weight * mask, mask)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _last_round_not_trained(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    weight, mask = _right_rounds(weight, schedule[:-1], train)
    if schedule:
        mask = masks.magnitude_mask(weight, schedule[-1], mask)
    return weight * mask, mask


def _differences_of_totals(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask, before = _all_kept(weight), 0.0
    for total in schedule:
        mask = masks.magnitude_mask(weight, total - before, mask)
        weight = train(weight * mask, mask) * mask
        before = total
    return weight, mask


def _begins_with_nothing(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = ~_all_kept(weight)
    for _ in schedule:
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _amounts_compounded(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask, gone = _all_kept(weight), 0.0
    for amount in schedule:
        gone = 1 - (1 - gone) * (1 - amount)
        mask = masks.magnitude_mask(weight, gone, mask)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _amounts_added(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask, gone = _all_kept(weight), 0.0
    for amount in schedule:
        gone = min(gone + amount, 1.0)
        mask = masks.magnitude_mask(weight, gone, mask)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _first_total_again(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for _ in schedule:
        mask = masks.magnitude_mask(weight, schedule[0], mask)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _density_for_sparsity(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, 1 - sparsity, mask)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _equal_totals_once(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in sorted(set(schedule)):
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _earlier_mask_and_fresh(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = mask & masks.magnitude_mask(weight, sparsity)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _mask_from_the_zeros(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * mask, mask) * mask
    return weight, weight != 0


def _earlier_mask_from_zeros(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, weight != 0)
        weight = train(weight * mask, mask) * mask
    return weight, mask


def _trains_the_pruned_ones(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * mask, ~mask) * mask
    return weight, mask


def _mask_first(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * mask, mask) * mask
    return mask, weight


def _weight_alone(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        weight = train(weight * mask, mask) * mask
    return weight


def _returns_in_round_1(
    weight: Tensor, schedule: list[float], train: Train
) -> tuple[Tensor, Tensor] | None:
    mask = _all_kept(weight)
    for sparsity in schedule:
        mask = masks.magnitude_mask(weight, sparsity, mask)
        return train(weight * mask, mask) * mask, mask
    return None


def _in_float32(weight: Tensor, schedule: list[float], train: Train) -> tuple[Tensor, Tensor]:
    return _right_rounds(weight.float(), schedule, train)


def changes_nothing(weight: Tensor, mask: Tensor) -> Tensor:
    return weight.clone()


def adds_one(weight: Tensor, mask: Tensor) -> Tensor:
    return weight + 1


def doubles(weight: Tensor, mask: Tensor) -> Tensor:
    return 2 * weight


def sets_pruned_to_nine(weight: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask.bool(), weight, 9.0)


def subtracts_from_ten(weight: Tensor, mask: Tensor) -> Tensor:
    return 10 - weight


def adds_the_density(weight: Tensor, mask: Tensor) -> Tensor:
    return weight + mask.float().mean()


def adds_the_mean(weight: Tensor, mask: Tensor) -> Tensor:
    return weight + weight.mean()


def moves_the_kept(weight: Tensor, mask: Tensor) -> Tensor:
    trained = weight.clone()
    trained[mask] += 1  # a mask of floats is no index
    return trained


def _adds_the_number_of_the_call() -> Train:
    calls = []

    def adds_the_number_of_the_call(weight: Tensor, mask: Tensor) -> Tensor:
        calls.append(mask)
        return weight + len(calls)

    return adds_the_number_of_the_call


prune_in_rounds = Exercise(
    id="6.4",
    title="The loop",
    difficulty=3,
    importance=3,
    minutes=10,
    reference=prune_in_rounds,
    cases=(
        Case(
            "one round, training changes nothing",
            lambda: (torch.tensor([0.1, -3.0, -0.2, 1.0]), [0.5], changes_nothing),
        ),
        Case(
            "one round, training adds 1 to all weights, the pruned ones too",
            lambda: (torch.tensor([-1.0, 0.2, 3.0, 0.5]), [0.5], adds_one),
        ),
        Case(
            "two weights are 0 from the start, and one goes",
            lambda: (torch.tensor([0.0, 0.0, 2.0, 3.0]), [0.25], adds_one),
        ),
        Case("no round at all", lambda: (torch.tensor([1.0, -2.0]), [], adds_one)),
        Case(
            "two equal rounds: the second only trains",
            lambda: (torch.tensor([1.0, 2.0, 3.0, 4.0]), [0.5, 0.5], doubles),
        ),
        Case(
            "two rounds, training sets the pruned weights to 9",
            lambda: (torch.tensor([1.0, 2.0, 3.0, 4.0]), [0.25, 0.5], sets_pruned_to_nine),
        ),
        Case(
            "two rounds, training makes large weights small",
            lambda: (torch.tensor([1.0, 2.0, 6.0, 9.0]), [0.25, 0.5], subtracts_from_ten),
        ),
        Case(
            "two rounds, training adds the fraction of kept weights",
            lambda: (torch.tensor([1.0, 2.0, 3.0, 4.0]), [0.5, 0.75], adds_the_density),
        ),
        Case(
            "two rounds, training adds 1 to weight[mask]",
            lambda: (torch.tensor([1.0, 2.0, 3.0, 4.0]), [0.25, 0.5], moves_the_kept),
        ),
        Case(
            "three rounds, the first call of train adds 1, the next 2, and so on",
            lambda: (
                torch.tensor([1.0, 2.0, 3.0, 4.0]),
                [0.25, 0.5, 0.5],
                _adds_the_number_of_the_call(),
            ),
        ),
        Case(
            "two rounds, training adds the mean of the weight it gets",
            lambda: (torch.tensor([1.0, 2.0, 3.0, 4.0]), [0.25, 0.75], adds_the_mean),
        ),
        Case(
            "training turns a kept weight to 0",
            lambda: (torch.tensor([10.0, 1.0, 5.0, 6.0]), [0.25, 0.25], subtracts_from_ten),
        ),
        Case(
            "everything goes in the second round",
            lambda: (torch.tensor([1.0, -2.0, 3.0]), [0.3, 1.0], adds_one),
        ),
        Case(
            "a 4×6 matrix in four rounds",
            lambda: (normal(4, 6, seed=2), [0.3, 0.55, 0.7, 0.8], adds_one),
        ),
        Case("float64 numbers", lambda: (normal(2, 3).double(), [0.5], adds_one)),
    ),
    hints=(
        "A round has two steps: a new mask from the weights *as they are now*, then training with "
        "it. next_mask of exercise 6.3 does the first, from the mask of the round before. After "
        "training multiply by the mask again, because training may bring zeros back.",
        """
                        weight             mask        train adds 1
        start            1   2   3   4     ■ ■ ■ ■
        round 1, prune   0   2   3   4     □ ■ ■ ■     0.25 · 4 = 1 in total
                 train   1   3   4   5                 a zero came back …
                 mask    0   3   4   5                 … and is 0 again
        round 2, prune   0   0   4   5     □ □ ■ ■     0.50 · 4 = 2 in total
                 …
        """,
        """
        def prune_in_rounds(weight, schedule, train):
            mask = torch.ones_like(weight, dtype=torch.bool)
            for sparsity in schedule:
                mask = ...
                weight = train(..., mask) * ...
            return weight, mask
        """,
    ),
    misconceptions=(
        Misconception(
            _mask_of_floats,
            "You hand train a mask of floats. It may index with it, weight[mask], and for that a "
            "mask must be boolean: hand over next_mask's result as it is.",
        ),
        Misconception(
            _returns_floats,
            "The right cells, but your mask comes back as the numbers 0.0 and 1.0. A mask is "
            "boolean here.",
        ),
        Misconception(
            _unpruned_to_the_end,
            "You hand train the unpruned weight, and multiply by the mask only at the end. Then "
            "training goes on with weights that should be gone: hand it weight * mask in every "
            "round.",
        ),
        Misconception(
            _trains_before_the_loop,
            "You train once before the first round. The weight that comes in is trained already, "
            "and an extra training would make the comparison unfair: one training a round, after "
            "its cut.",
        ),
        Misconception(
            _trains_after_the_last,
            "You train once more after the last round. Each round ends with its own training, and "
            "with as many rounds as the schedule has totals that is all.",
        ),
        Misconception(
            _trains_twice,
            "You train twice in each round. One training a round, so that schedules of equal "
            "length cost the same.",
        ),
        Misconception(
            _calls_train_twice,
            "You call train twice in each round and drop what the first call returns. A call "
            "costs an epoch, and it may not do the same twice: keep its result, weight = "
            "train(…).",
        ),
        Misconception(
            _last_round_not_trained,
            "You do not train after the last cut. Every round ends with its training, the last one "
            "too: it mends what that cut broke.",
        ),
        Misconception(
            _differences_of_totals,
            "You hand next_mask what each round adds. It takes the total after the round, as it "
            "stands in the schedule: what has gone already counts.",
        ),
        Misconception(
            _begins_with_nothing,
            "Your first mask keeps nothing, and what is pruned never comes back. Begin with one "
            "that keeps everything: torch.ones_like(weight, dtype=torch.bool).",
        ),
        Misconception(
            _amounts_compounded,
            "You take the schedule for amounts and work out the totals from them. It holds totals "
            "already: hand each to next_mask as it is.",
        ),
        Misconception(
            _amounts_added,
            "You add the values up. The schedule holds totals already: 0.25, then 0.5 means that "
            "half of all weights have gone after round two.",
        ),
        Misconception(
            _first_total_again,
            "Every round goes to the first total. Go to the round's own: for sparsity in schedule.",
        ),
        Misconception(
            _density_for_sparsity,
            "You keep as many weights as should go. The schedule holds sparsities, what is "
            "*pruned*: hand them to next_mask as they are.",
        ),
        Misconception(
            _equal_totals_once,
            "Two rounds with the same total are one round with you. The second prunes nothing, "
            "but it trains: take every entry of the schedule.",
        ),
        Misconception(
            _earlier_mask_and_fresh,
            "You join the earlier mask with a fresh one. A kept weight that is 0 then takes the "
            "place of a pruned one, and one too many goes: next_mask with the earlier mask counts "
            "what has gone.",
        ),
        Misconception(
            _mask_from_the_zeros,
            "You read the mask from the zeros of the weight. Training may bring a kept weight to "
            "0, and it is still kept: return the mask itself.",
        ),
        Misconception(
            _earlier_mask_from_zeros,
            "You read from the zeros of the weight what was pruned before. Training may bring a "
            "kept weight to 0, and it is still kept: hand on the mask itself.",
        ),
        Misconception(
            _trains_the_pruned_ones,
            "You hand train the mask turned round. True means *kept*, for train too.",
        ),
        Misconception(
            _mask_first,
            "You return (mask, weight). Asked for is (weight, mask), in this order.",
        ),
        Misconception(
            _weight_alone,
            "You return the weight alone. Asked for are both, (weight, mask).",
        ),
        Misconception(
            _returns_in_round_1,
            "return stands inside the loop, so the first round is the last, and without a round "
            "there is no result. Move it out by one step.",
        ),
        Misconception(
            _in_float32,
            "The right numbers, but float32 comes back where the weight is float64. Leave the "
            "dtype as it is.",
        ),
        Misconception(
            _trains_first,
            "You train before you prune in each round, so the last pruning is never repaired. "
            "Prune first, then let training mend it.",
        ),
        Misconception(
            _prunes_once,
            "You prune to the last value at once and then train in every round. That is one-shot "
            "pruning. Go to the round's own value, train, and only then to the next.",
        ),
        Misconception(
            _trains_once,
            "You train once, after the last pruning. Train in every round, so that the next mask "
            "is made from weights that have adapted to the one before.",
        ),
        Misconception(
            _trains_after_the_loop,
            "You train once, after the loop, and even where there is no round at all. Training "
            "belongs inside: train in every round, so that the next mask is made from weights that "
            "have adapted to the one before.",
        ),
        Misconception(
            _trains_after_the_loop_unmasked,
            "You train once, after the loop, and return what train gives back, pruned weights and "
            "all. Train inside the loop, in every round, and multiply by the mask after it.",
        ),
        Misconception(
            _ranks_the_first,
            "You rank the weights from before the training in every round, so training has no say "
            "in what goes. Make each mask from the weights as they are now.",
        ),
        Misconception(
            _starts_over,
            "You hand the weights from the start to train in every round, so each round forgets "
            "the training before it. Go on from what the last round returned.",
        ),
        Misconception(
            _fresh_each_round,
            "Each round takes a fresh mask, and weights that training brought back are kept. What "
            "is pruned stays pruned: hand the mask of the round before to next_mask.",
        ),
        Misconception(
            _fresh_from_zeros,
            "Each round takes a fresh mask from the weights alone. A pruned weight is 0 there, but "
            "a kept one may be 0 too, and then they change places. Hand the mask of the round "
            "before to next_mask.",
        ),
        Misconception(
            _zeros_not_kept,
            "You return the weight as train left it, and there pruned weights have come back. "
            "Multiply by the mask once more after training.",
        ),
        Misconception(
            _result_dropped,
            "You call train and drop what it returns, so nothing is ever trained. It does not "
            "change its argument: weight = train(…).",
        ),
        Misconception(
            _amounts_of_the_rest,
            "You take each value as a fraction of what is *left*. The schedule holds totals: 0.25, "
            "then 0.5 means that half of all weights have gone after round two.",
        ),
        Misconception(
            _trains_the_unpruned,
            "You hand train the weights from before the pruning, so it trains a net that still has "
            "them. Give it weight * mask.",
        ),
        Misconception(
            _hands_the_old_mask,
            "You hand train the mask of the round before. It needs the new one, which belongs to "
            "the weights that it gets.",
        ),
        Misconception(
            _prunes_in_place,
            "The right result, but you prune the weight you were given (*= works in place). "
            "Whoever called you loses the dense weights: multiply into a new tensor.",
        ),
    ),
    crashes={
        "used as indices": "You hand train a mask of floats, and it indexes with it. Hand over a "
        "boolean mask.",
        "argument: 'mask'": "train takes two things: train(weight, mask).",
        "arguments: 'weight' and 'mask'": "train takes two things: train(weight, mask).",
        "argument: 'sparsity'": "next_mask takes three things: next_mask(weight, mask, sparsity).",
        "list index out of range": "The schedule may be empty: then return the weight as it is, "
        "with a mask that keeps everything.",
        "not associated with a value": "With an empty schedule no round sets the mask. Start with "
        "one that keeps everything.",
    },
)
