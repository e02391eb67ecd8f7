"""A claim's way through the books: posted, rejected, settled, forgotten."""

from __future__ import annotations

from simnet.measure.payoffs import acts
from simnet.measure.state import State
from simnet.measure.subjects import ACCEPTED, REJECTED, VOIDED, Batch, Debt, Task


def post(state: State, name: str, batch: Batch, time_s: float) -> None:
    """A batch is on chain, and its claims with it. A claim that was posted before counts where it is now."""
    batch.posted = time_s
    for task_name in batch.tasks:
        task = state.tasks.get(task_name)
        if task is None:
            continue
        new, task.batch = not task.batch, name
        if not new:
            continue
        state.posted += 1
        debt = state.debts.setdefault((task.node, task.client), Debt())
        debt.fees += task.fee
        debt.tasks += 1
        state.enclaves.tampered += task.tampered
        if task.fraud:
            posted_fraud(state, task)
            state.courses.committed.add(time_s)


def posted_fraud(state: State, task: Task) -> None:
    """A fraud is committed."""
    state.tally(task.fraud).committed += 1
    state.nodes[task.node].committed += 1


def wrong_answer(state: State, task: Task) -> None:
    """A client got a wrong answer."""
    if not task.waits and not task.extra:
        state.settlement.lost += task.value
        state.settlement.lost_tasks += 1


def reject(state: State, name: str, batch: Batch, index: int, time_s: float) -> None:
    """A claim is rejected."""
    task_name = batch.tasks[index]
    task = state.tasks.get(task_name)
    if task is None or task.outcome or batch.posted is None:
        return
    task.outcome = REJECTED
    if not task.fraud:
        return
    state.tally(task.fraud).detected += 1
    state.nodes[task.node].detected += 1
    state.took.detection.add(time_s - batch.posted, task_name)
    state.courses.detected.add(time_s)
    decide_fraud(state, task)
    dealings = state.about(name)
    if task.node not in dealings.penalties:
        dealings.frauds[task.node] = dealings.frauds.get(task.node, 0) + 1
        state.punished.unslashed += 1


def decide_fraud(state: State, task: Task) -> None:
    """A fraud was detected or stands."""
    state.punished.fees += task.fee
    state.punished.saved += max(0, state.models.get(task.model, 0) - task.macs)


def settle(state: State, name: str, batch: Batch, time_s: float, nothing_stands: bool) -> None:
    """A batch is final, with whatever was not rejected or void standing."""
    batch.final = True
    for index, task_name in enumerate(batch.tasks):
        task = state.tasks.get(task_name)
        if task is None or task.batch != name:
            continue
        if task.outcome != REJECTED:
            task.outcome = VOIDED if nothing_stands or index in batch.voided else ACCEPTED
        end(state, task_name, task, time_s)
        if task.outcome == ACCEPTED:
            batch.accepted_fees += task.fee
            accept(state, task_name, task, time_s)
        elif task.fraud and task.outcome == VOIDED:
            state.tally(task.fraud).voided += 1
            state.nodes[task.node].voided += 1
        elif not task.fraud and task.answered is not None and not state.nodes[task.node].lies:
            state.verification.unpaid_of_the_honest += 1
            state.verification.unpaid_fees_of_the_honest += task.fee
    dealings = state.dealings.get(name)
    if dealings is not None:
        state.verification.errors += dealings.errors
        state.verification.errors_shown += dealings.errors_shown
    state.leaving.append((state.chain.head, name, batch.tasks))


def end(state: State, name: str, task: Task, time_s: float) -> None:
    """A claim is final, of whatever outcome."""
    task.final = time_s
    if name == state.followed:
        state.followed_over = True
    if task.extra:
        return
    state.took.finality.add(time_s - task.sent, name)
    state.courses.finality.add(time_s, time_s - task.sent)
    if task.answered is not None and not task.waits:
        for risk in state.risks(task.mode):
            risk.fall(time_s, task.value)


def accept(state: State, name: str, task: Task, time_s: float) -> None:
    """A claim stands."""
    enclaves = state.enclaves
    if task.enclave:
        enclaves.accepted[task.enclave] += 1
        enclaves.frauds += bool(task.fraud)
    enclaves.stale += task.tampered
    if not task.extra:
        state.finalised += 1
        state.frauds_accepted += bool(task.fraud)
        if task.answered is not None:
            state.took.of_mode(task.mode).add(time_s - task.sent, name)
            if task.waits:
                state.took.effective.add(time_s - task.sent, name)
    if task.fraud:
        state.tally(task.fraud).finalised += 1
        state.nodes[task.node].finalised += 1
        decide_fraud(state, task)


def forget(state: State, name: str, tasks: list[str]) -> None:
    """Drop a batch that became final long ago and its claims, or tasks that failed long ago and were never claimed."""
    batch = state.settled.get(name)
    if batch is None:
        for task_name in tasks:
            if task_name in state.tasks and not state.tasks[task_name].claimed:
                del state.tasks[task_name]
        return
    for dishonest, value in acts(state, name, batch):
        (state.payoffs.dishonest if dishonest else state.payoffs.honest).add(value)
    for task_name in tasks:
        if task_name in state.tasks and state.tasks[task_name].batch == name:
            del state.tasks[task_name]
    del state.settled[name]
    state.dealings.pop(name, None)
