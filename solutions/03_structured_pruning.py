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
from course_utils.lesson import claim, desk, predict, tables, time_claim, within

desk.check("03", edition="EDITION")
digits = data.load_mnist()
SEEDS = (0, 1, 2, 3, 4)

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

# %%
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
# > norm, of equal ones those that come first, however many are equal. Filters stand along dim 0; the
# > weight may be a matrix or a conv's. Returns a boolean mask of its shape; leaves `weight` as it is.


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
#
# Run the example of the source on the layer above.

# %%
from torch.nn.utils import prune

prune.ln_structured(conv, "weight", amount=0.25, n=2, dim=0)
rows_kept = conv.weight_mask.flatten(1).any(1)
whole = conv.weight_mask.flatten(1).all(1).equal(rows_kept)
gone = int((~rows_kept).sum())
same_mask = conv.weight_mask.bool().equal(filter_mask(conv.weight_orig, 0.25))

print(f"filters pruned: {gone} of 10; your mask is the same: {same_mask}")

# %%
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
guess = predict("3.1", "Time with half of the filters masked, dense = 100 %?", None, unit="%")

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
time = measure.latency_ratio(lambda: zeroed(batch), lambda: dense(batch), seconds=2)
print(f"FLOPs:  {measure.flops(zeroed, batch):,} of {measure.flops(dense, batch):,}")
print(f"time:   {time}")
guess.compare(100 * time.median, digits=0)

# %%
claim("3.a", "half of the filters masked: the FLOPs stay as they were",
      measure.flops(zeroed, batch) == measure.flops(dense, batch))  # fmt: skip
time_claim("3.r", "half of the filters masked: the net takes 0.8 to 1.1 × the time that it took",
           time.above(0.8), time.below(1.1))  # fmt: skip

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
# > (out2, out, k, k), `keep` a boolean vector (out,), True = stays, at least once. Return the three,
# > smaller, in this order: a new dictionary with the names that came, whatever they are. Leave the
# > arguments as they are.


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
# > behind `flatten`, `keep` (channels,), True = stays, at least once. Return the weight without the
# > columns of the channels that are gone, a matrix again. How many positions a channel has differs
# > from net to net. Leave the arguments as they are.


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

# %%
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

# %%
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

# %%
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
# > of the two nets on the batch `x`, one number. Compare in eval mode, and leave no net in train mode
# > that came in eval mode; nothing else of the nets may change.


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
# Train a net of widths 8-16-32, small enough to train while you watch, for two epochs. The rest of
# the lesson uses it.


# %%
def train_net(seed, widths=(8, 16, 32), epochs=2):
    training.seed_everything(seed)
    net = models.ConvNet(widths)
    training.train(net, digits, epochs=epochs, seed=seed)
    return net


trained = train_net(SEEDS[0])
print(f"test accuracy: ≈ {100 * training.evaluate(trained, digits.test):.1f} %")

# %% [markdown]
# Take a quarter of the filters of each conv. Put the mask of exercise 3.1 on the conv weights, as
# `prune.ln_structured` does, remove the same filters from another copy, and compare the two. How far
# apart are their outputs, at most?
#
# The inputs are 64 images of random numbers.


# %%
import numpy as np


def keep_by_norm(net, sparsity):
    """For each conv, True for the filters of largest L2 norm."""
    return {
        name: masks.mask_from_scores(scores.group_norm(layer.weight), sparsity)
        for name, layer in surgery.filter_layers(net).items()
    }


x = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(SEEDS[0]))
weights_masked = copy.deepcopy(trained)
for layer in surgery.filter_layers(weights_masked).values():
    prune.ln_structured(layer, "weight", amount=0.25, n=2, dim=0)
quarter = keep_by_norm(trained, 0.25)
apart = largest_difference(surgery.remove_filters(trained, quarter), weights_masked, x)
print(f"largest difference: ≈ {apart:.2f}")

# %% [markdown]
# They are different nets. The conv puts out zeros, but BatchNorm comes after it:
#
# $$\text{BatchNorm}(0) = \beta - \gamma \, \frac{\text{mean}}{\sqrt{\text{var} + \varepsilon}}$$
#
# That is a constant, and where it is above 0, ReLU lets it through to the next layer. Look at what the
# pruned channels of the first block put out.

# %%
block = weights_masked.blocks[0].eval()
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
subjects = [trained] * 10 + [models.ConvNet(widths) for widths in other_widths]
differences = []
for subject in subjects:
    some = random_keep(subject)
    silent = surgery.mask_filters(copy.deepcopy(subject), some)
    differences.append(largest_difference(surgery.remove_filters(subject, some), silent, x))
