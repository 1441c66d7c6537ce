"""What services have to do with each other: the searches they offer, and what asks several of them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fragaudit.config import Config
from fragaudit.link.abstract import ClassRef
from fragaudit.link.boundaries import ServiceRoot
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.program import Place
from fragaudit.link.search import Coordinators, Interfaces, Naming, Offered, Offers, names_of
from fragaudit.model.deploy import DeployFacts
from fragaudit.model.stores import Service


def with_searches(
    services: Sequence[Service], roots: Sequence[ServiceRoot], evaluator: Evaluator, deploy: Sequence[DeployFacts],
    config: Config,
) -> tuple[Service, ...]:  # fmt: skip
    """Return the services with the searches they offer and the coordinators that stand in them."""
    if not any(file.mentions for file in evaluator.program.files):
        return tuple(services)
    program = evaluator.program
    numbers = {file.path: number for number, file in enumerate(program.files)}
    naming = Naming(evaluator, config.search.names)
    offers = Offers(evaluator, naming, Interfaces(deploy))
    coordinators = Coordinators(evaluator, naming, offers, config.search.coordinators)
    compose = [(c.name, c.context) for facts in deploy for c in facts.compose]
    aliases = {s.name: s.aliases for s in config.services}
    own = {root.name: frozenset(numbers[p] for p in root.files if p in numbers) for root in roots}
    called = {
        root.name: (own[root.name], names_of(root.name, root.root, compose, aliases.get(root.name, ())))
        for root in roots
    }
    asking = coordinators.by_service(called)
    found = []
    for service, root in zip(services, roots, strict=True):
        shared = frozenset(numbers[p] for p in root.shared if p in numbers)
        mine = [o.offer for o in offers.all if o.file in own[root.name]]
        mine += [
            o.offer for o in offers.all if o.file in shared and _taken_up(o, own[root.name], evaluator)
        ]  # fmt: skip
        found.append(
            msgspec.structs.replace(
                service, searches=tuple(mine), coordinators=tuple(asking.get(root.name, ()))
            )
        )  # fmt: skip
    return tuple(found)


def _taken_up(offered: Offered, files: frozenset[int], evaluator: Evaluator) -> bool:
    """Say whether a service makes a search of the shared code its own: by a subclass, or by importing it."""
    program = evaluator.program
    if offered.function is None:
        return False
    name = program.scope(offered.owner or offered.function).name
    for number in sorted(files):
        if any(item.name == name for item in program.files[number].imports):
            return True
        for scope_number, scope in enumerate(program.files[number].scopes):
            if scope.kind == "class" and scope.bases and offered.owner is not None:
                ancestry = evaluator.ancestry(ClassRef(Place(number, scope_number)))
                if any(ancestor.place == offered.owner for ancestor in ancestry):
                    return True
    return False
