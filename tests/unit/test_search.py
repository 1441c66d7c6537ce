"""Searches across services: what counts as an offer, what its result is, and whom a coordinator asks."""

from __future__ import annotations

import pytest

from fragaudit.config import Config, SearchConfig, ServiceConfig
from fragaudit.model.search import Coordinator, SearchOffer
from fragaudit.model.stores import Service
from fragaudit.pipeline import audit_sources

STORE = 'import os\nfrom sqlalchemy import create_engine\nengine = create_engine(os.environ["DATABASE_URL"])\n'


def services(files: dict[str, str], *names: str, search: SearchConfig | None = None) -> dict[str, Service]:
    configured = tuple(ServiceConfig(name, (name,)) for name in names)
    report = audit_sources(files, Config(services=configured, search=search or SearchConfig()))
    assert report.problems == ()
    return {service.name: service for service in report.services}


def offers(text: str, search: SearchConfig | None = None) -> tuple[SearchOffer, ...]:
    return services({"a/app.py": text}, "a", search=search)["a"].searches


@pytest.mark.parametrize(
    ("text", "line", "how"),
    [
        ("async def search_unified(query): ...", 1, "function"),
        ("def searchUnified(query): ...", 1, "function"),
        ("class S:\n    def search_unified(self, query): return []", 2, "method"),
        # gRPC: the servicer's method has the name of the RPC.
        ("class S(pb2_grpc.NotesServicer):\n    def SearchUnified(self, request, context): ...", 2, "route"),
        # GraphQL: strawberry by the function's name, graphene by its resolver's.
        ("@strawberry.type\nclass Query:\n    @strawberry.field\n    def search_unified(self, q): ...", 4, "route"),
        ('class Query:\n    @strawberry.field(name="searchUnified")\n    def f(self, q): ...', 3, "route"),
        # Ariadne names the field where it registers the resolver.
        ('query = QueryType()\n@query.field("searchUnified")\ndef find(_, info, q): ...', 3, "route"),
        (
            "class Query(graphene.ObjectType):\n    search_unified = graphene.List(graphene.String)\n"
            "    def resolve_search_unified(root, info, q): ...",
            3,
            "route",
        ),
        ("class Query(graphene.ObjectType):\n    def resolve_search_unified(root, info, q): ...", 2, "method"),
        ('@app.get("/search/unified")\ndef find(q): ...', 2, "route"),
        ('@app.get("/api/v1/search-unified/")\ndef find(q): ...', 2, "route"),
        ('@bp.route("/tenants/<tenant>/search_unified", methods=["GET"])\ndef find(tenant): ...', 2, "route"),
        ('bp = Blueprint("s", __name__, url_prefix="/search")\n@bp.route("/unified")\ndef find(): ...', 3, "route"),
        ('def find(request): ...\nurlpatterns = [path("search/unified/", find)]', 1, "route"),
        ('async def find(request): ...\nroutes = [Route("/search_unified", endpoint=find)]', 1, "route"),
        ('async def find(request): ...\napp.router.add_get("/search/unified", find)', 1, "route"),
    ],
)  # fmt: skip
def test_an_offer(text: str, line: int, how: str) -> None:
    found = offers(text + "\n")
    assert [(o.at.line, o.how) for o in found] == [(line, how)]


@pytest.mark.parametrize(
    "text",
    [
        "def search(query): ...",
        "def unified_search(query): ...",
        "def research_unified_theory(query): ...",
        "class P(Protocol):\n    def search_unified(self, query): ...",
        "class B(ABC):\n    @abstractmethod\n    def search_unified(self, query): ...",
        # A client of another service's search.
        'class C:\n    def search_unified(self, q): return httpx.get(f"{URL}/search/unified", params={"q": q}).json()',
        "class C:\n    async def search_unified(self, q): return await self.stub.SearchUnified(Request(q=q))",
        '@app.get("/search/unified/help")\ndef search_help(): ...',
        '# search_unified is planned\nURL = "/search"\n',
    ],
)
def test_no_offer(text: str) -> None:
    assert offers(text + "\n") == ()


def test_other_names_are_configured() -> None:
    search = SearchConfig(names=("federatedFind",))
    assert [o.name for o in offers("def federated_find(q): ...\ndef search_unified(q): ...\n", search)] == [
        "federated_find"
    ]


FIELDS = "    id: str\n    type: str\n    confidence: float\n"


