"""The fold's part for contract events: batches on their way to finality, and what that moves in money.

An event about a batch that has no handler here still counts as a step of that batch, so strategies with
contracts of their own show up without code of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chain.quantities import OPG
from nodes.identity import Role
from simnet.measure.claims import post, reject, settle
from simnet.measure.rows import Row, as_text
from simnet.measure.state import State
from simnet.measure.subjects import Batch, Debt, Node

UNPROVEN = "unproven"
"""Reason of rejecting a claim that nobody proved in time."""

STAKING = "Staking"


def contract_event(state: State, row: Row) -> None:
    """Take in what a contract emitted."""
    event, args = row["event"], row["args"]
    state.emitted[event] += 1
    batch = state.batch(args.get("batch", ""))
    if batch is not None:
        batch.steps[event] = batch.steps.get(event, 0) + 1
    handler = HANDLERS.get(event)
    if handler is not None:
        handler(state, row, args, batch)


# -- batches -----------------------------------------------------------------------------------------------


def batch_posted(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    state.chain.posted += 1
    node = state.who(args["node"])
    for client, amount in args["charges"]:
        state.debts.setdefault((node, state.who(client)), Debt()).paid += int(amount)
    if batch is not None:
        post(state, args["batch"], batch, row["t"])


def drawn(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if batch is not None:
        batch.seats = len(args["members"])


def sampled(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    state.verification.drawn += int(args["claims"]).bit_count()
    state.verification.drawn_of += len(batch.tasks) if batch is not None else 0


def voted(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if "member" not in args:
        return
    state.verification.votes += 1
    dealings = state.dealings.get(args["batch"])
    if dealings is not None and state.who(args["member"]) in dealings.copied:
        state.verification.copied += 1


def claim_rejected(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    state.proofs.unproven += as_text(args["reason"]) == UNPROVEN
    if batch is not None:
        reject(state, args["batch"], batch, args["index"], row["t"])


def batch_malformed(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    """All of it falls, what its count leaves out included."""
    if batch is not None:
        for index in range(len(batch.tasks)):
            reject(state, args["batch"], batch, index, row["t"])


def claim_voided(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if batch is not None:
        batch.voided.append(args["index"])


def batch_final(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    chain, name, paid = state.chain, args["batch"], int(args["paid"])
    chain.final += 1
    chain.fees += paid
    chain.fees_to_verifiers += int(args["toVerifier"])
    chain.refunded += int(args["refunded"])
    state.verification.undecided += args["voided"]
    chain.voided += bool(args["voided"] and not args["accepted"])
    if node := state.at(args["node"]):
        node.fees += paid
    if batch is None or batch.final:
        return
    batch.paid = paid
    state.settled[name] = state.batches.pop(name)
    settle(state, name, batch, row["t"], nothing_stands=not args["accepted"])
    keep_gains(state, name, batch)


def keep_gains(state: State, name: str, batch: Batch) -> None:
    """Credit nodes with what the batch paid for frauds that stand: by fees, of what was really drawn."""
    share = min(1.0, batch.paid / batch.accepted_fees) if batch.accepted_fees else 0.0
    for task_name in batch.tasks:
        task = state.tasks.get(task_name)
        if task is not None and task.batch == name and task.fraud and task.outcome == "accepted":
            state.nodes[task.node].gained += task.fee / OPG * share


def error_shown(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if batch is not None and batch.final:
        state.verification.errors_shown += 1
    elif batch is not None:
        state.about(args["batch"]).errors_shown += 1


# -- money and punishment ----------------------------------------------------------------------------------


def pay(state: State, batch: str, address: str, amount: int) -> None:
    """Count what somebody earned for checking a batch, or lost by it."""
    state.chain.rewards += amount
    node = state.at(address)
    if node is None:
        return
    node.rewards += amount
    if state.batch(batch) is None:
        return
    dealings = state.about(batch)
    dealings.pay[node.name] = dealings.pay.get(node.name, 0) + amount
    if node.name in dealings.liars:
        node.gained += amount / OPG


def rewarded(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    amount, node = int(args["amount"]), state.at(args["member"])
    state.chain.rewarded += amount
    if node is not None and node.dishonest:
        state.chain.rewarded_adversaries += amount
    pay(state, args["batch"], args["member"], amount)


def compensated(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    pay(state, args["batch"], args["node"], int(args["amount"]))


def challenge_decided(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    pay(state, args["batch"], args["challenger"], int(args["reward"]) - int(args["forfeited"]))
    forfeit(state, args["challenger"], int(args["forfeited"]))


def bond_forfeited(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    pay(state, args["batch"], args["challenger"], -int(args["amount"]))
    forfeit(state, args["challenger"], int(args["amount"]))


def forfeit(state: State, address: str, amount: int) -> None:
    """A challenger loses a bond."""
    node = state.at(address)
    if node is not None and not node.lies:
        state.verification.forfeited_of_the_honest += amount


def slashed(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    chain, amount = state.chain, int(args["amount"])
    chain.slashes[as_text(args["reason"])] += 1
    chain.slashed += amount
    chain.burned += int(args["burned"])
    chain.bounties += int(args["bounty"])
    state.courses.slashed.add(row["t"], amount / OPG)
    bounty(state, args["bountyTo"], int(args["bounty"]))
    if node := state.at(args["node"]):
        punish(state, node, amount, row["subject"])


def bounty(state: State, finder: str, amount: int) -> None:
    """Credit who gets a bounty, if it is a participant: contracts hold some for a while."""
    if node := state.at(finder):
        node.bounties += amount


def bounty_paid(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    bounty(state, args["to"], int(args["amount"]))


def punish(state: State, node: Node, amount: int, batch: str) -> None:
    """Take stake from a node for what it did about a batch."""
    node.slashes += 1
    node.slashed += amount
    if node.role == Role.INFERENCE and node.lies and node.stake:
        node.shares_slashed += amount / node.stake
    node.stake -= amount
    if not node.lies:
        state.verification.slashes_of_the_honest += 1
        state.verification.slashed_of_the_honest += amount
    if state.batch(batch) is None:
        return
    dealings = state.about(batch)
    dealings.penalties[node.name] = dealings.penalties.get(node.name, 0) + amount
    state.punished.unslashed -= dealings.frauds.pop(node.name, 0)


def jailed(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if node := state.at(args["node"]):
        if not node.jailed:
            node.jailed_at = row["t"]
        node.jailed = True
        node.times_jailed += 1


def unjailed(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if node := state.at(args["node"]):
        node.jailed_s += row["t"] - node.jailed_at if node.jailed else 0.0
        node.jailed = False


def staked(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    node = state.at(args["node"])
    if node is not None and row["contract"] == STAKING:
        node.stake += int(args["amount"])
        node.put_up += int(args["amount"])


def withdrawn(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    if row["contract"] == STAKING and (node := state.at(args["node"])):
        node.stake -= int(args["amount"])


# -- enclaves ----------------------------------------------------------------------------------------------


def enclave_registered(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    state.enclaves.owners[args["teeId"]] = state.who(args["owner"])


def enclave_disabled(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    state.enclaves.gone[args["teeId"]] = True
    end_abuse(state, state.enclaves.owners.get(args["teeId"], ""), row["t"])


def enclave_enabled(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    state.enclaves.gone[args["teeId"]] = False


def root_replaced(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    for name in state.enclaves.abuses:
        end_abuse(state, name, row["t"])


def end_abuse(state: State, name: str, time_s: float) -> None:
    """A node's evidence is trusted no more."""
    enclaves = state.enclaves
    if name in enclaves.abuses and name not in enclaves.ended:
        enclaves.ended[name] = True
        state.took.revocation.add(time_s - enclaves.abuses[name], name)


