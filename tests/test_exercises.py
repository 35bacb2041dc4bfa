"""The checker: every exercise, right and wrong, and what the checker may never do."""

import ast
import copy
import importlib
import itertools
import math
import sys
import threading
import time
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from mutants import mutants, mutants_of_calls
from right_answers import RIGHT_ANSWERS
from wrong_answers import WRONG_ANSWERS

import course_utils
from course_utils import masks, schedules, scores
from course_utils.authoring import build
from course_utils.exercises import all_exercises, exercises_of
from course_utils.exercises import lesson00 as ex00
from course_utils.exercises import lesson01 as ex01
from course_utils.exercises import lesson02 as ex02
from course_utils.exercises import lesson03 as ex03
from course_utils.exercises import lesson05 as ex05
from course_utils.exercises import lesson06 as ex06
from course_utils.exercises.checker import buttons, comparing, feedback
from course_utils.lesson import dashboard, progress
from course_utils.lesson.syllabus import LESSONS

EXERCISES = all_exercises()
by_id = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)

# Mutants that no answer can tell from the reference, each with its reason.
EQUIVALENT = {
    ("2.2", "strict= dropped in 'zip(weights.items(), pieces, strict=True)'"): "equal lengths",
    ("2.2", "truth turned in 'True'"): "the same: strict=True",
    ("3.4", "leaves nets with another eval"): "to compare in eval mode and stay there is right",
    ("3.7", "leaves nets with another eval"): "as for 3.4",
    ("3.7", "Gt → GtE in '(small[number](given) - right).abs().max() > 0.0001'"): "never just so",
    ("7.4", "0 or nearly in 'code == 0'"): "codes are whole numbers",
    ("7.6", "round → (lambda x: math.floor(x + 0.5)) in 'round(-smallest / scale)'"): "no halves",
    ("7.8", "Gt → GtE in 'abs(mean - total[column]) > 0.1'"): "no mean is off by just the limit",
}


def words(text):
    return " ".join(text.split())


def copy_of(function):
    """The same function under another identity, as a learner's right answer would be."""
    return types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__
    )


def exercises_module(exercise):
    """What a lesson calls ``ex``."""
    return importlib.import_module(f"course_utils.exercises.lesson{exercise.lesson}")


def functions_in(notebook):
    """Each function that a notebook defines, by name; the last definition wins."""
    tools = {
        "torch": torch,
        "copy": copy,
        "math": math,
        "masks": masks,
        "magnitude_mask": masks.magnitude_mask,
        "conv_flops": ex03.conv_flops.reference,
    }
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.FunctionDef):
                    exec(compile(ast.Module([node], []), "<cell>", "exec"), tools)
    return tools


@pytest.fixture(scope="module")
def solved():
    return {s.name[:2]: build.solved_notebook(s) for s in build.sources()}


# Every exercise -----------------------------------------------------------------------------------


@by_id
def test_is_declared_in_full(exercise):
    assert len(exercise.misconceptions) >= 3
    assert len(exercise.hints) == 3
    assert len({case.label for case in exercise.cases}) == len(exercise.cases) >= 4
    assert 1 <= exercise.difficulty <= 3
    assert 1 <= exercise.importance <= 3
    assert exercise.minutes > 0


def test_ids_are_unique_and_in_order():
    ids = [exercise.id for exercise in EXERCISES]
    assert len(set(ids)) == len(ids)
    assert ids == [e.id for lesson in LESSONS for e in exercises_of(lesson.number)]


@by_id
def test_reference_is_right(exercise):
    assert exercise.judge(copy_of(exercise.reference)).outcome == "right"


@by_id
def test_solution_of_the_notebook_is_right(exercise, solved):
    answer = functions_in(solved[exercise.lesson])[exercise.name]
    assert exercise.judge(answer).outcome == "right"


@by_id
def test_other_right_answers_are_right(exercise):
    for answer in RIGHT_ANSWERS[exercise.id]:
        assert exercise.judge(answer).text.startswith("✓"), exercise.judge(answer).text


@by_id
def test_other_wrong_answers_are_named(exercise):
    for answer, named in WRONG_ANSWERS.get(exercise.id, ()):
        verdict = exercise.judge(answer)
        assert verdict.outcome in ("wrong", "crashed"), answer.__name__
        assert named in words(verdict.text), f"{answer.__name__}: {verdict.text}"


