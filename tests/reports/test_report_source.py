"""A report is made from a complete run whose log is intact, and from nothing else."""

from __future__ import annotations

import gc
import hashlib
import shutil
import tracemalloc
from contextlib import suppress
from pathlib import Path

import orjson
import pytest

from reports import source, write_reports
from reports.source import UnreadableRun, load_run, read_verified
from simnet.log.events import LOG_FORMAT
from simnet.log.figures import Figures
from simnet.measure.catalogue import distributions
from tests.large_log import write_log


@pytest.fixture
def copy(troubled_run: Path, tmp_path: Path) -> Path:
    """A run directory that the test may spoil."""
    return Path(shutil.copytree(troubled_run, tmp_path / "run"))


def refusal(directory: Path) -> str:
    """What is said about a directory that is no complete run."""
    with pytest.raises(UnreadableRun) as refused:
        load_run(directory)
    assert refused.value.exit_code == 2
    assert refused.value.hint
    return str(refused.value)


def test_judging_the_log_anew_gives_what_the_run_itself_found(troubled_run: Path) -> None:
    recorded = orjson.loads((troubled_run / "results.json").read_bytes())
    assert orjson.loads(orjson.dumps(load_run(troubled_run).results.as_json())) == recorded


def test_plots_of_a_long_log_say_what_they_leave_out_and_what_is_measured_leaves_nothing_out(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = load_run(copy)
    most = whole.tables.counts["task_sent"] - 1
    monkeypatch.setattr(source, "ROWS_DRAWN", most)
    run = load_run(copy)
    assert run.results == whole.results
    assert max(map(len, [*run.tables.rows.values(), *run.tables.chain.values()])) == most
    assert run.tables.left_out["task_sent"] == 1
    assert "task_sent (1 more)" in run.left_out
    assert "block_mined" not in run.left_out
    write_reports(run)
    assert orjson.loads((copy / "trace.json").read_bytes())["otherData"]["leftOut"] == run.left_out
    assert run.left_out in (copy / "report.html").read_text()


def test_plots_of_a_log_that_is_short_enough_leave_nothing_out(copy: Path) -> None:
    run = load_run(copy)
    assert run.left_out == ""
    write_reports(run)
    assert "leftOut" not in orjson.loads((copy / "trace.json").read_bytes())["otherData"]


def test_a_directory_without_a_log_is_no_run(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"no run in {tmp_path}: it has no events.jsonl"
    assert "no events.jsonl" in refusal(tmp_path / "absent")


def test_a_log_without_its_scenario_cannot_be_judged(copy: Path) -> None:
    (copy / "scenario.yaml").unlink()
    assert refusal(copy) == f"the log in {copy} cannot be judged: there is no scenario.yaml"


def test_the_log_of_a_run_that_was_killed_is_reported_for_what_it_is(copy: Path) -> None:
    """It has no results, no end, and half a line for its last."""
    log = copy / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[: len(lines) // 2]) + lines[len(lines) // 2][:-5])
    for name in ("results.json", "manifest.json"):
        (copy / name).unlink()
    run = load_run(copy)
    assert (run.results.outcome, run.results.exit_code) == ("inconclusive", 3)
    assert run.results.caveats[0] == "The log ends before the run did: it was killed, or still goes on."
    assert not run.results.reproducible
    assert run.results.virtual_s == orjson.loads(lines[len(lines) // 2 - 1])["t"]
    assert run.results.metrics["tasks_total"].n > 0
    write_reports(run)
    for report in ("report.html", "summary.md"):
        assert "The log ends before the run did" in (copy / report).read_text()


def test_a_torn_log_is_refused(copy: Path) -> None:
    log = copy / "events.jsonl"
    log.write_bytes(log.read_bytes()[:-10])
    assert refusal(copy).startswith(f"{log} is torn or was changed")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"digest": 1}', b'{"digest": "", "virtual_s": [], "wall_s": 1}'])
def test_damaged_results_are_refused(copy: Path, text: bytes) -> None:
    (copy / "results.json").write_bytes(text)
    refusal(copy)


def test_a_log_of_another_format_is_refused(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.source.LOG_FORMAT", LOG_FORMAT + 1)
    assert refusal(copy) == (
        f"{copy / 'events.jsonl'} has format {LOG_FORMAT}, and this simnet reads format {LOG_FORMAT + 1}"
    )


def test_a_run_is_called_by_its_name_and_not_latest(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (copy.parent / "latest").symlink_to(copy.name)
    assert load_run(copy.parent / "latest").directory == copy
    monkeypatch.chdir(copy.parent)
    assert load_run(Path("latest")).directory == Path("run")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("null", marks=pytest.mark.long),
        pytest.param("{}", marks=pytest.mark.long),
        '"x"',
        pytest.param("-1", marks=pytest.mark.long),
        pytest.param("[" * 300 + "]" * 300, marks=pytest.mark.long),
        pytest.param('{"a":' * 900 + "1" + "}" * 900, marks=pytest.mark.long),
    ],
)
def test_a_row_of_another_shape_is_refused_with_its_line_or_does_no_harm(copy: Path, value: str) -> None:
    """Every field of one row of each kind in turn, in a log whose digest is right."""
    log, lines = copy / "events.jsonl", (copy / "events.jsonl").read_bytes().splitlines(keepends=True)
    first: dict[str, int] = {}
    for number, line in enumerate(lines):
        first.setdefault(orjson.loads(line)["kind"], number)
    for number in first.values():
        row = orjson.loads(lines[number])
        for key in row:
            parts = (f'"{other}":{value if other == key else orjson.dumps(row[other]).decode()}' for other in row)
            spoilt = [*lines[:number], ("{" + ",".join(parts) + "}\n").encode(), *lines[number + 1 : number + 200]]
            log.write_bytes(b"".join(spoilt))
            digest = hashlib.sha256(log.read_bytes()).hexdigest()
            with suppress(UnreadableRun):  # and nothing else
                read_verified(log, digest)


KEYS, BATCH = 20, 800
"""Bytes that judging may keep: of each inference the keys by which one that comes twice is found, twice eight and what
an array has in reserve; of each batch its name and when it was final, and as much again for what Python has spare."""


def test_what_a_run_holds_at_its_end_does_not_grow_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond what distributions keep, 16 bytes a value, keys and names of batches. An object an inference is more."""
    monkeypatch.setattr(source, "ROWS_DRAWN", 20)

    def held(events: int) -> tuple[int, int, int]:
        """Bytes that a run takes whose log has so many events: state, invariants, tables, frames; and what happened."""
        log = write_log(tmp_path / str(events), nodes=30, events=events) / "events.jsonl"
        tracemalloc.start()
        reader, tables = read_verified(log, None)
        figures = Figures(tables)
        gc.collect()
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert tables.counts["task_sent"] > len(figures.claims) == 20
        state = reader.finished.state
        size -= sum(16 * one.n for one in distributions(state).values() if one.exact)
        return size, state.answered, state.chain.final

    held(6_000)  # loads modules, and fills caches, that the others find
    fewer, more = held(24_000), held(48_000)
    size, inferences, batches = (many - few for few, many in zip(fewer, more, strict=True))
    assert inferences > 1000
    assert 0 < size < KEYS * inferences + BATCH * batches
