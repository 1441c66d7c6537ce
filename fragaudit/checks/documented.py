"""FA208: indexes of which nothing is written down, and documents that contradict the schema."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.checks.registry import check
from fragaudit.checks.words import enumerated
from fragaudit.model.documents import Untrue
from fragaudit.model.findings import Confidence, Hit, Related, Severity
from fragaudit.model.stores import Service
from fragaudit.wording import counted


@check("FA208")
def undocumented_indexing(service: Service) -> Iterator[Hit]:
    """Tables with access patterns of whose indexes nothing is written down, and what is written and isn't so."""
    told = service.documentation
    for wrong in told.untrue:
        defined = (
            ()
            if wrong.defined_at in (None, wrong.at)
            else (Related(wrong.defined_at, f"{wrong.index} is defined here"),)
        )
        if wrong.serves:
            asked = () if wrong.asked_at is None else (Related(wrong.asked_at, "this statement can't use it"),)
            yield Hit(wrong.at, _unserved(wrong), f"unserved:{wrong.index}:{wrong.serves}", related=(*defined, *asked),
                      confidence=None if wrong.sure else Confidence.LIKELY,
                      data={"index": wrong.index, "serves": wrong.serves, "has": list(wrong.has)})  # fmt: skip
            continue
        yield Hit(wrong.at, _contradiction(wrong), f"untrue:{wrong.index}", related=defined,
                  data={"index": wrong.index, "says": list(wrong.says), "has": list(wrong.has)})  # fmt: skip
    if told.undocumented:
        names = [item.table for item in told.undocumented]
        first, *others = told.undocumented
        every = len(told.documented) + len(names)
        if told.documented:
            message = (
                f"of {counted(every, 'table')} with access patterns, {len(names)} are in no document on indexes: "
                f"{enumerated(names)}"
            )
        else:
            message = f"no document says which indexes serve the access patterns of {enumerated(names)}"
        beside = tuple(Related(o.at, f"{o.table} is not documented either") for o in others[:5])
        yield Hit(first.at, message, "undocumented", related=beside, severity=Severity.NOTE,
                  confidence=Confidence.LIKELY, data={"tables": names})  # fmt: skip


def _contradiction(wrong: Untrue) -> str:
    if wrong.there:
        return f"the document proposes the index {wrong.index}, which is there on ({', '.join(wrong.has)})"
    if not wrong.has:
        return f"the document names the index {wrong.index}, which no source of the schema has"
    said, has = ", ".join(wrong.says), ", ".join(wrong.has)
    return f"the document has {wrong.index} on ({said}); in the schema it is on ({has})"


def _unserved(wrong: Untrue) -> str:
    if wrong.there:
        return f"the document says that no index serves {wrong.serves}, and {wrong.by or wrong.index} does"
    on = ", ".join(wrong.has)
    if wrong.by and wrong.asked_at is not None:
        why = f"which {wrong.by} serves"
    elif wrong.asked_at is not None:
        why = "where nothing that is asked can use it"
    elif wrong.serves.startswith("`"):
        why = "where nothing is asked any more that can use it"
    else:
        why = "and it has none of these columns"
    who = "comment" if wrong.comment else "document"
    return f"the {who} says that {wrong.index} serves {wrong.serves}, {why}: it is on ({on})"
