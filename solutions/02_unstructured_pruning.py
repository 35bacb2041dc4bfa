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
# - tell at which sparsity a sparse format is faster than a dense one on your machine.
#
# **Time**: 60 minutes.

# %%
import torch

from course_utils import data, masks, measure, models, plotting, pruning, training
from course_utils.lesson import claim, desk, predict, tables, time_claim

desk.check("02", edition="EDITION")
digits = data.load_mnist()
SEEDS = (0, 1, 2)

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


dense_nets = [train_dense(seed) for seed in SEEDS]
dense_accuracy = np.array([training.evaluate(net, digits.test) for net in dense_nets])
print("test accuracy:", ", ".join(f"≈ {100 * a:.1f} %" for a in dense_accuracy))

# %% [markdown]
# Now look at the weights of the first net. The hatched band holds the 80 % of *all* weights that are
# smallest; each panel says which part of its layer falls into the band.

# %%
weights = pruning.weights(dense_nets[0])
magnitudes = torch.cat([weight.abs().flatten() for weight in weights.values()])
threshold = magnitudes.kthvalue(round(0.8 * magnitudes.numel())).values.item()
plotting.show(
    plotting.weight_histogram(
        weights, "One threshold cuts the first layer hardest, the last one least", threshold
    ),
    alt="Histograms of the weights of the three layers with the band of the smallest 80 % of all "
    "weights: most of the first layer lies in the band, less of the second, least of the "
    "third.",
)

below = {name: (weight.abs() <= threshold).float().mean() for name, weight in weights.items()}
claim("2.a", "the threshold takes over 3/4 of fc1, 1/3 to 2/3 of fc2 and under 1/3 of fc3",
      below["fc1"] > 3 / 4 and 1 / 3 < below["fc2"] < 2 / 3 and below["fc3"] < 1 / 3)  # fmt: skip

# %% [markdown]
# The weights of the large first layer are small: each of its units adds up 784 inputs. The last
# layer's are large.
#
# A threshold is not enough to prune an exact number, since weights can be equal (think of a net that
# is already pruned: all its zeros tie). The course counts as `torch.nn.utils.prune` does: exactly
# round(sparsity · n) weights go, and of equal ones those that stand first.
#
# > ### Exercise 2.1 · A magnitude mask
# > difficulty ★★☆ · importance ★★★ · 8 minutes
# >
# > Write `magnitude_mask(weight, sparsity)`: a boolean mask in the weight's shape, True = kept, that
# > prunes exactly round(sparsity · n) weights of smallest |w|, the first of equal ones first.


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
import copy

from torch import nn
from torch.nn.utils import prune

layer = nn.Linear(10, 10)
prune.l1_unstructured(layer, "weight", amount=0.5)
zeros = int((layer.weight == 0).sum())

real = copy.deepcopy(dense_nets[0].fc1)
prune.l1_unstructured(real, "weight", amount=0.8)
agree = torch.equal(real.weight_mask.bool(), magnitude_mask(real.weight_orig, 0.8))

print(f"zeros in the 10 × 10 layer: {zeros} of 100; your mask agrees on fc1: {agree}")
claim(
    "S3",
    "l1_unstructured prunes 50 of 100 weights, and your mask is its mask on a real layer",
    zeros == 50 and agree,
    verdict="holds",
)

# %% [markdown]
# You sorted all weights to find the smallest. Finding *which k are smallest* needs no order among
# them: a selection (`kthvalue`) does it in time proportional to n. `course_utils.masks` does that;
# press Shift-Tab on `masks.mask_from_scores` to read how it handles ties.
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
# > that prunes round(sparsity · N) of all N weights together. Use your `magnitude_mask`.


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
guess_global = predict("2.2", "Test accuracy at 95 % global, no fine-tuning?", None, unit="%")

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
plotting.show(
    plotting.accuracy_curves(
        before, SPARSITIES, "Before fine-tuning, one global threshold costs far less",
        dense=dense_accuracy.mean(),
    ),
    alt="Test accuracy against sparsity before fine-tuning: both lines start at the dense accuracy, "
    "the per-layer line falls from 80 % sparsity on, the global one stays near dense up to 90 %.",
)  # fmt: skip


