"""What one file says on its own: plain, immutable, serialisable. No syntax tree survives into it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from fragaudit.model.locations import Problem
from fragaudit.model.statements import Written
from fragaudit.model.values import Span, Value

NO_BRANCH = -1
MODULE_SCOPE = 0


class Import(Struct, frozen=True, array_like=True):
    """One name bound by an import.

    `module` is as written, `level` the number of leading dots, `name` what is taken from it (None for a plain
    import, `*` for all), `local` the name it gets here.
    """

    scope: int
    local: str
    module: str
    level: int
    name: str | None
    line: int
    branch: int = NO_BRANCH


class Parameter(Struct, frozen=True, array_like=True):
    """A parameter: kind is `positional`, `keyword`, `*` or `**`."""

    name: str
    kind: Literal["positional", "keyword", "*", "**"] = "positional"
    annotation: Value | None = None
    default: Value | None = None


class Scope(Struct, frozen=True, array_like=True):
    """A module (always number 0), class or function; its number is its place in `FileFacts.scopes`."""

    kind: Literal["module", "class", "function"]
    name: str
    parent: int
    span: Span
    parameters: tuple[Parameter, ...] = ()
    bases: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()
    decorators: tuple[Value, ...] = ()
    returns: Value | None = None
    branch: int = NO_BRANCH


class Branch(Struct, frozen=True, array_like=True):
    """One arm of a choice. Arms of one `group` exclude each other; `parent` is the arm this choice stands in.

    `subject` is what is tested (`match` subject, `if` condition), `label` the pattern or the value compared with;
    `terminal` says that the arm always leaves its block (returns, raises, breaks or continues); `scope` is where the
    choice stands.
    """

    parent: int
    group: int
    arm: int
    kind: Literal["if", "else", "match", "try", "except", "loop", "rest"]
    subject: Value | None = None
    label: Value | None = None
    terminal: bool = False
    scope: int = MODULE_SCOPE


class Binding(Struct, frozen=True, array_like=True):
    """`target = value` in a scope. The target is a name or `self.name`, an item as `name[]`.

    `how` tells assignments from `with … as`, bare annotations and loops: `for` is a statement's, `in` a comprehension's
    whose span `at` is. There the value is the iterable, and `key` which part of each element the target takes: None for
    all of it, a number, or a sequence of numbers for nested tuples.
    """

    scope: int
    target: str
    value: Value | None
    annotation: Value | None
    at: Span
    how: Literal["=", "with", "for", "in", "declare", "walrus", "+="] = "="
    key: Value | None = None
    branch: int = NO_BRANCH


class Use(Struct, frozen=True, array_like=True):
    """An expression whose value isn't bound: a statement, what is returned or yielded, a condition."""

    scope: int
    how: Literal["expression", "return", "yield", "test", "default", "decorator"]
    value: Value
    line: int
    branch: int = NO_BRANCH


class Ignore(Struct, frozen=True, array_like=True):
    """An inline `fragaudit: ignore[rules] reason` comment; `line` is the line it speaks of."""

    line: int
    rules: tuple[str, ...]
    reason: str
    at: Span


class Ddl(Struct, frozen=True, array_like=True):
    """A statement that defines a table: its name and the engine hint of the text it was found in, if any."""

    table: str
    scope: int
    at: Span


class VectorSql(Struct, frozen=True, array_like=True):
    """A statement in a text that writes a vector into a row, orders rows by nearness, or defines columns of vectors.

    `table` is empty where it is computed, `column` the vector's. `sure`: the text itself says that it is one (a cast, a
    distance); else its name alone does. `scoped`: a search has a condition besides the distance. `computed`: what is
    written is nowhere in the text, only that rows are.
    """

    verb: Literal["write", "search", "type"]
    table: str
    column: str
    scope: int
    at: Span
    scoped: bool = False
    sure: bool = False
    computed: bool = False


class OwnFunction(Struct, frozen=True, array_like=True):
    """A function of a file, its first and last line, and which others speak of it: an empty name is no function's."""

    name: str
    first: int
    last: int
    callers: tuple[str, ...] = ()


class FileFacts(Struct, frozen=True):
    """All facts of one file. `parsed` is false where nothing in it could matter and it was not looked into.

    `mentions`: it speaks of a name the configuration gives, so what it imports matters too. `makes` are the names,
    some as `module.Class`, of classes that it calls. `functions` are those at its top level that nothing decorates.
    `brings` are the names that its functions import themselves, also those that were not looked into.
    """

    path: str
    language: Literal["python", "sql"]
    lines: int
    parsed: bool
    scopes: tuple[Scope, ...] = ()
    branches: tuple[Branch, ...] = ()
    imports: tuple[Import, ...] = ()
    bindings: tuple[Binding, ...] = ()
    uses: tuple[Use, ...] = ()
    tables: tuple[Ddl, ...] = ()
    vectors: tuple[VectorSql, ...] = ()
    written: tuple[Written, ...] = ()
    ignores: tuple[Ignore, ...] = ()
    problems: tuple[Problem, ...] = ()
    mentions: bool = False
    makes: tuple[str, ...] = ()
    functions: tuple[OwnFunction, ...] = ()
    brings: tuple[str, ...] = ()
