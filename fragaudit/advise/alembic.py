"""The plan as an Alembic revision."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from fragaudit.advise.ddl import creatable, droppable, harmless, hesitant, key_text, summary
from fragaudit.advise.dialects import MYSQL, POSTGRES, SQLITE
from fragaudit.model.plan import IndexPlan
from fragaudit.model.schema import Index, Key, Method


def revision(plan: IndexPlan, heads: Sequence[str] = ()) -> str:
    """Return a revision's file: indexes created and superfluous ones dropped, and back.

    PostgreSQL builds and drops them concurrently, outside the migration's transaction. With several heads the revision
    follows all of them and so merges them.
    """
    new, old = creatable(plan), droppable(plan)
    up = [_create(p.name, p.table, p.keys, p.dialect, p.method, p.where, summary(p)) for p in new]
    up += [_drop(s.index.name, s.index.table, dialect, s.why) for s, dialect in old]
    down = [_recreate(s.index, dialect) for s, dialect in reversed(old)]
    down += [_drop(p.name, p.table, p.dialect, "") for p in reversed(new)]
    online = any(p.dialect == POSTGRES for p in new) or any(d == POSTGRES for _, d in old)
    body = "".join("\n".join(text) for text in (up, down))
    identifier = hashlib.sha256(body.encode("utf-8", "replace")).hexdigest()[:12]
    imports = "import sqlalchemy as sa\n" if "sa.text(" in body else ""
    follows = "None" if not heads else _string(heads[0]) if len(heads) == 1 else f"({', '.join(map(_string, heads))})"
    notes = "".join(f"\n# {line}" for line in hesitant(plan))
    return f'''"""Coordinated indexes, by fragaudit."""

{imports}from alembic import op

revision = "{identifier}"
down_revision = {follows}
branch_labels = None
depends_on = None
{notes}

def upgrade() -> None:
{_body(up, online)}


def downgrade() -> None:
{_body(down, online)}
'''


def _body(calls: Sequence[str], online: bool) -> str:
    if not calls:
        return "    pass"
    if not online:
        return _indented("\n".join(calls), 4)
    return "    with op.get_context().autocommit_block():\n" + _indented("\n".join(calls), 8)


def _indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line if line else line for line in text.splitlines())


def _create(
    name: str, table: str, keys: Sequence[Key], dialect: str, method: Method, where: str, comments: Sequence[str]
) -> str:
    schema, _, bare = table.rpartition(".")
    lines = [f"# {harmless(text)}" for text in comments]
    arguments = [_string(name), _string(bare), "[" + ", ".join(_key(key, dialect, method) for key in keys) + "]"]
    if schema:
        arguments.append(f"schema={_string(schema)}")
    if dialect == POSTGRES:
        arguments.append("postgresql_concurrently=True")
        if method != "btree":
            arguments.append(f"postgresql_using={_string(method)}")
        classes = {k.column: k.opclass for k in keys if k.opclass and k.column and not _special(k)}
        if classes:
            arguments.append(f"postgresql_ops={_mapping(classes)}")
    if dialect == MYSQL:
        if method == "fulltext":
            arguments.append('mysql_prefix="FULLTEXT"')
        lengths = {k.column: k.length for k in keys if k.length and k.column and method == "btree"}
        if lengths:
            arguments.append(f"mysql_length={_mapping(lengths)}")
    if where:
        prefix = {POSTGRES: "postgresql", SQLITE: "sqlite"}.get(dialect, "mssql")
        arguments.append(f"{prefix}_where=sa.text({_string(_escaped(where))})")
    return "\n".join([*lines, _call("op.create_index", arguments)])


def _key(key: Key, dialect: str, method: str) -> str:
    return f"sa.text({_string(_escaped(key_text(key, dialect, method)))})" if _special(key) else _string(key.column)


def _special(key: Key) -> bool:
    """Return whether a key is more than a column with an operator class or a length, which have arguments."""
    return bool(key.expression or key.descending or key.nulls or key.collation)


def _string(text: str) -> str:
    """Return a Python string literal, in double quotes where that needs no escape."""
    return f'"{text}"' if text.isprintable() and not set(text) & {'"', "\\"} else repr(text)


def _mapping(items: Mapping[str, str | int]) -> str:
    return "{" + ", ".join(f"{_string(k)}: {_string(v) if isinstance(v, str) else v}" for k, v in items.items()) + "}"


def _escaped(text: str) -> str:
    """Return SQL for `sa.text`, in which a colon before a name is a parameter."""
    return text.replace(":", "\\:")


def _drop(name: str, table: str, dialect: str, why: str) -> str:
    schema, _, bare = table.rpartition(".")
    arguments = [_string(name), f"table_name={_string(bare)}"]
    if schema:
        arguments.append(f"schema={_string(schema)}")
    if dialect == POSTGRES:
        arguments.append("postgresql_concurrently=True")
    comment = [f"# superfluous: {harmless(why)}"] if why else []
    return "\n".join([*comment, _call("op.drop_index", arguments)])


def _recreate(index: Index, dialect: str) -> str:
    return _create(index.name, index.table, index.keys, dialect, index.method, index.where_text, ())


def _call(function: str, arguments: Sequence[str]) -> str:
    line = f"{function}({', '.join(arguments)})"
    if len(line) <= 100:
        return line
    return f"{function}(\n" + "".join(f"    {a},\n" for a in arguments) + ")"
