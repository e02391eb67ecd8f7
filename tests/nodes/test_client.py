"""The client, driven by hand: asking, paying, checking signatures, and auditing claims."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chain.formats.claims import ClaimTree, opening
from chain.formats.signing import Domain, recover, voucher_digest
from chain.quantities import BatchId, TaskId, Wei
from chain.seam import Log
from nodes.client import Client, ClientHalf, ClientPolicy, Order, SignedAnswer
from nodes.effects import Note, Pay, Receive, Request, Send, Sleep, Spawn, Steps, Submit, Subscribe
from nodes.messages import (
    PAYMENT_REQUIRED,
    ClaimProof,
    ClaimQuery,
    InferenceAnswer,
    InferenceRequest,
    Refusal,
    Voucher,
    VoucherDelivery,
)
from nodes.models.tensors import tensor_hash
from nodes.records import TaskAnswered, TaskFailed, TaskSent
from tests.driving import (
    FEE,
    INPUT,
    MODEL,
    MODEL_HASH,
    MODELS,
    OUTPUT,
    PEOPLE,
    TASK,
    Course,
    always,
    any_claim,
    event,
    follow,
    inbox,
    mined,
    one_after_the_other,
    signed_answer,
    task_id,
    voucher,
    who,
)
from tests.stage import DOMAIN

POLICY = ClientPolicy(fee=FEE, timeout_s=10.0, pays_first=True, audits=False)
ANSWER = InferenceAnswer(TASK, OUTPUT, signed_answer(OUTPUT))


def client(**policy: Any) -> Client:
    """A client that follows the policy with these changes."""
    return Client(who("client-0"), PEOPLE, DOMAIN, MODELS, replace(POLICY, **policy), ())


def order(choice: float = 0.0, task: TaskId = TASK) -> Order:
    """What it is going to ask."""
    return Order(1.0, task, MODEL, INPUT, choice)


def pay(effect: Pay) -> Voucher:
    """Sign what is asked for."""
    return voucher(effect.cumulative, node=effect.node)


def ask(one: Client, answer: Any, choice: float = 0.0) -> Course:
    """Have a client ask, and a node answer."""
    return follow(one.ask(order(choice)), {Pay: pay, Request: always(answer)})


# -- asking ------------------------------------------------------------------------------------------------


def test_a_client_asks_each_order_when_it_is_due_without_waiting_for_the_one_before() -> None:
    one = client()
    one.orders = [Order(2.5, task_id(i), MODEL, INPUT, 0.0) for i in range(3)]
    course = follow(one.ask_on_schedule())
    assert [type(effect) for effect in course.effects] == [Sleep, Spawn] * 3
    assert [sleep.seconds for sleep in course.of(Sleep)] == [2.5] * 3


def test_a_request_carries_the_input_the_fee_and_a_voucher_that_covers_it() -> None:
    course = ask(client(), ANSWER)
    sent = course.one(Request)
    assert (sent.peer, sent.timeout_s) == ("inference-0", 10.0)
    request = sent.message
    assert isinstance(request, InferenceRequest)
    assert (request.task, request.model, request.fee) == (TASK, MODEL, FEE)
    assert request.value is INPUT
    assert request.voucher == voucher(FEE)


def test_a_correctly_signed_answer_ends_soft_latency() -> None:
    assert ask(client(), ANSWER).records == [
        TaskSent("client-0", TASK, "inference-0", MODEL, str(FEE)),
        TaskAnswered("client-0", TASK, "inference-0"),
    ]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "timeout"),
        (Refusal(TASK, "not active"), "not active"),
        (replace(ANSWER, signature=bytes(65)), "bad signature"),
        (replace(ANSWER, signature=b""), "bad signature"),
        (replace(ANSWER, signature=signed_answer(OUTPUT, node="inference-1")), "bad signature"),
        (replace(ANSWER, output=OUTPUT + 1), "bad signature"),
        (replace(ANSWER, signature=signed_answer(OUTPUT, task=task_id(9))), "bad signature"),
        (replace(ANSWER, signature=signed_answer(OUTPUT, value=INPUT + 1)), "bad signature"),
    ],
)
def test_anything_but_the_nodes_own_signature_under_this_very_answer_is_a_failure(answer: Any, reason: str) -> None:
    assert ask(client(), answer).records[1:] == [TaskFailed("client-0", TASK, "inference-0", reason)]


def test_a_signature_made_for_another_chain_does_not_count() -> None:
    one = client()
    one.domain = Domain(DOMAIN.chain_id + 1, DOMAIN.settlement)
    assert isinstance(ask(one, ANSWER).records[-1], TaskFailed)


# -- choosing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("draw", "name"), [(0.0, 0), (0.34, 1), (0.999999, 2)])
def test_the_draw_picks_among_all_nodes(draw: float, name: int) -> None:
    assert client().choose(draw).name == f"inference-{name}"


def test_jailed_nodes_are_left_out_until_they_are_released_and_asked_only_if_all_are_in() -> None:
    one = client()

    def hears(name: str, about: str) -> None:
        follow(one.run(), inbox(event(name, "Staking", node=who(about).address, until=0)))

    hears("Jailed", "inference-0")
    assert one.choose(0.0).name == "inference-1"
    hears("Jailed", "inference-1")
    hears("Jailed", "inference-2")
    assert one.choose(0.0).name == "inference-0"
    hears("Unjailed", "inference-2")
    assert one.choose(0.0).name == "inference-2"


def test_the_jailing_of_somebody_unknown_is_no_news() -> None:
    one = client()
    course = follow(one.run(), inbox(event("Jailed", "Staking", node="0x" + "99" * 20, until=0)))
    assert course.one(Subscribe).events == ("Jailed", "Unjailed", "Staked")
    assert len(course.of(Receive)) == 2
    assert one.jailed == set()


# -- paying ------------------------------------------------------------------------------------------------


def test_vouchers_add_up_for_each_node_by_itself() -> None:
    one = client()
    promised = [ask(one, ANSWER, choice).one(Pay) for choice in (0.0, 0.0, 0.5, 0.0)]
    assert [(p.node, p.cumulative) for p in promised] == [
        ("inference-0", FEE),
        ("inference-0", 2 * FEE),
        ("inference-1", FEE),
        ("inference-0", 3 * FEE),
    ]


@pytest.mark.parametrize("answer", [None, Refusal(TASK, "not active")])
def test_a_client_promises_nothing_more_for_what_it_did_not_get(answer: Any) -> None:
    one = client()
    assert [ask(one, answer).one(Pay).cumulative for _ in range(3)] == [FEE] * 3


def test_a_node_that_is_owed_more_than_the_client_remembers_is_promised_more_each_time() -> None:
    one = client()
    refusal = Refusal(TASK, PAYMENT_REQUIRED)
    assert [ask(one, refusal).one(Pay).cumulative for _ in range(3)] == [FEE, 2 * FEE, 3 * FEE]


def test_who_pays_after_the_answer_sends_the_voucher_then_and_only_for_a_good_answer() -> None:
    late = client(pays_first=False)
    course = ask(late, ANSWER)
    request = course.one(Request).message
    assert isinstance(request, InferenceRequest)
    assert request.voucher is None
    assert course.one(Send) == Send("inference-0", VoucherDelivery(TASK, voucher(FEE)))
    assert ask(late, replace(ANSWER, signature=bytes(65))).of(Pay) == []


def test_who_does_not_pay_sends_no_voucher() -> None:
    course = follow(client(pays_first=False).ask(order()), {Pay: always(None), Request: always(ANSWER)})
    assert course.of(Send) == []
    course = follow(client().ask(order()), {Pay: always(None), Request: always(ANSWER)})
    request = course.one(Request).message
    assert isinstance(request, InferenceRequest)
    assert request.voucher is None


def test_a_voucher_is_worth_something_to_its_node_alone() -> None:
    promise = pay(Pay("inference-1", Wei(3), Wei(FEE), TASK))
    digest = voucher_digest(DOMAIN, who("client-0").address, who("inference-1").address, Wei(3), Wei(FEE))
    assert recover(digest, promise.signature) == who("client-0").address


def test_a_voucher_names_the_least_that_an_inference_of_the_node_has_cost() -> None:
    one = client()
    fees = [Wei(3), Wei(5), Wei(2), Wei(4)]
    paid = [follow(one.pay(who("inference-0"), TASK, fee), {Pay: pay}).one(Pay) for fee in fees]
    assert [promise.price for promise in paid] == [3, 3, 2, 2]


# -- auditing ----------------------------------------------------------------------------------------------

SIGNED = SignedAnswer(TASK, MODEL_HASH, tensor_hash(INPUT), tensor_hash(OUTPUT), ANSWER.signature)
BATCH = BatchId("0x" + "bb" * 32)


def proof_of(**claimed: Any) -> ClaimProof:
    """A full node's answer: the claim on chain, alone in its batch."""
    claim = any_claim(**claimed)
    return ClaimProof(BATCH, claim, ClaimTree([claim]).proof(0))


