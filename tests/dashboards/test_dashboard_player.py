"""Moving through a recorded run: steps, blocks, jumps, playing."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from dashboards.player import SPEEDS, NoSuchPlace, Player
from tests.recordings import read_whole, recorded_rows, unpack

ROWS = recorded_rows()
BLOCKS = [row["i"] for row in ROWS if row["kind"] == "block_mined"]
SLASHES = [row["i"] for row in ROWS if row.get("event") == "Slashed"]


@pytest.fixture
def player(tmp_path: Path) -> Player:
    """At the end of the recorded run."""
    return Player(read_whole(unpack(tmp_path)))


def test_a_run_opens_at_its_end(player: Player) -> None:
    assert (player.position, player.following, player.state.ended) == (len(ROWS), True, "completed")


def test_steps_go_back_and_on(player: Player) -> None:
    player.step(-1)
    assert (player.position, player.following) == (len(ROWS) - 1, False)
    player.step(-4)
    player.step(1)
    assert player.position == player.state.number == len(ROWS) - 4
    player.step(100)
    assert player.following


def test_nothing_is_before_the_start(player: Player) -> None:
    player.go(3)
    player.step(-5)
    assert (player.position, player.state.nodes) == (0, {})


def test_a_block_is_stepped_over_whole(player: Player) -> None:
    player.go(BLOCKS[4])
    assert player.step_block(1)
    assert player.state.chain.head == ROWS[BLOCKS[4]]["number"]
    assert ROWS[player.position]["t"] > ROWS[BLOCKS[4]]["t"], "all that happens at the block's time is shown"
    assert player.step_block(-1)
    assert player.state.chain.head == ROWS[BLOCKS[3]]["number"]
    assert player.step_block(1)
    assert player.state.chain.head == ROWS[BLOCKS[4]]["number"]


def test_there_is_no_block_before_the_first_and_none_after_the_last(player: Player) -> None:
    assert not player.step_block(1)
    player.go(BLOCKS[0] - 1)
    assert not player.step_block(-1)


def test_slashes_are_found_one_after_the_other_and_back(player: Player) -> None:
    player.go(0)
    seen = []
    while player.seek(player.timeline.index.slashes, 1):
        seen.append(player.position - 1)
    assert seen == SLASHES
    assert player.seek(player.timeline.index.slashes, -1)
    assert player.position - 1 == SLASHES[-2]


@pytest.mark.parametrize(
    ("place", "time_s"), [("1:02", 62), ("62", 62), ("62.5", 62.5), ("1 min", 60), ("0:01:02", 62), (" 50 % ", 80)]
)
def test_places_can_be_named_by_time(player: Player, place: str, time_s: float) -> None:
    player.go_to(place)
    assert player.position == sum(row["t"] <= time_s for row in ROWS)


def test_a_place_can_be_named_by_the_number_of_an_event(player: Player) -> None:
    player.go_to("#1234")
    assert player.position - 1 == 1234
    player.go_to(f"#{len(ROWS) - 1}")
    assert player.following


@pytest.mark.parametrize("place", ["9999:59", "1000000", "400 days", "101 %", f"#{len(ROWS)}", "1:99:00", "1:60"])
def test_a_place_beyond_the_end_is_refused(player: Player, place: str) -> None:
    player.go(7)
    with pytest.raises(NoSuchPlace, match=r"after the end of the log|no event #|no place"):
        player.go_to(place)
    assert player.position == 7
    player.go_to(str(math.ceil(ROWS[-1]["t"])))
    assert player.following


@pytest.mark.parametrize(
    "place", ["", "soon", "1:2:3:4", "-5", "#x", "#" + "9" * 5000, "9" * 5000 + ":00", "12 parsecs"]
)
def test_what_is_no_place_is_refused_with_a_hint(player: Player, place: str) -> None:
    player.go(7)
    with pytest.raises(NoSuchPlace) as caught:
        player.go_to(place)
    assert "12:30" in str(caught.value.hint)
    assert player.position == 7


def test_playing_follows_the_clock_and_stops_at_the_end(player: Player) -> None:
    player.speed = 10.0
    player.toggle()
    assert (player.playing, player.position) == (True, 0)
    player.tick(2.0)
    assert player.position == sum(row["t"] <= 20 for row in ROWS)
    player.tick(0.3)
    assert player.position == sum(row["t"] <= 23 for row in ROWS)
    player.tick(60.0)
    assert (player.playing, player.following) == (False, True)


def test_speeds_have_a_floor_and_a_ceiling(player: Player) -> None:
    player.change_speed(-100)
    assert player.speed == SPEEDS[0]
    player.change_speed(1)
    assert player.speed == SPEEDS[1]
    player.change_speed(100)
    assert player.speed == SPEEDS[-1]
