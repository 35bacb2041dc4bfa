# %% [markdown]
# # 05 · Norm pruning and other criteria
#
# Which weights, rows or filters should go? A **criterion** (准则) gives each a score (重要性分数), and the
# smallest go. This lesson puts norms (范数), gradients (梯度) and activations (激活值) to the same test,
# with random pruning beside them.
#
# **You will be able to**
#
# - compute L1, L2 and L∞ norms of rows, columns and filters, and prune by them,
# - say why norms of different layers do not compare, and make them comparable,
# - write a Taylor score and an activation-aware score,
# - measure how far criteria agree, and which wins at equal budget.
#
# **Time**: 55 minutes.

# %%
import torch

from course_utils import data, masks, measure, models, plotting, scores, surgery, training
from course_utils.lesson import claim, desk, predict, tables

desk.check("05", edition="EDITION")
digits = data.load_mnist()
SEEDS = (0, 1, 2, 3, 4)

# %% [markdown]
# ## 5.1 Three norms, three opinions
#
# Here is a layer of three rows: one large weight alone, two middling ones, four small ones. Which row
# is the smallest? It depends on how you measure. The Lₙ norm of a row w is
#
# $$\lVert w \rVert_n = \Big(\sum_j |w_j|^n\Big)^{1/n}$$
#
# - **L1** adds up the sizes |w|,
# - **L2** is the length of the row as a vector, √Σw²,
# - **L∞**, the limit of large n, is the largest size in the row.

# %%
import math

import pandas as pd

rows = torch.tensor([[1.0, 0.0, 0.0, 0.0], [0.6, -0.6, 0.0, 0.0], [0.45, 0.45, -0.45, 0.45]])
by_norm = pd.DataFrame(
    {"L1": rows.abs().sum(1), "L2": (rows**2).sum(1).sqrt(), "L∞": rows.abs().amax(1)},
    index=pd.Index(["one large weight", "two middling ones", "four small ones"], name="row"),
)
plotting.show(
    plotting.mask_panels(
        {name: masks.norm_mask(rows, 1 / 3, n) for name, n in (("L1", 1), ("L2", 2), ("L∞", math.inf))},
        "Prune one row of three: each norm takes a different one", height=1.7,
    ),
    alt="Three masks of three rows and four columns: by L1 the first row is pruned, by L2 the second, "
    "by L∞ the third.",
)  # fmt: skip
by_norm.round(2)

# %% [markdown]
# In each column the smallest number stands in a different row. L1 punishes having few weights that are not
# zero, L∞ punishes having no large one, and L2 stands between.
#
# > ### Exercise 5.1 · The norm of every slice
# > difficulty ★★☆ · importance ★★★ · 7 minutes
# >
# > Write `group_norms(weight, n, dim)`: the Lₙ norm of each slice of `weight` along `dim`, a vector of
# > length `weight.shape[dim]`. `n` is a positive number or `math.inf`. A negative `dim` counts from
# > the end. `weight` may have one dimension (a slice is then one number) or four.


# %%
from course_utils.exercises import lesson05 as ex


def group_norms(weight, n, dim):
    """weight: any shape. n: positive or math.inf. Returns one norm for each slice along dim."""
    ### BEGIN SOLUTION
    slices = weight.movedim(dim, 0).reshape(weight.shape[dim], -1)  # one row for each slice
    sizes = slices.abs()
    if n == math.inf:
        return sizes.amax(1)
    return (sizes**n).sum(1) ** (1 / n)
    ### END SOLUTION


group_norms = ex.group_norms.check(group_norms)

# %% [markdown]
# For a linear layer, dim 0 holds the rows (one for each output) and dim 1 the columns (one for each
# input). For a conv layer dim 0 holds the filters (滤波器), dim 1 the input channels (通道).
#
# ## 5.2 From norms to masks
#
# > ### Exercise 5.2 · Prune whole slices
# > difficulty ★★☆ · importance ★★★ · 6 minutes
# >
# > Write `slice_mask(weight, sparsity, n, dim)`: prune the round(sparsity · slices) slices along `dim`
# > of smallest Lₙ norm, the first of equal ones first. The mask is boolean, True = kept, and has the
# > weight's shape. Use your `group_norms`; `masks.mask_from_scores(norms, sparsity)` ranks them.


# %%
def slice_mask(weight, sparsity, n, dim):
    """sparsity: 0 to 1, of the slices along dim. Returns the mask in the weight's shape."""
    ### BEGIN SOLUTION
    kept = masks.mask_from_scores(group_norms(weight, n, dim), sparsity)
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask.movedim(dim, 0)[~kept] = False  # writes into the mask: movedim copies nothing
    return mask
    ### END SOLUTION


slice_mask = ex.slice_mask.check(slice_mask)

# %% [markdown]
# PyTorch's function is `prune.ln_structured`. Compare your masks with its masks, for three norms and
# dims 0 and 1, on a linear and a conv layer; then run the example of the source. How many rows of 10 go?

# %%
guess = predict("5.1", "How many of 10 rows does amount=0.2 prune?", None, unit="rows")

# %% [markdown]
# Twelve comparisons, then the example:

# %%
import copy

from torch import nn
from torch.nn.utils import prune

training.seed_everything(SEEDS[0])
agree = []
for layer in (nn.Linear(30, 20), nn.Conv2d(6, 12, 3)):
    for n in (1, 2, math.inf):
        for dim in (0, 1):
            by_torch = prune.ln_structured(copy.deepcopy(layer), "weight", 0.4, n, dim)
            agree.append(by_torch.weight_mask.bool().equal(slice_mask(layer.weight, 0.4, n, dim)))

ten = prune.ln_structured(nn.Linear(10, 10), "weight", amount=0.2, n=1, dim=0)
gone = int((~ten.weight_mask.bool().any(1)).sum())
print(f"your masks are those of ln_structured: {sum(agree)} of {len(agree)}")
guess.compare(gone, digits=0)
claim("S10", "ln_structured(amount=0.2, n=1, dim=0) prunes 2 rows of 10, and your masks are its masks",
      gone == 2 and all(agree), verdict="holds")  # fmt: skip

# %% [markdown]
# Does it matter which norm you take? Prune half of the 100 rows in the second layer of five trained
# LeNet-300-100. How many of those 50 rows will L1 and L∞ *not* have in common?

# %%
guess = predict("5.2", "Of 50 rows that L1 prunes, how many does L∞ keep?", None, unit="rows")

# %% [markdown]
# Train the five nets, four epochs each. They serve the whole lesson.


# %%
def train_dense(seed):
    training.seed_everything(seed)
    net = models.LeNet300()
    training.train(net, digits, epochs=4, seed=seed)
    return net


dense_nets = {seed: train_dense(seed) for seed in SEEDS}

# %% [markdown]
# The rows that L1 prunes and the other norm keeps, mean of the five nets, and the masks of the three
# norms on single weights:

