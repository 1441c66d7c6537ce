"""The tables and collections that the application defines: model classes and DDL."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.catalogue import Catalogue
from fragaudit.link.abstract import ClassRef, External
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.program import Place
from fragaudit.model.facts import FileFacts
from fragaudit.model.locations import Location
from fragaudit.model.stores import TableOrigin
from fragaudit.model.values import Call, Lit

_MIGRATIONS = ("/migrations/", "/alembic/", "/versions/")


def table_origins(evaluator: Evaluator, catalogue: Catalogue, facts: Sequence[FileFacts]) -> tuple[TableOrigin, ...]:
    """Return every definition of a table of the application's own, sorted by name and place."""
    found: set[TableOrigin] = set()
    for file in facts:
        for ddl in file.tables:
            if ddl.table != "hole":
                found.add(TableOrigin(ddl.table, Location(file.path, *ddl.at), _by(file)))
    program = evaluator.program
    for number, file in enumerate(program.files):
        for scope_number, scope in enumerate(file.scopes):
            if scope.kind == "class" and (scope.bases or scope.decorators):
                table, library = _model_table(evaluator, catalogue, Place(number, scope_number))
                if table:
                    found.add(TableOrigin(table, program.location(number, scope.span), "model", library))
    for site in program.sites:
        for callee in evaluator.evaluate(site.call.func, site.place):
            model = catalogue.model(callee.name) if isinstance(callee, External) else None
            if model is not None and model.style == "call" and site.call.args:
                first = site.call.args[0].value
                if isinstance(first, Lit) and isinstance(first.value, str):
                    at = program.location(site.place.file, site.call.at)
                    found.add(TableOrigin(first.value, at, "model", model.library))
    return tuple(sorted(found))


def _by(file: FileFacts) -> str:
    return "migration" if any(part in f"/{file.path}" for part in _MIGRATIONS) else "sql"


def _model_table(evaluator: Evaluator, catalogue: Catalogue, cls: Place) -> tuple[str, str]:
    """Return the table of a class and the library that maps it; empty names if it has none."""
    program = evaluator.program
    named = next((b.value.value for b in program.bindings(cls, "__tablename__") if isinstance(b.value, Lit)), None)
    bases = evaluator.outside_bases(ClassRef(cls))
    models = [m for b in bases if (m := catalogue.model(b.name.removesuffix("()"))) is not None and m.style == "class"]
    declarative = any(
        b.name.rpartition(".")[2] in ("declarative_base()", "DeclarativeBase", "automap_base()") for b in bases
    )
    if isinstance(named, str) and (models or declarative or not bases or _registered(program.scope(cls).decorators)):
        return named, models[0].library if models else "sqlalchemy" if declarative else ""
    if not models:
        return "", ""
    scope = program.scope(cls)
    library = models[0]
    if any(b.name.endswith("SQLModel") for b in bases) and ("table", Lit(True)) not in scope.keywords:
        return "", ""
    if library.base.startswith("sqlalchemy") or declarative:
        return "", ""  # abstract bases and mixins have no table of their own
    if _abstract(evaluator, cls):
        return "", ""
    if library.base == "django.db.models.Model":
        return f"{_django_app(program.files[cls.file].path)}_{scope.name.lower()}", library.library
    return scope.name, library.library


def _registered(decorators: Sequence[object]) -> bool:
    for decorator in decorators:
        value = decorator.func if isinstance(decorator, Call) else decorator
        if getattr(value, "name", "") in ("mapped", "mapped_as_dataclass", "as_declarative_base"):
            return True
    return False


def _abstract(evaluator: Evaluator, cls: Place) -> bool:
    program = evaluator.program
    for number in program.definitions(cls, "Meta"):
        for binding in program.bindings(Place(cls.file, number), "abstract"):
            if binding.value == Lit(True):
                return True
    return False


def _django_app(path: str) -> str:
    parts = path.split("/")
    if "models" in parts[:-1]:
        return parts[parts.index("models") - 1] if parts.index("models") else "app"
    return parts[-2] if len(parts) > 1 else "app"
