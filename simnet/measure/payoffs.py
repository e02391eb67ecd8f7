"""Metrics of payoffs: what honest and dishonest answers really paid (modelled).

An answer's payoff is what it earned on chain, plus what was paid for it off chain, less its compute at the scenario's
price and what was slashed for it. What a batch paid goes to its accepted claims by their fees. A slash that is about a
batch is divided evenly between the node's rejected claims in it, or between all of them if none was rejected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chain.quantities import OPG
from simnet.measure.counts import Payoff
from simnet.measure.metric import Value, metric
from simnet.measure.needs import FRAUD, REQUESTS
from simnet.measure.state import State
from simnet.measure.subjects import ACCEPTED, REJECTED, Batch, Dealings, Task

SOURCE = "multiply-accumulates at the scenario's price of compute"


def acts(state: State, name: str, batch: Batch) -> Iterator[tuple[bool, float]]:
    """Whether each decided claim of a batch that is still known was dishonest, and what it paid, in OPG."""
    found = ((task_name, state.tasks.get(task_name)) for task_name in batch.tasks)
    decided = [task for _, task in found if task is not None and task.batch == name and task.outcome]
    everybody = Counter(task.node for task in decided)
    guilty = Counter(task.node for task in decided if task.outcome == REJECTED)
    penalties = state.dealings.get(name, Dealings()).penalties
    for task in decided:
        earned = batch.paid * task.fee / batch.accepted_fees if task.outcome == ACCEPTED and batch.accepted_fees else 0
        value = (earned + task.aside.get(task.node, 0)) / OPG - spent(task) * state.mac_price
        if not guilty[task.node] or task.outcome == REJECTED:
            value -= penalties.get(task.node, 0) / OPG / (guilty[task.node] or everybody[task.node])
        yield bool(task.fraud), value


def spent(task: Task) -> int:
    """Multiply-accumulates that the task's node spent on its answer."""
    return task.spent.get((task.node, "answer"), 0)


def payoff(state: State, dishonest: bool) -> Payoff:
    """What answers paid whose claim was decided, voided ones included."""
    known = state.payoffs.dishonest if dishonest else state.payoffs.honest
    found = Payoff(known.n, known.total)
    for batches in (state.settled, state.batches):
        for name, batch in batches.items():
            for lied, value in acts(state, name, batch):
                if lied == dishonest:
                    found.add(value)
    return found


@metric("honest_answer_payoff_opg", "OPG", kind="modelled", better="higher", source=SOURCE, needs=REQUESTS)
def honest_answer_payoff_opg(state: State) -> Value:
    """Mean over honest answers: earned, less the cost of compute and what was slashed for them."""
    found = payoff(state, dishonest=False)
    return Value(found.total / found.n if found.n else None, found.n)


@metric("dishonest_answer_payoff_opg", "OPG", kind="modelled", better="lower", source=SOURCE, needs=FRAUD)
def dishonest_answer_payoff_opg(state: State) -> Value:
    """Mean over frauds: earned, less the cost of compute and what was slashed for them."""
    found = payoff(state, dishonest=True)
    return Value(found.total / found.n if found.n else None, found.n)
