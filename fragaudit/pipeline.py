"""Paths or texts in, a report out: discover, extract, link, check, suppress, in that order."""

from __future__ import annotations

import errno
import gc
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache as once
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from fragaudit import beside, checks, workers
from fragaudit import cards as rule_cards
from fragaudit.cache import (
    OF_FIXES,
    OF_REPOSITORIES,
    FactsCache,
    FixesCache,
    ReadsCache,
    UnderstoodCache,
    UsesCache,
    cache_folder,
    content_digest,
    facts_key,
)
from fragaudit.catalogue import Catalogue, load
from fragaudit.checks.checklist import checklists
from fragaudit.checks.engine import active, numbered
from fragaudit.config import Config, rebased, validate_rules
from fragaudit.discover import Discovery, Read, SourceFile, discover
from fragaudit.discover.defaults import DOCUMENTS, language
from fragaudit.fixing import FIXABLE, edits_of, fixed
from fragaudit.ledger import FILE as LEDGER
from fragaudit.ledger import ledger_path, parse
from fragaudit.ledger import load as load_ledger
from fragaudit.model.deploy import DeployFacts
from fragaudit.model.facts import FileFacts
from fragaudit.model.findings import Finding, Report
from fragaudit.model.ledger import Ledger
from fragaudit.model.locations import Location, Problem
from fragaudit.model.schema import Table
from fragaudit.model.stores import Repository, Service
from fragaudit.model.understood import Fixes, Understood
from fragaudit.suppress import suppress

if TYPE_CHECKING:  # what links is not needed by an audit from the cache, and is loaded while others read
    from fragaudit.documents import Documenting
    from fragaudit.reading import Reading

Progress = Callable[[int, int], None]
FURTHER = 2
"""How many imports are followed to the types that searches give back."""


class Audit(msgspec.Struct):
    """A report, and what should be said of how it was made (a cache that can't be written)."""

    report: Report
    notes: list[str]


class _Job(msgspec.Struct, frozen=True):
    path: str
    language: str
    data: bytes
    content: str


class _Facts(msgspec.Struct, frozen=True):
    path: str
    content: str
    encoded: bytes


class _Loaded(msgspec.Struct):
    code: list[FileFacts]
    deploy: list[DeployFacts]
    problems: list[Problem]


def audit(
    paths: Sequence[Path],
    base: Path,
    config: Config,
    *,
    jobs: int | None = None,
    cache: bool = True,
    cache_dir: Path | None = None,
    progress: Progress | None = None,
    fixes: bool = False,
) -> Audit:
    """Audit files and folders. The same content gives the same report, whatever jobs, cache and order of paths.

    Args:
        paths: what to audit; it exists.
        base: the working directory, to which reported paths are relative.
        config: the configuration.
        jobs: how many processes; None: as many as there are processors.
        cache: whether facts are remembered between runs.
        cache_dir: where; None: as the environment says, else beside the configuration or in the working directory.
        progress: told how many of how many files are read, from time to time. Processes are started before the first
            call, so that a display with a thread of its own may start then.
        fixes: whether to work out the edits that do away with findings.

    Raises:
        ConfigError: the configuration names a rule or parameter that doesn't exist, or the ledger isn't valid.
        CatalogueError: an entry of the user's own stores isn't valid.
    """
    _validate(config)
    ledger = load_ledger(ledger_path(config, base), paths, base)
    with _collector_paused():
        catalogue = load(config.stores, _names(config))
        folder = cache_dir or cache_folder(Path(config.root or base), os.environ)
        processes = jobs or workers.available()
        found = discover(paths, base, config)
        settings, name = rebased(config, base), _name(paths, base)
        asked = "\n".join(sorted(str(path) for path in paths))
        runs = UnderstoodCache(folder if cache else None, facts_key(catalogue.digest, OF_REPOSITORIES) if cache else "")
        content = _content((*found.files, *found.documents), settings, name) if cache else ""
        understood = runs.get(asked, content) if cache else None
        if understood is None:
            store = FactsCache(folder, facts_key(catalogue.digest)) if cache else FactsCache(None, "")
            loaded = _load(found.files, _from_disk, catalogue, config, store, processes, progress, fixes)
            store.save()
            from fragaudit.understanding import understand

            sql = _reading(folder, catalogue.digest, processes) if cache else _forgetful(processes)
            with beside.starting(processes) as start:
                understood = understand(
                    asked, loaded.code, loaded.deploy, catalogue, settings, name, sql, loaded.problems,
                    _documenting(found, _from_disk, settings), start,
                )  # fmt: skip
            sql.save()
            runs.put(asked, content, msgspec.json.encode(understood))
            runs.save()
            notes = store.notes
        else:
            notes = []
        report = _report(understood, found, _from_disk, settings, ledger)
        if fixes:
            report = _fixed(report, found, asked, content, folder if cache else None, catalogue.digest)
        return Audit(report, notes)


