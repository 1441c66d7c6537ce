"""A client library's page in Markdown: what of it opens which store, and the examples that prove it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fragaudit.catalogue_format import Example, Library, Open, Operation

_OPENS = {"client": "opens", "pool": "opens, as a pool", "wrapper": "uses its client's store",
          "session": "uses its client's store", "model": "its subclasses are kept in the store",
          "settings": "carries the address", "url": "carries the address", "control": "opens nothing: it only manages",
          "marker": "opens nothing: it marks a column", "lookup": "opens nothing by itself"}  # fmt: skip
_CHOOSERS = {"url": "the scheme of the URL", "settings": "the settings", "config": "the configuration",
             "class": "the class"}  # fmt: skip


def page(library: Library, others: Sequence[str] = ()) -> str:
    """Return the page of a library; `others` are packages that open the same engine."""
    engine = library.engine or f"decided by {_CHOOSERS.get(library.by, 'what is called')}"
    lines = [f"# {library.package}", "", f"Engine **{engine}**, kind **{library.kind}**, role **{library.role}**."]
    if not library.counts:
        lines += ["", "It lives in the process and is never counted as a store."]
    if library.test_double:
        lines += ["", "It stands in for a store in tests and is never counted as one."]
    facts = {"Imported as": ", ".join(f"`{m}`" for m in library.modules), "Checked with": ", ".join(library.checked),
             "Ids": library.id_type, "Namespaces": library.namespacing, "Opens the same engine": ", ".join(others),
             "Note": library.notes}  # fmt: skip
    lines += ["", *(f"- {name}: {text}" for name, text in facts.items() if text)]
    lines += _section("What opens a store", [_opening(entry) for entry in library.open])
    lines += _section("Settings", [f"`{s.name}` ({s.where}): {s.engine or s.kind}, {s.role}" for s in library.setting])
    lines += _section("Models", [f"`{model.base}`" for model in library.model])
    lines += _section("Containers", _names(library.container))
    lines += _section("Writes", _names(library.write))
    lines += _section("Reads", _names(library.read))
    lines += _section("Deletes", _names(library.delete))
    for example in library.example:
        lines += ["", *_example(example)]
    return "\n".join(lines) + "\n"


def _section(title: str, items: Sequence[str]) -> list[str]:
    return ["", f"## {title}", "", *(f"- {item}" for item in items)] if items else []


def _opening(entry: Open) -> str:
    said = [_OPENS[entry.type]]
    if entry.type in ("client", "pool") and entry.engine:
        said.append(entry.engine + (f" as {entry.role}" if entry.role else ""))
    if entry.by_param:
        said.append(f"`{entry.by_param}` decides: {', '.join(entry.engines)}")
    if entry.config:
        said.append(", ".join(f"`{choice.key}` decides the {choice.decides} store" for choice in entry.config))
    if not entry.counts:
        said.append("in memory, not counted")
    if entry.on_use:
        said.append("counted where data goes through it")
    if entry.env and entry.type != "control":
        said.append(f"else named by {', '.join(entry.env)}")
    arguments = ", ".join(identity.param for identity in entry.identity)
    return f"`{entry.name}({arguments})`: {'; '.join(said)}"


def _names(operations: Sequence[Operation]) -> list[str]:
    return list(dict.fromkeys(_operation(operation) for operation in operations))


def _operation(operation: Operation) -> str:
    what = " (by similarity)" if operation.similarity else " (over the graph)" if operation.traversal else ""
    return f"`{operation.name}`{what}"


def _example(example: Example) -> Iterator[str]:
    yield f"## Example: {example.title}"
    for path, text in example.files.items():
        yield from ("", f"`{path}`", "", "```python", *text.strip("\n").split("\n"), "```")
