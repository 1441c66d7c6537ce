"""The layers of CONTRIBUTING, and what a run may load: parsers only where a file is parsed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ("libcst", "sqlglot", "yaml", "concurrent.futures.process", "rich.console")


def loaded(code: str, *arguments: str, folder: Path = ROOT) -> set[str]:
    """Run code in a fresh interpreter and return which of the heavy modules it has loaded at its end."""
    tell = f"lambda: print('LOADED', *(m for m in {HEAVY!r} if m in sys.modules))"
    script = f"import atexit, sys\natexit.register({tell})\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    assert done.stderr == ""
    return set(done.stdout.splitlines()[-1].split()[1:])


def test_imports_keep_to_the_layers() -> None:
    pytest.importorskip("importlinter", reason="import-linter comes with the `dev` extra")
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run([*command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 kept, 0 broken" in done.stdout


RUN = "from fragaudit.__main__ import main; main()"


def test_saying_the_version_loads_no_parser() -> None:
    assert not loaded(RUN, "--version") & {"libcst", "sqlglot", "yaml", "concurrent.futures.process"}


def test_an_audit_from_the_cache_loads_no_parser(tmp_path: Path) -> None:
    text = "import psycopg\nc = psycopg.connect('')\nc.execute(f'SELECT a\\tFROM t WHERE b = {x[0]}')\n"
    (tmp_path / "app.py").write_text(text)
    arguments = ("check", "--fail-on", "never", "--format", "json")
    assert loaded(RUN, *arguments, folder=tmp_path) >= {"libcst", "sqlglot"}
    assert not loaded(RUN, *arguments, folder=tmp_path) & {"libcst", "sqlglot", "yaml"}


def test_an_audit_of_nothing_that_matters_loads_no_parser(tmp_path: Path) -> None:
    assert not loaded(RUN, "check", "--no-cache", "--format", "json", folder=tmp_path) & {"libcst", "sqlglot"}


def test_the_model_knows_nothing_of_files_or_the_terminal() -> None:
    code = "import fragaudit.model.facts, fragaudit.model.findings, fragaudit.model.stores, fragaudit.model.deploy"
    assert loaded(code) == set()
