"""x402's channels: which channel it is, and what payer and receiver sign about it (EIP-712).

The scheme ``batch-settlement`` as og-x402 2.15.0 has it. A payer deposits once into a channel with one receiver; each
voucher says how much it owes, *all told*; the receiver claims the last. simnet's own vouchers (`chain.formats.signing`)
are cumulative in the same way and are signed in the same kind of domain; they differ in what stands behind them: one
escrow for all nodes, and a price that a refund does not go below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chain.formats.claims import address_word, word
from chain.formats.signing import Domain
from chain.hashing import keccak
from chain.quantities import Address, Hash32, Wei

BATCH_SETTLEMENT = Address("0x4020074e9df2ce1dee5a9c1b5c3f541d02a10003")
PERMIT2_COLLECTOR = Address("0x4020425faf3b746c082c2f942b4e5159887b0005")
"""Where x402's channels, and what brings tokens into them by Permit2, are on the payment chain."""

WITHDRAW_DELAY_S_MIN, WITHDRAW_DELAY_S_MAX = 900, 2_592_000
"""Between these is the time that a receiver has when a payer takes its money back."""

_CHANNEL = keccak(
    b"ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,"
    b"address token,uint40 withdrawDelay,bytes32 salt)"
)
_VOUCHER = keccak(b"Voucher(bytes32 channelId,uint128 maxClaimableAmount)")
_REFUND = keccak(b"Refund(bytes32 channelId,uint256 nonce,uint128 amount)")
_ENTRY_TYPE = b"ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)"
_ENTRY = keccak(_ENTRY_TYPE)
_CLAIMS = keccak(b"ClaimBatch(ClaimEntry[] claims)" + _ENTRY_TYPE)


@lru_cache
def domain(chain_id: int) -> Domain:
    """The contract with the channels, on a chain."""
    return Domain(chain_id, BATCH_SETTLEMENT, "x402 Batch Settlement")


@dataclass(frozen=True, slots=True)
class Channel:
    """Who pays whom in what. This is all that a channel's id stands for; nothing of it ever changes."""

    payer: Address
    payer_authorizer: Address
    """Who signs vouchers."""
    receiver: Address
    receiver_authorizer: Address
    """Who signs claims and refunds."""
    token: Address
    withdraw_delay_s: int
    salt: Hash32

    def id(self, chain_id: int) -> Hash32:
        """Its id on a chain."""
        parties = (self.payer, self.payer_authorizer, self.receiver, self.receiver_authorizer, self.token)
        words = b"".join(address_word(party) for party in parties)
        return domain(chain_id).digest(keccak(_CHANNEL + words + word(self.withdraw_delay_s) + self.salt))

    def as_args(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        authorizers = self.payer_authorizer, self.receiver, self.receiver_authorizer
        return self.payer, *authorizers, self.token, self.withdraw_delay_s, self.salt


@dataclass(frozen=True, slots=True)
class VoucherClaim:
    """A voucher, and how much is claimed on it. Amounts are all told."""

    channel: Channel
    promised: Wei
    signature: bytes
    claimed: Wei

    def as_args(self) -> tuple[Any, ...]:
        """As the contract takes it."""
        return (self.channel.as_args(), self.promised), self.signature, self.claimed


def voucher_digest(chain_id: int, channel: Hash32, promised: Wei) -> Hash32:
    """What a payer signs to owe so much, all told."""
    return domain(chain_id).digest(keccak(_VOUCHER + channel + word(promised)))


def refund_digest(chain_id: int, channel: Hash32, nonce: int, amount: Wei) -> Hash32:
    """What a receiver's authorizer signs to give back so much."""
    return domain(chain_id).digest(keccak(_REFUND + channel + word(nonce) + word(amount)))


def claims_digest(chain_id: int, claims: Sequence[VoucherClaim]) -> Hash32:
    """What a receiver's authorizer signs to claim."""
    entries = b"".join(
        keccak(_ENTRY + one.channel.id(chain_id) + word(one.promised) + word(one.claimed)) for one in claims
    )
    return domain(chain_id).digest(keccak(_CLAIMS + keccak(entries)))
