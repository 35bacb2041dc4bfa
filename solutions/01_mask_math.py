# %% [markdown]
# # 01 · Mask math
#
# Pruning (剪枝) is a multiplication by zeros and ones. This lesson works out what that
# multiplication does, to the weights, the gradient, the file and the clock.
#
# **You will be able to**
#
# - write a mask and apply it, by hand and with `torch.nn.utils.prune`,
# - say how sparse a model is, also after several rounds of pruning,
# - explain what happens to the gradient of a pruned weight,
# - tell what a mask does *not* save, and from which sparsity on a sparse format pays.
#
# **Time**: 50 minutes.

# %%
import torch

from course_utils import data, masks, measure, models, plotting, pruning, training
from course_utils.lesson import claim, desk, predict, time_claim, within

desk.check("01", edition="EDITION")
digits = data.load_mnist()
SEED = 0

# %% [markdown]
# ## 1.1 The idea in one picture
#
# Take a small layer with a weight **W** of 3 rows (outputs) and 4 columns (inputs). A **mask**
# (掩码) **M** is a tensor of the same shape that says of each weight whether it stays: 1 (True) is
# kept, 0 (False) is pruned. The pruned weight is their product, element by element:
#
# $$W' = W \odot M, \qquad M \in \{0, 1\}^{3 \times 4}$$
#
# Here the six weights of smallest size go. Find them in W before you look at M.

# %%
W = torch.tensor([[0.9, -0.1, 0.4, -1.2], [0.2, 0.7, -0.3, 0.1], [-0.8, 0.5, -0.2, 1.1]])
M = W.abs() > 0.45

# %%
plotting.show(
    plotting.weight_mask_product(W, M, "A mask keeps half of the weights where they are"),
    alt="Three grids of 3 by 4 cells: the weights W, the mask M with six ones and six zeros, and "
    "their product, in which the six masked cells are 0 and the others are unchanged.",
)

# %% [markdown]
# The kept weights stand where they stood, with the values they had. Nothing is smaller: the product
# has 12 numbers, as W has.
#
# > ### Exercise 1.1 · Apply a mask
# > difficulty ★☆☆ · importance ★★★ · 2 minutes
# >
# > Write `apply_mask(weight, mask)`, which returns W ⊙ M as a new tensor, for weights of any shape.
# > `mask` is boolean; both stay as they are.


# %%
from course_utils.exercises import lesson01 as ex


def apply_mask(weight, mask):
    """weight, mask: tensors of one shape. Returns the pruned weight, a new tensor."""
    ### BEGIN SOLUTION
    return weight * mask
    ### END SOLUTION


apply_mask = ex.apply_mask.check(apply_mask)

# %% [markdown]
# PyTorch does the same with `prune.custom_from_mask`. Put our W and M into a layer and compare.

# %%
from torch import nn
from torch.nn.utils import prune

layer = nn.Linear(4, 3)
layer.weight.data = W.clone()
prune.custom_from_mask(layer, "weight", M)

same_numbers = torch.equal(layer.weight, apply_mask(W, M))
print(f"same shape: {layer.weight.shape == W.shape}, same numbers: {same_numbers}")

# %%
claim(
    "S2",
    "the layer's weight is W ⊙ M, number for number, in W's shape",
    same_numbers and layer.weight_mask.unique().tolist() == [0, 1],
    verdict="holds",
)

# %% [markdown]
# ## 1.2 Sparsity
#
# **Sparsity** (稀疏度) is the fraction of zeros, from 0 to 1; **density** (密度) is what is
# left, 1 − sparsity. For a model, both are counted over all of its prunable weights together.
#
# > ### Exercise 1.2 · The sparsity of a model
# > difficulty ★☆☆ · importance ★★★ · 3 minutes
# >
# > Write `model_sparsity(weights)`: the fraction of zeros in a list of tensors of any shapes, taken
# > together. Return one number from 0 to 1. At least one layer comes; only an exact 0 is a zero.


# %%
def model_sparsity(weights):
    """weights: a list of tensors. Returns the fraction of zeros, from 0 to 1."""
    ### BEGIN SOLUTION
    zeros = sum(int((weight == 0).sum()) for weight in weights)
    total = sum(weight.numel() for weight in weights)
    return zeros / total
    ### END SOLUTION


model_sparsity = ex.model_sparsity.check(model_sparsity)

