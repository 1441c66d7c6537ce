"""The arguments of SQLAlchemy's `Table`: columns, constraints, indexes; migrations are written with the same words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.alchemy_where import where as where_of
from fragaudit.link.orm.core import Places
from fragaudit.link.orm.reader import Read, Reader, View, argument
from fragaudit.link.program import Place
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.schema import ColumnDef, ForeignKeyDef, IndexDef, Key, Method, TableDef
from fragaudit.model.sql import NOWHERE, Mark
from fragaudit.model.values import Attr, Call, Either, Item, Lit, Operation, Other, Ref, Span, Text, Value

COLUMNS = frozenset({"Column", "mapped_column", "MappedColumn"})
CONSTRAINTS = frozenset(
    {
        "Index",
        "UniqueConstraint",
        "PrimaryKeyConstraint",
        "ForeignKeyConstraint",
        "ExcludeConstraint",
        "CheckConstraint",
    }
)
_NOT_TYPES = frozenset(
    {"ForeignKey", "Identity", "Sequence", "Computed", "FetchedValue", "DefaultClause", "CheckConstraint", "Constraint"}
)

METHODS: dict[str, Method] = {
    "btree": "btree", "hash": "hash", "gin": "gin", "gist": "gist", "spgist": "spgist", "brin": "brin",
    "bloom": "bloom", "hnsw": "vector", "ivfflat": "vector", "vchordrq": "vector", "diskann": "vector",
    "fulltext": "fulltext", "spatial": "spatial",
}  # fmt: skip

TYPES = {
    "string": "varchar", "unicode": "varchar", "str": "varchar", "autostring": "varchar", "unicodetext": "text",
    "int": "integer", "biginteger": "bigint", "smallinteger": "smallint", "bool": "boolean",
    "largebinary": "blob", "bytes": "blob", "bytea": "bytea", "pickletype": "blob", "datetime": "timestamp",
    "dict": "json", "list": "json", "decimal": "numeric", "uuid4": "uuid",
}  # fmt: skip
"""SQL's names of types whose Python names differ."""

DEEPEST = 8
"""Types within types, or on the way to one."""

DEFAULT_CONVENTION = {"ix": "ix_%(column_0_label)s"}
_TOKEN = re.compile(r"%\((\w+)\)s")
_COLUMN_TOKEN = re.compile(r"^column_(0|\d+)(_?N)?(_?)(name|label|key)$")
_SORTED = re.compile(
    r"^\s*(?P<what>.+?)(?P<way>\s+(?:asc|desc))?(?:\s+nulls\s+(?P<nulls>first|last))?\s*$", re.IGNORECASE
)


@dataclass
class Drawn:
    """A column, and what its own arguments make beside it."""

    column: ColumnDef
    primary: bool = False
    unique: bool = False
    index: bool = False
    foreign: tuple[ForeignKeyDef, ...] = ()


@dataclass
class Draft:
    """A table being put together: columns by name, the attributes that stand for them, constraints and indexes."""

    name: str
    schema: str = ""
    columns: dict[str, Drawn] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    indexes: list[IndexDef] = field(default_factory=list)
    foreign: list[ForeignKeyDef] = field(default_factory=list)
    convention: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""
    opaque: str = ""
    at: Mark = NOWHERE
    engine: str = ""

    @property
    def full(self) -> str:
        """The table's name with its schema."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def add(self, attribute: str, drawn: Drawn) -> None:
        """Add a column under the attribute that stands for it; the first of a name stays."""
        self.attributes.setdefault(attribute, drawn.column.name)
        self.columns.setdefault(drawn.column.name, drawn)

    def table(self) -> TableDef:
        """Return the table with the keys, constraints and indexes that its columns' arguments make."""
        indexes: list[IndexDef] = []
        primary = tuple(Key(name) for name, drawn in self.columns.items() if drawn.primary)
        if primary and not any(i.origin == "primary key" for i in self.indexes):
            at = next(d.column.at for d in self.columns.values() if d.primary)
            indexes.append(IndexDef("", primary, unique=True, origin="primary key", at=at))
        for name, drawn in self.columns.items():
            indexes.extend(column_indexes(self.name, self.schema, self.convention, name, drawn))
        foreign = [key for drawn in self.columns.values() for key in drawn.foreign]
        return TableDef(
            self.full,
            tuple(drawn.column for drawn in self.columns.values()),
            (*indexes, *self.indexes),
            (*foreign, *self.foreign),
            comment=self.comment,
            opaque=self.opaque,
            at=self.at,
            engine=self.engine,
        )


