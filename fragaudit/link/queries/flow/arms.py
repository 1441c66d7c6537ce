"""Which arms of a function's choices a call of it takes, as far as what the call says decides that."""

from __future__ import annotations

from fragaudit.link.queries.draft import Keywords, Thing
from fragaudit.link.queries.flow.scope import Flow
from fragaudit.model.facts import NO_BRANCH, Branch
from fragaudit.model.sql import Constant
from fragaudit.model.values import Attr, Call, Lit, Operation, Ref, Seq, Value

NOT_TAKEN = -2
"""Stands for the arm of what doesn't run for a call."""

_FALSE = frozenset({("null", None), ("boolean", "false"), ("string", ""), ("number", "0")})


class Arms:
    """Answers, for one call of a function that is understood anew, in which undecided arm a statement stands.

    An arm is decided when the first statement in it is read: by then the names in its condition stand for what they do.
    """

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._branches = flow.program.files[flow.place.file].branches
        self._known: dict[int, bool | None] = {}

    def of(self, branch: int) -> int:
        """Return the innermost arm around a statement that may or may not be taken; `NOT_TAKEN` if one isn't."""
        chain = []
        while branch != NO_BRANCH:
            chain.append(branch)
            branch = self._branches[branch].parent
        for number in reversed(chain):
            taken = self._taken(number)
            if taken is False:
                return NOT_TAKEN
            if taken is None:
                branch = number
        return branch

    def _taken(self, number: int) -> bool | None:
        if number not in self._known:
            self._known[number] = self._decide(number)
        return self._known[number]

    def _decide(self, number: int) -> bool | None:
        branch = self._branches[number]
        if branch.kind not in ("if", "match", "else", "rest"):
            return None
        own = True if branch.kind in ("else", "rest") else _holds(branch, self._flow)
        before = [
            self._taken(other)
            for other in range(number - 1, -1, -1)
            if self._branches[other].group == branch.group and self._branches[other].arm < branch.arm
        ]
        if own is False or True in before:
            return False
        return own if all(taken is False for taken in before) else None


def _holds(branch: Branch, flow: Flow) -> bool | None:
    """Say whether the condition of an arm holds; None if that isn't known."""
    if branch.subject is None:
        return None
    if branch.label is None:
        return _truth(branch.subject, flow) if branch.kind == "if" else None
    return _same(_constant(branch.subject, flow), branch.label, flow)


def _truth(value: Value, flow: Flow) -> bool | None:
    if isinstance(value, Operation):
        operands = value.operands
        if value.op == "not":
            inner = _truth(operands[0], flow)
            return None if inner is None else not inner
        if value.op == "and":
            found = [_truth(operand, flow) for operand in operands]
            return False if False in found else None if None in found else True
        if value.op in ("==", "is", "in"):
            return _same(_constant(operands[0], flow), operands[1], flow)
        if value.op in ("!=", "is not", "not in"):
            same = _same(_constant(operands[0], flow), operands[1], flow)
            return None if same is None else not same
        return None
    known = _known(value, flow)
    if isinstance(known, Constant):
        return not is_false(known)
    if isinstance(known, Keywords) and known.complete:
        return bool(known.entries)
    return None


def is_false(constant: Constant) -> bool:
    """Say whether a constant counts as false."""
    return (constant.kind, constant.value) in _FALSE


def _same(constant: Constant | None, label: Value, flow: Flow) -> bool | None:
    """Say whether a constant is what it is compared with, or one of that."""
    if constant is None:
        return None
    found = [_constant(item, flow) for item in (label.items if isinstance(label, Seq) else (label,))]
    if constant in found:
        return True
    if (
        not isinstance(label, Seq)
        and constant.kind == "string"
        and str(constant.value) in str(getattr(found[0], "value", ""))
    ):
        return None  # `x in "abc"` is no comparison of the two
    return None if None in found else False


def _constant(value: Value, flow: Flow) -> Constant | None:
    known = _known(value, flow)
    return known if isinstance(known, Constant) else None


def _known(value: Value, flow: Flow) -> Thing:
    """Return what an expression is that asks nothing: a constant, or a name."""
    if isinstance(value, Ref):
        return flow.name(value.name) if value.name in flow.names else None
    if isinstance(value, Call) and isinstance(value.func, Attr) and value.func.name == "get":
        return option(value, flow)
    return flow.thing(value) if isinstance(value, Lit) else None


def option(call: Call, flow: Flow) -> Thing:
    """Return what `options.get("name", default)` gives of the arguments that a call hands on by name."""
    func = call.func
    base = func.base if isinstance(func, Attr) else None
    held = flow.name(base.name) if isinstance(base, Ref) and base.name in flow.names else None
    key = call.args[0].value if call.args else None
    if not isinstance(held, Keywords) or not isinstance(key, Lit):
        return None
    for name, thing in held.entries:
        if name == key.value:
            return thing
    if not held.complete:
        return None
    return flow.argument(call.args[1]) if len(call.args) > 1 else Constant(None, "null")
