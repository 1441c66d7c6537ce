"""Runs the statements of a migration in one's head: in order, loops over literal values unrolled, helpers entered.

Both arms of a condition are taken, as either may have run: an index that may exist exists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from fragaudit.link.abstract import FunctionRef
from fragaudit.link.orm.reader import INSIDE, Read, Reader, View
from fragaudit.link.program import Place
from fragaudit.model.facts import Binding, Use
from fragaudit.model.values import UNKNOWN, Attr, Call, Lit, Map, Seq, Value, calls, children, dotted

DEEPEST_CALLS = 8
MOST_ROUNDS = 200
MOST_STATEMENTS = 1_500
"""Of one migration, loops and helpers counted as often as they run."""


class _Statement(NamedTuple):
    line: int
    column: int
    what: Binding | Use


class Interpreter:
    """Walks functions. `operation` is told of each call, outermost first, and says whether it has dealt with it."""

    def __init__(self, reader: Reader, operation: Callable[[Call, View], bool]) -> None:
        self.reader = reader
        self.program = reader.program
        self._operation = operation
        self._statements: dict[Place, list[_Statement]] = {}
        self._stack: list[Place] = []
        self._left = 0

    def run(self, function: Place, names: dict[str, Read] | None = None) -> None:
        """Run a function with what its parameters stand for."""
        if not self._stack:
            self._left = MOST_STATEMENTS
        if function in self._stack or len(self._stack) >= DEEPEST_CALLS:
            return
        self._stack.append(function)
        self._block(self.statements(function), function, dict(names or {}))
        self._stack.pop()

    def statements(self, function: Place) -> list[_Statement]:
        """Return the statements of a scope in source order."""
        known = self._statements.get(function)
        if known is None:
            file = self.program.files[function.file]
            found: list[_Statement] = []
            for binding in file.bindings:
                if binding.scope == function.scope and not (binding.how == "for" and binding.at == INSIDE):
                    found.append(_Statement(binding.at[0], binding.at[1], binding))
            for use in file.uses:
                if use.scope == function.scope and use.how != "test":
                    inner = next(iter(calls(use.value)), None)
                    found.append(
                        _Statement(use.line or (inner.at[0] if inner else 0), inner.at[1] if inner else 1, use)
                    )
            known = self._statements[function] = sorted(found, key=lambda s: (s.line, s.column))
        return known

    def _block(self, statements: Sequence[_Statement], place: Place, names: dict[str, Read]) -> None:
        number = 0
        while number < len(statements):
            self._left -= 1
            if self._left < 0:
                return
            statement = statements[number]
            what = statement.what
            if isinstance(what, Binding) and what.how == "for" and what.at[2] > what.at[0]:
                group = [s.what for s in statements[number:] if isinstance(s.what, Binding) and s.what.at == what.at]
                body = [s for s in statements[number + len(group) :] if _inside(s, what)]
                self._loop([b for b in group if isinstance(b, Binding)], body, place, names)
                number += len(group) + len(body)
                continue
            number += 1
            if isinstance(what, Use):
                self._calls(what.value, View(place, dict(names)))
            elif what.value is not None:
                if what.how == "for":
                    names[what.target] = Read(UNKNOWN, View(place))
                    continue
                view = View(place, dict(names))
                self._calls(what.value, view)
                if what.how in ("=", "with", "walrus") and "[" not in what.target:
                    names[what.target] = Read(what.value, view)

    def _loop(
        self, targets: Sequence[Binding], body: Sequence[_Statement], place: Place, names: dict[str, Read]
    ) -> None:
        iterated = targets[0].value if targets else None
        rounds = self.rounds(Read(iterated, View(place, dict(names)))) if iterated is not None else None
        if rounds is None:
            for target in targets:
                names[target.target] = Read(UNKNOWN, View(place))
            self._block(body, place, names)
            return
        for parts in rounds[:MOST_ROUNDS]:
            fitted = self._fitted(parts, len(targets))
            for position, target in enumerate(targets):
                names[target.target] = fitted[position] if position < len(fitted) else Read(UNKNOWN, View(place))
            self._block(body, place, names)

    def rounds(self, read: Read) -> list[list[Read]] | None:
        """Return what a loop runs over, round by round: a display, `items()`, `enumerate` and `zip` of displays."""
        followed = self.reader.follow(read)
        value, view = followed.value, followed.view
        if isinstance(value, Call):
            name = dotted(value.func)
            inner = [self.rounds(Read(a.value, view)) for a in value.args if a.name is None]
            known = [each for each in inner if each is not None]
            if name == "enumerate" and known:
                return [[Read(Lit(number), view), *parts] for number, parts in enumerate(known[0])]
            if name == "zip" and known and len(known) == len(inner):
                return [[part for parts in together for part in parts] for together in zip(*known, strict=False)]
            if isinstance(value.func, Attr) and value.func.name in ("items", "keys", "values") and not value.args:
                return self._entries(value.func.name, self.reader.follow(Read(value.func.base, view)))
        items = self.reader.items(followed)
        return [[item] for item in items] if items is not None else None

    def _entries(self, what: str, read: Read) -> list[list[Read]] | None:
        if not isinstance(read.value, Map):
            return None
        pairs = [(e.key, e.value) for e in read.value.entries if e.key is not None]
        chosen = {"items": (0, 1), "keys": (0,), "values": (1,)}[what]
        return [[Read(pair[place], read.view) for place in chosen] for pair in pairs]

    def _fitted(self, parts: list[Read], count: int) -> list[Read]:
        """Return what a loop's targets get: parts opened from the left until there is one for each."""
        parts = list(parts)
        for _ in range(count):
            if len(parts) >= count:
                break
            for number, part in enumerate(parts):
                opened = self.reader.follow(part)
                if isinstance(opened.value, Seq):
                    parts[number : number + 1] = [Read(item, opened.view) for item in opened.value.items]
                    break
            else:
                break
        return parts

    def _calls(self, value: Value, view: View) -> None:
        stack = [value]
        while stack:
            top = stack.pop()
            if isinstance(top, Call):
                if self._operation(top, view):
                    continue
                if self._entered(top, view):
                    continue
            stack.extend(reversed(children(top)))

    def _entered(self, call: Call, view: View) -> bool:
        """Run a function of the project that is called."""
        for meaning in self.reader.meanings(call.func, view):
            if isinstance(meaning, FunctionRef) and self.program.scope(meaning.place).kind == "function":
                self.run(meaning.place, self.reader.arguments(call, view, meaning))
                return True
        return False


def _inside(statement: _Statement, loop: Binding) -> bool:
    """Say whether a statement stands in a loop's body. The loop's end is the beginning of a line, at times its last."""
    return statement.line < loop.at[2] or (statement.line == loop.at[2] and statement.column > loop.at[1])
