"""Second 0 of a run: the contracts are deployed, everybody is funded, bonded and has paid in.

All of it happens on chain, by the participants' own transactions, before the clock starts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chain.blocks import mine_all
from chain.deploy import ProtocolParameters, deploy_protocol
from chain.quantities import Address, Gas, Timestamp, Wei
from chain.seam import Call, Chain
from nodes.identity import STAKING_ROLE, Identity, Role
from nodes.models.zoo import Model
from nodes.proofs.prover import CircuitRecord
from simnet.kernel.streams import Streams
from simnet.scenario.schema import Scenario

GENESIS = Timestamp(1_767_225_600)
"""Timestamp of the chain's first block: 2026-01-01 00:00 UTC. Fixed, so that runs repeat."""

UNLIMITED = 2**256 - 1
SETUP_GAS = Gas(300_000)
BASIS_POINTS = 10_000


@dataclass(frozen=True)
class Stakeholder:
    """A participant with money: `amount` is bonded by a node, paid into escrow by a client."""

    identity: Identity
    amount: Wei
    kept: Wei
    """In its wallet besides."""
    lends_to: str = ""
    """Contract that may draw on its wallet; none if empty."""
    beacon_tip: bytes | None = None


def protocol_parameters(scenario: Scenario) -> ProtocolParameters:
    """The contracts' parameters, from the scenario's economics, as its strategy will have them."""
    economics = scenario.economics
    parameters = ProtocolParameters(
        min_stake_inference=Wei(economics.min_stake_inference),
        min_stake_full=Wei(economics.min_stake_full),
        unbonding_s=int(economics.unbonding),
        slash_share_bps=round(economics.slash_share * BASIS_POINTS),
        slash_amount=Wei(economics.slash_amount),
        bounty_share_bps=round(economics.bounty_share * BASIS_POINTS),
        verifier_share_bps=round(economics.verifier_share * BASIS_POINTS),
        jail_period_s=int(economics.jail),
        withdrawal_delay_s=int(economics.withdrawal_delay),
        finality_delay_s=int(economics.finality_delay),
        beacon_round_s=int(economics.beacon_round),
    )
    return scenario.strategy.adjust(parameters, scenario)


def set_up(
    chain: Chain,
    scenario: Scenario,
    stakeholders: Sequence[Stakeholder],
    models: Sequence[Model],
    streams: Streams,
    circuits: Sequence[CircuitRecord] = (),
) -> Timestamp:
    """Deploy, fund, register, bond and pay in. Returns the timestamp of simulated second 0.

    Raises `CallReverted` if the contracts refuse any of it.
    """
    from chain.formats.signing import Key

    deployer = Key(streams.secret("key/deployer")).address
    for account in (deployer, *(holder.identity.address for holder in stakeholders)):
        chain.fund(account)
    owned = {holder.identity.address: Wei(holder.amount + holder.kept) for holder in stakeholders}
    allocations = {address: amount for address, amount in owned.items() if amount}
    people = [holder.identity for holder in stakeholders]
    provers = scenario.strategy.furnish(chain, deployer, people, streams, circuits)
    parameters = protocol_parameters(scenario)
    deploy_protocol(chain, deployer, parameters, scenario.strategy.verifier(), allocations, provers)
    beacon_genesis = chain.read("Beacon", "genesis")
    calls = [
        Call(deployer, "ModelRegistry", "register", (bytes.fromhex(m.reference.sha256), m.name, m.reference.macs))
        for m in models
    ]
    if (verifier := scenario.strategy.verifier()) and (endowment := scenario.strategy.endowment()):
        to = chain.address_of(verifier.artifact)
        calls.append(Call(deployer, "OPG", "transfer", (to, endowment), SETUP_GAS))
    for holder in stakeholders:
        calls += opening_moves(chain, holder)
    mine_all(chain, calls)
    rounds = math.ceil((chain.head[1] + 1 - beacon_genesis) / int(scenario.economics.beacon_round))
    return Timestamp(beacon_genesis + rounds * int(scenario.economics.beacon_round))


def opening_moves(chain: Chain, holder: Stakeholder) -> list[Call]:
    """What a participant does on chain before anything else."""
    me, amount = holder.identity.address, holder.amount
    moves = []
    if holder.lends_to:
        moves.append(Call(me, "OPG", "approve", (chain.address_of(holder.lends_to), UNLIMITED), SETUP_GAS))
    if not amount:
        return moves
    if holder.identity.role is Role.CLIENT:
        settlement = chain.address_of("Settlement")
        moves.append(Call(me, "OPG", "approve", (settlement, UNLIMITED), SETUP_GAS))
        moves.append(Call(me, "Settlement", "deposit", (amount,), SETUP_GAS))
        return moves
    moves.append(Call(me, "OPG", "approve", (chain.address_of("Staking"), UNLIMITED), SETUP_GAS))
    moves.append(Call(me, "Staking", "stake", (STAKING_ROLE[holder.identity.role], amount), SETUP_GAS))
    if holder.beacon_tip is not None:
        moves.append(Call(me, "Beacon", "join", (holder.beacon_tip,), SETUP_GAS))
    return moves


def supply(chain: Chain, accounts: Sequence[Address]) -> tuple[Wei, Wei]:
    """OPG's total supply, and what these accounts hold together."""
    return Wei(chain.read("OPG", "totalSupply")), Wei(sum(chain.balance(account) for account in accounts))
