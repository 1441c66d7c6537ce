"""The `fragaudit` command and its subcommands. Nothing heavy is imported before it is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fragaudit import __version__
from fragaudit.cli.options import (
    ColorOption,
    ConfigOption,
    IgnoreOption,
    JobsOption,
    NoCacheOption,
    OutputOption,
    PathsArgument,
    SelectOption,
)
from fragaudit.cli.proof_option import IndexesCommand

app = typer.Typer(
    name="fragaudit",
    help="Find fragmented data stores in Python services, without running any of their code.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fragaudit {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def check(
    paths: PathsArgument = None,
    format_: Annotated[
        str, typer.Option("--format", help="text, json, sarif, github, gitlab, junit, markdown or html.")
    ] = "text",
    output: OutputOption = None,
    select: SelectOption = None,
    ignore: IgnoreOption = None,
    fail_on: Annotated[
        str | None, typer.Option("--fail-on", help="Least severity that fails the run: error, warning, note or never.")
    ] = None,
    config: ConfigOption = None,
    jobs: JobsOption = None,
    no_cache: NoCacheOption = False,
    statistics: Annotated[
        bool, typer.Option("--statistics", help="Count findings by rule instead of showing them.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="End with exit code 2 if a file could not be read.")] = False,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Add missing indexes to models of SQLAlchemy, SQLModel and Django; rewrite vector ids that can be "
            "proven bare as service:type:id, and add the metadata that leads back. Unsafe: a migration has to "
            "create the indexes (alembic revision --autogenerate, manage.py makemigrations), and vectors stored "
            "already keep their old ids. Write them again under the new ones and delete the old in one "
            "migration, and search both until it is done.",
        ),
    ] = False,
    color: ColorOption = "auto",
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="Leave out the findings that this file has accepted.")
    ] = None,
    diff: Annotated[
        str | None, typer.Option("--diff", metavar="REF", help="Only findings in what changed since a git revision.")
    ] = None,
) -> None:
    """Report fragmented data stores, then the pre-creation checklist of each service, then what was looked at."""
    from fragaudit.cli.check import run_check

    run_check(
        paths, format_, output, select, ignore, fail_on, config, jobs, no_cache, statistics, strict, fix, color,
        baseline, diff,
    )  # fmt: skip


@app.command()
def checklist(
    paths: PathsArgument = None,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    output: OutputOption = None,
    config: ConfigOption = None,
    jobs: JobsOption = None,
    no_cache: NoCacheOption = False,
    color: ColorOption = "auto",
) -> None:
    """Answer the six questions to ask before a database is created, for each service, with evidence."""
    from fragaudit.cli.check import run_view

    run_view("checklist", paths, format_, output, config, jobs, no_cache, color)


@app.command("map")
def map_(
    paths: PathsArgument = None,
    format_: Annotated[str, typer.Option("--format", help="text, json, mermaid, dot or html.")] = "text",
    output: OutputOption = None,
    config: ConfigOption = None,
    jobs: JobsOption = None,
    no_cache: NoCacheOption = False,
    color: ColorOption = "auto",
) -> None:
    """Show what was understood: services, stores, why each is one store and has its role, tables, searches."""
    from fragaudit.cli.check import run_view

    run_view("map", paths, format_, output, config, jobs, no_cache, color)


@app.command(cls=IndexesCommand)
def indexes(
    paths: PathsArgument = None,
    format_: Annotated[str, typer.Option("--format", help="text, sql, alembic, django or json.")] = "text",
    output: OutputOption = None,
    document: Annotated[
        Path | None,
        typer.Option(
            "--document", help="Write or refresh the section on indexes of this Markdown file, and only that."
        ),
    ] = None,
    prove: Annotated[
        str | None,
        typer.Option(
            "--prove",
            metavar="[URL]",
            help="Ask a planner before and after: SQLite's in memory or, at a URL, that of a PostgreSQL database.",
        ),
    ] = None,
    config: ConfigOption = None,
    jobs: JobsOption = None,
    no_cache: NoCacheOption = False,
    color: ColorOption = "auto",
) -> None:
    """Propose the smallest set of indexes that serves all statements: what to create, what to drop, for whom."""
    from fragaudit.cli.indexes import run_indexes

    run_indexes(paths, format_, output, document, prove, config, jobs, no_cache, color)


@app.command()
def record(
    paths: PathsArgument = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The ledger.", show_default="fragaudit-stores.toml")
    ] = None,
    owner: Annotated[str, typer.Option("--owner", help="Who owns the stores that have no owner yet.")] = "",
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing; what isn't known stays open.")] = False,
    config: ConfigOption = None,
    jobs: JobsOption = None,
    no_cache: NoCacheOption = False,
) -> None:
    """Write the store ledger: an entry for each store, answered from the code, and by you where it can't be."""
    from fragaudit.cli.record import run_record

    run_record(paths, output, owner, no_input, config, jobs, no_cache)


@app.command()
def baseline(
    paths: PathsArgument = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The baseline.")] = Path("fragaudit-baseline.json"),
    config: ConfigOption = None,
    jobs: JobsOption = None,
    no_cache: NoCacheOption = False,
) -> None:
    """Accept today's findings, so that `check --baseline` reports only those that come after."""
    from fragaudit.cli.starting import run_baseline

    run_baseline(paths, output, config, jobs, no_cache)


@app.command()
def init(
    paths: PathsArgument = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The configuration.")] = Path("fragaudit.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a starter configuration, with the services that were found."""
    from fragaudit.cli.starting import run_init

    run_init(paths, output, force)


@app.command()
def explain(
    rule: Annotated[str, typer.Argument(help="A rule's name or code.")],
    color: ColorOption = "auto",
) -> None:
    """Explain a rule: what it looks for, why, the way out, and examples."""
    from fragaudit.cli.reference import run_explain

    run_explain(rule, color)


@app.command()
def rules(format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text") -> None:
    """List all rules."""
    from fragaudit.cli.reference import run_rules

    run_rules(format_)


@app.command()
def stores(
    name: Annotated[
        str | None, typer.Argument(help="A package, for its page; or part of the name of libraries or engines.")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="Only stores of this kind.")] = None,
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    color: ColorOption = "auto",
) -> None:
    """List the client libraries that fragaudit knows, or show all that it knows of one, with examples."""
    from fragaudit.cli.reference import run_stores

    run_stores(name, kind, format_, color)
