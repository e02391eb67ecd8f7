"""The timeline: any moment of a log, also of one that grows, is replaced, or was reorganised."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards import timeline as module
from dashboards.timeline import Timeline
from simnet.log.file import LogError, LogReplaced
from simnet.measure.fold import apply
from simnet.measure.state import State
from simnet.verdict.expectations import parse_expectation
from simnet.verdict.so_far import Promises
from tests.large_log import write_log
from tests.recordings import read_whole, recorded_lines, recorded_rows, unpack

LENGTH = len(recorded_rows())
REORG = next(row["i"] for row in recorded_rows() if row["kind"] == "chain_reorged")


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    """The recorded run, with keyframes close together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "KEYFRAME_EVERY", 100)
        return read_whole(unpack(tmp_path_factory.mktemp("recorded")))


@cache
def folded(number: int) -> State:
    """The state after so many rows, by the definition: rows of blocks that a reorg undid never happened."""
    state, first = State(), recorded_rows()[REORG]["first"]
    for row in recorded_rows()[:number]:
        block = row["number"] if row["kind"] == "block_mined" else row.get("block", -1)
        undone = number > REORG and row["i"] < REORG and block >= first
        if undone:
            state.number, state.time = row["i"] + 1, row["t"]
        else:
            apply(state, row)
    return state


@given(st.integers(min_value=0, max_value=LENGTH))
def test_a_jump_gives_the_state_of_that_moment(timeline: Timeline, number: int) -> None:
    assert timeline.state_at(number) == folded(number)


@given(st.integers(min_value=0, max_value=LENGTH), st.integers(min_value=0, max_value=LENGTH))
def test_it_does_not_matter_where_one_comes_from(timeline: Timeline, start: int, end: int) -> None:
    assert timeline.state_at(end, timeline.state_at(start)) == folded(end)


@pytest.mark.parametrize("number", [REORG - 1, REORG, REORG + 1, REORG + 2])
def test_a_reorg_undoes_what_its_blocks_held(timeline: Timeline, number: int) -> None:
    assert timeline.state_at(number) == folded(number)


def test_reading_does_not_disturb_the_head(timeline: Timeline) -> None:
    timeline.state_at(17)
    assert timeline.head == folded(LENGTH)


def test_keyframes_thin_out_so_that_memory_stays_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEYFRAME_EVERY", 8)
    monkeypatch.setattr(module, "KEYFRAMES_MAX", 16)
    timeline = read_whole(unpack(tmp_path))
    assert len(timeline._keyframes) <= 17
    assert timeline.state_at(1999) == folded(1999)


def test_a_growing_log_is_read_line_by_whole_line(tmp_path: Path) -> None:
    lines, log = recorded_lines(), tmp_path / "events.jsonl"
    log.write_bytes(b"".join(lines[:10]) + lines[10][:20])
    timeline = Timeline(log, Promises())
    assert not timeline.read(1.0)
    assert len(timeline) == 10
    with log.open("ab") as file:
        file.write(lines[10][20:] + lines[11])
    timeline.read(1.0)
    assert timeline.head == folded(12)


def test_a_renamed_run_is_followed_and_found(tmp_path: Path) -> None:
    timeline = read_whole(unpack(tmp_path / ".running-x"))
    (tmp_path / ".running-x").rename(tmp_path / "recorded-7")
    assert not timeline.read(1.0)
    assert timeline.log.directory == tmp_path / "recorded-7"


def test_another_run_in_the_same_file_is_noticed(tmp_path: Path) -> None:
    timeline = read_whole(unpack(tmp_path))
    (tmp_path / "events.jsonl").write_bytes(recorded_lines()[0])
    with pytest.raises(LogReplaced):
        timeline.read(1.0)


def test_another_run_in_a_new_file_of_that_name_is_noticed(tmp_path: Path) -> None:
    timeline = read_whole(unpack(tmp_path))
    (tmp_path / "events.jsonl").unlink()
    (tmp_path / "events.jsonl").write_bytes(b"".join(recorded_lines()))
    with pytest.raises(LogReplaced):
        timeline.read(1.0)


@pytest.mark.parametrize(
    "line", [b"not json\n", b"[1, 2]\n", b'{"t": 1.0}\n', b'{"i": 3, "t": 1.0, "kind": "executed"}\n', b"\n"]
)
def test_a_line_that_is_none_of_ours_is_named(tmp_path: Path, line: bytes) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(b"".join(recorded_lines()[:3]) + line)
    with pytest.raises(LogError, match=r"events\.jsonl:4: this is no line of an event log"):
        Timeline(log, Promises()).read(1.0)


def test_a_log_of_another_format_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    log.write_bytes(orjson.dumps({**orjson.loads(recorded_lines()[0]), "format": 99}) + b"\n")
    with pytest.raises(LogError, match="format 99"):
        Timeline(log, Promises()).read(1.0)


def test_there_is_a_landmark_where_an_expectation_begins_to_fail(tmp_path: Path) -> None:
    promises = Promises((parse_expectation("slashes_total == 0"), parse_expectation("tasks_total >= 10_000")))
    timeline = Timeline(unpack(tmp_path) / "events.jsonl", promises)
    timeline.read(10.0)
    first_slash = timeline.index.slashes[0]
    broken = timeline.index.broken
    assert [row for row in broken if "slashes_total == 0" in broken[row]] == [min(r for r in broken if r > first_slash)]
    assert broken[LENGTH - 1] == ["tasks_total >= 10_000"], "what may still grow fails only at the end"


def test_a_large_log_is_read_and_seen_anywhere(tmp_path: Path) -> None:
    timeline = read_whole(write_log(tmp_path, nodes=100, events=15_000))
    assert len(timeline) > 14_000
    assert timeline.state_at(len(timeline)) == timeline.head
    assert timeline.head.ended == "completed"
    assert timeline.state_at(7000).number == 7000
