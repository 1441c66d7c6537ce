"""Django's models as data, as its migrations see them too, and the tables that its schema editor makes of them.

Names of indexes follow `BaseDatabaseSchemaEditor._create_index_name` and `Index.set_name_with_model` of Django 4.2 to
5.2.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from fragaudit.link.orm.core import digest
from fragaudit.model.schema import ColumnDef, ForeignKeyDef, IndexDef, Key, Method, TableDef
from fragaudit.model.sql import NOWHERE, And, Column, Compare, Mark, Predicate

LONGEST_IDENTIFIER = 63
"""Of PostgreSQL, the engine whose limit decides most often; SQLite has none."""

LIBRARY_TABLES = {
    "auth.user": "auth_user", "auth.group": "auth_group", "auth.permission": "auth_permission",
    "contenttypes.contenttype": "django_content_type", "sites.site": "django_site",
    "sessions.session": "django_session", "admin.logentry": "django_admin_log",
    "flatpages.flatpage": "django_flatpage", "redirects.redirect": "django_redirect",
    "wagtailcore.page": "wagtailcore_page", "wagtailimages.image": "wagtailimages_image",
}  # fmt: skip
LIBRARY_KEYS = {"sessions.session": "session_key"}

UNMANAGED = "Django doesn't manage it"

PATTERNS = {"varchar": "varchar_pattern_ops", "text": "text_pattern_ops"}


@dataclass(frozen=True)
class Field:
    """A field. `kind` is what makes it special: a foreign key, one to one, many to many, else empty.

    `to` is the other model as `app.name` in lower case, `through` the model in between if one is named.
    """

    name: str
    column: str
    type: str = ""
    kind: str = ""
    null: bool = False
    primary: bool = False
    unique: bool = False
    db_index: bool = False
    spatial: bool = False
    to: str = ""
    to_field: str = ""
    through: str = ""
    db_table: str = ""
    constraint: bool = True
    parent_link: bool = False
    collation: str = ""
    on_delete: str = ""
    at: Mark = NOWHERE
    chosen: bool = False


@dataclass(frozen=True)
class Part:
    """One key of an index as Django has it: a field (not yet a column), or an expression."""

    field: str = ""
    expression: str = ""
    descending: bool = False
    opclass: str = ""


@dataclass(frozen=True)
class Spec:
    """An index or unique constraint of `Meta`, in field names."""

    parts: tuple[Part, ...]
    name: str = ""
    unique: bool = False
    constraint: bool = False
    method: Method = "btree"
    suffix: str = "idx"
    where: Predicate | None = None
    where_text: str = ""
    include: tuple[str, ...] = ()
    at: Mark = NOWHERE


@dataclass
class State:
    """A model with everything that decides what its table looks like."""

    app: str
    name: str
    fields: dict[str, Field] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    db_table: str = ""
    managed: bool = True
    proxy: bool = False
    indexes: list[Spec] = field(default_factory=list)
    constraints: list[Spec] = field(default_factory=list)
    unique_together: tuple[tuple[str, ...], ...] = ()
    index_together: tuple[tuple[str, ...], ...] = ()
    ordering: tuple[str, ...] = ()
    latest: tuple[str, ...] = ()
    opaque: str = ""
    comment: str = ""
    at: Mark = NOWHERE

    @property
    def label(self) -> str:
        """`app.name` in lower case, by which other models know it."""
        return f"{self.app}.{self.name}".lower()

    @property
    def table(self) -> str:
        """The table's name."""
        return self.db_table or f"{self.app}_{self.name.lower()}"

    def copy(self) -> State:
        """Return a copy that can be changed on its own."""
        return replace(self, fields=dict(self.fields), indexes=list(self.indexes), constraints=list(self.constraints))