def engine_of(options: Iterable[str]) -> str:
    """Return the database that options of a table are for, `mysql_engine=…`; empty if they are for none or several."""
    found = {name.partition("_")[0] for name in options} & {"mysql", "postgresql", "sqlite", "oracle", "mssql"}
    return "mysql" if found == {"mysql"} else ""


def column_indexes(
    table: str, schema: str, convention: Mapping[str, str], name: str, drawn: Drawn
) -> tuple[IndexDef, ...]:
    """Return what `index=` and `unique=` of a column make: one index, or one constraint."""
    if drawn.index:
        made = conventional("ix", table, schema, convention, (name,))
        return (IndexDef(made, (Key(name),), unique=drawn.unique, at=drawn.column.at),)
    if drawn.unique:
        made = conventional("uq", table, schema, convention, (name,))
        return (IndexDef(made, (Key(name),), unique=True, origin="unique", at=drawn.column.at),)
    return ()


def conventional(
    kind: str, table: str, schema: str, convention: Mapping[str, str], columns: tuple[str, ...], given: str = ""
) -> str:
    """Return the name a naming convention makes, empty where it makes none or uses tokens of the project's own."""
    pattern = convention.get(kind) or DEFAULT_CONVENTION.get(kind, "")
    known = True

    def token(match: re.Match[str]) -> str:
        nonlocal known
        word = match[1]
        if word == "table_name":
            return table
        if word == "constraint_name":
            return given
        parts = _COLUMN_TOKEN.match(word)
        prefix = (schema.replace(".", "_") + "_" if schema else "") + table + "_"
        if parts is None or (not parts[2] and int(parts[1]) >= len(columns)):
            known = False
            return ""
        names = [prefix + c if parts[4] == "label" else c for c in columns]
        if parts[2]:
            return ("_" if parts[2] == "_N" else "").join(names)
        return names[int(parts[1])]

    made = _TOKEN.sub(token, pattern)
    return made if known else ""


