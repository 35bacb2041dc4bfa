# %% [markdown]
# # 02 · Unstructured pruning
#
# Unstructured pruning (非结构化剪枝) cuts single weights, wherever they are. This lesson decides
# which ones, how many in each layer, and how to get the accuracy back.
#
# **You will be able to**
#
# - write a magnitude mask with exactly the right count, and one threshold for a whole net,
# - scan how sensitive each layer is and spend a budget accordingly,
# - fine-tune (微调) without bringing the zeros back, and say what it recovers,
# - save a pruned model so that it loads,
# - say what a sparse net saves on your machine, in bytes and in time, and what that hangs on.
#
# **Time**: 75 minutes.

# %%
import torch

from course_utils import data, masks, measure, models, plotting, pruning, training
from course_utils.lesson import claim, desk, predict, tables, time_claim, within

desk.check("02", edition="EDITION")
digits = data.load_mnist()
SEEDS = (0, 1, 2, 3, 4)

# %% [markdown]
# ## 2.1 Magnitude: the smallest weights go
#
# A weight close to zero adds little to the sum it is part of. So take its size |w|, its **magnitude**
# (幅值), as its importance, and prune the smallest ones. That is the simplest idea there is; lesson 05
# sets others against it.
#
# Train three nets, each from another seed, so that no result hangs on one lucky start.


# %%
import numpy as np


def train_dense(seed):
    training.seed_everything(seed)
    net = models.LeNet300()
    training.train(net, digits, epochs=10, seed=seed)
    return net


dense_nets = [train_dense(seed) for seed in SEEDS[:3]]
dense_accuracy = np.array([training.evaluate(net, digits.test) for net in dense_nets])
print("test accuracy:", ", ".join(f"≈ {100 * a:.1f} %" for a in dense_accuracy))

# %% [markdown]
# Now look at the weights of the first net. The hatched band holds the 80 % of *all* weights that are
# smallest; each panel says which part of its layer falls into the band.

# %%
import copy

import pandas as pd

weights = pruning.weights(dense_nets[0])
magnitudes = torch.cat([weight.abs().flatten() for weight in weights.values()])
threshold = magnitudes.kthvalue(round(0.8 * magnitudes.numel())).values.item()


def part_above(net):
    """{layer: per cent of its weights above the one threshold for 80 % of all}."""
    pruned = pruning.prune_model(copy.deepcopy(net), 0.8)
    return {n: 100 - 100 * masks.sparsity(w) for n, w in pruning.weights(pruned).items()}


above = pd.DataFrame([part_above(net) for net in dense_nets]).mean()

# %%
plotting.show(
    plotting.weight_histogram(
        weights, "One threshold cuts the first layer hardest, the last one least", threshold
    ),
    alt="Histograms of the weights of the three layers with the band of the smallest 80 % of all "
    "weights: most of the first layer lies in the band, less of the second, least of the "
    "third.",
)
claim("2.a", "on average it leaves 12 to 19 % of fc1, 40 to 62 % of fc2 and 70 to 97 % of fc3",
      [within(above["fc1"], 12, 19), within(above["fc2"], 40, 62), within(above["fc3"], 70, 97)])  # fmt: skip

# %% [markdown]
# Why are the weights of fc1 so small? PyTorch draws the first weights of a layer with k inputs evenly
# from −1/√k to 1/√k: many inputs, small weights. Compare the mean magnitude at the start with the one
# after ten epochs.

# %%
rows = []
for seed, net in zip(SEEDS, dense_nets):
    training.seed_everything(seed)
    at_start = pruning.weights(models.LeNet300())
    for name, weight in pruning.weights(net).items():
        k = weight.shape[1]
        means = [w.abs().mean().item() for w in (at_start[name], weight)]
        rows.append((name, k, k**-0.5, *means))
columns = ["layer", "inputs k", "1/√k", "mean |w| at the start", "mean |w| trained"]
mean_sizes = pd.DataFrame(rows, columns=columns).groupby("layer").mean()
grown = mean_sizes["mean |w| trained"] / mean_sizes["mean |w| at the start"]
tables.approximate(mean_sizes.round(4), dict.fromkeys(columns[3:], "{:6.4f}"))

# %%
claim("2.r", "ten epochs make fc1's mean magnitude 1 to 1.5 × as large, fc3's 2.5 to 4.2 ×",
      [within(grown["fc1"], 1, 1.5), within(grown["fc3"], 2.5, 4.2)])  # fmt: skip

# %% [markdown]
# fc1 starts with the smallest weights, and training changes their mean little. fc3 starts with larger
# ones, and training makes them larger still. So one threshold goes by two things at once: what
# training did, and how the layers happened to start. Section 2.7 takes the two apart.
#
# A threshold is not enough to prune an exact number, since weights can be equal (think of a net that
# is already pruned: all its zeros tie). The course counts as `torch.nn.utils.prune` does: exactly
# round(sparsity · n) weights go. Of equal ones the course takes those that stand first. PyTorch
# promises no order there.
#
# > ### Exercise 2.1 · A magnitude mask
# > difficulty ★★☆ · importance ★★★ · 8 minutes
# >
# > Write `magnitude_mask(weight, sparsity)`: a boolean mask in the weight's shape, True = kept, that
# > prunes exactly round(sparsity · n) weights of smallest |w|, the first of equal ones first. The
# > weights are finite numbers, of any shape and in any order in memory, and stay as they are.


# %%
from course_utils.exercises import lesson02 as ex


def magnitude_mask(weight, sparsity):
    """weight: any shape. sparsity: 0 to 1. Returns the mask, boolean, True = kept."""
    ### BEGIN SOLUTION
    magnitudes = weight.abs().flatten()
    count = round(sparsity * magnitudes.numel())
    smallest_first = magnitudes.argsort(stable=True)
    mask = torch.ones_like(magnitudes, dtype=torch.bool)
    mask[smallest_first[:count]] = False
    return mask.reshape(weight.shape)
    ### END SOLUTION


magnitude_mask = ex.magnitude_mask.check(magnitude_mask)

# %% [markdown]
# PyTorch's own function is `prune.l1_unstructured`. The source gives the example of a 10 × 10 layer
# and `amount=0.5`. Compare mask with mask, there and on the 235,200 weights of a real layer.

# %%
from torch import nn
from torch.nn.utils import prune

layer = nn.Linear(10, 10)
prune.l1_unstructured(layer, "weight", amount=0.5)
zeros = int((layer.weight == 0).sum())

real = copy.deepcopy(dense_nets[0].fc1)
prune.l1_unstructured(real, "weight", amount=0.8)
agree = torch.equal(real.weight_mask.bool(), magnitude_mask(real.weight_orig, 0.8))

print(f"zeros in the 10 × 10 layer: {zeros} of 100; your mask agrees on fc1: {agree}")

equal = nn.Linear(16, 1)
nn.init.ones_(equal.weight)
prune.l1_unstructured(equal, "weight", amount=0.5)
gone = (equal.weight_mask[0] == 0).nonzero().flatten()
print(f"of 16 equal weights PyTorch pruned 8, here places ≈ {gone.min()} to ≈ {gone.max()}")

# %%
claim(
    "S3",
    "l1_unstructured prunes 50 of 100 weights, and your mask is its mask on a real layer",
    zeros == 50 and agree,
    verdict="holds",
)

# %% [markdown]
# So your mask is PyTorch's where nothing ties; where weights are equal, both prune as many, perhaps
# others.
#
# You sorted all weights to find the smallest. Finding *which k are smallest* needs no order among
# them. A selection does it in time proportional to n: PyTorch's `kthvalue` on average (weights that
# happen to be sorted can make it far slower), NumPy's `partition` always. `course_utils.masks` uses
# the latter; press Shift-Tab on `masks.mask_from_scores` to read how it handles ties.
#
# ## 2.2 Per layer or global
#
# *Per layer*: each layer loses the same fraction. *Global*: one threshold for all weights, so a layer
# of small weights loses more.
#
# > ### Exercise 2.2 · One threshold for all layers
# > difficulty ★★☆ · importance ★★★ · 6 minutes
# >
# > Write `global_masks(weights, sparsity)`: for a dictionary name → weight, a dictionary name → mask
# > that prunes round(sparsity · N) of all N weights together, of equal ones those of the earlier layer
# > first. Use your `magnitude_mask`. The weights stay as they are.


