"""``whatif.html`` and ``whatif.md``: the page for a vote, for a browser and for a thread."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from reports.estimates import bounds_text, heading, written
from reports.html import page_html
from reports.wording import duration
from simnet.studies.comparison.change import Change
from simnet.studies.whatif.whatif import LETTERS, Seen, Slashings, WhatIf

MAX_CHANGES = 20
"""Of a scenario on the page, the most relevant first; the others are in ``whatif.json``."""


def write_pages(found: WhatIf, replay: list[str], directory: Path) -> None:
    """Write both."""
    command = shlex.join(replay)
    directory.joinpath("whatif.md").write_text(markdown(found, command), encoding="utf-8")
    directory.joinpath("whatif.html").write_text(html(found, command), encoding="utf-8")


def html(found: WhatIf, replay: str) -> str:
    """The page for a browser."""
    values = {
        "found": found,
        "replay": replay,
        "letters": LETTERS,
        "verdict": verdict(found),
        "punished": {one.subject.name: list(punished(one, len(found.seeds))) for one in found.seen},
        "changes": {one.subject.name: list(changes(one)) for one in found.seen},
        "wrongly_slashed": wrongly_slashed,
    }
    return page_html("whatif.html.j2", {}, **values)


def markdown(found: WhatIf, replay: str) -> str:
    """The page for a thread."""
    first, second = found.sets
    lines = [f"# What if {second.name} instead of {first.name}?", "", verdict(found), ""]
    for letter, one in zip(LETTERS, found.sets, strict=True):
        lines += [f"- **{letter}**, {one.name}: {one.description or 'no description'}"]
        lines += [f"  - `{assignment}`" for assignment in one.assignments()]
    lines += ["", f"Seeds {', '.join(map(str, found.seeds))}, the same on both sides.", ""]
    for seen in found.seen:
        lines += _section(seen, len(found.seeds))
    lines += ["## Repeat it", "", f"    {replay}", "", f"Digest `{found.digest}`.", ""]
    return "\n".join(lines)


def _section(seen: Seen, seeds: int) -> Iterator[str]:
    yield from (
        f"## {seen.subject.name}",
        "",
        seen.subject.sides[0].description,
        "",
        f"Slashed although honest, {wrongly_slashed(seen)}",
        "",
    )
    for letter, never in zip(LETTERS, seen.subject.idle, strict=True):
        yield from (f"- Can never act, {letter}: {text}" for text in never)
    yield ""
    if rows := list(punished(seen, seeds)):
        yield from ("| punished | A | B |", "|---|---|---|")
        yield from (f"| {name} | {a} | {b} |" for name, a, b in rows)
    else:
        yield "Nobody is punished on either side."
    yield ""
    if real := list(changes(seen)):
        yield from ("| beyond noise | A | B | difference | |", "|---|---|---|---|---|")
        yield from ("| " + " | ".join(row) + " |" for row in real)
    else:
        yield "Nothing else changes by more than noise."
    yield ""


def verdict(found: WhatIf) -> str:
    """The first sentence: whom and how much both sets wrong."""
    parts = [
        f"{seen.subject.name}: slashed although honest, {wrongly_slashed(seen)}"
        for seen in found.seen
        if seen.wrongly_slashed_share(0) or seen.wrongly_slashed_share(1)
    ]
    return " ".join(parts) or "Nobody is slashed although honest, under either set."


def wrongly_slashed(seen: Seen) -> str:
    """How many are slashed wrongly and of how much, on both sides."""
    a, b = (
        f"{seen.wrongly_slashed_share(side):.0%} of those with a stake, {seen.wrongly_opg(side):,.0f} OPG"
        for side in range(2)
    )
    return f"on average over the seeds: {a} under A; {b} under B."


def punished(seen: Seen, seeds: int) -> Iterator[tuple[str, str, str]]:
    """Who was slashed, and how on both sides."""
    for name, (a, b) in seen.slashings.items():
        yield name, slashings_text(a, seeds), slashings_text(b, seeds)


def slashings_text(found: Slashings, seeds: int) -> str:
    """How a participant was slashed."""
    if found.first_s is None:
        return "–"
    how = "rightly" if not found.wrongly else "wrongly" if found.wrongly == found.slashes else "rightly and wrongly"
    when = duration(round(found.first_s))
    return f"{how}, in {found.seeds} of {seeds} seeds, first after {when}, {found.opg:,.1f} OPG a seed"


def changes(seen: Seen) -> Iterator[tuple[str, str, str, str, str]]:
    """Figures that changed by more than noise."""
    for change in seen.real[:MAX_CHANGES]:
        unit = change.spec.unit
        yield (
            heading(change.reading),
            written(change.before, unit),
            written(change.after, unit),
            difference(change),
            change.direction,
        )


def difference(change: Change) -> str:
    """With its interval, where there is one."""
    if change.difference is None:
        return ""
    interval = bounds_text(change.interval, change.spec.unit)
    sign = "+" if change.difference > 0 else ""
    return sign + written(change.difference, change.spec.unit) + (f" ({interval})" if interval else "")
