"""The key for one access: what goes first, what ends it, and what a database needs to use it."""

from __future__ import annotations

from typing import Any

import pytest
from planning import COLUMNS, access, condition, index, joined, primary, table

from fragaudit.advise.keys import key_for
from fragaudit.advise.patterns import forms
from fragaudit.model.accesses import Access, Condition
from fragaudit.model.schema import Key, Table


def key(found: Access, where: Table | None = None) -> str | None:
    keys = key_for(found, where or table(primary("id")))
    return None if keys is None else ", ".join(map(str, keys))


CASES: list[tuple[str, Access, str | None]] = [
    ("one equality", access(1, "email"), "email"),
    ("equalities as written", access(1, "tenant_id", "email"), "tenant_id, email"),
    ("an equality before a list", access(1, "status in", "email"), "email, status"),
    ("one range, after equalities", access(1, "created_at <", "email"), "email, created_at"),
    ("the first range only", access(1, "created_at two-sided", "total two-sided"), "created_at"),
    ("a range with two ends before one with one", access(1, "total <", "created_at two-sided"), "created_at"),
    ("an order after equalities", access(1, "email", sort="created_at desc, id"), "email, created_at DESC, id"),
    ("a limit prefers the order", access(1, "email", "total <", sort="created_at", limit=True), "email, created_at"),
    ("without a limit the range", access(1, "email", "total <", sort="created_at"), "email, total"),
    ("a list keeps the sort", access(1, "email in", sort="created_at", limit=True), "email"),
    ("a list keeps only the sort", access(1, "email in", "total <", sort="total", limit=True), "email, total"),
    ("what is bound needs no order", access(1, "email", sort="email, total", limit=True), "email, total"),
    ("nothing follows a unique key", access(1, "email", sort="id, total", limit=True), "email, id"),
    ("the order alone", access(1, sort="created_at desc", limit=True), "created_at DESC"),
    ("an order without a limit is no reason", access(1, sort="created_at"), None),
    ("join after filter", access(1, joined("user_id", "u.id"), "email"), "email, user_id"),
    ("joins with one partner", access(1, joined("user_id", "u.id", False), joined("tenant_id", "t.id")), "tenant_id"),
    ("nothing beside a row's own key", access(1, joined("id", "u.order_id"), "email"), "email"),
    ("a limited order first", access(1, joined("user_id", "u.id", False), sort="total", limit=True), "total"),
    ("the smallest of a column", access(1, "email", extreme="total"), "email, total"),
    ("a row comparison", access(1, "created_at row", "id row"), "created_at, id"),
    ("a flag alone", access(1, "active true"), None),
    ("a bound flag last", access(1, "active", "email"), "email, active"),
    ("no key that isn't there", access(1, "misspelt", "email"), "email"),
    ("no key on json", access(1, "raw"), None),
    ("at most five", access(1, *list(COLUMNS)[:6]), ", ".join(list(COLUMNS)[:5])),
]  # fmt: skip


@pytest.mark.parametrize(("case", "found", "expected"), CASES, ids=[c[0] for c in CASES])
def test_the_key(case: str, found: Access, expected: str | None) -> None:
    assert key(found) == expected


def test_existing_keys_come_first() -> None:
    here = table(primary("id"), index("ix", "user_id"))
    assert key(access(1, "tenant_id", "user_id"), here) == "user_id, tenant_id"


def test_an_index_that_guarantees_something_is_not_extended() -> None:
    here = table(primary("id"), index("ix", "user_id", unique=True))
    assert key(access(1, "tenant_id", "user_id"), here) == "tenant_id, user_id"


def first(found: Access, **more: Any) -> tuple[list[str], str]:
    """The keys and the condition of the best form."""
    form = forms(found, table(primary("id"), **more))[0][0]
    return [e.column for block in form.blocks for e in block], " and ".join(t.format(c) for t, c in form.where)