class Registry:
    """All models by label; renders them, as a table needs to know the models it refers to."""

    def __init__(self) -> None:
        self.models: dict[str, State] = {}

    def add(self, state: State) -> None:
        """Add or replace a model."""
        self.models[state.label] = state

    def table_of(self, label: str) -> str:
        """Return the table of a model, a guess for one that isn't in the repository."""
        state = self.models.get(label)
        if state is not None:
            while state.proxy and state.parents and state.parents[0] in self.models:
                state = self.models[state.parents[0]]
            return state.table
        return LIBRARY_TABLES.get(label, label.replace(".", "_"))

    def key_of(self, label: str, deep: int = 0) -> str:
        """Return the column of a model's primary key."""
        state = self.models.get(label)
        if state is None:
            return LIBRARY_KEYS.get(label, "id")
        for each in state.fields.values():
            if each.primary:
                return each.column
        if state.parents and deep < 10:
            if state.proxy:
                return self.key_of(state.parents[0], deep + 1)
            return state.parents[0].rpartition(".")[2] + "_ptr_id"
        return "id"

    def fields(self, state: State) -> dict[str, Field]:
        """Return a model's own fields with those Django adds: the link to a parent, the automatic key."""
        own = dict(state.fields)
        added: dict[str, Field] = {}
        if any(f.primary for f in own.values()):
            primary = True
        else:
            primary = False
        for number, parent in enumerate(state.parents):
            linked = any(f.parent_link and f.to == parent for f in own.values())
            if linked or state.proxy:
                continue
            name = parent.rpartition(".")[2] + "_ptr"
            if name not in own:
                added[name] = Field(
                    name, name + "_id", "bigint", "one", primary=not primary and number == 0, unique=True, to=parent,
                    parent_link=True, at=state.at,
                )  # fmt: skip
        if not primary and not added and not any(f.parent_link for f in own.values()):
            added["id"] = Field("id", "id", "bigint", primary=True, at=state.at)
        return {**added, **own}

    def column(self, state: State, name: str) -> str:
        """Return the column of a field, named by its field or its attribute (`author_id`)."""
        fields = self.fields(state)
        if name in fields:
            return fields[name].column
        if name == "pk":
            return next((f.column for f in fields.values() if f.primary), "id")
        return next((f.column for f in fields.values() if f.column == name), name)

    def render(self, state: State) -> list[TableDef]:
        """Return the tables of a model: its own (none for a proxy), and those of its many-to-many fields."""
        if state.proxy:
            return []
        fields = self.fields(state)
        indexes: list[IndexDef] = []
        foreign: list[ForeignKeyDef] = []
        columns: list[ColumnDef] = []
        for each in fields.values():
            if each.kind == "many":
                continue
            columns.append(ColumnDef(each.column, each.type, nullable=each.null, collation=each.collation, at=each.at,
                                     chosen=each.chosen))  # fmt: skip
            if each.primary:
                indexes.append(IndexDef("", (Key(each.column),), unique=True, origin="primary key", at=each.at))
            indexes.extend(field_indexes(state.table, each))
            if each.kind in ("foreign", "one") and each.constraint and each.to:
                there = each.to_field or self.key_of(each.to)
                if each.to_field and each.to in self.models:
                    there = self.column(self.models[each.to], each.to_field)
                target = state.table if each.to == state.label else self.table_of(each.to)
                foreign.append(ForeignKeyDef((each.column,), target, (there,), on_delete=each.on_delete, at=each.at))
        for group in state.unique_together:
            indexes.append(self.together(state, group, unique=True, at=state.at))
        for group in state.index_together:
            indexes.append(self.together(state, group, unique=False, at=state.at))
        for spec in (*state.constraints, *state.indexes):
            indexes.append(self.index(state, spec))
        table = TableDef(
            state.table, tuple(columns), tuple(indexes), tuple(foreign), comment=state.comment, at=state.at,
            opaque=state.opaque or ("" if state.managed else UNMANAGED),
        )  # fmt: skip
        between = [self.between(state, f) for f in fields.values() if f.kind == "many" and not f.through]
        return [table, *between]

    def between(self, state: State, each: Field) -> TableDef:
        """Return the table of a many-to-many field without a `through` model."""
        here, there = state.name.lower(), each.to.rpartition(".")[2]
        if here == there:
            here, there = f"from_{here}", f"to_{there}"
        name = each.db_table or f"{state.table}_{each.name}"[:LONGEST_IDENTIFIER]
        columns = (f"{here}_id", f"{there}_id")
        keys = (self.key_of(state.label), self.key_of(each.to))
        tables = (state.table, self.table_of(each.to))
        at = each.at
        unique = index_name(name, columns, "_uniq")
        return TableDef(
            name,
            (
                ColumnDef("id", "bigint", nullable=False, at=at),
                *(ColumnDef(c, "bigint", False, at=at) for c in columns),
            ),
            (
                IndexDef("", (Key("id"),), unique=True, origin="primary key", at=at),
                *(IndexDef(index_name(name, (c,)), (Key(c),), origin="foreign key", at=at) for c in columns),
                IndexDef(unique, tuple(Key(c) for c in columns), unique=True, origin="unique", at=at),
            ),
            tuple(ForeignKeyDef((c,), t, (k,), at=at) for c, t, k in zip(columns, tables, keys, strict=True)),
            opaque="" if each.to else "what it leads to can't be followed",
            at=at,
        )

    def together(self, state: State, group: tuple[str, ...], *, unique: bool, at: Mark) -> IndexDef:
        """Return what a group of `unique_together` or `index_together` makes."""
        columns = tuple(self.column(state, name) for name in group)
        name = index_name(state.table, columns, "_uniq" if unique else "_idx")
        keys = tuple(Key(column) for column in columns)
        return IndexDef(name, keys, unique=unique, origin="unique" if unique else "index", at=at)

    def index(self, state: State, spec: Spec) -> IndexDef:
        """Return an index or constraint of `Meta` in column names."""
        keys = tuple(
            Key(
                self.column(state, part.field) if part.field else "",
                part.expression,
                part.descending,
                opclass=part.opclass,
            )
            for part in spec.parts
        )
        name = spec.name
        if not name and all(part.field for part in spec.parts) and spec.parts:
            columns = [("-" if k.descending else "") + k.column for k in keys]
            made = f"{state.table[:11]}_{keys[0].column[:7]}_{digest(state.table, *columns, spec.suffix, length=6)}"
            name = f"{made}_{spec.suffix}"
            if name[0] == "_" or name[0].isdigit():
                name = "D" + name[1:]
        name = name.replace("%(app_label)s", state.app.lower()).replace("%(class)s", state.name.lower())
        plain = spec.constraint and spec.where is None and not spec.include and all(k.column for k in keys)
        return IndexDef(
            name,
            keys,
            unique=spec.unique,
            method=spec.method,
            where=self._where(state, spec.where),
            where_text=spec.where_text,
            include=tuple(self.column(state, name) for name in spec.include),
            origin="unique" if plain else "index",
            at=spec.at,
        )

    def _where(self, state: State, where: Predicate | None) -> Predicate | None:
        if isinstance(where, And):
            items = tuple(w for item in where.items if (w := self._where(state, item)) is not None)
            return And(items)
        if isinstance(where, Compare) and isinstance(where.left, Column):
            return Compare(Column("", self.column(state, where.left.name)), where.op, where.right, where.at)
        return where