def mean_at(sparsity, runs):
    """Mean over the seeds at one sparsity, in per cent."""
    return 100 * runs[:, SPARSITIES.index(sparsity)].mean()


guess_layer.compare(mean_at(0.95, before["per layer"]))
guess_global.compare(mean_at(0.95, before["global"]))
dense_mean = 100 * dense_accuracy.mean()
claim("2.b", "at 80 % before fine-tuning, global costs less than 2.5 points",
      mean_at(0.8, before["global"]) > dense_mean - 2.5)  # fmt: skip
claim("2.c", "at 95 % before fine-tuning, per layer costs at least 8 points more than global",
      mean_at(0.95, before["per layer"]) < mean_at(0.95, before["global"]) - 8)  # fmt: skip

# %% [markdown]
# Both nets have the same number of zeros. What differs is *where* they are: per layer also cuts 95 %
# of the few large weights of the last layer. At 80 % globally, almost nothing is lost.
#
# ## 2.4 How sensitive is each layer?
#
# Prune one layer alone, measure, put it back, go on with the next: a **sensitivity scan**. It is a
# choice that you prepare here, so measure on the *validation* part.
#
# > ### Exercise 2.3 · A sensitivity scan
# > difficulty ★★☆ · importance ★★☆ · 6 minutes
# >
# > Write `sensitivity_scan(weights, accuracy_of, sparsities)`. `accuracy_of(weights)` measures a
# > dictionary of weights. Return {name: {sparsity: accuracy}}.


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
# accuracy. Which layer do you expect to suffer first?

# %%
guess = predict("2.3", "Which layer loses most at 90 %?", None, options=("fc1", "fc2", "fc3"))
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
plotting.show(
    plotting.accuracy_curves(
        curves, LEVELS, "The small last layer is the most sensitive one",
        ylabel="validation accuracy (%)",
    ),
    alt="Validation accuracy when one layer alone is pruned: fc1 and fc2 lose little for long, "
    "fc3 falls earlier and further.",
)  # fmt: skip
at_90 = {name: runs[:, LEVELS.index(0.9)].mean() for name, runs in curves.items()}
most_sensitive = min(at_90, key=at_90.get)
guess.compare(most_sensitive)
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
# > weights goes. Return {name: sparsity}. Raise `ValueError` if no floor reaches the budget.


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
# Is the choice worth the trouble? Choose for 90 %, on validation data, and compare on the test part
# with per layer and global at exactly the same total sparsity, all without fine-tuning.

# %%
import pandas as pd

guess = predict("2.4", "Points the choice gains over equal sparsities?", None, unit="points")
sizes = {name: weight.numel() for name, weight in weights.items()}
rows = []
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

comparison = pd.DataFrame(rows, index=pd.Index(SEEDS, name="seed"))
tables.approximate(comparison, dict.fromkeys(comparison, "{:5.1f} %"))

# %% [markdown]
# Look down the columns: does the choice beat the same sparsity for every layer in every row? And
# does it beat the global threshold?

# %%
gain = comparison["chosen"] - comparison["per layer"]
guess.compare(gain.mean())
against_global = comparison["chosen"] - comparison["global"]
print(f"chosen − per layer: ≈ {gain.mean():5.1f} points on average")
print(f"chosen − global:    ≈ {against_global.mean():5.1f} points on average")
claim("2.e", "the scan's choice beats equal sparsities by 3 points or more on average",
      gain.mean() > 3)  # fmt: skip
claim("2.f", "against one global threshold it wins or loses by less than 4 points",
      abs(against_global.mean()) < 4)  # fmt: skip

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
# > weight after one such step, in which every pruned weight is exactly 0.


# %%
def sgd_step(weight, mask, gradient, velocity, lr, momentum, weight_decay):
    """Tensors of one shape and three numbers. Returns the new weight, a new tensor."""
    ### BEGIN SOLUTION
    velocity = momentum * velocity + gradient + weight_decay * weight
    return (weight - lr * velocity) * mask
    ### END SOLUTION


sgd_step = ex.sgd_step.check(sgd_step)

# %% [markdown]
# Three ways to fine-tune a net with 80 % of plain zeros, its optimiser still carrying the momentum
# from before: do nothing about the zeros; mask the gradients; mask the weights after each step.
# What does masking the gradients leave of the 80 %?


