"""Mechanical mistakes: copies of a function, each with one small thing in it altered.

``mutants`` alters its code, ``mutants_of_calls`` what goes in and what comes out.
"""

import ast
import copy
import inspect
import math
import textwrap
from collections.abc import Callable, Iterator, Sequence

from torch import nn

BINARY = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.Pow: ast.Mult, ast.MatMult: ast.Mult,
}  # fmt: skip
COMPARISON = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt,
    ast.Gt: ast.GtE, ast.GtE: ast.Gt,
}  # fmt: skip
NAMES = {
    "max": "min", "min": "max", "reversed": "list", "sorted": "list", "round": "int",
    "ceil": "floor", "sum": "max", "ones_like": "zeros_like", "dict": "(lambda x: x)",
}  # fmt: skip

ROUNDINGS = {
    "round": ("math.floor", "math.ceil", "(lambda x: math.floor(x + 0.5))"),
    "ceil": ("math.floor", "round"),
    "floor": ("math.ceil", "round"),
}
FIRST_OR_LAST = {
    "max": "(lambda items, default=None: [default, *items][-1])",
    "min": "(lambda items, default=None: [*items, default][0])",
}


def mutants(function: Callable) -> Iterator[tuple[str, Callable]]:
    """Each mutant with a description such as ``line 3: * → / in 'weight * mask'``."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for index, node in enumerate(ast.walk(tree)):
        for description, alter in _alterations(node):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[index]
            alter(target, changed)
            ast.fix_missing_locations(changed)
            text = f"line {node.lineno}: {description} in {ast.unparse(node)!r}"
            yield text, _compiled(changed, function)


def _compiled(tree: ast.Module, function: Callable) -> Callable:
    namespace = {**function.__globals__, "math": math}
    exec(compile(tree, "<mutant>", "exec"), namespace)
    return namespace[function.__name__]


def _alterations(node: ast.AST) -> Iterator[tuple[str, Callable]]:
    if isinstance(node, ast.BinOp):
        yield from _of_operator(node)
    elif isinstance(node, ast.Compare):
        for position, operator in enumerate(node.ops):
            new = COMPARISON.get(type(operator))
            if new is not None:
                yield f"{type(operator).__name__} → {new.__name__}", _set_comparison(position, new)
        if ast.unparse(node.comparators[0]) == "0" and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            yield "0 or nearly", _nearly_zero
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node)
    elif isinstance(node, ast.UnaryOp):
        yield "operator dropped", lambda n, tree: _become(n, n.operand, tree)
    elif isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield ".T dropped", lambda n, tree: _become(n, n.value, tree)
    elif isinstance(node, ast.Slice) and (node.lower or node.upper):
        yield "slice turned round", _turn_slice
    elif isinstance(node, ast.Assign | ast.AugAssign | ast.Raise | ast.Continue | ast.If):
        yield "line dropped", lambda n, tree: _become(n, ast.Pass(), tree)


def _of_operator(node: ast.BinOp) -> Iterator[tuple[str, Callable]]:
    new = BINARY.get(type(node.op))
    if new is not None:
        yield f"{type(node.op).__name__} → {new.__name__}", lambda n, _: setattr(n, "op", new())
    yield "right side dropped", lambda n, tree: _become(n, n.left, tree)
    yield "left side dropped", lambda n, tree: _become(n, n.right, tree)
    if isinstance(node.op, ast.Mult) and isinstance(node.left, ast.Name):
        yield "in place instead of a copy", _in_place


def _of_constant(node: ast.Constant) -> Iterator[tuple[str, Callable]]:
    if isinstance(node.value, bool):
        yield "truth turned", lambda n, _: setattr(n, "value", not n.value)
    elif isinstance(node.value, int | float):
        yield "one more", lambda n, _: setattr(n, "value", n.value + 1)
        yield "one less", lambda n, _: setattr(n, "value", n.value - 1)


def _of_call(node: ast.Call) -> Iterator[tuple[str, Callable]]:
    function = node.func
    if isinstance(function, ast.Attribute) and not isinstance(function.value, ast.Name):
        yield f".{function.attr}() dropped", lambda n, tree: _become(n, n.func.value, tree)
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in NAMES:
        yield f"{name} → {NAMES[name]}", _rename
    if isinstance(function, ast.Name) or ast.unparse(function).startswith("math."):
        others = ROUNDINGS.get(name, ())
        if len(node.args) == 1 and {k.arg for k in node.keywords} <= {"default"}:
            others += (FIRST_OR_LAST[name],) if name in FIRST_OR_LAST else ()
        for other in others:
            yield f"{name} → {other}", lambda n, _, other=other: setattr(n, "func", _parsed(other))
    if name == "argsort" and node.keywords:
        yield "of equal ones the last first", _last_of_equal_ones
    for position, keyword in enumerate(node.keywords):
        yield f"{keyword.arg}= dropped", lambda n, _, p=position: n.keywords.pop(p)


def _set_comparison(position: int, new: type) -> Callable:
    return lambda n, _: n.ops.__setitem__(position, new())


def _nearly_zero(node: ast.Compare, tree: ast.Module) -> None:
    sign = "<" if isinstance(node.ops[0], ast.Eq) else ">="
    _become(node, _parsed(f"(abs({ast.unparse(node.left)}) {sign} 1e-7)"), tree)


def _last_of_equal_ones(node: ast.Call, tree: ast.Module) -> None:
    sorted_ = ast.unparse(node.func.value)
    _become(node, _parsed(f"len({sorted_}) - 1 - {sorted_}.flip(0).argsort(stable=True)"), tree)


def _parsed(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


def _turn_slice(node: ast.Slice, _: ast.Module) -> None:
    node.lower, node.upper = node.upper, node.lower


def _rename(node: ast.Call, _: ast.Module) -> None:
    if isinstance(node.func, ast.Attribute):
        node.func.attr = NAMES[node.func.attr]
    else:
        node.func = _parsed(NAMES[node.func.id])


def _in_place(node: ast.BinOp, tree: ast.Module) -> None:
    method = ast.Attribute(node.left, "mul_", ast.Load())
    _become(node, ast.Call(method, [node.right], []), tree)


def _become(old: ast.AST, new: ast.AST, tree: ast.Module) -> None:
    """Put ``new`` where ``old`` stands."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(item is old for item in value):
                value[next(i for i, item in enumerate(value) if item is old)] = new


