"""From expressions of Python's own syntax tree to values: what linking can follow is kept, the rest becomes `Other`."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable

from fragaudit.extract.python.handed import handed
from fragaudit.extract.python.literals import Part, fragments, is_statement, may_be_sql, placed_parts
from fragaudit.extract.python.places import Places
from fragaudit.model.layout import Layout, cut, shifted
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
    Placed,
    Ref,
    Seq,
    Span,
    Text,
    Value,
)

LONGEST_TEXT = 4_000
"""Longer literals are cut: nothing that names a store is longer, and facts stay small."""

LONGEST_STATEMENT = 60_000
"""SQL texts may be whole schemas."""

MOST_ITEMS = 400
"""Displays with more items are data, not configuration."""

MOST_CALLS = 4_000
"""Lists of calls may be longer: squashed migrations have thousands of operations."""

MOST_OPERANDS = 60
"""Operators of a longer chain would nest deeper than what reads the facts may recurse."""

PLACED = frozenset(
    {
        "where", "filter", "filter_by", "having", "join", "outerjoin", "and_", "or_", "not_", "exclude", "get", "aget",
        "get_or_create", "aget_or_create", "update_or_create", "aupdate_or_create", "get_object_or_404",
        "aget_object_or_404", "get_list_or_404", "Q", "append", "extend", "order_by", "any", "has", "get_or_none",
        "in_", "eq", "gt", "gte", "lt", "lte", "match", "order", "like", "ilike", "is_", "on", "orderby",
    }
)  # fmt: skip
"""Methods of which each argument is a condition or key of its own, so that its place is kept."""

_PERCENT = re.compile(r"%(?P<kept>%)|%(?:\((?P<key>\w+)\))?[-#0 +]*\d*(?:\.\d+)?[sdrifgx]")
_BRACES = re.compile(r"(?P<brace>[{}])(?P<kept>(?P=brace))|\{(?P<key>[^{}:!]*)(?:![rsa])?(?::[^{}]*)?\}")
_COMPARING = frozenset({"==", "!=", "<", "<=", ">", ">="})
_ASSOCIATIVE = frozenset({"+", "*", "&", "|", "and"})
_OPERATORS: dict[type[ast.AST], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.Not: "not",
    ast.Invert: "~",
    ast.UAdd: "+",
    ast.USub: "-",
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}


_GENERATED = frozenset({"select", "left_join", "exists", "delete", "get"})
"""Functions that make a query of a generator expression, as Pony's do."""


