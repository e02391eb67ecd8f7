"""Clients that take and do not pay: what they get past, and what stops them."""

from __future__ import annotations

from typing import Any

import pytest

from chain.quantities import Wei
from nodes.adversaries.client.clients import FreeRider
from nodes.effects import Pay
from tests.driving import FEE, attached, lies, past, task_id, voucher
from tests.small import Played, play


def run_with(how: str, payment: str) -> Played:
    """One client of four that does not pay."""
    clients: dict[str, Any] = {"count": 4, "arrivals": "poisson 1/s", "payment": payment}
    return play(clients=clients, adversaries=[{"behaviour": "free_rider", "nodes": ["client-0"], "how": how}])


def sent_by(run: Played, client: str) -> int:
    """Tasks of one client."""
    return sum(row["client"] == client for row in run.tables.of("task_sent"))


@pytest.mark.parametrize(("how", "paid"), [("never", 0), ("stale", 3)])
def test_where_payment_follows_the_answer_a_free_rider_is_served_for_nothing(how: str, paid: int) -> None:
    run = run_with(how, "deferred")
    assert run["unpaid_tasks"] == len(run.lies("client-0", "payment")) == sent_by(run, "client-0") - paid > 10
    assert run["tasks_unanswered"] == 0
    assert run["tasks_finalised"] == run["tasks_total"]


@pytest.mark.parametrize(("how", "paid"), [("never", 0), ("stale", 3)])
def test_where_a_voucher_goes_with_the_request_a_free_rider_is_refused(how: str, paid: int) -> None:
    run = run_with(how, "voucher")
    assert run["unpaid_tasks"] == 0
    assert run["tasks_unanswered"] == sent_by(run, "client-0") - paid > 10
    assert {row["reason"] for row in run.tables.of("task_failed")} == {"payment required"}
    assert {row["client"] for row in run.tables.of("task_failed")} == {"client-0"}


@pytest.mark.parametrize("payment", ["voucher", "deferred"])
def test_clients_that_pay_are_charged_exactly_for_what_they_got(payment: str) -> None:
    run = play(clients={"count": 4, "arrivals": "poisson 1/s", "payment": payment})
    charged: dict[str, int] = {}
    for row in run.tables.event("BatchPosted"):
        for client, amount in row["charges"]:
            charged[client] = charged.get(client, 0) + int(amount)
    fee = int(run.tables.of("task_sent")[0]["fee"])
    names = run.tables.names
    assert {names[client]: amount // fee for client, amount in charged.items()} == {
        f"client-{i}": sent_by(run, f"client-{i}") for i in range(4)
    }
    assert run["unpaid_tasks"] == 0


def pay(number: int, node: str = "inference-0") -> Pay:
    """The payment that is due for task so-and-so."""
    return Pay(node, Wei(FEE * number), Wei(FEE), task_id(number))


def test_who_never_pays_signs_nothing() -> None:
    course = past(attached(FreeRider(), "client-0"), pay(1), pay(2))
    assert course.result == [None, None]
    assert course.of(Pay) == []
    assert lies(course) == [("payment", task_id(1)), ("payment", task_id(2))]


def test_a_stale_voucher_is_the_first_one_again_for_each_node_by_itself() -> None:
    answers = {Pay: lambda effect: voucher(effect.cumulative, node=effect.node)}
    rider = attached(FreeRider(how="stale"), "client-0")
    course = past(rider, pay(1), pay(2), pay(2, "inference-1"), pay(3), answers=answers)
    assert [(p.node, p.cumulative) for p in course.of(Pay)] == [
        ("inference-0", FEE),
        ("inference-0", FEE),
        ("inference-1", 2 * FEE),
        ("inference-0", FEE),
    ]
    assert lies(course) == [("payment", task_id(2)), ("payment", task_id(3))]


def test_free_riders_do_not_share_what_they_signed() -> None:
    kind = FreeRider(how="stale")
    answers = {Pay: lambda effect: effect.cumulative}
    one, other = attached(kind, "client-0"), attached(kind, "client-1")
    past(one, pay(1), answers=answers)
    assert past(other, pay(5), answers=answers).result == [5 * FEE]
    assert past(one, pay(3), answers=answers).result == [FEE]
