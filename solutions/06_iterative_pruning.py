# %% [markdown]
# # 06 · Iterative pruning
#
# Prune a little, fine-tune (微调), prune again: iterative pruning (迭代剪枝). Is it better than one big
# cut with as much training? This lesson writes the loop, compares schedules at equal epochs, and ends
# with the lottery ticket.
#
# **You will be able to**
#
# - write four schedules, and turn totals into what each call must prune,
# - write the loop that prunes and fine-tunes and never brings a weight back,
# - say from which sparsity on the schedule matters, and which one loses,
# - tell a step that is too big from too few epochs after it,
# - find a lottery ticket, and say what makes it win, and how much of that is speed.
#
# **Time**: 70 minutes.

# %%
import torch

from course_utils import data, masks, models, plotting, pruning, schedules, training
from course_utils.lesson import claim, desk, predict, tables, within

desk.check("06", edition="EDITION")
digits = data.load_mnist()
SEEDS = (0, 1, 2, 3, 4)

# %% [markdown]
# ## 6.1 Four ways up
#
# A **schedule** (剪枝计划) says how sparse the net is after each round. Here are four, from a dense net
# to the sparsity s in k rounds. After round t:
#
# - **one-shot** (一次性剪枝): s at once, and the other rounds only train,
# - **linear** (线性): s · t/k, equal steps of the total,
# - **geometric** (几何): 1 − (1 − s)^(t/k), the same fraction of what is *left* each round,
# - **cubic** (三次): s · (1 − (1 − t/k)³), steps of the total that get smaller and smaller.
#
# Take them to 95 % in 8 rounds, and measure each cut as a part of what is left before it.
#
# Left, the totals; right, the cuts.

# %%
plans = {name: shape(0.95, 8) for name, shape in schedules.SCHEDULES.items()}
last_cuts = {name: 1 - (1 - plan[-1]) / (1 - plan[-2]) for name, plan in plans.items()}
print("last cut, of what is left:", ", ".join(f"{n} {c:.0%}" for n, c in last_cuts.items()))

# %%
plotting.show(
    plotting.schedule_panels(
        plans, "Linear looks gentle, and keeps its deepest cut for the last round"
    ),
    alt="Left, total sparsity after each of 8 rounds for four schedules to 95 %; right, the part of the "
    "remaining weights that each round cuts: linear rises to its largest cut in the last round.",
)

# %% [markdown]
# Equal steps of the total are not equal cuts: the less is left, the deeper each one goes. Geometric cuts
# the same part every round. Cubic is deepest in the middle and gentle in its last round.
#
# > ### Exercise 6.1 · Three schedules
# > difficulty ★★☆ · importance ★★★ · 8 minutes
# >
# > Write `three_schedules(end, rounds)`: a dictionary with the keys "linear", "geometric" and "cubic".
# > Each value is the list of total sparsities after rounds 1 to `rounds`, as fractions, not rounded. In
# > the formulas s is `end`, from 0 to 1, and k is `rounds`, 1 or more.


# %%
from course_utils.exercises import lesson06 as ex


def three_schedules(end, rounds):
    """end: 0 to 1, rounds: 1 or more. Returns {name: [total after each round]}."""
    ### BEGIN SOLUTION
    parts = [t / rounds for t in range(1, rounds + 1)]
    return {
        "linear": [end * part for part in parts],
        "geometric": [1 - (1 - end) ** part for part in parts],
        "cubic": [end * (1 - (1 - part) ** 3) for part in parts],
    }
    ### END SOLUTION


three_schedules = ex.three_schedules.check(three_schedules)

# %% [markdown]
# `schedules.linear`, `schedules.geometric` and `schedules.cubic` are your three.

# %%
import numpy as np

yours = three_schedules(0.99, 10)
print("the same schedules as the library's:",
      all(np.allclose(yours[name], schedules.SCHEDULES[name](0.99, 10)) for name in yours))  # fmt: skip

# %% [markdown]
# ## 6.2 Totals and amounts
#
# A schedule holds totals. But `prune.l1_unstructured(amount=…)`, called on a layer that is pruned
# already, takes a fraction of what is **left**. The source prunes three rounds of 20 % and writes that
# 60 % are gone. In lesson 01 you did the arithmetic. Now with a real net: prune each layer by 20 %,
# train one epoch, three times.
#
# Two nets, four epochs each, serve the whole lesson. The first one is pruned here.

# %%
import copy

from torch.nn.utils import prune


def train_dense(seed, epochs=4):
    training.seed_everything(seed)
    net = models.LeNet300()
    training.train(net, digits, epochs=epochs, seed=seed)
    return net


dense_nets = {seed: train_dense(seed) for seed in SEEDS[:2]}


def prune_by_amounts(amounts_to_give):
    """The total sparsity after one round of l1_unstructured and an epoch for each amount."""
    net = copy.deepcopy(dense_nets[SEEDS[0]])
    for number, amount in enumerate(amounts_to_give):
        for layer in pruning.prunable(net).values():
            prune.l1_unstructured(layer, "weight", amount=amount)
        training.train(net, digits, epochs=1, seed=SEEDS[0] + number)
    return masks.sparsity(net)


# %% [markdown]
# The masks stay on through the training, as in lesson 02.

# %%
three_rounds = prune_by_amounts([0.2, 0.2, 0.2])
print(f"sparsity after three rounds: {three_rounds:.1%}")

# %%
claim("S15", "three rounds of amount=0.2, with training between them, end at 48.8 %",
      abs(three_rounds - 0.488) < 1e-4, verdict="does not hold here: they prune 48.8 %")  # fmt: skip

# %% [markdown]
# > ### Exercise 6.2 · What each call must prune
# > difficulty ★★☆ · importance ★★★ · 6 minutes
# >
# > Write `amounts(schedule)`: from a list of totals, the list of amounts to give to
# > `l1_unstructured`, one for each round: what goes in the round, as a fraction of what is left before
# > it. Where nothing is left, 0.0. There is at least one round, totals may repeat and reach 1 early,
# > and `schedule` stays as it is.


# %%
def amounts(schedule):
    """schedule: totals that never fall, from a dense net. Returns one amount a round."""
    ### BEGIN SOLUTION
    result, before = [], 0.0
    for total in schedule:
        left = 1 - before
        result.append((total - before) / left if left > 0 else 0.0)
        before = total
    return result
    ### END SOLUTION


amounts = ex.amounts.check(amounts)

# %% [markdown]
# With your amounts, the same three calls reach 60 %.

