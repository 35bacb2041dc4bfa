"""A LeNet-300-100 pruned, shared, coded: how many bytes of a file, and how right. Lesson 07.

Han, Mao and Dally 2016, Deep compression, with four things of today: digits that are shifted by a
pixel, a dense twin as teacher (Hinton et al. 2015, arXiv 1503.02531), pruning every few steps, and
a range coder.
"""

import copy
import math
from collections.abc import Callable
from itertools import count

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils import coding, models, pruning, schedules, sharing
from course_utils.data import Digits, load_mnist
from course_utils.experiments.nets import Row, remembered, untrained_net
from course_utils.training import evaluate

DENSE_EPOCHS, PRUNING_EPOCHS, SHARED_EPOCHS = 30, 20, 6
BATCH, LR, CENTROID_LR = 64, 0.05, 0.002
EVERY = 10  # steps of the optimizer between two cuts
SOFTNESS = 4.0  # what the scores of net and teacher are divided by (its temperature)
BIAS_CLUSTERS = 8
SEEDS = (0, 1, 2, 3, 4)
SPARSITIES = (0.7, 0.8, 0.9, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99)
CLUSTERS = (2, 4, 8, 16)  # 1, 2, 3 and 4 bits a code
CONFIGURATIONS = tuple(
    {"sparsity": sparsity, "clusters": clusters}
    for sparsity in SPARSITIES
    for clusters in (CLUSTERS if sparsity == 0.96 else (8,))
)


def measure(seed: int, sparsity: float, clusters: int) -> Row:
    """The bytes of a file, and the test accuracy of the net that is decoded from it.

    ``sparsity``: of all weights; the weights of each layer share this many ``clusters``, its biases
    eight. Columns: "accuracy", of the decoded net; "bytes", of the file; "counted bytes", as Han et
    al. count, with Huffman codes and gaps of 5 bits, weights and codebooks alone; "masked",
    "shared": the accuracy after pruning, and with centroids that have not learned yet; "dense",
    that of the twin: the same dense net, trained for as many more epochs on the labels and not
    pruned, which is also the teacher. All on the test part; "validation" is that of the decoded net
    on the part that the settings above were chosen on.
    """
    data = load_mnist()
    teacher = twin(seed, data)
    net = pruned(dense_net(seed, data), teacher, data, sparsity, seed)
    masked = evaluate(net, data.test)
    codes = sharing.share_model(net, clusters, biases=BIAS_CLUSTERS)
    shared = evaluate(net, data.test)
    with sharing.learn_centroids(net, codes):
        # A centroid's gradient is a sum over its weights, many or few; Adam makes up for that.
        adam = torch.optim.Adam(net.parameters(), lr=CENTROID_LR)
        fit(net, data, SHARED_EPOCHS, adam, 2000 + seed, teacher)
    file = coding.encode(net)
    decoded = models.LeNet300()
    decoded.load_state_dict(coding.decode(file))
    return {
        "accuracy": evaluate(decoded, data.test),
        "validation": evaluate(decoded, data.val),
        "dense": evaluate(teacher, data.test),
        "masked": masked,
        "shared": shared,
        "bytes": len(file),
        "counted bytes": sum(
            coding.deep_compression_bytes(each).huffman
            for name, each in codes.items()
            if name.endswith("weight")
        ),
    }


@remembered
def dense_net(seed: int, data: Digits) -> nn.Module:
    """A LeNet-300-100 trained on shifted digits: the start of all others."""
    net = untrained_net(seed)
    return fit(net, data, DENSE_EPOCHS, sgd(net), seed)


@remembered
def twin(seed: int, data: Digits) -> nn.Module:
    """The dense net, trained for as many more epochs as a compressed one."""
    net = dense_net(seed, data)
    return fit(net, data, PRUNING_EPOCHS + SHARED_EPOCHS, sgd(net), 1000 + seed)


def pruned(
    dense: nn.Module, teacher: nn.Module, data: Digits, sparsity: float, seed: int
) -> nn.Module:
    """A copy of ``dense``, pruned on a cubic schedule in the first half of its epochs."""
    net = copy.deepcopy(dense)
    steps = PRUNING_EPOCHS * math.ceil(len(data.train[1]) / BATCH)
    plan = schedules.cubic(sparsity, steps // 2 // EVERY)
    return fit(net, data, PRUNING_EPOCHS, sgd(net), 1000 + seed, teacher, cuts(plan))


def cuts(plan: list[float]) -> Callable[[nn.Module], None]:
    """What prunes a net to the next sparsity of ``plan`` after each tenth step."""
    steps = count()

    def after_step(net: nn.Module) -> None:
        number, rest = divmod(next(steps), EVERY)
        if rest == 0 and number < len(plan):
            pruning.prune_model(net, plan[number])

    return after_step


def sgd(net: nn.Module) -> torch.optim.Optimizer:
    """SGD with momentum 0.9, as ``training.train`` has it."""
    return torch.optim.SGD(net.parameters(), lr=LR, momentum=0.9, fused=True)


def fit(
    net: nn.Module,
    data: Digits,
    epochs: int,
    optimizer: torch.optim.Optimizer,
    seed: int,
    teacher: nn.Module | None = None,
    after_step: Callable[[nn.Module], None] | None = None,
) -> nn.Module:
    """Train in place on shifted digits, to answer as the ``teacher`` does or as labelled.

    The learning rate falls from that of the ``optimizer`` to 0 along a cosine.
    """
    x, y = data.train
    draws = torch.Generator().manual_seed(seed)
    steps = epochs * math.ceil(len(y) / BATCH)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    net.train()
    for _ in range(epochs):
        for rows in torch.randperm(len(y), generator=draws).split(BATCH):
            images = shifted(x[rows], draws)
            scores = net(images)
            loss = (
                F.cross_entropy(scores, y[rows])
                if teacher is None
                else distance(scores, teacher(images).detach())
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            falling.step()
            if after_step is not None:
                after_step(net)
    return net.eval()


def shifted(images: Tensor, draws: torch.Generator) -> Tensor:
    """Each picture (n, 1, 28, 28) moved by −1, 0 or 1 pixel along both axes, by lot."""
    windows = F.pad(images[:, 0], (1, 1, 1, 1)).unfold(1, 28, 1).unfold(2, 28, 1)  # (n, 3, 3, …)
    down, right = torch.randint(3, (2, len(images)), generator=draws)
    return windows[torch.arange(len(images)), down, right].unsqueeze(1)


def distance(scores: Tensor, of_teacher: Tensor) -> Tensor:
    """How far the softened answers are from the teacher's: T² · KL, as Hinton et al. have it."""
    answers, wanted = (F.log_softmax(each / SOFTNESS, 1) for each in (scores, of_teacher))
    return SOFTNESS**2 * F.kl_div(answers, wanted, reduction="batchmean", log_target=True)