# %% [markdown]
# Try it on a LeNet-300-100 in which only the small last layer is pruned. The table counts layer by
# layer.

# %%
training.seed_everything(SEED)
lenet = models.LeNet300()
prune.l1_unstructured(lenet.fc3, "weight", amount=0.9)
effective = list(pruning.weights(lenet).values())
print(f"sparsity of the model: {100 * model_sparsity(effective):.1f} %")
pruning.report(lenet)

# %% [markdown]
# 90 % of a layer, 0.3 % of the model: the last layer is tiny. Whenever somebody tells you a sparsity,
# ask *of what*.
#
# ## 1.3 Inside torch.nn.utils.prune
#
# Where does the mask live? Look at what the layer holds before and after pruning.


# %%
import pandas as pd


def contents(layer):
    """What a layer holds, by kind."""
    return {
        "parameters": [name for name, _ in layer.named_parameters()],
        "buffers": [name for name, _ in layer.named_buffers()],
        "weight is a": type(layer.weight).__name__,
        "runs before forward": [type(h).__name__ for h in layer._forward_pre_hooks.values()],
    }


layer = nn.Linear(10, 10)
states = {"dense": contents(layer)}
prune.l1_unstructured(layer, "weight", amount=0.5)
states["pruned"] = contents(layer)
prune.remove(layer, "weight")
states["after remove"] = contents(layer)
pd.DataFrame(states)

# %% [markdown]
# Three things happened when the layer was pruned:
#
# - The parameter is now called `weight_orig`. It still holds *all* weights, and it is what the
#   optimiser trains.
# - The mask is a buffer, `weight_mask`, so it is saved with the model.
# - `weight` is an ordinary tensor, computed as `weight_orig * weight_mask` by a hook before each
#   forward pass.
#
# `prune.remove` does not undo the pruning. It removes the *mask*, writes the zeros into the weight,
# and makes it a plain parameter again.
#
# ## 1.4 Repeated pruning
#
# `amount` is a fraction of the weights that are *still there*, as long as it has a decimal point (section
# 1.8 asks what a whole number is). You prune a layer three times with `amount=0.2`. How sparse is it
# then?

# %%
guess = predict("1.1", "Sparsity after three rounds of amount=0.2?", None, unit="%")

# %% [markdown]
# If a round prunes the fraction a of what is left, the density falls by the factor 1 − a. After the
# rounds a₁, a₂, …, the sparsity is
#
# $$s = 1 - (1 - a_1)(1 - a_2) \cdots (1 - a_k)$$
#
# > ### Exercise 1.3 · Repeated pruning
# > difficulty ★★☆ · importance ★★★ · 3 minutes
# >
# > Write `compound(amounts)`: the sparsity after rounds that each prune a fraction of what is left.
# > The list may be empty, and an amount may be anything from 0 to 1. Return one number, unrounded.


# %%
def compound(amounts):
    """amounts: a list of fractions, one a round. Returns the sparsity after all rounds."""
    ### BEGIN SOLUTION
    density = 1.0
    for amount in amounts:
        density = density * (1 - amount)
    return 1 - density
    ### END SOLUTION


compound = ex.compound.check(compound)

# %% [markdown]
# Now let PyTorch prune a layer of 1,000 weights, round by round, and compare with your formula.

# %%
layer = nn.Linear(100, 10)
measured, formula = [0.0], [0.0]
for round_number in range(1, 11):
    prune.l1_unstructured(layer, "weight", amount=0.2)
    measured.append(masks.sparsity(layer.weight))
    formula.append(compound([0.2] * round_number))

print(f"after three rounds: {measured[3]:.3f} by PyTorch, {formula[3]:.3f} by the formula")
guess.compare(100 * measured[3])

# %%
claim(
    "S15",
    "three rounds of 20 % prune 48.8 %, and the formula agrees for ten rounds within two weights",
    measured[3] == 0.488 and max(abs(m - f) for m, f in zip(measured, formula)) <= 2 / 1000,
    verdict="does not hold here",
)

# %% [markdown]
# The picture shows both ideas: amounts that add up, and amounts of what is left.

# %%
rounds = range(6)
print(f"left after five rounds: {1 - measured[5]:.0%} of the weights")

