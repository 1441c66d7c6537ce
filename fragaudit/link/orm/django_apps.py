"""Django's apps: which folder is which app, and by what label its models and tables are known."""

from __future__ import annotations

import posixpath

from fragaudit.link.orm.classes import Classes
from fragaudit.link.orm.reader import Read, Reader, View


class Apps:
    """Knows the label of every folder that is an app."""

    def __init__(self, reader: Reader, classes: Classes) -> None:
        self._labels: dict[str, str] = {}
        self._files = {file.path for file in reader.program.files}
        self._folders = {posixpath.dirname(path) for path in self._files}
        for cls in classes.all():
            if any(name.rpartition(".")[2] == "AppConfig" for name in classes.outside(cls)):
                view = View(cls.place)
                texts = {}
                for key in ("name", "label"):
                    binding = next((b for c in classes.order(cls) if (b := classes.members(c).get(key))), None)
                    if binding is not None and binding.value is not None:
                        texts[key] = reader.text(Read(binding.value, view))
                dotted = texts.get("name")
                if dotted:
                    folder = self._folder(posixpath.dirname(classes.module(cls)), dotted)
                    self._labels[folder] = texts.get("label") or dotted.rpartition(".")[2]

    def _folder(self, here: str, dotted: str) -> str:
        """Return the folder of an app by its dotted name, seen from the folder of its configuration."""
        parts = dotted.split(".")
        if posixpath.basename(here) == parts[-1]:
            return here
        tail = "/".join(parts)
        found = [folder for folder in self._folders if folder == tail or folder.endswith("/" + tail)]
        return min(found, key=len) if found else here

    def label(self, path: str) -> str:
        """Return the label of the app a file belongs to."""
        folder = posixpath.dirname(path)
        fallback = ""
        while True:
            if folder in self._labels:
                return self._labels[folder]
            if f"{folder}/migrations" in self._folders:
                return posixpath.basename(folder)
            looks = any(f"{folder}/{name}" in self._files for name in ("models.py", "apps.py", "models/__init__.py"))
            if looks and not fallback and posixpath.basename(folder) != "models":
                fallback = posixpath.basename(folder)
            above = posixpath.dirname(folder)
            if above == folder or not folder:
                break
            folder = above
        if fallback:
            return fallback
        folder = posixpath.dirname(path)
        if posixpath.basename(folder) == "models":
            folder = posixpath.dirname(folder)
        return posixpath.basename(folder) or "app"
