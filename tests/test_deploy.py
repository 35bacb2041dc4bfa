"""Out of PyTorch: ONNX files, ONNX Runtime, int8, parity, and bytes that cannot be hidden."""

import logging
import os
import platform
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils import prune

from course_utils import deploy, masks, models, pruning, quantise, training
from course_utils.deploy import (
    Parity,
    answers,
    export_onnx,
    parity,
    processor,
    quantise_dynamic,
    quantise_static,
    session,
    shorten_names,
    strip_onnx,
    weigh,
)

properties = settings(deadline=None, derandomize=True, max_examples=60, database=None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("nets")


@pytest.fixture(scope="module")
def net(few_digits) -> nn.Module:
    """A ConvNet after an epoch, pruned, its masks on, in train mode."""
    training.seed_everything(0)
    model = models.ConvNet((4, 8))
    training.train(model, few_digits, epochs=1, batch_size=16)
    return pruning.prune_model(model, 0.5).train()


@pytest.fixture(scope="module")
def file(net, folder, few_digits) -> Path:
    return export_onnx(net, few_digits.train[0][:4], folder / "net.onnx")


@pytest.fixture(scope="module")
def traced(net, folder, few_digits) -> Path:
    """The same with all that the exporter writes down."""
    return export_onnx(net, few_digits.train[0][:4], folder / "traced.onnx", keep_traces=True)


@pytest.fixture(scope="module")
def int8(file, folder, few_digits) -> Path:
    return quantise_static(file, folder / "int8.onnx", few_digits.train[0][:200])


def one_node(name: str, inputs: dict[str, int], output: int, **constants: np.ndarray) -> bytes:
    """A net of one operation: ``inputs`` and ``output`` as types, the rest as constants."""
    node = helper.make_node(name, [*inputs, *constants], ["answer"])
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info(each, kind, None) for each, kind in inputs.items()],
        [helper.make_tensor_value_info("answer", output, None)],
        [numpy_helper.from_array(value, each) for each, value in constants.items()],
    )
    opset = [helper.make_opsetid("", 20)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()


# Exporting ----------------------------------------------------------------------------------------


class TestExport:
    def test_answers_as_the_net_for_batches_of_any_size(self, net, file, few_digits):
        x = few_digits.test[0]
        for batch in (x[:1], x[:3], x):
            found = parity(net, session(file), batch, 1e-4, "float32 adds up in another order")
            assert found.holds
            assert found.flips == 0
        assert session(file).get_inputs()[0].shape[1:] == [1, 28, 28]

    def test_leaves_the_model_as_it_is(self, net, folder, state_of, same_state):
        net.blocks[0][1].eval()  # frozen by its owner
        before, modes = state_of(net), [each.training for each in net.modules()]
        export_onnx(net, torch.rand(2, 1, 28, 28), folder / "again.onnx")
        assert same_state(before, state_of(net))
        assert modes == [each.training for each in net.modules()]
        assert prune.is_pruned(net)
        net.train()

    def test_the_weights_are_in_the_file_and_their_zeros_too(self, net, file):
        proto = onnx.load(file)
        held = {each.name: numpy_helper.to_array(each) for each in proto.graph.initializer}
        weight = held["classifier.weight"]
        assert np.array_equal(weight, pruning.weights(net)["classifier"].numpy())
        zeros = sum((held[name] == 0).sum() for name in held if name.endswith("weight"))
        total = sum(held[name].size for name in held if name.endswith("weight"))
        assert zeros / total == pytest.approx(masks.sparsity(net), abs=1e-3)

    def test_batchnorm_is_folded(self, file):
        kinds = {node.op_type for node in onnx.load(file).graph.node}
        assert "BatchNormalization" not in kinds
        assert "Mul" not in kinds  # no mask is left

    def test_answers_of_any_shape(self, tmp_path):
        """Tokens in, a score for each class and token out."""
        model = nn.Sequential(nn.Embedding(20, 3), nn.Linear(3, 2)).eval()
        tokens = torch.randint(0, 20, (4, 5))
        run = session(export_onnx(model, tokens, tmp_path / "net.onnx"))
        with torch.no_grad():
            assert torch.allclose(answers(run, tokens[:3]), model(tokens[:3]), atol=1e-6)

    def test_is_silent(self, folder, capfd):
        logged, handler = [], logging.Handler()
        handler.emit = logged.append
        logging.root.addHandler(handler)
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                export_onnx(nn.Linear(3, 2), torch.rand(2, 3), folder / "small.onnx")
        finally:
            logging.root.removeHandler(handler)
        assert [str(each.message) for each in warned] == []
        assert logged == []
        assert capfd.readouterr() == ("", "")
        assert logging.root.manager.disable == 0

    def test_gives_the_same_bytes_again(self, net, file, folder):
        again = export_onnx(net, torch.rand(5, 1, 28, 28), folder / "twice.onnx")
        assert again.read_bytes() == file.read_bytes()


class TwoAnswers(nn.Linear):
    def forward(self, x):
        return super().forward(x), x


class Bound(nn.Linear):
    """Bound to the size of its batch: a view of somebody who had 4 inputs in mind."""

    def forward(self, x):
        return super().forward(x.view(4, 3))


class Mixing(nn.Linear):
    """Computes with all of its batch."""

    def forward(self, x):
        return super().forward(x) - x.mean()


class Branching(nn.Linear):
    def forward(self, x):
        return super().forward(x) if x.sum() > 0 else x[:, :2]


class TestRefusesToExport:
    @pytest.mark.parametrize(
        ("kind", "words"),
        [
            (TwoAnswers, "answers with a tuple; one tensor is needed"),
            (Bound, "Bound .* batch"),
            (Branching, "Branching cannot be exported: .*branches that depend on the data"),
        ],
    )
    def test_nets_that_would_answer_something_else(self, kind, words, tmp_path):
        path = tmp_path / "net.onnx"
        path.write_bytes(b"an older one")
        with pytest.raises(ValueError, match=words):
            export_onnx(kind(3, 2), torch.rand(4, 3), path)
        assert [*tmp_path.iterdir()] == [path]
        assert path.read_bytes() == b"an older one"

    def test_a_net_that_computes_with_its_batch_is_the_same_net_in_the_file(self, tmp_path):
        model, x = Mixing(3, 2), torch.rand(6, 3)
        run = session(export_onnx(model, x[:2], tmp_path / "net.onnx"))
        assert parity(model, run, x, 1e-5, "float32").holds

    def test_an_exporter_that_is_wrong(self, tmp_path, monkeypatch):
        """Its open bugs are a reason to compare; here, one that forgets the bias."""
        model = nn.Linear(3, 2)
        exported = deploy._exported

        def wrong(net, example, name):
            with torch.no_grad():
                net.bias += 1
            proto = exported(net, example, name)
            with torch.no_grad():
                net.bias -= 1
            return proto

        monkeypatch.setattr(deploy, "_exported", wrong)
        with pytest.raises(ValueError, match="answers up to 1 off for a batch of 2"):
            export_onnx(model, torch.rand(2, 3), tmp_path / "net.onnx")
        assert [*tmp_path.iterdir()] == []

    def test_an_example_that_is_no_batch(self, tmp_path):
        for example in (torch.rand(1, 3), torch.tensor(1.0)):
            with pytest.raises(ValueError, match="a batch of two inputs or more"):
                export_onnx(nn.Linear(3, 2), example, tmp_path / "net.onnx")
        with pytest.raises(TypeError, match="one tensor, a batch; got tuple"):
            export_onnx(nn.Linear(3, 2), (torch.rand(2, 3),), tmp_path / "net.onnx")

    def test_an_example_that_the_net_does_not_take(self, tmp_path):
        with pytest.raises(ValueError, match="Linear cannot run on the example: mat1"):
            export_onnx(nn.Linear(3, 2), torch.rand(4, 5), tmp_path / "net.onnx")

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="There is no folder"):
            export_onnx(nn.Linear(3, 2), torch.rand(2, 3), tmp_path / "missing" / "net.onnx")


