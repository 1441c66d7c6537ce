"""What the migrations of a repository are named and depend on, from their texts: where a new one has to follow."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from posixpath import basename, dirname

from msgspec import Struct
from msgspec.structs import replace

from fragaudit.model.schema import Table

_REVISION = re.compile(r"^revision\b[^=\n]*=\s*[\"']([^\"'\n]+)[\"']", re.MULTILINE)
_DOWN = re.compile(r"^down_revision\b[^=\n]*=\s*(\([^)]*\)|\[[^\]]*\]|[^\n]*)", re.MULTILINE)
_STRING = re.compile(r"[\"']([^\"'\n]+)[\"']")
_DEPENDENCIES = re.compile(r"\bdependencies\s*(?::[^=\n]*)?=\s*\[(.*?)\]", re.DOTALL)
_REPLACES = re.compile(r"\breplaces\s*(?::[^=\n]*)?=\s*\[(.*?)\]", re.DOTALL)
_PAIR = re.compile(r"\(\s*[\"']([^\"'\n]+)[\"']\s*,\s*[\"']([^\"'\n]+)[\"']\s*,?\s*\)")
_CLASS = re.compile(r"\s*class\s+([A-Za-z_]\w*)\s*[(:]")
_LABEL = re.compile(r"^\s+label\s*=\s*[\"']([\w.]+)[\"']", re.MULTILINE)
_FIELD = re.compile(r"^([ \t]+)(\w+)[ \t]*(?::[^=\n]+)?=[ \t]*([\w.]+)\(", re.MULTILINE)
_COLUMN = re.compile(r"\bdb_column\s*=\s*[\"']([^\"']+)[\"']")
_REFERS = re.compile(r"ForeignKey|OneToOne")


class DjangoModel(Struct, frozen=True):
    """The model behind a table: its app's label, its class and the app's last migration, empty if there is none.

    `fields` are the names of fields that are not those of their columns, by column.
    """

    app: str
    model: str
    last: str = ""
    fields: dict[str, str] = {}


def alembic_heads(texts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the revisions that none of the other revisions follows, sorted; `texts` are files by path."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for text in texts.values():
        revision, down = _REVISION.search(text), _DOWN.search(text)
        if revision and down:
            revisions.add(revision[1])
            followed.update(_STRING.findall(down[1]))
    return tuple(sorted(revisions - followed))


def django_leaf(app: str, folder: str, texts: Mapping[str, str]) -> str:
    """Return the migration of an app that no other of it depends on; empty if there is none, or no single one."""
    names: set[str] = set()
    followed: set[str] = set()
    for path, text in texts.items():
        if dirname(path) != folder or not re.match(r"\d|\w+_", basename(path)) or "Migration" not in text:
            continue
        names.add(basename(path).removesuffix(".py"))
        for pattern in (_DEPENDENCIES, _REPLACES):
            found = pattern.search(text)
            if found:
                followed.update(name for label, name in _PAIR.findall(found[1]) if label == app)
    left = sorted(names - followed)
    return left[0] if len(left) == 1 else ""


def django_models(tables: Iterable[Table], texts: Mapping[str, str]) -> dict[str, DjangoModel]:
    """Return the Django models by table, as far as a table is defined by a class in one of the texts."""
    found: dict[str, DjangoModel] = {}
    for table in tables:
        for at in table.defined_at:
            model = django_model(at.path, at.line, texts)
            if model is not None and table.name not in found:
                keys = [
                    k.columns[0] for k in table.foreign_keys if len(k.columns) == 1 and k.columns[0].endswith("_id")
                ]
                inherited = {column: column.removesuffix("_id") for column in keys}
                found[table.name] = replace(model, fields={**inherited, **model.fields})
    return found


def _fields(body: str) -> dict[str, str]:
    """Return the fields of a class that are called otherwise than their columns, by column."""
    found: dict[str, str] = {}
    matches = list(_FIELD.finditer(body))
    matches = [m for m in matches if m[1] == matches[0][1]]
    ends = [*(m.start() for m in matches[1:]), len(body)]
    for match, end in zip(matches, ends, strict=False):
        given = _COLUMN.search(body, match.end(), end)
        column = given[1] if given else f"{match[2]}_id" if _REFERS.search(match[3]) else match[2]
        if column != match[2]:
            found[column] = match[2]
    return found


def _body(lines: list[str]) -> str:
    """Return the lines of a class behind its head."""
    end = next((n for n, line in enumerate(lines) if line[:1] not in ("", " ", "\t", "#", ")")), len(lines))
    return "\n".join(lines[:end])


def django_model(path: str, line: int, texts: Mapping[str, str]) -> DjangoModel | None:
    """Return the Django model that a table's definition at a place of a file is; None if it is no class there."""
    lines = texts.get(path, "").splitlines()
    found = _CLASS.match(lines[line - 1]) if 0 < line <= len(lines) else None
    if found is None:
        return None
    parts = path.split("/")
    depth = parts.index("models") if "models" in parts[:-1] else len(parts) - 1
    below = "/".join((*parts[: depth + 1], "migrations"))
    if depth < len(parts) - 1 and any(dirname(other) == below for other in texts):
        depth += 1  # an app of that name
    folder = "/".join(parts[:depth])
    label = _LABEL.search(texts.get(f"{folder}/apps.py" if folder else "apps.py", ""))
    app = label[1] if label else (parts[depth - 1] if depth else "app")
    migrations = f"{folder}/migrations" if folder else "migrations"
    if "django" not in texts[path] and not any(dirname(other) == migrations for other in texts):
        return None
    return DjangoModel(app, found[1], django_leaf(app, migrations, texts), _fields(_body(lines[line:])))
