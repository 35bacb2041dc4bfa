"""Lesson 07's exercises: mistakes as learners write them, and cases with one right answer."""

import itertools
import math

import numpy as np
import pytest
import torch

from course_utils import coding, deploy, quantise, sharing
from course_utils.exercises import lesson07 as ex


def words(text):
    return " ".join(text.split())


# Mistakes, written without a look at those that the exercises declare -----------------------------


def zeros_have_a_centroid(weight, centroids):
    codes = torch.cdist(weight.reshape(-1, 1), centroids.reshape(-1, 1)).argmin(1) + 1
    codes = codes.reshape(weight.shape)
    moved = centroids.clone()
    for k in codes.unique():
        moved[k - 1] = weight[codes == k].mean()
    return codes, moved


def codes_from_0(weight, centroids):
    codes = (weight[..., None] - centroids).square().argmin(-1)
    moved = centroids.clone()
    for k in range(len(centroids)):
        chosen = weight[(codes == k) & (weight != 0)]
        if chosen.numel():
            moved[k] = chosen.sum() / chosen.numel()
    codes[weight == 0] = 0
    return codes, moved


def nan_for_nobody(weight, centroids):
    codes = sharing.assign(weight, centroids)
    return codes, torch.stack([weight[codes == k].mean() for k in range(1, len(centroids) + 1)])


def mean_by_scatter(gradient, codes, clusters):
    sums = torch.zeros(clusters + 1)
    return sums.scatter_reduce(0, codes.flatten(), gradient.flatten(), "mean", include_self=False)[
        1:
    ]


def fancy_index(gradient, codes, clusters):
    sums = torch.zeros(clusters + 1)
    for code, part in zip(codes.flatten(), gradient.flatten(), strict=True):
        sums[code] = part
    return sums[1:]


def bincount_of_all(gradient, codes, clusters):
    return torch.bincount(codes.flatten(), gradient.flatten(), minlength=clusters + 1).float()


def wraps_around(gradient, codes, clusters):
    sums = np.zeros(clusters, np.float32)
    for code, part in zip(codes.numpy().ravel(), gradient.numpy().ravel(), strict=True):
        sums[code - 1] += part
    return torch.from_numpy(sums)


def bits_by_ceil(counts):
    p = [n / sum(counts) for n in counts]
    entropy = -sum(x * math.log2(x) for x in p if x)
    return entropy, [max(1, math.ceil(math.log2(1 / x))) if x else 0 for x in p]


def nats(counts):
    p = torch.tensor(counts) / sum(counts)
    return float(torch.special.entr(p).sum()), coding.huffman_lengths(counts)


def sorted_once(counts):
    order = sorted((s for s in range(len(counts)) if counts[s]), key=lambda s: (counts[s], s))
    lengths = [0] * len(counts)
    for place, symbol in enumerate(reversed(order)):
        lengths[symbol] = max(1, min(place + 1, len(order) - 1))
    return coding.entropy(counts), lengths


