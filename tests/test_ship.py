"""What is shipped works without PyTorch and the course, and refuses what it cannot read."""

import ast
import base64
import getpass
import hashlib
import importlib.util
import os
import re
import runpy
import socket
import struct
import subprocess
import sys
import tomllib
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from onnx import load, save_model
from PIL import Image
from torch import nn

from course_utils import coding, deploy, models, pruning, sharing, ship, training

PROGRAM = ship.SHIPPED / "classify.py"
NEEDED = {"numpy", "onnxruntime", "PIL"}


@pytest.fixture(scope="module")
def lenet(digits):
    """A LeNet-300-100 that reads digits, pruned, eight numbers a layer."""
    training.seed_everything(0)
    model = models.LeNet300()
    training.train(model, digits, epochs=2, silent=True)
    pruning.prune_model(model, 0.95)
    training.train(model, digits, epochs=1, silent=True)
    sharing.share_model(model, 8, biases=8)
    return model.eval()


@pytest.fixture(scope="module")
def onnx(lenet, digits, tmp_path_factory):
    return deploy.export_onnx(lenet, digits.val[0][:2], tmp_path_factory.mktemp("onnx") / "a.onnx")


@pytest.fixture(scope="module")
def folder(lenet, onnx, tmp_path_factory):
    return ship.write(tmp_path_factory.mktemp("shipped") / "build" / "digits", onnx, lenet)


