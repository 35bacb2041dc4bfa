"""Measure what pruning is said to save: parameters, multiply-adds, bytes and time.

Lessons 01, 02 and 03. Times are for comparing within one run on one machine, never across machines.
"""

import io
import math
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median, quantiles

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from course_utils._checks import check_whole
from course_utils.layers import (
    PRUNABLE,
    Call,
    answer,
    calls_of,
    eval_mode,
    masked_parameters,
    masked_value,
    parameter_of,
)

FORMATS = ("dense", "coo", "csr", "bitmask")
# Of a ratio of times: the seconds of a block, long against the clock's grain; the turns it takes at
# least; how narrow its interval is to be; and how far from 1 the control may read.
BLOCK, TURNS, NARROW, CONTROL = 3e-3, 9, 0.05, 0.1
GRAIN = 1e-7  # seconds: a coarse clock sees no time pass in a short call


def count_parameters(model: nn.Module, *, nonzero: bool = False) -> int:
    """The number of parameters; with ``nonzero=True`` only those the forward pass sees as ≠ 0.

    Those of quantised layers count, too. A parameter that several layers share counts once.
    """
    tensors = [tensor for _, tensor in _effective_parameters(model)]
    return sum(_nonzero(tensor) if nonzero else tensor.numel() for tensor in tensors)


def flops(model: nn.Module, x: Tensor) -> int:
    """Floating-point operations of one forward pass on ``x``, two for each multiply-add.

    Counted by ``torch.utils.flop_counter`` from the shapes: a zero costs as much as any number.
    Matrix products and convolutions count; additions, activations and pooling do not. Raises
    ``ValueError`` for a net whose products it does not know: quantised layers, an LSTM,
    operations of your own.
    """
    from torch.nn.attention import SDPBackend, sdpa_kernel  # slow to import
    from torch.utils.flop_counter import FlopCounterMode  # slow to import

    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # attention in one piece has no count
    operations = _Operations()
    try:
        # eval: in train mode a forward pass moves the statistics of BatchNorm
        with (
            eval_mode(model), torch.no_grad(), sdpa_kernel(SDPBackend.MATH),
            operations, FlopCounterMode(display=False) as counter,
        ):  # fmt: skip
            answer(model, x)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
    unknown = sorted(str(each) for each in operations.seen if _multiplies_uncounted(each))
    if unknown:
        raise ValueError(
            f"{type(model).__name__} uses {', '.join(unknown)}, which PyTorch's counter does not "
            "know, so its FLOPs would come out too small. Count the net before it is quantised, or "
            "without the layer that uses this."
        )
    return counter.get_total_flops()