# %%
guess = predict("2.5", "Sparsity after one epoch with masked gradients?", None, unit="%")


def fine_tune_plain_zeros(way):
    """Train, prune to 80 % without a mask on the layer, train one epoch on; return the sparsity."""
    net = copy.deepcopy(dense_nets[0])
    sgd = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3)
    training.train(net, digits, epochs=1, seed=SEEDS[0], optimizer=sgd)
    keep = global_masks(pruning.weights(net), 0.8)

    def zero_out(net):
        for name, layer in pruning.prunable(net).items():
            layer.weight.data.mul_(keep[name])

    zero_out(net)
    if way == "mask the gradients":
        for name, layer in pruning.prunable(net).items():
            layer.weight.register_hook(lambda gradient, name=name: gradient * keep[name])
    after_step = zero_out if way == "mask the weights after each step" else None
    training.train(net, digits, epochs=1, seed=SEEDS[0], optimizer=sgd, after_step=after_step)
    return masks.sparsity(net)


ways = ("nothing", "mask the gradients", "mask the weights after each step")
left = {way: fine_tune_plain_zeros(way) for way in ways}

# %% [markdown]
# The fourth way is the one of lesson 01: the mask stays on the layer, as part of the forward pass.

# %%
hooked = pruning.prune_model(copy.deepcopy(dense_nets[0]), 0.8)
sgd = torch.optim.SGD(hooked.parameters(), lr=0.02, momentum=0.9, weight_decay=1e-3)
training.train(hooked, digits, epochs=1, seed=SEEDS[0], optimizer=sgd)
left["torch.nn.utils.prune, mask on"] = masks.sparsity(hooked)

for way, value in left.items():
    print(f"{way:34s} sparsity ≈ {100 * value:5.1f} %")
guess.compare(100 * left["mask the gradients"])
claim("2.g", "masking only the gradients loses more than half of the zeros within one epoch",
      left["mask the gradients"] < 0.4)  # fmt: skip
claim("2.h", "masking after each step, or leaving the mask on, keeps 80 % to the last weight",
      left["mask the weights after each step"] >= 0.8 - 1e-5
      and left["torch.nn.utils.prune, mask on"] >= 0.8 - 1e-5)  # fmt: skip

# %% [markdown]
# The velocity remembers gradients from before the pruning, so masking the gradients comes too late.
#
# ## 2.6 What fine-tuning recovers
#
# Now fine-tune all pruned nets for two epochs, masks on. The dense nets train two epochs more as
# well: otherwise we would credit the pruning with what longer training does.

# %%
guess = predict("2.6", "Test accuracy at 95 % global, after two epochs?", None, unit="%")


def train_on(net, seed):
    training.train(net, digits, epochs=2, seed=100 + seed)
    return net


for nets in pruned_nets.values():
    for seed, row in zip(SEEDS, nets):
        for net in row:
            train_on(net, seed)
dense_longer = [train_on(copy.deepcopy(net), seed) for seed, net in zip(SEEDS, dense_nets)]

# %% [markdown]
# The same axes as in section 2.3, after two epochs.

# %% tags=["readme-picture"]
after = {name: test_accuracy(nets) for name, nets in pruned_nets.items()}
longer_accuracy = np.array([training.evaluate(net, digits.test) for net in dense_longer])
plotting.show(
    plotting.accuracy_curves(
        after, SPARSITIES, "Two epochs of fine-tuning close the gap, except at 99 %",
        dense=longer_accuracy.mean(),
    ),
    alt="Test accuracy against sparsity after two epochs of fine-tuning: both lines lie close to the "
    "dense accuracy up to 95 %, at 99 % the per-layer line is far below the global one.",
)  # fmt: skip

# %% [markdown]
# Up to 95 % the gap between the two ways is nearly gone. At 99 % it stays wide: per layer leaves 10
# weights in the last layer, for ten classes.

# %%
guess.compare(mean_at(0.95, after["global"]))
table = pd.DataFrame(
    {
        f"{name}, {when}": 100 * runs[name].mean(0)
        for name in SCOPES
        for when, runs in (("before", before), ("after", after))
    },
    index=pd.Index([f"{100 * s:g} %" for s in SPARSITIES], name="sparsity"),
)
tables.approximate(table, dict.fromkeys(table, "{:5.1f} %"))

