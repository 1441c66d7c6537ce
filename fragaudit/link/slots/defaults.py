"""Which of several back ends is the default: by what the source sets where nothing else is set."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

from fragaudit.link.abstract import ClassRef, Known
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.openings import UNDECIDED
from fragaudit.link.program import Place, Program
from fragaudit.link.slots.found import Alternative, defaults_of
from fragaudit.link.slots.ungiven import made_where_none_is_given
from fragaudit.model.stores import Kind
from fragaudit.model.values import Attr, Call, Lit, Map, Ref, Value
from fragaudit.wording import words_in

_SELECTING = re.compile(
    r"provider|backend|back_end|type|storage|store|engine|kind|driver|_db\b|database|cls|class|impl", re.I
)
_KIND_WORDS = {
    Kind.VECTOR: ("vector", "vec", "embedding"),
    Kind.KV: ("kv", "key", "cache"),
    Kind.GRAPH: ("graph",),
    Kind.RELATIONAL: ("sql", "database", "db", "storage"),
    Kind.DOCUMENT: ("doc", "database", "db"),
}


_GENERAL = frozenset(
    {"base", "connection", "client", "interface", "manager", "abstract", "protocol", "impl", "service"}
)
"""Words that names of unlike things share."""


_ENUMERATIONS = frozenset({"Enum", "StrEnum", "Flag", "TextChoices", "Choices"})


class Defaults:
    """Finds the text that selects an implementation."""

    def __init__(self, evaluator: Evaluator) -> None:
        """Take what follows names."""
        self._evaluator = evaluator
        self._program: Program = evaluator.program

    def names(self, cls: Place) -> frozenset[str]:
        """Return the lower-case names by which a setting may select a class: its own, its stem's, its module's."""
        name = self._program.scope(cls).name
        path = self._program.files[cls.file].path
        words = words_in(name)
        stems = {"".join(words[:end]).lower() for end in range(1, len(words) + 1)}
        module = path.rpartition("/")[2].removesuffix(".py").lower()
        folder = path.split("/")[-2].lower() if "/" in path else ""
        dotted = path.removesuffix(".py").replace("/", ".").removesuffix(".__init__").lower()
        return frozenset(stems | {module, folder, dotted, f"{dotted}.{name.lower()}", name.lower()})

    def default(self, alternatives: Sequence[Alternative], root: str, kind: Kind) -> tuple[Alternative | None, str]:
        """Return the implementation that a default in the source names, and that text.

        A field, a parameter, the fallback of a variable may be that default, or what is made where none is given.
        """
        instead = made_where_none_is_given(alternatives, self._evaluator)
        if instead is not None:
            return instead, ""
        scores: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
        own = {a.cls for a in alternatives}
        # Only a text that is the name of one of them, or of its engine, can score.
        names = {n.lower() for a in alternatives for n in (a.label, *a.names, *_engines(a))}
        for origin, hint, text, owner in [s for name in sorted(names) for s in self._selections.get(name, ())]:
            if owner in own:
                continue  # what a back end says of itself, its usual host for one, selects nothing
            for number, alternative in enumerate(alternatives):
                score = _score(hint, text, alternative, root, kind)
                if score:
                    scores[origin].append((score, -number, text))
        # What names several of the alternatives side by side lists them; it selects none.
        single = [found for found in scores.values() if len({number for _, number, _ in found}) == 1]
        best = max((max(found) for found in single), default=None)
        return (alternatives[-best[1]], best[2]) if best else (None, "")

    @cached_property
    def _selections(self) -> dict[str, list[tuple[int, str, str, Place | None]]]:
        """All (number of the statement, name of what is set, default text, class), by text in lower case."""
        found: dict[str, list[tuple[int, str, str, Place | None]]] = defaultdict(list)
        for selection in dict.fromkeys(self._find_selections()):
            found[selection[2].lower()].append(selection)
        return found

    def _find_selections(self) -> Iterable[tuple[int, str, str, Place | None]]:
        origin = 0
        for number, file in enumerate(self._program.files):
            for binding in file.bindings:
                owner = self._program.enclosing_class(Place(number, binding.scope))
                if binding.value is None or (owner is not None and self._lists(owner)):
                    continue
                origin += 1
                around = self._program.scope(owner).name if owner is not None else ""
                inside = file.scopes[binding.scope].kind == "function" and "." not in binding.target
                for text in self._texts(binding.value, Place(number, binding.scope), inside):
                    yield origin, f"{around}.{binding.target}", text, owner
                if binding.annotation is not None:
                    for text in self._classes(binding.value, Place(number, binding.scope)):
                        yield origin, f"{around}.{binding.target}", text, owner
                if isinstance(binding.value, Map):
                    for entry in binding.value.entries:
                        if (
                            isinstance(entry.key, Lit)
                            and isinstance(entry.value, Lit)
                            and isinstance(entry.value.value, str)
                        ):
                            yield origin, str(entry.key.value), entry.value.value, owner
            for place, scope in enumerate(file.scopes):
                for parameter in scope.parameters:
                    origin += 1
                    if isinstance(parameter.default, Lit) and isinstance(parameter.default.value, str):
                        owner = self._program.enclosing_class(Place(number, place))
                        yield origin, f"{scope.name}.{parameter.name}", parameter.default.value, owner
                    elif parameter.default is not None:
                        owner = self._program.enclosing_class(Place(number, place))
                        for text in self._classes(parameter.default, Place(number, place)):
                            yield origin, f"{scope.name}.{parameter.name}", text, owner

    def _classes(self, value: Value, place: Place) -> Iterable[str]:
        """Yield the name of the class that a field or parameter is by default: `store_cls: type[Base] = Local`."""
        if isinstance(value, (Ref, Attr)) and value.name[:1].isupper():
            for meaning in self._evaluator.evaluate(value, place):
                if isinstance(meaning, ClassRef):
                    yield self._program.scope(meaning.place).name

    def _lists(self, cls: Place) -> bool:
        """Say whether a class is an enumeration: its members are what there is to choose from."""
        bases = {b.name.rpartition(".")[2] for b in self._evaluator.outside_bases(ClassRef(cls))}
        return not bases.isdisjoint(_ENUMERATIONS)

    def _texts(self, value: Value, place: Place, inside: bool) -> Iterable[str]:
        """Yield the texts that a name stands for unless it is set; `inside` a function only a setting has such."""
        if isinstance(value, Lit):
            if isinstance(value.value, str) and len(value.value) < 120 and not inside:
                yield value.value
        elif isinstance(value, Call):
            for meaning in self._evaluator.evaluate(value, place):
                for default in () if inside and isinstance(meaning, Known) else defaults_of(meaning):
                    if isinstance(default.value, str):
                        yield default.value


def _engines(alternative: Alternative) -> set[str]:
    """Return the engines an implementation opens; that of a database by its URL bears no name to choose it by."""
    return {o.engine for o in alternative.openings} - {UNDECIDED}


def _score(hint: str, text: str, alternative: Alternative, root: str, kind: Kind) -> int:
    """Weigh a default: an exact class name says most; an engine name only where the setting's name speaks of it."""
    wanted = text.lower()
    about = any(word in hint.lower() for word in _KIND_WORDS.get(kind, ()))
    if text == alternative.label:
        own = any(word in alternative.label.lower() for word in _KIND_WORDS.get(kind, ()))
        return 4 + about + own
    engines = _engines(alternative)
    if wanted not in alternative.names and wanted not in engines:
        return 0
    if "." in wanted:
        return 4
    if about and _SELECTING.search(hint):
        return 3
    if about:
        return 2
    told = {word.lower() for word in words_in(hint.rpartition(".")[2])} & {word.lower() for word in words_in(root)}
    return 1 if _SELECTING.search(hint) and (root.lower() in hint.lower() or told - _GENERAL) else 0
