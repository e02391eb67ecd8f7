"""The contracts' parameters, from the scenario's economics."""

from __future__ import annotations

from chain.deploy import ProtocolParameters
from chain.quantities import BASIS_POINTS, Wei
from simnet.scenario.facts import facts_of, strategy_of
from simnet.scenario.schema import Scenario


def protocol_parameters(scenario: Scenario) -> ProtocolParameters:
    """The contracts' parameters as the scenario's strategy will have them."""
    economics = scenario.economics
    parameters = ProtocolParameters(
        min_stake_inference=Wei(economics.min_stake_inference),
        min_stake_full=Wei(economics.min_stake_full),
        unbonding_s=int(economics.unbonding),
        slash_share_bps=round(economics.slash_share * BASIS_POINTS),
        slash_amount=Wei(economics.slash_amount),
        bounty_share_bps=round(economics.bounty_share * BASIS_POINTS),
        verifier_share_bps=round(economics.verifier_share * BASIS_POINTS),
        jail_period_s=int(economics.jail),
        withdrawal_delay_s=int(economics.withdrawal_delay),
        finality_delay_s=int(economics.finality_delay),
        beacon_round_s=int(economics.beacon_round),
    )
    return strategy_of(scenario).adjust(parameters, facts_of(scenario))
