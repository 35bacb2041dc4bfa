# %% [markdown]
# # 04 · Random pruning
#
# Random pruning (随机剪枝) drops weights or filters by lot. It is the control group (对照组) of the whole
# field: a method that does not beat it, with the same epochs, has not shown that it knows more than chance.
#
# **You will be able to**
#
# - draw a random mask in two ways, and say by how much the sparsity strays in the first,
# - compare two methods over seeds with a confidence interval,
# - say how many seeds it takes to tell them apart, and why you decide that first,
# - say where random pruning loses by far, after how many epochs, and where it is hard to beat.
#
# **Time**: 55 minutes.

# %%
import torch

from course_utils import data, intervals, masks, models, plotting, pruning, training
from course_utils.lesson import claim, desk, predict, tables, within

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
# > Drop the weights whose draw is below `probability` (0 to 1), no others, and draw nothing yourself.
# > Returns a boolean mask of the same shape, True = kept; leaves `draws` as it is.


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
# > n of them in the whole tensor; of equal draws those that come first, however many are equal. Returns
# > a boolean mask of the same shape, True = kept; leaves `draws` as it is.


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

# %%
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
#
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
# The number of dropped weights follows the **binomial distribution** (二项分布). Its mean is n·p and its
# variance n·p·(1 − p). How far from the mean is usual?
#
# > ### Exercise 4.3 · How far the sparsity strays
# > difficulty ★★☆ · importance ★★☆ · 5 minutes
# >
# > Write `sparsity_spread(n, probability)`: the standard deviation (标准差) of the realised sparsity of
# > a layer of n weights, each dropped with this probability. A formula, not an experiment: returns one
# > number, the spread of a fraction and not of points. n ≥ 1, and the probability may be 0 or 1.


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

# %%
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

# %%
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

# %%
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
        "After one epoch, magnitude keeps what random pruning loses", dense=np.mean(dense_after) / 100,
    ),
    alt="Test accuracy one epoch after the cut against sparsity: magnitude stays close to the dense "
    "net, both random ways fall further with every step.",
)  # fmt: skip

# %% [markdown]
# Before and after that epoch, as numbers, for magnitude and for lots over the whole net.

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
# Did it matter whether the lots were drawn for each layer or for the whole net? The interval behind
# each difference is explained in the next section; one that holds 0 cannot tell the two apart.

# %%
ahead = (means["magnitude"] - means["random"])[:, 1]
for column, sparsity in enumerate(SPARSITIES):
    between = intervals.paired_difference(
        results["random per layer"][:, column, 1], results["random"][:, column, 1]
    )
    print(f"{sparsity:4.0%}, one epoch: per layer − whole net {between} points")

# %%
claim("4.c", "before fine-tuning at 80 %, lots over the whole net have lost 55 to 100 points more",
      within((means["magnitude"] - means["random"])[1, 0], 55, 100))  # fmt: skip
claim("4.d", "one epoch later magnitude is ahead by 25 to 75 points at 90 % and by 62 to 90 at 95 %",
      [within(ahead[2], 25, 75), within(ahead[3], 62, 90)])  # fmt: skip

# %% [markdown]
# Three nets tell next to nothing about the two random ways: read the widths of the intervals.
#
# Magnitude is far ahead. But of what does that tell you? One epoch here is few steps, and a net with
# random holes has to learn much of its task anew. You may have measured how fast a net *starts again*,
# and not what its mask can reach. So ask again with more epochs. This takes too long for a lesson:
# `make sweep` has made the runs once, and they lie in a small file.

# %%
guess = predict(
    "4.1", "Points that magnitude is ahead at 90 %, twenty epochs later?", None, unit="points"
)

# %% [markdown]
# At 90 %, and for each number of epochs after the cut: the dense net that trains on, magnitude with one
# threshold, and random masks layer by layer. The last line has such random masks *before* any training,
# and gets all epochs afterwards: the four of the dense net, and those on the axis.

# %%
from course_utils import experiments

LINES = {"dense": "dense", "magnitude": "magnitude", "random per layer": "random per layer",
         "untrained": "untrained, random"}  # fmt: skip
stored = experiments.by_configuration("budgets")
print(
    f"one epoch: {math.ceil(len(digits.train[0]) / 64)} steps; in the file: {len(stored['dense', 1])} nets"
)

