"""The `fragaudit` command and its subcommands. Nothing heavy is imported before it is needed."""

from __future__ import annotations

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
    format_: Annotated[str, typer.Option("--format", help="text, json, sarif or github.")] = "text",
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
    color: ColorOption = "auto",
) -> None:
    """Report fragmented data stores, then the pre-creation checklist of each service, then what was looked at."""
    from fragaudit.cli.check import run_check

    run_check(paths, format_, output, select, ignore, fail_on, config, jobs, no_cache, statistics, strict, color)


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
    format_: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
    output: OutputOption = None,
    config: ConfigOption = None,
    jobs: JobsOption = None,
    no_cache: NoCacheOption = False,
    color: ColorOption = "auto",
) -> None:
    """Show what was understood: services, stores, why each is one store and has its role, tables, searches."""
    from fragaudit.cli.check import run_view

    run_view("map", paths, format_, output, config, jobs, no_cache, color)


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
