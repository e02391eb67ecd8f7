"""Reads from the chain who holds how much OPG: at genesis, at each epoch, and at the end of a run."""

from __future__ import annotations

from chain.quantities import BURN_ADDRESS, Address, Wei
from nodes.identity import Identity, Role
from simnet.log.events import BalancesRead
from simnet.world.build import World

GENESIS, EPOCH, END = "genesis", "epoch", "end"

EPOCHS = 5
"""Into how many equal parts readings divide a run, however long it is."""

TREASURY, BURNED = "treasury", "burned"
"""Names of what was never given out, and of what nobody can spend."""


def schedule_readings(world: World) -> None:
    """Read balances now, and at the end of every epoch but the last."""
    record_balances(world, GENESIS)
    length = (world.plan.scenario.duration + world.plan.scenario.settle) / EPOCHS
    for number in range(1, EPOCHS):
        world.engine.after(number * length, lambda _: record_balances(world, EPOCH))


def read_final_balances(world: World) -> None:
    """Read balances when the run is over."""
    record_balances(world, END)


def record_balances(world: World, moment: str) -> None:
    """Write into the log who holds how much at the head of the chain."""
    chain, people = world.chain, list(world.plan.directory)
    nodes = [who for who in people if who.role in (Role.INFERENCE, Role.FULL)]
    bonded = [Wei(chain.read("Staking", "stakeOf", node.address)) for node in nodes]
    at_stake = [Wei(chain.read("Staking", "slashableOf", node.address)) for node in nodes]
    record = BalancesRead(
        moment=moment,
        block=chain.head[0],
        total=str(chain.read("OPG", "totalSupply")),
        wallets=[str(chain.balance(who.address)) for who in people],
        escrows=[str(chain.read("Settlement", "escrowOf", who.address)) for who in people if is_client(who)],
        bonded=[str(stake) for stake in bonded],
        unbonding=[str(all_of_it - stake) for all_of_it, stake in zip(at_stake, bonded, strict=True)],
        bonds=str(bonds(world)),
        contracts=[[name, address, str(chain.balance(address))] for name, address in holders(world).items()],
    )
    world.log.append(world.engine.now, record)


def is_client(who: Identity) -> bool:
    """Whether a participant pays fees out of an escrow."""
    return who.role is Role.CLIENT


def bonds(world: World) -> Wei:
    """What the verification contract says that it holds of challengers' bonds; nothing if it takes none."""
    verifier = world.plan.strategy.contract_spec()
    if verifier is None or not world.plan.strategy.takes_bonds:
        return Wei(0)
    return Wei(world.chain.read(verifier.artifact, "bonded"))


def holders(world: World) -> dict[str, Address]:
    """Address of everything besides the participants that may hold OPG."""
    contracts = ["Settlement", "Staking"]
    if verifier := world.plan.strategy.contract_spec():
        contracts.append(verifier.artifact)
    known = {name: world.chain.address_of(name) for name in contracts}
    return {**known, TREASURY: world.plan.deployer, BURNED: BURN_ADDRESS}