def with_size(gaps, entries, bits):
    kinds = {*entries}
    bits = 32 * len(kinds - {0}) + len(entries) * (bits + (len(kinds) - 1).bit_length())
    return gaps, entries, -(-bits // 8)


def no_escape(codes, bits):
    found = coding.gaps(torch.tensor(codes), 20)
    return with_size(found.gaps.tolist(), found.entries.tolist(), bits)


def escape_takes_only_its_gap(codes, bits):
    gaps, entries, before = [], [], 0
    for place, code in enumerate(codes):
        if code:
            while place - before >= 2**bits:
                gaps.append(2**bits - 1)
                entries.append(0)
                before += 2**bits - 1
            gaps.append(place - before)
            entries.append(code)
            before = place + 1
    return with_size(gaps, entries, bits)


def codebook_forgotten(codes, bits):
    found = coding.gaps(torch.tensor(codes), bits)
    each = bits + math.ceil(math.log2(max(1, len(found.entries.unique()))))
    return found.gaps.tolist(), found.entries.tolist(), math.ceil(each * len(found.gaps) / 8)


def paddings_free(codes, bits):
    found = coding.gaps(torch.tensor(codes), bits)
    kinds = {*found.entries.tolist()}
    total = sum(code > 0 for code in codes) * (bits + (len(kinds) - 1).bit_length())
    size = math.ceil(total / 8) + 4 * len(kinds - {0})
    return found.gaps.tolist(), found.entries.tolist(), size


def all_at_once(weight, centroids):
    codes = torch.argmin(torch.stack([(weight - c) ** 2 for c in centroids]), 0) + 1
    return codes, torch.stack([weight[codes == k + 1].mean() for k in range(len(centroids))])


def no_guard_and_128(weight, bits):
    scale = weight.abs().flatten(1).max(1)[0] / 2 ** (bits - 1)
    along = scale.reshape([-1] + [1] * (weight.ndim - 1))
    return torch.round(weight / along).to(torch.int8), scale, scale / 2


def over_the_outputs(weight, bits):
    scale = torch.clamp(weight.abs().max(dim=0).values / (2 ** (bits - 1) - 1), min=0)
    scale = torch.where(scale > 0, scale, 1.0)
    return torch.round(weight / scale).to(torch.int8), scale, 0.5 * scale


def one_for_all(weight, bits):
    grid = quantise.symmetric(weight, bits=bits)
    return quantise.quantise(weight, grid), grid.scale, grid.error_bound


def max_without_abs(weight, bits):
    high = 2 ** (bits - 1) - 1
    scale = weight.flatten(1).max(1).values / high
    scale = torch.where(scale == 0, 1.0, scale)
    steps = weight / scale.reshape(-1, *[1] * (weight.dim() - 1))
    return steps.round().clip(-128, 127).to(torch.int8), scale, scale / 2


def fake_quantised(weight, bits):
    grid = quantise.symmetric(weight, 0, bits=bits)
    q = quantise.quantise(weight, grid)
    return quantise.dequantise(q, grid), grid.scale, grid.scale / 2


def range_as_it_is(smallest, largest):
    if largest == smallest:
        return 1.0, 0
    scale = (largest - smallest) / 255
    return scale, int(np.round(-smallest / scale))


def clipped_away(smallest, largest):
    scale, zero_point = range_as_it_is(smallest, largest)
    return scale, int(np.clip(zero_point, 0, 255))


def range_without_a_guard(smallest, largest):
    scale = (largest - smallest) / 255
    return scale, round(-smallest / scale)


def no_eps(weight, bias, gamma, beta, mean, variance, eps):
    factor = gamma / torch.sqrt(variance)
    old = 0 if bias is None else bias
    return (
        torch.einsum("o...,o->o...", weight, factor), (old - mean) * factor + beta
    )  # fmt: skip


def bias_left(weight, bias, gamma, beta, mean, variance, eps):
    factor = gamma / torch.sqrt(variance + eps)
    old = 0 if bias is None else bias
    return torch.einsum("o...,o->o...", weight, factor), old + beta - mean * factor


def broadcast(weight, bias, gamma, beta, mean, variance, eps):
    factor = gamma * (variance + eps) ** -0.5
    old = torch.zeros_like(beta) if bias is None else bias
    return factor * weight, factor * (old - mean) + beta


def plain_mean(layers, total):
    cells = [(name, "huffman") for name in layers if layers[name]["huffman"] > layers[name]["bits"]]
    for column in total:
        mean = np.mean([row[column] for row in layers.values()])
        cells += [("total", column)] * bool(abs(mean - total[column]) > 0.1)
    return cells


def to_the_digit(layers, total):
    cells = [(name, "huffman") for name in layers if layers[name]["huffman"] > layers[name]["bits"]]
    kept = [row["kept"] for row in layers.values()]
    for column in total:
        mean = np.average([row[column] for row in layers.values()], weights=kept)
        if not math.isclose(mean, total[column]):
            cells.append(("total", column))
    return cells


def what_ls_shows(folder):
    for file in folder.values():
        for other in file["needs"]:
            if other not in folder:
                raise ValueError(other)
    return sum(file["bytes"] for file in folder.values())


def onnx_only(folder):
    return sum(f["bytes"] + len(p.encode()) for p, f in folder.items() if p.endswith("onnx"))


def stripped(folder):
    missing = [n for f in folder.values() for n in f["needs"] if n not in folder]
    if missing:
        raise ValueError(missing)
    return sum(len(p.encode()) + f["bytes"] - f["notes"] for p, f in folder.items())


MISTAKES = [
    (ex.kmeans_step, zeros_have_a_centroid, "You give pruned weights the code of a centroid"),
    (ex.kmeans_step, codes_from_0, "count the centroids from 0"),
    (ex.kmeans_step, nan_for_nobody, "the mean of nothing is NaN"),
    (ex.kmeans_step, all_at_once, "And a centroid that no weight is nearest to has no mean"),
    (ex.shared_gradient, mean_by_scatter, "You average the derivatives"),
    (ex.shared_gradient, fancy_index, "only the last is left"),
    (ex.shared_gradient, bincount_of_all, "one number too many"),
    (ex.shared_gradient, wraps_around, "end up in the last centroid"),
    (ex.huffman, bits_by_ceil, "You take ⌈log2(1 / p)⌉"),
    (ex.huffman, nats, "Your entropy is in nats"),
    (ex.huffman, sorted_once, "all lengths differ"),
    (ex.to_gaps, no_escape, "Your gaps grow beyond"),
    (ex.to_gaps, escape_takes_only_its_gap, "Your padding does not count itself"),
    (ex.to_gaps, codebook_forgotten, "Your size leaves out the codebook"),
    (ex.to_gaps, paddings_free, "Your size leaves out the paddings"),
    (ex.symmetric_grid, over_the_outputs, "along the wrong axis"),
    (ex.symmetric_grid, one_for_all, "one scale for the whole weight"),
    (ex.symmetric_grid, max_without_abs, "You take the largest *number*"),
    (ex.symmetric_grid, no_guard_and_128, "one less. And a channel of zeros needs"),
    (ex.symmetric_grid, fake_quantised, "You return q · scale"),
    (ex.uint8_grid, range_as_it_is, "You take the range as it is. Where it does not hold 0"),
    (ex.uint8_grid, range_without_a_guard, "You take the range as it is. Where it does not"),
    (ex.uint8_grid, clipped_away, "then clip the zero point"),
    (ex.fold_batchnorm, no_eps, "ε is missing"),
    (ex.fold_batchnorm, bias_left, "You leave the old bias as it is"),
    (ex.fold_batchnorm, broadcast, "goes along the last dim"),
    (ex.impossible_cells, plain_mean, "You let each layer count alike"),
    (ex.impossible_cells, to_the_digit, "You ask for equality"),
    (ex.weigh_folder, what_ls_shows, "You forget the names"),
    (ex.weigh_folder, onnx_only, "You weigh the .onnx files only and never ask"),
    (ex.weigh_folder, stripped, "You take the notes off"),
]


@pytest.mark.parametrize(
    ("exercise", "wrong", "said"), MISTAKES, ids=lambda x: getattr(x, "__name__", "")
)
def test_a_mistake_is_named_however_it_is_written(exercise, wrong, said):
    verdict = exercise.judge(wrong)
    assert verdict.outcome == "wrong"
    assert said in words(verdict.text)


def test_of_the_mistakes_each_exercise_has_some():
    assert {exercise.name for exercise, _, _ in MISTAKES} == set(ex.__all__)


# One right answer ---------------------------------------------------------------------------------


def cases(exercise):
    return [case.make() for case in exercise.cases if case.refused is None]


def all_lengths(groups, lengths):
    """The lengths of every Huffman code, however ties are broken."""
    if len(groups) == 1:
        return {tuple(lengths)}
    found, counts = set(), sorted(n for n, _ in groups)
    for one, other in itertools.combinations(range(len(groups)), 2):
        if sorted((groups[one][0], groups[other][0])) == counts[:2]:
            joined = groups[one][1] + groups[other][1]
            deeper = [length + (s in joined) for s, length in enumerate(lengths)]
            rest = [group for place, group in enumerate(groups) if place not in (one, other)]
            rest.append((groups[one][0] + groups[other][0], joined))
            found |= all_lengths(rest, deeper)
    return found


def test_each_alphabet_has_one_set_of_huffman_lengths():
    for (counts,) in cases(ex.huffman):
        groups = [(n, [s]) for s, n in enumerate(counts) if n]
        if len(groups) > 1:
            assert all_lengths(groups, [0] * len(counts)) == {
                tuple(ex.huffman.reference(counts)[1])
            }


def test_no_weight_lies_halfway_between_two_centroids():
    for weight, centroids in cases(ex.kmeans_step):
        nearest = (weight[weight != 0][:, None] - centroids).abs().sort(1).values
        if nearest.shape[1] > 1:
            assert (nearest[:, 1] - nearest[:, 0] > 1e-3).all()


def test_no_number_lies_halfway_between_two_integers():
    def off_halfway(steps):
        return (steps.frac().abs() - 0.5).abs().min()

    for weight, bits in cases(ex.symmetric_grid):
        _, scale, _ = ex.symmetric_grid.reference(weight, bits)
        assert off_halfway(weight.flatten(1) / scale[:, None]) > 1e-3
    for ends in cases(ex.uint8_grid):
        scale, _ = ex.uint8_grid.reference(*ends)
        assert off_halfway(torch.tensor(-min(*ends, 0.0) / scale)) > 0.02


def test_no_cell_lies_near_the_limit():
    """And the rule of the layers, applied to the last row as well, would find nothing there."""
    for layers, total in cases(ex.impossible_cells):
        kept = [row["kept"] for row in layers.values()]
        for column in total:
            mean = np.average([row[column] for row in layers.values()], weights=kept)
            assert abs(abs(mean - total[column]) - 0.1) > 0.015
        assert total["huffman"] <= total["bits"]


# The library is what the lesson taught ------------------------------------------------------------


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("seed", range(3))
def test_sharing_is_that_of_the_lesson(seed):
    weight = random(20, 12, seed=seed) * (random(20, 12, seed=seed + 9) > 0)
    start = torch.linspace(float(weight.min()), float(weight.max()), 6)
    centroids, before = start, None
    while before is None or not centroids.equal(before):
        before = centroids
        codes, centroids = ex.kmeans_step.reference(weight, before)
    assert codes.equal(sharing.assign(weight, centroids))
    used = centroids[[place for place in range(6) if (codes == place + 1).any()]]
    assert sharing.kmeans(weight, 6).allclose(used, atol=1e-5)
    gradient = random(20, 12, seed=seed + 20)
    assert sharing.centroid_gradient(gradient, codes, 6).allclose(
        ex.shared_gradient.reference(gradient, codes, 6), atol=1e-5
    )


@pytest.mark.parametrize("seed", range(3))
def test_coding_is_that_of_the_lesson(seed):
    numbers = random(300, seed=seed)
    counts = (numbers[:9].exp() * 40).long().tolist()
    entropy, lengths = ex.huffman.reference(counts)
    assert coding.entropy(counts) == pytest.approx(entropy)
    ours = coding.huffman_lengths(counts)
    assert np.dot(ours, counts) == np.dot(lengths, counts)
    codes = (numbers * (numbers > 0.9) * 5).long()
    for bits in (1, 2, 3, 5):
        found = coding.gaps(codes, bits)
        size = coding.deep_compression_bytes(codes, bits).fixed
        taught = ex.to_gaps.reference(codes.tolist(), bits)
        assert (found.gaps.tolist(), found.entries.tolist(), size) == taught


@pytest.mark.parametrize("bits", [2, 5, 8])
def test_grids_are_those_of_the_lesson(bits):
    weight = random(6, 3, 2, 2, seed=bits)
    weight[2] = 0
    q, scale, bound = ex.symmetric_grid.reference(weight, bits)
    grid = quantise.symmetric(weight, axis=0, bits=bits)
    assert scale.allclose(grid.scale)
    assert bound.allclose(grid.error_bound)
    assert q.equal(quantise.quantise(weight, grid))
    error = (weight - quantise.dequantise(q, grid)).abs().flatten(1).amax(1)
    assert (error <= bound * (1 + 1e-5)).all()


@pytest.mark.parametrize("ends", [(-0.7, 3.3), (0.4, 9.0), (-8.0, -7.0), (0.0, 0.0), (5.0, 5.0)])
def test_ranges_are_those_of_the_lesson(ends):
    scale, zero_point = ex.uint8_grid.reference(*ends)
    grid = quantise.range_grid(*ends)
    assert float(grid.scale) == pytest.approx(scale)
    assert int(grid.zero_point) == zero_point


@pytest.mark.parametrize("bias", [True, False])
def test_folding_is_that_of_the_lesson(bias):
    torch.manual_seed(1)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3, bias=bias), torch.nn.BatchNorm2d(5))
    net(torch.randn(64, 3, 6, 6) * 3 + 1)
    conv, norm = net.eval()
    with torch.no_grad():
        torch.nn.init.normal_(norm.weight)
        weight, shift = ex.fold_batchnorm.reference(
            conv.weight, conv.bias, norm.weight, norm.bias,
            norm.running_mean, norm.running_var, norm.eps,
        )  # fmt: skip
    folded = quantise.fold_batchnorm(net)[0]
    assert folded.weight.allclose(weight, atol=1e-6)
    assert folded.bias.allclose(shift, atol=1e-6)