# %%
plotting.show(
    plotting.accuracy_curves(
        {label: np.stack([stored[way, n] for n in experiments.BUDGETS], axis=1) / 100
         for way, label in LINES.items()},
        experiments.BUDGETS, "At 90 %, most of what a random mask costs is time",
        ticks=[f"{n}" for n in experiments.BUDGETS], xlabel="epochs after the cut",
    ),
    alt="Test accuracy at 90 % sparsity after one, five and twenty epochs: random masks start far below "
    "magnitude and come close to it, and stay below it.",
)  # fmt: skip

# %% [markdown]
# How far behind does the random mask end, over all nets of the file? And was it *where* magnitude cuts, the
# share of each layer, that made the difference?

# %%
for way in ("random per layer", "untrained", "magnitude per layer"):
    for n in experiments.BUDGETS:
        behind = intervals.paired_difference(stored["magnitude", n], stored[way, n])
        print(f"{n:2d} epochs: magnitude − {way:19s} {behind} points")
few = experiments.by_configuration("budgets", SEEDS[:2])
gaps = [(few["magnitude", n] - few["random per layer", n]).mean() for n in experiments.BUDGETS]
guess.compare(gaps[-1])

# %%
claim("4.e", "90 %, two nets: a random mask per layer is behind magnitude by 25 to 80 points "
      "after one epoch, 0.5 to 9 after five and 0.4 to 5.5 after twenty",
      [within(gaps[0], 25, 80), within(gaps[1], 0.5, 9), within(gaps[2], 0.4, 5.5)])  # fmt: skip

# %% [markdown]
# Read it as a sentence with its budget: *on this net, random weights lose by far after one epoch, and by
# little after twenty*.
#
# And it is not where magnitude cuts: with the same share of each layer as the random masks it does
# nearly as well as with one threshold. *Which* weights stay is what counts.
#
# Do not trust a file: run one of its columns yourself, five epochs, one net.

# %%
from course_utils.experiments import budgets

column = pd.DataFrame(
    {"live": [100 * budgets.measure(SEEDS[0], way, 5)["accuracy"] for way in budgets.WAYS],
     "file": [few[way, 5][0] for way in budgets.WAYS]},
    index=pd.Index(budgets.WAYS, name="90 %, five epochs"),
)  # fmt: skip
tables.approximate(column, dict.fromkeys(column, "{:5.1f} %"))

# %%
claim("4.l", "the live column agrees with the file within 1.5 points for every way",
      (column["live"] - column["file"]).abs().max() < 1.5)  # fmt: skip

# %% [markdown]
# One trap is worth a minute. The lots above come from a generator with a seed of its own. What if
# it has the seed of the net itself? Prune 50 % over the whole net both ways, without fine-tuning.

