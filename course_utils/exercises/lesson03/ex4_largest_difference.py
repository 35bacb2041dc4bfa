"""Exercise 3.4: Do two nets compute the same?"""

import copy

import torch
from torch import Tensor, nn

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal


def largest_difference(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    small.eval()
    masked.eval()
    with torch.no_grad():
        return float((small(x) - masked(x)).abs().max())


def _gap(small: nn.Module, masked: nn.Module, x: Tensor) -> Tensor:
    return small.eval()(x) - masked.eval()(x)


@torch.no_grad()
def _in_train_mode(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    small.train()
    masked.train()
    return float((small(x) - masked(x)).abs().max())


@torch.no_grad()
def _signed_difference(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x) - masked.eval()(x)).max())


@torch.no_grad()
def _mean_difference(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x) - masked.eval()(x)).abs().mean())


@torch.no_grad()
def _same_answers(small: nn.Module, masked: nn.Module, x: Tensor) -> bool:
    return bool((small.eval()(x).argmax(1) == masked.eval()(x).argmax(1)).all())


@torch.no_grad()
def _within_tolerance(small: nn.Module, masked: nn.Module, x: Tensor) -> bool:
    return torch.allclose(small.eval()(x), masked.eval()(x), atol=1e-5)


@torch.no_grad()
def _of_the_largest(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x).max() - masked.eval()(x).max()).abs())


@torch.no_grad()
def _mode_forgotten(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small(x) - masked(x)).abs().max())


@torch.no_grad()
def _only_small_in_eval_mode(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x) - masked(x)).abs().max())


@torch.no_grad()
def _only_masked_in_eval_mode(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small(x) - masked.eval()(x)).abs().max())


@torch.no_grad()
def _both_left_in_train_mode(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    largest = float(_gap(small, masked, x).abs().max())
    small.train()
    masked.train()
    return largest


@torch.no_grad()
def _small_left_in_train_mode(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    largest = float(_gap(small, masked, x).abs().max())
    small.train()
    return largest


@torch.no_grad()
def _masked_left_in_train_mode(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    largest = float(_gap(small, masked, x).abs().max())
    masked.train()
    return largest


@torch.no_grad()
def _size_taken_last(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).max().abs())


@torch.no_grad()
def _relative(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).abs().max() / masked(x).abs().max())


@torch.no_grad()
def _euclidean(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).norm())


@torch.no_grad()
def _mean_square(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).square().mean())


@torch.no_grad()
def _largest_square(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).square().max())


@torch.no_grad()
def _added_up(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).abs().sum())


@torch.no_grad()
def _smallest(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).abs().min())


@torch.no_grad()
def _range(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).max() - _gap(small, masked, x).min())


@torch.no_grad()
def _of_probabilities(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x).softmax(1) - masked.eval()(x).softmax(1)).abs().max())


@torch.no_grad()
def _first_picture(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x[:1]).abs().max())


@torch.no_grad()
def _mean_over_pictures(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).abs().amax(1).mean())


@torch.no_grad()
def _mean_picture(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).mean(0).abs().max())


@torch.no_grad()
def _of_the_sizes(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x).abs() - masked.eval()(x).abs()).abs().max())


