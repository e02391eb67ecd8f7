"""Honeypots: some requests are probes, whose right answers whoever asked knows.

A share q of all requests comes from auditors: clients with a device of their own, who execute these requests
themselves and challenge what was answered wrong. On the wire a probe is a request like any other, and an auditor,
who sends ordinary requests too, a client like any other. Nobody else checks anything, so that

    P(a node that lies k times is detected) = 1 - (1 - q d)^k

with the power d of the comparator to tell a lie from noise. It rests on the liar's not knowing a probe when it
sees one. What gives an auditor away: the address that a challenge comes from is the client's own, so that after
the first one everybody knows whose requests to answer right; and zoo inputs are few, so that a node which remembers
what was challenged may know a probe by its input.

Auditors pay for their probes, and their executions count as verification, like those of the nodes that answer
them. Full nodes fetch every batch, so that auditors find the claims.

Source: behavioural probe sets and honeypot tasks (STRATEGIES 1.14, detection over k requests as in GT-5).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from chain.units import Share
from nodes.client import Client, ClientHalf, ClientPolicy
from nodes.full import FullNode, VerifierHalf
from nodes.identity import Role
from simnet.strategies.dispute.clients import Auditor
from simnet.strategies.dispute.dispute import DisputeStrategy, FetchingHalf
from simnet.strategies.facts import Facts


class Honeypot(DisputeStrategy):
    """Auditors among the clients know some answers already, and challenge nodes that answer otherwise."""

    kind: ClassVar[str] = "honeypot"
    claim: ClassVar[str] = "k lies are found out with probability 1 - (1 - q d)^k, if probes cannot be told apart"
    source: ClassVar[str] = "honeypot tasks; detection over k requests [D]"
    challengers: ClassVar[tuple[Role, ...]] = (Role.FULL, Role.CLIENT)

    probes: Share = Field(default=0.1, description="share of all requests that is a probe")

    def auditors(self, facts: Facts) -> int:
        """As few clients as can send so many probes."""
        return math.ceil(self.probes * facts.clients)

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """Keeps batches for the clients who will ask for their claims in them."""
        return FetchingHalf(node, self)

    def client_policy(self, policy: ClientPolicy, index: int, facts: Facts) -> ClientPolicy:
        """The first few clients are auditors."""
        return self.watching(policy, facts) if self.client_executes(index, facts) else policy

    def client_executes(self, index: int, facts: Facts) -> bool:
        """The auditors."""
        return index < self.auditors(facts)

    def client(self, client: Client, facts: Facts) -> ClientHalf:
        """An auditor's half; the other clients have none."""
        if not self.client_executes(client.directory.of(Role.CLIENT).index(client.me), facts):
            return ClientHalf(client)
        share = self.probes * facts.clients / self.auditors(facts)
        secret = facts.streams.secret(f"probes/{client.me.name}")
        return Auditor(client, facts.comparator, self.contract, share, secret)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Without probes nobody looks."""
        yield from super().problems(facts)
        if not self.probes:
            yield ("probes",), "without probes nobody checks anything: write strategy: none"
