"""How a command ends when somebody wants it to: Ctrl-C, a closed terminal and `kill` mean the same."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simnet.kernel.pace import Stop

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def handled(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """While inside, these signals go to `handler`; one that is ignored, as by nohup, stays so."""
    before = {number: signal.getsignal(number) for number in ENDING}
    for number, known in before.items():
        if known is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, known in before.items():
            signal.signal(number, known)


@contextmanager
def ends_as_interrupt() -> Iterator[None]:
    """While inside, they all raise `KeyboardInterrupt`."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with handled(interrupt):
        yield


@contextmanager
def stops(stop: Stop) -> Iterator[None]:
    """While inside, the first of them asks the run to stop; the second raises `KeyboardInterrupt`."""

    def request(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.request()

    with handled(request):
        yield