# %%
def global_masks(weights, sparsity):
    """weights: {name: tensor}. Returns {name: mask}, pruned by one threshold over all of them."""
    ### BEGIN SOLUTION
    everything = torch.cat([weight.flatten() for weight in weights.values()])
    mask = magnitude_mask(everything, sparsity)
    pieces = mask.split([weight.numel() for weight in weights.values()])
    return {
        name: piece.reshape(weight.shape) for (name, weight), piece in zip(weights.items(), pieces)
    }
    ### END SOLUTION


global_masks = ex.global_masks.check(global_masks)

# %% [markdown]
# `prune.global_unstructured` does the same for a list of (layer, name) pairs. The table shows what
# one threshold at 80 % takes from each layer.

# %%
by_torch = copy.deepcopy(dense_nets[0])
pairs = [(layer, "weight") for layer in pruning.prunable(by_torch).values()]
prune.global_unstructured(pairs, pruning_method=prune.L1Unstructured, amount=0.8)
yours = global_masks(weights, 0.8)
print("equal to prune.global_unstructured:",
      all(yours[n].equal(m) for n, m in pruning.masks_of(by_torch).items()))  # fmt: skip
tables.approximate(pruning.report(by_torch), {"zeros": "{:7,d}", "sparsity": "{:6.1%}"})

# %% [markdown]
# The first layer, with nine tenths of the weights, gives nearly all of the zeros. The last layer
# keeps most of its own.
#
# ## 2.3 What does it cost, before any repair?
#
# Prune to 95 %, per layer and globally, and read the test accuracy at once, without training on.
# What do you expect?

# %%
guess_layer = predict("2.1", "Test accuracy at 95 % per layer, no fine-tuning?", None, unit="%")

# %% [markdown]
# Every net is pruned to five sparsities in both ways.

# %%
SPARSITIES = [0.5, 0.8, 0.9, 0.95, 0.99]
SCOPES = {"global": "global", "per layer": "layer"}

pruned_nets = {
    name: [
        [pruning.prune_model(copy.deepcopy(net), s, scope=scope) for s in SPARSITIES]
        for net in dense_nets
    ]
    for name, scope in SCOPES.items()
}


def test_accuracy(nets):
    """Test accuracies of nets in rows (seeds) and columns (sparsities)."""
    return np.array([[training.evaluate(net, digits.test) for net in row] for row in nets])


before = {name: test_accuracy(nets) for name, nets in pruned_nets.items()}

# %% [markdown]
# Each line is the mean of three seeds; the band reaches from the worst to the best.


# %%
def mean_at(sparsity, runs):
    """Mean over the seeds at one sparsity, in per cent."""
    return 100 * runs[:, SPARSITIES.index(sparsity)].mean()


guess_layer.compare(mean_at(0.95, before["per layer"]))
dense_mean = 100 * dense_accuracy.mean()
cost = dense_mean - mean_at(0.8, before["global"])
gap = mean_at(0.95, before["global"]) - mean_at(0.95, before["per layer"])

# %%
plotting.show(
    plotting.accuracy_curves(
        before, SPARSITIES, "Before fine-tuning, one global threshold costs far less",
        dense=dense_accuracy.mean(),
    ),
    alt="Test accuracy against sparsity before fine-tuning: both lines start at the dense accuracy, "
    "the per-layer line falls steeply from 80 % sparsity on, the global one from 95 % on.",
)  # fmt: skip
claim("2.b", "before fine-tuning, global costs −1 to 2 points at 80 %, and per layer costs 5 to 50 "
      "points more at 95 %",
      [within(cost, -1, 2), within(gap, 5, 50)])  # fmt: skip

# %% [markdown]
# Both nets have the same number of zeros. What differs is *where* they are: per layer also cuts 95 %
# of the few large weights of the last layer.
#
# ## 2.4 How sensitive is each layer?
#
# Prune one layer alone, measure, put it back, go on with the next: a **sensitivity scan**. It is a
# choice that you prepare here, so measure on the *validation* part.
#
# > ### Exercise 2.3 · A sensitivity scan
# > difficulty ★★☆ · importance ★★☆ · 6 minutes
# >
# > Write `sensitivity_scan(weights, accuracy_of, sparsities)`. `accuracy_of` measures a dictionary of
# > the weights of *all* layers. Return {name: {sparsity: accuracy}}, each with that layer alone pruned
# > by magnitude. The sparsities come in any order; the weights stay as they are.


# %%
def sensitivity_scan(weights, accuracy_of, sparsities):
    """weights: {name: tensor}. Returns {name: {sparsity: accuracy with only that layer pruned}}."""
    ### BEGIN SOLUTION
    scan = {}
    for name, weight in weights.items():
        scan[name] = {}
        for sparsity in sparsities:
            trial = dict(weights)
            trial[name] = weight * magnitude_mask(weight, sparsity)
            scan[name][sparsity] = accuracy_of(trial)
    return scan
    ### END SOLUTION


sensitivity_scan = ex.sensitivity_scan.check(sensitivity_scan)

# %% [markdown]
# Scan the three nets. `accuracy_of` puts the weights into a copy of the net and reads the validation
# accuracy. Which layer suffers first?

# %%
LEVELS = [0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97]


def validation_accuracy(net, weights):
    trial = copy.deepcopy(net)
    for name, layer in pruning.prunable(trial).items():
        layer.weight.data = weights[name]
    return training.evaluate(trial, digits.val)


scans = [
    sensitivity_scan(pruning.weights(net), lambda w, net=net: validation_accuracy(net, w), LEVELS)
    for net in dense_nets
]

# %% [markdown]
# One line a layer: the mean of the three nets, with the spread.

# %%
curves = {
    name: np.array([list(scan[name].values()) for scan in scans]) for name in ("fc1", "fc2", "fc3")
}
at_90 = {name: runs[:, LEVELS.index(0.9)].mean() for name, runs in curves.items()}
most_sensitive = min(at_90, key=at_90.get)

# %%
plotting.show(
    plotting.accuracy_curves(
        curves, LEVELS, "The small last layer is the most sensitive one",
        ylabel="validation accuracy (%)",
    ),
    alt="Validation accuracy when one layer alone is pruned: fc1 and fc2 lose little for long, "
    "fc3 falls earlier and further.",
)  # fmt: skip
claim("2.d", "at 90 % of one layer alone, fc3 loses the most", most_sensitive == "fc3")

# %% [markdown]
# fc3 holds 1,000 of 266,200 weights. Pruning it saves next to nothing and costs the most, so why do
# it? Spend the budget where it is cheap.
#
# > ### Exercise 2.4 · Sparsities under a budget
# > difficulty ★★★ · importance ★★☆ · 10 minutes
# >
# > Write `choose_sparsities(scan, sizes, budget)`: ask the same accuracy (a *floor*) of every layer
# > and give each its largest scanned sparsity that still reaches it, 0.0 if none does. Take the
# > highest floor, among the accuracies in the scan, at which at least the fraction `budget` of all
# > weights goes; of a layer that is sparsity · size, unrounded. Return {name: sparsity}. Raise
# > `ValueError` if no floor reaches the budget. A curve may dip, and no dictionary need be sorted.


# %%
def choose_sparsities(scan, sizes, budget):
    """scan: {name: {sparsity: accuracy}}, sizes: {name: weights}. Returns {name: sparsity}."""
    ### BEGIN SOLUTION
    floors = sorted({accuracy for curve in scan.values() for accuracy in curve.values()})
    for floor in reversed(floors):
        choice = {
            name: max((s for s, accuracy in curve.items() if accuracy >= floor), default=0.0)
            for name, curve in scan.items()
        }
        zeros = sum(choice[name] * sizes[name] for name in choice)
        if zeros >= budget * sum(sizes.values()):
            return choice
    raise ValueError(f"no choice of the scanned sparsities reaches {budget:.0%}")
    ### END SOLUTION


choose_sparsities = ex.choose_sparsities.check(choose_sparsities)

# %% [markdown]
# Is the choice worth the trouble? Choose for a budget of 90 %, on validation data. The choice has the
# steps of the scan, so it goes over the budget; per layer and global get exactly its total. Compare on
# the test part, all without fine-tuning.

