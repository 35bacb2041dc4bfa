"""Prune in rounds: how the sparsity rises, and the loop that prunes and fine-tunes. Lesson 06.

A schedule is the list of cumulative sparsities after each round. ``start`` is the sparsity before
the first round, 0 for a dense net. ``linear(0.5, 9, start=0.05)`` begins at 10 % and adds 5 points
a round up to 50 %.
"""

import copy
import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from course_utils import masks
from course_utils._checks import check_choice, check_sparsity, check_whole
from course_utils.data import Digits
from course_utils.layers import (
    masked_parameters,
    modes_kept,
    refresh,
)
from course_utils.pruning import METHODS, SCOPES, check_prunable, prune_model
from course_utils.training import (
    History,
    check_lr,
    check_plan,
    evaluate,
    progress_bar,
    train,
)

if TYPE_CHECKING:
    import pandas as pd


def one_shot(end: float, rounds: int = 1, start: float = 0.0) -> list[float]:
    """Everything in the first round; the rounds after it only train: [end, end, …].

    With as many rounds as another schedule it gets the same number of epochs.

    >>> one_shot(0.9, 3)
    [0.9, 0.9, 0.9]
    """
    return _schedule(end, rounds, start, lambda start, end, part: end)


def linear(end: float, rounds: int, start: float = 0.0) -> list[float]:
    """Equal steps of the total: start + (end − start) · t/k after round t of k.

    >>> [round(s, 2) for s in linear(0.8, 4)]
    [0.2, 0.4, 0.6, 0.8]
    """
    return _schedule(end, rounds, start, lambda start, end, part: start + (end - start) * part)


def geometric(end: float, rounds: int, start: float = 0.0) -> list[float]:
    """The same fraction of what is left, each round: 1 − (1 − start)^(1 − t/k) · (1 − end)^(t/k).

    Han et al. 2015; Frankle and Carbin 2019.

    >>> [round(s, 3) for s in geometric(0.488, 3)]
    [0.2, 0.36, 0.488]
    """

    def shape(start: float, end: float, part: float) -> float:
        return 1 - (1 - start) ** (1 - part) * (1 - end) ** part

    return _schedule(end, rounds, start, shape)


def cubic(end: float, rounds: int, start: float = 0.0) -> list[float]:
    """Large steps first, small ones last: end + (start − end) · (1 − t/k)³.

    Zhu and Gupta 2018, To prune, or not to prune.

    >>> [round(s, 3) for s in cubic(0.8, 4)]
    [0.463, 0.7, 0.788, 0.8]
    """
    return _schedule(
        end, rounds, start, lambda start, end, part: end + (start - end) * (1 - part) ** 3
    )


# Lots need seeds of their own: with that of the net they pick weights by their sign (lesson 04).
LOTS = 10_000

SCHEDULES = {"one-shot": one_shot, "linear": linear, "geometric": geometric, "cubic": cubic}


