"""Slots of exclusive branches that open different engines."""

from __future__ import annotations

from collections import defaultdict

from fragaudit.link.abstract import Known
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.openings import UNDECIDED, Opened
from fragaudit.link.program import Place, Program, Site
from fragaudit.link.slots.calls import Calls
from fragaudit.link.slots.found import FEWEST, Alternative, SlotFound, defaults_of
from fragaudit.link.spelled import named_modules
from fragaudit.model.facts import MODULE_SCOPE
from fragaudit.model.stores import Kind, Reason
from fragaudit.model.values import Seq, Value


class Arms:
    """Finds slots by exclusive branches."""

    def __init__(self, evaluator: Evaluator, calls: Calls) -> None:
        """Take what follows names and calls."""
        self._evaluator = evaluator
        self._program: Program = evaluator.program
        self._calls = calls

    def all(self) -> list[SlotFound]:
        """Return the slots made of exclusive branches that open, or call what opens, different engines of one kind."""
        found = []
        choices: dict[tuple[int, int], dict[int, list[Site]]] = defaultdict(lambda: defaultdict(list))
        for site in self._program.sites:
            for branch in self._program.branches(site.place.file, site.branch):
                choices[site.place.file, branch.group][branch.arm].append(site)
        for (file, group), by_arm in sorted(choices.items()):
            if len(by_arm) >= FEWEST:
                found.extend(self._choice(file, group, by_arm))
        return found

    def _choice(self, file: int, group: int, by_arm: dict[int, list[Site]]) -> list[SlotFound]:
        reached: dict[int, list[Opened]] = {}
        for arm, inside in by_arm.items():
            direct = [o for o in self._calls.by_file[file] if any(o.site.call is s.call for s in inside)]
            named = {n for s in inside for n in named_modules(self._program, s.call, file) if n != file}
            direct += [o for n in sorted(named) for o in self._calls.by_file[n]]
            units = {t for s in inside for t in self._calls.called.get(id(s.call), ())}
            indirect = [
                o
                for u in sorted(units)
                for o in self._calls.reached(u)
                if self._calls.callers.get(self._calls.owner(o.site.place))
            ]
            reached[arm] = list(dict.fromkeys([*direct, *indirect]))
        found = []
        for kind in sorted({o.kind for openings in reached.values() for o in openings}):
            arms = {arm: [o for o in openings if o.kind == kind] for arm, openings in reached.items()}
            arms = {arm: openings for arm, openings in arms.items() if openings}
            common = set.intersection(*({o.key for o in openings} for openings in arms.values())) if arms else set()
            arms = {a: own for a, openings in arms.items() if (own := [o for o in openings if o.key not in common])}
            engines = {frozenset(o.engine for o in openings if o.engine != UNDECIDED) for openings in arms.values()}
            if len(arms) < FEWEST or len(engines - {frozenset()}) < FEWEST:
                continue
            found.append(self._slot_of_arms(file, group, kind, arms))
        return found

    def _slot_of_arms(self, file: int, group: int, kind: Kind, arms: dict[int, list[Opened]]) -> SlotFound:
        branches = {b.arm: b for b in self._program.files[file].branches if b.group == group}
        alternatives, default, chosen = [], None, self._chosen(file, group)
        for arm, openings in sorted(arms.items()):
            label = branches[arm].label
            texts = frozenset(str(v).lower() for v in self._literals(label, file))
            alternative = Alternative(openings[0].engine, None, tuple(openings), texts | {openings[0].engine})
            alternatives.append(alternative)
            if chosen & texts or (not chosen and default is None and branches[arm].kind in ("else", "rest")):
                default = alternative
        if default is None and chosen:
            default = next((a for a in alternatives if chosen & a.names), None)
        own = [o.site.call.at for a in alternatives for o in a.openings if o.site.place.file == file]
        first = min(own, default=alternatives[0].openings[0].site.call.at)
        engines = ", ".join(
            sorted({"a database by its URL" if a.label == UNDECIDED else a.label for a in alternatives})
        )
        reason = Reason(f"exclusive branches, one active at a time: {engines}", self._program.location(file, first))
        return SlotFound(kind, tuple(alternatives), default, None, (reason,))

    def _chosen(self, file: int, group: int) -> frozenset[str]:
        """Return the default values of what a choice tests."""
        found: set[str] = set()
        for branch in self._program.files[file].branches:
            if branch.group == group and branch.subject is not None:
                for meaning in self._evaluator.evaluate(branch.subject, self._scope_of(file, branch.group)):
                    found |= {str(d.value).lower() for d in defaults_of(meaning)}
        return frozenset(found)

    def _scope_of(self, file: int, group: int) -> Place:
        facts = self._program.files[file]
        entries = [(u.scope, u.branch) for u in facts.uses] + [(b.scope, b.branch) for b in facts.bindings]
        for scope, inside in entries:
            if any(branch.group == group for branch in self._program.branches(file, inside)):
                return Place(file, scope)
        return Place(file, MODULE_SCOPE)

    def _literals(self, value: Value | None, file: int) -> list[str]:
        if value is None:
            return []
        if isinstance(value, Seq):
            return [text for item in value.items for text in self._literals(item, file)]
        meanings = self._evaluator.evaluate(value, Place(file, MODULE_SCOPE))
        return [str(m.value) for m in meanings if isinstance(m, Known) and isinstance(m.value, str)]
