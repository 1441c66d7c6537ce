"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

PathsArgument = Annotated[Optional[list[Path]], typer.Argument(help="Files and folders to audit.", show_default=".")]
OutputOption = Annotated[Optional[Path], typer.Option("--output", "-o", help="Write the report to a file.")]
SelectOption = Annotated[
    Optional[list[str]], typer.Option("--select", help="Run only these rules (name, code or family).")
]
IgnoreOption = Annotated[Optional[list[str]], typer.Option("--ignore", help="Leave these rules out.")]
ConfigOption = Annotated[Optional[Path], typer.Option("--config", help="Use this configuration file.")]
JobsOption = Annotated[Optional[int], typer.Option("--jobs", "-j", min=1, help="How many processes to use.")]
NoCacheOption = Annotated[bool, typer.Option("--no-cache", help="Neither read nor write the cache.")]
ColorOption = Annotated[str, typer.Option("--color", help="auto, always or never.")]
