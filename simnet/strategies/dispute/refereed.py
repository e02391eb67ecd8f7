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
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from chain.units import format_opg
from nodes.client import ClientPolicy
from nodes.effects import Steps
from nodes.full import FullNode
from nodes.identity import Role
from simnet.strategies.dispute.dispute import DisputeStrategy

if TYPE_CHECKING:
    from simnet.scenario.schema import Scenario


class Refereed(DisputeStrategy):
    """Clients ask several nodes the same; where answers differ, a panel executes again and decides."""

    kind: ClassVar[str] = "refereed"
    claim: ClassVar[str] = "a wrong claim falls if one of the nodes asked answers right and the arbiters are honest"
    source: ClassVar[str] = "refereed delegation; Verde, arXiv 2502.19405 [A]"
    challengers: ClassVar[tuple[Role, ...]] = (Role.FULL, Role.CLIENT)

    providers: int = Field(default=2, ge=2, le=16, description="nodes that each inference is asked of")

    def look(self, node: FullNode, batch: str, count: int) -> Steps:
        """Keep the batch for the clients who will ask for their claims in it."""
        yield from self.obtain(node, batch, count)

    def client_policy(self, policy: ClientPolicy, index: int, scenario: Scenario) -> ClientPolicy:
        """Every client asks several nodes, and challenges."""
        return replace(self.watchful(policy, scenario), providers=self.providers)

    def problems(self, scenario: Scenario) -> Iterable[tuple[tuple[Any, ...], str]]:
        """There must be as many nodes, and the referee must be worth its price."""
        yield from super().problems(scenario)
        nodes, economics = scenario.nodes.inference, scenario.economics
        if self.providers > nodes.count:
            yield ("providers",), f"{self.providers} providers cannot be had from {nodes.count} inference nodes"
        slash = min(economics.slash_share * nodes.stake + economics.slash_amount, nodes.stake)
        prize = slash * economics.bounty_share * self.winner_share
        if (self.providers - 1) * self.bond > prize:
            lost, won = format_opg((self.providers - 1) * self.bond), format_opg(round(prize))
            yield ("bond",), f"a client would lose {lost} of bonds to win {won} from a liar"
