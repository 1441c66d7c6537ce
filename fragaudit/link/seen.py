"""What a set of files opens and uses: of the whole repository, or of one service with the shared code it imports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace

from fragaudit.catalogue import Catalogue
from fragaudit.link.boundaries import ServiceRoot
from fragaudit.link.configured import Configured
from fragaudit.link.drafts import Found
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.holders import Holders
from fragaudit.link.openings import Opened, Openings
from fragaudit.link.program import Program
from fragaudit.link.reach import Reach
from fragaudit.link.slots import slots
from fragaudit.link.spelled import Spelled
from fragaudit.link.tasks import Tasks
from fragaudit.link.usage import Usage
from fragaudit.model.facts import FileFacts
from fragaudit.model.locations import Location
from fragaudit.model.values import Lit, Seq


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything found in some files. `by_call` are the openings that calls make, `opened` those of settings too."""

    evaluator: Evaluator
    by_call: tuple[Opened, ...]
    opened: tuple[Opened, ...]
    found: Found
    unresolved: tuple[Location, ...]
    calls_found: int

    @property
    def program(self) -> Program:
        """The files, indexed."""
        return self.evaluator.program


@dataclass(frozen=True, slots=True)
class Opening:
    """What some files open, whether it is used or not; the beginning of what is seen of them."""

    evaluator: Evaluator
    by_call: tuple[Opened, ...]
    opened: tuple[Opened, ...]


def opening(evaluator: Evaluator, catalogue: Catalogue) -> Opening:
    """Return what files open, with names followed in these files alone."""
    by_call = Openings(evaluator, catalogue).all()
    return Opening(evaluator, by_call, tuple(dict.fromkeys((*by_call, *Configured(evaluator, catalogue).all()))))


def seen(begun: Opening, catalogue: Catalogue, shared: Set[str] = frozenset()) -> Seen:
    """Return what files open and use, without slots. In `shared` ones only what something uses is opened."""
    evaluator, by_call, opened = begun.evaluator, begun.by_call, begun.opened
    program = evaluator.program
    usage = Usage(evaluator, catalogue)
    called = tuple(dict.fromkeys((*usage.all(), *Tasks(evaluator).all())))
    used = {c.opening for c in called}
    reach = Reach(program)
    opened = tuple(
        o
        for o in opened
        if (not o.on_use or o.key in used)
        and (program.files[o.site.place.file].path not in shared or reach.used(o.site.place))
    )
    held = Holders(evaluator, catalogue).all()
    found = Found(opened, (), held, called, reach)
    unresolved = tuple(program.location(site.place.file, site.call.at) for site in usage.unresolved_searches)
    return Seen(evaluator, by_call, opened, found, unresolved, usage.found)


def with_slots(seen: Seen, catalogue: Catalogue) -> Seen:
    """Return the same with the slots of what is opened, which take longest to find."""
    found = replace(seen.found, slots=slots(seen.evaluator, catalogue, seen.opened))
    return replace(seen, found=found)


def seen_by(
    root: ServiceRoot, reached: Set[str], whole: Seen, facts: Sequence[FileFacts], catalogue: Catalogue
) -> tuple[Seen, frozenset[str]]:
    """Return what one service opens and uses, and in which of the files seen.

    A function that code shared by several services opens a store in opens it at the addresses that this service's
    callers give it, not at those of the others; shared code that it doesn't import (`reached` is what it does import)
    opens nothing for it.
    """
    if not reached:
        return whole, root.files
    paths = root.files | reached
    evaluator = Evaluator(Program([f for f in facts if f.path in paths], catalogue.roots), catalogue)
    return with_slots(seen(opening(evaluator, catalogue), catalogue, reached), catalogue), paths


def reached_by(root: ServiceRoot, program: Program, spelled: Spelled) -> set[str]:
    """Return the shared files that a service's own files import, directly or by way of each other.

    What a text names by its dotted path is imported too. Django imports the models of every application that its
    settings name.
    """
    if not root.shared:
        return set()
    numbers = {file.path: number for number, file in enumerate(program.files)}
    queue = [numbers[path] for path in sorted(root.files) if path in numbers]
    known = set(queue)
    while queue:
        number = queue.pop()
        for item in program.files[number].imports:
            for target in program.targets(item, number):
                if target not in known and program.files[target].path in root.shared:
                    known.add(target)
                    queue.append(target)
        for target in (*sorted(spelled.by(number)), *_installed(number, program)):
            if target not in known and program.files[target].path in root.shared:
                known.add(target)
                queue.append(target)
    return {program.files[number].path for number in known} - root.files


def _installed(number: int, program: Program) -> Iterator[int]:
    """Yield the files with the models of the applications that a settings file names."""
    for binding in program.files[number].bindings:
        if binding.target == "INSTALLED_APPS" and isinstance(binding.value, Seq):
            for item in binding.value.items:
                name = item.value if isinstance(item, Lit) and isinstance(item.value, str) else ""
                for module in (f"{name}.models", f"{name.partition('.apps.')[0]}.models") if name else ():
                    found = program.module(module, number)
                    if found is not None:
                        yield found