# %%
plotting.show(
    plotting.line_curves(
        {"measured": measured[:6], "if amounts added up": [0.2 * r for r in rounds]},
        rounds,
        "Rounds of 20 % never add up: each takes from what is left",
        xlabel="round of pruning with amount = 0.2",
        ylabel="sparsity (fraction of zeros)",
    ),
    alt="Sparsity against rounds of pruning: the measured curve bends and stands at 0.49 after "
    "three rounds and 0.67 after five, below the straight line of added amounts that reaches 1.",
)

# %% [markdown]
# After five rounds the straight line says that everything is gone; a third of the weights is still
# there.
#
# > ### Exercise 1.4 · Which amount a round?
# > difficulty ★★☆ · importance ★★☆ · 4 minutes
# >
# > Write `amount_per_round(total, rounds)`: the equal amount that reaches the sparsity `total`, from
# > 0 to 1, in one round or more. Return one number, unrounded.


# %%
def amount_per_round(total, rounds):
    """total: the sparsity to reach, 0 to 1. rounds: how many. Returns the amount of each round."""
    ### BEGIN SOLUTION
    return 1 - (1 - total) ** (1 / rounds)
    ### END SOLUTION


amount_per_round = ex.amount_per_round.check(amount_per_round)

# %% [markdown]
# Reach 60 % in three rounds, this time for real.

# %%
layer = nn.Linear(100, 100)
amount = amount_per_round(0.6, 3)
for _ in range(3):
    prune.l1_unstructured(layer, "weight", amount=amount)
reached = masks.sparsity(layer.weight)
print(f"amount a round: {amount:.4f}, sparsity reached: {reached:.4f}")

# %%
claim(
    "1.a", "three rounds of that amount reach 60 % within two weights", abs(reached - 0.6) <= 2e-4
)

# %% [markdown]
# ## 1.5 The gradient through a mask
#
# A linear layer computes $y = x W'^\top$ with $W' = W \odot M$. Call the gradient of the loss with
# respect to its output $\partial L / \partial y$, shape (batch, out). The chain rule goes back in
# two steps:
#
# $$\frac{\partial L}{\partial W'} = \left(\frac{\partial L}{\partial y}\right)^{\!\top} x, \qquad
# \frac{\partial L}{\partial W} = M \odot \frac{\partial L}{\partial W'}$$
#
# > ### Exercise 1.5 · The gradient through a mask
# > difficulty ★★★ · importance ★★☆ · 5 minutes
# >
# > Write `masked_gradient(x, mask, grad_y)`: ∂L/∂W for x of shape (batch, in), a mask of shape
# > (out, in) and ∂L/∂y of shape (batch, out). Return a tensor of shape (out, in).


# %%
def masked_gradient(x, mask, grad_y):
    """x: (batch, in), mask: (out, in), grad_y: (batch, out). Returns ∂L/∂W, shape (out, in)."""
    ### BEGIN SOLUTION
    grad_effective = grad_y.T @ x  # (out, batch) @ (batch, in) -> (out, in)
    return mask * grad_effective
    ### END SOLUTION


masked_gradient = ex.masked_gradient.check(masked_gradient)

# %% [markdown]
# Autograd computes the same for the pruned layer of a real net, fed with real digits.

# %%
training.seed_everything(SEED)
layer = nn.Linear(784, 10)
prune.l1_unstructured(layer, "weight", amount=0.8)
x, y = digits.train[0][:64].flatten(1), digits.train[1][:64]

logits = layer(x)
logits.retain_grad()
nn.functional.cross_entropy(logits, y).backward()
by_hand = masked_gradient(x, layer.weight_mask.bool(), logits.grad)

pruned_gradient = layer.weight_orig.grad[layer.weight_mask == 0]
print(f"largest gradient of a pruned weight: {pruned_gradient.abs().max():.1f}")

# %%
claim(
    "1.b",
    "autograd's gradient is M ⊙ ∂L/∂W′, so a pruned weight gets exactly 0",
    torch.allclose(by_hand, layer.weight_orig.grad, atol=1e-6) and not pruned_gradient.any(),
)

# %% [markdown]
# **People really ask**: does the mask also stop the pruned entries of `weight_orig` from moving?
# Zero gradient is not the same as no change: weight decay pulls at every parameter. Train with it
# and look at both tensors.
#
# One epoch of SGD with weight decay, and then both tensors where the mask is 0.

# %%
training.seed_everything(SEED)
net = models.LeNet300()
pruning.prune_model(net, 0.8, scope="layer")
before = net.fc1.weight_orig.detach().clone()
pruned = net.fc1.weight_mask == 0
sgd = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=0.01)
training.train(net, digits, epochs=1, seed=SEED, optimizer=sgd)