# %% [markdown]
# How close do the two ways come?

# %%
lead = {s: mean_at(s, after["global"]) - mean_at(s, after["per layer"]) for s in SPARSITIES}
claim("2.i", "up to 95 % the two ways end within 2 points of each other, at 99 % over 10 apart",
      max(abs(lead[s]) for s in SPARSITIES[:-1]) < 2 and lead[0.99] > 10)  # fmt: skip

# %% [markdown]
# Does fine-tuning "sometimes improve" the accuracy, as the source says? Compare with the dense nets
# that trained as long, seed by seed, at up to 80 %.

# %%
mild = len([s for s in SPARSITIES if s <= 0.8])
difference = 100 * (after["global"][:, :mild] - longer_accuracy[:, None])
better = int((difference > 0).sum())
print(f"global, 50 to 80 %: better than dense in ≈ {better} of {difference.size} runs")
print(f"difference to dense: mean ≈ {difference.mean():5.2f} points, "
      f"from ≈ {difference.min():5.2f} to ≈ {difference.max():5.2f}")  # fmt: skip
claim("2.j", "global, up to 80 %: no run ends 1 point above or below its dense twin",
      abs(difference).max() < 1)  # fmt: skip
claim(
    "S13",
    "two epochs bring 90 and 95 % back to within 2.5 points of dense in both ways, but not 99 % per layer",
    min(mean_at(s, after[name]) for s in (0.9, 0.95) for name in SCOPES)
    > 100 * longer_accuracy.mean() - 2.5
    and mean_at(0.99, after["per layer"]) < 100 * longer_accuracy.mean() - 10,
    verdict="holds when enough weights are left; any improvement is under 1 point",
)

# %% [markdown]
# The test part has 1,000 digits, so a tenth of a point is one digit more or less. Three seeds cannot
# tell such a difference from luck; lesson 04 shows how many it would take.
#
# ## 2.7 Where are the weights that survive?
#
# Each column of fc1's mask belongs to one input pixel. Draw, where the pixel is, which part of its
# 300 weights is left. Some pixels at the border never carry ink: how many of their weights survive
# at 90 %?

# %%
guess = predict("2.7", "Part of a blank pixel's weights left at 90 %?", None, unit="%")
first_masks = {
    f"{100 * s:g} % pruned": pruning.masks_of(pruned_nets["global"][0][SPARSITIES.index(s)])["fc1"]
    for s in (0.5, 0.9, 0.99)
}
plotting.show(
    plotting.survivors(first_masks, "Weights left (%): what survives looks at the middle"),
    alt="Part of the weights left on each input pixel at 50, 90 and 99 % sparsity: at every sparsity "
    "most survive in the middle of the picture, where the digits are, and fewest at the border.",
)

# %% [markdown]
# Nobody told the method where the digits are. Sort the pixels by how many of the training digits ink
# them, and average the weights left.

# %%
inked = (digits.train[0] > 0).float().mean(0).flatten()  # (784,), part of the digits with ink there
groups = {
    "never": inked == 0,
    "in 1 to 10 % of the digits": (inked >= 0.01) & (inked < 0.1),
    "in over 30 %": inked >= 0.3,
}


def left_by_ink(mask):
    """Per cent of fc1's weights left on each group of pixels."""
    return {name: 100 * mask[:, pixels].float().mean().item() for name, pixels in groups.items()}


by_ink = left_by_ink(first_masks["90 % pruned"])
for name, value in by_ink.items():
    print(f"inked {name:27s} {int(groups[name].sum()):3d} pixels, ≈ {value:4.1f} % of weights left")
guess.compare(by_ink["never"])
claim("2.k", "at 90 % blank pixels keep less than 1 % of their weights, often inked ones over 12 %",
      by_ink["never"] < 1 and by_ink["in over 30 %"] > 12)  # fmt: skip

# %% [markdown]
# A weight on a blank pixel never gets a gradient, so it keeps its small random start and goes first.
#
# Is it the digits alone that decide, or also the way the net was trained? Train the same net from
# the same seed with Adam instead of SGD, prune it to 90 %, and look again.

