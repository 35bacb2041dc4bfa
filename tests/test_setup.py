"""What a newcomer meets first holds together: versions, commands, README, and the top level.

The same fact stands in several files (a version, a command, the minutes of a lesson); these tests
hold the copies equal.
"""

import ast
import base64
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from course_utils.lesson import claims, desk, progress
from course_utils.lesson.syllabus import LESSONS

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = [
    Requirement(line)
    for lines in (PROJECT["dependencies"], EXTRAS["dev"], EXTRAS["cluster"])
    for line in lines
]
TOP_LEVEL = {
    *("README.md", "LICENSE", "CONTRIBUTING.md", "CITATION.cff"),
    *("Makefile", "pyproject.toml", "constraints.txt", "environment.yml"),
    *("notebooks", "solutions", "course_utils", "tests"),
}
# [.] and not a plain dot, so that this line does not find itself.
FOREIGN = re.compile(
    r"(?<![\w.)}/])/(home|root|Users|work|tmp)/\w"
    r"|\b[A-Z]:\\+(Users|Windows|Program)"
    r"|\b(pypi|pythonhosted|npmjs|anaconda|debian)[.](org|com)|download[.]pytorch[.]org"
)
LONGEST_LINE = 10_000  # a longer one is a picture stored in a notebook
README, CONTRIBUTING = (
    (ROOT / "README.md").read_text(encoding="utf-8"),
    (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"),
)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def pins() -> dict[str, str]:
    """The lines of constraints.txt: canonical name → version."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): pinned for name, pinned in pairs}


def tracked() -> list[Path]:
    """The files under version control, relative to the top; skips where there is no git clone."""
    command = ["git", "ls-files", "-z"]
    try:
        listing = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True, encoding="utf-8"
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git clone, so which files belong to the course is not known")
    return [Path(name) for name in listing.stdout.split("\0") if (ROOT / name).is_file()]


def listed(environment: str, key: str) -> list[str]:
    """The items under ``key:`` of a conda environment file, those of its pip list included."""
    text = (ROOT / environment).read_text(encoding="utf-8")
    block = re.search(rf"^{key}:\n((?:[ -].*\n)+)", text, re.MULTILINE).group(1)
    return re.findall(r"^\s*- (.+)$", block, re.MULTILINE)


def code_block(language: str, containing: str) -> list[str]:
    """The lines of the README's block in ``language`` that contains a text."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    (block,) = (block for block in blocks if containing in block)
    return block.splitlines()


def make(*arguments: str) -> str:
    """What make prints; not under the settings of a make that may be running these tests."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    settings = {"PYTHON", "LAB_ARGS", "PYTEST_ARGS", "JOBS", "CLUSTER", "ARGS"}
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in settings and not name.startswith(("MAKE", "MFLAGS"))
    }
    command = ["make", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=clean, capture_output=True, text=True, check=True, encoding="utf-8"
    )
    return done.stdout


class TestVersions:
    @pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda each: each.name)
    def test_each_dependency_is_pinned_in_its_range_and_installed(self, requirement):
        pinned = pins()[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pinned)
        assert Version(version(requirement.name)).public == pinned, (
            "installed is not what was tested: pip install -c constraints.txt -e '.[dev,cluster]'"
        )

    def test_torch_is_the_one_that_the_stored_outputs_belong_to(self):
        assert pins()["torch"] == "2.13.0"

    def test_constraints_are_exact_public_sorted_and_without_the_course(self):
        lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        lines = [line for line in lines if not line.startswith("#")]
        assert lines == sorted(lines, key=str.upper)  # as `LC_ALL=C sort -f` does
        assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
        assert canonicalize_name(PROJECT["name"]) not in pins()

    def test_citation_and_package_have_the_same_version(self):
        from course_utils import __version__

        cited = re.search(
            r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE
        )
        assert cited.group(1) == PROJECT["version"] == __version__

    def test_the_library_in_use_is_the_one_of_this_folder(self, tmp_path):
        """A second copy that is imported instead has cost other courses many hours."""
        code = "import course_utils; print(course_utils.__file__)"
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True, encoding="utf-8"
        )
        assert Path(done.stdout.strip()).parent == ROOT / "course_utils"


class TestEnvironments:
    def test_conda_names_python_pip_and_this_course_only(self):
        python, *rest = listed("environment.yml", "dependencies")
        assert rest == ["pip", "pip:", "-c constraints.txt", "-e ."]
        assert_python_is_allowed(python)

    def test_binder_names_python_and_pip_and_installs_the_rest_after(self):
        python, *rest = listed(".binder/environment.yml", "dependencies")
        assert rest == ["pip"]
        assert_python_is_allowed(python.replace("=", "=="))
        installs = re.findall(
            r"pip install (.*)", (ROOT / ".binder/postBuild").read_text(encoding="utf-8")
        )
        assert installs == ["--no-cache-dir -c constraints.txt ."]

    @pytest.mark.parametrize("file", ["environment.yml", ".binder/environment.yml"])
    def test_channels_are_the_community_ones(self, file):
        assert listed(file, "channels") == ["conda-forge", "nodefaults"]

    @pytest.mark.parametrize("file", [".ci/run", ".binder/postBuild", ".binder/start"])
    def test_scripts_can_be_run_and_have_no_slip(self, file):
        assert os.access(ROOT / file, os.X_OK)
        subprocess.run(["bash", "-n", ROOT / file], check=True)


def assert_python_is_allowed(item: str) -> None:
    """Whether a conda item such as ``python>=3.11,<3.14`` starts where the package does."""
    assert item.startswith("python")
    wanted = SpecifierSet(item.removeprefix("python"))
    oldest = re.fullmatch(r">=3\.(\d+)", PROJECT["requires-python"]).group(1)
    assert wanted.contains(f"3.{oldest}")
    assert not wanted.contains(f"3.{int(oldest) - 1}")


class TestCommands:
    def test_lab_opens_the_desk_with_the_arguments_given(self):
        *_, plain = make("-n", "lab").splitlines()
        assert plain.split() == [".venv/bin/python", "-m", "course_utils.lesson.desk"]
        *_, more = make("-n", "lab", "LAB_ARGS=--allow-root --no-browser").splitlines()
        assert more.split() == [*plain.split(), "--allow-root", "--no-browser"]

    def test_sweep_runs_here_or_on_the_cluster_given(self):
        *_, here = make("-n", "sweep").splitlines()
        assert here.split() == [".venv/bin/python", "-m", "course_utils.experiments"]
        *_, there = make("-n", "sweep", "CLUSTER=tcp://10.0.0.1:8786", "ARGS=tickets").splitlines()
        assert there.split() == [*here.split(), "--cluster", "tcp://10.0.0.1:8786", "tickets"]

    @pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
    def test_documented_targets_exist(self, text):
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE))
        assert named
        assert named <= set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))

    def test_help_lists_every_target(self):
        (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
        assert set(re.findall(r"^make ([a-z]+)  ", make(), re.MULTILINE)) == set(phony.split())

    def test_the_way_without_make_does_what_make_does(self):
        by_hand = code_block("sh", "python3 -m venv")
        by_make = [line.strip() for line in make("-n", "-B", "lab").splitlines()]
        assert [line for line in by_make if line in by_hand] == by_hand

    def test_the_windows_way_is_the_same(self):
        on_windows = "\n".join(code_block("powershell", "venv")).replace("\\", "/")
        on_windows = on_windows.replace(".venv/Scripts", ".venv/bin").replace("py -m", "python3 -m")
        assert on_windows.splitlines() == code_block("sh", "python3 -m venv")

    def test_the_conda_way_uses_the_name_in_its_file(self):
        name = re.search(
            r"^name: (.+)$", (ROOT / "environment.yml").read_text(encoding="utf-8"), re.MULTILINE
        )
        *_, activate, start = code_block("sh", "conda")
        assert activate == f"conda activate {name.group(1)}"
        assert start == code_block("sh", "python3 -m venv")[-1].removeprefix(".venv/bin/")

    def test_python_version_is_named_alike(self):
        oldest = PROJECT["requires-python"].removeprefix(">=")
        assert set(re.findall(r"Python (3\.\d+)", README + MAKEFILE)) == {oldest}
        assert f"sys.version_info < ({oldest.replace('.', ', ')})" in MAKEFILE

    def test_the_learners_own_copies_are_neither_tracked_nor_tested_nor_linted(self):
        assert f"{desk.DESK}/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
        tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
        assert desk.DESK in tools["pytest"]["ini_options"]["norecursedirs"]
        assert desk.DESK not in tools["pytest"]["ini_options"]["testpaths"]
        assert desk.DESK in tools["ruff"]["extend-exclude"]

    def test_the_settings_of_the_lab_are_installed_with_the_library(self):
        tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
        library = ROOT / "course_utils" / "lesson"
        given = tools["setuptools"]["package-data"]["course_utils.lesson"]
        shipped = {path for each in given for path in library.glob(each)}
        needed = {path for path in desk.SETTINGS.rglob("*") if path.is_file()}
        assert needed
        assert shipped >= needed

    def test_ci_runs_everything(self):
        lines = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
        assert [line.split(" <")[0] for line in lines[-2:]] == ["make test", "make portability"]
        assert "set -euo pipefail" in lines


class TestReadme:
    def test_lesson_table_agrees_with_the_syllabus(self):
        rows = re.findall(r"^\| \[(\d\d) (.+)\]\((.+)\) \| (\d+) \| (.+) \|$", README, re.MULTILINE)
        assert rows == [
            (each.number, each.title, f"notebooks/{each.file}.ipynb", str(each.minutes), each.about)
            for each in LESSONS
        ]

    def test_a_lesson_that_is_there_is_not_still_to_come(self):
        (to_come,) = re.findall(r"^Still to come: (.*?)\.$", README, re.MULTILINE | re.DOTALL)
        numbers = re.findall(r"\d\d", to_come)
        assert numbers == [f"{number:02}" for number in range(len(LESSONS), 9)]

    def test_signs_are_those_of_the_course(self):
        signs = re.findall(r"^\| (\S) \|", README, re.MULTILINE)
        of_claims = {text[0] for text in claims.OUTCOMES.values()}
        assert set(signs) == {"≈", *progress.SIGNS.values(), *of_claims}
        lesson = (ROOT / "solutions" / "00_start_here.py").read_text(encoding="utf-8")
        (line,) = re.findall(r"^# - read the signs (.*) wherever", lesson, re.MULTILINE)
        assert set(re.findall(r"^# \| (\S)(?: \d\S* %)? \|", lesson, re.MULTILINE)) == set(signs)
        assert set(line.split()) == set(signs)

    def test_picture_and_its_text_are_those_of_the_lesson(self):
        """The cell tagged ``readme-picture`` made it, so the README moves with the result."""
        (picture,) = re.findall(r"!\[(.*?)\]\((.*?)\)", README)
        alt, path = picture
        (output,) = (
            output
            for notebook in sorted(ROOT.glob("solutions/*.ipynb"))
            for cell in nbformat.read(notebook, as_version=4).cells
            if "readme-picture" in cell.metadata.get("tags", [])
            for output in cell.outputs
            if "image/png" in output.get("data", {})
        )
        assert alt == output.metadata["image/png"]["alt"]
        assert (ROOT / path).read_bytes() == base64.b64decode(output.data["image/png"])

    @pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
    def test_relative_links_lead_somewhere(self, text):
        links = re.findall(r"\]\(([^)\s]+)\)", text)
        broken = [
            link for link in links if "://" not in link and not (ROOT / link.split("#")[0]).exists()
        ]
        assert not broken


class TestFiles:
    def test_top_level_holds_what_a_stranger_expects(self):
        top = {path.parts[0] for path in tracked()}
        assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL

    def test_no_file_names_a_place_on_one_machine_or_a_registry(self):
        """A stored traceback or an address that works in one house only helps no reader."""
        found = []
        for path in tracked():
            if path.suffix not in (".png", ".bin"):
                for number, line in enumerate(
                    (ROOT / path).read_text(encoding="utf-8").splitlines(), start=1
                ):
                    if len(line) < LONGEST_LINE and (match := FOREIGN.search(line)):
                        found.append(f"{path}:{number}: {match.group()}")
        assert not found

    def test_each_code_file_says_what_it_is_for(self):
        lessons = {Path("solutions") / f"{each.file}.py" for each in LESSONS}
        silent = [
            str(path)
            for path in tracked()
            if path.suffix == ".py" and path not in lessons
            if not ast.get_docstring(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        ]
        assert not silent
