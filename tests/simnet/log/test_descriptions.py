"""Every record and every contract event has one description, which can be filled from what the log holds."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from string import Formatter

import pytest

from chain.evm.abi import ARTIFACTS, Entry, load
from dashboards.describe import MARKS, WAYS, sentence
from nodes.records import GROUPS, RECORDS, Description, Record, event
from simnet.cli.log_page import markdown
from simnet.log.contract_events import CONTRACT_EVENTS, of_event
from simnet.log.descriptions import group_of
from simnet.log.events import ContractEvent, Row
from tests.recordings import recorded_rows
from tests.simnet.log.test_event_log import KINDS

ROOT = Path(__file__).parents[3]

CONTRACTS = sorted(path.stem for path in ARTIFACTS.glob("*.json"))
ABI = [(contract, entry) for contract in CONTRACTS for entry in load(contract).events_by_topic.values()]
"""Contract and event, of every compiled contract."""

TYPES = {"who": ("address", "address[]"), "opg": ("uint",), "bits": ("uint",), "span": ("uint",), "count": ("uint",)}
"""What an argument must be to be written in each way; ids may be anything."""


def ways(description: Description) -> list[tuple[str, str]]:
    """The fields of a sentence, and how each is written."""
    return [(name, how or "") for _, name, how, _ in Formatter().parse(description.says) if name]


def test_every_record_is_described() -> None:
    assert [kind.__name__ for kind in KINDS if kind.kind not in RECORDS] == []


@pytest.mark.parametrize(("contract", "entry"), ABI, ids=lambda value: getattr(value, "name", value))
def test_every_event_of_a_contract_is_described_by_arguments_that_it_has(contract: str, entry: Entry) -> None:
    description = of_event(contract, entry.name)
    assert description is not None, f"say in simnet/log/contract_events.py what {contract}.{entry.name} means"
    types = dict(zip(entry.input_names, entry.input_types, strict=True))
    assert {*description.named, *description.subjects} <= types.keys()
    for name, how in ways(description):
        assert types[name].startswith(TYPES.get(how, "")), f"{name} is {types[name]} and written as {how}"
        if types[name].startswith("address"):
            assert how in ("who", "id"), f"{name} is an address"


def test_there_is_no_description_of_an_event_that_no_contract_has() -> None:
    known = {name for contract, entry in ABI for name in (entry.name, f"{contract}.{entry.name}")}
    assert CONTRACT_EVENTS.keys() <= known


def test_no_argument_has_the_name_of_a_field_that_every_contract_event_has() -> None:
    """Readers that lay arguments and fields side by side would lose one of them."""
    own = {"i", "t", "kind", *(field.name for field in fields(ContractEvent))}
    assert [entry.name for _, entry in ABI if own & set(entry.input_names)] == []


def test_ways_of_writing_a_value_are_known() -> None:
    described = [*(description for _, description in RECORDS.values()), *CONTRACT_EVENTS.values()]
    plain = {
        how for description in described for _, how in ways(description) if not how.startswith(("or ", "besides "))
    }
    assert plain - {"", ".2g"} <= WAYS.keys()


def test_every_group_has_a_mark_and_something_in_it() -> None:
    described = [*(description for _, description in RECORDS.values()), *CONTRACT_EVENTS.values()]
    assert list(MARKS) == list(GROUPS)
    assert {description.group for description in described} | {"shirking"} == set(GROUPS)


def test_a_group_or_a_field_that_there_is_not_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Seen(Record):
        node: str

    with pytest.raises(ValueError, match="no group 'gossip'"):
        event(group="gossip", says="{node}")(Seen)
    with pytest.raises(ValueError, match="Seen has no field task"):
        event(group="run", says="{node} on {task:id}")(Seen)
    with pytest.raises(ValueError, match="Seen has no field task"):
        event(group="run", says="{node}", subjects=("task",))(Seen)


def test_every_row_of_a_run_is_told_in_a_sentence_of_its_own() -> None:
    for row in recorded_rows():
        told = sentence(row, lambda address: "somebody")
        assert not told.startswith((row["kind"], f"{row.get('contract')}.")), told
        assert group_of(row) != "other"


@pytest.mark.parametrize(
    ("row", "told", "group"),
    [
        (
            {"kind": "message_sent", "sender": "a", "receiver": "b", "what": "Q", "size_bytes": 9, "delay_s": 0.0}
            | {"lost": "loss"},
            "a → b: Q, 9 B, lost: loss",
            "messages",
        ),
        (
            {"kind": "side_payment", "payer": "", "payee": "a", "amount": "5" + "0" * 17, "why": "bribe"}
            | {"subject": "0x"},
            "somebody outside pays a 0.5 OPG off chain: bribe",
            "money",
        ),
        (
            {"kind": "decided", "node": "a", "behaviour": "b", "subject": "", "action": "cheat", "explored": False}
            | {"expected": {"cheat": 0.25, "work": 0.125}},
            "a chooses cheat, expecting cheat 0.25, work 0.125 OPG",
            "tasks",
        ),
        (
            {"kind": "duty_failed", "node": "a", "batch": "", "reason": "showSeed {3}"},
            "a cannot do its duty: showSeed {3}",
            "faults",
        ),
        (
            {
                "kind": "fault_ended",
                "fault": 1,
                "verb": "crash",
                "says": "full-1 is up",
                "targets": ["full-1", "full-2"],
            }
            | {"whole": True},
            "full-1 is up (full-2)",
            "faults",
        ),
        ({"kind": "cheated", "node": "a", "behaviour": "b", "act": "check", "subject": "t"}, None, "shirking"),
        ({"kind": "nobody_knows_this", "x": 1}, "nobody_knows_this x=1", "other"),
        ({"kind": "task_sent", "client": "c"}, "task_sent client=c", "tasks"),
    ],
)
def test_a_row_is_told_by_what_it_holds(row: Row, told: str | None, group: str) -> None:
    assert group_of(row) == group
    if told is not None:
        assert sentence({"i": 0, "t": 0.0, **row}, str) == told


def emitted(contract: str, name: str, **args: object) -> Row:
    """A contract event as the log has it."""
    return {
        "kind": "contract_event",
        "transaction": 0,
        "subject": "",
        "contract": contract,
        "event": name,
        "args": args,
    }


def test_events_of_one_name_of_two_contracts_are_told_apart() -> None:
    amount = {"amount": "2" + "0" * 18}
    assert sentence(emitted("Staking", "Withdrawn", node="n", **amount), str) == "n withdraws 2 OPG of stake"
    of_a_client = emitted("Settlement", "Withdrawn", client="c", **amount)
    assert sentence(of_a_client, str) == "c withdraws 2 OPG from its escrow"


def test_an_event_of_a_contract_that_is_not_ours_is_told_field_by_field_and_is_no_vote() -> None:
    row = emitted("Novel", "Strange", batch="0x00", count=3)
    assert sentence(row, str) == "Novel.Strange batch 0x00, count 3"
    assert group_of(row) == "other"


def test_the_registration_of_an_enclave_is_evidence() -> None:
    assert group_of(emitted("TEERegistry", "TEERegistered", teeId="0x", owner="0x", teeType=1)) == "evidence"


def test_the_page_in_the_docs_is_as_the_descriptions_have_it() -> None:
    written = (ROOT / "docs" / "log.md").read_text()
    assert written == markdown(), "write it anew: simnet schema --list log --markdown > docs/log.md"
