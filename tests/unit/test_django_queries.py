"""What Django asks: from rows to related rows, by managers and dictionaries of conditions, and as classes declare it."""

# ruff: noqa: E501  # code in tables reads best on one line

from __future__ import annotations

import pytest

from fragaudit.model.accesses import Access
from fragaudit.pipeline import audit_sources

MODELS = """
from django.db import models


class PublisherQuerySet(models.QuerySet):
    def in_country(self, c):
        return self.filter(country=c)

    def order(self):
        return self.order_by("-founded")


class BookQuerySet(models.QuerySet):
    def order(self):
        return self.order_by("price")


class PublisherManager(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(hidden=False)


class Publisher(models.Model):
    name = models.CharField(max_length=50)
    country = models.CharField(max_length=2)
    founded = models.DateField()
    hidden = models.BooleanField(default=False)
    objects = PublisherQuerySet.as_manager()
    shown = PublisherManager.from_queryset(PublisherQuerySet)()

    class Meta:
        get_latest_by = "founded"

    def cheap(self):
        return self.books.filter(price=1)


class Author(models.Model):
    name = models.CharField(max_length=50)
    email = models.EmailField(unique=True)
    city = models.CharField(max_length=50)
    active = models.BooleanField()


class Tag(models.Model):
    label = models.CharField(max_length=50)


class Book(models.Model):
    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    publisher = models.ForeignKey(Publisher, on_delete=models.CASCADE, related_name="books", db_index=False)
    tags = models.ManyToManyField(Tag)
    price = models.IntegerField()
    published = models.DateTimeField()
    objects = BookQuerySet.as_manager()


class Review(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    stars = models.IntegerField()
"""
SETTINGS = """
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop", "HOST": "db"}}
INSTALLED_APPS = ["shop"]
"""
HEAD = "from shop.models import *\nfrom django.db.models import Q, Prefetch\nfrom django.shortcuts import get_object_or_404\n"
Told = tuple[int, str, tuple[str, ...], tuple[str, ...], str]


def told(files: dict[str, str], path: str) -> list[Told]:
    """Return line, table, sorted columns of conditions, keys of the order, and verdict of the accesses in a file."""
    report = audit_sources({"shop/__init__.py": "", "shop/models.py": MODELS, "shop/settings.py": SETTINGS, **files})
    assert report.problems == ()
    found: list[Access] = [a for s in report.services for a in s.accesses if a.at.path == path]
    return sorted(
        (a.at.line, a.table, tuple(sorted(c.column for c in a.conditions)), tuple(k.column for k in a.sort), a.verdict)
        for a in found
    )


def asked(code: str, signature: str = "work(x, y)") -> list[Told]:
    """Return the accesses of a function whose body begins on line 5."""
    body = "".join(f"    {line}\n" for line in code.strip("\n").split("\n"))
    return told({"shop/work.py": f"{HEAD}def {signature}:\n{body}"}, "shop/work.py")


ROWS = [
    pytest.param("list(x.review_set.filter(stars=3))", "work(x)", ("shop_review", ("book_id", "stars"), (), "covered"), id="an accessor that only one model has"),
    pytest.param("list(x.books.filter(price=3))", "work(x: Publisher)", ("shop_book", ("price", "publisher_id"), (), "uncovered"), id="an annotated parameter"),
    pytest.param("list(x.books.all())", "work(x: Publisher | None)", ("shop_book", ("publisher_id",), (), "uncovered"), id="one that may be None"),
    pytest.param("for p in Publisher.objects.all():\n    p.books.exists()", "work(x)", ("shop_book", ("publisher_id",), (), "uncovered"), id="each row of a loop"),
    pytest.param("p = Publisher.objects.get(pk=x)\np.books.count()", "work(x)", ("shop_book", ("publisher_id",), (), "uncovered"), id="the row that get gives"),
    pytest.param("p = get_object_or_404(Publisher, pk=x)\np.books.count()", "work(x)", ("shop_book", ("publisher_id",), (), "uncovered"), id="the row of a shortcut"),
    pytest.param("b = Book.objects.get(pk=x)\nlist(b.publisher.books.all())", "work(x)", ("shop_book", ("publisher_id",), (), "uncovered"), id="a row's row"),
    pytest.param("r = Review.objects.get(pk=x)\nlist(r.book.tags.all())", "work(x)", ("shop_book_tags", ("book_id", "tag_id"), (), "covered"), id="many to many"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "signature", "expected"), ROWS)
def test_rows_lead_to_related_rows(code: str, signature: str, expected: tuple[object, ...]) -> None:
    assert expected in [one[1:] for one in asked(code, signature)]


