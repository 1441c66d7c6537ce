"""The reference commands: `explain`, `rules` and `stores`."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Sequence

import msgspec
import typer

from fragaudit.cards import card, cards, codes
from fragaudit.catalogue import Library, load
from fragaudit.cli.exit_codes import ExitCode
from fragaudit.report import store_page
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
    _show(page(card(name)), color)


def _show(text: str, color: str) -> None:
    """Print a page: rendered on a terminal, as Markdown otherwise."""
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


def run_stores(name: str | None, kind: str | None, format_: str, color: str) -> None:
    """Print one client library in full, by the name of its package, or those of the catalogue that fit, a line each."""
    libraries = load().libraries
    exact = [lib for lib in libraries if name is not None and lib.package.lower() == name.lower()]
    if exact:
        _library(exact[0], libraries, format_, color)
        return
    found = []
    for library in libraries:
        engines = _engines(library)
        if name and name.lower() not in " ".join((library.package, *engines)).lower():
            continue
        if kind and kind not in (library.kind, *(o.kind for o in library.open)):
            continue
        found.append((library, _engine(library) or ", ".join(engines)))
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


def _library(library: Library, libraries: Sequence[Library], format_: str, color: str) -> None:
    if format_ == "json":
        typer.echo(json.dumps(msgspec.to_builtins(library), indent=2))
        return
    others = [o.package for o in libraries if o is not library and library.engine in _engines(o)]
    _show(store_page.page(library, others), color)


def _engine(library: Library) -> str:
    return library.engine or {"url": "by URL", "settings": "by settings", "config": "by config"}.get(library.by, "")


def _engines(library: Library) -> list[str]:
    return sorted({o.engine for o in library.open if o.engine} | ({library.engine} if library.engine else set()))
