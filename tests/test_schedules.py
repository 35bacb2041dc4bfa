"""Rising sparsities, and the loop that prunes and fine-tunes. Lesson 06."""

import copy
import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course_utils import data, masks, models, pruning, schedules, training
from course_utils.schedules import SCHEDULES, Rounds, cubic, geometric, iterate, linear, one_shot

each_shape = pytest.mark.parametrize("shape", SCHEDULES.values(), ids=SCHEDULES)


class TestShapes:
    def test_by_hand(self):
        assert one_shot(0.9) == [0.9]
        assert one_shot(0.9, 3) == [0.9, 0.9, 0.9]
        assert linear(0.8, 4) == pytest.approx([0.2, 0.4, 0.6, 0.8])
        assert geometric(0.875, 3) == pytest.approx([0.5, 0.75, 0.875])
        assert cubic(0.8, 2) == pytest.approx([0.7, 0.8])

    def test_the_schedule_of_the_source(self):
        ten_then_five = [0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50]
        assert linear(0.5, 9, start=0.05) == pytest.approx(ten_then_five)

    def test_geometric_removes_the_same_fraction_of_what_is_left(self):
        density = [1 - s for s in [0.3, *geometric(0.95, 5, start=0.3)]]
        ratios = [after / before for before, after in pairwise(density)]
        assert ratios == pytest.approx([ratios[0]] * 5)

    def test_geometric_undoes_compound(self):
        amount = masks.amount_per_round(0.9, 4)
        assert geometric(0.9, 4)[1] == pytest.approx(masks.compound([amount] * 2))

    @given(
        shape=st.sampled_from([*SCHEDULES.values()]),
        ends=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
        rounds=st.integers(1, 30),
    )
    def test_rises_from_start_to_exactly_end(self, shape, ends, rounds):
        start, end = ends
        values = shape(end, rounds, start)
        assert len(values) == rounds
        assert values[-1] == end
        assert all(a <= b for a, b in pairwise([start, *values]))

    @given(
        shape=st.sampled_from([*SCHEDULES.values()]),
        start=st.floats(0, 1),
        steps=st.integers(0, 3),
        rounds=st.integers(1, 30),
    )
    def test_never_falls_where_there_is_hardly_a_step(self, shape, start, steps, rounds):
        end = start
        for _ in range(steps):
            end = min(1.0, math.nextafter(end, 2))
        values = shape(end, rounds, start)
        assert values[-1] == end
        assert all(a <= b for a, b in pairwise([start, *values]))

    @each_shape
    @pytest.mark.parametrize("three", [np.int64(3), np.uint8(3), torch.tensor(3)])
    def test_takes_the_numbers_of_numpy_and_torch(self, shape, three):
        values = shape(np.float64(0.8), three, start=torch.tensor(0.25))
        assert values == shape(0.8, 3, start=0.25)
        assert all(type(value) is float for value in values)

    @each_shape
    def test_refuses_what_cannot_be(self, shape):
        with pytest.raises(ValueError, match=r"start=0\.9 is above end=0\.5"):
            shape(0.5, 3, start=0.9)
        for rounds in (0, -1, 2.0, True, np.True_, np.float64(2), torch.tensor(2.0), [2]):
            with pytest.raises(ValueError, match="1 or more"):
                shape(0.5, rounds)


PLAN = [0.3, 0.6, 0.9]


def zeros(model):
    return {name: ~mask for name, mask in pruning.masks_of(model).items()}


