"""One file in, plain facts out. The only package that sees libcst and sqlglot."""

from __future__ import annotations

from fragaudit.catalogue import Catalogue
from fragaudit.model.facts import FileFacts
from fragaudit.model.locations import Location, Problem


def extract(path: str, language: str, data: bytes, catalogue: Catalogue, *, whole: bool = False) -> FileFacts:
    """Return the facts of one file. Never raises: whatever goes wrong becomes a problem of that file.

    Args:
        path: the name the facts carry, posix style.
        language: `python` or `sql`.
        data: the file's bytes.
        catalogue: the store catalogue; it decides which statements can matter.
        whole: whether everything in a Python file matters, as it declares what another file gives back.
    """
    try:
        if language == "sql":
            from fragaudit.extract.sql import extract_sql

            return extract_sql(path, data)
        from fragaudit.extract.python import extract_python

        return extract_python(path, data, catalogue, whole)
    except Exception as error:  # noqa: BLE001  # one file must never end the audit of the others
        what = f"could not be read: {type(error).__name__}: {error}"
        return FileFacts(
            path, "sql" if language == "sql" else "python", 0, False, problems=(Problem(Location(path), what),)
        )
