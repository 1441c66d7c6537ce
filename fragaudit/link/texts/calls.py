"""What calls give: methods of texts, functions of libraries that wrap a text, functions of the project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fragaudit.link.abstract import Bound, External, FunctionRef, Handle
from fragaudit.link.pieces import Fixed, Gap, Pieces, constant, replaced, source_of, stripped
from fragaudit.link.texts.displays import containers
from fragaudit.link.texts.fields import BRACES, Given, filled_in
from fragaudit.link.texts.functions import returned
from fragaudit.link.texts.lists import joined_list
from fragaudit.link.texts.reading import Reading
from fragaudit.link.texts.search import Search
from fragaudit.model.values import Attr, Call, Ref, Seq

_KEEPING = frozenset(
    {"encode", "decode", "lower", "upper", "casefold", "expandtabs", "as_string", "as_bytes", "bindparams", "columns",
     "execution_options", "options", "__str__", "compile", "removeprefix", "removesuffix"}
)  # fmt: skip
_WRAPPING = frozenset({"text", "SQL", "DDL", "TextClause", "literal_column", "dedent", "cleandoc", "str", "quoted_name",
                       "Composed", "indent", "cast", "LiteralString"})  # fmt: skip
_LIBRARIES = ("sqlalchemy", "sqlmodel", "psycopg", "psycopg2", "textwrap", "inspect", "str", "builtins", "typing",
              "alembic", "databases", "sqlparse", "asyncpg", "flask_sqlalchemy")  # fmt: skip


def of_call(call: Call, reading: Reading, search: Search) -> Iterator[Pieces]:
    """Yield the texts that a call gives."""
    func = call.func
    if isinstance(func, Attr):
        texts = _of_method(call, func, reading, search)
        if texts is not None:
            yield from texts
            return
    for callee in search.evaluator.evaluate(func, reading.place):
        match callee:
            case FunctionRef():
                yield from returned(callee.place, call.args, reading, search)
            case External():
                yield from _library(callee.name, call, reading, search)
            case Bound() | Handle():
                name = callee.method if isinstance(callee, Bound) else callee.name.rpartition(".")[2]
                if name in ("text", "SQL") and call.args:
                    yield from search.texts(call.args[0].value, reading)
            case _:
                continue
    if isinstance(func, Ref) and func.name == "str" and call.args:
        yield from search.texts(call.args[0].value, reading)


def _of_method(call: Call, func: Attr, reading: Reading, search: Search) -> Sequence[Pieces] | None:
    """Return what a method of a text gives; None if it is none."""
    plain = [a.value for a in call.args if a.name is None]
    named = {a.name: a.value for a in call.args if a.name is not None and a.name[0] != "*"}
    name = func.name
    if name in _KEEPING:
        return search.texts(func.base, reading)
    if name in ("strip", "lstrip", "rstrip"):
        characters = constant(search.texts(plain[0], reading)[0]) if plain else None
        return [
            stripped(text, characters, left=name != "rstrip", right=name != "lstrip")
            for text in search.texts(func.base, reading)
        ]
    if name == "replace" and len(plain) == 2:
        old = [constant(pieces) for pieces in search.texts(plain[0], reading)]
        new = search.texts(plain[1], reading)
        bases = search.texts(func.base, reading)
        if len(old) == 1 and old[0]:
            filler = new[0] if len(new) == 1 else (Gap(source_of(plain[1])),)
            return [replaced(text, old[0], filler) for text in bases]
        return bases
    if name in ("format", "format_map"):
        mappings = tuple(a.value for a in call.args if a.name == "**" or name == "format_map")
        given = Given(tuple(plain), named, mappings)
        return [t for text in search.texts(func.base, reading) for t in filled_in(text, BRACES, given, reading, search)]
    if name == "join" and len(plain) == 1:
        separators = search.texts(func.base, reading)
        return joined_list(separators[0], plain[0], reading, search)
    return None


def _library(name: str, call: Call, reading: Reading, search: Search) -> Iterator[Pieces]:
    last = name.rpartition(".")[2]
    root = name.partition(".")[0]
    if root not in _LIBRARIES or not call.args:
        if root in ("psycopg", "psycopg2") and last == "Placeholder":
            yield (Fixed("%s"),)
        return
    first = call.args[0].value
    if last == "Identifier":
        # Of `Identifier("schema", "table")` the last one names the thing.
        named = call.args[-1].value
        for text in (constant(pieces) for pieces in search.texts(named, reading)):
            yield (Fixed(f'"{text}"'),) if text is not None else (Gap(source_of(named)),)
    elif last == "Placeholder":
        names = [constant(pieces) for pieces in search.texts(first, reading)]
        yield (Fixed(f"%({names[0]})s" if names and names[0] else "%s"),)
    elif last == "Literal":
        yield (Gap(source_of(first), bound=True),)
    elif last == "Composed":
        for container, place in containers(first, reading, search):
            if isinstance(container, Seq):
                yield from search.joined(container.items, place)
    elif last in _WRAPPING:
        yield from search.texts(call.args[1 if last == "cast" and len(call.args) > 1 else 0].value, reading)
