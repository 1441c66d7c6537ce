"""What names and attributes are: those of this scope, of outer ones, of other modules, of objects."""

from __future__ import annotations

from fragaudit.link.orm.core import Model, python_literal
from fragaudit.link.orm.reader import Read
from fragaudit.link.program import Place
from fragaudit.link.queries.draft import UNBOUND, Draft, Drafts, Entity, Thing
from fragaudit.link.queries.flow.asked import options
from fragaudit.link.queries.flow.handing import adopted
from fragaudit.link.queries.flow.scope import Flow
from fragaudit.link.queries.receivers import Receiver, kept_by_parameter, model_of
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.values import Attr, Call, Lit, Operation, Ref, Seq, Value, calls

_CLASSES = frozenset(
    {"cls", "model", "_model", "model_class", "model_cls", "entity", "entity_class", "table", "__class__"}
)
"""Names under which functions and objects keep a model class."""


def entity_of(model: Model, flow: Flow) -> Entity:
    """Return the table of a model under its own name."""
    return flow.pool.entity(Entity(model.table.name, model, model.table.name))


def name(value: Ref, flow: Flow) -> Thing:
    """Return what a name is where it is read."""
    if value.name in flow.names:
        return flow.name(value.name)
    file, scope, program = flow.place.file, flow.place.scope, flow.program
    scopes, bound = program.files[file].scopes, program.bound[file]
    while scope > MODULE_SCOPE:
        if (scope, value.name) not in bound:
            scope = scopes[scope].parent
            continue
        here = Place(file, scope)
        if any(p.name == value.name for p in scopes[scope].parameters):
            return _outside(value, flow) if value.name in _CLASSES else None
        if program.imports(here, value.name):
            return _outside(value, flow)
        if program.bindings(here, value.name):
            # What is bound in this scope is known by now, or can't be.
            return _outside(value, flow) if scope != flow.place.scope else None
        scope = scopes[scope].parent
    key = (file, value.name)
    if key not in flow.pool.named:
        flow.pool.named[key] = _outside(value, flow)
    return _moved(flow.pool.named[key], flow)


def attribute(value: Attr, flow: Flow) -> Thing:
    """Return what an attribute is: of something known, of a module or class, of an object that keeps a model."""
    base = flow.thing(value.base)
    if isinstance(base, Receiver):
        return _kept(base, value, flow)
    if base is None:
        return _of_unknown(value, flow)
    for framework in flow.frameworks.values():
        found = framework.attribute(base, value.name, flow)
        if found is not None:
            return found
    if isinstance(base, Entity) and value.name.isupper():
        return _outside(value, flow)  # a constant that the class keeps
    if isinstance(base, (Draft, Drafts)):
        return base  # a method handed on without being called
    return None


def elsewhere(read: Read, flow: Flow) -> Thing:
    """Return what an expression of another scope is; nothing it runs is reported from here."""
    if read.view.place == flow.place and not read.view.names:
        return None
    if not any(isinstance(c, Call) for c in calls(read.value)) and not isinstance(read.value, (Seq, Operation)):
        return None
    key = (read.view.place, id(read.value))
    if not read.view.names and key in flow.pool.known:
        return _moved(flow.pool.known[key], flow)
    found = _moved(flow.inside(read.view.place, 8).thing(read.value), flow)
    if not read.view.names:
        flow.pool.known[key] = found
    return found


def _moved(found: Thing, flow: Flow) -> Thing:
    """Return what an expression of another scope is as if it were written here."""
    drafts = options(found)
    return Drafts(tuple(adopted(d, 0, flow) for d in drafts)) if drafts else found


def _outside(value: Value, flow: Flow) -> Thing:
    """Return what a name of an outer scope or another module is: a table, a constant, conditions kept there."""
    model = flow.mapping.model(value, flow.view)
    if model is not None:
        return entity_of(model, flow)
    followed = flow.reader.follow(Read(value, flow.view))
    if followed.value is value or isinstance(followed.value, (Ref, Attr)):
        return None
    if isinstance(followed.value, Lit):
        return python_literal(followed.value.value)
    return elsewhere(followed, flow)


def _of_unknown(value: Attr, flow: Flow) -> Thing:
    """Return what an attribute is of something that isn't understood: what a module or class has."""
    if value.name.endswith("_set"):  # how Django calls the rows that refer to one
        for framework in flow.frameworks.values():
            found = framework.attribute(UNBOUND, value.name, flow)
            if found is not None:
                return found
    root: Value = value
    while isinstance(root, Attr):
        root = root.base
    module = isinstance(root, Ref) and flow.program.imports(Place(flow.place.file, MODULE_SCOPE), root.name)
    return _outside(value, flow) if module or value.name[:1].isupper() or value.name in _CLASSES else None


def _kept(base: Receiver, value: Attr, flow: Flow) -> Thing:
    """Return the model that an object keeps in an attribute, as far as its class or its making tells."""
    model = model_of(base, value.name, flow.mapping)
    if model is not None:
        return entity_of(model, flow)
    if flow.within or kept_by_parameter(base, value.name, flow.mapping):
        return None
    return _outside(value, flow) if value.name[:1].isupper() or value.name in _CLASSES else None
