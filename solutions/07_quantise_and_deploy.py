# %% [markdown]
# # 07 · Quantise and deploy
#
# A pruned net is full of zeros, and still a large file that needs PyTorch. Here a LeNet-300-100 becomes a
# file of about ten kilobytes and a page that reads what you draw, and a ConvNet a program that runs without
# PyTorch. At each joint you check that it is still the same net.
#
# **You will be able to**
#
# - say what a compression ratio (压缩比) counts, and weigh a net fairly,
# - let weights share a few values, train these, and write them with few bits,
# - quantise (量化) to int8 with a scale and a range that hold what you need,
# - take a net out of PyTorch with a check at every joint, and time int8 fairly,
# - ship it (部署).
#
# **Time**: 85 minutes.

# %%
import torch

from course_utils import data, models, plotting, pruning, schedules, training
from course_utils.lesson import claim, desk, predict, tables, time_claim, within

desk.check("07", edition="EDITION")
digits = data.load_mnist()
SEEDS = (0, 1, 2, 3, 4)

# %% [markdown]
# ## 7.1 What is in the file?
#
# A LeNet-300-100 of four epochs, and the same net pruned to 95 % in six rounds (lesson 06):

# %%
import copy


def accuracy_of(net):
    return 100 * training.evaluate(net, digits.test)


training.seed_everything(SEEDS[0])
dense = models.LeNet300()
training.train(dense, digits, epochs=4, seed=SEEDS[0])
sparse = copy.deepcopy(dense)
schedules.iterate(sparse, digits, schedules.cubic(0.95, 6), 1, seed=SEEDS[0])
sparse = pruning.make_permanent(sparse)
print(f"dense ≈ {accuracy_of(dense):.1f} %, 95 % zeros ≈ {accuracy_of(sparse):.1f} %")

# %% [markdown]
# Lesson 01 said it: a zero takes as many bytes as any other number. But everybody has gzip. What does it
# make of the zeros?
#
# Three files of bare numbers. In the third each weight is one byte, a whole number from −127 to 127
# (section 7.4 says how); zeros are zeros there, too. gzip and xz are what every machine has.

# %%
import gzip
import lzma

from course_utils import quantise


def numbers_of(net):
    return b"".join(p.detach().numpy().tobytes() for p in net.parameters())


def bytes_of(net):
    """One byte a weight, and four for the scale of each tensor."""
    grids = [(p, quantise.symmetric(p)) for p in net.parameters()]
    return b"".join(
        quantise.quantise(p, g).numpy().tobytes() + g.scale.numpy().tobytes() for p, g in grids
    )


files = {
    "dense, float32": numbers_of(dense),
    "95 % zeros, float32": numbers_of(sparse),
    "95 % zeros, int8": bytes_of(sparse),
}
in_bytes = copy.deepcopy(sparse)
for p in in_bytes.parameters():
    grid = quantise.symmetric(p)
    p.data = quantise.dequantise(quantise.quantise(p, grid), grid)
print(f"one byte a weight: ≈ {accuracy_of(in_bytes):.1f} %")

# %% [markdown]
# In kB; the original stands top left.

# %%
import pandas as pd

sizes = pd.DataFrame(
    {
        "as it is": {name: len(file) for name, file in files.items()},
        "gzip": {name: len(gzip.compress(file, 6)) for name, file in files.items()},
        "xz": {name: len(lzma.compress(file)) for name, file in files.items()},
    }
)
ORIGINAL = len(files["dense, float32"])
times = ORIGINAL / sizes
tables.approximate(sizes / 1e3, dict.fromkeys(sizes, "{:5.0f} kB"))

# %%
claim("7.a", "gzip takes 6 to 9 % off the dense file, makes that with 95 % zeros 6.5 to 9 times smaller, and "
      "int8 with zeros 35 to 50 times",
      [within(100 - 100 / times.loc["dense, float32", "gzip"], 6, 9),
       within(times.loc["95 % zeros, float32", "gzip"], 6.5, 9),
       within(times.loc["95 % zeros, int8", "gzip"], 35, 50)])  # fmt: skip

# %% [markdown]
# Trained weights look like noise, so gzip finds next to nothing in the dense file. A weight that is left
# keeps its four bytes, and where it stands costs as much again or more. With one byte a weight, a few lines
# of code reach the 40 times of a famous table (section 7.6; there with other data and a better net). This is
# the honest baseline: whatever you build has to beat gzip.
#
# ## 7.2 Fewer different numbers
#
# **Weight sharing** (权重共享): let all weights of a layer be one of a few values. The values are the
# **centroids** (质心), their list the **codebook** (码本), and a weight becomes a **code** (编码): which
# of them it is. With 8 centroids a code has three bits. k-means (k 均值) finds centroids that are near
# the weights, in steps: each weight goes to its nearest centroid, each centroid to the mean of its
# weights.
#
# > ### Exercise 7.1 · One step of k-means
# > difficulty ★★☆ · importance ★★★ · 6 minutes
# >
# > Write `kmeans_step(weight, centroids)`: assignment and new centroids for the weights that are not
# > zero. `centroids` is (k,), rising. Return `(codes, moved)`: `codes`, int64 in the shape of `weight`,
# > is 0 for a pruned weight, else 1 + the place of the nearest centroid; `moved`, (k,), holds the mean
# > of the weights of each centroid. A centroid that no weight is nearest to stays where it is.


# %%
from course_utils import sharing
from course_utils.exercises import lesson07 as ex


def kmeans_step(weight, centroids):
    """weight: any shape, centroids: (k,). Returns (codes, moved), codes 0 where weight is 0."""
    ### BEGIN SOLUTION
    distance = (weight.unsqueeze(-1) - centroids).abs()  # (…, k)
    codes = 1 + distance.argmin(-1)
    codes[weight == 0] = 0
    moved = centroids.clone()
    for place in range(len(centroids)):
        members = weight[codes == place + 1]
        if len(members) > 0:
            moved[place] = members.mean()
    return codes, moved
    ### END SOLUTION


kmeans_step = ex.kmeans_step.check(kmeans_step)

# %% [markdown]
# Take steps on the second layer until nothing moves any more, from four centroids at equal distances.
# `sharing.kmeans` is the same for any number of them.

# %%
weight = sparse.fc2.weight.detach()
centroids = torch.linspace(float(weight.min()), float(weight.max()), 4)
for _ in range(200):
    codes, moved = kmeans_step(weight, centroids)
    if moved.equal(centroids):
        break
    centroids = moved
print("the centroids of sharing.kmeans:", centroids.allclose(sharing.kmeans(weight, 4), atol=1e-3))

# %% [markdown]
# At most eight centroids in each layer, drawn over the weights that are left (one that ends up without
# weights is left out):

# %%
kept = {name: w.detach()[w != 0] for name, w in pruning.weights(sparse).items()}

# %%
plotting.show(
    plotting.codebook_histogram(
        {name: (w, sharing.kmeans(w, 8)) for name, w in kept.items()},
        "At most eight values a layer, where the weights are",
    ),
    alt="Histograms of the weights that are left in three layers, with a gap around zero, and the eight "
    "centroids of each as lines.",
)  # fmt: skip

# %% [markdown]
# Pruning has left a gap around zero. Now be bold: only *two* values a layer, and 0. No training
# afterwards.

# %%
guess = predict("7.1", "Test accuracy with two values and 0 a layer?", None, unit="%")

# %% [markdown]
# From one value to sixteen; then one epoch in which only the centroids learn (below it says how).

# %%
VALUES, LR = (1, 2, 3, 4, 8, 16), 0.002
by_values = {"no training": [], "centroids trained": []}
for count in VALUES:
    net = copy.deepcopy(sparse)
    codes = sharing.share_model(net, count)
    by_values["no training"].append(accuracy_of(net))
    with sharing.learn_centroids(net, codes):
        training.train(net, digits, epochs=1, lr=LR, seed=SEEDS[0])
    by_values["centroids trained"].append(accuracy_of(net))

