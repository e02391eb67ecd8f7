"""What hangs between an answer and its finality, what waiting costs, and what settling costs, by mode."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from chain.quantities import OPG
from simnet.log.tables import claims
from simnet.measure.counts import AtRisk
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.population import Worth
from tests.small import BASE, Played, play, scenario

MODES = {"vanilla": "40 %", "tee": "30 %", "zkml": "30 %"}
PROOFS = {"kind": "proofs", "prover": "simulated", "proving_period": "2 min"}
CLIENTS = {**BASE["clients"], "arrivals": "poisson 0.5/s", "modes": MODES}
WORTH = {"median": "1 OPG", "spread": 1.5}


def asked(**clients: Any) -> Played:
    return play(strategy=PROOFS, settle="4 min", clients={**CLIENTS, **clients})


def terms(run: Played) -> pd.DataFrame:
    """Answered tasks with what clients said of them."""
    frame = claims(run.tables)
    said = pd.DataFrame(run.tables.of("terms_set")).set_index("task")
    frame = frame.join(said[["mode", "value", "waits"]])
    frame["value"] = frame["value"].astype(float) / OPG
    return frame[frame["answered"].notna()]


@pytest.mark.long
def test_what_is_at_risk_is_the_fee_times_the_time_to_finality_unless_clients_say_otherwise() -> None:
    run = asked()
    frame = terms(run)
    assert set(frame["value"]) == {0.02}
    integral = float((frame["final"] - frame["answered"]).sum()) * 0.02
    assert run["value_at_risk_opg"] == pytest.approx(integral / run.tables.ended["t"])
    parts = sum(run[f"value_at_risk_{mode}_opg"] for mode in MODES)
    assert parts == pytest.approx(run["value_at_risk_opg"])
    assert run["value_at_risk_opg"] <= run["value_at_risk_max_opg"]


def test_the_most_at_risk_is_what_overlaps() -> None:
    risk = AtRisk()
    risk.rise(0.0, 2)
    risk.rise(1.0, 4)
    risk.fall(3.0, 4)
    risk.fall(4.0, 2)
    risk.rise(5.0, 5)
    risk.fall(6.0, 5)
    assert risk.mean(10.0) == pytest.approx((4 * 2 + 2 * 4 + 1 * 5) / 10)
    assert risk.most == 6


def test_what_ceases_to_be_at_risk_at_a_moment_still_overlaps_what_begins_then() -> None:
    risk = AtRisk()
    risk.rise(0.0, 2)
    risk.fall(1.0, 2)
    risk.rise(1.0, 3)
    assert risk.most == 5
    assert risk.mean(2.0) == pytest.approx((2 + 3) / 2)


@pytest.mark.long
def test_who_waits_for_finality_risks_nothing_and_pays_in_time() -> None:
    bold = asked(worth=WORTH)
    careful = asked(worth=WORTH, wait_for_finality_above="2 OPG")
    timid = asked(worth=WORTH, wait_for_finality_above="0 OPG")
    assert bold["value_at_risk_opg"] > careful["value_at_risk_opg"] > timid["value_at_risk_opg"] == 0
    assert bold["effective_latency_s.p95"] < 1 < careful["effective_latency_s.p95"]
    assert timid["effective_latency_s.p50"] == pytest.approx(timid["finality_latency_s.p50"])
    assert bold["soft_latency_ms.p50"] == careful["soft_latency_ms.p50"]


@pytest.mark.long
def test_what_is_lost_is_the_worth_of_wrong_answers_that_nobody_waited_with() -> None:
    cheat = [{"behaviour": "random_output", "nodes": ["inference-0"]}]
    clients = {**CLIENTS, "modes": {"vanilla": "100 %"}, "worth": WORTH}
    run = play(strategy=PROOFS, settle="4 min", clients=clients, adversaries=cheat)
    wrong = terms(run)
    assert run["value_lost_opg"] == pytest.approx(wrong.loc[wrong["fraud"].notna(), "value"].sum())
    assert run["value_lost_opg"] > 0
    waiting = {**clients, "wait_for_finality_above": "0 OPG"}
    assert play(strategy=PROOFS, settle="4 min", clients=waiting, adversaries=cheat)["value_lost_opg"] == 0


@pytest.mark.long
def test_a_zero_knowledge_proof_costs_more_gas_than_an_enclave_and_is_final_sooner() -> None:
    run = asked()
    assert run["gas_vanilla"] < 250_000
    assert run["gas_tee"] < 250_000
    assert 900_000 < run["gas_zkml"] < 1_500_000
    assert run["finality_zkml_s"] < run["finality_tee_s"]


def test_gas_is_priced_as_the_scenario_assumes() -> None:
    prices = {"gas_price_gwei": 1.0, "ether_usd": 2_000, "opg_usd": 0.5}
    run = play(strategy=PROOFS, settle="4 min", clients=CLIENTS, economics={**BASE["economics"], **prices})
    dollars = run["gas_per_inference"] * 1e-9 * 2_000
    assert run["settlement_cost_usd"] == pytest.approx(dollars)
    assert run["settlement_cost_opg"] == pytest.approx(dollars / 0.5)


def test_a_mode_may_have_a_fee_of_its_own_which_clients_pay_and_nodes_draw() -> None:
    run = asked(fees={"zkml": "0.5 OPG"})
    frame = terms(run)
    assert set(frame[frame["mode"] == "zkml"]["fee"]) == {0.5}
    assert set(frame[frame["mode"] != "zkml"]["fee"]) == {0.02}
    assert run["unpaid_tasks"] == 0
    drawn = sum(int(amount) for row in run.tables.event("BatchPosted") for _, amount in row["charges"]) / OPG
    assert drawn == pytest.approx(frame["fee"].sum())


def test_worth_is_spread_around_its_median() -> None:
    worth = Worth.model_validate(WORTH)
    assert worth.at(0.0) == OPG
    assert worth.at(1.0) > 4 * OPG
    assert worth.at(-1.0) < OPG // 4


@pytest.mark.parametrize(
    ("clients", "complaint"),
    [
        ({"worth": {"median": "0 OPG"}}, "median"),
        ({"worth": {"spread": 1}}, "median"),
        ({"fees": {"zkml": "2000 OPG"}}, "deposit"),
    ],
)
def test_what_cannot_be_is_refused(clients: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ScenarioErrors, match=complaint):
        scenario(clients=clients)
