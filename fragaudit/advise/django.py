"""The plan as Django migrations: one for each app, and plain SQL for what `models.Index` has no words for."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from msgspec import Struct

from fragaudit.advise.ddl import creatable, droppable, harmless, hesitant, summary
from fragaudit.advise.dialects import POSTGRES
from fragaudit.advise.migrations import DjangoModel
from fragaudit.advise.quoting import identifier, index_name
from fragaudit.model.plan import IndexPlan, Proposal, Superfluous

LONGEST_NAME = 30
"""Characters that Django allows the name of an index, for the sake of every database."""
NAME = "fragaudit_indexes"
_FIELD = re.compile(r"_[0-9a-f]{8}(?:_like)?$")
"""How Django names an index that a field makes by itself; no migration can remove it by that name."""
_KINDS = {"btree": "models.Index", "gin": "GinIndex", "gist": "GistIndex"}
_CONDITIONS = {"": "=True", "IS NULL": "__isnull=True", "= true": "=True", "= false": "=False",
               "= 1": "=True", "= 0": "=False"}  # fmt: skip


class _File(Struct):
    """A migration in the making."""

    last: str = ""
    operations: list[str] = []
    meta: list[str] = []
    imports: set[str] = set()
    atomic: bool = True


def migrations(plan: IndexPlan, models: Mapping[str, DjangoModel]) -> str:
    """Return the migrations, each under a comment that says where it belongs.

    `models` are the models by table. Django forgets indexes that no model's `Meta.indexes` names, so what has to stand
    there comes first.
    """
    files: dict[str, _File] = defaultdict(_File)
    taken: set[str] = set()
    for proposal in creatable(plan):
        model = models.get(proposal.table)
        file = files[model.app if model else ""]
        file.last = model.last if model else ""
        file.atomic &= proposal.dialect != POSTGRES
        _add(file, proposal, model, taken)
    left = [f"# {line}" for line in hesitant(plan)]
    for item, dialect in droppable(plan):
        model = models.get(item.index.table)
        field = _FIELD.search(item.index.name) is not None
        if model is None or field or not item.ddl or not {"model", "migration"} & set(item.index.by):
            hint = " It is made by its field: say db_index=False there." if field else ""
            left.append(f"# {harmless(item.index.name)} is superfluous: {harmless(item.why)}.{hint}")
            continue
        file = files[model.app]
        file.last = model.last
        file.atomic &= dialect != POSTGRES
        _remove(file, item, model, dialect)
    texts = [_text(app, file) for app, file in sorted(files.items())]
    if left:
        texts.append("\n".join(left) + "\n")
    return "\n\n".join(texts) if texts else "# Nothing to create and nothing to drop.\n"


def _add(file: _File, proposal: Proposal, model: DjangoModel | None, taken: set[str]) -> None:
    comments = "".join(f"        # {harmless(text)}\n" for text in summary(proposal))
    index = _index(proposal, taken, model.fields if model is not None else {})
    if model is None or not index:
        file.operations.append(comments + _run_sql(proposal))
        return
    operation = "migrations.AddIndex"
    if proposal.dialect == POSTGRES:
        operation = "AddIndexConcurrently"
        file.imports.add(f"from django.contrib.postgres.operations import {operation}")
    if proposal.method != "btree":
        file.imports.add(f"from django.contrib.postgres.indexes import {_KINDS[proposal.method]}")
    file.operations.append(
        f"{comments}        {operation}(\n            model_name={model.model.lower()!r},\n"
        f"            index={index},\n        ),"
    )
    file.meta.append(f"#     {model.model}: {index}")


def _remove(file: _File, item: Superfluous, model: DjangoModel, dialect: str) -> None:
    if "model" not in item.index.by:  # Django knows nothing of what a migration made in SQL
        file.operations.append(
            f"        # superfluous: {harmless(item.why)}\n"
            f"        migrations.RunSQL({item.ddl!r}, reverse_sql=migrations.RunSQL.noop),"
        )
        return
    operation = "migrations.RemoveIndex"
    if dialect == POSTGRES:
        operation = "RemoveIndexConcurrently"
        file.imports.add(f"from django.contrib.postgres.operations import {operation}")
    file.operations.append(
        f"        # superfluous: {harmless(item.why)}\n"
        f"        {operation}(model_name={model.model.lower()!r}, name={item.index.name!r}),"
    )
    file.meta.append(f"#     {model.model}: without {item.index.name!r}")


def _text(app: str, file: _File) -> str:
    number = f"{int(file.last[:4]) + 1:04}" if file.last[:4].isdigit() else "0001"
    lines = [f"# {app}/migrations/{number}_{NAME}.py" if app else "# In a migration of the app that owns the tables:"]
    if file.meta:
        lines += ["# Meta.indexes of the models must say the same, or `makemigrations` undoes it:", *sorted(file.meta)]
    names = "migrations, models" if any("models." in o for o in file.operations) else "migrations"
    lines += [*sorted(file.imports), f"from django.db import {names}", "", "", "class Migration(migrations.Migration):"]
    if not file.atomic:
        lines += ["    atomic = False  # PostgreSQL builds an index concurrently only outside a transaction", ""]
    depends = f"[({app!r}, {file.last!r})]" if file.last else "[]"
    unknown = "" if file.last else "  # on the app's last migration, which could not be told"
    return "\n".join(
        [*lines, f"    dependencies = {depends}{unknown}", "", "    operations = [", *file.operations, "    ]", ""]
    )


def _index(proposal: Proposal, taken: set[str], named: Mapping[str, str]) -> str:
    """Return the index as `models.Index` or one of its kind; empty if that can't express it."""
    conditions = [_condition(part, named) for part in proposal.where.split(" AND ")] if proposal.where else []
    classes = [k.opclass for k in proposal.keys if k.opclass]
    plain = all(k.column and not k.nulls and not k.collation and not k.length for k in proposal.keys)
    if not plain or proposal.method not in _KINDS or not all(conditions) or len(classes) not in (0, len(proposal.keys)):
        return ""
    name = index_name(proposal.table, proposal.keys, proposal.where, proposal.dialect, taken, LONGEST_NAME)
    taken.add(name)
    names = [f"{'-' if k.descending else ''}{named.get(k.column, k.column)}" for k in proposal.keys]
    fields = ", ".join(map(repr, names))
    arguments = [f"fields=[{fields}]", f"name={name!r}"]
    if conditions:
        arguments.append(f"condition=models.Q({', '.join(conditions)})")
    if classes:
        arguments.append(f"opclasses={classes!r}")
    return f"{_KINDS[proposal.method]}({', '.join(arguments)})"


def _condition(text: str, named: Mapping[str, str]) -> str:
    """Return one condition of a partial index as an argument of `Q`; empty if it is of another shape."""
    negated = text.startswith("NOT ")
    column, _, rest = text.removeprefix("NOT ").partition(" ")
    name = named.get(column.strip('"'), column.strip('"'))
    known = _CONDITIONS.get(rest.lower() if rest.startswith("=") else rest, "")
    if not name.isidentifier() or not known or (negated and rest):
        return ""
    return f"{name}=False" if negated else name + known


def _run_sql(proposal: Proposal) -> str:
    how = "CONCURRENTLY " if proposal.dialect == POSTGRES else ""
    undo = f"DROP INDEX {how}{identifier(proposal.name, proposal.dialect)}"
    arguments = f"{proposal.ddl!r},\n            reverse_sql={undo!r},"
    return f"        migrations.RunSQL(\n            {arguments}\n        ),"