@pytest.mark.parametrize(
    "text",
    [
        f"@dataclass\nclass R:\n{FIELDS}def search_unified(q) -> list[R]: ...",
        f"class R(BaseModel):\n{FIELDS}def search_unified(q) -> 'Sequence[R] | None': ...",
        f"class R(TypedDict):\n{FIELDS}async def search_unified(q) -> AsyncIterator[R]: ...",
        f"class R(msgspec.Struct):\n{FIELDS}def search_unified(q) -> Optional[List[R]]: ...",
        f"class R(NamedTuple):\n{FIELDS}def search_unified(q) -> tuple[R, ...]: ...",
        f"@attr.s(auto_attribs=True)\nclass R:\n{FIELDS}def search_unified(q) -> Awaitable[list[R]]: ...",
        "@attr.s\nclass R:\n    id = attr.ib(type=str)\n    type = attr.ib(type=str)\n    confidence = attr.ib()\n"
        "def search_unified(q) -> list[R]: ...",
        'R = TypedDict("R", {"id": str, "type": str, "confidence": float})\ndef search_unified(q) -> list[R]: ...',
        'R = create_model("R", id=(str, ...), type=(str, ...), confidence=(float, 0))\ndef search_unified(q) -> R: ...',
        "class R:\n    def __init__(self, id: str, type: str, confidence: float):\n        self.id = id\n"
        "def search_unified(q) -> list[R]: ...",
        f"class Base(BaseModel):\n    id: str\nclass R(Base):\n{FIELDS[12:]}def search_unified(q) -> list[R]: ...",
        f"class R(BaseModel):\n{FIELDS}class Rs(RootModel[list[R]]): ...\ndef search_unified(q) -> Rs: ...",
        f"class R(BaseModel):\n{FIELDS}class Page(BaseModel):\n    total: int\n    items: list[R]\n"
        "def search_unified(q) -> Page: ...",
        f"class R(BaseModel):\n{FIELDS}Rs = list[R]\ndef search_unified(q) -> Rs: ...",
        f"@dataclass\nclass R:\n{FIELDS}def search_unified(q): return [R(id=r, type='a', confidence=1) for r in q]",
        f"@dataclass\nclass R:\n{FIELDS}def search_unified(q):\n    found: list[R] = []\n    return found",
        f"@dataclass\nclass R:\n{FIELDS}def row(r) -> R: ...\ndef search_unified(q): return [row(r) for r in q]",
        f"class R(BaseModel):\n{FIELDS}def search_unified(q):\n"
        "    return {'results': [R(id='', type='', confidence=0).model_dump() for r in q]}",
        "def search_unified(q):\n"
        "    return JsonResponse({'results': [{'id': '', 'type': 'a', 'confidence': 1} for r in q]})",
        "def search_unified(q): return jsonify([{'id': r.id, 'type': 'a', 'confidence': 0.5} for r in q])",
        "def search_unified(q):\n    if not q:\n        return []\n"
        "    return [dict_of(r) for r in q]\ndef dict_of(r): return {'id': 'a', 'type': 'a', 'confidence': 0.5}",
    ],
)  # fmt: skip
def test_the_fields_of_a_result(text: str) -> None:
    (offer,) = offers(text + "\n")
    assert offer.fields is not None
    assert sorted(f.name for f in offer.fields) == ["confidence", "id", "type"]


@pytest.mark.parametrize(
    "text",
    [
        "def search_unified(q): ...",
        "def search_unified(q) -> list[dict]: ...",
        "def search_unified(q) -> Any: ...",
        "from elsewhere import R\ndef search_unified(q) -> list[R]: ...",
        "from elsewhere import Base\nclass R(Base):\n    id: str\ndef search_unified(q) -> list[R]: ...",
        "class A(BaseModel):\n    id: str\nclass B(BaseModel):\n    id: str\ndef search_unified(q) -> list[A | B]: ...",
        "def search_unified(q): return [{**row, 'source': 'notes'} for row in rows(q)]",
        "def search_unified(q): return search_unified(q)",
        "R = list['R']\ndef search_unified(q) -> R: ...",
    ],
)
def test_a_result_that_cannot_be_followed(text: str) -> None:
    (offer,) = offers(text + "\n")
    assert offer.fields is None


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("str", "str"), ("str | None", "str"), ("Optional[UUID]", "str"), ("Literal['a']", "str"), ("int", "int"),
        ("float", "float"), ("Annotated[float, Field(ge=0)]", "float"), ("dict[str, Any]", "mapping"),
        ("list[str]", "list"),
        ("Colour", "str"), ("Inner", "mapping"), ("str | int", "unknown"), ("Any", "unknown"), ("Missing", "unknown"),
        ("NewName", "float"),
    ],
)  # fmt: skip
def test_what_a_type_comes_down_to(annotation: str, kind: str) -> None:
    text = (
        "class Colour(StrEnum):\n    RED = 'red'\n@dataclass\nclass Inner:\n    a: int\nNewName = float\n"
        f"@dataclass\nclass R:\n    x: {annotation}\ndef search_unified(q) -> R: ...\n"
    )
    text = "from enum import StrEnum\nfrom typing import *\n" + text
    (offer,) = offers(text)
    assert offer.fields is not None
    assert [(f.name, f.kind) for f in offer.fields] == [("x", kind)]


