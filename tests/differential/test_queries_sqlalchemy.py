"""Query expressions of SQLAlchemy: the SQL that the library makes of them, against what is understood of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from differential.patterns import answered, differences, understood

pytest.importorskip("sqlalchemy", reason="sqlalchemy comes with the `differential` extra")

MODELS = """
import datetime
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, and_, any_, between, case, cast, column
from sqlalchemy import delete, desc, asc, distinct, exists, extract, func, insert, join, literal, not_, null, nulls_last
from sqlalchemy import bindparam, except_, intersect, or_, outerjoin, select, text, true, tuple_, union, union_all
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, contains_eager, defer, joinedload, load_only, mapped_column
from sqlalchemy.orm import relationship


class Base(DeclarativeBase):
    pass


membership = Table(
    "membership",
    Base.metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("team_id", ForeignKey("teams.id"), primary_key=True),
)


class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    members: Mapped[list["User"]] = relationship(secondary=membership, back_populates="teams")


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(50))
    age: Mapped[int | None]
    is_active: Mapped[bool]
    created_at: Mapped[datetime.datetime]
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    teams: Mapped[list[Team]] = relationship(secondary=membership, back_populates="members")
    orders: Mapped[list["Order"]] = relationship(back_populates="user")


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column("status", String(20))
    total: Mapped[int]
    placed_at: Mapped[datetime.datetime]
    note: Mapped[str | None] = mapped_column(String(500))
    user: Mapped[User] = relationship(back_populates="orders")
    items: Mapped[list["Item"]] = relationship(back_populates="order")


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    sku: Mapped[str] = mapped_column(String(20))
    quantity: Mapped[int]
    order: Mapped[Order] = relationship(back_populates="items")


