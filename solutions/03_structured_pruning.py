# %% [markdown]
# # 03 · Structured pruning
#
# Structured pruning (结构化剪枝) cuts whole rows, filters or channels. This lesson takes them out for
# real, so that what is left is an ordinary, smaller net.
#
# **You will be able to**
#
# - write a block mask, and say what it saves before anything is removed,
# - remove filters with everything that hangs on them, and prove that the small net is the same one,
# - silence a channel for good: the trap is in BatchNorm,
# - count FLOPs, and say why the net is not faster by the same factor,
# - prune a residual net, whose channels are tied.
#
# **Time**: 75 minutes.

# %%
import torch

from course_utils import data, masks, measure, models, plotting, pruning, training
from course_utils.lesson import claim, desk, predict, tables, time_claim

desk.check("03", edition="EDITION")
digits = data.load_mnist()
SEEDS = (0, 1, 2)

# %% [markdown]
# ## 3.1 A mask in blocks
#
# A conv layer of 10 filters (滤波器) over 3 input channels (通道) has a weight of shape 10×3×3×3.
# Lay each filter flat, and the weight is a matrix: one row for each filter, 27 weights long. Prune
# 40 % of it twice: the smallest weights wherever they are, and the rows of smallest norm (范数).

# %%
from torch import nn

training.seed_everything(SEEDS[0])
conv = nn.Conv2d(3, 10, 3)
plotting.show(
    plotting.mask_panels(
        {
            "single weights": masks.magnitude_mask(conv.weight, 0.4),
            "whole filters": masks.norm_mask(conv.weight, 0.4),
        },
        "Equal sparsity: scattered zeros, and four rows that are gone",
    ),
    alt="Two masks of 10 rows and 27 columns with 40 % zeros: on the left the zeros are scattered, "
    "on the right four whole rows are pruned.",
)

# %% [markdown]
# A **block mask** (块掩码) keeps or prunes a filter as a whole. Which ones go? Here those of smallest
# L2 norm √Σw², the size of the filter as one vector. Lesson 05 compares other norms.
#
# > ### Exercise 3.1 · A filter mask
# > difficulty ★★☆ · importance ★★★ · 6 minutes
# >
# > Write `filter_mask(weight, sparsity)`: prune the round(sparsity · filters) filters of smallest L2
# > norm, the first of equal ones first. Filters stand along dim 0. The mask is boolean and has the
# > weight's shape.


# %%
from course_utils.exercises import lesson03 as ex


def filter_mask(weight, sparsity):
    """weight: (filters, …). sparsity: 0 to 1, of the filters. Returns the mask, True = kept."""
    ### BEGIN SOLUTION
    norms = weight.flatten(1).norm(dim=1)
    count = round(sparsity * len(norms))
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[norms.argsort(stable=True)[:count]] = False
    return mask
    ### END SOLUTION


filter_mask = ex.filter_mask.check(filter_mask)

# %% [markdown]
# PyTorch's function is `prune.ln_structured` with n=2 and dim=0. The source asks for 25 % of a layer
# of 10 filters. How many will go?

# %%
guess = predict("3.1", "Filters that amount=0.25 removes from 10?", None, unit="filters")

# %% [markdown]
# Run the example of the source on the layer above.

# %%
from torch.nn.utils import prune

prune.ln_structured(conv, "weight", amount=0.25, n=2, dim=0)
rows_kept = conv.weight_mask.flatten(1).any(1)
whole = conv.weight_mask.flatten(1).all(1).equal(rows_kept)
gone = int((~rows_kept).sum())
same_mask = conv.weight_mask.bool().equal(filter_mask(conv.weight_orig, 0.25))

print(f"filters pruned: {gone} of 10; your mask is the same: {same_mask}")
guess.compare(gone, digits=0)
claim("S4", "ln_structured keeps or prunes every filter as a whole, and your mask is its mask",
      whole and same_mask, verdict="holds")  # fmt: skip
claim("S6", "amount=0.25 of 10 filters prunes 2 of them, 20 %", gone == 2,
      verdict="does not hold here: 2.5 filters are rounded to 2, a half to the even number")  # fmt: skip

# %% [markdown]
# An amount that is too small for a layer prunes nothing at all: 0.1 of 5 filters is round(0.5) = 0.
# Look at what a layer really lost before you report it.
#
# ## 3.2 What the mask alone saves
#
# From here on, the net is a ConvNet of three blocks with 32, 64 and 128 filters. Each block is a 3×3
# conv, BatchNorm (批归一化), ReLU and pooling. Mask half of the filters of every conv, make the zeros
# permanent, and measure. All numbers in it are random here, since shapes and times do not depend on
# them.

# %%
guess = predict("3.2", "Time with half of the filters masked, dense = 100 %?", None, unit="%")

# %% [markdown]
# Both nets run in turns on the same 64 digits. The printed interval is where the median ratio lies
# in 95 of 100 cases; the control is the dense net against itself.

# %%
import copy

from course_utils import scores, surgery

training.seed_everything(SEEDS[0])
dense = models.ConvNet(widths=(32, 64, 128)).eval()
for block in dense.blocks:  # a new BatchNorm holds the same numbers for each channel
    norm = block[1]
    for vector in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
        nn.init.uniform_(vector, 0.5, 1.5)
keep = {
    name: masks.mask_from_scores(scores.group_norm(layer.weight, n=2, dim=0), 0.5)
    for name, layer in surgery.filter_layers(dense).items()
}
masked = surgery.mask_filters(copy.deepcopy(dense), keep)
zeroed = pruning.make_permanent(pruning.plain_copy(masked))

batch, single = digits.test[0][:64], digits.test[0][:1]
time = measure.latency_ratio(lambda: zeroed(batch), lambda: dense(batch), seconds=4)
print(f"FLOPs:  {measure.flops(zeroed, batch):,} of {measure.flops(dense, batch):,}")
print(f"time:   {time}")
guess.compare(100 * time.median, digits=0)
claim("3.a", "half of the filters masked: the FLOPs stay as they were",
      measure.flops(zeroed, batch) == measure.flops(dense, batch))  # fmt: skip
