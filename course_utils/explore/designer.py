"""The schedule designer: draw a schedule, then prune and fine-tune by it in the background."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import ipywidgets as widgets
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from torch import nn

from course_utils import plotting, pruning, schedules
from course_utils.data import Digits
from course_utils.explore.drawing import Film, headline
from course_utils.explore.explorer import LABELLED, Explorer, Seen, per_cent_slider, wrapped
from course_utils.schedules import Rounds

BATCH_SIZE = 64
DESIGN = ("shape", "start", "end", "rounds", "epochs")  # the controls that make the plan


@dataclass(frozen=True)
class Run:
    """What the last run was asked for: the ``name`` of its plan, its ``rounds``, and the
    ``epochs`` of each."""

    name: str
    rounds: int
    epochs: int


class Stopped(Exception):
    """Raised inside the training of a run that was asked to stop."""


def schedule_designer(model: nn.Module, data: Digits) -> "ScheduleDesigner":
    """Design a schedule and see its curve, its cuts and its epochs; run it on a copy of ``model``.

    Controls: ``shape`` ("one-shot", "linear", "geometric", "cubic"), ``start`` and ``end`` (%),
    ``rounds``, ``epochs`` (of each round), and the buttons ``run`` and ``stop``. Facts: ``plan``
    (the sparsity after each round), ``cuts`` (of what is left, in each round), ``epochs`` (in all)
    and ``rounds``, those finished by the last run. See :class:`ScheduleDesigner`.
    """
    return ScheduleDesigner(model, data)


class ScheduleDesigner(Explorer):
    """What :func:`schedule_designer` returns: an explorer that also runs its plan.

    ``run()`` and ``stop()`` are what the buttons do, ``wait()`` waits for the end of a run, and
    ``history`` holds its finished rounds, the same as ``schedules.iterate(copy, data, plan,
    epochs)`` gives. A run stops between two batches, and the round it was in does not count.
    """

    def __init__(self, model: nn.Module, data: Digits) -> None:
        self.history, self.failure = Rounds(), None
        self.progress = widgets.IntProgress(
            description="progress", style=LABELLED, tooltip="Batches trained of the whole run"
        )
        self._model, self._data = model, data
        self._thread, self._stop_asked = threading.Thread(), threading.Event()
        self._ran: Run | None = None
        controls, picture = _controls(), _Picture()
        rows = [
            wrapped([controls[name] for name in DESIGN]),
            wrapped([controls["run"], controls["stop"], self.progress]),
        ]
        super().__init__(controls, picture.film, partial(self._look_at, controls, picture), rows)
        controls["run"].on_click(lambda _: self.run())
        controls["stop"].on_click(lambda _: self.stop())

    def plan(self) -> list[float]:
        """The total sparsity after each round, as the controls stand."""
        return _plan(self.controls)

    def run(self) -> None:
        """Start the plan on a fresh copy of the model, in the background. One run at a time."""
        if self._thread.is_alive():
            return
        trial, plan = pruning.plain_copy(self._model), self.plan()
        self.history, self.failure = Rounds(), None
        shape, end = self.controls["shape"].value, self.controls["end"].value
        epochs = self.controls["epochs"].value
        self._ran = Run(f"{shape} to {end:g} %", len(plan), epochs)
        self._stop_asked.clear()
        self._set_running(True)
        arguments = (trial, plan, epochs, self.history)
        self._thread = threading.Thread(target=self._work, args=arguments, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask the run to end; it does before the next batch."""
        self._stop_asked.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the run has ended, at most ``seconds``; return whether it has."""
        if self._thread.is_alive():
            self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self, trial: nn.Module, plan: Sequence[float], epochs: int, history: Rounds) -> None:
        batches = -(-len(self._data.train[1]) // BATCH_SIZE)
        self.progress.value, self.progress.max = 0, len(plan) * epochs * batches
        trial.register_forward_pre_hook(_before_each_batch(self.progress, self._stop_asked))
        try:
            # One round more each time: the history carries on, and the picture grows with it.
            for rounds in range(1, len(plan) + 1):
                schedules.iterate(
                    trial, self._data, plan[:rounds], epochs, batch_size=BATCH_SIZE, resume=history
                )
                self.redraw()
            self.progress.value = self.progress.max
        except Stopped:
            history.interrupted = True
        except Exception as error:  # nobody would see it in a thread: say it in the numbers
            self.failure = f"The run ended with an error: {type(error).__name__}: {error}"
        finally:
            self._set_running(False)
            self.redraw()

    def _set_running(self, running: bool) -> None:
        for name in (*DESIGN, "run"):
            self.controls[name].disabled = running
        self.controls["stop"].disabled = not running

    def _look_at(self, controls: dict[str, widgets.Widget], picture: "_Picture") -> Seen:
        controls["end"].min = controls["start"].value  # a schedule never un-prunes
        plan, start = _plan(controls), controls["start"].value / 100
        rounds = list(self.history.rounds)
        facts = {
            "plan": plan, "cuts": _cuts(plan, start), "rounds": rounds,
            "epochs": controls["rounds"].value * controls["epochs"].value,
        }  # fmt: skip
        shape = controls["shape"].value
        picture.update(shape, start, facts, self._ran)
        seen = _describe(shape, start, facts)
        if rounds:
            seen.words.append(_last_round(rounds, self._ran.name, self.history.interrupted))
        return Seen(facts, seen.alt, [*seen.words, self.failure] if self.failure else seen.words)


def _before_each_batch(
    progress: widgets.IntProgress, stop_asked: threading.Event
) -> Callable[[nn.Module, tuple], None]:
    """A hook for the forward pass that counts the batches and ends a run that shall stop."""
    done = 0

    def hook(model: nn.Module, _: tuple) -> None:
        nonlocal done
        if stop_asked.is_set():
            raise Stopped
        if model.training:  # not while it is evaluated
            done += 1
            if done % 10 == 0:  # each step of the bar is a message to the page
                progress.value = done

    return hook


def _controls() -> dict[str, widgets.Widget]:
    def whole(label: str, value: int, high: int, tooltip: str) -> widgets.IntSlider:
        return widgets.IntSlider(
            value, min=1, max=high, description=label, tooltip=tooltip, style=LABELLED,
            layout={"width": "300px", "max_width": "100%"},
        )  # fmt: skip

    return {
        "shape": widgets.Dropdown(
            options=[*schedules.SCHEDULES], value="geometric", description="shape", style=LABELLED,
            layout={"width": "220px"}, tooltip="How the sparsity rises from round to round",
        ),
        "start": per_cent_slider(
            "start (%)", 0, "The sparsity before the first round", high=90, live=True
        ),
        "end": per_cent_slider("end (%)", 95, "The sparsity after the last round", high=99.5),
        "rounds": whole("rounds", 8, 20, "How often to prune and fine-tune"),
        "epochs": whole("epochs a round", 1, 10, "How long to fine-tune after each pruning"),
        "run": widgets.Button(
            description="Run", tooltip="Prune and fine-tune a copy of the model by this schedule"
        ),
        "stop": widgets.Button(
            description="Stop", disabled=True, tooltip="End the run before its next batch"
        ),
    }  # fmt: skip


def _plan(controls: dict[str, widgets.Widget]) -> list[float]:
    shape = schedules.SCHEDULES[controls["shape"].value]
    start, end = controls["start"].value / 100, controls["end"].value / 100
    return shape(end, controls["rounds"].value, start)


def _cuts(plan: Sequence[float], start: float) -> list[float]:
    """The part of what is left that each round takes away, in [0, 1]."""
    density = 1 - np.array([start, *plan])
    return (1 - density[1:] / density[:-1]).tolist()


def _describe(shape: str, start: float, facts: dict) -> Seen:
    plan, cuts = facts["plan"], facts["cuts"]
    alt = (
        f"A {shape} schedule from {100 * start:g} % to {100 * plan[-1]:g} % (rounds: {len(plan)}, "
        f"epochs: {facts['epochs']}): the first round cuts {100 * cuts[0]:.1f} % of what is left,"
        f" the last one {100 * cuts[-1]:.1f} %."
    )
    totals = ", ".join(f"{100 * total:.1f}" for total in plan)
    return Seen(facts, alt, [f"Total sparsity after each round (%): {totals}."])


def _last_round(rounds: Sequence[schedules.Round], ran: str, interrupted: bool) -> str:
    last = rounds[-1]
    return (
        f"Run{' (stopped)' if interrupted else ''}, {ran}: after round {len(rounds)} the sparsity "
        f"is {100 * last.sparsity:.1f} % and the validation accuracy "
        f"≈ {100 * last.accuracy:.1f} %, right after the pruning ≈ {100 * last.before:.1f} %."
    )


class _Picture:
    """Totals and cuts side by side, and the accuracy of the last run below them."""

    @plotting.course_style()
    def __init__(self) -> None:
        figure = Figure(figsize=(plotting.WIDTH, 5.0))
        left, right, below = figure.subplot_mosaic("AB;CC").values()
        (self._totals,) = left.plot([], [])
        (self._cuts,) = right.plot([], [])
        (self._trace,) = below.plot([], [], color=plotting.KEPT, lw=1.2)
        (self._before,) = below.plot([], [], "s", label="right after pruning", **_colour("raw"))
        (self._after,) = below.plot([], [], "o", label="fine-tuned", **_colour("fine-tuned"))
        left.set(xlabel="after round", ylabel="total sparsity (%)", ylim=(-3, 103))
        right.set(xlabel="round", ylabel="cut, of what is left (%)", ylim=(-3, 103))
        below.set(xlabel="epochs spent", ylabel="validation accuracy (%)", ylim=(0, 1.03))
        below.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=""))
        below.xaxis.set_major_locator(MaxNLocator(integer=True))
        self._run_title = below.set_title("No run yet")
        below.legend(loc="lower left")
        self._axes = left, right, below
        self._title = headline(figure)
        self._limits = None
        moving = [self._totals, self._cuts, self._trace, self._before, self._after]
        self.film = Film(figure, [*moving, self._run_title, self._title])

    def update(self, shape: str, start: float, facts: dict, ran: Run | None) -> None:
        """Draw the plan of ``facts`` and the finished rounds of the last run, if there was one."""
        plan = facts["plan"]
        self._totals.set_data(range(len(plan) + 1), [100 * start, *(100 * s for s in plan)])
        self._cuts.set_data(range(1, len(plan) + 1), [100 * cut for cut in facts["cuts"]])
        for line in (self._totals, self._cuts):
            line.set(**plotting.LOOKS[shape])
        self._title.set_text(
            f"{shape}: {100 * start:g} % → {100 * plan[-1]:g} %, rounds: {len(plan)}, "
            f"epochs: {facts['epochs']}"
        )
        self._draw_run(facts["rounds"], ran)
        self._set_limits(len(plan), facts["epochs"] if ran is None else ran.rounds * ran.epochs)

    def _draw_run(self, rounds: Sequence[schedules.Round], ran: Run | None) -> None:
        """A zigzag: each pruning drops the accuracy at once, the epochs after it bring it back."""
        each = 0 if ran is None else ran.epochs
        x = [each * number for number in range(len(rounds) + 1)]
        before, after = [row.before for row in rounds], [row.accuracy for row in rounds]
        self._before.set_data(x[:-1], before)
        self._after.set_data(x[1:], after)
        self._trace.set_data(np.repeat(x, 2)[1:-1], np.ravel([before, after], order="F"))
        title = "No run yet" if ran is None else f"{ran.name}: {len(rounds)} of {ran.rounds} rounds"
        self._run_title.set_text(title)

    def _set_limits(self, rounds: int, epochs: int) -> None:
        if self._limits == (rounds, epochs):  # set again, they would redraw the axes, too
            return
        self._limits = (rounds, epochs)
        left, right, below = self._axes
        left.set(xlim=(-0.3, rounds + 0.3), xticks=_ticks(0, rounds))
        right.set(xlim=(0.7, rounds + 0.3), xticks=_ticks(1, rounds))
        below.set_xlim(-0.02 * epochs, 1.02 * epochs)


def _colour(look: str) -> dict[str, str]:
    return {"color": plotting.LOOKS[look]["color"]}


def _ticks(first: int, last: int) -> range:
    return range(first, last + 1, 1 if last <= 10 else 5 if first == 0 else 2)
