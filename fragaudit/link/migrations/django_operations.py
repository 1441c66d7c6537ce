"""What each of Django's operations does to a model's state."""

from __future__ import annotations

from dataclasses import replace

from fragaudit.link.migrations.django_code import touches_schema
from fragaudit.link.orm.django import Django, together
from fragaudit.link.orm.django_state import Field, Part, Registry, Spec, State
from fragaudit.link.orm.reader import Read, Reader, View, argument
from fragaudit.model.values import Call, Lit


class Operations:
    """Reads operations, and changes states as they say; a handler returns what it could not understand."""

    def __init__(self, reader: Reader, django: Django) -> None:
        self.reader = reader
        self.django = django
        self.fields = django.fields
        self.classes = django.classes
        self._app = ""

    def _operation(self, call: Call, view: View) -> str:
        """Return the name of the library's operation that a call makes, also by a subclass of the project's own."""
        own = self.reader.project_class(call.func, view)
        if own is not None:
            method = next((m for c in self.classes.order(own) if (m := self.classes.functions(c).get(_RUNS))), None)
            if method is not None and not touches_schema(self.reader, method):
                return "RunPython"
            return next((n.rpartition(".")[2] for n in self.classes.outside(own)), self.classes.scope(own).name)
        last = self.reader.last(call, view)
        return last if last[:1].isupper() else ""

    def _text(self, call: Call, view: View, name: str, position: int) -> str:
        value = argument(call, name, position)
        return (self.reader.text(Read(value, view)) or "") if value is not None else ""

    def _created(self, call: Call, view: View) -> State:
        name = self._text(call, view, "name", 0)
        at = self.django._mark(view, call.at)
        state = State(self._app, name, at=at)
        given = argument(call, "fields", 1)
        items = self.reader.items(Read(given, view)) if given is not None else []
        for item in items or []:
            pair = self.reader.items(item) or []
            text = self.reader.text(pair[0]) if len(pair) == 2 else None
            made = self._field(text, pair[1], state) if text is not None else None
            if made is not None:
                state.fields[made.name] = made
        if items is None:
            state.opaque = "its fields can't be followed"
        value = argument(call, "options", 2)
        options = self.reader.entries(Read(value, view)) if value is not None else {}
        state.db_table = (self.reader.text(options["db_table"]) or "").strip('"') if "db_table" in options else ""
        state.managed = self.reader.flag(options.get("managed")) is not False
        state.proxy = self.reader.flag(options.get("proxy")) is True
        bases = argument(call, "bases", 3)
        for base in (self.reader.items(Read(bases, view)) or []) if bases is not None else []:
            text = self.reader.text(base)
            if text and "." in text:
                state.parents = (*state.parents, text.lower())
        self.django._options(state, {k: v for k, v in options.items() if v.value != Lit(None)})
        return state

    def _field(self, name: str, read: Read, state: State) -> Field | None:
        view = read.view
        at = self.django._mark(view, read.value.at) if isinstance(read.value, Call) else state.at
        return self.fields.field(name, read, self._app, at, state.label)

    def _add_field(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        name = self._text(call, view, "name", 1)
        value = argument(call, "field", 2)
        made = self._field(name, Read(value, view), state) if value is not None else None
        if made is None:
            return "" if name and isinstance(value, Call) else "a field can't be followed"
        state.fields[name] = made
        return ""

    def _remove_field(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        state.fields.pop(self._text(call, view, "name", 1), None)
        return ""

    def _rename_field(self, registry: Registry, state: State, call: Call, view: View) -> str:
        old, new = self._text(call, view, "old_name", 1), self._text(call, view, "new_name", 2)
        if old not in state.fields or not new:
            return "a field is renamed that can't be followed"
        renamed: dict[str, Field] = {}
        for key, each in state.fields.items():
            if key == old:
                same = each.column in (old, old + "_id")
                column = new + each.column[len(old) :] if same else each.column
                renamed[new] = replace(each, name=new, column=column)
            else:
                renamed[key] = each
        state.fields = renamed

        def turned(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(new if name == old else name for name in names)

        state.unique_together = tuple(turned(group) for group in state.unique_together)
        state.index_together = tuple(turned(group) for group in state.index_together)
        for specs in (state.indexes, state.constraints):
            specs[:] = [
                replace(s, parts=tuple(replace(p, field=new) if p.field == old else p for p in s.parts)) for s in specs
            ]
        for other in registry.models.values():
            for key, each in other.fields.items():
                if each.to == state.label and each.to_field == old:
                    other.fields[key] = replace(each, to_field=new)
        return ""

    def _rename_model(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        state.name = self._text(call, view, "new_name", 1) or state.name
        return ""

    def _alter_table(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        state.db_table = self._text(call, view, "table", 1).strip('"')
        return ""

    def _alter_together(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        for name in ("unique_together", "index_together"):
            value = argument(call, name) or (
                argument(call, name, 1) if name in _TOGETHER.get(self._last(call, view), "") else None
            )
            if value is not None:
                groups = () if value == Lit(None) else together(self.reader, Read(value, view))
                if groups is None:
                    return "an index of several fields can't be followed"
                if name == "unique_together":
                    state.unique_together = groups
                else:
                    state.index_together = groups
        return ""

    def _last(self, call: Call, view: View) -> str:
        return self._operation(call, view)

    def _alter_options(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        value = argument(call, "options", 1)
        options = self.reader.entries(Read(value, view)) if value is not None else {}
        if "managed" in options:
            state.managed = self.reader.flag(options["managed"]) is not False
        return ""

    def _order_with(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        value = argument(call, "order_with_respect_to", 1)
        if value is None or value == Lit(None):
            state.fields.pop("_order", None)
        else:
            state.fields["_order"] = Field("_order", "_order", "integer", at=self.django._mark(view, call.at))
        return ""

    def _spec(self, call: Call, view: View, key: str) -> Spec | None:
        value = argument(call, key, 1)
        if value is None:
            return None
        read = Read(value, view)
        return self.fields.spec(read if isinstance(value, Call) else self.reader.follow(read))

    def _add_index(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        spec = self._spec(call, view, "index")
        if spec is None:
            return "an index is added that can't be followed"
        state.indexes.append(spec)
        return ""

    def _remove_index(self, registry: Registry, state: State, call: Call, view: View) -> str:
        name = self._text(call, view, "name", 1)
        state.indexes = [s for s in state.indexes if registry.index(state, s).name != name]
        return ""

    def _rename_index(self, registry: Registry, state: State, call: Call, view: View) -> str:
        new, old = self._text(call, view, "new_name", 1), self._text(call, view, "old_name", 2)
        if old:
            state.indexes = [replace(s, name=new) if registry.index(state, s).name == old else s for s in state.indexes]
            return ""
        value = argument(call, "old_fields")
        fields = self.reader.texts(Read(value, view)) if value is not None else None
        if fields is None:
            return "an index is renamed that can't be followed"

        state.index_together = tuple(g for g in state.index_together if g != fields)
        at = self.django._mark(view, call.at)
        state.indexes.append(Spec(tuple(Part(f) for f in fields), new, at=at))
        return ""

    def _add_constraint(self, registry: Registry, state: State, call: Call, view: View) -> str:
        del registry
        spec = self._spec(call, view, "constraint")
        if spec is not None:
            state.constraints.append(spec)
            return ""
        value = argument(call, "constraint", 1)
        read = self.reader.follow(Read(value, view)) if value is not None and not isinstance(value, Call) else None
        shown = read.value if read is not None else value
        known = isinstance(shown, Call) and self.reader.last(shown, view) == "CheckConstraint"
        return "" if known else "a constraint (perhaps with an index) is added that can't be followed"

    def _remove_constraint(self, registry: Registry, state: State, call: Call, view: View) -> str:
        name = self._text(call, view, "name", 1)
        state.constraints = [s for s in state.constraints if registry.index(state, s).name != name]
        return ""

    def _delete(self, registry: Registry, state: State, call: Call, view: View) -> str:
        return ""


_RUNS = "database_forwards"
_TOGETHER = {"AlterUniqueTogether": "unique_together", "AlterIndexTogether": "index_together"}
HANDLERS = {
    "DeleteModel": Operations._delete,
    "RenameModel": Operations._rename_model,
    "AlterModelTable": Operations._alter_table,
    "AlterUniqueTogether": Operations._alter_together,
    "AlterIndexTogether": Operations._alter_together,
    "AlterModelOptions": Operations._alter_options,
    "AlterOrderWithRespectTo": Operations._order_with,
    "AddField": Operations._add_field,
    "AlterField": Operations._add_field,
    "RemoveField": Operations._remove_field,
    "RenameField": Operations._rename_field,
    "AddIndex": Operations._add_index,
    "AddIndexConcurrently": Operations._add_index,
    "RemoveIndex": Operations._remove_index,
    "RemoveIndexConcurrently": Operations._remove_index,
    "RenameIndex": Operations._rename_index,
    "AddConstraint": Operations._add_constraint,
    "AddConstraintNotValid": Operations._add_constraint,
    "RemoveConstraint": Operations._remove_constraint,
}
