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
# **Time**: 65 minutes.

# %%
import torch

from course_utils import data, masks, measure, models, plotting, scores, surgery, training
from course_utils.lesson import claim, desk, predict, tables, within

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
by_norm.round(2)

# %%
plotting.show(
    plotting.mask_panels(
        {name: masks.norm_mask(rows, 1 / 3, n) for name, n in (("L1", 1), ("L2", 2), ("L∞", math.inf))},
        "Prune one row of three: each norm takes a different one", height=1.7,
    ),
    alt="Three masks of three rows and four columns: by L1 the first row is pruned, by L2 the second, "
    "by L∞ the third.",
)  # fmt: skip

# %% [markdown]
# In each column the smallest number stands in a different row. L1 punishes having few weights that are not
# zero, L∞ punishes having no large one, and L2 stands between.
#
# > ### Exercise 5.1 · The norm of every slice
# > difficulty ★★☆ · importance ★★★ · 7 minutes
# >
# > Write `group_norms(weight, n, dim)`: the Lₙ norm of each slice of `weight` along `dim`. Returns a
# > vector of length `weight.shape[dim]`, in the weight's dtype; leaves `weight` alone. `n` is any
# > positive number, 3 and 0.5 too, or `math.inf`. `weight` has one dimension or more; with one, a
# > slice is one number. `dim` may be any of them, and a negative one counts from the end.


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
# > of smallest Lₙ norm, the first of equal ones first. Returns a boolean mask of the weight's shape,
# > True = kept; leaves `weight` alone. To rank is not new: `masks.mask_from_scores(norms, sparsity)`
# > does it, and your `group_norms` has the norms. New is to give each slice's answer to all of its
# > weights, along *any* dim, a negative one too.


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
#
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
print(
    f"your masks are those of ln_structured: {sum(agree)} of {len(agree)}; rows gone: {gone} of 10"
)

# %%
claim("S10", "ln_structured(amount=0.2, n=1, dim=0) prunes 2 rows of 10, and your masks are its masks",
      gone == 2 and all(agree), verdict="holds")  # fmt: skip

# %% [markdown]
# Does it matter which norm you take? Prune half of the 100 rows in the second layer of five trained
# LeNet-300-100. How many of those 50 rows will L1 and L∞ *not* have in common?

# %%
guess = predict("5.1", "Of 50 rows that L1 prunes, how many does L∞ keep?", None, unit="rows")

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

# %%
claim("S9", "single weights: all norms prune the same; of 50 rows of fc2 by L1, L∞ keeps 2 to 9",
      [same_for_one, within(np.mean(kept_by["L∞"]), 2, 9)],
      verdict="holds, and L1 or L2 hardly matters: of fc2's rows at 50 % they choose nearly the same")  # fmt: skip

# %% [markdown]
# Of one weight every norm is |w|, so for single weights there is nothing to choose.
#
# ## 5.3 Norms of different layers do not compare
#
# So far each layer lost the same share. What about one threshold for all filters of a net, as the
# global threshold for weights in lesson 02? Take ConvNets of 8, 16 and 32 filters and prune a quarter of
# all 56 by their L1 norm.
#
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

# %%
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
claim("5.a", "a quarter of all filters by L1 is the whole first block and none of the third",
      all(counts["L1", seed][0] == 8 and counts["L1", seed][2] == 0 for seed in conv_nets))  # fmt: skip
elsewhere = 14 - np.mean([counts["L∞", seed][2] for seed in conv_nets])
tables.approximate(table.groupby(level=0, sort=False).mean(), dict.fromkeys(table, "{:4.1f}"))

# %%
claim("5.b", "by L∞ the first block loses at most one filter; all but 0.2 to 3 of the 14 are of the third, on average",
      [all(counts["L∞", seed][0] <= 1 for seed in conv_nets), within(elsewhere, 0.2, 3)])  # fmt: skip

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
tables.approximate(means, dict.fromkeys(means, "{:5.2f}"))

# %%
claim("5.c", "from the first block to the third the mean L1 norm grows, and L∞ shrinks",
      means["L1"].is_monotonic_increasing and means["L∞"].is_monotonic_decreasing)  # fmt: skip

# %% [markdown]
# Training has blurred it, but the order stands. A remedy: measure each filter against the average filter
# of its own layer.
#
# > ### Exercise 5.3 · Filters of different layers on one scale
# > difficulty ★★☆ · importance ★★★ · 6 minutes
# >
# > Write `comparable_norms(weights)`: for a dictionary name → weight, a new dictionary name → scores
# > with the same names, none where there is none. A score is the L2 norm of a slice along dim 0 (a
# > filter, or a row), divided by the mean of these norms in its layer. Only where this mean is
# > exactly 0 is every score 0. Keeps the dtype, and leaves `weights` alone.


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
guess = predict("5.2", "Test accuracy, a quarter gone by relative L1, no repair?", None, unit="%")

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
tables.approximate(ranges, dict.fromkeys(ranges, "{:5.1f} %")).replace("≈   nan %", "dead")

# %%
claim("5.d", "25 % of all filters by L1 kills the net; by relative L1 most digits are right, on average",
      ranges.loc["L1", "best"] == 10 and ranges.loc["L1, relative", "accuracy"] > 50)  # fmt: skip

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
# > loss, one number as a tensor. Returns |w · ∂L/∂w| in the weight's shape and dtype. Leave `weight`
# > as it is, without gradients too: hand `loss` a clone.


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
#
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

