"""Fewer bits for the same numbers: entropy, Huffman codes, gaps, and the file. Lesson 07.

A file holds the tensors of a net, each with its name, its shape and its numbers, bit for bit::

    bytes 0-3      PMN1
    bytes 4-19     four whole numbers of 4 bytes, the lowest byte first: the length of the file, the
                   CRC-32 of all bytes from 12 on, and where numbers and stream begin
    from 20        JSON: a list [name, type, shape, kept, clusters, width] for each tensor
    numbers        of each tensor, ``width`` bytes each, its lowest bytes left out where they are 0
                   in all: the codebook of ``clusters`` numbers, rising; or, where clusters is 0,
                   the ``kept`` numbers that are not zero, in order
    stream         of each tensor, unless all or none of its numbers are kept and it has no
                   codebook: which are kept and with which codes, bits through a range coder

The type is that of NumPy (f4, f2, i8, …), or bf for bfloat16: a float32 of which two bytes are
kept. The range coder holds an interval, a start and a span of 32 bits. A bit with chance p (of
65,536, at least 32 and at most 65,504) cuts off the first ``(span >> 16) * p`` of it for a 1 and
leaves the rest for a 0; whenever the span is below 2²⁴, a byte of the start is written, and both
grow 256-fold. :func:`course_utils.decoder.walk` says which bits there are and how each chance is
computed from what was read before, in whole numbers, so that every machine computes the same.

Han, Mao and Dally 2016, Deep compression; Huffman 1952; Martin 1979, Range encoding.
"""

import heapq
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from course_utils._checks import check_whole
from course_utils.decoder import arrays, opened, walk
from course_utils.layers import masked_parameters, masked_value

TYPES = {
    torch.float32: "f4", torch.float64: "f8", torch.float16: "f2", torch.bfloat16: "bf",
    torch.int64: "i8", torch.int32: "i4", torch.int16: "i2", torch.int8: "i1", torch.uint8: "u1",
    torch.bool: "b1",
}  # fmt: skip
LARGEST_CODEBOOK = 256
LONGEST = 1 << 32  # bytes: more do not fit the four bytes that tell the length


def entropy(counts: Sequence[int]) -> float:
    """Bits a symbol needs on average, at least: −Σ p log₂ p, where ``counts`` says how often each.

    No code that gives each symbol bits of its own gets below. 0 for one symbol alone. Raises
    ``ValueError`` for counts that are negative or no whole numbers, and where nothing was counted.
    Shannon 1948.

    >>> entropy([2, 1, 1])
    1.5
    """
    counts = _check_counts(counts)
    total = sum(counts)
    return sum(n / total * math.log2(total / n) for n in counts if n)


def huffman_lengths(counts: Sequence[int]) -> list[int]:
    """Bits of each symbol's code in a Huffman code; 0 for a symbol that never occurs.

    No other code that gives each symbol whole bits is shorter in all. The two rarest are joined,
    again and again, and each joint makes the codes below it one bit longer. An alphabet of one
    symbol gets 1 bit, though its entropy is 0: a code of no bits would not say how often. Raises
    ``ValueError`` as :func:`entropy`. Huffman 1952.

    >>> huffman_lengths([5, 2, 1, 0, 1])
    [1, 2, 3, 0, 3]
    """
    counts = _check_counts(counts)
    heap = [(n, symbol, [symbol]) for symbol, n in enumerate(counts) if n]
    heapq.heapify(heap)
    lengths = [0] * len(counts)
    if len(heap) == 1:
        lengths[heap[0][1]] = 1
    while len(heap) > 1:
        rarest, second = heapq.heappop(heap), heapq.heappop(heap)
        joined = rarest[2] + second[2]
        for symbol in joined:
            lengths[symbol] += 1
        heapq.heappush(heap, (rarest[0] + second[0], min(joined), joined))
    return lengths


