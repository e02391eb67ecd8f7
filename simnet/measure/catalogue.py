"""Every metric that a run reports, and every event that a scenario may ask for: names, units, meanings.

`simnet.measure.metrics` computes them, `results.json` carries them, expectations name them. A *fraud* is a claim
that a behaviour made wrong on purpose; it is *committed* when its batch is posted, *detected* when the claim
is rejected on chain and *finalised* when the batch is final with the claim standing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from chain.formats.modes import Mode

Origin = Literal["measured", "simulated", "modelled"]


@dataclass(frozen=True)
class MetricSpec:
    """What a metric is."""

    name: str
    unit: str
    """``count``, ``share`` (0 to 1), ``ratio``, ``ms``, ``s``, ``gas``, ``OPG`` or ``USD``."""
    kind: Origin
    """Where the figure comes from: real execution, the simulated network and its participants, or a cost model."""
    statistics: tuple[str, ...]
    """Percentiles of a distribution, read as in ``soft_latency_ms.p95``; empty for a single value."""
    description: str

    @property
    def readings(self) -> tuple[str, ...]:
        """The names under which its values can be read."""
        return tuple(f"{self.name}.{statistic}" for statistic in self.statistics) or (self.name,)


def _metric(name: str, unit: str, kind: Origin, description: str, *statistics: str) -> MetricSpec:
    return MetricSpec(name, unit, kind, statistics, description)


def _of_mode(mode: Mode) -> Iterator[MetricSpec]:
    """What is known of the inferences that clients asked to have proven in one way."""
    yield _metric(f"value_at_risk_{mode}_opg", "OPG", "simulated", f"value_at_risk_opg of mode {mode} alone")
    yield _metric(f"finality_{mode}_s", "s", "simulated", f"median from request to finality in mode {mode}")
    yield _metric(
        f"gas_{mode}", "gas", "measured", f"gas about batches of mode {mode}, over its inferences that became final"
    )


METRICS: Mapping[str, MetricSpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            _metric("tasks_total", "count", "simulated", "inferences that clients asked for"),
            _metric("tasks_finalised", "count", "simulated", "inferences whose claim stood as its batch became final"),
            _metric("tasks_unanswered", "count", "simulated", "inferences that no client got a usable answer to"),
            _metric("unpaid_tasks", "count", "simulated", "answered inferences that no fee was drawn for"),
            _metric("fraud_committed", "count", "simulated", "frauds in batches that were posted"),
            _metric("fraud_detected", "count", "simulated", "frauds whose claim was rejected on chain"),
            _metric("fraud_finalised", "count", "simulated", "frauds that became final"),
            _metric("fraud_open", "count", "simulated", "frauds still undecided when the run ended"),
            _metric("detection_rate", "share", "simulated", "frauds detected, of those detected or finalised"),
            _metric(
                "false_slash_rate",
                "share",
                "simulated",
                "slashes of participants who had done nothing dishonest, of all their claims and checks",
            ),
            _metric("honest_slashed_opg", "OPG", "simulated", "stake taken from participants who had been honest"),
            _metric(
                "targeted_success_rate",
                "share",
                "simulated",
                "attempts to make one answer say a chosen thing that became final",
            ),
            _metric(
                "mean_output_deviation",
                "ratio",
                "measured",
                "mean distance of honest but noisy outputs from clean ones, in standard deviations of the clean one",
            ),
            _metric("time_to_detection_s", "s", "simulated", "from posting a fraud to its rejection", "p50", "p95"),
            _metric(
                "soft_latency_ms", "ms", "simulated", "from the client's request to its answer", "p50", "p95", "p99"
            ),
            _metric("finality_latency_s", "s", "simulated", "from the client's request to finality", "p50", "p95"),
            _metric(
                "verification_overhead_ratio",
                "ratio",
                "measured",
                "multiply-accumulates executed to check, over those executed to answer",
            ),
            _metric(
                "verification_work_ratio",
                "share",
                "measured",
                "checks that were really executed, of those that full nodes reported",
            ),
            _metric("sampling_rate", "share", "simulated", "claims drawn to be checked, where claims are drawn"),
            _metric(
                "forced_errors_found",
                "share",
                "simulated",
                "errors made at the protocol's bidding that somebody challenged, of all in batches that became final",
            ),
            _metric(
                "inattention_penalties", "count", "simulated", "penalties for attention challenges missed or made up"
            ),
            _metric(
                "evidence_check_s",
                "s",
                "modelled",
                "time that full nodes spent on judging evidence, over claims with evidence that became final",
            ),
            _metric("blast_radius", "count", "simulated", "frauds that became final because an enclave stood by them"),
            _metric(
                "accepted_stale_quotes",
                "count",
                "simulated",
                "claims that became final on evidence that their node had no right to",
            ),
            _metric(
                "accepted_stale_heartbeats", "count", "simulated", "heartbeats that the registry took a second time"
            ),
            _metric(
                "time_to_revocation_s",
                "s",
                "simulated",
                "from a node's first abuse of evidence until its enclave, or the vendor's root, was trusted no more",
                "p50",
                "p95",
            ),
            _metric(
                "history_lost",
                "count",
                "simulated",
                "final claims whose enclave is out of service at the end, so that its signature verifies no more",
            ),
            _metric("tampered_evidence", "count", "simulated", "claims posted whose evidence somebody tampered with"),
            _metric("tampered_evidence_finalised", "count", "simulated", "those of them that became final"),
            _metric("proofs_verified", "count", "simulated", "zero-knowledge proofs that the chain verified"),
            _metric("proofs_refused", "count", "simulated", "zero-knowledge proofs that the chain refused"),
            _metric("unproven_claims", "count", "simulated", "claims that fell because nobody proved them in time"),
            _metric(
                "proof_queue_s", "s", "modelled", "from the order to prove a claim until a prover begins", "p50", "p95"
            ),
            _metric(
                "circuit_gap", "ratio", "measured", "largest distance of an output of a circuit from that of its model"
            ),
            _metric(
                "circuit_agreement",
                "share",
                "measured",
                "answers of circuits whose largest output is the one that the model has as its largest",
            ),
            _metric(
                "effective_latency_s",
                "s",
                "simulated",
                "from the request until the client acts: on the answer, or on finality if it waits for that",
                "p50",
                "p95",
            ),
            _metric(
                "value_at_risk_opg",
                "OPG",
                "simulated",
                "value of answers acted upon and not final yet, on average over the run",
            ),
            _metric("value_at_risk_max_opg", "OPG", "simulated", "the most that it ever was"),
            _metric("value_lost_opg", "OPG", "simulated", "value of wrong answers that clients acted upon"),
            *(spec for mode in Mode for spec in _of_mode(mode)),
            _metric("settlement_cost_usd", "USD", "modelled", "gas for an inference at the scenario's prices"),
            _metric("settlement_cost_opg", "OPG", "modelled", "the same in OPG"),
            _metric("copied_votes", "count", "simulated", "votes that a full node copied from another's"),
            _metric("missed_reveals", "count", "simulated", "votes that were committed and never revealed"),
            _metric("quorum_failures", "count", "simulated", "claims whose vote ended without a quorum"),
            _metric("messages_lost_rate", "share", "simulated", "messages that never arrived"),
            _metric("blocks", "count", "measured", "blocks mined"),
            _metric("gas_total", "gas", "measured", "gas used by all transactions after deployment"),
            _metric("gas_per_inference", "gas", "measured", "gas used, over inferences finalised"),
            _metric("censored_transactions", "count", "simulated", "transactions that a producer left out on purpose"),
            _metric(
                "equivocations_proved", "count", "simulated", "contradictory answers that a client proved on chain"
            ),
            _metric("slashes_total", "count", "simulated", "slashes on chain"),
            _metric("slashed_opg", "OPG", "simulated", "stake taken by slashes"),
            _metric(
                "attacker_roi",
                "ratio",
                "modelled",
                "what dishonest acts gained and saved, less what was slashed and lost, over the stake put up",
            ),
            _metric("unslashed_frauds", "count", "simulated", "frauds rejected on chain that cost their node no stake"),
            _metric(
                "honest_answer_payoff_opg",
                "OPG",
                "modelled",
                "mean over honest answers: earned, less the cost of compute and what was slashed for them",
            ),
            _metric("dishonest_answer_payoff_opg", "OPG", "modelled", "the same over frauds"),
            _metric("side_payments_opg", "OPG", "simulated", "bribes, ransoms and the like, off chain"),
            _metric(
                "adversary_reward_share",
                "ratio",
                "simulated",
                "of the rewards for checking, what went to full nodes that the scenario makes adversaries",
            ),
            _metric("stolen_rewards_opg", "OPG", "simulated", "bounties that went to who had copied another's proof"),
            _metric("washed_tasks", "count", "simulated", "tasks that a client sent to a node of its own"),
            _metric("honest_node_profit_opg", "OPG", "modelled", "mean over honest nodes: income less cost of compute"),
        )
    }
)
"""Every metric by name."""

READINGS: Mapping[str, MetricSpec] = MappingProxyType(
    {reading: spec for spec in METRICS.values() for reading in spec.readings}
)
"""Every name that a value can be read under."""

SOMETIMES: Mapping[str, str] = MappingProxyType(
    {
        "slashed": "somebody was slashed",
        "challenge_opened": "a claim was disputed on chain",
        "claim_rejected": "a claim was rejected on chain",
        "batch_voided": "a batch was thrown out whole",
        "equivocation_proved": "a client proved a contradiction between answer and claim",
        "jailed": "a node was jailed",
        "copied_vote": "a full node copied another's vote",
        "partitioned": "the network was partitioned",
        "message_lost": "a message never arrived",
        "crashed": "a node crashed",
        "reorged": "blocks were replaced",
    }
)
"""What a scenario may ask to happen at least once, so that it cannot pass by testing nothing."""
