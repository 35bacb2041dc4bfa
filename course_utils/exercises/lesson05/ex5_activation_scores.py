"""Exercise 5.5: What the layer really sees."""

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import normal


def activation_scores(weight: Tensor, inputs: Tensor) -> Tensor:
    norms = inputs.norm(dim=0)  # over the examples: (in,)
    return weight.abs() * norms


def _over_the_features(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.norm(dim=1)


def _examples_as_outputs(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.norm(dim=1)[:, None]


def _mean_input(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.mean(0)


def _size_of_the_mean_input(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.mean(0).abs()


def _sum_of_sizes(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.abs().sum(0)


def _mean_size(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.abs().mean(0)


def _root_missing(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.square().sum(0)


def _mean_square(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.square().mean(0).sqrt()


def _along_the_outputs(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.norm(dim=0)[:, None]


def _sign_left(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight * inputs.norm(dim=0)


def _common_factor(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.norm()


def _largest_input(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.abs().amax(0)


def _mean_square_without_root(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.square().mean(0)


def _parts_of_the_whole_norm(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.norm(dim=0) / inputs.norm()


def _first_example(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs[0].abs()


def _spread(weight: Tensor, inputs: Tensor) -> Tensor:
    away = inputs - inputs.mean(0)
    return weight.abs() * (away.square().sum(0) / (len(inputs) - 1)).sqrt()  # NaN for one example


def _sum_of_inputs(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.sum(0)


def _size_of_the_sum(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.sum(0).abs()


def _only_positive(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.relu().norm(dim=0)


def _weight_squared(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight**2 * inputs.norm(dim=0)


def _all_squared(weight: Tensor, inputs: Tensor) -> Tensor:
    return (weight * inputs.norm(dim=0)) ** 2


def _divided_by_the_count(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.norm(dim=0) / len(inputs)


def _shares_of_the_norms(weight: Tensor, inputs: Tensor) -> Tensor:
    norms = inputs.norm(dim=0)
    return weight.abs() * norms / norms.sum()


def _shares_of_the_row(weight: Tensor, inputs: Tensor) -> Tensor:
    scores = weight.abs() * inputs.norm(dim=0)
    return scores / scores.sum(1, keepdim=True)


def _norms_of_outputs(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * (inputs @ weight.T).norm(dim=0)[:, None]


def _added(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() + inputs.norm(dim=0)


def _norms_alone(weight: Tensor, inputs: Tensor) -> Tensor:
    return inputs.norm(dim=0).expand_as(weight)


def _one_norm_a_column(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.norm(dim=0) * inputs.norm(dim=0)


def _transposed(weight: Tensor, inputs: Tensor) -> Tensor:
    return (weight.abs() * inputs.norm(dim=0)).T


def _cut_by_reshape(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() * inputs.reshape(inputs.shape[1], -1).norm(dim=1)


def _in_float32(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.float().abs() * inputs.float().norm(dim=0)


def _summed_up(weight: Tensor, inputs: Tensor) -> Tensor:
    return weight.abs() @ inputs.norm(dim=0)


activation_scores = Exercise(
    id="5.5",
    title="What the layer really sees",
    difficulty=2,
    importance=2,
    minutes=6,
    reference=activation_scores,
    cases=(
        Case(
            "one example of two features",
            lambda: (torch.tensor([[1.0, -2.0]]), torch.tensor([[5.0, -1.0]])),
        ),
        Case(
            "a feature that is 0 in the only example",
            lambda: (torch.tensor([[3.0, 2.0]]), torch.tensor([[0.0, 4.0]])),
        ),
        Case("one weight, one example", lambda: (torch.tensor([[-2.0]]), torch.tensor([[3.0]]))),
        Case(
            "two examples of one feature",
            lambda: (torch.tensor([[1.0], [-0.5]]), torch.tensor([[3.0], [-4.0]])),
        ),
        Case(
            "a square weight, and as many examples as features",
            lambda: (
                torch.tensor([[1.0, -1.0], [2.0, 0.5]]),
                torch.tensor([[3.0, 0.0], [-4.0, 1.0]]),
            ),
        ),
        Case(
            "a dead feature: it is 0 in every example",
            lambda: (
                torch.tensor([[1.0, 9.0, -1.0]]),
                torch.tensor([[1.0, 0.0, -2.0], [2.0, 0.0, 2.0]]),
            ),
        ),
        Case(
            "3 outputs, 2 features, 5 examples",
            lambda: (normal(3, 2), normal(5, 2, seed=2)),
        ),
        Case(
            "3 outputs, 4 features, 3 examples",
            lambda: (normal(3, 4), normal(3, 4, seed=3)),
        ),
        Case("float64 numbers", lambda: (normal(2, 3).double(), normal(4, 3, seed=4).double())),
    ),
    hints=(
        "A weight multiplies one feature of the input. How large is that feature over the examples "
        "that you have? One norm for each feature, so in numbers, and each belongs to a column "
        "of the weight.",
        """
        inputs       x₀    x₁         weight      w₀     w₁
        example 0     3     0         output 0     1     −1
        example 1    −4     1         output 1     2      0.5
        ‖x‖₂          5     1         scores       5      1
                                                  10      0.5
        """,
        """
        def activation_scores(weight, inputs):
            norms = inputs.norm(dim=...)
            return ...
        """,
    ),
    misconceptions=(
        Misconception(
            _over_the_features,
            "You take the norm of each *example* (over dim 1). One for each *feature* is wanted, "
            "over all examples: that is dim 0 of inputs, which is (examples, in).",
        ),
        Misconception(
            _examples_as_outputs,
            "You take one norm for each example and lay it along the outputs. Examples and outputs "
            "have nothing to do with each other: take the norm over dim 0, one for each feature.",
        ),
        Misconception(
            _mean_input,
            "You take the mean of each feature with its sign. A feature that is −5 as often as "
            "+5 then counts for nothing. The L2 norm counts sizes.",
        ),
        Misconception(
            _size_of_the_mean_input,
            "You take .abs() after the mean, when negative and positive inputs have cancelled out "
            "already. Use the L2 norm over the examples: square, add, take the root.",
        ),
        Misconception(
            _sum_of_sizes,
            "You add up |x|, the L1 norm. The L2 norm is asked for: square, add, take the root.",
        ),
        Misconception(
            _mean_size,
            "You take the mean of |x|. The L2 norm over the examples is asked for: square, add, "
            "take the root.",
        ),
        Misconception(
            _root_missing,
            "The root is missing: you multiply by the sum of the squares. A feature twice as large "
            "would count four times.",
        ),
        Misconception(
            _mean_square,
            "You divide by the number of examples (root *mean* square). The order of the weights "
            "is the same, but ‖x‖₂ is the root of the *sum* of squares.",
        ),
        Misconception(
            _along_the_outputs,
            "You lay the norms along the outputs (dim 0 of the weight). A feature is a *column* of "
            "the weight (out, in): norms of shape (in,) fall into place on their own.",
        ),
        Misconception(
            _sign_left,
            "The sign of the weight stays, so that large negative weights would go first. Take "
            "weight.abs().",
        ),
        Misconception(
            _common_factor,
            "You take one norm of all inputs. A common factor leaves the order of the weights as "
            "it was. Take a norm for each feature: dim=0.",
        ),
        Misconception(
            _largest_input,
            "You take the largest |x| of each feature, its L∞ norm: one example decides. The L2 "
            "norm counts all of them: square, add, take the root.",
        ),
        Misconception(
            _mean_square_without_root,
            "You multiply by the mean of the squares: there is a division too many, and the root "
            "is missing. ‖x‖₂ is the root of the *sum* of squares.",
        ),
        Misconception(
            _parts_of_the_whole_norm,
            "You divide by the norm of all inputs. The order is the same, but |w| · ‖x‖₂ is asked "
            "for, and two layers no longer compare.",
        ),
        Misconception(
            _first_example,
            "You look at one example only. The norm goes over all of them, dim 0 of inputs.",
        ),
        Misconception(
            _spread,
            "You take the standard deviation, which is 0 for a feature that is large and always "
            "the same. Subtract nothing: square, add, take the root.",
        ),
        Misconception(
            _sum_of_inputs,
            "You add up each feature with its sign. A feature that is −5 as often as +5 then "
            "counts for nothing. The L2 norm counts sizes: square first.",
        ),
        Misconception(
            _size_of_the_sum,
            "You add up first and take the size after that, when negative and positive inputs have "
            "cancelled out already. Square first, add, take the root.",
        ),
        Misconception(
            _only_positive,
            "You let negative inputs count as 0. A large negative input moves the output as "
            "much as a positive one: take the norm of the inputs as they are.",
        ),
        Misconception(
            _weight_squared,
            "You square the weight. Its size |w| comes in once, and so does the norm.",
        ),
        Misconception(
            _all_squared,
            "You square the score. The order is the same, but |w| · ‖x‖₂ is asked for.",
        ),
        Misconception(
            _divided_by_the_count,
            "You divide by the number of examples. The order of the weights is the same, but ‖x‖₂ "
            "is the root of the *sum* of squares, and nothing is divided.",
        ),
        Misconception(
            _shares_of_the_norms,
            "You divide the norms by their sum. The order is the same, but the scores of two "
            "layers no longer compare: multiply by the norm itself.",
        ),
        Misconception(
            _shares_of_the_row,
            "You divide each row by its sum. Then rows of unequal weight look alike, and the order "
            "between rows changes. Return |w| · ‖x‖₂ as it is.",
        ),
        Misconception(
            _norms_of_outputs,
            "You take the norms of what comes *out*, inputs @ weight.T. Asked for is what goes in: "
            "one norm for each feature of inputs.",
        ),
        Misconception(
            _added,
            "You add the norm where you should multiply by it. A weight on a feature that is "
            "always 0 does nothing, however large it is.",
        ),
        Misconception(
            _norms_alone,
            "You give the norms of the features, and the weights have no say. Multiply by |w|.",
        ),
        Misconception(
            _one_norm_a_column,
            "You take one norm for each column of the weight, too. Every single weight has a score "
            "of its own: |w|, not the norm of its column.",
        ),
        Misconception(
            _transposed,
            "The right scores, transposed. They have the weight's shape, (out, in).",
        ),
        Misconception(
            _cut_by_reshape,
            "You reshape inputs where you want their columns: that mixes examples and features. "
            "Take the norm over dim 0.",
        ),
        Misconception(
            _in_float32,
            "The scores are right, but float32 comes back where float64 came in. Leave the dtype "
            "as it is.",
        ),
        Misconception(
            _summed_up,
            "With @ you add up the products of a row, and get one number for each output. Every "
            "weight has a score of its own: use *.",
        ),
    ),
    crashes={
        "(784)": "Is that one of the lesson's tensors, `images` or `digits`? Use the argument "
        "`inputs`.",
        "name 'images'": "The inputs are the second argument, `inputs`.",
        "must match the size of tensor": "inputs is (examples, in), weight is (out, in). Take the "
        "norm over the examples (dim 0): shape (in,), which lies along the last dim of the weight.",
        "mat1 and mat2 shapes": "No matrix product is needed here: each weight is multiplied by "
        "one number, the norm of its feature. Use *.",
    },
)
