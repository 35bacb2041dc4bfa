"""Numbers in prose: found in whatever form they are written, and bound or refused."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.authoring import numbers, rules
from course_utils.authoring.numbers import Shown, binds, given, loose, unused
from course_utils.authoring.prose import README, Place, plain
from course_utils.authoring.quantities import quantities


def found(markdown):
    """[(value, unit)] of a markdown text."""
    return [(round(q.value, 6), q.unit) for q in quantities(plain(markdown))]


FORMS = {
    "94.6 %": [(94.6, "%")],
    "94.6%": [(94.6, "%")],
    "**94.6** %": [(94.6, "%")],
    "*94.6 %*": [(94.6, "%")],
    "`94.6 %`": [(94.6, "%")],
    "__94.6 %__": [(94.6, "%")],
    "<b>94.6</b>&nbsp;%": [(94.6, "%")],
    "94.6\u202f%": [(94.6, "%")],
    "94,6 %": [(94.6, "%")],
    "９５％": [(95, "%")],
    "[95 % of it](https://example.org/20%25)": [(95, "%")],
    "![it keeps 95 %](picture-20%.png)": [(95, "%")],
    "95 per cent, or 96 percent": [(95, "%"), (96, "%")],
    "- it takes 3 ms\n- and 4 s": [(3, "ms"), (4, "s")],
    "1. it takes 3 ms\n2. and 4 kB": [(3, "ms"), (4, "kB")],
    "> quoted: 3 MB": [(3, "MB")],
    "## 3.2 A lead of 7 points": [(7, "points")],
    "| net | test accuracy (%) |\n|---|---|\n| dense | **94.6** |": [(94.6, "%")],
    "| net | file |\n|---|---:|\n| dense | 1,066 kB |": [(1066, "kB")],
    "| kB | net |\n|--|--|\n| ≈ 12 | dense |": [(12, "kB")],
    "$94.6\\,\\%$": [(94.6, "%")],
    "$94.6\\%$ of it": [(94.6, "%")],
    "$1.5\\times$ as fast": [(1.5, "×")],
    "$$s = 48.8\\;\\%$$": [(48.8, "%")],
    "$3\\,\\mathrm{ms}$": [(3, "ms")],
    "$266{,}610$ parameters": [(266610, "parameters")],
    "1.5×": [(1.5, "×")],
    "1.5 x as fast": [(1.5, "×")],
    "2.5× faster": [(2.5, "×")],
    "3 times as fast": [(3, "×")],
    "twice as fast": [(2, "×")],
    "Twice as fast": [(2, "×")],
    "it doubles the file and halves the time": [(2, "×"), (0.5, "×")],
    "a tenfold gain": [(10, "×")],
    "2-3 %": [(2, "%"), (3, "%")],
    "2–3 %": [(2, "%"), (3, "%")],
    "2 to 3 %": [(2, "%"), (3, "%")],
    "25, 50 and 75 %": [(25, "%"), (50, "%"), (75, "%")],
    "94.6 ± 0.3 points": [(94.6, "points"), (0.3, "points")],
    "2 of 10 filters": [(2, "filters"), (10, "filters")],
    "−0.6 points": [(-0.6, "points")],
    "1e-5 s": [(1e-05, "s")],
    "1,000 digits": [(1000, "digits")],
    "1\u2009000 digits": [(1000, "digits")],
    "1,000 unseen test digits": [(1000, "digits")],
    "235,200 of the 266,200 weights": [(235200, "weights"), (266200, "weights")],
    "34,073,600 FLOPs": [(34073600, "FLOPs")],
    "4-byte numbers": [(4, "bytes")],
    "a 20-epoch run": [(20, "epochs")],
    "half a point": [(0.5, "points")],
    "Half a point is real": [(0.5, "points")],
    "a tenth of a point": [(0.1, "points")],
    "costs less than a point": [(1, "points")],
    "half of the filters": [(50, "%")],
    "two thirds of them": [(66.666667, "%")],
    "nine tenths of the weights": [(90, "%")],
    "¾ of the weights": [(75, "%")],
    "twelve seeds": [(12, "seeds")],
    "Twelve seeds": [(12, "seeds")],
    "twenty-five epochs": [(25, "epochs")],
    "two hundred and fifty weights": [(250, "weights")],
    "five points": [(5, "points")],
    "准确率 94.6％": [(94.6, "%")],
    "高 3 个百分点": [(3, "points")],
    "快 1.5 倍": [(1.5, "×")],
    "快两倍": [(2, "×")],
    "训练 10 轮": [(10, "epochs")],
    "二十五轮": [(25, "epochs")],
    "百分之五十": [(50, "%")],
    "耗时 3 毫秒": [(3, "ms")],
    "1,000 个权重": [(1000, "weights")],
    "一半": [(50, "%")],
    '<img src="a.png" alt="It keeps 95 %.">': [(95, "%")],
    "266k weights": [(266000, "weights")],
    "faster by a factor of 3.9": [(3.9, "×")],
    "a factor of four": [(4, "×")],
    "×3.9 faster": [(3.9, "×")],
    "cut by half": [(0.5, "×")],
    "it takes a third more": [(33.333333, "%")],
    "it stands at 0.49 after three rounds": [(3, "rounds")],
    "nine in ten digits": [(9, "digits"), (10, "digits")],
}


@pytest.mark.parametrize("markdown", FORMS)
def test_a_number_is_found_in_any_form(markdown):
    assert found(markdown) == FORMS[markdown]


@pytest.mark.parametrize(
    "markdown",
    [
        "Lesson 03, section 3.4, exercise 2.1 and lessons 01-03",
        "## 2.1 Magnitude",
        "Han and others (2015)",
        "a 10 × 10 layer",
        "a 3×3 conv",
        "$3 \\times 3$",
        "[a paper](https://arxiv.org/abs/1506.02626)",
        "https://example.org/95%25",
        "fc1 and L2",
        "one epoch, one seed",
        "the third block",
        "At this point, the point of it",
        "seeds 0, 1 and 2",
        "along dim 0 stand the filters",
        "a tenth round",
        "it falls by the factor 1 − a",
    ],
)
def test_a_name_or_a_shape_is_no_measurement(markdown):
    assert found(markdown) == []


def printed(text):
    return new_output("stream", name="stdout", text=text)


def lesson(prose, *outputs, code="x = 1"):
    return new_notebook(
        cells=[new_markdown_cell(prose), new_code_cell(code, outputs=list(outputs))]
    )


def table(text):
    return new_output("execute_result", data={"text/plain": text, "text/html": "<table></table>"})


FRAME = "          test accuracy (%)  file (kB)\nnet\ndense          ≈  94.6       1,066\n"
CLAIM = {"id": "2.a", "finding": "it keeps 48.8 %", "confirmed": True, "timed": False}


def claimed(**changes):
    data = {"text/plain": "✓ 2.a measured: it keeps 48.8 %", "text/html": "<p>48.8 %</p>"}
    return new_output("display_data", data=data, metadata={"claim": {**CLAIM, **changes}})


BOUND = [
    ("It keeps 94.6 %.", printed("kept: 94.6 %")),
    ("It keeps 94.6%.", printed("kept: 94.6 %")),
    ("It keeps 95 %.", printed("kept: 94.6 %")),
    ("It keeps ≈ 94.6 %.", printed("kept ≈ 94.6 %")),
    ("It keeps about 95 %.", printed("kept ≈  94.6 %")),
    ("It keeps nearly $95\\,\\%$.", printed("kept ≈ 94.6 %")),
    ("约 95 %", printed("kept ≈ 94.6 %")),
    ("It is twice as big.", printed("2.00 ×")),
    ("It is about twice as big.", printed("≈ 1.95 ×")),
    ("About half of it is left.", printed("left ≈ 51 %")),
    ("It has 266,610 parameters.", printed("parameters: 266,610")),
    ("It has about 94.6 %.", table(FRAME)),
    ("The file has 1,066 kB.", table(FRAME)),
    ("It keeps 48.8 %.", claimed()),
    ("It keeps 48.8 %.", printed("Prediction 1.1: measured 48.8 %; you made no prediction.")),
]
LOOSE = [
    ("It keeps 94.6 %.", printed("nothing")),
    ("It keeps 94.6 %.", printed("kept ≈ 94.6 %")),
    ("It keeps ≈ 94.6 %.", printed("kept ≈ 94.7 %")),
    ("It keeps about 95 %.", printed("kept ≈ 94.4 %")),
    ("It keeps about 90 %.", printed("kept ≈ 92.0 %")),
    ("It keeps 94.6 %.", printed("kept: 94.6 s")),
    ("It keeps 94.6 points.", printed("kept: 94.6 %")),
    ("It is about twice as big.", printed("≈ 1.6 ×")),
    ("It takes 3 ms.", printed("3 epochs")),
    ("It has 266,611 parameters.", printed("parameters: 266,610")),
    ("It has 94.6 %.", table(FRAME)),
    ("It keeps 48.8 %.", claimed(confirmed=False)),
    ("It keeps 48.8 %.", claimed(confirmed=None)),
    ("It keeps 48.8 %.", printed("Prediction 1.1: Does it keep 48.8 %?")),
    (
        "It keeps 48.8 %.",
        new_output(
            "display_data",
            data={"image/png": "aGk=", "text/plain": "A line that ends at 48.8 %."},
        ),
    ),
    (
        "It keeps 48.8 %.",
        new_output(
            "display_data",
            data={"text/plain": "S15  it keeps 48.8 %", "text/html": "<table></table>"},
            metadata={"claims": ["S15"]},
        ),
    ),
]


@pytest.mark.parametrize(("prose", "output"), BOUND)
def test_what_an_output_shows_is_bound(prose, output):
    assert rules.numbers_are_bound(lesson(prose, output)) == []


@pytest.mark.parametrize(("prose", "output"), LOOSE)
def test_what_no_output_shows_is_refused(prose, output):
    assert len(rules.numbers_are_bound(lesson(prose, output))) == 1


def test_another_run_that_moves_the_output_makes_the_sentence_red():
    for measured, red in ((94.6, 0), (94.62, 0), (94.7, 1), (93.9, 1)):
        after = lesson("It ends at ≈ 94.6 %.", printed(f"accuracy ≈ {measured} %"))
        assert len(rules.numbers_are_bound(after)) == red


def test_the_message_names_cell_number_and_the_three_ways_out():
    notebook = lesson("It keeps **94.6 %**.", printed("≈ 94.6 %"))
    (message,) = rules.numbers_are_bound(notebook)
    assert message.startswith(
        f"{notebook.cells[0].id} (prose) states '94.6 %' in “…It keeps 94.6 %"
    )
    assert "behind ≈ only, so say ≈ or about" in message
    for way in ("f-string", "drop the number", "solutions/given.toml"):
        assert way in message


TITLES = {
    'plotting.curves(x, "It keeps 94.6 %")': 1,
    'plotting.show(fig, alt="A line that ends at 94.6 %, as every other one.")': 1,
    'plotting.show(plotting.curves(x, "It keeps 94.6 %"), alt="It keeps 94.6 %.")': 2,
    'plotting.curves(x, title="A " + "line at 94.6 %")': 1,
    'plotting.curves(x, title=("A line " "at 94.6 %"))': 1,
    'plotting.curves(x, title=f"{n} lines at 94.6 %")': 1,
    'plotting.curves({"95 % cut": y}, title=f"It keeps {x:.1f} %")': 1,
    'ax.set_title("It keeps 94.6 %")': 1,
    'fig.suptitle("It keeps 94.6 %")': 1,
    'ax.plot(x, label="94.6 %")': 1,
    'words = "It keeps 94.6 %."\nplotting.show(fig, alt=words)': 1,
    'plotting.show(fig, alt="A line at {} and 94.6 %".format(x))': 1,
    'plotting.curves(x, title=f"It keeps {x:.1f} %")': 0,
    'print("It keeps 94.6 %")': 0,
    'plotting.show(fig, alt="A line that falls.")': 0,
}


@pytest.mark.parametrize("code", TITLES)
def test_titles_labels_and_alternative_texts_are_read(code):
    assert len(rules.numbers_are_bound(lesson("Look.", code=code))) == TITLES[code]


def test_what_an_f_string_computes_is_counted_as_bound():
    notebook = lesson("Look.", code='plotting.curves(x, f"{n} nets keep {100 * x:.1f} %")')
    part = numbers.Part("05", numbers.prose(notebook), [], {})
    assert numbers.counts([part]).loc[("05", "title"), "computed"] == 2


class TestGiven:
    @pytest.fixture
    def root(self, tmp_path):
        (tmp_path / "solutions").mkdir()
        return tmp_path

    def declare(self, root, text):
        (root / "solutions" / "given.toml").write_text(text, encoding="utf-8")
        return root

    def test_a_declared_phrase_is_given_where_it_stands_and_nowhere_else(self, root):
        self.declare(root, '["05"]\n"two epochs each" = "the budget"\n')
        places = [Place("05-001", "prose", plain("Two **epochs** each. After two epochs it ends."))]
        (message,) = loose(places, [], given("05", root))
        assert "'two epochs'" in message
        assert "After two epochs" in message
        assert given("04", root) == {}

    def test_what_is_given_in_all_lessons(self, root):
        self.declare(root, '[all]\n"1,000 test digits" = "the split"\n')
        assert given("01", root) == {"1,000 test digits": "the split"} == given(README, root)

    def test_a_phrase_that_stands_nowhere_is_refused(self, root):
        self.declare(root, '["05"]\n"two epochs" = "the budget"\n')
        places = [Place("05-001", "prose", "Twenty-two epochs.")]
        (message,) = unused(places, given("05", root))
        assert "'two epochs', which stands nowhere" in message

    @pytest.mark.parametrize("line", ['"two epochs" = ""', '"two epochs" = 2', '"soon" = "why"'])
    def test_an_entry_without_reason_or_number_is_refused(self, root, line):
        self.declare(root, f'["05"]\n{line}\n')
        with pytest.raises(ValueError, match=r"needs a reason|holds no number"):
            given("05", root)

    def test_without_the_file_nothing_is_given(self, root):
        assert given("05", root) == {}


@pytest.mark.parametrize(
    ("number", "text", "bound"),
    [
        (Shown(94.64, frozenset({"%"}), False), "94.6 %", True),
        (Shown(94.66, frozenset({"%"}), False), "94.6 %", False),
        (Shown(94.64, frozenset({"%"}), True), "94.6 %", False),
        (Shown(94.64, frozenset({"%"}), True), "≈ 94.6 %", True),
        (Shown(2.1, frozenset({"×"}), False), "twice", True),
        (Shown(2.2, frozenset({"×"}), False), "twice", False),
    ],
)
def test_the_tolerance_is_the_last_digit_or_a_twentieth_of_a_word(number, text, bound):
    (quantity,) = quantities(text)
    assert binds(number, quantity) is bound


# The course itself --------------------------------------------------------------------------------


PARTS = numbers.course()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_no_number_of_the_course_is_loose(part):
    """In prose, titles, alternative texts, hints and the README."""
    assert part.loose() == []


def test_every_kind_of_place_is_looked_at():
    table = numbers.counts(PARTS)
    assert {kind for _, kind in table.index} >= {"prose", "title", "alt", "hint", "README"}
    assert table.loc[("all", ""), "numbers"] > 300


def test_the_readme_and_the_hints_are_tried_as_well():
    readme = next(part for part in PARTS if part.name == README)
    wrong = [Place(README, "README", plain("A net keeps **12.34 %**."))]
    assert loose(wrong, readme.outputs, readme.phrases)
    assert any(place.kind == "hint" for part in PARTS for place in part.places)


def test_a_moved_output_makes_the_prose_of_a_real_lesson_red():
    """Every number that an output prints is raised: what was bound to it must come loose."""
    lesson_01 = next(part for part in PARTS if part.name == "01")
    moved = [Shown(n.value * 1.1 + 0.7, n.units, n.about) for n in lesson_01.outputs]
    stated = [q for place in lesson_01.places for q in quantities(place.words)]
    assert len(loose(lesson_01.places, moved, lesson_01.phrases)) > len(stated) / 4
