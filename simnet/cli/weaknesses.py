"""`simnet weaknesses`: what hostile clients and facilitators take from a gateway, by version, and what ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simnet.studies.weaknesses import Outcome, Row

LOST = 1

PAGE = """# Known weaknesses of x402 payments

What hostile clients and facilitators take from a gateway that is paid as OpenGradient's packages have it, in wei of
OPG, what falsifies the record of inferences, and what is left of either with a mitigation. `simnet weaknesses
--markdown` plays every move against the gateway, the facilitator and the contracts of [`simnet up`](devnet.md), at
virtual pace, and writes this page; a test holds it.

The columns are terms: those of `og-x402` 0.0.2.dev2 as OpenGradient's gateway sets it up (sessions end when idle for
100 s), the defaults of 0.0.2.dev8 (240 s, and 120 s before the signature expires), and channels as in 2.15.0, which has
no sessions. The gateway that is played against is ours, and so are the contracts; what a version does was read or run
in its package, as said below. **Nothing here says anything about the live network**, which may run something else.

The moves are code: each reacts to what it is answered. Hostile facilitators and blob stores are
[behaviours](behaviours.md) of services, which `simnet up --scenario` and `simnet inject` put before real clients too:
scenarios/opengradient/ has a file for each of the most important. Not played: hostile gateways (behaviours: a client
can lose what it signed for, 0.1 OPG at a time, and no term of a gateway's protects it).

## Money

The loss is what the answers were worth, by the event log, less what the gateway has or has claimed on the payment chain
in the end.

"""

RECORDS = """
## Records

No money is lost. What is counted are **inferences on record that never were, and those that were and are not on
record**, for a reader who believes the relay's events and the blob store; for `disown`, one who asks the verifier
contract of every leaf today. With the mitigation the reader goes by the ledger of our auditor, which OpenGradient has
published none of: what it found signed when it was recorded, each inference once. Where a store is hostile, it needs a
second one. For `undead`, what is counted are looks at the registry by which an enclave is alive that has been gone for
longer than a heartbeat is good for; for `misname`, inferences that are not on record as their payer's; for `overheard`,
private requests of which the relay, which is to learn nothing, reads what is wrong with them.
"""


@click.command()
@click.option("--markdown", is_flag=True, help="Print docs/weaknesses.md.")
def weaknesses(markdown: bool) -> int:
    """Play known moves against a gateway, and say what each takes, to the wei.

    Exit codes: 0 every mitigation brings its move to zero, 1 one does not.
    """
    from simnet.studies.records import RECORD_MOVES
    from simnet.studies.weaknesses import MOVES, VERSIONS, row

    found = [row(move) for move in (*MOVES, *RECORD_MOVES)]
    if markdown:
        click.echo(page(found), nl=False)
    else:
        click.echo(f"{'move':13}{''.join(f'{name:>24}' for name in VERSIONS)}{'mitigated':>24}  by")
        for one in found:
            lost = [told(one.found[name]) if name in one.found else "n/a" for name in VERSIONS]
            lost.append(str(left(one)) if one.mitigated else "")
            click.echo(f"{one.move.name:13}{''.join(f'{cell:>24}' for cell in lost)}  {one.move.mitigation}")
    return LOST if any(left(one) for one in found) else 0


def told(outcome: Outcome) -> str:
    """A loss, with its unit if that is not wei."""
    return str(outcome.lost) if outcome.unit == "wei" else f"{outcome.lost} {outcome.unit}"


def left(row: Row) -> int:
    """The most that a move takes of any version with its mitigation."""
    return max((outcome.lost for outcome in row.mitigated.values()), default=0)


def page(found: list[Row]) -> str:
    """The page of the docs."""
    money, records = ([row for row in found if (row.move.read is None) == is_money] for is_money in (True, False))
    evidence = ["", "## Evidence", "", "| move | evidence |", "|---|---|"]
    evidence += [f"| `{row.move.name}` | {row.move.source} |" for row in found if row.move.source]
    lines = [*table(money, "lost"), *RECORDS.splitlines(), "", *table(records, "wrong"), *evidence]
    return PAGE + "\n".join(lines) + "\n"


def table(found: list[Row], verb: str) -> list[str]:
    """Moves, what each does to every version, and what is left with its mitigation."""
    from nodes.gateway.terms import MITIGATIONS
    from simnet.studies.weaknesses import VERSIONS

    versions = " | ".join(f"{verb}, {name}" for name in VERSIONS)
    lines = [f"| move | somebody | {versions} | mitigation | {verb} with it |"]
    lines.append("|---|---|" + "---|" * len(VERSIONS) + "---|---|")
    for row in found:
        move = row.move
        cells = [
            f"{row.found[name].lost:,} of {row.found[name].served:,}"
            if name in row.found
            else f"n/a: {move.lacks[name]}"
            for name in VERSIONS
        ]
        ends = f"`--mitigate {move.mitigation}`" if move.mitigation in MITIGATIONS else move.mitigation or "–"
        rest = f"{left(row):,}" if row.mitigated else "–"
        lines.append(f"| `{move.name}` | {move.does} | {' | '.join(cells)} | {ends} | {rest} |")
    return lines
