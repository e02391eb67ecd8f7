"""Paying by channel: a deposit, vouchers, claims, payouts, refunds, and every voucher that is not good."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chain.formats.channels import WITHDRAW_DELAY_S_MIN, VoucherClaim, voucher_digest
from chain.formats.signing import Key
from chain.quantities import OPG, Hash32
from chain.seam import Call
from nodes import x402_channels as wire
from nodes.gateway.channels import ChannelTerms
from nodes.gateway.terms import Terms
from nodes.http import HttpResponse
from nodes.payments import ChannelMoved, ServedUnpaid, TextServed
from nodes.x402 import REQUIRED_HEADER, RESPONSE_HEADER, as_header
from tests.services import CAST, Caller, ChannelPayer, Network402

MOST = ChannelTerms().amount
FUNDS = 5 * MOST
LONG = [{"role": "user", "content": "word " * 200}]


def channels(path: Path, **terms: Any) -> Network402:
    return Network402(path, Terms(channels=ChannelTerms(**terms)))


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network402]:
    made = channels(tmp_path)
    yield made
    made.close()


def reason_of(answer: HttpResponse) -> str:
    """Why a request was not answered."""
    assert answer.status == 402
    if RESPONSE_HEADER in answer.headers:
        return str(json.loads(base64.b64decode(answer.headers[RESPONSE_HEADER]))["errorReason"])
    return str(json.loads(base64.b64decode(answer.headers[REQUIRED_HEADER]))["error"])


def opened(net: Network402, name: str = "payer") -> ChannelPayer:
    """A client that has paid for one answer."""
    payer = net.channel_payer(name)
    answer = net.chat(pays=payer.deposit(FUNDS, net.now)).answer
    assert answer.status == 200, reason_of(answer)
    payer.hear(answer)
    return payer


def ask(net: Network402, payer: ChannelPayer, **body: Any) -> Caller:
    """Another answer, paid by voucher."""
    caller = net.chat(pays=payer.voucher(), **body)
    payer.hear(caller.answer)
    return caller


def worth(net: Network402) -> int:
    return sum(int(served.cost) for served in net.of(TextServed))


def send(net: Network402, key: Key, function: str, *args: Any) -> None:
    """A transaction of somebody's own, by the mempool."""
    net.submit(key, "X402BatchSettlement", function, *args)
    net.wait(2)


def test_what_is_used_is_claimed_and_paid_out_to_the_wei(net: Network402) -> None:
    payer = opened(net)
    for _ in range(3):
        ask(net, payer)
    assert payer.charged == worth(net) > 0
    assert net.owned_by(payer.key.address) == 10 * OPG - FUNDS
    net.wait(200)
    assert net.owned_by(CAST.gateway.address) == worth(net)
    assert [moved.function for moved in net.of(ChannelMoved)] == ["deposit", "claimWithSignature", "settle"]
    ask(net, payer)
    net.wait(200)
    assert net.owned_by(CAST.gateway.address) == worth(net)


def test_a_deposit_can_be_topped_up(net: Network402) -> None:
    payer = opened(net)
    answer = net.chat(pays=payer.deposit(MOST, net.now)).answer
    payer.hear(answer)
    assert (payer.balance, payer.charged) == (FUNDS + MOST, worth(net))


def test_a_refund_gives_back_what_is_not_charged(net: Network402) -> None:
    payer = opened(net)
    ask(net, payer)
    signed = {"amount": str(MOST)}
    last = payer.header(wire.REFUND, signed)
    answer = net.chat(pays=last, wait_s=10).answer
    assert (answer.status, answer.json()["message"]) == (200, "Refund acknowledged")
    payer.hear(answer)
    assert net.owned_by(payer.key.address) == 10 * OPG - FUNDS + MOST
    everything = net.chat(pays=payer.header(wire.REFUND), wait_s=10).answer
    assert everything.status == 200
    net.wait(300)
    assert net.owned_by(CAST.gateway.address) == worth(net)
    assert net.owned_by(payer.key.address) == 10 * OPG - worth(net)


def test_no_more_is_refunded_than_is_left(net: Network402) -> None:
    payer = opened(net)
    left = payer.balance - payer.charged
    too_much = payer.header(wire.REFUND, {"amount": str(left + 1)})
    assert reason_of(net.chat(pays=too_much).answer) == wire.NOTHING_LEFT
    assert reason_of(net.chat(pays=payer.header(wire.REFUND, {"amount": "0"})).answer) == wire.REFUND_AMOUNT
    assert net.chat(pays=payer.header(wire.REFUND, {"amount": str(left)}), wait_s=10).answer.status == 200


