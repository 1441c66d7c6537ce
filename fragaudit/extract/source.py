"""From bytes to text, as Python itself would read them, or a problem with a place."""

from __future__ import annotations

import codecs
import io
import tokenize

from fragaudit.model.locations import Location, Problem

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(path: str, data: bytes, *, python: bool) -> str | Problem:
    """Return the text of a file, or why it has none.

    Python files are read by their coding cookie (UTF-8 without one); a UTF-16 or UTF-32 mark is honoured for SQL
    files, as exports of database tools carry them, and refused for Python, which can't import such a file.
    """
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    if encoding.startswith(("utf-16", "utf-32")) and python:
        return Problem(Location(path), f"encoded as {encoding.upper()}, which Python can't read; save it as UTF-8")
    if b"\0" in data and encoding in ("utf-8", "utf-8-sig"):
        line, column = _place(data, data.index(b"\0"))
        return Problem(Location(path, line, column), "contains a NUL byte, so it is not source text")
    if python:
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        except SyntaxError as error:
            if "unknown encoding" in str(error):
                return Problem(Location(path), f"declares an encoding that doesn't exist ({error})")
            encoding = "utf-8"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line, column = _place(data, error.start)
        byte = data[error.start]
        hint = "declare its encoding or save it as UTF-8" if python else "save it as UTF-8"
        return Problem(Location(path, line, column), f"byte 0x{byte:02x} is not valid {encoding}; {hint}")


def _place(data: bytes, offset: int) -> tuple[int, int]:
    before = data[:offset]
    return before.count(b"\n") + 1, offset - (before.rfind(b"\n") + 1) + 1