def test_weighing_is_that_of_the_lesson(tmp_path):
    """Of a folder without folders inside, whose names the library counts once each."""
    sizes = {"net.bin": 300, ".hidden": 5, "权重": 0}
    for name, size in sizes.items():
        (tmp_path / name).write_bytes(bytes(size))
    folder = {name: {"bytes": n, "notes": 0, "needs": []} for name, n in sizes.items()}
    assert deploy.weigh(tmp_path).total == ex.weigh_folder.reference(folder)


LENET_300 = {
    "ip1": {"kept": 18_816, "bits": 6, "huffman": 4.4},
    "ip2": {"kept": 2_700, "bits": 6, "huffman": 4.4},
    "ip3": {"kept": 260, "bits": 6, "huffman": 4.3},
}
LENET_5 = {
    "conv1": {"kept": 330, "bits": 8, "huffman": 7.2},
    "conv2": {"kept": 3_000, "bits": 8, "huffman": 7.2},
    "ip1": {"kept": 32_000, "bits": 5, "huffman": 4.5},
    "ip2": {"kept": 950, "bits": 5, "huffman": 5.2},
}


def test_the_cells_of_han_et_al_2016_that_cannot_be():
    found = ex.impossible_cells.reference(LENET_300, {"bits": 6, "huffman": 5.1})
    assert found == [("total", "huffman")]
    found = ex.impossible_cells.reference(LENET_5, {"bits": 5.3, "huffman": 4.1})
    assert found == [("ip2", "huffman"), ("total", "huffman")]


