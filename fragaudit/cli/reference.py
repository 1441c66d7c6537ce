"""The reference commands: `explain`, `rules` and `stores`."""

from __future__ import annotations

import difflib
import json
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import NoReturn

import msgspec
import typer

from fragaudit.cards import card, cards, codes
from fragaudit.catalogue import Library, load
from fragaudit.catalogue_format import KINDS
from fragaudit.cli.exit_codes import ExitCode
from fragaudit.report import store_page
from fragaudit.report.card_page import page
from fragaudit.wording import counted

NARROWEST = 40
"""Columns that a list's last column needs at least."""

NO_STORE = frozenset({"memory", "none", "dummy"})
"""What a choice of engines calls none of them."""


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
        _row(f"{c.id}  {c.name:<28} {c.severity:<8} ", c.summary)


def _row(head: str, text: str) -> None:
    """Print a row of a list; on a terminal too narrow for it, wrapped under its last column or under its first."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    if not width or len(head) + len(text) <= width:
        typer.echo(head + text)
        return
    indent = len(head) if width - len(head) >= NARROWEST else 7
    lines = textwrap.wrap(text, max(width - indent, NARROWEST), break_long_words=False, break_on_hyphens=False)
    typer.echo(head + lines.pop(0) if indent == len(head) else head.rstrip())
    for line in lines:
        typer.echo(" " * indent + line)


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
        _row(f"{library.package:<38} {library.kind + role:<20} ", engine)
    if not found:
        _none(name, kind, [lib.package for lib in libraries])
    typer.echo(counted(len(found), "client library", "client libraries"))


def _none(name: str | None, kind: str | None, packages: Sequence[str]) -> NoReturn:
    if kind is not None and kind not in KINDS:
        typer.echo(f"fragaudit: unknown kind {kind}; choose {', '.join(KINDS)}", err=True)
    else:
        near = difflib.get_close_matches(name or "", packages, n=1)
        hint = f"; did you mean {near[0]}?" if near else "; `fragaudit stores` lists all"
        of_kind = f" of kind {kind}" if kind else ""
        typer.echo(f"fragaudit: no client library{of_kind} is called {name}{hint}", err=True)
    sys.exit(ExitCode.NO_AUDIT)


def _library(library: Library, libraries: Sequence[Library], format_: str, color: str) -> None:
    if format_ == "json":
        typer.echo(json.dumps(msgspec.to_builtins(library), indent=2))
        return
    others = [o.package for o in libraries if o is not library and library.engine in _engines(o)]
    _show(store_page.page(library, others), color)


def _engine(library: Library) -> str:
    return library.engine or {"url": "by URL", "settings": "by settings", "config": "by config"}.get(library.by, "")


def _engines(library: Library) -> list[str]:
    chosen = {value.partition("/")[0] for o in library.open if o.by_param for value in o.engines.values()}
    named = {o.engine for o in library.open if o.engine} | ({library.engine} if library.engine else set())
    return sorted(named | (chosen - NO_STORE))