moved = (net.fc1.weight_orig.detach() - before)[pruned].abs().max().item()
print(f"pruned entries of weight_orig moved by up to ≈ {moved:.4f}")
print(f"pruned entries of weight that are not 0: {int(net.fc1.weight[pruned].count_nonzero())}")

# %%
claim(
    "1.c",
    "weight decay moves weight_orig behind the mask, and the weight itself stays 0",
    moved > 0 and not net.fc1.weight[pruned].any(),
)

# %% [markdown]
# The value behind the mask drifts; what the net computes with stays zero as long as the mask is on.
#
# ## 1.6 What a mask does not save: time
#
# The source says that pruning cuts compute. Take LeNet-300-100 with 90 % of its weights pruned, and
# time one batch of 64 digits against the dense net. First your guess: how long does the pruned net
# take, in per cent of the dense one's time?

# %%
guess = predict("1.2", "Time of the 90 % pruned net, dense = 100 %?", None, unit="%")

# %% [markdown]
# Three nets are compared: dense; pruned with the mask on; pruned and made permanent with `remove`.
# Work is counted from the shapes, in FLOPs (浮点运算数, floating-point operations) for one digit: each
# weight multiplies once and adds once, so a weight counts two.
#
# Times are taken in turns with the dense net, until the 95 % interval of the median ratio is narrow
# or a second is over. *Middle half* are the quartiles: between them lies every other turn. The
# dense rows are the **control**: the dense net against itself. They should read 1.00; how far they
# do not is what your machine adds to every row.

# %%
import copy

training.seed_everything(SEED)
dense = models.LeNet300()
masked = pruning.prune_model(copy.deepcopy(dense), 0.9)
permanent = pruning.make_permanent(pruning.plain_copy(masked))
nets = {"dense": dense, "mask on": masked, "made permanent": permanent}

batch, single = digits.test[0][:64], digits.test[0][:1]


def time_against_dense(net, x):
    return measure.latency_ratio(lambda: net(x), lambda: dense(x))


times = {(len(x), name): time_against_dense(net, x)
         for x in (batch, single) for name, net in nets.items()}  # fmt: skip

pd.DataFrame(
    {
        "sparsity": [masks.sparsity(nets[name]) for _, name in times],
        "FLOPs": [f"{measure.flops(nets[name], single):,}" for _, name in times],
        "time / dense": [f"≈ {ratio.median:.2f} ×" for ratio in times.values()],
        "95 % interval": [f"≈ {r.low:.2f} to ≈ {r.high:.2f}" for r in times.values()],
        "middle half": ["≈ {:.2f} to ≈ {:.2f}".format(*r.quartiles) for r in times.values()],
    },
    index=pd.MultiIndex.from_tuples(times, names=["batch", "LeNet-300-100"]),
)

# %% [markdown]
# The FLOPs are the same to the last digit: two for each of the 266,200 weights, zero or not. Compare
# the times with the control: the net whose zeros are permanent reads about what the dense net reads
# against itself, since a dense kernel multiplies by zero as it multiplies by anything else. With the
# mask *on*, each forward pass also multiplies 266,200 weights by their mask. That costs time, and the
# fewer digits share it, the more of all the time it is.

# %%
permanent_time = times[64, "made permanent"]
guess.compare(100 * permanent_time.median, digits=0)
control = times[64, "dense"]

# %%
claim("1.d", "a net with 90 % zeros counts as many FLOPs as the dense one, two for each weight",
      measure.flops(permanent, single) == measure.flops(dense, single) == 2 * 266_200)  # fmt: skip
time_claim("1.e", "with the mask on, a forward pass at batch 1 takes 1.5 to 6 × as long",
           times[1, "mask on"].above(1.5), times[1, "mask on"].below(6))  # fmt: skip
time_claim("1.g", "the control reads 1: the dense net takes 0.9 to 1.1 × its own time",
           control.above(0.9), control.below(1.1))  # fmt: skip
time_claim(
    "S1",
    "zeros alone save no time: at 90 % the net takes 0.9 to 1.1 × the dense time",
    permanent_time.above(0.9), permanent_time.below(1.1),
    verdict="does not hold here: zeros in a dense layer save no time",
)  # fmt: skip