def audit(found: Any, **policy: Any) -> Course:
    """Have a client audit an answer, and every full node say the same of its claim."""
    return follow(client(**policy).audit(SIGNED), {Request: always(found), Submit: mined})


def test_only_clients_that_audit_do() -> None:
    answers = {Pay: pay, Request: one_after_the_other(ANSWER, proof_of())}
    assert len(follow(client(audits=True).ask(order()), answers).of(Request)) == 2
    answers = {Pay: pay, Request: one_after_the_other(ANSWER, proof_of())}
    assert len(follow(client(audits=False).ask(order()), answers).of(Request)) == 1


def test_a_claim_that_says_what_the_answer_said_is_left_alone() -> None:
    course = audit(proof_of())
    assert course.ended
    assert course.calls == []


def test_a_claim_of_another_output_is_proved_an_equivocation_on_chain() -> None:
    found = proof_of(output=OUTPUT + 1)
    (call,) = audit(found).calls
    assert (call.sender, str(call)) == (who("client-0").address, "Settlement.proveEquivocation")
    assert call.args == (
        bytes.fromhex(BATCH[2:]),
        opening(found.claim, found.proof),
        tensor_hash(OUTPUT),
        ANSWER.signature,
    )


@pytest.mark.parametrize("claimed", [{"value": INPUT + 1}, {"model": bytes(32)}], ids=["input", "model"])
def test_a_claim_of_what_the_client_did_not_ask_proves_nothing(claimed: dict[str, Any]) -> None:
    course = audit(proof_of(**claimed, output=OUTPUT + 1))
    assert course.ended
    assert course.calls == []


