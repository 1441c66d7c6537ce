"""Does one large piece of work in a process of its own, beside this one; in this one where that is impossible."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TypeAlias

Work: TypeAlias = Callable[[Callable[[], Any]], Any]
"""Is given a function that waits for what it asks for on the way, and returns what it comes to.

Each time it asks it is told the next of what it is given; where the work is done here, always the last.
"""


class Forked:
    """Work in a copy of this process, which knows all that this one does. What it comes to has to be picklable.

    A copy that fails, whatever the reason, costs its time and nothing else: then the work is done here.
    """

    def __init__(self, work: Work) -> None:
        """Start work."""
        self._work = work
        self._given: Any = None
        self._results, results = os.pipe()
        questions, self._answers = os.pipe()
        try:
            self._process = os.fork()
        except OSError:  # no room for another process
            self._process = -1
        if self._process == 0:
            self._be_copy(questions, results)
        os.close(results)
        os.close(questions)

    def _be_copy(self, questions: int, results: int) -> NoReturn:
        """Work, hand over what it came to, and end without a trace: no buffer of this process is written twice."""
        status = 1
        try:
            # Ctrl-C reaches the whole process group; the first process alone answers it.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            os.close(self._answers)
            os.close(self._results)

            with open(questions, "rb") as pipe:
                # This process wrote it.
                made = self._work(lambda: pickle.load(pipe))  # noqa: S301
            found = pickle.dumps(made, pickle.HIGHEST_PROTOCOL)
            with open(results, "wb") as pipe:
                pipe.write(found)
            status = 0
        finally:
            os._exit(status)

    def give(self, given: Any) -> None:
        """Tell the work what it asks for; not much, as that is waited for if it does not ask yet."""
        self._given = given
        with suppress(OSError), open(self._answers, "wb", closefd=False) as pipe:
            pickle.dump(given, pipe)

    def take(self) -> Any:
        """Return what the work came to."""
        with open(self._results, "rb") as pipe:
            self._results = -1
            found = pipe.read()
        try:
            # Only its own copy can have written it, which takes a while to end: nobody waits for that here.
            return pickle.loads(found)  # noqa: S301
        except (EOFError, pickle.UnpicklingError):  # it ended before it was done
            return self._work(lambda: self._given)

    def end(self) -> None:
        """Stop work that nobody has taken, and leave no trace of the copy."""
        for pipe in (self._answers, self._results):
            if pipe >= 0:
                os.close(pipe)
        if self._process > 0:
            os.kill(self._process, signal.SIGKILL)
            with suppress(ChildProcessError):  # whoever started this process told the kernel to keep no status
                os.waitpid(self._process, 0)


@contextmanager
def starting(jobs: int) -> Iterator[Callable[[Work], Forked] | None]:
    """Give what starts work beside this process, if it may have others and can; none outlives the context."""
    # Where other threads run, a copy may inherit a lock that nobody releases; and only Linux keeps its own libraries
    # safe to use after a fork.
    if jobs < 2 or sys.platform != "linux" or threading.active_count() > 1:
        yield None
        return
    started: list[Forked] = []

    def start(work: Work) -> Forked:
        started.append(Forked(work))
        return started[-1]

    try:
        yield start
    finally:
        for each in started:
            each.end()