@by_id
def test_open_stub_is_not_attempted(exercise, solved):
    stub = functions_in(build.learner_notebook(solved[exercise.lesson]))[exercise.name]
    verdict = exercise.judge(stub)
    assert verdict.outcome == "not attempted"
    assert "not attempted" in verdict.text


@by_id
def test_every_misconception_gets_its_own_message(exercise):
    for misconception in exercise.misconceptions:
        verdict = exercise.judge(misconception.wrong)
        assert verdict.outcome == "wrong", misconception.wrong.__name__
        assert words(misconception.says) in words(verdict.text), misconception.wrong.__name__
    assert len({m.says for m in exercise.misconceptions}) == len(exercise.misconceptions)


@by_id
def test_no_mutant_survives(exercise):
    survivors, excused = [], set()
    calls = [case.make for case in exercise.cases]
    in_calls = mutants_of_calls(exercise.reference, calls)
    for description, mutant in itertools.chain(mutants(exercise.reference), in_calls):
        if exercise.judge(mutant, seconds=1).outcome in ("wrong", "crashed"):
            continue
        key = (exercise.id, description.partition(": ")[2] or description)
        (excused.add if key in EQUIVALENT else survivors.append)(key)
    assert not survivors
    assert excused == {key for key in EQUIVALENT if key[0] == exercise.id}


@by_id
def test_box_in_the_lesson_agrees_with_the_declaration(exercise, solved):
    stars = ("★☆☆", "★★☆", "★★★")
    box = (
        f"> ### Exercise {exercise.id} · {exercise.title}\n"
        f"> difficulty {stars[exercise.difficulty - 1]} · "
        f"importance {stars[exercise.importance - 1]} · {exercise.minutes} minutes"
    )
    cells = solved[exercise.lesson].cells
    assert sum(box in cell.source for cell in cells) == 1
    call = f"{exercise.name} = ex.{exercise.name}.check({exercise.name})"
    assert sum(call in cell.source for cell in cells) == 1


@by_id
def test_no_later_cell_defines_the_answer_again(exercise, solved):
    defined = f"def {exercise.name}("
    assert sum(defined in cell.source for cell in solved[exercise.lesson].cells) == 1


@by_id
def test_what_is_printed_as_given_runs_as_code(exercise):
    tools = {"torch": torch, "math": math, "ex": exercises_module(exercise)}
    for case in exercise.cases:
        failure = types.SimpleNamespace(case=case)
        _, *given = feedback._case(exercise, failure)
        for line, value in zip(given, case.make(), strict=True):
            name, _, code = line.removeprefix("Given    : ").partition(" = ")
            pasted = eval(code, tools)
            assert type(pasted) is type(value), name
            if isinstance(value, torch.Tensor):
                assert pasted.shape == value.shape
                assert pasted.dtype == value.dtype


@by_id
def test_hints_lead_on_and_then_say_that_they_end(exercise, capsys):
    exercise._hints_shown = 0
    for number in (1, 2, 3, 3):
        exercise.hint()
        printed = capsys.readouterr().out
        assert f"Hint {number} of 3" in printed
        assert ("last one" in printed) == (number == 3)
    exercise._hints_shown = 0


@by_id
def test_solution_shows_the_reference(exercise, capsys):
    exercise.solution()
    assert f"def {exercise.name}(" in capsys.readouterr().out


# What the checker says ----------------------------------------------------------------------------


def test_check_returns_the_learners_own_or_the_reference(capsys):
    right = copy_of(ex01.apply_mask.reference)
    assert ex01.apply_mask.check(right) is right
    assert ex01.apply_mask.check(lambda weight, mask: weight) is ex01.apply_mask.reference
    assert capsys.readouterr().out.startswith("✓ Exercise 1.1")


def test_a_case_is_there_to_be_tried():
    (weight, sparsity), (again, _) = ex02.magnitude_mask.case(2), ex02.magnitude_mask.case(2)
    assert comparing.same((weight, sparsity), ex02.magnitude_mask.cases[1].make(), 0)
    assert again is not weight
    for number in (0, -1, 99):
        with pytest.raises(ValueError, match="has the cases 1 to"):
            ex02.magnitude_mask.case(number)


