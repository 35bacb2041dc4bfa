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


def _last_columns(weight: Tensor, keep: Tensor) -> Tensor:
    return weight[:, weight.shape[1] - int(keep.sum()) * (weight.shape[1] // len(keep)) :]


def _first_of_each_channel(weight: Tensor, keep: Tensor) -> Tensor:
    return weight[:, :: weight.shape[1] // len(keep)][:, keep]


def _from_the_channels_number(weight: Tensor, keep: Tensor) -> Tensor:
    positions = weight.shape[1] // len(keep)
    starts = keep.nonzero().flatten().tolist()
    return torch.cat([weight[:, start : start + positions] for start in starts], dim=1)


def _one_too_few(weight: Tensor, keep: Tensor) -> Tensor:
    positions = weight.shape[1] // len(keep)
    starts = [positions * channel for channel in keep.nonzero().flatten().tolist()]
    return torch.cat([weight[:, start : start + positions - 1] for start in starts], dim=1)


def _still_by_channel(weight: Tensor, keep: Tensor) -> Tensor:
    return weight.unflatten(1, (len(keep), -1))[:, keep]


def _turned(weight: Tensor, keep: Tensor) -> Tensor:
    return cut_columns.reference(weight, keep).T


def _flat(weight: Tensor, keep: Tensor) -> Tensor:
    return cut_columns.reference(weight, keep).flatten()


def _columns_as_numbers(weight: Tensor, keep: Tensor) -> Tensor:
    return weight[:, keep.long().repeat_interleave(weight.shape[1] // len(keep))]


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
            "two channels of two positions, the first stays",
            lambda: (torch.tensor([[1.0, 2.0, 3.0, 4.0]]), torch.tensor([True, False])),
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
            positions = ...         # how many columns each channel owns
            columns = ...           # for each column: whether its channel stays
            return weight[:, columns]
        """,
    ),
    misconceptions=(
        Misconception(
            _taken_in_turns,
            "You repeat the whole of `keep` (□ ■ □ ■), as if the channels took turns. flatten "
            "lays all positions of a channel side by side (□ □ ■ ■): repeat each answer.",
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
        Misconception(
            _last_columns,
            "The right number of columns, but always the last ones. Take those of the channels "
            "that stay.",
        ),
        Misconception(
            _first_of_each_channel,
            "You take the first column of each channel that stays. All of its columns stay, one "
            "for each position.",
        ),
        Misconception(
            _from_the_channels_number,
            "Channel #c does not begin at column c: all columns of the channels before it come "
            "first. It begins at c · positions.",
        ),
        Misconception(
            _one_too_few,
            "One column is missing from each channel. The end of a slice is left out: channel #c "
            "is [c · positions : (c + 1) · positions].",
        ),
        Misconception(
            _still_by_channel,
            "The right numbers, but with a dimension of their own for the channels. The linear "
            "layer reads a flat input: flatten(1) puts the columns side by side again.",
        ),
        Misconception(
            _turned,
            "The right columns, but as rows. The weight of a linear layer is (outputs, inputs): "
            "index along dim 1, and turn nothing round.",
        ),
        Misconception(
            _flat,
            "The right numbers, but laid flat. The weight is still (outputs, columns).",
        ),
        Misconception(
            _columns_as_numbers,
            "You index with 0 and 1 as whole numbers, which picks column #0 and column #1 again "
            "and again. The index must be boolean.",
        ),
    ),
    crashes={
        "tensor [1, 4] at index 0": "You pick *rows*, dim 0: these are the outputs of the layer. "
        "Its inputs are the columns, dim 1.",
        "mask [2] at index 0 does not match the shape of the indexed tensor [1, 4]": "`keep` has "
        "one answer a channel, the weight has one column for each position of each channel. Repeat "
        "every answer before you index.",
        "mask [8] at index 0 does not match the shape of the indexed tensor [1, 4]": "You divide "
        "the columns by the channels that *stay*. They belong to all channels: weight.shape[1] // "
        "len(keep) each.",
        "The shape of the mask": "Your mask must be as long as the weight is wide. How many "
        "columns a channel owns is not always the same: weight.shape[1] // len(keep).",
        "out of bounds": "There is no such column. How many columns a channel owns is not always "
        "the same: weight.shape[1] // len(keep).",
        "invalid combination of arguments": "A number of columns is a whole number: divide with "
        "//, since / gives a float.",
    },
)
