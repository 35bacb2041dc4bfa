"""What a net does with its input, step by step, without running it. Lesson 03.

``torch.fx`` calls ``forward`` once with stand-ins instead of numbers and records each module,
function and method that they meet: a *look*. It does not see hooks, nor a ``forward`` that was
replaced, nor what a net remembers from pass to pass; so these are looked for here as well.
"""

import inspect
import operator
import random
from collections.abc import Collection, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from course_utils.layers import keeps_masks, make_permanent, masked_parameters, plain_copy

# What forward may ask of a weight without reading its numbers.
FACTS = {"dtype", "device", "ndim", "is_cuda", "requires_grad", "dim", "ndimension"}
# Kinds of modules that hold the net whose forward can be read, and under which name.
WRAPPED = {
    "OptimizedModule": "_orig_mod",
    "DataParallel": "module",
    "DistributedDataParallel": "module",
    "AveragedModel": "module",
}
OLD_NORMS = {
    "WeightNorm": "take that off with torch.nn.utils.remove_weight_norm first",
    "SpectralNorm": "take that off with torch.nn.utils.remove_spectral_norm first",
}


# Looking ------------------------------------------------------------------------------------------


def looked_at(
    model: nn.Module, example: Tensor | tuple | None
) -> tuple[nn.Module, list["Look"], str | None]:
    """A copy without masks, a look in each mode, and what is wrong with the looks or None."""
    copy = make_permanent(plain_copy(model))
    looks = [Look(copy, False, example), Look(copy, True, example)]
    if any(look.drew_lots for look in looks):
        return copy, looks, (
            "forward draws random numbers itself, and which layers it calls may hang on them"
        )  # fmt: skip
    first, second = (look.record() for look in looks)
    if first == second:
        looks = looks[:1]
    elif first != Look(copy, False, example).record():
        return copy, looks, f"{type(model).__name__} does something else at its second pass"
    if masked_parameters(model) and first != Look(plain_copy(model), False, example).record():
        return copy, looks, (
            "forward reads numbers that have a mask on without calling their layer; "
            "make_permanent the net first"
        )  # fmt: skip
    return copy, looks, None


def closed_to_reading(model: nn.Module) -> str | None:
    """What a net may hold beside its ``forward`` that changes what it computes."""
    kind = type(model).__name__
    if kind in WRAPPED:
        return f"{kind} only wraps the net; pass model.{WRAPPED[kind]}"
    for name, module in model.named_modules():
        where = f"{name!r}" if name else type(module).__name__
        if any(is_lazy(parameter) for parameter in module.parameters(recurse=False)):
            return f"{where} has no weights yet; run one batch through the net first"
        normed = [h for h in module._forward_pre_hooks.values() if type(h).__name__ in OLD_NORMS]
        if normed:
            return f"the weight of {where} is computed anew; {OLD_NORMS[type(normed[0]).__name__]}"
        hooks = (*module._forward_hooks.values(), *module._forward_pre_hooks.values())
        if not all(map(keeps_masks, hooks)):
            return f"a forward hook hangs on {where} and may change what flows; remove it first"
        patched = type(module).__call__ is not nn.Module.__call__
        if "forward" in vars(module) or (patched and not isinstance(module, fx.GraphModule)):
            return f"the forward of {where} has been replaced; put it into a class of its own"
    holders = [id(p) for m in model.modules() for p in m.parameters(recurse=False)]
    for module, held in masked_parameters(model):
        if holders.count(id(getattr(module, f"{held}_orig"))) > 1:
            return f"a {held} with a mask on is shared by two layers; make_permanent the net first"
    return None


class _Tracer(fx.Tracer):
    proxy_buffer_attributes = True  # a buffer that forward reads shows up in the record, too


class Look:
    """One pass of stand-ins through a net in train or in eval mode."""

    def __init__(self, copy: nn.Module, training: bool, example: Tensor | tuple | None) -> None:
        self.copy, self.training = copy, training
        before = _random_state()
        self.graph = _Tracer().trace(copy.train(training), _optional(copy, example))
        # A dropout meets stand-ins and draws nothing. What draws now decides something.
        self.drew_lots = _random_state() != before
        # fx leaves tensors that it met as attributes of the net; the next look must not see them.
        self.constants = {
            name: vars(copy).pop(name) for name in [*vars(copy)] if name.startswith("_tensor_const")
        }

    def shapes(self, example: Tensor | tuple) -> dict[fx.Node, torch.Size]:
        """The shape of each tensor when the net is given ``example``."""
        recorder = _ShapeRecorder(self.copy.eval(), graph=self.graph)
        vars(self.copy).update(self.constants)
        try:
            with torch.no_grad():
                recorder.run(*(x.clone() if isinstance(x, Tensor) else x for x in inputs(example)))
        except Exception as error:
            name = type(self.copy).__name__
            raise ValueError(
                f"{name} cannot run on the example that you passed: {first_line(error)}."
            ) from error
        finally:
            for name in self.constants:
                del vars(self.copy)[name]
        return recorder.shapes

    def record(self, reshaped: Collection[str] = ()) -> list[tuple]:
        """Each step with its constants; without the sizes that ``reshaped`` steps write down."""
        steps = []
        for node in self.graph.nodes:
            operands = fx.node.map_arg((node.args, node.kwargs), lambda given: given.name)
            if node.name in reshaped:
                operands = ()
            constant = self.constants.get(str(node.target))
            value = None if constant is None else constant.tolist()
            steps.append((node.op, node.target, repr(operands), repr(value)))
        return steps


