"""Steering a run: what each order does to the engine's loop, without a process or a clock."""

from __future__ import annotations

import shlex
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from chain.quantities import TaskId
from nodes.records import TaskAnswered
from simnet.cli.main import main
from simnet.kernel.inbox import Act, Inbox, Order
from simnet.kernel.pace import CHECK_EVERY, Control, drive
from simnet.kernel.scheduler import Scheduler
from simnet.log.events import read_log
from simnet.run import Finished, Options, run
from simnet.scenario.errors import CannotRunHere, ScenarioErrors
from simnet.scenario.injected import moment, text_of
from simnet.scenario.load import load_scenario, parse_scenario
from simnet.scenario.schema import Scenario
from simnet.world.build import World
from simnet.world.injection import InjectionError, extend, inject
from tests.scenario_text import MINIMAL, errors_of
from tests.small import scenario

RECORD = TaskAnswered("client-0", TaskId("0x00"), "inference-0")


class Desk(Inbox):
    """Where orders are given: each when the engine looks for one, and the times at which it did."""

    def __init__(self, *orders: Act | Order | None) -> None:
        super().__init__()
        self.orders = deque(orders)
        self.patience: list[float | None] = []

    def take(self, timeout_s: float | None) -> Act | Order | None:
        """The next order; when there are no more, whoever waits without end is told to stop."""
        self.patience.append(timeout_s)
        return self.orders.popleft() if self.orders else None if timeout_s is not None else Order("stop")


def steps(control: Control, desk: Desk, count: int = 10) -> list[float]:
    """The times of the events that happen, of `count` one second apart."""
    scheduler, seen = Scheduler(), []
    scheduler.inbox = desk
    for i in range(count):
        scheduler.after(float(i), lambda _: seen.append(scheduler.now))
    drive(scheduler, float(count), control, lambda _: None)
    return seen


def test_nobody_is_asked_at_virtual_pace_but_now_and_then() -> None:
    desk = Desk()
    assert len(steps(Control(), desk, 2 * CHECK_EVERY)) == 2 * CHECK_EVERY
    assert desk.patience == [0.0, 0.0]


def test_a_pause_holds_the_run_until_it_may_go_on() -> None:
    desk = Desk(Order("pause"), Order("go"))
    assert len(steps(Control(), desk, CHECK_EVERY + 5)) == CHECK_EVERY + 5
    assert desk.patience[:2] == [0.0, None], "paused, it waits without end"


def test_what_is_buffered_is_written_before_a_wait() -> None:
    written = []
    desk = Desk(Order("go"))
    steps(Control(paused=True, idle=lambda: written.append(True)), desk, 3)
    assert written == [True]


def test_a_step_ends_with_the_next_record() -> None:
    desk = Desk(Order("step"), Order("step", "task_answered"), Order("stop"))
    control, scheduler, seen = Control(paused=True), Scheduler(), []
    scheduler.inbox = desk

    def happen(_: None) -> None:
        seen.append(scheduler.now)
        if scheduler.now in (2.0, 5.0):
            control.observe(scheduler.now, RECORD)

    for i in range(10):
        scheduler.after(float(i), happen)
    assert not drive(scheduler, 10.0, control, lambda _: None)
    assert seen == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_step_to_another_kind_of_record_goes_past_this_one() -> None:
    control = Control()
    control.obey(Order("step", "block_mined"))
    control.observe(1.0, RECORD)
    assert not control.paused


def test_what_comes_in_during_a_pause_happens_after_it() -> None:
    control, happened = Control(paused=True), []
    desk = Desk(lambda: happened.append(control.paused), Order("go"))
    steps(control, desk, 3)
    assert happened == [False]


def test_a_stop_ends_even_a_paused_run() -> None:
    assert steps(Control(paused=True), Desk(Order("stop"))) == []


def test_a_change_of_speed_counts_from_now_on() -> None:
    control = Control(speed=1.0)
    control.ahead(1000.0)
    assert control.ahead(2000.0) > 900
    control.obey(Order("speed", speed=1e9))
    assert control.ahead(5000.0) <= 0.001


