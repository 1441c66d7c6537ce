"""Whatever a repository or a machine is like: a message with a place, the rest still audited, the right exit code."""

from __future__ import annotations

import codecs
import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import fragaudit
from fragaudit import cache as cache_module
from fragaudit.cli import check
from fragaudit.config import Config
from fragaudit.pipeline import audit

GOOD = b"""\
import redis
import etcd3

first = redis.Redis(host="a")
second = etcd3.client(host="b")
first.set("x", 1)
second.put("x", "1")
"""
"""A file with one finding of the default severity: whatever stands beside it, this must be found."""

DEEP = 5_000
REDIS = b"import redis\nx = redis.Redis("
HOSTILE: dict[str, tuple[bytes, int, str]] = {
    "open_bracket.py": (b"import redis\nr = redis.Redis(\n", 2, "can't be parsed"),
    "bad_indent.py": (b"import redis\nif redis:\n  a = redis.Redis()\n b = 1\n", 4, "can't be parsed"),
    "latin_1.py": (b"import redis\n\n# caf\xe9\nr = redis.Redis()\n", 3, "byte 0xe9 is not valid utf-8"),
    "no_such_cookie.py": (b"# -*- coding: nonsense -*-\nimport redis\n", 1, "encoding that doesn't exist"),
    "utf_16.py": (codecs.BOM_UTF16_LE + "import redis\n".encode("utf-16-le"), 1, "UTF-16"),
    "nul.py": (b"import redis\nx = 1\0\n", 2, "NUL byte"),
    "latin_1.sql": (b"-- caf\xe9\nCREATE TABLE t (a int);\n", 1, "byte 0xe9 is not valid utf-8"),
    "parentheses.py": (REDIS + b"(" * DEEP + b"1" + b")" * DEEP + b")\n", 1, "nested too deeply"),
    "lists.py": (REDIS + b"[" * DEEP + b"1" + b"]" * DEEP + b")\n", 1, "nested too deeply"),
    "minus.py": (REDIS + b"-" * DEEP + b"1)\n", 1, "nested too deeply"),
    "nots.py": (REDIS + b"not " * DEEP + b"1)\n", 1, "nested too deeply"),
    "attributes.py": (REDIS + b"a" + b".b" * DEEP + b")\n", 1, "nested too deeply"),
    "calls.py": (REDIS + b")" + b"()" * DEEP + b"\n", 1, "nested too deeply"),
    "terms.py": (REDIS + b"1" + b"+1" * DEEP + b")\n", 1, "nested too deeply"),
    "lambdas.py": (REDIS + b"lambda: " * DEEP + b"1)\n", 1, "nested too deeply"),
    "choices.py": (REDIS + b"1 if a else " * DEEP + b"1)\n", 1, "nested too deeply"),
    "elifs.py": (b"import redis\nif a: redis.Redis()\n" + b"elif b: redis.Redis()\n" * DEEP, 1, "nested too deeply"),
    "docker-compose.yml": (b"services: [\n", 2, "not valid YAML"),
    "pyproject.toml": (b"[project\n", 1, "not valid TOML"),
}
READABLE = {
    "cookie.py": "# -*- coding: latin-1 -*-\nimport redis\nc = redis.Redis(host='café')\n".encode("latin-1"),
    "bom.py": codecs.BOM_UTF8 + b"import redis\nd = redis.Redis(host='d')\n",
    "dump.sql": codecs.BOM_UTF16_LE + "CREATE TABLE t (a int);\n".encode("utf-16-le"),
    "carriage.py": b"import redis\r\ne = redis.Redis(host='e')\r\n",
    "empty.py": b"",
    "comments.proto": b"/* " * 400_000,
    "Dockerfile": b"FROM x\nARG a0=aaaa\n" + b"".join(b"ENV a%d=$a%d$a%d\n" % (n + 1, n, n) for n in range(64)),
}


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder, against this very package."""
    root = str(Path(fragaudit.__file__).parent.parent)
    variables = {**os.environ, "PYTHONPATH": root, "PYTHONIOENCODING": "utf-8", **environment}
    variables.pop("FRAGAUDIT_DEBUG", None)
    command = [sys.executable, "-m", "fragaudit", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", env=variables, timeout=120)
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    return done


def report(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


def places(done: subprocess.CompletedProcess[str]) -> dict[str, tuple[int, str]]:
    return {p["at"]["path"]: (p["at"]["line"], p["what"]) for p in report(done)["problems"]}


def finds_the_good_one(done: subprocess.CompletedProcess[str]) -> bool:
    found = [f for f in report(done)["findings"] if f["rule"] == "FA101"]
    return any(at["path"] == "good.py" for f in found for at in (f["at"], *(r["at"] for r in f["related"])))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "good.py").write_bytes(GOOD)
    return tmp_path


# Python 3.13 has the stack to read these; one that has not must say so.
ROOMY = {"elifs.py", "terms.py"} if sys.version_info >= (3, 13) else set()


def test_the_good_file_alone_has_one_finding_and_no_problem(project: Path) -> None:
    """Guards all the tests below, which look for that finding."""
    done = run(project, "check", "--format", "json", "--no-cache")
    assert (done.returncode, done.stderr) == (1, "")
    assert finds_the_good_one(done)
    assert places(done) == {}


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_hostile_files_are_problems_with_a_place_and_the_rest_is_audited(project: Path, jobs: str) -> None:
    for name, (data, _, _) in HOSTILE.items():
        (project / name).write_bytes(data)
    for name, data in READABLE.items():
        (project / name).write_bytes(data)
    done = run(project, "check", "--format", "json", "--no-cache", "--jobs", jobs)
    assert (done.returncode, done.stderr) == (1, "")
    found = places(done)
    hostile = HOSTILE.keys() - (ROOMY - found.keys())
    assert {path: line for path, (line, _) in found.items()} == {path: HOSTILE[path][1] for path in hostile}
    assert [(path, what) for path, (_, what) in sorted(found.items()) if HOSTILE[path][2] not in what] == []
    assert finds_the_good_one(done)
    assert report(done)["coverage"]["files"]["unreadable"] == len(hostile)
    opened = {at["path"] for s in report(done)["services"] for store in s["stores"] for at in store["opened_at"]}
    assert {"cookie.py", "bom.py", "carriage.py"} <= opened


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - ROOMY))
def test_each_hostile_file_is_an_error_under_strict_alone(tmp_path: Path, name: str) -> None:
    data, line, what = HOSTILE[name]
    (tmp_path / name).write_bytes(data)
    # As an explicit configuration, so that a broken pyproject.toml is a file like any other.
    (tmp_path / "fragaudit.toml").write_text("")
    result = audit([tmp_path], tmp_path, Config(), jobs=1, cache=False).report
    assert [(p.at.path, p.at.line) for p in result.problems] == [(name, line)]
    assert what in result.problems[0].what
    assert [f.rule for f in result.findings] == ["FA001"]


def test_strict_ends_with_2_where_something_could_not_be_read(project: Path) -> None:
    assert run(project, "check", "--no-cache", "--strict").returncode == 1
    (project / "broken.py").write_bytes(HOSTILE["open_bracket.py"][0])
    assert run(project, "check", "--no-cache", "--strict").returncode == 2


def test_a_broken_file_is_shown_with_its_line(project: Path) -> None:
    (project / "broken.py").write_bytes(HOSTILE["open_bracket.py"][0])
    done = run(project, "check", "--no-cache", "--color", "never")
    assert "broken.py:2:" in done.stdout
    assert "r = redis.Redis(" in done.stdout


def test_nested_blocks_deeper_than_python_itself_allows(project: Path) -> None:
    lines = [b" " * depth + b"if a:\n" for depth in range(DEEP)]
    (project / "blocks.py").write_bytes(b"import redis\n" + b"".join(lines) + b" " * DEEP + b"redis.Redis()\n")
    (project / "fragaudit.toml").write_text("max-file-size = 50_000_000\n")
    done = run(project, "check", "--format", "json", "--no-cache")
    assert places(done) == {"blocks.py": (1, "nested too deeply to be parsed")}
    assert finds_the_good_one(done)


def test_a_file_of_50_megabytes_is_named_and_not_read(project: Path) -> None:
    with (project / "data.py").open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    done = run(project, "check", "--format", "json", "--no-cache")
    line, what = places(done)["data.py"]
    assert line == 1
    assert "52,428,800" in what
    assert "max-file-size" in what
    assert finds_the_good_one(done)


def test_loops_dangling_links_and_pipes(project: Path) -> None:
    (project / "package").mkdir()
    (project / "package" / "loop").symlink_to("..")
    (project / "itself.py").symlink_to("itself.py")
    (project / "nowhere.py").symlink_to("gone.py")
    if hasattr(os, "mkfifo"):
        os.mkfifo(project / "pipe.py")
    done = run(project, "check", "--format", "json", "--no-cache")
    assert sorted(places(done)) == ["itself.py", "nowhere.py"]
    assert report(done)["coverage"]["files"]["read"] == 1
    assert finds_the_good_one(done)


def test_a_folder_that_cant_be_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By hand, as whoever runs the tests may be allowed to read everything."""
    (project / "secret").mkdir()
    scandir = os.scandir

    def refuse(path: Any = ".") -> Any:
        if str(path).endswith("secret"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = audit([project], project, Config(), cache=False).report
    assert [(p.at.path, p.what) for p in result.problems] == [("secret", "the folder can't be read: Permission denied")]
    assert "FA101" in {f.rule for f in result.findings}


def test_a_file_that_cant_be_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "secret.py").write_bytes(GOOD)
    real = open

    def refuse(path: Any, *arguments: Any, **keywords: Any) -> Any:
        if str(path).endswith("secret.py"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, *arguments, **keywords)

    monkeypatch.setattr("fragaudit.pipeline.open", refuse, raising=False)
    result = audit([project], project, Config(), cache=False).report
    assert [(p.at.path, p.what) for p in result.problems] == [("secret.py", "can't be read: Permission denied")]
    assert "FA101" in {f.rule for f in result.findings}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select = [\n", "fragaudit.toml:"),
        ("selct = []\n", "did you mean `select`"),
        ("\nfail-on = 'often'\n", "fragaudit.toml:2"),
        ("[rules.FA101]\nlimits = 1\n", "did you mean `limit`"),
        ("select = ['multiple-kv-store']\n", "did you mean `multiple-kv-stores`"),
        ("\n[tool.fragaudit]\nselect = []\n", "fragaudit.toml:2: the keys of fragaudit.toml stand at its top"),
        (
            "[[store]]\npackage = 'a'\nkind = 'kv'\n\n[[store]]\npackage = 'b'\nkind = 'kv'\nmodule = ['b']\n",
            "fragaudit.toml:8: [[tool.fragaudit.store]]: unknown key `module`; did you mean `modules`?",
        ),
        ("[[store]]\npackage = 'a'\n", "fragaudit.toml:2: [[tool.fragaudit.store]]: missing required field `kind`"),
    ],
)
def test_a_bad_configuration_ends_with_2_and_its_line(project: Path, text: str, expected: str) -> None:
    (project / "fragaudit.toml").write_text(text)
    done = run(project, "check", "--no-cache")
    assert (done.returncode, done.stdout) == (2, "")
    assert expected in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_path_that_is_not_there_ends_with_2(project: Path) -> None:
    done = run(project, "check", "good.py", "gone")
    assert (done.returncode, done.stdout) == (2, "")
    assert "gone" in done.stderr