class _Operations(TorchDispatchMode):
    """Notes each operation that is run."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[object] = set()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        self.seen.add(getattr(operation, "_overloadpacket", operation))
        return operation(*args, **(kwargs or {}))


# The operations of PyTorch that multiply and add, by what their names hold.
PRODUCTS = re.compile(
    r"mm(_|$)|mv_?$|dot$|conv(?!ert)|attention|transformer|rnn|lstm|gru|trilinear|cdist|fft"
    r"|linalg(?!_vector_norm)"
)


def _multiplies_uncounted(operation: object) -> bool:
    from torch.utils.flop_counter import flop_registry  # slow to import

    library, _, name = str(operation).partition(".")
    if operation in flop_registry or name.startswith("upsample"):
        return False
    # Outside PyTorch's own, quantised or of your making, nothing is known of an operation.
    return library not in ("aten", "prim", "prims") or bool(PRODUCTS.search(name))


def size_bytes(x: nn.Module | Tensor, format: str = "dense", *, index_bytes: int = 8) -> int:
    """Bytes needed to store the numbers of a tensor, or of all parameters of a model.

    With n numbers of b bytes, z of them not zero, and indices of ``index_bytes`` (PyTorch: 8):

    - ``dense``: n·b
    - ``coo``: z·b + z·(one index a dimension)
    - ``csr``: z·b + (z + rows + 1)·(one index); a tensor of more dimensions as (first, rest)
    - ``bitmask``: z·b + ⌈n/8⌉

    In a model only the prunable weights take the sparse format; the rest stays dense, quantised
    layers, too (their scales are not counted). ``file`` is what ``torch.save(model.state_dict())``
    really writes. Raises ``ValueError`` for other formats.
    """
    index_bytes = check_whole("index_bytes", index_bytes, least=1)
    if format == "file":
        return _saved_bytes(x)
    if format not in FORMATS:
        raise ValueError(f"format={format!r} does not exist; allowed: {', '.join(FORMATS)}, file.")
    if isinstance(x, Tensor):
        return _tensor_bytes(x, format, index_bytes)
    return sum(
        _tensor_bytes(tensor, format if sparse else "dense", index_bytes)
        for sparse, tensor in _effective_parameters(x)
    )


@dataclass(frozen=True)
class Latency:
    """Seconds for one call: ``median`` and interquartile range ``spread`` over ``runs`` blocks."""

    median: float
    spread: float
    runs: int

    def __str__(self) -> str:
        return f"≈ {1e6 * self.median:.0f} µs (spread ≈ {1e6 * self.spread:.0f} µs)"


def latency(fn: Callable[[], object], *, seconds: float = 0.2) -> Latency:
    """Time ``fn()`` for about ``seconds``, warmed up, without gradients, on all threads in use."""
    from torch.utils.benchmark import Timer  # slow to import

    with torch.no_grad():
        # Timer sets one thread unless told otherwise.
        threads = torch.get_num_threads()
        clock = Timer("fn()", globals={"fn": fn}, num_threads=threads)
        result = clock.blocked_autorange(min_run_time=seconds)
    return Latency(result.median, result.iqr, len(result.times))


@dataclass(frozen=True)
class LatencyRatio:
    """How many times the baseline's time: the median over the ``turns``, and how sure that is.

    ``low`` to ``high`` is the 95 % interval of the median. ``control`` is the baseline against
    itself, measured in the same turns: 1 where nothing else keeps the machine busy. Between the
    ``quartiles`` lies the middle half of the turns: how much one turn says alone.
    """

    median: float
    low: float
    high: float
    control: float
    turns: int
    quartiles: tuple[float, float]

    def __str__(self) -> str:
        interval = f"≈ {self.low:.2f} to ≈ {self.high:.2f}"
        return f"≈ {self.median:.2f} × ({interval}; control ≈ {self.control:.2f} ×)"

    def __truediv__(self, other: "LatencyRatio") -> "LatencyRatio":
        """How many times the ``other`` ratio. Each interval holds every quotient of the two."""
        return LatencyRatio(
            self.median / other.median,
            self.low / other.high,
            self.high / other.low,
            max(self.control, other.control, key=lambda control: abs(math.log(control))),
            min(self.turns, other.turns),
            (self.quartiles[0] / other.quartiles[1], self.quartiles[1] / other.quartiles[0]),
        )

    def above(self, bound: float) -> bool | None:
        """Whether it takes more than ``bound`` × the baseline's time. None: not decided here.

        Decided is what the whole interval says, as long as the control reads 1 within ``CONTROL``.
        """
        return self._decided(self.low > bound, self.high <= bound)

    def below(self, bound: float) -> bool | None:
        """Whether it takes less than ``bound`` × the baseline's time. None: not decided here."""
        return self._decided(self.high < bound, self.low >= bound)

    def _decided(self, holds: bool, fails: bool) -> bool | None:
        quiet = abs(self.control - 1) <= CONTROL
        return holds if quiet and holds != fails else None


def latency_ratio(
    fn: Callable[[], object], baseline: Callable[[], object], *, seconds: float = 1.0
) -> LatencyRatio:
    """Time of ``fn()`` over time of ``baseline()``, measured in turns. Below 1: ``fn`` is faster.

    A turn times ``fn``, the baseline, and the baseline once more as the control, one right after
    the other, so that whatever else the machine does falls on all three. Turns go on until the 95 %
    interval of their median is narrower than ``NARROW`` of it, or for about ``seconds``.
    """
    ratios, controls = [], []
    with torch.no_grad():
        for each in (fn, baseline):
            each()  # the first call pays for what is set up once
        fastest = [min(_seconds_a_call(each, 1) for _ in range(5)) for each in (fn, baseline)]
        end = _clock() + seconds
        while len(ratios) < TURNS or (_is_wide(ratios) and _clock() < end):
            # Blocks of one length, or a busy machine would interrupt the longer ones more often.
            block = max(BLOCK, *fastest)
            repeats = [max(1, round(block / call)) for call in fastest]
            turn = [(fn, repeats[0]), (baseline, repeats[1]), (baseline, repeats[1])]
            turn = turn[:: (-1) ** len(ratios)]  # every other turn from the last to the first
            times = [_seconds_a_call(*side) for side in turn][:: (-1) ** len(ratios)]
            fastest = [min(fastest[0], times[0]), min(fastest[1], *times[1:])]
            ratios.append(times[0] / times[1])
            controls.append(times[2] / times[1])
    first, _, third = quantiles(ratios, n=4, method="inclusive")
    return LatencyRatio(
        median(ratios), *_interval(ratios), median(controls), len(ratios), (first, third)
    )