@pytest.mark.parametrize("text", ["crash: [full-1], for: 20 s", "{crash: [full-1], for: 20 s}"])
def test_an_injection_is_an_entry_that_begins_now(text: str) -> None:
    extended = extend(scenario(), text, 12.5)
    assert [moment(entry) for entry in extended.injected] == [12.5000015]
    assert text_of(extended.injected[0]) == "{at: 12.5000015 s, for: 20 s, crash: [full-1]}"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("crash: [full-77]", "unknown node 'full-77'", "full-"),
        ("behaviour: quantise, nodes: [inference-0]", "unknown behaviour 'quantise'", "quantize"),
        ("behaviour: quantize, nodes: [full-0]", "no participant of role inference is called 'full-0'", ""),
        ("make tea", "", "expected"),
        ("crash: [full-2], for", "key 'for' has no value", "write one"),
        ("crash: [full-2], at: 3 min", "what is injected begins now", "leave 'at' out"),
        ("behaviour: quantize, nodes: [inference-0], from: 9 min", "begins now", "leave 'from' out"),
        ("crash: [full-2], crash: [full-1]", "duplicate key 'crash'", ""),
        ("", "", "expected"),
        ("crash: [", "", "expected"),
        ("crash: [gateway-0]", "'gateway-0' is a service, which simnet up alone has", "simnet up"),
        ("partition: [full-0, relayer-0]", "'relayer-0' is a service, which simnet up alone has", "simnet up"),
        ("behaviour: short_settler, share: 0.5", "a behaviour of role facilitator, which simnet up alone has", "up"),
    ],
)
def test_what_no_scenario_could_say_is_refused(text: str, message: str, hint: str) -> None:
    with pytest.raises(InjectionError) as caught:
        extend(scenario(), text, 5.0)
    assert message in str(caught.value)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize("text", ["crash: [gateway-0]", "cut: {from: [facilitator-0], to: [relayer-0]}"])
def test_a_fault_of_services_is_an_entry_where_they_are_and_only_as_injected(text: str) -> None:
    extended = extend(scenario(), text, 12.5, beside_services=True)
    kept = extended.resolved_yaml()
    assert text_of(parse_scenario(kept.encode()).injected[0]) == text_of(extended.injected[0])
    with pytest.raises(CannotRunHere, match="is a service, which simnet up alone has"):
        parse_scenario(kept.encode(), to_run=True)
    with pytest.raises(ScenarioErrors, match="unknown node"):
        scenario(faults=[{"at": "5 s", "crash": ["gateway-0"]}])


def run_with(orders: Sequence[Order], out: Path) -> list[dict[str, object]]:
    """Run the small scenario, paused at first and then steered by these orders; the log's rows."""
    control = Control(paused=True)

    def begin(world: World) -> None:
        world.engine.scheduler.inbox = Desk(*orders, Order("go"))
        control.inject = lambda text: inject(world, text)
        world.log.listen(control.observe)

    run(scenario(), Options(out=out, pace=control, stop=control.stop, begin=begin))
    return list(read_log(out / "events.jsonl"))


def test_pauses_and_steps_leave_no_trace_in_the_log(tmp_path: Path) -> None:
    plain = run(scenario(), Options(out=tmp_path / "plain")).results.digest
    orders = [Order("step"), Order("step", "block_mined"), Order("step", "block_mined")]
    run_with(orders, tmp_path / "steered")
    assert (tmp_path / "steered" / "events.jsonl").read_bytes() == (tmp_path / "plain" / "events.jsonl").read_bytes()
    assert plain


def test_an_injected_behaviour_acts_and_is_on_record(tmp_path: Path) -> None:
    text = "behaviour: quantize, nodes: [inference-1]"
    rows = run_with([Order("step", "block_mined"), Order("inject", text)], tmp_path)
    touch = next(row for row in rows if row["kind"] == "intervention")
    lies = [row for row in rows if row["kind"] == "cheated"]
    assert (touch["nodes"], touch["behaviour"], touch["dishonest"]) == (["inference-1"], "quantize", True)
    assert {row["node"] for row in lies} == {"inference-1"}
    assert all(row["i"] > touch["i"] for row in lies)  # type: ignore[operator]