# %%
to_give = amounts(schedules.linear(0.6, 3))
reached = prune_by_amounts([float(amount) for amount in to_give])
print("amounts:", ", ".join(f"{amount:.3f}" for amount in to_give))

# %%
claim("6.a", "with these amounts, three rounds end at 60 %", abs(reached - 0.6) < 1e-4)

# %% [markdown]
# ## 6.3 The loop
#
# Two things can go wrong in a round. The ranking must see the weights *as trained now*. And a weight
# that is gone must stay gone, whatever number stands behind its mask: a layer pruned by
# `torch.nn.utils.prune` keeps the old numbers in `weight_orig`, large ones too.
#
# > ### Exercise 6.3 · A mask that never brings a weight back
# > difficulty ★★★ · importance ★★★ · 8 minutes
# >
# > Write `next_mask(weight, mask, sparsity)`: what `mask` pruned stays pruned and counts. Then the
# > smallest |w| of the others go, the first of equal ones first, until round(sparsity · n) of all n are
# > pruned. Returns a boolean mask of the same shape; where `mask` prunes more already, one equal to it.
# > Leaves both arguments alone. `weight` may hold any number where `mask` is False, ∞ too.
# > To rank and cut is not new. New is the memory: what has gone stays gone, and counts.


# %%
def next_mask(weight, mask, sparsity):
    """weight: any shape, mask: boolean, sparsity: the total. Returns the next mask."""
    ### BEGIN SOLUTION
    scores = weight.abs().masked_fill(~mask, -torch.inf).flatten()
    already = int((~mask).sum())
    count = max(round(sparsity * mask.numel()), already)
    new = torch.ones_like(scores, dtype=torch.bool)
    new[scores.argsort(stable=True)[:count]] = False
    return new.reshape(mask.shape)
    ### END SOLUTION


next_mask = ex.next_mask.check(next_mask)

# %% [markdown]
# Your mask after 50 % is that of two calls of `l1_unstructured` with your amounts:

# %%
layer = copy.deepcopy(dense_nets[SEEDS[0]].fc2)
trained = layer.weight.detach().clone()
for amount in amounts([0.3, 0.5]):
    prune.l1_unstructured(layer, "weight", amount=amount)
first = next_mask(trained, torch.ones_like(trained, dtype=torch.bool), 0.3)
print("the same mask:", layer.weight_mask.bool().equal(next_mask(trained, first, 0.5)))

# %% [markdown]
# Now the loop itself.
#
# > ### Exercise 6.4 · The loop
# > difficulty ★★★ · importance ★★★ · 10 minutes
# >
# > Write `prune_in_rounds(weight, schedule, train)`. For each total in `schedule`, which may be empty:
# > take the next mask of the weight as it is now, with your `next_mask`, then call `train` once, with
# > the pruned weight, weight · mask, and the boolean mask. `train(weight, mask)` returns a new, trained
# > weight, and may bring zeros back. Returns (weight, mask), the weight in its dtype and exactly 0
# > wherever the mask is False. Leaves its arguments alone.


# %%
def prune_in_rounds(weight, schedule, train):
    """weight: a tensor, schedule: totals, train: a function. Returns (weight, mask)."""
    ### BEGIN SOLUTION
    mask = torch.ones_like(weight, dtype=torch.bool)
    for sparsity in schedule:
        mask = next_mask(weight, mask, sparsity)
        weight = train(weight * mask, mask) * mask
    return weight, mask
    ### END SOLUTION


prune_in_rounds = ex.prune_in_rounds.check(prune_in_rounds)

# %% [markdown]
# `schedules.iterate` is this loop for a whole net, with a history. Run both on a net of one layer, four
# rounds of one epoch, and compare the weights.

# %%
from torch import nn

training.seed_everything(SEEDS[0])
by_iterate = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
by_you, order = copy.deepcopy(by_iterate), iter(range(SEEDS[0], SEEDS[0] + 4))


def one_epoch(weight, mask):
    """Train the one layer with this weight and mask; its bias goes on from where it was."""
    pruning.apply_masks(by_you, {"1": mask})
    with torch.no_grad():
        by_you[1].weight_orig.copy_(weight)
    training.train(by_you, digits, epochs=1, seed=next(order))
    return by_you[1].weight_orig.detach().clone()


plan = schedules.cubic(0.9, 4)
weight, mask = prune_in_rounds(by_iterate[1].weight.detach().clone(), plan, one_epoch)
history = schedules.iterate(by_iterate, digits, plan, 1, seed=SEEDS[0])
same_mask = pruning.masks_of(by_iterate)["1"].equal(mask)
print("the same mask:", same_mask)
print("the same weights:", torch.allclose(pruning.weights(by_iterate)["1"], weight, atol=1e-5))
percent = dict.fromkeys(("target", "sparsity", "before", "accuracy"), "{:6.1%}")
tables.approximate(history.table(), {**percent, "loss": "{:5.2f}"})

# %% [markdown]
# `before` and `accuracy` are on the validation part, right after the cut and after the epoch.
#
# A long run gets interrupted: you press the stop button because the machine is needed. `iterate` then
# undoes the round that was not finished, and goes on later as if nothing had happened. Press the button
# by program, in round 3 of 4, resume, and compare with a run that was left alone.

# %%
from itertools import pairwise

rounds_begun, seen = [], []


def stop_in_round_three(net):
    rounds_begun.append(net)
    if len(rounds_begun) == 3:
        raise KeyboardInterrupt


stopped, alone = (copy.deepcopy(dense_nets[SEEDS[0]]) for _ in range(2))
plan = schedules.cubic(0.98, 4)
first_part = schedules.iterate(stopped, digits, plan, 1, after_prune=stop_in_round_three)
print("finished rounds:", len(first_part.rounds))
schedules.iterate(stopped, digits, plan, 1, resume=first_part)
schedules.iterate(
    alone, digits, plan, 1, after_prune=lambda net: seen.append(pruning.masks_of(net))
)

identical = all(a.equal(b) for a, b in zip(stopped.parameters(), alone.parameters()))
shrinking = all(bool((later[n] <= earlier[n]).all())
                for earlier, later in pairwise(seen) for n in later)  # fmt: skip

# %%
claim(
    "6.b", "resumed in round 3 of 4, all weights end equal to those of a run left alone", identical
)
claim("6.c", "in four rounds of training and pruning no weight ever comes back",
      len(seen) == 4 and shrinking)  # fmt: skip

# %% [markdown]
# ## 6.4 The schedule of the source
#
# The source starts at 10 % of the smallest weights and adds 5 points a round, up to 50 %: nine rounds.
# In the words of this lesson that is linear from a round 0 at 5 %: 5 % + 45 % · t/9. One epoch a round,
# and a tenth round without pruning at the end, so that it has as many epochs as the others below.
#
# The plan, as totals:

