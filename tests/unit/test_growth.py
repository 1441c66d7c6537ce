"""Tables that grow, and those that somebody keeps: what belongs to what, what rows are called, who makes them."""

from __future__ import annotations

import pytest
from index_reports import told

_MODELS = """
from sqlalchemy import Column, DateTime, ForeignKey, Integer, String, create_engine, select
from sqlalchemy.orm import DeclarativeBase

engine = create_engine("postgresql://db/shop")

class Base(DeclarativeBase):
    pass

class Team(Base):
    __tablename__ = "teams"
    id = Column(Integer, primary_key=True)
    title = Column(String)

class Place(Base):
    __tablename__ = "places"
    id = Column(Integer, primary_key=True)
    title = Column(String)

class Member(Base):
    __tablename__ = "members"
    id = Column(Integer, primary_key=True)
    title = Column(String)

class Stay(Base):
    __tablename__ = "{stays}"
    id = Column(Integer, primary_key=True)
    title = Column(String)
{stay}

class Thing(Base):
    __tablename__ = "{name}"
    id = Column(Integer, primary_key=True)
    address = Column(String)
{columns}
"""
_TEAM = "    team_id = Column(ForeignKey(Team.id))"
_PLACE = "    place_id = Column(ForeignKey(Place.id))"
_MEMBER = "    member_id = Column(ForeignKey(Member.id))"
_STAY = "    stay_id = Column(ForeignKey(Stay.id))"
_UNTIED = "    member_id = Column(Integer)"
_ASKED = (
    "from shop.models import Team, Thing\n\ndef ask(session, x):\n    return session.scalars(select(Thing).where({}))\n"
)
_BY_ADDRESS = "Thing.address == x"
_OTHER = "from shop.models import Team\n\ndef work(session):\n    session.add(Team(title=''))\n"
_MADE = "from shop.models import Thing\n\ndef make(x):\n    return Thing(address=x)\n"
_DOTTED = "from shop import models\n\ndef make(x):\n    return models.Thing(address=x)\n"
_FORM = "from shop.models import Thing\n\nclass Form(ModelForm):\n    class Meta:\n        model = Thing\n"
_RESOURCE = "from shop import models\n\nclass Things(Resource):\n    layer = {'model': models.Thing}\n"
_TOLD = (
    "from shop.models import Thing\n\ndef make(session, x):\n    return get_one_or_create(session, Thing, address=x)\n"
)
_STARRED = "from shop.models import *\n\ndef make(x):\n    return Thing(address=x)\n"
_KEEPER = "from shop.models import Thing\n\nclass Things(BaseRepository[Thing]):\n    pass\n"
_ALIAS = "from shop.models import Thing as Made\n\ndef make(x):\n    return Made(address=x)\n"
_NAMESAKE = "from shop.forms import Thing\n\ndef make(x):\n    return Thing(address=x)\n"
_STAYS = "from shop.models import Stay\n\ndef stay(x):\n    return Stay(title=x)\n"
_MORE = "from shop.models import *\n" + "".join(
    f"\nclass More{n}(Base):\n    __tablename__ = 'more_{n}'\n    id = Column(Integer, primary_key=True)\n{_STAY}\n"
    for n in range(6)
)
_REPR = "\n    def __repr__(self):\n        return f'Thing({self.id})'\n"
_OWN = "\n    @classmethod\n    def make(cls, x):\n        return cls(address=x)\n"


def _confidence(
    name: str, columns: str, asked: str = _BY_ADDRESS, stays: str = "stays", stay: str = "", **files: str
) -> list[tuple[str, int, str]]:
    sources = {
        "shop/__init__.py": "",
        "shop/forms.py": "class Thing:\n    pass\n",
        "shop/models.py": _MODELS.format(name=name, columns=columns, stays=stays, stay=stay),
        "shop/asking.py": "from sqlalchemy import select\n" + _ASKED.format(asked),
        "shop/teams.py": _OTHER,
        **{f"shop/{path}.py".replace("__", "/"): text for path, text in files.items()},
    }
    return told(sources)


