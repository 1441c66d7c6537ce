"""Querysets of Django: the SQL that the library makes of them, against what is understood of them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from differential.patterns import answered, differences, understood

pytest.importorskip("django", reason="django comes with the `differential` extra")

MODELS = """
from django.db import models


class Publisher(models.Model):
    name = models.CharField(max_length=50)
    country = models.CharField(max_length=2, db_index=True)


class Author(models.Model):
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=50)
    age = models.IntegerField(null=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()
    mentor = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="students")


class Tag(models.Model):
    label = models.CharField(max_length=30)

    class Meta:
        ordering = ["label"]


class Book(models.Model):
    title = models.CharField(max_length=100)
    slug = models.SlugField()
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    publisher = models.ForeignKey(Publisher, null=True, on_delete=models.SET_NULL, related_name="books")
    tags = models.ManyToManyField(Tag, related_name="books")
    price = models.IntegerField()
    published_at = models.DateTimeField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["-published_at"]


class Review(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="reviews")
    stars = models.IntegerField()
    text = models.TextField()


class Cover(models.Model):
    book = models.OneToOneField(Book, on_delete=models.CASCADE)
    color = models.CharField(max_length=20)
"""

IMPORTS = (
    "from shop.models import *\n"
    "from django.db.models import Avg, Count, Exists, F, Max, Min, OuterRef, Q, Subquery, Sum, Value\n"
    "from django.db.models.functions import Coalesce, ExtractYear, Length, Lower, Now, TruncDate, Upper\n"
    "from django.shortcuts import get_object_or_404\n"
    "import datetime\n"
)

LAZY = [line for line in '''
Author.objects.all()
Author.objects.filter(email="a")
Author.objects.filter(name="a", age=3)
Author.objects.filter(name="a").filter(age=3)
Author.objects.filter(name__exact="a")
Author.objects.filter(name__iexact="a")
Author.objects.filter(name__contains="a")
Author.objects.filter(name__icontains="a")
Author.objects.filter(name__startswith="a")
Author.objects.filter(name__istartswith="a")
Author.objects.filter(name__endswith="a")
Author.objects.filter(name__iendswith="a")
Author.objects.filter(name__regex="a.")
Author.objects.filter(name__in=["a", "b"])
Author.objects.filter(name__in=["a"])
Author.objects.filter(age__gt=3)
Author.objects.filter(age__gte=3, age__lt=9)
Author.objects.filter(age__lte=3)
Author.objects.filter(age__range=(3, 9))
Author.objects.filter(age__isnull=True)
Author.objects.filter(age__isnull=False)
Author.objects.filter(age=None)
Author.objects.filter(is_active=True)
Author.objects.filter(is_active=False, name="a")
Author.objects.filter(joined_at__year=2020)
Author.objects.filter(joined_at__year__gte=2020)
Author.objects.filter(joined_at__month=3)
Author.objects.filter(joined_at__date=datetime.date(2020, 1, 1))
Author.objects.filter(joined_at__gte=datetime.datetime(2020, 1, 1), name="a")
Author.objects.filter(pk=3)
Author.objects.filter(id=3)
Author.objects.filter(pk__in=[1, 2])
Author.objects.filter(mentor=3)
Author.objects.filter(mentor_id=3)
Author.objects.filter(mentor__id=3)
Author.objects.filter(mentor__pk=3)
Author.objects.filter(mentor__isnull=True)
Author.objects.filter(mentor=None)
Author.objects.filter(mentor__name="a")
Author.objects.filter(students__name="a")
Author.objects.exclude(name="a")
Author.objects.exclude(name__in=["a", "b"])
Author.objects.exclude(name="a").filter(email="b")
Author.objects.exclude(name__contains="a")
Author.objects.exclude(email__startswith="a")
Author.objects.filter(Q(name="a"))
Author.objects.filter(Q(name="a") | Q(email="b"))
Author.objects.filter(Q(name="a") | Q(name="b"))
Author.objects.filter(Q(name="a") & Q(age=3))
Author.objects.filter(Q(name="a") | Q(age=3), is_active=True)
Author.objects.filter(Q(name="a") | (Q(email="b") & Q(age=3)))
Author.objects.filter(~Q(name="a"))
Author.objects.filter(~Q(name="a"), email="x")
Author.objects.filter(Q(name="a", age=3) | Q(email="b"))
Author.objects.filter(Q(age__gt=3) & ~Q(name="b"))
Author.objects.filter(name=F("email"))
Author.objects.filter(age__gt=F("mentor_id"))
Author.objects.order_by("name")[:5]
Author.objects.order_by("-name")[:5]
Author.objects.order_by("name", "-age")[:5]
Author.objects.filter(age=3).order_by("-joined_at")[:1]
Author.objects.filter(name="a").order_by("joined_at")
Author.objects.order_by(F("age").desc())[:3]
Author.objects.order_by("name").reverse()[:3]
Author.objects.order_by("name").order_by("age")[:3]
Author.objects.order_by(Lower("name"))[:3]
Author.objects.filter(name="a")[5:10]
Author.objects.values("name").distinct()
Author.objects.filter(age=3).values_list("name", flat=True)
Author.objects.only("name").filter(age=3)
Author.objects.defer("name").filter(age=3)
Book.objects.all()[:5]
Book.objects.filter(price=3)[:5]
Book.objects.filter(author__email="a")
Book.objects.filter(author__name="a", author__age=3)
Book.objects.filter(author__name="a").filter(author__age=3)
Book.objects.filter(author__mentor__name="a")
Book.objects.filter(author__mentor_id=3)
Book.objects.filter(author=3)
Book.objects.filter(author_id=3)
Book.objects.filter(author__in=[1, 2])
Book.objects.filter(author__pk__in=[1, 2])
Book.objects.filter(publisher__name="a")
Book.objects.filter(publisher__country="de", price__gt=3)
Book.objects.filter(publisher__isnull=True)
Book.objects.filter(publisher__name__isnull=True)
Book.objects.filter(slug="a")
Book.objects.filter(slug__startswith="a")
Book.objects.filter(tags=3)
Book.objects.filter(tags__id=3)
Book.objects.filter(tags__in=[1, 2])
Book.objects.filter(tags__label="a")
Book.objects.filter(tags__label__in=["a", "b"])
Book.objects.filter(reviews__stars=5)
Book.objects.filter(reviews__stars__gt=3, reviews__text="x")
Book.objects.filter(reviews__isnull=True)
Book.objects.filter(cover__color="red")
Book.objects.filter(data__kind="a")
Book.objects.filter(data__kind__deep="a")
Book.objects.filter(Q(author__name="a") | Q(title="b"))
Book.objects.filter(Q(author__name="a") & Q(title="b"))
Book.objects.filter(Q(publisher__name="a") | Q(title="b"))
Book.objects.exclude(author__name="a")
Book.objects.exclude(title="a", price=3)
Book.objects.order_by("author__name")[:5]
Book.objects.order_by("price", "title")[:5]
Book.objects.filter(author=3).order_by("-published_at")[:10]
Book.objects.filter(published_at__isnull=False).order_by("published_at")[:10]
Author.objects.filter(book__title="a")
Author.objects.filter(book__publisher__name="a")
Author.objects.filter(book__reviews__stars=3)
Author.objects.filter(book__tags__label="a")
Publisher.objects.filter(books__title="a")
Publisher.objects.filter(books__author__name="a")
Tag.objects.filter(books__title="a")
Tag.objects.filter(books__author__name="a")
Tag.objects.filter(books=3)
Tag.objects.all()[:3]
Review.objects.filter(book__author__email="a")
Review.objects.filter(book__slug="a", stars=3)
Review.objects.filter(book__author__mentor__email="a")
Review.objects.filter(text__icontains="a", book_id=3)
Cover.objects.filter(book__title="a")
Cover.objects.filter(book=3)
Author.objects.filter(id__in=Book.objects.filter(price=3).values("author_id"))
Author.objects.filter(id__in=Book.objects.filter(title="a").values_list("author", flat=True))
Book.objects.filter(author__in=Author.objects.filter(name="a"))
Author.objects.exclude(id__in=Book.objects.filter(price=3).values("author_id"))
Author.objects.filter(Exists(Book.objects.filter(author=OuterRef("pk"))))
Author.objects.filter(Exists(Book.objects.filter(author=OuterRef("pk"), price=3)))
Author.objects.filter(~Exists(Book.objects.filter(author_id=OuterRef("id"), title="x")))
Author.objects.filter(~Q(Exists(Book.objects.filter(author_id=OuterRef("id")))))
Author.objects.annotate(last=Subquery(Book.objects.filter(author=OuterRef("pk")).order_by("-price").values("price")[:1]))
Author.objects.annotate(n=Count("book"))
Author.objects.annotate(n=Count("book")).filter(n__gt=3)
Author.objects.filter(name="a").annotate(n=Count("book"))
Author.objects.filter(name="a").union(Author.objects.filter(age=3))
Author.objects.filter(name="a").using("default")
Author.objects.filter(name="a").select_for_update()
Author.objects.annotate(low=Lower("name")).filter(low="a")
Author.objects.annotate(y=ExtractYear("joined_at")).filter(y=2020)
Author.objects.annotate(d=TruncDate("joined_at")).filter(d=datetime.date(2020, 1, 1))
Author.objects.alias(low=Lower("name")).filter(low="a")
Author.objects.annotate(c=Coalesce("age", 0)).filter(c__gt=3)
Author.objects.annotate(x=F("name")).filter(x="a")
Author.objects.annotate(x=F("mentor__name")).filter(x="a")
Author.objects.annotate(x=Value(1)).filter(name="a")
Author.objects.annotate(n=Count("book", filter=Q(book__price=3))).filter(name="a")
Author.objects.annotate(n=Count("book", distinct=True)).filter(n=0)
Author.objects.filter(name="a").annotate(top=Max("book__price")).order_by("-top")[:3]
Author.objects.values("name").annotate(n=Count("id")).order_by("-n")[:3]
Author.objects.values("name").annotate(n=Count("id")).filter(n__gt=1)
Book.objects.values("author__name").annotate(n=Sum("price"))
Book.objects.values("author").annotate(n=Sum("price")).order_by("author")
Book.objects.filter(author__book__title="a")
Book.objects.filter(author__book__reviews__stars=3)
Book.objects.filter(Q(reviews__stars=3) | Q(tags__label="a")).distinct()
Book.objects.filter(Q(author__name="a"), Q(price=3) | Q(slug="b"))
Book.objects.exclude(tags__label="a")
Book.objects.exclude(reviews__stars=3)
Book.objects.exclude(publisher__name="a")
Book.objects.exclude(publisher=None)
Book.objects.exclude(Q(title="a") | Q(slug="b"))
Book.objects.exclude(Q(title="a") & Q(slug="b"))
Book.objects.exclude(published_at__isnull=True)
Book.objects.exclude(price__gt=3)
Book.objects.exclude(price__in=[1])
Book.objects.filter(~Q(tags__label="a"))
Book.objects.filter(~Q(price=3), ~Q(slug="b"))
Book.objects.filter(Q())
Book.objects.filter(Q(), price=3)
Book.objects.filter(Q() | Q(price=3))
Book.objects.filter(author=Author(id=3))
Book.objects.filter(author__id__in=[1])
Book.objects.filter(author__id__gt=3)
Book.objects.filter(author__id__isnull=True)
Book.objects.filter(publisher__id__isnull=True)
Book.objects.filter(publisher_id__isnull=True)
Book.objects.filter(publisher_id=None)
Book.objects.filter(title__iexact=None)
Book.objects.filter(data={"a": 1})
Book.objects.filter(data__a__gt=3)
Book.objects.filter(data__items__0="x")
Book.objects.order_by("publisher__name", "title")[:3]
Book.objects.order_by("author")[:3]
Book.objects.order_by("author_id")[:3]
Book.objects.order_by("tags")[:3]
Book.objects.order_by("?")[:3]
Book.objects.order_by()[:3]
Book.objects.order_by("pk")[:3]
Book.objects.order_by("-pk")[:3]
Book.objects.order_by(F("published_at").asc(nulls_last=True))[:3]
Book.objects.order_by(F("published_at").desc(nulls_last=True))[:3]
Book.objects.order_by("-price", "pk").filter(slug="a")[:3]
Book.objects.order_by(Coalesce("published_at", Now()))[:3]
Book.objects.distinct().filter(price=3)
Book.objects.filter(price=3).reverse()[:3]
Book.objects.filter(price=3).values("id").order_by("id")[:3]
Book.objects.select_related(None).filter(price=3)
Book.objects.filter(price=F("author__age"))
Book.objects.filter(price__gt=F("author__age") + 1)
Book.objects.filter(price=F("price") + 1)
Book.objects.filter(author__mentor=F("author"))
Book.objects.filter(author_id=F("publisher_id"))
Book.objects.filter(title=Lower("slug"))
Book.objects.filter(title__startswith=F("slug"))
Book.objects.filter(price__range=(1, F("author__age")))
Book.objects.filter(published_at__date__gte=datetime.date(2020, 1, 1))
Book.objects.filter(published_at__year__in=[2020, 2021])
Book.objects.filter(published_at__hour=3)
Book.objects.filter(published_at__time__gt=datetime.time(3))
Book.objects.filter(published_at__week_day=3, price=1)
Book.objects.filter(published_at__lt=Now())
Book.objects.filter(published_at__gt=Now() - datetime.timedelta(days=3))
Book.objects.filter(published_at__range=[datetime.datetime(2020, 1, 1), datetime.datetime(2021, 1, 1)])
Book.objects.filter(Exists(Review.objects.filter(book=OuterRef("pk"), stars=3)), price=3)
Book.objects.filter(~Exists(Review.objects.filter(book_id=OuterRef("pk"))) | Q(price=3))
Book.objects.annotate(has=Exists(Review.objects.filter(book=OuterRef("pk")))).filter(has=True)
Book.objects.annotate(has=Exists(Review.objects.filter(book=OuterRef("pk")))).filter(price=3)
Book.objects.filter(pk__in=Subquery(Review.objects.filter(stars=3).values("book")))
Book.objects.filter(pk=Subquery(Review.objects.filter(stars=3).values("book")[:1]))
Book.objects.filter(author_id=Subquery(Author.objects.filter(name="a").values("id")[:1]))
Book.objects.filter(price=Subquery(Review.objects.filter(book=OuterRef("pk")).values("stars")[:1]))
Book.objects.filter(author__in=Author.objects.filter(mentor__name="a").values("pk"))
Book.objects.filter(author__in=Author.objects.filter(book__price=3))
Book.objects.filter(author__in=Author.objects.all())
Book.objects.filter(author__name__in=Author.objects.filter(age=3).values("name"))
Book.objects.exclude(author__in=Author.objects.filter(age=3))
Book.objects.filter(tags__in=Tag.objects.filter(label="a"))
Book.objects.filter(title__in=Author.objects.values("name"))
Book.objects.filter(reviews__in=Review.objects.filter(stars=3))
Book.objects.filter(reviews=3)
Book.objects.filter(reviews__id=3)
Book.objects.filter(reviews__pk__in=[1, 2])
Book.objects.filter(cover=3)
Book.objects.filter(cover__isnull=True)
Book.objects.filter(cover__id__isnull=False)
Book.objects.filter(tags__isnull=True)
Book.objects.filter(tags__isnull=False)
Book.objects.filter(tags=None)
Author.objects.filter(book=None)
Author.objects.filter(book__isnull=False, name="a")
Author.objects.filter(book__author__name="a")
Author.objects.filter(students__students__name="a")
Author.objects.filter(mentor__mentor__email="a")
Author.objects.filter(mentor__book__title="a")
Author.objects.filter(name="a") | Author.objects.filter(age=3)
Author.objects.filter(name="a") & Author.objects.filter(age=3)
Author.objects.filter(name="a").difference(Author.objects.filter(age=3))
Author.objects.filter(name="a").intersection(Author.objects.filter(age=3))
Author.objects.filter(name="a").union(Author.objects.filter(age=3), all=True).order_by("name")[:3]
Author.objects.filter(**{"name": "a"})
Author.objects.filter(**{"name__in": ["a", "b"], "age": 3})
Author.objects.filter(*[Q(name="a"), Q(age=3)])
Author.objects.filter(name__gt="a").order_by("name")[:20]
Author.objects.filter(joined_at__lt=datetime.datetime(2020, 1, 1)).order_by("-joined_at", "-id")[:20]
Author.objects.filter(email__iexact="a")
Author.objects.filter(email__in={"a", "b"})
Author.objects.filter(email__in=("a",))
Author.objects.filter(name__iregex="a.")
Author.objects.filter(is_active=True, age=None)
Author.objects.filter(is_active__in=[True, False])
Author.objects.filter(name="")
Author.objects.filter(age__exact=None)
Author.objects.filter(pk=None)
Author.objects.dates("joined_at", "year")
Author.objects.datetimes("joined_at", "month")
Author.objects.filter(name="a").dates("joined_at", "day")
Publisher.objects.annotate(n=Count("books__reviews")).filter(country="de")
Publisher.objects.filter(books__reviews__stars=3).distinct()
Publisher.objects.filter(books__price__gt=3, books__slug="a")
Publisher.objects.filter(books__price__gt=3).filter(books__slug="a")
Review.objects.filter(book__publisher__country="de").order_by("-stars")[:3]
Review.objects.filter(book__tags__label="a", stars=3)
Review.objects.filter(book__publisher=None)
Review.objects.filter(book__publisher__isnull=True)
Review.objects.filter(book__published_at__isnull=True)
Review.objects.filter(book__in=Book.objects.filter(author__name="a"))
Review.objects.filter(book__author=3, book__price=4)
Review.objects.filter(Q(book__price=3) | Q(book__slug="a"))
Review.objects.values("book__author").annotate(n=Avg("stars")).filter(n__gt=3)
Tag.objects.filter(books__isnull=True)
Tag.objects.filter(books__reviews__stars=3)
Tag.objects.exclude(books__title="a")
Tag.objects.filter(label="a").order_by("-label")[:3]
Tag.objects.values_list("label", "books__title")
Cover.objects.filter(book__author__name="a").select_related("book")
Cover.objects.filter(pk=3)
Cover.objects.filter(book__pk=3)
Cover.objects.filter(book_id__in=[1, 2])
Book.tags.through.objects.filter(book_id=3)
'''.splitlines() if line]  # fmt: skip

RUN = [line for line in '''
Author.objects.filter(name="a").first()
Author.objects.filter(name="a").last()
Author.objects.first()
Author.objects.order_by("name").first()
Author.objects.order_by("name").last()
Book.objects.filter(price=3).first()
Book.objects.first()
Book.objects.last()
Tag.objects.filter(label="a").first()
Author.objects.filter(name="a").exists()
Author.objects.filter(name="a").count()
Author.objects.count()
Author.objects.latest("joined_at")
Author.objects.filter(name="a").earliest("joined_at")
Review.objects.filter(text="a").delete()
Author.objects.filter(name="a").update(age=3)
Author.objects.filter(email="a").update(age=F("age") + 1)
Author.objects.aggregate(Max("joined_at"))
Author.objects.filter(name="a").aggregate(top=Max("age"))
Book.objects.filter(author=3).aggregate(Avg("price"), Sum("price"))
Author.objects.in_bulk([1, 2])
Book.objects.filter(author__name="a").count()
Book.objects.filter(author__name="a").exists()
Book.objects.filter(author__name="a", price__gt=3).order_by("price").first()
list(Author.objects.filter(name="a").iterator())
list(Book.objects.filter(title="a").prefetch_related("reviews"))
[book.title for book in Book.objects.filter(title="a")]
list(Author.objects.filter(name="a").values_list("id"))
'''.splitlines() if line]  # fmt: skip

SETUP = """
import json, datetime
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["shop"], USE_TZ=False, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
               "postgres": {"ENGINE": "django.db.backends.postgresql", "NAME": "none"}},
)
django.setup()
from django.db import connection, connections
exec(IMPORTS)