def test_the_client_waits_before_each_attempt_and_asks_other_full_nodes_each_time() -> None:
    course = audit(Refusal(TASK, "unknown task"), audit_attempts=2, audit_breadth=2, audit_every_s=15.0)
    assert [type(effect) for effect in course.effects] == [Sleep, Request, Request] * 2
    assert all(request.message == ClaimQuery(TASK) for request in course.of(Request))
    first = int(TASK[2:10], 16)
    assert [request.peer for request in course.of(Request)] == [f"full-{(first + i) % 3}" for i in range(4)]
    assert course.calls == []


def test_one_full_node_that_knows_the_claim_is_enough() -> None:
    replies = one_after_the_other(None, Refusal(TASK, "unknown task"), proof_of(output=np.ones(3)))
    course = follow(client().audit(SIGNED), {Request: replies, Submit: mined})
    assert [str(call) for call in course.calls] == ["Settlement.proveEquivocation"]
    assert course.of(Note) == []


# -- its half of the strategy ------------------------------------------------------------------------------


class Watching(ClientHalf):
    """Watches for batches."""

    watches = ("BatchPosted",)

    def on_log(self, log: Log) -> Steps:
        """Say whose event it was."""
        yield Sleep(0.0)
        return self.client.me.name, log.event


def test_its_half_hears_the_events_that_it_watches_for() -> None:
    one = Client(who("client-0"), PEOPLE, DOMAIN, MODELS, POLICY, (), make_half=Watching)
    heard = (event("BatchPosted", node=who("inference-0").address), event("Jailed", node=who("inference-1").address))
    course = follow(one.run(), inbox(*heard))
    assert course.one(Subscribe).events == ("Jailed", "Unjailed", "Staked", "BatchPosted")
    assert [follow(spawn.steps).result for spawn in course.of(Spawn)[1:]] == [("client-0", "BatchPosted")]
    assert one.jailed == {"inference-1"}
