"""Answers of strange kinds: each is judged in words that are the learner's, and leaves no trace."""

import builtins
import gc
import math
import os
import random
import subprocess
import sys
import threading
import time
import warnings
from collections import OrderedDict, UserDict, UserList
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import nn

from course_utils import masks
from course_utils.exercises import all_exercises
from course_utils.exercises import lesson00 as ex00
from course_utils.exercises import lesson01 as ex01
from course_utils.exercises import lesson02 as ex02
from course_utils.exercises import lesson03 as ex03
from course_utils.exercises import lesson04 as ex04
from course_utils.exercises import lesson06 as ex06
from course_utils.exercises.checker import printing
from course_utils.exercises.checker.comparing import difference
from course_utils.exercises.checker.copies import Other, plain
from course_utils.exercises.checker.running import observe

reference = ex02.magnitude_mask.reference


def words(text):
    return " ".join(text.split())


def judged(make):
    """The words for an answer that turns the right mask into something else."""
    verdict = ex02.magnitude_mask.judge(lambda weight, sparsity: make(reference(weight, sparsity)))
    text = words(verdict.text)
    assert "fault of the course" not in text
    assert "restart the kernel" not in text
    assert len(verdict.text.splitlines()) <= 25
    assert max(map(len, verdict.text.splitlines())) < 400
    return verdict.outcome, text


class Unhappy:
    """Raises whatever it is asked."""

    def __getattribute__(self, name):
        raise ValueError(f"no {name}")


class Odd:
    """Does ``act`` when it is looked at."""

    def __init__(self, act):
        self.act = act

    def item(self):
        return self.act()

    __len__ = __iter__ = __repr__ = __str__ = __bool__ = __float__ = __array__ = item

    def __eq__(self, other):
        return self.act()

    __hash__ = None


class OddList(list):
    def __iter__(self):
        raise ZeroDivisionError("an answer's own")

    __len__ = __eq__ = __repr__ = __iter__


class OddTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, arguments=(), options=None):
        raise RuntimeError("an answer's own")


def fails():
    raise ZeroDivisionError("an answer's own")


def holds_itself(mask):
    answer = [mask]
    answer.append(answer)
    return answer


def very_deep(mask):
    answer = mask
    for _ in range(5000):
        answer = [answer]
    return answer


# What it is ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda m: m.to_sparse(), "a sparse tensor of shape 1 (layout sparse_coo, not dense)"),
        (lambda m: m.float().reshape(1, -1).to_sparse_csr(), "layout sparse_csr, not dense"),
        (lambda m: m.float().to_mkldnn(), "layout _mkldnn, not dense"),
        (lambda m: m.to("meta"), "(device meta, without numbers)"),
        (lambda m: torch.nested.nested_tensor([m.float().flatten()]), "a nested tensor"),
        (lambda m: torch.quantize_per_tensor(m.float(), 1.0, 0, torch.qint8), "a quantised tensor"),
        (lambda m: torch.empty(m.shape, dtype=torch.bits8), "the unreadable dtype bits8"),
        (lambda m: torch.zeros(1).expand(10**12), "too large to compare"),
        (lambda m: m.to(torch.complex64), "It is complex64 where bool is expected"),
        (lambda m: m.to(torch.float8_e4m3fn), "It is float8_e4m3fn where bool is expected"),
        (lambda m: m.to(torch.bfloat16), "It is bfloat16 where bool is expected"),
        (lambda m: m.to(torch.int8), "It is int8 where bool is expected"),
        (lambda m: m.to(torch.uint16), "It is uint16 where bool is expected"),
        (lambda m: m.numpy(), "a NumPy array where"),
        (lambda m: np.array([m, object()], dtype=object), "a NumPy array where"),
        (lambda m: np.array(["text"]), "a NumPy array where"),
        (lambda m: m.storage(), "Storage where"),
        (lambda m: 10**5000, "a whole number of more than 300 digits where"),
        (lambda m: 1 + 2j, "a complex number where"),
        (lambda m: float("nan"), "a number where"),
        (lambda m: Fraction(1, 3), "a number where"),
        (lambda m: range(10**12), "a range (too long or too deep to compare)"),
        (lambda m: [0] * 10**6, "a list (too long or too deep to compare)"),
        (lambda m: "x" * 10**6, "a str where"),
        (holds_itself, "a list (too long or too deep to compare)"),
        (very_deep, "a list (too long or too deep to compare)"),
        (lambda m: {m}, "a set where"),
        (lambda m: iter([m]), "a list_iterator where"),
        (lambda m: (x for x in m), "a generator where"),
        (lambda m: nn.Sequential(), "a Sequential where"),
        (lambda m: type, "a function type where"),
        (lambda m: Unhappy(), "something (it cannot be read)"),
        (lambda m: Odd(fails), "an Odd"),
        (lambda m: OddList([m]), "an OddList (it cannot be read)"),
        (lambda m: {"mask": OddList([m])}, "a dict"),
        (lambda m: {Unhappy: m, m: m}, "a dict"),
    ],
)
def test_a_strange_result_is_wrong_and_named(make, said):
    outcome, text = judged(make)
    assert outcome == "wrong"
    assert said in text


