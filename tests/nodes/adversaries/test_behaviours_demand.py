"""Clients whose demand is not what it seems."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chain.quantities import BatchId, TaskId
from nodes.adversaries.client.demand import DosInputs, SelfDealer
from nodes.client import Order
from nodes.effects import Request
from nodes.messages import BatchQuery, InferenceRequest
from simnet.log.tables import Tables
from tests.driving import FEE, INPUT, MODEL, TASK, Course, always, attached, lies, past, task_id
from tests.scenario_text import MINIMAL, one_error
from tests.small import Played, play

DEFERRED = {"count": 4, "arrivals": "poisson 1/s", "payment": "deferred"}


def order(number: int) -> Order:
    """Something that the client wants."""
    return Order(1.0, task_id(number), MODEL, INPUT, 0.5)


def asking(behaviour: Any, task: TaskId = TASK, peer: str = "inference-1") -> Course:
    """One request of the honest client."""
    request = Request(peer, InferenceRequest(task, MODEL, INPUT, FEE, None), 1.0)
    return past(behaviour, request, answers={Request: always(None)})


def asked(tables: Tables, client: str) -> set[str]:
    """Nodes that a client asked."""
    return {row["node"] for row in tables.of("task_sent") if row["client"] == client}


# -- self_dealer -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "accomplices", "expected"),
    [("inference-2", [], "inference-2"), ("", ["inference-1", "inference-2"], "inference-1"), ("", [], "inference-0")],
)
def test_every_order_goes_to_its_own_node(node: str, accomplices: list[str], expected: str) -> None:
    dealer = attached(SelfDealer(node=node), "client-0", accomplices)
    assert [planned.node for planned in dealer.plan(iter([order(1), order(2)]))] == [expected] * 2


def test_wash_trades_are_recorded_and_other_requests_are_not() -> None:
    dealer = attached(SelfDealer(node="inference-1"), "client-0")
    assert lies(asking(dealer)) == [("wash", TASK)]
    assert lies(asking(dealer, peer="inference-0")) == []
    assert (
        lies(past(dealer, Request("inference-1", BatchQuery(BatchId("0x")), 1.0), answers={Request: always(None)}))
        == []
    )


def test_a_wash_trade_costs_the_verifiers_share_of_the_fee_and_nothing_else() -> None:
    run = play(
        adversaries=[{"behaviour": "self_dealer", "nodes": ["client-0"], "node": "inference-1"}], duration="1 min"
    )
    assert asked(run.tables, "client-0") == {"inference-1"}
    assert asked(run.tables, "client-1") == {"inference-0", "inference-1", "inference-2"}
    assert run["washed_tasks"] == sum(row["client"] == "client-0" for row in run.tables.of("task_sent")) > 0
    final = run.tables.event("BatchFinal")
    paid, to_verifiers = (sum(int(row[key]) for row in final) for key in ("paid", "toVerifier"))
    assert to_verifiers * 4 == paid
    assert run.broken() == []


@pytest.mark.long
def test_wash_trades_buy_a_sleeper_the_trust_that_lets_its_fraud_through() -> None:
    def trusted(washing: bool) -> Played:
        sleeper = {"behaviour": "sleeper", "nodes": ["inference-0"], "honest_claims": 12}
        dealer = {"behaviour": "self_dealer", "nodes": ["client-0", "client-1"]}
        return play(
            adversaries=[sleeper, *([dealer] if washing else [])],
            strategy={"kind": "adaptive_replication", "streak": 8},
            nodes={"inference": {"count": 4, "batch_interval": "6 s", "batch_size": 2}, "full": {"count": 3}},
            duration="80 s",
        )

    assert trusted(True)["fraud_finalised"] > trusted(False)["fraud_finalised"]


# -- dos_inputs ------------------------------------------------------------------------------------------------


def test_each_order_is_repeated_at_once_under_ids_of_its_own() -> None:
    flood = attached(DosInputs(times=4), "client-0")
    planned = list(flood.plan(iter([order(1), order(2)])))
    assert [one.after_s for one in planned] == [1.0, 0, 0, 0, 1.0, 0, 0, 0]
    assert len({one.task for one in planned}) == 8
    assert [planned[0].task, planned[4].task] == [task_id(1), task_id(2)]
    recorded = [lies(asking(flood, one.task)) for one in planned[:4]]
    assert recorded == [[], *([("flood", one.task)] for one in planned[1:4])]


def test_inputs_are_blown_up_on_the_way_out() -> None:
    course = asking(attached(DosInputs(times=1, oversize=3), "client-0"))
    sent = course.one(Request).message
    assert isinstance(sent, InferenceRequest)
    np.testing.assert_array_equal(sent.value, np.concatenate([INPUT] * 3))
    assert lies(course) == [("flood", TASK)]


def test_whoever_pays_after_the_answer_can_have_much_work_done_for_nothing() -> None:
    flood = [{"behaviour": kind, "nodes": ["client-0"]} for kind in ("dos_inputs", "free_rider")]
    run = play(adversaries=flood, clients=DEFERRED, duration="1 min")
    work = sum(row["macs"] for row in run.tables.of("executed") if row["purpose"] == "answer")
    honest = play(clients=DEFERRED, duration="1 min")
    assert work > 2 * sum(row["macs"] for row in honest.tables.of("executed") if row["purpose"] == "answer")
    assert run["unpaid_tasks"] >= len(run.lies(act="flood")) > 0


@pytest.mark.long
def test_vouchers_make_a_flood_pay_for_itself_or_be_refused() -> None:
    paid = play(adversaries=[{"behaviour": "dos_inputs", "nodes": ["client-0"]}], duration="1 min")
    assert (paid["unpaid_tasks"], paid["tasks_unanswered"]) == (0, 0)
    flood = [{"behaviour": kind, "nodes": ["client-0"]} for kind in ("dos_inputs", "free_rider")]
    unpaid = play(adversaries=flood, duration="1 min")
    assert unpaid["tasks_unanswered"] > len(unpaid.lies(act="flood"))
    assert unpaid["unpaid_tasks"] == 0


def test_an_input_that_does_not_fit_is_refused_before_it_is_run() -> None:
    run = play(
        adversaries=[{"behaviour": "dos_inputs", "nodes": ["client-0"], "times": 1, "oversize": 50}], duration="1 min"
    )
    reasons = [row["reason"] for row in run.tables.of("task_failed")]
    assert reasons == ["bad input"] * len(run.lies())
    assert reasons
    assert run.results.outcome == "pass"


# -- names in parameters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("behaviour: self_dealer, node: inference-9", "no participant of role inference is called 'inference-9'"),
        ("behaviour: probe_detector, probers: [clint-1]", "did you mean 'client-1'?"),
        ("behaviour: incapable_negative, models: [digits_cnn]", "did you mean 'digits_mlp'?"),
    ],
)
def test_names_in_parameters_must_exist(entry: str, message: str) -> None:
    assert message in one_error(f"adversaries: [{{{entry}}}]\n", base=MINIMAL)
