"""`baseline`, `init`, and `check --baseline` and `--diff`: what is accepted, what is new, and clear refusals."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import tomli
from typer.testing import CliRunner, Result

from fragaudit import config
from fragaudit.cli.app import app
from fragaudit.cli.starting import starter

ONE = 'import redis\na = redis.Redis(host="a")\n'
TWO = ONE + 'b = redis.Redis(host="b")\n'


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FRAGAUDIT_CACHE_DIR", str(tmp_path / "cache"))
    Path("app.py").write_text(TWO)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def findings(*arguments: str) -> tuple[int, list[tuple[str, str, int, str | None]]]:
    done = run("check", "--format", "json", "--select", "FA101,FA102", *arguments)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)["findings"]
    return done.exit_code, [(f["rule"], f["at"]["path"], f["at"]["line"], f["suppressed"]) for f in found]


def test_a_baseline_accepts_what_is_there_even_where_lines_move() -> None:
    assert findings() == (1, [("FA101", "app.py", 3, None)])
    done = run("baseline")
    assert "fragaudit-baseline.json: " in done.stderr
    Path("app.py").write_text("\n\n" + TWO)
    assert findings("--baseline", "fragaudit-baseline.json") == (0, [("FA101", "app.py", 5, "baseline")])


def test_what_comes_after_a_baseline_is_reported() -> None:
    run("baseline", "-o", "accepted.json")
    vectors = "".join(f"{n} = qdrant_client.QdrantClient(url='http://{n}:6333')\n" for n in ("v", "w"))
    Path("app.py").write_text(TWO + "import qdrant_client\n" + vectors)
    _, found = findings("--baseline", "accepted.json")
    assert found == [("FA101", "app.py", 3, "baseline"), ("FA102", "app.py", 6, None)]


def test_entries_that_match_nothing_any_more_are_told() -> None:
    run("baseline")
    Path("app.py").write_text(ONE)
    done = run("check", "--baseline", "fragaudit-baseline.json")
    assert "match nothing any more" in done.stderr
    assert "1 gone" in run("baseline").stderr
    assert "match nothing" not in run("check", "--baseline", "fragaudit-baseline.json").stderr


def test_a_baseline_written_twice_is_the_same() -> None:
    run("baseline")
    first = Path("fragaudit-baseline.json").read_bytes()
    run("baseline")
    assert Path("fragaudit-baseline.json").read_bytes() == first


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "can't be read"),
        ("{", "is no baseline"),
        ('{"findings": 3}', "is no baseline"),
        ('{"schema": 9}', "schema 9"),
    ],
)
def test_a_baseline_that_is_none_is_refused(text: str | None, says: str) -> None:
    if text is not None:
        Path("b.json").write_text(text)
    done = run("check", "--baseline", "b.json")
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stdout == ""


def test_init_writes_a_configuration_once() -> None:
    done = run("init")
    assert done.exit_code == 0
    assert config.load(Path()).fail_on == "warning"
    text = Path("fragaudit.toml").read_text()
    assert 'paths = ["."]' in text
    again = run("init")
    assert again.exit_code == 2
    assert "is there already; --force replaces it" in again.stderr
    assert run("init", "--force").exit_code == 0
    assert Path("fragaudit.toml").read_text() == text


def test_every_key_that_init_shows_is_valid(tmp_path: Path) -> None:
    lines = starter(()).split("\n")
    # A commented line that starts with a key, a table or a bracket is configuration; the rest is prose.
    bare = [line.removeprefix("# ") if line.startswith(("# ", "#     ")) and _is_toml(line) else line for line in lines]
    text = "\n".join(bare)
    shown = {"fail-on", "select", "ignore", "exclude", "include", "services", "foundation", "rules", "documentation"}
    assert set(tomli.loads(text)) == shown
    Path("all.toml").write_text(text)
    assert config.load(tmp_path, Path("all.toml")).services[0].name == "billing"


def _is_toml(line: str) -> bool:
    text = line.removeprefix("#").strip()
    return text.startswith(("[", "{", "]")) or " = " in text


def git(*arguments: str) -> None:
    settings = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *settings, *arguments], check=True, capture_output=True)


needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@needs_git
def test_a_diff_keeps_what_touches_changed_lines() -> None:
    git("init", "-q", ".")
    git("add", "app.py")
    git("commit", "-qm", "one")
    assert findings("--diff", "HEAD") == (0, [])
    Path("app.py").write_text(TWO + "\n\nprint(1)\n")
    assert findings("--diff", "HEAD") == (0, [])
    # The place that belongs to the finding changed, not the one it is reported at.
    Path("app.py").write_text(TWO.replace('host="a"', 'host="c"'))
    assert findings("--diff", "HEAD") == (1, [("FA101", "app.py", 3, None)])


@needs_git
def test_a_diff_sees_new_files_odd_names_and_folders_below_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    git("init", "-q", ".")
    os.makedirs("part")
    Path("app.py").unlink()
    Path('part/größe "1".py').write_text(ONE)
    git("add", ".")
    git("commit", "-qm", "one")
    monkeypatch.chdir("part")
    Path('größe "1".py').write_text(TWO)
    assert findings("--diff", "HEAD") == (1, [("FA101", 'größe "1".py', 3, None)])
    git("add", ".")
    assert findings("--diff", "HEAD") == (1, [("FA101", 'größe "1".py', 3, None)])
    git("commit", "-qm", "two")
    assert findings("--diff", "HEAD") == (0, [])
    assert findings("--diff", "HEAD~1") == (1, [("FA101", 'größe "1".py', 3, None)])
    Path("new.py").write_text('import redis\nc = redis.Redis(host="c")\n')
    assert findings("--diff", "HEAD") == (1, [("FA101", 'größe "1".py', 3, None)])


@needs_git
def test_a_diff_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    done = run("check", "--diff", "HEAD")
    assert (done.exit_code, "is in no git repository" in done.stderr) == (2, True)
    git("init", "-q", ".")
    for ref in ("HEAD", "nothing", "--output=x", ""):
        done = run("check", "--diff", ref)
        assert done.exit_code == 2
        assert "--diff" in done.stderr
    assert not (tmp_path / "x").exists()


@needs_git
def test_a_diff_runs_no_program_that_the_repository_names(tmp_path: Path) -> None:
    git("init", "-q", ".")
    Path(".gitattributes").write_text("*.py diff=evil\n")
    git("add", ".")
    git("commit", "-qm", "one")
    for key in ("diff.external", "diff.evil.command", "diff.evil.textconv", "core.fsmonitor"):
        git("config", key, "touch pwned; false")
    Path("app.py").write_text(TWO + "\n")
    findings("--diff", "HEAD")
    assert not list(tmp_path.rglob("pwned"))