@pytest.mark.parametrize(
    ("off", "reason"),
    [(-1, wire.MISMATCH), (0, ""), (1, wire.MISMATCH)],
)
def test_a_voucher_covers_what_was_charged_and_the_next_answer(net: Network402, off: int, reason: str) -> None:
    payer = opened(net)
    answer = net.chat(pays=payer.voucher(payer.charged + MOST + off)).answer
    assert (reason_of(answer) if answer.status == 402 else "") == reason


def test_a_voucher_is_good_for_one_answer(net: Network402) -> None:
    payer = opened(net)
    header = payer.voucher()
    assert net.chat(pays=header).answer.status == 200
    refused = net.chat(pays=header).answer
    assert reason_of(refused) == wire.MISMATCH
    (offer,) = (
        one
        for one in json.loads(base64.b64decode(refused.headers[REQUIRED_HEADER]))["accepts"]
        if one["scheme"] == wire.BATCH_SETTLEMENT_SCHEME
    )
    said = offer["extra"]["channelState"]
    assert int(said["chargedCumulativeAmount"]) == worth(net)
    assert offer["extra"]["voucherState"]["signature"].startswith("0x")
    net.wait(200)
    assert net.owned_by(CAST.gateway.address) == worth(net)


def test_no_more_is_promised_than_was_deposited(net: Network402) -> None:
    payer = net.channel_payer()
    payer.hear(net.chat(pays=payer.deposit(MOST, net.now)).answer)
    assert reason_of(net.chat(pays=payer.voucher()).answer) == wire.OVER_BALANCE
    assert reason_of(net.chat(pays=net.channel_payer("two").deposit(MOST - 1, net.now)).answer) == wire.OVER_BALANCE


def test_a_voucher_of_somebody_else_is_worth_nothing(net: Network402) -> None:
    payer, other = opened(net), net.channel_payer("other")
    stolen = ChannelPayer(other.key, payer.required, payer.charged)
    assert reason_of(net.chat(pays=stolen.voucher(payer=payer.key.address)).answer) != ""
    id = payer.id
    forged = json.loads(base64.b64decode(payer.voucher()))
    promised = payer.charged + MOST
    signature = other.key.sign(voucher_digest(8453, id, promised))  # type: ignore[arg-type]
    forged["payload"]["voucher"] = wire.voucher_json(id, promised, signature)  # type: ignore[arg-type]
    assert reason_of(net.chat(pays=as_header(forged)).answer) == wire.SIGNATURE


def test_a_voucher_of_another_chain_is_worth_nothing(net: Network402) -> None:
    payer = opened(net)
    sent = json.loads(base64.b64decode(payer.voucher()))
    promised = payer.charged + MOST
    abroad = payer.key.sign(voucher_digest(84532, payer.id, promised))  # type: ignore[arg-type]
    sent["payload"]["voucher"]["signature"] = "0x" + abroad.hex()
    assert reason_of(net.chat(pays=as_header(sent)).answer) == wire.SIGNATURE
    elsewhere = {**sent, "accepted": {**sent["accepted"], "network": "eip155:84532"}}
    stranger = net.channel_payer("stranger")
    first = json.loads(base64.b64decode(stranger.deposit(FUNDS, net.now)))
    first["accepted"] = elsewhere["accepted"]
    assert reason_of(net.chat(pays=as_header(first)).answer) == wire.NETWORK


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"receiver": CAST.relayer.address}, wire.RECEIVER),
        ({"receiver_authorizer": CAST.relayer.address}, wire.AUTHORIZER),
        ({"token": CAST.relayer.address}, wire.TOKEN),
        ({"withdraw_delay_s": WITHDRAW_DELAY_S_MIN + 1}, wire.DELAY),
        ({"salt": Hash32(b"\1" * 32)}, wire.NO_CHANNEL),
    ],
)
def test_a_channel_must_be_as_it_is_demanded(net: Network402, change: dict[str, Any], reason: str) -> None:
    payer = opened(net)
    payer.charged = 0  # type: ignore[assignment]
    assert reason_of(net.chat(pays=payer.voucher(**change)).answer) == reason


