"""Compiled contracts: their ABI, and the translation between Python values and calldata.

An artifact is the JSON that `chain.compile` writes to ``chain/artifacts/NAME.json``:
``{"name", "abi", "bytecode", "compiler", "sources"}``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from eth_abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils import keccak

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
        return keccak(text=f"{self.name}({','.join(self.input_types)})")

    @cached_property
    def selector(self) -> bytes:
        """First four bytes of `topic`."""
        return self.topic[:4]

    @cached_property
    def _log_split(self) -> tuple[list[int], list[int], list[str]]:
        """Positions of indexed and of plain inputs, and the types of the plain ones."""
        plain = [i for i, is_indexed in enumerate(self.indexed) if not is_indexed]
        marked = [i for i, is_indexed in enumerate(self.indexed) if is_indexed]
        return marked, plain, [self.input_types[i] for i in plain]

    def decode_log(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """Arguments of an event, by name and in declared order."""
        marked, plain, plain_types = self._log_split
        values: list[Any] = [None] * len(self.input_names)
        for position, topic in zip(marked, topics[1:], strict=True):
            values[position] = decode([self.input_types[position]], topic)[0]
        for position, value in zip(plain, decode(plain_types, data), strict=True):
            values[position] = value
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
        return entry.selector + encode(entry.input_types, args)

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