# %% [markdown]
# ## 1.7 What a mask does not save: bytes
#
# The file is next. What does `torch.save` write for the same three nets? Predict the masked one.

# %%
guess = predict("1.3", "File of the net with its mask on, dense = 100 %?", None, unit="%")

# %% [markdown]
# The table shows the size of each file, and the names of the first tensors in it.

# %%
files = {name: measure.size_bytes(net, "file") for name, net in nets.items()}
guess.compare(100 * files["mask on"] / files["dense"], digits=0)
pd.DataFrame(
    {
        "file (kB)": [f"{size / 1000:7.0f}" for size in files.values()],
        "of dense": [f"{size / files['dense']:5.2f} ×" for size in files.values()],
        "tensors in the file": [", ".join(list(net.state_dict())[:3]) for net in nets.values()],
    },
    index=pd.Index(nets, name="LeNet-300-100"),
)

# %% [markdown]
# With the mask on, the file is twice as big: it holds every original weight *and* a mask of 32-bit
# ones and zeros. After `remove` it has the dense size again, although nine of ten numbers are zero.

# %%
claim("1.h", "the file with the mask on is twice the dense one, the permanent one as big as the dense one",
      abs(files["mask on"] / files["dense"] - 2) < 0.01
      and abs(files["made permanent"] / files["dense"] - 1) < 0.01)  # fmt: skip

# %% [markdown]
# The bytes shrink only when the zeros are left out of the file, and then something must say where
# the others belong. With n numbers, z of them not zero, in a matrix of r rows, 4 bytes a number and
# 8 bytes an index:
#
# | format | what is stored | bytes |
# |---|---|---|
# | dense | every number | 4 n |
# | COO | value, row and column of each one left | z (4 + 8 + 8) |
# | CSR | value and column of each one left, and where each row starts | z (4 + 8) + 8 (r + 1) |
# | bitmask | value of each one left, and one bit a position | 4 z + n / 8, rounded up |
#
# > ### Exercise 1.6 · Bytes of four formats
# > difficulty ★★☆ · importance ★★☆ · 5 minutes
# >
# > Write `storage_bytes(weight)`, which returns the bytes of a float32 matrix in each format, as a
# > dictionary with the keys `dense`, `coo`, `csr` and `bitmask`: whole numbers, rounded up.


# %%
import math


def storage_bytes(weight):
    """weight: float32, (rows, columns). Returns {"dense": …, "coo": …, "csr": …, "bitmask": …}."""
    ### BEGIN SOLUTION
    rows = weight.shape[0]
    numbers = weight.numel()
    nonzero = int((weight != 0).sum())
    return {
        "dense": 4 * numbers,
        "coo": nonzero * (4 + 2 * 8),
        "csr": nonzero * (4 + 8) + (rows + 1) * 8,
        "bitmask": nonzero * 4 + math.ceil(numbers / 8),
    }
    ### END SOLUTION


storage_bytes = ex.storage_bytes.check(storage_bytes)

# %% [markdown]
# Is that what PyTorch really holds? Take the first layer in memory: dense, with its mask on, and with
# the zeros deleted. Count the bytes of every tensor that each of them keeps.

# %%
weight, layer = permanent.fc1.weight.detach(), masked.fc1
coo, csr = weight.to_sparse_coo(), measure.to_csr(weight)
parts = {
    "dense": [dense.fc1.weight],
    "mask on": [layer.weight_orig, layer.weight_mask, layer.weight],
    "coo": [coo.values(), coo.indices()],
    "csr": [csr.values(), csr.col_indices(), csr.crow_indices()],
}
held = {name: sum(t.numel() * t.element_size() for t in tensors) for name, tensors in parts.items()}
counted = storage_bytes(weight)
exact = {name: counted[name] == held[name] for name in ("dense", "coo", "csr")}
print(f"your count is what PyTorch holds: {exact}")
for name, size in held.items():
    print(f"{name:8s} {size / 1e6:5.2f} MB, ≈ {size / held['dense']:4.2f} × dense")

# %%
claim(
    "S12",
    "zeroed by a mask, fc1 takes 3 × its bytes in memory; with the zeros deleted (CSR) 0.14 to 0.21 ×",
    [held["mask on"] == 3 * held["dense"], within(held["csr"] / held["dense"], 0.14, 0.21)],
    verdict="holds: both are done, and only deleting saves bytes",
)

