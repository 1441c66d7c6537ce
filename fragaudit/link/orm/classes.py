"""Classes as Python orders them: the resolution order over the project's own classes, and what stands outside."""

from __future__ import annotations

from collections.abc import Iterator

from fragaudit.link.abstract import ClassRef
from fragaudit.link.orm.reader import Read, Reader, View, external_name
from fragaudit.link.program import Place
from fragaudit.model.facts import Binding, Scope
from fragaudit.model.values import Attr, Call, Item, Ref, Value

DEEPEST = 30


class Classes:
    """Answers questions about the project's classes; answers are remembered."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.program = reader.program
        self._orders: dict[ClassRef, tuple[ClassRef, ...]] = {}
        self._bases: dict[ClassRef, tuple[tuple[ClassRef, ...], tuple[str, ...]]] = {}

    def all(self) -> Iterator[ClassRef]:
        """Yield every class with bases or decorators, in order of file and appearance."""
        for number, file in enumerate(self.program.files):
            for index, scope in enumerate(file.scopes):
                if scope.kind == "class" and (scope.bases or scope.decorators):
                    yield ClassRef(Place(number, index))

    def scope(self, cls: ClassRef) -> Scope:
        """Return the scope of a class."""
        return self.program.scope(cls.place)

    def bases(self, cls: ClassRef) -> tuple[tuple[ClassRef, ...], tuple[str, ...]]:
        """Return the direct bases of a class: those of the project, and the names of the others."""
        known = self._bases.get(cls)
        if known is not None:
            return known
        own: list[ClassRef] = []
        outside: list[str] = []
        scope = self.scope(cls)
        view = View(Place(cls.place.file, max(scope.parent, 0)))
        for base in scope.bases:
            value: Value = base.base if isinstance(base, Item) else base
            meanings = self.reader.meanings(value, view)
            classes = [m for m in meanings if isinstance(m, ClassRef) and m != cls]
            names = [name for m in meanings if (name := external_name(m))]
            mixed = self._mixed_in(value, view) if not classes else []
            if isinstance(value, Call) and not names and not mixed:
                names = [self.reader.last(value, view)]
            own.extend(c for c in mixed if c not in own and c != cls)
            if mixed and not names:
                continue
            if classes:
                own.extend(c for c in classes[:1] if c not in own)
            else:
                starred = self.reader.named(value, view)
                names = names or [starred or (value.name if isinstance(value, Ref) else getattr(value, "name", "?"))]
                outside.append(names[0])
        for decorator in scope.decorators:
            func = decorator.func if isinstance(decorator, Call) else decorator
            name = self.reader.last(func, view)
            if name in ("mapped", "mapped_as_dataclass", "as_declarative_base", "as_declarative"):
                outside.append(f"@{name}")
        self._bases[cls] = (tuple(own), tuple(outside))
        return self._bases[cls]

    def _mixed_in(self, value: Value, view: View) -> list[ClassRef]:
        """Return the project's classes that a made base is made of.

        `declarative_base(cls=Base)`, `make_base(Mixin)`, `with_metaclass(Meta, Base)`, `SQLAlchemy(model_class=Base)`.
        """
        made = self.reader.follow(Read(value.base if isinstance(value, Attr) else value, view))
        if not isinstance(made.value, Call):
            return []
        if isinstance(value, Attr):
            given = [a.value for a in made.value.args if a.name == "model_class"]
        else:
            given = [a.value for a in made.value.args if a.name in (None, "cls", "base")]
        found = [self.reader.project_class(v, made.view) for v in given]
        return [c for c in found if c is not None]

    def order(self, cls: ClassRef, deep: int = 0) -> tuple[ClassRef, ...]:
        """Return a class and its ancestors inside the project in Python's method resolution order (C3)."""
        known = self._orders.get(cls)
        if known is not None or deep > DEEPEST:
            return known or (cls,)
        self._orders[cls] = (cls,)  # a class that derives from itself is no class
        own, _ = self.bases(cls)
        lists = [list(self.order(base, deep + 1)) for base in own] + [list(own)]
        found = [cls]
        while lists := [each for each in lists if each]:
            for each in lists:
                head = each[0]
                if not any(head in other[1:] for other in lists):
                    break
            else:
                head = lists[0][0]  # inconsistent; Python would refuse it
            found.append(head)
            lists = [[c for c in each if c != head] for each in lists]
        self._orders[cls] = tuple(found)
        return self._orders[cls]

    def outside(self, cls: ClassRef) -> tuple[str, ...]:
        """Return the dotted names of the library classes (and mapping decorators) a class derives from."""
        return tuple(dict.fromkeys(name for each in self.order(cls) for name in self.bases(each)[1]))

    def members(self, cls: ClassRef) -> dict[str, Binding]:
        """Return the attributes a class body binds, by name in order of first appearance; the last binding decides."""
        found: dict[str, Binding] = {}
        for binding in self._by_class.get(cls.place, ()):
            if binding.how in ("=", "declare") and "." not in binding.target and "[" not in binding.target:
                found[binding.target] = binding
        return found

    @property
    def _by_class(self) -> dict[Place, list[Binding]]:
        if not hasattr(self, "_class_bindings"):
            index: dict[Place, list[Binding]] = {}
            for number, file in enumerate(self.program.files):
                kinds = [scope.kind == "class" for scope in file.scopes]
                for binding in file.bindings:
                    if kinds[binding.scope]:
                        index.setdefault(Place(number, binding.scope), []).append(binding)
            self._class_bindings = index
        return self._class_bindings

    def functions(self, cls: ClassRef) -> dict[str, Place]:
        """Return the methods of a class body by name."""
        places = (Place(cls.place.file, number) for number in self.program.children(cls.place))
        return {self.program.scope(p).name: p for p in places if self.program.scope(p).kind == "function"}

    def inner(self, cls: ClassRef, name: str) -> ClassRef | None:
        """Return the class of a name directly inside a class, such as `Meta`."""
        for number in self.program.definitions(cls.place, name):
            place = Place(cls.place.file, number)
            if self.program.scope(place).kind == "class":
                return ClassRef(place)
        return None

    def decorators(self, function: Place) -> set[str]:
        """Return every name in the decorators of a function: `declared_attr.directive` gives both."""
        found: set[str] = set()
        for decorator in self.program.scope(function).decorators:
            value = decorator.func if isinstance(decorator, Call) else decorator
            while True:
                found.add(getattr(value, "name", ""))
                base = getattr(value, "base", None)
                if base is None:
                    break
                value = base
        return found

    def module(self, cls: ClassRef) -> str:
        """Return the path of the file a class stands in."""
        return self.program.files[cls.place.file].path
