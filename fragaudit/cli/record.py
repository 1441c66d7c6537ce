"""Runs `record`: brings the ledger up to date, asking a person for what the code can't answer."""

from __future__ import annotations

import datetime
import os
import shutil
import sys
import textwrap
from pathlib import Path

import msgspec
import typer

from fragaudit import ledger as ledgers
from fragaudit.cards import Question, questions
from fragaudit.checks.recorded import evidence, match
from fragaudit.checks.words import place_of, shown
from fragaudit.cli.check import audited, configured, fail
from fragaudit.cli.writing import replaced
from fragaudit.model.ledger import OPEN, Ledger, LedgerAnswer, LedgerEntry
from fragaudit.model.stores import Service, Store
from fragaudit.wording import counted

_ANSWERS = {"y": "yes", "yes": "yes", "n": "no", "no": "no", "n/a": "n/a", "na": "n/a", "-": "n/a", "": OPEN}


def run_record(
    paths: list[Path] | None, output: Path | None, owner: str, no_input: bool, config: Path | None, jobs: int | None,
    no_cache: bool,
) -> None:  # fmt: skip
    """Write the ledger and exit; what changed is said on stderr."""
    base = Path.cwd()
    settings = configured(paths, config)
    path = (base / output) if output is not None else ledgers.ledger_path(settings, base)
    report = audited(paths, msgspec.structs.replace(settings, ledger=str(path)), jobs, no_cache)
    chosen = paths or [Path()]
    try:
        existing = ledgers.load(path, chosen, base)
    except ledgers.LedgerError as error:
        fail(str(error))
    ledger, text = existing if existing is not None else (Ledger(str(path)), None)
    checklists = {c.service: c for c in report.checklists}
    person = _Person(ask=not no_input and sys.stdin.isatty() and sys.stderr.isatty(), owner=owner)
    found = match(report.services, ledger)
    # An audit of a part keeps what it has not looked at.
    kept = {n: entry for n, entry in enumerate(ledger.entries) if n not in found.stale}
    for pair in found.known:
        before = kept[pair.entry]
        entry = _entry(pair.service, pair.store, evidence(pair.service, pair.store, checklists.get(pair.service.name)))
        kept[pair.entry] = person.completed(pair.store, _with_given(entry, before), before)
    for pair in found.changed:
        before = msgspec.structs.replace(kept[pair.entry], answers=())
        entry = _entry(pair.service, pair.store, evidence(pair.service, pair.store, checklists.get(pair.service.name)))
        kept[pair.entry] = person.completed(pair.store, _with_given(entry, before), None)
        _say(f"changed: {_named(kept[pair.entry])}, before {ledger.entries[pair.entry].identity}")
    added = []
    for service, store in found.new:
        entry = _entry(service, store, evidence(service, store, checklists.get(service.name)))
        added.append(person.completed(store, entry, None))
        _say(f"added: {_named(entry)}")
    for number in found.stale:
        _say(f"removed: {_named(ledger.entries[number])}")
    covered = [os.path.relpath(base / p, path.parent).replace(os.sep, "/") for p in chosen]
    texts = {q.number: f"{q.text} Usually: {q.usually}" for q in questions()}
    result = ledgers.written(text, kept, added, sorted(covered) if ledger.whole else _paths(text), texts)
    _write(path, text, result)
    entries = [*kept.values(), *added]
    undone = sum(bool(e.open) or not e.owner for e in entries)
    name = ledgers.FILE if output is None else output
    still = f"{undone or 'none'} with open answers" if entries else "nothing to record"
    _say(f"{name}: {counted(len(entries), 'store')}, {still}")


def _paths(text: str | None) -> list[str]:
    import tomli

    return list(tomli.loads(text).get("paths", ["."])) if text is not None else ["."]


def _write(path: Path, before: str | None, text: str) -> None:
    if text == before:
        return
    try:
        replaced(path, text.encode("utf-8"))
    except OSError as error:
        fail(f"{path}: can't be written: {error.strerror}")


def _entry(service: Service, store: Store, answers: tuple[LedgerAnswer, ...]) -> LedgerEntry:
    return LedgerEntry(service.name, store.kind, store.engine, store.identity, place_of(store), answers=answers)


def _with_given(entry: LedgerEntry, before: LedgerEntry) -> LedgerEntry:
    """Return an entry with the answers that were given before, of the code only where none was."""
    given = {a.question: a for a in before.answers if a.answer != OPEN}
    answers = tuple(given.get(a.question, a) for a in entry.answers)
    return msgspec.structs.replace(entry, answers=answers, owner=before.owner)


def _named(entry: LedgerEntry) -> str:
    return f"{entry.engine} at {entry.identity} of {entry.service}"


def _say(text: str) -> None:
    typer.echo(text, err=True)


def _wrapped(text: str, first: str, further: str) -> None:
    width = min(100, shutil.get_terminal_size().columns)
    _say(textwrap.fill(text, width, initial_indent=first, subsequent_indent=further, break_long_words=False,
                       break_on_hyphens=False))  # fmt: skip


class _Person:
    """Who is asked, if anybody is there; whoever ends the input has no more answers to give."""

    def __init__(self, *, ask: bool, owner: str) -> None:
        self._ask = ask
        self._owner = owner

    def completed(self, store: Store, entry: LedgerEntry, before: LedgerEntry | None) -> LedgerEntry:
        """Return an entry with what the person adds; its date is today's if that, or anything, changed."""
        owner = entry.owner or self._owner
        if self._ask and (entry.open or not owner):
            self._introduce(store, entry)
        usual = {q.number: q for q in questions()}
        answers = tuple(self._answer(usual[a.question], a) if a.answer == OPEN else a for a in entry.answers)
        owner = owner or self._line("  Who owns it?")
        entry = msgspec.structs.replace(entry, answers=answers, owner=owner)
        unchanged = before is not None and (entry.answers, entry.owner) == (before.answers, before.owner)
        date = before.date if before is not None and unchanged and before.date else datetime.date.today().isoformat()
        return msgspec.structs.replace(entry, date=date)

    def _introduce(self, store: Store, entry: LedgerEntry) -> None:
        """Say what is asked about, and what needs no answer as the code gives it."""
        _say("")
        _wrapped(f"{entry.service}: {shown(store)}, opened at {place_of(store)}", "", "  ")
        for given in entry.answers:
            if given.answer != OPEN:
                _wrapped(f"{given.question}. {given.answer}: {given.why}", "  ", "     ")

    def _answer(self, question: Question, answer: LedgerAnswer) -> LedgerAnswer:
        if not self._ask:
            return answer
        _wrapped(f"{question.number}. {question.text} Usually: {question.usually}.", "  ", "     ")
        while (given := _ANSWERS.get(self._line("     yes, no, n/a, or Enter for later:").lower())) is None:
            pass
        if given == OPEN:
            return answer
        return LedgerAnswer(question.number, given, self._line("     Why?"))  # type: ignore[arg-type]

    def _line(self, prompt: str) -> str:
        """Return what the person writes, empty if nobody does."""
        if not self._ask:
            return ""
        typer.echo(f"{prompt} ", nl=False, err=True)
        text = sys.stdin.readline()
        if not text:
            self._ask = False
            _say("")
        return " ".join(text.split())