# %%
sizes = {name: weight.numel() for name, weight in weights.items()}
rows, choices = [], []
for net, scan in zip(dense_nets, scans):
    choice = choose_sparsities(scan, sizes, 0.9)
    chosen = copy.deepcopy(net)
    by_layer = {n: magnitude_mask(w, choice[n]) for n, w in pruning.weights(net).items()}
    pruning.apply_masks(chosen, by_layer)
    total = masks.sparsity(chosen)
    rivals = {
        scope: pruning.prune_model(copy.deepcopy(net), total, scope=scope)
        for scope in ("layer", "global")
    }
    results = {"chosen": chosen, "per layer": rivals["layer"], "global": rivals["global"]}
    rows.append({n: 100 * training.evaluate(m, digits.test) for n, m in results.items()})
    choices.append({name: 100 * s for name, s in choice.items()} | {"together": 100 * total})

seeds = pd.Index(SEEDS[:3], name="seed")
tables.approximate(pd.DataFrame(choices, seeds), dict.fromkeys(choices[0], "{:5.1f} %"))

# %% [markdown]
# These are the sparsities that the scan chose. Now the accuracies.

# %%
comparison = pd.DataFrame(rows, seeds)
tables.approximate(comparison, dict.fromkeys(comparison, "{:5.1f} %"))

# %% [markdown]
# Look down the columns: does the choice beat the same sparsity for every layer in every row? And
# does it beat the global threshold?

# %%
gain = comparison["chosen"] - comparison["per layer"]
against_global = comparison["chosen"] - comparison["global"]
print(f"chosen − per layer: ≈ {gain.mean():5.1f} points on average")
print(f"chosen − global:    ≈ {against_global.mean():5.1f} points on average")

# %%
claim("2.e", "on average the scan's choice beats equal sparsities, and does not beat one global threshold "
      "by a point",
      gain.mean() > 0 and against_global.mean() < 1)  # fmt: skip

# %% [markdown]
# The scan finds by measuring what the global threshold gets for free here: leave fc3 alone. Where
# layers have weights of very different scale, the global threshold goes wrong and the scan does not:
# section 2.10 measures both.
#
# ## 2.5 Fine-tune, and keep the zeros
#
# Training on after pruning lets the weights that are left make up for those that are gone. But the
# optimiser must not bring the zeros back. PyTorch's SGD computes, for velocity v and weight decay λ,
#
# $$v \leftarrow \text{momentum} \cdot v + \frac{\partial L}{\partial W} + \lambda W, \qquad
# W \leftarrow W - \text{lr} \cdot v$$
#
# > ### Exercise 2.5 · A step that keeps the zeros
# > difficulty ★★☆ · importance ★★★ · 6 minutes
# >
# > Write `sgd_step(weight, mask, gradient, velocity, lr, momentum, weight_decay)`: return the new
# > weight after one such step, in which every pruned weight is exactly 0, whatever it was before. The
# > velocity is not returned; all arguments stay as they are.


# %%
def sgd_step(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    """Tensors of one shape and three numbers. Returns the new weight, a new tensor."""
    ### BEGIN SOLUTION
    velocity = momentum * velocity + gradient + weight_decay * weight
    return (weight - lr * velocity) * mask
    ### END SOLUTION


sgd_step = ex.sgd_step.check(sgd_step)

# %% [markdown]
# Four ways to fine-tune a net of which 80 % was set to zero: do nothing about the zeros; mask the
# gradients; mask the weights after each step; leave the mask on the layer, as in lesson 01. The
# optimiser may still carry the momentum from before the cut, or be a fresh one. What do masked
# gradients leave of the 80 %, with the momentum from before?


# %%
guess = predict("2.2", "Sparsity after an epoch, gradients masked?", None, unit="%")


def new_sgd(net):
    return torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3)


trained = copy.deepcopy(dense_nets[0])
with_momentum = new_sgd(trained)
training.train(trained, digits, epochs=1, seed=SEEDS[0], optimizer=with_momentum)
keep = global_masks(pruning.weights(trained), 0.8)

# %% [markdown]
# All eight runs go on from that net and that optimiser for one epoch, with the same batches.


# %%
def zero_out(net):
    for name, layer in pruning.prunable(net).items():
        layer.weight.data.mul_(keep[name])


def fine_tune(way, momentum):
    """Prune ``trained`` to 80 %, train it one epoch on, and return it."""
    net, sgd = copy.deepcopy((trained, with_momentum))
    if way == "mask on the layer":
        pruning.apply_masks(net, keep)
    else:
        zero_out(net)
    if momentum == "fresh":
        sgd = new_sgd(net)
    if way == "mask the gradients":
        for name, layer in pruning.prunable(net).items():
            layer.weight.register_hook(lambda gradient, name=name: gradient * keep[name])
    after_step = zero_out if way == "mask the weights after each step" else None
    training.train(net, digits, epochs=1, seed=SEEDS[0], optimizer=sgd, after_step=after_step)
    return net


ways = ("nothing", "mask the gradients", "mask the weights after each step", "mask on the layer")
tuned = {(way, old): fine_tune(way, old) for way in ways for old in ("from before", "fresh")}

# %% [markdown]
# Read the column of sparsities first, then the one of accuracies.

# %%
left = {each: masks.sparsity(net) for each, net in tuned.items()}
scored = {each: 100 * training.evaluate(net, digits.test) for each, net in tuned.items()}
guess.compare(100 * left["mask the gradients", "from before"])
last = [left[way, old] for way in ways[2:] for old in ("from before", "fresh")]
blank = (digits.train[0] > 0).float().mean(0).flatten() == 0  # pixels without ink in any digit
at_blank = (pruning.weights(tuned["nothing", "fresh"])["fc1"][:, blank] == 0).sum().item()
table = pd.DataFrame(
    {"sparsity": 100 * pd.Series(left), "accuracy": pd.Series(scored)}
).rename_axis(["way", "momentum"])
tables.approximate(table, dict.fromkeys(table, "{:5.1f} %"))

# %%
claim("2.g", "masked gradients leave under 1 % of the weights at zero with the momentum from before "
      "the cut, and all of the 80 % with a fresh optimiser; masking the weights after each step, or "
      "leaving the mask on, keeps the 80 % with either",
      left["mask the gradients", "from before"] < 0.01
      and min(left["mask the gradients", "fresh"], *last) >= 0.8 - 1e-5)  # fmt: skip
claim("2.v", "where nothing is done, with a fresh optimiser, 52 to 90 % of the zeros that stay lie on "
      "blank pixels",
      within(100 * at_blank / (left["nothing", "fresh"] * 266_200), 52, 90))  # fmt: skip
claim(
    "2.x",
    "the accuracies of all eight lie within 1 point",
    max(scored.values()) - min(scored.values()) < 1,
)

# %% [markdown]
# The velocity remembers gradients from before the cut and carries the zeros away, although their
# gradient is masked. A fresh optimiser has no memory, so there masked gradients are enough: a weight
# at zero without gradient and velocity stays, and weight decay pulls at 0 in vain. The zeros that
# "nothing" keeps with a fresh optimiser are mostly those of blank pixels, which never get a gradient.
#
# The accuracy hardly tells the rows apart. What is lost is the zeros: a number that is *nearly* zero
# takes as many bytes and as much time as any other.
#
# ## 2.6 What fine-tuning recovers
#
# Now fine-tune for two epochs, masks on. The dense net trains two epochs more as well: otherwise we
# would credit the pruning with what longer training does.


# %%
def train_on(net, seed):
    training.train(net, digits, epochs=2, seed=100 + seed)
    return net


for nets in pruned_nets.values():
    for net in nets[0]:
        train_on(net, SEEDS[0])
dense_longer = train_on(copy.deepcopy(dense_nets[0]), SEEDS[0])

# %% [markdown]
# That was the first net. One net may be lucky, so the course has run the same with 20 nets, once, and
# keeps their accuracies in a file (`experiments/one_cut.py` makes it). Hold your net against the
# file's first one before you use the others.

# %%
from course_utils import experiments, intervals

