"""The `indexes` command: audits, plans, and asks a planner for proof where that is wanted."""

from __future__ import annotations

import re
from pathlib import Path

import typer
from typer.core import TyperCommand

from fragaudit import pipeline
from fragaudit.cli.check import audited, configured, emit, fail, look_of
from fragaudit.config import Config
from fragaudit.model.findings import Report
from fragaudit.model.plan import IndexPlan
from fragaudit.report import INDEXES

SQLITE = "sqlite"
FORMATS = ("text", "sql", "alembic", "django", "json")
_MIGRATIONS = re.compile(r"(?:^|/)(?:versions|migrations)/[^/]*\.py$|(?:^|/)apps\.py$")


class IndexesCommand(TyperCommand):
    """A command whose `--prove` takes a database's URL or nothing, whatever comes after it."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Give `--prove` the value it is meant to have: only what looks like a URL is one."""
        given: list[str] = []
        for number, word in enumerate(args):
            following = args[number + 1] if number + 1 < len(args) else ""
            given.append(f"--prove={SQLITE}" if word == "--prove" and "://" not in following else word)
        return super().parse_args(ctx, given)


def run_indexes(
    paths: list[Path] | None, format_: str, output: Path | None, prove: str | None, config: Path | None,
    jobs: int | None, no_cache: bool, color: str,
) -> None:  # fmt: skip
    """Run `indexes`: exit code 0, whatever is proposed; 2 if no plan could be made."""
    if format_ not in FORMATS:
        fail(f"unknown format {format_!r}; choose {', '.join(FORMATS)}")
    if prove not in (None, SQLITE) and not str(prove).startswith(("postgresql://", "postgres://")):
        fail("--prove takes the URL of a PostgreSQL database (postgresql://…), or nothing for SQLite in memory")
    look = look_of(color, output, False)
    settings = configured(paths, config, None, None)
    report = audited(paths, settings, jobs, no_cache)
    found = _planned(report, prove)
    if format_ in INDEXES:
        emit(INDEXES[format_](found, look), output)
    else:
        emit(_migration(format_, found, report, paths, settings), output)


def _planned(report: Report, prove: str | None) -> IndexPlan:
    from fragaudit.advise.repository import joined, schemas

    plans = []
    for schema in schemas(report.services):
        found = schema.planned()
        if prove == SQLITE:
            from fragaudit.advise import prove as by_sqlite

            found = by_sqlite.prove(found, schema.tables.values(), *pipeline.statements(found, schema.tables.values()))
        elif prove is not None:
            from fragaudit.advise import postgres

            try:
                found = postgres.prove(found, pipeline.statements(found, (), "postgres")[1], prove)
            except postgres.ProofError as error:
                fail(str(error))
        plans.append(found)
    return joined(plans)


def _migration(format_: str, found: IndexPlan, report: Report, paths: list[Path] | None, config: Config) -> str:
    if format_ == "sql":
        from fragaudit.advise.ddl import script

        return script(found)
    models = {at.path for s in report.services for t in s.schema if "model" in t.by for at in t.defined_at}
    texts = pipeline.texts(
        paths or [Path()], Path.cwd(), config, lambda path: path in models or bool(_MIGRATIONS.search(path))
    )
    if format_ == "alembic":
        from fragaudit.advise.alembic import revision
        from fragaudit.advise.migrations import alembic_heads

        return revision(found, alembic_heads(texts))
    from fragaudit.advise.django import migrations
    from fragaudit.advise.repository import django_models

    return migrations(found, django_models(report.services, texts))