time_claim("3.r", "half of the filters masked: the time stays as it was, within a tenth",
           time.above(0.9), time.below(1.1))  # fmt: skip

# %% [markdown]
# `surgery.filter_layers` lists the layers whose filters can go: all but the last one, whose rows are
# the ten answers. `keep` holds one boolean vector for each: True = the filter stays.
#
# ## 3.3 Take them out
#
# Zeros in blocks have one great advantage: the block can go. What hangs on one filter of a conv?
# Its channel; the four numbers that BatchNorm holds for that channel (scale γ, shift β, running mean
# and variance); and the slice of *every* filter of the next conv that reads the channel.
#
# > ### Exercise 3.2 · Remove filters and what hangs on them
# > difficulty ★★☆ · importance ★★★ · 8 minutes
# >
# > Write `cut_filters(conv, batchnorm, following, keep)`: `conv` is a weight (out, in, k, k),
# > `batchnorm` a dictionary of four vectors (out,), `following` the next conv's weight
# > (out2, out, k, k), `keep` a boolean vector (out,). Return the three, smaller, in this order.


# %%
def cut_filters(conv, batchnorm, following, keep):
    """Returns (conv, batchnorm, following) without the channels that keep marks False."""
    ### BEGIN SOLUTION
    smaller = {name: vector[keep] for name, vector in batchnorm.items()}
    return conv[keep], smaller, following[:, keep]
    ### END SOLUTION


cut_filters = ex.cut_filters.check(cut_filters)

# %% [markdown]
# Behind the last conv there is no other conv but a linear layer. `flatten` has laid out the channels
# one after the other, 3×3 positions each, so a channel owns nine columns of the linear weight.
#
# > ### Exercise 3.3 · The columns of a flattened channel
# > difficulty ★★☆ · importance ★★☆ · 6 minutes
# >
# > Write `cut_columns(weight, keep)`: `weight` (outputs, channels · positions) of the linear layer
# > behind `flatten`, `keep` (channels,). Return the weight without the columns of the channels that
# > are gone.


# %%
def cut_columns(weight, keep):
    """weight: (outputs, channels · positions), keep: (channels,). Returns the narrower weight."""
    ### BEGIN SOLUTION
    positions = weight.shape[1] // len(keep)
    return weight[:, keep.repeat_interleave(positions)]
    ### END SOLUTION


cut_columns = ex.cut_columns.check(cut_columns)

# %% [markdown]
# `surgery.remove_filters` does this along a whole net. It finds out by itself which BatchNorm and
# which next layer belong to a conv, by tracing the net with `torch.fx`. Go along the net with your two
# functions, too, and compare every number that the two small nets hold.


# %%
def cut_by_hand(net, keep):
    """All that the small net holds, by name, made with your two functions."""
    held = net.state_dict()
    for number, kept in enumerate(keep.values()):
        conv, following = f"blocks.{number}.0.weight", f"blocks.{number + 1}.0.weight"
        norm = {n: v for n, v in held.items() if n.startswith(f"blocks.{number}.1.") and v.dim()}
        reads = held.get(following, torch.zeros(1, len(kept), 1, 1))  # none behind the last conv
        held[conv], norm, reads = cut_filters(held[conv], norm, reads, kept)
        held |= norm
        if following in held:
            held[following] = reads
    held["classifier.weight"] = cut_columns(held["classifier.weight"], kept)
    return held


small = surgery.remove_filters(dense, keep)
by_hand, by_library = cut_by_hand(dense, keep), small.state_dict()
agree = by_hand.keys() == by_library.keys() and all(
    by_hand[name].equal(tensor) for name, tensor in by_library.items()
)
claim("3.b", "removing the filters gives what your two functions give, every number of the net",
      agree)  # fmt: skip

# %% [markdown]
# Now put all three nets side by side: what is a filter worth that is masked, and one that is deleted?

# %%
import pandas as pd

nets = {"dense": dense, "filters masked": masked, "filters deleted": small}
table = pd.DataFrame(
    {
        "parameters": [f"{measure.count_parameters(net):,}" for net in nets.values()],
        "file": [f"≈ {measure.size_bytes(net, 'file') / 1e3:4.0f} kB" for net in nets.values()],
        "FLOPs for 64 digits": [f"{measure.flops(net, batch):,}" for net in nets.values()],
    },
    index=pd.Index(nets, name="ConvNet 32-64-128"),
)
table

# %% [markdown]
# The masked net is *larger* than the dense one, since it stores the masks as well (lesson 01). Only
# deleting makes anything smaller.

# %%
counts = {name: measure.count_parameters(net) for name, net in nets.items()}
files = {name: measure.size_bytes(net, "file") for name, net in nets.items()}
claim("3.s", "masked, no parameter is gone and the file grows; deleted, 25 to 33 % of both are left",
      counts["filters masked"] == counts["dense"]
      and files["filters masked"] > files["dense"]
      and all(0.25 < held["filters deleted"] / held["dense"] < 0.33 for held in (counts, files)))  # fmt: skip

# %% [markdown]
# Half of the filters are gone, yet 72 % of the parameters. A conv between two pruned
# ones loses filters *and* input channels: (1 − r)² of it is left. Each layer at r = 10, 50 and 90 %:

# %%
short = []
for r in (0.1, 0.5, 0.9):
    thinner = {
        name: masks.mask_from_scores(scores.group_norm(layer.weight), r)
        for name, layer in surgery.filter_layers(dense).items()
    }
    left = measure.count_parameters(surgery.remove_filters(dense, thinner)) / counts["dense"]
    print(f"{r:4.0%} of the filters removed: {1 - left:6.1%} of the parameters, "
          f"the law says {1 - (1 - r) ** 2:6.1%}")  # fmt: skip
    short.append(100 * (left - (1 - r) ** 2))
