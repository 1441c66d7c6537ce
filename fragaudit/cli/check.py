"""Runs an audit for `check`, `checklist` and `map`, and prints or writes its report."""

from __future__ import annotations

import os
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import msgspec
import typer

from fragaudit import pipeline
from fragaudit.baseline import Baseline, BaselineError, applied
from fragaudit.baseline import load as load_baseline
from fragaudit.cards import codes
from fragaudit.catalogue_format import CatalogueError
from fragaudit.cli.exit_codes import ExitCode, exit_code
from fragaudit.config import Config, ConfigError, load, validate_rules
from fragaudit.discover.changes import Changes, ChangesError, changes_since, only_changed
from fragaudit.fixing import INDEXES
from fragaudit.model.findings import Edit, Report
from fragaudit.model.locations import Location
from fragaudit.report import CHECK, CHECKLIST, MAP, Look, Renderer
from fragaudit.resources import ResourceError
from fragaudit.wording import counted

SLOW = 0.7
"""Seconds after which a person watching is shown that something happens."""
NARROWEST = 40
"""Columns below which no report is wrapped."""


def run_check(
    paths: list[Path] | None, format_: str, output: Path | None, select: list[str] | None, ignore: list[str] | None,
    fail_on: str | None, config: Path | None, jobs: int | None, no_cache: bool, statistics: bool, strict: bool,
    fix: bool, color: str, baseline: Path | None = None, diff: str | None = None,
) -> None:  # fmt: skip
    """Run `check` and exit."""
    renderer = _renderer(CHECK, format_)
    settings = configured(paths, config, select, ignore)
    least = fail_on or settings.fail_on
    if least not in ("error", "warning", "note", "never"):
        fail(f"--fail-on must be error, warning, note or never, not {least}")
    known = accepted(baseline) if baseline is not None else None
    changes = _changes(diff) if diff is not None else None
    report = audited(paths, settings, jobs, no_cache, fixes=fix or format_ == "json")
    if fix and _rewrite(report):
        report = audited(paths, settings, jobs, no_cache, fixes=format_ == "json")
    if known is not None:
        report, gone = applied(report, known)
        if gone:
            typer.echo(f"fragaudit: {gone} of the entries of {baseline} match nothing any more; renew it", err=True)
    if changes is not None:
        report, elsewhere = only_changed(report, changes)
        typer.echo(f"fragaudit: {counted(elsewhere, 'finding')} elsewhere than in what changed since {diff}", err=True)
    emit(renderer(report, look_of(color, output, statistics)), output)
    if format_ not in ("text", "json") and report.problems:
        typer.echo(f"fragaudit: {counted(len(report.problems), 'problem')} in reading; see --format text", err=True)
    if strict and report.problems:
        sys.exit(ExitCode.NO_AUDIT)
    sys.exit(exit_code(report.findings, least))


def accepted(path: Path) -> Baseline:
    """Return a baseline. Ends the process if it can't be read."""
    try:
        return load_baseline(path)
    except BaselineError as error:
        fail(str(error))


def _changes(ref: str) -> Changes:
    try:
        return changes_since(ref, Path.cwd())
    except ChangesError as error:
        fail(str(error))


def run_view(
    view: str, paths: list[Path] | None, format_: str, output: Path | None, config: Path | None, jobs: int | None,
    no_cache: bool, color: str,
) -> None:  # fmt: skip
    """Run `checklist` or `map` and exit."""
    renderer = _renderer(CHECKLIST if view == "checklist" else MAP, format_)
    report = audited(paths, configured(paths, config, None, None), jobs, no_cache)
    emit(renderer(report, look_of(color, output, False)), output)


def _renderer(renderers: dict[str, Renderer], format_: str) -> Renderer:
    if format_ not in renderers:
        fail(f"unknown format {format_!r}; choose {', '.join(renderers)}")
    return renderers[format_]


