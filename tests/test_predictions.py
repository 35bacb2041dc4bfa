"""Predict first: the answer is stored, and compared once there is a measurement."""

import json

import numpy as np
import pytest
import torch

from course_utils import progress
from course_utils.predictions import predict


def kept() -> dict:
    return progress.load()["predictions"]


class TestPredict:
    def test_not_made_yet(self, capsys):
        prediction = predict("2.1", "How many can go?", unit="%")
        assert prediction.answer is None
        assert capsys.readouterr().out == (
            "Prediction 2.1: How many can go?\n"
            "○ not made yet. Put a number (in %) in place of None and run this cell again, or read "
            "on.\n"
        )
        assert kept() == {}

    def test_not_made_yet_among_options(self, capsys):
        predict("2.2", "Which wins?", options=["global", "layer"])
        assert "Put one of 'global', 'layer' in place of None" in capsys.readouterr().out

    @pytest.mark.parametrize("answer", [0, 80, 0.5, -1, np.float64(3), np.int64(3)])
    def test_a_number(self, answer, capsys):
        assert predict("2.1", "How many?", answer, unit="%").answer == answer
        assert capsys.readouterr().out == f"Prediction 2.1: How many?\nNoted: {answer} %.\n"
        assert kept()["2.1"]["answer"] == answer
        assert kept()["2.1"]["measured"] is None

    def test_a_number_without_a_unit(self, capsys):
        predict("2.1", "How many?", 3)
        assert capsys.readouterr().out.endswith("Noted: 3.\n")

    def test_an_option(self, capsys):
        predict("2.2", "Which wins?", "layer", options=["global", "layer"])
        assert capsys.readouterr().out.endswith("Noted: layer.\n")
        assert kept()["2.2"]["answer"] == "layer"

    @pytest.mark.parametrize("answer", ["other", "Layer", "", 1])
    def test_not_one_of_the_options(self, answer):
        with pytest.raises(ValueError, match=r"not one of the options: global, layer\."):
            predict("2.2", "Which wins?", answer, options=["global", "layer"])
        assert kept() == {}

    @pytest.mark.parametrize("answer", ["80", "80 %", True, [80]])
    def test_not_a_number(self, answer):
        with pytest.raises(TypeError, match="Give a number in %; got"):
            predict("2.1", "How many?", answer, unit="%")
        assert kept() == {}


class TestCompare:
    def test_a_number(self, capsys):
        prediction = predict("2.1", "How many?", 80, unit="%")
        capsys.readouterr()
        prediction.compare(92.54)
        assert capsys.readouterr().out == (
            "Prediction 2.1: measured ≈ 92.5 %; you said 80 %, ≈ 12.5 off.\n"
        )
        assert kept()["2.1"]["answer"] == 80
        assert kept()["2.1"]["measured"] == 92.54

    def test_off_in_either_direction_counts_alike(self, capsys):
        for answer in (7, 13):
            predict("2.1", "How many?", answer).compare(10)
            assert "≈ 3.0 off" in capsys.readouterr().out

    def test_digits(self, capsys):
        predict("2.1", "How many?", 3, unit="MB").compare(2.71828, digits=3)
        assert "measured ≈ 2.718 MB; you said 3 MB, ≈ 0.282 off" in capsys.readouterr().out

    def test_without_a_prediction_nothing_is_kept(self, capsys):
        predict("2.1", "How many?", unit="%").compare(50)
        assert capsys.readouterr().out.endswith(
            "Prediction 2.1: measured ≈ 50.0 %; you made no prediction.\n"
        )
        assert kept() == {}

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            ("global", "as you said"),
            ("layer", "you said layer"),
            (None, "you made no prediction"),
        ],
    )
    def test_an_option(self, answer, words, capsys):
        predict("2.2", "Which?", answer, options=["global", "layer"]).compare("global")
        assert capsys.readouterr().out.endswith(f"Prediction 2.2: measured global; {words}.\n")

    def test_the_last_answer_counts(self):
        predict("2.1", "How many?", 10)
        predict("2.1", "How many?", 20)
        assert kept()["2.1"]["answer"] == 20
        assert len(kept()) == 1

    @pytest.mark.parametrize("make", [float, np.float32, np.float64, np.int64, torch.tensor])
    def test_whatever_kind_of_number_is_given_the_record_can_be_written(
        self, make, tmp_path, monkeypatch
    ):
        """In a real lesson the record is a file, and JSON knows Python's own numbers only."""
        monkeypatch.setenv("PRUNING_COURSE_HOME", str(tmp_path))
        answer = make(2) if make is not torch.tensor else 2
        predict("2.1", "How many?", answer).compare(make(3))
        entry = json.loads((tmp_path / "progress.json").read_text())["predictions"]["2.1"]
        assert (entry["answer"], entry["measured"]) == (2, 3)
