"""ABI values as bytes and back, many times as fast as eth_abi.

A codec is compiled once for each type: words (addresses, integers, booleans, fixed bytes), ``bytes`` and ``string``,
arrays and tuples of them. It writes as strictly as eth_abi does, and reads what contracts wrote.

Source: Solidity's Contract ABI Specification, "Formal Specification of the Encoding".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeAlias

from eth_abi.exceptions import EncodingError, InsufficientDataBytes
from eth_abi.grammar import TupleType, parse

WORD = 32


Reader: TypeAlias = Callable[[bytes, int], Any]
"""Reads a value from these bytes, at this place."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How to write and read one type."""

    write: Callable[[Any], bytes]
    read: Reader
    size: int = WORD
    """Bytes that it takes in its place; for a dynamic type, those of the offset to where it is."""
    is_dynamic: bool = False


@cache
def codec_of(kinds: tuple[str, ...]) -> Codec:
    """The codec of arguments of these types, as a tuple. `ValueError` for a type that Solidity has no values of."""
    return _tuple([_compile(parse(kind)) for kind in kinds])


def readers_of(kinds: Sequence[str]) -> list[tuple[Reader, int]]:
    """How and where to read each of these arguments, out of what they were encoded to together."""
    found, place = [], 0
    for kind in kinds:
        part = _compile(parse(kind))
        found.append((_elsewhere(part.read) if part.is_dynamic else part.read, place))
        place += part.size
    return found


def topic_reader(kind: str) -> Reader:
    """How to read an indexed argument of this type. What is longer than a word is in its topic as a hash."""
    found = parse(kind)
    if isinstance(found, TupleType) or found.is_array or found.is_dynamic:
        return lambda topic, at: bytes(topic)
    return _compile(found).read


def _elsewhere(read: Reader) -> Reader:
    return lambda data, at: read(data, _offset(data, at))


def _compile(kind: Any) -> Codec:
    if kind.is_array:
        return _array(_compile(kind.item_type), kind.arrlist[-1])
    if isinstance(kind, TupleType):
        return _tuple([_compile(part) for part in kind.components])
    match kind.base, kind.sub:
        case "address", _:
            return Codec(_write_address, lambda data, at: "0x" + data[at + 12 : at + WORD].hex())
        case "bool", _:
            return Codec(_write_bool, lambda data, at: data[at + WORD - 1] == 1)
        case "uint", int(bits):
            return Codec(_integer_writer(0, 1 << bits), lambda data, at: int.from_bytes(data[at : at + WORD], "big"))
        case "int", int(bits):
            return Codec(_integer_writer(-1 << bits - 1, 1 << bits - 1), _read_signed)
        case "bytes", int(length):
            return Codec(_fixed_writer(length), lambda data, at: bytes(data[at : at + length]))
        case "bytes", _:
            return Codec(_write_bytes, _read_bytes, is_dynamic=True)
        case "string", _:
            return Codec(_write_string, lambda data, at: _read_bytes(data, at).decode(), is_dynamic=True)
    raise ValueError(f"no values of type {kind}")


# -- words -----------------------------------------------------------------------------------------------------


def _write_address(value: str) -> bytes:
    if not isinstance(value, str):
        raise EncodingError(f"{value!r} is not an address")
    return _address_word(value)


@lru_cache(maxsize=1 << 14)
def _address_word(value: str) -> bytes:
    raw = bytes.fromhex(value.removeprefix("0x"))
    if len(raw) != 20:
        raise EncodingError(f"{value!r} is not an address")
    return bytes(12) + raw


def _write_bool(value: bool) -> bytes:
    if not isinstance(value, bool):
        raise EncodingError(f"{value!r} is not a bool")
    return value.to_bytes(WORD, "big")


def _integer_writer(least: int, beyond: int) -> Callable[[int], bytes]:
    def write(value: int) -> bytes:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value < beyond:
            raise EncodingError(f"{value!r} is not an integer from {least} to {beyond - 1}")
        return value.to_bytes(WORD, "big", signed=value < 0)

    return write


