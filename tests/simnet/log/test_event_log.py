"""The event log: complete, ordered, hashed, and small in memory however long the run."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tracemalloc
import types
import typing
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nodes.records
import simnet.log.events
from chain.quantities import BatchId
from nodes.records import DutyFailed, Record
from simnet.kernel.pace import Pace
from simnet.log.events import BUFFERED_LINES, EventLog, FaultInjected, as_json, read_log
from simnet.run import Options, run
from tests.recordings import recorded_rows
from tests.small import scenario

KINDS = sorted(
    (
        value
        for module in (nodes.records, simnet.log.events)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Record) and value is not Record
        if value.__module__ == module.__name__
    ),
    key=lambda kind: kind.__name__,
)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    """An empty log."""
    with closing(EventLog(tmp_path / "events.jsonl")) as made:
        yield made


def note(number: int) -> DutyFailed:
    """A record to write."""
    return DutyFailed("full-0", BatchId("0xbb"), f"reason {number}")


def rows(log: EventLog) -> list[dict[str, Any]]:
    """What is on disk."""
    log.flush()
    return list(read_log(log.path))


# -- lines ---------------------------------------------------------------------------------------------------


def test_a_line_is_a_json_object_with_its_number_time_and_kind_in_front(log: EventLog) -> None:
    log.append(0.0, note(0))
    log.append(1.5, FaultInjected(0, "partition", "a, b cut off", ["a", "b"], "cut off", True))
    log.flush()
    assert log.path.read_text().splitlines() == [
        '{"i":0,"t":0.0,"kind":"duty_failed","node":"full-0","batch":"0xbb","reason":"reason 0"}',
        '{"i":1,"t":1.5,"kind":"fault_injected","fault":0,"verb":"partition","says":"a, b cut off",'
        '"targets":["a","b"],"condition":"cut off","lasts":true}',
    ]


def test_times_are_written_to_the_microsecond(log: EventLog) -> None:
    for moment in (0.1234567, 1e6 + 1e-7, 31_536_000.000001, 7):
        log.append(moment, note(0))
    assert [row["t"] for row in rows(log)] == [0.123457, 1e6, 31_536_000.000001, 7]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_record_comes_back_from_the_log_as_it_went_in(kind: type[Record], log: EventLog) -> None:
    record = kind(**{name: example(hint) for name, hint in typing.get_type_hints(kind).items() if name != "kind"})
    log.append(2.0, record)
    (row,) = rows(log)
    assert row == {"i": 0, "t": 2.0, "kind": kind.kind, **dataclasses.asdict(record)}  # type: ignore[call-overload]


def example(hint: Any) -> Any:
    """A value of that type that is not easy to write."""
    hint = getattr(hint, "__supertype__", hint)
    plain = {str: 'quote " and \n and ü', int: 2**53 - 1, float: 0.1 + 0.2, bool: True}
    if hint in plain:
        return plain[hint]
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        return [example(inside[0])]
    if origin is dict:
        return {"key": None if inside[1] is Any else example(inside[1])}
    if origin in (typing.Union, types.UnionType):
        return example(inside[0])
    pytest.fail(f"no example of {hint}")


def test_kinds_are_names_in_snake_case_and_no_two_are_the_same() -> None:
    kinds = [kind.kind for kind in KINDS]
    assert len(set(kinds)) == len(kinds) > 20
    assert all(kind == kind.lower() and kind.replace("_", "").isalnum() for kind in kinds)


@given(
    st.recursive(
        st.booleans() | st.text() | st.binary() | st.integers(),
        lambda inner: st.lists(inner) | st.tuples(inner, inner),
        max_leaves=10,
    )
)
def test_any_value_from_the_chain_can_be_written_and_every_reader_reads_it_exactly(value: Any) -> None:
    written = as_json(value)
    assert json.loads(json.dumps(written)) == written
    assert float(written) == written if type(written) is int else True


@pytest.mark.parametrize(
    ("value", "written"),
    [(b"\x01\xff", "0x01ff"), (2**53 - 1, 2**53 - 1), (2**53, str(2**53)), ((1, [b""]), [1, ["0x"]]), (True, True)],
)
def test_bytes_become_hex_and_what_a_double_cannot_hold_a_string(value: Any, written: Any) -> None:
    assert as_json(value) == written


# -- digest --------------------------------------------------------------------------------------------------


def test_the_digest_is_the_sha256_of_the_file(log: EventLog) -> None:
    for number in range(3 * BUFFERED_LINES + 7):
        log.append(number, note(number))
    digest = log.digest
    assert digest == hashlib.sha256(log.path.read_bytes()).hexdigest()


@settings(max_examples=25)
@given(st.lists(st.integers(0, 40), unique=True))
def test_the_digest_does_not_depend_on_when_somebody_looked(looks: list[int]) -> None:
    with closing(EventLog(Path("/dev/null"))) as looked_at, closing(EventLog(Path("/dev/null"))) as left_alone:
        for number in range(40):
            looked_at.append(number, note(number))
            left_alone.append(number, note(number))
            if number in looks:
                assert looked_at.digest
        assert looked_at.digest == left_alone.digest


def test_one_record_more_or_another_order_is_another_digest(tmp_path: Path) -> None:
    def digest(*numbers: int) -> str:
        with closing(EventLog(tmp_path / "log")) as made:
            for number in numbers:
                made.append(0.0, note(number))
            return made.digest

    assert len({digest(1), digest(1, 2), digest(2, 1), digest()}) == 4


@pytest.mark.parametrize("speed", [1e5, 1e6])
def test_the_log_is_the_same_at_every_pace(tmp_path: Path, speed: float) -> None:
    pytest.importorskip("pyrevm")
    logs = []
    for pace in (Pace(), Pace(speed)):
        finished = run(scenario(duration="30 s", settle="60 s"), Options(out=tmp_path / str(pace.speed), pace=pace))
        logs.append((finished.directory / "events.jsonl").read_bytes())
    assert logs[0] == logs[1]


# -- reading -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("torn", [b"", b"{", b'{"i":2,"t":1', b'{"i":2,"t":1.0,"kind":"duty_failed"}'])
def test_a_torn_last_line_is_skipped(log: EventLog, torn: bytes) -> None:
    log.append(0.0, note(0))
    log.append(1.0, note(1))
    log.close()
    with log.path.open("ab") as file:
        file.write(torn)
    assert [row["i"] for row in read_log(log.path)] == [0, 1]


def test_an_empty_log_has_no_rows(log: EventLog) -> None:
    assert rows(log) == []


def test_closing_twice_does_no_harm_and_loses_nothing(log: EventLog) -> None:
    log.append(0.0, note(0))
    log.close()
    log.close()
    assert len(list(read_log(log.path))) == 1


def test_listeners_hear_every_record_in_order_from_when_they_began(log: EventLog) -> None:
    heard: list[tuple[float, Record]] = []
    log.append(0.0, note(0))
    log.listen(lambda time_s, record: heard.append((time_s, record)))
    for number in (1, 2):
        log.append(float(number), note(number))
    assert heard == [(1.0, note(1)), (2.0, note(2))]


# -- memory --------------------------------------------------------------------------------------------------


def test_memory_does_not_grow_with_the_log(log: EventLog) -> None:
    def write(count: int) -> int:
        """Write so many records; the most memory held meanwhile."""
        tracemalloc.start()
        for number in range(count):
            log.append(number, note(number))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    few, many = write(2 * BUFFERED_LINES), write(40 * BUFFERED_LINES)
    assert many < 1.5 * few
    assert log.path.stat().st_size > 41 * BUFFERED_LINES * 80


def test_the_recorded_log_has_the_records_of_today() -> None:
    """Whoever gives a record a field records anew, or readers are tested against logs that no run writes."""
    fields = {record.kind: set(record.__annotations__) - {"kind"} for record in KINDS}
    wrong = {row["kind"] for row in recorded_rows() if row.keys() - {"i", "t", "kind"} != fields[row["kind"]]}
    assert wrong == set()