# %%
claim("5.e", "Taylor orders single weights of fc3 as the true change does: to ρ = 1 it lacks 0.002 to 0.06",
      within(1 - np.mean(agreement["Taylor"]), 0.002, 0.06))  # fmt: skip
claim("5.f", "the magnitude is the worse judge of a single weight in each net: ρ is 0.6 to 0.85",
      [all(t > m for t, m in zip(*agreement.values())),
       within(np.mean(agreement["magnitude"]), 0.6, 0.85)])  # fmt: skip

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
# > (examples, in). Returns |w| times the L2 norm of the weight's input feature over the examples,
# > (out, in), in their dtype; leaves both alone.


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
#
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


on_blank = pd.DataFrame(
    {name: 100 * mask[:, blank].float().mean().item() for name, mask in halved(w).items()}
    for w in (each.fc1.weight.detach() for each in dense_nets.values())
).mean()
for name, value in on_blank.items():
    print(f"{name:16s} weights left on blank pixels, five nets: ≈ {value:4.1f} %")

# %%
plotting.show(
    plotting.survivors(
        halved(first_weight), "Weights left (%): only activation-aware pruning clears blank pixels",
        top=100,
    ),
    alt="Part of the weights left on each input pixel at 50 %: by magnitude the border keeps a part "
    "of its weights, activation-aware pruning keeps none there.",
)  # fmt: skip
claim("5.g", "at 50 %, magnitude keeps 35 to 60 % of the weights on blank pixels, the other none",
      [within(on_blank["magnitude"], 35, 60), on_blank["activation-aware"] == 0])  # fmt: skip

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
# Rank agreement between every two criteria, on the 30,000 weights of fc2.
#
# Spearman's ρ, mean of five nets:


# %%
def agreement_of(scores_by_name):
    """Spearman's ρ between every two of {name: scores}: a square matrix."""
    return spearmanr(
        np.stack([s.flatten().numpy() for s in scores_by_name.values()]), axis=1
    ).statistic


fc2 = np.mean([agreement_of({name: by_layer["fc2"] for name, by_layer in of_net.items()})
               for of_net in criteria.values()], axis=0)  # fmt: skip

# %%
plotting.show(
    plotting.agreement_matrix(
        fc2,
        [*criteria[SEEDS[0]]],
        "Rank agreement on fc2: related opinions, random agrees with none",
    ),
    alt="Matrix of rank agreements between magnitude, activation-aware, Taylor and random scores: the "
    "first three agree in part, random with none.",
)

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

# %%
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
      [within(fc2[0, 1], 0.6, 0.9), within(fc2[0, 2], 0.4, 0.65), abs(fc2[3, :3]).max() < 0.1])  # fmt: skip

# %% [markdown]
# Three nets are few, and more take a while. So there is a file with eight, these among them;
# `experiments.load` reads it. How far do the criteria agree there, and how far do two nets lie apart?

# %%
from course_utils import experiments, intervals

pairs = experiments.load("agreement").groupby(["first", "second"], sort=False)["agreement"]
filed = pairs.agg(["mean", "min", "max"]).loc[["L1", "L2", "L∞", "Taylor"]]
nets = len(experiments.load("agreement")["seed"].unique())
rho = filed["mean"]
with_taylor = [rho[n, "Taylor"] for n in NORMS]
print(f"nets in the file: {nets}")
lacking = intervals.paired_difference(np.ones(nets), pairs.get_group(("L1", "L2")))
tables.approximate(filed, dict.fromkeys(filed, "{:5.2f}"))

# %%
claim("5.i", "on filters, L1 and L2 lack 0.01 to 0.03 to ρ = 1; Taylor agrees less with any norm than norms do",
      [within(lacking, 0.01, 0.03), max(with_taylor) < min(rho["L1", "L∞"], rho["L2", "L∞"])])  # fmt: skip

# %% [markdown]
# ## 5.7 Which wins?
#
# Equal budget for everybody: 90 % of the weights, layer by layer, so that only the ranking within each
# layer counts; then one epoch of fine-tuning. Which of the four do you expect on top?

# %%
guess = predict("5.3", "Who wins at 90 % per layer, fine-tuned?", None,
                options=("magnitude", "activation-aware", "Taylor", "random"))  # fmt: skip

# %% [markdown]
# Prune two of the nets by each criterion, and train each for an epoch.


# %%
def prune_by(net, scores_by_layer):
    """A masked copy of the net, 90 % of each layer's weights gone."""
    keep = {name: masks.mask_from_scores(values, 0.9) for name, values in scores_by_layer.items()}
    return pruning.apply_masks(copy.deepcopy(net), keep)


def before_and_after(net, seed):
    """Test accuracy now and after one more epoch, in per cent. Trains the net."""
    before = training.evaluate(net, digits.test)
    training.train(net, digits, epochs=1, seed=100 + seed)
    return 100 * before, 100 * training.evaluate(net, digits.test)


live = {}
for seed in SEEDS[:2]:
    for name, by_layer in criteria[seed].items():
        live[name, seed] = before_and_after(prune_by(dense_nets[seed], by_layer), seed)

# %% [markdown]
# Two nets decide nothing. A file has twelve, made in the same way, each pruned by each criterion and
# trained for one epoch or more. Does it say of your two nets what you have measured?