def configured(
    paths: list[Path] | None, explicit: Path | None, select: list[str] | None = None, ignore: list[str] | None = None
) -> Config:
    """Return the configuration that applies, with the rules the command line chooses. Ends the process if it is bad."""
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
        fail(str(error).removeprefix("None:1: "))


def _rewrite(report: Report) -> bool:
    """Make the edits of all fixes in the files, and say so; return whether there were any."""
    from fragaudit.fix import applied

    edits: dict[str, set[Edit]] = defaultdict(set)
    ids: dict[str, set[Edit]] = defaultdict(set)
    served: dict[str, set[Location]] = defaultdict(set)
    for finding in report.findings:
        if finding.fix is not None and finding.suppressed is None:
            for edit in finding.fix.edits:
                edits[edit.at.path].add(edit)
                if finding.rule in INDEXES:
                    served[edit.at.path].add(finding.at)
                else:
                    ids[edit.at.path].add(edit)
    for name in sorted(edits):
        path = Path(name)
        try:
            text = path.read_bytes().decode("utf-8")
            path.write_bytes(applied(text, edits[name]).encode("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            typer.echo(f"fragaudit: {name} can't be rewritten: {error}", err=True)
            continue
        if name in ids:
            said = f"ids of vectors rewritten, {counted(len(ids[name]), 'edit')}; vectors stored before keep theirs"
            typer.echo(f"fragaudit: {name}: {said}", err=True)
        if name in served:
            said = f"indexes for {counted(len(served[name]), 'finding')} added; a migration has to create them"
            typer.echo(f"fragaudit: {name}: {said}", err=True)
    return bool(edits)


def audited(
    paths: list[Path] | None, config: Config, jobs: int | None, no_cache: bool, *, fixes: bool = False
) -> Report:
    """Return the report of an audit; end the process if it can't be made."""
    chosen = paths or [Path()]
    for path in chosen:
        if not os.path.lexists(path):
            fail(f"no such file or folder: {path}")
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
        fail(str(error))
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

    bar = Progress(
        TextColumn("reading"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True), transient=True
    )
    task = bar.add_task("reading", total=None)
    waiting: threading.Timer | None = None

    def tell(count: int, total: int) -> None:
        nonlocal waiting
        bar.update(task, completed=count, total=total)
        if waiting is None:  # a single file may take long by itself
            waiting = threading.Timer(SLOW, bar.start)
            waiting.daemon = True
            waiting.start()
        elif count == total:
            waiting.cancel()  # what comes now may want no other thread
            waiting.join()

    try:
        yield tell
    finally:
        if waiting is not None:
            waiting.cancel()
            waiting.join()
        if bar.live.is_started:
            bar.stop()


def look_of(color: str, output: Path | None, statistics: bool) -> Look:
    """Return how the report should look."""
    if color not in ("auto", "always", "never"):
        fail(f"--color must be auto, always or never, not {color}")
    terminal = sys.stdout.isatty() and output is None
    forced = bool(os.environ.get("FORCE_COLOR"))
    colored = color == "always" or (color == "auto" and (terminal or forced) and not os.environ.get("NO_COLOR"))
    return Look(colored, _width(terminal), statistics)


def _width(terminal: bool) -> int:
    """Return the columns that the environment asks for, else those of the terminal; 0 where nobody is looking."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return max(int(asked), NARROWEST)
    return max(os.get_terminal_size().columns, NARROWEST) if terminal else 0


def emit(text: str, output: Path | None) -> None:
    """Print a report, or write it to a file."""
    if output is None:
        _write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{output}: can't be written: {error.strerror}")


def _write(text: str) -> None:
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        fail(f"the report can't be written: {error.strerror}")


def fail(message: str) -> NoReturn:
    """Say why there is no audit, and end the process."""
    typer.echo(f"fragaudit: {message}", err=True)
    sys.exit(ExitCode.NO_AUDIT)
