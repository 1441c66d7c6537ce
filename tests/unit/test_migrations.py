"""Migrations in Python: what the schema is after them, however they are written, and what is said to be unknown."""

from __future__ import annotations

from fragaudit.catalogue import load
from fragaudit.extract import extract
from fragaudit.extract.sql import read
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.migrations import Step, histories, migrated
from fragaudit.link.orm import Mapping
from fragaudit.link.program import Program
from fragaudit.link.schema import fold
from fragaudit.model.schema import Table
from fragaudit.model.statements import Read, Written

CATALOGUE = load()
HEAD = "import sqlalchemy as sa\nfrom alembic import op\n"


def migrations(files: dict[str, str]) -> tuple[dict[str, Table], list[str]]:
    """Return the tables by name, and the reasons for what was not understood."""
    facts = [extract(path, "python", text.encode(), CATALOGUE) for path, text in files.items()]
    assert not [problem for file in facts for problem in file.problems]
    mapping = Mapping(Evaluator(Program(facts, CATALOGUE.roots), CATALOGUE))
    found = histories(mapping)
    schema = fold(migrated(found, mapping.places.all, _said))
    return {table.name: table for table in schema.tables}, [gap.why for history in found for gap in history.gaps]


def _said(step: Step) -> list[tuple[Written, Read]]:
    return [(Written(step.sql, step.path, step.at, ()), one) for one in read(step.sql, "postgres", script=True)]


def names(table: Table) -> list[str]:
    return sorted(f"{index.name}({', '.join(str(key) for key in index.keys)})" for index in table.indexes)


def test_order_is_that_of_down_revision_whatever_the_files_are_called() -> None:
    tables, gaps = migrations(
        {
            "versions/z_first.py": f"{HEAD}revision = 'aa'\ndown_revision = None\n\ndef upgrade():\n"
            "    op.create_table('t', sa.Column('a', sa.Integer), sa.Column('b', sa.Integer))\n"
            "    op.create_index('old', 't', ['a'])\n",
            "versions/a_second.py": f"{HEAD}revision = 'bb'\ndown_revision = 'aa'\n\ndef upgrade():\n"
            "    op.drop_index('old', 't')\n    op.alter_column('t', 'a', new_column_name='c')\n"
            "    op.create_index('new', 't', ['c', 'b'])\n\n"
            "def downgrade():\n    op.drop_table('t')\n",
        }
    )
    assert gaps == []
    assert names(tables["t"]) == ["new(c, b)"]
    assert [column.name for column in tables["t"].columns] == ["c", "b"]
    assert tables["t"].indexes[0].at[0].line == 9
    assert tables["t"].indexes[0].at[0].path == "versions/a_second.py"


def test_both_arms_of_a_condition_are_possible() -> None:
    tables, gaps = migrations(
        {
            "versions/1.py": f"{HEAD}revision = '1'\ndown_revision = None\n\ndef upgrade():\n"
            "    op.create_table('t', sa.Column('a', sa.Integer), sa.Column('b', sa.Integer))\n"
            "    if op.get_bind().dialect.name == 'postgresql':\n"
            "        op.create_index('for_postgres', 't', ['a'], postgresql_using='gin')\n"
            "    else:\n        op.create_index('for_others', 't', ['b'])\n"
        }
    )
    assert gaps == []
    assert names(tables["t"]) == ["for_others(b)", "for_postgres(a)"]


def test_an_index_that_cannot_be_followed_silences_its_table() -> None:
    tables, gaps = migrations(
        {
            "versions/1.py": f"{HEAD}from app.settings import columns\nrevision = '1'\ndown_revision = None\n\n"
            "def upgrade():\n    op.create_table('t', sa.Column('a', sa.Integer))\n"
            "    op.create_table('u', sa.Column('a', sa.Integer))\n"
            "    op.create_index('later', 't', columns())\n"
        }
    )
    assert gaps == ["an index is created that can't be followed"]
    assert tables["t"].silent == "an index is created that can't be followed"
    assert tables["u"].silent == ""