# %%
from course_utils import experiments

source_plan = [*schedules.linear(0.5, 9, start=0.05), 0.5]
print(" ".join(f"{100 * total:g} %" for total in source_plan))

# %% [markdown]
# What does it cost, and is that the merit of the schedule? To tell takes more runs than fit into a lesson.
# `make sweep` has made them once: four schedules, six sparsities, ten rounds of
# one epoch each, from a LeNet-300-100 that was trained for four epochs, for 20 seeds. It took minutes,
# and the results lie in a small file. This lesson reads five of the seeds from there, and all 20 where
# they are needed; in the next section you check the file by running a column of it yourself.

# %%
from course_utils import intervals

stored = experiments.by_configuration("every_schedule", SEEDS)
stored_20 = experiments.by_configuration("every_schedule")
dense = stored["dense", 0.0]
lost = intervals.paired_difference(stored["source", 0.5], dense)
against_one_cut = {
    "five seeds": intervals.paired_difference(stored["source", 0.5], stored["one-shot", 0.5]),
    "20 seeds": intervals.paired_difference(stored_20["source", 0.5], stored_20["one-shot", 0.5]),
}
print(f"source − dense, as many epochs, five seeds: {lost} points")
for name, difference in against_one_cut.items():
    print(f"source − one cut to 50 %, {name}: {difference} points")

# %%
claim("S11", "10 %, then 5 points a round, and one cut to 50 %: both end within 1 point of dense",
      abs(lost.mean) < 1 and abs((stored["one-shot", 0.5] - dense).mean()) < 1,
      verdict="holds, and at 50 % nine rounds are worth less than a point over one")  # fmt: skip

# %% [markdown]
# It takes 20 seeds to see that the nine rounds are worth anything at all at 50 %. The schedule has to
# show its worth where it hurts.
#
# ## 6.5 From 50 to 99 %
#
# Every run below has the same ten epochs after the same four. Which schedule do you expect to end last
# at 99 %?

# %%
guess = predict("6.1", "Which ends last at 99 %?", None, options=tuple(schedules.SCHEDULES))

# %% [markdown]
# The mean of five seeds, and from the worst to the best. The axis starts at 80 %.

# %%
names = [*schedules.SCHEDULES]
at_99 = {name: stored[name, 0.99].mean() for name in names}
guess.compare(min(at_99, key=at_99.get))

# %%
plotting.show(
    plotting.accuracy_curves(
        {n: np.stack([stored[n, s] for s in experiments.SPARSITIES], axis=1) / 100 for n in names},
        experiments.SPARSITIES, "Equal epochs: at 98 and 99 % the schedule matters, and linear loses",
        dense=dense.mean() / 100, lowest=0.8,
    ),
    alt="Test accuracy against sparsity for four schedules with equal epochs: together up to 90 %, then "
    "cubic and geometric stay highest, one-shot lies below them and linear falls deepest.",
)  # fmt: skip

# %% [markdown]
# The dots show the difference to one-shot, seed by seed, over all 20 seeds. Right of the line the rounds
# were worth it; a dot is filled where the interval leaves out 0. There are fifteen intervals, and one in
# twenty would leave out 0 by chance alone. So each has a confidence of 1 − 0.05/15: all fifteen
# *together* are right in 95 % of such pictures (lesson 04).

# %%
WITH_ROUNDS, SHOWN = ("linear", "geometric", "cubic"), (0.5, 0.9, 0.95, 0.98, 0.99)
against = {
    f"{name}, {100 * s:g} %": intervals.paired_difference(
        stored_20[name, s], stored_20["one-shot", s], confidence=1 - 0.05 / 15
    )
    for s in SHOWN
    for name in WITH_ROUNDS
}
unclear = [name for name, difference in against.items() if not difference.excludes_zero]
print("cannot be told from one-shot:", "; ".join(unclear))

# %%
plotting.show(
    plotting.difference_dots(
        against, "Rounds are worth little up to 90 %; at 99 %, points either way",
        xlabel="accuracy − one-shot at equal epochs (points), 20 seeds",
    ),
    alt="Differences to one-shot with intervals at five sparsities: small up to 90 %, at 98 and 99 % "
    "cubic and geometric lie right of zero and linear far left of it.",
)  # fmt: skip

# %% [markdown]
# And cubic against geometric, the two that win? Three comparisons, so 1 − 0.05/3 for each.

# %%
best_two = {
    s: intervals.paired_difference(
        stored_20["cubic", s], stored_20["geometric", s], confidence=1 - 0.05 / 3
    )
    for s in (0.95, 0.98, 0.99)
}
for s, difference in best_two.items():
    print(f"{100 * s:g} %, cubic − geometric, 20 seeds: {difference} points")

# %%
claim("6.o", "20 seeds: cubic is ahead of geometric at 95 and 98 %; at 99 % they cannot be told apart",
      best_two[0.95].low > 0 and best_two[0.98].low > 0 and not best_two[0.99].excludes_zero)  # fmt: skip

# %% [markdown]
# The two with small last steps win, and between them it is a matter of fractions of a point. The means
# of the five seeds:

# %%
import pandas as pd

levels = pd.Index([f"{100 * s:g} %" for s in experiments.SPARSITIES], name="sparsity")
grid = pd.DataFrame(
    {n: [stored[n, s].mean() for s in experiments.SPARSITIES] for n in names}, levels
)
lead = grid.sub(grid["one-shot"], axis=0)
spread = (grid.max(axis=1) - grid.min(axis=1)).loc[["50 %", "80 %", "90 %"]].max()
tables.approximate(grid, dict.fromkeys(grid, "{:5.1f} %"))

# %%
claim("6.d", "up to 90 % the best and the worst schedule end 1.5 points apart at most",
      within(spread, -0.5, 1.5))  # fmt: skip
claim("6.e", "at 98 % cubic ends ahead of one-shot, and linear behind it",
      lead.loc["98 %", "cubic"] > 0 > lead.loc["98 %", "linear"])  # fmt: skip
claim("6.f", "at 99 % cubic and geometric end ahead of one-shot, and linear 0.5 to 8 points behind it",
      [within(-lead.loc["99 %", "linear"], 0.5, 8),
       lead.loc["99 %", "cubic"] > 0, lead.loc["99 %", "geometric"] > 0])  # fmt: skip

# %% [markdown]
# Do not trust a file: run the column of 99 % yourself, for the first seed. Three runs of ten epochs, and
# `"geometric"` is one word more, if you have the time.

