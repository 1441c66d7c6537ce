"""A PostgreSQL server of its own, in a temporary folder and on a socket there, for tests that ask its planner.

It is started where `initdb`, `postgres` and `psql` are on PATH, and gone with its folder afterwards; `psql` is the
client, so that no driver is needed.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("initdb", "postgres", "psql")
_DONE = "-- that was it --"


def missing() -> str:
    """Say what keeps a server from being started; empty if nothing does."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if absent:
        return f"{' and '.join(absent)} not found on PATH"
    return "" if os.geteuid() or _user() else "PostgreSQL does not run as root, and there is no user `postgres`"


def _user() -> str:
    """Return whom the server runs as, if that can't be whoever runs the tests."""
    try:
        return pwd.getpwnam("postgres").pw_name if os.geteuid() == 0 else ""
    except KeyError:
        return ""


class Session:
    """A connection: statements in, rows of text out."""

    def __init__(self, folder: Path, user: str) -> None:
        command = ["psql", "-XqAt", "-h", str(folder), "-U", user, "-d", "postgres", "-v", "ON_ERROR_STOP=0"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
        )

    def run(self, statements: str) -> list[str]:
        """Run statements, each with its semicolon, and return the lines they give; an error fails the test."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{statements}\n\\echo {_DONE}\n")
        self._process.stdin.flush()
        lines = []
        for line in self._process.stdout:
            if line.rstrip("\n") == _DONE:
                break
            lines.append(line.rstrip("\n"))
        errors = [line for line in lines if line.startswith("ERROR:")]
        assert not errors, (errors, statements)
        return lines

    def explain(self, statement: str, parameters: int) -> dict[str, Any]:
        """Return the plan of a statement whose parameters stay parameters, as PostgreSQL's JSON has it."""
        given = f"({', '.join('1' for _ in range(parameters))})" if parameters else ""
        told = self.run(
            f"PREPARE asked AS {statement};\nEXPLAIN (FORMAT JSON) EXECUTE asked{given};\nDEALLOCATE asked;"
        )
        plan: dict[str, Any] = json.loads("\n".join(told))[0]["Plan"]
        return plan

    def close(self) -> None:
        """End the connection."""
        self._process.communicate(timeout=10)


@contextmanager
def server() -> Iterator[Path]:
    """Run a server for as long as the context lasts; its socket is in the folder that is given."""
    user = _user() or pwd.getpwuid(os.geteuid()).pw_name
    as_user: dict[str, Any] = {"user": user} if _user() else {}
    # A socket's path may be no longer than a hundred characters, which some folders for temporary files are.
    folder = Path(tempfile.mkdtemp(prefix="fa-pg-", dir="/tmp" if Path("/tmp").is_dir() else None))
    process = None
    try:
        if as_user:
            shutil.chown(folder, user)
        data = folder / "data"
        subprocess.run(
            ["initdb", "-D", str(data), "-A", "trust", "-U", user, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"],
            check=True, capture_output=True, cwd=folder, **as_user,
        )  # fmt: skip
        process = subprocess.Popen(
            ["postgres", "-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-F", "-c", "autovacuum=off",
             "-c", "shared_buffers=16MB", "-c", "jit=off", "-c", "max_connections=10"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, **as_user,
        )  # fmt: skip
        _await(folder, user)
        yield folder
    finally:
        if process is not None:
            process.terminate()
            process.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _await(folder: Path, user: str) -> None:
    command = ["psql", "-XqAt", "-h", str(folder), "-U", user, "-d", "postgres", "-c", "SELECT 1"]
    for _ in range(200):
        if subprocess.run(command, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError("the server did not come up")


@contextmanager
def session() -> Iterator[Session]:
    """Run a server and a connection to it."""
    with server() as folder:
        opened = Session(folder, _user() or pwd.getpwuid(os.geteuid()).pw_name)
        try:
            yield opened
        finally:
            opened.close()
