"""Latency: how long answers and finality take, as percentiles, over time and as a distribution."""

from __future__ import annotations

from dashboards.course import Reading, columns, curve, mean, number
from dashboards.panel import Page
from dashboards.text import Line, pair, span_of_time, spark
from simnet.measure.distribution import Course, Distribution

PERCENTS = (50, 95, 99)
WIDE = 46
"""Columns from which on all percentiles fit."""
ROOMY = 9
"""Lines from which on everything fits."""
LABEL, EDGES = 7, 21
"""Columns for what a curve is, and for its scale."""


class Latency(Page):
    """Soft latency in milliseconds, finality latency in seconds."""

    TITLE = "5 Latency"

    def draw(self, width: int, height: int) -> list[Line]:
        """Two blocks of the same form, and the flow of tasks."""
        state, roomy = self.scene.state, height >= ROOMY
        lines = self._block("soft", state.courses.soft, state.took.soft, "ms", width, roomy)
        lines += self._block("final", state.courses.finality, state.took.finality, "s", width, roomy)
        sent, failed, sent_course = state.sent, state.failed, state.courses.sent
        asked: Line = [
            (f"{sent:,} asked", "strong"),
            (f", {state.answered:,} answered, {state.finalised:,} final", ""),
        ]
        flow = pair(asked, [(f"{failed:,} failed", "warn" if failed else "dim")], width)
        if not roomy:
            return [*lines, flow]
        lost = f"{100 * state.lost.total() / state.messages:.2g} % lost" if state.lost else "none lost"
        return [
            *lines,
            flow,
            self._course("asked", sent_course, number, width),
            [(f"{state.messages:,} messages, {lost}", "dim")],
        ]

    def _block(self, name: str, course: Course, found: Distribution, unit: str, width: int, roomy: bool) -> list[Line]:
        """Percentiles, means over time and, where there is room, the distribution."""
        quantiles: Line = [(f"{name:<6}", "strong")]
        for percent in PERCENTS if width >= WIDE else PERCENTS[:2]:
            value = span_of_time(found.quantile(percent / 100), unit)
            quantiles += [(f"p{percent} ", "dim"), (f"{value:<9}", "strong")]
        lines = [pair(quantiles, [(f"n {found.n:,}", "dim")], width), self._course("mean", course, mean, width, unit)]
        if roomy:
            room = max(1, width - LABEL - EDGES)
            least, most, counts = found.histogram(room)
            edges = f" {span_of_time(least, unit)}–{span_of_time(most, unit)} log" if found.n else ""
            shown = spark([counts[x * len(counts) // room] for x in range(room)] if found.n else [])
            lines.append([(f"{'spread':<{LABEL}}", "dim"), (shown, ""), (edges, "dim")])
        return lines

    def _course(self, label: str, course: Course, read: Reading, width: int, unit: str = "") -> Line:
        """Something over the time of the whole run, and its largest value where that has a unit."""
        state, room = self.scene.state, width - LABEL - (EDGES if unit and width >= WIDE else 0)
        values = columns(course, read, room, self.scene.duration_s, state.time)
        top = max((value for value in values if value is not None), default=None)
        scale = f" 0–{span_of_time(top, unit)}" if room + LABEL < width and top is not None else ""
        shown = curve(course, read, room, self.scene.duration_s, state.time)
        return [(f"{label:<{LABEL}}", "dim"), (shown, "accent"), (scale, "dim")]
