"""DDL of each dialect, names, and the migrations as they are run by their tools."""

from __future__ import annotations

import importlib.util
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from msgspec.structs import replace
from planning import access, at, index, primary, table

from fragaudit.advise.alembic import revision
from fragaudit.advise.ddl import script
from fragaudit.advise.django import migrations
from fragaudit.advise.migrations import DjangoModel, alembic_heads, django_leaf, django_model, django_models
from fragaudit.advise.plan import plan
from fragaudit.advise.quoting import identifier, index_name
from fragaudit.model.accesses import Access
from fragaudit.model.plan import IndexPlan
from fragaudit.model.schema import Key, Table

PK = primary("id")
DDL: list[tuple[Access, str, str]] = [
    (access(1, "email", sort="created_at desc", limit=True), "postgresql",
     "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders_email_created_at ON orders (email, created_at DESC)"),
    (access(1, "email", "deleted_at is null"), "postgresql",
     "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders_email ON orders (email) WHERE deleted_at IS NULL"),
    (access(1, "note prefix"), "postgresql",
     "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders_note ON orders (note text_pattern_ops)"),
    (access(1, "tags match"), "postgresql",
     "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders_tags ON orders USING gin (tags)"),
    (access(1, "email", sort="total desc last", limit=True), "postgresql",
     "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders_email_total ON orders (email, total DESC NULLS LAST)"),
    (access(1, "note", "total <", dialect="mysql"), "mysql",
     "CREATE INDEX ix_orders_note_total ON orders (note(255), total)"),
    (access(1, "note match", dialect="mysql"), "mysql", "CREATE FULLTEXT INDEX ix_orders_note ON orders (note)"),
    (access(1, "note prefix", dialect="sqlite"), "sqlite",
     "CREATE INDEX IF NOT EXISTS ix_orders_note ON orders (note COLLATE NOCASE)"),
    (access(1, "email", dialect="tsql"), "mssql", "CREATE INDEX ix_orders_email ON orders (email)"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "engine", "expected"), DDL, ids=[f"{d[1]} {n}" for n, d in enumerate(DDL)])
def test_ddl(found: Access, engine: str, expected: str) -> None:
    proposal = plan([table(PK, engine=engine)], [found], []).tables[0].proposals[0]
    assert proposal.ddl == expected
    if proposal.method != "fulltext":  # which the parser does not know
        assert isinstance(sqlglot.parse_one(proposal.ddl, read=proposal.dialect), sqlglot.exp.Create)


@pytest.mark.parametrize(
    ("name", "dialect", "expected"),
    [("orders", "postgres", "orders"), ("Orders", "postgres", '"Orders"'), ("Orders", "sqlite", "Orders"),
     ("order", "mysql", "`order`"), ("a b", "tsql", "[a b]"), ("shop.order", "postgres", 'shop."order"'),
     ('x"y', "sqlite", '"x""y"'), ("groß", "postgres", '"groß"')],
)  # fmt: skip
def test_quoting(name: str, dialect: str, expected: str) -> None:
    assert identifier(name, dialect) == expected


def test_a_name_fits_and_is_told_apart() -> None:
    keys = (Key("a" * 40), Key("b" * 40))
    name = index_name("orders", keys, "", "postgres", set())
    other = index_name("orders", (*keys, Key("c")), "", "postgres", set())
    assert len(name) <= 63
    assert len(index_name("orders", keys, "", "mysql", set())) <= 64
    assert name != other
    again = index_name("orders", (Key("a"),), "", "postgres", {"ix_orders_a"})
    assert again.startswith("ix_orders_a_")
    assert again == index_name("orders", (Key("a"),), "", "postgres", {"ix_orders_a"})


def test_two_parts_of_one_key_have_two_names() -> None:
    accesses = [access(1, "email", "deleted_at is null", "active false"), access(2, "email", "active true")]
    accesses.append(access(3, "created_at", "deleted_at is null"))
    here = table(PK, index("ix_orders_created_at", "total"))
    names = [p.name for p in plan([here], accesses, []).tables[0].proposals]
    assert len(set(names)) == len(names)
    assert "ix_orders_created_at" not in names