print(f"{len(differences)} comparisons, largest difference below 1e-5: {max(differences) < 1e-5}")

# %%
claim("3.d", "only the conv weights masked, the net ends over 0.5 from its small one; with BatchNorm "
      "silenced as well, all agree within 1e-5",
      apart > 0.5 and max(differences) < 1e-5)  # fmt: skip

# %% [markdown]
# How much does the trap change? The net again, half of its filters gone, on the test part, without any
# repair: with the conv weights masked only, and with the channels silent.

# %%
half = keep_by_norm(trained, 0.5)
on_weights = {name: filter_mask(trained.get_submodule(name).weight, 0.5) for name in half}
trap = {
    "conv weights masked": pruning.apply_masks(copy.deepcopy(trained), on_weights),
    "channel silent": surgery.remove_filters(trained, half),
}
for name, model in trap.items():
    print(f"{name:20s} ≈ {100 * training.evaluate(model, digits.test):5.1f} %")

# %% [markdown]
# One net is an anecdote. `make sweep` has trained and cut twenty, and what they read is in a file:

# %%
from course_utils import experiments, intervals

stored = experiments.by_configuration("filters_removed")
two_columns = stored[0.5, "weights masked"], stored[0.5, "raw"]
trap_cost = np.abs(np.subtract(*two_columns))
apart_20 = intervals.paired_difference(np.maximum(*two_columns), np.minimum(*two_columns))
print(f"{apart_20.seeds} nets: the columns are ≈ {apart_20.mean:.0f} points apart on average, "
      f"from ≈ {trap_cost.min():.0f} to ≈ {trap_cost.max():.0f}")  # fmt: skip
print(f"conv weights masked − channel silent: {intervals.paired_difference(*two_columns)} points")

# %% [markdown]
# Which column is the better one, twenty nets cannot tell: the 95 % interval (置信区间) of the mean
# difference, which lesson 04 derives, holds 0. A constant can stand in for a channel that was nearly
# constant, or disturb the next layer. What matters is that you get the net that you have measured. If
# you evaluate masks on the conv weights and ship the small net, you ship the *other* column.

# %%
claim("3.e", "half of the filters, no repair: the columns are 10 to 25 points apart on average, and twenty "
      "nets do not tell which is ahead",
      [within(apart_20, 10, 25),
       not intervals.paired_difference(*two_columns).excludes_zero])  # fmt: skip

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
# > bias whose output is height×width. A multiplication and an addition are two operations; n products
# > count n additions. Return the number itself, exactly.


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
# > Count the convs and the linear layer, without biases; the rest is little. `widths` is a tuple of any
# > length from 1. Use your `conv_flops`.


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

# %%
claim("3.f", "the formula counts what PyTorch counts, and half of the filters leave 1/3.9 of it",
      by_counter == by_formula and 3.8 < flops_ratio < 3.95)  # fmt: skip

# %% [markdown]
# ## 3.6 Is it faster by the same factor?
#
# The work is 3.9 times less. How many times faster is the small net, for 64 digits at once and for
# one?

# %%
guess64 = predict("3.2", "Times faster at batch 64 (FLOPs: 3.9)?", None, unit="×")

# %% [markdown]
# Both nets run in turns, and the median ratio counts.

# %%
speed = {
    "batch 1": measure.latency_ratio(lambda: dense(single), lambda: small(single), seconds=0.5),
    "batch 64": measure.latency_ratio(lambda: dense(batch), lambda: small(batch), seconds=0.5),
}
for name, ratio in speed.items():
    print(f"{name:8s} FLOPs {flops_ratio:.2f} ×, time {ratio}")
guess64.compare(speed["batch 64"].median)

# %%
time_claim(
    "S5",
    "without the filters the net is at least 1.8 times as fast at batch 64, masked at most 1.25 times",
    speed["batch 64"].above(1.8), time.above(0.8),
    verdict="holds when the filters are removed, not when they are masked",
)  # fmt: skip
time_claim("3.g", "at both batch sizes the net gains less time than FLOPs",
           *(ratio.below(0.95 * flops_ratio) for ratio in speed.values()))  # fmt: skip

# %% [markdown]
# It is faster on this machine, and without any special kernel: what is left is an ordinary net. Yet
# where does the rest of the 3.9 go? Time the layers of each kind alone, on the inputs that reach them:
# how long they take in the dense net, and in turns with it how many times faster they got.