def _fixed(
    report: Report, found: Discovery, asked: str, content: str, folder: Path | None, catalogue_digest: str
) -> Report:
    """Return a report whose findings say by which edits they go away; what is known of the same report is kept."""
    if not any(finding.rule in FIXABLE and finding.suppressed is None for finding in report.findings):
        return report
    known = FixesCache(folder, facts_key(catalogue_digest, OF_FIXES) if folder is not None else "")
    digest = hashlib.sha256(f"{content}\0".encode() + msgspec.json.encode(report.findings)).hexdigest()
    fixes = known.get(asked, digest)
    if fixes is None:
        fixes = Fixes(asked, edits_of(report, found.files, _from_disk))
        known.put(asked, digest, msgspec.json.encode(fixes))
        known.save()
    return fixed(report, fixes.edits)


def _documenting(found: Discovery, read: Read, config: Config) -> Documenting:
    from fragaudit.documents import with_documents

    def document(
        services: Sequence[Service], tables: Sequence[Table], code: Sequence[FileFacts]
    ) -> tuple[Service, ...]:
        return with_documents(services, tables, code, found.documents, found.files, read, config)

    return document


def _content(files: Sequence[SourceFile], config: Config, name: str) -> str:
    """Return what stands for all that is understood of a repository: its files, and what configures the reading."""
    told = msgspec.structs.replace(config, select=(), ignore=(), rules={}, fail_on="", ledger=None, source=None)
    digest = hashlib.sha256(msgspec.json.encode((name, told)))
    for file in files:
        try:
            content = content_digest(_from_disk(file))
        except OSError as error:
            content = f"{error.errno}"
        digest.update(msgspec.json.encode((file.path, file.language, content)))
    return digest.hexdigest()


def audit_sources(files: Mapping[str, str | bytes], config: Config | None = None, *, fixes: bool = False) -> Report:
    """Audit files given as texts by path, in memory and in this process; a ledger may be one of them."""
    config = config or Config()
    _validate(config)
    catalogue = _built_in() if not config.stores and _names(config) == _names(Config()) else load(
        config.stores, _names(config)
    )  # fmt: skip
    contents = {p: t.encode("utf-8", "surrogatepass") if isinstance(t, str) else t for p, t in files.items()}
    kinds = {path: language(path.rpartition("/")[2]) for path in sorted(contents)}
    found = Discovery(
        tuple(SourceFile(path, path, kind) for path, kind in kinds.items() if kind is not None), (), (),
        tuple(SourceFile(path, path, "document") for path in kinds if path.endswith(DOCUMENTS)),
    )  # fmt: skip

    def read(file: SourceFile) -> bytes:
        if file.path not in contents:
            raise FileNotFoundError(errno.ENOENT, "no such file", file.path)
        return contents[file.path]

    from fragaudit.understanding import understand

    loaded = _load(found.files, read, catalogue, config, FactsCache(None, ""), 1, None, fixes)
    text = files.get(LEDGER)
    ledger = (parse(text, LEDGER), text) if isinstance(text, str) else None
    understood = understand(
        "", loaded.code, loaded.deploy, catalogue, config, "service", _forgetful(1), loaded.problems,
        _documenting(found, read, config),
    )  # fmt: skip
    report = _report(understood, found, read, config, ledger)
    return fixed(report, edits_of(report, found.files, read)) if fixes else report


