"""Exercise 3.3: The columns of a flattened channel."""

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal


def cut_columns(weight: Tensor, keep: Tensor) -> Tensor:
    positions = weight.shape[1] // len(keep)
    return weight[:, keep.repeat_interleave(positions)]


def _taken_in_turns(weight: Tensor, keep: Tensor) -> Tensor:
    return weight[:, keep.repeat(weight.shape[1] // len(keep))]


def _one_column_a_channel(weight: Tensor, keep: Tensor) -> Tensor:
    return weight[:, : len(keep)][:, keep]


def _columns_inverted(weight: Tensor, keep: Tensor) -> Tensor:
    return weight[:, ~keep.repeat_interleave(weight.shape[1] // len(keep))]


def _columns_zeroed(weight: Tensor, keep: Tensor) -> Tensor:
    return weight * keep.repeat_interleave(weight.shape[1] // len(keep))


def _first_columns(weight: Tensor, keep: Tensor) -> Tensor:
    return weight[:, : int(keep.sum()) * (weight.shape[1] // len(keep))]


cut_columns = Exercise(
    id="3.3",
    title="The columns of a flattened channel",
    difficulty=2,
    importance=2,
    minutes=6,
    reference=cut_columns,
    cases=(
        Case(
            "two channels of two positions",
            lambda: (torch.tensor([[1.0, 2.0, 3.0, 4.0]]), torch.tensor([False, True])),
        ),
        Case(
            "three channels of two positions",
            lambda: (torch.arange(12.0).reshape(2, 6), torch.tensor([True, False, True])),
        ),
        Case(
            "one position each, as behind a linear layer",
            lambda: (normal(2, 3), torch.tensor([False, True, True])),
        ),
        Case("all stay", lambda: (normal(2, 8), torch.ones(2).bool())),
        Case(
            "four channels of 3×3 positions",
            lambda: (normal(10, 36, seed=2), torch.tensor([False, True, False, True])),
        ),
    ),
    hints=(
        "`flatten` lays channel after channel: first all positions of channel #0, then all of "
        "channel #1. How many columns belong to one channel?",
        """
        channels  #0      #1      #2          keep  ■ □ ■
        columns   0 1     2 3     4 5         two positions each
        stay      ■ ■     □ □     ■ ■
        """,
        """
        def cut_columns(weight, keep):
            positions = weight.shape[1] // len(keep)
            return weight[:, keep.repeat_interleave(...)]
        """,
    ),
    misconceptions=(
        Misconception(
            _taken_in_turns,
            "You repeat the whole of `keep` (□ ■ □ ■), as if the channels took turns. flatten lays "
            "all positions of a channel side by side (□ □ ■ ■): repeat each answer.",
        ),
        Misconception(
            _one_column_a_channel,
            "You take one column for each channel. A channel of h×w positions owns h·w columns.",
        ),
        Misconception(
            _columns_inverted,
            "You remove what should stay. True in `keep` means that the channel stays.",
        ),
        Misconception(
            _columns_zeroed,
            "You set the columns to zero. The input is shorter now, so the weight must be "
            "narrower: index it.",
        ),
        Misconception(
            _first_columns,
            "The right number of columns, but always the first ones. Take those of the channels "
            "that stay.",
        ),
    ),
    crashes={
        "The shape of the mask": "`keep` has one answer a channel, the weight has one column for "
        "each position of each channel. Repeat every answer before you index.",
    },
)
