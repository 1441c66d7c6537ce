"""Collections of MongoDB as tables: MongoEngine's and Beanie's documents, and `create_index` of pymongo and motor."""

from __future__ import annotations

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.core import Model, Places
from fragaudit.link.orm.reader import Read, Reader, View, argument, snake
from fragaudit.model.locations import Location
from fragaudit.model.schema import ColumnDef, IndexDef, Key, Method, TableDef
from fragaudit.model.sql import Mark
from fragaudit.model.values import Attr, Call, Item, Map, Ref, Value

COLLECTION = "collection"
"""What `TableDef.virtual` says of a collection: its documents may have fields that nobody has declared."""

_MONGOENGINE = frozenset({"Document", "DynamicDocument"})
_DIRECTIONS = {
    "ASCENDING": 1,
    "DESCENDING": -1,
    "TEXT": "text",
    "HASHED": "hashed",
    "GEO2D": "2d",
    "GEOSPHERE": "2dsphere",
}
_METHODS: dict[object, Method] = {"text": "fulltext", "hashed": "hash", "2d": "spatial", "2dsphere": "spatial"}
_MONGO = ("pymongo", "motor", "beanie", "mongoengine")


class Documents:
    """Finds the collections a repository declares."""

    def __init__(self, reader: Reader, classes: Classes, places: Places) -> None:
        self.reader = reader
        self.classes = classes
        self.places = places
        self.program = reader.program

    def all(self) -> list[Model]:
        """Return the collections of document classes, then those that only `create_index` speaks of."""
        found = []
        for cls in self.classes.all():
            outside = self.classes.outside(cls)
            if any(n.startswith("mongoengine.") and n.rpartition(".")[2] in _MONGOENGINE for n in outside):
                model = self._engine(cls)
            elif any(n.startswith("beanie.") and n.rpartition(".")[2].endswith("Document") for n in outside):
                model = self._beanie(cls)
            else:
                continue
            if model is not None:
                found.append(model)
        return [*found, *self._created({m.table.name for m in found})]

    def _mark(self, view: View, span: tuple[int, int, int, int]) -> Mark:
        return self.places.mark(self.reader.location(view, span))

    def _collection(self, cls: ClassRef, name: str, columns: dict[str, ColumnDef], keys: list[IndexDef],
                    attributes: dict[str, str], framework: str, opaque: str) -> Model:  # fmt: skip
        at = self.program.location(cls.place.file, self.classes.scope(cls).span)
        mark = self.places.mark(at)
        primary = IndexDef("_id_", (Key("_id"),), unique=True, origin="primary key", at=mark)
        columns = {"_id": ColumnDef("_id", "objectid", nullable=False, at=mark), **columns}
        table = TableDef(name, tuple(columns.values()), (primary, *keys), virtual=COLLECTION, opaque=opaque, at=mark)
        return Model(framework, cls, self.classes.scope(cls).name, table, at, attributes)

    # -- MongoEngine -----------------------------------------------------------------------------------------------

    def _engine(self, cls: ClassRef) -> Model | None:
        meta: dict[str, Read] = {}
        listed: list[Read] = []
        opaque = ""
        order = self.classes.order(cls)
        for each in reversed(order):
            binding = self.classes.members(each).get("meta")
            if binding is None or binding.value is None:
                continue
            entries = self.reader.entries(Read(binding.value, View(each.place)))
            if each != cls:
                for key in ("abstract",):
                    entries.pop(key, None)
            if "indexes" in entries:
                items = self.reader.items(entries["indexes"])
                opaque = opaque or ("" if items is not None else "its indexes can't be followed")
                listed += items or []
            meta.update(entries)
        if self.reader.flag(meta.get("abstract")) is True:
            return None
        given = self.reader.text(meta["collection"]) if "collection" in meta else None
        root = next((c for c in reversed(order) if self._is_root(c)), cls)
        name = given or snake(self.classes.scope(root).name)
        columns: dict[str, ColumnDef] = {}
        attributes = {"pk": "_id", "id": "_id"}
        indexes: list[IndexDef] = []
        for each in reversed(order):
            for field, binding in self.classes.members(each).items():
                call, view = binding.value, View(each.place)
                if not isinstance(call, Call) or not self.reader.last(call, view).endswith("Field"):
                    continue
                keywords = self.reader.keywords(call, view)
                stored = (self.reader.text(keywords["db_field"]) if "db_field" in keywords else None) or field
                mark = self._mark(view, binding.at)
                if self.reader.flag(keywords.get("primary_key")) is True:
                    attributes[field] = "_id"
                    continue
                attributes[field] = stored
                kind = self.reader.last(call, view).removesuffix("Field").lower()
                nullable = self.reader.flag(keywords.get("required")) is not True
                columns[stored] = ColumnDef(stored, kind, nullable=nullable, at=mark)
                if self.reader.flag(keywords.get("unique")) is True or "unique_with" in keywords:
                    others = self.reader.texts(keywords["unique_with"]) if "unique_with" in keywords else ()
                    keys = tuple(Key(attributes.get(o, o)) for o in (field, *(others or ())))
                    indexes.append(IndexDef("", keys, unique=True, at=mark))
        for item in listed:
            made = self._listed(item, attributes)
            if made is None:
                opaque = opaque or "an index can't be followed"
            else:
                indexes.append(made)
        return self._collection(cls, name, columns, indexes, attributes, "mongoengine", opaque)

    def _is_root(self, cls: ClassRef) -> bool:
        binding = self.classes.members(cls).get("meta")
        meta = binding.value if binding is not None else None
        entries = self.reader.entries(Read(meta, View(cls.place))) if meta is not None else {}
        return self.reader.flag(entries.get("abstract")) is not True and any(
            n.startswith("mongoengine.") for n in self.classes.outside(cls)
        )

    def _listed(self, item: Read, attributes: dict[str, str]) -> IndexDef | None:
        """Return an index as MongoEngine lists it: `"-created"`, `("a", "-b")`, `{"fields": […], "unique": True}`."""
        followed = self.reader.follow(item)
        unique, name = False, ""
        fields: tuple[str, ...] | None
        if isinstance(followed.value, Map):
            entries = self.reader.entries(followed)
            fields = self.reader.texts(entries["fields"]) if "fields" in entries else None
            unique = self.reader.flag(entries.get("unique")) is True
            name = (self.reader.text(entries["name"]) or "") if "name" in entries else ""
            if fields is None and "expireAfterSeconds" in entries:
                return None
        else:
            fields = self.reader.texts(followed)
        if not fields:
            return None
        method: Method = "btree"
        keys = []
        for each in fields:
            sign, bare = (each[0], each[1:]) if each[:1] in "+-#$*(" else ("", each)
            method = {"#": "hash", "$": "fulltext", "*": "spatial", "(": "spatial"}.get(sign, method)  # type: ignore[assignment]
            head, dot, rest = bare.partition(".")
            keys.append(Key(attributes.get(head, head) + dot + rest, descending=sign == "-"))
        return IndexDef(name, tuple(keys), unique=unique, method=method, at=self.places.mark(self._place(followed)))

    def _place(self, read: Read):  # type: ignore[no-untyped-def]
        scope = self.program.scope(read.view.place)
        return self.program.location(read.view.place.file, scope.span)

    # -- Beanie ----------------------------------------------------------------------------------------------------

    def _beanie(self, cls: ClassRef) -> Model | None:
        order = self.classes.order(cls)
        settings = next((s for c in order for n in ("Settings", "Collection") if (s := self.classes.inner(c, n))), None)
        options = {
            name: Read(b.value, View(c.place))
            for c in (reversed(self.classes.order(settings)) if settings is not None else ())
            for name, b in self.classes.members(c).items() if b.value is not None
        }  # fmt: skip
        name = (self.reader.text(options["name"]) or "?") if "name" in options else self.classes.scope(cls).name
        columns: dict[str, ColumnDef] = {}
        attributes = {"id": "_id"}
        indexes: list[IndexDef] = []
        opaque = "its name can't be followed" if name == "?" else ""
        for each in reversed(order):
            for field, binding in self.classes.members(each).items():
                if binding.annotation is None or field.startswith("_") or field in ("id", "model_config"):
                    continue
                mark = self._mark(View(each.place), binding.at)
                attributes[field] = field
                columns[field] = ColumnDef(field, getattr(binding.annotation, "name", "").lower(), at=mark)
                made = self._indexed(binding.annotation, View(each.place))
                if made is not None:
                    unique = self.reader.flag(self.reader.keywords(made, View(each.place)).get("unique")) is True
                    indexes.append(IndexDef("", (Key(field),), unique=unique, at=mark))
        for item in self.reader.items(options["indexes"]) or [] if "indexes" in options else []:
            spec = self._specified(item)
            if spec is None:
                opaque = opaque or "an index can't be followed"
            else:
                indexes.append(spec)
        return self._collection(cls, name, columns, indexes, attributes, "beanie", opaque)

    def _indexed(self, annotation: Value, view: View) -> Call | None:
        stack = [annotation]
        while stack:
            top = stack.pop()
            if isinstance(top, Call) and self.reader.last(top, view) == "Indexed":
                return top
            if isinstance(top, Item):
                stack.extend([top.key, top.base])
            elif hasattr(top, "items") and isinstance(top.items, tuple):
                stack.extend(top.items)
        return None

    # -- create_index ----------------------------------------------------------------------------------------------

    def _created(self, known: set[str]) -> list[Model]:
        found: dict[str, list[IndexDef]] = {}
        at: dict[str, Location] = {}
        for method in ("create_index", "ensure_index", "create_indexes"):
            for site in self.program.sites_by_name.get(method, ()):
                view = View(site.place)
                func = site.call.func
                if not isinstance(func, Attr) or not site.call.args:
                    continue
                called = self.reader.callee(site.call, view)
                name = collection_name(self.reader, func.base, view)
                if not called.startswith(_MONGO) or not name or name in known:
                    continue
                first = Read(site.call.args[0].value, view)
                specs = self.reader.items(first) or [] if method == "create_indexes" else [first]
                for spec in specs:
                    made = self._specified(spec, None if method == "create_indexes" else site.call)
                    if made is not None:
                        found.setdefault(name, []).append(made)
                        at.setdefault(name, self.program.location(site.place.file, site.call.at))
        models = []
        for name, indexes in sorted(found.items()):
            mark = self.places.mark(at[name])
            primary = IndexDef("_id_", (Key("_id"),), unique=True, origin="primary key", at=mark)
            table = TableDef(name, (ColumnDef("_id", "objectid", nullable=False, at=mark),), (primary, *indexes),
                             virtual=COLLECTION, at=mark)  # fmt: skip
            models.append(Model("pymongo", None, name, table, at[name]))
        return models

    def _specified(self, read: Read, call: Call | None = None) -> IndexDef | None:
        """Return an index as pymongo has it: a name, `[("a", 1), ("b", -1)]`, or an `IndexModel` of them."""
        followed = self.reader.follow(read)
        view = followed.view
        if isinstance(followed.value, Call) and self.reader.last(followed.value, view) == "IndexModel":
            call = followed.value
            given = argument(call, "keys", 0)
            followed = self.reader.follow(Read(given, view)) if given is not None else followed
        options = self.reader.keywords(call, view) if call is not None else {}
        keys: list[Key] = []
        method: Method = "btree"
        text = self.reader.text(followed)
        if text is not None:
            keys.append(Key(text))
        elif isinstance(followed.value, Map):
            for field, way_read in self.reader.entries(followed).items():
                keys.append(Key(field, descending=self._way(way_read) == -1))
        else:
            for item in self.reader.items(followed) or []:
                single = self.reader.text(item)
                pair = self.reader.items(item) if single is None else None
                if single is not None:
                    keys.append(Key(single))
                elif pair and len(pair) == 2 and (name := self.reader.text(pair[0])) is not None:
                    way = self._way(pair[1])
                    method = _METHODS.get(way, method)
                    keys.append(Key(name, descending=way == -1))
                else:
                    return None
        if not keys:
            return None
        partial = "partialFilterExpression" in options
        at = self._mark(view, call.at) if call is not None else self.places.mark(self._place(followed))
        return IndexDef(
            (self.reader.text(options["name"]) or "") if "name" in options else "",
            tuple(keys),
            unique=self.reader.flag(options.get("unique")) is True,
            method=method,
            where_text="?" if partial else "",
            at=at,
        )

    def _way(self, read: Read) -> object:
        constant = self.reader.constant(read)
        if constant is not None:
            return constant
        return _DIRECTIONS.get(getattr(read.value, "name", ""), 1)


def collection_name(reader: Reader, value: Value, view: View) -> str:
    """Return the collection that `db.users`, `db["users"]` or `db.get_collection("users")` is."""
    read = reader.follow(Read(value, view)) if not isinstance(value, (Attr, Item)) else Read(value, view)
    for _ in range(3):
        match read.value:
            case Item(key=key):
                return reader.text(Read(key, read.view)) or ""
            case Call(func=Attr(name="get_collection"), args=args) if args:
                return reader.text(Read(args[0].value, read.view)) or ""
            case Attr():
                further = reader.follow(read)
                if further.value is read.value:
                    # What an object keeps in an attribute is no collection of that name; none begins with `_`.
                    kept = read.value.base in (Ref("self"), Ref("cls")) or read.value.name.startswith("_")
                    return "" if kept else read.value.name
                read = further
            case _:
                return ""
    return ""


__all__ = ["COLLECTION", "Documents", "collection_name"]
