"""Calldata, logs and revert data, decoded as they were encoded."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_abi.exceptions import DecodingError, EncodingError
from hypothesis import given
from hypothesis import strategies as st

from chain.evm import abi
from chain.evm.abi import Entry
from chain.seam import Revert

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
    "bool": st.booleans(),
    "uint256": st.integers(0, 2**256 - 1),
    "uint8": st.integers(0, 255),
    "int128": st.integers(-(2**127), 2**127 - 1),
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes4": st.binary(min_size=4, max_size=4),
    "bytes": st.binary(max_size=70),
    "string": st.text(max_size=40),
    "uint256[]": st.lists(st.integers(0, 2**256 - 1), max_size=3).map(tuple),
    "(uint256,address)": st.tuples(st.integers(0, 9), st.just("0x" + "ab" * 20)),
    "uint8[2]": st.tuples(st.integers(0, 255), st.integers(0, 255)),
    "(bool,bytes)[]": st.lists(st.tuples(st.booleans(), st.binary(max_size=40)), max_size=3).map(tuple),
    "((uint16,bytes4),string[2])": st.tuples(
        st.tuples(st.integers(0, 9), st.binary(min_size=4, max_size=4)),
        st.tuples(st.text(max_size=9), st.text(max_size=9)),
    ),
    "bytes[][1]": st.tuples(st.lists(st.binary(max_size=40), max_size=3).map(tuple)),
}
WORDS = {"address", "bool", "uint256", "uint8", "int128", "bytes32", "bytes4"}
LONGER_THAN_A_WORD = VALUES.keys() - WORDS
PARAMETERS = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind], st.booleans())),
    max_size=6,
)


@given(parameters=PARAMETERS)
def test_a_log_decodes_to_the_arguments_it_was_emitted_with(parameters: list[tuple[str, Any, bool]]) -> None:
    names = tuple(f"a{place}" for place in range(len(parameters)))
    kinds = tuple(kind for kind, _, _ in parameters)
    event = Entry("Event", names, kinds, tuple(indexed for _, _, indexed in parameters))
    plain = [(kind, value) for kind, value, indexed in parameters if not indexed]
    words = [
        bytes(32) if kind in LONGER_THAN_A_WORD else encode([kind], [value])
        for kind, value, indexed in parameters
        if indexed
    ]
    decoded = event.decode_log(
        [event.topic, *words], encode([kind for kind, _ in plain], [value for _, value in plain])
    )
    assert decoded == {
        name: bytes(32) if indexed and kind in LONGER_THAN_A_WORD else value
        for name, (kind, value, indexed) in zip(names, parameters, strict=True)
    }


@given(parameters=PARAMETERS)
def test_a_view_returns_what_it_was_encoded_to(parameters: list[tuple[str, Any, bool]]) -> None:
    kinds, values = tuple(kind for kind, _, _ in parameters), tuple(value for _, value, _ in parameters)
    view = Entry("view", (), (), (), output_types=kinds)
    assert view.decode_result(encode(kinds, values)) == values


@pytest.mark.parametrize(
    ("kinds", "data"),
    [
        (("uint256",), b""),
        (("uint256", "bool"), bytes(32)),
        (("bytes",), (32).to_bytes(32, "big") + (9).to_bytes(32, "big") + b"short"),
        (("uint256[]",), (32).to_bytes(32, "big") + (9).to_bytes(32, "big") + bytes(32)),
    ],
)
def test_less_than_a_view_returns_is_refused(kinds: tuple[str, ...], data: bytes) -> None:
    with pytest.raises(DecodingError):
        Entry("view", (), (), (), output_types=kinds).decode_result(data)


@given(data=st.binary(max_size=120))
def test_whatever_a_revert_carries_it_can_be_told(data: bytes) -> None:
    assert abi.decode_revert(data).error


@pytest.mark.parametrize("data", [b"", b"\x01", bytes(4), bytes.fromhex("08c379a0"), bytes.fromhex("4e487b71ff")])
def test_data_that_makes_no_sense_is_kept_as_it_is(data: bytes) -> None:
    assert abi.decode_revert(data) == Revert("Unknown", {"data": "0x" + data.hex()})


@given(parameters=PARAMETERS)
def test_arguments_are_encoded_as_eth_abi_encodes_them(parameters: list[tuple[str, Any, bool]]) -> None:
    kinds = tuple(kind for kind, _, _ in parameters)
    values = tuple(value for _, value, _ in parameters)
    entry = Entry("function", tuple(f"a{place}" for place in range(len(kinds))), kinds)
    assert entry.encode(values) == encode(kinds, values)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("address", "0x1234"),
        ("address", 7),
        ("bytes32", b"x" * 33),
        ("uint8", 256),
        ("uint8", -1),
        ("uint256", True),
        ("uint256", "1"),
        ("int8", 128),
        ("bool", 1),
        ("bytes", "x"),
        ("string", b"x"),
        ("uint8[]", b"x"),
        ("uint8[2]", [1]),
        ("(uint8,bool)", [1, True, 2]),
    ],
)
def test_an_argument_that_does_not_fit_is_refused(kind: str, value: object) -> None:
    with pytest.raises(EncodingError):
        Entry("function", ("value",), (kind,)).encode((value,))
