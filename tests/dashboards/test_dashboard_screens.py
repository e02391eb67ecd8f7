"""Ten screens of a recorded run at fixed sizes, as they looked when somebody last looked at them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboards.bars import TimelineBar
from dashboards.panel import Panel
from dashboards.panels.fraud import Fraud
from tests.recordings import recorded_lines, recorded_rows, unpack
from tests.screens import MEDIUM, NARROW, WIDE, Terminal, assert_looks_as_before, drive

VERDICT = next(row["transaction"] for row in recorded_rows() if row.get("event") == "ClaimRejected")
"""The transaction by which the first fraud was found."""
FRAUD = next(row["subject"] for row in recorded_rows() if row["kind"] == "cheated" and row["act"] == "answer")

SCREENS: dict[str, tuple[tuple[int, int], list[str]]] = {
    "wide_at_the_end": (WIDE, []),
    "wide_at_the_first_slash": (WIDE, ["home", "s"]),
    "medium_while_a_region_is_cut_off": (MEDIUM, ["t", "=55", "enter"]),
    "narrow_overview": (NARROW, ["home", "s"]),
    "narrow_network_with_faults": (NARROW, ["t", "=55", "enter", "1"]),
    "narrow_feed": (NARROW, ["home", "s", "2"]),
    "narrow_scenario_with_metrics": (NARROW, ["8"]),
    "narrow_inference_of_a_fraud": (NARROW, ["o", f"={FRAUD[:12]}", "enter"]),
    "medium_node": (MEDIUM, ["o", "=inference-3", "enter"]),
    "medium_transaction": (MEDIUM, ["o", f"=#{VERDICT}", "enter"]),
    "narrow_keys": (NARROW, ["question_mark"]),
}
"""For each picture a terminal's size, and what is pressed (``=`` is typed)."""


@pytest.mark.parametrize("name", list(SCREENS))
def test_screen(name: str, tmp_path: Path) -> None:
    size, keys = SCREENS[name]

    async def session(terminal: Terminal) -> None:
        await terminal.settle()
        for key in keys:
            await terminal.press(*(list(key[1:]) if key.startswith("=") else [key]))
        assert_looks_as_before(name, terminal.text)

    drive(unpack(tmp_path), session, size)


@pytest.mark.parametrize("size", [(60, 15), (20, 5)])
def test_nothing_breaks_on_any_terminal(size: tuple[int, int], tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("home", "s", "1", "down", "enter", "escape", "2", "enter", "escape", "3", "pagedown", "0")
        assert terminal.app.is_running

    drive(unpack(tmp_path), session, size)


@pytest.mark.parametrize(("size", "fits"), [((60, 15), True), ((59, 40), False), ((200, 14), False), ((20, 6), False)])
def test_a_terminal_that_is_too_small_is_told(size: tuple[int, int], fits: bool, tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        assert ("too small" in terminal.text) != fits
        assert ("Network ─" in terminal.text) == fits

    drive(unpack(tmp_path), session, size)


def test_what_is_behind_a_dialog_goes_on(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("home", "o")
        assert "0:00.00" in terminal.text.splitlines()[-3]
        terminal.app.scene.player.go(len(recorded_rows()))
        await terminal.settle()
        await terminal.pilot.pause(0.3)
        assert "FAIL" in terminal.text.splitlines()[0]
        assert "0:00.00" not in terminal.text.splitlines()[-3]

    drive(unpack(tmp_path), session)


def test_no_line_is_wider_than_the_terminal(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        for view in "012345678":
            await terminal.press(view)
            assert max(map(len, terminal.text.splitlines())) <= NARROW[0]

    drive(unpack(tmp_path), session, NARROW)


@pytest.mark.parametrize("size", [NARROW, (120, 36), WIDE])
def test_the_first_screen_says_whether_it_holds_who_misbehaves_and_who_was_detected(
    size: tuple[int, int], tmp_path: Path
) -> None:
    async def session(terminal: Terminal) -> None:
        shown = terminal.text
        assert "FAIL" in shown.splitlines()[0]
        assert "detection_rate >= 95 %" in shown
        assert "committed 5" in shown
        (cheat,) = [line for line in shown.splitlines() if "inference-3 " in line and "quantize ×" in line]
        assert "✓ slashed" in cheat
        (row,) = [line for line in shown.splitlines() if "full-1 " in line and "honest" in line]
        assert "✗ false slash" in row

    drive(unpack(tmp_path), session, size)


def test_lines_of_another_size_do_not_run_over_the_frame(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        for panel in terminal.app.query(Panel):
            if panel.size.width:
                panel._lines = [[("wide" * 100, ""), ("▐", "dim")], [("漢字" * 200, "")], []]
                widths = [sum(segment.cell_length for segment in panel.render_line(y)) for y in range(4)]
                assert widths == [panel.size.width] * 4

    drive(unpack(tmp_path), session)


def test_faults_and_injections_are_on_the_time_bar(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        bar = terminal.app.query_one(TimelineBar)
        rows = recorded_rows()
        begun = sum(row["kind"] in ("fault_injected", "intervention", "chain_reorged") for row in rows)
        assert begun
        assert 0 < bar.text.count("↯") <= begun
        lasting = [row["fault"] for row in rows if row["kind"] == "fault_injected" and row["lasts"]]
        assert len(terminal.app.scene.timeline.index.faults) == len(lasting)
        assert "≈" in bar.text

    drive(unpack(tmp_path), session, WIDE)


def test_a_fault_that_goes_on_is_not_drawn_into_the_future(tmp_path: Path) -> None:
    directory = unpack(tmp_path)
    rows = recorded_rows()
    begun = next(row for row in rows if row["kind"] == "fault_injected" and row["lasts"])
    (directory / "events.jsonl").write_bytes(b"".join(recorded_lines()[: begun["i"] + 50]))
    (directory / "results.json").unlink()

    async def session(terminal: Terminal) -> None:
        before, _, ahead = terminal.app.query_one(TimelineBar).text.partition("●")
        assert "↯" in before
        assert "≈" not in ahead

    drive(directory, session, WIDE)


def test_behaviours_are_named_whole_however_long_their_names(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        scene = terminal.app.scene
        scene.state.tallies["quantised_circuit_gap"] = scene.state.tallies["quantize"]
        terminal.app.query_one(Fraud).update()
        await terminal.settle()
        assert "quantised_circuit_gap" in terminal.text
        assert "detected final" in terminal.text

    drive(unpack(tmp_path), session, NARROW)


def test_an_expectation_that_recovers_is_no_failure_on_the_time_bar(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        timeline = terminal.app.scene.timeline
        timeline.index.broken.clear()
        timeline.index.add_failure(10, ["it fell, and rose"])
        timeline.index.add_failure(20, [timeline._failing[0]])
        timeline.index.add_failure(30, [timeline._failing[0]])
        assert timeline.lasting_failures == [30]

    drive(unpack(tmp_path), session)