def test_nothing_of_a_repository_ends_a_comment() -> None:
    evil = replace(access(1, "email"), at=at(1, "a\n; DROP TABLE x; --.py"))
    found = plan([table(PK)], [evil], [])
    for text in (script(found), revision(found), migrations(found, {})):
        assert not any(line.startswith("; DROP") for line in text.splitlines())


def test_a_script_drops_after_it_creates_and_hesitates_in_comments() -> None:
    here = table(PK, index("ix_email", "email"))
    found = plan([here], [access(1, "email", "total", verdict="partial", by="ix_email"), access(2, "created_at <")], [])
    lines = [line for line in script(found).splitlines() if "INDEX" in line]
    assert lines == [
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders_email_total ON orders (email, total);",
        "-- CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_orders_created_at ON orders (created_at);",
        "DROP INDEX CONCURRENTLY IF EXISTS ix_email;",
    ]


COLUMNS = {"id": "integer", "email": "text", "note": "text", "total": "integer", "deleted_at": "text"}


def sqlite_plan() -> IndexPlan:
    here = table(PK, index("ix_email", "email"), columns=COLUMNS, engine="sqlite")
    accesses = [
        access(1, "email", sort="total", limit=True, dialect="sqlite", verdict="partial", by="ix_email"),
        access(2, "note prefix", dialect="sqlite", category="equality"),
        access(3, "total", "deleted_at is null", sort="id desc", limit=True, dialect="sqlite"),
    ]
    return plan([here], accesses, [])


def _schema(path: Path) -> dict[str, str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
    connection.close()
    return {str(name): " ".join(str(sql).split()) for name, sql in rows}


CREATE = "CREATE TABLE orders (id integer PRIMARY KEY, email text, note text, total integer, deleted_at text)"


def test_the_script_runs(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "db")
    connection.executescript(f"{CREATE}; CREATE INDEX ix_email ON orders (email);")
    connection.executescript(script(sqlite_plan()))
    connection.close()
    assert sorted(_schema(tmp_path / "db")) == ["ix_orders_email_total", "ix_orders_note", "ix_orders_total_id"]


def test_the_alembic_revision_runs_both_ways(tmp_path: Path) -> None:
    pytest.importorskip("alembic", reason="Alembic is not installed")
    sqlalchemy: Any = pytest.importorskip("sqlalchemy")
    from importlib import import_module

    operations: Any = import_module("alembic.operations")
    migration: Any = import_module("alembic.migration")
    file = tmp_path / "revision.py"
    file.write_text(revision(sqlite_plan(), ["abc"]))
    spec = importlib.util.spec_from_file_location("a_revision", file)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.down_revision == "abc"
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'db'}")
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text(CREATE))
        connection.execute(sqlalchemy.text("CREATE INDEX ix_email ON orders (email)"))
        with operations.Operations.context(migration.MigrationContext.configure(connection)):
            module.upgrade()
    upgraded = _schema(tmp_path / "db")
    assert upgraded == {
        "ix_orders_email_total": "CREATE INDEX ix_orders_email_total ON orders (email, total)",
        "ix_orders_note": "CREATE INDEX ix_orders_note ON orders (note COLLATE NOCASE)",
        "ix_orders_total_id": "CREATE INDEX ix_orders_total_id ON orders (total, id DESC) WHERE deleted_at IS NULL",
    }
    with engine.begin() as connection, operations.Operations.context(migration.MigrationContext.configure(connection)):
        module.downgrade()
    engine.dispose()
    assert list(_schema(tmp_path / "db")) == ["ix_email"]


def test_alembic_builds_concurrently_outside_its_transaction() -> None:
    text = revision(plan([table(PK)], [access(1, "note prefix", "active true", category="equality")], []))
    assert "with op.get_context().autocommit_block():" in text
    assert 'postgresql_ops={"note": "text_pattern_ops"}' in text
    assert 'postgresql_where=sa.text("active")' in text
    assert text.count("postgresql_concurrently=True") == 2
    assert "import sqlalchemy as sa" in text
    assert "import sqlalchemy" not in revision(plan([table(PK)], [access(1, "email")], []))
    compile(text, "revision.py", "exec")


