"""One loop for the whole course: it learns, repeats, stops when asked, and keeps zeros zero."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from course_utils import schedules, scores, training
from course_utils.data import Digits
from course_utils.models import ConvNet, LeNet300
from course_utils.pruning import make_permanent, prune_model, weights
from course_utils.surgery import remove_filters
from course_utils.training import evaluate, seed_everything, train


def small_net(seed: int = 0) -> nn.Module:
    seed_everything(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10))


def numbers(model: nn.Module) -> torch.Tensor:
    return torch.cat([value.flatten() for value in model.state_dict().values()])


class TestLearning:
    def test_three_epochs_on_500_digits_beat_chance_by_far(self, trained_model, digits):
        chance = 0.1
        assert evaluate(LeNet300(), digits.test) < 2.5 * chance
        assert evaluate(trained_model, digits.test) > 5 * chance

    def test_a_convnet_learns_too(self, few_digits):
        history = train(ConvNet((8, 8)), few_digits, epochs=2)
        assert history.accuracy[-1] > 0.5

    def test_history_has_an_entry_for_each_epoch(self, few_digits):
        model = small_net()
        history = train(model, few_digits, epochs=3)
        assert len(history.loss) == len(history.accuracy) == history.epochs == 3
        assert not history.interrupted
        assert history.loss[2] < history.loss[0]
        assert history.accuracy[2] == evaluate(model, few_digits.val)

    def test_loss_is_the_mean_over_pictures_also_when_the_last_batch_is_short(self, few_digits):
        """Without learning, the loss does not depend on how the pictures are batched."""
        losses = []
        for batch_size in (500, 64, 499):
            model = small_net()
            still = torch.optim.SGD(model.parameters(), lr=0.0)
            history = train(model, few_digits, 1, batch_size=batch_size, optimizer=still)
            losses += history.loss
        assert losses == pytest.approx([losses[0]] * 3, rel=1e-4)
        assert losses[0] == pytest.approx(2.3, abs=0.3)  # ln 10: the loss of a guess

    def test_no_epochs_change_nothing(self, few_digits, state_of, same_state):
        model = small_net()
        before = state_of(model)
        history = train(model, few_digits, epochs=0)
        assert history.epochs == 0
        assert same_state(before, state_of(model))

    def test_never_looks_at_the_test_part(self, few_digits):
        without = Digits("no test part", few_digits.train, few_digits.val, None)
        assert train(small_net(), without, epochs=1).epochs == 1

    def test_batch_size_decides_the_number_of_steps(self, few_digits):
        steps = []
        train(small_net(), few_digits, 2, batch_size=200, after_step=steps.append)
        assert len(steps) == 2 * 3  # 200 + 200 + 100

    def test_leaves_the_model_ready_to_be_used(self, few_digits):
        assert not train_and_return(small_net(), few_digits).training

    def test_the_optimizer_of_the_caller_is_used(self, few_digits, state_of, same_state):
        model = small_net()
        before = state_of(model)
        last_layer_only = torch.optim.SGD(model[3].parameters(), lr=0.1)
        train(model, few_digits, 1, optimizer=last_layer_only)
        after = state_of(model)
        changed = {name for name in before if not torch.equal(before[name], after[name])}
        assert changed == {"3.weight", "3.bias"}


def train_and_return(model: nn.Module, digits: Digits, **arguments) -> nn.Module:
    train(model, digits, epochs=1, **arguments)
    return model


class TestSeed:
    def test_same_seed_same_weights_bit_for_bit(self, few_digits):
        one, same = (train_and_return(small_net(), few_digits, seed=1) for _ in range(2))
        assert torch.equal(numbers(one), numbers(same))

    def test_another_order_of_batches_or_another_start_gives_others(self, few_digits):
        one = train_and_return(small_net(0), few_digits, seed=1)
        other_order = train_and_return(small_net(0), few_digits, seed=2)
        other_start = train_and_return(small_net(1), few_digits, seed=1)
        assert not torch.equal(numbers(one), numbers(other_order))
        assert not torch.equal(numbers(one), numbers(other_start))

    def test_the_order_does_not_depend_on_random_numbers_drawn_before(self, few_digits):
        one = train_and_return(small_net(), few_digits)
        model = small_net()
        torch.rand(7)
        assert torch.equal(numbers(one), numbers(train_and_return(model, few_digits)))

    def test_seeds_all_three_generators(self):
        import random

        drawn = []
        for seed in (3, 3, 4):
            seed_everything(seed)
            drawn.append((random.random(), np.random.rand(), torch.rand(1).item()))
        assert drawn[0] == drawn[1]
        assert all(one != other for one, other in zip(drawn[0], drawn[2], strict=True))


class FakeBar:
    """Stands in for tqdm: counts the epochs and keeps what it is told."""

    def __init__(self, epochs, **options):
        self.epochs, self.options = epochs, options
        self.said, self.finished, self.closed = [], 0, False

    def __iter__(self):
        for epoch in self.epochs:
            yield epoch
            self.finished += 1

    def set_postfix(self, **values):
        self.said.append(values)

    def close(self):
        self.closed = True


class TestProgressBar:
    @pytest.fixture
    def bars(self, monkeypatch) -> list[FakeBar]:
        made = []

        def make(*arguments, **options):
            made.append(FakeBar(*arguments, **options))
            return made[-1]

        monkeypatch.setattr(training, "tqdm", make)
        return made

    def test_shows_loss_and_accuracy_of_each_epoch(self, bars, few_digits):
        history = train(small_net(), few_digits, epochs=2)
        (bar,) = bars
        assert len(bar.epochs) == bar.finished == 2
        assert bar.options["unit"] == "epoch"
        assert bar.said == [
            {"loss": f"{loss:.3f}", "accuracy": f"{accuracy:.1%}"}
            for loss, accuracy in zip(history.loss, history.accuracy, strict=True)
        ]
        assert bar.closed

    @pytest.mark.parametrize(("value", "silent"), [("1", True), (None, False)])
    def test_is_silent_only_where_it_is_told_to(self, bars, few_digits, monkeypatch, value, silent):
        if value is None:
            monkeypatch.delenv("TQDM_DISABLE")
        train(small_net(), few_digits, epochs=0)
        assert bars[0].options["disable"] is silent

    def test_is_closed_when_the_loop_fails(self, bars, few_digits):
        def fail(_):
            raise ZeroDivisionError

        model = small_net()
        with pytest.raises(ZeroDivisionError):
            train(model, few_digits, epochs=1, after_step=fail)
        assert bars[0].closed
        assert not model.training


class TestStopButton:
    def stop_at(self, last_step: int):
        steps = []

        def after_step(model):
            steps.append(model)
            if len(steps) == last_step:
                raise KeyboardInterrupt

        return after_step

    def test_returns_what_was_reached(self, few_digits, capsys):
        model, before = small_net(), numbers(small_net())
        history = train(model, few_digits, 5, batch_size=100, after_step=self.stop_at(12))
        assert history.interrupted
        assert history.epochs == len(history.loss) == len(history.accuracy) == 2
        assert capsys.readouterr().out == (
            "Stopped after 2 of 5 epochs. The model keeps what it learned.\n"
        )
        assert not torch.equal(numbers(model), before)
        assert not model.training
        assert evaluate(model, few_digits.val) > 0.2

    def test_training_goes_on_afterwards(self, few_digits):
        model = small_net()
        train(model, few_digits, 5, after_step=self.stop_at(3))
        history = train(model, few_digits, epochs=2)
        assert history.epochs == 2
        assert not history.interrupted

    def test_a_pruned_model_stays_pruned(self, few_digits):
        model = prune_model(small_net(), 0.5)
        train(model, few_digits, 5, after_step=self.stop_at(3))
        assert sum(int((w == 0).sum()) for w in weights(model).values()) == round(0.5 * 12_704)


class TestFineTuning:
    """Pruned weights stay at zero while the mask is on, whatever the optimizer does."""

    optimizers = pytest.mark.parametrize(
        "optimizer",
        [
            lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, weight_decay=1e-2),
            lambda p: torch.optim.Adam(p, lr=1e-2),
            lambda p: torch.optim.AdamW(p, lr=1e-2, weight_decay=1e-1),
        ],
        ids=["SGD with momentum and weight decay", "Adam", "AdamW"],
    )

    @optimizers
    @pytest.mark.parametrize("scope", ["global", "layer"])
    def test_zeros_stay_and_the_others_learn(self, few_digits, optimizer, scope):
        model = small_net()
        # Momentum that was gathered before pruning would carry a pruned weight away from zero.
        gathered = optimizer(model.parameters())
        train(model, few_digits, 1, optimizer=gathered)
        prune_model(model, 0.8, scope=scope)
        before = {name: weight.clone() for name, weight in weights(model).items()}
        train(model, few_digits, 2, optimizer=gathered)
        for name, weight in weights(model).items():
            assert torch.equal(weight == 0, before[name] == 0)
            assert not torch.equal(weight, before[name])

    @optimizers
    def test_zeros_come_back_once_the_masks_are_off(self, few_digits, optimizer):
        model = make_permanent(prune_model(train_and_return(small_net(), few_digits), 0.8))
        zeros = sum(int((weight == 0).sum()) for weight in weights(model).values())
        train(model, few_digits, 1, optimizer=optimizer(model.parameters()))
        left = sum(int((weight == 0).sum()) for weight in weights(model).values())
        assert left < zeros

    def test_after_step_can_hold_them_instead(self, few_digits):
        model = make_permanent(prune_model(small_net(), 0.8))
        zeros = {name: weight == 0 for name, weight in weights(model).items()}

        @torch.no_grad()
        def hold(model):
            model[1].weight[zeros["1"]] = 0
            model[3].weight[zeros["3"]] = 0

        train(model, few_digits, 1, after_step=hold)
        for name, weight in weights(model).items():
            assert torch.equal(weight == 0, zeros[name])

    def test_recovers_what_pruning_took(self, trained_model, few_digits):
        prune_model(trained_model, 0.95)
        before = evaluate(trained_model, few_digits.val)
        train(trained_model, few_digits, epochs=2)
        assert evaluate(trained_model, few_digits.val) > before


class TestOptimizer:
    def test_of_the_net_before_surgery_is_refused(self, few_digits, state_of, same_state):
        model = LeNet300()
        old = torch.optim.SGD(model.parameters(), lr=0.05)
        small = remove_filters(model, {"fc1": torch.arange(300) < 100})
        before = state_of(small)
        with pytest.raises(ValueError, match=r"optimizer holds none .* after remove_filters"):
            train(small, few_digits, 1, optimizer=old)
        assert same_state(before, state_of(small))
        assert small.training

    def test_made_before_a_layer_was_replaced_is_refused(self, few_digits):
        model = small_net()
        old = torch.optim.SGD(model.parameters(), lr=0.05)
        model[3] = nn.Linear(16, 10)
        with pytest.raises(ValueError, match=r"misses 3\.weight, 3\.bias"):
            train(model, few_digits, 1, optimizer=old)
        model[3].requires_grad_(False)
        train(model, few_digits, 1, optimizer=old)

    def test_made_before_the_masks_trains_on(self, few_digits):
        model = small_net()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
        before = numbers(prune_model(model, 0.5))
        train(model, few_digits, 1, optimizer=optimizer)
        assert not torch.equal(before, numbers(model))

    def test_may_hold_a_part_or_more(self, few_digits):
        model = small_net()
        head, more = model[3].parameters(), [*model.parameters(), torch.zeros(1).requires_grad_()]
        for held in (head, more):
            train(model, few_digits, 1, optimizer=torch.optim.SGD(held, lr=0.05))

    @pytest.mark.parametrize("lr", [0.0, -1, None])
    def test_has_its_own_learning_rate(self, few_digits, lr):
        model = small_net()
        train(model, few_digits, 1, lr=lr, optimizer=torch.optim.Adam(model.parameters()))

    def test_a_net_that_is_all_frozen_is_refused(self, few_digits):
        model = small_net().requires_grad_(False)
        with pytest.raises(ValueError, match="all are frozen"):
            train(model, few_digits, 1)
        train(model, few_digits, 0)


class TestNumbers:
    @pytest.mark.parametrize("one", [np.int64(1), np.uint8(1), torch.tensor(1)])
    def test_of_numpy_and_torch(self, few_digits, one):
        model, same = small_net(), small_net()
        train(model, few_digits, one, batch_size=100 * one, seed=one, lr=np.float64(0.05))
        train(same, few_digits, 1, batch_size=100, seed=1)
        assert torch.equal(numbers(model), numbers(same))
        seed_everything(one)

    @pytest.mark.parametrize("seed", [-1, 1.5, True, "1"])
    def test_a_seed_that_is_none(self, few_digits, seed):
        state = torch.get_rng_state()
        with pytest.raises(ValueError, match="seed="):
            seed_everything(seed)
        assert torch.equal(state, torch.get_rng_state())


class TestBadBatches:
    def test_a_single_image_left_over_joins_the_last_batch(self, few_digits):
        x, y = few_digits.train
        digits = Digits("33", (x[:33], y[:33]), few_digits.val, None)
        net = nn.Sequential(
            nn.Flatten(), nn.Linear(784, 8), nn.BatchNorm1d(8), nn.Linear(8, 10)
        )  # fmt: skip
        steps = []
        train(net, digits, 1, batch_size=16, after_step=steps.append)
        assert len(steps) == 2
        training.recalibrate(net, digits.train, batch_size=16)
        assert net[2].num_batches_tracked == 2
        train(net, digits, 1, batch_size=64, after_step=steps.append)
        assert len(steps) == 3
        with pytest.raises(ValueError, match="batch_size of 2 or more"):
            train(net, digits, 1, batch_size=1)
        train(small_net(), digits, 1, batch_size=1, after_step=steps.append)
        assert len(steps) == 3 + 33

    @pytest.mark.parametrize("part", ["train", "val"])
    def test_an_empty_split_is_refused(self, few_digits, part, state_of, same_state):
        nothing = (torch.zeros(0, 1, 28, 28), torch.zeros(0).long())
        model = small_net()
        before = state_of(model)
        with pytest.raises(ValueError, match="is empty"):
            train(model, replace(few_digits, **{part: nothing}), 1)
        for call in (evaluate, lambda net, split: training.recalibrate(ConvNet((2,)), split)):
            with pytest.raises(ValueError, match="is empty"):
                call(model, nothing)
        assert same_state(before, state_of(model))

    def test_a_loss_that_is_no_number_stops_before_the_weights_are_lost(self, few_digits):
        model = small_net()
        with pytest.raises(RuntimeError, match=r"loss is (nan|inf).* smaller lr"):
            train(model, few_digits, 50, lr=1e30)
        x, y = few_digits.train
        spoiled = replace(few_digits, train=(x * float("nan"), y))
        model = small_net()
        with pytest.raises(RuntimeError, match="loss is nan"):
            train(model, spoiled, 1)
        assert numbers(model).isfinite().all()

    def test_a_gradient_that_is_no_number_stops_before_the_weights_are_lost(self, few_digits):
        """A root has a value at 0 and no gradient there, as for a blank image."""

        class Energies(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.conv, self.last = nn.Conv2d(1, 4, 3, bias=False), nn.Linear(4, 10)

            def forward(self, x):
                return self.last(self.conv(x).square().mean((2, 3)).sqrt())

        x, y = few_digits.train
        blank = replace(few_digits, train=(torch.cat([x[:63], x[:1] * 0]), y[:64]))
        model = Energies()
        before = numbers(model)
        with pytest.raises(RuntimeError, match="gradient holds NaN or infinity, so no step"):
            train(model, blank, 1)
        assert numbers(model).equal(before)


class TestFrozen:
    def net(self) -> tuple[nn.Module, nn.Module]:
        model = ConvNet((4, 4)).train()
        return model, model.blocks[0][1].eval()

    def test_batchnorm_stays_in_training(self, few_digits):
        model, frozen = self.net()
        train(model, few_digits, 1)
        assert frozen.num_batches_tracked == 0
        assert frozen.running_mean.eq(0).all()
        assert model.blocks[1][1].num_batches_tracked > 0
        assert not any(module.training for module in model.modules())

    def test_batchnorm_stays_in_all_rounds(self, few_digits):
        model, frozen = self.net()
        schedules.iterate(model, few_digits, [0.3, 0.6], 1)
        assert frozen.num_batches_tracked == 0
        assert model.blocks[1][1].num_batches_tracked > 0
        assert not any(module.training for module in model.modules())

    def test_batchnorm_keeps_its_statistics_when_others_are_recalibrated(self, few_digits):
        model, frozen = self.net()
        frozen.running_mean.fill_(-7)
        training.recalibrate(model, few_digits.train)
        assert frozen.running_mean.eq(-7).all()
        assert not frozen.training
        assert model.blocks[1][1].training
        assert model.blocks[1][1].running_mean.any()

    def test_parameters_stay(self, few_digits):
        model = prune_model(small_net(), 0.5)
        model[1].requires_grad_(False)
        before = model[1].weight_orig.clone()
        train(model, few_digits, 1)
        assert model[1].weight_orig.equal(before)
        assert not model[1].weight_orig.requires_grad


class TestEvaluate:
    @pytest.mark.parametrize("mode", [True, False])
    def test_leaves_the_mode_and_the_model_as_they_were(self, digits, state_of, same_state, mode):
        model = ConvNet((2,)).train(mode)
        before = state_of(model)
        evaluate(model, digits.val)
        assert model.training is mode
        assert same_state(before, state_of(model))

    @pytest.mark.parametrize("mode", [True, False])
    def test_restores_the_mode_when_the_model_fails(self, mode):
        model = LeNet300().train(mode)
        with pytest.raises(RuntimeError):
            evaluate(model, (torch.zeros(3, 1, 5, 5), torch.zeros(3).long()))
        assert model.training is mode

    def test_all_right_none_right_and_one_of_four(self):
        x = torch.eye(10)[:4].reshape(4, 10)
        model = nn.Linear(10, 10, bias=False)
        with torch.no_grad():
            model.weight.copy_(torch.eye(10))  # answers with the number of the pixel that is lit
        assert evaluate(model, (x, torch.tensor([0, 1, 2, 3]))) == 1
        assert evaluate(model, (x, torch.tensor([1, 2, 3, 0]))) == 0
        assert evaluate(model, (x, torch.tensor([0, 2, 3, 1]))) == 0.25

    @pytest.mark.parametrize("size", [1, 999, 1001, 2345])
    def test_a_size_that_1000_does_not_divide(self, trained_model, digits, size):
        x, y = (tensor[:size] for tensor in digits.train)
        with torch.no_grad():
            at_once = (trained_model(x).argmax(1) == y).float().mean().item()
        assert evaluate(trained_model, (x, y)) == pytest.approx(at_once, abs=1.1 / size)
        assert 0 <= evaluate(trained_model, (x, y)) <= 1

    @pytest.mark.parametrize(
        ("labels", "error"),
        [
            (torch.zeros(6, 1).long(), ValueError),
            (torch.zeros(6).int(), ValueError),
            (torch.eye(6, 3), ValueError),
            (torch.zeros(6, 28, 28).long(), ValueError),
            (np.zeros(6, dtype=int), TypeError),
            ([0] * 6, TypeError),
        ],
        ids=["a column", "int32", "one-hot", "a class a pixel", "NumPy", "a list"],
    )
    def test_labels_that_are_no_class_numbers_are_refused(
        self, labels, error, few_digits, state_of, same_state
    ):
        x, model = few_digits.train[0][:6], ConvNet((2,))
        before = state_of(model)
        bad = replace(few_digits, train=(x, labels))
        for call in (
            lambda: evaluate(model, (x, labels)),
            lambda: train(model, bad, 1),
            lambda: train(model, replace(few_digits, val=(x, labels)), 1),
            lambda: scores.loss_gradients(model, (x, labels)),
        ):
            with pytest.raises(error, match="of the split"):
                call()
        assert same_state(before, state_of(model))

    @pytest.mark.parametrize(
        "answer",
        [
            lambda x: x.flatten(1)[:, :1],
            lambda x: x.flatten(1)[:, 0],
            lambda x: x.flatten(1).unsqueeze(2),
            lambda x: (x.flatten(1), x),
            lambda x: {"out": x.flatten(1)},
        ],
        ids=["one logit", "a number", "a class a token", "a tuple", "a dictionary"],
    )
    def test_answers_that_are_no_class_scores_are_refused(self, answer, few_digits):
        class Net(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.layer = nn.Conv2d(1, 1, 1)

            def forward(self, x):
                return answer(self.layer(x))

        for call in (
            lambda net: evaluate(net, few_digits.val),
            lambda net: train(net, few_digits, 1),
            lambda net: scores.loss_gradients(net, few_digits.val),
        ):
            with pytest.raises(ValueError, match=r"Net answers .*\(n, classes\)"):
                call(Net())

    def test_dropout_is_off(self, digits):
        model = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(784, 10)).train()
        assert evaluate(model, digits.val) == evaluate(model, digits.val)


class TestRecalibrate:
    def test_statistics_are_those_of_the_data(self, few_digits):
        conv, batchnorm = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)
        model = nn.Sequential(conv, batchnorm)
        batchnorm.running_mean.fill_(99)
        training.recalibrate(model, few_digits.train, batch_size=500)
        with torch.no_grad():
            seen = conv(few_digits.train[0])
        assert torch.allclose(batchnorm.running_mean, seen.mean((0, 2, 3)), atol=1e-4)
        assert torch.allclose(batchnorm.running_var, seen.var((0, 2, 3)), rtol=1e-3)

    def test_counts_all_batches_alike(self, few_digits):
        one, other = ConvNet((4,)), ConvNet((4,))
        other.load_state_dict(one.state_dict())
        x, y = few_digits.train
        training.recalibrate(one, (x, y), batch_size=100)
        training.recalibrate(other, (x.flip(0), y.flip(0)), batch_size=100)
        for name, value in one.state_dict().items():
            assert torch.allclose(value.float(), other.state_dict()[name].float(), atol=1e-5)

    def test_learns_nothing_and_leaves_the_settings(self, few_digits):
        model = ConvNet((4,)).eval()
        before = [parameter.clone() for parameter in model.parameters()]
        training.recalibrate(model, few_digits.train)
        pairs = zip(before, model.parameters(), strict=True)
        assert all(old.equal(new) for old, new in pairs)
        assert not model.training
        assert model.blocks[0][1].momentum == 0.1

    def test_images_that_do_not_fit_leave_the_statistics(self, state_of, same_state):
        model = ConvNet((4,)).eval()
        before = state_of(model)
        with pytest.raises(RuntimeError):
            training.recalibrate(model, (torch.zeros(3, 2, 28, 28), torch.zeros(3).long()))
        assert same_state(before, state_of(model))
        assert model.blocks[0][1].momentum == 0.1

    def test_moves_nothing_but_batchnorm(self, few_digits):
        """Neither other running statistics nor the estimate of a spectral norm, nor dropout."""
        model = nn.Sequential(
            nn.InstanceNorm2d(1, track_running_stats=True),
            parametrizations.spectral_norm(nn.Conv2d(1, 3, 3)),
            nn.Dropout(0.5),
            nn.BatchNorm2d(3),
        ).train()
        model(few_digits.train[0][:64])
        before = {name: value.clone() for name, value in model.state_dict().items()}
        training.recalibrate(model, few_digits.train)
        changed = {n for n, value in model.state_dict().items() if not value.equal(before[n])}
        assert {name.partition(".")[0] for name in changed} == {"3"}
        assert all(layer.training for layer in model.modules())
        once = model[3].running_var.clone()
        training.recalibrate(model, few_digits.train)
        assert model[3].running_var.equal(once)

    def test_one_image_at_a_time_is_refused_where_it_has_no_variance(self, few_digits):
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 4), nn.BatchNorm1d(4)).eval()
        mean = model[2].running_mean.clone()
        with pytest.raises(ValueError, match="no variance in a batch of one image"):
            training.recalibrate(model, few_digits.train, batch_size=1)
        assert model[2].running_mean.equal(mean)

    def test_refuses_batchnorm_without_statistics(self, few_digits):
        model = nn.Sequential(nn.BatchNorm2d(1, track_running_stats=False))
        with pytest.raises(ValueError, match="no BatchNorm layer to recalibrate"):
            training.recalibrate(model, few_digits.train)

    def test_refuses_a_model_without_batchnorm(self, few_digits):
        with pytest.raises(ValueError, match="LeNet300 has no BatchNorm"):
            training.recalibrate(LeNet300(), few_digits.train)
