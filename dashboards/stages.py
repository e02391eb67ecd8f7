"""The timeline of one inference: eight stages from request to finality, from the rows about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dashboards.describe import Who, sentence
from dashboards.text import Line, count, opg, short, span_of_time
from dashboards.timeline import Timeline, was_undone
from simnet.log.descriptions import group_of
from simnet.measure.rows import Row, as_text

TITLES = (
    "asked",
    "carried",
    "answered",
    "claimed",
    "assigned",
    "checked",
    "decided",
    "settled",
)


@dataclass
class Step:
    """One of the eight."""

    title: str
    when: float | None = None
    """When its first row was; ``None`` if it has not begun."""
    lines: list[Line] = field(default_factory=list)

    def say(self, row: Row, text: str, style: str = "") -> None:
        """Add a line that a row gives rise to."""
        if self.when is None:
            self.when = row["t"]
        self.lines.append([(text, style)])


@dataclass(frozen=True)
class Rows:
    """What the log has about a task and its batch, up to a point of time."""

    task: str
    batch: str
    index: int
    """Position of its claim in the batch."""
    of_task: list[Row]
    of_batch: list[Row]
    carried: Row | None
    """The message that the request went in."""

    def kind(self, name: str) -> Iterator[Row]:
        """Rows of the task of one kind."""
        return (row for row in self.of_task if row["kind"] == name)

    def event(self, name: str) -> Iterator[Row]:
        """Contract events of the batch of one name."""
        return (row for row in self.of_batch if row["kind"] == "contract_event" and row["event"] == name)

    def group(self, name: str) -> Iterator[Row]:
        """Contract events of the batch of one group."""
        return (row for row in self.of_batch if row["kind"] == "contract_event" and group_of(row) == name)


def collect(timeline: Timeline, task: str, number: int) -> Rows:
    """Look a task's rows up, among the first `number` of the log."""
    batch = timeline.index.batch_of.get(task, "")
    of_task, of_batch = (standing_rows(timeline, subject, number) for subject in (task, batch))
    built = next((row for row in of_batch if row["kind"] == "batch_built"), None)
    position = built["tasks"].index(task) if built else 0
    return Rows(task, batch, position, of_task, of_batch, carriage(timeline, of_task, number))


def standing_rows(timeline: Timeline, subject: str, number: int) -> list[Row]:
    """Rows about a task or batch, without those that a reorg undid."""
    reorgs = timeline.index.reorgs_before(number)
    rows = ((i, timeline.row(i)) for i in timeline.index.about(subject, number))
    return [row for i, row in rows if not was_undone(i, row, reorgs)]


def carriage(timeline: Timeline, of_task: list[Row], number: int) -> Row | None:
    """The message that carried the request: the first from client to node after it was sent."""
    sent = next((row for row in of_task if row["kind"] == "task_sent"), None)
    if sent is None:
        return None
    for i in range(sent["i"] + 1, min(sent["i"] + 64, number)):
        row = timeline.row(i)
        if row["kind"] == "message_sent" and (row["sender"], row["receiver"]) == (sent["client"], sent["node"]):
            return row
    return None


def stages_of(rows: Rows, who: Who) -> list[Step]:
    """The eight stages, as far as they have come."""
    steps = [Step(title) for title in TITLES]
    for step, fill in zip(steps, STAGES, strict=True):
        fill(step, rows, who)
    return steps


def _asked(step: Step, rows: Rows, who: Who) -> None:
    for row in rows.kind("task_sent"):
        step.say(row, f"{row['client']} asks {row['node']} for {row['model']}, fee {opg(int(row['fee']))} OPG")


def _carried(step: Step, rows: Rows, who: Who) -> None:
    row = rows.carried
    if row is not None:
        lost = f"lost: {row['lost']}" if row["lost"] else f"{span_of_time(row['delay_s'])} on the way"
        step.say(row, f"{row['what']}, {count(row['size_bytes'])} B, {lost}", "bad" if row["lost"] else "")


def _answered(step: Step, rows: Rows, who: Who) -> None:
    sent = next(rows.kind("task_sent"), None)
    for row in rows.of_task:
        match row["kind"]:
            case "cheated" if row["act"] in ("answer", "payment"):
                step.say(row, f"! {row['behaviour']} falsifies the {row['act']}", "warn")
            case "executed" if row["purpose"] == "answer":
                busy = span_of_time(row["busy_s"])
                step.say(row, f"{row['node']} runs {row['variant']}: {count(row['macs'])} MACs in {busy}")
            case "sealed":
                step.say(row, f"enclave {short(row['tee'])} stands by it")
            case "task_answered" if sent:
                step.say(row, f"soft latency {span_of_time(row['t'] - sent['t'])}", "strong")
            case "task_failed":
                step.say(row, f"✗ no usable answer: {row['reason']}", "bad")


