"""Out of PyTorch: an ONNX file with nothing but the net in it, ONNX Runtime, int8, and parity.

Lesson 07. At each joint (masked, small, folded, exported, int8, decoded) the net becomes another
object that must answer the same: :func:`parity` compares. :func:`weigh` counts what it takes to
have the net again, all bytes of a folder. ``onnx`` and ``onnxruntime`` are imported when they are
used.
"""

import io
import itertools
import logging
import math
import os
import platform
import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import torch
from torch import Tensor, nn

from course_utils._checks import check_choice, check_whole, is_real, plain
from course_utils._tracing import first_line
from course_utils.layers import (
    device_of,
    eval_mode,
    make_permanent,
    masked_parameters,
    plain_copy,
)

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession

Net: TypeAlias = "nn.Module | InferenceSession | Callable[[Tensor], Tensor]"
# What an ONNX file holds beside the net: stack traces with the paths of whoever exported it, notes,
# shapes that can be inferred again.
BESIDE_THE_NET = (
    "doc_string", "metadata_props", "value_info", "producer_name", "producer_version",
    "model_version",
)  # fmt: skip
FORMATS = ("qdq", "qoperator")
ACTIVATIONS = ("uint8", "int8")
SAME = 1e-4  # of the largest answer: what two orders of adding up in float32 may differ by
BATCH = 256  # inputs at once


# The file -----------------------------------------------------------------------------------------


def export_onnx(
    model: nn.Module, example: Tensor, path: Path | str, *, keep_traces: bool = False
) -> Path:
    """Write ``model``, as it answers in eval mode, into one ONNX file; return its path.

    ``example``: a batch such as the net gets, (n, …) with n of 2 or more; the file takes batches of
    any size. Masks become plain zeros, BatchNorm is folded where it follows a convolution, the
    weights are in the file and not beside it, and what :func:`strip_onnx` takes out is not in it;
    ``keep_traces=True`` leaves it in. ``model`` stays as it is.

    The file is written when ONNX Runtime has answered as PyTorch does, for this batch and for one
    input alone. Raises ``TypeError`` or ``ValueError``, and writes nothing, where that is not so:
    for a net that cannot be exported, that is bound to a batch of one size, or that takes or
    returns anything but one tensor.
    """
    _check_example(example)
    _check_folder(path)  # before a minute's work
    name = type(model).__name__
    net = plain_copy(model)
    net = (make_permanent(net) if masked_parameters(net) else net).cpu().eval()
    example = example.detach().cpu()
    try:
        with torch.no_grad():
            answer = net(example.clone())
    except Exception as error:  # a net may do anything
        raise ValueError(f"{name} cannot run on the example: {_first_line(error)}.") from error
    if not isinstance(answer, Tensor):
        raise ValueError(
            f"{name} answers with a {type(answer).__name__}; one tensor is needed. Wrap the net in "
            "one that returns it."
        )
    proto = _exported(net, example, name)
    _check_batches(proto, name)
    if not keep_traces:
        _strip(proto)
    content = proto.SerializeToString(deterministic=True)
    run = session(content)
    for batch in (example, example[:1]):
        expected = answers(net, batch)
        apart = _apart(expected, answers(run, batch))
        if not apart <= SAME * max(1.0, float(expected.abs().max())):
            raise ValueError(
                f"Exported, {name} answers up to {apart:.3g} off for a batch of {len(batch)}. "
                "Something in its forward depends on the batch, or the exporter is wrong about it."
            )
    return _write(path, content)


def strip_onnx(path: Path | str) -> Path:
    """Take out of an ONNX file all that does not answer, in place; return its path.

    That is notes, metadata, shapes that can be inferred again, and who made it: stack traces with
    the folders of a machine are among it. The answers stay bit for bit.
    """
    proto = _load(path)
    _strip(proto)
    return _write(path, proto.SerializeToString(deterministic=True))