class TableReader:
    """Reads the arguments of `Table`, of `__table_args__` and of migration operations."""

    def __init__(self, reader: Reader, places: Places) -> None:
        self.reader = reader
        self.places = places
        self.named: Callable[[ClassRef], str] = lambda cls: ""
        """Returns the name of a class's table, empty if that isn't known; told by what reads classes."""

    def mark(self, view: View, span: Span) -> Mark:
        """Return the mark of a span of the view's file."""
        return self.places.mark(self.reader.location(view, span))

    # -- columns ---------------------------------------------------------------------------------------------------

    def column(self, call: Call, view: View, attribute: str, at: Mark | None = None) -> Drawn | None:
        """Return the column a `Column(…)` or `mapped_column(…)` defines; `attribute` names it unless it does itself."""
        reader = self.reader
        keywords = reader.keywords(call, view)
        positional = reader.positional(call, view) or []
        given = [keywords["name"]] if "name" in keywords else []
        if positional and not given and isinstance(positional[0].value, (Lit, Text, Ref)):
            text = reader.text(positional[0])
            if text is not None:
                given, positional = [positional[0]], positional[1:]
        name = reader.text(given[0]) if given else attribute
        if not name:
            return None
        at = at if at is not None else self.mark(view, call.at)
        kind, foreign, generated = "", [], ""
        for read in [*positional, *(keywords[k] for k in ("type_", "sa_type") if k in keywords)]:
            followed = read if isinstance(read.value, Call) else reader.follow(read)
            last = reader.last(followed.value, followed.view)
            if last == "ForeignKey" and isinstance(followed.value, Call):
                foreign.extend(self._foreign_key(followed.value, followed.view, name, at))
            elif last == "Computed" and isinstance(followed.value, Call) and followed.value.args:
                generated = reader.text(Read(followed.value.args[0].value, followed.view)) or "?"
            elif last not in _NOT_TYPES and not kind:
                kind = self.type_name(read)
        primary = reader.flag(keywords.get("primary_key")) is True
        nullable = reader.flag(keywords.get("nullable"))
        return Drawn(
            ColumnDef(
                name,
                kind,
                nullable=nullable if nullable is not None else not primary,
                default=self._default(keywords),
                generated=generated,
                comment=(reader.text(keywords["comment"]) or "") if "comment" in keywords else "",
                at=at,
            ),
            primary,
            # A condition decides which arm it is (`unique=not MULTITENANT`); an index that may exist exists.
            self._maybe(keywords.get("unique")),
            self._maybe(keywords.get("index")),
            tuple(foreign),
        )

    def _maybe(self, read: Read | None) -> bool:
        if read is None:
            return False
        followed = self.reader.follow(read)
        return not (isinstance(followed.value, Lit) and not followed.value.value)

    def _default(self, keywords: Mapping[str, Read]) -> str:
        read = keywords.get("server_default")
        if read is None:
            return ""
        value = self.reader.constant(read)
        return str(value) if value is not None else "?"

    def type_name(self, read: Read, deep: int = 0) -> str:
        """Return a type's name in SQL's words, with its length or dimension where one is written: `varchar(50)`."""
        reader = self.reader
        if deep > DEEPEST:  # it is made of itself
            return ""
        value, view = read.value, read.view
        if isinstance(value, (Ref, Attr)):
            followed = reader.follow(read)
            if isinstance(followed.value, Call):
                value, view = followed.value, followed.view
        last = reader.last(value, view).lower()
        if last in ("variant", "with_variant") and isinstance(value, Call) and isinstance(value.func, Attr):
            varied = Read(value.func.base, view)
            if isinstance(varied.value, Ref) and reader.follow(varied).value == value:
                varied = self._first(varied.value.name, view)
            return self.type_name(varied, deep + 1)
        own = reader.project_class(value.func if isinstance(value, Call) else value, view)
        if own is not None:
            last = self._implemented(own, view) or last
        name = TYPES.get(last, last)
        if name == "array" and isinstance(value, Call) and value.args:
            return self.type_name(Read(value.args[0].value, view), deep + 1) + "[]"
        if isinstance(value, Call):
            size = argument(value, "length", 0) or argument(value, "dim", 0)
            known = reader.constant(Read(size, view)) if size is not None else None
            if isinstance(known, int) and not isinstance(known, bool):
                return f"{name}({known})"
        return name

    def _first(self, name: str, view: View) -> Read:
        """Return what a name is bound to first: `T = BigInteger()`, of which `T = T.with_variant(…)` is another."""
        bound = self.reader.program.bindings(Place(view.place.file, MODULE_SCOPE), name)
        return Read(next((b.value for b in bound if b.value is not None), Lit(None)), view)

    def _implemented(self, own: object, view: View) -> str:
        """Return what a `TypeDecorator` of the project is in the database."""
        if isinstance(own, ClassRef):
            for ancestor in self.reader.evaluator.ancestry(own):
                for binding in self.reader.program.bindings(ancestor.place, "impl"):
                    if binding.value is not None:
                        return self.reader.last(binding.value, View(ancestor.place)).lower()
            for base in self.reader.evaluator.outside_bases(own):
                return base.name.rpartition(".")[2].lower()
        return ""

    def _foreign_key(self, call: Call, view: View, column: str, at: Mark) -> list[ForeignKeyDef]:
        target = argument(call, "column", 0)
        if target is None:
            return []
        table, _, there = self._target(Read(target, view)).rpartition(".")
        keywords = self.reader.keywords(call, view)
        name = (self.reader.text(keywords["name"]) or "") if "name" in keywords else ""
        on_delete = (self.reader.text(keywords["ondelete"]) or "") if "ondelete" in keywords else ""
        return [ForeignKeyDef((column,), table or there, (there,) if table else (), name, on_delete.lower(), at)]

    def _target(self, read: Read) -> str:
        """Return `table.column` of a reference: a text, or a column of a class or table."""
        text = self.reader.text(read)
        if text is not None:
            return text
        value, view = read.value, read.view
        if isinstance(value, Attr):
            base = value.base
            if isinstance(base, Attr) and base.name in ("c", "columns"):  # users.c.id
                table = self.reader.follow(Read(base.base, view))
                if isinstance(table.value, Call) and table.value.args:
                    name = self.reader.text(Read(table.value.args[0].value, table.view))
                    return f"{name}.{value.name}" if name else "?"
            own = self.reader.project_class(base, view)
            if own is not None:
                known = self.named(own)
                if known:
                    return f"{known}.{value.name}"
                for ancestor in self.reader.evaluator.ancestry(own):
                    for binding in self.reader.program.bindings(ancestor.place, "__tablename__"):
                        if binding.value is not None:
                            name = self.reader.text(Read(binding.value, View(ancestor.place)))
                            return f"{name}.{value.name}" if name else "?"
                return f"{self.reader.program.scope(own.place).name.lower()}.{value.name}"
        return "?"

    # -- constraints and indexes -----------------------------------------------------------------------------------

    def apply(self, draft: Draft, arguments: Iterable[Read]) -> None:
        """Add what the arguments of a table define to its draft; an argument that can't be followed makes it opaque."""
        later: list[tuple[str, Read]] = []
        for given in arguments:
            for read in self._options(given):
                followed = self.reader.follow(read) if not _is_schema_call(self.reader, read) else read
                value, view = _bare(followed.value), followed.view
                if not isinstance(value, Call):
                    if not (isinstance(value, Lit) and value.value is None):
                        draft.opaque = draft.opaque or "an argument of the table can't be followed"
                    continue
                last = self.reader.last(value, view)
                if last in COLUMNS:
                    drawn = self.column(value, view, "")
                    if drawn is not None:
                        key = argument(value, "key")
                        name = self.reader.text(Read(key, view)) if key is not None else None
                        draft.add(name or drawn.column.name, drawn)
                    else:
                        draft.opaque = draft.opaque or "the name of a column can't be followed"
                elif last in CONSTRAINTS:
                    later.append((last, Read(value, view)))
                elif last == "copy" and isinstance(value.func, Attr):
                    later.append(("", followed))
        for last, read in later:
            if isinstance(read.value, Call):
                self.constraint(draft, last, read.value, read.view)

    def _options(self, read: Read) -> list[Read]:
        if isinstance(read.value, Either):
            return [Read(option, read.view) for option in read.value.options if not isinstance(option, Lit)]
        return [read]

    def constraint(self, draft: Draft, last: str, call: Call, view: View) -> None:
        """Add a constraint or index to a draft."""
        if last == "Index":
            made = self.index(call, view, draft)
            if made is not None:
                draft.indexes.append(made)
            else:
                draft.opaque = draft.opaque or "an index of the table can't be followed"
        elif last in ("UniqueConstraint", "PrimaryKeyConstraint"):
            keys = self._keys(call, view, draft)
            if keys is None:
                draft.opaque = draft.opaque or "a constraint of the table can't be followed"
                return
            primary = last == "PrimaryKeyConstraint"
            columns = tuple(key.column for key in keys)
            given = self._named(call, view)
            kind = "pk" if primary else "uq"
            name = given or conventional(kind, draft.name, draft.schema, draft.convention, columns)
            origin = "primary key" if primary else "unique"
            if keys:
                draft.indexes.append(
                    IndexDef(name, keys, unique=True, origin=origin, at=self.mark(view, call.at))  # type: ignore[arg-type]
                )
        elif last == "ForeignKeyConstraint":
            here = self._column_names(argument(call, "columns", 0), view, draft)
            there = argument(call, "refcolumns", 1)
            targets = [self._target(item) for item in self.reader.items(Read(there, view)) or []] if there else []
            if here and targets and len(here) == len(targets):
                table = targets[0].rpartition(".")[0]
                keywords = self.reader.keywords(call, view)
                on_delete = (self.reader.text(keywords["ondelete"]) or "") if "ondelete" in keywords else ""
                references = tuple(target.rpartition(".")[2] for target in targets)
                name = self._named(call, view)
                draft.foreign.append(
                    ForeignKeyDef(here, table, references, name, on_delete.lower(), self.mark(view, call.at))
                )
        elif last == "ExcludeConstraint":
            name = self._named(call, view)
            draft.indexes.append(IndexDef(name, (Key(expression="?"),), method="gist", at=self.mark(view, call.at)))

    def _named(self, call: Call, view: View) -> str:
        name = argument(call, "name")
        return (self.reader.text(Read(name, view)) or "") if name is not None else ""

    def _column_names(self, value: Value | None, view: View, draft: Draft | None) -> tuple[str, ...]:
        items = self.reader.items(Read(value, view)) if value is not None else None
        keys = [self.key(item, draft) for item in items or []]
        return tuple(key.column for key in keys if key is not None)

    def _keys(self, call: Call, view: View, draft: Draft | None) -> tuple[Key, ...] | None:
        positional = self.reader.positional(call, view)
        if positional is None:
            return None
        keys = [self.key(read, draft) for read in positional]
        return tuple(key for key in keys if key is not None) if None not in keys else None

    def index(self, call: Call, view: View, draft: Draft | None) -> IndexDef | None:
        """Return the index an `Index(name, *keys, …)` makes; None if a key can't be read."""
        positional = self.reader.positional(call, view)
        named = argument(call, "name")
        if positional is None:
            return None
        first = positional[0] if positional else None
        given = ""
        if named is not None:
            given = self.reader.text(Read(named, view)) or ""
        elif first is not None:
            given = self.reader.text(first) or ""
            positional = positional[1:]
        keys = [self.key(read, draft) for read in positional]
        if not keys or None in keys:
            return None
        known = tuple(key for key in keys if key is not None)
        if not given and draft is not None:
            columns = tuple(key.column or "expr" for key in known)
            given = conventional("ix", draft.name, draft.schema, draft.convention, columns)
        return self.finished(given, known, self.reader.keywords(call, view), self.mark(view, call.at), draft)

    def finished(
        self, name: str, keys: tuple[Key, ...], keywords: Mapping[str, Read], at: Mark, draft: Draft | None
    ) -> IndexDef:
        """Return an index of known keys with the options of its dialects."""
        reader = self.reader
        using = next((t for k in _USING if k in keywords and (t := reader.text(keywords[k]))), "btree")
        classes = reader.entries(keywords["postgresql_ops"]) if "postgresql_ops" in keywords else {}
        if classes:
            keys = tuple(
                Key(k.column, k.expression, k.descending, k.nulls, reader.text(classes[k.column]) or "?")
                if k.column in classes else k
                for k in keys
            )  # fmt: skip
        where, text = None, ""
        for option in ("postgresql_where", "sqlite_where"):
            if option in keywords and where is None:
                where, text = where_of(keywords[option], self.reader, lambda read: self.key(read, draft))
        include = keywords.get("postgresql_include")
        included = self._column_names(include.value, include.view, draft) if include is not None else ()
        return IndexDef(
            name,
            keys,
            unique=reader.flag(keywords.get("unique")) is True,
            method=METHODS.get(using.lower(), "other"),
            where=where,
            where_text=text,
            include=included,
            at=at,
        )

    def key(self, read: Read, draft: Draft | None) -> Key | None:
        """Return one key: a column by name, attribute or object, with its direction, or an expression, or None."""
        value, view = read.value, read.view
        attributes = draft.attributes if draft is not None else {}
        match value:
            case Lit(value=str() as name):
                return Key(attributes.get(name, name) if draft is not None and name not in draft.columns else name)
            case Ref(name=name) if name in attributes:
                return Key(attributes[name])
            case Attr(name=name) if draft is not None and (name in attributes or name in draft.columns):
                return Key(attributes.get(name, name))
            case Call(func=Attr(base=base, name=name)) if name in _WAYS and not value.args:
                inner = self.key(Read(base, view), draft)
                return _turned(inner, name) if inner is not None else None
            case Call():
                return self._computed(value, view, draft)
        followed = self.reader.follow(read) if isinstance(value, (Ref, Attr, Item)) else read
        if followed.value is not value and isinstance(followed.value, Call):
            return self.key(followed, draft)
        text = self.reader.text(read)
        if text is not None:
            return self.key(Read(Lit(text), view), draft)
        if isinstance(value, Attr) and draft is not None and isinstance(value.base, Ref):
            return Key(value.name)
        if isinstance(value, (Operation, Other, Item)):
            return Key(expression="?")
        return None

    def _computed(self, call: Call, view: View, draft: Draft | None) -> Key | None:
        last = self.reader.last(call, view)
        first = Read(call.args[0].value, view) if call.args else None
        if last in COLUMNS:
            drawn = self.column(call, view, "")
            return Key(drawn.column.name) if drawn is not None else None
        if first is None:
            return None
        if last in _WAYS:
            inner = self.key(first, draft)
            return _turned(inner, last) if inner is not None else None
        if last in ("text", "literal_column", "f", "conv", "quoted_name", "column"):
            text = self.reader.text(first)
            return written_key(text) if text is not None else None
        inner = self.key(first, draft)
        dotted_name = self.reader.callee(call, view)
        if ".func." in f".{dotted_name}" and len(call.args) == 1 and inner is not None and inner.column:
            return Key(expression=f"{last.lower()}({inner.column})")
        return Key(expression="?")


