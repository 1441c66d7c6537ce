"""SQL statements in Python: what is executed where, on which store, and SQL whose execution was not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fragaudit.catalogue import Catalogue, Operation
from fragaudit.link.abstract import Abstract, Bound, ClassRef, External, Handle, Instance
from fragaudit.link.compose import Composed, compose
from fragaudit.link.evaluate import Evaluator, argument_of
from fragaudit.link.identity import site_key
from fragaudit.link.once import Once
from fragaudit.link.openings import UNDECIDED, Opened, SiteKey
from fragaudit.link.pieces import Fixed, Pieces, readable
from fragaudit.link.program import Place, Program, Site
from fragaudit.link.sql import dialect_of
from fragaudit.link.sqlshape import BEGINS, CERTAIN, CYPHER, IMPOSSIBLE, QUALIFIED, STATEMENT
from fragaudit.link.texts import Reading, Texts
from fragaudit.model.layout import position
from fragaudit.model.locations import Location
from fragaudit.model.statements import Written
from fragaudit.model.values import Attr, Call, Lit, Placed, Ref, Seq, Text, Value, children
from fragaudit.model.values import Operation as Operator

MOST_STATEMENTS = 50_000

_EXECUTING = frozenset(
    {
        "execute", "executemany", "executescript", "execute_many", "execute_sql", "execute_fetchall", "execute_insert",
        "execute_async", "execute_values", "execute_batch", "exec_driver_sql", "exec", "fetch", "fetchrow", "fetchval",
        "fetch_all", "fetch_one", "fetch_val", "fetch_row", "fetchone", "fetchall", "fetchmany", "iterate", "query",
        "query_df", "raw", "run", "sql", "prepare", "cursor", "scalar", "scalars", "scalar_one", "stream",
        "stream_scalars", "read_sql", "read_sql_query", "mogrify", "copy_expert", "RunSQL", "run_sql", "select",
        "command", "callproc", "DDL", "executesql", "step",
    }
)  # fmt: skip
"""Names of methods and functions that execute SQL, whatever they belong to, if what they are given is SQL."""

_SECOND = frozenset({"execute_values", "execute_batch"})
_PARAMETERS = ("query", "sql", "statement", "stmt", "operation", "command", "text", "sql_script", "clause", "raw_query")
_UNDOING = frozenset({"downgrade", "rollback", "backwards", "unapply", "reverse", "revert"})
"""Functions of migrations that take a change of the schema back."""

_REVERSIBLE = frozenset({"RunSQL", "step"})
"""Steps of migrations that are given what takes them back as well."""

_OF_TEXT = frozenset({"format", "format_map", "strip", "lstrip", "rstrip", "replace"})
_NOT_EXECUTED = frozenset({"text", "rows_where"})


@dataclass(frozen=True, slots=True)
class Run:
    """A statement and what executes it: the call that opened the store, or the engine of the library, if known."""

    written: Written
    opening: SiteKey | None = None
    engine: str = ""
    file: int = 0


class Statements:
    """Finds the statements of a repository's Python files."""

    def __init__(self, evaluator: Evaluator, catalogue: Catalogue, opened: Sequence[Opened]) -> None:
        self._evaluator = evaluator
        self._engines = {o.key: o.engine for o in opened}
        self._engine_of_module = {
            entry.name.partition(".")[0]: entry.engine or library.engine
            for library in catalogue.libraries
            for entry in reversed(library.open)
        }
        self._program: Program = evaluator.program
        self._once = Once(self._program)
        self._catalogue = catalogue
        self._texts = Texts(evaluator)
        self._forwarding: set[str] = set()
        self._taken: set[tuple[int, int, int]] = set()
        self._found: dict[tuple[Location, str], Run] = {}
        self._undoing: dict[Place, bool] = {}

    def all(self) -> tuple[Run, ...]:
        """Return the statements in order of file and place: those executed, and what else is certainly SQL."""
        names = (
            _EXECUTING
            | {
                operation.name.rpartition(".")[2]
                for library in self._catalogue.libraries
                for group in (library.write, library.read, library.delete, library.container)
                for operation in group
                if operation.sql
            }
            - _NOT_EXECUTED
        )
        for site in self._program.sites:
            if getattr(site.call.func, "name", "") in names:
                self._site(site)
        self._forwarding = self._texts.forwarding(STATEMENT) - names
        for name in sorted(self._forwarding):
            for site in self._program.sites_by_name[name]:
                if not self._followed(site):
                    self._site(site)
        self._left()
        return tuple(sorted(self._found.values(), key=lambda run: (run.written.at, run.written.text)))

    # -- what is executed ------------------------------------------------------------------------------------------

    def _site(self, site: Site) -> None:
        if self._undoes(site.place):
            return
        argument, opening, engine, foreign = self._executed(site)
        if argument is None:
            return
        reading = Reading(site.place, site.call.at[:2], site.branch)
        if getattr(site.call.func, "name", "") in _REVERSIBLE:
            for second in site.call.args[1:]:
                for pieces in self._texts.of(second.value, reading):
                    self._take(pieces)
        for item in argument.items if isinstance(argument, Seq) else (argument,):
            if isinstance(item, Seq) and item.items:
                item = item.items[0]
            found = self._texts.of(item, reading)
            for pieces in found:
                text = readable(pieces)
                if not STATEMENT.match(text) or CYPHER.search(text):
                    continue
                if len(found) > 1 and IMPOSSIBLE.search(text):
                    self._take(pieces)
                    continue  # parts that are never used together
                self._take(pieces)
                if not foreign:
                    self._add(pieces, opening, engine, executed=True, script=_is_script(site.call))

    def _followed(self, site: Site) -> bool:
        """Say whether a call was found from what it calls."""
        func = site.call.func
        if not isinstance(func, Attr):
            return True
        return any(isinstance(b, (Instance, ClassRef)) for b in self._evaluator.evaluate(func.base, site.place))

    def _undoes(self, place: Place) -> bool:
        """Say whether a place is in the part of a migration that takes it back."""
        known = self._undoing.get(place)
        if known is None:
            function = self._program.enclosing_function(place)
            known = function is not None and self._program.scope(function).name in _UNDOING
            self._undoing[place] = known
        return known

    def _executed(self, site: Site) -> tuple[Value | None, SiteKey | None, str, bool]:
        """Return the statement a call executes, the opening and engine of its store, and whether that speaks no SQL."""
        func = site.call.func
        name: str = getattr(func, "name", "")
        for meaning in self._evaluator.evaluate(func, site.place):
            known = self._known(meaning, site, name)
            if known is not None:
                return known
        if name not in _EXECUTING and name not in self._forwarding:
            return None, None, "", False
        return self._argument(site.call, name), self._opening(site), "", False

    def _known(self, meaning: Abstract, site: Site, name: str) -> tuple[Value | None, SiteKey | None, str, bool] | None:
        match meaning:
            case Bound():
                handle = meaning.handle
            case External() if "." in meaning.name:
                handle = Handle(meaning.name.rpartition(".")[0])
            case _:
                return None
        opened = self._catalogue.open(handle.name)
        operations = self._catalogue.operations(handle.name, name)
        if not operations and handle.site is not None:
            operations = self._catalogue.operations_of_library(handle.name, name)
        opening = site_key(handle.site) if handle.site is not None else None
        engine = self._engines.get(opening, "") if opening is not None else ""
        engine = engine or (opened.engine if opened is not None else "")
        if not engine and operations:
            engine = self._engine_of_module.get(handle.name.partition(".")[0], "")
        foreign = bool(engine) and not dialect_of(engine) and engine != UNDECIDED
        stated = next((operation for operation in operations if operation.sql), None)
        if stated is not None and name not in _NOT_EXECUTED:
            value = self._stated(site.call, stated)
            return value if value is not None else self._argument(site.call, name), opening, engine, foreign
        if name in _EXECUTING:
            if foreign and opening is None and opened is None:
                foreign = False
            return self._argument(site.call, name), opening, engine, foreign
        return None

    def _stated(self, call: Call, operation: Operation) -> Value | None:
        for path in (operation.sql,) if isinstance(operation.sql, str) else operation.sql:
            parameter = path.partition("[")[0]
            value = argument_of(call.args, parameter, operation.at.get(parameter, 0))
            if value is not None:
                return value
        return None

    def _argument(self, call: Call, name: str) -> Value | None:
        for parameter in _PARAMETERS:
            value = argument_of(call.args, parameter, None)
            if value is not None:
                return value
        return argument_of(call.args, "", 1 if name in _SECOND else 0)

    def _opening(self, site: Site) -> SiteKey | None:
        """Return the opening of the connection that a call is given, as `read_sql(query, connection)` is."""
        for argument in site.call.args[1:]:
            for meaning in self._evaluator.evaluate(argument.value, site.place):
                if isinstance(meaning, Handle) and meaning.site is not None:
                    return site_key(meaning.site)
        return None

    # -- what is not seen to be executed ---------------------------------------------------------------------------

    def _left(self) -> None:
        for number, file in enumerate(self._program.files):
            for binding in file.bindings:
                if binding.value is not None and binding.how != "+=" and not self._undoes(Place(number, binding.scope)):
                    self._inside(binding.value, Reading(Place(number, binding.scope), binding.at[:2], binding.branch))
            for use in file.uses:
                if self._undoes(Place(number, use.scope)):
                    continue
                self._inside(use.value, Reading(Place(number, use.scope), (use.line, 1 << 20), use.branch))

    def _inside(self, value: Value, reading: Reading) -> None:
        stack = [value]
        while stack:
            top = stack.pop()
            kind = type(top)
            if kind in _STARTS and (head := _head(top)) is not None and BEGINS.match(str(head.value)):
                self._unseen(top, reading)
            elif kind not in _LEAVES:
                stack.extend(children(top)[::-1])

    def _unseen(self, value: Value, reading: Reading) -> None:
        head = _head(value)
        if head is None or self._key(Fixed(str(head.value), head.at, reading.place.file)) in self._taken:
            return
        for pieces in map(self._texts.unfilled, self._texts.of(value, reading)):
            if CERTAIN.match(readable(pieces)) and not CYPHER.search(readable(pieces)):
                self._take(pieces)
                self._add(pieces, None, "", executed=False, script=False)

    # -- statements ------------------------------------------------------------------------------------------------

    def _add(self, pieces: Pieces, opening: SiteKey | None, engine: str, *, executed: bool, script: bool) -> None:
        composed = compose(pieces)
        if composed is None or len(self._found) >= MOST_STATEMENTS:
            return
        written = self._written(composed, pieces, executed, script)
        # What can't be judged is counted once, however many ways there are to compute it.
        # A schema that is known by one of several ways makes no other statement.
        key = (written.at, "" if written.dynamic else QUALIFIED.sub(r"\1", written.text))
        known = self._found.get(key)
        if known is None or (known.opening is None and opening is not None) or (not known.engine and engine):
            self._found[key] = Run(written, opening, engine, composed.path_file)

    def _written(self, composed: Composed, pieces: Pieces, executed: bool, script: bool) -> Written:
        path = self._program.files[composed.path_file].path
        at = composed.location(path)
        return Written(
            composed.text,
            path,
            at,
            composed.segments,
            composed.holes,
            "script" if script or composed.several else "query",
            dynamic=composed.dynamic,
            executed=executed,
            maintenance=self._once.why(composed.path_file, at.line),
            composed=sum(bool(piece.text) if isinstance(piece, Fixed) else True for piece in pieces) > 1,
            called=self._called(pieces),
        )

    def _called(self, pieces: Pieces) -> Location | None:
        call = self._texts.calls.get(pieces)
        return Location(self._program.files[call.place.file].path, *call.before, *call.before) if call else None

    def _take(self, pieces: Pieces) -> None:
        for piece in pieces:
            if isinstance(piece, Fixed) and piece.layout:
                self._taken.add(self._key(piece))

    def _key(self, piece: Fixed) -> tuple[int, int, int]:
        """Return where the first visible character of a literal stands, which no cutting or stripping changes."""
        lead = len(piece.text) - len(piece.text.lstrip())
        place = position(piece.text, piece.layout, max(0, min(lead, len(piece.text) - 1))) or (0, 0)
        return (piece.file, *place)


_STARTS = frozenset({Placed, Text, Operator, Call})
_LEAVES = frozenset({Lit, Placed, Ref})


def _head(value: Value) -> Placed | None:
    """Return the first literal of a text that is put together."""
    for _ in range(20):
        if isinstance(value, Placed):
            return value
        if isinstance(value, Call):
            if not isinstance(value.func, Attr) or value.func.name not in _OF_TEXT:
                return None
            value = value.func.base
        elif isinstance(value, Text) and value.parts:
            value = value.parts[0]
        elif isinstance(value, Operator) and value.op in ("+", "%"):
            value = value.operands[0]
        else:
            return None
    return None


def _is_script(call: Call) -> bool:
    return getattr(call.func, "name", "") == "executescript"
