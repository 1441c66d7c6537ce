"""The cache of facts: it never changes an answer, and nothing it can contain or lack stops an audit."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from fragaudit import cache as cache_module
from fragaudit.cache import (
    KEPT_DAYS,
    OF_FIXES,
    OF_REPOSITORIES,
    SEEN_EVERY,
    FactsCache,
    cache_folder,
    content_digest,
    facts_key,
)
from fragaudit.model.facts import FileFacts
from fragaudit.model.locations import Location, Problem

CONTENT = content_digest(b"import redis\n")
FACTS = FileFacts("a.py", "python", 2, parsed=True, problems=(Problem(Location("a.py", 1, 2), "what"),))
ENCODED = msgspec.json.encode(FACTS)


def filled(folder: Path, key: str = "key", today: int = 1000) -> Path:
    """Write a cache with one entry and return its file."""
    cache = FactsCache(folder, key, today=today)
    cache.put("a.py", CONTENT, ENCODED)
    cache.save()
    assert cache.notes == []
    (file,) = (f for f in folder.glob("facts-*.json") if hashlib.sha256(key.encode()).hexdigest()[:16] in f.name)
    return file


def known(
    folder: Path, key: str = "key", path: str = "a.py", content: str = CONTENT, today: int = 1000
) -> FileFacts | None:
    return FactsCache(folder, key, today=today).get(path, content)


def sealed(body: bytes) -> bytes:
    """Return a file of this content with the digest that belongs to it."""
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def test_facts_come_back_as_they_were(tmp_path: Path) -> None:
    filled(tmp_path)
    assert known(tmp_path) == FACTS


def test_facts_belong_to_a_path_a_content_and_a_key(tmp_path: Path) -> None:
    filled(tmp_path)
    assert known(tmp_path, content=content_digest(b"import redis \n")) is None
    assert known(tmp_path, path="b.py") is None
    assert known(tmp_path, key="another") is None


def test_keys_keep_apart_in_one_folder(tmp_path: Path) -> None:
    filled(tmp_path, "one")
    filled(tmp_path, "two")
    assert known(tmp_path, "one") == known(tmp_path, "two") == FACTS


def _truncate(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _flip(data: bytes) -> bytes:
    return data.replace(b'"what"', b'"that"')


def _foreign(_: bytes) -> bytes:
    return sealed(json.dumps({"version": 3, "files": []}).encode())


def _wrong_types(_: bytes) -> bytes:
    return sealed(json.dumps({"key": "key", "entries": {"a.py": [CONTENT, "today", {}]}}).encode())


def _wrong_facts(_: bytes) -> bytes:
    return sealed(json.dumps({"key": "key", "entries": {"a.py": [CONTENT, 1000, {"path": "a.py"}]}}).encode())


def _facts_of_another(_: bytes) -> bytes:
    other = json.loads(ENCODED) | {"path": "b.py"}
    return sealed(json.dumps({"key": "key", "entries": {"a.py": [CONTENT, 1000, other]}}).encode())


def _another_key(_: bytes) -> bytes:
    return sealed(json.dumps({"key": "k", "entries": {"a.py": [CONTENT, 1000, json.loads(ENCODED)]}}).encode())


def _deep(_: bytes) -> bytes:
    return sealed(b'{"key":"key","entries":{"a.py":["x",1,' + b"[" * 100_000 + b"]" * 100_000 + b"]}}")


def _no_text(_: bytes) -> bytes:
    return sealed(b'{"key":"\xff\xfe"}')


def _pickle(_: bytes) -> bytes:
    return sealed(b"cos\nsystem\n(S'touch hacked'\ntR.")


def _nothing(_: bytes) -> bytes:
    return b""


DAMAGE = [
    _truncate, _flip, _foreign, _wrong_types, _wrong_facts, _facts_of_another, _another_key, _deep, _no_text, _pickle,
    _nothing,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda f: f.__name__.strip("_"))
def test_a_damaged_or_foreign_cache_is_ignored_and_made_anew(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    file = filled(tmp_path)
    before = file.read_bytes()
    file.write_bytes(damage(before))
    assert file.read_bytes() != before
    assert known(tmp_path) is None
    filled(tmp_path)
    assert known(tmp_path) == FACTS


def test_the_sealed_form_is_the_real_one(tmp_path: Path) -> None:
    """Guards the cases above: with right facts in it, the same hand-made form is taken."""
    file = filled(tmp_path)
    body = json.dumps({"key": "key", "entries": {"a.py": [CONTENT, 1000, json.loads(ENCODED)]}}).encode()
    file.write_bytes(sealed(body))
    assert known(tmp_path) == FACTS


def test_a_folder_or_a_pipe_in_the_place_of_the_file_is_survived(tmp_path: Path) -> None:
    file = filled(tmp_path)
    file.unlink()
    file.mkdir()
    cache = FactsCache(tmp_path, "key", today=1000)
    cache.put("a.py", CONTENT, ENCODED)
    cache.save()
    assert len(cache.notes) == 1
    assert [f.name for f in tmp_path.glob("*.tmp")] == []
    file.rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(file)
        assert known(tmp_path) is None


def test_a_file_in_the_place_of_the_folder_is_noted(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("mine")
    cache = FactsCache(tmp_path / "cache", "key")
    cache.put("a.py", CONTENT, ENCODED)
    cache.save()
    assert len(cache.notes) == 1
    assert "can't be written" in cache.notes[0]
    assert (tmp_path / "cache").read_text() == "mine"


@pytest.mark.parametrize("step", ["mkstemp", "replace", "write"])
def test_a_full_disk_or_a_read_only_folder_is_noted_and_leaves_the_old_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    file = filled(tmp_path)
    before = file.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if step == "write":
        limited = open

        def opened(name: object, mode: str = "r") -> object:
            handle = limited(name, mode)  # type: ignore[call-overload]
            if "w" in mode:
                handle.close()
                full()
            return handle

        monkeypatch.setattr(cache_module, "open", opened, raising=False)
    else:
        monkeypatch.setattr({"mkstemp": tempfile, "replace": os}[step], step, full)
    cache = FactsCache(tmp_path, "key", today=1000)
    cache.put("b.py", CONTENT, ENCODED)
    cache.save()
    monkeypatch.undo()
    assert len(cache.notes) == 1
    assert "No space left on device" in cache.notes[0]
    assert file.read_bytes() == before
    assert sorted(f.name for f in tmp_path.iterdir() if f.suffix == ".tmp") == []


def test_a_run_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    file = filled(tmp_path)
    status = file.stat()
    cache = FactsCache(tmp_path, "key", today=1000 + SEEN_EVERY - 1)
    assert cache.get("a.py", CONTENT) == FACTS
    cache.save()
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (status.st_ino, status.st_mtime_ns)


def test_facts_stay_while_they_are_used_and_go_when_they_are_not(tmp_path: Path) -> None:
    filled(tmp_path)
    cache = FactsCache(tmp_path, "key", today=1000)
    cache.put("unused.py", CONTENT, ENCODED)
    cache.save()
    later = 1000 + KEPT_DAYS
    used = FactsCache(tmp_path, "key", today=later)
    assert used.get("a.py", CONTENT) == FACTS
    used.save()
    last = FactsCache(tmp_path, "key", today=later + 1)
    last.put("new.py", CONTENT, ENCODED)
    last.save()
    entries = json.loads(next(tmp_path.glob("facts-*.json")).read_bytes().partition(b"\n")[2])["entries"]
    assert sorted(entries) == ["a.py", "new.py"]


def test_a_run_over_one_file_keeps_the_facts_of_the_others(tmp_path: Path) -> None:
    filled(tmp_path)
    cache = FactsCache(tmp_path, "key", today=1001)
    cache.put("b.py", CONTENT, ENCODED)
    cache.save()
    assert known(tmp_path) == FACTS


def test_beyond_the_bound_the_facts_unseen_for_longest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "MOST_BYTES", 2 * len(ENCODED) + 30)
    for day, path in ((1000, "a.py"), (1001, "b.py"), (1002, "c.py")):
        cache = FactsCache(tmp_path, "key", today=day)
        cache.put(path, CONTENT, ENCODED)
        cache.save()
    entries = json.loads(next(tmp_path.glob("facts-*.json")).read_bytes().partition(b"\n")[2])["entries"]
    assert sorted(entries) == ["b.py", "c.py"]


def test_caches_of_forgotten_versions_and_half_written_ones_are_removed(tmp_path: Path) -> None:
    today = 20_000
    other, recent, half = filled(tmp_path, "other"), filled(tmp_path, "recent"), tmp_path / "facts-abc.tmp"
    half.write_text("half")
    foreign = tmp_path / "precious.json"
    foreign.write_text("{}")
    for file, days in ((other, KEPT_DAYS + 2), (recent, 3), (half, 3), (foreign, 900)):
        os.utime(file, ((today - days) * 86_400,) * 2)
    mine = filled(tmp_path, "mine", today)
    left = sorted(f.name for f in tmp_path.iterdir())
    assert left == sorted([mine.name, recent.name, foreign.name])


def test_a_folder_that_it_makes_is_ignored_by_git_and_one_that_exists_is_left_alone(tmp_path: Path) -> None:
    filled(tmp_path / "new")
    assert (tmp_path / "new" / ".gitignore").read_text() == "*\n"
    assert (tmp_path / "new" / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55")
    (tmp_path / "mine").mkdir()
    file = filled(tmp_path / "mine")
    assert [f.name for f in (tmp_path / "mine").iterdir()] == [file.name]


def test_without_a_folder_nothing_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cache = FactsCache(None, "key")
    cache.put("a.py", CONTENT, ENCODED)
    cache.save()
    assert cache.get("a.py", CONTENT) is None
    assert list(tmp_path.iterdir()) == []


def test_the_environment_names_the_folder() -> None:
    assert cache_folder(Path("root"), {}) == Path("root/.fragaudit_cache")
    assert cache_folder(Path("root"), {"FRAGAUDIT_CACHE_DIR": "/elsewhere"}) == Path("/elsewhere")
    assert cache_folder(Path("root"), {"FRAGAUDIT_CACHE_DIR": ""}) == Path("root/.fragaudit_cache")


def test_the_key_depends_on_catalogue_tool_and_parsers(monkeypatch: pytest.MonkeyPatch) -> None:
    before = facts_key("digest")
    assert facts_key("digest") == before
    assert facts_key("another digest") != before
    assert len({before, facts_key("digest", OF_REPOSITORIES), facts_key("digest", OF_FIXES)}) == 3
    monkeypatch.setattr(cache_module, "__version__", "99")
    assert facts_key("digest") != before
    monkeypatch.undo()
    monkeypatch.setattr(cache_module, "_version", lambda name: name)
    assert facts_key("digest") != before


def test_the_key_is_made_without_loading_a_parser() -> None:
    code = (
        "import sys; from fragaudit.cache import facts_key; facts_key('');"
        "print([m for m in ('libcst', 'sqlglot', 'importlib.metadata') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_runs_at_the_same_time_never_leave_a_broken_cache(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from fragaudit.cache import FactsCache\n"
        "for n in range(40):\n"
        "    c = FactsCache(Path(sys.argv[1]), 'key', today=1000)\n"
        "    c.put(sys.argv[2], sys.argv[3], sys.argv[4].encode()); c.save(); assert c.notes == [], c.notes\n"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path), "a.py", CONTENT, ENCODED.decode()]
    running = [subprocess.Popen(arguments) for _ in range(3)]
    while any(process.poll() is None for process in running):
        if list(tmp_path.glob("facts-*.json")):
            assert known(tmp_path) == FACTS
    assert [process.wait() for process in running] == [0, 0, 0]
    assert known(tmp_path) == FACTS
