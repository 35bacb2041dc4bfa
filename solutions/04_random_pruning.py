# %% [markdown]
# # 04 · Random pruning
#
# Random pruning (随机剪枝) drops weights or filters by lot. It is the control group (对照组) of the whole
# field: a method that does not beat it has found out nothing about the net.
#
# **You will be able to**
#
# - draw a random mask in two ways, and say by how much the sparsity strays in the first,
# - compare two methods over seeds with a confidence interval,
# - say how many seeds it takes to tell them apart,
# - say where random pruning loses by far, and where it is hard to beat.
#
# **Time**: 45 minutes.

# %%
import torch

from course_utils import data, intervals, masks, models, plotting, pruning, training
from course_utils.lesson import claim, desk, predict, tables

desk.check("04", edition="EDITION")
digits = data.load_mnist()
SEEDS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)

# %% [markdown]
# ## 4.1 Two ways to draw lots
#
# Draw a number between 0 and 1 for each weight, all equally likely. That is the uniform distribution
# U(0, 1). The source drops each weight whose draw is below the pruning ratio p. So every weight is
# dropped with probability p, on its own, like a coin that is tossed for each: a **Bernoulli** draw
# (伯努利).
#
# > ### Exercise 4.1 · Each weight on its own
# > difficulty ★☆☆ · importance ★★☆ · 4 minutes
# >
# > Write `bernoulli_mask(draws, probability)`: `draws` holds a number from U(0, 1) for each weight.
# > Drop the weights whose draw is below `probability`. Return the mask, True = kept.


# %%
from course_utils.exercises import lesson04 as ex


def bernoulli_mask(draws, probability):
    """draws: in [0, 1), any shape. Returns the mask, boolean, True = kept."""
    ### BEGIN SOLUTION
    return draws >= probability
    ### END SOLUTION


bernoulli_mask = ex.bernoulli_mask.check(bernoulli_mask)

# %% [markdown]
# The other way: exactly round(p · n) weights go, and only *which* is left to chance.
#
# > ### Exercise 4.2 · Exactly so many
# > difficulty ★☆☆ · importance ★★★ · 4 minutes
# >
# > Write `exact_mask(draws, sparsity)`: prune the round(sparsity · n) weights with the smallest draws,
# > the first of equal ones first.


# %%
def exact_mask(draws, sparsity):
    """draws: in [0, 1), any shape. Returns the mask, boolean, True = kept."""
    ### BEGIN SOLUTION
    count = round(sparsity * draws.numel())
    mask = torch.ones(draws.numel(), dtype=torch.bool)
    mask[draws.flatten().argsort(stable=True)[:count]] = False
    return mask.reshape(draws.shape)
    ### END SOLUTION


exact_mask = ex.exact_mask.check(exact_mask)

# %% [markdown]
# Both with 40 % on the same draws, for a layer of 8 × 24 weights.

# %%
training.seed_everything(SEEDS[0])
draws = torch.rand(8, 24)
plotting.show(
    plotting.mask_panels(
        {"each on its own": bernoulli_mask(draws, 0.4), "exactly 40 %": exact_mask(draws, 0.4)},
        "Both masks look alike; only one of them has a count you can rely on",
    ),
    alt="Two random masks of 8 rows and 24 columns at 40 %, drawn from the same numbers: they differ "
    "in few cells at most.",
)

# %% [markdown]
# Which of the two is `prune.random_unstructured`? Prune a 10 × 10 layer to 30 % a hundred times, in
# both ways. How many different counts of zeros will PyTorch's function give?

# %%
guess = predict("4.1", "Different counts in 100 calls of random_unstructured?", None, unit="counts")

# %% [markdown]
# A hundred layers in each way, and then one draw of PyTorch made again with your function.

# %%
from torch import nn
from torch.nn.utils import prune

by_torch, by_coin = [], []
for _ in range(100):
    layer = prune.random_unstructured(nn.Linear(10, 10), "weight", amount=0.3)
    by_torch.append(int((layer.weight_mask == 0).sum()))
    by_coin.append(int((~bernoulli_mask(torch.rand(10, 10), 0.3)).sum()))

torch.manual_seed(SEEDS[0])
layer = prune.random_unstructured(nn.Linear(10, 10), "weight", amount=0.3)
torch.manual_seed(SEEDS[0])
nn.Linear(10, 10)  # draws its initial weights, as the layer above did
same = layer.weight_mask.bool().equal(exact_mask(-torch.rand(10, 10), 0.3))