def test_buttons_below_a_wrong_verdict_do_what_the_methods_do(monkeypatch):
    called = []
    exercise = types.SimpleNamespace(
        id="1.1", hint=lambda: called.append("hint"), solution=lambda: called.append("solution")
    )
    row, _ = buttons.buttons(exercise).children
    for button in row.children:
        button.click()
    assert called == ["hint", "solution"]


def test_buttons_stand_below_what_is_not_right(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr(buttons, "show", lambda exercise: shown.append(exercise.id))
    ex01.apply_mask.check(copy_of(ex01.apply_mask.reference))
    ex01.apply_mask.check(lambda weight, mask: ...)
    assert shown == ["1.1"]
    assert "Compare  : ex.apply_mask.solution()" in capsys.readouterr().out


def test_the_smallest_failing_case_is_shown():
    verdict = ex02.magnitude_mask.judge(lambda weight, sparsity: weight.abs() > 1e9)
    assert "Case     : one weight, half of it" in verdict.text
    assert "It prunes 1 of 1 where 0 are to go." in verdict.text
    for label in ("Checked", "Given    : weight =", "Given    : sparsity =", "Expected", "Yours"):
        assert label in verdict.text


def test_a_zero_is_shown_without_its_sign():
    assert "-0" not in ex01.apply_mask.judge(lambda weight, mask: 0 * weight).text


def test_a_wrong_mask_comes_with_a_picture_of_the_wrong_cells(capsys):
    def reversed_order(weight, sparsity):
        return masks.magnitude_mask(weight.flip(0), sparsity)

    verdict = ex02.magnitude_mask.judge(reversed_order)
    expected, got = verdict.picture
    assert expected.shape == got.shape
    assert not torch.equal(expected, got)
    ex02.magnitude_mask.check(reversed_order)
    shown = capsys.readouterr().out
    assert f"{int((expected != got).sum())} of {got.numel()} cells differ" in shown


async def promised(weight, mask):
    return weight * mask


async def promised_row_by_row(weight, mask):
    yield weight * mask


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (promised, "It is a coroutine where a tensor of shape 1 is expected: write def, not async"),
        (promised_row_by_row, "write def, not async def, and return, not yield."),
        (lambda weight, mask: (w for w in weight), "gives its result with return, not yield"),
        (lambda weight, mask: (weight * mask).double(), "float64 where float32 is expected"),
        (lambda weight, mask: (weight * mask).flatten(), "It has shape 4 where 2×2 is expected."),
        (lambda weight, mask: (weight * mask).tolist(), "a list where a tensor of shape"),
        (lambda weight, mask: None, "a path through your function without a return"),
        (lambda weight, mask: weight * mask + 1, "numbers differ"),
    ],
)
@pytest.mark.filterwarnings("error")  # of a coroutine that nobody awaited
def test_type_shape_dtype_and_values_are_told_apart(answer, said):
    assert said in words(ex01.apply_mask.judge(answer).text)


def test_an_input_changed_in_place_is_named():
    def reorders(weights):
        result = ex01.model_sparsity.reference(weights)
        weights.clear()
        return result

    text = ex01.model_sparsity.judge(reorders).text
    assert "It changes weights in place" in words(text)


def test_gradients_switched_on_in_an_input_are_named():
    def on_the_input(weight, loss):
        (gradient,) = torch.autograd.grad(loss(weight.requires_grad_()), weight)
        return weight * gradient + 1

    text = ex05.taylor_scores.judge(on_the_input).text
    assert "It switches on gradients on `weight` itself; work on a clone." in words(text)
    assert "in place" not in text


def test_gradients_switched_on_inside_a_dictionary_are_named():
    def on_the_input(weights):
        result = ex05.comparable_norms.reference(weights)
        for weight in weights.values():
            weight.requires_grad = True
        return result

    text = ex05.comparable_norms.judge(on_the_input).text
    assert "It switches on gradients on `weights` itself" in words(text)


def test_numbers_that_print_alike_come_with_their_difference():
    def rounded(weights):
        taught = ex05.comparable_norms.reference(weights)
        return {name: norms + 3e-5 for name, norms in taught.items()}

    text = ex05.comparable_norms.judge(rounded).text
    assert "Differ   : they print alike; largest difference 3e-05" in text
    assert "Differ" not in ex01.apply_mask.judge(lambda weight, mask: weight * mask + 1).text


