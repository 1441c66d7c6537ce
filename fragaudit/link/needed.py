"""Whether a call is the operation that its name says: some need an argument that others leave out."""

from __future__ import annotations

from fragaudit.catalogue import Open, Operation
from fragaudit.link.evaluate import argument_of
from fragaudit.model.values import Call, Lit, dotted


def is_made(operation: Operation, call: Call) -> bool:
    """Say whether a call gives what it needs to be an operation: `create_table` writes if rows are handed to it."""
    if not operation.needs:
        return True
    given = argument_of(call.args, operation.needs, operation.at.get(operation.needs))
    return given is not None and given != Lit(None)


def keeps_texts(opened: Open, call: Call) -> bool:
    """Say whether a call opens what is searched for words alone: `ElasticsearchStore(strategy=BM25Strategy())`."""
    name, _, word = opened.textual.partition("=")
    value = argument_of(call.args, name, None) if name else None
    return isinstance(value, Call) and word in dotted(value.func).rpartition(".")[2]