def test_methods_of_models_ask_for_their_own_rows() -> None:
    found = told({}, "shop/models.py")
    assert (35, "shop_book", ("price", "publisher_id"), (), "uncovered") in found


QUERIES = [
    pytest.param("list(Publisher.objects.in_country(x))", ("country",), (), id="a method of a queryset"),
    pytest.param("list(Publisher.shown.in_country(x).filter(name=y))", ("hidden", "country", "name"), (), id="what a manager always asks"),
    pytest.param("list(Publisher.objects.order()[:3])", (), ("founded",), id="a method that two querysets have"),
    pytest.param("Publisher.objects.latest()", (), ("founded",), id="the latest by the options of the model"),
    pytest.param("names = {'name': x}\nnames['country'] = y\nlist(Publisher.objects.filter(**names))", ("name", "country"), (), id="a dictionary in steps"),
    pytest.param("names = dict(name=x, country=y)\nlist(Publisher.objects.filter(**names))", ("name", "country"), (), id="a dictionary by its name"),
    pytest.param("names = {'name': x}\nnames.update(country=y)\nlist(Publisher.objects.filter(Q(**names)))", ("name", "country"), (), id="a dictionary for Q"),
    pytest.param("q = Q(name=x)\nq.add(Q(country=y), Q.AND)\nlist(Publisher.objects.filter(q))", ("name", "country"), (), id="Q.add"),
    pytest.param("Publisher.objects.in_bulk([x], field_name='name')", ("name",), (), id="in_bulk by another field"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "columns", "order"), QUERIES)
def test_chains_are_followed(code: str, columns: tuple[str, ...], order: tuple[str, ...]) -> None:
    report = audit_sources({
        "shop/__init__.py": "", "shop/models.py": MODELS, "shop/settings.py": SETTINGS,
        "shop/work.py": f"{HEAD}def work(x, y):\n" + "".join(f"    {line}\n" for line in code.split("\n")),
    })  # fmt: skip
    found = [a for s in report.services for a in s.accesses if a.table == "shop_publisher" and a.verdict == "uncovered"]
    assert (set(columns), order) in [({c.column for c in a.conditions}, tuple(k.column for k in a.sort)) for a in found]


def test_a_dictionary_that_may_grow_leaves_it_open() -> None:
    assert asked("names = {'name': x}\nnames.update(y)\nlist(Publisher.objects.filter(**names))") == [
        (7, "shop_publisher", ("name",), (), "unprovable")
    ]


def test_one_of_several_keys_is_always_there() -> None:
    code = "names = {'title': x}\nif y:\n    names['author'] = y\nelif x:\n    names['publisher'] = x\n"
    code += "else:\n    raise TypeError\nBook.objects.get_or_create(**names)"
    found = asked(code)
    assert (12, "shop_book", ("author_id", "title"), (), "covered") in found
    assert (12, "shop_book", ("title",), (), "uncovered") not in found


def test_prefetches_load_level_by_level() -> None:
    found = asked("list(Publisher.objects.prefetch_related('books__review_set'))")
    assert (5, "shop_book", ("publisher_id",), (), "uncovered") in found
    assert (5, "shop_review", ("book_id",), (), "covered") in found


def test_exists_is_looked_for_by_the_column_that_it_compares() -> None:
    code = "from django.db.models import Exists, OuterRef\nbooks = Book.objects.filter(author_id=x)\n"
    code += "list(Review.objects.filter(Exists(books.filter(pk=OuterRef('book_id'))), stars__gt=y))"
    assert (7, "shop_review", ("book_id", "stars"), (), "covered") in asked(code)


ADMIN = """from django.contrib import admin
from shop.models import Author, Book


@admin.register(Author)
class AuthorAdmin(admin.ModelAdmin):
    search_fields = ["name", "=email"]
    list_filter = ("active", ("city", admin.AllValuesFieldListFilter))
    ordering = ["city"]


class BookAdmin(admin.ModelAdmin):
    list_filter = ["author", "published"]
    date_hierarchy = "published"


class Mine(admin.ModelAdmin):
    list_filter = ["title"]

    def get_queryset(self, request):
        return super().get_queryset(request).filter(author_id=request.user.pk)


admin.site.register(Book, BookAdmin)
admin.site.register(Book, Mine)
"""


