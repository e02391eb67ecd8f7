"""The protocol as the economy has it: stake that others stand behind, parameters that votes change, and rewards."""

from __future__ import annotations

from chain.blocks import mine_all
from chain.deploy import ADMIN_ROLE, SLASHER_ROLE, TRANSFER_GAS, ProtocolParameters, VerifierSpec
from chain.economy import CANCELLER_ROLE, NOBODY, PROPOSER_ROLE
from chain.quantities import OPG, Address
from chain.seam import Call, Chain

ARTIFACTS = {"Staking": "DelegatedStaking", "Settlement": "GovernedSettlement"}
"""What is deployed under another name."""

GOVERNANCE = ("OPGGovernor", "Timelock")

MIN_DELEGATION = OPG
EPOCH_S = 2_000
REWARDS = 100_000_000 * OPG
CAP_BPS = 10_000
DELAY_S = 150
"""Of the timelock, in seconds."""

RULES = (60, 200, 0, 0, 60)
"""Of the governor: delay, period, threshold, quorum in percent, extension. Without a quorum, most of the votes cast
decide: whoever could count some twice would win."""

BOUNDS = (500, 4_500, 0, 50_000)
"""No smaller share of a slash, no larger share of a bounty, no smaller one of the verifier, no longer expiry."""


def deploy_governed(chain: Chain, deployer: Address, parameters: ProtocolParameters, verifier: VerifierSpec) -> None:
    """Deploy it under the names of the plain protocol. The timelock rules, and the governor alone proposes to it."""
    p = parameters
    chain.fund(deployer)
    opg = chain.deploy("OPG", [deployer], deployer)
    timelock = chain.deploy("Timelock", [DELAY_S, [], [NOBODY], deployer], deployer)
    governor = chain.deploy("OPGGovernor", [opg, timelock, RULES], deployer)
    stakes = [p.min_stake_inference, p.min_stake_full, p.unbonding_s, MIN_DELEGATION]
    staking = chain.deploy("DelegatedStaking", [opg, *stakes], deployer, name="Staking")
    chain.deploy("ModelRegistry", [], deployer)
    settlement = chain.deploy("GovernedSettlement", [opg, staking, p.settlement, BOUNDS], deployer, name="Settlement")
    beacon = chain.deploy("Beacon", [staking, chain.head[1], p.beacon_round_s], deployer)
    court = chain.deploy(verifier.artifact, [settlement, staking, beacon, opg, *verifier.args], deployer)
    start = chain.head[1] + EPOCH_S
    rewards = chain.deploy("Rewards", [opg, staking, settlement, start, EPOCH_S, CAP_BPS, CAP_BPS], deployer)
    mine_all(
        chain,
        [
            *(Call(deployer, "Staking", "grantRole", (SLASHER_ROLE, judge)) for judge in (settlement, court)),
            Call(deployer, "Settlement", "setVerifier", (court,)),
            Call(deployer, "OPG", "transfer", (rewards, REWARDS), TRANSFER_GAS),
            *(Call(deployer, "Timelock", "grantRole", (role, governor)) for role in (PROPOSER_ROLE, CANCELLER_ROLE)),
            *(
                Call(deployer, name, "grantRole", (ADMIN_ROLE, timelock))
                for name in ("Staking", "Settlement", "Rewards")
            ),
            *(
                Call(deployer, name, "renounceRole", (ADMIN_ROLE, deployer))
                for name in ("Staking", "Settlement", "Rewards", "Timelock")
            ),
        ],
    )