def _random_state() -> tuple:
    """Of the global generators of Python, NumPy and PyTorch."""
    _, keys, *place = np.random.get_state()
    return random.getstate(), keys.tobytes(), place, torch.get_rng_state().numpy().tobytes()


def _optional(model: nn.Module, example: Tensor | tuple | None) -> dict[str, object]:
    """What ``forward`` gets without being given it: a stand-in for None would not be None."""
    given = 0 if example is None else len(inputs(example))
    parameters = [*inspect.signature(model.forward).parameters.values()]
    return {p.name: p.default for p in parameters[given:] if p.default is not p.empty}


class _ShapeRecorder(fx.Interpreter):
    def __init__(self, *arguments, **options) -> None:
        super().__init__(*arguments, **options)
        self.shapes = {}

    def run_node(self, node: fx.Node) -> object:
        result = super().run_node(node)
        if isinstance(result, Tensor):
            self.shapes[node] = result.shape
        return result


def inputs(example: Tensor | tuple) -> tuple:
    """What the net is called with."""
    return example if isinstance(example, tuple) else (example,)


# Modules that may be cut --------------------------------------------------------------------------


def unfit(
    graph: fx.Graph, modules: Mapping[str, nn.Module], kinds: tuple[type, ...]
) -> dict[str, str | None]:
    """For each module of ``kinds``: why it must not be cut, as the end of a sentence, or None."""
    calls = [node.target for node in graph.nodes if node.op == "call_module"]
    # To ask for a dtype or a device reads no number.
    reads = {
        node.target.rpartition(".")[0]
        for node in graph.nodes
        if node.op == "get_attr" and not all(_asks_for_a_fact(user) for user in node.users)
    }
    owners: dict[int, list[str]] = {}
    for name, module in modules.items():
        for parameter in module.parameters(recurse=False):
            owners.setdefault(id(parameter), []).append(name)
    inside = {
        part: name
        for name in set(calls)
        for part in modules[name].modules()
        if part is not modules[name]
    }
    found = {}
    for name, module in modules.items():
        if not isinstance(module, kinds):
            continue
        shared = {o for p in module.parameters(recurse=False) for o in owners[id(p)]} - {name}
        found[name] = None
        if parametrize.is_parametrized(module) or "weight" not in module._parameters:
            found[name] = "has a weight that is computed (weight norm or the like): make it plain"
        elif shared:
            others = ", ".join(repr(other) for other in sorted(shared) if other)
            found[name] = f"shares its weight with {others or 'the net itself'}"
        elif module in inside:
            found[name] = f"is used inside {inside[module]!r} as well"
        elif calls.count(name) > 1:
            found[name] = "is used more than once by the net"
        elif name in reads:
            found[name] = "has numbers that forward reads without calling it"
    return found


def _asks_for_a_fact(node: fx.Node) -> bool:
    return node.target is getattr and node.args[1] in FACTS


# Reading a step -----------------------------------------------------------------------------------


def called(node: fx.Node) -> str | None:
    """The name of a method, or of a function of torch, its functional part, or Python's operators.

    None for anybody else's function, which may do anything under a known name.
    """
    if node.op == "call_method":
        return node.target
    name = getattr(node.target, "__name__", None)
    homes = (torch, F, operator)
    known = node.target is getattr or any(
        getattr(home, str(name), None) is node.target for home in homes
    )
    return name if known else None


def described(node: fx.Node, module: nn.Module | None = None) -> str:
    if module is not None:
        return f"{type(module).__name__} {node.target!r}"
    return f"{getattr(node.target, '__name__', node.target)}()"


def arguments(node: fx.Node, *wanted: tuple[str, object]) -> tuple:
    """The arguments behind the tensor, by position or by name, or their defaults."""
    given = dict(zip((name for name, _ in wanted), node.args[1:], strict=False))
    return tuple(given.get(name, node.kwargs.get(name, default)) for name, default in wanted)


def given_beside(node: fx.Node) -> list:
    """All arguments behind the tensor, lists taken apart."""
    flat = []
    for argument in (*node.args[1:], *node.kwargs.values()):
        flat += argument if isinstance(argument, tuple | list) else [argument]
    return flat


def first_line(error: Exception) -> str:
    """What an error says, without the pages that torch.fx adds, and without a full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].removesuffix(".")