def test_an_injected_fault_happens_at_once_and_passes(tmp_path: Path) -> None:
    orders = [Order("step", "block_mined"), Order("inject", "crash: [full-1], for: 20 s")]
    rows = run_with(orders, tmp_path)
    touch = next(row for row in rows if row["kind"] == "intervention")
    faults = [(row["kind"], row["t"]) for row in rows if row["kind"] in ("fault_injected", "fault_ended")]
    assert [kind for kind, _ in faults] == ["fault_injected", "fault_ended"]
    assert [float(str(at)) - float(str(touch["t"])) for _, at in faults] == pytest.approx([0, 20], abs=1e-5)


def test_the_scenario_in_the_directory_of_a_steered_run_repeats_it(tmp_path: Path) -> None:
    """Two injections at one moment, one on the second of a block, and one of a behaviour that draws by the seed."""
    orders = [Order("step", "block_mined"), Order("inject", "crash: [full-1], for: 20 s")]
    orders += [Order("inject", "behaviour: quantize, count: 1, probability: 50 %"), Order("step", "batch_built")]
    orders += [Order("step", "block_mined"), Order("inject", "slow: {nodes: [inference-0], times: 3}, for: 10 s")]
    steered = run_with(orders, tmp_path / "steered")
    assert [row["kind"] for row in steered].count("intervention") == 3
    kept = tmp_path / "steered" / "scenario.yaml"
    repeated = run(load_scenario(kept), Options(out=tmp_path / "repeated")).results
    logs = [tmp_path / name / "events.jsonl" for name in ("steered", "repeated")]
    assert logs[0].read_bytes() == logs[1].read_bytes()
    assert repeated.reproducible
    assert "Steered by hand (3 injections)" in repeated.caveats[0]
    assert load_scenario(tmp_path / "repeated" / "scenario.yaml") == load_scenario(kept)


def test_the_line_that_a_steered_run_ends_with_repeats_its_digest_and_every_report_says_that_it_was_steered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(scenario(duration="30 s", settle="60 s").resolved_yaml())

    def steered(loaded: Scenario, options: Options, quiet: bool) -> Finished:
        return run(loaded, replace(options, begin=lambda world: inject(world, "crash: [full-1], for: 20 s")))

    with monkeypatch.context() as patch:
        patch.setattr("simnet.cli.run.run_with_progress", steered)
        assert main(["run", "mine.yaml", "--headless"]) == 0
    said = capsys.readouterr().out
    assert "Steered by hand (1 injection)" in said
    for report in ("report.html", "summary.md", "junit.xml", "trace.json", "results.json"):
        assert "Steered by hand (1 injection)" in Path("reports/runs/latest", report).read_text(), report
    digest, line = (next(part for part in said.splitlines() if part.startswith(word)) for word in ("digest", "replay"))
    program, *arguments = shlex.split(line.removeprefix("replay"))
    assert (program, main(arguments)) == ("simnet", 0)
    assert digest in capsys.readouterr().out


def test_a_mistake_in_an_injected_entry_has_its_place() -> None:
    errors = errors_of(
        MINIMAL + "injected:\n"
        "  - {at: 1 s, crash: [full-99]}\n"
        "  - {behaviour: quantize, nodes: [full-0], from: 2 s}\n"
        "  - {at: 1 s, crash: [full-98]}\n"
        "  - {behaviour: sybil, from: 2 s}\n"
    )
    assert [(error.split(":")[1], error.split(": ", 1)[1].split("\n")[0]) for error in errors] == [
        ("5", "unknown node 'full-99'"),
        ("6", "no participant of role inference is called 'full-0'"),
        ("7", "unknown node 'full-98'"),
        ("8", "'sybil' has to be there from the start"),
    ]
