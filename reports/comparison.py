"""``comparison.html``: strategies side by side in one file that needs nothing but a browser."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from reports import REPORT
from reports.estimates import heading, interval_text, value_text
from reports.html import page_html
from reports.plots.comparison import frontier_plot, panel
from reports.plots.plot import Plot
from reports.winner import winner
from reports.wording import plural
from simnet.batch.work import FAILED, INTERRUPTED
from simnet.studies.comparison.catalogue import HEADLINE, READINGS
from simnet.studies.comparison.comparison import SCENARIO, Comparison
from simnet.studies.comparison.plan import Entrant
from simnet.studies.comparison.ran import Ran
from simnet.world.backends import backend_of

GROUPS = {
    "Is fraud detected?": ("detection_rate", "integrity_loss", "false_slash_rate", "time_to_detection_s"),
    "How long does it take?": ("soft_latency_ms", "finality_latency_s"),
    "What does it cost?": (
        "verification_overhead_ratio",
        "gas_per_inference",
        "opg_per_inference",
        "checking_pay_opg_per_inference",
    ),
    "Does cheating pay?": ("attacker_roi", "honesty_stake_opg"),
}
"""The panels by the question that they answer."""


@dataclass(frozen=True)
class Column:
    """A strategy in the tables."""

    entrant: Entrant
    finished: int
    asked: int
    texts: dict[str, tuple[str, str]]
    """Every figure, value and interval, by the name it is read under."""
    settings: str
    """Parameters that are not the default."""


def write_html(comparison: Comparison, path: Path) -> None:
    """Write the page."""
    path.write_text(comparison_html(comparison), encoding="utf-8")


def comparison_html(comparison: Comparison) -> str:
    """The page's text."""
    groups = {title: [panel_of(comparison, name) for name in names] for title, names in GROUPS.items()}
    frontier = [frontier_plot(one) for one in comparison.frontiers]
    plots = {plot.name: plot for found in (*groups.values(), frontier) for plot in found}
    return page_html(
        "comparison.html.j2",
        plots,
        comparison=comparison,
        backend=backend_of(comparison.plan.scenario),
        scenario=comparison.plan.scenario,
        verdict=verdict(comparison),
        winner=winner(comparison),
        headline=HEADLINE,
        readings=READINGS,
        heading=heading,
        columns=[column(comparison, entrant) for entrant in comparison.plan.entrants],
        groups=groups,
        frontier=frontier,
        links={ran.directory: link(comparison, ran) for ran in comparison.ran},
        replay=shlex.join(["simnet", "compare", str(comparison.directory / SCENARIO)]),
    )


def link(comparison: Comparison, ran: Ran) -> str:
    """From the page to a run: to its report, if that has been written, or else to its directory; empty without one."""
    if not ran.directory or not (comparison.directory / ran.directory).is_dir():
        return ""
    reported = (comparison.directory / ran.directory / REPORT).is_file()
    return quote(f"{ran.directory}/{REPORT if reported else ''}")


def panel_of(comparison: Comparison, name: str) -> Plot:
    """The panel of a metric: of its percentiles, those that tables show."""
    shown = [reading for reading in HEADLINE if reading.partition(".")[0] == name]
    return panel(comparison.estimates, shown)


def column(comparison: Comparison, entrant: Entrant) -> Column:
    """A strategy's column."""
    figures = comparison.estimates[entrant.label]
    chosen = entrant.strategy.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return Column(
        entrant=entrant,
        finished=len(comparison.evidence[entrant.label]),
        asked=len(comparison.of(entrant)),
        texts={reading: (value_text(figure), interval_text(figure)) for reading, figure in figures.items()},
        settings=", ".join(f"{key} {json.dumps(value)}" for key, value in chosen.items()) or "defaults",
    )


def verdict(comparison: Comparison) -> tuple[str, str]:
    """The outcome, as the style sheet calls it, and the first sentence."""
    failed, cut = len(comparison.ended(FAILED)), len(comparison.ended(INTERRUPTED))
    broken = sum(bool(ran.summary.broken) for ran in comparison.ran)
    if failed or broken:
        return "fail", f"{plural(failed, 'run')} failed, {plural(broken, 'run')} broke an invariant."
    if cut:
        return "inconclusive", f"{plural(cut, 'run')} of {len(comparison.ran)} interrupted."
    return "pass", f"All {plural(len(comparison.ran), 'run')} finished, and every invariant held."
