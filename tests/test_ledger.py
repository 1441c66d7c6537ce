"""The store ledger: its life in a terminal and without one, what it refuses, and what it leaves alone."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fragaudit.checks.recorded import match
from fragaudit.cli.app import app
from fragaudit.ledger import LedgerError, parse
from fragaudit.pipeline import audit_sources

ROOT = Path(__file__).parent.parent
LEDGER = "fragaudit-stores.toml"
FIRST = 6
"""The line of the first entry in a ledger just written."""
ONE = 'import redis\nsessions = redis.Redis(host="sessions.internal")\n'
TWO = ONE + 'index = redis.Redis(host="index.internal")\n'
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "FRAGAUDIT_CACHE_DIR": ""}


def run(folder: Path, *arguments: str) -> Result:
    """Run a command in a folder, without a terminal."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        return CliRunner().invoke(app, arguments)


def unrecorded(folder: Path) -> tuple[int, list[tuple[str, int, str]]]:
    """Return how a check ends, and where FA110 is reported as what."""
    done = run(folder, "check", "--select", "FA110", "--format", "json", "--no-cache")
    findings = json.loads(done.stdout)["findings"]
    return done.exit_code, [(f["at"]["path"], f["at"]["line"], f["severity"]) for f in findings]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "app.py").write_text(ONE)
    return folder


def test_without_a_terminal_what_only_a_person_knows_stays_open(project: Path) -> None:
    assert unrecorded(project) == (0, [])
    assert run(project, "record").exit_code == 0
    text = (project / LEDGER).read_text()
    assert 'owner = ""' in text
    assert '5 = {answer = "open", why = ""}' in text
    assert unrecorded(project) == (0, [(LEDGER, FIRST, "note")])

    (project / "app.py").write_text(TWO)
    assert unrecorded(project) == (1, [("app.py", 3, "error"), (LEDGER, FIRST, "note")])
    shown = run(project, "check", "--select", "FA110", "--no-cache").stdout
    assert "redis at index.internal:6379/0 has no entry in fragaudit-stores.toml" in shown
    for number in range(1, 7):
        assert f"\n  {number}. " in shown

    assert "added: redis at index.internal:6379/0 of shop" in run(project, "record", "--owner", "search").stderr
    assert unrecorded(project)[0] == 0
    assert 'owner = "search"' in (project / LEDGER).read_text()

    (project / "app.py").write_text(ONE)
    assert unrecorded(project)[0] == 1
    assert ("warning") in {severity for _, _, severity in unrecorded(project)[1]}
    assert "removed: redis at index.internal:6379/0 of shop" in run(project, "record").stderr
    assert "index.internal" not in (project / LEDGER).read_text()
    assert unrecorded(project)[0] == 0


def test_a_changed_address_asks_again(project: Path) -> None:
    run(project, "record")
    answered = (project / LEDGER).read_text().replace('{answer = "open", why = ""}', '{answer = "no", why = "private"}')
    (project / LEDGER).write_text(answered.replace('owner = ""', 'owner = "ops"'))
    assert unrecorded(project) == (0, [])
    (project / "app.py").write_text(ONE.replace("sessions.internal", "elsewhere.internal"))
    assert unrecorded(project) == (1, [("app.py", 2, "error")])
    run(project, "record")
    text = (project / LEDGER).read_text()
    assert "elsewhere.internal:6379/0" in text
    assert 'owner = "ops"' in text
    assert "private" not in text
    assert unrecorded(project) == (0, [(LEDGER, FIRST, "note")])


def test_recording_twice_changes_nothing(project: Path) -> None:
    run(project, "record")
    first = (project / LEDGER).read_bytes()
    assert run(project, "record").exit_code == 0
    assert (project / LEDGER).read_bytes() == first


def test_what_people_wrote_stays(project: Path) -> None:
    run(project, "record")
    text = (project / LEDGER).read_text()
    text = text.replace("[[store]]", "# agreed in March\n[[store]]  # the first one").replace(
        '5 = {answer = "open", why = ""}', "5 = {answer = 'no', why = 'nobody asks'}  # see the minutes"
    )
    (project / LEDGER).write_text(text)
    (project / "app.py").write_text(TWO)
    run(project, "record")
    after = (project / LEDGER).read_text()
    assert "# agreed in March\n[[store]]  # the first one" in after
    assert "5 = {answer = 'no', why = 'nobody asks'}  # see the minutes" in after
    assert "index.internal" in after


