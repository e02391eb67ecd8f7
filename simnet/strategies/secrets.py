"""Secrets for rounds of the beacon, committed to beforehand: see ``chain/contracts/randomness/RoundSecrets.sol``.

A node keeps the tip of a hash chain on chain, for a round to come; the secret of each later round is one link
further down. Nobody can tell a secret before it is shown, and its owner cannot change it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chain.hashing import keccak
from chain.quantities import Gas
from chain.seam import Call
from nodes.duties import submit_duty
from nodes.effects import ChainTime, Read, Steps
from nodes.full import FullNode
from nodes.inference import InferenceNode
from simnet.strategies.facts import Facts

SECRETS = 4096
"""Length of a node's hash chain, in rounds of the beacon (assumption)."""

NODES_KEPT = 256
"""Nodes whose chains are kept at hand."""

LEAD = 2
"""Rounds until the first that secrets are committed for: the transaction needs time (assumption)."""

COMMIT_GAS = Gas(150_000)


@dataclass
class RoundSecrets:
    """One node's secrets, and for which rounds it committed to them."""

    node: FullNode | InferenceNode
    contract: str
    tip_round: int | None = None
    """The round that the tip of the hash chain is committed for; ``None`` before that is done."""

    def commit(self) -> Steps:
        """Commit to secrets before the first is needed. Answers whether that was done before a crash."""
        node = self.node
        *_, since = yield Read(self.contract, "secretsOf", (node.me.address,))
        if since:
            self.tip_round = since
            return True
        current = yield Read("Beacon", "roundAt", (int((yield ChainTime())),))
        self.tip_round = current + LEAD
        args = (self.tip_round, _chain(node.secret)[0])
        yield from submit_duty(node.me, Call(node.me.address, self.contract, "commitSecrets", args, COMMIT_GAS))
        return False

    def of(self, beacon_round: int) -> bytes | None:
        """The secret for a round, or ``None`` if there is none."""
        depth = 0 if self.tip_round is None else beacon_round - self.tip_round
        return _chain(self.node.secret)[depth] if 0 < depth <= SECRETS else None


def link_of(link: bytes, rounds_before: int) -> bytes:
    """The secret that a node had so many rounds before the one of `link`."""
    for _ in range(rounds_before):
        link = keccak(link)
    return link


def enough_secrets(facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
    """What is wrong if a run takes more rounds than nodes have secrets."""
    rounds = facts.run_s / facts.beacon_round_s
    if rounds > SECRETS - LEAD:
        yield (
            ("kind",),
            f"a run of {math.ceil(rounds)} beacon rounds is longer than the nodes' {SECRETS - LEAD} secrets",
        )


@lru_cache(maxsize=NODES_KEPT)
def _chain(seed: bytes) -> tuple[bytes, ...]:
    """A node's hash chain, tip first: each link is the hash of the next."""
    links = [keccak(b"round secrets" + seed)]
    for _ in range(SECRETS):
        links.append(keccak(links[-1]))
    return tuple(reversed(links))
