"""Reads and writes the store ledger, `fragaudit-stores.toml`. What people wrote into it beside the entries stays."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import msgspec
import tomli
from msgspec import Meta, Struct

from fragaudit.config import Config, ConfigError, broken, line_of, shown_path, unknown
from fragaudit.model.ledger import QUESTIONS, Given, Ledger, LedgerAnswer, LedgerEntry
from fragaudit.model.locations import Location

if TYPE_CHECKING:
    from tomlkit import TOMLDocument
    from tomlkit.items import Table

FILE = "fragaudit-stores.toml"
SCHEMA = 1
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*store[ \t]*\]\]", re.MULTILINE)
_INTRODUCTION = (
    "The stores of this repository, and what was answered when each was created: yes, no, n/a, or open.",
    "`fragaudit record` adds and removes entries; answers are yours to edit. `fragaudit check` holds them to the code.",
)


class LedgerError(ConfigError):
    """The ledger can't be used; the message names file and line."""


class _Answer(Struct, frozen=True, forbid_unknown_fields=True):
    answer: Given
    why: str = ""


class _Entry(Struct, frozen=True, forbid_unknown_fields=True):
    service: str
    kind: str
    engine: str
    identity: str
    owner: str = ""
    date: datetime.date | None = None
    answers: dict[str, _Answer] = {}


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    schema: Literal[1] = 1
    paths: tuple[str, ...] = ()
    store: Annotated[tuple[_Entry, ...], Meta(max_length=10_000)] = ()


def ledger_path(config: Config, base: Path) -> Path:
    """Return where the ledger is or would be: as configured, in the working directory, or beside the configuration."""
    if config.ledger is not None:
        return Path(config.root or base, config.ledger)
    here = base / FILE
    beside = Path(config.root or base, FILE)
    return beside if beside.is_file() and not here.is_file() else here


