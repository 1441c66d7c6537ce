"""Pony: entities of a `Database`, whose relations become indexed foreign keys."""

from __future__ import annotations

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.alchemy_table import Draft, Drawn
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.core import Model, Places, Relation
from fragaudit.link.orm.reader import Read, Reader, View
from fragaudit.model.schema import ColumnDef, ForeignKeyDef, IndexDef, Key
from fragaudit.model.values import Attr, Call, Lit, Ref, Value

_ATTRIBUTES = frozenset({"PrimaryKey", "Required", "Optional", "Discriminator"})
_TYPES = {"str": "varchar", "int": "integer", "bool": "boolean", "datetime": "timestamp", "LongStr": "text",
          "Json": "jsonb", "bytes": "blob", "buffer": "blob"}  # fmt: skip


class Pony:
    """Finds Pony's entities."""

    def __init__(self, reader: Reader, classes: Classes, places: Places) -> None:
        self.reader = reader
        self.classes = classes
        self.places = places
        self._known: dict[str, ClassRef] = {}

    def all(self) -> list[Model]:
        """Return the tables of all entities; entities that derive from another share its table."""
        entities = [c for c in self.classes.all() if any(self._is_entity(b) for b in self.classes.outside(c))]
        self._known = {self.classes.scope(c).name: c for c in entities}
        roots = [c for c in entities if not any(b in entities for b in self.classes.order(c)[1:])]
        return [self._model(root, [c for c in entities if root in self.classes.order(c)]) for root in roots]

    def _is_entity(self, name: str) -> bool:
        return name.startswith("pony.") and name.endswith(".Entity")

    def _table(self, cls: ClassRef) -> str:
        for each in reversed(self.classes.order(cls)):
            binding = self.classes.members(each).get("_table_")
            if binding is not None and binding.value is not None:
                return self.reader.text(Read(binding.value, View(each.place))) or "?"
        root = next((c for c in reversed(self.classes.order(cls)) if c in self._known.values()), cls)
        return self.classes.scope(root).name

    def _model(self, cls: ClassRef, family: list[ClassRef]) -> Model:
        program = self.reader.program
        at = program.location(cls.place.file, self.classes.scope(cls).span)
        draft = Draft(self._table(cls), at=self.places.mark(at))
        draft.convention = {"ix": "idx_%(table_name)s__%(column_0_N_name)s"}
        relations: dict[str, Relation] = {}
        for each in family:
            for name, binding in self.classes.members(each).items():
                if isinstance(binding.value, Call):
                    self._attribute(name, binding.value, View(each.place), draft, relations)
            for use in program.files[each.place.file].uses:
                if use.scope == each.place.scope and isinstance(use.value, Call):
                    self._composite(use.value, View(each.place), draft)
        if len(family) > 1:
            draft.add("classtype", Drawn(ColumnDef("classtype", "varchar", nullable=False, at=draft.at)))
        composed = any(i.origin == "primary key" for i in draft.indexes)
        if not composed and not any(d.primary for d in draft.columns.values()):
            key = Drawn(ColumnDef("id", "integer", nullable=False, at=draft.at), primary=True)
            draft.columns = {"id": key, **draft.columns}
        return Model("pony", cls, self.classes.scope(cls).name, draft.table(), at, dict(draft.attributes), relations)

    def _attribute(self, name: str, call: Call, view: View, draft: Draft, relations: dict[str, Relation]) -> None:
        last = self.reader.last(call, view)
        first = next((a.value for a in call.args if a.name is None), None)
        if first is None or last not in (*_ATTRIBUTES, "Set"):
            return
        target = self._entity(first, view)
        if last == "Set":
            relations[name] = Relation(target, many=True)
            return
        keywords = self.reader.keywords(call, view)
        mark = self.places.mark(self.reader.location(view, call.at))
        column = (self.reader.text(keywords["column"]) if "column" in keywords else None) or name
        unique = self.reader.flag(keywords.get("unique")) is True
        foreign: tuple[ForeignKeyDef, ...] = ()
        if target is not None:
            relations[name] = Relation(target, (column,))
            if self._is_one(target, self.classes.scope(self._known_owner(view)).name):
                unique = True
            foreign = (ForeignKeyDef((column,), self._table(target), at=mark),)
        index = "index" in keywords and keywords["index"].value != Lit(False)
        kind = getattr(first, "name", "")
        draft.add(
            name,
            Drawn(
                ColumnDef(column, _TYPES.get(kind, kind.lower()), nullable=last == "Optional", at=mark),
                last == "PrimaryKey",
                unique,
                not unique and last != "PrimaryKey" and (index or target is not None),
                foreign,
            ),
        )

    def _known_owner(self, view: View) -> ClassRef:
        return ClassRef(view.place)

    def _is_one(self, target: ClassRef, owner: str) -> bool:
        """Say whether the other side of a relation is a single object too."""
        for binding in self.classes.members(target).values():
            call = binding.value
            if (
                isinstance(call, Call)
                and call.args
                and self.reader.last(call, View(target.place)) in ("Optional", "Required")
            ):
                first = call.args[0].value
                if getattr(first, "name", getattr(first, "value", None)) == owner:
                    return True
        return False

    def _entity(self, value: Value, view: View) -> ClassRef | None:
        own = self.reader.project_class(value, view)
        if own is not None:
            return own if own in self._known.values() else None
        name = value.value if isinstance(value, Lit) else getattr(value, "name", "")
        return self._known.get(str(name))

    def _composite(self, call: Call, view: View, draft: Draft) -> None:
        last = self.reader.last(call, view)
        if last not in ("composite_key", "composite_index", "PrimaryKey"):
            return
        names = [
            a.value.name if isinstance(a.value, (Ref, Attr)) else self.reader.text(Read(a.value, view)) or ""
            for a in call.args if a.name is None
        ]  # fmt: skip
        keys = tuple(Key(draft.attributes.get(name, name)) for name in names if name)
        mark = self.places.mark(self.reader.location(view, call.at))
        origin = {"composite_key": "unique", "composite_index": "index", "PrimaryKey": "primary key"}[last]
        if keys:
            draft.indexes.append(
                IndexDef("", keys, unique=last != "composite_index", origin=origin, at=mark)  # type: ignore[arg-type]
            )
