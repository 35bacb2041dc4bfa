"""The claim line: a statement, the measurement that decides it, and the verdict."""

import html
import math
import re

import numpy as np
import pytest
import torch

from course_utils.intervals import paired_difference
from course_utils.lesson import claims, progress, source_table, what_you_measured
from course_utils.lesson.claims import (
    AGAIN,
    JUDGED,
    OUTCOMES,
    SOURCE,
    VERDICTS,
    Claim,
    claim,
    time_claim,
    within,
)
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

    def test_source_verdict_and_evidence_stand_apart(self, capsys):
        claim("S15", "three rounds of 20 % prune less than half", True, "does not hold here")
        assert capsys.readouterr().out.splitlines() == [
            "S15 · The source says: “three rounds of l1_unstructured(amount=0.2) prune 60 % in",
            "  total”",
            "  Verdict:  does not hold here",
            "  Evidence: ✓ measured: three rounds of 20 % prune less than half",
        ]

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

    def test_one_that_was_not_confirmed_gives_no_verdict(self, capsys):
        claim("S15", "three rounds of 20 % prune less than half", False, "does not hold here")
        out = capsys.readouterr().out
        assert "  Verdict:  none\n  Evidence: ✗ not confirmed on this machine: three" in out
        assert "does not hold" not in out

    def test_the_source_says_what_the_course_says_that_it_does(self):
        assert [*SOURCE] == [f"S{number}" for number in range(1, 19)]

    @pytest.mark.parametrize(
        "verdict",
        [
            *VERDICTS,
            "holds when the layer is large",
            "holds, and more",
            "holds: 50 of 100",
            "holds when few are left: the rest follows",
            "does not hold here: it rounds",
        ],
    )
    def test_verdicts(self, verdict, capsys):
        claim("S1", "measured", True, verdict)
        out = capsys.readouterr().out
        assert f" Verdict: {verdict} Evidence: ✓ measured: measured" in joined(out)


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

    @pytest.mark.parametrize("judge", [claim, time_claim])
    @pytest.mark.parametrize(
        "verdict",
        [
            *(
                "",
                "maybe",
                "holdsgarbage",
                "holds!",
                "holds whenever it rains",
                "holds whenit rains",
            ),
            *("Holds", " holds", "holds,", "holds: ", "holds when ", "holds when", "holds here"),
            *("does not hold", "does not hold hereabouts", "does not hold here,garbage"),
        ],
    )
    def test_a_verdict_of_other_words(self, judge, verdict, capsys):
        with pytest.raises(ValueError, match=r"must start with one of .*'does not hold here'"):
            judge("S15", "it is so", True, verdict=verdict)
        assert capsys.readouterr().out == ""
        assert progress.load()["claims"] == {}


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


ANSWERS = [True, False, None]


class TestOfTime:
    @pytest.mark.parametrize(
        ("answers", "outcome"),
        [
            ([True], True),
            ([False], False),
            ([None], None),
            ([True, True], True),
            ([np.True_, torch.tensor(True)], True),
            ([True, None], None),
            ([None, True], None),
            ([True, False], False),
            ([None, False], False),
            ([False, None, True], False),
        ],
    )
    def test_one_false_answer_decides_and_one_that_is_missing_leaves_it_open(
        self, answers, outcome, capsys
    ):
        time_claim("3.g", "the net is faster", *answers)
        first, *rest = capsys.readouterr().out.splitlines()
        assert first == f"≈ {OUTCOMES[outcome].format(id='3.g')} the net is faster"
        assert rest == ([] if outcome else [f"  {AGAIN}"])
        assert progress.load()["claims"]["the net is faster"]["confirmed"] is outcome

    @pytest.mark.parametrize("given", [1, 0.9, "yes", torch.tensor([True, False])])
    def test_a_ratio_is_no_answer(self, given, capsys):
        with pytest.raises(TypeError, match="True or False, the result of a comparison"):
            time_claim("3.g", "the net is faster", True, given)
        assert capsys.readouterr().out == ""
        assert progress.load()["claims"] == {}

    def test_no_answer_is_refused(self):
        with pytest.raises(TypeError, match=r"needs an answer, such as ratio.above\(1.5\)"):
            time_claim("3.g", "the net is faster")

    @pytest.mark.parametrize("length", range(1, 120, 7))
    @pytest.mark.parametrize("verdict", [None, "holds when the filters are removed"])
    def test_the_lines_break_alike_whatever_the_outcome_is(self, verdict, length, capsys):
        seen = set()
        for answer in ANSWERS:
            finding = " ".join(["four"] * length)
            time_claim("S5" if verdict else "3.g", finding, answer, verdict=verdict)
            out = capsys.readouterr().out
            assert max(map(len, out.splitlines())) <= WIDTH
            start = joined(OUTCOMES[answer].format(id="" if verdict else "3.g"))
            seen.add(out.replace(start, "").replace(JUDGED[answer], "").replace(f"\n  {AGAIN}", ""))
        assert len(seen) == 1

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (True, "≈ ✓ holds when it is small"),
            (False, "≈ ✗ none; with a ✓: holds when it is small"),
            (None, "≈ ? none yet; with a ✓: holds when it is small"),
        ],
    )
    def test_a_verdict_without_a_sign_says_that_it_is_none(self, answer, said, capsys):
        time_claim("S5", "it is faster", answer, verdict="holds when it is small")
        assert f"  Verdict:  {said}\n" in capsys.readouterr().out


