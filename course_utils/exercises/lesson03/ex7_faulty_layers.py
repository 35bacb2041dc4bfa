"""Exercise 3.7: Find the fault in a pruned net."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import kept as mask
from course_utils.exercises.checker.samples import normal, uniform


def faulty_layers(
    dense: nn.Sequential, small: nn.Sequential, kept: list[Tensor], x: Tensor
) -> list[int]:
    dense.eval()
    small.eval()
    faults, given = [], x  # given: what the small layer should find
    with torch.no_grad():
        for number, layer in enumerate(dense):
            out = layer(x)
            right = out[:, kept[number]]
            if (small[number](given) - right).abs().max() > 1e-4:
                faults.append(number)
            given = right
            x = torch.zeros_like(out)  # what is gone stays silent, behind BatchNorm as well
            x[:, kept[number]] = right
    return faults


def _differs(yours: Tensor, right: Tensor) -> bool:
    return bool((yours - right).abs().max() > 1e-4)


def _silent(layer: nn.Module, out: Tensor, stays: Tensor) -> Tensor:
    quiet = torch.zeros_like(out)
    quiet[:, stays] = out[:, stays]
    return quiet


def _all_loud(layer: nn.Module, out: Tensor, stays: Tensor) -> Tensor:
    return out


def _only_convs_silent(layer: nn.Module, out: Tensor, stays: Tensor) -> Tensor:
    return _silent(layer, out, stays) if isinstance(layer, nn.Conv2d) else out


def _removed_only(layer: nn.Module, out: Tensor, stays: Tensor) -> Tensor:
    return _silent(layer, out, ~stays) if not stays.all() else out


@torch.no_grad()
def _looked_for(
    arguments: tuple,
    differs: Callable = _differs,
    silent: Callable = _silent,
    own_input: bool = False,
    eval_mode: bool = True,
) -> list[int]:
    """As the reference, with one thing altered."""
    dense, small, kept, x = arguments
    if eval_mode:
        dense.eval()
        small.eval()
    faults, given = [], x
    for number, (layer, smaller) in enumerate(zip(dense, small, strict=True)):
        out, yours = layer(x), smaller(given)
        right = out[:, kept[number]]
        if differs(yours, right):
            faults.append(number)
        given = yours if own_input else right
        x = silent(layer, out, kept[number])
    return faults


def _first_only(*arguments: object) -> list[int]:
    return _looked_for(arguments)[:1]


def _number_of_the_first(*arguments: object) -> int | None:
    return next(iter(_looked_for(arguments)), None)


def _on_its_own_input(*arguments: object) -> list[int]:
    return _looked_for(arguments, own_input=True)


def _nothing_silenced(*arguments: object) -> list[int]:
    return _looked_for(arguments, silent=_all_loud)


def _convs_silenced(*arguments: object) -> list[int]:
    return _looked_for(arguments, silent=_only_convs_silent)


def _the_others_silenced(*arguments: object) -> list[int]:
    return _looked_for(arguments, silent=_removed_only)


def _mode_forgotten(*arguments: object) -> list[int]:
    return _looked_for(arguments, eval_mode=False)


def _in_train_mode(*arguments: object) -> list[int]:
    arguments[0].train()
    arguments[1].train()
    return _looked_for(arguments, eval_mode=False)


def _left_in_train_mode(*arguments: object) -> list[int]:
    faults = _looked_for(arguments)
    arguments[0].train()
    arguments[1].train()
    return faults


def _to_the_last_bit(*arguments: object) -> list[int]:
    return _looked_for(arguments, differs=lambda yours, right: not yours.equal(right))


def _of_shapes(*arguments: object) -> list[int]:
    return _looked_for(arguments, differs=lambda yours, right: yours.shape != right.shape)


def _too_high_only(*arguments: object) -> list[int]:
    return _looked_for(arguments, differs=lambda yours, right: bool((yours - right).max() > 1e-4))


def _too_low_only(*arguments: object) -> list[int]:
    return _looked_for(arguments, differs=lambda yours, right: bool((right - yours).max() > 1e-4))


def _on_average(*arguments: object) -> list[int]:
    return _looked_for(
        arguments, differs=lambda yours, right: bool((yours - right).mean().abs() > 1e-4)
    )


def _first_picture(*arguments: object) -> list[int]:
    return _looked_for(arguments, differs=lambda yours, right: _differs(yours[:1], right[:1]))


def _within_a_tenth(*arguments: object) -> list[int]:
    return _looked_for(
        arguments, differs=lambda yours, right: bool((yours - right).abs().max() > 0.1)
    )


def _of_one_kind(arguments: tuple, *kinds: type) -> list[int]:
    dense = arguments[0]
    return [number for number in _looked_for(arguments) if isinstance(dense[number], kinds)]


def _only_convs(*arguments: object) -> list[int]:
    return _of_one_kind(arguments, nn.Conv2d)


def _only_convs_and_linear(*arguments: object) -> list[int]:
    return _of_one_kind(arguments, nn.Conv2d, nn.Linear)


def _without_the_last(*arguments: object) -> list[int]:
    last = len(arguments[0]) - 1
    return [number for number in _looked_for(arguments) if number != last]


def _counted_from_1(*arguments: object) -> list[int]:
    return [number + 1 for number in _looked_for(arguments)]


@torch.no_grad()
def _parameters_compared(
    dense: nn.Sequential, small: nn.Sequential, kept: list[Tensor], x: Tensor
) -> list[int]:
    faults, before = [], torch.ones(x.shape[1], dtype=torch.bool)
    for number, stays in enumerate(kept):
        for name, right in dense[number].named_parameters():
            right = right[stays][:, before] if right.dim() > 1 else right[stays]
            if _differs(small[number].get_parameter(name), right):
                faults.append(number)
        before = stays
    return sorted({*faults})


def _right_ones(*arguments: object) -> list[int]:
    faults = _looked_for(arguments)
    return [number for number in range(len(arguments[0])) if number not in faults]


def _an_answer_each(*arguments: object) -> list[bool]:
    faults = _looked_for(arguments)
    return [number in faults for number in range(len(arguments[0]))]


def _whether_any(*arguments: object) -> bool:
    return bool(_looked_for(arguments))


def _kinds_of_layers(*arguments: object) -> list[str]:
    return [type(arguments[0][number]).__name__ for number in _looked_for(arguments)]


def _layers_themselves(*arguments: object) -> list[nn.Module]:
    return [arguments[1][number] for number in _looked_for(arguments)]


class _Remembers(nn.Sequential):
    """A net whose mode belongs to its state, so that leaving another is a change."""

    def get_extra_state(self) -> bool:
        return self.training


class _RemembersGradients(nn.Sequential):
    def get_extra_state(self) -> list:
        return [parameter.grad for parameter in self.parameters()]


FIRST, SECOND = mask(0, 1, 1), mask(1, 0, 0, 1)  # the filters that stay
COLUMNS = SECOND.repeat_interleave(4)
KEPT = [*[FIRST] * 4, *[SECOND] * 3, COLUMNS, mask(1, 1, 1, 1, 1)]


def _dense() -> nn.Sequential:
    """Two convs with BatchNorm and a linear layer, of fixed numbers, in train mode."""
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
        nn.Linear(16, 5),
    )  # fmt: skip
    for seed, (name, numbers) in enumerate(net.state_dict().items()):
        if name.endswith("running_var"):
            numbers.copy_(0.5 + uniform(*numbers.shape, seed=seed))
        elif numbers.dim():
            numbers.copy_(normal(*numbers.shape, seed=seed))
    for norm in (net[1], net[5]):  # so that no channel is silent by chance
        norm.bias.data.abs_().add_(0.5)
    return net


def _cut(dense: nn.Sequential) -> nn.Sequential:
    """The right small net."""
    small = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(),
        nn.Linear(8, 5),
    )  # fmt: skip
    held = dense.state_dict()
    for name, numbers in held.items():
        stays = KEPT[int(name[0])]
        if numbers.dim():
            held[name] = numbers[stays]
    held["4.weight"] = held["4.weight"][:, FIRST]
    held["8.weight"] = held["8.weight"][:, COLUMNS]
    small.load_state_dict(held)
    return small


def _two_nets(*faults: Callable[[nn.Sequential, nn.Sequential], None]) -> tuple:
    """The arguments of one case: each fault alters the small net."""
    dense = _dense()
    small = _cut(dense)
    with torch.no_grad():
        for fault in faults:
            fault(small, dense)
    pictures = normal(3, 1, 4, 4, seed=30)
    pictures[0] = 0
    return dense, small, list(KEPT), pictures


def _in_eval_mode(kind: type[nn.Sequential] = _Remembers) -> tuple:
    dense, small, *rest = _two_nets(_next_inputs)
    return kind(*dense).eval(), kind(*small).eval(), *rest


def _means_of_others(small: nn.Sequential, dense: nn.Sequential) -> None:
    small[1].running_mean.copy_(dense[1].running_mean[:2])


def _stale_variance(small: nn.Sequential, dense: nn.Sequential) -> None:
    small[5].running_var.mul_(1.01)


def _next_inputs(small: nn.Sequential, dense: nn.Sequential) -> None:
    small[4].weight.copy_(dense[4].weight[SECOND][:, :2])


def _columns_in_turns(small: nn.Sequential, dense: nn.Sequential) -> None:
    small[8].weight.copy_(dense[8].weight[:, SECOND.repeat(4)])


def _first_filters(small: nn.Sequential, dense: nn.Sequential) -> None:
    small[0].weight.copy_(dense[0].weight[:2])


def _shift_too_low(small: nn.Sequential, dense: nn.Sequential) -> None:
    small[5].bias.sub_(0.25)


def _bias_too_high(small: nn.Sequential, dense: nn.Sequential) -> None:
    small[8].bias.add_(0.25)


def _rounded_otherwise(small: nn.Sequential, dense: nn.Sequential) -> None:
    small[8].bias.add_(1e-6)


def _up_and_down(small: nn.Sequential, dense: nn.Sequential) -> None:
    small[8].bias.add_(torch.tensor([0.5, -0.5, 0.0, 0.0, 0.0]))


def _below_0_at_0(small: nn.Sequential, dense: nn.Sequential) -> None:
    for number in (1, 5):
        norm, gone = dense[number], ~KEPT[number]
        at_0 = norm.bias - norm.weight * norm.running_mean / (norm.running_var + norm.eps).sqrt()
        norm.bias[gone] -= at_0[gone] + 0.1


faulty_layers = Exercise(
    id="3.7",
    title="Find the fault in a pruned net",
    difficulty=3,
    importance=3,
    minutes=8,
    reference=faulty_layers,
    cases=(
        Case("nothing is wrong", _two_nets),
        Case("BatchNorm has the means of other channels", lambda: _two_nets(_means_of_others)),
        Case("the second conv reads other channels", lambda: _two_nets(_next_inputs)),
        Case("the columns are taken in turns", lambda: _two_nets(_columns_in_turns)),
        Case("the first filters instead of those that stay", lambda: _two_nets(_first_filters)),
        Case(
            "two faults, one behind the other",
            lambda: _two_nets(_means_of_others, _next_inputs),
        ),
        Case("a variance 1 % too large", lambda: _two_nets(_stale_variance)),
        Case(
            "one layer too low, another too high",
            lambda: _two_nets(_shift_too_low, _bias_too_high),
        ),
        Case(
            "one output too high, another as much too low",
            lambda: _two_nets(_up_and_down),
        ),
        Case("nothing is wrong but a rounding of 1e-6", lambda: _two_nets(_rounded_otherwise)),
        Case(
            "nothing is wrong; BatchNorm makes less than 0 of a channel of zeros",
            lambda: _two_nets(_below_0_at_0),
        ),
        Case("nets that come in eval mode", _in_eval_mode),
        Case("nets that come without gradients", lambda: _in_eval_mode(_RemembersGradients)),
    ),
    hints=(
        "A layer can be tried alone: give it an input that is right, and see whether the outcome "
        "is. The right input of each small layer is known from the dense net: the channels that "
        "stay. And the dense net may only pass on what the small one has, too.",
        """
        dense   x ── conv ──┬── 0 for what is gone ── BatchNorm ──┬── 0 again ── …
                            │ what stays                          │ what stays
                            ├── equal? ── small conv(x)           ├── equal? ── small BatchNorm
                            └──────── input of ───────────────────┘
        """,
        """
        def faulty_layers(dense, small, kept, x):
            ...                             # which mode?
            faults, given = [], x           # given: what the small layer should find
            with torch.no_grad():
                for number, layer in enumerate(dense):
                    out = layer(x)
                    right = ...             # what the small layer should put out
                    if ...:
                        faults.append(number)
                    given = ...
                    x = torch.zeros_like(out)
                    x[...] = ...            # what the next dense layer may see
            return faults
        """,
    ),
    misconceptions=(
        Misconception(
            _nothing_silenced,
            "Your dense net passes on the channels that are gone, so a later layer that is right "
            "looks wrong. Set them to 0 behind each layer, as if the net were masked.",
        ),
        Misconception(
            _convs_silenced,
            "You silence the convs only. BatchNorm turns a channel of zeros into a constant, its "
            "shift, which the next conv hears: set what is gone to 0 behind *every* layer.",
        ),
        Misconception(
            _the_others_silenced,
            "You silence the channels that stay. True in `kept` means that a channel stays.",
        ),
        Misconception(
            _on_its_own_input,
            "You hand each small layer what the small layer before puts out. Behind the first "
            "fault all others look wrong, too: give each the right input, from the dense net.",
        ),
        Misconception(
            _first_only,
            "You stop at the first fault. Each layer is tried on a right input, so all of them "
            "can be found in one pass.",
        ),
        Misconception(
            _number_of_the_first,
            "You return the number of the first fault. Asked for is a list of all: empty where "
            "nothing is wrong.",
        ),
        Misconception(
            _mode_forgotten,
            "You run the nets in the mode that they come in. In train mode BatchNorm does not use "
            "the statistics that it holds, so their faults do not show: .eval() first.",
        ),
        Misconception(
            _in_train_mode,
            "You put the nets into train mode. There BatchNorm does not use the statistics that "
            "it holds, so their faults do not show: .eval() first.",
        ),
        Misconception(
            _left_in_train_mode,
            "The faults are right, but nets that came in eval mode are in train mode afterwards. "
            "Leave them in eval mode.",
        ),
        Misconception(
            _to_the_last_bit,
            "You ask for equality to the last bit. A sum over fewer channels is rounded in "
            "another way: allow 1e-4.",
        ),
        Misconception(
            _of_shapes,
            "You compare shapes. A wrong shape stops the net by itself; the faults that matter "
            "have the right shape and wrong numbers.",
        ),
        Misconception(
            _too_high_only,
            "You see only outputs that are too high. Take .abs() of the difference first.",
        ),
        Misconception(
            _too_low_only,
            "You see only outputs that are too low. Take .abs() of the difference first.",
        ),
        Misconception(
            _on_average,
            "You take the mean of the differences. What is too high here and too low there "
            "cancels out: look at the largest size.",
        ),
        Misconception(
            _first_picture,
            "You look at the first picture only. A fault may not show in it: take the whole batch.",
        ),
        Misconception(
            _within_a_tenth,
            "You allow a tenth. A fault may be small: rounding stays below 1e-4.",
        ),
        Misconception(
            _only_convs,
            "You look at the convs only. BatchNorm and the linear layer can be cut wrongly, too.",
        ),
        Misconception(
            _only_convs_and_linear,
            "You leave BatchNorm out. Its four vectors can be cut wrongly like any weight.",
        ),
        Misconception(
            _without_the_last,
            "The last layer is missing. Its outputs all stay, but the columns it reads were cut.",
        ),
        Misconception(
            _counted_from_1,
            "You count the layers from 1. As in `dense[0]`, the first has the number 0.",
        ),
        Misconception(
            _parameters_compared,
            "You compare parameters. The running mean and variance of BatchNorm are none of them, "
            "and can be those of other channels: compare what the layers put out.",
        ),
        Misconception(
            _right_ones,
            "You return the layers that are right. Those that are not are asked for.",
        ),
        Misconception(
            _an_answer_each,
            "You return an answer for each layer. Asked for are the numbers of the faulty ones.",
        ),
        Misconception(
            _whether_any,
            "You say whether something is wrong. Asked for is where: the numbers of the layers.",
        ),
        Misconception(
            _kinds_of_layers,
            "You return the kinds of the faulty layers. There may be several of a kind: return "
            "their numbers.",
        ),
        Misconception(
            _layers_themselves,
            "You return the layers themselves. Asked for are their numbers.",
        ),
    ),
    crashes={
        "must match the size of tensor": "The dense layer has more outputs. Compare those that "
        "stay: out[:, kept[number]].",
        "to have 2 channels": "The small layer reads the channels that stay: pick them from the "
        "input of the dense layer.",
        "to have 3 channels": "The dense layer reads all of its channels, those that are gone as "
        "zeros. Keep an input of its own for each of the two nets.",
        "to have 4 channels": "The dense layer reads all of its channels, those that are gone as "
        "zeros. Keep an input of its own for each of the two nets.",
        "running_mean should contain": "Each BatchNorm reads as many channels as it has numbers: "
        "the dense one all of them, the small one those that stay.",
        "shapes cannot be multiplied": "Each linear layer reads as many columns as it has weights: "
        "the dense one all of them, the small one those that stay.",
        "The shape of the mask": "kept[number] is about the *outputs* of layer number. The input "
        "is the output of the layer before.",
    },
)
