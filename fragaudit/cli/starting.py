"""Runs `baseline` and `init`: what a project does once, when it takes the tool up."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from fragaudit import baseline as baselines
from fragaudit.cli.check import accepted, audited, configured, fail
from fragaudit.cli.exit_codes import ExitCode
from fragaudit.config import Config
from fragaudit.model.stores import Service


def run_baseline(paths: list[Path] | None, output: Path, config: Path | None, jobs: int | None, no_cache: bool) -> None:
    """Write the baseline and say what is new in it and what is gone."""
    before = {f.fingerprint for f in accepted(output).findings} if output.exists() else set()
    found = baselines.of(audited(paths, configured(paths, config), jobs, no_cache))
    _write(output, baselines.encode(found))
    now = {f.fingerprint for f in found.findings}
    changed = f" ({len(now - before)} new, {len(before - now)} gone)" if before else ""
    typer.echo(f"{output}: {len(now)} finding(s) accepted{changed}", err=True)


def run_init(paths: list[Path] | None, output: Path, force: bool) -> None:
    """Write a starter configuration, unless there is one."""
    if output.exists() and not force:
        typer.echo(f"fragaudit: {output} is there already; --force replaces it", err=True)
        sys.exit(ExitCode.NO_AUDIT)
    existing = configured(paths, None)
    if existing.source is not None and Path(existing.source).resolve() != output.resolve():
        typer.echo(f"fragaudit: {existing.source} configures this project; {output} comes before it", err=True)
    report = audited(paths, Config(), None, no_cache=False)
    _write(output, starter(report.services))
    typer.echo(f"{output}: written; {len(report.services)} service(s) found", err=True)


def starter(services: Sequence[Service]) -> str:
    """Return the text of a starter configuration: every key with its default or an example, as a comment."""
    found = [f"#     {{name = {_text(s.name)}, paths = [{_text(s.root)}]}}," for s in services]
    found = found or ['#     {name = "billing", paths = ["services/billing"]},']
    return "\n".join(
        [
            "# Configuration of fragaudit. Every key is optional; the same keys may stand under [tool.fragaudit]",
            "# in pyproject.toml.",
            "",
            "# The least severity that fails a run: error, warning, note or never.",
            'fail-on = "warning"',
            "",
            "# Rules by name, code or family; `fragaudit rules` lists them.",
            "# select = []",
            "# ignore = []",
            "",
            "# Patterns as in .gitignore: what to leave out, and what to bring back of the defaults (tests, scripts).",
            "# exclude = []",
            "# include = []",
            "",
            "# Where one service ends and the next begins. This is what was found:",
            "# services = [",
            *found,
            "# ]",
            "",
            "# The project's own way to a store; any store opened past it is reported.",
            '# foundation = ["acme.foundation.get_database_access", "acme.foundation.create_vector_store"]',
            "",
            "# What counts as documentation of indexes.",
            "# [documentation]",
            '# files = ["docs/**/*.md", "README.md"]',
            '# headings = ["indexes", "indexing"]',
            "# comments = true",
            "",
            "# [rules.multiple-kv-stores]",
            '# severity = "error"',
            "# limit = 1",
            "",
        ]
    )


def _text(value: str) -> str:
    import json

    return json.dumps(value)  # a basic string of TOML escapes as one of JSON does


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        fail(f"{path}: can't be written: {error.strerror}")