def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return str(value)
    return "'" + str(getattr(value, "obj", value)).replace("'", "''") + "'"
"""

LAZY_SQL = """
if DATABASE == "postgres":
    connections["postgres"].get_autocommit = lambda: False
made = []
for line in CASES:
    query = eval(line).query
    sql, values = query.get_compiler(using=DATABASE).as_sql()
    made.append([sql % tuple(map(literal, values))])
print(json.dumps(made))
"""

RUN_SQL = """
from django.db import models as kinds
from django.test.utils import CaptureQueriesContext
from shop import models
with connection.schema_editor() as editor:
    for model in vars(models).values():
        if isinstance(model, type) and issubclass(model, kinds.Model):
            editor.create_model(model)
author = Author.objects.create(email="a", name="a", joined_at=datetime.datetime(2020, 1, 1))
made = []
from django.db import transaction
class Undo(Exception):
    pass
for slug in "ab":
    Book.objects.create(title="a", slug=slug, author=author, price=1)
for line in CASES:
    try:
        with transaction.atomic(), CaptureQueriesContext(connection) as said:
            eval(line)
            found = [query["sql"] for query in said.captured_queries]
            found = [sql for sql in found if not sql.startswith(("SAVEPOINT", "RELEASE", "BEGIN"))]
            raise Undo
    except Undo:
        made.append(found)