def test_two_results_in_one_are_told_apart_from_one():
    def both(weight, n, dim):
        if n == math.inf:
            return weight.movedim(dim, 0).flatten(1).abs().max(1)
        return scores.group_norm(weight, n, dim)

    text = words(ex05.group_norms.judge(both).text)
    assert "`.max(dim)` returns values and indices; take `.amax(dim)` or `.max(dim).values`" in text
    sort = comparing.difference(torch.ones(2), torch.ones(2, 2).sort(1), 0)
    assert sort.wrong.startswith("`.sort(…)` returns values and indices")


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        ((1.0, 2.0), torch.tensor([1.0, 2.0]), True),
        ([1.0, 2.0], np.array([1, 2]), True),
        ([[1, 2], [3, 4]], torch.tensor([[1, 2], [3, 4]]), True),
        ([], torch.empty(0), True),
        ([1.0, 2.0], torch.tensor([1.0, 2.5]), False),
        ([1.0, 2.0], np.array([1.0, 2.0, 3.0]), False),
        ([1.0], torch.tensor(1.0), False),
        (1.0, torch.tensor([1.0, 2.0]), False),
        (np.array([1, 2]), np.array([1, 2]), True),
        (np.array([1, 2]), np.array([[1, 2]]), False),
        (torch.tensor([1, 2]), np.array([1, 2]), False),
    ],
)
def test_tensors_and_arrays_may_stand_for_lists_of_numbers(expected, got, same):
    assert comparing.same(expected, got, 0) is same


def test_types_are_named_in_plain_words():
    text = ex01.apply_mask.judge(lambda weight, mask: (weight * mask).numpy()).text
    assert "It is a NumPy array where a tensor of shape" in text
    assert "Yours    : a NumPy array" in text
    assert "ndarray" not in text
    assert comparing.type_words(OSError()) == "an OSError"


def test_a_matrix_stands_in_a_block_and_inside_another_value_in_one_line():
    matrix, mask = torch.tensor([[0.5, -2.0], [3.0, 1.0]]), torch.eye(2).bool()
    assert feedback.describe(matrix) == "\n    0.5  -2\n      3   1"
    assert feedback.describe(mask) == "\n    ■ □\n    □ ■"
    assert feedback.describe({"fc": matrix}) == "{'fc': [[0.5, -2], [3, 1]]}"
    assert feedback.describe((matrix, mask)) == "([[0.5, -2], [3, 1]], ■ □ / □ ■)"
    assert feedback.describe([torch.zeros(0, 2), torch.zeros(9, 9)]) == (
        "[tensor 0×2, float32, tensor 9×9, float32]"
    )


def test_a_crash_shows_the_learners_own_line(tmp_path):
    cell = tmp_path / "cell.py"
    cell.write_text(
        "import torch\ndef apply_mask(weight, mask):\n    return weight @ mask.nope\n",
        encoding="utf-8",
    )
    namespace = {}
    exec(compile(cell.read_text(encoding="utf-8"), str(cell), "exec"), namespace)
    verdict = ex01.apply_mask.judge(namespace["apply_mask"])
    assert verdict.outcome == "crashed"
    assert "AttributeError" in verdict.text
    assert "In line 3 of your cell: return weight @ mask.nope" in verdict.text
    assert str(tmp_path) not in verdict.text


def test_a_known_crash_is_explained():
    def transposed(x, mask, grad_y):
        return mask * (x @ grad_y)

    assert "grad_y is (batch, out)" in words(ex01.masked_gradient.judge(transposed).text)


def test_a_mistake_is_named_though_the_answer_also_crashes_on_some_case():
    def without_a_guard(schedule):
        steps = [total - before for before, total in zip([0, *schedule], schedule, strict=False)]
        return steps if 1 not in schedule else [step / 0 for step in steps]

    text = words(ex06.amounts.judge(without_a_guard).text)
    assert "You give what each round takes of the *whole*." in text


def test_a_mistake_is_not_guessed_where_the_answer_crashes_on_most_cases():
    def for_one_round(schedule):
        (total,) = schedule
        return [total / 2]

    def only_for_three_rounds(schedule):
        first, second, third = schedule
        return [first, second - first, third - second]

    assert "Checked  : the value of entry 0" in ex06.amounts.judge(for_one_round).text
    assert ex06.amounts.judge(only_for_three_rounds).outcome == "crashed"