@pytest.mark.parametrize(
    "make",
    [
        lambda m: m.as_subclass(OddTensor),
        lambda m: nn.Parameter(m, requires_grad=False),
        lambda m: torch.stack([m, m], -1)[..., 0],
        torch.inference_mode()(lambda m: m.clone()),
    ],
    ids=["a subclass", "a parameter", "every second number", "an inference tensor"],
)
def test_a_right_mask_in_a_strange_tensor_is_right(make):
    assert judged(make)[0] == "right"


@pytest.mark.parametrize("number", [1, 1.0, np.int64(1), np.float32(1), np.array(1), Fraction(1)])
def test_a_number_may_be_of_any_kind(number):
    assert difference(1, plain(number), 1e-5) is None
    assert difference(2, plain(number), 1e-5).wrong.startswith("It is 1")


@pytest.mark.parametrize("kind", [OrderedDict, UserDict, dict])
def test_any_mapping_is_a_dictionary(kind):
    assert difference({"a": [1, 2.0]}, plain(kind(a=UserList([1, 2]))), 1e-5) is None


def test_a_result_that_wants_gradients_is_compared_by_its_numbers():
    def masked(weight, mask):
        return weight.clone().requires_grad_() * mask

    assert ex01.apply_mask.judge(masked).outcome == "right"


@pytest.mark.parametrize(
    "dtype", [torch.float8_e5m2, torch.bfloat16, torch.complex64, torch.uint16]
)
def test_two_answers_of_a_strange_dtype_are_compared(dtype):
    a, b = torch.tensor([1.0, 2.0]).to(dtype), torch.tensor([1.0, 4.0]).to(dtype)
    assert difference(a, a.clone(), 1e-5) is None
    assert difference(a, b, 1e-5).gap == 2


# Crashes ------------------------------------------------------------------------------------------


class Speechless(Exception):
    def __str__(self):
        raise TypeError("no words")

    __repr__ = __str__


def test_an_error_without_words_is_a_crash_of_the_answer():
    def answer(weight, sparsity):
        raise Speechless

    verdict = ex02.magnitude_mask.judge(answer)
    assert verdict.outcome == "crashed"
    assert "\n  Speechless\n" in verdict.text


def test_a_long_error_is_cut_to_its_first_line():
    def answer(weight, sparsity):
        raise ValueError("first\n" + 1000 * f"{'and so on':>10}\n")

    verdict = ex02.magnitude_mask.judge(answer)
    assert "ValueError: first\n" in verdict.text
    assert " and so on" not in verdict.text


def test_a_result_that_never_ends_is_stopped():
    def endless():
        while True:
            pass

    verdict = ex02.magnitude_mask.judge(lambda weight, sparsity: Odd(endless), seconds=0.2)
    assert "it took too long" in verdict.text


def test_what_is_handed_to_the_check_instead_of_a_function_may_be_anything(capsys):
    class NotCallable(Odd):
        pass

    for given_ in (Unhappy(), NotCallable(fails), torch.ones(2).to_sparse(), OddList(), 10**5000):
        text = ex02.magnitude_mask.judge(given_, seconds=5).text
        assert "itself, without parentheses" in text


def test_a_callable_of_any_kind_is_judged():
    class Answer:
        def __getattr__(self, name):
            return self

        def __call__(self, weight, sparsity):
            return reference(weight, sparsity)

    assert ex02.magnitude_mask.judge(Answer()).outcome == "right"


def test_the_same_words_at_every_run():
    def answer(weight, sparsity):
        print(object(), answer)
        raise ValueError(f"{object()}")

    text = ex02.magnitude_mask.judge(answer).text
    assert text == ex02.magnitude_mask.judge(answer).text
    assert "0x" not in text
    assert "Printed  : <object object>" in text


