"""Whether a call is the operation that its name says: some need an argument that others leave out."""

from __future__ import annotations

from fragaudit.catalogue import Operation
from fragaudit.link.evaluate import argument_of
from fragaudit.model.values import Call, Lit


def is_made(operation: Operation, call: Call) -> bool:
    """Say whether a call gives what it needs to be an operation: `create_table` writes if rows are handed to it."""
    if not operation.needs:
        return True
    given = argument_of(call.args, operation.needs, operation.at.get(operation.needs))
    return given is not None and given != Lit(None)