claim("3.t", "at 10, 50 and 90 % of the filters, the net loses 1 to 3 points less than the law says",
      all(0.95 < points < 3 for points in short))  # fmt: skip

# %% [markdown]
# The first conv, which always reads one channel, and the linear layer shrink on one side only, and a
# number of filters is rounded, so the law is not met exactly.
#
# ## 3.4 The same net? The trap in BatchNorm
#
# A smaller net is worth nothing if it computes something else. So the first thing to do with it is a
# proof: random inputs, both nets, and the largest difference between any two outputs.
#
# > ### Exercise 3.4 · Do two nets compute the same?
# > difficulty ★☆☆ · importance ★★★ · 5 minutes
# >
# > Write `largest_difference(small, masked, x)`: the largest absolute difference between the outputs
# > of the two nets on the batch `x`, as a number, both nets in eval mode.


# %%
def largest_difference(small, masked, x):
    """Two nets and a batch of images. Returns the largest |small(x) − masked(x)|."""
    ### BEGIN SOLUTION
    small.eval()
    masked.eval()
    with torch.no_grad():
        return float((small(x) - masked(x)).abs().max())
    ### END SOLUTION


largest_difference = ex.largest_difference.check(largest_difference)

# %% [markdown]
# Train three nets of widths 8-16-32, small enough to train while you watch, two epochs each. The
# rest of the lesson uses them.


# %%
def train_net(seed, widths=(8, 16, 32), epochs=2):
    training.seed_everything(seed)
    net = models.ConvNet(widths)
    training.train(net, digits, epochs=epochs, seed=seed)
    return net


dense_nets = [train_net(seed) for seed in SEEDS]
dense_accuracy = [training.evaluate(net, digits.test) for net in dense_nets]
print("test accuracy:", ", ".join(f"≈ {100 * a:.1f} %" for a in dense_accuracy))

# %% [markdown]
# Take a quarter of the filters of each conv. Put the mask of exercise 3.1 on the conv weights, as
# `prune.ln_structured` does, remove the same filters from another copy, and compare the two. How far
# apart are their outputs, at most, mean of the three nets?

# %%
guess = predict("3.3", "Largest difference, conv weights masked against removed?", None)

# %% [markdown]
# The inputs are 256 images of random numbers.


# %%
import numpy as np


def keep_by_norm(net, sparsity):
    """For each conv, True for the filters of largest L2 norm."""
    return {
        name: masks.mask_from_scores(scores.group_norm(layer.weight), sparsity)
        for name, layer in surgery.filter_layers(net).items()
    }


x = torch.rand(256, 1, 28, 28, generator=torch.Generator().manual_seed(SEEDS[0]))
apart = []
for net in dense_nets:
    weights_masked = copy.deepcopy(net)
    for layer in surgery.filter_layers(weights_masked).values():
        prune.ln_structured(layer, "weight", amount=0.25, n=2, dim=0)
    quarter = keep_by_norm(net, 0.25)
    apart.append(largest_difference(surgery.remove_filters(net, quarter), weights_masked, x))
guess.compare(np.mean(apart), digits=2)
claim("3.c", "with only the conv weights masked, the largest difference is 1 to 12 (mean of 3 nets)",
      1 < np.mean(apart) < 12)  # fmt: skip

# %% [markdown]
# They are different nets. The conv puts out zeros, but BatchNorm comes after it:
#
# $$\text{BatchNorm}(0) = \beta - \gamma \, \frac{\text{mean}}{\sqrt{\text{var} + \varepsilon}}$$
#
# That is a constant, and where it is above 0, ReLU lets it through to the next layer. Look at what the
# pruned channels of the last net's first block put out.

# %%
block = weights_masked.blocks[0]
with torch.no_grad():
    after_conv, after_block = block[0](x), block[:3](x)
for channel in (~quarter["blocks.0.0"]).nonzero().flatten().tolist():
    print(f"a pruned channel: largest |conv output| = {after_conv[:, channel].abs().max():.1f}, "
          f"after BatchNorm and ReLU ≈ {after_block[:, channel].mean():5.2f} everywhere, "
          f"spread ≈ {after_block[:, channel].std():.2f}")  # fmt: skip

# %% [markdown]
# So silence γ and β of the channel, too (and the bias, where the conv has one).
# `surgery.mask_filters` masks all of them. Now compare again: random images, ten random choices of
# filters, and nets of other widths.

# %%
chance = torch.Generator().manual_seed(SEEDS[0])


def random_keep(net):
    """A random half of each conv's filters, at least one."""
    keep = {}
    for name, layer in surgery.filter_layers(net).items():
        keep[name] = torch.rand(len(layer.weight), generator=chance) < 0.5
        keep[name][0] = True
    return keep


other_widths = ((3,), (5, 2), (1, 7, 4), (4, 4, 4, 4))
subjects = [net] * 10 + [models.ConvNet(widths) for widths in other_widths]
differences = []
for subject in subjects:
    some = random_keep(subject)
    silent = surgery.mask_filters(copy.deepcopy(subject), some)
    differences.append(largest_difference(surgery.remove_filters(subject, some), silent, x))
print(f"{len(differences)} comparisons, largest difference below 1e-5: {max(differences) < 1e-5}")
claim("3.d", "with BatchNorm silenced as well, masked and removed agree within 1e-5",
      max(differences) < 1e-5)  # fmt: skip

# %% [markdown]
# How much does the trap change? The three nets again, half of their filters gone, on the test part,
# without any repair: with the conv weights masked only, and with the channels silent.

# %%
rows = []
for net in dense_nets:
    half = keep_by_norm(net, 0.5)
    on_weights = {name: filter_mask(net.get_submodule(name).weight, 0.5) for name in half}
    constant = pruning.apply_masks(copy.deepcopy(net), on_weights)
    silent = surgery.remove_filters(net, half)
    rows.append([100 * training.evaluate(model, digits.test) for model in (constant, silent)])
