"""The stored results of the long experiments, the code that made them, and how it is run."""

import copy
import inspect
import multiprocessing
import os
import random
import re
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pytest
import tiny_experiment
import torch

from course_utils import experiments, masks, models, pruning, quantise
from course_utils.authoring import other_seeds
from course_utils.data import load_mnist
from course_utils.experiments import (
    deep_compression,
    fingerprint,
    gradual,
    int8_conv,
    one_cut,
    residual,
    rounded,
    runner,
    slimming,
    starts,
    tables,
)
from course_utils.experiments.nets import remembered, untrained_net
from course_utils.measure import flops
from course_utils.schedules import SCHEDULES, cubic
from course_utils.training import evaluate, seed_everything

TESTS = Path(__file__).parent
TINY = len(tiny_experiment.SEEDS) * len(tiny_experiment.CONFIGURATIONS)
STANDS_ON = {"agreement": {"filter_criteria"}, "signs": {"tickets"}}  # for the same nets
PATIENCE = 300  # seconds for a driver on a busy machine
needs_groups = pytest.mark.skipif(sys.platform == "win32", reason="kills a group of processes")


class TestStoredResults:
    @pytest.mark.parametrize("name", experiments.EXPERIMENTS)
    def test_every_seed_has_every_run_once_with_a_real_accuracy(self, name):
        table = experiments.load(name)
        seeds, runs = tables.seeds_of(name), experiments.EXPERIMENTS[name].CONFIGURATIONS
        given = table[["seed", *runs[0]]]
        assert sorted(set(table["seed"])) == sorted(seeds)
        assert len(table) == len(runs) * len(seeds)
        assert not given.duplicated().any()
        measured = table.drop(columns=given.columns)
        parts = measured.filter(regex="^left |^flips$")  # of weights or digits: may be none
        assert parts.stack().between(0, 1).all()
        sizes = measured.filter(regex="bytes$|^error$")
        assert (sizes >= 0).all(axis=None)
        least = -1 if name == "agreement" else 0.05  # that holds correlations
        assert measured.drop(columns=[*parts, *sizes]).stack().between(least, 1).all()

    @pytest.mark.parametrize("name", experiments.EXPERIMENTS)
    def test_rows_stand_in_the_order_of_seeds_and_configurations(self, name):
        runs = experiments.EXPERIMENTS[name].CONFIGURATIONS
        assert experiments.load(name)[["seed", *runs[0]]].to_dict("records") == [
            {"seed": seed, **configuration}
            for seed in tables.seeds_of(name)
            for configuration in runs
        ]

    def test_the_grid_is_the_one_that_is_declared(self):
        table = experiments.load("every_schedule", [0])
        for name in SCHEDULES:
            assert tuple(table[table["schedule"] == name]["sparsity"]) == experiments.SPARSITIES
        steps = experiments.load("last_step", [0])
        assert tuple(steps[steps["epochs"] == 1]["before"]) == experiments.LAST_CUTS
        assert tuple(steps[steps["before"] == 0.9]["epochs"]) == experiments.EPOCHS_AFTER
        gentle = experiments.load("gentle_steps", [0]).query("wait > 0 or epochs == 9")
        assert set(gentle["wait"] + gentle["epochs"]) == {9}, "equal totals"
        signs = experiments.load("signs", [0])
        for _, rows in signs.groupby("epochs"):
            assert tuple(rows["start"]) == experiments.STARTS
        assert tuple(signs["epochs"].unique()) == experiments.TICKET_BUDGETS
        budgets = experiments.load("budgets", [0])
        for _, rows in budgets.groupby("way"):
            assert tuple(rows["epochs"]) == experiments.BUDGETS
        starts = experiments.load("tickets", [0])
        assert tuple(starts[starts["start"] == "ticket"]["sparsity"]) == experiments.TICKETS
        assert set(experiments.LOTTERY) >= set(experiments.TICKETS)

    def test_the_other_seeds_of_make_seeds_are_there(self):
        lesson = (0, 1, 2, 3, 4)
        for shift in (0, *other_seeds.SHIFTS):
            assert set(experiments.SEEDS) >= {shift + seed for seed in lesson}

    def test_a_pull_has_one_function_so_that_its_net_is_trained_once(self):
        """What trains a net is part of what it is remembered by."""
        assert slimming.towards_zero(0.012) is slimming.towards_zero(0.012)
        assert slimming.towards_zero(0.012) is not slimming.towards_zero(0.024)

    @pytest.mark.parametrize(
        ("name", "configuration"),
        [
            ("every_schedule", {"schedule": "cubic", "sparsity": 0.99}),
            ("budgets", {"way": "magnitude", "epochs": 1}),
            ("gentle_steps", {"before": 0.98, "wait": 0, "epochs": 1}),
            ("gradual", {"way": "every 10 steps", "sparsity": 0.99}),
            ("last_step", {"before": 0.9, "epochs": 2}),
            ("lots_of_filters", {"way": "norm", "removed": 0.5, "epochs": 1}),
            ("one_cut", {"way": "LAMP", "sparsity": 0.95, "epochs": 2}),
            ("rewinding", {"way": "late rewinding", "sparsity": 0.95}),
            ("signs", {"start": "its signs", "epochs": 5}),
            ("tickets", {"start": "shuffled mask", "sparsity": 0.8}),
            ("from_scratch", {"start": "pruned", "epochs": 3}),
            ("weight_criteria", {"criterion": "second order", "scope": "layer", "epochs": 1}),
            ("filter_criteria", {"removed": 0.5, "criterion": "L2", "stage": "fine-tuned"}),
            ("slimming", {"pull": 0.012, "removed": "by γ", "part": "test"}),
            ("filters_removed", {"removed": 0.5, "stage": "fine-tuned"}),
            ("residual", {"kind": "half of all channels", "stage": "fine-tuned"}),
            ("rounded", {"way": "rounded"}),
            ("int8_conv", {"kept": 0.25, "way": "per channel", "bits": 8}),
        ],
    )
    def test_a_run_made_now_agrees(self, name, configuration):
        seed = 20 if 20 in tables.seeds_of(name) else 0
        table = experiments.load(name, [seed])
        (stored,) = table.query(" and ".join(f"{k} == {v!r}" for k, v in configuration.items()))[
            "accuracy"
        ]
        made = experiments.EXPERIMENTS[name].measure(seed, **configuration)
        # One run on another processor may round its way to other weights: 2 points of room.
        assert made["accuracy"] == pytest.approx(stored, abs=0.02)

    def test_by_configuration_are_per_cent_in_the_order_of_the_seeds(self):
        table = experiments.load("every_schedule", [0, 1, 2])
        found = experiments.by_configuration("every_schedule", [0, 1, 2])
        cubic = table.query("schedule == 'cubic' and sparsity == 0.99")["accuracy"]
        assert found["cubic", 0.99].tolist() == (100 * cubic).tolist()
        assert len(found) * 3 == len(table)
        assert len(experiments.by_configuration("every_schedule")["cubic", 0.99]) == 20

    def test_refuses_what_has_not_been_run(self):
        with pytest.raises(ValueError, match=r"Seeds \[7\] have not been run"):
            experiments.load("every_schedule", [0, 7])
        with pytest.raises(ValueError, match="name='lottery' does not exist"):
            experiments.load("lottery")
        with pytest.raises(ValueError, match="name='lottery' does not exist"):
            runner.run("lottery")
        with pytest.raises(ValueError, match="workers=0 is not a whole number, 1 or more"):
            runner.run("tickets", workers=0)


