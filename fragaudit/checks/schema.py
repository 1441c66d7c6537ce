"""FA207 and FA209: one entity in several tables, and sources of the schema that disagree."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.checks.registry import check
from fragaudit.model.findings import Confidence, Hit, Related
from fragaudit.model.schema import Drift
from fragaudit.model.stores import Service


@check("FA207")
def split_table(service: Service) -> Iterator[Hit]:
    """A table whose rows belong one to one to another table's of the same owner."""
    for split in service.splits:
        columns = ", ".join(split.columns)
        how = f"it shares its key ({columns})" if split.how == "key" else f"{columns} is unique"
        message = (
            f"each row of {split.table} belongs to one row of {split.main} ({how}): its columns could stand in "
            f"{split.main}, where one index serves both"
        )
        related = (Related(split.main_at, f"{split.main} is defined here"),)
        confidence = None if split.same_name else Confidence.POSSIBLE
        yield Hit(split.at, message, f"split:{split.table}", related=related, confidence=confidence,
                  data={"table": split.table, "main": split.main, "columns": list(split.columns)})  # fmt: skip


@check("FA209")
def schema_drift(service: Service) -> Iterator[Hit]:
    """An index or table that models have and migrations lack, or the other way round."""
    for drift in service.drifts:
        lacks = "migration" if drift.has == "model" else "model"
        related = (Related(drift.other, f"{drift.table} as the {lacks}s have it"),) if drift.other is not None else ()
        yield Hit(drift.at, _told(drift), f"drift:{drift.table}:{','.join(drift.columns)}", related=related,
                  confidence=None if drift.sure else Confidence.POSSIBLE,
                  data={"table": drift.table, "columns": list(drift.columns), "index": drift.index,
                        "has": drift.has})  # fmt: skip


def _told(drift: Drift) -> str:
    if not drift.columns:
        return f"the model of {drift.table} has no migration that creates the table"
    index = f"{'unique ' if drift.unique else ''}index on {drift.table} ({', '.join(drift.columns)})"
    if drift.has == "model":
        return f"the model declares the {index}, and no migration creates it: the database doesn't have it"
    return f"a migration creates the {index}, and the model doesn't declare it: the next generated one may drop it"
