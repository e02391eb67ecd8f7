"""Keys and EIP-712: what Python signs is what anyone's typed-data library signs, and what the contract recovers."""

from __future__ import annotations

from typing import Any

from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from chain.formats.signing import Domain, Key, answer_digest, recover, voucher_digest
from chain.quantities import Address, Wei
from tests.contracts_world import typed_data_digest

hashes = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: Address("0x" + raw.hex()))
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def typed(domain: Domain, name: str, fields: str, message: dict[str, Any]) -> bytes:
    """The digest by eth_account."""
    place = {
        "name": "simnet Settlement",
        "version": "1",
        "chainId": domain.chain_id,
        "verifyingContract": domain.settlement,
    }
    return typed_data_digest(place, name, fields, message)


@given(addresses, addresses, addresses, st.integers(0, 2**128 - 1), st.integers(1, 2**32))
def test_a_voucher_is_hashed_as_typed_data(
    settlement: Address, client: Address, node: Address, amount: int, chain_id: int
) -> None:
    domain = Domain(chain_id, settlement)
    message = {"client": client, "node": node, "cumulative": amount, "price": amount // 2}
    expected = typed(domain, "Voucher", "address client,address node,uint128 cumulative,uint128 price", message)
    assert voucher_digest(domain, client, node, Wei(amount), Wei(amount // 2)) == expected


@given(addresses, hashes, hashes, hashes, hashes)
def test_an_answer_is_hashed_as_typed_data(settlement: Address, task: bytes, model: bytes, i: bytes, o: bytes) -> None:
    domain = Domain(31337, settlement)
    message = {"task": task, "model": model, "inputHash": i, "outputHash": o}
    fields = "bytes32 task,bytes32 model,bytes32 inputHash,bytes32 outputHash"
    assert answer_digest(domain, task, model, i, o) == typed(domain, "Answer", fields, message)


@given(st.binary(min_size=1, max_size=40), hashes)
def test_whoever_signed_is_recovered(seed: bytes, digest: bytes) -> None:
    key = Key(seed)
    signature = key.sign(digest)
    assert recover(digest, signature) == key.address
    assert Account._recover_hash(digest, signature=signature).lower() == key.address
    assert recover(bytes(a ^ 1 for a in digest), signature) != key.address


def test_a_seed_always_gives_the_same_key_and_signature() -> None:
    assert Key(b"a").address == Key(b"a").address != Key(b"b").address
    assert Key(b"a").sign(bytes(32)) == Key(b"a").sign(bytes(32))


@given(st.binary(max_size=70), hashes)
def test_noise_is_nobodys_signature_or_a_strangers(noise: bytes, digest: bytes) -> None:
    assert recover(digest, noise) != Key(b"a").address


def test_a_signature_mirrored_to_the_high_half_is_refused() -> None:
    """Two signatures for one word would let anyone replay it; OpenZeppelin's ECDSA refuses the same."""
    signature = Key(b"a").sign(bytes(32))
    s = ORDER - int.from_bytes(signature[32:64], "big")
    mirrored = signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])
    assert recover(bytes(32), mirrored) is None
    assert recover(bytes(32), signature[:64]) is None
    assert recover(bytes(32), signature[:64] + b"\0") is None
    assert recover(bytes(32), bytes(64) + b"\x1b") is None
