"""The tables of SQLAlchemy models, made by the library itself, against those read from their source."""

from __future__ import annotations

from pathlib import Path

import pytest

from differential.compare import FIXTURES, differences, evaluator, folded, real, run
from fragaudit.link.orm import Mapping

pytest.importorskip("sqlalchemy", reason="sqlalchemy comes with the `differential` extra")

CREATE = """
import sqlalchemy as sa
from {package} import models, base
engine = sa.create_engine("sqlite:///{database}")
base.Base.metadata.create_all(engine)
base.Loose.metadata.create_all(engine)
"""


def test_models_give_the_tables_that_create_all_makes(tmp_path: Path) -> None:
    database = tmp_path / "shop.db"
    run(CREATE.format(package="alchemy_shop", database=database))
    expected = real(database)
    assert len(expected) >= 20
    tables = [model.table for model in Mapping(evaluator(FIXTURES / "alchemy_shop")).defining]
    assert differences(expected, folded(tables)) == []
    assert [table.name for table in tables if table.opaque] == []