def _claimed(step: Step, rows: Rows, who: Who) -> None:
    for row in rows.kind("claim_made"):
        step.say(row, f"claim of output {short(row['output_hash'])} in the open batch")
    for row in rows.of_batch:
        if row["kind"] == "batch_built":
            step.say(row, f"claim {rows.index + 1} of {len(row['tasks'])} in batch {short(rows.batch)}")
    for row in rows.event("BatchPosted"):
        step.say(row, f"root posted in block {row['block']}, fees {opg(int(row['args']['fees']))} OPG")


def _assigned(step: Step, rows: Rows, who: Who) -> None:
    for row in rows.group("duties"):
        args = row["args"]
        if "members" in args:
            step.say(row, f"drawn in block {row['block']}: {', '.join(map(who, args['members']))}")
        elif "claims" in args:
            is_drawn = int(args["claims"]) >> rows.index & 1
            step.say(row, f"{'drawn' if is_drawn else 'not drawn'} to be checked, in block {row['block']}")
        else:
            step.say(row, sentence(row, who))


def _checked(step: Step, rows: Rows, who: Who) -> None:
    ran = {row["node"] for row in rows.kind("executed") if row["purpose"] == "check"}
    lied = {row["node"]: row["behaviour"] for row in rows.kind("cheated") if row["act"] == "check"}
    for row in rows.kind("claim_checked"):
        how = "ran it again" if row["node"] in ran else "did not run it"
        lie = f" ! {lied[row['node']]}" if row["node"] in lied else ""
        mark = {"valid": "✓", "invalid": "✗"}.get(row["verdict"], "…")
        step.say(row, f"{mark} {row['node']} {how}: {row['verdict']}{lie}", "warn" if lie else "")
    for row in rows.kind("evidence_checked"):
        found = f"✗ {row['node']} finds the evidence wanting: {row['fault']}"
        step.say(row, found if row["fault"] else f"✓ {row['node']} finds the evidence good")
    for row in rows.of_batch:
        if row["kind"] == "duty_failed":
            step.say(row, f"✗ {row['node']}: {row['reason']}", "bad")


def _decided(step: Step, rows: Rows, who: Who) -> None:
    for row in rows.group("disputes"):
        step.say(row, sentence(row, who), "warn")
    moves: dict[str, list[Row]] = {}
    for row in rows.of_batch + rows.of_task:
        if row["kind"] == "transaction_mined" and row["function"] != "postBatch":
            moves.setdefault(f"{row['contract']}.{row['function']}", []).append(row)
    for function, made in moves.items():
        times = f" {len(made)}×" if len(made) > 1 else ""
        step.say(made[0], f"{function}{times}, {count(sum(row['gas_used'] for row in made))} gas")


def _settled(step: Step, rows: Rows, who: Who) -> None:
    sent = next(rows.kind("task_sent"), None)
    fell = False
    for row in rows.event("ClaimRejected"):
        if row["args"]["index"] == rows.index:
            fell = True
            step.say(row, f"✗ claim rejected: {as_text(row['args']['reason'])}", "bad")
    for row in rows.event("BatchMalformed"):
        fell = True
        step.say(row, "✗ batch rejected: it hides claims", "bad")
    for row in rows.event("ClaimVoided"):
        if row["args"]["index"] == rows.index:
            fell = True
            step.say(row, "… claim void: no quorum", "warn")
    for row in rows.event("BatchFinal"):
        args = row["args"]
        if not fell and not args["accepted"]:
            fell = True
            step.say(row, "… batch void: everybody is refunded", "warn")
        step.say(row, sentence(row, who), "" if fell else "good")
        step.say(row, f"node paid {opg(int(args['paid']))}, checkers {opg(int(args['toVerifier']))} OPG")
        if sent:
            step.say(row, f"finality latency {span_of_time(row['t'] - sent['t'])}", "strong")


STAGES: tuple[Callable[[Step, Rows, Who], None], ...] = (
    _asked,
    _carried,
    _answered,
    _claimed,
    _assigned,
    _checked,
    _decided,
    _settled,
)
"""What fills each of the eight stages."""