def test_a_function_with_too_few_arguments_is_a_crash_not_an_error():
    assert ex01.apply_mask.judge(lambda weight: weight).outcome == "crashed"


@pytest.mark.parametrize("swallows", [False, True])
def test_a_loop_that_never_ends_is_stopped(swallows):
    def endless(x):
        while True:
            try:
                x = x + 0
            except Exception:
                if not swallows:
                    raise

    start, threads = time.perf_counter(), threading.active_count()
    verdict = ex00.count_zeros.judge(endless, seconds=0.2)
    assert verdict.outcome == "crashed"
    assert "Is there a loop that never ends?" in verdict.text
    assert time.perf_counter() - start < 20
    assert threading.active_count() == threads


def test_nothing_raised_by_an_answer_gets_out(capsys):
    def leaves(x):
        sys.exit("bye")

    assert ex00.count_zeros.check(leaves) is ex00.count_zeros.reference
    assert "SystemExit" in capsys.readouterr().out


def test_a_fault_of_the_check_does_not_stop_the_lesson(capsys, monkeypatch):
    def broken(self, answer, seconds):
        raise RuntimeError("inside")

    monkeypatch.setattr(type(ex00.count_zeros), "judge", broken)
    assert ex00.count_zeros.check(len) is ex00.count_zeros.reference
    assert "a fault of the course" in capsys.readouterr().out


def test_the_result_instead_of_the_function_is_explained():
    text = ex00.count_zeros.judge(2).text
    assert text.startswith("✗")
    assert "itself, without parentheses" in text


def test_the_reference_handed_back_is_not_counted_as_solved():
    verdict = ex00.count_zeros.judge(ex00.count_zeros.reference)
    assert verdict.outcome == "not attempted"


def test_pass_and_dots_are_not_attempted():
    def dots(x): ...

    def nothing(x):
        """Only a docstring."""
        pass

    assert ex00.count_zeros.judge(dots).outcome == "not attempted"
    assert ex00.count_zeros.judge(nothing).outcome == "not attempted"


def left_below(x):
    zeros = int((x == 0).sum())
    raise NotImplementedError("your code here")
    return zeros


def left_in_a_branch(x):
    if x.dim() == 1:
        return int((x == 0).sum())
    raise NotImplementedError


@pytest.mark.parametrize("answer", [left_below, left_in_a_branch])
def test_a_stub_with_code_beside_it_is_an_attempt(answer):
    verdict = ex00.count_zeros.judge(answer)
    assert verdict.outcome == "crashed"
    assert "your function still raises NotImplementedError" in words(verdict.text)
    assert "of your cell: raise NotImplementedError" in verdict.text
    assert "not attempted" not in verdict.text


def test_a_not_implemented_error_of_somebody_else_is_a_crash():
    def calls_something(x):
        raise NotImplementedError("no kernel for this dtype")

    assert ex00.count_zeros.judge(calls_something).outcome == "crashed"


def test_what_the_answer_prints_is_shown_once_and_not_in_between(capsys):
    def chatty(x):
        print("looking at", x.numel())
        return -1

    text = ex00.count_zeros.judge(chatty).text
    assert "Printed  : looking at 2" in text
    assert capsys.readouterr().out == ""


def test_an_impossible_budget_must_be_refused():
    def gives_up(scan, sizes, budget):
        try:
            return ex02.choose_sparsities.reference(scan, sizes, budget)
        except ValueError:
            return {}

    text = ex02.choose_sparsities.judge(gives_up).text
    assert "Raise a ValueError" in text


def test_the_same_answer_gets_the_same_words():
    wrong = ex02.magnitude_mask.misconceptions[0].wrong
    first = ex02.magnitude_mask.judge(wrong).text
    assert ex02.magnitude_mask.judge(wrong).text == first
    assert "0x" not in first


def test_a_check_leaves_the_random_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    ex01.apply_mask.judge(lambda weight, mask: torch.rand(weight.shape))
    assert torch.rand(3).equal(expected)


def test_a_check_writes_no_name(capsys):
    namespace = {"ex": ex00}
    code = "def count_zeros(x):\n    return 0\nresult = ex.count_zeros.check(count_zeros)\n"
    exec(code, namespace)
    assert set(namespace) == {"ex", "count_zeros", "result", "__builtins__"}