stored = experiments.by_configuration("one_cut", SEEDS)
stored_20 = experiments.by_configuration("one_cut")
live = {
    name: [100 * training.evaluate(net, digits.test) for net in nets[0]]
    for name, nets in pruned_nets.items()
}
column = {f"{name}, live": live[name] for name in SCOPES}
column |= {f"{name}, file": [stored[name, s, 2][0] for s in SPARSITIES] for name in SCOPES}
levels = pd.Index([f"{100 * s:g} %" for s in SPARSITIES], name="sparsity")
column = pd.DataFrame(column, levels)
apart = [abs(live[name][i] - stored[name, s, 2][0]) for name in SCOPES
         for i, s in enumerate(SPARSITIES) if s < 0.99]  # fmt: skip
tables.approximate(column, dict.fromkeys(column, "{:5.1f} %"))

# %%
claim("2.y", "up to 95 % the live net agrees with the file within 2 points", max(apart) < 2)

# %% [markdown]
# From here on the lesson speaks of five nets of the file, or of all 20. The accuracy after two epochs; the
# axis starts at 50 %, so that a point can be seen.

# %%
after = {
    name: np.stack([stored_20[name, s, 2] for s in SPARSITIES], axis=1) / 100 for name in SCOPES
}

# %% tags=["readme-picture"]
plotting.show(
    plotting.accuracy_curves(
        after, SPARSITIES, "Two epochs of fine-tuning close most of the gap, except at 99 %",
        dense=stored_20["dense", 0.0, 2].mean() / 100, lowest=0.5,
    ),
    alt="Test accuracy against sparsity after two epochs of fine-tuning, from 50 to 100 %: up to 90 % "
    "both lines lie close to the dense accuracy, at 95 % a little below it, the per-layer line further, "
    "and at 99 % the per-layer line is far below the global one.",
)  # fmt: skip

# %% [markdown]
# Up to 95 % most of the gap between the two ways is gone. At 99 % it stays wide: per layer leaves 10
# weights in the last layer, for ten classes. The means of five nets:

# %%
mean = {key: accuracies.mean() for key, accuracies in stored.items()}
table = pd.DataFrame(
    {
        f"{name}, {when}": [mean[name, s, epochs] for s in SPARSITIES]
        for name in SCOPES
        for when, epochs in (("before", 0), ("after", 2))
    },
    levels,
)
tables.approximate(table, dict.fromkeys(table, "{:5.1f} %"))

# %% [markdown]
# How close do the two ways come?

# %%
longer = mean["dense", 0.0, 2]
behind = {name: [longer - mean[name, s, 2] for s in SPARSITIES] for name in SCOPES}
behind = pd.DataFrame(behind, index=SPARSITIES)
ahead = stored_20["global", 0.95, 2] > stored_20["per layer", 0.95, 2]
print(f"95 %: global ends ahead of per layer in ≈ {ahead.sum():2d} of {len(ahead)} nets")
of_20 = {key: accuracies.mean() for key, accuracies in stored_20.items()}
at_99 = stored_20["per layer", 0.99, 2]
gaps = [
    intervals.paired_difference(stored_20["dense", 0.0, 2], at_99),
    intervals.paired_difference(stored_20["global", 0.99, 2], at_99),
    intervals.paired_difference(stored_20["global", 0.95, 0], stored_20["per layer", 0.95, 0]),
]

# %%
claim("2.i", "after two epochs global is −1 to 3 points behind dense at 95 %, per layer 0.5 to 3, and in "
      "most of the 20 nets further behind than global",
      [within(behind["global"][0.95], -1, 3), within(behind["per layer"][0.95], 0.5, 3),
       ahead.sum() >= 15])  # fmt: skip
claim("2.w", "20 nets: after two epochs at 99 % per layer is 28 to 35 points behind dense and 22 to 29 behind "
      "global; at 95 %, before them, it was 25 to 34 behind global",
      [within(gaps[0], 28, 35), within(gaps[1], 22, 29), within(gaps[2], 25, 34)])  # fmt: skip

# %% [markdown]
# Does fine-tuning "sometimes improve" the accuracy, as the source says? Compare with the dense nets
# that trained as long, seed by seed, at up to 80 %, over all 20 nets.

# %%
mild = [s for s in SPARSITIES if s <= 0.8]
for level in mild:
    difference = stored_20["global", level, 2] - stored_20["dense", 0.0, 2]
    better, worse = int((difference > 0).sum()), int((difference < 0).sum())
    print(f"global, {level:.0%}: better than dense in ≈ {better:2d} of {len(difference)} nets, worse in "
          f"≈ {worse:2d}, by ≈ {difference.mean():+.2f} points on average")  # fmt: skip

# %%
claim("2.j", "global, up to 80 %: on average within 0.8 points of the dense twin",
      within(np.mean([mean["global", s, 2] - longer for s in mild]), -0.8, 0.8))  # fmt: skip
claim(
    "S13",
    "two epochs bring 90 % back to −1 to 2.5 points behind dense, global or per layer",
    [within(behind[name][0.9], -1, 2.5) for name in SCOPES],
    verdict="holds when enough weights are left (see 2.w): an improvement cannot be told from luck",
)

# %% [markdown]
# The test part has 1,000 digits, so a tenth of a point is one digit more or less, and these 20 nets are
# all measured on the same digits. Lesson 04 shows how to tell such a difference from luck.
#
# ## 2.7 Where are the weights that survive?
#
# Each column of fc1's mask belongs to one input pixel. Draw, where the pixel is, which part of its
# 300 weights is left. Some pixels at the border never carry ink: how many of their weights survive
# at 90 %?

# %%
guess = predict("2.3", "Part of a blank pixel's weights left at 90 %?", None, unit="%")
first_masks = {
    f"{100 * s:g} % pruned": pruning.masks_of(pruned_nets["global"][0][SPARSITIES.index(s)])["fc1"]
    for s in (0.5, 0.9, 0.99)
}

# %%
plotting.show(
    plotting.survivors(first_masks, "Weights left (%): what survives looks at the middle"),
    alt="Part of the weights left on each input pixel at 50, 90 and 99 % sparsity: at every sparsity "
    "most survive in the middle of the picture, where the digits are, and fewest at the border.",
)

# %% [markdown]
# Nobody told the method where the digits are. Sort the pixels by how many of the training digits ink
# them, and average the weights left.

# %%
from course_utils.experiments import starts

groups = starts.ink_groups(digits.train[0])  # name → (784,), True where a pixel belongs


def left_by_ink(net):
    """Per cent of fc1's weights left on each group of pixels, in a copy pruned to 90 %."""
    mask = pruning.masks_of(pruning.prune_model(copy.deepcopy(net), 0.9))["fc1"]
    return {name: 100 * mask[:, pixels].float().mean().item() for name, pixels in groups.items()}


by_ink = pd.DataFrame([left_by_ink(net) for net in dense_nets]).mean()
for name, value in by_ink.items():
    pixels = int(groups[name].sum())
    print(f"inked {name:29s} ≈ {pixels:3d} pixels, ≈ {value:4.1f} % of the weights left")
guess.compare(by_ink["never"])
most = "in 30 to 100 % of the digits"

# %%
claim("2.k", "at 90 % blank pixels keep none of their weights, the most inked ones 13 to 20 %",
      [by_ink["never"] < 0.1, within(by_ink[most], 13, 20)])  # fmt: skip

# %% [markdown]
# The groups hold all 784 pixels. A weight on a blank pixel never gets a gradient, so it keeps its
# random start.
#
# Is it the digits alone that decide, or also the way the net was trained? Train the first net again,
# from the same seed, with Adam instead of SGD, and prune it to 90 % as well.


# %%
def train_with_adam(seed):
    training.seed_everything(seed)
    net = models.LeNet300()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    training.train(net, digits, epochs=10, seed=seed, optimizer=adam)
    return net


adam_net = train_with_adam(SEEDS[0])
adam_mask = pruning.masks_of(pruning.prune_model(copy.deepcopy(adam_net), 0.9))["fc1"]

# %%
plotting.show(
    plotting.survivors(
        {"trained with SGD": first_masks["90 % pruned"], "trained with Adam": adam_mask},
        "Weights left (%): with Adam the rim of the digits survives",
    ),
    alt="Weights left on each input pixel at 90 % sparsity: after training with SGD the middle of "
    "the picture survives, after training with Adam a ring around it.",
)