# %%
training.seed_everything(SEEDS[0])
by_adam = models.LeNet300()
adam = torch.optim.Adam(by_adam.parameters(), lr=1e-3)
training.train(by_adam, digits, epochs=10, seed=SEEDS[0], optimizer=adam)
adam_mask = pruning.masks_of(pruning.prune_model(by_adam, 0.9))["fc1"]
plotting.show(
    plotting.survivors(
        {"trained with SGD": first_masks["90 % pruned"], "trained with Adam": adam_mask},
        "Weights left (%): with Adam the rim of the digits survives",
    ),
    alt="Weights left on each input pixel at 90 % sparsity: after training with SGD the middle of "
    "the picture survives, after training with Adam a ring around it.",
)
adam_by_ink = left_by_ink(adam_mask)
claim(
    "2.l",
    "with SGD often inked pixels keep most weights, with Adam rarely inked ones do",
    by_ink["in over 30 %"] > 2 * by_ink["in 1 to 10 % of the digits"]
    and adam_by_ink["in 1 to 10 % of the digits"] > 1.3 * adam_by_ink["in over 30 %"],
)

# %% [markdown]
# Same data, same seed, same rule for pruning, and other weights survive. SGD moves a weight in
# proportion to its gradient, and a pixel with little ink gives little. Adam divides each gradient by
# its usual size, so a pixel that is seldom inked moves its weights as far as any. **Magnitude
# measures how the net was trained as much as what matters.** Lesson 05 tries other criteria.
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
# > plain model loads, with the zeros in place. All other entries stay.


# %%
def plain_state(state):
    """state: a state dict, pruned layers as name_orig and name_mask. Returns a plain one."""
    ### BEGIN SOLUTION
    plain = {}
    for name, tensor in state.items():
        if name.endswith("_mask"):
            continue
        if name.endswith("_orig"):
            name = name.removesuffix("_orig")
            tensor = tensor * state[f"{name}_mask"]
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
claim("2.m", "the loaded net has the same zeros and computes the same outputs",
      same_outputs and masks.sparsity(loaded) >= 0.9 - 1e-5)  # fmt: skip

# %% [markdown]
# `pruning.make_permanent(model)` (or `prune.remove` on each layer) before saving does the same.
#
# ## 2.9 Is it faster now?
#
# The zeros are there; a dense kernel does not see them (lesson 01). A CSR kernel does. Replace the
# trained first layer's weight by its CSR form and time both, in turns. At which sparsity does CSR
# start to win for 64 digits at once?

# %%
guess = predict("2.8", "Sparsity from which CSR is faster at batch 64?", None, unit="%")
LEVELS_CSR = [0.5, 0.8, 0.9, 0.95, 0.99]
first_layer = dense_nets[0].fc1.weight.detach()
x = digits.test[0][:64].flatten(1)


def csr_time(level, batch):
    """Time of the CSR layer over time of the dense one, at this sparsity and batch size."""
    dense_weight = first_layer * masks.magnitude_mask(first_layer, level)
    csr_weight, inputs = measure.to_csr(dense_weight), x[:batch].contiguous()
    return measure.latency_ratio(
        lambda: nn.functional.linear(inputs, csr_weight),
        lambda: nn.functional.linear(inputs, dense_weight),
    )


times = {(batch, level): csr_time(level, batch) for batch in (1, 64) for level in LEVELS_CSR}
ratios = {
    f"batch {batch}": [times[batch, level].median for level in LEVELS_CSR] for batch in (1, 64)
}

# %% [markdown]
# Above the dotted line CSR is slower than dense, below it faster.

# %%
plotting.show(
    plotting.line_curves(
        ratios, [100 * level for level in LEVELS_CSR],
        "CSR is slower than dense until very few weights are left",
        xlabel="sparsity (% of the weights of fc1)", ylabel="time of CSR / time of dense",
        dense=1.0, log=True,
    ),
    alt="Time of the CSR layer over the dense layer against sparsity, on a logarithmic axis: at "
    "batch 64 the line falls from far above 1 at 50 % to below 1 at 99 %, at batch 1 it is flatter.",
)  # fmt: skip
faster = [level for level, ratio in zip(LEVELS_CSR, ratios["batch 64"]) if ratio < 1]
guess.compare(100 * min(faster, default=1.0), digits=0)
claim("2.q", "at 80 % the accuracy holds within 1.5 points",
      mean_at(0.8, after["global"]) > 100 * longer_accuracy.mean() - 1.5)  # fmt: skip
