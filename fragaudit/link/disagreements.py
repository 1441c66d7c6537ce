"""Where models and migrations disagree, and tables that hold one entity apart: what only both sources together show.

Nothing is said unless both sides are understood: a table whose definition has an unknown part, or a series of
migrations with a gap that may be about it, agrees with everything.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from fragaudit.link.defined import Defined
from fragaudit.link.migrations import History
from fragaudit.link.orm import Model
from fragaudit.link.schema import key
from fragaudit.model.locations import Location
from fragaudit.model.schema import CreateTable, Drift, ForeignKey, Index, Split, Table, bare
from fragaudit.model.stores import Service

MOSTLY = 0.8
"""Part of the tables of one kind that migrations must know before a table they don't know is one they forgot."""

LEAST = 3
_LARGE = re.compile(r"blob|bytea|binary|vector|halfvec|longtext|mediumtext|tsvector|image|^raw", re.IGNORECASE)
_LONG = re.compile(r"^(?:text|jsonb?|clob|xml|nvarchar\(max\))", re.IGNORECASE)
_CONTENT = re.compile(r"content|text|body|payload|raw|document|html|data|blob|log|transcript|embedding", re.IGNORECASE)
_OF_USERS = frozenset({"auth_user", "user", "users"})


def told(services: Sequence[Service], paths: Sequence[frozenset[str]], defined: Defined) -> tuple[Service, ...]:
    """Return the services with the disagreements and split tables in their files."""
    found = []
    inherited = _inherited(defined)
    models = {key(model.table.name): model.at for model in defined.models}
    for service, own in zip(services, paths, strict=True):
        drifts = [d for d in drift(service.schema, defined) if d.at.path in own]
        splits = [s for s in split(service.schema, inherited, models) if s.at.path in own]
        found.append(
            msgspec.structs.replace(
                service, drifts=tuple(sorted(set(drifts), key=_place)), splits=tuple(sorted(splits))
            )
        )
    return tuple(found)


def _place(drift: Drift) -> tuple[Location, str, tuple[str, ...]]:
    return drift.at, drift.table, drift.columns


# -- drift -------------------------------------------------------------------------------------------------------------


def drift(tables: Sequence[Table], defined: Defined) -> list[Drift]:
    """Return the indexes and tables that models have and migrations lack, and the other way round."""
    found: list[Drift] = []
    models = {key(model.table.name): model for model in defined.models}
    for history in defined.histories:
        folded = _created(history)
        known = [t for t in tables if key(t.name) in models and "migration" in t.by and key(t.name) in folded]
        vague = {key(gap.table) for gap in history.gaps if gap.table}
        if any(not gap.table and not gap.drops for gap in history.gaps):
            continue
        # What was dropped there may be what only migrations seem to have.
        dropped = any(not gap.table for gap in history.gaps)
        for table in known:
            model = models[key(table.name)]
            if table.silent or model.table.opaque or key(table.name) in vague or "sql" in table.by:
                continue
            found.extend(d for d in _indexes(table, model, history) if not (dropped and d.has == "migration"))
        found.extend(_tables(tables, models, history, folded))
    return found


def _created(history: History) -> set[str]:
    names: set[str] = set()
    for step in history.steps:
        if isinstance(step.change, CreateTable):
            names.add(key(step.change.table.name))
        new = getattr(step.change, "new", None)
        if new is not None and hasattr(step.change, "name"):
            names.add(key(new))
    return names


def _indexes(table: Table, model: Model, history: History) -> list[Drift]:
    found = []
    primary = table.primary_key
    for index in table.indexes:
        columns = _columns(index)
        if index.origin == "primary key" or not columns or columns == primary or "implicit" in index.by:
            continue
        sides = {by for by in index.by if by in ("model", "migration")}
        if len(sides) != 1:
            continue
        side = sides.pop()
        if side == "migration" and (index.where_text or index.method not in ("btree", "hash")):
            continue  # models can't say everything that a migration can
        companions = [o for o in table.indexes if o is not index and _columns(o) == columns and side in o.by]
        if companions and any(k.opclass.endswith("_pattern_ops") for k in index.keys):
            continue  # what Django adds for LIKE to the index of a text
        other_side = "migration" if side == "model" else "model"
        if any(other_side in other.by and _same(index, other) for other in table.indexes):
            continue
        if side == "migration" and history.framework == "django" and (key(table.name), columns) not in history.declared:
            continue  # made by SQL or left by a move between apps: no generated migration touches it
        there = next((at for at in table.defined_at if (at.path == model.at.path) == (side != "model")), None)
        if side == "migration":
            there = model.at
        found.append(Drift(index.at[0], table.name, side, columns, index.name, index.unique, there))
    return found


