"""Django's indexes and constraints as they are written, in models and in migrations alike."""

from __future__ import annotations

from collections.abc import Callable

from fragaudit.link.orm.alchemy_table import written_key
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.core import python_literal
from fragaudit.link.orm.django_state import Part, Spec
from fragaudit.link.orm.reader import Read, Reader, View
from fragaudit.model.schema import Method
from fragaudit.model.sql import And, Column, Compare, Constant, Expression, Mark, Opaque, Predicate
from fragaudit.model.values import Attr, Call, Lit, Operation, Seq, Span

_INDEXES: dict[str, tuple[Method, str]] = {
    "Index": ("btree", "idx"), "BTreeIndex": ("btree", "btree"), "GinIndex": ("gin", "gin"),
    "GistIndex": ("gist", "gist"), "BrinIndex": ("brin", "brin"), "HashIndex": ("hash", "hash"),
    "SpGistIndex": ("spgist", "spgist"), "BloomIndex": ("bloom", "bloom"), "HnswIndex": ("vector", "hnsw"),
    "IvfflatIndex": ("vector", "ivfflat"), "FullTextIndex": ("fulltext", "idx"),
}  # fmt: skip
_LOOKUPS = {"exact": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_FUNCTIONS = {"Lower": "lower", "Upper": "upper", "Trim": "trim", "Length": "length", "Abs": "abs"}


class IndexReader:
    """Reads indexes, and the conditions of those that leave rows out."""

    def __init__(self, reader: Reader, classes: Classes, mark: Callable[[View, Span], Mark]) -> None:
        self.reader = reader
        self.classes = classes
        self._mark = mark

    def specs(self, read: Read) -> tuple[list[Spec], str]:
        """Return the indexes or constraints of a list, and what of it was not understood."""
        items = self.reader.items(read)
        if items is None:
            return [], "a list of indexes can't be followed"
        found, why = [], ""
        for item in items:
            followed = item if isinstance(item.value, Call) else self.reader.follow(item)
            spec = self.spec(followed)
            if spec is not None:
                found.append(spec)
            elif not (isinstance(followed.value, Call) and self.reader.last(followed.value, followed.view) in _IGNORED):
                why = "an index can't be followed"
        return found, why

    def spec(self, read: Read) -> Spec | None:
        """Return an index or unique constraint; None for what is neither, or can't be read."""
        call, view = read.value, read.view
        if not isinstance(call, Call):
            return None
        last = self.reader.last(call, view)
        own = self.reader.project_class(call.func, view)
        if own is not None:
            last = next((n.rpartition(".")[2] for n in self.classes.outside(own)), last)
        options = self.reader.keywords(call, view)
        name = (self.reader.text(options["name"]) or "") if "name" in options else ""
        at = self._mark(view, call.at)
        if last == "ExclusionConstraint":
            return Spec((Part(expression="?"),), name, method="gist", at=at)
        unique = last == "UniqueConstraint"
        if last not in _INDEXES and not unique:
            return None
        method, suffix = _INDEXES.get(last, ("btree", "idx"))
        positional = self.reader.positional(call, view)
        fields = self.reader.texts(options["fields"]) if "fields" in options else ()
        if positional is None or fields is None:
            return None
        classes = self.reader.texts(options["opclasses"]) if "opclasses" in options else ()
        parts = [Part(f.lstrip("-"), descending=f.startswith("-")) for f in fields]
        if classes:
            parts = [
                Part(p.field, p.expression, p.descending, c) for p, c in zip(parts, classes, strict=False)
            ] or parts
        parts += [self.part(item) for item in positional]
        include = self.reader.texts(options["include"]) if "include" in options else ()
        where, text = None, ""
        if "condition" in options and options["condition"].value != Lit(None):
            where, text = self.condition(options["condition"])
        if not parts:
            return None
        return Spec(tuple(parts), name, unique, unique, method, suffix, where, text, include or (), at)

    def part(self, read: Read) -> Part:
        """Return one key of an index given by expressions: a field, with a direction, in a function."""
        value, view = read.value, read.view
        text = self.reader.text(read)
        if text is not None:
            return Part(text.lstrip("-"), descending=text.startswith("-"))
        if not isinstance(value, Call):
            return Part(expression="?")
        last = self.reader.last(value, view)
        if isinstance(value.func, Attr) and value.func.name in ("desc", "asc"):
            inner = self.part(Read(value.func.base, view))
            return Part(inner.field, inner.expression, value.func.name == "desc", inner.opclass)
        first = Read(value.args[0].value, view) if value.args else None
        if first is None:
            return Part(expression="?")
        if last == "F":
            return self.part(first)
        if last == "OrderBy":
            inner = self.part(first)
            turned = self.reader.flag(self.reader.keywords(value, view).get("descending")) is True
            return Part(inner.field, inner.expression, turned, inner.opclass)
        if last == "OpClass":
            inner = self.part(first)
            name = self.reader.keywords(value, view).get("name")
            return Part(
                inner.field, inner.expression, inner.descending, (self.reader.text(name) or "?") if name else "?"
            )
        if last == "RawSQL":
            raw = self.reader.text(first)
            return Part(expression=written_key(raw).expression or raw) if raw else Part(expression="?")
        if last in _FUNCTIONS and len(value.args) == 1:
            inner = self.part(first)
            if inner.field:
                return Part(expression=f"{_FUNCTIONS[last]}({inner.field})")
        return Part(expression="?")

    def condition(self, read: Read) -> tuple[Predicate, str]:
        """Return the predicate of a partial index from its `Q`, and its text."""
        found = self._conditions(read)
        if found is None or not found:
            return Opaque(Expression("?"), unknown=True), "?"
        text = " AND ".join(_shown(compare) for compare in found)
        return (found[0] if len(found) == 1 else And(tuple(found))), text

    def _conditions(self, read: Read) -> list[Compare] | None:
        followed = self.reader.follow(read)
        value, view = followed.value, followed.view
        if isinstance(value, Operation) and value.op == "&":
            parts = [self._conditions(Read(operand, view)) for operand in value.operands]
            return [c for part in parts for c in part or ()] if None not in parts else None
        if isinstance(value, Operation) and value.op == "~" and isinstance(value.operands[0], Call):
            inner = self._conditions(Read(value.operands[0], view))
            if inner and len(inner) == 1 and inner[0].op in _NEGATED:
                return [Compare(inner[0].left, _NEGATED[inner[0].op], inner[0].right)]  # type: ignore[arg-type]
            return None
        if not isinstance(value, Call) or self.reader.last(value, view) != "Q":
            return None
        found: list[Compare] = []
        pairs: list[tuple[str, Read]] = []
        for argument in value.args:
            if argument.name is not None:
                pairs.append((argument.name, Read(argument.value, view)))
            elif isinstance(argument.value, Seq) and len(argument.value.items) == 2:  # as migrations write it
                key = self.reader.text(Read(argument.value.items[0], view))
                if key is None:
                    return None
                pairs.append((key, Read(argument.value.items[1], view)))
            else:
                inner = self._conditions(Read(argument.value, view))
                if inner is None:
                    return None
                found.extend(inner)
        for key, given in pairs:
            if key.startswith("_"):
                return None
            name, _, lookup = key.partition("__")
            compare = self._lookup(name, lookup or "exact", given)
            if compare is None:
                return None
            found.append(compare)
        return found

    def _lookup(self, name: str, lookup: str, given: Read) -> Compare | None:
        column = Column("", name)
        constant = self.reader.constant(given)
        if lookup == "isnull" and isinstance(constant, bool):
            return Compare(column, "is null" if constant else "is not null")
        if lookup == "exact" and given.value == Lit(None):
            return Compare(column, "is null")
        if lookup == "exact" and isinstance(constant, bool):
            return Compare(column, "true" if constant else "false")
        if lookup in _LOOKUPS and constant is not None:
            return Compare(column, _LOOKUPS[lookup], (python_literal(constant),))  # type: ignore[arg-type]
        if lookup == "in":
            items = self.reader.items(given)
            values = [self.reader.constant(item) for item in items or []]
            if values and None not in values:
                return Compare(column, "in", tuple(python_literal(v) for v in values))
        return None


_NEGATED = {"is null": "is not null", "is not null": "is null", "true": "false", "false": "true", "=": "<>"}
_IGNORED = frozenset({"CheckConstraint"})


def _shown(compare: Compare) -> str:
    name = compare.left.name if isinstance(compare.left, Column) else "?"
    values = ", ".join(_constant(c) for c in compare.right if isinstance(c, Constant))
    if compare.op in ("true", "false"):
        return name if compare.op == "true" else f"NOT {name}"
    if compare.op == "in":
        return f"{name} IN ({values})"
    return f"{name} {compare.op.upper()} {values}".strip()


def _constant(constant: Constant) -> str:
    return f"'{constant.value}'" if constant.kind == "string" else str(constant.value)
