"""Checks the store catalogue against the real client libraries. Not a test: it installs every one of them.

    python tests/verify_catalogue.py [NAME ...] [--keep FOLDER] [--python INTERPRETER]...

Each library gets a virtual environment of its own, removed afterwards (or kept in FOLDER: a second run is quick then),
with each version that its file says it was checked with, and the companions it names. Every dotted name is resolved and
every parameter and position compared with the real signature; what one version lacks another may have. Where the first
interpreter can't install a version or import all of it, the next is tried. Prints a row a library and the totals; exits
with 1 if a name, parameter or position is wrong. What can't be installed here is said so and counts as nothing. A wheel
is installed where there is one, else the source is built: a few need the C libraries of their databases (libpq,
unixODBC, MariaDB, RocksDB, LevelDB).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fragaudit.catalogue import Library, load

PATIENCE = 600
"""Seconds for the installation of one library."""

PROBE = r"""
import importlib, inspect, json, sys, warnings
warnings.simplefilter("ignore")
answer, sys.stdout = sys.stdout, sys.stderr

def resolve(dotted):
    parts, why = dotted.split("."), ""
    for end in range(len(parts), 0, -1):
        module = ".".join(parts[:end])
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            missing = error.name or ""
            why = why or ("" if (module + ".").startswith(missing + ".") else f"{module} needs {missing}")
            continue
        except Exception as error:
            why = why or f"import of {module} fails: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
            continue
        for number, part in enumerate(parts[end:], start=end):
            if not hasattr(found, part):
                why = why or f"no {part} in {'.'.join(parts[:number])}"
                break
            found = getattr(found, part)
        else:
            return True, found, ""
    return False, None, why or "no such module"

def signature(found):
    try:
        parameters = list(inspect.signature(found).parameters.values())
    except (TypeError, ValueError):
        return None
    return parameters[1:] if parameters and parameters[0].name == "self" else parameters

def verdict(parameters, name, at):
    p = inspect.Parameter
    names = [one.name for one in parameters]
    kinds = [one.kind for one in parameters]
    if name not in names:
        if at is not None and at < len(kinds) and kinds[at] is p.POSITIONAL_ONLY:
            return "ok"
        return "loose" if {p.VAR_KEYWORD, p.VAR_POSITIONAL} & set(kinds) else "missing"
    number = names.index(name)
    if at is None or number == at or (at > number and kinds[number] is p.VAR_POSITIONAL):
        return "ok"
    return f"at {number}, not {at}"

rows = []
for entry in json.load(sys.stdin):
    ok, found, why = resolve(entry["name"])
    row = {"name": entry["name"], "ok": ok, "why": why, "params": []}
    parameters = signature(found) if ok else None
    if parameters is not None:
        row["params"] = [[name, verdict(parameters, name, at)] for name, at in entry["params"]]
    rows.append(row)
json.dump(rows, answer)
"""


def main() -> int:
    """Check the libraries named, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--keep", type=Path, default=None)
    parser.add_argument("--python", action="append", default=[], help="an interpreter to try after this one")
    arguments = parser.parse_args()
    totals = dict.fromkeys(("libraries", "names", "names ok", "parameters", "parameters ok", "loose"), 0)
    wrong = 0
    for library in load().libraries:
        if arguments.names and library.package not in arguments.names:
            continue
        if arguments.keep:
            rows, version = _checked(library, arguments.keep, arguments.python)
        else:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                rows, version = _checked(library, Path(folder), arguments.python)
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


def _checked(library: Library, folder: Path, others: Sequence[str]) -> tuple[list[dict[str, Any]] | None, str]:
    """Return a row for each name, the best over all versions the library was checked with, and those versions."""
    entries = [{"name": name, "params": params} for name, params in _entries(library)]
    if library.package == "python-stdlib":
        return _probe(Path(sys.executable), entries), "stdlib"
    best: dict[str, dict[str, Any]] = {}
    versions, why = [], "no version"
    for wanted in sorted(library.checked, key=_order, reverse=True) or [""]:
        for number, base in enumerate([sys.executable, *others]):
            if best and not any(_faults(row) > (False, 0) for row in best.values()):
                break
            python = folder / f"{library.package}-{wanted}-{number}".replace("/", "-") / "bin" / "python"
            why = _install(base, python, library, wanted)
            rows = _probe(python, entries) if why == "" else None
            if rows is None:
                continue
            versions.append(wanted or "newest")
            for row in rows:
                known = best.get(row["name"])
                if known is None or _faults(row) < _faults(known):
                    best[row["name"]] = row
    shown = " ".join(dict.fromkeys(versions))
    return (list(best.values()), shown) if best else (None, why or "its import does not end or prints")


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


def _install(base: str, python: Path, library: Library, wanted: str) -> str:
    """Install a version and its companions; without those where they don't go with it. Return what went wrong."""
    own = f"{library.package}=={wanted}" if wanted else library.package
    wanted_all = [*library.companions] if library.collective else [own, *library.companions]
    marker = python.parent.parent / "-".join(["installed", *wanted_all]).replace("/", "-")[:200]
    if marker.exists():
        return ""
    try:
        if not python.exists():
            subprocess.run([base, "-m", "venv", str(python.parent.parent)], check=True, capture_output=True)
        done = _pip(python, wanted_all)
        if done.returncode != 0 and library.companions and not library.collective:
            done = _pip(python, [own])
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError, OSError) as error:
        return type(error).__name__
    if done.returncode != 0:
        return next((line for line in reversed(done.stderr.splitlines()) if "rror" in line), "pip failed").strip()[:150]
    marker.touch()
    return ""


def _pip(python: Path, wanted: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-m", "pip", "install", "-q", "--prefer-binary", "--disable-pip-version-check", *wanted]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


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
        if operation.container is not None and not {".", "["} & set(operation.container.param):
            given.append((operation.container.param, operation.container.at))
        yield operation.name, given
    for model in library.model:
        if "()" not in model.base:
            yield model.base, []


if __name__ == "__main__":
    sys.exit(main())