def _same(index: Index, other: Index) -> bool:
    """Say whether two indexes have the same columns; those of a unique one may stand in any order."""
    one, two = _columns(index), _columns(other)
    return one == two or (bool(one) and index.unique and other.unique and set(one) == set(two))


def _columns(index: Index) -> tuple[str, ...]:
    """Return an index's columns; none if a key is an expression."""
    return tuple(k.column for k in index.keys) if all(k.column for k in index.keys) else ()


def _tables(tables: Sequence[Table], models: dict[str, Model], history: History, created: set[str]) -> list[Drift]:
    """Return the tables of models that a series of migrations forgot, if it knows nearly all others of their kind."""
    framework = "django" if history.framework == "django" else "sqlalchemy"
    by_name = {key(t.name): t for t in tables}
    groups: dict[str, list[Model]] = {}
    apps = {posixpath.dirname(posixpath.dirname(path)) for path in history.files}
    for model in models.values():
        if model.framework != framework or model.table.opaque:
            continue
        if framework == "django":
            if not any(model.at.path.startswith(app + "/") or not app for app in apps):
                continue
            groups.setdefault(model.app, []).append(model)
        else:
            groups.setdefault(model.family, []).append(model)
    found = []
    for group in groups.values():
        known = [m for m in group if key(m.table.name) in created]
        if not known or (framework != "django" and (len(known) < LEAST or len(known) < MOSTLY * len(group))):
            continue
        for model in group:
            name = key(model.table.name)
            table = by_name.get(name)
            if name in created or table is None or table.by != ("model",) or table.silent:
                continue
            found.append(Drift(model.at, table.name, "model", sure=framework == "django"))
    return found


# -- split tables ------------------------------------------------------------------------------------------------------


def _inherited(defined: Defined) -> frozenset[str]:
    """Return the tables of classes that derive from a class with a table of its own: subtypes, not satellites."""
    return frozenset(key(model.table.name) for model in defined.models if model.subtype)


def split(tables: Sequence[Table], inherited: frozenset[str], models: Mapping[str, Location]) -> list[Split]:
    """Return the tables whose rows belong one to one to another's of the same owner; `models` says where."""
    by_name = {key(t.name): t for t in tables}
    by_bare: dict[str, list[Table]] = {}
    for table in tables:
        by_bare.setdefault(bare(table.name), []).append(table)
    referred = {bare(k.table) for t in tables for k in t.foreign_keys if bare(k.table) != bare(t.name)}
    found = []
    for table in tables:
        if table.silent or table.view is not None or key(table.name) in inherited or not table.defined_at:
            continue
        if bare(table.name) in referred or _heavy(table) or len(table.foreign_keys) > 1:
            continue  # others hang on it, its columns are better kept apart, or it stands between two
        for foreign in table.foreign_keys:
            named = by_bare.get(bare(foreign.table), [])
            main = by_name.get(key(foreign.table)) or (named[0] if len(named) == 1 else None)
            how = _one_to_one(table, foreign, main)
            if main is None or how is None or not main.defined_at or not _same_owner(table, main):
                continue
            found.append(
                Split(models.get(key(table.name), table.defined_at[0]), table.name, main.name,
                      models.get(key(main.name), main.defined_at[0]), foreign.columns, how,
                      same_name=_named_after(table, main))
            )  # fmt: skip
    return found


def _one_to_one(table: Table, foreign: ForeignKey, main: Table | None) -> Literal["key", "unique"] | None:
    if main is None or main is table or main.silent or main.view is not None:
        return None
    if foreign.references and main.primary_key and set(foreign.references) != set(main.primary_key):
        return None
    optional = [c for c in table.columns if c.name in foreign.columns and c.nullable]
    if set(table.primary_key) == set(foreign.columns):
        return "key"
    unique = any(i.unique and not i.where_text and _columns(i) == foreign.columns for i in table.indexes)
    return "unique" if unique and not optional else None


def _heavy(table: Table) -> bool:
    return any(_LARGE.search(c.type) or (_LONG.search(c.type) and _CONTENT.search(c.name)) for c in table.columns)


def _same_owner(table: Table, main: Table) -> bool:
    """Say whether two tables are defined side by side: in one folder, or in one series of migrations."""
    if bare(main.name) in _OF_USERS and not {"model", "migration", "sql"} & set(main.by):
        return False
    here = {posixpath.dirname(at.path) for at in table.defined_at}
    return bool(here & {posixpath.dirname(at.path) for at in main.defined_at})


def _named_after(table: Table, main: Table) -> bool:
    one, other = bare(table.name), bare(main.name)
    stem = other.removesuffix("es") if other.endswith("sses") else other.removesuffix("s")
    return one.startswith((other + "_", stem + "_")) and len(stem) > 2