trap = pd.DataFrame(rows, pd.Index(SEEDS, name="seed"), ["conv weights masked", "channel silent"])
tables.approximate(trap, dict.fromkeys(trap, "{:5.1f} %"))

# %% [markdown]
# Neither column is the better one by rights. A constant can stand in for a channel that was nearly
# constant, or disturb the next layer; what matters is that you get the net that you have measured. If
# you evaluate masks on the conv weights and ship the small net, you ship the *other* column.

# %%
trap_cost = (trap["conv weights masked"] - trap["channel silent"]).abs()
claim("3.e", "half of the filters, no repair: the two differ by 5 to 70 points on average",
      5 < trap_cost.mean() < 70)  # fmt: skip

# %% [markdown]
# ## 3.5 Count the work
#
# **FLOPs** are floating-point operations of one forward pass. A conv with padding computes, at each
# position, one sum of products for each filter.
#
# > ### Exercise 3.5 · Count the operations of a conv layer
# > difficulty ★☆☆ · importance ★★★ · 5 minutes
# >
# > Write `conv_flops(channels_in, channels_out, kernel, height, width)`: the FLOPs of a conv without
# > bias whose output is height×width. A multiplication and an addition are two operations.


# %%
def conv_flops(channels_in, channels_out, kernel, height, width):
    """Five whole numbers; height and width of the output. Returns a whole number."""
    ### BEGIN SOLUTION
    return 2 * kernel**2 * channels_in * channels_out * height * width
    ### END SOLUTION


conv_flops = ex.conv_flops.check(conv_flops)

# %% [markdown]
# Now the whole net: each block's conv (3×3, its output as large as its input), then pooling that
# halves the side, rounded down; at the end the linear layer with ten outputs.
#
# > ### Exercise 3.6 · Count the operations of a whole net
# > difficulty ★★☆ · importance ★★☆ · 7 minutes
# >
# > Write `net_flops(widths)`: the FLOPs of the course's ConvNet of these widths for one 28×28 digit.
# > Count the convs and the linear layer; the rest is little. Use your `conv_flops`.


# %%
def net_flops(widths):
    """widths: the number of filters of each block. Returns a whole number."""
    ### BEGIN SOLUTION
    total, channels, side = 0, 1, 28
    for filters in widths:
        total += conv_flops(channels, filters, 3, side, side)
        channels, side = filters, side // 2
    return total + 2 * channels * side**2 * 10
    ### END SOLUTION


net_flops = ex.net_flops.check(net_flops)

# %% [markdown]
# `torch.utils.flop_counter` counts by watching the calls; `measure.flops` wraps it. Both must agree
# on the dense net and on the one with half of its filters.

# %%
by_counter = [measure.flops(model, single) for model in (dense, small)]
by_formula = [net_flops((32, 64, 128)), net_flops((16, 32, 64))]
flops_ratio = by_formula[0] / by_formula[1]
print(f"counted {by_counter}\nformula {by_formula}\nratio   {flops_ratio:.2f} ×")
claim("3.f", "the formula counts what PyTorch counts, and half of the filters leave 1/3.9 of it",
      by_counter == by_formula and 3.8 < flops_ratio < 3.95)  # fmt: skip

# %% [markdown]
# ## 3.6 Is it faster by the same factor?
#
# The work is 3.9 times less. How many times faster is the small net, for 64 digits at once and for
# one?

# %%
guess64 = predict("3.4", "Times faster at batch 64 (FLOPs: 3.9)?", None, unit="×")
guess1 = predict("3.5", "Times faster at batch 1?", None, unit="×")

# %% [markdown]
# Both nets run in turns, and the median ratio counts.

# %%
speed = {
    "batch 1": measure.latency_ratio(lambda: dense(single), lambda: small(single)),
    "batch 64": measure.latency_ratio(lambda: dense(batch), lambda: small(batch)),
}
for name, ratio in speed.items():
    print(f"{name:8s} FLOPs {flops_ratio:.2f} ×, time {ratio}")
guess64.compare(speed["batch 64"].median)
guess1.compare(speed["batch 1"].median)
time_claim(
    "S5",
    "without the filters the net is at least 1.8 times as fast at batch 64, masked it is not",
    speed["batch 64"].above(1.8), time.above(0.9),
    verdict="holds when the filters are removed, not when they are masked",
)  # fmt: skip
time_claim("3.g", "at both batch sizes the net gains less time than FLOPs",
           *(ratio.below(0.95 * flops_ratio) for ratio in speed.values()))  # fmt: skip

# %% [markdown]
# It is faster on this machine, and without any special kernel: what is left is an ordinary net. Yet
# where does the rest of the 3.9 go? Time the layers of each kind alone, on the inputs that reach them: how long they take in the
# dense net, and in turns with it how many times faster they got.

# %%
kinds = {nn.Conv2d: "conv", nn.MaxPool2d: "pooling", nn.BatchNorm2d: "BatchNorm",
         nn.ReLU: "ReLU", nn.Linear: "linear"}  # fmt: skip


def layers_of(net, *wanted):
    """A function that runs the layers of these kinds, each on what reaches it."""
    calls = [call for name, call in measure.layer_calls(net, batch).items()
             if kinds[type(net.get_submodule(name))] in wanted]  # fmt: skip
    return lambda: [call() for call in calls]


milliseconds = {
    kind: 1e3 * measure.latency(layers_of(dense, kind)).median for kind in kinds.values()
}
gains = {
    kind: measure.latency_ratio(layers_of(dense, kind), layers_of(small, kind))
    for kind in kinds.values()
}

# %% [markdown]
# The bars of the small net are those of the dense one over the gain.

# %%
before = np.array([*milliseconds.values()])
plotting.show(
    plotting.grouped_bars(
        {
            "all filters": before,
            "half of the filters": before / [gain.median for gain in gains.values()],
        },
        [*gains],
        "The convs gain most; pooling, BatchNorm and ReLU gain less",
        ylabel="time for 64 digits (ms)",
    ),
    alt="Time by kind of layer with all and with half of the filters, at batch 64: the convs gain "
    "more than pooling, BatchNorm and ReLU.",
)