# Weights of each layer and its size in per cent of float32, behind the rows above: fixed, Huffman.
SIZES_300 = ((235_200, 3.1, 2.32), (30_000, 3.8, 3.04), (1_000, 15.7, 12.70))
SIZES_5 = ((500, 78.5, 67.45), (25_000, 6.0, 5.28), (400_000, 2.7, 2.45), (5_000, 6.9, 6.13))


@pytest.mark.parametrize(
    ("rows", "column", "total", "digit", "from_rows"),
    [
        (SIZES_300, 1, 3.1, 0.1, 3.23),  # 32× in the paper; its rows make 31×
        (SIZES_300, 2, 2.49, 0.01, 2.44),  # 40×; its rows make 41×
        (SIZES_5, 1, 3.05, 0.1, 3.03),  # 33×, as its rows make
        (SIZES_5, 2, 2.55, 0.01, 2.73),  # 39×; its rows make 37×
    ],
)
def test_three_of_four_total_sizes_do_not_follow_from_their_rows_either(
    rows, column, total, digit, from_rows
):
    """The sizes weigh with all weights, whose numbers are known exactly, so this is no rounding."""
    mean = np.average([row[column] for row in rows], weights=[row[0] for row in rows])
    assert mean == pytest.approx(from_rows, abs=0.005)
    assert (abs(mean - total) <= digit) == (rows is SIZES_5 and column == 1)
