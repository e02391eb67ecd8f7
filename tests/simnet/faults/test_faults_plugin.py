"""A fault that a third party adds: one class, named by an entry point, is in format, log, report and docs."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from dashboards.describe import describe
from reports.faults import faults as reported
from simnet.cli.main import main
from simnet.faults.fault import Condition, Lasting, Undo, World
from simnet.faults.places import Places
from simnet.kernel.layers import together
from simnet.plugins import BadPlugin, members
from simnet.scenario.json_schema import json_schema
from simnet.verdict.happened import happenings
from tests.small import play, scenario


class Mute(Lasting):
    """Have nodes send nothing, though they hear everything."""

    kind: ClassVar[str] = "mute"
    condition: ClassVar[Condition] = "impaired"
    over: ClassVar[str] = "speaks again"
    shows_in: ClassVar[str] = "messages_lost_rate"
    sometimes: ClassVar[tuple[str, str] | None] = ("muted", "a node was muted")
    sample: ClassVar[list[str]] = ["full-0"]

    mute: Places

    @property
    def says(self) -> str:
        """Who is mute."""
        return f"{', '.join(self.mute)} mute"

    def begin(self, world: World) -> Undo:
        """Lose all that they send."""
        network = world.engine.network
        lifts = [network.losses.lay((network.way(self.mute, network.everybody), 1.0))]
        return Undo.whole(self.mute, together(lifts))


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A distribution whose entry point names the class above."""
    metadata = tmp_path / "mute_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: mute-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[simnet.faults]\nmute = {__name__}:Mute\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    members.cache_clear()
    yield
    members.cache_clear()


@pytest.mark.usefixtures("plugin")
def test_a_third_partys_fault_works_end_to_end(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [{"at": "20 s", "mute": ["inference-0", "inference-1"], "for": "30 s"}]
    run = play(faults=faults, sometimes=["muted"])
    [muted] = run.results.sometimes
    assert (muted.expression, muted.held, muted.detail) == ("muted", True, "happened once")
    assert run.results.outcome == "pass"
    lost = [row for row in run.tables.of("message_sent") if row["lost"]]
    assert {row["sender"] for row in lost} == {"inference-0", "inference-1"}
    assert all(20 <= row["t"] <= 50 for row in lost)
    [fault] = reported(run.tables)
    assert (fault.text, fault.start, fault.end) == ("inference-0, inference-1 mute", 20, 50)
    [ended] = run.tables.of("fault_ended")
    assert "speaks again: inference-0, inference-1 mute" in "".join(text for text, _ in describe(ended, str))
    assert '"mute"' in str(json_schema()).replace("'", '"')
    assert main(["faults", "mute"]) == 0
    assert "- {at: 5 min, mute: [full-0], for: 60 s}" in capsys.readouterr().out
    assert main(["schema", "--list", "faults"]) == 0
    assert "Have nodes send nothing, though they hear everything" in capsys.readouterr().out
    assert main(["faults", "--markdown"]) == 0
    assert "| `mute` |" in capsys.readouterr().out
    assert main(["schema", "--list", "events"]) == 0
    assert "a node was muted" in capsys.readouterr().out


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize("taken", ["slashed", "crashed"])
def test_it_must_not_call_what_it_does_as_another_event_is_called(taken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mute, "sometimes", (taken, "a node was muted"))
    with pytest.raises(BadPlugin, match=f"two events are called '{taken}', one of them that of the fault 'mute'"):
        happenings()


@pytest.mark.usefixtures("plugin")
def test_its_scenario_loads_back_equal() -> None:
    first = scenario(faults=[{"at": "20 s", "mute": ["full-0"], "for": "30 s"}])
    assert isinstance(first.faults[0], Mute)
    from simnet.scenario.load import parse_scenario

    assert parse_scenario(first.resolved_yaml().encode()) == first