class Lowering:
    """Turns expressions of one file into values; `places` tells where its nodes stand.

    `bind` is called for names bound inside expressions (walrus, comprehensions, defaults of lambdas): with the value,
    where, whether the name takes the value's elements, and which part of each (`Binding.key`).
    """

    def __init__(self, places: Places, bind: Callable[[str, Value, Span, bool, Value | None], None]) -> None:
        self._places = places
        self._bind = bind
        self._placing = False
        self._inside: Span | None = None

    def value(self, node: ast.AST | None) -> Value:
        """Return the value of an expression; an absent one is unknown."""
        lower = _LOWER.get(type(node)) if node is not None else None
        if lower is not None and node is not None:
            return lower(self, node)
        return UNKNOWN

    def span(self, node: ast.AST) -> Span:
        """Return where a node stands; inside an f-string, where that stands, as older Pythons can't tell better."""
        return self._inside or self._places.span(node)

    def _other(self, *nodes: ast.AST | None) -> Value:
        return other(self.value(node) for node in nodes if node is not None)

    def _name(self, node: ast.Name) -> Value:
        return Ref(node.id)

    def _attribute(self, node: ast.Attribute) -> Value:
        return Attr(self.value(node.value), node.attr)

    def _subscript(self, node: ast.Subscript) -> Value:
        written = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        keys = tuple(self._key(key) for key in written)
        return Item(self.value(node.value), keys[0] if len(keys) == 1 else Seq(keys))

    def _key(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Slice):
            return Operation(":", (self._bound(node.lower), self._bound(node.upper)))
        return self.value(node)

    def _bound(self, node: ast.expr | None) -> Value:
        return self.value(node) if node is not None else Lit(None)

    def _call(self, node: ast.Call) -> Value:
        node = handed(node)  # what runs in a thread is called all the same
        outer = self._placing
        if isinstance(node.func, ast.Attribute) and node.func.attr == "join" and len(node.args) == 1:
            self._decide(node.args[0])
        asked = node.args[0] if len(node.args) == 1 and getattr(node.func, "id", "") in _GENERATED else None
        if isinstance(asked, ast.GeneratorExp):
            return Call(self.value(node.func), (Arg(None, self._asked(asked)),), self.span(node))
        arguments = tuple(self._arguments(node))
        self._placing = outer
        func = self.value(_class_called(node.func))
        if isinstance(func, Attr) and func.name in ("format", "join") and isinstance(func.base, (Lit, Text)):
            if func.name == "join" and _each(node):
                return Call(func, arguments, self.span(node))
            text = _format(func.base, arguments) if func.name == "format" else _join(func.base, arguments)
            if text is not None:
                return text
        return Call(func, arguments, self.span(node))

    def _arguments(self, node: ast.Call) -> Iterable[Arg]:
        """Yield arguments in the order in which they are written: `f(a=1, *rest)` is legal."""
        placed = getattr(node.func, "attr", getattr(node.func, "id", "")) in PLACED
        plain: list[tuple[tuple[int, int], str | None, ast.expr, ast.AST]] = []
        for value in node.args:
            starred = isinstance(value, ast.Starred)
            at = (value.lineno, value.col_offset)
            plain.append(
                (at, "*" if starred else None, value.value if isinstance(value, ast.Starred) else value, value)
            )
        for keyword in node.keywords:
            plain.append(((keyword.lineno, keyword.col_offset), keyword.arg or "**", keyword.value, keyword))
        if node.keywords and any(name == "*" for _, name, _, _ in plain):
            plain.sort(key=lambda argument: argument[0])
        for _, name, value, whole in plain:
            yield Arg(name, self.value(value), self.span(whole) if placed else None)

    def _constant(self, node: ast.Constant) -> Value:
        value = node.value
        if isinstance(value, str):
            return self._string(node, value)
        if isinstance(value, bool) or value is None:
            return Lit(value)
        if isinstance(value, bytes):
            return Lit(value[:LONGEST_TEXT].decode("latin-1"))
        if isinstance(value, int):
            # Larger numbers are no ports, database numbers or limits, and don't survive every JSON reader.
            return Lit(value) if abs(value) < 2**53 else UNKNOWN
        if isinstance(value, float):
            return Lit(value) if abs(value) != float("inf") else UNKNOWN
        return UNKNOWN

    def _string(self, node: ast.Constant, text: str) -> Value:
        if (self._placing or may_be_sql(text)) and self._inside is None:
            return join_text(_placed(part.text, part.layout) for part in self._parts(node))
        return Lit(_storable(text[:LONGEST_TEXT]))

    def _parts(self, node: ast.Constant | ast.JoinedStr) -> list[Part]:
        source, line, column = self._places.source(node)
        return placed_parts(source, line, column)

    def _formatted(self, node: ast.JoinedStr) -> Value:
        outer, inside = self._placing, self._inside
        self._decide(node)
        parts: list[Value] = []
        if self._placing and inside is None:
            for part in self._parts(node):
                parts.append(self._hole(part) if part.hole else _placed(part.text, part.layout))
        else:
            self._inside = inside or self._places.span(node)
            for value in node.values:
                if isinstance(value, ast.FormattedValue):
                    parts.append(self.value(value.value))
                elif isinstance(value, ast.Constant) and isinstance(value.value, str):
                    parts.append(Lit(_storable(value.value[:LONGEST_TEXT])))
        self._placing, self._inside = outer, inside
        return join_text(parts)

    def _hole(self, part: Part) -> Value:
        """Lower the expression in a hole, cut out of its f-string: older Pythons don't tell where it stands."""
        line, column = part.layout[1], part.layout[2]
        outer = self._places
        try:
            # In brackets, as it may have lines of its own.
            tree = ast.parse(f"({part.text})", mode="eval").body
            self._places = Places(f"({part.text})".splitlines(keepends=True), part.text.isascii(), (line, column - 1))
            return self.value(tree)
        except (SyntaxError, ValueError):
            return UNKNOWN
        finally:
            self._places = outer

    def _decide(self, node: ast.expr) -> None:
        """Keep the places of all parts of a string if any of them may be SQL; the whole decides what a part is."""
        if not self._placing:
            self._placing = any(may_be_sql(text) for text in fragments(node))

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Value:
        if len(node.elts) > (MOST_CALLS if isinstance(next(iter(node.elts), None), ast.Call) else MOST_ITEMS):
            return UNKNOWN
        return Seq(tuple(self.value(e.value if isinstance(e, ast.Starred) else e) for e in node.elts))

    def _dict(self, node: ast.Dict) -> Value:
        if len(node.keys) > MOST_ITEMS:
            return UNKNOWN
        pairs = zip(node.keys, node.values, strict=True)
        return Map(tuple(Entry(self.value(k) if k is not None else None, self.value(v)) for k, v in pairs))

    def _binary(self, node: ast.BinOp) -> Value:
        # A left-leaning chain of thousands of operands is legal; it must not be a chain of calls here.
        operands: list[tuple[ast.operator, ast.expr]] = []
        left: ast.expr = node
        while isinstance(left, ast.BinOp):
            operands.append((left.op, left.right))
            left = left.left
        outer = self._placing
        if any(isinstance(operator, (ast.Add, ast.Mod)) for operator, _ in operands):
            self._decide(node)
        result = self._chained(self.value(left), operands)
        self._placing = outer
        return result

    def _chained(self, result: Value, operands: list[tuple[ast.operator, ast.expr]]) -> Value:
        long = len(operands) > MOST_OPERANDS
        for operator, operand in reversed(operands):
            right = self.value(operand)
            if isinstance(operator, ast.Add):
                added = _add(result, right)
                result = added if added is not None else operation("+", result, right, long=long)
            elif isinstance(operator, ast.Mod) and isinstance(result, (Lit, Text)):
                result = _percent(result, right) or operation("%", result, right, long=long)
            elif isinstance(operator, ast.Div) and not (isinstance(result, Lit) and isinstance(result.value, int)):
                result = join_text((result, Lit("/"), right))
            elif isinstance(operator, ast.BitOr) and long:
                result = Either((*_options(result), *_options(right)))
            else:
                result = operation(_OPERATORS[type(operator)], result, right, long=long)
        return result

    def _boolean(self, node: ast.BoolOp) -> Value:
        values = [self.value(operand) for operand in node.values]
        if isinstance(node.op, ast.Or):
            if sum(isinstance(value, Operation) and value.op in _COMPARING for value in values) > 1:
                return Operation("or", tuple(values))  # conditions, of which nothing is an address or a name
            return Either(tuple(option for value in values for option in _options(value)))
        result = values[0]
        for value in values[1:]:
            result = operation("and", result, value)
        return result

    def _if_else(self, node: ast.IfExp) -> Value:
        return Either((*_options(self.value(node.body)), *_options(self.value(node.orelse))))

    def _unary(self, node: ast.UnaryOp) -> Value:
        inner = self.value(node.operand)
        if isinstance(node.op, ast.USub) and isinstance(inner, Lit) and isinstance(inner.value, (int, float)):
            return Lit(-inner.value)
        return operation(_OPERATORS[type(node.op)], inner)

    def _comparison(self, node: ast.Compare) -> Value:
        if len(node.ops) > 1:
            # The middle of `a < b < c` is written once and belongs to both.
            return self._other(node.left, *node.comparators)
        return operation(_OPERATORS[type(node.ops[0])], self.value(node.left), self.value(node.comparators[0]))

    def _inner(self, node: ast.Await | ast.Yield | ast.YieldFrom | ast.Starred) -> Value:
        return self.value(node.value)

    def _lambda(self, node: ast.Lambda) -> Value:
        plain = (*node.args.posonlyargs, *node.args.args)
        given = (*zip(reversed(plain), reversed(node.args.defaults), strict=False),
                 *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True))  # fmt: skip
        for parameter, default in given:
            if default is not None:
                # `lambda row=row: …` hands a name on to where it is called later.
                self._bind(parameter.arg, self.value(default), self.span(node), False, None)
        return Function(self.value(node.body), tuple(a.arg for a in (*plain, *node.args.kwonlyargs)))

    def _walrus(self, node: ast.NamedExpr) -> Value:
        inner = self.value(node.value)
        self._bind(node.target.id, inner, self.span(node), False, None)
        return inner

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
        self._for_in(node.generators, self.span(node))
        return Seq((self.value(node.elt),))

    def _asked(self, node: ast.GeneratorExp) -> Value:
        """Return a generator expression with its conditions, where they are those of a query: as a call of `<for>`."""
        arguments = [Arg(None, self.value(node.elt))]
        for generator in node.generators:
            name = generator.target.id if isinstance(generator.target, ast.Name) else "_"
            arguments.append(Arg(name, self.value(generator.iter)))
            arguments += [Arg("if", self.value(test)) for test in generator.ifs]
        return Call(Ref("<for>"), tuple(arguments), self.span(node))

    def _dict_comprehension(self, node: ast.DictComp) -> Value:
        self._for_in(node.generators, self.span(node))
        return Map((Entry(self.value(node.key), self.value(node.value)),))

    def _for_in(self, generators: list[ast.comprehension], span: Span) -> None:
        for generator in generators:
            iterable = self.value(generator.iter)
            for name, path in unpacked(generator.target):
                self._bind(name, iterable, span, True, path)


