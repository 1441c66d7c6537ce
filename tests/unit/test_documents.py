"""What is read of documents and comments, and how it is compared with the schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from fragaudit.config import Config, ConfigError, DocumentationConfig, load
from fragaudit.discover import discover
from fragaudit.extract.comments import says_of_index, says_of_table
from fragaudit.extract.documents import sections
from fragaudit.model.documents import BEGIN, END, Documentation
from fragaudit.pipeline import audit, audit_sources

HEADINGS = Config().documentation.headings
SCHEMA = """\
CREATE TABLE orders (id BIGINT PRIMARY KEY, customer_id BIGINT NOT NULL, state TEXT);
CREATE INDEX idx_orders_customer ON orders (customer_id);
"""
QUERY = "-- name: of_customer\nSELECT id FROM orders WHERE customer_id = $1;\n"


def told(files: dict[str, str], config: Config | None = None) -> Documentation:
    (service,) = audit_sources(files, config).services
    return service.documentation


def untrue(document: str, schema: str = SCHEMA, path: str = "docs/storage.md") -> list[tuple[int, str]]:
    found = told({"schema.sql": schema, "queries.sql": QUERY, path: document}).untrue
    return [(u.at.line, u.index) for u in found]


def test_a_section_ends_where_the_next_of_its_level_begins() -> None:
    text = "# Storage\n\n`users`\n\n## Indexes\n\n`orders`\n\n### More\n\n`parts`\n\n## Backups\n\n`logs`\n"
    (section,) = sections("README.md", text.encode(), HEADINGS)
    assert (section.heading, section.at.line) == ("Indexes", 5)
    assert section.words == ("indexes", "more", "orders", "parts")


def test_headings_are_underlined_too_and_code_is_none() -> None:
    text = "Indexing\n--------\n\n`a`\n\n```\n# Indexes\nb\n```\n\nOther\n-----\n\n`c`\n"
    (section,) = sections("README.md", text.encode(), HEADINGS)
    assert (section.at.line, section.words) == (1, ("a", "b", "indexes", "indexing"))


def test_restructured_text() -> None:
    text = (
        "Storage\n=======\n\nIndexing strategy\n-----------------\n\n``idx_a`` serves ``orders``.\n\nEnd\n---\n\nb_c\n"
    )
    (section,) = sections("docs/storage.rst", text.encode(), HEADINGS)
    assert (section.at.line, section.words) == (4, ("idx_a", "indexing", "orders", "strategy"))
    assert [(c.at.line, c.name) for c in section.claims] == [(7, "idx_a")]


@pytest.mark.parametrize("path", ["CHANGELOG.md", "docs/history.md", "RELEASES.rst"])
def test_a_log_of_changes_documents_nothing(path: str) -> None:
    assert sections(path, b"# Indexes\n\n`idx_a`\n", HEADINGS) == ()


def test_what_is_no_text_documents_nothing() -> None:
    assert sections("a.md", b"# Indexes\n\n\xff\xfe `idx_a`\n", HEADINGS) == ()


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("`idx_orders_state` serves the queue of `orders`.", ["idx_orders_state"]),
        ("- `idx_orders_customer` and `idx_gone` serve `orders`", ["idx_gone"]),
        ("`idx_orders_customer (customer_id, state)` serves both.", ["idx_orders_customer"]),
        ("`idx_orders_customer` (`state`) serves the queue.", ["idx_orders_customer"]),
        ("`idx_orders_customer (nosuch)` serves the queue.", ["idx_orders_customer"]),
        ("`idx_orders_customer` on `orders` (`customer_id DESC`)", []),
        ("`idx_orders_customer (unique)` serves `orders`.", []),
        ("`idx_orders_customer` (the first one) serves `orders`.", []),
        ("We dropped `idx_orders_state` of `orders`.", []),
        ("`idx_orders_state` is no longer part of `orders`.", []),
        ("`idx_orders_state` should serve `orders`.", []),
        ("idx_orders_state serves `orders`.", []),
        ("`orders_state` serves `orders`.", []),
        ("```sql\nCREATE INDEX idx_orders_state ON orders (state);\n```", []),
        ("`idx_of_something_else` serves `things`.", []),
    ],
)
def test_what_a_document_claims(line: str, wrong: list[str]) -> None:
    assert [name for _, name in untrue(f"# Indexes\n\n{line}\n")] == wrong


@pytest.mark.parametrize(
    ("path", "text", "wrong"),
    [
        ("docs/fragaudit-indexes.md", "# Indexes\n\n`idx_orders_state` serves `orders`.\n", [3]),
        ("docs/audit-2024.md", "# Indexes\n\n`idx_orders_state` serves `orders`.\n", []),
        # What a command wrote is of today, wherever it stands.
        (
            "docs/audit-2024.md",
            f"{BEGIN}\n## Indexes\n\n### `orders`\n\n- `by_state` (`state`), index: x\n{END}\n",
            [6],
        ),
    ],
)
def test_what_a_document_is_called_tells_whether_it_is_of_today(path: str, text: str, wrong: list[int]) -> None:
    assert [line for line, _ in untrue(text, path=path)] == wrong


def test_a_list_belongs_to_the_sentence_before_it() -> None:
    text = "# Indexes\n\nOf `orders` we removed:\n\n- `idx_a`\n- `idx_b`\n\nIn use on `orders`:\n\n- `idx_c`\n"
    assert untrue(text) == [(10, "idx_c")]


def test_where_the_schema_is_not_fully_known_nothing_is_surely_absent() -> None:
    text = "# Indexes\n\n`idx_orders_state` serves `orders`.\n"
    assert untrue(text) == [(3, "idx_orders_state")]
    assert untrue(text, SCHEMA + "ALTER TABLE elsewhere ADD COLUMN a TEXT;\n") == []


def test_plans_and_decisions_claim_nothing() -> None:
    text = "# Indexes\n\n`idx_orders_state` serves `orders`.\n"
    assert untrue(text, path="docs/adr/0007-indexes.md") == []


@pytest.mark.parametrize(
    ("files", "by"),
    [
        ({"README.md": "# Indexing\n\n`orders` by customer\n"}, "section"),
        ({"README.md": "# Indexing\n\nidx_orders_customer: by customer\n"}, "section"),
        ({"README.md": "# Indexing\n\nin the usual orders\n"}, None),
        ({"README.md": "# Orders\n\n`orders`\n"}, None),
        # A paragraph that says what it is of, in the description of the table.
        ({"README.md": "# Tables\n\n## 4.2 `orders`\n\n**Purpose**: x\n\n**Indexes**: by customer\n"}, "section"),
        ({"README.md": "# Tables\n\n- Indexes: `idx_orders_customer` (lists)\n- Columns: many\n"}, "section"),
        ({"README.md": "# Tables\n\n- **Indexes**: `idx_` prefix\n- Tables: `orders`\n"}, None),
        ({"README.md": "# Tables\n\nWhat an index: is\n"}, None),
        ({"schema.sql": SCHEMA + "COMMENT ON INDEX idx_orders_customer IS 'by customer';\n"}, "comment"),
        ({"schema.sql": SCHEMA + "COMMENT ON TABLE orders IS 'indexed by customer';\n"}, "comment"),
        ({"schema.sql": SCHEMA + "COMMENT ON TABLE orders IS 'what was ordered';\n"}, None),
        ({"schema.sql": SCHEMA + "COMMENT ON COLUMN orders.customer_id IS 'indexed for the list';\n"}, "comment"),
        ({"schema.sql": SCHEMA + "COMMENT ON COLUMN orders.customer_id IS 'who ordered';\n"}, None),
        ({"schema.sql": SCHEMA.replace("CREATE INDEX", "-- the orders of one customer\nCREATE INDEX")}, "comment"),
        ({"schema.sql": SCHEMA.replace("CREATE INDEX", "-- TODO look at this again\nCREATE INDEX")}, None),
        ({"schema.sql": SCHEMA.replace("CREATE INDEX", "-- Name: idx_orders_customer; \nCREATE INDEX")}, None),
        ({"schema.sql": "-- The index serves the list of a customer.\n" + SCHEMA}, "comment"),
    ],
)  # fmt: skip
def test_what_documents_a_table(files: dict[str, str], by: str | None) -> None:
    found = told({"schema.sql": SCHEMA, "queries.sql": QUERY, **files})
    assert [(d.table, d.by) for d in found.documented] == ([("orders", by)] if by else [])
    assert [u.table for u in found.undocumented] == ([] if by else ["orders"])


def test_what_counts_is_configured() -> None:
    files = {
        "schema.sql": SCHEMA.replace("CREATE INDEX", "-- the orders of one customer\nCREATE INDEX"),
        "queries.sql": QUERY,
        "README.md": "# Lookups\n\n`orders` by customer\n",
    }
    silent = Config(documentation=DocumentationConfig(comments=False))
    assert [u.table for u in told(files, silent).undocumented] == ["orders"]
    named = Config(documentation=DocumentationConfig(headings=("lookups",), comments=False))
    assert [d.by for d in told(files, named).documented] == ["section"]


def test_a_key_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fragaudit.toml").write_text("[documentation]\nheading = ['x']\n")
    with pytest.raises(ConfigError, match="unknown key of documentation `heading`; did you mean `headings`"):
        load(tmp_path)


def test_documents_are_found_in_folders_that_are_not_audited_and_above_the_path(tmp_path: Path) -> None:
    names = ("README.md", "docs/deep/a.md", "src/b.rst", "src/docs/c.md", "src/tests/d.md", "src/gone.md", "e/f.md")
    for name in (*names, "src/app.py", "src/docs/conf.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "src/.gitignore").write_text("gone.md\n")
    found = discover([tmp_path / "src"], tmp_path, Config())
    assert [d.path for d in found.documents] == ["README.md", "docs/deep/a.md", "src/b.rst", "src/docs/c.md"]
    assert [f.path for f in found.files] == ["src/app.py"]
    assert found.excluded == (("documentation", 1),)
    only = Config(root=str(tmp_path), documentation=DocumentationConfig(files=("src/*.rst",)))
    assert [d.path for d in discover([tmp_path / "src"], tmp_path, only).documents] == ["src/b.rst"]


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("    customer = models.IntegerField(db_comment='indexed for the list of orders')", True),
        ('    customer = mapped_column(comment="the index serves the list")', True),
        ("    class Meta:\n        db_table_comment = 'one index for each list'", True),
        ("    customer = models.IntegerField(db_comment='who ordered')", False),
        ("\nclass Other:\n    customer = models.IntegerField(db_comment='indexed')", False),
    ],
)
def test_comments_that_a_model_gives_the_database(option: str, says: bool) -> None:
    assert says_of_table(f"class Order(Model):\n{option}\n".splitlines(), 1) is says


def test_a_paragraph_on_indexes_is_held_against_the_schema() -> None:
    text = "## `orders`\n\n**Indexes**: `idx_orders_customer` (lists), `idx_orders_state` (the board)\n"
    assert untrue(text) == [(3, "idx_orders_state")]
    assert untrue(text.replace("**Indexes**", "**Planned indexes**")) == []


def test_comments_beside_definitions() -> None:
    assert says_of_index(["    Index('a', 'b'),  # serves the sign-in page"], 1)
    assert says_of_index(["# serves the sign-in page", "op.create_index('a', 't', ['b'])"], 2)
    assert not says_of_index(["a = Column(Text, index=True)  # owner user id"], 1)
    assert says_of_index(["a = Column(Text, index=True)  # indexed for the sign-in"], 1)
    assert not says_of_index(["# ### commands auto generated by Alembic ###", "op.create_index('a', 't', ['b'])"], 2)
    assert says_of_table(["class A(Base):", '    """A thing.', "", "    The index on b serves the list.", '    """'], 1)
    assert not says_of_table(["class A(Base):", '    """A thing."""', "    index = 1"], 1)
    assert not says_of_index([], 1)


def test_a_document_that_changes_is_read_again_though_no_code_did(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text(SCHEMA)
    (tmp_path / "queries.sql").write_text(QUERY)
    seen = []
    for text in ("# Orders\n", "# Indexes\n\n`orders`\n"):
        (tmp_path / "README.md").write_text(text)
        (service,) = audit([tmp_path], tmp_path, Config(), jobs=1, cache_dir=tmp_path / ".cache").report.services
        seen.append([u.table for u in service.documentation.undocumented])
    assert seen == [["orders"], []]


USED = """\
CREATE TABLE orders (
    id BIGINT PRIMARY KEY, tenant_id BIGINT NOT NULL, customer_id BIGINT NOT NULL, state TEXT, due_date DATE, kind TEXT,
    placed TIMESTAMPTZ
);
CREATE INDEX idx_orders_customer ON orders (customer_id, placed);
CREATE INDEX orders_tenant ON orders (tenant_id, kind);
CREATE INDEX idx_orders_open ON orders (tenant_id) WHERE state = 'open';
"""
ASKING = """\
import asyncpg


