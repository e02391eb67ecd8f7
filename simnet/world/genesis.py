"""Second 0 of a run: the contracts are deployed, everybody is funded, bonded and has paid in.

All of it happens on chain, by the participants' own transactions, before the clock starts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from chain.blocks import mine_all
from chain.deploy import deploy_protocol
from chain.formats.signing import Domain
from chain.quantities import Gas, Timestamp, Wei
from chain.seam import Call, Chain
from nodes.identity import STAKING_ROLE, Role
from nodes.proofs.prover import Prover
from simnet.world.balances import Stakeholder
from simnet.world.plan import Plan

GENESIS = Timestamp(1_767_225_600)
"""Timestamp of the chain's first block: 2026-01-01 00:00 UTC. Fixed, so that runs repeat."""

UNLIMITED = 2**256 - 1
SETUP_GAS = Gas(300_000)


@dataclass(frozen=True)
class Genesis:
    """What a chain that is set up has settled once and for all."""

    time: Timestamp
    """The chain's timestamp of simulated second 0."""
    domain: Domain
    """EIP-712 domain that answers and vouchers are signed under."""


def set_up(chain: Chain, plan: Plan, prover: Prover | None = None) -> Genesis:
    """Deploy, fund, register, bond and pay in. `prover` has the circuits to deploy, if claims are proven by any.

    Raises `CallReverted` if the contracts refuse any of it.
    """
    deployer, strategy, parameters = plan.deployer, plan.strategy, plan.parameters
    for account in (deployer, *(identity.address for identity in plan.directory)):
        chain.fund(account)
    owned = {holder.identity.address: Wei(holder.bonded + holder.liquid) for holder in plan.stakeholders}
    allocations = {address: amount for address, amount in owned.items() if amount}
    circuits = [prover.record(model.name) for model in plan.models] if prover else []
    provers = strategy.deploy(chain, deployer, list(plan.directory), plan.facts, circuits)
    deploy_protocol(chain, deployer, parameters, strategy.contract_spec(), allocations, provers)
    beacon_genesis, round_s = chain.read("Beacon", "genesis"), parameters.beacon_round_s
    mine_all(chain, bootstrap_transactions(chain, plan))
    rounds = math.ceil((chain.head[1] + 1 - beacon_genesis) / round_s)
    return Genesis(Timestamp(beacon_genesis + rounds * round_s), Domain(chain.chain_id, chain.address_of("Settlement")))


def bootstrap_transactions(chain: Chain, plan: Plan) -> list[Call]:
    """What is sent on chain before simulated second 0, once the contracts are deployed."""
    calls = [
        Call(plan.deployer, "ModelRegistry", "register", (bytes.fromhex(m.reference.sha256), m.name, m.reference.macs))
        for m in plan.models
    ]
    if (verifier := plan.strategy.contract_spec()) and (funding := plan.strategy.initial_funding()):
        to = chain.address_of(verifier.artifact)
        calls.append(Call(plan.deployer, "OPG", "transfer", (to, funding), SETUP_GAS))
    for holder in plan.stakeholders:
        calls += bonding(chain, holder)
    return calls


def bonding(chain: Chain, holder: Stakeholder) -> list[Call]:
    """How a participant approves whoever may draw on its wallet, bonds or pays in, and joins the beacon."""
    me, amount = holder.identity.address, holder.bonded
    calls = []
    if holder.spender:
        calls.append(Call(me, "OPG", "approve", (chain.address_of(holder.spender), UNLIMITED), SETUP_GAS))
    if not amount:
        return calls
    if holder.identity.role is Role.CLIENT:
        settlement = chain.address_of("Settlement")
        calls.append(Call(me, "OPG", "approve", (settlement, UNLIMITED), SETUP_GAS))
        calls.append(Call(me, "Settlement", "deposit", (amount,), SETUP_GAS))
        return calls
    calls.append(Call(me, "OPG", "approve", (chain.address_of("Staking"), UNLIMITED), SETUP_GAS))
    calls.append(Call(me, "Staking", "stake", (STAKING_ROLE[holder.identity.role], amount), SETUP_GAS))
    if holder.beacon_tip is not None:
        calls.append(Call(me, "Beacon", "join", (holder.beacon_tip,), SETUP_GAS))
    return calls