# %%
stored = experiments.by_configuration("weight_criteria")
same_two = experiments.by_configuration("weight_criteria", SEEDS[:2])
NAMES, nets = [*criteria[SEEDS[0]]], len(stored["magnitude", "layer", 1])
tuned_live = pd.DataFrame(live).loc[1].unstack()
column = pd.DataFrame(
    {"live": [tuned_live.loc[name].mean() for name in NAMES],
     "file": [same_two[name, "layer", 1].mean() for name in NAMES]}, pd.Index(NAMES, name="two nets, one epoch"))  # fmt: skip
print(f"nets in the file: {nets}")
tables.approximate(column, dict.fromkeys(column, "{:5.1f} %"))

# %%
claim("5.u", "the live column agrees with the file within 3 points for every criterion",
      (column["live"] - column["file"]).abs().max() < 3)  # fmt: skip

# %% [markdown]
# Bars are means of all nets of the file, lines reach from the worst to the best.

# %%
final = {name: stored[name, "layer", 1].mean() for name in NAMES}
guess.compare(max(final, key=final.get))

# %%
plotting.show(
    plotting.grouped_bars(
        {when: np.stack([stored[name, "layer", epochs] for name in NAMES], axis=1)
         for when, epochs in {"raw": 0, "fine-tuned": 1}.items()},
        NAMES, "90 % per layer, one epoch: magnitude wins", ylabel="test accuracy (%)",
    ),
    alt="Test accuracy at 90 % per layer before and after one epoch for four criteria: magnitude is on "
    "top, then activation-aware, then Taylor, and random far below.",
)  # fmt: skip

# %% [markdown]
# The file has the same with one global threshold. The last two columns say how many points a criterion
# is ahead of magnitude after fine-tuning, seed by seed, and the 95 % interval (lesson 04).

# %%
lines = {}
for scope in ("layer", "global"):
    for name in NAMES:
        ahead = intervals.paired_difference(stored[name, scope, 1], stored["magnitude", scope, 1])
        lines[scope, name] = {
            "raw": f"≈ {stored[name, scope, 0].mean():5.1f} %",
            "fine-tuned": f"≈ {stored[name, scope, 1].mean():5.1f} %",
            "ahead": "" if name == "magnitude" else f"≈ {ahead.mean:+6.1f}",
            "interval": ""
            if name == "magnitude"
            else f"≈ {ahead.low:+6.1f} to ≈ {ahead.high:+6.1f}",
        }
print(f"dense, as many epochs: ≈ {stored['dense', 'none', 1].mean():.1f} %")
pd.DataFrame(lines).T.rename_axis(index=["scope", "criterion"])

# %% [markdown]
# One epoch after the cut nothing reaches magnitude, and no interval holds 0. The activation-aware score
# comes close. The Taylor score, the better judge of a single weight of fc3, is further behind, per layer
# by much, and there its nets differ most. Random is far behind both ways.

# %%
tuned_means = {
    scope: {name: stored[name, scope, 1].mean() for name in NAMES} for scope in ("layer", "global")
}
over_taylor = intervals.paired_difference(
    stored["magnitude", "global", 1], stored["Taylor", "global", 1]
)

# %%
claim(
    "S14",
    "90 %, one epoch: gradients and activations beat random, and neither beats magnitude",
    all(
        means["magnitude"] > means[name] > means["random"]
        for means in tuned_means.values()
        for name in ("Taylor", "activation-aware")
    ),
    verdict="holds when you compare with random after one epoch; nothing here beats the magnitude",
)
claim("5.j", "one global threshold, one epoch: magnitude ends 1.1 to 2.3 points ahead of Taylor",
      within(over_taylor, 1.1, 2.3))  # fmt: skip

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
by_size = spared.loc["magnitude"]
tables.approximate(spared, dict.fromkeys(spared, "{:4.1f}"))

# %%
claim("5.p", "one threshold by magnitude leaves 25 to 45 % of fc2 and 65 to 90 % of fc3, by chance 10 %",
      [within(by_size["fc2"], 25, 45), within(by_size["fc3"], 65, 90),
       abs(spared.loc["random"] - 10).max() < 2.5])  # fmt: skip

# %% [markdown]
# It takes nearly all from fc1, by far the largest layer, and leaves the small ones much more than a
# tenth. A single weight does depend on its layer: the initial ones of fc1 are the smallest, since it has
# the most inputs (1/√k, section 5.3). Here that happens to be the layer that can spare weights. It need
# not be so on another net: count what each layer has left.
#
# One epoch is 57 steps. Is random pruning really that bad, or has it not had time? Train one of its
# nets, 90 % per layer, for five epochs.

# %%
guess = predict("5.4", "Test accuracy of random pruning, four epochs more?", None, unit="%")

# %% [markdown]
# After each epoch, the accuracy on the validation part:

# %%
seed = SEEDS[0]
late = prune_by(dense_nets[seed], criteria[seed]["random"])
first = training.train(late, digits, epochs=1, seed=100 + seed)
more = training.train(late, digits, epochs=4, seed=200 + seed)
print(*(f"≈ {100 * accuracy:.1f} %" for accuracy in first.accuracy + more.accuracy), sep=", ")
late_live = 100 * training.evaluate(late, digits.test)
late_file = same_two["random", "layer", 5][0]
print(f"test part: live ≈ {late_live:.1f} %, file ≈ {late_file:.1f} %")

