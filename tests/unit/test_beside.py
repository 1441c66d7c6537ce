"""Work in a copy of the process: the same result, whatever becomes of the copy, and none outlives its context."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from fragaudit import beside

PARENT = os.getpid()
FORKS = pytest.mark.skipif(sys.platform != "linux", reason="only Linux's own libraries are safe to use after a fork")


def result(work: beside.Work, given: object = None) -> Any:
    with beside.starting(2) as start:
        assert start is not None
        begun = start(work)
        begun.give(given)
        return begun.take()


@FORKS
def test_work_is_done_elsewhere_with_what_it_asks_for() -> None:
    process, told = result(lambda asked: (os.getpid(), asked() + 1), 41)
    assert told == 42
    assert process != PARENT


@FORKS
def test_the_copy_knows_what_this_process_does() -> None:
    known = object()
    assert result(lambda _: id(known)) == id(known)


@FORKS
def test_each_time_it_asks_work_is_told_the_next() -> None:
    with beside.starting(2) as start:
        assert start is not None
        begun = start(lambda asked: (asked(), asked()))
        begun.give("likely")
        begun.give("certain")
        assert begun.take() == ("likely", "certain")


@FORKS
def test_work_that_is_done_here_is_told_the_last() -> None:
    with beside.starting(2) as start:
        assert start is not None
        begun = start(lambda asked: dies(lambda: (asked(), asked())))
        begun.give("likely")
        begun.give("certain")
        assert begun.take() == ("here", ("certain", "certain"))


@FORKS
def test_what_is_given_may_never_be_asked_for() -> None:
    assert result(lambda _: "done", ["x" * 1_000]) == "done"


def dies(asked: Callable[[], Any]) -> tuple[str, Any]:
    if os.getpid() != PARENT:
        os.kill(os.getpid(), signal.SIGKILL)
    return "here", asked()


def fails(asked: Callable[[], Any]) -> tuple[str, Any]:
    if os.getpid() != PARENT:
        raise RuntimeError("only in the copy")
    return "here", asked()


def makes_what_no_other_process_can_have(asked: Callable[[], Any]) -> tuple[str, Any]:
    return ("here", asked()) if os.getpid() == PARENT else ("there", threading.Lock())


@FORKS
@pytest.mark.parametrize("work", [dies, fails, makes_what_no_other_process_can_have])
def test_work_is_done_here_where_the_copy_fails(work: beside.Work, capfd: pytest.CaptureFixture[str]) -> None:
    assert result(work, "told") == ("here", "told")
    assert capfd.readouterr() == ("", "")


@FORKS
def test_work_is_done_here_where_there_is_no_room_for_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> int:
        raise OSError("no room")

    monkeypatch.setattr(os, "fork", full)
    assert result(lambda asked: (os.getpid(), asked()), 1) == (PARENT, 1)


@FORKS
def test_an_error_in_the_work_is_the_callers() -> None:
    def wrong(_: object) -> None:
        raise ZeroDivisionError("in the work")

    with pytest.raises(ZeroDivisionError, match="in the work"):
        result(wrong)


@FORKS
def test_work_that_nobody_takes_ends_with_its_context() -> None:
    with beside.starting(2) as start:
        assert start is not None
        process = start(lambda asked: asked())._process
        os.kill(process, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_one_job_is_this_process() -> None:
    with beside.starting(1) as start:
        assert start is None


def test_beside_another_thread_no_copy_is_made() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with beside.starting(2) as start:
            assert start is None
    finally:
        done.set()
        thread.join()
