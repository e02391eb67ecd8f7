"""The protocol as the economy has it: stake that others stand behind, parameters that votes change, and rewards."""

from __future__ import annotations

from chain.blocks import mine_all
from chain.deploy import SLASHER_ROLE, TRANSFER_GAS, ProtocolParameters, VerifierSpec
from chain.economy import NOBODY, give_up
from chain.quantities import OPG, Address
from chain.seam import Call, Chain

TREASURY_WALLET, PRIVATE_WALLET = WALLETS = "Vesting-treasury", "Vesting-private"
ARTIFACTS = {
    "Staking": "DelegatedStaking",
    "Settlement": "GovernedSettlement",
    TREASURY_WALLET: "Vesting",
    PRIVATE_WALLET: "Vesting",
}
"""What is deployed under another name."""

GOVERNANCE = ("OPGGovernor", "Timelock")

MIN_DELEGATION = OPG
EPOCH_S = 2_000
REWARDS = 100_000_000 * OPG
TREASURY = 40_000_000 * OPG
VESTING = 1_000_000 * OPG
"""In each wallet."""

VESTING_S = 100_000
CAP_BPS = 10_000
DELAY_S = 150
"""Of the timelock, in seconds."""

RULES = (60, 200, 0, 0, 60)
"""Of the governor: delay, period, threshold, quorum in percent, extension. Without a quorum, most of the votes cast
decide: whoever could count some twice would win."""

BOUNDS = (500, 9_000, 0, 50_000)
"""No smaller share of a slash, no larger share of a bounty, no smaller one of the verifier, no longer expiry."""


def deploy_governed(
    chain: Chain, deployer: Address, parameters: ProtocolParameters, verifier: VerifierSpec, heir: Address
) -> None:
    """Deploy it under the names of the plain protocol. The timelock rules, and the governor alone proposes to it.

    The timelock has a treasury, and a wallet that vests; `heir` has another.
    """
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
    deployed = chain.deploy(verifier.artifact, [settlement, staking, beacon, opg, *verifier.args], deployer)
    start = chain.head[1] + EPOCH_S
    rewards = chain.deploy("Rewards", [opg, staking, settlement, start, EPOCH_S, CAP_BPS, CAP_BPS], deployer)
    wallets = [
        chain.deploy("Vesting", [owner, start, VESTING_S], deployer, name=name)
        for name, owner in ((TREASURY_WALLET, timelock), (PRIVATE_WALLET, heir))
    ]
    funded = {rewards: REWARDS, timelock: TREASURY, **dict.fromkeys(wallets, VESTING)}
    mine_all(
        chain,
        [
            *(Call(deployer, "Staking", "grantRole", (SLASHER_ROLE, judge)) for judge in (settlement, deployed)),
            Call(deployer, "Settlement", "setVerifier", (deployed,)),
            *(Call(deployer, "OPG", "transfer", (to, amount), TRANSFER_GAS) for to, amount in funded.items()),
            *give_up(deployer, timelock, governor),
        ],
    )