print(json.dumps(made))
"""


def _queries(cases: list[str]) -> str:
    return IMPORTS + "".join(f"def case_{n}(): list({case})\n" for n, case in enumerate(cases))


def _files(cases: list[str]) -> dict[str, str]:
    return {"shop/__init__.py": "", "shop/models.py": MODELS, "queries.py": _queries(cases)}


def _written(folder: Path) -> Path:
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").write_text("")
    (folder / "shop" / "models.py").write_text(MODELS)
    return folder


FIRST = IMPORTS.count("\n") + 1


def test_there_are_enough_cases() -> None:
    assert len(LAZY) + len(RUN) >= 150
    assert len({*LAZY, *RUN}) == len(LAZY) + len(RUN)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_querysets_ask_what_their_sql_asks(dialect: str, tmp_path: Path) -> None:
    if dialect == "postgres" and not (find_spec("psycopg") or find_spec("psycopg2")):
        pytest.skip("Django makes SQL for PostgreSQL only with its driver")
    database = "default" if dialect == "sqlite" else "postgres"
    code = f"CASES = {LAZY!r}\nIMPORTS = {IMPORTS!r}\nDATABASE = {database!r}\n{SETUP}{LAZY_SQL}"
    sql = answered(code, _written(tmp_path))
    found, schema = understood(_files(LAZY), dialect)
    assert not (said := differences(LAZY, FIRST, found, sql, dialect, schema)), "\n".join(said)


def test_querysets_that_are_run_ask_what_their_sql_asks(tmp_path: Path) -> None:
    code = f"CASES = {RUN!r}\nIMPORTS = {IMPORTS!r}\n{SETUP}{RUN_SQL}"
    sql = answered(code, _written(tmp_path))
    found, schema = understood(_files(RUN), "sqlite")
    assert not (said := differences(RUN, FIRST, found, sql, "sqlite", schema)), "\n".join(said)
