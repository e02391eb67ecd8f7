"""Compiled contracts: their ABI, and the translation between Python values and calldata.

An artifact is the JSON that `chain.compile` writes to ``chain/artifacts/NAME.json``:
``{"name", "abi", "bytecode", "compiler", "sources"}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from chain.hashing import keccak
from chain.seam import Revert

ARTIFACTS = Path(__file__).parent / "artifacts"

_PLAIN_ERROR = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)


def _type_of(parameter: Mapping[str, Any]) -> str:
    """Canonical type of an ABI parameter, with tuples spelled out."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    inside = ",".join(_type_of(part) for part in parameter["components"])
    return f"({inside}){kind.removeprefix('tuple')}"


def _word_reader(kind: str) -> Callable[[bytes], Any] | None:
    """Decoder of a type that fills one word, or ``None``. Logs are mostly such; eth_abi takes ten times as long."""
    if kind == "address":
        return lambda word: "0x" + word[12:].hex()
    if kind == "bytes32":
        return bytes
    if re.fullmatch(r"uint\d+", kind):
        return lambda word: int.from_bytes(word, "big")
    if re.fullmatch(r"bool|int\d+|bytes\d+", kind):
        return lambda word: decode([kind], word)[0]
    return None


def _word_writer(kind: str) -> Callable[[Any], bytes] | None:
    """Encoder of a type that fills one word, or ``None``; strict, as eth_abi is, and many times as fast."""
    if kind == "address":
        return _address_word
    if kind == "bytes32":
        return _bytes32_word
    if match := re.fullmatch(r"uint(\d+)", kind):
        return partial(_uint_word, bits=int(match[1]))
    return None


def _address_word(value: str) -> bytes:
    raw = bytes.fromhex(value.removeprefix("0x"))
    if len(raw) != 20:
        raise EncodingError(f"{value!r} is not an address")
    return bytes(12) + raw


def _bytes32_word(value: bytes) -> bytes:
    if not isinstance(value, bytes) or len(value) > 32:
        raise EncodingError(f"{value!r} does not fit bytes32")
    return value.ljust(32, b"\0")


def _uint_word(value: int, bits: int) -> bytes:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << bits:
        raise EncodingError(f"{value!r} is not a uint{bits}")
    return value.to_bytes(32, "big")