class TestIterate:
    def test_reaches_every_target(self, trained_model, few_digits):
        history = iterate(trained_model, few_digits, PLAN, 1)
        table = history.table()
        assert table["target"].tolist() == PLAN
        assert table["sparsity"].tolist() == pytest.approx(PLAN, abs=1e-5)
        assert masks.sparsity(trained_model) == table["sparsity"].iloc[-1]
        assert table.index.tolist() == [1, 2, 3]
        assert not history.interrupted

    def test_measures_before_and_after_on_the_validation_part(self, trained_model, few_digits):
        pruned = pruning.prune_model(copy.deepcopy(trained_model), 0.9)
        row = iterate(trained_model, few_digits, [0.9], 2).rounds[0]
        assert row.before == training.evaluate(pruned, few_digits.val)
        assert row.accuracy == training.evaluate(trained_model, few_digits.val)
        assert row.accuracy > row.before

    def test_without_epochs_nothing_is_learned(self, trained_model, few_digits):
        row = iterate(trained_model, few_digits, [0.9], 0).rounds[0]
        assert row.accuracy == row.before
        assert math.isnan(row.loss)

    @pytest.mark.parametrize("method", pruning.METHODS)
    @pytest.mark.parametrize("scope", pruning.SCOPES)
    def test_never_brings_a_weight_back(self, trained_model, few_digits, method, scope):
        seen = [zeros(trained_model)]
        iterate(
            trained_model, few_digits, PLAN, 1, method=method, scope=scope,
            after_prune=lambda model: seen.append(zeros(model)),
        )  # fmt: skip
        assert len(seen) == 4
        for earlier, later in pairwise(seen):
            assert all((later[name] | ~earlier[name]).all() for name in later)

    def test_shows_one_bar_for_all_rounds(self, trained_model, few_digits, monkeypatch):
        """JupyterLab hides the outputs of a cell after the fiftieth."""
        shown = []

        def noting(steps, **options):
            shown.append((options["unit"], len(steps), options["disable"]))
            return real(steps, **{**options, "disable": True})

        real = training.tqdm
        monkeypatch.delenv("TQDM_DISABLE")
        monkeypatch.setattr(training, "tqdm", noting)
        iterate(trained_model, few_digits, PLAN, 1)
        assert [bar for bar in shown if not bar[2]] == [("round", 3, False)]

    def test_a_sparser_net_stays_sparse(self, trained_model, few_digits):
        pruning.prune_model(trained_model, 0.8)
        history = iterate(trained_model, few_digits, [0.5, 0.9], 0)
        assert history.table()["sparsity"].tolist() == pytest.approx([0.8, 0.9], abs=1e-5)

    def test_is_prune_and_train_by_hand(self, trained_model, few_digits):
        by_hand = copy.deepcopy(trained_model)
        iterate(trained_model, few_digits, [0.5, 0.8], 1, seed=7)
        for number, target in enumerate([0.5, 0.8]):
            pruning.prune_model(by_hand, target)
            training.train(by_hand, few_digits, epochs=1, seed=7 + number)
        assert all(
            a.equal(b)
            for a, b in zip(trained_model.parameters(), by_hand.parameters(), strict=True)
        )

    @pytest.mark.parametrize("plan", [[], [0.5, 0.3]])
    def test_refuses_a_schedule_that_is_none(self, trained_model, plan, state_of, same_state):
        before = state_of(trained_model)
        with pytest.raises(ValueError, match="is empty or falls"):
            iterate(trained_model, None, plan, 1)
        assert same_state(before, state_of(trained_model))

    @pytest.mark.parametrize("epochs", [-1, 1.5, True])
    def test_refuses_epochs_that_are_none(
        self, trained_model, few_digits, epochs, state_of, same_state
    ):
        before = state_of(trained_model)
        with pytest.raises(ValueError, match="epochs="):
            iterate(trained_model, few_digits, [0.5], epochs)
        assert same_state(before, state_of(trained_model))

    @pytest.mark.parametrize("kind", [tuple, np.array, torch.tensor, lambda p: iter(p)])
    def test_takes_a_schedule_of_any_kind(self, trained_model, few_digits, kind):
        history = iterate(
            trained_model, few_digits, kind([0.25, 0.5]), np.int64(0), seed=np.int64(1)
        )
        assert [row.target for row in history.rounds] == [0.25, 0.5]

    @each_shape
    def test_takes_what_each_shape_makes(self, trained_model, few_digits, shape):
        iterate(trained_model, few_digits, shape(0.2, 4, start=0.2), 0)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("method", "best"), ("scope", "some"), ("lr", 0), ("batch_size", 0), ("seed", 0.5)],
    )
    def test_refuses_other_arguments_before_anything(
        self, trained_model, few_digits, name, value, state_of, same_state
    ):
        before = state_of(trained_model)
        with pytest.raises(ValueError, match=f"{name}="):
            iterate(trained_model, few_digits, [0.5], 1, **{name: value})
        assert same_state(before, state_of(trained_model))