# %%
import numpy as np

kept_by = {"L2": [], "L∞": []}
for net in dense_nets.values():
    weight = net.fc2.weight.detach()
    by_l1 = slice_mask(weight, 0.5, 1, 0)
    for name, n in (("L2", 2), ("L∞", math.inf)):
        differ = slice_mask(weight, 0.5, n, 0) & ~by_l1
        kept_by[name].append(int(differ.any(1).sum()))
single = dense_nets[SEEDS[0]].fc2.weight.detach().flatten()
same_for_one = all(slice_mask(single, 0.5, n, 0).equal(masks.magnitude_mask(single, 0.5))
                   for n in (1, 2, math.inf))  # fmt: skip
for name, counts in kept_by.items():
    print(f"pruned by L1, kept by {name}: ≈ {np.mean(counts):4.1f} of 50 rows")
guess.compare(np.mean(kept_by["L∞"]), digits=0)
claim("S9", "single weights: all norms prune the same; of 50 rows of fc2 by L1, L∞ keeps 2 to 8",
      all([same_for_one, 2 <= np.mean(kept_by["L∞"]) <= 8]),
      verdict="holds, and L1 or L2 hardly matters: of fc2's rows at 50 % they choose nearly the same")  # fmt: skip

# %% [markdown]
# Of one weight every norm is |w|, so for single weights there is nothing to choose.
#
# ## 5.3 Norms of different layers do not compare
#
# So far each layer lost the same share. What about one threshold for all filters of a net, as the
# global threshold for weights in lesson 02? Take ConvNets of 8, 16 and 32 filters and prune a quarter of
# all 56 by their L1 norm.

# %%
guess = predict("5.3", "14 of 56 filters go. How many of block 1's 8?", None, unit="filters")

# %% [markdown]
# Three nets, two epochs each:

# %%
conv_nets = {}
for seed in SEEDS[:3]:
    training.seed_everything(seed)
    conv_nets[seed] = models.ConvNet(widths=(8, 16, 32))
    training.train(conv_nets[seed], digits, epochs=2, seed=seed)

# %% [markdown]
# Draw the norm of every filter of the first net. The line is the threshold; what lies below it goes.

# %%
BLOCKS = ("block 1", "block 2", "block 3")
NORMS = {"L1": 1, "L2": 2, "L∞": math.inf}


def filter_norms(net, n):
    """{block: Lₙ norm of each of its filters}."""
    layers = surgery.filter_layers(net).values()
    return {name: group_norms(layer.weight.detach(), n, 0) for name, layer in zip(BLOCKS, layers)}


first_net = conv_nets[SEEDS[0]]
plotting.show(
    plotting.filter_scores(
        {name: filter_norms(first_net, n) for name, n in NORMS.items()}, 0.25,
        "One threshold: L1 takes the whole first block, L∞ spares it",
    ),
    alt="Norms of the filters of three blocks with the threshold that prunes a quarter of all: by L1 "
    "all filters of the first block lie below it, by L∞ nearly all below it are of the third.",
)  # fmt: skip

# %% [markdown]
# Crosses lie below the threshold. How many go from each block, mean of the three nets?

# %%
counts = {}
for name, n in NORMS.items():
    for seed, net in conv_nets.items():
        keep = masks.global_masks(filter_norms(net, n), 0.25)
        counts[name, seed] = [int((~kept).sum()) for kept in keep.values()]
table = pd.DataFrame(counts, index=[f"{b}, of {k}" for b, k in zip(BLOCKS, (8, 16, 32))]).T
guess.compare(np.mean([counts["L1", seed][0] for seed in conv_nets]), digits=0)
claim("5.a", "a quarter of all filters by L1 is the whole first block and none of the third",
      all(counts["L1", seed][0] == 8 and counts["L1", seed][2] == 0 for seed in conv_nets))  # fmt: skip
claim("5.b", "by L∞ the first block loses at most one filter, the third over half of the 14",
      all(counts["L∞", seed][0] <= 1 and counts["L∞", seed][2] > 7 for seed in conv_nets))  # fmt: skip
tables.approximate(table.groupby(level=0, sort=False).mean(), dict.fromkeys(table, "{:4.1f}"))

# %% [markdown]
# A net without its first block is dead: nothing flows through it. That is **layer collapse** (层崩溃),
# and most of it is arithmetic. A filter of the first block has 9 weights, of the second 72, of the third
# 144. PyTorch draws the initial weights of a layer with k inputs to each filter between −1/√k and 1/√k.
# So at the start the L1 norm of a filter grows like √k, L2 is the same everywhere, and the largest
# weight shrinks like 1/√k. What has training left of that? The mean norms:

# %%
means = pd.DataFrame(
    {
        name: np.mean([[norms.mean() for norms in filter_norms(net, n).values()]
                       for net in conv_nets.values()], axis=0)
        for name, n in NORMS.items()
    },
    index=["block 1, k = 9", "block 2, k = 72", "block 3, k = 144"],
)  # fmt: skip
claim("5.c", "from the first block to the third the mean L1 norm grows, and L∞ shrinks",
      means["L1"].is_monotonic_increasing and means["L∞"].is_monotonic_decreasing)  # fmt: skip
tables.approximate(means, dict.fromkeys(means, "{:5.2f}"))

# %% [markdown]
# Training has blurred it, but the order stands. A remedy: measure each filter against the average filter
# of its own layer.
#
# > ### Exercise 5.3 · Filters of different layers on one scale
# > difficulty ★★☆ · importance ★★★ · 6 minutes
# >
# > Write `comparable_norms(weights)`: for a dictionary name → weight, a dictionary name → scores. A
# > score is the L2 norm of a slice along dim 0, divided by the mean of these norms in its layer. In a
# > layer of zeros every score is 0.


# %%
def comparable_norms(weights):
    """weights: {name: tensor}. Returns {name: scores}, 1 = an average filter of its layer."""
    ### BEGIN SOLUTION
    comparable = {}
    for name, weight in weights.items():
        norms = group_norms(weight, 2, 0)
        mean = norms.mean()
        comparable[name] = norms / mean if mean > 0 else norms
    return comparable
    ### END SOLUTION


comparable_norms = ex.comparable_norms.check(comparable_norms)

# %% [markdown]
# Prune a quarter of all filters again, with and without the remedy, and read the test accuracy without
# any repair. `scores.relative_norm` is your function for any norm. A dead net counts as 10 %: it gives
# every digit the same answer, and there are ten. A quarter of the *filters* is not a quarter of the
# parameters or FLOPs: that depends on where they go, so the table counts what is left of both.

# %%
guess = predict("5.4", "Test accuracy, a quarter gone by relative L1, no repair?", None, unit="%")

# %% [markdown]
# `without_filters` removes them for real, with the surgery of lesson 03.