def test_the_django_migration_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    django: Any = pytest.importorskip("django", reason="Django is not installed")
    from importlib import import_module

    app = tmp_path / "plannedshop"
    (app / "migrations").mkdir(parents=True)
    (app / "__init__.py").touch()
    (app / "migrations" / "__init__.py").touch()
    fields = (
        "id = models.IntegerField(primary_key=True)\n    email = models.TextField()\n    note = models.TextField()\n"
    )
    fields += "    total = models.IntegerField()\n    deleted_at = models.TextField(null=True)\n"
    fields += "    class Meta:\n        db_table = 'orders'\n"
    fields += "        indexes = [models.Index(fields=['email'], name='ix_email')]\n"
    (app / "models.py").write_text(f"from django.db import models\nclass Order(models.Model):\n    {fields}")
    settings: Any = import_module("django.conf").settings
    monkeypatch.syspath_prepend(str(tmp_path))
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "db")}},
        INSTALLED_APPS=["plannedshop"], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )  # fmt: skip
    django.setup()
    call: Any = import_module("django.core.management").call_command
    call("makemigrations", "plannedshop", verbosity=0)
    call("migrate", verbosity=0)
    texts = {"plannedshop/models.py": (app / "models.py").read_text()}
    texts |= {f"plannedshop/migrations/{p.name}": p.read_text() for p in (app / "migrations").glob("0*.py")}
    model = django_model("plannedshop/models.py", 2, texts)
    assert model == DjangoModel("plannedshop", "Order", "0001_initial")
    found = sqlite_plan()
    text = migrations(found, {"orders": model})
    assert text.startswith("# plannedshop/migrations/0002_fragaudit_indexes.py\n")
    (app / "migrations" / "0002_fragaudit_indexes.py").write_text(text)
    sys.modules.pop("plannedshop.migrations", None)
    call("migrate", verbosity=0)
    assert _schema(tmp_path / "db") == {
        "ix_email": 'CREATE INDEX "ix_email" ON "orders" ("email")',
        "ix_orders_email_total": 'CREATE INDEX "ix_orders_email_total" ON "orders" ("email", "total")',
        "ix_orders_note": "CREATE INDEX ix_orders_note ON orders (note COLLATE NOCASE)",
        "ix_orders_total_id": 'CREATE INDEX "ix_orders_total_id" ON "orders" ("total", "id" DESC)'
                              ' WHERE "deleted_at" IS NULL',
    }  # fmt: skip
    call("migrate", "plannedshop", "0001", verbosity=0)
    import_module("django.db").connections.close_all()
    assert list(_schema(tmp_path / "db")) == ["ix_email"]


def test_django_on_postgres_is_concurrent_and_not_atomic() -> None:
    text = migrations(
        plan([table(PK)], [access(1, "email"), access(2, "tags match", category="equality")], []),
        {"orders": DjangoModel("shop", "Order", "0007_last")},
    )
    assert "    atomic = False" in text
    assert "AddIndexConcurrently(" in text
    assert "index=GinIndex(fields=['tags'], name='ix_orders_tags')" in text
    assert "dependencies = [('shop', '0007_last')]" in text
    compile(text, "migration.py", "exec")


def test_django_removes_what_a_migration_made_and_leaves_what_a_field_makes() -> None:
    made = replace(index("ix_email", "email"), by=("model", "migration"))
    in_sql = replace(index("ix_note", "note"), by=("migration",))
    by_field = replace(index("orders_total_0a1b2c3d", "total"), by=("model",))
    longer = [replace(index(f"{c}_longer", c, "note"), by=("model", "migration")) for c in ("email", "total")]
    longer.append(replace(index("note_longer", "note", "email"), by=("model", "migration")))
    found = plan([table(PK, made, in_sql, by_field, *longer)], [access(1, "id", verdict="covered")], [])
    text = migrations(found, {"orders": DjangoModel("shop", "Order", "0007_last")})
    assert "RemoveIndexConcurrently(model_name='order', name='ix_email')" in text
    assert "migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS ix_note'" in text
    assert "name='orders_total_0a1b2c3d'" not in text
    assert "# orders_total_0a1b2c3d is superfluous: its keys are the first of total_longer." in text
    compile(text, "migration.py", "exec")


