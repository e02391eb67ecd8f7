"""Puts the economy's contracts on a fresh chain: OPG as it was published, delegation, rewards and governance.

They stand under the names of those that they extend, ``Staking`` and ``Settlement``, so that nodes need not know.
Afterwards the timelock is the only admin, and nobody but the governor proposes to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chain.blocks import mine_all
from chain.deploy import ADMIN_ROLE, NOTHING, SLASHER_ROLE, TRANSFER_GAS, ProtocolParameters
from chain.hashing import keccak
from chain.quantities import OPG, TOTAL_SUPPLY, Address, Timestamp, Wei
from chain.seam import Call, Chain

MONTH = 2_629_800
"""Seconds: a twelfth of 365.25 days. OpenGradient's schedules are in months; how long one is, is an assumption."""

PROPOSER_ROLE = keccak(b"PROPOSER_ROLE")
CANCELLER_ROLE = keccak(b"CANCELLER_ROLE")
NOBODY = Address("0x" + "00" * 20)
"""As executor of the timelock it stands for everybody."""


MIN_DELEGATION = Wei(100 * OPG)
PROPOSAL_THRESHOLD = Wei(1_000_000 * OPG)


@dataclass(frozen=True)
class Allocation:
    """A part of the genesis: what is free at once, and what becomes so, linearly, after a cliff."""

    name: str
    at_once: Wei
    vesting: Wei = NOTHING
    cliff_months: int = 0
    months: int = 0

    def vested(self, seconds: int) -> Wei:
        """What is free so long after genesis, as `Vesting.sol` counts it."""
        since = seconds - self.cliff_months * MONTH
        if self.vesting == 0 or since < 0:
            return self.at_once
        length = self.months * MONTH
        return Wei(self.at_once + (self.vesting if since >= length else self.vesting * since // length))


def _of(millions: int) -> Wei:
    return Wei(millions * 10**6 * OPG)


ECOSYSTEM, REWARDS = "ecosystem", "rewards"
"""The first is the treasury's, and governance spends it; the second is held by the contract `Rewards`."""

ALLOCATIONS = (
    Allocation(ECOSYSTEM, _of(40), _of(360), months=60),
    Allocation("foundation", _of(50), _of(100), months=48),
    Allocation("core_contributors", _of(0), _of(150), cliff_months=12, months=36),
    Allocation("investors", _of(0), _of(100), cliff_months=12, months=36),
    Allocation(REWARDS, _of(100)),
    Allocation("liquidity", _of(60)),
    Allocation("airdrop", _of(40)),
)
"""As published. That nothing vests within a cliff, and all of it linearly afterwards, is how we read "12-month cliff,
36 months linear"; that the ecosystem's part is the treasury of governance is an assumption."""

assert sum(one.at_once + one.vesting for one in ALLOCATIONS) == TOTAL_SUPPLY


@dataclass(frozen=True)
class GovernanceRules:
    """Who decides, and how long it takes. Every default is an assumption: OpenGradient has published none."""

    voting_delay_s: int = 86_400
    voting_period_s: int = 5 * 86_400
    threshold: Wei = PROPOSAL_THRESHOLD
    """Votes that a proposer has."""
    quorum_percent: int = 4
    late_quorum_s: int = 86_400
    timelock_s: int = 2 * 86_400

    @property
    def governor(self) -> tuple[int, ...]:
        """Those that the governor takes, in the order of its struct."""
        return (
            self.voting_delay_s,
            self.voting_period_s,
            self.threshold,
            self.quorum_percent,
            self.late_quorum_s,
        )


@dataclass(frozen=True)
class EconomyParameters:
    """What the economy leaves open beside `ProtocolParameters`. Every default is an assumption."""

    min_delegation: Wei = MIN_DELEGATION
    reward_cap_bps: int = 10_000
    """Most that a node's work earns in rewards, of what it brought the verifiers."""
    max_reward_cap_bps: int = 10_000
    """Beyond which no vote can set it."""
    min_slash_share_bps: int = 100
    max_bounty_share_bps: int = 9_000
    min_verifier_share_bps: int = 500
    rules: GovernanceRules = field(default_factory=GovernanceRules)

    def bounds(self, protocol: ProtocolParameters) -> tuple[int, ...]:
        """What no vote can pass, in the order of the settlement's struct."""
        return (
            self.min_slash_share_bps,
            self.max_bounty_share_bps,
            self.min_verifier_share_bps,
            protocol.unbonding_s,
        )


def deploy_economy(
    chain: Chain,
    deployer: Address,
    protocol: ProtocolParameters,
    economy: EconomyParameters,
    verifier: Address,
    holders: dict[str, Address],
) -> Timestamp:
    """Deploy all, hand the genesis to `holders` (by the name of their allocation), and leave the timelock in charge.

    The deployer holds nothing afterwards. Returns the genesis, when the first epoch begins and all vesting is counted
    from. Raises `CallReverted` when a step fails.
    """
    chain.fund(deployer)
    p, rules = protocol, economy.rules
    opg = chain.deploy("OPG", [deployer], deployer)
    timelock = chain.deploy("Timelock", [rules.timelock_s, [], [NOBODY], deployer], deployer)
    governor = chain.deploy("OPGGovernor", [opg, timelock, rules.governor], deployer)
    stakes = [p.min_stake_inference, p.min_stake_full, p.unbonding_s, economy.min_delegation]
    staking = chain.deploy("DelegatedStaking", [opg, *stakes], deployer, name="Staking")
    settling = [opg, staking, p.settlement, economy.bounds(p)]
    settlement = chain.deploy("GovernedSettlement", settling, deployer, name="Settlement")
    genesis = Timestamp(chain.head[1] + 60)
    caps = [economy.reward_cap_bps, economy.max_reward_cap_bps]
    chain.deploy("Rewards", [opg, staking, settlement, genesis, MONTH, *caps], deployer)
    owners = {**holders, ECOSYSTEM: timelock, REWARDS: chain.address_of("Rewards")}
    mine_all(chain, [*_allocate(chain, deployer, owners, genesis), *_hand_over(deployer, settlement, verifier)])
    mine_all(chain, give_up(deployer, timelock, governor))
    return genesis


def vesting_name(allocation: Allocation) -> str:
    """Under which the wallet of an allocation is deployed."""
    return f"Vesting-{allocation.name}"


def _allocate(chain: Chain, deployer: Address, owners: dict[str, Address], genesis: Timestamp) -> list[Call]:
    """Transfers of the whole supply, to owners and to vesting wallets made for them."""
    calls = []
    for one in ALLOCATIONS:
        if one.at_once:
            calls.append(Call(deployer, "OPG", "transfer", (owners[one.name], one.at_once), TRANSFER_GAS))
        if one.vesting:
            span = (genesis + one.cliff_months * MONTH, one.months * MONTH)
            wallet = chain.deploy("Vesting", [owners[one.name], *span], deployer, name=vesting_name(one))
            calls.append(Call(deployer, "OPG", "transfer", (wallet, one.vesting), TRANSFER_GAS))
    return calls


def _hand_over(deployer: Address, settlement: Address, verifier: Address) -> list[Call]:
    """What the contracts need of each other."""
    return [
        Call(deployer, "Staking", "grantRole", (SLASHER_ROLE, settlement)),
        Call(deployer, "Settlement", "setVerifier", (verifier,)),
    ]


def give_up(deployer: Address, timelock: Address, governor: Address) -> list[Call]:
    """Calls that let the governor alone propose, and the timelock alone be admin."""
    calls = [Call(deployer, "Timelock", "grantRole", (role, governor)) for role in (PROPOSER_ROLE, CANCELLER_ROLE)]
    for name in ("Staking", "Settlement", "Rewards"):
        calls.append(Call(deployer, name, "grantRole", (ADMIN_ROLE, timelock)))
        calls.append(Call(deployer, name, "renounceRole", (ADMIN_ROLE, deployer)))
    return [*calls, Call(deployer, "Timelock", "renounceRole", (ADMIN_ROLE, deployer))]