# %% [markdown]
# And all nets of the file, one and five epochs after the cut:

# %%
gap = {
    n: intervals.paired_difference(stored["magnitude", "layer", n], stored["random", "layer", n])
    for n in (1, 5)
}
guess.compare(stored["random", "layer", 5].mean())
for epochs, difference in gap.items():
    print(f"magnitude − random, epochs after the cut: {epochs}: {difference} points")

# %%
claim("5.q", "90 % per layer: random is 47 to 58 points behind after one epoch, 3.5 to 5 after five",
      [within(gap[1], 47, 58), within(gap[5], 3.5, 5), abs(late_live - late_file) < 1.5])  # fmt: skip

# %% [markdown]
# Most of the gap was time. A random mask leaves a net that has to learn nearly everything anew, and one
# epoch is too short for that; given more, it comes close, and stays behind. So "beats random by far" is
# true of one epoch on this net. What of the other two criteria, per layer?

# %%
AFTER = {0: "raw", 1: "1 epoch", 5: "5 epochs"}
by_epochs = pd.DataFrame({when: [stored[name, "layer", n].mean() for name in NAMES]
                          for n, when in AFTER.items()}, pd.Index(NAMES, name="90 % per layer"))  # fmt: skip
over_lots = intervals.paired_difference(stored["Taylor", "layer", 5], stored["random", "layer", 5])
print(f"Taylor − random, 5 epochs after the cut: {over_lots} points")
print(f"Taylor, 5 epochs: worst net ≈ {stored['Taylor', 'layer', 5].min():.1f} %, "
      f"best ≈ {stored['Taylor', 'layer', 5].max():.1f} %")  # fmt: skip
tables.approximate(by_epochs, dict.fromkeys(by_epochs, "{:5.1f} %"))

# %%
claim("5.x", "per layer, five epochs: Taylor cannot be told from random, and activation-aware is ahead",
      not over_lots.excludes_zero
      and by_epochs.loc["activation-aware", "5 epochs"] > by_epochs.loc["random", "5 epochs"])  # fmt: skip

# %% [markdown]
# After five epochs Taylor's mean is no better than that of lots: some of its nets stay far below the others.
# Look at the budget before you praise a criterion, and at the single nets before you trust a mean. What
# happened to them comes out below.
#
# How can a nearly perfect forecast give a worse mask? Add it up: the sum of −w · ∂L/∂w over *all* pruned
# weights is the first-order forecast for the whole cut. Compare it with what the loss really does when
# 90 % go per layer.
#
# The masks of three criteria, mean of the five nets, on the digits that the gradients come from. Forecast
# and true rise are in nats.

# %%
first_order = []
for seed, net in dense_nets.items():
    weights, gradients = pruning.weights(net), scores.loss_gradients(net, sample)
    with torch.no_grad():
        dense_loss = nn.functional.cross_entropy(net(sample[0]), sample[1])
        for name in ("magnitude", "activation-aware", "Taylor"):
            pruned = prune_by(net, criteria[seed][name])
            gone = {layer: ~mask for layer, mask in pruning.masks_of(pruned).items()}
            forecast = -sum((weights[n] * gradients[n])[gone[n]].sum() for n in weights)
            rise = nn.functional.cross_entropy(pruned(sample[0]), sample[1]) - dense_loss
            first_order.append((name, float(forecast), float(rise)))

forecasts = pd.DataFrame(first_order, columns=["mask by", "forecast", "true rise"])
forecasts = forecasts.groupby("mask by", sort=False).mean()
forecasts["rise / forecast"] = forecasts["true rise"] / forecasts["forecast"]
tables.approximate(
    forecasts, {"forecast": "{:6.2f}", "true rise": "{:6.2f}", "rise / forecast": "{:5.1f} ×"}
)

# %%
claim("5.k", "the loss rises by more than the forecast for each, and by 1 to 2.5 nats for Taylor's mask",
      [(forecasts["true rise"] > forecasts["forecast"].abs()).all(),
       forecasts["true rise"].idxmax() == "Taylor", within(forecasts.loc["Taylor", "true rise"], 1, 2.5)])  # fmt: skip

# %% [markdown]
# The forecast misses the rise for every mask, and most for the one that was made from it. A first-order
# forecast leaves out how the loss curves and how cuts add up, so to make *it* small does not make the
# damage small.
#
# And it has a blind spot. ∂L/∂w is a mean over the digits: where some pull a weight up and others pull it
# down, it is near 0, though each of them needs that weight. The row of a class in fc3 holds the weights
# that all digits pull at. How many of the ten rows did each criterion empty, and what became of Taylor's
# nets that the file has?

# %%
same_three = experiments.by_configuration("weight_criteria", SEEDS[:3])
emptied = {
    name: [
        int((~masks.mask_from_scores(criteria[seed][name]["fc3"], 0.9)).all(1).sum())
        for seed in SEEDS
    ]
    for name in NAMES
}
lost = pd.DataFrame(
    emptied, index=pd.Index([f"net {seed}" for seed in SEEDS], name="rows of fc3 emptied")
)
later = same_three["Taylor", "layer", 5]
print(
    "Taylor, 5 epochs later:",
    *(f"net {seed} ≈ {a:.1f} %" for seed, a in zip(SEEDS, later)),
    sep="  ",
)
lost

