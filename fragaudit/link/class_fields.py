"""Classes whose attributes hold stores: which store each is, and stores that are only declared so."""

from __future__ import annotations

from collections import defaultdict

from fragaudit.link.abstract import ClassRef
from fragaudit.link.drafts import Draft, Found
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.holders import Held
from fragaudit.link.openings import SiteKey
from fragaudit.link.program import Place, Program
from fragaudit.model.stores import OF_PROJECT, ClassField, Container, Kind, Opening, Reason, Role, Store, StoreClass


class ClassFields:
    """Gives every store attribute of a service's classes its store; adds to the drafts what is only declared."""

    def __init__(self, evaluator: Evaluator, found: Found, files: frozenset[int], drafts: list[Draft]) -> None:
        """Take the drafts made so far; `files` are the numbers of the service's files."""
        self._evaluator = evaluator
        self._program: Program = evaluator.program
        self._found = found
        self._files = files
        self.drafts = drafts

    def all(self) -> list[tuple[Held, Draft]]:
        """Give every store attribute its store; attributes known by type alone make stores of their own."""
        fields: list[tuple[Held, Draft]] = []
        unknown: dict[Place, list[Held]] = defaultdict(list)
        for held in self._found.held:
            if held.cls.file not in self._files:
                continue
            draft = self._known(held)
            if draft is None and held.kind is not None and held.opening is None:
                unknown[held.cls].append(held)
            elif draft is not None:
                fields.append((held, draft))
        for kind in Kind:
            fields.extend(self._declared(kind, unknown))
        return fields

    def _known(self, held: Held) -> Draft | None:
        if held.opening is not None:
            return next((d for d in self.drafts if held.opening in d.sites), None)
        if held.implementation is None:
            return None
        ancestry = {c.place for c in self._evaluator.ancestry(ClassRef(held.implementation))}
        for draft in self.drafts:
            if held.kind not in (None, draft.kind):
                continue
            if draft.root in ancestry or held.implementation in draft.implementations:
                if held.container:
                    at = self._program.location(held.cls.file, held.at)
                    draft.containers.add(Container(held.container, False, at))
                return draft
        inside = [d for d in self.drafts if any(self._within(key, held.implementation) for key in d.sites)]
        return inside[0] if len(inside) == 1 else None

    def _within(self, key: SiteKey, cls: Place) -> bool:
        if key[0] != cls.file:
            return False
        opened = next((o for o in self._found.opened if o.key == key), None)
        return opened is not None and self._program.within(opened.site.place, cls)

    def _declared(self, kind: Kind, unknown: dict[Place, list[Held]]) -> list[tuple[Held, Draft]]:
        """Stores that are only declared: as many as the class with the most holds, beyond those that were opened."""
        by_class = {cls: [h for h in held if h.kind == kind] for cls, held in unknown.items()}
        by_class = {cls: held for cls, held in by_class.items() if held}
        if not by_class:
            return []
        fields: list[tuple[Held, Draft]] = []
        drafts = [d for d in self.drafts if d.kind == kind and d.role != Role.BROKER and d.role != Role.SCRATCH]
        if kind in (Kind.RELATIONAL, Kind.DOCUMENT) and not drafts:
            drafts = [d for d in self.drafts if d.kind in (Kind.RELATIONAL, Kind.DOCUMENT) and d.role == Role.DATA]
        for cls in sorted(by_class, key=lambda c: (-len(by_class[c]), c)):
            taken: list[Draft] = []
            for held in sorted(by_class[cls], key=lambda h: h.at):
                draft = next((d for d in drafts if d not in taken and d.scope == held.field), None)
                draft = draft or next((d for d in drafts if d not in taken), None)
                if draft is None:
                    draft = self._declared_draft(held, kind)
                    drafts.append(draft)
                    self.drafts.append(draft)
                taken.append(draft)
                fields.append((held, draft))
        return fields

    def _declared_draft(self, held: Held, kind: Kind) -> Draft:
        at = self._program.location(held.cls.file, held.at)
        owner = self._program.qualified(held.cls)
        opening = Opening(at, held.declared, OF_PROJECT, held.field, held.conditional, owner, held.field)
        return Draft(
            kind=kind,
            engine=held.declared,
            library=OF_PROJECT,
            role=Role.DATA,
            identity=f"{self._program.scope(held.cls).name}.{held.field}",
            certain=False,
            openings=[opening],
            sites=frozenset(),
            reasons=[Reason(f"role data: declared as {held.declared}, which keeps {kind} data", at)],
            scope=held.field,
        )

    def classes(self, fields: list[tuple[Held, Store]]) -> tuple[StoreClass, ...]:
        """Return the classes that hold stores."""
        by_class: dict[Place, list[ClassField]] = defaultdict(list)
        for held, store in fields:
            at = self._program.location(held.cls.file, held.at)
            by_class[held.cls].append(ClassField(held.field, store.kind, at, held.declared, store.id))
        found = []
        for cls, members in sorted(by_class.items()):
            scope = self._program.scope(cls)
            found.append(StoreClass(scope.name, self._program.location(cls.file, scope.span), tuple(sorted(members))))
        return tuple(found)
