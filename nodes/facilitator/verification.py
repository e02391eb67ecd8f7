"""Whether a payment will do, by the rules and in the words of og-x402's facilitator for the scheme ``upto``."""

from __future__ import annotations

from chain.formats.permit2 import BASE_OPG, PERMIT2, UPTO_PROXY
from chain.formats.signing import recover
from chain.quantities import Address
from nodes.effects import Read, Steps
from nodes.x402 import UPTO, Payment, Requirements

DEADLINE_BUFFER_S = 6
"""What must be left of a permit's life."""

SCHEME = "invalid_upto_evm_scheme"
NETWORK = "invalid_upto_evm_network_mismatch"
SPENDER = "invalid_permit2_spender"
RECIPIENT = "invalid_permit2_recipient_mismatch"
FACILITATOR = "upto_facilitator_mismatch"
DEADLINE = "permit2_deadline_expired"
TOO_EARLY = "permit2_not_yet_valid"
AMOUNT = "invalid_exact_evm_payload_amount_mismatch"
TOKEN = "permit2_token_mismatch"
SIGNATURE = "invalid_permit2_signature"
ALLOWANCE = "permit2_allowance_required"
BALANCE = "invalid_exact_evm_insufficient_balance"
NONCE = "permit2_invalid_nonce"
EXCEEDS = "invalid_upto_evm_payload_settlement_exceeds_amount"


def fault_of(payment: Payment, required: Requirements, me: Address, chain_id: int, now: int) -> str:
    """What is wrong with a payment as it is written, at a Unix second; empty if nothing is."""
    permit = payment.permit
    findings = (
        (payment.scheme != UPTO, SCHEME),
        (payment.network != required.network or required.chain_id != chain_id, NETWORK),
        (permit.spender != UPTO_PROXY, SPENDER),
        (permit.to != required.pay_to, RECIPIENT),
        (permit.facilitator != me, FACILITATOR),
        (permit.deadline < now + DEADLINE_BUFFER_S, DEADLINE),
        (permit.valid_after > now, TOO_EARLY),
        (permit.amount != required.amount, AMOUNT),
        (permit.token != required.asset or required.asset != BASE_OPG, TOKEN),
    )
    if found := next((reason for is_wrong, reason in findings if is_wrong), ""):
        return found
    return "" if recover(permit.digest(chain_id), payment.signature) == permit.owner else SIGNATURE


def funding_fault_of(payment: Payment, required: Requirements) -> Steps:
    """What the chain has against a payment: an allowance or balance too small, a nonce used before; empty if nothing.

    og-x402 finds the nonce by simulating the settlement.
    """
    permit = payment.permit
    allowance = yield Read("BaseOPG", "allowance", (permit.owner, PERMIT2))
    if allowance is None or allowance < required.amount:
        return ALLOWANCE
    balance = yield Read("BaseOPG", "balanceOf", (permit.owner,))
    if balance is None or balance < required.amount:
        return BALANCE
    used = yield from is_nonce_used(payment)
    return NONCE if used else ""


def is_nonce_used(payment: Payment) -> Steps:
    """Whether the permit's nonce is used on chain."""
    permit = payment.permit
    word = yield Read("Permit2", "nonceBitmap", (permit.owner, permit.nonce >> 8))
    return bool((word or 0) >> (permit.nonce & 0xFF) & 1)
