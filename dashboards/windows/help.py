"""The keys, and what the marks mean."""

from __future__ import annotations

from textwrap import wrap

from dashboards.panel import Page
from dashboards.text import Line

HELP = (
    ("␣", "pause or go on: the run itself while the picture follows it, the replay otherwise"),
    ("← →", "one event back or on"),
    ("[ ]", "one block back or on"),
    ("+ -", "faster, slower"),
    ("t", "jump to a time, a share of the run or an event"),
    ("s S", "next slash, slash before"),
    ("e E", "where an expectation begins to fail: next, before"),
    ("m b B", "set a bookmark here or take it away; to the next one, to the one before"),
    ("z Z", "a shorter part of the run on the track, around this moment; a longer one"),
    ("home end", "the start; the newest event, and stay there"),
    ("", ""),
    ("1 … 8", "one panel as large as it gets; 0 or esc for all"),
    ("tab", "next panel; ↑ ↓ move in it, enter opens a line"),
    ("o", "open a participant, task, batch or event by name"),
    ("f /", "which events the feed shows; only those about somebody or something"),
    ("ctrl+f", "find a text in the feed; n N go to the next, to the one before"),
    ("x X r", "sort network or money by the next column, by the one before; reverse"),
    ("y g", "copy the name, id or number under the cursor; go to that event's moment"),
    ("w", "write the table of panel 1 to 4, 6 or 8, as it is sorted and filtered, to a CSV file"),
    ("p u", "in an inference's window: follow it in panel 7; stop following"),
    ("i", "inject a fault or a behaviour into a live run"),
    ("ctrl+p", "command palette: participants, tasks, batches, themes, screenshot"),
    ("q", "quit"),
    ("", ""),
    ("● ○", "a node is up; down"),
    ("◌ ◍ ▦", "cut off by a partition; impaired by another fault; jailed"),
    ("✓ ✗", "holds, detected; fails, not detected"),
    ("… ·", "not yet; known when the run is over"),
    ("⚑ ↯ ≈ ◆", "a slash; a fault or an injection by hand begins; a fault lasts; a bookmark"),
    ("▁ ·", "in a curve: zero; nothing that could have a value"),
    ("! ▣", "ground truth: a dishonest act; a batch"),
)

KEYS = 9
"""Columns for the keys."""


class HelpPanel(Page):
    """Keys and marks."""

    TITLE = "keys and marks"

    def draw(self, width: int, height: int) -> list[Line]:
        """A line for each, or several where it is long."""
        lines: list[Line] = []
        for keys, meaning in HELP:
            first, *more = wrap(meaning, width - KEYS - 1) or [""]
            lines.append([(f"{keys:<{KEYS}} ", "accent strong"), (first, "")])
            lines += [[(" " * (KEYS + 1), ""), (rest, "")] for rest in more]
        return lines
