"""Finding things by text, by name and by sorting; copying them, going to their moment; what is kept from run to run."""

from __future__ import annotations

import asyncio
import csv
from decimal import Decimal
from pathlib import Path

import pytest

from chain.quantities import OPG
from dashboards.app import NOT_OURS, Dashboard
from dashboards.export import exact
from dashboards.palette import MOST, Things, ids, participants
from dashboards.panels.feed import Feed
from dashboards.panels.money import Money
from dashboards.panels.network import Network
from dashboards.scene import NothingFound, open_scene
from dashboards.settings import Settings, read_settings
from dashboards.text import plain
from dashboards.windows.node import NodePanel
from dashboards.windows.window import Window
from nodes.records import GROUPS
from tests.recordings import recorded_rows, unpack
from tests.screens import MEDIUM, Terminal, drive

ROWS = recorded_rows()
SLASHES = [row for row in ROWS if row.get("event") == "Slashed"]
ANSWERED = [row["i"] for row in ROWS if row["kind"] == "task_answered"]


def test_a_text_is_found_from_event_to_event_and_back(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("home", "ctrl+f")
        await terminal.enter("HAS ANSWERED")
        player = terminal.app.scene.player
        assert player.position == ANSWERED[0] + 1
        await terminal.press("n")
        assert player.position == ANSWERED[1] + 1
        await terminal.press("N")
        assert player.position == ANSWERED[0] + 1
        assert "has answered" in plain(terminal.app.scene.tell(player.position - 1))
        await terminal.press("N")
        assert "no event before this moment says 'HAS ANSWERED'" in terminal.notes

    drive(unpack(tmp_path), session)


def test_what_is_under_the_cursor_is_copied(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("1", "y")
        assert terminal.app.clipboard == "full-1"
        await terminal.press("2", "y")
        assert terminal.app.clipboard == f"#{ROWS[-1]['i']}"

    drive(unpack(tmp_path), session)


def test_g_goes_to_the_moment_of_an_event_from_the_feed_and_from_its_window(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        slash = SLASHES[0]["i"]
        await terminal.press("o")
        await terminal.enter(f"#{slash}")
        await terminal.press("g")
        assert len(terminal.app.screen_stack) == 1
        assert terminal.app.scene.player.position == slash + 1
        await terminal.press("2", "down", "down")
        feed = terminal.app.query_one(Feed)
        number = feed.number(feed.cursor)
        await terminal.press("g")
        assert terminal.app.scene.player.position == number + 1

    drive(unpack(tmp_path), session)


def test_every_order_of_network_and_money_can_be_chosen_and_reversed(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        for key, kind in (("1", Network), ("6", Money)):
            panel = terminal.app.query_one(kind)
            await terminal.press(key)
            seen = []
            for _ in kind.ORDERS:
                seen.append(str(panel.border_subtitle))
                first = panel.subject(0)
                await terminal.press("r")
                assert panel.subject(panel.count() - 1) == first
                await terminal.press("r", "x")
            assert len({*seen}) == len(kind.ORDERS)
            assert str(panel.border_subtitle) == seen[0], "it goes round"

    drive(unpack(tmp_path), session)


def test_the_palette_opens_a_participant_by_letters_of_its_behaviour(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        hits = [hit async for hit in Things(terminal.app.screen).search("quantze")]
        assert [hit.text for hit in hits] == ["inference-3 quantize"]
        hits[0].command()
        await terminal.settle()
        window = terminal.app.screen
        assert isinstance(window, Window)
        assert isinstance(window.panel, NodePanel)
        assert window.panel.about == "inference-3"

    drive(unpack(tmp_path), session)


def test_the_palette_knows_everybody_and_whatever_has_the_text_in_its_id(tmp_path: Path) -> None:
    scene = open_scene(unpack(tmp_path))
    while scene.timeline.read(1.0):
        pass
    assert [name for name, _ in participants(scene)][:3] == ["full-1", "full-0", "inference-3"]
    task = next(row["task"] for row in ROWS if row["kind"] == "task_sent")
    assert task in list(ids(scene, task[20:40]))
    assert list(ids(scene, "0x")) == []
    assert len(list(ids(scene, "0x" + task[2]))) <= MOST
    assert Things in Dashboard.COMMANDS


def test_a_name_with_a_letter_missing_brings_the_right_one_to_mind(tmp_path: Path) -> None:
    scene = open_scene(unpack(tmp_path))
    while scene.timeline.read(1.0):
        pass
    with pytest.raises(NothingFound) as found:
        scene.find("inferece-3")
    assert found.value.hint == "did you mean 'inference-3'?"


def test_a_recorded_run_is_offered_no_injection_and_no_command_that_our_keys_do_better(tmp_path: Path) -> None:
    async def session(terminal: Terminal) -> None:
        titles = [command.title for command in terminal.app.get_system_commands(terminal.app.screen)]
        assert "Find in the feed" in titles
        assert not {*NOT_OURS, "Inject a fault or a behaviour"} & {*titles}

    drive(unpack(tmp_path), session)


def test_theme_and_filter_are_kept_from_run_to_run(tmp_path: Path) -> None:
    file = tmp_path / "config" / "dashboard.json"

    async def session() -> None:
        app = Dashboard(open_scene(unpack(tmp_path / "run")), settings=read_settings(file))
        async with app.run_test(size=MEDIUM):
            app.theme, app.scene.groups = "nord", ("fraud", "faults")
            app.show_now()

    asyncio.run(session())
    kept = read_settings(file)
    assert (kept.theme, kept.groups) == ("nord", tuple(name for name in GROUPS if name in ("fraud", "faults")))
    again = Dashboard(open_scene(unpack(tmp_path / "again")), settings=kept)
    assert (again.theme, again.scene.groups) == (kept.theme, kept.groups)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"theme": 3, "groups": "all"}', '{"groups": ["nothing"]}'])
def test_settings_that_are_none_are_left_at_their_defaults(text: str, tmp_path: Path) -> None:
    (tmp_path / "dashboard.json").write_text(text)
    found = read_settings(tmp_path / "dashboard.json")
    assert (found.theme, found.groups) == ("", ())


def test_settings_that_cannot_be_written_cost_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = Settings(tmp_path / "file" / "dashboard.json")
    settings.keep(theme="nord", groups=("fraud",))
    assert settings.theme == "nord"


def test_a_screenshot_goes_into_the_runs_directory(tmp_path: Path) -> None:
    directory = unpack(tmp_path)

    async def session(terminal: Terminal) -> None:
        saved = terminal.app.deliver_screenshot()
        assert saved is not None
        assert Path(saved).parent == directory

    drive(directory, session)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_w_writes_the_table_with_the_focus_as_it_is_sorted_and_filtered(tmp_path: Path) -> None:
    directory = unpack(tmp_path)
    end = len(ROWS)

    async def session(terminal: Terminal) -> None:
        await terminal.press("1", "x", "x", "r", "w")
        assert terminal.notes[-1] == f"wrote {directory / 'views' / f'network-{end}.csv'}"
        scene = terminal.app.scene
        names = [row["node"] for row in read_csv(directory / "views" / f"network-{end}.csv")]
        assert names == sorted(scene.state.nodes, reverse=True)
        await terminal.press("6", "w")
        books = read_csv(directory / "views" / f"money-{end}.csv")
        for row in books:
            node = scene.state.nodes[row["node"]]
            for column, wei in (("stake_opg", node.stake), ("slashed_opg", -node.slashed), ("fees_opg", node.fees)):
                assert Decimal(row[column]) * OPG == wei
        nets = [Decimal(row["net_opg"]) for row in books]
        assert nets[0] == min(nets)
        scene.groups = ("money",)
        await terminal.press("2", "w")
        feed = terminal.app.query_one(Feed)
        told = read_csv(directory / "views" / f"feed-{end}.csv")
        assert 0 < len(told) == feed.count() < end
        assert [int(row["event"]) for row in told] == [feed.number(i) for i in range(feed.count())]

    drive(directory, session)


def test_w_writes_what_the_moment_shows(tmp_path: Path) -> None:
    directory = unpack(tmp_path)

    async def session(terminal: Terminal) -> None:
        scene = terminal.app.scene
        await terminal.press("home", "t")
        await terminal.enter("50 %")
        for key, name in (("3", "chain"), ("4", "fraud"), ("8", "scenario")):
            await terminal.press(key, "w")
            rows = read_csv(directory / "views" / f"{name}-{scene.player.position}.csv")
            if name == "chain":
                assert [int(row["block"]) for row in rows] == [found[1] for found in reversed(scene.state.chain.recent)]
            elif name == "fraud":
                assert {row["behaviour"]: int(row["frauds"]) for row in rows} == {
                    behaviour: tally.committed for behaviour, tally in scene.state.tallies.items()
                }
            else:
                assert {row["metric"] for row in rows} >= {"detection_rate", "soft_latency_ms.p95"}
        assert len(rows) > 1

    drive(directory, session)


def test_what_is_no_table_is_not_written_and_a_place_that_cannot_be_written_to_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = unpack(tmp_path)

    async def session(terminal: Terminal) -> None:
        await terminal.press("7", "w")
        assert "is no table" in terminal.notes[-1]
        assert not (directory / "views").exists()
        (directory / "views").touch()
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        await terminal.press("4", "w")
        assert (tmp_path / "here" / f"fraud-{len(ROWS)}.csv").is_file()
        (tmp_path / "here" / f"fraud-{len(ROWS)}.csv").unlink()
        (tmp_path / "here").rmdir()
        await terminal.press("w")
        assert "can be written to" in terminal.notes[-1]

    drive(directory, session)


def test_amounts_are_written_with_all_their_digits() -> None:
    assert [exact(wei) for wei in (0, 1, -1, OPG, -3 * OPG // 2, 10**27)] == [
        "0",
        "0.000000000000000001",
        "-0.000000000000000001",
        "1",
        "-1.5",
        "1000000000",
    ]