# %% [markdown]
# Same data, same seed, same rule for pruning, and other weights survive. SGD moves a weight in
# proportion to its gradient, and a pixel with little ink gives little. Adam divides each gradient by
# its usual size, so a pixel that is seldom inked moves its weights as far as any.
#
# And the start? The weights of a blank pixel lie where PyTorch put them, between −1/√784 and 1/√784.
# Do they go because they are useless, or because they started small? Train the first net once more,
# from a first layer 3 × as large, all else equal. It is then drawn from as wide a range as the last
# one.


# %%
def train_from_larger(seed):
    training.seed_everything(seed)
    net = models.LeNet300()
    net.fc1.weight.data *= 3
    training.train(net, digits, epochs=10, seed=seed)
    return net


larger_net = train_from_larger(SEEDS[0])
three = dict(zip(starts.STARTS, (dense_nets[0], larger_net, adam_net)))
seen = pd.DataFrame({start: starts.summary(net) for start, net in three.items()}).T
in_file = experiments.load("starts", SEEDS[:1]).set_index("start").drop(columns="seed")
apart = 100 * (seen - in_file).abs().filter(regex="dense|left")
print(f"live against file: at most ≈ {apart.max(axis=None):.1f} points apart")

# %% [markdown]
# The file has 20 nets of each kind (`experiments/starts.py`). The table shows the means of five: the
# accuracies before fine-tuning, and the part of fc1's weights left at 90 % on each group of pixels.

# %%
means = experiments.load("starts", SEEDS).drop(columns="seed").groupby("start").mean().mul(100).T
usual, larger, adam = (means[start] for start in starts.STARTS)
rim, most = "left in 1 to 10 % of the digits", "left in 30 to 100 % of the digits"
every = experiments.load("starts").pivot(index="seed", columns="start", values="90 % global")
worse = (every["fc1 3 × as large"] < every["as PyTorch"]).sum()
print(
    f"90 % global: the larger start is worse than the usual one in ≈ {worse:2d} of {len(every)} nets"
)
table = means[[*starts.STARTS]].rename(lambda name: name.replace("left", "left, inked"))
tables.approximate(table, dict.fromkeys(table, "{:5.1f} %"))

# %%
claim("2.l", "the most inked pixels keep 4 to 7.5 × the part that rarely inked ones keep with SGD, "
      "0.35 to 0.65 × with Adam; live net and file agree within 2 points",
      [within(usual[most] / usual[rim], 4, 7.5), within(adam[most] / adam[rim], 0.35, 0.65),
       apart.max(axis=None) < 2])  # fmt: skip
claim("2.t", "the larger start moves the dense accuracy by −3 to 4 points; cut to 90 %, global, the net "
      "keeps 6 to 9.5 % of the weights on blank pixels, and most of the 20 are worse than usual; at 95 % "
      "global is 5 to 55 points ahead of per layer there, too",
      [within(larger["dense"] - usual["dense"], -3, 4), within(larger["left never"], 6, 9.5),
       worse >= 15, within(larger["95 % global"] - larger["95 % per layer"], 5, 55)])  # fmt: skip

# %% [markdown]
# So magnitude did not find out that blank pixels are useless. Their weights started below the
# threshold; from a larger start many stay, useless as they are, and useful ones go in their place.
# The lead of the global threshold is another matter: it stands also when fc1 starts as wide as fc3,
# so it comes from what training did.
#
# **Magnitude measures how a net started and how it was trained, as much as what matters.** Lesson 05
# tries other criteria.
#
# ## 2.8 Save it so that it loads
#
# Lesson 01 showed the trap: a masked checkpoint does not fit a plain net. Turn it into one that
# does.
#
# > ### Exercise 2.6 · Save a pruned model so that it loads
# > difficulty ★★☆ · importance ★★★ · 5 minutes
# >
# > Write `plain_state(state)`: from a state dict with `…_orig` and `…_mask` entries, make one that a
# > plain model loads, with the zeros in place. All other entries stay, also one that ends in `_mask`
# > but has no partner in `_orig`. `state` itself is not changed.


# %%
def plain_state(state):
    """state: a state dict, pruned layers as name_orig and name_mask. Returns a plain one."""
    ### BEGIN SOLUTION
    plain = {}
    for name, tensor in state.items():
        if name.endswith("_orig"):
            name = name.removesuffix("_orig")
            tensor = tensor * state[f"{name}_mask"]
        elif name.endswith("_mask") and f"{name.removesuffix('_mask')}_orig" in state:
            continue
        plain[name] = tensor
    return plain
    ### END SOLUTION


plain_state = ex.plain_state.check(plain_state)

# %% [markdown]
# Send the 90 % net through a file and back into a fresh LeNet-300-100, and compare what both
# compute.

# %%
import io

trained = pruned_nets["global"][0][SPARSITIES.index(0.9)]
file = io.BytesIO()
torch.save(plain_state(trained.state_dict()), file)
file.seek(0)
loaded = models.LeNet300()
loaded.load_state_dict(torch.load(file, weights_only=True))

with torch.no_grad():
    same_outputs = torch.equal(loaded(digits.test[0]), trained(digits.test[0]))
print(f"sparsity after loading: {masks.sparsity(loaded):.3f}, same outputs: {same_outputs}")

# %%
claim("2.m", "the loaded net has the same zeros and computes the same outputs",
      same_outputs and masks.sparsity(loaded) >= 0.9 - 1e-5)  # fmt: skip

# %% [markdown]
# `pruning.make_permanent(model)` (or `prune.remove` on each layer) before saving does the same.
#
# ## 2.9 Is it smaller now, and faster?
#
# The source says that pruning cuts compute and memory while accuracy holds. So take *one* net, and
# measure all three on it: the first of the fine-tuned global ones, at each sparsity. The zeros are
# there; a dense kernel does not see them (lesson 01). A CSR kernel does.
#
# Only fc1 and fc2 go into CSR: fc3 is too small to matter. The forward pass takes its digits as
# *rows*, as PyTorch's linear layers do, or as *columns*, which is the same sum in another order in
# memory.

# %%
guess = predict("2.4", "Time of the 95 % net, digits as columns, dense = 100 %?", None, unit="%")


def in_csr(net):
    """The (weight, bias) of each layer, masks applied, fc1 and fc2 in CSR."""
    found = []
    for name, layer in pruning.prunable(net).items():
        weight = layer.weight.detach()
        found.append((weight if name == "fc3" else measure.to_csr(weight), layer.bias.detach()))
    return found


def rows_forward(layers, x):
    h = x.flatten(1)  # (batch, 784): a digit is a row
    for weight, bias in layers[:-1]:
        h = nn.functional.linear(h, weight, bias).relu()
    return nn.functional.linear(h, *layers[-1])


def columns_forward(layers, x):
    h = x.flatten(1).T.contiguous()  # (784, batch): a digit is a column
    for weight, bias in layers[:-1]:
        h = (weight @ h + bias[:, None]).relu()
    weight, bias = layers[-1]
    return (weight @ h + bias[:, None]).T


# %% [markdown]
# Time both against the dense net, 64 digits at once, and check that all compute the same.

# %%
x, dense_twin = digits.test[0][:64], dense_longer
sparse = [in_csr(net) for net in pruned_nets["global"][0]]
with torch.no_grad():
    wanted = [net(x) for net in pruned_nets["global"][0]]
    same = all(
        torch.allclose(forward(layers, x), y, atol=1e-4)
        for layers, y in zip(sparse, wanted)
        for forward in (rows_forward, columns_forward)
    )
print(f"all compute the same: {same}")


def against_dense(forward, layers, x, seconds=0.5):
    return measure.latency_ratio(lambda: forward(layers, x), lambda: dense_twin(x), seconds=seconds)


as_rows = [against_dense(rows_forward, layers, x) for layers in sparse]
as_columns = [against_dense(columns_forward, layers, x) for layers in sparse]

# %% [markdown]
# One row is one net: its accuracy, its bytes in two formats, its time.

# %%
one_net = pd.DataFrame(
    {
        "accuracy": [f"≈ {accuracy:5.1f} %" for accuracy in live["global"]],
        **{
            f"bytes, {form}": [
                f"≈ {measure.size_bytes(net, form) / measure.size_bytes(net, 'dense'):4.2f} ×"
                for net in pruned_nets["global"][0]
            ]
            for form in ("csr", "bitmask")
        },
        "time, rows": [f"≈ {ratio.median:5.2f} ×" for ratio in as_rows],
        "time, columns": [f"≈ {ratio.median:5.2f} ×" for ratio in as_columns],
    },
    index=pd.Index([f"{100 * level:g} %" for level in SPARSITIES], name="sparsity"),
)
one_net

