"""One run: what it leaves, what it promises to scripts, and what stays when it ends before its time."""

from __future__ import annotations

import gc
import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chain.backends.anvil import AnvilChain
from chain.errors import ChainDied, SimnetError, ToolMissing
from nodes.records import Record
from simnet.log.events import BlockMined, read_log
from simnet.measure.catalogue import METRICS
from simnet.run import RUNS, Finished, Options, OutputError, installed, run
from simnet.scenario.load import load_scenario
from simnet.world.build import World
from tests.processes import group_is_gone
from tests.small import scenario

pytest.importorskip("pyrevm")

PROMISED = [
    "tasks_total",
    "tasks_finalised",
    "fraud_committed",
    "fraud_detected",
    "fraud_finalised",
    "detection_rate",
    "false_slash_rate",
    "time_to_detection_s",
    "soft_latency_ms",
    "finality_latency_s",
    "verification_overhead_ratio",
    "gas_per_inference",
    "slashes_total",
    "slashed_opg",
    "attacker_roi",
    "honest_node_profit_opg",
]
PERCENTILES = {
    "time_to_detection_s": {"p50", "p95"},
    "soft_latency_ms": {"p50", "p95", "p99"},
    "finality_latency_s": {"p50", "p95"},
    "time_to_revocation_s": {"p50", "p95"},
    "proof_queue_s": {"p50", "p95"},
    "effective_latency_s": {"p50", "p95"},
    "first_token_ms": {"p50", "p95"},
    "gateway_overhead_ms": {"p50", "p95"},
}
SHORT: dict[str, Any] = {"duration": "30 s", "settle": "60 s"}
LIAR = [{"behaviour": "random_output", "nodes": ["inference-0"]}]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run directories go below the working directory."""
    monkeypatch.chdir(tmp_path)


def short(**sections: Any) -> Finished:
    """A run of half a minute, at its default place."""
    return run(scenario(**{**SHORT, **sections}), Options())


def results_of(directory: Path) -> dict[str, Any]:
    """What scripts read."""
    found: dict[str, Any] = json.loads((directory / "results.json").read_bytes())
    return found


# -- what a run leaves ---------------------------------------------------------------------------------------


def test_results_have_the_keys_that_scripts_were_promised() -> None:
    late = [{**LIAR[0], "from": "40 s"}]  # when nobody asks any more
    finished = short(expect=["tasks_total > 0", "detection_rate > 0"], sometimes=["slashed"], adversaries=late)
    found = results_of(finished.directory)
    keys = "scenario seed digest strategy outcome virtual_s wall_s expectations invariants metrics"
    assert set(keys.split()) <= set(found)
    assert found["outcome"] in ("pass", "fail", "inconclusive")
    assert found["expectations"] == [
        {"expression": "tasks_total > 0", "value": found["metrics"]["tasks_total"]["value"], "held": True},
        {"expression": "detection_rate > 0", "value": None, "held": False},
    ]
    assert all(set(item) == {"name", "held", "detail"} for item in found["invariants"])
    assert set(PROMISED) <= set(found["metrics"]) == set(METRICS)
    for name, metric in found["metrics"].items():
        assert {"value", "unit", "kind", "n"} <= set(metric) <= {"value", "unit", "kind", "n", "n_censored", "ci95"}, (
            name
        )
        assert metric["kind"] in ("measured", "simulated", "modelled")
        assert isinstance(metric["value"], dict) is (name in PERCENTILES)
        if name in PERCENTILES:
            assert set(metric["value"]) == PERCENTILES[name]


@pytest.mark.parametrize("many", [True, False])
def test_a_long_log_is_said_to_be_judged_and_a_short_one_is_not(many: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simnet.run.MANY_ROWS", 10 if many else 10**6)
    told: list[str] = []
    finished = run(scenario(**SHORT), Options(tell=told.append))
    count = sum(1 for _ in read_log(finished.directory / "events.jsonl"))
    assert told == ([f"judging the run by its {count:,} records"] if many else [])


def test_rates_carry_their_interval_and_their_n() -> None:
    metrics = results_of(short(adversaries=LIAR).directory)["metrics"]
    for name in ("detection_rate", "false_slash_rate"):
        low, high = metrics[name]["ci95"]
        assert 0 <= low <= metrics[name]["value"] <= high <= 1
        assert metrics[name]["n"] > 0


def test_a_run_directory_is_named_after_scenario_seed_and_digest_and_latest_points_at_it() -> None:
    first = short()
    digest = first.results.digest
    assert first.directory == RUNS / f"small-3-{digest[:8]}"
    assert (RUNS / "latest").resolve() == first.directory.resolve()
    second = short(seed=4)
    assert (RUNS / "latest").resolve() == second.directory.resolve() != first.directory.resolve()
    assert sorted(entry.name for entry in RUNS.iterdir()) == sorted(
        ["latest", first.directory.name, second.directory.name]
    )
    assert {"scenario.yaml", "manifest.json", "events.jsonl", "results.json"} <= {
        entry.name for entry in first.directory.iterdir()
    }


def test_the_same_run_again_takes_the_place_of_the_first() -> None:
    first, second = short(), short()
    assert first.directory == second.directory
    assert results_of(second.directory)["digest"] == first.results.digest
    assert len(list(RUNS.iterdir())) == 2


def test_the_digest_is_that_of_the_log_on_disk() -> None:
    finished = short()
    log = (finished.directory / "events.jsonl").read_bytes()
    assert finished.results.digest == hashlib.sha256(log).hexdigest() == results_of(finished.directory)["digest"]


def test_the_resolved_scenario_is_the_scenario_and_runs_to_the_same_digest() -> None:
    finished = short(adversaries=LIAR, faults=[{"at": "10 s", "partition": ["full-0"], "for": "5 s"}])
    again = load_scenario(finished.directory / "scenario.yaml")
    assert run(again, Options(out=Path("again"))).results.digest == finished.results.digest


def test_the_manifest_says_what_ran_where() -> None:
    finished = run(scenario(**SHORT), Options(command="simnet run small.yaml"))
    manifest = json.loads((finished.directory / "manifest.json").read_bytes())
    assert (manifest["scenario"], manifest["seed"], manifest["command"]) == ("small", 3, "simnet run small.yaml")
    assert manifest["backend"] == {"name": "revm", "version": installed("pyrevm")}
    assert manifest["packages"]["simpy"] == installed("simpy")
    assert manifest["machine"]["cpus"] == os.cpu_count()
    assert installed("no-such-package") is None


def test_a_run_begins_with_what_is_run_and_ends_with_how_far_it_got() -> None:
    rows = list(read_log(short().directory / "events.jsonl"))
    assert [row["kind"] for row in rows[:2]] == ["run_started", "model_served"]
    assert (rows[-1]["kind"], rows[-1]["reason"]) == ("run_ended", "completed")
    assert [row["i"] for row in rows] == list(range(len(rows)))
    assert [row["t"] for row in rows] == sorted(row["t"] for row in rows)


def test_measured_time_is_said_not_to_be_reproducible() -> None:
    assert results_of(short(compute={"time": "measured"}).directory)["reproducible"] is False
    assert results_of(short().directory)["reproducible"] is True


# -- places to write to --------------------------------------------------------------------------------------


def test_a_directory_that_was_asked_for_is_used_and_nothing_else_is_written() -> None:
    finished = run(scenario(**SHORT), Options(out=Path("a/b")))
    assert finished.directory == Path("a/b")
    assert sorted(Path().iterdir()) == [Path("a")]


@pytest.mark.parametrize("place", ["taken", "taken/below", "/proc/simnet"])
def test_a_place_that_cannot_be_written_is_named_with_a_way_out(place: str) -> None:
    Path("taken").write_text("a file")
    with pytest.raises(OutputError, match=f"cannot write to {place}: ") as caught:
        run(scenario(**SHORT), Options(out=Path(place)))
    assert caught.value.hint == "choose another place with --out DIR"
    assert caught.value.exit_code == 4


def test_a_working_directory_that_cannot_be_written_is_named() -> None:
    Path("reports").write_text("a file")
    with pytest.raises(OutputError, match="cannot write to reports/runs: "):
        short()


def test_a_verdict_of_an_earlier_run_does_not_survive_in_a_directory_that_is_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(scenario(**SHORT), Options(out=Path("out")))
    assert Path("out/results.json").exists()
    monkeypatch.setenv("SIMNET_ANVIL", "/nowhere/anvil")
    with pytest.raises(ToolMissing):
        run(scenario(**SHORT, chain={"backend": "anvil"}), Options(out=Path("out"), force=True))
    assert not Path("out/results.json").exists()


def test_a_chain_that_cannot_start_leaves_no_directory_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMNET_ANVIL", "/nowhere/anvil")
    with pytest.raises(ToolMissing, match="no anvil to run at /nowhere/anvil"):
        short(chain={"backend": "anvil"})
    assert list(RUNS.iterdir()) == []


# -- ends before its time ------------------------------------------------------------------------------------


def at_second(moment: float, act: Callable[[], None]) -> Callable[[float, Record], None]:
    """A listener that does something once, in the middle of a run."""
    done: list[bool] = []

    def listen(time_s: float, record: Record) -> None:
        if time_s >= moment and isinstance(record, BlockMined) and not done:
            done.append(True)
            act()

    return listen


def assert_cut_short(finished: Finished, reason: str) -> None:
    """It ended in the middle, says why, and kept what there was."""
    assert finished.results.outcome == "inconclusive"
    assert finished.results.exit_code == 3
    rows = list(read_log(finished.directory / "events.jsonl"))
    assert rows[-1]["kind"] == "run_ended"
    assert rows[-1]["reason"].startswith(reason)
    assert 20 <= rows[-1]["t"] < 90
    found = results_of(finished.directory)
    assert found["outcome"] == "inconclusive"
    assert found["metrics"]["tasks_total"]["value"] > 5
    assert (finished.directory / "manifest.json").exists()


def test_a_run_that_is_asked_to_stop_ends_inconclusive_with_what_there_is() -> None:
    options = Options()
    options.listener = at_second(20.0, options.stop.request)
    finished = run(scenario(**SHORT, expect=["tasks_total > 1000"]), options)
    assert finished.failure is None
    assert_cut_short(finished, "interrupted")
    assert {finding.name for finding in finished.results.invariants if finding.held} >= {"supply_is_constant"}


@pytest.mark.slow
@pytest.mark.parametrize("sections", [{}, {"adversaries": LIAR}], ids=["honest", "after a slash"])
def test_an_anvil_killed_in_mid_run_is_named_and_what_was_recorded_is_kept(sections: dict[str, Any]) -> None:
    chains: list[AnvilChain] = []

    def remember(world: World) -> None:
        assert isinstance(world.chain, AnvilChain)
        chains.append(world.chain)

    def kill() -> None:
        os.killpg(chains[0].pid, signal.SIGKILL)

    options = Options(begin=remember, listener=at_second(40.0, kill))
    finished = run(scenario(**{**SHORT, **sections, "chain": {"backend": "anvil"}}), options)
    assert isinstance(finished.failure, ChainDied)
    assert "killed by SIGKILL" in str(finished.failure)
    assert_cut_short(finished, "cut short: anvil ended in mid-run")
    slashed = any(row.get("event") == "Slashed" for row in read_log(finished.directory / "events.jsonl"))
    assert slashed is bool(sections)
    assert group_is_gone(chains[0].pid)


def test_whatever_simnet_can_explain_in_mid_run_keeps_what_was_recorded() -> None:
    def fail() -> None:
        raise SimnetError("the model file is gone", hint="put it back")

    finished = run(scenario(**SHORT), Options(listener=at_second(20.0, fail)))
    assert str(finished.failure) == "the model file is gone"
    assert_cut_short(finished, "cut short: the model file is gone")


def test_a_defect_is_not_taken_for_a_result_and_loses_nothing_that_was_recorded() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        run(scenario(**SHORT), Options(listener=at_second(20.0, fail)))
    (kept,) = [path for path in RUNS.iterdir() if not path.is_symlink()]
    assert caught.value.__notes__ == [f"what was recorded until then is in {kept}/"]
    assert not (kept / "results.json").exists()
    assert [row["t"] for row in read_log(kept / "events.jsonl")][-1] == pytest.approx(20.0, abs=2.0)


def test_what_a_run_holds_while_it_goes_on_does_not_grow_with_what_it_has_done(tmp_path: Path) -> None:
    """Once the first batches are beyond any reorg, no object stays of each inference."""
    held: dict[float, list[int]] = {250.0: [], 370.0: []}

    def count(found: list[int]) -> None:
        gc.collect()
        found.append(sys.getallocatedblocks())

    def begin(world: World) -> None:
        for start, found in held.items():
            for second in range(0, 40, 8):  # the least of several: how much is open at the moment differs
                world.engine.after(start + second, count, found)

    crowd = {"inference": {"count": 10, "batch_size": 8}, "full": {"count": 5}}
    clients = {"count": 4, "arrivals": "constant 10/s", "audit": False}
    busy = scenario(duration="410 s", nodes=crowd, clients=clients, strategy={"kind": "posp"})
    finished = run(busy, Options(out=tmp_path / "out", begin=begin))
    assert finished.state.finalised == finished.state.sent == 4100
    before, after = map(min, held.values())
    assert after - before < (370 - 250) * 10