@pytest.mark.parametrize(
    ("text", "where"),
    [("deleted_at is null", "deleted_at IS NULL"), ("active true", "active"), ("active false", "NOT active"),
     ("active = true", "active = true")],
)  # fmt: skip
def test_a_constant_goes_into_the_condition(text: str, where: str) -> None:
    assert first(access(1, text, "email")) == (["email"], where)


def test_a_constant_is_a_key_where_indexes_are_never_partial() -> None:
    found = access(1, "deleted_at is null", "email", dialect="mysql")
    assert first(found, engine="mysql") == (["email", "deleted_at"], "")


def test_null_alone_is_its_own_key() -> None:
    assert first(access(1, "deleted_at is null")) == (["deleted_at"], "deleted_at IS NULL")


def test_postgres_sorts_after_null_only_where_the_index_is_partial() -> None:
    found = access(1, "deleted_at is null", sort="created_at", limit=True)
    assert first(found) == (["created_at"], "deleted_at IS NULL")


def test_each_arm_of_an_or_needs_its_own() -> None:
    arms = ((condition("email"),), (condition("total"),))
    found = forms(access(1, arms=arms), table())
    assert [[e.column for b in arm[0].blocks for e in b] for arm in found] == [["email"], ["total"]]


def test_an_arm_that_nothing_serves_makes_the_others_useless() -> None:
    arms = ((condition("email"),), (condition("raw"),))
    assert forms(access(1, arms=arms), table()) == ()


def test_a_common_condition_serves_all_arms() -> None:
    arms = ((condition("email"),), (condition("total"),))
    assert key(access(1, "tenant_id", arms=arms)) == "tenant_id"


@pytest.mark.parametrize(
    ("column", "dialect", "expected"),
    [("note", "postgres", Key("note", opclass="text_pattern_ops")),
     ("email", "postgres", Key("email", opclass="varchar_pattern_ops")),
     ("note", "sqlite", Key("note", collation="nocase")), ("note", "mysql", Key("note", length=255)),
     ("email", "mysql", Key("email"))],
)  # fmt: skip
def test_a_prefix_needs_its_operator_class_or_collation(column: str, dialect: str, expected: Key) -> None:
    assert key_for(access(1, f"{column} prefix", dialect=dialect), table(engine=dialect)) == (expected,)


@pytest.mark.parametrize(
    ("column", "dialect", "expected"),
    [("doc", "postgres", ("gin", "")), ("tags", "postgres", ("gin", "")), ("address", "postgres", ("gist", "inet_ops")),
     ("note", "postgres", ("gin", "gin_trgm_ops")), ("note", "mysql", ("fulltext", "")), ("note", "sqlite", None)],
)  # fmt: skip
def test_an_operator_of_its_own_needs_an_index_of_its_own(
    column: str, dialect: str, expected: tuple[str, str] | None
) -> None:
    found = forms(access(1, f"{column} match", dialect=dialect), table(engine=dialect))
    assert (
        (found[0][0].method, found[0][0].blocks[0][0].opclass if found else "") == expected if expected else not found
    )


def test_a_collation_of_the_comparison_is_the_key_s() -> None:
    found = access(1, condition("note", collation="NOCASE"), dialect="sqlite")
    assert key_for(found, table(engine="sqlite")) == (Key("note", collation="nocase"),)


def test_an_expression_is_a_key() -> None:
    found = access(1, Condition("email", "=", condition("email").at, expression="lower(email)"))
    assert key_for(found, table()) == (Key(expression="lower(email)"),)


def test_nulls_at_the_other_end_are_part_of_the_key() -> None:
    found = access(1, "email", sort="created_at desc last", limit=True)
    assert key_for(found, table()) == (Key("email"), Key("created_at", descending=True, nulls="last"))


def test_nulls_at_the_default_end_are_not() -> None:
    found = access(1, "email", sort="created_at desc first", limit=True)
    assert key_for(found, table()) == (Key("email"), Key("created_at", descending=True))


def test_sqlite_has_no_index_for_nulls_at_the_other_end() -> None:
    found = access(1, "email", sort="created_at last", limit=True, dialect="sqlite")
    assert key_for(found, table(engine="sqlite")) == (Key("email"),)