def shorten_names(path: Path | str) -> Path:
    """Give each tensor inside of an ONNX file the shortest name, in place; return its path.

    In a small int8 file the names are a quarter of all bytes. What goes in and comes out keeps its
    name; the answers stay bit for bit. Do it last: afterwards the file does not say which layer is
    which. Raises ``ValueError`` for a net with a net inside (a loop, a branch, a function), where a
    name may mean something else.
    """
    proto = _load(path)
    graph = proto.graph
    nets = [
        node.op_type for node in graph.node if any(a.g.node or a.graphs for a in node.attribute)
    ]
    if nets or proto.functions:
        inside = ", ".join(nets) or "functions"
        raise ValueError(f"{str(path)!r} has nets inside ({inside}); its names stay as they are.")
    given = {value.name for value in (*graph.input, *graph.output)}
    fresh = (name for name in map("{:x}".format, itertools.count()) if name not in given)
    short = {name: name for name in (*given, "")}  # "" stands for an input that is left out

    def shortened(name: str) -> str:
        if name not in short:
            short[name] = next(fresh)
        return short[name]

    _strip(proto)  # shapes of tensors are listed by name, too
    graph.ClearField("quantization_annotation")
    for tensor in (*graph.initializer, *(each.values for each in graph.sparse_initializer)):
        tensor.name = shortened(tensor.name)
    for node in graph.node:
        node.ClearField("name")
        node.input[:] = map(shortened, node.input)
        node.output[:] = map(shortened, node.output)
    return _write(path, proto.SerializeToString(deterministic=True))


def quantise_static(
    source: Path | str,
    target: Path | str,
    calibration: Tensor,
    *,
    format: str = "qdq",
    per_channel: bool = False,
    reduce_range: bool = False,
    activations: str = "uint8",
) -> Path:
    """Write the fp32 ONNX file ``source`` as int8 into ``target``; return its path.

    ``calibration``: inputs (n, …) that training has seen, from whose smallest and largest
    activations the scales come; never from the test part. ``format``: "qdq" puts QuantizeLinear
    and DequantizeLinear around each layer, which ONNX Runtime joins when it loads the file;
    "qoperator" writes int8 layers. Weights are symmetric int8, with ``per_channel`` a scale for
    each output channel, with ``reduce_range`` 7 bits, which no processor lets saturate.
    ``activations``: "uint8" or "int8". The result is stripped. Raises ``ValueError`` for other
    words and for inputs that the net does not take.
    """
    import onnxruntime.quantization as ort  # slow to import

    check_choice("format", format, FORMATS)
    check_choice("activations", activations, ACTIVATIONS)
    if not isinstance(calibration, Tensor) or not len(calibration):
        raise ValueError("calibration must be a batch of inputs (n, …) as a tensor; got none.")
    if not calibration.isfinite().all():
        raise ValueError("calibration holds NaN or infinity, and no range holds these.")
    run = session(source)
    answers(run, calibration[:1])  # refuses what the net does not take
    name = run.get_inputs()[0].name
    return _quantised(source, target, lambda inside, outside: ort.quantize_static(
        inside, outside, _Calibration(name, calibration),
        quant_format=ort.QuantFormat.QDQ if format == "qdq" else ort.QuantFormat.QOperator,
        activation_type=_kind(activations), weight_type=_kind("int8"),
        per_channel=per_channel, reduce_range=reduce_range,
    ))  # fmt: skip


def quantise_dynamic(
    source: Path | str,
    target: Path | str,
    *,
    per_channel: bool = False,
    reduce_range: bool = False,
) -> Path:
    """As :func:`quantise_static`, but each batch's activations get their scale when it runs.

    Nothing to calibrate, and one more pass over all activations. Made for recurrent nets and
    transformers; convolutions become slow.
    """
    import onnxruntime.quantization as ort  # slow to import

    return _quantised(source, target, lambda inside, outside: ort.quantize_dynamic(
        inside, outside, weight_type=_kind("int8"),
        per_channel=per_channel, reduce_range=reduce_range,
    ))  # fmt: skip