# %%
live = {}
for name in ("one-shot", "linear", "cubic"):
    plan = schedules.SCHEDULES[name](0.99, 10)
    pruned, history = experiments.prune_in_rounds(dense_nets[SEEDS[0]], digits, plan, 1, SEEDS[0])
    live[name] = (100 * training.evaluate(pruned, digits.test), history)

column = pd.DataFrame(
    {"live": [accuracy for accuracy, _ in live.values()],
     "file": [stored[name, 0.99][0] for name in live]},
    index=pd.Index([*live], name="99 %, one seed"),
)  # fmt: skip
tables.approximate(column, dict.fromkeys(column, "{:5.1f} %"))

# %%
claim("6.g", "each live run agrees with the file within 2 points",
      (column["live"] - column["file"]).abs().max() < 2)  # fmt: skip

# %% [markdown]
# ## 6.6 Too big a step, or too few epochs?
#
# The source warns of two things: raising the ratio too fast makes the accuracy collapse, and
# fine-tuning needs enough epochs. Look into the runs that you have made. How low does the accuracy fall
# when 99 % go at once?

# %%
guess = predict("6.2", "Validation accuracy right after one cut to 99 %?", None, unit="%")

# %% [markdown]
# In the picture each cut is a fall of the line, and each epoch a rise.


# %%
def zigzag(history):
    """x and y of a line that falls with each cut and rises with each round's training."""
    x = [number + step for number in range(len(history.rounds)) for step in (0, 1)]
    return x, [value for row in history.rounds for value in (row.before, row.accuracy)]


# %%
plotting.show(
    plotting.traces(
        {name: zigzag(history) for name, (_, history) in live.items()},
        "To 99 %: a deep cut early heals in part, a deep cut last has no time to",
        xlabel="epochs since the first cut", ylabel="validation accuracy (%)",
    ),
    alt="Validation accuracy along ten epochs on the way to 99 %: one-shot falls deep at once and "
    "recovers, cubic falls less and recovers each time, linear falls deep at its last cut.",
)  # fmt: skip

# %% [markdown]
# Linear stays on top for nine rounds, and then its last step takes nine tenths of what is left. How far
# does one epoch bring each of them back? All on the validation part; the question was about the mean of
# two nets:

# %%
fallen = 100 * np.mean(
    [training.evaluate(pruning.prune_model(copy.deepcopy(net), 0.99), digits.val)
     for net in dense_nets.values()]
)  # fmt: skip
guess.compare(fallen)
falls = {
    "one-shot, first cut": "one-shot",
    "linear, last cut": "linear",
    "cubic, last cut": "cubic",
}
rounds = {text: live[name][1].rounds for text, name in falls.items()}
looked_at = {text: rows[0 if "first" in text else -1] for text, rows in rounds.items()}
deepest = pd.DataFrame(
    {"right after": [row.before for row in looked_at.values()],
     "one epoch later": [row.accuracy for row in looked_at.values()],
     "at the end": [rows[-1].accuracy for rows in rounds.values()]},
    pd.Index([*falls], name="to 99 %"),
)  # fmt: skip
tables.approximate(deepest, dict.fromkeys(deepest, "{:6.1%}"))

# %% [markdown]
# Ten epochs do not bring one-shot all the way: it ends below cubic, which had as many (section 6.5).
#
# So is linear's step too big, or are the epochs after it too few? Change one thing at a time. Go up
# **geometrically** in nine rounds, so that no cut on the way is deep. First the cut: go up to 90 or to
# 98 %, so that the last one, to 99 %, takes nine tenths or half of what is left, and one epoch follows.
# Then the epochs: nine follow the nine rounds, and the last cut comes before all of them or before the
# last one. So the totals are equal.
#
# All of these runs are in a file. "Right after" shows what was lost at the cut (on the test part), and the
# last column what the same cut gives after a *linear* way up:

# %%
gentle = experiments.by_configuration("gentle_steps", SEEDS[:3])
steps = experiments.by_configuration("last_step", SEEDS)
DEPTHS = {0.9: "90 %", 0.98: "50 %"}  # total before the last cut: what it takes of what is left
by_cut = pd.DataFrame(
    {"right after": [gentle[before, 0, 0].mean() for before in DEPTHS],
     "one epoch later": [gentle[before, 0, 1].mean() for before in DEPTHS],
     "the same, linear up": [steps[before, 1].mean() for before in DEPTHS]},
    pd.Index([*DEPTHS.values()], name="last cut, to 99 %"),
)  # fmt: skip
smaller_cut = [(runs[0.98, *rest] - runs[0.9, *rest]).mean()
               for runs, rest in ((steps, (1,)), (gentle, (0, 1)))]  # fmt: skip
tables.approximate(by_cut, dict.fromkeys(by_cut, "{:5.1f} %"))

# %%
claim("6.h", "right after the cut: 99 % at once leaves under 60 % accuracy, a last cut of nine tenths "
      "after a gentle way up 20 to 60, and one of half 45 to 95",
      [fallen < 60, within(gentle[0.9, 0, 0].mean(), 20, 60), within(gentle[0.98, 0, 0].mean(), 45, 95)])  # fmt: skip
claim("S17", "with one epoch to come, a last cut of half ends 3 to 6 points above one of nine tenths after "
      "a linear way up, and 1.5 to 9.5 after a gentle one",
      [within(smaller_cut[0], 3, 6), within(smaller_cut[1], 1.5, 9.5)],
      verdict="holds when few epochs follow: given time, most of the collapse heals, not all")  # fmt: skip

# %% [markdown]
# The linear way up to 98 % hides a deep cut of its own: its ninth step takes five sixths of what is left.
# Now the epochs, at equal totals:

# %%
SHARES = {(8, 1): "8 before the cut, 1 after", (0, 9): "all 9 after it"}
by_epochs = pd.DataFrame(
    {f"last cut {depth}": [gentle[(before, *share)].mean() for share in SHARES]
     for before, depth in DEPTHS.items()},
    pd.Index([*SHARES.values()], name="nine epochs"),
)  # fmt: skip
later = {before: (gentle[before, 0, 9] - gentle[before, 8, 1]).mean() for before in DEPTHS}
more = (steps[0.9, 9] - steps[0.9, 1]).mean()
print(f"eight epochs more in all, linear up to 90 %: ≈ {more:.1f} points")
tables.approximate(by_epochs, dict.fromkeys(by_epochs, "{:5.1f} %"))