# %% [markdown]
# The masked layer keeps three tensors: the original weight, the mask, and their product. Two of them
# go into the file. Deleting the zeros saves bytes; zeroing them costs some.
#
# How sparse must a layer be before a format pays at all?
#
# > ### Exercise 1.7 · When a sparse format starts to pay
# > difficulty ★★★ · importance ★★★ · 5 minutes
# >
# > Write `break_even(rows, columns)`: for `coo`, `csr` and `bitmask` the sparsity at which it takes
# > as many bytes as dense, as a fraction. Take n/8 bytes for the bits, and round nothing.


# %%
def break_even(rows, columns):
    """Returns {"coo": …, "csr": …, "bitmask": …}: the sparsity at which each equals dense."""
    ### BEGIN SOLUTION
    numbers = rows * columns
    density = {
        "coo": 4 / (4 + 2 * 8),
        "csr": (4 * numbers - 8 * (rows + 1)) / ((4 + 8) * numbers),
        "bitmask": (4 - 1 / 8) / 4,
    }
    return {name: 1 - value for name, value in density.items()}
    ### END SOLUTION


break_even = ex.break_even.check(break_even)

# %% [markdown]
# Draw the bytes of LeNet's first layer against its sparsity, each point counted from a really
# pruned weight, and look where each line crosses the dense one.

# %%
levels = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]
original = dense.fc1.weight.detach()
bytes_at = [storage_bytes(original * masks.magnitude_mask(original, level)) for level in levels]
curves = {
    label: [counts[name] / 1e6 for counts in bytes_at]
    for label, name in {"COO": "coo", "CSR": "csr", "bitmask": "bitmask"}.items()
}
print({name: f"{100 * value:.1f} %" for name, value in break_even(300, 784).items()})

# %%
plotting.show(
    plotting.line_curves(
        curves, [100 * level for level in levels],
        "A bitmask pays almost at once, CSR from 67 % on, COO from 80 %",
        xlabel="sparsity (% of the weights of fc1)", ylabel="size (MB)",
        dense=bytes_at[0]["dense"] / 1e6,
    ),
    alt="Size of the first layer against sparsity in three formats: straight falling lines that "
    f"cross the dense size of {bytes_at[0]['dense'] / 1e6:.2f} MB at 3 % (bitmask), 67 % (CSR) and "
    "80 % (COO).",
)  # fmt: skip

# %% [markdown]
# Below two thirds of zeros, CSR is *bigger* than dense. The formula says where each line crosses.

# %%
crossing = break_even(300, 784)
slightly_less = storage_bytes(original * masks.magnitude_mask(original, crossing["csr"] - 0.01))
slightly_more = storage_bytes(original * masks.magnitude_mask(original, crossing["csr"] + 0.01))

# %%
claim(
    "1.f",
    "1 point below the break-even CSR is bigger than dense, 1 point above it is smaller",
    slightly_less["csr"] > slightly_less["dense"] and slightly_more["csr"] < slightly_more["dense"],
)

# %% [markdown]
# PyTorch takes shorter indices as well, of 4 bytes, enough for every layer of this course. What does
# that do to CSR?

# %%
short = torch.sparse_csr_tensor(
    csr.crow_indices().int(),
    csr.col_indices().int(),
    csr.values(),
    csr.shape,
    check_invariants=True,
)
x = batch.flatten(1)
outputs = [nn.functional.linear(x, each) for each in (short, weight)]
same = torch.allclose(*outputs, atol=1e-5)


def csr_bytes(level, index_bytes):
    pruned = original * masks.magnitude_mask(original, level)
    return measure.size_bytes(pruned, "csr", index_bytes=index_bytes) / bytes_at[0]["dense"]


print(f"computes the same: {same}")
for level in (0.49, 0.51, 0.66, 0.68):
    print(f"{level:.0%} zeros: {csr_bytes(level, 8):.2f} × dense with indices of 8 bytes, "
          f"{csr_bytes(level, 4):.2f} × with indices of 4")  # fmt: skip

# %%
claim("1.i", "with 4-byte indices CSR computes the same, and pays from 50 % on instead of 67 %",
      same and csr_bytes(0.49, 4) > 1 > csr_bytes(0.51, 4)
      and csr_bytes(0.66, 8) > 1 > csr_bytes(0.68, 8))  # fmt: skip