def test_a_missing_revision_is_a_gap_and_a_ring_ends() -> None:
    _, gaps = migrations(
        {"versions/2.py": f"{HEAD}revision = '2'\ndown_revision = '1'\n\ndef upgrade():\n    op.drop_table('x')\n"}
    )
    assert gaps == ["the revision it follows, 1, isn't there"]
    ring = {
        f"versions/{a}.py": f"{HEAD}revision = '{a}'\ndown_revision = '{b}'\n\ndef upgrade():\n"
        f"    op.create_table('t{a}', sa.Column('id', sa.Integer, primary_key=True))\n"
        for a, b in (("a", "b"), ("b", "a"))
    }
    tables, _ = migrations(ring)
    assert sorted(tables) == ["ta", "tb"]


def test_helpers_that_call_each_other_and_endless_loops_end() -> None:
    many = ", ".join(f"'c{number}'" for number in range(30))
    tables, _ = migrations(
        {
            "versions/1.py": f"{HEAD}revision = '1'\ndown_revision = None\n\n"
            "def one(name):\n    two(name)\n\ndef two(name):\n    one(name)\n    op.create_index(name, 't', [name])\n\n"
            f"def upgrade():\n    op.create_table('t', sa.Column('c0', sa.Integer))\n    one('c0')\n"
            f"    for a in [{many}]:\n        for b in [{many}]:\n            op.create_index(a + b, 't', [a, b])\n"
        }
    )
    assert "c0(c0)" in names(tables["t"])


def test_yoyo_runs_what_applies_and_not_what_takes_back() -> None:
    tables, gaps = migrations(
        {
            "migrations/0002.more.py": "from yoyo import step\n__depends__ = {'0001.start'}\n"
            "steps = [step('CREATE INDEX by_b ON t (b)', 'DROP INDEX by_b'), step('DROP INDEX by_a')]\n",
            "migrations/0001.start.py": "from yoyo import step\n"
            "step('CREATE TABLE t (a INT PRIMARY KEY, b INT)', 'DROP TABLE t')\nstep('CREATE INDEX by_a ON t (a)')\n",
        }
    )
    assert gaps == []
    assert names(tables["t"]) == ["(a)", "by_b(b)"]


def test_piccolo_adds_and_alters_columns() -> None:
    head = "from piccolo.apps.migrations.auto.migration_manager import MigrationManager\n\n"
    start = "async def forwards():\n    manager = MigrationManager(migration_id='1', app_name='m', description='')\n"
    tables, gaps = migrations(
        {
            "piccolo_migrations/m_2024.py": f"{head}{start}"
            "    manager.add_table(class_name='Band', tablename='band')\n"
            "    manager.add_column(table_class_name='Band', tablename='band', column_name='name',\n"
            "        column_class_name='Varchar', params={'unique': True, 'index': True})\n"
            "    manager.add_column(table_class_name='Band', tablename='band', column_name='rank',\n"
            "        column_class_name='Integer', params={'unique': False, 'index': False})\n    return manager\n",
            "piccolo_migrations/m_2025.py": f"{head}{start}"
            "    manager.alter_column(table_class_name='Band', tablename='band', column_name='rank',\n"
            "        params={'index': True}, old_params={'index': False})\n"
            "    manager.alter_column(table_class_name='Band', tablename='band', column_name='name',\n"
            "        params={'unique': False}, old_params={'unique': True})\n    return manager\n",
        }
    )
    assert gaps == []
    assert names(tables["band"]) == ["(id)", "band_name(name)", "band_rank(rank)"]


def test_a_table_renamed_by_django_keeps_its_indexes() -> None:
    start = "from django.db import migrations, models\n\nclass Migration(migrations.Migration):\n"
    tables, gaps = migrations(
        {
            "shop/migrations/__init__.py": "",
            "shop/migrations/0001_initial.py": f"{start}    operations = [migrations.CreateModel('Order', [\n"
            "        ('id', models.BigAutoField(primary_key=True)),\n"
            "        ('state', models.CharField(max_length=9, db_index=True)),\n    ])]\n",
            "shop/migrations/0002_rename.py": f"{start}    dependencies = [('shop', '0001_initial')]\n"
            "    operations = [migrations.RenameModel('Order', 'Purchase'),\n"
            "        migrations.RenameField('purchase', 'state', 'status')]\n",
            "shop/migrations/0003_drop.py": f"{start}    dependencies = [('shop', '0002_rename')]\n"
            "    operations = [migrations.AlterField('purchase', 'status', models.CharField(max_length=9))]\n",
        }
    )
    assert gaps == []
    assert sorted(tables) == ["shop_purchase"]
    assert names(tables["shop_purchase"]) == ["(id)"]
