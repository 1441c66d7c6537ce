"""Reads SQL texts in parallel, and remembers by content what they say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import msgspec

from fragaudit import workers
from fragaudit.cache import ReadsCache
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

    def __init__(self, known: ReadsCache, jobs: int) -> None:
        self._known = known
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