# %% [markdown]
# As numbers: each kind's share of the dense net's time, and how many times faster it got.

# %%
layers = pd.DataFrame({"share": before / before.sum()}, pd.Index(gains, name="kind of layer"))
layers["faster"] = [gain.median for gain in gains.values()]
tables.approximate(layers, {"share": "{:4.0%}", "faster": "{:5.1f} ×"})

# %% [markdown]
# FLOPs count the convs and the linear layer. Pooling, BatchNorm and ReLU do next to no arithmetic, but
# they run over every number of every channel: with half of the channels they take about half of the
# time. They stay, and the more the convs shrink, the larger their part. At batch 1 there is also the
# fixed cost of calling each of the 13 layers, which no pruning of filters lowers.
#
# How large each part is belongs to the machine, not to pruning. ReLU reads the same numbers as pooling
# and takes a small part of its time; that pooling is so dear is the doing of its kernel in this PyTorch
# on this processor. And a net that is only used, not trained, needs no BatchNorm at all: it folds into
# the conv before it (lesson 07).

# %%
others = ("pooling", "BatchNorm", "ReLU")
gain = measure.latency_ratio(layers_of(dense, *others), layers_of(small, *others))
share = measure.latency_ratio(layers_of(dense, *others), layers_of(dense, *kinds.values()))
time_claim("3.h", "batch 64: pooling, BatchNorm and ReLU take over 30 % and gain 1.5 to 3 ×",
           share.above(0.3), gain.above(1.5), gain.below(3))  # fmt: skip
time_claim("3.i", "batch 64: the convs gain at least 1.2 times as much as these three",
           (gains["conv"] / gain).above(1.2))  # fmt: skip

# %% [markdown]
# ## 3.7 What does it cost in accuracy?
#
# Remove 25, 50 and 75 % of the filters of every conv of the three trained nets. Then three stages:
#
# - **raw**: as it comes out,
# - **recalibrated** (重新校准): no weight changes, but BatchNorm estimates its means and variances anew
#   on 1,000 training digits; the old ones belonged to the net before,
# - **fine-tuned**: one epoch of training, then recalibrated.
#
# The dense nets train one epoch more as well, and every net that is compared with another is
# recalibrated first. What do you expect of recalibration alone at 50 %?

# %%
guess = predict("3.6", "Points that recalibration alone gains at 50 %?", None, unit="points")
LEVELS = [0.25, 0.5, 0.75]
STAGES = ("raw", "recalibrated", "fine-tuned")
thousand = tuple(part[:1000] for part in digits.train)
accuracy = {stage: np.zeros((len(SEEDS), len(LEVELS))) for stage in STAGES}


def recalibrated_accuracy(net):
    """Test accuracy, with BatchNorm's statistics brought up to date before."""
    training.recalibrate(net, thousand)
    return training.evaluate(net, digits.test)


for row, (seed, net) in enumerate(zip(SEEDS, dense_nets)):
    for column, level in enumerate(LEVELS):
        pruned = surgery.remove_filters(net, keep_by_norm(net, level))
        accuracy["raw"][row, column] = training.evaluate(pruned, digits.test)
        accuracy["recalibrated"][row, column] = recalibrated_accuracy(copy.deepcopy(pruned))
        training.train(pruned, digits, epochs=1, seed=100 + seed)
        accuracy["fine-tuned"][row, column] = recalibrated_accuracy(pruned)

# %% [markdown]
# The fair rivals at equal total epochs, three: the dense net, and a net of half the width from the
# start, 4-8-16, trained from scratch (从头训练).

# %%
scratch_nets = [train_net(seed, widths=(4, 8, 16)) for seed in SEEDS]
for nets_of_a_kind in (dense_nets, scratch_nets):
    for seed, net in zip(SEEDS, nets_of_a_kind):
        training.train(net, digits, epochs=1, seed=100 + seed)
longer = np.array([recalibrated_accuracy(net) for net in dense_nets])
scratch = np.array([recalibrated_accuracy(net) for net in scratch_nets])

plotting.show(
    plotting.accuracy_curves(
        accuracy, LEVELS, "One epoch brings back most of what removing filters costs",
        dense=longer.mean(), xlabel="filters removed (% of each conv layer)",
    ),
    alt="Test accuracy against the part of the filters removed: raw falls far at 50 and 75 %, "
    "recalibrated lies between, fine-tuned stays close to the dense net up to 50 %.",
)  # fmt: skip

# %% [markdown]
# The band reaches from the worst to the best of three seeds. It is wide for the raw nets: which of
# their filters happen to matter is chance.

# %%
table = pd.DataFrame({stage: 100 * values.mean(0) for stage, values in accuracy.items()},
                     pd.Index(["25 %", "50 %", "75 %"], name="filters removed"))  # fmt: skip
print(f"dense, 3 epochs:               ≈ {100 * longer.mean():.1f} %")
print(f"half width from scratch, 3:    ≈ {100 * scratch.mean():.1f} %")
tables.approximate(table, dict.fromkeys(table, "{:5.1f} %"))

# %% [markdown]
# The dense nets are the ones to compare with:

# %%
gain = 100 * (accuracy["recalibrated"] - accuracy["raw"]).mean(0)
lost = 100 * (longer[:, None] - accuracy["fine-tuned"]).mean(0)
guess.compare(gain[1])
claim("3.j", "at 50 %, recalibration alone gains 5 to 60 points on average", 5 < gain[1] < 60)
claim("3.k", "one epoch after it, the nets read 90 to 98 % with half of their filters gone",
      90 < 100 * accuracy["fine-tuned"][:, 1].mean() < 98)  # fmt: skip
