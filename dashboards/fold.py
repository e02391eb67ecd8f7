"""The fold: how each row of the log changes what the dashboard knows. Contract events are in `dashboards.fold_chain`.

Definitions are those of `simnet.measure.metrics`, taken one row at a time.
"""

from __future__ import annotations

from collections.abc import Callable

from dashboards.fold_chain import contract_event
from dashboards.state import Batch, Node, Row, State, Tally, Task

NEVER_CLAIMED = frozenset({"timeout", "bad signature"})
"""Failures after which a node may still have made a claim of the task; after any other it refused."""

REFUSED = "payment required"


def apply(state: State, row: Row) -> None:
    """Take in the next row. Raises `KeyError`, `TypeError` or `ValueError` if it is not what its kind says."""
    state.number += 1
    state.time = row["t"]
    kind = row["kind"]
    state.counts[kind] += 1
    handler = HANDLERS.get(kind)
    if handler is not None:
        handler(state, row)


# -- the run and who is in it ------------------------------------------------------------------------------


def run_started(state: State, row: Row) -> None:
    state.started = row


def run_ended(state: State, row: Row) -> None:
    state.ended = row["reason"]


def model_served(state: State, row: Row) -> None:
    state.models[row["name"]] = row["macs"]


def participant_joined(state: State, row: Row) -> None:
    name = row["name"]
    state.nodes[name] = Node(
        name=name,
        role=row["role"],
        region=row["region"],
        address=row["address"],
        persona=row["persona"],
        stake=int(row["stake"]),
        behaviours=list(row["behaviours"]),
        dishonest=row["dishonest"],
    )
    state.names[row["address"]] = name


def touched(state: State, row: Row) -> None:
    state.touched.append(row["what"])
    for name in row["nodes"]:
        node = state.nodes.get(name)
        if node is not None and row["behaviour"]:
            node.behaviours = [*node.behaviours, row["behaviour"]]
            node.dishonest = node.dishonest or row["dishonest"]


def fault_injected(state: State, row: Row) -> None:
    state.counts[f"fault:{row['verb']}"] += 1
    if row["lasts"]:
        state.faults[row["fault"]] = row["says"]
    for node in state.at(row["targets"]):
        node.conditions[row["fault"]] = row["condition"]


def fault_ended(state: State, row: Row) -> None:
    if row["whole"]:
        state.faults.pop(row["fault"], None)
    for node in state.at(row["targets"]):
        node.conditions.pop(row["fault"], None)


# -- inferences --------------------------------------------------------------------------------------------


def extra_task(state: State, row: Row) -> None:
    state.extras[row["task"]] = True


def task_sent(state: State, row: Row) -> None:
    task = row["task"]
    extra = state.extras.pop(task, False)
    state.tasks[task] = Task(row["client"], row["node"], int(row["fee"]), row["t"], extra=extra)
    if extra:
        return
    state.sent += 1
    state.course("sent").add(row["t"])
    if state.followed_over:
        state.followed, state.followed_over = task, False


def task_answered(state: State, row: Row) -> None:
    task = state.tasks.get(row["task"])
    if task is not None and not task.extra:
        task.answered = row["t"]
        latency_ms = (row["t"] - task.sent) * 1000
        state.soft.add(latency_ms)
        state.course("soft").add(row["t"], latency_ms)


def task_failed(state: State, row: Row) -> None:
    task = row["task"]
    known = state.tasks.get(task)
    state.failed += known is None or not known.extra
    if row["reason"] not in NEVER_CLAIMED:
        state.tasks.pop(task, None)
    if row["reason"] == REFUSED:
        state.nodes[row["client"]].refused += 1
    if task == state.followed:
        state.followed_over = True


def claim_made(state: State, row: Row) -> None:
    node = state.nodes[row["node"]]
    node.claims += 1
    if not node.lies:
        state.verification.acts_of_the_honest += 1


def batch_built(state: State, row: Row) -> None:
    state.batches[row["batch"]] = Batch(row["node"], list(row["tasks"]), row["t"])


def cheated(state: State, row: Row) -> None:
    act, behaviour, subject, name = row["act"], row["behaviour"], row["subject"], row["node"]
    state.counts[f"act:{act}"] += 1
    state.nodes[name].lies += 1
    tally = state.tallies.get(behaviour)
    if tally is None:
        tally = state.tallies[behaviour] = Tally()
    tally.acts += 1
    if name not in tally.nodes:
        tally.nodes.append(name)
    if act == "answer" and subject in state.tasks:
        task = state.tasks[subject]
        if task.batch and not task.fraud:
            tally.committed += 1
            state.nodes[name].committed += 1
        task.fraud = behaviour
    elif act == "vote" and subject in state.batches:
        state.batches[subject].copied.append(name)


# -- work and messages -------------------------------------------------------------------------------------


def message_sent(state: State, row: Row) -> None:
    state.messages += 1
    if row["lost"]:
        state.lost += 1


def executed(state: State, row: Row) -> None:
    macs, purpose = row["macs"], row["purpose"]
    state.nodes[row["node"]].macs += macs
    verification, task = state.verification, state.tasks.get(row["task"])
    verification.executed += purpose == "check"
    aim = "check" if task is not None and task.extra else purpose
    verification.macs[aim] = verification.macs.get(aim, 0) + macs


def evidence_checked(state: State, row: Row) -> None:
    state.verification.executed += 1


def side_payment(state: State, row: Row) -> None:
    for name, sign in ((row["payee"], 1), (row["payer"], -1)):
        if name in state.nodes:
            state.nodes[name].aside += sign * int(row["amount"])


def claim_checked(state: State, row: Row) -> None:
    node = state.nodes[row["node"]]
    node.checks += 1
    state.verification.reported += 1
    if not node.lies:
        state.verification.acts_of_the_honest += 1


def perturbed(state: State, row: Row) -> None:
    state.verification.deviations += 1
    state.verification.deviation += row["deviation"]


# -- blocks ------------------------------------------------------------------------------------------------


def block_mined(state: State, row: Row) -> None:
    chain = state.chain
    chain.head, chain.pending = row["number"], row["pending"]
    chain.blocks += 1
    chain.gas += row["gas_used"]
    numbers = (state.number - 1, row["number"], row["t"], row["transactions"], row["gas_used"], row["pending"])
    chain.recent.append((*numbers, row["producer"]))
    state.course("gas").add(row["t"], row["gas_used"])
    state.course("pending").add(row["t"], row["pending"])


def transaction_mined(state: State, row: Row) -> None:
    state.chain.transactions += 1
    state.chain.reverts += bool(row["revert"])
    node = state.nodes.get(state.names.get(row["sender"], ""))
    if node is not None:
        node.transactions += 1
        node.gas += row["gas_used"]
    if row["revert"] and row["function"] == "postBatch":
        state.batches.pop(row["subject"], None)  # its claims go into the node's next one


def chain_reorged(state: State, row: Row) -> None:
    state.chain.reorgs += 1
    state.chain.head = row["first"] - 1


HANDLERS: dict[str, Callable[[State, Row], None]] = {
    handler.__name__: handler
    for handler in (
        run_started,
        run_ended,
        model_served,
        participant_joined,
        touched,
        fault_injected,
        fault_ended,
        extra_task,
        task_sent,
        task_answered,
        task_failed,
        claim_made,
        batch_built,
        cheated,
        message_sent,
        executed,
        evidence_checked,
        side_payment,
        claim_checked,
        perturbed,
        block_mined,
        transaction_mined,
        contract_event,
        chain_reorged,
    )
}
"""A function for each kind of row that changes anything; its name is the kind."""
