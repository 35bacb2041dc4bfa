"""The claim line: a statement, the measurement that decides it, and the verdict."""

import numpy as np
import pytest
import torch

from course_utils.lesson import progress
from course_utils.lesson.claims import SOURCE, VERDICTS, claim
from course_utils.lesson.text import WIDTH


def joined(text):
    """The text in one line, however it was wrapped."""
    return " ".join(text.split())


class TestLine:
    def test_a_finding_of_the_course(self, capsys):
        claim("2.a", "half of the weights can go", 1 < 2)
        assert capsys.readouterr().out == "✓ 2.a measured: half of the weights can go\n"

    def test_one_that_does_not_hold(self, capsys):
        claim("2.a", "half of the weights can go", 1 > 2)
        assert capsys.readouterr().out == (
            "✗ 2.a not confirmed on this machine: half of the weights can go\n"
        )

    def test_a_claim_of_the_source_is_quoted_with_its_verdict(self, capsys):
        claim("S15", "three rounds of 20 % prune less than half", True, "does not hold here")
        first, *source = capsys.readouterr().out.splitlines()
        assert first == "✓ S15 measured: three rounds of 20 % prune less than half"
        assert all(line.startswith("  ") for line in source)
        assert joined("\n".join(source)) == (
            "The source says “three rounds of l1_unstructured(amount=0.2) prune 60 % in total”: "
            "does not hold here."
        )

    def test_no_line_is_wider_than_a_notebook(self, capsys):
        finding = "a finding of many words " * 10
        claim("S15", finding, True, "holds when " + finding)
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) > 5
        assert max(map(len, lines)) <= WIDTH
        assert all(line.startswith("  ") for line in lines[1:])

    @pytest.mark.parametrize("id", SOURCE)
    def test_every_claim_of_the_source_can_be_judged(self, id, capsys):
        claim(id, "measured", True, "holds")
        assert SOURCE[id] in joined(capsys.readouterr().out)

    @pytest.mark.parametrize("verdict", [*VERDICTS, "holds when the layer is large"])
    def test_verdicts(self, verdict, capsys):
        claim("S1", "measured", True, verdict)
        out = capsys.readouterr().out
        assert out.endswith(".\n")
        assert joined(out).endswith(f": {verdict}.")


class TestTruth:
    @pytest.mark.parametrize(
        "make", [bool, np.bool_, np.array, torch.tensor, lambda truth: torch.tensor([truth])]
    )
    @pytest.mark.parametrize("truth", [True, False])
    def test_any_kind_of_comparison(self, make, truth, capsys):
        claim("2.a", "it is so", make(truth))
        assert capsys.readouterr().out.startswith("✓" if truth else "✗")
        assert progress.load()["claims"]["it is so"]["confirmed"] is truth

    @pytest.mark.parametrize(
        "given",
        [
            *(1, 0, 0.5, "yes", "", None, [], [True]),
            *(np.int64(1), torch.tensor(1), torch.tensor(0.5)),
            *(np.array([True, False]), torch.tensor([True, False])),
        ],
    )
    def test_a_count_or_several_answers_are_a_mistake(self, given, capsys):
        with pytest.raises(TypeError, match="True or False, the result of a comparison; got"):
            claim("2.a", "it is so", given)
        assert capsys.readouterr().out == ""
        assert progress.load()["claims"] == {}


class TestRules:
    @pytest.mark.parametrize("id", ["", "2", "a.2", "2.ab", "s15", "S", "2.a ", "12.a"])
    def test_an_id_of_another_form(self, id):
        with pytest.raises(ValueError, match="neither a source claim"):
            claim(id, "it is so", True)

    def test_a_source_claim_that_does_not_exist(self):
        with pytest.raises(ValueError, match="S99 must be one of"):
            claim("S99", "it is so", True, "holds")

    def test_a_source_claim_without_a_verdict(self):
        with pytest.raises(ValueError, match=r"S15 must be one of .* needs a verdict"):
            claim("S15", "it is so", True)

    def test_a_finding_with_a_verdict(self):
        with pytest.raises(ValueError, match="a verdict is about a source claim"):
            claim("2.a", "it is so", True, "holds")

    def test_a_verdict_of_other_words(self):
        with pytest.raises(ValueError, match="'maybe' must start with one of"):
            claim("S15", "it is so", True, "maybe")


class TestRecord:
    def test_keeps_the_last_measurement_of_each_finding(self):
        claim("2.a", "one", False)
        claim("2.a", "two", True)
        claim("2.a", "one", True)
        claim("S1", "three", False, "holds")
        kept = progress.load()["claims"]
        assert {finding: entry["confirmed"] for finding, entry in kept.items()} == {
            **{"one": True, "two": True, "three": False}
        }
        assert kept["three"]["id"] == "S1"
        assert kept["three"]["verdict"] == "holds"
