"""Runs work over many items in several processes; in this one where that is impossible or not worth it."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar

from msgspec import Struct

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_WORKERS = 8
WORTH_A_POOL = 200_000
"""Bytes of work below which starting processes costs more than it saves."""
BATCH_BYTES = 150_000
BATCH_ITEMS = 200
LITTER = 100_000
"""Objects made and not yet gone after which garbage is collected: some 20 MB."""

RECURSION_LIMIT = 1_000
"""Python's default."""
QUEUED_PER_WORKER = 3
"""Batches handed over ahead of time: enough to keep a worker busy, few enough not to hold a repository in memory."""

# What a machine without semaphores, shared memory or room for another process raises; also a daemonic process.
_NO_POOL = (OSError, ImportError, NotImplementedError, ValueError, AssertionError)


class Task(Struct, Generic[Item, Result], frozen=True):
    """What is to be done, as top-level functions: what they take and return has to be picklable.

    `work` turns a batch into results, one for each item; `setup` runs once in each process before; `dead` makes,
    in the calling process, the result of an item whose process died on it; `size` weighs an item in bytes.
    """

    work: Callable[[Sequence[Item]], Sequence[Result]]
    size: Callable[[Item], int]
    dead: Callable[[Item], Result]
    setup: Callable[..., None]
    arguments: tuple[Any, ...] = ()


def available() -> int:
    """Return how many processors this process may use, bounded."""
    if hasattr(os, "process_cpu_count"):
        count = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count()
    return max(1, min(count or 1, MOST_WORKERS))


def run(
    task: Task[Item, Result], items: Iterable[Item], jobs: int, meanwhile: Callable[[], None] | None = None
) -> Iterator[Result]:
    """Yield the result of every item, in any order.

    Items are taken as they are needed, so that a long stream of them is never in memory as a whole. An item that
    kills its process, as a parser's stack overflow does, costs its own result and no other.

    Args:
        task: what to do with them.
        items: the items.
        jobs: how many processes at most; 1 works in this one.
        meanwhile: what this process may do once others have begun to work, or before it begins itself.
    """
    stream = iter(items)
    first: list[Item] = []
    weight = 0
    while jobs > 1 and weight < WORTH_A_POOL:
        item = next(stream, None)
        if item is None:
            break
        first.append(item)
        weight += task.size(item)
    batches = _batches(task, _chain(first, stream))
    yield from (
        _parallel(task, batches, jobs, meanwhile) if weight >= WORTH_A_POOL else _serial(task, batches, meanwhile)
    )


def _chain(first: Sequence[Item], rest: Iterator[Item]) -> Iterator[Item]:
    yield from first
    yield from rest


def _batches(task: Task[Item, Result], items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    weight = 0
    for item in items:
        batch.append(item)
        weight += task.size(item)
        if weight >= BATCH_BYTES or len(batch) >= BATCH_ITEMS:
            yield batch
            batch, weight = [], 0
    if batch:
        yield batch


def _serial(
    task: Task[Item, Result], batches: Iterable[Sequence[Item]], meanwhile: Callable[[], None] | None = None
) -> Iterator[Result]:
    try:
        for number, batch in enumerate(batches):
            if not number:  # with nothing to do, nothing need be loaded
                task.setup(*task.arguments)
                if meanwhile is not None:
                    meanwhile()
                gc.freeze()
            elif _littered():
                gc.collect()
                gc.freeze()
            for item in batch:
                yield from task.work([item])
    finally:
        gc.unfreeze()


def _executor(task: Task[Item, Result], jobs: int) -> ProcessPoolExecutor:
    # Forked workers inherit the loaded parser. Where other threads run, a fork may inherit a lock that nobody
    # releases; and only Linux keeps its own libraries safe to use after one.
    safe = sys.platform == "linux" and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if safe else "spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=_start, initargs=(task.setup, task.arguments))


def _start(setup: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    # Ctrl-C reaches the whole process group; the calling process alone answers it, without a trace from each worker.
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    setup(*arguments)
    gc.disable()
    gc.freeze()


def _tidily(work: Callable[[Sequence[Item]], Sequence[Result]], batch: Sequence[Item]) -> Sequence[Result]:
    """Collect garbage between batches only, and never among what was loaded before: a fifth of the time goes there."""
    results = work(batch)
    if _littered():
        gc.collect()
    return results


def _littered() -> bool:
    """Say whether enough was left behind, in use or not, that looking for what isn't pays."""
    return gc.get_count()[0] > LITTER


def _parallel(
    task: Task[Item, Result], batches: Iterator[list[Item]], jobs: int, meanwhile: Callable[[], None] | None
) -> Iterator[Result]:
    lost: list[list[Item]] = []
    waiting: dict[Future[Sequence[Result]], list[Item]] = {}
    usable = True
    try:
        task.setup(*task.arguments)  # here, so that forked workers find everything loaded
        executor = _executor(task, jobs)
    except _NO_POOL:
        yield from _serial(task, batches)
        return
    try:
        while True:
            while usable and len(waiting) < jobs * QUEUED_PER_WORKER:
                batch = next(batches, None)
                if batch is None:
                    break
                try:
                    waiting[executor.submit(_tidily, task.work, batch)] = batch
                except (BrokenProcessPool, *_NO_POOL):
                    usable = False
                    lost.append(batch)
            if not waiting:
                break
            if meanwhile is not None:
                meanwhile()
                meanwhile = None
            ready, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in ready:
                batch = waiting.pop(future)
                try:
                    results = future.result()
                except BrokenProcessPool:
                    usable = False
                    lost.append(batch)
                else:
                    yield from results
    finally:
        executor.shutdown(cancel_futures=True)
    if not usable:
        yield from _one_by_one(task, _chain(lost, batches))


def _one_by_one(task: Task[Item, Result], batches: Iterable[list[Item]]) -> Iterator[Result]:
    """Work in one process at a time; a batch on which it dies is halved until the item that kills it is alone."""
    queue = deque[list[Item]]()
    stream = iter(batches)
    while True:
        executor = _working_executor(task)
        if executor is None:
            yield from _serial(task, _chain(list(queue), stream))
            return
        with executor:
            while True:
                batch = queue.popleft() if queue else next(stream, None)
                if batch is None:
                    return
                try:
                    results = executor.submit(_tidily, task.work, batch).result()
                except BrokenProcessPool:
                    break
                yield from results
        if len(batch) == 1:
            yield task.dead(batch[0])
        else:
            middle = len(batch) // 2
            queue.extendleft((batch[middle:], batch[:middle]))


def _working_executor(task: Task[Item, Result]) -> ProcessPoolExecutor | None:
    """Return a pool of one process that answers, or None: then no item is to blame for the death of a process."""
    try:
        executor = _executor(task, 1)
    except _NO_POOL:
        return None
    try:
        executor.submit(_answer).result()
    except (BrokenProcessPool, *_NO_POOL):
        executor.shutdown(cancel_futures=True)
        return None
    return executor


def _answer() -> None:
    """Do nothing, in a worker."""


@contextmanager
def recursion_limited() -> Iterator[None]:
    """Read files under Python's own limit, whatever was set: where it is reached must not depend on the process.

    A higher one also makes parsers take seconds to give up a file that is nested too deeply.
    """
    before = sys.getrecursionlimit()
    with suppress(RecursionError):  # a caller that is deeper already keeps its limit
        sys.setrecursionlimit(RECURSION_LIMIT)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
