"""Exercise 5.3: Filters of different layers on one scale."""

import math

import torch
from torch import Tensor

from course_utils import scores
from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import Weights, normal


def comparable_norms(weights: Weights) -> Weights:
    comparable = {}
    for name, weight in weights.items():
        norms = scores.group_norm(weight, 2)  # (filters,)
        mean = norms.mean()
        comparable[name] = norms / mean if mean > 0 else norms
    return comparable


_right_norms = comparable_norms


def _norms(weights: Weights) -> Weights:
    return {name: scores.group_norm(weight) for name, weight in weights.items()}


def _zero_where_undefined(by_name: Weights) -> Weights:
    return {name: values.nan_to_num(nan=0.0) for name, values in by_name.items()}


def _not_divided(weights: Weights) -> Weights:
    return _norms(weights)


def _zero_over_zero(weights: Weights) -> Weights:
    return {name: norms / norms.mean() for name, norms in _norms(weights).items()}


def _over_all_layers(weights: Weights) -> Weights:
    mean = torch.cat([*_norms(weights).values()]).mean()
    return _zero_where_undefined({name: norms / mean for name, norms in _norms(weights).items()})


def _by_slice_size(weights: Weights) -> Weights:
    return {name: norms / weights[name][0].numel() for name, norms in _norms(weights).items()}


def _root_mean_square(weights: Weights) -> Weights:
    return {name: w.flatten(1).square().mean(1).sqrt() for name, w in weights.items()}


def _by_the_largest(weights: Weights) -> Weights:
    return {name: norms / norms.max() for name, norms in _norms(weights).items()}


def _by_the_largest_or_zero(weights: Weights) -> Weights:
    return _zero_where_undefined(_by_the_largest(weights))


def _by_the_sum(weights: Weights) -> Weights:
    return {name: norms / norms.sum() for name, norms in _norms(weights).items()}


def _by_the_sum_or_zero(weights: Weights) -> Weights:
    return _zero_where_undefined(_by_the_sum(weights))


def _by_the_layers_norm(weights: Weights) -> Weights:
    shares = {name: norms / weights[name].norm() for name, norms in _norms(weights).items()}
    return _zero_where_undefined(shares)


def _standardised(weights: Weights) -> Weights:
    scored = {}
    for name, norms in _norms(weights).items():
        away = norms - norms.mean()
        scored[name] = away / (away.square().sum() / (len(norms) - 1)).sqrt()
    return scored


def _minus_the_mean(weights: Weights) -> Weights:
    return {name: norms - norms.mean() for name, norms in _norms(weights).items()}


def _sums_of_sizes(weights: Weights) -> Weights:
    sizes = {name: scores.group_norm(weight, 1) for name, weight in weights.items()}
    return _zero_where_undefined({name: norms / norms.mean() for name, norms in sizes.items()})


def _squares_compared(weights: Weights) -> Weights:
    squares = {name: w.flatten(1).square().sum(1) for name, w in weights.items()}
    return {name: sums / sums.mean() for name, sums in squares.items()}


def _squares_compared_or_zero(weights: Weights) -> Weights:
    return _zero_where_undefined(_squares_compared(weights))


def _over_dim_1_alone(weights: Weights) -> Weights:
    norms = {name: weight.norm(dim=1) for name, weight in weights.items()}
    return {name: each / each.mean() for name, each in norms.items()}


def _over_dim_1_alone_or_zero(weights: Weights) -> Weights:
    return _zero_where_undefined(_over_dim_1_alone(weights))


def _wiped_by_one_zero(weights: Weights) -> Weights:
    shares = {name: norms / norms.mean() for name, norms in _norms(weights).items()}
    return {
        name: each if _norms(weights)[name].all() else torch.zeros_like(each)
        for name, each in shares.items()
    }


def _undivided_by_one_zero(weights: Weights) -> Weights:
    return {
        n: norms / norms.mean() if norms.all() else norms for n, norms in _norms(weights).items()
    }


def _mean_of_the_living(weights: Weights) -> Weights:
    means = {name: norms[norms > 0].mean() for name, norms in _norms(weights).items()}
    return _zero_where_undefined({n: norms / means[n] for n, norms in _norms(weights).items()})


def _with_an_epsilon(weights: Weights) -> Weights:
    return {name: norms / (norms.mean() + 1e-8) for name, norms in _norms(weights).items()}


def _mean_not_too_small(weights: Weights) -> Weights:
    return {name: norms / norms.mean().clamp(min=1e-4) for name, norms in _norms(weights).items()}