claim("3.l", "fine-tuned, 25 % ends within 3 points of dense, 50 % up to 6 below, 75 % up to 12 below",
      abs(lost[0]) < 3 and -1 < lost[1] < 6 and -1 < lost[2] < 12)  # fmt: skip

# %% [markdown]
# ### One net in one table
#
# Accuracy, bytes, FLOPs and time of *one* net: the first of the three, dense; with half of its filters
# masked, trained on with the masks; and with the same half removed, trained on as long. Does a net of 8,
# 16 and 32 filters get faster at all?

# %%
guess = predict(
    "3.7", "Time of the 8-16-32 net at batch 64 without half, dense = 100 %?", None, unit="%"
)

# %% [markdown]
# All three have three epochs behind them.

# %%
two_epochs = train_net(SEEDS[0])
half = keep_by_norm(two_epochs, 0.5)
one_net = {
    "dense": dense_nets[0],
    "half masked": surgery.mask_filters(copy.deepcopy(two_epochs), half),
    "half removed": surgery.remove_filters(two_epochs, half),
}
for name in ("half masked", "half removed"):
    training.train(one_net[name], digits, epochs=1, seed=100 + SEEDS[0])
reads = {name: 100 * recalibrated_accuracy(net) for name, net in one_net.items()}
one_time = {
    (name, len(x)): measure.latency_ratio(lambda n=net, x=x: n(x), lambda x=x: one_net["dense"](x))
    for name, net in one_net.items() for x in (batch, single) if name != "dense"
}  # fmt: skip

# %% [markdown]
# The times are parts of the dense net's, measured in turns.


# %%
def share_of_time(name, size):
    return f"≈ {100 * one_time[name, size].median:4.0f} %" if name != "dense" else "100 %"


guess.compare(100 * one_time["half removed", 64].median, digits=0)
pd.DataFrame(
    {
        "accuracy": [f"≈ {value:.1f} %" for value in reads.values()],
        "file": [f"≈ {measure.size_bytes(n, 'file') / 1e3:3.0f} kB" for n in one_net.values()],
        "FLOPs a digit": [f"{measure.flops(net, single):,}" for net in one_net.values()],
        "time, batch 64": [share_of_time(name, 64) for name in one_net],
        "time, batch 1": [share_of_time(name, 1) for name in one_net],
    },
    index=pd.Index(one_net, name="ConvNet 8-16-32"),
)

# %% [markdown]
# Masked and removed are one and the same net, up to rounding: they compute the same, learn the same and
# read the same. What differs is what they cost. Masks make the file larger and save no time; removed
# filters save all three. At one digit the gain in time is the smallest, since the calls of the layers
# cost the same for both.

# %%
time_claim("3.u", "8-16-32 at batch 64: with half removed it is faster, with half masked it is not",
           one_time["half removed", 64].below(1), one_time["half masked", 64].above(0.9))  # fmt: skip
claim("3.w", "masked or removed, one epoch later the two nets read the same within 2 points",
      abs(reads["half masked"] - reads["half removed"]) < 2)  # fmt: skip

# %% [markdown]
# ### Was it worth training the large net first?
#
# Here are its rivals: nets of half the width from the start. The pruned net has had two thirds of its
# epochs at full width. So what is fair?
#
# - **as many epochs**: the small net trains as many as the pruned one in all,
# - **as many FLOPs**: a step of the small net costs less, so it may take more of them, until its
#   training has cost what that of the pruned net has,
# - **only the last third**: you have a trained net at hand, and as much time as the pruned one gets
#   after its cut.
#
# Three seeds cannot tell nets apart that are so close. `make sweep` has run eight, with three epochs in
# all and with nine. Who will be ahead?

# %%
guess = predict("3.8", "Points, pruned − from scratch, nine epochs each?", None, unit="points")

# %% [markdown]
# `intervals.paired_difference` gives the mean difference and a 95 % confidence interval (置信区间); lesson
# 04 derives it. A filled dot: the interval leaves out 0.

# %%
from course_utils import experiments, intervals

runs = {
    key: 100 * rows["accuracy"].to_numpy()
    for key, rows in experiments.load("from_scratch").groupby(["start", "epochs"])
}
RIVALS = {"as many epochs": "scratch", "as many FLOPs": "scratch, equal FLOPs",
          "only the last third": "scratch, last third", "the dense net": "dense"}  # fmt: skip
worth = {
    (name, epochs): intervals.paired_difference(runs["pruned", epochs], runs[rival, epochs])
    for name, rival in RIVALS.items() for epochs in (3, 9) if (rival, epochs) in runs
}  # fmt: skip
guess.compare(worth["as many epochs", 9].mean)
plotting.show(
    plotting.difference_dots(
        {f"{name}, {epochs}": difference for (name, epochs), difference in worth.items()},
        "Pruned beats a late start, not a small net with as much training",
        xlabel="pruned to half − rival (points), 8 seeds; epochs in all behind the name",
    ),
    alt="Mean difference of the pruned net to each rival with its interval: right of zero against the "
    "last third alone, left of it against as many FLOPs and against dense, across it against as many "
    "epochs.",
)

# %% [markdown]
# As numbers:

# %%
for (name, epochs), difference in worth.items():
    print(f"pruned − {name:19s} {epochs} epochs: {difference} points")
live = {"dense": longer, "pruned": accuracy["fine-tuned"][:, 1], "scratch": scratch}
in_file = {start: runs[start, 3].mean() for start in live}
apart = {start: abs(100 * values.mean() - in_file[start]) for start, values in live.items()}
claim("3.x", "your nets of three epochs read what the file says on average, within 3 points",
      max(apart.values()) < 3)  # fmt: skip
claim("3.m", "three epochs: with as many FLOPs the small net is 1 to 3 points ahead of the pruned one",
      worth["as many FLOPs", 3].excludes_zero and -3 < worth["as many FLOPs", 3].mean < -1)  # fmt: skip
claim("3.y", "with as many epochs, three or nine, eight seeds do not tell the two apart",
      not any(worth["as many epochs", epochs].excludes_zero for epochs in (3, 9)))  # fmt: skip