def canonical_codes(lengths: Sequence[int]) -> list[str]:
    """The codes, as texts of 0 and 1, that follow from their ``lengths`` alone; "" where that is 0.

    Shorter codes first, among equally long ones in order, each the number after the last. So a file
    needs to hold no codes, only lengths. Raises ``ValueError`` for lengths that no code can have,
    since one would begin with another (Kraft 1949: Σ 2^−length ≤ 1).

    >>> canonical_codes([1, 2, 3, 0, 3])
    ['0', '10', '110', '', '111']
    """
    lengths = [check_whole("A length", length, least=0) for length in lengths]
    longest = max(lengths, default=0)
    used = sum(1 << (longest - length) for length in lengths if length)
    if used > 1 << longest:
        raise ValueError(
            f"No code has the lengths {lengths}: Σ 2^−length is {used / (1 << longest):.3g}, and "
            "above 1 some code begins with another. Make the codes longer."
        )
    codes, following, before = [""] * len(lengths), 0, 0
    for length, symbol in sorted((n, symbol) for symbol, n in enumerate(lengths) if n):
        following <<= length - before
        codes[symbol] = f"{following:0{length}b}"
        following, before = following + 1, length
    return codes


def to_bits(symbols: Sequence[int], codes: Sequence[str]) -> str:
    """The codes of ``symbols``, one after the other, with nothing between them."""
    symbols = [check_whole("A symbol", symbol) for symbol in symbols]
    wrong = {symbol for symbol in symbols if not 0 <= symbol < len(codes) or not codes[symbol]}
    if wrong:
        raise ValueError(f"The symbols {sorted(wrong)} have no code.")
    return "".join(codes[symbol] for symbol in symbols)


def from_bits(bits: str, codes: Sequence[str]) -> list[int]:
    """The symbols whose ``codes`` follow each other in ``bits``. No code begins with another."""
    symbol_of = {code: symbol for symbol, code in enumerate(codes) if code}
    symbols, code = [], ""
    for bit in bits:
        code += bit
        if code in symbol_of:
            symbols.append(symbol_of[code])
            code = ""
    if code:
        raise ValueError(f"The bits end with {code!r}, which is no code.")
    return symbols


class Gaps(NamedTuple):
    """``gaps``: how many zeros stand before each entry. ``entries``: its code, 0 for a padding."""

    gaps: Tensor
    entries: Tensor


def gaps(codes: Tensor, bits: int) -> Gaps:
    """Where the codes ≠ 0 are, as the number of zeros before each, in ``bits`` bits a gap.

    ``codes``: whole numbers of any shape, 0 for a pruned weight, read row by row. Where more than
    2^bits − 1 zeros follow each other, a padding entry 0 stands after 2^bits − 1 of them (Han et
    al. 2016, figure 2). Zeros behind the last entry cost nothing. Both int64 (entries,).

    >>> found = gaps(torch.tensor([0, 3, 0, 0, 0, 0, 0, 2]), bits=2)
    >>> found.gaps.tolist(), found.entries.tolist()
    ([1, 3, 1], [3, 0, 2])
    """
    _check_codes(codes)
    reach = 1 << check_whole("bits", bits, least=1)
    flat = codes.reshape(-1).to("cpu", torch.int64)
    places = flat.nonzero().squeeze(1)
    zeros = places.diff(prepend=torch.tensor([-1])) - 1
    paddings = zeros // reach
    last = (paddings + 1).cumsum(0) - 1  # where each code stands among the entries
    found = torch.full((int(paddings.sum()) + len(places),), reach - 1)
    entries = torch.zeros_like(found)
    found[last], entries[last] = zeros % reach, flat[places]
    return Gaps(found, entries)


def from_gaps(found: Gaps, shape: Sequence[int]) -> Tensor:
    """The codes in ``shape`` again, int64. Raises ``ValueError`` where they do not fit in it."""
    codes = torch.zeros(tuple(shape), dtype=torch.int64)
    places = (found.gaps + 1).cumsum(0) - 1
    if len(places) and int(places[-1]) >= codes.numel():
        raise ValueError(
            f"The last entry stands at place {int(places[-1])}, and a tensor of shape "
            f"{tuple(shape)} has {codes.numel()}. Give the shape that the codes had."
        )
    codes.view(-1)[places] = found.entries
    return codes


class Bytes(NamedTuple):
    """What one weight takes in Deep Compression: with codes of one length, and with Huffman's."""

    fixed: int
    huffman: int