# %% [markdown]
# The dense twin is the net that trained as long. Where a time is below 1 ×, CSR is faster than the twin.
# Follow both columns of times down: the same zeros, and the order in memory decides from where on.

# %%
twin_accuracy = training.evaluate(dense_twin, digits.test)
print(f"dense twin: accuracy ≈ {100 * twin_accuracy:.1f} %, 1 × the bytes, 1 × the time")

# %% [markdown]
# Look at 95 %, where the accuracy nearly holds: how much smaller is the net there, and how much faster?

# %%
at_95 = SPARSITIES.index(0.95)
guess.compare(100 * as_columns[at_95].median, digits=0)
weighed = pruned_nets["global"][0][at_95]
smaller = measure.size_bytes(weighed, "csr") / measure.size_bytes(weighed, "dense")

# %%
claim(
    "S1",
    "at 95 % (global, two epochs of fine-tuning) the nets are −1 to 3 points behind dense and take "
    "12 to 19 % of its bytes in CSR",
    [within(behind["global"][0.95], -1, 3), within(100 * smaller, 12, 19)],
    verdict="holds when the zeros are left out: of what is stored for bytes (here), of what is "
    "computed for time (2.n)",
)
time_claim("2.n", "that net with its digits as columns takes 0.2 to 0.8 × the dense time at batch 64",
           as_columns[at_95].above(0.2), as_columns[at_95].below(0.8))  # fmt: skip

# %% [markdown]
# So it holds, for 64 digits at once. And the trap: the same net, the same format, the same zeros, in
# the order that `nn.Linear` uses. Compare the two orders with each other; and compare one digit alone.

# %%
rows_over_columns = measure.latency_ratio(
    lambda: rows_forward(sparse[at_95], x), lambda: columns_forward(sparse[at_95], x)
)
one_digit = against_dense(columns_forward, sparse[at_95], x[:1])
print(f"rows / columns, 64 digits: {rows_over_columns}")
print(f"CSR / dense, one digit:    {one_digit}")

# %%
time_claim("2.q", "as rows the 95 % net takes 1.3 to 6 × as long as with its digits as columns",
           rows_over_columns.above(1.3), rows_over_columns.below(6))  # fmt: skip

# %% [markdown]
# A weight that is left multiplies the values of one pixel in all 64 digits. As columns, these values
# lie side by side in memory, and the processor can take several at once; as rows, they lie 784 numbers
# apart. What you measured is that the order decides; why it does is our reading. A single digit has
# nothing that could lie side by side.
#
# Where the lines cross depends on the machine, the kernel, the shape and the batch: measure it on
# yours. Lesson 03 removes whole rows and filters instead, which every kernel understands.
#
# **Is it a fair comparison?** Where this lesson set two ways of pruning against each other, they left as
# many zeros, trained as long and started from the same seeds, and what was chosen was chosen on
# validation data. Tables are not always so careful. Here is one, with invented numbers. Three of its
# rows look better than the first. Which of them can be compared with it?

# %%
EVERY = ["fc1", "fc2", "fc3"]
COLUMNS = ["method", "accuracy", "sparsity", "layers", "before", "after", "seeds", "chosen_on"]
study = [
    ("global", 91.0, 0.95, EVERY, 10, 2, [0, 1, 2], "val"),
    ("first layer", 92.2, 0.95, ["fc1"], 10, 2, [0, 1, 2], None),
    ("patient", 92.5, 0.95, EVERY, 10, 10, [0, 1, 2], "val"),
    ("early cut", 91.6, 0.95, EVERY, 4, 8, [2, 1, 0], None),
    ("tuned", 90.8, 0.95, EVERY, 10, 2, [3], "test"),
]
study = [dict(zip(COLUMNS, row)) for row in study]
pd.DataFrame(study, dtype=object).set_index("method")

# %% [markdown]
# `sparsity` is counted over `layers` only; `before` and `after` are the epochs before and after the cut;
# `chosen_on` says on which part a choice was made, if there was one to make.
#
# > ### Exercise 2.7 · Find the fault in a table
# > difficulty ★★☆ · importance ★★★ · 5 minutes
# >
# > Write `unfair_rows(rows, sizes)`. Each row is a dictionary with the columns above, `sizes` says how
# > many weights each layer has. Return {method: [reasons]} for the rows that cannot be compared with the
# > first one, and leave the others out. The reasons, in this order:
# >
# > - `"zeros"`: its zeros are more than one more, or more than one fewer, than the first's,
# > - `"training"`: it trained for another number of epochs in all,
# > - `"seeds"`: its seeds are not the same, in whatever order they stand,
# > - `"test"`: in that row or in the first, a choice was made on the part `"test"`.
# >
# > `chosen_on` is `"val"`, `"test"`, or None where nothing was chosen. At least one row comes; rows and
# > sizes stay as they are.


# %%
def unfair_rows(rows, sizes):
    """rows: a list of dictionaries, sizes: {layer: weights}. Returns {method: [reasons]}."""

    ### BEGIN SOLUTION
    def zeros(row):
        return row["sparsity"] * sum(sizes[name] for name in row["layers"])

    first = rows[0]
    found = {}
    for row in rows[1:]:
        faults = {
            "zeros": abs(zeros(row) - zeros(first)) > 1,
            "training": row["before"] + row["after"] != first["before"] + first["after"],
            "seeds": set(row["seeds"]) != set(first["seeds"]),
            "test": "test" in (row["chosen_on"], first["chosen_on"]),
        }
        reasons = [name for name, there in faults.items() if there]
        if reasons:
            found[row["method"]] = reasons
    return found
    ### END SOLUTION


unfair_rows = ex.unfair_rows.check(unfair_rows)

# %% [markdown]
# Hold the table against it. Which row is left out?

# %%
for method, reasons in unfair_rows(study, sizes).items():
    print(f"{method:12s} {', '.join(reasons)}")

# %% [markdown]
# Of the three that lead only "early cut" can owe it to its method: "first layer" keeps more weights, and
# "patient" trained longer. Whether such a lead is more than luck is another question, for lesson 04.
#
# **Explore the masks of a trained layer.** fc3 has a row for each of the ten digits. Take rows instead
# of single weights, or two of every four, and compare.

# %%
from course_utils import explore

explore.show(explore.mask_explorer(dense_nets[0].fc3.weight))

# %% [markdown]
# **Explore the threshold.** Drag it over the weights of the first net. Which digits flip first, and to
# what?

# %%
explore.show(explore.threshold_explorer(dense_nets[0], digits))

# %% [markdown]
# **Explore who survives.** At which sparsity is the first pixel cut off completely, and what does the
# map look like when only 1 % of the weights is left?

# %%
explore.show(explore.survivor_explorer(dense_nets[0]))

# %% [markdown]
# ## 2.10 People really ask
#
# **What does `prune.global_unstructured` want? `model.parameters()` fails.** A list of (layer, name)
# pairs. A generator of the right pairs fails too, since it can be read only once.

# %%
layers = pruning.prunable(dense_nets[0]).values()
attempts = {
    "model.parameters()": dense_nets[0].parameters(),
    "a generator of pairs": ((layer, "weight") for layer in layers),
}
for name, attempt in attempts.items():
    try:
        prune.global_unstructured(attempt, pruning_method=prune.L1Unstructured, amount=0.5)
    except (ValueError, TypeError, RuntimeError, AttributeError) as error:
        print(f"{name}: {type(error).__name__}: {str(error)[:70]}")

# %% [markdown]
# **Global pruning ruins my model, although it is well trained. How come?** One threshold compares
# weights of all layers as they are. But the scale of a layer can be arbitrary: with ReLU between
# them, you can multiply fc1 by 10 and divide fc2 by 10, and the net computes the same.


# %%
def rescale(net):
    """A copy that computes the same, with larger weights in fc1 and smaller ones in fc2."""
    other = copy.deepcopy(net)
    with torch.no_grad():
        other.fc1.weight *= 10
        other.fc1.bias *= 10
        other.fc2.weight /= 10
    return other


