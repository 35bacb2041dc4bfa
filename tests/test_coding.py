"""Entropy, Huffman codes, gaps, and the file: small, whole, and never a wrong net. Lesson 07."""

import ast
import io
import itertools
import math
import subprocess
import sys
import tokenize
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_utils import coding, decoder
from course_utils.coding import (
    Gaps,
    canonical_codes,
    decode,
    deep_compression_bytes,
    encode,
    entropy,
    from_bits,
    from_gaps,
    gaps,
    huffman_lengths,
    parts,
    to_bits,
)
from course_utils.models import ConvNet, LeNet300, TinyResNet
from course_utils.pruning import make_permanent, plain_copy, prune_model
from course_utils.sharing import share_model
from course_utils.training import train

properties = settings(max_examples=80, deadline=None)
counts = st.lists(st.integers(0, 40), min_size=1, max_size=12).filter(any)
seeds = st.integers(0, 10_000)
shapes = st.lists(st.integers(0, 7), max_size=4).map(tuple)
DTYPES = [*coding.TYPES]


def as_bits(tensor: torch.Tensor) -> torch.Tensor:
    """The bits of a tensor as whole numbers, −0 as 0."""
    tensor = tensor.masked_fill(tensor == 0, 0).contiguous()
    return tensor.view({1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[
        tensor.element_size()
    ])  # fmt: skip


def assert_same(found: dict, expected: dict) -> None:
    """Equal names, types, shapes and bits."""
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        assert torch.equal(as_bits(found[name]), as_bits(tensor)), name


def random_state(shape: tuple, seed: int, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """One dense tensor, one sparse, one of few values, one of both."""
    chance = torch.Generator().manual_seed(seed)
    dense = torch.randn(shape, generator=chance).mul(60)
    mask = torch.rand(shape, generator=chance) < torch.rand(1, generator=chance)
    few = dense.div(40).round().mul(40)
    made = {"a": dense, "b.weight": dense * mask, "c": few, "d.e.重": few * mask}
    return {name: tensor.to(dtype) for name, tensor in made.items()}


class TestEntropy:
    def test_by_hand(self):
        assert entropy([1, 1]) == 1
        assert entropy([2, 1, 1]) == 1.5
        assert entropy([7]) == entropy([0, 7, 0]) == 0
        assert entropy([5] * 8) == 3

    @pytest.mark.parametrize("given", [[], [0, 0], [-1, 2], [0.5, 0.5], [True, 2]])
    @pytest.mark.parametrize("function", [entropy, huffman_lengths])
    def test_no_counts(self, function, given):
        with pytest.raises(ValueError, match=r"count"):
            function(given)

    def test_numbers_of_numpy_and_torch_are_welcome(self):
        assert entropy(torch.tensor([1, 1])) == entropy(np.array([1, 1])) == 1


class TestHuffman:
    def test_by_hand(self):
        assert huffman_lengths([5, 2, 1, 1]) == [1, 2, 3, 3]
        assert huffman_lengths([1, 1, 1, 1]) == [2, 2, 2, 2]
        assert huffman_lengths([0, 3, 0, 1]) == [0, 1, 0, 1]

    def test_one_symbol_alone_has_one_bit(self):
        assert huffman_lengths([0, 9]) == [0, 1]
        assert canonical_codes([0, 1]) == ["", "0"]

    @properties
    @given(counts)
    def test_lies_within_one_bit_of_the_entropy(self, counts):
        lengths = huffman_lengths(counts)
        mean = sum(n * length for n, length in zip(counts, lengths, strict=True)) / sum(counts)
        if sum(n > 0 for n in counts) > 1:
            assert entropy(counts) - 1e-9 <= mean < entropy(counts) + 1
            assert sum(2.0**-length for length in lengths if length) == 1
        assert [length > 0 for length in lengths] == [n > 0 for n in counts]

    @settings(max_examples=30, deadline=None)
    @given(st.lists(st.integers(1, 9), min_size=2, max_size=5))
    def test_no_lengths_are_shorter(self, counts):
        possible = itertools.product(range(1, len(counts)), repeat=len(counts))
        codes = (lengths for lengths in possible if sum(2.0**-n for n in lengths) <= 1)
        least = min(sum(n * k for n, k in zip(counts, lengths, strict=True)) for lengths in codes)
        found = huffman_lengths(counts)
        assert sum(n * k for n, k in zip(counts, found, strict=True)) == least

    @properties
    @given(counts)
    def test_codes_have_their_lengths_and_none_begins_with_another(self, counts):
        lengths = huffman_lengths(counts)
        codes = canonical_codes(lengths)
        assert [*map(len, codes)] == lengths
        used = [code for code in codes if code]
        assert not [(a, b) for a, b in itertools.permutations(used, 2) if b.startswith(a)]
        in_turn = [codes[k] for _, k in sorted((n, k) for k, n in enumerate(lengths) if n)]
        assert in_turn == sorted(used)

    @properties
    @given(counts, seeds)
    def test_bits_and_back(self, counts, seed):
        codes = canonical_codes(huffman_lengths(counts))
        symbols = [symbol for symbol, n in enumerate(counts) for _ in range(n)]
        symbols = np.random.default_rng(seed).permutation(symbols).tolist()
        assert from_bits(to_bits(symbols, codes), codes) == symbols

    def test_lengths_that_no_code_has(self):
        with pytest.raises(ValueError, match=r"1\.5, and above 1"):
            canonical_codes([1, 1, 1])

    def test_symbols_and_bits_without_a_code(self):
        with pytest.raises(ValueError, match=r"\[-1, 1, 3\] have no code"):
            to_bits([0, -1, 3, 1], ["0", "", "1"])
        with pytest.raises(ValueError, match=r"end with '1'"):
            from_bits("01", ["0", "10", "11"])


class TestGaps:
    def test_by_hand(self):
        found = gaps(torch.tensor([0, 3, 0, 0, 0, 0, 0, 2, 0]), bits=2)
        assert found.gaps.tolist() == [1, 3, 1]
        assert found.entries.tolist() == [3, 0, 2]

    def test_figure_2_of_the_paper(self):
        """Three bits; codes at places 1, 4 and 15: the third gap needs one padding zero."""
        codes = torch.zeros(16, dtype=torch.int64)
        codes[[1, 4, 15]] = torch.tensor([1, 2, 3])
        found = gaps(codes, bits=3)
        assert (found.gaps + 1).tolist() == [2, 3, 8, 3]
        assert found.entries.tolist() == [1, 2, 0, 3]

    def test_the_longest_gap_without_padding(self):
        for zeros, entries in ((3, [1]), (4, [0, 1]), (7, [0, 1]), (8, [0, 0, 1])):
            assert gaps(torch.tensor([0] * zeros + [1]), 2).entries.tolist() == entries

    @properties
    @given(shapes, seeds, st.integers(1, 6), st.floats(0, 1))
    def test_and_back(self, shape, seed, bits, density):
        draw = np.random.default_rng(seed)
        codes = torch.as_tensor(draw.integers(1, 9, shape) * (draw.random(shape) < density))
        found = gaps(codes, bits)
        assert torch.equal(from_gaps(found, shape), codes)
        if len(found.gaps):
            assert 0 <= found.gaps.min() <= found.gaps.max() < 2**bits
            assert (found.gaps[found.entries == 0] == 2**bits - 1).all()

    def test_codes_of_any_whole_type(self):
        assert gaps(torch.tensor([0, 1], dtype=torch.uint8), 1).gaps.tolist() == [1]

    def test_refused(self):
        with pytest.raises(TypeError, match=r"float32"):
            gaps(torch.ones(3), 2)
        with pytest.raises(ValueError, match=r"holds -1"):
            gaps(torch.tensor([-1]), 2)
        with pytest.raises(ValueError, match=r"bits=0"):
            gaps(torch.tensor([1]), 0)
        with pytest.raises(ValueError, match=r"place 2, .* has 2"):
            from_gaps(Gaps(torch.tensor([2]), torch.tensor([1])), (2,))

    def test_bytes_by_hand(self):
        # Entries 3 0 2 with gaps 1 3 1: 2 bits each; Huffman 1 or 2 bits; two numbers of 4 bytes
        codes = torch.tensor([0, 3, 0, 0, 0, 0, 0, 2, 0])
        found = deep_compression_bytes(codes, gap_bits=2)
        assert found.fixed == math.ceil((3 * 4 + 64) / 8)
        assert found.huffman == math.ceil((5 + 3 + 64) / 8)
        assert deep_compression_bytes(torch.zeros(5, dtype=torch.int64)) == (0, 0)


class TestRangeCoder:
    @properties
    @given(st.lists(st.tuples(st.integers(-5, 70_000), st.booleans()), max_size=300))
    def test_reads_what_was_written(self, written):
        writer = coding._Writer()
        for chance, value in written:
            assert writer.bit(chance, value) == value
        bit = decoder.reader(writer.finished())
        assert [bit(chance, 0) for chance, _ in written] == [value for _, value in written]

    @pytest.mark.parametrize("density", [0.001, 0.1, 0.5, 0.97])
    def test_takes_as_many_bits_as_the_chances_say(self, density):
        draw = np.random.default_rng(0)
        values = (draw.random(60_000) < density).tolist()
        chance = round(density * 65536)
        writer = coding._Writer()
        for value in values:
            writer.bit(chance, value)
        stream = writer.finished()
        bit = decoder.reader(stream)
        assert [bit(chance, 0) for _ in values] == values
        p, ones = chance / 65536, sum(values)
        ideal = -(ones * math.log2(p) + (len(values) - ones) * math.log2(1 - p)) / 8
        assert ideal - 1 <= len(stream) < 1.002 * ideal + 8

    def test_a_carry_runs_through_bytes_of_255(self):
        writer = coding._Writer()
        writer.written, writer.start = bytearray([1, 255, 255]), (1 << 32) - 1
        writer.bit(32768, 0)
        assert [*writer.written] == [2, 0, 0]
        assert writer.start == 32768 * 65535 - 1


class TestFile:
    @properties
    @given(shapes, seeds, st.sampled_from(DTYPES))
    def test_gives_back_every_bit(self, shape, seed, dtype):
        state = random_state(shape, seed, dtype)
        assert_same(decode(encode(state)), state)

    @pytest.mark.parametrize(
        ("net", "clusters"),
        [(LeNet300, 7), (ConvNet, None), (ConvNet, 300), (TinyResNet, 1), (TinyResNet, 8)],
    )
    def test_of_nets_pruned_and_shared(self, net, clusters, few_digits):
        model = net()
        train(model, few_digits, 1, silent=True)
        prune_model(model, 0.9, scope="layer")
        if clusters:
            share_model(model, clusters, biases=16)
        file = encode(model)
        plain = make_permanent(plain_copy(model))
        assert_same(decode(file), plain.state_dict())
        fresh = net()
        fresh.load_state_dict(decode(file))
        x = few_digits.test[0][:50]
        assert torch.equal(fresh.eval()(x), plain.eval()(x))

    @pytest.mark.parametrize(
        "tensor",
        [
            torch.tensor([math.nan, math.inf, -math.inf, 0.0, -0.0, 1e-45, 3.4e38]),
            torch.tensor([-1, 0x7FC00001, 0x7F800001, 0]).int().view(torch.float32),  # NaN's bits
            torch.tensor([0x7FC1, -1, 0x7F81], dtype=torch.int16).view(torch.bfloat16),
            torch.tensor([-(2**63), 2**63 - 1, 0]),
            torch.arange(256).to(torch.uint8),
            torch.arange(257).float().repeat(9),  # one more than a codebook may have
            torch.arange(256).float().repeat(9),
            torch.ones(3, 4, 5).transpose(0, 2),
            torch.zeros(2, 3),
            torch.tensor(7),
            torch.empty(0, 3),
            torch.tensor([[True, False]]),
            nn.Parameter(torch.ones(2)),
        ],
    )
    def test_of_odd_tensors(self, tensor):
        assert_same(decode(encode({"x": tensor})), {"x": tensor.detach()})

    def test_of_no_tensors(self):
        assert decode(encode({})) == decode(encode(nn.ReLU())) == {}

    def test_keeps_order_and_names(self):
        state = {name: torch.ones(1) for name in ("z", "a", 'quote " and \\', "层", "", "a b\n")}
        assert [*decode(encode(state))] == [*state]

    def test_changes_nothing_and_is_the_same_every_time(self, toy_model, state_of, same_state):
        prune_model(toy_model, 0.5)
        before = state_of(toy_model)
        assert encode(toy_model) == encode(toy_model)
        assert same_state(before, state_of(toy_model))

    def test_what_is_decoded_can_be_trained(self, toy_model):
        state = decode(encode(toy_model))
        state["first.weight"] += 1
        toy_model.load_state_dict(state)

    def test_masks_are_multiplied_in(self):
        model = nn.Sequential(prune_model(nn.Linear(4, 4), 0.5), nn.Linear(4, 2))
        assert {*decode(encode(model))} == {"0.weight", "0.bias", "1.weight", "1.bias"}
        layer = prune_model(nn.Linear(4, 2), 0.5)
        assert torch.equal(decode(encode(layer))["weight"], layer.weight_orig * layer.weight_mask)

    def test_a_module_that_stands_in_two_places(self):
        layer = prune_model(nn.Linear(3, 3), 0.5)
        assert len(decode(encode(nn.Sequential(layer, nn.ReLU(), layer)))) == 4

    def test_is_the_format_of_always(self):
        """Files are to be read for years, and by other programs: these bytes stay."""
        weight = torch.tensor([[0.0, 1.5, 0.0, -2.0], [0.0, 1.5, 0.0, 0.0], [0.0, 1.5, -2.0, 0.0]])
        file = encode({"w": weight.repeat(2, 2), "b": torch.tensor([0.1, 0.2])})
        assert file.hex() == FORMAT
        assert_same(
            decode(bytes.fromhex(FORMAT)), {"w": weight.repeat(2, 2), "b": decode(file)["b"]}
        )


FORMAT = (
    "504d4e31560000002d2ff904420000004e0000005b5b2277222c226634222c5b362c385d2c32302c"
    "322c325d2c5b2262222c226634222c5b325d2c322c302c345d5d00c0c03fcdcccc3dcdcc4c3e0d95"
    "23f60aaf1cd1"
)


class TestSize:
    def test_zeros_cost_next_to_nothing(self):
        assert len(encode({"x": torch.zeros(1_000, 1_000)})) < 60

    def test_shared_weights_take_less_than_huffman_and_gaps(self, trained_model):
        prune_model(trained_model, 0.95)
        codes = share_model(trained_model, 8, biases=16)
        by_paper = sum(
            deep_compression_bytes(each).huffman for name, each in codes.items() if "weight" in name
        )
        assert len(encode(trained_model)) < by_paper

    @pytest.mark.parametrize("net", [LeNet300, ConvNet, TinyResNet])
    @pytest.mark.parametrize("clusters", [None, 1, 5, 16])
    def test_the_parts_are_what_is_written(self, net, clusters):
        model = prune_model(net(), 0.96, scope="layer")
        if clusters:
            share_model(model, clusters, biases=16)
        file = encode(model)
        behind_the_head = len(file) - int.from_bytes(file[12:16], "little")
        found = parts(model)
        assert found.keys() == decode(file).keys()
        assert sum(map(sum, found.values())) == pytest.approx(behind_the_head, rel=2e-3, abs=8)
        stream = len(file) - int.from_bytes(file[16:20], "little")
        numbers = sum(each.numbers for each in found.values())
        assert stream + numbers == behind_the_head

    def test_parts_by_hand(self):
        found = parts({"dense": torch.arange(1, 6).float(), "none": torch.zeros(9)})
        assert found == {"dense": (0, 0, 10), "none": (0, 0, 0)}
        shared = parts({"x": torch.tensor([1.0, -1.0] * 50)})["x"]
        assert (shared.positions, shared.numbers) == (0, 4)
        # after the first, a low code follows a high one and a high one a low one, always
        assert 0 < 8 * shared.codes < 12

    def test_a_codebook_has_at_most_256_numbers(self):
        for different, shared in ((256, True), (257, False)):
            found = parts({"x": torch.arange(1, 1 + different).float().repeat(9)})["x"]
            assert (found.codes > 0) == shared

    def test_few_bytes_of_a_number_are_written_where_the_others_are_zero(self):
        values = torch.randn(1_000)
        whole, half = (len(encode({"x": each})) for each in (values, values.bfloat16().float()))
        assert whole - half == 2_000


def refusal(file: bytes) -> str:
    """What is said of a file that is refused; "" for one that is read."""
    try:
        decode(file)
    except ValueError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def file() -> bytes:
    """A small file with everything in it."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2))
    prune_model(model, 0.5)
    share_model(model, 3)
    return encode(model)


class TestDamage:
    """Never a wrong net."""

    def test_every_other_value_of_every_byte(self, file):
        for place in range(len(file)):
            said = {
                refusal(file[:place] + bytes([value]) + file[place + 1 :])
                for value in {*range(256)} - {file[place]}
            }
            assert "" not in said
            if place < 4:
                assert all("Not a file of the course" in words for words in said)
            elif place < 8:
                assert all("cut off or damaged" in words for words in said)
            else:
                assert said == {"The file is damaged: its checksum does not fit its content."}

    def test_every_length(self, file):
        for length in range(len(file)):
            expected = "cut off" if length >= 4 else "Not a file of the course"
            assert expected in refusal(file[:length])

    def test_more_bytes_behind_or_before(self, file):
        for more in (b"\0", b"PMN1", b"\xff" * 100, file):
            assert f"{len(file + more)} bytes instead of {len(file)}" in refusal(file + more)
        assert "Not a file" in refusal(b"\0" + file)

    def test_two_bytes_exchanged(self, file):
        for place in range(len(file) - 1):
            exchanged = bytearray(file)
            exchanged[place : place + 2] = exchanged[place : place + 2][::-1]
            assert refusal(bytes(exchanged)) or exchanged == file

    def test_with_a_right_checksum_it_is_a_file_or_refused(self, file):
        """Whoever forges a file gets another net, or a sentence; no other error."""
        said = set()
        for place in range(12, len(file)):
            for value in (0, 34, 44, 57, 93, 255):
                forged = file[12:place] + bytes([value]) + file[place + 1 :]
                said.add(refusal(file[:8] + zlib.crc32(forged).to_bytes(4, "little") + forged))
        assert len(said) > 5
        assert all("does not follow the format" in words for words in said - {""})

    def test_foreign_files(self):
        buffer = io.BytesIO()
        torch.save({"x": torch.ones(3)}, buffer)
        for foreign in (b"", b"P", b"PMN", b"\x89PNG\r\n\x1a\n", buffer.getvalue(), b"PMN2" * 9):
            with pytest.raises(ValueError, match=r"Not a file of the course"):
                decode(foreign)

    @pytest.mark.parametrize("given", ["net.pmn", None, [1, 2], Path("net.pmn")])
    def test_no_bytes(self, given):
        with pytest.raises(TypeError, match=r"read_bytes"):
            decode(given)


class TestRefused:
    @pytest.mark.parametrize("given", [None, 3, [torch.ones(2)], torch.ones(2)])
    def test_no_net(self, given):
        with pytest.raises(TypeError, match=r"model or its state_dict"):
            encode(given)

    @pytest.mark.parametrize(
        "wrong",
        [
            3.0,
            torch.ones(2, dtype=torch.complex64),
            torch.ones(2).to(torch.float8_e4m3fn),
            torch.eye(3).to_sparse(),
            torch.ones(2, device="meta"),
            nn.UninitializedParameter(),
        ],
    )
    def test_what_cannot_be_written_is_named(self, wrong):
        with pytest.raises((TypeError, ValueError), match=r"'bad'"):
            encode({"good": torch.ones(2), "bad": wrong})

    def test_a_state_with_masks(self):
        with pytest.raises(ValueError, match=r"fc1\.weight_orig.*make_permanent"):
            encode(prune_model(LeNet300(), 0.5).state_dict())


class TestDecoder:
    """The file that is shipped beside a net."""

    def test_runs_alone_without_torch(self, tmp_path):
        model = prune_model(TinyResNet().bfloat16(), 0.8)
        share_model(model, 8)
        (tmp_path / "net.pmn").write_bytes(encode(model))
        (tmp_path / "decoder.py").write_bytes(Path(decoder.__file__).read_bytes())
        program = (
            "import decoder, numpy, sys, pathlib\n"
            "state = decoder.decode(pathlib.Path('net.pmn').read_bytes())\n"
            "assert not {'torch', 'course_utils', 'constriction'} & {*sys.modules}\n"
            "numpy.savez('state.npz', **state)\n"
        )
        command = [sys.executable, "-c", program]
        subprocess.run(command, cwd=tmp_path, check=True, timeout=120)
        found = np.load(tmp_path / "state.npz")
        expected = make_permanent(model).state_dict()
        assert {*found} == {*expected}
        for name, tensor in expected.items():
            wide = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
            assert np.array_equal(found[name], wide.numpy())

    def test_imports_numpy_and_nothing_else_from_outside(self):
        tree = ast.parse(Path(decoder.__file__).read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
                 for alias in node.names}  # fmt: skip
        names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert {name.partition(".")[0] for name in names} - {*sys.stdlib_module_names} == {"numpy"}

    def test_has_at_most_60_lines_without_its_docstrings(self):
        text = Path(decoder.__file__).read_text(encoding="utf-8")
        documented = ast.Module | ast.FunctionDef
        said = [node.body[0] for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]
        words = {n for each in said for n in range(each.lineno, each.end_lineno + 1)}
        blank = {tokenize.NL, tokenize.NEWLINE, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT}
        lines = {
            token.start[0]
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type not in blank and token.string
        }
        assert 40 < len(lines - words) <= 60

    def test_says_what_is_wrong_with_a_file(self):
        with pytest.raises(ValueError, match=r"Not a file"):
            decoder.decode(b"nothing")
