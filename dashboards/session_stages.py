"""The timeline of what an external client paid for: seven stages from the demand for payment to the audit on chain."""

from __future__ import annotations

from dashboards.describe import Who
from dashboards.stages import Step
from dashboards.text import Line, opg, short, span_of_time
from simnet.measure.external import ExternalRequests, Session

ANSWERS_SHOWN = 3


def stages_of(external: ExternalRequests, session: Session | None, who: Who) -> list[Step]:
    """The seven stages, as far as they have come; of nobody's session yet, who was asked to pay."""
    steps = [_asked(external)]
    if session is not None:
        steps += [_paid(session, who), _answered(session), _closed(session), _collected(session)]
        return [*steps, _recorded(session), _audited(session)]
    return [*steps, *map(Step, ("paid", "answered", "closed", "collected", "recorded", "audited"))]


def _asked(external: ExternalRequests) -> Step:
    lines: list[Line] = []
    if external.demanded:
        lines.append([(f"gateways asked {external.demanded:,}× for payment (402)", "")])
    if external.refused:
        lines.append([(f"{external.refused:,} payments refused, the last one: {external.refusal}", "warn")])
    return Step("asked", external.demanded_at, lines)


def _paid(session: Session, who: Who) -> Step:
    how = f"funds channel {short(session.id)} with" if session.is_channel else f"signs session {short(session.id)} for"
    most = "" if session.is_channel else " at most"
    return Step("paid", session.opened, [[(f"{who(session.payer)} {how}{most} {opg(session.cap)} OPG", "")]])


def _answered(session: Session) -> Step:
    if not session.latest:
        return Step("answered")
    step = Step("answered", session.latest[0].t)
    shown = list(session.latest)[-ANSWERS_SHOWN:]
    if session.answers > len(shown):
        step.lines.append([(f"{session.answers:,} answers, worth {opg(session.worth)} OPG; the latest:", "")])
    for answer in shown:
        took = span_of_time(answer.took_s)
        text = f"{answer.caller}: {answer.model}, {answer.tokens:,} tokens in {took}, {opg(answer.cost)} OPG"
        step.lines.append([(text, ""), *([] if answer.heard else [(" · hung up", "warn")])])
    if session.unpaid:
        reasons = ", ".join(f"{reason} {count}×" for reason, count in session.reasons.items()) or "settlement failed"
        step.lines.append([(f"✗ {opg(session.unpaid)} OPG of that nobody pays for: {reasons}", "bad")])
    return step


def _closed(session: Session) -> Step:
    if session.is_channel:
        return Step("closed", None, [[("a channel stays open; vouchers are claimed now and then", "dim")]])
    if session.closed is None:
        return Step("closed", None, [[("when it is idle, or used up", "dim")]])
    text = f"{session.gateway} hands over {opg(session.owed)} OPG, job {short(session.job)}"
    return Step("closed", session.closed, [[(text, "")]])


def _collected(session: Session) -> Step:
    """The contracts' word beside the facilitator's."""
    found = session.collection
    step = Step("collected", found.ended if found.paid_at is None else found.paid_at)
    if found.paid_at is not None:
        step.lines.append([(f"✓ the payment chain has {opg(found.paid)} OPG taken for it", "good")])
    if found.ended is not None:
        lies = not found.failed and found.paid < session.owed
        style = "bad" if found.failed or lies else ""
        step.lines.append([(f"{'✗ ' if style else ''}the facilitator says: {found.said}", style)])
    return step


def _recorded(session: Session) -> Step:
    if not session.records:
        return Step("recorded")
    lines: list[Line] = [
        [(f"with {one.count} in a batch under {short(one.root)}" if one.root else "by a transaction of its own", "")]
        for one in session.records[-ANSWERS_SHOWN:]
    ]
    return Step("recorded", session.records[0].t, lines)


def _audited(session: Session) -> Step:
    done = [one for one in session.records if one.audited is not None]
    if not done:
        return Step("audited")
    lines: list[Line] = [
        [(f"✗ {one.fault}", "bad") if one.fault else ("✓ every leaf is signed by an enclave in service", "good")]
        for one in done[-ANSWERS_SHOWN:]
    ]
    return Step("audited", done[0].audited, lines)
