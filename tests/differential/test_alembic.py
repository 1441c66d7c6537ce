"""What Alembic makes of a series of revisions, against what was folded from their source."""

from __future__ import annotations

from pathlib import Path

import pytest

from differential.compare import FIXTURES, differences, folded, migrations, real, run

pytest.importorskip("alembic", reason="alembic comes with the `differential` extra")

UPGRADE = """
import os, sys
os.environ["SHOP_DATABASE"] = {database!r}
sys.path.insert(0, ".")
from alembic import command
from alembic.config import Config
config = Config()
config.set_main_option("script_location", ".")
config.set_main_option("path_separator", "os")
command.upgrade(config, "heads")
"""


def test_revisions_fold_to_the_tables_that_upgrade_makes(tmp_path: Path) -> None:
    database = tmp_path / "shop.db"
    run(UPGRADE.format(database=str(database)), FIXTURES / "alembic_shop")
    expected = real(database, ["alembic_version"])
    assert len(expected) >= 15
    schema, found = migrations(FIXTURES / "alembic_shop")
    assert [history.gaps for history in found] == [()]
    assert [Path(path).stem for path in found[0].files] == ["a1_start", "b1_orders", "b2_batch", "c1_merge", "d1_later",
                                                            "e1_more"]  # fmt: skip
    assert differences(expected, folded(schema.tables)) == []
    assert {table.silent for table in schema.tables} == {""}
