"""x402's channels: deposits, cumulative vouchers, claims, refunds and withdrawals, each good for what was signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from eth_account.messages import encode_typed_data

from chain.backends.revm import RevmChain
from chain.evm.abi import load
from chain.formats.channels import (
    BATCH_SETTLEMENT,
    PERMIT2_COLLECTOR,
    WITHDRAW_DELAY_S_MAX,
    WITHDRAW_DELAY_S_MIN,
    Channel,
    VoucherClaim,
    claims_digest,
    refund_digest,
    voucher_digest,
)
from chain.formats.permit2 import BASE_OPG, PERMIT2, DepositPermit
from chain.formats.signing import Key
from chain.hashing import keccak
from chain.quantities import OPG, Address, Gas, Hash32, Timestamp, Wei
from chain.seam import Call, Receipt
from simnet.up.chains import issue

TREASURY, PAYER, GATEWAY, AUTHORIZER, OTHER = (Key(name) for name in (b"t", b"p", b"g", b"a", b"o"))
BEGAN = Timestamp(1_750_000_000)
CHAIN_ID = 8453
CONTRACT = "X402BatchSettlement"
DEPOSIT = Wei(3 * OPG)
NOBODY = Address("0x" + "00" * 20)
CHANNEL = Channel(
    PAYER.address, PAYER.address, GATEWAY.address, AUTHORIZER.address, BASE_OPG, WITHDRAW_DELAY_S_MIN, Hash32(bytes(32))
)


@cache
def funded() -> RevmChain:
    """A chain on which `CHANNEL` holds `DEPOSIT`."""
    chain = RevmChain(genesis=BEGAN, chain_id=CHAIN_ID)
    issue(chain, TREASURY.address, GATEWAY.address)
    for key in (PAYER, GATEWAY, AUTHORIZER, OTHER):
        chain.fund(key.address)
    send(chain, TREASURY, "transfer", PAYER.address, 10 * OPG, contract="BaseOPG")
    send(chain, PAYER, "approve", PERMIT2, 10 * OPG, contract="BaseOPG")
    assert deposit(chain) == ""
    return chain


@pytest.fixture
def chain() -> Iterator[RevmChain]:
    point = funded().snapshot()
    yield funded()
    funded().revert_to(point)


def send(chain: RevmChain, key: Key, function: str, *args: Any, contract: str = CONTRACT, after_s: int = 1) -> Receipt:
    call = Call(key.address, contract, function, args, Gas(2_000_000))
    (receipt,) = chain.mine([call], Timestamp(chain.head[1] + after_s)).receipts
    return receipt


def error(receipt: Receipt) -> str:
    """Name of the error, or empty if there is none."""
    return "" if receipt.revert is None else receipt.revert.error


def deposit(
    chain: RevmChain, channel: Channel = CHANNEL, into: Channel | None = None, nonce: int = 1, by: Key = OTHER
) -> str:
    """A deposit that the payer signed for `channel`, made `into` another."""
    permit = DepositPermit(
        PAYER.address, BASE_OPG, DEPOSIT, PERMIT2_COLLECTOR, nonce, BEGAN + 10**6, channel.id(CHAIN_ID)
    )
    data = permit.collector_data(PAYER.sign(permit.digest(CHAIN_ID)))
    return error(send(chain, by, "deposit", (into or channel).as_args(), DEPOSIT, PERMIT2_COLLECTOR, data))


def voucher(promised: int, claimed: int | None = None, channel: Channel = CHANNEL, by: Key = PAYER) -> VoucherClaim:
    signature = by.sign(voucher_digest(CHAIN_ID, channel.id(CHAIN_ID), Wei(promised)))
    return VoucherClaim(channel, Wei(promised), signature, Wei(promised if claimed is None else claimed))


def claim(chain: RevmChain, *claims: VoucherClaim, by: Key = AUTHORIZER) -> str:
    """Claims sent by somebody without right, on a signature."""
    signature = by.sign(claims_digest(CHAIN_ID, claims))
    return error(send(chain, OTHER, "claimWithSignature", [one.as_args() for one in claims], signature))


def state(chain: RevmChain, channel: Channel = CHANNEL) -> tuple[int, int]:
    """What is in a channel, and what is claimed of it."""
    balance, claimed = chain.read(CONTRACT, "channels", channel.id(CHAIN_ID))
    return balance, claimed


def owned(chain: RevmChain, who: Address) -> int:
    held: int = chain.read("BaseOPG", "balanceOf", who)
    return held


def test_digests_are_those_of_the_contract_and_of_a_general_encoder(chain: RevmChain) -> None:
    id = CHANNEL.id(CHAIN_ID)
    claims = [voucher(5, 3), voucher(7, 7, replace(CHANNEL, salt=Hash32(b"\1" * 32)))]
    assert chain.read(CONTRACT, "getChannelId", CHANNEL.as_args()) == id
    assert chain.read(CONTRACT, "getVoucherDigest", id, 5) == voucher_digest(CHAIN_ID, id, Wei(5))
    assert chain.read(CONTRACT, "getRefundDigest", id, 2, 5) == refund_digest(CHAIN_ID, id, 2, Wei(5))
    args = [one.as_args() for one in claims]
    assert chain.read(CONTRACT, "getClaimBatchDigest", args) == claims_digest(CHAIN_ID, claims)
    types = {"Voucher": [{"name": "channelId", "type": "bytes32"}, {"name": "maxClaimableAmount", "type": "uint128"}]}
    domain = {
        "name": "x402 Batch Settlement",
        "version": "1",
        "chainId": CHAIN_ID,
        "verifyingContract": BATCH_SETTLEMENT,
    }
    encoded = encode_typed_data(domain, types, {"channelId": id, "maxClaimableAmount": 5})
    expected = keccak(b"\x19" + encoded.version + encoded.header + encoded.body)
    assert voucher_digest(CHAIN_ID, id, Wei(5)) == expected


def test_a_deposit_is_signed_as_a_general_encoder_has_it() -> None:
    permit = DepositPermit(PAYER.address, BASE_OPG, DEPOSIT, PERMIT2_COLLECTOR, 4, 9, CHANNEL.id(CHAIN_ID))
    tokens = [{"name": "token", "type": "address"}, {"name": "amount", "type": "uint256"}]
    fields = (("permitted", "TokenPermissions"), ("spender", "address"), ("nonce", "uint256"), ("deadline", "uint256"))
    types = {
        "PermitWitnessTransferFrom": [
            *({"name": name, "type": kind} for name, kind in fields),
            {"name": "witness", "type": "DepositWitness"},
        ],
        "TokenPermissions": tokens,
        "DepositWitness": [{"name": "channelId", "type": "bytes32"}],
    }
    message = {
        "permitted": {"token": BASE_OPG, "amount": DEPOSIT},
        "spender": PERMIT2_COLLECTOR,
        "nonce": 4,
        "deadline": 9,
        "witness": {"channelId": permit.channel},
    }
    domain = {"name": "Permit2", "chainId": CHAIN_ID, "verifyingContract": PERMIT2}
    encoded = encode_typed_data(domain, types, message)
    assert permit.digest(CHAIN_ID) == keccak(b"\x19" + encoded.version + encoded.header + encoded.body)


def test_a_deposit_is_in_the_channel_that_the_payer_signed_for(chain: RevmChain) -> None:
    assert state(chain) == (DEPOSIT, 0)
    assert owned(chain, PAYER.address) == 10 * OPG - DEPOSIT
    other = replace(CHANNEL, receiver=OTHER.address)
    assert deposit(chain, CHANNEL, into=other, nonce=2) == "InvalidSigner"
    assert deposit(chain, nonce=1) == "InvalidNonce"
    assert deposit(chain, nonce=2) == ""
    assert state(chain) == (2 * DEPOSIT, 0)


@pytest.mark.parametrize(
    ("change", "fails"),
    [
        ({"withdraw_delay_s": WITHDRAW_DELAY_S_MIN - 1}, True),
        ({"withdraw_delay_s": WITHDRAW_DELAY_S_MAX}, False),
        ({"withdraw_delay_s": WITHDRAW_DELAY_S_MAX + 1}, True),
        ({"receiver": NOBODY}, True),
        ({"receiver_authorizer": NOBODY}, True),
        ({"payer_authorizer": NOBODY}, False),
    ],
)
def test_a_channel_is_possible(chain: RevmChain, change: dict[str, Any], fails: bool) -> None:
    assert deposit(chain, replace(CHANNEL, **change), nonce=2) == ("InvalidChannel" if fails else "")


def test_a_collector_that_brings_nothing_funds_nothing(chain: RevmChain) -> None:
    for collector in (OTHER.address, BASE_OPG):
        revert = send(chain, OTHER, "deposit", CHANNEL.as_args(), 1, collector, b"").revert
        assert revert is not None
    assert state(chain) == (DEPOSIT, 0)


def test_nobody_but_the_channels_may_have_tokens_collected(chain: RevmChain) -> None:
    permit = DepositPermit(PAYER.address, BASE_OPG, DEPOSIT, PERMIT2_COLLECTOR, 2, BEGAN + 10**6, CHANNEL.id(CHAIN_ID))
    data = permit.collector_data(PAYER.sign(permit.digest(CHAIN_ID)))
    args = (PAYER.address, BASE_OPG, DEPOSIT, permit.channel, data)
    refused = send(chain, OTHER, "collect", *args, contract="X402Permit2DepositCollector")
    assert error(refused) == "NotBatchSettlement"


def test_what_is_claimed_reaches_the_receiver_once(chain: RevmChain) -> None:
    assert claim(chain, voucher(100, 70)) == ""
    assert state(chain) == (DEPOSIT, 70)
    assert error(send(chain, OTHER, "settle", GATEWAY.address, BASE_OPG)) == ""
    assert owned(chain, GATEWAY.address) == 70
    assert error(send(chain, OTHER, "settle", GATEWAY.address, BASE_OPG)) == "NothingToSettle"


def test_vouchers_are_cumulative_and_the_last_stands(chain: RevmChain) -> None:
    assert claim(chain, voucher(100)) == ""
    assert claim(chain, voucher(100)) == ""
    assert claim(chain, voucher(60)) == ""
    assert state(chain) == (DEPOSIT, 100)
    assert claim(chain, voucher(150)) == ""
    assert state(chain) == (DEPOSIT, 150)


def test_a_stale_claim_does_not_undo_the_rest_of_a_batch(chain: RevmChain) -> None:
    second = replace(CHANNEL, salt=Hash32(b"\2" * 32))
    assert deposit(chain, second, nonce=2) == ""
    assert claim(chain, voucher(100)) == ""
    assert claim(chain, voucher(100), voucher(40, channel=second)) == ""
    assert (state(chain), state(chain, second)) == ((DEPOSIT, 100), (DEPOSIT, 40))


@pytest.mark.parametrize(
    ("claimed", "fails"),
    [
        (voucher(DEPOSIT), ""),
        (voucher(DEPOSIT + 1), "ClaimExceedsBalance"),
        (voucher(5, 6), "ClaimExceedsVoucher"),
        (voucher(5, by=OTHER), "InvalidSignature"),
        (replace(voucher(5), promised=Wei(6)), "InvalidSignature"),
        (voucher(5, channel=replace(CHANNEL, salt=Hash32(b"\3" * 32))), "ClaimExceedsBalance"),
        (replace(voucher(5, channel=replace(CHANNEL, salt=Hash32(b"\3" * 32))), channel=CHANNEL), "InvalidSignature"),
    ],
)
def test_a_voucher_is_good_for_what_was_signed(chain: RevmChain, claimed: VoucherClaim, fails: str) -> None:
    assert claim(chain, claimed) == fails


def test_a_voucher_of_another_chain_is_worth_nothing(chain: RevmChain) -> None:
    elsewhere = PAYER.sign(voucher_digest(CHAIN_ID + 1, CHANNEL.id(CHAIN_ID), Wei(5)))
    assert claim(chain, replace(voucher(5), signature=elsewhere)) == "InvalidSignature"


def test_only_the_receivers_side_claims(chain: RevmChain) -> None:
    assert claim(chain, voucher(5), by=OTHER) == "InvalidSignature"
    claims = [voucher(5).as_args()]
    assert error(send(chain, OTHER, "claim", claims)) == "NotReceiver"
    assert error(send(chain, AUTHORIZER, "claim", claims)) == ""
    assert error(send(chain, GATEWAY, "claim", [voucher(6).as_args()])) == ""


def test_one_signature_claims_for_channels_of_one_authorizer_alone(chain: RevmChain) -> None:
    another = replace(CHANNEL, receiver_authorizer=OTHER.address)
    assert deposit(chain, another, nonce=2) == ""
    assert claim(chain, voucher(5), voucher(5, channel=another)) == "InvalidSignature"


def test_a_payer_waits_for_its_money_and_gets_what_claims_have_left(chain: RevmChain) -> None:
    assert error(send(chain, PAYER, "initiateWithdraw", CHANNEL.as_args(), DEPOSIT)) == ""
    began = chain.head[1]
    assert claim(chain, voucher(100)) == ""
    assert error(send(chain, PAYER, "initiateWithdraw", CHANNEL.as_args(), 1)) == "WithdrawalPending"
    early = began + WITHDRAW_DELAY_S_MIN - 1 - chain.head[1]
    assert error(send(chain, PAYER, "finalizeWithdraw", CHANNEL.as_args(), after_s=early)) == "WithdrawalTooEarly"
    assert error(send(chain, PAYER, "finalizeWithdraw", CHANNEL.as_args())) == ""
    assert owned(chain, PAYER.address) == 10 * OPG - 100
    assert state(chain) == (100, 100)
    assert error(send(chain, PAYER, "finalizeWithdraw", CHANNEL.as_args())) == "NoWithdrawal"
    assert claim(chain, voucher(101)) == "ClaimExceedsBalance"


@pytest.mark.parametrize(("amount", "fails"), [(0, "InvalidAmount"), (DEPOSIT, ""), (DEPOSIT + 1, "InvalidAmount")])
def test_no_more_is_withdrawn_than_is_there(chain: RevmChain, amount: int, fails: str) -> None:
    assert error(send(chain, PAYER, "initiateWithdraw", CHANNEL.as_args(), amount)) == fails


def test_nobody_else_withdraws(chain: RevmChain) -> None:
    assert error(send(chain, OTHER, "initiateWithdraw", CHANNEL.as_args(), 1)) == "NotPayer"
    assert error(send(chain, PAYER, "initiateWithdraw", CHANNEL.as_args(), 1)) == ""
    late = send(chain, OTHER, "finalizeWithdraw", CHANNEL.as_args(), after_s=WITHDRAW_DELAY_S_MIN)
    assert error(late) == "NotPayer"


def test_a_refund_is_at_once_and_its_signature_good_once(chain: RevmChain) -> None:
    assert claim(chain, voucher(100)) == ""
    signature = AUTHORIZER.sign(refund_digest(CHAIN_ID, CHANNEL.id(CHAIN_ID), 0, DEPOSIT))
    refund = (CHANNEL.as_args(), DEPOSIT, 0, signature)
    assert error(send(chain, OTHER, "refundWithSignature", *refund)) == ""
    assert (state(chain), owned(chain, PAYER.address)) == ((100, 100), 10 * OPG - 100)
    assert error(send(chain, OTHER, "refundWithSignature", *refund)) == "InvalidNonce"
    assert error(send(chain, GATEWAY, "refund", CHANNEL.as_args(), 1)) == "InvalidAmount"
    assert error(send(chain, PAYER, "refund", CHANNEL.as_args(), 1)) == "NotReceiver"


def test_claim_and_refund_go_together(chain: RevmChain) -> None:
    entry, settlement = [voucher(100).as_args()], load(CONTRACT)
    id = CHANNEL.id(CHAIN_ID)
    claims = (entry, AUTHORIZER.sign(claims_digest(CHAIN_ID, [voucher(100)])))
    refund = (CHANNEL.as_args(), DEPOSIT, 0, AUTHORIZER.sign(refund_digest(CHAIN_ID, id, 0, DEPOSIT)))
    calls = [
        settlement.functions[name].selector + settlement.functions[name].encode(args)
        for name, args in (("claimWithSignature", claims), ("refundWithSignature", refund))
    ]
    assert error(send(chain, OTHER, "multicall", calls)) == ""
    assert (state(chain), owned(chain, PAYER.address)) == ((100, 100), 10 * OPG - 100)


def test_the_books_add_up_whatever_happens(chain: RevmChain) -> None:
    """What the contract owns is what channels hold less what was settled."""
    claim(chain, voucher(100))
    send(chain, OTHER, "settle", GATEWAY.address, BASE_OPG)
    claim(chain, voucher(250))
    send(chain, GATEWAY, "refund", CHANNEL.as_args(), 1000)
    balance, _ = state(chain)
    _, settled = chain.read(CONTRACT, "receivers", GATEWAY.address, BASE_OPG)
    assert owned(chain, BATCH_SETTLEMENT) == balance - settled
    assert (balance, settled) == (DEPOSIT - 1000, 100)


ABI = {
    "multicall",
    "deposit",
    "claim",
    "claimWithSignature",
    "settle",
    "initiateWithdraw",
    "finalizeWithdraw",
    "refund",
    "refundWithSignature",
    "getChannelId",
    "channels",
    "pendingWithdrawals",
    "receivers",
    "refundNonce",
    "getVoucherDigest",
    "getRefundDigest",
    "getClaimBatchDigest",
}
"""Functions of the contract as og-x402 2.15.0 has them (mechanisms/evm/batch_settlement/abi.py)."""

SELECTORS = {
    "deposit": "deposit((address,address,address,address,address,uint40,bytes32),uint128,address,bytes)",
    "claimWithSignature": (
        "claimWithSignature((((address,address,address,address,address,uint40,bytes32),uint128),bytes,uint128)[],bytes)"
    ),
    "refundWithSignature": (
        "refundWithSignature((address,address,address,address,address,uint40,bytes32),uint128,uint256,bytes)"
    ),
    "initiateWithdraw": "initiateWithdraw((address,address,address,address,address,uint40,bytes32),uint128)",
    "settle": "settle(address,address)",
}


def test_functions_and_the_event_are_those_of_the_real_contract() -> None:
    found = load(CONTRACT)
    assert set(found.functions) >= ABI
    assert {name: found.functions[name].selector for name in SELECTORS} == {
        name: keccak(signature.encode())[:4] for name, signature in SELECTORS.items()
    }
    assert keccak(b"Settled(address,address,address,uint128)") in found.events_by_topic
    assert funded().address_of(CONTRACT) == Address("0x4020074e9df2ce1dee5a9c1b5c3f541d02a10003")