def deep_compression_bytes(codes: Tensor, gap_bits: int = 5, *, number_bytes: int = 4) -> Bytes:
    """Bytes of one shared weight as Han et al. 2016 count: codes, gaps, padding and the codebook.

    ``codes``: 0 for a pruned weight, 1 … K for a code. ``fixed``: ⌈log₂ (different entries)⌉ bits
    an entry and ``gap_bits`` a gap. ``huffman``: both through a Huffman code, whose lengths are not
    counted. Each adds the codebook of K numbers of ``number_bytes``. Biases, names and shapes are
    not in it.
    """
    found = gaps(codes, gap_bits)
    codebook = (
        8 * check_whole("number_bytes", number_bytes, least=1) * int(codes.unique().ne(0).sum())
    )
    if len(found.entries) == 0:
        return Bytes(0, 0)
    different = len(found.entries.unique())
    fixed = len(found.entries) * ((different - 1).bit_length() + gap_bits)
    huffman = sum(_huffman_bits(each.bincount().tolist()) for each in found)
    return Bytes(math.ceil((codebook + fixed) / 8), math.ceil((codebook + huffman) / 8))


def encode(net: nn.Module | Mapping[str, Tensor]) -> bytes:
    """The file of a net, or of its ``state_dict``: everything that :func:`decode` needs.

    Masks are multiplied in, and the names are those of the plain net. A tensor of few different
    numbers is written as codes with a codebook, any other as it is; zeros cost next to nothing.
    −0, which a mask leaves of a negative weight, is written as 0; everything else bit for bit.
    Takes about a microsecond a weight. Raises ``TypeError`` or ``ValueError`` that names what
    cannot be written: a tensor without numbers, sparse, quantised, or of another type.
    """
    heads, numbers, stream = [], [], _Writer()
    for name, tensor in _state(net).items():
        codes, clusters, stored = _codes_and_numbers(_array(name, tensor))
        kept = int(np.count_nonzero(codes))
        if clusters or 0 < kept < codes.size:
            walk(codes, kept, clusters, stream.bit)
        width, stored = _without_low_zeros(stored)
        heads.append([name, TYPES[tensor.dtype], [*tensor.shape], kept, clusters, width])
        numbers.append(stored)
    head = json.dumps(heads, ensure_ascii=False, separators=(",", ":")).encode()
    return _sealed(head, b"".join(numbers), stream.finished())


def decode(file: bytes) -> dict[str, Tensor]:
    """The ``state_dict`` in a file that :func:`encode` wrote, for ``net.load_state_dict``.

    Raises ``ValueError`` that says what is wrong with a file that is foreign, cut off or damaged.
    """
    if not isinstance(file, bytes | bytearray | memoryview):
        raise TypeError(
            f"file must hold the bytes of a file; got {type(file).__name__}. Read it first: "
            "Path(name).read_bytes()."
        )
    file = bytes(file)
    opened(file)
    try:
        return {name: _tensor(kind, array) for name, kind, array in arrays(file)}
    except Exception as error:  # whatever a file with a right checksum may hold
        raise ValueError(
            f"The file is whole, but does not follow the format: {type(error).__name__}, {error}."
        ) from error


class Parts(NamedTuple):
    """Bytes of a tensor in the file: which numbers are kept, their codes, and the numbers."""

    positions: float
    codes: float
    numbers: int


def parts(net: nn.Module | Mapping[str, Tensor]) -> dict[str, Parts]:
    """Name of each tensor → what it takes in the file of :func:`encode`, without writing one.

    Computed from the chances, −log₂ p a bit, all at once: far faster than :func:`encode`, and all
    together within some bytes of what it writes behind its head of names and shapes.
    """
    found = {}
    for name, tensor in _state(net).items():
        codes, clusters, stored = _codes_and_numbers(_array(name, tensor))
        rows = codes.reshape(codes.shape[0] if codes.ndim > 1 else 1, -1)
        kept = np.count_nonzero(rows)
        found[name] = Parts(
            _position_bits(rows > 0) / 8 if 0 < kept < rows.size else 0.0,
            _code_bits(rows, clusters) / 8 if clusters else 0.0,
            len(_without_low_zeros(stored)[1]),
        )
    return found