time_claim(
    "S1",
    "at 80 %, where the accuracy holds, CSR takes longer than dense at batch 64",
    times[64, 0.8].above(1.1),
    verdict="holds when the file and the kernel leave the zeros out and few enough weights remain",
)
time_claim("2.n", "at 99 % CSR is faster than dense at batch 64", times[64, 0.99].below(0.9))

# %% [markdown]
# A dense kernel reads its weights in order and does not care which are zero. A CSR kernel looks up
# an index for each weight that is left, so it wins only when few are left. For a single digit both
# take only microseconds, much of it spent on the call itself. Where the lines cross depends on the
# machine, the shape and the batch: measure it on yours. Lesson 03 removes whole rows
# and filters instead, which every kernel understands.
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
rescaled = copy.deepcopy(dense_nets[0])
with torch.no_grad():
    rescaled.fc1.weight *= 10
    rescaled.fc1.bias *= 10
    rescaled.fc2.weight /= 10

accuracies = {}
for name, net in {"as trained": dense_nets[0], "rescaled": rescaled}.items():
    at_80 = pruning.prune_model(copy.deepcopy(net), 0.8)
    accuracies[name] = [training.evaluate(m, digits.test) for m in (net, at_80)]
    shown = [f"≈ {100 * a:5.1f} %" for a in accuracies[name]]
    print(f"{name:10s} dense {shown[0]}, 80 % global {shown[1]}, "
          f"fc2 sparsity ≈ {100 * masks.sparsity(at_80.fc2.weight):5.1f} %")  # fmt: skip
claim("2.o", "the same function in another scale loses over 10 points more at 80 % global",
      accuracies["rescaled"][1] < accuracies["as trained"][1] - 0.1)  # fmt: skip

# %% [markdown]
# The threshold takes nearly all of fc2, whose weights are now the smallest: a *layer collapse*. Look
# at the sparsity of each layer before you trust a global threshold. A method that compares weights
# only within their layer, such as the scan of section 2.4, does not see the scale at all. Scan the
# rescaled net as well.

# %%
scan_rescaled = sensitivity_scan(
    pruning.weights(rescaled), lambda weights: validation_accuracy(rescaled, weights), LEVELS
)
differences = [abs(scan_rescaled[name][s] - scans[0][name][s]) for name in sizes for s in LEVELS]
claim("2.p", "all accuracies of the scan are the same in both scales, within 1 point",
      len(differences) == 30 and max(differences) < 0.01)  # fmt: skip

# %% [markdown]
# **I prune in rounds with `global_unstructured`, and the memory grows. Why?** Each call leaves one
# more mask behind in the layer's hook. Count the bytes of the whole model object, hooks included.

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
pd.DataFrame(
    {"global_unstructured": sizes_growing, "course_utils.pruning": sizes_flat},
    index=pd.RangeIndex(1, 5, name="round"),
).div(1e6).round(1).add_suffix(" (MB)")

# %% [markdown]
# The library of the course changes the mask in place instead, so the memory stays flat.
#
# ## What you measured
#
# Every claim of this lesson, as it came out on your machine.

# %%
from course_utils.lesson import what_you_measured

what_you_measured()

# %% [markdown]
# **Remember**
#
# - At equal sparsity, *where* the zeros are decides: leave small, sensitive layers alone.
# - The mask must come last in every step, or stay on the layer.
# - Unstructured zeros save bytes in the right format; time only at very high sparsity.
#
# **Read on**: Han, Pool, Tran and Dally (2015),
# [Learning both weights and connections](https://arxiv.org/abs/1506.02626), for this lesson's recipe;
# Gale, Elsen and Hooker (2019), [The state of sparsity](https://arxiv.org/abs/1902.09574), for how
# well magnitude does against later methods.
#
# **Next**: lesson 03, structured pruning, where whole filters go and the net really gets smaller.