# %%
def without_filters(net, scores_by_block, sparsity):
    """The net without the filters of smallest score over all blocks, or None if one is empty."""
    kept = masks.global_masks(scores_by_block, sparsity).values()
    keep = dict(zip(surgery.filter_layers(net), kept))
    return surgery.remove_filters(net, keep) if all(k.any() for k in kept) else None


def accuracy_of(net):
    return 10.0 if net is None else 100 * training.evaluate(net, digits.test)


def what_is_left(small, net):
    """Accuracy, parameters and FLOPs of the small net; the last two in per cent of the whole one."""
    if small is None:
        return accuracy_of(None), np.nan, np.nan
    counts = (measure.count_parameters, lambda each: measure.flops(each, digits.test[0][:1]))
    return accuracy_of(small), *(100 * count(small) / count(net) for count in counts)


raw = {}
for seed, net in conv_nets.items():
    layers = dict(zip(BLOCKS, surgery.filter_layers(net).values()))
    for name, n in NORMS.items():
        relative = {block: scores.relative_norm(v.weight, n) for block, v in layers.items()}
        by_norm = {name: filter_norms(net, n), f"{name}, relative": relative}
        for by, values in by_norm.items():
            raw[by, seed] = what_is_left(without_filters(net, values, 0.25), net)

# %% [markdown]
# Means of three nets; of the accuracy also the worst and the best.

# %%
collected = pd.DataFrame(raw, ["accuracy", "parameters left", "FLOPs left"]).T
by_score = collected.groupby(level=0, sort=False)
ranges = by_score.mean()
ranges.insert(1, "worst", by_score["accuracy"].min())
ranges.insert(2, "best", by_score["accuracy"].max())
last_weights = {block: layer.weight.detach() for block, layer in layers.items()}
same_scores = all(yours.allclose(scores.relative_norm(last_weights[block]))
                  for block, yours in comparable_norms(last_weights).items())  # fmt: skip
print(f"your scores are those of scores.relative_norm: {same_scores}")
guess.compare(ranges.loc["L1, relative", "accuracy"])
claim("5.d", "25 % of all filters by L1 kills the net; by relative L1 70 to 99 % are right on average",
      all([ranges.loc["L1", "best"] == 10, 70 <= ranges.loc["L1, relative", "accuracy"] <= 99]))  # fmt: skip
tables.approximate(ranges, dict.fromkeys(ranges, "{:5.1f} %")).replace("≈   nan %", "dead")

# %% [markdown]
# Relative norms are a convention, not a law: they say that an average filter is worth the same in each
# layer. They save the net from L1. Raw L∞ needs no remedy here: it takes its filters from the
# third block, of which there are plenty, and so removes parameters that cost few FLOPs. The rows of the
# table are nets of different sizes, so it says which nets live and not which norm is the better one.
# Look at what each layer has left, whatever you compare.
#
# ## 5.4 Ask the loss: Taylor scores
#
# A norm does not know what the net is for. The gradient does. If the weight w goes to 0, the loss L
# changes, to first order (Taylor's formula, 泰勒展开), by
#
# $$\Delta L \approx -\,w \,\frac{\partial L}{\partial w}$$
#
# The **Taylor score** (泰勒分数) is its size, |w · ∂L/∂w|.
#
# > ### Exercise 5.4 · What the loss would notice
# > difficulty ★★☆ · importance ★★★ · 7 minutes
# >
# > Write `taylor_scores(weight, loss)`: `weight` is a plain tensor, and `loss(weight)` returns the
# > loss, one number as a tensor. Return |w · ∂L/∂w| in the weight's shape. Leave `weight` as it is.


# %%
def taylor_scores(weight, loss):
    """weight: any shape, without gradients. loss: a function of it. Returns the scores."""
    ### BEGIN SOLUTION
    w = weight.clone().requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss(w), w)
    return (weight * gradient).abs()
    ### END SOLUTION


taylor_scores = ex.taylor_scores.check(taylor_scores)

# %% [markdown]
# Is the forecast any good? The last layer has 1,000 weights: set each of them to 0, one at a time, and
# measure how much the loss on 1,000 training digits really changes. Rank agreement (Spearman's ρ,
# 秩相关) is 1 when two scores order the weights alike, and 0 when they have nothing to do with each
# other. What will it be between the Taylor score and the truth?

# %%
guess = predict("5.5", "Rank agreement of Taylor score and true change, 0 to 1?", None)

# %% [markdown]
# What flows into fc3 does not depend on its weight, so one forward pass serves all 1,000 trials.

# %%
sample = tuple(part[:1000] for part in digits.train)


def true_changes(net):
    """How much the loss changes when one weight of fc3 alone is 0: (10, 100), in nats."""
    hidden, weight = scores.layer_inputs(net, sample[0])["fc3"], net.fc3.weight.detach()
    outputs = hidden @ weight.T + net.fc3.bias.detach()
    dense_loss, changes = nn.functional.cross_entropy(outputs, sample[1]), torch.zeros_like(weight)
    for i, j in np.ndindex(*weight.shape):
        without = outputs.clone()
        without[:, i] -= hidden[:, j] * weight[i, j]
        changes[i, j] = nn.functional.cross_entropy(without, sample[1]) - dense_loss
    return changes


def loss_of_fc3(net):
    """A function of fc3's weight: the loss of the net with it."""
    hidden, bias = scores.layer_inputs(net, sample[0])["fc3"], net.fc3.bias.detach()
    return lambda weight: nn.functional.cross_entropy(hidden @ weight.T + bias, sample[1])


# %% [markdown]
# All five nets, with the magnitude beside it.

# %%
from scipy.stats import spearmanr

agreement = {"Taylor": [], "magnitude": []}
for net in dense_nets.values():
    truth, weight = true_changes(net).abs().flatten(), net.fc3.weight.detach()
    candidates = {
        "Taylor": taylor_scores(weight.clone(), loss_of_fc3(net)),
        "magnitude": weight.abs(),
    }
    for name, values in candidates.items():
        agreement[name].append(spearmanr(truth, values.detach().flatten()).statistic)
for name, values in agreement.items():
    print(f"{name:9s} rank agreement with the true change ≈ {np.mean(values):.2f}")
guess.compare(np.mean(agreement["Taylor"]), digits=2)
claim("5.e", "Taylor orders single weights of fc3 as the true change does: ρ is 0.9 to 1 on average",
      0.9 <= np.mean(agreement["Taylor"]) <= 1)  # fmt: skip
claim("5.f", "the magnitude is the worse judge of a single weight in each net: ρ is 0.6 to 0.85",
      all([all(t > m for t, m in zip(*agreement.values())),
       0.6 <= np.mean(agreement["magnitude"]) <= 0.85]))  # fmt: skip