# Calls that are altered ---------------------------------------------------------------------------


def mutants_of_calls(
    function: Callable, calls: Sequence[Callable[[], tuple]]
) -> Iterator[tuple[str, Callable]]:
    """Each mutant with a description, where its kind can make a difference for these calls."""
    arguments = [call() for call in calls]
    yield "remembers the first call", _remembers(function)
    yield "another answer at every second call", _changes_its_mind(function)
    if _some(arguments, nn.Module):
        for name, leave in (("train", nn.Module.train), ("eval", nn.Module.eval), ("grad", _grads)):
            yield f"leaves nets with another {name}", _leaves_behind(function, leave)
    if any(map(_same_names_twice, arguments)):
        yield "dictionaries paired by position", _by_position(function)


def _some(arguments: list[tuple], kind: type) -> bool:
    return any(isinstance(value, kind) for each in arguments for value in each)


def _same_names_twice(arguments: tuple) -> bool:
    names = [frozenset(value) for value in arguments if isinstance(value, dict) and len(value) > 1]
    return len(set(names)) < len(names)


def _remembers(function: Callable) -> Callable:
    memory = {}

    def mutant(*arguments):
        key = tuple(getattr(value, "shape", None) for value in arguments)
        if key not in memory:
            memory[key] = function(*arguments)
        return memory[key]

    return mutant


def _changes_its_mind(function: Callable) -> Callable:
    calls = []

    def mutant(*arguments):
        calls.append(1)
        return function(*arguments) if len(calls) % 2 else None

    return mutant


def _leaves_behind(function: Callable, leave: Callable) -> Callable:
    def mutant(*arguments):
        result = function(*arguments)
        for value in arguments:
            if isinstance(value, nn.Module):
                leave(value)
        return result

    return mutant


def _grads(net: nn.Module) -> None:
    for parameter in net.parameters():
        parameter.grad = parameter.detach().clone()


def _by_position(function: Callable) -> Callable:
    def mutant(*arguments):
        first = next(value for value in arguments if isinstance(value, dict))
        paired = [
            dict(zip(first, value.values(), strict=True))
            if isinstance(value, dict) and set(value) == set(first)
            else value
            for value in arguments
        ]
        return function(*paired)

    return mutant
