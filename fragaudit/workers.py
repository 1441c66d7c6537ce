"""Runs work over many items in several processes; in this one where that is impossible or not worth it."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_WORKERS = 8
WORTH_A_POOL = 400_000
"""Bytes of work; starting processes that import the parser costs as long as reading this much."""
BATCHES_PER_WORKER = 6


def available() -> int:
    """Return how many processors this process may use, bounded."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:
        count = os.cpu_count() or 1
    return max(1, min(count, MOST_WORKERS))


def run(
    work: Callable[[Sequence[Item]], list[Result]],
    items: Sequence[Item],
    sizes: Sequence[int],
    jobs: int,
    dead: Callable[[Item], Result],
    done: Callable[[int], None] = lambda _: None,
) -> Iterator[Result]:
    """Yield the results of all items, in any order.

    Args:
        work: a top-level function over a batch of items; what it takes and returns must be picklable.
        items: the items.
        sizes: their sizes in bytes, for batches of equal weight.
        jobs: how many processes at most; 1 works in this one.
        dead: makes the result of an item whose process died on it.
        done: told how many items are finished, from time to time.
    """
    if jobs <= 1 or len(items) < 2 or sum(sizes) < WORTH_A_POOL:
        for number, item in enumerate(items, 1):
            yield from work([item])
            done(number)
        return
    batches = _batches(items, sizes, jobs * BATCHES_PER_WORKER)
    try:
        executor = _executor(min(jobs, len(batches)))
    except (OSError, ImportError, NotImplementedError, ValueError):
        # No semaphores, no shared memory: sandboxes and some CI runners.
        for item in items:
            yield from work([item])
        return
    yield from _pooled(work, batches, executor, dead, done)


def _executor(jobs: int) -> ProcessPoolExecutor:
    # Forked workers inherit the loaded parser; elsewhere they load it themselves.
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() and os.name == "posix" else "spawn"
    return ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context(method))


def _batches(items: Sequence[Item], sizes: Sequence[int], count: int) -> list[list[Item]]:
    """Split into batches of about equal weight, heavy items first, so that no worker is left with one at the end."""
    order = sorted(range(len(items)), key=lambda n: -sizes[n])
    target = max(1, sum(sizes) // max(1, count))
    batches: list[list[Item]] = [[]]
    weight = 0
    for number in order:
        if weight >= target and batches[-1]:
            batches.append([])
            weight = 0
        batches[-1].append(items[number])
        weight += sizes[number]
    return batches


def _pooled(
    work: Callable[[Sequence[Item]], list[Result]],
    batches: Sequence[list[Item]],
    executor: ProcessPoolExecutor,
    dead: Callable[[Item], Result],
    done: Callable[[int], None],
) -> Iterator[Result]:
    finished = 0
    lost: list[list[Item]] = []
    with executor:
        futures: dict[Future[list[Result]], list[Item]] = {}
        try:
            futures = {executor.submit(work, batch): batch for batch in batches}
        except BrokenProcessPool:
            lost = [batch for batch in batches if batch not in futures.values()]
        while futures:
            ready, _ = wait(futures, return_when=FIRST_COMPLETED)
            for future in ready:
                batch = futures.pop(future)
                try:
                    results = future.result()
                except BrokenProcessPool:
                    lost.append(batch)
                    continue
                finished += len(batch)
                done(finished)
                yield from results
    for batch in lost:
        for item in batch:
            yield from _alone(work, item, dead)
            finished += 1
            done(finished)


def _alone(
    work: Callable[[Sequence[Item]], list[Result]], item: Item, dead: Callable[[Item], Result]
) -> list[Result]:
    """Work on one item in a process of its own, so that one that kills its process is told from its neighbours."""
    with _executor(1) as executor:
        try:
            return executor.submit(work, [item]).result()
        except BrokenProcessPool:
            return [dead(item)]
