"""What a scope says: the name of the container and whether it is one for all, and the engine's own namespace."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import Atom, From, Head, Items, Pairs, Several, Thunk
from fragaudit.link.ids.keys import keys_of
from fragaudit.link.ids.scopes import Scope
from fragaudit.link.ids.shapes import Part, Shape, last_name, shapes
from fragaudit.link.program import Program
from fragaudit.model.values import Attr, Call, Lit

_DEFAULTS = frozenset(
    {
        "",
        "default",
        "__default__",
        "_default",
        "default_tenant",
        "default_database",
        "default_keyspace",
        "public",
        "langchain",
    }
)
_KEYS = re.compile(r"^(?:rag_?|service_?|doc_?|data_?)?(?:namespace|tenant|service|svc|group|org|organi[sz]ation|"
                   r"workspace|project|user|account|customer|team|app|kb|knowledge_base|dataset|owner|bot|agent|space|site)"
                   r"(?:_?(?:id|name|key))?$", re.IGNORECASE)  # fmt: skip
_SERVICES = re.compile(r"(?:rag_?)?(?:namespace|service|svc|app|agent|bot|space|site)", re.IGNORECASE)
"""Words of these that the code itself may say which it is."""
_REQUESTED = frozenset({"Body", "Query", "Path", "Form", "Header", "Cookie", "File"})
"""Defaults of parameters by which FastAPI is told to take them from a request."""
_ROUTES = frozenset({"get", "post", "put", "patch", "delete", "route", "websocket", "api_route"})
_FETCHED = re.compile(
    r"a?(?:get|fetch|find|load|read|create|select|one|first|scalar|retrieve|query)(?:_|$)", re.IGNORECASE
)
"""Functions that give what is kept somewhere, one at a time."""
_NAMES = re.compile(r"^(?:\w*_)?(?:collection|index|table|class|namespace)_name$|^(?:collection|namespace)$")
_CONTAINER = re.compile(r"(?:collection|index|table|class|container)(?:_name)?$")
_SETTINGS = re.compile(r"setting|config|conf\b|cfg|option|env|param|arg|secret", re.IGNORECASE)
_CONFIGURATION = re.compile(r"setting|config|conf\b|cfg|options?$", re.IGNORECASE)
_TECHNICAL = re.compile(r"dim|size|model|version|env|suffix|prefix|metric|type", re.IGNORECASE)
"""Parameters that tell set-ups apart, not tenants."""
_FIXED = ("setting", "class name", "number", "external")


@dataclass(frozen=True, slots=True)
class Native:
    """Whether the engine scopes a write by itself: `yes`, `no`, or `unknown`, and why."""

    answer: str
    why: str = ""
    namespace: str = ""


def container_name(scope: Scope, program: Program) -> tuple[str, str]:
    """Return a container's readable name, and whether it is `fixed`, `dynamic`, `unknown` or not `named` at all."""
    every = [shape for head in scope.containers for shape in shapes(head)]
    found = [shape for shape in every if not _nothing(shape)] or every
    if not found or not str(found[0]):
        # An empty name is there for others to fill in.
        return "", "unknown" if scope.lost or found else "unnamed"
    states = [_state(shape, program) for shape in found]
    if "dynamic" in states:
        told = any(state == "unknown" and _set_by_maker(s, program) for s, state in zip(found, states, strict=True))
        return str(found[states.index("dynamic")]), "unknown" if told else "dynamic"
    if "fixed" not in states and not {"told", "made up"}.isdisjoint(states):
        return str(found[0]), "dynamic"
    # One that is told or made up only where nothing else is said is what it is else.
    return str(found[0]), "fixed" if {*states} <= {"fixed", "made up"} else "unknown"


def _state(shape: Shape, program: Program) -> str:
    """Say whether a name is one for all: written out, from settings, or what the object was set up with.

    `told`: by a request; `made up`: at random.
    """
    holes = [p for p in shape.parts if not p.literal]
    if any(p.kind in ("row id", "uuid5", "hash") or _owned(p) for p in holes):
        return "dynamic"
    if any(p.kind == "random" for p in holes):
        return "made up"
    if any(_requested(p, program) for p in holes):
        return "told"
    if len(shape.parts) > 1 and any(p.kind == "parameter" and not _TECHNICAL.search(p.text) for p in holes):
        return "dynamic"
    return "fixed" if all(p.kind in _FIXED or _set_up(p, program) for p in holes) else "unknown"


def _set_by_maker(shape: Shape, program: Program) -> bool:
    """Say whether a name is what an object is made with, by the library's user as the project makes none with it."""
    head = shape.parts[0].head if len(shape.parts) == 1 else None
    if not isinstance(head, From) or head.function is None or _CONTAINER.search(head.name) is None:
        return False
    return program.scope(head.function).name == "__init__"


