"""Protocol Buffers: the messages of a .proto file and the calls that its services declare, read token by token."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fragaudit.model.deploy import DeployFacts, Message, MessageField, Rpc
from fragaudit.model.locations import Location

MOST_TOKENS = 200_000
"""A file with more is generated, and looked at no further."""

_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    r"|\.?[A-Za-z_][\w.]*|\d[\w.]*|[{}()<>\[\];=,]",
    re.DOTALL,
)
_LABELS = frozenset({"repeated", "optional", "required"})
_NO_FIELDS = frozenset({"option", "reserved", "extensions", "import", "package", "syntax", "edition"})


def read_proto(path: str, text: str) -> DeployFacts:
    """Return the messages and calls of a file; what isn't one of them is passed over."""
    messages: list[Message] = []
    rpcs: list[Rpc] = []
    blocks: list[tuple[str, str, list[MessageField], int]] = []
    words: list[str] = []
    start = 1
    for word, line in _tokens(text):
        start = line if not words else start
        if word == "{":
            kind, name = (words[0], words[1]) if len(words) > 1 else ("", "")
            if kind == "rpc" and blocks and blocks[-1][0] == "service":
                rpcs += _rpc(words, blocks[-1][1], Location(path, start))
            # A `oneof` only groups fields of the message around it.
            blocks.append((kind, name, blocks[-1][2] if kind == "oneof" and blocks else [], start))
            words = []
        elif word == "}":
            words = []
            if blocks:
                kind, name, fields, line = blocks.pop()
                if kind == "message":
                    messages.append(Message(name, tuple(fields), Location(path, line)))
        elif word == ";":
            if blocks and words:
                if blocks[-1][0] in ("message", "oneof"):
                    blocks[-1][2].extend(_field(words))
                elif blocks[-1][0] == "service" and words[0] == "rpc":
                    rpcs += _rpc(words, blocks[-1][1], Location(path, start))
            words = []
        else:
            words.append(word)
    return DeployFacts(path, messages=tuple(messages), rpcs=tuple(rpcs))


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line, at = 1, 0
    for number, match in enumerate(_TOKEN.finditer(text)):
        if number > MOST_TOKENS:
            return
        line += text.count("\n", at, match.start())
        at = match.start()
        if not match[0].startswith(("//", "/*")):
            yield match[0], line


def _field(words: list[str]) -> list[MessageField]:
    """Return the field that `repeated Note notes = 1 [deprecated = true]` declares."""
    if words[0] in _NO_FIELDS or "=" not in words:
        return []
    declared = words[: words.index("=")]
    repeated = declared[0] == "repeated"
    if declared[0] in _LABELS:
        declared = declared[1:]
    if declared[:2] == ["map", "<"]:
        return [MessageField(declared[-1], "map")]
    return [MessageField(declared[1], declared[0].lstrip("."), repeated)] if len(declared) == 2 else []


def _rpc(words: list[str], service: str, at: Location) -> list[Rpc]:
    """Return the call that `rpc Name (Asked) returns (stream Given)` declares."""
    if "returns" not in words:
        return []
    given = [word for word in words[words.index("returns") + 1 :] if word not in ("(", ")", "stream")]
    return [Rpc(service, words[1], given[0].lstrip("."), at)] if given else []
