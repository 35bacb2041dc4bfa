"""Assert the claims about time, and print how long other things take: `make bench`.

Here a claim about time that is not decided is a failure, too: run it on a machine that does nothing
else. `make bench ARGS=claims` stops after them. The exit status is 1 if one was not confirmed.

Every line of the rest is the median over fresh processes, with the fastest and the slowest beside
it. The imports are run once before they are timed, so that they do not say how fast the disk is.
"""

import copy
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

import nbformat
import torch
from nbclient import NotebookClient
from torch import nn
from torch.nn.utils import prune

from course_utils import data, explore, masks, models, pruning
from course_utils.authoring.build import execute, solved_notebook, sources
from course_utils.authoring.other_seeds import verdicts
from course_utils.lesson.claims import OUTCOMES

ROOT = Path(__file__).resolve().parents[1]
LESSON_00 = ROOT / "notebooks" / "00_start_here.ipynb"
MODULES = sorted(path.stem for path in (ROOT / "course_utils").glob("[a-z]*.py"))
STARTS = {
    "Python alone": "",
    "Python, import course_utils": "import course_utils",
    "Python, import torch": "import torch",
    "Python, every module of course_utils": f"from course_utils import {', '.join(MODULES)}",
}
IMPORT_LIMIT = 0.5  # seconds above torch
WEIGHTS, FASTER = 25_000_000, 15  # than torch.nn.utils.prune, at least
MANY_WEIGHTS, MEMORY_LIMIT = 100_000_000, 1.2e9  # bytes above the scores


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and print all groups of figures. Returns the exit status."""
    print(machine())
    print("\nClaims about time")
    confirmed = time_claims(sources())
    if "claims" not in arguments:
        report_the_rest()
    if not confirmed:
        print("\nNot every claim about time was confirmed.", file=sys.stderr)
    return int(not confirmed)


def machine() -> str:
    """What the figures belong to: processor, threads, load and versions."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{platform.platform()}, {processor()}, {torch.backends.cpu.get_cpu_capability()}\n"
        f"{os.cpu_count()} cores, PyTorch threads {torch.get_num_threads()}{load}\n"
        f"Python {platform.python_version()}, torch {torch.__version__}, numpy {version('numpy')}"
    )