def names_of(target: ast.AST) -> Iterable[str]:
    """Yield the plain names that an assignment target binds."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            yield from names_of(element)


def unpacked(target: ast.AST, path: tuple[int, ...] = ()) -> Iterable[tuple[str, Value | None]]:
    """Yield the plain names that a loop's target binds, each with the place it has in an element.

    The place is None for the whole element, a number, or a sequence of numbers where tuples are nested.
    """
    if isinstance(target, ast.Name):
        yield target.id, None if not path else Lit(path[0]) if len(path) == 1 else Seq(tuple(map(Lit, path)))
    elif isinstance(target, (ast.Tuple, ast.List)):
        for number, element in enumerate(target.elts):
            yield from unpacked(element, (*path, number))


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
                merged[-1] = _merged(last, piece)
            else:
                merged.append(piece)
    if not merged:
        return Lit("")
    if len(merged) > MOST_ITEMS:
        return other(merged)
    if len(merged) == 1 and isinstance(merged[0], Lit):
        return merged[0]
    return Text(tuple(merged))


def _placed(text: str, layout: Layout) -> Value:
    """Return a literal with its places, cut unless it is a statement."""
    most = LONGEST_STATEMENT if len(text) > LONGEST_TEXT and is_statement(text) else LONGEST_TEXT
    if len(text) > most:
        text, layout = text[:most], cut(text, layout, 0, most)
    return Placed(_storable(text), layout)


def _storable(text: str) -> str:
    # Lone surrogates are legal in a literal and in nothing that stores facts.
    return text.encode("utf-8", "replace").decode("utf-8")


def _merged(left: Lit, right: Lit) -> Lit:
    text = f"{left.value}{right.value}"
    if not isinstance(left, Placed) and not isinstance(right, Placed):
        return Lit(text[:LONGEST_TEXT])
    before, after = (literal.at if isinstance(literal, Placed) else () for literal in (left, right))
    layout = before + shifted(after, len(str(left.value)))
    return Placed(text, layout) if len(text) <= LONGEST_STATEMENT else left


def _part(literal: Lit, start: int, end: int) -> Lit:
    text = str(literal.value)
    if isinstance(literal, Placed):
        return Placed(text[start:end], cut(text, literal.at, start, end))
    return Lit(text[start:end])


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
            parts.append(_part(piece, end, match.start()))
            end = match.end()
            if match["kept"]:
                parts.append(_part(piece, match.start("kept"), match.end("kept")))
                continue
            parts.append(holes(match["key"], number))
            number += 1
        parts.append(_part(piece, end, len(piece.value)))
    return join_text(part for part in parts if not (isinstance(part, Lit) and part.value == ""))


def _class_called(func: ast.expr) -> ast.expr:
    """Return the class that `Client[Row](url)` makes an object of; of what is looked up by a text, the lookup."""
    if isinstance(func, ast.Subscript) and not isinstance(func.slice, ast.Constant):
        named = func.value
        name = named.attr if isinstance(named, ast.Attribute) else named.id if isinstance(named, ast.Name) else ""
        if name[:1].isupper() and not name.isupper():
            return named
    return func


def _each(join: ast.Call) -> bool:
    """Say whether what is joined is something else for each element: of `"?" for _ in ids` one stands for them all."""
    made = join.args[0] if join.args else None
    if not isinstance(made, (ast.GeneratorExp, ast.ListComp, ast.SetComp)):
        return False
    bound = {name for generator in made.generators for name in names_of(generator.target)}
    return any(isinstance(node, ast.Name) and node.id in bound for node in ast.walk(made.elt))


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


_LOWER: dict[type[ast.AST], Callable[..., Value]] = {
    ast.Name: Lowering._name,
    ast.Attribute: Lowering._attribute,
    ast.Subscript: Lowering._subscript,
    ast.Call: Lowering._call,
    ast.Constant: Lowering._constant,
    ast.JoinedStr: Lowering._formatted,
    ast.List: Lowering._sequence,
    ast.Tuple: Lowering._sequence,
    ast.Set: Lowering._sequence,
    ast.Dict: Lowering._dict,
    ast.BinOp: Lowering._binary,
    ast.BoolOp: Lowering._boolean,
    ast.IfExp: Lowering._if_else,
    ast.UnaryOp: Lowering._unary,
    ast.Compare: Lowering._comparison,
    ast.Await: Lowering._inner,
    ast.Yield: Lowering._inner,
    ast.YieldFrom: Lowering._inner,
    ast.Starred: Lowering._inner,
    ast.Lambda: Lowering._lambda,
    ast.NamedExpr: Lowering._walrus,
    ast.ListComp: Lowering._comprehension,
    ast.SetComp: Lowering._comprehension,
    ast.GeneratorExp: Lowering._comprehension,
    ast.DictComp: Lowering._dict_comprehension,
}