@pytest.fixture
def says(folder, monkeypatch, capsys):
    """A function that runs the program in this process and returns what it says, or exits with."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["classify.py", *map(str, arguments)])
        try:
            runpy.run_path(str(folder / "classify.py"), run_name="__main__")
        except SystemExit as refused:
            return f"{refused.code}"  # a text is printed to stderr, and the exit status is 1
        return capsys.readouterr().out.strip()

    return run


@pytest.fixture(scope="module")
def program(folder, digits, tmp_path_factory):
    """The functions of the program, by name."""
    picture = ship.save_picture(digits.val[0][0], tmp_path_factory.mktemp("one") / "one.png")
    before, sys.argv = sys.argv, ["classify.py", str(picture)]
    try:
        return runpy.run_path(str(folder / "classify.py"), run_name="__main__")
    finally:
        sys.argv = before


# The folder ---------------------------------------------------------------------------------------


def test_the_folder_holds_three_files(folder, onnx, lenet):
    contents = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert contents == {
        "classify.py": PROGRAM.read_bytes(),
        "digits.html": ship.page(lenet).encode(),
        "digits.onnx": onnx.read_bytes(),
    }
    assert len(contents["digits.html"]) <= 40_000


def test_written_twice_it_is_the_same_and_other_files_stay(lenet, onnx, tmp_path):
    ship.write(tmp_path, onnx, lenet)
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    ship.write(str(tmp_path), str(onnx), lenet)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_nothing_tells_where_and_by_whom_it_was_made(folder):
    given_away = {str(Path.home()), str(Path.cwd()), sys.prefix, "site-packages", "torch"}
    given_away |= {str(folder), socket.gethostname(), getpass.getuser()}
    given_away = {word for word in given_away if len(word) > 4}  # shorter ones occur by chance
    for path in folder.iterdir():
        content = path.read_bytes()
        for word in given_away:
            assert word.encode() not in content, (path.name, word)


def test_what_a_file_tells_beside_the_net_is_not_shipped(lenet, digits, onnx, tmp_path):
    telling = deploy.export_onnx(lenet, digits.val[0][:2], tmp_path / "b.onnx", keep_traces=True)
    assert b"site-packages" in telling.read_bytes()
    shipped = ship.write(tmp_path / "folder", telling, lenet)
    assert deploy.weigh(shipped).beside == {}
    assert (shipped / "digits.onnx").read_bytes() == onnx.read_bytes()


def test_a_file_with_its_weights_elsewhere_is_refused(lenet, onnx, tmp_path):
    """Copied alone it would be a net without weights."""
    apart = tmp_path / "apart.onnx"
    proto = load(onnx)
    save_model(proto, apart, save_as_external_data=True, location="apart.data")
    deploy.session(apart)
    with pytest.raises(ValueError, match="nothing that ONNX Runtime can run"):
        ship.write(tmp_path / "folder", apart, lenet)
    assert not (tmp_path / "folder").exists()


def test_a_file_of_another_net_is_refused_and_nothing_is_written(lenet, onnx, digits, tmp_path):
    wrong = nn.Sequential(nn.Flatten(), nn.Linear(784, 3))
    file = deploy.export_onnx(wrong, digits.val[0][:2], tmp_path / "wrong.onnx")
    with pytest.raises(ValueError, match=r"answers a picture with shape \(1, 3\)"):
        ship.write(tmp_path / "folder", file, lenet)
    with pytest.raises(ValueError, match="The page takes weight and bias"):
        ship.write(tmp_path / "folder", onnx, wrong)
    with pytest.raises(FileNotFoundError):
        ship.write(tmp_path / "folder", tmp_path / "none.onnx", lenet)
    assert not (tmp_path / "folder").exists()


def test_the_templates_are_installed_with_the_library():
    settings = (ship.SHIPPED.parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    given = tomllib.loads(settings)["tool"]["setuptools"]["package-data"]["course_utils"]
    installed = {path for each in given for path in ship.SHIPPED.parent.glob(each)}
    assert installed > {path for path in ship.SHIPPED.iterdir() if path.is_file()}


# The program --------------------------------------------------------------------------------------


def test_the_program_is_short_and_needs_little():
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"))
    lines = PROGRAM.read_text(encoding="utf-8").splitlines()[tree.body[0].end_lineno :]
    assert sum(bool(line.strip()) for line in lines) <= 40
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [node.module] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert imported - set(sys.stdlib_module_names) == NEEDED


def test_it_runs_where_nothing_else_is_installed(folder, digits, tmp_path):
    """Python without its packages, and a folder with those that are named and what they need."""
    bare = tmp_path / "bare"
    (bare / "google").mkdir(parents=True)
    for name in (*NEEDED, "flatbuffers", "google.protobuf"):
        home = Path(importlib.util.find_spec(name).submodule_search_locations[0])
        (bare / name.replace(".", "/")).symlink_to(home)
        for libraries in home.parent.glob(f"{'pillow' if name == 'PIL' else name}.libs"):
            (bare / libraries.name).symlink_to(libraries)
    picture = ship.save_picture(digits.test[0][0], tmp_path / "digit.png")
    code = f"import runpy, sys; sys.argv = ['', {str(picture)!r}]; runpy.run_path({str(folder / 'classify.py')!r}, run_name='__main__'); print(*sys.modules)"  # noqa: E501
    environment = {"PYTHONPATH": str(bare), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        capture_output=True, text=True, encoding="utf-8", env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer, modules = done.stdout.splitlines()
    assert re.fullmatch(r"\d \(≈ \d+ %\)", answer)
    loaded = {name.partition(".")[0] for name in modules.split()}
    assert not loaded & {"torch", "course_utils", "onnx", "pandas"}


def test_its_answers_are_those_of_the_net(program, lenet, digits):
    """A digit of MNIST lies as the program would lay it, but for a faint edge."""
    x = digits.test[0][:200]
    seen = np.stack([program["centred"](image[0].numpy()) for image in x])
    assert np.abs(seen - x[:, 0].numpy()).mean() < 0.002
    run = program["net"].run(None, {program["net"].get_inputs()[0].name: seen[:, None]})[0]
    differ = run.argmax(1) != deploy.answers(lenet, x).argmax(1).numpy()
    assert differ.sum() <= 2


@pytest.fixture(scope="module")
def clear(lenet, digits):
    """A digit (28, 28) in 0..255 that the net is sure of, and which it is; a lopsided one."""
    x, y = digits.test
    scores = deploy.answers(lenet, x).softmax(1)
    row = int(scores[y == 7, 7].argmax())
    return (255 * x[y == 7][row, 0]).byte().numpy(), 7


def large(ink, size=(300, 300)):
    return Image.fromarray(ink).resize(size, Image.Resampling.BICUBIC)


def on_ground(ink, ground, colour):
    """The digit in ``colour`` on ``ground``, as RGB."""
    mask = large(ink)
    picture = Image.new("RGB", mask.size, ground)
    picture.paste(colour, mask=mask)
    return picture


def transparent(ink, colour):
    picture = Image.new("RGBA", (300, 300), colour)
    picture.putalpha(large(ink))
    return picture


def off_centre(ink):
    picture = Image.new("L", (700, 400), 255)
    picture.paste(Image.eval(large(ink, (120, 120)), lambda v: 255 - v), (560, 20))
    return picture


def turned(ink, path):
    """As a telephone stores it: lying on its side, with a note how to turn it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    on_ground(ink, "white", "black").rotate(90).save(path, exif=exif)


