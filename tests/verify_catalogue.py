"""Checks the store catalogue against the real client libraries. Not a test: it installs every one of them.

    python tests/verify_catalogue.py [NAME ...] [--keep FOLDER]

Each library gets a virtual environment of its own, removed afterwards (or kept in FOLDER: a second run is quick then),
with the version that its file says it was checked with. Every dotted name is resolved and every
parameter and position compared with the real signature. Prints a row a library and the totals; exits with 1 if a name,
parameter or position is wrong. What can't be installed here is said so and counts as nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fragaudit.catalogue import Library, load

PATIENCE = 240
"""Seconds for the installation of one library."""

PROBE = r"""
import importlib, inspect, json, sys, warnings
warnings.simplefilter("ignore")

def resolve(dotted):
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        except Exception as error:
            return None, f"import fails: {type(error).__name__}"
        for part in parts[end:]:
            try:
                found = getattr(found, part)
            except Exception:
                return None, f"no {part} in {'.'.join(parts[:end])}"
        return found, ""
    return None, "no such module"

def signature(found):
    try:
        return list(inspect.signature(found).parameters.values())
    except (TypeError, ValueError):
        return None

rows = []
for entry in json.load(sys.stdin):
    found, why = resolve(entry["name"])
    row = {"name": entry["name"], "ok": found is not None, "why": why, "params": []}
    parameters = signature(found) if found is not None else None
    if parameters is not None:
        names = [p.name for p in parameters if p.name not in ("self", "cls")]
        loose = any(p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL) for p in parameters)
        for name, at in entry["params"]:
            if name in names:
                right = at is None or names.index(name) == at
                row["params"].append([name, "ok" if right else f"at {names.index(name)}, not {at}"])
            else:
                row["params"].append([name, "loose" if loose else "missing"])
    rows.append(row)
json.dump(rows, sys.stdout)
"""


def main() -> int:
    """Check the libraries named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--keep", type=Path, default=None)
    arguments = parser.parse_args()
    totals = dict.fromkeys(("libraries", "names", "names ok", "parameters", "parameters ok", "loose"), 0)
    wrong = 0
    for library in load().libraries:
        if arguments.names and library.package not in arguments.names:
            continue
        if arguments.keep:
            rows, version = _checked(library, arguments.keep)
        else:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                rows, version = _checked(library, Path(folder))
        if rows is None:
            print(f"{library.package:38} not checked: {version}", flush=True)
            continue
        params = [(row["name"], *p) for row in rows for p in row["params"]]
        bad = [f"{row['name']}: {row['why']}" for row in rows if not row["ok"]]
        bad += [f"{name}({param}): {verdict}" for name, param, verdict in params if verdict not in ("ok", "loose")]
        totals["libraries"] += 1
        totals["names"] += len(rows)
        totals["names ok"] += sum(row["ok"] for row in rows)
        totals["parameters"] += len(params)
        totals["parameters ok"] += sum(p[2] == "ok" for p in params)
        totals["loose"] += sum(p[2] == "loose" for p in params)
        wrong += len(bad)
        good = sum(row["ok"] for row in rows)
        print(f"{library.package:38} {version:12} names {good}/{len(rows)}", flush=True)
        for line in bad:
            print(f"    {line}", flush=True)
    print("TOTAL", "  ".join(f"{name} {count}" for name, count in totals.items()))
    return 1 if wrong else 0


def _checked(library: Library, folder: Path) -> tuple[list[dict[str, Any]] | None, str]:
    """Return a row for each name, the best over all versions the library was checked with, and those versions."""
    entries = [{"name": name, "params": params} for name, params in _entries(library)]
    if library.package in sys.stdlib_module_names or library.package.startswith("stdlib"):
        return _probe(Path(sys.executable), entries), "stdlib"
    best: dict[str, dict[str, Any]] = {}
    versions, why = [], "no version"
    for wanted in sorted(library.checked, key=_order, reverse=True) or [""]:
        python = folder / f"{library.package}-{wanted}".replace("/", "-") / "bin" / "python"
        why = _install(python, f"{library.package}=={wanted}" if wanted else library.package)
        rows = _probe(python, entries) if why == "" else None
        if rows is None:
            continue
        versions.append(wanted or "newest")
        for row in rows:
            known = best.get(row["name"])
            if known is None or _faults(row) < _faults(known):
                best[row["name"]] = row
    return (list(best.values()), " ".join(versions)) if best else (None, why or "its import does not end or prints")


def _faults(row: dict[str, Any]) -> tuple[bool, int]:
    return not row["ok"], sum(verdict not in ("ok", "loose") for _, verdict in row["params"])


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def _probe(python: Path, entries: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    try:
        done = subprocess.run(
            [str(python), "-c", PROBE], input=json.dumps(entries), capture_output=True, text=True, timeout=PATIENCE
        )
        rows: list[dict[str, Any]] = json.loads(done.stdout)
        return rows
    except (subprocess.TimeoutExpired, ValueError, OSError):
        return None


def _install(python: Path, requirement: str) -> str:
    marker = python.parent.parent / f"installed-{requirement.replace('/', '-')}"
    if marker.exists():
        return ""
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True, capture_output=True)
        command = [str(python), "-m", "pip", "install", "-q", "--only-binary=:all:", requirement]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        return type(error).__name__
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["pip failed"])[-1][:100]
    marker.touch()
    return ""


def _entries(library: Library) -> Iterator[tuple[str, list[tuple[str, int | None]]]]:
    """Yield every dotted name of the library's own modules with the parameters the catalogue gives it."""
    roots = {module.partition(".")[0] for module in library.modules}
    for name, params in _all_entries(library):
        if name.partition(".")[0] in roots:
            yield name, params


def _all_entries(library: Library) -> Iterator[tuple[str, list[tuple[str, int | None]]]]:
    for entry in library.open:
        given = [(i.param, i.at) for i in entry.identity if "." not in i.param and "[" not in i.param]
        yield entry.name, given
        for alias in entry.aliases:
            yield alias, []
    for operation in (*library.container, *library.write, *library.read, *library.delete):
        if operation.name.startswith("boto3."):
            continue  # methods that the service descriptions make at run time
        given = [(name, at) for name, at in operation.at.items()]
        if operation.container is not None:
            given.append((operation.container.param, operation.container.at))
        yield operation.name, given
    for model in library.model:
        if "()" not in model.base:
            yield model.base, []


if __name__ == "__main__":
    sys.exit(main())
