"""Paths or texts in, a report out: discover, extract, link, check, suppress, in that order."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

import fragaudit
from fragaudit import cards as rule_cards
from fragaudit import checks, workers
from fragaudit.cache import FOLDER, FactsCache
from fragaudit.catalogue import Catalogue, load
from fragaudit.checks.checklist import checklists
from fragaudit.checks.engine import active, numbered
from fragaudit.config import Config, validate_rules
from fragaudit.discover import Discovery, SourceFile, discover
from fragaudit.discover.defaults import language
from fragaudit.link import link_counted
from fragaudit.model.deploy import DeployFacts
from fragaudit.model.facts import FileFacts
from fragaudit.model.findings import Coverage, Finding, Report
from fragaudit.model.locations import Location, Problem
from fragaudit.suppress import suppress

_DECODER = msgspec.json.Decoder(FileFacts)
Progress = Callable[[int, int], None]


class Audit(msgspec.Struct):
    """A report, and what should be said of how it was made (a cache that can't be written)."""

    report: Report
    notes: list[str]


class _Job(msgspec.Struct, frozen=True):
    path: str
    language: str
    data: bytes
    digest: str


def audit(
    paths: Sequence[Path],
    base: Path,
    config: Config,
    *,
    jobs: int | None = None,
    cache: bool = True,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
) -> Audit:
    """Audit files and folders.

    Args:
        paths: what to audit; it exists.
        base: the working directory, to which reported paths are relative.
        config: the configuration.
        jobs: how many processes; None: as many as there are processors.
        cache: whether facts are remembered between runs.
        cache_dir: where; None: a folder beside the configuration, or in the working directory.
        progress: told how many of how many files are read, from time to time.

    Raises:
        ConfigError: the configuration names a rule or parameter that doesn't exist.
        CatalogueError: an entry of the user's own stores isn't valid.
    """
    _validate(config)
    catalogue = load(config.stores)
    found = discover(paths, base, config)
    contents: dict[str, bytes] = {}
    problems = list(found.problems)
    for file in found.files:
        try:
            contents[file.path] = Path(file.absolute).read_bytes()
        except OSError as error:
            problems.append(Problem(Location(file.path), f"can't be read: {error.strerror}"))
    folder = (cache_dir or Path(config.root or base) / FOLDER) if cache else None
    store = FactsCache(folder, _key(catalogue))
    facts = _facts(found.files, contents, catalogue, store, jobs or workers.available(), progress)
    store.save()
    report = _report(facts, _deploy(found.files, contents), problems, found, contents, catalogue, config)
    return Audit(report, [store.note] if store.note else [])


def audit_sources(files: Mapping[str, str | bytes], config: Config | None = None) -> Report:
    """Audit files given as texts by path, in memory and in this process."""
    config = config or Config()
    _validate(config)
    catalogue = load(config.stores)
    contents = {p: t.encode("utf-8", "surrogatepass") if isinstance(t, str) else t for p, t in files.items()}
    sources = tuple(
        SourceFile(path, path, kind) for path in sorted(contents) if (kind := language(path.rpartition("/")[2])) is not None
    )
    facts = _facts(sources, contents, catalogue, FactsCache(None, ""), 1, None)
    found = Discovery(sources, (), ())
    return _report(facts, _deploy(sources, contents), [], found, contents, catalogue, config)


def _validate(config: Config) -> None:
    params = {card.id: tuple(card.params) for card in rule_cards.cards()}
    validate_rules(config, rule_cards.codes(), params)


def _key(catalogue: Catalogue) -> str:
    """Return what facts depend on besides the file: versions of the tool, Python and parsers, and the catalogue."""
    from importlib.metadata import version

    parsers = (version("libcst"), version("sqlglot"))
    python = platform.python_version_tuple()[:2]
    return "|".join((fragaudit.__version__, *python, *parsers, catalogue.digest))


def _facts(
    files: Sequence[SourceFile], contents: Mapping[str, bytes], catalogue: Catalogue, store: FactsCache, jobs: int,
    progress: Progress | None,
) -> list[FileFacts]:  # fmt: skip
    found: list[FileFacts] = []
    todo: list[_Job] = []
    for file in files:
        if file.language == "deploy" or file.path not in contents:
            continue
        data = contents[file.path]
        digest = store.digest(file.path, data)
        known = store.get(digest)
        if known is not None:
            try:
                found.append(_DECODER.decode(known))
                continue
            except (msgspec.DecodeError, RecursionError):
                store.forget(digest)
        todo.append(_Job(file.path, file.language, data, digest))
    if not todo:
        return found
    # Forked workers inherit what is loaded here: the parser once, instead of once in each of them.
    from fragaudit import extract

    _Work.catalogue = catalogue
    del extract
    total = len(todo)
    tell = (lambda count: progress(count, total)) if progress is not None else (lambda _: None)
    for digest, encoded in workers.run(_extract, todo, [len(j.data) for j in todo], jobs, _killed, tell):
        store.put(digest, encoded)
        found.append(_DECODER.decode(encoded))
    return found


class _Work:
    """What forked workers find loaded; others load it at their first batch."""

    catalogue: Catalogue | None = None


def _extract(batch: Sequence[_Job]) -> list[tuple[str, bytes]]:
    from fragaudit.extract import extract

    if _Work.catalogue is None:
        _Work.catalogue = load()
    return [
        (job.digest, msgspec.json.encode(extract(job.path, job.language, job.data, _Work.catalogue))) for job in batch
    ]


def _killed(job: _Job) -> tuple[str, bytes]:
    problem = Problem(Location(job.path), "could not be parsed: the parser's process died on it")
    facts = FileFacts(job.path, "sql" if job.language == "sql" else "python", 0, False, problems=(problem,))
    return job.digest, msgspec.json.encode(facts)


def _deploy(files: Sequence[SourceFile], contents: Mapping[str, bytes]) -> list[DeployFacts]:
    from fragaudit.extract.deploy import extract_deploy

    return [extract_deploy(f.path, contents[f.path]) for f in files if f.language == "deploy" and f.path in contents]


def _report(
    facts: Sequence[FileFacts], deploy: Sequence[DeployFacts], problems: Sequence[Problem], found: Discovery,
    contents: Mapping[str, bytes], catalogue: Catalogue, config: Config,
) -> Report:  # fmt: skip
    linked = link_counted(facts, deploy, catalogue, config)
    everything = (*problems, *(p for f in facts for p in f.problems), *(p for d in deploy for p in d.problems))
    all_problems = tuple(sorted(set(everything)))
    findings = checks.run(linked.services, all_problems, config)
    ran = active(config)
    ignores = {f.path: f.ignores for f in facts if f.ignores}
    findings, useless = suppress(findings, ignores, ran)
    if "FA003" in ran:
        card = rule_cards.card("FA003")
        findings = numbered((*findings, *(checks.to_finding(card, hit, config) for hit in useless)))
    unreadable = {p.at.path for p in all_problems}
    coverage = Coverage(
        files_read=sum(f.parsed for f in facts),
        files_skipped=sum(not f.parsed and f.path not in unreadable for f in facts),
        files_unreadable=len(unreadable),
        files_excluded=found.excluded,
        lines=sum(f.lines for f in facts),
        store_calls_found=linked.calls_found,
        store_calls_resolved=linked.calls_resolved,
    )
    return Report(
        coverage,
        linked.services,
        checklists(linked.services, findings),
        findings,
        all_problems,
        _sources(findings, contents),
    )


def _sources(findings: Sequence[Finding], contents: Mapping[str, bytes]) -> dict[str, str]:
    """Return the texts of the files that findings point to, for excerpts."""
    paths = {f.at.path for f in findings} | {r.at.path for f in findings for r in f.related}
    return {path: contents[path].decode("utf-8", "replace") for path in sorted(paths) if path in contents}