class Notebook:
    """In the place of IPython's display: what a notebook would be given."""

    def __init__(self, monkeypatch):
        self.shown = []
        monkeypatch.setattr("IPython.get_ipython", lambda: self)
        monkeypatch.setattr(
            "IPython.display.display",
            lambda data, metadata, raw: self.shown.append((data, metadata)),
        )

    @property
    def last(self):
        return self.shown[-1]


@pytest.fixture
def notebook(monkeypatch):
    return Notebook(monkeypatch)


@pytest.fixture
def made(monkeypatch):
    """No claim has been made yet, as in a fresh kernel."""
    monkeypatch.setattr(claims, "_made", {})


class TestInANotebook:
    def test_the_html_stands_beside_the_same_text(self, notebook, capsys):
        claim("S15", "three rounds prune < half", True, "does not hold here")
        data, about = notebook.last
        assert capsys.readouterr().out == ""
        assert data["text/plain"] == str(
            Claim("S15", "three rounds prune < half", True, "does not hold here")
        )
        rows = re.findall(r"<th[^>]*>(.*?)</th><td[^>]*>(.*?)</td>", data["text/html"])
        assert rows == [
            ("S15 · The source says", f"“{html.escape(SOURCE['S15'])}”"),
            ("Verdict", "<strong>does not hold here</strong>"),
            ("Evidence", "✓ measured: three rounds prune &lt; half"),
        ]
        assert about["claim"]["id"] == "S15"

    def test_no_verdict_without_a_tick(self, notebook):
        claim("S15", "three rounds prune less", False, "does not hold here")
        assert "does not hold" not in notebook.last[0]["text/html"]
        assert "<strong>none</strong>" in notebook.last[0]["text/html"]

    def test_a_finding_of_the_course_is_a_paragraph(self, notebook):
        claim("2.a", "half can go", True)
        assert notebook.last[0]["text/html"] == "<p>✓ 2.a measured: half can go</p>"


class TestClosingTable:
    def test_every_claim_stands_there_as_it_came_out_last(self, made, notebook):
        claim("2.b", "it grows", True)
        claim("S15", "they prune less", True, "does not hold here")
        claim("2.a", "half can go", True)
        claim("S2", "it is a product", False, "holds")
        claim("2.a", "half can go", False)
        what_you_measured()
        data, about = notebook.last
        rows = re.findall(r"<tr><th scope=\"row\"[^>]*>(.*?)</th>(.*?)</tr>", data["text/html"])
        cells = {head: re.findall(r"<td[^>]*>(.*?)</td>", row) for head, row in rows}
        assert cells == {
            "S2": [
                "✗ not confirmed on this machine: it is a product",
                f"“{html.escape(SOURCE['S2'])}”",
                "<strong>none</strong>",
            ],
            "S15": [
                "✓ measured: they prune less",
                f"“{html.escape(SOURCE['S15'])}”",
                "<strong>does not hold here</strong>",
            ],
            "2.a": ["✗ not confirmed on this machine: half can go"],
            "2.b": ["✓ measured: it grows"],
        }
        # Each row fills the four columns: a finding of the course has nothing to say in two.
        assert {head: row.count("colspan") for head, row in rows} == {
            "S2": 0,
            "S15": 0,
            "2.a": 1,
            "2.b": 1,
        }
        assert data["text/html"].count(' colspan="3"') == 2
        assert [*cells] == ["S2", "S15", "2.a", "2.b"] == about["claims"]
        assert data["text/plain"].splitlines() == [
            "S2   ✗ not confirmed on this machine: it is a product",
            f"     Source:  “{SOURCE['S2']}”",
            "     Verdict: none",
            "S15  ✓ measured: they prune less",
            f"     Source:  “{SOURCE['S15']}”",
            "     Verdict: does not hold here",
            "2.a  ✗ not confirmed on this machine: half can go",
            "2.b  ✓ measured: it grows",
        ]

    def test_without_the_source_it_has_two_columns(self, made, notebook):
        claim("2.a", "half can go", True)
        what_you_measured()
        table = notebook.last[0]["text/html"]
        heads = re.findall(r'<th scope="col"[^>]*>(.*?)</th>', table)
        assert heads == ["claim", "what was measured"]
        assert "colspan" not in table

    def test_before_the_first_claim_it_says_so(self, made, capsys):
        what_you_measured()
        assert capsys.readouterr().out == "Nothing is measured yet: run the cells above.\n"

    def test_one_that_is_refused_is_not_in_it(self, made, capsys):
        with pytest.raises(TypeError):
            claim("2.a", "half can go", 1)
        what_you_measured()
        assert "2.a" not in capsys.readouterr().out

    def test_signs_in_a_finding_are_no_markup(self, made, notebook):
        claim("2.a", "a < b & c > d", True)
        what_you_measured()
        assert "a &lt; b &amp; c &gt; d" in notebook.last[0]["text/html"]


