"""Requests that a relay cannot read: what an enclave opens, what it does not, and how its answers are sealed."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.enclave.ohttp import CannotOpen, open_request, varint
from nodes.enclave.signing import OhttpConfig
from tests.private_client import seal

KEY, OTHER, SALT = bytes(range(32)), bytes(range(1, 33)), b"s" * 32
CONFIG = OhttpConfig.of(KEY)


def test_a_key_config_is_as_in_rfc_9458() -> None:
    """Section 3.1: key id, KEM, public key, length of the suites, KDF and AEAD."""
    public = CONFIG.public_key
    assert len(public) == 32
    assert CONFIG.key_config == bytes.fromhex("01 0020") + public + bytes.fromhex("0004 0001 0003")
    assert CONFIG.ids == bytes.fromhex("01 0020 0001 0003")


@pytest.mark.parametrize("body", [b"", b"{}", b"x" * 100_000])
def test_what_is_sealed_is_opened_and_answered(body: bytes) -> None:
    asking = seal(CONFIG, body)
    opened = open_request(KEY, asking.wire, SALT)
    assert opened.plaintext == body
    assert asking.open(opened.seal(b'{"a": 1}')) == {"a": 1}


def test_a_streamed_answer_is_read_in_order_and_its_end_is_noticed() -> None:
    asking = seal(CONFIG, b"{}")
    stream = open_request(KEY, asking.wire, SALT).stream()
    pieces = [b"one", b"x" * 70, b"y" * 20_000, b"last"]
    parts = [stream.seal(piece, is_last=piece == b"last") for piece in pieces]
    assert asking.open_stream(parts) == pieces
    for wrong in (parts[:1] + parts[2:], [parts[0], parts[2], parts[1], parts[3]]):
        with pytest.raises(InvalidTag):
            asking.open_stream(wrong)


def test_what_is_malformed_or_for_another_key_is_not_opened() -> None:
    wire = seal(CONFIG, b"{}").wire
    flipped = wire[:-1] + bytes([wire[-1] ^ 1])
    low_order = wire[:7] + bytes(32) + wire[39:]
    another_id = b"\2" + wire[1:]
    for sealed in (
        b"",
        wire[:7],
        wire[:38],
        wire[:39],
        flipped,
        low_order,
        another_id,
        seal(OhttpConfig.of(OTHER), b"{}").wire,
    ):
        with pytest.raises(CannotOpen):
            open_request(KEY, sealed, SALT)


def test_an_answer_cannot_be_opened_by_another_asker() -> None:
    one, other = seal(CONFIG, b"{}"), seal(CONFIG, b"{}")
    with pytest.raises(InvalidTag):
        other.open(open_request(KEY, one.wire, SALT).seal(b"{}"))


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "00"), (37, "25"), (63, "3f"), (64, "4040"), (15_293, "7bbd"), (494_878_333, "9d7f3e7d")],
)
def test_lengths_are_written_as_quic_does(value: int, written: str) -> None:
    """Examples of RFC 9000, appendix A.1, and the boundary of one byte."""
    assert varint(value) == bytes.fromhex(written)


@settings(max_examples=20)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise(sealed: bytes) -> None:
    with pytest.raises(CannotOpen):
        open_request(KEY, CONFIG.ids + sealed, SALT)