print(f"random_unstructured: {min(by_torch)} to {max(by_torch)} zeros")
print(f"each on its own:     ≈ {min(by_coin)} to ≈ {max(by_coin)} zeros")
print(f"your exact_mask of the same draws, turned round, is its mask: {same}")
guess.compare(len(set(by_torch)), digits=0)

# %% [markdown]
# PyTorch drops the largest draws where you drop the smallest; otherwise its mask is yours.

# %%
claim("S7", "dropping each weight below the ratio gives counts from under 25 to over 35 of 100",
      min(by_coin) < 25 and max(by_coin) > 35,
      verdict="holds when you mean the average: the count of a single mask strays")  # fmt: skip
claim("S8", "random_unstructured prunes exactly 30 of 100 every time, and your mask is its mask",
      set(by_torch) == {30} and same,
      verdict="holds when you mean exactly 30: it does not draw for each weight on its own")  # fmt: skip

# %% [markdown]
# ## 4.2 How far does the sparsity stray?
#
# The number of dropped weights follows the **binomial distribution** (二项分布). Its mean is n·p. How
# far from it is usual?
#
# > ### Exercise 4.3 · How far the sparsity strays
# > difficulty ★★☆ · importance ★★☆ · 5 minutes
# >
# > Write `sparsity_spread(n, probability)`: the standard deviation (标准差) of the realised sparsity of
# > a layer of n weights, each dropped with this probability. `math` is imported.


# %%
import math


def sparsity_spread(n, probability):
    """n: number of weights. Returns the standard deviation of the fraction dropped, a number."""
    ### BEGIN SOLUTION
    return math.sqrt(probability * (1 - probability) / n)
    ### END SOLUTION


sparsity_spread = ex.sparsity_spread.check(sparsity_spread)

# %% [markdown]
# That is the prediction. Now draw masks: 3,000 for a layer of 100 weights, 100 for fc1 of
# LeNet-300-100 with its 235,200.

# %%
import numpy as np

training.seed_everything(SEEDS[0])
SIZES = {"10 × 10: 100 weights": (100, 3000), "fc1: 235,200 weights": (235_200, 100)}
drawn = {
    name: np.array([masks.sparsity(bernoulli_mask(torch.rand(n), 0.3)) for _ in range(times)])
    for name, (n, times) in SIZES.items()
}
plotting.show(
    plotting.binomial_panels(
        drawn, [n for n, _ in SIZES.values()], 0.3,
        "A small layer misses 30 % by points, a large one by hundredths",
    ),
    alt="Histograms of the realised sparsity at 30 %: for 100 weights it spreads over more than ten "
    "points, for 235,200 over a few tenths, and both follow the predicted curve.",
)  # fmt: skip

# %% [markdown]
# Each panel has its own scale. In numbers:

# %%
for name, (n, _) in SIZES.items():
    print(f"{name:21s} predicted {100 * sparsity_spread(n, 0.3):.3f} points, "
          f"observed ≈ {100 * drawn[name].std():.3f}")  # fmt: skip
observed = [drawn[name].std() / sparsity_spread(n, 0.3) for name, (n, _) in SIZES.items()]
claim("4.a", "the observed spread is the predicted one within 10 % (100 weights) and 30 % (fc1)",
      abs(observed[0] - 1) < 0.1 and abs(observed[1] - 1) < 0.3)  # fmt: skip

# %% [markdown]
# On a large layer nobody notices the difference. On a small one it can spoil a comparison: two methods
# at "30 %" may differ by ten points of sparsity. Use the exact count.
#
# The same happens *between* layers. A random mask over the whole net, with an exact total, leaves each
# layer's share to chance; a mask for each layer does not. Draw 150 of each at 99 % and count what is
# left in fc3, which has 1,000 weights.

# %%
training.seed_everything(SEEDS[0])
shapes = {name: weight.shape for name, weight in pruning.weights(models.LeNet300()).items()}
whole_net, layer_by_layer = [], []
for _ in range(150):
    lots = {name: torch.rand(shape) for name, shape in shapes.items()}
    whole_net.append(int(masks.global_masks(lots, 0.99)["fc3"].sum()))
    layer_by_layer.append(int(exact_mask(lots["fc3"], 0.99).sum()))
