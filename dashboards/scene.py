"""What the panels look at: one log, a place in it, and what was asked to be shown of it."""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from chain.errors import SimnetError
from dashboards.describe import describe
from dashboards.player import Player
from dashboards.text import Line, plain
from dashboards.timeline import Timeline, was_undone
from simnet.measure.state import State
from simnet.verdict.so_far import Results, read_promises, read_results

OPENING_S = 2.0
"""Time to read a log before the first picture; what is left comes with the pictures after it."""

SHOWN_AT_FIRST = ("run", "tasks", "batches", "fraud", "disputes", "penalties", "faults", "other")
"""Groups of events that the feed shows unless told otherwise."""


class NothingFound(SimnetError):
    """Nothing in the log has that name."""

    exit_code = 2


MOST_ZOOM = 6
"""Halvings of the part of a run that the track shows."""


@dataclass
class Scene:
    """The one thing that all panels share."""

    timeline: Timeline
    player: Player
    results: Results = field(default_factory=Results)
    pinned: str = ""
    """The inference to follow, if somebody chose one."""
    groups: tuple[str, ...] = SHOWN_AT_FIRST
    """Groups of events in the feed."""
    about: str = ""
    """The participant, task or batch that the feed keeps to; empty for everything."""

    zoom: int = 0
    """How often the part of the run that the track shows has been halved."""

    @property
    def state(self) -> State:
        """The run where the player stands."""
        return self.player.state

    @property
    def task(self) -> str:
        """The inference that is followed through its steps."""
        return self.pinned or self.state.followed

    @property
    def duration_s(self) -> float:
        """How long the run lasts, settling included, as far as one knows."""
        head = self.timeline.head
        planned = head.started.get("duration_s", 0.0) + self.timeline.promises.settle_s
        return max(head.time, planned if not head.ended else 0.0, 1.0)

    @property
    def part(self) -> tuple[float, float]:
        """Where the part of the run that the track shows begins and ends, in seconds: around now, as far as it goes."""
        length = self.duration_s / 2**self.zoom
        start = max(0.0, min(self.state.time - length / 2, self.duration_s - length))
        return start, start + length

    def tell(self, number: int) -> Line:
        """A row of the log as a sentence; one that a reorg has undone since says so."""
        row = self.timeline.row(number)
        undone = was_undone(number, row, self.timeline.index.reorgs_before(self.player.position))
        return [*describe(row, self.state.who), *([(" · undone by a reorg", "dim")] if undone else [])]

    def find(self, text: str) -> str | int:
        """What somebody means by a name, the beginning of an id, or ``#`` and a number. Raises `NothingFound`."""
        text = text.strip()
        if text.startswith("#") and text[1:].isdecimal() and int(text[1:]) < len(self.timeline):
            return int(text[1:])
        if self.timeline.index.knows(text):
            return text
        found = list(self.timeline.index.subjects(text)) if text else []
        if len(found) != 1:
            if found:
                raise NothingFound(f"{len(found):,} things in the log begin with '{text}'", "type more of it")
            near = get_close_matches(text, self.timeline.head.nodes, n=1)
            hint = f"did you mean '{near[0]}'?" if near else None
            raise NothingFound(f"nothing in the log begins with '{text}'", hint)
        return found[0]

    def find_text(self, text: str, direction: int, until: float) -> int | None:
        """The next row that the feed shows and that says `text`, or the one before; by `until` of the clock."""
        rows, wanted = self.timeline.index.matching(self.groups, self.about), text.casefold()
        here = bisect_left(rows, self.player.position)
        ahead = rows[here:] if direction > 0 else rows[: max(0, here - 1)][::-1]
        for number in ahead:
            if wanted in plain(self.tell(number)).casefold():
                return number
            if time.monotonic() > until:
                break
        return None

    def restart(self) -> None:
        """Begin anew with the log that has taken the place of this one."""
        old = self.timeline
        self.timeline = Timeline(old.log.path, read_promises(old.log.path.parent / "scenario.yaml"))
        self.player = Player(self.timeline)
        self.results, self.pinned = Results(), ""
        old.log.close()


def open_scene(directory: Path) -> Scene:
    """The run that a directory holds, at its newest row, or as far as it can be read in a moment. Raises `LogError`."""
    timeline = Timeline(directory / "events.jsonl", read_promises(directory / "scenario.yaml"))
    timeline.read(OPENING_S)
    return Scene(timeline, Player(timeline), read_results(directory / "results.json"))
