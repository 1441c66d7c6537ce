"""Does an id follow the project's template? `service:type:id` unless the configuration says otherwise."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fragaudit.config import VectorIds
from fragaudit.link.ids.shapes import Part, Shape
from fragaudit.link.ids.words import GENERIC, word_key

_TYPE_OF_HOLE = ("field", "parameter", "class name", "setting", "record", "result", "external", "unknown")
_WORD = re.compile(r"[\w.@-]{1,64}")
_WORD_PART = re.compile(r"[\w.@-]*")


@dataclass(frozen=True, slots=True)
class Names:
    """The words that stand for a service and for the others; `strict`: all of them are configured.

    `name` is what to write for it, empty if nothing names it.
    """

    own: frozenset[str]
    others: frozenset[str]
    strict: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """How an id compares with the template.

    `answer`: `yes`, `no`, `unknown`. `near`: the parts are there, in another form. `service` is the word that stands
    for the service, `foreign` the same if it is another service's, `namespace` the literal text before the id.
    """

    answer: str
    why: str
    near: bool = False
    service: str = ""
    foreign: str = ""
    namespace: str = ""


def match(shape: Shape, names: Names, config: VectorIds) -> Match:
    """Compare one shape with the accepted templates; the best answer counts."""
    best: Match | None = None
    for template in config.templates:
        found = _against(shape, template, names, config.separator)
        if found.answer == "yes":
            return found
        if best is None or (best.answer == "no" and (found.answer == "unknown" or found.near > best.near)):
            best = found
    return best or Match("unknown", "no template is accepted")


def _against(shape: Shape, template: str, names: Names, separator: str) -> Match:
    wanted = [name.strip("{}<> ") for name in template.split(separator if separator in template else ":")]
    segments = _segments(shape.parts, separator)
    if len(segments) < len(wanted):
        return _too_few(shape, segments, wanted, names, separator)
    service = foreign = ""
    namespace: list[str] = []
    verdict = Match("yes", "")
    for number, name in enumerate(wanted):
        last = number == len(wanted) - 1
        segment = [p for s in segments[number:] for p in s] if last else segments[number]
        if name == "service":
            found = _service(segment, names)
            service, foreign = found.service, found.foreign
        elif name == "id" or last:
            found = _identity(segment)
        else:
            found = _type(segment, name, names)
        if found.answer == "no":
            near = found.near or (bool(service) and not foreign)
            return Match("no", found.why, near, service, foreign)
        if found.answer == "unknown":
            verdict = Match("unknown", found.why)
        if not last:
            namespace.append("".join(p.text if p.literal else "{" + p.text + "}" for p in segment))
    why = f"`{shape}` says {separator.join(wanted)}"
    if verdict.answer == "unknown":
        return Match("unknown", verdict.why, service=service, foreign=foreign)
    return Match("yes", why, service=service, foreign=foreign, namespace=separator.join(namespace))


def _segments(parts: tuple[Part, ...], separator: str) -> list[list[Part]]:
    segments: list[list[Part]] = [[]]
    for part in parts:
        if not part.literal:
            segments[-1].append(part)
            continue
        pieces = part.text.split(separator)
        for number, piece in enumerate(pieces):
            if number:
                segments.append([])
            if piece:
                segments[-1].append(Part("literal", piece))
    return segments


def _service(segment: list[Part], names: Names) -> Match:
    text = "".join(p.text for p in segment) if segment and all(p.literal for p in segment) else None
    if text is not None:
        if not _WORD.fullmatch(text):
            return Match("no", f"`{text.strip()[:30]}` is no service's name")
        key = word_key(text)
        if key in names.own or text.lower() in names.own:
            return Match("yes", "", service=text)
        if key in names.others or text.lower() in names.others:
            return Match("yes", "", service=text, foreign=text)
        if text.lower().rstrip("s") in GENERIC or text.lower() in GENERIC or not re.search(r"[A-Za-z]", text):
            return Match("no", f"`{text}` says what it is, not which service it belongs to")
        if names.strict:
            return Match("no", f"`{text}` is no name or alias of this service", near=True)
        return Match("yes", "", service=text)
    if not segment:
        return Match("no", "nothing stands where the service should")
    hole = next((p for p in segment if not p.literal), None)
    if hole is not None and (hole.names_service or hole.kind in ("setting", "class name")):
        return Match("yes", "", service="{" + hole.text + "}")
    if hole is not None and hole.kind in ("row id", "random", "counter", "hash", "uuid5", "time", "number"):
        return Match("no", f"{spoken(hole)} stands where the service should")
    return Match("unknown", f"what `{hole.text if hole else ''}` says of the service could not be followed")


def _type(segment: list[Part], name: str, names: Names) -> Match:
    if not segment:
        return Match("no", f"nothing stands where the {name} should")
    if all(p.literal for p in segment):
        text = "".join(p.text for p in segment)
        if re.fullmatch(r"[\d.]+", text):
            return Match("no", f"a number stands where the {name} should")
        if not _WORD.fullmatch(text):
            return Match("no", f"`{text.strip()[:30]}` is no {name}")
        return Match("yes", "")
    holes = [p for p in segment if not p.literal]
    if len(segment) > len(holes):
        plain = all(_WORD_PART.fullmatch(p.text) for p in segment if p.literal)
        return Match("yes", "") if plain else Match("no", f"a text stands where the {name} should")
    if holes[0].kind in _TYPE_OF_HOLE:
        return Match("yes", "")
    return Match("no", f"{spoken(holes[0])} stands where the {name} should")


def _identity(segment: list[Part]) -> Match:
    if not segment:
        return Match("no", "nothing stands where the id should")
    if all(p.literal for p in segment):
        return Match("yes", "")
    return Match("yes", "")


def _too_few(shape: Shape, segments: list[list[Part]], wanted: list[str], names: Names, separator: str) -> Match:
    whole = separator.join(wanted)
    if len(shape.parts) == 1 and not shape.parts[0].literal:
        part = shape.parts[0]
        if part.kind in ("parameter", "result", "field", "record", "unknown", "setting", "external", "class name"):
            return Match("unknown", f"what `{part.text or 'it'}` is could not be followed")
        return Match("no", f"the id is {spoken(part)}")
    holes = [p for p in shape.parts if not p.literal]
    if holes and all(p.kind in ("unknown",) for p in holes) and not any(p.literal for p in shape.parts):
        return Match("unknown", "how the id is made could not be followed")
    for other in ("-", "_", "/", "#", ".", "|", ":", "__"):
        if other == separator:
            continue
        pieces = _segments(shape.parts, other)
        if len(pieces) >= len(wanted) and any(p.literal for p in pieces[0]):
            text = "".join(p.text for p in pieces[0])
            if word_key(text) in names.own or text.lower() in names.own:
                return Match("no", f"`{shape}` is put together with `{other}`, not as {whole}", near=True, service=text)
    if len(segments) > 1 and segments[0] and all(p.literal for p in segments[0]):
        first = "".join(p.text for p in segments[0])
        if word_key(first) in names.own:
            return Match("no", f"`{shape}` says whose it is but not {_missing(wanted)}", near=True, service=first)
    opaque = [p for p in holes if p.kind in ("parameter", "field", "record", "result", "unknown", "setting")]
    if len(segments) > 1 and segments[0] and any(p in opaque and not p.names_service for p in segments[0]):
        return Match("unknown", f"what `{segments[0][0].text}` says could not be followed")
    if opaque and shape.parts and shape.parts[0] in opaque and len(segments) == 1:
        if shape.parts[0].names_service or "prefix" in shape.parts[0].text.lower():
            return Match("unknown", f"what `{shape.parts[0].text}` says could not be followed")
        if all(p in opaque for p in shape.parts):
            return Match("unknown", "how the id is put together could not be followed")
    return Match("no", f"`{shape}` does not say {whole}")


def _missing(wanted: list[str]) -> str:
    return "its " + " and ".join(n for n in wanted if n not in ("service", "id")) if len(wanted) > 2 else "more"


def spoken(part: Part) -> str:
    """Say what fills a hole."""
    name = f" (`{part.text}`)" if part.text else ""
    return {
        "random": f"random{name}",
        "counter": f"a counter{name}",
        "time": f"a time{name}",
        "row id": f"a bare id{name}",
        "hash": f"a hash{name}",
        "uuid5": f"a uuid5{name}",
        "number": f"a number{name}",
        "none": f"left out{name}",
    }.get(part.kind, f"`{part.text}`" if part.text else "something that could not be followed")
