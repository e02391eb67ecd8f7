"""Metrics of a run, computed from its event log and from nothing else.

What each means, its unit and its kind are in `simnet.measure.catalogue`. Ground truth about who cheated comes
from the behaviours' own records. Rates carry their n and a 95 % interval (Wilson 1927).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import pandas as pd

from simnet.log.tables import Row, Tables, claims, payments
from simnet.measure import enclaves as attested
from simnet.measure import gains as spoils
from simnet.measure import proofs as proven
from simnet.measure import settlement as exposure
from simnet.measure.catalogue import METRICS, MetricSpec
from simnet.measure.payoffs import answer_payoffs

Z95 = NormalDist().inv_cdf(0.975)
WEI = 1e18


@dataclass(frozen=True)
class Metric:
    """A figure. `value` is a number, a mapping of percentiles, or ``None`` where the run does not define it."""

    spec: MetricSpec
    value: float | Mapping[str, float | None] | None
    n: int
    """How many observations it rests on."""
    ci95: tuple[float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        """As ``results.json`` has it."""
        found = {"value": self.value, "unit": self.spec.unit, "kind": self.spec.kind, "n": self.n}
        return found if self.ci95 is None else {**found, "ci95": list(self.ci95)}


def wilson(successes: int, n: int) -> tuple[float, float]:
    """95 % interval of a rate (Wilson, "Probable inference", JASA 22, 1927). n is at least 1; 1 is the most."""
    successes = min(successes, n)
    share, z2 = successes / n, Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return (0.0 if successes == 0 else middle - half), (1.0 if successes == n else middle + half)


Measured = tuple[Any, int] | tuple[Any, int, tuple[float, float] | None]


def rate(successes: int, n: int) -> Measured:
    """A share with its interval; undefined for n = 0."""
    return (successes / n, n, wilson(successes, n)) if n else (None, 0)


def percentiles(values: pd.Series[Any], spec: MetricSpec) -> Measured:
    """The percentiles that a metric reports."""
    if values.empty:
        return dict.fromkeys(spec.statistics), 0
    return {name: float(values.quantile(int(name[1:]) / 100)) for name in spec.statistics}, len(values)


def total(rows: Iterable[Row], key: str) -> float:
    """Sum of amounts in wei, in OPG."""
    return sum(int(row[key]) for row in rows) / WEI


class Figures:
    """Intermediate results that several metrics share."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.claims = claims(tables)
        self.asked = self.claims[~self.claims["extra"]]
        """Those that clients had a use for, not those asked for only to verify."""
        self.frauds = self.claims[self.claims["fraud"].notna() & self.claims["posted"].notna()]
        self.first_lie: dict[str, float] = {}
        for row in tables.of("cheated"):
            self.first_lie.setdefault(row["node"], row["t"])
        names = tables.names
        self.slashes = [{**row, "name": names.get(row["node"], row["node"])} for row in tables.event("Slashed")]
        self.executed = tables.frame("executed", ("node", "task", "model", "purpose", "macs"))

    @property
    def finalised(self) -> int:
        """Inferences whose claim stands in a final batch."""
        return int((self.asked["outcome"] == "accepted").sum())

    def dishonest(self, name: str, at: float = math.inf) -> bool:
        """Whether a participant had done anything dishonest up to a time."""
        return name in self.first_lie and self.first_lie[name] <= at

    @property
    def false_slashes(self) -> list[Row]:
        """Slashes of participants who had been honest."""
        return [row for row in self.slashes if not self.dishonest(row["name"], row["t"])]

    @property
    def acts_of_the_honest(self) -> int:
        """Claims and checks of participants who had been honest up to then."""
        acts = self.tables.of("claim_made") + self.tables.of("claim_checked")
        return sum(not self.dishonest(row["node"], row["t"]) for row in acts)

    @property
    def macs(self) -> dict[str, int]:
        """Multiply-accumulates spent, by purpose. An answer that was asked for only to verify is a check."""
        extra = self.executed["task"].isin(self.claims.index[self.claims["extra"]])
        purpose = self.executed["purpose"].mask(extra, "check")
        return {str(key): int(value) for key, value in self.executed.groupby(purpose)["macs"].sum().items()}


