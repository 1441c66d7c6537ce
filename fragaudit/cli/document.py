"""Writes the section on indexes into a Markdown file, all of it or nothing."""

from __future__ import annotations

from pathlib import Path

import typer

from fragaudit.cli.check import fail
from fragaudit.cli.writing import replaced
from fragaudit.report.index_section import MarkersError, spliced

_ENDS = (".md", ".markdown")


def refresh(path: Path, section: str) -> None:
    """Replace a file's section between the markers; a file that is as it should be isn't touched."""
    if path.suffix.lower() not in _ENDS:
        fail(f"--document writes Markdown: {path} must end in .md")
    try:
        before = path.read_bytes() if path.exists() else None
    except OSError as error:
        fail(f"{path}: can't be read: {error.strerror}")
    try:
        # Bytes that are no UTF-8 pass through as they are.
        text = spliced((before or b"").decode("utf-8", "surrogateescape"), section)
    except MarkersError as error:
        fail(f"{path}: {error}")
    after = text.encode("utf-8", "surrogateescape")
    if after == before:
        typer.echo(f"{path}: is up to date", err=True)
        return
    try:
        replaced(path, after)
    except OSError as error:
        fail(f"{path}: can't be written: {error.strerror}")
    typer.echo(f"{path}: {'written' if before is None else 'refreshed'}", err=True)