# %%
claim("S16", "after a last cut of nine tenths, eight epochs more are worth 0.9 to 8.5 points; eight after it "
      "and not before it 0.9 to 7; after one of half these are worth 4.5 at most",
      [within(more, 0.9, 8.5), within(later[0.9], 0.9, 7), within(later[0.98], -3.5, 4.5)],
      verdict="holds when a cut was deep")  # fmt: skip

# %% [markdown]
# With nine epochs after it, has the deep cut caught up with the one of half, over all twelve nets? And does
# this file hold, live on one net?

# %%
all_nets = experiments.by_configuration("gentle_steps")
nine_tenths = all_nets[0.9, 0, 9]
still, sooner = (intervals.paired_difference(all_nets[0.98, 0, n], nine_tenths) for n in (9, 1))
print(f"half at once, 9 epochs after it − nine tenths, 9 after it: {still} points")
print(f"half at once, 1 epoch after it  − nine tenths, 9 after it: {sooner} points")
plan = [*schedules.geometric(0.9, 9), 0.99]
pruned, _ = experiments.prune_in_rounds(dense_nets[SEEDS[0]], digits, plan, 1, SEEDS[0])
ended = 100 * training.evaluate(pruned, digits.test)
print(
    f"last cut of nine tenths, one epoch: live ≈ {ended:.1f} %, file ≈ {gentle[0.9, 0, 1][0]:.1f} %"
)

# %%
claim("6.y", "nine epochs after the cut, twelve nets: half at once ends ahead of nine tenths at once",
      still.low > 0)  # fmt: skip
claim("6.q", "the live run agrees with the file within 2 points",
      abs(ended - gentle[0.9, 0, 1][0]) < 2)  # fmt: skip

# %% [markdown]
# Epochs pay *after* a deep cut: before it the same eight do little. After a cut of half there is little
# left for them to do. And they do not make up for the step: with nine of them, nine tenths at once ends
# about where half at once stands after a single one, and behind half at once with nine.
#
# ## 6.7 The lottery ticket
#
# Fine-tuning goes on from the trained weights. Frankle and Carbin (2019) did something else: take the
# mask, put the kept weights back to what they were *before training* (rewinding, 权重回溯), and train the
# sparse net from there. If it learns as well as the dense net, the mask with its initial weights is a
# **winning ticket** (中奖彩票), and that is the lottery ticket hypothesis (彩票假设).
#
# > ### Exercise 6.5 · The lottery ticket
# > difficulty ★★☆ · importance ★★★ · 6 minutes
# >
# > Write `winning_ticket(initial, masks)`: `initial` is the state before training ("fc1.weight",
# > "fc1.bias", …), `masks` a dictionary layer → mask ("fc1", "blocks.0", …), in any order, not of every
# > layer, perhaps empty. Returns a new state with the same names: the weight of each layer in `masks` is
# > its initial weight where the mask keeps it and 0 elsewhere, in its dtype; everything else is as it was
# > before training. Leaves `initial` and its tensors alone.


# %%
def winning_ticket(initial, masks):
    """initial: {name: tensor}, masks: {layer: boolean}. Returns a new state {name: tensor}."""
    ### BEGIN SOLUTION
    ticket = dict(initial)
    for layer, mask in masks.items():
        ticket[f"{layer}.weight"] = initial[f"{layer}.weight"] * mask
    return ticket
    ### END SOLUTION


winning_ticket = ex.winning_ticket.check(winning_ticket)

# %% [markdown]
# Hunt for one: train five epochs, prune, rewind, train again, with totals of 50, 80, 90, 95 and 98 %.
# `schedules.rewind` does for a masked model what you wrote. Before the last training, compare the two.
#
# Six trainings of five epochs: the dense one, and one after each cut.

# %%
seed = SEEDS[0]
training.seed_everything(seed)
net = models.LeNet300()
initial = copy.deepcopy(net.state_dict())
training.train(net, digits, epochs=5, seed=seed)
dense_score = 100 * training.evaluate(net, digits.test)

for total in experiments.LOTTERY:
    pruning.prune_model(net, total)
    schedules.rewind(net, initial)
    keep = pruning.masks_of(net)
    yours = winning_ticket(initial, keep)
    agree = all(pruning.weights(net)[n].equal(yours[f"{n}.weight"]) for n in keep)
    training.train(net, digits, epochs=5, seed=seed)
ticket_score = 100 * training.evaluate(net, digits.test)
print(f"your ticket is the rewound net: {agree}")
print(f"dense ≈ {dense_score:.1f} %, ticket with 2 % of the weights ≈ {ticket_score:.1f} %")

# %% [markdown]
# Two weights of a hundred, trained from the start for as long as the dense net, come close to it. Why?
# Take one thing away from the ticket at a time:
#
# - **new weights**: the same mask with new initial weights. If it does as well, the initial weights do
#   not matter.
# - **its signs**: new weights again, but each with the *sign* that the ticket's has. And **its sizes**:
#   the sizes of the ticket's weights with the signs of the new ones.
# - **shuffled mask**: the same initial weights with a mask that has as many weights in each layer, placed
#   by lot. If it does as well, it only matters how many weights each layer has.
# - **shuffled per pixel**: the same, but each input keeps its number of weights. A mask that was shuffled
#   over all spends many on pixels that are always blank (lesson 02); this one does not.
#
# And luck? All of them ran on more nets than yours, and lie in two files.

# %%
guess = predict("6.3", "At 98 %, how far behind the ticket with new weights?", None, unit="points")

# %% [markdown]
# One of the rivals of your ticket, five epochs:

# %%
with_its_signs = experiments.all_rivals(initial, keep, seed)["its signs"]
training.train(with_its_signs, digits, epochs=5, seed=seed)
signs_score = 100 * training.evaluate(with_its_signs, digits.test)
print(f"new weights with its signs, 98 % ≈ {signs_score:.1f} %")

# %% [markdown]
# And five seeds at three sparsities, from a file. Your live ticket is one of them.

# %%
tickets = experiments.by_configuration("tickets", SEEDS)
starts = ("ticket", "new weights", "shuffled mask")

# %%
plotting.show(
    plotting.accuracy_curves(
        {s: np.stack([tickets[s, total] for total in experiments.TICKETS], axis=1) / 100 for s in starts},
        experiments.TICKETS, "Within five epochs, the ticket needs its mask and its own weights",
        dense=tickets["dense", 0.0].mean() / 100,
    ),
    alt="Test accuracy at 80, 95 and 98 % sparsity after five epochs: the ticket stays near the dense "
    "net, the same mask with new weights falls behind, a shuffled mask falls far.",
)  # fmt: skip

# %% [markdown]
# What does losing either cost, and what would ordinary fine-tuning have given?

