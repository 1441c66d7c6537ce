"""The process pool: the same results as without one, and one result lost, no more, where a process dies."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

import pytest

from fragaudit import workers

DEADLY = -1
PARENT = os.getpid()


def work(batch: Sequence[int]) -> list[tuple[int, int]]:
    if DEADLY in batch and os.getpid() != PARENT:
        os.kill(os.getpid(), signal.SIGKILL)
    return [(item, os.getpid()) for item in batch]


def size(_: int) -> int:
    return workers.WORTH_A_POOL // 10


def dead(item: int) -> tuple[int, int]:
    return (item, 0)


def setup() -> None:
    """Do nothing."""


def setup_that_dies_elsewhere() -> None:
    if os.getpid() != PARENT:
        os._exit(3)


def setup_that_must_not_run() -> None:
    raise AssertionError("nothing was to be done")


TASK = workers.Task(work, size, dead, setup)


def numbers(results: Iterator[tuple[int, int]]) -> list[int]:
    return sorted(item for item, _ in results)


@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 57])
def test_every_item_has_one_result_whatever_the_number_of_jobs(jobs: int, count: int) -> None:
    assert numbers(workers.run(TASK, range(count), jobs)) == list(range(count))


def test_little_work_stays_in_this_process() -> None:
    assert {pid for _, pid in workers.run(TASK, range(9), 2)} == {PARENT}


def test_much_work_is_done_by_other_processes() -> None:
    pids = {pid for _, pid in workers.run(TASK, range(60), 2)}
    assert PARENT not in pids
    assert 1 <= len(pids) <= 2


def test_one_job_never_starts_a_process() -> None:
    assert {pid for _, pid in workers.run(TASK, range(60), 1)} == {PARENT}


def test_an_item_that_kills_its_process_loses_its_own_result_alone() -> None:
    results = list(workers.run(TASK, [*range(20), DEADLY, *range(20, 60)], 2))
    assert sorted(item for item, _ in results) == [DEADLY, *range(60)]
    assert [item for item, pid in results if pid == 0] == [DEADLY]


def test_several_such_items_lose_theirs() -> None:
    results = list(workers.run(TASK, [DEADLY, *range(30), DEADLY, DEADLY], 2))
    assert sorted(item for item, _ in results) == [DEADLY] * 3 + list(range(30))
    assert [item for item, pid in results if pid == 0] == [DEADLY] * 3


def test_no_item_is_blamed_where_processes_die_by_themselves() -> None:
    task = workers.Task(work, size, dead, setup_that_dies_elsewhere)
    results = list(workers.run(task, range(30), 2))
    assert sorted(results) == [(number, PARENT) for number in range(30)]


@pytest.mark.parametrize(
    "error", [OSError(38, "no semaphores"), ImportError("_multiprocessing"), NotImplementedError()]
)
def test_a_machine_without_pools_does_the_work_in_this_process(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_: object, **__: object) -> ProcessPoolExecutor:
        raise error

    monkeypatch.setattr(workers, "ProcessPoolExecutor", refuse)
    assert sorted(workers.run(TASK, range(30), 2)) == [(number, PARENT) for number in range(30)]


@pytest.mark.parametrize("allowed", [0, 2])
def test_a_machine_without_room_for_a_process_does_the_work_in_this_process(
    monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    submit = ProcessPoolExecutor.submit
    count = 0

    def limited(self: ProcessPoolExecutor, *arguments: object) -> object:
        nonlocal count
        count += 1
        if count > allowed:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return submit(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ProcessPoolExecutor, "submit", limited)
    assert numbers(workers.run(TASK, range(40), 2)) == list(range(40))


def test_beside_another_thread_processes_are_started_afresh() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        # A fresh process has its own PARENT; a deadly item would not know it from the real one, and none is given.
        results = list(workers.run(TASK, range(12), 2))
    finally:
        over.set()
        thread.join()
    assert sorted(item for item, _ in results) == list(range(12))
    assert PARENT not in {pid for _, pid in results}


def test_a_stream_is_taken_as_it_is_needed() -> None:
    taken = 0

    def stream() -> Iterator[int]:
        nonlocal taken
        for number in range(5000):
            taken += 1
            yield number

    results = workers.run(TASK, stream(), 2)
    next(results)
    assert taken < 200
    results.close()  # type: ignore[attr-defined]


def test_nothing_is_set_up_for_nothing() -> None:
    task = workers.Task(work, size, dead, setup_that_must_not_run)
    assert list(workers.run(task, [], 2)) == []


def test_an_error_in_the_work_is_the_callers() -> None:
    def fail(batch: Sequence[int]) -> list[tuple[int, int]]:
        raise LookupError(batch)

    with pytest.raises(LookupError):
        list(workers.run(workers.Task(fail, size, dead, setup), [1], 1))


def test_the_number_of_processors_is_bounded() -> None:
    assert 1 <= workers.available() <= workers.MOST_WORKERS
