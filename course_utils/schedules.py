"""Prune in rounds: how the sparsity rises, and the loop that prunes and fine-tunes. Lesson 06.

A schedule is the list of cumulative sparsities after each round. ``start`` is the sparsity before
the first round, 0 for a dense net. ``linear(0.5, 9, start=0.05)`` begins at 10 % and adds 5 points
a round up to 50 %.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from course_utils import masks
from course_utils._checks import check_sparsity
from course_utils.data import Digits
from course_utils.layers import prunable, refresh
from course_utils.pruning import prune_model
from course_utils.training import History, evaluate, progress_bar, train


def one_shot(end: float, rounds: int = 1, start: float = 0.0) -> list[float]:
    """Everything in the first round; the rounds after it only train: [end, end, …].

    With as many rounds as another schedule it gets the same number of epochs.

    >>> one_shot(0.9, 3)
    [0.9, 0.9, 0.9]
    """
    return _schedule(end, rounds, start, lambda part: end)


def linear(end: float, rounds: int, start: float = 0.0) -> list[float]:
    """Equal steps of the total: start + (end − start) · t/k after round t of k.

    >>> [round(s, 2) for s in linear(0.8, 4)]
    [0.2, 0.4, 0.6, 0.8]
    """
    return _schedule(end, rounds, start, lambda part: start + (end - start) * part)


def geometric(end: float, rounds: int, start: float = 0.0) -> list[float]:
    """The same fraction of what is left, each round: 1 − (1 − start)^(1 − t/k) · (1 − end)^(t/k).

    Han et al. 2015; Frankle and Carbin 2019.

    >>> [round(s, 3) for s in geometric(0.488, 3)]
    [0.2, 0.36, 0.488]
    """
    return _schedule(
        end, rounds, start, lambda part: 1 - (1 - start) ** (1 - part) * (1 - end) ** part
    )


def cubic(end: float, rounds: int, start: float = 0.0) -> list[float]:
    """Large steps first, small ones last: end + (start − end) · (1 − t/k)³.

    Zhu and Gupta 2018, To prune, or not to prune.

    >>> [round(s, 3) for s in cubic(0.8, 4)]
    [0.463, 0.7, 0.788, 0.8]
    """
    return _schedule(end, rounds, start, lambda part: end + (start - end) * (1 - part) ** 3)


# Lots need seeds of their own: with that of the net they pick weights by their sign (lesson 04).
LOTS = 10_000

SCHEDULES = {"one-shot": one_shot, "linear": linear, "geometric": geometric, "cubic": cubic}


def _schedule(
    end: float, rounds: int, start: float, shape: Callable[[float], float]
) -> list[float]:
    check_sparsity(start)
    check_sparsity(end)
    if start > end:
        raise ValueError(f"start={start} is above end={end}: a schedule never un-prunes.")
    if isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 1:
        raise ValueError(f"rounds={rounds!r} is not a whole number, 1 or more.")
    steps = [float(shape(t / rounds)) for t in range(1, rounds)]
    return [*steps, float(end)]  # the last one exactly, whatever the arithmetic rounds to


@dataclass(frozen=True)
class Round:
    """One finished round.

    ``target``: the schedule's sparsity. ``sparsity``: the net's afterwards, over its prunable
    weights. ``before`` and ``accuracy``: on the validation part, in [0, 1], right after the pruning
    and after the fine-tuning. ``loss``: training loss of the last epoch (nats), NaN without one.
    """

    target: float
    sparsity: float
    before: float
    accuracy: float
    loss: float


@dataclass
class Rounds:
    """What :func:`iterate` did: the finished ``rounds``, and whether it was ``interrupted``."""

    rounds: list[Round] = field(default_factory=list)
    interrupted: bool = False

    def table(self) -> pd.DataFrame:
        """A row for each round, counted from 1."""
        columns = [entry.name for entry in fields(Round)]
        table = pd.DataFrame([asdict(row) for row in self.rounds], columns=columns)
        table.index = pd.RangeIndex(1, len(table) + 1, name="round")
        return table


def iterate(
    model: nn.Module,
    data: Digits,
    schedule: Sequence[float],
    epochs_per_round: int,
    *,
    method: str = "magnitude",
    scope: str = "global",
    lr: float = 0.05,
    batch_size: int = 64,
    seed: int = 0,
    after_prune: Callable[[nn.Module], None] | None = None,
    resume: Rounds | None = None,
) -> Rounds:
    """Prune to each value of ``schedule`` in turn and fine-tune after each, in place.

    Each round starts a fresh optimizer and trains ``epochs_per_round`` epochs with :func:`train`.
    ``method`` and ``scope`` are :func:`prune_model`'s. ``after_prune(model)`` is called after each
    pruning and before its training, for example to rewind the weights. A pruned weight never comes
    back: a net that is sparser than the
    schedule stays so.

    Stop it with the stop button: the model is then as it was after the last finished round, and
    ``iterate(…, resume=history)`` with the same arguments goes on from there and ends exactly as if
    it had never stopped. Raises ``ValueError`` for a schedule that is empty, falls or leaves
    [0, 1], before anything is changed.
    """
    _check_plan(schedule, resume)
    history = resume if resume is not None else Rounds()
    history.interrupted = False
    # One bar for all rounds: JupyterLab hides the outputs of a cell after the fiftieth, and each
    # bar is one.
    bar = progress_bar(range(len(history.rounds), len(schedule)), "pruning", "round")
    for number in bar:
        undo = _snapshot(model)
        draws = torch.Generator().manual_seed(LOTS + seed + number)
        try:
            prune_model(model, schedule[number], method, scope, generator=draws)
            if after_prune is not None:
                after_prune(model)
            before = evaluate(model, data.val)
            trained = train(
                model, data, epochs_per_round,
                lr=lr, batch_size=batch_size, seed=seed + number, silent=True,
            )  # fmt: skip
            if trained.interrupted:
                raise KeyboardInterrupt
        except BaseException as error:
            bar.close()
            _restore(model, undo)
            if not isinstance(error, KeyboardInterrupt):
                raise
            history.interrupted = True
            print(f"Round {number + 1} of {len(schedule)} is undone; resume=... starts it again.")
            break
        history.rounds.append(_finished(schedule[number], model, before, trained))
    bar.close()
    return history


def rewind(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put the numbers of an earlier plain ``state_dict`` back, in place; the masks stay on.

    Weights, biases and BatchNorm go back; what is pruned stays pruned. Keep the state with
    ``copy.deepcopy(model.state_dict())``, before the model is trained and masked. Raises
    ``ValueError`` for a state of another model, before anything is changed. Frankle and Carbin
    2019, The lottery ticket hypothesis.
    """
    own = model.state_dict()
    plain = {name: name.removesuffix("_orig") for name in own if not name.endswith("_mask")}
    shapes = {source: own[name].shape for name, source in plain.items()}
    if shapes != {name: value.shape for name, value in state.items()}:
        differing = sorted(
            name
            for name in shapes.keys() | state.keys()
            if name not in state or shapes.get(name) != state[name].shape
        )
        raise ValueError(
            f"The state does not belong to this model: {', '.join(differing[:4])} differ. Give "
            "the state_dict of the same model from before it was pruned."
        )
    own.update({name: state[source] for name, source in plain.items()})
    model.load_state_dict(own)
    refresh(model)


def _finished(target: float, model: nn.Module, before: float, trained: History) -> Round:
    loss = trained.loss[-1] if trained.loss else math.nan
    accuracy = trained.accuracy[-1] if trained.accuracy else before
    return Round(target, masks.sparsity(model), before, accuracy, loss)


def _snapshot(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def _restore(model: nn.Module, state: dict[str, Tensor]) -> None:
    """Back to ``state``, masks that were not on then included."""
    for name, layer in prunable(model).items():
        if f"{name}.weight" in state and hasattr(layer, "weight_mask"):
            prune.remove(layer, "weight")
    model.load_state_dict(state)
    refresh(model)


def _check_plan(schedule: Sequence[float], resume: Rounds | None) -> None:
    for value in schedule:
        check_sparsity(value)
    if not len(schedule) or list(schedule) != sorted(schedule):
        raise ValueError(
            f"schedule={list(schedule)} is empty or falls. It holds the total sparsity after each "
            "round, and what is pruned stays pruned."
        )
    done = [row.target for row in resume.rounds] if resume is not None else []
    if done != list(schedule[: len(done)]):
        raise ValueError(
            f"resume has finished rounds {done}, which are not the first of {list(schedule)}. "
            "Resume with the schedule it was started with."
        )