def observations(figures: Figures) -> dict[str, pd.Series[Any]]:
    """What the percentiles of each distribution are taken of: one value per task or fraud, in the metric's unit."""
    frame, frauds = figures.asked, figures.frauds
    detected = frauds[frauds["outcome"] == "rejected"]
    found = {
        "time_to_detection_s": detected["rejected"] - detected["posted"],
        "soft_latency_ms": (frame["answered"] - frame["sent"]) * 1000,
        "finality_latency_s": frame["final"] - frame["sent"],
        "time_to_revocation_s": attested.time_to_revocation(figures.tables),
        "proof_queue_s": proven.waiting(figures.tables),
        "effective_latency_s": exposure.effective_latency(figures),
    }
    return {name: values.dropna() for name, values in found.items()}


def distributions(figures: Figures) -> dict[str, Measured]:
    """How long things took."""
    return {name: percentiles(values, METRICS[name]) for name, values in observations(figures).items()}


def security(figures: Figures) -> dict[str, Measured]:
    """Who cheated, who was caught, who was wronged."""
    frauds = figures.frauds
    detected = frauds[frauds["outcome"] == "rejected"]
    finalised = frauds[(frauds["outcome"] == "accepted")]
    undecided = frauds[frauds["outcome"].isna()]
    targeted = frauds[frauds["fraud"] == "label_flip"]
    wronged = figures.false_slashes
    return {
        "fraud_committed": (len(frauds), len(frauds)),
        "fraud_detected": (len(detected), len(frauds)),
        "fraud_finalised": (len(finalised), len(frauds)),
        "fraud_open": (len(undecided), len(frauds)),
        "detection_rate": rate(len(detected), len(detected) + len(finalised)),
        "false_slash_rate": rate(len(wronged), figures.acts_of_the_honest),
        "honest_slashed_opg": (total(wronged, "amount"), len(wronged)),
        "targeted_success_rate": rate(int((targeted["outcome"] == "accepted").sum()), len(targeted)),
        "slashes_total": (len(figures.slashes), len(figures.slashes)),
        "slashed_opg": (total(figures.slashes, "amount"), len(figures.slashes)),
    }


def service(figures: Figures) -> dict[str, Measured]:
    """What clients got, and how soon."""
    frame, tables = figures.asked, figures.tables
    messages = tables.of("message_sent")
    return {
        "tasks_total": (len(frame), len(frame)),
        "tasks_finalised": (figures.finalised, len(frame)),
        "tasks_unanswered": (sum(row["task"] in frame.index for row in tables.of("task_failed")), len(frame)),
        "unpaid_tasks": unpaid(figures),
        "messages_lost_rate": rate(sum(bool(row["lost"]) for row in messages), len(messages)),
    }


def unpaid(figures: Figures) -> Measured:
    """Tasks in posted batches that no fee was drawn for, by what each client owes and paid each node."""
    posted = figures.claims[figures.claims["posted"].notna()]
    owed = posted.groupby(["node", "client"])["fee"].agg(["sum", "count"]).reset_index()
    names = figures.tables.names
    paid: dict[tuple[str, str], float] = {}
    for row in figures.tables.event("BatchPosted"):
        for client, amount in row["charges"]:
            key = (names[row["node"]], names[client])
            paid[key] = paid.get(key, 0.0) + int(amount) / WEI
    short = 0
    for node, client, fees, count in owed.itertuples(index=False):
        missing = fees - paid.get((node, client), 0.0)
        short += max(0, round(count * missing / fees)) if fees else 0
    return short, len(posted)


def verification(figures: Figures) -> dict[str, Measured]:
    """What checking cost, and whether it was done."""
    tables, macs = figures.tables, figures.macs
    spent, reported = macs.get("check", 0), len(tables.of("claim_checked"))
    executed = int((figures.executed["purpose"] == "check").sum()) + len(tables.of("evidence_checked"))
    reasons = [row["reason"] for row in figures.slashes]
    copied = {(row["node"], row["subject"]) for row in tables.of("cheated") if row["act"] == "vote"}
    names = tables.names
    votes = [row for row in tables.event("Voted") + tables.event("Revealed") if "member" in row]
    answered = macs.get("answer", 0)
    return {
        "verification_overhead_ratio": (spent / answered, len(figures.executed)) if answered else (None, 0),
        "verification_work_ratio": rate(min(executed, reported), reported),
        "sampling_rate": sampling(tables),
        "forced_errors_found": forced_errors(tables),
        "inattention_penalties": (len(tables.event("Inattentive")), len(tables.of("claim_checked"))),
        "copied_votes": (sum((names[row["member"]], row["batch"]) in copied for row in votes), len(votes)),
        "missed_reveals": (sum(as_text(reason) == "missed_reveal" for reason in reasons), len(reasons)),
        "quorum_failures": (sum(row["voided"] for row in tables.event("BatchFinal")), len(votes)),
        "equivocations_proved": (len(tables.event("Equivocation")),) * 2,
        "mean_output_deviation": deviation(tables),
    }


