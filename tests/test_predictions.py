"""Predict first: the answer is stored, and compared once there is a measurement."""

import json
from decimal import Decimal
from fractions import Fraction

import ipywidgets
import numpy as np
import pytest
import torch

from course_utils.lesson import forms, progress
from course_utils.lesson.predictions import predict

NUMBER, OPTIONS = {"unit": "%"}, {"options": ["global", "layer"]}  # what is asked for


def kept() -> dict:
    return progress.load()["predictions"]


class TestPredict:
    def test_not_made_yet(self, capsys):
        prediction = predict("2.1", "How many can go?", unit="%")
        assert prediction.answer is None
        assert capsys.readouterr().out == (
            "Prediction 2.1: How many can go?\n"
            "○ not made yet. Answer in the form below, put a number (in %) in place of None "
            "and run\nthis cell again, or read on.\n"
        )
        assert kept() == {}

    def test_not_made_yet_among_options(self, capsys):
        predict("2.2", "Which wins?", options=["global", "layer"])
        said = " ".join(capsys.readouterr().out.split())
        assert "put one of 'global', 'layer' in place of None" in said

    @pytest.mark.parametrize("answer", [0, 80, 0.5, -1, np.float64(3), np.int64(3)])
    def test_a_number(self, answer, capsys):
        """A real half per cent too, though it is asked back about."""
        assert predict("2.1", "How many?", answer, unit="%").answer == answer
        said, _, asked_back = capsys.readouterr().out.partition("Did you mean")
        assert said == f"Prediction 2.1: How many?\nNoted: {answer} %.\n"
        assert bool(asked_back) == (answer == 0.5)
        assert kept()["2.1"]["answer"] == answer
        assert kept()["2.1"]["measured"] is None

    @pytest.mark.parametrize(("answer", "meant"), [(0.95, "95"), (0.001, "0.1"), (0.5, "50")])
    def test_a_fraction_where_per_cent_are_asked(self, answer, meant, capsys):
        predict("2.1", "How many?", answer, unit="%")
        said = capsys.readouterr().out
        assert said.endswith(f"Did you mean {meant} %? Then put that in place of {answer}.\n")

    @pytest.mark.parametrize(("answer", "unit"), [(0.5, "points"), (0.5, ""), (1, "%"), (0, "%")])
    def test_a_small_number_is_no_fraction_of_anything_else(self, answer, unit, capsys):
        predict("2.1", "How many?", answer, unit=unit)
        assert "Did you mean" not in capsys.readouterr().out

    @pytest.mark.parametrize(
        "answer",
        [
            *(float("nan"), float("inf"), float("-inf"), 10**400),
            *(np.float32("nan"), np.float64("inf"), torch.tensor(float("nan"))),
        ],
        ids=lambda answer: f"{type(answer).__name__} {str(answer)[:9]}",
    )
    def test_a_number_that_is_not_finite(self, answer):
        with pytest.raises(ValueError, match="Give a number in % that is finite; got"):
            predict("2.1", "How many?", answer, unit="%")
        assert kept() == {}

    @pytest.mark.parametrize(
        "answer", [np.float32(2.5), np.array(2.5), torch.tensor(2.5), Fraction(5, 2), 2.5]
    )
    def test_a_number_of_any_library_becomes_one_of_pythons(self, answer, capsys):
        made = predict("2.1", "How many?", answer, unit="MB")
        assert (type(made.answer), made.answer) == (float, 2.5)
        assert "Noted: 2.5 MB.\n" in capsys.readouterr().out

    @pytest.mark.parametrize(
        "answer", [np.True_, torch.tensor(True), torch.ones(2), np.ones(2), 1j, Decimal(2), b"2"]
    )
    def test_what_is_no_number_in_any_library(self, answer):
        with pytest.raises(TypeError, match="Give a number; got"):
            predict("2.1", "How many?", answer)
        assert kept() == {}

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

    def test_an_answer_of_an_earlier_day_is_taken_up_again(self, capsys):
        predict("2.1", "How many?", 80, unit="%").compare(90)
        capsys.readouterr()
        again = predict("2.1", "How many?", unit="%")
        assert again.answer == 80
        assert capsys.readouterr().out.endswith("Noted on an earlier run: 80 %.\n")

    @pytest.mark.parametrize(
        ("stored", "asked"),
        [
            *[
                (each, NUMBER)
                for each in ("global", "80", True, None, [80], {"a": 1}, [[1]], "NaN")
            ],
            *[(each, OPTIONS) for each in (55.0, 0, "gone", "", None, True, ["global"], {"a": 1})],
        ],
    )
    def test_a_stored_answer_that_fits_no_more_is_asked_for_anew(self, stored, asked, capsys):
        """An edition may turn options into a number, or the reverse, or drop one of them."""
        progress.record_prediction("2.1", "An older question?", 1, None)
        progress._in_memory["predictions"]["2.1"]["answer"] = stored
        made = predict("2.1", "How many?", **asked)
        assert made.answer is None
        said = capsys.readouterr().out
        assert said.startswith("Prediction 2.1: How many?\n○ not made yet.")
        made.compare(12.0 if asked is NUMBER else "global")
        assert "you made no prediction" in capsys.readouterr().out
        made.commit(20 if asked is NUMBER else "layer")
        assert kept()["2.1"]["answer"] in (20, "layer")

    @pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity"])
    def test_a_stored_number_that_is_not_finite(self, number, tmp_path, monkeypatch):
        monkeypatch.setenv("PRUNING_COURSE_HOME", str(tmp_path))
        text = '{"predictions": {"2.1": {"answer": NUMBER}}}'.replace("NUMBER", number)
        (tmp_path / "progress.json").write_text(text, encoding="utf-8")
        assert predict("2.1", "How many?", unit="%").answer is None

    def test_only_an_open_question_has_a_form(self, monkeypatch):
        shown = []
        monkeypatch.setattr(forms, "display_live", shown.append)
        predict("2.1", "How many?")
        predict("2.2", "How many?", 3)
        assert [type(widget) for widget in shown] == [ipywidgets.VBox]