@once
def _built_in() -> Catalogue:
    return load((), _names(Config()))


def _names(config: Config) -> tuple[str, ...]:
    """Return the names of the configuration whose every mention in code matters."""
    named = (*config.search.names, *config.search.coordinators, *config.foundation)
    return tuple(sorted({name.rpartition(".")[2] for name in named} - {""}))


def _reading(folder: Path, digest: str, processes: int) -> Reading:
    from fragaudit.reading import Reading

    uses = UsesCache(folder, facts_key(digest, OF_REPOSITORIES))
    return Reading(ReadsCache(folder, facts_key(digest)), uses, processes)


def _forgetful(processes: int) -> Reading:
    from fragaudit.reading import Reading

    return Reading(ReadsCache(None, ""), UsesCache(None, ""), processes)


def _from_disk(file: SourceFile) -> bytes:
    # Not by way of Path, which would make an object of every file's name.
    with open(file.absolute, "rb") as opened:
        return opened.read()


def _name(paths: Sequence[Path], base: Path) -> str:
    """Return what to call a service that nothing names: the folder that was asked for, or that holds all of them."""
    asked = [(base / path).resolve() for path in paths]
    folders = [str(path if path.is_dir() else path.parent) for path in asked]
    try:
        return Path(os.path.commonpath(folders)).name or "service"
    except ValueError:  # none, or on several drives
        return "service"


def _validate(config: Config) -> None:
    params = {card.id: card.params for card in rule_cards.cards()}
    validate_rules(config, rule_cards.codes(), params)


def _load(
    files: Sequence[SourceFile],
    read: Read,
    catalogue: Catalogue,
    config: Config,
    store: FactsCache,
    jobs: int,
    progress: Progress | None,
    fixes: bool,
) -> _Loaded:
    """Return the facts of all files, from the cache where it has them."""
    loaded = _Loaded([], [], [])
    done = 0

    def finished() -> None:
        nonlocal done
        done += 1
        if progress is not None and started:
            progress(done, len(files))

    def unknown() -> Iterator[_Job]:
        for file in files:
            try:
                data = read(file)
            except OSError as error:
                loaded.problems.append(Problem(Location(file.path), f"can't be read: {error.strerror}"))
                finished()
                continue
            if file.language == "deploy":
                loaded.deploy.append(_deploy(file.path, data))
                finished()
                continue
            content = content_digest(data)
            known = store.get(file.path, content)
            if known is None:
                yield _Job(file.path, file.language, data, content)
            else:
                loaded.code.append(known)
                finished()

    started = False
    decoder = msgspec.json.Decoder(FileFacts)
    _Process.catalogue = catalogue
    task = workers.Task(_extract, lambda job: len(job.data), _killed, _prepare, (config.stores, _names(config)))

    def begun() -> None:
        nonlocal started
        started = True
        if progress is not None:
            progress(done, len(files))
        _load_the_rest(fixes)

    for facts in workers.run(task, unknown(), jobs, begun):
        store.put(facts.path, facts.content, facts.encoded)
        loaded.code.append(decoder.decode(facts.encoded))
        finished()
    _look_further(loaded, {file.path: file for file in files}, read, catalogue, store)
    return loaded


def _look_further(
    loaded: _Loaded, files: Mapping[str, SourceFile], read: Read, catalogue: Catalogue, store: FactsCache
) -> None:
    """Read in full what files that mention a configured name import: there stand the types that they give back."""
    reading = {facts.path for facts in loaded.code if facts.mentions}
    if not reading:
        return
    from fragaudit.link import imported_unread

    decoder = msgspec.json.Decoder(FileFacts)
    for _ in range(FURTHER):
        reading = imported_unread(loaded.code, reading) if reading else set()
        for path in sorted(reading):
            try:
                data = read(files[path])
            except OSError:
                continue  # gone since it was read
            key, content = f"{path}\0whole", content_digest(data)
            facts = store.get(key, content)
            if facts is None:
                from fragaudit.extract import extract

                with workers.recursion_limited():
                    encoded = msgspec.json.encode(extract(path, "python", data, catalogue, whole=True))
                store.put(key, content, encoded)
                facts = decoder.decode(encoded)
            number = next(n for n, known in enumerate(loaded.code) if known.path == path)
            loaded.code[number] = facts