def _read_signed(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + WORD], "big", signed=True)


def _fixed_writer(length: int) -> Callable[[bytes], bytes]:
    def write(value: bytes) -> bytes:
        if not isinstance(value, bytes) or len(value) > length:
            raise EncodingError(f"{value!r} does not fit bytes{length}")
        return value.ljust(WORD, b"\0")

    return write


# -- bytes and strings -----------------------------------------------------------------------------------------


def _write_bytes(value: bytes) -> bytes:
    if not isinstance(value, bytes):
        raise EncodingError(f"{value!r} is not bytes")
    return len(value).to_bytes(WORD, "big") + value + bytes(-len(value) % WORD)


def _write_string(value: str) -> bytes:
    if not isinstance(value, str):
        raise EncodingError(f"{value!r} is not a string")
    return _write_bytes(value.encode())


def _read_bytes(data: bytes, at: int) -> bytes:
    length = int.from_bytes(data[at : at + WORD], "big")
    value = bytes(data[at + WORD : at + WORD + length])
    if len(value) < length:
        raise InsufficientDataBytes(f"{length} bytes announced, {len(value)} there")
    return value


# -- tuples and arrays -----------------------------------------------------------------------------------------


def _tuple(parts: Sequence[Codec]) -> Codec:
    """Values of these types in a row."""
    size = sum(part.size for part in parts)
    is_dynamic = any(part.is_dynamic for part in parts)
    places = [sum(part.size for part in parts[:i]) for i in range(len(parts))]
    readers = [(part.read, place, part.is_dynamic) for part, place in zip(parts, places, strict=True)]

    def write(values: Sequence[Any]) -> bytes:
        if not isinstance(values, list | tuple) or len(values) != len(parts):
            raise EncodingError(f"{values!r} is not {len(parts)} values")
        if not is_dynamic:
            return b"".join([part.write(value) for part, value in zip(parts, values, strict=True)])
        return _with_tails(parts, values, size)

    def read(data: bytes, at: int) -> tuple[Any, ...]:
        return tuple(
            [
                reader(data, at + _offset(data, at + place) if is_elsewhere else at + place)
                for reader, place, is_elsewhere in readers
            ]
        )

    return Codec(write, read, WORD if is_dynamic else size, is_dynamic)


def _array(item: Codec, length: Sequence[int]) -> Codec:
    """Values of one type; as many as `length` says, or any number if it is empty."""

    def write(values: Sequence[Any]) -> bytes:
        if not isinstance(values, list | tuple):
            raise EncodingError(f"{values!r} is not a list")
        if not item.is_dynamic:
            return len(values).to_bytes(WORD, "big") + b"".join([item.write(value) for value in values])
        return len(values).to_bytes(WORD, "big") + _with_tails([item] * len(values), values, WORD * len(values))

    def read(data: bytes, at: int) -> tuple[Any, ...]:
        count, begin = int.from_bytes(data[at : at + WORD], "big"), at + WORD
        if begin + count * item.size > len(data):
            raise InsufficientDataBytes(f"{count} items announced, {len(data) - begin} bytes there")
        places = range(begin, begin + count * item.size, item.size)
        if item.is_dynamic:
            return tuple([item.read(data, begin + _offset(data, place)) for place in places])
        return tuple([item.read(data, place) for place in places])

    if not length:
        return Codec(write, read, is_dynamic=True)
    return _tuple([item] * length[0])


def _with_tails(parts: Sequence[Codec], values: Sequence[Any], size: int) -> bytes:
    """A head of that size, with offsets for what is dynamic, and that behind it."""
    heads, tails, end = [], [], size
    for part, value in zip(parts, values, strict=True):
        written = part.write(value)
        if part.is_dynamic:
            heads.append(end.to_bytes(WORD, "big"))
            tails.append(written)
            end += len(written)
        else:
            heads.append(written)
    return b"".join([*heads, *tails])


def _offset(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + WORD], "big")