# %%
mean = {key: values.mean() for key, values in tickets.items()}
lost_to = {s: [mean["ticket", total] - mean[s, total] for total in experiments.TICKETS]
           for s in ("new weights", "shuffled mask")}  # fmt: skip
below = [mean["dense", 0.0] - mean["ticket", total] for total in experiments.TICKETS]
price = intervals.paired_difference(stored["cubic", 0.98], tickets["ticket", 0.98])
signs = experiments.by_configuration("signs", SEEDS[:2])  # all rivals, of two of the nets
guess.compare(lost_to["new weights"][-1])
print(f"98 %, cubic fine-tuning − ticket: {price} points")

# %%
claim("6.i", "the ticket ends no more than 1 point below the dense net at 80 %, 0.5 at 95 and 2 at 98 %",
      [within(below[0], -2.5, 1), within(below[1], -0.8, 0.5), within(below[2], -0.9, 2)])  # fmt: skip
claim("6.j", "five epochs: with new weights it ends 0.5 to 5 points behind at 80 %, 1.5 to 8 at 95 and "
      "2 to 15 at 98 %",
      [within(lost_to["new weights"][0], 0.5, 5), within(lost_to["new weights"][1], 1.5, 8),
       within(lost_to["new weights"][2], 2, 15)])  # fmt: skip
claim("6.k", "five epochs: with a shuffled mask it ends 7 to 20 points behind at 95 % and 45 to 92 at 98 %",
      [within(lost_to["shuffled mask"][1], 7, 20), within(lost_to["shuffled mask"][2], 45, 92)])  # fmt: skip
claim("6.l", "the live ticket and the live rival agree with the files within 2 points",
      abs(ticket_score - tickets["ticket", 0.98][0]) < 2
      and abs(signs_score - signs["its signs", 5][0]) < 2)  # fmt: skip
claim("6.p", "98 %: cubic fine-tuning, 14 epochs in all, ends ahead of the ticket with its 30, of which "
      "5 trained its own weights", price.mean > 0)  # fmt: skip

# %% [markdown]
# Five epochs are few. Is a rival worse, or is it slow? And what counts of a weight, its sign or its size?
# The second file has all rivals at 98 %, with five epochs and with twenty.

# %%
guess = predict(
    "6.4", "At 98 % and twenty epochs, how far behind with new weights?", None, unit="points"
)

# %% [markdown]
# Eight nets; the axis starts at 70 %, and both shuffled masks begin below it.

# %%
eight = experiments.by_configuration("signs")
drawn = ("dense", "ticket", "its signs", "its sizes", "new weights")

# %%
plotting.show(
    plotting.accuracy_curves(
        {s: np.stack([eight[s, n] for n in experiments.TICKET_BUDGETS], axis=1) / 100 for s in drawn},
        experiments.TICKET_BUDGETS, "With its signs, a net learns as the ticket does; without, slower",
        lowest=0.7,
        xlabel="epochs of the last training", ticks=[f"{n}" for n in experiments.TICKET_BUDGETS],
    ),
    alt="Test accuracy after five and after twenty epochs, with 98 % pruned: after five, the ticket and the "
    "net with its signs lie together just below the dense net, and those with its sizes and with new "
    "weights far below; after twenty, all of them lie close together.",
)  # fmt: skip

# %% [markdown]
# How far is each behind the ticket that had as many epochs? Seed by seed, with the 95 % interval:

# %%
gaps = {
    (start, n): intervals.paired_difference(eight["ticket", n], eight[start, n])
    for start in experiments.STARTS[2:]
    for n in experiments.TICKET_BUDGETS
}
for (start, n), gap in gaps.items():
    print(f"{n:2d} epochs, ticket − {start:18s} {gap} points")
mine = {(start, n): (signs["ticket", n] - signs[start, n]).mean() for start, n in gaps}
guess.compare(mine["new weights", 20])

# %%
claim("6.s", "98 %, five epochs: with its signs a net ends 2.5 points behind the ticket at most, with its "
      "sizes up to 11; over eight nets the two intervals lie apart",
      [within(mine["its signs", 5], -1.5, 2.5), within(mine["its sizes", 5], 0, 11),
       gaps["its signs", 5].high < gaps["its sizes", 5].low])  # fmt: skip
claim("6.r", "98 %, twenty epochs: 5 points at most are left of the lead over new weights, and 5 to 9 of that "
      "over a shuffled mask: less than a third of what they were",
      [within(mine["new weights", 20], -2, 5), within(mine["shuffled mask", 20], 5, 9),
       all(3 * mine[start, 20] < mine[start, 5] for start in ("new weights", "shuffled mask"))])  # fmt: skip
claim("6.t", "98 %, twenty epochs, eight nets: one with its signs cannot be told from the ticket; with its "
      "sizes or with new weights it still ends behind",
      not gaps["its signs", 20].excludes_zero
      and min(gaps["its sizes", 20].low, gaps["new weights", 20].low) > 0)  # fmt: skip

# %% [markdown]
# Within five epochs it is above all the **signs** that count. New weights with the signs of the ticket's
# nearly reach it; the ticket's own sizes with other signs do little better than new weights. (Nor do the
# sizes explain the signs: pruning by magnitude keeps weights that were larger from the start, so "new
# weights" are smaller, too, and so are those with its signs.) Zhou and others (2019) found the same on
# other nets.
#
# With twenty epochs most of it is gone. Its signs still make a ticket, but new weights on the same mask
# end close to one: so much of the lead was *speed*. What cannot be made up is the mask. A shuffled one
# loses in part because it spends weights on pixels that are always blank. Let each pixel keep its number
# of weights, and with five epochs it is still far behind, with twenty still by some points.
#
# And the dense net has used the longer training better than any of them.
#
# **What the literature calls rewinding.** Frankle and Carbin (2019) went back to the very start, as you
# did: later work calls that a *reset*. On large nets it often finds none. There you go back to the
# weights after a short first training (*late rewinding*), or you keep the trained weights and
# take only the learning rate back to where it was (*learning-rate rewinding*, Renda and others 2020).
# Here you tested the reset, on a small net; section 6.9 tries the other two.
#
# Mind the price, too: five trainings found this ticket, and the sixth was its own. It says something
# about nets; as a way to a sparse one, fine-tuning is cheaper and no worse here.
#
# **Explore a schedule of your own.** Choose its shape, its end and its rounds, look at the cuts, and
# press *Run*: the accuracy grows round by round, and *Stop* ends it. Can you reach 99 % with a last cut
# that costs nothing?

# %%
from course_utils import explore

