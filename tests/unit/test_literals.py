"""Literals are read at a glance where that is possible, and then as libcst reads them, to the last column."""

import pytest

from fragaudit.extract.python.literals import Part, placed_parts
from fragaudit.extract.python.texts import read_literals

AT_A_GLANCE = [
    "'plain'",
    "R'raw \\' text' F'{a}'",
    r"'a\tb\x41 ESCAPE \'\\\' '",
    "'a' 'b'  \n  'c' # it's the last\n f'{d}'",
    "'continued \\\n  text' \\\n 'c'",
    '"""several\nlines %s"""',
    "f'{a}{b.c}'",
    "f'{ a }{b }'",
    "f'{{{a}}} {{}} {{'",
    "rf'\\d{a}\\n{{'",
    "f'{a!r}{b!s:>10}{c:.2f}{d::>3}{e:%Y-%m-%d}'",
    "f'{a[1:]!r:>10} {f(a=1)} {a[(1)]:2}'",
    "f'{a!=b}{a == b}'",
    "f'{a if b else c!s}{a,}{*a,}'",
    "f\"IN ({', '.join(f':{name}' for name in names)})\"",
    'f\'{a[":"]}{"}"}\'',
]
BY_A_PARSER = [
    "f'{a = }{b=}{c=!r}'",
    "f'{a:{b}}'",
    "f'{f(lambda x: y)}'",
    "f'{a[b[1]:2]}'",
    "f'{(a:=5)}'",
    "f'''{\na}'''",
    "'\\N{EM DASH}'",
]


@pytest.mark.parametrize("source", AT_A_GLANCE)
def test_a_glance_finds_what_the_parser_finds(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = read_literals(source, 3, 5)
    monkeypatch.setattr("fragaudit.extract.python.texts.read_literals", lambda *_: pytest.fail("no need to parse"))
    assert placed_parts(source, 3, 5) == parsed


@pytest.mark.parametrize("source", BY_A_PARSER)
def test_what_a_glance_may_misread_is_left_to_the_parser(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = [Part("as parsed", (0, 3, 5))]
    monkeypatch.setattr("fragaudit.extract.python.texts.read_literals", lambda *_: told)
    assert placed_parts(source, 3, 5) is told
