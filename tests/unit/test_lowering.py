"""What becomes of operators: linking and query reading need them as they were written."""

import ast

import pytest

from fragaudit.extract.python.lower import MOST_OPERANDS, Lowering
from fragaudit.extract.python.places import Places
from fragaudit.model.values import (
    UNKNOWN,
    Arg,
    Attr,
    Call,
    Either,
    Item,
    Lit,
    Operation,
    Other,
    Ref,
    Text,
    Value,
    calls,
)

A, B, C = Ref("a"), Ref("b"), Ref("c")


def lowered(source: str) -> Value:
    tree = ast.parse(source, mode="eval").body
    return Lowering(Places([source], source.isascii()), lambda *_: None).value(tree)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("a == 1", Operation("==", (A, Lit(1)))),
        ("a != None", Operation("!=", (A, Lit(None)))),
        ("a.b <= c", Operation("<=", (Attr(A, "b"), C))),
        ("a in b", Operation("in", (A, B))),
        ("a not in b", Operation("not in", (A, B))),
        ("a is not None", Operation("is not", (A, Lit(None)))),
        ("a & b & c", Operation("&", (A, B, C))),
        ("a & (b | c)", Operation("&", (A, Operation("|", (B, C))))),
        ("~a", Operation("~", (A,))),
        ("not a", Operation("not", (A,))),
        ("-a", Operation("-", (A,))),
        ("-1", Lit(-1)),
        ("a + b + 1", Operation("+", (A, B, Lit(1)))),
        ("a - b - c", Operation("-", (Operation("-", (A, B)), C))),
        ("a % b", Operation("%", (A, B))),
        ("a and b and c", Operation("and", (A, B, C))),
        ("a or b or c", Either((A, B, C))),
        ("a | None", Operation("|", (A, Lit(None)))),
        ("a[1:b]", Item(A, Operation(":", (Lit(1), B)))),
        ("a[:2]", Item(A, Operation(":", (Lit(None), Lit(2))))),
        ("1 < 2", UNKNOWN),
        ("a < b < c", Other((A, B, C))),
        ("a + 'x'", Text((A, Lit("x")))),
        ("'%s' % a", Text((A,))),
        ("a / b", Text((A, Lit("/"), B))),
    ],
)
def test_operators_become_operations(source: str, value: Value) -> None:
    assert lowered(source) == value


def test_a_chain_of_calls_under_an_operator_keeps_its_keywords() -> None:
    value = lowered("f(x=a) == g(b)(c)")
    assert [call.args for call in calls(value)] == [call.args for call in calls(lowered("(f(x=a), g(b)(c))"))]
    assert isinstance(value, Operation)
    assert isinstance(value.operands[0], Call)
    assert value.operands[0].args[0].name == "x"


@pytest.mark.parametrize("operator", ["-", "+", "|", "&"])
def test_a_long_chain_is_kept_flat(operator: str) -> None:
    names = [f"n{number}" for number in range(400)]
    value = lowered(operator.join(names))
    parts = value.parts if isinstance(value, Other) else value.options if isinstance(value, Either) else ()
    assert parts == tuple(Ref(name) for name in names)
    assert isinstance(lowered(operator.join(names[:MOST_OPERANDS])), Operation)


RUN = Call(Attr(A, "b"), (Arg(None, C), Arg("k", Lit(1))), (1, 1, 1, 1))


@pytest.mark.parametrize(
    "source",
    [
        "asyncio.to_thread(a.b, c, k=1)",
        "run_in_threadpool(a.b, c, k=1)",
        "anyio.to_thread.run_sync(partial(a.b, k=1), c, limiter=d)",
        "loop.run_in_executor(None, functools.partial(a.b, c, k=1))",
        "self.executor.submit(a.b, c, k=1)",
        "sync_to_async(a.b)(c, k=1)",
        "sync_to_async(a.b, thread_sensitive=True)(c, k=1)",
    ],
)
def test_what_runs_in_a_thread_is_a_call_of_it(source: str) -> None:
    value = lowered(source)
    assert isinstance(value, Call)
    assert (value.func, value.args) == (RUN.func, RUN.args)
    assert value.at == (1, 1, 1, len(source) + 1)


@pytest.mark.parametrize(
    "source",
    ["form.submit(a.b, c)", "page.run_sync(a.b)", "to_thread(*args)", "to_thread(lambda: a)", "run_in_executor(None)"],
)
def test_what_runs_nothing_that_is_named_is_a_call_of_itself(source: str) -> None:
    value = lowered(source)
    assert isinstance(value, Call)
    assert getattr(value.func, "name", "") == source.partition("(")[0].rpartition(".")[2]
