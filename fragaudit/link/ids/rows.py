"""Vectors that are columns of rows: pgvector fields of SQLAlchemy and Django models, and statements in texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fragaudit.link.abstract import ClassRef, Instance
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.ids.callers import here_of
from fragaudit.link.ids.flow import Flow
from fragaudit.link.ids.heads import Head, Items, Made, Several, Thunk
from fragaudit.link.ids.operations import Operations
from fragaudit.link.ids.paths import paths
from fragaudit.link.ids.vector_models import VectorModels, text_of
from fragaudit.link.ids.written import Target
from fragaudit.link.program import Place, Program, Site
from fragaudit.link.usage import Called
from fragaudit.model.locations import Location
from fragaudit.model.values import Attr, Call, Value, calls, dotted

_TYPED = frozenset({"pgvector", "sqlite_vec", "sqlite_vss"})
_SINKS = frozenset(
    {
        "add",
        "add_all",
        "bulk_create",
        "abulk_create",
        "bulk_save_objects",
        "merge",
        "save",
        "asave",
        "create",
        "insert",
        "insert_many",
        "bulk_insert_mappings",
    }
)
_OWN_SINKS = frozenset({"save", "asave"})
"""Methods of rows that write the row itself."""
_MANAGED = frozenset(
    {"create", "acreate", "get_or_create", "update_or_create", "aupdate_or_create", "update", "aupdate"}
)
_DISTANCES = frozenset(
    {"cosine_distance", "l2_distance", "max_inner_product", "l1_distance", "hamming_distance", "jaccard_distance"}
)
_DJANGO = frozenset({"CosineDistance", "L2Distance", "MaxInnerProduct", "L1Distance"})
_FILTERS = frozenset({"filter", "where", "filter_by", "exclude"})


@dataclass(frozen=True, slots=True)
class RowVector:
    """One write or search of a vector column. `table` is the table or model, `by` what the row is called.

    `target` is the store where the call tells it, else it is the primary database.
    """

    at: Location
    file: int
    table: str
    column: str
    id: str
    verb: str
    scoped: bool = False
    target: Target | None = None


class RowVectors:
    """Finds vectors in rows."""

    def __init__(self, flow: Flow, operations: Operations, called: Sequence[Called]) -> None:
        self._flow = flow
        self._operations = operations
        self._program: Program = flow.program
        self._evaluator: Evaluator = flow.evaluator
        self._found = VectorModels(flow.evaluator)
        self.models = self._found.columns
        self._called: dict[int, list[Called]] = defaultdict(list)
        for call in called:
            if call.opening is not None:
                self._called[call.file].append(call)

    def all(self) -> list[RowVector]:
        """Return the writes and searches of vector columns, by place."""
        found = [*self._in_texts(), *self._of_models(), *self._in_tables(), *self._of_clients()]
        return sorted({(r.at, r.verb): r for r in reversed(found)}.values(), key=lambda r: (r.at, r.verb))

    def _in_texts(self) -> Iterator[RowVector]:
        files = self._program.files
        # Elsewhere the word may mean something else: what knows the types of vectors makes it sure.
        typed = any(i.module.partition(".")[0] in _TYPED for f in files for i in f.imports if not i.level)
        sure = typed or any(v.sure for f in files for v in f.vectors)
        for number, file in enumerate(self._program.files):
            for one in file.vectors:
                if one.verb == "type":
                    continue
                kept = one.computed and self._operations.holding.keeps_vectors(Place(number, one.scope), "write")
                if kept or one.sure or (sure and not one.computed):
                    at = self._program.location(number, one.at)
                    target = self._executed(Place(number, one.scope))
                    yield RowVector(
                        at, number, one.table, one.column, "the row's key", one.verb, one.scoped, target=target
                    )

    def _executed(self, place: Place) -> Target | None:
        """Return the one store that is called in the function, or else the file, of a statement.

        Where none is, or several are, it is the one that the class implements.
        """
        function = self._program.enclosing_function(place)
        first, _, last, _ = self._program.scope(function).span if function is not None else (0, 0, -1, 0)
        calls = self._called.get(place.file, [])
        for among in ([c for c in calls if first <= c.call.at.line <= last], calls):
            stores = {(call.engine, call.opening) for call in among}
            if len(stores) == 1:
                engine, opening = stores.pop()
                return Target(engine, opening=opening)
            if stores:
                break
        cls = self._program.enclosing_class(place)
        return Target("", owner=ClassRef(cls)) if cls is not None else None

    def _of_clients(self) -> Iterator[RowVector]:
        """Rows handed as dictionaries to a client of a relational database: `insert_rows_json(table, rows)`."""
        catalogue = self._evaluator.catalogue
        for name in sorted(catalogue.row_writes):
            for site in self._program.sites_by_name.get(name, ()):
                self._flow.fresh()
                for target, operation in self._operations.of_records(site, site.call.func, catalogue.row_writes[name]):
                    if self._operations.holding.holds_vector(site, operation):
                        named = next(iter(paths(operation.table)), "")
                        given = argument_of(site.call.args, named, operation.at.get(named))
                        table = text_of(given) if given is not None else ""
                        at = self._program.location(site.place.file, site.call.at)
                        yield RowVector(at, site.place.file, table, "", "the row's key", "write", target=target)
                        break

    def _in_tables(self) -> Iterator[RowVector]:
        """`insert(table).values(rows)`, `table.insert()`, where the table is no model and one column is a vector."""
        tables = self._found.tables
        for site in self._program.sites_by_name.get("values", ()) if tables else ():
            name = _inserted(site.call.func)
            table = tables.get((site.place.file, name)) if name else None
            if table is not None:
                at = self._program.location(site.place.file, site.call.at)
                yield RowVector(at, site.place.file, *table, "the row's key", "write")

    # -- models ----------------------------------------------------------------------------------------------------

    def _of_models(self) -> Iterator[RowVector]:
        if not self.models:
            return
        names = self._found.names()
        columns = {c for fields in self.models.values() for c in fields}
        makers: list[tuple[Site, Place]] = []
        for name in sorted(names):
            for site in self._program.sites_by_name.get(name, ()):
                model = self._model(site.call.func, site.place, names[name])
                if model is not None and self._gives(site.call, self.models[model]):
                    makers.append((site, model))
        yield from self._made(makers)
        yield from self._managed(names)
        yield from self._searched(columns)

    def _model(self, value: Value, place: Place, among: list[Place]) -> Place | None:
        for meaning in self._evaluator.evaluate(value, place):
            if isinstance(meaning, ClassRef):
                for ancestor in self._evaluator.ancestry(meaning):
                    if ancestor.place in among:
                        return ancestor.place
        return None

    def _gives(self, call: Call, columns: tuple[str, ...]) -> bool:
        return any(a.name in columns or a.name == "**" for a in call.args)

    def _made(self, makers: list[tuple[Site, Place]]) -> Iterator[RowVector]:
        """A row object with a vector: written where it is added or created in bulk, else where it is made."""
        for site, model in makers:
            sink = self._sink(site)
            at = self._program.location(site.place.file, (sink or site).call.at)
            yield self._row(at, site.place.file, model, "write")

    def _sink(self, maker: Site) -> Site | None:
        outer = self._program.enclosing_function(maker.place)
        for name in sorted(_SINKS):
            for site in self._program.sites_by_name.get(name, ()):
                if site.place.file != maker.place.file or self._program.enclosing_function(site.place) != outer:
                    continue
                if any(call is maker.call for a in site.call.args for call in calls(a.value)):
                    return site
                self._flow.fresh()
                saved = site.call.func.base if isinstance(site.call.func, Attr) and name in _OWN_SINKS else None
                if saved is not None and any(
                    self._contains(head, maker.call) for head in self._flow.force(Thunk(saved, here_of(site)))
                ):
                    return site
                for argument in site.call.args:
                    for head in self._flow.force(Thunk(argument.value, here_of(site))):
                        if self._contains(head, maker.call):
                            return site
        return None

    def _contains(self, head: Head, call: Call) -> bool:
        if isinstance(head, Made):
            return head.call is call
        if isinstance(head, (Items, Several)):
            return any(isinstance(e, Made) and e.call is call for e in self._flow.step(head, None))
        return False

    def _managed(self, names: dict[str, list[Place]]) -> Iterator[RowVector]:
        """`Model.objects.create(embedding=…)`, `insert(Model).values(embedding=…)`, `row.embedding = …`."""
        for name in sorted(_MANAGED | {"values"}):
            for site in self._program.sites_by_name.get(name, ()):
                model = self._behind(site, names)
                if model is None:
                    continue
                given = {a.name for a in site.call.args}
                for argument in site.call.args if name == "values" else ():
                    for head in self._flow.force(Thunk(argument.value, here_of(site))) if argument.name is None else ():
                        rows = self._flow.step(head, None) if isinstance(head, (Items, Several)) else (head,)
                        given.update(
                            c
                            for row in rows
                            for c in self.models[model]
                            if any(True for _ in self._flow.step(row, f"={c}"))
                        )
                if given & {*self.models[model], "**"}:
                    at = self._program.location(site.place.file, site.call.at)
                    yield self._row(at, site.place.file, model, "write")
        for number, file in enumerate(self._program.files):
            for binding in file.bindings:
                base, dot, column = binding.target.rpartition(".")
                if not dot or base in ("self", "cls") or not any(column in c for c in self.models.values()):
                    continue
                for meaning in self._evaluator.name(base, Place(number, binding.scope)) if "." not in base else ():
                    place = meaning.of.place if isinstance(meaning, Instance) else None
                    if place in self.models and column in self.models[place]:
                        yield self._row(self._program.location(number, binding.at), number, place, "write")

    def _behind(self, site: Site, names: dict[str, list[Place]]) -> Place | None:
        """Return the model whose manager or statement a method is called on."""
        func = site.call.func
        stack: list[Value] = [func.base] if isinstance(func, Attr) else []
        for _ in range(8):
            if not stack:
                return None
            top = stack.pop()
            if isinstance(top, Attr):
                if top.name in ("objects", "__table__"):
                    return self._model(top.base, site.place, [p for places in names.values() for p in places])
                stack.append(top.base)
            elif isinstance(top, Call):
                last = getattr(top.func, "name", "")
                if last in ("insert", "update", "pg_insert", "upsert") and top.args:
                    return self._model(top.args[0].value, site.place, [p for places in names.values() for p in places])
                stack.append(top.func)
        return None

    def _searched(self, columns: set[str]) -> Iterator[RowVector]:
        for name in sorted(_DISTANCES | _DJANGO):
            for site in self._program.sites_by_name.get(name, ()):
                func = site.call.func
                column = ""
                if name in _DISTANCES and isinstance(func, Attr):
                    column = getattr(func.base, "name", "")
                elif name in _DJANGO and site.call.args:
                    column = str(getattr(site.call.args[0].value, "value", ""))
                if column.rpartition("__")[2] not in columns:
                    continue
                models = [p for p, c in self.models.items() if column.rpartition("__")[2] in c]
                named = getattr(getattr(func, "base", None), "base", None)
                chosen = next(
                    (p for p in models if self._program.scope(p).name == getattr(named, "name", "")), models[0]
                )
                at = self._program.location(site.place.file, site.call.at)
                yield self._row(at, site.place.file, chosen, "search", self._filtered(site))

    def _filtered(self, site: Site) -> bool:
        outer = self._program.enclosing_function(site.place)
        return any(
            other.place.file == site.place.file and self._program.enclosing_function(other.place) == outer
            for name in sorted(_FILTERS)
            for other in self._program.sites_by_name.get(name, ())
        )

    def _row(self, at: Location, file: int, model: Place, verb: str, scoped: bool = False) -> RowVector:
        name = self._program.scope(model).name
        table = name
        for binding in self._program.bindings(model, "__tablename__"):
            for meaning in self._evaluator.evaluate(binding.value, model):
                table = str(getattr(meaning, "value", name))
        return RowVector(at, file, table, self.models[model][0], f"the key of {name}", verb, scoped)


def _inserted(func: Value) -> str:
    """Return what the table is called that `insert(table).values` or `table.insert().values` writes, or nothing."""
    made = func.base if isinstance(func, Attr) else None
    for _ in range(4):
        if not isinstance(made, Call):
            break
        last = getattr(made.func, "name", "")
        if last in ("insert", "pg_insert", "upsert") and made.args:
            return dotted(made.args[0].value)
        if last in ("insert", "update") and isinstance(made.func, Attr):
            return dotted(made.func.base)
        made = made.func.base if isinstance(made.func, Attr) else None
    return ""
