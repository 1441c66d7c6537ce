"""Methods of texts, lists and dictionaries, as far as they leave an id recognisable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fragaudit.link.ids import declared, dumping
from fragaudit.link.ids.heads import UNKNOWN, Atom, Chars, From, Head, Here, Items, Pairs, Several, Thunk
from fragaudit.link.ids.objects import made_outside
from fragaudit.model.values import Attr, Call, Lit, Value, dotted

if TYPE_CHECKING:
    from fragaudit.link.ids.flow import Flow

_KEEPING = frozenset(
    [
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "capitalize",
        "casefold",
        "title",
        "encode",
        "decode",
        "hexdigest",
        "digest",
        "intdigest",
        "hex",
        "isoformat",
        "tolist",
        "copy",
        "astype",
        "flatten",
        "to_list",
        "get_secret_value",
        "as_posix",
        "resolve",
        "__str__",
        "model_copy",
        "numpy",
        "cpu",
        "detach",
        "reshape",
        "normalize",
        "ljust",
        "zfill",
    ]
)
_SPLITTING = frozenset({"split", "rsplit", "partition", "rpartition", "splitlines"})
_BRACES = re.compile(r"\{(?P<key>[^{}:!]*)(?:![rsa])?(?::[^{}]*)?\}")
_PERCENT = re.compile(r"%(?:\((?P<key>\w+)\))?[-#0 +]*\d*(?:\.\d+)?[sdrifgx]")


def method(flow: Flow, func: Attr, call: Call, here: Here) -> Iterator[Head]:
    """Yield what a method gives that isn't the project's own."""
    if func.name in dumping.METHODS:
        yield from dumping.dumped(flow, func.base, call.args, here)
        return
    heads = flow.force(Thunk(func.base, here))
    plain = [a.value for a in call.args if a.name is None]
    name = func.name
    if name in _KEEPING:
        yield from heads
    elif name in ("get", "pop", "setdefault", "getlist") and plain and isinstance(plain[0], Lit):
        for head in heads:
            yield from flow.step(head, f"={plain[0].value}" if isinstance(plain[0].value, str) else None)
        if len(plain) > 1:
            yield from flow.force(Thunk(plain[1], here))
    elif name in ("items", "keys", "values"):
        for head in heads:
            if isinstance(head, From):
                yield from flow.step(head, "pairs" if name == "items" else name)
            else:
                found = tuple(flow.step(head, {"items": "pairs"}.get(name, name)))
                yield from found if name == "items" else (Several(found or (UNKNOWN,)),)
    elif name == "format":
        named: dict[str | None, tuple[Head, ...]] = {
            a.name: flow.force(Thunk(a.value, here)) for a in call.args if a.name not in (None, "*", "**")
        }
        given = [flow.force(Thunk(v, here)) for v in plain]
        for head in heads:
            yield _filled(head, _BRACES, given, named) if isinstance(head, Chars) else UNKNOWN
    elif name == "join" and plain:
        yield from _joined(flow, heads, flow.force(Thunk(plain[0], here)))
    elif name == "replace" and len(plain) == 2 and all(isinstance(v, Lit) and isinstance(v.value, str) for v in plain):
        yield from _replaced(heads, str(plain[0].value), str(plain[1].value))  # type: ignore[union-attr]
    elif name == "removeprefix" and plain and isinstance(plain[0], Lit):
        yield from _without(heads, str(plain[0].value))
    elif name in _SPLITTING:
        yield Several((UNKNOWN,))
    else:
        own = tuple(declared.called(flow, func, call.args, here))
        if own:
            yield from own
        else:
            yield made_outside(call, here) or Atom("result", dotted(func) or name)


def _joined(flow: Flow, separators: Iterable[Head], sequences: Iterable[Head]) -> Iterator[Head]:
    for separator in separators:
        for sequence in sequences:
            if isinstance(sequence, Items) and not sequence.more and len(sequence.value.items) > 1:
                parts = [flow.force(Thunk(item, sequence.here)) for item in sequence.value.items]
            else:
                parts = [tuple(flow.step(sequence, None)) or (UNKNOWN,)]
            joined: list[str | tuple[Head, ...]] = []
            for part in parts:
                if joined:
                    joined.append((separator,))
                joined.append(part)
            yield Chars(tuple(joined))


def _replaced(heads: Iterable[Head], old: str, new: str) -> Iterator[Head]:
    for head in heads:
        if isinstance(head, Chars):
            head = Chars(tuple(p.replace(old, new) if isinstance(p, str) else p for p in head.parts))
        yield head


def _without(heads: Iterable[Head], prefix: str) -> Iterator[Head]:
    for head in heads:
        if isinstance(head, Chars) and head.parts and isinstance(head.parts[0], str):
            head = Chars((head.parts[0].removeprefix(prefix), *head.parts[1:]))
        yield head


def percent(flow: Flow, left: tuple[Head, ...], right: tuple[Head, ...]) -> Iterator[Head]:
    """Yield the texts of `left % right` where the left is a text with places for it."""
    for head in left:
        if isinstance(head, Chars) and any(isinstance(p, str) and _PERCENT.search(p) for p in head.parts):
            given = [right]
            named: dict[str | None, tuple[Head, ...]] = {}
            for value in right:
                if isinstance(value, Items):
                    given = [flow.force(Thunk(item, value.here)) for item in value.value.items]
                elif isinstance(value, Pairs):
                    named = {
                        str(e.key.value): flow.force(Thunk(e.value, value.here))
                        for e in value.value.entries
                        if isinstance(e.key, Lit)
                    }
            yield _filled(head, _PERCENT, given, named)


def _filled(
    head: Chars, places: re.Pattern[str], given: list[tuple[Head, ...]], named: dict[str | None, tuple[Head, ...]]
) -> Chars:
    parts: list[str | tuple[Head, ...]] = []
    number = 0
    for part in head.parts:
        if not isinstance(part, str):
            parts.append(part)
            continue
        end = 0
        for match in places.finditer(part):
            parts.append(part[end : match.start()])
            key = match["key"]
            if key and key.isdigit():
                parts.append(given[int(key)] if int(key) < len(given) else (UNKNOWN,))
            elif key:
                parts.append(named.get(key, (UNKNOWN,)))
            else:
                parts.append(given[number] if number < len(given) else (UNKNOWN,))
                number += 1
            end = match.end()
        parts.append(part[end:])
    return Chars(tuple(p for p in parts if p != ""))


def operated(flow: Flow, operands: tuple[Value, ...], here: Here, op: str = "") -> Iterator[Head]:
    """An operator: texts are put together or filled, lists joined or repeated; a number stays what it was."""
    texts_ = op in ("+", "%")
    heads = [flow.force(Thunk(part, here)) for part in operands]
    if op == "*":
        repeated = [h for one in heads for h in one if isinstance(h, (Items, Several))]
        if repeated:
            yield from repeated
            return
    if texts_ and len(heads) == 2:
        filled = tuple(percent(flow, heads[0], heads[1]))
        if filled:
            yield from filled
            return
    if texts_ and any(isinstance(head, (Items, Several)) for head in heads[0]):
        yield Several(tuple(e for one in heads for h in one for e in flow.step(h, None)))
        return
    if texts_ and len(heads) > 1 and any(isinstance(head, Chars) for one in heads for head in one):
        yield Chars(tuple(heads))
        return
    for alternatives in heads:
        for head in alternatives:
            if isinstance(head, Atom) and head.kind in ("hash", "random", "uuid5", "counter", "time"):
                yield head
                return
    if len(heads) == 1 and all(isinstance(h, From) for h in heads[0]):
        yield from heads[0]
