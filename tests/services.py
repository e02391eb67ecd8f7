"""The services of `simnet.up.stage`, with what tests ask of them besides."""

from __future__ import annotations

import json
from typing import Any

from chain.quantities import Address, Wei
from nodes.gateway.completion import CHAT
from nodes.http import HttpRequest, HttpResponse
from nodes.identity import FACILITATOR
from simnet.measure.catalogue import measure
from simnet.measure.rows import row_of
from simnet.measure.state import State
from simnet.up import stage
from simnet.up.payers import ChannelPayer, Payer
from simnet.up.stage import CAST, ENCLAVE, Caller

__all__ = ["CAST", "CHAT", "ENCLAVE", "Caller", "ChannelPayer", "Network402", "Payer"]


class Network402(stage.Network402):
    """A gateway, a facilitator, two chains."""

    def owned_by(self, address: Address) -> Wei:
        """OPG on the payment chain."""
        return Wei(self.chain.read("BaseOPG", "balanceOf", address))

    def measured(self) -> State:
        """What the log amounts to so far."""
        return measure(row_of(number, at, record) for number, (at, record) in enumerate(self.timed))

    def ask_facilitator(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """What the facilitator answers somebody outside."""
        sent = b"" if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request(HttpRequest(method, path, named, sent), FACILITATOR).answer
