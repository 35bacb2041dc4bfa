"""What somebody else's machine has of its own (a code page, a profile, other work) changes nothing.

Nor does a slow machine make a claim about time true.
"""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_utils.authoring import build, other_seeds, pytest_plugin

FOLDERS = (build.ROOT / "course_utils", build.ROOT / "tests")
CODE = [path for folder in FOLDERS for path in sorted(folder.rglob("*.py"))]
OPENS = ("open", "fdopen", "TemporaryFile", "NamedTemporaryFile", "TextIOWrapper")
# What changes the report of the pytest inside a test: on CI its summary repeats each message whole.
REPORT_SETTINGS = ("CI", "BUILD_NUMBER", "PYTEST_ADDOPTS")
CODE_PAGES = {"en_US.CP1252": ("en_US", "CP1252"), "zh_CN.GBK": ("zh_CN", "GBK")}


# Text is UTF-8 ------------------------------------------------------------------------------------


def without_encoding(source: str) -> list[int]:
    """The lines that read or write text in whatever encoding the machine has."""
    return [
        call.lineno
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call)
        and "encoding" not in (names := {keyword.arg for keyword in call.keywords})
        and None not in names  # **options may hold one
        and _is_about_text(call)
    ]


def _is_about_text(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if ast.unparse(call.func) in ("os.open", "Image.open"):  # opens a descriptor, a picture
        return False
    if name in ("read_text", "write_text"):
        return True
    if name in ("run", "Popen", "check_output"):
        return any(keyword.arg in ("text", "universal_newlines") for keyword in call.keywords)
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "mode")]
    modes = [node.value for node in given if isinstance(node, ast.Constant)]
    return name in OPENS and not any("b" in str(mode) for mode in modes)


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(build.ROOT)))
def test_text_is_read_and_written_in_an_encoding_that_is_named(path):
    assert without_encoding(path.read_text(encoding="utf-8")) == []


def test_a_missing_encoding_is_found():
    bad = "p.read_text()\np.write_text('x')\nopen(p)\np.open('w')\nrun(c, text=True)"
    good = "p.read_text(encoding='x')\np.open('rb')\nopen(p, mode='wb')\nrun(c)\nf(text='x')"
    assert without_encoding(bad) == [1, 2, 3, 4, 5]
    assert without_encoding(good) == []


@pytest.mark.parametrize("name", ["tests/nbval_sanitize.cfg", "constraints.txt", "environment.yml"])
def test_what_other_tools_read_in_the_encoding_of_the_machine_is_ascii(name):
    assert (build.ROOT / name).read_bytes().isascii()


# nbval --------------------------------------------------------------------------------------------


