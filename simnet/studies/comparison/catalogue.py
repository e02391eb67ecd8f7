"""The figures of a comparison: a run's metrics, those that comparing adds, and which way each is better."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from simnet.measure.catalogue import METRICS, MetricSpec

ADDED: Mapping[str, MetricSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            MetricSpec(
                "integrity_loss", "share", "simulated", (), "inferences whose answer was a fraud, of those accepted"
            ),
            MetricSpec(
                "opg_per_inference",
                "OPG",
                "simulated",
                (),
                "fees kept from clients and stake that the honest lost, over inferences finalised",
            ),
            MetricSpec(
                "checking_pay_opg_per_inference",
                "OPG",
                "simulated",
                (),
                "what full nodes were paid for checking, bounties and lost bonds included, over inferences finalised",
            ),
            MetricSpec(
                "honesty_stake_opg",
                "OPG",
                "modelled",
                (),
                "smallest stake at which a fraud gains nothing on average; infinite if no fraud was punished",
            ),
        )
    }
)
"""What `simnet.studies.comparison.evidence` computes."""

CATALOGUE: Mapping[str, MetricSpec] = MappingProxyType({**METRICS, **ADDED})
"""Every figure of a comparison by name."""

READINGS: Mapping[str, MetricSpec] = MappingProxyType(
    {reading: spec for spec in CATALOGUE.values() for reading in spec.readings}
)
"""Every name that a value is read under, such as ``soft_latency_ms.p95``."""

HEADLINE = (
    "detection_rate",
    "integrity_loss",
    "false_slash_rate",
    "time_to_detection_s.p50",
    "time_to_detection_s.p95",
    "soft_latency_ms.p50",
    "soft_latency_ms.p95",
    "finality_latency_s.p50",
    "finality_latency_s.p95",
    "verification_overhead_ratio",
    "gas_per_inference",
    "opg_per_inference",
    "checking_pay_opg_per_inference",
    "attacker_roi",
    "honesty_stake_opg",
)
"""The readings that tables and plots show, in their order."""

Direction = Literal["higher", "lower"]

_HIGHER = ("tasks_finalised", "detection_rate", "verification_work_ratio", "honest_node_profit_opg")
_LOWER = (
    "tasks_unanswered",
    "unpaid_tasks",
    "fraud_finalised",
    "fraud_open",
    "false_slash_rate",
    "honest_slashed_opg",
    "targeted_success_rate",
    "time_to_detection_s",
    "soft_latency_ms",
    "finality_latency_s",
    "verification_overhead_ratio",
    "copied_votes",
    "missed_reveals",
    "quorum_failures",
    "messages_lost_rate",
    "gas_total",
    "gas_per_inference",
    "censored_transactions",
    "attacker_roi",
    "dishonest_answer_payoff_opg",
    "adversary_reward_share",
    "stolen_rewards_opg",
    "integrity_loss",
    "opg_per_inference",
    "honesty_stake_opg",
)

BETTER: Mapping[str, Direction] = MappingProxyType(
    {**dict.fromkeys(_HIGHER, "higher"), **dict.fromkeys(_LOWER, "lower")}
)
"""Which way is better. What is missing is neither: how many blocks there were, how much fraud was tried."""


def readings_of(name: str) -> tuple[str, ...]:
    """The readings that a metric's name or a reading's means; none if there is no such name."""
    if name in READINGS:
        return (name,)
    return CATALOGUE[name].readings if name in CATALOGUE else ()