def stop_in_round(number):
    """A callback that presses the stop button in one round, and then counts on."""
    calls = []

    def press(model):
        calls.append(number)
        if len(calls) == number:
            raise KeyboardInterrupt

    return press


class TestStopButton:
    @pytest.mark.parametrize("number", [1, 2, 3])
    def test_goes_on_as_if_it_had_never_stopped(self, trained_model, few_digits, number, capsys):
        stopped = copy.deepcopy(trained_model)
        whole = iterate(trained_model, few_digits, PLAN, 1)
        history = iterate(stopped, few_digits, PLAN, 1, after_prune=stop_in_round(number))
        assert history.interrupted
        assert len(history.rounds) == number - 1
        assert f"Round {number} of 3 is undone" in capsys.readouterr().out
        again = iterate(stopped, few_digits, PLAN, 1, resume=history)
        assert not again.interrupted
        assert again.table().equals(whole.table())
        for name, value in trained_model.state_dict().items():
            assert stopped.state_dict()[name].equal(value)

    def test_in_the_middle_of_an_epoch_undoes_the_round(
        self, trained_model, few_digits, monkeypatch, state_of, same_state, capsys
    ):
        before = state_of(trained_model)
        real, calls = torch.nn.functional.cross_entropy, []

        def interrupted(*arguments):
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return real(*arguments)

        monkeypatch.setattr(torch.nn.functional, "cross_entropy", interrupted)
        history = iterate(trained_model, few_digits, PLAN, 1)
        assert history.interrupted
        assert history.rounds == []
        assert same_state(before, state_of(trained_model))

    def test_an_error_undoes_the_round_and_is_raised(
        self, trained_model, few_digits, state_of, same_state
    ):
        before = state_of(trained_model)

        def fails(model):
            raise RuntimeError("inside")

        with pytest.raises(RuntimeError, match="inside"):
            iterate(trained_model, few_digits, PLAN, 1, after_prune=fails)
        assert same_state(before, state_of(trained_model))

    def test_refuses_the_history_of_another_schedule(self, trained_model, few_digits):
        history = iterate(trained_model, few_digits, [0.2], 0)
        with pytest.raises(ValueError, match="not the first of"):
            iterate(trained_model, few_digits, PLAN, 0, resume=history)

    @pytest.mark.parametrize("error", [RuntimeError("inside"), MemoryError(), SystemExit()])
    def test_an_error_keeps_the_finished_rounds(self, trained_model, few_digits, error):
        stopped, calls = copy.deepcopy(trained_model), []

        def fails(model):
            calls.append(1)
            if len(calls) == 2:
                raise error

        whole = iterate(trained_model, few_digits, PLAN, 1)
        with pytest.raises(type(error)) as raised:
            iterate(stopped, few_digits, PLAN, 1, after_prune=fails)
        assert "Round 2 of 3 is undone" in raised.value.__notes__[0]
        assert len(raised.value.history.rounds) == 1
        again = iterate(stopped, few_digits, PLAN, 1, resume=raised.value.history)
        assert again.table().equals(whole.table())
        for name, value in trained_model.state_dict().items():
            assert stopped.state_dict()[name].equal(value)

    def test_undoes_a_round_of_a_layer_alone(self, few_digits):
        """Its weight is called "weight", without a name before it."""
        layer, split = nn.Linear(784, 10), few_digits.val
        flat = data.Digits("flat", *[(split[0].flatten(1), split[1])] * 3)
        before = sorted(layer.state_dict())
        iterate(layer, flat, PLAN, 1, after_prune=stop_in_round(1))
        assert sorted(layer.state_dict()) == before

    def test_undoes_masks_that_a_callback_took_off(self, trained_model, few_digits):
        pruning.prune_model(trained_model, 0.5)
        keep = pruning.masks_of(trained_model)

        def fails(model):
            pruning.make_permanent(model)
            raise RuntimeError

        with pytest.raises(RuntimeError):
            iterate(trained_model, few_digits, PLAN, 1, after_prune=fails)
        assert all(mask.equal(keep[n]) for n, mask in pruning.masks_of(trained_model).items())

    @pytest.mark.parametrize("method", pruning.METHODS)
    def test_refuses_the_history_of_another_net(self, trained_model, few_digits, method):
        history = iterate(trained_model, few_digits, [0.5], 0, method=method)
        dense, other = models.LeNet300(), models.LeNet300()
        iterate(other, few_digits, [0.5], 0, method=method)
        for model in (dense, other):
            with pytest.raises(ValueError, match="not as it was after round 1"):
                iterate(model, few_digits, [0.5, 0.8], 0, method=method, resume=history)
        loaded = pruning.plain_copy(other)
        loaded.load_state_dict(trained_model.state_dict())
        iterate(loaded, few_digits, [0.5, 0.8], 0, method=method, resume=history)

    @pytest.mark.parametrize(
        "other", [{"seed": 1}, {"lr": 0.1}, {"method": "random"}, {"batch_size": 7}]
    )
    def test_refuses_the_history_of_other_arguments(self, trained_model, few_digits, other):
        history = iterate(trained_model, few_digits, [0.5], 0)
        (name,) = other
        with pytest.raises(ValueError, match=f"resume was started with {name}="):
            iterate(trained_model, few_digits, [0.5, 0.8], 0, resume=history, **other)
        with pytest.raises(ValueError, match="epochs_per_round=0"):
            iterate(trained_model, few_digits, [0.5, 0.8], 1, resume=history)

    def test_an_empty_history_has_an_empty_table(self):
        assert Rounds().table().columns.tolist() == [
            "target",
            "sparsity",
            "before",
            "accuracy",
            "loss",
        ]
        assert len(Rounds().table()) == 0


