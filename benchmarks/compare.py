"""Time an audit beside other tools, in one run: `python benchmarks/compare.py CHECKOUT [--rounds 3]`.

Run it with the interpreter of an environment in which fragaudit is installed. bandit and semgrep are installed into an
environment of their own under `--tools` (default: a folder in the user's cache) the first time. semgrep runs three
patterns of its own kind, kept below, without metrics, version checks or any other use of the network.

All tools run in turn within each round, so that a machine that slows down slows all of them; a first round that isn't
measured fills the caches of the disk and of Python's own compiler, as an installation does. Printed are medians and the
least of wall time, CPU time, the peak memory of each command's largest process, and the ratios to bandit; then the CPU
time of start-up beside a program that does nothing but use typer and rich.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

PATTERNS = """\
rules:
  - id: redis-client
    languages: [python]
    severity: WARNING
    message: a Redis client
    pattern-either: [{pattern: redis.Redis(...)}, {pattern: redis.from_url(...)}]
  - id: engine
    languages: [python]
    severity: WARNING
    message: a database engine
    pattern: create_engine(...)
  - id: vector-client
    languages: [python]
    severity: WARNING
    message: a vector store's client
    pattern-either: [{pattern: chromadb.$F(...)}, {pattern: QdrantClient(...)}]
"""
BARE = """\
import typer
from rich.console import Console
app = typer.Typer(add_completion=False)
@app.command()
def main(version: bool = False) -> None:
    Console().print("bare 1.0")
app()
"""


def tool(folder: Path, name: str) -> str:
    """Return the path of a tool, which is installed into its own environment if it isn't there."""
    home = folder / name
    program = home / "bin" / name
    if not program.exists():
        print(f"installing {name} into {home}", file=sys.stderr)
        venv.create(home, with_pip=True)
        subprocess.run([str(home / "bin" / "pip"), "install", "--quiet", name, "setuptools"], check=True)
    return str(program)


def measure(command: list[str], folder: Path) -> tuple[float, float, float]:
    """Run a command and return its wall time, its CPU time, and the peak memory of its largest process in MB."""
    # In a process of its own, as the kernel keeps one peak for all children that a process ever had.
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        environment = {**os.environ, "SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"}
        # What is installed is compiled; a checkout has to be able to keep what is compiled of it.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        wall = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(writing, f"{wall} {used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        wall, cpu, memory = map(float, answer.read().split())
    os.waitpid(child, 0)
    return wall, cpu, memory


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tools", type=Path, default=Path.home() / ".cache" / "fragaudit-benchmarks")
    parser.add_argument("--only-fragaudit", action="store_true", help="leave the other tools out")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        compare(chosen.checkout.resolve(), chosen.rounds, chosen.tools, Path(name), chosen.only_fragaudit)


def compare(checkout: Path, rounds: int, tools: Path, scratch: Path, alone: bool) -> None:
    """Run every command in every round."""
    own = [sys.executable, "-m", "fragaudit"]
    check = [*own, "check", "--fail-on", "never", "--format", "json"]
    cache = scratch / "cache"
    os.environ["FRAGAUDIT_CACHE_DIR"] = str(cache)
    os.environ["PYTHONPYCACHEPREFIX"] = str(scratch / "compiled")
    patterns = scratch / "patterns.yaml"
    patterns.write_text(PATTERNS)
    commands = {
        "fragaudit cold": check,
        "fragaudit warm": check,
        "fragaudit --jobs 1": [*check, "--no-cache", "--jobs", "1"],
    }
    if not alone:
        commands["bandit"] = [tool(tools, "bandit"), "-q", "-r", "."]
        semgrep = [tool(tools, "semgrep"), "scan", "--quiet", "--metrics", "off", "--disable-version-check"]
        commands["semgrep (3 patterns)"] = [*semgrep, "--config", str(patterns), "."]
    results: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        shutil.rmtree(cache, ignore_errors=True)
        for name, command in commands.items():
            if number or "semgrep" not in name:
                taken = measure(command, checkout)
                if number:
                    results[name].append(taken)
    lines = sum(f.read_bytes().count(b"\n") for f in checkout.rglob("*.py") if f.is_file())
    print(f"{checkout.name}: {lines:,} lines of Python, {os.cpu_count()} processors, median of {rounds}\n")
    walls = {name: [run[0] for run in runs] for name, runs in results.items()}
    print(f"{'':24}{'wall':>9}{'least':>9}{'CPU':>9}{'memory':>10}{'of bandit':>12}{'of least':>11}")
    for name, runs in results.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*runs, strict=True))
        least = min(walls[name])
        ratios = ["", ""]
        if "bandit" in walls:
            ratios = [f"{wall / statistics.median(walls['bandit']):.3f}", f"{least / min(walls['bandit']):.3f}"]
        print(f"{name:24}{wall:8.2f}s{least:8.2f}s{cpu:8.2f}s{memory:7.0f} MB{ratios[0]:>12}{ratios[1]:>11}")
    start_up(own, rounds, scratch)


def start_up(own: list[str], rounds: int, scratch: Path) -> None:
    """Compare the CPU time of `--version` with that of a bare program."""
    bare = scratch / "bare.py"
    bare.write_text(BARE)
    commands = {"fragaudit --version": [*own, "--version"], "bare typer and rich": [sys.executable, str(bare)]}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(max(15, 5 * rounds)):
        for name, command in commands.items():
            times[name].append(measure(command, scratch)[1])
    first, second = (statistics.median(values) for values in times.values())
    print(
        f"\nstart-up, CPU: fragaudit --version {first * 1000:.0f} ms, bare typer and rich {second * 1000:.0f} ms,",
        end=" ",
    )
    print(f"ratio {first / second:.2f}")


if __name__ == "__main__":
    main()
