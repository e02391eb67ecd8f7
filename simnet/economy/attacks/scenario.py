"""The format of attack scenarios: who attacks, and two sets of parameters, one of which should stop it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chain.deploy import ProtocolParameters
from chain.economy import EconomyParameters, GovernanceRules
from chain.quantities import OPG, Wei
from chain.units import Amount, Duration, Share
from nodes.parameters import ParameterError, Parameters, did_you_mean
from simnet.economy.attacks.catalogue import ATTACKS
from simnet.economy.attacks.stage import Given
from simnet.economy.scenario import Bps
from simnet.economy.terms import bps


def known_attack(name: str) -> str:
    """`name`, if there is such an attack."""
    if name not in ATTACKS:
        raise ParameterError(f"unknown attack '{name}'", did_you_mean(name, ATTACKS))
    return name


class Rules(Parameters):
    """The parameters that attacks turn on. Every default is an assumption."""

    unbonding: Duration = Field(default=21 * 86_400.0, ge=1, description="21 d as Cosmos has it")
    expiry: Duration = Field(default=3_600.0, ge=1, description="until an unsettled batch may be voided")
    slash_share: Bps = Field(default=0.05)
    min_slash_share: Bps = Field(default=0.01, description="which no vote can go below")
    verifier_share: Bps = Field(default=0.2)
    reward_cap: float = Field(default=1.0, ge=0, le=1e6, description="most reward of work, over what verifiers got")
    voting_delay: Duration = Field(default=86_400.0, ge=0)
    voting_period: Duration = Field(default=5 * 86_400.0, ge=1)
    quorum: Share = Field(default=0.04, description="of the supply; whole percents")
    timelock: Duration = Field(default=2 * 86_400.0, ge=0)
    validators: int = Field(default=1, ge=1, le=50, description="that a delegator spreads its stake over")
    bounty_share: Bps = Field(default=0.0, description="of a slash, for who finds the fraud")
    rerun_every: int = Field(default=0, ge=0, description="one in so many answers of enclaves is run again; 0: none")
    forced: Share = Field(default=0.0, description="of claims, that are forced errors with a jackpot for their finder")

    def given(self, stake: int) -> Given:
        """What else an attack turns on."""
        return Given(stake, self.validators, self.rerun_every, self.forced)

    @property
    def protocol(self) -> ProtocolParameters:
        """Those of the settlement and of staking."""
        least = Wei(1_000 * OPG)
        return ProtocolParameters(
            min_stake_inference=least,
            min_stake_full=least,
            unbonding_s=int(self.unbonding),
            slash_share_bps=bps(self.slash_share),
            bounty_share_bps=bps(self.bounty_share),
            verifier_share_bps=bps(self.verifier_share),
            jail_period_s=0,
            finality_delay_s=0,
            expiry_s=int(self.expiry),
        )

    @property
    def economy(self) -> EconomyParameters:
        """Those of governance and rewards."""
        cap = bps(self.reward_cap)
        return EconomyParameters(
            reward_cap_bps=cap,
            max_reward_cap_bps=cap,
            min_slash_share_bps=bps(self.min_slash_share),
            rules=GovernanceRules(
                voting_delay_s=int(self.voting_delay),
                voting_period_s=int(self.voting_period),
                quorum_percent=round(self.quorum * 100),
                timelock_s=int(self.timelock),
            ),
        )


class Side(Parameters):
    """One of the two sides: its parameters, and what the attack costs others under them."""

    rules: Rules = Rules()
    lost: Amount = Field(description="what others than the attacker lose; anything else fails")


class AttackScenario(Parameters):
    """An attack, and what it costs with and without its remedy."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    description: str = ""
    attack: Annotated[str, AfterValidator(known_attack)] = Field(description="what is done")
    backend: Literal["revm", "anvil"] = Field(default="revm", description="which chain runs the contracts")
    stake: Amount = Field(default=0, description="OPG that the attacker holds, or borrows, bought from the liquidity")
    without: Side = Field(description="without the remedy")
    with_: Side = Field(alias="with", description="with it")