@pytest.mark.parametrize(
    ("name", "columns", "files", "confidence"),
    [
        ("gadgets", "", {}, "possible"),
        ("gadgets", "", {"making": _MADE}, "possible"),  # kept by an operator, or not: nothing tells
        ("gadgets", _MEMBER, {}, "possible"),
        ("gadgets", _TEAM, {"making": _MADE}, "possible"),  # of teams there are a few
        ("gadgets", _MEMBER, {"making": _MADE}, "likely"),
        ("gadgets", _MEMBER, {"making": _DOTTED}, "likely"),
        ("gadgets", _MEMBER, {"making": _NAMESAKE}, "possible"),
        ("gadgets", _MEMBER + _OWN, {}, "likely"),
        ("gadgets", _MEMBER + _REPR, {}, "possible"),
        ("gadgets", f"{_MEMBER}{_REPR}\ndef make(x):\n    return Thing(address=x)\n", {}, "likely"),
        ("gadgets", _MEMBER, {"making": _FORM}, "likely"),
        ("gadgets", _MEMBER, {"making": _RESOURCE}, "likely"),
        ("gadgets", _MEMBER, {"making": _TOLD}, "likely"),
        ("gadgets", _MEMBER, {"making": _STARRED}, "likely"),
        ("gadgets", _MEMBER, {"making": _ALIAS}, "likely"),
        ("gadgets", _MEMBER, {"making": _KEEPER}, "likely"),
        ("gadgets", _MEMBER, {"making": _MADE.replace("Thing(address=x)", "Thing.model_validate(x)")}, "likely"),
        ("gadgets", _MEMBER, {"making": _MADE.replace("Thing(address=x)", "Thing.from_dict(x)")}, "likely"),
        ("gadgets", _MEMBER, {"making": _MADE.replace("Thing(address=x)", "Thing.named(x)")}, "possible"),
        ("gadgets", _MEMBER, {"cli__making": _MADE}, "possible"),  # a command is run by hand
        ("gadgets", _MEMBER, {"seeds__making": _MADE}, "possible"),  # rows made up to try it with
        ("gadgets", _MEMBER, {"simulate": _MADE}, "possible"),
        ("gadgets", _MEMBER, {"dev_data": _MADE}, "possible"),
        ("gadgets", _MEMBER, {"making": "from faker import Faker\n" + _MADE}, "possible"),
        ("gadgets", _MEMBER, {"seedlings__making": _MADE}, "likely"),
        ("gadgets", _UNTIED, {"making": _MADE}, "likely"),  # a column is named after a table
        ("gadgets", _MEMBER.replace("member_id", "last_member_id"), {"making": _MADE}, "possible"),
        ("gadgets", f"{_TEAM}\n{_PLACE}", {}, "possible"),
        ("gadgets", f"{_TEAM}\n{_MEMBER}", {}, "possible"),
        ("gadgets", f"{_TEAM}\n{_MEMBER}", {"making": _MADE}, "likely"),
        ("gadgets", f"{_MEMBER}\n    other_member_id = Column(ForeignKey(Member.id))", {"making": _MADE}, "likely"),
        ("gadgets", f"{_TEAM}\n    of_id = Column(ForeignKey('gadgets.id'))", {}, "possible"),
        ("gadgets", "    created_by = Column(ForeignKey(Team.id))\n    updated_by = Column(ForeignKey(Team.id))", {},
         "possible"),
        ("gadgets", "    created_by = Column(ForeignKey(Member.id))", {"making": _MADE}, "likely"),
        ("gadget_feeds", _MEMBER, {"making": _MADE}, "possible"),  # somebody sets them up
        ("gadget_feeds", f"{_TEAM}\n{_MEMBER}", {}, "possible"),
        ("member_feeds", f"{_TEAM}\n{_MEMBER}", {}, "likely"),  # but there are some of each person
        ("gadget_feed_details", _MEMBER, {"making": _MADE}, "possible"),
        ("gadget_profiles", "", {"making": _MADE}, "possible"),  # no files
        ("member_profiles", "", {}, "likely"),
        ("gadget_dialogs", "", {"making": _MADE}, "possible"),  # no logs
        ("gadget_exports", "", {"making": _MADE}, "likely"),
        ("gadget_queues", _MEMBER, {"making": _MADE}, "possible"),  # emptied as they are worked off
        ("gadgets", f"{_MEMBER}\n    enabled = Column(Integer)", {"making": _MADE}, "likely"),
        ("gadgets", f"{_MEMBER}\n    name = Column(String)\n    enabled = Column(Integer)", {"making": _MADE},
         "possible"),  # set up, and switched on and off
        ("login_states", _MEMBER, {"making": _MADE}, "possible"),  # until they are logged in
        ("shop_users", "", {}, "likely"),
        ("clients", "", {}, "likely"),
        ("clients", "    client_secret = Column(String)\n    redirect_uris = Column(String)", {}, "possible"),
        ("gadgets", "    email = Column(String)\n    password_hash = Column(String)", {}, "likely"),
        ("gadgets", "    host = Column(String)\n    password = Column(String)", {}, "possible"),  # of a connection
        ("gadget_logs", "", {}, "possible"),
        ("gadget_logs", "", {"making": _MADE}, "likely"),
        ("gadget_logs", _TEAM, {}, "possible"),  # nothing adds any
        ("gadget_logs", f"{_TEAM}\n{_PLACE}", {}, "possible"),
    ],
)  # fmt: skip
def test_what_shows_that_a_table_grows(name: str, columns: str, files: dict[str, str], confidence: str) -> None:
    assert _confidence(name, columns, **files) == [("shop/asking.py", 5, confidence)]


