"""Read the course's file of a net with NumPy alone: this needs neither the course nor PyTorch.

Lesson 07; :mod:`course_utils.coding` tells the format. Put this file beside a net that you ship:
``decoder.decode(Path("net.pmn").read_bytes())`` gives its arrays.
"""

import json
import zlib
from collections.abc import Callable, Iterator

import numpy as np


def decode(file: bytes) -> dict[str, np.ndarray]:
    """Name → array; bfloat16, which NumPy lacks, as float32.

    ``ValueError`` that says what is wrong with a file that is foreign, cut off or damaged.
    """
    return {name: array for name, _, array in arrays(file)}


def arrays(file: bytes) -> Iterator[tuple[str, str, np.ndarray]]:
    """The name, the type as the file has it, and the array of each tensor."""
    at, bit = opened(file)
    for name, kind, shape, kept, clusters, width in json.loads(file[20:at]):
        dtype = np.dtype("<" + kind.replace("bf", "f4"))
        numbers = np.zeros((clusters or kept, dtype.itemsize), "u1")  # but for low bytes that are 0
        numbers[:, -width:] = np.frombuffer(file, "u1", len(numbers) * width, at).reshape(-1, width)
        at += len(numbers) * width
        array, codes = np.zeros(shape, dtype), np.zeros(shape, np.int32)
        codes += kept == codes.size
        if clusters or 0 < kept < codes.size:
            walk(codes, kept, clusters, bit)
        array[codes > 0] = numbers.view(dtype)[codes[codes > 0] - 1 if clusters else slice(None), 0]
        yield name, kind, array


def opened(file: bytes) -> tuple[int, Callable[[int, int], int]]:
    """Where the numbers of a file begin and the reader of its stream, or ``ValueError``."""
    if file[:4] != b"PMN1":
        raise ValueError(f"Not a file of the course: it begins with {file[:4]!r}, not b'PMN1'.")
    size, checksum, at, stream = np.frombuffer(file[4:20].ljust(16, b"\0"), "<u4").tolist()
    if len(file) != size:
        raise ValueError(f"The file has {len(file)} bytes instead of {size}: cut off or damaged.")
    if zlib.crc32(file[12:]) != checksum:
        raise ValueError("The file is damaged: its checksum does not fit its content.")
    return at, reader(file[stream:])


def walk(codes: np.ndarray, kept: int, clusters: int, bit: Callable[[int, int], int]) -> None:
    """Read ``codes`` in place, row by row, or write them: 0 is a pruned weight, else 1 to clusters.

    ``bit(chance, value)`` reads a bit and returns it, or writes ``value``; ``chance`` of 65,536 is
    how much a 1 is expected. A weight is expected to be kept as often as those above it were, times
    what its row has kept so far over what was expected of it. Its code is written from the highest
    bit down, each expected as often as it was so far after the same higher bits, and after the same
    neighbour: one with a low code, one with a high code, or none among the last two.
    """
    rows = codes.reshape(codes.shape[0] if codes.ndim > 1 else 1, -1)
    above, full = np.zeros(rows.shape[1], np.int64), kept == codes.size
    depth = max(clusters - 1, 0).bit_length()
    trees = [[[1, 1] for _ in range(1 << depth)] for _ in range(3)]  # twice what was seen, and 1
    for r, row in enumerate(rows):
        density = (int(above.sum() + 1) << 16) // (r * len(row) + 20)
        expected = ((above << 16) + 8 * density) // (r + 8)
        chances = ((expected << 24) // (65536 + expected.cumsum() - expected)).tolist()
        values, found, last, half = row.tolist(), 1, -9, 0
        for c, chance in enumerate(chances):
            if full or bit(found * chance >> 8, values[c] > 0):
                tree, node = trees[half if c - last <= 2 else 0], 1
                for level in range(depth - 1, -1, -1):
                    one = bit((tree[node][1] << 16) // sum(tree[node]), values[c] - 1 >> level & 1)
                    tree[node][one] += 2
                    node = 2 * node + one
                values[c] = node - (1 << depth) + 1
                found, last, half = found + 1, c, 1 + (2 * values[c] > clusters)
        row[:] = values
        above += row > 0


def reader(stream: bytes) -> Callable[[int, int], int]:
    """A range decoder (Martin 1979): the function ``bit`` of :func:`walk` that reads."""
    state, span, rest = int.from_bytes(stream[:4], "big"), (1 << 32) - 1, iter(stream[4:])

    def bit(chance: int, _: int) -> int:
        nonlocal state, span
        bound = (span >> 16) * (chance if 32 < chance < 65504 else 32 if chance < 33 else 65504)
        one = state < bound
        state, span = (state, bound) if one else (state - bound, span - bound)
        while span < 1 << 24:
            state, span = state << 8 | next(rest, 0), span << 8
        return one

    return bit