# %% [markdown]
# So a break-even belongs to a number format and an index format, not to CSR as such.
#
# **Explore.** Choose what goes and how much, by mouse, or with Tab and the arrow keys. Watch the
# threshold in the histogram, and how many bytes each format takes. From which sparsity is CSR smaller
# than dense here, and from which the bitmask?

# %%
from course_utils import explore

training.seed_everything(SEED)
explore.show(explore.mask_explorer(nn.Linear(24, 16).weight))

# %% [markdown]
# ## 1.8 People really ask
#
# **Why is the sparsity back to 0 after I loaded the state dict?** Save a masked net, load it into a
# plain one, and count.

# %%
checkpoint = masked.state_dict()
fresh = models.LeNet300()
try:
    fresh.load_state_dict(checkpoint)
except RuntimeError as error:
    print(str(error).split("\n")[1].strip()[:75], "…")
fresh.load_state_dict(checkpoint, strict=False)
print(f"loaded with strict=False: sparsity {masks.sparsity(fresh):.2f}, a random net")

for module in pruning.prunable(fresh).values():
    prune.identity(module, "weight")
fresh.load_state_dict(checkpoint)
training.evaluate(fresh, digits.val)  # the hook recomputes weight in the next forward pass
print(f"masks put on first:       sparsity {masks.sparsity(fresh):.2f}")

# %% [markdown]
# A masked checkpoint holds `weight_orig` and `weight_mask`, and no `weight`. A plain net refuses it;
# with `strict=False` it keeps its random start without a word. Either give the fresh net masks
# first (`prune.identity`), or make the pruning permanent before saving. Lesson 02 does that.
#
# **I asked for all of it, `amount=1`, and one weight went. Why?** A whole number is a *count*, a number
# with a decimal point a fraction. Prune a layer of 1,000 weights with each.

# %%
gone = {}
for amount in (0.2, 20, 1, 1.0):
    layer = nn.Linear(100, 10)
    prune.l1_unstructured(layer, "weight", amount=amount)
    gone[repr(amount)] = int((layer.weight == 0).sum())
    print(f"amount={amount!r:4}: {gone[repr(amount)]:5,d} of 1,000 weights pruned")

# %%
claim("1.j", "amount=1 prunes one weight, amount=1.0 all of them",
      gone["1"] == 1 and gone["1.0"] == 1000)  # fmt: skip

# %% [markdown]
# **Why does `copy.deepcopy` fail on my pruned model?**

# %%
net = nn.Linear(4, 2)
prune.l1_unstructured(net, "weight", amount=0.5)
try:
    copy.deepcopy(net)
except RuntimeError as error:
    print(f"deepcopy: {str(error).split('(')[0].strip()}")

with torch.no_grad():
    net(torch.zeros(1, 4))  # the hook computes weight once more, without a graph
print(f"after a forward pass without gradients: {type(copy.deepcopy(net)).__name__} copied")

# %% [markdown]
# `weight` is now the result of a multiplication that autograd records, and such a tensor cannot be
# copied. One forward pass under `torch.no_grad()` puts a plain result in its place.
#
# **Why does `prune.remove(model, "weight")` say that the parameter is not pruned?** `remove` works
# on the layer that owns the parameter, not on the model around it.

# %%
try:
    prune.remove(masked, "weight")
except ValueError as error:
    print("on the model:", str(error).split("(")[0], "…", str(error).split(")")[-1].strip())
for module in pruning.prunable(masked).values():
    prune.remove(module, "weight")
print(f"layer by layer: done, sparsity {masks.sparsity(masked):.2f}")

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
# - A mask changes numbers, not shapes: a dense kernel takes as long for a zero as for any number.
# - `amount=0.2` is a fraction of what is left, `amount=20` a count; sparsity in this course is a
#   fraction of everything.
# - With 8-byte indices CSR pays from two thirds of zeros on, with 4-byte indices from a half, a bitmask
#   from 1 in 32.
#
# **Read on**: Paganini and Forde (2020),
# [Streamlining tensor and network pruning in PyTorch](https://arxiv.org/abs/2004.13770), by the
# authors of `torch.nn.utils.prune`; Hoefler et al. (2021),
# [Sparsity in deep learning](https://arxiv.org/abs/2102.00554), section 2 for the formats.
#
# **Next**: [02 · Unstructured pruning](02_unstructured_pruning.ipynb). Shut this lesson's kernel
# down first (menu *Kernel*) if your machine is short of memory.
