"""Questions about pieces of a tree that fixes ask."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

COMPREHENSIONS = (cst.ListComp, cst.SetComp, cst.GeneratorExp)


def argument(call: cst.Call, name: str, position: int | None) -> cst.BaseExpression | None:
    """Return what a call gives for a parameter, None where it is left out or may be splatted."""
    plain = 0
    for argument in call.args:
        if argument.star:
            return None
        if argument.keyword is not None:
            if argument.keyword.value == name:
                return argument.value
            continue
        if position is not None and plain == position:
            return argument.value
        plain += 1
    return None


def entry(value: cst.Dict, name: str) -> cst.BaseExpression | None:
    """Return the value of a dictionary display under a key that is written out."""
    return next((e.value for e in value.elements if isinstance(e, cst.DictElement) and text(e.key) == name), None)


def text(node: cst.BaseExpression) -> str | None:
    """Return the text that a literal is, None for anything else."""
    value = node.evaluated_value if isinstance(node, cst.SimpleString) else None
    return value if isinstance(value, str) else None


def is_text(node: cst.BaseExpression) -> bool:
    """Say whether an expression is a text for sure."""
    if isinstance(node, (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)):
        return True
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "str"


def same_loop(one: cst.CSTNode | None, other: cst.CSTNode | None) -> bool:
    """Say whether two comprehensions run over the same with the same names."""
    if not isinstance(one, COMPREHENSIONS) or not isinstance(other, COMPREHENSIONS):
        return False
    return one.for_in.deep_equals(other.for_in)


def inside(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield a node and all below it, in the order of the source."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(top.children))
