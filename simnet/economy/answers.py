"""The five questions that the community asks, answered from the figures of a study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from chain.quantities import OPG
from simnet.economy.figures import Figures, Floats
from simnet.economy.model import EPOCHS
from simnet.economy.scenario import EconomyScenario
from simnet.economy.study import Study
from simnet.economy.thresholds import (
    FraudTrial,
    Turn,
    changed,
    covered,
    never,
    reached,
    spread,
    sweep,
    try_fraud,
    with_fall,
)
from simnet.theory.dilemma import fraud_floor

SWEPT_PATHS = 12
"""Paths at each value of a quantity that is swept."""

TRIED_PATHS = 50
"""Paths whose validators try frauds."""

BOUNTY = 0.5
"""Share of a slash that would pay for finding the fraud, if nothing else did (assumption)."""

ENOUGH = 2 / 3
"""Share of the validators that must still work for the network to be said to hold (assumption)."""


@dataclass(frozen=True)
class Estimate:
    """A number of an answer."""

    name: str
    value: float
    low: float
    high: float
    """What holds 95 %: of the paths, or of the estimate where it is a threshold."""
    unit: str
    kind: str
    """``measured`` on the contracts, ``modelled`` in NumPy, or ``derived`` by a formula."""
    note: str = ""


@dataclass(frozen=True)
class Answer:
    """A question, the answer in words, and the numbers that it rests on."""

    question: str
    text: str
    estimates: tuple[Estimate, ...]


@dataclass(frozen=True)
class Swept:
    """The thresholds of a scenario."""

    trial: FraudTrial
    fee_before: Turn
    fee_after: Turn | None
    """``None`` where the scenario ends before the emission does."""
    left_covered: Turn
    left_honest: Turn
    left_staked: Turn


def sweep_all(scenario: EconomyScenario) -> Swept:
    """Find all thresholds. Takes some hundred paths."""
    few = scenario.model_copy(update={"paths": SWEPT_PATHS})
    last, before = scenario.months - 1, min(EPOCHS, scenario.months) - 1
    enough = ENOUGH * scenario.validators.count
    ends = {"before": reached("working", before, enough), "after": reached("working", last, enough)}
    fee = scenario.work.fee_usd
    fees = sweep(few, lambda usd: changed(few, "work.fee_usd", usd), (fee / 8, fee * 8), ends)
    month = fall_month(scenario)
    falls = {
        "covered": covered(month),
        "honest": never("cheating", month),
        "staked": lambda figures: kept(figures, month, last) >= 0.5,
    }
    left = sweep(few, lambda share: with_fall(few, month, share), (1e-5, 1.0), falls)
    trial = try_fraud(scenario, TRIED_PATHS)
    after = fees["after"] if scenario.months > EPOCHS else None
    return Swept(trial, fees["before"], after, left["covered"], left["honest"], left["staked"])


def fall_month(scenario: EconomyScenario) -> int:
    """When the price falls in the sweep: after two years, or half-way."""
    return min(24, scenario.months // 2)


def kept(figures: Figures, month: int, last: int) -> Floats:
    """Stake a year after a month, over what there was before it."""
    bonded = figures["bonded_opg"]
    return bonded[:, min(month + 12, last)] / np.maximum(bonded[:, max(0, month - 1)], 1.0)


def answers(study: Study, swept: Swept) -> list[Answer]:
    """All five."""
    return [
        what_slashes(study),
        after_emission(study),
        honest_from(study, swept),
        which_fall(study, swept),
        who_pays(study),
    ]


def what_slashes(study: Study) -> Answer:
    """Question 1."""
    scenario, figures = study.scenario, study.measured.figures
    found, burned = figures["found"].sum(), figures["slashed_opg"].sum()
    price, bond = figures["price_usd"][0], scenario.validators.bond / OPG
    whole = bond + scenario.delegators.per_validator * scenario.delegators.stake / OPG
    share, more = figures["slash_share"][0], figures["slash_amount_opg"][0]
    cost = [float((whole * share[month] + more[month]) * price[month]) for month in (0, -1)]
    text = (
        f"A claim that its verifier rejects. It costs {over_time(share)} of all that stands behind the validator,"
        f" delegations and what unbonds included, and is burned. On the contracts {found:.0f} frauds were found,"
        f" on {len(study.measured.paths)} of the paths, and {burned:,.0f} OPG burned."
    )
    return Answer(
        "What triggers a slash, and how much is it?",
        text,
        (
            Estimate("frauds found", found, found, found, "", "measured"),
            Estimate("burned", burned, burned, burned, "OPG", "measured"),
            Estimate("first fraud, first month", cost[0], cost[0], cost[0], "$", "derived"),
            Estimate("the same, last month", cost[1], cost[1], cost[1], "$", "derived", "if no stake had left"),
        ),
    )


def after_emission(study: Study) -> Answer:
    """Question 2."""
    scenario = study.scenario
    if scenario.months <= EPOCHS:
        return Answer("What holds after month 96?", f"The scenario ends with month {scenario.months}.", ())
    last = scenario.months - 1
    rows = (
        ("bonded_opg", "OPG", "stake"),
        ("working", "", "validators that work"),
        ("delegators", "", "delegators"),
        ("income_usd", "$", "income of validators, a month"),
        ("cheating", "", "validators for whom fraud pays"),
    )
    estimates = []
    for name, unit, words in rows:
        for month, when in ((EPOCHS - 1, "month 96"), (last, f"month {last + 1}")):
            estimates.append(Estimate(f"{words}, {when}", *spread(study.modelled[name][:, month]), unit, "modelled"))
    stays = study.modelled["bonded_opg"][:, last] / np.maximum(study.modelled["bonded_opg"][:, EPOCHS - 1], 1.0)
    middle, low, high = spread(stays)
    text = (
        f"Fees alone: rewards end, and delegators, who have no part in fees, leave. {middle:.0%} of the stake of month"
        f" {EPOCHS} is left in month {last + 1} ({low:.0%} – {high:.0%} of it on 95 % of the paths)."
    )
    return Answer(
        "What holds after month 96?", text, (Estimate("stake kept", middle, low, high, "", "modelled"), *estimates)
    )


def honest_from(study: Study, swept: Swept) -> Answer:
    """Question 3."""
    scenario, trial = study.scenario, swept.trial
    month = float(study.scenario.demand.start)
    turns = [("while rewards are paid", swept.fee_before)]
    turns += [("after they end", swept.fee_after)] if swept.fee_after else []
    estimates = [threshold(f"fee, {when}", turn, "$") for when, turn in turns]
    estimates += [threshold(f"fee income of all, {when}", turn, "$ a month", month) for when, turn in turns]
    estimates.append(
        Estimate("sampling probability", trial.value, trial.low, trial.high, "", "modelled", f"{trial.frauds:,} trials")
    )
    estimates.append(
        Estimate("the same by C = p (1 - r)(R + S)", trial.theory, trial.theory, trial.theory, "", "derived")
    )
    p = scenario.verification.probability
    text = (
        f"Fraud does not pay where an inference is checked with a probability above {trial.value:.3g}"
        f" ({trial.low:.3g} – {trial.high:.3g}; theory says {trial.theory:.3g}): here it is {p:.3g}."
        f" So what a fee must pay for is to stay: {ENOUGH:.0%} of the validators do from a fee, in dollars, that "
        + "; ".join(f"{when} {turn.says}" for when, turn in turns)
        + "."
    )
    return Answer("From what fee income is cheating unprofitable?", text, tuple(estimates))


def which_fall(study: Study, swept: Swept) -> Answer:
    """Question 4."""
    month = fall_month(study.scenario)
    turns = (
        ("half of the stake is there a year later", swept.left_staked),
        ("corruption costs more than it brings", swept.left_covered),
        ("fraud pays nobody", swept.left_honest),
    )
    text = f"The price falls in month {month}, on top of its path. What must be left of it, so that " + "; ".join(
        f"{words}: {turn.says}" for words, turn in turns
    )
    safe = float(covered(month)(study.modelled).mean())
    text += (
        f". Without that fall, corruption costs more than it brings in every month from then on, on {safe:.0%} of the"
        " paths."
    )
    estimates = [threshold(f"price left, so that {words}", turn, "") for words, turn in turns]
    estimates.append(
        Estimate(
            "share of the paths on which corruption pays in no later month, without that fall",
            safe,
            safe,
            safe,
            "",
            "modelled",
        )
    )
    return Answer("Which fall of the price does the stake survive?", text, tuple(estimates))


def who_pays(study: Study) -> Answer:
    """Question 5."""
    scenario, work, rule = study.scenario, study.scenario.work, study.scenario.verification
    answered = study.modelled["fees_opg"] * study.modelled["price_usd"] / work.fee_usd
    checks = answered * rule.probability
    pay = spread(study.modelled["verifiers_usd"].sum(axis=1) / np.maximum(checks.sum(axis=1), 1e-9))
    least = rule.probability * work.check_usd / work.fee_usd
    caught, share = study.modelled["found"].mean(), over_time(study.modelled["verifier_share"][0])
    found_usd = rule.slash_share * scenario.validators.bond / OPG * scenario.price.start
    floor = fraud_floor(work.check_usd, found_usd * BOUNTY)
    text = (
        f"Clients: {share} of each fee goes to who checks, ${pay[0]:.3g} for a check that costs"
        f" ${work.check_usd:.3g}. Checking is paid from a share of {least:.2%} on. If only frauds that are found paid,"
        f" by half of what a validator's own bond loses, one in {1 / floor:,.0f} answers would have to be a fraud."
    )
    return Answer(
        "Who pays against the verifier's dilemma?",
        text,
        (
            Estimate("pay of a check", *pay, "$", "modelled"),
            Estimate("cost of a check", work.check_usd, work.check_usd, work.check_usd, "$", "derived", "assumption"),
            Estimate("least verifiers' share", least, least, least, "", "derived", "p · check / fee"),
            Estimate("fraud floor without pay", floor, floor, floor, "", "derived", "X* = C / (R + L), L = 0"),
            Estimate("frauds found in a month", caught, caught, caught, "", "modelled"),
        ),
    )


def over_time(shares: Floats) -> str:
    """A share in words, and what votes have made of it by the last month."""
    first, last = f"{shares[0]:.2%}", f"{shares[-1]:.2%}"
    return first if first == last else f"{first} at first, and {last} in the end,"


def threshold(name: str, turn: Turn, unit: str, times: float = 1.0) -> Estimate:
    """A threshold as an estimate, in units of `times`."""
    found = turn.threshold
    note = "" if turn.is_bounded else turn.says
    return Estimate(name, found.value * times, found.low * times, found.high * times, unit, "modelled", note)


def estimates_of(found: list[Answer]) -> Iterator[tuple[str, Estimate]]:
    """Every number, with its question."""
    for answer in found:
        for estimate in answer.estimates:
            yield answer.question, estimate
