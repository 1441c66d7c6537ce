"""Names with double underscores: over which tables a lookup leads, and to which column of the last one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.core import Model
from fragaudit.link.queries.django_lookups import LOOKUPS
from fragaudit.link.queries.django_relations import Relations, Step
from fragaudit.link.queries.draft import Draft, Entity, Join
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.predicates import both
from fragaudit.link.queries.tables import primary_key
from fragaudit.model.sql import Column, Compare, Source

MOST_STEPS = 8


@dataclass(frozen=True)
class Reached:
    """What a path leads to: a column (None where it isn't known) and the parts behind it.

    `computed`: to what is worked out from more than one column; `function`: to what a function makes of the column.
    """

    draft: Draft
    column: Column | None
    rest: tuple[str, ...] = ()
    many: bool = False
    model: Model | None = None
    json: bool = False
    computed: bool = False
    function: str = ""


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
        annotated = computed.get(f"@{parts[0]}")
        if annotated:
            function, _, path = annotated.rpartition(" ")
            own = (f"@{parts[0]}", annotated)  # which isn't known yet where it is defined: `values(x=F("x"))`
            before = replace(draft, paths=tuple(p for p in draft.paths if p != own))
            found = self.reach(before, "__".join((path, *parts[1:])), flow, how=how, scope=scope)
            after = replace(found.draft, paths=(*found.draft.paths, own))
            return replace(found, draft=after, function=function or found.function)
        if annotated is not None:
            return Reached(draft, None, tuple(parts[1:]), computed=True)
        while parts:
            part = parts[0]
            column = self._own_column(model, part)
            steps = None if part == "pk" else self.relations.step(model, part)
            following = parts[1] if len(parts) > 1 else ""
            if column is not None and (
                steps is None or not following or self.is_key(steps, following) or following in LOOKUPS
            ):
                if steps is not None and following and self.is_key(steps, following):
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
                if final and number and (last or self.is_key(steps, following)):
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

    def is_key(self, steps: list[Step], following: str) -> bool:
        """Say whether a name is the key that a relation compares anyway."""
        other = steps[-1].model
        there = steps[-1].pairs[0][1]
        if steps[-1].many and len(steps) == 1:
            return False
        return (following == "pk" and primary_key(other) == (there,)) or other.columns.get(following) == there

    def joined(self, draft: Draft, alias: str, step: Step, flow: Flow) -> tuple[Draft, str]:
        """Return a query with the table that one step from an alias leads to, and the alias of that."""
        return self._join(draft, alias, step, f"{alias}:1", "inner", flow)

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


__all__ = ["ClassRef", "Paths", "Reached", "Relations"]