def test_an_answer_cannot_wait_for_the_keyboard():
    text = ex02.magnitude_mask.judge(lambda weight, sparsity: input("?")).text
    assert "EOFError: a check cannot wait until somebody types" in text


def test_a_check_says_when_the_reference_itself_does_not_run(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "argsort", fails, raising=False)
    verdict = ex02.magnitude_mask.judge(lambda weight, sparsity: weight > 0)
    assert verdict.outcome == "crashed"
    assert "Restart the kernel" in verdict.text
    refused = ex02.choose_sparsities.judge(lambda scan, sizes, budget: {})
    assert "Restart the kernel" not in refused.text


# What it leaves behind ----------------------------------------------------------------------------


def leaving(act):
    """A right answer that also does something for everybody."""

    def answer(weight, sparsity):
        mask = reference(weight, sparsity)
        act()
        return mask

    return answer


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (torch.Tensor, "abs"),  # inherited: it is added, and hides
        (torch.Tensor, "__repr__"),
        (torch.Tensor, "clone"),
        (torch, "equal"),
        (torch, "isclose"),
        (torch, "manual_seed"),
        (torch.nn.functional, "relu"),
        (nn.Linear, "forward"),
        (nn.Module, "__call__"),
        (np, "array"),
        (math, "isclose"),
        (random, "getstate"),
        (masks, "magnitude_mask"),
        (masks, "round"),  # hides a built-in function
        (builtins, "len"),
        (builtins, "isinstance"),
        (builtins, "vars"),
        (builtins, "print"),
        (builtins, "Exception"),
        (builtins, "__import__"),
    ],
)
def test_what_an_answer_replaces_is_put_back_and_named(owner, name):
    before = vars(owner).get(name)
    text = ex02.magnitude_mask.judge(leaving(lambda: setattr(owner, name, fails))).text
    assert vars(owner).get(name) is before
    assert f"{name}. The check has put back" in words(text)
    assert ex02.magnitude_mask.judge(leaving(lambda: None)).outcome == "right"


def print_options():
    return str(torch.tensor([1 / 3, 1e-7]))


@pytest.mark.parametrize(
    ("act", "read", "said"),
    [
        (
            lambda: torch.set_default_dtype(torch.float64),
            torch.get_default_dtype,
            "another default dtype",
        ),
        (lambda: torch.set_grad_enabled(False), torch.is_grad_enabled, "another grad mode"),
        (lambda: torch.set_num_threads(7), torch.get_num_threads, "another number of threads"),
        (lambda: torch.set_default_device("meta"), torch.get_default_device, "default device"),
        (lambda: os.chdir(os.sep), os.getcwd, "another working folder"),
        (lambda: torch.set_printoptions(precision=1), print_options, "way of printing tensors"),
        (lambda: torch.set_printoptions(sci_mode=True), print_options, "way of printing tensors"),
        (
            lambda: torch.autograd.set_detect_anomaly(True),
            torch.is_anomaly_enabled,
            "another search for NaN in backward passes",
        ),
        (gc.disable, gc.isenabled, "another collection of garbage"),
        (
            lambda: torch.set_float32_matmul_precision("medium"),
            torch.get_float32_matmul_precision,
            "another precision of products",
        ),
        (
            lambda: os.environ.update(COURSE="1"),
            lambda: dict(os.environ),
            "another set of environment variables",
        ),
        (lambda: os.environ.pop("PATH"), lambda: dict(os.environ), "environment variables"),
        (lambda: sys.path.append("here"), lambda: [*sys.path], "another search path for modules"),
        (
            lambda: nn.modules.module.register_module_forward_hook(lambda m, i, out: out * 0),
            lambda: nn.Linear(2, 1)(torch.ones(2)).detach().ne(0).item(),
            "another set of hooks for all modules",
        ),
        (
            lambda: nn.modules.module.register_module_forward_pre_hook(fails),
            lambda: nn.Identity()(1),
            "another set of hooks for all modules",
        ),
    ],
)
def test_a_setting_is_put_back_and_named(act, read, said):
    before = read()
    text = words(ex02.magnitude_mask.judge(leaving(act)).text)
    assert read() == before
    assert said in text
    assert "in place" not in text
    assert ex02.magnitude_mask.judge(leaving(lambda: None)).outcome == "right"


