"""The fold: how each row of the log changes what is known of the run. Contract events are in `fold_chain`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chain.quantities import OPG
from chain.seam import REORG_DEPTH_MAX
from nodes import records
from simnet.log import events
from simnet.measure.claims import forget, posted_fraud, wrong_answer
from simnet.measure.counts import Chain
from simnet.measure.external import KINDS as EXTERNAL
from simnet.measure.fold_chain import contract_event
from simnet.measure.rows import Row
from simnet.measure.state import State
from simnet.measure.subjects import Batch, Node, Task

REFUSED = "payment required"

ABOUT_A_BATCH = ("check", "vote", "reveal")
"""Dishonest acts by which one verifies a batch."""


def apply(state: State, row: Row) -> None:
    """Take in the next row. Raises `KeyError`, `TypeError` or `ValueError` if it is not what its kind says."""
    state.number += 1
    state.time = row["t"]
    kind = row["kind"]
    state.kinds[kind] += 1
    state.ledger.on(row)
    handler = HANDLERS.get(kind)
    if handler is not None:
        handler(state, row)
    for fold in state.folds.values():
        fold.on(row)


class Measurement:
    """What a log amounts to: a `State` as a fold."""

    def __init__(self, state: State) -> None:
        self.state = state

    def on(self, row: Row) -> None:
        """Take in the next row."""
        apply(self.state, row)


# -- the run and who is in it ------------------------------------------------------------------------------


def run_started(state: State, row: Row) -> None:
    state.started = row


def run_ended(state: State, row: Row) -> None:
    state.ended = row["reason"]


def model_served(state: State, row: Row) -> None:
    state.models[row["name"]] = row["macs"]
    if row["arithmetic"] == "native":
        state.native_models.append(row["name"])


def models_executed(state: State, row: Row) -> None:
    state.executed_on.append(row)


def model_remarked(state: State, row: Row) -> None:
    state.remarks.append(row)


def prices_assumed(state: State, row: Row) -> None:
    state.settlement.prices = state.settlement.prices or row


def participant_joined(state: State, row: Row) -> None:
    name, stake = row["name"], int(row["stake"])
    state.nodes[name] = Node(
        name=name,
        role=row["role"],
        region=row["region"],
        address=row["address"],
        persona=row["persona"],
        stake=stake,
        put_up=stake,
        behaviours=list(row["behaviours"]),
        processor=next((one["processor"] for one in state.executed_on if name in one["nodes"]), "cpu"),
        dishonest=row["dishonest"],
    )
    state.names[row["address"]] = name


def service_joined(state: State, row: Row) -> None:
    state.names[row["address"]] = row["name"]
    state.external.on(row)


def external(state: State, row: Row) -> None:
    state.external.on(row)


def intervened(state: State, row: Row) -> None:
    state.interventions.append(row["what"])
    for name in row["nodes"]:
        node = state.nodes.get(name)
        if node is not None and row["behaviour"]:
            node.behaviours = [*node.behaviours, row["behaviour"]]
            node.dishonest = node.dishonest or row["dishonest"]


def fault_injected(state: State, row: Row) -> None:
    state.injected[row["verb"]] += 1
    if row["lasts"]:
        state.faults[row["fault"]] = row["says"]
    for node in state.among(row["targets"]):
        node.conditions[row["fault"]] = row["condition"]


def fault_ended(state: State, row: Row) -> None:
    if row["whole"]:
        state.faults.pop(row["fault"], None)
    for node in state.among(row["targets"]):
        node.conditions.pop(row["fault"], None)


# -- inferences --------------------------------------------------------------------------------------------


def extra_task(state: State, row: Row) -> None:
    state.extras[row["task"]] = True


def terms_set(state: State, row: Row) -> None:
    state.terms[row["task"]] = row


def task_sent(state: State, row: Row) -> None:
    name, fee = row["task"], int(row["fee"])
    extra, terms = state.extras.pop(name, False), state.terms.pop(name, None)
    task = Task(row["client"], row["node"], row["model"], fee, row["t"], extra=extra, value=fee)
    if terms is not None:
        task.mode, task.value, task.waits = terms["mode"], int(terms["value"]), terms["waits"]
    state.tasks[name] = task
    if extra:
        state.extra += 1
        return
    state.sent += 1
    state.courses.sent.add(row["t"])
    if state.followed_over:
        state.followed, state.followed_over = name, False


def task_answered(state: State, row: Row) -> None:
    name, now = row["task"], row["t"]
    task = state.tasks.get(name)
    if task is None or task.extra or task.answered is not None:
        return
    task.answered = now
    state.answered += 1
    latency_ms = (now - task.sent) * 1000
    state.took.soft.add(latency_ms, name)
    state.courses.soft.add(now, latency_ms)
    for risk in state.risks(task.mode):
        risk.tasks += 1
        if not task.waits and task.final is None:
            risk.rise(now, task.value)
    if not task.waits:
        state.took.effective.add(now - task.sent, name)
    if task.fraud:
        wrong_answer(state, task)


def task_failed(state: State, row: Row) -> None:
    name = row["task"]
    task = state.tasks.get(name)
    state.failed += task is None or not task.extra
    state.leaving.append((state.chain.head, "", [name]))
    if row["reason"] == REFUSED:
        state.nodes[row["client"]].refused += 1
    if name == state.followed:
        state.followed_over = True


def claim_made(state: State, row: Row) -> None:
    node, task = state.nodes[row["node"]], state.tasks.get(row["task"])
    node.claims += 1
    act_of(state, node)
    if task is not None:
        task.claimed = True


def batch_built(state: State, row: Row) -> None:
    first = state.tasks.get(row["tasks"][0]) if row["tasks"] else None
    state.batches[row["batch"]] = Batch(row["node"], list(row["tasks"]), row["t"], mode=first.mode if first else "")


def sealed(state: State, row: Row) -> None:
    if task := state.tasks.get(row["task"]):
        task.enclave = row["tee"]


# -- ground truth ------------------------------------------------------------------------------------------


def cheated(state: State, row: Row) -> None:
    act, behaviour, subject, node = row["act"], row["behaviour"], row["subject"], state.nodes.get(row["node"])
    state.acts[behaviour, act] += 1
    if node is None:  # a service, which is beside the protocol
        state.external.cheated(row)
        return
    if not node.lies and node.acted == row["t"]:  # the act itself is dishonest, which is recorded right after it
        state.verification.acts_of_the_honest -= node.acts_now
    node.lies += 1
    node.thefts += act == "front_run"
    tally, task = state.tally(behaviour), state.tasks.get(subject)
    tally.acts += 1
    if node.name not in tally.nodes:
        tally.nodes.append(node.name)
    if act == "answer" and task is not None:
        falsified(state, task, behaviour)
    if act == "evidence":
        state.enclaves.abuses.setdefault(node.name, row["t"])
        if task is not None and not task.tampered:
            task.tampered = True
            state.enclaves.tampered += bool(task.batch)
    if act in ("answer", "check") and task is not None:
        key = (node.name, act)
        task.lied[key] = task.lied.get(key, 0) + 1
        node.saved += max(0, state.models.get(task.model, 0) - task.spent.get(key, 0))
    if act in ABOUT_A_BATCH:
        lied_about_batch(state, act, node, task.batch if task is not None else subject)


def falsified(state: State, task: Task, behaviour: str) -> None:
    """An answer was made wrong on purpose."""
    new, task.fraud = not task.fraud, behaviour
    if new and task.batch:
        posted_fraud(state, task)
    if new and task.answered is not None:
        wrong_answer(state, task)


def lied_about_batch(state: State, act: str, node: Node, batch: str) -> None:
    """A node verified a batch dishonestly. What is no batch may be a round of the beacon."""
    if not batch or (act != "vote" and state.batch(batch) is None):
        return
    dealings = state.about(batch)
    if act == "vote":
        dealings.copied[node.name] = True
    if node.name not in dealings.liars:
        dealings.liars[node.name] = True
        node.gained += dealings.pay.get(node.name, 0) / OPG


def error_forced(state: State, row: Row) -> None:
    if row["batch"] in state.settled:
        state.verification.errors += 1
    else:
        state.about(row["batch"]).errors += 1


def side_payment(state: State, row: Row) -> None:
    amount, task = int(row["amount"]), state.tasks.get(row["subject"])
    state.chain.aside += amount
    for name, change in ((row["payee"], amount), (row["payer"], -amount)):
        if name in state.nodes:
            state.nodes[name].aside += change
        if task is not None:
            task.aside[name] = task.aside.get(name, 0) + change


def perturbed(state: State, row: Row) -> None:
    state.verification.deviations += 1
    state.verification.deviation += row["deviation"]


# -- work and messages -------------------------------------------------------------------------------------


def message_sent(state: State, row: Row) -> None:
    state.messages += 1
    if row["lost"]:
        state.lost[row["lost"]] += 1


def executed(state: State, row: Row) -> None:
    macs, purpose, node = row["macs"], row["purpose"], state.nodes[row["node"]]
    node.macs += macs
    verification, task = state.verification, state.tasks.get(row["task"])
    verification.executions += 1
    verification.executed += purpose == "check"
    aim = "check" if task is not None and task.extra else purpose
    verification.macs[aim] = verification.macs.get(aim, 0) + macs
    if task is None:
        return
    key = (node.name, purpose)
    before = task.spent.get(key, 0)
    task.spent[key] = before + macs
    if lies := task.lied.get(key):
        due = state.models.get(task.model, 0)
        node.saved += lies * (max(0, due - before - macs) - max(0, due - before))


def evidence_checked(state: State, row: Row) -> None:
    state.verification.executed += 1
    state.enclaves.seconds += row["seconds"]


def claim_checked(state: State, row: Row) -> None:
    node = state.nodes[row["node"]]
    node.checks += 1
    state.verification.verdicts[row["verdict"]] += 1
    act_of(state, node)


def act_of(state: State, node: Node) -> None:
    """A node made a claim or checked one."""
    if node.lies:
        return
    state.verification.acts_of_the_honest += 1
    node.acts_now = node.acts_now + 1 if node.acted == state.time else 1
    node.acted = state.time


def circuit_answered(state: State, row: Row) -> None:
    proofs = state.proofs
    proofs.answers += 1
    proofs.agreed += bool(row["agrees"])
    proofs.gap = max(proofs.gap, row["deviation"])


def proving(state: State, row: Row) -> None:
    state.took.proof_queue.add(row["waits_s"], row["task"])
    state.proofs.machine_s += row["takes_s"]


# -- blocks ------------------------------------------------------------------------------------------------


def add_block(state: State, chain: Chain, row: Row) -> None:
    """A chain has one more block."""
    chain.head, chain.pending = row["number"], row["pending"]
    chain.blocks += 1
    chain.gas += row["gas_used"]
    numbers = (state.number - 1, row["number"], row["t"], row["transactions"], row["gas_used"], row["pending"])
    chain.recent.append((*numbers, row["producer"]))


def payment_block_mined(state: State, row: Row) -> None:
    add_block(state, state.payment_chain, row)


def payment_transaction_mined(state: State, row: Row) -> None:
    state.payment_chain.transactions += 1
    state.payment_chain.reverts += bool(row["revert"])


def block_mined(state: State, row: Row) -> None:
    chain = state.chain
    add_block(state, chain, row)
    state.courses.gas.add(row["t"], row["gas_used"])
    state.courses.pending.add(row["t"], row["pending"])
    while state.leaving and state.leaving[0][0] <= chain.head - REORG_DEPTH_MAX:
        forget(state, *state.leaving.popleft()[1:])


def transaction_mined(state: State, row: Row) -> None:
    state.chain.transactions += 1
    state.chain.gas_by_action[row["contract"], row["function"]] += row["gas_used"]
    state.chain.reverts += bool(row["revert"])
    node = state.at(row["sender"])
    if node is not None:
        node.transactions += 1
        node.gas += row["gas_used"]
    batch = state.batch(row["subject"])
    if batch is not None and batch.mode:
        state.settlement.gas_by_mode[batch.mode] += row["gas_used"]
    if row["contract"] == "Proven" and row["function"] == "prove":
        state.proofs.shown += 1
        state.proofs.refused += bool(row["revert"])
    if row["revert"] and row["function"] == "postBatch" and batch is not None and batch.posted is None:
        del state.batches[row["subject"]]  # its claims go into the node's next one; one sent twice is there already


def chain_reorged(state: State, row: Row) -> None:
    state.chain.reorgs += 1
    state.chain.head = row["first"] - 1


HANDLERS: Mapping[str, Callable[[State, Row], None]] = {
    **dict.fromkeys(EXTERNAL, external),
    events.RunStarted.kind: run_started,
    events.RunEnded.kind: run_ended,
    events.ModelServed.kind: model_served,
    events.ModelRemarked.kind: model_remarked,
    events.ModelsExecuted.kind: models_executed,
    events.PricesAssumed.kind: prices_assumed,
    events.ParticipantJoined.kind: participant_joined,
    events.ServiceJoined.kind: service_joined,
    events.PaymentBlockMined.kind: payment_block_mined,
    events.PaymentTransactionMined.kind: payment_transaction_mined,
    events.Intervention.kind: intervened,
    events.FaultInjected.kind: fault_injected,
    events.FaultEnded.kind: fault_ended,
    events.MessageSent.kind: message_sent,
    events.Executed.kind: executed,
    events.BlockMined.kind: block_mined,
    events.TransactionMined.kind: transaction_mined,
    events.ContractEvent.kind: contract_event,
    events.ChainReorged.kind: chain_reorged,
    records.ExtraTask.kind: extra_task,
    records.TermsSet.kind: terms_set,
    records.TaskSent.kind: task_sent,
    records.TaskAnswered.kind: task_answered,
    records.TaskFailed.kind: task_failed,
    records.ClaimMade.kind: claim_made,
    records.BatchBuilt.kind: batch_built,
    records.Sealed.kind: sealed,
    records.Cheated.kind: cheated,
    records.ErrorForced.kind: error_forced,
    records.SidePayment.kind: side_payment,
    records.Perturbed.kind: perturbed,
    records.EvidenceChecked.kind: evidence_checked,
    records.ClaimChecked.kind: claim_checked,
    records.CircuitAnswered.kind: circuit_answered,
    records.Proving.kind: proving,
}
"""What each kind of row changes; other kinds change nothing."""
