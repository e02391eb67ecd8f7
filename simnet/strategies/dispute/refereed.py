"""Refereed delegation: several nodes answer the same request, and a referee decides where they differ.

A client sends each request to k nodes, under task ids of their own so that none sees who else was asked, compares
the answers, and where any two differ challenges all the claims made of them. The referee is a panel of full nodes
that executes the claims again. The client executes nothing, so it cannot tell who is wrong, and loses the bond on
a claim that was right: its share of the liar's stake must be worth more.

All k are paid, and the first alone does useful work: cost and gas are k times those of one answer, and the other
k - 1 executions count as verification. Full nodes fetch every batch, so that clients find their claims.

Limits: k nodes that lie alike are not found out, m liars of n nodes with probability C(m, k) / C(n, k) [D]; such
nodes can recognise a request by its input. Nor is anything found out if all but one of the k stay silent.

Source: Verde, arXiv 2502.19405 [A], whose referee finds the first operator in which two traces differ and executes
that one alone; here it executes the whole claim.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from chain.units import format_opg
from nodes.client import Client, ClientHalf, ClientPolicy
from nodes.full import FullNode, VerifierHalf
from nodes.identity import Role
from simnet.strategies.dispute.clients import Delegator
from simnet.strategies.dispute.dispute import DisputeStrategy, FetchingHalf
from simnet.strategies.facts import Facts


class Refereed(DisputeStrategy):
    """Clients ask several nodes the same; where answers differ, a panel executes again and decides."""

    kind: ClassVar[str] = "refereed"
    claim: ClassVar[str] = "a wrong claim falls if one of the nodes asked answers right and the arbiters are honest"
    source: ClassVar[str] = "refereed delegation; Verde, arXiv 2502.19405 [A]"
    challengers: ClassVar[tuple[Role, ...]] = (Role.FULL, Role.CLIENT)

    providers: int = Field(default=2, ge=2, le=16, description="nodes that each inference is asked of")

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """Keeps batches for the clients who will ask for their claims in them."""
        return FetchingHalf(node, self)

    def client_policy(self, policy: ClientPolicy, index: int, facts: Facts) -> ClientPolicy:
        """Every client looks for its claims in time."""
        return self.watching(policy, facts)

    def client(self, client: Client, facts: Facts) -> ClientHalf:
        """Asks several nodes, and challenges."""
        return Delegator(client, facts.comparator, self.contract, self.providers)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """There must be as many nodes, and the referee must be worth its price."""
        yield from super().problems(facts)
        if self.providers > facts.inference_nodes:
            there_are = f"{facts.inference_nodes} inference nodes"
            yield ("providers",), f"{self.providers} providers cannot be had from {there_are}"
        prize = facts.slash * facts.bounty_share * self.winner_share
        if (self.providers - 1) * self.bond > prize:
            lost, won = format_opg((self.providers - 1) * self.bond), format_opg(round(prize))
            yield ("bond",), f"a client would lose {lost} of bonds to win {won} from a liar"
