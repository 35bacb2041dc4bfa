"""The scripts behind `make bench`, `make loaded` and `make portability`."""

import re
import subprocess
import sys
import types

import bench
import loaded
import portability
import pytest
from test_other_seeds import LESSON, TIMES

ASK = "time_claim("


def lesson(folder, answer):
    """A lesson whose only claim about time has this answer."""
    (folder / "solutions").mkdir()
    path = folder / "solutions" / "01_small.py"
    first = TIMES.split(ASK)[0]
    path.write_text(f'{LESSON}{first}{ASK}"1.c", "faster", {answer})\n', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("answer", "word"), [(True, "measured"), (False, "not confirmed"), (None, "not decided")]
)
def test_bench_asserts_the_claims_about_time(answer, word, tmp_path, capsys):
    assert bench.time_claims([lesson(tmp_path, answer)]) is (answer is True)
    (line,) = capsys.readouterr().out.splitlines()
    assert f"1.c {word}" in line


def test_bench_leaves_lessons_without_such_claims_alone(tmp_path, capsys):
    path = tmp_path / "01_small.py"
    path.write_text("1 / 0", encoding="utf-8")
    assert bench.time_claims([path]) is True
    assert capsys.readouterr().out == ""


def test_bench_names_the_machine():
    said = bench.machine()
    for part in ("cores", "PyTorch threads", "Python 3.", "torch 2.", "numpy "):
        assert part in said
    assert bench.processor()


def test_busy_processes_end_with_the_block():
    with loaded.busy(2) as processes:
        assert [process.poll() for process in processes] == [None, None]
    assert all(process.returncode for process in processes)


def test_busy_processes_end_when_nobody_ends_them():
    """They hold the output of this one open, so it is only read to its end when they are gone."""
    code = "import loaded, os; held = loaded.busy(2); held.__enter__(); os._exit(3)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=loaded.ROOT / "tests", capture_output=True)
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("statuses", "words"), [([0, 0], ["green", "green"]), ([0, 2, 0], ["green", "RED"])]
)
def test_loaded_ends_with_the_first_red_run(statuses, words, monkeypatch, capsys):
    monkeypatch.setattr(loaded, "RUNS", len(statuses))
    monkeypatch.setattr(loaded, "PROCESSES", 1)
    runs = iter(statuses)
    run = lambda command, cwd: subprocess.CompletedProcess(command, next(runs))  # noqa: E731
    monkeypatch.setattr(loaded.subprocess, "run", run)
    assert loaded.main([]) == max(statuses)
    assert re.findall("green|RED", capsys.readouterr().out) == words


@pytest.mark.parametrize(("capability", "tried"), [("DEFAULT", 1), ("AVX2", 2), ("AVX512", 4)])
def test_portability_leaves_out_what_this_processor_computes_anyway(capability, tried):
    settings = list(portability.settings(capability))
    assert len(settings) == 4
    assert [setting for setting, differs in settings if differs] == [
        setting for setting, _ in settings[:tried]
    ]


@pytest.mark.parametrize(("statuses", "runs"), [([0, 0, 0, 0], 4), ([0, 1, 0, 0], 2)])
def test_portability_ends_with_the_first_red_run(statuses, runs, monkeypatch, capfd):
    commands, answers = [], iter(statuses)

    def run(command, env, **_):
        commands.append((command, env))
        return types.SimpleNamespace(returncode=next(answers))

    monkeypatch.setattr(portability.torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr(portability.subprocess, "run", run)
    assert portability.main(["-q"]) == max(statuses)
    assert len(commands) == runs
    for command, _ in commands:
        assert command[1:5] == ["-m", "pytest", "--nbval", "solutions"]
        assert command[-1] == "-q"
    assert "-n" not in commands[0][0]
    assert commands[1][1]["ATEN_CPU_CAPABILITY"] == "default"
    assert ("Red with OMP_NUM_THREADS=1" in capfd.readouterr().err) == (max(statuses) > 0)