print(f"left in fc3, layer by layer: {min(layer_by_layer)} to {max(layer_by_layer)}")
print(f"left in fc3, whole net:      ≈ {min(whole_net)} to ≈ {max(whole_net)}")
claim("4.b", "99 % at random over the whole net leaves fc3 from under 5 to over 15 weights",
      min(whole_net) < 5 and max(whole_net) > 15 and set(layer_by_layer) == {10})  # fmt: skip

# %% [markdown]
# ## 4.3 Random against magnitude
#
# Train twelve nets, four epochs each. The first three play in this section: prune them at random,
# layer by layer and over the whole net, and by magnitude; measure, train one epoch, measure again.


# %%
def train_dense(seed):
    training.seed_everything(seed)
    net = models.LeNet300()
    training.train(net, digits, epochs=4, seed=seed)
    return net


dense_nets = {seed: train_dense(seed) for seed in SEEDS}


def accuracies(net, seed):
    """Test accuracy now and after one more epoch, in per cent. Trains the net."""
    before = training.evaluate(net, digits.test)
    training.train(net, digits, epochs=1, seed=100 + seed)
    return 100 * before, 100 * training.evaluate(net, digits.test)


guess = predict("4.2", "Points that magnitude is ahead at 90 %, fine-tuned?", None, unit="points")

# %% [markdown]
# The dense nets train one epoch more as well.

# %%
import copy

SPARSITIES = [0.5, 0.8, 0.9, 0.95]
WAYS = {"magnitude": ("magnitude", "global"), "random": ("random", "global"),
        "random per layer": ("random", "layer")}  # fmt: skip
results = {name: np.zeros((3, len(SPARSITIES), 2)) for name in WAYS}
for row, seed in enumerate(SEEDS[:3]):
    lots = torch.Generator().manual_seed(1000 + seed)
    for name, (method, scope) in WAYS.items():
        for column, sparsity in enumerate(SPARSITIES):
            net = copy.deepcopy(dense_nets[seed])
            pruning.prune_model(net, sparsity, method, scope, generator=lots)
            results[name][row, column] = accuracies(net, seed)
dense_after = [accuracies(copy.deepcopy(dense_nets[seed]), seed)[1] for seed in SEEDS[:3]]

# %% [markdown]
# After the one epoch of fine-tuning, mean and spread of three seeds:

# %%
plotting.show(
    plotting.accuracy_curves(
        {name: runs[:, :, 1] / 100 for name, runs in results.items()}, SPARSITIES,
        "Single weights: magnitude keeps what random pruning loses", dense=np.mean(dense_after) / 100,
    ),
    alt="Test accuracy after fine-tuning against sparsity: magnitude stays close to the dense net, "
    "both random ways fall further with every step.",
)  # fmt: skip

# %% [markdown]
# Before and after fine-tuning, as numbers, for magnitude and for lots over the whole net.

# %%
import pandas as pd

means = {name: runs.mean(0) for name, runs in results.items()}
table = pd.DataFrame(
    {
        f"{name}, {when}": means[name][:, k]
        for name in ("magnitude", "random")
        for k, when in enumerate(("before", "after"))
    },
    index=pd.Index([f"{100 * s:g} %" for s in SPARSITIES], name="sparsity"),
)
tables.approximate(table, dict.fromkeys(table, "{:5.1f} %"))

# %% [markdown]
# Did it matter whether the lots were drawn for each layer or for the whole net?

# %%
ahead = (means["magnitude"] - means["random"])[:, 1]
guess.compare(ahead[SPARSITIES.index(0.9)])
between = (means["random per layer"] - means["random"])[:, 1]
for sparsity, difference in zip(SPARSITIES, between):
    print(f"{sparsity:4.0%} fine-tuned: per layer − whole net ≈ {difference:5.1f} points")
claim("4.c", "before fine-tuning at 80 %, random pruning has lost over 30 points more",
      (means["magnitude"] - means["random"])[1, 0] > 30)  # fmt: skip
claim("4.d", "fine-tuned, magnitude is ahead by over 2 points at 90 % and by over 5 at 95 %",
      ahead[2] > 2 and ahead[3] > 5)  # fmt: skip
claim("4.e", "fine-tuned, the two random ways end within 3 points at 50 %", abs(between[0]) < 3)

# %% [markdown]
# At higher sparsity three seeds cannot tell the two random ways apart; the next section shows why.
#
# Magnitude knows something about the net, and at high sparsity that is worth a lot. Part of it is
# *where* it cuts: a global threshold spares the small layers (lesson 02), a random draw cannot.
#
# One trap is worth a minute. The lots above come from a generator with the seed 1000 + seed. What if
# it has the seed of the net itself? Prune 50 % over the whole net both ways, without fine-tuning.