# %%
claim("5.z", "90 % per layer: Taylor empties rows of fc3, the other criteria none",
      lost["Taylor"].sum() > 0 and lost.drop(columns="Taylor").to_numpy().max() == 0)  # fmt: skip

# %% [markdown]
# A class without a weight has its bias and nothing else, the same for every digit. One such class can
# still win, where all others speak against it. Of two, the one with the larger bias always beats the
# other, whose digits are lost, however long you train. Section 5.9 squares the slopes before it adds
# them up.
#
# And filters? Half of each conv's filters go, for each criterion. L1 and L2 order them nearly alike
# (section 5.6), so L2 stands for both. Three stages: raw, with BatchNorm recalibrated (lesson 03), and
# recalibrated after one epoch.
#
# One net, two of the criteria:

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


filters_live = {}
for name in ("Taylor", "random"):
    by_layer = filter_criteria[SEEDS[0]][name]
    keep = {layer: masks.mask_from_scores(values, 0.5) for layer, values in by_layer.items()}
    small = surgery.remove_filters(conv_nets[SEEDS[0]], keep)
    filters_live[name] = three_stages(small, SEEDS[0])

# %% [markdown]
# A file has all four, and more nets. Bars are their means, lines reach from the worst to the best.

# %%
of_filters = experiments.by_configuration("filter_criteria")
nets = len(of_filters[0.5, "L2", "raw"])
plotting.show(
    plotting.grouped_bars(
        {stage: np.stack([of_filters[0.5, name, stage] for name in FILTER_NAMES], axis=1)
         for stage in STAGES},
        FILTER_NAMES, "Half of the filters: after one epoch the criteria lie close together", ylabel="test accuracy (%)",
    ),
    alt="Test accuracy with half of the filters removed by four criteria, raw, recalibrated and after "
    "one epoch: raw they differ widely, fine-tuned they lie close together, random included.",
)  # fmt: skip
of_one = experiments.by_configuration("filter_criteria", SEEDS[:1])
apart = [
    abs(values[-1] - of_one[0.5, name, STAGES[-1]][0]) for name, values in filters_live.items()
]
print(f"nets in the file: {nets}")

# %%
claim("5.v", "one epoch later, the live net agrees with the file within 2 points", max(apart) < 2)

# %% [markdown]
# The means, for half and for three quarters of the filters:

# %%
by_criterion = pd.DataFrame(
    {f"{100 * removed:g} %, {stage}": [of_filters[removed, name, stage].mean() for name in FILTER_NAMES]
     for removed in (0.5, 0.75) for stage in STAGES},
    index=FILTER_NAMES,
)  # fmt: skip
tuned = by_criterion["50 %, fine-tuned"]
tables.approximate(by_criterion, dict.fromkeys(by_criterion, "{:5.1f} %"))

# %% [markdown]
# Each criterion against random, seed by seed, with the 95 % interval:

# %%
over_random = {}
for removed in (0.5, 0.75):
    for stage in STAGES:
        for name in FILTER_NAMES[:3]:
            pair = (of_filters[removed, n, stage] for n in (name, "random"))
            over_random[removed, stage, name] = over = intervals.paired_difference(*pair)
            print(f"{100 * removed:g} %, {stage:12s} {name:6s} − random: {over} points")
best_over_worst = intervals.paired_difference(
    *(of_filters[0.5, name, "fine-tuned"] for name in (tuned.idxmax(), tuned.idxmin()))
)

# %%
claim("5.l", "half of the filters, one epoch: the best criterion ends −0.4 to 1 points ahead of the worst, random "
      "among them, and no criterion can be told from random",
      [within(best_over_worst, -0.4, 1),
       not any(over_random[0.5, "fine-tuned", name].excludes_zero for name in FILTER_NAMES[:3])])  # fmt: skip
claim("5.m", "half of the filters, raw: each of the three criteria is ahead of random",
      all(over_random[0.5, "raw", name].low > 0 for name in FILTER_NAMES[:3]))  # fmt: skip

# %% [markdown]
# Half of the filters, raw: lots are worse than each criterion, but the intervals are tens of points wide,
# and which criterion is the best without repair, eight nets cannot say. After one epoch nothing is left
# to choose: this ConvNet learns the work of half of its filters anew, whichever half went.
#
# In between, and at three quarters, the means lean towards the criteria, and nearly all intervals hold 0.
# Lesson 04 had the same eight nets and drew other lots for them, and there the norm's interval lay above
# 0, in two of these places. What eight nets can barely see hangs on the draw.
#
# Choose a criterion by its price, then. Magnitude and norms cost nothing. Activations need some data,
# gradients a backward pass as well, and on these nets neither paid for it. On another kind of net the
# order may differ; now you can measure it.
#
# Others measure, too, and print a table in which their criterion wins. Before you believe it, look at what
# else differs between the rows.
#
# > ### Exercise 5.6 · Find the fault in the table
# > difficulty ★★☆ · importance ★★★ · 7 minutes
# >
# > `runs` is a table, a list of rows. A row is a dictionary: "criterion", "seed" (which net), "removed"
# > (part of its filters), "epochs" (after the cut), "recalibrated" (BatchNorm, True or False), "part" (of
# > the data, "validation" or "test"), "accuracy" in per cent, and in some tables "seconds", how long the
# > run took. Write `fair_lead(runs, a, b)`: by how many points criterion `a` is ahead of `b`, on average
# > over the *fair* pairs: one run of a, one of b, and nothing that was chosen differs but the criterion.
# > Which columns are these? Rows stand in any order, there may be other criteria, and no two rows agree
# > in all that was chosen. Runs without a partner do not count; without any fair pair, raise a
# > ValueError. Leaves `runs` alone.


