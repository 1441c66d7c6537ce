"""The `indexes` command: audits, plans, and asks a planner for proof where that is wanted."""

from __future__ import annotations

import re
from pathlib import Path

from fragaudit import pipeline, plans
from fragaudit.advise.plan import plan_of, tables_of
from fragaudit.cli.check import audited, configured, emit, fail, look_of
from fragaudit.cli.proof_option import SQLITE
from fragaudit.config import Config
from fragaudit.model.findings import Report
from fragaudit.model.plan import IndexPlan
from fragaudit.report import INDEXES
from fragaudit.report.index_section import section

FORMATS = ("text", "sql", "alembic", "django", "json")
_MIGRATIONS = re.compile(r"(?:^|/)(?:versions|migrations)/[^/]*\.py$|(?:^|/)apps\.py$")


def run_indexes(
    paths: list[Path] | None, format_: str, output: Path | None, document: Path | None, prove: str | None,
    config: Path | None, jobs: int | None, no_cache: bool, color: str,
) -> None:  # fmt: skip
    """Run `indexes`: exit code 0, whatever is proposed; 2 if no plan could be made."""
    if format_ not in FORMATS:
        fail(f"unknown format {format_!r}; choose {', '.join(FORMATS)}")
    if prove not in (None, SQLITE) and not str(prove).startswith(("postgresql://", "postgres://")):
        fail("--prove takes the URL of a PostgreSQL database (postgresql://…), or nothing for SQLite in memory")
    if document is not None and (output is not None or prove is not None or format_ != "text"):
        fail("--document goes without --format, --output and --prove: it writes Markdown into the file it names")
    look = look_of(color, output, False)
    settings = configured(paths, config, None, None)
    report = audited(paths, settings, jobs, no_cache)
    found = _planned(report, prove)
    if document is not None:
        from fragaudit.cli.document import refresh

        refresh(document, section(report.services, found))
        return
    if format_ in INDEXES:
        emit(INDEXES[format_](found, look), output)
    elif format_ == "sql":
        from fragaudit.advise.ddl import script

        emit(script(found), output)
    else:
        emit(_migration(format_, found, report, paths, settings), output)


def _planned(report: Report, prove: str | None) -> IndexPlan:
    found = plan_of(report)
    if prove is None:
        return found
    if prove == SQLITE:
        return plans.proven(found, tables_of(report))
    from fragaudit.advise.postgres import ProofError

    try:
        return plans.proven_by(found, prove)
    except ProofError as error:
        fail(str(error))


def _migration(format_: str, found: IndexPlan, report: Report, paths: list[Path] | None, config: Config) -> str:
    tables = tables_of(report)
    models = {at.path for table in tables for at in table.defined_at if at.path.endswith(".py")}
    texts = pipeline.texts(
        paths or [Path()], Path.cwd(), config, lambda path: path in models or bool(_MIGRATIONS.search(path))
    )
    if format_ == "alembic":
        from fragaudit.advise.alembic import revision
        from fragaudit.advise.migrations import alembic_heads

        return revision(found, alembic_heads(texts))
    from fragaudit.advise.django import migrations
    from fragaudit.advise.migrations import django_models

    return migrations(found, django_models(tables, texts))