@torch.no_grad()
def _other_answers(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float((small.eval()(x).argmax(1) != masked.eval()(x).argmax(1)).sum())


@torch.no_grad()
def _of_the_parameters(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    pairs = zip(small.parameters(), masked.parameters(), strict=True)
    return max(float((p - q).abs().max()) for p, q in pairs)


def _of_the_weights(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    one, other = small.state_dict(), masked.state_dict()
    return max(float((one[n] - other[n]).abs().max()) for n in one if n.endswith("weight"))


def _of_the_states(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    pairs = zip(small.state_dict().values(), masked.state_dict().values(), strict=True)
    return max(float((p - q).abs().max()) for p, q in pairs)


class _Remembers(nn.Sequential):
    """A net whose mode belongs to its state, so that leaving another is a change."""

    def get_extra_state(self) -> bool:
        return self.training


class _RemembersGradients(nn.Sequential):
    def get_extra_state(self) -> list:
        return [parameter.grad for parameter in self.parameters()]


def _net(seed: int, shift: float = 0.0) -> nn.Module:
    """Conv, BatchNorm and linear layer of fixed numbers, in train mode as after training."""
    net = nn.Sequential(nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    with torch.no_grad():
        for offset, parameter in enumerate(net.parameters()):
            parameter.copy_(normal(*parameter.shape, seed=seed + offset))
        net[3].bias.add_(torch.tensor([0.0, -shift, 0.25 * shift]))
    return net


def _two_means() -> tuple:
    small, masked, x = _two_nets(0.0)
    masked[1].running_mean.add_(1.0)
    return small, masked, x


def _gradients_left(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    largest = _gap(small, masked, x).abs().max()
    largest.backward()
    return largest.item()


@torch.no_grad()
def _copies_in_their_mode(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    one, other = copy.deepcopy(small), copy.deepcopy(masked)
    return float((one(x) - other(x)).abs().max())


@torch.no_grad()
def _root_mean_square(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).square().mean().sqrt())


@torch.no_grad()
def _median_difference(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).abs().median())


@torch.no_grad()
def _added_up_by_picture(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x).abs().sum(1).max())


@torch.no_grad()
def _in_per_cent(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(100 * _gap(small, masked, x).abs().max())


@torch.no_grad()
def _last_picture(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x)[-1].abs().max())


@torch.no_grad()
def _first_output(small: nn.Module, masked: nn.Module, x: Tensor) -> float:
    return float(_gap(small, masked, x)[:, 0].abs().max())


def _all_too_low() -> tuple:
    small, masked, x = _two_nets(0.0)
    with torch.no_grad():
        masked[3].bias.add_(torch.tensor([1.0, 0.5, 0.25]))
    return small, masked, x


def _two_widths() -> tuple:
    """Two filters and three, as small and masked nets have them."""
    wide = nn.Sequential(nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 3))
    with torch.no_grad():
        for offset, parameter in enumerate(wide.parameters()):
            parameter.copy_(normal(*parameter.shape, seed=40 + offset))
    return _net(1), wide, normal(4, 1, 3, 3, seed=9)


def _two_in_eval_mode(kind: type[nn.Sequential] = _Remembers) -> tuple:
    nets = [kind(*net).eval() for net in (_net(1), _net(1, 0.5))]
    return *nets, normal(3, 1, 3, 3, seed=9)


def _two_nets(shift: float, examples: int = 2) -> tuple:
    net = _net(1)
    return copy.deepcopy(net), _net(1, shift), normal(examples, 1, 3, 3, seed=9)


largest_difference = Exercise(
    id="3.4",
    title="Do two nets compute the same?",
    difficulty=1,
    importance=3,
    minutes=5,
    reference=largest_difference,
    cases=(
        Case("two nets in train mode, one with another running mean", _two_means),
        Case("two equal nets, in train mode", lambda: _two_nets(0.0)),
        Case("one output is 2 lower, another 0.5 higher", lambda: _two_nets(2.0)),
        Case("one output is 2 higher, another 0.5 lower", lambda: _two_nets(-2.0)),
        Case("every output is lower", _all_too_low),
        Case("other weights", lambda: (_net(1), _net(20), normal(5, 1, 3, 3, seed=9))),
        Case("two nets that come in eval mode", _two_in_eval_mode),
        Case(
            "two nets that come without gradients", lambda: _two_in_eval_mode(_RemembersGradients)
        ),
        Case("nets of two and three filters", _two_widths),
        Case("one picture", lambda: _two_nets(0.001, examples=1)),
    ),
    hints=(
        "Run both nets on x, subtract, and take the worst case. Which of the layers behaves "
        "differently in train mode, and even changes then?",
        """
        small(x)    1.0   2.0   0.5
        masked(x)   1.0   1.5   0.8
        difference  0.0   0.5  −0.3      largest size: 0.5
        """,
        """
        def largest_difference(small, masked, x):
            ...                                 # which mode?
            with torch.no_grad():
                differences = small(x) - masked(x)
            return ...                          # one number: the worst case
        """,
    ),
    misconceptions=(
        Misconception(
            _mode_forgotten,
            "You compare in train mode. There BatchNorm uses the statistics of the batch and "
            "moves its own, so that comparing two nets changes them. Call .eval() on both first.",
        ),
        Misconception(
            _in_train_mode,
            "You put both nets into train mode. There BatchNorm uses the statistics of the batch "
            "and moves its own. Call .eval() on both instead.",
        ),
        Misconception(
            _only_small_in_eval_mode,
            "Only `small` is in eval mode. In train mode BatchNorm of `masked` uses the "
            "statistics of the batch and moves its own: call .eval() on both first.",
        ),
        Misconception(
            _only_masked_in_eval_mode,
            "Only `masked` is in eval mode. In train mode BatchNorm of `small` uses the "
            "statistics of the batch and moves its own: call .eval() on both first.",
        ),
        Misconception(
            _both_left_in_train_mode,
            "The number is right, but nets that came in eval mode are in train mode afterwards, "
            "and whoever uses them next gets other outputs. Leave them in eval mode.",
        ),
        Misconception(
            _small_left_in_train_mode,
            "The number is right, but `small` came in eval mode and is in train mode afterwards: "
            "whoever uses it next gets other outputs. Leave it in eval mode.",
        ),
        Misconception(
            _masked_left_in_train_mode,
            "The number is right, but `masked` came in eval mode and is in train mode afterwards: "
            "whoever uses it next gets other outputs. Leave it in eval mode.",
        ),
        Misconception(
            _signed_difference,
            "You take the largest difference with its sign, so an output that is far too low goes "
            "unnoticed. Take .abs() first.",
        ),
        Misconception(
            _mean_difference,
            "You take the mean. One output that is wrong among thousands that are right vanishes "
            "in it; a proof needs the worst case.",
        ),
        Misconception(
            _same_answers,
            "You compare the predicted digits only. Nets that compute different scores can agree "
            "on every digit of a small batch. Compare the outputs themselves.",
        ),
        Misconception(
            _within_tolerance,
            "You return whether they are close. The number is asked for: how far apart are they "
            "at most?",
        ),
        Misconception(
            _of_the_largest,
            "You subtract the two largest outputs. They may come from different pictures: "
            "subtract first, output by output.",
        ),
        Misconception(
            _size_taken_last,
            "You take the size after the maximum. The output that is furthest off may be too low, "
            "and max() has passed it over by then: first .abs(), then .max().",
        ),
        Misconception(
            _relative,
            "You divide by the size of the outputs. Asked for is the difference itself.",
        ),
        Misconception(
            _euclidean,
            "You take the norm of all differences, which grows with their number. Asked for is "
            "the largest single one.",
        ),
        Misconception(
            _mean_square,
            "You take the mean of the squares. One output that is wrong vanishes among many that "
            "are right: take the largest size.",
        ),
        Misconception(
            _largest_square,
            "You square the difference. Asked for is its size: .abs().",
        ),
        Misconception(
            _added_up,
            "You add the differences up, which grows with their number. Asked for is the largest "
            "single one.",
        ),
        Misconception(
            _smallest,
            "You take the smallest difference. A proof needs the worst case: the largest.",
        ),
        Misconception(
            _range,
            "You take the distance from the lowest to the highest difference. Asked for is the "
            "one that is furthest from 0.",
        ),
        Misconception(
            _of_probabilities,
            "You compare after a softmax, which hides what moves all outputs alike, and much of "
            "what is large. Compare the outputs themselves.",
        ),
        Misconception(
            _first_picture,
            "You look at the first picture only. The worst case is over the whole batch.",
        ),
        Misconception(
            _mean_over_pictures,
            "You take the largest difference of each picture, and then their mean. The worst case "
            "is over all pictures: the largest again.",
        ),
        Misconception(
            _mean_picture,
            "You take the mean over the pictures first. What is too high for one and too low for "
            "another cancels out: first .abs(), then the largest of all.",
        ),
        Misconception(
            _of_the_sizes,
            "You compare the sizes of the outputs, so that 3 and −3 count as equal. Subtract "
            "first, then take the size.",
        ),
        Misconception(
            _other_answers,
            "You count how often the predicted digits differ. Nets that compute different scores "
            "can agree on every digit: compare the outputs themselves.",
        ),
        Misconception(
            _gradients_left,
            "The number is right, but backward() leaves gradients behind in both nets. A "
            "comparison needs none: torch.no_grad().",
        ),
        Misconception(
            _copies_in_their_mode,
            "You compare copies, and in the mode that the nets come in. In train mode BatchNorm "
            "uses the statistics of the batch: call .eval() first.",
        ),
        Misconception(
            _root_mean_square,
            "You take the root of the mean square. One output that is wrong vanishes among many "
            "that are right: take the largest size.",
        ),
        Misconception(
            _median_difference,
            "You take the median. A proof needs the worst case: the largest.",
        ),
        Misconception(
            _added_up_by_picture,
            "You add up the differences of each picture. Asked for is the largest single one.",
        ),
        Misconception(
            _in_per_cent,
            "You multiply by 100. Asked for is the difference itself.",
        ),
        Misconception(
            _last_picture,
            "You look at the last picture only. The worst case is over the whole batch.",
        ),
        Misconception(
            _first_output,
            "You look at the first output only. The worst case is over all outputs.",
        ),
        Misconception(
            _of_the_parameters,
            "You compare the parameters. Nets of different shapes can compute the same, and nets "
            "of equal parameters, with other running statistics, do not: compare the outputs.",
        ),
        Misconception(
            _of_the_weights,
            "You compare the weights. Nets of different shapes can compute the same, and nets of "
            "equal weights, with other biases or statistics, do not: compare the outputs.",
        ),
        Misconception(
            _of_the_states,
            "You compare what the nets store. Nets of different shapes can compute the same: run "
            "both on x and compare the outputs.",
        ),
    ),
    crashes={
        "must match the size of tensor": "The two nets have different shapes: parameters cannot "
        "be compared one by one. Run both on x and compare what comes out.",
    },
)