# %%
kinds = {nn.Conv2d: "conv", nn.MaxPool2d: "pooling", nn.BatchNorm2d: "BatchNorm",
         nn.ReLU: "ReLU", nn.Linear: "linear"}  # fmt: skip


def layers_of(net, *wanted):
    """A function that runs the layers of these kinds, each on what reaches it."""
    calls = [call for name, call in measure.layer_calls(net, batch).items()
             if kinds[type(net.get_submodule(name))] in wanted]  # fmt: skip
    return lambda: [call() for call in calls]


milliseconds = {
    kind: 1e3 * measure.latency(layers_of(dense, kind), seconds=0.1).median
    for kind in kinds.values()
}
gains = {
    kind: measure.latency_ratio(layers_of(dense, kind), layers_of(small, kind), seconds=0.3)
    for kind in kinds.values()
}

# %% [markdown]
# The bars of the small net are those of the dense one over the gain.

# %%
before = np.array([*milliseconds.values()])

# %%
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
of_others, of_all = layers_of(dense, *others), layers_of(dense, *kinds.values())
gain = measure.latency_ratio(of_others, layers_of(small, *others), seconds=0.6)
of_convs = measure.latency_ratio(layers_of(dense, "conv"), layers_of(small, "conv"), seconds=0.6)
share = measure.latency_ratio(of_others, of_all, seconds=0.5)

# %%
time_claim("3.h", "batch 64: pooling, BatchNorm and ReLU take over 30 % and gain 1.5 to 3 ×, "
           "the convs at least 1.2 times as much", share.above(0.3), gain.above(1.5),
           gain.below(3), (of_convs / gain).above(1.2))  # fmt: skip

# %% [markdown]
# ## 3.7 What does it cost in accuracy?
#
# Remove 25, 50 and 75 % of the filters of every conv. Then three stages:
#
# - **raw**: as it comes out,
# - **recalibrated** (重新校准): no weight changes, but BatchNorm estimates its means and variances anew
#   on 1,000 training digits; the old ones belonged to the net before,
# - **fine-tuned**: one epoch of training, then recalibrated.
#
# The dense nets train one epoch more as well, and every net that is compared with another is
# recalibrated first. What do you expect of recalibration alone at 50 %?

# %%
guess = predict("3.3", "Points that recalibration alone gains at 50 %?", None, unit="points")

# %% [markdown]
# Run the column of 50 % yourself, on your net.

# %%
thousand = tuple(part[:1000] for part in digits.train)
STAGES = ("raw", "recalibrated", "fine-tuned")


def recalibrated_accuracy(net):
    """Test accuracy in per cent, with BatchNorm's statistics brought up to date before."""
    training.recalibrate(net, thousand)
    return 100 * training.evaluate(net, digits.test)


halved = surgery.remove_filters(trained, half)
live = {"raw": 100 * training.evaluate(halved, digits.test)}
live["recalibrated"] = recalibrated_accuracy(copy.deepcopy(halved))
training.train(halved, digits, epochs=1, seed=100 + SEEDS[0])
live["fine-tuned"] = recalibrated_accuracy(halved)
for stage in STAGES:
    print(f"half removed, {stage:12s} ≈ {live[stage]:.1f} %")

# %% [markdown]
# And the twenty nets of the file, at all three levels:

# %%
LEVELS = (0.25, 0.5, 0.75)
dense_accuracy = stored[0.0, "fine-tuned"]

# %%
plotting.show(
    plotting.accuracy_curves(
        {s: np.stack([stored[level, s] for level in LEVELS], axis=1) / 100 for s in STAGES},
        LEVELS, "One epoch brings back most of what removing filters costs",
        dense=dense_accuracy.mean() / 100, xlabel="filters removed (% of each conv layer)",
    ),
    alt="Test accuracy against the part of the filters removed: raw falls far at 50 and 75 %, "
    "recalibrated lies between, fine-tuned stays close to the dense net up to 50 %.",
)  # fmt: skip

# %% [markdown]
# The band reaches from the worst to the best of the twenty. It is wide for the raw nets: which of
# their filters happen to matter is chance. The means, with the dense nets of as many epochs below:

# %%
table = pd.DataFrame({s: [f"≈ {stored[level, s].mean():4.1f} %" for level in LEVELS] for s in STAGES},
                     pd.Index([f"{100 * level:g} %" for level in LEVELS], name="filters removed"))  # fmt: skip