Boss = aliased(User)
"""

STATEMENTS = [line for line in '''
select(User)
select(User).where(User.email == "a@b.c")
select(User).where(User.email == "a", User.name == "b")
select(User).where(User.email == "a").where(User.age > 3)
select(User).filter(User.name == "x")
select(User).filter_by(name="x", age=3)
select(User.id).where(User.name != "x")
select(User.id, User.name).where("x" == User.name)
select(User).where(User.age < 3)
select(User).where(User.age >= 3, User.age <= 9)
select(User).where(User.age.between(3, 9))
select(User).where(between(User.age, 3, 9))
select(User).where(User.name.in_(["a", "b"]))
select(User).where(User.name.in_(["a"]))
select(User).where(User.name.not_in(["a", "b"]))
select(User).where(User.name.notin_(["a"]))
select(User).where(~User.name.in_(["a", "b"]))
select(User).where(User.age.is_(None))
select(User).where(User.age.is_not(None))
select(User).where(User.age.isnot(None))
select(User).where(User.age == None)
select(User).where(User.age != None)
select(User).where(User.is_active)
select(User).where(~User.is_active)
select(User).where(not_(User.is_active))
select(User).where(User.is_active.is_(True))
select(User).where(User.is_active.is_(False))
select(User).where(User.is_active == True, User.name == "x")
select(User).where(User.name.like("a%"))
select(User).where(User.name.like("%a"))
select(User).where(User.name.like("abc"))
select(User).where(User.name.not_like("a%"))
select(User).where(User.name.ilike("a%"))
select(User).where(User.name.ilike("%a%"))
select(User).where(User.name.startswith("a"))
select(User).where(User.name.endswith("a"))
select(User).where(User.name.contains("a"))
select(User).where(func.lower(User.email) == "a")
select(User).where(func.lower(User.email) == func.lower("A"))
select(User).where(func.coalesce(User.age, 0) > 3)
select(User).where(cast(User.age, String) == "3")
select(User).where(User.age + 1 > 3)
select(User).where(User.age > User.manager_id)
select(User).where(and_(User.name == "a", User.age == 3))
select(User).where(or_(User.name == "a", User.age == 3))
select(User).where(or_(User.name == "a", User.name == "b"))
select(User).where(or_(User.name == "a", User.name.is_(None)))
select(User).where((User.name == "a") & (User.age == 3))
select(User).where((User.name == "a") | (User.email == "b"))
select(User).where((User.name == "a") | ((User.email == "b") & (User.age == 1)))
select(User).where(not_(User.name == "a"))
select(User).where(not_(or_(User.name == "a", User.age > 3)))
select(User).where(and_(User.is_active, or_(User.name == "a", User.email == "b")))
select(User).where(extract("year", User.created_at) == 2020)
select(User).where(User.name.is_distinct_from("x"))
select(User).order_by(User.name).limit(5)
select(User).order_by(User.name.desc()).limit(5)
select(User).order_by(desc(User.name), User.id).limit(5)
select(User).order_by(asc(User.name)).limit(5).offset(10)
select(User).order_by(User.age.desc().nulls_last()).limit(5)
select(User).order_by(nulls_last(User.age.desc())).limit(5)
select(User).where(User.age == 3).order_by(User.created_at.desc()).limit(1)
select(User).where(User.name == "a").order_by(User.created_at)
select(User).order_by(func.lower(User.name)).limit(5)
select(User).where(User.name == "x").order_by(None).limit(2)
select(func.count()).select_from(User)
select(func.count()).select_from(User).where(User.name == "a")
select(func.count(User.id)).where(User.name == "a")
select(func.max(Order.placed_at))
select(func.min(Order.placed_at)).where(Order.user_id == 3)
select(func.max(Order.total).label("most")).where(Order.state == "x")
select(User.name, func.count(User.id)).group_by(User.name)
select(User.name, func.count(User.id)).where(User.age == 3).group_by(User.name).having(func.count(User.id) > 3)
select(User.name).distinct()
select(User.name).where(User.age == 1).distinct()
select(Order).join(User).where(User.email == "a")
select(Order).join(Order.user).where(User.email == "a")
select(Order).join(User, Order.user_id == User.id).where(User.name == "a")
select(Order).join(User, User.id == Order.user_id).where(Order.state == "x")
select(Order).outerjoin(User).where(Order.total > 3)
select(Order).outerjoin(Order.user).where(Order.total > 3)
select(User).outerjoin(Order, Order.user_id == User.id).where(User.name == "a")
select(User).outerjoin(User.orders).where(User.name == "a")
select(User).join(User.orders).where(Order.state == "new")
select(User).join(User.orders, isouter=True).where(User.name == "a")
select(User).join(User.orders).join(Order.items).where(Item.sku == "x")
select(User, Order).join(Order).where(User.name == "a")
select(User, Order).where(User.id == Order.user_id, Order.state == "x")
select(User).join(User.teams).where(Team.name == "red")
select(Team).join(Team.members).where(User.email == "a")
select(Item.id).join(Item.order).join(Order.user).where(User.email == "a")
select(User).join(Boss, User.manager_id == Boss.id).where(Boss.name == "x")
select(User).join(Order, and_(Order.user_id == User.id, Order.state == "x")).where(User.name == "y")
select(User).outerjoin(Order, and_(Order.user_id == User.id, Order.state == "x")).where(User.name == "y")
select(Order).select_from(User).join(Order).where(User.name == "x")
select(Order.id, User.name).join_from(Order, User).where(User.name == "x")
select(User).select_from(join(User, Order, User.id == Order.user_id)).where(Order.total == 3)
select(User).select_from(outerjoin(User, Order, User.id == Order.user_id)).where(User.age == 3)
select(User).where(User.orders.any())
select(User).where(User.orders.any(Order.state == "x"))
select(User).where(~User.orders.any(Order.state == "x"))
select(User).where(User.teams.any(Team.name == "x"))
select(Order).where(Order.user.has(User.name == "x"))
select(Order).where(Order.user.has(name="x"))
select(User).where(User.orders.any(Order.items.any(Item.sku == "x")))
select(User).where(exists().where(Order.user_id == User.id))
select(User).where(exists(select(Order.id).where(Order.user_id == User.id, Order.total > 3)))
select(User).where(select(Order.id).where(Order.user_id == User.id).exists())
select(User).where(~exists().where(Order.user_id == User.id))
select(User).where(User.id.in_(select(Order.user_id).where(Order.state == "x")))
select(User).where(User.id.not_in(select(Order.user_id).where(Order.state == "x")))
select(User).where(User.id == select(Order.user_id).where(Order.id == 3).scalar_subquery())
select(User.id, select(func.count(Order.id)).where(Order.user_id == User.id).scalar_subquery()).where(User.name == "a")
select(select(Order).where(Order.state == "x").subquery())
select(User).join(select(Order.user_id, Order.total).where(Order.state == "x").subquery())
select(User).where(tuple_(User.name, User.age).in_([("a", 1), ("b", 2)]))
select(User).where(case((User.age > 3, 1), else_=0) == 1)
union(select(User.id).where(User.name == "a"), select(User.id).where(User.age == 3))
union_all(select(User.id).where(User.name == "a"), select(Order.user_id).where(Order.total == 3))
select(User.id).where(User.name == "a").union(select(User.id).where(User.age == 3))
update(User).where(User.name == "x").values(age=3)
update(User).where(User.email == "x").values(age=User.age + 1)
update(User).where(User.id.in_([1, 2])).values(is_active=False)
update(User).values(age=3)
update(Order).where(Order.user_id == 3, Order.state == "x").values(state="y")
delete(User).where(User.name == "x")
delete(Order).where(Order.placed_at < datetime.datetime(2020, 1, 1))
delete(Order).where(Order.user_id.in_(select(User.id).where(User.name == "x")))
delete(Order).filter_by(user_id=3)
select(membership.c.team_id).where(membership.c.user_id == 3)
select(membership).where(membership.c.team_id == 3)
select(User).join(membership, membership.c.user_id == User.id).where(membership.c.team_id == 3)
membership.select().where(membership.c.team_id == 3)
membership.delete().where(membership.c.team_id == 3)
membership.update().where(membership.c.team_id == 3).values(user_id=4)
delete(membership).where(membership.c.user_id == 3)
select(User).where(User.__table__.c.name == "x")
select(Order).where(Order.user == User(id=3))
select(Order).where(Order.note.is_(None), Order.user_id == 3)
select(Order).where(Order.note == None, Order.state == "new").order_by(Order.placed_at).limit(10)
select(Order).where(Order.placed_at >= datetime.datetime(2020, 1, 1), Order.placed_at < datetime.datetime(2021, 1, 1))
select(Order).where(func.date(Order.placed_at) == "2020-01-01")
select(Order).where(Order.total * 2 > 10)
select(Order).where(Order.state.in_(["a", "b"]), Order.user_id == 3).order_by(Order.placed_at.desc()).limit(20)
select(Order).where(literal(3) == Order.user_id)
select(Order).where(Order.user_id == 3).with_for_update()
select(Order).where(Order.user_id == 3).limit(1).offset(3)
select(Order).where(true(), Order.user_id == 3)
select(Order).filter(*[Order.user_id == 3, Order.state == "x"])
select(Order).where(and_(*[Order.user_id == 3, Order.state == "x"]))
select(Order).where(or_(*[Order.user_id == 3, Order.total == 4]))
select(Order).where(Order.user_id == 3).execution_options(populate_existing=True)
select(Boss).where(Boss.name == "x")
select(User).options(joinedload(User.orders)).where(User.name == "x")
select(Order).options(joinedload(Order.user)).where(Order.total == 3)
select(User, Boss).join(Boss, Boss.id == User.manager_id).where(User.name == "x")
select(User).where(User.name.regexp_match("a.*"))
select(User).where(User.name.icontains("a"))
select(User).where(User.name.istartswith("a"))
select(User).where(User.name.startswith("a", autoescape=True))
select(User).where(User.name.contains("a", autoescape=True))
select(User).where(User.email.is_not_distinct_from("x"))
select(User).where(User.age.between(1, 3), User.is_active)
select(User).where(~User.age.between(1, 3))
select(User).where(User.age.in_(select(Order.total)))
select(User).where(User.id.in_(select(Order.user_id)))
select(User).where(User.id.in_(select(Order.user_id).distinct()))
select(User).where(User.id.in_(select(Order.user_id).group_by(Order.user_id).having(func.count() > 3)))
select(User).where(User.id.in_(select(Order.user_id).where(Order.total > 3).scalar_subquery()))
select(User).where(User.age > select(func.avg(Order.total)).scalar_subquery())
select(User).where(exists(select(1).where(Order.user_id == User.id)))
select(User).where(exists(select(Order).where(Order.user_id == User.id, Order.state.in_(["a", "b"]))))
select(User).where(exists().where(and_(Order.user_id == User.id, Order.total > User.age)))
select(User).where(or_(exists().where(Order.user_id == User.id), User.name == "x"))
select(User).where(and_(True, User.name == "x"))
select(User).where(and_(User.name == "x"))
select(User).where(or_(User.name == "x"))
select(User).where(or_(User.name == "x", User.name.like("y%")))
select(User).where(or_(User.email == "x", and_(User.name == "y", User.age > 3)))
select(User).where(or_(User.email == "x", User.id == 3)).order_by(User.id).limit(1)
select(User).where(User.name == "x", or_(User.age == 3, User.age.is_(None)))
select(User).where(not_(and_(User.name == "x", User.age == 3)))
select(User).where(~(User.name == "x"))
select(User).where(~((User.name == "x") | (User.age == 3)))
select(User).where(User.name == User.email)
select(User).where(User.name != User.email, User.age == 3)
select(User).where(User.age == -1)
select(User).where(User.age % 2 == 0)
select(User).where(3 < User.age)
select(User).where(User.age == 1 + 2)
select(User).where(func.lower(User.name).like("a%"))
select(User).where(func.lower(User.name).in_(["a", "b"]))
select(User).where(func.length(User.name) > 3)
select(User).where(func.trim(User.name) == "x")
select(User).where(func.substr(User.name, 1, 3) == "abc")
select(User).where(User.name == func.lower("A"))
select(User).where(User.created_at >= func.now())
select(User).where(User.created_at >= func.now() - 3)
select(User).where(User.created_at.between(datetime.datetime(2020, 1, 1), func.now()))
select(User).where(func.coalesce(User.name, "") == "x")
select(User).where(func.coalesce(None, User.name) == "x")
select(User).where(cast(User.id, String).like("1%"))
select(User).where(tuple_(User.name, User.id) > tuple_(literal("a"), literal(3))).order_by(User.name, User.id).limit(5)
select(User).order_by(User.name.asc().nulls_first()).limit(3)
select(User).order_by(User.created_at.desc(), User.id.desc()).limit(3)
select(User).order_by("name").limit(3)
select(User).order_by(func.random()).limit(3)
select(User).order_by(case((User.is_active, 1), else_=0), User.name).limit(3)
select(User).order_by(func.coalesce(User.age, 0)).limit(3)
select(User).order_by(User.name).fetch(3)
select(User).order_by(User.name).slice(0, 3)
select(User).order_by(User.name).order_by(User.age).limit(3)
select(User).where(User.age == 3).offset(5)
select(User.name, func.max(User.age)).group_by(User.name).order_by(func.max(User.age).desc()).limit(3)
select(User.age, func.count()).where(User.is_active).group_by(User.age).having(User.age > 3)
select(func.count(distinct(User.name)))
select(func.count(User.name.distinct())).where(User.age == 3)
select(func.max(User.age), func.min(User.age))
select(func.max(User.age)).where(User.name == "x")
select(func.sum(Order.total)).join(User).where(User.email == "x")
select(func.count()).select_from(Order).join(User).where(User.email == "x")
select(func.count()).select_from(select(User).where(User.name == "x").subquery())
select(func.row_number().over(partition_by=Order.user_id, order_by=Order.placed_at.desc())).where(Order.state == "x")
select(Order, User.name).join(User, isouter=True).where(Order.state == "x")
select(Order, User.name).join(User, full=True).where(Order.state == "x")
select(Order).join(User).join(membership, membership.c.user_id == User.id).where(membership.c.team_id == 3)
select(Order).join(User).join(User.teams).where(Team.name == "x")
select(Order).join(Order.items).where(Item.sku == "x", Order.state == "y")
select(Order).join(Order.items.and_(Item.quantity > 3)).where(Order.state == "y")
select(Order).outerjoin(Order.items).where(Item.id.is_(None))
select(Order).outerjoin(Order.items).where(Item.sku == "x")
select(Order).outerjoin(Item).filter(or_(Item.sku == "x", Order.total == 3))
select(User).join(Order, User.id == Order.user_id).join(Item, Item.order_id == Order.id).where(Item.sku == "x")
select(User).join(Order, (User.id == Order.user_id) & (Order.total > 3))
select(User).join_from(User, Order).where(Order.state == "x")
select(User).join(User.orders.of_type(Order)).where(Order.state == "x")
select(User).join(Boss, User.manager_id == Boss.id, isouter=True).where(Boss.id.is_(None))
select(User).where(User.manager_id == Boss.id, Boss.email == "x")
select(User).where(User.id.in_(select(membership.c.user_id).where(membership.c.team_id == 3)))
select(User).where(User.teams.any(Team.id == 3))
select(User).where(User.teams.any(name="x"))
select(User).where(~User.teams.any())
select(Team).where(Team.members.any(User.name == "x"))
select(Team).join(membership).where(membership.c.user_id == 3)
select(Item).where(Item.order.has(Order.user.has(User.email == "x")))
select(Item).where(Item.order.has(user_id=3))
select(Item).where(~Item.order.has())
select(Order).where(Order.user == None)
select(Order).where(Order.user != None)
select(Order).where(Order.user_id.is_(None))
select(Order).where(User.orders.any()).where(Order.user_id == User.id)
select(User).join(User.orders).options(contains_eager(User.orders)).where(Order.state == "x")
select(User).options(load_only(User.name), defer(User.age)).where(User.name == "x")
select(User).with_only_columns(User.id).where(User.name == "x")
select(User).where(User.name == "x").with_only_columns(func.count())
select(User).where(User.name == "x").with_for_update(skip_locked=True).order_by(User.id).limit(1)
select(User).where(User.name == bindparam("n", "x"))
select(User.id).where(User.name == "a").intersect(select(User.id).where(User.age == 3))
intersect(select(User.id).where(User.name == "a"), select(Order.user_id).where(Order.total == 3))
except_(select(User.id).where(User.name == "a"), select(Order.user_id).where(Order.total == 3))
union_all(select(User.id), select(Order.user_id)).order_by("id").limit(3)
select(select(User).where(User.age == 3).subquery().c.name)
select(select(User.id, User.name).where(User.age == 3).cte("q"))
select(aliased(User, select(User).where(User.name == "x").subquery()))
select(User).where(User.__table__.c.email == "x")
select(User.__table__).where(User.__table__.c.email == "x")
select(User.__table__.c.id).select_from(User.__table__).where(User.__table__.c.name == "x")
select(membership.c.user_id, func.count()).group_by(membership.c.user_id)
select(membership).join(User).where(User.email == "x")
select(membership).where(membership.columns.team_id == 3)
update(User).where(User.id == select(Order.user_id).where(Order.id == 3).scalar_subquery()).values(age=3)
update(User).where(User.id == Order.user_id, Order.state == "x").values(age=3)
update(User).where(User.id.in_(select(Order.user_id).where(Order.state == "x"))).values(age=3)
update(User).where(User.name == "x").values({User.age: 3})
update(User).where(User.name == "x").values({"age": User.age + 1}).returning(User.id)
update(User).filter(User.name == "x").values(age=3)
update(User).filter_by(name="x").values(age=3)
update(membership).where(membership.c.team_id == 3).values(user_id=3)
delete(User).where(User.id.in_([1, 2]), User.name == "x")
delete(User).where(~exists().where(Order.user_id == User.id))
delete(User).where(~User.orders.any())
delete(membership).where(membership.c.user_id.in_(select(User.id).where(User.name == "x")))
delete(User).where(User.name == "x").returning(User.id)
insert(Order).from_select(["user_id", "total"], select(User.id, User.age).where(User.name == "x"))
select(User).where(User.name.in_(("a", "b")))
select(User).where(User.name.in_({"a"}))
select(User).where(User.name.in_(x for x in ["a", "b"]))
select(User).where(User.name == "a", User.name == "b")
select(User).where((User.name == "a") & (User.age == 3) | (User.email == "x"))
select(User).where(User.name == "x").where(User.age.in_([1, 2])).order_by(User.created_at.desc()).limit(10).offset(20)
select(User).where(User.is_active != False)
select(User).where(User.is_active == False)
select(User).where(User.is_active.is_(None))
select(User).where(func.date(User.created_at) == datetime.date(2020, 1, 1))
select(User).where(extract("month", User.created_at) == 3, User.name == "x")
'''.splitlines() if line]  # fmt: skip

RUN = [line for line in '''
session.get(User, 3)
session.query(User).filter(User.name == "x").first()
session.query(User).filter(User.email == "x").one_or_none()
session.query(User).filter_by(email="x").first()
session.query(User).filter(User.name == "x").count()
session.query(User).filter(User.name == "x").order_by(User.created_at.desc()).first()
session.query(User).filter(User.name == "x").order_by(User.id).all()
session.query(User).filter(User.name == "x").limit(3).all()
session.query(User.id, User.name).filter(User.age == 3).all()
session.query(User).get(3)
session.query(func.count(User.id)).filter(User.name == "x").scalar()
session.query(func.max(Order.total)).filter(Order.user_id == 3).scalar()
session.query(User).filter(User.name == "x").delete()
session.query(User).filter(User.name == "x").update({"age": 3})
session.query(Order).join(User).filter(User.email == "x").all()
session.query(Order).join(Order.user).filter(User.email == "x").first()
session.query(User, Order).filter(User.id == Order.user_id).filter(Order.state == "x").all()
session.query(User).outerjoin(User.orders).filter(User.name == "x").all()
session.query(User).filter(User.name.in_(["x", "y"])).all()
session.query(User).filter(or_(User.name == "x", User.email == "y")).all()
session.query(Order).filter(Order.user_id == 3).order_by(Order.placed_at.desc()).limit(5).all()
session.query(Order.state, func.count(Order.id)).filter(Order.user_id == 3).group_by(Order.state).all()
session.query(Order).filter(Order.user_id == 3)[0:5]
session.scalars(select(User).where(User.name == "x")).first()
session.scalar(select(User).where(User.email == "x"))
session.execute(select(User).where(User.name == "x").limit(1)).scalar_one_or_none()
session.query(exists().where(User.name == "x")).scalar()
session.query(Order).filter(Order.user.has(User.name == "x")).all()
session.query(User).filter(User.orders.any(Order.total > 3)).all()
session.query(Order).filter(Order.state == "x", Order.total > 3).with_entities(Order.id).all()
session.query(User).filter(User.name == "x").filter(User.age > 3).order_by(User.id.desc()).limit(5).all()
session.query(User).filter_by(name="x").filter(User.age == 3).exists()
session.query(session.query(User).filter_by(name="x").exists()).scalar()
session.query(User).filter(User.id.in_(session.query(Order.user_id).filter(Order.state == "x"))).all()
session.query(User).filter(User.id.in_(session.query(Order.user_id).filter(Order.state == "x").subquery())).all()
session.query(User).join(Order).filter(Order.state == "x").distinct().all()
session.query(User).join(Order, Order.user_id == User.id).filter(Order.state == "x").count()
session.query(User).join(User.orders).join(Order.items).filter(Item.sku == "x").all()
session.query(User).outerjoin(Order, and_(Order.user_id == User.id, Order.state == "x")).filter(Order.id == None).all()
session.query(User).select_from(Order).join(User).filter(Order.state == "x").all()
session.query(User.name).group_by(User.name).having(func.count(User.id) > 3).all()
session.query(User.age, func.count()).group_by(User.age).order_by(func.count().desc()).limit(3).all()
session.query(func.count()).select_from(User).filter(User.name == "x").scalar()
session.query(User).filter(User.name.ilike("%x%")).offset(3).limit(3).all()
session.query(User).order_by(User.name).first()
session.query(User).order_by(User.name)[:5]
session.query(User).filter(User.name == "x").scalar()
session.query(User).filter(User.name == "x").yield_per(10).all()
session.query(User).filter(User.email == "x").with_for_update().first()
session.query(User).filter(User.email == "x").update({User.age: 3}, synchronize_session=False)
session.query(User).filter(User.id.in_([1, 2])).delete(synchronize_session=False)
session.query(Order).filter(Order.user.has(email="x")).order_by(Order.placed_at.desc()).first()
session.query(User, func.count(Order.id)).outerjoin(Order).group_by(User.id).all()
session.query(User).union(session.query(User).filter(User.age == 3)).all()
session.query(User).filter(User.name == "x").union_all(session.query(User).filter(User.age == 3)).all()
session.query(User).filter(User.name == "x").subquery()
session.query(User).with_entities(User.id).filter(User.name == "x").all()
session.query(User).get(ident=3)
session.scalars(select(User).filter_by(email="x")).one_or_none()
session.scalars(select(User).where(User.name == "x").order_by(User.age).limit(1)).first()
session.execute(select(User.id).where(User.name == "x")).scalars().all()
session.execute(select(User).where(User.name == "x")).unique().scalars().all()
session.execute(update(User).where(User.name == "x").values(age=3))
session.execute(delete(User).where(User.name == "x"))
session.scalar(select(func.count()).select_from(User).where(User.name == "x"))
session.scalar(select(exists().where(User.name == "x")))
session.scalar(exists().where(User.name == "x").select())
session.query(User).where(User.name == "x").all()
session.query(Order).filter(Order.user_id == 3).order_by(desc("placed_at")).limit(5).all()
session.query(Order).filter(Order.state == "x").enable_eagerloads(False).all()
session.query(User).filter(~User.id.in_(session.query(Order.user_id))).all()
session.query(Boss).filter(Boss.name == "x").all()
session.query(User).join(Boss, Boss.id == User.manager_id).filter(Boss.name == "x").all()
session.query(User).filter(User.name.between("a", "b")).all()
session.query(func.min(Order.placed_at), func.max(Order.placed_at)).all()
'''.splitlines() if line]  # fmt: skip

MAKE = """
import json
from models import *
from sqlalchemy.dialects import postgresql, sqlite

