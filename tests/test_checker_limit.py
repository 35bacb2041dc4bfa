"""A slow or endless answer, in a real kernel: the learner gets the sentence, and nothing suffers.

One kernel is used for all of it, so that each answer would feel what an earlier one left behind.
No test asks how fast the machine is: the answers here would take minutes or for ever.
"""

import subprocess
import sys

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

FIRST = """
import os, signal, threading, time
import torch
from course_utils.exercises import lesson02 as ex

net = torch.nn.Linear(3, 2)
weight_of_net = net.weight.detach().clone()
lock = threading.Lock()
right = ex.magnitude_mask.reference

def check(answer, seconds=0.3, off_the_main_thread=False):
    "The words of a verdict, and the check has to come back for that."
    seen = []
    judge = lambda: seen.append(ex.magnitude_mask.judge(answer, seconds))
    if off_the_main_thread:
        thread = threading.Thread(target=judge)
        thread.start()
        thread.join()
    else:
        judge()
    return seen[0].text
"""

ANSWERS = {
    "a loop": """
        while True:
            pass""",
    "a loop that catches errors": """
        while True:
            try:
                1 / 0
            except Exception:
                pass""",
    "a loop that catches everything": """
        while True:
            try:
                while True:
                    pass
            except BaseException:
                continue
            finally:
                continue""",
    "a bare except around each line": """
        while True:
            try: weight = weight + 0
            except: pass""",
    "sleep": """
        time.sleep(600)""",
    "sleep, and again when woken": """
        while True:
            try: time.sleep(0.2)
            except BaseException: pass""",
    "a lock taken twice": """
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()""",
    "long calls into C": """
        for _ in range(10_000):
            torch.linalg.svd(torch.ones(300, 300))""",
    "long draws": """
        for _ in range(10_000):
            torch.empty(20_000_000).uniform_()""",
    "calls into C that let nobody else run": """
        for _ in range(10_000):
            sum(range(2_000_000))""",
    "a thread that is waited for": """
        def spin():
            while True:
                pass
        thread = threading.Thread(target=spin)
        thread.start()
        thread.join()""",
    "a generator": """
        def numbers():
            while True:
                yield 1
        return sum(numbers())""",
    "a generator that does not close": """
        def numbers():
            try:
                yield 1
            finally:
                while True:
                    pass
        started = numbers()
        next(started)
        return started""",
    "an object that is compared for ever": """
        class Odd(list):
            def __len__(self):
                while True:
                    pass
            __iter__ = __eq__ = __len__
        return Odd()""",
    "a search that explodes": """
        import re
        re.match("(a+)+$", "a" * 24 + "b")
        while True:
            pass""",
}
STOPPED = "stopped, it took too long"


class Kernel:
    """Runs cells one after the other and returns what they print."""

    def __init__(self, client: NotebookClient) -> None:
        self.client = client

    def run(self, source: str) -> str:
        cell = new_code_cell(source)
        self.client.nb.cells.append(cell)
        self.client.execute_cell(cell, len(self.client.nb.cells) - 1)
        texts = [
            out.get("text") or f"{out.get('ename')} {out.get('evalue')}" for out in cell.outputs
        ]
        return "".join(texts)


@pytest.fixture(scope="module")
def kernel():
    # The time is for a machine that is busy with other things, and for a kernel that hangs.
    client = NotebookClient(new_notebook(), timeout=180, kernel_name="python3", allow_errors=True)
    with client.setup_kernel():
        started = Kernel(client)
        assert started.run(FIRST) == ""
        yield started


@pytest.fixture
def busy_machine():
    """Three other processes that want every core."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    yield
    for process in others:
        process.kill()
        process.wait()


def all_is_well(kernel: Kernel) -> None:
    """Later cells run, the objects are there, and later checks judge rightly."""
    assert kernel.run("print(1 + 1)") == "2\n"
    assert kernel.run("print(torch.equal(net.weight, weight_of_net))") == "True\n"
    assert kernel.run("print(check(lambda w, s: right(w, s), 30))").startswith("✓")
    assert "not right yet" in kernel.run("print(check(lambda w, s: ~right(w, s), 30))")


OFF_THE_MAIN_THREAD = ("a loop that catches everything", "sleep", "long calls into C")


@pytest.mark.parametrize(
    ("name", "off_the_main_thread"),
    [*((name, False) for name in ANSWERS), *((name, True) for name in OFF_THE_MAIN_THREAD)],
)
def test_a_slow_answer_is_stopped_and_nothing_else(kernel, name, off_the_main_thread):
    define = f"def slow(weight, sparsity):{ANSWERS[name]}\n"
    ask = f"print(check(slow, off_the_main_thread={off_the_main_thread}))"
    text = kernel.run(define.replace("\n    ", "\n") + ask)
    assert STOPPED in text
    assert "In line " in text
    all_is_well(kernel)


def test_the_same_beside_other_work(kernel, busy_machine):
    for name in ("a loop that catches everything", "sleep", "long calls into C", "long draws"):
        define = f"def slow(weight, sparsity):{ANSWERS[name]}\n".replace("\n    ", "\n")
        assert STOPPED in kernel.run(define + "print(check(slow, 0.05))"), name
    all_is_well(kernel)


def test_an_import_is_never_stopped_half_way(kernel, tmp_path):
    """The first optimizer imports much of PyTorch; half of it would stay for all later cells."""
    (tmp_path / "slow_module.py").write_text(
        "import time\nfor _ in range(15): time.sleep(0.1)\nvalue = 1\n", encoding="utf-8"
    )
    assert kernel.run(f"import sys; sys.path.insert(0, {str(tmp_path)!r})") == ""
    text = kernel.run("""