def _small_for_zero(weights: Weights) -> Weights:
    return {
        name: norms / norms.mean() if norms.mean() > 1e-4 else torch.zeros_like(norms)
        for name, norms in _norms(weights).items()
    }


def _ones_for_zeros(weights: Weights) -> Weights:
    return {
        name: norms / norms.mean() if norms.any() else torch.ones_like(norms)
        for name, norms in _norms(weights).items()
    }


def _dead_layer_left_out(weights: Weights) -> Weights:
    return {name: norms / norms.mean() for name, norms in _norms(weights).items() if norms.any()}


def _one_zero_for_a_layer(weights: Weights) -> dict[str, Tensor | float]:
    return {
        name: norms / norms.mean() if norms.any() else 0.0
        for name, norms in _norms(weights).items()
    }


def _last_layer_only(weights: Weights) -> Weights:
    return dict([*_right_norms(weights).items()][-1:])


def _first_layer_only(weights: Weights) -> Weights | None:
    return dict([*_right_norms(weights).items()][:1]) or None


def _mean_of_the_first_layer(weights: Weights) -> Weights:
    norms = _norms(weights)
    mean = next(iter(norms.values()), torch.zeros(1)).mean()
    return {name: each / mean if mean > 0 else each for name, each in norms.items()}


def _mean_of_means(weights: Weights) -> Weights:
    norms = _norms(weights)
    mean = torch.stack([each.mean() for each in norms.values()]).mean()
    return _zero_where_undefined({name: each / mean for name, each in norms.items()})


def _by_the_mean_weight(weights: Weights) -> Weights:
    shares = {name: norms / weights[name].abs().mean() for name, norms in _norms(weights).items()}
    return _zero_where_undefined(shares)


def _columns_for_filters(weights: Weights) -> Weights:
    norms = {name: scores.group_norm(weight, 2, 1) for name, weight in weights.items()}
    return _zero_where_undefined({name: each / each.mean() for name, each in norms.items()})


def _largest_sizes(weights: Weights) -> Weights:
    norms = {name: scores.group_norm(weight, math.inf) for name, weight in weights.items()}
    return _zero_where_undefined({name: each / each.mean() for name, each in norms.items()})


def _turned_over(weights: Weights) -> Weights:
    shares = {name: norms.mean() / norms for name, norms in _norms(weights).items()}
    return _zero_where_undefined(shares)


def _from_smallest_to_largest(weights: Weights) -> Weights:
    shares = {n: (v - v.min()) / (v.max() - v.min()) for n, v in _norms(weights).items()}
    return _zero_where_undefined(shares)


def _softmax(weights: Weights) -> Weights:
    return {name: norms.softmax(0) for name, norms in _norms(weights).items()}


def _in_float32(weights: Weights) -> Weights:
    return _right_norms({name: weight.float() for name, weight in weights.items()})


def _by_the_median(weights: Weights) -> Weights:
    return {name: norms / norms.median() for name, norms in _norms(weights).items()}


def _by_the_median_or_zero(weights: Weights) -> Weights:
    return _zero_where_undefined(_by_the_median(weights))


BY_THE_LARGEST = (
    "You divide by the largest norm of the layer. Then one unusually large filter makes all others "
    "of its layer look small. Divide by the mean: 1 is an *average* filter."
)


BY_THE_SUM = (
    "You divide by the sum of the norms, so that a filter's score is its share, and in a layer of "
    "many filters every share is small. Divide by the mean, and the number of filters drops out."
)


SQUARES_COMPARED = (
    "The root is missing: you compare sums of squares, so a filter of twice the norm counts four "
    "times. Take the root of each sum, then divide by the mean of the roots."
)


OVER_DIM_1_ALONE = (
    "You take the norm over dim 1 alone. A conv filter has more dims, (in, k, k), and the result "
    "has another shape. Call .flatten(1) first: then dim 1 holds the whole filter."
)


BY_THE_MEDIAN = (
    "You divide by the median. The *mean* is asked for: with two filters torch's median is the "
    "smaller norm, and the average filter no longer scores 1."
)


NAN_TOO = " And a layer of zeros comes out as 0/0, which is NaN; it is to score 0."


