"""What the tests share: a record of their own, a fixed seed, the digits and two small models."""

import linecache
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import browser_lab
import pytest
import torch
from torch import nn

import course_utils
from course_utils import data, models, training
from course_utils.lesson import progress

# The tensors are small: a second thread gains nothing, and where other work goes on beside the
# tests, waiting for it costs ten times the time.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def fresh_start(monkeypatch):
    """Each test has an empty record in memory, no progress bars, and the same random numbers."""
    monkeypatch.setenv("PRUNING_COURSE_HOME", progress.MEMORY)
    monkeypatch.setenv("TQDM_DISABLE", "1")
    monkeypatch.delenv("PRUNING_COURSE_DESK", raising=False)
    monkeypatch.setattr(progress, "_in_memory", {})
    monkeypatch.setattr(progress, "_already_said", set())
    training.seed_everything(0)


LIBRARY = Path(course_utils.__file__).parent
ABBREVIATIONS = {"BN", "COO", "CPU", "CSR", "CUDA", "FLOPS", "MNIST", "ONNX"}


def faults_of(message: str) -> list[str]:
    """What keeps a refusal from being a plain sentence or two."""
    words = re.sub(r"'[^']*'", "''", message)  # what was given may look as it likes
    shouted = {w for w in re.findall(r"\b[A-Z]{2,}\b", words) if not hasattr(nn, w)}
    shouted -= ABBREVIATIONS
    faults = [f"{word} in capitals" for word in sorted(shouted)]
    if not message.endswith("."):
        faults.append("no full stop at its end")
    if re.search(r"[a-z\])][.?] [a-z]", words):
        faults.append("a small letter behind a full stop")
    return faults


@pytest.fixture(autouse=True)
def every_refusal_is_a_sentence(monkeypatch):
    """Whatever a test makes the library refuse, its words are read here, too."""
    raises = pytest.raises

    @contextmanager
    def read(*arguments, **options) -> Iterator[pytest.ExceptionInfo]:
        with raises(*arguments, **options) as refused:
            yield refused
        last = refused.traceback[-1]  # an error of PyTorch's own has its own words
        # Not last.statement: for each error it parses the whole module.
        line = linecache.getline(str(last.path), last.lineno + 1).lstrip()
        if Path(last.path).parent == LIBRARY and line.startswith("raise"):
            assert faults_of(str(refused.value)) == [], str(refused.value)

    monkeypatch.setattr(pytest, "raises", read)


@pytest.fixture(scope="session")
def digits() -> data.Digits:
    """The 5,000 real digits."""
    return data.load_mnist()


@pytest.fixture(scope="session")
def few_digits(digits) -> data.Digits:
    """The first 500 digits for training, with the validation and test part of all of them."""
    x, y = digits.train
    return data.Digits("first 500", (x[:500], y[:500]), digits.val, digits.test)


class Toy(nn.Module):
    """Two rows of three weights, then one row of two: eight weights that fit in the head."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 2)
        self.second = nn.Linear(2, 1)
        with torch.no_grad():
            self.first.weight.copy_(torch.tensor([[1.0, -2.0, 3.0], [-4.0, 5.0, -6.0]]))
            self.second.weight.copy_(torch.tensor([[7.0, -8.0]]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.first(x))


@pytest.fixture
def toy_model() -> nn.Module:
    """A fresh :class:`Toy`."""
    return Toy()


@pytest.fixture(scope="session")
def trained_state(few_digits) -> dict[str, torch.Tensor]:
    training.seed_everything(0)
    model = models.LeNet300()
    training.train(model, few_digits, epochs=3, batch_size=16)
    return model.state_dict()


@pytest.fixture
def trained_model(trained_state) -> nn.Module:
    """A LeNet-300-100 after three epochs on 500 digits; a fresh copy for each test."""
    model = models.LeNet300()
    model.load_state_dict(trained_state)
    return model.eval()


@pytest.fixture
def state_of() -> Callable[[nn.Module], dict]:
    """A function that copies all numbers of a model, masks included, for comparing later."""
    return lambda model: {name: value.clone() for name, value in model.state_dict().items()}


@pytest.fixture
def same_state() -> Callable[[dict, dict], bool]:
    """A function that says whether two states have equal names and equal numbers."""

    def same(before: dict, after: dict) -> bool:
        return before.keys() == after.keys() and all(
            torch.equal(before[name], after[name]) for name in before
        )

    return same


@pytest.fixture(scope="module")
def browser():
    """One Chromium for the tests of a module."""
    with browser_lab.chromium() as chromium:
        yield chromium