table.loc["none (dense)"] = ["", "", f"≈ {dense_accuracy.mean():4.1f} %"]
table

# %% [markdown]
# Recalibration, which costs no training at all, brings back a good part of it at 50 %, and one epoch
# most of the rest. What is then still missing grows with what was removed:

# %%
few = experiments.by_configuration("filters_removed", SEEDS)  # five nets; `make seeds` takes others
gain = intervals.paired_difference(stored[0.5, "recalibrated"], stored[0.5, "raw"])
lost = {level: intervals.paired_difference(dense_accuracy, stored[level, "fine-tuned"])
        for level in LEVELS}  # fmt: skip
guess.compare(gain.mean)
print(f"50 %, recalibrated − raw: {gain} points")
for level, difference in lost.items():
    print(f"{100 * level:g} %, dense − fine-tuned:  {difference} points")
behind = [(few[0.0, "fine-tuned"] - few[level, "fine-tuned"]).mean() for level in LEVELS]

# %%
claim(
    "3.j",
    "at 50 %, recalibration alone gains 16 to 31 points on average",
    within(gain, 16, 31),
)
claim("3.l", "fine-tuned, each level ends below dense: five nets at 25 % by up to 2 points, at 50 % by up to 3.5, "
      "at 75 % by 0.3 to 7",
      [all(difference.low > 0 for difference in lost.values()), within(behind[0], -1, 2),
       within(behind[1], -0.5, 3.5), within(behind[2], 0.3, 7)])  # fmt: skip

# %% [markdown]
# ### One net in one table
#
# Accuracy, bytes, FLOPs and time of *one* net: yours, dense; with half of its filters masked,
# trained on with the masks; and with the same half removed, as above. Does a net of 8, 16 and 32
# filters get faster at all?
#
# All three have three epochs behind them; what the dense net reads after its third is in the file.

# %%
one_net = {
    "dense": trained,
    "half masked": surgery.mask_filters(copy.deepcopy(trained), half),
    "half removed": halved,
}
training.train(one_net["half masked"], digits, epochs=1, seed=100 + SEEDS[0])
reads = {"dense": few[0.0, "fine-tuned"][0], "half removed": live["fine-tuned"]}
reads["half masked"] = recalibrated_accuracy(one_net["half masked"])
one_time = {
    (name, len(x)): measure.latency_ratio(
        lambda n=net, x=x: n(x), lambda x=x: one_net["dense"](x), seconds=0.6)
    for name, net in one_net.items() for x in (batch, single) if name != "dense"
}  # fmt: skip

# %% [markdown]
# The times are parts of the dense net's, measured in turns.


# %%
def share_of_time(name, size):
    return f"≈ {100 * one_time[name, size].median:4.0f} %" if name != "dense" else "100 %"


