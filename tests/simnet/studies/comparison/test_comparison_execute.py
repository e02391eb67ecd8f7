"""Carrying out a comparison: one run's misfortune is not another's, and a request to stop leaves what there is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from simnet.kernel.pace import Stop
from simnet.run import OutputError
from simnet.strategies.unverified import Unverified
from simnet.studies.comparison.compare import Options, compare
from simnet.studies.comparison.execute import FAILED, FINISHED, INTERRUPTED, PROCESS_DIED, Ran, carry_out_all
from simnet.studies.comparison.plan import Entrant, Plan, Work
from tests.comparison_samples import Here, compared, plan_of

pytest.importorskip("pyrevm")


class Crashing(Unverified):
    """Gives up as soon as a batch is posted."""

    kind = ""

    def on_log(self, node: Any, log: Any) -> Any:
        """Give up."""
        raise ZeroDivisionError("the strategy is unsound")


def with_crash(plan: Plan, label: str) -> Plan:
    """The plan with a strategy under that label that crashes."""
    entrants = tuple(
        Entrant(one.label, Crashing(), one.comparator) if one.label == label else one for one in plan.entrants
    )
    return Plan(plan.scenario, entrants, plan.seeds)


class Dying(Here):
    """Loses its process over a work item that it does not like, and with it everything that comes after."""

    def __init__(self, dislikes: Callable[[Work], bool]) -> None:
        super().__init__()
        self.dislikes, self.is_dead = dislikes, False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if self.is_dead:
            raise BrokenExecutor
        if self.dislikes(args[0]):
            self.is_dead = True
            future: Future[Any] = Future()
            future.set_exception(BrokenExecutor())
            return future
        return super().submit(fn, *args, **kwargs)


def states(ran: list[Ran]) -> dict[tuple[str, int], str]:
    """How each run ended."""
    return {(one.label, one.seed): one.state for one in ran}


def test_a_strategy_that_crashes_fails_alone_and_says_where(tmp_path: Path) -> None:
    plan = with_crash(plan_of(["none", {"kind": "none", "label": "broken"}]), "broken")
    comparison = compare(plan, Options(tmp_path, make_executor=Here))
    assert [one.state for one in comparison.ran] == [FINISHED, FAILED, FINISHED, FAILED]
    (complaint,) = comparison.complaints
    assert complaint.startswith("broken, seeds 3, 4: failed: ZeroDivisionError: the strategy is unsound")
    assert "test_comparison_execute.py" in complaint
    assert comparison.exit_code == 4
    assert "Traceback" in (tmp_path / "runs" / "2-broken" / "3" / "failure.txt").read_text()


def test_a_failed_strategy_has_every_figure_and_each_is_undefined(tmp_path: Path) -> None:
    plan = with_crash(plan_of(["none", {"kind": "none", "label": "broken"}], seeds=1), "broken")
    comparison = compare(plan, Options(tmp_path, make_executor=Here))
    assert comparison.estimates["broken"].keys() == comparison.estimates["none"].keys()
    assert all(figure.value is None for figure in comparison.estimates["broken"].values())
    assert comparison.estimates["none"]["tasks_total"].value


def test_runs_lost_with_anothers_process_are_run_again(tmp_path: Path) -> None:
    works = list(plan_of(["none", "full_reexecution"]).works(tmp_path))
    bad = (works[1].label, works[1].scenario.seed)

    def dislikes(work: Work) -> bool:
        return (work.label, work.scenario.seed) == bad

    ran = list(carry_out_all(works, 2, Stop(), lambda _: Dying(dislikes)))
    assert states(ran) == {(w.label, w.scenario.seed): FINISHED for w in works} | {bad: FAILED}
    assert [one.reason for one in ran if one.state == FAILED] == [PROCESS_DIED]


class Deadly(Unverified):
    """Takes its process down without a word."""

    kind = ""

    def on_log(self, node: Any, log: Any) -> Any:
        """Die."""
        os._exit(9)


def test_in_processes_of_their_own_only_bad_runs_fail_and_good_ones_give_the_same_log(tmp_path: Path) -> None:
    class Local(Unverified):
        """A class that no other process can find."""

        kind = ""

    plan = plan_of(["none"], seeds=1)
    (none,) = plan.entrants
    deadly, local = (Entrant(name, bad, none.comparator) for name, bad in (("deadly", Deadly()), ("local", Local())))
    comparison = compare(Plan(plan.scenario, (deadly, local, none), plan.seeds), Options(tmp_path / "apart", jobs=2))
    assert [(one.label, one.state) for one in comparison.ran] == [
        ("deadly", FAILED),
        ("local", FAILED),
        ("none", FINISHED),
    ]
    assert comparison.ran[0].reason == PROCESS_DIED
    here = compare(plan, Options(tmp_path / "here", make_executor=Here))
    assert comparison.ran[-1].digest == here.ran[0].digest != ""


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_request_to_stop_keeps_what_is_done(tmp_path: Path, after: int) -> None:
    stop, told = Stop(), []

    def tell(ran: Ran) -> None:
        told.append(ran)
        if len(told) == after:
            stop.request()

    if not after:
        stop.request()
    plan = plan_of(["none", "full_reexecution"], seeds=4)
    comparison = compare(plan, Options(tmp_path, stop=stop, tell=tell, make_executor=ThreadPoolExecutor))
    finished, cut = comparison.ended(FINISHED), comparison.ended(INTERRUPTED)
    assert after <= len(finished) <= after + 1
    assert len(finished) + len(cut) == len(comparison.ran) == len(told) == 8
    assert comparison.exit_code == 3
    assert not (tmp_path / ".stop").exists()


def test_a_run_that_is_under_way_is_cut_short_and_not_counted(tmp_path: Path) -> None:
    (work,) = plan_of(["none"], seeds=1, duration="1 h").works(tmp_path)
    stop = Stop()
    with ThreadPoolExecutor(1) as helper:
        runs = carry_out_all([work], 1, stop, ThreadPoolExecutor)
        over = helper.submit(list, runs)
        while not (work.directory / "events.jsonl").exists():
            assert not over.done()
            time.sleep(0.01)
        stop.request()
        (ran,) = over.result()
    assert (ran.state, ran.evidence) == (INTERRUPTED, None)


def test_a_comparison_with_a_broken_invariant_ends_with_1(tmp_path: Path) -> None:
    comparison = compared(tmp_path, ["none"], seeds=1)
    assert comparison.exit_code == 0
    (ran,) = comparison.ran
    broken = Ran(ran.label, ran.seed, ran.directory, ran.state, broken=("final_is_final",), evidence=ran.evidence)
    assert type(comparison)(comparison.plan, (broken,), tmp_path).exit_code == 1


def test_a_directory_that_cannot_be_written_is_an_error_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        compare(plan_of(["none"]), Options(tmp_path / "file"))


def test_without_a_directory_of_the_users_choice_one_is_named_after_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, again = (compare(plan_of(["none"], seeds=1), Options(make_executor=Here)) for _ in range(2))
    assert first.directory == again.directory == Path(f"reports/runs/compare-small-{first.digest[:8]}")
    assert sorted(path.name for path in (tmp_path / "reports" / "runs").iterdir()) == [first.directory.name]