def imports(weight, sparsity):
    import slow_module
    return right(weight, sparsity)

print(check(imports))
import slow_module
print(slow_module.value)
""")
    assert text.startswith("✓")
    assert text.endswith("\n1\n")
    all_is_well(kernel)


def test_an_import_without_an_end_is_stopped(kernel, tmp_path):
    (tmp_path / "endless_module.py").write_text("while True: pass\n", encoding="utf-8")
    text = kernel.run(f"""
import sys
from course_utils.exercises.checker import limit
sys.path.insert(0, {str(tmp_path)!r})
limit.IMPORTING = 1

def imports(weight, sparsity):
    import endless_module

print(check(imports))
limit.IMPORTING = 60
""")
    assert STOPPED in text
    all_is_well(kernel)


def test_nothing_comes_late(kernel):
    """Dozens of quick verdicts right behind slow ones: each is right, no TimeLimit strays."""
    quick = kernel.run("""
def slow(weight, sparsity):
    while True:
        try: torch.ones(200, 200) @ torch.ones(200, 200)
        except: pass

verdicts = []
for seconds in (0.001, 0.01, 0.05, 0.1):
    verdicts.append(check(slow, seconds)[0])
    verdicts += [check(lambda w, s: right(w, s), 30)[0] for _ in range(15)]
print("".join(verdicts) == 4 * ("!" + 15 * "✓"))
""")
    assert quick == "True\n"
    all_is_well(kernel)


def test_the_verdict_comes_soon_after_the_limit(kernel):
    """Within a second, with what a check costs on this machine on top."""
    assert kernel.run("""
def seconds_of(answer, limit):
    start = time.monotonic()
    check(answer, limit)
    return time.monotonic() - start

usual = max(seconds_of(lambda w, s: right(w, s), 30) for _ in range(3))
late = [seconds_of(lambda w, s: time.sleep(600), 0.3) - 0.3 for _ in range(3)]
print(min(late) < 1 + 3 * usual, late, usual)
""").startswith("True")


def test_the_words_are_the_same_at_every_run(kernel):
    """The loop is named, not the line in it that happened to run."""
    text = kernel.run("""
def slow(weight, sparsity):
    total = 0
    while True:
        total += 1
        total += 2
        for _ in range(3):
            total += 3

texts = {check(slow, 0.05 + 0.01 * i) for i in range(5)}
print(len(texts), *texts)
""")
    assert text.startswith("1 ")
    assert "of your cell: while True:" in text


def test_what_cannot_be_stopped_is_said_to_go_on(kernel):
    goes_on = "goes on behind your notebook"
    assert goes_on in kernel.run("print(check(lambda w, s: time.sleep(600)))")
    assert goes_on not in kernel.run("def f(w, s):\n    while True: pass\nprint(check(f))")


def test_what_was_left_behind_stands_still(kernel):
    """Once the verdict is out, code that swallows everything computes and prints no more."""
    assert (
        kernel.run("""
count = 0
def swallows(weight, sparsity):
    global count
    while True:
        try:
            count += 1
        except BaseException:
            print("still here")

text = check(swallows)
before = count
time.sleep(1)
print(count == before, "too long" in text)
""")
        == "True True\n"
    )


def test_threads_that_an_answer_leaves_are_named_and_ended(kernel):
    text = kernel.run("""
running = threading.active_count()
def leaves(weight, sparsity):
    def spin():
        while True:
            pass
    threading.Thread(target=spin).start()
    return right(weight, sparsity)

print(check(leaves, 30))
deadline = time.monotonic() + 60
while threading.active_count() > running and time.monotonic() < deadline:
    time.sleep(0.1)
print(threading.active_count() - running, "more threads")
""")
    assert "It leaves behind a thread that still runs." in " ".join(text.split())
    assert "\n0 more threads" in text


def test_random_numbers_go_on_as_if_nothing_had_happened(kernel):
    for answer in ("time.sleep(600)", "[torch.rand(9) for _ in iter(int, 1)]", "right(w, s)"):
        assert (
            kernel.run(f"""
torch.manual_seed(5)
expected = torch.rand(3)
torch.manual_seed(5)
check(lambda w, s: {answer})
print(torch.rand(3).equal(expected))
""")
            == "True\n"
        )


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal as the stop button does")
def test_the_stop_button_stops_a_check(kernel):
    text = kernel.run("""
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
check(lambda w, s: time.sleep(600), seconds=500)
""")
    assert "KeyboardInterrupt" in text
    all_is_well(kernel)


def test_a_check_inside_an_answer_does_not_wait_for_itself(kernel):
    text = kernel.run("""
def calls_a_check(weight, sparsity):
    ex.magnitude_mask.judge(lambda w, s: w > 0, 30)
    return right(weight, sparsity)

print(check(calls_a_check, 60))
""")
    assert text.startswith("✓")


def test_two_checks_at_once_wait_for_each_other(kernel):
    text = kernel.run("""
texts = {}
def ask(name):
    def chatty(weight, sparsity):
        print(name)
        return weight
    texts[name] = check(chatty, 60)

threads = [threading.Thread(target=ask, args=(name,)) for name in ("one", "two", "three")]
for thread in threads: thread.start()
for thread in threads: thread.join()
print([texts[name].count("Printed") for name in sorted(texts)])
print([f"Printed  : {name}" in texts[name] for name in sorted(texts)])
print("the notebook's own print")
""")
    assert text == "[1, 1, 1]\n[True, True, True]\nthe notebook's own print\n"
