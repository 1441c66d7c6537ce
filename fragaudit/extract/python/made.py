"""What a file makes and brings in, by its text: classes of which rows may be, names that functions import."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Sequence

from fragaudit.model.facts import Import

_NESTED = re.compile(r"^[ \t]+(?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+(\([^)]*\)|[^\n#;]+)", re.MULTILINE)
_ASKED = ("create(", "from_", "model_validate(", "parse_obj(", "build(", "new(")
"""What begins the names of methods by which classes make objects of themselves."""
_HOLDING = re.compile(r"model|schema|orm|db|entit", re.IGNORECASE)
"""Modules that are likely to hold models, by their names: as a rule classes are imported one by one."""
_CLASS = r"((?:\w+\.)?[A-Z]\w*)"
_HANDED = tuple(
    re.compile(begins + _CLASS)  # each begins with a word, which is found fast
    for begins in (
        r"model(?:_class|_cls)?[\"']?\s*[=:]\s*",
        r"create\w*\(\s*(?:(?:self\.)?_?(?:db|session)\w*,\s*)?",
        r"__class__\s*=\s*",
        r"CRUD\w*[\[(]\s*",
        r"DAO\w*[\[(]\s*",
        r"Repository\w*[\[(]\s*",
    )
)
"""What is given a class to make objects of: a form, a serializer, a resource, a function that makes what it is told."""


def made(tree: ast.Module, text: str, imports: Sequence[Import]) -> tuple[str, ...]:
    """Return the names, some as `module.Class`, of classes that are called somewhere in a file, or given to be.

    Args:
        tree: the file.
        text: its text. What only a comment calls counts too.
        imports: its imports; classes are looked for among them and the file's own.
    """
    found = set()
    handed = frozenset(name for pattern in _HANDED for name in pattern.findall(text))
    for item in imports:
        name = item.local
        if not item.level and item.module.partition(".")[0] in sys.stdlib_module_names:
            continue
        if name[:1].isupper():
            if f"{name}(" in text or name in handed or (f"{name}." in text and _asked(name, text)):
                found.add(name)
        elif _HOLDING.search(name) is not None and f"{name}." in text:
            found.update(f"{name}.{made}" for made in re.findall(rf"{re.escape(name)}\.([A-Z]\w*)\(", text))
            found.update(made for made in handed if made.startswith(f"{name}."))
    if any(item.name == "*" for item in imports):
        found.update(re.findall(r"\b([A-Z]\w*)\(", text))
    own = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    found.update(n.name for n in own if n.name in handed or _called(n.name, text))
    if "cls(" in text:
        found.update(node.name for node in own if _makes_own(node))
    return tuple(sorted(found))


def brings(text: str) -> tuple[str, ...]:
    """Return the names that are imported anywhere but at the beginning of a line."""
    if " import " not in text:
        return ()
    found: set[str] = set()
    for match in _NESTED.finditer(text):
        found.update(re.findall(r"(?<!\bas )\b(?!as\b)[A-Za-z_]\w*", match[1]))
    return tuple(sorted(found))


def _called(name: str, text: str) -> bool:
    """Say whether a class is called in the file that defines it, and not just spelled out by its own `__repr__`."""
    if text.count(f"{name}(") <= text.count(f"class {name}("):
        return False
    return any(not before for before in re.findall(rf"(class\s+|[\w\"'<])?{name}\(", text))


def _asked(name: str, text: str) -> bool:
    """Say whether a class is asked for an object of it, as `Order.create(…)` and `Order.from_dict(…)` are."""
    return any(text.count(f"{name}.{method}") for method in _ASKED)


def _makes_own(node: ast.ClassDef) -> bool:
    calls = (inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call))
    return any(isinstance(func, ast.Name) and func.id == "cls" for func in calls)
