"""Follows query expressions through the statements of one scope, and reports each query that is run there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from fragaudit.link.abstract import FunctionRef
from fragaudit.link.orm.core import Places, python_literal
from fragaudit.link.orm.members import kept
from fragaudit.link.orm.reader import Read, View
from fragaudit.link.program import Place
from fragaudit.link.queries.draft import (
    UNBOUND,
    Bag,
    Begins,
    Choice,
    Clause,
    Draft,
    Drafts,
    EachColumn,
    EachKey,
    Entity,
    Keywords,
    Labelled,
    Named,
    Pool,
    Sorted,
    Thing,
)
from fragaudit.link.queries.inlined import GIVEN, inlined
from fragaudit.link.queries.predicates import (
    PREDICATES,
    PYTHON_OPERATORS,
    UNKNOWN,
    both,
    compared,
    denied,
    either,
    mixed,
)
from fragaudit.link.queries.receivers import Receiver, kept_by_parameter, model_of
from fragaudit.link.queries.tables import Tables
from fragaudit.link.queries.variants import variants
from fragaudit.model.facts import MODULE_SCOPE, NO_BRANCH, Binding, Use
from fragaudit.model.locations import Location
from fragaudit.model.sql import (
    NOWHERE,
    Column,
    Compare,
    Constant,
    Expression,
    Mark,
    Operand,
    Operator,
    Parameter,
    Predicate,
    Row,
    Subquery,
)
from fragaudit.model.values import (
    Arg,
    Attr,
    Call,
    Either,
    Function,
    Item,
    Lit,
    Map,
    Operation,
    Other,
    Placed,
    Ref,
    Seq,
    Span,
    Text,
    Value,
    calls,
    children,
)

MOST_OPTIONS = 4
"""Queries that a name may stand for at one place."""
DEEPEST = 40
_INSIDE: Span = (1, 1, 1, 1)


class Asked(NamedTuple):
    """A query that is run, or handed on without being run (`lazy`: more may be added to it by `function`'s callers).

    `maintenance` says why it isn't the service that asks, empty if it is.
    """

    draft: Draft
    branch: int
    at: Location
    file: int
    lazy: str = ""
    maintenance: str = ""


class Framework(Protocol):
    """What the flow asks of each library."""

    def function(self, call: Call, flow: Flow) -> Thing | None:
        """Return what a call of the library's functions is."""

    def attribute(self, base: Thing, name: str, flow: Flow) -> Thing | None:
        """Return what an attribute of something known is."""

    def method(self, base: Thing, call: Call, name: str, flow: Flow) -> Thing | None:
        """Return what calling a method of something known gives."""

    def item(self, base: Thing, key: Value, flow: Flow) -> Thing | None:
        """Return what an item or slice of something known is."""

    def operation(self, op: str, things: list[Thing], flow: Flow) -> Thing | None:
        """Return what an operator makes of things that this library alone knows."""

    def each(self, found: Thing, flow: Flow) -> Thing | None:
        """Return what a loop over something known gives each time."""


class Flow:
    """Interprets the bindings and uses of one scope in their order."""

    def __init__(self, mapping: Tables, place: Place, pool: Pool, places: Places, frameworks: dict[str, Framework],
                 dialect: str = "") -> None:  # fmt: skip
        self.mapping = mapping
        self.reader = mapping.reader
        self.program = mapping.reader.program
        self.place = place
        self.view = View(place)
        self.pool = pool
        self.places = places
        self.frameworks = frameworks
        self.dialect = dialect
        self.asked: list[Asked] = []
        self.branch = NO_BRANCH
        self.here: Mark = NOWHERE
        self.statement = _INSIDE
        self.pinned: Mark | None = None
        self.within = 0
        self._env: dict[str, list[tuple[Thing, int]]] = {}
        self._deep = 0

    def inside(self, place: Place, deep: int = 4) -> Flow:
        """Return what follows another scope for the sake of this one."""
        inner = Flow(self.mapping, place, self.pool, self.places, self.frameworks, self.dialect)
        inner._deep = self._deep + deep
        return inner

    # -- statements ----------------------------------------------------------------------------------------------------

    def know(self, name: str, thing: Thing) -> None:
        """Say what a name stands for from the start, as a parameter does."""
        self._env[name] = [(thing, NO_BRANCH)]

    @contextmanager
    def knowing(self, names: Mapping[str, Thing]) -> Iterator[None]:
        """Let names stand for something in an expression alone, as those of a lambda do."""
        outer = dict(self._env)
        for name, thing in names.items():
            self.know(name, thing)
        try:
            yield
        finally:
            self._env = outer

    def compared_by(self, operator: str, left: Thing, right: Thing) -> Predicate | None:
        """Return a comparison by one of Python's operators, None if nothing of the database is compared."""
        one, other = self.operand(left), self.operand(right)
        if operator not in PYTHON_OPERATORS or not (_is_sql(one) or _is_sql(other)):
            return None
        return self.compare(one, PYTHON_OPERATORS[operator], other)

    def run(self, statements: Iterable[Binding | Use]) -> None:
        """Interpret statements in order."""
        for statement in statements:
            self.branch = statement.branch
            self.here = NOWHERE
            self.statement = statement.at if isinstance(statement, Binding) else (statement.line, 1, statement.line, 1)
            if isinstance(statement, Binding):
                if isinstance(statement.value, (Seq, Operation)) and statement.at != _INSIDE:
                    self.here = self.mark(statement.at)
                self._binding(statement)
            elif isinstance(statement, Use):
                found = self.thing(statement.value)
                lazy = statement.how in ("return", "yield")
                self.escape(found, statement.value, lazy=lazy)

    def _binding(self, binding: Binding) -> None:
        if binding.value is None:
            return
        found = self.thing(binding.value)
        if binding.how in ("for", "in") and isinstance(found, (Keywords, EachKey)):
            second = isinstance(binding.key, Lit) and binding.key.value == 1
            self._bind(binding.target, None if second else EachKey(found) if isinstance(found, Keywords) else found,
                       extends=False)  # fmt: skip
            return
        if binding.how in ("for", "with"):
            self.escape(found, binding.value)
            if "." not in binding.target:
                self._env.pop(binding.target, None)
                each = [f.each(found, self) for f in self.frameworks.values()] if binding.how == "for" else []
                for thing in each:
                    if thing is not None:
                        self._bind(binding.target, thing, extends=False)
            return
        if binding.how == "+=":
            self._augmented(binding, found)
            return
        if "." in binding.target or "[" in binding.target:
            self.escape(found, binding.value, lazy=True)
            name = binding.target.removesuffix("[]")
            known = self.name(name) if name != binding.target and name in self._env else None
            if isinstance(known, Named):
                key = binding.key.value if isinstance(binding.key, Lit) else None
                more = Named(((key, found, self.branch),)) if isinstance(key, str) else Named(more=True)
                self._bind(name, known.entries(more), extends=True)
            return
        if self.program.scope(self.place).kind != "function":
            self.escape(found, binding.value, lazy=True)
        self._bind(binding.target, found, extends=self._extends(binding.value, binding.target))

    def _augmented(self, binding: Binding, found: Thing) -> None:
        known = self.name(binding.target)
        operator = binding.key.value if isinstance(binding.key, Lit) else "+"
        if operator == "&" and known is not None and not options(known):
            self._bind(binding.target, Bag((*_items(known), *self._branched(found))), extends=True)
        elif operator == "|" and known is not None and not isinstance(known, Bag):
            both_ = [known, found]
            made = next((m for f in self.frameworks.values() if (m := f.operation("|", both_, self)) is not None), None)
            if made is None and isinstance(known, PREDICATES) and isinstance(found, PREDICATES):
                made = either([known, found])
            self._bind(binding.target, made, extends=True)
        elif operator == "+" and isinstance(known, Bag):
            self._bind(binding.target, Bag((*known.items, *self._branched(found))), extends=True)
        elif binding.target in self._env:
            self._bind(binding.target, None, extends=True)

    def _branched(self, found: Thing) -> tuple[tuple[object, int], ...]:
        if isinstance(found, Bag):
            return tuple((item, self._inner(branch)) for item, branch in found.items)
        return ((found, self.branch),)

    def _inner(self, branch: int) -> int:
        """Return the narrower of an arm and the one that is being read."""
        return self.branch if self._within(self.branch, branch) else branch

    def _within(self, branch: int, outer: int) -> bool:
        entries = self.program.files[self.place.file].branches
        while branch != outer and branch != NO_BRANCH:
            branch = entries[branch].parent
        return branch == outer

    def _bind(self, name: str, found: Thing, *, extends: bool) -> None:
        known = self._env.get(name, [])
        if extends:
            kept = [(t, b) for t, b in known if self.program.exclusive(self.place.file, b, self.branch)]
            home = min((b for t, b in known if (t, b) not in kept), key=self._depth, default=self.branch)
            fresh = (found, home)
        else:
            kept = [(t, b) for t, b in known if not self._within(b, self.branch)]
            fresh = (found, self.branch)
        self._env[name] = [*kept, fresh][-MOST_OPTIONS:]

    def _extends(self, value: Value, name: str) -> bool:
        """Say whether what a name is bound to is made of what it stood for; for one that stood for nothing, no."""
        return name in self._env and _mentions(value, name)

    def _depth(self, branch: int) -> int:
        return len(self.program.branches(self.place.file, branch))

    def name(self, name: str) -> Thing:
        """Return what a local name stands for where it is read."""
        bound = self._env.get(name, ())
        if len(bound) == 1 and bound[0][1] in (NO_BRANCH, self.branch):
            return bound[0][0]
        known = [
            (t, b) for t, b in self._env.get(name, ()) if not self.program.exclusive(self.place.file, b, self.branch)
        ]
        found = [t for t, _ in known]
        if len(found) > 1:
            # What is bound where one is now, or around it, has replaced what was bound before.
            last = max((n for n, (_, b) in enumerate(known) if self._within(self.branch, b)), default=0)
            found = found[last:]
        if len(found) == 1:
            return found[0]
        drafts = [d for t in found for d in options(t)]
        if drafts and all(options(t) for t in found):
            return Drafts(tuple(drafts)[:MOST_OPTIONS])
        return self._choice(found)

    # -- what is run ---------------------------------------------------------------------------------------------------

    def escape(self, found: Thing, value: Value | None = None, *, lazy: bool = False) -> None:
        """Report the queries that leave what is understood: they are run there, or handed on."""
        if found is None:
            return
        if isinstance(found, Bag):
            for item, _ in found.items:
                self.escape(item, value, lazy=lazy)
            return
        for draft in options(found):
            if draft.keeps and isinstance(value, Ref) and any(asked.draft is draft for asked in self.asked):
                continue
            self.ask(draft, _span(value), lazy=lazy)

    def ask(self, draft: Draft, at: Span, *, lazy: bool = False) -> None:
        """Report a query that is run in this scope."""
        function, count = draft.origin
        if function and len(draft.clauses) == count:
            return  # as it is, the function that made it reports it
        if function:
            self.pool.extended.add(function)
        location = self.program.location(self.place.file, at if at != _INSIDE else self.statement)
        scope = self.program.scope(self.place)
        name = scope.name if lazy and scope.kind == "function" else ""
        self.asked.append(Asked(draft, self.branch, location, self.place.file, (name or "?") if lazy else ""))

    # -- expressions ---------------------------------------------------------------------------------------------------

    def thing(self, value: Value) -> Thing:
        """Return what an expression is; None for what isn't understood. Queries that are run inside it are reported."""
        if self._deep > DEEPEST:
            return None
        self._deep += 1
        try:
            # The most common kinds first, told by a table: a repository has as many expressions as signs.
            kind = _KINDS.get(type(value))
            return kind(self, value) if kind is not None else self._thing(value)
        finally:
            self._deep -= 1

    def _thing(self, value: Value) -> Thing:
        match value:
            case Operation():
                return self._operation(value)
            case Either():
                return self._either([self.thing(option) for option in value.options])
            case Seq():
                return Bag(tuple((self.thing(item), self.branch) for item in value.items))
            case Item():
                return self._item(value)
            case Function():
                self.escape(self.thing(value.result), value.result)
            case Text():
                return self._text(value)
            case Map():
                return self._map(value)
            case Other():
                for child in children(value):
                    if not isinstance(child, Lit):
                        self.escape(self.thing(child), child)
        return None

    def _map(self, value: Map) -> Named:
        """Return a dictionary, as far as its keys are written out; queries in it are handed on."""
        found = Named()
        for entry in value.entries:
            thing = self.thing(entry.value)
            self.escape(thing, entry.value)
            if isinstance(entry.key, Lit) and isinstance(entry.key.value, str):
                found = found.entries(Named(((entry.key.value, thing, NO_BRANCH),)))
            elif entry.key is None and isinstance(thing, Named):
                found = found.entries(thing)
            else:
                found = replace(found, more=True)
        return found

    def _text(self, value: Text) -> Thing:
        """Return a text put together: what it begins with is known if that is written out."""
        for part in value.parts:
            if not isinstance(part, Lit):
                self.escape(self.thing(part), part)
        first = value.parts[0] if value.parts else None
        if isinstance(first, Lit) and isinstance(first.value, str):
            return Begins(first.value)
        return None

    def _either(self, found: list[Thing]) -> Thing:
        drafts = [d for t in found for d in options(t)]
        if drafts:
            return Drafts(tuple(drafts)[:MOST_OPTIONS])
        known = [t for t in found if t is not None]
        if len(known) == 1 and isinstance(known[0], (Bag, Entity)):
            return known[0]
        return known[0] if known and all(t == known[0] for t in found) else self._choice(found)

    def _choice(self, found: Sequence[Thing]) -> Thing:
        """Return what is one of several columns, conditions or keys; None if none of them is known to be one.

        For the arguments of one call it may always be the same one, which isn't known.
        """
        kinds = (Sorted, Labelled, Column, Expression, *PREDICATES)
        known = [t for t in found if isinstance(t, kinds)]
        if self.within or not known or any(t is not None and not isinstance(t, (*kinds, Constant)) for t in found):
            return None
        return Choice(tuple(dict.fromkeys(found))[:MOST_OPTIONS])

    def _ref(self, value: Ref) -> Thing:
        if value.name in self._env:
            return self.name(value.name)
        scope = self.place.scope
        scopes, bound = self.program.files[self.place.file].scopes, self.program.bound[self.place.file]
        while scope > MODULE_SCOPE:
            if (scope, value.name) not in bound:
                scope = scopes[scope].parent
                continue
            here = Place(self.place.file, scope)
            if any(p.name == value.name for p in scopes[scope].parameters):
                return self._outside(value) if value.name in _CLASSES else None
            if self.program.imports(here, value.name):
                return self._outside(value)
            if self.program.bindings(here, value.name):
                # What is bound in this scope is known by now, or can't be.
                return self._outside(value) if scope != self.place.scope else None
            scope = scopes[scope].parent
        key = (self.place.file, value.name)
        if key not in self.pool.named:
            self.pool.named[key] = self._outside(value)
        found = self.pool.named[key]
        return Drafts(tuple(self.adopted(d, 0) for d in options(found))) if options(found) else found

    def _outside(self, value: Value) -> Thing:
        """Return what a name of an outer scope or another module is: a table, a constant, conditions kept there."""
        model = self.mapping.model(value, self.view)
        if model is not None:
            return self.entity_of(model)
        followed = self.reader.follow(Read(value, self.view))
        if followed.value is value or isinstance(followed.value, (Ref, Attr)):
            return None
        if isinstance(followed.value, Lit):
            return literal(followed.value)
        return self._elsewhere(followed)

    def _elsewhere(self, read: Read) -> Thing:
        """Return what an expression of another scope is; nothing it runs is reported from here."""
        if read.view.place == self.place and not read.view.names:
            return None
        if not any(_may_be_query(c) for c in calls(read.value)) and not isinstance(read.value, (Seq, Operation)):
            return None
        key = (read.view.place, id(read.value))
        if not read.view.names and key in self.pool.known:
            found = self.pool.known[key]
            return Drafts(tuple(self.adopted(d, 0) for d in options(found))) if options(found) else found
        found = self.inside(read.view.place, 8).thing(read.value)
        drafts = options(found)
        if drafts:
            found = Drafts(tuple(self.adopted(d, 0) for d in drafts))
        if not read.view.names:
            self.pool.known[key] = found
        return found

    def entity_of(self, model: object) -> Entity:
        """Return the table of a model under its own name."""
        from fragaudit.link.orm.core import Model

        assert isinstance(model, Model)
        return self.pool.entity(Entity(model.table.name, model, model.table.name))

    def _attribute(self, value: Attr) -> Thing:
        base = self._base(value.base)
        if isinstance(base, Receiver):
            return self._kept(base, value)
        if base is None:
            if value.name.endswith("_set"):  # how Django calls the rows that refer to one
                for framework in self.frameworks.values():
                    found = framework.attribute(UNBOUND, value.name, self)
                    if found is not None:
                        return found
            root: Value = value
            while isinstance(root, Attr):
                root = root.base
            module = isinstance(root, Ref) and self.program.imports(Place(self.place.file, MODULE_SCOPE), root.name)
            if module or value.name[:1].isupper() or value.name in _CLASSES:
                return self._outside(value)
            return None
        for framework in self.frameworks.values():
            found = framework.attribute(base, value.name, self)
            if found is not None:
                return found
        if isinstance(base, Entity) and value.name.isupper():
            return self._outside(value)  # a constant that the class keeps
        if isinstance(base, (Draft, Drafts)):
            return base  # a method handed on without being called
        return None

    def _kept(self, base: Receiver, value: Attr) -> Thing:
        """Return the model that an object keeps in an attribute, as far as its class or its making tells."""
        model = model_of(base, value.name, self.mapping)
        if model is not None:
            return self.entity_of(model)
        if self.within or kept_by_parameter(base, value.name, self.mapping):
            return None
        return self._outside(value) if value.name[:1].isupper() or value.name in _CLASSES else None

    def _base(self, value: Value) -> Thing:
        """Return what stands before a dot; of modules and other objects nothing is asked twice."""
        return self.thing(value)

    def _item(self, value: Item) -> Thing:
        base = self.thing(value.base)
        if base is not None:
            for framework in self.frameworks.values():
                found = framework.item(base, value.key, self)
                if found is not None:
                    return found
        self.escape(base, value)
        self.escape(self.thing(value.key), value.key)
        return None

    def _operation(self, value: Operation) -> Thing:
        found = [self.thing(operand) for operand in value.operands]
        each = next((t for t in found if isinstance(t, EachColumn)), None)
        if each is not None:
            return self._of_each(value.op, each)
        for framework in self.frameworks.values():
            made = framework.operation(value.op, found, self)
            if made is not None:
                return made
        asked = sum(_is_condition(t) or (value.op == "not" and isinstance(t, Column)) for t in found)
        if value.op in _OF_PYTHON and asked > (value.op != "not"):
            # Python asks the condition itself for its truth and takes one of the two, or refuses.
            return UNKNOWN
        if value.op in ("&", "and") and any(isinstance(t, PREDICATES) or _has_conditions(t) for t in found):
            if any(isinstance(t, Bag) for t in found):
                return Bag(tuple(i for t in found for i in (t.items if isinstance(t, Bag) else ((t, self.branch),))))
            return both([self.predicate(t) for t in found])
        if value.op == "|" and any(isinstance(t, PREDICATES) for t in found):
            return either([self.predicate(t) for t in found if not (isinstance(t, Bag) and not t.items)])
        if value.op == "~":
            if isinstance(found[0], Column):
                return self.truth(found[0], False)
            if isinstance(found[0], (*PREDICATES, Bag)) or any(d.exists for d in options(found[0])):
                return denied(self.predicate(found[0]), self.dialect, turned=True)
        if value.op in ("&", "|") and all(options(t) for t in found):
            return options(found[0])[0].add("where", UNKNOWN, self.branch)
        if value.op in PYTHON_OPERATORS and len(found) == 2:
            left, right = (self.operand(self.compared(t, v)) for t, v in zip(found, value.operands, strict=True))
            if _is_sql(left) or _is_sql(right):
                if isinstance(found[1], Bag):
                    right = Row(tuple(self.operand(i) for i, _ in found[1].items))
                return self.compare(left, PYTHON_OPERATORS[value.op], right)
            return None
        if value.op == "+" and all(isinstance(t, Bag) for t in found):
            return Bag(tuple(i for t in found if isinstance(t, Bag) for i in t.items))
        operands = [self.operand(t) for t in found]
        if any(_is_sql(o) for o in operands) and value.op != ":":
            return mixed(value.op, operands)
        for thing, operand in zip(found, value.operands, strict=True):
            self.escape(thing, operand)
        return None

    def _of_each(self, op: str, each: EachColumn) -> Thing:
        """Return the conditions on each of several columns: with values that the statement is given."""
        if op not in PYTHON_OPERATORS:
            return None
        operator = PYTHON_OPERATORS[op]
        return both([self.compare(c, operator, Parameter(GIVEN)) if c is not None else UNKNOWN for c in each.columns])

    def operand(self, found: Thing) -> Operand:
        """Return something as an operand: what isn't understood is a value that the statement is given."""
        match found:
            case Draft():
                return Subquery(self.pool.query(found))
            case Drafts():
                return Subquery(self.pool.query(found.options[0]))
            case Labelled():
                return self.operand(found.value)
            case Column() | Constant() | Expression() | Row() | Subquery() | Parameter():
                return found
            case Compare(left=Subquery(query=query), op="exists" | "not exists"):
                return Expression("", (), "exists", (query,))
            case Compare():
                return Expression("", tuple(_columns_of(found)), "comparison")
            case _:
                return Parameter()

    def pattern(self, found: Thing) -> Operand:
        """Return the pattern of a LIKE: of a text that is put together, its beginning decides."""
        return Constant(f"{found.text}…", "string") if isinstance(found, Begins) else self.operand(found)

    def predicate(self, found: Thing) -> Predicate:
        """Return something as a condition: what isn't understood may be any."""
        match found:
            case Bag():
                if any(branch != self.branch and not self._within(self.branch, branch) for _, branch in found.items):
                    return UNKNOWN
                return both([self.predicate(item) for item, _ in found.items])
            case Constant(kind="boolean"):
                return both([])
            case Column():
                return self.truth(found, True)
            case Labelled():
                return self.predicate(found.value)
            case Draft(exists=True):
                return Compare(self.operand(found), "exists", (), self.here)
            case _ if isinstance(found, PREDICATES):
                return found
            case Expression():
                from fragaudit.model.sql import Opaque

                return Opaque(found)
            case _:
                return UNKNOWN

    def compare(self, left: Operand, op: Operator, right: Operand) -> Predicate:
        """Return a comparison of operands; with True or False, as the dialect has them."""
        if op == "=" and isinstance(right, Constant) and right.kind == "boolean":
            return self.truth(left, right.value == "true")
        return compared(left, op, right, self.here)

    def truth(self, column: Operand, value: bool) -> Predicate:
        """Return a test of a boolean column: one with a number where the database has no booleans."""
        if self.dialect in ("sqlite", "mysql", "tsql", "oracle"):
            return Compare(column, "=", (Constant(str(int(value)), "number"),), self.here)
        return Compare(column, "true" if value else "false", (), self.here)

    # -- calls ---------------------------------------------------------------------------------------------------------

    def _call(self, call: Call) -> Thing:
        func = call.func
        if isinstance(func, Attr):
            base = self._base(func.base)
            if isinstance(base, Named) and isinstance(func.base, Ref) and func.name in ("update", "setdefault", "pop"):
                self._entered(func.base.name, base, func.name, call)
                return None
            if isinstance(base, Bag) and isinstance(func.base, Ref):
                found = self._collected(func.base.name, base, func.name, call)
                if found:
                    return None
            if isinstance(base, EachColumn):
                made = [self._method(c, call, func.name) if c is not None else UNKNOWN for c in base.columns]
                return both([m if isinstance(m, PREDICATES) else UNKNOWN for m in made])
            if isinstance(base, Keywords):
                return base if func.name in ("items", "keys", "copy") else None
            if isinstance(base, Choice):
                return self._choice([self._method(option, call, func.name) for option in base.options])
            if base is not None and not isinstance(base, Bag):
                result = self._method(base, call, func.name)
                if result is not None:
                    return result
            if base is None and isinstance(func.base, Attr) and func.base.name != "objects":
                self.pool.narrowed.add(func.name)
        for framework in self.frameworks.values():
            result = framework.function(call, self)
            if result is not None:
                return result
        return self._foreign(call)

    def _method(self, base: Thing, call: Call, name: str) -> Thing:
        return next((r for f in self.frameworks.values() if (r := f.method(base, call, name, self)) is not None), None)

    def _collected(self, name: str, bag: Bag, method: str, call: Call) -> bool:
        """Follow what is done to a list of conditions."""
        if method not in ("append", "extend", "insert", "add") or not call.args:
            return False
        last = call.args[-1]
        found = self.argument(last)
        added = self._branched(found) if method == "extend" and isinstance(found, Bag) else ((found, self.branch),)
        self._bind(name, Bag((*bag.items, *added)), extends=True)
        return True

    def _dict(self, call: Call) -> Named:
        """Return what `dict(name=value)` makes."""
        found = Named()
        for argument in call.args:
            thing = self.argument(argument)
            if argument.name not in (None, "*", "**"):
                found = found.entries(Named(((str(argument.name), thing, NO_BRANCH),)))
            else:
                self.escape(thing, argument.value)
                found = found.entries(thing if isinstance(thing, Named) else Named(more=True))
        return found

    def _entered(self, name: str, known: Named, method: str, call: Call) -> None:
        """Follow what is done to a dictionary."""
        added = Named()
        if method == "update":
            for argument in call.args:
                thing = self.argument(argument)
                if argument.name not in (None, "*", "**"):
                    added = added.entries(Named(((str(argument.name), thing, self.branch),)))
                elif isinstance(thing, Named):
                    added = added.entries(Named(tuple((n, t, self._inner(b)) for n, t, b in thing.items), thing.more))
                else:
                    added = replace(added, more=True)
        else:
            added = Named(more=True)
        self._bind(name, known.entries(added), extends=True)

    def _foreign(self, call: Call) -> Thing:
        """Return what a call gives that no library here knows: a query handed to a function may come back longer."""
        if isinstance(call.func, Ref) and call.func.name == "dict":
            return self._dict(call)
        anew = inlined(call, self)
        if anew is not None:
            return anew
        if isinstance(call.func, Ref) and call.func.name == "getattr" and len(call.args) >= 2:
            return self._got(call)
        found = [(self.argument(a), a) for a in call.args]
        handed = [t for t, _ in found if isinstance(t, (Draft, Drafts))]
        made = self._made(call) if not handed else None
        if made is not None:
            return made
        if len(handed) == 1 and any(isinstance(m, FunctionRef) for m in self.reader.meanings(call.func, self.view)):
            return Drafts(tuple(d.add("where", UNKNOWN, self.branch) for d in options(handed[0])))
        for thing, argument in found:
            self.escape(thing, call if isinstance(thing, (Draft, Drafts)) else argument.value)
        if isinstance(call.func, Attr) or not any(t is not None and not isinstance(t, Constant) for t, _ in found):
            return None
        return self._helper(call)

    def _got(self, call: Call) -> Thing:
        """Return what `getattr(model, name)` is, for each name if it runs over several."""
        base, key = self.thing(call.args[0].value), self.thing(call.args[1].value)
        names = [n for n, _ in key.of.entries] if isinstance(key, EachKey) else []
        if isinstance(key, Constant) and key.kind == "string" and key.value:
            names = [key.value]
        found = [next((t for f in self.frameworks.values() if (t := f.attribute(base, n, self)) is not None), None)
                 for n in names]  # fmt: skip
        if isinstance(key, EachKey):
            columns = tuple(t if isinstance(t, Column) else None for t in found)
            return EachColumn(columns if key.of.complete else (*columns, None))
        return found[0] if found else None

    def _made(self, call: Call) -> Thing:
        """Return the queries that a function of the project hands on, as far as every call of it gets the same."""
        if getattr(call.func, "name", "") not in self.pool.makers:
            return None
        functions = [m for m in self.reader.meanings(call.func, self.view) if isinstance(m, FunctionRef)]
        if len(functions) != 1 or functions[0].place == self.place:
            return None
        place = functions[0].place
        if place not in self.pool.returned:
            self.pool.returned[place] = ()  # one that calls itself hands on nothing
            self.pool.returned[place] = self.inside(place).handed({})
        drafts = self.pool.returned[place]
        if not drafts or self._deep > DEEPEST // 2:
            return None
        name = self.program.scope(place).name
        moved = [self.adopted(d, 0) for d in drafts[:MOST_OPTIONS]]
        return Drafts(tuple(replace(d, origin=(name, len(d.clauses))) for d in moved))

    def handed(self, names: Mapping[str, Thing]) -> tuple[Draft, ...]:
        """Return the queries that this scope returns without running them, given what some of its names stand for."""
        from fragaudit.link.queries.scopes import statements_of

        if self._deep > DEEPEST // 2:
            return ()
        for name, thing in names.items():
            self.know(name, thing)
        self.run(statements_of(self.program, self.place))
        return tuple(self.settled(one) for one in self.asked if one.lazy)

    def settled(self, one: Asked) -> Draft:
        """Return a query with the clauses that always hold; of others it is only known that there may be some."""
        found = variants(one.draft, one.branch, self.program)
        clauses = found[0].clauses
        draft = replace(one.draft, clauses=tuple(replace(c, branch=NO_BRANCH) for c in clauses))
        return draft.add("where", UNKNOWN) if len(found) > 1 else draft

    def holds(self, branch: int) -> bool:
        """Say whether what was added in an arm of a choice is there for sure where one is."""
        return self._within(self.branch, branch)

    def carried(self, draft: Draft) -> Draft:
        """Return a query as a function gets it that it is handed to."""
        return self.settled(Asked(draft, self.branch, Location(""), self.place.file))

    def adopted(self, draft: Draft, known: int) -> Draft:
        """Return a query made elsewhere as if written here, its first clauses left as they are."""
        clauses = (*draft.clauses[:known], *(replace(c, branch=self.branch) for c in draft.clauses[known:]))
        return replace(draft, clauses=clauses, file=self.place.file)

    def _helper(self, call: Call) -> Thing:
        """Return what a short function of the project gives, its parameters bound to this call's arguments."""
        read = self.reader._step(Read(call, self.view))
        if read is None or not read.view.names:
            return None
        return self._elsewhere(read)

    def given(self, argument: Arg) -> Thing:
        """Return what an argument is that a column is compared with."""
        found = self.argument(argument)
        return found if argument.name in (None, "*", "**") else self.compared(found, argument.value)

    def compared(self, found: Thing, value: Value) -> Thing:
        """Return what a column is compared with; of a constant that is kept elsewhere its name tells enough."""
        if found is not None and not (isinstance(found, Bag) and isinstance(value, Attr)):  # `A = "a", "label"`
            return found
        constant = kept(value, self.reader, self.place.file)
        return constant if constant is not None else found

    def argument(self, argument: Arg) -> Thing:
        """Return what an argument is; columns in it stand where it does."""
        outer = self.here
        if argument.at is not None:
            self.here = self.mark(argument.at)
        found = self.thing(argument.value)
        self.here = outer
        return found

    def mark(self, span: Span) -> Mark:
        """Return the mark of a place in this file, or of the call for which this scope is understood."""
        if self.pinned is not None:
            return self.pinned
        return self.places.mark(self.program.location(self.place.file, span))

    def placed(self, call: Call) -> Mark:
        """Return where a call of a chain stands: its arguments if they are known, else the whole."""
        spans = [a.at for a in call.args if a.at is not None]
        return self.mark((*spans[0][:2], *spans[-1][2:])) if spans else self.mark(call.at)

    def location(self, call: Call) -> Location:
        """Return where a call stands."""
        return self.program.location(self.place.file, call.at if call.at != _INSIDE else self.statement)

    def conditions(self, arguments: Iterable[Arg]) -> list[tuple[Predicate, int]]:
        """Return the conditions given as arguments, lists of them taken apart, each with the arm that adds it."""
        found: list[tuple[Predicate, int]] = []
        for argument in arguments:
            thing = self.argument(argument)
            if argument.name == "*" or isinstance(thing, Bag):
                if not isinstance(thing, Bag):
                    found.append((UNKNOWN, self.branch))
                    continue
                found += [(self.predicate(item), self._inner(branch)) for item, branch in thing.items]
            elif argument.name is None:
                found.append((self.predicate(thing), self.branch))
            else:
                found.append((UNKNOWN, self.branch))
        return found

    def filterings(self, draft: Draft, arguments: Iterable[Arg], kind: str = "where") -> list[Draft]:
        """Return a query with conditions added, one for each way to choose among conditions that are alternatives."""
        found = [draft]
        for argument in arguments:
            thing = self.argument(argument) if argument.name is None else None
            if not isinstance(thing, Choice):
                found = [self.filtered(one, [argument], kind) for one in found]
                continue
            conditions = [self.predicate(option) for option in thing.options]
            found = [one.add(kind, c, self.branch) for one in found for c in conditions][:MOST_OPTIONS]  # type: ignore[arg-type]
        return found

    def filtered(self, draft: Draft, arguments: Iterable[Arg], kind: str = "where") -> Draft:
        """Return a query with conditions added."""
        for predicate, branch in self.conditions(arguments):
            draft = draft.add(kind, predicate, branch)  # type: ignore[arg-type]
        return draft


_CLASSES = frozenset(
    {"cls", "model", "_model", "model_class", "model_cls", "entity", "entity_class", "table", "__class__"}
)
"""Names under which functions and objects keep a model class."""


def options(found: Thing) -> tuple[Draft, ...]:
    """Return the queries that something may be."""
    if isinstance(found, Draft):
        return (found,)
    return found.options if isinstance(found, Drafts) else ()


def literal(value: Lit) -> Constant:
    """Return a Python constant as one of SQL."""
    return python_literal(value.value)


def _items(found: Thing) -> tuple[tuple[object, int], ...]:
    return found.items if isinstance(found, Bag) else ((found, NO_BRANCH),)


_OF_PYTHON = frozenset({"and", "or", "not"})


def _is_condition(found: Thing) -> bool:
    return isinstance(found, PREDICATES) or (isinstance(found, Draft) and found.exists)


def _has_conditions(found: Thing) -> bool:
    return isinstance(found, Bag) and any(isinstance(i, PREDICATES) for i, _ in found.items)


def _is_sql(operand: Operand) -> bool:
    return (
        isinstance(operand, (Column, Subquery))
        or (isinstance(operand, Expression) and bool(operand.columns or operand.queries or operand.text))
        or (isinstance(operand, Row) and any(_is_sql(i) for i in operand.items))
    )


def _columns_of(found: Compare) -> Iterable[Column]:
    from fragaudit.link.queries.draft import columns

    return columns(found)


def _mentions(value: Value, name: str) -> bool:
    """Say whether an expression starts from a name: `name.where(…)`, `f(name)`."""
    stack = [value]
    while stack:
        top = stack.pop()
        if isinstance(top, Ref) and top.name == name:
            return True
        stack.extend(children(top))
    return False


def _may_be_query(call: Call) -> bool:
    return isinstance(call, Call)


def _span(value: Value | None) -> Span:
    if isinstance(value, Call):
        return value.at
    inner = next(calls(value), None) if value is not None else None
    return inner.at if inner is not None else _INSIDE


__all__ = ["Asked", "Clause", "Flow", "Framework", "options"]


_KINDS: dict[type, Callable[[Flow, Any], Thing]] = {
    Ref: Flow._ref,
    Attr: Flow._attribute,
    Call: Flow._call,
    Lit: lambda _, value: literal(value),
    Placed: lambda _, value: literal(value),
}