# %% [markdown]
# A nearly perfect forecast, for *one* weight of fc3. Pruning takes thousands at once. Keep that in mind
# for section 5.7.
#
# There is an older worry, too. A net that has trained to the end stands at a minimum, where every ∂L/∂w
# is 0, and so is every first-order score. Optimal brain damage (LeCun, Denker and Solla, 1990) therefore
# kept the *second* order, how the loss curves along each weight. This lesson's nets are far from a
# minimum; section 5.9 tries the second order all the same.
#
# ## 5.5 Ask the data: activation-aware scores
#
# A weight matters as far as what it multiplies is large. The **activation-aware** score (激活感知) is
# |w| · ‖x‖₂: the size of the weight times the norm of its input feature over many examples. It needs a
# few forward passes and no gradient. Sun and others prune large language models with it; they rank
# within each output row, this lesson within each layer.
#
# > ### Exercise 5.5 · What the layer really sees
# > difficulty ★★☆ · importance ★★☆ · 6 minutes
# >
# > Write `activation_scores(weight, inputs)`: `weight` (out, in) of a linear layer, `inputs`
# > (examples, in). Return |w| times the L2 norm of the weight's input feature over the examples,
# > (out, in).


# %%
def activation_scores(weight, inputs):
    """weight: (out, in), inputs: (examples, in). Returns the scores, (out, in)."""
    ### BEGIN SOLUTION
    norms = inputs.norm(dim=0)  # over the examples: (in,)
    return weight.abs() * norms
    ### END SOLUTION


activation_scores = ex.activation_scores.check(activation_scores)

# %% [markdown]
# Some pixels are blank in all of the 1,000 digits, and on these digits nothing that hangs on them can
# matter. How many of their weights survive 50 % pruning of the first layer, by magnitude?

# %%
guess = predict("5.6", "Part of a blank pixel's weights that magnitude keeps?", None, unit="%")

# %% [markdown]
# Where each of the two criteria leaves weights:

# %%
net, images = dense_nets[SEEDS[0]], sample[0].flatten(1)
first_weight, blank = net.fc1.weight.detach(), (images == 0).all(0)


def halved(weight):
    """The masks of the two criteria at 50 %."""
    return {
        "magnitude": masks.magnitude_mask(weight, 0.5),
        "activation-aware": masks.mask_from_scores(activation_scores(weight, images), 0.5),
    }


plotting.show(
    plotting.survivors(
        halved(first_weight), "Weights left (%): only activation-aware pruning clears blank pixels",
        top=100,
    ),
    alt="Part of the weights left on each input pixel at 50 %: by magnitude the border keeps a part "
    "of its weights, activation-aware pruning keeps none there.",
)  # fmt: skip
on_blank = pd.DataFrame(
    {name: 100 * mask[:, blank].float().mean().item() for name, mask in halved(w).items()}
    for w in (each.fc1.weight.detach() for each in dense_nets.values())
).mean()
for name, value in on_blank.items():
    print(f"{name:16s} weights left on blank pixels, five nets: ≈ {value:4.1f} %")
guess.compare(on_blank["magnitude"])
claim("5.g", "at 50 %, magnitude keeps 35 to 60 % of the weights on blank pixels, the other none",
      all([35 <= on_blank["magnitude"] <= 60, on_blank["activation-aware"] == 0]))  # fmt: skip

# %% [markdown]
# A weight on a blank pixel gets no gradient and keeps its initial value, so its magnitude cannot tell.
#
# `scores.taylor` and `scores.activation_aware` are your two functions, for conv layers as well. Compute
# all criteria for the five nets; the random scores have a seed of their own.


# %%
from course_utils import pruning


def weight_scores(net, seed):
    """{criterion: {layer: scores}} for each weight of a net."""
    weights, lots = pruning.weights(net), torch.Generator().manual_seed(1000 + seed)
    gradients = scores.loss_gradients(net, sample)
    inputs = scores.layer_inputs(net, sample[0])
    return {
        "magnitude": {n: scores.magnitude(w) for n, w in weights.items()},
        "activation-aware": {n: scores.activation_aware(w, inputs[n]) for n, w in weights.items()},
        "Taylor": {n: scores.taylor(w, gradients[n]) for n, w in weights.items()},
        "random": {n: scores.random(w, lots) for n, w in weights.items()},
    }


criteria = {seed: weight_scores(net, seed) for seed, net in dense_nets.items()}

# %% [markdown]
# Are yours the library's? And how do you prune by your own scores with `torch.nn.utils.prune`? Its
# functions take them as `importance_scores`.

# %%
theirs, layer = criteria[SEEDS[0]], copy.deepcopy(net.fc1)
yours = {"Taylor": taylor_scores(net.fc3.weight.detach().clone(), loss_of_fc3(net)),
         "activation-aware": activation_scores(first_weight, images)}  # fmt: skip
same_taylor = yours["Taylor"].allclose(theirs["Taylor"]["fc3"], rtol=1e-3, atol=1e-7)
same_activation = yours["activation-aware"].allclose(theirs["activation-aware"]["fc1"])
own = theirs["activation-aware"]["fc1"]
prune.l1_unstructured(layer, "weight", amount=0.9, importance_scores=own)
print("yours and the library's agree:", same_taylor and same_activation)
print("l1_unstructured with these scores prunes what your mask prunes:",
      layer.weight_mask.bool().equal(masks.mask_from_scores(own, 0.9)))  # fmt: skip

# %% [markdown]
# ## 5.6 Do they agree?
#
# Rank agreement between every two criteria, on the 30,000 weights of fc2. What do you expect between the
# magnitude and the Taylor score?

# %%
guess = predict("5.7", "Rank agreement of magnitude and Taylor on fc2, 0 to 1?", None)

# %% [markdown]
# Spearman's ρ, mean of five nets:


# %%
def agreement_of(scores_by_name):
    """Spearman's ρ between every two of {name: scores}: a square matrix."""
    return spearmanr(
        np.stack([s.flatten().numpy() for s in scores_by_name.values()]), axis=1
    ).statistic


fc2 = np.mean([agreement_of({name: by_layer["fc2"] for name, by_layer in of_net.items()})
               for of_net in criteria.values()], axis=0)  # fmt: skip
plotting.show(
    plotting.agreement_matrix(
        fc2,
        [*criteria[SEEDS[0]]],
        "Rank agreement on fc2: related opinions, random agrees with none",
    ),
    alt="Matrix of rank agreements between magnitude, activation-aware, Taylor and random scores: the "
    "first three agree in part, random with none.",
)
guess.compare(fc2[0, 2], digits=2)

# %% [markdown]
# And the filters of the third block, mean of three nets. For a whole filter the first-order change is
# the *sum* of w · ∂L/∂w over its weights, and the Taylor score the size of that sum.


# %%
def filter_scores(net, seed):
    """{criterion: {layer: scores}} for each filter of a net."""
    layers, lots = surgery.filter_layers(net), torch.Generator().manual_seed(1000 + seed)
    gradients = scores.loss_gradients(net, sample)
    found = {name: {k: scores.group_norm(v.weight, n) for k, v in layers.items()}
             for name, n in NORMS.items()}  # fmt: skip
    found["Taylor"] = {
        k: (v.weight.detach() * gradients[k]).flatten(1).sum(1).abs() for k, v in layers.items()
    }
    found["random"] = {k: torch.rand(len(v.weight), generator=lots) for k, v in layers.items()}
    return found


