"""Fraud: what was committed, detected and finalised, and how long detection took."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards.course import amount, curve, number
from dashboards.export import Table
from dashboards.panel import Page
from dashboards.text import Column, Columns, Line, bar, opg, pair, span_of_time
from simnet.measure.catalogue import reading
from simnet.measure.counts import Tally


def columns(names: Iterable[str]) -> Columns:
    """A table of these behaviours, whose names are shown whole, whatever else has to go."""
    return Columns(
        Column("behaviour", max([11, *map(len, names)]), grows=True),
        Column("by", 3, ">", rank=4),
        Column("acts", 5, ">", rank=2),
        Column("frauds", 6, ">", rank=1),
        Column("detected", 8, ">"),
        Column("final", 5, ">"),
        Column("void", 4, ">", rank=3),
        Column("open", 4, ">", rank=3),
    )


class Fraud(Page):
    """Ground truth against what the protocol found."""

    TITLE = "4 Fraud"

    def draw(self, width: int, height: int) -> list[Line]:
        """Counters, times, courses, and a line for each behaviour."""
        state = self.scene.state
        frauds, rate = state.frauds, reading("detection_rate", state)
        committed, detected, finalised = frauds.committed, frauds.detected, frauds.finalised
        found = f"{100 * rate:.3g} %" if rate is not None else "none decided yet"
        lines: list[Line] = [
            pair([("committed ", "dim"), (f"{committed}", "strong")], self._undecided(), width),
            pair(
                [("detected  ", "dim"), *self._share(detected, rate)],
                [(found, "strong")],
                width,
            ),
            pair(
                [("finalised ", "dim"), (f"{finalised} ✗" if finalised else "0", "bad" if finalised else "good")],
                self._false_positives(),
                width,
            ),
            pair(
                [
                    ("slashes   ", "dim"),
                    (f"{state.chain.slashes.total()}", ""),
                    (f" · {opg(state.chain.slashed)} OPG", ""),
                ],
                self._delays(),
                width,
            ),
        ]
        if height >= 8:
            lines += self._courses(width)
        table = columns(state.tallies)
        lines.append(table.header(width))
        for behaviour, tally in self._tallies():
            cells = [
                (behaviour, "warn"),
                (str(len(tally.nodes)), ""),
                (f"{tally.acts:,}", ""),
                (str(tally.committed), ""),
                (str(tally.detected), "good" if tally.detected else "dim"),
                (str(tally.finalised), "bad" if tally.finalised else "dim"),
                (str(tally.voided), "warn" if tally.voided else "dim"),
                (str(tally.open), "warn" if tally.open else "dim"),
            ]
            lines.append(table.line(cells, width))
        if not state.tallies:
            lines.append([("no dishonest act so far", "dim")])
        return lines

    def _tallies(self) -> list[tuple[str, Tally]]:
        """The behaviours, those with most frauds first."""
        return sorted(self.scene.state.tallies.items(), key=lambda item: (-item[1].committed, -item[1].acts))

    def table(self) -> Table:
        """A row for each behaviour."""
        return ("behaviour", "by", "acts", "frauds", "detected", "final", "void", "open"), [
            (name, len(one.nodes), one.acts, one.committed, one.detected, one.finalised, one.voided, one.open)
            for name, one in self._tallies()
        ]

    def _delays(self) -> Line:
        found = self.scene.state.took.detection
        if not found.n:
            return []
        median, tail = (span_of_time(found.quantile(share)) for share in (0.5, 0.95))
        return [("detected after ", "dim"), (median, "strong"), (" p50 ", "dim"), (tail, "strong"), (" p95", "dim")]

    def _false_positives(self) -> Line:
        slashes = self.scene.state.verification.slashes_of_the_honest
        return [
            (
                f"✗ {slashes} false slash{'es' * (slashes > 1)}" if slashes else "no false slash",
                "bad" if slashes else "dim",
            )
        ]

    def _share(self, detected: int, rate: float | None) -> Line:
        """How many were detected, and what part of those decided; no bar while none is."""
        if rate is None:
            return [(f"{detected}", "dim")]
        return [(f"{detected} ✓ " if detected else "0 ", "good" if detected else "bad"), (bar(rate, 10), "good")]

    def _undecided(self) -> Line:
        """Frauds that are open, or whose batch ended without a verdict."""
        frauds = self.scene.state.frauds
        void: Line = [(f"void {frauds.voided} · ", "warn")] if frauds.voided else []
        return [*void, ("open ", "dim"), (f"{frauds.open}", "")]

    def _courses(self, width: int) -> list[Line]:
        """When frauds were posted, and when nodes were slashed, on one scale of time."""
        state, span = self.scene.state, self.scene.duration_s
        courses = state.courses
        rows = (
            ("posted", courses.committed, number, "warn"),
            ("detected", courses.detected, number, "good"),
            ("slashed", courses.slashed, amount, "bad"),
        )
        return [
            [(f"{label:<9}", "dim"), (curve(course, read, width - 9, span, state.time), style)]
            for label, course, read, style in rows
        ]
