"""The protocol as the economy has it: stake that others stand behind, parameters that votes change, and rewards."""

from __future__ import annotations

from chain.blocks import mine_all
from chain.deploy import ADMIN_ROLE, SLASHER_ROLE, TRANSFER_GAS, ProtocolParameters, VerifierSpec
from chain.quantities import OPG, Address
from chain.seam import Call, Chain

ARTIFACTS = {"Staking": "DelegatedStaking", "Settlement": "GovernedSettlement"}
"""What is deployed under another name."""

MIN_DELEGATION = OPG
EPOCH_S = 2_000
REWARDS = 100_000_000 * OPG
CAP_BPS = 10_000


def deploy_governed(chain: Chain, deployer: Address, parameters: ProtocolParameters, verifier: VerifierSpec) -> None:
    """Deploy it under the names of the plain protocol, with nobody left to govern: votes are no part of the game."""
    p = parameters
    chain.fund(deployer)
    opg = chain.deploy("OPG", [deployer], deployer)
    stakes = [p.min_stake_inference, p.min_stake_full, p.unbonding_s, MIN_DELEGATION]
    staking = chain.deploy("DelegatedStaking", [opg, *stakes], deployer, name="Staking")
    chain.deploy("ModelRegistry", [], deployer)
    bounds = (p.slash_share_bps, p.bounty_share_bps, p.verifier_share_bps, p.unbonding_s)
    settlement = chain.deploy("GovernedSettlement", [opg, staking, p.settlement, bounds], deployer, name="Settlement")
    beacon = chain.deploy("Beacon", [staking, chain.head[1], p.beacon_round_s], deployer)
    court = chain.deploy(verifier.artifact, [settlement, staking, beacon, opg, *verifier.args], deployer)
    start = chain.head[1] + EPOCH_S
    rewards = chain.deploy("Rewards", [opg, staking, settlement, start, EPOCH_S, CAP_BPS, CAP_BPS], deployer)
    grants = [Call(deployer, "Staking", "grantRole", (SLASHER_ROLE, judge)) for judge in (settlement, court)]
    mine_all(
        chain,
        [
            *grants,
            Call(deployer, "Settlement", "setVerifier", (court,)),
            Call(deployer, "OPG", "transfer", (rewards, REWARDS), TRANSFER_GAS),
            *(
                Call(deployer, name, "renounceRole", (ADMIN_ROLE, deployer))
                for name in ("Staking", "Settlement", "Rewards")
            ),
        ],
    )
