"""The fold's part for contract events: batches on their way to finality, and what that moves in money.

An event about a batch that has no handler here still counts as a step of that batch, so strategies with
contracts of their own show up without code of theirs.
"""

from __future__ import annotations

from collections.abc import Callable

from dashboards.state import Batch, Node, Row, State

REASON_MISSED_REVEAL = "missed_reveal"


def contract_event(state: State, row: Row) -> None:
    """Take in what a contract emitted."""
    event, args = row["event"], row["args"]
    state.counts[event] += 1
    batch = state.batches.get(args.get("batch", ""))
    if batch is not None:
        batch.steps[event] = batch.steps.get(event, 0) + 1
    handler = HANDLERS.get(event)
    if handler is not None:
        handler(state, row, args, batch)


def node_at(state: State, address: str) -> Node | None:
    """The participant at an address."""
    return state.nodes.get(state.names.get(address, ""))


def as_text(word: str) -> str:
    """A bytes32 that a contract wrote as text."""
    return bytes.fromhex(word.removeprefix("0x")).rstrip(b"\0").decode(errors="replace")


# -- batches -----------------------------------------------------------------------------------------------


def batch_posted(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    state.chain.posted += 1
    if batch is None:
        return
    batch.posted = row["t"]
    for task_id in batch.tasks:
        task = state.tasks.get(task_id)
        if task is None:
            continue
        task.batch = args["batch"]
        if task.fraud:
            state.tallies[task.fraud].committed += 1
            state.nodes[task.node].committed += 1
            state.course("committed").add(row["t"])


def drawn(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if batch is not None:
        batch.seats = len(args["members"])


def voted(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if "member" not in args:
        return
    state.verification.votes += 1
    if batch is not None and state.who(args["member"]) in batch.copied:
        state.verification.copied += 1


def claim_rejected(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if batch is None or batch.posted is None:
        return
    task = state.tasks.get(batch.tasks[args["index"]])
    if task is None or task.rejected:
        return
    task.rejected = True
    if task.fraud:
        state.tallies[task.fraud].detected += 1
        state.nodes[task.node].detected += 1
        state.detection.add(row["t"] - batch.posted)
        state.course("detected").add(row["t"])


def claim_voided(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if batch is not None:
        batch.voided.append(args["index"])


def batch_final(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    chain = state.chain
    chain.final += 1
    chain.fees += int(args["paid"])
    chain.refunded += int(args["refunded"])
    state.verification.undecided += args["voided"]
    chain.voided += bool(args["voided"] and not args["accepted"])
    node = node_at(state, args["node"])
    if node is not None:
        node.fees += int(args["paid"])
    if batch is not None:
        settle(state, row["t"], batch, nothing_stands=not args["accepted"])
        del state.batches[args["batch"]]


def settle(state: State, time_s: float, batch: Batch, nothing_stands: bool) -> None:
    """Close the books on a batch's tasks, and forget them."""
    for index, task_id in enumerate(batch.tasks):
        task = state.tasks.pop(task_id, None)
        if task is None:
            continue
        if not task.extra:
            state.finality.add(time_s - task.sent)
            state.course("finality").add(time_s, time_s - task.sent)
        if task_id == state.followed:
            state.followed_over = True
        void = nothing_stands or index in batch.voided
        stands = not (task.rejected or void)
        state.finalised += stands and not task.extra
        if task.fraud and not task.rejected:
            state.tallies[task.fraud].voided += void
            state.tallies[task.fraud].finalised += stands
            state.nodes[task.node].finalised += stands


# -- money and punishment ----------------------------------------------------------------------------------


def pay(state: State, address: str, amount: int) -> None:
    """Count what somebody earned for checking, or lost by it."""
    state.chain.rewards += amount
    if node := node_at(state, address):
        node.rewards += amount


def rewarded(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    pay(state, args["member"], int(args["amount"]))


def compensated(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    pay(state, args["node"], int(args["amount"]))


def challenge_decided(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    pay(state, args["challenger"], int(args["reward"]) - int(args["forfeited"]))


def slashed(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    chain, verification, amount = state.chain, state.verification, int(args["amount"])
    chain.slashes += 1
    chain.slashed += amount
    chain.burned += int(args["burned"])
    chain.bounties += int(args["bounty"])
    verification.missed_reveals += as_text(args["reason"]) == REASON_MISSED_REVEAL
    state.course("slashed").add(row["t"], amount / 1e18)
    if finder := node_at(state, args["bountyTo"]):
        finder.bounties += int(args["bounty"])
    node = node_at(state, args["node"])
    if node is None:
        return
    node.slashes += 1
    node.slashed += amount
    node.stake -= amount
    if not node.lies:
        verification.slashes_of_the_honest += 1
        verification.slashed_of_the_honest += amount


def jailed(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if node := node_at(state, args["node"]):
        node.jailed = True


def unjailed(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if node := node_at(state, args["node"]):
        node.jailed = False


def staked(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if node := node_at(state, args["node"]):
        node.stake += int(args["amount"])


def withdrawn(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if node := node_at(state, args.get("node", "")):  # clients withdraw, too, but no stake
        node.stake -= int(args["amount"])


HANDLERS: dict[str, Callable[[State, Row, Row, Batch | None], None]] = {
    "BatchPosted": batch_posted,
    "ClaimRejected": claim_rejected,
    "ClaimVoided": claim_voided,
    "BatchFinal": batch_final,
    "CommitteeDrawn": drawn,
    "MembersDrawn": drawn,
    "Revealed": voted,
    "Voted": voted,
    "Rewarded": rewarded,
    "Compensated": compensated,
    "ChallengeDecided": challenge_decided,
    "Slashed": slashed,
    "Jailed": jailed,
    "Unjailed": unjailed,
    "Staked": staked,
    "Withdrawn": withdrawn,
}
"""What each event does, whichever contract emits it."""
