"""Querysets of Tortoise: the SQL that the library makes of them, against what is understood of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from differential.patterns import answered, differences, understood

pytest.importorskip("tortoise", reason="tortoise-orm comes with the `differential` extra")

MODELS = """
from tortoise import fields
from tortoise.models import Model
class Author(Model):
    id = fields.IntField(primary_key=True)
    email = fields.CharField(max_length=9, unique=True)
    name = fields.CharField(max_length=9)
    age = fields.IntField(null=True)
    active = fields.BooleanField(default=True)
    joined = fields.DatetimeField()
class Tag(Model):
    id = fields.IntField(primary_key=True)
    label = fields.CharField(max_length=9, db_index=True)
class Book(Model):
    id = fields.IntField(primary_key=True)
    title = fields.CharField(max_length=9)
    slug = fields.CharField(max_length=9, db_index=True)
    author = fields.ForeignKeyField("models.Author", related_name="books")
    tags = fields.ManyToManyField("models.Tag", related_name="books")
    price = fields.IntField()
    published = fields.DatetimeField(null=True)
    class Meta:
        ordering = ["-published"]
"""

IMPORTS = (
    "from models import *\nfrom tortoise.expressions import F, Q, Subquery\nfrom tortoise.functions import Count\n"
)

CASES = [line for line in '''
Author.all()
Author.filter(name="a")
Author.filter(name="a", age=3)
Author.filter(name="a").filter(age=3)
Author.filter(name__in=["a", "b"])
Author.filter(name__not_in=["a", "b"])
Author.filter(name__not="a")
Author.filter(age__gt=3)
Author.filter(age__gte=3, age__lt=9)
Author.filter(age__range=(1, 3))
Author.filter(age__isnull=True)
Author.filter(age__not_isnull=True)
Author.filter(age__isnull=False)
Author.filter(age=None)
Author.filter(name__contains="a")
Author.filter(name__icontains="a")
Author.filter(name__startswith="a")
Author.filter(name__istartswith="a")
Author.filter(name__endswith="a")
Author.filter(name__iexact="a")
Author.filter(pk=3)
Author.filter(id__in=[1, 2])
Author.exclude(name="a")
Author.filter(Q(name="a") | Q(email="b"))
Author.filter(Q(name="a"), Q(age=3))
Author.filter(Q(name="a", age=3, join_type="OR"))
Author.filter(~Q(name="a"))
Author.filter(Q(Q(name="a"), Q(age=3), join_type="OR"))
Author.all().order_by("name").limit(3)
Author.all().order_by("-name", "id").limit(3)
Author.filter(age=3).order_by("-joined").limit(1)
Author.filter(name="a").offset(3).limit(3)
Author.filter(name="a").first()
Author.filter(name="a").only("id")
Author.filter(name="a").values("id")
Author.filter(name="a").values_list("id", flat=True)
Author.filter(name="a").count()
Author.filter(name="a").exists()
Author.filter(name="a").delete()
Author.filter(name="a").update(age=3)
Author.filter(name="a").distinct()
Author.filter(books__title="a")
Author.filter(books__price__gt=3, name="a")
Author.filter(books__tags__label="a")
Book.filter(author=3)
Book.filter(author_id=3)
Book.filter(author__name="a")
Book.filter(author__email="a", price=3)
Book.filter(author_id__in=[1, 2])
Book.filter(tags=3)
Book.filter(tags__label="a")
Book.filter(slug="a").first()
Book.all().limit(5)
Book.all().order_by("price").limit(5)
Book.filter(price=F("author_id"))
Author.annotate(n=Count("books")).filter(n__gt=3)
Book.filter(author_id__in=Subquery(Author.filter(name="a").values("id")))
Tag.filter(books__title="a")
Tag.filter(books__author__email="a")
Book.filter(published__year=2020)
'''.splitlines() if line]  # fmt: skip

MAKE = """
import asyncio, json
from tortoise import Tortoise
exec(IMPORTS)

async def main():
    await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["models"]})
    made = [[eval(line).sql(params_inline=True)] for line in CASES]
    await Tortoise.close_connections()
    return made

print(json.dumps(asyncio.run(main())))
"""


def test_querysets_ask_what_their_sql_asks(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(MODELS)
    sql = answered(f"CASES = {CASES!r}\nIMPORTS = {IMPORTS!r}\n{MAKE}", tmp_path)
    lines = [f"async def case_{n}(): return await {case}\n" for n, case in enumerate(CASES)]
    found, schema = understood({"models.py": MODELS, "queries.py": IMPORTS + "".join(lines)}, "sqlite")
    first = IMPORTS.count("\n") + 1
    assert not (said := differences(CASES, first, found, sql, "sqlite", schema)), "\n".join(said)