explore.show(explore.schedule_designer(dense_nets[SEEDS[0]], digits))

# %% [markdown]
# **Explore who survives.** The same net as it is pruned further and further, before any fine-tuning.

# %%
explore.show(explore.survivor_explorer(dense_nets[SEEDS[0]]))

# %% [markdown]
# ## 6.8 People really ask
#
# **After pruning, the accuracy drops in the first epoch of fine-tuning and stays low. Is my learning
# rate (学习率) wrong?** It may be. Sweep it, and choose on the validation part: too low cannot repair, too
# high destroys what was learned. Here after 95 % in one cut, one epoch, two nets; training had used
# 0.05.
#
# Five rates, two nets each:

# %%
rates = (1e-4, 1e-3, 1e-2, 5e-2, 0.5)
by_rate = {}
for rate in rates:
    for seed, net in dense_nets.items():
        pruned = pruning.prune_model(copy.deepcopy(net), 0.95)
        history = training.train(pruned, digits, 1, lr=rate, seed=100 + seed)
        by_rate[rate, seed] = history.accuracy[-1]
rates_table = pd.Series(by_rate).unstack().mean(axis=1).rename("validation accuracy").to_frame()
best = rates_table["validation accuracy"].idxmax()
behind = rates_table["validation accuracy"].max() - rates_table["validation accuracy"]
tables.approximate(
    rates_table.rename_axis(index="learning rate"), {"validation accuracy": "{:6.1%}"}
)

# %%
claim("6.m", "0.01 or 0.05 is best; 0.0001 and 0.5 end 3 to 20 points behind",
      best in (1e-2, 5e-2) and all(0.03 < behind[rate] < 0.2 for rate in (1e-4, 0.5)))  # fmt: skip

# %% [markdown]
# **My iterative run ends below one-shot with the same epochs. Did I do something wrong?** Perhaps not:
# linear does so at 98 and 99 % (section 6.5). Look at the last step of your schedule, as a part of what
# is left, and at the epochs that follow it.
#
# **Mine ends above one-shot. Are the rounds worth it?** Only if the race was fair, and most that are
# printed are not. Design one.
#
# > ### Exercise 6.6 · A fair race
# > difficulty ★★☆ · importance ★★★ · 7 minutes
# >
# > Write `fair_race(net, end, rounds, epochs, prune, train)`. `net` is trained and dense.
# > `prune(net, total)` returns a new net that is cut to this *total* sparsity, `train(net, epochs)` a new
# > one that has trained so much more; neither changes its argument. Returns {"one-shot": …,
# > "iterative": …, "dense": …}, the nets at the finish. The iterative one is cut `rounds` times, on
# > the geometric schedule, with `epochs` epochs after each cut. One-shot is cut once, and "dense" is the
# > control, which is never cut. How sparse these two end, how long they train and when, is yours to
# > decide: nothing but the way of pruning may decide the race. `end` may be 0 or 1.


# %%
def fair_race(net, end, rounds, epochs, prune, train):
    """prune and train return new nets. Returns {"one-shot", "iterative", "dense": a net}."""
    ### BEGIN SOLUTION
    plans = {
        "one-shot": [end] * rounds,
        "iterative": three_schedules(end, rounds)["geometric"],
        "dense": [0.0] * rounds,  # the control: what so much training does by itself
    }
    nets = {}
    for name, plan in plans.items():  # one loop for all: nothing but the plan can differ
        nets[name] = net
        for total in plan:
            nets[name] = train(prune(nets[name], total), epochs)
    return nets
    ### END SOLUTION


fair_race = ex.fair_race.check(fair_race)

# %% [markdown]
# The checker's nets are toys. Run your race with a real one, to 98 %:


# %%
def cut(net, total):
    return pruning.prune_model(copy.deepcopy(net), total)


def train_on(net, epochs):
    longer = copy.deepcopy(net)
    training.train(longer, digits, epochs, seed=SEEDS[0])
    return longer


for name, each in fair_race(dense_nets[SEEDS[0]], 0.98, 3, 1, cut, train_on).items():
    ended = 100 * training.evaluate(each, digits.test)
    print(f"{name:9s}  sparsity {masks.sparsity(each):4.0%}  test accuracy ≈ {ended:.1f} %")

# %% [markdown]
# That is one net. What the race says in general took 20 of them (section 6.5).
#
# **How sparse may my net be?** Let the history decide, on the validation part: walk up a fine schedule,
# and stop before the first round that falls out of your tolerance. The fair measure is the dense net
# with as many epochs more. With 400 validation digits a tolerance below one or two points is noise;
# here it is 2. The net that you have chosen sees the test part once.

# %%
walk = [0.5, 0.8, 0.9, 0.95, 0.97, 0.98, 0.99]
pruned, twin = (copy.deepcopy(dense_nets[SEEDS[0]]) for _ in range(2))
aim = training.train(twin, digits, len(walk), seed=1000 + SEEDS[0]).accuracy[-1] - 0.02
rows = []
for number, total in enumerate(walk):
    trial = pruning.prune_model(copy.deepcopy(pruned), total)
    history = training.train(trial, digits, 1, seed=1000 + 100 * SEEDS[0] + number)
    rows.append({"sparsity": total, "validation accuracy": history.accuracy[-1]})
    if history.accuracy[-1] < aim:
        break
    pruned = trial
chosen = masks.sparsity(pruned)
scores = [100 * training.evaluate(net, digits.test) for net in (pruned, twin)]
print(f"at least ≈ {aim:.1%} on the validation part: ≈ {chosen:.0%} go")
print(f"test part: chosen ≈ {scores[0]:.1f} %, dense ≈ {scores[1]:.1f} %")
walked = pd.DataFrame(rows).set_index("sparsity")
tables.approximate(walked, {"validation accuracy": "{:6.1%}"})

# %%
claim("6.n", "within 2 points on the validation part, 80 to 98 % go, and the test part agrees within 3",
      0.799 < chosen < 0.981 and abs(scores[0] - scores[1]) < 3)  # fmt: skip

# %% [markdown]
# ## 6.9 Further: what to turn back after a cut
#
# This section and the next are optional and not counted in the minutes.
#
# Many nets end their training with a small learning rate, and fine-tuning goes on with it. Renda, Frankle
# and Carbin compared that with turning something back. Train here for eight epochs, the last four at a
# tenth of the learning rate, cut once, and give each of these seven epochs more:
#
# - **fine-tuning**: the trained weights, and the last learning rate all the way,
# - **learning-rate rewinding**: the trained weights, and the learning rates of the epochs 2 to 8 again,
# - **late rewinding**: the same rates, from the weights after the *first* epoch,
# - **reset**: the same rates, from the weights before any training, as in section 6.7.

