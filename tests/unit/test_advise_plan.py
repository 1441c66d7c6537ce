"""The coordinated set: shared indexes, extended and superfluous ones, who is served and who pays."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from planning import access, at, condition, index, joined, keys, primary, proposed, reference, table, write

from fragaudit.advise.cover import Item, smallest
from fragaudit.advise.patterns import Element, Form
from fragaudit.advise.plan import plan
from fragaudit.advise.suggest import suggestions
from fragaudit.coverage import judged
from fragaudit.model.accesses import Unindexable
from fragaudit.model.plan import Superfluous
from fragaudit.model.schema import Key, Method

PK = primary("id")


def test_one_index_serves_what_is_a_prefix_of_it_in_some_order() -> None:
    found = plan([table(PK)], [access(1, "tenant_id", "email"), access(2, "email")], [])
    assert proposed(found) == ["email, tenant_id"]
    proposal = found.tables[0].proposals[0]
    assert [a.at.line for a in proposal.serves] == [1, 2]
    assert proposal.reasons[0] == "compared with =; before the rest, so that accesses by email alone are served too"


def test_the_order_asked_for_continues_what_another_access_binds() -> None:
    accesses = [access(1, "email", sort="created_at desc", limit=True), access(2, "email", "created_at")]
    assert proposed(plan([table(PK)], accesses, [])) == ["email, created_at DESC"]


def test_directions_can_be_read_backwards() -> None:
    accesses = [
        access(1, sort="created_at desc, total", limit=True), access(2, sort="created_at, total desc", limit=True)
    ]  # fmt: skip
    assert proposed(plan([table(PK)], accesses, [])) == ["created_at DESC, total"]


def test_orders_that_contradict_need_two() -> None:
    orders = ("created_at, total", "created_at, total desc")
    accesses = [access(n, "email", sort=order, limit=True) for n, order in enumerate(orders, 1)]
    assert proposed(plan([table(PK)], accesses, [])) == ["email, created_at, total", "email, created_at, total DESC"]


def test_a_partial_index_gives_way_where_a_whole_one_is_needed_anyway() -> None:
    soft = access(1, "email", "deleted_at is null")
    assert proposed(plan([table(PK)], [soft], [])) == ["email where deleted_at IS NULL"]
    assert proposed(plan([table(PK)], [soft, access(2, "email")], [])) == ["email"]


def test_an_index_is_extended_rather_than_another_added() -> None:
    here = table(PK, index("ix_email", "email"), index("ix_both", "status", "email"))
    found = plan([here], [access(1, "email", "total", verdict="partial", by="ix_email")], [])
    proposal = found.tables[0].proposals[0]
    assert keys(proposal) == "email, total"
    assert [i.name for i in proposal.extends] == ["ix_email"]
    assert [(s.index.name, s.by, s.new) for s in found.tables[0].superfluous] == [("ix_email", proposal.name, True)]
    assert [a.at.line for a in proposal.improves] == [1]


def test_what_is_served_in_part_needs_no_index_more() -> None:
    here = table(primary("tenant_id", "id"))
    assert plan([here], [access(1, "tenant_id", "total", verdict="partial")], []).tables[0].proposals == ()


def test_rows_that_are_sorted_for_a_few_are_possibly_worth_an_index_more() -> None:
    here = table(primary("tenant_id", "id"))
    late = access(1, "tenant_id", sort="total desc", limit=True, verdict="partial", category="sort")
    found = plan([here], [late], [])
    assert (proposed(found), proposed(found, possible=True)) == ([], ["tenant_id, total DESC"])
    assert found.tables[0].proposals[0].note.startswith("Worth its writes only if sorting the rows")


def test_a_statement_that_only_a_join_serves_gets_an_index_to_begin_with() -> None:
    asked = access(1, "email", joined("id", "o.order_id", filtered=False), verdict="covered")
    found = plan([table(PK)], [judged(asked, table(PK))], [])
    assert proposed(found) == ["email"]
    assert [a.at.line for a in found.tables[0].proposals[0].improves] == [1]


def test_a_row_found_by_its_key_from_elsewhere_needs_no_more() -> None:
    asked = access(1, "email", joined("id", "o.order_id"), verdict="covered")
    assert judged(asked, table(PK)).verdict == "covered"
    there = table(PK, index("ix_user", "user_id"))
    several = judged(access(1, "email", joined("user_id", "u.id"), verdict="covered"), there)
    assert (several.verdict, several.why) == ("partial", "ix_user serves only the join by user_id, not email")


def test_the_optional_side_of_a_join_is_nothing_to_begin_with() -> None:
    asked = access(1, "email", joined("id", "o.order_id", filtered=False), verdict="covered", outer=True)
    assert judged(asked, table(PK)).verdict == "covered"


def test_keys_that_are_not_understood_are_not_the_same() -> None:
    unread = (Key(expression="?"),)
    here = table(PK, index("ix_one", keys=unread), index("ix_two", keys=unread))
    assert [
        s.index.name for t in plan([here], [access(1, "id", verdict="covered")], []).tables for s in t.superfluous
    ] == []


def test_nothing_is_proposed_that_is_there() -> None:
    here = table(PK, index("ix", "email", "created_at", "total"))
    assert proposed(plan([here], [access(1, "email", "created_at <")], [])) == []


def test_what_is_served_and_what_is_unknown_gets_nothing() -> None:
    accesses = [access(1, "email", verdict=v) for v in ("covered", "n/a", "unprovable")]
    found = plan([table(PK)], [*accesses, access(2, "email", maintenance="a migration")], [])
    assert proposed(found) == []
    assert (found.accesses, found.unjudged) == (2, 1)


def test_a_table_of_which_nothing_may_be_said_gets_none() -> None:
    assert plan([table(PK, silent="its definition was not understood")], [access(1, "email")], []).tables == ()


def test_an_open_range_makes_an_index_only_possible() -> None:
    found = plan([table(PK)], [access(1, "created_at <"), access(2, "total <")], [])
    assert proposed(found) == []
    assert proposed(found, possible=True) == ["created_at", "total"]


def test_a_possible_one_is_served_along_where_that_costs_no_index() -> None:
    found = plan([table(PK)], [access(1, "total <"), access(2, "email", "total")], [])
    assert (proposed(found), proposed(found, possible=True)) == (["total, email"], [])


def test_those_who_write_the_columns_pay() -> None:
    writes = [write(5, "update", "email"), write(4, "insert"), write(6, "update", "note"), write(7, "delete"),
              write(8, "insert", name="users")]  # fmt: skip
    proposal = plan([table(PK)], [access(1, "email")], writes).tables[0].proposals[0]
    assert [(w.at.line, w.verb) for w in proposal.pays] == [(4, "insert"), (5, "update"), (7, "delete")]


def test_a_foreign_key_whose_parents_are_deleted_gets_an_index() -> None:
    here = table(PK, foreign=[reference("user_id", "users")])
    found = plan([here], [access(1, "id", verdict="covered")], [write(3, "delete", name="users")])
    assert proposed(found) == ["user_id"]
    assert found.tables[0].proposals[0].follows == (reference("user_id", "users"),)


def test_a_foreign_key_is_served_by_what_accesses_need() -> None:
    here = table(PK, foreign=[reference("user_id", "users")])
    found = plan([here], [access(1, "email", "user_id")], [])
    assert (proposed(found), proposed(found, possible=True)) == (["user_id, email"], [])


def test_accesses_that_differ_in_their_ranges_share_an_index() -> None:
    accesses = [access(1, "email", "total <"), access(2, "email", "created_at two-sided")]
    assert proposed(plan([table(PK)], accesses, [])) == ["email, total"]


def test_a_range_after_nothing_but_a_constant_is_not_left_out() -> None:
    accesses = [access(1, "deleted_at is null", "note prefix", dialect="mysql", category="equality")]
    here = table(PK, engine="mysql")
    assert proposed(plan([here], [*accesses, access(2, "deleted_at is null", "email", dialect="mysql")], [])) == [
        "deleted_at, note", "email, deleted_at"
    ]  # fmt: skip


def test_join_and_filter_share_an_index() -> None:
    accesses = [access(1, joined("user_id", "u.id")), access(2, "tenant_id", joined("user_id", "u.id"))]
    assert proposed(plan([table(PK)], accesses, [])) == ["tenant_id, user_id", "user_id"]


def test_both_arms_get_an_index_and_both_serve_the_access() -> None:
    found = plan([table(PK)], [access(1, arms=((condition("email"),), (condition("total"),)))], [])
    assert proposed(found) == ["email", "total"]
    assert [len(p.serves) for p in found.tables[0].proposals] == [1, 1]


def test_an_arm_that_an_index_serves_needs_none() -> None:
    found = plan([table(PK)], [access(1, arms=((condition("id"),), (condition("total"),)))], [])
    assert proposed(found) == ["total"]


def test_what_no_index_can_serve_is_said() -> None:
    found = plan([table(PK, engine="sqlite")], [access(1, "note match", dialect="sqlite")], [])
    assert [(u.access.at.line, "doesn't have" in u.why) for u in found.tables[0].unserved] == [(1, True)]


def superfluous(*indexes: object) -> list[tuple[str, str]]:
    here = table(*indexes)  # type: ignore[arg-type]
    found: tuple[Superfluous, ...] = (
        plan([here], [access(1, "id", verdict="covered", by="orders_pkey")], []).tables[0].superfluous
    )
    return [(s.index.name, s.by) for s in found]


def test_a_prefix_of_another_is_superfluous() -> None:
    assert superfluous(PK, index("a", "email"), index("b", "email", "total")) == [("a", "b")]


def test_one_read_backwards_is_superfluous() -> None:
    assert superfluous(PK, index("a", "email desc"), index("b", "email", "total")) == [("a", "b")]
    assert superfluous(PK, index("a", "email", "total desc"), index("b", "email", "total", "id")) == []


def test_uniqueness_is_not_superfluous() -> None:
    assert superfluous(PK, index("a", "email", unique=True), index("b", "email", "total")) == []
    assert superfluous(PK, index("a", "email", unique=True), index("b", "email")) == [("b", "a")]


def test_of_two_equal_ones_one_stays() -> None:
    assert superfluous(PK, index("b", "email"), index("a", "email")) == [("a", "b")]


def test_another_method_part_or_payload_is_not_superfluous() -> None:
    longer = index("b", "email", "total")
    assert superfluous(PK, index("a", "email", method="gin"), longer) == []
    assert superfluous(PK, index("a", "email", where="active"), longer) == []
    assert superfluous(PK, index("a", "email", include=("note",)), longer) == []
    assert superfluous(PK, index("a", "email", include=("total",)), longer) == [("a", "b")]


def test_a_constraint_is_not_dropped_for_its_index() -> None:
    here = table(PK, index("a", "id", unique=True, origin="unique"))
    found = plan([here], [access(1, "id", verdict="covered", by="orders_pkey")], []).tables[0].superfluous
    assert [(s.index.name, s.by, s.ddl) for s in found] == [("a", "orders_pkey", "")]


def test_a_name_that_two_tables_have_is_not_touched() -> None:
    here = table(PK, index("ix", "email"), index("longer", "email", "total"))
    there = table(index("ix", "name", table="users"), name="users", columns={"id": "bigint", "name": "text"})
    accesses = [access(1, "id", verdict="covered", by="orders_pkey")]
    assert [s.index.name for s in plan([here], accesses, []).tables[0].superfluous] == ["ix"]
    assert [(t.superfluous, [i.name for i in t.unused]) for t in plan([here, there], accesses, []).tables] == [
        ((), ["longer"])
    ]


def test_nothing_is_dropped_for_an_index_of_another_source() -> None:
    model = replace(index("a", "email"), by=("model",))
    here = table(PK, model, index("b", "email", "total"))
    found = plan([here], [access(1, "email", verdict="covered", by="b")], []).tables[0].superfluous
    assert [(s.index.name, s.by, s.ddl) for s in found] == [("a", "b", "")]


def test_an_index_that_nothing_uses_is_said() -> None:
    here = table(PK, index("a", "email"), index("b", "user_id"), index("c", "note", unique=True),
                 foreign=[reference("user_id", "users")])  # fmt: skip
    found = plan([here], [access(1, "id", verdict="covered", by="orders_pkey")], [])
    assert [i.name for i in found.tables[0].unused] == ["a"]
    unknown = plan([here], [access(1, "id", verdict="unprovable")], [])
    assert unknown.tables[0].unused == ()


def test_accesses_in_another_order_give_the_same_plan() -> None:
    accesses = [access(n, *c) for n, c in enumerate((["email", "total"], ["total"], ["note", "total", "email"]), 1)]
    assert plan([table(PK)], accesses, []) == plan([table(PK)], accesses[::-1], [])


def test_too_many_patterns_are_served_all_the_same() -> None:
    names = [f"c{n}" for n in range(300)]
    accesses = [access(n + 1, name, category="equality") for n, name in enumerate(names)]
    found = plan([table(PK, columns=dict.fromkeys(names, "int"))], accesses, [])
    assert len(proposed(found)) == 300
    assert not found.tables[0].exact


def test_a_search_that_is_cut_short_says_so() -> None:
    items = [
        Item((Form(((Element(f"a{n}"), Element(f"b{n}")),)), Form(((Element(f"b{n}"), Element("x")),))))
        for n in range(40)
    ]
    groups, exact = smallest(items)
    assert len(groups) <= 40
    assert not exact


def test_places_are_those_of_the_accesses() -> None:
    assert plan([table(PK)], [access(9, "email")], []).tables[0].proposals[0].serves[0].at == at(9)


def test_a_change_of_case_is_worth_an_index_on_it() -> None:
    computed = Unindexable("email", "lower() is computed from it first", "lower(email)")
    other = Unindexable("created_at", "date() is computed from it first", "date(created_at)")
    accesses = [access(n, verdict="n/a", unindexable=(u,)) for n, u in enumerate((computed, other), 1)]
    found = plan([table(PK)], accesses, [write(3, "update", "total"), write(4, "update", "email")])
    assert [w.at.line for w in found.tables[0].proposals[0].pays] == [4]
    assert [p.ddl.partition(" ON ")[2] for p in found.tables[0].proposals] == ["orders ((lower(email)))"]
    assert found.tables[0].proposals[0].possible


@pytest.mark.parametrize("method", ["btree", "rowid"])
def test_an_alternative_that_the_primary_key_serves_needs_no_index(method: Method) -> None:
    here = table(replace(PK, method=method))
    either = replace(access(1), arms=((condition("id"),), (condition("total"), condition("status"))))
    asked = judged(either, here)
    assert asked.verdict == "uncovered"
    assert proposed(plan([here], [asked], [])) == ["total, status"]
    once = replace(asked, maintenance="it is part of a migration")
    assert [[str(k) for k in s.keys] for s in suggestions(once, here)] == [["total", "status"]]
