"""What can be configured."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

DEFAULT_MAX_FILE_SIZE = 6_000_000
"""Bytes. Hand-written source is far smaller; what is larger is generated or data."""

SEVERITIES = ("error", "warning", "note", "off")


class ServiceConfig(Struct, frozen=True):
    """A service the user names: its folders, and other names it uses as a namespace."""

    name: str
    paths: tuple[str, ...]
    aliases: tuple[str, ...] = ()


class RuleConfig(Struct, frozen=True):
    """What the user sets for one rule: its severity (or `off`) and its card's parameters."""

    severity: Literal["error", "warning", "note", "off"] | None = None
    params: dict[str, Any] = {}


class SearchConfig(Struct, frozen=True):
    """What services call their standard search, and the functions or classes that ask several of them."""

    names: tuple[str, ...] = ("search_unified",)
    coordinators: tuple[str, ...] = ()


class DocumentationConfig(Struct, frozen=True):
    """What counts as documentation of indexes.

    Sections whose headings have one of the words or phrases of `headings`, in documents that match `files` (patterns as
    in .gitignore, of Markdown and reStructuredText); and, if `comments`, comments in SQL and code beside definitions.
    """

    files: tuple[str, ...] = ("*.md", "*.markdown", "*.rst")
    # The singular alone is the heading of a table of contents as often as not.
    headings: tuple[str, ...] = (
        "indexes", "indices", "indexing", "index strategy", "index design", "index plan", "database index",
    )  # fmt: skip
    comments: bool = True


class VectorIds(Struct, frozen=True):
    """What a good vector id is: its separator, and the templates of which it follows one.

    A template names `service`, `type` and `id` in order, with any other names between them. `aliases` are words that
    stand for the service besides its name; where there are several services, each has its own.
    """

    separator: str = ":"
    templates: tuple[str, ...] = ("service:type:id",)
    aliases: tuple[str, ...] = ()


class Config(Struct, frozen=True):
    """Everything that can be configured. `source` is the file it came from, `root` that file's folder."""

    root: str | None = None
    source: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    fail_on: Literal["error", "warning", "note", "never"] = "warning"
    rules: dict[str, RuleConfig] = {}
    services: tuple[ServiceConfig, ...] = ()
    foundation: tuple[str, ...] = ()
    dialect: str | None = None
    max_file_size: int = DEFAULT_MAX_FILE_SIZE
    stores: tuple[dict[str, Any], ...] = ()
    ledger: str | None = None
    search: SearchConfig = SearchConfig()
    vector_ids: VectorIds = VectorIds()
    documentation: DocumentationConfig = DocumentationConfig()
