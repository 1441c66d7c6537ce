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

_PERCENT = re.compile(r"%(?:\((?P<key>\w+)\))?[-#0 +]*\d*(?:\.\d+)?[sdrifgx]")
_BRACES = re.compile(r"\{(?P<key>[^{}:!]*)(?:![rsa])?(?::[^{}]*)?\}")
_NOWHERE: Span = (1, 1, 1, 1)


class Lowering:
    """Turns expressions of one parsed piece into values; `spans` holds the places of its calls.

    `bind` is called for names bound inside expressions (walrus, comprehensions, defaults of lambdas): with the value,
    where, whether the name takes the value's elements, and which part of each (`Binding.key`).
    """

    def __init__(self, spans: dict[int, Span], bind: Callable[[str, Value, Span, bool, Value | None], None]) -> None:
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
            else:
                keys.append(UNKNOWN)
        return Item(self.value(node.value), keys[0] if len(keys) == 1 else Seq(tuple(keys)))

    def _call(self, node: cst.Call) -> Value:
        arguments = tuple(
            Arg(a.keyword.value if a.keyword is not None else (a.star or None), self.value(a.value)) for a in node.args
        )
        func = self.value(node.func)
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
        for operator, operand in reversed(operands):
            right = self.value(operand)
            if isinstance(operator, cst.Add):
                result = _add(result, right)
            elif isinstance(operator, cst.Modulo) and isinstance(result, (Lit, Text)):
                result = _percent(result, right) or other((result, right))
            elif isinstance(operator, cst.Divide) and not (isinstance(result, Lit) and isinstance(result.value, int)):
                result = join_text((result, Lit("/"), right))
            elif isinstance(operator, cst.BitOr):
                result = Either((*_options(result), *_options(right)))
            else:
                result = other((result, right))
        return result

    def _boolean(self, node: cst.BooleanOperation) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.operator, cst.Or):
            return Either((*_options(left), *_options(right)))
        return Either((right, other((left,)))) if right != UNKNOWN else other((left,))

    def _if_else(self, node: cst.IfExp) -> Value:
        return Either((*_options(self.value(node.body)), *_options(self.value(node.orelse))))

    def _unary(self, node: cst.UnaryOperation) -> Value:
        inner = self.value(node.expression)
        if isinstance(node.operator, cst.Minus) and isinstance(inner, Lit) and isinstance(inner.value, (int, float)):
            return Lit(-inner.value)
        return other((inner,))

    def _comparison(self, node: cst.Comparison) -> Value:
        return self._other(node.left, *(target.comparator for target in node.comparisons))

    def _inner(self, node: cst.Await | cst.Yield) -> Value:
        inner = node.value if isinstance(node, cst.Yield) else node.expression
        return self.value(inner.item if isinstance(inner, cst.From) else inner)

    def _lambda(self, node: cst.Lambda) -> Value:
        names: list[str] = []
        for parameter in (*node.params.posonly_params, *node.params.params, *node.params.kwonly_params):
            names.append(parameter.name.value)
            if parameter.default is not None:
                # `lambda row=row: …` hands a name on to where it is called later.
                self._bind(parameter.name.value, self.value(parameter.default), self.span(node), False, None)
        return Function(self.value(node.body), tuple(names))

    def _walrus(self, node: cst.NamedExpr) -> Value:
        inner = self.value(node.value)
        if isinstance(node.target, cst.Name):
            self._bind(node.target.value, inner, self.span(node), False, None)
        return inner

    def _comprehension(self, node: cst.ListComp | cst.SetComp | cst.GeneratorExp) -> Value:
        self._for_in(node.for_in, self.span(node))
        return Seq((self.value(node.elt),))

    def _dict_comprehension(self, node: cst.DictComp) -> Value:
        self._for_in(node.for_in, self.span(node))
        return Map((Entry(self.value(node.key), self.value(node.value)),))

    def _for_in(self, node: cst.CompFor, span: Span) -> None:
        iterable = self.value(node.iter)
        for name, path in unpacked(node.target):
            self._bind(name, iterable, span, True, path)
        if node.inner_for_in is not None:
            self._for_in(node.inner_for_in, span)


def names_of(target: cst.CSTNode) -> Iterable[str]:
    """Yield the plain names that an assignment target binds."""
    if isinstance(target, cst.Name):
        yield target.value
    elif isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from names_of(element.value)


def unpacked(target: cst.CSTNode, path: tuple[int, ...] = ()) -> Iterable[tuple[str, Value | None]]:
    """Yield the plain names that a loop's target binds, each with the place it has in an element.

    The place is None for the whole element, a number, or a sequence of numbers where tuples are nested.
    """
    if isinstance(target, cst.Name):
        yield target.value, None if not path else Lit(path[0]) if len(path) == 1 else Seq(tuple(map(Lit, path)))
    elif isinstance(target, (cst.Tuple, cst.List)):
        for number, element in enumerate(target.elements):
            yield from unpacked(element.value, (*path, number))


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


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, Seq) and isinstance(right, Seq):
        return Seq((*left.items, *right.items))
    if isinstance(left, Text) or isinstance(right, Text) or _is_text(left) or _is_text(right):
        return join_text((left, right))
    return other((left, right))


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
