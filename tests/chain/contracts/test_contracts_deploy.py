"""Deployment: the protocol stands, the OPG is handed out, and nobody is left with power over it."""

from __future__ import annotations

import pytest

from chain.deploy import ADMIN_ROLE, SLASHER_ROLE, deploy_protocol
from chain.errors import CallReverted
from chain.evm import abi
from chain.formats.signing import Key
from chain.quantities import OPG, TOTAL_SUPPLY, Wei
from tests.contracts_world import PARAMETERS, Committee, World, event, hash_of, in_process, typed_data_digest

NOBODY = "0x" + "00" * 20
DEPLOYER = Key(b"deployer").address


def test_all_opg_is_the_deployers_and_those_it_allots_to() -> None:
    chain = in_process()
    allocations = {Key(bytes([i])).address: Wei((i + 1) * OPG) for i in range(250)}
    deploy_protocol(chain, DEPLOYER, PARAMETERS, None, allocations)
    assert {account: chain.balance(account) for account in allocations} == allocations
    assert chain.balance(DEPLOYER) == TOTAL_SUPPLY - sum(allocations.values())
    assert chain.read("OPG", "totalSupply") == TOTAL_SUPPLY


def test_an_allocation_beyond_the_supply_fails() -> None:
    with pytest.raises(CallReverted, match="ERC20InsufficientBalance"):
        deploy_protocol(in_process(), DEPLOYER, PARAMETERS, None, {Key(b"x").address: Wei(TOTAL_SUPPLY + 1)})


@pytest.mark.parametrize("committee", [None, Committee()])
def test_nobody_is_admin_afterwards(committee: Committee | None) -> None:
    world = World(verifier=committee.spec() if committee else None)
    for contract in ("Staking", "Settlement"):
        assert not world.read(f"{contract}.hasRole", ADMIN_ROLE, DEPLOYER)
        refused = world.fails("deployer", f"{contract}.grantRole", SLASHER_ROLE, DEPLOYER)
        assert refused.error == "AccessControlUnauthorizedAccount"
    assert world.fails("deployer", "Settlement.setVerifier", DEPLOYER).error == "AccessControlUnauthorizedAccount"


def test_only_the_contracts_that_judge_may_slash() -> None:
    world = World(verifier=Committee().spec())
    for contract in ("Settlement", "Committee"):
        assert world.read("Staking.hasRole", SLASHER_ROLE, world.chain.address_of(contract))
    for contract in ("OPG", "Beacon", "ModelRegistry", "Staking"):
        assert not world.read("Staking.hasRole", SLASHER_ROLE, world.chain.address_of(contract))
    assert world.read("Settlement.verifier") == world.chain.address_of("Committee")
    assert World().read("Settlement.verifier") == NOBODY


def test_opg_can_be_neither_minted_nor_burned() -> None:
    names = abi.load("OPG").functions
    assert not [name for name in names if "mint" in name.lower() or "burn" in name.lower()]
    world = World()
    assert (world.read("OPG.name"), world.read("OPG.symbol"), world.read("OPG.decimals")) == ("OpenGradient", "OPG", 18)
    assert world.fails("deployer", "OPG.transfer", NOBODY, 1).error == "ERC20InvalidReceiver"


def test_opg_votes_are_counted_in_timestamps() -> None:
    world = World()
    assert world.read("OPG.CLOCK_MODE") == "mode=timestamp"
    world.ok("deployer", "OPG.delegate", DEPLOYER)
    delegated = world.now
    world.later(100).tick()
    assert world.read("OPG.clock") == world.now
    assert world.read("OPG.getPastVotes", DEPLOYER, delegated - 1) == 0
    assert world.read("OPG.getPastVotes", DEPLOYER, delegated) == TOTAL_SUPPLY


def test_a_model_is_registered_once_by_each_and_nobody_speaks_for_another() -> None:
    world = World()
    model = hash_of("model")
    registered = event(world.ok("ann", "ModelRegistry.register", model, "digits", 19_000), "ModelRegistered")
    assert registered == {"model": model, "owner": world.address("ann"), "name": "digits", "macs": 19_000}
    ann, bob = world.address("ann"), world.address("bob")
    assert world.read("ModelRegistry.models", model, ann) == (True, 19_000, False)
    assert world.fails("ann", "ModelRegistry.register", model, "again", 1).error == "ModelExists"
    assert world.fails("bob", "ModelRegistry.deprecate", model).error == "NotModelOwner"
    world.ok("bob", "ModelRegistry.register", model, "mine now", 1)
    world.ok("bob", "ModelRegistry.deprecate", model)
    assert world.read("ModelRegistry.models", model, ann) == (True, 19_000, False)
    assert world.read("ModelRegistry.models", model, bob) == (True, 1, True)
    assert world.fails("bob", "ModelRegistry.deprecate", hash_of("unknown")).error == "NotModelOwner"
    world.ok("ann", "ModelRegistry.deprecate", model)
    assert world.read("ModelRegistry.models", model, ann)[2] is True
    assert world.fails("ann", "ModelRegistry.deprecate", model).error == "AlreadyDeprecated"


def test_a_permit_lets_a_third_party_pull_once() -> None:
    """The signature that x402 payments rest on."""
    world = World()
    owner, spender, opg = Key(b"owner"), world.address("spender"), world.chain.address_of("OPG")
    world.give("owner", OPG)
    deadline = world.now + 100
    signature = owner.sign(
        typed_data_digest(
            {"name": "OpenGradient", "version": "1", "chainId": 31337, "verifyingContract": opg},
            "Permit",
            "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline",
            {"owner": owner.address, "spender": spender, "value": OPG, "nonce": 0, "deadline": deadline},
        )
    )
    permit = (owner.address, spender, OPG, deadline, signature[64], signature[:32], signature[32:64])
    world.ok("spender", "OPG.permit", *permit)
    assert world.fails("spender", "OPG.permit", *permit).error == "ERC2612InvalidSigner"
    world.ok("spender", "OPG.transferFrom", owner.address, spender, OPG)
    assert world.balance("spender") == OPG