def test_outcomes_are_recorded(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PRUNING_COURSE_HOME", str(tmp_path))
    ex00.count_zeros.check(lambda x: 0)
    ex00.count_zeros.check(copy_of(ex00.count_zeros.reference))
    entry = progress.load()["exercises"]["0.1"]
    assert entry["outcome"] == "right"
    assert entry["attempts"] == 2
    table = dashboard.table(all_exercises())
    assert table.loc["0.1 Count the zeros", "state"] == "✓ right"
    assert len(table) == len(EXERCISES)
    assert dashboard.minutes_left(all_exercises()) == sum(lesson.minutes for lesson in LESSONS[1:])


def test_no_bare_assert_in_the_package():
    """Python skips them under -O, and every answer would be right."""
    paths = [*Path(course_utils.__file__).parent.rglob("*.py")]
    assert len(paths) > 90
    for path in paths:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not [n for n in ast.walk(tree) if isinstance(n, ast.Assert)], path.name


# The library is what the lesson taught ------------------------------------------------------------


@pytest.mark.parametrize("sparsity", [0.0, 0.3, 0.55, 1.0])
def test_library_and_lesson_agree(sparsity):
    weight = torch.randn(7, 5, generator=torch.Generator().manual_seed(1)).round(decimals=1)
    weights = {"a": weight, "b": 3 * weight[:2]}
    assert masks.magnitude_mask(weight, sparsity).equal(
        ex02.magnitude_mask.reference(weight, sparsity)
    )
    ours = masks.global_masks({n: w.abs() for n, w in weights.items()}, sparsity)
    taught = ex02.global_masks.reference(weights, sparsity)
    assert all(ours[name].equal(taught[name]) for name in weights)
    assert masks.sparsity(weights.values()) == ex01.model_sparsity.reference([*weights.values()])
    assert masks.compound([sparsity, 0.2]) == pytest.approx(
        ex01.compound.reference([sparsity, 0.2])
    )
    assert masks.amount_per_round(sparsity, 3) == pytest.approx(
        ex01.amount_per_round.reference(sparsity, 3)
    )


def test_library_counts_bytes_as_the_lesson_does():
    from course_utils import measure

    weight = torch.randn(9, 13) * (torch.rand(9, 13) < 0.3)
    taught = ex01.storage_bytes.reference(weight)
    assert {name: measure.size_bytes(weight, name) for name in taught} == taught


@pytest.mark.parametrize("n", [1, 2, 3.0, math.inf])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_norms_and_their_masks_are_those_of_the_lesson(n, dim):
    weight = torch.randn(6, 4, 3, generator=torch.Generator().manual_seed(2))
    taught = ex05.group_norms.reference(weight, n, dim)
    assert scores.group_norm(weight, n, dim).allclose(taught)
    assert masks.norm_mask(weight, 0.5, n, dim).equal(
        ex05.slice_mask.reference(weight, 0.5, n, dim)
    )


def test_scores_are_those_of_the_lesson():
    weight = torch.randn(4, 6, generator=torch.Generator().manual_seed(3))
    inputs = torch.randn(9, 6, generator=torch.Generator().manual_seed(4))
    taught = ex05.comparable_norms.reference({"a": weight, "b": 7 * weight})
    assert all(scores.relative_norm(weight).allclose(each) for each in taught.values())
    assert scores.activation_aware(weight, inputs).allclose(
        ex05.activation_scores.reference(weight, inputs)
    )
    assert scores.taylor(weight, 2 * weight).allclose(
        ex05.taylor_scores.reference(weight, lambda w: (w**2).sum())
    )


@pytest.mark.parametrize("end", [0.0, 0.5, 0.99, 1.0])
def test_schedules_are_those_of_the_lesson(end):
    for name, taught in ex06.three_schedules.reference(end, 7).items():
        assert schedules.SCHEDULES[name](end, 7) == pytest.approx(taught)
        assert masks.compound(ex06.amounts.reference(taught)) == pytest.approx(end)


@pytest.mark.parametrize("sparsity", [0.0, 0.3, 0.7, 1.0])
def test_the_next_mask_is_that_of_the_lesson(sparsity):
    weight = torch.randn(5, 7, generator=torch.Generator().manual_seed(5)).round(decimals=1)
    earlier = masks.random_mask(weight, 0.4)
    ours = masks.magnitude_mask(weight, sparsity, keep=earlier)
    assert ours.equal(ex06.next_mask.reference(weight, earlier, sparsity))