# %% [markdown]
# The line across is the net with all its different values:

# %%
import numpy as np

lost = accuracy_of(sparse) - np.array(by_values["no training"])
guess.compare(by_values["no training"][1])

# %%
plotting.show(
    plotting.accuracy_curves(
        {name: np.array(values) / 100 for name, values in by_values.items()}, VALUES,
        "One value a layer is none at all; from two on, most of the net is there",
        dense=accuracy_of(sparse) / 100, across="95 % zeros, all values", xlabel="different values a layer, besides 0",
        ticks=[f"{n}" for n in VALUES],
    ),
    alt="Test accuracy against the number of different values a layer: at chance with one, close to the "
    "net with all values from two on.",
)  # fmt: skip
claim("7.b", "one value a layer leaves chance; two values cost 7 points at most, 16 at most 1, without training",
      [lost[0] > 70, within(lost[1], -3, 7), abs(lost[-1]) < 1])  # fmt: skip

# %% [markdown]
# With one value all weights of a layer have the same sign, and the net is dead. With two, one for each
# sign in essence, it works: lesson 06 found the same of lottery tickets. How precise a weight is
# matters little, where it is and which way it points matters much.
#
# How do centroids learn? All weights with code k are *one* number. Move it, and all of them move.
#
# > ### Exercise 7.2 · The gradient of a shared weight
# > difficulty ★★☆ · importance ★★★ · 4 minutes
# >
# > Weights with code k are all one number, centroid k; code 0 is a pruned weight. Write
# > `shared_gradient(gradient, codes, clusters)`: from ∂L/∂w of each weight to ∂L/∂c of each of the
# > `clusters` centroids, (clusters,). What moves when a centroid moves?


# %%
def shared_gradient(gradient, codes, clusters):
    """gradient, codes: of one shape, codes 0 to clusters. Returns (clusters,)."""
    ### BEGIN SOLUTION
    return torch.stack([gradient[codes == code].sum() for code in range(1, clusters + 1)])
    ### END SOLUTION


shared_gradient = ex.shared_gradient.check(shared_gradient)

# %% [markdown]
# `sharing.learn_centroids` makes the centroids the parameters of the net, and PyTorch computes the same
# sums by itself. Compare, in the first layer, with eight values:

# %%
from torch.nn.functional import cross_entropy

shared = copy.deepcopy(sparse)
codes = sharing.share_model(shared, 8)
images, labels = (part[:256] for part in digits.train)
cross_entropy(shared(images), labels).backward()
by_weight = shared.fc1.weight.grad
with sharing.learn_centroids(shared, codes):
    cross_entropy(shared(images), labels).backward()
    by_torch = shared.fc1.parametrizations.weight.original.grad.clone()
yours = shared_gradient(by_weight, codes["fc1.weight"], len(by_torch))
steeper = float(by_torch.abs().mean() / by_weight[codes["fc1.weight"] > 0].abs().mean())
print("the gradients of PyTorch:", yours.allclose(by_torch, rtol=1e-3, atol=1e-5))
print(f"a centroid is ≈ {steeper:.0f} times as steep as one of its weights")

# %% [markdown]
# So a step of the usual size would throw it far: centroids want a small learning rate. Above it was
# 0.002, where training had used 0.05.

# %%
with sharing.learn_centroids(shared, codes):
    training.train(shared, digits, epochs=1, lr=LR, seed=SEEDS[0])
print(f"eight values, centroids trained ≈ {accuracy_of(shared):.1f} %")

# %% [markdown]
# ## 7.3 Fewer bits
#
# Eight codes need three bits each, if all take the same number. But some codes are frequent and some
# rare. Let p_k be the part of the weights left that has code k. Shannon's **entropy** (熵)
#
# $$H = -\sum_k p_k \log_2 p_k$$
#
# is how many bits a code needs on average, at least, if each is written without a look at the others.
#
# A **Huffman code** (霍夫曼编码) gives frequent symbols short codes: whole bits, and no code begins with
# another, so none needs an end.
#
# > ### Exercise 7.3 · Entropy and Huffman's lengths
# > difficulty ★★★ · importance ★★☆ · 8 minutes
# >
# > Write `huffman(counts)`: `counts[s]` says how often symbol s occurs. Return `(entropy, lengths)`: the
# > entropy in bits a symbol, −Σ p log₂ p, and a list with the length in bits of each symbol's Huffman
# > code, 0 for a symbol that never occurs. Join the two rarest groups of symbols, until one group is
# > left: each time, every symbol in the two gets one bit longer. A lone symbol gets 1 bit.


# %%
import math


def huffman(counts):
    """counts: whole numbers, not all 0. Returns (bits a symbol at least, a length for each)."""
    ### BEGIN SOLUTION
    total = sum(counts)
    entropy = sum(n / total * math.log2(total / n) for n in counts if n > 0)
    groups = [(n, [symbol]) for symbol, n in enumerate(counts) if n > 0]
    lengths = [int(len(groups) == 1 and n > 0) for n in counts]  # a lone symbol is never joined
    while len(groups) > 1:
        groups.sort()
        (n, symbols), (m, others) = groups[:2]
        for symbol in symbols + others:
            lengths[symbol] += 1
        groups[:2] = [(n + m, symbols + others)]
    return entropy, lengths
    ### END SOLUTION


huffman = ex.huffman.check(huffman)

# %% [markdown]
# Ask your function about the codes of the first layer:

# %%
first = codes["fc1.weight"]
counts = first[first > 0].bincount()[1:].tolist()
entropy, lengths = huffman(counts)
mean_length = sum(n * bits for n, bits in zip(counts, lengths)) / sum(counts)
print(f"entropy: ≈ {entropy:.2f} bits a code; Huffman: ≈ {mean_length:.2f} bits a code")

# %%
claim("7.c", "Huffman's code needs at most 0.2 bits more than the entropy, and both less than 3 bits",
      entropy <= mean_length <= entropy + 0.2 and mean_length < 3)  # fmt: skip

# %% [markdown]
# A code says *what* a weight is. *Where* it is costs more. Han and others store the **gap**: how many
# zeros stand before each weight that is left.
#
# > ### Exercise 7.4 · Gaps with an escape
# > difficulty ★★☆ · importance ★★☆ · 8 minutes
# >
# > Write `to_gaps(codes, bits)` for a list of codes, 0 for a pruned weight. Return
# > `(gaps, entries, size)`. Two lists of one length: how many zeros stand before each code, and the
# > code itself. A gap has `bits` bits, so it is at most 2^bits − 1. Where more zeros follow each other,
# > put in a padding: the gap 2^bits − 1 with the entry 0, which is one of the zeros itself. Zeros at the
# > end cost nothing. `size` is in bytes: `bits` bits for each gap, ⌈log₂ n⌉ bits for each of the entries,
# > of which n are different, and a codebook of float32, one for each code above 0 that occurs, rounded
# > up in the end.


# %%
def to_gaps(codes, bits):
    """codes: whole numbers, 0 for pruned. Returns (gaps, entries, size), size in bytes."""
    ### BEGIN SOLUTION
    longest = 2**bits - 1
    gaps, entries, zeros = [], [], 0
    for code in codes:
        if code == 0:
            zeros += 1
            continue
        while zeros > longest:
            gaps.append(longest)
            entries.append(0)
            zeros -= longest + 1
        gaps.append(zeros)
        entries.append(code)
        zeros = 0
    different = set(entries)
    code_bits = (len(different) - 1).bit_length()  # ⌈log₂ n⌉
    codebook = 4 * 8 * len(different - {0})
    size = math.ceil((codebook + len(entries) * (bits + code_bits)) / 8)
    return gaps, entries, size
    ### END SOLUTION


to_gaps = ex.to_gaps.check(to_gaps)