# %%
def fair_lead(runs, a, b):
    """runs: a list of dictionaries. Returns a's mean lead over b, in points, from fair pairs."""
    ### BEGIN SOLUTION
    chosen = ("seed", "removed", "epochs", "recalibrated", "part")
    leads = [
        one["accuracy"] - other["accuracy"]
        for one in runs
        for other in runs
        if one["criterion"] == a and other["criterion"] == b
        if all(one[column] == other[column] for column in chosen)
    ]
    if not leads:
        raise ValueError(f"No run of {a} has a fair partner among those of {b}.")
    return sum(leads) / len(leads)
    ### END SOLUTION


fair_lead = ex.fair_lead.check(fair_lead)

# %% [markdown]
# Here is such a table, with numbers from the file: half of the filters removed and no epoch after the cut.
# The nets of L2 were all recalibrated, and of Taylor's only the later ones. What do the two means say, and
# what the fair pairs?

# %%
chosen = {"removed": 0.5, "epochs": 0, "part": "test"}
table = [
    {**chosen, "criterion": name, "seed": seed, "recalibrated": healed,
     "accuracy": of_filters[0.5, name, "recalibrated" if healed else "raw"][seed]}
    for name, first_healed in (("L2", 0), ("Taylor", 4))
    for seed in range(nets)
    for healed in [seed >= first_healed]
]  # fmt: skip
means = pd.DataFrame(table).groupby("criterion")["accuracy"].mean()
print(f"L2 − Taylor, mean − mean: ≈ {means['L2'] - means['Taylor']:+.1f} points")
print(f"L2 − Taylor, fair pairs:  ≈ {fair_lead(table, 'L2', 'Taylor'):+.1f} points")

# %% [markdown]
# The table says that L2 is ahead, and its own fair pairs say the opposite. What was ahead is the
# recalibration. (Four pairs prove nothing about the criteria either.)
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
tables.approximate(floor, dict.fromkeys(floor, "{:5.1f} %"))

# %%
claim("5.n", "with a floor of a quarter a block, each net lives; by relative L1 each is better still",
      (floor["global L1"] == 10).all() and (floor["with a floor"] > 10).all()
      and (floor["relative L1"] > floor["with a floor"]).all())  # fmt: skip

# %% [markdown]
# A floor prevents the worst and no more.
#
# **I prune channels by the scale γ of BatchNorm, and 10 % ruins the net. What step is missing?**
# Network slimming (网络瘦身; Liu and others, 2017) trains with a penalty (惩罚项) on |γ| (缩放因子) *first*,
# which pulls the γ of channels that are not needed to 0. Do that: after each step, move every γ towards
# 0 by a little, the *pull*. Then cut 30 % of the filters by γ.
#
# How strong a pull? That is a choice, so it is made on the validation part, by what the cut net is worth.
# A file has five pulls, none at all among them, and eight nets for each: whole, without 30 % of their
# filters by γ, and without as many by lot. BatchNorm estimates its statistics anew before *every* net is
# measured (lesson 03), the whole ones, too: with the penalty they lag far behind.

# %%
slim = experiments.by_configuration("slimming")
PULLS = sorted({pull for pull, _, _ in slim})
CUTS = {"nothing": "whole", "by γ": "30 % by γ", "by lot": "30 % by lot"}
PARTS = {"val": "validation", "test": "test"}
by_pull = pd.DataFrame(
    {f"{PARTS[part]}: {CUTS[cut]}": [slim[pull, cut, part].mean() for pull in PULLS]
     for part in PARTS for cut in CUTS if (PULLS[0], cut, part) in slim},
    index=pd.Index(PULLS, name="pull"),
)  # fmt: skip
PULL = by_pull["validation: 30 % by γ"].idxmax()
alone = np.argmax([slim[pull, "by γ", "val"] for pull in PULLS], axis=0)  # each net for itself
print(f"chosen on the validation part: by the mean of {len(alone)} nets {PULL}; by one net alone",
      "; ".join(f"{PULLS[k]} ({n} of the nets)" for k, n in zip(*np.unique(alone, return_counts=True))))  # fmt: skip
tables.approximate(by_pull, dict.fromkeys(by_pull, "{:5.1f} %"))

# %% [markdown]
# The choice matters. Pulls twice and three times as strong cost the whole net several points on average,
# and some nets far more than others. Half of it is worse than none at all: γ then marks the wrong
# channels, and the file does not say why. And a choice by one net would be a gamble: two of the eight
# would have taken the strongest pull of all.
#
# Train one net with the pull that was chosen.


# %%
def pull_gammas_down(net):
    with torch.no_grad():
        for block in net.blocks:
            gamma = block[1].weight
            gamma.copy_(gamma.sign() * (gamma.abs() - PULL).clamp(min=0))


training.seed_everything(SEEDS[0])
slimmed = models.ConvNet(widths=(8, 16, 32))
history = training.train(slimmed, digits, 2, seed=SEEDS[0], after_step=pull_gammas_down)

