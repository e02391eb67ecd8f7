"""What a vote changes shows in what happens next, and nobody but the timelock changes anything."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.grammar import TupleType, parse

from chain.evm import abi
from chain.evm.compile import CONTRACTS as SOURCES
from chain.quantities import OPG
from tests.contracts_world import event
from tests.economy_world import PROTOCOL, EconomyWorld
from tests.panels import Sampling, chain_of, next_round, settle_in

DEFEATED, SUCCEEDED = 3, 4
ZERO = "0x" + "00" * 20
SOURCE = {
    "Staking": ("core/Staking", "economy/DelegatedStaking"),
    "Settlement": ("core/Settlement", "economy/GovernedSettlement"),
    "Rewards": ("economy/Rewards",),
}
ARTIFACT = {"Staking": "DelegatedStaking", "Settlement": "GovernedSettlement"}
REFUSALS = {"AccessControlUnauthorizedAccount", "GovernorOnlyExecutor", "TimelockUnauthorizedCaller"}


@pytest.fixture
def world() -> EconomyWorld:
    return EconomyWorld()


def change(world: EconomyWorld, **changes: Any) -> None:
    world.decree("Settlement.setParameters", replace(PROTOCOL, **changes).settlement)


def test_a_verifiers_share_that_is_voted_for_is_what_the_next_batch_pays(world: EconomyWorld) -> None:
    world.node("ann")
    change(world, verifier_share_bps=5_000)
    before = world.balance("auditor")
    world.work("ann", 100 * OPG, "one")
    assert world.balance("auditor") - before == 50 * OPG


def test_a_window_that_is_voted_for_holds_for_batches_that_are_open(world: EconomyWorld) -> None:
    world.node("ann")
    batch = world.post_one("ann", OPG, "open")
    change(world, expiry_s=PROTOCOL.finality_delay_s + 1, jail_period_s=0)
    world.later(PROTOCOL.finality_delay_s + 1)
    assert PROTOCOL.expiry_s > world.now - world.genesis
    world.ok("anyone", "Settlement.voidBatch", batch.id, batch.charges)


def test_a_quorum_that_is_voted_for_defeats_what_passed_before(world: EconomyWorld) -> None:
    def state_of_a_vote(words: str) -> int:
        number = world.propose("liquidity", [("OPG", "transfer", (world.address("builder"), 1))], words)
        world.at(world.read("OPGGovernor.proposalSnapshot", number) + 1).ok(
            "liquidity", "OPGGovernor.castVote", number, 1
        )
        world.at(world.read("OPGGovernor.proposalDeadline", number) + 1).tick()
        return int(world.read("OPGGovernor.state", number))

    world.decree("OPGGovernor.updateQuorumNumerator", 5)
    assert state_of_a_vote("6 % of the supply vote, of 5 %") == SUCCEEDED
    world.decree("OPGGovernor.updateQuorumNumerator", 7)
    assert state_of_a_vote("and of 7 %") == DEFEATED


@pytest.mark.parametrize(("probability", "checked"), [(10**9, True), (1, False)])
def test_a_verifier_with_another_sampling_rate_is_an_upgrade_by_vote(
    world: EconomyWorld, probability: int, checked: bool
) -> None:
    """The panel's quorum is a parameter of the verifier as well, and changes with it in the same way."""
    staking, settlement, opg = (world.chain.address_of(name) for name in ("Staking", "Settlement", "OPG"))
    deployer = world.address("deployer")
    beacon = world.chain.deploy("Beacon", [staking, world.now, PROTOCOL.beacon_round_s], deployer)
    spec = Sampling(probability=probability).spec()
    court = world.chain.deploy("Sampling", [settlement, staking, beacon, opg, *spec.args], deployer)
    world.decree("Settlement.replaceVerifier", court)
    settle_in(world, ["full"])
    secrets = chain_of("one", 8)
    world.ok("full", "Beacon.join", secrets.pop(0))
    batch = world.post_one("node", OPG, "one")
    next_round(world).ok("full", "Beacon.reveal", secrets.pop(0))
    next_round(world).tick()
    drawn = world.ok("anyone", "Sampling.draw", batch.id, [], [])
    assert bool(event(drawn, "Sampled")["claims"]) == checked


def admin_functions(contract: str) -> set[str]:
    """Functions of a contract's sources that only its admin can call."""
    text = "".join((SOURCES / f"{name}.sol").read_text() for name in SOURCE[contract])
    return set(re.findall(r"function (\w+)\([^{;]*?onlyRole\((?:DEFAULT_ADMIN_ROLE|SLASHER_ROLE|PROVER_ROLE)\)", text))


def zero(kind: Any) -> Any:
    """The zero of a type."""
    if kind.is_array:
        return []
    if isinstance(kind, TupleType):
        return tuple(map(zero, kind.components))
    return {"address": ZERO, "bool": False, "string": ""}.get(
        kind.base, bytes(kind.sub or 0) if "bytes" in kind.base else 0
    )


@pytest.mark.parametrize("contract", ["Staking", "Settlement", "Rewards", "Timelock", "OPGGovernor"])
def test_nobody_but_the_timelock_changes_a_parameter(world: EconomyWorld, contract: str) -> None:
    """Every function that a stranger is not refused for being a stranger leaves all parameters as they are."""
    artifact = ARTIFACT.get(contract, contract)
    document = json.loads((abi.ARTIFACTS / f"{artifact}.json").read_text())["abi"]
    changing = {
        f["name"] for f in document if f["type"] == "function" and f["stateMutability"] in ("nonpayable", "payable")
    }
    views = [
        f["name"]
        for f in document
        if f["type"] == "function" and f["stateMutability"] in ("view", "pure") and not f["inputs"]
    ]
    views = [name for name in views if name not in ("clock",)]
    before = {name: world.read(f"{contract}.{name}") for name in views}
    refused = set()
    for who in ("deployer", "liquidity", "stranger"):
        for function in sorted(changing):
            kinds = abi.load(artifact).functions[function].input_types
            receipt = world.send(who, f"{contract}.{function}", *(zero(parse(kind)) for kind in kinds))
            if receipt.revert is not None and receipt.revert.error in REFUSALS:
                refused.add((who, function))
    assert {name: world.read(f"{contract}.{name}") for name in views} == before
    only_admin = admin_functions(contract) if contract in SOURCE else set()
    assert {(who, one) for who in ("deployer", "liquidity", "stranger") for one in only_admin} <= refused
    assert len(refused) >= 3