def coordinators(text: str, *, search: SearchConfig | None = None) -> tuple[Coordinator, ...]:
    offer = STORE + "def search_unified(q): return []\n"
    files = {"notes/app.py": offer, "facts/app.py": offer, "gate/app.py": text + "\n"}
    return services(files, "notes", "facts", "gate", search=search)["gate"].coordinators


@pytest.mark.parametrize(
    ("text", "reaches", "open_"),
    [
        ("def ask(q): return [*notes.search_unified(q), *fact_service.search_unified(q)]", ("facts", "notes"), False),
        ("def ask(q):\n    for s in [notes_client, facts_client]:\n        yield s.search_unified(q)",
         ("facts", "notes"), False),
        ("async def ask(self, q): return await gather(*(s.search_unified(q) for s in self.services))", (), True),
        ('def ask(q): return get(f"{NOTES_URL}/search/unified") + get("http://facts:80/search/unified")',
         ("facts", "notes"), False),
        ('ALL = ["http://notes/", "http://facts/"]\ndef ask(q): return [get(u + "search_unified") for u in ALL]',
         ("facts", "notes"), False),
        ("class NotesClient: ...\nclass FactsClient: ...\nclass C:\n    def __init__(self):\n"
         "        self.a = NotesClient()\n        self.b = FactsClient()\n"
         "    def ask(self, q): return self.a.search_unified(q) + self.b.search_unified(q)", ("facts", "notes"), False),
    ],
)  # fmt: skip
def test_a_coordinator(text: str, reaches: tuple[str, ...], open_: bool) -> None:
    (found,) = coordinators(text)
    assert (found.reaches, found.open, found.unknown) == (reaches, open_, 0)


@pytest.mark.parametrize(
    "text",
    [
        "def ask(q): return notes.search_unified(q)",
        "def ask(q): return notes.search_unified(q) or notes.search_unified(q.lower())",
        "def ask(q): return notes.search(q) + facts.search(q)",
    ],
)
def test_no_coordinator(text: str) -> None:
    assert coordinators(text) == ()


def test_a_target_that_is_no_service_here_is_counted() -> None:
    (found,) = coordinators("def ask(q): return notes.search_unified(q) + weather.search_unified(q)")
    assert (found.reaches, found.unknown) == (("notes",), 1)


def test_a_coordinator_by_name() -> None:
    search = SearchConfig(coordinators=("gate.app.Front",))
    (found,) = coordinators("class Front:\n    def ask(self, q): return notes.search_unified(q)", search=search)
    assert (found.name, found.reaches) == ("Front.ask", ("notes",))


@pytest.mark.parametrize("names", [(), ("",), ("((",), ("acme.search_unified",)])
def test_any_names_can_be_configured(names: tuple[str, ...]) -> None:
    found = offers("def search_unified(q): ...\n", SearchConfig(names=names))
    assert len(found) == (1 if "acme.search_unified" in names else 0)


PROTO = """
syntax = "proto3";
package notes.v1;
// rpc SearchUnified (Old) returns (Old);
message Query { string text = 1; }
message Hit {
  string id = 1;
  string type = 2; /* of the thing */
  string content = 3;
  oneof sureness { double confidence = 4; }
  string source = 5;
  map<string, string> metadata = 6 [deprecated = true];
}
message Hits { repeated Hit hits = 1; int32 total = 2; }
service Notes {
  option (google.api.default_host) = "notes";
  rpc Get (Query) returns (Hit);
  rpc SearchUnified (Query) returns (stream .notes.v1.Hits) { option (x) = { get: "/v1" }; }
}
"""


@pytest.mark.parametrize("lacking", ["", "confidence", "metadata"])
def test_the_message_of_a_servicer(lacking: str) -> None:
    proto = "\n".join(line for line in PROTO.splitlines() if not lacking or f"{lacking} =" not in line)
    servicer = "class S(pb2_grpc.NotesServicer):\n    def SearchUnified(self, request, context): yield pb2.Hits()\n"
    files = {"a/app.py": STORE + servicer, "protos/notes.proto": proto, "b/app.py": STORE}
    (offer,) = services(files, "a", "b")["a"].searches
    assert (offer.how, offer.result) == ("route", "Hit")
    assert offer.result_at is not None
    assert offer.result_at.path == "protos/notes.proto"
    names = ["id", "type", "content", "confidence", "source", "metadata"]
    assert offer.fields is not None
    assert [f.name for f in offer.fields] == [name for name in names if name != lacking]
    kinds = {f.name: f.kind for f in offer.fields}
    assert kinds.get("confidence", "float") == "float"
    assert kinds.get("metadata", "mapping") == "mapping"


@pytest.mark.parametrize(
    "text", ["message {", "}}}} ; ; rpc", "service S { rpc A", 'message M { string s = "', "{" * 9000]
)
def test_broken_interfaces_say_nothing(text: str) -> None:
    assert services({"a/app.py": STORE, "a.proto": text}, "a")["a"].searches == ()
