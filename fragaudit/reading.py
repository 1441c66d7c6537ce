"""Reads SQL texts in parallel, and remembers by content what they say and what they do to the schema."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from fragaudit import workers
from fragaudit.cache import ReadsCache, UsesCache
from fragaudit.link.accesses import accesses
from fragaudit.link.schema import Schema
from fragaudit.link.schema.apart import Schemas
from fragaudit.model.accesses import FileUses, Used
from fragaudit.model.statements import FileReads, Read, Written

WEIGHT = 4
"""How much longer a character of SQL takes to read than a byte of Python."""


class _Job(msgspec.Struct, frozen=True):
    path: str
    content: str
    texts: tuple[tuple[str, str, bool], ...]


class _Done(msgspec.Struct, frozen=True):
    path: str
    content: str
    encoded: bytes


class Reading:
    """Reads texts; those of one file are remembered together."""

    def __init__(self, known: ReadsCache, uses: UsesCache, jobs: int) -> None:
        self._known = known
        self._uses = uses
        self._jobs = jobs

    def read(self, written: Sequence[Written]) -> list[tuple[Written, tuple[Read, ...]]]:
        """Return what each text says, in the order given."""
        files: dict[str, list[Written]] = {}
        for text in written:
            if not text.dynamic:
                files.setdefault(text.path, []).append(text)
        found: dict[str, tuple[tuple[Read, ...], ...]] = {}
        jobs: list[_Job] = []
        for path, texts in files.items():
            job = _job(path, texts)
            known = self._known.get(path, job.content)
            if known is not None and len(known.reads) == len(texts):
                found[path] = known.reads
            else:
                jobs.append(job)
        decoder = msgspec.json.Decoder(FileReads)
        task = workers.Task(_work, _weight, _killed, _prepare)
        for done in workers.run(task, iter(jobs), self._jobs) if jobs else ():
            self._known.put(done.path, done.content, done.encoded)
            found[done.path] = decoder.decode(done.encoded).reads
        queues: dict[str, Iterator[tuple[Read, ...]]] = {path: iter(reads) for path, reads in found.items()}
        return [
            (text, (Read((0, len(text.text)), dynamic=text.dynamic),) if text.dynamic else next(queues[text.path]))
            for text in written
        ]

    def used(self, read: Sequence[tuple[Written, tuple[Read, ...]]], schemas: Schemas) -> list[tuple[Used, ...]]:
        """Return what the statements of each text do to the tables that their file can see, in the order given."""
        digests: dict[int, str] = {}
        files: dict[str, list[tuple[Written, tuple[Read, ...]]]] = {}
        for written, reads in read:
            files.setdefault(written.path, []).append((written, reads))
        found: dict[str, Iterator[tuple[Used, ...]]] = {}
        for path, texts in files.items():
            schema = schemas.at(path)
            tables = digests.get(id(schema))
            if tables is None:
                tables = digests[id(schema)] = hashlib.sha256(msgspec.json.encode(schema.tables)).hexdigest()
            content = hashlib.sha256(msgspec.json.encode([written for written, _ in texts])).hexdigest() + tables
            known = self._uses.get(path, content)
            if known is None or len(known.uses) != len(texts):
                known = FileUses(path, tuple(_used(written, reads, schema) for written, reads in texts))
                self._uses.put(path, content, msgspec.json.encode(known))
            found[path] = iter(known.uses)
        return [next(found[written.path]) for written, _ in read]

    def save(self) -> None:
        """Write down what is to be remembered."""
        self._known.save()
        self._uses.save()


def _used(written: Written, reads: Sequence[Read], schema: Schema) -> tuple[Used, ...]:
    found = []
    for one in reads:
        if one.statement is not None:
            try:
                found.append(accesses(one.statement, written, schema))
            except RecursionError:  # nested beyond what is looked at; what it finds stays unknown
                found.append(Used((), ()))
    return tuple(found)


def _job(path: str, texts: Sequence[Written]) -> _Job:
    told = tuple((t.text, t.dialect, t.kind == "script") for t in texts)
    digest = hashlib.sha256()
    for text, dialect, script in told:
        digest.update(f"{len(text)} {dialect} {script}\0".encode())
        digest.update(text.encode("utf-8", "surrogatepass"))
    return _Job(path, digest.hexdigest(), told)


def _weight(job: _Job) -> int:
    return WEIGHT * sum(len(text) for text, _, _ in job.texts)


def _prepare() -> None:
    import fragaudit.extract.sql.statements  # noqa: F401  # before a fork, so that workers share the parser


def _work(batch: Sequence[_Job]) -> list[_Done]:
    from fragaudit.extract.sql import read  # the parser is not needed by an audit from the cache

    done = []
    with workers.recursion_limited():
        for job in batch:
            reads = tuple(read(text, dialect, script=script) for text, dialect, script in job.texts)
            done.append(_Done(job.path, job.content, msgspec.json.encode(FileReads(job.path, reads))))
    return done


def _killed(job: _Job) -> _Done:
    reads = tuple((Read((0, len(t)), problem="made the parser crash"),) for t, _, _ in job.texts)
    return _Done(job.path, job.content, msgspec.json.encode(FileReads(job.path, reads)))
