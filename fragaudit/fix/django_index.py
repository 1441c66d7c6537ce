"""Adds indexes to models of Django: `db_index=True` at a field, `models.Index(…)` in `Meta.indexes`.

Only the class itself is parsed with its formatting, not its file. Where `Meta` may be that of a base, or `indexes` is
computed, nothing is done. `makemigrations` then writes the migration that creates the index.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

import libcst as cst

from fragaudit.fix.placing import Page, added_argument, added_elements
from fragaudit.fix.wanted import WantedIndex
from fragaudit.model.findings import Edit
from fragaudit.model.locations import Location
from fragaudit.model.schema import Key

LONGEST_NAME = 30
"""Characters that Django allows the name of an index; where one is longer, Django makes up another."""
_LINE = 100
_RELATIONS = ("ForeignKey", "OneToOneField", "ParentalKey", "TreeForeignKey")
_CONDITIONS = {"": "=True", "IS NULL": "__isnull=True", "= TRUE": "=True", "= FALSE": "=False"}
_MODULES = ("django.db", "django.contrib.gis.db")


def django_index_edits(path: str, text: str, wanted: Sequence[WantedIndex]) -> dict[WantedIndex, tuple[Edit, ...]]:
    """Return the edits that give models their indexes; without those that can't be added safely.

    Args:
        path: the file, for the places of the edits.
        text: its source.
        wanted: the indexes of models in this file; those at other places are passed over.
    """
    if "django" not in text or not wanted:
        return {}
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[WantedIndex, tuple[Edit, ...]] = {}
    for place in dict.fromkeys(w.at for w in wanted):
        statement = next((s for s in tree.body if isinstance(s, ast.ClassDef) and s.lineno == place.line), None)
        if statement is None:
            continue
        first = min([statement.lineno, *(d.lineno for d in statement.decorator_list)])
        page = Page.of(path, text, first, statement.end_lineno or place.line)
        if page is not None:
            found.update(_Model(page, statement, tree).edits([w for w in wanted if w.at == place]))
    return found


class _Model:
    """One model class."""

    def __init__(self, page: Page, statement: ast.ClassDef, tree: ast.Module) -> None:
        self._page = page
        self._statement = statement
        self._tree = tree
        self._class = next(n for n in page.module.body if isinstance(n, cst.ClassDef))
        self._fields = dict(self._read())

    def edits(self, wanted: Sequence[WantedIndex]) -> dict[WantedIndex, tuple[Edit, ...]]:
        """Return the edits of each index."""
        found: dict[WantedIndex, tuple[Edit, ...]] = {}
        others: dict[WantedIndex, str] = {}
        if not self._fields:
            return {}  # a model of another library, or one whose fields stand elsewhere
        for one in wanted:
            if one.column in self._fields:
                found[one] = tuple(self._flagged(self._fields[one.column][1]))
            elif text := self._index(one):
                others[one] = text
        edits = self._in_meta(list(others.values())) if others else []
        if edits:
            found.update(dict.fromkeys(others, tuple(edits)))
        return found

    def _read(self) -> Iterator[tuple[str, tuple[str, cst.Call]]]:
        """Yield the fields of the class by column."""
        for small in _statements(self._class.body):
            value = small.value
            target = small.target if isinstance(small, cst.AnnAssign) else small.targets[0].target
            if isinstance(target, cst.Name) and isinstance(value, cst.Call):
                kind = _last(value.func)
                if kind.endswith("Field") or kind in _RELATIONS:
                    given = _keyword(value, "db_column")
                    named = given.evaluated_value if isinstance(given, cst.SimpleString) else None
                    own = target.value + ("_id" if kind in _RELATIONS else "")
                    if given is None or isinstance(named, str):
                        yield (named if isinstance(named, str) else own), (target.value, value)

    # -- db_index ------------------------------------------------------------------------------------------------------

    def _flagged(self, call: cst.Call) -> list[Edit]:
        known = _keyword(call, "db_index")
        if known is not None:
            return [Edit(self._page.at(known), "True")]
        return added_argument(self._page, call, "db_index=True")

    # -- Meta.indexes --------------------------------------------------------------------------------------------------

    def _in_meta(self, texts: list[str]) -> list[Edit]:
        """Return the edits that add indexes to the options of the class; none where that can't be done safely."""
        name, imported = self._names()
        texts = [text.format(models=name) for text in texts]
        meta = next((n for n in self._class.body.body if isinstance(n, cst.ClassDef) and n.name.value == "Meta"), None)
        if meta is None:
            return [*self._new_meta(texts), *imported] if self._is_plain() else []
        if not isinstance(meta.body, cst.IndentedBlock):
            return []
        known = next((s for s in _statements(meta.body) if _is_named(s, "indexes")), None)
        if known is not None:
            if isinstance(known.value, cst.List) or (isinstance(known.value, cst.Tuple) and known.value.rpar):
                return [*added_elements(self._page, known.value, texts), *imported]
            return []
        if meta.bases:
            return []  # those of the other options would be replaced
        last = meta.body.body[-1]
        indent = self._page.indent(self._page.at(meta.body.body[0]))
        place = self._page.at(last)
        end = Location(place.path, place.end_line, place.end_column, place.end_line, place.end_column)
        if isinstance(last, cst.SimpleStatementLine):
            end = self._page.line_end(place.end_line)
        return [Edit(end, "\n" + _listed(texts, indent)), *imported]

    def _new_meta(self, texts: list[str]) -> list[Edit]:
        """Return the edit that puts `class Meta` behind the last field, where Django's own style has it."""
        fields = {call for _, call in self._fields.values()}
        lines = [n for n in self._class.body.body if isinstance(n, cst.SimpleStatementLine)]
        last = [n for n in lines if any(getattr(s, "value", None) in fields for s in n.body)][-1]
        indent = self._page.indent(self._page.at(last))
        step = "\t" if indent.startswith("\t") else "    "
        text = f"\n\n{indent}class Meta:\n{_listed(texts, indent + step)}"
        return [Edit(self._page.line_end(self._page.at(last).end_line), text)]

    def _is_plain(self) -> bool:
        """Say whether no base of the class can have a `Meta` that a new one would replace."""
        classes = {s.name: s for s in self._tree.body if isinstance(s, ast.ClassDef)}
        waiting, seen = [self._statement], {self._statement.name}
        while waiting:
            for base in waiting.pop().bases:
                name = base.id if isinstance(base, ast.Name) else ""
                if isinstance(base, ast.Attribute) and base.attr == "Model":
                    continue
                above = classes.get(name)
                if above is None:
                    if name == "Model":
                        continue
                    return False
                if any(isinstance(s, ast.ClassDef) and s.name == "Meta" for s in above.body):
                    return False
                if name not in seen:
                    seen.add(name)
                    waiting.append(above)
        return True

    def _names(self) -> tuple[str, list[Edit]]:
        """Return what goes before `Index` and `Q`, and the import that is missing."""
        after = 0
        for statement in self._tree.body:
            if isinstance(statement, ast.ImportFrom):
                if statement.module in _MODULES:
                    for alias in statement.names:
                        if alias.name == "models":
                            return f"{alias.asname or alias.name}.", []
                if (statement.module or "").startswith("django"):
                    after = statement.end_lineno or statement.lineno
        place = Location(self._page.path, after + 1, 1, after + 1, 1)
        return "models.", [Edit(place, "from django.db import models\n")]

    def _index(self, wanted: WantedIndex) -> str:
        """Return an index as source, with a hole for the module; empty if `models.Index` has no words for it."""
        if wanted.method != "btree" or any(_special(key) for key in wanted.keys):
            return ""
        names = {column: field for column, (field, _) in self._fields.items()}
        fields = [("-" if k.descending else "") + names.get(k.column, k.column) for k in wanted.keys]
        arguments = [f"fields=[{', '.join(map(_quoted, fields))}]"]
        if len(wanted.name) <= LONGEST_NAME or wanted.where:
            arguments.append(f'name="{wanted.name}"')
        if wanted.where:
            conditions = [_condition(part, names) for part in wanted.where.split(" AND ")]
            if not all(conditions) or len(wanted.name) > LONGEST_NAME:
                return ""
            arguments.append(f"condition={{models}}Q({', '.join(conditions)})")
        return f"{{models}}Index({', '.join(arguments)})"