def _schedule(
    end: float, rounds: int, start: float, shape: Callable[[float, float, float], float]
) -> list[float]:
    start, end = check_sparsity(start), check_sparsity(end)
    if start > end:
        raise ValueError(f"start={start} is above end={end}: a schedule never un-prunes.")
    rounds = check_whole("rounds", rounds, least=1)
    steps = [start]
    for t in range(1, rounds):
        # Where a step is small, rounding could make it fall, or go beyond the end.
        steps.append(min(end, max(steps[-1], shape(start, end, t / rounds))))
    return [*steps[1:], end]


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
    """What :func:`iterate` did: the finished ``rounds``, and whether it was ``interrupted``.

    ``settings`` and ``net`` let it go on only where it stopped: the arguments it was started with,
    and a digest of the net after the last finished round.
    """

    rounds: list[Round] = field(default_factory=list)
    interrupted: bool = False
    settings: dict[str, object] = field(default_factory=dict)
    net: str = ""

    def table(self) -> "pd.DataFrame":
        """A row for each round, counted from 1."""
        import pandas as pd  # slow to import

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
    back: a net that is sparser than the schedule stays so. What is frozen stays frozen, as in
    :func:`train`, in all rounds.

    Stop it with the stop button: the model is then as it was after the last finished round, and
    ``iterate(…, resume=history)`` with the same arguments goes on from there and ends exactly as if
    it had never stopped. An error in a round undoes that round, too, and carries the history of the
    finished ones as ``error.history`` (in a notebook: ``sys.last_value.history``). Raises
    ``ValueError``, before anything is changed, for a schedule that is empty, falls or leaves
    [0, 1], other arguments out of range, and a ``resume`` of another net or other arguments.
    """
    schedule = _checked_schedule(schedule)
    epochs_per_round, batch_size, seed = check_plan(epochs_per_round, batch_size, seed)
    check_choice("method", method, METHODS)
    check_choice("scope", scope, SCOPES)
    check_prunable(model)
    settings = {
        "epochs_per_round": epochs_per_round, "method": method, "scope": scope,
        "lr": check_lr(lr), "batch_size": batch_size, "seed": seed,
    }  # fmt: skip
    history = _started(model, schedule, settings, resume)
    # One bar for all rounds: JupyterLab hides the outputs of a cell after the fiftieth, and each
    # bar is one.
    bar = progress_bar(range(len(history.rounds), len(schedule)), "pruning", "round")
    for number in bar:
        undo = _snapshot(model)
        draws = torch.Generator().manual_seed(LOTS + seed + number)
        try:
            with modes_kept(model):  # train ends in eval mode, and would forget what is frozen
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
            undone = f"Round {number + 1} of {len(schedule)} is undone"
            if not isinstance(error, KeyboardInterrupt):
                error.history = history
                error.add_note(f"{undone}. resume=sys.last_value.history starts it again.")
                raise
            history.interrupted = True
            print(f"{undone}; resume=... starts it again.")
            break
        history.rounds.append(_finished(schedule[number], model, before, trained))
        history.net = _digest(model)
    bar.close()
    model.eval()
    return history


def rewind(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put the numbers of an earlier plain ``state_dict`` back, in place; the masks stay on.

    Weights, biases and BatchNorm go back; what is pruned stays pruned. Keep the state with
    ``copy.deepcopy(model.state_dict())``, before the model is trained and masked. Raises
    ``ValueError`` for a state of another model, before anything is changed. Frankle and Carbin
    2019, The lottery ticket hypothesis.
    """
    own = model.state_dict()
    originals, mask_names = _names_of_masks(model)
    plain = {name: originals.get(name, name) for name in own if name not in mask_names}
    shapes = {source: _shape(own[name]) for name, source in plain.items()}
    if shapes != {name: _shape(value) for name, value in state.items()}:
        differing = sorted(
            name
            for name in shapes.keys() | state.keys()
            if name not in state or shapes.get(name, ()) != _shape(state[name])
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


def _names_of_masks(model: nn.Module) -> tuple[dict[str, str], set[str]]:
    """Names in ``state_dict``: each masked original → its plain name, and those of the masks."""
    masked = masked_parameters(model)
    names = [
        f"{path}.{name}".removeprefix(".")
        for path, module in model.named_modules(remove_duplicate=False)
        for owner, name in masked
        if owner is module
    ]
    return {f"{name}_orig": name for name in names}, {f"{name}_mask" for name in names}


def _shape(value: object) -> torch.Size | None:
    return getattr(value, "shape", None)  # a module may keep more than tensors in its state


def _snapshot(model: nn.Module) -> tuple[list, dict]:
    """What is masked, and all numbers."""
    return masked_parameters(model), copy.deepcopy(model.state_dict())


def _restore(model: nn.Module, undo: tuple[list, dict]) -> None:
    """Back to ``undo``, masks that were not on then included."""
    masked, state = undo
    for module, name in masked_parameters(model):
        if (module, name) not in masked:
            prune.remove(module, name)
    for module, name in masked:
        if (module, name) not in masked_parameters(model):
            prune.identity(module, name)
    model.load_state_dict(state)
    refresh(model)


def _digest(model: nn.Module) -> str:
    """Changes with any number of the net, and with nothing else."""
    digest = hashlib.sha256()
    for value in model.state_dict().values():
        if isinstance(value, Tensor):
            digest.update(value.detach().cpu().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _checked_schedule(schedule: Sequence[float]) -> list[float]:
    if not isinstance(schedule, Iterable):
        raise TypeError(
            f"schedule must be a list, the total sparsity after each round; got {schedule!r}."
        )
    values = [check_sparsity(value) for value in schedule]
    if not values or values != sorted(values):
        raise ValueError(
            f"schedule={values} is empty or falls. It holds the total sparsity after each "
            "round, and what is pruned stays pruned."
        )
    return values


def _started(
    model: nn.Module, schedule: list[float], settings: dict, resume: Rounds | None
) -> Rounds:
    """The history to go on with, or ``ValueError`` where it would not go on as it began."""
    history = resume if resume is not None else Rounds()
    done = [row.target for row in history.rounds]
    if done != schedule[: len(done)]:
        raise ValueError(
            f"resume has finished rounds {done}, which are not the first of {schedule}. "
            "Resume with the schedule it was started with."
        )
    other = [name for name, value in settings.items() if history.settings.get(name) != value]
    if done and other:
        began = ", ".join(f"{name}={history.settings.get(name)!r}" for name in other)
        raise ValueError(
            f"resume was started with {began}. Resume with the arguments it was started with."
        )
    if done and history.net != _digest(model):
        raise ValueError(
            f"The model is not as it was after round {len(done)} of resume. Resume with the net "
            "that this history belongs to, or start without resume."
        )
    history.interrupted, history.settings = False, settings
    return history