@pytest.mark.parametrize(
    ("act", "read"),
    [
        (lambda: warnings.simplefilter("ignore"), lambda: [*warnings.filters]),
        (lambda: sys.setrecursionlimit(5000), sys.getrecursionlimit),
        (lambda: torch.manual_seed(3), lambda: torch.get_rng_state().tolist()),
        (lambda: np.random.seed(3), lambda: np.random.get_state()[1].tolist()),
        (lambda: random.seed(3), random.getstate),
        (lambda: setattr(sys, "stdout", None), lambda: sys.stdout),
        (lambda: setattr(builtins, "input", fails), lambda: builtins.input),
    ],
    ids=["warnings", "recursion", "torch's dice", "NumPy's", "Python's", "stdout", "input"],
)
def test_what_harms_nobody_is_put_back_without_a_word(act, read):
    before = read()
    assert ex02.magnitude_mask.judge(leaving(act)).outcome == "right"
    assert read() == before


def test_what_a_stopped_answer_replaced_is_put_back():
    def slow(weight, sparsity):
        torch.set_num_threads(7)
        torch.set_default_dtype(torch.float64)
        builtins.max = builtins.isinstance = fails
        time.sleep(600)

    before = torch.get_num_threads(), max, isinstance
    assert "too long" in ex02.magnitude_mask.judge(slow, seconds=0.2).text
    seen = observe(torch.get_num_threads, tuple, 30).result  # as the next answer finds it
    assert (seen, max, isinstance) == before
    assert torch.get_default_dtype() == torch.float32


def test_settings_of_the_notebook_are_not_taken_for_the_answers():
    def answer(weight, sparsity):
        return reference(weight, sparsity)

    with torch.no_grad(), torch.device("meta"):
        assert ex02.magnitude_mask.judge(answer).outcome == "right"
    with torch.inference_mode():
        assert ex02.magnitude_mask.judge(answer).outcome == "right"


