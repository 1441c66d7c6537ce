"""Names with double underscores: over which tables a lookup leads, and to which column of the last one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.core import Model
from fragaudit.link.orm.reader import Read, View, argument
from fragaudit.link.queries.draft import Draft, Entity, Join
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.predicates import both
from fragaudit.link.queries.tables import Pairs, Tables, primary_key
from fragaudit.model.sql import Column, Compare, Source
from fragaudit.model.values import Call

MOST_STEPS = 8


@dataclass(frozen=True)
class Step:
    """One relation on the way: the model it leads to, by which columns, whether to many rows or maybe none."""

    model: Model
    pairs: Pairs
    many: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Related:
    """Where an attribute of a row leads: to which model's rows, and by which lookup of theirs they lead back."""

    model: Model
    back: str = ""
    many: bool = False


@dataclass(frozen=True)
class Reached:
    """What a path leads to: a column (None where it isn't known) and the parts behind it."""

    draft: Draft
    column: Column | None
    rest: tuple[str, ...] = ()
    many: bool = False
    model: Model | None = None
    json: bool = False
    computed: bool = False


class Relations:
    """Relations of Django's models in both directions, by the names that lookups and instances use."""

    def __init__(self, mapping: Tables) -> None:
        self._mapping = mapping
        self._back: dict[int, dict[str, Step]] = {}
        self.accessors: dict[str, list[tuple[Model, str]]] = {}
        self._models = [
            m
            for m in mapping.models
            if m.framework in ("django", "django-proxy", "tortoise", "ormar") and m.cls is not None
        ]
        for model in self._models:
            if model.framework != "django-proxy":
                self._reverse(model)

    def step(self, model: Model, name: str) -> list[Step] | None:
        """Return where one name of a path leads from a model."""
        relation = model.relations.get(name)
        if relation is not None:
            other = self._mapping.by_class.get(relation.target) if relation.target is not None else None
            if other is None:
                return None
            if relation.many:
                return self._through(model, other, relation.through)
            key = primary_key(other)
            known = next((k for k in model.table.foreign_keys if k.columns == relation.columns), None)
            there = known.references if known is not None and known.references else key
            if len(there) != 1 or len(relation.columns) != 1:
                return None
            column = next((c for c in model.table.columns if c.name == relation.columns[0]), None)
            return [Step(other, ((relation.columns[0], there[0]),), optional=column is None or column.nullable)]
        back = self._back.get(id(model), {}).get(name)
        if back is not None:
            return [back]
        return self._many_back(model, name)

    def related(self, model: Model, name: str) -> Related | None:
        """Return where an attribute of a model's rows leads."""
        relation = model.relations.get(name)
        if relation is not None:
            other = self._mapping.by_class.get(relation.target) if relation.target is not None else None
            if other is None:
                return None
            return Related(other, self._names(model, name)[1] if relation.many else "", relation.many)
        for child, attribute in self.accessors.get(name, ()):
            target = child.relations[attribute].target
            if target is not None and self._mapping.by_class.get(target) is model:
                return self._back_to(child, attribute)
        return None

    def only(self, name: str) -> Related | None:
        """Return where an attribute of rows of an unknown model leads, if only one model can have it."""
        found = self.accessors.get(name, ())
        return self._back_to(*found[0]) if len(found) == 1 else None

    def _back_to(self, child: Model, attribute: str) -> Related:
        columns = child.relations[attribute].columns
        unique = any(i.unique and tuple(k.column for k in i.keys) == columns for i in child.table.indexes)
        return Related(child, attribute, not (unique and columns))

    def _through(self, model: Model, other: Model, through: str, *, reverse: bool = False) -> list[Step] | None:
        middle = self._mapping.by_table.get(through.lower())
        if middle is None or model is other:
            return None
        first, second = self._mapping.pairs(model, middle), self._mapping.pairs(middle, other)
        if first is None or second is None:
            return None
        return [Step(middle, first, many=True, optional=True), Step(other, second, many=reverse)]

    def _many_back(self, model: Model, name: str) -> list[Step] | None:
        for other in self._models:
            for attribute, relation in other.relations.items():
                if (
                    not relation.many
                    or relation.target is None
                    or self._mapping.by_class.get(relation.target) is not model
                ):
                    continue
                accessor, query = self._names(other, attribute)
                if name in (query, accessor):
                    return self._through(model, other, relation.through)
        return None

    def _reverse(self, model: Model) -> None:
        for attribute, relation in model.relations.items():
            accessor, query = self._names(model, attribute)
            if accessor and accessor != "+":
                self.accessors.setdefault(accessor, []).append((model, attribute))
            other = self._mapping.by_class.get(relation.target) if relation.target is not None else None
            if other is None or relation.many or len(relation.columns) != 1:
                continue
            key = primary_key(other)
            if len(key) == 1:
                unique = any(
                    i.unique and [k.column for k in i.keys] == list(relation.columns) for i in model.table.indexes
                )
                step = Step(model, ((key[0], relation.columns[0]),), many=not unique, optional=True)
                self._back.setdefault(id(other), {}).setdefault(query, step)

    def _names(self, model: Model, attribute: str) -> tuple[str, str]:
        """Return by which names the other side knows a relation: on its objects, and in lookups."""
        lower = model.name.lower()
        binding = None
        for cls in self._mapping.classes.order(model.cls) if model.cls is not None else ():
            binding = self._mapping.classes.members(cls).get(attribute)
            if binding is not None:
                view = View(cls.place)
                break
        related = query = None
        one = False
        if binding is not None and isinstance(binding.value, Call):
            reader = self._mapping.reader
            given, asked = argument(binding.value, "related_name"), argument(binding.value, "related_query_name")
            related = reader.text(Read(given, view)) if given is not None else None
            query = reader.text(Read(asked, view)) if asked is not None else None
            one = getattr(binding.value.func, "name", "") == "OneToOneField"
            if related:
                related = related.replace("%(class)s", lower).replace("%(app_label)s", model.app)
        accessor = related or (lower if one else f"{lower}_set")
        return accessor, query or related or lower


