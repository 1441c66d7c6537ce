"""Is an id good for the engine it is written to? Joins what the id says with what the engine scopes by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fragaudit.config import VectorIds
from fragaudit.link.ids.engines import Rules
from fragaudit.link.ids.heads import Atom, From, Head
from fragaudit.link.ids.shapes import Part, Shape, shapes
from fragaudit.link.ids.spaces import Native
from fragaudit.link.ids.template import Match, Names, match, spoken
from fragaudit.model.vectors import IdVerdict

_AS_UUID = frozenset({"uuid5", "md5", "blake3", "hash", "crc32", "adler32", "xxh64_intdigest", "xxh32_intdigest",
                      "xxh3_64_intdigest", "hash64", "fingerprint64", "CityHash64"})  # fmt: skip
"""What makes a UUID's 32 hexadecimal digits, or an integer, of a text."""


LONGEST_SHOWN = 80
"""Characters of an id's shape in a reason."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict on the ids of one write, and what it rests on. `kind` is what an id is as a whole, or `text`."""

    verdict: IdVerdict
    why: str
    shape: str = ""
    match: Match | None = None
    opaque: bool = False
    near: bool = False
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What surrounds the ids: the engine's rules, its own namespace, how the container is named, a scoping key.

    `always`: the key is in each payload.
    """

    rules: Rules
    native: Native
    container: str = ""
    container_state: str = "unnamed"
    key: str = ""
    always: bool = True


def judge(ids: tuple[Head, ...], around: Surroundings, names: Names, config: VectorIds) -> Judged:
    """Return the verdict on ids: the worst of what they can be."""
    found = [shape for head in ids for shape in shapes(head)]
    judged = [replace(_judge(shape, around, names, config), kind=_kind(shape)) for shape in found]
    real = [j for j, s in zip(judged, found, strict=True) if not _is_none(s)] or judged
    if not real:
        return Judged("unknown", "how the id is made could not be followed")
    order = ("not-namespaced", "unknown", "native-namespace", "namespaced")
    if any(j.verdict == "namespaced" for j in real) and any(j.verdict == "unknown" for j in real):
        return next(j for j in real if j.verdict == "unknown")
    return min(real, key=lambda j: order.index(j.verdict))


def _kind(shape: Shape) -> str:
    if shape.through:
        return "uuid5" if shape.through == "uuid5" else "hash"
    return shape.parts[0].kind if len(shape.parts) == 1 else "text"


def _is_none(shape: Shape) -> bool:
    return len(shape.parts) == 1 and shape.parts[0].kind == "none"


def _judge(shape: Shape, around: Surroundings, names: Names, config: VectorIds) -> Judged:
    rules = around.rules
    if rules.rows:
        return Judged("native-namespace", f"{rules.rows}", str(shape))
    text = str(shape)
    if _kind(shape) == "stored":
        return Judged("unknown", "the id is one that is stored already", text)
    found = match(shape, names, config)
    opaque = bool(shape.through) or all(
        p.kind in ("random", "counter", "hash", "uuid5", "time", "none") for p in shape.parts
    )
    fits = rules.accepts_text or shape.through in _AS_UUID or " of " in shape.through
    if found.answer == "yes" and shape.through and fits:
        return Judged("namespaced", f"{shape.through} of `{_plain(shape)}`", text, found, opaque=True)
    if found.answer == "yes" and rules.accepts_text:
        if rules.refused and rules.refused.search("".join(p.text for p in shape.parts if p.literal)):
            return Judged("not-namespaced", f"`{text}` is refused by {rules.name}, which {rules.takes}", text, found)
        return Judged("namespaced", found.why, text, found)
    scoped = _scoped(shape, around, text)
    if scoped is not None:
        return Judged(scoped.verdict, scoped.why, text, found, opaque=opaque)
    if found.answer == "yes":
        text = text if not shape.through else f"{shape.through} of {_plain(shape)}"
        return Judged("not-namespaced", f"`{text}` is refused by {rules.name}, which {rules.takes}", text, found)
    if shape.through == "uuid5" and shape.own_space:
        return Judged("namespaced", "a uuid5 in a namespace of the project's own", text, found, opaque=True)
    if shape.through == "uuid5" and shape.open_space:
        return Judged("unknown", "a uuid5 in a namespace that could not be followed", text, found, opaque=True)
    if around.container_state == "unknown" and found.answer != "yes":
        where = f"`{around.container}` is named elsewhere" if around.container else "could not be followed"
        why = f"its collection {where}"
        return Judged("unknown", f"{_says(shape, found, rules)}; {why}", text, found, opaque=opaque)
    if around.native.answer == "unknown":
        return Judged("unknown", around.native.why, text, found, opaque=opaque)
    if found.answer == "no" or _sure(shape):
        return Judged("not-namespaced", _says(shape, found, rules), text, found, opaque=opaque, near=found.near)
    return Judged("unknown", found.why, text, found, opaque=opaque)


def _scoped(shape: Shape, around: Surroundings, text: str) -> Judged | None:
    """Return the verdict where the engine scopes the write by itself, or None."""
    if around.native.answer == "yes":
        return Judged("native-namespace", f"in {around.native.why}", text)
    if around.container_state == "dynamic":
        return Judged("native-namespace", f"in a collection of its own, `{around.container}`", text)
    if around.rules.always:
        return Judged("native-namespace", around.rules.always, text)
    unique = shape.through or all(p.kind in ("random", "uuid5") for p in shape.parts)
    if around.key and unique and not around.rules.accepts_text and not around.always:
        return Judged("unknown", f"its payload key `{around.key}` is there at times", text)
    if around.key and unique and not around.rules.accepts_text:
        return Judged("native-namespace", f"its payload key `{around.key}` tells the vectors apart", text)
    return None


def _sure(shape: Shape) -> bool:
    """Say whether a hashed or plain value is surely no template although its parts weren't followed to the end."""
    if shape.through and len(shape.parts) == 1:
        return not _may_be_id(shape.parts[0])
    return False


def _may_be_id(part: Part) -> bool:
    head = part.head
    if isinstance(head, Atom):
        return head.kind in ("unknown", "result", "field", "setting")
    if isinstance(head, From):
        words = part.text.lower()
        return not any(w in words for w in ("text", "content", "chunk", "sentence", "body", "passage", "document"))
    return True


def _says(shape: Shape, found: Match, rules: Rules) -> str:
    if _is_none(shape):
        return rules.left_out
    if shape.through:
        inside = "content" if len(shape.parts) == 1 and shape.parts[0].kind in ("unknown",) else f"`{_plain(shape)}`"
        return f"a {shape.through} of {inside}, which does not say service and type"
    if len(shape.parts) == 1 and not shape.parts[0].literal:
        return f"the id is {spoken(shape.parts[0])}" if found.answer == "no" else found.why
    return found.why


def _plain(shape: Shape) -> str:
    """Return a shape as it can stand within a sentence: on one line, and of a length that can be read."""
    text = " ".join(str(Shape(shape.parts)).split())
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 1]}…"