# %%
guess = predict(
    "4.2", "Points lost by taking the net's own seed for the lots?", None, unit="points"
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
tables.approximate(own, dict.fromkeys(own, "{:5.1f} %"))

# %%
claim(
    "4.f",
    "lots with the seed of the net cost 38 to 63 points more, on average",
    within(cost, 38, 63),
)

# %% [markdown]
# The initial weights were drawn from the same stream of random numbers. So the lots are no lots: they
# pick the weights by their initial *sign*, and all of one sign go. Give every use of chance a seed of
# its own.
#
# ## 4.4 Compare over seeds, in pairs
#
# Magnitude against random was easy to see. What about a small difference? Take the question of lesson
# 02 again, at 90 % after one epoch of fine-tuning: is one global threshold better than the same sparsity
# for every layer? Train one seed with both, take the difference, and repeat with other seeds.
#
# Some nets are better than others from the start, and that luck is in both results. In the
# *difference* much of it cancels out: a **paired comparison** (配对比较). The mean of n differences with
# standard deviation s is uncertain by s/√n. With few seeds s itself is a rough guess, and Student's t
# makes up for it. The interval mean ± t·s/√n covers the true difference in 95 % of such studies, as long
# as the differences scatter roughly like a bell curve.
#
# > ### Exercise 4.4 · A paired comparison
# > difficulty ★★☆ · importance ★★★ · 8 minutes
# >
# > Write `paired_interval(a, b, t)`: `a` and `b` are lists of results, one for each seed, `t` is the
# > factor for the wanted confidence. Return the ends of the interval of a − b, (low, high), as two
# > numbers. The standard deviation divides by n − 1, so there is more than a single seed.


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
# Decide how many seeds you take *before* you look: twelve. t comes from a table, or from one line: the
# value that Student's t with n − 1 degrees of freedom (自由度) stays below in 97.5 % of the cases, so that
# 2.5 % are left out on either side.

# %%
from scipy.special import stdtrit

tuned = {"global": [], "layer": []}
right = {"global": [], "layer": []}  # which of the test digits each net reads right
for seed, net in dense_nets.items():
    for scope in tuned:
        pruned = pruning.prune_model(copy.deepcopy(net), 0.9, scope=scope)
        tuned[scope].append(accuracies(pruned, seed)[1])
        right[scope].append((pruned(digits.test[0]).argmax(1) == digits.test[1]).numpy())

twelve = intervals.paired_difference(tuned["global"], tuned["layer"])
t = stdtrit(len(SEEDS) - 1, 0.975)
low, high = paired_interval(tuned["global"], tuned["layer"], float(t))
print(f"t for 12 seeds: {t:.3f}")
print(f"global − per layer, 12 seeds: {twelve} points")
print(f"your interval is the same: {abs(low - twelve.low) + abs(high - twelve.high) < 1e-2}")

# %% [markdown]
# `intervals.paired_difference` looks t up by itself. What did the pairs buy? Without them, the two
# groups of twelve would scatter each for itself, and both spreads would add up.

# %%
apart = np.array(tuned["global"]) - np.array(tuned["layer"])
unpaired = math.hypot(np.std(tuned["global"], ddof=1), np.std(tuned["layer"], ddof=1))
print(f"standard deviation of a difference: in pairs ≈ {apart.std(ddof=1):.2f} points, "
      f"of two nets with different seeds ≈ {unpaired:.2f} points")  # fmt: skip
for n in (2, 3, 5, 12, 30):
    print(f"{n:2d} seeds: t = {stdtrit(n - 1, 0.975):6.3f}, "
          f"mean ± {stdtrit(n - 1, 0.975) / math.sqrt(n):4.2f} standard deviations")  # fmt: skip

# %%
claim(
    "4.g", "twelve seeds: global is better at 90 %, and the interval leaves out 0", twelve.low > 0
)

# %% [markdown]
# Two things shrink the interval: √n, and t, which for two or three seeds is huge.
#
# **Do not look and stop.** It is tempting to look after three seeds, and to add one after the other
# until the interval leaves out 0. Try it where there is nothing to find: the differences are pure
# chance around 0. Look after 3, 4, 5 … 12 seeds, and stop as soon as the interval leaves out 0.

# %%
guess = predict("4.3", "In how many of 100 such studies is a difference “found”?", None)

# %% [markdown]
# Ten thousand such studies:

# %%
chance = np.random.default_rng(SEEDS[0])
studies = chance.normal(size=(10_000, 12))


def leaves_out_zero(studies):
    """For each study, a row of differences: whether its 95 % interval leaves out 0."""
    n = studies.shape[1]
    half = stdtrit(n - 1, 0.975) * studies.std(1, ddof=1) / math.sqrt(n)
    return abs(studies.mean(1)) > half


looks = [leaves_out_zero(studies[:, :n]) for n in range(3, 13)]
once, any_time = 100 * looks[-1].mean(), 100 * np.any(looks, axis=0).mean()
guess.compare(any_time)
print(f"one look, at twelve seeds: ≈ {once:.1f} of 100 studies find what is not there")
print(f"a look after every seed:   ≈ {any_time:.1f} of 100")

# %%
claim("4.h", "looking after each seed finds a difference that is not there in 15 to 22 of 100 "
      "studies, one look in 4 to 6",
      [within(any_time, 15, 22), within(once, 4, 6)])  # fmt: skip

# %% [markdown]
# Each look is one more chance to be fooled. So the number of seeds comes first, and it comes from the
# smallest difference that you care about. The half width t·s/√n alone is not enough: a true difference
# that is exactly as large lands above 0 in every other study only. Leave room for bad luck: n is enough
# when (t + t₈₀)·s/√n is below the difference. t₈₀ is what Student's t stays below with 80 %, and 80 % is
# then the **power** (功效): of 100 studies of a true difference, 80 find it.

# %%
for effect in (1.0, 0.5, 0.1):
    coin, usual = (intervals.seeds_needed(apart, effect, power=power) for power in (0.5, 0.8))
    print(
        f"{effect:3.1f} points: ≈ {usual:3d} seeds, and ≈ {coin:3d} if every other study may miss it"
    )
found = {}
for power in (0.5, 0.8):
    n = intervals.seeds_needed(apart, 0.1, power=power)
    trials = chance.normal(0.1, apart.std(ddof=1), size=(10_000, n))
    found[power] = 100 * leaves_out_zero(trials).mean()
    print(f"≈ {n:3d} seeds of 0.1 points: ≈ {found[power]:.0f} of 100 studies find it")

# %% [markdown]
# **Other digits.** All this is about other *seeds*. The test part is 1,000 digits, the same for all
# nets, and other digits would have given another number: a net that reads a part p of them right is
# uncertain by √(p(1 − p)/1000). The difference of two methods has such an error, too. Take for each
# digit how many more of the twelve nets read it right with one method than with the other; these 1,000
# differences have an interval like any others.

# %%
share = np.mean(tuned["global"]) / 100
one_net = 100 * 1.96 * math.sqrt(share * (1 - share) / len(digits.test[1]))
by_digit = {scope: 100 * np.mean(rows, axis=0) for scope, rows in right.items()}
over_digits = intervals.paired_difference(by_digit["global"], by_digit["layer"])
print(f"one net: ≈ {100 * share:.1f} ± ≈ {one_net:.1f} points, from the choice of the digits alone")
print(f"global − per layer, over seeds:  {twelve} points")
print(f"global − per layer, over digits: {over_digits} points")

# %%
claim("4.m", "the difference of the twelve pairs is uncertain by 0.1 to 0.6 points from the digits alone",
      within((over_digits.high - over_digits.low) / 2, 0.1, 0.6))  # fmt: skip

# %% [markdown]
# So a difference that seeds can tell from 0 is real *for these digits*; here it holds for others, too.
# Keep that in mind for the rest of the course: its intervals are over seeds. And the more often one test
# part is looked at, the less it is unseen: what is *chosen* (a rate, a sparsity, a criterion) is chosen
# on the validation part.
#
# > ### Exercise 4.6 · Design the fair comparison
# > difficulty ★★★ · importance ★★★ · 8 minutes
# >
# > Write `fair_comparison(nets, methods, rates, epochs, train, accuracy)`. Two methods cut the same dense
# > nets; each then trains with the learning rate that suits it best. Which one reads more?
# >
# > - `nets`: seed → dense net. Leave them as they are.
# > - `methods`: two functions. Each cuts a net *in place* and returns how many epochs of training it has
# >   spent on it by that, often 0. `epochs` is what a net may train in all, the cut included.
# > - `train(net, epochs, rate, seed)` trains in place; `accuracy(net, part)` is the per cent that a net
# >   reads of `"validation"` or `"test"`.
# > - `rates`: those to try. Each method gets the one with the best mean over the seeds.
# >
# > Return the differences first − second on the test part, a list with one number for each seed, in the
# > order of `nets`. The test part may be opened once for each method and seed.


# %%
def fair_comparison(nets, methods, rates, epochs, train, accuracy):
    """Returns accuracy of the first method − the second on the test part, for each seed."""
    ### BEGIN SOLUTION
    chosen = []
    for cut in methods:
        runs = {rate: {seed: copy.deepcopy(net) for seed, net in nets.items()} for rate in rates}
        read = {}
        for rate, copies in runs.items():
            for seed, net in copies.items():
                spent = cut(net)
                train(net, epochs - spent, rate, seed)
            read[rate] = sum(accuracy(net, "validation") for net in copies.values())
        chosen.append(runs[max(rates, key=read.get)])
    first, second = chosen
    return [accuracy(first[seed], "test") - accuracy(second[seed], "test") for seed in nets]
    ### END SOLUTION


fair_comparison = ex.fair_comparison.check(fair_comparison)

# %% [markdown]
# ## 4.5 Random filters
#
# Now whole filters: as many go as by norm, and a draw for each says which.
#
# > ### Exercise 4.5 · Random filters
# > difficulty ★☆☆ · importance ★★★ · 4 minutes
# >
# > Write `random_filters(draws, weight, sparsity)`: `draws` holds one number for each filter of
# > `weight`. Prune the round(sparsity · filters) filters with the smallest draws, of equal draws the
# > first, as a block mask: boolean, in the weight's shape. Leave the arguments alone.


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
# Train ConvNets, two epochs each. Remove 50 and 75 % of the filters of each conv, those of smallest L2
# norm or random ones, and fine-tune. BatchNorm's statistics are brought up to date before each
# measurement, as in lesson 03. How far behind will the random ones be?
#
# The runs are in a file, too: raw, and after one epoch. A dot right of the line means that the norm
# chose better. It is filled where the interval leaves out 0.

# %%
filters = experiments.by_configuration("lots_of_filters")
nets = len(filters["norm", 0.5, 1])
LEVELS, WHEN = (0.5, 0.75), {0: "raw", 1: "one epoch"}
comparison = {
    f"{100 * level:g} %, {when}": intervals.paired_difference(
        filters["norm", level, epochs], filters["random", level, epochs])
    for level in LEVELS for epochs, when in WHEN.items()
}  # fmt: skip
for name, difference in comparison.items():
    print(f"{name:15s} {difference} points")

# %%
plotting.show(
    plotting.difference_dots(
        comparison, "Filters by norm or by lot: after one epoch, a lead is left at 75 % only",
        xlabel=f"accuracy of norm − random (points), 95 % interval of {nets} seeds",
    ),
    alt="Differences between norm and random filters with their intervals at 50 and 75 %: the norm leads "
    "before fine-tuning, though nets differ much; after one epoch it leads at 75 % only.",
)  # fmt: skip

# %% [markdown]
# Look at the mean accuracies behind the differences, beside the dense net that trained on.

# %%
rows = {f"{100 * level:g} %, {when}": {way: filters[way, level, epochs].mean()
                                       for way in ("norm", "random")}
        for level in LEVELS for epochs, when in WHEN.items()}  # fmt: skip
print(f"dense, one epoch more: ≈ {filters['dense', 0.0, 1].mean():.1f} %")
others = experiments.by_configuration("filter_criteria")  # of lesson 05: the same nets, other lots
redrawn = [intervals.paired_difference(others[level, "L2", stage], others[level, "random", stage])
           for level, stage in ((0.5, "recalibrated"), (0.75, "fine-tuned"))]  # fmt: skip
print(f"other lots, 50 %, raw:       {redrawn[0]} points")
print(f"other lots, 75 %, one epoch: {redrawn[1]} points")
three = experiments.by_configuration("lots_of_filters", SEEDS[:2])
table = pd.DataFrame(rows).T.rename_axis(index="filters removed")
tables.approximate(table, dict.fromkeys(table, "{:5.1f} %"))

# %%
claim("4.i", "all nets, raw: norm is ahead at 50 %, and at 75 % the interval holds 0",
      comparison["50 %, raw"].low > 0 and not comparison["75 %, raw"].excludes_zero)  # fmt: skip
claim("4.j", "all nets, one epoch later: at 50 % the interval holds 0, at 75 % norm is still ahead",
      not comparison["50 %, one epoch"].excludes_zero and comparison["75 %, one epoch"].low > 0)  # fmt: skip
claim("4.p", "with other lots for the same nets, both intervals that left out 0 hold it",
      not any(difference.excludes_zero for difference in redrawn))  # fmt: skip

# %% [markdown]
# Half of the filters go, and one epoch later it no longer shows which half; of three quarters it does.
# Do not lean on that lead, though: with other lots for the same eight nets (those of lesson 05) the norm
# is ≈ 1.6 points ahead there, and the interval holds 0. The filters that are left learn most of the work
# of those that are gone. Mittal and others found the
# same on large nets. So when a paper shows that its filter criterion recovers after fine-tuning, ask for
# the random control. How many seeds does it take to see a difference of one point? And does the file hold
# with *your* function, live on one net?

# %%
from course_utils import surgery

spread = filters["norm", 0.5, 1] - filters["random", 0.5, 1]
print(f"50 %, a difference of one point: ≈ {intervals.seeds_needed(spread, 1.0)} seeds")
convnet = experiments.convnet(SEEDS[0])
lots = torch.Generator().manual_seed(10_000 + SEEDS[0])
keep = {
    name: random_filters(torch.rand(len(layer.weight), generator=lots), layer.weight, 0.5)
    for name, layer in surgery.filter_layers(convnet).items()
}
small = surgery.remove_filters(
    convnet, {name: mask.flatten(1).any(1) for name, mask in keep.items()}
)
training.train(small, digits, epochs=1, seed=100 + SEEDS[0])
training.recalibrate(small, digits.train)
live = 100 * training.evaluate(small, digits.test)
print(f"50 % at random, one epoch: live ≈ {live:.1f} %, file ≈ {three['random', 0.5, 1][0]:.1f} %")

# %%
claim("4.n", "the live net agrees with the file within 1.5 points",
      abs(live - three["random", 0.5, 1][0]) < 1.5)  # fmt: skip

# %% [markdown]
# ## 4.6 People really ask
#
# **The official tutorial prunes 30 % at random and stops. Is that pruning?** It shows the calls. A
# real loop scores, prunes, fine-tunes and measures on data it has not seen, with random pruning beside
# it, as in section 4.3.
#
# **I compared my method with another one in fifteen settings, and one interval leaves out 0. Is that a
# result?** Where there is nothing, each 95 % interval leaves out 0 in 5 of 100 cases, so fifteen of them
# hardly all keep quiet. Ask more of each: with 1 − 0.05/15 as its confidence, at most 5 of 100 such
# *tables* have a false find (Bonferroni).

# %%
quiet = chance.normal(size=(2_000, 15, 12))  # studies, settings, seeds: nothing to find


def finds_something(confidence):
    """In how many of 100 studies at least one of the fifteen intervals leaves out 0."""
    t = stdtrit(11, (1 + confidence) / 2)
    out = abs(quiet.mean(2)) > t * quiet.std(2, ddof=1) / math.sqrt(12)
    return 100 * out.any(axis=1).mean()


usual, strict = finds_something(0.95), finds_something(1 - 0.05 / 15)
print(f"fifteen intervals at 95 %:   ≈ {usual:.0f} of 100 studies find something")
print(f"each with 1 − 0.05/15:       ≈ {strict:.0f} of 100")
stricter = intervals.paired_difference(tuned["global"], tuned["layer"], 1 - 0.05 / 15)
print(f"global − per layer, as one of fifteen: {stricter} points")

# %%
claim("4.o", "where nothing is to be found, fifteen intervals find something in 45 to 64 of 100 studies",
      within(usual, 45, 64))  # fmt: skip

# %% [markdown]
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
# **Should I prune a trained net, or prune an untrained one at random and then train it?** Section 4.3
# has the runs, at equal epochs in all. In this table, look at the two random columns first.

# %%
columns = {"magnitude": "magnitude", "random": "random per layer", "untrained, random": "untrained"}  # fmt: skip
order = pd.DataFrame(
    {label: [stored[way, n].mean() for n in experiments.BUDGETS] for label, way in columns.items()},
    index=pd.Index([f"{4 + n} epochs" for n in experiments.BUDGETS], name="90 %, in all"),
)
for n in experiments.BUDGETS:
    earlier = intervals.paired_difference(stored["untrained", n], stored["random per layer", n])
    print(f"{4 + n:2d} epochs in all: untrained − trained, both random {earlier} points")
tables.approximate(order, dict.fromkeys(order, "{:5.1f} %"))

# %%
claim("4.k", "90 %, at 5, 9 and 24 epochs in all: magnitude on a trained net beats both random ways",
      all(few["magnitude", n].mean() > max(few[way, n].mean() for way in ("random per layer", "untrained"))
          for n in experiments.BUDGETS))  # fmt: skip

# %% [markdown]
# After one epoch the untrained net is far ahead of the trained one: a random cut ruins what four epochs
# have taught, and there was no time to repair it. A few epochs later the trained net is ahead, and with
# the longest budget the interval holds 0: on this net it no longer shows when a random mask came. Liu and
# others (2022) find that on large nets, trained for long, random masks that are there from the start come
# closer still to the dense net.
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
# - State the sparsity that came out, not the one you asked for, and the number of epochs.
# - Compare in pairs, seed by seed; fix the number of seeds first; give the interval with the mean.
# - LeNet-300-100 at 90 %: random weights lose by far after one epoch and by little after twenty. A small
#   ConvNet with half of its filters: after one epoch, random ones do as well as those of large norm.
#
# **Read on**: Mittal, Bhardwaj, Khapra and Ravindran (2018),
# [Recovering from random pruning](https://arxiv.org/abs/1801.10447), for filters by lot; S. Liu and
# others (2022), [The unreasonable effectiveness of random pruning](https://arxiv.org/abs/2202.02643),
# for random masks that are there from the start;
# Blalock, Gonzalez Ortiz, Frankle and Guttag (2020),
# [What is the state of neural network pruning?](https://arxiv.org/abs/2003.03033), for what
# comparisons in this field lack.
#
# **Next**: lesson 05, norms and other criteria, where methods compete against this control.
