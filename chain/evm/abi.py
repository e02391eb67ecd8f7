"""Compiled contracts: their ABI, and the translation between Python values and calldata.

An artifact is the JSON that `chain.evm.compile` writes to ``chain/artifacts/NAME.json``:
``{"name", "abi", "bytecode", "compiler", "sources"}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError, InsufficientDataBytes

from chain.evm.codec import WORD, Codec, Reader, codec_of, readers_of, topic_reader
from chain.hashing import keccak
from chain.seam import Revert

ARTIFACTS = Path(__file__).parents[1] / "artifacts"

_PLAIN_ERROR = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)


def _type_of(parameter: Mapping[str, Any]) -> str:
    """Canonical type of an ABI parameter, with tuples spelled out."""
    kind: str = parameter["type"]
    if not kind.startswith("tuple"):
        return kind
    inside = ",".join(_type_of(part) for part in parameter["components"])
    return f"({inside}){kind.removeprefix('tuple')}"


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

    @property
    def signature(self) -> str:
        """Name and types, as they are hashed."""
        return f"{self.name}({','.join(self.input_types)})"

    @cached_property
    def topic(self) -> bytes:
        """Keccak-256 of the signature."""
        return keccak(self.signature.encode())

    @cached_property
    def selector(self) -> bytes:
        """First four bytes of `topic`."""
        return self.topic[:4]

    @cached_property
    def _inputs(self) -> Codec:
        return codec_of(self.input_types)

    @cached_property
    def _outputs(self) -> Codec:
        return codec_of(self.output_types)

    def encode(self, args: Sequence[Any]) -> bytes:
        """Arguments as the ABI encodes them. Raises `eth_abi.exceptions.EncodingError` for one that does not fit."""
        return self._inputs.write(args)

    def decode_result(self, data: bytes) -> tuple[Any, ...]:
        """What a call returned. Raises `eth_abi.exceptions.DecodingError` for what cannot have come from it."""
        if len(data) < WORD * len(self.output_types):
            raise InsufficientDataBytes(f"{self.name} returned {len(data)} bytes")
        values: tuple[Any, ...] = self._outputs.read(data, 0)
        return values

    @cached_property
    def _fields(self) -> list[tuple[str, int, Reader, int]]:
        """Of each argument of an event its name, which topic it is (-1: in the data), how to read it, and where."""
        in_data = iter(readers_of([kind for kind, marked in self._marked if not marked]))
        topics = iter(range(1, len(self.indexed) + 1))
        return [
            (name, next(topics), topic_reader(kind), 0) if marked else (name, -1, *next(in_data))
            for name, (kind, marked) in zip(self.input_names, self._marked, strict=True)
        ]

    @property
    def _marked(self) -> list[tuple[str, bool]]:
        """Type of each argument of an event, and whether it is indexed."""
        return list(zip(self.input_types, self.indexed, strict=True))

    def decode_log(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Arguments of an event, by name and in declared order."""
        sources = (*topics, data)
        return {name: read(sources[source], at) for name, source, read, at in self._fields}


class Artifact:
    """A compiled contract."""

    def __init__(self, name: str, abi: Sequence[Mapping[str, Any]], bytecode: bytes) -> None:
        self.name = name
        self.bytecode = bytecode
        entries: dict[str, list[Entry]] = {"function": [], "event": [], "error": [], "constructor": []}
        for item in abi:
            if item["type"] in entries:
                entries[item["type"]].append(Entry.from_abi(item))
        functions = entries["function"]
        self.functions = {entry.name: entry for entry in functions} | {entry.signature: entry for entry in functions}
        """By name; of several with one name, each by its signature as well, such as ``release(address)``."""
        self.events_by_topic = {entry.topic: entry for entry in entries["event"]}
        self.errors_by_selector = {entry.selector: entry for entry in entries["error"]}
        self.constructor = next(iter(entries["constructor"]), Entry("", (), ()))

    def creation_code(self, args: Sequence[Any]) -> bytes:
        """Bytecode to deploy, with the constructor's arguments."""
        return self.bytecode + self.constructor.encode(args)

    def calldata(self, function: str, args: Sequence[Any]) -> bytes:
        """Selector and encoded arguments. `KeyError` names an unknown function."""
        entry = self.functions[function]
        return entry.selector + entry.encode(args)

    def function_of(self, calldata: bytes) -> str | None:
        """Name of the function that is called, if there is one of that selector."""
        return next((name for name, entry in self.functions.items() if entry.selector == calldata[:4]), None)

    def decode_result(self, function: str, data: bytes) -> Any:
        """What a view returned: one value bare, several as a tuple, none as ``None``."""
        values = self.functions[function].decode_result(data)
        return values if len(values) > 1 else next(iter(values), None)


@cache
def load(name: str) -> Artifact:
    """The committed artifact of that name; `FileNotFoundError` if there is none."""
    raw = json.loads((ARTIFACTS / f"{name}.json").read_text())
    return Artifact(raw["name"], raw["abi"], bytes.fromhex(raw["bytecode"].removeprefix("0x")))


def contracts() -> tuple[str, ...]:
    """Names of all committed artifacts."""
    return tuple(sorted(path.stem for path in ARTIFACTS.glob("*.json")))


def functions_of(contract: str | None) -> tuple[str, ...]:
    """Names of a contract's functions, or of those of all."""
    names = contracts() if contract is None else (contract,)
    return tuple(sorted({function for name in names for function in load(name).functions if "(" not in function}))


def events_of(names: Iterable[str]) -> frozenset[str]:
    """Names of the events that these contracts can emit."""
    return frozenset(entry.name for name in names for entry in load(name).events_by_topic.values())


@cache
def _errors_of_all_contracts() -> dict[bytes, Entry]:
    """Custom errors by selector: a revert may bubble up from any contract below the one called."""
    merged: dict[bytes, Entry] = {}
    for name in contracts():
        merged.update(load(name).errors_by_selector)
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
    except (DecodingError, UnicodeDecodeError):  # somebody's contract may say anything
        pass
    return Revert("Unknown", {"data": "0x" + data.hex()})