class Orders:
    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def of_customer(self, customer):
        return await self.pool.fetch("SELECT id FROM orders WHERE customer_id = $1", customer)

    async def in_state(self, state):
        return await self.pool.fetch("SELECT id FROM orders WHERE state = $1", state)

    async def of_kind(self, kind):
        return await self.pool.fetch("SELECT id FROM orders WHERE kind = $1", kind)

    async def everything(self, customer, state):
        await self.pool.fetch("SELECT id FROM orders WHERE state = $1", state)
        return await self.of_customer(customer)

    async def some(self, customer):
        return await self.of_customer(customer)
"""


def unserved(document: str, code: str = ASKING) -> list[tuple[int, str, str]]:
    files = {"schema.sql": USED, "app/orders.py": code, "docs/storage.md": document}
    return [(u.at.line, u.index, u.serves) for u in told(files).untrue]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("`idx_orders_customer` serves lookups by `customer_id`.", ""),
        ("`idx_orders_customer` serves lookups by `customer_id` and `state`.", ""),
        ("`idx_orders_customer` serves lookups by `state`.", "rows by state"),
        ("`idx_orders_customer` serves lookups of open orders by `state` and `kind`.", "rows by state and kind"),
        ("Lookups by `state` are served by `idx_orders_customer`.", "rows by state"),
        ("`idx_orders_customer` finds orders by `nosuch`.", ""),
        ("`idx_orders_customer` does not serve lookups by `state`.", ""),
        ("`idx_orders_customer` sorts by `placed`.", ""),
        ("Lookups by `state` use neither `idx_orders_customer` nor `orders_tenant`.", ""),
        ("`idx_orders_customer`, `orders_tenant`: lookups by `state`", ""),
        ("`idx_orders_customer` for filtering by due date", "rows by due_date"),
        ("`idx_orders_customer` for filtering by status", ""),
        ("`idx_orders_customer` for filtering by date", ""),
        ("`idx_orders_open` for filtering by `state`", ""),
        # A key that isn't the first serves beside conditions on those before it, if it is ever asked so.
        ("`orders_tenant` serves lookups by `kind`", "rows by kind"),
        ("`orders_tenant` serves `WHERE tenant_id = $1 AND kind = $2`", ""),
        ("`orders_tenant` serves `SELECT id FROM orders WHERE state = $1`", "rows by state"),
        ("`orders_tenant` serves `WHERE state = $1 OR kind = $2`", ""),
        ("`idx_orders_customer` is used by `of_customer`", ""),
        ("`idx_orders_customer` is used by `Orders.of_customer()` and `Orders.in_state()`", "`Orders.in_state()`"),
        ("`idx_orders_customer` is used by `orders.in_state`", ""),
        ("`idx_orders_customer` is used by `everything`", ""),
        ("`idx_orders_customer` is used by `some`", ""),
        ("`idx_orders_customer` is used by `nobody_knows`", ""),
        ("`idx_orders_customer` serves `app/orders.py:9`", ""),
        ("`idx_orders_customer` serves `orders.py:12`", "`orders.py:12`"),
        ("`idx_orders_customer` serves `orders.py:21`", ""),
        ("`idx_orders_customer` serves `orders.py`", ""),
        ("`idx_orders_customer` serves `elsewhere.py:12`", ""),
        ("`idx_orders_customer` is used for the `orders`", ""),
    ],
)  # fmt: skip
def test_what_an_index_is_said_to_serve(line: str, wrong: str) -> None:
    assert [serves for _, _, serves in unserved(f"# Indexes\n\n{line}\n")] == ([wrong] if wrong else [])


def test_what_a_table_of_indexes_says() -> None:
    text = """\
