"""Every record and contract event of the log as its description has it: for ``simnet schema`` and for the docs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields

from chain.evm.abi import ARTIFACTS, load
from nodes.records import GROUPS, RECORDS, Description
from simnet.log.contract_events import CONTRACT_EVENTS
from simnet.log.events import LOG_FORMAT

PAGE = """# The event log

`events.jsonl` of a run is all that anybody knows of it: metrics, invariants, the report, the dashboard and the replay
read nothing else. A line is a JSON object with `i` (its number, from 0), `t` (simulated seconds), `kind`, and the
fields of that kind. This is format {format}; the first line says which one a log has, and readers refuse any other.
This page is written by `simnet schema --list log --markdown`; `simnet schema --list log` shows it in short.

Amounts are wei as strings, hashes and ids `0x` hex, times simulated seconds. A contract event is a line of kind
`contract_event` with the arguments of the event in `args`. It stands after its transaction and names it:
`transaction` is that line's `i`, `subject` the batch that the transaction is about.

What the sentence has in brackets is left out when there is nothing of it.
{groups}"""


@dataclass(frozen=True)
class Entry:
    """A record or a contract event."""

    name: str
    group: str
    fields: tuple[str, ...]
    """Each with its type."""
    sentence: str
    meaning: str
    """Of a record what its class says; of an event the contracts that emit it."""


def entries() -> list[Entry]:
    """Records as they are declared, then contract events as they are described."""
    return [*records(), *events()]


def records() -> Iterator[Entry]:
    """Every kind of record, module by module: which was imported first does not matter."""
    for kind, (record, description) in sorted(RECORDS.items(), key=lambda item: item[1][0].__module__):
        named = tuple(f"{field.name}: {field.type}" for field in fields(record))  # type: ignore[arg-type]
        meaning = " ".join(inspect.cleandoc(record.__doc__ or "").split()).replace("``", "`")
        yield Entry(kind, description.group, named, plain(description), meaning)


def events() -> Iterator[Entry]:
    """Every event of our contracts; events of one name and of the same arguments are one."""
    emitters: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for contract, event, arguments in abi_events():
        key = f"{contract}.{event}" if f"{contract}.{event}" in CONTRACT_EVENTS else event
        emitters.setdefault(key, {}).setdefault(arguments, []).append(contract)
    for key, description in CONTRACT_EVENTS.items():
        for arguments, contracts in emitters.get(key, {}).items():
            meaning = f"event of {', '.join(contracts)}"
            yield Entry(key.rpartition(".")[2], description.group, arguments, plain(description), meaning)


def abi_events() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Contract, name and arguments of every event in the compiled contracts."""
    for path in sorted(ARTIFACTS.glob("*.json")):
        for entry in load(path.stem).events_by_topic.values():
            named = zip(entry.input_names, entry.input_types, strict=True)
            yield path.stem, entry.name, tuple(f"{name}: {kind}" for name, kind in named)


def plain(description: Description) -> str:
    """The sentence with the names of its fields, and without how they are written."""
    text = re.sub(r"\{\w+:if\}", "", description.says)
    return re.sub(r"\{(\w+)(:[^}]*)?\}", r"*\1*", text)


def markdown() -> str:
    """The page of the docs."""
    found = entries()
    groups = "".join(section(group, [entry for entry in found if entry.group == group]) for group in GROUPS)
    return PAGE.format(format=LOG_FORMAT, groups=groups)


def section(group: str, members: list[Entry]) -> str:
    """The records and events of one group."""
    lines = [f"\n## {group}\n", f"{GROUPS[group][0].upper()}{GROUPS[group][1:]}.\n"]
    if members:
        lines += ["| kind or event | what it is | fields | sentence |", "|---|---|---|---|"]
    for entry in members:
        named = ", ".join(f"`{field}`" for field in entry.fields)
        lines.append(f"| `{entry.name}` | {entry.meaning} | {named} | {entry.sentence} |")
    return "\n".join(lines) + "\n"
