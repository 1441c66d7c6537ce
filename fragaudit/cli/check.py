"""Runs an audit for `check`, `checklist` and `map`, and prints or writes its report."""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import msgspec
import typer

from fragaudit import pipeline
from fragaudit.cards import codes
from fragaudit.catalogue_format import CatalogueError
from fragaudit.cli.exit_codes import ExitCode, exit_code
from fragaudit.config import Config, ConfigError, load, validate_rules
from fragaudit.model.findings import Edit, Report
from fragaudit.report import CHECK, CHECKLIST, MAP, Look, Renderer
from fragaudit.resources import ResourceError
from fragaudit.wording import counted

SLOW = 0.7
"""Seconds after which a person watching is shown that something happens."""


def run_check(
    paths: list[Path] | None, format_: str, output: Path | None, select: list[str] | None, ignore: list[str] | None,
    fail_on: str | None, config: Path | None, jobs: int | None, no_cache: bool, statistics: bool, strict: bool,
    fix: bool, color: str,
) -> None:  # fmt: skip
    """Run `check` and exit."""
    renderer = _renderer(CHECK, format_)
    settings = _configured(paths, config, select, ignore)
    least = fail_on or settings.fail_on
    if least not in ("error", "warning", "note", "never"):
        _fail(f"--fail-on must be error, warning, note or never, not {least}")
    report = _audit(paths, settings, jobs, no_cache, fixes=fix or format_ == "json")
    if fix and _rewrite(report):
        report = _audit(paths, settings, jobs, no_cache, fixes=format_ == "json")
    _emit(renderer, report, output, _look(color, output, statistics))
    if format_ not in ("text", "json") and report.problems:
        typer.echo(f"fragaudit: {counted(len(report.problems), 'problem')} in reading; see --format text", err=True)
    if strict and report.problems:
        sys.exit(ExitCode.NO_AUDIT)
    sys.exit(exit_code(report.findings, least))


def run_view(
    view: str, paths: list[Path] | None, format_: str, output: Path | None, config: Path | None, jobs: int | None,
    no_cache: bool, color: str,
) -> None:  # fmt: skip
    """Run `checklist` or `map` and exit."""
    renderer = _renderer(CHECKLIST if view == "checklist" else MAP, format_)
    report = _audit(paths, _configured(paths, config, None, None), jobs, no_cache)
    _emit(renderer, report, output, _look(color, output, False))


def _renderer(renderers: dict[str, Renderer], format_: str) -> Renderer:
    if format_ not in renderers:
        _fail(f"unknown format {format_!r}; choose {', '.join(renderers)}")
    return renderers[format_]


def _configured(
    paths: list[Path] | None, explicit: Path | None, select: list[str] | None, ignore: list[str] | None
) -> Config:
    try:
        config = load((paths or [Path()])[0], explicit)
        chosen = {"select": select, "ignore": ignore}
        named = {
            k: tuple(n.strip() for v in values for n in v.split(",") if n.strip())
            for k, values in chosen.items()
            if values
        }
        unknown = Config(**named)  # type: ignore[arg-type]
        validate_rules(unknown, codes(), {})
        return msgspec.structs.replace(config, **named)
    except ConfigError as error:
        _fail(str(error).removeprefix("None:1: "))


def _rewrite(report: Report) -> bool:
    """Make the edits of all fixes in the files, and say so; return whether there were any."""
    from fragaudit.fix import applied

    edits: dict[str, set[Edit]] = defaultdict(set)
    places: dict[str, set[int]] = defaultdict(set)
    for finding in report.findings:
        if finding.fix is not None and finding.suppressed is None:
            edits[finding.at.path].update(finding.fix.edits)
            places[finding.at.path].add(finding.at.line)
    for name in sorted(edits):
        path = Path(name)
        try:
            text = path.read_bytes().decode("utf-8")
            path.write_bytes(applied(text, edits[name]).encode("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            typer.echo(f"fragaudit: {name} can't be rewritten: {error}", err=True)
            continue
        count = len(places[name])
        typer.echo(
            f"fragaudit: {name}: the ids of {count} write(s) rewritten; vectors stored before keep theirs", err=True
        )
    return bool(edits)


def _audit(
    paths: list[Path] | None, config: Config, jobs: int | None, no_cache: bool, *, fixes: bool = False
) -> Report:
    chosen = paths or [Path()]
    for path in chosen:
        if not os.path.lexists(path):
            _fail(f"no such file or folder: {path}")
    folder = os.environ.get("FRAGAUDIT_CACHE_DIR")
    try:
        with _progress() as tell:
            audit = pipeline.audit(
                chosen,
                Path.cwd(),
                config,
                jobs=jobs,
                cache=not no_cache,
                cache_dir=Path(folder) if folder else None,
                progress=tell,
                fixes=fixes,
            )
    except (ConfigError, CatalogueError, ResourceError) as error:
        _fail(str(error))
    for note in audit.notes:
        typer.echo(f"fragaudit: {note}", err=True)
    return audit.report


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """Show progress on stderr if a person is looking and it takes long."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    started = time.monotonic()
    bar = Progress(
        TextColumn("reading"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True), transient=True
    )
    task = bar.add_task("reading", total=None)
    shown = False

    def tell(count: int, total: int) -> None:
        nonlocal shown
        if not shown and time.monotonic() - started > SLOW:
            bar.start()
            shown = True
        if shown:
            bar.update(task, completed=count, total=total)

    try:
        yield tell
    finally:
        if shown:
            bar.stop()


def _look(color: str, output: Path | None, statistics: bool) -> Look:
    if color not in ("auto", "always", "never"):
        _fail(f"--color must be auto, always or never, not {color}")
    terminal = sys.stdout.isatty() and output is None
    forced = bool(os.environ.get("FORCE_COLOR"))
    colored = color == "always" or (color == "auto" and (terminal or forced) and not os.environ.get("NO_COLOR"))
    width = os.get_terminal_size().columns if terminal else 100
    return Look(colored, max(width, 40), statistics)


def _emit(renderer: Renderer, report: Report, output: Path | None, look: Look) -> None:
    text = renderer(report, look)
    if output is None:
        _write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        _fail(f"{output}: can't be written: {error.strerror}")


def _write(text: str) -> None:
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _fail(f"the report can't be written: {error.strerror}")


def _fail(message: str) -> NoReturn:
    typer.echo(f"fragaudit: {message}", err=True)
    sys.exit(ExitCode.NO_AUDIT)