rescaled_nets = [rescale(net) for net in dense_nets]
accuracies = {}
for name, nets in {"as trained": dense_nets, "rescaled": rescaled_nets}.items():
    at_80 = [pruning.prune_model(copy.deepcopy(net), 0.8) for net in nets]
    accuracies[name] = [100 * np.mean([training.evaluate(n, digits.test) for n in each])
                        for each in (nets, at_80)]  # fmt: skip
    print(f"{name:10s} dense ≈ {accuracies[name][0]:5.1f} %, 80 % global ≈ {accuracies[name][1]:5.1f} %, "
          f"fc2 sparsity ≈ {100 * np.mean([masks.sparsity(n.fc2.weight) for n in at_80]):5.1f} %")  # fmt: skip

# %%
claim("2.o", "the same functions in another scale end at 7 to 13 %, which is guessing, at 80 % global",
      within(accuracies["rescaled"][1], 7, 13))  # fmt: skip

# %% [markdown]
# The threshold takes nearly all of fc2, whose weights are now the smallest: a *layer collapse*. Look
# at the sparsity of each layer before you trust a global threshold. A method that compares weights
# only within their layer, such as the scan of section 2.4, does not see the scale at all. Scan the
# rescaled net as well.

# %%
rescaled = rescaled_nets[0]
scan_rescaled = sensitivity_scan(
    pruning.weights(rescaled), lambda weights: validation_accuracy(rescaled, weights), LEVELS
)
differences = [abs(scan_rescaled[name][s] - scans[0][name][s]) for name in sizes for s in LEVELS]

# %%
claim("2.p", "all accuracies of the scan are the same in both scales, within 1 point",
      len(differences) == 30 and max(differences) < 0.01)  # fmt: skip

# %% [markdown]
# **I prune in rounds with `global_unstructured`, and the memory grows. Why?** Each call leaves one
# more mask behind in the layer's hook: another 266,200 numbers of 4 bytes. Count the bytes of the
# whole model object, hooks included.

# %%
growing, flat = copy.deepcopy(dense_nets[0]), copy.deepcopy(dense_nets[0])
pairs = [(layer, "weight") for layer in pruning.prunable(growing).values()]


def object_size(model):
    file = io.BytesIO()
    torch.save(model, file)
    return file.tell()


sizes_growing, sizes_flat = [], []
for round_number in range(1, 5):
    prune.global_unstructured(pairs, pruning_method=prune.L1Unstructured, amount=0.2)
    pruning.prune_model(flat, masks.compound([0.2] * round_number))
    sizes_growing.append(object_size(growing))
    sizes_flat.append(object_size(flat))
one_mask = 4 * 266_200
pd.DataFrame(
    {"global_unstructured": sizes_growing, "course_utils.pruning": sizes_flat},
    index=pd.RangeIndex(1, 5, name="round"),
).div(1e6).round(1).add_suffix(" (MB)")

# %%
claim("2.s", "each round adds one mask of every layer to the object, the course's library nothing",
      all(abs(size / one_mask - 1) < 0.01 for size in np.diff(sizes_growing))
      and max(abs(np.diff(sizes_flat))) < 0.01 * one_mask)  # fmt: skip

# %% [markdown]
# The library of the course changes the mask in place instead, so the memory stays flat.
#
# ## 2.11 Further: two of every four
#
# Zeros that lie anywhere cost an index for each number that is left. A pattern costs less. In **2:4**
# (semi-structured, 半结构化稀疏) two of every four weights in a row stay. So the place of each takes two bits,
# and whoever multiplies knows beforehand that each four hold two numbers. The sparse tensor cores of
# newer GPUs are built for it (Mishra and others, 2021).
#
# `patterns.n_of_m` keeps the two of largest |w|. How often does an unstructured mask of 50 % happen to fit
# the pattern?

# %%
from course_utils import patterns

first = pruning.weights(dense_nets[0])["fc1"]
two_four = patterns.n_of_m(first, 2, 4)
anywhere = masks.magnitude_mask(first, 0.5)
fits = (anywhere.reshape(-1, 4).sum(1) == 2).float().mean().item()
agree = (anywhere == two_four).float().mean().item()
print(
    f"2:4 prunes {int((~two_four).sum()):,} of {first.numel():,} weights of fc1, two in each four"
)
print(f"anywhere, 50 %: ≈ {100 * fits:.0f} % of the fours hold two; ≈ {100 * agree:.0f} % of the mask "
      "is the mask of 2:4")  # fmt: skip

# %% [markdown]
# So the pattern forces some large weights out and lets smaller ones stay. Does the net notice? Its rival has
# as many zeros in each layer, anywhere. The first net is cut and fine-tuned here; the table has the means
# of five nets of the file. Its second row is the same with one of every four.

# %%
from course_utils.experiments import one_cut

net_24 = train_on(one_cut.cut(copy.deepcopy(dense_nets[0]), "2:4", 0.5), SEEDS[0])
live_24 = 100 * training.evaluate(net_24, digits.test)
print(
    f"2:4, first net, two epochs: live ≈ {live_24:.1f} %, file ≈ {stored['2:4', 0.5, 2][0]:.1f} %"
)
table = pd.DataFrame(
    {f"{where}, {when}": [mean[way, level, epochs] for way, level in ways]
     for when, epochs in (("before", 0), ("after", 2))
     for where, ways in (("pattern", (("2:4", 0.5), ("1:4", 0.75))),
                         ("anywhere", (("per layer", 0.5), ("per layer", 0.75))))},
    pd.Index(["2:4, 50 %", "1:4, 75 %"], name="pattern"),
)  # fmt: skip
cost = table["anywhere, after"] - table["pattern, after"]
worse = {way: (stored_20[way, s, 2] < stored_20["per layer", s, 2]).sum()
         for way, s in (("2:4", 0.5), ("1:4", 0.75))}  # fmt: skip
print(f"behind zeros anywhere: 2:4 in ≈ {worse['2:4']:2d} of 20 nets, 1:4 in ≈ {worse['1:4']:2d}")
tables.approximate(table, dict.fromkeys(table, "{:5.1f} %"))

# %%
claim("2.f", "two epochs after the cut 2:4 is behind zeros anywhere in most of the 20 nets, and 1:4 too; on "
      "five nets by −0.5 to 1.3 and by 0.2 to 1.8 points",
      [min(worse.values()) >= 15, within(cost.iloc[0], -0.5, 1.3), within(cost.iloc[1], 0.2, 1.8),
       abs(live_24 - stored["2:4", 0.5, 2][0]) < 2])  # fmt: skip

# %% [markdown]
# The net does notice, by about half a point at 50 %, where zeros anywhere cost next to nothing. And what
# does the pattern save? Write the net into a file: of each layer the numbers that are left, and two bits for
# the place of each within its four, four places to a byte.

# %%
SHIFTS = torch.tensor([0, 2, 4, 6], dtype=torch.uint8)


def pack(weight, mask):
    """The (n/2,) numbers that a 2:4 mask leaves, and their places, (n/8,) bytes."""
    places = mask.reshape(-1, 4).nonzero()[:, 1].to(torch.uint8)  # (n/2,), 0 to 3
    return weight[mask], (places.reshape(-1, 4) << SHIFTS).sum(1, dtype=torch.uint8)


def unpack(numbers, packed, shape):
    places = (packed[:, None] >> SHIFTS) & 3  # (n/8, 4)
    mask = nn.functional.one_hot(places.flatten().long(), 4).reshape(-1, 2, 4).sum(1).bool()
    weight = torch.zeros(shape)
    weight[mask.reshape(shape)] = numbers
    return weight


# %% [markdown]
# Unpacked, the weights must be the same. And what do other formats take for this net?


# %%
def bits(mask):
    """(n,) truth values as (n/8,) bytes."""
    return torch.from_numpy(np.packbits(mask))


kept, found = pruning.masks_of(net_24), pruning.weights(net_24)
packed = {name: pack(weight, kept[name]) for name, weight in found.items()}
same = all(torch.equal(unpack(*packed[n], found[n].shape), found[n]) for n in found)
stored_as = {
    "dense, zeros included": found,
    "CSR, 8-byte indices": {n: measure.to_csr(w).clone() for n, w in found.items()},
    "one bit a position": {n: (w[kept[n]], bits(kept[n])) for n, w in found.items()},
    "2:4, two bits a number": packed,
}
in_file = pd.Series({name: object_size(each) for name, each in stored_as.items()}, name="bytes")
parts = in_file / in_file["dense, zeros included"]
tables.approximate(pd.DataFrame({"bytes": in_file, "of dense": parts}),
                   {"bytes": "{:9,d}", "of dense": "{:4.0%}"})  # fmt: skip