def test_the_admin_asks_what_its_attributes_say() -> None:
    assert told({"shop/admin.py": ADMIN}, "shop/admin.py") == [
        (7, "shop_author", (), (), "n/a"),
        (8, "shop_author", (), (), "n/a"),
        (8, "shop_author", (), (), "n/a"),
        (9, "shop_author", (), ("city",), "uncovered"),
        (13, "shop_book", ("author_id",), (), "covered"),
        (13, "shop_book", ("published",), (), "uncovered"),
        (14, "shop_book", ("published",), (), "uncovered"),
        (21, "shop_book", ("author_id",), (), "covered"),
    ]
    report = audit_sources({"shop/models.py": MODELS, "shop/settings.py": SETTINGS, "shop/admin.py": ADMIN})
    found = [f for f in report.findings if f.at.path == "shop/admin.py"]
    assert {f.confidence for f in found if f.rule == "FA201"} == {"possible"}


API = """import django_filters
from rest_framework import serializers, viewsets
from shop.models import Author, Book


class BookFilter(django_filters.FilterSet):
    cheap = django_filters.NumberFilter(field_name="price", lookup_expr="lte")
    published = django_filters.DateFromToRangeFilter()
    odd = django_filters.CharFilter(method="by_odd")

    class Meta:
        model = Book
        fields = {"title": ["exact", "icontains"], "author": ["exact"]}


class LooseFilter(django_filters.FilterSet):
    class Meta:
        model = Author
        fields = ["city"]


class BookViewSet(viewsets.ModelViewSet):
    queryset = Book.objects.all()
    filterset_class = BookFilter
    ordering_fields = ["price"]
    lookup_field = "title"


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ["name"]


class AuthorViewSet(viewsets.ModelViewSet):
    serializer_class = AuthorSerializer
    filterset_fields = ["city", "email"]
    search_fields = ["^name"]


class MineViewSet(viewsets.ModelViewSet):
    queryset = Book.objects.none()
    filterset_fields = ["price"]

    def get_queryset(self):
        return Book.objects.filter(author=self.request.user.pk)


class TheirsViewSet(viewsets.ModelViewSet):
    queryset = Book.objects.none()
    lookup_field = "title"

    def get_queryset(self):
        return self.request.publisher.books.order_by("pk")


class CheapViewSet(viewsets.ModelViewSet):
    queryset = Book.objects.filter(price=1)
    lookup_field = "title"

    def get_queryset(self):
        return super().get_queryset().filter(author=self.request.user.pk)
"""


def test_views_and_filter_sets_ask_what_they_declare() -> None:
    assert [t for t in told({"shop/api.py": API}, "shop/api.py") if t[4] != "n/a"] == [
        (7, "shop_book", ("price",), (), "uncovered"),
        (8, "shop_book", ("published",), (), "uncovered"),
        (13, "shop_book", ("author_id",), (), "covered"),
        (13, "shop_book", ("title",), (), "uncovered"),
        (19, "shop_author", ("city",), (), "unprovable"),
        (23, "shop_book", (), (), "unprovable"),
        (25, "shop_book", (), ("price",), "uncovered"),
        (26, "shop_book", ("title",), (), "uncovered"),
        (37, "shop_author", ("city",), (), "uncovered"),
        (37, "shop_author", ("email",), (), "covered"),
        (42, "shop_book", (), (), "unprovable"),
        (46, "shop_book", ("author_id",), (), "covered"),
        (46, "shop_book", ("author_id", "price"), (), "covered"),
        (50, "shop_book", (), (), "unprovable"),
        (50, "shop_book", (), (), "unprovable"),
        (51, "shop_book", ("title",), (), "unprovable"),
        (58, "shop_book", ("author_id", "price"), (), "covered"),
        (58, "shop_book", ("author_id", "price", "title"), (), "covered"),
        (58, "shop_book", ("price",), (), "unprovable"),
    ]


def test_what_is_only_offered_is_possible_and_stands_where_it_is_declared() -> None:
    view = (
        "from rest_framework import viewsets\nfrom shop.filters import BookFilter\nfrom shop.models import Book\n\n\n"
    )
    view += "class V(viewsets.ModelViewSet):\n    queryset = Book.objects.all()\n    filterset_class = BookFilter\n"
    sets = "import django_filters\nfrom shop.models import Book\n\n\nclass BookFilter(django_filters.FilterSet):\n"
    sets += "    class Meta:\n        model = Book\n        fields = {'title': ['exact'], 'id': ['icontains']}\n"
    files = {"shop/__init__.py": "", "shop/models.py": MODELS, "shop/settings.py": SETTINGS, "shop/views.py": view}
    report = audit_sources({**files, "shop/filters.py": sets})
    found = [(f.rule, f.at.path, f.at.line, f.confidence) for f in report.findings if f.rule in ("FA201", "FA206")]
    assert [f for f in found if f[1] in ("shop/views.py", "shop/filters.py")] == [
        ("FA201", "shop/filters.py", 8, "possible")
    ]
