"""From libcst expressions to values: what linking can follow is kept, the rest becomes `Other`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import libcst as cst

from fragaudit.model.values import (
    UNKNOWN,
    Arg,
    Attr,
    Call,
    Either,
    Entry,
    Function,
    Item,
    Lit,
    Map,
    Operation,
    Other,
    Ref,
    Seq,
    Span,
    Text,
    Value,
)

LONGEST_TEXT = 4_000
"""Longer literals are cut: nothing that names a store is longer, and facts stay small."""

MOST_ITEMS = 400
"""Displays with more items are data, not configuration."""

MOST_OPERANDS = 60
"""Operators of a longer chain would nest deeper than what reads the facts may recurse."""

PLACED = frozenset(
    {
        "where", "filter", "filter_by", "having", "join", "outerjoin", "and_", "or_", "not_", "exclude", "get", "aget",
        "get_or_create", "aget_or_create", "update_or_create", "aupdate_or_create", "get_object_or_404",
        "aget_object_or_404", "get_list_or_404", "Q", "append", "extend", "order_by", "any", "has", "get_or_none", "eq",
        "in_", "gt", "gte", "lt", "lte", "match", "order", "like", "ilike", "is_", "on", "orderby",
    }
)  # fmt: skip
"""Methods of which each argument is a condition or key of its own, so that its place is kept."""

_PERCENT = re.compile(r"%(?:\((?P<key>\w+)\))?[-#0 +]*\d*(?:\.\d+)?[sdrifgx]")
_BRACES = re.compile(r"\{(?P<key>[^{}:!]*)(?:![rsa])?(?::[^{}]*)?\}")
_NOWHERE: Span = (1, 1, 1, 1)
_ASSOCIATIVE = frozenset({"+", "*", "&", "|", "and"})
_OPERATORS: dict[type[cst.CSTNode], str] = {
    cst.Equal: "==",
    cst.NotEqual: "!=",
    cst.LessThan: "<",
    cst.LessThanEqual: "<=",
    cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=",
    cst.In: "in",
    cst.NotIn: "not in",
    cst.Is: "is",
    cst.IsNot: "is not",
    cst.Not: "not",
    cst.BitInvert: "~",
    cst.Plus: "+",
    cst.Minus: "-",
    cst.Subtract: "-",
    cst.Multiply: "*",
    cst.Divide: "/",
    cst.FloorDivide: "//",
    cst.Modulo: "%",
    cst.Power: "**",
    cst.MatrixMultiply: "@",
    cst.BitAnd: "&",
    cst.BitOr: "|",
    cst.BitXor: "^",
    cst.LeftShift: "<<",
    cst.RightShift: ">>",
}


class Lowering:
    """Turns expressions of one parsed piece into values; `spans` holds the places of its calls.

    `bind` is called for names bound inside expressions (walrus, comprehensions).
    """

    def __init__(self, spans: dict[int, Span], bind: Callable[[str, Value, Span, bool], None]) -> None:
        self.spans = spans
        self._bind = bind

    def value(self, node: cst.CSTNode | None) -> Value:
        """Return the value of an expression; an absent one is unknown."""
        lower = _LOWER.get(type(node)) if node is not None else None
        if lower is not None and node is not None:
            return lower(self, node)
        return UNKNOWN

    def span(self, node: cst.CSTNode) -> Span:
        """Return where a node stands."""
        return self.spans.get(id(node), _NOWHERE)

    def _other(self, *nodes: cst.CSTNode | None) -> Value:
        return other(self.value(node) for node in nodes if node is not None)

    def _name(self, node: cst.Name) -> Value:
        match node.value:
            case "True":
                return Lit(True)
            case "False":
                return Lit(False)
            case "None":
                return Lit(None)
            case name:
                return Ref(name)

    def _attribute(self, node: cst.Attribute) -> Value:
        return Attr(self.value(node.value), node.attr.value)

    def _subscript(self, node: cst.Subscript) -> Value:
        keys: list[Value] = []
        for element in node.slice:
            if isinstance(element.slice, cst.Index):
                keys.append(self.value(element.slice.value))
            elif isinstance(element.slice, cst.Slice):
                keys.append(Operation(":", (self._bound(element.slice.lower), self._bound(element.slice.upper))))
        return Item(self.value(node.value), keys[0] if len(keys) == 1 else Seq(tuple(keys)))

    def _bound(self, node: cst.BaseExpression | None) -> Value:
        return self.value(node) if node is not None else Lit(None)

    def _call(self, node: cst.Call) -> Value:
        func = self.value(node.func)
        placed = getattr(func, "name", "") in PLACED
        arguments = tuple(
            Arg(
                a.keyword.value if a.keyword is not None else (a.star or None),
                self.value(a.value),
                self.span(a) if placed else None,
            )
            for a in node.args
        )
        if isinstance(func, Attr) and func.name in ("format", "join") and isinstance(func.base, (Lit, Text)):
            text = _format(func.base, arguments) if func.name == "format" else _join(func.base, arguments)
            if text is not None:
                return text
        return Call(func, arguments, self.span(node))

    def _string(self, node: cst.SimpleString) -> Value:
        try:
            text = node.evaluated_value
        except (SyntaxError, ValueError):
            return UNKNOWN
        if isinstance(text, bytes):
            return Lit(text[:LONGEST_TEXT].decode("latin-1"))
        # Lone surrogates are legal in a literal and in nothing that stores facts.
        return Lit(text[:LONGEST_TEXT].encode("utf-8", "replace").decode("utf-8"))

    def _concatenated(self, node: cst.ConcatenatedString) -> Value:
        return join_text((self.value(node.left), self.value(node.right)))

    def _formatted(self, node: cst.FormattedString) -> Value:
        parts: list[Value] = []
        for part in node.parts:
            if isinstance(part, cst.FormattedStringText):
                parts.append(Lit(part.value.replace("{{", "{").replace("}}", "}")))
            elif isinstance(part, cst.FormattedStringExpression):
                parts.append(self.value(part.expression))
        return join_text(parts)

    def _integer(self, node: cst.Integer) -> Value:
        try:
            number = node.evaluated_value
        except (SyntaxError, ValueError):
            return UNKNOWN
        # Larger numbers are no ports, database numbers or limits, and don't survive every JSON reader.
        return Lit(number) if abs(number) < 2**53 else UNKNOWN

    def _float(self, node: cst.Float) -> Value:
        number = float(node.value.replace("_", ""))
        return Lit(number) if abs(number) != float("inf") else UNKNOWN

    def _sequence(self, node: cst.List | cst.Tuple | cst.Set) -> Value:
        if len(node.elements) > MOST_ITEMS:
            return UNKNOWN
        return Seq(tuple(self.value(element.value) for element in node.elements))

    def _dict(self, node: cst.Dict) -> Value:
        if len(node.elements) > MOST_ITEMS:
            return UNKNOWN
        return Map(
            tuple(
                Entry(self.value(e.key) if isinstance(e, cst.DictElement) else None, self.value(e.value))
                for e in node.elements
            )
        )

    def _binary(self, node: cst.BinaryOperation) -> Value:
        # A left-leaning chain of thousands of operands is legal; it must not be a chain of calls here.
        operands: list[tuple[cst.BaseBinaryOp, cst.BaseExpression]] = []
        left: cst.BaseExpression = node
        while isinstance(left, cst.BinaryOperation):
            operands.append((left.operator, left.right))
            left = left.left
        result = self.value(left)
        long = len(operands) > MOST_OPERANDS
        for operator, operand in reversed(operands):
            right = self.value(operand)
            if isinstance(operator, cst.Add):
                added = _add(result, right)
                result = added if added is not None else operation("+", result, right, long=long)
            elif isinstance(operator, cst.Modulo) and isinstance(result, (Lit, Text)):
                result = _percent(result, right) or operation("%", result, right, long=long)
            elif isinstance(operator, cst.Divide) and not (isinstance(result, Lit) and isinstance(result.value, int)):
                result = join_text((result, Lit("/"), right))
            elif isinstance(operator, cst.BitOr) and long:
                result = Either((*_options(result), *_options(right)))
            else:
                result = operation(_OPERATORS[type(operator)], result, right, long=long)
        return result

    def _boolean(self, node: cst.BooleanOperation) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.operator, cst.Or):
            return Either((*_options(left), *_options(right)))
        return operation("and", left, right)

    def _if_else(self, node: cst.IfExp) -> Value:
        return Either((*_options(self.value(node.body)), *_options(self.value(node.orelse))))

    def _unary(self, node: cst.UnaryOperation) -> Value:
        inner = self.value(node.expression)
        if isinstance(node.operator, cst.Minus) and isinstance(inner, Lit) and isinstance(inner.value, (int, float)):
            return Lit(-inner.value)
        return operation(_OPERATORS[type(node.operator)], inner)

    def _comparison(self, node: cst.Comparison) -> Value:
        if len(node.comparisons) > 1:
            # The middle of `a < b < c` is written once and belongs to both.
            return self._other(node.left, *(target.comparator for target in node.comparisons))
        target = node.comparisons[0]
        return operation(_OPERATORS[type(target.operator)], self.value(node.left), self.value(target.comparator))

    def _inner(self, node: cst.Await | cst.Yield) -> Value:
        inner = node.value if isinstance(node, cst.Yield) else node.expression
        return self.value(inner.item if isinstance(inner, cst.From) else inner)

    def _lambda(self, node: cst.Lambda) -> Value:
        return Function(self.value(node.body))

    def _walrus(self, node: cst.NamedExpr) -> Value:
        inner = self.value(node.value)
        if isinstance(node.target, cst.Name):
            self._bind(node.target.value, inner, self.span(node), False)
        return inner

    def _comprehension(self, node: cst.ListComp | cst.SetComp | cst.GeneratorExp) -> Value:
        self._for_in(node.for_in)
        return Seq((self.value(node.elt),))

    def _dict_comprehension(self, node: cst.DictComp) -> Value:
        self._for_in(node.for_in)
        return Map((Entry(self.value(node.key), self.value(node.value)),))

    def _for_in(self, node: cst.CompFor) -> None:
        iterable = self.value(node.iter)
        for name in names_of(node.target):
            self._bind(name, iterable, _NOWHERE, True)
        if node.inner_for_in is not None:
            self._for_in(node.inner_for_in)


def names_of(target: cst.CSTNode) -> Iterable[str]:
    """Yield the plain names that an assignment target binds."""
    if isinstance(target, cst.Name):
        yield target.value
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from names_of(element.value)


def other(parts: Iterable[Value]) -> Value:
    """Return an `Other` of the parts that can still hold a call or a name."""
    kept = tuple(part for part in parts if not isinstance(part, Lit) and part != UNKNOWN)
    return Other(kept) if kept else UNKNOWN


def join_text(parts: Iterable[Value]) -> Value:
    """Return the concatenation of string values, neighbours merged."""
    merged: list[Value] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Text) else (part,):
            last = merged[-1] if merged else None
            if isinstance(piece, Lit) and isinstance(last, Lit):
                merged[-1] = Lit(f"{last.value}{piece.value}"[:LONGEST_TEXT])
            else:
                merged.append(piece)
    if not merged:
        return Lit("")
    if len(merged) > MOST_ITEMS:
        return other(merged)
    if len(merged) == 1 and isinstance(merged[0], Lit):
        return merged[0]
    return Text(tuple(merged))


def _options(value: Value) -> tuple[Value, ...]:
    return value.options if isinstance(value, Either) else (value,)


def operation(op: str, *operands: Value, long: bool = False) -> Value:
    """Return an operation on values of which one at least can be followed; of constants alone nothing is kept.

    `long`: it is part of a chain so long that only what is in it is kept, without nesting.
    """
    if long:
        return other(part for value in operands for part in (value.parts if isinstance(value, Other) else (value,)))
    if all(isinstance(operand, Lit) or operand == UNKNOWN for operand in operands):
        return operands[-1] if op == "and" else Either(operands) if op == "|" else UNKNOWN
    if op in _ASSOCIATIVE:
        return Operation(op, tuple(part for operand in operands for part in _same(op, operand)))
    return Operation(op, operands)


def _same(op: str, value: Value) -> tuple[Value, ...]:
    return value.operands if isinstance(value, Operation) and value.op == op else (value,)


def _add(left: Value, right: Value) -> Value | None:
    if isinstance(left, Seq) and isinstance(right, Seq):
        return Seq((*left.items, *right.items))
    if isinstance(left, Text) or isinstance(right, Text) or _is_text(left) or _is_text(right):
        return join_text((left, right))
    return None


def _is_text(value: Value) -> bool:
    return isinstance(value, Lit) and isinstance(value.value, str)


def _fill(base: Value, pattern: re.Pattern[str], holes: Callable[[str | None, int], Value]) -> Value:
    parts: list[Value] = []
    number = 0
    for piece in base.parts if isinstance(base, Text) else (base,):
        if not isinstance(piece, Lit) or not isinstance(piece.value, str):
            parts.append(piece)
            continue
        end = 0
        for match in pattern.finditer(piece.value):
            parts.append(Lit(piece.value[end : match.start()]))
            parts.append(holes(match["key"], number))
            number += 1
            end = match.end()
        parts.append(Lit(piece.value[end:]))
    return join_text(part for part in parts if part != Lit(""))


def _percent(base: Value, right: Value) -> Value | None:
    if isinstance(base, Lit) and not isinstance(base.value, str):
        return None
    items = right.items if isinstance(right, Seq) else (right,)
    named = {e.key.value: e.value for e in right.entries if isinstance(e.key, Lit)} if isinstance(right, Map) else {}

    def hole(key: str | None, number: int) -> Value:
        if key is not None:
            return named.get(key, UNKNOWN)
        return items[number] if number < len(items) else UNKNOWN

    return _fill(base, _PERCENT, hole)


def _format(base: Value, arguments: tuple[Arg, ...]) -> Value | None:
    plain = [a.value for a in arguments if a.name is None]
    named = {a.name: a.value for a in arguments if a.name is not None}

    def hole(key: str | None, number: int) -> Value:
        if not key:
            return plain[number] if number < len(plain) else UNKNOWN
        if key.isdigit():
            return plain[int(key)] if int(key) < len(plain) else UNKNOWN
        return named.get(key, UNKNOWN)

    return _fill(base, _BRACES, hole)


def _join(base: Value, arguments: tuple[Arg, ...]) -> Value | None:
    if len(arguments) != 1 or not isinstance(arguments[0].value, Seq):
        return None
    parts: list[Value] = []
    for item in arguments[0].value.items:
        if parts:
            parts.append(base)
        parts.append(item)
    return join_text(parts)


_LOWER: dict[type[cst.CSTNode], Callable[..., Value]] = {
    cst.Name: Lowering._name,
    cst.Attribute: Lowering._attribute,
    cst.Subscript: Lowering._subscript,
    cst.Call: Lowering._call,
    cst.SimpleString: Lowering._string,
    cst.ConcatenatedString: Lowering._concatenated,
    cst.FormattedString: Lowering._formatted,
    cst.Integer: Lowering._integer,
    cst.Float: Lowering._float,
    cst.List: Lowering._sequence,
    cst.Tuple: Lowering._sequence,
    cst.Set: Lowering._sequence,
    cst.Dict: Lowering._dict,
    cst.BinaryOperation: Lowering._binary,
    cst.BooleanOperation: Lowering._boolean,
    cst.IfExp: Lowering._if_else,
    cst.UnaryOperation: Lowering._unary,
    cst.Comparison: Lowering._comparison,
    cst.Await: Lowering._inner,
    cst.Yield: Lowering._inner,
    cst.Lambda: Lowering._lambda,
    cst.NamedExpr: Lowering._walrus,
    cst.ListComp: Lowering._comprehension,
    cst.SetComp: Lowering._comprehension,
    cst.GeneratorExp: Lowering._comprehension,
    cst.DictComp: Lowering._dict_comprehension,
}
