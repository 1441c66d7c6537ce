"""Queries of Peewee: the SQL that the library makes of them, against what is understood of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from differential.patterns import answered, differences, understood

pytest.importorskip("peewee", reason="peewee comes with the `differential` extra")

MODELS = """
from peewee import *
db = SqliteDatabase(":memory:")
class Base(Model):
    class Meta:
        database = db
class Author(Base):
    email = CharField(unique=True)
    name = CharField()
    age = IntegerField(null=True)
    active = BooleanField(default=True)
    joined = DateTimeField()
class Book(Base):
    title = CharField()
    slug = CharField(index=True)
    author = ForeignKeyField(Author, backref="books")
    price = IntegerField()
    published = DateTimeField(null=True)
class Review(Base):
    book = ForeignKeyField(Book, backref="reviews", null=True)
    stars = IntegerField()
    class Meta:
        indexes = ((("book", "stars"), False),)
"""

CASES = [line for line in '''
Author.select()
Author.select().where(Author.name == "a")
Author.select().where(Author.name == "a", Author.age == 3)
Author.select().where((Author.name == "a") & (Author.age > 3))
Author.select().where((Author.name == "a") | (Author.email == "b"))
Author.select().where(~(Author.name == "a"))
Author.select().where(Author.name != "a")
Author.select().where(Author.name.in_(["a", "b"]))
Author.select().where(Author.name << ["a", "b"])
Author.select().where(Author.name.not_in(["a"]))
Author.select().where(Author.age.is_null())
Author.select().where(Author.age.is_null(False))
Author.select().where(Author.age >> None)
Author.select().where(Author.age == None)
Author.select().where(Author.age.between(1, 3))
Author.select().where(Author.age >= 3, Author.age < 9)
Author.select().where(Author.name.contains("a"))
Author.select().where(Author.name.startswith("a"))
Author.select().where(Author.name.endswith("a"))
Author.select().where(Author.name ** "a%")
Author.select().where(Author.name % "a*")
Author.select().where(Author.name.like("a%"))
Author.select().where(Author.name.ilike("a%"))
Author.select().where(Author.active == True)
Author.select().where(fn.LOWER(Author.name) == "a")
Author.select().where(Author.name == Author.email)
Author.select().where(Author.age + 1 > 3)
Author.select().order_by(Author.name).limit(3)
Author.select().order_by(Author.name.desc()).limit(3)
Author.select().order_by(-Author.name).limit(3)
Author.select().order_by(Author.name.desc(), Author.id).limit(3)
Author.select().where(Author.age == 3).order_by(Author.joined.desc()).limit(1)
Author.select().where(Author.name == "a").where(Author.age == 3)
Author.select(Author.name).where(Author.age == 3).distinct()
Author.select(Author.name, fn.COUNT(Author.id)).group_by(Author.name)
Author.select(Author.name, fn.COUNT(Author.id)).group_by(Author.name).having(fn.COUNT(Author.id) > 3)
Author.select(fn.MAX(Author.age))
Author.select(fn.COUNT(Author.id)).where(Author.name == "a")
Book.select().join(Author).where(Author.name == "a")
Book.select().join(Author, on=(Book.author == Author.id)).where(Author.email == "a")
Book.select().join(Author, JOIN.LEFT_OUTER).where(Book.price == 3)
Book.select(Book, Author).join(Author).where(Book.slug == "a", Author.name == "b")
Author.select().join(Book).where(Book.title == "a")
Author.select().join(Book, on=(Book.author == Author.id)).join(Review).where(Review.stars == 3)
Book.select().join(Review).switch(Book).join(Author).where(Author.name == "a", Review.stars == 3)
Book.select().where(Book.author == 3)
Book.select().where(Book.author_id == 3)
Book.select().where(Book.author == Author(id=3))
Book.select().where(Book.author.in_([1, 2]))
Book.select().where(Book.author.in_(Author.select().where(Author.name == "a")))
Book.select().where(Book.author << Author.select(Author.id).where(Author.name == "a"))
Author.select().where(Author.id.not_in(Book.select(Book.author).where(Book.price == 3)))
Author.select().where(fn.EXISTS(Book.select().where(Book.author == Author.id)))
Author.select().where(Author.id == 3)
Author.select().where(Author.name == "a").paginate(2, 10)
Author.update(age=3).where(Author.name == "a")
Author.update({Author.age: Author.age + 1}).where(Author.name == "a")
Author.delete().where(Author.name == "a")
Book.delete().where(Book.author.in_(Author.select().where(Author.name == "a")))
Review.select().where(Review.book == 3, Review.stars > 2)
Review.select().where(Review.book.is_null())
Review.select().join(Book).join(Author).where(Author.email == "a").order_by(Review.stars.desc()).limit(5)
Author.select().where(Author.name == "a") | Author.select().where(Author.age == 3)
Author.select().where(Author.name == "a").union(Author.select().where(Author.age == 3))
Author.filter(name="a")
Author.filter(name="a", age__gt=3)
'''.splitlines() if line]  # fmt: skip

MAKE = """
import json
from models import *

def literal(value):
    return "NULL" if value is None else str(int(value)) if isinstance(value, (bool, int)) else "'" + str(value) + "'"

made = []
for line in CASES:
    sql, parameters = eval(line).sql()
    for value in parameters:
        sql = sql.replace("?", literal(value), 1)
    made.append([sql])
print(json.dumps(made))
"""


def test_queries_ask_what_their_sql_asks(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(MODELS)
    sql = answered(f"CASES = {CASES!r}\n{MAKE}", tmp_path)
    lines = [f"def case_{n}(): return ({case}).execute()\n" for n, case in enumerate(CASES)]
    files = {"models.py": MODELS, "queries.py": "from models import *\n" + "".join(lines)}
    found, schema = understood(files, "sqlite")
    assert not (said := differences(CASES, 2, found, sql, "sqlite", schema)), "\n".join(said)