# %%
guess = predict(
    "4.3", "Points lost by taking the net's own seed for the lots?", None, unit="points"
)

# %% [markdown]
# Three nets, both ways:

# %%
rows = []
for seed in SEEDS[:3]:
    row = {}
    for name, seed_of_lots in {"another seed": 1000 + seed, "the net's own seed": seed}.items():
        lots = torch.Generator().manual_seed(seed_of_lots)
        net = copy.deepcopy(dense_nets[seed])
        pruning.prune_model(net, 0.5, "random", generator=lots)
        row[name] = 100 * training.evaluate(net, digits.test)
    rows.append(row)
own = pd.DataFrame(rows)
cost = (own["another seed"] - own["the net's own seed"]).mean()
guess.compare(cost)
claim("4.f", "lots with the seed of the net cost over 10 points more, on average", cost > 10)
tables.approximate(own, dict.fromkeys(own, "{:5.1f} %"))

# %% [markdown]
# The initial weights were drawn from the same stream of random numbers. So the lots are no lots: they
# pick the weights by their initial *sign*, and all of one sign go. Give every use of chance a seed of
# its own.
#
# ## 4.4 Compare over seeds, in pairs
#
# Magnitude against random was easy to see. What about a small difference? Take the question of lesson
# 02 again, at 90 % after fine-tuning: is one global threshold better than the same sparsity for every
# layer? Train one seed with both, take the difference, and repeat with other seeds.
#
# Some nets are better than others from the start, and that luck is in both results. In the
# *difference* it cancels out: a **paired comparison** (配对比较). The mean of n differences with
# standard deviation s is uncertain by s/√n. With few seeds s itself is a rough guess, and Student's t
# makes up for it. The interval mean ± t·s/√n covers the truth in 95 % of the cases.
#
# > ### Exercise 4.4 · A paired comparison
# > difficulty ★★☆ · importance ★★★ · 8 minutes
# >
# > Write `paired_interval(a, b, t)`: `a` and `b` are lists of results, one for each seed, `t` is the
# > factor for the wanted confidence. Return the ends of the interval of a − b, (low, high). The
# > standard deviation divides by n − 1.


# %%
def paired_interval(a, b, t):
    """Two lists of numbers, in the same order of seeds, and t. Returns (low, high)."""
    ### BEGIN SOLUTION
    differences = torch.tensor(a) - torch.tensor(b)
    half = t * differences.std() / math.sqrt(len(a))
    mean = differences.mean()
    return float(mean - half), float(mean + half)
    ### END SOLUTION


paired_interval = ex.paired_interval.check(paired_interval)

# %% [markdown]
# `intervals.paired_difference` looks t up by itself. Run all twelve seeds with both methods. How many seeds
# will it take until the interval leaves out 0?

# %%
guess = predict("4.4", "Seeds until the interval leaves out 0?", None, unit="seeds")
tuned = {"global": [], "layer": []}
for seed, net in dense_nets.items():
    for scope, values in tuned.items():
        pruned = pruning.prune_model(copy.deepcopy(net), 0.9, scope=scope)
        values.append(accuracies(pruned, seed)[1])

by_seeds = [
    intervals.paired_difference(tuned["global"][:n], tuned["layer"][:n])
    for n in range(3, len(SEEDS) + 1)
]
plotting.show(
    plotting.shrinking_interval(
        by_seeds, "Global − per layer at 90 %: seeds make the difference visible",
        ylabel="difference (points)",
    ),
    alt="Mean difference of global and per-layer pruning at 90 % with its 95 % interval for 3 to 12 "
    "seeds: the interval shrinks and ends above zero.",
)  # fmt: skip

# %% [markdown]
# The band is the interval after so many seeds. Two things shrink it: √n, and t, which for three seeds
# is still 4.3.

# %%
last = by_seeds[-1]
low, high = paired_interval(tuned["global"], tuned["layer"], 2.201)
apart = [interval.seeds for interval in by_seeds if interval.excludes_zero]
guess.compare(min(apart), digits=0)
print(f"3 seeds:  {by_seeds[0]} points")
print(f"12 seeds: {last} points")
print(f"your interval of the 12 is the same: {abs(low - last.low) + abs(high - last.high) < 1e-2}")
for n, t in ((2, 12.706), (3, 4.303), (5, 2.776), (12, 2.201), (30, 2.045)):
    print(f"{n:2d} seeds: mean ± {t / math.sqrt(n):4.2f} standard deviations")