_USING = ("postgresql_using", "mysql_prefix", "mysql_using")
_WAYS = {
    "desc": (True, ""), "asc": (False, ""), "nulls_last": (None, "last"), "nulls_first": (None, "first"),
    "nullslast": (None, "last"), "nullsfirst": (None, "first"),
}  # fmt: skip


def _bare(value: Value) -> Value:
    """Return an index without the condition on which it is made: one that may exist exists."""
    while isinstance(value, Call) and isinstance(value.func, Attr) and value.func.name in ("ddl_if", "execute_if"):
        value = value.func.base
    return value


def _turned(key: Key, way: str) -> Key:
    descending, nulls = _WAYS[way]
    return Key(
        key.column,
        key.expression,
        key.descending if descending is None else descending,
        nulls or key.nulls,  # type: ignore[arg-type]
        key.opclass,
    )


_NAME = re.compile(r'^["`\[]?([A-Za-z_]\w*)["`\]]?$')


def written_key(text: str) -> Key:
    """Return a key from its SQL: `created_at DESC NULLS LAST`, `lower(email)`."""
    match = _SORTED.match(text)
    if match is None:
        return Key(expression="?")
    name = _NAME.match(match["what"])
    descending = (match["way"] or "").strip().lower() == "desc"
    nulls = (match["nulls"] or "").lower()
    if name is not None:
        return Key(name[1], descending=descending, nulls=nulls)  # type: ignore[arg-type]
    return Key(expression=" ".join(match["what"].lower().split()), descending=descending, nulls=nulls)  # type: ignore[arg-type]


def _is_schema_call(reader: Reader, read: Read) -> bool:
    return isinstance(read.value, Call) and reader.last(read.value, read.view) in (COLUMNS | CONSTRAINTS)


__all__ = ["COLUMNS", "CONSTRAINTS", "Draft", "Drawn", "TableReader", "column_indexes", "conventional", "written_key"]