def secrets() -> list[bytes]:
    """What no file may tell: this machine's folders, its name, its user, its Python."""
    words = {
        os.getcwd(), str(Path.home()), sys.prefix, str(Path(torch.__file__).parent),
        str(Path(deploy.__file__).parent), "site-packages", "dist-packages", ".py", "course_utils",
        platform.node(), torch.__version__,
    }  # fmt: skip
    return [word.encode() for word in words if len(word) > 2]


class TestStrip:
    def test_no_path_and_no_name_of_the_machine_is_left(self, traced, file, int8):
        assert any(word in traced.read_bytes() for word in secrets())
        for path in (file, int8):
            assert [word for word in secrets() if word in path.read_bytes()] == []

    def test_the_answers_stay_bit_for_bit(self, traced, file, folder, few_digits):
        x = few_digits.test[0]
        assert parity(session(traced), session(file), x, 0, "the same numbers").difference == 0
        copy = folder / "copy.onnx"
        copy.write_bytes(traced.read_bytes())
        assert strip_onnx(copy) == copy
        assert copy.read_bytes() == file.read_bytes()
        strip_onnx(copy)
        assert copy.read_bytes() == file.read_bytes()

    def test_whatever_is_hidden_anywhere_inside(self, file, tmp_path):
        proto = onnx.load(file)
        note = "found in here"
        then = helper.make_graph([helper.make_node("Identity", ["x"], ["y"], doc_string=note)],
                                 "then", [], [], doc_string=note)  # fmt: skip
        proto.graph.node.append(helper.make_node("If", ["b"], ["y"], then_branch=then))
        function = proto.functions.add(name="f", domain="d", doc_string=note)
        function.node.add(op_type="Identity", doc_string=note)
        proto.graph.initializer[0].doc_string = note
        proto.metadata_props.add(key=note, value=note)
        proto.graph.input[0].metadata_props.add(key="k", value=note)
        proto.producer_name = note
        unknown = bytes([0xFA, 0x3F, len(note)]) + note.encode()  # field 1023, which ONNX lacks
        path = tmp_path / "net.onnx"
        path.write_bytes(proto.SerializeToString() + unknown)
        assert path.read_bytes().count(note.encode()) == 10
        strip_onnx(path)
        assert note.encode() not in path.read_bytes()

    def test_refuses_what_is_no_file_of_onnx(self, tmp_path):
        path = tmp_path / "net.onnx"
        with pytest.raises(FileNotFoundError, match="There is no file"):
            strip_onnx(path)
        path.write_bytes(b"PK\x03\x04 is no protobuf")
        with pytest.raises(ValueError, match="is no ONNX file"):
            strip_onnx(path)
        assert path.read_bytes() == b"PK\x03\x04 is no protobuf"