def _usable(folder: Path) -> bool:
    """Say whether permissions bind whoever runs the tests."""
    try:
        (folder / "probe").write_text("")
    except OSError:
        return False
    (folder / "probe").unlink()
    return True


def test_a_read_only_cache_folder_costs_one_line(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("cache")
    folder.chmod(0o500)
    try:
        if _usable(folder):
            pytest.skip("permissions don't bind this user; a file in the folder's place is tested below")
        done = run(project, "check", "--format", "json", FRAGAUDIT_CACHE_DIR=str(folder))
    finally:
        folder.chmod(0o700)
    assert len(done.stderr.strip().splitlines()) == 1
    assert finds_the_good_one(done)


def test_a_cache_folder_that_cant_be_made_costs_one_line(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("cache") / "taken"
    place.write_text("mine")
    done = run(project, "check", "--format", "json", FRAGAUDIT_CACHE_DIR=str(place))
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert str(place) in done.stderr
    assert finds_the_good_one(done)
    assert place.read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that takes no new files")
def test_a_cache_folder_on_a_file_system_that_takes_no_files_costs_one_line(project: Path) -> None:
    done = run(project, "check", "--format", "json", FRAGAUDIT_CACHE_DIR="/proc/fragaudit")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert finds_the_good_one(done)


def test_a_full_disk_costs_the_cache_and_nothing_else(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    whole = audit([project], project, Config(), cache=False)
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", full)
        result = audit([project], project, Config(), cache_dir=project / ".fragaudit_cache")
    assert result.report == whole.report
    assert len(result.notes) == 1
    assert "No space left on device" in result.notes[0]
    assert [f.name for f in (project / ".fragaudit_cache").glob("facts-*")] == []
    assert cache_module.FOLDER == ".fragaudit_cache"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_report_that_cant_be_written_ends_with_2(project: Path) -> None:
    done = run(project, "check", "--no-cache", "--output", "/dev/full")
    assert done.returncode == 2
    assert "No space left on device" in done.stderr


def test_a_reader_that_stops_early_is_no_error(project: Path) -> None:
    for number in range(40):
        (project / f"broken_{number}.py").write_bytes(HOSTILE["open_bracket.py"][0] * 50)
    root = str(Path(fragaudit.__file__).parent.parent)
    command = [sys.executable, "-m", "fragaudit", "check", "--no-cache"]
    process = subprocess.Popen(
        command, cwd=project, env={**os.environ, "PYTHONPATH": root}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate(timeout=60)
    assert b"Traceback" not in errors
    assert b"Exception" not in errors


def test_hostile_file_names_reach_no_terminal(project: Path) -> None:
    """A line break or an escape sequence in a name must neither forge a line nor move the cursor."""
    name = "a\nfake.py:1:1: error FA101 \x1b[31mred\x07.py"
    (project / name).write_bytes(HOSTILE["open_bracket.py"][0])
    for output in ("text", "github"):
        done = run(project, "check", "--no-cache", "--format", output, "--color", "never")
        assert "\x1b" not in done.stdout
        assert "\x07" not in done.stdout
        assert not any(line.startswith("fake.py") for line in done.stdout.splitlines())
    as_json = run(project, "check", "--no-cache", "--format", "json")
    assert name in places(as_json)
    assert finds_the_good_one(as_json)


def test_escape_sequences_in_source_reach_no_terminal(project: Path) -> None:
    (project / "broken.py").write_bytes(b"import redis\nr = redis.Redis('\x1b[2J\x07'\n")
    done = run(project, "check", "--no-cache", "--color", "never")
    assert "broken.py:2:" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout


def test_a_name_that_is_no_text(project: Path) -> None:
    try:
        (Path(os.fsdecode(os.fsencode(project) + b"/caf\xe9.py"))).write_bytes(HOSTILE["open_bracket.py"][0])
    except OSError:
        pytest.skip("this file system takes no such name")
    done = run(project, "check", "--format", "json")
    assert len(places(done)) == 1
    assert finds_the_good_one(done)


def test_progress_needs_a_terminal() -> None:
    with check._progress() as tell:
        assert tell is None


def test_progress_is_told_before_the_first_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import redis\nr = redis.Redis()\n")
    told: list[tuple[int, int]] = []
    audit(
        [tmp_path], tmp_path, Config(), jobs=1, cache=False, progress=lambda count, total: told.append((count, total))
    )
    assert told == [(0, 1), (1, 1)]
