"""Exercise 2.6: Save a pruned model so that it loads."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from course_utils.exercises.checker.exercise import Case, Exercise, Misconception
from course_utils.exercises.checker.samples import Weights, normal


def plain_state(state: Mapping[str, Tensor]) -> Weights:
    plain = {}
    for name, tensor in state.items():
        if name.endswith("_orig"):
            name = name.removesuffix("_orig")
            tensor = tensor * state[f"{name}_mask"]
        elif name.endswith("_mask") and f"{name.removesuffix('_mask')}_orig" in state:
            continue
        plain[name] = tensor
    return plain


State = Mapping[str, Tensor]


def _is_mask(name: str, state: State) -> bool:
    return name.endswith("_mask") and name.removesuffix("_mask") + "_orig" in state


def _ends_in_mask(name: str, state: State) -> bool:
    return name.endswith("_mask")


def _altered(
    *,
    plain_name: Callable[[str], str] = lambda name: name.removesuffix("_orig"),
    value: Callable[[Tensor, Tensor], Tensor] = lambda tensor, mask: tensor * mask,
    dropped: Callable[[str, State], bool] = _is_mask,
    pruned_stay: bool = True,
) -> Callable:
    """As the reference, with one part altered."""

    def wrong(state: State) -> Weights:
        plain = {}
        for name, tensor in state.items():
            if name.endswith("_orig"):
                if pruned_stay:
                    mask = state[name.removesuffix("_orig") + "_mask"]
                    plain[plain_name(name)] = value(tensor, mask)
            elif not dropped(name, state):
                plain[name] = tensor
        return plain

    return wrong


def _only_pruned_layers(state: State) -> Weights:
    return {
        n.removesuffix("_orig"): t * state[n.removesuffix("_orig") + "_mask"]
        for n, t in state.items()
        if n.endswith("_orig")
    }


def _unchanged(state: State) -> Weights:
    return dict(state)


def _renamed(plain_name: Callable[[str], str], dropped: Callable[[str, State], bool]) -> Callable:
    """All names changed, not only those that end in _orig."""
    right = _altered(dropped=dropped)
    return lambda state: {plain_name(name): tensor for name, tensor in right(state).items()}


def _weights_only(state: State) -> Weights:
    right = _altered()(state)
    left = {n: t for n, t in state.items() if n.endswith(("bias_orig", "bias_mask"))}
    return {name: t for name, t in right.items() if f"{name}_orig" not in left} | left


def _weight_masks_only(state: State) -> Weights:
    left = {name: tensor for name, tensor in state.items() if name.endswith("bias_mask")}
    return _altered()(state) | left


def _by_position(state: State) -> Weights:
    masks = iter([tensor for name, tensor in state.items() if _is_mask(name, state)])
    return _altered(value=lambda tensor, mask: tensor * next(masks))(state)


def _as_float(state: State) -> Weights:
    return {name: tensor.float() for name, tensor in _altered()(state).items()}


_SLIPS = (
    (
        {"value": lambda tensor, mask: tensor},
        "You rename weight_orig to weight, but weight_orig still holds the pruned weights: the "
        "sparsity is back to 0. Multiply by the mask.",
    ),
    (
        {"pruned_stay": False},
        "The pruned layers are gone. With strict=False such a state loads without a word and "
        "leaves those layers at their random start.",
    ),
    (
        {"plain_name": lambda name: name},
        "The numbers are right, but the names still end in _orig: a plain model looks for "
        "weight and does not find it.",
    ),
    (
        {"value": lambda tensor, mask: tensor * (1 - mask)},
        "You multiply by 1 − mask, the other way round: what is kept became 0. In a mask 1 means "
        "kept.",
    ),
    (
        {"value": lambda tensor, mask: mask},
        "You store the mask itself under the weight's name. It says which weights are kept; their "
        "values stand in …_orig. Multiply the two.",
    ),
    (
        {"plain_name": lambda name: name.rstrip("_orig")},
        "rstrip and strip take *letters* off, any of _, o, r, i and g, as long as one stands "
        "there: 'head.g_orig' becomes 'head.'. removesuffix takes one ending off.",
    ),
)


def _pruned_state() -> Weights:
    return {
        "fc1.bias": torch.tensor([0.5, -0.5]),
        "fc1.weight_orig": torch.tensor([[1.0, 2.0], [-3.0, 4.0]]),
        "fc1.weight_mask": torch.tensor([[1.0, 0.0], [0.0, 1.0]]),
    }


plain_state = Exercise(
    id="2.6",
    title="Save a pruned model so that it loads",
    difficulty=2,
    importance=3,
    minutes=5,
    reference=plain_state,
    cases=(
        Case("one pruned layer", lambda: (_pruned_state(),)),
        Case("nothing pruned", lambda: ({"fc1.weight": torch.ones(2, 2)},)),
        Case(
            "a pruned and a dense layer",
            lambda: (
                {
                    **_pruned_state(),
                    "fc2.weight": normal(1, 2),
                    "fc2.bias": torch.tensor([0.1]),
                },
            ),
        ),
        Case(
            "weight and bias pruned",
            lambda: (
                {
                    "fc.weight_orig": normal(2, 2),
                    "fc.bias_orig": torch.tensor([1.0, 2.0]),
                    "fc.weight_mask": torch.tensor([[0.0, 1.0], [1.0, 1.0]]),
                    "fc.bias_mask": torch.tensor([0.0, 1.0]),
                },
            ),
        ),
        Case(
            "masks in another order than the weights",
            lambda: (
                {
                    "fc1.weight_orig": torch.tensor([1.0, 2.0]),
                    "fc2.weight_orig": torch.tensor([3.0, 4.0]),
                    "fc2.weight_mask": torch.tensor([0.0, 1.0]),
                    "fc1.weight_mask": torch.tensor([1.0, 0.0]),
                },
            ),
        ),
        Case(
            "names with an underscore",
            lambda: (
                {
                    "conv_1.weight_mask": torch.tensor([1.0, 0.0]),
                    "conv_1.weight_orig": torch.tensor([1.0, 2.0]),
                },
            ),
        ),
        Case(
            "a name that ends in a letter of _orig",
            lambda: (
                {
                    "head.g_orig": torch.tensor([1.0, 2.0]),
                    "head.g_mask": torch.tensor([0.0, 1.0]),
                },
            ),
        ),
        Case(
            "a dense entry with _orig inside its name",
            lambda: ({**_pruned_state(), "x_original.bias": torch.tensor([0.1])},),
        ),
        Case(
            "attn_mask has no partner in _orig, so it is no mask of pruning",
            lambda: ({**_pruned_state(), "attn_mask": torch.tensor([1.0, 0.0])},),
        ),
        Case(
            "a counter of whole numbers",
            lambda: ({**_pruned_state(), "bn.num_batches_tracked": torch.tensor(3)},),
        ),
    ),
    hints=(
        "A masked layer stores two tensors where a plain one stores one. Every pair must become "
        "their product under the plain name; everything else stays as it is.",
        """
        fc1.weight_orig  ┐
        fc1.weight_mask  ┴→  fc1.weight = orig · mask
        fc1.bias         →   fc1.bias
        """,
        """
        def plain_state(state):
            plain = {}
            for name, tensor in state.items():
                if name.endswith("_orig"):
                    ...                    # the plain name, and the product
                elif ...:                  # its mask: only if the partner in _orig is there
                    continue
                plain[name] = tensor
            return plain
        """,
    ),
    misconceptions=(
        Misconception(
            _altered(dropped=_ends_in_mask),
            "You drop every entry that ends in _mask. An entry such as attn_mask, without a "
            "partner in _orig, is no mask of pruning: it stays.",
        ),
        *(Misconception(_altered(**slip), says) for slip, says in _SLIPS),
        *(
            Misconception(
                _altered(**slip, dropped=_ends_in_mask),
                f"{says} And keep an entry such as attn_mask, which has no partner in _orig.",
            )
            for slip, says in _SLIPS
        ),
        Misconception(
            _altered(dropped=lambda name, state: False),
            "The masks are still in. A plain model has no weight_mask, so load_state_dict refuses.",
        ),
        Misconception(
            _only_pruned_layers,
            "You keep the pruned tensors only. Biases and dense layers belong into the file too.",
        ),
        Misconception(
            _unchanged,
            "The state is still the masked one. Pairs of _orig and _mask must become one tensor.",
        ),
        *(
            Misconception(_renamed(plain_name, dropped), f"{says}{more}")
            for plain_name, says in (
                (
                    lambda name: name.replace("_orig", ""),
                    "You take _orig out of every name, wherever it stands. It is only the ending "
                    "that goes, and only of the entries that have it: removesuffix.",
                ),
                (
                    lambda name: name.split("_orig")[0],
                    "You cut every name at _orig, wherever it stands. It is only the ending that "
                    "goes, and only of the entries that have it: removesuffix.",
                ),
            )
            for dropped, more in (
                (_is_mask, ""),
                (_ends_in_mask, " And keep attn_mask, which has no partner in _orig."),
            )
        ),
        Misconception(
            _weights_only,
            "You merge pairs of weights only. A bias can be pruned, too: any name with _orig has "
            "a partner with _mask.",
        ),
        Misconception(
            _weight_masks_only,
            "You drop masks of weights only. A bias can be pruned, too, and its mask goes as well.",
        ),
        Misconception(
            _by_position,
            "You match weights and masks by their order. A state need not list them in the same "
            "order: match them by their names.",
        ),
        Misconception(
            _as_float,
            "You make every entry float32. All other entries stay as they are, int64 counters too.",
        ),
    ),
    crashes={
        "'conv_mask'": "You cut a name at its first underscore. Layers may have underscores in "
        "their names, as conv_1: only the ending _orig goes.",
        "'conv_orig'": "You cut a name at its first underscore. Layers may have underscores in "
        "their names, as conv_1: only the ending _mask goes.",
        "'conv_1.weight'": "A mask may stand before its weight: the order of the entries is not "
        "fixed. Look the partner up in `state` by its name.",
        "maskinal": "You look for _orig anywhere in a name. Only an ending says that an entry is "
        "pruned: name.endswith('_orig').",
        "_orig_mask": "The mask's name is the plain name with _mask: take _orig off first.",
        "changed size during iteration": "You add or remove entries while you go through the "
        "dictionary. Fill a new one.",
    },
)