dialect = {"postgres": postgresql, "sqlite": sqlite}[DIALECT].dialect()
made = []
for line in CASES:
    statement = eval(line)
    said = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    if DIALECT == "postgres":
        # Put together by the planner, before it looks for an index.
        said = said.replace("%%", "%").replace("' || '", "")
    made.append([said])
print(json.dumps(made))
"""

RUN_ALL = """
import json
from models import *
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
said = []

def literal_of(value):
    return "NULL" if value is None else repr(value)

@event.listens_for(engine, "before_cursor_execute")
def note(connection, cursor, statement, parameters, context, many):
    for value in parameters:
        statement = statement.replace("?", literal_of(value), 1)
    said.append(statement)

made = []
for line in CASES:
    with Session(engine) as session:
        said.clear()
        eval(line)
        made.append(list(said))
print(json.dumps(made))
"""


def _queries(cases: list[str]) -> str:
    head = "from models import *\n"
    return head + "".join(f"def case_{n}(session): return {_run(case)}\n" for n, case in enumerate(cases))


def _run(case: str) -> str:
    return case if "session." in case else f"session.execute({case})"


def test_there_are_enough_cases() -> None:
    assert len(STATEMENTS) + len(RUN) >= 150
    assert len({*STATEMENTS, *RUN}) == len(STATEMENTS) + len(RUN)


@pytest.mark.parametrize("dialect", ["postgres", "sqlite"])
def test_statements_ask_what_their_sql_asks(dialect: str, tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(MODELS)
    sql = answered(f"CASES = {STATEMENTS!r}\nDIALECT = {dialect!r}\n{MAKE}", tmp_path)
    found, schema = understood({"models.py": MODELS, "queries.py": _queries(STATEMENTS)}, dialect)
    assert not (said := differences(STATEMENTS, 2, found, sql, dialect, schema)), "\n".join(said)


def test_queries_that_are_run_ask_what_their_sql_asks(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(MODELS)
    sql = answered(f"CASES = {RUN!r}\n{RUN_ALL}", tmp_path)
    found, schema = understood({"models.py": MODELS, "queries.py": _queries(RUN)}, "sqlite")
    assert not (said := differences(RUN, 2, found, sql, "sqlite", schema)), "\n".join(said)
