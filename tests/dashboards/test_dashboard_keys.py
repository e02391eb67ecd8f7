"""Keys pressed in the dashboard, and what it then shows, against the log."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest
from textual.events import Key

from dashboards.app import Dashboard
from dashboards.bars import TimelineBar
from dashboards.live_run import Engine
from dashboards.panels.feed import Feed
from dashboards.panels.fraud import Fraud
from dashboards.panels.money import Money
from dashboards.panels.network import Network
from dashboards.panels.scenario import ScenarioPanel
from dashboards.scene import MOST_ZOOM, open_scene
from dashboards.text import clock
from dashboards.windows.node import NodePanel
from dashboards.windows.row import RowPanel
from dashboards.windows.task import TaskPanel
from dashboards.windows.window import Window
from nodes.records import GROUPS
from simnet.scenario.load import load_scenario
from simnet.scenario.schema import Scenario
from tests.recordings import recorded_lines, recorded_rows, unpack
from tests.screens import MEDIUM, NARROW, Terminal, drive

ROWS = recorded_rows()
ADDRESSES = {row["name"]: row["address"] for row in ROWS if row["kind"] == "participant_joined"}
SLASHES = [row for row in ROWS if row.get("event") == "Slashed"]
CHEAT = next(row for row in ROWS if row["kind"] == "cheated" and row["act"] == "answer")


def test_stepping_shows_each_row_and_goes_back(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("home", "right", "right", "right")
        bar = terminal.app.query_one(TimelineBar)
        assert f"#2 of {len(ROWS):,}" in bar.text
        assert "model medical_risk on offer" in bar.text
        await terminal.press("left")
        assert "model digits_mlp on offer" in bar.text
        await terminal.press("end", "left")
        assert f"#{len(ROWS) - 2:,} of" in bar.text

    drive(unpack(tmp_path), session)


def test_m_sets_bookmarks_that_b_goes_to_and_takes_them_away_again(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        player, bar = terminal.app.scene.player, terminal.app.query_one(TimelineBar)
        await terminal.press("b")
        assert "no bookmark after this moment; m sets one" in terminal.notes
        for place in (1200, 300):
            player.go(place)
            await terminal.press("m")
        assert list(player.bookmarks) == [299, 1199]
        await terminal.press("home")
        assert bar.text.count("◆") == 2
        await terminal.press("b", "b")
        assert player.position == 1200
        await terminal.press("B")
        assert player.position == 300
        await terminal.press("m", "home")
        assert list(player.bookmarks) == [1199]
        assert bar.text.count("◆") == 1

    drive(unpack(tmp_path), session)


def test_z_shows_a_shorter_part_of_the_run_around_this_moment(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        scene = terminal.app.scene
        await terminal.press("Z")
        assert scene.part == (0.0, scene.duration_s)
        scene.player.go(len(ROWS) // 2)
        await terminal.press("z", "z")
        start, end = scene.part
        assert end - start == pytest.approx(scene.duration_s / 4)
        assert start <= scene.state.time <= end
        await terminal.press("end")
        assert scene.part[1] == pytest.approx(scene.duration_s)
        await terminal.press(*["z"] * 20)
        assert scene.part[1] - scene.part[0] == pytest.approx(scene.duration_s / 2**MOST_ZOOM)
        await terminal.press(*["Z"] * 20)
        assert scene.part == (0.0, scene.duration_s)

    drive(unpack(tmp_path), session)


def test_s_goes_from_slash_to_slash(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("home")
        for number, slash in enumerate(SLASHES, 1):
            await terminal.press("s")
            assert terminal.app.scene.player.position == slash["i"] + 1
            assert f"slashes   {number} " in terminal.app.query_one(Fraud).text
        await terminal.press("s")
        assert "no slash after this moment" in terminal.notes
        await terminal.press("S")
        assert terminal.app.scene.player.position == SLASHES[-2]["i"] + 1

    drive(unpack(tmp_path), session)


def test_e_goes_to_where_an_expectation_begins_to_fail(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("home", "e", "e")
        assert "✗ begins to fail: soft_latency_ms.p95 <= 110" in terminal.app.query_one(TimelineBar).text
        await terminal.press("8")
        panel = terminal.app.query_one(ScenarioPanel)
        assert "✗ soft_latency_ms.p95 <= 110" in panel.text
        await terminal.press("left_square_bracket")
        assert "✗ soft_latency_ms.p95 <= 110" not in panel.text

    drive(unpack(tmp_path), session)


def test_t_jumps_to_a_time_and_says_what_is_wrong_with_another(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("t")
        await terminal.enter("soon")
        assert "'soon' is no place in the log" in terminal.text
        await terminal.enter("0:41")
        assert terminal.app.scene.player.position == sum(row["t"] <= 41 for row in ROWS)
        assert "full-3" in terminal.text

    drive(unpack(tmp_path), session)


def test_space_plays_from_the_start_and_pauses(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        player = terminal.app.scene.player
        player.speed = 1e-3  # a machine however slow does not reach the end before it looks
        await terminal.press("space")
        assert player.playing
        assert player.position < len(ROWS)
        await terminal.press("space")
        stands = player.position
        await terminal.settle()
        assert (player.playing, player.position) == (False, stands)

    drive(unpack(tmp_path), session)


def test_the_network_shows_truth_and_belief_side_by_side(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("1")
        line = line_with(terminal.app.query_one(Network).text, "inference-3")
        times = sum(row["args"]["node"] == ADDRESSES["inference-3"] for row in SLASHES)
        assert f"slashed {times}×" in line
        assert "✓ slashed" in line
        assert "quantize ×" in line
        await terminal.press("t")
        await terminal.enter(f"#{CHEAT['i']}")
        line = line_with(terminal.app.query_one(Network).text, "inference-3")
        assert "trusted" in line
        assert "… undetected" in line

    drive(unpack(tmp_path), session)


def test_the_network_begins_with_whoever_matters_most_and_can_be_sorted_by_role(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("1")
        lines = terminal.app.query_one(Network).text.splitlines()
        assert ["full-1" in lines[2], "full-0" in lines[3], "inference-3" in lines[4]] == [True, True, True]
        await terminal.press("x")
        lines = terminal.app.query_one(Network).text.splitlines()
        assert ["inference-0" in lines[2], "inference-1" in lines[3]] == [True, True]

    drive(unpack(tmp_path), session, NARROW)


def test_money_names_who_lost_first(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("6")
        books = terminal.app.query_one(Money).text.splitlines()[3:]
        mine = [row["args"]["amount"] for row in SLASHES if row["args"]["node"] == ADDRESSES["inference-3"]]
        assert books[0].lstrip(" ▸").startswith("inference-3")
        assert f"-{sum(map(int, mine)) / 10**18:,.0f}" in books[0]

    drive(unpack(tmp_path), session)


def test_enter_opens_a_node_and_its_rows(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("1", "down", "down", "enter")
        window = terminal.app.screen
        assert isinstance(window, Window)
        assert isinstance(window.panel, NodePanel)
        assert window.panel.about == "inference-3"
        await terminal.press("enter")
        assert isinstance(cast(Window, terminal.app.screen).panel, RowPanel)
        await terminal.press("escape", "escape")
        assert len(terminal.app.screen_stack) == 1

    drive(unpack(tmp_path), session, MEDIUM)


def test_o_opens_a_task_by_the_beginning_of_its_id_and_p_follows_it(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("o")
        await terminal.enter("0xffffffffffff")
        assert "nothing in the log begins with" in terminal.text
        await terminal.press("escape", "o")
        await terminal.enter(CHEAT["subject"][:14])
        panel = cast(Window, terminal.app.screen).panel
        assert isinstance(panel, TaskPanel)
        assert "! quantize falsifies the answer" in panel.text
        assert "✗ claim rejected: fraud" in panel.text
        await terminal.press("p", "escape")
        assert terminal.app.scene.task == CHEAT["subject"]
        await terminal.press("u")
        assert terminal.app.scene.task != CHEAT["subject"]

    drive(unpack(tmp_path), session)


def test_what_is_typed_before_a_dialog_is_there_is_taken_by_it(tmp_path: Path) -> None:
    """All keys wait in the queue when the first is handled, as on a busy machine."""

    async def session(terminal: Terminal) -> None:
        before = terminal.app.scene.player.position
        for key in ("o", *"full-1", "enter"):
            terminal.app.post_message(Key(key, key if len(key) == 1 else "\r"))
        while not isinstance(terminal.app.screen, Window):
            await terminal.pilot.pause()
        await terminal.settle()
        assert "full-1" in terminal.text
        assert terminal.app.scene.player.position == before

    drive(unpack(tmp_path), session)


def test_a_last_tick_while_the_screens_are_closed_does_nothing(tmp_path: Path) -> None:
    app = Dashboard(open_scene(unpack(tmp_path)), None)

    async def whole() -> None:
        async with app.run_test():
            pass
        assert not app.screen_stack
        app.tick()

    asyncio.run(whole())


def test_keys_of_time_work_in_windows(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("o")
        await terminal.enter("inference-3")
        assert "✓ slashed" in terminal.text
        await terminal.press("home", "s", "left")
        assert "✓ slashed" not in terminal.text
        assert "… undetected" in terminal.text

    drive(unpack(tmp_path), session)


def test_the_feed_shows_what_the_filter_lets_through(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        feed = terminal.app.query_one(Feed)
        await terminal.press("2", "f", "n", *["down"] * list(GROUPS).index("penalties"), "space", "escape")
        shown = terminal.app.scene.timeline.index.count_groups()["penalties"]
        assert terminal.app.scene.groups == ("penalties",)
        assert feed.count() == shown
        assert all("⚑" in line for line in feed.text.splitlines())

    drive(unpack(tmp_path), session, NARROW)


def test_the_feed_can_keep_to_one_node(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("2", "slash")
        await terminal.enter("full-3")
        lines = terminal.app.query_one(Feed).text.splitlines()
        assert lines
        assert all("full-3" in line for line in lines)
        await terminal.press("slash")
        await terminal.enter("")
        assert terminal.app.scene.about == ""

    drive(unpack(tmp_path), session, NARROW)


def test_the_feed_stands_still_while_somebody_reads_it(tmp_path: Path) -> None:
    directory = unpack(tmp_path)
    (directory / "events.jsonl").write_bytes(b"".join(recorded_lines()[:500]))

    async def session(terminal: Terminal) -> None:
        await terminal.press("2", "down")
        before = terminal.app.query_one(Feed).text
        with (directory / "events.jsonl").open("ab") as file:
            file.writelines(recorded_lines()[500:700])
        await terminal.settle()
        assert terminal.app.scene.player.position == 700
        assert terminal.app.query_one(Feed).text == before
        await terminal.press("up")
        assert terminal.app.query_one(Feed).text != before

    drive(directory, session, NARROW)


def test_a_run_that_begins_anew_is_shown_anew(tmp_path: Path) -> None:
    directory = unpack(tmp_path)

    async def session(terminal: Terminal) -> None:
        (directory / "events.jsonl").write_bytes(b"".join(recorded_lines()[:100]))
        await terminal.settle()
        assert terminal.app.scene.player.position == 100
        assert "another run writes this log now" in terminal.notes

    drive(directory, session)


def test_a_click_on_the_track_goes_there(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.pilot.click(TimelineBar, offset=(MEDIUM[0] // 2, 0))
        await terminal.settle()
        assert 60 < terminal.app.scene.state.time < 100

    drive(unpack(tmp_path), session, MEDIUM)


def test_a_broken_log_ends_the_dashboard_with_a_message(tmp_path: Path) -> None:
    directory = unpack(tmp_path)

    async def session(terminal: Terminal) -> None:
        with (directory / "events.jsonl").open("ab") as file:
            file.write(b"garbage\n")
        terminal.app.tick()
        assert terminal.app.return_code == 2

    drive(directory, session)


# -- live runs ---------------------------------------------------------------------------------------------


@dataclass
class FakeEngine:
    """Takes orders and does nothing."""

    scenario: Scenario
    running: bool = True
    dies: bool = False
    paused: bool = False
    speed: float = 60.0
    crashed: bool = False
    error: Exception | None = None
    told: list[tuple[object, ...]] = field(default_factory=list)

    def poll(self) -> None:
        """Nothing new, or its end."""
        if self.dies:
            self.running, self.crashed, self.error = False, True, RuntimeError("killed")

    def toggle(self) -> None:
        self.paused = not self.paused
        self.told.append(("toggle",))

    def step(self, kind: str = "") -> None:
        self.told.append(("step", kind))

    def set_speed(self, speed: float) -> None:
        self.speed = speed
        self.told.append(("speed", speed))

    def inject(self, text: str) -> None:
        self.told.append(("inject", text))


@pytest.fixture
def live(tmp_path: Path) -> tuple[Path, FakeEngine]:
    """A run that has got to its 500th row."""
    directory = unpack(tmp_path)
    (directory / "events.jsonl").write_bytes(b"".join(recorded_lines()[:500]))
    (directory / "results.json").unlink()
    return directory, FakeEngine(load_scenario(directory / "scenario.yaml"))


def test_keys_steer_the_run_while_the_picture_follows_it(live: tuple[Path, FakeEngine]) -> None:
    directory, engine = live

    async def session(terminal: Terminal) -> None:
        assert "● live 60x" in terminal.text
        await terminal.press("space", "right", "right_square_bracket", "plus", "space")
        speed = ("speed", 120.0)
        assert engine.told == [("toggle",), ("step", ""), ("step", "block_mined"), speed, ("toggle",)]
        await terminal.press("left")
        assert engine.paused, "going back holds the run"
        assert terminal.app.scene.player.position == 499
        del engine.told[:]
        await terminal.press("right", "right")
        assert engine.told == [("step", "")], "the first step leads back to the newest row"

    drive(directory, session, engine=cast(Engine, engine))


def test_the_track_of_a_live_run_ends_where_the_run_will_with_settling(live: tuple[Path, FakeEngine]) -> None:
    directory, engine = live
    scenario = engine.scenario

    async def session(terminal: Terminal) -> None:
        end = terminal.app.scene.duration_s
        assert end == scenario.duration + scenario.settle > ROWS[499]["t"]
        assert terminal.app.query_one(TimelineBar).text.splitlines()[0].endswith(clock(end))

    drive(directory, session, engine=cast(Engine, engine))


def test_virtual_pace_is_above_the_fastest_speed(live: tuple[Path, FakeEngine]) -> None:
    directory, engine = live

    async def session(terminal: Terminal) -> None:
        await terminal.press(*["plus"] * 6)
        assert engine.speed == 0.0
        assert "at virtual pace" in terminal.text
        await terminal.press("minus")
        assert engine.speed == 3600.0

    drive(directory, session, engine=cast(Engine, engine))


def test_i_injects_what_a_scenario_could_say(live: tuple[Path, FakeEngine]) -> None:
    directory, engine = live

    async def session(terminal: Terminal) -> None:
        await terminal.press("i")
        await terminal.enter("crash: [full-33]")
        assert "unknown node 'full-33'" in terminal.text
        assert not engine.told
        await terminal.enter("crash: [full-3]")
        assert engine.told == [("inject", "crash: [full-3]")]

    drive(directory, session, engine=cast(Engine, engine))


def test_a_recorded_run_cannot_be_touched(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        assert "i Inject" not in terminal.text
        await terminal.press("i")
        assert len(terminal.app.screen_stack) == 1
        assert "this run is over" in terminal.notes[-1]

    drive(unpack(tmp_path), session)


def test_q_asks_twice_while_the_run_goes_on(live: tuple[Path, FakeEngine]) -> None:
    directory, engine = live

    async def session(terminal: Terminal) -> None:
        await terminal.press("q")
        assert "press q again" in terminal.notes[-1]
        assert not terminal.app._exit
        await terminal.pilot.press("q")
        assert terminal.app._exit

    drive(directory, session, engine=cast(Engine, engine))


def test_a_crash_of_the_engine_leaves_the_picture_standing(live: tuple[Path, FakeEngine]) -> None:
    directory, engine = live

    async def session(terminal: Terminal) -> None:
        assert "i Inject" in terminal.text
        engine.dies = True
        await terminal.settle()
        await terminal.settle()
        assert "✗ the engine crashed" in terminal.text
        assert "i Inject" not in terminal.text
        await terminal.press("left")
        assert terminal.app.scene.player.position == 499

    drive(directory, session, engine=cast(Engine, engine))


def line_with(text: str, word: str) -> str:
    """The line of a text that has a word in it."""
    return next(line for line in text.splitlines() if word in line)