# %% [markdown]
# "Stale" is a net before its statistics were brought up to date.


# %%
def gammas_of(net):
    return {name: b[1].weight.detach().abs() for name, b in zip(BLOCKS, net.blocks)}


outcome = {}
for name, net in {"as trained": first_net, "with the penalty": slimmed}.items():
    outcome[name] = {
        "whole, stale": accuracy_of(net),
        "whole": recalibrated(copy.deepcopy(net)),
        "30 % by γ": recalibrated(without_filters(net, gammas_of(net), 0.3)),
    }
    γ = torch.cat([*gammas_of(net).values()])
    print(
        f"{name:16s} γ from ≈ {γ.min():4.2f} to ≈ {γ.max():4.2f}, below 0.05: ≈ {(γ < 0.05).float().mean():4.0%}"
    )
one_net = pd.DataFrame(outcome).T
tables.approximate(one_net, dict.fromkeys(one_net, "{:5.1f} %"))

# %% [markdown]
# Compare the cut net with the stale one, and the cut seems to make the net better. What do the eight nets
# say, seed by seed, on the test part?

# %%
pairs = {
    "whole: no pull − pull": ((0.0, "nothing"), (PULL, "nothing")),
    "pull: whole − cut by γ": ((PULL, "nothing"), (PULL, "by γ")),
    "cut by γ: pull − no pull": ((PULL, "by γ"), (0.0, "by γ")),
    "no pull: by γ − by lot": ((0.0, "by γ"), (0.0, "by lot")),
    "cut by γ: half the pull − none": ((PULL / 2, "by γ"), (0.0, "by γ")),
}
slimming = {
    name: intervals.paired_difference(slim[*a, "test"], slim[*b, "test"])
    for name, (a, b) in pairs.items()
}
for name, difference in slimming.items():
    print(f"{name:30s} {difference} points")
penalty, cut, gained, lots, weak = slimming.values()
same_net = experiments.by_configuration("slimming", SEEDS[:1])
apart = [abs(one_net.loc["with the penalty", CUTS[c]] - same_net[PULL, c, "test"][0])
         for c in ("nothing", "by γ")]  # fmt: skip

# %%
claim("5.o", "the penalty costs the whole net 0.2 to 1.6 points, the cut of 30 % by γ after it −0.2 to 1",
      [within(penalty, 0.2, 1.6), within(cut, -0.2, 1), max(apart) < 2])  # fmt: skip
claim("5.r", "without 30 % by γ, nets with the penalty end 5 to 11 points above those without; with half of "
      "it they end below", [within(gained, 5, 11), weak.high < 0])  # fmt: skip

# %% [markdown]
# With the right penalty, 30 % of the filters go at next to no cost: that is what it is for. It costs
# the whole net a little, and nothing here says that the smaller net is the better one. Without the
# penalty no γ is near 0, so none marks a channel as free. Whether γ as trained is then better than a lot,
# eight nets cannot tell: the interval holds 0.
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
# ## 5.9 Further: rows, squares and the second order
#
# This section is optional and not counted in the minutes.
#
# **Within each row.** Sun and others rank weights within each output row, so every row keeps as many
# (Wanda). Section 5.5 ranked within the whole layer.
#
# **Digit by digit.** Square each digit's slope, then add up: nothing cancels. With g the slope of one
# digit's own loss, the score of a weight is the mean of (w · g)².
#
# **The second order.** If the loss is near a minimum, its change is not −w · ∂L/∂w but, to second order
# and one weight at a time, ½ · h · w², with the curvature h = ∂²L/∂w². That is optimal brain damage.
# The Gauss-Newton curvature needs first derivatives only: the mean over the digits of the squared slope of
# each log-probability, weighted by that probability.


# %%
def second_order(net, images, labels=None):
    """{layer: ½ · h · w²}, with the Gauss-Newton curvature h of each weight of a linear layer.

    With labels, h is the mean of the squared slopes of each digit's own loss.
    """
    inputs, outputs, layers = scores.layer_inputs(net, images), {}, pruning.prunable(net)
    hooks = [
        layer.register_forward_hook(lambda _, __, out, name=name: outputs.update({name: out}))
        for name, layer in layers.items()
    ]
    log_p = net(images).log_softmax(1)
    for hook in hooks:
        hook.remove()
    h = dict.fromkeys(outputs, 0)
    parts = log_p.detach().exp() if labels is None else nn.functional.one_hot(labels, 10)
    for likely, part in zip(log_p.unbind(1), parts.unbind(1)):  # one class after the other
        slopes = torch.autograd.grad(likely.sum(), [*outputs.values()], retain_graph=True)
        for name, slope in zip(outputs, slopes):  # (digits, out)
            weighted = part[:, None] * slope**2
            h[name] = h[name] + weighted.T @ inputs[name] ** 2 / len(images)
    return {name: 0.5 * h[name] * layer.weight.detach() ** 2 for name, layer in layers.items()}


# %% [markdown]
# Does it forecast the whole cut better? The same table as in section 5.7, with its own mask and forecast.

# %%
curved, by_curvature = [], {}
for seed, net in dense_nets.items():
    by_curvature[seed] = second_order(net, sample[0])
    pruned = prune_by(net, by_curvature[seed])
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
# And after an epoch? All three on one net, 90 % each:


