"""What a row of the log says, in a sentence. What is not known here is shown field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dashboards.fold_chain import as_text
from dashboards.index import GROUP_OF
from dashboards.state import Row
from dashboards.text import Line, count, opg, short, span_of_time

Who = Callable[[str], str]
"""Names a participant by its address."""

MARKS = {
    "run": ("■", "strong"),
    "tasks": ("→", ""),
    "messages": ("~", "dim"),
    "work": ("∗", "dim"),
    "blocks": ("▪", "dim"),
    "batches": ("▣", "accent"),
    "votes": ("◇", ""),
    "money": ("$", "dim"),
    "fraud": ("!", "warn"),
    "shirking": ("¡", "warn"),
    "penalties": ("⚑", "bad"),
    "faults": ("↯", "warn"),
}
"""Mark and style of each group of rows."""


def group_of(row: Row) -> str:
    """The group that the feed has a row in."""
    if row["kind"] == "contract_event":
        return GROUP_OF.get(row["event"], "votes")
    if row["kind"] == "cheated" and row["act"] == "check":
        return "shirking"
    return GROUP_OF.get(row["kind"], "run")


def describe(row: Row, who: Who) -> Line:
    """A row as one line: a mark that tells its group, and a sentence."""
    mark, style = MARKS[group_of(row)]
    return [(mark, style), (" ", ""), (sentence(row, who), style)]


def sentence(row: Row, who: Who) -> str:
    """A row as a sentence. Never fails, whatever the row."""
    try:
        if row["kind"] == "contract_event":
            teller = EVENTS.get(row["event"])
            if teller is None:
                return f"{row['contract']}.{row['event']} {fields(row['args'], who)}"
            return teller(row["args"], who)
        known = KINDS.get(row["kind"])
        return known(row, who) if known else f"{row['kind']} {fields(row, who)}"
    except (KeyError, TypeError, ValueError):
        return f"{row['kind']} {fields(row, who)}"


def fields(row: Row, who: Who) -> str:
    """The fields of a row that nothing better is known of."""
    hidden = ("i", "t", "kind")
    return " ".join(f"{key}={value_of(value, who)}" for key, value in row.items() if key not in hidden)


def value_of(value: Any, who: Who) -> str:
    """A value for reading: participants by name, hashes shortened."""
    if isinstance(value, str):
        return who(value) if len(value) == 42 and value.startswith("0x") else short(value)
    if isinstance(value, list):
        return f"{len(value)}×" if len(value) > 3 else ", ".join(value_of(part, who) for part in value)
    return str(value)


def _sent(row: Row, who: Who) -> str:
    lost = f", lost: {row['lost']}" if row["lost"] else f" in {span_of_time(row['delay_s'])}"
    return f"{row['sender']} → {row['receiver']}: {row['what']}, {count(row['size_bytes'])} B{lost}"


def _executed(row: Row, who: Who) -> str:
    what = f"{row['model']}/{row['variant']} to {row['purpose']} {short(row['task'])}"
    return f"{row['node']} runs {what}, {span_of_time(row['busy_s'])}"


def _mined(row: Row, who: Who) -> str:
    gas, pending = count(row["gas_used"]), f", {row['pending']} left pending" if row["pending"] else ""
    return f"block {row['number']} by {row['producer']}: {row['transactions']} transactions, {gas} gas{pending}"


def _transaction(row: Row, who: Who) -> str:
    end = f", reverted: {row['revert'].partition('(')[0]}" if row["revert"] else ""
    about = f" on {short(row['subject'])}" if row["subject"] else ""
    return f"{who(row['sender'])} {row['contract']}.{row['function']}{about}, {count(row['gas_used'])} gas{end}"


def _joined(row: Row, who: Who) -> str:
    shown = f", behaves: {', '.join(row['behaviours'])}" if row["behaviours"] else ""
    return f"{row['name']} joins in {row['region']} with {opg(int(row['stake']))} OPG{shown}"


def _fault(row: Row, who: Who) -> str:
    told = row["says"]
    others = [name for name in row["targets"] if name not in told]
    return f"{told} ({', '.join(others)})" if others else told


def _cheated(row: Row, who: Who) -> str:
    detail = f" ({value_of(row['detail'], who)})" if row["detail"] else ""
    return f"{row['node']} falsifies the {row['act']} on {short(row['subject'])}: {row['behaviour']}{detail}"


def _side_payment(row: Row, who: Who) -> str:
    payer, payee = row["payer"] or "somebody outside", row["payee"] or "somebody outside"
    return f"{payer} pays {payee} {opg(int(row['amount']))} OPG off chain: {row['why']}"


def _decided(row: Row, who: Who) -> str:
    beliefs = ", ".join(f"{action} {value:.3g}" for action, value in row["expected"].items())
    why = "to find out" if row["explored"] else f"expecting {beliefs} OPG" if beliefs else "knowing nothing yet"
    return f"{row['node']} chooses {row['action']}, {why}"


KINDS: dict[str, Callable[[Row, Who], str]] = {
    "run_started": lambda r, _: f"{r['scenario']} begins, seed {r['seed']}, strategy {r['strategy']}",
    "run_ended": lambda r, _: f"the run ends: {r['reason']}",
    "participant_joined": _joined,
    "model_served": lambda r, _: f"model {r['name']} on offer, {count(r['macs'])} multiply-accumulates",
    "task_sent": lambda r, _: f"{r['client']} asks {r['node']} for {r['model']} ({short(r['task'])})",
    "task_answered": lambda r, _: f"{r['node']} has answered {r['client']} ({short(r['task'])})",
    "task_failed": lambda r, _: f"{r['client']} gets nothing from {r['node']}: {r['reason']} ({short(r['task'])})",
    "claim_made": lambda r, _: f"{r['node']} claims its answer to {short(r['task'])}",
    "batch_built": lambda r, _: f"{r['node']} closes batch {short(r['batch'])} of {len(r['tasks'])}",
    "claim_checked": lambda r, _: f"{r['node']} finds {short(r['task'])} {r['verdict']}",
    "duty_failed": lambda r, _: f"{r['node']} cannot do its duty on {short(r['batch'])}: {r['reason']}",
    "cheated": _cheated,
    "perturbed": lambda r, _: f"{r['node']}'s hardware shifts {short(r['task'])} by {r['deviation']:.2g} σ",
    "extra_task": lambda r, _: f"{r['client']} will ask {short(r['task'])} only to verify",
    "sealed": lambda r, _: f"{r['node']} shows evidence of {short(r['tee'])} for {short(r['task'])}",
    "terms_set": lambda r, _: f"{r['client']} wants {r['mode'] or 'any'} proof of {short(r['task'])}",
    "circuit_answered": lambda r, _: f"a circuit answers {short(r['task'])}, {r['deviation']:.2g} from its model",
    "proving": lambda r, _: f"{r['node']} will have proven {short(r['task'])} in {r['waits_s'] + r['takes_s']:.3g} s",
    "evidence_checked": lambda r, _: f"{r['node']} finds the evidence for {short(r['task'])} {r['fault'] or 'good'}",
    "error_forced": lambda r, _: f"{r['node']} posts a wrong claim, as the protocol told it to ({short(r['task'])})",
    "side_payment": _side_payment,
    "decided": _decided,
    "message_sent": _sent,
    "executed": _executed,
    "block_mined": _mined,
    "transaction_mined": _transaction,
    "chain_reorged": lambda r, _: f"{r['depth']} blocks from {r['first']} on are undone",
    "fault_injected": _fault,
    "fault_ended": _fault,
    "touched": lambda r, _: f"injected by hand: {r['what']}",
    "stake_read": lambda r, _: f"{r['node']} has {opg(int(r['stake']))} OPG at stake in the end",
    "supply_read": lambda r, _: f"{opg(int(r['accounted']))} of {opg(int(r['total']))} OPG accounted for",
}
"""What each kind of row says."""


def _slashed(args: Row, who: Who) -> str:
    return f"{who(args['node'])} loses {opg(int(args['amount']))} OPG: {as_text(args['reason'])}"


def _final(args: Row, who: Who) -> str:
    verdicts = [f"{args[key]} {key}" for key in ("accepted", "rejected", "voided") if args[key]]
    return f"batch {short(args['batch'])} of {who(args['node'])} final: {', '.join(verdicts)}"


def _rejected(args: Row, who: Who) -> str:
    return f"{who(args['node'])}'s claim on {short(args['task'])} rejected: {as_text(args['reason'])}"


EVENTS: dict[str, Callable[[Row, Who], str]] = {
    "BatchPosted": lambda a, who: f"batch {short(a['batch'])} of {who(a['node'])} posted, {a['count']} claims",
    "BatchFinal": _final,
    "ClaimRejected": _rejected,
    "Pledged": lambda a, who: f"{who(a['node'])} pledges to prove batch {short(a['batch'])}",
    "ClaimProven": lambda a, who: f"{who(a['node'])} proves claim {a['index']} of batch {short(a['batch'])}",
    "ClaimVoided": lambda a, _: f"claim {a['index']} of batch {short(a['batch'])} is void",
    "Equivocation": lambda a, who: f"{who(a['prover'])} proves that {who(a['node'])} gave two answers",
    "Slashed": _slashed,
    "Jailed": lambda a, who: f"{who(a['node'])} is jailed",
    "Unjailed": lambda a, who: f"{who(a['node'])} leaves jail",
    "MembersDrawn": lambda a, who: f"to check {short(a['batch'])}: {', '.join(map(who, a['members']))}",
    "Sampled": lambda a, who: f"{int(a['claims']).bit_count()} claims in {short(a['batch'])} drawn to be checked",
    "Disputed": lambda a, _: f"{int(a['claims']).bit_count()} claims in {short(a['batch'])} are disputed",
    "Inattentive": lambda a, who: f"{who(a['accuser'])} shows that {who(a['node'])} did not look",
    "Challenged": lambda a, who: f"{who(a['challenger'])} challenges {int(a['claims']).bit_count()} claims",
    "ChallengeDecided": lambda a, who: (
        f"{who(a['challenger'])}'s challenge: {int(a['won']).bit_count()} won, {int(a['lost']).bit_count()} lost"
    ),
    "Compensated": lambda a, who: f"{who(a['node'])} gets {opg(int(a['amount']))} OPG for a vain challenge",
    "CommitteeDrawn": lambda a, who: f"committee of {short(a['batch'])}: {', '.join(map(who, a['members']))}",
    "Committed": lambda a, who: f"{who(a['member'])} commits to its votes on {short(a['batch'])}",
    "Voted": lambda a, who: f"{who(a['member'])} votes on {short(a['batch'])}",
    "Resolved": lambda a, _: f"the vote on {short(a['batch'])} is closed",
    "Rewarded": lambda a, who: f"{who(a['member'])} earns {opg(int(a['amount']))} OPG for {short(a['batch'])}",
    "Transfer": lambda a, who: f"{opg(int(a['value']))} OPG from {who(a['from'])} to {who(a['to'])}",
    "Revealed": lambda a, who: f"{who(a['member'])} reveals its votes on {short(a['batch'])}",
    "SecretRevealed": lambda a, who: f"{who(a['node'])} feeds the beacon, round {a['round']}",
}
"""What each contract event says."""