@pytest.mark.parametrize(
    ("stays", "stay", "files", "confidence"),
    [
        ("rooms", "", {}, "possible"),
        ("rooms", _MEMBER, {}, "possible"),  # nothing makes any
        ("stays", _MEMBER, {"staying": _STAYS}, "likely"),
        ("stays", f"{_MEMBER}\n{_TEAM}", {}, "possible"),
        ("workspaces", _MEMBER, {"staying": _STAYS}, "possible"),  # everything of a customer belongs to one
        ("stay_sites", _MEMBER, {"staying": _STAYS}, "likely"),
        ("stay_sites", _MEMBER, {"staying": _STAYS, "more": _MORE}, "possible"),  # so it does here
    ],
)
def test_what_belongs_to_what_grows_does_too(stays: str, stay: str, files: dict[str, str], confidence: str) -> None:
    found = _confidence("gadgets", _STAY, stays=stays, stay=stay, making=_MADE, **files)
    assert found == [("shop/asking.py", 5, confidence)]


@pytest.mark.parametrize(("stays", "confidence"), [("stays", "likely"), ("organisations", "possible")])
def test_of_many_customers_everything_says_who_made_it(stays: str, confidence: str) -> None:
    columns = f"{_STAY}\n    created_by = Column(ForeignKey(Member.id))"
    assert _confidence("gadgets", columns, stays=stays, making=_MADE) == [("shop/asking.py", 5, confidence)]


@pytest.mark.parametrize(
    ("columns", "confidence"),
    [
        ("", "possible"),
        ("    things = relationship('Stay', secondary='gadgets')", "likely"),
        ("    things = relationship('Stay', secondary='gadgets', viewonly=True)", "possible"),
        ("    things = relationship('Stay', secondary=lambda: Thing.__table__)", "possible"),
    ],
)
def test_models_of_what_belongs_together_are_made_or_related(columns: str, confidence: str) -> None:
    more = f"from shop.models import *\n\nclass Host(Base):\n    __tablename__ = 'hosts'\n    id = Column(Integer, primary_key=True)\n{columns}\n"  # noqa: E501
    found = _confidence("gadgets", f"{_STAY}\n{_MEMBER}", more=more)
    assert found == [("shop/asking.py", 5, confidence)]


def test_rows_are_found_by_when_something_happened() -> None:
    columns, asked = "    sent = Column(DateTime)", "Thing.address == x, Thing.sent > x"
    assert _confidence("gadgets", columns, asked) == [("shop/asking.py", 5, "possible")]
    assert _confidence("gadgets", columns, asked, making=_MADE) == [("shop/asking.py", 5, "likely")]


def test_any_list_may_be_asked_by_when_rows_were_made() -> None:
    columns, asked = "    created_at = Column(DateTime)", "Thing.address == x, Thing.created_at > x"
    assert _confidence("gadgets", columns, asked, making=_MADE) == [("shop/asking.py", 5, "possible")]


@pytest.mark.parametrize(
    ("name", "column", "confidence"),
    [("gadgets", "address", "possible"), ("gadgets", "sent", "likely"), ("gadget_logs", "address", "likely")],
)
def test_a_list_is_shown_in_some_order(name: str, column: str, confidence: str) -> None:
    asked = f"True).order_by(Thing.{column}).limit(5"
    columns = f"{_MEMBER}\n    sent = Column(DateTime)"
    assert _confidence(name, columns, asked, making=_MADE) == [("shop/asking.py", 5, confidence)]


def test_a_null_is_no_time() -> None:
    columns, asked = "    sent = Column(DateTime)", "Thing.address == x, Thing.sent.is_(None)"
    assert _confidence("gadgets", columns, asked, making=_MADE) == [("shop/asking.py", 5, "possible")]


def test_where_no_rows_are_seen_to_be_made_nothing_is_told_by_that() -> None:
    assert _confidence("gadgets", "", teams="") == [("shop/asking.py", 5, "likely")]