# %%
from course_utils.experiments import rewinding

# %% [markdown]
# Eight nets in a file, each way against fine-tuning, with the 95 % interval:

# %%
turned = experiments.by_configuration("rewinding")
for sparsity in rewinding.CUTS:
    for way in rewinding.WAYS[1:]:
        ahead = intervals.paired_difference(turned[way, sparsity], turned["fine-tuning", sparsity])
        print(f"{100 * sparsity:g} %, {way:23s} − fine-tuning: {ahead} points")
ends = {way: turned[way, 0.98].mean() for way in rewinding.WAYS}

# %% [markdown]
# And live, on one net: the four epochs that you have, four at the small rate, the cut to 98 %, and the
# learning rates once more.

# %%
two = experiments.by_configuration("rewinding", SEEDS[:2])  # of the eight
again = copy.deepcopy(dense_nets[SEEDS[0]])
rewinding.train_at(again, rewinding.RATES[4:], seed=2000 + 100 * SEEDS[0])
pruning.prune_model(again, 0.98)
rewinding.train_at(again, rewinding.RATES[1:], seed=1000 + 100 * SEEDS[0])
ended = 100 * training.evaluate(again, digits.test)
gained = [
    (two["learning-rate rewinding", s] - two["fine-tuning", s]).mean() for s in rewinding.CUTS
]
over_late = [
    intervals.paired_difference(turned["learning-rate rewinding", s], turned["late rewinding", s])
    for s in rewinding.CUTS
]
table = pd.DataFrame(
    {f"{100 * s:g} %": [turned[way, s].mean() for way in rewinding.WAYS] for s in rewinding.CUTS},
    pd.Index(rewinding.WAYS, name="seven epochs after the cut"),
)
print(f"dense, as many epochs: ≈ {turned['dense', 0.0].mean():.1f} %")
tables.approximate(table, dict.fromkeys(table, "{:5.1f} %"))

# %%
claim("6.u", "after one cut, learning-rate rewinding ends 0.2 to 2 points ahead of fine-tuning at 95 % and 0.6 "
      "to 4.5 at 98 %; over eight nets it is ahead of late rewinding, too",
      [within(gained[0], 0.2, 2), within(gained[1], 0.6, 4.5), min(d.low for d in over_late) > 0])  # fmt: skip
claim("6.v", "the live net agrees with the file within 2 points",
      abs(ended - two["learning-rate rewinding", 0.98][0]) < 2)  # fmt: skip

# %% [markdown]
# Keep what the weights have learned, and turn the learning rate back: that comes out first at both
# sparsities. With the small rate alone, seven epochs repair too little. Late rewinding throws most of the
# training away and still ends ahead of fine-tuning; the reset throws all of it away and does not. Renda
# and others found on large nets that both kinds of rewinding beat fine-tuning, and that turning back the
# learning rate alone is at least as good. (In the other sections the rate is the same all the way, so
# fine-tuning there does not suffer from a small one.)
#
# ## 6.10 Further: prune while the net trains
#
# The cubic schedule is from a paper that has no rounds at all: Zhu and Gupta prune *during* one training, a
# little every few steps. Take fourteen epochs in all, to 99 %, and four ways to spend them:
#
# - **one cut** after four epochs,
# - **ten rounds** after four, as in section 6.5,
# - **every 10 steps**: the same schedule over the same epochs, in small cuts, one after every tenth step of
#   the optimizer,
# - **every 10 steps, early**: the same, begun after the first epoch, so that the last cut has four epochs
#   after it and not one.
#
# Eight nets in a file, and one live, with the cuts every tenth step:

# %%
from course_utils.experiments import gradual

during = experiments.by_configuration("gradual")
two = experiments.by_configuration("gradual", SEEDS[:2])  # of the eight
trained = copy.deepcopy(dense_nets[SEEDS[0]])
gradual.prune_while_training(trained, digits, 0.99, 10, SEEDS[0])
ended = 100 * training.evaluate(trained, digits.test)
finer = intervals.paired_difference(during["every 10 steps", 0.99], during["ten rounds", 0.99])
sooner = intervals.paired_difference(
    during["every 10 steps, early", 0.99], during["every 10 steps", 0.99]
)
gained = {way: (two[way, 0.99] - two["ten rounds", 0.99]).mean() for way in gradual.WAYS[2:]}
print(f"99 %, every 10 steps − ten rounds: {finer} points")
print(f"99 %, early − not: {sooner} points")
table = pd.DataFrame(
    {"test accuracy": [during[way, 0.99].mean() for way in gradual.WAYS]},
    pd.Index(gradual.WAYS, name="fourteen epochs, 99 %"),
)
tables.approximate(table, {"test accuracy": "{:5.1f} %"})

# %%
claim("6.w", "99 %, eight nets: small cuts during one training end ahead of ten rounds, by 4 points at "
      "most; to begin them early makes no difference that can be told",
      [within(gained["every 10 steps"], -1.5, 4), within(gained["every 10 steps, early"], -4, 6.5),
       finer.low > 0 and not sooner.excludes_zero])  # fmt: skip
claim("6.x", "the live net agrees with the file within 2 points",
      abs(ended - two["every 10 steps", 0.99][0]) < 2)  # fmt: skip

# %% [markdown]
# The same schedule in smaller steps ends higher. To begin early and leave four epochs at the end adds
# nothing that these nets can tell: small last cuts need no rest. (One training also keeps its momentum,
# where each round starts a fresh optimizer. This comparison does not take the two apart.)
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
# - LeNet-300-100, ten epochs: up to 90 % rounds are worth less than a point; at 98 and 99 % make the
#   last steps small.
# - Judge a step by what it takes of what is *left*, and give a deep one epochs. They heal most of it.
# - A ticket is a mask with the signs of its own initial weights; much of its lead is speed, and finding
#   it costs many trainings.
#
# **Read on**: Zhu and Gupta (2018), [To prune, or not to prune](https://arxiv.org/abs/1710.01878), for
# the cubic schedule; Frankle and Carbin (2019),
# [The lottery ticket hypothesis](https://arxiv.org/abs/1803.03635); Zhou, Lan, Liu and Yosinski (2019),
# [Deconstructing lottery tickets](https://arxiv.org/abs/1905.01067), for the signs; Renda, Frankle and
# Carbin (2020), [Comparing rewinding and fine-tuning](https://arxiv.org/abs/2003.02389), for what to do
# after a cut.
#
# **Next**: lesson 07, quantise and deploy: what to do with the zeros.