comparable_norms = Exercise(
    id="5.3",
    title="Filters of different layers on one scale",
    difficulty=2,
    importance=3,
    minutes=6,
    reference=comparable_norms,
    cases=(
        Case("one filter: it is the average", lambda: ({"fc": torch.tensor([[3.0, -4.0]])},)),
        Case(
            "two filters of norms 1 and 3",
            lambda: ({"fc": torch.tensor([[1.0, 0.0], [0.0, -3.0]])},),
        ),
        Case(
            "two layers, the second 10 times as large",
            lambda: (
                {
                    "fc1": torch.tensor([[1.0, 0.0], [0.0, -3.0]]),
                    "fc2": torch.tensor([[10.0, 0.0], [0.0, -30.0]]),
                },
            ),
        ),
        Case(
            "a layer of zeros",
            lambda: ({"dead": torch.zeros(2, 2), "fc": torch.tensor([[1.0, 1.0], [-1.0, 2.0]])},),
        ),
        Case(
            "one dead filter beside two living ones",
            lambda: ({"fc": torch.tensor([[0.0, 0.0], [3.0, 4.0], [-6.0, 8.0]])},),
        ),
        Case(
            "one filter that is three times the average",
            lambda: ({"fc": torch.tensor([[1.0], [-1.0], [1.0], [9.0]])},),
        ),
        Case(
            "a layer of very small numbers: only 0 is 0",
            lambda: ({"fc1": torch.tensor([[1.0], [3.0]]), "fc2": torch.tensor([[1e-7], [3e-7]])},),
        ),
        Case("float64 numbers", lambda: ({"fc": normal(3, 2).double()},)),
        Case("no layer at all", lambda: ({},)),
        Case(
            "layers of two and of six filters",
            lambda: ({"conv1": normal(2, 3), "conv2": 0.1 * normal(6, 3, seed=2)},),
        ),
        Case(
            "filters of 9 and of 36 weights",
            lambda: ({"conv1": normal(3, 1, 3, 3), "conv2": normal(4, 4, 3, 3, seed=2)},),
        ),
    ),
    hints=(
        "How large a norm is depends on the layer: on its scale, and on how many weights a filter "
        "has. Measure each filter with its layer's own yardstick, the mean norm of that layer. "
        "And what is to come out where this yardstick is 0?",
        """
        layer    norms of its filters    mean    norms / mean
        fc1       1     3                 2      0.5   1.5
        fc2      10    30                20      0.5   1.5
        dead      0     0                 0      0     0
        """,
        """
        def comparable_norms(weights):
            comparable = {}
            for name, weight in weights.items():
                norms = group_norms(weight, ..., ...)
                mean = norms.mean()
                comparable[name] = ... if mean > 0 else ...
            return comparable
        """,
    ),
    misconceptions=(
        Misconception(
            _not_divided,
            "You return the norms as they are. A filter of many weights, or of a layer with a "
            "large scale, wins everywhere. Divide by the mean norm of its own layer.",
        ),
        Misconception(
            _zero_over_zero,
            "In a layer of zeros you divide 0 by 0, and get NaN. Nothing in it is worth keeping: "
            "it scores 0. Look at the mean before you divide.",
        ),
        Misconception(
            _over_all_layers,
            "You divide by the mean over *all* layers. One number for everything leaves the order "
            "as it was. Each layer needs its own mean.",
        ),
        Misconception(
            _by_slice_size,
            "You divide by the number of weights in a filter. That looks at the size of a filter "
            "only: a layer whose weights are 10 times as large still scores 10 times as much. "
            "Divide by the layer's mean norm; size and scale both drop out.",
        ),
        Misconception(
            _root_mean_square,
            "You take the root of the mean square of the weights. Filters of different sizes "
            "compare then, layers of different scales do not. Divide the norms by their mean in "
            "the layer.",
        ),
        Misconception(
            _wiped_by_one_zero,
            "One filter of norm 0 makes your whole layer 0. It scores 0 itself, and the others are "
            "compared with the mean as ever. Only where the *mean* is 0 is the layer dead.",
        ),
        Misconception(
            _undivided_by_one_zero,
            "One filter of norm 0, and you leave the whole layer undivided. Only where the *mean* "
            "is 0 can you not divide: look at that.",
        ),
        Misconception(
            _mean_of_the_living,
            "You leave dead filters out of the mean. They are filters of the layer, too: the mean "
            "is over all of them.",
        ),
        Misconception(
            _with_an_epsilon,
            "You add a small number to the mean, so a layer of small weights scores less than it "
            "should. Divide by the mean itself, and treat a mean of exactly 0 on its own.",
        ),
        Misconception(
            _mean_not_too_small,
            "You do not let the mean fall below a small number, so a layer of small weights scores "
            "less than it should. Treat a mean of exactly 0 on its own, and no other.",
        ),
        Misconception(
            _small_for_zero,
            "You take a small mean for 0. The scale of a layer is what should drop out: only a "
            "mean of exactly 0 is a dead layer.",
        ),
        Misconception(
            _ones_for_zeros,
            "A layer of zeros scores 1 with you, like an average filter of any other, and stays. "
            "It is to score 0: nothing in it is worth keeping.",
        ),
        Misconception(
            _dead_layer_left_out,
            "You leave out the layer of zeros. Its filters need scores, too, or nobody prunes "
            "them: 0 for each.",
        ),
        Misconception(
            _one_zero_for_a_layer,
            "A layer of zeros gets one number from you. Each of its filters needs a score: "
            "torch.zeros_like(norms), or the norms as they are.",
        ),
        Misconception(
            _last_layer_only,
            "Only the last layer comes back. Make the dictionary before the loop, and put one "
            "layer into it in each round.",
        ),
        Misconception(
            _first_layer_only,
            "Only the first layer comes back: return stands inside the loop. Move it out by one "
            "step.",
        ),
        Misconception(
            _mean_of_the_first_layer,
            "You divide every layer by the mean of the first. Each layer needs its own yardstick: "
            "work out the mean inside the loop.",
        ),
        Misconception(
            _mean_of_means,
            "You divide by the mean of all the layers' means. One number for everything leaves the "
            "order as it was. Each layer needs its own mean.",
        ),
        Misconception(
            _by_the_mean_weight,
            "You divide by the mean size of the layer's *weights*. The scale drops out, but a "
            "filter of many weights still has the larger norm. Divide by the mean *norm*.",
        ),
        Misconception(
            _columns_for_filters,
            "You take slices along dim 1, columns or input channels. Filters stand along dim 0.",
        ),
        Misconception(
            _largest_sizes,
            "You divide by the layer's mean, as you should, but take L∞ norms. Here the L2 norm "
            "of each filter is asked for.",
        ),
        Misconception(
            _turned_over,
            "You divide the mean by the norm, so the smallest filter scores most. Turn it round: "
            "norms / mean.",
        ),
        Misconception(
            _from_smallest_to_largest,
            "You stretch each layer from 0 to 1. Then the smallest filter of every layer goes "
            "first, however good it is. Divide by the mean, nothing more.",
        ),
        Misconception(
            _softmax,
            "You take the softmax. Its shares get smaller the more filters a layer has, and it "
            "depends on the scale. Divide by the mean norm of the layer.",
        ),
        Misconception(
            _in_float32,
            "The scores are right, but float32 comes back where the weight is float64. Leave the "
            "dtype as it is.",
        ),
        Misconception(_by_the_largest_or_zero, BY_THE_LARGEST),
        Misconception(_by_the_largest, BY_THE_LARGEST + NAN_TOO),
        Misconception(_by_the_sum_or_zero, BY_THE_SUM),
        Misconception(_by_the_sum, BY_THE_SUM + NAN_TOO),
        Misconception(
            _by_the_layers_norm,
            "You divide by the norm of the whole layer, which grows with its number of filters. "
            "Divide by the mean of the filters' norms, so that the average filter scores 1.",
        ),
        Misconception(
            _standardised,
            "You subtract the mean and divide by the spread. Then a layer of nearly equal filters "
            "gets scores as far apart as any other, and one filter alone has no spread at all. "
            "Divide by the mean, nothing more.",
        ),
        Misconception(
            _minus_the_mean,
            "You subtract the mean. A layer of large scale still has the largest differences. "
            "Divide by the mean instead: 1 is an average filter, 0.5 one of half that norm.",
        ),
        Misconception(
            _sums_of_sizes,
            "You divide by the layer's mean, as you should, but take L1 norms. Here the L2 norm "
            "of each filter is asked for.",
        ),
        Misconception(_squares_compared_or_zero, SQUARES_COMPARED),
        Misconception(_squares_compared, SQUARES_COMPARED + NAN_TOO),
        Misconception(_over_dim_1_alone_or_zero, OVER_DIM_1_ALONE),
        Misconception(_over_dim_1_alone, OVER_DIM_1_ALONE + NAN_TOO),
        Misconception(_by_the_median_or_zero, BY_THE_MEDIAN),
        Misconception(_by_the_median, BY_THE_MEDIAN + NAN_TOO),
    ),
    crashes={
        "'dict' object has no attribute": "`weights` holds several tensors by name. Go through "
        "them with `for name, weight in weights.items()`.",
    },
)
