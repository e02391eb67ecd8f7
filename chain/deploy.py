"""Puts the protocol's contracts on a fresh chain and leaves nobody with power over them.

The deployer grants the roles the contracts need of each other, hands out the OPG, and renounces its own.
What OpenGradient leaves unspecified is a field of `ProtocolParameters`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chain.blocks import mine_all
from chain.hashing import keccak
from chain.quantities import OPG, Address, Gas, Wei
from chain.seam import Call, Chain

ADMIN_ROLE = bytes(32)
SLASHER_ROLE = keccak(b"SLASHER_ROLE")
PROVER_ROLE = keccak(b"PROVER_ROLE")

TRANSFER_GAS = Gas(150_000)
"""Gas that handing out an allocation may use at the most."""

MIN_STAKE = Wei(1_000 * OPG)
NOTHING = Wei(0)


@dataclass(frozen=True)
class ProtocolParameters:
    """Values that OpenGradient leaves open. Every default is an assumption."""

    min_stake_inference: Wei = MIN_STAKE
    """Bond below which an inference node is not active."""
    min_stake_full: Wei = MIN_STAKE
    """Bond below which a full node is not active."""
    unbonding_s: int = 7 * 86_400
    """How long unbonding stake stays slashable; must outlast the longest verification."""
    slash_share_bps: int = 1_000
    """Share of a node's stake lost for each rejected claim."""
    slash_amount: Wei = NOTHING
    """Stake lost on top of the share for each rejected claim."""
    bounty_share_bps: int = 5_000
    """Share of what is slashed that goes to who proved the fraud; the rest is burned."""
    verifier_share_bps: int = 2_000
    """Share of a batch's earned fees that pays for its verification."""
    jail_period_s: int = 600
    """How long a node with a rejected claim stays out; 0 for no jail."""
    withdrawal_delay_s: int = 3_600
    """From a client's request to its withdrawal, so that nodes can still charge what is owed."""
    finality_delay_s: int = 60
    """How long a batch stays open where nobody verifies."""
    expiry_s: int = 3 * 86_400
    """After which anyone may void a batch that nobody settled; longer than any verification or finality delay."""
    beacon_round_s: int = 12
    """Length of a round of the randomness beacon."""

    @property
    def settlement(self) -> tuple[int, ...]:
        """Those that the Settlement contract takes, in the order of its struct."""
        return (
            self.slash_share_bps,
            self.slash_amount,
            self.bounty_share_bps,
            self.verifier_share_bps,
            self.jail_period_s,
            self.withdrawal_delay_s,
            self.finality_delay_s,
            self.expiry_s,
        )


@dataclass(frozen=True)
class VerifierSpec:
    """A verification contract to deploy, under the name of its artifact.

    Its constructor takes Settlement, Staking, Beacon and OPG, the contracts in `needs`, which are there already, then
    `args`.
    """

    artifact: str
    args: tuple[Any, ...] = ()
    needs: tuple[str, ...] = ()
    proves: bool = False
    """Whether it rejects claims by proof as well."""


@dataclass(frozen=True)
class ProverSpec:
    """A contract that rejects claims by proof, to deploy under the name of its artifact.

    Its constructor takes Settlement, the contracts in `needs`, which are there already, then `args`.
    """

    artifact: str
    needs: tuple[str, ...] = ()
    args: tuple[Any, ...] = ()


def deploy_protocol(
    chain: Chain,
    deployer: Address,
    parameters: ProtocolParameters,
    verifier: VerifierSpec | None,
    allocations: Mapping[Address, Wei],
    provers: Sequence[ProverSpec] = (),
) -> None:
    """Deploy OPG, Staking, ModelRegistry, Settlement, Beacon, verifier and provers, and give out `allocations`.

    Afterwards nobody is admin of any contract, and the deployer holds what was not allocated.
    Raises `CallReverted` when a step fails.
    """
    chain.fund(deployer)
    _deploy(chain, deployer, parameters, verifier)
    for prover in provers:
        known = [chain.address_of(name) for name in ("Settlement", *prover.needs)]
        chain.deploy(prover.artifact, [*known, *prover.args], deployer)
    calls = [
        Call(deployer, "OPG", "transfer", (account, amount), TRANSFER_GAS) for account, amount in allocations.items()
    ]
    calls += _hand_over(chain, deployer, verifier, provers)
    mine_all(chain, calls)


def _deploy(chain: Chain, deployer: Address, parameters: ProtocolParameters, verifier: VerifierSpec | None) -> None:
    p = parameters
    opg = chain.deploy("OPG", [deployer], deployer)
    staking = chain.deploy("Staking", [opg, p.min_stake_inference, p.min_stake_full, p.unbonding_s], deployer)
    chain.deploy("ModelRegistry", [], deployer)
    settlement = chain.deploy("Settlement", [opg, staking, p.settlement], deployer)
    beacon = chain.deploy("Beacon", [staking, chain.head[1], p.beacon_round_s], deployer)
    if verifier is not None:
        known = [chain.address_of(name) for name in verifier.needs]
        chain.deploy(verifier.artifact, [settlement, staking, beacon, opg, *known, *verifier.args], deployer)


def _hand_over(
    chain: Chain, deployer: Address, verifier: VerifierSpec | None, provers: Sequence[ProverSpec]
) -> list[Call]:
    """Grant what the contracts need of each other, then renounce."""
    calls = [Call(deployer, "Staking", "grantRole", (SLASHER_ROLE, chain.address_of("Settlement")))]
    if verifier is not None:
        address = chain.address_of(verifier.artifact)
        calls.append(Call(deployer, "Staking", "grantRole", (SLASHER_ROLE, address)))
        calls.append(Call(deployer, "Settlement", "setVerifier", (address,)))
    proving = [prover.artifact for prover in provers]
    if verifier is not None and verifier.proves:
        proving.append(verifier.artifact)
    calls += [Call(deployer, "Settlement", "grantRole", (PROVER_ROLE, chain.address_of(name))) for name in proving]
    calls += [Call(deployer, name, "renounceRole", (ADMIN_ROLE, deployer)) for name in ("Staking", "Settlement")]
    return calls
