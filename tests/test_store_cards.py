"""Every example of every store file, and a generated one for every entry that opens a store."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
from msgspec import structs
from store_examples import addresses, calls, marked, stores, unmarked

from fragaudit.catalogue import Catalogue, Library, Open, load
from fragaudit.catalogue_format import Example
from fragaudit.pipeline import audit_sources
from fragaudit.report.store_page import page

CATALOGUE: Catalogue = load()
CASES = [
    pytest.param(library, example, id=f"{library.package}-{number}")
    for library in CATALOGUE.libraries
    for number, example in enumerate(library.example, 1)
]


@pytest.mark.parametrize(("library", "example"), CASES)
def test_an_example_opens_exactly_what_it_marks(library: Library, example: Example) -> None:
    report = audit_sources({path: unmarked(text) for path, text in example.files.items()})
    said = marked(example)
    assert report.problems == ()
    assert stores(report) == said.stores
    found = addresses(report)
    assert {line: found[line] for line in said.addresses} == said.addresses
    if said.calls:
        assert calls(report) == said.calls


@pytest.mark.parametrize("library", CATALOGUE.libraries, ids=lambda library: library.package)
def test_a_library_has_an_example(library: Library) -> None:
    assert library.example
    assert len({example.title for example in library.example}) == len(library.example)


def test_a_name_means_one_thing() -> None:
    owners: dict[str, list[Open]] = {}
    for library in CATALOGUE.libraries:
        for entry in {entry.name: entry for entry in library.open}.values():
            for name in {entry.name, *entry.aliases}:
                owners.setdefault(name, []).append(structs.replace(entry, name="", aliases=()))
    assert [name for name, entries in owners.items() if any(entry != entries[0] for entry in entries)] == []


# -- every entry ---------------------------------------------------------------------------------------------------

URLS = {"relational": "postgresql://db.example:1234/app", "kv": "redis://db.example:1234/3",
        "queue": "amqp://db.example:1234/app", "object": "s3://db.example/app"}  # fmt: skip
BY_URL = {"relational": "postgresql", "kv": "redis", "queue": "rabbitmq", "object": "s3"}
VALUES = {"host": "db.example", "port": 1234, "database": "app", "path": "data/app.db", "name": "app",
          "server": "db.example:1234", "container": "things"}  # fmt: skip
LEADS = ("url", "path", "host", "server", "name", "database")


def _generated() -> Iterator[object]:
    for raw in (entry for library in CATALOGUE.libraries for entry in library.open):
        entry = CATALOGUE.open(raw.name)
        if entry is None or entry.type not in ("client", "pool") or not entry.counts or entry.name != raw.name:
            continue
        if entry.on_use or entry.parts or entry.config:
            continue  # opens nothing until it is used, or several stores at once: the examples show it
        leads = _leads(entry)
        for lead in leads:
            for positional in (False, True):
                if positional and not any(i.at == 0 and i.means == lead for i in entry.identity):
                    continue
                name = f"{entry.name}-{lead}{'-positional' if positional else ''}"
                yield pytest.param(entry, lead, positional, id=name)


def _leads(entry: Open) -> list[str]:
    """Return what an address can begin with: nothing that a default of something weightier would hide."""
    found: list[str] = []
    for lead in LEADS:
        of_lead = [i for i in entry.identity if i.means == lead and i.param != entry.by_param]
        if of_lead and not (lead == "database" and found):
            found.append(lead)
        if any(i.default is not None for i in of_lead):
            break
    return found or [""]


def _written(entry: Open, lead: str, positional: bool) -> str:
    arguments: list[str] = []
    given: set[str] = set()
    for identity in sorted(entry.identity, key=lambda i: (i.at is None, i.at or 0)):
        means = identity.means
        if identity.param == entry.by_param:
            value: object = next(iter(entry.engines))
        elif means == "url" and lead == "url":
            value = URLS.get(entry.kind, "https://db.example:1234/app") if entry.by == "url" else _url(entry)
        elif means in VALUES and (means not in LEADS or means == lead or (means == "database" and lead == "host")):
            value = VALUES[means]
        else:
            continue
        if means in given and means != "container":
            continue
        given.add(means)
        param, _, key = identity.param.partition("[")
        value = {key.strip("]'"): value} if key else value
        keyword = not (positional and identity.at == 0 and not arguments)
        arguments.append(f"{param}={value!r}" if keyword else repr(value))
    return f"import {entry.name.partition('.')[0]}\n\nopened = {entry.name}({', '.join(arguments)})\n"


def _url(entry: Open) -> str:
    engine = CATALOGUE.engine(entry.engine)
    scheme = engine.schemes[0] if engine is not None and engine.schemes else "https"
    return f"{scheme}://db.example:1234/app"


@pytest.mark.parametrize(("entry", "lead", "positional"), list(_generated()))
def test_an_entry_opens_one_store(entry: Open, lead: str, positional: bool) -> None:
    text = _written(entry, lead, positional)
    report = audit_sources({"app/main.py": text})
    engine, kind = entry.engine, entry.kind
    if entry.by == "url" and not entry.engine:
        engine = BY_URL.get(entry.kind, entry.engine) if lead == "url" else "sql"
    if entry.by_param:
        engine, _, rest = next(iter(entry.engines.values())).partition("/")
        kind = rest.partition("/")[0] or kind
    opened = [s for service in report.services for s in service.stores]
    assert [(s.engine, s.kind) for s in opened] == [(engine, kind)], text
    if lead:
        assert any(part in opened[0].identity for part in ("db.example", "app")), opened[0].identity


# -- the command ---------------------------------------------------------------------------------------------------


def _stores(*arguments: str) -> str:
    command = [sys.executable, "-m", "fragaudit", "stores", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_package_has_a_page_with_its_examples() -> None:
    text = _stores("Pinecone")
    assert text.startswith("# pinecone\n\nEngine **pinecone**, kind **vector**, role **data**.\n")
    assert "- `pinecone.Pinecone.Index(name, host)`: opens\n" in text
    assert "- Opens the same engine: farm-haystack" not in text
    assert "## Example: An index of a project\n" in text
    assert 'index = pc.Index("docs")  # store: pinecone vector at docs\n' in text


@pytest.mark.parametrize("library", CATALOGUE.libraries, ids=lambda library: library.package)
def test_every_library_has_a_page(library: Library) -> None:
    text = page(library)
    assert all(f"`{entry.name}(" in text for entry in library.open)
    assert all(f"## Example: {example.title}\n" in text for example in library.example)


def test_part_of_a_name_gives_a_list() -> None:
    lines = _stores("mongo").splitlines()
    assert lines[-1] == f"{len(lines) - 1} client libraries"
    assert {"pymongo", "motor", "mongoengine", "beanie"} <= {line.split()[0] for line in lines[:-1]}


def test_the_details_of_a_package_are_json_too() -> None:
    found = json.loads(_stores("redis", "--format", "json"))
    assert found["package"] == "redis"
    assert found["example"][0]["files"]


def test_engines_that_a_string_chooses_are_listed() -> None:
    (line,) = [line for line in _stores("dynamo").splitlines() if line.startswith("aioboto3 ")]
    assert {"dynamodb,", "s3,", "sqs,"} <= {*line.split()}


def test_a_library_that_is_not_known_is_an_error_with_the_nearest_name() -> None:
    command = [sys.executable, "-m", "fragaudit", "stores", "rediss"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "fragaudit: no client library is called rediss; did you mean redis?\n"