class TestShortenNames:
    @pytest.mark.parametrize("which", ["file", "int8"])
    def test_the_same_net_in_fewer_bytes(self, which, request, tmp_path, few_digits):
        source, path = request.getfixturevalue(which), tmp_path / "net.onnx"
        path.write_bytes(source.read_bytes())
        assert shorten_names(path) == path
        saved = source.stat().st_size - path.stat().st_size
        assert saved > (300 if which == "file" else 2000)
        one, other, x = session(source), session(path), few_digits.test[0]
        assert parity(one, other, x, 0, "the same numbers").difference == 0
        for side in ("get_inputs", "get_outputs"):
            names = [[e.name for e in getattr(each, side)()] for each in (one, other)]
            assert names[0] == names[1]
        onnx.checker.check_model(str(path), full_check=True)

    def test_no_name_twice_and_none_for_what_is_left_out(self, tmp_path):
        """Names that look like the short ones, an input left out, and an annotation by name."""
        nodes = [
            helper.make_node("Add", ["0", "1"], ["weight"], name="first"),
            helper.make_node("Clip", ["weight", "", "1"], ["2"], name="second"),
        ]
        scalar = numpy_helper.from_array(np.float32(3), "1")
        graph = helper.make_graph(
            nodes, "g", [helper.make_tensor_value_info("0", TensorProto.FLOAT, [None, 2])],
            [helper.make_tensor_value_info("2", TensorProto.FLOAT, [None, 2])], [scalar],
        )  # fmt: skip
        graph.quantization_annotation.add(tensor_name="weight")
        opset = [helper.make_opsetid("", 20)]
        path = tmp_path / "net.onnx"
        model = helper.make_model(graph, opset_imports=opset, ir_version=10)
        path.write_bytes(model.SerializeToString())
        x = torch.tensor([[-1.0, 1.0]])
        assert answers(session(path), x).tolist() == [[2.0, 3.0]]
        graph = onnx.load(shorten_names(path)).graph
        assert answers(session(path), x).tolist() == [[2.0, 3.0]]
        names = [graph.initializer[0].name, *graph.node[0].output]
        assert sorted([*names, "0", "2"]) == sorted({*names, "0", "2"})
        assert list(graph.node[1].input) == [names[1], "", names[0]]
        assert b"weight" not in path.read_bytes()

    def test_refuses_nets_inside_of_nets(self, tmp_path):
        then = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "then", [], [])
        node = helper.make_node("If", ["b"], ["y"], then_branch=then, else_branch=then)
        path = tmp_path / "net.onnx"
        model = helper.make_model(helper.make_graph([node], "g", [], []))
        path.write_bytes(before := model.SerializeToString())
        with pytest.raises(ValueError, match=r"has nets inside \(If\)"):
            shorten_names(path)
        model.graph.ClearField("node")
        model.functions.add(name="f", domain="d")
        assert path.read_bytes() == before
        path.write_bytes(model.SerializeToString())
        with pytest.raises(ValueError, match=r"has nets inside \(functions\)"):
            shorten_names(path)