def _owned(part: Part) -> bool:
    """Say whether a part is handed in for a tenant, as its name says, or kept in a row."""
    head = part.head
    if not isinstance(head, From) or part.kind not in ("parameter", "field"):
        return False
    if head.function is None:
        return _kept(head)
    name = last_name(head)
    tenant = _KEYS.match(name) is not None and _SERVICES.match(name) is None
    return tenant or (part.kind == "parameter" and name.endswith(("_id", "_uuid")) and not _TECHNICAL.search(name))


def _requested(part: Part, program: Program) -> bool:
    """Say whether a part is handed in by those who send requests."""
    head = part.head
    if not isinstance(head, From) or head.function is None or part.kind not in ("parameter", "field"):
        return False
    scope = program.scope(head.function)
    default = scope.parameters[head.number].default
    if isinstance(default, Call) and getattr(default.func, "name", "") in _REQUESTED:
        return True
    return any(
        isinstance(d, Call) and isinstance(d.func, Attr) and d.func.name in _ROUTES and d.args for d in scope.decorators
    )


def _kept(head: From) -> bool:
    """Say whether a container's name is read from something that is kept, one of many, and is not a configuration."""
    fetched = _FETCHED.match(head.name.rpartition(".")[2]) is not None and _SETTINGS.search(head.name) is None
    return fetched and _NAMES.search(last_name(head)) is not None


def _set_up(part: Part, program: Program) -> bool:
    """Say whether a part is an attribute of something set up once, as a configuration is, not from call to call.

    What a method finds on its own object and nothing in the project puts there, a class outside of it does: as it is
    told by whoever makes the object.
    """
    head = part.head
    if part.kind != "field" or not isinstance(head, (Atom, From)):
        return False
    if isinstance(head, Atom):
        return True
    if head.function is not None:
        # A configuration that an object is made with.
        return _CONFIGURATION.search(head.name) is not None and program.scope(head.function).name == "__init__"
    fetched = _FETCHED.match(head.name.rpartition(".")[2]) is not None and _SETTINGS.search(head.name) is None
    return head.name not in ("self", "cls") and not fetched


def native(scope: Scope) -> Native:
    """Return what the engine's own namespaces say."""
    for word, heads in scope.namespaces:
        found = [shape for head in heads for shape in shapes(head)]
        real = [s for s in found if not _default(s)]
        if word.startswith("tenant") and all(p.kind == "setting" for s in real for p in s.parts):
            continue  # a client set up for one tenant keeps nothing apart
        if real and all(p.kind == "unknown" for s in real for p in s.parts):
            return Native("unknown", f"a {word} is given that could not be followed")
        if real and len(real) == len(found):
            literal = str(real[0]) if all(p.literal for p in real[0].parts) else ""
            return Native("yes", f"{word} {real[0]}", literal)
        if real:
            return Native("unknown", f"{word} {real[0]} or its default")
    return Native("no")


def _nothing(shape: Shape) -> bool:
    return len(shape.parts) == 1 and shape.parts[0].kind == "none"


def _default(shape: Shape) -> bool:
    if _nothing(shape):
        return True
    if len(shape.parts) == 1 and shape.parts[0].kind == "external":
        return shape.parts[0].text.rpartition(".")[2].lower() in _DEFAULTS  # a library's own word for it
    text = "".join(p.text for p in shape.parts) if all(p.literal for p in shape.parts) else None
    return not shape.parts or (text is not None and text.lower() in _DEFAULTS)


def scoping_key(flow: Flow, metadata: tuple[Head, ...] | None) -> tuple[str, bool]:
    """Return the key of a payload that tells tenants or namespaces apart, if any, and whether it always is there."""
    found = ""
    for head in metadata or ():
        for key in keys_of(flow, head):
            if _KEYS.match(key):
                if not _at_times(flow, head, key):
                    return key, True
                found = found or key
    return found, False


def _at_times(flow: Flow, head: Head, key: str) -> bool:
    """Say whether a dictionary has a key only at times: `{"text": text, **({"tenant": tenant} if tenant else {})}`."""
    if isinstance(head, (Items, Several)):
        return any(_at_times(flow, element, key) for element in flow.step(head, None) if isinstance(element, Pairs))
    if not isinstance(head, Pairs) or any(entry.key == Lit(key) for entry in head.value.entries):
        return False
    for entry in head.value.entries if not any(later == Lit(key) for later, _ in head.more) else ():
        splat = flow.force(Thunk(entry.value, head.here)) if entry.key is None else ()
        having = [key in keys_of(flow, inner) for inner in splat]
        if any(having) and not all(having):
            return True
    return False