claim("3.z", "with only the last third to train, small from scratch is behind, by 1 to 5 points after one",
      worth["only the last third", 3].excludes_zero and 1 < worth["only the last third", 3].mean < 5)  # fmt: skip

# %% [markdown]
# With as many epochs nobody is ahead, as far as eight seeds can tell. With as many FLOPs the small net is.
# Pruning is ahead where it has a head start: a trained net, and few epochs left. So if you have no
# trained net yet and know how small it must be, train the small one; if you *have* one, pruning spares
# you training. Liu and others came to a like result for large nets, in part only with as many FLOPs
# (they call that Scratch-B). Yours is about one small ConvNet, 3,600 digits and nine epochs at most.
#
# The seeds pair nothing here: nets of two shapes draw other weights. The intervals hold all the same.
#
# ## 3.8 Tied channels
#
# A residual net (残差网络) adds: the output of a block is x + conv(conv(x)). Here is such a sum, four
# channels on each side, in which two different choices of channels were removed and 0 stands for a
# channel that is gone.

# %%
x_keeps = torch.tensor([[1, 0, 1, 1]]).bool()
block_keeps = torch.tensor([[1, 1, 0, 1]]).bool()
plotting.show(
    plotting.mask_panels(
        {"x": x_keeps, "conv(conv(x))": block_keeps, "their sum": x_keeps | block_keeps},
        "Two different choices added: no channel of the sum is free to go", height=1.4,
    ),
    alt="Three masks of four channels: x lacks the second, the block lacks the third, and their sum "
    "has all four.",
)  # fmt: skip
claim("3.n", "the sum of two choices of 3 of 4 channels has all 4 channels",
      bool((x_keeps | block_keeps).all()))  # fmt: skip

# %% [markdown]
# Only a channel that goes from *both* sides goes from the sum. In `models.TinyResNet` the stem, the
# second conv of block 1 and the second conv of block 2 are all added up along the way, so the three
# share their choice. `surgery.remove_filters` sees that, and refuses to prune one of them alone.


# %%
def train_resnet(seed):
    training.seed_everything(seed)
    net = models.TinyResNet(width=16)
    training.train(net, digits, epochs=2, seed=seed)
    return net


resnets = [train_resnet(seed) for seed in SEEDS]
resnet = resnets[0]
print("free to go:", ", ".join(surgery.filter_layers(resnet)))
try:
    surgery.remove_filters(resnet, {"block1.conv2": torch.arange(16) >= 8})
except ValueError as error:
    print(f"{error}")

# %% [markdown]
# Inside a block nothing is tied. For the rest, the package `torch_pruning` (Fang and others, 2023)
# builds a dependency graph: ask it to remove three filters of one conv, and it lists what must go
# with them. (`remove_filters` asks it, too, as soon as you pass an example.) What do you expect to be in the group?

# %%
guess = predict("3.9", "Layers that lose channels when block1.conv2 does?", None, unit="layers")

# %% [markdown]
# The group, with the side on which each layer loses channels:

# %%
import torch_pruning as tp

graph = tp.DependencyGraph().build_dependency(resnet, example_inputs=single)
names = {module: name for name, module in resnet.named_modules()}
group = graph.get_pruning_group(resnet.block1.conv2, tp.prune_conv_out_channels, idxs=[0, 1, 2])
touched = {}
for dependency, _ in group:
    module = dependency.target.module
    if module in names:
        side = "inputs" if "in_channels" in dependency.handler.__name__ else "outputs"
        touched.setdefault(names[module], set()).add(side)
for name in sorted(touched):
    print(f"{name:13s} loses {' and '.join(sorted(touched[name]))}")
guess.compare(len(touched), digits=0)
tied = {"stem.0", "block1.conv2", "block2.conv2"}
claim("3.o", "asked for block1.conv2 alone, the group takes the stem and block2.conv2 along",
      tied == {n for n, s in touched.items() if "outputs" in s and ("conv" in n or n == "stem.0")})  # fmt: skip

# %% [markdown]
# `group.prune()` removes them all at once. `idxs` must be a list of whole numbers. See what happens with
# a tensor of them:

# %%
layer = copy.deepcopy(resnet.block1.conv1)
tp.prune_conv_out_channels(layer, torch.tensor([0, 1, 2]))
print(f"the layer says {layer.out_channels} channels, its weight has {len(layer.weight)}")

# %% [markdown]
# How good is such a net once it is pruned? First look at the dense ones. They have trained for two
# epochs and were never cut.

# %%
as_trained = [100 * training.evaluate(net, digits.test) for net in resnets]
up_to_date = [100 * recalibrated_accuracy(net) for net in resnets]
for name, values in {"as trained": as_trained, "recalibrated": up_to_date}.items():
    print(f"dense, {name:12s}", ", ".join(f"≈ {value:.1f} %" for value in values))
claim("3.v", "recalibration alone gains the dense residual nets 3 to 70 points on average",
      3 < np.mean(up_to_date) - np.mean(as_trained) < 70)  # fmt: skip

# %% [markdown]
# No weight has changed. In training BatchNorm uses the mean and variance of each batch; what it keeps
# for later is an average over the steps before. While the weights still move fast, that average belongs
# to nets that are gone. In the plain net above it hardly shows; here it would drown everything that
# pruning does. So every net below is recalibrated before it is measured.
#
# Now halve them in two ways: with your filter norms inside the blocks, where nothing is tied, and with
# `MagnitudePruner`, which walks through the groups and takes half of *all* channels; the classifier's
# ten outputs are protected. Then one epoch more for each, the dense nets included. How many points is
# the net with half of its channels behind the dense one after it?

# %%
guess = predict(
    "3.10", "Points behind dense, half of all channels, one epoch?", None, unit="points"
)


# %% [markdown]
# Three nets of each kind:


# %%
def half_of_the_channels(net):
    slim = copy.deepcopy(net)
    tp.pruner.MagnitudePruner(
        slim, single, importance=tp.importance.MagnitudeImportance(p=2), pruning_ratio=0.5,
        ignored_layers=[slim.classifier],
    ).step()  # fmt: skip
    return slim


kinds_of_resnet = {
    "dense": resnets,
    "half inside the blocks": [surgery.remove_filters(n, keep_by_norm(n, 0.5)) for n in resnets],
    "half of all channels": [half_of_the_channels(net) for net in resnets],
}
cut, tuned = {}, {}
for kind, nets_of_a_kind in kinds_of_resnet.items():
    cut[kind] = np.array([100 * recalibrated_accuracy(copy.deepcopy(n)) for n in nets_of_a_kind])
    for seed, net in zip(SEEDS, nets_of_a_kind):
        training.train(net, digits, epochs=1, seed=100 + seed)
    tuned[kind] = np.array([100 * recalibrated_accuracy(net) for net in nets_of_a_kind])

# %% [markdown]
# Means of the three nets, all recalibrated:

# %%
parts = {kind: nets_of_a_kind[0] for kind, nets_of_a_kind in kinds_of_resnet.items()}
behind = {kind: (tuned["dense"] - values).mean() for kind, values in tuned.items()}
left = {
    kind: measure.flops(net, single) / measure.flops(resnet, single) for kind, net in parts.items()
}
guess.compare(behind["half of all channels"])
pd.DataFrame(
    {
        "parameters": [f"{measure.count_parameters(net):,}" for net in parts.values()],
        "FLOPs left": [f"{part:.0%}" for part in left.values()],
        "before the last epoch": [f"≈ {values.mean():5.1f} %" for values in cut.values()],
        "after it": [f"≈ {values.mean():5.1f} %" for values in tuned.values()],
    },
    index=pd.Index(parts, name="TinyResNet"),
)

# %% [markdown]
# Right after the cut much is lost, also with BatchNorm up to date; one epoch brings most of it back, and
# not all. Halving the blocks inside costs less, and saves less.

# %%
slim, inside = parts["half of all channels"], parts["half inside the blocks"]
claim("3.p", "half of all channels gone: 25 to 30 % of FLOPs and parameters are left",
      all(0.25 < count(slim) / count(resnet) < 0.3
          for count in (measure.count_parameters, lambda net: measure.flops(net, single))))  # fmt: skip
claim("3.q", "half of all channels, one epoch: the nets end up to 15 points behind their dense twins",
      0 < behind["half of all channels"] < 15)  # fmt: skip

# %% [markdown]
# **Explore the masks of a conv layer.** Each row is a filter, laid flat.

# %%
from course_utils import explore

explore.show(explore.mask_explorer(dense_nets[0].blocks[1][0].weight))

# %% [markdown]
# **Explore the surgery.** Switch filters of a layer off and on, and see what hangs on them in the next
# layer, how many parameters and FLOPs go, and what is left of the validation accuracy. Find a filter
# that costs nothing, and one that costs points.

# %%
surgeon = explore.surgery_explorer(dense_nets[0], digits)
for number in (1, 4):
    surgeon.controls[f"filter {number}"].value = False
explore.show(surgeon)

# %% [markdown]
# ## 3.9 People really ask
#
# **`ln_structured` zeroes a filter, but its bias stays. Is that a mistake?** It is by design: each
# parameter is pruned on its own. The channel then puts out its bias everywhere. Prune the bias with
# the same answer for each filter.

# %%
training.seed_everything(SEEDS[0])
conv = nn.Conv2d(1, 6, 3)
prune.ln_structured(conv, "weight", amount=0.5, n=2, dim=0)
gone = ~conv.weight_mask.flatten(1).any(1)
with torch.no_grad():
    with_bias = conv(single)[0, gone].abs().amax((1, 2))
    prune.custom_from_mask(conv, "bias", ~gone)
    without = conv(single)[0, gone].abs().amax((1, 2))
print("largest |output| of the pruned filters is above 0:", (with_bias > 0).tolist())
print("with the bias pruned, too:                        ", (without > 0).tolist())

# %% [markdown]
# **I put a layer into `ignored_layers` and it was pruned anyway. Why?** Ignoring a layer protects its
# outputs. Its *inputs* shrink with the layer that feeds it. Look at the classifier of the slim net,
# which was ignored.

# %%
print("classifier before:", tuple(resnet.classifier.weight.shape))
print("classifier after: ", tuple(slim.classifier.weight.shape))

# %% [markdown]
# **Is pruning a residual net only inside its blocks good enough?** It is safe, and it spares you the
# tied channels. But the channels that run through the whole net stay at full width. Section 3.8 has both
# ways in one table, parameters, FLOPs and accuracy: two bargains, of which neither is the better one by
# rights. With the same FLOPs in mind, prune both and compare.

# %% [markdown]
# ## What you measured
#
# Every claim of this lesson, as it came out on your machine.

# %%
from course_utils.lesson import what_you_measured

what_you_measured()

# %% [markdown]
# **Remember**
#
# - A mask on the conv weights does not silence a channel: BatchNorm adds its shift after it.
# - Time follows the FLOPs only where the arithmetic is; pooling and BatchNorm follow the channels.
# - Before you compare two nets, bring BatchNorm up to date in both, or you measure its delay. And train
#   one of the small size from scratch for as long.
#
# **Read on**: Li, Kadav, Durdanovic, Samet and Graf (2017),
# [Pruning filters for efficient ConvNets](https://arxiv.org/abs/1608.08710), for filter norms;
# Liu, Sun, Zhou, Huang and Darrell (2019),
# [Rethinking the value of network pruning](https://arxiv.org/abs/1810.05270), for the small net from
# scratch; Fang, Ma, Song, Mi and Wang (2023),
# [DepGraph: Towards any structural pruning](https://arxiv.org/abs/2301.12900), for tied channels.
#
# **Next**: lesson 04, random pruning, the control group that every method must beat.
