"""Vectors as they are written and searched: where, under which id, and what was decided about it."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from msgspec import Struct

from fragaudit.model.locations import Location

IdVerdict: TypeAlias = Literal["namespaced", "native-namespace", "not-namespaced", "unknown"]

Pairing: TypeAlias = Literal["row first", "vector first", "no row", "row ignored", "same row", "unknown"]
"""Whether the row behind a vector is written before it. `row ignored`: it may have failed and nobody looked."""

Origin: TypeAlias = Literal["leads back", "missing", "unknown"]
"""Whether what is stored with a vector says which row it belongs to."""


_VECTOR = re.compile(r"^(?:\w+_)?(?:embeddings?|vec|vecs|vectors?)(?:_\w+)?$", re.IGNORECASE)
_CAMEL = re.compile(r"^[a-z]+(?:[A-Z][a-z]+)*(?:Vector|Embedding)s?$")
_ABOUT = re.compile(
    r"_(?:id|ids|model|name|type|dim|dims|dimension|dimensions|status|provider|version|at|size|count|key|hash|table|flags?|config|batch)$"
    r"|^(?:ts|tsv)_?vector|search_vector|tsvector|^vector_(?:store|db|index)|_tsv",
    re.IGNORECASE,
)


def is_vector_name(name: str) -> bool:
    """Say whether a column or key is called as a vector is: `embedding`, `content_vector`; not `embedding_model`."""
    return (_VECTOR.match(name) is not None or _CAMEL.match(name) is not None) and _ABOUT.search(name) is None


class Rewrite(Struct, frozen=True, order=True):
    """How the ids of one write can be made to follow the template.

    `parameter`, `position` and `steps` lead to the id inside the call, as the catalogue's paths do (`[]` for each
    element); `metadata` likewise to a dictionary beside it, by the last step. `prefix` is put before the id; `uuid`:
    the engine takes no text, so a `uuid5` is made of it. `bare`: the id is the row's own, which metadata should keep.
    """

    parameter: str
    position: int | None
    steps: tuple[str, ...]
    prefix: str
    uuid: bool = False
    bare: bool = False
    metadata: str = ""


class VectorWrite(Struct, frozen=True, order=True):
    """One place where vectors are written.

    `id` is the source of the id's expression and `shape` what it comes to, holes in braces. `made_at` is where it was
    decided. `namespace` is its literal `service:type` (or native namespace) if there is one, `service` the word that
    stands for the service in it. `near` says that only part of the template is missing. `forwards`: the ids are the
    callers' and are judged there. `updates`: what is stored already is changed, under the ids it has. `row`: the write
    of the primary row that decided `pairing`.
    """

    at: Location
    engine: str
    store: str
    container: str
    id: str
    verdict: IdVerdict
    why: str
    shape: str = ""
    made_at: Location | None = None
    namespace: str = ""
    service: str = ""
    foreign: str = ""
    near: bool = False
    forwards: bool = False
    dynamic: bool = False
    pairing: Pairing = "unknown"
    row: Location | None = None
    origin: Origin = "unknown"
    collides: tuple[Location, ...] = ()
    rewrite: Rewrite | None = None
    updates: bool = False

    @property
    def store_id(self) -> str:
        """The store's id; of one whose opening wasn't found, what such a store would be called."""
        return self.store or f"vector:{self.engine or 'unknown'}"


class VectorSearch(Struct, frozen=True, order=True):
    """One place where vectors are searched or deleted; `scoped`: by a namespace, tenant, partition, filter or ids.

    `shared` says why what it reaches is shared, empty if nothing says so.
    """

    at: Location
    engine: str
    store: str
    container: str
    scoped: bool
    verb: Literal["search", "delete"] = "search"
    shared: str = ""

    @property
    def store_id(self) -> str:
        """The store's id; of one whose opening wasn't found, what such a store would be called."""
        return self.store or f"vector:{self.engine or 'unknown'}"
