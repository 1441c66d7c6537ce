"""What several writes say together: callers of one that forwards, first writes and changes, kinds in a collection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from fragaudit.link.ids.verdicts import Judged
from fragaudit.link.ids.written import Written
from fragaudit.model.vectors import IdVerdict, VectorWrite


def followed(writes: Sequence[VectorWrite]) -> Iterator[VectorWrite]:
    """Yield the writes, changes of what is stored already with the verdict of what wrote it first."""
    first: dict[tuple[str, str, str], set[IdVerdict]] = defaultdict(set)
    for write in writes:
        if not write.updates:
            first[write.engine, write.store, write.container].add(write.verdict)
    for write in writes:
        verdicts = first[write.engine, write.store, write.container] if write.updates else set()
        why = "what is stored already is changed, under the ids it has"
        verdict: IdVerdict = next(iter(verdicts)) if len(verdicts) == 1 else "unknown"
        yield msgspec.structs.replace(write, verdict=verdict, why=why, rewrite=None) if write.updates else write


def writes_itself(written: Written) -> bool:
    """Say whether a call writes by itself, not only through what it calls."""
    return written.operation is not None and not written.inner


def combined(each: Sequence[Judged], places: Sequence[str]) -> Judged:
    """Join the verdicts at callers: one that all share, or that ids are not namespaced where none is known to be."""
    verdicts = {j.verdict for j in each}
    if len(verdicts) == 1 or verdicts == {"unknown", "not-namespaced"}:
        worst = "not-namespaced" if "not-namespaced" in verdicts else each[0].verdict
        chosen = sorted((p, n) for n, (p, j) in enumerate(zip(places, each, strict=True)) if j.verdict == worst)
        first = each[chosen[0][1]]
        shown = ", ".join([p for p, _ in chosen][:3]) + (" …" if len(chosen) > 3 else "")
        return replace(first, why=f"{first.why.partition(' (from ')[0]} (from {shown})")
    shown = ", ".join(sorted(places)[:3]) + (" …" if len(places) > 3 else "")
    return Judged("unknown", f"its callers differ: {shown}")


def kinds(engine: str, store: str, name: str, writes: Sequence[VectorWrite]) -> str:
    """Say why a collection is shared by several kinds of vectors, from what is written to it."""
    inside = [
        w
        for w in writes
        if w.store == store and w.engine == engine and (not name or not w.container or w.container == name)
    ]
    spaces = sorted({w.namespace for w in inside if w.namespace})
    if len(spaces) > 1:
        return f"vectors of {', '.join(spaces[:3])} are written to it"
    native_words = sorted(
        {w.why for w in inside if w.verdict == "native-namespace" and w.why.startswith(("in ", "its payload"))}
    )
    if native_words and not any(w.dynamic for w in inside):
        return f"vectors are written {native_words[0]}" if native_words[0].startswith("in ") else native_words[0]
    return ""
