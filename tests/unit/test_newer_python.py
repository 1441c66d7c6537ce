"""Syntax of a newer Python than the one that runs us: read all the same, or said which Python it takes."""

from __future__ import annotations

import ast
import sys

import pytest

from fragaudit.extract.python.newer import needs, rewritten
from fragaudit.pipeline import audit_sources

HEAD = "import sqlite3\n\ndb = sqlite3.connect('app.db')\n\n"
SCHEMA = "CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT);\n"
ASKED = "    db.execute('SELECT id FROM notes WHERE title = ?', (x,))\n"


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("def find(x):\n    try:\n    " + ASKED + "    except KeyError, OSError:\n        pass\n", 7),
        ("type Title = str | None\n\ndef find(x: Title):\n" + ASKED, 8),
        ("type Pair[T] = tuple[T, T]\n\ndef find(x):\n" + ASKED, 8),
        ("def find[T: (int, str)](x: T) -> T:\n" + ASKED, 6),
        ("async def find[T: dict[str, int], **P](x: T) -> T:\n" + ASKED, 6),
        ("class Found[T](list):\n    def find[S](self, x: S):\n    " + ASKED, 7),
        ("def find[\n    T: int,\n    S,\n](x: T) -> S:\n" + ASKED, 9),
    ],
)
def test_it_is_read_in_any_python(code: str, line: int) -> None:
    report = audit_sources({"schema.sql": SCHEMA, "app.py": HEAD + code})
    assert report.problems == ()
    assert [f.at.line for f in report.findings if f.rule == "FA201"] == [line]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("except A, b.C:", "except(A, b.C):"),
        ("  except* A, B :", "  except*(A, B) :"),
        ("except (A, B):", "except (A, B):"),
        ("except A as e:", "except A as e:"),
        ("type X[T: int] = list[T]", "X              = list[T]"),
        ("type = 5", "type = 5"),
        ("type == X", "type == X"),
        ("type: str = x", "type: str = x"),
        ("def f[T](x): return x[0]", "def f   (x): return x[0]"),
        ("class A[T = int]: x = [1]", "class A         : x = [1]"),
        ("def f(x): return x[0]", "def f(x): return x[0]"),
        ("def f[\n  T\n](x): ...", "def f\\\n  \\\n (x): ..."),
        ("def f[", "def f["),
    ],
)
def test_words_stay_in_their_places(text: str, expected: str) -> None:
    assert rewritten(text) == expected


@pytest.mark.parametrize(
    ("text", "version"),
    [("try: ...\nexcept A, B: ...\n", "3.14"), ("x = t'{a}'\n", "3.14"), ("x = f'{a[\"b\"]}'\n", "3.12"),
     ("print('t')\n", "3.12")],
)  # fmt: skip
def test_which_python_it_takes(text: str, version: str) -> None:
    assert needs(text) == version


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads it")
def test_what_cannot_be_read_says_which_python_it_takes() -> None:
    code = "x = f'{a['b']}'\n"
    with pytest.raises(SyntaxError):
        ast.parse(code)
    (problem,) = audit_sources({"app.py": HEAD + code}).problems
    assert problem.at.line == 5
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    words = f"(it needs Python 3.12 or newer, and this is {version}: run fragaudit with a newer one)"
    assert problem.what.endswith(words)


@pytest.mark.parametrize("code", ['x = "\\xZZ"\n', 'x = b"é"\n', "x = {**a for a in b}\n"])
def test_what_no_python_reads_asks_for_none(code: str) -> None:
    (problem,) = audit_sources({"app.py": HEAD + code}).problems
    assert "run fragaudit" not in problem.what