claim("4.g", "twelve seeds: global is better at 90 % by 0.1 to 1.5 points, and 0 is left out",
      0.1 < last.mean < 1.5 and last.excludes_zero)  # fmt: skip

# %% [markdown]
# Half a point is real here, and three seeds would not have told. Turn it round: given this spread, how
# many seeds would it take to see a difference of one point, of half a point, of a tenth?

# %%
spread = np.array(tuned["global"]) - np.array(tuned["layer"])
needed = {effect: intervals.seeds_needed(spread, effect) for effect in (1.0, 0.5, 0.1)}
for effect, n in needed.items():
    print(f"{effect:3.1f} points: ≈ {n:3d} seeds")
claim("4.h", "a tenth of a point takes at least five times the seeds that half a point does",
      needed[0.1] >= 5 * needed[0.5])  # fmt: skip

# %% [markdown]
# A test part of 1,000 digits sets another limit: a tenth of a point is one digit.
#
# ## 4.5 Random filters
#
# Now whole filters.
#
# > ### Exercise 4.5 · Random filters
# > difficulty ★☆☆ · importance ★★★ · 4 minutes
# >
# > Write `random_filters(draws, weight, sparsity)`: `draws` holds one number for each filter of
# > `weight`. Prune the round(sparsity · filters) filters with the smallest draws, as a block mask.


# %%
def random_filters(draws, weight, sparsity):
    """draws: (filters,), weight: (filters, …). Returns the mask in the weight's shape."""
    ### BEGIN SOLUTION
    count = round(sparsity * len(draws))
    mask = torch.ones_like(weight, dtype=torch.bool)
    mask[draws.argsort(stable=True)[:count]] = False
    return mask
    ### END SOLUTION


random_filters = ex.random_filters.check(random_filters)

# %% [markdown]
# Train four ConvNets, two epochs each. Remove 50 and 75 % of the filters of each conv, those of
# smallest L2 norm or random ones; measure, fine-tune one epoch, measure again. How far behind will the
# random ones be?

# %%
from course_utils import scores, surgery

guess = predict("4.5", "Points that norm is ahead at 50 %, fine-tuned?", None, unit="points")


def keep_filters(net, way, sparsity, lots):
    """{conv: boolean vector}: by L2 norm, or by lot with your random_filters."""
    keep = {}
    for name, layer in surgery.filter_layers(net).items():
        if way == "norm":
            rank = scores.group_norm(layer.weight, n=2, dim=0)
            keep[name] = masks.mask_from_scores(rank, sparsity)
        else:
            draws = torch.rand(len(layer.weight), generator=lots)
            keep[name] = random_filters(draws, layer.weight, sparsity).flatten(1).any(1)
    return keep


# %% [markdown]
# Both ways start from the same trained net, seed by seed.

# %%
LEVELS = [0.5, 0.75]
filters = {way: np.zeros((4, len(LEVELS), 2)) for way in ("norm", "random")}
for row, seed in enumerate(SEEDS[:4]):
    training.seed_everything(seed)
    convnet = models.ConvNet(widths=(8, 16, 32))
    training.train(convnet, digits, epochs=2, seed=seed)
    lots = torch.Generator().manual_seed(1000 + seed)
    for way, runs in filters.items():
        for column, level in enumerate(LEVELS):
            small = surgery.remove_filters(convnet, keep_filters(convnet, way, level, lots))
            runs[row, column] = accuracies(small, seed)

comparison = {
    f"{100 * level:g} %, {when}": intervals.paired_difference(*(
        filters[way][:, column, k] for way in ("norm", "random")))
    for column, level in enumerate(LEVELS) for k, when in enumerate(("raw", "fine-tuned"))
}  # fmt: skip

# %% [markdown]
# A dot right of the line means that the norm chose better. It is filled where the interval leaves out
# 0.

# %%
plotting.show(
    plotting.difference_dots(
        comparison, "Filters by norm or by lot: the lead shrinks with one epoch",
        xlabel="accuracy of norm − random (points), 95 % interval of 4 seeds",
    ),
    alt="Differences between norm and random filters with their intervals at 50 and 75 %: the norm leads "
    "before fine-tuning, and much less after one epoch.",
)  # fmt: skip
for name, difference in comparison.items():
    print(f"{name:16s} {difference} points")

