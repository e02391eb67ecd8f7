"""CPUs and GPUs in one scenario: who executes on what, what is said of it, and what happens where there is no GPU.

No GPU takes part: a machine with one is stood for by saying that CUDA works, and executes on the CPU all the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from nodes.identity import Role
from nodes.models import execution, processors, session
from simnet.kernel.device import Device
from simnet.log.tables import read_tables
from simnet.run import Options, run
from simnet.scenario import checks
from simnet.scenario.errors import CannotRunHere
from simnet.scenario.load import parse_scenario
from simnet.world.hardware import executed_on, machine_of, profile_of
from tests.scenario_text import MINIMAL, one_error, parse
from tests.small import play, scenario

MIXED = {
    "inference": {"count": 4, "groups": [{"count": 1, "processor": "cuda"}, {"count": 2, "processor": "auto"}]},
    "full": {"count": 3, "processor": "cuda", "device": "laptop", "groups": [{"count": 1, "processor": "cpu"}]},
}
TEXT = f"{MINIMAL}nodes:\n  full:\n    count: 2\n    groups: [{{count: 1, processor: cuda}}]\n"


@pytest.fixture
def has_gpu(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> bool:
    """Whether the machine is said to have a GPU that works."""
    reason = "" if request.param else "this ONNX Runtime has no CUDA"
    for module in (processors, checks):
        monkeypatch.setattr(module, "why_not_cuda", lambda: reason)
    honest = session.open_session
    monkeypatch.setattr(
        execution, "open_session", lambda path, data, _, optimise, portable: honest(path, data, "cpu", optimise)
    )
    return bool(request.param)


with_gpu = pytest.mark.parametrize("has_gpu", [True], indirect=True, ids=["GPU"])
without_gpu = pytest.mark.parametrize("has_gpu", [False], indirect=True, ids=["no GPU"])
either = pytest.mark.parametrize("has_gpu", [True, False], indirect=True, ids=["GPU", "no GPU"])


# -- what executes, and whose speed ------------------------------------------------------------------------------


@either
def test_each_group_executes_on_what_it_asks_for(has_gpu: bool) -> None:
    found = [(one.nodes, one.asked, one.processor, one.device) for one in executed_on(scenario(nodes=MIXED))]
    auto = ("cuda", "gpu") if has_gpu else ("cpu", "cpu")
    assert found == [
        (["inference-0"], "cuda", "cuda", "gpu"),
        (["inference-1", "inference-2"], "auto", *auto),
        (["inference-3"], "cpu", "cpu", "cpu"),
        (["full-0"], "cpu", "cpu", "cpu"),
        (["full-1", "full-2"], "cuda", "cuda", "laptop"),
    ]


def test_what_executes_and_whose_speed_is_modelled_are_two_things() -> None:
    for device in ("cpu", "laptop", "gpu"):
        one = scenario(nodes={"inference": {"device": device}, "full": {"count": 5}})
        assert profile_of(machine_of(one, Role.INFERENCE, 0)).name == device
        assert [record.processor for record in executed_on(one)] == ["cpu", "cpu"]


def test_groups_of_more_nodes_than_there_are_is_an_error() -> None:
    error = one_error("nodes: {full: {count: 2, groups: [{count: 3}]}}")
    assert "groups of 3 nodes, but there are 2" in error


# -- what is said of it ------------------------------------------------------------------------------------------


@either
def test_a_run_says_what_executed_where(has_gpu: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    used: dict[str, Any] = {}
    made = Device.__init__

    def noted(self: Device, name: str, executor: Any, *rest: Any) -> None:
        used[name] = executor.device
        made(self, name, executor, *rest)

    monkeypatch.setattr(Device, "__init__", noted)
    nodes = {"inference": {"count": 2, "groups": [{"count": 1, "processor": "auto"}]}, "full": {"count": 2}}
    finished = run(scenario(nodes=nodes, duration="20 s"), Options(out=tmp_path / "run"))
    took, device = ("cuda", "gpu") if has_gpu else ("cpu", "cpu")
    assert used == {"inference-0": took, "inference-1": "cpu", "full-0": "cpu", "full-1": "cpu"}
    said = f"Models of inference-0 ran on {took}, which auto took, at the modelled speed of {device}."
    assert said in finished.results.caveats
    assert {name: node.processor for name, node in finished.state.nodes.items() if name in used} == used
    manifest = orjson.loads((finished.directory / "manifest.json").read_bytes())
    assert manifest["executed_on"][0] == {
        "nodes": ["inference-0"],
        "asked": "auto",
        "processor": took,
        "device": device,
    }
    (model,) = read_tables(finished.directory / "events.jsonl").of("model_served")
    assert model["arithmetic"] == ("native" if has_gpu else "portable")


def test_a_run_on_cpus_alone_says_nothing() -> None:
    played = play(duration="20 s")
    assert played.results.caveats == ()
    assert not played.tables.of("models_executed")


# -- where there is none -----------------------------------------------------------------------------------------


@without_gpu
def test_a_gpu_that_is_not_there_is_told_at_its_line_and_only_to_who_wants_to_run(has_gpu: bool) -> None:
    assert parse(TEXT).nodes.full.groups[0].processor == "cuda"
    with pytest.raises(CannotRunHere) as caught:
        parse_scenario(TEXT.encode(), "x.yaml", to_run=True)
    assert str(caught.value).startswith("x.yaml:7:36: no GPU can execute models here: this ONNX Runtime has no CUDA")
    assert caught.value.exit_code == 2


@with_gpu
def test_a_gpu_that_is_there_is_no_error(has_gpu: bool) -> None:
    assert parse_scenario(TEXT.encode(), "x.yaml", to_run=True) == parse(TEXT)


@without_gpu
def test_a_check_skips_what_needs_a_gpu_and_says_why(has_gpu: bool, tmp_path: Path) -> None:
    from xml.etree import ElementTree

    from click.testing import CliRunner

    from simnet.cli.check import check

    file, junit = tmp_path / "needs_gpu.yaml", tmp_path / "junit.xml"
    file.write_text(TEXT)
    done = CliRunner().invoke(check, [str(file), "--junit", str(junit)], standalone_mode=False)
    assert done.return_value == 0
    assert "skipped" in done.output
    (skipped,) = ElementTree.parse(junit).iter("skipped")
    assert skipped.get("message") == "no GPU can execute models here: this ONNX Runtime has no CUDA"
