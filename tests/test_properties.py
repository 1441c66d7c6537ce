"""What must hold of every audit: the same content gives the same bytes, and no content makes it fail."""

from __future__ import annotations

import os
import random
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fragaudit import beside, link, pipeline, understanding, workers
from fragaudit.cards import cards
from fragaudit.config import Config
from fragaudit.discover import Discovery
from fragaudit.discover import discover as real_discover
from fragaudit.pipeline import audit, audit_sources
from fragaudit.report import CHECK, MAP, Look

FIXTURES = Path(__file__).parent.parent / "fixtures"
LOOK = Look(False, 100, False)
ALL = Config(include=("*",))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every fixture and every example of every card, as one repository."""
    folder = tmp_path_factory.mktemp("corpus")
    for service in FIXTURES.iterdir():
        if service.is_dir():
            shutil.copytree(service, folder / service.name, ignore=shutil.ignore_patterns("__pycache__", ".*_cache"))
    for card in cards():
        for number, case in enumerate(card.example):
            for path, text in case.files.items():
                file = folder / f"{card.id}_{number}" / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
    return folder


def everything(corpus: Path, cache_dir: Path | None = None, *, jobs: int = 1) -> str:
    """Audit the corpus and return the report in several forms."""
    report = audit([corpus], corpus, ALL, jobs=jobs, cache=cache_dir is not None, cache_dir=cache_dir)
    assert report.notes == []
    forms = (CHECK["json"], CHECK["sarif"], CHECK["text"], MAP["json"])
    return "\n".join(render(report.report, LOOK) for render in forms)


@pytest.fixture(scope="module")
def plain(corpus: Path) -> str:
    report = everything(corpus)
    assert report.count('"rule": "FA') > 10
    return report


@pytest.fixture
def pools(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Make the fixtures worth several processes in several batches, and count the pools."""
    started: list[int] = []
    real = workers._executor

    def counted(task: workers.Task[object, object], jobs: int) -> object:
        started.append(jobs)
        return real(task, jobs)

    monkeypatch.setattr(workers, "WORTH_A_POOL", 1)
    monkeypatch.setattr(workers, "BATCH_ITEMS", 2)
    monkeypatch.setattr(workers, "_executor", counted)
    return started


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_files_makes_no_difference(
    corpus: Path, plain: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    orders = []

    def shuffled(*arguments: object) -> Discovery:
        found = real_discover(*arguments)  # type: ignore[arg-type]
        files = list(found.files)
        random.Random(seed).shuffle(files)
        orders.append(files)
        documents = list(found.documents)
        random.Random(seed).shuffle(documents)
        return Discovery(tuple(files), found.excluded, found.problems, tuple(documents))

    monkeypatch.setattr(pipeline, "discover", shuffled)
    assert everything(corpus) == plain
    assert orders[0] != sorted(orders[0])


@pytest.mark.parametrize("jobs", [2, 3])
def test_the_number_of_processes_makes_no_difference(corpus: Path, plain: str, pools: list[int], jobs: int) -> None:
    assert everything(corpus, jobs=jobs) == plain
    assert pools == [jobs, jobs], "one for the files, one for the SQL in them"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux alone")
def test_linking_in_two_processes_makes_no_difference(
    corpus: Path, plain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = []

    class Counted(beside.Forked):
        def take(self) -> object:
            copies.append(self._process)
            return super().take()

    monkeypatch.setattr(link, "WORTH_A_START", 0)
    monkeypatch.setattr(beside, "Forked", Counted)
    assert everything(corpus, jobs=2) == plain
    assert len(copies) == 1
    assert min(copies) > 0


def test_the_cache_makes_no_difference(
    corpus: Path, plain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert everything(corpus, tmp_path) == plain

    def refuse(*_: object) -> None:
        raise AssertionError("a file was read that the cache knows")

    monkeypatch.setattr(pipeline, "_extract", refuse)
    monkeypatch.setattr(understanding, "understand", refuse)
    assert everything(corpus, tmp_path) == plain


def test_what_several_paths_come_to_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fixtures = Path(__file__).parent.parent / "fixtures"
    paths = [fixtures / "bad_service", fixtures / "good_service"]
    first = pipeline.audit(paths, fixtures, Config(), cache_dir=tmp_path)

    def refuse(*arguments: object) -> None:
        raise AssertionError("what is known was worked out again")

    monkeypatch.setattr(understanding, "understand", refuse)
    assert pipeline.audit(paths[::-1], fixtures, Config(), cache_dir=tmp_path) == first


def test_cache_and_processes_together_make_no_difference(
    corpus: Path, plain: str, tmp_path: Path, pools: list[int]
) -> None:
    assert everything(corpus, tmp_path, jobs=2) == plain
    assert everything(corpus, tmp_path, jobs=2) == plain
    assert pools == [2, 2], "the second audit has nothing to do"


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


def test_paths_in_any_order_and_twice_make_no_difference(corpus: Path) -> None:
    paths = sorted(p for p in corpus.iterdir() if p.is_dir())
    orders = (paths, paths[::-1], [*paths, *paths], [corpus], [corpus, paths[0]])
    reports = [audit(order, corpus, ALL, cache=False).report for order in orders]
    assert len(reports[0].findings) > 10
    assert [report == reports[0] for report in reports] == [True] * len(orders)


@pytest.mark.parametrize("name", ["bad_service", "good_service"])
def test_in_memory_and_on_disk_are_one(corpus: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(corpus / name, tmp_path / "project")
    (folder / "pyproject.toml").write_text('[project]\nname = "named"\n')
    files = {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    on_disk = audit([folder], folder, ALL, cache=False).report
    assert on_disk.services
    assert audit_sources(files, ALL) == on_disk


NAMES = st.sampled_from(
    ["app.py", "a/b.py", "schema.sql", "Dockerfile", "docker-compose.yml", "pyproject.toml", "setup.cfg"]
)
PIECES = [
    *("import redis\n", "from redis import *\n", "class A:\n    ", "self.x = ", "redis.Redis(", "redis.from_url(", ")"),
    *("x: KeyValueStore\n", "if x:\n    ", "else:\n    ", "match x:\n case 'a':\n  ", "f'{x}", "'", '"""', "\\\n", "("),
    *("[", "{", "}", "lambda: ", "async with ", " as y:\n    ", "\n", "\t", "\x0c", "\r", "# fragaudit: ignore["),
    *(
        "multiple-kv-stores] ",
        "CREATE TABLE ",
        "t (a int);",
        "--",
        "/*",
        "$$",
        "services:\n  ",
        "build: .\n",
        "&a ",
        "*a",
    ),
    *("FROM x\n", "CMD [", "[project]\n", "name = ", "\xef\xbb\xbf", "\x00", "\xff", "\xe9", "# coding: latin-1\n"),
]
WORDS = st.sampled_from([piece.encode("latin-1") for piece in PIECES])


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
