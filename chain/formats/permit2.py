"""What a payer signs to let x402's contracts take its tokens, by way of Permit2 (EIP-712): each with its witness."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode

from chain.formats.claims import address_word, word
from chain.hashing import keccak
from chain.quantities import Address, Hash32, Wei

PERMIT2 = Address("0x000000000022d473030f116ddee9f6b43ac78ba3")
UPTO_PROXY = Address("0x4020a4f3b7b90cca423b9fabcc0ce57c6c240002")
BASE_OPG = Address("0xfbc2051ae2265686a469421b2c5a2d5462fbf5eb")
"""Where Permit2, x402's proxy and OPG are on the payment chain."""

_DOMAIN_TYPE = keccak(b"EIP712Domain(string name,uint256 chainId,address verifyingContract)")
_TOKENS = b"TokenPermissions(address token,uint256 amount)"
_WITNESS = b"Witness(address to,address facilitator,uint256 validAfter)"
_DEPOSIT_WITNESS = b"DepositWitness(bytes32 channelId)"
_PERMIT = b"PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"


def _permit_digest(chain_id: int, kind: bytes, tokens: tuple[Address, Wei], terms: bytes, witness: bytes) -> Hash32:
    """Digest of a transfer: `kind` is its type with everything it refers to, `terms` are spender, nonce, deadline."""
    domain = keccak(_DOMAIN_TYPE + keccak(b"Permit2") + word(chain_id) + address_word(PERMIT2))
    permitted = keccak(keccak(_TOKENS) + address_word(tokens[0]) + word(tokens[1]))
    return Hash32(keccak(b"\x19\x01" + domain + keccak(keccak(_PERMIT + kind) + permitted + terms + witness)))


@dataclass(frozen=True, slots=True)
class UptoPermit:
    """Leave to take up to `amount` of `owner`'s tokens, once, until `deadline`."""

    owner: Address
    token: Address
    amount: Wei
    spender: Address
    nonce: int
    deadline: int
    """Unix seconds."""
    to: Address
    """Who gets them."""
    facilitator: Address
    """Who may take them."""
    valid_after: int

    def digest(self, chain_id: int) -> Hash32:
        """What the owner signs."""
        parties = address_word(self.to) + address_word(self.facilitator)
        witness = keccak(keccak(_WITNESS) + parties + word(self.valid_after))
        terms = address_word(self.spender) + word(self.nonce) + word(self.deadline)
        kind = b"Witness witness)" + _TOKENS + _WITNESS
        return _permit_digest(chain_id, kind, (self.token, self.amount), terms, witness)

    def settle_args(self, amount: Wei, signature: bytes) -> tuple[Any, ...]:
        """Arguments of the proxy's ``settle`` that takes `amount`."""
        permit = ((self.token, self.amount), self.nonce, self.deadline)
        return permit, amount, self.owner, (self.to, self.facilitator, self.valid_after), signature


@dataclass(frozen=True, slots=True)
class DepositPermit:
    """Leave to put `amount` of `owner`'s tokens into a channel, once, until `deadline`."""

    owner: Address
    token: Address
    amount: Wei
    spender: Address
    """x402's collector."""
    nonce: int
    deadline: int
    """Unix seconds."""
    channel: Hash32

    def digest(self, chain_id: int) -> Hash32:
        """What the owner signs."""
        witness = keccak(keccak(_DEPOSIT_WITNESS) + self.channel)
        terms = address_word(self.spender) + word(self.nonce) + word(self.deadline)
        kind = b"DepositWitness witness)" + _DEPOSIT_WITNESS + _TOKENS
        return _permit_digest(chain_id, kind, (self.token, self.amount), terms, witness)

    def collector_data(self, signature: bytes) -> bytes:
        """What x402's collector reads: nonce, deadline, signature, and no EIP-2612 permit."""
        return encode(["uint256", "uint256", "bytes", "bytes"], [self.nonce, self.deadline, signature, b""])
