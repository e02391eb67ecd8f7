"""OPG as on the payment chain, Permit2 and x402's proxy: a payer's signature is good once, for what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from eth_account.messages import encode_typed_data

from chain.backends.revm import RevmChain
from chain.evm.abi import load
from chain.formats.permit2 import BASE_OPG, PERMIT2, UPTO_PROXY, UptoPermit
from chain.formats.signing import Key
from chain.hashing import keccak
from chain.quantities import OPG, Address, Timestamp, Wei
from chain.seam import Call, Receipt
from simnet.up.chains import issue

TREASURY, PAYER, PAYEE, FACILITATOR, OTHER = (Key(name) for name in (b"t", b"p", b"g", b"f", b"o"))
BEGAN = Timestamp(1_750_000_000)
CHAIN_ID = 8453


@cache
def made() -> RevmChain:
    chain = RevmChain(genesis=BEGAN, chain_id=CHAIN_ID)
    issue(chain, TREASURY.address, FACILITATOR.address)
    for key in (PAYER, OTHER):
        chain.fund(key.address)
    send(chain, TREASURY, "BaseOPG", "transfer", PAYER.address, 10 * OPG)
    send(chain, PAYER, "BaseOPG", "approve", PERMIT2, 10 * OPG)
    return chain


@pytest.fixture
def chain() -> Iterator[RevmChain]:
    point = made().snapshot()
    yield made()
    made().revert_to(point)


def send(chain: RevmChain, key: Key, contract: str, function: str, *args: Any) -> Receipt:
    (receipt,) = chain.mine([Call(key.address, contract, function, args)], Timestamp(chain.head[1] + 1)).receipts
    return receipt


def permit(**changes: Any) -> UptoPermit:
    now = BEGAN + 100
    honest = UptoPermit(
        owner=PAYER.address,
        token=BASE_OPG,
        amount=Wei(OPG),
        spender=UPTO_PROXY,
        nonce=5,
        deadline=now,
        to=PAYEE.address,
        facilitator=FACILITATOR.address,
        valid_after=BEGAN,
    )
    return replace(honest, **changes)


def settle(
    chain: RevmChain, signed: UptoPermit, amount: int = OPG, by: Key = FACILITATOR, shown: UptoPermit | None = None
) -> str:
    """Name of the error, or empty if it was paid."""
    args = (shown or signed).settle_args(Wei(amount), PAYER.sign(signed.digest(CHAIN_ID)))
    revert = send(chain, by, "X402UptoPermit2Proxy", "settle", *args).revert
    return "" if revert is None else revert.error


def test_the_digest_is_that_of_a_general_encoder_of_typed_data() -> None:
    one = permit()
    types = {
        "PermitWitnessTransferFrom": [
            {"name": "permitted", "type": "TokenPermissions"},
            {"name": "spender", "type": "address"},
            {"name": "nonce", "type": "uint256"},
            {"name": "deadline", "type": "uint256"},
            {"name": "witness", "type": "Witness"},
        ],
        "TokenPermissions": [{"name": "token", "type": "address"}, {"name": "amount", "type": "uint256"}],
        "Witness": [
            {"name": "to", "type": "address"},
            {"name": "facilitator", "type": "address"},
            {"name": "validAfter", "type": "uint256"},
        ],
    }
    message = {
        "permitted": {"token": one.token, "amount": one.amount},
        "spender": one.spender,
        "nonce": one.nonce,
        "deadline": one.deadline,
        "witness": {"to": one.to, "facilitator": one.facilitator, "validAfter": one.valid_after},
    }
    domain = {"name": "Permit2", "chainId": CHAIN_ID, "verifyingContract": PERMIT2}
    encoded = encode_typed_data(domain, types, message)
    assert one.digest(CHAIN_ID) == keccak(b"\x19" + encoded.version + encoded.header + encoded.body)


def test_the_facilitator_takes_what_was_used_up_to_what_was_signed(chain: RevmChain) -> None:
    assert settle(chain, permit(), OPG // 3) == ""
    assert chain.read("BaseOPG", "balanceOf", PAYEE.address) == OPG // 3
    assert chain.read("BaseOPG", "balanceOf", PAYER.address) == 10 * OPG - OPG // 3


@pytest.mark.parametrize(
    ("amount", "error"), [(0, "InvalidAmount"), (1, ""), (OPG, ""), (OPG + 1, "AmountExceedsPermitted")]
)
def test_amounts_are_bounded(chain: RevmChain, amount: int, error: str) -> None:
    assert settle(chain, permit(), amount) == error


def test_a_signature_is_good_once(chain: RevmChain) -> None:
    assert settle(chain, permit(), 1) == ""
    assert settle(chain, permit(), 1) == "InvalidNonce"
    assert settle(chain, permit(nonce=6), 1) == ""


def test_nobody_but_the_facilitator_that_was_named_may_collect(chain: RevmChain) -> None:
    assert settle(chain, permit(), by=OTHER) == "UnauthorizedFacilitator"


@pytest.mark.parametrize(
    "changes",
    [
        {"to": OTHER.address},
        {"facilitator": OTHER.address},
        {"amount": Wei(2 * OPG)},
        {"nonce": 9},
        {"deadline": BEGAN + 101},
        {"valid_after": BEGAN - 1},
        {"owner": OTHER.address},
    ],
)
def test_whatever_is_changed_voids_the_signature(chain: RevmChain, changes: dict[str, Any]) -> None:
    signed = permit()
    by = OTHER if "facilitator" in changes else FACILITATOR
    assert settle(chain, signed, by=by, shown=replace(signed, **changes)) == "InvalidSigner"


def test_a_signature_has_a_beginning_and_an_end(chain: RevmChain) -> None:
    next_block = chain.head[1] + 1
    assert settle(chain, permit(deadline=next_block - 1)) == "SignatureExpired"
    assert settle(chain, permit(valid_after=next_block + 2)) == "PaymentTooEarly"
    assert settle(chain, permit(deadline=chain.head[1] + 1, valid_after=chain.head[1] + 1)) == ""


def test_a_payer_can_void_its_own_nonces(chain: RevmChain) -> None:
    assert send(chain, PAYER, "Permit2", "invalidateUnorderedNonces", 0, 1 << 5).ok
    assert settle(chain, permit()) == "InvalidNonce"


def test_a_direct_transfer_needs_a_signature_for_its_caller(chain: RevmChain) -> None:
    """Permit2 takes its caller for the spender: what was signed for the proxy is no use to anybody else."""
    one = permit()
    signature = PAYER.sign(one.digest(CHAIN_ID))
    terms = ((one.token, one.amount), one.nonce, one.deadline)
    args = (terms, (OTHER.address, OPG), PAYER.address, bytes(32), "", signature)
    revert = send(chain, OTHER, "Permit2", "permitWitnessTransferFrom", *args).revert
    assert revert is not None
    assert revert.error == "InvalidSigner"


def test_a_payment_that_is_not_covered_takes_nothing_and_leaves_the_nonce(chain: RevmChain) -> None:
    assert send(chain, PAYER, "BaseOPG", "approve", PERMIT2, OPG - 1).ok
    assert settle(chain, permit()) == "ERC20InsufficientAllowance"
    assert settle(chain, permit(), OPG - 1) == ""


def test_the_supply_is_issued_once(chain: RevmChain) -> None:
    revert = send(chain, OTHER, "BaseOPG", "issue", OTHER.address).revert
    assert revert is not None
    assert revert.error == "AlreadyIssued"
    assert chain.read("BaseOPG", "totalSupply") == 1_000_000_000 * OPG
    assert (chain.read("BaseOPG", "name"), chain.read("BaseOPG", "symbol")) == ("OpenGradient", "OPG")


SELECTORS = {
    ("InferenceSettlementRelay", "batchSettle"): "1b243ae6",
    ("InferenceSettlementRelay", "settleIndividual"): "90480ad1",
    ("BaseOPG", "allowance"): "dd62ed3e",
    ("BaseOPG", "balanceOf"): "70a08231",
}
TOPICS = {
    "BatchSettlement": "c2aff8d8a10a4543baabf39bd9ff45e7fc3881d19098df350a3b7f339e911127",
    "IndividualSettlement": "74e71a1981c03bd0c36f3b1227f3ee2a34dca5d6fef25c4b2787e033ab60b782",
}
"""As OpenGradient's contracts have them (og-evm)."""


def test_functions_and_events_are_those_of_the_real_contracts() -> None:
    assert {key: load(key[0]).functions[key[1]].selector.hex() for key in SELECTORS} == SELECTORS
    known = {entry.name: entry.topic.hex() for entry in load("InferenceSettlementRelay").events_by_topic.values()}
    assert {name: known[name] for name in TOPICS} == TOPICS


def test_addresses_are_the_canonical_ones() -> None:
    chain = made()
    assert (chain.address_of("BaseOPG"), chain.address_of("Permit2"), chain.address_of("X402UptoPermit2Proxy")) == (
        Address("0xfbc2051ae2265686a469421b2c5a2d5462fbf5eb"),
        Address("0x000000000022d473030f116ddee9f6b43ac78ba3"),
        Address("0x4020a4f3b7b90cca423b9fabcc0ce57c6c240002"),
    )
