"""Hostile gateways, facilitators and blob stores: what each does is on record, and clients see what comes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodes.adversaries.behaviour import Behaviour
from nodes.adversaries.services.gateways import AnswerForger, NeverDelivers, Overbiller
from nodes.adversaries.services.payments import BlindVerifier, Diverter, DoubleSettler, NeverSettles, ShortSettler
from nodes.adversaries.services.records import HeartbeatReplayer
from nodes.enclave.signing import output_hash
from nodes.gateway.gateway import HEARTBEAT_S
from nodes.identity import FACILITATOR, GATEWAY
from nodes.payments import PaymentSettled, TextServed
from nodes.records import Cheated
from simnet.log.events import PaymentTransactionMined, TransactionMined
from tests.services import CAST, Network402


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network402]:
    made = Network402(tmp_path)
    yield made
    made.close()


def asked(net: Network402) -> dict[str, object]:
    """What one paid request is answered."""
    body: dict[str, object] = json.loads(net.chat(pays=net.payer().header(net.now)).answer.body)
    return body


@pytest.mark.parametrize("streamed", [False, True])
def test_an_overbiller_charges_for_tokens_that_it_did_not_serve(net: Network402, streamed: bool) -> None:
    asked(net)
    net.turn(GATEWAY, Overbiller(factor=3))
    net.chat(pays=net.payer("another").header(net.now), stream=streamed)
    honest, billed = net.of(TextServed)
    assert billed.tokens_out == 3 * honest.tokens_out
    assert int(billed.cost) > int(honest.cost)
    assert [one.act for one in net.of(Cheated)] == ["bill"]


@pytest.mark.parametrize("streamed", [False, True])
def test_what_is_never_delivered_is_charged(net: Network402, streamed: bool) -> None:
    net.turn(GATEWAY, NeverDelivers())
    caller = net.chat(pays=net.payer().header(net.now), stream=streamed)
    assert (caller.answer.status, [one.data for one in caller.chunks]) == (
        (200, [b"data: [DONE]\n\n"]) if streamed else (500, [])
    )
    net.wait(300)
    (settled,) = net.of(PaymentSettled)
    assert int(settled.amount) == int(net.of(TextServed)[0].cost) > 0
    assert [one.node for one in net.of(Cheated)] == [GATEWAY]


def test_a_forged_answer_does_not_match_what_the_enclave_signed(net: Network402) -> None:
    honest = asked(net)
    assert honest["tee_output_hash"] == output_hash("You said: Hello there").hex()
    net.turn(GATEWAY, AnswerForger())
    forged = json.loads(net.chat(pays=net.payer("another").header(net.now)).answer.body)
    assert forged["choices"] == honest["choices"]
    assert forged["tee_output_hash"] != honest["tee_output_hash"]


@pytest.mark.parametrize(
    ("behaviour", "share"), [(NeverSettles(), 0), (ShortSettler(share=0.25), 0.25), (ShortSettler(share=1.0), 1)]
)
def test_a_facilitator_says_that_it_collects_what_it_does_not(
    net: Network402, behaviour: Behaviour, share: float
) -> None:
    net.turn(FACILITATOR, behaviour)
    asked(net)
    net.wait(300)
    (said,) = net.of(PaymentSettled)
    assert said.status == "succeeded"
    assert net.owned_by(CAST.gateway.address) == int(said.amount) * share
    assert [one.subject for one in net.of(Cheated)] == [said.job]


@pytest.mark.parametrize(("behaviour", "got"), [(Diverter(), 0), (DoubleSettler(), 1)])
def test_who_diverts_a_payment_gets_nothing_and_who_collects_twice_gets_it_once(
    net: Network402, behaviour: Behaviour, got: int
) -> None:
    net.turn(FACILITATOR, behaviour)
    asked(net)
    net.wait(300)
    (said,) = net.of(PaymentSettled)
    assert said.status == "succeeded"
    assert net.owned_by(CAST.facilitator.address) == 0
    assert net.owned_by(CAST.gateway.address) == int(said.amount) * got
    tried = [one for one in net.of(PaymentTransactionMined) if one.function == "settle"]
    assert [bool(one.revert) for one in tried] == [True] * (1 - got) + [False, True] * got


def test_a_blind_facilitator_finds_a_forged_signature_good(net: Network402) -> None:
    poor = net.payer("poor", 0, 0)
    assert net.chat(pays=poor.header(net.now)).answer.status == 402
    net.turn(FACILITATOR, BlindVerifier())
    assert net.chat(pays=poor.header(net.now)).answer.status == 200


def test_a_heartbeat_is_replayed_as_long_as_the_registry_takes_it(net: Network402) -> None:
    net.turn(FACILITATOR, HeartbeatReplayer.model_validate({"every": "500 s"}))
    net.wait(HEARTBEAT_S + 5)
    net.engine.hosts[GATEWAY].crash()
    net.wait(4_000)
    beats = [one for one in net.of(TransactionMined) if one.function == "heartbeat"]
    assert [one.revert for one in beats] == ["", "", "", "HeartbeatTimestampTooOld()"]
    assert len(net.of(Cheated)) == 2