@dataclass(frozen=True)
class Entry:
    """One function, event, error or constructor of an ABI."""

    name: str
    input_names: tuple[str, ...]
    input_types: tuple[str, ...]
    indexed: tuple[bool, ...] = ()
    output_types: tuple[str, ...] = ()

    @classmethod
    def from_abi(cls, item: Mapping[str, Any]) -> Entry:
        """Read an item of a JSON ABI."""
        inputs = item.get("inputs", [])
        return cls(
            name=item.get("name", ""),
            input_names=tuple(part["name"] or f"arg{i}" for i, part in enumerate(inputs)),
            input_types=tuple(_type_of(part) for part in inputs),
            indexed=tuple(part.get("indexed", False) for part in inputs),
            output_types=tuple(_type_of(part) for part in item.get("outputs", [])),
        )

    @cached_property
    def topic(self) -> bytes:
        """Keccak-256 of the signature."""
        return keccak(f"{self.name}({','.join(self.input_types)})".encode())

    @cached_property
    def selector(self) -> bytes:
        """First four bytes of `topic`."""
        return self.topic[:4]

    @cached_property
    def _word_writers(self) -> list[Callable[[Any], bytes]] | None:
        """How to write each argument, if each fills one word."""
        writers = [writer for kind in self.input_types if (writer := _word_writer(kind))]
        return writers if len(writers) == len(self.input_types) else None

    def encode(self, args: Sequence[Any]) -> bytes:
        """Arguments as the ABI encodes them. Raises `eth_abi.exceptions.EncodingError` for one that does not fit."""
        if self._word_writers is None or len(args) != len(self.input_types):
            return encode(self.input_types, args)
        return b"".join([write(value) for write, value in zip(self._word_writers, args, strict=True)])

    @cached_property
    def _in_topics(self) -> list[Callable[[bytes], Any]]:
        """How to read each indexed argument. What is longer than a word is in the topic as its hash."""
        return [
            _word_reader(kind) or bytes for kind, marked in zip(self.input_types, self.indexed, strict=True) if marked
        ]

    @cached_property
    def _in_data(self) -> Callable[[bytes], Sequence[Any]]:
        """How to read the arguments that are not indexed."""
        kinds = [kind for kind, marked in zip(self.input_types, self.indexed, strict=True) if not marked]
        readers = [reader for kind in kinds if (reader := _word_reader(kind))]
        if len(readers) < len(kinds):
            return lambda data: decode(kinds, data)
        return lambda data: [read(data[32 * place : 32 * place + 32]) for place, read in enumerate(readers)]

    def decode_log(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Arguments of an event, by name and in declared order."""
        indexed = iter([read(topic) for read, topic in zip(self._in_topics, topics[1:], strict=True)])
        plain = iter(self._in_data(data))
        values = (next(indexed if marked else plain) for marked in self.indexed)
        return dict(zip(self.input_names, values, strict=True))


class Artifact:
    """A compiled contract."""

    def __init__(self, name: str, abi: Sequence[Mapping[str, Any]], bytecode: bytes) -> None:
        self.name = name
        self.bytecode = bytecode
        entries: dict[str, list[Entry]] = {"function": [], "event": [], "error": [], "constructor": []}
        for item in abi:
            if item["type"] in entries:
                entries[item["type"]].append(Entry.from_abi(item))
        self.functions = {entry.name: entry for entry in entries["function"]}
        self.events_by_topic = {entry.topic: entry for entry in entries["event"]}
        self.errors_by_selector = {entry.selector: entry for entry in entries["error"]}
        self.constructor = next(iter(entries["constructor"]), Entry("", (), ()))

    def creation_code(self, args: Sequence[Any]) -> bytes:
        """Bytecode to deploy, with the constructor's arguments."""
        return self.bytecode + encode(self.constructor.input_types, args)

    def calldata(self, function: str, args: Sequence[Any]) -> bytes:
        """Selector and encoded arguments. `KeyError` names an unknown function."""
        entry = self.functions[function]
        return entry.selector + entry.encode(args)

    def decode_result(self, function: str, data: bytes) -> Any:
        """What a view returned: one value bare, several as a tuple, none as ``None``."""
        values = decode(self.functions[function].output_types, data)
        return values if len(values) > 1 else next(iter(values), None)


@cache
def load(name: str) -> Artifact:
    """The committed artifact of that name; `FileNotFoundError` if there is none."""
    raw = json.loads((ARTIFACTS / f"{name}.json").read_text())
    return Artifact(raw["name"], raw["abi"], bytes.fromhex(raw["bytecode"].removeprefix("0x")))


@cache
def _errors_of_all_contracts() -> dict[bytes, Entry]:
    """Custom errors by selector: a revert may bubble up from any contract below the one called."""
    merged: dict[bytes, Entry] = {}
    for path in sorted(ARTIFACTS.glob("*.json")):
        merged.update(load(path.stem).errors_by_selector)
    return merged


def decode_revert(data: bytes) -> Revert:
    """Make sense of revert data, whatever it holds."""
    selector, body = data[:4], data[4:]
    try:
        if selector == _PLAIN_ERROR:
            return Revert("Error", {"reason": decode(["string"], body)[0]})
        if selector == _PANIC:
            return Revert("Panic", {"code": decode(["uint256"], body)[0]})
        if entry := _errors_of_all_contracts().get(selector):
            return Revert(entry.name, dict(zip(entry.input_names, decode(entry.input_types, body), strict=True)))
    except DecodingError:
        pass
    return Revert("Unknown", {"data": "0x" + data.hex()})
