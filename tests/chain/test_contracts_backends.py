"""The contracts do the same on anvil and in process: every receipt, to the last unit of gas, and every view."""

from __future__ import annotations

from typing import Any

from chain.backends.anvil import AnvilChain
from chain.quantities import NO_DEADLINE
from chain.seam import Chain
from tests.chain.contracts.test_contracts_committee import COMMITTEE, STAFF, hold_vote, resolve
from tests.contracts_world import BLOCK_GAS, World, hash_of, in_process
from tests.panels import settle_in

PROOF = hash_of("told")


def story(chain: Chain) -> list[Any]:
    """A judged batch, an equivocation, a missed reveal, a withdrawal and some reverts; all that came of it."""
    world = World(verifier=COMMITTEE.spec(), chain=chain)
    settle_in(world, STAFF)
    seen: list[Any] = []
    batch = world.paid_batch("node", ["cleo"] * 5)
    told = world.answer("node", batch.claims[4], output_hash=PROOF)
    seen.append(world.ok("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(4), *told))
    seen.append(world.send("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(4), *told))
    hold_vote(world, batch, {"fa": "yes no - yes no", "fb": "yes no - yes no", "fc": "yes no - no no"})
    seen.append(world.read("Committee.tally", batch.id))
    seen.append(world.read("Settlement.batchOf", batch.id))
    seen.append(resolve(world, batch))
    seen.append(
        world.send("node", "Settlement.postBatch", batch.tree.root, 1, [world.voucher("cleo", "node", 1)], NO_DEADLINE)
    )
    seen.append(world.later(600).ok("node", "Staking.unjail"))
    seen.append(world.read("Staking.activeNodes", 2))
    late = world.post("node", world.claims(["cleo"], tag="late"), [world.voucher("cleo", "fa", 1)])
    seen.append(world.later(world.parameters.expiry_s).ok("cleo", "Settlement.voidBatch", late.id, late.charges))
    seen.append([world.balance(name) for name in ("node", "cleo", "fa", "Settlement", "Staking")])
    seen.append({name: world.chain.address_of(name) for name in ("OPG", "Settlement", "Committee")})
    return seen


def test_both_chains_tell_the_same_story() -> None:
    with AnvilChain(block_gas_limit=BLOCK_GAS) as anvil:
        assert story(anvil) == story(in_process())
