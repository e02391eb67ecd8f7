"""The scenario: what it promised, and how that stands now."""

from __future__ import annotations

from dashboards.export import Table
from dashboards.panel import Page
from dashboards.text import Line, clock, figure, fit, pair
from simnet.measure.catalogue import READINGS, figures, readings
from simnet.measure.needs import EXTERNAL_CLIENTS
from simnet.verdict.so_far import Standing, Verdict

STYLES = {Standing.HOLDS: "good", Standing.FAILS: "bad", Standing.PENDING: "warn", Standing.UNKNOWN: "dim"}
WORDS = {Standing.HOLDS: "holds", Standing.FAILS: "fails", Standing.PENDING: "not yet", Standing.UNKNOWN: "not known"}
OUTCOMES = {"pass": ("✓ PASS", "good"), "fail": ("✗ FAIL", "bad"), "inconclusive": ("… INCONCLUSIVE", "warn")}


class ScenarioPanel(Page):
    """Expectations, and invariants once the run is over."""

    TITLE = "8 Scenario"

    def draw(self, width: int, height: int) -> list[Line]:
        """What runs, a line for each promise, and the verdict."""
        scene, state = self.scene, self.scene.state
        lines: list[Line] = []
        if height >= 9:
            lines += self._what(width)
        verdicts = scene.timeline.promises.judge(state, scene.results)
        lines += [promise(verdict, width) for verdict in verdicts]
        if not verdicts:
            lines.append([("this scenario states no expectations", "dim")])
        if state.ended:
            lines += self._verdict(width)
        if self.has_class("chosen"):
            lines += self._figures(width)
        return lines

    def _figures(self, width: int) -> list[Line]:
        """Every metric as far as it is known, where there is room for them."""
        lines: list[Line] = [[], [("metrics so far", "head")]]
        nobody_came = not self.scene.state.external.answers
        for name, value in readings(figures(self.scene.state)).items():
            if nobody_came and READINGS[name].needs is EXTERNAL_CLIENTS:
                continue
            shown, unit = figure(value, READINGS[name].unit), READINGS[name].unit
            unit = "" if unit in ("share", "count") else unit
            lines.append([(f"  {name:<34}", "dim"), (f"{shown:>14}", "strong"), (f"  {unit}", "dim")])
        return lines

    def table(self) -> Table:
        """Every metric as far as it is known."""
        found = readings(figures(self.scene.state))
        return ("metric", "value", "unit"), [(name, found[name], READINGS[name].unit) for name in found]

    def _what(self, width: int) -> list[Line]:
        started = self.scene.state.started
        if not started:
            return [[("the run has not begun", "dim")]]
        name: Line = [(str(started["scenario"]), "strong"), (f" · seed {started['seed']}", "dim")]
        how = f"{started['strategy']} · {started['comparator']}"
        return [pair(name, [(how, ""), (f" · {clock(started['duration_s'])}", "dim")], width)]

    def _verdict(self, width: int) -> list[Line]:
        results = self.scene.results
        if not results.outcome:
            return [[(fit(f"ended: {self.scene.state.ended}", width), "strong")]]
        outcome, style = OUTCOMES.get(results.outcome, (results.outcome, ""))
        broken = [(name, detail) for name, held, detail in results.invariants if not held]
        held = len(results.invariants) - len(broken)
        lines: list[Line] = [[(f"✗ {name}: {detail}", "bad")] for name, detail in broken]
        lines.append([(f"✓ {held} invariants held" if held else "", "good")])
        lines.append([(outcome, f"{style} strong"), (f"  {results.reason}", "")])
        return lines


def promise(verdict: Verdict, width: int) -> Line:
    """One promise: mark, text, word and value."""
    style = STYLES[verdict.standing]
    value = f" {figure(verdict.value, verdict.unit)}" if verdict.value is not None else ""
    word = f"  {WORDS[verdict.standing]:<10}" if width >= 48 else ""
    right: Line = [(value, "strong"), (word, style)]
    room = width - 2 - sum(len(text) for text, _ in right)
    return [(f"{verdict.standing.value} ", style), (fit(verdict.text, room), ""), *right]
