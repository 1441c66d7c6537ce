"""From services to plans: services that share tables are planned together, so that each table is planned once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from fragaudit.advise.migrations import DjangoModel, django_model
from fragaudit.advise.plan import plan
from fragaudit.model.accesses import Access, Write
from fragaudit.model.plan import IndexPlan, Proof
from fragaudit.model.schema import Table
from fragaudit.model.stores import Service


class Schema(Struct):
    """Tables whose names tell them apart, and what is done to them."""

    tables: dict[str, Table]
    accesses: dict[Access, None]
    writes: dict[Write, None]

    def planned(self) -> IndexPlan:
        """Return the plan of these tables."""
        return plan(tuple(self.tables.values()), tuple(self.accesses), tuple(self.writes))


def schemas(services: Sequence[Service]) -> list[Schema]:
    """Return the schemas of a repository: one, unless services have different tables of the same name."""
    found: list[Schema] = []
    for service in services:
        own = {table.name: table for table in service.schema}
        fitting = (s for s in found if all(s.tables.get(n, t) == t for n, t in own.items()))
        schema = next(fitting, None)
        if schema is None:
            schema = Schema({}, {}, {})
            found.append(schema)
        schema.tables.update(own)
        schema.accesses.update(dict.fromkeys(service.accesses))
        schema.writes.update(dict.fromkeys(service.writes))
    return found


def joined(plans: Sequence[IndexPlan]) -> IndexPlan:
    """Return several plans as one."""
    proofs: list[Proof] = [proof for p in plans for proof in p.proofs]
    return IndexPlan(
        tables=tuple(table for p in plans for table in p.tables),
        accesses=sum(p.accesses for p in plans),
        unjudged=sum(p.unjudged for p in plans),
        planner=next((p.planner for p in plans if p.planner), ""),
        proofs=tuple(proofs),
    )


def django_models(services: Sequence[Service], texts: Mapping[str, str]) -> dict[str, DjangoModel]:
    """Return the Django models by table, as far as a table is defined by a class in one of the texts."""
    found: dict[str, DjangoModel] = {}
    for service in services:
        for table in service.schema:
            for at in table.defined_at:
                model = django_model(at.path, at.line, texts)
                if model is not None:
                    found.setdefault(table.name, model)
    return found
