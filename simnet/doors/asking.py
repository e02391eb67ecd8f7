"""How a chain's door has models run for what somebody outside sends or simulates."""

from __future__ import annotations

from concurrent.futures import Future

from nodes.messages import Envelope
from nodes.onchain.native import asking
from simnet.doors.outside import Outside


class Asking:
    """Asks the participant that answers for the nodes' native code."""

    def __init__(self, outside: Outside, participant: str) -> None:
        self._outside = outside
        self._participant = participant

    def ask(self, question: bytes, done: Future[None]) -> None:
        """Have calldata answered; `done` is then. To be called in the event loop's thread."""

        def hear(_: Envelope) -> None:
            self._outside.leave(visitor)
            done.set_result(None)

        visitor = self._outside.welcome(hear)
        self._outside.arrive(visitor, self._participant, asking(question), request=1)
