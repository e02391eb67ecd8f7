"""Tables and lines on a terminal of any width: nothing is cut off, and what is copied stays in one piece."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from simnet.cli.console import print_table, print_whole

NAMES = ("soft_latency_ms.p50", "soft_latency_ms.p95", "time_to_detection_s.p95")
ROWS = [
    (name, "1,234.5", "a sentence of some length that may well be folded, as there is room for it") for name in NAMES
]


def terminal(width: int) -> tuple[Console, io.StringIO]:
    """A console on a terminal that is not there."""
    file = io.StringIO()
    return Console(file=file, force_terminal=True, width=width, color_system=None, markup=False), file


@pytest.mark.parametrize("width", [30, 48, 60, 80, 120, 200])
def test_no_name_is_cut_or_broken(width: int) -> None:
    console, file = terminal(width)
    print_table(console, ("figure", "value", "why"), ROWS)
    shown = file.getvalue()
    assert "…" not in shown
    for name in NAMES:
        assert name in shown
    assert max(map(len, shown.splitlines())) <= width
    assert re.sub(r"\s+", " ", shown).count("1,234.5") == len(ROWS)


def test_a_table_too_wide_for_its_terminal_becomes_records() -> None:
    console, file = terminal(30)
    print_table(console, ("figure", "value", "empty"), [("a_name_of_twenty_eight_letters", "1", "")])
    assert file.getvalue().splitlines() == ["a_name_of_twenty_eight_letters", "  value: 1"]


def test_what_is_copied_has_no_line_break_of_ours() -> None:
    console, file = terminal(20)
    print_whole(console, "replay  simnet run scenarios/tee_leak.yaml --seed 7 --set 'duration=4 min'")
    assert file.getvalue().count("\n") == 1