class TestForm:
    @pytest.fixture
    def open_form(self):
        """A function that asks a question and returns the prediction with the parts of its form."""

        def ask(**options):
            prediction = predict("2.1", "How many?", **options)
            answer, buttons, said = forms.form(prediction).children
            return prediction, answer, *buttons.children, said

        return ask

    def test_a_number_is_typed_and_committed(self, open_form):
        prediction, answer, commit, skip, said = open_form(unit="points")
        assert answer.description == "Prediction 2.1 (points)"
        answer.value = "2.5"
        assert prediction.answer is None
        commit.click()
        assert prediction.answer == 2.5
        assert kept()["2.1"]["answer"] == 2.5
        assert "Noted: 2.5 points." in said.value
        assert answer.disabled
        assert commit.disabled
        assert skip.disabled

    @pytest.mark.parametrize("typed", ["200", " 200.0 ", "200 %", "200%", "200,0"])
    def test_a_number_may_come_with_its_unit_and_be_any(self, open_form, typed):
        prediction, answer, commit, *_ = open_form(unit="%")
        assert answer.value == ""
        answer.value = typed
        commit.click()
        assert prediction.answer == 200

    @pytest.mark.parametrize("typed", ["", " ", "many", "40 points", "1e", "0x10", "1.000,5"])
    def test_what_is_no_number_is_said_and_not_noted(self, open_form, typed):
        prediction, answer, commit, _, said = open_form(unit="%")
        answer.value = typed
        commit.click()
        assert "Choose an answer first" in said.value or "Give a number in %" in said.value
        assert prediction.answer is None
        assert kept() == {}
        assert not commit.disabled

    def test_a_fraction_for_per_cent_is_asked_back_once(self, open_form):
        prediction, answer, commit, _, said = open_form(unit="%")
        answer.value = "0.4"
        commit.click()
        assert "Did you mean 40 %?" in said.value
        assert prediction.answer is None
        answer.value = "0.3"
        commit.click()
        assert "Did you mean 30 %?" in said.value
        commit.click()
        assert prediction.answer == 0.3

    def test_it_says_that_it_needs_its_kernel(self, open_form):
        *_, said = open_form()
        assert "After a restart, run the cell again" in said.value

    def test_an_option_is_picked_and_none_is_picked_for_you(self, open_form):
        prediction, answer, commit, _, said = open_form(options=["global", "layer"])
        assert answer.value is None
        commit.click()
        assert "Choose an answer first" in said.value
        assert kept() == {}
        answer.value = "layer"
        commit.click()
        assert prediction.answer == "layer"

    def test_a_sceptic_may_skip(self, open_form):
        prediction, _, commit, skip, said = open_form()
        skip.click()
        assert "Skipped" in said.value
        assert commit.disabled
        assert prediction.answer is None
        assert kept() == {}

    @pytest.mark.parametrize("value", ["nan", "inf"])
    def test_a_number_that_is_none_is_refused_in_the_form(self, open_form, value):
        prediction, answer, commit, _, said = open_form()
        answer.value = value
        commit.click()
        assert "Give a number that is finite" in said.value
        assert prediction.answer is None
        answer.value = "3"
        commit.click()
        assert prediction.answer == 3

    def test_after_the_measurement_it_is_no_prediction(self, open_form, capsys):
        prediction, answer, commit, _, said = open_form()
        prediction.compare(3)
        answer.value = "3"
        commit.click()
        assert prediction.answer is None
        assert kept() == {}
        assert "measured already" in said.value


class TestCompare:
    def test_answer_and_truth_stand_side_by_side(self, monkeypatch):
        shown = []
        monkeypatch.setattr(forms, "display_live", shown.append)
        predict("2.1", "How many?", 20, unit="%").compare(80.0)
        predict("2.2", "How many?", unit="%").compare(80.0)
        bars, question = shown
        assert "you said" in bars.value
        assert "20 %" in bars.value
        assert "width:3.75em" in bars.value
        assert "width:15.00em" in bars.value
        assert isinstance(question.children[0], ipywidgets.Text)

    def test_a_number(self, capsys):
        prediction = predict("2.1", "How many?", 80, unit="%")
        capsys.readouterr()
        prediction.compare(92.54)
        assert capsys.readouterr().out == (
            "Prediction 2.1: measured ≈ 92.5 %; you said 80 %, ≈ 12.5 off.\n"
        )
        assert kept()["2.1"]["answer"] == 80
        assert kept()["2.1"]["measured"] == 92.54

    @pytest.mark.parametrize(("unit", "words"), [("", "0.01,"), ("MB", "0.01 MB,")])
    def test_with_or_without_a_unit_it_is_printed_neatly(self, unit, words, capsys):
        predict("2.1", "Which rate?", 0.01, unit=unit).compare(0.05, digits=2)
        assert f"you said {words} ≈ 0.04 off.\n" in capsys.readouterr().out

    def test_a_measurement_that_is_no_number_stops_nothing(self, capsys):
        for measured in (float("nan"), float("inf")):
            predict("2.1", "How many?", 3).compare(measured)
            assert kept()["2.1"]["measured"] is None
        assert "measured ≈ inf; you said 3" in capsys.readouterr().out

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
        entry = json.loads((tmp_path / "progress.json").read_text(encoding="utf-8"))["predictions"][
            "2.1"
        ]
        assert (entry["answer"], entry["measured"]) == (2, 3)
