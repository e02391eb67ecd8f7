"""Carrying out a comparison: one run's misfortune is not another's, and a request to stop leaves what there is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nodes.full import FullNode, VerifierHalf
from simnet.batch.batch import Batch
from simnet.batch.store import Store
from simnet.batch.work import FAILED, FINISHED, INTERRUPTED
from simnet.kernel.pace import Stop
from simnet.run import OutputError
from simnet.strategies.facts import Facts
from simnet.strategies.unverified import Unverified
from simnet.studies.comparison.compare import Options, compare
from simnet.studies.comparison.plan import Entrant, Plan
from simnet.studies.comparison.ran import Ran
from tests.comparison_samples import Here, compared, plan_of

pytest.importorskip("pyrevm")

HERE = Batch(make_executor=Here)


class CrashingHalf(VerifierHalf):
    """Gives up as soon as a batch is posted."""

    watches = ("BatchPosted",)

    def on_log(self, log: Any) -> Any:
        """Give up."""
        raise ZeroDivisionError("the strategy is unsound")


class Crashing(Unverified):
    """Whose full nodes crash."""

    kind = ""

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """One that crashes."""
        return CrashingHalf(node)


def with_crash(plan: Plan, label: str) -> Plan:
    """The plan with a strategy under that label that crashes."""
    entrants = tuple(
        Entrant(one.label, Crashing(), one.comparator) if one.label == label else one for one in plan.entrants
    )
    return Plan(plan.scenario, entrants, plan.seeds)


def test_a_strategy_that_crashes_fails_alone_and_says_where(tmp_path: Path) -> None:
    plan = with_crash(plan_of(["none", {"kind": "none", "label": "broken"}]), "broken")
    comparison = compare(plan, Options(tmp_path, HERE))
    assert [one.summary.state for one in comparison.ran] == [FINISHED, FAILED, FINISHED, FAILED]
    (complaint,) = comparison.complaints
    assert complaint.startswith("broken, seeds 3, 4: failed: ZeroDivisionError: the strategy is unsound")
    assert "test_comparison_compare.py" in complaint
    assert comparison.exit_code == 4
    assert "Traceback" in (tmp_path / "runs" / "2-broken" / "3" / "failure.txt").read_text()


def test_a_failed_strategy_has_every_figure_and_each_is_undefined(tmp_path: Path) -> None:
    plan = with_crash(plan_of(["none", {"kind": "none", "label": "broken"}], seeds=1), "broken")
    comparison = compare(plan, Options(tmp_path, HERE))
    assert comparison.estimates["broken"].keys() == comparison.estimates["none"].keys()
    assert all(figure.value is None for figure in comparison.estimates["broken"].values())
    assert comparison.estimates["none"]["tasks_total"].value


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_request_to_stop_keeps_what_is_done(tmp_path: Path, after: int) -> None:
    stop, told = Stop(), []

    def tell(ran: Ran, _: bool) -> None:
        told.append(ran)
        if len(told) == after:
            stop.request()

    if not after:
        stop.request()
    plan = plan_of(["none", "full_reexecution"], seeds=4)
    comparison = compare(plan, Options(tmp_path, Batch(make_executor=ThreadPoolExecutor, stop=stop), tell))
    assert len(comparison.ended(FINISHED)) == after
    assert len(comparison.ended(INTERRUPTED)) == 8 - after
    assert len(comparison.ran) == len(told) == 8
    assert comparison.exit_code == 3
    assert not list(tmp_path.rglob("stop"))


def test_what_was_compared_before_is_not_run_again(tmp_path: Path) -> None:
    told = []

    def tell(ran: Ran, was_known: bool) -> None:
        told.append((ran.label, was_known))

    def options() -> Options:
        return Options(tmp_path, Batch(make_executor=Here, store=Store(tmp_path, "code")), tell)

    first = compare(plan_of(["none"], seeds=1), options())
    more = compare(plan_of(["none", "full_reexecution"], seeds=1), options())
    assert told == [("none", False), ("none", True), ("full_reexecution", False)]
    assert more.ran[0].digest == first.ran[0].digest != ""
    assert more.estimates["none"] == first.estimates["none"]


def test_a_comparison_with_a_broken_invariant_ends_with_1(tmp_path: Path) -> None:
    comparison = compared(tmp_path, ["none"], seeds=1)
    assert comparison.exit_code == 0
    (ran,) = comparison.ran
    assert ran.summary.results is not None
    first, *others = ran.summary.results.invariants
    results = replace(ran.summary.results, invariants=(replace(first, held=False), *others))
    broken = replace(ran, summary=replace(ran.summary, results=results))
    assert type(comparison)(comparison.plan, (broken,), tmp_path).exit_code == 1
    assert f"INVARIANT BROKEN: {first.name}" in broken.account


def test_a_directory_that_cannot_be_written_is_an_error_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        compare(plan_of(["none"]), Options(tmp_path / "file"))


def test_without_a_directory_of_the_users_choice_one_is_named_after_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first, again = (compare(plan_of(["none"], seeds=1), Options(batch=HERE)) for _ in range(2))
    assert first.directory == again.directory == Path(f"reports/runs/compare-small-{first.digest[:8]}")
    assert sorted(path.name for path in (tmp_path / "reports" / "runs").iterdir()) == [first.directory.name]