def _statements(body: cst.BaseSuite) -> Iterator[cst.Assign | cst.AnnAssign]:
    for line in body.body:
        if isinstance(line, cst.SimpleStatementLine):
            for small in line.body:
                if isinstance(small, cst.AnnAssign) or (isinstance(small, cst.Assign) and len(small.targets) == 1):
                    yield small


def _is_named(small: cst.Assign | cst.AnnAssign, name: str) -> bool:
    target = small.target if isinstance(small, cst.AnnAssign) else small.targets[0].target
    return isinstance(target, cst.Name) and target.value == name


def _last(node: cst.BaseExpression) -> str:
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def _keyword(call: cst.Call, name: str) -> cst.BaseExpression | None:
    return next((a.value for a in call.args if a.keyword is not None and a.keyword.value == name), None)


def _special(key: Key) -> bool:
    return bool(key.expression or key.nulls or key.opclass or key.collation or key.length or not key.column)


def _quoted(text: str) -> str:
    return f'"{text}"'


def _listed(texts: list[str], indent: str) -> str:
    """Return `indexes = […]`, on one line if there is but one index and it is short."""
    whole = f"{indent}indexes = [{texts[0]}]"
    if len(texts) == 1 and len(whole) <= _LINE:
        return whole
    inner = "".join(f"{indent}    {text},\n" for text in texts)
    return f"{indent}indexes = [\n{inner}{indent}]"


def _condition(text: str, names: dict[str, str]) -> str:
    """Return one condition of a partial index as an argument of `Q`; empty if it is of another shape."""
    negated = text.startswith("NOT ")
    column, _, rest = text.removeprefix("NOT ").partition(" ")
    name = column.strip('"')
    known = _CONDITIONS.get(rest.upper(), "")
    if not name.isidentifier() or not known or (negated and rest):
        return ""
    return names.get(name, name) + ("=False" if negated else known)
