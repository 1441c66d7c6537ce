"""Calls that run, in a thread or an event loop, a function they are given: read as calls of that function."""

from __future__ import annotations

import ast
import re

from fragaudit.model.running import THREADS

_OWN = frozenset({"limiter", "abandon_on_cancel", "cancellable"})
"""Arguments of anyio's `to_thread.run_sync` that the function doesn't get."""

_ON = {"run_sync": re.compile("^to_thread$"), "submit": re.compile(r"executor|pool|threads", re.IGNORECASE)}
"""What methods of so common a name have to be called on."""

_BRIDGES = frozenset({"sync_to_async", "async_to_sync", "database_sync_to_async"})


def handed(call: ast.Call) -> ast.Call:
    """Return the call of the function that a call runs with the rest of its arguments, or the call itself.

    `asyncio.to_thread(client.insert, rows)`, `loop.run_in_executor(None, partial(client.insert, rows))` and
    `sync_to_async(client.insert)(rows)` all are `client.insert(rows)`. It keeps the place of the whole.
    """
    func = call.func
    if isinstance(func, ast.Call):
        bridge = _last(func.func) in _BRIDGES and len(func.args) == 1
        return _made(call, func.args[0], call.args, call.keywords) if bridge else call
    number = _number(func)
    if number is None or len(call.args) <= number or any(isinstance(a, ast.Starred) for a in call.args[: number + 1]):
        return call
    keywords = [k for k in call.keywords if k.arg not in _OWN] if _last(func) == "run_sync" else call.keywords
    return _made(call, call.args[number], call.args[number + 1 :], keywords)


def _number(func: ast.expr) -> int | None:
    """Return which argument of a function is the one it runs, None if it runs none."""
    name = _last(func)
    number = THREADS.get(name)
    if name in _ON and not (isinstance(func, ast.Attribute) and _ON[name].search(_last(func.value))):
        return None
    return number


def _made(whole: ast.Call, func: ast.expr, args: list[ast.expr], keywords: list[ast.keyword]) -> ast.Call:
    if isinstance(func, ast.Call) and _last(func.func) == "partial" and func.args:
        return _made(whole, func.args[0], [*func.args[1:], *args], [*func.keywords, *keywords])
    if not isinstance(func, (ast.Name, ast.Attribute)):
        return whole
    return ast.copy_location(ast.Call(func, args, keywords), whole)


def _last(func: ast.expr) -> str:
    if isinstance(func, ast.Attribute):
        return func.attr
    return func.id if isinstance(func, ast.Name) else ""
