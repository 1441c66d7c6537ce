"""The implementation that a class or function makes where its caller gives it none."""

from __future__ import annotations

from collections.abc import Sequence

from fragaudit.link.abstract import ClassRef
from fragaudit.link.evaluate import Evaluator
from fragaudit.link.program import Place, Site
from fragaudit.link.slots.found import Alternative
from fragaudit.model.facts import NO_BRANCH, Binding
from fragaudit.model.values import Either, Ref


def made_where_none_is_given(alternatives: Sequence[Alternative], evaluator: Evaluator) -> Alternative | None:
    """Return the one implementation that stands in for a parameter: `self.driver = driver or Neo4jDriver(uri)`."""
    found = [a for a in alternatives if a.cls is not None and _stands_in(a.cls, a.label, evaluator)]
    return found[0] if len(found) == 1 else None


def _stands_in(cls: Place, name: str, evaluator: Evaluator) -> bool:
    program = evaluator.program
    for site in program.sites_by_name.get(name, ()):
        parameters = {p.name for p in program.scope(site.place).parameters}
        if (
            parameters
            and site.target
            and program.enclosing_class(site.place) != cls
            and any(_instead(site, other, parameters, evaluator) for other in program.bindings(site.place, site.target))
            and ClassRef(cls) in evaluator.evaluate(site.call.func, site.place)
        ):
            return True
    return False


def _instead(site: Site, other: Binding, parameters: set[str], evaluator: Evaluator) -> bool:
    """Say whether what a call makes is bound in place of a parameter, by one binding of the name it gets."""
    own = not site.nested and other.value is site.call
    if own:
        return site.target in parameters and site.branch != NO_BRANCH
    match other.value:
        case Ref(name):
            return name in parameters and evaluator.program.exclusive(site.place.file, site.branch, other.branch)
        case Either(options):
            return any(o is site.call for o in options) and any(
                isinstance(o, Ref) and o.name in parameters for o in options
            )
        case _:
            return False