filter_criteria = {seed: filter_scores(net, seed) for seed, net in conv_nets.items()}

# %% [markdown]
# Which of them agree?

# %%
third = np.mean([agreement_of({name: by_layer["blocks.2.0"] for name, by_layer in of_net.items()})
                 for of_net in filter_criteria.values()], axis=0)  # fmt: skip
plotting.show(
    plotting.agreement_matrix(
        third,
        [*filter_criteria[SEEDS[0]]],
        "Rank agreement of filters: the norms agree, Taylor less",
    ),
    alt="Matrix of rank agreements between L1, L2, L∞, Taylor and random scores of filters: the norms "
    "agree most with each other, Taylor less, random with nobody.",
)
claim("5.h", "on fc2, magnitude has ρ of 0.6 to 0.9 with activation-aware, 0.4 to 0.65 with Taylor",
      all([0.6 <= fc2[0, 1] <= 0.9, 0.4 <= fc2[0, 2] <= 0.65, abs(fc2[3, :3]).max() < 0.1]))  # fmt: skip
claim("5.i", "on filters, L1 and L2 have ρ of 0.9 to 1, Taylor less with any norm than two norms have",
      all([0.9 <= third[0, 1] <= 1, third[3, :3].max() < third[:3, :3].min()]))  # fmt: skip

# %% [markdown]
# ## 5.7 Which wins?
#
# Equal budget for everybody: 90 % of the weights, layer by layer, so that only the ranking within each
# layer counts; then one epoch of fine-tuning. Which of the four do you expect on top?

# %%
guess = predict("5.8", "Who wins at 90 % per layer, fine-tuned?", None,
                options=("magnitude", "activation-aware", "Taylor", "random"))  # fmt: skip

# %% [markdown]
# Each net is pruned by each criterion, per layer and with one global threshold.


# %%
def prune_by(net, scores_by_layer, sparsity, scope):
    """A masked copy of the net."""
    if scope == "global":
        keep = masks.global_masks(scores_by_layer, sparsity)
    else:
        keep = {n: masks.mask_from_scores(s, sparsity) for n, s in scores_by_layer.items()}
    return pruning.apply_masks(copy.deepcopy(net), keep)


def before_and_after(net, seed):
    """Test accuracy now and after one more epoch, in per cent. Trains the net."""
    before = training.evaluate(net, digits.test)
    training.train(net, digits, epochs=1, seed=100 + seed)
    return 100 * before, 100 * training.evaluate(net, digits.test)


league = {}
for seed, net in dense_nets.items():
    for name, by_layer in criteria[seed].items():
        for scope in ("layer", "global"):
            pruned = prune_by(net, by_layer, 0.9, scope)
            league[name, scope, seed] = before_and_after(pruned, seed)

# %% [markdown]
# Bars are means of five nets, lines reach from the worst to the best. The dense nets get one epoch more
# as well.

# %%
results = pd.DataFrame(league, index=["raw", "fine-tuned"]).T.sort_index()
dense_after = [before_and_after(copy.deepcopy(net), seed)[1] for seed, net in dense_nets.items()]


def runs_of(name, scope, when):
    return results.loc[(name, scope), when].to_numpy()


plotting.show(
    plotting.grouped_bars(
        {
            "raw": np.stack([runs_of(name, "layer", "raw") for name in criteria[SEEDS[0]]], axis=1),
            "fine-tuned": np.stack([runs_of(n, "layer", "fine-tuned") for n in criteria[SEEDS[0]]], axis=1),
        },
        [*criteria[SEEDS[0]]], "90 % per layer, one epoch: magnitude wins", ylabel="test accuracy (%)",
    ),
    alt="Test accuracy at 90 % per layer before and after one epoch for four criteria: magnitude is on "
    "top, then activation-aware, then Taylor, and random far below.",
)  # fmt: skip

# %% [markdown]
# The table has the global threshold as well. The last two columns say how many points a criterion is
# ahead of magnitude after fine-tuning, seed by seed, and the 95 % interval (lesson 04).

# %%
from course_utils import intervals

lines = {}
for scope in ("layer", "global"):
    for name in criteria[SEEDS[0]]:
        tuned = runs_of(name, scope, "fine-tuned")
        ahead = intervals.paired_difference(tuned, runs_of("magnitude", scope, "fine-tuned"))
        lines[scope, name] = {
            "raw": f"≈ {runs_of(name, scope, 'raw').mean():5.1f} %",
            "fine-tuned": f"≈ {tuned.mean():5.1f} %",
            "ahead": "" if name == "magnitude" else f"≈ {ahead.mean:+6.1f}",
            "interval": ""
            if name == "magnitude"
            else f"≈ {ahead.low:+6.1f} to ≈ {ahead.high:+6.1f}",
        }
final = {name: runs_of(name, "layer", "fine-tuned").mean() for name in criteria[SEEDS[0]]}
guess.compare(max(final, key=final.get))
print(f"dense, as many epochs: ≈ {np.mean(dense_after):.1f} %")
pd.DataFrame(lines).T.rename_axis(index=["scope", "criterion"])

# %% [markdown]
# One epoch after the cut, the activation-aware score comes close to magnitude and does not reach it. The
# Taylor score, the better judge of a single weight of fc3, is behind with one threshold; per layer its
# five nets differ so much that the interval says little. Random is far behind both ways.

# %%
tuned_means = {
    scope: {name: runs_of(name, scope, "fine-tuned").mean() for name in criteria[SEEDS[0]]}
    for scope in ("layer", "global")
}
claim(
    "S14",
    "90 %, one epoch: gradients and activations beat random, and neither beats magnitude",
    all(
        means["magnitude"] > means[name] > means["random"]
        for means in tuned_means.values()
        for name in ("Taylor", "activation-aware")
    ),
    verdict="holds when you compare with random; nothing here beats the plain magnitude",
)
claim("5.j", "one global threshold, one epoch: magnitude ends 0 to 5 points ahead of Taylor",
      0 <= tuned_means["global"]["magnitude"] - tuned_means["global"]["Taylor"] <= 5)  # fmt: skip

# %% [markdown]
# Section 5.3 has warned of one threshold for all layers, and here it does better than a share for each.
# Which layers did it spare? Part of the weights left, mean of the five nets:

# %%
shares = {}
for name in criteria[SEEDS[0]]:
    kept = [masks.global_masks(criteria[seed][name], 0.9) for seed in dense_nets]
    shares[name] = {
        layer: 100 * np.mean([k[layer].float().mean() for k in kept]) for layer in kept[0]
    }