def test_what_torch_puts_in_place_itself_is_no_fault_of_the_answer():
    """The first optimizer imports torch's compiler, and that replaces functions of torch."""
    code = (
        "import torch\n"
        "from course_utils.exercises import lesson02 as ex\n"
        "def answer(weight, sparsity):\n"
        "    mask = ex.magnitude_mask.reference(weight, sparsity)\n"
        "    torch.optim.SGD([torch.nn.Parameter(weight.clone())], lr=0.1)\n"
        "    return mask\n"
        "print(ex.magnitude_mask.judge(answer, seconds=60).outcome)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.stdout.strip() == "right", done.stderr


def test_a_pool_that_was_not_closed_is_no_fault():
    from concurrent.futures import ThreadPoolExecutor  # only this test starts one

    def answer(weight, sparsity):
        return ThreadPoolExecutor(1).submit(reference, weight, sparsity).result()

    assert ex02.magnitude_mask.judge(answer).outcome == "right"


def test_others_may_print_and_start_threads_while_a_check_runs(capsys):
    def print_a_line():
        print("from the notebook")

    def answer(weight, sparsity):
        print("from the answer")
        other.join()
        return weight

    other = threading.Thread(target=print_a_line)
    asking = threading.Timer(0.1, other.start)
    asking.start()
    text = ex02.magnitude_mask.judge(answer, seconds=60).text
    asking.join()
    assert "Printed  : from the answer" in text
    assert "from the notebook" not in text


# Called twice -------------------------------------------------------------------------------------


def test_another_answer_at_the_second_call_is_named():
    def remembers(x, seen=[]):  # noqa: B006 - the mistake
        seen.append(0)
        return int((x == 0).sum()) + len(seen) - 1

    text = words(ex00.count_zeros.judge(remembers).text)
    assert "Called again with equal arguments, your function gives another answer" in text
    assert "Yours : 1 Then : 2" in text


def test_random_numbers_of_ones_own_are_named():
    def ignores_the_draws(draws, sparsity):
        return masks.random_mask(draws, sparsity)

    text = words(ex04.exact_mask.judge(ignores_the_draws).text)
    assert "draw random numbers" in text


def test_a_result_is_what_it_was_when_it_came():
    kept = []

    def overwrites_its_last_one(weight, mask):
        for earlier in kept:
            earlier.zero_()
        kept.append(weight * mask)
        return kept[-1]

    assert ex01.apply_mask.judge(overwrites_its_last_one).outcome == "right"
    result = [torch.ones(2), {"a": [1]}]
    copy = plain(result)
    result[0].zero_()
    result[1]["a"].append(2)
    assert difference([torch.ones(2), {"a": [1]}], copy, 0) is None


# How it is said -----------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [lambda x: 7, lambda x: 1 / 0, 3])
def test_the_text_says_that_the_name_now_holds_the_reference(answer, capsys):
    assert ex00.count_zeros.check(answer) is ex00.count_zeros.reference
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "  The lesson goes on with the reference: count_zeros holds it now."


def given_lines(exercise, answer):
    """What the text gives as the case, as lines of Python: name → source."""
    text = exercise.judge(answer).text
    head, _, tail = text.partition("  Given    : ")
    assert head
    given_text = tail.partition("  Expected : ")[0].partition("  Try      : ")[0]
    return dict(part.split(" = ", 1) for part in given_text.split("  Given    : "))


@pytest.mark.parametrize(
    ("exercise", "wrong"),
    [
        (ex01.apply_mask, lambda weight, mask: None),
        (ex01.model_sparsity, lambda weights: -1),
        (ex02.global_masks, lambda weights, sparsity: None),
        (ex03.net_flops, lambda widths: -1),
        (ex04.paired_interval, lambda a, b, t: None),
        (ex06.amounts, lambda schedule: None),
    ],
    ids=lambda part: getattr(part, "id", ""),
)
def test_a_case_can_be_pasted_as_it_is_printed(exercise, wrong):
    given_ = {name: eval(source) for name, source in given_lines(exercise, wrong).items()}
    verdict_of_the_same = observe(lambda: exercise.reference(**given_), tuple, 30)
    assert verdict_of_the_same.error is None


def holds_words(value):
    """Whether a plain copy has words in the place of a function or a net."""
    if isinstance(value, dict | list | tuple):
        return any(map(holds_words, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Other)


@pytest.mark.parametrize("exercise", all_exercises(), ids=lambda exercise: exercise.id)
def test_all_that_is_small_is_printed_as_code(exercise):
    for case in exercise.cases:
        for value in map(plain, case.make()):
            text = printing.code(value)
            if holds_words(value) or " shape" in text or text.startswith("tensor "):
                continue
            if "tensor " in text or "…" in text:  # a part is too large
                continue
            assert difference(value, plain(eval(text)), 1e-3) is None, text


@given(st.floats(allow_nan=False), st.booleans())
@example(389477.87, True)
def test_a_float_stays_a_float(number, inside):
    text = printing.code([number] if inside else number)
    value = eval(text)[0] if inside else eval(text)
    assert isinstance(value, float)
    assert value == pytest.approx(number, rel=1e-5)


def test_a_tensor_of_floats_stays_one():
    for value in (torch.tensor([1234.7, -2.0]), torch.tensor(5.0), torch.tensor([[9999.9, 1e20]])):
        again = eval(printing.code(value))
        assert again.dtype == value.dtype
        assert again.allclose(value, rtol=1e-3)


@given(st.integers(-(10**18), 10**18))
def test_a_whole_number_has_all_its_digits(number):
    assert printing.code(number) == printing.describe(number) == str(number)
    assert eval(printing.code((number,))) == (number,)


@pytest.mark.parametrize(
    ("value", "expected", "said"),
    [
        (14933600, 14925300, "It is 14933600 where 14925300 is expected."),
        (14933600.0, 14925300, "It is 14933600.0 where 14925300 is expected."),
        (0.12345678, 0.12345689, "It is 0.12345678 where 0.12345689 is expected."),
        (0.5, 0.25, "It is 0.5 where 0.25 is expected."),
        (math.inf, 1, "It is inf where 1 is expected."),
    ],
)
def test_numbers_are_printed_so_that_they_can_be_told_apart(value, expected, said):
    assert difference(expected, value, 1e-9).wrong == said


def test_names_of_layers_keep_their_capital_letters():
    found = difference({"Conv1": 1}, {"FC": 1}, 0)
    assert found.wrong == "Missing ['Conv1']; not asked for ['FC']."


def test_long_results_are_shown_in_part():
    assert printing.describe([0] * 1000).endswith("… 940 more]")
    assert len(printing.describe("x" * 10**6)) < 400
    assert printing.describe(dict.fromkeys(range(99), 0)).endswith("… 39 more}")


def test_what_a_stopped_answer_printed_is_shown():
    def chatty(x):
        while True:
            print("round and round")

    verdict = ex00.count_zeros.judge(chatty, seconds=0.2)
    assert verdict.text.count("Printed  : round and round") == 5