class TestDeclarations:
    @pytest.mark.parametrize("name", experiments.EXPERIMENTS)
    def test_measure_takes_each_configuration(self, name):
        experiment = experiments.EXPERIMENTS[name]
        for configuration in experiment.CONFIGURATIONS:
            inspect.signature(experiment.measure).bind(0, **configuration)

    def test_the_example_for_contributors_is_an_experiment(self, monkeypatch):
        """Run as it stands there, with a net that was never trained."""
        text = (TESTS.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
        (example,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        module = {}
        exec(example, module)
        monkeypatch.setitem(module, "dense_net", lambda seed, data: models.LeNet300())
        monkeypatch.setitem(module, "train", lambda model, data, epochs, seed: None)
        for configuration in module["CONFIGURATIONS"]:
            assert 0 <= module["measure"](0, **configuration)["accuracy"] <= 1


class TestStarts:
    def test_each_pixel_is_in_one_group(self):
        images = (torch.rand(500, 1, 28, 28) < torch.linspace(0, 1, 784).view(28, 28)).float()
        groups = starts.ink_groups(images)
        assert (torch.stack([*groups.values()]).sum(0) == 1).all()
        seen = images.mean(0).flatten()
        assert (seen[groups["never"]] == 0).all()
        assert (seen[groups["in 10 to 30 % of the digits"]] <= 0.3).all()
        assert (seen[groups["in 10 to 30 % of the digits"]] > 0.1).all()

    def test_a_run_made_now_agrees(self):
        (stored,) = (
            experiments.load("starts", [20]).query("start == 'as PyTorch'").to_dict("records")
        )
        made = starts.measure(20, "as PyTorch")
        assert made["90 % global"] == pytest.approx(stored["90 % global"], abs=0.02)
        assert made["left never"] == pytest.approx(stored["left never"], abs=0.01)


class TestCuts:
    """The rules of where one cut falls, by hand and by what defines them."""

    SHAPES: ClassVar = {name: w.shape for name, w in pruning.weights(models.LeNet300()).items()}

    @pytest.mark.parametrize("sparsity", [0, 0.3, 0.5, 0.9, 0.95, 0.99, 1])
    def test_erk_takes_its_part_of_all_weights(self, sparsity):
        shares = one_cut.erk(self.SHAPES, sparsity)
        pruned = sum(share * self.SHAPES[name].numel() for name, share in shares.items())
        assert pruned == pytest.approx(sparsity * 266_200)
        assert all(0 <= share <= 1 for share in shares.values())

    def test_erk_keeps_in_proportion_to_the_sum_of_the_sides(self):
        shares = one_cut.erk(self.SHAPES, 0.99)
        kept = {name: (1 - share) * self.SHAPES[name].numel() for name, share in shares.items()}
        assert kept["fc1"] / kept["fc2"] == pytest.approx(1084 / 400)
        assert kept["fc2"] / kept["fc3"] == pytest.approx(400 / 110)

    def test_erk_leaves_a_layer_whole_that_would_keep_more_than_it_has(self):
        shares = one_cut.erk(self.SHAPES, 0.9)  # 110 · 26,620 / 1,594 = 1,837 of 1,000
        assert shares["fc3"] == 0
        kept = [(1 - shares[name]) * self.SHAPES[name].numel() for name in ("fc1", "fc2")]
        assert kept == pytest.approx([25_620 * 1084 / 1484, 25_620 * 400 / 1484])

    def test_erk_counts_the_kernel_of_a_convolution(self):
        shares = one_cut.erk(
            {"conv": torch.Size([16, 8, 3, 3]), "linear": torch.Size([20, 40])}, 0.9
        )
        kept = [(1 - shares["conv"]) * 1152, (1 - shares["linear"]) * 800]
        assert kept[0] / kept[1] == pytest.approx((16 + 8 + 3 + 3) / 60)

    def test_lamp_by_hand(self):
        weight = torch.tensor([[3.0, -1.0], [2.0, 0.0]])
        assert one_cut.lamp(weight).tolist() == [[1.0, pytest.approx(1 / 14)],
                                                 [pytest.approx(4 / 13), 0.0]]  # fmt: skip

    def test_lamp_orders_a_layer_as_magnitude_does_and_knows_no_scale(self):
        weight = models.LeNet300().fc2.weight.detach()
        scores = one_cut.lamp(weight)
        order = weight.abs().flatten().argsort(stable=True)  # equal ones as in the score
        assert (scores.flatten()[order].diff() >= 0).all()
        assert torch.allclose(one_cut.lamp(100 * weight), scores, rtol=1e-6)

    @pytest.mark.parametrize(("way", "sparsity"), [("LAMP", 0.9), ("ERK", 0.9), ("per layer", 0.9),
                                                   ("2:4", 0.5), ("1:4", 0.75)])  # fmt: skip
    def test_every_way_has_the_same_budget(self, way, sparsity):
        model = one_cut.cut(models.LeNet300(), way, sparsity)
        assert masks.sparsity(model) == pytest.approx(sparsity, abs=2 / 266_200)
        for name, mask in pruning.masks_of(model).items():
            sizes = getattr(model, name).weight_orig.abs()
            if ":" not in way and not mask.all():  # magnitude decides in each layer
                assert sizes[mask].min() >= sizes[~mask].max()


class TestCutsOfLesson03:
    @pytest.mark.parametrize(
        ("way", "left"),
        [
            ("dense", [16, 32, 64]),
            ("as counted", [11, 22, 45]),
            ("rounded", [8, 24, 48]),
            ("rounded up", [16, 24, 48]),
        ],
    )
    def test_filters_left_of_a_conv(self, way, left):
        assert [rounded.filters_left(filters, way) for filters in rounded.WIDE] == left

    def test_the_two_ways_through_a_residual_net_cost_nearly_the_same(self):
        net, x = models.TinyResNet(16), load_mnist().test[0][:1]
        before = copy.deepcopy(net.state_dict())
        cost = {kind: flops(residual.pruned(net, kind), x) for kind in residual.KINDS}
        assert cost["dense"] == flops(net, x)
        assert 1 < cost["three quarters inside the blocks"] / cost["half of all channels"] < 1.2
        assert all(tensor.equal(before[name]) for name, tensor in net.state_dict().items())


class TestGradual:
    def test_a_cut_every_ten_steps_and_none_in_the_last_epoch(self, digits, monkeypatch):
        """57 batches make an epoch; nine epochs are for cutting, whatever comes after them."""
        sparsities, net = [], models.LeNet300()

        def steps_only(model, data, epochs, *, after_step, **settings):
            for _ in range(epochs * 57):
                after_step(model)
                sparsities.append(masks.sparsity(model))

        monkeypatch.setattr(gradual, "train", steps_only)
        gradual.prune_while_training(net, digits, 0.98, epochs=10, seed=0)
        cuts = [n for n, (a, b) in enumerate(pairwise([0.0, *sparsities])) if b > a]
        assert cuts == [*range(0, 9 * 57 - 9, 10)]
        assert [sparsities[n] for n in cuts] == pytest.approx(cubic(0.98, len(cuts)), abs=1e-5)

    def test_the_net_learns_while_it_is_pruned(self, digits):
        net = untrained_net(0)
        gradual.prune_while_training(net, digits, 0.9, epochs=10, seed=0)
        assert masks.sparsity(net) == pytest.approx(0.9, abs=1e-5)
        assert evaluate(net, digits.test) > 0.85


class TestDeepCompression:
    def test_each_digit_is_shifted_by_a_pixel_at_most_and_loses_nothing_else(self):
        image = torch.zeros(1, 28, 28)
        image[0, 10:18, 10:18] = torch.rand(8, 8) + 0.1
        moved = deep_compression.shifted(image.expand(200, 1, 28, 28), torch.Generator())
        ways = [torch.roll(image, (down, right), (1, 2)) for down in (-1, 0, 1)
                for right in (-1, 0, 1)]  # fmt: skip
        seen = [sum(way.equal(each) for each in moved) for way in ways]
        assert sum(seen) == 200
        assert min(seen) > 5, "each of the nine ways"

    def test_what_leaves_the_picture_is_gone(self):
        moved = deep_compression.shifted(torch.ones(100, 1, 28, 28), torch.Generator())
        assert set(moved.sum((1, 2, 3)).tolist()) == {27.0 * 27, 27 * 28, 28 * 28}

    def test_the_distance_is_that_of_hinton(self):
        scores, of_teacher = torch.tensor([[8.0, 0.0]]), torch.tensor([[0.0, 4.0]])
        p, q = of_teacher.div(4).softmax(1), scores.div(4).softmax(1)
        by_hand = 16 * (p * (p / q).log()).sum()
        assert torch.isclose(deep_compression.distance(scores, of_teacher), by_hand)
        assert deep_compression.distance(scores, scores) == 0

    def test_a_cut_every_ten_steps_as_planned(self):
        net, cut, found = models.LeNet300(), deep_compression.cuts([0.5, 0.75]), []
        for _ in range(25):
            cut(net)
            found.append(round(masks.sparsity(net), 4))
        assert found == [0.5] * 10 + [0.75] * 15

    def test_a_run_made_now_agrees(self):
        (stored,) = experiments.load("deep_compression", [0]).query(
            "sparsity == 0.96 and clusters == 8"
        ).to_dict("records")  # fmt: skip
        made = deep_compression.measure(0, 0.96, 8)
        for name in ("accuracy", "validation", "dense", "masked", "shared"):
            assert made[name] == pytest.approx(stored[name], abs=0.02)
        for name in ("bytes", "counted bytes"):
            assert made[name] == pytest.approx(stored[name], rel=0.03)
        assert made["bytes"] < made["counted bytes"]


class TestInt8Conv:
    @pytest.fixture
    def net(self):
        seed_everything(0)
        return quantise.fold_batchnorm(models.ConvNet((4, 6, 8)).eval())

    def test_whole_numbers_answer_nearly_as_the_net(self, net, digits):
        x = digits.test[0][:50]
        off = {
            (way, bits): (int8_conv.quantised(net, digits, way, bits)(x) - net(x)).square().mean()
            for way in int8_conv.GRAINS
            for bits in (3, 8)
        }
        for way in int8_conv.GRAINS:
            assert 0 < off[way, 8] < off[way, 3] / 100
        assert off["per channel", 3] < off["per tensor", 3]

    def test_only_the_named_layers_become_whole_numbers(self, net, digits):
        def integers(way):
            found = int8_conv.quantised(net, digits, way, 8).named_modules()
            return [name for name, each in found if isinstance(each, int8_conv.IntegerLayer)]

        assert integers("per tensor") == [*int8_conv.LAYERS]
        for name in int8_conv.LAYERS:
            assert integers(f"only {name}") == [name]
            assert integers(f"all but {name}") == [n for n in int8_conv.LAYERS if n != name]

    def test_pruned_as_integers_or_before_it_is_as_sparse(self, net, digits):
        before = int8_conv.without_small_weights(net)
        after = int8_conv.quantised(net, digits, int8_conv.ORDERS[2], 8)
        kept = sum(int(after.get_submodule(n).weight.count_nonzero()) for n in int8_conv.LAYERS)
        total = sum(before.get_submodule(n).weight.numel() for n in int8_conv.LAYERS)
        assert masks.sparsity(before) == pytest.approx(0.8, abs=1e-3)
        assert 1 - kept / total == pytest.approx(0.8, abs=1e-3)


class TestRivals:
    @pytest.fixture
    def found(self):
        """The initial state, the masks, and of each rival its weights and masks of fc1."""
        model = models.LeNet300()
        initial = {name: value.clone() for name, value in model.state_dict().items()}
        keep = pruning.masks_of(pruning.prune_model(model, 0.9))
        nets = experiments.all_rivals(initial, keep, seed=3)
        weights = {name: net.fc1.weight_orig for name, net in nets.items()}
        masks = {name: pruning.masks_of(net)["fc1"] for name, net in nets.items()}
        return initial["fc1.weight"], keep["fc1"], weights, masks

    def test_there_is_one_for_each_start(self, found):
        _, _, weights, _ = found
        assert set(weights) == {
            "new weights", "its signs", "its sizes", "shuffled mask", "shuffled per pixel"
        }  # fmt: skip

    @pytest.mark.parametrize("start", ["new weights", "its signs", "its sizes"])
    def test_same_mask_and_as_much_of_the_weights_as_it_says(self, found, start):
        initial, keep, weights, masks = found
        assert masks[start].equal(keep)
        ours, fresh = weights[start], weights["new weights"]
        assert ours.sign().equal((initial if start == "its signs" else fresh).sign())
        assert ours.abs().equal((initial if start == "its sizes" else fresh).abs())
        assert not fresh.sign().equal(initial.sign())
        assert not fresh.abs().equal(initial.abs())

    @pytest.mark.parametrize("start", ["shuffled mask", "shuffled per pixel"])
    def test_same_weights_and_as_much_of_the_mask_as_it_says(self, found, start):
        initial, keep, weights, masks = found
        assert weights[start].equal(initial)
        assert not masks[start].equal(keep)
        assert masks[start].sum() == keep.sum()
        assert masks[start].sum(0).equal(keep.sum(0)) == (start == "shuffled per pixel")


class TestRemembered:
    def test_no_row_can_tell_whether_its_net_was_made_before(self, same_state):
        made = []

        @remembered
        def net(seed):
            made.append(seed)
            seed_everything(seed)
            return models.LeNet300()

        rows = []
        for _ in range(2):
            model = net(5)
            rows.append((models.LeNet300().state_dict(), model.state_dict()))  # chance goes on
            pruning.prune_model(model, 0.5)  # a copy, to be changed at will
        assert made == [5]
        assert all(same_state(*pair) for pair in zip(*rows, strict=True))


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """The tiny experiment, with a folder of its own for what it stores."""
    monkeypatch.setattr(tables, "EXPERIMENTS", {"tiny": tiny_experiment})
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    return tmp_path


def alone() -> bytes:
    """The table of the tiny experiment, run here from its start to its end."""
    assert runner.main(["tiny", "--workers", "1"]) == 0
    return (tables.RESULTS / "tiny.csv").read_bytes()


def lines(folder: Path) -> list[bytes]:
    store = folder / "tiny.jsonl"
    return store.read_bytes().splitlines(keepends=True) if store.exists() else []


class TestRunner:
    def test_the_table_is_sorted_and_only_what_is_measured_is_rounded(self, tiny):
        header, *rows = alone().decode().splitlines()
        assert header == "seed,shape,size,drawn,threads"
        seeds, shapes, sizes, drawn, threads = zip(*(row.split(",") for row in rows), strict=True)
        assert [int(seed) for seed in seeds[::6]] == [*tiny_experiment.SEEDS]
        assert shapes[:6] == ("round",) * 3 + ("square",) * 3
        assert sizes[:3] == ("0.123456789", "0.1", "1.0")
        assert all(float(f"{float(number):.6g}") == float(number) > 0 for number in drawn)
        assert set(threads) == {"1"}
        assert len(experiments.load("tiny", [3, 1])) == 12
        assert len(experiments.load("tiny")) == TINY

    def test_a_second_run_changes_no_file(self, tiny):
        table, stored = alone(), lines(tiny)
        assert alone() == table
        assert lines(tiny) == stored

    def test_a_row_says_what_made_it(self, tiny):
        alone()
        for line in lines(tiny):
            assert all(word in line for word in (b'"torch": "2.', b'"numpy": ', b'"cpu": "'))

    @pytest.mark.parametrize("left", [0, 1, 0.5, -2, -1])
    def test_a_line_that_is_cut_short_costs_its_row_and_no_other(self, tiny, left):
        """A kill or a full disk may end the file at any byte; -1 takes away the line break only."""
        table = alone()
        *before, last = lines(tiny)
        kept = last[: int(left * len(last)) if left == 0.5 else left]
        (tiny / "tiny.jsonl").write_bytes(b"".join(before) + kept)
        assert alone() == table
        assert lines(tiny)[: len(before)] == before
        assert len(runner.stored_rows(tiny / "tiny.jsonl")) == TINY
        assert len(lines(tiny)) == TINY + (0 < len(kept) < len(last) - 1)

    def test_longer_lists_run_only_what_is_new(self, tiny, monkeypatch):
        configurations = tiny_experiment.CONFIGURATIONS
        monkeypatch.setattr(tiny_experiment, "CONFIGURATIONS", configurations[:4])
        monkeypatch.setattr(tiny_experiment, "SEEDS", (3, 0))
        alone()
        few = lines(tiny)
        assert len(few) == 8
        monkeypatch.setattr(tiny_experiment, "CONFIGURATIONS", configurations[1:])
        monkeypatch.setattr(tiny_experiment, "SEEDS", (0, 1, 3))
        alone()
        assert lines(tiny)[:8] == few
        assert len(lines(tiny)) == 8 + 9
        assert len(experiments.load("tiny")) == 3 * 5

    def test_the_bar_starts_at_the_rows_that_are_there(self, tiny, monkeypatch):
        seen = []

        def bar(rows, name, total, *, unit, initial):
            seen.append((name, total, initial))
            return rows

        monkeypatch.setattr(runner, "tqdm", bar)
        monkeypatch.setattr(tiny_experiment, "SEEDS", (0,))
        alone()
        monkeypatch.setattr(tiny_experiment, "SEEDS", (0, 1))
        alone()
        assert seen == [("tiny", 6, 0), ("tiny", 12, 6)]

    def test_threads_of_one_worker_do_not_mix_their_chance(self, tiny, monkeypatch):
        monkeypatch.setenv("TINY_LOG", str(tiny / "log"))  # takes its time between two steps
        tasks = [("tiny_experiment", seed, {"shape": "round", "size": 1}) for seed in range(4)]
        keyed = [(*task, runner.key_of(*task)) for task in tasks]
        with ThreadPoolExecutor(4) as pool:
            together = [*pool.map(lambda task: runner._line(*task), keyed)]
        assert together == [runner._line(*task) for task in keyed]

    def test_other_code_runs_every_row_again(self, tiny, monkeypatch):
        table = alone()
        monkeypatch.setattr(runner, "fingerprint", lambda module: "another")
        assert alone() == table
        assert len(lines(tiny)) == 2 * TINY

    def test_an_error_names_its_task_and_keeps_the_rows_before_it(self, tiny, monkeypatch):
        def measure(seed, shape, size):
            if seed == 1:
                raise ZeroDivisionError("no")
            return {"drawn": 0.5}

        monkeypatch.setattr(tiny_experiment, "measure", measure)
        with pytest.raises(ZeroDivisionError) as caught:
            alone()
        assert caught.value.__notes__ == [
            "This was tiny_experiment, seed 1, {'shape': 'round', 'size': 0.123456789}."
        ]
        assert len(lines(tiny)) == 12
        assert not (tiny / "tiny.csv").exists()

    @pytest.mark.parametrize("row", [{"size": 2.0}, {"seed": 1}, {"drawn": object()}])
    def test_refuses_a_row_that_cannot_be_stored(self, tiny, monkeypatch, row):
        """A column twice, or something that is neither a number nor a word."""
        monkeypatch.setattr(tiny_experiment, "measure", lambda seed, shape, size: row)
        with pytest.raises(TypeError, match=r"multiple values|not JSON serializable"):
            alone()
        assert not lines(tiny)

    def test_refuses_a_second_driver(self, tiny):
        with (
            runner._alone(tiny / "tiny.jsonl"),
            pytest.raises(RuntimeError, match="Another process is running tiny"),
        ):
            alone()

    def test_a_worker_refuses_to_run_other_code_than_the_driver(self, tiny, monkeypatch):
        task = ("tiny_experiment", 0, tiny_experiment.CONFIGURATIONS[0])
        with pytest.raises(RuntimeError, match="other code than the driver"):
            runner._line(*task, key="of another edition")
        monkeypatch.setattr(fingerprint, "_imported", 0.0)
        with pytest.raises(RuntimeError, match="was changed after this process had imported it"):
            runner._line(*task, key=runner.key_of(*task))


class TestFingerprint:
    START = '"""One."""\nfrom toy.helper import LIMIT\nCONFIGURATIONS = ({"a": 1},)\n'
    FILES: ClassVar = {
        "__init__": "UNUSED = 1\n",
        "one": START + 'def measure(seed, a):\n    """Measured."""\n    return a + LIMIT\n',
        "helper": "from . import deeper\nLIMIT = deeper.LIMIT\n",
        "deeper": "LIMIT = 3\nclass A:\n    def b(self):\n        from toy import late\n",
        "late": "LATE = 1\n",
        "other": "OTHER = 1\n",
    }

    @pytest.fixture
    def hashed(self, monkeypatch, tmp_path):
        """A function that writes a file of the package ``toy`` anew and hashes its experiment."""
        package = tmp_path / "toy"
        package.mkdir()
        for name, text in self.FILES.items():
            (package / f"{name}.py").write_text(text, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)

        def of(name: str, text: str) -> str:
            (package / f"{name}.py").write_text(text, encoding="utf-8")
            fingerprint.sources.cache_clear()
            fingerprint.fingerprint.cache_clear()
            return fingerprint.fingerprint("toy.one")

        yield of
        for name in [name for name in sys.modules if name.partition(".")[0] == "toy"]:
            del sys.modules[name]

    @pytest.mark.parametrize(
        ("name", "old", "new"),
        [
            ("one", "Measured.", "It is measured."),
            ("one", '"""One."""\n', "# No docstring at all\n\n"),
            ("one", "a + LIMIT", "(a\n            + LIMIT)  # brackets"),
            ("one", '({"a": 1},)', '({"a": 1}, {"a": 2})'),
            ("one", "CONFIGURATIONS", "SEEDS = (1, 2)\nCONFIGURATIONS"),
            ("one", "CONFIGURATIONS =", "CONFIGURATIONS: tuple ="),
            ("helper", "LIMIT =", "\n\nLIMIT  ="),
            ("__init__", "UNUSED = 1", "UNUSED = 2"),
            ("other", "OTHER = 1", "OTHER = 2"),
        ],
    )
    def test_is_the_same_for(self, hashed, name, old, new):
        text = self.FILES[name]
        assert text.count(old) == 1
        assert hashed(name, text) == hashed(name, text.replace(old, new))

    @pytest.mark.parametrize(
        ("name", "old", "new"),
        [
            ("one", "a + LIMIT", "a - LIMIT"),
            ("one", "return a", "return 2 * a"),
            ("one", "from toy.helper", "from toy.other import OTHER\nfrom toy.helper"),
            ("helper", "import deeper", "import deeper, other"),
            ("deeper", "LIMIT = 3", "LIMIT = 4"),
            ("late", "LATE = 1", "LATE = 2"),
        ],
    )
    def test_is_another_for(self, hashed, name, old, new):
        text = self.FILES[name]
        assert text.count(old) == 1
        assert hashed(name, text) != hashed(name, text.replace(old, new))

    def test_is_another_for_another_torch_and_not_for_another_build_of_it(
        self, hashed, monkeypatch
    ):
        hashes = []
        for build in ("98.0", "99.0", "99.0+cpu"):
            monkeypatch.setattr(fingerprint, "version", lambda name, build=build: build)
            hashes.append(hashed("late", self.FILES["late"]))
        assert hashes[0] != hashes[1] == hashes[2]

    def test_an_init_counts_where_something_of_it_is_imported(self, hashed):
        first = self.FILES["one"].replace("toy.helper import LIMIT", "toy import UNUSED as LIMIT")
        before = hashed("one", first)
        assert hashed("__init__", "UNUSED = 2\n") != before

    def test_follows_the_course_and_leaves_out_what_a_row_cannot_depend_on(self):
        for name in experiments.EXPERIMENTS:
            found = {
                each.removeprefix("course_utils.")
                for each in fingerprint.sources(f"course_utils.experiments.{name}")
            }
            assert found >= {"training", "schedules", "models", "data", "layers", "masks"}
            assert found >= {f"experiments.{name}", "experiments.nets"}
            assert not found & {"", "experiments", "experiments.runner", "plotting"}
            others = {other for other in experiments.EXPERIMENTS if f"experiments.{other}" in found}
            assert others == {name, *STANDS_ON.get(name, ())}


@pytest.fixture(scope="module")
def start():
    """A function that starts a driver of the tiny experiment as a process of its own.

    It is forked from a process that has imported all it needs and run nothing: a second each.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS.parent), str(TESTS)]))
        patch.setenv("TQDM_DISABLE", "1")
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tiny_experiment", "distributed"])
        drivers = []

        def started(*arguments):
            driver = context.Process(target=tiny_experiment.drive, args=arguments)
            driver.start()
            drivers.append(driver)
            return driver

        yield started
        for driver in drivers:
            if driver.is_alive():
                driver.kill()
            driver.join()


@pytest.fixture(scope="module")
def cluster(start, tmp_path_factory):
    """A Dask scheduler in this process, with two workers that are processes of their own."""
    distributed = pytest.importorskip("distributed", reason="the extra `cluster` is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS.parent), str(TESTS)]))
        patch.setenv("TINY_LOG", str(tmp_path_factory.mktemp("dask") / "log"))
        folder = tmp_path_factory.mktemp("workers")
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=folder
        ) as running:
            running.tiny_log = Path(os.environ["TINY_LOG"])
            yield running


def wait_for(what, driver):
    """Until ``what()`` holds or the driver has ended; whether it does."""
    end = time.monotonic() + PATIENCE
    while driver.is_alive() and time.monotonic() < end:
        if what():
            return True
        time.sleep(0.005)
    return what()


def assert_ends_well(driver):
    driver.join(PATIENCE)
    assert driver.exitcode == 0


@needs_groups
class TestKilled:
    def kill_after_some_rows(self, driver, folder):
        """Kill a driver and all its processes; it has added at least a row, and not all of them."""
        rows = len(lines(folder)) + random.Random().randint(1, 5)
        assert wait_for(lambda: len(lines(folder)) >= rows, driver)
        time.sleep(random.Random().uniform(0, 0.05))
        os.killpg(driver.pid, signal.SIGKILL)
        driver.join()
        assert driver.exitcode == -signal.SIGKILL
        assert len(lines(folder)) < TINY

    def assert_as_if_left_alone(self, folder, tiny):
        assert (folder / "tiny.csv").read_bytes() == alone()
        assert len(runner.stored_rows(folder / "tiny.jsonl")) == TINY
        whole = [line for line in lines(folder) if line.endswith(b"}\n")]
        assert len(whole) == TINY

    def test_on_this_machine(self, start, tiny, tmp_path_factory):
        folder = tmp_path_factory.mktemp("killed")
        log = folder / "log"
        for workers in "121":  # a new process has to import PyTorch, so not always two
            driver = start(folder, log, "--workers", workers)
            self.kill_after_some_rows(driver, folder)
            in_driver = str(driver.pid) in log.read_text(encoding="utf-8").split()
            assert in_driver == (workers == "1")
        assert_ends_well(start(folder, log, "--workers", "1"))
        self.assert_as_if_left_alone(folder, tiny)

    def test_on_a_cluster(self, start, cluster, tiny, tmp_path_factory):
        folder = tmp_path_factory.mktemp("killed")
        sweep = (folder, folder / "unused", "--cluster", cluster.scheduler_address)
        for _ in range(3):
            self.kill_after_some_rows(start(*sweep), folder)
        assert_ends_well(start(*sweep))
        workers = {str(worker.pid) for worker in cluster.workers.values()}
        assert {*cluster.tiny_log.read_text(encoding="utf-8").split()} == workers
        self.assert_as_if_left_alone(folder, tiny)

    def test_a_worker_of_a_cluster(self, start, cluster, tiny, tmp_path_factory):
        folder = tmp_path_factory.mktemp("worker")
        before = cluster.tiny_log.stat().st_size if cluster.tiny_log.exists() else 0
        driver = start(folder, folder / "unused", "--cluster", cluster.scheduler_address)
        worker = cluster.workers[0].pid

        def at_work():
            log = cluster.tiny_log.read_text(encoding="utf-8")[before:]
            return len(lines(folder)) >= 4 and str(worker) in log.split()

        assert wait_for(at_work, driver)
        os.kill(worker, signal.SIGKILL)
        assert len(lines(folder)) < TINY
        assert_ends_well(driver)
        self.assert_as_if_left_alone(folder, tiny)