def load(path: Path, audited: Sequence[Path], base: Path) -> tuple[Ledger, str] | None:
    """Return the ledger of a file, and its text; None if there is no such file.

    Args:
        path: the file.
        audited: the files and folders of the audit; they decide whether the ledger's entries can be called stale.
        base: the working directory, to which the ledger's own place is relative.

    Raises:
        LedgerError: the file can't be read, is no TOML, or has an entry that isn't valid.
    """
    shown = shown_path(str(path), str(base))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerError(f"{shown}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise LedgerError(f"{shown}:{line}: is not UTF-8, which TOML demands") from None
    folder = path.parent
    roots = [os.path.realpath(base / asked) for asked in audited]

    def covered(part: str) -> bool:
        wanted = os.path.realpath(folder / part)
        return any(wanted == root or wanted.startswith(root.rstrip(os.sep) + os.sep) for root in roots)

    file = _checked(text, shown)
    return _ledger(file, text, shown, all(covered(part) for part in file.paths or (".",))), text


def parse(text: str, shown: str) -> Ledger:
    """Return the ledger that a text is. Raises LedgerError, naming `shown` and a line, if it isn't valid."""
    return _ledger(_checked(text, shown), text, shown, whole=True)


def _checked(text: str, shown: str) -> _File:
    try:
        data = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        message, line, column = broken(error)
        raise LedgerError(f"{shown}:{line}:{column}: is not valid TOML: {message}") from None
    except (ValueError, RecursionError) as error:
        raise LedgerError(f"{shown}: is not valid TOML: {error}") from None
    _known(data, _File, (), text, shown)
    stores = data.get("store")
    for number, entry in enumerate(stores if isinstance(stores, list) else ()):
        if isinstance(entry, dict):
            _known(entry, _Entry, ("store", number), text, shown)
            answers = entry.get("answers")
            for key in answers if isinstance(answers, dict) else ():
                if key not in _NUMBERS:
                    where = f"{shown}:{line_of(text, ('store', number, 'answers', key))}"
                    raise LedgerError(str(unknown(key, _NUMBERS, where, "question")))
    try:
        return msgspec.convert(data, _File)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        keys = tuple(int(n) if n else k for k, n in re.findall(r"\.([\w-]+)|\[(\d+)\]", place.replace("[...]", "")))
        line = line_of(text, keys) if keys else 1
        raise LedgerError(f"{shown}:{line}: {_plain(what, keys)}") from None


def _plain(what: str, keys: Sequence[str | int]) -> str:
    """Return what is wrong with a value in words of the ledger."""
    last = keys[-1] if keys else ""
    wrong = what.removeprefix("Invalid enum value ")
    if wrong != what and last == "answer":
        return f"the answer is {wrong}, and must be one of {', '.join(get_args(Given))}"
    if wrong != what and last == "schema":
        return f"the schema is {wrong}, and this version of fragaudit reads {SCHEMA}"
    return f"{last}: {what}" if isinstance(last, str) and last and what.startswith("Expected") else (
        what.replace("Object ", "")
    )  # fmt: skip


_NUMBERS = tuple(str(number) for number in QUESTIONS)


def _known(table: Mapping[str, object], form: type[Struct], keys: tuple[str | int, ...], text: str, shown: str) -> None:
    for key in table:
        if key not in form.__struct_encode_fields__:
            where = f"{shown}:{line_of(text, (*keys, key))}"
            raise LedgerError(str(unknown(key, form.__struct_encode_fields__, where, "key")))


def _ledger(file: _File, text: str, shown: str, whole: bool) -> Ledger:
    headers = [text.count("\n", 0, match.end()) + 1 for match in _HEADER.finditer(text)]
    if len(headers) != len(file.store):  # written as an array of inline tables
        headers = [line_of(text, ("store", number, "service")) for number in range(len(file.store))]
    lines = text.split("\n")
    entries = [
        LedgerEntry(
            entry.service,
            entry.kind,
            entry.engine,
            entry.identity,
            Location(shown, line, 1, line, len(lines[line - 1].partition("#")[0].rstrip()) + 1),
            entry.owner,
            str(entry.date or ""),
            tuple(LedgerAnswer(int(n), a.answer, a.why) for n, a in sorted(entry.answers.items())),
        )
        for entry, line in zip(file.store, headers, strict=True)
    ]
    return Ledger(shown, tuple(entries), whole)


def written(
    text: str | None,
    kept: Mapping[int, LedgerEntry],
    added: Sequence[LedgerEntry],
    paths: Sequence[str],
    questions: Mapping[int, str],
) -> str:
    """Return the text of a ledger with entries changed, added and left out, and everything else as it was.

    Args:
        text: the ledger as it is; None if there is none.
        kept: by its number in the text, each entry that stays, with its present content; others are removed.
        added: further entries, in order.
        paths: what was audited, relative to the ledger's folder.
        questions: the text of each question, written beside its answer.
    """
    import tomlkit  # only where something is written

    document = tomlkit.parse(text) if text is not None else _empty()
    if list(document.get("paths", ())) != list(paths):
        document["paths"] = list(paths)
    if "store" not in document:
        document["store"] = tomlkit.aot()
    stores: Any = document["store"]
    for number in reversed(range(len(stores))):
        if number in kept:
            _fill(stores[number], kept[number], questions)
        else:
            del stores[number]
    for entry in added:
        table = tomlkit.table()
        _fill(table, entry, questions)
        stores.append(table)
    if not len(stores):
        del document["store"]
    text = tomlkit.dumps(document)
    return re.sub(r"\n{3,}", "\n\n", text).rstrip("\n") + "\n"


def _empty() -> TOMLDocument:
    import tomlkit

    document = tomlkit.document()
    for line in _INTRODUCTION:
        document.add(tomlkit.comment(line))
    document["schema"] = SCHEMA
    document["paths"] = []
    document.add(tomlkit.nl())
    return document


def _fill(table: Table, entry: LedgerEntry, questions: Mapping[int, str]) -> None:
    """Write an entry into its table; keys and comments that are there keep their places."""
    import tomlkit

    values: dict[str, object] = {
        "service": entry.service,
        "kind": entry.kind,
        "engine": entry.engine,
        "identity": entry.identity,
        "owner": entry.owner,
        "date": datetime.date.fromisoformat(entry.date) if entry.date else "",
    }
    for key, value in values.items():
        if table.get(key) != value:
            table[key] = value
    answers = table.get("answers")
    if answers is None:
        answers = table["answers"] = tomlkit.table()
        answers = table["answers"]
    for answer in entry.answers:
        key = str(answer.question)
        given = {"answer": answer.answer, "why": answer.why}
        if key in answers and dict(answers[key]) == given:
            continue
        inline = tomlkit.inline_table()
        inline.update(given)
        if key not in answers and answer.question in questions:
            answers.add(tomlkit.comment(questions[answer.question]))
        answers[key] = inline
