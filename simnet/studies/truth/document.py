"""The truth suite as a page of the docs: what is claimed, where, how well that is known, and what simulation says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from simnet.studies.truth.judge import Verdict
from simnet.studies.truth.observations import OBSERVATIONS
from simnet.studies.truth.suite import CaseResult
from simnet.theory.formulas import FORMULAS

PREFACE = """\
# Ground truth

Can simnet be trusted? Here are statements that others have published or that can be derived, each with its formula,
and next to it what a simulation of many tasks gives: real models, real contracts, scripted or calculating adversaries.
If a formula and simnet disagree, one of the two is wrong, and `simnet truth` is red.

This page is written by `simnet truth --markdown docs/truth.md`. Each case is a scenario under `scenarios/truth/`, with
a fixed seed: running it again gives the same numbers.

**How it is decided.** A frequency must pass an exact two-sided binomial test at 1e-4. A mean must lie within four
standard errors. What a contract computes must be right to the wei. And where the source prints a number, the formula
must give its digits. `simnet truth GT-5 --set strategy.probability=0.06` shows that a case can fail.

**How well a source is known.** *Read*: in the source itself. *Abstract only*, *second-hand*: not in full, or quoted by
others. *Derived*: not published as such. What the log is used for but no participant does is said under *modelled*.

What contracts decide also holds on anvil: `simnet truth GT-3c GT-7 GT-9 GT-14a --backend anvil --tasks 1500`.
"""

HEADER = ("formula", "expected", "in print", "observed", "simulated", "95 % interval", "n", "p-value", "verdict")


def as_markdown(results: Sequence[CaseResult]) -> str:
    """The whole page."""
    cases = [section(result) for result in results]
    checks = [verdict.check for result in results for verdict in result.verdicts]
    formulas = dictionary(FORMULAS, (check.formula for check in checks))
    observations = dictionary(OBSERVATIONS, (check.observe for check in checks))
    parts = [PREFACE, "## All cases\n", overview(results), "## Case by case\n", *cases]
    parts += ["## Formulas\n", formulas, "## Observations\n", observations]
    return "\n".join(parts)


def overview(results: Sequence[CaseResult]) -> str:
    """One row a case."""
    rows = []
    for result in results:
        truth = result.truth
        numbers = f"{sum(verdict.held for verdict in result.verdicts)} of {len(result.verdicts)}"
        link = f"[{truth.id}](#{truth.id.lower()})"
        rows.append((link, truth.statement, truth.known, f"{result.tasks:,}", numbers, spoken(result.held)))
    return table(("case", "statement", "known", "tasks", "numbers that hold", "verdict"), rows)


def section(result: CaseResult) -> str:
    """One case in full."""
    truth = result.truth
    lines = [f"### {truth.id}", "", truth.statement, "", f"Source: {truth.source}.", "", f"Known: {truth.known}."]
    if truth.modelled:
        lines += ["", f"Modelled: {truth.modelled}."]
    lines += ["", f"Set-up: {' '.join(result.description.split())}"]
    lines += ["", table(HEADER, [row(verdict) for verdict in result.verdicts])]
    lines += [f"{result.tasks:,} tasks on {result.backend}: `simnet truth {truth.id}`", ""]
    return "\n".join(lines)


def row(verdict: Verdict) -> tuple[str, ...]:
    """One number of a case."""
    check, observed = verdict.check, verdict.observed
    low, high = observed.interval
    return (
        f"`{call(check.formula, check.with_)}`",
        f"{round(verdict.expected, 15):.6g}",
        check.published or "",
        f"`{call(check.observe, check.using)}`",
        f"{observed.value:.6g}",
        f"{low:.4g} – {high:.4g}",
        f"{observed.n:,}",
        "" if verdict.p_value is None else f"{verdict.p_value:.2g}",
        spoken(verdict.held),
    )


def call(name: str, arguments: Mapping[str, float]) -> str:
    """A formula or observation with its arguments."""
    return f"{name}({', '.join(f'{key}={value:g}' for key, value in arguments.items())})"


def spoken(held: bool) -> str:
    """A verdict as a word."""
    return "holds" if held else "**does not hold**"


def dictionary(known: Mapping[str, Callable[..., Any]], used: Iterable[str]) -> str:
    """What each of the names used means."""
    entries = [f"- `{name}`: {first_paragraph(known[name])}" for name in sorted(dict.fromkeys(used))]
    return "\n".join(entries) + "\n"


def first_paragraph(function: Callable[..., Any]) -> str:
    """The first paragraph of a function's documentation, on one line; sources are with the cases."""
    paragraph = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
    return paragraph.partition(" Source: ")[0]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, ("---",) * len(header), *rows)]
    return "\n".join(lines) + "\n"