def _position_bits(kept: np.ndarray) -> float:
    """What :func:`course_utils.decoder.walk` writes of a mask (rows, columns)."""
    rows, columns = kept.shape
    r = np.arange(rows)[:, None]
    above = kept.cumsum(0) - kept
    density = ((above.sum(1, keepdims=True) + 1) << 16) // (r * columns + 20)
    expected = ((above << 16) + 8 * density) // (r + 8)
    foretold = 65536 + expected.cumsum(1) - expected
    in_row = 1 + kept.cumsum(1) - kept
    chance = (in_row * ((expected << 24) // foretold) >> 8).clip(32, 65504) / 65536
    return float(-np.log2(np.where(kept, chance, 1 - chance)).sum())


def _code_bits(rows: np.ndarray, clusters: int) -> float:
    """What it writes of the codes: at each branch, what it costs to learn how often it is taken."""
    row, column = rows.nonzero()
    codes, depth = rows[row, column] - 1, (clusters - 1).bit_length()
    near = (np.diff(row, prepend=-1) == 0) & (np.diff(column, prepend=-9) <= 2)
    high = np.roll(1 + (2 * (codes + 1) > clusters), 1)
    context, bits = np.where(near, high, 0), 0.0
    for level in range(depth):
        branch = (context << depth) + (codes >> (depth - level))
        ones = np.bincount(branch, codes >> (depth - level - 1) & 1)
        n = np.bincount(branch)
        # Krichevsky and Trofimov 1981: the product of all chances (ones + ½) / (n + 1), in turn
        for all_, one in zip(n[n > 0].tolist(), ones[n > 0].tolist(), strict=True):
            bits += math.lgamma(all_ + 1) - math.lgamma(one + 0.5) - math.lgamma(all_ - one + 0.5)
            bits += math.log(math.pi)
    return bits / math.log(2)


class _Writer:
    """The range coder that :func:`course_utils.decoder.reader` reads."""

    def __init__(self) -> None:
        self.written, self.start, self.span = bytearray(), 0, (1 << 32) - 1

    def bit(self, chance: int, value: int) -> int:
        """Write ``value``, 0 or 1, and return it; ``chance`` of 65,536 was expected of a 1."""
        chance = chance if 32 < chance < 65504 else 32 if chance < 33 else 65504
        bound = (self.span >> 16) * chance
        if value:
            self.span = bound
        else:
            self.start, self.span = self.start + bound, self.span - bound
            self._carry()
        while self.span < 1 << 24:
            self._put_byte()
        return value

    def finished(self) -> bytes:
        """All that was written, to the end. Behind it, a reader may find zeros or nothing."""
        self.start += (1 << 24) - 1  # a whole byte fits in what is left of the interval
        self._carry()
        self._put_byte()
        return bytes(self.written).ljust(4, b"\0")

    def _carry(self) -> None:
        if self.start >> 32:
            place = len(self.written) - 1
            while self.written[place] == 255:
                self.written[place] = 0
                place -= 1
            self.written[place] += 1
            self.start &= (1 << 32) - 1

    def _put_byte(self) -> None:
        self.written.append(self.start >> 24)
        self.start, self.span = (self.start << 8) & ((1 << 32) - 1), self.span << 8


def _sealed(head: bytes, numbers: bytes, stream: bytes) -> bytes:
    """The parts of a file behind its length and its checksum."""
    places = [20 + len(head), 20 + len(head) + len(numbers)]
    size = places[-1] + len(stream)
    if size >= LONGEST:
        raise ValueError(f"The file would have {size:,} bytes; allowed: below {LONGEST:,}.")
    rest = b"".join(place.to_bytes(4, "little") for place in places) + head + numbers + stream
    return b"PMN1" + size.to_bytes(4, "little") + zlib.crc32(rest).to_bytes(4, "little") + rest


def _state(net: nn.Module | Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a net by name, masks multiplied in, or an error that names the wrong one."""
    if isinstance(net, nn.Module):
        return _plain_state(net)
    if not isinstance(net, Mapping):
        raise TypeError(f"net must be a model or its state_dict; got {type(net).__name__}.")
    masked = [name for name in net if f"{name}".endswith("_orig") and f"{name[:-5]}_mask" in net]
    if masked:
        raise ValueError(
            f"This state has masks beside its weights: {', '.join(masked)}. Give the net itself, "
            "or take them off first: pruning.make_permanent(net)."
        )
    return dict(net)


def _plain_state(net: nn.Module) -> dict[str, Tensor]:
    state = net.state_dict()
    masked = {(id(module), name) for module, name in masked_parameters(net)}
    for prefix, module in net.named_modules(remove_duplicate=False):
        for name in [name for owner, name in masked if owner == id(module)]:
            full = f"{prefix}.{name}" if prefix else name
            del state[f"{full}_mask"]
            state = {
                (full if key == f"{full}_orig" else key): value for key, value in state.items()
            }
            state[full] = masked_value(module, name)
    return state


def _array(name: str, tensor: Tensor) -> np.ndarray:
    """The numbers of a tensor, −0 as 0; bfloat16 as float32, which holds each of them."""
    if not isinstance(name, str) or not isinstance(tensor, Tensor):
        raise TypeError(
            f"{name!r} in the state is a {type(tensor).__name__}; only tensors with a name can be "
            "written. Leave it out: {name: x for name, x in state.items() if name != …}."
        )
    if is_lazy(tensor) or tensor.is_meta:
        raise ValueError(f"{name!r} has no numbers yet. Call the model once on a batch first.")
    if tensor.layout != torch.strided or tensor.dtype not in TYPES:
        kinds = ", ".join(str(dtype).removeprefix("torch.") for dtype in TYPES)
        raise TypeError(
            f"{name!r} holds {tensor.dtype} in the layout {tensor.layout}; allowed are dense "
            f"tensors of {kinds}. Convert it first, with .to_dense() or .float()."
        )
    tensor = tensor.detach().cpu()
    tensor = tensor.masked_fill(tensor == 0, 0)
    if tensor.dtype == torch.bfloat16:
        tensor = (tensor.view(torch.int16).int() << 16).view(torch.float32)
    return np.ascontiguousarray(tensor.numpy()).reshape(tensor.shape)


def _codes_and_numbers(array: np.ndarray) -> tuple[np.ndarray, int, np.ndarray]:
    """Codes (0 for a zero), clusters and the codebook, rising; or ones, 0 and the numbers as bits.

    Whichever takes fewer bytes, by about log₂ (clusters) bits a code.
    """
    item = array.dtype.itemsize
    bits = array.reshape(-1).view(f"u{item}")
    kept = bits != 0
    different, codes = np.unique(bits[kept], return_inverse=True)
    clusters, count = len(different), len(codes)
    found = np.zeros(len(bits), np.int32)
    found[kept] = 1
    codebook = clusters * item + count * math.log2(max(clusters, 1)) / 8
    if clusters > LARGEST_CODEBOOK or codebook >= count * item:
        return found.reshape(array.shape), 0, bits[kept]
    order = np.argsort(different.view(array.dtype), kind="stable")
    found[kept] = np.argsort(order)[codes] + 1
    return found.reshape(array.shape), clusters, different[order]


def _without_low_zeros(numbers: np.ndarray) -> tuple[int, bytes]:
    """How many bytes of each number are written, one or more, and all of these bytes."""
    item = numbers.dtype.itemsize
    table = numbers.astype(f"<u{item}").view(np.uint8).reshape(-1, item)
    used = np.flatnonzero(table.any(0))
    width = item - int(used[0]) if len(used) else 1
    return width, table[:, item - width :].tobytes()


def _tensor(kind: str, array: np.ndarray) -> Tensor:
    tensor = torch.from_numpy(array)
    if kind == "bf":
        tensor = (tensor.view(torch.int32) >> 16).to(torch.int16).view(torch.bfloat16)
    return tensor


def _huffman_bits(counts: Sequence[int]) -> int:
    return sum(n * length for n, length in zip(counts, huffman_lengths(counts), strict=True))


def _check_counts(counts: Sequence[int]) -> list[int]:
    counts = [check_whole("A count", count, least=0) for count in counts]
    if not sum(counts):
        raise ValueError(
            "Nothing was counted: give how often each symbol occurs, one of them at all."
        )
    return counts


def _check_codes(codes: Tensor) -> None:
    if not isinstance(codes, Tensor) or codes.is_floating_point() or codes.is_complex():
        got = codes.dtype if isinstance(codes, Tensor) else type(codes).__name__
        raise TypeError(
            f"codes must be a tensor of whole numbers, 0 for a pruned weight; got {got}."
        )
    if codes.numel() and int(codes.min()) < 0:
        raise ValueError(f"codes holds {int(codes.min())}; allowed: 0 for pruned, 1 and more.")