def _deploy(path: str, data: bytes) -> DeployFacts:
    from fragaudit.extract.deploy import extract_deploy  # its parsers are not needed by every audit

    return extract_deploy(path, data)


class _Process:
    """What this process has loaded. Forked workers find it; others load it in `_prepare`."""

    catalogue: Catalogue | None = None


def _prepare(stores: tuple[dict[str, Any], ...], names: tuple[str, ...]) -> None:
    import fragaudit.extract.python
    import fragaudit.extract.sql  # noqa: F401  # before a fork, so that workers share it

    if _Process.catalogue is None:
        _Process.catalogue = load(stores, names)


def _load_the_rest(fixes: bool) -> None:
    """Load what links, reads SQL, checks and works out edits, while other processes read."""
    import fragaudit.extract.sql.statements
    import fragaudit.understanding

    checks.registered()
    if fixes:
        import fragaudit.fix  # noqa: F401


def _extract(batch: Sequence[_Job]) -> list[_Facts]:
    from fragaudit.extract import extract  # libcst takes longer to load than a cached audit

    assert _Process.catalogue is not None
    with workers.recursion_limited():
        facts = [extract(job.path, job.language, job.data, _Process.catalogue) for job in batch]
    return [_Facts(job.path, job.content, msgspec.json.encode(fact)) for job, fact in zip(batch, facts, strict=True)]


def _killed(job: _Job) -> _Facts:
    problem = Problem(Location(job.path), "can't be parsed: it made the parser crash")
    facts = FileFacts(job.path, "sql" if job.language == "sql" else "python", 0, parsed=False, problems=(problem,))
    return _Facts(job.path, job.content, msgspec.json.encode(facts))


def _report(
    understood: Understood, found: Discovery, read: Read, config: Config, ledger: tuple[Ledger, str] | None
) -> Report:
    ran = active(config)
    problems = tuple(sorted({*found.problems, *understood.problems}))
    repository = Repository(understood.services, ledger[0] if ledger is not None else None)
    findings = checks.run(repository, problems, config)
    unreadable = {problem.at.path for problem in problems}
    findings, useless = suppress(findings, understood.ignores, ran, unreadable)
    if "FA003" in ran:
        card = rule_cards.card("FA003")
        findings = numbered((*findings, *(checks.to_finding(card, hit, config) for hit in useless)))
    coverage = msgspec.structs.replace(
        understood.coverage, files_unreadable=len(unreadable), files_excluded=found.excluded
    )
    sources = _sources(findings, (*found.files, *found.documents), read)
    if ledger is not None:
        sources[ledger[0].path] = ledger[1]
    services = understood.services
    return Report(coverage, services, checklists(services, findings), findings, problems, sources)


def texts(paths: Sequence[Path], base: Path, config: Config, wanted: Callable[[str], bool]) -> dict[str, str]:
    """Return the texts of those files of an audit whose paths are wanted; without those that are no text."""
    return _decoded([file for file in discover(paths, base, config).files if wanted(file.path)], _from_disk)


def _sources(findings: Sequence[Finding], files: Sequence[SourceFile], read: Read) -> dict[str, str]:
    """Return the texts of the files that findings point to, for excerpts; one that is no text has none."""
    wanted = {finding.at.path for finding in findings} | {r.at.path for f in findings for r in f.related}
    return _decoded([file for file in files if file.path in wanted], read)


def _decoded(files: Sequence[SourceFile], read: Read) -> dict[str, str]:
    if not files:
        return {}
    from fragaudit.extract.source import decode  # only where there is something to show

    found = {}
    for file in files:
        try:
            text = decode(file.path, read(file), python=file.language == "python")
        except OSError:
            continue  # gone since it was read
        if not isinstance(text, Problem):
            found[file.path] = text
    return found


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cyclic collector from walking over facts that live to the end anyway; it finds nothing in them."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()