# %%
def by_row(values):
    """90 % of each row's weights go."""
    return torch.stack([masks.mask_from_scores(row, 0.9) for row in values])


seed, further = SEEDS[0], {}
aware = criteria[seed]["activation-aware"]
by_rows = {name: by_row(values) for name, values in aware.items()}
per_row = pruning.apply_masks(copy.deepcopy(dense_nets[seed]), by_rows)
further["activation-aware", "row"] = before_and_after(per_row, seed)[1]
squared = {"second order": by_curvature[seed],
           "Taylor per digit": second_order(dense_nets[seed], *sample)}  # fmt: skip
for name, values in squared.items():
    further[name, "layer"] = before_and_after(prune_by(dense_nets[seed], values), seed)[1]
apart = [abs(value - same_two[*way, 1][0]) for way, value in further.items()]

# %%
claim("5.y", "each agrees with the file within 1.5 points", max(apart) < 1.5)

# %% [markdown]
# The twelve nets of the file, right after the cut and one and five epochs later. The random control of
# section 5.7 counts here, too.

# %%
WAYS = (("magnitude", "layer"), ("magnitude", "row"), ("activation-aware", "layer"),
        ("activation-aware", "row"), ("Taylor", "layer"), ("Taylor per digit", "layer"),
        ("second order", "layer"), ("random", "layer"))  # fmt: skip
means = pd.DataFrame(
    {when: [stored[*way, n].mean() for way in WAYS] for n, when in AFTER.items()},
    index=pd.MultiIndex.from_tuples(WAYS, names=["90 %, by", "within each"]),
)
tables.approximate(means, dict.fromkeys(means, "{:5.1f} %"))

# %% [markdown]
# Seed by seed, with the 95 % interval. These are eighteen intervals, so do not lean on one that ends near
# 0 (lesson 04).

# %%
PAIRS = {
    "magnitude: row − layer": (("magnitude", "row"), ("magnitude", "layer")),
    "activation-aware: row − layer": (("activation-aware", "row"), ("activation-aware", "layer")),
    "per row: activation-aware − magnitude": (("activation-aware", "row"), ("magnitude", "row")),
    "Taylor per digit − Taylor": (("Taylor per digit", "layer"), ("Taylor", "layer")),
    "second order − Taylor per digit": (("second order", "layer"), ("Taylor per digit", "layer")),
    "second order − magnitude": (("second order", "layer"), ("magnitude", "layer")),
}
over = {(name, n): intervals.paired_difference(stored[*a, n], stored[*b, n])
        for name, (a, b) in PAIRS.items() for n in AFTER}  # fmt: skip
for (name, n), difference in over.items():
    print(f"{name:38s} {AFTER[n]:8s} {difference} points")
worst = {name: stored[name, "layer", 5].min() for name in ("Taylor", "Taylor per digit")}
print("worst net after 5 epochs:", ", ".join(f"{name} ≈ {a:.1f} %" for name, a in worst.items()))

# %% [markdown]
# Which of it do you keep?

# %%
ROWS, SQUARED, CURVED = (
    "activation-aware: row − layer",
    "Taylor per digit − Taylor",
    "second order − magnitude",
)
behind = intervals.paired_difference(
    stored["magnitude", "layer", 1], stored["Taylor per digit", "layer", 1]
)

# %%
claim("5.s", "90 %, one epoch: activation-aware per row ends 0.9 to 1.9 points behind itself per layer",
      within(over[ROWS, 1], -1.9, -0.9))  # fmt: skip
claim("5.w", "90 %, one epoch: digit by digit, Taylor gains 1.7 to 9 points, and ends 1 to 1.9 behind magnitude",
      [within(over[SQUARED, 1], 1.7, 9), within(behind, 1, 1.9), worst["Taylor per digit"] > worst["Taylor"]])  # fmt: skip
claim("5.t", "the second order's mask raises the loss by less than Taylor's, and by more than it forecasts; "
      "it cannot be told from magnitude after the cut, and is behind after an epoch",
      forecasts.loc["second order", "forecast"] < forecasts.loc["second order", "true rise"]
      < forecasts.loc["Taylor", "true rise"] and not over[CURVED, 0].excludes_zero and over[CURVED, 1].high < 0)  # fmt: skip

# %% [markdown]
# **Rows.** The rule was made for large language models. On this small net the rows differ in what they can
# spare, and equal shares cost more than they help, for magnitude as well. Wanda as published loses to the
# plain magnitude here, whichever way you rank that.
#
# **Squares.** Most of what Taylor lost, it lost to digits that cancel. Squared one by one, no net is left
# behind, and after an epoch the score cannot be told from the second order, which it resembles: both are
# a mean of squared slopes times w².
#
# **The second order** is the only score here that does as little damage as magnitude before any training.
# After an epoch it is behind all the same, and its forecast of the whole cut is far too small as well. It
# takes one weight at a time, and what is missing is how the cuts act together. (Optimal brain surgeon,
# by Hassibi and Stork, 1993, keeps that too, at the price of a matrix with a row for each weight.)
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
# - A norm of a group grows with the group: raw L1 across layers can empty one. Look at what is left.
# - A score that judges single weights well may judge a large cut badly: on LeNet-300-100 at 90 % nothing
#   beats the plain magnitude, one and five epochs after the cut.
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