# %%
claim("2.u", "unpacked the 2:4 file gives the same weights; it takes 53 to 54 % of the dense bytes, as one "
      "bit a position does, and CSR 148 to 151 %",
      same and 0.53 < parts["2:4, two bits a number"] < 0.54
      and 0.53 < parts["one bit a position"] < 0.54 and 1.48 < parts["CSR, 8-byte indices"] < 1.51)  # fmt: skip

# %% [markdown]
# Two bits for each number that is left are one bit for each position: the pattern saves no byte over a
# bitmask. What it saves is the search. Ask PyTorch for its 2:4 kernel, on this processor, and time the
# net in the kernels that there are.

# %%
try:
    torch.sparse.to_sparse_semi_structured(found["fc1"].half())
except (RuntimeError, NotImplementedError) as error:
    print(f"{type(error).__name__}: {str(error).partition('!')[0]}")
layers_24 = [(weight, getattr(net_24, name).bias.detach()) for name, weight in found.items()]
with_zeros = against_dense(rows_forward, layers_24, x)
in_csr_24 = against_dense(columns_forward, in_csr(net_24), x)
print(f"2:4, zeros multiplied:    {with_zeros}")
print(f"2:4, CSR, digits columns: {in_csr_24}")

# %%
time_claim("2.h", "on this processor the 2:4 net takes 0.7 to 1.2 × the dense time where its zeros are "
           "multiplied, and more than 1.3 × in CSR",
           with_zeros.above(0.7), with_zeros.below(1.2), in_csr_24.above(1.3))  # fmt: skip

# %% [markdown]
# So on a processor without such a unit 2:4 is 50 % zeros like any other. It is fast where the hardware
# multiplies it: GPUs with sparse tensor cores, in 16 or 8 bits, for layers that are large enough. The
# paper promises up to twice the speed for one product. This course has no such GPU and measures none of it.
#
# ## 2.12 Further: budgets by rule
#
# One threshold compares sizes that started differently; per layer gives the small last layer the same
# share as the large first one. Two rules lie between.
#
# **ERK** (Erdős–Rényi kernel; Mocanu and others, 2018; Evci and others, 2020) looks at shapes only. A layer
# with n inputs and m outputs keeps ε · (n + m) of its n · m weights, or all where that is more than it
# has. ε follows from the budget.
#
# **LAMP** (layer-adaptive magnitude; Lee and others, 2021) looks at sizes, but within the layer:
#
# $$\text{score}(w) = \frac{w^2}{\sum_{|w'| \ge |w|} w'^2}$$
#
# It asks which part of the layer's squared size goes with w once all smaller ones are gone. Then one
# threshold for all scores. The largest weight of each layer scores 1, so none is lost completely.
#
# Whatever the rule, the smallest weights of a layer go. Only the shares differ. All four get the same
# budget: 99 %, where most is at stake.
#
# Cut the first net by LAMP and by ERK (section 2.6 has cut it by the other two), and look at what each
# rule leaves of the layers.

# %%
ruled = {way: pruned_nets[way][0][-1] for way in SCOPES}
for way in ("LAMP", "ERK"):
    ruled[way] = train_on(one_cut.cut(copy.deepcopy(dense_nets[0]), way, 0.99), SEEDS[0])
left = {way: {n: 100 * mask.float().mean().item()
              for n, mask in pruning.masks_of(ruled[way]).items()}
        for way in one_cut.RULES}  # fmt: skip
left = pd.DataFrame(left).T.rename_axis("99 %")
tables.approximate(left, dict.fromkeys(left, "{:4.1f} %"))

# %% [markdown]
# From top to bottom the rules leave less of the small last layer and more of the large first one. Now the
# accuracies: the means of the 20 nets of the file, before and after the two epochs, and the first net, live
# against file.

# %%
table = pd.DataFrame(
    {f"{100 * s:g} %, {when}": [of_20[way, s, epochs] for way in one_cut.RULES]
     for s in one_cut.RULED for when, epochs in (("before", 0), ("after", 2))},
    one_cut.RULES,
)  # fmt: skip
at_95, at_99 = table["95 %, after"][["global", "LAMP", "ERK"]], table["99 %, after"]
for way in ("LAMP", "ERK"):
    ends = 100 * training.evaluate(ruled[way], digits.test)
    print(f"{way}, 99 %: live ≈ {ends:.1f} %, file ≈ {stored[way, 0.99, 2][0]:.1f} %")
first = (stored_20["ERK", 0.99, 2] > stored_20["LAMP", 0.99, 2]).sum()
over_global = {
    way: intervals.paired_difference(stored_20[way, 0.99, 2], stored_20["global", 0.99, 2])
    for way in ("LAMP", "ERK")
}
print(f"99 %: ERK ends ahead of LAMP in ≈ {first:2d} of 20 nets")
tables.approximate(table, dict.fromkeys(table, "{:5.1f} %"))

# %%
claim("2.z", "20 nets, two epochs: at 95 % the means of global, LAMP and ERK lie within 0.5 points; at 99 % "
      "LAMP ends 1.1 to 1.8 points ahead of global and ERK 1.6 to 2.4",
      [at_95.max() - at_95.min() < 0.5, within(over_global["LAMP"], 1.1, 1.8),
       within(over_global["ERK"], 1.6, 2.4)])  # fmt: skip

# %% [markdown]
# Up to 95 % the three do alike. At 99 % they do the better, the more they leave of the first layer; equal
# shares leave it the most and starve the last one. So ERK comes first, which never looks at a weight to
# share out. On another net or other data the order may be another.
#
# One thing more. In section 2.10 one threshold lost a net whose layers had another scale. LAMP divides by
# the layer's own sum, so the scale cancels, and ERK knows no scale. Cut the rescaled nets to 80 %.


# %%
def after_rule(way, nets):
    """Mean test accuracy of copies of the nets, cut to 80 %, in per cent."""
    cut = [one_cut.cut(copy.deepcopy(net), way, 0.8) for net in nets]
    return 100 * np.mean([training.evaluate(net, digits.test) for net in cut])


scales = {"as trained": dense_nets, "rescaled": rescaled_nets}
by_rule = pd.DataFrame(
    {way: {name: after_rule(way, nets) for name, nets in scales.items()} for way in one_cut.RULES}
)
tables.approximate(by_rule, dict.fromkeys(by_rule, "{:5.1f} %"))

# %%
claim("2.c", "cut to 80 % by LAMP, ERK or per layer, the rescaled nets are within 0.5 points of the nets as "
      "they were trained; by one threshold they are not",
      bool(((by_rule.loc["as trained"] - by_rule.loc["rescaled"]).abs() < 0.5).tolist()
           == [way != "global" for way in one_cut.RULES]))  # fmt: skip

# %% [markdown]
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
# On LeNet-300-100 and these digits, ten epochs before the cut and up to two after it:
#
# - At equal sparsity, *where* the zeros are decides: leave small, sensitive layers alone.
# - The mask comes last in every step, or stays on the layer; masked gradients are enough only where
#   the optimiser is fresh.
# - A net of 95 % zeros is nearly as accurate in a fraction of the bytes; it is faster only with a kernel
#   that skips the zeros and finds its numbers side by side.
#
# **Read on**: Han, Pool, Tran and Dally (2015),
# [Learning both weights and connections](https://arxiv.org/abs/1506.02626), for this lesson's recipe;
# Gale, Elsen and Hooker (2019), [The state of sparsity](https://arxiv.org/abs/1902.09574), for how
# well magnitude does against later methods. On the Further sections: Mishra and others (2021),
# [Accelerating sparse deep neural networks](https://arxiv.org/abs/2104.08378); Mocanu and others (2018),
# [Scalable training of artificial neural networks](https://arxiv.org/abs/1707.04780); Evci and others
# (2020), [Rigging the lottery](https://arxiv.org/abs/1911.11134); Lee and others (2021),
# [Layer-adaptive sparsity](https://arxiv.org/abs/2010.07611).
#
# **Next**: lesson 03, structured pruning, where whole filters go and the net really gets smaller.
