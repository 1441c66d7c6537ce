"""`model_query` of oslo.db: a query of a model, of rows that aren't deleted, of a project's own."""

from __future__ import annotations

from fragaudit.link.queries.alchemy.members import member
from fragaudit.link.queries.alchemy.starts import started
from fragaudit.link.queries.draft import Bag, Draft, Entity, Keywords, Named, Thing
from fragaudit.link.queries.flow import Flow
from fragaudit.link.queries.predicates import UNKNOWN
from fragaudit.model.sql import Constant, Operator, Parameter
from fragaudit.model.values import Arg, Call, Ref

NAME = "model_query"
_ORDER = ("model", "session", "args")


def model_query(call: Call, flow: Flow) -> Thing | None:
    """Return the query that `utils.model_query(model, session, args, deleted=…, project_id=…)` starts."""
    if not flow.reader.callee(call, flow.view).startswith("oslo_db."):
        return None
    plain = [a for a in call.args if a.name is None]
    given = {**dict(zip(_ORDER, plain, strict=False)), **{a.name: a for a in call.args if a.name in _ORDER}}
    entity = flow.argument(given["model"]) if "model" in given else None
    if not isinstance(entity, Entity):
        return None
    outputs = flow.argument(given["args"]) if "args" in given else None
    several = isinstance(outputs, Bag) and bool(outputs.items)
    asked = Arg("*", given["args"].value) if several else Arg(None, given["model"].value, given["model"].at)
    draft = started(Call(Ref("query"), (asked,), call.at), "select", flow)
    for argument in call.args:
        if argument.name == "deleted":
            draft = draft.add("where", _deleted(entity, flow.argument(argument), flow), flow.branch)
        elif argument.name == "project_id":
            draft = draft.add("where", _of_project(entity, flow.argument(argument), flow), flow.branch)
        elif argument.name == "**":
            draft = _with_options(draft, flow.argument(argument), entity, flow)
    return draft


def _with_options(draft: Draft, options: Thing, entity: Entity, flow: Flow) -> Draft:
    """Return a query with the conditions that a dictionary of options asks for, each where it was put there."""
    if isinstance(options, Keywords):
        items = tuple((name, thing, flow.branch) for name, thing in options.entries)
        more = not options.complete
    elif isinstance(options, Named):
        items, more = options.items, options.more
    else:
        items, more = (), True
    for name, thing, branch in items:
        if name in ("deleted", "project_id"):
            made = _deleted(entity, thing, flow) if name == "deleted" else _of_project(entity, thing, flow)
            draft = draft.add("where", made, flow.inner(branch))
    return draft.add("where", UNKNOWN, flow.branch) if more else draft


def _deleted(entity: Entity, wanted: Thing, flow: Flow) -> object:
    """Return the condition on the column that marks deleted rows."""
    column = member(entity, "deleted", flow)
    if column is None or not isinstance(wanted, Constant) or wanted.kind != "boolean":
        return UNKNOWN
    operator: Operator = "<>" if wanted.value == "true" else "="
    columns = entity.model.table.columns if entity.model is not None else ()
    text = any(c.name == "deleted" and c.type.startswith(("varchar", "text", "char")) for c in columns)
    return flow.compare(
        flow.operand(column), operator, Constant("False", "string") if text else Constant("false", "boolean")
    )


def _of_project(entity: Entity, wanted: Thing, flow: Flow) -> object:
    column = member(entity, "project_id", flow)
    if column is None:
        return UNKNOWN
    if isinstance(wanted, Bag):
        return flow.compare(flow.operand(column), "in", Parameter())
    return flow.compare(flow.operand(column), "=", flow.operand(wanted))