spared = pd.DataFrame(shares).T.rename_axis(index="weights left (%), global 90 %")
claim("5.p", "one threshold by magnitude leaves 20 to 40 % of fc2 and over 50 % of fc3, by chance 10 %",
      all([20 <= spared.loc["magnitude", "fc2"] <= 40, spared.loc["magnitude", "fc3"] > 50,
       abs(spared.loc["random"] - 10).max() < 2.5]))  # fmt: skip
tables.approximate(spared, dict.fromkeys(spared, "{:4.1f}"))

# %% [markdown]
# It takes nearly all from fc1, by far the largest layer, and leaves the small ones much more than a
# tenth. A single weight does depend on its layer: the initial ones of fc1 are the smallest, since it has
# the most inputs (1/√k, section 5.3). Here that happens to be the layer that can spare weights. It need
# not be so on another net: count what each layer has left.
#
# One epoch is 57 steps. Is random pruning really that bad, or has it not had time? Train the masked nets
# of magnitude and of random pruning, 90 % per layer, for four epochs more.

# %%
guess = predict("5.9", "Test accuracy of random pruning, four epochs more?", None, unit="%")

# %% [markdown]
# Five nets each, the same masks as above:

# %%
later = {}
for name in ("magnitude", "random"):
    for seed, net in dense_nets.items():
        pruned = prune_by(net, criteria[seed][name], 0.9, "layer")
        training.train(pruned, digits, epochs=1, seed=100 + seed)
        training.train(pruned, digits, epochs=4, seed=200 + seed)
        later[name, seed] = 100 * training.evaluate(pruned, digits.test)
five_epochs = pd.Series(later).unstack()
gap = {
    1: intervals.paired_difference(*(runs_of(n, "layer", "fine-tuned") for n in five_epochs.index)),
    5: intervals.paired_difference(*five_epochs.to_numpy()),
}
guess.compare(five_epochs.loc["random"].mean())
for epochs, difference in gap.items():
    print(f"magnitude − random, {epochs} epochs after the cut: {difference} points")
claim("5.q", "90 % per layer: random is 20 to 90 points behind after one epoch, 1 to 7 after five",
      all([20 <= gap[1].mean <= 90, 1 <= gap[5].mean <= 7]))  # fmt: skip

# %% [markdown]
# Most of the gap was time. A random mask leaves a net that has to learn nearly everything anew, and one
# epoch is too short for that; given more, it comes close, and stays behind. So "beats random by far" is
# true of one epoch on this net. Look at the budget before you praise a criterion.
#
# How can a nearly perfect forecast give a worse mask? Add it up: the sum of −w · ∂L/∂w over *all* pruned
# weights is the first-order forecast for the whole cut. Compare it with what the loss really does when
# 90 % go per layer.

# %%
guess = predict(
    "5.10", "True rise of the loss, as a multiple of Taylor's forecast?", None, unit="×"
)

# %% [markdown]
# The masks of three criteria, mean of the five nets, on the digits that the gradients come from. Forecast
# and true rise are in nats.

# %%
first_order = []
for seed, net in dense_nets.items():
    weights, gradients = pruning.weights(net), scores.loss_gradients(net, sample)
    with torch.no_grad():
        dense_loss = nn.functional.cross_entropy(net(sample[0]), sample[1])
        for name in ("magnitude", "activation-aware", "Taylor"):
            pruned = prune_by(net, criteria[seed][name], 0.9, "layer")
            gone = {layer: ~mask for layer, mask in pruning.masks_of(pruned).items()}
            forecast = -sum((weights[n] * gradients[n])[gone[n]].sum() for n in weights)
            rise = nn.functional.cross_entropy(pruned(sample[0]), sample[1]) - dense_loss
            first_order.append((name, float(forecast), float(rise)))

forecasts = pd.DataFrame(first_order, columns=["mask by", "forecast", "true rise"])
forecasts = forecasts.groupby("mask by", sort=False).mean()
forecasts["rise / forecast"] = forecasts["true rise"] / forecasts["forecast"]
guess.compare(forecasts.loc["Taylor", "rise / forecast"])
claim("5.k", "the loss rises by more than the forecast for each, and by 0.5 to 3 nats for Taylor's mask",
      all([(forecasts["true rise"] > forecasts["forecast"].abs()).all(),
       forecasts["true rise"].idxmax() == "Taylor", 0.5 <= forecasts.loc["Taylor", "true rise"] <= 3]))  # fmt: skip
tables.approximate(
    forecasts, {"forecast": "{:6.2f}", "true rise": "{:6.2f}", "rise / forecast": "{:5.1f} ×"}
)

# %% [markdown]
# The forecast misses the rise for every mask, and most for the one that was made from it. A first-order
# forecast leaves out how the loss curves and how cuts add up, so to make *it* small does not make the
# damage small. Section 5.9 keeps the curvature.
#
# And filters? Half of each conv's filters go, for each criterion. L1 and L2 order them nearly alike
# (section 5.6), so L2 stands for both. Three stages: raw, with BatchNorm recalibrated (lesson 03), and
# recalibrated after one epoch.

# %%
guess = predict(
    "5.11", "Points from best to worst criterion, after one epoch?", None, unit="points"
)

# %% [markdown]
# The three nets again:

# %%
FILTER_NAMES = ("L2", "L∞", "Taylor", "random")
STAGES = ("raw", "recalibrated", "fine-tuned")


def three_stages(net, seed):
    """Test accuracy raw, recalibrated, and recalibrated after one epoch. Trains the net."""
    raw = accuracy_of(net)
    training.recalibrate(net, sample)
    recalibrated = accuracy_of(net)
    training.train(net, digits, epochs=1, seed=100 + seed)
    training.recalibrate(net, sample)
    return raw, recalibrated, accuracy_of(net)


filter_league = {}
for seed, net in conv_nets.items():
    for name in FILTER_NAMES:
        by_layer = filter_criteria[seed][name]
        keep = {layer: masks.mask_from_scores(values, 0.5) for layer, values in by_layer.items()}
        filter_league[name, seed] = three_stages(surgery.remove_filters(net, keep), seed)
filter_results = pd.DataFrame(filter_league, index=STAGES).T

# %% [markdown]
# Bars are means of three nets, lines reach from the worst to the best.

# %%
plotting.show(
    plotting.grouped_bars(
        {stage: np.stack([filter_results.loc[name, stage] for name in FILTER_NAMES], axis=1)
         for stage in STAGES},
        FILTER_NAMES, "Half of the filters: after one epoch the criteria lie close together", ylabel="test accuracy (%)",
    ),
    alt="Test accuracy with half of the filters removed by four criteria, raw, recalibrated and after "
    "one epoch: raw they differ widely, fine-tuned they lie close together, random included.",
)  # fmt: skip
by_criterion = filter_results.groupby(level=0, sort=False).mean()
tuned = by_criterion["fine-tuned"]
guess.compare(tuned.max() - tuned.min())
tables.approximate(by_criterion, dict.fromkeys(by_criterion, "{:5.1f} %"))