# %% [markdown]
# Look at the mean accuracies behind the differences.

# %%
table = pd.DataFrame(
    {f"{way}, {when}": filters[way].mean(0)[:, k]
     for way in filters for k, when in enumerate(("raw", "fine-tuned"))},
    index=pd.Index([f"{100 * level:g} %" for level in LEVELS], name="filters removed"),
)  # fmt: skip
lead = {name: difference.mean for name, difference in comparison.items()}
guess.compare(lead["50 %, fine-tuned"])
claim("4.i", "raw, norm is ahead by over 5 points on the average of 50 and 75 %",
      lead["50 %, raw"] + lead["75 %, raw"] > 10)  # fmt: skip
claim("4.j", "one epoch halves that lead at least, and at 50 % it leaves less than 3 points",
      2 * (lead["50 %, fine-tuned"] + lead["75 %, fine-tuned"])
      < lead["50 %, raw"] + lead["75 %, raw"] and abs(lead["50 %, fine-tuned"]) < 3)  # fmt: skip
tables.approximate(table, dict.fromkeys(table, "{:5.1f} %"))

# %% [markdown]
# Within one epoch the filters that are left learn most of the work of those that are gone, whichever
# they are. Mittal and others found the same on large nets. So when a
# paper shows that its filter criterion recovers after fine-tuning, ask for the random control.
#
# ## 4.6 People really ask
#
# **The official tutorial prunes 30 % at random and stops. Is that pruning?** It shows the calls. A
# real loop scores, prunes, fine-tunes and measures on data it has not seen, with random pruning beside
# it, as in section 4.3.
#
# **I prune a layer with `random_structured(amount=1.0)` so that it is ignored. After `remove` and
# fine-tuning it is back. How do I keep it out?** `remove` takes the mask off, and what is left is an
# ordinary parameter. Freeze it, or keep the mask on.

# %%
training.seed_everything(SEEDS[0])
x, y = digits.train[0][:64], digits.train[1][:64]


def nonzero_after_training(freeze):
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 26 * 26, 10))
    prune.random_structured(net[0], "weight", amount=1.0, dim=0)
    prune.remove(net[0], "weight")
    net[0].weight.requires_grad_(not freeze)
    sgd = torch.optim.SGD(net.parameters(), lr=0.05)
    for _ in range(3):
        sgd.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        sgd.step()
    return int((net[0].weight != 0).sum())


for freeze in (False, True):
    left = nonzero_after_training(freeze)
    print(f"frozen: {freeze!s:5}  weights back after three steps: {'all' if left == 36 else left}")

# %% [markdown]
# **Should I prune a trained net, or prune an untrained one at random and then train it?** Give both
# the same number of epochs in all: four and one for the first, five for the second, at 90 %.

# %%
rows = []
for row, seed in enumerate(SEEDS[:3]):
    training.seed_everything(seed)
    fresh = pruning.prune_model(models.LeNet300(), 0.9, "random", "layer")
    training.train(fresh, digits, epochs=5, seed=seed)
    trained = {name: results[name][row, SPARSITIES.index(0.9), 1] for name in WAYS}
    rows.append({"trained, magnitude": trained["magnitude"],
                 "trained, random per layer": trained["random per layer"],
                 "untrained, random per layer": 100 * training.evaluate(fresh, digits.test)})  # fmt: skip
order = pd.DataFrame(rows, index=pd.Index(SEEDS[:3], name="seed"))
claim("4.k", "90 %, five epochs in all: a trained net pruned by magnitude beats both random ones",
      bool((order["trained, magnitude"] > order.iloc[:, 1:].max(axis=1)).all()))  # fmt: skip
tables.approximate(order.reset_index(drop=True), dict.fromkeys(order, "{:5.1f} %"))

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
# - State the sparsity that came out, not the one you asked for.
# - Compare in pairs, seed by seed, and give the interval with the mean.
# - Random weights lose by far; random filters, fine-tuned, come close.
#
# **Read on**: Mittal, Bhardwaj, Khapra and Ravindran (2018),
# [Recovering from random pruning](https://arxiv.org/abs/1801.10447), for filters by lot;
# Blalock, Gonzalez Ortiz, Frankle and Guttag (2020),
# [What is the state of neural network pruning?](https://arxiv.org/abs/2003.03033), for what
# comparisons in this field lack.
#
# **Next**: lesson 05, norms and other criteria, where methods compete against this control.
