"""Bases of Advanced Alchemy: the columns they bring, and how they call tables."""

from __future__ import annotations

import pytest

from fragaudit.pipeline import audit_sources


def tables(code: str) -> dict[str, tuple[list[str], tuple[str, ...], str]]:
    """Return by name the columns, the primary key and why nothing may be said."""
    head = "from sqlalchemy import create_engine\nfrom sqlalchemy.orm import Mapped\n"
    report = audit_sources({"models.py": f"{head}engine = create_engine('postgresql://db/x')\n{code}"})
    assert report.problems == ()
    found = [t for s in report.services for t in s.schema]
    return {t.name: ([c.name for c in t.columns], t.primary_key, t.silent) for t in found}


@pytest.mark.parametrize(
    ("base", "columns"),
    [
        ("UUIDBase", ["id", "title"]),
        ("UUIDv7AuditBase", ["id", "created_at", "updated_at", "title"]),
        ("BigIntAuditBase", ["id", "created_at", "updated_at", "title"]),
        ("NanoIDBase", ["id", "title"]),
    ],
)
@pytest.mark.parametrize("module", ["advanced_alchemy.base", "litestar.plugins.sqlalchemy.base"])
def test_a_class_gets_columns_and_a_name(module: str, base: str, columns: list[str]) -> None:
    code = f"from {module} import {base}\n\nclass BlogPost({base}):\n    title: Mapped[str]\n"
    assert tables(code) == {"blog_post": (columns, ("id",), "")}


def test_a_base_of_the_project_s_own() -> None:
    code = (
        "from advanced_alchemy.base import SQLQuery\nfrom sqlalchemy.orm import mapped_column\n\n"
        "class Model(SQLQuery):\n    __abstract__ = True\n\n"
        "class Post(Model):\n    __tablename__ = 'posts'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )
    assert tables(code) == {"posts": (["id"], ("id",), "")}


def test_other_bases_of_that_library_are_not_known() -> None:
    code = (
        "from advanced_alchemy.base import UUIDBase\nfrom advanced_alchemy.mixins import SlugKey\n\n"
        "class Post(SlugKey, UUIDBase):\n    title: Mapped[str]\n"
    )
    assert tables(code)["post"][2] == "its base advanced_alchemy.mixins.SlugKey isn't in the repository"