def field_indexes(table: str, each: Field) -> list[IndexDef]:
    """Return the indexes a field makes by itself: unique, `db_index`, and PostgreSQL's for LIKE on texts."""
    found: list[IndexDef] = []
    key = (Key(each.column),)
    relation = each.kind in ("foreign", "one")
    if each.unique and not each.primary:
        found.append(IndexDef("", key, unique=True, origin="unique", at=each.at))
    elif each.db_index and not each.primary:
        origin = "foreign key" if relation else "index"
        found.append(IndexDef(index_name(table, (each.column,)), key, origin=origin, at=each.at))  # type: ignore[arg-type]
    if each.spatial:
        found.append(IndexDef(f"{table}_{each.column}_id", key, method="gist", at=each.at))
    opclass = PATTERNS.get(each.type.partition("(")[0])
    if opclass and not relation and not each.collation and (each.unique or each.db_index or each.primary):
        name = index_name(table, (each.column,), "_like")
        found.append(IndexDef(name, (Key(each.column, opclass=opclass),), at=each.at))
    return found


def index_name(table: str, columns: tuple[str, ...], suffix: str = "") -> str:
    """Return the name of an index that has none of its own: table, columns, a digest of both, and a suffix.

    Too long a name is shortened in its two halves.
    """
    table = table.replace('"', "").rpartition(".")[2]
    end = digest(table, *columns, length=8) + suffix
    whole = f"{table}_{'_'.join(columns)}_{end}"
    if len(whole) <= LONGEST_IDENTIFIER:
        return whole
    if len(end) > LONGEST_IDENTIFIER / 3:
        end = end[: LONGEST_IDENTIFIER // 3]
    half = (LONGEST_IDENTIFIER - len(end)) // 2 - 1
    whole = f"{table[:half]}_{'_'.join(columns)[:half]}_{end}"
    return "D" + whole[:-1] if whole[0] == "_" or whole[0].isdigit() else whole
