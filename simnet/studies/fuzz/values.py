"""Arguments of chance: of the right type, out of what is known, what is at a boundary, and what is neither."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from eth_abi.grammar import TupleType, parse

from chain.evm import abi
from chain.quantities import BURN_ADDRESS, OPG

if TYPE_CHECKING:
    from simnet.studies.fuzz.machine import Machine

NOBODY = "0x" + "00" * 20
BOUNDARIES = (0, 1, 2, 3, 127, 128, 129, 255, 256, OPG, 1_000 * OPG)
LONGEST_LIST = 3
OPENING = "((uint16,bytes32,bytes32,bytes32,bytes32,bytes32,address,uint128,uint40),bytes32[])"
CHARGES = "(address,uint128)[]"


@cache
def changing(contract: str) -> tuple[str, ...]:
    """Functions of a contract that can change something."""
    document = json.loads((abi.ARTIFACTS / f"{contract}.json").read_text())
    return tuple(
        item["name"]
        for item in document["abi"]
        if item["type"] == "function" and item["stateMutability"] in ("nonpayable", "payable")
    )


def call_of_chance(machine: Machine, random: Random) -> tuple[str, str, list[Any]]:
    """A contract, a function of it, and arguments."""
    artifact = machine.arena.setting.artifact
    contract = random.choice([name for name in machine.arena.contracts if changing(artifact(name))])
    function = random.choice(changing(artifact(contract)))
    kinds = abi.load(artifact(contract)).functions[function].input_types
    return contract, function, [value_of(kind, machine, random) for kind in kinds]


def value_of(kind: str, machine: Machine, random: Random) -> Any:
    """A value of a type, which may have come up before."""
    batches = list(machine.books.batches.values())
    if batches and kind in (OPENING, f"{OPENING}[]", CHARGES) and random.randrange(4):
        batch = random.choice(batches)
        if kind == CHARGES:
            return batch.charges
        opening = batch.opening(random.randrange(len(batch.claims)))
        return opening if kind == OPENING else random.choice(([], [opening], [opening, opening]))
    return _value(parse(kind), machine, random)


def _value(kind: Any, machine: Machine, random: Random) -> Any:
    if kind.is_array:
        length = kind.arrlist[-1][0] if kind.arrlist[-1] else random.randrange(LONGEST_LIST)
        return [value_of(kind.item_type.to_type_str(), machine, random) for _ in range(length)]
    if isinstance(kind, TupleType):
        return tuple(value_of(part.to_type_str(), machine, random) for part in kind.components)
    match kind.base:
        case "address":
            return random.choice((*machine.arena.names, NOBODY, BURN_ADDRESS))
        case "bool":
            return random.randrange(2) == 0
        case "uint":
            return _number(kind.sub, machine, random)
        case "int":
            return random.choice((0, 1, -1, 2 ** (kind.sub - 1) - 1, -(2 ** (kind.sub - 1))))
        case "bytes":
            return _bytes(kind.sub, machine, random)
        case _:
            return random.choice(("", "name", "x" * 100))


def _number(width: int, machine: Machine, random: Random) -> int:
    now = machine.arena.now
    chosen = random.choice((*BOUNDARIES, 2**width - 1, 2 ** (width - 1), now, now + 100, random.getrandbits(width)))
    return int(chosen % 2**width)


def _bytes(length: int | None, machine: Machine, random: Random) -> bytes:
    if length is None:
        signatures = [answer.signature for answer in machine.answers]
        return random.choice((b"", bytes(65), bytes(352), random.randbytes(65), *signatures[-3:]))
    if length != 32:
        return random.randbytes(length)
    batches = list(machine.books.batches.values())
    known = [word for batch in batches[-3:] for word in (batch.id, batch.tree.root, batch.claims[0].task)]
    return random.choice((bytes(32), random.randbytes(32), *known, *known))
