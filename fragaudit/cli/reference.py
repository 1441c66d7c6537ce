"""The reference commands: `explain`, `rules` and `stores`."""

from __future__ import annotations

import difflib
import json
import sys

import typer

from fragaudit.cards import card, cards, codes
from fragaudit.catalogue import load
from fragaudit.cli.exit_codes import ExitCode
from fragaudit.report.card_page import page


def run_explain(rule: str, color: str) -> None:
    """Print a rule's page: rendered on a terminal, as Markdown otherwise."""
    known = codes()
    name = rule if rule in known else rule.upper() if rule.upper() in known else rule.lower()
    if name not in known:
        near = difflib.get_close_matches(rule, known, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else "; `fragaudit rules` lists them"
        typer.echo(f"fragaudit: there is no rule {rule}{hint}", err=True)
        sys.exit(ExitCode.NO_AUDIT)
    text = page(card(name))
    if color == "never" or not (sys.stdout.isatty() or color == "always"):
        typer.echo(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(force_terminal=True).print(Markdown(text, code_theme="ansi_dark"))


def run_rules(format_: str) -> None:
    """Print all rules, a line each."""
    if format_ == "json":
        rows = [
            {"id": c.id, "name": c.name, "severity": c.severity, "confidence": c.confidence, "status": c.status,
             "summary": c.summary} for c in cards()
        ]  # fmt: skip
        typer.echo(json.dumps(rows, indent=2))
        return
    for c in cards():
        typer.echo(f"{c.id}  {c.name:<28} {c.severity:<8} {c.summary}")


def run_stores(name: str | None, kind: str | None, format_: str) -> None:
    """Print the client libraries of the catalogue."""
    found = []
    for library in load().libraries:
        engine = library.engine or {"url": "by URL", "settings": "by settings", "config": "by config"}.get(
            library.by, ""
        )
        engines = sorted({o.engine for o in library.open if o.engine} | ({library.engine} if library.engine else set()))
        if name and name.lower() not in " ".join((library.package, *engines)).lower():
            continue
        if kind and kind not in (library.kind, *(o.kind for o in library.open)):
            continue
        found.append((library, engine or ", ".join(engines)))
    if format_ == "json":
        rows = [
            {"package": lib.package, "modules": lib.modules, "engine": engine, "kind": lib.kind, "role": lib.role,
             "checked": lib.checked, "opens": [o.name for o in lib.open]} for lib, engine in found
        ]  # fmt: skip
        typer.echo(json.dumps(rows, indent=2))
        return
    for library, engine in found:
        role = "" if library.role == "data" else f" ({library.role})"
        typer.echo(f"{library.package:<38} {library.kind + role:<20} {engine}")
    typer.echo(f"{len(found)} client libraries")