# %% [markdown]
# Each criterion against random, seed by seed, with the 95 % interval:

# %%
for stage in STAGES:
    for name in FILTER_NAMES[:3]:
        over = intervals.paired_difference(
            *(filter_results.loc[n, stage] for n in (name, "random"))
        )
        print(f"{stage:12s} {name:6s} − random: {over} points")
claim("5.l", "half of the filters, one epoch: the four criteria end within 4 points, random included",
      tuned.max() - tuned.min() < 4)  # fmt: skip
claim("5.m", "raw, the mean of the three criteria is ahead of random",
      by_criterion["raw"].drop("random").mean() > by_criterion.loc["random", "raw"])  # fmt: skip

# %% [markdown]
# Raw, the intervals are tens of points wide: which criterion is the best one without repair, three nets
# cannot say. After one epoch, with BatchNorm up to date, hardly anything is left to choose: this ConvNet
# learns the work of half of its filters anew, whichever half went.
#
# Choose a criterion by its price, then. Magnitude and norms cost nothing. Activations need some data,
# gradients a backward pass as well, and on these nets neither paid for it. On another kind of net the
# order may differ; now you can measure it.
#
# **Explore the norms.** The filters of the third block: compare L1 and L2, and watch the threshold in
# the histogram of the norms.

# %%
from course_utils import explore

explore.show(explore.mask_explorer(first_net.blocks[2][0].weight))

# %% [markdown]
# ## 5.8 People really ask
#
# **Global pruning at 50 % gives almost 0 % accuracy. Is the method correct?** Most likely it is layer
# collapse (section 5.3): count what each layer has left. Either make the scores comparable, or put a
# floor (下限) under each layer. Here a quarter of each block's filters cannot be cut, and a quarter of
# all filters goes: by raw L1, by raw L1 with the floor, and by relative L1. BatchNorm is recalibrated
# before each net is measured.


# %%
def recalibrated(net):
    """Test accuracy, with BatchNorm's statistics brought up to date before; 10 % for a dead net."""
    if net is not None:
        training.recalibrate(net, sample)
    return accuracy_of(net)


rows = []
for net in conv_nets.values():
    norms = filter_norms(net, 1)
    floored = {
        block: values.masked_fill(masks.mask_from_scores(values, 0.75), math.inf)
        for block, values in norms.items()
    }
    relative = {block: values / values.mean() for block, values in norms.items()}
    ways = (norms, floored, relative)
    rows.append([recalibrated(without_filters(net, values, 0.25)) for values in ways])
floor = pd.DataFrame(rows, columns=["global L1", "with a floor", "relative L1"])
claim("5.n", "with a floor of a quarter a block, each net lives; by relative L1 each is better still",
      (floor["global L1"] == 10).all() and (floor["with a floor"] > 10).all()
      and (floor["relative L1"] > floor["with a floor"]).all())  # fmt: skip
tables.approximate(floor, dict.fromkeys(floor, "{:5.1f} %"))

# %% [markdown]
# A floor prevents the worst and no more.
#
# **I prune channels by the scale γ of BatchNorm, and 10 % ruins the net. What step is missing?**
# Network slimming (网络瘦身; Liu and others, 2017) trains with a penalty (惩罚项) on |γ| (缩放因子) *first*,
# which pulls the γ of channels that are not needed to 0. Do that: after each step, move every γ towards
# 0 by a little. Then cut 30 % of the filters by γ. (The pull below was set by hand. Choose one for your
# own net on its validation part.)

# %%
PULL = 0.012  # a step: learning rate 0.05 times a penalty of 0.24


def pull_gammas_down(net):
    with torch.no_grad():
        for block in net.blocks:
            gamma = block[1].weight
            gamma.copy_(gamma.sign() * (gamma.abs() - PULL).clamp(min=0))


slimmed_nets = {}
for seed in conv_nets:
    training.seed_everything(seed)
    slimmed_nets[seed] = models.ConvNet(widths=(8, 16, 32))
    training.train(slimmed_nets[seed], digits, 2, seed=seed, after_step=pull_gammas_down)

# %% [markdown]
# What is each net worth, whole and without 30 % of its filters? BatchNorm estimates its statistics anew
# before *every* one is measured (lesson 03), the whole ones, too: with the penalty they lag far behind.


# %%
def gammas_of(net):
    return {name: b[1].weight.detach().abs() for name, b in zip(BLOCKS, net.blocks)}


outcome = {}
for name, nets in {"as trained": conv_nets, "with the penalty": slimmed_nets}.items():
    for seed, net in nets.items():
        outcome[name, seed] = {
            "whole, stale": accuracy_of(net),
            "whole": recalibrated(copy.deepcopy(net)),
            "30 % cut by γ": recalibrated(without_filters(net, gammas_of(net), 0.3)),
        }
    γ = torch.cat([torch.cat([*gammas_of(net).values()]) for net in nets.values()])
    print(
        f"{name:16s} γ from ≈ {γ.min():4.2f} to ≈ {γ.max():4.2f}, below 0.05: ≈ {(γ < 0.05).float().mean():4.0%}"
    )
three = pd.DataFrame(outcome).T.groupby(level=0, sort=False).mean()
tables.approximate(three, dict.fromkeys(three, "{:5.1f} %"))

# %% [markdown]
# "Stale" is a net before its statistics were brought up to date. Compare the cut net with that one, and
# the cut seems to make the net better.

# %%
penalty = three.loc["as trained", "whole"] - three.loc["with the penalty", "whole"]
cut = three.loc["with the penalty", "whole"] - three.loc["with the penalty", "30 % cut by γ"]
print(f"the penalty costs ≈ {penalty:.1f} points, the cut after it ≈ {cut:.1f} points")
claim("5.o", "the penalty costs the whole net under 4 points, the cut of 30 % by γ after it under 2",
      penalty < 4 and abs(cut) < 2)  # fmt: skip
claim("5.r", "without 30 % by γ, nets trained with the penalty end above the others",
      three.loc["with the penalty", "30 % cut by γ"] > three.loc["as trained", "30 % cut by γ"])  # fmt: skip

# %% [markdown]
# With the penalty, 30 % of the filters go at next to no cost: that is what it is for. It costs
# the whole net a little, and nothing here says that the smaller net is the better one. Without the
# penalty no γ is near 0, so none marks a channel as free. Whether γ as trained is then better than a lot,
# three nets cannot tell.
#
# **A sensitivity scan says that some layers of my residual net are perfectly robust. Can I skip them?**
# Count the parameters first. A layer that you isolate by ignoring all others cannot shrink if its
# channels are tied to one of them (lesson 03), so nothing was pruned. Scan one *group* of tied channels
# at a time.

# %%
import torch_pruning as tp