def processor() -> str:
    """The name of the processor; Linux tells it in a file only."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    name = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return name[1] if name else platform.processor() or platform.machine()


def time_claims(lessons: Iterable[Path]) -> bool:
    """Run each lesson that claims something about time, print the outcomes; whether all are ✓."""
    confirmed = True
    for source in lessons:
        if "time_claim(" not in source.read_text(encoding="utf-8"):
            continue
        signs = verdicts(execute(solved_notebook(source), source.parent))
        outcomes = {id: sign.removeprefix("≈ ") for id, sign in signs.items() if "≈" in sign}
        for id, sign in outcomes.items():
            (text,) = (text for text in OUTCOMES.values() if text.startswith(sign))
            print(f"  {source.stem:26} {text.format(id=id).removesuffix(':')}", flush=True)
        confirmed &= set(outcomes.values()) == {"✓"}
    return confirmed


def report_the_rest() -> None:
    """How long a start, the first baseline, a redraw and each notebook take."""
    print("\nStart")
    for label, code in STARTS.items():
        run_python("-c", code)
        report(label, partial(run_python, "-c", code), runs=7)
    print("\nimport of a module of the library above import torch, seconds of the processor")
    report_imports()
    print(f"\nOne global threshold at 90 % over {WEIGHTS:,} weights in 5 layers, one thread")
    report_masks()
    print(f"\nPeak memory of a mask over {MANY_WEIGHTS:,} scores, above them")
    report_memory()
    print("\nFrom no kernel to the first baseline trained in lesson 00")
    report(LESSON_00.name, time_to_first_baseline, runs=5)
    print("\nOne redraw of an explorer, with one thread")
    report_explorers()
    print("\npytest --nbval NOTEBOOK")
    for path in sorted([*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("solutions/*.ipynb")]):
        report(str(path.relative_to(ROOT)), partial(validate, path), runs=3)


def report(label: str, action: Callable[[], None], runs: int) -> None:
    """Print the median, the least and the most of the seconds that ``action()`` takes."""
    seconds = sorted(timed(action) for _ in range(runs))
    spread = f"({seconds[0]:.2f} to {seconds[-1]:.2f} in {runs} runs)"
    print(f"  {label:42} {median(seconds):6.2f} s  {spread}", flush=True)


def report_imports(runs: int = 5) -> None:
    """Print the least of what each module costs; ask for ``IMPORT_LIMIT``."""
    torch_alone = min(import_seconds("torch") for _ in range(runs))
    for module in MODULES:
        name = f"course_utils.{module}"
        above = min(import_seconds(f"torch, {name}") for _ in range(runs)) - torch_alone
        print(f"  {name:42} {max(above, 0):6.2f} s", flush=True)
        assert above <= IMPORT_LIMIT, f"{name} takes {above:.2f} s above torch"


def import_seconds(modules: str) -> float:
    """Seconds of the processor, which other work on the machine changes little."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run_python("-c", f"import {modules}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report_masks(sparsity: float = 0.9, runs: int = 3) -> None:
    """Time PyTorch's global pruning and ours on the same weights; the masks must be the same."""
    torch.set_num_threads(1)
    theirs = nn.Sequential(*(nn.Linear(5000, WEIGHTS // 25_000, bias=False) for _ in range(5)))
    places = iter(torch.randperm(WEIGHTS).chunk(5))
    for weight in pruning.weights(theirs).values():
        # No two alike: beyond 2^24 float32 holds every second whole number.
        place = next(places).view_as(weight)
        weight.copy_(torch.where(place < 2**24, place, 2 * place - 2**24))
    models = [theirs, *(copy.deepcopy(theirs) for _ in range(runs))]
    scores = {name: weight.abs() for name, weight in pruning.weights(theirs).items()}
    layers = [(layer, "weight") for layer in theirs]
    slow = timed(partial(prune.global_unstructured, layers, prune.L1Unstructured, amount=sparsity))
    print(f"  {'torch.nn.utils.prune.global_unstructured':42} {slow:6.2f} s", flush=True)
    fast = min(timed(partial(masks.global_masks, scores, sparsity)) for _ in range(runs))
    whole = min(timed(partial(pruning.prune_model, model, sparsity)) for model in models[1:])
    for label, seconds in (("masks.global_masks", fast), ("pruning.prune_model", whole)):
        print(f"  {label:42} {seconds:6.2f} s  {slow / seconds:5.0f} × as fast", flush=True)
    own = masks.global_masks(scores, sparsity)
    pairs = [pruning.masks_of(theirs), pruning.masks_of(models[1])]
    assert all(found[name].equal(mask) for found in pairs for name, mask in own.items())
    assert slow / fast >= FASTER, f"only {slow / fast:.1f} times as fast"


def report_memory() -> None:
    """Print the most memory that a process of its own needs, on Linux; ask for ``MEMORY_LIMIT``."""
    for label, scores in (("random", "torch.rand(n)"), ("all equal", "torch.ones(n)")):
        code = (
            "import re, torch; from course_utils import masks; torch.set_num_threads(1)\n"
            f"n = {MANY_WEIGHTS}; scores = {scores}; masks.mask_from_scores(scores[:1000], 0.9)\n"
            "status = lambda: open('/proc/self/status').read()\n"
            "peak = lambda: int(re.search(r'VmHWM:\\s+(\\d+)', status())[1])\n"
            "before = peak(); masks.mask_from_scores(scores, 0.9); print(peak() - before)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            encoding="utf-8",
        )
        above = 1024 * int(done.stdout)  # kilobytes
        print(f"  {label:42} {above / 1e9:6.2f} GB", flush=True)
        assert above <= MEMORY_LIMIT, f"{above / 1e9:.2f} GB"


def report_explorers(redraws: int = 20) -> None:
    """Print the median milliseconds of ``redraws`` redraws of each explorer, by moving a control.

    On LeNet-300-100, its first layer, and a ConvNet of 16, 32 and 64 filters; not trained, which
    changes what is seen and not how long it takes.
    """
    torch.set_num_threads(1)
    digits, lenet, convnet = data.load_mnist(), models.LeNet300(), models.ConvNet()
    layer = explore.mask_explorer(lenet.fc1.weight)
    for method in layer.controls["method"].options:
        layer.controls["method"].value = method[1]
        report_redraws(f"mask_explorer, {method[0]}", layer, "seed", range(1, redraws + 1))
    per_cent = range(50, 50 + redraws)
    report_redraws("survivor_explorer", explore.survivor_explorer(lenet), "sparsity", per_cent)
    steps = [0.01 + 0.001 * step for step in range(redraws)]
    threshold = explore.threshold_explorer(lenet, digits)
    report_redraws("threshold_explorer", threshold, "threshold", steps)
    compression = explore.compression_explorer(lenet, digits)
    report_redraws("compression_explorer", compression, "sparsity", range(80, 80 + redraws))
    clicks = [False, True] * (redraws // 2)
    report_redraws(
        "surgery_explorer", explore.surgery_explorer(convnet, digits), "filter 3", clicks
    )
    report_redraws("schedule_designer", explore.schedule_designer(lenet, digits), "end", per_cent)


def report_redraws(label: str, explorer: explore.Explorer, control: str, values: Iterable) -> None:
    """Print the median milliseconds that setting ``control`` to each of ``values`` takes."""
    times = [timed(partial(setattr, explorer.controls[control], "value", v)) for v in values]
    print(f"  {label:42} {1000 * median(times):6.0f} ms", flush=True)


def timed(action: Callable[[], None]) -> float:
    """Seconds that ``action()`` takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def run_python(*arguments: str) -> None:
    """Run this Python on ``arguments``; if it fails, stop and show what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def validate(path: Path) -> None:
    """Compare the stored outputs of the notebook at ``path``, as the tests do."""
    run_python("-m", "pytest", "-q", "--nbval", str(path))


def time_to_first_baseline() -> None:
    """Run lesson 00 in a new kernel up to the first cell that trains, and end the kernel.

    What is learned goes into a record of its own. The kernel's log would stand between the figures.
    """
    notebook = nbformat.read(LESSON_00, as_version=4)
    first = next(
        number
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and "train(" in cell.source
    )
    notebook.cells = notebook.cells[: first + 1]
    with tempfile.TemporaryDirectory() as record:
        os.environ["PRUNING_COURSE_HOME"] = record
        client = NotebookClient(notebook, resources={"metadata": {"path": LESSON_00.parent}})
        client.execute(stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