pd.DataFrame(
    {
        "accuracy": [f"≈ {reads[name]:.1f} %" for name in one_net],
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
claim("3.x", "masked or removed, one epoch later your net reads the same within 2 points, "
      "and what the file says within 3",
      abs(reads["half masked"] - reads["half removed"]) < 2
      and abs(reads["half removed"] - few[0.5, "fine-tuned"][0]) < 3)  # fmt: skip

# %% [markdown]
# ### Was it worth training the large net first?
#
# Here are its rivals: nets of half the width, 4-8-16, trained from scratch (从头训练). The pruned net has
# had two thirds of its epochs at full width. So what is fair?
#
# - **as many epochs**: the small net trains as many as the pruned one in all,
# - **as many FLOPs**: a step of the small net costs less, so it may take more of them, until its
#   training has cost what that of the pruned net has,
# - **only the last third**: you have a trained net at hand, and as much time as the pruned one gets
#   after its cut.
#
# Few seeds cannot tell nets apart that are so close. `make sweep` has run eight, with three epochs in
# all and with nine. Who will be ahead?

# %%
guess = predict("3.4", "Points, pruned − from scratch, nine epochs each?", None, unit="points")

# %% [markdown]
# The mean differences with their 95 % intervals. A filled dot: the interval leaves out 0.

# %%
runs = experiments.by_configuration("from_scratch")
RIVALS = {"as many epochs": "scratch", "as many FLOPs": "scratch, equal FLOPs",
          "only the last third": "scratch, last third", "the dense net": "dense"}  # fmt: skip
worth = {
    (name, epochs): intervals.paired_difference(runs["pruned", epochs], runs[rival, epochs])
    for name, rival in RIVALS.items() for epochs in (3, 9) if (rival, epochs) in runs
}  # fmt: skip
guess.compare(worth["as many epochs", 9].mean)

# %%
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

# %%
claim("3.m", "with as many epochs, three or nine, eight seeds do not tell the two apart",
      not any(worth["as many epochs", epochs].excludes_zero for epochs in (3, 9)))  # fmt: skip
claim("3.y", "three epochs: with as many FLOPs the small net is 1.1 to 2.4 points ahead on average",
      [worth["as many FLOPs", 3].high < 0, within(worth["as many FLOPs", 3], -2.4, -1.1)])  # fmt: skip
claim("3.z", "with only the last third to train, small from scratch is behind, by 1.3 to 3.8 points after one "
      "epoch and by less after three",
      [worth["only the last third", 9].low > 0, within(worth["only the last third", 3], 1.3, 3.8),
       worth["only the last third", 9].mean < worth["only the last third", 3].mean])  # fmt: skip

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

# %%
plotting.show(
    plotting.mask_panels(
        {"x": x_keeps, "conv(conv(x))": block_keeps, "their sum": x_keeps | block_keeps},
        "Two different choices added: no channel of the sum is free to go", height=1.4,
    ),
    alt="Three masks of four channels: x lacks the second, the block lacks the third, and their sum "
    "has all four.",
)  # fmt: skip

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


resnet = train_resnet(SEEDS[0])
print("free to go:", ", ".join(surgery.filter_layers(resnet)))
try:
    surgery.remove_filters(resnet, {"block1.conv2": torch.arange(16) >= 8})
except ValueError as error:
    print(f"{error}")

# %% [markdown]
# Inside a block nothing is tied. For the rest, the package `torch_pruning` (Fang and others, 2023)
# builds a dependency graph: ask it to remove three filters of one conv, and it lists what must go
# with them. (`remove_filters` asks it, too, as soon as you pass an example.)
#
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
tied = {"stem.0", "block1.conv2", "block2.conv2"}

# %%
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
# How good is such a net once it is pruned? Halve it in two ways: with your filter norms inside the
# blocks, where nothing is tied, and with `MagnitudePruner`, which walks through the groups and takes
# half of *all* channels; the classifier's ten outputs are protected. A third net loses three quarters
# of the filters inside its blocks.


# %%
def half_of_the_channels(net):
    slim = copy.deepcopy(net)
    tp.pruner.MagnitudePruner(
        slim, single, importance=tp.importance.MagnitudeImportance(p=2), pruning_ratio=0.5,
        ignored_layers=[slim.classifier],
    ).step()  # fmt: skip
    return slim


slim = half_of_the_channels(resnet)
parts = {
    "dense": resnet,
    "half inside the blocks": surgery.remove_filters(resnet, keep_by_norm(resnet, 0.5)),
    "three quarters inside the blocks": surgery.remove_filters(resnet, keep_by_norm(resnet, 0.75)),
    "half of all channels": slim,
}
cost = {
    kind: (measure.flops(net, single), measure.count_parameters(net)) for kind, net in parts.items()
}
left = {kind: np.divide(cost[kind], cost["dense"]) for kind in parts}
pd.DataFrame(
    {"FLOPs left": [f"{flops:.0%}" for flops, _ in left.values()],
     "parameters": [f"{cost[kind][1]:,}" for kind in parts]},
    index=pd.Index(parts, name="TinyResNet"),
)  # fmt: skip

# %% [markdown]
# So the last two cost nearly the same, half of all channels a little less. Train each for one epoch
# more. Which reads better?
#
# The file has eight nets of each kind. Each went through the three stages of section 3.7; so did the
# dense ones, which were never cut.

# %%
resnets = experiments.by_configuration("residual")

# %%
plotting.show(
    plotting.grouped_bars(
        {s: np.stack([resnets[kind, s] for kind in parts], axis=1) for s in STAGES},
        ["dense", "half inside", "three quarters inside", "half of all"],
        "The two on the right cost nearly the same, and end alike",
        ylabel="test accuracy (%)",
    ),
    alt="Test accuracy raw, recalibrated and fine-tuned: dense residual nets gain by recalibration "
    "alone; pruned ones fall far and come back after one epoch, the last two kinds to the same height.",
)  # fmt: skip

# %% [markdown]
# Look at the dense nets first: recalibration alone lifts them, and no weight has changed. In training
# BatchNorm uses the mean and variance of each batch; what it keeps for later is an average over the
# steps before. While the weights still move fast, that average belongs to nets that are gone. In the
# plain net above it hardly shows; here it would drown everything that pruning does. So every net that
# is compared is recalibrated before. The means:

# %%
table = pd.DataFrame({s: [resnets[kind, s].mean() for kind in parts] for s in STAGES},
                     pd.Index(parts, name=f"{len(resnets['dense', 'raw'])} nets each"))  # fmt: skip
tables.approximate(table, dict.fromkeys(table, "{:5.1f} %"))

# %% [markdown]
# Right after the cut much is lost, also with BatchNorm up to date; one epoch brings most of it back, and
# not all. The differences, seed by seed:


# %%
def between(kind, rival, stage="fine-tuned"):
    return intervals.paired_difference(resnets[kind, stage], resnets[rival, stage])


all_of_it, inside = "half of all channels", "three quarters inside the blocks"
pairs = {f"dense − {kind}": between("dense", kind) for kind in parts if kind != "dense"}
pairs["three quarters inside − half of all"] = between(inside, all_of_it)
pairs["… before the epoch, recalibrated"] = between(inside, all_of_it, "recalibrated")
for name, difference in pairs.items():
    print(f"{name:40s} {difference} points")

# %% [markdown]
# Halving the blocks inside loses least, and saves least. Of the other two, the cut inside the blocks
# does less damage at first, since the channels that run through the whole net stay; one epoch later
# eight nets no longer tell the two apart.

# %%
up_to_date = intervals.paired_difference(resnets["dense", "recalibrated"], resnets["dense", "raw"])
behind = between("dense", all_of_it)

# %%
claim("3.p", "25 to 30 % of FLOPs and parameters are left without half of all channels, 27 to 33 % "
      "without three quarters inside the blocks",
      all(0.25 < part < 0.3 for part in left[all_of_it])
      and all(0.27 < part < 0.33 for part in left[inside]))  # fmt: skip
claim("3.v", "recalibration alone gains the dense residual nets 8 to 31 points on average",
      within(up_to_date, 8, 31))  # fmt: skip
claim("3.q", "half of all channels, one epoch: the nets end 3.2 to 6.8 points behind their dense twins",
      [behind.low > 0, within(behind, 3.2, 6.8)])  # fmt: skip
claim("3.n", "at nearly equal FLOPs the cut inside is ahead before the epoch; after it eight nets tell no difference",
      between(inside, all_of_it, "recalibrated").low > 0
      and not between(inside, all_of_it).excludes_zero)  # fmt: skip

# %% [markdown]
# Do not trust a file: your own net, dense, and one epoch after it lost half of all channels.

# %%
dense_now = [100 * training.evaluate(resnet, digits.test), recalibrated_accuracy(resnet)]
training.train(slim, digits, epochs=1, seed=100 + SEEDS[0])
of_seed = experiments.by_configuration("residual", SEEDS[:1])
own = pd.DataFrame(
    {"live": [*dense_now, recalibrated_accuracy(slim)],
     "file": [of_seed[key][0] for key in
              (("dense", "raw"), ("dense", "recalibrated"), (all_of_it, "fine-tuned"))]},
    index=["dense, raw", "dense, recalibrated", "half of all channels, fine-tuned"],
)  # fmt: skip
tables.approximate(own, dict.fromkeys(own, "{:5.1f} %"))

# %%
claim("3.k", "your residual nets, recalibrated, read what the file says, within 3 points",
      (own["live"] - own["file"]).abs()[1:].max() < 3)  # fmt: skip

# %% [markdown]
# **Explore the masks of a conv layer.** Each row is a filter, laid flat.

# %%
from course_utils import explore

explore.show(explore.mask_explorer(trained.blocks[1][0].weight))

# %% [markdown]
# **Explore the surgery.** Switch filters of a layer off and on, and see what hangs on them in the next
# layer, how many parameters and FLOPs go, and what is left of the validation accuracy. Find a filter
# that costs nothing, and one that costs points.

# %%
surgeon = explore.surgery_explorer(trained, digits)
surgeon.controls["filter 1"].value = False
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
# **My small net computes something else than the masked one. Where is the fault?** A wrong shape stops the
# net at once; channels that are taken for others do not. Try each layer alone, on an input that is known
# to be right.
#
# > ### Exercise 3.7 · Find the fault in a pruned net
# > difficulty ★★★ · importance ★★★ · 8 minutes
# >
# > Write `faulty_layers(dense, small, kept, x)`: `dense` and `small` are an `nn.Sequential` of the same
# > kinds of layers, before and after filters were removed. The boolean `kept[i]` says which outputs of
# > layer i stay: channels, columns behind `flatten`, in the last layer all. In a right small net each
# > layer puts out what the dense layer does for those that stay, when everything that is gone is 0 behind
# > *every* dense layer. Return a list of the numbers of the layers that do not, within 1e-4, from 0 and in
# > order. Hand each layer the right input, so that no fault hides behind another. In eval mode; leave no
# > net in train mode that came in eval mode, and change nothing else.


# %%
def faulty_layers(dense, small, kept, x):
    """Two nn.Sequential, a boolean vector for each layer, a batch. Returns a list of numbers."""
    ### BEGIN SOLUTION
    dense.eval()
    small.eval()
    faults, given = [], x
    with torch.no_grad():
        for number, layer in enumerate(dense):
            out = layer(x)
            right = out[:, kept[number]]
            if (small[number](given) - right).abs().max() > 1e-4:
                faults.append(number)
            given = right
            x = torch.zeros_like(out)
            x[:, kept[number]] = right
    return faults
    ### END SOLUTION


faulty_layers = ex.faulty_layers.check(faulty_layers)

# %% [markdown]
# Plant two faults in the net that lost filters by `quarter`: BatchNorm of the second block gets the
# running means of the first channels, whichever stay, and the classifier takes its columns in turns.


# %%
def chain(net):
    layers = (layer for block in net.blocks for layer in block)
    return nn.Sequential(*layers, nn.Flatten(), net.classifier)


per_block = [*quarter.values()]
kept = [stays for stays in per_block for _ in range(4)]
kept += [per_block[-1].repeat_interleave(9), torch.ones(10).bool()]
broken = surgery.remove_filters(trained, quarter)
with torch.no_grad():
    means = broken.blocks[1][1].running_mean
    means.copy_(trained.blocks[1][1].running_mean[: len(means)])
    broken.classifier.weight.copy_(trained.classifier.weight[:, per_block[-1].repeat(9)])
for number in faulty_layers(chain(trained), chain(broken), kept, batch):
    print(number, type(chain(broken)[number]).__name__)

# %% [markdown]
# **I put a layer into `ignored_layers` and it was pruned anyway. Why?** Ignoring a layer protects its
# outputs. Its *inputs* shrink with the layer that feeds it. Look at the classifier of the slim net,
# which was ignored.

# %%
print("classifier before:", tuple(resnet.classifier.weight.shape))
print("classifier after: ", tuple(slim.classifier.weight.shape))

# %% [markdown]
# **Is pruning a residual net only inside its blocks good enough?** It is safe, and it spares you the
# tied channels. But the channels that run through the whole net stay at full width, and with them their
# share of the work. Section 3.8 has both ways side by side: at nearly equal FLOPs, eight nets do not
# tell them apart after one epoch.

# %% [markdown]
# ## 3.10 Further: how many filters suit the processor?
#
# This section is optional and not counted in the minutes.
#
# Filters go one by one, and the FLOPs shrink with each of them. Does the time? A processor multiplies
# several numbers at once. So the library behind PyTorch's convs lays the channels out in blocks: of
# eight where a register holds eight numbers (AVX2), of sixteen with AVX-512. Take a 3×3 conv with as
# many filters as input channels, on maps of 7×7 positions.
#
# From 24 to 40 channels, each in turns with 32, for 64 pictures at once and for one:

# %%
COUNTS = (24, 25, 32, 33, 40)


def layer_call(channels, images):
    conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
    x = torch.rand(images, channels, 7, 7)
    return lambda: conv(x)


ladder = {
    (images, count): measure.latency_ratio(
        layer_call(count, images), layer_call(32, images), seconds=0.2)
    for images in (64, 1) for count in COUNTS
}  # fmt: skip

# %% [markdown]
# The dashed line is what the FLOPs promise. Where is the step?

# %%
step = ladder[64, 33].median > 1.2

# %%
plotting.show(
    plotting.line_curves(
        {
            "FLOPs": [(count / 32) ** 2 for count in COUNTS],
            "time, batch 64": [ladder[64, count].median for count in COUNTS],
            "time, batch 1": [ladder[1, count].median for count in COUNTS],
        },
        COUNTS,
        "At batch 64 the time goes up in steps" if step else "No step on this processor",
        xlabel="channels in and out", ylabel="relative to 32 channels (×)",
    ),
    alt="Time and FLOPs of a conv layer from 24 to 40 channels: at batch 64 the time is level from 25 to "
    "32 channels and from 33 on, with a jump between them; at batch 1 it rises evenly.",
)  # fmt: skip

# %% [markdown]
# Where a step stands belongs to the processor. On the machine of this page 33 channels cost about as
# much as 40: they, too, are laid out in five blocks of eight, the last one filled up with zeros
# (`torch.backends.mkldnn.verbose` prints the layouts). For a single picture PyTorch takes another
# kernel, without blocks, and the time rises evenly.

# %%
alone = measure.latency_ratio(layer_call(33, 1), layer_call(32, 1))
more = measure.latency_ratio(layer_call(33, 64), layer_call(32, 64))
forty = measure.latency_ratio(layer_call(40, 64), layer_call(33, 64))
print(f"33 channels against 32: {more}")
print(f"40 channels against 33: {forty}")

# %%
time_claim("3.i", "batch 64: 33 channels take over 1.2 × the time of 32, and 40 less than 1.2 × that of 33; "
           "batch 1: 33 take less than 1.2 ×",
           more.above(1.2), forty.below(1.2), alone.below(1.2))  # fmt: skip

# %% [markdown]
# So tools for pruning can round the number of filters (`round_to` in `torch_pruning`), upwards as a
# rule, which costs FLOPs. Take a trained net of 16, 32 and 64 filters, and remove 30 % of each conv:
# as counted, rounded to the nearest multiple of eight, and rounded up. What do you gain by rounding up?
#
# Time and FLOPs need the shapes only:

# %%
from course_utils.experiments import rounded

shapes = {way: [rounded.filters_left(n, way) for n in rounded.WIDE] for way in rounded.WAYS}
of_a_shape = {way: models.ConvNet(tuple(shape)).eval() for way, shape in shapes.items()}
costs = {way: measure.flops(net, single) for way, net in of_a_shape.items()}
beside = {
    (way, len(x)): measure.latency_ratio(
        lambda n=net, x=x: n(x), lambda x=x: of_a_shape["as counted"](x), seconds=1)
    for way, net in of_a_shape.items() for x in (batch, single) if way.startswith("rounded")
}  # fmt: skip

# %% [markdown]
# The file knows what eight nets of each shape read, one epoch after the cut. FLOPs and times are parts
# of those of the net as counted.

# %%
read = {way: values for (way,), values in experiments.by_configuration("rounded").items()}


def part_of(way, images):
    return f"≈ {beside[way, images].median:.2f} ×" if (way, images) in beside else ""


pd.DataFrame(
    {
        "filters": ["-".join(map(str, shape)) for shape in shapes.values()],
        "FLOPs": [f"{costs[way] / costs['as counted']:.2f} ×" for way in shapes],
        "time, batch 64": [part_of(way, 64) for way in shapes],
        "time, batch 1": [part_of(way, 1) for way in shapes],
        "accuracy": [f"≈ {read[way].mean():.1f} %" for way in shapes],
    },
    index=pd.Index(shapes, name="16-32-64 without 30 %"),
)

# %% [markdown]
# Rounded to the nearest, the net has nearly the same FLOPs and is faster at batch 64, but it reads a
# little less. Rounded up, it takes less time than its FLOPs would have it, and what it gains in accuracy
# eight nets cannot tell from nothing.

# %%
ahead = {way: intervals.paired_difference(read[way], read["as counted"]) for way in shapes}
for way in ("rounded", "rounded up"):
    print(f"{way:10s} − as counted: {ahead[way]} points")
print(
    f"rounded up − rounded:    {intervals.paired_difference(read['rounded up'], read['rounded'])} points"
)

# %%
time_claim("3.c", "batch 64: rounded to the nearest eight the net takes less than 0.95 × its time as counted, "
           "rounded up at most 0.95 × what its FLOPs would have it take",
           beside["rounded", 64].below(0.95),
           beside["rounded up", 64].below(0.95 * costs["rounded up"] / costs["as counted"]))  # fmt: skip
claim("3.w", "rounding up takes 1.3 to 1.5 × the FLOPs, and eight nets show no gain in accuracy; to the "
      "nearest costs a fraction of a point",
      1.3 < costs["rounded up"] / costs["as counted"] < 1.5 and not ahead["rounded up"].excludes_zero
      and -0.5 < ahead["rounded"].low < ahead["rounded"].high < 0)  # fmt: skip

# %% [markdown]
# So measure your own ladder first, and put the numbers of filters *on* its steps, downwards as well as
# upwards.
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