def test_an_audit_of_a_part_calls_nothing_stale_and_removes_nothing(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(ONE.replace("sessions", name))
        (tmp_path / name / "requirements.txt").write_text("redis\n")
    run(tmp_path, "record")
    text = (tmp_path / LEDGER).read_text()
    assert "one.internal" in text
    assert "two.internal" in text
    done = run(tmp_path, "check", "one", "--select", "FA110", "--format", "json", "--no-cache")
    assert [f["severity"] for f in json.loads(done.stdout)["findings"]] == ["note"]
    run(tmp_path, "record", "one")
    assert (tmp_path / LEDGER).read_text() == text


def test_a_service_of_another_name_is_still_known() -> None:
    ledger = parse('[[store]]\nservice="old"\nkind="kv"\nengine="redis"\nidentity="sessions.internal:6379/0"\n', LEDGER)
    services = audit_sources({"app.py": ONE}).services
    found = match(services, ledger)
    assert [pair.entry for pair in found.known] == [0]
    assert (found.new, found.changed, found.stale) == ((), (), ())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[store]\n", f"{LEDGER}:1:"),
        ("schema = 2\n", f"{LEDGER}:1: the schema is 2, and this version of fragaudit reads 1"),
        ('schema = 1\nstores = []\n', f"{LEDGER}:2: unknown key `stores`; did you mean `store`?"),
        ('[[store]]\nservice = "a"\nengin = "redis"\n', f"{LEDGER}:3: unknown key `engin`; did you mean `engine`?"),
        ('[[store]]\nservice = "a"\n', f"{LEDGER}:1: missing required field `kind`"),
        (
            '[[store]]\nservice="a"\nkind="kv"\nengine="r"\nidentity="i"\n[store.answers]\n7 = {answer = "yes"}\n',
            f"{LEDGER}:7: unknown question `7`",
        ),
        (
            '[[store]]\nservice="a"\nkind="kv"\nengine="r"\nidentity="i"\n[store.answers]\n1 = {answer = "maybe"}\n',
            f"{LEDGER}:8: the answer is 'maybe', and must be one of yes, no, n/a, open",
        ),
    ],
)  # fmt: skip
def test_a_ledger_that_is_not_valid_is_refused_with_its_line(project: Path, text: str, says: str) -> None:
    with pytest.raises(LedgerError) as caught:
        parse(text, LEDGER)
    assert str(caught.value).startswith(says)
    (project / LEDGER).write_text(text)
    for command in ("check", "record"):
        done = run(project, command)
        assert done.exit_code == 2
        assert says in done.stderr
        assert "Traceback" not in done.stderr
    assert (project / LEDGER).read_text() == text


def test_an_entry_that_a_merge_left_twice_is_told(project: Path) -> None:
    run(project, "record")
    text = (project / LEDGER).read_text()
    (project / LEDGER).write_text(text + text[text.index("\n[[store]]") :])
    assert "is recorded twice" in run(project, "check", "--select", "FA110", "--no-cache").stdout
    assert "removed: " in run(project, "record").stderr
    assert (project / LEDGER).read_text() == text


def test_no_password_reaches_the_ledger(project: Path) -> None:
    (project / "app.py").write_text('import redis\nr = redis.from_url("redis://user:hunter2@cache.internal:6379/1")\n')
    run(project, "record")
    assert "cache.internal" in (project / LEDGER).read_text()
    assert "hunter2" not in (project / LEDGER).read_text()


pty = pytest.importorskip("pty", reason="needs pseudo-terminals")


def session(folder: Path, answers: Sequence[tuple[str, str]], *arguments: str) -> tuple[int, str]:
    """Run a command in a terminal of its own; write each answer once its question has appeared."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests in the background has it ignored
        os.execve(sys.executable, [sys.executable, "-m", "fragaudit", *arguments], ENVIRONMENT)
    seen, start, deadline, waiting = "", 0, time.monotonic() + 30, list(answers)
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            data = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        seen += data.decode("utf-8", "replace")
        while waiting and waiting[0][0] in seen[start:]:
            start = seen.index(waiting[0][0], start) + len(waiting[0][0])
            os.write(terminal, waiting.pop(0)[1].encode())
    os.close(terminal)  # hangs up on a process that still waits
    _, status = os.waitpid(pid, 0)
    assert not waiting, seen
    return os.waitstatus_to_exitcode(status), seen.replace("\r\n", "\n")


def test_its_life_in_a_terminal(project: Path) -> None:
    said, shown = session(
        project,
        [
            ("yes, no, n/a, or Enter", "perhaps\n"),
            ("yes, no, n/a, or Enter", "n\n"),
            ("Why?", " sessions  are private\n"),
            ("Who owns it?", "identity team\n"),
        ],
        "record",
    )
    assert said == 0, shown
    text = (project / LEDGER).read_text()
    assert '5 = {answer = "no", why = "sessions are private"}' in text
    assert 'owner = "identity team"' in text
    assert unrecorded(project) == (0, [])

    (project / "app.py").write_text(TWO)
    assert unrecorded(project)[0] == 1

    # The end of the input leaves what is left open; what was given is kept.
    answers = [("yes, no, n/a, or Enter", "yes\n"), ("Why?", "the portal asks\n"), ("Who owns it?", "\x04")]
    said, shown = session(project, answers, "record")
    assert said == 0, shown
    assert "the portal asks" in (project / LEDGER).read_text()
    assert [severity for _, _, severity in unrecorded(project)[1]] == ["note"]

    # Nothing is written by whoever gives up.
    before = (project / LEDGER).read_bytes()
    said, shown = session(project, [("Who owns it?", "\x03")], "record")
    assert said == 130
    assert (project / LEDGER).read_bytes() == before

    (project / "app.py").write_text(ONE)
    assert "redis at index.internal:6379/0 of shop is recorded, and nothing opens it any more" in " ".join(
        run(project, "check", "--select", "FA110", "--no-cache").stdout.split()
    )
    said, shown = session(project, [], "record")
    assert "removed: redis at index.internal:6379/0 of shop" in shown
    assert unrecorded(project) == (0, [])