def evidence(figures: Figures) -> dict[str, Measured]:
    """What claims rested on where enclaves stand by them."""
    tables, frame = figures.tables, figures.claims
    enclaves, abused = attested.enclave_of(tables), attested.abused(tables)
    final = frame.index[frame["outcome"] == "accepted"]
    shown = [task for task in final if task in enclaves]
    wrong = figures.frauds.index[figures.frauds["outcome"] == "accepted"]
    gone = attested.out_of_service(tables)
    spent = sum(row["seconds"] for row in tables.of("evidence_checked"))
    return {
        "blast_radius": (sum(task in enclaves for task in wrong), len(shown)),
        "accepted_stale_quotes": (sum(task in abused for task in final), len(shown)),
        "accepted_stale_heartbeats": attested.stale_heartbeats(tables),
        "history_lost": (sum(enclaves[task] in gone for task in shown), len(shown)),
        "evidence_check_s": (spent / len(shown), len(shown)) if shown else (None, 0),
    }


def sampling(tables: Tables) -> Measured:
    """Share of claims that were drawn to be checked, of those in batches whose draw was held."""
    counts = {row["batch"]: row["count"] for row in tables.event("BatchPosted")}
    draws = tables.event("Sampled")
    return rate(sum(int(row["claims"]).bit_count() for row in draws), sum(counts[row["batch"]] for row in draws))


def forced_errors(tables: Tables) -> Measured:
    """Share of forced errors that were challenged, in final batches."""
    final = {row["batch"] for row in tables.event("BatchFinal")}
    made = [row["batch"] for row in tables.of("error_forced") if row["batch"] in final]
    return rate(sum(row["batch"] in final for row in tables.event("ForcedErrorShown")), len(made))


def deviation(tables: Tables) -> Measured:
    """Mean deviation of perturbed outputs."""
    found = [row["deviation"] for row in tables.of("perturbed")]
    return (sum(found) / len(found), len(found)) if found else (None, 0)


def as_text(word: str) -> str:
    """A reason that the contract wrote as bytes32."""
    return bytes.fromhex(word.removeprefix("0x")).rstrip(b"\0").decode(errors="replace")


def on_chain(figures: Figures) -> dict[str, Measured]:
    """What the chain was used for."""
    tables, finalised = figures.tables, figures.finalised
    gas = sum(row["gas_used"] for row in tables.blocks)
    censored = sum(row["act"] == "inclusion" for row in tables.of("cheated"))
    return {
        "blocks": (len(tables.blocks),) * 2,
        "gas_total": (gas, len(tables.transactions)),
        "gas_per_inference": (gas / finalised, finalised) if finalised else (None, 0),
        "censored_transactions": (censored, censored),
    }


def money(figures: Figures) -> dict[str, Measured]:
    """Who gained and who lost. Compute is priced by the scenario (modelled)."""
    books = accounts(figures)
    if books.empty:
        return {"attacker_roi": (None, 0), "honest_node_profit_opg": (None, 0)}
    cheats, honest = books[books["dishonest"]], books[~books["dishonest"]]
    profit = (
        (honest["income"] - honest["compute"] - honest["slashed"] + honest["aside"]).mean() if len(honest) else None
    )
    stake = cheats["stake"].sum()
    gain = (cheats["gained"] + cheats["saved"] - cheats["slashed"] + cheats["aside"]).sum()
    return {
        "attacker_roi": (float(gain / stake), len(cheats)) if stake else (None, 0),
        "honest_node_profit_opg": (None if profit is None else float(profit), len(honest)),
    }


def accounts(figures: Figures) -> pd.DataFrame:
    """One row per node in OPG: stake put up, income, compute, slashed; what dishonest acts gained and saved; and
    what it got off chain (aside)."""
    tables = figures.tables
    nodes = [row for row in tables.of("participant_joined") if row["role"] in ("inference", "full")]
    books = pd.DataFrame({"stake": {row["name"]: int(row["stake"]) / WEI for row in nodes}}, dtype=float)
    names = tables.names
    price = int(tables.started["compute_price_wei"]) / WEI / 1e9
    books["dishonest"] = [figures.dishonest(str(name)) for name in books.index]
    income = pd.Series(0.0, index=books.index)
    for row in tables.event("BatchFinal"):
        income[names[row["node"]]] += int(row["paid"]) / WEI
    for payment in payments(tables):
        if payment.name in income.index:
            income[payment.name] += payment.amount / WEI
    books["income"] = income
    books["compute"] = (figures.executed.groupby("node")["macs"].sum() * price).reindex(books.index).fillna(0.0)
    slashed = pd.Series(0.0, index=books.index)
    for row in figures.slashes:
        slashed[row["name"]] += int(row["amount"]) / WEI
    books["slashed"] = slashed
    added = pd.Series(0.0, index=books.index)
    for row in tables.event("Staked"):
        added[names[row["node"]]] += int(row["amount"]) / WEI
    books["stake"] += added
    books["aside"] = pd.Series(spoils.net_side_payments(tables), dtype=float).reindex(books.index).fillna(0.0)
    books["gained"] = gained(figures, books.index)
    books["saved"] = saved(figures, books.index) * price
    return books


