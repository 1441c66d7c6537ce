"""Answers to questions that lead to one another: the same whatever was asked before, and found in bounded work."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fragaudit.catalogue import load
from fragaudit.extract import extract
from fragaudit.link.answers import DEEPEST, LARGEST_CIRCLE, MOST_PUT_OFF, Answers
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.program import Place, Program

Graph = dict[int, tuple[int, ...]]


class Asking:
    """Questions are numbers. Each is answered by itself and by what those it leads to are answered with."""

    def __init__(self, leads: Graph, first_only: bool = False, plain: frozenset[int] = frozenset()) -> None:
        self.leads = leads
        self.first_only = first_only
        self.plain = plain
        self.answers = Answers()
        self.worked = 0

    def of(self, number: int) -> tuple[int, ...]:
        """Return the answer to a question. `plain` ones lead to none but those that are not."""
        ask = self.answers.through if number in self.plain else self.answers.of
        return ask(number, self._work, number)

    def _work(self, number: int) -> tuple[int, ...]:
        self.worked += 1
        found = [number]
        for other in self.leads[number]:
            more = self.of(other)
            found += more
            if self.first_only and more:
                break
        return tuple(dict.fromkeys(found))


graphs = st.integers(2, 9).flatmap(
    lambda size: st.tuples(
        *[st.lists(st.integers(0, size - 1), max_size=4, unique=True).map(tuple) for _ in range(size)]
    )
)


@settings(max_examples=400, deadline=None)
@given(graphs, st.randoms(use_true_random=False), st.booleans())
def test_answers_do_not_depend_on_the_order_of_the_questions(
    leads: tuple[tuple[int, ...], ...], random: Random, first_only: bool
) -> None:
    graph = dict(enumerate(leads))
    alone = {number: Asking(graph, first_only).of(number) for number in graph}
    order = list(graph)
    random.shuffle(order)
    asking = Asking(graph, first_only)
    assert {number: asking.of(number) for number in order} == {number: alone[number] for number in order}


def test_an_answer_that_hangs_on_a_question_remembers_the_circles_on_its_way() -> None:
    graph: Graph = {0: (), 1: (4,), 2: (2, 3, 1), 3: (2,), 4: (1, 2, 0)}
    asking = Asking(graph, first_only=True)
    assert [asking.of(number) for number in (1, 2, 3)] == [(1, 4, 2, 3), (2, 3), (3, 2, 1, 4, 0)]


@settings(max_examples=400, deadline=None)
@given(graphs, st.randoms(use_true_random=False))
def test_questions_that_need_not_be_open_do_not_change_that(leads: tuple[tuple[int, ...], ...], random: Random) -> None:
    size = len(leads)
    # Between a question and those it leads to stands a plain one.
    graph = {number: (number + size,) for number in range(size)} | {n + size: to for n, to in enumerate(leads)}
    plain = frozenset(range(size, 2 * size))
    alone = {number: Asking(graph, plain=plain).of(number) for number in graph}
    order = list(graph)
    random.shuffle(order)
    asking = Asking(graph, plain=plain)
    assert {number: asking.of(number) for number in order} == {number: alone[number] for number in order}


@settings(max_examples=200, deadline=None)
@given(graphs)
def test_all_that_a_question_leads_to_is_in_its_answer(leads: tuple[tuple[int, ...], ...]) -> None:
    graph = dict(enumerate(leads))
    asking = Asking(graph)
    for number in graph:
        reached, stack = {number}, [number]
        while stack:
            new = set(graph[stack.pop()]) - reached
            reached |= new
            stack += new
        assert set(asking.of(number)) == reached


@pytest.mark.parametrize("backwards", [False, True])
def test_a_chain_deeper_than_questions_may_be_open(backwards: bool) -> None:
    length = 5 * DEEPEST
    asking = Asking({number: (number + 1,) for number in range(length)} | {length: ()})
    order = range(length, -1, -1) if backwards else range(length + 1)
    assert {number: asking.of(number) for number in order} == {n: tuple(range(n, length + 1)) for n in order}
    assert asking.worked < 4 * length


def test_questions_that_all_lead_to_one_another_are_answered_in_bounded_work() -> None:
    size = 60
    asking = Asking({number: tuple(range(size)) for number in range(size)})
    assert [sorted(asking.of(number)) for number in range(size)] == [list(range(size))] * size
    assert asking.worked <= size * size


@pytest.mark.parametrize("size", [LARGEST_CIRCLE // 4, 10 * LARGEST_CIRCLE])
def test_the_work_for_large_circles_is_bounded(size: int) -> None:
    graph: Graph = {
        number: ((number * 7 + 1) % size, (number * 3 + 2) % size, (number + 1) % size) for number in range(size)
    }
    asking = Asking(graph, first_only=True)
    for number in range(size):
        assert number in asking.of(number)
    assert asking.worked < (size * size if size < LARGEST_CIRCLE else 2 * MOST_PUT_OFF * size)


CIRCLE = b"""
import redis

def first(db=None):
    with opened(db) as session:
        return second(session)

def second(db=None):
    with opened(db) as session:
        return third(db=session)

def third(db=None):
    db = db or redis.Redis()
    fourth(db)
    return db

def fourth(db):
    return first(db)

def opened(db=None):
    if db is not None:
        yield db
    else:
        yield first(third(db))
"""


def test_what_names_mean_does_not_depend_on_what_was_asked_before() -> None:
    catalogue = load()
    program = Program([extract("app.py", "python", CIRCLE, catalogue)], catalogue.roots)
    places = [Place(0, number) for number in range(len(program.files[0].scopes))]
    asked = [(place, name) for place in places for name in ("db", "session", "first", "third", "opened")]
    alone = {one: Evaluator(program, catalogue).name(one[1], one[0]) for one in asked}
    for seed in range(20):
        order = list(asked)
        Random(seed).shuffle(order)
        evaluator = Evaluator(program, catalogue)
        assert {one: evaluator.name(one[1], one[0]) for one in order} == {one: alone[one] for one in order}