def _exported(net: nn.Module, example: Tensor, name: str) -> "ModelProto":
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                net, (example,), dynamo=True, external_data=False, optimize=True, verbose=False,
                dynamic_shapes=({0: torch.export.Dim.DYNAMIC},),
            )  # fmt: skip
            return program.model_proto
    except Exception as error:  # whatever the exporter does not know
        deepest = error
        while deepest.__cause__ is not None:
            deepest = deepest.__cause__
        raise ValueError(
            f"{name} cannot be exported: {_first_line(deepest)}. Use a net without branches that "
            "depend on the data, and without the size of the batch in its forward."
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Nothing of what others print, log or warn of."""
    before, nowhere = logging.root.manager.disable, io.StringIO()
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(nowhere), redirect_stderr(nowhere):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _check_example(example: Tensor) -> None:
    if not isinstance(example, Tensor):
        raise TypeError(f"example must be one tensor, a batch; got {type(example).__name__}.")
    if example.dim() == 0 or len(example) < 2:
        raise ValueError(
            f"example has shape {tuple(example.shape)}. Give a batch of two inputs or more: with "
            "one, the exporter may write 1 into the file as the size of every batch."
        )


def _check_batches(proto: "ModelProto", name: str) -> None:
    """Whether the file takes one tensor and returns one, for batches of any size."""
    for word, values in (("input", proto.graph.input), ("output", proto.graph.output)):
        if len(values) != 1:
            raise ValueError(f"Exported, {name} has {len(values)} {word}s; one tensor is needed.")
        sizes = values[0].type.tensor_type.shape.dim
        if not sizes or not sizes[0].dim_param:
            shape = [size.dim_param or size.dim_value for size in sizes]
            raise ValueError(
                f"Exported, {name} would have an {word} of shape {shape} and take no other batch. "
                "Its forward computes with the size of the batch; write flatten(1), or "
                "view(x.shape[0], -1)."
            )


def _load(path: Path | str) -> "ModelProto":
    import onnx  # slow to import

    try:
        return onnx.load(str(path), load_external_data=False)
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {str(path)!r}.") from None
    except Exception as error:  # protobuf's own
        raise ValueError(f"{str(path)!r} is no ONNX file.") from error


def _strip(message: object) -> None:
    """Clear the fields that hold no part of the net, in all messages inside, in place."""
    message.DiscardUnknownFields()
    for name in BESIDE_THE_NET:
        if name in message.DESCRIPTOR.fields_by_name:
            message.ClearField(name)
    for part in _parts(message):
        _strip(part)


def _parts(message: object) -> Iterator[object]:
    """The messages directly inside of a protobuf message."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            yield from [value] if hasattr(value, "ListFields") else value  # one or several


def _write(path: Path | str, content: bytes) -> Path:
    """All of it or nothing."""
    path = _check_folder(path)
    draft = path.with_name(f"{path.name}.part")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _check_folder(path: Path | str) -> Path:
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {str(path.parent)!r}. Make it first.")
    return path


def _quantised(source: Path | str, target: Path | str, write: Callable[[str, str], None]) -> Path:
    """Let ONNX Runtime write into a folder of its own, strip that, and move it to ``target``."""
    _load(source)  # in our words, if it is no ONNX file
    _check_folder(target)
    with tempfile.TemporaryDirectory() as folder:
        draft = os.path.join(folder, "int8.onnx")
        try:
            with _quiet():
                write(str(source), draft)
        except Exception as error:  # whatever it does not know
            raise ValueError(
                f"ONNX Runtime cannot quantise {str(source)!r}: {_first_line(error)}. Export it "
                "from eval mode, with BatchNorm folded."
            ) from error
        proto = _load(draft)
    _strip(proto)
    content = proto.SerializeToString(deterministic=True)
    session(content)  # a file that does not run is none
    return _write(target, content)


def _kind(name: str) -> object:
    from onnxruntime.quantization import QuantType  # slow to import

    return {"int8": QuantType.QInt8, "uint8": QuantType.QUInt8}[name]


class _Calibration:
    """Hands ONNX Runtime one batch after the other."""

    def __init__(self, name: str, x: Tensor) -> None:
        self.batches = iter([{name: part.numpy()} for part in x.detach().cpu().split(BATCH)])

    def get_next(self) -> dict | None:
        return next(self.batches, None)


def _first_line(error: Exception) -> str:
    """What an error says, without its class and number in ONNX Runtime and the pages behind."""
    said = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", first_line(error))
    return said.partition(". ")[0].rstrip(".")  # behind it: where in ONNX Runtime's own code


# Running it ---------------------------------------------------------------------------------------


def session(
    model: Path | str | bytes, threads: int = 1, *, precise: bool = False
) -> "InferenceSession":
    """ONNX Runtime, ready to run a file (or its bytes) on the processor with ``threads`` threads.

    ``precise=True``: int8 sums that never saturate, for a processor without VNNI. Raises
    ``FileNotFoundError``, or ``ValueError`` for what ONNX Runtime cannot run; with ``precise=True``
    that may be the "qoperator" format with int8 activations, which does not saturate anyway.
    """
    import onnxruntime as ort  # slow to import

    options = ort.SessionOptions()
    options.intra_op_num_threads = check_whole("threads", threads, least=1)
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    if precise:
        options.add_session_config_entry("session.x64quantprecision", "1")
    if not isinstance(model, bytes) and not Path(model).is_file():
        raise FileNotFoundError(f"There is no file {str(model)!r}.")
    try:
        given = model if isinstance(model, bytes) else str(model)
        return ort.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own classes
        what = "These bytes are" if isinstance(model, bytes) else f"{str(model)!r} is"
        raise ValueError(
            f"{what} nothing that ONNX Runtime can run: {_first_line(error)}."
        ) from error


def answers(net: Net, x: Tensor) -> Tensor:
    """What a net answers to the batch ``x``: a module (in eval mode), a session, or a function.

    Computed for some hundred inputs at a time, without gradients; returned on the processor.
    """
    if not isinstance(x, Tensor) or x.dim() == 0 or not len(x):
        raise ValueError("x must be a tensor with a batch of inputs, (n, …); got none.")
    ask = _asked(net)
    with torch.no_grad():
        parts = [ask(part) for part in x.split(BATCH)]
    for part in parts:
        if not isinstance(part, Tensor):
            raise ValueError(f"The net answers with a {type(part).__name__}; a tensor is needed.")
    return torch.cat([part.detach().cpu() for part in parts])


def _asked(net: Net) -> Callable[[Tensor], Tensor]:
    if isinstance(net, nn.Module):

        def ask(x: Tensor) -> Tensor:
            with eval_mode(net):
                return net(x.to(device_of(net, x.device)))

        return ask
    if hasattr(net, "get_inputs"):
        return lambda x: _run(net, x)
    if not callable(net):
        raise TypeError(
            f"A net is a module, a session or a function from tensor to tensor; got "
            f"{type(net).__name__}. Open a file with session(path)."
        )
    return net


def _run(run: "InferenceSession", x: Tensor) -> Tensor:
    inputs, outputs = run.get_inputs(), run.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1:
        raise ValueError(
            f"The session takes {len(inputs)} inputs and gives {len(outputs)} answers; one tensor "
            "each is needed."
        )
    try:
        found = run.run(None, {inputs[0].name: x.detach().cpu().contiguous().numpy()})[0]
    except Exception as error:  # its own classes
        raise ValueError(
            f"The session takes inputs of shape {inputs[0].shape} and {inputs[0].type}; got shape "
            f"{tuple(x.shape)} of {x.dtype}."
        ) from error
    return torch.from_numpy(found)


@dataclass(frozen=True)
class Parity:
    """How far the answers of two nets are apart.

    ``difference``: the largest of any answer to any input, NaN where one is NaN. ``flips``: how
    many of the ``inputs`` get another class. ``tolerance``: the difference that is allowed, and
    ``reason`` why so much.
    """

    difference: float
    flips: int
    inputs: int
    tolerance: float
    reason: str

    @property
    def holds(self) -> bool:
        """Whether the difference is within the tolerance."""
        return self.difference <= self.tolerance

    def __str__(self) -> str:
        sign, word = ("✓", "at most") if self.holds else ("✗", "more than")
        return (
            f"{sign} {word} {self.tolerance:g} apart ({self.reason}): ≈ {self.difference:.1e}, "
            f"≈ {self.flips} of {self.inputs:,} classes differ"
        )


def parity(one: Net, other: Net, x: Tensor, tolerance: float, reason: str) -> Parity:
    """Compare what two nets answer to the batch ``x``, each a module, a session or a function.

    ``tolerance``: the largest difference allowed, in the units of the answers, and ``reason`` why
    that much: 0 where the same numbers are computed, about 1e-5 where float32 adds up in another
    order, a step of the last layer's grid for int8. Raises ``ValueError`` for answers of different
    shapes, or without classes, (n, classes).
    """
    tolerance = plain(tolerance)
    if not is_real(tolerance) or not tolerance >= 0:
        raise ValueError(f"tolerance={tolerance!r} is not a number from 0 up.")
    first, second = answers(one, x), answers(other, x)
    if first.shape != second.shape or first.dim() != 2 or len(first) != len(x):
        raise ValueError(
            f"The nets answer with shapes {tuple(first.shape)} and {tuple(second.shape)}; both "
            f"need a score for each class and input, ({len(x)}, classes)."
        )
    flips = int((first.argmax(1) != second.argmax(1)).sum())
    return Parity(_apart(first, second), flips, len(x), float(tolerance), reason)


def _apart(first: Tensor, second: Tensor) -> float:
    """The largest difference; NaN where there is one, infinity for different shapes."""
    if first.shape != second.shape:
        return math.inf
    return (first.double() - second.double()).abs().max().item()


# The processor ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Processor:
    """``name``; the instructions it has for ``int8``; whether their sums may saturate.

    ``saturates``: None where that is unknown. See ``quantise.saturating_linear``.
    """

    name: str
    int8: str
    saturates: bool | None


def processor() -> Processor:
    """What this machine's processor can do with int8, as far as it says."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        text = ""
    return _read_processor(text, platform.machine(), platform.processor())


def _read_processor(text: str, machine: str, otherwise: str) -> Processor:
    lines = [re.split(r"\s*:\s*", line, maxsplit=1) for line in text.splitlines() if ":" in line]
    names = [value for key, value in lines if key.lower() == "model name"]
    name = names[0] if names else otherwise or "unknown"
    cores = [set(value.split()) for key, value in lines if key in ("flags", "Features")]
    flags = set.intersection(*cores) if cores else set()  # of all cores: they may differ
    if machine.lower() in ("arm64", "aarch64"):
        dot = "ARM with dot products" if "asimddp" in flags else "ARM"
        return Processor(name, dot, False)
    for wanted, int8, saturates in (
        ({"avx512_vnni", "avx_vnni"}, "VNNI", False),
        ({"avx512bw"}, "AVX512 without VNNI", True),
        ({"avx2"}, "AVX2 without VNNI", True),
    ):
        if flags & wanted:
            return Processor(name, int8, saturates)
    return Processor(name, "unknown", None)


# Weighing -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Weighing:
    """What a folder weighs. ``files``: path in it → bytes. ``names``: bytes of all names in it.

    ``beside``: path → how many of a file's bytes :func:`strip_onnx` would take out. They count:
    whoever loads the file can read them.
    """

    files: dict[str, int]
    names: int
    beside: dict[str, int]

    @property
    def total(self) -> int:
        """All bytes: a name is read as easily as a file."""
        return sum(self.files.values()) + self.names


def weigh(folder: Path | str) -> Weighing:
    """Count all bytes of all files in ``folder`` and below, hidden ones too, and of their names.

    Nothing is hidden in what counts: not in ``doc_string``, nor in ``model.onnx.data``, nor in
    file names. Raises ``ValueError`` where bytes lie elsewhere: for links, attributes that hang on
    a file, and ONNX files that keep weights outside of the folder or in a file that is not there.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {str(folder)!r}.")
    _check_attributes(folder, ".")
    files, names, beside = {}, 0, {}
    for path in _inside(folder):
        inside = path.relative_to(folder).as_posix()
        names += len(os.fsencode(path.name))
        _check_plain(path, inside)
        if path.is_dir():
            continue
        content = path.read_bytes()
        files[inside] = len(content)
        proto = _parsed(content)
        if proto is not None:
            _check_external(proto, path, folder, inside)
            beside[inside] = _beside(proto, len(content))
    return Weighing(files, names, {path: count for path, count in beside.items() if count})


def _inside(folder: Path) -> list[Path]:
    """All files and folders below, sorted. A folder that may not be read raises ``OSError``."""

    def fail(error: OSError) -> None:
        raise error

    return sorted(
        Path(place, name)
        for place, folders, files in os.walk(folder, onerror=fail)
        for name in (*folders, *files)
    )


def _check_plain(path: Path, inside: str) -> None:
    if path.is_symlink() or not (path.is_file() or path.is_dir()):
        raise ValueError(f"{inside!r} is a link or no plain file: put what it stands for there.")
    _check_attributes(path, inside)


def _check_attributes(path: Path, inside: str) -> None:
    """Of Linux; macOS and Windows have others, which Python cannot list."""
    attributes = getattr(os, "listxattr", lambda _: [])(path)
    own = [name for name in attributes if name.startswith("user.")]
    if own:
        raise ValueError(f"{inside!r} has bytes in its attributes {own}; take them off.")


def _parsed(content: bytes) -> "ModelProto | None":
    """An ONNX model, whatever its file is called; None for anything else."""
    import onnx  # slow to import
    from google.protobuf.message import DecodeError  # comes with onnx

    try:
        proto = onnx.ModelProto.FromString(content)
    except DecodeError:
        return None
    return proto if proto.graph.node or proto.graph.initializer else None


def _check_external(proto: "ModelProto", path: Path, folder: Path, inside: str) -> None:
    for location in _locations(proto):
        data = (path.parent / location).resolve()
        if not data.is_relative_to(folder.resolve()) or not data.is_file():
            raise ValueError(
                f"{inside!r} keeps weights in {location!r}, which is not in the folder. Save it "
                "with external_data=False."
            )


def _locations(message: object) -> set[str]:
    """Where tensors anywhere inside of a message keep their numbers, other than in it."""
    found = set()
    for part in _parts(message):
        if part.DESCRIPTOR.name == "TensorProto":
            found |= {entry.value for entry in part.external_data if entry.key == "location"}
        found |= _locations(part)
    return found


def _beside(proto: "ModelProto", size: int) -> int:
    _strip(proto)
    return size - proto.ByteSize()