# int8 ---------------------------------------------------------------------------------------------


SETTINGS = [
    {}, {"per_channel": True}, {"reduce_range": True}, {"activations": "int8"},
    {"format": "qoperator"}, {"format": "qoperator", "activations": "int8"},
]  # fmt: skip


class TestInt8:
    @pytest.mark.parametrize("options", SETTINGS, ids=str)
    def test_is_smaller_and_answers_nearly_the_same(self, file, tmp_path, few_digits, options):
        path = quantise_static(file, tmp_path / "q.onnx", few_digits.train[0][:200], **options)
        assert path.stat().st_size < file.stat().st_size
        x = few_digits.test[0]
        # ONNX Runtime 1.32 cannot run signed int8 layers precisely; nor do they saturate.
        precise = options != {"format": "qoperator", "activations": "int8"}
        found = parity(session(file), session(path, precise=precise), x, 3, "int8")
        assert found.difference > 0
        assert found.flips < 0.03 * len(x)

    @pytest.mark.skipif(not processor().saturates, reason="the sums of this one do not saturate")
    def test_what_saturation_costs_and_what_heals_it(self, file, int8, tmp_path, few_digits):
        fp32, x = session(file), few_digits.test[0]
        calibration = few_digits.train[0][:200]
        narrow = quantise_static(file, tmp_path / "q.onnx", calibration, reduce_range=True)
        plain = parity(fp32, session(int8), x, 3, "as it comes").flips
        assert parity(fp32, session(int8, precise=True), x, 3, "wider sums").flips < plain / 2
        assert parity(fp32, session(narrow), x, 3, "weights of 7 bits").flips < plain / 2

    def test_dynamic(self, file, tmp_path, few_digits):
        path = quantise_dynamic(file, tmp_path / "q.onnx")
        x = few_digits.test[0][:200]
        found = parity(session(file), session(path, precise=True), x, 3, "int8")
        assert found.flips < 0.03 * len(x)

    def test_the_weights_are_those_of_the_symmetric_grid_and_zeros_stay(self, net, int8):
        weight = pruning.weights(net)["classifier"]
        held = {e.name: numpy_helper.to_array(e) for e in onnx.load(int8).graph.initializer}
        grid = quantise.symmetric(weight)
        assert held["classifier.weight_scale"] == grid.scale.numpy()
        found = torch.from_numpy(held["classifier.weight_quantized"].copy())
        assert torch.equal(found, quantise.quantise(weight, grid))
        assert (found[weight == 0] == 0).all()

    def test_calibrates_on_what_it_is_given(self, file, tmp_path):
        """Half as bright digits make half as wide a range of the input."""
        scales = []
        for bright in (1.0, 0.5):
            path = quantise_static(file, tmp_path / "q.onnx", torch.full((3, 1, 28, 28), bright))
            held = {e.name: numpy_helper.to_array(e) for e in onnx.load(path).graph.initializer}
            scales.append(float(held["x_scale"]))
        assert scales == [pytest.approx(1 / 255), pytest.approx(0.5 / 255)]

    def test_refuses(self, file, tmp_path):
        target, x = tmp_path / "q.onnx", torch.rand(4, 1, 28, 28)
        for options, words in (
            ({"format": "QDQ"}, "format='QDQ' does not exist; allowed: qdq, qoperator"),
            ({"activations": "int4"}, "activations='int4' does not exist"),
        ):
            with pytest.raises(ValueError, match=words):
                quantise_static(file, target, x, **options)
        for wrong, words in (
            (x[:0], "calibration must be a batch"), (None, "calibration must be a batch"),
            (x / 0, "holds NaN or infinity"), (x.flatten(1), r"inputs of shape .*got shape"),
            (x.double(), r"got shape .* of torch\.float64"),
        ):  # fmt: skip
            with pytest.raises(ValueError, match=words):
                quantise_static(file, target, wrong)
        with pytest.raises(FileNotFoundError, match="There is no file"):
            quantise_static(tmp_path / "missing.onnx", target, x)
        assert [*tmp_path.iterdir()] == []

    def test_is_silent(self, file, tmp_path, few_digits, capfd):
        quantise_static(file, tmp_path / "q.onnx", few_digits.train[0][:10])
        assert capfd.readouterr() == ("", "")