# %% [markdown]
# Han and others take gaps of five bits in linear layers. Your gaps of the first layer are those of
# `coding.gaps`, and `coding.deep_compression_bytes` counts as the paper does: codes of one length with
# gaps, then both with Huffman. Behind it, what the course's own file takes: where the weights are, which
# codes they have, and the codebook.

# %%
from course_utils import coding

found = coding.gaps(first, 5)
*mine, size = to_gaps(first.flatten().tolist(), 5)
print("the gaps of coding.gaps:", mine == [found.gaps.tolist(), found.entries.tolist()])
print("as the paper counts bytes:", size == coding.deep_compression_bytes(first, 5).fixed)
layers = {name: each for name, each in codes.items() if name.endswith("weight")}
counted = {name: coding.deep_compression_bytes(each) for name, each in layers.items()}
in_file = coding.parts(shared)
by_layer = pd.DataFrame(
    {name: [(layers[name] > 0).sum().item(), *counted[name], *in_file[name]] for name in layers},
    ["weights left", "one length", "Huffman", "file: places", "file: codes", "file: codebook"],
).T
by_layer.loc["all"] = by_layer.sum()
tables.approximate(
    by_layer, {name: "{:6,.0f} B" if name != "weights left" else "{:6,.0f}" for name in by_layer}
)

# %% [markdown]
# Read the last row. The places take more than the codes. And the file is smaller than Huffman's: it spends
# parts of a bit (a **range coder**, 区间编码), and it guesses places and codes from what came before, such as
# a weight that is left where the rows above had one. So it can need less than the entropy of codes taken one
# by one.
#
# Now write it. The format stands in twenty lines at the top of `coding.py`. A file is only worth something
# if the net comes out again, bit for bit; `decoder` reads it with NumPy alone. And what if a bit of it is
# damaged?

# %%
from course_utils import decoder

file = coding.encode(shared)
decoded = models.LeNet300()
decoded.load_state_dict(coding.decode(file))
was, arrays = shared.state_dict(), decoder.decode(file)
same = all(each.equal(was[name]) and np.array_equal(arrays[name], each)
           for name, each in decoded.state_dict().items())  # fmt: skip