def test_a_voucher_for_another_channels_id_is_refused(net: Network402) -> None:
    payer = opened(net)
    sent = json.loads(base64.b64decode(payer.voucher()))
    sent["payload"]["channelConfig"]["salt"] = "0x" + "05" * 32
    assert reason_of(net.chat(pays=as_header(sent)).answer) == wire.CHANNEL_ID


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"owner": CAST.relayer.address}, wire.PERMIT_SIGNATURE),
        ({"spender": CAST.relayer.address}, wire.PERMIT_SPENDER),
        ({"channel": Hash32(b"\1" * 32)}, wire.CHANNEL_ID),
        ({"token": CAST.relayer.address}, wire.TOKEN),
        ({"deadline": 1_000_000_000}, wire.PERMIT_EXPIRED),
    ],
)
def test_a_deposit_must_be_signed_for_its_channel(net: Network402, changes: dict[str, Any], reason: str) -> None:
    assert reason_of(net.chat(pays=net.channel_payer().deposit(FUNDS, net.now, **changes)).answer) == reason


@pytest.mark.parametrize(
    ("owns", "approves", "reason"),
    [(FUNDS - 1, FUNDS, wire.NO_MONEY), (FUNDS, FUNDS - 1, wire.NO_LEAVE), (FUNDS, FUNDS, "")],
)
def test_a_deposit_must_be_covered(net: Network402, owns: int, approves: int, reason: str) -> None:
    payer = net.channel_payer("poor", owns, approves)
    answer = net.chat(pays=payer.deposit(FUNDS, net.now)).answer
    assert (reason_of(answer) if answer.status == 402 else "") == reason


def test_one_deposit_funds_a_channel_once(net: Network402) -> None:
    payer = net.channel_payer()
    header = payer.deposit(FUNDS, net.now)
    payer.hear(net.chat(pays=header).answer)
    assert reason_of(net.chat(pays=header).answer) == wire.MISMATCH
    assert net.owned_by(payer.key.address) == 10 * OPG - FUNDS


def test_two_requests_at_once_do_not_share_a_voucher(net: Network402) -> None:
    payer = opened(net)
    header = payer.voucher()
    slow = net.chat(pays=header, stream=True, wait_s=0.05, messages=LONG)
    assert reason_of(net.chat(pays=header).answer) == wire.BUSY
    assert slow.chunks[-1].is_last


def test_a_stream_says_at_its_end_what_it_cost(net: Network402) -> None:
    payer = opened(net)
    streamed = net.chat(pays=payer.voucher(), stream=True)
    events = b"".join(chunk.data for chunk in streamed.chunks).decode().split("\n\n")
    (told,) = (event for event in events if event.startswith("event: x402-settlement"))
    said = json.loads(told.partition("data: ")[2])
    extra = json.loads(base64.b64decode(said["paymentResponse"]))["extra"]
    assert int(extra["channelState"]["chargedCumulativeAmount"]) == worth(net)
    assert events[-2] == "data: [DONE]"


@pytest.mark.parametrize("charges", [False, True])
def test_who_leaves_a_stream_pays_if_the_terms_say_so(tmp_path: Path, charges: bool) -> None:
    net = channels(tmp_path, charges_hung_up=charges)
    payer = opened(net)
    caller = net.chat(pays=payer.voucher(), stream=True, wait_s=0.05, messages=LONG)
    net.hang_up(caller)
    net.wait(300)
    assert worth(net) - net.owned_by(CAST.gateway.address) == sum(int(one.cost) for one in net.of(ServedUnpaid))
    assert bool(net.of(ServedUnpaid)) is not charges
    net.close()


def test_an_answer_that_a_deposit_does_not_pay_for_is_withheld(net: Network402) -> None:
    """The payer moves its money between verification and deposit."""
    payer = net.channel_payer()
    fled = Call(payer.key.address, "BaseOPG", "transfer", (CAST.relayer.address, 10 * OPG))
    net.payments.chain.mine([fled], net.payments.chain.head[1] + 1)  # type: ignore[arg-type]
    answer = net.chat(pays=payer.deposit(FUNDS, net.now)).answer
    assert reason_of(answer) == wire.NO_MONEY
    assert worth(net) == 0


def test_claims_survive_a_facilitator_that_is_away(net: Network402) -> None:
    payer = opened(net)
    net.engine.hosts["facilitator-0"].crash()
    ask(net, payer)
    net.wait(100)
    net.engine.hosts["facilitator-0"].restart()
    net.wait(300)
    assert net.owned_by(CAST.gateway.address) == worth(net)


@pytest.mark.parametrize("keeps", [False, True])
def test_a_gateway_that_crashes_remembers_what_it_is_owed_if_the_terms_say_so(tmp_path: Path, keeps: bool) -> None:
    net = channels(tmp_path, keeps_channels=keeps)
    ask(net, opened(net))
    net.engine.hosts["gateway-0"].crash()
    net.wait(5)
    net.engine.hosts["gateway-0"].restart()
    net.wait(300)
    assert net.owned_by(CAST.gateway.address) == (worth(net) if keeps else 0)
    net.close()


