"""Fresh processes of this machine, one for each run that goes on at a time.

Each worker has a pipe and a thread of its own, so that one that dies takes no other's work with it. Workers leave
signals to their parent and outlive neither it, however it ended, nor its patience.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class WorkerDied(BrokenExecutor):
    """The process that ran a piece of work ended before it did."""


class Worker:
    """A process that does one thing after the other."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy threads, and locks that they hold
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def do(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Its result. Raises what `function` raises, and `WorkerDied`."""
        try:
            self._pipe.send((function, args, kwargs))
            failed, value = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise WorkerDied from error
        if failed:
            raise value
        return value

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self._process.kill()

    def close(self) -> None:
        """Let it go; it has nothing to do."""
        self._pipe.close()
        self._process.join()


class Processes(ThreadPoolExecutor):
    """An executor of so many workers. Work whose worker died raises `WorkerDied`, and the next gets a new worker."""

    def __init__(self, jobs: int) -> None:
        super().__init__(jobs, "simnet-worker")
        self._workers: dict[int, Worker] = {}
        """By the thread that each belongs to."""
        self._changing = threading.Lock()
        self._is_over = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have it done by a worker; all three are pickled."""
        return super().submit(self._in_a_process, fn, args, kwargs)

    def _in_a_process(self, function: Callable[..., T], args: tuple[Any, ...], kwargs: dict[str, Any]) -> T:
        thread = threading.get_ident()
        with self._changing:
            if self._is_over:
                raise WorkerDied
            worker = self._workers.get(thread) or self._workers.setdefault(thread, Worker())
        try:
            result: T = worker.do(function, args, kwargs)
        except WorkerDied:
            self._workers.pop(thread).close()
            raise
        return result

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            super().shutdown(wait=False, cancel_futures=True)
            with self._changing:
                self._is_over = True
                for worker in self._workers.values():
                    worker.kill()
        super().__exit__(kind, error, at)
        for worker in self._workers.values():
            worker.close()


def serve(pipe: Connection) -> None:
    """Do what comes through the pipe, until it is closed."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # they may reach everybody: the parent decides
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    while True:
        try:
            function, args, kwargs = pipe.recv()
        except EOFError:
            return
        except Exception as error:  # it names what cannot be found here, such as a class within a function
            pipe.send((True, error))
            continue
        try:
            answer = (False, function(*args, **kwargs))
        except Exception as error:
            answer = (True, error)
        pipe.send(answer)


def end_with_parent() -> None:
    """End at once when the parent has died, however that came about: nobody waits for the result any more."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