class TestIntegersOfOnnxRuntime:
    """The arithmetic of ``quantise`` is what runs: bit for bit."""

    def test_rounding(self):
        x = torch.cat([torch.randn(1000), torch.arange(-5, 5, 0.5), torch.tensor([1e30, -1e30])])
        for grid in (quantise.range_grid(-2.0, 3.1), quantise.range_grid(-127.5, 127.5)):
            file = one_node(
                "QuantizeLinear", {"x": TensorProto.FLOAT}, TensorProto.UINT8,
                scale=grid.scale.numpy(), zero=np.uint8(grid.zero_point),
            )  # fmt: skip
            assert torch.equal(answers(session(file), x), quantise.quantise(x, grid))

    @settings(properties, max_examples=20)
    @given(st.integers(0, 2**32), st.integers(1, 70), st.integers(1, 20), st.booleans())
    def test_sums_that_saturate_where_this_processor_lets_them(self, seed, inputs, rows, wide):
        generator = torch.Generator().manual_seed(seed)
        x = torch.rand(5, inputs, generator=generator) - 0.3
        weight = torch.randn(rows, inputs, generator=generator)
        x_grid = quantise.asymmetric(x)
        weight_grid = quantise.symmetric(weight, bits=8 if wide else 7)
        q, integers = quantise.quantise(x, x_grid), quantise.quantise(weight, weight_grid)
        file = one_node(
            "MatMulInteger", {"x": TensorProto.UINT8}, TensorProto.INT32,
            weight=integers.T.contiguous().numpy(), zero=np.uint8(x_grid.zero_point),
        )  # fmt: skip
        exact = quantise.integer_linear(q, integers, x_grid, weight_grid)
        saturated = quantise.saturating_linear(q, integers, x_grid, weight_grid)
        assert torch.equal(answers(session(file, precise=True), q), exact)
        found = answers(session(file), q)
        expected = {True: [saturated], False: [exact], None: [exact, saturated]}
        assert any(torch.equal(found, each) for each in expected[processor().saturates])
        if not wide:
            assert torch.equal(found, exact)


# Parity -------------------------------------------------------------------------------------------


def fixed(*rows: list[float]):
    return lambda x: torch.tensor(rows)[: len(x)]


class TestParity:
    def test_by_hand(self):
        x = torch.zeros(2, 1)
        one, other = fixed([1.0, 2.0], [3.0, 1.0]), fixed([1.0, 2.5], [3.0, 3.25])
        found = parity(one, other, x, 1, "by hand")
        assert found == Parity(2.25, 1, 2, 1.0, "by hand")
        assert not found.holds
        assert parity(one, other, x, 2.25, "by hand").holds
        assert str(found) == ("✗ more than 1 apart (by hand): ≈ 2.2e+00, ≈ 1 of 2 classes differ")

    @pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
    def test_nan_is_never_near(self, wrong):
        bad = fixed([1.0, wrong])
        for one, other in ((bad, fixed([1.0, 2.0])), (bad, bad)):
            assert not parity(one, other, torch.zeros(1, 1), 1e9, "large").holds

    def test_a_net_against_itself(self, net, few_digits):
        modes = [each.training for each in net.modules()]
        assert parity(net, net, few_digits.test[0], 0, "one net").holds
        assert modes == [each.training for each in net.modules()]

    def test_many_inputs_are_asked_in_parts(self):
        sizes = []

        def counting(x):
            sizes.append(len(x))
            return torch.cat([x, -x], dim=1)

        x = torch.arange(600.0).view(-1, 1)
        assert torch.equal(answers(counting, x)[:, :1], x)
        assert sum(sizes) == 600
        assert max(sizes) <= deploy.BATCH

    def test_refuses(self, file):
        x = torch.zeros(2, 1)
        good = fixed([1.0, 2.0], [3.0, 1.0])
        for other in (fixed([1.0], [2.0]), fixed([1.0, 2.0]), lambda x: torch.zeros(2)):
            with pytest.raises(ValueError, match="a score for each class and input"):
                parity(good, other, x, 1, "")
        for tolerance in (-1, float("nan"), "0.1", None, True):
            with pytest.raises(ValueError, match="is not a number from 0 up"):
                parity(good, good, x, tolerance, "")
        with pytest.raises(ValueError, match="answers with a tuple"):
            parity(good, lambda x: (x,), x, 1, "")
        with pytest.raises(ValueError, match="got none"):
            parity(good, good, x[:0], 1, "")
        with pytest.raises(TypeError, match=r"Open a file with session\(path\)"):
            parity(good, file, x, 1, "")
        with pytest.raises(ValueError, match=r"The session takes inputs of shape"):
            parity(good, session(file), x, 1, "")


