"""An option whose value may be left out."""

from __future__ import annotations

from typer import Context
from typer.core import TyperCommand

SQLITE = "sqlite"
"""What `--prove` means without a URL."""


class IndexesCommand(TyperCommand):
    """A command whose `--prove` takes a database's URL or nothing, whatever comes after it."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Give `--prove` the value it is meant to have: only what looks like a URL is one."""
        given: list[str] = []
        for number, word in enumerate(args):
            following = args[number + 1] if number + 1 < len(args) else ""
            given.append(f"--prove={SQLITE}" if word == "--prove" and "://" not in following else word)
        return super().parse_args(ctx, given)
