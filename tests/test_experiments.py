"""The stored results of the long experiments, and the code that made them."""

import os

import pandas as pd
import pytest
import torch

from course_utils import experiments, models, pruning
from course_utils.authoring import other_seeds
from course_utils.experiments import runner
from course_utils.schedules import SCHEDULES
from course_utils.training import evaluate


def tiny_rows(seed, digits):
    """An experiment of no time, for another process."""
    size, threads = len(digits.train[1]), torch.get_num_threads()
    return [{"seed": seed, "digits": size, "process": os.getpid(), "threads": threads}]


class TestStoredResults:
    @pytest.mark.parametrize("name", experiments.EXPERIMENTS)
    def test_every_seed_has_every_run_once_with_a_real_accuracy(self, name):
        table = experiments.load(name)
        runs = table.drop(columns=["seed", "accuracy"]).drop_duplicates()
        assert sorted(set(table["seed"])) == sorted(experiments.SEEDS)
        assert len(table) == len(runs) * len(experiments.SEEDS)
        assert not table.drop(columns="accuracy").duplicated().any()
        assert table["accuracy"].between(0.05, 1).all()

    def test_the_grid_is_the_one_that_is_declared(self):
        table = experiments.load("every_schedule", [0])
        for name in SCHEDULES:
            assert tuple(table[table["schedule"] == name]["sparsity"]) == experiments.SPARSITIES
        steps = experiments.load("last_step", [0])
        assert tuple(steps[steps["epochs"] == 1]["before"]) == experiments.LAST_CUTS
        assert tuple(steps[steps["before"] == 0.9]["epochs"]) == experiments.EPOCHS_AFTER

    def test_the_other_seeds_of_make_seeds_are_there(self):
        lesson = (0, 1, 2, 3, 4)
        for shift in (0, *other_seeds.SHIFTS):
            assert set(experiments.SEEDS) >= {shift + seed for seed in lesson}

    @pytest.mark.parametrize(("schedule", "sparsity"), [("cubic", 0.99), ("one-shot", 0.9)])
    def test_a_run_made_now_agrees(self, digits, schedule, sparsity):
        table = experiments.load("every_schedule", [20])
        rows = table[table["schedule"] == schedule]
        stored = rows.set_index("sparsity")["accuracy"][sparsity]
        plan = SCHEDULES[schedule](sparsity, experiments.ROUNDS)
        model, _ = experiments.prune_in_rounds(
            experiments.dense_net(20, digits), digits, plan, 1, 20
        )
        # One run on another processor may round its way to other weights: 2 points of room.
        assert evaluate(model, digits.test) == pytest.approx(stored, abs=0.02)

    def test_refuses_what_has_not_been_run(self):
        with pytest.raises(ValueError, match=r"Seeds \[7\] have not been run"):
            experiments.load("every_schedule", [0, 7])
        with pytest.raises(ValueError, match="name='lottery' does not exist"):
            experiments.load("lottery")


class TestRivals:
    def test_each_shares_one_thing_with_the_ticket(self):
        model = models.LeNet300()
        initial = {name: value.clone() for name, value in model.state_dict().items()}
        keep = pruning.masks_of(pruning.prune_model(model, 0.9))
        found = experiments.rivals(initial, keep, seed=3)
        masks = {name: pruning.masks_of(rival) for name, rival in found.items()}
        assert all(masks["new weights"][layer].equal(keep[layer]) for layer in keep)
        assert not found["new weights"].fc1.weight_orig.equal(initial["fc1.weight"])
        for layer, mask in masks["shuffled mask"].items():
            assert mask.sum() == keep[layer].sum()
            assert not mask.equal(keep[layer])
        assert found["shuffled mask"].fc1.weight_orig.equal(initial["fc1.weight"])


class TestCommand:
    @pytest.fixture
    def quick(self, monkeypatch, tmp_path):
        """One tiny experiment, its table in a folder of its own."""
        monkeypatch.setattr(runner, "EXPERIMENTS", {"tiny": None})
        monkeypatch.setattr(runner, "RESULTS", tmp_path)
        calls = []

        def run(name, workers=None):
            calls.append((name, workers))
            return pd.DataFrame({"seed": [0], "accuracy": [0.5]})

        monkeypatch.setattr(runner, "run", run)
        return tmp_path / "tiny.csv", calls

    @pytest.mark.parametrize("arguments", [[], ["tiny"]])
    def test_stores_the_table_where_load_finds_it(self, quick, arguments):
        path, calls = quick
        assert runner.main([*arguments, "--workers", "1"]) == 0
        assert path.read_text(encoding="utf-8") == "seed,accuracy\n0,0.5\n"
        assert calls == [("tiny", 1)]
        assert experiments.load("tiny", [0])["accuracy"].tolist() == [0.5]

    def test_runs_each_seed_in_another_process_and_keeps_their_order(self, monkeypatch):
        monkeypatch.setattr(runner, "EXPERIMENTS", {"tiny": tiny_rows})
        table = experiments.run("tiny", seeds=[3, 1], workers=2)
        assert table["seed"].tolist() == [3, 1]
        assert table["digits"].tolist() == [3600, 3600]
        assert os.getpid() not in table["process"].tolist()
        assert table["threads"].tolist() == [1, 1]