def nbval(folder: Path, *notebooks: dict[str, str], **environment: str) -> CompletedProcess:
    """Validate notebooks of cells, source → stored output, with the course's settings."""
    for which, cells in enumerate(notebooks):
        notebook = new_notebook(
            cells=[
                new_code_cell(
                    source,
                    execution_count=number,
                    outputs=[new_output("stream", text=text)] if text else [],
                )
                for number, (source, text) in enumerate(cells.items(), start=1)
            ]
        )
        nbformat.write(notebook, folder / f"small{which}.ipynb")
    command = [
        *(sys.executable, "-m", "pytest", "--nbval", "-c", str(build.ROOT / "pyproject.toml")),
        *("--rootdir", str(folder), "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
        *("-o", "addopts=", *_options(), str(folder)),
    ]
    settings = {name: value for name, value in os.environ.items() if name not in REPORT_SETTINGS}
    return subprocess.run(
        command,
        cwd=build.ROOT,
        env={**settings, "PYTHONPATH": str(build.ROOT), **environment},
        capture_output=True,
        encoding="utf-8",
    )


def failed(run: CompletedProcess) -> list[str]:
    """Which cells were red, in their order."""
    return re.findall(r"^FAILED (?:\S*/)?(small\d\.ipynb::Cell \d+)", run.stdout, re.MULTILINE)


def _options() -> list[str]:
    """The options of pyproject.toml, with the path that is relative to it made whole."""
    settings = tomllib.loads((build.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    options = settings["tool"]["pytest"]["ini_options"]["addopts"]
    return [
        str(build.ROOT / option) if (build.ROOT / option).is_file() else option
        for option in options
        if option not in ("--dist", "loadscope")
    ]


def test_your_own_ipython_profile_and_startup_file_play_no_part(tmp_path):
    profile = tmp_path / "ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    for name in ("ipython_config.py", "ipython_kernel_config.py"):
        text = 'get_config().InteractiveShell.ast_node_interactivity = "all"\n'
        (profile / name).write_text(text, encoding="utf-8")
    (profile / "startup" / "00.py").write_text("mine = 1\n", encoding="utf-8")
    own = tmp_path / "startup.py"
    own.write_text("mine = 2\n", encoding="utf-8")
    cells = {"1\nprint(2)": "2\n", "print('mine' in globals())": "False\n"}
    environment = {"IPYTHONDIR": profile.parent, "PYTHONSTARTUP": own, "TMPDIR": tmp_path}
    run = nbval(tmp_path, cells, **{name: str(path) for name, path in environment.items()})
    assert run.returncode == 0, run.stdout
    assert [*tmp_path.glob("ipython-*")] == []  # the empty one is gone again
    built = build.execute(new_notebook(cells=[new_code_cell("1\nprint(2)")]), tmp_path)
    assert [output.output_type for output in built.cells[0].outputs] == ["stream"]


@pytest.mark.parametrize("locale", CODE_PAGES)
def test_numbers_and_claims_about_time_may_differ_on_any_code_page(locale, tmp_path):
    if shutil.which("localedef") is None:
        pytest.skip("localedef is not installed, so there is no code page to try")
    language, charset = CODE_PAGES[locale]
    make = ["localedef", "-i", language, "-f", charset, str(tmp_path / locale)]
    made = subprocess.run(make, capture_output=True)
    if made.returncode > 1:  # 1: with warnings
        pytest.skip(f"this system has no sources of {locale}")
    claimed = "print('\u2248 ? 3.g not decided here: faster')"
    cells = {
        "print('took \u2248 0.17 s, \u2212 and \u2713')": "took ≈ 0.20 s, − and ✓\n",
        claimed: "≈ ✓ 3.g measured: faster\n",
    }
    settings = {"LOCPATH": str(tmp_path), "LC_ALL": locale, "PYTHONUTF8": "0"}
    run = nbval(tmp_path, cells, {claimed: "≈ ✓ 3.g measured: slower\n"}, **settings)
    assert failed(run) == ["small1.ipynb::Cell 0"], run.stdout


def test_a_kernel_that_dies_is_named_at_once(tmp_path):
    """Not at the end of the cell's time: ten minutes, in which this test would not end."""
    ends = ("os.kill(os.getpid(), 9)", "os._exit(0)", "os.abort()")
    run = nbval(
        tmp_path, *({"print(1)": "1\n", f"import os\n{end}": "", "print(3)": "3\n"} for end in ends)
    )
    assert run.stdout.count("The kernel died while it ran this cell.") == 3
    assert failed(run) == [f"small{k}.ipynb::Cell {cell}" for k in range(3) for cell in (1, 2)]


def test_a_cell_that_hangs_is_found_while_its_kernel_lives(tmp_path, monkeypatch):
    options = [*_options(), "--nbval-cell-timeout", "2"]
    monkeypatch.setitem(globals(), "_options", lambda: options)
    run = nbval(tmp_path, {"while True: pass": ""})
    assert run.returncode == 1
    assert "Timeout of 2 seconds exceeded" in run.stdout
    assert "died" not in run.stdout


def test_a_message_is_waited_for_as_long_as_the_kernel_lives(monkeypatch):
    asked = []

    def get_message(kernel, stream, timeout):
        asked.append(timeout)
        if len(asked) < 3:
            raise pytest_plugin.Empty
        return {"stream": stream}

    class Living:
        def is_alive(self):
            return True

    monkeypatch.setattr(pytest_plugin.RunningKernel, "get_message", get_message)
    assert pytest_plugin._message(None, Living(), "shell", None) == {"stream": "shell"}
    assert asked == [1, 1, 1]


# A slowed kernel ----------------------------------------------------------------------------------

# A slow layer keeps the processor busy for eight times as long as it takes, and computes the same.
SLOWED = """
import torch

def slow_down(layer, is_slow):
    from time import perf_counter

    forward, known = layer.forward, {{}}

    def slowed(self, x):
        if id(self) not in known:
            known[id(self)] = is_slow(self)
        start = perf_counter()
        y = forward(self, x)
        end = start + 8 * (perf_counter() - start)
        while known[id(self)] and perf_counter() < end:
            pass
        return y

    layer.forward = slowed

slow_down(torch.nn.{layer}, lambda layer: {slow})
"""


def outcomes(lesson: str, first: str, last: str, without: Sequence[str]) -> dict[str, str]:
    """Claim → sign, in a kernel that runs ``first`` and then the lesson up to the claim ``last``.

    Sections in ``without`` are left out.
    """
    source = next(path for path in build.sources() if path.name.startswith(lesson))
    notebook, section, cells = build.solved_notebook(source), "", [new_code_cell(first)]
    for cell in notebook.cells:
        heading = re.search(r"^## (\d\.\d) ", cell.source, re.MULTILINE)
        section = heading[1] if heading and cell.cell_type == "markdown" else section
        if section not in without:
            cells.append(cell)
        if re.search(rf'claim\(\s*"{last}"', cell.source):
            break
    notebook.cells = cells
    return other_seeds.verdicts(build.execute(notebook, source.parent))


@pytest.mark.parametrize(
    ("lesson", "slow", "last", "without", "false"),
    [
        ("01", {"layer": "Linear", "slow": "bool(layer.weight.all())"}, "S1", [], {"S1", "1.e"}),
        (
            "03",
            {"layer": "Conv2d", "slow": "16 in (layer.in_channels, layer.out_channels)"},
            "S5",
            ["3.4"],
            {"S5"},
        ),
    ],
    ids=["dense slow", "small slow"],
)
def test_a_slowed_kernel_never_confirms(lesson, slow, last, without, false):
    """Claims that its slowness makes false do not hold or are not decided; all others stay."""
    found = outcomes(lesson, SLOWED.format(**slow), last, without)
    assert {found[claim] for claim in false} <= {"≈ ✗", "≈ ?"}
    assert {sign for sign in found.values() if "≈" not in sign} == {"✓"}
