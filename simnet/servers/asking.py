"""How a chain's server has models run for what somebody outside sends or simulates."""

from __future__ import annotations

from concurrent.futures import Future

from nodes.messages import Envelope
from nodes.onchain.native import asking
from simnet.servers.external import ExternalTransport


class Asking:
    """Asks the participant that answers for the nodes' native code."""

    def __init__(self, external: ExternalTransport, participant: str) -> None:
        self._external = external
        self._participant = participant

    def ask(self, question: bytes, done: Future[None]) -> None:
        """Have calldata answered; `done` is then. To be called in the event loop's thread."""

        def hear(_: Envelope) -> None:
            self._external.disconnect(caller)
            done.set_result(None)

        caller = self._external.connect(hear)
        self._external.deliver(caller, self._participant, asking(question), request=1)