def test_django_knows_fields_by_their_own_names() -> None:
    texts = {
        "shop/models.py": "from django.db import models\n\nclass Order(models.Model):\n"
        "    mail = models.CharField(\n        max_length=9, db_column='email'\n    )\n"
        "    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)\n\n"
        "class Other(models.Model):\n    status = models.CharField(db_column='note')\n",
        "shop/models/migrations/0001_initial.py": "",
    }
    here = replace(table(PK), defined_at=(at(3, "shop/models.py"),))
    model = django_models([here], texts)["orders"]
    assert model.fields == {"email": "mail", "tenant_id": "tenant"}
    wanted = [
        access(1, "email", "tenant_id", "deleted_at is null"),
        access(2, "tenant_id", sort="email desc", limit=True),
    ]
    text = migrations(plan([here], wanted, []), {"orders": model})
    assert "fields=['tenant', '-mail']" in text
    compile(text, "migration.py", "exec")


def test_an_app_may_be_called_models() -> None:
    texts = {"big/app/models/core.py": "from django.db import models\nclass Order(models.Model):\n    pass\n",
             "big/app/models/migrations/0007_last.py": "class Migration:\n    dependencies = []\n"}  # fmt: skip
    assert django_model("big/app/models/core.py", 2, texts) == DjangoModel("models", "Order", "0007_last")


def test_a_table_without_a_model_gets_sql() -> None:
    text = migrations(plan([table(PK)], [access(1, "email")], []), {})
    assert "migrations.RunSQL(" in text
    compile(text, "migration.py", "exec")


def test_the_heads_of_alembic() -> None:
    head = 'revision = "{}"\ndown_revision = {}\n'
    texts = {
        "versions/a.py": head.format("a1", "None"),
        "versions/b.py": 'revision: str = "b2"\ndown_revision: str | None = "a1"\n',
        "versions/c.py": head.format("c3", '"a1"'),
        "versions/d.py": head.format("d4", '("b2", "c3")'),
        "app.py": "x = 1",
    }  # fmt: skip
    assert alembic_heads(texts) == ("d4",)
    assert alembic_heads({k: v for k, v in texts.items() if "d.py" not in k}) == ("b2", "c3")
    assert alembic_heads({}) == ()


def test_the_last_migration_of_an_app() -> None:
    text = "class Migration(migrations.Migration):\n    dependencies = [{}]\n"
    texts = {
        "shop/migrations/__init__.py": "", "shop/migrations/0001_initial.py": text.format(""),
        "shop/migrations/0002_b.py": text.format('("shop", "0001_initial"), ("auth", "0012_x")'),
        "other/migrations/0009_z.py": text.format(""),
    }  # fmt: skip
    assert django_leaf("shop", "shop/migrations", texts) == "0002_b"
    texts["shop/migrations/0002_c.py"] = text.format('("shop", "0001_initial")')
    assert django_leaf("shop", "shop/migrations", texts) == ""


def test_the_label_of_an_app_is_its_configuration_s() -> None:
    texts = {"src/shop/models/order.py": "from django.db.models import Model\nclass Order(Model):\n",
             "src/shop/apps.py": "class C(AppConfig):\n    name = 'shop'\n    label = 'store'\n"}  # fmt: skip
    assert django_model("src/shop/models/order.py", 2, texts) == DjangoModel("store", "Order", "")
    assert django_model("src/shop/models/order.py", 1, texts) is None


def test_a_plan_of_nothing_says_so() -> None:
    empty: tuple[Table, ...] = ()
    nothing = plan(empty, [], [])
    assert "Nothing to create" in script(nothing)
    assert "Nothing to create" in migrations(nothing, {})
    compile(revision(nothing), "revision.py", "exec")