training.seed_everything(SEEDS[0])
resnet = models.TinyResNet()
before = measure.count_parameters(resnet)
for name in ("stem.0", "block1.conv1", "block1.conv2", "block2.conv1"):
    alone = copy.deepcopy(resnet)
    others = [
        m for n, m in alone.named_modules() if isinstance(m, (nn.Conv2d, nn.Linear)) and n != name
    ]
    tp.pruner.MagnitudePruner(
        alone, digits.test[0][:1], importance=tp.importance.MagnitudeImportance(p=2),
        pruning_ratio=0.5, ignored_layers=others,
    ).step()  # fmt: skip
    after = measure.count_parameters(alone)
    print(
        f"{name:12s} alone: {before:,} → {after:,} parameters{'' if after < before else ': nothing went'}"
    )

# %% [markdown]
# ## 5.9 Further: two more scores for weights
#
# This section is optional and not counted in the minutes.
#
# **Within each row.** Sun and others rank weights within each output row, so every row keeps as many.
# Section 5.5 ranked within the whole layer.
#
# **The second order.** If the loss is near a minimum, its change is not −w · ∂L/∂w but, to second order
# and one weight at a time, ½ · h · w², with the curvature h = ∂²L/∂w². That is optimal brain damage.
# The Gauss-Newton curvature needs first derivatives only: the
# mean over the digits of the squared slope of each log-probability, weighted by that probability.


# %%
def second_order(net, images):
    """{layer: ½ · h · w²}, with the Gauss-Newton curvature h of each weight of a linear layer."""
    inputs, outputs, layers = scores.layer_inputs(net, images), {}, pruning.prunable(net)
    hooks = [
        layer.register_forward_hook(lambda _, __, out, name=name: outputs.update({name: out}))
        for name, layer in layers.items()
    ]
    log_p = net(images).log_softmax(1)
    for hook in hooks:
        hook.remove()
    h = dict.fromkeys(outputs, 0)
    for likely in log_p.unbind(1):  # one class after the other
        slopes = torch.autograd.grad(likely.sum(), [*outputs.values()], retain_graph=True)
        for name, slope in zip(outputs, slopes):  # (digits, out)
            weighted = likely.detach().exp()[:, None] * slope**2
            h[name] = h[name] + weighted.T @ inputs[name] ** 2 / len(images)
    return {name: 0.5 * h[name] * layer.weight.detach() ** 2 for name, layer in layers.items()}


# %% [markdown]
# Does it forecast the whole cut better? The same table as in section 5.7, with its own mask and forecast.

# %%
curved, by_curvature = [], {}
for seed, net in dense_nets.items():
    by_curvature[seed] = second_order(net, sample[0])
    pruned = prune_by(net, by_curvature[seed], 0.9, "layer")
    gone = {layer: ~mask for layer, mask in pruning.masks_of(pruned).items()}
    with torch.no_grad():
        losses = [nn.functional.cross_entropy(n(sample[0]), sample[1]) for n in (pruned, net)]
    forecast = sum(by_curvature[seed][layer][gone[layer]].sum() for layer in gone)
    curved.append((float(forecast), float(losses[0] - losses[1])))
forecasts.loc["second order", ["forecast", "true rise"]] = np.mean(curved, axis=0)
forecasts["rise / forecast"] = forecasts["true rise"] / forecasts["forecast"]
tables.approximate(
    forecasts, {"forecast": "{:6.2f}", "true rise": "{:6.2f}", "rise / forecast": "{:5.1f} ×"}
)

# %% [markdown]
# And after an epoch? The same five nets, 90 % per layer.


# %%
def by_row(values):
    """90 % of each row's weights go."""
    return torch.stack([masks.mask_from_scores(row, 0.9) for row in values])


further = {}
for seed, net in dense_nets.items():
    aware = criteria[seed]["activation-aware"]
    ways = {
        "activation-aware, per row": {name: by_row(values) for name, values in aware.items()},
        "second order, per layer": {
            name: masks.mask_from_scores(values, 0.9) for name, values in by_curvature[seed].items()
        },
    }
    for name, keep in ways.items():
        pruned = pruning.apply_masks(copy.deepcopy(net), keep)
        further[name, seed] = before_and_after(pruned, seed)[1]

# %% [markdown]
# Seed by seed, against magnitude, with the 95 % interval:

# %%
further = pd.Series(further).unstack()
further.loc["activation-aware, per layer"] = runs_of("activation-aware", "layer", "fine-tuned")
further.loc["Taylor, per layer"] = runs_of("Taylor", "layer", "fine-tuned")
ahead = {
    name: intervals.paired_difference(values, runs_of("magnitude", "layer", "fine-tuned"))
    for name, values in further.iterrows()
}
for name, difference in ahead.items():
    print(f"{name:28s} − magnitude: {difference} points")
rises = forecasts["true rise"]
claim("5.s", "90 %, one epoch: activation-aware per row ends behind activation-aware per layer",
      ahead["activation-aware, per row"].mean < ahead["activation-aware, per layer"].mean)  # fmt: skip
claim("5.t", "the second-order mask raises the loss by less than Taylor's, and by more than it forecasts",
      forecasts.loc["second order", "forecast"] < rises["second order"] < rises["Taylor"])  # fmt: skip

# %% [markdown]
# The rule for rows was made for large language models; on this small net the rows differ in what they can
# spare, and equal shares cost more than they help.
#
# The second order is the better guide of the two: its mask does much less damage than Taylor's before
# any training, and its mean after an epoch is closer to magnitude's. Yet it does not beat magnitude
# here, and its forecast of the whole cut is far too small as well. It takes one weight at a time, and
# what is missing is how the cuts act together. (Optimal brain surgeon, by Hassibi and Stork, 1993, keeps
# that too, at the price of a matrix with a row for each weight.)
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
# - A norm of a group grows with the group: raw L1 across layers can empty one. Look at what is left.
# - A score that judges single weights well may judge a large cut badly: on LeNet-300-100 at 90 % nothing
#   beats the plain magnitude.
# - How far random is behind depends on the epochs after the cut; of filters, on this ConvNet, one epoch
#   leaves nearly nothing of it. Have the random control beside every criterion.
#
# **Read on**: Li, Kadav, Durdanovic, Samet and Graf (2017),
# [Pruning filters for efficient ConvNets](https://arxiv.org/abs/1608.08710), for norms;
# Molchanov, Mallya, Tyree, Frosio and Kautz (2019),
# [Importance estimation for neural network pruning](https://arxiv.org/abs/1906.10771), for Taylor scores
# of weights and filters;
# Sun, Liu, Bair and Kolter (2024),
# [A simple and effective pruning approach for large language models](https://arxiv.org/abs/2306.11695),
# for activation-aware ones; Liu, Li, Shen, Huang, Yan and Zhang (2017),
# [Learning efficient convolutional networks through network slimming](https://arxiv.org/abs/1708.06519),
# for γ.
#
# **Next**: lesson 06, iterative pruning: the same cut, in rounds.