class Paths:
    """Follows paths of lookups, adding the joins that they need."""

    def __init__(self, relations: Relations) -> None:
        self.relations = relations

    def reach(self, draft: Draft, name: str, flow: Flow, *, how: str = "inner", scope: str = "") -> Reached:
        """Return what a path leads to, and the query with the joins on the way.

        Args:
            draft: the query that the path starts from.
            name: the path, lookups and transforms at its end included.
            flow: where it is written.
            how: whether rows without a partner stay (`left`) or go (`inner`).
            scope: what joins to many rows are shared by; each call of `filter` has its own.
        """
        parts = name.split("__")[:MOST_STEPS]
        model, alias = draft.model, draft.root
        if model is None:
            return Reached(draft, None)
        many, asked_left, left = False, how == "left", False
        walked: list[str] = []
        computed = dict(draft.paths)
        if f"@{parts[0]}" in computed:
            return Reached(draft, None, tuple(parts[1:]), computed=True)
        while parts:
            part = parts[0]
            column = self._own_column(model, part)
            steps = None if part == "pk" else self.relations.step(model, part)
            following = parts[1] if len(parts) > 1 else ""
            if column is not None and (
                steps is None or not following or self._is_key(steps, following) or following in LOOKUPS
            ):
                if steps is not None and following and self._is_key(steps, following):
                    parts = parts[1:]
                kind = next((c.type for c in model.table.columns if c.name == column), "")
                return Reached(
                    draft,
                    Column(alias, column, flow.here),
                    tuple(parts[1:]),
                    many,
                    model,
                    json=kind.startswith(("json", "hstore")),
                )
            if steps is None:
                return Reached(draft, None, tuple(parts), many)
            walked.append(part)
            last = len(parts) == 1 or parts[1] in LOOKUPS
            for number, step in enumerate(steps):
                final = number == len(steps) - 1
                many = many or step.many
                left = left or (asked_left and step.optional)
                key = "__".join(walked) + f":{number}" + (scope if many else "")
                if final and number and (last or self._is_key(steps, following)):
                    # The other side of a link table isn't needed for its key.
                    return Reached(
                        draft,
                        Column(alias, step.pairs[0][0], flow.here),
                        tuple(parts[2 if not last else 1 :]),
                        many,
                        model,
                    )
                draft, alias = self._join(draft, alias, step, key, "left" if left else "inner", flow)
                model = step.model
            parts = parts[1:]
            if not parts or parts[0] in LOOKUPS:
                column_names = primary_key(model)
                if len(column_names) != 1:
                    return Reached(draft, None, tuple(parts), many)
                return Reached(draft, Column(alias, column_names[0], flow.here), tuple(parts), many, model)
        return Reached(draft, None)

    def _own_column(self, model: Model, part: str) -> str | None:
        if part in ("pk",):
            return model.columns.get("pk") or next(iter(primary_key(model)), None)
        return model.columns.get(part)

    def _is_key(self, steps: list[Step], following: str) -> bool:
        """Say whether a name is the key that a relation compares anyway."""
        other = steps[-1].model
        there = steps[-1].pairs[0][1]
        if steps[-1].many and len(steps) == 1:
            return False
        return (following == "pk" and primary_key(other) == (there,)) or other.columns.get(following) == there

    def _join(self, draft: Draft, alias: str, step: Step, key: str, how: str, flow: Flow) -> tuple[Draft, str]:
        known = dict(draft.paths).get(key)
        if known is not None:
            if how == "inner":
                draft = self._promoted(draft, known)
            return draft, known
        table = step.model.table.name
        taken = {draft.root, *(a for _, a in draft.paths)}
        name = table if table not in taken else flow.pool.alias(table)
        flow.pool.entity(Entity(name, step.model, table))
        on = both(
            [Compare(Column(alias, a, flow.here), "=", (Column(name, b, flow.here),), flow.here) for a, b in step.pairs]
        )
        source = Source(name, table, -1, how, on, at=flow.here)  # type: ignore[arg-type]
        draft = draft.add("join", Join(source), flow.branch)
        return replace(draft, paths=(*draft.paths, (key, name))), name

    def _promoted(self, draft: Draft, alias: str) -> Draft:
        """A filter needs the partner that an earlier join only allowed."""
        from msgspec.structs import replace as changed

        clauses = tuple(
            replace(c, value=Join(changed(c.value.source, how="inner"), c.value.query))
            if c.kind == "join"
            and isinstance(c.value, Join)
            and c.value.source.alias == alias
            and c.value.source.how == "left"
            else c
            for c in draft.clauses
        )
        return replace(draft, clauses=clauses)


LOOKUPS = frozenset(
    {
        "exact",
        "iexact",
        "contains",
        "icontains",
        "startswith",
        "istartswith",
        "endswith",
        "iendswith",
        "regex",
        "iregex",
        "in",
        "gt",
        "gte",
        "lt",
        "lte",
        "range",
        "isnull",
        "date",
        "time",
        "year",
        "iso_year",
        "month",
        "day",
        "week",
        "week_day",
        "iso_week_day",
        "quarter",
        "hour",
        "minute",
        "second",
        "search",
        "overlap",
        "contained_by",
        "has_key",
        "has_keys",
        "has_any_keys",
        "len",
        "length",
        "lower",
        "upper",
        "unaccent",
        "trigram_similar",
        "trigram_word_similar",
        "startswith_any",
        "ne",
        "tz",
        "trim",
        "abs",
        "icontains_any",
        "fully_lt",
        "not_lt",
        "strict_word_similar",
    }
)

__all__ = ["LOOKUPS", "ClassRef", "Paths", "Reached", "Relations"]