PICTURES = {
    "as it is": lambda ink: Image.fromarray(ink),
    "large, light on dark": large,
    "dark on light": lambda ink: on_ground(ink, "white", "black"),
    "in colour": lambda ink: on_ground(ink, "khaki", "darkblue"),
    "light colour on dark": lambda ink: on_ground(ink, "maroon", "lightgreen"),
    "black on nothing": lambda ink: transparent(ink, "black"),
    "white on nothing": lambda ink: transparent(ink, "white"),
    "in a corner": off_centre,
    "two colours": lambda ink: on_ground(ink, "white", "black").convert("1"),
    "a palette": lambda ink: on_ground(ink, "white", "black").convert("P"),
    "grey with alpha": lambda ink: transparent(ink, "black").convert("LA"),
    "sixteen bits": lambda ink: Image.fromarray(np.asarray(large(ink), "u2") * 257),
    "faint": lambda ink: on_ground(ink, (255, 255, 255), (190, 190, 190)),
    "very large": lambda ink: large(ink, (4000, 4000)),
}


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_of_any_kind(says, clear, tmp_path, kind):
    ink, digit = clear
    PICTURES[kind](ink).save(tmp_path / "digit.png")
    assert re.fullmatch(rf"{digit} \(≈ \d+ %\)", says(tmp_path / "digit.png"))


def test_a_photograph(says, clear, tmp_path):
    ink, digit = clear
    turned(ink, tmp_path / "digit.jpg")
    assert says(tmp_path / "digit.jpg").startswith(f"{digit} ")


@pytest.mark.parametrize("box", [(0, 0, 1, 30), (10, 10, 11, 11), (0, 29, 300, 30)])
def test_any_ink_is_laid_in_the_field(says, tmp_path, box):
    """A dot, a line, something at the border: an answer, whichever it is."""
    picture = Image.new("L", (300, 300))
    picture.paste(255, box)
    picture.save(tmp_path / "mark.png")
    assert re.fullmatch(r"\d \(≈ \d+ %\)", says(tmp_path / "mark.png"))


def test_a_lopsided_figure_stays_in_the_field(program):
    """Its centre of mass lies at its lower end, so that cannot lie in the middle."""
    ink = np.zeros((20, 20), "f4")
    ink[0, 0], ink[-1] = 0.2, 1
    seen = program["centred"](ink)
    assert seen.shape == (28, 28)
    assert np.count_nonzero(seen, axis=1).tolist() == [1, *[0] * 18, 20, *[0] * 8]


def damaged(path):
    Image.new("L", (50, 50)).save(path)
    path.write_bytes(path.read_bytes()[:60])


def huge(path):
    """A small file that says of itself that it has 3,600 million pixels."""
    Image.new("1", (8, 8)).save(path)
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", 60_000, 60_000)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    path.write_bytes(content)