def test_a_withdrawal_while_the_gateway_sleeps_takes_what_was_not_claimed(net: Network402) -> None:
    payer = opened(net)
    send(net, payer.key, "initiateWithdraw", payer.channel.as_args(), FUNDS)
    net.wait(5)
    net.engine.hosts["gateway-0"].crash()
    net.wait(WITHDRAW_DELAY_S_MIN)
    send(net, payer.key, "finalizeWithdraw", payer.channel.as_args())
    net.wait(5)
    assert net.owned_by(payer.key.address) == 10 * OPG
    assert worth(net) > 0


@pytest.mark.parametrize("refuses", [False, True])
def test_vouchers_of_who_is_withdrawing_are_refused_if_the_terms_say_so(tmp_path: Path, refuses: bool) -> None:
    net = channels(tmp_path, refuses_withdrawing=refuses)
    payer = opened(net)
    send(net, payer.key, "initiateWithdraw", payer.channel.as_args(), FUNDS)
    net.wait(301)
    answer = net.chat(pays=payer.voucher()).answer
    assert answer.status == (402 if refuses else 200)
    net.close()


def test_a_gateway_can_sign_its_claims_itself(tmp_path: Path) -> None:
    net = channels(tmp_path, is_own_authorizer=True)
    payer = opened(net)
    assert payer.required.authorizer == CAST.gateway.address
    ask(net, payer)
    assert net.chat(pays=payer.header(wire.REFUND), wait_s=10).answer.status == 200
    net.wait(300)
    assert net.owned_by(CAST.gateway.address) == worth(net)
    net.close()


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("voucher", ("voucher", "maxClaimableAmount"), str(2**128)),
        ("voucher", ("voucher", "channelId"), "0x01"),
        ("voucher", ("voucher", "signature"), "no"),
        ("voucher", ("channelConfig", "withdrawDelay"), 2**40),
        ("voucher", ("channelConfig", "payer"), 5),
        ("voucher", ("channelConfig",), []),
        ("voucher", ("type",), "claim"),
        ("deposit", ("deposit", "amount"), "1"),
        ("deposit", ("deposit", "authorization"), {}),
        ("refund", ("amount",), -1),
    ],
)
def test_what_is_no_payment_is_answered_402(net: Network402, kind: str, path: tuple[str, ...], value: Any) -> None:
    payer = net.channel_payer()
    header = payer.deposit(FUNDS, net.now) if kind == "deposit" else payer.header(kind)
    sent = json.loads(base64.b64decode(header))
    place = sent["payload"]
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert reason_of(net.chat(pays=as_header(sent)).answer) != ""
    assert worth(net) == 0


def about(inner: dict[str, Any], net: Network402) -> dict[str, Any]:
    required = net.services.channel_requirements.as_json()
    return {
        "paymentPayload": {"x402Version": 2, "accepted": required, "payload": inner},
        "paymentRequirements": required,
    }


@pytest.mark.parametrize(
    "inner",
    [
        {},
        {"type": "none"},
        {"type": "claim"},
        {"type": "claim", "claims": [1]},
        {"type": "claim", "claims": [{}] * 101},
        {"type": "settle", "receiver": 1},
        {"type": "refund"},
    ],
)
def test_a_facilitator_answers_400_to_what_it_cannot_settle(net: Network402, inner: dict[str, Any]) -> None:
    assert net.ask_facilitator("POST", "/settle", about(inner, net)).status == 400


def test_a_facilitator_signs_claims_on_channels_that_name_it_alone(net: Network402) -> None:
    payer = opened(net)
    foreign = replace(payer.channel, receiver_authorizer=CAST.gateway.address)
    claim = wire.claim_json(VoucherClaim(foreign, MOST, b"\0" * 65, MOST))
    for claims in ([claim], []):
        said = net.ask_facilitator("POST", "/settle", about({"type": "claim", "claims": claims}, net)).json()
        assert (said["success"], said["errorReason"]) == (False, wire.NOT_AUTHORIZER)


def test_nothing_is_paid_out_that_is_not_claimed(net: Network402) -> None:
    place = {"receiver": CAST.gateway.address, "token": net.services.channel_requirements.asset}
    said = net.ask_facilitator("POST", "/settle", about({"type": "settle", **place}, net)).json()
    assert said["errorReason"] == wire.NOTHING_CLAIMED


def test_sessions_and_channels_go_side_by_side(net: Network402) -> None:
    session, channel = net.payer("one"), opened(net, "two")
    assert net.chat(pays=session.header(net.now)).answer.status == 200
    ask(net, channel)
    net.wait(300)
    assert net.owned_by(CAST.gateway.address) == worth(net)