class TestRewind:
    def test_kept_weights_go_back_and_pruned_ones_stay_pruned(self, few_digits):
        model = models.LeNet300()
        initial = copy.deepcopy(model.state_dict())
        training.train(model, few_digits, epochs=1)
        pruning.prune_model(model, 0.8)
        keep = pruning.masks_of(model)
        schedules.rewind(model, initial)
        assert model.fc1.weight.equal(initial["fc1.weight"] * keep["fc1"])
        assert model.fc1.bias.equal(initial["fc1.bias"])
        assert pruning.masks_of(model)["fc1"].equal(keep["fc1"])

    def test_batchnorm_goes_back_too(self, few_digits):
        model = models.ConvNet((4,))
        initial = copy.deepcopy(model.state_dict())
        training.train(model, few_digits, epochs=1)
        schedules.rewind(model, initial)
        assert all(initial[name].equal(value) for name, value in model.state_dict().items())

    def test_in_every_round_of_a_lottery(self, few_digits):
        model = models.LeNet300()
        initial = copy.deepcopy(model.state_dict())
        history = iterate(
            model, few_digits, [0.5, 0.75], 1,
            after_prune=lambda net: schedules.rewind(net, initial),
        )  # fmt: skip
        fresh = models.LeNet300()
        fresh.load_state_dict(initial)
        pruning.apply_masks(fresh, pruning.masks_of(model))
        training.train(fresh, few_digits, epochs=1, seed=1)
        assert training.evaluate(fresh, few_digits.val) == history.rounds[-1].accuracy

    def test_refuses_the_state_of_another_model(self, trained_model, state_of, same_state):
        before = state_of(trained_model)
        with pytest.raises(ValueError, match="does not belong to this model: blocks"):
            schedules.rewind(trained_model, models.ConvNet((4,)).state_dict())
        assert same_state(before, state_of(trained_model))
        other = {**trained_model.state_dict(), "fc2.bias": torch.zeros(7)}
        with pytest.raises(ValueError, match=r"this model: fc2\.bias differ\. Give"):
            schedules.rewind(trained_model, other)