def gained(figures: Figures, nodes: pd.Index[Any]) -> pd.Series[Any]:
    """Fees of frauds that stood, and what was paid or lost in batches in which a vote or check was dishonest."""
    found = pd.Series(0.0, index=nodes)
    stood = figures.frauds[figures.frauds["outcome"] == "accepted"]
    shares = {
        row["batch"]: int(row["paid"]) / max(1, int(row["paid"]) + int(row["toVerifier"]))
        for row in figures.tables.event("BatchFinal")
    }
    for _, claim in stood.iterrows():
        found[claim["node"]] += claim["fee"] * shares.get(claim["batch"], 0.0)
    batch_of = figures.claims["batch"].to_dict()
    lied = {
        (row["node"], batch_of.get(row["subject"], row["subject"]))
        for row in figures.tables.of("cheated")
        if row["act"] in ("check", "vote", "reveal")
    }
    for payment in payments(figures.tables):
        if (payment.name, payment.batch) in lied and payment.name in found.index:
            found[payment.name] += payment.amount / WEI
    return found


def saved(figures: Figures, nodes: pd.Index[Any]) -> pd.Series[Any]:
    """Multiply-accumulates that dishonest answers and checks did not spend, against the reference model."""
    found = pd.Series(0.0, index=nodes)
    reference = {row["name"]: row["macs"] for row in figures.tables.of("model_served")}
    model_of = figures.claims["model"].to_dict()
    spent = figures.executed.groupby(["node", "task", "purpose"])["macs"].sum().to_dict()
    for row in figures.tables.of("cheated"):
        if row["act"] in ("answer", "check") and row["subject"] in model_of:
            due = reference[model_of[row["subject"]]]
            found[row["node"]] += max(0, due - spent.get((row["node"], row["subject"], row["act"]), 0))
    return found


def interests(figures: Figures) -> dict[str, Measured]:
    """What acts really paid, and what adversaries got that honest conduct would not have got them."""
    tables, payoffs = figures.tables, answer_payoffs(figures)
    detected = int((figures.frauds["outcome"] == "rejected").sum())
    adversaries, everybody = spoils.rewards(tables)
    return {
        "unslashed_frauds": (spoils.unslashed_frauds(figures), detected),
        "honest_answer_payoff_opg": (payoffs.honest.mean, payoffs.honest.n),
        "dishonest_answer_payoff_opg": (payoffs.dishonest.mean, payoffs.dishonest.n),
        "side_payments_opg": (spoils.side_payments(tables), len(tables.of("side_payment"))),
        "adversary_reward_share": (
            adversaries / everybody if everybody else None,
            len(tables.event("Rewarded")),
        ),
        "stolen_rewards_opg": spoils.stolen_rewards(tables),
        "washed_tasks": (spoils.washed_tasks(tables), len(figures.claims)),
    }


FAMILIES: tuple[Callable[[Figures], dict[str, Measured]], ...] = (
    distributions,
    security,
    service,
    verification,
    evidence,
    proven.figures_of,
    exposure.figures_of,
    on_chain,
    money,
    interests,
)


def compute(tables: Tables) -> dict[str, Metric]:
    """Every metric of the catalogue."""
    figures = Figures(tables)
    found: dict[str, Measured] = {}
    for family in FAMILIES:
        found.update(family(figures))
    return {name: Metric(spec, *found[name]) for name, spec in METRICS.items()}


def readings(metrics: Mapping[str, Metric]) -> dict[str, float | None]:
    """Every value under the name that an expectation reads it by."""
    values: dict[str, float | None] = {}
    for name, metric in metrics.items():
        if isinstance(metric.value, Mapping):
            values.update({f"{name}.{statistic}": value for statistic, value in metric.value.items()})
        else:
            values[name] = metric.value
    return values