class TestSession:
    def test_threads_and_where_it_runs(self, file):
        for threads in (1, 2):
            run = session(file, threads)
            assert run.get_session_options().intra_op_num_threads == threads
            assert run.get_providers() == ["CPUExecutionProvider"]

    def test_refuses(self, file, tmp_path):
        with pytest.raises(ValueError, match="threads=0"):
            session(file, 0)
        with pytest.raises(FileNotFoundError, match="There is no file"):
            session(tmp_path / "missing.onnx")
        (tmp_path / "text.onnx").write_text("no net", encoding="utf-8")
        with pytest.raises(ValueError, match="nothing that ONNX Runtime can run"):
            session(tmp_path / "text.onnx")


# The processor ------------------------------------------------------------------------------------


class TestProcessor:
    @pytest.mark.parametrize(
        ("flags", "int8", "saturates"),
        [
            ("sse4_1 avx2 avx512bw avx512_vnni", "VNNI", False),
            ("avx2 avx_vnni", "VNNI", False),
            ("avx2 avx512f avx512bw", "AVX512 without VNNI", True),
            ("sse4_1 avx avx2", "AVX2 without VNNI", True),
            ("sse4_1 avx", "unknown", None),
        ],
    )
    def test_of_intel_and_amd(self, flags, int8, saturates):
        text = f"processor\t: 0\nmodel name\t: Some: CPU\nflags\t\t: fpu {flags}\nbugs\t\t:\n"
        found = deploy._read_processor(text, "x86_64", "")
        assert found == deploy.Processor("Some: CPU", int8, saturates)

    def test_the_least_of_its_cores_counts(self):
        text = "flags : avx2 avx_vnni\n\nflags : avx2\n"
        assert deploy._read_processor(text, "x86_64", "").int8 == "AVX2 without VNNI"

    def test_of_arm(self):
        text = "processor : 0\nFeatures : fp asimd asimddp\n"
        found = deploy._read_processor(text, "aarch64", "")
        assert found == deploy.Processor("unknown", "ARM with dot products", False)
        found = deploy._read_processor("", "arm64", "arm")  # macOS says no more
        assert found == deploy.Processor("arm", "ARM", False)

    def test_that_does_not_say(self):
        found = deploy._read_processor("", "AMD64", "")
        assert found == deploy.Processor("unknown", "unknown", None)

    def test_of_this_machine(self):
        assert processor().saturates in (True, False, None)
        assert processor() == processor()


# Weighing -----------------------------------------------------------------------------------------


def saved(path: Path, external: str | None = None, note: str = "") -> Path:
    """An ONNX file with one weight of 1,000 bytes, inside or in a file beside it."""
    weight = numpy_helper.from_array(np.ones(250, np.float32), "weight")
    if external is not None:
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value=external)
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "weight"], ["y"], doc_string=note)], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [250])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [250])], [weight],
    )  # fmt: skip
    path.write_bytes(helper.make_model(graph).SerializeToString())
    return path


