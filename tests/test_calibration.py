"""What the last section of a lesson says about your predictions."""

import pytest

from course_utils.lesson import calibration, predict, progress


@pytest.fixture(autouse=True)
def own_record(monkeypatch, tmp_path):
    monkeypatch.setenv("PRUNING_COURSE_HOME", str(tmp_path))


def said(capsys):
    capsys.readouterr()
    calibration.what_you_predicted()
    return capsys.readouterr().out


def test_none_yet(capsys):
    predict("2.1", "How many?", 80, unit="%")  # not measured yet
    assert said(capsys) == "You have made no prediction so far.\n"


def test_numbers_and_choices_are_counted_apart(capsys):
    for id, answer, measured in (("1.1", 60, 48.8), ("1.2", 95, 101), ("1.3", 100, 200)):
        predict(id, "How many?", answer, unit="%").compare(measured)
    predict("5.3", "Who?", "Taylor", options=["Taylor", "random"]).compare("random")
    predict("6.1", "Which?", "linear", options=["linear", "cubic"]).compare("linear")
    assert said(capsys) == (
        "Your predictions so far: 5.\n"
        "Choices: 1 of 2 right.\n"
        "Numbers: 1 of 3 within a tenth of what was measured; 1 above it, 2 below.\n"
    )


@pytest.mark.parametrize(("factor", "side"), [(2, "high"), (0.5, "low")])
def test_whoever_leans_to_one_side_is_told(factor, side, capsys):
    for number in range(1, 5):
        predict(f"1.{number}", "How many?", factor * number, unit="%").compare(number)
    assert f"You lean to the {side} side." in " ".join(said(capsys).split())


def test_of_two_nobody_can_tell(capsys):
    for number, answer in enumerate((2, 0.5), 1):
        predict(f"1.{number}", "How many?", answer, unit="%").compare(1)
    assert "lean" not in said(capsys)


@pytest.mark.parametrize("answer", ["sixty", None, [1], True, {}])
def test_an_entry_of_another_edition_stops_nothing(answer, capsys):
    predict("1.1", "How many?", 60, unit="%").compare(48.8)
    progress._update(lambda record: record["predictions"]["1.1"].update(answer=answer))
    assert "Your predictions so far: 1." in said(capsys)
