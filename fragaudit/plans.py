"""The index plan of a repository, proven by a planner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from fragaudit.model.plan import IndexPlan
from fragaudit.model.schema import Table

if TYPE_CHECKING:
    from fragaudit.advise.prove import Text
    from fragaudit.extract.sql.transpile import Target


def proven(found: IndexPlan, tables: Iterable[Table]) -> IndexPlan:
    """Return a plan with SQLite's proof of it."""
    from fragaudit.advise.prove import prove

    tables = tuple(tables)
    return prove(found, tables, _views(tables), _texts(found, "sqlite"))


def proven_by(found: IndexPlan, url: str) -> IndexPlan:
    """Return a plan with the proof of the PostgreSQL database at a URL. Raises ProofError if it can't be asked."""
    from fragaudit.advise.postgres import prove

    return prove(found, _texts(found, "postgres"), url)


def _texts(found: IndexPlan, target: Target) -> dict[str, Text]:
    """Return the statements that proposals serve as the target has them, by the text as it was written."""
    from fragaudit.advise.prove import Text
    from fragaudit.extract.sql.transpile import TranslationError, transpiled

    texts: dict[str, Text] = {}
    for table in found.tables:
        for access in (a for p in table.proposals for a in (*p.serves, *p.improves)):
            if not access.text or access.text in texts:
                continue
            dialect = access.dialect or table.dialect
            if target == "postgres" and dialect not in ("", target):
                texts[access.text] = Text("", f"the statement is written for {dialect}")
                continue
            try:
                texts[access.text] = Text(transpiled(access.text, dialect, target))
            except TranslationError as error:
                texts[access.text] = Text("", str(error))
    return texts


def _views(tables: Iterable[Table]) -> list[tuple[str, str]]:
    """Return names and, in SQLite's dialect, the queries of the views, as far as it can have them."""
    from fragaudit.extract.sql.transpile import TranslationError, transpiled

    found = []
    for table in tables:
        if table.view is not None and table.view.text:
            try:
                found.append((table.name, transpiled(table.view.text, table.view.dialect, "sqlite")))
            except TranslationError:
                continue
    return found