def layer_calls(model: nn.Module, x: Tensor) -> dict[str, Callable[[], None]]:
    """Each layer that has no layers inside, as a function that makes its calls of ``model(x)``.

    Layer name → function without arguments, in the order of the forward pass; each gets the input
    that reaches it there. Operations that are not modules (``F.relu``) are not among them. Raises
    ``ValueError`` for a model in train mode: there, every call would move BatchNorm's statistics.
    """
    if model.training:
        raise ValueError(
            "The model is in train mode. Call model.eval() before you time its layers."
        )
    leaves = {name: layer for name, layer in model.named_modules() if not [*layer.children()]}
    return {
        name: partial(_call_again, leaves[name], seen)
        for name, seen in calls_of(model, x, leaves).items()
    }


def layer_latency(model: nn.Module, x: Tensor, *, seconds: float = 0.05) -> dict[str, Latency]:
    """Time each layer that has no layers inside, alone, on the input that reaches it, in eval mode.

    Returns layer name → :class:`Latency` of its calls in one forward pass, see :func:`layer_calls`.
    ``seconds``: how long to time each layer.
    """
    with eval_mode(model):
        calls = layer_calls(model, x)
        return {name: latency(call, seconds=seconds) for name, call in calls.items()}


def to_csr(weight: Tensor) -> Tensor:
    """``weight`` (rows, columns) in PyTorch's CSR layout: only what is not zero is stored."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
        return weight.detach().to_sparse_csr()


def _seconds_a_call(fn: Callable[[], object], repeats: int) -> float:
    start = _clock()
    for _ in range(repeats):
        fn()
    return max(_clock() - start, GRAIN) / repeats


def _clock() -> float:
    """Seconds. Waits for what an accelerator still has to do."""
    from torch.utils.benchmark import timer  # slow to import

    return timer()


def _interval(ratios: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of their median: two of the ratios, by how often a fair coin falls so."""
    ratios, n = sorted(ratios), len(ratios)
    left_out = math.floor((n - 1) / 2 - 0.98 * math.sqrt(n))
    return ratios[left_out], ratios[-1 - left_out]


def _is_wide(ratios: Sequence[float]) -> bool:
    low, high = _interval(ratios)
    return high - low > NARROW * median(ratios)


def _call_again(layer: nn.Module, calls: Sequence[Call]) -> None:
    for call in calls:
        layer(*call.args, **call.kwargs)


def _effective_parameters(model: nn.Module) -> list[tuple[bool, Tensor]]:
    """Each parameter as the forward pass uses it, masks multiplied in, and whether it is prunable.

    Prunable is the weight of a linear or convolution layer.
    """
    layers = [module for module in model.modules() if isinstance(module, PRUNABLE)]
    prunable = {id(parameter_of(layer)) for layer in layers}
    values = {
        id(getattr(module, f"{name}_orig")): masked_value(module, name)
        for module, name in masked_parameters(model)
    }
    found = [(id(p) in prunable, values.get(id(p), p).detach()) for p in model.parameters()]
    return found + [(False, tensor) for tensor in _quantised(model)]


def _quantised(model: nn.Module) -> list[Tensor]:
    """Weights and biases of quantised layers, which are no parameters: methods hand them out."""
    tensors: list[Tensor | None] = []
    for module in model.modules():
        if not type(module).__module__.startswith("torch.ao.nn.quantized"):
            continue
        for name in ("weight", "bias"):
            if callable(getattr(module, name, None)):
                tensors.append(getattr(module, name)())
            elif hasattr(module, f"get_{name}"):  # recurrent layers, which have several
                tensors += getattr(module, f"get_{name}")().values()
    return [tensor for tensor in tensors if tensor is not None]


def _nonzero(tensor: Tensor) -> int:
    return int(torch.count_nonzero(tensor.dequantize() if tensor.is_quantized else tensor))


def _tensor_bytes(tensor: Tensor, format: str, index_bytes: int) -> int:
    numbers, nonzero, width = tensor.numel(), _nonzero(tensor), tensor.element_size()
    if format == "dense":
        return numbers * width
    if format == "coo":
        return nonzero * (width + index_bytes * tensor.dim())
    if format == "csr":
        rows = tensor.shape[0] if tensor.dim() > 1 else 1
        return nonzero * (width + index_bytes) + (rows + 1) * index_bytes
    return nonzero * width + math.ceil(numbers / 8)


def _saved_bytes(x: nn.Module | Tensor) -> int:
    buffer = io.BytesIO()
    torch.save(x if isinstance(x, Tensor) else x.state_dict(), buffer)
    return buffer.getbuffer().nbytes
