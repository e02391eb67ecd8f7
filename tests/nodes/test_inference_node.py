"""The inference node, driven by hand: vouchers, answers, batches, jail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chain.formats.claims import ClaimTree, batch_id, batch_name
from chain.formats.signing import answer_digest, recover
from chain.quantities import NO_DEADLINE, BatchId, Gas, Wei
from chain.seam import Log, Receipt, Revert
from nodes.effects import ChainTime, Execute, Note, Purpose, Read, Reply, Sleep, Spawn, Steps, Submit, Subscribe
from nodes.identity import Role
from nodes.inference import FOLLOWED, POST_GAS, VOUCHER_GAS, InferenceNode, InferencePolicy, PosterHalf
from nodes.messages import (
    ESCROW_EMPTY,
    PAYMENT_REQUIRED,
    BatchData,
    BatchQuery,
    Envelope,
    InferenceAnswer,
    InferenceRequest,
    Refusal,
    Voucher,
    VoucherDelivery,
)
from nodes.models.tensors import tensor_hash
from nodes.records import BatchBuilt, ClaimMade
from tests.driving import (
    FEE,
    INPUT,
    MODEL,
    MODEL_HASH,
    MODELS,
    OUTPUT,
    PEOPLE,
    TASK,
    Answers,
    Course,
    always,
    asking,
    assert_alike,
    event,
    execution,
    follow,
    from_client,
    inbox,
    mined,
    one_after_the_other,
    refused,
    signing_as,
    task_id,
    voucher,
    who,
)
from tests.stage import DOMAIN

GENESIS = 1_000
ME = who("inference-0")

KEPT_S = 128.0


def node(demands_voucher: bool = True, batch_size: int = 16) -> InferenceNode:
    """A fresh inference node."""
    return InferenceNode(ME, PEOPLE, DOMAIN, MODELS, GENESIS, InferencePolicy(5.0, batch_size, demands_voucher, KEPT_S))


def serve(
    one: InferenceNode, envelope: Envelope, receipt: Callable[[Submit], Any] = mined, escrow: int = 10**24
) -> Course:
    """Have it serve a request, at second 7, of a client with so much in escrow and nothing charged."""
    assert isinstance(envelope.message, InferenceRequest)
    answers = {**signing_as(ME.name), Execute: always(execution()), ChainTime: always(GENESIS + 7.9), Submit: receipt}
    answers[Read] = owning(escrow)
    return follow(one.serve(envelope, envelope.message), answers)


def owning(escrow: int = 10**24) -> Callable[[Read], int]:
    """What the chain says of a client with so much in escrow and nothing charged."""
    return lambda effect: escrow if effect.function == "escrowOf" else 0


def ask(number: int, paid: int | None = None, client: str = "client-0") -> Envelope:
    """Request number so-and-so of a client, paid for with all before it."""
    promise = voucher(FEE * (paid or number), client)
    return asking(promise, task_id(number))._replace(sender=client)


# -- answering ---------------------------------------------------------------------------------------------


def test_a_paid_request_is_executed_signed_answered_and_claimed() -> None:
    one = node()
    course = serve(one, asking(voucher(FEE)))
    assert_alike(course.one(Execute), Execute(MODEL, INPUT, Purpose.ANSWER, TASK))
    (answer,) = course.said
    assert isinstance(answer, InferenceAnswer)
    digest = answer_digest(DOMAIN, bytes.fromhex(TASK[2:]), MODEL_HASH, tensor_hash(INPUT), tensor_hash(OUTPUT))
    assert recover(digest, answer.signature) == ME.address
    assert course.records == [ClaimMade(ME.name, TASK, MODEL, "0x" + tensor_hash(OUTPUT).hex())]
    assert [a.answered_at for a in one.open_batch] == [GENESIS + 7]


@pytest.mark.parametrize(
    "promise",
    [
        None,
        voucher(FEE - 1),
        voucher(FEE, signer="client-1"),
        voucher(FEE, node="inference-1"),
        replace(voucher(FEE), cumulative=Wei(2 * FEE)),
        voucher(FEE, price=FEE + 1),
        replace(voucher(FEE), signature=b"\0" * 65),
    ],
    ids=["none", "too little", "forged", "for another node", "inflated", "above its price", "no signature"],
)
def test_a_request_that_no_voucher_covers_is_refused_before_any_work(promise: Voucher | None) -> None:
    one = node()
    course = serve(one, asking(promise))
    assert course.said == [Refusal(TASK, PAYMENT_REQUIRED)]
    assert course.of(Execute) == []
    assert one.open_batch == []


def test_a_task_is_taken_once_whoever_asks_again_so_that_two_answers_never_frame_the_node() -> None:
    one = node()
    serve(one, ask(1))
    for client in ("client-0", "client-1"):
        course = serve(one, ask(1, paid=2, client=client))
        assert course.said == [Refusal(task_id(1), "task taken")]
        assert course.of(Execute) == []
    assert len(one.open_batch) == 1


class Hesitant(PosterHalf):
    """Waits before it takes a request on, and has something against every second one."""

    def precheck(self, request: InferenceRequest) -> Steps:
        """Wait a second."""
        yield Sleep(1.0)
        return "not now" if request.task == task_id(2) else ""


def serving(one: InferenceNode, envelope: Envelope, value: np.ndarray = INPUT) -> Steps:
    """The steps in which it serves a request, with another input if given."""
    assert isinstance(envelope.message, InferenceRequest)
    return one.serve(envelope, replace(envelope.message, value=value))


def test_a_client_that_asks_one_task_with_two_inputs_at_once_gets_one_answer() -> None:
    one = replace(node(), make_half=Hesitant)
    waiting = serving(one, ask(1, paid=2))
    assert next(waiting) == Sleep(1.0)
    assert follow(serving(one, ask(1, paid=2), INPUT + 1), {}).said == [Refusal(task_id(1), "task taken")]
    answers = {**signing_as(ME.name), Execute: always(execution()), ChainTime: always(GENESIS), Submit: mined}
    assert isinstance(follow(waiting, {**answers, Read: owning()}).said[0], InferenceAnswer)


def test_what_is_refused_after_all_is_neither_owed_nor_taken() -> None:
    one = replace(node(), make_half=Hesitant)
    assert serve(one, ask(2)).said == [Refusal(task_id(2), "not now")]
    assert follow(serving(one, ask(3)), {Execute: always(None), Read: owning()}).said == [
        Refusal(task_id(3), "bad input")
    ]
    assert (len(one.taken), one.account("client-0").owed, one.open_batch) == (0, 0, [])


def test_a_node_that_is_paid_afterwards_serves_without_a_voucher() -> None:
    assert isinstance(serve(node(demands_voucher=False), asking(None)).said[0], InferenceAnswer)


def test_each_answer_must_be_covered_on_top_of_those_before() -> None:
    one = node()
    first, again = serve(one, ask(1)), serve(one, ask(2, paid=1))
    assert isinstance(first.said[0], InferenceAnswer)
    assert again.said == [Refusal(task_id(2), PAYMENT_REQUIRED)]
    assert isinstance(serve(one, ask(3, paid=2)).said[0], InferenceAnswer)


def test_an_answer_that_waits_for_its_batch_keeps_no_voucher_of_its_own() -> None:
    one = node()
    serve(one, ask(1))
    assert [answered.request.voucher for answered in one.open_batch] == [None]
    assert one.account("client-0").voucher is not None


def test_a_higher_voucher_is_kept_and_a_lower_or_forged_one_is_not() -> None:
    one = node()
    book = one.account("client-0")
    book.price = FEE
    one.accept_voucher(book, voucher(30))
    for worse in (voucher(20), voucher(30), voucher(50, signer="client-1"), voucher(50, price=FEE + 1)):
        one.accept_voucher(book, worse)
    assert book.voucher == voucher(30)
    one.accept_voucher(book, voucher(31))
    assert book.covered == 31


def test_a_client_is_served_as_far_as_its_escrow_goes_should_it_owe_every_other_node_as_much() -> None:
    one = node()
    enough = 2 * FEE * len(PEOPLE.of(Role.INFERENCE))
    assert isinstance(serve(one, ask(1), escrow=enough).said[0], InferenceAnswer)
    course = serve(one, ask(2), escrow=enough - 1)
    assert course.said == [Refusal(task_id(2), ESCROW_EMPTY)]
    assert course.of(Execute) == []
    assert isinstance(serve(one, ask(3), escrow=enough).said[0], InferenceAnswer)


def test_the_escrow_is_looked_at_again_when_half_of_what_was_left_is_used_up() -> None:
    one = node()
    escrow = 5 * FEE * len(PEOPLE.of(Role.INFERENCE))
    looks = [bool(serve(one, ask(number), escrow=escrow).of(Read)) for number in range(1, 6)]
    assert looks == [True, False, False, True, True]


def test_a_client_whose_escrow_falls_short_is_served_again_when_it_pays_in() -> None:
    one = node()
    client = who("client-0").address
    short = event("Underfunded", client=client, node=ME.address, missing=1)
    elsewhere = event("Underfunded", client=client, node=who("inference-1").address, missing=1)
    follow(one.run(), inbox(elsewhere))
    assert isinstance(serve(one, ask(1)).said[0], InferenceAnswer)
    follow(one.run(), inbox(short))
    course = serve(one, ask(2))
    assert course.said == [Refusal(task_id(2), ESCROW_EMPTY)]
    assert course.of(Execute) == []
    assert isinstance(serve(one, ask(3, paid=1, client="client-1")).said[0], InferenceAnswer)
    follow(one.run(), inbox(event("Deposited", client=client, amount=5)))
    assert isinstance(serve(one, ask(2)).said[0], InferenceAnswer)


def test_a_voucher_that_follows_the_answer_is_credited_to_its_client() -> None:
    one = node(demands_voucher=False)
    one.account("client-0").price = FEE
    follow(one.run(), inbox(from_client(VoucherDelivery(TASK, voucher(FEE)), request=0)))
    assert one.account("client-0").voucher == voucher(FEE)


def test_requests_are_served_side_by_side() -> None:
    course = follow(node().run(), inbox(ask(1), ask(2)))
    assert len(course.of(Spawn)) == 5  # the strategy's half, the schedule, what is open, and one for each request


# -- its half of the strategy ------------------------------------------------------------------------------


class Watching(PosterHalf):
    """Watches for challenges, and hashes of outputs are all that it shows."""

    watches = ("Challenged",)
    shows_outputs = False

    def on_log(self, log: Log) -> Steps:
        """Say whose event it was."""
        yield Sleep(0.0)
        return self.node.me.name, log.event


def test_its_half_hears_the_events_that_it_watches_for_whoever_they_concern() -> None:
    one = replace(node(), make_half=Watching)
    heard = (event("Challenged", "Optimistic", batch=bytes(32)), event("Jailed", node=who("full-0").address, until=0))
    course = follow(one.run(), inbox(*heard))
    assert course.one(Subscribe).events == (*FOLLOWED, "Challenged")
    assert [follow(spawn.steps).result for spawn in course.of(Spawn)[3:]] == [("inference-0", "Challenged")]
    assert not one.inactive


def test_it_shows_what_its_half_lets_it_show() -> None:
    one = replace(node(batch_size=1), make_half=Watching)
    serve(one, ask(1))
    (posting,) = one.posted.values()
    assert (len(posting.data.inputs), posting.data.outputs) == (1, ())


# -- batches -----------------------------------------------------------------------------------------------


def test_a_full_batch_is_posted_at_once_with_one_voucher_a_client() -> None:
    one = node(batch_size=3)
    course = serve(one, ask(1))
    assert course.calls == []
    serve(one, ask(7, paid=1, client="client-1"))
    course = serve(one, ask(2))
    (call,) = course.calls
    root, count, vouchers, post_by = call.args
    assert (str(call), count, post_by) == ("Settlement.postBatch", 3, NO_DEADLINE)
    assert vouchers == tuple(
        (who(name).address, amount, FEE, voucher(amount, name).signature)
        for name, amount in (("client-0", 2 * FEE), ("client-1", FEE))
    )
    assert call.gas_limit == POST_GAS + 2 * VOUCHER_GAS
    name = batch_name(batch_id(ME.address, root))
    assert course.records[-1] == BatchBuilt(ME.name, name, [task_id(1), task_id(7), task_id(2)])
    assert one.open_batch == []


def test_the_root_is_that_of_the_claims_the_node_shows_to_who_asks() -> None:
    one = node(batch_size=2)
    serve(one, ask(1))
    (call,) = serve(one, ask(2)).calls
    name = batch_name(batch_id(ME.address, call.args[0]))
    asked = Envelope("full-0", BatchQuery(name), 5)
    (data,) = follow(one.run(), inbox(asked)).said
    assert isinstance(data, BatchData)
    assert ClaimTree(data.claims).root == call.args[0]
    assert [claim.index for claim in data.claims] == [0, 1]
    assert [tensor_hash(value) for value in data.inputs] == [claim.input_hash for claim in data.claims]
    assert [tensor_hash(output) for output in data.outputs] == [claim.output_hash for claim in data.claims]


def test_the_schedule_posts_what_there_is_and_nothing_when_there_is_nothing() -> None:
    one = node()
    serve(one, ask(1))
    course = follow(one.post_on_schedule(), {Sleep: one_after_the_other(None, None)})
    assert [sleep.seconds for sleep in course.of(Sleep)] == [5.0] * 3
    (posting, _) = course.of(Spawn)
    assert [str(call) for call in follow(posting.steps, {Submit: mined}).calls] == ["Settlement.postBatch"]
    assert follow(one.post()).effects == []


def test_claims_of_a_batch_that_reverts_are_kept_in_order_for_the_next() -> None:
    one = node(batch_size=2)
    serve(one, ask(1))
    course = serve(one, ask(2), receipt=refused)
    failed = course.one(Submit).subject
    assert one.posted == {}
    assert [a.request.task for a in one.open_batch] == [task_id(1), task_id(2)]
    follow(one.post(), {Submit: mined})
    assert list(one.posted) == [failed]
    assert one.open_batch == []


def reverting(error: str) -> Callable[[Submit], Receipt]:
    """Every transaction reverts with this error."""
    return lambda effect: Receipt(effect.call, Gas(1), (), Revert(error, {}))


def test_a_node_that_the_chain_calls_inactive_stops_answering() -> None:
    one = node(batch_size=1)
    serve(one, ask(1), receipt=reverting("NotActiveInferenceNode"))
    assert serve(one, ask(2)).said == [Refusal(task_id(2), "not active")]


def test_an_endpoint_that_refuses_a_post_is_no_reason_to_stop() -> None:
    one = node(batch_size=1)
    serve(one, ask(1), receipt=reverting("RpcFailed"))
    assert isinstance(serve(one, ask(2)).said[0], InferenceAnswer)


def test_a_batch_that_is_on_chain_already_counts_as_posted() -> None:
    one = node(batch_size=1)
    course = serve(one, ask(1), receipt=reverting("BatchExists"))
    assert list(one.posted) == [course.one(Submit).subject]
    assert one.open_batch == []


def test_a_batch_never_holds_more_than_its_size_however_many_claims_were_kept() -> None:
    one = node(batch_size=2)
    for number in range(1, 6):
        serve(one, ask(number), receipt=refused)
        one.inactive = False
    assert len(one.open_batch) == 5
    (call,) = follow(one.post(), {Submit: mined}).calls
    assert call.args[1] == 2
    assert [a.request.task for a in one.open_batch] == [task_id(3), task_id(4), task_id(5)]


def asked_for(one: InferenceNode, name: str) -> Any:
    """What it replies to who asks for a batch."""
    (reply,) = follow(one.run(), inbox(Envelope("full-0", BatchQuery(BatchId(name)), 5))).said
    return reply


def hear_final(one: InferenceNode, name: str, at_s: float, by: str = ME.name) -> list[Steps]:
    """Have it hear, at that second, that a batch is final; what it does because of that."""
    log = event("BatchFinal", node=who(by).address, batch=bytes.fromhex(name[2:]))
    started = follow(one.run(), {**inbox(log), ChainTime: always(GENESIS + at_s)}).of(Spawn)
    return [spawn.steps for spawn in started[3:]]  # after what every life begins with


def test_a_batch_is_forgotten_once_no_reorg_can_open_it_again() -> None:
    one = node(batch_size=1)
    first, second = (serve(one, ask(number)).one(Submit).subject for number in (1, 2))
    assert isinstance(asked_for(one, "0x" + "00" * 32), Refusal)
    assert hear_final(one, first, 20, by="inference-1") == []
    (forgetting,) = hear_final(one, first, 20)
    assert next(forgetting) == Sleep(KEPT_S)
    assert isinstance(asked_for(one, first), BatchData)
    follow(forgetting)
    assert isinstance(asked_for(one, first), Refusal)
    assert isinstance(asked_for(one, second), BatchData)


def test_a_batch_that_a_reorg_has_opened_again_is_kept_until_it_has_been_final_for_long() -> None:
    one = node(batch_size=1)
    batch = serve(one, ask(1)).one(Submit).subject
    (before,) = hear_final(one, batch, 20)
    one.posted[batch].final_at = None
    (after,) = hear_final(one, batch, 30)
    follow(before)
    assert isinstance(asked_for(one, batch), BatchData)
    follow(after)
    assert isinstance(asked_for(one, batch), Refusal)


# -- after a crash or a reorg ------------------------------------------------------------------------------


class Posted(PosterHalf):
    """Says which batches it is told of."""

    def on_posted(self, data: BatchData) -> Steps:
        """Say which."""
        yield Sleep(0.0)
        return data.batch


def restarted(one: InferenceNode, status: int, jailed_until: int = 0) -> Course:
    """A node that starts anew with the disk of `one`, whose batches have that status on chain, taking up its duties."""
    reads = {"isActive": not jailed_until, "jailedUntil": jailed_until, "batchOf": (ME.address, GENESIS, 1, status)}
    answers: Answers = {Read: lambda effect: reads[effect.function], Submit: mined, ChainTime: always(GENESIS)}
    return follow(replace(node(batch_size=1), disk=one.disk, make_half=Posted).take_up(), answers)


def test_a_node_that_starts_anew_shows_what_it_posted_and_takes_no_task_twice() -> None:
    one = node(batch_size=1)
    name = serve(one, ask(1)).one(Submit).subject
    anew = replace(node(batch_size=1), disk=one.disk)
    assert isinstance(asked_for(anew, name), BatchData)
    assert serve(anew, ask(1, paid=2)).said == [Refusal(task_id(1), "task taken")]


def test_it_posts_what_it_had_answered_before_the_crash() -> None:
    one = node()
    serve(one, ask(1))
    anew = replace(node(), disk=one.disk)
    assert [call.args[1] for call in follow(anew.post(), {Submit: mined}).calls] == [1]


def test_it_sends_again_what_the_chain_does_not_have_and_goes_on_with_what_is_open() -> None:
    one = node(batch_size=1)
    serve(one, ask(1))
    (name,) = one.posted
    unposted, open_one, closed = (restarted(one, status) for status in (0, 1, 2))
    (again,) = unposted.of(Spawn)
    assert [str(call) for call in follow(again.steps, {Submit: mined}).calls] == ["Settlement.postBatch"]
    (goes_on,) = open_one.of(Spawn)
    assert follow(goes_on.steps).result == name
    (forgetting,) = closed.of(Spawn)
    assert one.posted[name].final_at == GENESIS
    follow(forgetting.steps)
    assert one.posted == {}


def test_it_serves_the_rest_of_its_sentence() -> None:
    one = node(batch_size=1)
    serve(one, ask(1))
    leaving, _ = restarted(one, 1, jailed_until=GENESIS + 60).of(Spawn)
    assert [str(call) for call in follow(leaving.steps, {ChainTime: always(GENESIS), Submit: mined}).calls] == [
        "Staking.unjail"
    ]


def test_a_node_that_has_never_answered_has_nothing_to_take_up() -> None:
    assert follow(node().take_up()).effects == []


# -- jail --------------------------------------------------------------------------------------------------


def jailed(one: InferenceNode, until: int) -> Course:
    """Tell it that it is in jail."""
    return follow(one.run(), inbox(event("Jailed", "Staking", node=ME.address, until=until)))


def test_a_jailed_node_refuses_and_posts_nothing_until_it_is_out() -> None:
    one = node()
    serve(one, ask(1))
    jailed(one, until=GENESIS + 60)
    assert serve(one, ask(2)).said == [Refusal(task_id(2), "not active")]
    assert follow(one.post_on_schedule(), {Sleep: one_after_the_other(None)}).of(Spawn) == []
    follow(one.run(), inbox(event("Unjailed", "Staking", node=ME.address)))
    assert isinstance(serve(one, ask(3)).said[0], InferenceAnswer)


def test_it_asks_to_be_let_out_a_second_after_its_sentence() -> None:
    leaving = jailed(node(), until=GENESIS + 60).of(Spawn)[-1]
    course = follow(leaving.steps, {ChainTime: always(GENESIS + 20.5), Submit: mined})
    assert course.one(Sleep).seconds == 40.5
    assert [(call.sender, str(call)) for call in course.calls] == [(ME.address, "Staking.unjail")]


def test_the_jailing_of_another_is_none_of_its_business() -> None:
    one = node()
    course = follow(one.run(), inbox(event("Jailed", "Staking", node=who("inference-1").address, until=0)))
    assert course.one(Subscribe).events == FOLLOWED
    assert not one.inactive


def test_a_refused_request_costs_its_client_nothing() -> None:
    one = node()
    jailed(one, until=GENESIS + 60)
    serve(one, ask(1))
    assert one.account("client-0").owed == 0


def test_the_answer_does_not_wait_for_the_chain() -> None:
    course = serve(node(batch_size=1), ask(1))
    kinds = [type(effect) for effect in course.effects]
    assert kinds.index(Reply) < kinds.index(Submit)
    assert kinds.index(Reply) < kinds.index(Note)
    assert np.array_equal(course.said[0].output, OUTPUT)  # type: ignore[union-attr]