# Orders

## Indexes of `orders`

| Index | Columns | Purpose |
|---|---|---|
| idx_orders_customer | (customer_id, placed DESC) | the orders of a customer |
| idx_orders_customer | (customer_id, state) | the orders of a customer |
| `idx_orders_open` (new) | `tenant_id` | Filter by due date |
| `(tenant_id, kind)` | | Sort by `placed` |
|`orders_tenant`|`tenant_id, kind`|used by `Orders.of_kind`|

| Setting | Columns | Purpose |
|---|---|---|
| idx_nothing | (a) | Filter by due date |
"""
    assert unserved(text) == [
        (8, "idx_orders_customer", ""),
        (9, "idx_orders_open", "rows by due_date"),
        (10, "orders_tenant", "rows by placed"),
        (11, "orders_tenant", "`Orders.of_kind`"),
    ]


def test_an_index_in_the_heading_is_what_the_paragraph_is_of() -> None:
    text = "# Indexes\n\n### `orders_tenant`\n\nServes lookups by `state`.\n\n### Other\n\nLookups by `state`.\n"
    assert unserved(text) == [(5, "orders_tenant", "rows by state")]


def test_a_statement_that_more_conditions_may_be_added_to_shows_nothing() -> None:
    code = ASKING.replace('WHERE kind = $1", kind', 'WHERE kind = $1 AND " + self.more(kind)')
    assert unserved("# Indexes\n\n`orders_tenant` is used by `of_kind`\n", code) == []


@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        ("-- serves lookups by state\nCREATE INDEX of_customer ON orders (customer_id);", [(2, "rows by state")]),
        ("CREATE INDEX of_customer ON orders (customer_id); -- lookups by customer_id", []),
        ("-- TODO lookups by state should be here\nCREATE INDEX of_customer ON orders (customer_id);", []),
        ("-- used by `in_state`\nCREATE INDEX of_customer ON orders (customer_id);", [(2, "`in_state`")]),
        (
            "CREATE INDEX k ON orders (customer_id);\nCOMMENT ON INDEX k IS 'filters by kind and due date';",
            [(1, "rows by kind and due_date")],
        ),
    ],
)
def test_comments_on_indexes_are_held_against_what_is_asked(schema: str, wrong: list[tuple[int, str]]) -> None:
    files = {"schema.sql": USED, "more.sql": schema, "app/orders.py": ASKING}
    assert [(u.at.line, u.serves) for u in told(files).untrue] == wrong
    silent = Config(documentation=DocumentationConfig(comments=False))
    assert told(files, silent).untrue == ()