class TestWeigh:
    def test_all_files_as_they_are_listed(self, tmp_path):
        (tmp_path / "a.bin").write_bytes(b"12345")
        (tmp_path / "deep" / "deeper").mkdir(parents=True)
        (tmp_path / "deep" / "deeper" / ".hidden").write_bytes(b"123")
        (tmp_path / "empty").touch()
        found = weigh(tmp_path)
        assert found.files == {"a.bin": 5, "deep/deeper/.hidden": 3, "empty": 0}
        assert found.names == len("a.bindeepdeeper.hiddenempty")
        assert found.total == 8 + found.names
        assert found.beside == {}

    def test_of_a_real_net_says_what_stripping_would_save(self, traced, file, tmp_path):
        for source in (traced, file):
            (tmp_path / source.name).write_bytes(source.read_bytes())
        found = weigh(tmp_path)
        sizes = {path.name: path.stat().st_size for path in (traced, file)}
        assert found.files == sizes
        assert found.beside == {"traced.onnx": sizes["traced.onnx"] - sizes["net.onnx"]}

    @settings(properties, max_examples=50)
    @given(st.binary(min_size=1, max_size=60), st.sampled_from(["file", "name", "folder", "note"]))
    def test_whatever_is_put_in_is_counted(self, tmp_path_factory, secret, place):
        """Wherever it is put: the weight grows by at least as many bytes as can be read again."""
        folder = tmp_path_factory.mktemp("cheat")
        text = secret.hex()
        before = weigh(folder).total
        if place == "file":
            (folder / ".x").write_text(text, encoding="utf-8")
        elif place == "name":
            (folder / text).touch()
        elif place == "folder":
            (folder / text).mkdir()
        else:
            saved(folder / "net.onnx")
            before = weigh(folder).total
            saved(folder / "net.onnx", note=text)
            assert weigh(folder).beside == {"net.onnx": pytest.approx(len(text), abs=30)}
        assert weigh(folder).total >= before + len(text)

    def test_weights_beside_the_file_count(self, tmp_path):
        saved(tmp_path / "net.onnx", "net.onnx.data")
        (tmp_path / "net.onnx.data").write_bytes(bytes(1000))
        assert weigh(tmp_path).total > 1000

    @pytest.mark.parametrize("name", ["net.onnx", "readme.txt"])
    def test_weights_outside_of_the_folder(self, tmp_path, name):
        folder = tmp_path / "folder"
        folder.mkdir()
        outside = tmp_path / "weights"
        outside.write_bytes(bytes(1000))
        for location in ("../weights", str(outside), "missing", "../folder-2/weights"):
            saved(folder / name, location)
            with pytest.raises(ValueError, match="which is not in the folder"):
                weigh(folder)

    def test_weights_outside_inside_of_a_branch(self, tmp_path):
        saved(tmp_path / "w.onnx", "../w")
        proto = onnx.load(tmp_path / "w.onnx", load_external_data=False)
        weight = proto.graph.initializer[0]
        then = helper.make_graph([], "then", [], [], [weight])
        node = helper.make_node("If", ["b"], ["y"], then_branch=then, else_branch=then)
        graph = helper.make_graph([node], "g", [], [])
        (tmp_path / "w.onnx").write_bytes(helper.make_model(graph).SerializeToString())
        with pytest.raises(ValueError, match=r"keeps weights in '\.\./w'"):
            weigh(tmp_path)

    def test_links(self, tmp_path):
        (tmp_path / "folder").mkdir()
        for kind in (tmp_path / "file", tmp_path / "away"):
            kind.mkdir() if kind.name == "away" else kind.write_bytes(bytes(1000))
            link = tmp_path / "folder" / "link"
            link.symlink_to(kind)
            with pytest.raises(ValueError, match="'link' is a link"):
                weigh(tmp_path / "folder")
            link.unlink()

    @pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no attributes on this system")
    @pytest.mark.parametrize("name", ["net.bin", "."])
    def test_attributes(self, tmp_path, name):
        (tmp_path / "net.bin").touch()
        try:
            os.setxattr(tmp_path / name, "user.weights", b"1234")
        except OSError:
            pytest.skip("no attributes on this file system")
        with pytest.raises(ValueError, match=rf"'{name}' has bytes in .* \['user\.weights'\]"):
            weigh(tmp_path)

    def test_a_folder_that_is_not_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match="There is no folder"):
            weigh(tmp_path / "missing")


def test_importing_it_brings_no_onnx():
    code = "import sys; from course_utils import deploy, quantise; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    assert not {"onnx", "onnxruntime", "onnxscript"} & set(done.stdout.split())