BAD = {
    "a text": lambda path: path.write_text("7", encoding="utf-8"),
    "nothing in it": lambda path: path.write_bytes(b""),
    "not there": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "cut off": damaged,
    "all white": lambda path: Image.new("L", (50, 50), 255).save(path),
    "all of one colour": lambda path: Image.new("RGB", (9, 50), "teal").save(path),
    "nothing but transparency": lambda path: Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(path),
    "one pixel": lambda path: Image.new("L", (1, 1), 200).save(path),
    "hardly any contrast": lambda path: Image.fromarray(np.eye(30, dtype="u1") * 20).save(path),
    "a page of HTML": lambda path: path.write_bytes((ship.SHIPPED / "page.html").read_bytes()),
    "far too large": huge,
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_picture_is_refused_with_a_sentence(says, tmp_path, kind):
    path = tmp_path / "picture.png"
    BAD[kind](path)
    said = says(path)
    assert said.startswith(f"{path} is no picture of a digit: ")
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize("arguments", [(), ("one.png", "two.png")])
def test_without_one_picture_it_says_how_to_use_it(says, arguments):
    assert "python classify.py picture.png" in says(*arguments)


def test_asked_in_a_process_of_its_own(folder, clear, tmp_path):
    ink, digit = clear
    image = torch.from_numpy(ink / np.float32(255))[None]
    right = ship.ask(folder, ship.save_picture(image, tmp_path / "seven.png"))
    assert (right.words[:3], right.status) == (f"{digit} (", 0)
    wrong = ship.ask(folder, folder / "digits.html")
    assert wrong.status == 1
    assert "is no picture of a digit" in wrong.words
    assert "Traceback" not in wrong.words


def test_a_picture_is_saved_as_it_is(digits, tmp_path):
    image = digits.test[0][3]
    path = ship.save_picture(image, tmp_path / "digit.png")
    assert np.array_equal(np.asarray(Image.open(path)) / np.float32(255), image[0].numpy())
    with pytest.raises(ValueError, match=r"needed is one digit, \(1, 28, 28\)"):
        ship.save_picture(image[0], path)


# The page -----------------------------------------------------------------------------------------


def test_the_page_holds_the_file_of_the_net(lenet):
    page = ship.page(lenet)
    (packed,) = re.findall(r'<script type="application/octet-stream" id="net">(.*?)</script>', page)
    file = base64.b64decode(packed, validate=True)
    assert file == coding.encode(lenet)
    assert f"{len(file):,} bytes" in page
    assert not re.search(r"\b(NET|SIZE|STYLE|SCRIPT|POLICY)\b", page)


def test_the_page_allows_its_own_script_and_style_and_nothing_else(lenet):
    page = ship.page(lenet)
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    frame = re.sub(r'(id="net">).*?<', r"\1<", page)
    assert not re.search(r"https?:|//\w|\bsrc=|@import|url\(", frame)
    assert not re.search(r"\son\w+=|\sstyle=", frame)


class Tanh(models.LeNet300):
    def forward(self, x):
        x = torch.tanh(self.fc1(x.flatten(1)))
        return self.fc3(torch.relu(self.fc2(x)))


class Backwards(nn.Module):
    """Its layers stand in another order than they compute in."""

    def __init__(self):
        super().__init__()
        self.second, self.first = nn.Linear(784, 784), nn.Linear(784, 784)
        self.last = nn.Linear(784, 10)

    def forward(self, x):
        return self.last(torch.relu(self.second(torch.relu(self.first(x.flatten(1))))))


def flat(*layers):
    return nn.Sequential(nn.Flatten(), *layers)


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (models.ConvNet((2,)), "tensors of shapes"),
        (models.LeNet300().double(), "all in float32"),
        (models.LeNet300().bfloat16(), "all in float32"),
        (flat(nn.Linear(784, 10, bias=False)), "tensors of shapes"),
        (flat(nn.Linear(784, 9)), "tensors of shapes"),
        (flat(nn.Linear(100, 10)), "tensors of shapes"),
        (flat(nn.ReLU()), "tensors of shapes"),
        (flat(nn.BatchNorm1d(784), nn.Linear(784, 10)), "tensors of shapes"),
        (nn.Sequential(nn.Linear(784, 10)), "takes no pictures"),
        (flat(nn.Linear(784, 10), nn.Softmax(1)), "computes something else"),
        (Tanh(), "computes something else"),
        (Backwards(), "computes something else"),
    ],
)
def test_a_net_that_the_page_cannot_compute_is_refused(net, message):
    with pytest.raises(ValueError, match=message):
        ship.page(net.eval())


@pytest.mark.parametrize(
    "net",
    [
        flat(nn.Linear(784, 10)),
        flat(nn.Linear(784, 4), nn.ReLU(), nn.Linear(4, 10)),
        models.LeNet300(),
    ],
)
def test_other_chains_of_layers_have_a_page(net):
    assert "<!DOCTYPE html>" in ship.page(net)
