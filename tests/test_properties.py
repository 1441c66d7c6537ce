"""What must hold of every audit: the same content gives the same bytes, and no content makes it fail."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fragaudit import pipeline, workers
from fragaudit.config import Config
from fragaudit.discover import Discovery
from fragaudit.discover import discover as real_discover
from fragaudit.pipeline import audit, audit_sources
from fragaudit.report import CHECK, MAP, Look

FIXTURES = Path(__file__).parent.parent / "fixtures"
LOOK = Look(False, 100, False)


def everything(cache_dir: Path | None = None, *, jobs: int = 1) -> str:
    """Audit all fixtures and return every machine-readable form of the report."""
    config = Config(include=("*",))
    result = audit([FIXTURES], FIXTURES, config, jobs=jobs, cache=cache_dir is not None, cache_dir=cache_dir)
    assert result.notes == []
    return "\n".join(
        (CHECK["json"](result.report, LOOK), CHECK["sarif"](result.report, LOOK), MAP["json"](result.report, LOOK))
    )


@pytest.fixture(scope="module")
def plain() -> str:
    report = everything()
    assert '"rule": "FA101"' in report
    return report


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Make the fixtures worth several processes in several batches, and count the pools."""
    started: list[int] = []
    real = workers._executor

    def counted(task: workers.Task[object, object], jobs: int) -> object:
        started.append(jobs)
        return real(task, jobs)

    monkeypatch.setattr(workers, "WORTH_A_POOL", 1)
    monkeypatch.setattr(workers, "BATCH_ITEMS", 2)
    monkeypatch.setattr(workers, "_executor", counted)
    yield started


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_files_makes_no_difference(plain: str, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    orders = []

    def shuffled(*arguments: object) -> Discovery:
        found = real_discover(*arguments)  # type: ignore[arg-type]
        files = list(found.files)
        random.Random(seed).shuffle(files)
        orders.append(files)
        assert sorted(files) == sorted(found.files)
        return Discovery(tuple(files), found.excluded, found.problems)

    monkeypatch.setattr(pipeline, "discover", shuffled)
    assert everything() == plain
    assert orders[0] != sorted(orders[0])


@pytest.mark.parametrize("jobs", [2, 3])
def test_the_number_of_processes_makes_no_difference(plain: str, pools: list[int], jobs: int) -> None:
    assert everything(jobs=jobs) == plain
    assert pools == [jobs]


def test_the_cache_makes_no_difference(plain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert everything(tmp_path) == plain

    def refuse(*_: object) -> None:
        raise AssertionError("a file was read that the cache knows")

    monkeypatch.setattr(pipeline, "_extract", refuse)
    assert everything(tmp_path) == plain


def test_cache_and_processes_together_make_no_difference(plain: str, tmp_path: Path, pools: list[int]) -> None:
    assert everything(tmp_path, jobs=2) == plain
    assert everything(tmp_path, jobs=2) == plain
    assert pools == [2], "the second audit has nothing to do"


def test_a_changed_file_is_read_again_whatever_its_time_and_size(tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    texts = ("import redis\na = redis.Redis(host='one')\n", "import redis\na = redis.Redis(host='two')\n")
    found = []
    for text in texts:
        file.write_text(text)
        os.utime(file, (1_000_000_000, 1_000_000_000))
        report = audit([tmp_path], tmp_path, Config(), cache_dir=tmp_path / "cache").report
        found.append([store.identity for service in report.services for store in service.stores])
    assert "one" in found[0][0]
    assert "two" in found[1][0]


def test_paths_in_any_order_and_twice_make_no_difference() -> None:
    paths = sorted(p for p in FIXTURES.iterdir() if p.is_dir())
    reports = [
        audit(order, FIXTURES, Config(include=("*",)), cache=False).report
        for order in (paths, paths[::-1], [*paths, *paths], [FIXTURES])
    ]
    assert all(report == reports[0] for report in reports)


def test_in_memory_and_on_disk_are_one() -> None:
    folder = FIXTURES / "bad_service"
    files = {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.suffix in (".py", ".sql")}
    on_disk = audit([folder], folder, Config(include=("*",)), cache=False).report
    in_memory = audit_sources(files)
    assert in_memory.findings
    assert in_memory.findings == on_disk.findings
    assert in_memory.services == on_disk.services


NAMES = st.sampled_from(
    ["app.py", "a/b.py", "schema.sql", "Dockerfile", "docker-compose.yml", "pyproject.toml", "setup.cfg"]
)
WORDS = st.sampled_from(
    [b"import redis\n", b"from redis import *\n", b"class A:\n    ", b"self.x = ", b"redis.Redis(", b"redis.from_url(", b")",
     b"x: KeyValueStore\n", b"if x:\n    ", b"else:\n    ", b"match x:\n case 'a':\n  ", b"f'{x}", b"'", b'"""', b"\\\n", b"(",
     b"[", b"{", b"}", b"lambda: ", b"async with ", b" as y:\n    ", b"\n", b"\t", b"\x0c", b"\r", b"# fragaudit: ignore[",
     b"multiple-kv-stores] ", b"CREATE TABLE ", b"t (a int);", b"--", b"/*", b"$$", b"services:\n  ", b"build: .\n", b"&a ", b"*a",
     b"FROM x\n", b"CMD [", b"[project]\n", b"name = ", b"\xef\xbb\xbf", b"\x00", b"\xff", b"\xe9", b"# coding: latin-1\n"]
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(
    st.dictionaries(NAMES, st.one_of(st.binary(max_size=200), st.lists(WORDS, max_size=30).map(b"".join)), max_size=3)
)
@example({"app.py": b"import redis\nx = (" * 300})
@example({"app.py": b"import redis\n\x0c\nx = redis.Redis()\\"})
@example({"app.py": b"import redis\rx = redis.Redis()\r"})
def test_no_content_makes_an_audit_fail(files: dict[str, bytes]) -> None:
    report = audit_sources(files)
    lines = {path: data.count(b"\n") + data.count(b"\r") + data.count(b"\x0c") + 2 for path, data in files.items()}
    for at in (*(p.at for p in report.problems), *(f.at for f in report.findings)):
        assert at.path in files
        assert 1 <= at.line <= lines[at.path]
        assert at.column >= 1
    assert all("internal" not in p.what and "could not be read:" not in p.what for p in report.problems)