def test_the_source_is_listed_whole_in_its_order(notebook):
    source_table()
    data, _ = notebook.last
    rows = re.findall(r"<th[^>]*>(.*?)</th><td[^>]*>(.*?)</td>", data["text/html"])
    assert rows == [(id, html.escape(says)) for id, says in SOURCE.items()]
    for id, says in SOURCE.items():
        assert f"{id} {says}" in joined(data["text/plain"])


class TestSizes:
    @pytest.mark.parametrize(("bounds", "sign"), [((1, 2), "✓"), ((1.6, 2), "✗"), ((0, 1.4), "✗")])
    def test_a_mean_with_its_interval(self, bounds, sign, capsys):
        """The mean decides; whether the bounds fit the interval is for whoever sets them."""
        claim("2.a", "it is about 1.5", within(paired_difference([2, 4], [1, 2]), *bounds))
        assert capsys.readouterr().out.startswith(sign)

    def test_what_a_notebook_notes(self, notebook):
        difference = paired_difference([2, 4], [1, 2])
        claim("2.a", "two sizes", [within(difference, 1, 2), within(3, 2, 4)])
        _, metadata = notebook.last
        assert metadata["claim"]["sizes"] == [
            {"value": 1.5, "low": 1, "high": 2, "interval": (difference.low, difference.high)},
            {"value": 3, "low": 2, "high": 4, "interval": None},
        ]

    @pytest.mark.parametrize("value", [1, 1.5, 2, torch.tensor(1.5), np.float32(1.5)])
    def test_within_its_bounds(self, value, capsys):
        claim("2.a", "it is about 1.5", within(value, 1, 2))
        assert capsys.readouterr().out == "✓ 2.a measured: it is about 1.5\n"

    @pytest.mark.parametrize("value", [0.99, 2.01, math.nan, math.inf, -math.inf])
    def test_outside_of_them(self, value, capsys):
        claim("2.a", "it is about 1.5", within(value, 1, 2))
        assert capsys.readouterr().out.startswith("✗ 2.a not confirmed")

    @pytest.mark.parametrize(
        ("conditions", "sign"),
        [
            ([within(1, 0, 2), within(3, 2, 4)], "✓"),
            ([within(1, 0, 2), within(5, 2, 4)], "✗"),
            ([within(1, 0, 2), 1 < 2], "✓"),
            ([1 > 2, within(1, 0, 2)], "✗"),
        ],
    )
    def test_all_of_several_must_hold(self, conditions, sign, capsys):
        claim("2.a", "they hold", conditions)
        assert capsys.readouterr().out.startswith(sign)

    @pytest.mark.parametrize(
        "conditions", [[], [within(1, 0, 2), 1], [within(1, 0, 2), "yes"], (within(1, 0, 2), True)]
    )
    def test_what_is_no_condition_is_a_mistake(self, conditions):
        with pytest.raises(TypeError, match="True or False"):
            claim("2.a", "it is so", conditions)

    @pytest.mark.parametrize("numbers", [("1", 0, 2), (None, 0, 2), (1, True, 2), (1, 0, [2])])
    def test_bounds_are_numbers(self, numbers):
        with pytest.raises(TypeError, match="within takes three numbers; got"):
            within(*numbers)

    @pytest.mark.parametrize("bounds", [(2, 1), (1, 1), (math.nan, 1), (1, math.nan)])
    def test_the_lower_bound_is_below_the_upper(self, bounds):
        with pytest.raises(ValueError, match="is not below high"):
            within(1.5, *bounds)