def heartbeat_received(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    enclaves, timestamp = state.enclaves, int(args["timestamp"])
    seen = enclaves.seen.setdefault(args["teeId"], {})
    enclaves.heartbeats += 1
    enclaves.repeated_heartbeats += timestamp in seen
    seen[timestamp] = True


def recorded_singly(state: State, row: Row, args: Row, batch: Batch | None) -> None:
    state.external.recorded_singly(row)


HANDLERS: Mapping[str, Callable[[State, Row, Row, Batch | None], None]] = {
    "BatchPosted": batch_posted,
    "IndividualSettlement": recorded_singly,
    "ClaimRejected": claim_rejected,
    "BatchMalformed": batch_malformed,
    "ClaimVoided": claim_voided,
    "BatchFinal": batch_final,
    "CommitteeDrawn": drawn,
    "MembersDrawn": drawn,
    "Sampled": sampled,
    "ForcedErrorShown": error_shown,
    "Revealed": voted,
    "Voted": voted,
    "Rewarded": rewarded,
    "Compensated": compensated,
    "ChallengeDecided": challenge_decided,
    "BondForfeited": bond_forfeited,
    "Slashed": slashed,
    "BountyPaid": bounty_paid,
    "Jailed": jailed,
    "Unjailed": unjailed,
    "Staked": staked,
    "Withdrawn": withdrawn,
    "TEERegistered": enclave_registered,
    "TEEDisabled": enclave_disabled,
    "TEEEnabled": enclave_enabled,
    "AWSCertificateUpdated": root_replaced,
    "HeartbeatReceived": heartbeat_received,
}
"""What each event does, whichever contract emits it."""