damaged = bytearray(file)
damaged[len(file) // 2] ^= 1  # one bit
try:
    coding.decode(damaged)
except ValueError as error:
    print(error)
print(f"the file: ≈ {len(file) / 1e3:.1f} kB")

# %%
claim(
    "7.d", "the net that is decoded has the weights of the net that was encoded, all of them", same
)

# %% [markdown]
# So how many times smaller is it? That depends on what you count.

# %%
kept = sum(int((each > 0).sum()) for each in layers.values())
weights = sum(each.numel() for each in layers.values())
ratios = {
    "1 / density: weights left": weights / kept,
    "as the paper counts: codes, gaps, codebook": 4 * weights / by_layer.loc["all", "Huffman"],
    "the file: all that it takes to have the net again": ORIGINAL / len(file),
}
tables.approximate(pd.DataFrame({"ratio": ratios}), {"ratio": "{:5.1f} ×"})

# %%
claim("7.e", "three honest ratios of one net: 20, 66 to 88 and 73 to 97 times",
      [abs(ratios["1 / density: weights left"] - 20) < 0.1,
       within(ratios["as the paper counts: codes, gaps, codebook"], 66, 88),
       within(ratios["the file: all that it takes to have the net again"], 73, 97)])  # fmt: skip

# %% [markdown]
# All three stand in papers, under one name. 1/density leaves out where the weights are, the second leaves
# out biases, names, shapes and Huffman's table. Only the third is a file. Ask of every ratio what it
# counts.
#
# Look at all steps in one picture:

# %%
stages = {
    "dense, float32": ORIGINAL,
    "gzip": sizes.loc["dense, float32", "gzip"],
    "95 % zeros, gzip": sizes.loc["95 % zeros, float32", "gzip"],
    "… in int8, gzip": sizes.loc["95 % zeros, int8", "gzip"],
    "8 values a layer, codes of one length": by_layer.loc["all", "one length"],
    "… with Huffman": by_layer.loc["all", "Huffman"],
    "the course's file": len(file),
}

# %%
plotting.show(
    plotting.size_steps(stages, "Zeros and one byte a weight make the largest steps"),
    alt="The size of one net in seven forms on a logarithmic axis, from the dense float32 file down to the "
    "course's file; the zeros with gzip and one byte a weight make the largest steps.",
)

# %% [markdown]
# **Explore it**: sparsity, bits and codebook, against the bytes of each layer and the digits that flip. The
# net is the dense one, pruned without any training. How small can you get before it breaks?

# %%
from course_utils import explore

explore.show(explore.compression_explorer(dense, digits))

# %% [markdown]
# ## 7.4 Integers
#
# A small file is one thing, a net that *computes* with small numbers another. In **int8** a weight is a
# whole number q from −127 to 127, and stands for **scale** (缩放因子) · q. From here on the net is a
# ConvNet: half of its filters removed, as in lesson 03, four epochs of repair, and BatchNorm up to date.

# %%
from course_utils import surgery
from course_utils.experiments.convs import largest_filters, sample_of

training.seed_everything(SEEDS[0])
wide = models.ConvNet()  # 16, 32 and 64 filters
training.train(wide, digits, epochs=2, seed=SEEDS[0])
keep = largest_filters(wide, 0.5)
masked = surgery.mask_filters(copy.deepcopy(wide), keep).eval()
small = surgery.remove_filters(wide, keep).eval()
half = copy.deepcopy(small)
training.train(half, digits, epochs=4, lr=0.02, seed=100 + SEEDS[0])
training.recalibrate(half, sample_of(digits))
half.eval()
print(f"half of the filters ≈ {accuracy_of(half):.1f} %")

# %% [markdown]
# > ### Exercise 7.5 · A symmetric scale and its error bound
# > difficulty ★★☆ · importance ★★★ · 6 minutes
# >
# > Write `symmetric_grid(weight, bits)` for a weight (out, …): a scale for each output channel (each
# > slice along dim 0), such that its largest |w| becomes the integer 2^(bits−1) − 1, and 0 stays 0.
# > Return `(q, scale, bound)`: the integers round(w / scale) as int8 in the shape of `weight`, the
# > scales (out,), and a bound (out,): how far q · scale can be off w at most, whatever w in the range is.
# > A channel of zeros gets scale 1, and the bound that belongs to it.


# %%
def symmetric_grid(weight, bits):
    """weight: (out, …), bits: 2 to 8. Returns (q, scale, bound), scale and bound (out,)."""
    ### BEGIN SOLUTION
    largest = weight.abs().flatten(1).amax(1)  # (out, …) -> (out,)
    scale = largest / (2 ** (bits - 1) - 1)
    scale[largest == 0] = 1.0
    along = scale.view(-1, *[1] * (weight.dim() - 1))  # (out,) -> (out, 1, …)
    q = (weight / along).round().to(torch.int8)
    return q, scale, scale / 2
    ### END SOLUTION


symmetric_grid = ex.symmetric_grid.check(symmetric_grid)

# %% [markdown]
# Your integers are those of `quantise`, none is further off than half a step, and a pruned weight is an
# exact 0 again:

# %%
weight = half.blocks[1][0].weight.detach()
q, scale, bound = symmetric_grid(weight, 8)
grid = quantise.symmetric(weight, 0)
print("the integers of quantise:", q.equal(quantise.quantise(weight, grid)))
off = (weight - quantise.dequantise(q, grid)).abs().flatten(1).amax(1)
print("none off by more than the bound:", bool((off <= bound * 1.001).all()))
q_sparse, _, _ = symmetric_grid(sparse.fc1.weight.detach(), 8)
gone = sparse.fc1.weight == 0

# %%
claim(
    "7.f",
    "every pruned weight is the integer 0, so int8 keeps all zeros",
    bool((q_sparse[gone] == 0).all()),
)

# %% [markdown]
# Activations (激活值) behind a ReLU are never negative, and pixels neither, so half of a symmetric range
# would be wasted. They get 0 to 255, a scale, and a **zero point** (零点): which integer is 0.
#
# > ### Exercise 7.6 · A range that holds 0
# > difficulty ★★☆ · importance ★★★ · 5 minutes
# >
# > An integer q from 0 to 255 stands for scale · (q − zero_point). Write
# > `uint8_grid(smallest, largest)` for activations from `smallest` to `largest`: return
# > `(scale, zero_point)`. 0 must be one of the numbers, exactly, since pruned weights, ReLU and padding
# > give it: widen the range to hold 0 first. The ends of the range become 0 and 255, up to rounding, since
# > `zero_point` is whole. If the range is 0 alone, return (1.0, 0).


# %%
def uint8_grid(smallest, largest):
    """smallest <= largest. Returns (scale, zero_point): q stands for scale · (q − zero_point)."""
    ### BEGIN SOLUTION
    smallest, largest = min(smallest, 0.0), max(largest, 0.0)
    if smallest == largest:
        return 1.0, 0
    scale = (largest - smallest) / 255
    return scale, round(-smallest / scale)
    ### END SOLUTION


uint8_grid = ex.uint8_grid.check(uint8_grid)

# %% [markdown]
# A layer in int8 then adds up whole numbers, exactly, and multiplies by both scales once a sum. (A net
# that turns its integers back into float32 and multiplies those is not int8: it has the errors and none
# of the speed.) Take the last layer on what reaches it: how far off are its scores?

# %%
from course_utils import layers as course_layers

last = half.classifier
x = course_layers.calls_of(half, digits.test[0], {"last": last})["last"][0].input
x_grid = quantise.range_grid(0.0, float(x.max()))
scale, zero_point = uint8_grid(0.0, float(x.max()))
w_grid = quantise.symmetric(last.weight, 0)
q_x, q_w = quantise.quantise(x, x_grid), quantise.quantise(last.weight, w_grid)
sums = quantise.integer_linear(q_x, q_w, x_grid, w_grid, last.bias)
scores = quantise.rescale(sums, x_grid, w_grid)
exact = last(x).detach()
print("your grid:", math.isclose(scale, float(x_grid.scale), rel_tol=1e-5), zero_point == 0)
print(f"sums are {sums.dtype}; scores from ≈ {exact.min():.0f} to ≈ {exact.max():.0f}, "
      f"off by at most ≈ {(scores - exact).abs().max():.2f}")  # fmt: skip

# %% [markdown]
# With one scale for a whole layer (per tensor) or one a filter (per channel, as in your function), and
# with fewer bits: where does it begin to hurt?
#
# A file has five such ConvNets (`make sweep` makes it). Their activations are integers of eight bits, too, and
# all sums are exact. Accuracy against the same nets in float32, seed by seed:

# %%
from course_utils import experiments, intervals

table = experiments.load("int8_conv")


def stored(kept, way, bits, column="accuracy"):
    """A column of the stored nets, in per cent, one number a seed."""
    rows = table[(table["kept"] == kept) & (table["way"] == way) & (table["bits"] == bits)]
    return 100 * rows.sort_values("seed")[column].to_numpy()


float32 = stored(0.5, "fp32", 32)
costs = {(way, bits): intervals.paired_difference(stored(0.5, way, bits), float32)
         for bits in (8, 6, 4, 3) for way in ("per tensor", "per channel")}  # fmt: skip
for (way, bits), difference in costs.items():
    print(f"{bits} bits, {way:11s} − float32: {difference} points")

# %% [markdown]
# And the net that you have, with its activations as they are (BatchNorm is folded, as section 7.5 explains):

# %%
folded = quantise.fold_batchnorm(half)
BITS = (8, 6, 5, 4, 3, 2)


def rounded(net, bits, axis):
    """The net with each weight on the grid of so many bits."""
    net = copy.deepcopy(net)
    for layer in pruning.prunable(net).values():
        grid = quantise.symmetric(layer.weight, axis, bits=bits)
        layer.weight.data = quantise.dequantise(quantise.quantise(layer.weight, grid), grid)
    return net


by_bits = {name: [accuracy_of(rounded(folded, bits, axis)) for bits in BITS]
           for name, axis in (("per tensor", None), ("per channel", 0))}  # fmt: skip

# %% [markdown]
# Six numbers of bits, with one scale a layer and with one a filter:

# %%
live = [by_bits["per channel"][BITS.index(bits)] - accuracy_of(half) for bits in (8, 6, 5)]

# %%
plotting.show(
    plotting.accuracy_curves(
        {name: np.array(values) / 100 for name, values in by_bits.items()}, BITS,
        "Eight bits are plenty; with few, a scale for each filter helps",
        dense=accuracy_of(half) / 100, across="float32", xlabel="bits a weight", ticks=[f"{b}" for b in BITS],
    ),
    alt="Test accuracy against the bits a weight, per tensor and per channel: level down to four bits, "
    "then falling, per tensor first or deeper.",
)  # fmt: skip
claim("7.g", "eight and six bits cost 0.3 points at most; with four and three, a scale for each filter loses less than one "
      "a layer; the live net is level down to five bits and within 3 points of the file",
      max(abs(costs[way, bits].mean) for way in ("per tensor", "per channel") for bits in (8, 6)) < 0.3
      and all(costs["per tensor", bits].mean < costs["per channel", bits].mean for bits in (4, 3))
      and max(map(abs, live)) < 1.5 and abs(accuracy_of(half) - float32.mean()) < 3)  # fmt: skip

# %% [markdown]
# Which layer hurts? And in which order: prune first or quantise first? Take four bits a weight, where
# something is to be seen.
#
# Each layer alone in whole numbers, and all but it. Accuracy in points against float32, mean over the
# nets; "flips" are digits that get another answer than before.

# %%
NAMES = dict(zip(("blocks.0.0", "blocks.1.0", "blocks.2.0", "classifier"),
                 ("first conv", "second conv", "third conv", "linear")))  # fmt: skip
scan = pd.DataFrame(
    {
        f"{how}: {what}": [
            (stored(0.5, f"{how} {layer}", 4, what) - (float32 if what == "accuracy" else 0)).mean()
            for layer in NAMES
        ]
        for how in ("only", "all but")
        for what in ("accuracy", "flips")
    },
    pd.Index(NAMES.values(), name="four bits, per tensor"),
)
all_four = {
    "accuracy": costs["per tensor", 4].mean,
    "flips": stored(0.5, "per tensor", 4, "flips").mean(),
}
scan.loc["all layers"] = [all_four[column.split(": ")[1]] for column in scan]
tables.approximate(
    scan, {name: "{:5.2f} points" if "acc" in name else "{:5.2f} %" for name in scan}
)

# %% [markdown]
# No layer stands out in flips: each alone flips about one digit in a hundred. Compare with the row at the
# bottom, where all are in whole numbers: to leave one layer in float32 takes back a part of the loss, and no
# more. A scan like this is the way to find a layer that does hurt.
#
# And the order? All nets below have 80 % of their weights pruned by size. What differs is when: before the
# last four epochs, after them, or once the weights are whole numbers. Against the first in float32:

# %%
orders = {
    (way, bits): intervals.paired_difference(
        stored(0.5, way, bits), stored(0.5, "prune, train, quantise", 32)
    )
    for bits in (8, 4)
    for way in ("prune, train, quantise", "train, prune, quantise", "train, quantise, prune")
}
orders["train, prune", 32] = intervals.paired_difference(
    stored(0.5, "train, prune, quantise", 32), stored(0.5, "prune, train, quantise", 32)
)
for (way, bits), difference in orders.items():
    print(f"{bits} bits, {way:23s} {difference} points")
healed, late, last = (
    orders[way, 8].mean
    for way in ("prune, train, quantise", "train, prune, quantise", "train, quantise, prune")
)

# %%
claim("7.n", "eight bits, 80 % pruned: pruned before the last epochs, then quantised, it costs 0.5 points at most; "
      "pruned after them 10 at least, before or after quantising",
      abs(healed) < 0.5 and late < -10 and last < -10)  # fmt: skip

# %% [markdown]
# Prune, train, quantise. The other two cannot be told apart by five nets, and the last row says why: what
# they lose is lost before a weight is rounded, since nobody repaired the cut.
#
# ## 7.5 Out of PyTorch
#
# A net that is only used needs no BatchNorm: in eval mode it is a line, γ(x − μ)/√(σ² + ε) + β, with the
# running mean μ and variance σ² of a channel. A line after a line is a line: **fold** (折叠) it into the
# conv before it.
#
# > ### Exercise 7.7 · Fold BatchNorm away
# > difficulty ★★☆ · importance ★★★ · 6 minutes
# >
# > In eval mode BatchNorm computes γ (x − μ) / √(σ² + ε) + β for each channel. Write
# > `fold_batchnorm(weight, bias, gamma, beta, mean, variance, eps)`: return `(weight, bias)` of the one
# > layer that answers as both together. `weight` is (out, in, …) of a linear or conv layer, `bias`
# > (out,) or None if the layer has none; gamma, beta, mean (μ) and variance (σ²) are (out,).


# %%
def fold_batchnorm(weight, bias, gamma, beta, mean, variance, eps):
    """weight: (out, in, …), the others (out,), bias may be None. Returns (weight, bias)."""
    ### BEGIN SOLUTION
    factor = gamma / (variance + eps).sqrt()
    if bias is None:
        bias = torch.zeros_like(mean)
    along = factor.view(-1, *[1] * (weight.dim() - 1))  # (out,) -> (out, 1, …)
    return weight * along, (bias - mean) * factor + beta
    ### END SOLUTION


fold_batchnorm = ex.fold_batchnorm.check(fold_batchnorm)

# %% [markdown]
# Yours against the library's, on the third block:

# %%
conv, norm = half.blocks[2][:2]
mine = fold_batchnorm(conv.weight, conv.bias, norm.weight, norm.bias, norm.running_mean,
                      norm.running_var, norm.eps)  # fmt: skip
theirs = folded.blocks[2][0]
print("the weight and bias of quantise.fold_batchnorm:",
      all(a.allclose(b, atol=1e-5) for a, b in zip(mine, (theirs.weight, theirs.bias))))  # fmt: skip

# %% [markdown]
# **ONNX** is a file format for nets, **ONNX Runtime** a program that runs them without PyTorch. PyTorch's
# exporter has its traps (section 7.8); `deploy.export_onnx` closes them and compares the answers before it
# writes. `deploy.quantise_static` makes int8 of a file: it looks at 500 training digits for the ranges of
# the activations (**calibration**, 校准).

# %%
from course_utils import deploy

build = desk.build()
example, calibration = digits.train[0][:4], digits.train[0][:500]
deploy.export_onnx(wide, example, build / "wide.onnx")
float_file = deploy.export_onnx(half, example, build / "half.onnx")
int8_file = deploy.quantise_static(float_file, build / "int8.onnx", calibration)
safe_file = deploy.quantise_static(float_file, build / "safe.onnx", calibration, reduce_range=True)

# %% [markdown]
# At every joint the net has become another object. Does it still answer the same? Compare the scores of
# all 1,000 test digits.

# %%
images, labels = digits.test
joints = {
    "masked → small": deploy.parity(masked, small, images, 1e-4, "float32 adds up in another order"),
    "BatchNorm → folded": deploy.parity(half, folded, images, 1e-4, "float32 adds up in another order"),
    "folded → ONNX": deploy.parity(folded, deploy.session(float_file), images, 1e-4, "other kernels"),
    "ONNX → int8": deploy.parity(deploy.session(float_file), deploy.session(int8_file, precise=True),
                                 images, 3, "each layer rounds"),
    "shared → file → decoded": deploy.parity(shared, decoded, images, 0, "the same numbers"),
}  # fmt: skip
pd.DataFrame(
    {
        "apart by": [f"≈ {j.difference:.0e}" if j.tolerance else "0" for j in joints.values()],
        "tolerance": [f"{j.tolerance:g}" for j in joints.values()],
        "flips of 1,000": [f"≈ {j.flips:2d}" for j in joints.values()],
        "why so much": [j.reason for j in joints.values()],
    },
    index=pd.Index(joints, name="joint"),
)

# %%
claim("7.h", "at every joint the answers stay within the tolerance; up to ONNX no digit flips",
      all(joint.holds for joint in joints.values())
      and all(joint.flips == 0 for name, joint in joints.items() if "int8" not in name))  # fmt: skip

# %% [markdown]
# Three joints are equalities up to rounding, the file is one exactly. int8 is none: it is a net nearby. So
# its accuracy has to be measured again.
#
# And it was asked here for sums that are exact (`precise=True`). Why ask? Old x86 processors multiply
# uint8 with int8 and add two products in 16 bits. What does not fit stays at the largest number.

# %%
pixels, weights_ = (
    torch.tensor([[255, 255]], dtype=torch.uint8),
    torch.tensor([[127, 127]], dtype=torch.int8),
)
grids = quantise.range_grid(0.0, 255.0), quantise.symmetric(torch.tensor([[127.0, 127.0]]))
print("exact:     ", int(quantise.integer_linear(pixels, weights_, *grids)))
print("saturating:", int(quantise.saturating_linear(pixels, weights_, *grids)))

# %% [markdown]
# Two such neighbours need weights near the largest and pixels that are white: the first conv has both.
# Let it saturate, one pair after the other, and put its answers through the rest of the net in float32:

# %%
conv = folded.blocks[0][0]
windows = torch.nn.functional.unfold(images, 3, padding=1).movedim(1, 2).reshape(-1, 9)


def first_conv(sums, bits):
    """The sums of all windows (n · 784, filters) in whole numbers, and the scores that follow."""
    flat = conv.weight.detach().flatten(1)
    x_grid, w_grid = quantise.range_grid(0.0, 1.0), quantise.symmetric(flat, bits=bits)
    found = sums(
        quantise.quantise(windows, x_grid), quantise.quantise(flat, w_grid), x_grid, w_grid
    )
    x = quantise.rescale(found, x_grid, w_grid) + conv.bias.detach()
    x = x.unflatten(0, (-1, 784)).movedim(1, 2).unflatten(2, (28, 28))
    return found, folded.classifier(folded.blocks[1:](folded.blocks[0][1:](x)).flatten(1)).detach()


exact, by_exact = first_conv(quantise.integer_linear, 8)
cut_off, by_cut_off = first_conv(quantise.saturating_linear, 8)
seven, _ = first_conv(quantise.integer_linear, 7)
seven_cut_off, _ = first_conv(quantise.saturating_linear, 7)
share = 100 * (exact != cut_off).double().mean().item()

# %% [markdown]
# The last three rows are ONNX Runtime: as your processor adds up, with exact sums, and with weights of 7
# bits (`reduce_range`), of which no two products can leave 16 bits.

# %%
float_scores = deploy.answers(half, images)
answered = {
    "float32": float_scores,
    "first conv in int8, exact": by_exact,
    "first conv in int8, saturating": by_cut_off,
    "int8, as this processor adds up": deploy.answers(deploy.session(int8_file), images),
    "int8, exact": deploy.answers(deploy.session(int8_file, precise=True), images),
    "7 bits, as this processor adds up": deploy.answers(deploy.session(safe_file), images),
}
readings = pd.DataFrame(
    {
        "test accuracy": {
            name: 100 * (scores.argmax(1) == labels).double().mean().item()
            for name, scores in answered.items()
        },
        "flips of 1,000": {
            name: int((scores.argmax(1) != float_scores.argmax(1)).sum())
            for name, scores in answered.items()
        },
    }
)

# %% [markdown]
# "Flips" are digits that get another answer than in float32.

# %%
off = (readings["test accuracy"] - readings.loc["float32", "test accuracy"]).abs()
print(f"sums of the first conv that are cut off: ≈ {share:.1f} %")
tables.approximate(readings, {"test accuracy": "{:5.1f} %", "flips of 1,000": "{:3.0f}"})

# %%
claim("7.i", "without VNNI some of the first conv's sums are cut off, with 7 bits none; exact int8 and 7 bits end "
      "within 1 point of float32",
      share > 0.1 and seven.equal(seven_cut_off)
      and max(off[["int8, exact", "7 bits, as this processor adds up"]]) <= 1)  # fmt: skip

# %% [markdown]
# Newer processors have **VNNI**, which adds up in 32 bits: there the fourth row should read as the fifth.
# Where sums are cut off, answers can change. So test an int8 net on the machine that will run it, or take 7
# bits: no sum can be cut off there, on any machine.
#
# Now the time. ONNX Runtime against PyTorch, one thread, the whole net in PyTorch as the measure.

# %%
guess = predict("7.2", "Times faster at batch 64: half of the filters, in int8?", None, unit="×")

# %% [markdown]
# Each runs in turns with the whole net in PyTorch.

# %%
from course_utils import measure


def running(file, x):
    """A function that runs the file on x."""
    run = deploy.session(file)
    feed = {run.get_inputs()[0].name: x.numpy()}
    return lambda: run.run(None, feed)


def asking(net, x):
    return lambda: net(x)


layers_file = deploy.quantise_static(
    float_file, build / "layers.onnx", calibration, format="qoperator", activations="int8"
)
dynamic_file = deploy.quantise_dynamic(float_file, build / "dynamic.onnx")

# %% [markdown]
# Two of the files are int8 in other formats: layers that take int8 where the usual ones take uint8, and
# *dynamic* int8, which looks up the range of each batch anew.

# %%
RUNS = {
    "half of the filters, PyTorch": lambda x: asking(half, x),
    "all filters, float32": lambda x: running(build / "wide.onnx", x),
    "half, float32": lambda x: running(float_file, x),
    "half, int8": lambda x: running(int8_file, x),
    "half, int8 from int8": lambda x: running(layers_file, x),
    "half, int8, dynamic": lambda x: running(dynamic_file, x),
}
one, batch = images[:1], images[:64]
threads = torch.get_num_threads()
torch.set_num_threads(1)
speed = {
    (name, len(x)): measure.latency_ratio(
        asking(wide, x), make(x), seconds=1.0 if name == "half, float32" else 0.3)
    for name, make in RUNS.items()
    for x in (one, batch)
}  # fmt: skip
torch.set_num_threads(threads)

# %% [markdown]
# How many times as fast as the whole net in PyTorch:

# %%
faster = pd.DataFrame(
    {f"batch {n}": [speed[name, n].median for name in RUNS] for n in (1, 64)},
    pd.Index(RUNS, name="runs as"),
)
guess.compare(faster.loc["half, int8", "batch 64"])
against_float = [
    measure.latency_ratio(running(int8_file, x), running(float_file, x)) for x in (one, batch)
]
against_int8 = [
    measure.latency_ratio(running(file, batch), running(int8_file, batch))
    for file in (layers_file, dynamic_file)
]
slower = [ratio.above(1) if deploy.processor().saturates else None for ratio in against_float]
tables.approximate(faster, dict.fromkeys(faster, "{:5.1f} ×"))

# %%
time_claim("7.j", "half of the filters in ONNX Runtime, float32, are at least 7 times as fast as all in PyTorch, "
           "at batch 1 and 64", *(speed["half, float32", n].above(7) for n in (1, 64)))  # fmt: skip
time_claim(
    "7.k", "on a processor without VNNI int8 is slower than float32, at batch 1 and 64", *slower
)
time_claim("7.l", "int8 from int8 and dynamic int8 take at least 1.5 times as long as the usual int8, at batch 64",
           *(ratio.above(1.5) for ratio in against_int8))  # fmt: skip

# %% [markdown]
# A large part of the gain is ONNX Runtime itself, which joins layers and does not go through Python: have it
# in the comparison, or pruning gets the credit. Half of the filters adds its part.
#
# int8 saves no time by itself: inputs have to become whole numbers, and sums have to come back. How much of
# the time that takes, this lesson does not measure. On a processor without VNNI the usual int8 is slower than
# float32 here, and the last two formats are slower still. All three are called int8.
#
# What int8 does give on every machine is the size. Time it where it will run.
#
# And what does it cost? Half of the filters and eight bits, against the whole net with as many epochs,
# in the five nets of the file:

# %%
whole = stored(1.0, "fp32", 32)
halved, and_int8 = (intervals.paired_difference(each, whole)
                    for each in (float32, stored(0.5, "per tensor", 8)))  # fmt: skip
print(f"half of the filters − all: {halved} points")
print(f"… and in int8 − all:       {and_int8} points")
sizes_kb = {
    path.name: path.stat().st_size / 1e3 for path in (build / "wide.onnx", float_file, int8_file)
}
sizes_kb["int8, short names"] = deploy.shorten_names(int8_file).stat().st_size / 1e3
for name, size in sizes_kb.items():
    print(f"{name:17s} ≈ {size:5.1f} kB")
gained = sizes_kb["wide.onnx"] / sizes_kb["int8, short names"]

# %%
claim("7.r", "half of the filters in int8 end within 0.5 points of the whole net, in a file 8 to 13 times smaller",
      [abs(and_int8.mean) < 0.5, within(gained, 8, 13)])  # fmt: skip

# %% [markdown]
# A good part of a small int8 file is *names* of tensors and layers, which nobody needs to run it.
#
# ## 7.6 How small can it get?
#
# Deep Compression, by Han, Mao and Dally (2016), joined all of it: pruning, shared weights, Huffman. Its
# table for LeNet-300-100 is still quoted: 40 times smaller. Read it before you quote it.
#
# > ### Exercise 7.8 · The impossible cells
# > difficulty ★★☆ · importance ★★☆ · 6 minutes
# >
# > Find the fault. A paper gives for each layer how many weights it keeps, the bits of a code of fixed
# > length, and the bits of a Huffman code on average; in the last row the same averages over all kept
# > weights of the net. All averages are rounded to one digit. Some cells cannot be true if the others
# > are, whatever the weights were. Write `impossible_cells(layers, total)`. `layers`: name → {"kept": …, "bits": …,
# > "huffman": …}; `total`: {"bits": …, "huffman": …}. Return the list of impossible cells as pairs
# > (row, column), from the top, such as [("fc1", "huffman"), ("total", "bits")]. Two rules find them:
# > what Huffman's code never does in one layer, and what the last row must be. How far off may rounding
# > make it?


# %%
def impossible_cells(layers, total):
    """layers: name → kept, bits, huffman; total: bits, huffman. Returns pairs (row, column)."""
    ### BEGIN SOLUTION
    found = [(name, "huffman") for name, row in layers.items() if row["huffman"] > row["bits"]]
    kept = sum(row["kept"] for row in layers.values())
    for column in ("bits", "huffman"):
        mean = sum(row["kept"] * row[column] for row in layers.values()) / kept
        if abs(mean - total[column]) > 0.1:  # each cell is off by 0.05 at most, and so is the total
            found.append(("total", column))
    return found
    ### END SOLUTION


impossible_cells = ex.impossible_cells.check(impossible_cells)

# %% [markdown]
# The paper's two tables, LeNet-300-100 and LeNet-5 (weights in thousands, as printed). Which of the
# eleven cells that your function judges cannot be true, if the others are?

# %%
COLUMNS = ("kept", "bits", "huffman")
PAPER = {
    "LeNet-300-100": ({"ip1": (235 * 0.08, 6, 4.4), "ip2": (30 * 0.09, 6, 4.4), "ip3": (1 * 0.26, 6, 4.3)},
                      {"bits": 6, "huffman": 5.1}),
    "LeNet-5": ({"conv1": (0.5 * 0.66, 8, 7.2), "conv2": (25 * 0.12, 8, 7.2), "ip1": (400 * 0.08, 5, 4.5),
                 "ip2": (5 * 0.19, 5, 5.2)}, {"bits": 5.3, "huffman": 4.1}),
}  # fmt: skip
faults = {}
for name, (rows, total) in PAPER.items():
    faults[name] = impossible_cells({r: dict(zip(COLUMNS, row)) for r, row in rows.items()}, total)
    print(name, faults[name])

# %%
claim("7.m", "three cells of the paper's tables contradict the others: both totals of Huffman's bits, and one layer's",
      faults == {"LeNet-300-100": [("total", "huffman")], "LeNet-5": [("ip2", "huffman"), ("total", "huffman")]})  # fmt: skip

# %% [markdown]
# And its sizes, in per cent of the dense layers, with codes of one length and with Huffman? Weigh the rows by
# their weights, and compare with the totals as printed.

# %%
SIZES = {
    "LeNet-300-100": ([(235, 3.1, 2.32), (30, 3.8, 3.04), (1, 15.7, 12.70)], (3.1, 2.49)),
    "LeNet-5": ([(0.5, 78.5, 67.45), (25, 6.0, 5.28), (400, 2.7, 2.45), (5, 6.9, 6.13)], (3.05, 2.55)),
}  # fmt: skip
for name, (rows, printed) in SIZES.items():
    count, *both = np.array(rows).T
    means = [f"{(count * size).sum() / count.sum():.2f} %" for size in both]
    print(f"{name:14s} from the rows {', '.join(means)}; printed {printed[0]} %, {printed[1]} %")

# %% [markdown]
# So a mean of 4.4, 4.4 and 4.3 is printed as 5.1, and a Huffman code is said to need more bits than a code of
# one length. The sizes do not all follow from their rows either. Add up a table before you quote it.
#
# Now go further than the paper. Four things it did not have: digits shifted by a pixel as more training
# data (augmentation, 数据增强), a dense net as teacher (distillation, 蒸馏), pruning every ten steps, and
# the range coder. A net takes about a minute, so `make sweep` has made them: five seeds, nine
# sparsities. The **dense twin** of each has had as many epochs on the same shifted digits, and is its
# teacher. Every setting was chosen on the validation part or confirmed by it.

# %%
guess = predict(
    "7.3", "Times smaller: the smallest file that loses at most 0.3 points?", None, unit="×"
)

# %% [markdown]
# A dot for each net; eight values a layer. The diamonds are what others have published.

# %%
packed = experiments.load("deep_compression")


def column(name):
    """A row for each seed, a column for each sparsity, of the nets with eight values a layer."""
    eight = packed[packed["clusters"] == 8]
    return eight.pivot(index="seed", columns="sparsity", values=name)


smaller, against_twin = ORIGINAL / column("bytes"), 100 * (column("accuracy") - column("dense"))
guess.compare(smaller.mean()[against_twin.mean() >= -0.3].max(), digits=0)
PUBLISHED = {"Han 2016": (40, 0.06), "Ullrich 2017": (64, -0.05), "Oktay 2020": (124, -0.3)}

# %%
plotting.show(
    plotting.compression_curve(
        smaller.to_numpy(), against_twin.to_numpy(), PUBLISHED,
        "No loss to be seen well past the published ratios",
    ),
    alt="Accuracy against the dense twin over how many times smaller the file is: level for a long way, then "
    "falling; three published records lie on the level part.",
)  # fmt: skip

# %% [markdown]
# As numbers: the mean of five seeds, its 95 % interval, and the worst of the five. In between, the ratio
# as the paper would count it.

# %%
intervals_ = [intervals.paired_difference(100 * column("accuracy")[s], 100 * column("dense")[s])
              for s in smaller]  # fmt: skip
curve = pd.DataFrame(
    {
        "file": [f"≈ {size / 1e3:4.1f} kB" for size in column("bytes").mean()],
        "times smaller": [f"≈ {ratio:3.0f} ×" for ratio in smaller.mean()],
        "paper's count": [f"≈ {4 * weights / n:3.0f} ×" for n in column("counted bytes").mean()],
        "points against the twin": [f"{each}" for each in intervals_],
        "worst": [f"≈ {worst:+4.1f}" for worst in against_twin.min()],
    },
    pd.Index([f"{100 * s:g} %" for s in smaller], name="zeros"),
)
print(f"the dense twins: ≈ {100 * column('dense')[0.98].mean():.1f} %")
curve

# %%
claim("7.t", "98 % zeros, five seeds: 178 to 192 times smaller, on average at most 0.3 points below the dense twin, and "
      "no seed by more than 0.8",
      [within(intervals.paired_difference(smaller[0.98], np.zeros(len(smaller))), 178, 192), against_twin[0.98].mean() >= -0.3,
       against_twin[0.98].min() >= -0.8])  # fmt: skip

# %% [markdown]
# Compare with care. The diamonds are from other data: 60,000 training digits, 10,000 test digits, and nets
# that err on fewer than two digits in a hundred. The first two ratios are counted without biases and without
# a file that one could decode; the third is a file. And 1,000 test digits tell no differences of a tenth of a
# point. What can be said is that no loss is to be seen up to 98 % zeros, and that it then goes fast. Which
# sparsity is the last that loses at most 0.3 points was read off the test digits, as a reader of the curve
# does; the settings of each net were not.
#
# Most of a record is where the zeros are. Does it take eight values? At 96 % zeros:

# %%
by_count = packed[packed["sparsity"] == 0.96].groupby("clusters")
few_values = pd.DataFrame(
    {
        "file": by_count["bytes"].mean() / 1e3,
        "against the twin": 100 * (by_count["accuracy"].mean() - by_count["dense"].mean()),
    }
).rename_axis("values a layer")
tables.approximate(few_values, {"file": "{:5.1f} kB", "against the twin": "{:+5.2f} points"})

# %% [markdown]
# Four values do as well as eight here, and two do not.
#
# ## 7.7 Ship it
#
# You have a net for a page (a file of some kilobytes) and one for a program (int8). Whoever gets them will
# compare sizes, so weigh fairly first.
#
# > ### Exercise 7.9 · Weigh a folder
# > difficulty ★★☆ · importance ★★★ · 5 minutes
# >
# > Design the fair comparison. Nets are to be compared by their bytes; each comes as a folder, and
# > somebody will try to look small. Write `weigh_folder(folder)`: the bytes that it takes to have the
# > net again. `folder`: path → {"bytes": size of the file, "notes": how many of these are notes and doc
# > strings, "needs": paths of the files that it reads when it is loaded}. Whoever moves numbers to
# > another place, into a second file, a note, a hidden file or a file's path (in UTF-8), must weigh as
# > much as before. Where a file needs one that is not in the folder, raise a `ValueError`.


# %%
def weigh_folder(folder):
    """folder: path → bytes, notes, needs. Returns the bytes of all files and of their paths."""
    ### BEGIN SOLUTION
    for path, file in folder.items():
        for needed in file["needs"]:
            if needed not in folder:
                raise ValueError(f"{path} needs {needed}, which is not in the folder.")
    return sum(file["bytes"] + len(path.encode()) for path, file in folder.items())
    ### END SOLUTION


weigh_folder = ex.weigh_folder.check(weigh_folder)

# %% [markdown]
# `deploy.weigh` does it for a real folder. Write one: the int8 net of 7 bits, of which no processor cuts off a
# sum, with a short program on numpy, onnxruntime and pillow; and a page with the net of section 7.3 inside,
# which a script of its own decodes.

# %%
from course_utils import ship

deploy.shorten_names(safe_file)
shipped = ship.write(build / "digits", safe_file, shared)
weight = deploy.weigh(shipped)
print("weighed as you do:", weight.total == weigh_folder(
    {path: {"bytes": size, "notes": weight.beside.get(path, 0), "needs": []} for path, size in weight.files.items()}))  # fmt: skip
for path, size in sorted(weight.files.items()):
    print(f"{path:12s} ≈ {size / 1e3:4.1f} kB")

# %% [markdown]
# Now be the stranger: a process that imports neither PyTorch nor this course gets a picture, and then
# something that is none.

# %%
import os

answered = []
for number in range(3):
    picture = ship.save_picture(images[number], build / f"{number}.png")
    answered.append(ship.ask(shipped, picture))
    print(f"a {int(labels[number])}: the program says {answered[-1].words}")
wrong = ship.ask(shipped, shipped / "classify.py")
print(wrong.words.replace(f"{shipped}{os.sep}", ""))
weighs = {path: size / 1e3 for path, size in weight.files.items()}

# %%
claim("7.o", "the program reads two digits of three at least and refuses what is no picture; the page is smaller than 40 kB, "
      "the int8 net a tenth of the whole net's file",
      sum(said.words[0] == str(int(label)) for said, label in zip(answered, labels)) >= 2
      and wrong.status == 1 and weighs["digits.html"] < 40
      and 10 * weighs["digits.onnx"] < (build / "wide.onnx").stat().st_size / 1e3)  # fmt: skip

# %% [markdown]
# That is the whole program at work, from a picture to a digit. The page is `digits.html` in the same folder
# (`build/digits` on your desk): open it in a browser, and draw. It asks no other computer. A browser test of
# the course compares its answers with PyTorch's on all 1,000 test digits.
#
# ## 7.8 People really ask
#
# **My checkpoint (检查点) of the pruned net is many times the size that others report. What went wrong?**
# Nothing yet. A checkpoint made while training holds what training needs: masks beside the weights, and the
# optimizer's memory of every weight.

# %%
import io


def saved(thing):
    buffer = io.BytesIO()
    torch.save(thing, buffer)
    return buffer.getbuffer().nbytes


net = pruning.prune_model(copy.deepcopy(dense), 0.95)
optimizer = torch.optim.Adam(net.parameters())
cross_entropy(net(images), labels).backward()
optimizer.step()
checkpoint = {
    "weights": saved(sparse.state_dict()),
    "… and masks": saved(net.state_dict()),
    "… and Adam's memory": saved([net.state_dict(), optimizer.state_dict()]),
    "the course's file, eight values": len(file),
}
tables.approximate(pd.DataFrame({"size": checkpoint}) / 1e3, {"size": "{:7,.1f} kB"})

# %%
claim("7.p", "a checkpoint with masks and Adam's memory has 3.9 to 4.1 times the bytes of the weights",
      3.9 < checkpoint["… and Adam's memory"] / checkpoint["weights"] < 4.1)  # fmt: skip

# %% [markdown]
# Take the masks off and leave the optimizer out, and it is as large as the dense net; then share, round and
# write as above. A checkpoint of quantisation-aware training (量化感知训练) is as large: it trains in float32.
#
# **I have quantised my net and now want to prune it. Can I?** Section 7.4 has tried: prune, train, and quantise
# last. A quantised net has no weights left that could be trained, and after a cut that is what it needs.
#
# **I pruned 90 %, and the ONNX file is as large as before. Or it has two kilobytes. Why?** Its size follows
# the shapes of the tensors, not what is in them. And a file that is far too small has its weights next door:
# PyTorch's exporter puts them into a second file unless told otherwise. Set 90 % of the whole net's file to
# zero, and save it both ways.

# %%
import onnx
from onnx import numpy_helper

proto = onnx.load(build / "wide.onnx")
for tensor in proto.graph.initializer:
    values = numpy_helper.to_array(tensor).copy()
    if values.ndim > 1:
        values[abs(values) < np.quantile(abs(values), 0.9)] = 0
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
onnx.save(proto, build / "zeros.onnx")
apart = build / "apart"
apart.mkdir(exist_ok=True)
beside = {"save_as_external_data": True, "location": "net.onnx.data", "size_threshold": 0}
onnx.save_model(proto, apart / "net.onnx", **beside)
names = [build / f"{name}.onnx" for name in ("wide", "zeros", "half")] + sorted(apart.iterdir())
for path in names:
    print(f"{path.name:14s} ≈ {path.stat().st_size / 1e3:5.1f} kB")

# %% [markdown]
# Only filters that are really removed make it smaller. A fair weighing counts both files of the last net. And
# if the second one is lost?

# %%
print(f"weighed: ≈ {deploy.weigh(apart).total / 1e3:.1f} kB")
(apart / "net.onnx.data").unlink()
try:
    deploy.weigh(apart)
except ValueError as error:
    print(error)

# %% [markdown]
# **Then at least the zeros make it faster?**

# %%
guess = predict("7.4", "Time of the file with 90 % zeros, without = 100 %?", None, unit="%")

# %% [markdown]
# The same net with and without zeros, in turns:

# %%
zeros = measure.latency_ratio(
    running(build / "zeros.onnx", batch), running(build / "wide.onnx", batch)
)
print(f"90 % zeros: {zeros}")
guess.compare(100 * zeros.median, digits=0)

# %%
time_claim("7.q", "a file with 90 % zeros takes 0.85 to 1.15 × the time of the file without, in ONNX Runtime",
           zeros.above(0.85), zeros.below(1.15))  # fmt: skip

# %% [markdown]
# No: ONNX Runtime multiplies by them. What can skip zeros is hardware with a pattern for it, two of every four
# (lesson 02), on a large matrix and a graphics card. On a processor PyTorch refuses:

# %%
try:
    torch.sparse.to_sparse_semi_structured(torch.rand(128, 128))
except RuntimeError as error:
    print("Only CUDA" in str(error), "→ RuntimeError")

# %% [markdown]
# ## 7.9 Further: smaller nets, and BatchNorm left apart
#
# This section is optional and not counted in the minutes.
#
# Fewer filters or fewer bits? And what if BatchNorm stays where it is, behind a conv of whole numbers? From
# the same file:

# %%
further = pd.DataFrame(
    [
        (name, *(f"≈ {stored(kept, way, bits).mean():4.1f} %" for bits in (8, 4)))
        for name, kept, way in (
            ("all filters", 1.0, "per tensor"),
            ("half", 0.5, "per tensor"),
            ("half, BatchNorm apart", 0.5, "BatchNorm apart"),
            ("a quarter", 0.25, "per tensor"),
        )
    ],
    columns=["filters", "8 bits", "4 bits"],
).set_index("filters")
further

# %% [markdown]
# Half of the filters at four bits and a quarter at eight read about alike. And for the accuracy it makes little
# difference at eight bits where BatchNorm is; but each one left is a pass over all numbers in float32, between
# two layers of whole numbers.
#
# ## What you measured
#
# Every claim of this lesson, as it came out on your machine.

# %%
from course_utils.lesson import what_you_measured

what_you_measured()

# %% [markdown]
# And how near your predictions were, in all lessons so far.

# %%
from course_utils.lesson import what_you_predicted

what_you_predicted()

# %% [markdown]
# **Remember**
#
# - A compression ratio is worth nothing without what it counts. Decode the file, and compare the net.
# - Most of a small file says *where* the weights are. Their values need little: a few a layer, or eight bits.
# - int8 is small everywhere. Without VNNI it is slower than float32, and it may answer otherwise.
#   Test the net where it will run.
#
# **Read on**: Han, Mao and Dally (2016), [Deep compression](https://arxiv.org/abs/1510.00149); Ullrich,
# Meeds and Welling (2017), [Soft weight-sharing](https://arxiv.org/abs/1702.04008); Oktay, Ballé, Singh and
# Shrivastava (2020), [Scalable model compression by entropy penalized
# reparameterization](https://arxiv.org/abs/1906.06624); Jacob and others (2018), [Quantization and training
# of neural networks for efficient integer-arithmetic-only inference](https://arxiv.org/abs/1712.05877).
#
# **Next**: lesson 08, the capstone: a net of your own under budgets.
